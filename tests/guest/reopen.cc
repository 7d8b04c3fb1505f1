// Opening what a descriptor refers to by its name in /proc/self/fd: proc(5), "open file descriptions are not duplicated".
#include "tests/guest/guest_test.h"
#include "tests/guest/temp_dir.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

namespace {

int reopen(int fd, int flags) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return open(path, flags);
}

}  // namespace

TEST(a_pipe_without_its_other_end_opens_at_once) {
  COVERS("open");
  int fds[2];
  ASSERT_OK(pipe(fds));
  close(fds[1]);
  int reader = reopen(fds[0], O_RDONLY);
  EXPECT_OK(reader);
  char byte = 0;
  EXPECT_EQ(0, read(reader, &byte, 1));
  int writer = reopen(fds[0], O_WRONLY);
  EXPECT_OK(writer);
  EXPECT_EQ(1, write(writer, "w", 1));
  EXPECT_EQ(1, read(fds[0], &byte, 1));
  EXPECT_EQ('w', byte);
  close(writer);
  EXPECT_EQ(0, read(fds[0], &byte, 1));
}

TEST(a_pipe_whose_readers_are_gone_can_be_opened_for_writing) {
  COVERS("open");
  int fds[2];
  ASSERT_OK(pipe(fds));
  close(fds[0]);
  EXPECT_OK(reopen(fds[1], O_WRONLY | O_NONBLOCK));
  EXPECT_ERRNO(EINVAL, reopen(fds[1], O_ACCMODE));
}

TEST(status_flags_are_those_of_the_new_description) {
  COVERS("open", "fcntl");
  int fds[2];
  ASSERT_OK(pipe(fds));
  int again = reopen(fds[0], O_RDONLY | O_NONBLOCK);
  ASSERT_OK(again);
  EXPECT_TRUE((fcntl(again, F_GETFL) & O_NONBLOCK) != 0);
  EXPECT_TRUE((fcntl(fds[0], F_GETFL) & O_NONBLOCK) == 0);
  char byte;
  EXPECT_ERRNO(EAGAIN, read(again, &byte, 1));
  struct stat one, other;
  ASSERT_OK(fstat(fds[0], &one));
  ASSERT_OK(fstat(again, &other));
  EXPECT_EQ(one.st_ino, other.st_ino);
}

TEST(a_name_that_was_used_does_not_keep_the_file_open) {
  COVERS("open", "close", "readlink");
  int fds[2];
  ASSERT_OK(pipe(fds));
  char path[64], target[64] = {};
  snprintf(path, sizeof path, "/proc/self/fd/%d", fds[1]);
  EXPECT_GT(readlink(path, target, sizeof target - 1), 0);
  int again = open(path, O_WRONLY);
  ASSERT_OK(again);
  close(again);
  close(fds[1]);
  char byte;
  EXPECT_EQ(0, read(fds[0], &byte, 1));
}

TEST(sockets_and_anonymous_inodes_cannot_be_opened) {
  COVERS("open");
  int fds[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  EXPECT_ERRNO(ENXIO, reopen(fds[0], O_RDWR));
  int event = eventfd(0, 0);
  EXPECT_ERRNO(ENXIO, reopen(event, O_RDWR));
  int poll = epoll_create1(0);
  EXPECT_ERRNO(ENXIO, reopen(poll, O_RDWR));
  // As a place they can be had.
  EXPECT_OK(reopen(fds[0], O_PATH));
}

TEST(a_removed_file_can_be_opened) {
  COVERS("open", "readlink", "stat");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "file", "alive");
  ASSERT_OK(unlink(dir / "file"));
  int again = reopen(fd, O_RDWR);
  ASSERT_OK(again);
  char text[8] = {};
  EXPECT_EQ(5, read(again, text, 5));
  EXPECT_STREQ("alive", text);
  char path[64], target[600] = {};
  snprintf(path, sizeof path, "/proc/self/fd/%d", again);
  EXPECT_GT(readlink(path, target, sizeof target - 1), 0);
  EXPECT_TRUE(strstr(target, "/file (deleted)") != nullptr);
  struct stat stat_by_link;
  EXPECT_OK(stat(path, &stat_by_link));
  EXPECT_EQ(0, stat_by_link.st_nlink);
  int cut = reopen(fd, O_WRONLY | O_TRUNC);
  EXPECT_OK(cut);
  EXPECT_EQ(0, pread(fd, text, 5, 0));
}

TEST(a_memfd_can_be_opened_read_only) {
  COVERS("open", "memfd_create");
  int fd = static_cast<int>(SYS(memfd_create, "name", 0));
  ASSERT_OK(fd);
  EXPECT_EQ(3, write(fd, "mem", 3));
  int again = reopen(fd, O_RDONLY);
  ASSERT_OK(again);
  char text[8] = {};
  EXPECT_EQ(3, read(again, text, 8));
  EXPECT_STREQ("mem", text);
  EXPECT_ERRNO(EBADF, write(again, "x", 1));
}

TEST(the_mode_of_the_file_is_checked_again) {
  COVERS("open");
  if (geteuid() == 0 && (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0))
    SKIP("cannot drop");
  char path[] = "/tmp/reopen-XXXXXX";
  int fd = mkstemp(path);
  ASSERT_OK(fd);
  ASSERT_OK(fchmod(fd, 0400));
  EXPECT_OK(reopen(fd, O_RDONLY));
  EXPECT_ERRNO(EACCES, reopen(fd, O_RDWR));
  unlink(path);
}

TEST(a_directory_opens_as_one) {
  COVERS("open", "openat");
  guest::TempDir dir;
  int fd = open(dir.path(), O_RDONLY | O_DIRECTORY);
  ASSERT_OK(fd);
  close(guest::make_file(dir / "in", "1"));
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d/in", fd);
  EXPECT_OK(open(path, O_RDONLY));
  EXPECT_OK(reopen(fd, O_RDONLY | O_DIRECTORY));
  EXPECT_ERRNO(EISDIR, reopen(fd, O_RDWR));
}

TEST(the_link_itself_is_not_a_file) {
  COVERS("open", "lstat");
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(ELOOP, reopen(fds[0], O_RDONLY | O_NOFOLLOW));
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
  struct stat stat;
  ASSERT_OK(lstat(path, &stat));
  EXPECT_TRUE(S_ISLNK(stat.st_mode));
  EXPECT_EQ(0500, stat.st_mode & 0777);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fds[1]);
  ASSERT_OK(lstat(path, &stat));
  EXPECT_EQ(0300, stat.st_mode & 0777);
  EXPECT_EQ(64, stat.st_size);
}

GUEST_TEST_MAIN
