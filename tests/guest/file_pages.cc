// Files in memory whose pages are made by long writes: tmpfs, memfds.
#include "tests/guest/guest_test.h"

#include <pthread.h>
#include <sys/uio.h>

namespace {

// Bytes that tell their place in the file.
char byte_at(size_t offset) { return static_cast<char>(1 + offset * 7 % 251); }

// `pages` of such bytes with nothing behind them.
char* bytes_before_a_hole(size_t pages, size_t offset) {
  char* at =
      static_cast<char*>(mmap(nullptr, (pages + 1) * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(at + pages * 4096, 4096);
  for (size_t i = 0; i < pages * 4096; ++i) at[i] = byte_at(offset + i);
  return at;
}

// Where [from, to) of the file differs from such bytes, or from zeroes; -1: nowhere.
long first_difference(int fd, size_t from, size_t to, bool zeroes) {
  static char got[65536];
  while (from < to) {
    const ssize_t n = pread(fd, got, to - from < sizeof got ? to - from : sizeof got, static_cast<off_t>(from));
    if (n <= 0) return static_cast<long>(from);
    for (ssize_t i = 0; i < n; ++i, ++from) {
      if (got[i] != (zeroes ? 0 : byte_at(from))) return static_cast<long>(from);
    }
  }
  return -1;
}

}  // namespace

TEST(long_writes_that_end_inside_pages_add_up) {
  COVERS("write", "pread64");
  for (const size_t size : {4095, 4096, 4097, 10240, 70001}) {
    int fd = memfd_create("f", 0);
    char* bytes = bytes_before_a_hole(40, 0);
    for (size_t at = 0, n = 0; at < 40 * 4096; at += n) {
      n = size < 40 * 4096 - at ? size : 40 * 4096 - at;
      ASSERT_EQ(n, write(fd, bytes + at, n));
    }
    EXPECT_EQ(-1, first_difference(fd, 0, 40 * 4096, false));
    munmap(bytes, 40 * 4096);
    close(fd);
  }
}

TEST(a_write_goes_across_holes_and_pages_that_are_there) {
  COVERS("pwrite64", "pread64");
  int fd = memfd_create("f", 0);
  ASSERT_EQ(1, pwrite(fd, "x", 1, 5 * 4096 + 7));
  ASSERT_EQ(1, pwrite(fd, "x", 1, 9 * 4096));
  char* bytes = bytes_before_a_hole(12, 1000);
  ASSERT_EQ(12 * 4096, pwrite(fd, bytes, 12 * 4096, 1000));
  EXPECT_EQ(-1, first_difference(fd, 0, 1000, true));
  EXPECT_EQ(-1, first_difference(fd, 1000, 1000 + 12 * 4096, false));
  EXPECT_EQ(1000 + 12 * 4096, lseek(fd, 0, SEEK_END));
}

TEST(a_long_write_that_meets_a_bad_address_writes_what_stands_before_it) {
  COVERS("pwrite64", "writev");
  int fd = memfd_create("f", 0);
  char* bytes = bytes_before_a_hole(4, 100);
  EXPECT_EQ(4 * 4096, pwrite(fd, bytes, 7 * 4096, 100));
  EXPECT_EQ(100 + 4 * 4096, lseek(fd, 0, SEEK_END));
  EXPECT_EQ(-1, first_difference(fd, 100, 100 + 4 * 4096, false));
  // Nothing of what was not written shows when the file grows.
  ASSERT_OK(ftruncate(fd, 8 * 4096));
  EXPECT_EQ(-1, first_difference(fd, 100 + 4 * 4096, 8 * 4096, true));
  EXPECT_ERRNO(EFAULT, pwrite(fd, bytes + 4 * 4096, 3 * 4096, 4096));
  EXPECT_ERRNO(EFAULT, SYS(pwrite64, fd, guest::bad_pointer(), 3 * 4096, 4096));
  EXPECT_EQ(8 * 4096, lseek(fd, 0, SEEK_END));
  iovec parts[] = {{bytes, 4096}, {bytes + 4096, 3 * 4096}, {guest::bad_pointer(), 4096}};
  EXPECT_EQ(4 * 4096, pwritev(fd, parts, 3, 100));
}

TEST(recycled_pages_show_nothing_of_what_they_held) {
  COVERS("write", "ftruncate");
  for (int round = 0; round < 20; ++round) {
    int fd = memfd_create("f", 0);
    char* bytes = bytes_before_a_hole(16, 0);
    ASSERT_EQ(16 * 4096, write(fd, bytes, 16 * 4096));
    close(fd);
    fd = memfd_create("g", 0);
    ASSERT_EQ(9000, pwrite(fd, bytes + 300, 9000, 300));
    ASSERT_OK(ftruncate(fd, 5 * 4096));
    EXPECT_EQ(-1, first_difference(fd, 0, 300, true));
    EXPECT_EQ(-1, first_difference(fd, 300, 9300, false));
    EXPECT_EQ(-1, first_difference(fd, 9300, 5 * 4096, true));
    munmap(bytes, 16 * 4096);
    close(fd);
  }
}

TEST(a_file_written_from_its_own_mapping) {
  COVERS("pwrite64", "mmap");
  int fd = memfd_create("f", 0);
  ASSERT_OK(ftruncate(fd, 16 * 4096));
  char* map = static_cast<char*>(mmap(nullptr, 16 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  for (size_t i = 0; i < 3 * 4096; ++i) map[i] = 's';
  EXPECT_EQ(3 * 4096, pwrite(fd, map, 3 * 4096, 6 * 4096));
  EXPECT_EQ('s', map[6 * 4096]);
  EXPECT_EQ('s', map[9 * 4096 - 1]);
  EXPECT_EQ(0, map[9 * 4096]);
  // Of pages that nobody has touched, too: they are zeroes.
  EXPECT_EQ(2 * 4096, pwrite(fd, map + 12 * 4096, 2 * 4096, 6 * 4096));
  EXPECT_EQ(0, map[6 * 4096]);
  EXPECT_EQ('s', map[8 * 4096]);
}

TEST(writes_and_touches_of_one_hole_both_stay) {
  COVERS("pwrite64", "mmap");
  constexpr size_t kPages = 64;
  for (int round = 0; round < 20; ++round) {
    int fd = memfd_create("f", 0);
    ASSERT_OK(ftruncate(fd, kPages * 4096));
    char* map = static_cast<char*>(mmap(nullptr, kPages * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    char* bytes = bytes_before_a_hole(kPages, 0);
    pthread_t toucher;
    pthread_create(
        &toucher, nullptr,
        [](void* at) -> void* {
          for (size_t page = kPages; page-- > 0;) static_cast<char*>(at)[page * 4096 + 4095] = 't';
          return nullptr;
        },
        map);
    for (size_t page = 0; page + 4 <= kPages; page += 4) {
      iovec parts[4];
      for (size_t i = 0; i < 4; ++i) parts[i] = {bytes + (page + i) * 4096, 4096};
      ASSERT_EQ(4 * 4096, pwritev(fd, parts, 4, static_cast<off_t>(page * 4096)));
    }
    pthread_join(toucher, nullptr);
    for (size_t page = 0; page < kPages; ++page) {
      EXPECT_EQ(byte_at(page * 4096), map[page * 4096]);
      EXPECT_EQ(byte_at(page * 4096 + 4094), map[page * 4096 + 4094]);
      const char last = map[page * 4096 + 4095];
      EXPECT_TRUE(last == 't' || last == byte_at(page * 4096 + 4095));
    }
    munmap(bytes, kPages * 4096);
    munmap(map, kPages * 4096);
    close(fd);
  }
}

GUEST_TEST_MAIN
