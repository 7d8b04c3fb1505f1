#include "base/errno.h"

#include <algorithm>
#include <array>

namespace limen {
namespace {

struct Row {
  Errno value;
  std::string_view name;
  std::string_view text;
};

constexpr Row kRows[] = {
#define LIMEN_ERRNO_ROW(name, number, text) {Errno::name, #name, text},
    LIMEN_ERRNOS(LIMEN_ERRNO_ROW)
#undef LIMEN_ERRNO_ROW
};

constexpr size_t kLongest = 24;

// The names upper-cased once, at compile time.
constexpr auto kUpper = [] {
  std::array<std::array<char, kLongest>, std::size(kRows)> out{};
  for (size_t i = 0; i < std::size(kRows); ++i) {
    for (size_t j = 0; j < kRows[i].name.size(); ++j) {
      const char c = kRows[i].name[j];
      out[i][j] = (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return out;
}();

const Row* find(Errno e) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows), [e](const Row& r) { return r.value == e; });
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace

std::string_view errno_name(Errno e) {
  const Row* row = find(e);
  return row ? std::string_view(kUpper[static_cast<size_t>(row - kRows)].data(), row->name.size()) : "E???";
}

std::string_view errno_text(Errno e) {
  const Row* row = find(e);
  return row ? row->text : "Unknown error";
}

}  // namespace limen
