// The oracle of abi/socket.h: the host's own headers, compared by the compiler.
#include "abi/socket.h"

#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(af_unspec, AF_UNSPEC);
SAME(af_unix, AF_UNIX);
SAME(af_inet, AF_INET);
SAME(af_inet6, AF_INET6);
SAME(af_netlink, AF_NETLINK);
SAME(af_packet, AF_PACKET);
SAME(af_vsock, AF_VSOCK);
SAME(af_alg, AF_ALG);
SAME(af_bluetooth, AF_BLUETOOTH);
SAME(af_xdp, AF_XDP);
SAME(sock_stream, SOCK_STREAM);
SAME(sock_dgram, SOCK_DGRAM);
SAME(sock_raw, SOCK_RAW);
SAME(sock_rdm, SOCK_RDM);
SAME(sock_seqpacket, SOCK_SEQPACKET);
SAME(sock_dccp, SOCK_DCCP);
SAME(sock_packet, SOCK_PACKET);
SAME(sock_cloexec, SOCK_CLOEXEC);
SAME(sock_nonblock, SOCK_NONBLOCK);
SAME(ipproto_ip, IPPROTO_IP);
SAME(ipproto_icmp, IPPROTO_ICMP);
SAME(ipproto_igmp, IPPROTO_IGMP);
SAME(ipproto_tcp, IPPROTO_TCP);
SAME(ipproto_udp, IPPROTO_UDP);
SAME(ipproto_ipv6, IPPROTO_IPV6);
SAME(ipproto_icmpv6, IPPROTO_ICMPV6);
SAME(ipproto_raw, IPPROTO_RAW);
SAME(ipproto_mptcp, IPPROTO_MPTCP);
SAME(shut_rd, SHUT_RD);
SAME(shut_wr, SHUT_WR);
SAME(shut_rdwr, SHUT_RDWR);
SAME(msg_oob, MSG_OOB);
SAME(msg_peek, MSG_PEEK);
SAME(msg_dontroute, MSG_DONTROUTE);
SAME(msg_ctrunc, MSG_CTRUNC);
SAME(msg_proxy, MSG_PROXY);
SAME(msg_trunc, MSG_TRUNC);
SAME(msg_dontwait, MSG_DONTWAIT);
SAME(msg_eor, MSG_EOR);
SAME(msg_waitall, MSG_WAITALL);
SAME(msg_fin, MSG_FIN);
SAME(msg_syn, MSG_SYN);
SAME(msg_confirm, MSG_CONFIRM);
SAME(msg_rst, MSG_RST);
SAME(msg_errqueue, MSG_ERRQUEUE);
SAME(msg_nosignal, MSG_NOSIGNAL);
SAME(msg_more, MSG_MORE);
SAME(msg_waitforone, MSG_WAITFORONE);
SAME(msg_zerocopy, MSG_ZEROCOPY);
SAME(msg_fastopen, MSG_FASTOPEN);
SAME(msg_cmsg_cloexec, MSG_CMSG_CLOEXEC);
SAME(sol_socket, SOL_SOCKET);
SAME(sol_ip, SOL_IP);
#ifdef SOL_TCP
SAME(sol_tcp, SOL_TCP);
#endif
#ifdef SOL_UDP
SAME(sol_udp, SOL_UDP);
#endif
SAME(sol_ipv6, SOL_IPV6);
SAME(sol_icmpv6, SOL_ICMPV6);
SAME(sol_raw, SOL_RAW);
SAME(sol_packet, SOL_PACKET);
SAME(sol_netlink, SOL_NETLINK);
SAME(so_debug, SO_DEBUG);
SAME(so_reuseaddr, SO_REUSEADDR);
SAME(so_type, SO_TYPE);
SAME(so_error, SO_ERROR);
SAME(so_dontroute, SO_DONTROUTE);
SAME(so_broadcast, SO_BROADCAST);
SAME(so_sndbuf, SO_SNDBUF);
SAME(so_rcvbuf, SO_RCVBUF);
SAME(so_keepalive, SO_KEEPALIVE);
SAME(so_oobinline, SO_OOBINLINE);
SAME(so_no_check, SO_NO_CHECK);
SAME(so_priority, SO_PRIORITY);
SAME(so_linger, SO_LINGER);
SAME(so_bsdcompat, SO_BSDCOMPAT);
SAME(so_reuseport, SO_REUSEPORT);
SAME(so_passcred, SO_PASSCRED);
SAME(so_peercred, SO_PEERCRED);
SAME(so_rcvlowat, SO_RCVLOWAT);
SAME(so_sndlowat, SO_SNDLOWAT);
SAME(so_rcvtimeo, SO_RCVTIMEO);
SAME(so_sndtimeo, SO_SNDTIMEO);
SAME(so_bindtodevice, SO_BINDTODEVICE);
SAME(so_attach_filter, SO_ATTACH_FILTER);
SAME(so_detach_filter, SO_DETACH_FILTER);
SAME(so_peername, SO_PEERNAME);
SAME(so_timestamp, SO_TIMESTAMP);
SAME(so_acceptconn, SO_ACCEPTCONN);
SAME(so_peersec, SO_PEERSEC);
SAME(so_sndbufforce, SO_SNDBUFFORCE);
SAME(so_rcvbufforce, SO_RCVBUFFORCE);
SAME(so_passsec, SO_PASSSEC);
SAME(so_timestampns, SO_TIMESTAMPNS);
SAME(so_mark, SO_MARK);
SAME(so_timestamping, SO_TIMESTAMPING);
SAME(so_protocol, SO_PROTOCOL);
SAME(so_domain, SO_DOMAIN);
SAME(so_rxq_ovfl, SO_RXQ_OVFL);
SAME(so_peek_off, SO_PEEK_OFF);
SAME(so_lock_filter, SO_LOCK_FILTER);
SAME(so_busy_poll, SO_BUSY_POLL);
SAME(so_incoming_cpu, SO_INCOMING_CPU);
SAME(so_meminfo, SO_MEMINFO);
SAME(so_cookie, SO_COOKIE);
SAME(so_peergroups, SO_PEERGROUPS);
SAME(so_zerocopy, SO_ZEROCOPY);
SAME(so_txtime, SO_TXTIME);
SAME(so_bindtoifindex, SO_BINDTOIFINDEX);
#ifdef SO_PASSPIDFD
SAME(so_passpidfd, SO_PASSPIDFD);
#endif
#ifdef SO_PEERPIDFD
SAME(so_peerpidfd, SO_PEERPIDFD);
#endif
SAME(tcp_nodelay, TCP_NODELAY);
SAME(tcp_maxseg, TCP_MAXSEG);
SAME(tcp_cork, TCP_CORK);
SAME(tcp_keepidle, TCP_KEEPIDLE);
SAME(tcp_keepintvl, TCP_KEEPINTVL);
SAME(tcp_keepcnt, TCP_KEEPCNT);
SAME(tcp_syncnt, TCP_SYNCNT);
SAME(tcp_linger2, TCP_LINGER2);
SAME(tcp_defer_accept, TCP_DEFER_ACCEPT);
SAME(tcp_window_clamp, TCP_WINDOW_CLAMP);
SAME(tcp_info, TCP_INFO);
SAME(tcp_quickack, TCP_QUICKACK);
SAME(tcp_congestion, TCP_CONGESTION);
SAME(tcp_user_timeout, TCP_USER_TIMEOUT);
SAME(tcp_fastopen, TCP_FASTOPEN);
SAME(tcp_notsent_lowat, TCP_NOTSENT_LOWAT);
SAME(tcp_fastopen_connect, TCP_FASTOPEN_CONNECT);
SAME(tcp_inq, TCP_INQ);
SAME(ip_tos, IP_TOS);
SAME(ip_ttl, IP_TTL);
SAME(ip_hdrincl, IP_HDRINCL);
SAME(ip_options, IP_OPTIONS);
SAME(ip_recvopts, IP_RECVOPTS);
SAME(ip_retopts, IP_RETOPTS);
SAME(ip_pktinfo, IP_PKTINFO);
SAME(ip_mtu_discover, IP_MTU_DISCOVER);
SAME(ip_recverr, IP_RECVERR);
SAME(ip_recvttl, IP_RECVTTL);
SAME(ip_recvtos, IP_RECVTOS);
SAME(ip_mtu, IP_MTU);
SAME(ip_freebind, IP_FREEBIND);
SAME(ip_transparent, IP_TRANSPARENT);
SAME(ip_bind_address_no_port, IP_BIND_ADDRESS_NO_PORT);
SAME(ip_multicast_if, IP_MULTICAST_IF);
SAME(ip_multicast_ttl, IP_MULTICAST_TTL);
SAME(ip_multicast_loop, IP_MULTICAST_LOOP);
SAME(ip_add_membership, IP_ADD_MEMBERSHIP);
SAME(ip_drop_membership, IP_DROP_MEMBERSHIP);
SAME(ipv6_unicast_hops, IPV6_UNICAST_HOPS);
SAME(ipv6_multicast_if, IPV6_MULTICAST_IF);
SAME(ipv6_multicast_hops, IPV6_MULTICAST_HOPS);
SAME(ipv6_multicast_loop, IPV6_MULTICAST_LOOP);
SAME(ipv6_join_group, IPV6_JOIN_GROUP);
SAME(ipv6_leave_group, IPV6_LEAVE_GROUP);
SAME(ipv6_mtu_discover, IPV6_MTU_DISCOVER);
SAME(ipv6_mtu, IPV6_MTU);
SAME(ipv6_checksum, IPV6_CHECKSUM);
SAME(ipv6_recverr, IPV6_RECVERR);
SAME(ipv6_v6only, IPV6_V6ONLY);
SAME(ipv6_recvpktinfo, IPV6_RECVPKTINFO);
SAME(ipv6_pktinfo, IPV6_PKTINFO);
SAME(ipv6_recvhoplimit, IPV6_RECVHOPLIMIT);
SAME(ipv6_hoplimit, IPV6_HOPLIMIT);
SAME(ipv6_recvtclass, IPV6_RECVTCLASS);
SAME(ipv6_tclass, IPV6_TCLASS);
SAME(scm_rights, SCM_RIGHTS);
SAME(scm_credentials, SCM_CREDENTIALS);
#ifdef SCM_SECURITY
SAME(scm_security, SCM_SECURITY);
#endif
#ifdef SCM_PIDFD
SAME(scm_pidfd, SCM_PIDFD);
#endif
SAME(scm_timestamp, SCM_TIMESTAMP);
SAME(scm_timestampns, SCM_TIMESTAMPNS);
SAME(tcp_established, TCP_ESTABLISHED);
SAME(tcp_syn_sent, TCP_SYN_SENT);
SAME(tcp_syn_recv, TCP_SYN_RECV);
SAME(tcp_fin_wait1, TCP_FIN_WAIT1);
SAME(tcp_fin_wait2, TCP_FIN_WAIT2);
SAME(tcp_time_wait, TCP_TIME_WAIT);
SAME(tcp_close, TCP_CLOSE);
SAME(tcp_close_wait, TCP_CLOSE_WAIT);
SAME(tcp_last_ack, TCP_LAST_ACK);
SAME(tcp_listen, TCP_LISTEN);
SAME(tcp_closing, TCP_CLOSING);
SAME(iff_up, IFF_UP);
SAME(iff_broadcast, IFF_BROADCAST);
SAME(iff_loopback, IFF_LOOPBACK);
SAME(iff_pointopoint, IFF_POINTOPOINT);
SAME(iff_running, IFF_RUNNING);
SAME(iff_noarp, IFF_NOARP);
SAME(iff_promisc, IFF_PROMISC);
SAME(iff_multicast, IFF_MULTICAST);

SAME_SIZE(SockAddr, sockaddr);
SAME_OFFSET(SockAddr, sa_family, sockaddr, sa_family);
SAME_OFFSET(SockAddr, sa_data, sockaddr, sa_data);
SAME_SIZE(SockAddrUn, sockaddr_un);
SAME_OFFSET(SockAddrUn, sun_family, sockaddr_un, sun_family);
SAME_OFFSET(SockAddrUn, sun_path, sockaddr_un, sun_path);
SAME_SIZE(SockAddrIn, sockaddr_in);
SAME_OFFSET(SockAddrIn, sin_family, sockaddr_in, sin_family);
SAME_OFFSET(SockAddrIn, sin_port, sockaddr_in, sin_port);
SAME_OFFSET(SockAddrIn, sin_addr, sockaddr_in, sin_addr);
SAME_OFFSET(SockAddrIn, sin_zero, sockaddr_in, sin_zero);
SAME_SIZE(SockAddrIn6, sockaddr_in6);
SAME_OFFSET(SockAddrIn6, sin6_family, sockaddr_in6, sin6_family);
SAME_OFFSET(SockAddrIn6, sin6_port, sockaddr_in6, sin6_port);
SAME_OFFSET(SockAddrIn6, sin6_flowinfo, sockaddr_in6, sin6_flowinfo);
SAME_OFFSET(SockAddrIn6, sin6_addr, sockaddr_in6, sin6_addr);
SAME_OFFSET(SockAddrIn6, sin6_scope_id, sockaddr_in6, sin6_scope_id);
SAME_SIZE(SockAddrNl, sockaddr_nl);
SAME_OFFSET(SockAddrNl, nl_family, sockaddr_nl, nl_family);
SAME_OFFSET(SockAddrNl, nl_pad, sockaddr_nl, nl_pad);
SAME_OFFSET(SockAddrNl, nl_pid, sockaddr_nl, nl_pid);
SAME_OFFSET(SockAddrNl, nl_groups, sockaddr_nl, nl_groups);
SAME_SIZE(SockAddrLl, sockaddr_ll);
SAME_OFFSET(SockAddrLl, sll_family, sockaddr_ll, sll_family);
SAME_OFFSET(SockAddrLl, sll_protocol, sockaddr_ll, sll_protocol);
SAME_OFFSET(SockAddrLl, sll_ifindex, sockaddr_ll, sll_ifindex);
SAME_OFFSET(SockAddrLl, sll_hatype, sockaddr_ll, sll_hatype);
SAME_OFFSET(SockAddrLl, sll_pkttype, sockaddr_ll, sll_pkttype);
SAME_OFFSET(SockAddrLl, sll_halen, sockaddr_ll, sll_halen);
SAME_OFFSET(SockAddrLl, sll_addr, sockaddr_ll, sll_addr);
SAME_SIZE(MsgHdr, msghdr);
SAME_OFFSET(MsgHdr, msg_name, msghdr, msg_name);
SAME_OFFSET(MsgHdr, msg_namelen, msghdr, msg_namelen);
SAME_OFFSET(MsgHdr, msg_iov, msghdr, msg_iov);
SAME_OFFSET(MsgHdr, msg_iovlen, msghdr, msg_iovlen);
SAME_OFFSET(MsgHdr, msg_control, msghdr, msg_control);
SAME_OFFSET(MsgHdr, msg_controllen, msghdr, msg_controllen);
SAME_OFFSET(MsgHdr, msg_flags, msghdr, msg_flags);
SAME_SIZE(MMsgHdr, mmsghdr);
SAME_OFFSET(MMsgHdr, msg_hdr, mmsghdr, msg_hdr);
SAME_OFFSET(MMsgHdr, msg_len, mmsghdr, msg_len);
SAME_SIZE(CMsgHdr, cmsghdr);
SAME_OFFSET(CMsgHdr, cmsg_len, cmsghdr, cmsg_len);
SAME_OFFSET(CMsgHdr, cmsg_level, cmsghdr, cmsg_level);
SAME_OFFSET(CMsgHdr, cmsg_type, cmsghdr, cmsg_type);
SAME_SIZE(UCred, ucred);
SAME_OFFSET(UCred, pid, ucred, pid);
SAME_OFFSET(UCred, uid, ucred, uid);
SAME_OFFSET(UCred, gid, ucred, gid);
SAME_SIZE(Linger, linger);
SAME_OFFSET(Linger, l_onoff, linger, l_onoff);
SAME_OFFSET(Linger, l_linger, linger, l_linger);
SAME_SIZE(InPktInfo, in_pktinfo);
SAME_OFFSET(InPktInfo, ipi_ifindex, in_pktinfo, ipi_ifindex);
SAME_OFFSET(InPktInfo, ipi_spec_dst, in_pktinfo, ipi_spec_dst);
SAME_OFFSET(InPktInfo, ipi_addr, in_pktinfo, ipi_addr);
SAME_SIZE(In6PktInfo, in6_pktinfo);
SAME_OFFSET(In6PktInfo, ipi6_addr, in6_pktinfo, ipi6_addr);
SAME_OFFSET(In6PktInfo, ipi6_ifindex, in6_pktinfo, ipi6_ifindex);
SAME_SIZE(IpMreqn, ip_mreqn);
SAME_OFFSET(IpMreqn, imr_multiaddr, ip_mreqn, imr_multiaddr);
SAME_OFFSET(IpMreqn, imr_address, ip_mreqn, imr_address);
SAME_OFFSET(IpMreqn, imr_ifindex, ip_mreqn, imr_ifindex);
SAME_OFFSET(TcpInfo, tcpi_state, struct tcp_info, tcpi_state);
SAME_OFFSET(TcpInfo, tcpi_rto, struct tcp_info, tcpi_rto);
SAME_OFFSET(TcpInfo, tcpi_pmtu, struct tcp_info, tcpi_pmtu);
SAME_OFFSET(TcpInfo, tcpi_rcv_ssthresh, struct tcp_info, tcpi_rcv_ssthresh);
SAME_OFFSET(TcpInfo, tcpi_total_retrans, struct tcp_info, tcpi_total_retrans);
SAME_SIZE(IfReq, ifreq);
SAME_SIZE(IfConf, ifconf);

}  // namespace limen::abi
