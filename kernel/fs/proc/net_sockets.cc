#include "kernel/fs/proc/net_sockets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "kernel/kernel.h"
#include "kernel/net/socket.h"
#include "kernel/task/task.h"

namespace limen {
namespace {

std::vector<SocketRow> rows(Task& reader) {
  std::vector<SocketRow> all;
  for (const Ref<File>& file : net_of(reader).tables->sockets()) {
    if (const Ref<Socket> socket = ref_cast<Socket>(file)) all.push_back(socket->row());
  }
  return all;
}

// A socket that has no port is in no table of Linux's.
bool has_port(const SocketRow& row) {
  const Result<InetAddress> local = parse_inet(row.local, row.domain);
  return local.ok() && local->port != 0;
}

// Words as the machine reads them, in hexadecimal, then the port.
std::string address_text(const SocketAddress& address, i32 domain) {
  InetAddress a;
  if (!address.bytes.empty()) a = parse_inet(address, domain).value_or(InetAddress{});
  std::string text;
  for (usize at = domain == abi::af_inet ? 12 : 0; at < a.ip.size(); at += 4) {
    u32 word = 0;
    std::memcpy(&word, a.ip.data() + at, sizeof word);
    fmt::format_to(std::back_inserter(text), "{:08X}", word);
  }
  return fmt::format("{}:{:04X}", text, a.port);
}

// The columns that TCP and UDP share.
std::string common(const SocketRow& row, usize slot, int slot_width) {
  return fmt::format("{:{}}: {} {} {:02X} {:08X}:{:08X} 00:00000000 00000000 {:5} {:8} {}", slot, slot_width,
                     address_text(row.local, row.domain), address_text(row.peer, row.domain), row.state, row.sent,
                     row.received, row.uid, 0, row.inode);
}

constexpr std::string_view kHead4 =
    "local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
constexpr std::string_view kHead6 =
    "local_address                         remote_address                        st tx_queue rx_queue tr tm->when "
    "retrnsmt   uid  timeout inode";

Result<std::string> tcp_text(Task& reader, i32 domain) {
  const bool v4 = domain == abi::af_inet;
  constexpr usize kLine = 149;  // TMPSZ
  std::string text = fmt::format("  sl  {}", v4 ? kHead4 : kHead6);
  if (v4) text.resize(kLine, ' ');
  text += '\n';
  usize slot = 0;
  for (const SocketRow& row : rows(reader)) {
    if (row.domain != domain || row.type != abi::sock_stream || row.state == abi::tcp_close || !has_port(row)) continue;
    std::string line = common(row, slot++, 4) + fmt::format(" 1 {:016x} 100 0 0 10 0", 0);
    if (v4) line.resize(std::max(line.size(), kLine), ' ');
    text += line + '\n';
  }
  return text;
}

Result<std::string> udp_text(Task& reader, i32 domain, i32 protocol) {
  const bool v4 = domain == abi::af_inet;
  constexpr usize kLine = 127;
  std::string text =
      v4 ? fmt::format("   sl  {} ref pointer drops", kHead4) : fmt::format("  sl  {} ref pointer drops", kHead6);
  if (v4) text.resize(kLine, ' ');
  text += '\n';
  usize slot = 0;
  for (const SocketRow& row : rows(reader)) {
    if (row.domain != domain || row.protocol != protocol || row.type != abi::sock_dgram || !has_port(row)) continue;
    std::string line = common(row, slot++, 5) + fmt::format(" 2 {:016x} 0", 0);
    if (v4) line.resize(std::max(line.size(), kLine), ' ');
    text += line + '\n';
  }
  return text;
}

}  // namespace

Result<std::string> proc_net_tcp(Task& reader) { return tcp_text(reader, abi::af_inet); }
Result<std::string> proc_net_tcp6(Task& reader) { return tcp_text(reader, abi::af_inet6); }
Result<std::string> proc_net_udp(Task& reader) { return udp_text(reader, abi::af_inet, abi::ipproto_udp); }
Result<std::string> proc_net_udp6(Task& reader) { return udp_text(reader, abi::af_inet6, abi::ipproto_udp); }
Result<std::string> proc_net_udplite(Task& reader) { return udp_text(reader, abi::af_inet, abi::ipproto_udplite); }
Result<std::string> proc_net_udplite6(Task& reader) { return udp_text(reader, abi::af_inet6, abi::ipproto_udplite); }

Result<std::string> proc_net_unix(Task& reader) {
  constexpr u32 kAccepts = 0x10000;  // __SO_ACCEPTCON
  constexpr u32 kUnconnected = 1, kConnected = 3;
  std::string text = "Num       RefCount Protocol Flags    Type St Inode Path\n";
  for (const SocketRow& row : rows(reader)) {
    if (row.domain != abi::af_unix) continue;
    fmt::format_to(std::back_inserter(text), "{:016x}: {:08X} {:08X} {:08X} {:04X} {:02X} {:5}", 0,
                   row.connected ? 3 : 2, 0, row.listening ? kAccepts : 0, row.type,
                   row.connected ? kConnected : kUnconnected, row.inode);
    if (row.local.bytes.size() > 2) {
      std::string name = row.local.bytes.substr(2);
      const bool abstract = name[0] == '\0';
      if (!abstract) name = name.c_str();
      std::replace(name.begin(), name.end(), '\0', '@');
      text += " " + name;
    }
    text += '\n';
  }
  return text;
}

Result<std::string> proc_net_sockstat(Task& reader) {
  const std::vector<SocketRow> all = rows(reader);
  const auto count = [&](i32 protocol) {
    return std::count_if(all.begin(), all.end(),
                         [&](const SocketRow& row) { return row.domain == abi::af_inet && row.protocol == protocol; });
  };
  return fmt::format(
      "sockets: used {}\nTCP: inuse {} orphan 0 tw 0 alloc {} mem 0\nUDP: inuse {} mem 0\nUDPLITE: inuse {}\n"
      "RAW: inuse 0\nFRAG: inuse 0 memory 0\n",
      all.size(), count(abi::ipproto_tcp), count(abi::ipproto_tcp), count(abi::ipproto_udp),
      count(abi::ipproto_udplite));
}

}  // namespace limen
