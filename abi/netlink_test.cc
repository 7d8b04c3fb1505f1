// The oracle of abi/netlink.h: the host's own headers, compared by the compiler.
#include "abi/netlink.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(netlink_route, NETLINK_ROUTE);
SAME(netlink_sock_diag, NETLINK_SOCK_DIAG);
SAME(netlink_audit, NETLINK_AUDIT);
SAME(netlink_kobject_uevent, NETLINK_KOBJECT_UEVENT);
SAME(netlink_generic, NETLINK_GENERIC);
SAME(nlm_f_request, NLM_F_REQUEST);
SAME(nlm_f_multi, NLM_F_MULTI);
SAME(nlm_f_ack, NLM_F_ACK);
SAME(nlm_f_echo, NLM_F_ECHO);
SAME(nlm_f_dump_intr, NLM_F_DUMP_INTR);
SAME(nlm_f_root, NLM_F_ROOT);
SAME(nlm_f_match, NLM_F_MATCH);
SAME(nlm_f_atomic, NLM_F_ATOMIC);
SAME(nlm_f_dump, NLM_F_DUMP);
SAME(nlmsg_noop, NLMSG_NOOP);
SAME(nlmsg_error, NLMSG_ERROR);
SAME(nlmsg_done, NLMSG_DONE);
SAME(nlmsg_overrun, NLMSG_OVERRUN);
SAME(rtm_newlink, RTM_NEWLINK);
SAME(rtm_dellink, RTM_DELLINK);
SAME(rtm_getlink, RTM_GETLINK);
SAME(rtm_setlink, RTM_SETLINK);
SAME(rtm_newaddr, RTM_NEWADDR);
SAME(rtm_deladdr, RTM_DELADDR);
SAME(rtm_getaddr, RTM_GETADDR);
SAME(rtm_newroute, RTM_NEWROUTE);
SAME(rtm_delroute, RTM_DELROUTE);
SAME(rtm_getroute, RTM_GETROUTE);
SAME(ifla_address, IFLA_ADDRESS);
SAME(ifla_broadcast, IFLA_BROADCAST);
SAME(ifla_ifname, IFLA_IFNAME);
SAME(ifla_mtu, IFLA_MTU);
SAME(ifla_qdisc, IFLA_QDISC);
SAME(ifla_stats, IFLA_STATS);
SAME(ifla_txqlen, IFLA_TXQLEN);
SAME(ifla_operstate, IFLA_OPERSTATE);
SAME(ifla_linkmode, IFLA_LINKMODE);
SAME(ifa_address, IFA_ADDRESS);
SAME(ifa_local, IFA_LOCAL);
SAME(ifa_label, IFA_LABEL);
SAME(ifa_broadcast, IFA_BROADCAST);
SAME(ifa_cacheinfo, IFA_CACHEINFO);
SAME(ifa_flags, IFA_FLAGS);
SAME(rta_dst, RTA_DST);
SAME(rta_oif, RTA_OIF);
SAME(rta_gateway, RTA_GATEWAY);
SAME(rta_prefsrc, RTA_PREFSRC);
SAME(rta_table, RTA_TABLE);
SAME(ifa_f_permanent, IFA_F_PERMANENT);
SAME(rt_scope_universe, RT_SCOPE_UNIVERSE);
SAME(rt_scope_link, RT_SCOPE_LINK);
SAME(rt_scope_host, RT_SCOPE_HOST);
SAME(rt_table_main, RT_TABLE_MAIN);
SAME(rt_table_local, RT_TABLE_LOCAL);
SAME(arphrd_ether, ARPHRD_ETHER);
SAME(arphrd_loopback, ARPHRD_LOOPBACK);

SAME_SIZE(NlMsgHdr, nlmsghdr);
SAME_OFFSET(NlMsgHdr, nlmsg_len, nlmsghdr, nlmsg_len);
SAME_OFFSET(NlMsgHdr, nlmsg_type, nlmsghdr, nlmsg_type);
SAME_OFFSET(NlMsgHdr, nlmsg_flags, nlmsghdr, nlmsg_flags);
SAME_OFFSET(NlMsgHdr, nlmsg_seq, nlmsghdr, nlmsg_seq);
SAME_OFFSET(NlMsgHdr, nlmsg_pid, nlmsghdr, nlmsg_pid);
SAME_SIZE(NlMsgErr, nlmsgerr);
SAME_OFFSET(NlMsgErr, error, nlmsgerr, error);
SAME_OFFSET(NlMsgErr, msg, nlmsgerr, msg);
SAME_SIZE(RtAttr, rtattr);
SAME_OFFSET(RtAttr, rta_len, rtattr, rta_len);
SAME_OFFSET(RtAttr, rta_type, rtattr, rta_type);
SAME_SIZE(IfInfoMsg, ifinfomsg);
SAME_OFFSET(IfInfoMsg, ifi_family, ifinfomsg, ifi_family);
SAME_OFFSET(IfInfoMsg, ifi_type, ifinfomsg, ifi_type);
SAME_OFFSET(IfInfoMsg, ifi_index, ifinfomsg, ifi_index);
SAME_OFFSET(IfInfoMsg, ifi_flags, ifinfomsg, ifi_flags);
SAME_OFFSET(IfInfoMsg, ifi_change, ifinfomsg, ifi_change);
SAME_SIZE(IfAddrMsg, ifaddrmsg);
SAME_OFFSET(IfAddrMsg, ifa_family, ifaddrmsg, ifa_family);
SAME_OFFSET(IfAddrMsg, ifa_prefixlen, ifaddrmsg, ifa_prefixlen);
SAME_OFFSET(IfAddrMsg, ifa_flags, ifaddrmsg, ifa_flags);
SAME_OFFSET(IfAddrMsg, ifa_scope, ifaddrmsg, ifa_scope);
SAME_OFFSET(IfAddrMsg, ifa_index, ifaddrmsg, ifa_index);
SAME_SIZE(RtMsg, rtmsg);
SAME_OFFSET(RtMsg, rtm_family, rtmsg, rtm_family);
SAME_OFFSET(RtMsg, rtm_dst_len, rtmsg, rtm_dst_len);
SAME_OFFSET(RtMsg, rtm_src_len, rtmsg, rtm_src_len);
SAME_OFFSET(RtMsg, rtm_tos, rtmsg, rtm_tos);
SAME_OFFSET(RtMsg, rtm_table, rtmsg, rtm_table);
SAME_OFFSET(RtMsg, rtm_protocol, rtmsg, rtm_protocol);
SAME_OFFSET(RtMsg, rtm_scope, rtmsg, rtm_scope);
SAME_OFFSET(RtMsg, rtm_type, rtmsg, rtm_type);
SAME_OFFSET(RtMsg, rtm_flags, rtmsg, rtm_flags);

}  // namespace limen::abi
