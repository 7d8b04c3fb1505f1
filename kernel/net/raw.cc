// Raw and ping sockets: raw(7), icmp(7). Source: net/ipv4/{raw,ping}.c, net/ipv6/{raw,ping}.c.
#include <algorithm>
#include <cstring>

#include "kernel/kernel.h"
#include "kernel/net/ip.h"
#include "kernel/net/option_value.h"
#include "kernel/net/socket.h"

namespace limen {
namespace {

constexpr i32 kIcmpFilter = 1;  // of SOL_RAW and, with 32 bytes, of SOL_ICMPV6

InetAddress inet_at(std::span<const u8> bytes) {
  InetAddress address;
  address.ip[10] = address.ip[11] = 0xff;
  std::copy_n(bytes.begin(), 4, address.ip.begin() + 12);
  return address;
}

u16 word_at(std::span<const u8> bytes, usize at) { return static_cast<u16>(bytes[at] << 8 | bytes[at + 1]); }

}  // namespace

bool Endpoint::refuses_icmp(u8 type) {
  if (type_of_icmp() == 0) return false;
  MutexGuard guard(lock);
  if (protocol == abi::ipproto_icmp) return type < 32 && (icmp_filter[0] >> type & 1) != 0;
  return (icmp_filter[type >> 5] >> (type & 31) & 1) != 0;
}

i32 Endpoint::type_of_icmp() const {
  const bool icmp =
      type == abi::sock_raw && protocol == (domain == abi::af_inet ? abi::ipproto_icmp : abi::ipproto_icmpv6);
  return icmp ? protocol : 0;
}

// Linux: ping_v4_sendmsg, ping_v6_sendmsg: an echo request, whose number is the socket's port.
Result<usize> Socket::send_ping(Task& task, SendRequest& request) {
  const usize length = request.from.remaining();
  if (length > kMostLength) return Errno::emsgsize;
  if ((request.flags & abi::msg_oob) != 0) return Errno::eopnotsupp;
  if (length < kIcmpHeader) return Errno::einval;
  const bool v4 = domain_ == abi::af_inet;
  Inbox::Message message = TRY(Inbox::take_in(kernel_.ipc_memory(), request.from));
  std::vector<u8>& bytes = message.data;
  if (bytes[0] != (v4 ? kEcho : kEcho6) || bytes[1] != 0) return Errno::einval;
  IpPacket packet = TRY(address_packet(task, request));
  if (length + kIpHeader > kMostLength) return Errno::emsgsize;
  TRY(autobind(task));
  const u16 id = TRY(parse_inet(name(), domain_))
  .port;
  bytes[4] = static_cast<u8>(id >> 8), bytes[5] = static_cast<u8>(id);
  bytes[2] = bytes[3] = 0;
  const u16 sum = v4 ? internet_checksum(bytes) : icmp6_checksum(packet.from, packet.to, bytes);
  bytes[2] = static_cast<u8>(sum >> 8), bytes[3] = static_cast<u8>(sum);
  packet.payload = bytes;
  arrive(kernel_.ipc_memory(), *net_->tables, packet);
  return length;
}

// Where a packet of a raw or ping socket goes, and with what.
Result<IpPacket> Socket::address_packet(Task& task, const SendRequest& request) {
  const Ends e = ends();
  if (request.to.bytes.empty() && !e.connected) return Errno::edestaddrreq;
  IpPacket packet;
  packet.to = TRY(parse_destination(request.to.bytes.empty() ? e.peer : request.to));
  if ((e.shut & kShutWrites) != 0) return Errno::epipe;
  const SentControl& said = request.control;
  const bool v4 = packet.to.v4();
  packet.from = TRY(parse_inet(name(), domain_));
  if (packet.to.multicast())
    packet.from = TRY(multicast_source(packet.to, said));
  else if (packet.from.any())
    packet.from = source_for(packet.to);
  const auto& source = v4 ? said.source : said.source6;
  if (source) packet.from.ip = *source;
  packet.from.port = packet.to.port = 0;
  packet.to.ip = reached(packet.to).ip;
  const auto first = [](i32 said, i32 kept) { return said >= 0 ? said : kept; };
  if (v4) {
    packet.hops.ttl = first(said.ttl, option(abi::sol_ip, abi::ip_ttl));
    packet.hops.tos = first(said.tos, option(abi::sol_ip, abi::ip_tos));
  } else {
    packet.hops.ttl = first(said.hops, option(abi::sol_ipv6, abi::ipv6_unicast_hops));
    packet.hops.tos = first(said.class6, option(abi::sol_ipv6, abi::ipv6_tclass));
  }
  packet.protocol = static_cast<u8>(protocol_);
  packet.mark = static_cast<u32>(option(abi::sol_socket, abi::so_mark));
  packet.stamp_ns = task.clock().realtime_ns();
  return packet;
}

// Linux: raw_sendmsg, raw_send_hdrinc, rawv6_sendmsg.
Result<usize> Socket::send_raw(Task& task, SendRequest& request) {
  const usize length = request.from.remaining();
  if (length > kMostLength) return Errno::emsgsize;
  if ((request.flags & abi::msg_oob) != 0) return Errno::eopnotsupp;
  IpPacket packet = TRY(address_packet(task, request));
  const bool v4 = packet.to.v4();
  Inbox::Message message = TRY(Inbox::take_in(kernel_.ipc_memory(), request.from));
  std::span<u8> bytes = message.data;
  if (v4 && options_->on(abi::sol_ip, abi::ip_hdrincl)) {
    if (length < kIpHeader) return Errno::einval;
    const usize header = static_cast<usize>(bytes[0] & 0xf) * 4;
    if (header < kIpHeader || header > length) return Errno::einval;
    // The header is the guest's: it is built again from what it says. Options of IP are not carried.
    packet.hops.tos = bytes[1], packet.hops.ttl = bytes[8], packet.protocol = bytes[9];
    if (const InetAddress from = inet_at(bytes.subspan(12)); !from.any()) packet.from = from;
    packet.to = inet_at(bytes.subspan(16));
    bytes = bytes.subspan(header);
  } else if (v4 && length + kIpHeader > kMostLength) {
    return Errno::emsgsize;
  } else if (!v4) {
    TRY(put_checksum(packet, bytes));
  }
  packet.payload = bytes;
  arrive(kernel_.ipc_memory(), *net_->tables, packet);
  if (packet.protocol == abi::ipproto_udp && packet.to.loopback()) TRY(deliver_raw_udp(packet));
  return length;
}

// A datagram that a raw socket has made.
Result<void> Socket::deliver_raw_udp(const IpPacket& packet) {
  if (packet.payload.size() < kUdpHeader) return success;
  const usize length = word_at(packet.payload, 4);
  if (length < kUdpHeader || length > packet.payload.size()) return success;
  Datagram datagram;
  datagram.from = {packet.from.ip, word_at(packet.payload, 0)};
  datagram.to = {packet.to.ip, word_at(packet.payload, 2)};
  datagram.message = TRY(Inbox::copy_of(kernel_.ipc_memory(), packet.payload.subspan(kUdpHeader, length - kUdpHeader)));
  datagram.message.ancillary.ttl = packet.hops.ttl, datagram.message.ancillary.tos = packet.hops.tos;
  datagram.message.ancillary.stamp_ns = packet.stamp_ns;
  const SocketAddress sender = make_inet(datagram.from, packet.to.v4() ? abi::af_inet : abi::af_inet6);
  const Ref<Endpoint> receiver = net_->tables->find_port(datagram.to, abi::sock_dgram, abi::ipproto_udp, &sender);
  return receiver ? deliver(*receiver, datagram) : success;
}

// An address alone: raw sockets have no ports, and tell their protocol in their place.
Result<void> Socket::bind_raw(const InetAddress& wanted) {
  const SocketAddress local = make_inet({wanted.ip, static_cast<u16>(protocol_)}, domain_);
  {
    MutexGuard guard(lock_);
    local_ = local, bound_ = true, address_chosen_ = !wanted.any();
  }
  MutexGuard guard(endpoint_->lock);
  endpoint_->address = local;
  return success;
}

// IPV6_CHECKSUM, of both levels. Linux: do_rawv6_setsockopt, rawv6_push_pending_frames.
bool Socket::is_checksum_place(int level, int option) const {
  const bool is_level = level == abi::sol_raw || level == abi::sol_ipv6;
  return type_ == abi::sock_raw && domain_ == abi::af_inet6 && is_level && option == abi::ipv6_checksum;
}

Result<void> Socket::set_checksum_place(int level, std::span<const u8> value) {
  const i32 place = TRY(value_of<i32>(value));
  if (protocol_ == abi::ipproto_icmpv6 && level == abi::sol_ipv6) return Errno::einval;
  if (place > 0 && place % 2 != 0) return Errno::einval;
  MutexGuard guard(endpoint_->lock);
  endpoint_->checksum_at = std::max(place, -1);
  return success;
}

Result<void> Socket::put_checksum(const IpPacket& packet, std::span<u8> bytes) {
  MutexGuard guard(endpoint_->lock);
  if (endpoint_->checksum_at < 0) return success;
  const usize at = static_cast<usize>(endpoint_->checksum_at);
  if (at + 1 >= bytes.size()) return Errno::einval;
  bytes[at] = bytes[at + 1] = 0;
  u16 sum = ip6_checksum(packet.from, packet.to, packet.protocol, bytes);
  if (sum == 0 && packet.protocol == abi::ipproto_udp) sum = 0xffff;  // nought says that there is none
  bytes[at] = static_cast<u8>(sum >> 8), bytes[at + 1] = static_cast<u8>(sum);
  return success;
}

bool Endpoint::believes(const IpPacket& packet) {
  MutexGuard guard(lock);
  return checksum_at < 0 || ip6_checksum(packet.from, packet.to, packet.protocol, packet.payload) == 0;
}

// ICMP_FILTER, ICMP6_FILTER. IPv6 asks for the protocol first.
static Result<void> check_icmp_filter(const Endpoint& endpoint, int option) {
  const bool is_icmp = endpoint.type_of_icmp() != 0, is_known = option == kIcmpFilter;
  if (is_icmp && is_known) return success;
  return is_icmp || (!is_known && endpoint.domain == abi::af_inet) ? Errno::enoprotoopt : Errno::eopnotsupp;
}

Result<std::vector<u8>> Socket::get_icmp_filter(int option, usize room) {
  TRY(check_icmp_filter(*endpoint_, option));
  MutexGuard guard(endpoint_->lock);
  if (domain_ == abi::af_inet) return bytes_of(endpoint_->icmp_filter[0], room);
  return bytes_of(endpoint_->icmp_filter, room);
}

Result<void> Socket::set_icmp_filter(int option, std::span<const u8> value) {
  TRY(check_icmp_filter(*endpoint_, option));
  MutexGuard guard(endpoint_->lock);
  auto& filter = endpoint_->icmp_filter;
  std::memcpy(filter.data(), value.data(),
              std::min(value.size(), domain_ == abi::af_inet ? sizeof(u32) : sizeof filter));
  return success;
}

}  // namespace limen
