// netlink(7) sockets: messages to the kernel, and what it answers (kernel/net/rtnetlink.h); NETLINK_KOBJECT_UEVENT, which never hears
// of a device, since none comes or goes. POSIX message queues tell a thread of glibc through one (mq_notify(3)).
//
// Lock: lock_ (rank `socket`). Answers wait in an inbox, charged.
#pragma once

#include <set>

#include "abi/netlink.h"
#include "abi/socket.h"
#include "kernel/net/socket_file.h"
#include "kernel/net/socket_options.h"
#include "kernel/task/task.h"

namespace limen {

class NetlinkPorts;

class NetlinkSocket final : public SocketFile {
 public:
  NetlinkSocket(Path path, u32 flags, Kernel& kernel, Ref<NetNamespace> net, u32 type, i32 protocol);

  PollEvents poll(PollTable* table) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;
  Result<void> bind(Task& task, SocketAddress address) override;
  Result<void> connect(Task& task, SocketAddress address) override;
  Result<void> listen(Task&, int) override { return Errno::eopnotsupp; }
  Result<Ref<SocketFile>> accept(Task&, u32, SocketAddress&) override { return Errno::eopnotsupp; }
  Result<usize> send(Task& task, SendRequest& request) override;
  Result<usize> receive(Task& task, ReceiveRequest& request) override;
  Result<void> shutdown(int) override { return Errno::eopnotsupp; }
  SocketAddress name() override;
  Result<SocketAddress> peer_name() override;
  Result<std::vector<u8>> get_option(Task& task, int level, int option, usize room) override;
  Result<void> check_level(int level) override;
  Result<void> set_option(Task& task, int level, int option, std::span<const u8> value) override;
  Result<void> take_control(Task& task, const abi::CMsgHdr& head, std::span<const u8> data,
                            SendRequest& request) override;
  Result<void> give_control(Task& task, const Inbox::Received& got, ControlWriter& control) override;
  bool passes_credentials() const override { return pass_credentials_.load(std::memory_order_relaxed); }
  i32 domain() const override { return abi::af_netlink; }
  u32 type() const override { return type_; }
  SocketRow row() override;

  // A message from the kernel: dropped, and told by ENOBUFS, where there is no room.
  void deliver(std::span<const u8> message);
  u32 port();
  bool flag(int option);  // of SOL_NETLINK

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override;
  void released() override;

 private:
  Result<void> take_port(Task& task, u32 wanted);
  Result<void> join(u32 group, bool member);

  Kernel& kernel_;
  const Ref<NetNamespace> net_;
  const u32 type_;
  const i32 protocol_;
  const Ref<Inbox> inbox_;
  Mutex lock_{LockRank::socket};
  u32 port_ GUARDED_BY(lock_) = 0;
  bool bound_ GUARDED_BY(lock_) = false;
  u32 peer_port_ GUARDED_BY(lock_) = 0, peer_groups_ GUARDED_BY(lock_) = 0;
  std::set<u32> groups_ GUARDED_BY(lock_);  // at most kMostGroups
  std::set<int> flags_ GUARDED_BY(lock_);   // options of SOL_NETLINK that are on
  std::atomic<u32> send_size_{212992}, receive_size_{212992};
  const Ref<SocketOptions> options_ = make_ref<SocketOptions>(KeptOption::netlink);
  std::atomic<bool> pass_credentials_{false};
  std::atomic<u32> low_water_{1};
  std::atomic<bool> overrun_{false};
};

// The port numbers of one network namespace.
Ref<RefCounted> make_netlink_ports();

}  // namespace limen
