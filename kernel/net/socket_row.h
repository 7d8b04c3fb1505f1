// A socket as /proc/net tells of it.
#pragma once

#include "kernel/net/endpoint.h"

namespace limen {

struct SocketRow {
  i32 domain = 0, protocol = 0;
  u32 type = 0;
  SocketAddress local, peer;
  u8 state = 0;  // of an internet socket: TCP_ESTABLISHED ..., as TcpInfo::tcpi_state
  bool connected = false, listening = false;
  usize received = 0, sent = 0;  // bytes that nobody has read yet
  u32 uid = 0;
  u64 inode = 0, peer_inode = 0;  // the latter of a unix socket, once it has been accepted
};

}  // namespace limen
