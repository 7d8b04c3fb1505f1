// Who hears of the end of a process, and when: SIGCHLD, wait's options, orphans, death signals, robust memory.
#include <linux/sched.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/guest/guest_test.h"

#ifndef __WNOTHREAD
#define __WNOTHREAD 0x20000000
#define __WALL 0x40000000
#define __WCLONE 0x80000000
#endif

namespace {

volatile sig_atomic_t came;
siginfo_t story;

void note(int, siginfo_t* info, void*) {
  ++came;
  story = *info;
}

bool is_pending(int number) {
  sigset_t set;
  sigpending(&set);
  return sigismember(&set, number) == 1;
}

void block(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

TEST(sigchld_is_pending_before_wait_returns) {
  COVERS("wait4", "exit_group");
  EXPECT_EQ(0, guest::in_child([] {
              block(SIGCHLD);
              for (int i = 0; i < 50; ++i) {
                pid_t child = guest::spawn([] { return 0; });
                if (waitpid(child, nullptr, 0) != child) return 1;
                if (!is_pending(SIGCHLD)) return 2;
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGCHLD);
                siginfo_t info;
                if (sigwaitinfo(&set, &info) != SIGCHLD || info.si_pid != child) return 3;
              }
              return 0;
            }));
}

TEST(nocldwait_reaps_but_still_tells) {
  COVERS("rt_sigaction", "wait4");
  EXPECT_EQ(0, guest::in_child([] {
              guest::handle(SIGCHLD, note, SA_NOCLDWAIT | SA_RESTART);
              pid_t child = guest::spawn([] { return 3; });
              if (waitpid(child, nullptr, 0) != -1 || errno != ECHILD) return 1;
              if (came != 1 || story.si_pid != child || story.si_code != CLD_EXITED || story.si_status != 3) return 2;
              return 0;
            }));
  EXPECT_EQ(0, guest::in_child([] {
              signal(SIGCHLD, SIG_IGN);
              block(SIGCHLD);
              pid_t child = guest::spawn([] { return 3; });
              if (waitpid(child, nullptr, 0) != -1 || errno != ECHILD) return 1;
              return is_pending(SIGCHLD) ? 2 : 0;
            }));
}

TEST(nocldstop_hears_of_ends_only) {
  COVERS("rt_sigaction");
  EXPECT_EQ(0, guest::in_child([] {
              guest::handle(SIGCHLD, note, SA_NOCLDSTOP | SA_RESTART);
              pid_t child = guest::spawn([] {
                for (;;) pause();
                return 0;
              });
              kill(child, SIGSTOP);
              int status;
              if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) return 1;
              kill(child, SIGCONT);
              if (waitpid(child, &status, WCONTINUED) != child || !WIFCONTINUED(status)) return 2;
              if (came != 0) return 3;
              kill(child, SIGKILL);
              waitpid(child, &status, 0);
              return came == 1 && story.si_code == CLD_KILLED && story.si_status == SIGKILL ? 0 : 4;
            }));
}

TEST(waitid_writes_six_fields_and_no_more) {
  COVERS("waitid");
  union {
    siginfo_t info;
    unsigned char bytes[128];
  } area;
  memset(&area, 0xa5, sizeof area);
  EXPECT_ERRNO(ECHILD, SYS(waitid, P_ALL, 0, &area, WEXITED, nullptr));
  EXPECT_EQ(0, area.info.si_signo);
  EXPECT_EQ(0, area.info.si_pid);
  EXPECT_EQ(0xa5, area.bytes[28]);
  pid_t child = guest::spawn([] { return 9; });
  memset(&area, 0xa5, sizeof area);
  EXPECT_OK(SYS(waitid, P_PID, child, &area, WEXITED, nullptr));
  EXPECT_EQ(SIGCHLD, area.info.si_signo);
  EXPECT_EQ(0, area.info.si_errno);
  EXPECT_EQ(child, area.info.si_pid);
  EXPECT_EQ(9, area.info.si_status);
  EXPECT_EQ((int)getuid(), (int)area.info.si_uid);
  EXPECT_EQ(0xa5, area.bytes[12]);
  EXPECT_EQ(0xa5, area.bytes[28]);
}

TEST(children_of_another_thread_are_waited_for_unless_wnothread) {
  COVERS("wait4");
  EXPECT_EQ(0, guest::in_child([] {
              static pid_t made;
              static int gate[2];
              if (pipe(gate) != 0) return 1;
              pthread_t thread;
              pthread_create(
                  &thread, nullptr,
                  [](void*) -> void* {
                    made = guest::spawn([] { return 6; });
                    write(gate[1], "x", 1);
                    // Stays until the child has been looked for: its children would be handed to the other thread.
                    while (waitpid(made, nullptr, WNOHANG | __WNOTHREAD) == 0) guest::sleep_ms(1);
                    return nullptr;
                  },
                  nullptr);
              char byte;
              read(gate[0], &byte, 1);
              if (waitpid(made, nullptr, __WNOTHREAD) != -1 || errno != ECHILD) return 2;
              pthread_join(thread, nullptr);
              return 0;
            }));
}

TEST(a_stopped_child_is_reported_once_and_wnowait_leaves_it) {
  COVERS("waitid", "wait4");
  EXPECT_EQ(0, guest::in_child([] {
              // Linux counts resident pages in batches: a child that hardly ran may have none.
              auto* memory = static_cast<char*>(
                  mmap(nullptr, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
              memset(memory, 1, 8 << 20);
              pid_t child = guest::spawn([] {
                for (;;) pause();
                return 0;
              });
              kill(child, SIGSTOP);
              siginfo_t info;
              if (waitid(P_PID, child, &info, WSTOPPED | WNOWAIT) != 0 || info.si_status != SIGSTOP) return 1;
              if (waitid(P_PID, child, &info, WSTOPPED) != 0 || info.si_code != CLD_STOPPED) return 2;
              if (SYS(waitid, P_PID, child, &info, WSTOPPED | WNOHANG, nullptr) != 0 || info.si_pid != 0) return 3;
              kill(child, SIGCONT);
              if (waitid(P_PID, child, &info, WCONTINUED) != 0 || info.si_status != SIGCONT) return 4;
              kill(child, SIGKILL);
              rusage usage;
              memset(&usage, 0, sizeof usage);
              if (SYS(waitid, P_PID, child, &info, WEXITED, &usage) != 0) return 5;
              return usage.ru_maxrss > 0 ? 0 : 6;
            }));
}

TEST(the_death_signal_comes_with_the_end_of_the_thread_that_forked) {
  COVERS("prctl");
  EXPECT_EQ(0, guest::in_child([] {
              static int up[2], down[2];
              if (pipe(up) != 0 || pipe(down) != 0) return 1;
              block(SIGUSR1);
              pthread_t thread;
              pthread_create(
                  &thread, nullptr,
                  [](void*) -> void* {
                    guest::spawn([] {
                      prctl(PR_SET_PDEATHSIG, SIGUSR1);
                      write(up[1], "x", 1);
                      sigset_t set;
                      sigemptyset(&set);
                      sigaddset(&set, SIGUSR1);
                      siginfo_t info;
                      _exit(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_USER && info.si_pid == getppid()
                                ? 0
                                : 1);
                      return 0;
                    });
                    char byte;
                    read(up[0], &byte, 1);
                    return nullptr;
                  },
                  nullptr);
              pthread_join(thread, nullptr);
              int status = -1;
              wait(&status);
              return status == 0 ? 0 : 2;
            }));
}

TEST(an_orphan_is_an_ordinary_child_of_its_new_parent) {
  COVERS("prctl", "clone");
  EXPECT_EQ(0, guest::in_child([] {
              prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
              // The middle one leaves a child that would have told nobody of its end.
              pid_t middle = guest::spawn([] {
                if (SYS(clone, 0, nullptr, nullptr, nullptr, 0) == 0) _exit(7);
                return 0;
              });
              if (guest::reap(middle) != 0) return 1;
              int status = 0;
              pid_t orphan = waitpid(-1, &status, 0);  // without __WCLONE: its signal is SIGCHLD now
              return orphan > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : 2;
            }));
}

TEST(a_zombie_is_still_in_its_group) {
  COVERS("kill", "getpgid");
  pid_t child = guest::spawn([] {
    setpgid(0, 0);
    return 0;
  });
  siginfo_t info;
  ASSERT_OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
  EXPECT_EQ(child, getpgid(child));
  EXPECT_OK(kill(-child, 0));
  EXPECT_OK(kill(child, SIGTERM));
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_ERRNO(ESRCH, kill(-child, 0));
}

TEST(sigkill_ends_a_parent_that_waits_in_vfork) {
  COVERS("vfork", "kill");
  int gate[2];
  ASSERT_OK(pipe(gate));
  pid_t parent = guest::spawn([&] {
    if (vfork() == 0) {
      write(gate[1], "x", 1);
      for (;;) pause();
    }
    return 0;
  });
  char byte;
  read(gate[0], &byte, 1);
  kill(parent, SIGTERM);  // waits with it
  kill(parent, SIGKILL);
  int status = guest::reap(parent);
  EXPECT_TRUE(WIFSIGNALED(status));
  close(gate[0]);
  close(gate[1]);
}

TEST(resource_usage_counts_faults_and_sleeps) {
  COVERS("getrusage");
  rusage before, after;
  ASSERT_OK(getrusage(RUSAGE_SELF, &before));
  for (int i = 0; i < 3; ++i) guest::sleep_ms(2);
  ASSERT_OK(getrusage(RUSAGE_SELF, &after));
  EXPECT_GE(after.ru_nvcsw, before.ru_nvcsw + 3);
  EXPECT_GE(after.ru_maxrss, before.ru_maxrss);
  EXPECT_GT(after.ru_minflt, 0);
}

TEST(clone3_argument_rules) {
  COVERS("clone3");
  clone_args args{};
  args.flags = 1ull << 40;
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
  args = {};
  args.exit_signal = 65;
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
  args = {};
  args.flags = CLONE_DETACHED;
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
  args = {};
  args.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
  args.exit_signal = SIGCHLD;
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
  args = {};
  args.stack_size = 4096;
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
  args = {};
  args.set_tid_size = 1;
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, 16));
  EXPECT_ERRNO(E2BIG, SYS(clone3, &args, 1 << 20));
  EXPECT_ERRNO(EFAULT, SYS(clone3, guest::bad_pointer(), sizeof args));
  args = {};
  args.flags = CLONE_INTO_CGROUP;
  args.cgroup = 900;
  args.exit_signal = SIGCHLD;
  EXPECT_ERRNO(EBADF, SYS(clone3, &args, sizeof args));
}

TEST(clone3_can_choose_the_number) {
  COVERS("clone3");
  if (!guest::is_root()) SKIP("needs CAP_CHECKPOINT_RESTORE");
  const pid_t chosen = 29'871;
  pid_t wanted = chosen;
  clone_args args{};
  args.set_tid = reinterpret_cast<uintptr_t>(&wanted);
  args.set_tid_size = 1;
  args.exit_signal = SIGCHLD;
  long child = SYS(clone3, &args, sizeof args);
  if (child == 0) _exit(getpid() == chosen ? 0 : 1);
  if (child == -1 && errno == EEXIST) SKIP("the number is taken");
  EXPECT_EQ(chosen, child);
  EXPECT_EQ(0, guest::reap(static_cast<pid_t>(child)));
  pid_t own = getpid();
  args.set_tid = reinterpret_cast<uintptr_t>(&own);
  EXPECT_ERRNO(EEXIST, SYS(clone3, &args, sizeof args));
  own = 0;
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
}

TEST(unshare_rules) {
  COVERS("unshare");
  EXPECT_ERRNO(EINVAL, SYS(unshare, 0x100000));
  EXPECT_EQ(0, guest::in_child([] {
              if (SYS(unshare, CLONE_FS | CLONE_FILES | CLONE_SYSVSEM) != 0) return 1;
              if (SYS(unshare, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) != 0) return 2;
              static int gate[2];
              if (pipe(gate) != 0) return 3;
              pthread_t thread;
              pthread_create(
                  &thread, nullptr,
                  [](void*) -> void* {
                    char byte;
                    read(gate[0], &byte, 1);
                    return nullptr;
                  },
                  nullptr);
              if (SYS(unshare, CLONE_SIGHAND) != -1 || errno != EINVAL) return 4;
              write(gate[1], "x", 1);
              pthread_join(thread, nullptr);
              return 0;
            }));
}

GUEST_TEST_MAIN
