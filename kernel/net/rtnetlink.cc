#include "kernel/net/rtnetlink.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "abi/socket.h"
#include "kernel/kernel.h"
#include "kernel/net/endpoint.h"
#include "kernel/net/interface.h"

namespace limen {
namespace {

// Attributes that only this file knows: include/uapi/linux/{if_link,rtnetlink,fib_rules}.h.
enum : u16 {
  kIflaNumTxQueues = 31,
  kIflaNumRxQueues = 32,
  kIflaCarrier = 33,
  kIflaGroup = 27,
  kIflaPromiscuity = 30,
  kIflaStats64 = 23,
  kIflaProtoDown = 39,
  kIflaGsoMaxSegs = 40,
  kIflaGsoMaxSize = 41,
  kIflaMinMtu = 50,
  kIflaMaxMtu = 51,
  kIflaCarrierChanges = 35,
  kRtaPriority = 6,
  kRtaPref = 20,
  kRtaUid = 25,
  kRtaCacheInfo = 12,
  kFraPriority = 6,
  kFraTable = 15,
  kFraSuppress = 14,
};
enum : u16 { kGetNeigh = 30, kGetRule = 34, kGetQdisc = 38, kNewRule = 32, kGetNeighTable = 66, kGetNetconf = 82 };
constexpr u8 kProtocolKernel = 2, kTypeLocal = 2, kTypeBroadcast = 3;
constexpr u32 kLowerUp = 0x10000;  // IFF_LOWER_UP
constexpr u8 kLoopback4[4] = {127, 0, 0, 1};
constexpr u8 kLoopback6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

// Writes messages with their attributes behind one another.
class Writer {
 public:
  Writer(std::vector<u8>& out, const RouteRequest& request, u16 flags) : out_(out), request_(request), flags_(flags) {}
  template <typename T>
  void begin(u16 type, const T& body) {
    start_ = out_.size();
    const abi::NlMsgHdr head{0, type, flags_, request_.header.nlmsg_seq, request_.port};
    put(&head, sizeof head);
    put(&body, sizeof body);
  }
  void attribute(u16 type, const void* data, usize length) {
    const abi::RtAttr head{static_cast<u16>(sizeof head + length), type};
    put(&head, sizeof head);
    put(data, length);
  }
  template <typename T>
  void attribute(u16 type, const T& value) {
    attribute(type, &value, sizeof value);
  }
  void text(u16 type, std::string_view value) {
    const std::string with_nul(value);
    attribute(type, with_nul.c_str(), value.size() + 1);
  }
  void end() {
    const u32 length = static_cast<u32>(out_.size() - start_);
    std::memcpy(out_.data() + start_, &length, sizeof length);
  }

 private:
  void put(const void* from, usize n) {
    const auto* bytes = static_cast<const u8*>(from);
    out_.insert(out_.end(), bytes, bytes + n);
    out_.resize(abi::nlmsg_align(static_cast<u32>(out_.size())));
  }
  std::vector<u8>& out_;
  const RouteRequest& request_;
  const u16 flags_;
  usize start_ = 0;
};

template <typename T>
std::optional<T> body_of(const RouteRequest& request) {
  T body{};
  if (request.payload.size() < sizeof body) return std::nullopt;
  std::memcpy(&body, request.payload.data(), sizeof body);
  return body;
}

// The value of an attribute behind a body of `skip` bytes; empty where there is none.
std::span<const u8> find_attribute(const RouteRequest& request, usize skip, u16 type) {
  std::span<const u8> rest = request.payload;
  rest = rest.subspan(std::min<usize>(abi::nlmsg_align(static_cast<u32>(skip)), rest.size()));
  while (rest.size() >= sizeof(abi::RtAttr)) {
    abi::RtAttr head{};
    std::memcpy(&head, rest.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > rest.size()) break;
    if ((head.rta_type & 0x3fff) == type) return rest.subspan(sizeof head, head.rta_len - sizeof head);
    rest = rest.subspan(std::min<usize>(abi::nlmsg_align(head.rta_len), rest.size()));
  }
  return {};
}

u8 family_of(const RouteRequest& request) { return request.payload.empty() ? u8{0} : request.payload[0]; }

void put_link(Writer& writer, const NetNamespace& net) {
  struct Map {
    u64 mem_start = 0, mem_end = 0, base_addr = 0;
    u16 irq = 0;
    u8 dma = 0, port = 0;
    u32 pad = 0;
  };
  constexpr u8 kNoHardware[6] = {};
  constexpr u64 kStats[25] = {};
  constexpr u32 kOldStats[24] = {};
  const abi::IfInfoMsg body{
      0, 0, static_cast<u16>(abi::arphrd_loopback), lo_index, lo_flags(net) | (net.lo_is_up() ? kLowerUp : 0), 0};
  writer.begin(abi::rtm_newlink, body);
  writer.text(abi::ifla_ifname, "lo");
  writer.attribute(abi::ifla_txqlen, lo_queue_length);
  writer.attribute(abi::ifla_operstate, static_cast<u8>(net.lo_is_up() ? 0 : 2));  // unknown, down
  writer.attribute(abi::ifla_linkmode, u8{0});
  writer.attribute(abi::ifla_mtu, lo_mtu);
  writer.attribute(kIflaMinMtu, u32{0});
  writer.attribute(kIflaMaxMtu, u32{0});
  writer.attribute(kIflaGroup, u32{0});
  writer.attribute(kIflaPromiscuity, u32{0});
  writer.attribute(kIflaNumTxQueues, u32{1});
  writer.attribute(kIflaGsoMaxSegs, u32{65535});
  writer.attribute(kIflaGsoMaxSize, u32{65536});
  writer.attribute(kIflaNumRxQueues, u32{1});
  writer.attribute(kIflaCarrier, u8{1});
  writer.text(abi::ifla_qdisc, "noqueue");
  writer.attribute(kIflaCarrierChanges, u32{0});
  writer.attribute(kIflaProtoDown, u8{0});
  writer.attribute(u16{14}, Map{});  // IFLA_MAP
  writer.attribute(abi::ifla_address, kNoHardware);
  writer.attribute(abi::ifla_broadcast, kNoHardware);
  writer.attribute(kIflaStats64, kStats);
  writer.attribute(abi::ifla_stats, kOldStats);
  writer.end();
}

void put_address(Writer& writer, u8 family) {
  struct CacheInfo {
    u32 preferred = ~0u, valid = ~0u, created = 0, updated = 0;
  };
  const bool v4 = family == abi::af_inet;
  const abi::IfAddrMsg body{family, static_cast<u8>(v4 ? 8 : 128), static_cast<u8>(abi::ifa_f_permanent),
                            static_cast<u8>(abi::rt_scope_host), lo_index};
  writer.begin(abi::rtm_newaddr, body);
  if (v4) {
    writer.attribute(abi::ifa_address, kLoopback4);
    writer.attribute(abi::ifa_local, kLoopback4);
    writer.text(abi::ifa_label, "lo");
  } else {
    writer.attribute(abi::ifa_address, kLoopback6);
  }
  writer.attribute(abi::ifa_cacheinfo, CacheInfo{});
  writer.attribute(abi::ifa_flags, abi::ifa_f_permanent);
  writer.end();
}

struct Route4 {
  u8 destination[4];
  u8 length, scope, type;
};
constexpr Route4 kRoutes4[] = {
    {{127, 0, 0, 0}, 8, abi::rt_scope_host, kTypeLocal},
    {{127, 0, 0, 1}, 32, abi::rt_scope_host, kTypeLocal},
    {{127, 255, 255, 255}, 32, abi::rt_scope_link, kTypeBroadcast},
};

void put_route4(Writer& writer, const Route4& route) {
  const abi::RtMsg body{abi::af_inet,    route.length, 0,          0, static_cast<u8>(abi::rt_table_local),
                        kProtocolKernel, route.scope,  route.type, 0};
  writer.begin(abi::rtm_newroute, body);
  writer.attribute(abi::rta_table, abi::rt_table_local);
  writer.attribute(abi::rta_dst, route.destination);
  writer.attribute(abi::rta_prefsrc, kLoopback4);
  writer.attribute(abi::rta_oif, lo_index);
  writer.end();
}

void put_route6(Writer& writer) {
  const abi::RtMsg body{abi::af_inet6,
                        128,
                        0,
                        0,
                        static_cast<u8>(abi::rt_table_local),
                        kProtocolKernel,
                        static_cast<u8>(abi::rt_scope_universe),
                        kTypeLocal,
                        0};
  writer.begin(abi::rtm_newroute, body);
  writer.attribute(abi::rta_table, abi::rt_table_local);
  writer.attribute(abi::rta_dst, kLoopback6);
  writer.attribute(kRtaPriority, u32{0});
  writer.attribute(abi::rta_oif, lo_index);
  writer.attribute(kRtaPref, u8{0});
  writer.end();
}

void put_rules(Writer& writer, u8 family) {
  struct RuleHeader {  // struct fib_rule_hdr
    u8 family, dst_len, src_len, tos, table, res1, res2, action;
    u32 flags;
  };
  constexpr u8 kToTable = 1;
  struct Rule {
    u32 priority, table;
  };
  static constexpr Rule kRules[] = {{0, abi::rt_table_local}, {32766, abi::rt_table_main}, {32767, 253}};
  for (const Rule& rule : kRules) {
    if (family == abi::af_inet6 && rule.table == 253) continue;
    writer.begin(kNewRule, RuleHeader{family, 0, 0, 0, static_cast<u8>(rule.table), 0, 0, kToTable, 0});
    writer.attribute(kFraTable, rule.table);
    writer.attribute(kFraSuppress, ~u32{0});
    if (rule.priority != 0) writer.attribute(kFraPriority, rule.priority);
    writer.end();
  }
}

bool wants(u8 family, u8 mine) { return family == abi::af_unspec || family == mine; }

// In a strict dump the kernel itself looks at the filter.
bool filtered_out(const RouteRequest& request, i32 index) { return request.strict && index != 0 && index != lo_index; }

void dump_routes(const RouteRequest& request, Writer& writer) {
  if (!request.net.lo_is_up()) return;
  u32 table = 0;
  if (request.strict) {
    const auto body = body_of<abi::RtMsg>(request);
    if (body) table = body->rtm_table;
    if (const auto exact = find_attribute(request, sizeof(abi::RtMsg), abi::rta_table); exact.size() >= sizeof table)
      std::memcpy(&table, exact.data(), sizeof table);
    if (table != 0 && table != abi::rt_table_local) return;
  }
  const u8 family = family_of(request);
  if (wants(family, abi::af_inet)) {
    for (const Route4& route : kRoutes4) put_route4(writer, route);
  }
  if (wants(family, abi::af_inet6)) put_route6(writer);
}

Result<void> dump(const RouteRequest& request, std::vector<u8>& out) {
  Writer writer(out, request, abi::nlm_f_multi);
  const u8 family = family_of(request);
  switch (request.header.nlmsg_type) {
    case abi::rtm_getlink:
      if (const auto body = body_of<abi::IfInfoMsg>(request); !body || !filtered_out(request, body->ifi_index))
        put_link(writer, request.net);
      break;
    case abi::rtm_getaddr: {
      const auto body = body_of<abi::IfAddrMsg>(request);
      if (body && filtered_out(request, static_cast<i32>(body->ifa_index))) break;
      if (wants(family, abi::af_inet) && request.net.lo_has_v4()) put_address(writer, abi::af_inet);
      if (wants(family, abi::af_inet6) && request.net.lo_is_up()) put_address(writer, abi::af_inet6);
      break;
    }
    case abi::rtm_getroute:
      dump_routes(request, writer);
      break;
    case kGetRule:
      if (wants(family, abi::af_inet)) put_rules(writer, abi::af_inet);
      if (wants(family, abi::af_inet6)) put_rules(writer, abi::af_inet6);
      break;
    case kGetNeigh:
    case kGetQdisc:
    case kGetNeighTable:
    case kGetNetconf:
      break;  // there are none
    default:
      return Errno::eopnotsupp;
  }
  writer.begin(abi::nlmsg_done, i32{0});
  writer.end();
  return success;
}

Result<void> one_link(const RouteRequest& request, std::vector<u8>& out) {
  constexpr u16 kAltIfname = 53;
  const auto body = body_of<abi::IfInfoMsg>(request);
  if (!body) return Errno::einval;
  std::span<const u8> name = find_attribute(request, sizeof *body, abi::ifla_ifname);
  if (name.empty()) name = find_attribute(request, sizeof *body, kAltIfname);
  if (body->ifi_index == 0 && name.empty()) return Errno::einval;
  if (body->ifi_index != 0 && body->ifi_index != lo_index) return Errno::enodev;
  const char* text = reinterpret_cast<const char*>(name.data());
  if (body->ifi_index == 0 && std::string_view(text, strnlen(text, name.size())) != "lo") return Errno::enodev;
  Writer writer(out, request, 0);
  put_link(writer, request.net);
  return success;
}

// The way to one address (`ip route get`): all that is reached is our own.
Result<void> one_route(Task& task, const RouteRequest& request, std::vector<u8>& out) {
  const auto body = body_of<abi::RtMsg>(request);
  if (!body) return Errno::einval;
  const bool v4 = body->rtm_family == abi::af_inet;
  if (!v4 && body->rtm_family != abi::af_inet6) return Errno::eopnotsupp;
  const std::span<const u8> to = find_attribute(request, sizeof *body, abi::rta_dst);
  if (to.size() != (v4 ? sizeof kLoopback4 : sizeof kLoopback6)) return Errno::einval;
  const bool local = v4 ? to[0] == 127 : std::equal(to.begin(), to.end(), kLoopback6);
  if (!local || !request.net.lo_is_up()) return Errno::enetunreach;
  constexpr u32 kCloned = 0x200;  // RTM_F_CLONED
  const u32 table = v4 ? abi::rt_table_main : abi::rt_table_local;
  Writer writer(out, request, 0);
  writer.begin(abi::rtm_newroute, abi::RtMsg{body->rtm_family, static_cast<u8>(to.size() * 8), 0, 0,
                                             static_cast<u8>(table), 0, 0, kTypeLocal, kCloned});
  writer.attribute(abi::rta_table, table);
  writer.attribute(abi::rta_dst, to.data(), to.size());
  writer.attribute(abi::rta_oif, lo_index);
  if (v4)
    writer.attribute(abi::rta_prefsrc, kLoopback4);
  else
    writer.attribute(abi::rta_prefsrc, kLoopback6);
  writer.attribute(kRtaUid, task.credentials().seen(task.credentials().uid));
  constexpr u32 kCacheInfo[8] = {};
  writer.attribute(kRtaCacheInfo, kCacheInfo);
  writer.end();
  return success;
}

// RTM_NEWADDR: the one address that `lo` has anyway once it is up. Linux: net/ipv4/devinet.c:inet_rtm_newaddr.
Result<void> add_address(const RouteRequest& request) {
  const auto body = body_of<abi::IfAddrMsg>(request);
  if (!body) return Errno::einval;
  if (body->ifa_index != static_cast<u32>(lo_index)) return Errno::enodev;
  std::span<const u8> local = find_attribute(request, sizeof *body, abi::ifa_local);
  if (local.empty()) local = find_attribute(request, sizeof *body, abi::ifa_address);
  const bool is_loopback = body->ifa_family == abi::af_inet && local.size() == sizeof kLoopback4 &&
                           std::equal(local.begin(), local.end(), kLoopback4);
  if (!is_loopback) return Errno::eopnotsupp;
  constexpr u16 kReplace = 0x100;  // NLM_F_REPLACE
  const bool fresh = request.net.add_v4();
  return fresh || (request.header.nlmsg_flags & kReplace) != 0 ? Result<void>() : Errno::eexist;
}

// `lo` goes up and down; nothing else can be changed here.
Result<void> change(Task& task, const RouteRequest& request) {
  if (!task.credentials().capable_in(request.net, Capability::net_admin)) return Errno::eperm;
  if (request.header.nlmsg_type == abi::rtm_newaddr) return add_address(request);
  const bool of_link = request.header.nlmsg_type == abi::rtm_newlink || request.header.nlmsg_type == abi::rtm_setlink;
  if (!of_link) return Errno::eopnotsupp;
  const auto body = body_of<abi::IfInfoMsg>(request);
  if (!body) return Errno::einval;
  const std::span<const u8> name = find_attribute(request, sizeof *body, abi::ifla_ifname);
  const char* text = reinterpret_cast<const char*>(name.data());
  const bool named = body->ifi_index == 0 && std::string_view(text, strnlen(text, name.size())) == "lo";
  if (body->ifi_index != lo_index && !named) return body->ifi_index != 0 ? Errno::enodev : Errno::eopnotsupp;
  if ((body->ifi_change & ~u32{abi::iff_up}) != 0) return Errno::eopnotsupp;
  // Linux: rtnl_dev_get_flags; a mask of 0 with flags means all of them.
  if (body->ifi_change != 0 || body->ifi_flags != 0) request.net.set_lo_up((body->ifi_flags & abi::iff_up) != 0);
  return success;
}

}  // namespace

Result<void> answer_route_request(Task& task, const RouteRequest& request, std::vector<u8>& out) {
  const u16 type = request.header.nlmsg_type;
  // Types come in fours: new, delete, get, set.
  const bool gets = (type & 3) == 2;
  if (!gets) return change(task, request);
  if (request.payload.empty()) return Errno::einval;
  if ((request.header.nlmsg_flags & abi::nlm_f_dump) != 0) return dump(request, out);
  switch (type) {
    case abi::rtm_getlink:
      return one_link(request, out);
    case abi::rtm_getroute:
      return one_route(task, request, out);
    default:
      return Errno::eopnotsupp;
  }
}

}  // namespace limen
