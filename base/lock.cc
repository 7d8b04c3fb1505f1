#include "base/lock.h"

#ifdef LIMEN_LOCK_DEBUG
#include <cstdio>
#include <cstdlib>

namespace limen::lock_debug {
namespace {
struct Held {
  LockRank rank;
  const void* lock;
};
constexpr usize kMost = 32;
thread_local Held held[kMost];
thread_local usize count = 0;
}  // namespace

void acquired(LockRank rank, const void* lock) {
  for (usize i = 0; i < count; ++i) {
    const bool same_rank_by_address = held[i].rank == rank && held[i].lock < lock;
    if (held[i].rank < rank || same_rank_by_address) continue;
    std::fprintf(stderr, "limen: lock order: rank %u taken while rank %u is held\n", unsigned(rank),
                 unsigned(held[i].rank));
    std::abort();
  }
  if (count == kMost) std::abort();
  held[count++] = {rank, lock};
}

void released(LockRank, const void* lock) {
  for (usize i = count; i-- > 0;) {
    if (held[i].lock != lock) continue;
    for (usize j = i + 1; j < count; ++j) held[j - 1] = held[j];
    --count;
    return;
  }
  std::abort();
}

}  // namespace limen::lock_debug
#endif
