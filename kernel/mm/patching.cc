// Patched pages in an address space: where their island lies, when they are mapped, and when they must go.
//
// An island is a hidden VMA (kVmaIsland): it takes part in placing and in fork, and shows in no figure. It lies right below the
// file's first mapping, where start_with_gap keeps room for it, so that all processes have it at the same distance.
#include <algorithm>

#include "kernel/mm/address_space.h"
#include "kernel/mm/patched_text.h"

namespace limen {
namespace {

constexpr u64 kReach = u64{1} << 30;  // an island is no further from its text
constexpr u8 kReadExec = platform::kProtRead | platform::kProtExec;

}  // namespace

// Clean, private, executable and not writable: text that nobody but the file's owner changes.
bool AddressSpace::may_be_patched(const Vma& vma) const {
  return patching_ && patches_.enabled() && vma.object && vma.object->file() && vma.object->store() == nullptr &&
         vma.copies() && vma.prot == kReadExec;
}

// The island of `text` for a file whose first byte lies at `base`: there already, or mapped now. enomem: its place is taken.
Result<void> AddressSpace::map_island(PatchedText& text, u64 base) {
  const u64 start = base - text.distance, end = start + kIslandSize;
  if (const auto it = islands_.find(start); it != islands_.end()) {
    return it->second.text == &text && it->second.base == base ? Result<void>() : Errno::enomem;
  }
  if (start < bounds_.floor || end > bounds_.ceiling || end < start || bytes_mapped(start, end) != 0)
    return Errno::enomem;
  const ArenaRange range = TRY(patches_.island(text));
  insert_vma(start,
             Vma{.end = end, .prot = kReadExec, .may = kReadExec, .flags = kVmaSpecial | kVmaIsland | kVmaDontDump});
  insert_extent(start, Extent{.end = end, .offset = range.offset, .prot = kReadExec, .cow = true, .patched = true});
  let_wait(start, end);
  islands_.emplace(start, Island{end, base, &text});
  return success;
}

// These pages are to lie over what the host maps of the file; their references are ours. They wait.
void AddressSpace::map_patched(u64 base, const Vma& vma, std::span<const PatchedPage> pages) {
  for (const PatchedPage& page : pages) {
    const u64 at = base + page.file_offset;
    u8 host = Extent::kUnmapped;
    for (auto& [start, extent] : take_extents(at, at + kPageSize)) {
      if (extent.host != Extent::kUnmapped) host = Extent::kStale;
      if (extent.owns_pages()) replaced_.push_back({extent.offset, extent.end - start});
    }
    insert_extent(at, Extent{.end = at + kPageSize,
                             .offset = page.arena_offset,
                             .prot = vma.prot,
                             .host = host,
                             .cow = true,
                             .patched = true});
    let_wait(at, at + kPageSize);
  }
}

// A new mapping of text: with the pages that another process has patched.
void AddressSpace::map_known_patches(u64 start) {
  const auto it = find_vma(start);
  if (it == vmas_.end() || !may_be_patched(it->second)) return;
  const Vma vma = it->second;
  const u64 base = it->first - vma.offset;
  const std::vector<PatchedText*> texts = patches_.find(vma.object->version());
  if (!texts.empty() && !clear_stale_island(base, vma.object->version()).ok()) return;
  for (PatchedText* text : texts) {
    if (!map_island(*text, base).ok()) continue;
    map_patched(base, vma, patches_.pages(*text, vma.offset, vma.offset + (vma.end - it->first)));
    return;
  }
}

// An island that another file left, which lay at the same place before.
Result<void> AddressSpace::clear_stale_island(u64 base, const FileVersion& version) {
  for (const auto& [start, island] : islands_) {
    if (island.base == base && island.text->version != version) return clear_islands(start, island.end);
  }
  return success;
}

// Where a first text of a file gets its island.
u64 AddressSpace::island_place(u64 base, u64 near) const {
  const u64 below = base - kIslandSize;
  if (base > bounds_.floor + kIslandSize && bytes_mapped(below, base) == 0) return below;
  if (const u64 at = find_gap(kIslandSize, std::max(bounds_.floor, near - std::min(near, kReach)), near); at != 0)
    return at;
  return find_gap(kIslandSize, near, std::min(bounds_.ceiling, near + kReach));
}

Result<void> AddressSpace::patch_call(u64 call, u64 rax) {
  const auto it = find_vma(call);
  if (it == vmas_.end() || !may_be_patched(it->second)) return Errno::enoexec;
  const Vma vma = it->second;
  const u64 base = it->first - vma.offset;
  if (!patches_.worth_patching(vma.object->version(), call - base)) return success;
  TRY(clear_stale_island(base, vma.object->version()));
  const auto island =
      std::find_if(islands_.begin(), islands_.end(), [&](const auto& i) { return i.second.base == base; });
  PatchedText* text = nullptr;
  if (island != islands_.end()) {
    text = island->second.text;
  } else {
    const u64 place = island_place(base, page_floor(call));
    if (place == 0) return Errno::enomem;
    text = TRY(patches_.get(vma.object->version(), base - place));
    TRY(map_island(*text, base));
  }
  const PatchedPage page = TRY(patches_.patch(*text, *vma.object, call - base, page_floor(call), rax));
  const auto now = find_extent(call);
  const bool is_there = now != extents_.end() && now->second.patched &&
                        now->second.offset + (page_floor(call) - now->first) == page.arena_offset;
  if (!is_there) {
    map_patched(base, vma, {&page, 1});
    return success;
  }
  // A call that traps although its page waits comes often: the page waits no longer.
  arena_.unref({page.arena_offset, kPageSize});
  return settle();
}

void AddressSpace::set_patching(bool on) {
  patching_ = on;
  if (!on) (void)unpatch(bounds_.floor, bounds_.ceiling).ok();  // else jumps are seen, which do what they stand for
}

// Puts the file's own bytes back in [start, end): before the text moves, or loses its island.
Result<void> AddressSpace::unpatch(u64 start, u64 end) {
  std::vector<u64> pages;
  for (auto it = extent_from(start); it != extents_.end() && it->first < end; ++it) {
    if (!it->second.patched) continue;
    for (u64 at = std::max(it->first, start); at < std::min(it->second.end, end); at += kPageSize) pages.push_back(at);
  }
  for (const u64 at : pages) {
    const auto vma = find_vma(at);
    if (vma == vmas_.end() || !vma->second.object) continue;  // an island's own pages
    Extent extent{.end = at + kPageSize,
                  .offset = vma->second.offset + (at - vma->first),
                  .prot = vma->second.prot,
                  .file = vma->second.object};
    ++restored_;
    if (replace(at, std::move(extent)) != Resolution::resolved) return Errno::enomem;
  }
  return success;
}

// The guest takes the place of islands: it does not know of them.
Result<void> AddressSpace::clear_islands(u64 start, u64 end) {
  for (auto it = islands_.begin(); it != islands_.end();) {
    if (it->first >= end || it->second.end <= start) {
      ++it;
      continue;
    }
    const u64 from = it->first, to = it->second.end, base = it->second.base;
    TRY(unpatch(base - std::min(base, kReach), base + kReach));
    Orders orders;
    orders.unmap(from, to - from);
    TRY(apply(orders));
    drop(take_extents(from, to));  // proof: the order above
    it = islands_.erase(it);
    erase_vmas(from, to);
  }
  return success;
}

const AddressSpace::Island* AddressSpace::island_at(u64 ip) const {
  const auto it = islands_.upper_bound(ip);
  if (it == islands_.begin()) return nullptr;
  const Island& island = std::prev(it)->second;
  return ip < island.end ? &island : nullptr;
}

std::optional<u64> AddressSpace::original_place(u64 ip) const {
  const Island* island = island_at(ip);
  return island != nullptr ? patches_.original_place(*island->text, island->base, ip) : std::nullopt;
}

std::optional<platform::Continuation> AddressSpace::continuation(u64 ip) const {
  const auto extent = find_extent(ip);
  const auto vma = find_vma(ip);
  if (extent == extents_.end() || !extent->second.patched || vma == vmas_.end()) return std::nullopt;
  const u64 base = vma->first - vma->second.offset;
  for (const auto& [start, island] : islands_) {
    if (island.base == base) return patches_.continuation(*island.text, base, ip);
  }
  return std::nullopt;
}

}  // namespace limen
