// Sockets: families, types, addresses, messages, options. Longer than 500 lines: names and numbers of one contract.
// Source: socket(2), socket(7), unix(7), ip(7), ipv6(7), tcp(7), udp(7), packet(7), recvmsg(2), cmsg(3), netdevice(7);
// include/linux/socket.h, include/uapi/asm-generic/socket.h, include/uapi/linux/{un,in,in6,tcp,udp,if,if_packet,sockios}.h.
#pragma once

#include "abi/mman.h"
#include "base/types.h"

namespace limen::abi {

// socket(2): the domain, which is also the family of an address.
inline constexpr i32 af_unspec = 0;
inline constexpr i32 af_unix = 1;
inline constexpr i32 af_inet = 2;
inline constexpr i32 af_inet6 = 10;
inline constexpr i32 af_netlink = 16;
inline constexpr i32 af_packet = 17;
inline constexpr i32 af_vsock = 40;
inline constexpr i32 af_alg = 38;
inline constexpr i32 af_bluetooth = 31;
inline constexpr i32 af_xdp = 44;

// The type is a number in the lowest four bits.
inline constexpr u32 sock_stream = 1;
inline constexpr u32 sock_dgram = 2;
inline constexpr u32 sock_raw = 3;
inline constexpr u32 sock_rdm = 4;
inline constexpr u32 sock_seqpacket = 5;
inline constexpr u32 sock_dccp = 6;
inline constexpr u32 sock_packet = 10;
inline constexpr u32 sock_type_mask = 15;

inline constexpr u32 sock_cloexec = 02000000;
inline constexpr u32 sock_nonblock = 04000;

inline constexpr i32 ipproto_ip = 0;
inline constexpr i32 ipproto_icmp = 1;
inline constexpr i32 ipproto_igmp = 2;
inline constexpr i32 ipproto_tcp = 6;
inline constexpr i32 ipproto_udp = 17;
inline constexpr i32 ipproto_ipv6 = 41;
inline constexpr i32 ipproto_icmpv6 = 58;
inline constexpr i32 ipproto_udplite = 136;
inline constexpr i32 ipproto_raw = 255;
inline constexpr i32 ipproto_mptcp = 262;

// shutdown(2)
inline constexpr i32 shut_rd = 0;
inline constexpr i32 shut_wr = 1;
inline constexpr i32 shut_rdwr = 2;

// send(2), recv(2)
inline constexpr u32 msg_oob = 1;
inline constexpr u32 msg_peek = 2;
inline constexpr u32 msg_dontroute = 4;
inline constexpr u32 msg_ctrunc = 8;
inline constexpr u32 msg_proxy = 0x10;
inline constexpr u32 msg_trunc = 0x20;
inline constexpr u32 msg_dontwait = 0x40;
inline constexpr u32 msg_eor = 0x80;
inline constexpr u32 msg_waitall = 0x100;
inline constexpr u32 msg_fin = 0x200;
inline constexpr u32 msg_syn = 0x400;
inline constexpr u32 msg_confirm = 0x800;
inline constexpr u32 msg_rst = 0x1000;
inline constexpr u32 msg_errqueue = 0x2000;
inline constexpr u32 msg_nosignal = 0x4000;
inline constexpr u32 msg_more = 0x8000;
inline constexpr u32 msg_waitforone = 0x10000;
inline constexpr u32 msg_zerocopy = 0x4000000;
inline constexpr u32 msg_fastopen = 0x20000000;
inline constexpr u32 msg_cmsg_cloexec = 0x40000000;
inline constexpr u32 msg_cmsg_compat = 0x80000000;  // a mark of Linux's own: nobody may give it

// setsockopt(2): the level
inline constexpr i32 sol_socket = 1;
inline constexpr i32 sol_ip = 0;
inline constexpr i32 sol_tcp = 6;
inline constexpr i32 sol_udp = 17;
inline constexpr i32 sol_ipv6 = 41;
inline constexpr i32 sol_icmpv6 = 58;
inline constexpr i32 sol_raw = 255;
inline constexpr i32 sol_packet = 263;
inline constexpr i32 sol_netlink = 270;

// of SOL_SOCKET
inline constexpr i32 so_debug = 1;
inline constexpr i32 so_reuseaddr = 2;
inline constexpr i32 so_type = 3;
inline constexpr i32 so_error = 4;
inline constexpr i32 so_dontroute = 5;
inline constexpr i32 so_broadcast = 6;
inline constexpr i32 so_sndbuf = 7;
inline constexpr i32 so_rcvbuf = 8;
inline constexpr i32 so_keepalive = 9;
inline constexpr i32 so_oobinline = 10;
inline constexpr i32 so_no_check = 11;
inline constexpr i32 so_priority = 12;
inline constexpr i32 so_linger = 13;
inline constexpr i32 so_bsdcompat = 14;
inline constexpr i32 so_reuseport = 15;
inline constexpr i32 so_passcred = 16;
inline constexpr i32 so_peercred = 17;
inline constexpr i32 so_rcvlowat = 18;
inline constexpr i32 so_sndlowat = 19;
inline constexpr i32 so_rcvtimeo = 20;
inline constexpr i32 so_sndtimeo = 21;
inline constexpr i32 so_bindtodevice = 25;
inline constexpr i32 so_attach_filter = 26;
inline constexpr i32 so_detach_filter = 27;
inline constexpr i32 so_peername = 28;
inline constexpr i32 so_timestamp = 29;
inline constexpr i32 so_acceptconn = 30;
inline constexpr i32 so_peersec = 31;
inline constexpr i32 so_sndbufforce = 32;
inline constexpr i32 so_rcvbufforce = 33;
inline constexpr i32 so_passsec = 34;
inline constexpr i32 so_timestampns = 35;
inline constexpr i32 so_mark = 36;
inline constexpr i32 so_timestamping = 37;
inline constexpr i32 so_protocol = 38;
inline constexpr i32 so_domain = 39;
inline constexpr i32 so_rxq_ovfl = 40;
inline constexpr i32 so_wifi_status = 41;
inline constexpr i32 so_peek_off = 42;
inline constexpr i32 so_nofcs = 43;
inline constexpr i32 so_lock_filter = 44;
inline constexpr i32 so_select_err_queue = 45;
inline constexpr i32 so_busy_poll = 46;
inline constexpr i32 so_max_pacing_rate = 47;
inline constexpr i32 so_bpf_extensions = 48;
inline constexpr i32 so_incoming_cpu = 49;
inline constexpr i32 so_attach_bpf = 50;
inline constexpr i32 so_attach_reuseport_cbpf = 51;
inline constexpr i32 so_attach_reuseport_ebpf = 52;
inline constexpr i32 so_cnx_advice = 53;
inline constexpr i32 so_meminfo = 55;
inline constexpr i32 so_incoming_napi_id = 56;
inline constexpr i32 so_cookie = 57;
inline constexpr i32 so_peergroups = 59;
inline constexpr i32 so_zerocopy = 60;
inline constexpr i32 so_txtime = 61;
inline constexpr i32 so_bindtoifindex = 62;
inline constexpr i32 so_timestamp_new = 63;
inline constexpr i32 so_timestampns_new = 64;
inline constexpr i32 so_timestamping_new = 65;
inline constexpr i32 so_rcvtimeo_new = 66;
inline constexpr i32 so_sndtimeo_new = 67;
inline constexpr i32 so_detach_reuseport_bpf = 68;
inline constexpr i32 so_prefer_busy_poll = 69;
inline constexpr i32 so_busy_poll_budget = 70;
inline constexpr i32 so_netns_cookie = 71;
inline constexpr i32 so_buf_lock = 72;
inline constexpr i32 so_reserve_mem = 73;
inline constexpr i32 so_txrehash = 74;
inline constexpr i32 so_rcvmark = 75;
inline constexpr i32 so_passpidfd = 76;
inline constexpr i32 so_peerpidfd = 77;
inline constexpr i32 so_rcvpriority = 82;
inline constexpr i32 so_passrights = 83;

// of IPPROTO_TCP
inline constexpr i32 tcp_nodelay = 1;
inline constexpr i32 tcp_maxseg = 2;
inline constexpr i32 tcp_cork = 3;
inline constexpr i32 tcp_keepidle = 4;
inline constexpr i32 tcp_keepintvl = 5;
inline constexpr i32 tcp_keepcnt = 6;
inline constexpr i32 tcp_syncnt = 7;
inline constexpr i32 tcp_linger2 = 8;
inline constexpr i32 tcp_defer_accept = 9;
inline constexpr i32 tcp_window_clamp = 10;
inline constexpr i32 tcp_info = 11;
inline constexpr i32 tcp_quickack = 12;
inline constexpr i32 tcp_congestion = 13;
inline constexpr i32 tcp_thin_dupack = 17;
inline constexpr i32 tcp_user_timeout = 18;
inline constexpr i32 tcp_repair = 19;
inline constexpr i32 tcp_fastopen = 23;
inline constexpr i32 tcp_timestamp = 24;
inline constexpr i32 tcp_notsent_lowat = 25;
inline constexpr i32 tcp_cc_info = 26;
inline constexpr i32 tcp_saved_syn = 28;
inline constexpr i32 tcp_fastopen_connect = 30;
inline constexpr i32 tcp_ulp = 31;
inline constexpr i32 tcp_fastopen_no_cookie = 34;
inline constexpr i32 tcp_inq = 36;

// of IPPROTO_UDP
inline constexpr i32 udp_cork = 1;
inline constexpr i32 udp_segment = 103;
inline constexpr i32 udp_gro = 104;

// of IPPROTO_IP
inline constexpr i32 ip_tos = 1;
inline constexpr i32 ip_ttl = 2;
inline constexpr i32 ip_hdrincl = 3;
inline constexpr i32 ip_options = 4;
inline constexpr i32 ip_router_alert = 5;
inline constexpr i32 ip_recvopts = 6;
inline constexpr i32 ip_retopts = 7;
inline constexpr i32 ip_pktinfo = 8;
inline constexpr i32 ip_mtu_discover = 10;
inline constexpr i32 ip_recverr = 11;
inline constexpr i32 ip_recvttl = 12;
inline constexpr i32 ip_recvtos = 13;
inline constexpr i32 ip_mtu = 14;
inline constexpr i32 ip_freebind = 15;
inline constexpr i32 ip_transparent = 19;
inline constexpr i32 ip_recvorigdstaddr = 20;
inline constexpr i32 ip_bind_address_no_port = 24;
inline constexpr i32 ip_recvfragsize = 25;
inline constexpr i32 ip_multicast_if = 32;
inline constexpr i32 ip_multicast_ttl = 33;
inline constexpr i32 ip_multicast_loop = 34;
inline constexpr i32 ip_add_membership = 35;
inline constexpr i32 ip_drop_membership = 36;
inline constexpr i32 mcast_join_group = 42;  // of IPPROTO_IPV6, too
inline constexpr i32 mcast_leave_group = 45;
inline constexpr i32 ip_multicast_all = 49;
inline constexpr i32 ip_unicast_if = 50;
inline constexpr i32 ip_local_port_range = 51;
inline constexpr i32 ip_protocol = 52;

// of IPPROTO_IPV6
inline constexpr i32 ipv6_2292pktinfo = 2;
inline constexpr i32 ipv6_2292hoplimit = 8;
inline constexpr i32 ipv6_flowinfo = 11;
inline constexpr i32 ipv6_unicast_hops = 16;
inline constexpr i32 ipv6_multicast_if = 17;
inline constexpr i32 ipv6_multicast_hops = 18;
inline constexpr i32 ipv6_multicast_loop = 19;
inline constexpr i32 ipv6_join_group = 20;
inline constexpr i32 ipv6_leave_group = 21;
inline constexpr i32 ipv6_mtu_discover = 23;
inline constexpr i32 ipv6_mtu = 24;
inline constexpr i32 ipv6_checksum = 7;
inline constexpr i32 ipv6_recverr = 25;
inline constexpr i32 ipv6_v6only = 26;
inline constexpr i32 ipv6_multicast_all = 29;
inline constexpr i32 ipv6_recvpktinfo = 49;
inline constexpr i32 ipv6_pktinfo = 50;
inline constexpr i32 ipv6_recvhoplimit = 51;
inline constexpr i32 ipv6_hoplimit = 52;
inline constexpr i32 ipv6_dontfrag = 62;
inline constexpr i32 ipv6_recvtclass = 66;
inline constexpr i32 ipv6_tclass = 67;
inline constexpr i32 ipv6_autoflowlabel = 70;
inline constexpr i32 ipv6_recvorigdstaddr = 74;
inline constexpr i32 ipv6_unicast_if = 76;

// of SOL_SOCKET in a control message
inline constexpr i32 scm_rights = 1;
inline constexpr i32 scm_credentials = 2;
inline constexpr i32 scm_security = 3;
inline constexpr i32 scm_pidfd = 4;
inline constexpr i32 scm_timestamp = 29;
inline constexpr i32 scm_timestampns = 35;

inline constexpr u32 scm_max_fd = 253;

// Addresses. Ports and addresses of the Internet are in network order.
struct SockAddr {
  u16 sa_family;
  u8 sa_data[14];
};

inline constexpr usize sockaddr_storage_size = 128;  // no address is longer
inline constexpr usize unix_path_max = 108;
struct SockAddrUn {
  u16 sun_family;
  u8 sun_path[unix_path_max];  // first byte NUL: an abstract name; NUL not needed at the end
};

struct SockAddrIn {
  u16 sin_family;
  u16 sin_port;
  u32 sin_addr;
  u8 sin_zero[8];
};

struct SockAddrIn6 {
  u16 sin6_family;
  u16 sin6_port;
  u32 sin6_flowinfo;
  u8 sin6_addr[16];
  u32 sin6_scope_id;
};

struct SockAddrNl {
  u16 nl_family;
  u16 nl_pad;
  u32 nl_pid;
  u32 nl_groups;
};

struct SockAddrLl {
  u16 sll_family;
  u16 sll_protocol;
  i32 sll_ifindex;
  u16 sll_hatype;
  u8 sll_pkttype;
  u8 sll_halen;
  u8 sll_addr[8];
};

// sendmsg(2), recvmsg(2)
struct MsgHdr {
  GuestAddr msg_name;
  i32 msg_namelen;
  u32 pad0;
  GuestAddr msg_iov;
  u64 msg_iovlen;
  GuestAddr msg_control;
  u64 msg_controllen;
  u32 msg_flags;
  u32 pad1;
};

struct MMsgHdr {
  MsgHdr msg_hdr;
  u32 msg_len;
  u32 pad0;
};

// The head of a control message; cmsg_len counts it and the data, and the next one begins at a multiple of 8.
struct CMsgHdr {
  u64 cmsg_len;
  i32 cmsg_level;
  i32 cmsg_type;
};
constexpr u64 cmsg_align(u64 n) { return (n + 7) & ~u64{7}; }
constexpr u64 cmsg_len(u64 data) { return sizeof(CMsgHdr) + data; }
constexpr u64 cmsg_space(u64 data) { return sizeof(CMsgHdr) + cmsg_align(data); }

// SO_PEERCRED, SCM_CREDENTIALS
struct UCred {
  i32 pid;
  u32 uid;
  u32 gid;
};

// SO_LINGER
struct Linger {
  i32 l_onoff;
  i32 l_linger;  // seconds
};

// SO_TXTIME
struct SockTxTime {
  i32 clockid;
  u32 flags;  // SOF_TXTIME_*
};

// SO_TIMESTAMPING
struct SoTimestamping {
  i32 flags;  // SOF_TIMESTAMPING_*
  i32 bind_phc;
};
inline constexpr i32 sof_timestamping_tx_software = 1 << 1;
inline constexpr i32 sof_timestamping_rx_software = 1 << 3;
inline constexpr i32 sof_timestamping_software = 1 << 4;
inline constexpr i32 sof_timestamping_opt_id = 1 << 7;
inline constexpr i32 sof_timestamping_tx_sched = 1 << 8;
inline constexpr i32 sof_timestamping_opt_tsonly = 1 << 11;
inline constexpr i32 sof_timestamping_opt_stats = 1 << 12;
inline constexpr i32 sof_timestamping_opt_id_tcp = 1 << 16;
inline constexpr i32 sof_timestamping_mask = (1 << 19) - 1;

// IP_PKTINFO, IPV6_PKTINFO
struct InPktInfo {
  i32 ipi_ifindex;
  u32 ipi_spec_dst;
  u32 ipi_addr;
};

struct In6PktInfo {
  u8 ipi6_addr[16];
  u32 ipi6_ifindex;
};

// IP_RECVERR, IPV6_RECVERR: an error that came later; behind it the address of who told of it. From include/uapi/linux/errqueue.h.
struct SockExtendedErr {
  u32 ee_errno;
  u8 ee_origin;
  u8 ee_type;
  u8 ee_code;
  u8 ee_pad;
  u32 ee_info;
  u32 ee_data;
};
inline constexpr u8 so_ee_origin_local = 1;
inline constexpr u8 so_ee_origin_icmp = 2;
inline constexpr u8 so_ee_origin_icmp6 = 3;
inline constexpr u8 so_ee_origin_timestamping = 4;
inline constexpr u8 so_ee_origin_zerocopy = 5;
inline constexpr u8 so_ee_code_zerocopy_copied = 1;

// IP_ADD_MEMBERSHIP
struct IpMreqn {
  u32 imr_multiaddr;
  u32 imr_address;
  i32 imr_ifindex;
};

// IPV6_JOIN_GROUP
struct Ipv6Mreq {
  u8 ipv6mr_multiaddr[16];
  i32 ipv6mr_ifindex;
};

// MCAST_JOIN_GROUP
struct GroupReq {
  u32 gr_interface;
  u32 pad0;
  u8 gr_group[sockaddr_storage_size];
};

// TCP_INFO: Linux grows it at the end; a caller gets as much as it asks for.
struct TcpInfo {
  u8 tcpi_state;
  u8 tcpi_ca_state;
  u8 tcpi_retransmits;
  u8 tcpi_probes;
  u8 tcpi_backoff;
  u8 tcpi_options;
  u8 tcpi_wscale;  // snd in the low half, rcv in the high
  u8 tcpi_flags;
  u32 tcpi_rto;
  u32 tcpi_ato;
  u32 tcpi_snd_mss;
  u32 tcpi_rcv_mss;
  u32 tcpi_unacked;
  u32 tcpi_sacked;
  u32 tcpi_lost;
  u32 tcpi_retrans;
  u32 tcpi_fackets;
  u32 tcpi_last_data_sent;
  u32 tcpi_last_ack_sent;
  u32 tcpi_last_data_recv;
  u32 tcpi_last_ack_recv;
  u32 tcpi_pmtu;
  u32 tcpi_rcv_ssthresh;
  u32 tcpi_rtt;
  u32 tcpi_rttvar;
  u32 tcpi_snd_ssthresh;
  u32 tcpi_snd_cwnd;
  u32 tcpi_advmss;
  u32 tcpi_reordering;
  u32 tcpi_rcv_rtt;
  u32 tcpi_rcv_space;
  u32 tcpi_total_retrans;
  u64 tcpi_pacing_rate;
  u64 tcpi_max_pacing_rate;
  u64 tcpi_bytes_acked;
  u64 tcpi_bytes_received;
  u32 tcpi_segs_out;
  u32 tcpi_segs_in;
  u32 tcpi_notsent_bytes;
  u32 tcpi_min_rtt;
  u32 tcpi_data_segs_in;
  u32 tcpi_data_segs_out;
  u64 tcpi_delivery_rate;
  u64 tcpi_busy_time;
  u64 tcpi_rwnd_limited;
  u64 tcpi_sndbuf_limited;
  u32 tcpi_delivered;
  u32 tcpi_delivered_ce;
  u64 tcpi_bytes_sent;
  u64 tcpi_bytes_retrans;
  u32 tcpi_dsack_dups;
  u32 tcpi_reord_seen;
  u32 tcpi_rcv_ooopack;
  u32 tcpi_snd_wnd;
  u32 tcpi_rcv_wnd;
  u32 tcpi_rehash;
};

// TcpInfo::tcpi_state
inline constexpr u8 tcp_established = 1;
inline constexpr u8 tcp_syn_sent = 2;
inline constexpr u8 tcp_syn_recv = 3;
inline constexpr u8 tcp_fin_wait1 = 4;
inline constexpr u8 tcp_fin_wait2 = 5;
inline constexpr u8 tcp_time_wait = 6;
inline constexpr u8 tcp_close = 7;
inline constexpr u8 tcp_close_wait = 8;
inline constexpr u8 tcp_last_ack = 9;
inline constexpr u8 tcp_listen = 10;
inline constexpr u8 tcp_closing = 11;

// netdevice(7): SIOCGIF*. What the last 24 bytes hold depends on the command.
inline constexpr usize ifnamsiz = 16;
struct IfReq {
  u8 ifr_ifrn_name[ifnamsiz];
  u8 ifr_ifru[24];
};
struct IfConf {
  i32 ifc_len;
  u32 pad0;
  GuestAddr ifc_buf;
};

// of SIOCGIFFLAGS
inline constexpr u32 iff_up = 1;
inline constexpr u32 iff_broadcast = 2;
inline constexpr u32 iff_loopback = 8;
inline constexpr u32 iff_pointopoint = 0x10;
inline constexpr u32 iff_running = 0x40;
inline constexpr u32 iff_noarp = 0x80;
inline constexpr u32 iff_promisc = 0x100;
inline constexpr u32 iff_multicast = 0x1000;

}  // namespace limen::abi
