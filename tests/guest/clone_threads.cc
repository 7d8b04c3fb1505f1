// clone(2), clone3(2), set_tid_address(2), gettid(2), exit(2), arch_prctl(2), rseq(2), pidfd_open(2), unshare(2).
#include "tests/guest/guest_test.h"

#include <asm/prctl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#endif

namespace {
struct Clone3 {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
}  // namespace

TEST(a_thread_shares_the_pid_and_has_its_own_tid) {
  COVERS("clone3", "clone", "gettid", "getpid");
  static pid_t pid, tid;
  pthread_t thread;
  ASSERT_EQ(0, pthread_create(
                   &thread, nullptr,
                   [](void*) -> void* {
                     pid = static_cast<pid_t>(SYS(getpid));
                     tid = static_cast<pid_t>(SYS(gettid));
                     return nullptr;
                   },
                   nullptr));
  pthread_join(thread, nullptr);
  EXPECT_EQ(getpid(), pid);
  EXPECT_NE(gettid(), tid);
  EXPECT_EQ(getpid(), gettid());
}

TEST(thread_local_memory_is_each_threads_own) {
  COVERS("clone3", "arch_prctl");
  static thread_local int value = 3;
  static int seen;
  value = 4;
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        seen = value++;
        return nullptr;
      },
      nullptr);
  pthread_join(thread, nullptr);
  EXPECT_EQ(3, seen);
  EXPECT_EQ(4, value);
}

TEST(fifty_threads_count_together) {
  COVERS("clone3", "futex");
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static int total;
  total = 0;
  pthread_t threads[50];
  for (auto& thread : threads) {
    ASSERT_EQ(0, pthread_create(
                     &thread, nullptr,
                     [](void*) -> void* {
                       for (int i = 0; i < 200; ++i) {
                         pthread_mutex_lock(&mutex);
                         ++total;
                         pthread_mutex_unlock(&mutex);
                       }
                       return nullptr;
                     },
                     nullptr));
  }
  for (auto& thread : threads) pthread_join(thread, nullptr);
  EXPECT_EQ(10000, total);
}

TEST(thread_exit_clears_the_tid_and_wakes) {
  COVERS("clone", "set_tid_address", "exit");
  static char stack[65536];
  static volatile uint32_t tid;
  static uint32_t parent_tid;
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID |
              CLONE_PARENT_SETTID;
  tid = 1;
  int made = clone(
      [](void*) -> int {
        SYS(exit, 0);
        return 0;
      },
      stack + sizeof stack, flags, nullptr, &parent_tid, nullptr, &tid);
  ASSERT_OK(made);
  while (tid != 0) SYS(futex, &tid, FUTEX_WAIT, tid, nullptr);
  EXPECT_EQ(made, parent_tid);
  EXPECT_EQ(gettid(), SYS(set_tid_address, &parent_tid));
}

TEST(clone_errors) {
  COVERS("clone", "clone3");
  EXPECT_ERRNO(EINVAL, SYS(clone, CLONE_THREAD | SIGCHLD, 0, 0, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0, 0, 0));
  Clone3 args{};
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, 8));
  EXPECT_ERRNO(EFAULT, SYS(clone3, guest::bad_pointer(), sizeof args));
  args.exit_signal = 100;
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
  args = {.stack = 4096};
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
  args = {.flags = 1ull << 40};
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
  EXPECT_ERRNO(E2BIG, SYS(clone3, &args, 5000));
}

TEST(clone3_without_flags_is_fork) {
  COVERS("clone3");
  uint32_t parent_tid = 0, child_tid = 0;
  Clone3 args{.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
              .child_tid = reinterpret_cast<uintptr_t>(&child_tid),
              .parent_tid = reinterpret_cast<uintptr_t>(&parent_tid),
              .exit_signal = SIGCHLD};
  long pid = SYS(clone3, &args, sizeof args);
  if (pid == 0) _exit(child_tid == static_cast<uint32_t>(SYS(getpid)) ? 11 : 1);
  ASSERT_OK(pid);
  EXPECT_EQ(pid, parent_tid);
  EXPECT_EQ(0, child_tid);
  EXPECT_EQ(11, WEXITSTATUS(guest::reap(static_cast<pid_t>(pid))));
}

TEST(clone_files_and_fs_are_shared) {
  COVERS("clone");
  static char stack[65536];
  int opened = dup(0);
  close(opened);
  chdir("/");
  mode_t before = umask(022);
  int child = clone(
      [](void* number) -> int {
        dup2(0, static_cast<int>(reinterpret_cast<long>(number)));
        umask(077);
        return chdir("/tmp");
      },
      stack + sizeof stack, CLONE_FILES | CLONE_FS | SIGCHLD, reinterpret_cast<void*>(static_cast<long>(opened)));
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_OK(fcntl(opened, F_GETFD));
  close(opened);
  char cwd[64];
  EXPECT_STREQ("/tmp", getcwd(cwd, sizeof cwd));
  EXPECT_EQ(077, umask(before));
}

TEST(clone_vm_shares_memory_between_processes) {
  COVERS("clone");
  static char stack[65536];
  static volatile int value;
  value = 0;
  int child = clone(
      [](void*) -> int {
        value = 9;
        return 0;
      },
      stack + sizeof stack, CLONE_VM | SIGCHLD, nullptr);
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_EQ(9, value);
}

TEST(a_private_table_of_descriptors_after_unshare) {
  COVERS("unshare");
  static char stack[65536];
  int child = clone(
      [](void*) -> int {
        if (unshare(CLONE_FILES | CLONE_FS) != 0) return 1;
        dup2(0, 90);
        return chdir("/tmp");
      },
      stack + sizeof stack, CLONE_FILES | CLONE_FS | SIGCHLD, nullptr);
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_ERRNO(EBADF, fcntl(90, F_GETFD));
  EXPECT_ERRNO(EINVAL, SYS(unshare, 1));
  EXPECT_OK(SYS(unshare, 0));
}

TEST(exit_group_ends_every_thread) {
  COVERS("exit_group", "exit");
  int status = guest::in_child([] {
    for (int i = 0; i < 5; ++i) {
      pthread_t thread;
      pthread_create(
          &thread, nullptr,
          [](void*) -> void* {
            for (;;) pause();
          },
          nullptr);
    }
    pthread_t spinner;
    pthread_create(
        &spinner, nullptr,
        [](void*) -> void* {
          for (volatile long i = 0;; i = i + 1) {
          }
        },
        nullptr);
    guest::sleep_ms(20);
    return 21;
  });
  EXPECT_EQ(21, WEXITSTATUS(status));
}

TEST(a_fatal_signal_to_one_thread_ends_all) {
  COVERS("tgkill");
  EXPECT_EQ(SIGTERM, guest::signal_of([] {
              pthread_t thread;
              pthread_create(
                  &thread, nullptr,
                  [](void*) -> void* {
                    raise(SIGTERM);
                    return nullptr;
                  },
                  nullptr);
              guest::sleep_ms(2000);
            }));
}

TEST(the_leader_may_leave_first) {
  COVERS("exit", "wait4");
  int status = guest::in_child([]() -> int {
    pthread_t thread;
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          guest::sleep_ms(30);
          _exit(33);
        },
        nullptr);
    SYS(exit, 1);
    return 0;
  });
  EXPECT_EQ(33, WEXITSTATUS(status));
}

TEST(exec_in_a_thread_leaves_one_thread_with_the_pid) {
  COVERS("execve");
  int status = guest::in_child([] {
    static char pid[64];
    snprintf(pid, sizeof pid, "[ $$ = %d ]", getpid());
    pthread_t other, thread;
    pthread_create(
        &other, nullptr,
        [](void*) -> void* {
          for (;;) pause();
        },
        nullptr);
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          execl("/bin/sh", "sh", "-c", pid, nullptr);
          _exit(9);
        },
        nullptr);
    pthread_join(thread, nullptr);
    return 8;
  });
  EXPECT_EQ(0, status);
}

TEST(fork_in_a_thread_takes_only_that_thread) {
  COVERS("fork");
  static volatile int beats;
  static volatile bool stop;
  pthread_t other;
  pthread_create(
      &other, nullptr,
      [](void*) -> void* {
        while (!stop) beats = beats + 1;
        return nullptr;
      },
      nullptr);
  EXPECT_EQ(0, guest::in_child([] {
              int before = beats;
              guest::sleep_ms(20);
              return beats == before ? 0 : 1;
            }));
  stop = true;
  pthread_join(other, nullptr);
}

TEST(arch_prctl_sets_the_bases) {
  COVERS("arch_prctl");
  uintptr_t fs = 0, gs = 1, kept = 0;
  EXPECT_OK(SYS(arch_prctl, ARCH_GET_FS, &fs));
  EXPECT_TRUE(fs != 0);
  static uintptr_t words[4] = {11, 22, 33, 44};
  EXPECT_OK(SYS(arch_prctl, ARCH_SET_GS, &words[1]));
  asm volatile("mov %%gs:8, %0" : "=r"(kept));
  EXPECT_EQ(33, kept);
  EXPECT_OK(SYS(arch_prctl, ARCH_GET_GS, &gs));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(&words[1]), gs);
  asm volatile("mov %%gs:0, %0" : "=r"(kept));
  EXPECT_EQ(22, kept);
  EXPECT_OK(SYS(arch_prctl, ARCH_SET_GS, 0));
  EXPECT_ERRNO(EINVAL, SYS(arch_prctl, 0x9999, &fs));
  EXPECT_ERRNO(EFAULT, SYS(arch_prctl, ARCH_GET_FS, guest::bad_pointer()));
  EXPECT_ERRNO(EPERM, SYS(arch_prctl, ARCH_SET_FS, 1ull << 47));
}

TEST(pidfds_tell_the_end_of_a_process) {
  COVERS("pidfd_open", "pidfd_send_signal", "waitid", "poll");
  pid_t child = guest::spawn([] { return pause(); });
  long fd = SYS(pidfd_open, child, 0);
  ASSERT_OK(fd);
  EXPECT_EQ(FD_CLOEXEC, fcntl(static_cast<int>(fd), F_GETFD));
  pollfd poller{static_cast<int>(fd), POLLIN, 0};
  EXPECT_EQ(0, poll(&poller, 1, 0));
  EXPECT_OK(SYS(pidfd_send_signal, fd, SIGTERM, nullptr, 0));
  EXPECT_EQ(1, poll(&poller, 1, 3000));
  siginfo_t info;
  EXPECT_OK(SYS(waitid, 3 /* P_PIDFD */, fd, &info, WEXITED, nullptr));
  EXPECT_EQ(SIGTERM, info.si_status);
  EXPECT_ERRNO(ESRCH, SYS(pidfd_send_signal, fd, 0, nullptr, 0));
  EXPECT_ERRNO(ESRCH, SYS(pidfd_open, 4000000, 0));
  EXPECT_ERRNO(EINVAL, SYS(pidfd_open, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(pidfd_open, getpid(), 1));
  EXPECT_ERRNO(EBADF, SYS(pidfd_send_signal, 0, SIGTERM, nullptr, 0));
}

TEST(clone_pidfd_gives_a_descriptor) {
  COVERS("clone3", "clone");
  int pidfd = -1;
  Clone3 args{.flags = CLONE_PIDFD, .pidfd = reinterpret_cast<uintptr_t>(&pidfd), .exit_signal = SIGCHLD};
  long pid = SYS(clone3, &args, sizeof args);
  if (pid == 0) _exit(0);
  ASSERT_OK(pid);
  pollfd poller{pidfd, POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, 3000));
  guest::reap(static_cast<pid_t>(pid));
}

TEST(a_pidfd_and_a_tid_need_two_places) {
  COVERS("clone3");
  clone_args args{};
  int place = 0;
  args.flags = CLONE_PIDFD | CLONE_PARENT_SETTID;
  args.pidfd = args.parent_tid = reinterpret_cast<uintptr_t>(&place);
  args.exit_signal = SIGCHLD;
  EXPECT_ERRNO(EINVAL, SYS(clone3, &args, sizeof args));
}

TEST(clone3_clear_sighand_resets_handlers) {
  COVERS("clone3");
  guest::handle(SIGUSR1, [](int) {});
  signal(SIGUSR2, SIG_IGN);
  Clone3 args{.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
  long pid = SYS(clone3, &args, sizeof args);
  if (pid == 0) {
    struct sigaction action;
    sigaction(SIGUSR1, nullptr, &action);
    bool reset = action.sa_handler == SIG_DFL;
    sigaction(SIGUSR2, nullptr, &action);
    _exit(reset && action.sa_handler == SIG_IGN ? 0 : 1);
  }
  ASSERT_OK(pid);
  EXPECT_EQ(0, guest::reap(static_cast<pid_t>(pid)));
}

GUEST_TEST_MAIN
