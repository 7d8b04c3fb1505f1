#include "kernel/mm/arena.h"

#include <algorithm>
#include <cstring>

namespace limen {
namespace {

// Warm ranges looked at before a cold one is taken: keeps allocation short when warm memory is in crumbs.
constexpr int kWarmTries = 64;
// Larger ranges start cold: mostly they are touched in part, and zeroing all of it costs more than it saves.
constexpr u64 kWarmRange = 8 << 20;
// Free space kept behind a fresh range where there is some, so that its owner can grow contiguously.
constexpr u64 kRoom = 1 << 20;

}  // namespace

Arena::Arena(platform::Platform& platform, u64 limit_bytes, u64 largest_mapping)
    : platform_(platform),
      limit_(std::min(page_floor(limit_bytes), platform.arena_size())),
      largest_mapping_(std::max(limit_, std::min(largest_mapping, platform.arena_size()))),
      warm_bound_(std::min(limit_ / 8, u64{128} << 20)) {
  cold_[0] = platform.arena_size();
}

Arena::~Arena() = default;

// Linux: vm_commit_limit, __vm_enough_memory.
u64 Arena::commit_limit() const {
  const u64 kbytes = settings.overcommit_kbytes;
  return kbytes != 0 ? kbytes * 1024 : limit_ / 100 * settings.overcommit_ratio;
}

bool Arena::may_commit(u64 more) const {
  return settings.overcommit_memory != MemorySettings::never || committed.load() + more <= commit_limit();
}

Result<ArenaRange> Arena::allocate(u64 length, u64 near) {
  const Grant grant = TRY(allocate_as(length, near, Fill::zeroed));
  return grant.range;
}

Result<Arena::Grant> Arena::allocate_as(u64 length, u64 near, Fill fill) {
  if (length == 0 || (length & kPageMask) != 0) return Errno::einval;
  Grant grant;
  std::vector<ArenaRange> excess;
  bool warm = false;
  {
    MutexGuard guard(lock_);
    if (length > limit_ || granted_ > limit_ - length) return Errno::enomem;
    u64 offset = kAnywhere;
    if (near != kAnywhere && take(cold_, near, length)) {
      offset = near;
    } else if (near != kAnywhere && take(warm_, near, length)) {
      offset = near, warm = true;
    } else if (const u64 found = find_warm(length); found != kAnywhere) {
      offset = found, warm = take(warm_, found, length);
    } else {
      offset = find_cold(length);
      if (offset == kAnywhere) return Errno::enomem;
      take(cold_, offset, length);
    }
    grant.range = {offset, length};
    if (warm) warm_bytes_ -= length;
    own(grant.range);
    granted_ += length;
    if (granted_ + warm_bytes_ > limit_) excess = take_excess_warm(limit_ - granted_);
  }
  give_back(excess);
  // A former owner's bytes never reach a new one.
  if (warm && fill == Fill::zeroed) std::memset(at(grant.range.offset), 0, length);
  grant.warm = warm;
  grant.stale = warm && fill == Fill::stale;
  return grant;
}

void Arena::ref(ArenaRange range) {
  MutexGuard guard(lock_);
  for (u64 at = range.offset; at < range.end(); at += kPageSize) ++count(at / kPageSize);
}

void Arena::unref(ArenaRange range) {
  std::vector<ArenaRange> dead;
  {
    MutexGuard guard(lock_);
    for (u64 at = range.offset; at < range.end(); at += kPageSize) {
      const u64 page = at / kPageSize;
      if (--count(page) != 0) continue;
      std::unique_ptr<Chunk>& chunk = chunks_[page / kChunkPages];
      if (--chunk->owned == 0) chunk.reset();
      granted_ -= kPageSize;
      if (!dead.empty() && dead.back().end() == at) {
        dead.back().length += kPageSize;
      } else {
        dead.push_back({at, kPageSize});
      }
    }
  }
  for (const ArenaRange r : dead) release(r);
}

u32 Arena::references(u64 offset) const {
  MutexGuard guard(lock_);
  const u64 page = offset / kPageSize;
  if (page / kChunkPages >= chunks_.size() || !chunks_[page / kChunkPages]) return 0;
  return chunks_[page / kChunkPages]->counts[page % kChunkPages];
}

u64 Arena::sole_pages(ArenaRange range) const {
  MutexGuard guard(lock_);
  u64 n = 0;
  for (u64 page = range.offset / kPageSize; page < range.end() / kPageSize; ++page, ++n) {
    if (chunks_[page / kChunkPages]->counts[page % kChunkPages] != 1) break;
  }
  return n;
}

u64 Arena::sole_pages_backwards(ArenaRange range) const {
  MutexGuard guard(lock_);
  u64 n = 0;
  for (u64 page = range.end() / kPageSize; page > range.offset / kPageSize; --page, ++n) {
    if (chunks_[(page - 1) / kChunkPages]->counts[(page - 1) % kChunkPages] != 1) break;
  }
  return n;
}

void Arena::residency(ArenaRange range, u8* pages) const {
  if (!platform_.arena_resident(range.offset, range.length, pages)) std::memset(pages, 1, range.length / kPageSize);
}

void Arena::trim() {
  std::vector<ArenaRange> all;
  {
    MutexGuard guard(lock_);
    all = take_excess_warm(0);
  }
  give_back(all);
}

u64 Arena::granted() const {
  MutexGuard guard(lock_);
  return granted_;
}

u64 Arena::resident() const {
  MutexGuard guard(lock_);
  return granted_ + warm_bytes_;
}

bool Arena::take(Free& from, u64 offset, u64 length) {
  auto it = from.upper_bound(offset);
  if (it == from.begin()) return false;
  --it;
  const u64 start = it->first, end = it->first + it->second;
  if (offset + length > end) return false;
  from.erase(it);
  if (start < offset) from[start] = offset - start;
  if (offset + length < end) from[offset + length] = end - offset - length;
  return true;
}

void Arena::put(Free& to, u64 offset, u64 length) {
  auto next = to.lower_bound(offset);
  if (next != to.end() && next->first == offset + length) {
    length += next->second;
    next = to.erase(next);
  }
  if (next != to.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == offset) {
      before->second += length;
      return;
    }
  }
  to.emplace_hint(next, offset, length);
}

u64 Arena::find_warm(u64 length) const {
  if (length > kWarmRange) return kAnywhere;
  int tries = kWarmTries;
  for (const auto& [offset, size] : warm_) {
    if (size >= length) return offset;
    if (--tries == 0) break;
  }
  return kAnywhere;
}

u64 Arena::find_cold(u64 length) {
  // Next fit, so that ranges granted one after the other keep room to grow; not beyond a few times the limit, since
  // each region that was used once costs the kernel page tables.
  if (cursor_ > 4 * limit_ + (u64{1} << 30)) cursor_ = 0;
  for (const u64 room : {kRoom, u64{0}}) {
    for (const u64 from : {cursor_, u64{0}}) {
      auto it = cold_.upper_bound(from);
      if (it != cold_.begin()) --it;
      for (; it != cold_.end(); ++it) {
        const u64 start = std::max(it->first, std::min(from, it->first + it->second));
        if (it->first + it->second - start < length + room) continue;
        cursor_ = start + length + room;
        return start;
      }
    }
  }
  // Warm crumbs may stand between: give them back, and the free space is whole again. Rare: the arena is far larger
  // than the limit.
  const std::vector<ArenaRange> all = take_excess_warm(0);
  for (const ArenaRange r : all) {
    platform_.arena_discard(r.offset, r.length);
    put(cold_, r.offset, r.length);
  }
  for (const auto& [offset, size] : cold_) {
    if (size >= length) return offset;
  }
  return kAnywhere;
}

u32& Arena::count(u64 page) { return chunks_[page / kChunkPages]->counts[page % kChunkPages]; }

void Arena::own(ArenaRange range) {
  const u64 last = (range.end() - 1) / kPageSize / kChunkPages;
  if (chunks_.size() <= last) chunks_.resize(last + 1);
  for (u64 page = range.offset / kPageSize; page < range.end() / kPageSize; ++page) {
    std::unique_ptr<Chunk>& chunk = chunks_[page / kChunkPages];
    if (!chunk) chunk = std::make_unique<Chunk>();
    chunk->counts[page % kChunkPages] = 1;
    ++chunk->owned;
  }
}

// The range has no owner, and is in neither free map yet: nobody else can meet it.
void Arena::release(ArenaRange range) {
  if (range.length > warm_bound_) {
    give_back({range});
    return;
  }
  std::vector<u8> touched(range.length / kPageSize);
  residency(range, touched.data());
  std::vector<ArenaRange> excess;
  {
    MutexGuard guard(lock_);
    for (usize i = 0, run = 0; i < touched.size(); i = run) {
      for (run = i; run < touched.size() && (touched[run] & 1) == (touched[i] & 1);) ++run;
      const u64 length = (run - i) * kPageSize;
      const bool warm = (touched[i] & 1) != 0;
      put(warm ? warm_ : cold_, range.offset + i * kPageSize, length);
      if (warm) warm_bytes_ += length;
    }
    // In batches: down to half when the bound is passed.
    if (warm_bytes_ > warm_bound_ || granted_ + warm_bytes_ > limit_) excess = take_excess_warm(warm_bound_ / 2);
  }
  give_back(excess);
}

std::vector<ArenaRange> Arena::take_excess_warm(u64 bound) {
  std::vector<ArenaRange> taken;
  while (warm_bytes_ > bound && !warm_.empty()) {
    const auto last = std::prev(warm_.end());
    taken.push_back({last->first, last->second});
    warm_bytes_ -= last->second;
    warm_.erase(last);
  }
  return taken;
}

void Arena::give_back(const std::vector<ArenaRange>& ranges) {
  if (ranges.empty()) return;
  for (const ArenaRange r : ranges) platform_.arena_discard(r.offset, r.length);
  MutexGuard guard(lock_);
  for (const ArenaRange r : ranges) put(cold_, r.offset, r.length);
}

}  // namespace limen
