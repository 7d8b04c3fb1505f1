// Calls that may be answered without the kernel (gate/answers.cc): each is made both ways, from text that can be patched and from memory
// where a `syscall` traps, and must not show which it was. And what changes the answer must be seen at once, by everybody.
#include "tests/guest/guest_test.h"
#include "tests/guest/user_namespace.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <atomic>

namespace {

// A site of our own that no kernel patches: it is in anonymous memory.
long trapping(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  static const auto code = [] {
    static const unsigned char bytes[] = {0x48, 0x89, 0xf8,              // mov %rdi, %rax
                                          0x48, 0x89, 0xf7,              // mov %rsi, %rdi
                                          0x48, 0x89, 0xd6,              // mov %rdx, %rsi
                                          0x48, 0x89, 0xca,              // mov %rcx, %rdx
                                          0x4d, 0x89, 0xc2,              // mov %r8, %r10
                                          0x4d, 0x89, 0xc8,              // mov %r9, %r8
                                          0x4c, 0x8b, 0x4c, 0x24, 0x08,  // mov 8(%rsp), %r9
                                          0x0f, 0x05, 0xc3};             // syscall; ret
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, bytes, sizeof bytes);
    return reinterpret_cast<long (*)(long, long, long, long, long, long, long)>(page);
  }();
  return code(number, a, b, c, d, e, f);
}

long patched(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  const long result = syscall(number, a, b, c, d, e, f);
  return result == -1 ? -errno : result;
}

template <typename T>
long at(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

// The same result and the same bytes, in both orders; twice, so that the site is patched.
template <size_t N>
void same(const char* what, long number, long a, long b, long c, long d, unsigned char (&out)[N]) {
  unsigned char first[N], second[N];
  for (int turn = 0; turn < 3; ++turn) {
    memset(out, 0xa5, N);
    const long slow = trapping(number, a, b, c, d);
    memcpy(first, out, N);
    memset(out, 0xa5, N);
    const long fast = patched(number, a, b, c, d);
    memcpy(second, out, N);
    if (slow != fast || memcmp(first, second, N) != 0) guest::say("%s: %ld, then %ld", what, slow, fast);
    EXPECT_EQ(slow, fast);
    EXPECT_EQ(0, memcmp(first, second, N));
  }
}

uint64_t bit(int signal) { return uint64_t{1} << (signal - 1); }
long mask(int how, const uint64_t* set, uint64_t* old = nullptr) {
  return patched(SYS_rt_sigprocmask, how, at(set), at(old), 8);
}

}  // namespace

TEST(both_ways_say_the_same) {
  COVERS("clock_getres", "uname", "sched_getaffinity", "getrlimit", "prlimit64", "sigaltstack", "rt_sigaction",
         "rt_sigprocmask");
  static unsigned char out[512];
  for (long clock = -1; clock < 20; ++clock) {
    same("clock_getres", SYS_clock_getres, clock, at(out), 0, 0, out);
    same("clock_getres", SYS_clock_getres, clock, 0, 0, 0, out);
  }
  same("uname", SYS_uname, at(out), 0, 0, 0, out);
  for (const long size : {0, 4, 7, 8, 12, 16, 128, 512}) {
    for (const long pid : {0l, long{getpid()}, SYS(gettid), 1l << 32})
      same("sched_getaffinity", SYS_sched_getaffinity, pid, size, at(out), 0, out);
  }
  for (long resource = -1; resource < 18; ++resource) {
    same("getrlimit", SYS_getrlimit, resource, at(out), 0, 0, out);
    for (const long pid : {0l, long{getpid()}}) same("prlimit64", SYS_prlimit64, pid, resource, 0, at(out), out);
    same("prlimit64", SYS_prlimit64, 0, resource, 0, 0, out);
  }
  same("sigaltstack", SYS_sigaltstack, 0, at(out), 0, 0, out);
  stack_t stack = {};
  static char memory[65536];
  stack.ss_sp = memory, stack.ss_size = sizeof memory;
  ASSERT_OK(sigaltstack(&stack, nullptr));
  same("sigaltstack", SYS_sigaltstack, 0, at(out), 0, 0, out);
  stack.ss_flags = static_cast<int>(1u << 31);  // SS_AUTODISARM
  ASSERT_OK(sigaltstack(&stack, nullptr));
  same("sigaltstack", SYS_sigaltstack, 0, at(out), 0, 0, out);
  stack.ss_flags = SS_DISABLE;
  ASSERT_OK(sigaltstack(&stack, nullptr));
  same("sigaltstack", SYS_sigaltstack, 0, at(out), 0, 0, out);
  for (long signal = -1; signal < 67; ++signal) {
    same("rt_sigaction", SYS_rt_sigaction, signal, 0, at(out), 8, out);
    same("rt_sigaction", SYS_rt_sigaction, signal, 0, 0, 8, out);
    same("rt_sigaction", SYS_rt_sigaction, signal, 0, at(out), 4, out);
  }
  for (const long size : {8, 4, 16}) same("rt_sigprocmask", SYS_rt_sigprocmask, SIG_BLOCK, 0, at(out), size, out);
  same("rt_sigprocmask", SYS_rt_sigprocmask, 77, 0, at(out), 8, out);
  static const uint64_t none = 0;
  same("rt_sigprocmask", SYS_rt_sigprocmask, 77, at(&none), at(out), 8, out);
  same("getcpu", SYS_getcpu, 0, 0, 0, 0, out);
}

TEST(both_ways_refuse_the_same_memory) {
  COVERS("clock_gettime", "gettimeofday", "time", "uname", "getrlimit", "sigaltstack", "rt_sigaction", "rt_sigprocmask",
         "futex", "getcpu");
  static unsigned char out[8];
  trapping(SYS_getpid);  // its page comes before the hole does
  auto* pages = static_cast<char*>(mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_OK(mprotect(pages, 4096, PROT_READ));
  ASSERT_OK(munmap(pages + 2 * 4096, 4096));
  // Unmapped, read-only, over the edge, the kernel's, the gate's, nothing.
  for (const long bad : {8l, at(pages), at(pages) + 4096 - 4, at(pages) + 2 * 4096 - 4, -4096l, at(pages) | 1l << 63,
                         0x10000l, 0x40000l, 0x60000l, 0x7fff00000000l, 0x7ffffffff000l - 4, 0l}) {
    same("clock_gettime", SYS_clock_gettime, 1, bad, 0, 0, out);
    same("clock_getres", SYS_clock_getres, 1, bad, 0, 0, out);
    if (bad != 0) same("gettimeofday", SYS_gettimeofday, bad, 0, 0, 0, out);
    if (bad != 0) same("time", SYS_time, bad, 0, 0, 0, out);
    same("uname", SYS_uname, bad, 0, 0, 0, out);
    same("getrlimit", SYS_getrlimit, 3, bad, 0, 0, out);
    same("prlimit64", SYS_prlimit64, 0, 3, 0, bad, out);
    same("sigaltstack", SYS_sigaltstack, 0, bad, 0, 0, out);
    same("rt_sigaction", SYS_rt_sigaction, 20, 0, bad, 8, out);
    same("rt_sigprocmask", SYS_rt_sigprocmask, SIG_BLOCK, 0, bad, 8, out);
    same("rt_sigprocmask", SYS_rt_sigprocmask, SIG_BLOCK, bad, 0, 8, out);
    same("sched_getaffinity", SYS_sched_getaffinity, 0, 8, bad, 0, out);
    if (bad != 0) same("getcpu", SYS_getcpu, bad, 0, 0, 0, out);
    if (bad != at(pages) && bad != at(pages) + 4092 && bad != at(pages) + 8188)
      same("futex", SYS_futex, bad, FUTEX_WAIT_PRIVATE, 1, 0, out);
    same("futex", SYS_futex, bad, FUTEX_WAKE_PRIVATE, 1, 0, out);
  }
  // Memory that is there, but that no access has made yet; shared after a fork.
  auto* fresh = static_cast<char*>(mmap(nullptr, 64 << 12, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  EXPECT_EQ(0, guest::in_child([&] { return uname(reinterpret_cast<utsname*>(fresh + (32 << 12) - 100)); }));
  EXPECT_OK(uname(reinterpret_cast<utsname*>(fresh + (32 << 12) - 100)));
  EXPECT_STREQ("Linux", fresh + (32 << 12) - 100);
}

TEST(time_goes_on_whoever_tells_it) {
  COVERS("clock_gettime", "gettimeofday", "time");
  for (const clockid_t clock : {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW, CLOCK_TAI}) {
    long last = 0;
    for (int turn = 0; turn < 200; ++turn) {
      timespec now;
      EXPECT_EQ(0, turn % 2 == 0 ? trapping(SYS_clock_gettime, clock, at(&now))
                                 : patched(SYS_clock_gettime, clock, at(&now)));
      const long ns = now.tv_sec * 1'000'000'000 + now.tv_nsec;
      EXPECT_LE(last, ns);
      last = ns;
    }
  }
  timeval slow, fast;
  EXPECT_EQ(0, trapping(SYS_gettimeofday, at(&slow)));
  EXPECT_EQ(0, patched(SYS_gettimeofday, at(&fast)));
  EXPECT_LE(slow.tv_sec * 1'000'000 + slow.tv_usec, fast.tv_sec * 1'000'000 + fast.tv_usec);
  const long before = trapping(SYS_time);
  EXPECT_LE(before, patched(SYS_time));
  time_t told = 0;
  const long result = patched(SYS_time, at(&told));
  EXPECT_EQ(result, told);
}

TEST(a_mask_holds_from_the_moment_it_is_set) {
  COVERS("rt_sigprocmask", "rt_sigpending", "tgkill", "kill");
  static std::atomic<int> came{0};
  struct sigaction action = {};
  action.sa_handler = [](int) { ++came; };
  ASSERT_OK(sigaction(SIGUSR1, &action, nullptr));
  const uint64_t usr1 = bit(SIGUSR1), all = ~uint64_t{0}, none = 0;
  uint64_t old = 0, now = 0;
  ASSERT_EQ(0, mask(SIG_SETMASK, &none));
  for (int turn = 0; turn < 50; ++turn) {
    came = 0;
    EXPECT_EQ(0, mask(turn % 2 == 0 ? SIG_BLOCK : SIG_SETMASK, &usr1, &old));
    EXPECT_EQ(0u, old);
    EXPECT_OK(kill(getpid(), SIGUSR1));
    EXPECT_EQ(0, came.load());
    uint64_t pending = 0;
    EXPECT_EQ(0, patched(SYS_rt_sigpending, at(&pending), 8));
    EXPECT_EQ(usr1, pending);
    EXPECT_EQ(0, mask(SIG_UNBLOCK, &usr1, &old));
    EXPECT_EQ(usr1, old);
    EXPECT_EQ(1, came.load());
    EXPECT_OK(SYS(tgkill, getpid(), SYS(gettid), SIGUSR1));
    EXPECT_EQ(2, came.load());
  }
  EXPECT_EQ(0, mask(SIG_SETMASK, &all));
  EXPECT_EQ(0, mask(SIG_BLOCK, nullptr, &now));
  EXPECT_EQ(all & ~(bit(SIGKILL) | bit(SIGSTOP)), now);
  EXPECT_EQ(0, trapping(SYS_rt_sigprocmask, SIG_BLOCK, 0, at(&old), 8));
  EXPECT_EQ(now, old);
  // Inherited by a child and by a thread; shown by /proc.
  EXPECT_EQ(0, guest::in_child([&] {
              uint64_t mine = 0;
              mask(SIG_BLOCK, nullptr, &mine);
              return mine == now ? 0 : 1;
            }));
  EXPECT_EQ(0, mask(SIG_SETMASK, &none));
  EXPECT_EQ(0, mask(SIG_BLOCK, &usr1));
  char status[4096];
  guest::slurp("/proc/self/status", status, sizeof status);
  EXPECT_TRUE(strstr(status, "SigBlk:\t0000000000000200") != nullptr);
  EXPECT_EQ(0, mask(SIG_SETMASK, &none));
}

TEST(a_blocked_signal_that_would_be_ignored_is_kept) {
  COVERS("rt_sigprocmask", "rt_sigtimedwait");
  // SIGCHLD does nothing by default; who blocks it wants to wait for it. Nothing enters the kernel between here and the wait.
  const uint64_t chld = bit(SIGCHLD), none = 0;
  signal(SIGCHLD, SIG_DFL);
  for (int turn = 0; turn < 5; ++turn) {
    int go[2];
    ASSERT_OK(pipe(go));
    const pid_t child = fork();
    if (child == 0) {
      char byte;
      if (read(go[0], &byte, 1) != 1) _exit(1);
      const long until = guest::now_ms() + 20;
      while (guest::now_ms() < until) {
      }
      _exit(7);
    }
    ASSERT_EQ(0, mask(SIG_SETMASK, &none));
    ASSERT_EQ(1, write(go[1], "x", 1));
    EXPECT_EQ(0, mask(SIG_BLOCK, &chld));
    for (const long until = guest::now_ms() + 60; guest::now_ms() < until;) {
    }
    siginfo_t info;
    const timespec second{5, 0};
    EXPECT_EQ(SIGCHLD, patched(SYS_rt_sigtimedwait, at(&chld), at(&info), at(&second), 8));
    EXPECT_EQ(child, info.si_pid);
    int status = 0;
    EXPECT_EQ(child, waitpid(child, &status, 0));
    EXPECT_EQ(7, WEXITSTATUS(status));
    close(go[0]), close(go[1]);
  }
  EXPECT_EQ(0, mask(SIG_SETMASK, &none));
}

TEST(a_signal_for_the_process_finds_the_thread_that_takes_it) {
  COVERS("rt_sigprocmask", "kill");
  static std::atomic<long> taken_by{0};
  struct sigaction action = {};
  action.sa_handler = [](int) { taken_by = SYS(gettid); };
  ASSERT_OK(sigaction(SIGUSR2, &action, nullptr));
  static std::atomic<long> other{0};
  static std::atomic<bool> stop{false};
  other = 0, stop = false;
  pthread_t thread;
  ASSERT_EQ(0, pthread_create(
                   &thread, nullptr,
                   [](void*) -> void* {
                     other = SYS(gettid);
                     while (!stop.load()) {
                     }
                     return nullptr;
                   },
                   nullptr));
  while (other.load() == 0) {
  }
  const uint64_t usr2 = bit(SIGUSR2), none = 0;
  const pid_t self = getpid();
  auto* blocked =
      static_cast<std::atomic<bool>*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  for (int turn = 0; turn < 10; ++turn) {
    taken_by = 0;
    *blocked = false;
    const pid_t sender = fork();
    if (sender == 0) {
      while (!blocked->load()) usleep(1000);
      kill(self, SIGUSR2);
      _exit(0);
    }
    EXPECT_EQ(0, mask(SIG_SETMASK, &usr2));
    *blocked = true;
    const long until = guest::now_ms() + 5000;
    while (taken_by.load() == 0 && guest::now_ms() < until) {
    }
    EXPECT_EQ(other.load(), taken_by.load());
    EXPECT_EQ(0, mask(SIG_SETMASK, &none));
    waitpid(sender, nullptr, 0);
  }
  stop = true;
  pthread_join(thread, nullptr);
}

TEST(a_blocked_signal_interrupts_no_sleep) {
  COVERS("rt_sigprocmask", "poll");
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  ASSERT_OK(sigaction(SIGALRM, &action, nullptr));
  const uint64_t alarm_bit = bit(SIGALRM), none = 0;
  ASSERT_EQ(0, mask(SIG_SETMASK, &none));
  itimerval soon = {};
  soon.it_value.tv_usec = 20000;
  ASSERT_OK(setitimer(ITIMER_REAL, &soon, nullptr));
  EXPECT_EQ(0, mask(SIG_BLOCK, &alarm_bit));
  EXPECT_EQ(0, poll(nullptr, 0, 60));
  EXPECT_EQ(0, mask(SIG_UNBLOCK, &alarm_bit));
}

TEST(a_limit_is_seen_by_all_threads_at_once) {
  COVERS("setrlimit", "getrlimit", "prlimit64");
  static std::atomic<int> step{0};
  step = 0;
  rlimit old = {};
  ASSERT_OK(getrlimit(RLIMIT_CORE, &old));
  pthread_t thread;
  ASSERT_EQ(0, pthread_create(
                   &thread, nullptr,
                   [](void*) -> void* {
                     rlimit now = {};
                     for (int i = 1; i <= 50; ++i) {
                       while (step.load() != 2 * i - 1) sched_yield();
                       getrlimit(RLIMIT_CORE, &now);
                       if (now.rlim_cur != static_cast<rlim_t>(i)) return reinterpret_cast<void*>(1);
                       step = 2 * i;
                     }
                     return nullptr;
                   },
                   nullptr));
  for (int i = 1; i <= 50; ++i) {
    const rlimit wanted{static_cast<rlim_t>(i), old.rlim_max};
    if (i % 2 == 0) {
      EXPECT_OK(setrlimit(RLIMIT_CORE, &wanted));
    } else {  // another process does it
      const pid_t parent = getpid();
      EXPECT_EQ(
          0, guest::in_child([&] { return static_cast<int>(SYS(prlimit64, parent, RLIMIT_CORE, &wanted, nullptr)); }));
    }
    step = 2 * i - 1;
    while (step.load() != 2 * i && pthread_tryjoin_np(thread, nullptr) != 0) sched_yield();
  }
  void* failed = nullptr;
  pthread_join(thread, &failed);
  EXPECT_EQ(nullptr, failed);
  EXPECT_OK(setrlimit(RLIMIT_CORE, &old));
}

TEST(a_name_is_seen_in_its_namespace_alone) {
  COVERS("uname", "sethostname", "setdomainname", "personality");
  NEEDS_USER_NAMESPACES();
  utsname before, after;
  ASSERT_OK(uname(&before));
  EXPECT_EQ(0, guest::in_child([&] {
              if (unshare(CLONE_NEWUSER | CLONE_NEWUTS) != 0) return 1;
              if (sethostname("other-name", 10) != 0 || setdomainname("other.domain", 12) != 0) return 2;
              utsname mine;
              if (uname(&mine) != 0 || strcmp(mine.nodename, "other-name") != 0 ||
                  strcmp(mine.domainname, "other.domain") != 0)
                return 3;
              return 0;
            }));
  ASSERT_OK(uname(&after));
  EXPECT_EQ(0, memcmp(&before, &after, sizeof before));
  EXPECT_EQ(0, guest::in_child([&] {
              if (SYS(personality, 0x0020000) == -1) return 1;  // UNAME26
              utsname mine;
              if (uname(&mine) != 0 || strncmp(mine.release, "2.6.", 4) != 0) return 2;
              if (SYS(personality, 0) == -1 || uname(&mine) != 0) return 3;
              return strcmp(mine.release, before.release) == 0 ? 0 : 4;
            }));
}

TEST(an_action_is_seen_by_all_threads_at_once) {
  COVERS("rt_sigaction");
  struct sigaction now = {}, wanted = {};
  wanted.sa_handler = [](int) {};
  wanted.sa_flags = SA_RESTART;
  for (int turn = 0; turn < 20; ++turn) {
    EXPECT_OK(sigaction(SIGWINCH, nullptr, &now));
    EXPECT_EQ(reinterpret_cast<long>(SIG_DFL), reinterpret_cast<long>(now.sa_handler));
    if (turn % 2 == 0) {
      EXPECT_OK(sigaction(SIGWINCH, &wanted, nullptr));
    } else {
      pthread_t thread;
      ASSERT_EQ(0, pthread_create(
                       &thread, nullptr,
                       [](void* w) -> void* {
                         return reinterpret_cast<void*>(
                             long{sigaction(SIGWINCH, static_cast<struct sigaction*>(w), nullptr)});
                       },
                       &wanted));
      void* result = nullptr;
      pthread_join(thread, &result);
      EXPECT_EQ(nullptr, result);
    }
    EXPECT_OK(sigaction(SIGWINCH, nullptr, &now));
    EXPECT_EQ(reinterpret_cast<long>(wanted.sa_handler), reinterpret_cast<long>(now.sa_handler));
    signal(SIGWINCH, SIG_DFL);
    struct sigaction plain = {};
    EXPECT_OK(sigaction(SIGWINCH, &plain, nullptr));
  }
}

TEST(no_wake_is_lost) {
  COVERS("futex");
  // Two threads hand a word to and fro by plain stores and private futexes: a wake that was answered too early would end it.
  static volatile uint32_t turn_of = 0;
  static std::atomic<bool> late{false};
  turn_of = 0, late = false;
  constexpr int kTurns = 20000;
  const auto play = [](uint32_t mine) {
    for (int i = 0; i < kTurns && !late.load(); ++i) {
      for (uint32_t seen; (seen = turn_of) != mine;) {
        const timespec most{5, 0};
        if (patched(SYS_futex, at(const_cast<uint32_t*>(&turn_of)), FUTEX_WAIT_PRIVATE, seen, at(&most)) == -ETIMEDOUT)
          late = true;
        if (late.load()) return;
      }
      turn_of = 1 - mine;
      patched(SYS_futex, at(const_cast<uint32_t*>(&turn_of)), FUTEX_WAKE_PRIVATE, 1);
    }
  };
  pthread_t thread;
  static const auto* player = &play;
  ASSERT_EQ(0, pthread_create(
                   &thread, nullptr,
                   [](void*) -> void* {
                     (*player)(1);
                     return nullptr;
                   },
                   nullptr));
  play(0);
  pthread_join(thread, nullptr);
  EXPECT_FALSE(late.load());
}

TEST(a_wait_for_a_changed_word_fails_in_order) {
  COVERS("futex");
  static uint32_t word = 5;
  const timespec bad{0, 2'000'000'000}, negative{-1, 0}, good{1, 0};
  for (const int op : {FUTEX_WAIT, FUTEX_WAIT_PRIVATE, FUTEX_WAIT_BITSET_PRIVATE,
                       FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, FUTEX_WAIT_PRIVATE | FUTEX_CLOCK_REALTIME}) {
    for (const timespec* timeout : {static_cast<const timespec*>(nullptr), &bad, &negative, &good}) {
      for (const long bits : {-1l, 0l, 1l << 32}) {
        const long slow = trapping(SYS_futex, at(&word), op, 4, at(timeout), 0, bits);
        EXPECT_EQ(slow, patched(SYS_futex, at(&word), op, 4, at(timeout), 0, bits));
        EXPECT_EQ(slow, patched(SYS_futex, at(&word), op, 4, at(timeout), 0, bits));
      }
    }
    EXPECT_EQ(trapping(SYS_futex, at(&word) + 1, op, 4), patched(SYS_futex, at(&word) + 1, op, 4));
  }
  for (const long count : {0l, 1l, -1l, 2147483647l}) {
    EXPECT_EQ(0, patched(SYS_futex, at(&word), FUTEX_WAKE_PRIVATE, count));
    EXPECT_EQ(0, patched(SYS_futex, at(&word), FUTEX_WAKE_BITSET_PRIVATE, count, 0, 0, -1));
    EXPECT_EQ(-EINVAL, patched(SYS_futex, at(&word), FUTEX_WAKE_BITSET_PRIVATE, count, 0, 0, 0));
  }
}

TEST(a_robust_list_is_the_threads_own) {
  COVERS("set_robust_list", "get_robust_list");
  struct Head {
    void* next;
    long offset;
    void* pending;
  };
  static Head head = {&head, 0, nullptr};
  void* before = nullptr;
  size_t length = 0;
  ASSERT_OK(SYS(get_robust_list, 0, &before, &length));
  EXPECT_EQ(0, guest::in_child([&] {
              void* told = nullptr;
              size_t size = 0;
              if (SYS(get_robust_list, 0, &told, &size) != 0 || told != before || size != 24)
                return 1;  // the C library sets it anew
              for (int turn = 0; turn < 3; ++turn) {
                if (patched(SYS_set_robust_list, at(&head), 24) != 0) return 2;
                if (SYS(get_robust_list, 0, &told, &size) != 0 || told != &head) return 3;
                if (patched(SYS_set_robust_list, at(before), 24) != 0) return 4;
                if (SYS(get_robust_list, 0, &told, &size) != 0 || told != before) return 5;
                if (patched(SYS_set_robust_list, at(&head), 23) != -EINVAL) return 6;
              }
              return 0;
            }));
}

GUEST_TEST_MAIN
