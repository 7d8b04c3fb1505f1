// eventfd(2).
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

TEST(reading_takes_the_sum) {
  COVERS("eventfd2", "eventfd", "read", "write");
  long fd = SYS(eventfd2, 3, EFD_NONBLOCK | EFD_CLOEXEC);
  ASSERT_OK(fd);
  EXPECT_EQ(FD_CLOEXEC, fcntl(static_cast<int>(fd), F_GETFD));
  uint64_t value = 4;
  EXPECT_EQ(8, write(fd, &value, 8));
  EXPECT_EQ(8, read(fd, &value, 8));
  EXPECT_EQ(7, value);
  EXPECT_ERRNO(EAGAIN, read(fd, &value, 8));
  fd = SYS(eventfd, 5);
  ASSERT_OK(fd);
  EXPECT_EQ(0, fcntl(static_cast<int>(fd), F_GETFD));
  EXPECT_EQ(8, read(static_cast<int>(fd), &value, 8));
  EXPECT_EQ(5, value);
}

TEST(a_semaphore_takes_one) {
  COVERS("eventfd2");
  int fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  uint64_t value = 0;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(8, read(fd, &value, 8));
    EXPECT_EQ(1, value);
  }
  EXPECT_ERRNO(EAGAIN, read(fd, &value, 8));
}

TEST(the_counter_cannot_overflow) {
  COVERS("eventfd2", "write");
  int fd = eventfd(0, EFD_NONBLOCK);
  uint64_t most = UINT64_MAX - 1, one = 1, all = UINT64_MAX;
  EXPECT_ERRNO(EINVAL, write(fd, &all, 8));
  EXPECT_EQ(8, write(fd, &most, 8));
  EXPECT_ERRNO(EAGAIN, write(fd, &one, 8));
  pollfd poller{fd, POLLIN | POLLOUT, 0};
  poll(&poller, 1, 0);
  EXPECT_EQ(POLLIN, poller.revents);
}

TEST(sizes_below_eight_are_einval) {
  COVERS("eventfd2", "read", "write");
  int fd = eventfd(1, 0);
  uint32_t half = 1;
  EXPECT_ERRNO(EINVAL, SYS(read, fd, &half, 4));
  EXPECT_ERRNO(EINVAL, SYS(write, fd, &half, 4));
  EXPECT_ERRNO(EINVAL, SYS(eventfd2, 0, 0x40000000));
}

TEST(a_blocked_reader_wakes) {
  COVERS("eventfd2", "read");
  int fd = eventfd(0, 0);
  pid_t child = guest::spawn([&] {
    uint64_t value = 0;
    return read(fd, &value, 8) == 8 && value == 5 ? 0 : 1;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  uint64_t five = 5;
  write(fd, &five, 8);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(a_blocked_writer_wakes) {
  COVERS("eventfd2", "write");
  int fd = eventfd(0, 0);
  uint64_t most = UINT64_MAX - 1, value = 0;
  write(fd, &most, 8);
  pid_t child = guest::spawn([&] {
    uint64_t nine = 9;
    return write(fd, &nine, 8) == 8 ? 0 : 1;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_EQ(8, read(fd, &value, 8));
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_EQ(8, read(fd, &value, 8));
  EXPECT_EQ(9, value);
}

TEST(positions_and_flags_mean_nothing) {
  COVERS("eventfd2", "lseek", "preadv2", "fcntl");
  int fd = eventfd(7, EFD_NONBLOCK);
  EXPECT_EQ(0, lseek(fd, 100, SEEK_SET));
  EXPECT_EQ(O_RDWR | O_NONBLOCK, fcntl(fd, F_GETFL));
  uint64_t wide[2] = {};
  EXPECT_EQ(8, read(fd, wide, sizeof wide));
  EXPECT_EQ(7, wide[0]);
  EXPECT_ERRNO(EAGAIN, read(fd, wide, 8));
  EXPECT_ERRNO(EINVAL, write(fd, wide, sizeof wide));
  EXPECT_EQ(8, write(fd, wide, 8));
  EXPECT_ERRNO(EFAULT, SYS(write, fd, guest::bad_pointer(), 8));
  EXPECT_ERRNO(EFAULT, SYS(read, fd, guest::bad_pointer(), 8));
  EXPECT_ERRNO(EAGAIN, read(fd, wide, 8));
  EXPECT_ERRNO(ENOTTY, ioctl(fd, FIONREAD, wide));
}

GUEST_TEST_MAIN
