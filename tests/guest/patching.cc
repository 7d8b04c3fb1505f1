// A system call that is made again and again from one place, in every shape of code around it: under Limen the first call traps and
// the place is then patched (docs/patching.md). A program must not be able to tell.
#include "tests/guest/guest_test.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>

// Places: `prelude` has its number right before it, `suffix_*` have something behind them that may move or may not.
asm(R"(
        .text
        .globl place_prelude, place_suffix_compare, place_suffix_branch, place_suffix_ret, place_suffix_call, place_memory
        .globl place_prelude_call, place_branch_behind, place_flags
place_prelude:
        mov $39, %eax                           # getpid
place_prelude_call:
        syscall
        ret
place_suffix_compare:
        mov %rdi, %rax
        mov %rsi, %rdi
        syscall
place_branch_behind:
        cmp $-4095, %rax
        jae 1f
        ret
1:      mov $-1, %eax
        cltq
        ret
place_suffix_branch:
        mov %rdi, %rax
        mov %rsi, %rdi
        syscall
        test %rax, %rax
        js 1f
        ret
1:      neg %rax
        ret
place_suffix_ret:
        mov %rdi, %rax
        syscall
        ret
place_suffix_call:
        mov %rdi, %rax
        syscall
        call 1f
1:      pop %rcx
        ret
place_memory:
        mov %rdi, %rax                          # number; then rsi: a word to store into
        mov %rsi, %r12
        syscall
        mov %rax, (%r12)
        ret
# rdi: number, rsi: flags before. Returns flags after, with the red zone and RCX checked: 0 if they were not kept.
place_flags:
        push %rbx
        mov %rdi, %rax
        movabs $0x0123456789abcdef, %rbx
        mov %rbx, -64(%rsp)
        push %rsi
        popf
        syscall
2:      lea 2b(%rip), %rdx
        pushf
        pop %rax
        cld
        cmp %rdx, %rcx
        jne 3f
        pop %rbx
        ret
3:      xor %eax, %eax
        pop %rbx
        ret
)");
extern "C" {
long place_prelude();
long place_suffix_compare(long number, long argument);
long place_suffix_branch(long number, long argument);
long place_suffix_ret(long number);
long place_suffix_call(long number);
long place_flags(long number, unsigned long flags);
extern const char place_prelude_call[], place_branch_behind[];
}

namespace {
constexpr int kOften = 200;

long call_place_memory(long number, long* word) {
  long result;
  asm volatile("call place_memory" : "=a"(result) : "D"(number), "S"(word) : "rcx", "r11", "r12", "memory", "cc");
  return result;
}

volatile int hits;
volatile unsigned long strange;

extern "C" void place_memory();
void count_alarm(int, siginfo_t*, void* context) {
  auto* uc = static_cast<ucontext_t*>(context);
  ++hits;
  // Wherever the program was, it was in mapped code of its own (or of libc).
  if (static_cast<unsigned long>(uc->uc_mcontext.gregs[REG_RIP]) < 0x100000) ++strange;
}
}  // namespace

TEST(each_shape_answers_the_same_every_time) {
  COVERS("getpid", "getppid", "lseek");
  const long pid = getpid(), parent = getppid();
  for (int i = 0; i < kOften; ++i) {
    EXPECT_EQ(pid, place_prelude());
    EXPECT_EQ(parent, place_suffix_compare(SYS_getppid, 0));
    EXPECT_EQ(-1, place_suffix_compare(SYS_close, 999));
    EXPECT_EQ(parent, place_suffix_branch(SYS_getppid, 0));
    EXPECT_EQ(EBADF, place_suffix_branch(SYS_close, 999));
    EXPECT_EQ(parent, place_suffix_ret(SYS_getppid));
    EXPECT_EQ(parent, place_suffix_call(SYS_getppid));
    long word = 0;
    EXPECT_EQ(parent, call_place_memory(SYS_getppid, &word));
    EXPECT_EQ(parent, word);
  }
}

TEST(flags_and_the_return_address_are_kept) {
  COVERS("getpid", "getppid", "sched_yield");
  for (int i = 0; i < kOften; ++i) {
    for (const long number : {SYS_getpid + 0L, SYS_getpriority + 0L, SYS_sched_yield + 0L, SYS_getuid + 0L, 100000L}) {
      const unsigned long flags = 0x202 | 1 | 4 | 0x400 | 0x800;  // carry, parity, direction, overflow
      EXPECT_EQ(flags, static_cast<unsigned long>(place_flags(number, flags)));
      EXPECT_EQ(0x202u | 0x40 | 0x80, static_cast<unsigned long>(place_flags(number, 0x202 | 0x40 | 0x80)));
    }
  }
}

// A thread that jumps behind the first of the instructions that were replaced.
TEST(a_jump_into_the_middle_of_a_place_works) {
  COVERS("getppid");
  const long parent = getppid();
  for (int i = 0; i < kOften; ++i) {
    place_prelude();
    place_suffix_compare(SYS_getppid, 0);
    long result;
    asm volatile("call *%[to]"
                 : "=a"(result)
                 : "a"(SYS_getppid), [to] "r"(place_prelude_call)
                 : "rcx", "r11", "memory", "cc");
    EXPECT_EQ(parent, result);
    asm volatile("call *%[to]"
                 : "=a"(result)
                 : "a"(-4000L), [to] "r"(place_branch_behind)
                 : "rcx", "r11", "memory", "cc");
    EXPECT_EQ(-1, result);
  }
}

// The store that stands behind a call faults: the handler sees the place where the program believes it to be.
namespace {
volatile unsigned long fault_ip;
long landing;
void move_store(int, siginfo_t*, void* context) {
  auto* uc = static_cast<ucontext_t*>(context);
  fault_ip = static_cast<unsigned long>(uc->uc_mcontext.gregs[REG_RIP]);
  uc->uc_mcontext.gregs[REG_R12] = reinterpret_cast<greg_t>(&landing);
}
}  // namespace
TEST(a_fault_behind_a_call_shows_its_own_address) {
  COVERS("rt_sigaction", "rt_sigreturn");
  struct sigaction action {};
  action.sa_sigaction = move_store;
  action.sa_flags = SA_SIGINFO;
  ASSERT_OK(sigaction(SIGSEGV, &action, nullptr));
  const long parent = getppid();
  long word;
  for (int i = 0; i < 5; ++i) call_place_memory(SYS_getppid, &word);
  for (int i = 0; i < 20; ++i) {
    landing = 0;
    call_place_memory(SYS_getppid, static_cast<long*>(guest::bad_pointer()));
    EXPECT_EQ(parent, landing);
    const unsigned long begin = reinterpret_cast<unsigned long>(place_memory);
    EXPECT_EQ(begin + 8, fault_ip);  // mov, mov, syscall
  }
}

TEST(signals_meet_calls_everywhere) {
  COVERS("setitimer");
  struct sigaction action {};
  action.sa_sigaction = count_alarm;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ASSERT_OK(sigaction(SIGALRM, &action, nullptr));
  const itimerval often{{0, 300}, {0, 300}}, never{};
  ASSERT_OK(setitimer(ITIMER_REAL, &often, nullptr));
  const long pid = getpid(), parent = getppid();
  int wrong = 0;
  const long until = guest::now_ms() + 400;
  while (guest::now_ms() < until) {
    for (int i = 0; i < 50; ++i) {
      wrong += place_prelude() != pid;
      wrong += place_suffix_compare(SYS_getppid, 0) != parent;
      wrong += place_suffix_compare(SYS_getpriority, PRIO_PROCESS) < 0;
      wrong += place_suffix_branch(SYS_close, 999) != EBADF;
      wrong += place_flags(SYS_getpid, 0x203) != 0x203;
    }
  }
  ASSERT_OK(setitimer(ITIMER_REAL, &never, nullptr));
  EXPECT_EQ(0, wrong);
  EXPECT_TRUE(hits > 0);
  EXPECT_EQ(0u, strange);
}

// A call that a signal interrupts is begun again, from its patched place too.
namespace {
int restart_pipe[2];
void feed(int) {
  if (++hits == 3) (void)!write(restart_pipe[1], "x", 1);
}
}  // namespace
TEST(an_interrupted_call_starts_again) {
  COVERS("read");
  ASSERT_OK(pipe(restart_pipe));
  struct sigaction action {};
  action.sa_handler = feed;
  action.sa_flags = SA_RESTART;
  ASSERT_OK(sigaction(SIGALRM, &action, nullptr));
  for (int round = 0; round < 5; ++round) {
    hits = 0;
    const itimerval often{{0, 5000}, {0, 5000}}, never{};
    ASSERT_OK(setitimer(ITIMER_REAL, &often, nullptr));
    char byte = 0;
    EXPECT_EQ(1, read(restart_pipe[0], &byte, 1));
    ASSERT_OK(setitimer(ITIMER_REAL, &never, nullptr));
    EXPECT_EQ('x', byte);
    EXPECT_TRUE(hits >= 3);
  }
}

// All threads come to a place that is not patched yet at the same moment.
namespace {
pthread_barrier_t start_line;
void* run_together(void* argument) {
  auto place = reinterpret_cast<long (*)()>(argument);
  pthread_barrier_wait(&start_line);
  long sum = 0;
  for (int i = 0; i < 2000; ++i) sum += place();
  return reinterpret_cast<void*>(sum);
}
asm(R"(
        .text
        .globl fresh_places, fresh_places_end
        .balign 16
fresh_places:
        .rept 32
        mov $39, %eax
        syscall
        ret
        .balign 16, 0x90
        xor %eax, %eax
        mov $39, %al
        syscall
        cmp $-4095, %rax
        ret
        .balign 16, 0x90
        .endr
fresh_places_end:
)");
extern "C" const char fresh_places[], fresh_places_end[];
}  // namespace
TEST(threads_race_to_a_fresh_place) {
  COVERS("getpid");
  constexpr int kThreads = 4;
  const long pid = getpid();
  pthread_barrier_init(&start_line, nullptr, kThreads);
  for (const char* place = fresh_places; place + 16 <= fresh_places_end; place += 16) {
    pthread_t threads[kThreads];
    for (pthread_t& thread : threads) {
      ASSERT_EQ(0, pthread_create(&thread, nullptr, run_together, const_cast<char*>(place)));
    }
    for (pthread_t& thread : threads) {
      void* sum;
      pthread_join(thread, &sum);
      EXPECT_EQ(pid * 2000, reinterpret_cast<long>(sum));
    }
  }
}

TEST(identity_changes_are_told_at_once) {
  COVERS("getpid", "getppid", "setpgid", "getpgid", "getsid", "setsid");
  for (int i = 0; i < 20; ++i) {
    getpid(), getppid(), getpgrp(), getsid(0), getuid();
    const pid_t self = getpid();
    const pid_t child = fork();
    if (child == 0) {
      int bad = 0;
      bad += SYS(getpid) == self;
      bad += SYS(getppid) != self;
      bad += SYS(gettid) != SYS(getpid);
      bad += SYS(setpgid, 0, 0) != 0 || SYS(getpgid, 0) != SYS(getpid) || SYS(getpgrp) != SYS(getpid);
      // A parent that ends while its child asks again and again.
      int tell[2];
      bad += pipe(tell) != 0;
      const pid_t between = fork();
      if (between == 0) {
        if (fork() == 0) {
          const pid_t first = getppid();
          while (SYS(getppid) == first && first != 1) sched_yield();
          const char ok = SYS(setsid) == SYS(getpid) && SYS(getsid, 0) == SYS(getpid) ? 'y' : 'n';
          (void)!write(tell[1], &ok, 1);
          _exit(0);
        }
        usleep(3000);
        _exit(0);
      }
      waitpid(between, nullptr, 0);
      char ok = 0;
      bad += read(tell[0], &ok, 1) != 1 || ok != 'y';
      _exit(bad);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(0, status);
  }
}

TEST(a_gs_base_of_ones_own_is_kept) {
  COVERS("arch_prctl");
  static unsigned long word = 0x1234567;
  const long pid = getpid();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pid, place_prelude());
  unsigned long base = 1;
  ASSERT_OK(SYS(arch_prctl, 0x1004 /* ARCH_GET_GS */, &base));
  EXPECT_EQ(0u, base);
  ASSERT_OK(SYS(arch_prctl, 0x1001 /* ARCH_SET_GS */, &word));
  for (int i = 0; i < kOften; ++i) {
    EXPECT_EQ(pid, place_prelude());
    unsigned long there;
    asm volatile("mov %%gs:0, %0" : "=r"(there));
    EXPECT_EQ(0x1234567u, there);
  }
  ASSERT_OK(SYS(arch_prctl, 0x1004, &base));
  EXPECT_EQ(reinterpret_cast<unsigned long>(&word), base);
}

TEST(text_that_becomes_writable_is_the_programs_own) {
  COVERS("mprotect");
  const long pid = getpid();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pid, place_prelude());
  const long page = reinterpret_cast<long>(place_prelude) & ~4095L;
  ASSERT_OK(mprotect(reinterpret_cast<void*>(page), 8192, PROT_READ | PROT_WRITE | PROT_EXEC));
  auto* code = reinterpret_cast<unsigned char*>(place_prelude);
  code[1] = SYS_getppid;  // another number in the same instruction
  EXPECT_EQ(getppid(), place_prelude());
  code[1] = SYS_getpid;
  EXPECT_EQ(pid, place_prelude());
  ASSERT_OK(mprotect(reinterpret_cast<void*>(page), 8192, PROT_READ | PROT_EXEC));
  for (int i = 0; i < kOften; ++i) EXPECT_EQ(pid, place_prelude());
}

GUEST_TEST_MAIN
