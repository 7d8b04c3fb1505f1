#include "trace/print.h"

#include <algorithm>

#include <fmt/format.h>

namespace limen::trace {

std::string quote(std::string_view data, DecodeOptions::Hex hex, More more) {
  std::string out = "\"";
  const auto is_plain = [](char c) { return (c >= ' ' && c < 0x7f) || (c >= '\t' && c <= '\r'); };
  const bool in_hex = hex == DecodeOptions::Hex::all ||
                      (hex == DecodeOptions::Hex::unprintable && !std::all_of(data.begin(), data.end(), is_plain));
  for (usize i = 0; i < data.size(); ++i) {
    const char c = data[i];
    const u8 byte = static_cast<u8>(c);
    if (in_hex) {
      out += fmt::format("\\x{:02x}", byte);
      continue;
    }
    constexpr std::string_view kEscaped = "\"\\\f\n\r\t\v", kLetters = "\"\\fnrtv";
    if (const usize at = kEscaped.find(c); at != std::string_view::npos && c != '\0') {
      (out += '\\') += kLetters[at];
    } else if (byte >= ' ' && byte < 0x7f) {
      out += c;
    } else {
      // As short as can be: all three digits only before another digit.
      const bool digit = i + 1 < data.size() && data[i + 1] >= '0' && data[i + 1] <= '7';
      out += digit ? fmt::format("\\{:03o}", byte) : fmt::format("\\{:o}", byte);
    }
  }
  out += '"';
  return more == More::yes ? out + "..." : out;
}

std::string escaped(std::string_view data) {
  const std::string quoted = quote(data, DecodeOptions::Hex::none, More::no);
  return quoted.substr(1, quoted.size() - 2);
}

void Print::address(u64 a) { out += a == 0 ? "NULL" : fmt::format("{:#x}", a); }

void Print::descriptor(i32 fd) {
  out += std::to_string(fd);
  if (options.files == 0) return;
  if (const std::string* file = seen().file(fd)) out += "<" + escaped(*file) + ">";
}

void Print::directory(i32 fd) {
  constexpr i32 kCwd = -100;
  if (fd != kCwd) return descriptor(fd);
  out += "AT_FDCWD";
  if (options.files == 0) return;
  if (const std::string* file = seen().file(fd)) out += "<" + escaped(*file) + ">";
}

void Print::path(u64 place) {
  const std::span<const u8> found = seen().from(place);
  if (place == 0 || found.empty()) return address(place);
  const auto* end = std::find(found.data(), found.data() + found.size(), u8{0});
  const std::string_view text(reinterpret_cast<const char*>(found.data()), static_cast<usize>(end - found.data()));
  const bool whole = end != found.data() + found.size();
  out += quote(text, options.hex, whole ? More::no : More::yes);
}

void Print::string(u64 place) {
  const std::span<const u8> found = seen().from(place);
  if (place == 0 || found.empty()) return address(place);
  const auto* end = std::find(found.data(), found.data() + found.size(), u8{0});
  std::string_view text(reinterpret_cast<const char*>(found.data()), static_cast<usize>(end - found.data()));
  const bool whole = end != found.data() + found.size() && text.size() <= options.string_bytes;
  out += quote(text.substr(0, options.string_bytes), options.hex, whole ? More::no : More::yes);
}

void Print::bytes(u64 place, u64 length) {
  if (place == 0) return address(place);
  if (length == 0) return text("\"\"");
  const usize shown = std::min<u64>(length, options.string_bytes);
  const u8* at = seen().memory(place, std::max<usize>(shown, 1));
  if (at == nullptr) return address(place);
  out += quote({reinterpret_cast<const char*>(at), shown}, options.hex, length > shown ? More::yes : More::no);
}

}  // namespace limen::trace
