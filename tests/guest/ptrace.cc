// ptrace(2): what a tracer of a child needs, and kcmp(2), pidfd_getfd(2), process_madvise(2).
#include "tests/guest/guest_test.h"

#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

namespace {
// A child that asks to be traced and stops.
template <typename F>
pid_t traced(F body) {
  pid_t child = guest::spawn([&] {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    return body();
  });
  int status;
  waitpid(child, &status, 0);
  return WIFSTOPPED(status) ? child : -1;
}
}  // namespace

TEST(a_traced_child_stops_at_each_signal) {
  COVERS("ptrace", "wait4");
  pid_t child = traced([] {
    raise(SIGUSR1);
    return 3;
  });
  ASSERT_TRUE(child > 0);
  int status;
  EXPECT_OK(SYS(ptrace, PTRACE_CONT, child, 0, 0));
  EXPECT_EQ(child, waitpid(child, &status, 0));
  EXPECT_EQ(SIGUSR1, WSTOPSIG(status));
  EXPECT_OK(SYS(ptrace, PTRACE_CONT, child, 0, 0));  // the signal is dropped
  EXPECT_EQ(3, WEXITSTATUS(guest::reap(child)));
}

TEST(calls_are_seen_and_changed) {
  COVERS("ptrace");
  pid_t child = traced([] { return SYS(getppid) == 4242 ? 0 : 1; });
  ASSERT_TRUE(child > 0);
  int status = 0;
  user_regs_struct registers;
  bool seen = false;
  EXPECT_OK(ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD));
  while (ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0 && waitpid(child, &status, 0) == child &&
         WIFSTOPPED(status)) {
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) continue;
    ptrace(PTRACE_GETREGS, child, nullptr, &registers);
    if (registers.orig_rax == SYS_getppid && static_cast<long>(registers.rax) != -ENOSYS) {
      registers.rax = 4242;
      ptrace(PTRACE_SETREGS, child, nullptr, &registers);
      seen = true;
    }
  }
  EXPECT_TRUE(seen);
  EXPECT_EQ(0, status);
}

TEST(memory_is_read_and_written) {
  COVERS("ptrace");
  static long word;
  word = 1234;
  pid_t child = traced([] { return word == 99 ? 0 : 1; });
  ASSERT_TRUE(child > 0);
  errno = 0;
  EXPECT_EQ(1234, ptrace(PTRACE_PEEKDATA, child, &word, nullptr));
  EXPECT_OK(ptrace(PTRACE_POKEDATA, child, &word, 99));
  EXPECT_ERRNO(EIO, ptrace(PTRACE_PEEKDATA, child, 16, nullptr));
  EXPECT_OK(ptrace(PTRACE_DETACH, child, nullptr, nullptr));
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_EQ(1234, word);
}

TEST(single_steps_are_counted) {
  COVERS("ptrace");
  pid_t child = traced([] { return 0; });
  ASSERT_TRUE(child > 0);
  int status;
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr));
    ASSERT_EQ(child, waitpid(child, &status, 0));
    ASSERT_EQ(SIGTRAP, WSTOPSIG(status));
  }
  kill(child, SIGKILL);
  guest::reap(child);
}

TEST(ptrace_errors) {
  COVERS("ptrace");
  EXPECT_ERRNO(ESRCH, SYS(ptrace, PTRACE_CONT, 4000000, 0, 0));
  pid_t child = guest::spawn([] { return pause(); });
  EXPECT_ERRNO(ESRCH, SYS(ptrace, PTRACE_CONT, child, 0, 0));
  EXPECT_ERRNO(EPERM, SYS(ptrace, PTRACE_ATTACH, getpid(), 0, 0));
  kill(child, SIGKILL);
  guest::reap(child);
}

TEST(attach_and_detach) {
  COVERS("ptrace");
  pid_t child = guest::spawn([] { return pause(); });
  ASSERT_OK(SYS(ptrace, PTRACE_ATTACH, child, 0, 0));
  int status;
  EXPECT_EQ(child, waitpid(child, &status, 0));
  EXPECT_EQ(SIGSTOP, WSTOPSIG(status));
  EXPECT_ERRNO(EPERM, SYS(ptrace, PTRACE_ATTACH, child, 0, 0));
  EXPECT_OK(SYS(ptrace, PTRACE_DETACH, child, 0, 0));
  kill(child, SIGTERM);
  EXPECT_EQ(SIGTERM, WTERMSIG(guest::reap(child)));
}

TEST(a_descriptor_of_a_child) {
  COVERS("pidfd_getfd", "kcmp");
  int fds[2], gate[2];
  ASSERT_TRUE(pipe(fds) == 0 && pipe(gate) == 0);
  pid_t child = guest::spawn([&] {
    dup2(fds[1], 77);
    write(gate[1], "r", 1);
    return pause();
  });
  char byte = 0;
  read(gate[0], &byte, 1);
  long pidfd = SYS(pidfd_open, child, 0);
  long taken = SYS(pidfd_getfd, pidfd, 77, 0);
  ASSERT_OK(taken);
  EXPECT_EQ(1, write(taken, "t", 1));
  EXPECT_EQ(1, read(fds[0], &byte, 1));
  EXPECT_EQ('t', byte);
  EXPECT_ERRNO(EBADF, SYS(pidfd_getfd, pidfd, 99, 0));
  EXPECT_ERRNO(EINVAL, SYS(pidfd_getfd, pidfd, 77, 1));
  EXPECT_ERRNO(EBADF, SYS(pidfd_getfd, fds[0], 77, 0));
  long same = SYS(kcmp, getpid(), child, 0 /* KCMP_FILE */, fds[1], 77);
  if (same != -1 || errno != ENOSYS) EXPECT_EQ(0, same);
  kill(child, SIGKILL);
  guest::reap(child);
}

GUEST_TEST_MAIN
