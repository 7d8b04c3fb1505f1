#include "kernel/mm/patched_text.h"

#include <algorithm>
#include <cstring>

namespace limen {

PatchCache::~PatchCache() {
  for (const auto& [version, texts] : texts_) {
    for (const auto& text : texts) {
      arena_.unref({text->island_offset, kIslandSize});
      for (const auto& [at, page] : text->pages) arena_.unref({page.offset, kPageSize});
    }
  }
}

bool PatchCache::worth_patching(const FileVersion& version, u64 call) {
  const u64 hash = (version.inode * 31 + version.device + call) * 0x9e3779b97f4a7c15;
  std::atomic<bool>& trapped = trapped_[hash >> 52];
  return trapped.exchange(true, std::memory_order_relaxed);
}

std::vector<PatchedText*> PatchCache::find(const FileVersion& version) {
  std::vector<PatchedText*> found;
  MutexGuard guard(lock_);
  const auto it = texts_.find(version);
  if (it == texts_.end()) return found;
  for (const auto& text : it->second) found.push_back(text.get());
  return found;
}

Result<PatchedText*> PatchCache::get(const FileVersion& version, u64 distance) {
  MutexGuard guard(lock_);
  auto& texts = texts_[version];
  for (const auto& text : texts) {
    if (text->distance == distance) return text.get();
  }
  if (text_count_ == kMostTexts) return Errno::enospc;
  const ArenaRange island = TRY(arena_.allocate(kIslandSize));
  auto text = std::make_unique<PatchedText>();
  text->version = version;
  text->distance = distance;
  text->island_offset = island.offset;
  ++text_count_;
  texts.push_back(std::move(text));
  return texts.back().get();
}

std::vector<PatchedPage> PatchCache::pages(const PatchedText& text, u64 from, u64 to) {
  std::vector<PatchedPage> pages;
  MutexGuard guard(lock_);
  for (auto it = text.pages.lower_bound(from); it != text.pages.end() && it->first < to; ++it) {
    arena_.ref({it->second.offset, kPageSize});
    pages.push_back({it->first, it->second.offset});
  }
  return pages;
}

Result<ArenaRange> PatchCache::island(PatchedText& text) {
  const ArenaRange range{text.island_offset, kIslandSize};
  arena_.ref(range);
  return range;
}

Result<PatchedPage> PatchCache::patch(PatchedText& text, const MappedObject& file, u64 call, u64 page_address,
                                      u64 rax) {
  MutexGuard guard(lock_);
  if (text.hopeless.contains(call)) return Errno::enoexec;
  Result<PatchedPage> page = make_page(text, file, call, page_address, rax);
  if ((page.is(Errno::enoexec) || page.is(Errno::enospc)) && text.hopeless.size() < kMostHopeless)
    text.hopeless.insert(call);
  return page;
}

Result<PatchedPage> PatchCache::make_page(PatchedText& text, const MappedObject& file, u64 call, u64 page_address,
                                          u64 rax) {
  const u64 at = page_floor(call);
  const auto old = text.pages.find(at);
  if (old != text.pages.end()) {
    const auto known = std::find_if(old->second.sites.begin(), old->second.sites.end(),
                                    [&](const platform::Site& s) { return s.start + s.call == call - at; });
    if (known != old->second.sites.end()) {
      arena_.ref({old->second.offset, kPageSize});
      return PatchedPage{at, old->second.offset};
    }
  }
  if (page_count_ == kMostPages) return Errno::enospc;
  std::array<u8, kPageSize> bytes;
  if (old == text.pages.end()) {
    const usize got = TRY(file.read(bytes.data(), kPageSize, at));
    std::memset(bytes.data() + got, 0, kPageSize - got);
  } else {
    std::memcpy(bytes.data(), arena_.at(old->second.offset), kPageSize);
  }
  platform::Site site = TRY(platform::plan_site(bytes, static_cast<u32>(call - at), rax));
  const u64 island_address = page_address - at - text.distance;
  text.island_used = TRY(platform::write_site(site, bytes, page_address, {arena_.at(text.island_offset), kIslandSize},
                                              island_address, text.island_used));
  const Arena::Grant grant = TRY(arena_.allocate_as(kPageSize, Arena::kAnywhere, Arena::Fill::stale));
  std::memcpy(arena_.at(grant.range.offset), bytes.data(), kPageSize);
  PatchedText::Page& page = text.pages[at];
  if (old != text.pages.end())
    arena_.unref({page.offset, kPageSize});
  else
    ++page_count_;
  page.offset = grant.range.offset;
  page.sites.push_back(std::move(site));
  arena_.ref({page.offset, kPageSize});
  return PatchedPage{at, page.offset};
}

std::optional<u64> PatchCache::original_place(const PatchedText& text, u64 base, u64 ip) {
  MutexGuard guard(lock_);
  const u64 island = base - text.distance;
  for (const auto& [at, page] : text.pages) {
    for (const platform::Site& site : page.sites) {
      if (const auto place = platform::original_place(site, base + at, island, ip)) return place;
    }
  }
  return std::nullopt;
}

std::optional<platform::Continuation> PatchCache::continuation(const PatchedText& text, u64 base, u64 ip) {
  MutexGuard guard(lock_);
  const auto page = text.pages.find(page_floor(ip - base));
  if (page == text.pages.end()) return std::nullopt;
  for (const platform::Site& site : page->second.sites) {
    if (const auto next = platform::continuation(site, base + page->first, base - text.distance, ip)) return next;
  }
  return std::nullopt;
}

}  // namespace limen
