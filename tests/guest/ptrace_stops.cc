// ptrace(2): events, seizing, group stops, calls, registers, signals on their way, and who waits for whom.
#include "tests/guest/tracee.h"

using namespace ptrace_test;

namespace {

unsigned long message_of(pid_t child) {
  unsigned long message = 0;
  pt(PTRACE_GETEVENTMSG, child, 0, &message);
  return message;
}

long field(pid_t pid, const char* name) {
  char path[64], text[8192];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  if (guest::slurp(path, text, sizeof text) < 0) return -1;
  const char* at = strstr(text, name);
  return at == nullptr ? -1 : atol(at + strlen(name));
}

}  // namespace

TEST(fork_and_exit_are_events) {
  COVERS("ptrace", "fork");
  pid_t child = traced(PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXIT, [] {
    pid_t grandchild = fork();
    if (grandchild == 0) _exit(5);
    int status = 0;
    waitpid(grandchild, &status, 0);
    return WEXITSTATUS(status) == 5 ? 7 : 1;
  });
  ASSERT_TRUE(child > 0);
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_FORK)));
  const pid_t grandchild = static_cast<pid_t>(message_of(child));
  EXPECT_TRUE(stopped_by(wait_for(grandchild), SIGSTOP));
  EXPECT_EQ(getpid(), field(grandchild, "TracerPid:"));
  EXPECT_EQ('t', guest::state_of(grandchild));
  EXPECT_OK(pt(PTRACE_CONT, grandchild));
  EXPECT_TRUE(stopped_by(wait_for(grandchild), event(PTRACE_EVENT_EXIT)));
  EXPECT_EQ(5ul << 8, message_of(grandchild));
  EXPECT_OK(pt(PTRACE_CONT, grandchild));
  EXPECT_EQ(5 << 8, wait_for(grandchild));  // the tracer first, then the parent
  // The child's wait takes no signal that it handles, so the next stop is the one for SIGCHLD.
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), SIGCHLD));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_EXIT)));
  EXPECT_EQ(7ul << 8, message_of(child));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_EQ(7 << 8, wait_for(child));
}

TEST(vfork_and_its_end_are_events) {
  COVERS("ptrace", "vfork");
  pid_t child = traced(PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE, [] {
    pid_t grandchild = vfork();
    if (grandchild == 0) _exit(0);
    return 0;
  });
  ASSERT_TRUE(child > 0);
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_VFORK)));
  const pid_t grandchild = static_cast<pid_t>(message_of(child));
  EXPECT_TRUE(stopped_by(wait_for(grandchild), SIGSTOP));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_OK(pt(PTRACE_CONT, grandchild));
  EXPECT_EQ(0, wait_for(grandchild));
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_VFORK_DONE)));
  EXPECT_EQ(grandchild, static_cast<pid_t>(message_of(child)));
  EXPECT_OK(pt(PTRACE_DETACH, child));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(threads_are_traced_and_waited_for) {
  COVERS("ptrace", "clone", "wait4");
  pid_t child = traced(PTRACE_O_TRACECLONE, [] {
    pthread_t thread;
    pthread_create(
        &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
    pthread_join(thread, nullptr);
    return 0;
  });
  ASSERT_TRUE(child > 0);
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_CLONE)));
  const pid_t thread = static_cast<pid_t>(message_of(child));
  EXPECT_TRUE(stopped_by(wait_for(thread), SIGSTOP));
  EXPECT_OK(pt(PTRACE_CONT, thread));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_EQ(0, wait_for(thread));
  EXPECT_EQ(0, wait_for(child));
}

TEST(exec_is_an_event_or_a_trap) {
  COVERS("ptrace", "execve");
  pid_t child = traced(PTRACE_O_TRACEEXEC, [] { return execl("/bin/true", "true", nullptr); });
  ASSERT_TRUE(child > 0);
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_EXEC)));
  EXPECT_EQ(child, static_cast<pid_t>(message_of(child)));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_EQ(0, wait_for(child));
  child = traced(0, [] { return execl("/bin/true", "true", nullptr); });
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), SIGTRAP));
  siginfo_t info{};
  EXPECT_OK(pt(PTRACE_GETSIGINFO, child, 0, &info));
  EXPECT_EQ(SI_USER, info.si_code);
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_EQ(0, wait_for(child));
}

TEST(seize_interrupt_and_go_on) {
  COVERS("ptrace");
  pid_t child = guest::spawn([] {
    timespec long_time{100, 0};
    return nanosleep(&long_time, nullptr) == -1 && errno == EINTR ? 3 : 4;
  });
  ASSERT_TRUE(guest::falls_asleep(child));
  EXPECT_ERRNO(EIO, pt(PTRACE_SEIZE, child, 1, 0));
  EXPECT_ERRNO(EIO, pt(PTRACE_SEIZE, child, 0, 1 << 30));
  ASSERT_OK(pt(PTRACE_SEIZE, child, 0, PTRACE_O_TRACESYSGOOD));
  EXPECT_ERRNO(EPERM, pt(PTRACE_SEIZE, child));
  EXPECT_ERRNO(ESRCH, pt(PTRACE_CONT, child));  // it runs
  EXPECT_OK(pt(PTRACE_INTERRUPT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_STOP)));
  siginfo_t info{};
  EXPECT_OK(pt(PTRACE_GETSIGINFO, child, 0, &info));
  EXPECT_EQ(event(PTRACE_EVENT_STOP), info.si_code);
  EXPECT_ERRNO(EIO, pt(PTRACE_CONT, child, 0, 100));
  EXPECT_OK(pt(PTRACE_CONT, child));
  ASSERT_TRUE(guest::falls_asleep(child));  // the call was restarted
  kill(child, SIGTERM);
  EXPECT_TRUE(stopped_by(wait_for(child), SIGTERM));
  EXPECT_OK(pt(PTRACE_CONT, child, 0, SIGTERM));
  EXPECT_EQ(SIGTERM, wait_for(child));
}

TEST(an_attached_task_knows_no_interrupt) {
  COVERS("ptrace");
  pid_t child = traced(0, [] { return 0; });
  EXPECT_ERRNO(EIO, pt(PTRACE_INTERRUPT, child));
  EXPECT_ERRNO(EIO, pt(PTRACE_LISTEN, child));
  EXPECT_ERRNO(EIO, pt(12345, child));
  EXPECT_ERRNO(EINVAL, pt(PTRACE_SETOPTIONS, child, 0, 1 << 30));
  EXPECT_OK(pt(PTRACE_KILL, child));
  EXPECT_EQ(SIGKILL, wait_for(child));
}

TEST(a_seized_group_stop_listens) {
  COVERS("ptrace");
  pid_t child = guest::spawn([] {
    for (;;) pause();
    return 0;
  });
  ASSERT_OK(pt(PTRACE_SEIZE, child));
  kill(child, SIGSTOP);
  EXPECT_TRUE(stopped_by(wait_for(child), SIGSTOP));  // on its way
  EXPECT_OK(pt(PTRACE_CONT, child, 0, SIGSTOP));
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_STOP, SIGSTOP)));
  EXPECT_OK(pt(PTRACE_LISTEN, child));
  int status;
  EXPECT_EQ(0, waitpid(child, &status, WNOHANG | __WALL));
  EXPECT_ERRNO(ESRCH, pt(PTRACE_CONT, child));
  kill(child, SIGCONT);
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_STOP)));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), SIGCONT));
  EXPECT_OK(pt(PTRACE_CONT, child, 0, SIGCONT));
  kill(child, SIGKILL);
  EXPECT_EQ(SIGKILL, wait_for(child));
}

TEST(an_attached_group_stop_has_no_siginfo) {
  COVERS("ptrace");
  pid_t child = traced(0, [] { return 9; });
  EXPECT_OK(pt(PTRACE_CONT, child, 0, SIGSTOP));
  EXPECT_TRUE(stopped_by(wait_for(child), SIGSTOP));
  siginfo_t info;
  EXPECT_ERRNO(EINVAL, pt(PTRACE_GETSIGINFO, child, 0, &info));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_EQ(9 << 8, wait_for(child));
}

TEST(signals_on_their_way_are_seen_and_changed) {
  COVERS("ptrace");
  pid_t child = traced(0, [] {
    static volatile int met = 0, value = 0;
    guest::handle(SIGUSR2, [](int, siginfo_t* info, void*) {
      met = 2;
      value = info->si_value.sival_int;
    });
    signal(SIGWINCH, SIG_IGN);
    raise(SIGWINCH);  // ignored, and yet told
    sigval v;
    v.sival_int = 11;
    sigqueue(getpid(), SIGUSR2, v);
    return met * 100 + value;
  });
  ASSERT_TRUE(child > 0);
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), SIGWINCH));
  EXPECT_OK(pt(PTRACE_CONT, child, 0, SIGWINCH));
  EXPECT_TRUE(stopped_by(wait_for(child), SIGUSR2));
  siginfo_t info{};
  EXPECT_OK(pt(PTRACE_GETSIGINFO, child, 0, &info));
  EXPECT_EQ(11, info.si_value.sival_int);
  EXPECT_EQ(SI_QUEUE, info.si_code);
  info.si_value.sival_int = 22;
  EXPECT_OK(pt(PTRACE_SETSIGINFO, child, 0, &info));
  EXPECT_ERRNO(EFAULT, pt(PTRACE_SETSIGINFO, child, 0, guest::bad_pointer()));
  EXPECT_OK(pt(PTRACE_CONT, child, 0, SIGUSR2));
  EXPECT_EQ(222 << 8, wait_for(child));
}

TEST(pending_signals_and_masks) {
  COVERS("ptrace");
  pid_t child = traced(0, [] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    kill(getpid(), SIGUSR1);
    raise(SIGUSR2);
    raise(SIGSTOP);
    sigprocmask(SIG_SETMASK, nullptr, &set);
    return sigismember(&set, SIGUSR1) == 1 && sigismember(&set, SIGHUP) == 1 ? 0 : 1;
  });
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), SIGSTOP));
  unsigned long mask = 0;
  EXPECT_OK(pt(PTRACE_GETSIGMASK, child, 8, &mask));
  EXPECT_EQ((1ul << (SIGUSR1 - 1)) | (1ul << (SIGUSR2 - 1)), mask);
  EXPECT_ERRNO(EINVAL, pt(PTRACE_GETSIGMASK, child, 16, &mask));
  ptrace_peeksiginfo_args args{0, 0, 4};
  siginfo_t infos[4] = {};
  EXPECT_EQ(1, pt(PTRACE_PEEKSIGINFO, child, reinterpret_cast<long>(&args), infos));
  EXPECT_EQ(SIGUSR2, infos[0].si_signo);
  args.flags = PTRACE_PEEKSIGINFO_SHARED;
  EXPECT_EQ(1, pt(PTRACE_PEEKSIGINFO, child, reinterpret_cast<long>(&args), infos));
  EXPECT_EQ(SIGUSR1, infos[0].si_signo);
  args.off = 1;
  EXPECT_EQ(0, pt(PTRACE_PEEKSIGINFO, child, reinterpret_cast<long>(&args), infos));
  args.flags = 8;
  EXPECT_ERRNO(EINVAL, pt(PTRACE_PEEKSIGINFO, child, reinterpret_cast<long>(&args), infos));
  mask |= 1ul << (SIGHUP - 1);
  EXPECT_OK(pt(PTRACE_SETSIGMASK, child, 8, &mask));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_EQ(0, wait_for(child));
}

TEST(syscall_info_tells_of_each_stop) {
  COVERS("ptrace");
  pid_t child = traced(PTRACE_O_TRACESYSGOOD, [] {
    syscall(SYS_lseek, -1, 22, 33);
    return 0;
  });
  ptrace_syscall_info info{};
  const long none = static_cast<long>(offsetof(ptrace_syscall_info, entry));
  EXPECT_EQ(none, pt(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info));
  EXPECT_EQ(PTRACE_SYSCALL_INFO_NONE, info.op);
  EXPECT_EQ(static_cast<unsigned>(AUDIT_ARCH_X86_64), info.arch);
  bool seen = false;
  while (pt(PTRACE_SYSCALL, child) == 0) {
    if (!stopped_by(wait_for(child), SIGTRAP | 0x80)) break;
    memset(&info, 0, sizeof info);
    EXPECT_EQ(none + 56, pt(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info));
    EXPECT_EQ(PTRACE_SYSCALL_INFO_ENTRY, info.op);
    EXPECT_EQ(1ul, message_of(child));
    const bool is_lseek = info.entry.nr == SYS_lseek;
    if (is_lseek) {
      seen = true;
      EXPECT_EQ(33u, info.entry.args[2]);
      user_regs_struct regs{};
      EXPECT_OK(pt(PTRACE_GETREGS, child, 0, &regs));
      EXPECT_EQ(-ENOSYS, static_cast<long>(regs.rax));
      EXPECT_EQ(SYS_lseek, static_cast<long>(regs.orig_rax));
    }
    pt(PTRACE_SYSCALL, child);
    if (!stopped_by(wait_for(child), SIGTRAP | 0x80)) break;
    EXPECT_EQ(none + 9, pt(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info));
    EXPECT_EQ(PTRACE_SYSCALL_INFO_EXIT, info.op);
    EXPECT_EQ(2ul, message_of(child));
    if (is_lseek) EXPECT_EQ(-EBADF, info.exit.rval);
    if (is_lseek) EXPECT_EQ(1, info.exit.is_error);
  }
  EXPECT_TRUE(seen);
}

TEST(a_tracer_changes_a_call_or_skips_it) {
  COVERS("ptrace");
  pid_t child = traced(PTRACE_O_TRACESYSGOOD, [] {
    if (syscall(SYS_lseek, 1, 2, 3) != getpid()) return 1;
    if (syscall(SYS_lseek, 4, 5, 6) != 777) return 2;
    return 0;
  });
  user_regs_struct regs{};
  int status = 0, met = 0;
  while (pt(PTRACE_SYSCALL, child) == 0 && stopped_by(status = wait_for(child), SIGTRAP | 0x80)) {
    pt(PTRACE_GETREGS, child, 0, &regs);
    if (static_cast<long>(regs.rax) != -ENOSYS) continue;
    if (regs.orig_rax != SYS_lseek) continue;
    regs.orig_rax = met == 0 ? static_cast<unsigned long>(SYS_getpid) : ~0ul;
    if (met == 1) regs.rax = 777;
    ++met;
    EXPECT_OK(pt(PTRACE_SETREGS, child, 0, &regs));
    pt(PTRACE_SYSCALL, child);
    wait_for(child);
  }
  EXPECT_EQ(2, met);
  EXPECT_EQ(0, status);
}

TEST(sysemu_leaves_the_call_to_the_tracer) {
  COVERS("ptrace");
  pid_t child = traced(0, [] { return syscall(SYS_getppid) == 4321 ? 0 : 1; });
  user_regs_struct regs{};
  EXPECT_OK(pt(31 /* PTRACE_SYSEMU */, child));
  EXPECT_TRUE(stopped_by(wait_for(child), SIGTRAP));
  pt(PTRACE_GETREGS, child, 0, &regs);
  // raise() may still have calls to make: carry those out by going back to them.
  while (regs.orig_rax != SYS_getppid) {
    regs.rip -= 2;
    regs.rax = regs.orig_rax;
    pt(PTRACE_SETREGS, child, 0, &regs);
    pt(PTRACE_SYSCALL, child), wait_for(child);
    pt(PTRACE_SYSCALL, child), wait_for(child);
    pt(31, child), wait_for(child);
    if (pt(PTRACE_GETREGS, child, 0, &regs) != 0) break;
  }
  regs.rax = 4321;
  EXPECT_OK(pt(PTRACE_SETREGS, child, 0, &regs));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_EQ(0, wait_for(child));
}

TEST(waitid_tells_of_traps) {
  COVERS("ptrace", "waitid");
  pid_t child = traced(PTRACE_O_TRACEEXIT, [] { return 0; });
  EXPECT_OK(pt(PTRACE_CONT, child));
  siginfo_t info{};
  EXPECT_OK(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT));
  EXPECT_EQ(CLD_TRAPPED, info.si_code);
  EXPECT_EQ(event(PTRACE_EVENT_EXIT), info.si_status);
  EXPECT_OK(waitid(P_PID, static_cast<id_t>(child), &info, WSTOPPED));
  EXPECT_EQ(CLD_TRAPPED, info.si_code);
  int status;
  EXPECT_EQ(0, waitpid(child, &status, WNOHANG));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_EQ(0, wait_for(child));
}

TEST(seccomp_asks_the_tracer) {
  COVERS("ptrace", "seccomp");
  pid_t child = traced(PTRACE_O_TRACESECCOMP, [] {
    sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 88),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    sock_fprog program{4, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return 1;
    if (syscall(SYS_getppid) != 999) return 2;
    return syscall(SYS_getppid) > 0 ? 0 : 3;
  });
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_SECCOMP)));
  EXPECT_EQ(88ul, message_of(child));
  ptrace_syscall_info info{};
  pt(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
  EXPECT_EQ(PTRACE_SYSCALL_INFO_SECCOMP, info.op);
  EXPECT_EQ(88u, info.seccomp.ret_data);
  EXPECT_OK(pt(PTRACE_POKEUSR, child, offsetof(user, regs.orig_rax), -1));
  EXPECT_OK(pt(PTRACE_POKEUSR, child, offsetof(user, regs.rax), 999));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_TRUE(stopped_by(wait_for(child), event(PTRACE_EVENT_SECCOMP)));
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_EQ(0, wait_for(child));
}

TEST(a_detached_task_goes_on_with_a_signal) {
  COVERS("ptrace");
  pid_t child = traced(0, [] {
    pause();
    return 0;
  });
  EXPECT_ERRNO(EIO, pt(PTRACE_DETACH, child, 0, 100));
  EXPECT_OK(pt(PTRACE_DETACH, child, 0, 0));
  ASSERT_TRUE(guest::falls_asleep(child));
  EXPECT_EQ(0, field(child, "TracerPid:"));
  EXPECT_ERRNO(ESRCH, pt(PTRACE_DETACH, child));
  kill(child, SIGTERM);
  EXPECT_EQ(SIGTERM, wait_for(child));
}

TEST(a_tracer_that_ends_lets_go_or_kills) {
  COVERS("ptrace");
  int gate[2];
  ASSERT_OK(pipe(gate));
  for (long options : {0L, static_cast<long>(PTRACE_O_EXITKILL)}) {
    pid_t target = guest::spawn([] { return pause(); });
    guest::in_child([&] {
      if (pt(PTRACE_SEIZE, target, 0, options) != 0) return 1;
      pt(PTRACE_INTERRUPT, target);
      wait_for(target);
      return 0;
    });
    if (options == 0) {
      EXPECT_TRUE(guest::falls_asleep(target));
      EXPECT_EQ(0, field(target, "TracerPid:"));
      kill(target, SIGINT);
    }
    EXPECT_EQ(options == 0 ? SIGINT : SIGKILL, wait_for(target));
  }
}

TEST(another_process_is_waited_for_by_its_tracer_and_then_by_its_parent) {
  COVERS("ptrace", "wait4");
  int gate[2];
  ASSERT_OK(pipe(gate));
  pid_t target = guest::spawn([&] {
    char byte;
    read(gate[0], &byte, 1);
    return 12;
  });
  EXPECT_EQ(0, WEXITSTATUS(guest::in_child([&] {
              if (pt(PTRACE_SEIZE, target) != 0) return 1;
              write(gate[1], "g", 1);
              return wait_for(target) == 12 << 8 ? 0 : 2;
            })));
  EXPECT_EQ(12 << 8, wait_for(target));
}

TEST(access_is_checked) {
  COVERS("ptrace");
  EXPECT_ERRNO(ESRCH, pt(PTRACE_ATTACH, 4000000));
  EXPECT_ERRNO(ESRCH, pt(PTRACE_ATTACH, -1));
  EXPECT_EQ(0, WEXITSTATUS(guest::in_child([] {
              if (pt(PTRACE_TRACEME, 0) != 0) return 1;
              return pt(PTRACE_TRACEME, 0) == -1 && errno == EPERM ? 0 : 2;
            })));
  if (!guest::is_root()) SKIP("two users need root");
  pid_t child = guest::spawn([] { return pause(); });
  EXPECT_EQ(0, WEXITSTATUS(guest::in_child([&] {
              if (setuid(12345) != 0) return 1;
              return pt(PTRACE_ATTACH, child) == -1 && errno == EPERM ? 0 : 2;
            })));
  kill(child, SIGKILL);
  wait_for(child);
}

GUEST_TEST_MAIN
