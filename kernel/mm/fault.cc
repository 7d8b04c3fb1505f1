// Faults and the kernel's own accesses: granting, copying on write, growing stacks. Linux: mm/memory.c, arch/x86/mm/fault.c.
#include <algorithm>
#include <bit>
#include <cstring>

#include "kernel/mm/address_space.h"
#include "platform/platform.h"

namespace limen {
namespace {

constexpr u64 kLeastGrant = 256 << 10, kMostGrant = 4 << 20;
constexpr u64 kLeastCopy = 32 << 10, kMostCopy = 256 << 10;
constexpr u64 kStorePages = 64;
constexpr u64 kTakeOver = 16 << 20;    // looked at in one fault
constexpr u64 kStackStep = 128 << 10;  // a stack grows by at least this, where there is room

bool writes(Access access) { return access == Access::write || access == Access::forced_write; }

// Linux: access_error; FOLL_FORCE in mm/gup.c:check_vma_flags.
bool permits(const Vma& vma, Access access) {
  switch (access) {
    case Access::read:
      return vma.prot != 0;
    case Access::write:
      return (vma.prot & platform::kProtWrite) != 0;
    case Access::fetch:
      return (vma.prot & platform::kProtExec) != 0;
    case Access::forced_read:
      return vma.may != 0;
    case Access::forced_write:
      return (vma.prot & platform::kProtWrite) != 0 || vma.copies();
  }
  return false;
}

// Of an extent, as much as lies in a range and may be written by the guest as it is.
u64 own_bytes(const std::pair<const u64, Extent>& at, u64 start, u64 end) {
  if (!at.second.owns_pages() || at.second.cow) return 0;
  return std::min(at.second.end, end) - std::max(at.first, start);
}

}  // namespace

Resolution AddressSpace::resolve(u64 addr, Access access) {
  addr = page_floor(addr);
  auto vma = vma_at(addr);
  if (vma == vmas_.end()) {
    if (!grow_stack(addr)) return Resolution::no_mapping;
    vma = vma_at(addr);
  }
  if (!permits(vma->second, access)) return Resolution::no_access;
  if (vma->second.userfault && waits_for_user(addr, access)) return Resolution::userfault;
  if (extent_at(addr) == extents_.end()) {
    const Resolution filled = fill(addr, vma->first, vma->second, access);
    if (filled != Resolution::resolved) return filled;
  }
  const auto at = extent_at(addr);
  if (at == extents_.end()) return Resolution::no_memory;
  Extent& extent = at->second;
  if (extent.guard) return Resolution::guarded;
  if (writes(access) && (extent.cow || extent.file)) {
    return vma->second.shared() ? Resolution::no_access : make_private(addr);
  }
  // Somebody else resolved it; or an order failed before and is repeated now.
  if (extent.host != extent.host_protection() && extent.prot != 0) {
    Orders orders;
    orders.map(at->first, extent);
    if (!apply(orders).ok()) return Resolution::no_memory;
    extent.host = extent.host_protection();
    merge_extents(at->first, extent.end);
  }
  return Resolution::resolved;
}

// A range around `addr`, of a power of two, that grows with what was resolved just below it: for touches in sequence.
u64 AddressSpace::window(u64 addr, u64 least, u64 most) const {
  const auto below = addr == 0 ? extents_.end() : find_extent(addr - 1);
  if (below == extents_.end() || !below->second.owns_pages() || below->second.cow) return least;
  return std::clamp(std::bit_floor(2 * (addr - below->first)), least, most);
}

// The same for copies; or the largest such range of which a quarter is the guest's own: for touches all over a data segment.
u64 AddressSpace::copy_window(u64 addr) const {
  for (u64 size = kMostCopy; size > kLeastCopy; size /= 2) {
    const u64 start = addr & ~(size - 1), end = start + size;
    u64 own = 0;
    for (auto it = find_extent(addr); it != extents_.end();
         it = it == extents_.begin() ? extents_.end() : std::prev(it)) {
      if (it->second.end <= start) break;
      own += own_bytes(*it, start, end);
    }
    for (auto it = extents_.upper_bound(addr); it != extents_.end() && it->first < end; ++it)
      own += own_bytes(*it, start, end);
    if (own >= size / 4) return std::max(size, window(addr, kLeastCopy, kMostCopy));
  }
  return window(addr, kLeastCopy, kMostCopy);
}

Resolution AddressSpace::fill(u64 addr, u64 vma_start, const Vma& vma, Access access) {
  const auto next = extents_.upper_bound(addr);
  const u64 hole_end = next == extents_.end() ? vma.end : std::min(next->first, vma.end);
  const u64 hole_start = next == extents_.begin() ? vma_start : std::max(std::prev(next)->second.end, vma_start);
  if (!vma.object) return fill_anonymous(addr, hole_start, hole_end, vma);
  if (vma.object->store() != nullptr) {
    return fill_store(addr, hole_end, vma_start, vma, !(writes(access) && vma.copies()));
  }
  Extent extent{.end = hole_end, .offset = vma.offset + (hole_start - vma_start), .prot = vma.prot, .file = vma.object};
  return replace(hole_start, std::move(extent));
}

Resolution AddressSpace::fill_anonymous(u64 addr, u64 hole_start, u64 hole_end, const Vma& vma) {
  for (u64 size = window(addr, kLeastGrant, kMostGrant);; size = size > 16 * kPageSize ? 16 * kPageSize : kPageSize) {
    const u64 start = std::max(addr & ~(size - 1), hole_start);
    const u64 end = std::min((addr & ~(size - 1)) + size, hole_end);
    const Result<Arena::Grant> got = grant(start, end);
    if (got.ok())
      return replace(start, Extent{.end = end, .offset = got->range.offset, .prot = vma.prot, .warm = got->warm});
    if (size == kPageSize) return Resolution::no_memory;
  }
}

// `map_now`: else the caller is going to copy the page at once.
Resolution AddressSpace::fill_store(u64 addr, u64 hole_end, u64 vma_start, const Vma& vma, bool map_now) {
  PageStore& store = *vma.object->store();
  const u64 page = (vma.offset + (addr - vma_start)) / kPageSize;
  const Result<ArenaRange> run = store.get_mapped_run(page, std::min((hole_end - addr) / kPageSize, kStorePages));
  if (run.is(Errno::enxio)) return Resolution::beyond_file;
  if (!run.ok()) return Resolution::no_memory;
  Extent extent{.end = addr + run->length, .offset = run->offset, .prot = vma.prot, .cow = vma.copies()};
  if (map_now) return replace(addr, std::move(extent));
  insert_extent(addr, std::move(extent));
  return Resolution::resolved;
}

// Maps `fresh` over whatever backed its range; the old pages go when the host has done it. `resident`: each of its pages is there.
Resolution AddressSpace::replace(u64 start, Extent fresh, bool resident) {
  const u64 end = fresh.end;
  Plan plan;
  if (fresh.prot != 0) {
    fresh.host = fresh.host_protection();
    const bool copied = !fresh.file && end - start <= kLeastCopy && extent_at(start) != extents_.end();
    plan.orders.map(start, fresh, resident || copied || fresh.warm);
  } else if (extent_at(start) != extents_.end()) {
    plan.orders.unmap(start, end - start);  // a forced write below PROT_NONE
  }
  plan.extents.emplace_back(start, std::move(fresh));
  if (!commit(plan, start, end).ok()) return Resolution::no_memory;
  drop(take_extents(start, end));  // proof: commit
  adopt(plan);
  return Resolution::resolved;
}

Resolution AddressSpace::make_private(u64 addr) {
  const auto at = extent_at(addr);
  const u64 start = at->first;
  const Extent extent = at->second;
  if (extent.file) return copy_file_pages(addr, start, extent);
  if (extent.patched) return copy_original(addr);
  // With one reference, ours, nobody can take another: the page is ours already.
  if (arena_.references(extent.offset + (addr - start)) == 1) return take_over(addr, start, extent);
  return copy_pages(addr, start, extent);
}

Resolution AddressSpace::take_over(u64 addr, u64 start, const Extent& extent) {
  const u64 from_limit = std::max(start, addr - std::min(addr, kTakeOver / 2));
  const u64 to_limit = std::min(extent.end, addr + kTakeOver / 2);
  const u64 offset = extent.offset + (addr - start);
  const u64 from = addr - arena_.sole_pages_backwards({offset - (addr - from_limit), addr - from_limit}) * kPageSize;
  const u64 to = addr + arena_.sole_pages({offset, to_limit - addr}) * kPageSize;
  Extent own = extent;
  own.offset = extent.offset + (from - start), own.end = to, own.cow = false, own.host = Extent::kUnmapped;
  if (own.prot != 0) {
    Orders orders;
    own.host = own.host_protection();
    if (extent.host == extent.host_protection()) {
      orders.protect(from, to - from, own.host);
    } else {
      orders.map(from, own);
    }
    if (!apply(orders).ok()) return Resolution::no_memory;  // still read-only, still shared: nothing is lost
  } else {
    own.host = extent.host;
  }
  cut_extent(from);
  cut_extent(to);
  extents_.erase(from);  // the same pages: their references stay
  insert_extent(from, std::move(own));
  return Resolution::resolved;
}

// Only pages that were ever touched are copied: reading a hole of the arena would allocate it.
void AddressSpace::copy_contents(ArenaRange from, const Arena::Grant& to) {
  std::vector<u8> touched(from.length / kPageSize);
  arena_.residency(from, touched.data());
  for (usize i = 0, run = 0; i < touched.size(); i = run) {
    for (run = i; run < touched.size() && (touched[run] & 1) == (touched[i] & 1);) ++run;
    const u64 at = i * kPageSize, length = (run - i) * kPageSize;
    u8* target = arena_.at(to.range.offset + at);
    if ((touched[i] & 1) != 0) {
      std::span<u8> source(arena_.at(from.offset + at), length);
      // As in read_file.
      const usize written = to.warm ? 0 : arena_.write(to.range.offset + at, {&source, 1}).value_or(usize{0});
      (void)platform::safe_copy(target + written, source.data() + written, length - written);
    } else if (to.stale) {
      std::memset(target, 0, length);
    }
  }
}

Resolution AddressSpace::copy_pages(u64 addr, u64 start, const Extent& extent) {
  const u64 size = copy_window(addr);
  const u64 low = std::max(addr & ~(size - 1), start), high = std::min((addr & ~(size - 1)) + size, extent.end);
  const auto shared = [&](u64 page) { return arena_.references(extent.offset + (page - start)) > 1; };
  u64 from = addr, to = addr + kPageSize;
  while (from > low && shared(from - kPageSize)) from -= kPageSize;
  while (to < high && shared(to)) to += kPageSize;
  Result<Arena::Grant> grant = arena_.allocate_as(to - from, near_for(from, to), Arena::Fill::stale);
  if (!grant.ok()) {
    from = addr, to = addr + kPageSize;
    grant = arena_.allocate_as(kPageSize, Arena::kAnywhere, Arena::Fill::stale);
    if (!grant.ok()) return Resolution::no_memory;
  }
  copy_contents({extent.offset + (from - start), to - from}, *grant);
  return replace(from, Extent{.end = to, .offset = grant->range.offset, .prot = extent.prot});
}

Resolution AddressSpace::copy_file_pages(u64 addr, u64 start, const Extent& extent) {
  const u64 size = copy_window(addr);
  const u64 from = std::max(addr & ~(size - 1), start), to = std::min((addr & ~(size - 1)) + size, extent.end);
  const Result<Arena::Grant> grant = arena_.allocate_as(to - from, near_for(from, to), Arena::Fill::stale);
  if (!grant.ok()) return Resolution::no_memory;
  const ArenaRange range = grant->range;
  const u64 kept = page_ceil(read_file(*extent.file, extent.offset + (from - start), *grant));
  if (from + kept <= addr) {
    arena_.unref(range);  // no guest saw it
    return Resolution::beyond_file;
  }
  if (kept < range.length) arena_.unref({range.offset + kept, range.length - kept});
  return replace(from, Extent{.end = from + kept, .offset = range.offset, .prot = extent.prot}, true);
}

// A page of patched text becomes the guest's own, with the bytes of the file.
Resolution AddressSpace::copy_original(u64 addr) {
  const auto vma = vma_at(addr);
  if (!vma->second.object) return Resolution::no_access;  // an island
  const Result<Arena::Grant> grant = arena_.allocate_as(kPageSize, Arena::kAnywhere, Arena::Fill::stale);
  if (!grant.ok()) return Resolution::no_memory;
  u8* page = arena_.at(grant->range.offset);
  const u64 offset = vma->second.offset + (addr - vma->first);
  const usize bytes = vma->second.object->read(page, kPageSize, offset).value_or(usize{0});
  std::memset(page + bytes, 0, kPageSize - bytes);
  ++restored_;
  return replace(addr, Extent{.end = addr + kPageSize, .offset = grant->range.offset, .prot = vma->second.prot});
}

// Linux: mm/mmap.c:expand_downwards.
bool AddressSpace::grow_stack(u64 addr) {
  const auto it = vma_from(addr);
  if (it == vmas_.end() || (it->second.flags & kVmaGrowsDown) == 0) return false;
  const u64 start = it->first;
  u64 lowest = std::max(bounds_.floor, it->second.end - std::min(it->second.end, page_floor(stack_limit_)));
  if (it != vmas_.begin()) {
    const auto before = std::prev(it);
    const bool needs_gap = before->second.prot != 0 && (before->second.flags & kVmaGrowsDown) == 0;
    lowest = std::max(lowest, before->second.end + (needs_gap ? kStackGuardGap : 0));
  }
  if (addr < lowest) return false;
  const u64 bottom = std::max(lowest, std::min(addr, start - std::min(start, kStackStep)));
  if (virtual_bytes_ + (start - bottom) > address_limit_) return false;
  Vma more = it->second;
  more.end = start;
  return establish(bottom, std::move(more), Eagerness::usual).ok();
}

std::span<u8> AddressSpace::view(u64 addr, u64 length, Access access) const {
  const auto it = find_extent(addr);
  if (it == extents_.end()) return {};
  const Extent& extent = it->second;
  if (extent.guard) return {};
  length = std::min(length, extent.end - addr);
  if (writes(access)) {
    if (extent.cow || extent.file || extent.held) return {};
    if ((extent.prot & platform::kProtWrite) == 0) {
      const auto vma = find_vma(addr);
      if (access != Access::forced_write || vma == vmas_.end() || !vma->second.copies()) return {};
      length = std::min(length, vma->second.end - addr);
    }
  } else if (extent.prot == 0 && access != Access::forced_read) {
    return {};
  }
  const u64 offset = extent.offset + (addr - it->first);
  if (!extent.file) return {arena_.at(offset), length};
  const std::span<const u8> bytes = extent.file->view(offset, length);
  return {const_cast<u8*>(bytes.data()), bytes.size()};  // read by all who ask for reading
}

}  // namespace limen
