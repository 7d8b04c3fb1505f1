// Orders, and what becomes of pages when orders fail.
#include "kernel/mm/address_space.h"

namespace limen {

using platform::MapOrder;

void Orders::map_arena(u64 addr, u64 length, u64 offset, u8 prot, bool populate) {
  if (!list_.empty()) {
    MapOrder& last = list_.back();
    if (last.kind == MapOrder::Kind::map_arena && last.addr + last.length == addr &&
        last.offset + last.length == offset && last.prot == prot && last.populate == populate) {
      last.length += length;
      return;
    }
  }
  list_.push_back(MapOrder::map_arena(addr, length, offset, prot, populate));
}

void Orders::map_file(u64 addr, u64 length, int fd, u64 offset, u8 prot) {
  list_.push_back(MapOrder::map_file(addr, length, fd, offset, prot));
}

void Orders::map(u64 start, const Extent& extent, bool populate) {
  if (extent.file) {
    map_file(start, extent.end - start, extent.file->host_fd(), extent.offset, extent.host_protection());
  } else {
    map_arena(start, extent.end - start, extent.offset, extent.host_protection(), populate);
  }
}

void Orders::unmap(u64 addr, u64 length) {
  if (!list_.empty() && list_.back().kind == MapOrder::Kind::unmap && list_.back().addr + list_.back().length == addr) {
    list_.back().length += length;
    return;
  }
  list_.push_back(MapOrder::unmap(addr, length));
}

void Orders::protect(u64 addr, u64 length, u8 prot) {
  if (!list_.empty()) {
    MapOrder& last = list_.back();
    if (last.kind == MapOrder::Kind::protect && last.addr + last.length == addr && last.prot == prot) {
      last.length += length;
      return;
    }
  }
  list_.push_back(MapOrder::protect(addr, length, prot));
}

AddressSpace::AddressSpace(Arena& arena, PatchCache& patches, platform::Space& space, StoreMapper& owner, Bounds bounds)
    : arena_(arena), patches_(patches), space_(space), owner_(owner), bounds_(bounds) {}

AddressSpace::~AddressSpace() {
  for (const auto& [start, vma] : vmas_) account(start, vma, false);
  for (const auto& [start, extent] : extents_) {
    if (extent.owns_pages()) arena_.unref({extent.offset, extent.end - start});
  }
  for (const ArenaRange range : doomed_) arena_.unref(range);
  for (const ArenaRange page : replaced_) arena_.unref(page);
}

// The references of extents that the host has been proved not to map.
void AddressSpace::drop(std::span<const std::pair<u64, Extent>> extents) {
  for (const auto& [start, extent] : extents) {
    if (extent.owns_pages()) arena_.unref({extent.offset, extent.end - start});
  }
}

// Orders about [start, end) may have been carried out in part: the pages of `extents` are free only when the range is proved
// empty, or else when the process is dead. A space that cannot even unmap is of no more use.
void AddressSpace::abandon(std::span<const std::pair<u64, Extent>> extents, u64 start, u64 end) {
  const MapOrder order = MapOrder::unmap(start, end - start);
  if (space_.apply({&order, 1}).ok()) {
    mark_unmapped(start, end);
    return drop(extents);  // proof
  }
  space_.kill();
  doom(extents);
  doom(take_extents(start, end));
}

// Pages that a dying process may still map: ours until it is dead.
void AddressSpace::doom(std::span<const std::pair<u64, Extent>> extents) {
  for (const auto& [at, extent] : extents) {
    if (extent.owns_pages()) doomed_.push_back({extent.offset, extent.end - at});
  }
}

void AddressSpace::mark_unmapped(u64 start, u64 end) {
  cut_extent(start);
  cut_extent(end);
  for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < end; ++it) {
    it->second.host = Extent::kUnmapped;
  }
}

void AddressSpace::adopt(Plan& plan) {
  for (auto& [start, extent] : plan.extents) {
    insert_extent(start, std::move(extent));
  }
  plan.extents.clear();
}

Result<void> AddressSpace::commit(Plan& plan, u64 start, u64 end) {
  const Result<void> done = apply(plan.orders);
  if (done.ok()) return success;
  abandon(plan.extents, start, end);
  plan.extents.clear();
  // A dead process maps nothing and needs nothing: its threads are told by the platform.
  return done.is(Errno::esrch) ? Errno::enomem : done.error();
}

}  // namespace limen
