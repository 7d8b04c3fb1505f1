#include "kernel/net/option_table.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace limen {
namespace {

using K = KeptOption;
using T = KeptOption::Takes;
constexpr i32 kMost = INT32_MAX;

// Numbers that abi/socket.h has no name for: include/uapi/asm-generic/socket.h, linux/{in,in6,tcp}.h.
constexpr KeptOption kKept[] = {
    {abi::sol_socket, abi::so_debug, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_dontroute, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_broadcast, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_keepalive, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_oobinline, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_priority, K::all, 0, T::number},
    {abi::sol_socket, abi::so_sndlowat, K::all, 1, T::nothing},
    {abi::sol_socket, abi::so_timestamp, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_timestampns, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_no_check, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_mark, K::all, 0, T::number},
    {abi::sol_socket, abi::so_rxq_ovfl, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_wifi_status, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_nofcs, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_lock_filter, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_busy_poll, K::all, 0, T::number, 0, kMost},
    {abi::sol_socket, abi::so_select_err_queue, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_bpf_extensions, K::all, 64, T::nothing},
    {abi::sol_socket, abi::so_incoming_cpu, K::all, -1, T::number},
    {abi::sol_socket, abi::so_cnx_advice, K::all, 0, T::unread},
    {abi::sol_socket, abi::so_incoming_napi_id, K::all, 0, T::nothing},
    {abi::sol_socket, abi::so_zerocopy, K::all, 0, T::exact_truth},
    {abi::sol_socket, abi::so_timestamp_new, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_timestampns_new, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_prefer_busy_poll, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_busy_poll_budget, K::all, 0, T::unread, 0, 65535},
    {abi::sol_socket, abi::so_buf_lock, K::all, 0, T::number, 0, 3},
    {abi::sol_socket, abi::so_reserve_mem, K::all, 0, T::nothing},
    {abi::sol_socket, abi::so_txrehash, K::tcp, 1, T::number, -1, 1, true},
    {abi::sol_socket, abi::so_rcvmark, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_rcvpriority, K::all, 0, T::truth},
    {abi::sol_socket, abi::so_passsec, K::unix | K::netlink, 0, T::truth},

    {abi::sol_tcp, abi::tcp_nodelay, K::tcp, 0, T::truth},
    {abi::sol_tcp, abi::tcp_cork, K::tcp, 0, T::truth},
    {abi::sol_tcp, abi::tcp_keepidle, K::tcp, 7200, T::number, 1, 32767, false, &NetSettings::tcp_keepalive_time},
    {abi::sol_tcp, abi::tcp_keepintvl, K::tcp, 75, T::number, 1, 32767, false, &NetSettings::tcp_keepalive_intvl},
    {abi::sol_tcp, abi::tcp_keepcnt, K::tcp, 9, T::number, 1, 127, false, &NetSettings::tcp_keepalive_probes},
    {abi::sol_tcp, abi::tcp_syncnt, K::tcp, 6, T::number, 1, 127, false, &NetSettings::tcp_syn_retries},
    {abi::sol_tcp, abi::tcp_linger2, K::tcp, 60, T::number, INT32_MIN, INT32_MAX, false, &NetSettings::tcp_fin_timeout},
    {abi::sol_tcp, abi::tcp_defer_accept, K::tcp, 0, T::number},
    {abi::sol_tcp, abi::tcp_window_clamp, K::tcp, 0, T::number},
    {abi::sol_tcp, abi::tcp_quickack, K::tcp, 1, T::truth},
    {abi::sol_tcp, 16, K::tcp, 0, T::exact_truth},  // TCP_THIN_LINEAR_TIMEOUTS
    {abi::sol_tcp, abi::tcp_thin_dupack, K::tcp, 0, T::exact_truth},
    {abi::sol_tcp, abi::tcp_repair, K::tcp, 0, T::nothing},
    {abi::sol_tcp, abi::tcp_user_timeout, K::tcp, 0, T::number, 0, kMost},
    {abi::sol_tcp, abi::tcp_fastopen, K::tcp, 0, T::number, 0, kMost},
    {abi::sol_tcp, abi::tcp_notsent_lowat, K::tcp, 0, T::number},
    {abi::sol_tcp, 27, K::tcp, 0, T::number, 0, 2},  // TCP_SAVE_SYN
    {abi::sol_tcp, abi::tcp_fastopen_connect, K::tcp, 0, T::exact_truth},
    {abi::sol_tcp, abi::tcp_fastopen_no_cookie, K::tcp, 0, T::exact_truth},
    {abi::sol_tcp, abi::tcp_inq, K::tcp, 0, T::exact_truth},
    {abi::sol_tcp, 37, K::tcp, 0, T::number, 0, 0xfffffff},       // TCP_TX_DELAY
    {abi::sol_tcp, 43, K::tcp, 0, T::nothing},                    // TCP_IS_MPTCP
    {abi::sol_tcp, 44, K::tcp, 120000, T::number, 1000, 120000},  // TCP_RTO_MAX_MS

    {abi::sol_udp, abi::udp_cork, K::udp, 0, T::truth},
    {abi::sol_udp, 10, K::udp, 0, T::nothing},        // UDPLITE_SEND_CSCOV
    {abi::sol_udp, 11, K::udp, 0, T::nothing},        // UDPLITE_RECV_CSCOV
    {abi::sol_udp, 100, K::udp, 0, T::number, 0, 0},  // UDP_ENCAP: none, where there is no IPsec
    {abi::sol_udp, 101, K::udp, 0, T::truth},         // UDP_NO_CHECK6_TX
    {abi::sol_udp, 102, K::udp, 0, T::truth},         // UDP_NO_CHECK6_RX
    {abi::sol_udp, abi::udp_segment, K::udp, 0, T::number, 0, 65535},
    {abi::sol_udp, abi::udp_gro, K::udp, 0, T::truth},

    {abi::ipproto_udplite, 10, K::udp, 0, T::number, 0, 65535},  // UDPLITE_SEND_CSCOV
    {abi::ipproto_udplite, 11, K::udp, 0, T::number, 0, 65535},  // UDPLITE_RECV_CSCOV

    {abi::sol_ip, abi::ip_tos, K::inet, 0, T::number},
    {abi::sol_ip, abi::ip_ttl, K::inet, 64, T::number, 1, 255, true, &NetSettings::ip_default_ttl},
    {abi::sol_ip, abi::ip_hdrincl, K::inet, 0, T::truth},
    {abi::sol_ip, abi::ip_router_alert, K::inet, 0, T::nothing},  // of raw sockets
    {abi::sol_ip, abi::ip_recvopts, K::inet, 0, T::truth},
    {abi::sol_ip, abi::ip_retopts, K::inet, 0, T::truth},
    {abi::sol_ip, abi::ip_pktinfo, K::inet, 0, T::truth},
    {abi::sol_ip, abi::ip_mtu_discover, K::inet, 1, T::number, 0, 5},
    {abi::sol_ip, abi::ip_recverr, K::inet, 0, T::truth},
    {abi::sol_ip, abi::ip_recvttl, K::inet, 0, T::truth},
    {abi::sol_ip, abi::ip_recvtos, K::inet, 0, T::truth},
    {.level = abi::sol_ip, .option = abi::ip_freebind, .kinds = K::inet, .takes = T::truth, .wants_a_byte = true},
    {abi::sol_ip, 18, K::inet, 0, T::truth},  // IP_PASSSEC
    {.level = abi::sol_ip, .option = abi::ip_transparent, .kinds = K::inet, .takes = T::truth, .wants_a_byte = true},
    {abi::sol_ip, abi::ip_recvorigdstaddr, K::inet, 0, T::truth},
    {abi::sol_ip, 21, K::inet, 0, T::number, 0, 255, false, nullptr, true},  // IP_MINTTL
    {abi::sol_ip, 22, K::inet, 0, T::nothing},                               // IP_NODEFRAG: of raw sockets
    {abi::sol_ip, 23, K::inet, 0, T::truth},                                 // IP_CHECKSUM
    {abi::sol_ip, abi::ip_bind_address_no_port, K::inet, 0, T::truth},
    {abi::sol_ip, abi::ip_recvfragsize, K::udp, 0, T::truth},
    {abi::sol_ip, 26, K::inet, 0, T::exact_truth},  // IP_RECVERR_RFC4884
    {abi::sol_ip, abi::ip_multicast_ttl, K::inet, 1, T::number, 0, 255, true, nullptr, true},
    {.level = abi::sol_ip,
     .option = abi::ip_multicast_loop,
     .kinds = K::inet,
     .initial = 1,
     .takes = T::truth,
     .wants_a_byte = true},
    {abi::sol_ip, abi::ip_unicast_if, K::inet, 0, T::number},
    {abi::sol_ip, abi::ip_local_port_range, K::inet, 0, T::number},
    {abi::sol_ip, abi::ip_protocol, K::inet, 0, T::nothing},  // of raw sockets
    {abi::sol_ip, abi::ip_multicast_all, K::inet, 1, T::exact_truth, INT32_MIN, kMost, false, nullptr, true},

    {abi::sol_ipv6, 2, K::inet, 0, T::truth},  // IPV6_2292PKTINFO ...
    {abi::sol_ipv6, 3, K::inet, 0, T::truth},
    {abi::sol_ipv6, 4, K::inet, 0, T::truth},
    {abi::sol_ipv6, 5, K::inet, 0, T::truth},
    {abi::sol_ipv6, 8, K::inet, 0, T::truth},  // ... IPV6_2292HOPLIMIT
    {abi::sol_ipv6, abi::ipv6_flowinfo, K::inet, 0, T::truth},
    {abi::sol_ipv6, abi::ipv6_unicast_hops, K::inet, 64, T::number, 0, 255, true},
    {abi::sol_ipv6, abi::ipv6_multicast_if, K::inet, 0, T::number},
    {abi::sol_ipv6, abi::ipv6_multicast_hops, K::inet, 1, T::number, 0, 255, true},
    {abi::sol_ipv6, abi::ipv6_multicast_loop, K::inet, 1, T::exact_truth},
    {abi::sol_ipv6, abi::ipv6_mtu_discover, K::inet, 1, T::number, 0, 5},
    {abi::sol_ipv6, abi::ipv6_recverr, K::inet, 0, T::truth},
    {abi::sol_ipv6, 22, K::inet, 0, T::nothing},  // IPV6_ROUTER_ALERT: of raw sockets
    {abi::sol_ipv6, abi::ipv6_multicast_all, K::inet, 1, T::truth},
    {abi::sol_ipv6, 30, K::inet, 0, T::truth},        // IPV6_ROUTER_ALERT_ISOLATE
    {abi::sol_ipv6, 31, K::inet, 0, T::exact_truth},  // IPV6_RECVERR_RFC4884
    {abi::sol_ipv6, 33, K::inet, 0, T::truth},        // IPV6_FLOWINFO_SEND
    {abi::sol_ipv6, abi::ipv6_recvpktinfo, K::inet, 0, T::truth},
    {abi::sol_ipv6, abi::ipv6_recvhoplimit, K::inet, 0, T::truth},
    {abi::sol_ipv6, 53, K::inet, 0, T::truth},  // IPV6_RECVHOPOPTS
    {abi::sol_ipv6, 56, K::inet, 0, T::truth},  // IPV6_RECVRTHDR
    {abi::sol_ipv6, 58, K::inet, 0, T::truth},  // IPV6_RECVDSTOPTS
    {abi::sol_ipv6, 60, K::inet, 0, T::truth},  // IPV6_RECVPATHMTU
    {abi::sol_ipv6, abi::ipv6_dontfrag, K::inet, 0, T::truth},
    {abi::sol_ipv6, abi::ipv6_recvtclass, K::inet, 0, T::truth},
    {abi::sol_ipv6, abi::ipv6_tclass, K::inet, 0, T::number, 0, 255, true},
    {abi::sol_ipv6, abi::ipv6_autoflowlabel, K::inet, 1, T::truth},
    {abi::sol_ipv6, 73, K::inet, 0, T::number, 0, 255, true},  // IPV6_MINHOPCOUNT
    {abi::sol_ipv6, abi::ipv6_recvorigdstaddr, K::inet, 0, T::truth},
    {abi::sol_ipv6, 75, K::inet, 0, T::truth},  // IPV6_TRANSPARENT
    {abi::sol_ipv6, abi::ipv6_unicast_if, K::inet, 0, T::number},
    {abi::sol_ipv6, 77, K::inet, 0, T::truth},  // IPV6_RECVFRAGSIZE
    {abi::sol_ipv6, 78, K::inet, 0, T::truth},  // IPV6_FREEBIND
};

// Where a row stands: each datagram asks for several.
constexpr i32 kLevels[] = {abi::sol_socket, abi::sol_ip,  abi::sol_ipv6,
                           abi::sol_tcp,    abi::sol_udp, abi::ipproto_udplite};
constexpr usize kMostOption = 128;
constexpr usize place_of(i32 level) {
  return static_cast<usize>(std::find(std::begin(kLevels), std::end(kLevels), level) - std::begin(kLevels));
}
constexpr auto kPlaces = [] {
  std::array<std::array<u8, kMostOption>, std::size(kLevels)> places{};  // 0: there is none
  for (usize i = 0; i < std::size(kKept); ++i) {
    places[place_of(kKept[i].level)][static_cast<usize>(kKept[i].option)] = static_cast<u8>(i + 1);
  }
  return places;
}();
static_assert(std::size(kKept) < 255);

}  // namespace

const KeptOption* find_kept_option(i32 level, i32 option) {
  const usize place = place_of(level);
  if (place == std::size(kLevels) || option < 0 || static_cast<usize>(option) >= kMostOption) return nullptr;
  const u8 at = kPlaces[place][static_cast<usize>(option)];
  return at == 0 ? nullptr : &kKept[at - 1];
}

}  // namespace limen
