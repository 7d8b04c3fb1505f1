// Multicast over `lo`: a datagram to a group reaches the sockets of its port once any socket has joined the group there. No route
// leads to a group, so a sender names the interface; IPv6 finds none for a group at all. Source: ip(7), ipv6(7);
// net/ipv4/{igmp,ip_sockglue,udp}.c, net/ipv6/mcast.c, as they behave where `lo` alone is up.
#include <algorithm>
#include <cstring>

#include "kernel/net/interface.h"
#include "kernel/net/option_value.h"
#include "kernel/net/socket.h"

namespace limen {
namespace {

constexpr usize kMostGroups = 20;    // net.ipv4.igmp_max_memberships
constexpr usize kMostGroups6 = 512;  // Linux: as many as net.core.optmem_max has room for

InetAddress inet_of(u32 ip) {
  InetAddress address;
  address.ip[10] = address.ip[11] = 0xff;
  std::memcpy(address.ip.data() + 12, &ip, sizeof ip);
  return address;
}

// Which interface a request names. Linux: ip_mc_find_dev. enodev: none.
Result<i32> interface_of(const abi::IpMreqn& request) {
  if (request.imr_ifindex != 0) return request.imr_ifindex == lo_index ? Result<i32>(lo_index) : Errno::enodev;
  return inet_of(request.imr_address).loopback() ? Result<i32>(lo_index) : Errno::enodev;
}

}  // namespace

// IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP and those that take it back.
Result<void> Socket::change_membership(const InetAddress& group, i32 interface, bool member) {
  if (interface != lo_index) return Errno::enodev;
  {
    MutexGuard guard(endpoint_->lock);
    if (!member) {
      if (endpoint_->memberships.erase(group.ip) == 0) return Errno::eaddrnotavail;
    } else {
      const bool v4 = group.v4();
      const auto same = [&](const auto& ip) { return InetAddress{ip, 0}.v4() == v4; };
      const auto joined = std::count_if(endpoint_->memberships.begin(), endpoint_->memberships.end(), same);
      if (endpoint_->memberships.contains(group.ip)) return Errno::eaddrinuse;
      if (static_cast<usize>(joined) >= (v4 ? kMostGroups : kMostGroups6)) return Errno::enobufs;
      endpoint_->memberships.insert(group.ip);
    }
  }
  if (member)
    net_->tables->join_group(group.ip);
  else
    net_->tables->leave_group(group.ip);
  return success;
}

void Socket::leave_all_groups() {
  std::set<std::array<u8, 16>> groups;
  {
    MutexGuard guard(endpoint_->lock);
    groups.swap(endpoint_->memberships);
  }
  for (const auto& group : groups) net_->tables->leave_group(group);
}

// IP_MULTICAST_IF: an address, or an ip_mreq or ip_mreqn whose group does not count.
Result<void> Socket::choose_multicast_interface(std::span<const u8> value) {
  if (is_tcp() || value.size() < sizeof(u32)) return Errno::einval;
  abi::IpMreqn chosen{};
  if (value.size() >= sizeof chosen) {
    chosen = TRY(value_of<abi::IpMreqn>(value));
  } else {
    chosen.imr_address = TRY(value_of<u32>(value.size() >= 2 * sizeof(u32) ? value.subspan(sizeof(u32)) : value));
  }
  const bool none = chosen.imr_ifindex == 0 && chosen.imr_address == 0;
  if (!none && !interface_of(chosen).ok()) return Errno::eaddrnotavail;
  MutexGuard guard(lock_);
  multicast_if_ = chosen;
  return success;
}

// Did it know the option?
Result<bool> Socket::set_multicast_option(int level, int option, std::span<const u8> value) {
  const bool v6 = level == abi::sol_ipv6;
  const bool join = option == abi::mcast_join_group || option == (v6 ? abi::ipv6_join_group : abi::ip_add_membership);
  const bool leave =
      option == abi::mcast_leave_group || option == (v6 ? abi::ipv6_leave_group : abi::ip_drop_membership);
  if (!v6 && option == abi::ip_multicast_if) {
    TRY(choose_multicast_interface(value));
    return true;
  }
  if (v6 && option == abi::ipv6_multicast_if) {
    if (is_tcp()) return Errno::enoprotoopt;
    const i32 index = TRY(value_of<i32>(value));
    if (index != 0 && index != lo_index) return Errno::enodev;
    return false;
  }
  if (!join && !leave) return false;
  InetAddress group;
  i32 interface = 0;
  if (option == abi::mcast_join_group || option == abi::mcast_leave_group) {
    const abi::GroupReq request = TRY(value_of<abi::GroupReq>(value));
    SocketAddress address;
    address.bytes.assign(reinterpret_cast<const char*>(request.gr_group), sizeof(abi::SockAddrIn6));
    if (address.family() != (v6 ? abi::af_inet6 : abi::af_inet)) return v6 ? Errno::eaddrnotavail : Errno::einval;
    group = TRY(parse_inet(address, v6 ? abi::af_inet6 : abi::af_inet));
    interface = static_cast<i32>(request.gr_interface);
    if (is_tcp()) return Errno::eproto;
  } else if (v6) {
    if (value.size() < sizeof(abi::Ipv6Mreq)) return Errno::einval;
    if (is_tcp()) return Errno::eproto;
    const abi::Ipv6Mreq request = TRY(value_of<abi::Ipv6Mreq>(value));
    std::copy(std::begin(request.ipv6mr_multiaddr), std::end(request.ipv6mr_multiaddr), group.ip.begin());
    interface = request.ipv6mr_ifindex;
    if (leave && interface == 0) interface = lo_index;
  } else {
    if (is_tcp()) return Errno::eproto;
    if (value.size() < 2 * sizeof(u32)) return Errno::einval;
    abi::IpMreqn request{};
    std::memcpy(&request, value.data(), std::min(value.size(), sizeof request));
    group = inet_of(request.imr_multiaddr);
    if (!group.multicast() && join) return Errno::einval;
    interface = TRY(interface_of(request));
  }
  group.port = 0;
  if (!group.multicast() || (v6 && group.v4())) return Errno::einval;
  TRY(change_membership(group, interface, join));
  return true;
}

// From where a datagram to a group goes: no route leads there, so that an interface must have been named.
Result<InetAddress> Socket::multicast_source(const InetAddress& group, const SentControl& control) {
  if (!group.v4() || !is_datagram() || !net_->lo_is_up()) return Errno::enetunreach;
  InetAddress local = TRY(parse_inet(name(), domain_));
  if (control.source) return InetAddress{*control.source, local.port};
  if (local.multicast()) local.ip = inet_of(0).ip;  // bound to a group: that is no source
  if (!local.any()) return local;
  abi::IpMreqn chosen{};
  {
    MutexGuard guard(lock_);
    chosen = multicast_if_;
  }
  const bool named = chosen.imr_ifindex != 0 || chosen.imr_address != 0 || options_->interface() == lo_index;
  if (!named) return Errno::enetunreach;
  return InetAddress{inet_of(chosen.imr_address).ip, local.port};
}

}  // namespace limen
