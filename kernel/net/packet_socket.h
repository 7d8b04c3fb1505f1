// packet(7) sockets: frames as they pass on `lo` (tap.h), whole or without the link's header. Rings that are mapped are not there.
//
// Lock: none of its own; what may change is in the tap.
#pragma once

#include "abi/socket.h"
#include "kernel/net/socket_file.h"
#include "kernel/net/tap.h"
#include "kernel/task/task.h"

namespace limen {

class PacketSocket final : public SocketFile {
 public:
  PacketSocket(Path path, u32 flags, Kernel& kernel, Ref<NetNamespace> net, u32 type, u16 protocol);

  PollEvents poll(PollTable* table) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;
  Result<void> bind(Task& task, SocketAddress address) override;
  Result<void> connect(Task&, SocketAddress) override { return Errno::eopnotsupp; }
  Result<void> listen(Task&, int) override { return Errno::eopnotsupp; }
  Result<Ref<SocketFile>> accept(Task&, u32, SocketAddress&) override { return Errno::eopnotsupp; }
  Result<usize> send(Task& task, SendRequest& request) override;
  Result<usize> receive(Task& task, ReceiveRequest& request) override;
  Result<void> shutdown(int) override { return Errno::eopnotsupp; }
  SocketAddress name() override;
  Result<SocketAddress> peer_name() override { return Errno::eopnotsupp; }
  Result<std::vector<u8>> get_option(Task& task, int level, int option, usize room) override;
  Result<void> set_option(Task& task, int level, int option, std::span<const u8> value) override;
  Result<void> check_level(int level) override;
  Result<void> take_control(Task&, const abi::CMsgHdr& head, std::span<const u8>, SendRequest&) override {
    return head.cmsg_level == abi::sol_socket ? Errno::einval : Errno{};
  }
  Result<void> give_control(Task& task, const Inbox::Received& got, ControlWriter& control) override;
  bool passes_credentials() const override { return false; }
  i32 domain() const override { return abi::af_packet; }
  u32 type() const override { return type_; }
  SocketRow row() override;

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override;
  void released() override;

 private:
  Kernel& kernel_;
  const Ref<NetNamespace> net_;
  const u32 type_;
  const Ref<Tap> tap_;
  std::atomic<bool> tells_more_{false};  // PACKET_AUXDATA
  std::atomic<u32> send_size_{212992};
};

}  // namespace limen
