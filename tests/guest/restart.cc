// signal(7), "Interruption of system calls": which calls begin again under SA_RESTART and which give EINTR.
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace {
volatile sig_atomic_t hits;
int wake_write = -1;

// The handler counts; at the third tick it also feeds the pipe, so that a restarted read ends.
void tick(int) {
  hits = hits + 1;
  if (hits >= 3 && wake_write != -1) write(wake_write, "w", 1);
}

void start_ticking(int flags) {
  hits = 0;
  guest::handle(SIGALRM, tick, flags);
  itimerval timer{{0, 15000}, {0, 15000}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}
void stop_ticking() {
  itimerval none{};
  setitimer(ITIMER_REAL, &none, nullptr);
  wake_write = -1;
}
}  // namespace

TEST(read_restarts_with_sa_restart) {
  COVERS("read");
  int fds[2];
  char byte;
  ASSERT_OK(pipe(fds));
  wake_write = fds[1];
  start_ticking(SA_RESTART);
  EXPECT_EQ(1, read(fds[0], &byte, 1));
  stop_ticking();
  EXPECT_GE(hits, 3);
}

TEST(read_is_interrupted_without_it) {
  COVERS("read");
  int fds[2];
  char byte;
  ASSERT_OK(pipe(fds));
  start_ticking(0);
  EXPECT_ERRNO(EINTR, read(fds[0], &byte, 1));
  stop_ticking();
  EXPECT_EQ(1, hits);
}

TEST(a_partial_write_is_told_instead_of_eintr) {
  COVERS("write");
  int fds[2];
  static char block[100000];
  ASSERT_OK(pipe(fds));
  start_ticking(0);
  EXPECT_EQ(65536, write(fds[1], block, sizeof block));
  stop_ticking();
}

TEST(wait_restarts) {
  COVERS("wait4");
  pid_t child = guest::spawn([] {
    guest::sleep_ms(80);
    return 0;
  });
  start_ticking(SA_RESTART);
  EXPECT_EQ(child, waitpid(child, nullptr, 0));
  stop_ticking();
  EXPECT_GE(hits, 2);
  child = guest::spawn([] {
    guest::sleep_ms(80);
    return 0;
  });
  start_ticking(0);
  EXPECT_ERRNO(EINTR, waitpid(child, nullptr, 0));
  stop_ticking();
  guest::reap(child);
}

TEST(poll_select_and_epoll_never_restart) {
  COVERS("poll", "select", "epoll_wait", "ppoll", "pselect6");
  int fds[2];
  ASSERT_OK(pipe(fds));
  pollfd poller{fds[0], POLLIN, 0};
  start_ticking(SA_RESTART);
  EXPECT_ERRNO(EINTR, SYS(poll, &poller, 1, -1));
  EXPECT_ERRNO(EINTR, SYS(ppoll, &poller, 1, nullptr, nullptr, 8));
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fds[0], &set);
  EXPECT_ERRNO(EINTR, SYS(select, fds[0] + 1, &set, nullptr, nullptr, nullptr));
  FD_SET(fds[0], &set);
  EXPECT_ERRNO(EINTR, SYS(pselect6, fds[0] + 1, &set, nullptr, nullptr, nullptr, nullptr));
  int epoll = epoll_create1(0);
  epoll_event event{};
  EXPECT_ERRNO(EINTR, SYS(epoll_wait, epoll, &event, 1, -1));
  stop_ticking();
}

TEST(nanosleep_tells_what_is_left) {
  COVERS("nanosleep", "clock_nanosleep");
  timespec wanted{5, 0}, left{0, 0};
  start_ticking(SA_RESTART);
  EXPECT_ERRNO(EINTR, SYS(nanosleep, &wanted, &left));
  EXPECT_EQ(4, left.tv_sec);
  EXPECT_GT(left.tv_nsec, 500000000);
  left = {};
  EXPECT_ERRNO(EINTR, SYS(clock_nanosleep, CLOCK_MONOTONIC, 0, &wanted, &left));
  EXPECT_EQ(4, left.tv_sec);
  stop_ticking();
}

TEST(a_stop_and_a_continue_do_not_end_a_sleep) {
  COVERS("nanosleep", "poll", "kill", "restart_syscall");
  pid_t child = guest::spawn([] {
    timespec wanted{0, 200000000};
    if (SYS(nanosleep, &wanted, nullptr) != 0) return 1;
    pollfd none{-1, 0, 0};
    return SYS(poll, &none, 1, 200) == 0 ? 0 : 2;
  });
  long start = guest::now_ms();
  for (int i = 0; i < 2; ++i) {
    guest::sleep_ms(70 + 150 * i);
    kill(child, SIGSTOP);
    waitpid(child, nullptr, WUNTRACED);
    kill(child, SIGCONT);
  }
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_GE(guest::now_ms() - start, 395);
}

TEST(an_ignored_signal_interrupts_nothing) {
  COVERS("nanosleep", "kill");
  pid_t child = guest::spawn([] {
    signal(SIGUSR1, SIG_IGN);
    timespec wanted{0, 100000000};
    return SYS(nanosleep, &wanted, nullptr) == 0 ? 0 : 1;
  });
  for (int i = 0; i < 5; ++i) {
    guest::sleep_ms(10);
    kill(child, SIGUSR1);
    kill(child, SIGWINCH);
  }
  // The first signal may have come before the child ignored it.
  int status = guest::reap(child);
  EXPECT_TRUE(status == 0 || WIFSIGNALED(status));
}

TEST(flock_and_open_of_a_fifo) {
  COVERS("flock", "open");
  guest::TempDir dir;
  int one = guest::make_file(dir / "f", ""), two = open(dir / "f", O_RDWR);
  ASSERT_OK(flock(one, LOCK_EX));
  start_ticking(0);
  EXPECT_ERRNO(EINTR, flock(two, LOCK_EX));
  ASSERT_OK(mkfifo(dir / "fifo", 0600));
  EXPECT_ERRNO(EINTR, open(dir / "fifo", O_RDONLY));
  stop_ticking();
}

TEST(recv_with_a_timeout_does_not_restart) {
  COVERS("recvfrom", "setsockopt", "accept");
  int fds[2];
  char byte;
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  start_ticking(0);
  EXPECT_ERRNO(EINTR, recv(fds[0], &byte, 1, 0));
  stop_ticking();
  timeval limit{5, 0};
  setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  start_ticking(SA_RESTART);
  EXPECT_ERRNO(EINTR, recv(fds[0], &byte, 1, 0));
  stop_ticking();
}

TEST(ppoll_and_pselect_unblock_for_the_wait_only) {
  COVERS("ppoll", "pselect6", "epoll_pwait");
  hits = 0;
  guest::handle(SIGUSR1, tick);
  sigset_t block, empty, now;
  sigemptyset(&block);
  sigemptyset(&empty);
  sigaddset(&block, SIGUSR1);
  sigprocmask(SIG_BLOCK, &block, nullptr);
  raise(SIGUSR1);
  EXPECT_ERRNO(EINTR, ppoll(nullptr, 0, nullptr, &empty));
  EXPECT_EQ(1, hits);
  raise(SIGUSR1);
  EXPECT_ERRNO(EINTR, pselect(0, nullptr, nullptr, nullptr, nullptr, &empty));
  EXPECT_EQ(2, hits);
  raise(SIGUSR1);
  epoll_event event{};
  int epoll = epoll_create1(0);
  EXPECT_ERRNO(EINTR, epoll_pwait(epoll, &event, 1, -1, &empty));
  EXPECT_EQ(3, hits);
  sigprocmask(SIG_BLOCK, nullptr, &now);
  EXPECT_EQ(1, sigismember(&now, SIGUSR1));
}

TEST(nothing_to_restart_is_eintr) {
  COVERS("restart_syscall");
  EXPECT_ERRNO(EINTR, SYS(restart_syscall));
}

GUEST_TEST_MAIN
