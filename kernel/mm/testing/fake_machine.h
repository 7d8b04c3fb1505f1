// A machine in the test's own process: the arena is plain memory, a space is a page table that orders change and the test reads.
// For unit tests of kernel/mm and of what stands on it.
#pragma once

#include <sys/mman.h>

#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "platform/platform.h"

namespace limen::fake {

struct PageEntry {
  bool arena = false;
  u64 offset = 0;  // in the arena or the file
  u8 prot = 0;
};

class Machine;

class Space final : public platform::Space {
 public:
  explicit Space(Machine& machine);
  ~Space() override;

  Result<void> apply(std::span<const platform::MapOrder> orders) override {
    ++batches;
    for (const platform::MapOrder& o : orders) {
      ++this->orders;
      if (dead) return Errno::esrch;
      if (fail_after && (*fail_after)-- == 0) {
        fail_after.reset();
        return Errno::enomem;
      }
      const Result<void> done = carry_out(o);
      if (!done.ok()) return done;
    }
    return success;
  }
  Result<std::unique_ptr<platform::GuestThread>> new_thread() override { return Errno::eagain; }
  u32& futex_waiters() override { return waiters; }
  void kill() override { dead = true; }
  int host_pid() const override { return 0; }

  // What a guest's access would do: false is a fault.
  bool may(u64 addr, u8 prot) const {
    const auto it = pages.find(addr / kPageSize);
    return !dead && it != pages.end() && (it->second.prot & prot) == prot;
  }

  std::map<u64, PageEntry> pages;
  std::optional<int> fail_after;  // the order after so many fails, once
  bool dead = false;
  u32 waiters = 0;
  u64 batches = 0, orders = 0;

 private:
  Result<void> carry_out(const platform::MapOrder& o) {
    using Kind = platform::MapOrder::Kind;
    if (((o.addr | o.length | o.offset) & kPageMask) != 0 || o.length == 0) return Errno::einval;
    for (u64 i = 0; i < o.length / kPageSize; ++i) {
      const u64 page = o.addr / kPageSize + i;
      switch (o.kind) {
        case Kind::map_arena:
          pages[page] = {true, o.offset + i * kPageSize, o.prot};
          break;
        case Kind::map_file:
          if ((o.prot & platform::kProtWrite) != 0) return Errno::einval;
          pages[page] = {false, o.offset + i * kPageSize, o.prot};
          break;
        case Kind::unmap:
          pages.erase(page);
          break;
        case Kind::protect: {
          const auto it = pages.find(page);
          if (it == pages.end()) return Errno::enomem;
          if (!it->second.arena && (o.prot & platform::kProtWrite) != 0) return Errno::einval;
          it->second.prot = o.prot;
          break;
        }
      }
    }
    return success;
  }

  Machine& machine_;
};

class Machine final : public platform::Platform {
 public:
  explicit Machine(u64 size) : size_(size) {
    base_ = static_cast<u8*>(
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  }
  ~Machine() override { ::munmap(base_, size_); }

  Result<std::unique_ptr<platform::Space>> new_space() override {
    return std::unique_ptr<platform::Space>(new Space(*this));
  }
  u8* arena_base() override { return base_; }
  u64 arena_size() override { return size_; }
  void arena_discard(u64 offset, u64 length) override { ::madvise(base_ + offset, length, MADV_DONTNEED); }
  Result<usize> arena_write(u64 offset, std::span<const std::span<u8>> from) override {
    return writer ? writer(offset, from) : Errno::eopnotsupp;
  }
  bool arena_resident(u64 offset, u64 length, u8* pages) override {
    return ::mincore(base_ + offset, length, pages) == 0;
  }
  u64 guest_floor() override { return 0x10000; }
  u64 guest_ceiling() override { return 0x7ffffffff000; }
  Result<void> start_thread(std::string_view, Where, std::function<void()>) override { return Errno::eagain; }
  platform::Counters counters() override { return {}; }

  std::set<Space*> spaces;
  std::function<Result<usize>(u64 offset, std::span<const std::span<u8>> from)> writer;  // none: the arena has no file

 private:
  u64 size_;
  u8* base_;
};

inline Space::Space(Machine& machine) : machine_(machine) { machine_.spaces.insert(this); }
inline Space::~Space() { machine_.spaces.erase(this); }

}  // namespace limen::fake
