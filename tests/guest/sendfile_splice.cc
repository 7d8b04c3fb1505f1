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

GUEST_TEST_MAIN
