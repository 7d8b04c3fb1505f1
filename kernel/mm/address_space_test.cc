// The algebra against a model that is too simple to be wrong: each page of a guest is a protection and a byte.
#include "kernel/mm/address_space.h"

#include <gtest/gtest.h>

#include <random>

#include "abi/mman.h"
#include "host/memory.h"
#include "kernel/mm/testing/fake_machine.h"

namespace limen {
namespace {

constexpr u64 kBase = 0x10000000;
constexpr u8 kRead = platform::kProtRead, kRw = platform::kProtRead | platform::kProtWrite;

class TestMapper final : public StoreMapper {
 public:
  void unmap_store_pages(const PageStore& store, std::span<const StoreRun> dropped, u64 cut) override {
    map->unmap_store_pages(store, dropped, cut);
  }
  AddressSpace* map = nullptr;
};

// A guest: its space, its address space, and the accesses that a CPU would make.
class Guest {
 public:
  Guest(fake::Machine& machine, Arena& arena)
      : machine_(machine),
        space_(new fake::Space(machine)),
        mapper_(make_ref<TestMapper>()),
        patches_(arena, false),
        map_(std::make_unique<AddressSpace>(
            arena, patches_, *space_, *mapper_,
            AddressSpace::Bounds{machine.guest_floor(), machine.guest_ceiling(), u64{1} << 46})) {
    mapper_->map = map_.get();
  }
  ~Guest() {
    space_.reset();
    map_.reset();
  }
  AddressSpace& map() { return *map_; }
  fake::Space& space() { return *space_; }

  // The byte at addr, or nothing for a signal.
  std::optional<u8> read(u64 addr) { return access(addr, Access::read, 0); }
  bool write(u64 addr, u8 value) { return access(addr, Access::write, value).has_value(); }
  std::optional<u8> access(u64 addr, Access access, u8 value) {
    const u8 prot = access == Access::write ? platform::kProtWrite : platform::kProtRead;
    for (int tries = 0; tries < 3; ++tries) {
      if (space_->may(addr, prot)) {
        const fake::PageEntry& page = space_->pages[addr / kPageSize];
        u8 of_file = 0;  // all files here hold zeroes
        u8& byte = page.arena ? machine_.arena_base()[page.offset + (addr & kPageMask)] : of_file;
        if (access == Access::write) byte = value;
        return byte;
      }
      last = map_->resolve(addr, access);
      if (last != Resolution::resolved) return std::nullopt;
    }
    ADD_FAILURE() << "a resolved fault came again at " << std::hex << addr;
    return std::nullopt;
  }
  u64 mmap(AddressSpace::MapRequest request) { return map_->map(request, {}).value(); }

  Resolution last = Resolution::resolved;

 private:
  fake::Machine& machine_;
  std::unique_ptr<fake::Space> space_;
  Ref<TestMapper> mapper_;
  PatchCache patches_;
  std::unique_ptr<AddressSpace> map_;
};

class AddressSpaceTest : public ::testing::Test {
 protected:
  static AddressSpace::MapRequest fixed(u64 addr, u64 pages, u8 prot = kRw, u32 flags = 0) {
    return {.addr = addr, .length = pages * kPageSize, .prot = prot, .flags = flags, .fixed = true};
  }
  fake::Machine machine_{u64{8} << 30};
  Arena arena_{machine_, u64{1} << 30};
  Guest guest_{machine_, arena_};
};

TEST_F(AddressSpaceTest, NeighboursMergeInBothTrees) {
  guest_.mmap(fixed(kBase, 4));
  guest_.mmap(fixed(kBase + 4 * kPageSize, 4));
  EXPECT_EQ(guest_.map().vmas().size(), 1u);
  EXPECT_EQ(guest_.map().extents().size(), 1u);
  EXPECT_TRUE(guest_.map().protect(kBase + kPageSize, kBase + 2 * kPageSize, kRead, {}).ok());
  EXPECT_EQ(guest_.map().vmas().size(), 3u);
  EXPECT_TRUE(guest_.map().protect(kBase + kPageSize, kBase + 2 * kPageSize, kRw, {}).ok());
  EXPECT_EQ(guest_.map().vmas().size(), 1u);
  EXPECT_EQ(guest_.map().extents().size(), 1u);
}

TEST_F(AddressSpaceTest, AReservationCostsNothing) {
  const u64 at = guest_.mmap({.length = u64{1} << 45, .prot = 0});
  EXPECT_EQ(guest_.space().orders, 0u);
  EXPECT_FALSE(guest_.read(at));
  EXPECT_EQ(guest_.last, Resolution::no_access);
  EXPECT_TRUE(guest_.map().protect(at, at + 16 * kPageSize, kRw, {}).ok());
  EXPECT_EQ(guest_.space().orders, 1u);
  EXPECT_TRUE(guest_.write(at + 5, 1));
  EXPECT_EQ(guest_.space().orders, 1u);
}

TEST_F(AddressSpaceTest, ALargeMappingIsGrantedByFaultsInGrowingChunks) {
  const u64 at = guest_.mmap({.length = 256 << 20, .prot = kRw});
  EXPECT_EQ(arena_.granted(), 0u);
  for (u64 i = 0; i < 64 << 20; i += kPageSize) ASSERT_TRUE(guest_.write(at + i, 1));
  EXPECT_LT(guest_.space().orders, 40u);
  EXPECT_EQ(guest_.map().extents().size(), 1u);
}

TEST_F(AddressSpaceTest, TheStackGrowsToItsLimitAndKeepsItsGap) {
  guest_.mmap(fixed(kBase, 1));
  const u64 top = kBase + (16 << 20);
  guest_.map().set_stack_limit(8 << 20);
  guest_.mmap(fixed(top - kPageSize, 1, kRw, kVmaGrowsDown));
  EXPECT_TRUE(guest_.write(top - (1 << 20), 1));
  EXPECT_TRUE(guest_.write(top - (8 << 20), 1));
  EXPECT_FALSE(guest_.write(top - (8 << 20) - 1, 1));
  EXPECT_EQ(guest_.last, Resolution::no_mapping);
  // Another mapping keeps the guard gap free.
  const u64 other = kBase + (64 << 20);
  guest_.mmap(fixed(other, 1));
  guest_.mmap(fixed(other + (2 << 20), 1, kRw, kVmaGrowsDown));
  EXPECT_TRUE(guest_.write(other + kPageSize + kStackGuardGap, 1));
  EXPECT_FALSE(guest_.write(other + kStackGuardGap, 1));
  EXPECT_TRUE(guest_.map().consistent());
}

TEST_F(AddressSpaceTest, ForkCopiesOnWriteAndTakesOverWhatIsLeft) {
  guest_.mmap(fixed(kBase, 64));
  for (u64 i = 0; i < 64; ++i) ASSERT_TRUE(guest_.write(kBase + i * kPageSize, static_cast<u8>(i)));
  {
    Guest child(machine_, arena_);
    ASSERT_TRUE(guest_.map().fork_into(child.map(), kBase + 32 * kPageSize).ok());
    EXPECT_TRUE(guest_.space().may(kBase + 32 * kPageSize, kRw));  // the stack's top stays the parent's,
    EXPECT_TRUE(child.space().may(kBase + 32 * kPageSize, kRw));   // and the child has its own
    EXPECT_FALSE(child.space().may(kBase, kRw));
    ASSERT_TRUE(child.write(kBase, 99));
    ASSERT_TRUE(child.write(kBase + 32 * kPageSize, 98));
    EXPECT_EQ(guest_.read(kBase), 0);
    EXPECT_EQ(guest_.read(kBase + 32 * kPageSize), 32);
    EXPECT_EQ(child.read(kBase), 99);
    EXPECT_EQ(child.read(kBase + 63 * kPageSize), 63);
    EXPECT_TRUE(child.map().consistent());
  }
  const u64 orders = guest_.space().orders;
  for (u64 i = 0; i < 64; ++i) ASSERT_TRUE(guest_.write(kBase + i * kPageSize, 1));
  EXPECT_LE(guest_.space().orders, orders + 2);  // with the child gone they are the parent's own, in place
  EXPECT_EQ(arena_.granted(), 64 * kPageSize);
}

TEST_F(AddressSpaceTest, SharedMemoryIsSharedAcrossForkAndDiscardTakesItAway) {
  const Ref<PageStore> store = make_ref<PageStore>(arena_);
  store->set_size(8 * kPageSize);
  AddressSpace::MapRequest request = fixed(kBase, 16, kRw, kVmaShared);
  request.object = make_ref<MappedObject>(Ref<File>(), store, Ref<RefCounted>());
  guest_.mmap(request);
  Guest child(machine_, arena_);
  ASSERT_TRUE(guest_.map().fork_into(child.map(), 0).ok());
  ASSERT_TRUE(child.write(kBase + kPageSize, 7));
  EXPECT_EQ(guest_.read(kBase + kPageSize), 7);
  EXPECT_FALSE(guest_.read(kBase + 8 * kPageSize));
  EXPECT_EQ(guest_.last, Resolution::beyond_file);
  store->set_size(kPageSize);
  store->discard(kPageSize, ~u64{0});
  EXPECT_FALSE(child.space().may(kBase + kPageSize, kRead));
  EXPECT_FALSE(guest_.read(kBase + kPageSize));
  store->set_size(2 * kPageSize);
  EXPECT_EQ(guest_.read(kBase + kPageSize), 0);
  EXPECT_EQ(store->writable_mappings(), 2u);
}

TEST_F(AddressSpaceTest, PrivateMappingOfAStoreKeepsItsCopies) {
  const Ref<PageStore> store = make_ref<PageStore>(arena_);
  store->set_size(4 * kPageSize);
  const u64 page = store->get_page(0).value();
  arena_.at(page)[0] = 42;
  arena_.unref({page, kPageSize});
  AddressSpace::MapRequest request = fixed(kBase, 4, kRw);
  request.object = make_ref<MappedObject>(Ref<File>(), store, Ref<RefCounted>());
  guest_.mmap(request);
  EXPECT_EQ(guest_.read(kBase), 42);
  ASSERT_TRUE(guest_.write(kBase, 43));
  EXPECT_EQ(arena_.at(page)[0], 42);
  store->discard(0, ~u64{0});
  EXPECT_EQ(guest_.read(kBase), 43);
  EXPECT_TRUE(guest_.map().advise(kBase, kBase + kPageSize, abi::madv_dontneed).ok());
  EXPECT_EQ(guest_.read(kBase), 0);
  EXPECT_EQ(store->writable_mappings(), 0u);
}

TEST_F(AddressSpaceTest, PlacesAreTopDownBelowTheBase) {
  const u64 first = guest_.mmap({.length = kPageSize, .prot = kRw});
  const u64 second = guest_.mmap({.length = kPageSize, .prot = kRw});
  EXPECT_EQ(first, (u64{1} << 46) - kPageSize);
  EXPECT_EQ(second, first - kPageSize);
  ASSERT_TRUE(guest_.map().unmap(first, first + kPageSize).ok());
  EXPECT_EQ(guest_.mmap({.length = kPageSize, .prot = kRw}), first);
  EXPECT_LT(guest_.mmap({.length = kPageSize, .prot = kRw, .low = true}), u64{1} << 31);
  EXPECT_EQ(guest_.mmap({.addr = 0x5000000, .length = kPageSize, .prot = kRw}), 0x5000000u);
  EXPECT_TRUE(guest_.map().map(fixed(0, 1), {}).is(Errno::eperm));
  AddressSpace::MapRequest taken = fixed(first, 1);
  taken.no_replace = true;
  EXPECT_TRUE(guest_.map().map(taken, {}).is(Errno::eexist));
}

TEST_F(AddressSpaceTest, TheHeapGrowsAndShrinks) {
  guest_.map().set_brk_start(kBase);
  EXPECT_EQ(guest_.map().brk(0, {}), kBase);
  EXPECT_EQ(guest_.map().brk(kBase + 100, {}), kBase + 100);
  EXPECT_TRUE(guest_.write(kBase + 4000, 1));
  EXPECT_FALSE(guest_.write(kBase + 4096, 1));
  EXPECT_EQ(guest_.map().brk(kBase + (1 << 20), {}), kBase + (1 << 20));
  EXPECT_EQ(guest_.map().extents().size(), 1u);
  EXPECT_EQ(guest_.read(kBase + 4000), 1);
  EXPECT_EQ(guest_.map().brk(kBase, {}), kBase);
  EXPECT_FALSE(guest_.read(kBase));
  MmLimits small;
  small.data = 1 << 20;
  EXPECT_EQ(guest_.map().brk(kBase + (2 << 20), small), kBase);
}

TEST_F(AddressSpaceTest, ARefusedOrderLeavesNothingBehind) {
  guest_.mmap(fixed(kBase, 8));
  ASSERT_TRUE(guest_.write(kBase + 3 * kPageSize, 3));
  const u64 granted = arena_.granted();
  guest_.space().fail_after = 0;
  EXPECT_TRUE(guest_.map().map(fixed(kBase + 2 * kPageSize, 2), {}).is(Errno::enomem));
  EXPECT_EQ(arena_.granted(), granted);
  EXPECT_EQ(guest_.read(kBase + 3 * kPageSize), 3);  // repaired by a fault
  EXPECT_TRUE(guest_.map().consistent());
}

TEST_F(AddressSpaceTest, PagesOfADyingProcessWaitForItsDeath) {
  guest_.mmap(fixed(kBase, 8));
  guest_.space().kill();
  EXPECT_TRUE(guest_.map().unmap(kBase, kBase + 8 * kPageSize).ok());
  EXPECT_EQ(arena_.granted(), 8 * kPageSize);
}

TEST_F(AddressSpaceTest, PiecesOfAFileWaitAndGoTogether) {
  const host::Handle file = host::make_memory_file("library", 16 * kPageSize).value();
  const auto piece = [&](u64 page, u64 pages, u8 prot) {
    AddressSpace::MapRequest request = fixed(kBase + page * kPageSize, pages);
    request.prot = prot, request.offset = page * kPageSize, request.may_wait = true;
    request.object = make_ref<MappedObject>(Ref<File>(), file.fd(), Ref<RefCounted>());
    return request;
  };
  guest_.mmap(piece(0, 12, kRead));
  guest_.mmap(piece(2, 6, kRead | platform::kProtExec));
  guest_.mmap(piece(8, 2, kRw));
  AddressSpace::MapRequest bss = fixed(kBase + 10 * kPageSize, 2);
  bss.may_wait = true;
  guest_.mmap(bss);
  EXPECT_TRUE(guest_.map().is_waiting());
  EXPECT_EQ(guest_.space().batches, 0u);
  EXPECT_TRUE(guest_.map().settle().ok());
  EXPECT_EQ(guest_.space().batches, 1u);
  EXPECT_TRUE(guest_.space().may(kBase + 3 * kPageSize, platform::kProtExec));
  EXPECT_TRUE(guest_.write(kBase + 8 * kPageSize, 1));
  EXPECT_TRUE(guest_.write(kBase + 11 * kPageSize, 1));
  EXPECT_EQ(guest_.space().batches, 1u);
  // What lies on the host already must go at once.
  guest_.mmap(piece(0, 1, kRead));
  EXPECT_FALSE(guest_.map().is_waiting());
  EXPECT_TRUE(guest_.map().consistent());
}

TEST_F(AddressSpaceTest, AnyBatchTakesAlongWhatWaits) {
  const host::Handle file = host::make_memory_file("library", 4 * kPageSize).value();
  AddressSpace::MapRequest request = fixed(kBase, 4);
  request.prot = kRead, request.may_wait = true;
  request.object = make_ref<MappedObject>(Ref<File>(), file.fd(), Ref<RefCounted>());
  guest_.mmap(request);
  guest_.mmap(fixed(kBase + 8 * kPageSize, 1));
  EXPECT_FALSE(guest_.map().is_waiting());
  EXPECT_EQ(guest_.space().batches, 1u);
  EXPECT_TRUE(guest_.space().may(kBase, kRead));
  // A refused order of those that waited is not the other's failure: a touch repeats it.
  request.addr = kBase + 16 * kPageSize;
  guest_.mmap(request);
  guest_.space().fail_after = 0;
  guest_.mmap(fixed(kBase + 24 * kPageSize, 1));
  EXPECT_EQ(guest_.read(kBase + 16 * kPageSize), 0);
  EXPECT_TRUE(guest_.write(kBase + 24 * kPageSize, 1));
}

// --- Random operations -----------------------------------------------------------------------------------------------

struct ModelPage {
  u8 prot = 0;
  bool shared = false;
  u8 value = 0;                // of a private page
  std::shared_ptr<u8> common;  // of a shared one
  u8& byte() { return shared ? *common : value; }
};
using Model = std::map<u64, ModelPage>;  // by page number

class RandomOperations : public ::testing::TestWithParam<u32> {
 protected:
  static constexpr u64 kPages = 96;
  static u64 address(u64 page) { return kBase + page * kPageSize; }

  struct Process {
    std::unique_ptr<Guest> guest;
    Model model;
  };

  u64 below(u64 n) { return std::uniform_int_distribution<u64>(0, n - 1)(random_); }
  u8 some_prot() {
    constexpr u8 kChoices[] = {0, kRead, kRw, kRw, kRw, platform::kProtExec | kRead};
    return kChoices[below(std::size(kChoices))];
  }

  // Anonymous memory, shared memory, or a private file; which waits for others where it may.
  void map(Process& p, u64 first, u64 count) {
    const u8 prot = some_prot();
    const u64 kind = below(4);
    const bool shared = kind == 0;
    AddressSpace::MapRequest request{.addr = address(first), .length = count * kPageSize, .prot = prot, .fixed = true};
    if (shared) {
      const Ref<PageStore> store = make_ref<PageStore>(arena_);
      store->set_size(request.length);
      request.object = make_ref<MappedObject>(Ref<File>(), store, Ref<RefCounted>());
      request.flags = kVmaShared;
    } else if (kind == 1) {
      request.object = make_ref<MappedObject>(Ref<File>(), file_.fd(), Ref<RefCounted>());
      request.offset = below(4) * kPageSize;
    }
    request.may_wait = below(2) == 0;
    ASSERT_TRUE(p.guest->map().map(request, {}).ok());
    for (u64 i = first; i < first + count; ++i) {
      p.model[i] = {.prot = prot, .shared = shared, .common = std::make_shared<u8>(u8{0})};
    }
  }

  void protect(Process& p, u64 first, u64 count) {
    const u8 prot = some_prot();
    const bool ok = p.guest->map().protect(address(first), address(first + count), prot, {}).ok();
    for (u64 i = first; i < first + count; ++i) {
      if (!p.model.contains(i)) {
        EXPECT_FALSE(ok);
        return;
      }
      p.model[i].prot = prot;
    }
    EXPECT_TRUE(ok);
  }

  void move(Process& p, u64 first, u64 count) {
    const u64 to = below(kPages), grow = below(4);
    const AddressSpace::RemapRequest request{.from = address(first),
                                             .old_length = count * kPageSize,
                                             .new_length = (count + grow) * kPageSize,
                                             .to = address(to),
                                             .may_move = true,
                                             .fixed = true};
    const bool overlaps = to < first + count && first < to + count + grow;
    const auto vma = p.guest->map().find_vma(address(first));
    const bool one_vma = vma != p.guest->map().vmas().end() && vma->second.end >= address(first + count);
    const Result<u64> moved = p.guest->map().remap(request, {});
    EXPECT_EQ(moved.ok(), !overlaps && one_vma);
    if (!moved.ok()) return;
    const ModelPage like = p.model[first];
    for (u64 i = 0; i < count + grow; ++i) p.model.erase(to + i);
    for (u64 i = 0; i < count; ++i) {
      p.model[to + i] = p.model[first + i];
      p.model.erase(first + i);
    }
    for (u64 i = count; i < count + grow; ++i) {
      // Beyond the end of shared memory there is nothing: never accessed by the test.
      if (like.shared) {
        ASSERT_TRUE(p.guest->map().unmap(address(to + i), address(to + i + 1)).ok());
      } else {
        p.model[to + i] = {.prot = like.prot, .common = std::make_shared<u8>(u8{0})};
      }
    }
  }

  void step(Process& p) {
    const u64 first = below(kPages), count = 1 + below(12);
    switch (below(12)) {
      case 0:
      case 10:
        return map(p, first, count);
      case 11:
        ASSERT_TRUE(p.guest->map().settle().ok());
        ASSERT_FALSE(p.guest->map().is_waiting());
        return;
      case 1:
        ASSERT_TRUE(p.guest->map().unmap(address(first), address(first + count)).ok());
        for (u64 i = first; i < first + count; ++i) p.model.erase(i);
        return;
      case 2:
        return protect(p, first, count);
      case 3:
        return move(p, first, count);
      case 4:
        (void)p.guest->map().advise(address(first), address(first + count), abi::madv_dontneed).ok();
        for (u64 i = first; i < first + count; ++i) {
          if (p.model.contains(i)) p.model[i].value = 0;
        }
        return;
      case 5:
        return fork(p);
      default: {
        const u8 value = static_cast<u8>(below(256));
        const bool allowed = p.model.contains(first) && (p.model[first].prot & platform::kProtWrite) != 0;
        EXPECT_EQ(p.guest->write(address(first), value), allowed);
        if (allowed) p.model[first].byte() = value;
      }
    }
  }

  void fork(Process& p) {
    Process child{std::make_unique<Guest>(machine_, arena_), p.model};
    ASSERT_TRUE(p.guest->map().fork_into(child.guest->map(), address(below(kPages))).ok());
    if (processes_.size() == 4) processes_.erase(processes_.begin() + static_cast<long>(below(4)));
    processes_.push_back(std::move(child));
  }

  void compare(Process& p) {
    ASSERT_TRUE(p.guest->map().consistent());
    for (u64 i = 0; i < kPages + 16; ++i) {
      const std::optional<u8> byte = p.guest->read(address(i));
      const bool readable = p.model.contains(i) && p.model[i].prot != 0;
      ASSERT_EQ(byte.has_value(), readable) << "page " << i;
      if (!readable) continue;
      ASSERT_EQ(*byte, p.model[i].byte()) << "page " << i;
    }
  }

  // Invariants 6 and 7: each page that a process maps has an owner, and a writable one has one writer or is shared.
  void check_pages() {
    for (const Process& p : processes_) {
      for (const auto& [page, entry] : p.guest->space().pages) {
        if (!entry.arena) continue;
        ASSERT_GT(arena_.references(entry.offset), 0u);
        const auto vma = p.guest->map().find_vma(page * kPageSize);
        ASSERT_NE(vma, p.guest->map().vmas().end());
        if ((entry.prot & platform::kProtWrite) != 0 && !vma->second.shared()) {
          ASSERT_EQ(arena_.references(entry.offset), 1u);
        }
      }
    }
  }

  std::mt19937_64 random_{GetParam()};
  fake::Machine machine_{u64{4} << 30};
  Arena arena_{machine_, u64{1} << 30};
  const host::Handle file_ = host::make_memory_file("zeroes", 128 * kPageSize).value();
  std::vector<Process> processes_;
};

TEST_P(RandomOperations, AgreeWithTheModel) {
  processes_.push_back({std::make_unique<Guest>(machine_, arena_), {}});
  for (int i = 0; i < 1500 && !HasFatalFailure(); ++i) {
    Process& p = processes_[below(processes_.size())];
    step(p);
    if (i % 8 == 0) {
      for (Process& each : processes_) {
        compare(each);
        if (HasFatalFailure()) FAIL() << "after step " << i;
      }
      check_pages();
    }
  }
  processes_.clear();
  EXPECT_EQ(arena_.granted(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomOperations, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace limen
