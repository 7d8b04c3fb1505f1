// IP on `lo`: packets that arrive at once where they are sent. Who reads them are raw sockets (raw(7)), the kernel's ICMP, and ping
// sockets (icmp(7)); UDP and TCP take a shorter way and are shown to raw sockets only (UDP) or not at all (TCP).
// Source: net/ipv4/{raw,icmp,ping}.c, net/ipv6/{raw,icmp}.c.
#pragma once

#include <span>

#include "abi/socket.h"
#include "kernel/ipc/account.h"
#include "kernel/net/frame.h"
#include "kernel/net/tap.h"

namespace limen {

struct IpPacket {
  InetAddress from, to;  // without ports
  u8 protocol = 0;
  Hops hops;
  std::span<const u8> payload;
  u32 mark = 0;
  u64 stamp_ns = 0;
};

// To raw sockets, the kernel's ICMP (which answers an echo request) and ping sockets. What finds no room is lost.
// `sender` (or null) does not see what it sent go out.
void arrive(MemoryAccount& account, NetTables& tables, const IpPacket& packet, const Tap* sender = nullptr);
// To raw and packet sockets alone.
void show(MemoryAccount& account, NetTables& tables, const IpPacket& packet, const Tap* sender = nullptr);
// To packet sockets alone.
void show_frame(MemoryAccount& account, NetTables& tables, const Frame& frame, const Tap* sender, u64 stamp_ns);
// Of what IPv6 carries for a protocol, in host order.
u16 ip6_checksum(const InetAddress& from, const InetAddress& to, u8 protocol, std::span<const u8> message);
inline u16 icmp6_checksum(const InetAddress& from, const InetAddress& to, std::span<const u8> message) {
  return ip6_checksum(from, to, abi::ipproto_icmpv6, message);
}

}  // namespace limen
