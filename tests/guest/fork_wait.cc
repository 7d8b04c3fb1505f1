// fork(2), vfork(2), wait4(2), waitid(2), exit(2), getpid(2), getppid(2).
#include "tests/guest/guest_test.h"

#include <sys/prctl.h>
#include <sys/resource.h>

TEST(fork_gives_zero_in_the_child) {
  COVERS("fork", "wait4", "getpid", "getppid");
  pid_t self = getpid();
  long pid = SYS(fork);
  if (pid == 0) _exit(SYS(getppid) == self && SYS(getpid) != self ? 7 : 1);
  ASSERT_OK(pid);
  int status = 0;
  EXPECT_EQ(pid, SYS(wait4, pid, &status, 0, nullptr));
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(7, WEXITSTATUS(status));
}

TEST(the_status_tells_how_the_child_ended) {
  COVERS("wait4", "exit_group", "kill");
  EXPECT_EQ(255, WEXITSTATUS(guest::in_child([] { return -1; })));
  EXPECT_EQ(SIGKILL, guest::signal_of([] { kill(getpid(), SIGKILL); }));
  EXPECT_EQ(SIGTERM, guest::signal_of([] { raise(SIGTERM); }));
  int status = guest::in_child([] { return static_cast<int>(SYS(exit, 300)); });
  EXPECT_EQ(300 & 255, WEXITSTATUS(status));
}

TEST(wait4_options) {
  COVERS("wait4");
  int gate[2], status = 0;
  ASSERT_OK(pipe(gate));
  pid_t child = guest::spawn([&] {
    close(gate[1]);
    char byte;
    return read(gate[0], &byte, 1) == 0 ? 3 : 1;
  });
  EXPECT_EQ(0, SYS(wait4, child, &status, WNOHANG, nullptr));
  close(gate[1]);
  rusage usage;
  memset(&usage, 0xff, sizeof usage);
  EXPECT_EQ(child, SYS(wait4, -1, &status, 0, &usage));
  EXPECT_EQ(3, WEXITSTATUS(status));
  EXPECT_GE(usage.ru_utime.tv_sec, 0);
  EXPECT_ERRNO(ECHILD, SYS(wait4, -1, &status, 0, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(wait4, -1, &status, 0x100, nullptr));
}

TEST(wait_errors) {
  COVERS("wait4", "waitid");
  siginfo_t info;
  EXPECT_ERRNO(ECHILD, SYS(wait4, getpid(), nullptr, 0, nullptr));
  EXPECT_ERRNO(ECHILD, SYS(wait4, 1, nullptr, 0, nullptr));
  EXPECT_ERRNO(ECHILD, SYS(waitid, P_ALL, 0, &info, WEXITED, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(waitid, P_ALL, 0, &info, 0, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(waitid, 77, 0, &info, WEXITED, nullptr));
  pid_t child = guest::spawn([] { return 0; });
  EXPECT_ERRNO(EFAULT, SYS(wait4, child, guest::bad_pointer(), 0, nullptr));
}

TEST(waitid_fills_siginfo_and_wnowait_leaves_the_child) {
  COVERS("waitid");
  pid_t child = guest::spawn([] { return 9; });
  siginfo_t info;
  for (int round = 0; round < 2; ++round) {
    memset(&info, 0, sizeof info);
    ASSERT_OK(SYS(waitid, P_PID, child, &info, WEXITED | WNOWAIT, nullptr));
    EXPECT_EQ(SIGCHLD, info.si_signo);
    EXPECT_EQ(CLD_EXITED, info.si_code);
    EXPECT_EQ(child, info.si_pid);
    EXPECT_EQ(getuid(), info.si_uid);
    EXPECT_EQ(9, info.si_status);
  }
  EXPECT_EQ(0, SYS(waitid, P_PID, child, &info, WEXITED, nullptr));
  EXPECT_ERRNO(ECHILD, SYS(waitid, P_PID, child, &info, WEXITED, nullptr));
}

TEST(waitid_says_killed_stopped_and_continued) {
  COVERS("waitid", "kill");
  pid_t child = guest::spawn([] { return pause(); });
  siginfo_t info;
  kill(child, SIGSTOP);
  ASSERT_OK(SYS(waitid, P_PID, child, &info, WSTOPPED, nullptr));
  EXPECT_EQ(CLD_STOPPED, info.si_code);
  EXPECT_EQ(SIGSTOP, info.si_status);
  kill(child, SIGCONT);
  ASSERT_OK(SYS(waitid, P_PID, child, &info, WCONTINUED, nullptr));
  EXPECT_EQ(CLD_CONTINUED, info.si_code);
  EXPECT_EQ(SIGCONT, info.si_status);
  info.si_pid = 5;
  ASSERT_OK(SYS(waitid, P_PID, child, &info, WEXITED | WNOHANG, nullptr));
  EXPECT_EQ(0, info.si_pid);
  kill(child, SIGKILL);
  ASSERT_OK(SYS(waitid, P_PID, child, &info, WEXITED, nullptr));
  EXPECT_EQ(CLD_KILLED, info.si_code);
  EXPECT_EQ(SIGKILL, info.si_status);
}

TEST(wuntraced_and_wcontinued) {
  COVERS("wait4", "kill");
  pid_t child = guest::spawn([] { return pause(); });
  int status;
  kill(child, SIGTSTP);
  EXPECT_EQ(child, waitpid(child, &status, WUNTRACED));
  EXPECT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(SIGTSTP, WSTOPSIG(status));
  kill(child, SIGCONT);
  EXPECT_EQ(child, waitpid(child, &status, WCONTINUED));
  EXPECT_TRUE(WIFCONTINUED(status));
  kill(child, SIGKILL);
  guest::reap(child);
}

TEST(sigchld_comes_with_the_childs_story) {
  COVERS("rt_sigaction", "wait4");
  static volatile int code, status, pid;
  guest::handle(SIGCHLD, [](int, siginfo_t* info, void*) {
    code = info->si_code;
    status = info->si_status;
    pid = info->si_pid;
  });
  pid_t child = guest::spawn([] { return 4; });
  guest::reap(child);
  EXPECT_TRUE(guest::eventually([] { return pid != 0; }));
  EXPECT_EQ(child, pid);
  EXPECT_EQ(CLD_EXITED, code);
  EXPECT_EQ(4, status);
  signal(SIGCHLD, SIG_DFL);
}

TEST(ignored_sigchld_reaps_by_itself) {
  COVERS("rt_sigaction", "wait4");
  EXPECT_EQ(0, guest::in_child([] {
              signal(SIGCHLD, SIG_IGN);
              pid_t child = guest::spawn([] { return 0; });
              int status;
              return waitpid(child, &status, 0) == -1 && errno == ECHILD ? 0 : 1;
            }));
  EXPECT_EQ(0, guest::in_child([] {
              guest::handle(SIGCHLD, SIG_DFL, SA_NOCLDWAIT);
              guest::spawn([] { return 0; });
              return wait(nullptr) == -1 && errno == ECHILD ? 0 : 1;
            }));
}

TEST(memory_is_the_childs_own_copy) {
  COVERS("fork");
  static int value = 1;
  EXPECT_EQ(2, WEXITSTATUS(guest::in_child([] { return ++value; })));
  EXPECT_EQ(1, value);
}

TEST(vfork_shares_memory_and_waits) {
  COVERS("vfork", "exit");
  static volatile int value;
  value = 0;
  pid_t child = vfork();
  if (child == 0) {
    value = 5;
    _exit(0);
  }
  EXPECT_EQ(5, value);
  guest::reap(child);
}

TEST(orphans_go_to_the_subreaper) {
  COVERS("prctl", "wait4");
  EXPECT_EQ(0, guest::in_child([] {
              if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 1;
              pid_t child = guest::spawn([] {
                guest::spawn([] {
                  guest::sleep_ms(20);
                  return 42;
                });
                return 0;
              });
              guest::reap(child);
              int status = 0;
              return wait(&status) != -1 && WEXITSTATUS(status) == 42 ? 0 : 2;
            }));
}

TEST(descriptors_are_shared_descriptions_after_fork) {
  COVERS("fork", "lseek");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abcdef");
  EXPECT_EQ(0, guest::in_child([&] { return lseek(fd, 2, SEEK_SET) == 2 ? 0 : 1; }));
  EXPECT_EQ(2, lseek(fd, 0, SEEK_CUR));
}

TEST(many_children_are_all_found) {
  COVERS("wait4", "fork");
  for (int i = 0; i < 50; ++i) guest::spawn([i] { return i; });
  int sum = 0, status;
  for (int i = 0; i < 50; ++i) {
    if (wait(&status) == -1) break;
    sum += WEXITSTATUS(status);
  }
  EXPECT_EQ(49 * 50 / 2, sum);
}

TEST(the_process_limit_is_eagain) {
  COVERS("fork", "setrlimit");
  EXPECT_EQ(0, guest::in_child([] {
              if (guest::is_root() && setresuid(54321, 54321, 54321) != 0) return 1;
              rlimit limit{1, 1};
              setrlimit(RLIMIT_NPROC, &limit);
              pid_t child = fork();
              if (child == 0) _exit(0);
              return child == -1 && errno == EAGAIN ? 0 : 2;
            }));
}

TEST(clone_without_an_exit_signal_needs_wclone) {
  COVERS("clone", "wait4");
  long child = SYS(clone, 0, 0, 0, 0, 0);
  if (child == 0) _exit(6);
  int status = 0;
  EXPECT_ERRNO(ECHILD, SYS(wait4, child, &status, 0, nullptr));
  EXPECT_EQ(child, SYS(wait4, child, &status, __WALL, nullptr));
  EXPECT_EQ(6, WEXITSTATUS(status));
}

GUEST_TEST_MAIN
