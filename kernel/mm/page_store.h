// Pages of a file that lives in memory: tmpfs files, memfds, SysV and anonymous shared memory. Reading and writing copies
// from and to arena pages; a shared mapping maps the same pages into guests, so both see each other at once.
//
// Pages are kept as runs that are contiguous in the file and in the arena, so that a mapping costs one order for a run.
// Lock rank `page_store`: never held during a user copy, nor while a mapping is changed.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/user_buffer.h"

namespace limen {

class PageStore;

// Pages [first, first + range.length / kPageSize) of a store and where they lie.
struct StoreRun {
  u64 first = 0;
  ArenaRange range;
};

// An address space that maps pages of stores (Mm).
class StoreMapper : public RefCounted {
 public:
  // The process that uses it, as shmctl(2) tells the last one that attached or detached.
  std::atomic<i32> user{0};
  // These pages of the store, still referenced by the caller, must not be mapped here any more when it returns; from page
  // `cut` of the store on, private copies neither.
  virtual void unmap_store_pages(const PageStore& store, std::span<const StoreRun> dropped, u64 cut) = 0;
};

// Whoever wants to know of mappings that come and go (System V shared memory counts them). Called under the address space's lock:
// takes locks of rank `leaf` only. Outlives the store's mappings.
class MappingObserver {
 public:
  virtual ~MappingObserver() = default;
  virtual void mapping_added(StoreMapper& mapper) = 0;
  virtual void mapping_removed(StoreMapper& mapper) = 0;
};

class PageStore : public RefCounted {
 public:
  explicit PageStore(Arena& arena) : arena_(arena), id_(arena.next_id()) {}
  ~PageStore() override;

  // Bytes at `offset`; holes read as zero. The caller bounds the range by the file's size.
  Result<usize> read(UserBuffer& to, u64 offset, usize length);
  Result<usize> write(UserBuffer& from, u64 offset, usize length);  // enospc
  // The arena page of a file page, made (zeroed) on demand with a reference for the caller. enomem.
  Result<u64> get_page(u64 page_index);
  // As get_run, for a mapping: nothing beyond the size. enxio there.
  Result<ArenaRange> get_mapped_run(u64 first, u64 count);
  std::optional<u64> find_page(u64 page_index);  // with a reference, or nothing where there is a hole
  // A run that starts at `first`, of at most `count` pages, with a reference on each: existing pages, or new ones up to the
  // next existing page. enomem.
  Result<ArenaRange> get_run(u64 first, u64 count);
  // The first existing run at or after `first` and before `end`, with references.
  std::optional<StoreRun> find_run(u64 first, u64 end);
  // Drops pages wholly inside [from, to), zeroes the edges; mappings of dropped pages are taken away first
  // (later touches of them are SIGBUS beyond the file's end). FALLOC_FL_PUNCH_HOLE, MADV_REMOVE.
  void discard(u64 from, u64 to);
  // ftruncate: sets the size and discards what is beyond it, private copies in mappings too.
  void truncate(u64 size);
  u64 resident_pages() const;
  // The next byte at or after `offset` that is in a page (SEEK_DATA) or in a hole (SEEK_HOLE); `size()` where there is none.
  u64 next_data(u64 offset) const;
  u64 next_hole(u64 offset) const;

  // A file mapping beyond this size (in bytes) is SIGBUS; kept by the file's owner.
  void set_size(u64 size);
  u64 size() const;
  u64 id() const { return id_; }

  // Address spaces that map pages of this store, told by Mm; used by discard. `writable`: a shared mapping that may write,
  // which F_SEAL_WRITE must see.
  void set_observer(MappingObserver* observer) { observer_ = observer; }  // before the first mapping
  void add_mapping(StoreMapper& mapper, bool writable);
  void remove_mapping(StoreMapper& mapper, bool writable);
  u64 writable_mappings() const;

  Arena& arena() { return arena_; }

 private:
  struct Run {
    u64 offset;  // in the arena
    u64 pages;
  };
  using Runs = std::map<u64, Run>;  // by first page
  Runs::const_iterator find(u64 page) const REQUIRES(lock_);
  // A hole at `first`: how many of `count` pages, and where in the arena they would continue the page before. 0 pages: there is none.
  struct Hole {
    u64 pages = 0;
    u64 near = Arena::kAnywhere;
  };
  Hole hole_at(u64 first, u64 count) const REQUIRES(lock_);
  Result<ArenaRange> get_run_locked(u64 first, u64 count) REQUIRES(lock_);
  // Where a write at an offset meets a hole: at once, or behind the page that it begins in.
  struct Place {
    u64 first = 0;  // page of the hole
    Hole hole;
    ArenaRange before;  // the page before, where the write begins there; with a reference
  };
  Place place_of(u64 offset, usize length);
  Result<usize> fill(UserBuffer& from, u64 to, usize length, bool by_file);
  std::optional<Result<usize>> write_hole(UserBuffer& from, u64 offset, usize length);
  void publish(u64 first, ArenaRange pages, u64 offset, usize length);
  void insert(u64 first, ArenaRange range) REQUIRES(lock_);
  std::vector<StoreRun> take_out(u64 first, u64 end) REQUIRES(lock_);
  void clear(u64 from, u64 to);
  void zero(u64 from, u64 to);
  void discard(u64 from, u64 to, u64 cut);
  Result<usize> transfer(UserBuffer& buffer, u64 offset, usize length, ArenaRange range, bool into_store);

  Arena& arena_;
  const u64 id_;
  MappingObserver* observer_ = nullptr;
  mutable Mutex lock_{LockRank::page_store};
  Runs pages_ GUARDED_BY(lock_);
  u64 count_ GUARDED_BY(lock_) = 0;
  u64 size_ GUARDED_BY(lock_) = 0;
  u64 writable_ GUARDED_BY(lock_) = 0;
  std::map<StoreMapper*, u32> mappers_ GUARDED_BY(lock_);
};

}  // namespace limen
