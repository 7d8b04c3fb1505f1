// mremap(2), madvise(2), process_vm_readv(2).
#include "tests/guest/guest_test.h"

#include <sys/uio.h>

namespace {
constexpr size_t kPage = 4096;
char* anonymous(size_t pages, int flags = MAP_PRIVATE) {
  return static_cast<char*>(mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0));
}
}  // namespace

TEST(mremap_shrinks_in_place) {
  COVERS("mremap");
  char* map = anonymous(4);
  memset(map, 's', 4 * kPage);
  EXPECT_EQ((long)map, SYS(mremap, map, 4 * kPage, 2 * kPage, 0));
  EXPECT_EQ('s', map[2 * kPage - 1]);
  EXPECT_EQ(SIGSEGV, guest::signal_of([&] { map[2 * kPage] = 1; }));
}

TEST(mremap_grows_where_there_is_room) {
  COVERS("mremap");
  char* map = anonymous(8);
  memset(map, 'g', 2 * kPage);
  munmap(map + 2 * kPage, 6 * kPage);
  EXPECT_EQ((long)map, SYS(mremap, map, 2 * kPage, 6 * kPage, 0));
  EXPECT_EQ('g', map[0]);
  EXPECT_EQ(0, map[5 * kPage]);
}

TEST(mremap_moves_when_allowed) {
  COVERS("mremap");
  char* map = anonymous(4);
  memset(map, 'm', 2 * kPage);
  EXPECT_ERRNO(ENOMEM, SYS(mremap, map, 2 * kPage, 8 * kPage, 0));
  char* moved = reinterpret_cast<char*>(SYS(mremap, map, 2 * kPage, 8 * kPage, MREMAP_MAYMOVE));
  ASSERT_TRUE(moved != MAP_FAILED && moved != map);
  EXPECT_EQ('m', moved[2 * kPage - 1]);
  EXPECT_EQ(0, moved[2 * kPage]);
  EXPECT_EQ(SIGSEGV, guest::signal_of([&] { map[0] = 1; }));
  EXPECT_EQ(0, guest::signal_of([&] { map[2 * kPage] = 1; }));
}

TEST(mremap_fixed_replaces_the_target) {
  COVERS("mremap");
  char *map = anonymous(2), *target = anonymous(4);
  map[0] = 'f';
  target[0] = target[2 * kPage] = 't';
  EXPECT_EQ((long)target, SYS(mremap, map, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, target));
  EXPECT_EQ('f', target[0]);
  EXPECT_EQ('t', target[2 * kPage]);
}

TEST(mremap_dontunmap_leaves_an_empty_range) {
  COVERS("mremap");
  char* map = anonymous(2);
  map[0] = 'd';
  char* moved = reinterpret_cast<char*>(SYS(mremap, map, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0));
  ASSERT_TRUE(moved != MAP_FAILED);
  EXPECT_EQ('d', moved[0]);
  EXPECT_EQ(0, map[0]);
}

TEST(mremap_of_a_file_keeps_its_content) {
  COVERS("mremap");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  ftruncate(fd, 8 * kPage);
  pwrite(fd, "tail", 4, 4 * kPage);
  char* map = static_cast<char*>(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  char* grown = reinterpret_cast<char*>(SYS(mremap, map, kPage, 8 * kPage, MREMAP_MAYMOVE));
  ASSERT_TRUE(grown != MAP_FAILED);
  EXPECT_EQ(0, memcmp(grown + 4 * kPage, "tail", 4));
}

TEST(mremap_errors) {
  COVERS("mremap");
  char* map = anonymous(4);
  EXPECT_ERRNO(EINVAL, SYS(mremap, map + 1, kPage, kPage, 0));
  EXPECT_ERRNO(EINVAL, SYS(mremap, map, kPage, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(mremap, map, kPage, kPage, 0x100));
  EXPECT_ERRNO(EINVAL, SYS(mremap, map, kPage, kPage, MREMAP_FIXED, map));
  EXPECT_ERRNO(EINVAL, SYS(mremap, map, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, map + kPage));
  munmap(map, 4 * kPage);
  EXPECT_ERRNO(EFAULT, SYS(mremap, map, kPage, 2 * kPage, MREMAP_MAYMOVE));
}

TEST(dontneed_empties_private_memory) {
  COVERS("madvise");
  char* map = anonymous(3);
  memset(map, 'd', 3 * kPage);
  EXPECT_OK(SYS(madvise, map + kPage, kPage, MADV_DONTNEED));
  EXPECT_EQ('d', map[0]);
  EXPECT_EQ(0, map[kPage]);
  EXPECT_EQ('d', map[2 * kPage]);
}

TEST(dontneed_of_a_private_file_shows_the_file_again) {
  COVERS("madvise");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "orig");
  char* map = static_cast<char*>(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  map[0] = 'X';
  EXPECT_OK(SYS(madvise, map, kPage, MADV_DONTNEED));
  EXPECT_EQ('o', map[0]);
}

TEST(dontneed_of_shared_memory_keeps_it) {
  COVERS("madvise");
  char* map = anonymous(1, MAP_SHARED);
  map[0] = 'k';
  EXPECT_OK(SYS(madvise, map, kPage, MADV_DONTNEED));
  EXPECT_EQ('k', map[0]);
  EXPECT_OK(SYS(madvise, map, kPage, MADV_REMOVE));
  EXPECT_EQ(0, map[0]);
}

TEST(dontfork_is_not_in_the_child_and_wipeonfork_is_zero) {
  COVERS("madvise", "fork");
  char *gone = anonymous(1), *wiped = anonymous(1);
  gone[0] = wiped[0] = 'w';
  EXPECT_OK(SYS(madvise, gone, kPage, MADV_DONTFORK));
  EXPECT_OK(SYS(madvise, wiped, kPage, MADV_WIPEONFORK));
  EXPECT_EQ(0, guest::in_child([&] { return wiped[0]; }));
  EXPECT_EQ('w', wiped[0]);
  EXPECT_EQ(SIGSEGV, guest::signal_of([&] { gone[0] = 1; }));
  EXPECT_OK(SYS(madvise, gone, kPage, MADV_DOFORK));
  EXPECT_EQ(0, guest::signal_of([&] { gone[0] = 1; }));
}

TEST(advice_that_changes_nothing_is_accepted) {
  COVERS("madvise");
  char* map = anonymous(2);
  map[0] = 'a';
  for (int advice : {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTDUMP, MADV_DODUMP,
                     MADV_NOHUGEPAGE, MADV_COLD, MADV_POPULATE_WRITE, MADV_POPULATE_READ}) {
    EXPECT_OK(SYS(madvise, map, 2 * kPage, advice));
  }
  EXPECT_EQ('a', map[0]);
  EXPECT_OK(SYS(madvise, map, 0, MADV_NORMAL));
}

TEST(free_keeps_or_zeroes_but_never_more) {
  COVERS("madvise");
  char* map = anonymous(1);
  map[0] = 'f';
  EXPECT_OK(SYS(madvise, map, kPage, MADV_FREE));
  EXPECT_TRUE(map[0] == 'f' || map[0] == 0);
  map[0] = 'g';
  EXPECT_EQ('g', map[0]);
}

TEST(madvise_errors) {
  COVERS("madvise");
  char* map = anonymous(3);
  EXPECT_ERRNO(EINVAL, SYS(madvise, map + 1, kPage, MADV_NORMAL));
  EXPECT_ERRNO(EINVAL, SYS(madvise, map, kPage, 999));
  munmap(map + kPage, kPage);
  map[2 * kPage] = 'x';
  EXPECT_ERRNO(ENOMEM, SYS(madvise, map, 3 * kPage, MADV_DONTNEED));
  EXPECT_EQ(0, map[2 * kPage]);  // the rest was done all the same
}

TEST(each_kind_of_advice_refuses_what_it_cannot_do) {
  COVERS("madvise");
  char *own = anonymous(2), *shared = anonymous(2, MAP_SHARED), *locked = anonymous(2);
  own[0] = shared[0] = locked[0] = 1;
  ASSERT_OK(mlock(locked, kPage));
  for (int advice : {MADV_DONTNEED, MADV_FREE, MADV_COLD, MADV_PAGEOUT}) {
    EXPECT_ERRNO(EINVAL, SYS(madvise, locked, kPage, advice));
  }
  EXPECT_EQ(1, locked[0]);
  EXPECT_OK(SYS(madvise, locked, kPage, 24 /* MADV_DONTNEED_LOCKED */));
  EXPECT_EQ(0, locked[0]);
  EXPECT_ERRNO(EINVAL, SYS(madvise, shared, kPage, MADV_FREE));
  EXPECT_ERRNO(EINVAL, SYS(madvise, shared, kPage, MADV_WIPEONFORK));
  EXPECT_ERRNO(EINVAL, SYS(madvise, own, kPage, MADV_REMOVE));
  EXPECT_ERRNO(EINVAL, SYS(madvise, own, kPage, 25 /* MADV_COLLAPSE, where nothing is huge */));
  for (int advice : {-1, 5, 6, 7, 26, 104}) EXPECT_ERRNO(EINVAL, SYS(madvise, own, kPage, advice));
  EXPECT_ERRNO(EINVAL, SYS(madvise, own, -1L, MADV_NORMAL));
  EXPECT_OK(SYS(madvise, own, kPage, MADV_PAGEOUT));
  EXPECT_EQ(1, own[0]);
}

TEST(populate_makes_pages_present_or_says_why_not) {
  COVERS("madvise", "mincore");
  char *map = anonymous(4), *constant = anonymous(1);
  unsigned char there[4] = {};
  EXPECT_OK(SYS(madvise, map, 4 * kPage, MADV_POPULATE_WRITE));
  EXPECT_OK(SYS(mincore, map, 4 * kPage, there));
  for (unsigned char byte : there) EXPECT_EQ(1, byte & 1);
  mprotect(constant, kPage, PROT_READ);
  EXPECT_ERRNO(EINVAL, SYS(madvise, constant, kPage, MADV_POPULATE_WRITE));
  EXPECT_OK(SYS(madvise, constant, kPage, MADV_POPULATE_READ));
  munmap(map + kPage, kPage);
  EXPECT_ERRNO(ENOMEM, SYS(madvise, map, 4 * kPage, MADV_POPULATE_READ));
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "x");
  char* file = static_cast<char*>(mmap(nullptr, 2 * kPage, PROT_READ, MAP_SHARED, fd, 0));
  EXPECT_ERRNO(EFAULT, SYS(madvise, file, 2 * kPage, MADV_POPULATE_READ));
}

TEST(a_guard_is_a_hole_in_memory_that_stays_whole) {
  COVERS("madvise");
  constexpr int install = 102, remove = 103;
  char* map = anonymous(4);
  memset(map, 'g', 4 * kPage);
  if (SYS(madvise, map + kPage, kPage, install) == -1) SKIP("older than Linux 6.13");
  EXPECT_EQ(SIGSEGV, guest::signal_of([&] { map[kPage] = 1; }));
  EXPECT_EQ('g', map[0]);
  EXPECT_EQ('g', map[2 * kPage]);
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(EFAULT, SYS(write, fds[1], map + kPage, 1));
  EXPECT_ERRNO(EFAULT, SYS(madvise, map, 4 * kPage, MADV_POPULATE_READ));
  // Neither emptying, nor a change of protection, nor fork takes it away.
  EXPECT_OK(SYS(madvise, map, 4 * kPage, MADV_DONTNEED));
  EXPECT_OK(mprotect(map, 4 * kPage, PROT_READ));
  EXPECT_OK(mprotect(map, 4 * kPage, PROT_READ | PROT_WRITE));
  EXPECT_EQ(SIGSEGV, guest::signal_of([&] { map[kPage] = 1; }));
  EXPECT_EQ(0, map[0]);
  unsigned char there[4] = {};
  EXPECT_OK(SYS(mincore, map, 4 * kPage, there));
  EXPECT_EQ(0, there[1] & 1);
  char* moved =
      reinterpret_cast<char*>(SYS(mremap, map, 4 * kPage, 4 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, anonymous(4)));
  ASSERT_TRUE(moved != MAP_FAILED);
  EXPECT_EQ(SIGSEGV, guest::signal_of([&] { moved[kPage] = 1; }));
  EXPECT_OK(SYS(madvise, moved, 4 * kPage, remove));
  moved[kPage] = 'n';
  EXPECT_EQ('n', moved[kPage]);
  EXPECT_EQ(0, moved[kPage + 1]);
  ASSERT_OK(mlock(moved, kPage));
  EXPECT_ERRNO(EINVAL, SYS(madvise, moved, kPage, install));
  munmap(moved + kPage, kPage);
  EXPECT_ERRNO(ENOMEM, SYS(madvise, moved + kPage, 2 * kPage, install));
  EXPECT_EQ(SIGSEGV, guest::signal_of([&] { moved[2 * kPage] = 1; }));  // the rest was done all the same
}

TEST(a_removed_range_of_shared_memory_is_a_hole_for_all) {
  COVERS("madvise", "memfd_create");
  int fd = static_cast<int>(SYS(memfd_create, "hole", 0));
  ASSERT_OK(ftruncate(fd, 4 * kPage));
  char* one = static_cast<char*>(mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  char* two = static_cast<char*>(mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  memset(one, 'r', 4 * kPage);
  EXPECT_EQ('r', two[kPage]);
  EXPECT_OK(SYS(madvise, one + kPage, 2 * kPage, MADV_REMOVE));
  EXPECT_EQ(0, two[kPage]);
  EXPECT_EQ(0, two[2 * kPage]);
  EXPECT_EQ('r', two[3 * kPage]);
  struct stat info;
  ASSERT_OK(fstat(fd, &info));
  EXPECT_EQ(4 * kPage, static_cast<size_t>(info.st_size));
  two[kPage] = 'n';
  EXPECT_EQ('n', one[kPage]);
  char* reader = static_cast<char*>(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, fd, 0));
  EXPECT_ERRNO(EACCES, SYS(madvise, reader, kPage, MADV_REMOVE));
}

TEST(wiped_memory_stays_wiped_over_two_forks) {
  COVERS("madvise", "fork");
  char* map = anonymous(2);
  memset(map, 'w', 2 * kPage);
  ASSERT_OK(SYS(madvise, map, kPage, MADV_WIPEONFORK));
  EXPECT_EQ(0, guest::in_child([&] {
              if (map[0] != 0 || map[kPage] != 'w') return 1;
              map[0] = 'c';
              return guest::in_child([&] { return map[0]; }) == 0 ? 0 : 2;
            }));
  ASSERT_OK(SYS(madvise, map, kPage, MADV_KEEPONFORK));
  EXPECT_EQ(0, guest::in_child([&] { return map[0] == 'w' ? 0 : 1; }));
}

TEST(mremap_dontunmap_of_other_kinds) {
  COVERS("mremap");
  constexpr int kFlags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
  char* map = anonymous(4);
  memset(map, 'd', 4 * kPage);
  EXPECT_ERRNO(EINVAL, SYS(mremap, map, 2 * kPage, 4 * kPage, kFlags, 0));
  EXPECT_ERRNO(EINVAL, SYS(mremap, map, 2 * kPage, 2 * kPage, MREMAP_DONTUNMAP, 0));
  // To a given place, over what is there; and the middle of a mapping.
  char* target = anonymous(2);
  target[0] = 't';
  EXPECT_EQ((long)target, SYS(mremap, map + kPage, 2 * kPage, 2 * kPage, kFlags | MREMAP_FIXED, target));
  EXPECT_EQ('d', target[0]);
  EXPECT_EQ('d', map[0]);
  EXPECT_EQ(0, map[kPage]);
  EXPECT_EQ(0, map[2 * kPage]);
  EXPECT_EQ('d', map[3 * kPage]);
  map[kPage] = 'n';
  EXPECT_EQ('d', target[0]);
}

TEST(mremap_dontunmap_judges_its_hint) {
  COVERS("mremap");
  char* map = anonymous(2);
  const int flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
  EXPECT_ERRNO(EINVAL, SYS(mremap, map, kPage, kPage, flags, map + 2 * kPage + 1));
  EXPECT_ERRNO(EINVAL, SYS(mremap, map, kPage, kPage, flags, map));
  EXPECT_ERRNO(EINVAL, SYS(mremap, map, kPage, kPage, flags, uintptr_t{1} << 62));
  EXPECT_OK(SYS(mremap, map, kPage, kPage, flags, 0));
}

TEST(mremap_of_nothing_makes_a_second_view) {
  COVERS("mremap");
  char* map = anonymous(2, MAP_SHARED);
  map[0] = 's';
  char* twin = reinterpret_cast<char*>(SYS(mremap, map, 0, 2 * kPage, MREMAP_MAYMOVE));
  ASSERT_TRUE(twin != MAP_FAILED);
  EXPECT_EQ('s', twin[0]);
  twin[0] = 't';
  EXPECT_EQ('t', map[0]);
  EXPECT_ERRNO(EINVAL, SYS(mremap, anonymous(1), 0, kPage, MREMAP_MAYMOVE));
}

TEST(a_length_that_rounds_up_to_nothing_is_none) {
  COVERS("mlock", "munlock", "msync");
  char* map = anonymous(1);
  EXPECT_OK(SYS(mlock, map, -1L));
  EXPECT_OK(SYS(munlock, map, -1L));
  EXPECT_OK(SYS(msync, map, -1L, MS_SYNC));
  EXPECT_ERRNO(guest::is_root() ? EINVAL : ENOMEM, SYS(mlock, map, -8192L));  // root has no limit
  EXPECT_ERRNO(ENOMEM, SYS(msync, map, -8192L, MS_SYNC));
}

TEST(process_vm_readv_into_nothing_asks_no_more) {
  COVERS("process_vm_readv", "process_vm_writev");
  char byte = 'x';
  iovec none{&byte, 0}, wrong{&byte, SIZE_MAX};
  EXPECT_EQ(0, SYS(process_vm_readv, getpid(), &none, 1, &wrong, 1, 0));
  EXPECT_EQ(0, SYS(process_vm_writev, getpid(), &none, 0, &wrong, 1, 0));
  none.iov_len = 1;
  EXPECT_ERRNO(EINVAL, SYS(process_vm_readv, getpid(), &none, 1, &wrong, 1, 0));
}

TEST(process_vm_readv_and_writev_of_a_child) {
  COVERS("process_vm_readv", "process_vm_writev");
  static char secret[32] = "before";
  int gate[2];
  ASSERT_OK(pipe(gate));
  pid_t child = guest::spawn([&] {
    strcpy(secret, "of the child");
    write(gate[1], "r", 1);
    guest::eventually([] { return secret[0] == 'O'; });
    return secret[0] == 'O' ? 0 : 1;
  });
  char out[32] = {}, byte;
  read(gate[0], &byte, 1);
  iovec local{out, 13}, remote{secret, 13};
  EXPECT_EQ(13, SYS(process_vm_readv, child, &local, 1, &remote, 1, 0));
  EXPECT_STREQ("of the child", out);
  EXPECT_STREQ("before", secret);
  char letter = 'O';
  local = {&letter, 1};
  remote.iov_len = 1;
  EXPECT_EQ(1, SYS(process_vm_writev, child, &local, 1, &remote, 1, 0));
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_ERRNO(ESRCH, SYS(process_vm_readv, 4000000, &local, 1, &remote, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(process_vm_readv, getpid(), &local, 1, &remote, 1, 1));
  remote.iov_base = guest::bad_pointer();
  EXPECT_ERRNO(EFAULT, SYS(process_vm_readv, getpid(), &local, 1, &remote, 1, 0));
}

GUEST_TEST_MAIN
