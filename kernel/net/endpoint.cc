#include "kernel/net/endpoint.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "kernel/net/netlink.h"
#include "kernel/net/tap.h"
#include "kernel/task/task.h"

namespace limen {
namespace {

constexpr std::array<u8, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

Endpoint::Endpoint(i32 domain, u32 type, i32 protocol)
    : domain(domain),
      type(type),
      protocol(protocol),
      options(make_ref<SocketOptions>(domain == abi::af_unix     ? KeptOption::unix
                                      : type == abi::sock_stream ? KeptOption::tcp
                                      : type == abi::sock_raw || protocol == abi::ipproto_icmp ||
                                              protocol == abi::ipproto_icmpv6
                                          ? KeptOption::raw
                                          : KeptOption::udp)) {
  if (type_of_icmp() == abi::ipproto_icmpv6) checksum_at = 2;
}

bool InetAddress::v4() const { return std::equal(kMapped.begin(), kMapped.end(), ip.begin()); }
bool InetAddress::any() const {
  return std::all_of(ip.begin() + (v4() ? 12 : 0), ip.end(), [](u8 b) { return b == 0; });
}
bool InetAddress::loopback() const {
  if (v4()) return ip[12] == 127;
  return std::all_of(ip.begin(), ip.end() - 1, [](u8 b) { return b == 0; }) && ip[15] == 1;
}

bool InetAddress::multicast() const { return v4() ? (ip[12] & 0xf0) == 0xe0 : ip[0] == 0xff; }

Result<InetAddress> parse_inet(const SocketAddress& address, i32 domain) {
  InetAddress result;
  if (domain == abi::af_inet) {
    abi::SockAddrIn in{};
    if (address.bytes.size() < sizeof in) return Errno::einval;
    std::memcpy(&in, address.bytes.data(), sizeof in);
    if (in.sin_family != abi::af_inet) return Errno::eafnosupport;
    std::copy(kMapped.begin(), kMapped.end(), result.ip.begin());
    std::memcpy(result.ip.data() + 12, &in.sin_addr, 4);
    result.port = swap16(in.sin_port);
    return result;
  }
  abi::SockAddrIn6 in6{};
  if (address.family() == abi::af_inet) return parse_inet(address, abi::af_inet);
  if (address.bytes.size() < 24) return Errno::einval;  // SIN6_LEN_RFC2133
  std::memcpy(&in6, address.bytes.data(), std::min(address.bytes.size(), sizeof in6));
  if (in6.sin6_family != abi::af_inet6) return Errno::eafnosupport;
  std::memcpy(result.ip.data(), in6.sin6_addr, 16);
  result.port = swap16(in6.sin6_port);
  return result;
}

SocketAddress make_inet(const InetAddress& address, i32 domain) {
  SocketAddress result;
  if (domain == abi::af_inet) {
    abi::SockAddrIn in{};
    in.sin_family = abi::af_inet;
    in.sin_port = swap16(address.port);
    std::memcpy(&in.sin_addr, address.ip.data() + 12, 4);
    result.bytes.assign(reinterpret_cast<const char*>(&in), sizeof in);
    return result;
  }
  abi::SockAddrIn6 in6{};
  in6.sin6_family = abi::af_inet6;
  in6.sin6_port = swap16(address.port);
  std::memcpy(in6.sin6_addr, address.ip.data(), 16);
  result.bytes.assign(reinterpret_cast<const char*>(&in6), sizeof in6);
  return result;
}

InetAddress reached(InetAddress a) {
  if (!a.any()) return a;
  if (a.v4()) {
    a.ip[12] = 127, a.ip[13] = 0, a.ip[14] = 0, a.ip[15] = 1;
  } else {
    a.ip[15] = 1;
  }
  return a;
}

// Linux: fib_validate_source's local table: all of 127.0.0.0/8 is reached from 127.0.0.1.
InetAddress source_for(const InetAddress& address) {
  InetAddress source{address.ip, 0};
  if (address.v4()) {
    source.ip[12] = 127, source.ip[13] = 0, source.ip[14] = 0, source.ip[15] = 1;
    return source;
  }
  return reached(source);
}

Result<void> NetTables::bind_abstract(std::string name, Ref<Endpoint> endpoint) {
  MutexGuard guard(lock_);
  Endpoint& bound = *endpoint;
  if (!abstract_.emplace(name, std::move(endpoint)).second) return Errno::eaddrinuse;
  bound.abstract_name_ = std::move(name);
  return success;
}

std::string NetTables::autobind_abstract(Ref<Endpoint> endpoint) {
  MutexGuard guard(lock_);
  for (;;) {
    char text[8];
    std::snprintf(text, sizeof text, "%05x", next_name_++ & 0xfffff);
    const std::string name = std::string(1, '\0') + text;
    if (!abstract_.emplace(name, endpoint).second) continue;
    endpoint->abstract_name_ = name;
    return name;
  }
}

Ref<Endpoint> NetTables::find_abstract(const std::string& name) {
  MutexGuard guard(lock_);
  const auto it = abstract_.find(name);
  return it == abstract_.end() ? Ref<Endpoint>() : it->second;
}

// Linux: inet_csk_bind_conflict. Two sockets share a port with SO_REUSEPORT on both, or with SO_REUSEADDR on both while
// none listens.
bool NetTables::conflicts(const InetAddress& address, Endpoint& endpoint) {
  bool reuse_address = false, reuse_port = false, only_v6 = false;
  {
    MutexGuard guard(endpoint.lock);
    reuse_address = endpoint.reuse_address, reuse_port = endpoint.reuse_port, only_v6 = endpoint.only_v6;
  }
  const auto clashes = [&](const Binding& binding) {
    Endpoint& other = *binding.endpoint;
    if (&other == &endpoint || !other.same_kind(endpoint)) return false;
    const InetAddress& theirs = binding.address;
    MutexGuard guard(other.lock);
    bool overlap = theirs.ip == address.ip;
    const bool same_family = theirs.v4() == address.v4();
    if (same_family && (theirs.any() || address.any())) overlap = true;
    if (!same_family &&
        ((!theirs.v4() && theirs.any() && !other.only_v6) || (!address.v4() && address.any() && !only_v6))) {
      overlap = true;
    }
    if (!overlap) return false;
    if (reuse_port && other.reuse_port) return false;
    return !(reuse_address && other.reuse_address && !other.listening);
  };
  for (const auto* table : {&ports_, &held_}) {
    const auto [begin, end] = table->equal_range(address.port);
    if (std::any_of(begin, end, [&](const auto& entry) { return clashes(entry.second); })) return true;
  }
  return false;
}

NetTables::NetTables(Ref<const NetSettings> settings) : settings_(std::move(settings)) {}
NetTables::~NetTables() = default;

std::optional<u16> NetTables::free_port() {
  const u16 first = static_cast<u16>(settings_->ip_local_port_range[0]);
  const u16 last = static_cast<u16>(settings_->ip_local_port_range[1]);
  for (u32 tries = 0; tries <= u32{last} - first; ++tries) {
    last_port_ = last_port_ < first || last_port_ >= last ? first : static_cast<u16>(last_port_ + 1);
    if (ports_.count(last_port_) == 0 && held_.count(last_port_) == 0) return last_port_;
  }
  return std::nullopt;
}

Result<InetAddress> NetTables::bind_port(InetAddress address, Ref<Endpoint> endpoint) {
  MutexGuard guard(lock_);
  if (address.port != 0) {
    if (conflicts(address, *endpoint)) return Errno::eaddrinuse;
  } else {
    const std::optional<u16> found = free_port();
    if (!found) return Errno::eaddrinuse;
    address.port = *found;
  }
  endpoint->port_ = address.port;
  ports_.emplace(address.port, Binding{address, std::move(endpoint)});
  return address;
}

// Linux: inet_csk_listen_start.
Result<void> NetTables::listen_on_port(Endpoint& endpoint) {
  MutexGuard guard(lock_);
  const auto [begin, end] = ports_.equal_range(endpoint.port_);
  const auto own =
      std::find_if(begin, end, [&](const auto& entry) { return entry.second.endpoint.get() == &endpoint; });
  if (own != end && conflicts(own->second.address, endpoint)) return Errno::eaddrinuse;
  MutexGuard endpoint_guard(endpoint.lock);
  endpoint.listening = true;
  return success;
}

// Linux: __inet_check_established.
Result<void> NetTables::claim_connection(Endpoint& endpoint, const InetAddress& local, const SocketAddress& peer) {
  MutexGuard guard(lock_);
  const auto [begin, end] = ports_.equal_range(local.port);
  for (auto it = begin; it != end; ++it) {
    Endpoint& other = *it->second.endpoint;
    const InetAddress& bound = it->second.address;
    if (&other == &endpoint || !other.same_kind(endpoint) || (bound.ip != local.ip && !bound.any())) continue;
    MutexGuard other_guard(other.lock);
    if (other.only_from == peer) return Errno::eaddrnotavail;
  }
  MutexGuard endpoint_guard(endpoint.lock);
  endpoint.only_from = peer;
  return success;
}

void NetTables::hold_port(InetAddress address, Ref<Endpoint> endpoint) {
  MutexGuard guard(lock_);
  endpoint->port_ = address.port;
  held_.emplace(address.port, Binding{address, std::move(endpoint)});
}

// The most particular binding wins: an exact address over a wildcard, one that is connected to the sender over others.
Ref<Endpoint> NetTables::find_port(const InetAddress& to, u32 type, i32 protocol, const SocketAddress* from) {
  MutexGuard guard(lock_);
  std::vector<Endpoint*> best;  // equals: one with SO_REUSEPORT has the rest of its group with it
  int best_score = -1;
  const auto [begin, end] = ports_.equal_range(to.port);
  for (auto it = begin; it != end; ++it) {
    Endpoint& endpoint = *it->second.endpoint;
    if (endpoint.type != type || endpoint.protocol != protocol) continue;
    const InetAddress& bound = it->second.address;
    int score = 0;
    MutexGuard endpoint_guard(endpoint.lock);
    if (endpoint.closed || (type == abi::sock_stream && !endpoint.listening)) continue;
    if (bound.ip == to.ip) {
      score = 2;
    } else if (!bound.any() || (bound.v4() && !to.v4()) || (!bound.v4() && to.v4() && endpoint.only_v6)) {
      continue;
    }
    if (!endpoint.only_from.bytes.empty()) {
      if (from == nullptr || !(endpoint.only_from == *from)) continue;
      score += 4;
    }
    if (score > best_score) {
      best.assign(1, &endpoint), best_score = score;
    } else if (score == best_score && endpoint.reuse_port) {
      best.push_back(&endpoint);
    }
  }
  if (best.empty()) return {};
  // Linux: reuseport_select_sock; who sends decides, so that a sender stays with one of them.
  const usize hash = best.size() == 1 || from == nullptr ? 0 : std::hash<std::string>()(from->bytes);
  return Ref<Endpoint>(best[hash % best.size()]);
}

std::vector<Ref<Endpoint>> NetTables::find_group(const InetAddress& to, const Endpoint& seeker,
                                                 const SocketAddress& from) {
  std::vector<Ref<Endpoint>> found;
  MutexGuard guard(lock_);
  if (!groups_.contains(to.ip)) return found;  // nobody has joined it: `lo` does not take it
  const auto [begin, end] = ports_.equal_range(to.port);
  for (auto it = begin; it != end; ++it) {
    Endpoint& endpoint = *it->second.endpoint;
    const InetAddress& bound = it->second.address;
    if (!endpoint.same_kind(seeker) || !(bound.ip == to.ip || bound.any())) continue;
    const bool all = endpoint.domain == abi::af_inet && endpoint.options->on(abi::sol_ip, abi::ip_multicast_all);
    MutexGuard endpoint_guard(endpoint.lock);
    if (endpoint.closed || (endpoint.domain == abi::af_inet6 && endpoint.only_v6)) continue;
    if (!endpoint.only_from.bytes.empty() && !(endpoint.only_from == from)) continue;
    if (all || endpoint.memberships.contains(to.ip)) found.push_back(it->second.endpoint);
  }
  return found;
}

void NetTables::add_raw(Ref<Endpoint> endpoint) {
  MutexGuard guard(lock_);
  const i32 protocol = endpoint->protocol;
  raw_.emplace(protocol, std::move(endpoint));
  watchers_.store(raw_.size() + taps_.size(), std::memory_order_relaxed);
}

void NetTables::add_tap(Ref<Tap> tap) {
  MutexGuard guard(lock_);
  taps_.push_back(std::move(tap));
  watchers_.store(raw_.size() + taps_.size(), std::memory_order_relaxed);
}

void NetTables::remove_tap(const Tap& tap) {
  Ref<Tap> dropped;
  MutexGuard guard(lock_);
  const auto it = std::find_if(taps_.begin(), taps_.end(), [&](const Ref<Tap>& t) { return t.get() == &tap; });
  if (it == taps_.end()) return;
  dropped = std::move(*it);
  taps_.erase(it);
  watchers_.store(raw_.size() + taps_.size(), std::memory_order_relaxed);
}

std::vector<Ref<Tap>> NetTables::taps() {
  MutexGuard guard(lock_);
  return taps_;
}

std::vector<Ref<Endpoint>> NetTables::find_raw(const InetAddress& from, const InetAddress& to, i32 protocol) {
  std::vector<Ref<Endpoint>> found;
  MutexGuard guard(lock_);
  const auto [begin, end] = raw_.equal_range(protocol);
  for (auto it = begin; it != end; ++it) {
    Endpoint& endpoint = *it->second;
    if (endpoint.domain != (to.v4() ? abi::af_inet : abi::af_inet6)) continue;
    MutexGuard endpoint_guard(endpoint.lock);
    const auto matches = [&](const SocketAddress& chosen, const InetAddress& address) {
      if (chosen.bytes.empty()) return true;
      const InetAddress known = parse_inet(chosen, endpoint.domain).value_or(InetAddress{});
      return known.any() || known.ip == address.ip;
    };
    if (!endpoint.closed && matches(endpoint.address, to) && matches(endpoint.only_from, from))
      found.push_back(it->second);
  }
  return found;
}

void NetTables::join_group(const std::array<u8, 16>& group) {
  MutexGuard guard(lock_);
  ++groups_[group];
}

void NetTables::leave_group(const std::array<u8, 16>& group) {
  MutexGuard guard(lock_);
  const auto it = groups_.find(group);
  if (it != groups_.end() && --it->second == 0) groups_.erase(it);
}

void NetTables::remove(Endpoint& endpoint) {
  std::vector<Ref<Endpoint>> dropped;
  MutexGuard guard(lock_);
  if (!endpoint.abstract_name_.empty()) {
    const auto it = abstract_.find(endpoint.abstract_name_);
    if (it != abstract_.end() && it->second.get() == &endpoint)
      dropped.push_back(std::move(it->second)), abstract_.erase(it);
    endpoint.abstract_name_.clear();
  }
  if (endpoint.type == abi::sock_raw) {
    auto [at, last] = raw_.equal_range(endpoint.protocol);
    for (; at != last; ++at) {
      if (at->second.get() != &endpoint) continue;
      dropped.push_back(std::move(at->second));
      raw_.erase(at);
      watchers_.store(raw_.size() + taps_.size(), std::memory_order_relaxed);
      break;
    }
  }
  if (endpoint.port_ == 0) return;
  for (auto* table : {&ports_, &held_}) {
    auto [it, end] = table->equal_range(endpoint.port_);
    while (it != end) {
      if (it->second.endpoint.get() == &endpoint)
        dropped.push_back(std::move(it->second.endpoint)), it = table->erase(it);
      else
        ++it;
    }
  }
  endpoint.port_ = 0;
}

void NetTables::add_socket(File* socket) {
  MutexGuard guard(lock_);
  sockets_.insert(socket);
}

void NetTables::remove_socket(File* socket) {
  MutexGuard guard(lock_);
  sockets_.erase(socket);
}

std::vector<Ref<File>> NetTables::sockets() {
  std::vector<Ref<File>> all;
  MutexGuard guard(lock_);
  for (File* socket : sockets_) {
    if (socket->try_ref()) all.push_back(Ref<File>::adopt(socket));
  }
  return all;
}

NetNamespace::NetNamespace()
    : Namespace(NamespaceKind::net),
      tables(make_ref<NetTables>(settings)),
      netlink_ports(make_netlink_ports()),
      in_flight(make_ref<InFlight>()),
      up_(true),
      has_v4_(true) {}
NetNamespace::NetNamespace(Ref<UserNamespace> owner, UserCharge charge, Ref<InFlight> in_flight)
    : Namespace(NamespaceKind::net, std::move(owner), std::move(charge)),
      tables(make_ref<NetTables>(settings)),
      netlink_ports(make_netlink_ports()),
      in_flight(std::move(in_flight)) {}
NetNamespace::~NetNamespace() = default;

NetNamespace& net_of(Task& task) { return *task.namespaces().net; }

}  // namespace limen
