// signal(7): rt_sigaction(2), rt_sigprocmask(2), kill(2), tgkill(2), rt_sigqueueinfo(2), rt_sigtimedwait(2), pause(2).
#include "tests/guest/guest_test.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>

namespace {
volatile sig_atomic_t hits;
volatile int order[64];
volatile int order_length;

void count(int) { hits = hits + 1; }
void note(int number) { order[order_length++] = number; }

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (int number : numbers) sigaddset(&set, number);
  return set;
}
}  // namespace

TEST(a_handler_runs_before_kill_returns) {
  COVERS("rt_sigaction", "kill", "rt_sigreturn");
  hits = 0;
  guest::handle(SIGUSR1, count);
  EXPECT_OK(SYS(kill, getpid(), SIGUSR1));
  EXPECT_EQ(1, hits);
  EXPECT_OK(SYS(tgkill, getpid(), gettid(), SIGUSR1));
  EXPECT_EQ(2, hits);
}

TEST(sigaction_tells_the_old_action) {
  COVERS("rt_sigaction");
  struct sigaction action, old;
  memset(&action, 0, sizeof action);
  action.sa_handler = count;
  action.sa_flags = SA_RESTART | SA_NODEFER;
  sigaddset(&action.sa_mask, SIGTERM);
  ASSERT_OK(sigaction(SIGUSR1, &action, nullptr));
  ASSERT_OK(sigaction(SIGUSR1, nullptr, &old));
  EXPECT_TRUE(old.sa_handler == count);
  EXPECT_EQ(SA_RESTART | SA_NODEFER, old.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO));
  EXPECT_EQ(1, sigismember(&old.sa_mask, SIGTERM));
  EXPECT_EQ(0, sigismember(&old.sa_mask, SIGINT));
}

TEST(sigaction_errors) {
  COVERS("rt_sigaction");
  char action[64] = {};
  EXPECT_ERRNO(EINVAL, SYS(rt_sigaction, SIGKILL, action, nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigaction, SIGSTOP, action, nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigaction, 0, nullptr, nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigaction, 65, nullptr, nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigaction, SIGUSR1, nullptr, nullptr, 16));
  EXPECT_ERRNO(EFAULT, SYS(rt_sigaction, SIGUSR1, guest::bad_pointer(), nullptr, 8));
  EXPECT_ERRNO(EFAULT, SYS(rt_sigaction, SIGUSR1, nullptr, guest::bad_pointer(), 8));
  EXPECT_OK(SYS(rt_sigaction, SIGKILL, nullptr, action, 8));
}

TEST(blocked_signals_wait_and_unblocking_delivers) {
  COVERS("rt_sigprocmask", "rt_sigpending");
  hits = 0;
  guest::handle(SIGUSR1, count);
  sigset_t mask = set_of({SIGUSR1}), pending, old;
  EXPECT_OK(SYS(rt_sigprocmask, SIG_BLOCK, &mask, &old, 8));
  raise(SIGUSR1);
  raise(SIGUSR1);
  EXPECT_EQ(0, hits);
  memset(&pending, 0, sizeof pending);
  EXPECT_OK(SYS(rt_sigpending, &pending, 8));
  EXPECT_EQ(1, sigismember(&pending, SIGUSR1));
  EXPECT_OK(SYS(rt_sigprocmask, SIG_UNBLOCK, &mask, nullptr, 8));
  EXPECT_EQ(1, hits);  // a standard signal is not queued twice
}

TEST(sigprocmask_errors_and_kill_cannot_be_blocked) {
  COVERS("rt_sigprocmask", "rt_sigpending");
  sigset_t mask, now;
  sigfillset(&mask);
  EXPECT_OK(SYS(rt_sigprocmask, SIG_SETMASK, &mask, nullptr, 8));
  memset(&now, 0, sizeof now);
  EXPECT_OK(SYS(rt_sigprocmask, SIG_BLOCK, nullptr, &now, 8));
  EXPECT_EQ(0, sigismember(&now, SIGKILL));
  EXPECT_EQ(0, sigismember(&now, SIGSTOP));
  EXPECT_EQ(1, sigismember(&now, SIGTERM));
  sigemptyset(&mask);
  EXPECT_OK(SYS(rt_sigprocmask, SIG_SETMASK, &mask, nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigprocmask, 9, &mask, nullptr, 8));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigprocmask, SIG_BLOCK, &mask, nullptr, 4));
  EXPECT_ERRNO(EFAULT, SYS(rt_sigprocmask, SIG_BLOCK, guest::bad_pointer(), nullptr, 8));
  EXPECT_ERRNO(EFAULT, SYS(rt_sigprocmask, SIG_BLOCK, nullptr, guest::bad_pointer(), 8));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigpending, &mask, 16));
  EXPECT_ERRNO(EFAULT, SYS(rt_sigpending, guest::bad_pointer(), 8));
}

TEST(a_signal_is_blocked_in_its_own_handler) {
  COVERS("rt_sigaction");
  static volatile int depth, deepest;
  depth = deepest = 0;
  auto recurse = [](int number) {
    depth = depth + 1;
    if (depth > deepest) deepest = depth;
    if (deepest < 3 && hits++ < 1) raise(number);
    depth = depth - 1;
  };
  hits = 0;
  guest::handle(SIGUSR1, +recurse);
  raise(SIGUSR1);
  EXPECT_EQ(1, deepest);
  hits = 0;
  guest::handle(SIGUSR1, +recurse, SA_NODEFER);
  raise(SIGUSR1);
  EXPECT_EQ(2, deepest);
}

TEST(the_mask_of_the_action_holds_during_the_handler) {
  COVERS("rt_sigaction", "rt_sigreturn");
  order_length = 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = [](int number) {
    raise(SIGUSR2);
    note(number);
  };
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaction(SIGUSR1, &action, nullptr);
  guest::handle(SIGUSR2, note);
  raise(SIGUSR1);
  EXPECT_EQ(2, order_length);
  EXPECT_EQ(SIGUSR1, order[0]);
  EXPECT_EQ(SIGUSR2, order[1]);
}

TEST(resethand_runs_once) {
  COVERS("rt_sigaction");
  EXPECT_EQ(SIGUSR1, guest::signal_of([] {
              guest::handle(SIGUSR1, count, SA_RESETHAND);
              raise(SIGUSR1);
              raise(SIGUSR1);
            }));
}

TEST(siginfo_of_kill_names_the_sender) {
  COVERS("kill", "tgkill", "tkill");
  static volatile int code, pid, uid;
  guest::handle(SIGUSR1, [](int, siginfo_t* info, void*) {
    code = info->si_code;
    pid = info->si_pid;
    uid = info->si_uid;
  });
  kill(getpid(), SIGUSR1);
  EXPECT_EQ(SI_USER, code);
  EXPECT_EQ(getpid(), pid);
  EXPECT_EQ(getuid(), uid);
  SYS(tgkill, getpid(), gettid(), SIGUSR1);
  EXPECT_EQ(SI_TKILL, code);
  code = 0;
  SYS(tkill, gettid(), SIGUSR1);
  EXPECT_EQ(SI_TKILL, code);
}

TEST(kill_errors) {
  COVERS("kill", "tgkill", "tkill");
  EXPECT_ERRNO(EINVAL, SYS(kill, getpid(), 65));
  EXPECT_ERRNO(EINVAL, SYS(kill, getpid(), -1));
  EXPECT_OK(SYS(kill, getpid(), 0));
  EXPECT_ERRNO(ESRCH, SYS(kill, 4000000, 0));
  EXPECT_ERRNO(ESRCH, SYS(kill, -4000000, 0));
  EXPECT_ERRNO(ESRCH, SYS(tgkill, getpid(), 4000000, 0));
  EXPECT_ERRNO(EINVAL, SYS(tgkill, getpid(), 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(tkill, -1, 0));
  EXPECT_ERRNO(ESRCH, SYS(tkill, 4000000, 0));
}

TEST(another_users_process_is_eperm) {
  COVERS("kill");
  if (!guest::is_root()) SKIP("needs two identities");
  pid_t other = guest::spawn([] { return pause(); });
  EXPECT_EQ(0, guest::in_child([&] {
              if (setresuid(65534, 65534, 65534) != 0) return 1;
              return kill(other, SIGTERM) == -1 && errno == EPERM ? 0 : 2;
            }));
  kill(other, SIGKILL);
  guest::reap(other);
}

TEST(queued_values_arrive_in_order) {
  COVERS("rt_sigqueueinfo", "rt_sigprocmask");
  order_length = 0;
  int number = SIGRTMIN + 3;
  guest::handle(number, [](int, siginfo_t* info, void*) {
    order[order_length++] = info->si_code == SI_QUEUE ? info->si_value.sival_int : -1;
  });
  sigset_t mask = set_of({number});
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  for (int i = 1; i <= 3; ++i) EXPECT_OK(sigqueue(getpid(), number, sigval{.sival_int = i}));
  sigprocmask(SIG_UNBLOCK, &mask, nullptr);
  EXPECT_EQ(3, order_length);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(i + 1, order[i]);
}

TEST(lower_numbers_come_first) {
  COVERS("rt_sigprocmask");
  order_length = 0;
  int low = SIGRTMIN + 1, high = SIGRTMIN + 5;
  guest::handle(low, note);
  guest::handle(high, note);
  guest::handle(SIGUSR1, note);
  sigset_t mask = set_of({low, high, SIGUSR1});
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  raise(high);
  raise(low);
  raise(SIGUSR1);
  // All are taken at once and each frame is set upon the last: the highest runs first, unless masked.
  int first = sigtimedwait(&mask, nullptr, nullptr);
  EXPECT_EQ(SIGUSR1, first);
  EXPECT_EQ(low, sigwaitinfo(&mask, nullptr));
  EXPECT_EQ(high, sigwaitinfo(&mask, nullptr));
}

TEST(a_forged_code_to_another_process_is_eperm) {
  COVERS("rt_sigqueueinfo", "rt_tgsigqueueinfo");
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_code = SI_USER;
  EXPECT_ERRNO(EPERM, SYS(rt_sigqueueinfo, getppid(), 0, &info));
  info.si_code = SI_QUEUE;
  hits = 0;
  guest::handle(SIGUSR1, count);
  EXPECT_OK(SYS(rt_sigqueueinfo, getpid(), SIGUSR1, &info));
  EXPECT_OK(SYS(rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, &info));
  EXPECT_EQ(2, hits);
  EXPECT_ERRNO(EFAULT, SYS(rt_sigqueueinfo, getpid(), SIGUSR1, guest::bad_pointer()));
  EXPECT_ERRNO(ESRCH, SYS(rt_sigqueueinfo, 4000000, SIGUSR1, &info));
  EXPECT_ERRNO(EINVAL, SYS(rt_tgsigqueueinfo, 0, gettid(), SIGUSR1, &info));
}

TEST(sigtimedwait_takes_a_pending_signal) {
  COVERS("rt_sigtimedwait");
  sigset_t mask = set_of({SIGUSR1, SIGUSR2});
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  raise(SIGUSR2);
  siginfo_t info;
  EXPECT_EQ(SIGUSR2, SYS(rt_sigtimedwait, &mask, &info, nullptr, 8));
  EXPECT_EQ(SIGUSR2, info.si_signo);
  timespec none{0, 0}, bad{0, 1000000000}, little{0, 5000000};
  EXPECT_ERRNO(EAGAIN, SYS(rt_sigtimedwait, &mask, &info, &none, 8));
  EXPECT_ERRNO(EAGAIN, SYS(rt_sigtimedwait, &mask, &info, &little, 8));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigtimedwait, &mask, &info, &bad, 8));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigtimedwait, &mask, &info, &none, 4));
  EXPECT_ERRNO(EFAULT, SYS(rt_sigtimedwait, guest::bad_pointer(), &info, &none, 8));
}

TEST(sigtimedwait_is_interrupted_by_another_handler) {
  COVERS("rt_sigtimedwait");
  sigset_t mask = set_of({SIGUSR1});
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  guest::handle(SIGALRM, count, SA_RESTART);
  itimerval timer{{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  EXPECT_ERRNO(EINTR, SYS(rt_sigtimedwait, &mask, nullptr, nullptr, 8));
}

TEST(sigsuspend_swaps_the_mask_and_puts_it_back) {
  COVERS("rt_sigsuspend");
  hits = 0;
  guest::handle(SIGUSR1, count);
  sigset_t mask = set_of({SIGUSR1}), empty, now;
  sigemptyset(&empty);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  raise(SIGUSR1);
  EXPECT_ERRNO(EINTR, SYS(rt_sigsuspend, &empty, 8));
  EXPECT_EQ(1, hits);
  sigprocmask(SIG_BLOCK, nullptr, &now);
  EXPECT_EQ(1, sigismember(&now, SIGUSR1));
  EXPECT_ERRNO(EINVAL, SYS(rt_sigsuspend, &empty, 7));
  EXPECT_ERRNO(EFAULT, SYS(rt_sigsuspend, guest::bad_pointer(), 8));
}

TEST(pause_ends_with_a_handler) {
  COVERS("pause", "alarm");
  hits = 0;
  guest::handle(SIGALRM, count);
  itimerval timer{{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  EXPECT_ERRNO(EINTR, SYS(pause));
  EXPECT_EQ(1, hits);
}

TEST(default_actions) {
  COVERS("kill");
  for (int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGALRM, SIGPIPE, SIGIO, SIGRTMIN}) {
    EXPECT_EQ(number, guest::signal_of([&] {
                rlimit none{0, 0};
                setrlimit(RLIMIT_CORE, &none);
                signal(number, SIG_DFL);
                raise(number);
              }));
  }
  for (int number : {SIGCHLD, SIGURG, SIGWINCH, SIGCONT}) {
    EXPECT_EQ(0, guest::signal_of([&] {
                signal(number, SIG_DFL);
                raise(number);
              }));
  }
}

TEST(an_ignored_signal_is_dropped_even_if_pending) {
  COVERS("rt_sigaction", "rt_sigpending");
  sigset_t mask = set_of({SIGUSR1}), pending;
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  signal(SIGUSR1, SIG_DFL);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_IGN);
  sigpending(&pending);
  EXPECT_EQ(0, sigismember(&pending, SIGUSR1));
}

TEST(stop_and_continue_discard_each_other) {
  COVERS("kill", "wait4");
  pid_t child = guest::spawn([] {
    sigset_t mask = set_of({SIGTSTP});
    sigprocmask(SIG_BLOCK, &mask, nullptr);
    raise(SIGTSTP);
    raise(SIGCONT);
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGTSTP);
  });
  EXPECT_EQ(0, guest::reap(child));
}

TEST(sigkill_ends_a_stopped_process) {
  COVERS("kill");
  pid_t child = guest::spawn([] { return pause(); });
  int status;
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  kill(child, SIGKILL);
  status = guest::reap(child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

TEST(the_frame_can_change_the_mask_and_registers) {
  COVERS("rt_sigreturn");
  guest::handle(SIGUSR1, [](int, siginfo_t*, void* context) {
    auto* frame = static_cast<ucontext_t*>(context);
    sigaddset(&frame->uc_sigmask, SIGUSR2);
    frame->uc_mcontext.gregs[REG_RBX] = 0x1234567;
  });
  long rbx = 0;
  long number = SYS_kill, self = getpid(), user1 = SIGUSR1;
  asm volatile("mov $1, %%rbx; syscall; mov %%rbx, %[out]"
               : [out] "=r"(rbx), "+a"(number)
               : "D"(self), "S"(user1)
               : "rbx", "rcx", "r11", "memory");
  EXPECT_EQ(0x1234567, rbx);
  sigset_t now;
  sigprocmask(SIG_BLOCK, nullptr, &now);
  EXPECT_EQ(1, sigismember(&now, SIGUSR2));
}

TEST(longjmp_out_of_a_handler) {
  COVERS("rt_sigprocmask");
  static sigjmp_buf back;
  static volatile int passes;
  passes = 0;
  guest::handle(SIGUSR1, [](int) {
    passes = passes + 1;
    siglongjmp(back, 1);
  });
  sigsetjmp(back, 1);
  if (passes < 3) raise(SIGUSR1);
  EXPECT_EQ(3, passes);
}

TEST(a_process_signal_goes_to_a_thread_that_does_not_block_it) {
  COVERS("kill", "rt_sigprocmask");
  static volatile pid_t taker;
  taker = 0;
  guest::handle(SIGUSR1, [](int) { taker = gettid(); });
  pthread_t thread;
  static volatile pid_t tid;
  static volatile bool done;
  done = false;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        tid = gettid();
        while (!done) usleep(1000);
        return nullptr;
      },
      nullptr);
  sigset_t mask = set_of({SIGUSR1});
  pthread_sigmask(SIG_BLOCK, &mask, nullptr);
  EXPECT_TRUE(guest::eventually([] { return tid != 0; }));
  kill(getpid(), SIGUSR1);
  EXPECT_TRUE(guest::eventually([] { return taker != 0; }));
  EXPECT_EQ(tid, taker);
  done = true;
  pthread_join(thread, nullptr);
}

TEST(thousands_of_handlers_leave_no_trace) {
  COVERS("rt_sigreturn");
  hits = 0;
  guest::handle(SIGUSR1, count);
  for (int i = 0; i < 2000; ++i) raise(SIGUSR1);
  EXPECT_EQ(2000, hits);
}

GUEST_TEST_MAIN
