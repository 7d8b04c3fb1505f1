#include "trace/print.h"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>

#include <fmt/format.h>

#include "base/errno.h"

namespace limen::trace {

namespace {

constexpr std::string_view kEscaped = "\"\\\f\n\r\t\v", kLetters = "\"\\fnrtv";

// What stands for a byte: itself (0), a letter behind a backslash, or an octal number (1).
constexpr auto kEscapes = [] {
  std::array<char, 256> table{};
  for (usize byte = 0; byte < table.size(); ++byte) table[byte] = byte >= ' ' && byte < 0x7f ? 0 : 1;
  for (usize i = 0; i < kEscaped.size(); ++i) table[static_cast<u8>(kEscaped[i])] = kLetters[i];
  return table;
}();

// As short as can be: all three digits only before another digit.
void append_octal(std::string& out, u8 byte, bool before_digit) {
  out += '\\';
  if (before_digit || byte >= 0100) out += static_cast<char>('0' + (byte >> 6));
  if (before_digit || byte >= 010) out += static_cast<char>('0' + (byte >> 3 & 7));
  out += static_cast<char>('0' + (byte & 7));
}

}  // namespace

void append_escaped(std::string& out, std::string_view data, Octal octal) {
  usize plain = 0;  // from here on nothing is written yet
  for (usize i = 0; i < data.size(); ++i) {
    const u8 byte = static_cast<u8>(data[i]);
    const char escape = kEscapes[byte];
    if (escape == 0) continue;
    out.append(data, plain, i - plain);
    plain = i + 1;
    if (escape == 1 && octal == Octal::no) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else if (escape == 1) {
      append_octal(out, byte, i + 1 < data.size() && data[i + 1] >= '0' && data[i + 1] <= '7');
    } else {
      (out += '\\') += escape;
    }
  }
  out.append(data, plain);
}

void append_shown(std::string& out, std::string_view data, DecodeOptions::Hex hex) {
  const auto is_plain = [](char c) { return (c >= ' ' && c < 0x7f) || (c >= '\t' && c <= '\r'); };
  constexpr std::string_view kDigits = "0123456789abcdef";
  const bool in_hex = hex == DecodeOptions::Hex::all ||
                      (hex == DecodeOptions::Hex::unprintable && !std::all_of(data.begin(), data.end(), is_plain));
  if (!in_hex) return append_escaped(out, data, hex == DecodeOptions::Hex::characters ? Octal::no : Octal::yes);
  for (const char c : data) {
    (out += "\\x") += kDigits[static_cast<u8>(c) >> 4];
    out += kDigits[static_cast<u8>(c) & 0xf];
  }
}

void append_quoted(std::string& out, std::string_view data, DecodeOptions::Hex hex, More more) {
  out += '"';
  append_shown(out, data, hex);
  out += more == More::yes ? "\"..." : "\"";
}

std::string quote(std::string_view data, DecodeOptions::Hex hex, More more) {
  std::string out;
  append_quoted(out, data, hex, more);
  return out;
}

std::string escaped(std::string_view data) {
  std::string out;
  append_escaped(out, data);
  return out;
}

void Print::address(u64 a) {
  if (a == 0) return text("NULL");
  append_hex(out, a);
}

void append_process(std::string& out, i32 pid, const DecodeOptions& options) {
  append_number(out, i64{pid});
  if (options.names == nullptr) return;
  const auto known = options.names->find(pid);
  if (known != options.names->end()) ((out += '<') += known->second) += '>';
}

void Print::process(i32 pid) { append_process(out, pid, options); }

std::string error_name(u64 error) {
  constexpr u64 kMost = 4095;
  const std::string_view name = error - 1 < kMost ? errno_name(static_cast<Errno>(error)) : "E???";
  return name == "E???" ? std::to_string(error) : std::string(name);
}

void Print::descriptor(i32 fd) {
  append_number(out, i64{fd});
  file(fd);
}

namespace {

std::string address_text(std::span<const u8> address) {
  constexpr u16 kInet = 2, kInet6 = 10;
  u16 family = 0;
  if (address.size() < 8) return "";
  std::memcpy(&family, address.data(), sizeof family);
  const u32 port = u32{address[2]} << 8 | address[3];
  if (family == kInet) return fmt::format("{}.{}.{}.{}:{}", address[4], address[5], address[6], address[7], port);
  if (family != kInet6 || address.size() < 24) return "";
  return fmt::format("[{}]:{}", inet6_text(address.subspan(8, 16)), port);
}

std::string protocol_text(const event::Detail& d) {
  constexpr i32 kUnix = 1, kInet6 = 10, kNetlink = 16, kTcp = 6, kUdp = 17;
  constexpr u32 kStream = 1;
  if (d.domain == kUnix) return d.type == kStream ? "UNIX-STREAM" : "UNIX";
  if (d.domain == kNetlink) return "NETLINK";
  const std::string name = d.protocol == kTcp ? "TCP" : d.protocol == kUdp ? "UDP" : "UDP-Lite";
  return d.domain == kInet6 ? name + "v6" : name;
}

// "TCP:[127.0.0.1:80->127.0.0.1:40000]", as strace -yy tells of it.
void print_socket(Print& p, const event::Detail& d, std::span<const u8> addresses) {
  constexpr i32 kUnix = 1, kNetlink = 16;
  if (addresses.size() < usize{d.local_length} + d.peer_length) return;
  const std::span<const u8> local = addresses.first(d.local_length),
                            peer = addresses.subspan(d.local_length, d.peer_length);
  p.out += protocol_text(d) + ":[";
  if (d.domain == kUnix) {
    append_number(p.out, d.inode);
    if (d.peer_inode != 0) p.out += "->", append_number(p.out, d.peer_inode);
    if (local.size() > 2) {
      std::string_view path(reinterpret_cast<const char*>(&local[2]), local.size() - 2);
      p.out += path[0] == '\0' ? ",@" : ",";
      path = path[0] == '\0' ? path.substr(1) : path.substr(0, path.find('\0'));
      append_quoted(p.out, path, p.options.hex, More::no);
    }
  } else if (d.domain == kNetlink) {
    u32 port = 0;
    if (local.size() >= 8) std::memcpy(&port, &local[4], sizeof port);
    if (port == 0) {
      append_number(p.out, d.inode);
    } else {
      const std::string_view protocol = name_of(names("netlink"), static_cast<u32>(d.protocol));
      p.out += protocol.empty() ? std::to_string(d.protocol) : std::string(protocol.substr(sizeof "NETLINK_" - 1));
      p.out += ':', append_number(p.out, u64{port});
    }
  } else {
    const bool has_port = local.size() >= 4 && (local[2] != 0 || local[3] != 0);
    if (!has_port) {
      append_number(p.out, d.inode);
    } else {
      p.out += address_text(local);
      if (d.connected != 0 && !peer.empty()) p.out += "->" + address_text(peer);
    }
  }
  p.out += ']';
}

}  // namespace

void Print::file(i32 fd) {
  using enum event::Detail::Kind;
  if (options.files == DecodeOptions::no_files) return;
  const std::optional<std::string_view> name = seen().file(fd);
  if (!name) return;
  std::optional<Seen::Detail> detail = seen().detail(fd);
  const auto asked = [&](event::Detail::Kind kind) {
    const u8 what = kind == socket    ? DecodeOptions::sockets
                    : kind == process ? DecodeOptions::processes
                                      : DecodeOptions::devices;
    return (options.files & what) != 0;
  };
  if (detail && !asked(detail->at.kind)) detail.reset();
  if (!detail && (options.files & DecodeOptions::paths) == 0) return;
  out += '<';
  if (detail && detail->at.kind == socket) {
    print_socket(*this, detail->at, detail->behind);
  } else if (detail && detail->at.kind == process) {
    out += "pid:", append_number(out, u64{detail->at.major});
  } else {
    constexpr std::string_view kDeleted = " (deleted)";
    const bool deleted = name->ends_with(kDeleted);
    append_shown(out, deleted ? name->substr(0, name->size() - kDeleted.size()) : *name, options.hex);
    if (deleted) return text(">(deleted)");
    if (detail) {
      const bool is_block = detail->at.kind == block_device;
      out += fmt::format("<{} {}:{}>", is_block ? "block" : "char", detail->at.major, detail->at.minor);
    }
  }
  out += '>';
}

bool Print::is_netlink(i32 fd) const {
  constexpr i32 kNetlink = 16;
  const std::optional<Seen::Detail> detail = seen().detail(fd);
  return detail && detail->at.kind == event::Detail::Kind::socket && detail->at.domain == kNetlink;
}

void Print::directory(i32 fd) {
  constexpr i32 kCwd = -100;
  if (fd != kCwd) return descriptor(fd);
  append_constant(out, "-100", "AT_FDCWD");
  file(fd);
}

void Print::path(u64 place) {
  const std::span<const u8> found = seen().from(place);
  if (place == 0 || found.empty()) return address(place);
  const auto* end = std::find(found.data(), found.data() + found.size(), u8{0});
  constexpr usize kMost = 4095;  // as many as a path may have
  const std::string_view text(reinterpret_cast<const char*>(found.data()), static_cast<usize>(end - found.data()));
  const bool whole = end != found.data() + found.size() && text.size() <= kMost;
  append_quoted(out, text.substr(0, kMost), options.hex, whole ? More::no : More::yes);
}

void Print::string(u64 place) {
  const std::span<const u8> found = seen().from(place);
  if (place == 0 || found.empty()) return address(place);
  const auto* end = std::find(found.data(), found.data() + found.size(), u8{0});
  std::string_view text(reinterpret_cast<const char*>(found.data()), static_cast<usize>(end - found.data()));
  const bool whole = end != found.data() + found.size() && text.size() <= options.string_bytes;
  append_quoted(out, text.substr(0, options.string_bytes), options.hex, whole ? More::no : More::yes);
}

std::string Print::quoted(std::string_view word) const { return quote(word, options.hex, More::no); }

void print_newer(Print& p, u64 place, usize known, u64 size) {
  constexpr u64 kPageSize = 4096;  // as much as Linux looks at
  size = std::min(size, kPageSize);
  if (size <= known) return;
  std::span<const u8> bytes = p.seen().from(place + known);
  const usize length = size - known;
  if (bytes.size() < length) return p.text(", ???");
  bytes = bytes.first(length);
  if (std::all_of(bytes.begin(), bytes.end(), [](u8 b) { return b == 0; })) return;
  const usize shown = std::min(length, p.options.string_bytes);
  p.text(fmt::format(", /* bytes {}..{} */ ", known, size - 1));
  append_quoted(p.out, {reinterpret_cast<const char*>(bytes.data()), shown}, DecodeOptions::Hex::all,
                length > shown ? More::yes : More::no);
}

void Print::bytes(u64 place, u64 length) {
  if (place == 0) return address(place);
  if (length == 0) return text("\"\"");
  const usize shown = std::min<u64>(length, options.string_bytes);
  const u8* at = seen().memory(place, std::max<usize>(shown, 1));
  if (at == nullptr) return address(place);
  append_quoted(out, {reinterpret_cast<const char*>(at), shown}, options.hex, length > shown ? More::yes : More::no);
}

std::string readable_name(std::string_view name) {
  // What the compiler writes is short; what a guest makes up need not be.
  constexpr usize kMost = 500;
  if (!name.starts_with("_Z") || name.size() > kMost) return std::string(name);
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      ::abi::__cxa_demangle(std::string(name).c_str(), nullptr, nullptr, &status), &std::free);
  return text && status == 0 ? std::string(text.get()) : std::string(name);
}

}  // namespace limen::trace
