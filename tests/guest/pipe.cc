// Pipes: pipe(7), pipe(2).
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

TEST(pipe_carries_bytes_in_order) {
  COVERS("pipe", "read", "write");
  int fds[2];
  ASSERT_OK(SYS(pipe, fds));
  EXPECT_EQ(6, write(fds[1], "abcdef", 6));
  char out[8] = {};
  EXPECT_EQ(2, read(fds[0], out, 2));
  EXPECT_EQ(4, read(fds[0], out + 2, 6));
  EXPECT_STREQ("abcdef", out);
}

TEST(pipe_takes_the_lowest_free_descriptors) {
  COVERS("pipe", "close");
  int fds[2], again[2];
  ASSERT_OK(SYS(pipe, fds));
  close(fds[0]);
  close(fds[1]);
  ASSERT_OK(SYS(pipe, again));
  EXPECT_EQ(fds[0], again[0]);
  EXPECT_EQ(fds[1], again[1]);
}

TEST(pipe2_cloexec_and_nonblock_are_kept) {
  COVERS("pipe2", "fcntl");
  int fds[2];
  ASSERT_OK(SYS(pipe2, fds, O_CLOEXEC | O_NONBLOCK));
  for (int fd : fds) {
    EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
    EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
  }
  EXPECT_EQ(O_RDONLY, fcntl(fds[0], F_GETFL) & O_ACCMODE);
  EXPECT_EQ(O_WRONLY, fcntl(fds[1], F_GETFL) & O_ACCMODE);
}

TEST(pipe2_refuses_unknown_flags) {
  COVERS("pipe2");
  int fds[2];
  EXPECT_ERRNO(EINVAL, SYS(pipe2, fds, O_APPEND));
  EXPECT_ERRNO(EINVAL, SYS(pipe2, fds, 1));
}

TEST(pipe_with_a_bad_pointer_leaves_no_descriptor) {
  COVERS("pipe", "pipe2");
  int before = dup(0);
  close(before);
  EXPECT_ERRNO(EFAULT, SYS(pipe, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(pipe2, guest::bad_pointer(), O_CLOEXEC));
  int after = dup(0);
  EXPECT_EQ(before, after);
  close(after);
}

TEST(read_of_an_empty_nonblocking_pipe_is_eagain) {
  COVERS("read", "write");
  int fds[2];
  char byte;
  ASSERT_OK(pipe2(fds, O_NONBLOCK));
  EXPECT_ERRNO(EAGAIN, read(fds[0], &byte, 1));
  close(fds[1]);
  EXPECT_EQ(0, read(fds[0], &byte, 1));
}

TEST(write_to_a_full_nonblocking_pipe_is_partial_then_eagain) {
  COVERS("write");
  int fds[2];
  ASSERT_OK(pipe2(fds, O_NONBLOCK));
  static char block[70000];
  EXPECT_EQ(65536, write(fds[1], block, sizeof block));
  EXPECT_ERRNO(EAGAIN, write(fds[1], "x", 1));
  EXPECT_EQ(4096, read(fds[0], block, 4096));
  EXPECT_EQ(4096, write(fds[1], block, 4096));
}

TEST(small_writes_to_a_pipe_are_atomic) {
  COVERS("write");
  int fds[2];
  ASSERT_OK(pipe2(fds, O_NONBLOCK));
  static char block[65536];
  EXPECT_EQ(65536, write(fds[1], block, sizeof block));
  EXPECT_EQ(100, read(fds[0], block, 100));
  // Less than PIPE_BUF, and no room for all of it: nothing is written.
  EXPECT_ERRNO(EAGAIN, write(fds[1], block, 4096));
}

TEST(write_without_a_reader_is_sigpipe_and_epipe) {
  COVERS("write");
  int fds[2];
  ASSERT_OK(pipe(fds));
  close(fds[0]);
  EXPECT_EQ(SIGPIPE, guest::signal_of([&] { return write(fds[1], "x", 1); }));
  signal(SIGPIPE, SIG_IGN);
  EXPECT_ERRNO(EPIPE, write(fds[1], "x", 1));
  signal(SIGPIPE, SIG_DFL);
}

TEST(the_wrong_end_is_ebadf) {
  COVERS("read", "write");
  int fds[2];
  char byte = 0;
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(EBADF, read(fds[1], &byte, 1));
  EXPECT_ERRNO(EBADF, write(fds[0], &byte, 1));
}

TEST(a_pipe_cannot_seek_or_be_read_at_an_offset) {
  COVERS("lseek", "pread64", "pwrite64");
  int fds[2];
  char byte = 0;
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(ESPIPE, lseek(fds[0], 0, SEEK_CUR));
  EXPECT_ERRNO(ESPIPE, pread(fds[0], &byte, 1, 0));
  EXPECT_ERRNO(ESPIPE, pwrite(fds[1], &byte, 1, 0));
}

TEST(a_blocked_reader_wakes_with_data) {
  COVERS("read", "write");
  int fds[2];
  ASSERT_OK(pipe(fds));
  pid_t child = guest::spawn([&] {
    char byte = 0;
    return read(fds[0], &byte, 1) == 1 && byte == 'z' ? 0 : 1;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_EQ(1, write(fds[1], "z", 1));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(a_blocked_writer_goes_on_when_there_is_room) {
  COVERS("read", "write");
  int fds[2];
  ASSERT_OK(pipe(fds));
  static char block[200000];
  pid_t child = guest::spawn([&] { return write(fds[1], block, sizeof block) == sizeof block ? 0 : 1; });
  close(fds[1]);
  long total = 0;
  for (ssize_t got; (got = read(fds[0], block, sizeof block)) > 0;) total += got;
  EXPECT_EQ(200000, total);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(closing_the_last_writer_wakes_the_reader_with_end_of_file) {
  COVERS("close", "read");
  int fds[2];
  ASSERT_OK(pipe(fds));
  pid_t child = guest::spawn([&] {
    close(fds[1]);
    char byte;
    return read(fds[0], &byte, 1) == 0 ? 0 : 1;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  close(fds[1]);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(poll_sees_room_data_and_hang_up) {
  COVERS("poll");
  int fds[2];
  ASSERT_OK(pipe(fds));
  pollfd reader{fds[0], POLLIN, 0}, writer{fds[1], POLLOUT, 0};
  EXPECT_EQ(0, poll(&reader, 1, 0));
  EXPECT_EQ(1, poll(&writer, 1, 0));
  EXPECT_EQ(POLLOUT, writer.revents);
  EXPECT_EQ(1, write(fds[1], "a", 1));
  EXPECT_EQ(1, poll(&reader, 1, 0));
  EXPECT_EQ(POLLIN, reader.revents);
  close(fds[1]);
  EXPECT_EQ(1, poll(&reader, 1, 0));
  EXPECT_EQ(POLLIN | POLLHUP, reader.revents);
}

TEST(poll_of_a_writer_without_a_reader_is_an_error) {
  COVERS("poll");
  int fds[2];
  ASSERT_OK(pipe(fds));
  close(fds[0]);
  pollfd writer{fds[1], POLLOUT, 0};
  EXPECT_EQ(1, poll(&writer, 1, 0));
  EXPECT_EQ(POLLOUT | POLLERR, writer.revents);
}

TEST(fionread_counts_the_bytes) {
  COVERS("ioctl");
  int fds[2], count = -1;
  ASSERT_OK(pipe(fds));
  EXPECT_OK(ioctl(fds[0], FIONREAD, &count));
  EXPECT_EQ(0, count);
  EXPECT_EQ(5, write(fds[1], "12345", 5));
  EXPECT_OK(ioctl(fds[0], FIONREAD, &count));
  EXPECT_EQ(5, count);
  EXPECT_ERRNO(ENOTTY, ioctl(fds[0], TIOCGPGRP, &count));
}

TEST(pipe_size_can_be_read_and_set) {
  COVERS("fcntl");
  int fds[2];
  ASSERT_OK(pipe2(fds, O_NONBLOCK));
  EXPECT_EQ(65536, fcntl(fds[0], F_GETPIPE_SZ));
  EXPECT_EQ(4096, fcntl(fds[0], F_SETPIPE_SZ, 1));
  EXPECT_EQ(8192, fcntl(fds[1], F_SETPIPE_SZ, 5000));
  EXPECT_EQ(8192, fcntl(fds[0], F_GETPIPE_SZ));
  static char block[8192];
  EXPECT_EQ(8192, write(fds[1], block, sizeof block));
  EXPECT_ERRNO(EBUSY, fcntl(fds[0], F_SETPIPE_SZ, 4096));
}

TEST(fstat_of_a_pipe_is_a_fifo) {
  COVERS("fstat");
  int fds[2];
  struct stat stat;
  ASSERT_OK(pipe(fds));
  ASSERT_OK(fstat(fds[0], &stat));
  EXPECT_TRUE(S_ISFIFO(stat.st_mode));
  EXPECT_EQ(0600, stat.st_mode & 0777);
  EXPECT_EQ(geteuid(), stat.st_uid);
}

TEST(readv_and_writev_gather_and_scatter) {
  COVERS("readv", "writev");
  int fds[2];
  ASSERT_OK(pipe(fds));
  char first[] = "ab", second[] = "cde";
  iovec out[] = {{first, 2}, {nullptr, 0}, {second, 3}};
  EXPECT_EQ(5, writev(fds[1], out, 3));
  char head[2], tail[8] = {};
  iovec in[] = {{head, 2}, {tail, 7}};
  EXPECT_EQ(5, readv(fds[0], in, 2));
  EXPECT_EQ(0, memcmp(head, "ab", 2));
  EXPECT_STREQ("cde", tail);
}

TEST(a_fault_in_the_buffer_is_efault) {
  COVERS("read", "write");
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_EQ(3, write(fds[1], "abc", 3));
  EXPECT_ERRNO(EFAULT, SYS(read, fds[0], guest::bad_pointer(), 3));
  EXPECT_ERRNO(EFAULT, SYS(write, fds[1], guest::bad_pointer(), 3));
  char out[4] = {};
  EXPECT_EQ(3, read(fds[0], out, 3));
  EXPECT_STREQ("abc", out);
}

TEST(a_named_pipe_joins_two_openers) {
  COVERS("mknod", "open", "read", "write");
  guest::TempDir dir;
  const char* path = dir / "fifo";
  ASSERT_OK(SYS(mknod, path, S_IFIFO | 0600, 0));
  EXPECT_ERRNO(ENXIO, open(path, O_WRONLY | O_NONBLOCK));
  pid_t child = guest::spawn([&] {
    int fd = open(path, O_WRONLY);
    return fd != -1 && write(fd, "hello", 5) == 5 ? 0 : 1;
  });
  int fd = open(path, O_RDONLY);
  ASSERT_OK(fd);
  char out[8] = {};
  EXPECT_EQ(5, read(fd, out, 7));
  EXPECT_STREQ("hello", out);
  EXPECT_EQ(0, read(fd, out, 7));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(a_named_pipe_opened_for_both_never_blocks) {
  COVERS("mknod", "open");
  guest::TempDir dir;
  const char* path = dir / "fifo";
  ASSERT_OK(mkfifo(path, 0600));
  int both = open(path, O_RDWR);
  ASSERT_OK(both);
  int writer = open(path, O_WRONLY | O_NONBLOCK);
  EXPECT_OK(writer);
  EXPECT_EQ(1, write(writer, "q", 1));
  char byte = 0;
  EXPECT_EQ(1, read(both, &byte, 1));
  EXPECT_EQ('q', byte);
}

TEST(a_pipe_can_be_reopened_through_proc_self_fd) {
  COVERS("open", "readlink");
  int fds[2];
  ASSERT_OK(pipe(fds));
  char path[64], target[64] = {};
  snprintf(path, sizeof path, "/proc/self/fd/%d", fds[1]);
  EXPECT_GT(readlink(path, target, sizeof target - 1), 0);
  EXPECT_EQ(0, strncmp(target, "pipe:[", 6));
  int again = open(path, O_WRONLY);
  ASSERT_OK(again);
  EXPECT_EQ(1, write(again, "r", 1));
  char byte = 0;
  EXPECT_EQ(1, read(fds[0], &byte, 1));
}

TEST(packet_mode_keeps_the_borders_of_writes) {
  COVERS("pipe2");
  int fds[2];
  ASSERT_OK(SYS(pipe2, fds, O_DIRECT));
  EXPECT_EQ(4, write(fds[1], "abcd", 4));
  EXPECT_EQ(2, write(fds[1], "ef", 2));
  char out[16] = {};
  EXPECT_EQ(2, read(fds[0], out, 2));
  // What the reader had no room for is lost.
  EXPECT_EQ(2, read(fds[0], out, 16));
  EXPECT_EQ(0, memcmp(out, "ef", 2));
}

GUEST_TEST_MAIN
