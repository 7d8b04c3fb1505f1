// Packets as they would stand on `lo`, with their headers: for those who look at them (socket filters, raw and packet sockets).
// Source: RFC 791, 768, 8200; include/uapi/linux/if_ether.h.
#pragma once

#include <span>
#include <vector>

#include "kernel/net/endpoint.h"
#include "kernel/net/packet_filter.h"

namespace limen {

// A packet from its link header on.
struct Frame {
  static constexpr usize kLink = 14;  // an Ethernet header, whose addresses are 0
  std::vector<u8> bytes;
  usize transport = 0;              // where the header of UDP, ICMP ... begins
  u16 protocol = 0;                 // ETH_P_IP, ETH_P_IPV6
  Packet packet(usize data) const;  // as a filter sees it whose data begins there
};

struct Hops {
  i32 ttl = 64, tos = 0;
};

inline constexpr u16 kIpv4 = 0x0800, kIpv6 = 0x86dd;  // ETH_P_*
inline constexpr usize kIpHeader = 20, kIcmpHeader = 8, kUdpHeader = 8;
inline constexpr usize kMostLength = 65535;   // of a packet of IP
inline constexpr u8 kEcho = 8, kEcho6 = 128;  // ICMP_ECHO, ICMPV6_ECHO_REQUEST

// With IP's header before `transport`.
Frame ip_frame(const InetAddress& from, const InetAddress& to, u8 protocol, Hops hops, std::span<const u8> transport);
Frame udp_frame(const InetAddress& from, const InetAddress& to, Hops hops, std::span<const u8> payload);
// The checksum of IP and ICMP over these bytes, in host order.
u16 internet_checksum(std::span<const u8> bytes, u32 start = 0);

}  // namespace limen
