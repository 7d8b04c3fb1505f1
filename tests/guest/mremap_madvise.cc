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
