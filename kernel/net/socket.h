// Sockets: unix(7) of all three types, and TCP and UDP over the sandbox's own `lo` (127.0.0.0/8 and ::1; anything else is
// ENETUNREACH). A TCP connection never leaves the sandbox, so it is what a unix connection is: two inboxes.
//
// Lock: lock_ (rank `socket`): what the socket is bound and connected to. Never held over a copy or while another socket's is.
#pragma once

#include "abi/socket.h"
#include "kernel/net/endpoint.h"
#include "kernel/net/socket_file.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"

namespace limen {

class Socket final : public SocketFile {
 public:
  Socket(Path path, u32 flags, Kernel& kernel, i32 domain, u32 type);

  bool can_signal() const override { return true; }
  PollEvents poll(PollTable* table) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;

  Result<void> bind(Task& task, SocketAddress address) override;
  Result<void> connect(Task& task, SocketAddress address) override;
  Result<void> listen(Task& task, int backlog) override;
  Result<Ref<SocketFile>> accept(Task& task, u32 flags, SocketAddress& peer) override;
  Result<usize> send(Task& task, SendRequest& request) override;
  Result<usize> receive(Task& task, ReceiveRequest& request) override;
  Result<void> shutdown(int how) override;
  SocketAddress name() override;
  Result<SocketAddress> peer_name() override;
  Result<std::vector<u8>> get_option(int level, int option, usize room) override;
  Result<void> set_option(Task& task, int level, int option, std::span<const u8> value) override;
  static void pair(Task& task, Socket& a, Socket& b);
  bool passes_credentials() const override { return pass_credentials_.load(std::memory_order_relaxed); }
  i32 domain() const override { return domain_; }
  u32 type() const override { return type_; }

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override;
  void released() override;

 private:
  struct Ends {
    Ref<Inbox> in, out;
    SocketAddress peer;
    bool connected = false, listening = false, reset = false;
  };
  Ends ends();
  bool is_inet() const { return domain_ != abi::af_unix; }
  bool is_datagram() const { return type_ == abi::sock_dgram; }
  Inbox::Kind inbox_kind() const { return type_ == abi::sock_stream ? Inbox::Kind::stream : Inbox::Kind::messages; }
  Result<Ref<Endpoint>> find_target(Task& task, const SocketAddress& address, const SocketAddress* from);
  Result<void> autobind(Task& task);
  Result<void> bind_unix(Task& task, const SocketAddress& address);
  Result<void> bind_inet(Task& task, const SocketAddress& address);
  Result<void> connect_stream(Task& task, const SocketAddress& address);
  Result<void> connect_datagram(Task& task, const SocketAddress& address);
  Errno take_error();
  Deadline receive_deadline(Clock& clock) const;
  Deadline send_deadline(Clock& clock) const;

  Kernel& kernel_;
  const i32 domain_;
  const u32 type_;
  const Ref<Endpoint> endpoint_;
  Mutex lock_{LockRank::socket};
  Ref<Inbox> in_ GUARDED_BY(lock_);
  Ref<Inbox> out_ GUARDED_BY(lock_);
  SocketAddress local_ GUARDED_BY(lock_);
  SocketAddress peer_ GUARDED_BY(lock_);
  Ref<Endpoint> peer_endpoint_ GUARDED_BY(lock_);  // of a connected unix datagram socket
  abi::UCred peer_credentials_ GUARDED_BY(lock_){0, ~0u, ~0u};
  bool connected_ GUARDED_BY(lock_) = false;
  bool listening_ GUARDED_BY(lock_) = false;
  bool write_shut_ GUARDED_BY(lock_) = false;
  Errno error_ GUARDED_BY(lock_){};
  std::map<std::pair<i32, i32>, i32> options_ GUARDED_BY(lock_);  // integers that are stored and read back
  std::atomic<bool> pass_credentials_{false};
  std::atomic<u32> send_size_{212992}, receive_size_{212992};
  std::atomic<u64> receive_timeout_ns_{0}, send_timeout_ns_{0};
};

abi::UCred credentials_of(Task& task);

}  // namespace limen
