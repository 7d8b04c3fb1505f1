// setsockopt(2), getsockopt(2): the levels of IP, IPv6, TCP and UDP.
// Source: ip(7), ipv6(7), tcp(7), udp(7); net/ipv4/{ip_sockglue,tcp,udp}.c, net/ipv6/ipv6_sockglue.c.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "kernel/kernel.h"
#include "kernel/net/interface.h"
#include "kernel/net/option_value.h"
#include "kernel/net/socket.h"

namespace limen {
namespace {

constexpr std::string_view kCongestion("cubic\0\0\0\0\0\0\0\0\0\0\0", 16);
constexpr u32 kMostRetransmission = 120;  // seconds: TCP_RTO_MAX
constexpr i32 kMostLinger = 120;
// IPV6_ADDR_PREFERENCES; from include/uapi/linux/in6.h.
constexpr i32 kPreferences = 72, kTemporary = 1, kPublic = 2, kPublicDefault = 0x100, kHome = 0x400, kCare = 4,
              kCga = 8, kNonCga = 0x800;

// How often a SYN is sent again within so many seconds, and how many seconds that takes. Linux: secs_to_retrans, retrans_to_secs.
i32 tries_of(i32 seconds) {
  u32 period = 1, timeout = 1;
  if (seconds <= 0) return 0;
  i32 tries = 1;
  while (static_cast<u32>(seconds) > period && tries < 255) {
    ++tries;
    timeout = std::min(timeout * 2, kMostRetransmission);
    period += timeout;
  }
  return tries;
}

i32 seconds_of(i32 tries) {
  if (tries <= 0) return 0;
  u32 period = 1, timeout = 1;
  while (--tries != 0) {
    timeout = std::min(timeout * 2, kMostRetransmission);
    period += timeout;
  }
  return static_cast<i32>(period);
}

// IP_OPTIONS: those that do nothing. Others would have to be carried by packets that there are not. Linux: ip_options_compile.
bool are_padding(std::span<const u8> options) {
  constexpr u8 kEnd = 0, kNothing = 1;
  for (const u8 byte : options) {
    if (byte == kEnd) return true;
    if (byte != kNothing) return false;
  }
  return true;
}

// IPV6_HOPOPTS, IPV6_RTHDRDSTOPTS, IPV6_RTHDR, IPV6_DSTOPTS.
bool is_sticky(int option) { return option == 54 || option == 55 || option == 57 || option == 59; }

}  // namespace

std::vector<u8> Socket::tcp_info() {
  const Ends e = ends();
  abi::TcpInfo info{};
  info.tcpi_max_pacing_rate = ~u64{0};
  info.tcpi_state = tcp_state(e);
  if (e.listening) {
    MutexGuard guard(endpoint_->lock);
    info.tcpi_unacked = static_cast<u32>(endpoint_->pending.size());
    info.tcpi_sacked = static_cast<u32>(endpoint_->backlog);
  } else if (!tcp_closed(e)) {
    info.tcpi_options = 7;  // timestamps, SACK, window scale
    info.tcpi_rto = 201'000, info.tcpi_ato = 40'000;
    info.tcpi_snd_mss = info.tcpi_rcv_mss = 32768;
    info.tcpi_advmss = 65483, info.tcpi_pmtu = lo_mtu;
    info.tcpi_rtt = 50, info.tcpi_rttvar = 25;
    info.tcpi_snd_ssthresh = INT32_MAX, info.tcpi_snd_cwnd = 10, info.tcpi_reordering = 3;
    info.tcpi_rcv_space = 65483, info.tcpi_rcv_ssthresh = 65483;
    info.tcpi_wscale = 0x77, info.tcpi_min_rtt = 20;
    const Inbox::State in = e.in->state(), out = e.out->state();
    info.tcpi_bytes_received = in.total, info.tcpi_bytes_sent = out.total;
    info.tcpi_bytes_acked = out.total + 1;  // with the SYN
    info.tcpi_notsent_bytes = 0, info.tcpi_rcv_wnd = info.tcpi_snd_wnd = 65536;
  }
  return bytes_of(info, sizeof info);
}

// Level and option are of this socket's kind.
Result<std::vector<u8>> Socket::get_transport_option(int level, int option, usize room) {
  const Ends e = ends();
  const auto integer = [&](auto value) { return bytes_of(static_cast<i32>(value), room); };
  if (level == abi::sol_ipv6 && option == abi::ipv6_v6only) {
    MutexGuard guard(endpoint_->lock);
    return integer(endpoint_->only_v6);
  }
  const bool mtu =
      (level == abi::sol_ip && option == abi::ip_mtu) || (level == abi::sol_ipv6 && option == abi::ipv6_mtu);
  if (mtu) return e.connected ? Result<std::vector<u8>>(integer(lo_mtu)) : Errno::enotconn;
  if (level == abi::sol_ip && option == abi::ip_options) {
    MutexGuard guard(lock_);
    return bytes_of(std::string_view(ip_options_), room);
  }
  if (level == abi::sol_ip && option == abi::ip_multicast_if) {
    MutexGuard guard(lock_);
    return bytes_of(multicast_if_.imr_address, room);
  }
  if (level == abi::sol_ip && option == abi::ip_protocol && type_ == abi::sock_raw) return integer(protocol_);
  if (is_checksum_place(level, option)) {
    MutexGuard guard(endpoint_->lock);
    return integer(endpoint_->checksum_at);
  }
  if (level == abi::sol_raw && domain_ == abi::af_inet6) return Errno::enoprotoopt;
  if (level == abi::sol_raw || level == abi::sol_icmpv6) return get_icmp_filter(option, room);
  constexpr i32 kPacketOptions = 9,
                kLater2292 = 6;  // IP_PKTOPTIONS, IPV6_2292PKTOPTIONS: of connections, and there are none
  if (is_tcp() &&
      ((level == abi::sol_ip && option == kPacketOptions) || (level == abi::sol_ipv6 && option == kLater2292)))
    return std::vector<u8>();
  if (level == abi::sol_ipv6 && is_sticky(option)) return std::vector<u8>();
  if (level == abi::sol_ipv6 && option == kPreferences) {
    const i32 kept = options_->number(level, option);
    i32 value = (kept & kTemporary) != 0 ? kTemporary : (kept & kPublic) != 0 ? kPublic : kPublicDefault;
    value |= (kept & kCare) != 0 ? kCare : kHome;
    return integer(value);
  }
  if (level != abi::sol_tcp) return Errno::enoprotoopt;
  const i32 kept = options_->number(level, option);
  switch (option) {
    case abi::tcp_info: {
      std::vector<u8> info = tcp_info();
      info.resize(std::min(info.size(), room));
      return info;
    }
    case abi::tcp_maxseg:
      return integer(e.connected ? 65483 : kept == 0 ? 536 : kept);
    case abi::tcp_linger2:
      return integer(kept == 0 ? net_->settings->tcp_fin_timeout.integer() : kept);
    case abi::tcp_defer_accept:
      return integer(seconds_of(kept));
    case abi::tcp_thin_dupack:  // Linux keeps it no more
      return integer(0);
    case abi::tcp_congestion:
      return bytes_of(kCongestion, room);
    case abi::tcp_ulp:      // none
    case abi::tcp_cc_info:  // cubic has nothing to tell
    case abi::tcp_saved_syn:
      return std::vector<u8>();
    default:
      return Errno::enoprotoopt;
  }
}

// --- Setting --------------------------------------------------------------------------------------------------------------

Result<bool> Socket::set_ip_option(Task& task, int option, std::span<const u8> value) {
  const auto may_be_transparent = [&] {
    return task.credentials().capable_in(*net_, Capability::net_raw) ||
           task.credentials().capable_in(*net_, Capability::net_admin);
  };
  switch (option) {
    case abi::ip_options: {
      constexpr usize kMost = 40;
      if (value.size() > kMost || !are_padding(value)) return Errno::einval;
      std::string kept(reinterpret_cast<const char*>(value.data()), value.size());
      kept.resize((kept.size() + 3) & ~usize{3});
      MutexGuard guard(lock_);
      ip_options_ = std::move(kept);
      return true;
    }
    case abi::ip_router_alert:
      return Errno::einval;
    case abi::ip_recverr:
      if (const Ends e = ends(); e.errors && !value.empty() && value[0] == 0) e.errors->discard();
      return false;
    case abi::ip_hdrincl:
      return type_ == abi::sock_raw ? Result<bool>(false) : Errno::enoprotoopt;
    case abi::ip_recvfragsize:
      return is_tcp() ? Result<bool>(Errno::einval) : Result<bool>(false);
    case abi::ip_transparent: {
      const bool any = std::any_of(value.begin(), value.begin() + std::min<std::ptrdiff_t>(std::ssize(value), 4),
                                   [](u8 b) { return b != 0; });
      if (any && !may_be_transparent()) return Errno::eperm;
      return false;
    }
    case abi::ip_multicast_ttl:
      return is_tcp() ? Result<bool>(Errno::einval) : Result<bool>(false);
    case abi::ip_tos: {
      i32 tos = value.empty() ? 0 : value[0];
      if (value.size() >= sizeof tos) tos = TRY(value_of<i32>(value));
      // The two lowest bits of a TCP socket's type of service are ECN's.
      options_->put(abi::sol_ip, option, tos & (is_tcp() ? 0xfc : 0xff));
      return true;
    }
    case abi::ip_unicast_if: {  // the index of an interface, in network order
      if (value.size() != sizeof(i32)) return Errno::einval;
      const i32 index = TRY(value_of<i32>(value));
      if (index != 0 && index != static_cast<i32>(__builtin_bswap32(lo_index))) return Errno::eaddrnotavail;
      return false;
    }
    case abi::ip_local_port_range: {
      if (value.size() != sizeof(u32)) return Errno::einval;
      const u32 range = TRY(value_of<u32>(value));
      const u32 low = range & 0xffff, high = range >> 16;
      return low != 0 && high != 0 && low > high ? Result<bool>(Errno::einval) : Result<bool>(false);
    }
    default:
      return false;
  }
}

Result<bool> Socket::set_ipv6_option(Task& task, int option, std::span<const u8> value) {
  if (is_sticky(option)) {  // extension headers of each packet: there can be none
    if (!value.empty()) return Errno::einval;
    return true;
  }
  i32 number = 0;
  constexpr i32 kTransparent = 75, kFragments = 77;
  const bool may_be_short = option == abi::ipv6_dontfrag || option == abi::ipv6_autoflowlabel || option == kFragments;
  if (value.size() >= sizeof number || !may_be_short) number = TRY(value_of<i32>(value));
  switch (option) {
    case abi::ipv6_v6only: {
      {
        MutexGuard guard(lock_);
        if (bound_) return Errno::einval;
      }
      MutexGuard guard(endpoint_->lock);
      endpoint_->only_v6 = number != 0;
      return true;
    }
    case abi::ipv6_dontfrag:
    case abi::ipv6_autoflowlabel:
    case kFragments:
      options_->put(abi::sol_ipv6, option, number != 0);
      return true;
    case abi::ipv6_recverr:
      if (const Ends e = ends(); e.errors && number == 0) e.errors->discard();
      return false;
    case abi::ipv6_mtu: {
      constexpr i32 kLeast = 1280;
      if (number != 0 && number < kLeast) return Errno::einval;
      return true;
    }
    case kTransparent:
      if (number != 0 && !task.credentials().capable_in(*net_, Capability::net_raw) &&
          !task.credentials().capable_in(*net_, Capability::net_admin)) {
        return Errno::eperm;
      }
      return false;
    case abi::ipv6_multicast_hops:
      return is_tcp() ? Result<bool>(Errno::enoprotoopt) : Result<bool>(false);
    case abi::ipv6_tclass:
      if (is_tcp() && number >= 0) {
        if (number > 255) return Errno::einval;
        options_->put(abi::sol_ipv6, option, number & ~3);
        return true;
      }
      return false;
    case abi::ipv6_unicast_if: {
      if (value.size() != sizeof number) return Errno::einval;
      if (number != 0 && number != static_cast<i32>(__builtin_bswap32(lo_index))) return Errno::eaddrnotavail;
      return false;
    }
    case kPreferences: {  // Linux: ip6_sock_set_addr_preferences
      const auto several = [&](i32 bits) { return __builtin_popcount(static_cast<u32>(number & bits)) > 1; };
      constexpr i32 kSource = kPublic | kTemporary | kPublicDefault;
      if (several(kSource) || several(kHome | kCare) || several(kCga | kNonCga)) return Errno::einval;
      const i32 old = options_->number(abi::sol_ipv6, option);
      i32 kept = (number & kSource) != 0 ? number & (kPublic | kTemporary) : old & (kPublic | kTemporary);
      kept |= (number & (kHome | kCare)) != 0 ? number & kCare : old & kCare;
      options_->put(abi::sol_ipv6, option, kept);
      return true;
    }
    default:
      return false;
  }
}

Result<bool> Socket::set_tcp_option(int option, std::span<const u8> value) {
  if (option == abi::tcp_congestion || option == abi::tcp_ulp) {
    if (value.empty()) return Errno::einval;
    const usize most = std::min<usize>(value.size(), 15);
    const auto* text = reinterpret_cast<const char*>(value.data());
    const std::string_view name(text, strnlen(text, most));
    return option == abi::tcp_congestion && name == "cubic" ? Result<bool>(true) : Errno::enoent;
  }
  const i32 number = TRY(value_of<i32>(value));
  const auto keep = [&](i32 kept) {
    options_->put(abi::sol_tcp, option, kept);
    return true;
  };
  const Ends e = ends();
  const bool is_new = !e.connected && !e.listening;
  switch (option) {
    case abi::tcp_maxseg:
      if (number != 0 && (number < 88 || number > 32767)) return Errno::einval;
      return keep(number);
    case abi::tcp_linger2:
      return keep(number < 0 ? -1 : std::min(number, kMostLinger));
    case abi::tcp_defer_accept:
      return keep(tries_of(number));
    case abi::tcp_window_clamp: {
      constexpr i32 kLeast = 1152;  // SOCK_MIN_RCVBUF / 2
      if (number == 0) return is_new ? Result<bool>(keep(0)) : Errno::einval;
      return keep(std::max(number, kLeast));
    }
    case abi::tcp_fastopen:
      if (number < 0 || e.connected) return Errno::einval;
      return keep(std::min(number, net_->settings->somaxconn.integer()));
    case abi::tcp_fastopen_connect:
    case abi::tcp_fastopen_no_cookie:
      if (number != 0 && number != 1) return Errno::einval;
      return e.connected ? Result<bool>(Errno::einval) : Result<bool>(false);
    case abi::tcp_repair:
    case abi::tcp_timestamp:
      return Errno::eperm;  // Linux: tcp_can_repair_sock; what a connection is made of cannot be taken apart here
    default:
      return false;
  }
}

Result<bool> Socket::set_transport_option(Task& task, int level, int option, std::span<const u8> value) {
  if (level == abi::sol_ip || level == abi::sol_ipv6) {
    if (TRY(set_multicast_option(level, option, value))) return true;
  }
  if (is_checksum_place(level, option)) {
    TRY(set_checksum_place(level, value));
    return true;
  }
  if (level == abi::sol_raw && domain_ == abi::af_inet6) return Errno::enoprotoopt;
  switch (level) {
    case abi::sol_ip:
      return set_ip_option(task, option, value);
    case abi::sol_ipv6:
      return set_ipv6_option(task, option, value);
    case abi::sol_tcp:
      return set_tcp_option(option, value);
    case abi::sol_raw:
    case abi::sol_icmpv6:
      TRY(set_icmp_filter(option, value));
      return true;
    default: {  // UDP: Linux looks at the value first
      const i32 number = TRY(value_of<i32>(value));
      constexpr i32 kEncapsulation = 100;  // UDP_ENCAP, for which there is no IPsec
      if (option == kEncapsulation && number != 0) return Errno::enoprotoopt;
      if (option != abi::udp_cork || number != 0) return false;
      options_->put(abi::sol_udp, option, 0);
      TRY(uncork(task));
      return true;
    }
  }
}

}  // namespace limen
