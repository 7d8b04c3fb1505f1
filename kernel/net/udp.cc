// UDP: datagrams that are sent at once, held back (UDP_CORK, MSG_MORE), cut into several (UDP_SEGMENT), judged by filters.
// Source: udp(7), socket(7); net/ipv4/udp.c.
#include <algorithm>
#include <utility>

#include "kernel/kernel.h"
#include "kernel/net/frame.h"
#include "kernel/net/interface.h"
#include "kernel/net/socket.h"

namespace limen {
namespace {

constexpr usize kMostUdp = 65507, kMostUdp6 = 65527;
constexpr usize kMostSegments = 128;  // UDP_MAX_SEGMENTS
constexpr usize kHeaders = 28, kHeaders6 = 48;

bool is_broadcast(const InetAddress& a) {
  return a.v4() && a.ip[12] == 127 && a.ip[13] == 255 && a.ip[14] == 255 && a.ip[15] == 255;
}

// What the receiver's filter leaves of the datagram; false: nothing. Linux: udp_queue_rcv_one_skb.
bool passes(const Endpoint& receiver, const InetAddress& from, const InetAddress& to, Inbox::Message& message) {
  const Ref<PacketFilter> filter = receiver.options->filter();
  if (!filter) return true;
  const Frame frame = udp_frame(from, to, {message.ancillary.ttl, message.ancillary.tos}, message.data);
  Packet packet = frame.packet(frame.transport);
  packet.mark = message.ancillary.mark;
  const u32 kept = filter->run(packet);
  if (kept == 0) return false;
  if (kept < kUdpHeader + message.data.size()) message.data.resize(std::max<usize>(kept, kUdpHeader) - kUdpHeader);
  return true;
}

}  // namespace

// Where a datagram goes, and with what. Linux: udp_sendmsg, udpv6_sendmsg.
Result<Socket::Datagram> Socket::address_udp(Task& task, SendRequest& request) {
  const Ends e = ends();
  if (request.to.bytes.empty() && !e.connected) return Errno::edestaddrreq;
  Datagram datagram;
  datagram.to = TRY(parse_destination(request.to.bytes.empty() ? e.peer : request.to));
  if (datagram.to.port == 0) return Errno::einval;
  TRY(autobind(task));
  if ((ends().shut & kShutWrites) != 0) return Errno::epipe;
  if (is_broadcast(datagram.to) && option(abi::sol_socket, abi::so_broadcast) == 0) return Errno::eacces;
  if (datagram.to.multicast()) {
    datagram.from = TRY(multicast_source(datagram.to, request.control));
  } else {
    datagram.from = TRY(parse_inet(name(), domain_));
    if (datagram.from.any() || datagram.from.multicast()) datagram.from.ip = source_for(datagram.to).ip;
  }
  datagram.to.ip = reached(datagram.to).ip;
  const SentControl& said = request.control;
  const auto& source = datagram.to.v4() ? said.source : said.source6;
  if (source) datagram.from.ip = *source;
  Ancillary& with = datagram.message.ancillary;
  with = std::move(request.ancillary);
  const auto first = [](i32 said, i32 kept) { return said >= 0 ? said : kept; };
  if (datagram.to.v4()) {
    with.ttl = first(said.ttl, option(abi::sol_ip, datagram.to.multicast() ? abi::ip_multicast_ttl : abi::ip_ttl));
    with.tos = first(said.tos, option(abi::sol_ip, abi::ip_tos));
  } else {
    with.ttl = first(said.hops, option(abi::sol_ipv6, abi::ipv6_unicast_hops));
    with.tos = first(said.class6, option(abi::sol_ipv6, abi::ipv6_tclass));
    with.flow = said.flow;
  }
  if (with.mark == 0) with.mark = static_cast<u32>(option(abi::sol_socket, abi::so_mark));
  if (with.segment == 0) with.segment = static_cast<u32>(option(abi::sol_udp, abi::udp_segment));
  datagram.stamps = said.stamps;
  return datagram;
}

Result<usize> Socket::send_udp(Task& task, SendRequest& request) {
  const usize length = request.from.remaining();
  if (length > kMostLength) return Errno::emsgsize;
  const bool more = (request.flags & abi::msg_more) != 0 || option(abi::sol_udp, abi::udp_cork) != 0;
  bool held = false;
  {
    MutexGuard guard(lock_);
    held = corked_.has_value();
  }
  if (!held) {
    Datagram datagram = TRY(address_udp(task, request));
    if (length > (datagram.to.v4() ? kMostUdp : kMostUdp6)) {
      too_long(datagram.to);
      return Errno::emsgsize;
    }
    Ancillary with = std::move(datagram.message.ancillary);
    datagram.message = TRY(Inbox::take_in(kernel_.ipc_memory(), request.from));
    datagram.message.ancillary = std::move(with);
    if (!more) {
      TRY(transmit(task, std::move(datagram)));
      report_copied(request.flags);
      return length;
    }
    MutexGuard guard(lock_);
    if (!corked_) {
      corked_ = std::move(datagram);
      return length;
    }
  }
  // What follows the first piece goes where that goes, whatever this one says.
  Inbox::Message piece = TRY(Inbox::take_in(kernel_.ipc_memory(), request.from));
  std::optional<Datagram> whole;
  {
    MutexGuard guard(lock_);
    if (!corked_) return Errno::einval;  // another thread was faster
    std::vector<u8>& bytes = corked_->message.data;
    if (bytes.size() + piece.data.size() > (corked_->to.v4() ? kMostUdp : kMostUdp6)) {
      whole.swap(corked_);
      return Errno::emsgsize;
    }
    bytes.insert(bytes.end(), piece.data.begin(), piece.data.end());
    corked_->charges.push_back(std::move(piece.charge));
    if (!more) whole.swap(corked_);
  }
  if (whole) TRY(transmit(task, std::move(*whole)));
  if (whole) report_copied(request.flags);
  return length;
}

// UDP_CORK was switched off. Linux: udp_lib_setsockopt.
Result<void> Socket::uncork(Task& task) {
  std::optional<Datagram> whole;
  {
    MutexGuard guard(lock_);
    whole.swap(corked_);
  }
  if (whole) TRY(transmit(task, std::move(*whole)));
  return success;
}

// Linux: udp_send_skb.
Result<void> Socket::transmit(Task& task, Datagram datagram) {
  Inbox::Message& message = datagram.message;
  if (!datagram.charges.empty()) {
    datagram.charges.clear();
    Inbox::Message whole = TRY(Inbox::copy_of(kernel_.ipc_memory(), message.data));
    message.charge = std::move(whole.charge);
  }
  const usize segment = message.ancillary.segment, length = message.data.size();
  if (segment != 0) {
    if (segment + (datagram.to.v4() ? kHeaders : kHeaders6) > lo_mtu) return Errno::emsgsize;
    if (length > segment * kMostSegments || option(abi::sol_socket, abi::so_no_check) != 0) return Errno::einval;
    if (protocol_ == abi::ipproto_udplite) return Errno::eio;
    if (length <= segment) message.ancillary.segment = 0;
  }
  message.ancillary.stamp_ns = task.clock().realtime_ns();
  if (const i32 wanted = options_->timestamping() | datagram.stamps; wanted != 0) report_stamps(datagram, wanted);
  const SocketAddress sender = make_inet(datagram.from, domain_);
  if (datagram.to.multicast()) return deliver_to_group(datagram, sender);
  if (net_->tables->is_watched()) show_datagram(datagram);
  const Ref<Endpoint> receiver = net_->tables->find_port(datagram.to, type_, protocol_, &sender);
  if (!receiver) {
    refused(datagram);
    return success;
  }
  return deliver(*receiver, datagram);
}

// Raw and packet sockets see what passes.
void Socket::show_datagram(const Datagram& datagram) {
  const Ancillary& with = datagram.message.ancillary;
  const Hops hops{with.ttl, with.tos};
  const Frame frame = udp_frame(datagram.from, datagram.to, hops, datagram.message.data);
  IpPacket packet{{datagram.from.ip, 0}, {datagram.to.ip, 0}, abi::ipproto_udp, hops, {}, with.mark, with.stamp_ns};
  packet.payload = std::span<const u8>(frame.bytes).subspan(frame.transport);
  show(kernel_.ipc_memory(), *net_->tables, packet);
}

// Linux: __udp4_lib_mcast_deliver. Each gets a copy of its own.
Result<void> Socket::deliver_to_group(Datagram& datagram, const SocketAddress& sender) {
  for (const Ref<Endpoint>& receiver : net_->tables->find_group(datagram.to, *endpoint_, sender)) {
    Datagram copy;
    copy.from = datagram.from, copy.to = datagram.to;
    copy.message = TRY(Inbox::copy_of(kernel_.ipc_memory(), datagram.message.data));
    copy.message.ancillary = datagram.message.ancillary;
    TRY(deliver(*receiver, copy));
  }
  return success;
}

// What finds no room is lost, and the sender does not hear of it.
Result<void> Socket::deliver(Endpoint& receiver, Datagram& datagram) {
  Inbox::Limits limits;
  limits.bytes = ~usize{0};
  limits.true_size = receiver.receive_size.load(std::memory_order_relaxed);
  Ancillary with = datagram.message.ancillary;
  with.to = make_inet(datagram.to, receiver.domain);
  const auto post = [&](Inbox::Message& message) {
    message.from = make_inet(datagram.from, receiver.domain);
    message.ancillary = with;
    if (!passes(receiver, datagram.from, datagram.to, message) || !receiver.inbox->post(message, limits).ok()) {
      receiver.inbox->count_drop();
    }
  };
  if (with.segment == 0 || receiver.options->on(abi::sol_udp, abi::udp_gro)) {
    post(datagram.message);
    return success;
  }
  const std::span<const u8> bytes = datagram.message.data;
  const usize size = std::exchange(with.segment, 0);
  for (usize at = 0; at < bytes.size(); at += size) {
    Inbox::Message piece =
        TRY(Inbox::copy_of(kernel_.ipc_memory(), bytes.subspan(at, std::min(size, bytes.size() - at))));
    post(piece);
  }
  return success;
}

}  // namespace limen
