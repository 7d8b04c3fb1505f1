#include "abi/errors.h"

#include <array>

namespace limen {
namespace {

// An array has at least one element: each ends with one that does not count.
#define E(errno_, when) {Errno::errno_, when},
#define CALL(name, since, page, ...) constexpr ErrorCause kErrors_##name[] = {__VA_ARGS__{}};
#include "abi/errors.def"

constexpr auto kFacts = std::to_array<SyscallFacts>({
#define E(errno_, when)
#define CALL(name, since, page, ...) \
  {#name, since, std::string_view(page).empty() ? #name : page, {kErrors_##name, std::size(kErrors_##name) - 1}},
#include "abi/errors.def"
});

}  // namespace

const SyscallFacts& syscall_facts(const SyscallRow& row) {
  return kFacts[static_cast<usize>(&row - syscall_rows().data())];
}

}  // namespace limen
