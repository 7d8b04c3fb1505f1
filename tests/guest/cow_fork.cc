// Copy-on-write after fork(2): each side sees its own memory, the kernel's copies too.
#include "tests/guest/guest_test.h"

#include <pthread.h>

namespace {
constexpr size_t kPage = 4096;
char* anonymous(size_t pages, int flags = MAP_PRIVATE) {
  return static_cast<char*>(mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0));
}
}  // namespace

TEST(writes_of_the_parent_stay_its_own) {
  COVERS("fork", "mmap");
  char* map = anonymous(64);
  memset(map, 1, 64 * kPage);
  int gate[2];
  ASSERT_OK(pipe(gate));
  pid_t child = guest::spawn([&] {
    char byte;
    close(gate[1]);
    read(gate[0], &byte, 1);
    for (size_t i = 0; i < 64 * kPage; ++i) {
      if (map[i] != 1) return 1;
    }
    return 0;
  });
  memset(map, 2, 64 * kPage);
  close(gate[1]);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(reads_by_the_kernel_into_shared_pages_copy_them) {
  COVERS("fork", "read");
  char* map = anonymous(4);
  memset(map, 'p', 4 * kPage);
  int fds[2];
  ASSERT_OK(pipe(fds));
  static char block[3 * kPage];
  memset(block, 'k', sizeof block);
  write(fds[1], block, sizeof block);
  EXPECT_EQ(0, guest::in_child([&] {
              if (read(fds[0], map + 100, sizeof block) != sizeof block) return 1;
              return map[99] == 'p' && map[100] == 'k' && map[100 + sizeof block] == 'p' ? 0 : 2;
            }));
  for (size_t i = 0; i < 4 * kPage; ++i) {
    if (map[i] != 'p') EXPECT_EQ('p', map[i]);
  }
}

TEST(three_generations) {
  COVERS("fork");
  char* map = anonymous(3);
  map[0] = 'a';
  EXPECT_EQ(0, guest::in_child([&] {
              map[kPage] = 'b';
              int status = guest::in_child([&] {
                map[0] = 'x';
                map[kPage] = 'y';
                map[2 * kPage] = 'z';
                return 0;
              });
              return status == 0 && map[0] == 'a' && map[kPage] == 'b' && map[2 * kPage] == 0 ? 0 : 1;
            }));
  EXPECT_EQ('a', map[0]);
  EXPECT_EQ(0, map[kPage]);
}

TEST(ten_siblings_leave_memory_alone) {
  COVERS("fork", "wait4");
  char* map = anonymous(16);
  for (int i = 0; i < 16; ++i) map[i * kPage] = static_cast<char>(i);
  pid_t children[10];
  for (int n = 0; n < 10; ++n) {
    children[n] = guest::spawn([&] {
      for (int i = 0; i < 16; ++i) {
        if (map[i * kPage] != i) return 1;
        map[i * kPage] = static_cast<char>(100 + n);
      }
      for (int i = 0; i < 16; ++i) {
        if (map[i * kPage] != 100 + n) return 2;
      }
      return 0;
    });
  }
  for (pid_t child : children) EXPECT_EQ(0, guest::reap(child));
  for (int i = 0; i < 16; ++i) EXPECT_EQ(i, map[i * kPage]);
}

TEST(protections_after_fork_are_each_sides_own) {
  COVERS("fork", "mprotect");
  char* map = anonymous(2);
  map[0] = 'a';
  EXPECT_EQ(0, guest::in_child([&] { return mprotect(map, kPage, PROT_READ); }));
  map[0] = 'b';
  EXPECT_EQ('b', map[0]);
  mprotect(map, kPage, PROT_READ);
  EXPECT_EQ(SIGSEGV, guest::signal_of([&] { map[0] = 'c'; }));
  EXPECT_EQ(0, guest::signal_of([&] {
              mprotect(map, kPage, PROT_READ | PROT_WRITE);
              map[0] = 'c';
            }));
  EXPECT_EQ('b', map[0]);
}

TEST(unmapped_in_the_child_stays_in_the_parent) {
  COVERS("fork", "munmap");
  char* map = anonymous(2);
  map[kPage] = 'm';
  EXPECT_EQ(0, guest::in_child([&] { return munmap(map, 2 * kPage); }));
  EXPECT_EQ('m', map[kPage]);
}

TEST(freed_pages_come_back_as_zero_to_anyone) {
  COVERS("munmap", "mmap");
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(0, guest::in_child([&] {
                char* map = anonymous(64);
                for (size_t i = 0; i < 64 * kPage; i += 64) {
                  if (map[i] != 0) return 1;
                }
                memset(map, 0x77, 64 * kPage);
                if (round % 2) munmap(map, 64 * kPage);
                return 0;
              }));
  }
}

TEST(a_thread_writing_during_fork_loses_nothing) {
  COVERS("fork");
  static volatile long* counter;
  static volatile bool stop;
  counter = reinterpret_cast<volatile long*>(anonymous(1));
  pthread_t thread;
  static long written;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        while (!stop) {
          *counter = *counter + 1;
          ++written;
        }
        return nullptr;
      },
      nullptr);
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(0, guest::in_child([] {
                long seen = *counter;
                *counter = -1;
                return seen >= 0 ? 0 : 1;
              }));
  }
  stop = true;
  pthread_join(thread, nullptr);
  EXPECT_EQ(written, *counter);
}

TEST(the_stack_and_the_heap_are_copied) {
  COVERS("fork");
  char on_stack[20000];
  char* on_heap = static_cast<char*>(malloc(20000));
  memset(on_stack, 's', sizeof on_stack);
  memset(on_heap, 'h', 20000);
  EXPECT_EQ(0, guest::in_child([&] {
              for (int i = 0; i < 20000; ++i) {
                if (on_stack[i] != 's' || on_heap[i] != 'h') return 1;
              }
              memset(on_stack, 0, sizeof on_stack);
              memset(on_heap, 0, 20000);
              return 0;
            }));
  EXPECT_EQ('s', on_stack[19999]);
  EXPECT_EQ('h', on_heap[10000]);
  free(on_heap);
}

TEST(private_file_pages_are_copied_after_fork) {
  COVERS("fork", "mmap");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "file");
  char* map = static_cast<char*>(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  EXPECT_EQ(0, guest::in_child([&] { return map[0] = 'X', 0; }));
  EXPECT_EQ('f', map[0]);
  map[1] = 'Y';
  EXPECT_EQ(0, guest::in_child([&] { return map[1] == 'Y' && map[0] == 'f' ? 0 : 1; }));
}

GUEST_TEST_MAIN

// After a first fork, pages that were written since may be copied ahead of any write.
TEST(later_forks_keep_parent_and_children_apart) {
  COVERS("fork", "mprotect");
  constexpr size_t kPages = 40;
  char* map = anonymous(kPages);
  char* sealed = anonymous(2);
  memset(map, 1, kPages * kPage);
  memset(sealed, 9, 2 * kPage);
  for (int round = 2; round < 8; ++round) {
    // One page in three is written between the forks, here and by the child before.
    for (size_t page = round % 3; page < kPages; page += 3) map[page * kPage + round] = static_cast<char>(round);
    ASSERT_OK(mprotect(sealed, 2 * kPage, round % 2 != 0 ? PROT_READ : PROT_READ | PROT_WRITE));
    int gate[2];
    ASSERT_OK(pipe(gate));
    pid_t child = guest::spawn([&] {
      for (size_t page = 0; page < kPages; ++page) {
        for (int earlier = 2; earlier <= round; ++earlier) {
          const char want = page % 3 == static_cast<size_t>(earlier % 3) ? static_cast<char>(earlier) : 1;
          if (map[page * kPage + earlier] != want) return 1;
        }
      }
      memset(map, 100, kPages * kPage);
      if (round % 2 == 0) sealed[0] = 10;
      close(gate[1]);
      char byte;
      if (read(gate[0], &byte, 1) != 0) return 2;  // the parent has written meanwhile
      for (size_t i = 0; i < kPages * kPage; ++i) {
        if (map[i] != 100) return 3;
      }
      return 0;
    });
    map[kPage - 1] = static_cast<char>(round);
    close(gate[0]);
    close(gate[1]);
    EXPECT_EQ(0, guest::reap(child));
    EXPECT_EQ(map[kPage - 1], static_cast<char>(round));
    EXPECT_EQ(map[5 * kPage], 1);
    EXPECT_EQ(sealed[0], 9);
  }
}
