// Netlink messages, as far as getifaddrs(3) and `ip addr` need them.
// Source: netlink(7), rtnetlink(7); include/uapi/linux/{netlink,rtnetlink,if_link,if_addr}.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// The protocol of the socket
inline constexpr i32 netlink_route = 0;
inline constexpr i32 netlink_sock_diag = 4;
inline constexpr i32 netlink_audit = 9;
inline constexpr i32 netlink_kobject_uevent = 15;
inline constexpr i32 netlink_generic = 16;

struct NlMsgHdr {
  u32 nlmsg_len;
  u16 nlmsg_type;
  u16 nlmsg_flags;
  u32 nlmsg_seq;
  u32 nlmsg_pid;
};

struct NlMsgErr {
  i32 error;  // negative errno; 0 acknowledges
  NlMsgHdr msg;
};

constexpr u32 nlmsg_align(u32 n) { return (n + 3) & ~3u; }

// nlmsg_flags
inline constexpr u16 nlm_f_request = 1;
inline constexpr u16 nlm_f_multi = 2;
inline constexpr u16 nlm_f_ack = 4;
inline constexpr u16 nlm_f_echo = 8;
inline constexpr u16 nlm_f_dump_intr = 0x10;
inline constexpr u16 nlm_f_root = 0x100;
inline constexpr u16 nlm_f_match = 0x200;
inline constexpr u16 nlm_f_atomic = 0x400;
inline constexpr u16 nlm_f_dump = 0x300;

// nlmsg_type
inline constexpr u16 nlmsg_noop = 1;
inline constexpr u16 nlmsg_error = 2;
inline constexpr u16 nlmsg_done = 3;
inline constexpr u16 nlmsg_overrun = 4;
inline constexpr u16 rtm_newlink = 16;
inline constexpr u16 rtm_dellink = 17;
inline constexpr u16 rtm_getlink = 18;
inline constexpr u16 rtm_setlink = 19;
inline constexpr u16 rtm_newaddr = 20;
inline constexpr u16 rtm_deladdr = 21;
inline constexpr u16 rtm_getaddr = 22;
inline constexpr u16 rtm_newroute = 24;
inline constexpr u16 rtm_delroute = 25;
inline constexpr u16 rtm_getroute = 26;

struct RtAttr {
  u16 rta_len;
  u16 rta_type;
};

struct IfInfoMsg {
  u8 ifi_family;
  u8 pad0;
  u16 ifi_type;
  i32 ifi_index;
  u32 ifi_flags;
  u32 ifi_change;
};

struct IfAddrMsg {
  u8 ifa_family;
  u8 ifa_prefixlen;
  u8 ifa_flags;
  u8 ifa_scope;
  u32 ifa_index;
};

struct RtMsg {
  u8 rtm_family;
  u8 rtm_dst_len;
  u8 rtm_src_len;
  u8 rtm_tos;
  u8 rtm_table;
  u8 rtm_protocol;
  u8 rtm_scope;
  u8 rtm_type;
  u32 rtm_flags;
};

// rta_type
inline constexpr u16 ifla_address = 1;
inline constexpr u16 ifla_broadcast = 2;
inline constexpr u16 ifla_ifname = 3;
inline constexpr u16 ifla_mtu = 4;
inline constexpr u16 ifla_qdisc = 6;
inline constexpr u16 ifla_stats = 7;
inline constexpr u16 ifla_txqlen = 13;
inline constexpr u16 ifla_operstate = 16;
inline constexpr u16 ifla_linkmode = 17;
inline constexpr u16 ifa_address = 1;
inline constexpr u16 ifa_local = 2;
inline constexpr u16 ifa_label = 3;
inline constexpr u16 ifa_broadcast = 4;
inline constexpr u16 ifa_cacheinfo = 6;
inline constexpr u16 ifa_flags = 8;
inline constexpr u16 rta_dst = 1;
inline constexpr u16 rta_oif = 4;
inline constexpr u16 rta_gateway = 5;
inline constexpr u16 rta_prefsrc = 7;
inline constexpr u16 rta_table = 15;

inline constexpr u32 ifa_f_permanent = 128;
inline constexpr u32 rt_scope_universe = 0;
inline constexpr u32 rt_scope_link = 253;
inline constexpr u32 rt_scope_host = 254;
inline constexpr u32 rt_table_main = 254;
inline constexpr u32 rt_table_local = 255;
inline constexpr u32 arphrd_ether = 1;
inline constexpr u32 arphrd_loopback = 772;

}  // namespace limen::abi
