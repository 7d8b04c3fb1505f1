#include "trace/print.h"

#include <algorithm>
#include <array>

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

void append_escaped(std::string& out, std::string_view data) {
  usize plain = 0;  // from here on nothing is written yet
  for (usize i = 0; i < data.size(); ++i) {
    const u8 byte = static_cast<u8>(data[i]);
    const char escape = kEscapes[byte];
    if (escape == 0) continue;
    out.append(data, plain, i - plain);
    plain = i + 1;
    if (escape == 1) {
      append_octal(out, byte, i + 1 < data.size() && data[i + 1] >= '0' && data[i + 1] <= '7');
    } else {
      (out += '\\') += escape;
    }
  }
  out.append(data, plain);
}

void append_quoted(std::string& out, std::string_view data, DecodeOptions::Hex hex, More more) {
  const auto is_plain = [](char c) { return (c >= ' ' && c < 0x7f) || (c >= '\t' && c <= '\r'); };
  const bool in_hex = hex == DecodeOptions::Hex::all ||
                      (hex == DecodeOptions::Hex::unprintable && !std::all_of(data.begin(), data.end(), is_plain));
  out += '"';
  if (in_hex) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const char c : data) {
      (out += "\\x") += kDigits[static_cast<u8>(c) >> 4];
      out += kDigits[static_cast<u8>(c) & 0xf];
    }
  } else {
    append_escaped(out, data);
  }
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

void Print::descriptor(i32 fd) {
  append_number(out, i64{fd});
  file(fd);
}

void Print::file(i32 fd) {
  if (options.files == 0) return;
  const std::optional<std::string_view> name = seen().file(fd);
  if (!name) return;
  out += '<';
  append_escaped(out, *name);
  out += '>';
}

void Print::directory(i32 fd) {
  constexpr i32 kCwd = -100;
  if (fd != kCwd) return descriptor(fd);
  out += "AT_FDCWD";
  file(fd);
}

void Print::path(u64 place) {
  const std::span<const u8> found = seen().from(place);
  if (place == 0 || found.empty()) return address(place);
  const auto* end = std::find(found.data(), found.data() + found.size(), u8{0});
  const std::string_view text(reinterpret_cast<const char*>(found.data()), static_cast<usize>(end - found.data()));
  const bool whole = end != found.data() + found.size();
  append_quoted(out, text, options.hex, whole ? More::no : More::yes);
}

void Print::string(u64 place) {
  const std::span<const u8> found = seen().from(place);
  if (place == 0 || found.empty()) return address(place);
  const auto* end = std::find(found.data(), found.data() + found.size(), u8{0});
  std::string_view text(reinterpret_cast<const char*>(found.data()), static_cast<usize>(end - found.data()));
  const bool whole = end != found.data() + found.size() && text.size() <= options.string_bytes;
  append_quoted(out, text.substr(0, options.string_bytes), options.hex, whole ? More::no : More::yes);
}

void Print::bytes(u64 place, u64 length) {
  if (place == 0) return address(place);
  if (length == 0) return text("\"\"");
  const usize shown = std::min<u64>(length, options.string_bytes);
  const u8* at = seen().memory(place, std::max<usize>(shown, 1));
  if (at == nullptr) return address(place);
  append_quoted(out, {reinterpret_cast<const char*>(at), shown}, options.hex, length > shown ? More::yes : More::no);
}

}  // namespace limen::trace
