// Control messages of sockets: timestamps, credentials, and what ip(7) and ipv6(7) tell of a datagram.
#include <cstring>

#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/net/interface.h"
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

// Linux: __sock_cmsg_send, ip_cmsg_send, ip6_datagram_send_ctl.
Result<void> Socket::take_control(const abi::CMsgHdr& head, std::span<const u8> data, Ancillary& ancillary) {
  if (head.cmsg_level == abi::sol_socket) {
    // Those of unix sockets are no error here, and do nothing.
    return head.cmsg_type == abi::scm_rights || head.cmsg_type == abi::scm_credentials ? Errno{} : Errno::einval;
  }
  if (!is_inet() || !is_datagram()) return success;
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
    if (on(abi::sol_socket, abi::so_timestamp))
      TRY(control.put_value(abi::sol_socket, abi::scm_timestamp, to_timeval(got.ancillary.stamp_ns)));
    if (on(abi::sol_socket, abi::so_timestampns))
      TRY(control.put_value(abi::sol_socket, abi::scm_timestampns, to_timespec(got.ancillary.stamp_ns)));
  }
  if (!is_inet()) {
    if (!passes_credentials()) return success;
    return control.put_value(abi::sol_socket, abi::scm_credentials, seen_by(task, got.ancillary.sender));
  }
  if (!is_datagram() || got.ancillary.to.bytes.empty()) return success;
  (void)task;
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
    if (constexpr i32 kOriginal = 20; on(abi::sol_ip, kOriginal)) {
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
