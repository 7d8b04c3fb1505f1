#include "kernel/net/packet_socket.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "abi/ioctl.h"
#include "abi/netlink.h"
#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/net/interface.h"
#include "kernel/net/ip.h"
#include "kernel/net/option_value.h"
#include "kernel/net/socket.h"
#include "kernel/time/time_values.h"

namespace limen {
namespace {

constexpr u8 kOutgoing = 4, kAddressLength = 6;
constexpr usize kNameBegin = 12;  // of an address without hardware's
// of SOL_PACKET; from include/uapi/linux/if_packet.h
constexpr i32 kPacketJoin = 1, kPacketLeave = 2, kStatistics = 6, kAuxiliary = 8;

struct Membership {
  i32 interface;
  u16 type, length;
  u8 address[8];
};
struct Auxiliary {
  u32 status, length, snapped;
  u16 link, network, vlan, vlan_type;
};

SocketAddress address_of(u16 protocol, i32 interface, u8 way, usize length) {
  abi::SockAddrLl ll{};
  ll.sll_family = abi::af_packet;
  ll.sll_protocol = swap16(protocol);
  ll.sll_ifindex = interface;
  ll.sll_pkttype = way;
  if (interface != 0) ll.sll_hatype = abi::arphrd_loopback, ll.sll_halen = kAddressLength;
  return {std::string(reinterpret_cast<const char*>(&ll), length)};
}

Result<abi::SockAddrLl> parse_link(const SocketAddress& address) {
  abi::SockAddrLl ll{};
  if (address.bytes.size() < kNameBegin) return Errno::einval;
  std::memcpy(&ll, address.bytes.data(), std::min(address.bytes.size(), sizeof ll));
  return ll;
}

// The packet that a frame holds, where it is one of IPv6.
std::optional<IpPacket> packet_in(std::span<const u8> bytes) {
  constexpr usize kHeader = 40;
  if (bytes.size() < kHeader || bytes[0] >> 4 != 6) return std::nullopt;
  const usize length = static_cast<usize>(bytes[4] << 8 | bytes[5]);
  if (length > bytes.size() - kHeader) return std::nullopt;
  IpPacket packet;
  std::copy_n(bytes.begin() + 8, 16, packet.from.ip.begin());
  std::copy_n(bytes.begin() + 24, 16, packet.to.ip.begin());
  if (packet.to.v4() || packet.from.v4()) return std::nullopt;
  packet.protocol = bytes[6], packet.hops = {bytes[7], (bytes[0] & 0xf) << 4 | bytes[1] >> 4};
  packet.payload = bytes.subspan(kHeader, length);
  return packet;
}

}  // namespace

void Tap::see(MemoryAccount& account, const Frame& frame, Way way, u64 stamp_ns) {
  const u16 wanted = protocol.load(std::memory_order_relaxed);
  // Who wants one protocol does not see what goes out. Linux: dev_queue_xmit_nit.
  if (wanted != kAll && (wanted != frame.protocol || way == Way::outgoing)) return;
  if (const i32 index = interface.load(std::memory_order_relaxed); index != 0 && index != lo_index) return;
  const usize data = cooked ? Frame::kLink : 0;
  std::span<const u8> bytes = std::span<const u8>(frame.bytes).subspan(data);
  if (const Ref<PacketFilter> filter = options->filter()) {
    const u32 kept = filter->run(frame.packet(data));
    if (kept == 0) return;
    bytes = bytes.first(std::min<usize>(kept, bytes.size()));
  }
  seen.fetch_add(1, std::memory_order_relaxed);
  Result<Inbox::Message> message = Inbox::copy_of(account, bytes);
  Inbox::Limits limits;
  limits.bytes = ~usize{0};
  limits.true_size = receive_size.load(std::memory_order_relaxed);
  if (message.ok()) {
    message->from = address_of(frame.protocol, lo_index, way == Way::outgoing ? kOutgoing : 0, sizeof(abi::SockAddrLl));
    message->ancillary.stamp_ns = stamp_ns;
    message->ancillary.segment = static_cast<u32>(frame.bytes.size() - data);
    if (inbox->post(*message, limits).ok()) return;
  }
  inbox->count_drop();
  dropped.fetch_add(1, std::memory_order_relaxed);
}

PacketSocket::PacketSocket(Path path, u32 flags, Kernel& kernel, Ref<NetNamespace> net, u32 type, u16 protocol)
    : SocketFile(std::move(path), flags),
      kernel_(kernel),
      net_(std::move(net)),
      type_(type),
      tap_(make_ref<Tap>(type == abi::sock_dgram)) {
  tap_->protocol.store(protocol);
  net_->tables->add_tap(tap_);
  net_->tables->add_socket(this);
}

void PacketSocket::released() {
  net_->tables->remove_socket(this);
  net_->tables->remove_tap(*tap_);
  tap_->inbox->discard();
}

Result<void> PacketSocket::bind(Task&, SocketAddress address) {
  if (address.bytes.size() < sizeof(abi::SockAddrLl) || address.family() != abi::af_packet) return Errno::einval;
  const abi::SockAddrLl ll = TRY(parse_link(address));
  if (ll.sll_ifindex != 0 && ll.sll_ifindex != lo_index) return Errno::enodev;
  if (ll.sll_protocol != 0) tap_->protocol.store(swap16(ll.sll_protocol));
  tap_->interface.store(ll.sll_ifindex);
  return success;
}

SocketAddress PacketSocket::name() {
  const i32 index = tap_->interface.load();
  return address_of(tap_->protocol.load(), index, 0, kNameBegin + (index == 0 ? 0 : kAddressLength));
}

// Linux: packet_snd.
Result<usize> PacketSocket::send(Task& task, SendRequest& request) {
  constexpr usize kMost = 65536 + Frame::kLink;
  const usize length = request.from.remaining();
  u16 protocol = tap_->protocol.load();
  i32 interface = tap_->interface.load();
  if (!request.to.bytes.empty()) {
    const abi::SockAddrLl ll = TRY(parse_link(request.to));
    interface = ll.sll_ifindex, protocol = swap16(ll.sll_protocol);
  }
  if (interface != lo_index) return Errno::enxio;
  if (!net_->lo_is_up()) return Errno::enetdown;
  if (length > kMost) return Errno::emsgsize;
  if (!tap_->cooked && length < Frame::kLink) return Errno::einval;
  const Inbox::Message message = TRY(Inbox::take_in(kernel_.ipc_memory(), request.from));
  std::span<const u8> bytes = message.data;
  Frame frame;
  if (!tap_->cooked) {
    protocol = static_cast<u16>(bytes[12] << 8 | bytes[13]);
    frame.bytes.assign(bytes.begin(), bytes.end());
    bytes = bytes.subspan(Frame::kLink);
  } else {
    frame.bytes.assign(Frame::kLink, 0);
    frame.bytes[12] = static_cast<u8>(protocol >> 8), frame.bytes[13] = static_cast<u8>(protocol);
    frame.bytes.insert(frame.bytes.end(), bytes.begin(), bytes.end());
  }
  frame.protocol = protocol;
  frame.transport = frame.bytes.size();
  const u64 now = task.clock().realtime_ns();
  std::optional<IpPacket> packet = protocol == kIpv6 ? packet_in(bytes) : std::nullopt;
  if (!packet) {
    // IPv4 takes nothing from 127.0.0.0/8 that it has not sent itself: others see it alone. Linux: ip_route_input_slow's martians.
    show_frame(kernel_.ipc_memory(), *net_->tables, frame, tap_.get(), now);
    return length;
  }
  packet->stamp_ns = now;
  arrive(kernel_.ipc_memory(), *net_->tables, *packet, tap_.get());
  return length;
}

Result<usize> PacketSocket::receive(Task& task, ReceiveRequest& request) {
  if ((request.flags & abi::msg_errqueue) != 0) return Errno::eagain;
  const auto look = (request.flags & abi::msg_peek) != 0 ? Inbox::Look::peek : Inbox::Look::take;
  const bool wait = !nonblocking() && (request.flags & abi::msg_dontwait) == 0;
  const u64 timeout = tap_->options->receive_timeout_ns();
  const Deadline deadline = timeout == 0 ? Deadline::never() : task.clock().after(timeout);
  const auto attempt = [&] { return tap_->inbox->get(request.to, look); };
  Result<Inbox::Received> got = wait ? task.block(tap_->inbox->readers, deadline, attempt) : attempt();
  if (got.is(Errno::etimedout)) return Errno::eagain;
  if (got.is(Errno::erestartsys) && !deadline.is_never()) return Errno::eintr;
  request.got = TRY(std::move(got));
  if (request.got.length <= request.got.copied) return request.got.copied;
  request.result_flags |= abi::msg_trunc;
  return (request.flags & abi::msg_trunc) != 0 ? request.got.length : request.got.copied;
}

Result<void> PacketSocket::give_control(Task&, const Inbox::Received& got, ControlWriter& control) {
  if (tap_->options->on(abi::sol_socket, abi::so_timestamp))
    TRY(control.put_value(abi::sol_socket, abi::so_timestamp, to_timeval(got.ancillary.stamp_ns)));
  if (tap_->options->on(abi::sol_socket, abi::so_timestampns))
    TRY(control.put_value(abi::sol_socket, abi::so_timestampns, to_timespec(got.ancillary.stamp_ns)));
  if (!tells_more_.load(std::memory_order_relaxed)) return success;
  constexpr u32 kUser = 1, kNoChecksumYet = 8;  // TP_STATUS_USER, _CSUMNOTREADY
  Auxiliary more{};
  more.status = kUser | kNoChecksumYet;
  more.length = got.ancillary.segment;
  more.snapped = static_cast<u32>(got.length);
  more.network = tap_->cooked ? 0 : Frame::kLink;
  return control.put_value(abi::sol_packet, kAuxiliary, more);
}

Result<void> PacketSocket::check_level(int level) {
  return level == abi::sol_socket || level == abi::sol_packet ? Errno{} : Errno::enoprotoopt;
}

Result<std::vector<u8>> PacketSocket::get_option(Task& task, int level, int option, usize room) {
  TRY(check_level(level));
  const auto integer = [&](auto value) { return bytes_of(static_cast<i32>(value), room); };
  if (level == abi::sol_packet) {
    if (option == kAuxiliary) return integer(tells_more_.load());
    if (option != kStatistics) return Errno::enoprotoopt;
    const u32 counts[2] = {tap_->seen.exchange(0), tap_->dropped.exchange(0)};
    return bytes_of(counts, room);
  }
  switch (option) {
    case abi::so_type:
      return integer(type_);
    case abi::so_domain:
      return integer(abi::af_packet);
    case abi::so_protocol:
    case abi::so_error:
    case abi::so_acceptconn:
    case abi::so_reuseaddr:
    case abi::so_reuseport:
      return integer(0);
    case abi::so_sndbuf:
      return integer(send_size_.load());
    case abi::so_rcvbuf:
      return integer(tap_->receive_size.load());
    case abi::so_rcvlowat:
      return integer(1);
    case abi::so_peercred:
      return bytes_of(seen_by(task, {0, ~0u, ~0u}), room);
    case abi::so_cookie:
      if (room < sizeof(u64)) return Errno::einval;
      return bytes_of(id(), room);
    default:
      return tap_->options->get(*net_, option, room);
  }
}

Result<void> PacketSocket::set_option(Task& task, int level, int option, std::span<const u8> value) {
  TRY(check_level(level));
  if (level == abi::sol_packet) {
    switch (option) {
      case kPacketJoin:
      case kPacketLeave: {  // `lo` takes everything as it is
        const Membership wanted = TRY(value_of<Membership>(value));
        return wanted.interface == lo_index || option == kPacketLeave ? Errno{} : Errno::enodev;
      }
      case kAuxiliary: {
        const i32 on = TRY(value_of<i32>(value));
        tells_more_.store(on != 0);
        return success;
      }
      default:
        return Errno::enoprotoopt;
    }
  }
  if (option != abi::so_sndbuf && option != abi::so_rcvbuf && option != abi::so_rcvbufforce)
    return tap_->options->set(task, *net_, option, value);
  const i32 wanted = TRY(value_of<i32>(value));
  const BufferSettings& all = task.kernel().settings().buffers;
  if (option == abi::so_rcvbufforce && !task.credentials().capable_in(*net_, Capability::net_admin))
    return Errno::eperm;
  if (option == abi::so_sndbuf)
    send_size_.store(buffer_size(wanted, all.wmem_max, 4608));
  else
    tap_->receive_size.store(buffer_size(wanted, all.rmem_max, 2304));
  return success;
}

PollEvents PacketSocket::poll(PollTable* table) {
  if (table != nullptr) table->add(tap_->inbox, tap_->inbox->readers);
  return kPollWritable | (tap_->inbox->state().empty ? 0 : kPollReadable);
}

Result<i64> PacketSocket::ioctl(Task& task, u32 command, u64 argument) {
  if (command != abi::siocinq) return interface_ioctl(task, *net_, command, argument, abi::af_packet);
  const i32 first = static_cast<i32>(tap_->inbox->state().first);
  TRY(UserOut<i32>(GuestAddr(argument)).write(task, first));
  return 0;
}

SocketRow PacketSocket::row() {
  SocketRow row{
      .domain = abi::af_packet, .protocol = tap_->protocol.load(), .type = type_, .local = name(), .peer = {}};
  if (const Result<Attributes> a = attributes(); a.ok()) row.uid = a->uid.raw(), row.inode = a->inode;
  return row;
}

Result<usize> PacketSocket::try_read(Task& task, UserBuffer& to, u64*) {
  ReceiveRequest request{to, abi::msg_dontwait, {}, 0};
  return receive(task, request);
}

Result<usize> PacketSocket::try_write(Task& task, UserBuffer& from, u64*) {
  SendRequest request{from, abi::msg_dontwait, {}, {}, {}};
  return send(task, request);
}

}  // namespace limen
