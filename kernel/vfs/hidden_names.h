// Names that are hidden before they exist.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace limen {

// Places beneath a directory that is there, as relative paths: the first name of each is missing in it today, so nothing of them needs to
// be looked for. The names stay where they are for good: homes have them in common.
struct HiddenNames {
  std::string directory;
  std::vector<std::string_view> names;
};

}  // namespace limen
