// The patched pages of host files, shared by every process of the sandbox (platform/patch.h says what patching a site is).
//
//   key     a file and its version, and the distance from the file's beginning to the island with its trampolines
//   page    bytes that the kernel read from the file, with some sites replaced; a page that gets one more site is a new page, and
//           address spaces map it where they trapped on it. Trampolines are only ever added, so every version stays right.
//
// Pages are arena pages that guests map read-only and executable; this cache holds one reference, each mapping another. A process that
// maps a file at which another has trapped maps the patched pages at once, and traps no more.
//
// Lock: one for all texts, rank `patches`, below an address space's. Held while a page is copied; never while a mapping changes.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/lock.h"
#include "base/result.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mapped_object.h"
#include "platform/patch.h"

namespace limen {

inline constexpr u64 kIslandSize = 64 << 10;

class PatchCache;

// One version of one file, at one distance from its island. Read and changed under the cache's lock.
struct PatchedText {
  struct Page {
    u64 offset = 0;  // in the arena
    std::vector<platform::Site> sites;
  };
  FileVersion version;
  u64 distance = 0;           // from the island's beginning to the address of the file's first byte, modulo 2^64
  std::map<u64, Page> pages;  // by offset in the file
  std::set<u64> hopeless;     // calls that cannot be patched
  u64 island_offset = 0;      // in the arena
  u32 island_used = 0;
};

// A page that is to be mapped, with a reference for the mapping.
struct PatchedPage {
  u64 file_offset = 0;
  u64 arena_offset = 0;
};

class PatchCache {
 public:
  PatchCache(Arena& arena, bool enabled) : arena_(arena), enabled_(enabled) {}
  ~PatchCache();
  PatchCache(const PatchCache&) = delete;
  PatchCache& operator=(const PatchCache&) = delete;

  bool enabled() const { return enabled_; }

  // Whether the `syscall` at this offset of the file has trapped before, in any process: a patch costs as much as fifty traps, and half
  // of the sites that a program's start meets are met once. Notes the trap.
  bool worth_patching(const FileVersion& version, u64 call);

  // The texts of a file's present version, at any distance. They live as long as the cache.
  std::vector<PatchedText*> find(const FileVersion& version) EXCLUDES(lock_);
  // The text at this distance, made where there is none. enomem, enospc (too many).
  Result<PatchedText*> get(const FileVersion& version, u64 distance) EXCLUDES(lock_);

  // All pages of a text whose file offsets lie in [from, to), each with a reference.
  std::vector<PatchedPage> pages(const PatchedText& text, u64 from, u64 to) EXCLUDES(lock_);
  // The island's pages that are in use, with references.
  Result<ArenaRange> island(PatchedText& text) EXCLUDES(lock_);
  // The page with the `syscall` at `call` (an offset in the file) patched: it is already, or is made now. `page_address` is where the
  // page lies, `rax` what the trap found. enoexec: it cannot be; enomem, enospc.
  Result<PatchedPage> patch(PatchedText& text, const MappedObject& file, u64 call, u64 page_address, u64 rax)
      EXCLUDES(lock_);

  // platform/patch.h, for an address in the text or the island. `base`: where the file's first byte lies.
  std::optional<u64> original_place(const PatchedText& text, u64 base, u64 ip) EXCLUDES(lock_);
  std::optional<platform::Continuation> continuation(const PatchedText& text, u64 base, u64 ip) EXCLUDES(lock_);

 private:
  static constexpr usize kMostTexts = 256, kMostPages = 4096, kMostHopeless = 1024;

  Result<PatchedPage> make_page(PatchedText& text, const MappedObject& file, u64 call, u64 page_address, u64 rax)
      REQUIRES(lock_);

  Arena& arena_;
  const bool enabled_;
  // By a hash of the site: two that share a place are patched sooner, nothing else.
  std::array<std::atomic<bool>, 4096> trapped_{};
  Mutex lock_{LockRank::patches};
  std::map<FileVersion, std::vector<std::unique_ptr<PatchedText>>> texts_ GUARDED_BY(lock_);
  usize text_count_ GUARDED_BY(lock_) = 0, page_count_ GUARDED_BY(lock_) = 0;
};

}  // namespace limen
