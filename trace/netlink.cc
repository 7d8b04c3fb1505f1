// Messages of netlink(7), with the attributes of NETLINK_ROUTE, as strace writes them. What a guest put there is hostile: every length
// is judged against what was captured, and an attribute that ends behind its message is shown as bytes.
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/errno.h"
#include "trace/print.h"

namespace limen::trace {
namespace {

#define N(x) \
  Name { static_cast<u64>(static_cast<u32>(x)), #x }

constexpr Name kControl[] = {N(NLMSG_NOOP), N(NLMSG_ERROR), N(NLMSG_DONE), N(NLMSG_OVERRUN)};
constexpr Name kRoute[] = {N(RTM_NEWLINK),  N(RTM_DELLINK),  N(RTM_GETLINK),  N(RTM_SETLINK),  N(RTM_NEWADDR),
                           N(RTM_DELADDR),  N(RTM_GETADDR),  N(RTM_NEWROUTE), N(RTM_DELROUTE), N(RTM_GETROUTE),
                           N(RTM_NEWNEIGH), N(RTM_DELNEIGH), N(RTM_GETNEIGH), N(RTM_NEWRULE),  N(RTM_DELRULE),
                           N(RTM_GETRULE),  N(RTM_NEWQDISC), N(RTM_DELQDISC), N(RTM_GETQDISC)};
constexpr Name kFlags[] = {N(NLM_F_REQUEST), N(NLM_F_MULTI),     N(NLM_F_ACK),
                           N(NLM_F_ECHO),    N(NLM_F_DUMP_INTR), N(NLM_F_DUMP_FILTERED)};
constexpr Name kGetFlags[] = {N(NLM_F_DUMP), N(NLM_F_ROOT), N(NLM_F_MATCH), N(NLM_F_ATOMIC)};
constexpr Name kNewFlags[] = {N(NLM_F_REPLACE), N(NLM_F_EXCL), N(NLM_F_CREATE), N(NLM_F_APPEND)};
constexpr Name kAnswerFlags[] = {N(NLM_F_CAPPED), N(NLM_F_ACK_TLVS)};
constexpr Name kDeleteFlags[] = {N(NLM_F_NONREC)};
constexpr Name kHardware[] = {N(ARPHRD_NETROM), N(ARPHRD_ETHER), N(ARPHRD_LOOPBACK), N(ARPHRD_TUNNEL),
                              N(ARPHRD_NONE),   N(ARPHRD_SIT),   N(ARPHRD_IPGRE),    N(ARPHRD_PPP)};
constexpr Name kInterfaceFlags[] = {N(IFF_UP),          N(IFF_BROADCAST),  N(IFF_DEBUG),     N(IFF_LOOPBACK),
                                    N(IFF_POINTOPOINT), N(IFF_NOTRAILERS), N(IFF_RUNNING),   N(IFF_NOARP),
                                    N(IFF_PROMISC),     N(IFF_ALLMULTI),   N(IFF_MASTER),    N(IFF_SLAVE),
                                    N(IFF_MULTICAST),   N(IFF_PORTSEL),    N(IFF_AUTOMEDIA), N(IFF_DYNAMIC),
                                    N(IFF_LOWER_UP),    N(IFF_DORMANT),    N(IFF_ECHO)};
constexpr Name kAddressFlags[] = {N(IFA_F_SECONDARY),     N(IFA_F_NODAD),       N(IFA_F_OPTIMISTIC),
                                  N(IFA_F_DADFAILED),     N(IFA_F_HOMEADDRESS), N(IFA_F_DEPRECATED),
                                  N(IFA_F_TENTATIVE),     N(IFA_F_PERMANENT),   N(IFA_F_MANAGETEMPADDR),
                                  N(IFA_F_NOPREFIXROUTE), N(IFA_F_MCAUTOJOIN),  N(IFA_F_STABLE_PRIVACY)};
constexpr Name kScope[] = {N(RT_SCOPE_UNIVERSE), N(RT_SCOPE_SITE), N(RT_SCOPE_LINK), N(RT_SCOPE_HOST),
                           N(RT_SCOPE_NOWHERE)};
constexpr Name kTable[] = {N(RT_TABLE_UNSPEC), N(RT_TABLE_COMPAT), N(RT_TABLE_DEFAULT), N(RT_TABLE_MAIN),
                           N(RT_TABLE_LOCAL)};
constexpr Name kProtocol[] = {N(RTPROT_UNSPEC), N(RTPROT_REDIRECT), N(RTPROT_KERNEL), N(RTPROT_BOOT),
                              N(RTPROT_STATIC), N(RTPROT_RA),       N(RTPROT_DHCP)};
constexpr Name kRouteType[] = {N(RTN_UNSPEC),   N(RTN_UNICAST),   N(RTN_LOCAL),     N(RTN_BROADCAST),
                               N(RTN_ANYCAST),  N(RTN_MULTICAST), N(RTN_BLACKHOLE), N(RTN_UNREACHABLE),
                               N(RTN_PROHIBIT), N(RTN_THROW),     N(RTN_NAT),       N(RTN_XRESOLVE)};
constexpr Name kRouteFlags[] = {N(RTNH_F_DEAD),     N(RTNH_F_PERVASIVE),   N(RTNH_F_ONLINK),  N(RTNH_F_OFFLOAD),
                                N(RTNH_F_LINKDOWN), N(RTM_F_NOTIFY),       N(RTM_F_CLONED),   N(RTM_F_EQUALIZE),
                                N(RTM_F_PREFIX),    N(RTM_F_LOOKUP_TABLE), N(RTM_F_FIB_MATCH)};
constexpr Name kNeighbourState[] = {N(NUD_NONE),  N(NUD_INCOMPLETE), N(NUD_REACHABLE), N(NUD_STALE),    N(NUD_DELAY),
                                    N(NUD_PROBE), N(NUD_FAILED),     N(NUD_NOARP),     N(NUD_PERMANENT)};
constexpr Name kNeighbourFlags[] = {N(NTF_USE), N(NTF_SELF), N(NTF_MASTER), N(NTF_PROXY), N(NTF_ROUTER)};
constexpr Name kExtra[] = {N(RTEXT_FILTER_VF), N(RTEXT_FILTER_BRVLAN), N(RTEXT_FILTER_BRVLAN_COMPRESSED),
                           N(RTEXT_FILTER_SKIP_STATS)};

constexpr auto kNumbers = Names::Kind::number, kBits = Names::Kind::bits;
constexpr Names kControlNames{kNumbers, "NLMSG_???", kControl}, kRouteNames{kNumbers, "RTM_???", kRoute};
constexpr Names kHardwareNames{kNumbers, "ARPHRD_???", kHardware}, kInterfaceNames{kBits, "IFF_???", kInterfaceFlags};
constexpr Names kAddressNames{kBits, "IFA_F_???", kAddressFlags}, kScopeNames{kNumbers, "RT_SCOPE_???", kScope};
constexpr Names kTableNames{kNumbers, "", kTable}, kProtocolNames{kNumbers, "RTPROT_???", kProtocol};
constexpr Names kTypeNames{kNumbers, "RTN_???", kRouteType}, kRouteFlagNames{kBits, "RTM_F_???", kRouteFlags};
constexpr Names kStateNames{kBits, "NUD_???", kNeighbourState}, kNeighbourNames{kBits, "NTF_???", kNeighbourFlags};
constexpr Names kExtraNames{kBits, "RTEXT_FILTER_???", kExtra};

using Bytes = std::span<const u8>;

template <typename T>
T read(Bytes bytes, usize at = 0) {
  T value{};
  if (at <= bytes.size() && bytes.size() - at >= sizeof value) std::memcpy(&value, &bytes[at], sizeof value);
  return value;
}

// --- attributes ------------------------------------------------------------------------------------------------------------

enum class Value : u8 {
  bytes,
  u8_,
  u32_,
  text,
  hardware,
  address,
  interface,
  table,
  address_flags,
  extra,
  cache,
  stats,
  stats64
};
struct Attribute {
  u16 type;
  std::string_view name;
  Value value = Value::bytes;
};
#define A(x, ...) \
  Attribute { x, #x __VA_OPT__(, ) __VA_ARGS__ }
using enum Value;
constexpr Attribute kLinkAttributes[] = {A(IFLA_UNSPEC),
                                         A(IFLA_ADDRESS, hardware),
                                         A(IFLA_BROADCAST, hardware),
                                         A(IFLA_IFNAME, text),
                                         A(IFLA_MTU, u32_),
                                         A(IFLA_LINK, interface),
                                         A(IFLA_QDISC, text),
                                         A(IFLA_STATS, stats),
                                         A(IFLA_MASTER, interface),
                                         A(IFLA_TXQLEN, u32_),
                                         A(IFLA_OPERSTATE, u8_),
                                         A(IFLA_LINKMODE, u8_),
                                         A(IFLA_LINKINFO),
                                         A(IFLA_IFALIAS, text),
                                         A(IFLA_NUM_VF, u32_),
                                         A(IFLA_STATS64, stats64),
                                         A(IFLA_AF_SPEC),
                                         A(IFLA_GROUP, u32_),
                                         A(IFLA_EXT_MASK, extra),
                                         A(IFLA_PROMISCUITY, u32_),
                                         A(IFLA_NUM_TX_QUEUES, u32_),
                                         A(IFLA_NUM_RX_QUEUES, u32_),
                                         A(IFLA_CARRIER, u8_),
                                         A(IFLA_CARRIER_CHANGES, u32_),
                                         A(IFLA_PROTO_DOWN, u8_),
                                         A(IFLA_GSO_MAX_SEGS, u32_),
                                         A(IFLA_GSO_MAX_SIZE, u32_),
                                         A(IFLA_CARRIER_UP_COUNT, u32_),
                                         A(IFLA_CARRIER_DOWN_COUNT, u32_),
                                         A(IFLA_MIN_MTU, u32_),
                                         A(IFLA_MAX_MTU, u32_),
                                         A(IFLA_ALT_IFNAME, text),
                                         A(IFLA_PERM_ADDRESS, hardware)};
constexpr Attribute kAddressAttributes[] = {A(IFA_UNSPEC),
                                            A(IFA_ADDRESS, address),
                                            A(IFA_LOCAL, address),
                                            A(IFA_LABEL, text),
                                            A(IFA_BROADCAST, address),
                                            A(IFA_ANYCAST, address),
                                            A(IFA_CACHEINFO, cache),
                                            A(IFA_MULTICAST, address),
                                            A(IFA_FLAGS, address_flags),
                                            A(IFA_RT_PRIORITY, u32_),
                                            A(IFA_TARGET_NETNSID, u32_)};
constexpr Attribute kRouteAttributes[] = {A(RTA_UNSPEC),         A(RTA_DST, address),     A(RTA_SRC, address),
                                          A(RTA_IIF, interface), A(RTA_OIF, interface),   A(RTA_GATEWAY, address),
                                          A(RTA_PRIORITY, u32_), A(RTA_PREFSRC, address), A(RTA_METRICS),
                                          A(RTA_MULTIPATH),      A(RTA_FLOW, u32_),       A(RTA_CACHEINFO),
                                          A(RTA_TABLE, table),   A(RTA_MARK, u32_),       A(RTA_PREF, u8_)};
constexpr Attribute kNeighbourAttributes[] = {A(NDA_UNSPEC), A(NDA_DST, address), A(NDA_LLADDR, hardware),
                                              A(NDA_CACHEINFO), A(NDA_PROBES, u32_)};
#undef A
#undef N

void hex_bytes(Print& p, Bytes bytes) {
  const usize shown = std::min(bytes.size(), p.options.string_bytes);
  append_quoted(p.out, {reinterpret_cast<const char*>(bytes.data()), shown}, DecodeOptions::Hex::all,
                shown < bytes.size() ? More::yes : More::no);
}

void stats_text(Print& p, Bytes bytes, usize width) {
  constexpr std::string_view kFields[] = {
      "rx_packets",       "tx_packets",        "rx_bytes",          "tx_bytes",        "rx_errors",
      "tx_errors",        "rx_dropped",        "tx_dropped",        "multicast",       "collisions",
      "rx_length_errors", "rx_over_errors",    "rx_crc_errors",     "rx_frame_errors", "rx_fifo_errors",
      "rx_missed_errors", "tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors",  "tx_heartbeat_errors",
      "tx_window_errors", "rx_compressed",     "tx_compressed",     "rx_nohandler",    "rx_otherhost_dropped"};
  usize at = 0;
  for (const std::string_view field : kFields) {
    if (at + width > bytes.size()) break;
    (p.out += at == 0 ? "{" : ", ") += field;
    p.out += '=', p.unsigned_number(width == 8 ? read<u64>(bytes, at) : read<u32>(bytes, at));
    at += width;
  }
  p.out += at == 0 ? "{}" : "}";
}

void print_value(Print& p, const Attribute& attribute, Bytes data, u8 family) {
  const auto bytes = [&] { hex_bytes(p, data); };
  const bool is_word = data.size() >= sizeof(u32);
  switch (attribute.value) {
    case Value::u8_:
      return data.empty() ? bytes() : p.unsigned_number(data[0]);
    case Value::u32_:
      return is_word ? p.unsigned_number(read<u32>(data)) : bytes();
    case Value::interface:
      return is_word ? print_interface(p, read<u32>(data)) : bytes();
    case Value::table:
      return is_word ? append_names(p.out, kTableNames, read<u32>(data)) : bytes();
    case Value::address_flags:
      return is_word ? append_names(p.out, kAddressNames, read<u32>(data)) : bytes();
    case Value::extra:
      return is_word ? append_names(p.out, kExtraNames, read<u32>(data)) : bytes();
    case Value::text: {
      std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
      if (text.ends_with('\0')) text.remove_suffix(1);
      const usize shown = std::min(text.size(), p.options.string_bytes);
      return append_quoted(p.out, text.substr(0, shown), p.options.hex, shown < text.size() ? More::yes : More::no);
    }
    case Value::hardware:
      for (usize i = 0; i < std::min<usize>(data.size(), 32); ++i)
        p.out += fmt::format("{}{:02x}", i == 0 ? "" : ":", data[i]);
      return;
    case Value::address:
      if (family == 2 && is_word)
        return p.text(fmt::format("inet_addr(\"{}.{}.{}.{}\")", data[0], data[1], data[2], data[3]));
      if (family == 10 && data.size() >= 16) return p.text("inet_pton(AF_INET6, \"" + inet6_text(data) + "\")");
      return bytes();
    case Value::cache:
      if (data.size() < 4 * sizeof(u32)) return bytes();
      return p.text(fmt::format("{{ifa_prefered={}, ifa_valid={}, cstamp={}, tstamp={}}}", read<u32>(data),
                                read<u32>(data, 4), read<u32>(data, 8), read<u32>(data, 12)));
    case Value::stats:
      return stats_text(p, data, sizeof(u32));
    case Value::stats64:
      return stats_text(p, data, sizeof(u64));
    case Value::bytes:
      return bytes();
  }
}

void print_attribute(Print& p, std::span<const Attribute> known, std::string_view unknown, const nlattr& head,
                     Bytes data, u8 family) {
  const u16 type = head.nla_type & NLA_TYPE_MASK;
  const auto attribute = std::find_if(known.begin(), known.end(), [&](const Attribute& a) { return a.type == type; });
  const bool has_data = !data.empty();
  p.out += fmt::format("{}{{nla_len={}, nla_type={}", has_data ? "[" : "", head.nla_len,
                       (head.nla_type & NLA_F_NESTED) != 0 ? "NLA_F_NESTED|" : "");
  p.out += attribute == known.end() ? fmt::format("{:#x} /* {} */", type, unknown) : std::string(attribute->name);
  p.out += '}';
  if (!data.empty()) {
    p.out += ", ";
    print_value(p, attribute == known.end() ? Attribute{} : *attribute, data, family);
    p.out += ']';
  }
}

// Braces around them only where there are more than one.
void print_attributes(Print& p, std::span<const Attribute> known, std::string_view unknown, Bytes rest, u8 family) {
  const usize begin = p.out.size();
  usize n = 0;
  for (; rest.size() >= sizeof(nlattr); ++n) {
    const auto head = read<nlattr>(rest);
    p.out += ", ";
    if (n == p.options.string_bytes && !p.options.verbose) {
      p.out += "...", ++n;
      break;
    }
    const usize size = std::clamp<usize>(head.nla_len, sizeof head, rest.size());
    print_attribute(p, known, unknown, head, rest.subspan(sizeof head, size - sizeof head), family);
    rest = rest.subspan(std::min<usize>(rest.size(), (size + 3) & ~usize{3}));
    if (head.nla_len < sizeof head) rest = {};
  }
  if (n > 1) p.out.insert(begin + 2, 1, '['), p.out += ']';
}

// --- the messages of NETLINK_ROUTE ---------------------------------------------------------------------------------------

void print_route_body(Print& p, u16 type, Bytes body) {
  const u8 family = body[0];
  const std::string family_text = print_names(names("SocketDomain"), family);
  const auto rest = [&](usize size) { return body.subspan(std::min(body.size(), (size + 3) & ~usize{3})); };
  const auto only_family = [&](std::string_view field) { p.out += fmt::format("{{{}={}, ...}}", field, family_text); };
  if (type <= RTM_SETLINK) {
    if (body.size() < sizeof(ifinfomsg)) return only_family("ifi_family");
    const auto m = read<ifinfomsg>(body);
    p.out +=
        fmt::format("{{ifi_family={}, ifi_type={}, ifi_index=", family_text, print_names(kHardwareNames, m.ifi_type));
    print_interface(p, static_cast<u32>(m.ifi_index));
    p.out +=
        fmt::format(", ifi_flags={}, ifi_change={}}}", print_names(kInterfaceNames, m.ifi_flags), hex(m.ifi_change));
    return print_attributes(p, kLinkAttributes, "IFLA_???", rest(sizeof m), family);
  }
  if (type <= RTM_GETADDR) {
    if (body.size() < sizeof(ifaddrmsg)) return only_family("ifa_family");
    const auto m = read<ifaddrmsg>(body);
    p.out +=
        fmt::format("{{ifa_family={}, ifa_prefixlen={}, ifa_flags={}, ifa_scope={}, ifa_index=", family_text,
                    m.ifa_prefixlen, print_names(kAddressNames, m.ifa_flags), print_names(kScopeNames, m.ifa_scope));
    print_interface(p, m.ifa_index), p.out += '}';
    return print_attributes(p, kAddressAttributes, "IFA_???", rest(sizeof m), family);
  }
  if (type <= RTM_GETROUTE) {
    if (body.size() < sizeof(rtmsg)) return only_family("rtm_family");
    const auto m = read<rtmsg>(body);
    p.out += fmt::format(
        "{{rtm_family={}, rtm_dst_len={}, rtm_src_len={}, rtm_tos={}, rtm_table={}, rtm_protocol={}, rtm_scope={}, "
        "rtm_type={}, "
        "rtm_flags={}}}",
        family_text, m.rtm_dst_len, m.rtm_src_len, hex(m.rtm_tos), print_names(kTableNames, m.rtm_table),
        print_names(kProtocolNames, m.rtm_protocol), print_names(kScopeNames, m.rtm_scope),
        print_names(kTypeNames, m.rtm_type), print_names(kRouteFlagNames, m.rtm_flags));
    return print_attributes(p, kRouteAttributes, "RTA_???", rest(sizeof m), family);
  }
  if (type <= RTM_GETNEIGH) {
    if (body.size() < sizeof(ndmsg)) return only_family("ndm_family");
    const auto m = read<ndmsg>(body);
    p.out += fmt::format("{{ndm_family={}, ndm_ifindex=", family_text),
        print_interface(p, static_cast<u32>(m.ndm_ifindex));
    p.out += fmt::format(", ndm_state={}, ndm_flags={}, ndm_type={}}}", print_names(kStateNames, m.ndm_state),
                         print_names(kNeighbourNames, m.ndm_flags), print_names(kTypeNames, m.ndm_type));
    return print_attributes(p, kNeighbourAttributes, "NDA_???", rest(sizeof m), family);
  }
  // Of a kind that we do not know: all have a family first.
  p.out += fmt::format("{{family={}", family_text);
  if (body.size() > 1) p.out += ", data=", hex_bytes(p, body.subspan(1));
  p.out += '}';
}

void append_flags(std::string& out, u16 type, u16 flags, bool is_route) {
  const bool is_request = is_route && type >= NLMSG_MIN_TYPE;
  const u16 kind = is_request ? type & 3 : 0xff;  // new, delete, get, set
  std::span<const Name> more;
  if (kind == 0) more = kNewFlags;
  if (kind == 1) more = kDeleteFlags;
  if (kind == 2) more = kGetFlags;
  if (type == NLMSG_ERROR) more = kAnswerFlags;
  u16 rest = flags;
  const usize before = out.size();
  for (const std::span<const Name> list : {std::span<const Name>(kFlags), more}) {
    for (const Name& name : list) {
      if ((rest & name.value) != name.value) continue;
      if (out.size() != before) out += '|';
      out += name.name, rest = static_cast<u16>(rest & ~name.value);
    }
  }
  if (out.size() != before && rest != 0) out += '|';
  if (rest != 0) append_hex(out, rest);
  if (flags == 0) out += '0';
}

void print_one(Print& p, Bytes message, bool is_route, int depth);

void print_error(Print& p, Bytes body, bool is_route, int depth) {
  const i32 error = read<i32>(body);
  const std::string_view name =
      error < 0 && error >= -4095 ? errno_name(static_cast<Errno>(-error)) : std::string_view();
  p.out += name.empty() ? fmt::format("{{error={}", error) : fmt::format("{{error=-{}", name);
  const Bytes original = body.subspan(sizeof error);
  if (original.size() >= sizeof(nlmsghdr) && depth == 0) {
    p.out += ", msg=";
    print_one(p,
              original.first(std::min<usize>(original.size(),
                                             std::max<u32>(read<nlmsghdr>(original).nlmsg_len, sizeof(nlmsghdr)))),
              is_route, depth + 1);
  }
  p.out += '}';
}

// `message` begins with a whole head.
void print_one(Print& p, Bytes message, bool is_route, int depth) {
  const auto head = read<nlmsghdr>(message);
  const bool is_control = head.nlmsg_type < NLMSG_MIN_TYPE;
  const Bytes body = message.subspan(sizeof head);
  if (!body.empty()) p.out += '[';
  p.out += fmt::format("{{nlmsg_len={}, nlmsg_type=", head.nlmsg_len);
  append_names(p.out, is_control || !is_route ? kControlNames : kRouteNames, head.nlmsg_type);
  p.out += ", nlmsg_flags=", append_flags(p.out, head.nlmsg_type, head.nlmsg_flags, is_route);
  p.out += fmt::format(", nlmsg_seq={}, nlmsg_pid={}}}", head.nlmsg_seq, head.nlmsg_pid);
  if (body.empty()) return;
  p.out += ", ";
  if (head.nlmsg_type == NLMSG_ERROR && body.size() >= sizeof(i32)) {
    print_error(p, body, is_route, depth);
  } else if (head.nlmsg_type == NLMSG_DONE && body.size() >= sizeof(i32)) {
    p.number(read<i32>(body));
  } else if (is_route && !is_control) {
    print_route_body(p, head.nlmsg_type, body);
  } else {
    hex_bytes(p, body);
  }
  p.out += ']';
}

}  // namespace

// The sandbox's network has one interface.
void print_interface(Print& p, u32 index) {
  constexpr u32 kLoopback = 1;
  if (index == kLoopback) return append_constant(p.out, "1", "if_nametoindex(" + p.quoted("lo") + ")");
  p.unsigned_number(index);
}

void print_netlink(Print& p, u64 place, u64 length) {
  Bytes bytes = p.seen().from(place);
  if (place == 0 || (bytes.empty() && length != 0)) return p.address(place);
  bytes = bytes.first(std::min<usize>(bytes.size(), length));
  if (bytes.size() < sizeof(nlmsghdr)) return hex_bytes(p, bytes);
  const std::optional<Seen::Detail> detail = p.seen().detail(static_cast<i32>(p.arg(0)));
  const bool is_route = !detail || detail->at.protocol == NETLINK_ROUTE;
  // What devices tell is text.
  if (detail && detail->at.protocol == NETLINK_KOBJECT_UEVENT) return p.bytes(place, length);
  const usize begin = p.out.size();
  usize n = 0;
  bool whole = true;
  while (bytes.size() >= sizeof(nlmsghdr)) {
    const u32 said = read<nlmsghdr>(bytes).nlmsg_len;
    if (n > 0) p.out += ", ";
    if (n == p.options.string_bytes && !p.options.verbose) {
      whole = false;
      break;
    }
    const usize size = std::clamp<usize>(said, sizeof(nlmsghdr), bytes.size());
    print_one(p, bytes.first(size), is_route, 0), ++n;
    bytes = bytes.subspan(std::min<usize>(bytes.size(), (size + 3) & ~usize{3}));
    if (said < sizeof(nlmsghdr)) break;
  }
  if (!whole) p.out += "...";
  if (n > 1 || !whole) p.out.insert(begin, 1, '['), p.out += ']';
}

}  // namespace limen::trace
