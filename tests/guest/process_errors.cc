// Errors of the calls about processes, their rights, limits and signals that other families do not ask for.
#include <elf.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "tests/guest/guest_test.h"
#include "tests/guest/user_namespace.h"

namespace {

constexpr pid_t kNobody = 0x7ffffff;  // a number that no process has

struct sched_attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
  uint32_t util_min, util_max;
};

// A process of root's, and its signals, memory and limits as another user sees them. `body` runs as that user.
template <typename F>
int against_another_user(F body) {
  pid_t target = guest::spawn([] {
    for (;;) pause();
    return 0;
  });
  int status = guest::in_child([&] {
    if (setgroups(0, nullptr) != 0 || setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
      return 1;
    body(target);
    return 0;
  });
  kill(target, SIGKILL);
  guest::reap(target);
  return status;
}

}  // namespace

TEST(another_users_process_is_left_alone) {
  COVERS("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "setpriority", "get_robust_list",
         "process_vm_readv", "process_vm_writev", "kcmp", "prlimit64", "process_madvise", "pidfd_getfd",
         "pidfd_send_signal", "sched_getparam");
  if (!guest::is_root()) SKIP("needs two users");
  EXPECT_EQ(0, against_another_user([](pid_t target) {
              siginfo_t info{};
              info.si_signo = SIGUSR1, info.si_code = SI_QUEUE;
              EXPECT_ERRNO(EPERM, SYS(kill, target, SIGUSR1));
              EXPECT_ERRNO(EPERM, SYS(tkill, target, SIGUSR1));
              EXPECT_ERRNO(EPERM, SYS(tgkill, target, target, SIGUSR1));
              EXPECT_ERRNO(EPERM, SYS(rt_sigqueueinfo, target, SIGUSR1, &info));
              EXPECT_ERRNO(EPERM, SYS(rt_tgsigqueueinfo, target, target, SIGUSR1, &info));
              EXPECT_ERRNO(EPERM, SYS(setpriority, PRIO_PROCESS, target, 5));
              EXPECT_ERRNO(EACCES, SYS(setpriority, PRIO_PROCESS, 0, -5));
              void* head;
              size_t length;
              EXPECT_ERRNO(EPERM, SYS(get_robust_list, target, &head, &length));
              char byte;
              iovec vector{&byte, 1};
              EXPECT_ERRNO(EPERM, SYS(process_vm_readv, target, &vector, 1, &vector, 1, 0));
              EXPECT_ERRNO(EPERM, SYS(process_vm_writev, target, &vector, 1, &vector, 1, 0));
              EXPECT_ERRNO(EPERM, SYS(kcmp, getpid(), target, KCMP_VM, 0, 0));
              rlimit64 limit;
              EXPECT_ERRNO(EPERM, SYS(prlimit64, target, RLIMIT_NOFILE, nullptr, &limit));
              long process = SYS(pidfd_open, target, 0);
              EXPECT_OK(process);
              EXPECT_ERRNO(EACCES, SYS(process_madvise, process, &vector, 1, MADV_COLD, 0));
              EXPECT_ERRNO(EPERM, SYS(pidfd_getfd, process, 0, 0));
              EXPECT_ERRNO(EPERM, SYS(pidfd_send_signal, process, SIGUSR1, nullptr, 0));
              sched_param parameter;
              EXPECT_OK(SYS(sched_getparam, target, &parameter));  // that may be known
            }));
}

TEST(numbers_that_no_process_has_are_esrch) {
  COVERS("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sched_getparam", "setpriority",
         "getpriority", "process_vm_readv", "process_vm_writev", "kcmp", "prlimit64", "get_robust_list");
  siginfo_t info{};
  info.si_signo = SIGUSR1, info.si_code = SI_QUEUE;
  EXPECT_ERRNO(ESRCH, SYS(kill, kNobody, 0));
  EXPECT_ERRNO(ESRCH, SYS(tkill, kNobody, 0));
  EXPECT_ERRNO(ESRCH, SYS(tgkill, kNobody, kNobody, 0));
  EXPECT_ERRNO(ESRCH, SYS(rt_sigqueueinfo, kNobody, SIGUSR1, &info));
  EXPECT_ERRNO(ESRCH, SYS(rt_tgsigqueueinfo, kNobody, kNobody, SIGUSR1, &info));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigqueueinfo, getpid(), 65, &info));
  EXPECT_ERRNO(EFAULT, SYS(rt_sigqueueinfo, getpid(), SIGUSR1, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, guest::bad_pointer()));
  sched_param parameter;
  EXPECT_ERRNO(ESRCH, SYS(sched_getparam, kNobody, &parameter));
  EXPECT_ERRNO(EINVAL, SYS(sched_getparam, -1, &parameter));
  EXPECT_ERRNO(EINVAL, SYS(sched_getparam, 0, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(sched_getparam, 0, guest::bad_pointer()));
  sched_attributes attributes;
  EXPECT_ERRNO(EINVAL, SYS(sched_getattr, 0, &attributes, 8, 0));
  EXPECT_ERRNO(ESRCH, SYS(setpriority, PRIO_PROCESS, kNobody, 0));
  EXPECT_ERRNO(EINVAL, SYS(setpriority, 3, 0, 0));
  EXPECT_ERRNO(ESRCH, SYS(getpriority, PRIO_PGRP, kNobody));
  EXPECT_ERRNO(ESRCH, SYS(getpriority, PRIO_USER, kNobody));
  char byte;
  iovec vector{&byte, 1}, bad{guest::bad_pointer(), 1};
  EXPECT_ERRNO(ESRCH, SYS(process_vm_readv, kNobody, &vector, 1, &vector, 1, 0));
  EXPECT_ERRNO(ESRCH, SYS(process_vm_writev, kNobody, &vector, 1, &vector, 1, 0));
  EXPECT_ERRNO(EFAULT, SYS(process_vm_writev, getpid(), &vector, 1, &bad, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(process_vm_writev, getpid(), &vector, 1, &vector, 1, 1));
  EXPECT_ERRNO(EINVAL, SYS(process_vm_writev, getpid(), &vector, 1, &vector, 1025, 0));
  EXPECT_ERRNO(ESRCH, SYS(kcmp, getpid(), kNobody, KCMP_VM, 0, 0));
  EXPECT_ERRNO(EFAULT, SYS(kcmp, getpid(), getpid(), KCMP_EPOLL_TFD, 0, guest::bad_pointer()));
  struct {
    uint32_t efd, tfd, toff;
  } slot{static_cast<uint32_t>(epoll_create1(0)), 77, 0};
  EXPECT_ERRNO(ENOENT, SYS(kcmp, getpid(), getpid(), KCMP_EPOLL_TFD, 0, &slot));
  EXPECT_ERRNO(EFAULT, SYS(get_robust_list, 0, guest::bad_pointer(), guest::bad_pointer()));
}

TEST(advice_for_another_needs_a_right) {
  COVERS("process_madvise");
  EXPECT_EQ(0, guest::in_child([] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              prctl(PR_SET_DUMPABLE, 1);
              pid_t pid = guest::spawn([] {
                for (;;) pause();
                return 0;
              });
              static char page[4096];
              iovec vector{page, sizeof page};
              EXPECT_ERRNO(EPERM, SYS(process_madvise, SYS(pidfd_open, pid, 0), &vector, 1, MADV_COLD, 0));
              kill(pid, SIGKILL);
              guest::reap(pid);
              return 0;
            }));
}

TEST(a_process_that_has_ended_is_esrch) {
  COVERS("setns", "process_madvise", "pidfd_getfd", "pidfd_send_signal");
  pid_t pid = guest::spawn([] { return 0; });
  long process = SYS(pidfd_open, pid, 0);
  ASSERT_OK(process);
  guest::reap(pid);
  char byte;
  iovec vector{&byte, 1}, nowhere{reinterpret_cast<void*>(0x10000), 4096};
  EXPECT_ERRNO(ESRCH, SYS(setns, process, CLONE_NEWUTS));
  EXPECT_ERRNO(ESRCH, SYS(process_madvise, process, &vector, 1, MADV_COLD, 0));
  EXPECT_ERRNO(ESRCH, SYS(pidfd_getfd, process, 0, 0));
  EXPECT_ERRNO(ESRCH, SYS(pidfd_send_signal, process, SIGUSR1, nullptr, 0));
  long self = SYS(pidfd_open, getpid(), 0);
  EXPECT_ERRNO(EFAULT, SYS(process_madvise, self, guest::bad_pointer(), 1, MADV_COLD, 0));
  EXPECT_ERRNO(ENOMEM, SYS(process_madvise, self, &nowhere, 1, MADV_COLD, 0));
}

TEST(signals_that_are_queued_have_a_limit) {
  COVERS("rt_sigqueueinfo", "rt_tgsigqueueinfo", "tkill", "tgkill", "timer_create");
  EXPECT_EQ(0, guest::in_child([] {
              sigset_t all;
              sigfillset(&all);
              sigprocmask(SIG_BLOCK, &all, nullptr);
              rlimit limit{0, 0};
              if (setrlimit(RLIMIT_SIGPENDING, &limit) != 0) return 1;
              siginfo_t info{};
              info.si_signo = SIGRTMIN, info.si_code = SI_QUEUE;
              EXPECT_ERRNO(EAGAIN, SYS(rt_sigqueueinfo, getpid(), SIGRTMIN, &info));
              EXPECT_ERRNO(EAGAIN, SYS(rt_tgsigqueueinfo, getpid(), gettid(), SIGRTMIN, &info));
              EXPECT_ERRNO(EAGAIN, SYS(tkill, gettid(), SIGRTMIN));
              EXPECT_ERRNO(EAGAIN, SYS(tgkill, getpid(), gettid(), SIGRTMIN));
              EXPECT_OK(SYS(kill, getpid(), SIGRTMIN));  // it is only not queued
              int timer;
              EXPECT_ERRNO(EAGAIN, SYS(timer_create, CLOCK_MONOTONIC, nullptr, &timer));
              return 0;
            }));
}

TEST(limits_of_processes) {
  COVERS("fork", "vfork", "clone", "execve", "execveat", "setrlimit", "prlimit64");
  if (!guest::is_root()) SKIP("needs a user without processes");
  EXPECT_EQ(0, guest::in_child([] {
              // A user that no other process is.
              uid_t user = 60123;
              if (setresgid(user, user, user) != 0) return 1;
              rlimit limit{1, 1};
              if (setrlimit(RLIMIT_NPROC, &limit) != 0 || setresuid(user, user, user) != 0) return 2;
              EXPECT_ERRNO(EAGAIN, SYS(fork));
              EXPECT_ERRNO(EAGAIN, SYS(clone, SIGCHLD, 0, 0, 0, 0));
              EXPECT_ERRNO(EAGAIN, SYS(vfork));
              rlimit more{RLIM_INFINITY, RLIM_INFINITY};
              EXPECT_ERRNO(EPERM, SYS(setrlimit, RLIMIT_NPROC, &more));
              EXPECT_ERRNO(EPERM, SYS(prlimit64, 0, RLIMIT_NPROC, &more, nullptr));
              return 0;
            }));
  // Who becomes a user that has too many is told by its execve.
  const char* arguments[] = {"true", nullptr};
  for (bool at : {false, true}) {
    EXPECT_EQ(0, guest::in_child([&] {
                rlimit none{0, 0};
                if (setrlimit(RLIMIT_NPROC, &none) != 0 || setresuid(60123, 60123, 60123) != 0) return 1;
                if (at)
                  EXPECT_ERRNO(EAGAIN, SYS(execveat, AT_FDCWD, "/bin/true", arguments, nullptr, 0));
                else
                  EXPECT_ERRNO(EAGAIN, SYS(execve, "/bin/true", arguments, nullptr));
                return 0;
              }));
  }
  EXPECT_ERRNO(EFAULT, SYS(setrlimit, RLIMIT_CORE, guest::bad_pointer()));
}

TEST(user_namespaces_have_a_depth) {
  COVERS("clone", "unshare");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(
      0, guest::in_child([] {
        for (int depth = 0; depth < 40; ++depth) {
          if (!guest::become_root_again(depth)) break;
        }
        errno = 0;
        EXPECT_TRUE(SYS(unshare, CLONE_NEWUSER) == -1 && (errno == EUSERS || errno == ENOSPC));
        errno = 0;
        EXPECT_TRUE(SYS(clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) == -1 && (errno == EUSERS || errno == ENOSPC));
        return 0;
      }));
  if (guest::is_root()) {
    EXPECT_EQ(0, guest::in_child([] {
                if (setresuid(65534, 65534, 65534) != 0) return 1;
                EXPECT_ERRNO(EPERM, SYS(clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0));
                EXPECT_ERRNO(EPERM, SYS(unshare, CLONE_NEWUTS));
                EXPECT_ERRNO(EPERM, SYS(setdomainname, "x", 1));
                EXPECT_ERRNO(EPERM, SYS(sethostname, "x", 1));
                EXPECT_ERRNO(EPERM, SYS(setgroups, 0, nullptr));
                EXPECT_ERRNO(EPERM, SYS(reboot, 0xfee1dead, 672274793, 0, nullptr));
                EXPECT_ERRNO(EPERM, SYS(ioprio_set, 1, 0, 1 << 13));  // IOPRIO_CLASS_RT
                return 0;
              }));
  }
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root(CLONE_NEWUTS)) return 1;
              EXPECT_ERRNO(EFAULT, SYS(sethostname, guest::bad_pointer(), 1));
              EXPECT_ERRNO(EFAULT, SYS(setdomainname, guest::bad_pointer(), 1));
              EXPECT_ERRNO(EINVAL, SYS(sethostname, "x", 65));
              EXPECT_ERRNO(EINVAL, SYS(setdomainname, "x", -1));
              return 0;
            }));
}

TEST(capabilities_have_a_version) {
  COVERS("capset", "capget", "setgroups");
  __user_cap_header_struct head{0x12345678, 0};
  __user_cap_data_struct data[2] = {};
  EXPECT_ERRNO(EINVAL, SYS(capset, &head, data));
  EXPECT_EQ(static_cast<uint32_t>(_LINUX_CAPABILITY_VERSION_3), head.version);
  EXPECT_ERRNO(EFAULT, SYS(capset, guest::bad_pointer(), data));
  EXPECT_ERRNO(EFAULT, SYS(capset, &head, guest::bad_pointer()));
  head.pid = getppid();
  EXPECT_ERRNO(EPERM, SYS(capset, &head, data));
  head.pid = 0;
  EXPECT_EQ(0, guest::in_child([&] {
              // What was given up does not come back.
              EXPECT_OK(SYS(capset, &head, data));
              data[0].permitted = data[0].effective = 1;
              EXPECT_ERRNO(EPERM, SYS(capset, &head, data));
              return 0;
            }));
  if (guest::is_root()) EXPECT_ERRNO(EFAULT, SYS(setgroups, 3, guest::bad_pointer()));
}

TEST(times_that_make_no_sense) {
  COVERS("adjtimex", "clock_adjtime", "clock_settime", "settimeofday", "clock_nanosleep", "timer_create",
         "timer_settime", "timer_gettime", "timerfd_create");
  timespec odd{0, 1000000000}, zero{};
  timeval odd_micro{0, 1000000};
  char bytes[256] = {};
  EXPECT_ERRNO(EFAULT, SYS(clock_nanosleep, CLOCK_MONOTONIC, 0, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EINVAL, SYS(clock_nanosleep, CLOCK_MONOTONIC, 0, &odd, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(clock_settime, CLOCK_REALTIME, guest::bad_pointer()));
  EXPECT_ERRNO(EINVAL, SYS(clock_settime, CLOCK_MONOTONIC, &zero));
  EXPECT_ERRNO(EFAULT, SYS(settimeofday, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EFAULT, SYS(settimeofday, nullptr, guest::bad_pointer()));
  EXPECT_ERRNO(EINVAL, SYS(settimeofday, &odd_micro, nullptr));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(clock_adjtime, CLOCK_MONOTONIC, bytes));
  EXPECT_ERRNO(EFAULT, SYS(clock_adjtime, CLOCK_REALTIME, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(adjtimex, guest::bad_pointer()));
  int timer;
  itimerspec times{};
  EXPECT_ERRNO(EOPNOTSUPP, SYS(timer_create, CLOCK_REALTIME_COARSE, nullptr, &timer));
  EXPECT_ERRNO(EINVAL, SYS(timer_create, 77, nullptr, &timer));
  EXPECT_ERRNO(EFAULT, SYS(timer_create, CLOCK_MONOTONIC, guest::bad_pointer(), &timer));
  EXPECT_OK(SYS(timer_create, CLOCK_MONOTONIC, nullptr, &timer));
  EXPECT_ERRNO(EFAULT, SYS(timer_settime, timer, 0, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EFAULT, SYS(timer_gettime, timer, guest::bad_pointer()));
  EXPECT_ERRNO(EINVAL, SYS(timer_gettime, timer + 100, &times));
  SYS(timer_delete, timer);
  EXPECT_EQ(0, guest::in_child([&] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              EXPECT_ERRNO(EPERM, SYS(clock_settime, CLOCK_REALTIME, &zero));
              timeval past{1, 0};
              EXPECT_ERRNO(EPERM, SYS(settimeofday, &past, nullptr));
              bytes[0] = 1;  // ADJ_OFFSET
              EXPECT_ERRNO(EPERM, SYS(adjtimex, bytes));
              EXPECT_ERRNO(EPERM, SYS(clock_adjtime, CLOCK_REALTIME, bytes));
              errno = 0;  // EOPNOTSUPP on a machine without a clock that could wake it
              EXPECT_TRUE(SYS(timer_create, CLOCK_REALTIME_ALARM, nullptr, &timer) == -1 &&
                          (errno == EPERM || errno == EOPNOTSUPP));
              EXPECT_ERRNO(EPERM, SYS(timerfd_create, CLOCK_BOOTTIME_ALARM, 0));
              return 0;
            }));
}

TEST(masks_sets_and_lists_that_are_not_there) {
  COVERS("pselect6", "epoll_pwait", "signalfd", "sysfs", "ustat");
  timespec zero{};
  fd_set set;
  FD_ZERO(&set);
  FD_SET(30, &set);
  EXPECT_ERRNO(EBADF, SYS(pselect6, 31, &set, nullptr, nullptr, &zero, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(pselect6, 101, guest::bad_pointer(), nullptr, nullptr, &zero, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(pselect6, 0, nullptr, nullptr, nullptr, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EFAULT, SYS(signalfd, -1, guest::bad_pointer(), 8));
  int epoll = epoll_create1(0), pipes[2];
  ASSERT_OK(pipe(pipes));
  epoll_event event{EPOLLOUT, {}};
  ASSERT_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, pipes[1], &event));
  EXPECT_ERRNO(EFAULT, SYS(epoll_pwait, epoll, guest::bad_pointer(), 1, 0, nullptr, 8));
  EXPECT_EQ(1, SYS(epoll_pwait, epoll, &event, 1, 0, nullptr, 8));
  EXPECT_ERRNO(EFAULT, SYS(sysfs, 1, guest::bad_pointer()));
  struct stat here;
  ASSERT_OK(stat("/proc", &here));
  EXPECT_ERRNO(EFAULT, SYS(ustat, here.st_dev, guest::bad_pointer()));
}

TEST(mappings_have_rules) {
  COVERS("mremap", "madvise", "munlock", "mlock2", "mseal", "munmap");
  constexpr size_t kPage = 4096;
  char* memory =
      static_cast<char*>(mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_TRUE(memory != MAP_FAILED);
  EXPECT_ERRNO(EINVAL, SYS(munlock, memory, -2 * kPage));
  if (guest::raw(462, memory, kPage, 0) == 0) {
    EXPECT_ERRNO(EPERM, SYS(mremap, memory, kPage, 2 * kPage, MREMAP_MAYMOVE));
    EXPECT_ERRNO(EPERM, SYS(munmap, memory, kPage));
    EXPECT_ERRNO(EPERM, SYS(mprotect, memory, kPage, PROT_READ));
    // What may only be read is not discarded either.
    ASSERT_OK(mprotect(memory + kPage, kPage, PROT_READ));
    EXPECT_OK(guest::raw(462, memory + kPage, kPage, 0));
    EXPECT_ERRNO(EPERM, SYS(madvise, memory + kPage, kPage, MADV_DONTNEED));
  }
  EXPECT_EQ(0, guest::in_child([&] {
              char* locked = memory + 2 * kPage;
              EXPECT_OK(mlock(locked, kPage));
              rlimit limit{kPage, kPage};
              if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return 1;
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 2;
              EXPECT_ERRNO(EAGAIN, SYS(mremap, locked, kPage, 8 * kPage, MREMAP_MAYMOVE));
              EXPECT_ERRNO(ENOMEM, SYS(mlock2, memory + 2 * kPage, 2 * kPage, 1));
              rlimit none{0, 0};
              setrlimit(RLIMIT_MEMLOCK, &none);
              EXPECT_ERRNO(EPERM, SYS(mlock2, memory + 3 * kPage, kPage, 0));
              EXPECT_ERRNO(EPERM, SYS(mlock, memory + 3 * kPage, kPage));
              return 0;
            }));
}

TEST(as_many_mappings_as_there_may_be) {
  COVERS("munmap", "mmap", "mprotect");
  constexpr size_t kPage = 4096, kMany = 70000;
  EXPECT_EQ(0, guest::in_child([] {
              char* memory =
                  static_cast<char*>(mmap(nullptr, 2 * kMany * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
              if (memory == MAP_FAILED) return 1;
              size_t made = 0;  // every second page goes: what is left is a mapping of its own
              while (made < kMany && munmap(memory + (2 * made + 1) * kPage, kPage) == 0) ++made;
              EXPECT_EQ(ENOMEM, errno);
              EXPECT_LT(made, kMany);
              char* whole = memory + (2 * made + 1) * kPage;
              EXPECT_ERRNO(ENOMEM, SYS(munmap, whole + 8 * kPage, kPage));
              EXPECT_ERRNO(ENOMEM, SYS(mprotect, whole + 8 * kPage, kPage, PROT_READ));
              EXPECT_OK(SYS(munmap, memory + (2 * kMany - 1) * kPage, kPage));  // at the end of a mapping none is made
              return 0;
            }));
}

TEST(calls_that_root_alone_gets_as_far_with) {
  COVERS("reboot", "syslog", "pivot_root", "adjtimex");
  char bytes[256] = {};
  reinterpret_cast<uint32_t*>(bytes)[0] = 0x8000;  // ADJ_ADJTIME without what it belongs to
  EXPECT_ERRNO(EINVAL, SYS(adjtimex, bytes));
  if (guest::is_root()) {
    EXPECT_ERRNO(EINVAL, SYS(reboot, 1, 2, 0, nullptr));
    EXPECT_ERRNO(EINVAL, SYS(reboot, 0xfee1dead, 672274793, 0x77777777, nullptr));
    EXPECT_ERRNO(EINVAL, SYS(syslog, 77, nullptr, 0));
    EXPECT_ERRNO(EINVAL, SYS(syslog, 3, nullptr, 10));
    EXPECT_ERRNO(EFAULT, SYS(syslog, 3, reinterpret_cast<void*>(-4096L), 10));
    EXPECT_GT(SYS(syslog, 10, nullptr, 0), 0);
  }
  if (!guest::is_root()) return;
  EXPECT_EQ(0, guest::in_child([] {
              if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
                return 1;
              EXPECT_ERRNO(EBUSY, SYS(pivot_root, "/", "/"));
              return 0;
            }));
}

TEST(programs_that_cannot_be_loaded) {
  COVERS("execve", "execveat");
  guest::TempDir dir;
  const char* arguments[] = {"x", nullptr};
  const auto each = [&](int expected, const char* path) {
    EXPECT_ERRNO(expected, SYS(execve, path, arguments, nullptr));
    EXPECT_ERRNO(expected, SYS(execveat, AT_FDCWD, path, arguments, nullptr, 0));
  };
  close(guest::make_file(dir / "text", "no program", 0755));
  each(ENOEXEC, dir / "text");
  char script[300];
  snprintf(script, sizeof script, "#!%s\n", dir.path());
  close(guest::make_file(dir / "script", script, 0755));
  each(EACCES, dir / "script");  // its interpreter is a directory
  close(guest::make_file(dir / "plain", "#!/bin/sh\n", 0644));
  each(EACCES, dir / "plain");
  // As the smallest program, and one that names two interpreters.
  struct {
    Elf64_Ehdr header;
    Elf64_Phdr programs[3];
    char name[8];
  } file{};
  memcpy(file.header.e_ident, ELFMAG, SELFMAG);
  file.header.e_ident[EI_CLASS] = ELFCLASS64, file.header.e_ident[EI_DATA] = ELFDATA2LSB;
  file.header.e_ident[EI_VERSION] = EV_CURRENT;
  file.header.e_type = ET_EXEC, file.header.e_machine = EM_X86_64, file.header.e_version = EV_CURRENT;
  file.header.e_phoff = sizeof(Elf64_Ehdr), file.header.e_ehsize = sizeof(Elf64_Ehdr);
  file.header.e_phentsize = sizeof(Elf64_Phdr), file.header.e_phnum = 3;
  for (int i = 0; i < 2; ++i) {
    file.programs[i].p_type = PT_INTERP, file.programs[i].p_offset = offsetof(decltype(file), name);
    file.programs[i].p_filesz = 5;
  }
  memcpy(file.name, "/tmp", 5);
  file.programs[2].p_type = PT_LOAD, file.programs[2].p_vaddr = 0x400000;
  int fd = open(dir / "elf", O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
  write(fd, &file, sizeof file);
  close(fd);
  each(EACCES, dir / "elf");  // the interpreter is a directory
  file.header.e_machine = EM_ARM;
  fd = open(dir / "arm", O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
  write(fd, &file, sizeof file);
  close(fd);
  each(ENOEXEC, dir / "arm");
  static char huge[140000];
  memset(huge, 'x', sizeof huge - 1);
  const char* many[] = {"x", huge, nullptr};
  EXPECT_ERRNO(E2BIG, SYS(execve, "/bin/true", many, nullptr));
  EXPECT_ERRNO(E2BIG, SYS(execveat, AT_FDCWD, "/bin/true", many, nullptr, 0));
}

GUEST_TEST_MAIN
