// Control messages of sockets: timestamps, credentials, and what ip(7) and ipv6(7) tell of a datagram.
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
Result<void> Socket::take_socket_control(Task& task, i32 type, std::span<const u8> data, Ancillary& ancillary) {
  const bool may_mark = task.credentials().capable_in(*net_, Capability::net_raw) ||
                        task.credentials().capable_in(*net_, Capability::net_admin);
  switch (type) {
    case abi::scm_rights:
    case abi::scm_credentials:  // of unix sockets: no error here, and they do nothing
      return success;
    case abi::so_mark:
      if (!may_mark) return Errno::eperm;
      if (data.size() != sizeof ancillary.mark) return Errno::einval;
      std::memcpy(&ancillary.mark, data.data(), sizeof ancillary.mark);
      return success;
    case abi::so_priority: {
      const u32 priority = TRY(value_of<u32>(data));
      if (data.size() != sizeof priority) return Errno::einval;
      return priority <= 6 || may_mark ? Errno{} : Errno::eperm;
    }
    case abi::so_timestamping:
    case abi::so_timestamping_new: {
      constexpr u32 kOfRecords = 0x303 | abi::sof_timestamping_opt_id;  // SOF_TIMESTAMPING_TX_RECORD_MASK: roughly
      const u32 flags = TRY(value_of<u32>(data));
      return data.size() == sizeof flags && (flags & ~kOfRecords) == 0 ? Errno{} : Errno::einval;
    }
    case abi::so_txtime:  // nothing is ever queued on `lo`: it goes at once
      return options_->sends_at_times() && data.size() == sizeof(u64) ? Errno{} : Errno::einval;
    default:
      return Errno::einval;
  }
}

// Linux: ip_cmsg_send, ip6_datagram_send_ctl.
Result<void> Socket::take_control(Task& task, const abi::CMsgHdr& head, std::span<const u8> data,
                                  Ancillary& ancillary) {
  if (head.cmsg_level == abi::sol_socket) {
    if (!is_inet()) return Errno::einval;
    return take_socket_control(task, head.cmsg_type, data, ancillary);
  }
  if (!is_inet() || !is_datagram()) return success;
  if (head.cmsg_level == abi::sol_udp) {  // Linux: udp_cmsg_send
    if (head.cmsg_type != abi::udp_segment || data.size() != sizeof(u16)) return Errno::einval;
    ancillary.segment = static_cast<u32>(data[0] | data[1] << 8);
    return success;
  }
  if (head.cmsg_level == abi::sol_ip && domain_ == abi::af_inet) {
    switch (head.cmsg_type) {
      case abi::ip_ttl: {
        const i32 ttl = TRY(small_number(data));
        if (ttl < 1 || ttl > 255) return Errno::einval;
        ancillary.ttl = ttl;
        return success;
      }
      case abi::ip_tos: {
        const i32 tos = TRY(small_number(data));
        if (tos < 0 || tos > 255) return Errno::einval;
        ancillary.tos = tos;
        return success;
      }
      case abi::ip_pktinfo:
        return data.size() == sizeof(abi::InPktInfo) ? Errno{} : Errno::einval;
      default:
        return Errno::einval;
    }
  }
  if (head.cmsg_level == abi::sol_ipv6 && domain_ == abi::af_inet6) {
    if (head.cmsg_type == abi::ipv6_pktinfo) return data.size() >= sizeof(abi::In6PktInfo) ? Errno{} : Errno::einval;
    if (head.cmsg_type != abi::ipv6_hoplimit && head.cmsg_type != abi::ipv6_tclass) return Errno::einval;
    if (data.size() != sizeof(i32)) return Errno::einval;
    const i32 number = TRY(small_number(data));
    if (number < -1 || number > 255) return Errno::einval;
    (head.cmsg_type == abi::ipv6_hoplimit ? ancillary.ttl : ancillary.tos) = number;
  }
  return success;
}

// Linux: sock_recv_timestamp, scm_recv, ip_cmsg_recv_offset, ip6_datagram_recv_common_ctl.
Result<void> Socket::give_control(Task& task, const Inbox::Received& got, ControlWriter& control) {
  const auto on = [&](i32 level, i32 option) { return this->option(level, option) != 0; };
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
  if (!is_datagram() || got.ancillary.to.bytes.empty()) return success;
  if (on(abi::sol_socket, abi::so_rcvmark)) TRY(control.put_value(abi::sol_socket, abi::so_mark, got.ancillary.mark));
  if (got.ancillary.segment != 0 && on(abi::sol_udp, abi::udp_gro))
    TRY(control.put_value(abi::sol_udp, abi::udp_gro, static_cast<i32>(got.ancillary.segment)));
  const InetAddress to = TRY(parse_inet(got.ancillary.to, domain_));
  const i32 ttl = got.ancillary.ttl, tos = got.ancillary.tos;
  if (to.v4()) {
    if (on(abi::sol_ip, abi::ip_pktinfo)) {
      abi::InPktInfo info{lo_index, 0, 0};
      std::memcpy(&info.ipi_addr, to.ip.data() + 12, 4);
      info.ipi_spec_dst = info.ipi_addr;
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
  if (domain_ != abi::af_inet6) return success;
  if (on(abi::sol_ipv6, abi::ipv6_recvpktinfo)) {
    abi::In6PktInfo info{};
    std::memcpy(info.ipi6_addr, to.ip.data(), to.ip.size());
    info.ipi6_ifindex = static_cast<u32>(lo_index);
    TRY(control.put_value(abi::sol_ipv6, abi::ipv6_pktinfo, info));
  }
  if (on(abi::sol_ipv6, abi::ipv6_recvhoplimit)) TRY(control.put_value(abi::sol_ipv6, abi::ipv6_hoplimit, ttl));
  if (on(abi::sol_ipv6, abi::ipv6_recvtclass)) TRY(control.put_value(abi::sol_ipv6, abi::ipv6_tclass, tos));
  return success;
}

}  // namespace limen
