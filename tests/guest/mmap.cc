// mmap(2), munmap(2), mprotect(2), msync(2), mincore(2), mlock(2).
// Longer than 500 lines: one family of calls, whose cases share their helpers.
#include "tests/guest/guest_test.h"

#include <sys/resource.h>

namespace {
constexpr size_t kPage = 4096;
constexpr int kReadWrite = PROT_READ | PROT_WRITE;

char* anonymous(size_t pages, int prot = kReadWrite, int flags = MAP_PRIVATE) {
  return static_cast<char*>(mmap(nullptr, pages * kPage, prot, flags | MAP_ANONYMOUS, -1, 0));
}
bool faults(volatile char* where, bool writing = false) {
  return guest::signal_of([&] {
           if (writing)
             *where = 1;
           else
             (void)*where;
         }) == SIGSEGV;
}
}  // namespace

TEST(anonymous_memory_is_zero_and_aligned) {
  COVERS("mmap", "munmap");
  char* map = reinterpret_cast<char*>(SYS(mmap, 0, 8 * kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  EXPECT_EQ(0, reinterpret_cast<uintptr_t>(map) % kPage);
  for (size_t i = 0; i < 8 * kPage; i += 512) EXPECT_EQ(0, map[i]);
  memset(map, 0x5a, 8 * kPage);
  EXPECT_OK(SYS(munmap, map, 8 * kPage));
  EXPECT_TRUE(faults(map));
  char* again = anonymous(8);
  for (size_t i = 0; i < 8 * kPage; i += 512) EXPECT_EQ(0, again[i]);
}

TEST(mmap_errors) {
  COVERS("mmap");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc"), reader = open(dir / "f", O_RDONLY), writer = open(dir / "f", O_WRONLY);
  EXPECT_ERRNO(EINVAL, SYS(mmap, 0, 0, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  EXPECT_ERRNO(EINVAL, SYS(mmap, 0, kPage, kReadWrite, MAP_ANONYMOUS, -1, 0));
  EXPECT_ERRNO(EINVAL, SYS(mmap, 0, kPage, kReadWrite, MAP_PRIVATE, fd, 100));
  EXPECT_ERRNO(EINVAL, SYS(mmap, 1, kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  EXPECT_ERRNO(EBADF, SYS(mmap, 0, kPage, kReadWrite, MAP_PRIVATE, -1, 0));
  EXPECT_ERRNO(EACCES, SYS(mmap, 0, kPage, kReadWrite, MAP_SHARED, reader, 0));
  EXPECT_ERRNO(EACCES, SYS(mmap, 0, kPage, PROT_READ, MAP_PRIVATE, writer, 0));
  EXPECT_ERRNO(ENOMEM, SYS(mmap, 0, 1ull << 47, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  EXPECT_ERRNO(ENOMEM, SYS(mmap, 0, -1L, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(mmap, 0, kPage, PROT_READ, MAP_SHARED_VALIDATE | 0x200000, fd, 0));
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(ENODEV, SYS(mmap, 0, kPage, PROT_READ, MAP_PRIVATE, fds[0], 0));
}

TEST(a_hint_is_taken_when_free_and_fixed_replaces) {
  COVERS("mmap");
  char* area = anonymous(8);
  ASSERT_OK(munmap(area + 2 * kPage, 2 * kPage));
  char* hinted = static_cast<char*>(mmap(area + 2 * kPage, kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  EXPECT_TRUE(hinted == area + 2 * kPage);
  char* taken = static_cast<char*>(mmap(area, kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  EXPECT_TRUE(taken != area && taken != MAP_FAILED);
  area[0] = 'x';
  EXPECT_TRUE(mmap(area, kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area);
  EXPECT_EQ(0, area[0]);
}

TEST(fixed_noreplace_refuses_what_is_mapped) {
  COVERS("mmap");
  char* area = anonymous(4);
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  EXPECT_ERRNO(EEXIST, SYS(mmap, area + kPage, kPage, kReadWrite, flags, -1, 0));
  munmap(area + kPage, kPage);
  EXPECT_TRUE(mmap(area + kPage, kPage, kReadWrite, flags, -1, 0) == area + kPage);
  EXPECT_ERRNO(EEXIST, SYS(mmap, area, 4 * kPage, kReadWrite, flags, -1, 0));
}

TEST(a_private_file_mapping_keeps_its_writes) {
  COVERS("mmap");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "hello");
  char* map = static_cast<char*>(mmap(nullptr, kPage, kReadWrite, MAP_PRIVATE, fd, 0));
  ASSERT_TRUE(map != MAP_FAILED);
  EXPECT_EQ(0, memcmp(map, "hello\0\0", 7));
  map[0] = 'J';
  char text[8];
  guest::slurp(dir / "f", text, sizeof text);
  EXPECT_STREQ("hello", text);
  close(fd);
  EXPECT_EQ('J', map[0]);
}

TEST(a_shared_file_mapping_is_the_file) {
  COVERS("mmap", "msync");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "hello");
  char* map = static_cast<char*>(mmap(nullptr, kPage, kReadWrite, MAP_SHARED, fd, 0));
  ASSERT_TRUE(map != MAP_FAILED);
  map[0] = 'J';
  EXPECT_OK(SYS(msync, map, kPage, MS_SYNC));
  char text[8] = {};
  EXPECT_EQ(5, pread(fd, text, 5, 0));
  EXPECT_STREQ("Jello", text);
  EXPECT_EQ(1, pwrite(fd, "C", 1, 0));
  EXPECT_EQ('C', map[0]);
  EXPECT_EQ(0, guest::in_child([&] { return map[1] = 'E', 0; }));
  EXPECT_EQ('E', map[1]);
  EXPECT_EQ(1, pread(fd, text, 1, 1));
  EXPECT_EQ('E', text[0]);
}

TEST(past_the_end_of_the_file_is_sigbus) {
  COVERS("mmap", "ftruncate");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "hello");
  for (int kind : {MAP_PRIVATE, MAP_SHARED}) {
    volatile char* map = static_cast<char*>(mmap(nullptr, 2 * kPage, PROT_READ, kind, fd, 0));
    EXPECT_EQ('h', map[0]);
    EXPECT_EQ(SIGBUS, guest::signal_of([&] { (void)map[kPage]; }));
  }
  static char block[2 * kPage] = {1};
  pwrite(fd, block, sizeof block, 0);
  volatile char* map = static_cast<char*>(mmap(nullptr, 2 * kPage, PROT_READ, MAP_SHARED, fd, 0));
  EXPECT_EQ(0, map[kPage]);
  ASSERT_OK(ftruncate(fd, 10));
  EXPECT_EQ(SIGBUS, guest::signal_of([&] { (void)map[kPage]; }));
}

// As the loader maps a library: the whole, then its pieces over it. They are there at once, with no call between.
TEST(pieces_of_a_file_are_there_at_once) {
  COVERS("mmap", "munmap", "mprotect", "fork", "pread64");
  const int self = open("/proc/self/exe", O_RDONLY);
  const auto piece = [&](char* at, size_t pages, int prot, int flags, int fd) {
    return reinterpret_cast<char*>(mmap(at, pages * kPage, prot, MAP_PRIVATE | flags, fd, 0));
  };
  char* whole = piece(nullptr, 16, PROT_READ, 0, self);
  volatile char* copy = piece(whole + 4 * kPage, 2, kReadWrite, MAP_FIXED, self);
  volatile char* zero = piece(whole + 6 * kPage, 2, kReadWrite, MAP_FIXED | MAP_ANONYMOUS, -1);
  EXPECT_EQ('E', whole[1]);
  EXPECT_EQ('E', copy[1]);
  EXPECT_EQ(0, zero[kPage]);
  copy[1] = 'x';
  zero[kPage] = 'z';
  EXPECT_EQ('E', whole[1]);
  EXPECT_EQ('x', copy[1]);
  EXPECT_EQ('z', zero[kPage]);
  EXPECT_TRUE(faults(whole, true));
  // What takes away does so at once, also of a piece that nobody has touched.
  char* fresh = piece(nullptr, 4, PROT_READ, 0, self);
  EXPECT_OK(SYS(mprotect, fresh, kPage, PROT_NONE));
  EXPECT_OK(SYS(munmap, fresh + kPage, kPage));
  EXPECT_TRUE(faults(fresh));
  EXPECT_TRUE(faults(fresh + kPage));
  EXPECT_FALSE(faults(fresh + 2 * kPage));
  // The kernel's own accesses, a child's, and a call's in between.
  char* room = piece(piece(nullptr, 4, PROT_READ, 0, self), 1, kReadWrite, MAP_FIXED, self);
  EXPECT_EQ(2, SYS(pread64, self, room + 8, 2, 1));
  EXPECT_EQ('E', room[8]);
  EXPECT_EQ('E', room[1]);
  char* inherited = piece(nullptr, 2, PROT_READ, 0, self);
  EXPECT_EQ(0, guest::in_child([&] { return inherited[1] == 'E' ? 0 : 1; }));
  EXPECT_EQ('E', inherited[1]);
}

TEST(shared_anonymous_memory_crosses_fork) {
  COVERS("mmap", "fork");
  char* map = anonymous(2, kReadWrite, MAP_SHARED);
  EXPECT_EQ(0, guest::in_child([&] { return map[kPage] = 'c', 0; }));
  EXPECT_EQ('c', map[kPage]);
}

TEST(protections_are_kept) {
  COVERS("mmap", "mprotect");
  char* map = anonymous(3);
  map[0] = map[kPage] = map[2 * kPage] = 'a';
  EXPECT_OK(SYS(mprotect, map + kPage, kPage, PROT_READ));
  EXPECT_TRUE(faults(map + kPage, true));
  EXPECT_EQ('a', map[kPage]);
  EXPECT_FALSE(faults(map + 2 * kPage, true));
  EXPECT_OK(SYS(mprotect, map + kPage, kPage, PROT_NONE));
  EXPECT_TRUE(faults(map + kPage));
  EXPECT_OK(SYS(mprotect, map, 3 * kPage, kReadWrite));
  EXPECT_EQ('a', map[kPage]);
  map[kPage] = 'b';
  EXPECT_EQ('b', map[kPage]);
}

TEST(mprotect_errors) {
  COVERS("mprotect");
  guest::TempDir dir;
  char* map = anonymous(3);
  EXPECT_ERRNO(EINVAL, SYS(mprotect, map + 1, kPage, PROT_READ));
  EXPECT_ERRNO(EINVAL, SYS(mprotect, map, kPage, 0x100));
  EXPECT_OK(SYS(mprotect, map, 0, PROT_READ));
  munmap(map + kPage, kPage);
  EXPECT_ERRNO(ENOMEM, SYS(mprotect, map, 3 * kPage, PROT_READ));
  close(guest::make_file(dir / "f", "abc"));
  int reader = open(dir / "f", O_RDONLY);
  void* shared = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, reader, 0);
  EXPECT_ERRNO(EACCES, SYS(mprotect, shared, kPage, kReadWrite));
}

TEST(memory_that_is_not_executable_cannot_run) {
  COVERS("mmap", "mprotect");
  char* map = anonymous(1);
  map[0] = static_cast<char>(0xc3);
  auto* function = reinterpret_cast<void (*)()>(map);
  EXPECT_EQ(SIGSEGV, guest::signal_of([&] { function(); }));
  ASSERT_OK(mprotect(map, kPage, PROT_READ | PROT_EXEC));
  EXPECT_EQ(0, guest::signal_of([&] { function(); }));
}

TEST(code_written_at_run_time_makes_calls) {
  COVERS("mmap", "getpid");
  auto* code = reinterpret_cast<unsigned char*>(anonymous(1, kReadWrite | PROT_EXEC));
  // mov $39,%eax; syscall; ret
  const unsigned char bytes[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
  memcpy(code, bytes, sizeof bytes);
  auto* function = reinterpret_cast<long (*)()>(code);
  EXPECT_EQ(getpid(), function());
  code[1] = 110;  // getppid
  EXPECT_EQ(getppid(), function());
}

TEST(munmap_in_the_middle_splits) {
  COVERS("munmap");
  char* map = anonymous(5);
  memset(map, 'm', 5 * kPage);
  EXPECT_OK(SYS(munmap, map + 2 * kPage, kPage));
  EXPECT_EQ('m', map[kPage]);
  EXPECT_EQ('m', map[3 * kPage]);
  EXPECT_TRUE(faults(map + 2 * kPage));
  EXPECT_OK(SYS(munmap, map, 5 * kPage));
  EXPECT_OK(SYS(munmap, map, 5 * kPage));
  EXPECT_ERRNO(EINVAL, SYS(munmap, map + 1, kPage));
  EXPECT_ERRNO(EINVAL, SYS(munmap, map, 0));
  EXPECT_ERRNO(EINVAL, SYS(munmap, -4096L, 2 * kPage));
}

TEST(a_pointer_into_unmapped_memory_is_efault_at_once) {
  COVERS("munmap", "write");
  char* map = anonymous(1);
  int fd = open("/dev/null", O_RDWR), fds[2];
  ASSERT_OK(pipe(fds));
  map[0] = 1;
  munmap(map, kPage);
  EXPECT_ERRNO(EFAULT, SYS(write, fds[1], map, 1));
  char* none = anonymous(1, PROT_NONE);
  EXPECT_ERRNO(EFAULT, SYS(write, fds[1], none, 1));
  char* constant = anonymous(1, PROT_READ);
  EXPECT_EQ(1, write(fds[1], constant, 1));
  EXPECT_ERRNO(EFAULT, SYS(read, fds[0], constant, 1));
  close(fd);
}

TEST(grows_down_follows_the_stack) {
  COVERS("mmap");
  char* area = anonymous(300, PROT_NONE);
  munmap(area, 300 * kPage);
  char* top = area + 299 * kPage;
  ASSERT_TRUE(mmap(top, kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0) == top);
  EXPECT_EQ(0, guest::signal_of([&] {
              for (int i = 1; i < 10; ++i) top[-i * 4096L] = 'g';
            }));
}

TEST(map_populate_noreserve_and_stack_are_accepted) {
  COVERS("mmap");
  for (int flag : {MAP_POPULATE, MAP_NORESERVE, MAP_STACK, MAP_LOCKED | 0, MAP_32BIT}) {
    char* map = anonymous(2, kReadWrite, MAP_PRIVATE | flag);
    EXPECT_TRUE(map != MAP_FAILED);
    if (flag == MAP_32BIT) EXPECT_LT(reinterpret_cast<uintptr_t>(map), 1ull << 32);
    map[0] = 1;
  }
}

TEST(a_place_that_is_asked_for_is_taken_below_two_gigabytes_too) {
  COVERS("mmap");
  char* const place = reinterpret_cast<char*>(0x50000000);
  const auto ask = [&](char* at) {
    return mmap(at, kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  };
  EXPECT_TRUE(ask(place) == place);
  void* other = ask(place);  // not twice
  EXPECT_TRUE(other != MAP_FAILED && other != place);
  EXPECT_LT(reinterpret_cast<uintptr_t>(other), uintptr_t{1} << 31);
  char* const high = reinterpret_cast<char*>(uintptr_t{1} << 32);
  void* low = ask(high);
  EXPECT_TRUE(low != MAP_FAILED && low != high);
}

TEST(msync_mincore_and_mlock) {
  COVERS("msync", "mincore", "mlock", "munlock", "mlock2", "mlockall", "munlockall");
  char* map = anonymous(2);
  map[0] = 1;
  unsigned char there[2] = {};
  EXPECT_OK(SYS(mincore, map, 2 * kPage, there));
  EXPECT_EQ(1, there[0] & 1);
  EXPECT_ERRNO(EINVAL, SYS(mincore, map + 1, kPage, there));
  EXPECT_ERRNO(EFAULT, SYS(mincore, map, kPage, guest::bad_pointer()));
  EXPECT_OK(SYS(mlock, map, kPage));
  EXPECT_OK(SYS(munlock, map, kPage));
  EXPECT_OK(SYS(mlock2, map, kPage, MLOCK_ONFAULT));
  EXPECT_ERRNO(EINVAL, SYS(mlock2, map, kPage, 8));
  EXPECT_ERRNO(EINVAL, SYS(mlockall, 0));
  EXPECT_OK(SYS(munlockall));
  EXPECT_OK(SYS(msync, map, kPage, MS_ASYNC));
  EXPECT_ERRNO(EINVAL, SYS(msync, map, kPage, MS_ASYNC | MS_SYNC));
  EXPECT_ERRNO(EINVAL, SYS(msync, map + 1, kPage, MS_SYNC));
  munmap(map, 2 * kPage);
  EXPECT_ERRNO(ENOMEM, SYS(msync, map, kPage, MS_SYNC));
  EXPECT_ERRNO(ENOMEM, SYS(mincore, map, kPage, there));
  EXPECT_ERRNO(ENOMEM, SYS(mlock, map, kPage));
}

TEST(the_address_space_limit_is_enomem) {
  COVERS("mmap", "setrlimit");
  EXPECT_EQ(0, guest::in_child([] {
              rlimit limit{1 << 30, 1 << 30};
              setrlimit(RLIMIT_AS, &limit);
              return mmap(nullptr, 2ul << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
                             errno == ENOMEM
                         ? 0
                         : 1;
            }));
}

TEST(a_large_sparse_mapping_costs_nothing) {
  COVERS("mmap");
  size_t size = 64ul << 30;
  char* map = static_cast<char*>(mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  ASSERT_TRUE(map != MAP_FAILED);
  char* middle = map + size / 2;
  ASSERT_OK(mprotect(middle, 16 * kPage, kReadWrite));
  middle[5] = 'q';
  EXPECT_EQ('q', middle[5]);
  EXPECT_TRUE(faults(map));
  EXPECT_OK(munmap(map, size));
}

TEST(a_file_mapping_at_an_offset) {
  COVERS("mmap");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  ASSERT_OK(ftruncate(fd, 4 * kPage));
  pwrite(fd, "third", 5, 2 * kPage);
  char* map = static_cast<char*>(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, fd, 2 * kPage));
  EXPECT_EQ(0, memcmp(map, "third", 5));
}

TEST(a_growing_mapping_keeps_its_gap_and_its_limit) {
  COVERS("mmap", "setrlimit");
  constexpr int kGrows = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN;
  EXPECT_EQ(0, guest::in_child([] {
              char* area = anonymous(2048, PROT_NONE);
              munmap(area, 2048 * kPage);
              char* top = area + 2047 * kPage;
              if (mmap(top, kPage, kReadWrite, kGrows, -1, 0) != top) return 1;
              // Something readable just below: the growth stops a gap of 256 pages before it.
              char* below = top - 300 * kPage;
              if (mmap(below, kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != below) return 2;
              if (faults(top - 20 * kPage, true)) return 3;
              if (!faults(below + 100 * kPage, true)) return 4;
              return 0;
            }));
  EXPECT_EQ(0, guest::in_child([] {
              rlimit limit{64 * kPage, RLIM_INFINITY};
              setrlimit(RLIMIT_STACK, &limit);
              char* area = anonymous(2048, PROT_NONE);
              munmap(area, 2048 * kPage);
              char* top = area + 2047 * kPage;
              if (mmap(top, kPage, kReadWrite, kGrows, -1, 0) != top) return 1;
              if (faults(top - 30 * kPage, true)) return 2;
              return faults(top - 80 * kPage, true) ? 0 : 3;
            }));
}

TEST(locked_memory_has_a_limit) {
  COVERS("mlock", "mlock2", "mlockall", "munlockall", "mmap", "setrlimit");
  EXPECT_EQ(0, guest::in_child([] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              rlimit limit{4 * kPage, 4 * kPage};
              setrlimit(RLIMIT_MEMLOCK, &limit);
              char* map = anonymous(8);
              if (SYS(mlock, map, 5 * kPage) != -1 || errno != ENOMEM) return 2;
              if (SYS(mlock, map, 2 * kPage) != 0) return 3;
              if (SYS(mlock, map, 2 * kPage) != 0) return 4;  // what is locked counts once
              if (SYS(mlock2, map + 2 * kPage, 2 * kPage, MLOCK_ONFAULT) != 0) return 5;
              if (SYS(mlock, map + 4 * kPage, 1) != -1 || errno != ENOMEM) return 6;
              if (mmap(nullptr, kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) != MAP_FAILED ||
                  errno != EAGAIN)
                return 7;
              if (SYS(mlockall, MCL_CURRENT) != -1 || errno != ENOMEM) return 8;
              if (munlock(map, 4 * kPage) != 0 || SYS(mlock, map + 4 * kPage, 4 * kPage) != 0) return 9;
              if (SYS(munlockall) != 0 || SYS(mlock, map, 4 * kPage) != 0) return 10;
              munmap(map, 8 * kPage);
              map = anonymous(4);
              if (SYS(mlock, map, 4 * kPage) != 0) return 11;
              limit = {0, 0};
              setrlimit(RLIMIT_MEMLOCK, &limit);
              if (SYS(mlock, map, kPage) != -1 || errno != EPERM) return 12;
              if (SYS(mlockall, MCL_FUTURE) != -1 || errno != EPERM) return 13;
              return SYS(munlock, map, kPage) == 0 ? 0 : 14;
            }));
}

TEST(locking_what_is_not_mapped) {
  COVERS("mlock", "munlock", "mlock2", "mlockall");
  char* map = anonymous(3);
  munmap(map + kPage, kPage);
  EXPECT_ERRNO(ENOMEM, SYS(mlock, map, 3 * kPage));
  EXPECT_ERRNO(ENOMEM, SYS(munlock, map, 3 * kPage));
  EXPECT_ERRNO(ENOMEM, SYS(mlock2, map, 3 * kPage, 0));
  EXPECT_ERRNO(EINVAL, SYS(mlock, -4096L, 8192));
  EXPECT_OK(SYS(mlock, map + 5, 1));  // any address: whole pages are meant
  EXPECT_OK(SYS(mlock, map, 0));
  EXPECT_ERRNO(EINVAL, SYS(mlockall, MCL_ONFAULT));
  EXPECT_ERRNO(EINVAL, SYS(mlockall, 64));
}

TEST(locked_pages_are_present_at_once_or_on_their_first_touch) {
  COVERS("mlock", "mlock2", "mincore", "mlockall");
  char* map = anonymous(4);
  unsigned char there[4] = {};
  ASSERT_OK(SYS(mlock, map, 2 * kPage));
  ASSERT_OK(SYS(mlock2, map + 2 * kPage, 2 * kPage, MLOCK_ONFAULT));
  ASSERT_OK(SYS(mincore, map, 4 * kPage, there));
  EXPECT_EQ(1, there[0] & 1);
  EXPECT_EQ(1, there[1] & 1);
  // MCL_FUTURE holds for what comes.
  EXPECT_EQ(0, guest::in_child([] {
              if (SYS(mlockall, MCL_FUTURE) != 0) return errno == EPERM || errno == ENOMEM ? 0 : 1;
              char* later = anonymous(1);
              unsigned char byte = 0;
              if (later == MAP_FAILED) return errno == EAGAIN ? 0 : 2;
              return mincore(later, kPage, &byte) == 0 && (byte & 1) != 0 ? 0 : 3;
            }));
}

TEST(mincore_writes_what_stands_before_a_hole) {
  COVERS("mincore");
  char* map = anonymous(4);
  memset(map, 1, 4 * kPage);
  unsigned char there[4] = {};
  EXPECT_ERRNO(EINVAL, SYS(mincore, map + 7, kPage, there));
  EXPECT_ERRNO(ENOMEM, SYS(mincore, map, 1ull << 62, there));
  EXPECT_OK(SYS(mincore, map, 0, there));
  EXPECT_OK(SYS(mincore, map, kPage + 1, there));
  EXPECT_EQ(1, there[1] & 1);
  munmap(map + 2 * kPage, kPage);
  EXPECT_ERRNO(ENOMEM, SYS(mincore, map, 4 * kPage, there));
}

TEST(msync_of_holes_and_locked_memory) {
  COVERS("msync");
  char* map = anonymous(3, kReadWrite, MAP_SHARED);
  EXPECT_OK(SYS(msync, map, 3 * kPage, MS_SYNC | MS_INVALIDATE));
  ASSERT_OK(mlock(map, kPage));
  EXPECT_ERRNO(EBUSY, SYS(msync, map, kPage, MS_INVALIDATE));
  EXPECT_ERRNO(EINVAL, SYS(msync, map, kPage, 8));
  EXPECT_OK(SYS(msync, map, 0, MS_SYNC));
  munmap(map + kPage, kPage);
  EXPECT_ERRNO(ENOMEM, SYS(msync, map, 3 * kPage, MS_ASYNC));
}

TEST(shared_validate_knows_its_flags) {
  COVERS("mmap");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  char* map = static_cast<char*>(mmap(nullptr, kPage, kReadWrite, MAP_SHARED_VALIDATE | MAP_NORESERVE, fd, 0));
  ASSERT_TRUE(map != MAP_FAILED);
  map[0] = 'V';
  char byte = 0;
  EXPECT_EQ(1, pread(fd, &byte, 1, 0));
  EXPECT_EQ('V', byte);
  EXPECT_ERRNO(EINVAL, SYS(mmap, 0, kPage, kReadWrite, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0));
  EXPECT_ERRNO(EINVAL, SYS(mmap, 0, kPage, kReadWrite, 0xf | MAP_ANONYMOUS, -1, 0));
  EXPECT_ERRNO(EINVAL, SYS(mmap, 0, kPage, kReadWrite, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
  EXPECT_ERRNO(EOVERFLOW, SYS(mmap, 0, 2 * kPage, PROT_READ, MAP_PRIVATE, fd, -4096L));
}

TEST(a_truncated_file_loses_its_pages_and_grows_with_zeroes) {
  COVERS("mmap", "ftruncate");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  ASSERT_OK(ftruncate(fd, 4 * kPage));
  char* map = static_cast<char*>(mmap(nullptr, 4 * kPage, kReadWrite, MAP_SHARED, fd, 0));
  char* copy = static_cast<char*>(mmap(nullptr, 4 * kPage, kReadWrite, MAP_PRIVATE, fd, 0));
  memset(map, 't', 4 * kPage);
  copy[3 * kPage] = 'c';
  ASSERT_OK(ftruncate(fd, kPage + 100));
  EXPECT_EQ('t', map[kPage + 99]);
  EXPECT_EQ(0, map[kPage + 100]);
  EXPECT_EQ(SIGBUS, guest::signal_of([&] { map[2 * kPage] = 1; }));
  EXPECT_EQ(SIGBUS, guest::signal_of([&] { copy[3 * kPage] = 1; }));  // private copies go, too
  ASSERT_OK(ftruncate(fd, 4 * kPage));
  EXPECT_EQ(0, map[2 * kPage]);
  EXPECT_EQ(0, copy[3 * kPage]);
  map[2 * kPage] = 'n';
  EXPECT_EQ('n', copy[2 * kPage]);
}

TEST(many_mappings_are_kept_apart_and_merged) {
  COVERS("mmap", "munmap", "mprotect");
  constexpr size_t kCount = 400;
  char* area = anonymous(kCount, PROT_READ);
  for (size_t i = 0; i < kCount; i += 2) ASSERT_OK(mprotect(area + i * kPage, kPage, kReadWrite));
  for (size_t i = 0; i < kCount; i += 2) area[i * kPage] = static_cast<char>(i);
  for (size_t i = 1; i < kCount; i += 2) ASSERT_OK(mprotect(area + i * kPage, kPage, kReadWrite));
  for (size_t i = 0; i < kCount; ++i) EXPECT_EQ(i % 2 == 0 ? static_cast<char>(i) : 0, area[i * kPage]);
  ASSERT_OK(munmap(area, kCount * kPage));
}

TEST(the_pages_of_a_shared_mapping_can_be_put_in_another_order) {
  COVERS("remap_file_pages");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  ASSERT_OK(ftruncate(fd, 4 * kPage));
  for (int i = 0; i < 4; ++i) pwrite(fd, &"0123"[i], 1, i * 4096);
  char* map = static_cast<char*>(mmap(nullptr, 4 * kPage, kReadWrite, MAP_SHARED, fd, 0));
  ASSERT_TRUE(map != MAP_FAILED);
  EXPECT_OK(SYS(remap_file_pages, map, kPage, 0, 2, 0));
  EXPECT_EQ('2', map[0]);
  EXPECT_EQ('1', map[kPage]);
  EXPECT_OK(SYS(remap_file_pages, map + 2 * kPage, 2 * kPage, 0, 0, MAP_NONBLOCK));
  EXPECT_EQ('0', map[2 * kPage]);
  EXPECT_EQ('1', map[3 * kPage]);
  map[2 * kPage] = 'Z';
  char first = 0;
  EXPECT_EQ(1, pread(fd, &first, 1, 0));
  EXPECT_EQ('Z', first);
  EXPECT_ERRNO(EINVAL, SYS(remap_file_pages, map, kPage, PROT_READ, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(remap_file_pages, map, 0, 0, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(remap_file_pages, map, kPage, 0, -1L, 0));
  EXPECT_ERRNO(EINVAL, SYS(remap_file_pages, anonymous(1), kPage, 0, 0, 0));
  munmap(map, 4 * kPage);
  EXPECT_ERRNO(EINVAL, SYS(remap_file_pages, map, kPage, 0, 0, 0));
  // Of a file that is open for reading alone no mapping is shared; of another, one that may just now not be written is.
  int reader = open(dir / "f", O_RDONLY);
  map = static_cast<char*>(mmap(nullptr, 4 * kPage, PROT_READ, MAP_SHARED, reader, 0));
  ASSERT_TRUE(map != MAP_FAILED);
  EXPECT_ERRNO(EINVAL, SYS(remap_file_pages, map, kPage, 0, 1, 0));
  munmap(map, 4 * kPage);
  map = static_cast<char*>(mmap(nullptr, 4 * kPage, PROT_READ, MAP_SHARED, fd, 0));
  ASSERT_TRUE(map != MAP_FAILED);
  EXPECT_OK(SYS(remap_file_pages, map, kPage, 0, 1, 0));
  EXPECT_EQ('1', map[0]);
  munmap(map, 4 * kPage);
  close(reader);
}

TEST(a_mapping_may_lie_low) {
  COVERS("mmap");
  // Where valgrind puts the program that it runs.
  void* low = mmap(reinterpret_cast<void*>(0x108000), kPage, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  EXPECT_TRUE(low == reinterpret_cast<void*>(0x108000));
  if (low != MAP_FAILED) *static_cast<char*>(low) = 1;
}

GUEST_TEST_MAIN
