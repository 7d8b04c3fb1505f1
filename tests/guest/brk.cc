// brk(2).
#include "tests/guest/guest_test.h"

#include <sys/resource.h>

namespace {
uintptr_t now() { return static_cast<uintptr_t>(SYS(brk, 0)); }
}  // namespace

TEST(brk_grows_with_zeroes_and_shrinks) {
  COVERS("brk");
  EXPECT_EQ(0, guest::in_child([] {
              uintptr_t start = now();
              if (static_cast<uintptr_t>(SYS(brk, start + 100000)) != start + 100000) return 1;
              char* memory = reinterpret_cast<char*>(start);
              for (int i = 0; i < 100000; ++i) {
                if (memory[i] != 0) return 2;
              }
              memset(memory, 'b', 100000);
              if (static_cast<uintptr_t>(SYS(brk, start)) != start) return 3;
              if (static_cast<uintptr_t>(SYS(brk, start + 100000)) != start + 100000) return 4;
              // The page that held the old end was never given back; the rest comes fresh.
              for (int i = 8192; i < 100000; ++i) {
                if (memory[i] != 0) return 5;
              }
              return 0;
            }));
}

TEST(below_the_start_changes_nothing) {
  COVERS("brk");
  uintptr_t start = now();
  EXPECT_EQ((long)start, SYS(brk, 1));
  EXPECT_EQ(start, now());
  EXPECT_EQ((long)start, SYS(brk, -1L));
}

TEST(after_shrinking_the_memory_is_gone) {
  COVERS("brk");
  EXPECT_EQ(SIGSEGV, guest::signal_of([] {
              uintptr_t start = now();
              SYS(brk, start + 65536);
              *reinterpret_cast<volatile char*>(start + 60000) = 1;
              SYS(brk, start);
              *reinterpret_cast<volatile char*>(start + 60000) = 1;
            }));
}

TEST(a_mapping_in_the_way_stops_it) {
  COVERS("brk", "mmap");
  EXPECT_EQ(0, guest::in_child([] {
              uintptr_t start = now();
              void* wall = reinterpret_cast<void*>((start + 0x10fff) & ~0xffful);
              if (mmap(wall, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != wall)
                return 1;
              return static_cast<uintptr_t>(SYS(brk, start + 0x40000)) == start ? 0 : 2;
            }));
}

TEST(the_data_limit_holds) {
  COVERS("brk", "setrlimit");
  EXPECT_EQ(0, guest::in_child([] {
              uintptr_t start = now();
              rlimit limit{1 << 20, 1 << 20};
              setrlimit(RLIMIT_DATA, &limit);
              return static_cast<uintptr_t>(SYS(brk, start + (64 << 20))) == start ? 0 : 1;
            }));
}

TEST(a_child_has_its_own) {
  COVERS("brk", "fork");
  uintptr_t start = now();
  EXPECT_EQ(0, guest::in_child([&] { return SYS(brk, start + 4096) == (long)start + 4096 ? 0 : 1; }));
  EXPECT_EQ(start, now());
}

GUEST_TEST_MAIN
