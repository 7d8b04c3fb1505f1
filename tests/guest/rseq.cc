// rseq(2): the area of a thread, through threads, forks, execve and signals; and that a sequence that is interrupted starts anew.
// Also the CPUs where a thread may run: sched_setaffinity(2), getcpu(2), vdso(7).
#include "tests/guest/guest_test.h"

#include <linux/rseq.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <atomic>

extern "C" __attribute__((weak)) const ptrdiff_t __rseq_offset;
extern "C" __attribute__((weak)) const unsigned int __rseq_size;

namespace {

constexpr unsigned kSignature = 0x53053053;
constexpr unsigned kUnregister = RSEQ_FLAG_UNREGISTER;
constexpr size_t kArea = 32;

struct Bare {
  void (*body)(void*);
  void* argument;
};
int bare_entry(void* bare) {
  const Bare* b = static_cast<Bare*>(bare);
  b->body(b->argument);
  return 0;
}

// Runs `body` in a child that shares this memory: such a one has no area.
template <typename Body>
void without_area(Body body) {
  constexpr size_t kStack = 256 << 10;
  char* stack = static_cast<char*>(mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(MAP_FAILED, static_cast<void*>(stack));
  Bare bare{[](void* b) { (*static_cast<Body*>(b))(); }, &body};
  const int child = clone(bare_entry, stack + kStack, CLONE_VM | CLONE_VFORK | SIGCHLD, &bare);
  ASSERT_OK(child);
  int status = 0;
  ASSERT_EQ(child, waitpid(child, &status, 0));
  EXPECT_EQ(0, status);
  munmap(stack, kStack);
}

bool supported() { return !(SYS(rseq, nullptr, 0, 0, 0) == -1 && errno == ENOSYS); }

rseq* area_of_c_library() {
  if (&__rseq_offset == nullptr || __rseq_size == 0) return nullptr;
  return reinterpret_cast<rseq*>(static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset);
}

int possible_cpus() { return static_cast<int>(sysconf(_SC_NPROCESSORS_CONF)); }

bool is_cpu(unsigned cpu) { return cpu < static_cast<unsigned>(possible_cpus()); }

}  // namespace

TEST(an_area_is_registered_once) {
  COVERS("rseq");
  if (!supported()) SKIP("no restartable sequences");
  without_area([] {
    alignas(32) static char area[2 * kArea];
    EXPECT_ERRNO(EINVAL, SYS(rseq, area, kArea, kUnregister, kSignature));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area, kArea, 2, kSignature));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area + 1, kArea, 0, kSignature));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area + 16, kArea, 0, kSignature));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area, kArea - 1, 0, kSignature));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area, 0, 0, kSignature));
    EXPECT_ERRNO(EFAULT, SYS(rseq, ~uintptr_t{0} & ~uintptr_t{31}, kArea, 0, kSignature));
    auto* mine = reinterpret_cast<volatile rseq*>(area);
    mine->cpu_id = static_cast<unsigned>(RSEQ_CPU_ID_UNINITIALIZED);
    EXPECT_OK(SYS(rseq, area, kArea, 0, kSignature));
    EXPECT_TRUE(is_cpu(mine->cpu_id));
    EXPECT_EQ(mine->cpu_id, mine->cpu_id_start);
    EXPECT_ERRNO(EBUSY, SYS(rseq, area, kArea, 0, kSignature));
    EXPECT_ERRNO(EPERM, SYS(rseq, area, kArea, 0, kSignature + 1));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area + kArea, kArea, 0, kSignature));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area, 2 * kArea, 0, kSignature));
    EXPECT_ERRNO(EPERM, SYS(rseq, area, kArea, kUnregister, kSignature + 1));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area, 2 * kArea, kUnregister, kSignature));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area + kArea, kArea, kUnregister, kSignature));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area, kArea, kUnregister | 2, kSignature));
    EXPECT_OK(SYS(rseq, area, kArea, kUnregister, kSignature));
    EXPECT_EQ(static_cast<unsigned>(RSEQ_CPU_ID_UNINITIALIZED), static_cast<unsigned>(mine->cpu_id));
    EXPECT_ERRNO(EINVAL, SYS(rseq, area, kArea, kUnregister, kSignature));
    // And anew, elsewhere and longer than today's structure.
    EXPECT_OK(SYS(rseq, area, 2 * kArea, 0, kSignature));
    EXPECT_OK(SYS(rseq, area, 2 * kArea, kUnregister, kSignature));
  });
}

TEST(an_area_must_be_writable_memory) {
  COVERS("rseq");
  if (!supported()) SKIP("no restartable sequences");
  // Linux may notice at once, or kill the thread when it first writes there.
  const auto outcome = [](int protection) {
    void* page = mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(MAP_FAILED, page);
    without_area([page] {
      const int child = static_cast<int>(SYS(fork));
      if (child == 0) {
        const long result = SYS(rseq, page, kArea, 0, kSignature);
        _exit(result == -1 && errno == EFAULT ? 0 : 1);
      }
      int status = 0;
      EXPECT_EQ(child, waitpid(child, &status, 0));
      EXPECT_TRUE(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV));
    });
    munmap(page, 4096);
  };
  outcome(PROT_NONE);
  outcome(PROT_READ);
}

TEST(the_c_library_has_an_area_for_each_thread) {
  COVERS("rseq");
  if (!supported() || area_of_c_library() == nullptr) SKIP("no area of the C library");
  const auto check = [](void*) -> void* {
    volatile rseq* area = area_of_c_library();
    unsigned known = ~0u;  // asked about once: the answer takes three system calls
    for (int i = 0; i < 1000; ++i) {
      const unsigned cpu = area->cpu_id;
      if (cpu != known && !is_cpu(cpu)) return reinterpret_cast<void*>(1);
      known = cpu;
      if (i % 100 == 0) sched_yield();
    }
    return nullptr;
  };
  EXPECT_EQ(nullptr, check(nullptr));
  for (int round = 0; round < 4; ++round) {
    pthread_t threads[8];
    for (auto& thread : threads) ASSERT_EQ(0, pthread_create(&thread, nullptr, check, nullptr));
    for (auto& thread : threads) {
      void* failed = nullptr;
      ASSERT_EQ(0, pthread_join(thread, &failed));
      EXPECT_EQ(nullptr, failed);
    }
  }
}

TEST(a_fork_keeps_the_area_of_both) {
  COVERS("rseq", "fork");
  if (!supported() || area_of_c_library() == nullptr) SKIP("no area of the C library");
  volatile rseq* area = area_of_c_library();
  std::atomic<bool> stop{false};
  struct Other {
    std::atomic<bool>* stop;
    bool good = true;
  } other{&stop};
  pthread_t thread;
  // Another thread's area, too: it runs on while the process forks.
  ASSERT_EQ(0, pthread_create(
                   &thread, nullptr,
                   [](void* o) -> void* {
                     Other* mine = static_cast<Other*>(o);
                     while (!mine->stop->load()) mine->good &= is_cpu(area_of_c_library()->cpu_id);
                     return nullptr;
                   },
                   &other));
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    ASSERT_OK(child);
    if (child == 0) {
      area->cpu_id_start = 77;  // the host writes both words whenever the thread comes back to a CPU
      area->cpu_id = 77;
      for (int turn = 0; turn < 10000 && !is_cpu(area->cpu_id); ++turn) usleep(1000);
      _exit(is_cpu(area->cpu_id) ? 0 : 1);
    }
    EXPECT_TRUE(is_cpu(area->cpu_id));
    int status = 0;
    ASSERT_EQ(child, waitpid(child, &status, 0));
    EXPECT_EQ(0, status);
  }
  stop = true;
  ASSERT_EQ(0, pthread_join(thread, nullptr));
  EXPECT_TRUE(other.good);
}

TEST(a_thread_that_shares_memory_has_no_area) {
  COVERS("rseq", "clone");
  if (!supported() || area_of_c_library() == nullptr) SKIP("no area of the C library");
  without_area([] {
    rseq* inherited = area_of_c_library();
    EXPECT_ERRNO(EINVAL, SYS(rseq, inherited, kArea, kUnregister, kSignature));
  });
  // A fork has one: its maker's.
  const pid_t child = fork();
  if (child == 0) _exit(SYS(rseq, area_of_c_library(), kArea + 64, 0, kSignature) == -1 && errno == EINVAL ? 0 : 1);
  int status = 0;
  ASSERT_EQ(child, waitpid(child, &status, 0));
  EXPECT_EQ(0, status);
}

TEST(a_sequence_that_a_signal_interrupts_is_aborted) {
  COVERS("rseq");
  if (!supported() || area_of_c_library() == nullptr) SKIP("no area of the C library");
  static std::atomic<int> signals{0};
  struct sigaction action = {};
  action.sa_handler = [](int) { ++signals; };
  ASSERT_OK(sigaction(SIGUSR1, &action, nullptr));
  const pid_t target = static_cast<pid_t>(SYS(gettid));
  std::atomic<bool> go{false};
  struct Sender {
    std::atomic<bool>* go;
    pid_t pid, tid;
  } sender{&go, getpid(), target};
  pthread_t thread;
  ASSERT_EQ(0, pthread_create(
                   &thread, nullptr,
                   [](void* s) -> void* {
                     Sender* mine = static_cast<Sender*>(s);
                     while (!mine->go->load()) sched_yield();
                     usleep(10000);
                     SYS(tgkill, mine->pid, mine->tid, SIGUSR1);
                     return nullptr;
                   },
                   &sender));
  rseq* area = area_of_c_library();
  unsigned long aborted = 0, turns = 0;
  go = true;
  // A sequence without an end: only an abort leads out of it. One may also come from the host, by preemption: then again, until
  // the signal has come.
  while (signals.load() == 0 && turns++ < 1000000) {
    asm volatile(
        ".pushsection __rseq_cs, \"aw\"\n\t"
        ".balign 32\n"
        "7:\n\t"
        ".long 0, 0\n\t"
        ".quad 1f, 2f - 1f, 4f\n\t"
        ".popsection\n\t"
        "leaq 7b(%%rip), %%rax\n\t"
        "movq %%rax, %[cs]\n"
        "1:\n\t"
        "pause\n\t"
        "jmp 1b\n"
        "2:\n\t"
        "jmp 5f\n\t"
        ".byte 0x0f, 0xb9, 0x3d\n\t"
        ".long 0x53053053\n"
        "4:\n\t"
        "incq %[aborted]\n"
        "5:\n\t"
        : [cs] "=m"(area->rseq_cs), [aborted] "+r"(aborted)
        :
        : "rax", "memory", "cc");
  }
  ASSERT_EQ(0, pthread_join(thread, nullptr));
  EXPECT_EQ(1, signals.load());
  EXPECT_GE(aborted, 1u);
  EXPECT_EQ(0u, static_cast<uintptr_t>(area->rseq_cs));
}

TEST(per_cpu_counts_are_exact) {
  COVERS("rseq");
  if (!supported() || area_of_c_library() == nullptr) SKIP("no area of the C library");
  // What the call is for: each thread adds to the counter of its CPU without an atomic instruction, and none is lost.
  constexpr int kThreads = 4;
  constexpr long kEach = 200000;
  static volatile long counts[1024 * 16];
  memset(const_cast<long*>(counts), 0, sizeof counts);
  pthread_t threads[kThreads];
  for (auto& thread : threads) {
    ASSERT_EQ(0, pthread_create(
                     &thread, nullptr,
                     [](void*) -> void* {
                       rseq* area = area_of_c_library();
                       for (long done = 0; done < kEach;) {
                         unsigned long committed = 0;
                         asm volatile(
                             ".pushsection __rseq_cs, \"aw\"\n\t"
                             ".balign 32\n"
                             "7:\n\t"
                             ".long 0, 0\n\t"
                             ".quad 1f, 2f - 1f, 4f\n\t"
                             ".popsection\n\t"
                             "leaq 7b(%%rip), %%rax\n\t"
                             "movq %%rax, %[cs]\n"
                             "1:\n\t"
                             "movl %[cpu], %%eax\n\t"
                             "shlq $7, %%rax\n\t"
                             "addq %[counts], %%rax\n\t"
                             "movq (%%rax), %%rcx\n\t"
                             "incq %%rcx\n\t"
                             "movq %%rcx, (%%rax)\n"  // commits
                             "2:\n\t"
                             "movl $1, %k[committed]\n\t"
                             "jmp 5f\n\t"
                             ".byte 0x0f, 0xb9, 0x3d\n\t"
                             ".long 0x53053053\n"
                             "4:\n\t"
                             "xorl %k[committed], %k[committed]\n"
                             "5:\n\t"
                             : [cs] "=m"(area->rseq_cs), [committed] "+r"(committed)
                             : [cpu] "m"(area->cpu_id), [counts] "r"(counts)
                             : "rax", "rcx", "memory", "cc");
                         done += static_cast<long>(committed);
                         if (done % 1000 == 0) sched_yield();
                       }
                       return nullptr;
                     },
                     nullptr));
  }
  for (auto& thread : threads) ASSERT_EQ(0, pthread_join(thread, nullptr));
  long sum = 0;
  for (int cpu = 0; cpu < possible_cpus(); ++cpu) sum += counts[cpu * 16];
  EXPECT_EQ(kThreads * kEach, sum);
}

TEST(the_auxiliary_vector_tells_of_the_area) {
  COVERS("rseq");
  if (!supported()) SKIP("no restartable sequences");
  const unsigned long size = getauxval(27 /* AT_RSEQ_FEATURE_SIZE */), align = getauxval(28 /* AT_RSEQ_ALIGN */);
  if (size == 0) SKIP("before Linux 6.3");
  EXPECT_GE(size, 28u);
  EXPECT_GE(align, 32u);
}

TEST(a_tracer_reads_where_the_area_is) {
  COVERS("ptrace", "rseq");
  if (!supported() || area_of_c_library() == nullptr) SKIP("no area of the C library");
  const pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(child, waitpid(child, &status, 0));
  struct {
    uint64_t pointer;
    uint32_t size, signature, flags, padding;
  } told = {};
  EXPECT_EQ(static_cast<long>(sizeof told), SYS(ptrace, 0x420f, child, sizeof told, &told));
  EXPECT_EQ(reinterpret_cast<uint64_t>(area_of_c_library()), told.pointer);
  EXPECT_EQ(kSignature, told.signature);
  EXPECT_GE(told.size, 32u);
  EXPECT_OK(ptrace(PTRACE_CONT, child, 0, 0));
  ASSERT_EQ(child, waitpid(child, &status, 0));
  EXPECT_EQ(0, status);
}

TEST(a_thread_runs_where_its_mask_says) {
  COVERS("sched_setaffinity", "getcpu", "rseq");
  cpu_set_t before;
  ASSERT_OK(sched_getaffinity(0, sizeof before, &before));
  for (int cpu = 0; cpu < possible_cpus(); ++cpu) {
    if (!CPU_ISSET(static_cast<size_t>(cpu), &before)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(cpu), &one);
    ASSERT_OK(sched_setaffinity(0, sizeof one, &one));
    for (int turn = 0; turn < 200; ++turn) {
      unsigned told = 99, node = 99;
      ASSERT_OK(SYS(getcpu, &told, &node, nullptr));
      EXPECT_EQ(static_cast<unsigned>(cpu), told);
      EXPECT_EQ(cpu, sched_getcpu());
      if (turn % 50 == 0) usleep(1000);
    }
    // So do its threads and children, which inherit it.
    const pid_t child = fork();
    if (child == 0) _exit(sched_getcpu() == cpu ? 0 : 1);
    int status = 0;
    ASSERT_EQ(child, waitpid(child, &status, 0));
    EXPECT_EQ(0, status);
    pthread_t thread;
    void* where = nullptr;
    ASSERT_EQ(0, pthread_create(
                     &thread, nullptr, [](void*) -> void* { return reinterpret_cast<void*>(long{sched_getcpu()}); },
                     nullptr));
    ASSERT_EQ(0, pthread_join(thread, &where));
    EXPECT_EQ(cpu, reinterpret_cast<long>(where));
  }
  ASSERT_OK(sched_setaffinity(0, sizeof before, &before));
}

TEST(an_area_is_given_back_and_taken_again) {
  COVERS("rseq");
  constexpr uint32_t kSignature = 0x53053053;
  if (__rseq_size == 0) SKIP("the C library has registered none");
  EXPECT_EQ(0, guest::in_child([] {
              char* thread;
              asm volatile("mov %%fs:0, %0" : "=r"(thread));
              char* area = thread + __rseq_offset;
              constexpr int kUnregister = 1;
              EXPECT_ERRNO(EINVAL, SYS(rseq, area + 64, 32, kUnregister, kSignature));
              EXPECT_ERRNO(EPERM, SYS(rseq, area, 32, kUnregister, 1));
              EXPECT_OK(SYS(rseq, area, 32, kUnregister, kSignature));
              EXPECT_ERRNO(EINVAL, SYS(rseq, area, 32, kUnregister, kSignature));
              EXPECT_OK(SYS(rseq, area, 32, 0, kSignature));
              EXPECT_ERRNO(EBUSY, SYS(rseq, area, 32, 0, kSignature));
              return 0;
            }));
}

GUEST_TEST_MAIN
