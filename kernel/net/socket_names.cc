// Names: bind, what an address leads to, getsockname and getpeername.
#include <cstring>

#include "abi/fcntl.h"
#include "abi/landlock.h"
#include "kernel/kernel.h"
#include "kernel/landlock/access.h"
#include "kernel/net/socket.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/names.h"

namespace limen {

SocketAddress family_only(i32 domain) {
  const u16 family = static_cast<u16>(domain);
  return {std::string(reinterpret_cast<const char*>(&family), sizeof family)};
}

namespace {

// "" where the address is a name in a filesystem, without its NULs; abstract names begin with a NUL and are kept whole.
std::string unix_path(const SocketAddress& address) {
  const std::string path = address.bytes.substr(2);
  return !path.empty() && path[0] == '\0' ? path : std::string(path.c_str());
}

bool is_abstract(const SocketAddress& address) { return address.bytes.size() > 2 && address.bytes[2] == '\0'; }

Result<void> check_unix(const SocketAddress& address) {
  if (address.bytes.size() <= 2 || address.bytes.size() > sizeof(abi::SockAddrUn)) return Errno::einval;
  return address.family() == abi::af_unix ? Result<void>() : Result<void>(Errno::einval);
}

// A scope of the caller's Landlock domain ends at abstract names of sockets from outside. Linux: hook_unix_stream_connect, hook_unix_may_send.
Result<void> may_reach(Task& task, Endpoint& other, u32 type) {
  const auto& domain = task.credentials().landlock;
  if (!domain || other.type != type) return success;
  MutexGuard guard(other.lock);
  const bool scoped = domain->is_scoped_from(other.landlock.get(), abi::landlock_scope_abstract_unix_socket);
  return scoped ? Errno::eperm : Result<void>();
}

// The sandbox's own addresses; 0.0.0.0 and :: mean them too.
bool is_local(const InetAddress& a) { return a.any() || a.loopback(); }

}  // namespace

InetAddress any_of(i32 domain) {
  InetAddress any;
  if (domain == abi::af_inet) any.ip[10] = any.ip[11] = 0xff;
  return any;
}

Result<void> Socket::bind_unix(Task& task, const SocketAddress& address) {
  if (address.bytes.size() == 2 && address.family() == abi::af_unix) return autobind(task);
  TRY(check_unix(address));
  bool is_bound = false;
  {
    MutexGuard guard(lock_);
    is_bound = bound_;
  }
  if (is_bound) {  // Linux looks at the name first
    WalkFlags flags;
    flags.follow = false;
    const bool is_taken = !is_abstract(address) && walk(task, abi::at_fdcwd.raw(), unix_path(address), flags).ok();
    return is_taken ? Errno::eaddrinuse : Errno::einval;
  }
  if (is_abstract(address)) {
    TRY(net_->tables->bind_abstract(address.bytes.substr(2), endpoint_));
  } else {
    const ParentAndName where = TRY(walk_parent(task, abi::at_fdcwd.raw(), unix_path(address)));
    const Result<Path> made = make_name(task, where, abi::s_ifsock | (0777 & ~task.fs().umask()));
    if (!made.ok()) return made.is(Errno::eexist) ? Errno::eaddrinuse : made.error();
    made->inode().bind_socket(endpoint_);
  }
  SocketAddress local = address;
  if (!is_abstract(address)) local.bytes = address.bytes.substr(0, 2) + unix_path(address) + '\0';
  {
    MutexGuard guard(lock_);
    local_ = local, bound_ = true;
  }
  MutexGuard guard(endpoint_->lock);
  endpoint_->address = local;
  return success;
}

// Linux: __inet_bind, __inet6_bind.
Result<void> Socket::bind_inet(Task& task, const SocketAddress& address) {
  SocketAddress given = address;
  if (domain_ == abi::af_inet6 && address.family() != abi::af_inet6) {
    return address.bytes.size() < 24 ? Errno::einval : Errno::eafnosupport;
  }
  if (domain_ == abi::af_inet && address.family() == abi::af_unspec &&
      address.bytes.size() >= sizeof(abi::SockAddrIn)) {
    given.bytes[0] = abi::af_inet;
    if (const InetAddress in = TRY(parse_inet(given, domain_)); !in.any()) return Errno::eafnosupport;
  }
  const InetAddress wanted = TRY(parse_inet(given, domain_));
  if (domain_ == abi::af_inet6 && wanted.v4()) {
    MutexGuard guard(endpoint_->lock);
    if (endpoint_->only_v6) return Errno::einval;
  }
  const bool group = wanted.multicast() && is_datagram();
  if ((!is_local(wanted) && !group) ||
      !(wanted.any() || group || net_->lo_is_up() || (wanted.v4() && net_->lo_has_v4()))) {
    return Errno::eaddrnotavail;
  }
  const bool is_port = is_tcp() || is_udp();
  if (is_port && wanted.port != 0 && wanted.port < net_->settings->ip_unprivileged_port_start &&
      !task.credentials().capable_in(*net_, Capability::net_bind_service)) {
    return Errno::eacces;
  }
  {
    MutexGuard guard(lock_);
    if (bound_ || connected_ || listening_) return Errno::einval;
  }
  if (type_ == abi::sock_raw) return bind_raw(wanted);
  TRY(take_port(task, wanted));
  MutexGuard guard(lock_);
  address_chosen_ = !wanted.any(), port_chosen_ = wanted.port != 0;
  return success;
}

Result<void> Socket::take_port(Task&, InetAddress wanted) {
  wanted = TRY(net_->tables->bind_port(wanted, endpoint_));
  const SocketAddress local = make_inet(wanted, domain_);
  {
    MutexGuard guard(lock_);
    local_ = local, bound_ = true;
  }
  MutexGuard guard(endpoint_->lock);
  endpoint_->address = local;
  return success;
}

Result<void> Socket::autobind(Task& task) {
  InetAddress wanted = any_of(domain_);
  {
    MutexGuard guard(lock_);
    if (bound_) return success;
    if (is_inet() && address_chosen_) wanted = TRY(parse_inet(local_, domain_));
  }
  wanted.port = 0;
  if (is_inet()) return take_port(task, wanted);
  SocketAddress local = family_only(domain_);
  local.bytes += net_->tables->autobind_abstract(endpoint_);
  {
    MutexGuard guard(lock_);
    local_ = local, bound_ = true;
  }
  MutexGuard guard(endpoint_->lock);
  endpoint_->address = local;
  return success;
}

// Ports of TCP, as the caller's Landlock domain allows them. Linux: hook_socket_bind, hook_socket_connect.
Result<void> Socket::check_domain(Task& task, const SocketAddress& address, u64 right) {
  const auto& domain = task.credentials().landlock;
  if (!domain || !is_tcp()) return success;
  if (address.bytes.size() < sizeof(u16)) return Errno::einval;
  const bool unspecified = address.family() == abi::af_unspec;
  if (!unspecified && address.family() != abi::af_inet && address.family() != abi::af_inet6) return success;
  if (address.bytes.size() < (address.family() == abi::af_inet6 ? 24 : sizeof(abi::SockAddrIn))) return Errno::einval;
  if (unspecified) {  // the end of a connection; bound as AF_INET's INADDR_ANY
    if (right == abi::landlock_access_net_connect_tcp) return success;
    if (address.bytes.substr(4, 4) != std::string(4, '\0')) return Errno::eafnosupport;
  } else if (address.family() != domain_) {
    return Errno::einval;
  }
  const u16 port = static_cast<u16>(static_cast<u8>(address.bytes[2]) << 8 | static_cast<u8>(address.bytes[3]));
  return landlock::check_port(*domain, port, right);
}

Result<void> Socket::bind(Task& task, SocketAddress address) {
  TRY(check_domain(task, address, abi::landlock_access_net_bind_tcp));
  return is_inet() ? bind_inet(task, address) : bind_unix(task, address);
}

// Where a connection or a datagram is to go.
Result<InetAddress> Socket::parse_destination(const SocketAddress& address) {
  const InetAddress to = TRY(parse_inet(address, domain_));
  if (domain_ == abi::af_inet6 && to.v4()) {
    MutexGuard guard(endpoint_->lock);
    if (endpoint_->only_v6) return address.family() == abi::af_inet ? Errno::eafnosupport : Errno::enetunreach;
  }
  if (is_datagram() && to.multicast() && net_->lo_is_up())
    return to;  // multicast_source knows whether something leads there
  return is_local(to) && net_->lo_is_up() ? Result<InetAddress>(to) : Result<InetAddress>(Errno::enetunreach);
}

Result<Ref<Endpoint>> Socket::find_target(Task& task, const SocketAddress& address, const SocketAddress* from) {
  Ref<Endpoint> found;
  if (is_inet()) {
    const InetAddress to = TRY(parse_destination(address));
    if (to.port == 0) return is_datagram() ? Errno::einval : Errno::econnrefused;
    found = net_->tables->find_port(reached(to), type_, protocol_, from);
  } else {
    TRY(check_unix(address));
    if (is_abstract(address)) {
      found = net_->tables->find_abstract(address.bytes.substr(2));
      if (found) TRY(may_reach(task, *found, type_));
    } else {
      const Path path = TRY(walk(task, abi::at_fdcwd.raw(), unix_path(address)));
      TRY(check_permission(task, path, 2));
      found = ref_cast<Endpoint>(path.inode().bound_socket());
    }
    if (found && found->type != type_) return Errno::eprototype;
  }
  if (!found) return Errno::econnrefused;
  MutexGuard guard(found->lock);
  return found->closed ? Result<Ref<Endpoint>>(Errno::econnrefused) : Result<Ref<Endpoint>>(found);
}

SocketAddress Socket::name() {
  MutexGuard guard(lock_);
  if (!local_.bytes.empty()) return local_;
  if (!is_inet()) return family_only(domain_);
  return make_inet({any_of(domain_).ip, static_cast<u16>(type_ == abi::sock_raw ? protocol_ : 0)}, domain_);
}

Result<SocketAddress> Socket::peer_name() {
  const Ends e = ends();
  if (!e.connected || (is_tcp() && tcp_closed(e))) return Errno::enotconn;
  if (is_inet() && parse_inet(e.peer, domain_).value_or(InetAddress{}).port == 0) return Errno::enotconn;
  return e.peer.bytes.empty() ? family_only(domain_) : e.peer;
}

// A connection is over that was not bound by bind(2): neither is its address kept.
void Socket::forget_address() {
  bool drop = false;
  {
    MutexGuard guard(lock_);
    if (local_.bytes.empty() || !is_inet()) return;
    InetAddress local = *parse_inet(local_, domain_);
    drop = !port_chosen_;
    if (drop) bound_ = false;
    if (drop && is_datagram()) local.port = 0;  // of a TCP socket the old port goes on being told
    if (!address_chosen_) local.ip = any_of(domain_).ip;
    local_ = make_inet(local, domain_);
  }
  if (drop) net_->tables->remove(*endpoint_);
}

}  // namespace limen
