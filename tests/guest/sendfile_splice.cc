// sendfile(2), splice(2), tee(2), vmsplice(2).
#include "tests/guest/guest_test.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

TEST(sendfile_copies_from_an_offset) {
  COVERS("sendfile");
  guest::TempDir dir;
  int from = guest::make_file(dir / "a", "0123456789"), to = guest::make_file(dir / "b", ""), fds[2];
  ASSERT_OK(pipe(fds));
  off_t offset = 3;
  EXPECT_EQ(4, SYS(sendfile, fds[1], from, &offset, 4));
  EXPECT_EQ(7, offset);
  char out[16] = {};
  EXPECT_EQ(4, read(fds[0], out, 16));
  EXPECT_STREQ("3456", out);
  lseek(from, 0, SEEK_SET);
  EXPECT_EQ(10, SYS(sendfile, to, from, nullptr, 100));
  EXPECT_EQ(0, SYS(sendfile, to, from, nullptr, 100));
  EXPECT_EQ(10, lseek(from, 0, SEEK_CUR));
}

TEST(sendfile_errors) {
  COVERS("sendfile");
  guest::TempDir dir;
  int from = guest::make_file(dir / "a", "0123"), fds[2];
  int appending = open(dir / "a", O_WRONLY | O_APPEND);
  ASSERT_OK(pipe(fds));
  off_t negative = -1;
  EXPECT_ERRNO(EBADF, SYS(sendfile, -1, from, nullptr, 1));
  EXPECT_ERRNO(EBADF, SYS(sendfile, fds[0], from, nullptr, 1));
  EXPECT_ERRNO(EBADF, SYS(sendfile, fds[1], appending, nullptr, 1));
  EXPECT_ERRNO(EINVAL, SYS(sendfile, fds[1], from, &negative, 1));
  EXPECT_ERRNO(EFAULT, SYS(sendfile, fds[1], from, guest::bad_pointer(), 1));
  EXPECT_ERRNO(ESPIPE, SYS(sendfile, fds[1], fds[0], &negative, 1));
}

TEST(sendfile_of_a_directory_is_no_transfer) {
  COVERS("sendfile");
  guest::TempDir dir;
  int to = guest::make_file(dir / "to", "");
  EXPECT_ERRNO(EINVAL, SYS(sendfile, to, open(dir.path(), O_RDONLY), nullptr, 5));
}

TEST(splice_moves_between_file_and_pipe) {
  COVERS("splice");
  guest::TempDir dir;
  int from = guest::make_file(dir / "a", "0123456789"), to = guest::make_file(dir / "b", ""), fds[2];
  ASSERT_OK(pipe(fds));
  int64_t offset = 2;
  EXPECT_EQ(5, SYS(splice, from, &offset, fds[1], nullptr, 5, 0));
  EXPECT_EQ(7, offset);
  EXPECT_EQ(5, SYS(splice, fds[0], nullptr, to, nullptr, 100, 0));
  char text[16];
  guest::slurp(dir / "b", text, sizeof text);
  EXPECT_STREQ("23456", text);
  EXPECT_ERRNO(EAGAIN, SYS(splice, fds[0], nullptr, to, nullptr, 1, SPLICE_F_NONBLOCK));
  EXPECT_ERRNO(EINVAL, SYS(splice, from, nullptr, to, nullptr, 1, 0));
  EXPECT_ERRNO(ESPIPE, SYS(splice, fds[0], &offset, to, nullptr, 1, 0));
  EXPECT_ERRNO(EBADF, SYS(splice, -1, nullptr, fds[1], nullptr, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(splice, fds[0], nullptr, fds[1], nullptr, 1, 0));
}

TEST(tee_copies_and_leaves) {
  COVERS("tee");
  int one[2], two[2];
  ASSERT_OK(pipe(one));
  ASSERT_OK(pipe(two));
  write(one[1], "abcdef", 6);
  EXPECT_EQ(4, SYS(tee, one[0], two[1], 4, 0));
  char out[8] = {};
  EXPECT_EQ(6, read(one[0], out, 8));
  EXPECT_EQ(4, read(two[0], out, 8));
  EXPECT_ERRNO(EAGAIN, SYS(tee, one[0], two[1], 4, SPLICE_F_NONBLOCK));
  EXPECT_ERRNO(EINVAL, SYS(tee, one[0], one[1], 4, 0));
}

TEST(vmsplice_puts_memory_into_a_pipe) {
  COVERS("vmsplice");
  int fds[2];
  ASSERT_OK(pipe(fds));
  char text[] = "memory", out[8] = {};
  iovec part{text, 6};
  EXPECT_EQ(6, SYS(vmsplice, fds[1], &part, 1, 0));
  EXPECT_EQ(6, read(fds[0], out, 8));
  EXPECT_STREQ("memory", out);
  EXPECT_ERRNO(EBADF, SYS(vmsplice, -1, &part, 1, 0));
}

TEST(sendfile_to_a_socket) {
  COVERS("sendfile");
  guest::TempDir dir;
  int fds[2], from = guest::make_file(dir / "a", "to a socket");
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  off_t offset = 0;
  EXPECT_EQ(11, sendfile(fds[0], from, &offset, 11));
  char out[16] = {};
  EXPECT_EQ(11, read(fds[1], out, 16));
  EXPECT_STREQ("to a socket", out);
}

TEST(splice_waits_moves_what_is_there_and_ends) {
  COVERS("splice");
  int one[2], two[2];
  ASSERT_OK(pipe(one));
  ASSERT_OK(pipe(two));
  pid_t child = guest::spawn([&] { return SYS(splice, one[0], nullptr, two[1], nullptr, 100, 0) == 5 ? 0 : 1; });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_EQ(5, write(one[1], "12345", 5));
  EXPECT_EQ(0, guest::reap(child));
  char out[16] = {};
  EXPECT_EQ(5, read(two[0], out, 16));
  EXPECT_STREQ("12345", out);
  EXPECT_EQ(0, SYS(splice, one[0], nullptr, two[1], nullptr, 0, 0x4000));
  EXPECT_EQ(4, write(one[1], "abcd", 4));
  EXPECT_EQ(2, SYS(splice, one[0], nullptr, two[1], nullptr, 2, SPLICE_F_MOVE | SPLICE_F_MORE));
  EXPECT_EQ(2, read(one[0], out, 16));
  EXPECT_EQ('c', out[0]);
  close(one[1]);
  EXPECT_EQ(0, SYS(splice, one[0], nullptr, two[1], nullptr, 2, 0));
  EXPECT_EQ(0, SYS(splice, one[0], nullptr, two[1], nullptr, 2, SPLICE_F_NONBLOCK));
}

TEST(splice_judges_its_ends) {
  COVERS("splice");
  guest::TempDir dir;
  int file = guest::make_file(dir / "a", "0123"), appending = open(dir / "a", O_WRONLY | O_APPEND), fds[2], other[2];
  ASSERT_OK(pipe(fds));
  ASSERT_OK(pipe(other));
  write(fds[1], "x", 1);
  int64_t offset = 0, negative = -1;
  EXPECT_ERRNO(EINVAL, SYS(splice, fds[0], nullptr, file, nullptr, 1, 0x10));
  EXPECT_ERRNO(EBADF, SYS(splice, fds[1], nullptr, file, nullptr, 1, 0));
  EXPECT_ERRNO(EBADF, SYS(splice, file, nullptr, fds[0], nullptr, 1, 0));
  EXPECT_ERRNO(EBADF, SYS(splice, file, nullptr, 99, nullptr, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(splice, fds[0], nullptr, appending, nullptr, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(splice, fds[0], nullptr, file, &negative, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(splice, file, &negative, fds[1], nullptr, 1, 0));
  EXPECT_ERRNO(ESPIPE, SYS(splice, file, nullptr, fds[1], &offset, 1, 0));
  EXPECT_ERRNO(EFAULT, SYS(splice, file, guest::bad_pointer(), fds[1], nullptr, 1, 0));
  EXPECT_ERRNO(EBADF, SYS(splice, appending, nullptr, fds[1], nullptr, 1, 0));
  int directory = open(dir.path(), O_RDONLY);
  EXPECT_ERRNO(EINVAL, SYS(splice, directory, nullptr, fds[1], nullptr, 1, 0));
  signal(SIGPIPE, SIG_IGN);
  close(other[0]);
  EXPECT_ERRNO(EPIPE, SYS(splice, file, &offset, other[1], nullptr, 1, 0));
  EXPECT_ERRNO(EPIPE, SYS(splice, fds[0], nullptr, other[1], nullptr, 1, 0));
}

TEST(splice_honours_a_full_pipe) {
  COVERS("splice", "sendfile", "vmsplice", "tee");
  guest::TempDir dir;
  static char block[4096];
  int file = guest::make_file(dir / "a", ""), fds[2], other[2];
  for (int i = 0; i < 20; ++i) write(file, block, sizeof block);
  ASSERT_OK(pipe(fds));
  ASSERT_OK(pipe(other));
  int64_t offset = 0;
  EXPECT_EQ(65536, SYS(splice, file, &offset, fds[1], nullptr, 81920, 0));
  EXPECT_EQ(65536, offset);
  EXPECT_ERRNO(EAGAIN, SYS(splice, file, &offset, fds[1], nullptr, 1, SPLICE_F_NONBLOCK));
  iovec part{block, 100};
  EXPECT_ERRNO(EAGAIN, SYS(vmsplice, fds[1], &part, 1, SPLICE_F_NONBLOCK));
  write(other[1], "x", 1);
  EXPECT_ERRNO(EAGAIN, SYS(tee, other[0], fds[1], 1, SPLICE_F_NONBLOCK));
  EXPECT_OK(fcntl(fds[1], F_SETFL, O_NONBLOCK));
  offset = 0;
  EXPECT_ERRNO(EAGAIN, SYS(sendfile, fds[1], file, &offset, 10));
  EXPECT_ERRNO(EAGAIN, SYS(splice, file, &offset, fds[1], nullptr, 1, 0));
  EXPECT_EQ(0, offset);
  EXPECT_EQ(4096, read(fds[0], block, sizeof block));
  EXPECT_EQ(4096, SYS(sendfile, fds[1], file, &offset, 81920));
  EXPECT_EQ(4096, offset);
}

TEST(splice_between_a_pipe_and_a_socket) {
  COVERS("splice");
  int fds[2], sockets[2];
  ASSERT_OK(pipe(fds));
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
  EXPECT_EQ(5, write(sockets[1], "hello", 5));
  EXPECT_EQ(5, SYS(splice, sockets[0], nullptr, fds[1], nullptr, 100, 0));
  EXPECT_EQ(5, SYS(splice, fds[0], nullptr, sockets[0], nullptr, 100, 0));
  char out[8] = {};
  EXPECT_EQ(5, read(sockets[1], out, 8));
  EXPECT_STREQ("hello", out);
  int64_t offset = 0;
  EXPECT_ERRNO(EINVAL, SYS(splice, sockets[0], &offset, fds[1], nullptr, 1, 0));
  write(fds[1], "x", 1);
  EXPECT_ERRNO(EINVAL, SYS(splice, fds[0], nullptr, sockets[0], &offset, 1, 0));
  EXPECT_EQ(5, write(sockets[1], "again", 5));
  EXPECT_EQ(5, SYS(sendfile, fds[1], sockets[0], nullptr, 100));
  EXPECT_ERRNO(EINVAL, SYS(sendfile, sockets[1], sockets[0], nullptr, 100));
}

TEST(tee_and_vmsplice_errors) {
  COVERS("tee", "vmsplice");
  guest::TempDir dir;
  int file = guest::make_file(dir / "a", "0123"), one[2], two[2];
  ASSERT_OK(pipe(one));
  ASSERT_OK(pipe(two));
  EXPECT_ERRNO(EINVAL, SYS(tee, one[0], two[1], 1, 0x10));
  EXPECT_EQ(0, SYS(tee, 98, 99, 0, 0));
  EXPECT_ERRNO(EBADF, SYS(tee, 98, two[1], 1, 0));
  EXPECT_ERRNO(EBADF, SYS(tee, one[1], two[1], 1, 0));
  EXPECT_ERRNO(EBADF, SYS(tee, one[0], two[0], 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(tee, file, two[1], 1, 0));
  char text[] = "memory", out[8] = {};
  iovec part{text, 6}, bad{guest::bad_pointer(), 6}, room{out, 8};
  EXPECT_ERRNO(EINVAL, SYS(vmsplice, one[1], &part, 1, 0x10));
  EXPECT_ERRNO(EBADF, SYS(vmsplice, file, &part, 1, 0));
  EXPECT_EQ(0, SYS(vmsplice, one[1], &part, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(vmsplice, one[1], &part, 1025, 0));
  EXPECT_ERRNO(EFAULT, SYS(vmsplice, one[1], guest::bad_pointer(), 1, 0));
  EXPECT_ERRNO(EFAULT, SYS(vmsplice, one[1], &bad, 1, 0));
  EXPECT_EQ(6, SYS(vmsplice, one[1], &part, 1, SPLICE_F_GIFT));
  EXPECT_EQ(6, SYS(vmsplice, one[0], &room, 1, 0));
  EXPECT_STREQ("memory", out);
  EXPECT_ERRNO(EAGAIN, SYS(vmsplice, one[0], &room, 1, SPLICE_F_NONBLOCK));
  close(one[1]);
  EXPECT_EQ(0, SYS(tee, one[0], two[1], 1, 0));
}

TEST(what_was_spliced_waits_again) {
  COVERS("splice", "preadv2", "pwritev2");
  int from[2], to[2];
  ASSERT_OK(pipe(from));
  ASSERT_OK(pipe(to));
  char byte[8] = {};
  iovec one{byte, 4};
  constexpr int kNoWait = 8;  // RWF_NOWAIT
  ASSERT_EQ(8, write(from[1], byte, 8));
  if (preadv2(from[0], &one, 1, -1, kNoWait) != 4) SKIP("this kernel's pipes do not know RWF_NOWAIT");
  EXPECT_EQ(2, splice(from[0], nullptr, to[1], nullptr, 2, 0));
  EXPECT_ERRNO(EOPNOTSUPP, preadv2(from[0], &one, 1, -1, kNoWait));
  EXPECT_ERRNO(EOPNOTSUPP, pwritev2(to[1], &one, 1, -1, kNoWait));
  EXPECT_EQ(4, pwritev2(from[1], &one, 1, -1, kNoWait));  // the other ends go on as before
  EXPECT_EQ(2, preadv2(to[0], &one, 1, -1, kNoWait));
  EXPECT_ERRNO(EAGAIN, preadv2(to[0], &one, 1, -1, kNoWait));
}

TEST(files_of_a_process_are_not_spliced) {
  COVERS("splice", "sendfile");
  guest::TempDir dir;
  int out = guest::make_file(dir / "f", ""), fds[2];
  ASSERT_OK(pipe(fds));
  for (const char* name :
       {"/proc/self/maps", "/proc/self/status", "/proc/self/cmdline", "/proc/self/fdinfo/0", "/proc/self/comm",
        "/proc/self/net/dev", "/proc/self/uid_map", "/proc/swaps", "/proc/sysvipc/shm"}) {
    int fd = open(name, O_RDONLY);
    if (fd == -1) continue;
    EXPECT_ERRNO(EINVAL, sendfile(out, fd, nullptr, 10));
    EXPECT_ERRNO(EINVAL, sendfile(fds[1], fd, nullptr, 10));
    EXPECT_ERRNO(EINVAL, splice(fd, nullptr, fds[1], nullptr, 10, 0));
    close(fd);
  }
  for (const char* name : {"/proc/self/mounts", "/proc/self/mountinfo", "/proc/version", "/proc/stat"}) {
    int fd = open(name, O_RDONLY);
    EXPECT_EQ(10, sendfile(out, fd, nullptr, 10));
    EXPECT_EQ(10, splice(fd, nullptr, fds[1], nullptr, 10, 0));
    close(fd);
  }
}

GUEST_TEST_MAIN
