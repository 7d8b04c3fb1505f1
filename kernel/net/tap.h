// Who watches `lo`: a queue of the packets that pass, for packet sockets. They see UDP, ICMP and what raw sockets send; connections of
// TCP are no packets here. Source: packet(7); net/packet/af_packet.c:{packet_rcv,tpacket_rcv}.
#pragma once

#include <atomic>

#include "kernel/net/frame.h"
#include "kernel/net/inbox.h"

namespace limen {

class Tap final : public RefCounted {
 public:
  enum class Way : u8 { to_us, outgoing };
  explicit Tap(bool cooked) : cooked(cooked) {}
  const bool cooked;  // SOCK_DGRAM: without the link's header
  const Ref<Inbox> inbox = make_ref<Inbox>(Inbox::Kind::messages);
  const Ref<SocketOptions> options = make_ref<SocketOptions>(KeptOption::raw);
  std::atomic<u16> protocol{0};      // ETH_P_*, ETH_P_ALL; 0: none
  std::atomic<i32> interface { 0 };  // 0: any
  std::atomic<u32> receive_size{212992}, seen{0}, dropped{0};

  static constexpr u16 kAll = 3;  // ETH_P_ALL
  // What finds no room is counted.
  void see(MemoryAccount& account, const Frame& frame, Way way, u64 stamp_ns);
};

}  // namespace limen
