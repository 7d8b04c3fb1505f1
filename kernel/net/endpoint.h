// Where others reach a socket: the part of it that a name or a port leads to. It outlives the socket's file where a name
// in a filesystem still holds it, closed.
//
// Locks: Endpoint::lock (rank `inbox`); NetTables::lock_ (rank `net_tables`).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "kernel/cred/credentials.h"
#include "kernel/cred/namespace.h"
#include "kernel/net/inbox.h"
#include "kernel/net/socket_options.h"

namespace limen {

// Between the host's order of bytes and the network's.
inline u16 swap16(u16 n) { return static_cast<u16>(n >> 8 | n << 8); }

class Tap;
class Task;

// What becomes of a connection while its client waits for room in the listener's queue. A refusal is told by the client's inbox.
struct Handshake final : RefCounted {
  std::atomic<bool> over{false};
};

// A connection that its client sees as made and nobody has accepted; or one that waits for room (Endpoint::waiting).
struct Pending {
  Ref<Handshake> handshake;  // of an internet connection
  Ref<Inbox> in, out;        // of the accepting side
  SocketAddress local, peer;
  abi::UCred peer_credentials{};
  Ref<const Credentials> peer_groups;  // whose those are; of a unix socket
};

struct IpPacket;

class Endpoint final : public RefCounted {
 public:
  Endpoint(i32 domain, u32 type, i32 protocol);
  const i32 domain;
  const u32 type;
  const i32 protocol;  // IPPROTO_*; 0 of a unix socket
  const Ref<SocketOptions> options;
  bool same_kind(const Endpoint& other) const { return type == other.type && protocol == other.protocol; }
  i32 type_of_icmp() const;               // of a raw socket for ICMP its protocol, else 0
  bool refuses_icmp(u8 type);             // ICMP_FILTER of such a socket (raw.cc)
  bool believes(const IpPacket& packet);  // false: IPV6_CHECKSUM, and the packet's is wrong (raw.cc)
  Mutex lock{LockRank::inbox};
  SocketAddress address GUARDED_BY(lock);
  SocketAddress only_from GUARDED_BY(lock);   // whom a connected one hears; empty: everyone
  abi::UCred credentials GUARDED_BY(lock){};  // of who called listen
  Ref<const Credentials> groups GUARDED_BY(lock);
  Ref<const LandlockDomain> landlock GUARDED_BY(lock);  // of who made the socket
  bool listening GUARDED_BY(lock) = false;
  bool refuses GUARDED_BY(lock) = false;  // listens, but was shut down: takes no new connections
  bool closed GUARDED_BY(lock) = false;
  bool reuse_address GUARDED_BY(lock) = false;
  bool reuse_port GUARDED_BY(lock) = false;
  bool only_v6 GUARDED_BY(lock) = false;
  usize backlog GUARDED_BY(lock) = 0;
  std::deque<Pending> pending GUARDED_BY(lock);
  std::deque<Pending> waiting GUARDED_BY(lock);  // for room in `pending`, as those whose SYN is sent again
  Ref<Inbox> inbox;                              // datagrams
  std::set<std::array<u8, 16>> memberships
      GUARDED_BY(lock);                               // multicast groups that it has joined: at most kMostGroups
  std::array<u32, 8> icmp_filter GUARDED_BY(lock){};  // a bit for each type that is not wanted
  i32 checksum_at GUARDED_BY(lock) = -1;              // IPV6_CHECKSUM: where a raw socket's packets have one
  std::atomic<u32> receive_size{212992};              // SO_RCVBUF
  WaitQueue acceptors, connectors;

 private:
  friend class NetTables;  // whose lock guards these: where this stands in its tables
  std::string abstract_name_;
  u16 port_ = 0;
};

// An internet address, IPv4 mapped into IPv6.
struct InetAddress {
  std::array<u8, 16> ip{};
  u16 port = 0;
  bool any() const;
  bool loopback() const;
  bool multicast() const;
  bool operator==(const InetAddress&) const = default;
  bool v4() const;
};
// einval, eafnosupport
Result<InetAddress> parse_inet(const SocketAddress& address, i32 domain);
InetAddress any_of(i32 domain);
SocketAddress make_inet(const InetAddress& address, i32 domain);
// Where a packet to `address` arrives: 0.0.0.0 and :: mean the loopback.
InetAddress reached(InetAddress address);
// Where a packet to `address` comes from whose sender is bound to none.
InetAddress source_for(const InetAddress& address);

// The abstract names and the ports of a network namespace with nothing but `lo`.
class NetTables final : public RefCounted {
 public:
  Result<void> bind_abstract(std::string name, Ref<Endpoint> endpoint);  // eaddrinuse
  std::string autobind_abstract(Ref<Endpoint> endpoint);
  Ref<Endpoint> find_abstract(const std::string& name);
  explicit NetTables(Ref<const NetSettings> settings);
  ~NetTables() override;
  // Port 0 takes a free one of net.ipv4.ip_local_port_range. eaddrinuse.
  Result<InetAddress> bind_port(InetAddress address, Ref<Endpoint> endpoint);
  // From now on a bound one listens: eaddrinuse where another does, with which it only shared the port.
  Result<void> listen_on_port(Endpoint& endpoint);
  // From now on it is connected from `local` to `peer`: eaddrnotavail where another is.
  Result<void> claim_connection(Endpoint& endpoint, const InetAddress& local, const SocketAddress& peer);
  // An accepted connection stays on its listener's port.
  void hold_port(InetAddress address, Ref<Endpoint> endpoint);
  // The one that a socket of this kind reaches there.
  Ref<Endpoint> find_port(const InetAddress& to, u32 type, i32 protocol, const SocketAddress* from);
  // Raw sockets, and those that hear a packet. Linux: raw_v4_match.
  void add_raw(Ref<Endpoint> endpoint);
  bool is_watched() const {
    return watchers_.load(std::memory_order_relaxed) != 0;
  }  // is there a raw or packet socket?
  void add_tap(Ref<Tap> tap);
  void remove_tap(const Tap& tap);
  std::vector<Ref<Tap>> taps();
  std::vector<Ref<Endpoint>> find_raw(const InetAddress& from, const InetAddress& to, i32 protocol);
  // Those that hear a datagram to a group. Linux: __udp_is_mcast_sock.
  std::vector<Ref<Endpoint>> find_group(const InetAddress& to, const Endpoint& seeker, const SocketAddress& from);
  void remove(Endpoint& endpoint);

  // Multicast groups that `lo` hears, counted for each socket that joined.
  void join_group(const std::array<u8, 16>& group);
  void leave_group(const std::array<u8, 16>& group);

  // All sockets, for /proc/net.
  void add_socket(File* socket);
  void remove_socket(File* socket);
  std::vector<Ref<File>> sockets();

 private:
  bool conflicts(const InetAddress& address, Endpoint& endpoint) REQUIRES(lock_);
  struct Binding {
    InetAddress address;
    Ref<Endpoint> endpoint;
  };
  std::optional<u16> free_port() REQUIRES(lock_);  // none is left
  const Ref<const NetSettings> settings_;
  Mutex lock_{LockRank::net_tables};
  std::map<std::string, Ref<Endpoint>> abstract_ GUARDED_BY(lock_);
  std::multimap<u16, Binding> ports_ GUARDED_BY(lock_);
  std::multimap<u16, Binding> held_ GUARDED_BY(lock_);  // of accepted connections: none is found there
  std::map<std::array<u8, 16>, u32> groups_ GUARDED_BY(lock_);
  std::multimap<i32, Ref<Endpoint>> raw_ GUARDED_BY(lock_);  // by protocol
  std::vector<Ref<Tap>> taps_ GUARDED_BY(lock_);
  std::atomic<usize> watchers_{0};
  std::set<File*> sockets_ GUARDED_BY(lock_);
  u16 last_port_ GUARDED_BY(lock_) = 0;  // that was found free
  u32 next_name_ GUARDED_BY(lock_) = 1;
};

// network_namespaces(7): all that a socket can reach. A new one has a `lo` of its own, which is down and has no address.
class NetNamespace final : public Namespace {
 public:
  NetNamespace();  // the first: `lo` is up
  NetNamespace(Ref<UserNamespace> owner, UserCharge charge, Ref<InFlight> in_flight);
  ~NetNamespace() override;
  const Ref<NetSettings> settings = make_ref<NetSettings>();
  const Ref<NetTables> tables;
  const Ref<RefCounted> netlink_ports;  // kernel/net/netlink.cc
  const Ref<InFlight> in_flight;        // the sandbox's one
  bool lo_is_up() const { return up_.load(); }
  bool lo_has_v4() const { return has_v4_.load(); }
  // Up, it has 127.0.0.1/8 and ::1; down again, it keeps the first.
  void set_lo_up(bool up) {
    if (up) has_v4_.store(true);
    up_.store(up);
  }
  // net.ipv4.ping_group_range: who may make ping sockets; at first nobody.
  struct GroupRange {
    u32 first = 1, last = 0;
  };
  GroupRange ping_groups() const {
    const u64 both = ping_groups_.load();
    return {static_cast<u32>(both), static_cast<u32>(both >> 32)};
  }
  void set_ping_groups(GroupRange range) { ping_groups_.store(u64{range.last} << 32 | range.first); }
  bool add_v4() { return !has_v4_.exchange(true); }  // false: it was there

 private:
  std::atomic<bool> up_{false}, has_v4_{false};
  std::atomic<u64> ping_groups_{1};
};
NetNamespace& net_of(Task& task);

}  // namespace limen
