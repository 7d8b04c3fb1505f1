#include "kernel/mm/page_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "platform/platform.h"

namespace limen {
namespace {

// New pages are made in runs of at most this many, so that a write of any length holds the lock shortly.
constexpr u64 kMostNewPages = 256;
// So many that the arena still has recycled ones for them.
constexpr u64 kMostAtOnce = 64;
constexpr u64 kNoPage = ~u64{0} / kPageSize;

// A reference that the caller has on pages, perhaps on none.
class Held {
 public:
  Held(Arena& arena, ArenaRange range) : arena_(arena), range_(range) {}
  ~Held() {
    if (range_.length != 0) arena_.unref(range_);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  Arena& arena_;
  const ArenaRange range_;
};

ArenaRange part_of(u64 run_first, u64 run_offset, u64 run_pages, u64 first, u64 count) {
  const u64 skip = first - run_first;
  return {run_offset + skip * kPageSize, std::min(run_pages - skip, count) * kPageSize};
}

}  // namespace

PageStore::~PageStore() {
  for (const auto& [first, run] : pages_) arena_.unref({run.offset, run.pages * kPageSize});
}

PageStore::Runs::const_iterator PageStore::find(u64 page) const {
  auto it = pages_.upper_bound(page);
  if (it == pages_.begin()) return pages_.end();
  --it;
  return page < it->first + it->second.pages ? it : pages_.end();
}

void PageStore::insert(u64 first, ArenaRange range) {
  u64 pages = range.length / kPageSize;
  count_ += pages;
  auto next = pages_.lower_bound(first);
  if (next != pages_.end() && next->first == first + pages && next->second.offset == range.end()) {
    pages += next->second.pages;
    next = pages_.erase(next);
  }
  if (next != pages_.begin()) {
    auto before = std::prev(next);
    Run& run = before->second;
    if (before->first + run.pages == first && run.offset + run.pages * kPageSize == range.offset) {
      run.pages += pages;
      return;
    }
  }
  pages_.emplace_hint(next, first, Run{range.offset, pages});
}

Result<u64> PageStore::get_page(u64 page_index) {
  const ArenaRange range = TRY(get_run(page_index, 1));
  return range.offset;
}

std::optional<u64> PageStore::find_page(u64 page_index) {
  const std::optional<StoreRun> run = find_run(page_index, page_index + 1);
  if (!run) return std::nullopt;
  return run->range.offset;
}

Result<ArenaRange> PageStore::get_run(u64 first, u64 count) {
  MutexGuard guard(lock_);
  return get_run_locked(first, count);
}

// The size is looked at under the lock: set_size comes before discard, so that no fault makes a page behind it.
Result<ArenaRange> PageStore::get_mapped_run(u64 first, u64 count) {
  MutexGuard guard(lock_);
  const u64 pages = page_ceil(size_) / kPageSize;
  if (first >= pages) return Errno::enxio;
  return get_run_locked(first, std::min(count, pages - first));
}

Result<ArenaRange> PageStore::get_run_locked(u64 first, u64 count) {
  if (const auto it = find(first); it != pages_.end()) {
    const ArenaRange range = part_of(it->first, it->second.offset, it->second.pages, first, count);
    arena_.ref(range);
    return range;
  }
  const Hole hole = hole_at(first, count);
  Result<ArenaRange> made = arena_.allocate(hole.pages * kPageSize, hole.near);
  if (!made.ok() && hole.pages > 1) made = arena_.allocate(kPageSize, hole.near);
  if (!made.ok()) return made.error();
  insert(first, *made);
  arena_.ref(*made);
  return made;
}

PageStore::Hole PageStore::hole_at(u64 first, u64 count) const {
  if (find(first) != pages_.end()) return {};
  Hole hole{std::min(count, kMostNewPages)};
  const auto next = pages_.lower_bound(first);
  if (next != pages_.end()) hole.pages = std::min(hole.pages, next->first - first);
  if (next != pages_.begin()) {
    const auto before = std::prev(next);
    const u64 end = before->first + before->second.pages;
    if (end == first) hole.near = before->second.offset + before->second.pages * kPageSize;
  }
  return hole;
}

std::optional<StoreRun> PageStore::find_run(u64 first, u64 end) {
  MutexGuard guard(lock_);
  auto it = find(first);
  if (it == pages_.end()) {
    it = pages_.lower_bound(first);
    if (it == pages_.end() || it->first >= end) return std::nullopt;
    first = it->first;
  }
  const StoreRun run{first, part_of(it->first, it->second.offset, it->second.pages, first, end - first)};
  arena_.ref(run.range);
  return run;
}

// Copies between the buffer and [offset, offset + length) of the store, all of which lies in `range`'s pages.
Result<usize> PageStore::transfer(UserBuffer& buffer, u64 offset, usize length, ArenaRange range, bool into_store) {
  const std::span<u8> bytes(arena_.at(range.offset + (offset & kPageMask)), length);
  Result<usize> moved = into_store ? buffer.copy_in(bytes) : buffer.copy_out(bytes);
  arena_.unref(range);
  return moved;
}

Result<usize> PageStore::read(UserBuffer& to, u64 offset, usize length) {
  usize done = 0;
  length = std::min(length, to.remaining());
  while (done < length) {
    const u64 at = offset + done;
    const usize left = length - done;
    const u64 first = at / kPageSize, end = (at + left - 1) / kPageSize + 1;
    Result<usize> moved = 0;
    usize wanted = left;
    const std::optional<StoreRun> run = find_run(first, end);
    if (!run || run->first != first) {
      if (run) {
        arena_.unref(run->range);
        wanted = std::min<u64>(left, run->first * kPageSize - at);
      }
      moved = to.fill_zero(wanted);
    } else {
      wanted = std::min<u64>(left, run->range.length - (at & kPageMask));
      moved = transfer(to, at, wanted, run->range, false);
    }
    if (!moved.ok()) {
      if (done == 0) return moved.error();
      break;
    }
    done += *moved;
    if (*moved < wanted) break;
  }
  return done;
}

PageStore::Place PageStore::place_of(u64 offset, usize length) {
  Place place{offset / kPageSize, {}, {}};
  const u64 pages = (offset + length - 1) / kPageSize + 1 - place.first;
  MutexGuard guard(lock_);
  place.hole = hole_at(place.first, std::min(pages, kMostAtOnce));
  const auto run = find(place.first);
  if (run == pages_.end() || pages == 1) return place;
  place.hole = hole_at(place.first + 1, std::min(pages - 1, kMostAtOnce));
  if (place.hole.pages == 0) return place;
  place.before = part_of(run->first, run->second.offset, run->second.pages, place.first++, 1);
  arena_.ref(place.before);
  return place;
}

// From the buffer to [to, to + length) of the arena: by a write to its file, where that is wanted, and what is left by a copy, which knows
// what to say to a bad address or to no memory. The guest's memory is read once.
Result<usize> PageStore::fill(UserBuffer& from, u64 to, usize length, bool by_file) {
  usize done = 0;
  while (by_file && done < length) {
    const Result<usize> moved =
        from.with_spans(length - done, UserBuffer::Direction::from_guest,
                        [&](std::span<const std::span<u8>> spans) { return arena_.write(to + done, spans); });
    if (!moved.ok() || *moved == 0) break;
    done += *moved;
  }
  if (done == length) return done;
  const Result<usize> rest = from.copy_in({arena_.at(to + done), length - done});
  if (rest.ok()) done += *rest;
  return done != 0 ? Result<usize>(done) : rest;
}

// Bytes that go to a hole get pages which nobody sees before the bytes are in them. So recycled ones need no zeroes, and those that were
// never touched no fault of ours, but a write to the arena's file, which costs half of it. What the page before the hole gets goes along
// where it can: it was made in the same way and is as new to us. Nothing where no whole page would be new.
std::optional<Result<usize>> PageStore::write_hole(UserBuffer& from, u64 offset, usize length) {
  if ((offset & kPageMask) + length < kPageSize) return std::nullopt;
  const Place place = place_of(offset, length);
  const Held before(arena_, place.before);
  const u64 first = place.first * kPageSize,
            edge = std::max(offset, first);  // where the hole begins, and begins for us
  const u64 end = std::min(offset + length, first + place.hole.pages * kPageSize);
  if (place.hole.pages == 0 || page_ceil(edge) + kPageSize > end) return std::nullopt;
  const Result<Arena::Grant> grant =
      arena_.allocate_as(place.hole.pages * kPageSize, place.hole.near, Arena::Fill::stale);
  if (!grant.ok()) return std::nullopt;
  const ArenaRange range = grant->range;
  const u64 shift = range.offset - first;  // from an offset here to one in the arena
  const bool together = !grant->stale && place.before.end() == range.offset;
  Result<usize> moved = 0;
  usize done = 0;
  if (offset < edge && !together) {
    moved = fill(from, place.before.offset + (offset & kPageMask), edge - offset, false);
    done = moved.value_or(0);
  }
  if (together || done == edge - offset) {
    moved = fill(from, shift + offset + done, end - offset - done, !grant->stale);
    done += moved.value_or(0);
  }
  // What the bytes do not cover of their pages is zero: of untouched pages the host has seen to it.
  const u64 filled = std::max(edge, offset + done);
  const u64 used = filled > edge ? page_ceil(filled) - first : 0;
  if (used != 0) {
    if (grant->stale) clear(range.offset, shift + edge);
    if (grant->stale || filled < end) clear(shift + filled, range.offset + used);
    publish(place.first, {range.offset, used}, edge, filled - edge);
  }
  if (used < range.length) arena_.unref({range.offset + used, range.length - used});
  return done != 0 ? Result<usize>(done) : moved;
}

// `pages` hold the bytes [offset, offset + length) of the store and are its pages from `first` on. Where a fault of a mapping has made one
// meanwhile, that one stays and gets the bytes.
void PageStore::publish(u64 first, ArenaRange pages, u64 offset, usize length) {
  struct Met {
    u64 page;          // of the store
    u64 ours, theirs;  // in the arena
  };
  std::vector<Met> met;
  {
    MutexGuard guard(lock_);
    const u64 end = first + pages.length / kPageSize;
    for (u64 page = first; page < end;) {
      const u64 ours = pages.offset + (page - first) * kPageSize;
      const Hole hole = hole_at(page, end - page);
      if (hole.pages != 0) {
        insert(page, {ours, hole.pages * kPageSize});
        page += hole.pages;
        continue;
      }
      const auto run = find(page);
      const u64 theirs = run->second.offset + (page - run->first) * kPageSize;
      arena_.ref({theirs, kPageSize});
      met.push_back({page++, ours, theirs});
    }
  }
  for (const Met& m : met) {
    const u64 from = std::max(offset, m.page * kPageSize), to = std::min(offset + length, (m.page + 1) * kPageSize);
    const u64 in_page = from & kPageMask;
    (void)platform::safe_copy(arena_.at(m.theirs + in_page), arena_.at(m.ours + in_page), to - from);
    arena_.unref({m.theirs, kPageSize});
    arena_.unref({m.ours, kPageSize});
  }
}

Result<usize> PageStore::write(UserBuffer& from, u64 offset, usize length) {
  usize done = 0;
  length = std::min(length, from.remaining());
  while (done < length) {
    const u64 at = offset + done;
    const u64 first = at / kPageSize, end = (at + (length - done) - 1) / kPageSize + 1;
    if (const std::optional<Result<usize>> fresh = write_hole(from, at, length - done)) {
      if (!fresh->ok()) {
        if (done == 0) return fresh->error();
        break;
      }
      done += **fresh;
      continue;
    }
    const Result<ArenaRange> run = get_run(first, end - first);
    if (!run.ok()) {
      if (done == 0) return Errno::enospc;
      break;
    }
    const usize wanted = std::min<u64>(length - done, run->length - (at & kPageMask));
    const Result<usize> moved = transfer(from, at, wanted, *run, true);
    if (!moved.ok()) {
      if (done == 0) return moved.error();
      break;
    }
    done += *moved;
    if (*moved < wanted) break;
  }
  return done;
}

// Zeroes bytes of the arena inside one page.
void PageStore::clear(u64 from, u64 to) {
  static constexpr u8 kZeros[kPageSize] = {};
  if (from < to) (void)platform::safe_copy(arena_.at(from), kZeros, to - from);
}

// Zeroes bytes inside one page, where there is one.
void PageStore::zero(u64 from, u64 to) {
  if (from >= to) return;
  const std::optional<u64> page = find_page(from / kPageSize);
  if (!page) return;
  clear(*page + (from & kPageMask), *page + (from & kPageMask) + to - from);
  arena_.unref({*page, kPageSize});
}

std::vector<StoreRun> PageStore::take_out(u64 first, u64 end) {
  std::vector<StoreRun> out;
  auto it = find(first);
  if (it == pages_.end()) it = pages_.lower_bound(first);
  while (it != pages_.end() && it->first < end) {
    const u64 run_first = it->first, run_end = it->first + it->second.pages;
    const u64 offset = it->second.offset;
    it = pages_.erase(it);
    const u64 from = std::max(run_first, first), to = std::min(run_end, end);
    if (run_first < from) pages_[run_first] = {offset, from - run_first};
    if (to < run_end) pages_[to] = {offset + (to - run_first) * kPageSize, run_end - to};
    out.push_back({from, {offset + (from - run_first) * kPageSize, (to - from) * kPageSize}});
    count_ -= to - from;
  }
  return out;
}

void PageStore::discard(u64 from, u64 to) { discard(from, to, kNoPage); }

void PageStore::truncate(u64 size) {
  u64 old = 0;
  {
    MutexGuard guard(lock_);
    old = std::exchange(size_, size);  // first: no fault makes a page anew behind the discard
  }
  discard(size, page_ceil(old), page_ceil(size) / kPageSize);
}

void PageStore::discard(u64 from, u64 to, u64 cut) {
  if (from >= to) return;
  const u64 first = (from + kPageMask) / kPageSize;
  const u64 end = to == ~u64{0} ? kNoPage : to / kPageSize;
  if (first > end) return zero(from, to);  // inside one page
  zero(from, std::min(to, first * kPageSize));
  if (to != ~u64{0}) zero(std::max(from, end * kPageSize), to);
  std::vector<StoreRun> dropped;
  {
    MutexGuard guard(lock_);
    dropped = take_out(first, end);
  }
  if (dropped.empty() && cut == kNoPage) return;
  // Invariant 6: the pages are ours until every address space that might map them has said that it does not. A child
  // of fork enters the list while its parent's mm is locked, so that a second look finds whoever copied a mapping
  // before we came to the parent. Who dies meanwhile holds references of its own until its process is dead.
  std::set<StoreMapper*> asked;
  for (;;) {
    std::vector<Ref<StoreMapper>> ask;
    {
      MutexGuard guard(lock_);
      for (const auto& [mapper, n] : mappers_) {
        if (asked.insert(mapper).second && mapper->try_ref()) ask.push_back(Ref<StoreMapper>::adopt(mapper));
      }
    }
    if (ask.empty()) break;
    for (const Ref<StoreMapper>& mapper : ask) mapper->unmap_store_pages(*this, dropped, cut);
  }
  for (const StoreRun& run : dropped) arena_.unref(run.range);
}

u64 PageStore::resident_pages() const {
  MutexGuard guard(lock_);
  return count_;
}

u64 PageStore::next_data(u64 offset) const {
  MutexGuard guard(lock_);
  if (find(offset / kPageSize) != pages_.end()) return std::min(offset, size_);
  const auto next = pages_.lower_bound(offset / kPageSize);
  return next == pages_.end() ? size_ : std::min(next->first * kPageSize, size_);
}

u64 PageStore::next_hole(u64 offset) const {
  MutexGuard guard(lock_);
  for (auto it = find(offset / kPageSize); it != pages_.end(); ++it) {
    const u64 end = it->first + it->second.pages;
    if (offset < it->first * kPageSize) break;
    offset = end * kPageSize;
  }
  return std::min(offset, size_);
}

void PageStore::set_size(u64 size) {
  MutexGuard guard(lock_);
  size_ = size;
}

u64 PageStore::size() const {
  MutexGuard guard(lock_);
  return size_;
}

void PageStore::add_mapping(StoreMapper& mapper, bool writable) {
  {
    MutexGuard guard(lock_);
    ++mappers_[&mapper];
    if (writable) ++writable_;
  }
  if (observer_ != nullptr) observer_->mapping_added(mapper);
}

void PageStore::remove_mapping(StoreMapper& mapper, bool writable) {
  {
    MutexGuard guard(lock_);
    if (writable) --writable_;
    const auto it = mappers_.find(&mapper);
    if (it != mappers_.end() && --it->second == 0) mappers_.erase(it);
  }
  if (observer_ != nullptr) observer_->mapping_removed(mapper);
}

u64 PageStore::writable_mappings() const {
  MutexGuard guard(lock_);
  return writable_;
}

}  // namespace limen
