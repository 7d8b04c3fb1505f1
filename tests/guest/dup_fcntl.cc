// dup(2), dup2(2), dup3(2), fcntl(2), ioctl(2) on descriptors.
#include "tests/guest/guest_test.h"

#include <sys/ioctl.h>
#include <sys/resource.h>

TEST(dup_gives_the_lowest_and_no_cloexec) {
  COVERS("dup");
  int fd = open("/", O_RDONLY | O_CLOEXEC);
  long copy = SYS(dup, fd);
  EXPECT_EQ(fd + 1, copy);
  EXPECT_EQ(0, fcntl(static_cast<int>(copy), F_GETFD));
  EXPECT_ERRNO(EBADF, SYS(dup, -1));
  EXPECT_ERRNO(EBADF, SYS(dup, 9999));
}

TEST(dup2_replaces_and_is_nothing_on_itself) {
  COVERS("dup2");
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_EQ(fds[1], SYS(dup2, fds[1], fds[1]));
  EXPECT_EQ(50, SYS(dup2, fds[1], 50));
  EXPECT_EQ(50, SYS(dup2, fds[0], 50));
  EXPECT_EQ(O_RDONLY, fcntl(50, F_GETFL) & O_ACCMODE);
  EXPECT_ERRNO(EBADF, SYS(dup2, 77, 78));
  EXPECT_ERRNO(EBADF, SYS(dup2, 77, 77));
  EXPECT_ERRNO(EBADF, SYS(dup2, fds[0], -1));
  EXPECT_ERRNO(EBADF, SYS(dup2, fds[0], 1 << 30));
  close(50);
}

TEST(dup3_flags_and_errors) {
  COVERS("dup3");
  EXPECT_EQ(40, SYS(dup3, 0, 40, O_CLOEXEC));
  EXPECT_EQ(FD_CLOEXEC, fcntl(40, F_GETFD));
  EXPECT_EQ(40, SYS(dup3, 0, 40, 0));
  EXPECT_EQ(0, fcntl(40, F_GETFD));
  EXPECT_ERRNO(EINVAL, SYS(dup3, 0, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(dup3, 0, 41, O_NONBLOCK));
  EXPECT_ERRNO(EBADF, SYS(dup3, 99, 41, 0));
  close(40);
}

TEST(f_dupfd_starts_at_the_number) {
  COVERS("fcntl");
  EXPECT_EQ(60, fcntl(0, F_DUPFD, 60));
  EXPECT_EQ(61, fcntl(0, F_DUPFD_CLOEXEC, 60));
  EXPECT_EQ(0, fcntl(60, F_GETFD));
  EXPECT_EQ(FD_CLOEXEC, fcntl(61, F_GETFD));
  EXPECT_ERRNO(EINVAL, fcntl(0, F_DUPFD, -1));
  EXPECT_ERRNO(EINVAL, fcntl(0, F_DUPFD, INT_MAX));
  close(60);
  close(61);
}

TEST(f_setfd_and_f_setfl) {
  COVERS("fcntl");
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_OK(fcntl(fds[0], F_SETFD, FD_CLOEXEC));
  EXPECT_EQ(FD_CLOEXEC, fcntl(fds[0], F_GETFD));
  EXPECT_OK(fcntl(fds[0], F_SETFL, O_NONBLOCK | O_WRONLY));
  EXPECT_EQ(O_NONBLOCK | O_RDONLY, fcntl(fds[0], F_GETFL) & ~0100000);
  EXPECT_OK(fcntl(fds[0], F_SETFL, 0));
  EXPECT_EQ(0, fcntl(fds[0], F_GETFL) & O_NONBLOCK);
  EXPECT_ERRNO(EBADF, fcntl(999, F_GETFD));
  EXPECT_ERRNO(EINVAL, fcntl(0, 12345));
}

TEST(o_append_can_be_set_later) {
  COVERS("fcntl", "write");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  lseek(fd, 0, SEEK_SET);
  EXPECT_OK(fcntl(fd, F_SETFL, O_APPEND));
  EXPECT_EQ(1, write(fd, "d", 1));
  char text[8];
  guest::slurp(dir / "f", text, sizeof text);
  EXPECT_STREQ("abcd", text);
}

TEST(status_flags_belong_to_the_description) {
  COVERS("fcntl", "dup");
  int fds[2];
  ASSERT_OK(pipe(fds));
  int copy = dup(fds[0]);
  EXPECT_OK(fcntl(copy, F_SETFL, O_NONBLOCK));
  EXPECT_EQ(O_NONBLOCK, fcntl(fds[0], F_GETFL) & O_NONBLOCK);
  EXPECT_OK(fcntl(copy, F_SETFD, FD_CLOEXEC));
  EXPECT_EQ(0, fcntl(fds[0], F_GETFD));
}

TEST(owner_and_signal_of_asynchronous_input) {
  COVERS("fcntl");
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_EQ(0, fcntl(fds[0], F_GETOWN));
  EXPECT_OK(fcntl(fds[0], F_SETOWN, getpid()));
  EXPECT_EQ(getpid(), fcntl(fds[0], F_GETOWN));
  EXPECT_OK(fcntl(fds[0], F_SETSIG, SIGUSR1));
  EXPECT_EQ(SIGUSR1, fcntl(fds[0], F_GETSIG));
  EXPECT_ERRNO(EINVAL, fcntl(fds[0], F_SETSIG, 100));
}

TEST(ioctls_that_every_descriptor_has) {
  COVERS("ioctl");
  int fds[2], on = 1;
  ASSERT_OK(pipe(fds));
  EXPECT_OK(ioctl(fds[0], FIOCLEX));
  EXPECT_EQ(FD_CLOEXEC, fcntl(fds[0], F_GETFD));
  EXPECT_OK(ioctl(fds[0], FIONCLEX));
  EXPECT_EQ(0, fcntl(fds[0], F_GETFD));
  EXPECT_OK(ioctl(fds[0], FIONBIO, &on));
  EXPECT_EQ(O_NONBLOCK, fcntl(fds[0], F_GETFL) & O_NONBLOCK);
  EXPECT_ERRNO(EBADF, ioctl(-1, FIONBIO, &on));
  EXPECT_ERRNO(EFAULT, SYS(ioctl, fds[0], FIONBIO, guest::bad_pointer()));
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abcde");
  lseek(fd, 2, SEEK_SET);
  int left = 0;
  EXPECT_OK(ioctl(fd, FIONREAD, &left));
  EXPECT_EQ(3, left);
  EXPECT_ERRNO(ENOTTY, ioctl(fd, TCGETS, &on));
}

TEST(dup_beyond_the_limit_is_refused) {
  COVERS("dup2", "fcntl", "setrlimit");
  EXPECT_EQ(0, guest::in_child([] {
              rlimit limit{20, 20};
              if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
              if (dup2(0, 19) != 19) return 2;
              if (dup2(0, 20) != -1 || errno != EBADF) return 3;
              if (fcntl(0, F_DUPFD, 20) != -1 || errno != EINVAL) return 4;
              return fcntl(0, F_DUPFD, 19) == -1 && errno == EMFILE ? 0 : 5;
            }));
}

GUEST_TEST_MAIN
