#include "kernel/net/ip.h"

#include <algorithm>

namespace limen {
namespace {

constexpr u8 kEchoReply = 0, kEchoReply6 = 129;

void put_checksum(std::span<u8> message, u16 sum) {
  message[2] = static_cast<u8>(sum >> 8);
  message[3] = static_cast<u8>(sum);
}

// Into a receiver's queue; `data` is where its filter and its reader begin.
void post(MemoryAccount& account, Endpoint& receiver, const IpPacket& packet, const Frame& frame, usize data) {
  std::span<const u8> bytes = std::span<const u8>(frame.bytes).subspan(data);
  if (const Ref<PacketFilter> filter = receiver.options->filter()) {
    Packet seen = frame.packet(data);
    seen.mark = packet.mark;
    const u32 kept = filter->run(seen);
    if (kept == 0) return receiver.inbox->count_drop();
    bytes = bytes.first(std::min<usize>(kept, bytes.size()));
  }
  Result<Inbox::Message> message = Inbox::copy_of(account, bytes);
  if (!message.ok()) return receiver.inbox->count_drop();
  message->from = make_inet({packet.from.ip, 0}, receiver.domain);
  Ancillary& with = message->ancillary;
  with.to = make_inet({packet.to.ip, 0}, receiver.domain);
  with.ttl = packet.hops.ttl, with.tos = packet.hops.tos;
  with.mark = packet.mark, with.stamp_ns = packet.stamp_ns;
  Inbox::Limits limits;
  limits.bytes = ~usize{0};
  limits.true_size = receiver.receive_size.load(std::memory_order_relaxed);
  if (!receiver.inbox->post(*message, limits).ok()) receiver.inbox->count_drop();
}

// Linux: icmp_rcv, icmpv6_rcv, ping_rcv.
void arrive_at_icmp(MemoryAccount& account, NetTables& tables, const IpPacket& packet, const Frame& frame) {
  const bool v4 = packet.to.v4();
  const std::span<const u8> message = packet.payload;
  if (message.size() < kIcmpHeader) return;
  const u16 sum = v4 ? internet_checksum(message) : icmp6_checksum(packet.from, packet.to, message);
  if (sum != 0) return;
  if (message[0] == (v4 ? kEcho : kEcho6)) {
    std::vector<u8> answer(message.begin(), message.end());
    answer[0] = v4 ? kEchoReply : kEchoReply6;
    answer[2] = answer[3] = 0;
    put_checksum(answer, v4 ? internet_checksum(answer) : icmp6_checksum(packet.to, packet.from, answer));
    IpPacket reply = packet;
    std::swap(reply.from, reply.to);
    reply.hops.ttl = Hops{}.ttl;
    reply.payload = answer;
    arrive(account, tables, reply);
  } else if (message[0] == (v4 ? kEchoReply : kEchoReply6)) {
    const u16 id = static_cast<u16>(message[4] << 8 | message[5]);
    const i32 protocol = v4 ? abi::ipproto_icmp : abi::ipproto_icmpv6;
    const SocketAddress from = make_inet({packet.from.ip, 0}, v4 ? abi::af_inet : abi::af_inet6);
    if (const Ref<Endpoint> waits = tables.find_port({packet.to.ip, id}, abi::sock_dgram, protocol, &from)) {
      post(account, *waits, packet, frame, frame.transport);
    }
  }
}

}  // namespace

u16 ip6_checksum(const InetAddress& from, const InetAddress& to, u8 protocol, std::span<const u8> message) {
  std::vector<u8> all(from.ip.begin(), from.ip.end());
  all.insert(all.end(), to.ip.begin(), to.ip.end());
  const u32 length = static_cast<u32>(message.size());
  for (const u32 shift : {24, 16, 8, 0}) all.push_back(static_cast<u8>(length >> shift));
  all.insert(all.end(), {0, 0, 0, protocol});
  all.insert(all.end(), message.begin(), message.end());
  return internet_checksum(all);
}

void show_frame(MemoryAccount& account, NetTables& tables, const Frame& frame, const Tap* sender, u64 stamp_ns) {
  const std::vector<Ref<Tap>> taps = tables.taps();
  for (const Ref<Tap>& tap : taps) {
    if (tap.get() != sender) tap->see(account, frame, Tap::Way::outgoing, stamp_ns);
  }
  for (const Ref<Tap>& tap : taps) tap->see(account, frame, Tap::Way::to_us, stamp_ns);
}

void show(MemoryAccount& account, NetTables& tables, const IpPacket& packet, const Tap* sender) {
  if (!tables.is_watched()) return;
  const std::vector<Ref<Endpoint>> receivers = tables.find_raw(packet.from, packet.to, packet.protocol);
  const Frame frame = ip_frame(packet.from, packet.to, packet.protocol, packet.hops, packet.payload);
  show_frame(account, tables, frame, sender, packet.stamp_ns);
  for (const Ref<Endpoint>& receiver : receivers) {
    const u8 type = packet.payload.empty() ? 0 : packet.payload[0];
    if (receiver->refuses_icmp(type) || !receiver->believes(packet)) continue;
    // IPv4 shows its header, IPv6 does not.
    post(account, *receiver, packet, frame, packet.to.v4() ? Frame::kLink : frame.transport);
  }
}

void arrive(MemoryAccount& account, NetTables& tables, const IpPacket& packet, const Tap* sender) {
  if (!packet.to.loopback()) return;
  show(account, tables, packet, sender);
  if (packet.protocol != (packet.to.v4() ? abi::ipproto_icmp : abi::ipproto_icmpv6)) return;
  arrive_at_icmp(account, tables, packet,
                 ip_frame(packet.from, packet.to, packet.protocol, packet.hops, packet.payload));
}

}  // namespace limen
