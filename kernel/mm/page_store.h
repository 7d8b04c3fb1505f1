// Pages of a file that lives in memory: tmpfs files, memfds, SysV and anonymous shared memory. Reading and writing copies
// from and to arena pages; a shared mapping maps the same pages into guests, so both see each other at once.
// Lock rank `page_store`: never held during a user copy.
#pragma once

#include <map>
#include <optional>
#include <span>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/user_buffer.h"

namespace limen {

class Mm;

class PageStore : public RefCounted {
 public:
  explicit PageStore(Arena& arena) : arena_(arena) {}
  ~PageStore() override;

  // Bytes at `offset`; holes read as zero. The caller bounds the range by the file's size.
  Result<usize> read(UserBuffer& to, u64 offset, usize length);
  Result<usize> write(UserBuffer& from, u64 offset, usize length);  // enospc
  // The arena page of a file page, made (zeroed) on demand with a reference for the caller. enomem.
  Result<u64> get_page(u64 page_index);
  std::optional<u64> find_page(u64 page_index);  // with a reference, or nothing where there is a hole
  // Drops pages wholly inside [from, to), zeroes the edges; mappings of dropped pages are taken away first
  // (later touches of them are SIGBUS beyond the file's end). ftruncate, FALLOC_FL_PUNCH_HOLE.
  void discard(u64 from, u64 to);
  u64 resident_pages() const;

  // A file mapping beyond this size (in bytes) is SIGBUS; kept by the file's owner.
  void set_size(u64 size);
  u64 size() const;

  // Address spaces that map pages of this store, told by Mm; used by discard.
  void add_mapping(Mm& mm);
  void remove_mapping(Mm& mm);

 private:
  Arena& arena_;
  mutable Mutex lock_{LockRank::page_store};
  std::map<u64, u64> pages_ GUARDED_BY(lock_);  // page index -> arena offset
  u64 size_ GUARDED_BY(lock_) = 0;
  std::map<Mm*, u32> mappers_ GUARDED_BY(lock_);
};

}  // namespace limen
