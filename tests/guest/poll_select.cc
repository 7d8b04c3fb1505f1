// poll(2), ppoll(2), select(2), pselect6(2).
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/select.h>

TEST(negative_descriptors_are_skipped_and_closed_ones_told) {
  COVERS("poll");
  pollfd fds[2] = {{-1, POLLIN, 77}, {999, POLLIN, 0}};
  EXPECT_EQ(1, SYS(poll, fds, 2, 0));
  EXPECT_EQ(0, fds[0].revents);
  EXPECT_EQ(POLLNVAL, fds[1].revents);
}

TEST(regular_files_are_always_ready) {
  COVERS("poll", "select");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  pollfd poller{fd, POLLIN | POLLOUT, 0};
  EXPECT_EQ(1, SYS(poll, &poller, 1, -1));
  EXPECT_EQ(POLLIN | POLLOUT, poller.revents);
}

TEST(poll_timeouts) {
  COVERS("poll", "ppoll");
  long start = guest::now_ms();
  EXPECT_EQ(0, SYS(poll, nullptr, 0, 30));
  EXPECT_GE(guest::now_ms() - start, 29);
  timespec limit{0, 20000000}, bad{0, 1000000000};
  EXPECT_EQ(0, SYS(ppoll, nullptr, 0, &limit, nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(ppoll, nullptr, 0, &bad, nullptr, 8));
}

TEST(poll_errors) {
  COVERS("poll", "ppoll");
  EXPECT_ERRNO(EFAULT, SYS(poll, guest::bad_pointer(), 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(poll, nullptr, 1u << 30, 0));
  sigset_t mask;
  sigemptyset(&mask);
  EXPECT_ERRNO(EINVAL, SYS(ppoll, nullptr, 0, nullptr, &mask, 3));
  EXPECT_ERRNO(EFAULT, SYS(ppoll, nullptr, 0, nullptr, guest::bad_pointer(), 8));
}

TEST(poll_wakes_for_a_writer) {
  COVERS("poll");
  int fds[2];
  ASSERT_OK(pipe(fds));
  pid_t child = guest::spawn([&] {
    guest::sleep_ms(20);
    return write(fds[1], "x", 1) == 1 ? 0 : 1;
  });
  pollfd poller{fds[0], POLLIN, 0};
  EXPECT_EQ(1, SYS(poll, &poller, 1, 5000));
  EXPECT_EQ(POLLIN, poller.revents);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(poll_of_many_descriptors) {
  COVERS("poll");
  static pollfd pollers[400];
  int last[2];
  int count = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_OK(pipe(last));
    pollers[count++] = {last[0], POLLIN, 0};
    pollers[count++] = {last[1], POLLOUT, 0};
  }
  EXPECT_EQ(100, SYS(poll, pollers, count, 0));
  write(last[1], "x", 1);
  EXPECT_EQ(101, SYS(poll, pollers, count, 0));
}

TEST(select_keeps_the_ready_bits_only) {
  COVERS("select");
  int fds[2];
  ASSERT_OK(pipe(fds));
  fd_set readers, writers;
  FD_ZERO(&readers);
  FD_ZERO(&writers);
  FD_SET(fds[0], &readers);
  FD_SET(fds[1], &writers);
  timeval none{0, 0};
  EXPECT_EQ(1, SYS(select, fds[1] + 1, &readers, &writers, nullptr, &none));
  EXPECT_FALSE(FD_ISSET(fds[0], &readers));
  EXPECT_TRUE(FD_ISSET(fds[1], &writers));
  write(fds[1], "x", 1);
  FD_SET(fds[0], &readers);
  EXPECT_EQ(2, SYS(select, fds[1] + 1, &readers, &writers, nullptr, &none));
}

TEST(select_tells_the_time_left) {
  COVERS("select", "pselect6");
  int fds[2];
  ASSERT_OK(pipe(fds));
  write(fds[1], "x", 1);
  fd_set readers;
  FD_ZERO(&readers);
  FD_SET(fds[0], &readers);
  timeval limit{10, 0};
  EXPECT_EQ(1, SYS(select, fds[0] + 1, &readers, nullptr, nullptr, &limit));
  EXPECT_GE(limit.tv_sec, 9);
  limit = {0, 20000};
  EXPECT_EQ(0, SYS(select, 0, nullptr, nullptr, nullptr, &limit));
  EXPECT_EQ(0, limit.tv_sec + limit.tv_usec);
  timespec wait{0, 10000000};
  EXPECT_EQ(0, SYS(pselect6, 0, nullptr, nullptr, nullptr, &wait, nullptr));
}

TEST(select_errors) {
  COVERS("select", "pselect6");
  fd_set set;
  FD_ZERO(&set);
  close(60);
  FD_SET(60, &set);
  timeval none{0, 0}, bad{-1, 0};
  EXPECT_ERRNO(EBADF, SYS(select, 61, &set, nullptr, nullptr, &none));
  EXPECT_ERRNO(EINVAL, SYS(select, -1, nullptr, nullptr, nullptr, &none));
  EXPECT_ERRNO(EINVAL, SYS(select, 0, nullptr, nullptr, nullptr, &bad));
  EXPECT_ERRNO(EFAULT, SYS(select, 10, guest::bad_pointer(), nullptr, nullptr, &none));
  timespec worse{0, -1};
  EXPECT_ERRNO(EINVAL, SYS(pselect6, 0, nullptr, nullptr, nullptr, &worse, nullptr));
}

TEST(one_description_polled_twice_counts_twice) {
  COVERS("poll");
  int fds[2];
  ASSERT_OK(pipe(fds));
  pollfd pollers[2] = {{fds[1], POLLOUT, 0}, {fds[1], POLLOUT, 0}};
  EXPECT_EQ(2, SYS(poll, pollers, 2, 0));
}

GUEST_TEST_MAIN
