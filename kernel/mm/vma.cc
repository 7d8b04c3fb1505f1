// The two trees of an address space: finding, cutting, merging.
#include <algorithm>

#include "kernel/mm/address_space.h"

namespace limen {
namespace {

bool mergeable(u64 start, const Vma& a, const Vma& b) {
  return a.prot == b.prot && a.may == b.may && a.flags == b.flags && a.object == b.object && a.name == b.name &&
         a.userfault == b.userfault && (!a.object || a.offset + (a.end - start) == b.offset) &&
         (a.flags & kVmaSpecial) == 0;
}

bool mergeable(u64 start, const Extent& a, const Extent& b) {
  return a.prot == b.prot && a.host == b.host && a.cow == b.cow && a.patched == b.patched && a.file == b.file &&
         a.guard == b.guard && a.held == b.held && a.offset + (a.end - start) == b.offset;
}

// Merges entries that touch at a boundary inside [start, end].
template <typename Map, typename Merged>
void merge_in(Map& map, u64 start, u64 end, const Merged& merged) {
  auto it = map.lower_bound(start);
  if (it != map.begin()) --it;
  while (it != map.end() && it->first <= end) {
    const auto next = std::next(it);
    if (next == map.end()) break;
    if (it->second.end == next->first && mergeable(it->first, it->second, next->second)) {
      merged(it, next);
      it->second.end = next->second.end;
      map.erase(next);
    } else {
      it = next;
    }
  }
}

template <typename Map>
auto holder(Map& map, u64 addr) {
  auto it = map.upper_bound(addr);
  if (it == map.begin()) return map.end();
  --it;
  return addr < it->second.end ? it : map.end();
}

template <typename Map>
auto first_from(Map& map, u64 addr) {
  auto it = map.upper_bound(addr);
  if (it == map.begin()) return it;
  const auto before = std::prev(it);
  return addr < before->second.end ? before : it;
}

}  // namespace

AddressSpace::VmaMap::iterator AddressSpace::vma_at(u64 addr) { return holder(vmas_, addr); }
AddressSpace::VmaMap::iterator AddressSpace::vma_from(u64 addr) { return first_from(vmas_, addr); }
AddressSpace::ExtentMap::iterator AddressSpace::extent_at(u64 addr) { return holder(extents_, addr); }
AddressSpace::ExtentMap::iterator AddressSpace::extent_from(u64 addr) { return first_from(extents_, addr); }
AddressSpace::VmaMap::const_iterator AddressSpace::find_vma(u64 addr) const { return holder(vmas_, addr); }
AddressSpace::ExtentMap::const_iterator AddressSpace::find_extent(u64 addr) const { return holder(extents_, addr); }

// Each piece counts for itself: what is counted when a piece comes is what is taken away when it goes.
void AddressSpace::account(u64 start, const Vma& vma, bool added) {
  if ((vma.flags & kVmaIsland) != 0) return;
  const u64 bytes = added ? vma.end - start : start - vma.end;  // modulo 2^64
  virtual_bytes_ += bytes;
  if (vma.copies() && (vma.prot & platform::kProtWrite) != 0 && (vma.flags & kVmaGrowsDown) == 0)
    data_bytes_ += bytes, arena_.committed += bytes;
  if ((vma.flags & kVmaLocked) != 0) locked_bytes_ += bytes;
  if (!vma.object) return;
  if (const File* file = vma.object->file().get(); file != nullptr) {
    auto& [object, pieces] = objects_[file];
    if (added) {
      object = vma.object.get(), ++pieces;
    } else if (--pieces == 0) {
      objects_.erase(file);
    }
  }
  if (vma.object->store() == nullptr) return;
  const bool writable = vma.shared() && (vma.may & platform::kProtWrite) != 0;
  if (added) {
    vma.object->store()->add_mapping(owner_, writable);
  } else {
    vma.object->store()->remove_mapping(owner_, writable);
  }
}

Ref<MappedObject> AddressSpace::object_of(const File& file) const {
  const auto it = objects_.find(&file);
  return it == objects_.end() ? Ref<MappedObject>() : Ref<MappedObject>(it->second.first);
}

void AddressSpace::cut_vma(u64 addr) {
  const auto it = vma_at(addr);
  if (it == vmas_.end() || it->first == addr) return;
  Vma upper = it->second;
  if (upper.object) upper.offset += addr - it->first;
  Vma lower = it->second;
  lower.end = addr;
  account(addr, upper, true);  // first: a store must not lose sight of its mapper
  account(it->first, lower, true);
  account(it->first, it->second, false);
  it->second.end = addr;
  vmas_.emplace(addr, std::move(upper));
}

void AddressSpace::cut_extent(u64 addr) {
  const auto it = extent_at(addr);
  if (it == extents_.end() || it->first == addr) return;
  Extent upper = it->second;
  it->second.end = addr;
  upper.offset += addr - it->first;
  extents_.emplace(addr, std::move(upper));
}

void AddressSpace::insert_vma(u64 start, Vma vma) {
  const u64 end = vma.end;
  account(start, vma, true);
  vmas_.emplace(start, std::move(vma));
  merge_vmas(start, end);
}

void AddressSpace::insert_extent(u64 start, Extent extent) {
  const u64 end = extent.end;
  extents_.emplace(start, std::move(extent));
  merge_extents(start, end);
}

void AddressSpace::merge_vmas(u64 start, u64 end) {
  merge_in(vmas_, start, end, [this](auto lower, auto upper) {
    Vma whole = lower->second;
    whole.end = upper->second.end;
    account(lower->first, whole, true);  // first: a store must not lose sight of its mapper
    account(lower->first, lower->second, false);
    account(upper->first, upper->second, false);
  });
}

void AddressSpace::merge_extents(u64 start, u64 end) {
  merge_in(extents_, start, end, [](auto, auto) {});
}

void AddressSpace::erase_vmas(u64 start, u64 end) {
  cut_vma(start);
  cut_vma(end);
  for (auto it = vmas_.lower_bound(start); it != vmas_.end() && it->first < end; it = vmas_.erase(it)) {
    account(it->first, it->second, false);
  }
}

std::vector<std::pair<u64, Extent>> AddressSpace::take_extents(u64 start, u64 end) {
  cut_extent(start);
  cut_extent(end);
  std::vector<std::pair<u64, Extent>> taken;
  for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < end; it = extents_.erase(it)) {
    taken.emplace_back(it->first, std::move(it->second));
  }
  return taken;
}

// How many VMAs more there are when [start, end) is cut out of its neighbours.
u64 AddressSpace::cuts_needed(u64 start, u64 end) const {
  const auto first = find_vma(start);
  const auto last = find_vma(end);
  const bool cuts_first = first != vmas_.end() && first->first < start;
  const bool cuts_last = last != vmas_.end() && last->first < end;
  return static_cast<u64>(cuts_first) + static_cast<u64>(cuts_last);
}

u64 AddressSpace::bytes_mapped(u64 start, u64 end) const {
  u64 sum = 0;
  for (auto it = first_from(vmas_, start); it != vmas_.end() && it->first < end; ++it) {
    sum += std::min(it->second.end, end) - std::max(it->first, start);
  }
  return sum;
}

u64 AddressSpace::start_with_gap(u64 start, const Vma& vma) {
  // Room for the island of a file's text, see patching.cc.
  const bool file_begins =
      vma.object && vma.object->file() && vma.object->store() == nullptr && vma.copies() && vma.offset == 0;
  if (file_begins) return start > kIslandSize ? start - kIslandSize : 0;
  if ((vma.flags & kVmaGrowsDown) == 0) return start;
  return start > kStackGuardGap ? start - kStackGuardGap : 0;
}

// The highest free place for `length` bytes in [low, high); 0 where there is none. Linux: vm_unmapped_area, top down.
u64 AddressSpace::find_gap(u64 length, u64 low, u64 high) const {
  if (high < low || high - low < length) return 0;
  u64 top = high;
  auto it = vmas_.lower_bound(high);
  if (it != vmas_.end()) top = std::min(top, start_with_gap(it->first, it->second));
  while (it != vmas_.begin()) {
    --it;
    const u64 bottom = std::max(it->second.end, low);
    if (top >= bottom && top - bottom >= length) return top - length;
    top = std::min(top, start_with_gap(it->first, it->second));
    if (top < low || top - low < length) return 0;
  }
  return top >= low && top - low >= length ? top - length : 0;
}

bool AddressSpace::consistent() const {
  u64 last = 0, bytes = 0;
  for (auto it = vmas_.begin(); it != vmas_.end(); ++it) {
    const auto& [start, vma] = *it;
    if (start < last || vma.end <= start || ((start | vma.end) & kPageMask) != 0) return false;
    const auto next = std::next(it);
    if (next != vmas_.end() && vma.end == next->first && mergeable(start, vma, next->second)) return false;
    last = vma.end;
    if ((vma.flags & kVmaIsland) == 0) bytes += vma.end - start;
  }
  if (bytes != virtual_bytes_) return false;
  last = 0;
  for (const auto& [start, extent] : extents_) {
    if (start < last || extent.end <= start) return false;
    last = extent.end;
    for (u64 at = start; at < extent.end;) {
      const auto vma = find_vma(at);
      if (vma == vmas_.end() || vma->second.prot != extent.prot) return false;
      if (extent.cow && vma->second.shared()) return false;
      if (extent.host < Extent::kStale && (extent.host & ~extent.host_protection()) != 0) return false;
      at = vma->second.end;
    }
  }
  return true;
}

}  // namespace limen
