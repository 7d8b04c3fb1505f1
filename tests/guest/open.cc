// open(2), openat(2), openat2(2), creat(2), close(2), close_range(2), umask(2).
#include "tests/guest/guest_test.h"

#include <linux/openat2.h>
#include <sys/mman.h>

#include <algorithm>
#include <initializer_list>

TEST(create_write_and_read_back) {
  COVERS("open", "close");
  guest::TempDir dir;
  const char* path = dir / "file";
  long fd = SYS(open, path, O_CREAT | O_RDWR | O_EXCL, 0640);
  ASSERT_OK(fd);
  EXPECT_EQ(3, write(fd, "abc", 3));
  EXPECT_OK(SYS(close, fd));
  EXPECT_ERRNO(EBADF, SYS(close, fd));
  char text[8];
  EXPECT_EQ(3, guest::slurp(path, text, sizeof text));
  EXPECT_STREQ("abc", text);
}

TEST(open_gives_the_lowest_free_descriptor) {
  COVERS("open");
  int first = open("/", O_RDONLY);
  int second = open("/", O_RDONLY);
  EXPECT_EQ(first + 1, second);
  close(first);
  EXPECT_EQ(first, open("/", O_RDONLY));
  close(first);
  close(second);
}

TEST(o_excl_refuses_what_exists) {
  COVERS("open");
  guest::TempDir dir;
  const char* path = dir / "file";
  close(guest::make_file(path, ""));
  EXPECT_ERRNO(EEXIST, open(path, O_CREAT | O_EXCL | O_RDWR, 0600));
  ASSERT_OK(symlink("nowhere", dir / "link"));
  EXPECT_ERRNO(EEXIST, open(dir / "link", O_CREAT | O_EXCL | O_RDWR, 0600));
}

TEST(o_creat_follows_a_dangling_link) {
  COVERS("open");
  guest::TempDir dir;
  ASSERT_OK(symlink("target", dir / "link"));
  int fd = open(dir / "link", O_CREAT | O_WRONLY, 0600);
  EXPECT_OK(fd);
  close(fd);
  EXPECT_OK(access(dir / "target", F_OK));
}

TEST(o_trunc_cuts_and_o_append_appends) {
  COVERS("open");
  guest::TempDir dir;
  const char* path = dir / "file";
  close(guest::make_file(path, "hello"));
  int fd = open(path, O_WRONLY | O_APPEND);
  EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
  EXPECT_EQ(1, write(fd, "!", 1));
  close(fd);
  char text[16];
  guest::slurp(path, text, sizeof text);
  EXPECT_STREQ("hello!", text);
  close(open(path, O_WRONLY | O_TRUNC));
  EXPECT_EQ(0, guest::slurp(path, text, sizeof text));
}

TEST(o_directory_and_o_nofollow) {
  COVERS("open");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", ""));
  ASSERT_OK(symlink("file", dir / "link"));
  ASSERT_OK(symlink(".", dir / "dirlink"));
  EXPECT_ERRNO(ENOTDIR, open(dir / "file", O_RDONLY | O_DIRECTORY));
  EXPECT_ERRNO(ELOOP, open(dir / "link", O_RDONLY | O_NOFOLLOW));
  EXPECT_ERRNO(ENOTDIR, open(dir / "dirlink", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
  int fd = open(dir / "dirlink", O_RDONLY | O_DIRECTORY);
  EXPECT_OK(fd);
  close(fd);
}

TEST(a_directory_cannot_be_written) {
  COVERS("open", "read", "write");
  guest::TempDir dir;
  EXPECT_ERRNO(EISDIR, open(dir.path(), O_WRONLY));
  EXPECT_ERRNO(EISDIR, open(dir.path(), O_RDWR));
  EXPECT_ERRNO(EISDIR, open(dir.path(), O_CREAT | O_RDONLY, 0600));
  int fd = open(dir.path(), O_RDONLY);
  char byte;
  EXPECT_ERRNO(EISDIR, read(fd, &byte, 1));
  EXPECT_ERRNO(EBADF, write(fd, &byte, 1));
  close(fd);
}

TEST(path_errors) {
  COVERS("open");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", ""));
  EXPECT_ERRNO(ENOENT, open("", O_RDONLY));
  EXPECT_ERRNO(ENOENT, open(dir / "missing", O_RDONLY));
  EXPECT_ERRNO(ENOENT, open(dir / "missing/file", O_CREAT | O_RDWR, 0600));
  EXPECT_ERRNO(ENOTDIR, open(dir / "file/below", O_RDONLY));
  EXPECT_ERRNO(ENOTDIR, open(dir / "file/", O_RDONLY));
  EXPECT_ERRNO(EISDIR, open(dir / "new/", O_CREAT | O_RDWR, 0600));
  EXPECT_ERRNO(EFAULT, SYS(open, guest::bad_pointer(), O_RDONLY, 0));
}

TEST(names_over_255_and_paths_over_4095_are_too_long) {
  COVERS("open");
  guest::TempDir dir;
  char name[300], path[5000];
  memset(name, 'n', sizeof name);
  name[256] = 0;
  EXPECT_ERRNO(ENAMETOOLONG, open(dir / name, O_CREAT | O_RDWR, 0600));
  name[255] = 0;
  int fd = open(dir / name, O_CREAT | O_RDWR, 0600);
  EXPECT_OK(fd);
  close(fd);
  memset(path, '/', sizeof path);
  path[4096] = 0;
  EXPECT_ERRNO(ENAMETOOLONG, open(path, O_RDONLY));
  path[4095] = 0;
  fd = open(path, O_RDONLY);
  EXPECT_OK(fd);
  close(fd);
}

TEST(a_loop_of_links_is_eloop) {
  COVERS("open");
  guest::TempDir dir;
  ASSERT_OK(symlink("b", dir / "a"));
  ASSERT_OK(symlink("a", dir / "b"));
  EXPECT_ERRNO(ELOOP, open(dir / "a", O_RDONLY));
  EXPECT_ERRNO(ELOOP, open(dir / "a/x", O_RDONLY));
}

TEST(forty_links_are_followed_and_forty_one_are_not) {
  COVERS("open");
  guest::TempDir dir;
  close(guest::make_file(dir / "l0", ""));
  for (int i = 1; i <= 41; ++i) {
    char from[16], to[16];
    snprintf(from, sizeof from, "l%d", i - 1);
    snprintf(to, sizeof to, "l%d", i);
    ASSERT_OK(symlink(from, dir / to));
  }
  int fd = open(dir / "l40", O_RDONLY);
  EXPECT_OK(fd);
  close(fd);
  EXPECT_ERRNO(ELOOP, open(dir / "l41", O_RDONLY));
}

TEST(openat_starts_at_the_directory) {
  COVERS("openat");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", "x"));
  int at = open(dir.path(), O_RDONLY | O_DIRECTORY);
  int fd = openat(at, "file", O_RDONLY);
  EXPECT_OK(fd);
  EXPECT_ERRNO(ENOTDIR, openat(fd, "file", O_RDONLY));
  EXPECT_ERRNO(EBADF, openat(-5, "file", O_RDONLY));
  int root = openat(-5, "/", O_RDONLY);
  EXPECT_OK(root);
  EXPECT_ERRNO(ENOENT, openat(AT_FDCWD, "no such file here", O_RDONLY));
  close(at);
  close(fd);
  close(root);
}

TEST(o_path_gives_a_name_and_no_access) {
  COVERS("openat", "fstat", "fchmod", "read");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", "x"));
  int fd = open(dir / "file", O_PATH);
  ASSERT_OK(fd);
  char byte;
  struct stat stat;
  EXPECT_ERRNO(EBADF, read(fd, &byte, 1));
  EXPECT_ERRNO(EBADF, write(fd, &byte, 1));
  EXPECT_ERRNO(EBADF, fchmod(fd, 0600));
  EXPECT_ERRNO(EBADF, lseek(fd, 0, SEEK_SET));
  EXPECT_OK(fstat(fd, &stat));
  EXPECT_EQ(O_PATH, fcntl(fd, F_GETFL) & O_PATH);
  ASSERT_OK(symlink("file", dir / "link"));
  int link = open(dir / "link", O_PATH | O_NOFOLLOW);
  EXPECT_OK(fstat(link, &stat));
  EXPECT_TRUE(S_ISLNK(stat.st_mode));
  char target[16] = {};
  EXPECT_EQ(4, readlinkat(link, "", target, sizeof target));
  close(fd);
  close(link);
}

TEST(permissions_are_checked) {
  COVERS("open", "creat");
  if (guest::is_root()) {
    EXPECT_EQ(0, guest::in_child([] { return setresgid(65534, 65534, 65534) | setresuid(65534, 65534, 65534); }));
  }
  guest::TempDir dir;
  chmod(dir.path(), 0777);
  EXPECT_EQ(0, guest::in_child([&] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              int fd = open(dir / "file", O_CREAT | O_WRONLY, 0);
              if (fd == -1 || write(fd, "x", 1) != 1) return 2;  // the creator may write whatever the mode says
              if (open(dir / "file", O_RDONLY) != -1 || errno != EACCES) return 3;
              if (mkdir(dir / "closed", 0) != 0) return 4;
              if (open(dir / "closed/x", O_RDONLY) != -1 || errno != EACCES) return 5;
              chmod(dir / "closed", 0555);
              if (open(dir / "closed/x", O_CREAT | O_RDWR, 0600) != -1 || errno != EACCES) return 6;
              return 0;
            }));
}

TEST(umask_takes_bits_away) {
  COVERS("umask", "creat");
  guest::TempDir dir;
  mode_t before = static_cast<mode_t>(SYS(umask, 027));
  long fd = SYS(creat, dir / "file", 0666);
  struct stat stat;
  EXPECT_OK(fstat(fd, &stat));
  EXPECT_EQ(0640, stat.st_mode & 07777);
  close(fd);
  EXPECT_EQ(027, SYS(umask, 07777));
  EXPECT_EQ(0777, SYS(umask, before));
}

TEST(o_tmpfile_has_no_name_until_linked) {
  COVERS("open", "linkat");
  guest::TempDir dir;
  int fd = open(dir.path(), O_TMPFILE | O_RDWR, 0600);
  if (fd == -1 && errno == EOPNOTSUPP) SKIP("the file system has no O_TMPFILE");
  ASSERT_OK(fd);
  struct stat stat;
  EXPECT_OK(fstat(fd, &stat));
  EXPECT_EQ(0, stat.st_nlink);
  char proc[64];
  snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
  EXPECT_OK(linkat(AT_FDCWD, proc, AT_FDCWD, dir / "name", AT_SYMLINK_FOLLOW));
  EXPECT_OK(fstat(fd, &stat));
  EXPECT_EQ(1, stat.st_nlink);
  EXPECT_ERRNO(EINVAL, open(dir.path(), O_TMPFILE | O_RDONLY, 0600));
  close(fd);
}

TEST(what_was_removed_or_made_exclusive_gets_no_name) {
  COVERS("linkat", "open");
  guest::TempDir dir;
  char proc[64];
  int gone = guest::make_file(dir / "gone", "x");
  ASSERT_OK(unlink(dir / "gone"));
  snprintf(proc, sizeof proc, "/proc/self/fd/%d", gone);
  EXPECT_ERRNO(ENOENT, linkat(AT_FDCWD, proc, AT_FDCWD, dir / "name", AT_SYMLINK_FOLLOW));
  int fd = open(dir.path(), O_TMPFILE | O_RDWR | O_EXCL, 0600);
  if (fd == -1 && errno == EOPNOTSUPP) SKIP("the file system has no O_TMPFILE");
  ASSERT_OK(fd);
  snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
  EXPECT_ERRNO(ENOENT, linkat(AT_FDCWD, proc, AT_FDCWD, dir / "name", AT_SYMLINK_FOLLOW));
}

TEST(openat2_of_a_longer_structure_sees_a_byte_before_it_misses_one) {
  COVERS("openat2");
  char* const pages =
      static_cast<char*>(mmap(nullptr, 2 * getpagesize(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_TRUE(pages != MAP_FAILED);
  char* const end = pages + getpagesize();
  ASSERT_OK(munmap(end, getpagesize()));
  open_how how{};
  how.flags = O_RDONLY;
  const auto open_with = [&](std::initializer_list<char> tail, size_t size) {
    char* const place = end - sizeof how - tail.size();
    memcpy(place, &how, sizeof how);
    std::copy(tail.begin(), tail.end(), place + sizeof how);
    return SYS(openat2, AT_FDCWD, "/", place, size);
  };
  const long fd = open_with({0, 0}, sizeof how + 2);
  EXPECT_OK(fd);
  close(static_cast<int>(fd));
  EXPECT_ERRNO(E2BIG, open_with({0, 1}, sizeof how + 2));
  EXPECT_ERRNO(EFAULT, open_with({}, sizeof how + 8));
  EXPECT_ERRNO(EFAULT, open_with({0, 0, 0, 0, 0, 0, 0, 0}, sizeof how + 16));
  EXPECT_ERRNO(E2BIG, open_with({0, 0, 0, 1, 0, 0, 0, 0}, sizeof how + 16));
  EXPECT_ERRNO(E2BIG, open_with({0, 0}, getpagesize() + 1));
  EXPECT_ERRNO(EINVAL, open_with({0, 0}, sizeof how - 1));
}

TEST(openat2_with_o_path_takes_few_flags) {
  COVERS("openat2");
  guest::TempDir dir;
  open_how how{.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY, .mode = 0, .resolve = 0};
  EXPECT_OK(SYS(openat2, AT_FDCWD, dir.path(), &how, sizeof how));
  how.flags = O_PATH | O_RDWR;
  EXPECT_ERRNO(EINVAL, SYS(openat2, AT_FDCWD, dir.path(), &how, sizeof how));
  how.flags = O_PATH | O_TRUNC;
  EXPECT_ERRNO(EINVAL, SYS(openat2, AT_FDCWD, dir.path(), &how, sizeof how));
  // openat(2) drops them.
  EXPECT_OK(SYS(openat, AT_FDCWD, dir.path(), O_PATH | O_RDWR | O_TRUNC, 0));
  how = {.flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = RESOLVE_CACHED};
  EXPECT_ERRNO(EAGAIN, SYS(openat2, AT_FDCWD, dir / "new", &how, sizeof how));
}

TEST(openat2_checks_its_structure) {
  COVERS("openat2");
  guest::TempDir dir;
  int at = open(dir.path(), O_RDONLY | O_DIRECTORY);
  open_how how{.flags = O_CREAT | O_RDWR, .mode = 0600, .resolve = 0};
  long fd = SYS(openat2, at, "file", &how, sizeof how);
  EXPECT_OK(fd);
  close(static_cast<int>(fd));
  EXPECT_ERRNO(EINVAL, SYS(openat2, at, "file", &how, 8));
  EXPECT_ERRNO(EFAULT, SYS(openat2, at, "file", guest::bad_pointer(), sizeof how));
  how.mode = 0100000;
  EXPECT_ERRNO(EINVAL, SYS(openat2, at, "file", &how, sizeof how));
  how = {.flags = O_RDONLY, .mode = 0600, .resolve = 0};
  EXPECT_ERRNO(EINVAL, SYS(openat2, at, "file", &how, sizeof how));
  how = {.flags = 1ull << 40, .mode = 0, .resolve = 0};
  EXPECT_ERRNO(EINVAL, SYS(openat2, at, "file", &how, sizeof how));
  how = {.flags = O_RDONLY, .mode = 0, .resolve = 1ull << 30};
  EXPECT_ERRNO(EINVAL, SYS(openat2, at, "file", &how, sizeof how));
  struct {
    open_how how;
    uint64_t more;
  } longer{{.flags = O_RDONLY}, 1};
  EXPECT_ERRNO(E2BIG, SYS(openat2, at, "file", &longer, sizeof longer));
  longer.more = 0;
  fd = SYS(openat2, at, "file", &longer, sizeof longer);
  EXPECT_OK(fd);
  close(static_cast<int>(fd));
  close(at);
}

TEST(openat2_resolve_flags) {
  COVERS("openat2");
  guest::TempDir dir;
  mkdir(dir / "sub", 0700);
  close(guest::make_file(dir / "file", ""));
  close(guest::make_file(dir / "sub/inner", ""));
  ASSERT_OK(symlink("../file", dir / "sub/up"));
  ASSERT_OK(symlink("/inner", dir / "sub/absolute"));
  int at = open(dir / "sub", O_RDONLY | O_DIRECTORY);
  open_how how{.flags = O_RDONLY, .mode = 0, .resolve = RESOLVE_BENEATH};
  EXPECT_ERRNO(EXDEV, SYS(openat2, at, "up", &how, sizeof how));
  EXPECT_ERRNO(EXDEV, SYS(openat2, at, "../file", &how, sizeof how));
  EXPECT_ERRNO(EXDEV, SYS(openat2, at, "/etc", &how, sizeof how));
  long fd = SYS(openat2, at, "inner", &how, sizeof how);
  EXPECT_OK(fd);
  close(static_cast<int>(fd));
  how.resolve = RESOLVE_IN_ROOT;
  fd = SYS(openat2, at, "absolute", &how, sizeof how);
  EXPECT_OK(fd);
  close(static_cast<int>(fd));
  EXPECT_ERRNO(ENOENT, SYS(openat2, at, "up", &how, sizeof how));
  how.resolve = RESOLVE_NO_SYMLINKS;
  EXPECT_ERRNO(ELOOP, SYS(openat2, at, "up", &how, sizeof how));
  how.resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT;
  EXPECT_ERRNO(EINVAL, SYS(openat2, at, "inner", &how, sizeof how));
  close(at);
}

TEST(close_range_closes_a_range) {
  COVERS("close_range");
  for (int fd = 20; fd < 30; ++fd) dup2(0, fd);
  EXPECT_OK(SYS(close_range, 22, 25, 0));
  EXPECT_ERRNO(EBADF, fcntl(22, F_GETFD));
  EXPECT_ERRNO(EBADF, fcntl(25, F_GETFD));
  EXPECT_OK(fcntl(21, F_GETFD));
  EXPECT_OK(fcntl(26, F_GETFD));
  EXPECT_OK(SYS(close_range, 26, 29, 4 /* CLOSE_RANGE_CLOEXEC */));
  EXPECT_EQ(FD_CLOEXEC, fcntl(27, F_GETFD));
  EXPECT_ERRNO(EINVAL, SYS(close_range, 5, 4, 0));
  EXPECT_ERRNO(EINVAL, SYS(close_range, 26, 29, 1));
  EXPECT_OK(SYS(close_range, 20, ~0u, 0));
  EXPECT_ERRNO(EBADF, fcntl(27, F_GETFD));
}

TEST(the_descriptor_limit_is_emfile) {
  COVERS("open", "dup", "pipe2");
  EXPECT_EQ(0, guest::in_child([] {
              close_range(10, ~0u, 0);
              int fd = 0;
              while (fd != -1 && fd < 2000000) fd = dup(0);
              if (errno != EMFILE) return 1;
              if (open("/", O_RDONLY) != -1 || errno != EMFILE) return 2;
              int fds[2];
              if (pipe2(fds, 0) != -1 || errno != EMFILE) return 3;
              return 0;
            }));
}

TEST(a_removed_file_lives_until_closed) {
  COVERS("unlink", "open");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "file", "alive");
  EXPECT_OK(SYS(unlink, dir / "file"));
  struct stat stat;
  EXPECT_OK(fstat(fd, &stat));
  EXPECT_EQ(0, stat.st_nlink);
  char text[8] = {};
  EXPECT_EQ(5, pread(fd, text, 5, 0));
  EXPECT_STREQ("alive", text);
  close(fd);
}

GUEST_TEST_MAIN
