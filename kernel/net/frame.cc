#include "kernel/net/frame.h"

#include <algorithm>

namespace limen {
namespace {

void put16(std::vector<u8>& bytes, usize value) {
  bytes.push_back(static_cast<u8>(value >> 8));
  bytes.push_back(static_cast<u8>(value));
}

}  // namespace

Packet Frame::packet(usize data) const {
  Packet packet;
  packet.bytes = bytes;
  packet.data = data;
  packet.has_headers = true;
  packet.network = kLink;
  packet.protocol = protocol;
  packet.interface = 1;
  packet.payload = std::min(bytes.size(), transport + kUdpHeader) - data;
  return packet;
}

u16 internet_checksum(std::span<const u8> bytes, u32 start) {
  u32 sum = start;
  for (usize i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? u32{bytes[i]} << 8 : bytes[i];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<u16>(~sum);
}

Frame ip_frame(const InetAddress& from, const InetAddress& to, u8 protocol, Hops hops, std::span<const u8> transport) {
  Frame frame;
  std::vector<u8>& bytes = frame.bytes;
  const bool v4 = to.v4();
  frame.protocol = v4 ? kIpv4 : kIpv6;
  bytes.reserve(Frame::kLink + 40 + transport.size());
  bytes.assign(12, 0);
  put16(bytes, frame.protocol);
  if (v4) {
    constexpr usize kHeader = 20;
    constexpr u8 kVersion = 0x45;
    constexpr usize kDontFragment = 0x4000;
    bytes.push_back(kVersion);
    bytes.push_back(static_cast<u8>(hops.tos));
    put16(bytes, kHeader + transport.size());
    put16(bytes, 0);
    put16(bytes, kDontFragment);
    bytes.push_back(static_cast<u8>(hops.ttl));
    bytes.push_back(protocol);
    put16(bytes, 0);
    bytes.insert(bytes.end(), from.ip.begin() + 12, from.ip.end());
    bytes.insert(bytes.end(), to.ip.begin() + 12, to.ip.end());
    const u16 sum = internet_checksum(std::span<const u8>(bytes).subspan(Frame::kLink, kHeader));
    bytes[Frame::kLink + 10] = static_cast<u8>(sum >> 8);
    bytes[Frame::kLink + 11] = static_cast<u8>(sum);
  } else {
    constexpr u8 kVersion = 0x60;
    bytes.push_back(static_cast<u8>(kVersion | hops.tos >> 4));
    bytes.push_back(static_cast<u8>(hops.tos << 4));
    put16(bytes, 0);
    put16(bytes, transport.size());
    bytes.push_back(protocol);
    bytes.push_back(static_cast<u8>(hops.ttl));
    bytes.insert(bytes.end(), from.ip.begin(), from.ip.end());
    bytes.insert(bytes.end(), to.ip.begin(), to.ip.end());
  }
  frame.transport = bytes.size();
  bytes.insert(bytes.end(), transport.begin(), transport.end());
  return frame;
}

Frame udp_frame(const InetAddress& from, const InetAddress& to, Hops hops, std::span<const u8> payload) {
  std::vector<u8> transport;
  transport.reserve(kUdpHeader + payload.size());
  put16(transport, from.port);
  put16(transport, to.port);
  put16(transport, kUdpHeader + payload.size());
  put16(transport, 0);  // no checksum, as on `lo`, where Linux leaves it to who would need it
  transport.insert(transport.end(), payload.begin(), payload.end());
  return ip_frame(from, to, abi::ipproto_udp, hops, transport);
}

}  // namespace limen
