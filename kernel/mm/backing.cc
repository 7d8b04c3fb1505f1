// What backs a range from the beginning: as much as one batch of orders gives, so that few faults come.
#include <algorithm>
#include <cstring>

#include "kernel/mm/address_space.h"

namespace limen {
namespace {

// Anonymous ranges up to this are granted whole; larger ones by faults, in chunks.
constexpr u64 kEagerRange = 32 << 20;
constexpr u64 kEagerNoReserve = 1 << 20;
// What of a thread's stack is surely used.
constexpr u64 kEagerStack = 128 << 10;
// Writable private file mappings up to this are copied at once.
constexpr u64 kEagerCopy = 256 << 10;
// Anonymous shared memory up to this gets its pages at once.
constexpr u64 kEagerShared = 1 << 20;
constexpr int kMostRuns = 64;

}  // namespace

// The arena offset that continues a neighbour of [start, end), so that the host can merge the mappings.
u64 AddressSpace::near_for(u64 start, u64 end) const {
  if (const auto below = start == 0 ? extents_.end() : find_extent(start - 1);
      below != extents_.end() && below->second.owns_pages()) {
    return below->second.offset + (below->second.end - below->first);
  }
  if (const auto above = find_extent(end); above != extents_.end() && above->second.owns_pages() &&
                                           above->first == end && above->second.offset >= end - start) {
    return above->second.offset - (end - start);
  }
  return Arena::kAnywhere;
}

Result<Arena::Grant> AddressSpace::grant(u64 start, u64 end) const {
  return arena_.allocate_as(end - start, near_for(start, end), Arena::Fill::zeroed);
}

Result<void> AddressSpace::back(Plan& plan, u64 start, u64 end, u64 vma_start, const Vma& vma, Eagerness eagerness) {
  if (vma.prot == 0 || (vma.flags & kVmaUserMissing) != 0) return success;
  if (!vma.object) return back_anonymous(plan, start, end, vma, eagerness);
  if (vma.object->store() != nullptr) return back_store(plan, start, end, vma_start, vma, eagerness);
  return back_host_file(plan, start, end, vma_start, vma);
}

Result<void> AddressSpace::back_anonymous(Plan& plan, u64 start, u64 end, const Vma& vma, Eagerness eagerness) {
  if (eagerness == Eagerness::usual) {
    const u64 length = end - start;
    if ((vma.flags & (kVmaStack | kVmaGrowsDown)) != 0 && length > kEagerStack) {
      start = end - kEagerStack;
    } else if (length > ((vma.flags & kVmaNoReserve) != 0 ? kEagerNoReserve : kEagerRange)) {
      return success;
    }
    // Near the limit only what is touched is granted.
    if (arena_.granted() + (end - start) > arena_.limit() / 4 * 3) return success;
  }
  const Result<Arena::Grant> got = grant(start, end);
  if (!got.ok()) return success;  // by faults, then, while there is memory
  Extent extent{.end = end, .offset = got->range.offset, .prot = vma.prot, .warm = got->warm};
  extent.host = extent.host_protection();
  plan.orders.map(start, extent, eagerness == Eagerness::all || got->warm);
  plan.extents.emplace_back(start, std::move(extent));
  return success;
}

Result<void> AddressSpace::back_host_file(Plan& plan, u64 start, u64 end, u64 vma_start, const Vma& vma) {
  if (vma.copies() && (vma.prot & platform::kProtWrite) != 0 && end - start <= kEagerCopy) {
    return copy_file(plan, start, end, vma_start, vma);
  }
  Extent extent{.end = end, .offset = vma.offset + (start - vma_start), .prot = vma.prot, .file = vma.object};
  extent.host = extent.host_protection();
  plan.orders.map(start, extent);
  plan.extents.emplace_back(start, std::move(extent));
  return success;
}

// Private pages with the file's bytes; none beyond its end, where a touch is SIGBUS.
Result<void> AddressSpace::copy_file(Plan& plan, u64 start, u64 end, u64 vma_start, const Vma& vma) {
  const Arena::Grant grant = TRY(arena_.allocate_as(end - start, near_for(start, end), Arena::Fill::stale));
  const ArenaRange range = grant.range;
  const u64 kept = page_ceil(read_file(*vma.object, vma.offset + (start - vma_start), grant));
  if (kept < range.length) arena_.unref({range.offset + kept, range.length - kept});  // no guest saw them
  if (kept == 0) return success;
  Extent extent{.end = start + kept, .offset = range.offset, .prot = vma.prot};
  extent.host = extent.host_protection();
  plan.orders.map(start, extent, true);
  plan.extents.emplace_back(start, std::move(extent));
  return success;
}

// The first bytes of `to`, fewer at the end of the file; the rest of their last page is zero. Pages that nobody has touched are written as a
// file: a touch of ours would be a fault for each, and make them zero first.
u64 AddressSpace::read_file(const MappedObject& object, u64 offset, const Arena::Grant& to) {
  constexpr u64 kChunk = 32 << 10;
  const ArenaRange range = to.range;
  u64 bytes = 0;
  if (!to.warm) {
    u8 chunk[kChunk];
    while (bytes < range.length) {
      const u64 want = std::min(kChunk, range.length - bytes);
      std::span<u8> got(chunk, object.read(chunk, want, offset + bytes).value_or(usize{0}));
      if (got.empty()) break;
      if (arena_.write(range.offset + bytes, {&got, 1}).value_or(usize{0}) != got.size()) break;
      bytes += got.size();
      if (got.size() < want) return bytes;
    }
    if (bytes == range.length) return bytes;
  }
  bytes += object.read(arena_.at(range.offset + bytes), range.length - bytes, offset + bytes).value_or(usize{0});
  if (to.stale) std::memset(arena_.at(range.offset + bytes), 0, page_ceil(bytes) - bytes);
  return bytes;
}

Result<void> AddressSpace::back_store(Plan& plan, u64 start, u64 end, u64 vma_start, const Vma& vma,
                                      Eagerness eagerness) {
  PageStore& store = *vma.object->store();
  const u64 first = (vma.offset + (start - vma_start)) / kPageSize;
  const u64 last = std::min(first + (end - start) / kPageSize, page_ceil(store.size()) / kPageSize);
  const bool make = eagerness == Eagerness::all || (!vma.object->file() && end - start <= kEagerShared);
  int runs = kMostRuns;
  for (u64 page = first; page < last && (make || runs-- > 0);) {
    StoreRun run;
    if (make) {
      const Result<ArenaRange> range = store.get_mapped_run(page, last - page);
      if (!range.ok()) break;
      run = {page, *range};
    } else {
      const std::optional<StoreRun> found = store.find_run(page, last);
      if (!found) break;
      run = *found;
    }
    const u64 at = start + (run.first - first) * kPageSize;
    Extent extent{.end = at + run.range.length, .offset = run.range.offset, .prot = vma.prot, .cow = vma.copies()};
    extent.host = extent.host_protection();
    plan.orders.map(at, extent, eagerness == Eagerness::all);
    plan.extents.emplace_back(at, std::move(extent));
    page = run.first + run.range.length / kPageSize;
  }
  return success;
}

}  // namespace limen
