// read, write, pread64, pwrite64, readv, writev, preadv(2), pwritev(2), lseek, truncate, fallocate, fsync, copies.
#include "tests/guest/guest_test.h"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

TEST(the_offset_moves_with_reads_and_writes) {
  COVERS("read", "write", "lseek");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "0123456789");
  EXPECT_EQ(10, lseek(fd, 0, SEEK_CUR));
  EXPECT_EQ(2, SYS(lseek, fd, 2, SEEK_SET));
  char out[8] = {};
  EXPECT_EQ(3, SYS(read, fd, out, 3));
  EXPECT_STREQ("234", out);
  EXPECT_EQ(5, lseek(fd, 0, SEEK_CUR));
  EXPECT_EQ(2, SYS(write, fd, "ab", 2));
  EXPECT_EQ(7, lseek(fd, 0, SEEK_CUR));
  EXPECT_EQ(9, lseek(fd, -1, SEEK_END));
  EXPECT_EQ(1, read(fd, out, 8));
  EXPECT_EQ(0, read(fd, out, 8));
}

TEST(lseek_errors) {
  COVERS("lseek");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  EXPECT_ERRNO(EINVAL, lseek(fd, -1, SEEK_SET));
  EXPECT_ERRNO(EINVAL, lseek(fd, 0, 99));
  EXPECT_ERRNO(EBADF, lseek(-1, 0, SEEK_SET));
  EXPECT_EQ(1000, lseek(fd, 1000, SEEK_SET));
  EXPECT_ERRNO(EINVAL, lseek(fd, INT64_MAX, SEEK_END));
  EXPECT_ERRNO(EINVAL, lseek(fd, INT64_MAX, SEEK_CUR));
}

TEST(no_transfer_goes_past_the_last_offset) {
  COVERS("read", "write", "pread64", "pwrite64");
  int fd = memfd_create("f", 0);  // of the files here, the one that may be that long
  char bytes[10] = {};
  ASSERT_EQ(INT64_MAX - 5, lseek(fd, INT64_MAX - 5, SEEK_SET));
  EXPECT_ERRNO(EINVAL, read(fd, bytes, 10));
  EXPECT_ERRNO(EINVAL, write(fd, bytes, 10));
  EXPECT_ERRNO(EINVAL, pread(fd, bytes, 10, INT64_MAX - 5));
  EXPECT_ERRNO(EINVAL, pwrite(fd, bytes, 10, INT64_MAX - 5));
  EXPECT_EQ(0, read(fd, bytes, 5));
}

TEST(seek_data_and_seek_hole) {
  COVERS("lseek");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  EXPECT_EQ(0, lseek(fd, 0, SEEK_DATA));
  EXPECT_EQ(3, lseek(fd, 0, SEEK_HOLE));
  EXPECT_ERRNO(ENXIO, lseek(fd, 3, SEEK_DATA));
  EXPECT_ERRNO(ENXIO, lseek(fd, 3, SEEK_HOLE));
}

TEST(a_hole_reads_as_zero) {
  COVERS("pwrite64", "pread64");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "a");
  EXPECT_EQ(1, SYS(pwrite64, fd, "z", 1, 10000));
  struct stat stat;
  fstat(fd, &stat);
  EXPECT_EQ(10001, stat.st_size);
  char out[3] = {'x', 'x', 'x'};
  EXPECT_EQ(3, SYS(pread64, fd, out, 3, 0));
  EXPECT_EQ(0, memcmp(out, "a\0\0", 3));
  EXPECT_EQ(1, SYS(pread64, fd, out, 3, 10000));
  EXPECT_EQ(0, pread(fd, out, 3, 20000));
  EXPECT_EQ(1, lseek(fd, 0, SEEK_CUR));
}

TEST(pread_errors) {
  COVERS("pread64", "pwrite64");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  char byte = 0;
  EXPECT_ERRNO(EINVAL, pread(fd, &byte, 1, -1));
  EXPECT_ERRNO(EINVAL, pwrite(fd, &byte, 1, -1));
  EXPECT_ERRNO(EBADF, pread(-1, &byte, 1, 0));
  EXPECT_ERRNO(EFAULT, SYS(pread64, fd, guest::bad_pointer(), 1, 0));
  int reader = open(dir / "f", O_RDONLY);
  EXPECT_ERRNO(EBADF, pwrite(reader, &byte, 1, 0));
}

TEST(reading_into_a_bad_buffer_is_efault_and_moves_nothing) {
  COVERS("read", "write");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  lseek(fd, 0, SEEK_SET);
  EXPECT_ERRNO(EFAULT, SYS(read, fd, guest::bad_pointer(), 3));
  EXPECT_EQ(0, lseek(fd, 0, SEEK_CUR));
  EXPECT_ERRNO(EFAULT, SYS(write, fd, guest::bad_pointer(), 3));
  EXPECT_ERRNO(EFAULT, SYS(read, fd, -4096L, 3));
  EXPECT_EQ(0, SYS(read, fd, guest::bad_pointer(), 0));
}

TEST(a_buffer_that_ends_in_a_hole_gives_partial_progress) {
  COVERS("read");
  guest::TempDir dir;
  static char block[8192];
  memset(block, 'b', sizeof block);
  int fd = guest::make_file(dir / "f", "");
  EXPECT_EQ(8192, write(fd, block, sizeof block));
  char* pages = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(pages + 4096, 4096);
  EXPECT_EQ(4096, pread(fd, pages, 8192, 0));
  EXPECT_EQ('b', pages[4095]);
  EXPECT_EQ(100, pread(fd, pages + 3996, 200, 0));
  EXPECT_EQ(4096, pwrite(fd, pages, 8192, 0));
}

TEST(vectors_are_bounded) {
  COVERS("readv", "writev");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abcdef");
  static iovec many[IOV_MAX + 1];
  char byte;
  for (auto& each : many) each = {&byte, 0};
  EXPECT_ERRNO(EINVAL, readv(fd, many, IOV_MAX + 1));
  EXPECT_EQ(0, readv(fd, many, IOV_MAX));
  EXPECT_ERRNO(EINVAL, SYS(readv, fd, many, -1));
  EXPECT_EQ(0, SYS(writev, fd, many, 0));
  EXPECT_ERRNO(EFAULT, SYS(writev, fd, guest::bad_pointer(), 1));
  iovec huge[2] = {{&byte, SIZE_MAX / 2 + 1}, {&byte, 1}};
  EXPECT_ERRNO(EINVAL, writev(fd, huge, 2));
}

TEST(a_vector_with_a_bad_part_gives_what_came_before) {
  COVERS("writev", "readv");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  char good[] = "good";
  iovec parts[] = {{good, 4}, {guest::bad_pointer(), 4}};
  EXPECT_EQ(4, writev(fd, parts, 2));
  iovec worse[] = {{guest::bad_pointer(), 4}, {good, 4}};
  EXPECT_ERRNO(EFAULT, writev(fd, worse, 2));
  lseek(fd, 0, SEEK_SET);
  EXPECT_EQ(4, readv(fd, parts, 2));
}

TEST(preadv_and_pwritev_take_an_offset) {
  COVERS("preadv", "pwritev", "preadv2", "pwritev2");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "0123456789");
  char a[2], b[3] = {};
  iovec in[] = {{a, 2}, {b, 2}};
  EXPECT_EQ(4, SYS(preadv, fd, in, 2, 3, 0));
  EXPECT_EQ(0, memcmp(a, "34", 2));
  EXPECT_STREQ("56", b);
  iovec out[] = {{b, 2}};
  EXPECT_EQ(2, SYS(pwritev, fd, out, 1, 0, 0));
  EXPECT_EQ(4, SYS(preadv2, fd, in, 2, 0, 0, 0));
  EXPECT_EQ(0, memcmp(a, "56", 2));
  EXPECT_EQ(10, lseek(fd, 0, SEEK_CUR));
  // Offset -1: the file's own offset.
  EXPECT_EQ(2, SYS(pwritev2, fd, out, 1, -1L, 0, 0));
  EXPECT_EQ(12, lseek(fd, 0, SEEK_CUR));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(preadv2, fd, in, 2, 0, 0, 0x10000000));
  EXPECT_ERRNO(EINVAL, SYS(preadv, fd, in, 2, -1L, 0));
  EXPECT_EQ(2, SYS(pwritev2, fd, out, 1, 0, 0, 0x10 /* RWF_APPEND */));
  struct stat stat;
  fstat(fd, &stat);
  EXPECT_EQ(14, stat.st_size);
}

TEST(truncate_grows_and_shrinks) {
  COVERS("truncate", "ftruncate");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abcdef");
  EXPECT_OK(SYS(ftruncate, fd, 3));
  EXPECT_OK(SYS(truncate, dir / "f", 5));
  char out[8] = {'x', 'x', 'x', 'x', 'x', 'x'};
  EXPECT_EQ(5, pread(fd, out, 8, 0));
  EXPECT_EQ(0, memcmp(out, "abc\0\0", 5));
}

TEST(truncate_errors) {
  COVERS("truncate", "ftruncate");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  int reader = open(dir / "f", O_RDONLY);
  EXPECT_ERRNO(EINVAL, ftruncate(fd, -1));
  EXPECT_ERRNO(EINVAL, ftruncate(reader, 1));
  EXPECT_ERRNO(EBADF, ftruncate(-1, 1));
  EXPECT_ERRNO(ENOENT, truncate(dir / "none", 1));
  EXPECT_ERRNO(EISDIR, truncate(dir.path(), 1));
  EXPECT_ERRNO(EINVAL, truncate(dir / "f", -1));
  EXPECT_ERRNO(EFAULT, SYS(truncate, guest::bad_pointer(), 0));
}

TEST(no_file_is_allocated_beyond_the_limit) {
  COVERS("fallocate");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  if (SYS(fallocate, fd, 0, 0, 100) == -1 && errno == EOPNOTSUPP) SKIP("the file system has no fallocate");
  const auto limited = [&](int handler, int mode, long length) {
    return guest::in_child([&] {
      rlimit limit{4096, 4096};
      signal(SIGXFSZ, handler == 0 ? SIG_DFL : SIG_IGN);
      setrlimit(RLIMIT_FSIZE, &limit);
      return SYS(fallocate, fd, mode, 0, length) == 0 ? 0 : errno;
    });
  };
  EXPECT_EQ(0, limited(1, 0, 4096));
  EXPECT_EQ(EFBIG, WEXITSTATUS(limited(1, 0, 4097)));
  EXPECT_EQ(SIGXFSZ, WTERMSIG(limited(0, 0, 4097)));
  struct stat stat;
  fstat(fd, &stat);
  EXPECT_EQ(4096, stat.st_size);
  ASSERT_OK(ftruncate(fd, 10000));
  EXPECT_EQ(0, limited(0, 0, 9000));  // it does not become longer
  EXPECT_EQ(EFBIG, WEXITSTATUS(limited(1, 0, 11000)));
  close(fd);
}

TEST(fallocate_takes_ranges_out_and_puts_them_in) {
  COVERS("fallocate");
  char path[] = "/var/tmp/guest-XXXXXX";  // a disk, where /tmp is often none
  int fd = mkstemp(path);
  if (fd == -1) SKIP("no disk to write to");
  unlink(path);
  constexpr int kCollapse = 8, kZero = 0x10, kInsert = 0x20;
  static char pages[5 * 4096], found[8 * 4096];
  for (int i = 0; i < 5; ++i) memset(pages + i * 4096, 'a' + i, 4096);
  ASSERT_TRUE(write(fd, pages, sizeof pages - 100) == sizeof pages - 100);
  auto letters = [&] {  // of each page: its first byte, and "." where that is a zero
    static char text[16];
    ssize_t got = pread(fd, found, sizeof found, 0);
    int n = 0;
    for (ssize_t at = 0; at < got && n < 15; at += 4096) text[n++] = found[at] != 0 ? found[at] : '.';
    text[n] = 0;
    return text;
  };
  long done = SYS(fallocate, fd, kCollapse, 4096, 8192);
  if (done == -1 && errno == EOPNOTSUPP) SKIP("the file system moves no ranges");
  EXPECT_OK(done);
  EXPECT_STREQ("ade", letters());
  EXPECT_EQ(3 * 4096 - 100, lseek(fd, 0, SEEK_END));
  EXPECT_OK(SYS(fallocate, fd, kInsert, 4096, 3 * 4096));
  EXPECT_STREQ("a...de", letters());
  EXPECT_EQ('e', found[6 * 4096 - 101]);
  EXPECT_EQ(6 * 4096 - 100, lseek(fd, 0, SEEK_END));
  EXPECT_EQ(4096, lseek(fd, 0, SEEK_HOLE));
  EXPECT_OK(SYS(fallocate, fd, kZero | FALLOC_FL_KEEP_SIZE, 4 * 4096 + 10, 100000));
  EXPECT_STREQ("a...d.", letters());
  EXPECT_EQ(0, found[4 * 4096 + 10]);
  EXPECT_ERRNO(EINVAL, SYS(fallocate, fd, kCollapse, 10, 4096));
  EXPECT_ERRNO(EINVAL, SYS(fallocate, fd, kCollapse, 4096, 100));
  EXPECT_ERRNO(EINVAL, SYS(fallocate, fd, kCollapse, 4096, 5 * 4096));
  EXPECT_ERRNO(EINVAL, SYS(fallocate, fd, kInsert, 6 * 4096, 4096));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(fallocate, fd, kInsert | FALLOC_FL_KEEP_SIZE, 4096, 4096));
  close(fd);
}

TEST(fallocate_grows_keeps_and_punches) {
  COVERS("fallocate");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  if (SYS(fallocate, fd, 0, 0, 8192) == -1 && errno == EOPNOTSUPP) SKIP("the file system has no fallocate");
  struct stat stat;
  fstat(fd, &stat);
  EXPECT_EQ(8192, stat.st_size);
  EXPECT_OK(SYS(fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, 100000));
  fstat(fd, &stat);
  EXPECT_EQ(8192, stat.st_size);
  EXPECT_OK(SYS(fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
  char byte = 'x';
  EXPECT_EQ(1, pread(fd, &byte, 1, 0));
  EXPECT_EQ(0, byte);
  EXPECT_ERRNO(EINVAL, SYS(fallocate, fd, 0, -1, 10));
  EXPECT_ERRNO(EINVAL, SYS(fallocate, fd, 0, 0, 0));
  EXPECT_ERRNO(EBADF, SYS(fallocate, -1, 0, 0, 10));
  int reader = open(dir / "f", O_RDONLY);
  EXPECT_ERRNO(EBADF, SYS(fallocate, reader, 0, 0, 10));
  int fds[2];
  pipe(fds) == 0 ? EXPECT_ERRNO(ESPIPE, SYS(fallocate, fds[1], 0, 0, 10)) : void();
}

TEST(fallocated_blocks_count_and_can_lie_beyond_the_end) {
  COVERS("fallocate", "ftruncate");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  if (SYS(fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, 1 << 20) == -1 && errno == EOPNOTSUPP) SKIP("no fallocate here");
  struct stat stat;
  ASSERT_OK(fstat(fd, &stat));
  EXPECT_EQ(0, stat.st_size);
  EXPECT_GE(stat.st_blocks, 2048);
  EXPECT_OK(ftruncate(fd, 1 << 20));
  EXPECT_OK(SYS(fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 512 << 10));
  ASSERT_OK(fstat(fd, &stat));
  EXPECT_LE(stat.st_blocks, 1100);
  EXPECT_OK(ftruncate(fd, 0));
  ASSERT_OK(fstat(fd, &stat));
  EXPECT_LE(stat.st_blocks, 8);
}

TEST(reading_sets_the_access_time) {
  COVERS("read", "open");
  guest::TempDir dir;
  struct statvfs fs;
  ASSERT_OK(statvfs(dir.path(), &fs));
  if ((fs.f_flag & ST_NOATIME) != 0) SKIP("mounted noatime");
  int fd = guest::make_file(dir / "f", "abc");
  const timespec times[2] = {{1000, 1}, {2000, 2}};
  ASSERT_OK(futimens(fd, times));
  char byte;
  int quiet = open(dir / "f", O_RDONLY | O_NOATIME);
  EXPECT_EQ(1, read(quiet, &byte, 1));
  struct stat stat;
  ASSERT_OK(fstat(fd, &stat));
  EXPECT_EQ(1000, stat.st_atim.tv_sec);
  EXPECT_EQ(1, pread(fd, &byte, 1, 0));
  ASSERT_OK(fstat(fd, &stat));
  EXPECT_GT(stat.st_atim.tv_sec, 2000);
  EXPECT_EQ(2000, stat.st_mtim.tv_sec);
}

TEST(syncing_calls_accept_files) {
  COVERS("fsync", "fdatasync", "sync_file_range", "fadvise64", "readahead");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  EXPECT_OK(SYS(fsync, fd));
  EXPECT_OK(SYS(fdatasync, fd));
  EXPECT_ERRNO(EBADF, SYS(fsync, -1));
  EXPECT_ERRNO(EBADF, SYS(fdatasync, -1));
  EXPECT_OK(SYS(fadvise64, fd, 0, 0, POSIX_FADV_SEQUENTIAL));
  EXPECT_ERRNO(EINVAL, SYS(fadvise64, fd, 0, 0, 77));
  EXPECT_ERRNO(EBADF, SYS(fadvise64, -1, 0, 0, 0));
  EXPECT_OK(SYS(readahead, fd, 0, 4096));
  EXPECT_ERRNO(EBADF, SYS(readahead, -1, 0, 4096));
  EXPECT_OK(SYS(sync_file_range, fd, 0, 0, SYNC_FILE_RANGE_WRITE));
  EXPECT_ERRNO(EINVAL, SYS(sync_file_range, fd, 0, 0, 8));
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(EINVAL, fsync(fds[0]));
  EXPECT_ERRNO(ESPIPE, SYS(fadvise64, fds[0], 0, 0, 0));
}

TEST(writes_set_the_modification_time_and_clear_set_user_id) {
  COVERS("write", "fstat");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  timespec old[2] = {{1000, 0}, {1000, 0}};
  ASSERT_OK(futimens(fd, old));
  struct stat stat;
  EXPECT_EQ(1, write(fd, "x", 1));
  fstat(fd, &stat);
  EXPECT_GT(stat.st_mtim.tv_sec, 1000);
  EXPECT_GT(stat.st_ctim.tv_sec, 1000);
}

TEST(the_file_size_limit_is_sigxfsz_and_efbig) {
  COVERS("write", "setrlimit");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              rlimit limit{10, 10};
              if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
              signal(SIGXFSZ, SIG_IGN);
              int fd = open(dir / "f", O_CREAT | O_RDWR, 0600);
              if (write(fd, "0123456789ab", 12) != 10) return 2;
              if (write(fd, "x", 1) != -1 || errno != EFBIG) return 3;
              if (ftruncate(fd, 100) != -1 || errno != EFBIG) return 4;
              return 0;
            }));
  EXPECT_EQ(SIGXFSZ, guest::signal_of([&] {
              rlimit limit{0, 0};
              setrlimit(RLIMIT_FSIZE, &limit);
              int fd = open(dir / "f", O_CREAT | O_RDWR | O_TRUNC, 0600);
              return write(fd, "x", 1);
            }));
}

TEST(duplicates_share_the_offset_and_openings_do_not) {
  COVERS("dup", "lseek");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abcdef");
  int same = dup(fd), other = open(dir / "f", O_RDONLY);
  EXPECT_EQ(6, lseek(same, 0, SEEK_CUR));
  EXPECT_EQ(0, lseek(other, 0, SEEK_CUR));
  lseek(same, 1, SEEK_SET);
  EXPECT_EQ(1, lseek(fd, 0, SEEK_CUR));
}

TEST(copy_file_range_copies_between_files) {
  COVERS("copy_file_range");
  guest::TempDir dir;
  int from = guest::make_file(dir / "a", "0123456789");
  int to = guest::make_file(dir / "b", "");
  int64_t in = 2, out = 1;
  EXPECT_EQ(5, SYS(copy_file_range, from, &in, to, &out, 5, 0));
  EXPECT_EQ(7, in);
  EXPECT_EQ(6, out);
  char text[16];
  EXPECT_EQ(6, guest::slurp(dir / "b", text, sizeof text));
  EXPECT_EQ(0, memcmp(text, "\00023456", 6));
  EXPECT_EQ(0, SYS(copy_file_range, from, nullptr, to, nullptr, 5, 0));
  EXPECT_ERRNO(EINVAL, SYS(copy_file_range, from, &in, to, &out, 5, 1));
  EXPECT_ERRNO(EBADF, SYS(copy_file_range, -1, &in, to, &out, 5, 0));
  int reader = open(dir / "b", O_RDONLY);
  EXPECT_ERRNO(EBADF, SYS(copy_file_range, from, &in, reader, &out, 5, 0));
}

TEST(copy_file_range_stays_in_one_file_system) {
  COVERS("copy_file_range");
  guest::TempDir dir;
  int from = guest::make_file(dir / "from", "text"), to = guest::make_file(dir / "to", ""),
      memory = memfd_create("m", 0);
  ASSERT_EQ(4, write(memory, "more", 4));
  EXPECT_ERRNO(EXDEV, SYS(copy_file_range, open("/proc/self/status", O_RDONLY), nullptr, to, nullptr, 4, 0));
  EXPECT_ERRNO(EXDEV, SYS(copy_file_range, memory, nullptr, to, nullptr, 4, 0));
  loff_t before = -1, last = INT64_MAX - 2;
  EXPECT_ERRNO(EOVERFLOW, SYS(copy_file_range, from, &before, to, nullptr, 4, 0));
  EXPECT_ERRNO(EOVERFLOW, SYS(copy_file_range, from, nullptr, to, &before, 4, 0));
  EXPECT_ERRNO(EINVAL, SYS(copy_file_range, from, &before, to, nullptr, 0, 0));
  EXPECT_EQ(0, SYS(copy_file_range, from, &last, to, nullptr, 1, 0));
}

TEST(flags_of_preadv2_and_pwritev2) {
  COVERS("preadv2", "pwritev2");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "0123456789"), fds[2];
  char a[4] = {'a', 'b', 'c', 'd'};
  iovec part[] = {{a, 2}};
  for (int flag : {1 /* HIPRI */, 2 /* DSYNC */, 4 /* SYNC */, 0x20 /* NOAPPEND */}) {
    EXPECT_EQ(2, SYS(pwritev2, fd, part, 1, 0, 0, flag));
  }
  EXPECT_EQ(2, SYS(pwritev2, fd, part, 1, -1L, 0, 0x10));  // APPEND, at the file's own position
  EXPECT_EQ(12, lseek(fd, 0, SEEK_CUR));
  EXPECT_OK(fcntl(fd, F_SETFL, O_APPEND));
  EXPECT_EQ(2, SYS(pwritev2, fd, part, 1, 4, 0, 0x20));  // NOAPPEND overrides O_APPEND
  EXPECT_EQ(2, SYS(pwritev2, fd, part, 1, 4, 0, 0));     // and pwrite does not: BUGS of pwrite(2)
  struct stat stat;
  fstat(fd, &stat);
  EXPECT_EQ(14, stat.st_size);
  EXPECT_ERRNO(EINVAL, SYS(pwritev2, fd, part, 1, 0, 0, 0x30));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(pwritev2, fd, part, 1, 0, 0, 0x40));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(pwritev2, fd, part, 1, 0, 0, 0x8));
  EXPECT_EQ(0, SYS(pwritev2, fd, part, 0, 0, 0, 0x40000000));
  EXPECT_ERRNO(EINVAL, SYS(preadv2, fd, part, 1, -2L, 0, 0));
  EXPECT_ERRNO(EBADF, SYS(preadv2, 99, part, 1, 0, 0, 0));
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(EAGAIN, SYS(preadv2, fds[0], part, 1, -1L, 0, 8 /* NOWAIT */));
  EXPECT_EQ(2, SYS(pwritev2, fds[1], part, 1, -1L, 0, 8));
  EXPECT_EQ(2, SYS(preadv2, fds[0], part, 1, -1L, 0, 8));
  EXPECT_ERRNO(ESPIPE, SYS(preadv2, fds[0], part, 1, 0, 0, 0));
  EXPECT_ERRNO(EBADF, SYS(pwritev2, fds[0], part, 1, -1L, 0, 0));
}

GUEST_TEST_MAIN
