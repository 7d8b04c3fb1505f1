// What the socket calls ask of a socket, whatever its family: unix and internet sockets (socket.h), netlink (netlink.h).
#pragma once

#include "kernel/net/control.h"
#include "kernel/net/inbox.h"
#include "kernel/net/socket_row.h"
#include "kernel/vfs/file.h"

namespace limen {

struct SendRequest {
  UserBuffer& from;
  u32 flags = 0;  // MSG_*
  SocketAddress to;
  Ancillary ancillary;
  SentControl control = {};
};
struct ReceiveRequest {
  UserBuffer& to;
  u32 flags = 0;
  Inbox::Received got;
  u32 result_flags = 0;  // MSG_TRUNC, MSG_OOB, MSG_EOR, MSG_ERRQUEUE
};

class SocketFile : public File {
 public:
  using File::File;
  bool seekable() const override { return false; }

  virtual Result<void> bind(Task& task, SocketAddress address) = 0;
  virtual Result<void> connect(Task& task, SocketAddress address) = 0;
  virtual Result<void> listen(Task& task, int backlog) = 0;
  virtual Result<Ref<SocketFile>> accept(Task& task, u32 flags, SocketAddress& peer) = 0;
  virtual Result<usize> send(Task& task, SendRequest& request) = 0;
  virtual Result<usize> receive(Task& task, ReceiveRequest& request) = 0;
  virtual Result<void> shutdown(int how) = 0;
  virtual SocketAddress name() = 0;
  virtual Result<SocketAddress> peer_name() = 0;
  // `room` and the length of a reply are bytes, but for SO_GET_FILTER, whose room is instructions.
  virtual Result<std::vector<u8>> get_option(Task& task, int level, int option, usize room) = 0;
  virtual Result<void> set_option(Task& task, int level, int option, std::span<const u8> value) = 0;
  virtual Result<void> check_level(int level) = 0;  // can a socket of this kind have options of this level?
  virtual bool passes_credentials() const = 0;
  // A control message that is sent, but for descriptors and credentials; those that are received, but for descriptors.
  virtual Result<void> take_control(Task& task, const abi::CMsgHdr& head, std::span<const u8> data,
                                    SendRequest& request) = 0;
  virtual Result<void> give_control(Task& task, const Inbox::Received& got, ControlWriter& control) = 0;
  virtual i32 domain() const = 0;
  virtual u32 type() const = 0;
  virtual SocketRow row() = 0;  // for those who tell of sockets: /proc/net, traces
};

}  // namespace limen
