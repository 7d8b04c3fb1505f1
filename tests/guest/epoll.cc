// epoll(7).
#include "tests/guest/guest_test.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace {
struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int fds[2];
    if (pipe2(fds, O_NONBLOCK) == 0) read_end = fds[0], write_end = fds[1];
  }
};
long control(int epoll, int operation, int fd, uint32_t events, uint64_t data = 0) {
  epoll_event event{events, {.u64 = data}};
  return SYS(epoll_ctl, epoll, operation, fd, &event);
}
long ready(int epoll, epoll_event* events, int count = 8) { return SYS(epoll_wait, epoll, events, count, 0); }
}  // namespace

TEST(events_carry_their_data) {
  COVERS("epoll_create1", "epoll_ctl", "epoll_wait");
  int epoll = static_cast<int>(SYS(epoll_create1, EPOLL_CLOEXEC));
  EXPECT_EQ(FD_CLOEXEC, fcntl(epoll, F_GETFD));
  Pipe one, two;
  epoll_event events[8];
  EXPECT_OK(control(epoll, EPOLL_CTL_ADD, one.read_end, EPOLLIN, 111));
  EXPECT_OK(control(epoll, EPOLL_CTL_ADD, two.write_end, EPOLLOUT, 222));
  EXPECT_EQ(1, ready(epoll, events));
  EXPECT_EQ(222, events[0].data.u64);
  EXPECT_EQ(EPOLLOUT, events[0].events);
  write(one.write_end, "x", 1);
  EXPECT_EQ(2, ready(epoll, events));
  EXPECT_EQ(1, ready(epoll, events, 1));
}

TEST(level_triggered_repeats_and_edge_triggered_does_not) {
  COVERS("epoll_ctl", "epoll_wait");
  int level = epoll_create1(0), edge = epoll_create1(0);
  Pipe pipe;
  epoll_event events[8];
  control(level, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN);
  control(edge, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN | EPOLLET);
  write(pipe.write_end, "a", 1);
  EXPECT_EQ(1, ready(level, events));
  EXPECT_EQ(1, ready(level, events));
  EXPECT_EQ(1, ready(edge, events));
  EXPECT_EQ(0, ready(edge, events));
  write(pipe.write_end, "b", 1);
  EXPECT_EQ(1, ready(edge, events));
}

TEST(oneshot_is_armed_again_by_mod) {
  COVERS("epoll_ctl");
  int epoll = epoll_create1(0);
  Pipe pipe;
  epoll_event events[8];
  control(epoll, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN | EPOLLONESHOT);
  write(pipe.write_end, "a", 1);
  EXPECT_EQ(1, ready(epoll, events));
  EXPECT_EQ(0, ready(epoll, events));
  EXPECT_OK(control(epoll, EPOLL_CTL_MOD, pipe.read_end, EPOLLIN | EPOLLONESHOT));
  EXPECT_EQ(1, ready(epoll, events));
}

TEST(hang_up_comes_unasked) {
  COVERS("epoll_wait");
  int epoll = epoll_create1(0);
  Pipe pipe;
  epoll_event events[8];
  control(epoll, EPOLL_CTL_ADD, pipe.read_end, 0, 5);
  EXPECT_EQ(0, ready(epoll, events));
  close(pipe.write_end);
  EXPECT_EQ(1, ready(epoll, events));
  EXPECT_EQ(EPOLLHUP, events[0].events);
}

TEST(closing_the_last_descriptor_removes_it) {
  COVERS("epoll_ctl", "close");
  int epoll = epoll_create1(0);
  Pipe pipe;
  epoll_event events[8];
  write(pipe.write_end, "a", 1);
  int copy = dup(pipe.read_end);
  control(epoll, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN);
  close(pipe.read_end);
  EXPECT_EQ(1, ready(epoll, events));  // the description lives in the copy
  close(copy);
  EXPECT_EQ(0, ready(epoll, events));
}

TEST(epoll_ctl_errors) {
  COVERS("epoll_ctl");
  guest::TempDir dir;
  int epoll = epoll_create1(0), other = epoll_create1(0);
  Pipe pipe;
  int file = guest::make_file(dir / "f", "");
  EXPECT_OK(control(epoll, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN));
  EXPECT_ERRNO(EEXIST, control(epoll, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN));
  EXPECT_ERRNO(ENOENT, control(epoll, EPOLL_CTL_MOD, pipe.write_end, EPOLLIN));
  EXPECT_ERRNO(ENOENT, control(epoll, EPOLL_CTL_DEL, pipe.write_end, 0));
  EXPECT_ERRNO(EPERM, control(epoll, EPOLL_CTL_ADD, file, EPOLLIN));
  EXPECT_ERRNO(EBADF, control(epoll, EPOLL_CTL_ADD, -1, EPOLLIN));
  EXPECT_ERRNO(EBADF, control(-1, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN));
  EXPECT_ERRNO(EINVAL, control(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN));
  EXPECT_ERRNO(EINVAL, control(file, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN));
  EXPECT_ERRNO(EINVAL, control(epoll, 9, pipe.read_end, EPOLLIN));
  EXPECT_ERRNO(EFAULT, SYS(epoll_ctl, epoll, EPOLL_CTL_ADD, pipe.write_end, guest::bad_pointer()));
  EXPECT_OK(control(epoll, EPOLL_CTL_ADD, other, EPOLLIN));
  EXPECT_ERRNO(ELOOP, control(other, EPOLL_CTL_ADD, epoll, EPOLLIN));
  EXPECT_OK(SYS(epoll_ctl, epoll, EPOLL_CTL_DEL, pipe.read_end, nullptr));
}

TEST(epoll_create_and_wait_errors) {
  COVERS("epoll_create", "epoll_create1", "epoll_wait", "epoll_pwait", "epoll_pwait2");
  epoll_event events[2];
  EXPECT_ERRNO(EINVAL, SYS(epoll_create, 0));
  EXPECT_OK(SYS(epoll_create, 1));
  EXPECT_ERRNO(EINVAL, SYS(epoll_create1, 1));
  int epoll = epoll_create1(0);
  Pipe pipe;
  EXPECT_ERRNO(EINVAL, SYS(epoll_wait, epoll, events, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(epoll_wait, pipe.read_end, events, 1, 0));
  EXPECT_ERRNO(EBADF, SYS(epoll_wait, -1, events, 1, 0));
  control(epoll, EPOLL_CTL_ADD, pipe.write_end, EPOLLOUT);
  EXPECT_ERRNO(EFAULT, SYS(epoll_wait, epoll, guest::bad_pointer(), 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(epoll_pwait, epoll, events, 1, 0, events, 4));
  timespec none{0, 0}, bad{0, -1};
  EXPECT_EQ(1, SYS(epoll_pwait2, epoll, events, 1, &none, nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(epoll_pwait2, epoll, events, 1, &bad, nullptr, 8));
}

TEST(wait_times_out_and_wakes) {
  COVERS("epoll_wait");
  int epoll = epoll_create1(0);
  Pipe pipe;
  epoll_event events[2];
  control(epoll, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN);
  long start = guest::now_ms();
  EXPECT_EQ(0, SYS(epoll_wait, epoll, events, 2, 30));
  EXPECT_GE(guest::now_ms() - start, 29);
  pid_t child = guest::spawn([&] {
    guest::sleep_ms(20);
    return write(pipe.write_end, "w", 1) == 1 ? 0 : 1;
  });
  EXPECT_EQ(1, SYS(epoll_wait, epoll, events, 2, 5000));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(an_epoll_in_an_epoll_is_ready_when_it_has_events) {
  COVERS("epoll_ctl", "epoll_wait");
  int outer = epoll_create1(0), inner = epoll_create1(0);
  Pipe pipe;
  epoll_event events[2];
  control(inner, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN);
  control(outer, EPOLL_CTL_ADD, inner, EPOLLIN);
  EXPECT_EQ(0, ready(outer, events));
  write(pipe.write_end, "a", 1);
  EXPECT_EQ(1, ready(outer, events));
}

TEST(a_socket_says_who_has_left) {
  COVERS("epoll_wait", "shutdown");
  int epoll = epoll_create1(0), fds[2];
  epoll_event events[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  control(epoll, EPOLL_CTL_ADD, fds[0], EPOLLIN | EPOLLRDHUP);
  EXPECT_EQ(0, ready(epoll, events));
  shutdown(fds[1], SHUT_WR);
  EXPECT_EQ(1, ready(epoll, events));
  EXPECT_EQ(EPOLLIN | EPOLLRDHUP, events[0].events);
}

TEST(eventfd_wakes_an_edge_triggered_waiter_each_time) {
  COVERS("epoll_wait", "eventfd2");
  int epoll = epoll_create1(0), event = eventfd(0, EFD_NONBLOCK);
  epoll_event events[2];
  control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLET);
  for (int i = 0; i < 3; ++i) {
    eventfd_write(event, 1);
    EXPECT_EQ(1, ready(epoll, events));
    EXPECT_EQ(0, ready(epoll, events));
  }
}

TEST(exclusive_is_for_add_only) {
  COVERS("epoll_ctl");
  int epoll = epoll_create1(0);
  Pipe pipe;
  EXPECT_OK(control(epoll, EPOLL_CTL_ADD, pipe.read_end, EPOLLIN | EPOLLEXCLUSIVE));
  EXPECT_ERRNO(EINVAL, control(epoll, EPOLL_CTL_MOD, pipe.read_end, EPOLLIN | EPOLLEXCLUSIVE));
  EXPECT_ERRNO(EINVAL, control(epoll, EPOLL_CTL_ADD, pipe.write_end, EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT));
}

TEST(epolls_nest_five_deep_whichever_end_grows) {
  COVERS("epoll_ctl");
  int down[7], up[7], joined[7];
  for (int i = 0; i < 7; ++i) down[i] = epoll_create1(0), up[i] = epoll_create1(0), joined[i] = epoll_create1(0);
  for (int i = 0; i < 4; ++i) {
    EXPECT_OK(control(down[i], EPOLL_CTL_ADD, down[i + 1], EPOLLIN));
    EXPECT_OK(control(up[i + 1], EPOLL_CTL_ADD, up[i], EPOLLIN));
  }
  EXPECT_ERRNO(ELOOP, control(down[4], EPOLL_CTL_ADD, down[5], EPOLLIN));
  EXPECT_ERRNO(ELOOP, control(up[5], EPOLL_CTL_ADD, up[4], EPOLLIN));
  EXPECT_ERRNO(ELOOP, control(up[0], EPOLL_CTL_ADD, up[2], EPOLLIN));
  int event = eventfd(0, 0);
  EXPECT_OK(control(down[4], EPOLL_CTL_ADD, event, EPOLLIN));
  EXPECT_OK(control(down[3], EPOLL_CTL_DEL, down[4], 0));
  EXPECT_OK(control(down[4], EPOLL_CTL_ADD, down[5], EPOLLIN));
  for (int i : {0, 1, 3, 4}) EXPECT_OK(control(joined[i], EPOLL_CTL_ADD, joined[i + 1], EPOLLIN));
  EXPECT_ERRNO(ELOOP, control(joined[2], EPOLL_CTL_ADD, joined[3], EPOLLIN));
  close(joined[0]);
  EXPECT_OK(control(joined[2], EPOLL_CTL_ADD, joined[3], EPOLLIN));
}

TEST(exclusive_watches_take_few_events_and_no_change) {
  COVERS("epoll_ctl", "epoll_wait");
  int epoll = epoll_create1(0), event = eventfd(1, 0), nested = epoll_create1(0);
  for (unsigned bad : {EPOLLPRI, EPOLLRDHUP, EPOLLONESHOT, EPOLLRDNORM}) {
    EXPECT_ERRNO(EINVAL, control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLEXCLUSIVE | bad));
  }
  EXPECT_ERRNO(EINVAL, control(epoll, EPOLL_CTL_ADD, nested, EPOLLIN | EPOLLEXCLUSIVE));
  EXPECT_OK(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET | EPOLLWAKEUP));
  EXPECT_ERRNO(EINVAL, control(epoll, EPOLL_CTL_MOD, event, EPOLLIN | EPOLLEXCLUSIVE));
  EXPECT_ERRNO(EINVAL, control(epoll, EPOLL_CTL_MOD, event, EPOLLIN));
  epoll_event out{};
  EXPECT_EQ(1, epoll_wait(epoll, &out, 1, 0));
  EXPECT_OK(control(epoll, EPOLL_CTL_DEL, event, 0));
  EXPECT_ERRNO(ENOENT, control(epoll, EPOLL_CTL_DEL, event, 0));
}

TEST(a_bad_place_for_events_loses_none) {
  COVERS("epoll_wait", "epoll_pwait2");
  int epoll = epoll_create1(0), event = eventfd(1, 0);
  EXPECT_OK(control(epoll, EPOLL_CTL_ADD, event, EPOLLIN));
  EXPECT_ERRNO(EFAULT, SYS(epoll_wait, epoll, guest::bad_pointer(), 1, 0));
  epoll_event out{};
  EXPECT_EQ(1, epoll_wait(epoll, &out, 1, 0));
  EXPECT_OK(control(epoll, EPOLL_CTL_MOD, event, EPOLLIN | EPOLLONESHOT));
  EXPECT_ERRNO(EFAULT, SYS(epoll_wait, epoll, guest::bad_pointer(), 1, 0));
  timespec none{}, bad{0, -1}, negative{-1, 0};
  EXPECT_ERRNO(EINVAL, SYS(epoll_pwait2, epoll, &out, 1, &bad, nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(epoll_pwait2, epoll, &out, 1, &negative, nullptr, 8));
  EXPECT_ERRNO(EFAULT, SYS(epoll_pwait2, epoll, &out, 1, guest::bad_pointer(), nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(epoll_pwait2, epoll, &out, 0, &none, nullptr, 8));
  EXPECT_ERRNO(EBADF, SYS(epoll_pwait2, 99, &out, 0, &none, nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(epoll_wait, event, &out, 1, 0));
}

GUEST_TEST_MAIN
