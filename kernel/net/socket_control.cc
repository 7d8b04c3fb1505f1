// Control messages of sockets: timestamps, credentials, and what ip(7) and ipv6(7) tell of a datagram.
#include <algorithm>
#include <cstring>

#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/net/interface.h"
#include "kernel/net/option_value.h"
#include "kernel/net/socket.h"
#include "kernel/time/time_values.h"

namespace limen {
namespace {

Result<i32> small_number(std::span<const u8> data) {
  i32 number = 0;
  if (data.size() == 1) return data[0];
  if (data.size() != sizeof number) return Errno::einval;
  std::memcpy(&number, data.data(), sizeof number);
  return number;
}

}  // namespace

// Linux: __sock_cmsg_send.
Result<void> Socket::take_socket_control(Task& task, i32 type, std::span<const u8> data, SendRequest& request) {
  const bool may_mark = task.credentials().capable_in(*net_, Capability::net_raw) ||
                        task.credentials().capable_in(*net_, Capability::net_admin);
  switch (type) {
    case abi::scm_rights:
    case abi::scm_credentials:  // of unix sockets: no error here, and they do nothing
      return success;
    case abi::so_mark:
      if (!may_mark) return Errno::eperm;
      if (data.size() != sizeof(u32)) return Errno::einval;
      request.ancillary.mark = TRY(value_of<u32>(data));
      return success;
    case abi::so_priority: {
      const u32 priority = TRY(value_of<u32>(data));
      if (data.size() != sizeof priority) return Errno::einval;
      return priority <= 6 || may_mark ? Errno{} : Errno::eperm;
    }
    case abi::so_timestamping:
    case abi::so_timestamping_new: {
      // SOF_TIMESTAMPING_TX_RECORD_MASK: by hardware, by software, when scheduled, acknowledged, completed.
      constexpr i32 kRecords =
          1 | abi::sof_timestamping_tx_software | abi::sof_timestamping_tx_sched | 1 << 9 | 1 << 18;
      const i32 flags = TRY(value_of<i32>(data));
      if (data.size() != sizeof flags || (flags & ~kRecords) != 0) return Errno::einval;
      request.control.stamps = flags;
      return success;
    }
    case abi::so_txtime:  // nothing is ever queued on `lo`: it goes at once
      return options_->sends_at_times() && data.size() == sizeof(u64) ? Errno{} : Errno::einval;
    default:
      return Errno::einval;
  }
}

Result<void> Socket::take_ip_control(i32 type, std::span<const u8> data, SentControl& control) {
  constexpr usize kMostOptions = 40;
  switch (type) {
    case abi::ip_ttl: {
      if (data.size() != sizeof(i32)) return Errno::einval;
      const i32 ttl = TRY(value_of<i32>(data));
      if (ttl < 1 || ttl > 255) return Errno::einval;
      control.ttl = ttl;
      return success;
    }
    case abi::ip_tos: {
      const i32 tos = TRY(small_number(data));
      if (tos < 0 || tos > 255) return Errno::einval;
      control.tos = tos;
      return success;
    }
    case abi::ip_pktinfo: {
      if (data.size() != sizeof(abi::InPktInfo)) return Errno::einval;
      const abi::InPktInfo info = TRY(value_of<abi::InPktInfo>(data));
      if (info.ipi_ifindex != 0 && info.ipi_ifindex != lo_index) return Errno::enodev;
      if (info.ipi_spec_dst == 0) return success;
      InetAddress source;
      source.ip[10] = source.ip[11] = 0xff;
      std::memcpy(source.ip.data() + 12, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
      if (!source.loopback()) return Errno::enetunreach;
      control.source = source.ip;
      return success;
    }
    case abi::ip_retopts:  // those that do nothing, which no receiver is told of
      if (data.size() > kMostOptions) return Errno::einval;
      return std::all_of(data.begin(), data.end(), [](u8 option) { return option <= 1; }) ? Errno{} : Errno::einval;
    case abi::ip_protocol:  // of raw sockets
      return data.size() == sizeof(i32) ? Errno{} : Errno::einval;
    default:
      return Errno::einval;
  }
}

Result<void> Socket::take_ipv6_control(i32 type, std::span<const u8> data, SentControl& control) {
  if (type == abi::ipv6_pktinfo || type == abi::ipv6_2292pktinfo) {
    if (data.size() < sizeof(abi::In6PktInfo)) return Errno::einval;
    const abi::In6PktInfo info = TRY(value_of<abi::In6PktInfo>(data));
    if (info.ipi6_ifindex != 0 && info.ipi6_ifindex != static_cast<u32>(lo_index)) return Errno::enodev;
    InetAddress source;
    std::copy(std::begin(info.ipi6_addr), std::end(info.ipi6_addr), source.ip.begin());
    if (source.any()) return success;
    if (!source.loopback()) return Errno::einval;
    (source.v4() ? control.source : control.source6) = source.ip;
    return success;
  }
  const i32 number = TRY(value_of<i32>(data));
  if (type == abi::ipv6_flowinfo) {
    constexpr u32 kFlow = 0xffffff0f;  // of a word in network order
    control.flow = static_cast<u32>(number) & kFlow;
    return success;
  }
  if (data.size() != sizeof number) return Errno::einval;
  switch (type) {
    case abi::ipv6_hoplimit:
    case abi::ipv6_2292hoplimit:
      if (number < -1 || number > 255) return Errno::einval;
      control.hops = number;
      return success;
    case abi::ipv6_tclass:
      if (number < -1 || number > 255) return Errno::einval;
      control.class6 = number & 0xff;  // Linux, too, makes 255 of -1
      return success;
    case abi::ipv6_dontfrag:
      return number == 0 || number == 1 ? Errno{} : Errno::einval;
    default:
      return Errno::einval;
  }
}

// Linux: udp_sendmsg, ip_cmsg_send, ip6_datagram_send_ctl.
Result<void> Socket::take_control(Task& task, const abi::CMsgHdr& head, std::span<const u8> data,
                                  SendRequest& request) {
  if (head.cmsg_level == abi::sol_socket) {
    if (!is_inet()) return Errno::einval;
    return take_socket_control(task, head.cmsg_type, data, request);
  }
  if (!is_inet() || !is_datagram()) return success;
  if (is_udp() && head.cmsg_level == abi::sol_udp) {  // Linux: udp_cmsg_send
    if (head.cmsg_type != abi::udp_segment || data.size() != sizeof(u16)) return Errno::einval;
    request.ancillary.segment = static_cast<u32>(data[0] | data[1] << 8);
    return success;
  }
  bool v4 = domain_ == abi::af_inet;
  if (!v4) {  // an IPv6 socket that sends to an IPv4 address listens to IPv4's
    const SocketAddress to = request.to.bytes.empty() ? ends().peer : request.to;
    v4 = parse_inet(to, domain_).value_or(InetAddress{}).v4();
  }
  if (head.cmsg_level == abi::sol_ip && v4) return take_ip_control(head.cmsg_type, data, request.control);
  if (head.cmsg_level != abi::sol_ipv6 || domain_ != abi::af_inet6) return success;
  if (v4 && head.cmsg_type != abi::ipv6_pktinfo) return success;
  TRY(take_ipv6_control(head.cmsg_type, data, request.control));
  // An IPv4 source of an IPv6 packet.
  return !v4 && request.control.source ? Errno::einval : Errno{};
}

// Linux: sock_recv_timestamp, scm_recv, ip_cmsg_recv_offset, ip6_datagram_recv_common_ctl.
Result<void> Socket::give_control(Task& task, const Inbox::Received& got, ControlWriter& control) {
  const auto on = [&](i32 level, i32 option) { return this->option(level, option) != 0; };
  if (got.ancillary.error) return give_error(got.ancillary, control);
  if (is_inet() && !options_->any_set()) return success;  // nothing has been asked for
  if (is_datagram() && got.ancillary.stamp_ns != 0) {
    const u64 stamp = got.ancillary.stamp_ns;
    for (const i32 type : {abi::so_timestamp, abi::so_timestamp_new}) {
      if (on(abi::sol_socket, type)) TRY(control.put_value(abi::sol_socket, type, to_timeval(stamp)));
    }
    for (const i32 type : {abi::so_timestampns, abi::so_timestampns_new}) {
      if (on(abi::sol_socket, type)) TRY(control.put_value(abi::sol_socket, type, to_timespec(stamp)));
    }
    constexpr i32 kSoftware = abi::sof_timestamping_software | abi::sof_timestamping_rx_software;
    if ((options_->timestamping() & kSoftware) == kSoftware) {
      const abi::TimeSpec stamps[3] = {to_timespec(stamp), {}, {}};  // of software; two of hardware
      TRY(control.put_value(abi::sol_socket, options_->timestamping_option(), stamps));
    }
  }
  if (is_datagram() && on(abi::sol_socket, abi::so_rxq_ovfl) && got.ancillary.drops != 0)
    TRY(control.put_value(abi::sol_socket, abi::so_rxq_ovfl, got.ancillary.drops));
  if (!is_inet()) {
    if (!passes_credentials()) return success;
    return control.put_value(abi::sol_socket, abi::scm_credentials, seen_by(task, got.ancillary.sender));
  }
  if (is_tcp() && on(abi::sol_tcp, abi::tcp_inq)) {  // what is left to read
    const Ends e = ends();
    TRY(control.put_value(abi::sol_tcp, abi::tcp_inq, static_cast<i32>(e.in ? e.in->state().bytes : 0)));
  }
  if (!is_datagram() || got.ancillary.to.bytes.empty()) return success;
  if (on(abi::sol_socket, abi::so_rcvmark)) TRY(control.put_value(abi::sol_socket, abi::so_mark, got.ancillary.mark));
  if (got.ancillary.segment != 0 && on(abi::sol_udp, abi::udp_gro))
    TRY(control.put_value(abi::sol_udp, abi::udp_gro, static_cast<i32>(got.ancillary.segment)));
  const InetAddress to = TRY(parse_inet(got.ancillary.to, domain_));
  const i32 ttl = got.ancillary.ttl, tos = got.ancillary.tos;
  if (domain_ == abi::af_inet6) TRY(give_ipv6_control(got.ancillary, to, control));
  if (to.v4()) {
    if (on(abi::sol_ip, abi::ip_pktinfo)) {
      abi::InPktInfo info{lo_index, 0, 0};
      std::memcpy(&info.ipi_addr, to.ip.data() + 12, 4);
      info.ipi_spec_dst = info.ipi_addr;
      if (to.multicast()) std::memcpy(&info.ipi_spec_dst, source_for(to).ip.data() + 12, 4);
      TRY(control.put_value(abi::sol_ip, abi::ip_pktinfo, info));
    }
    if (on(abi::sol_ip, abi::ip_recvttl)) TRY(control.put_value(abi::sol_ip, abi::ip_ttl, ttl));
    if (on(abi::sol_ip, abi::ip_recvtos)) TRY(control.put_value(abi::sol_ip, abi::ip_tos, static_cast<u8>(tos)));
    if (constexpr i32 kOriginal = abi::ip_recvorigdstaddr; on(abi::sol_ip, kOriginal)) {
      const SocketAddress original = make_inet(to, abi::af_inet);
      TRY(control.put(abi::sol_ip, kOriginal,
                      {reinterpret_cast<const u8*>(original.bytes.data()), original.bytes.size()}));
    }
  }
  return success;
}

// Linux: ip6_datagram_recv_common_ctl, ip6_datagram_recv_specific_ctl.
Result<void> Socket::give_ipv6_control(const Ancillary& with, const InetAddress& to, ControlWriter& control) {
  const auto on = [&](i32 option) { return options_->on(abi::sol_ipv6, option); };
  abi::In6PktInfo info{};
  std::memcpy(info.ipi6_addr, to.ip.data(), to.ip.size());
  info.ipi6_ifindex = static_cast<u32>(lo_index);
  if (on(abi::ipv6_recvpktinfo)) TRY(control.put_value(abi::sol_ipv6, abi::ipv6_pktinfo, info));
  if (to.v4()) return success;
  if (on(abi::ipv6_recvhoplimit)) TRY(control.put_value(abi::sol_ipv6, abi::ipv6_hoplimit, with.ttl));
  if (on(abi::ipv6_recvtclass)) TRY(control.put_value(abi::sol_ipv6, abi::ipv6_tclass, with.tos));
  const u32 flow = with.flow | __builtin_bswap32(static_cast<u32>(with.tos) << 20);
  if (on(abi::ipv6_flowinfo) && flow != 0) TRY(control.put_value(abi::sol_ipv6, abi::ipv6_flowinfo, flow));
  if (on(abi::ipv6_2292pktinfo)) TRY(control.put_value(abi::sol_ipv6, abi::ipv6_2292pktinfo, info));
  if (on(abi::ipv6_2292hoplimit)) TRY(control.put_value(abi::sol_ipv6, abi::ipv6_2292hoplimit, with.ttl));
  if (!on(abi::ipv6_recvorigdstaddr)) return success;
  const SocketAddress original = make_inet(to, abi::af_inet6);
  return control.put(abi::sol_ipv6, abi::ipv6_recvorigdstaddr,
                     {reinterpret_cast<const u8*>(original.bytes.data()), original.bytes.size()});
}

}  // namespace limen
