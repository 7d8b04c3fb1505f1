// Attacks on the gate, the slots and the order page: what lies in a guest's address space and is not the guest's.
#include "tests/hostile/hostile.h"

#include <setjmp.h>
#include <ucontext.h>

namespace {
sigjmp_buf back;
alignas(16) char stack_space[65536];

void catch_all() {
  stack_t stack{stack_space, 0, sizeof stack_space};
  sigaltstack(&stack, nullptr);
  for (int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGALRM}) {
    guest::handle(
        number, [](int) { siglongjmp(back, 1); }, SA_ONSTACK | SA_NODEFER);
  }
}

// Writes a word where it can; a fault is survived.
void poke(uintptr_t where, uint64_t what) {
  if (sigsetjmp(back, 1) == 0) *reinterpret_cast<volatile uint64_t*>(where) = what;
}
void jump(uintptr_t where, hostile::Random& random, void* good) {
  if (sigsetjmp(back, 1) != 0) return;
  ualarm(20000, 0);
  uint64_t a = random.word(good), b = random.word(good), c = random.word(good), d = random.word(good);
  asm volatile("call *%0"
               :
               : "r"(where), "a"(a), "D"(b), "S"(c), "d"(d)
               : "rcx", "r8", "r9", "r10", "r11", "rbx", "r12", "r13", "r14", "r15", "memory", "cc");
}
}  // namespace

TEST(low_memory_cannot_be_written) {
  EXPECT_TRUE(hostile::ends([] {
    catch_all();
    for (uintptr_t page = 0x1000; page < hostile::kFloor; page += 0x1000) {
      for (uintptr_t offset = 0; offset < 0x1000; offset += 512) poke(page + offset, 0xdeadbeefdeadbeef);
    }
    _exit(getpid() > 0 ? 0 : 1);
  }));
  EXPECT_TRUE(hostile::sane());
}

TEST(the_gate_cannot_be_remapped_or_unprotected) {
  EXPECT_TRUE(hostile::ends([] {
    auto* gate = reinterpret_cast<void*>(hostile::kGate);
    munmap(gate, 0x100000);
    mprotect(gate, 0x10000, PROT_READ | PROT_WRITE | PROT_EXEC);
    mmap(gate, 0x10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    mremap(gate, 0x10000, 0x20000, MREMAP_MAYMOVE);
    madvise(gate, 0x10000, MADV_DONTNEED);
    auto* slots = reinterpret_cast<void*>(hostile::kSlots);
    munmap(slots, 0x1000000);
    mmap(slots, 0x100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    mprotect(slots, 0x100000, PROT_NONE);
    mremap(slots, 0x8000, 0x8000, MREMAP_MAYMOVE | MREMAP_FIXED, reinterpret_cast<void*>(0x10000000));
    getpid();
  }));
  EXPECT_TRUE(hostile::sane());
}

TEST(scribbled_slots_hurt_only_the_scribbler) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    EXPECT_TRUE(hostile::ends([&] {
      catch_all();
      hostile::Random random{seed * 0x9e3779b97f4a7c15};
      static char good[4096];
      for (uintptr_t slot = 0; slot < 64; ++slot) {
        uintptr_t base = hostile::kSlots + slot * hostile::kSlotSize;
        for (int i = 0; i < 64; ++i)
          poke(base + hostile::kSlotSize - 512 + (random.next() % 64) * 8, random.word(good));
      }
      for (int i = 0; i < 10; ++i) getppid();
    }));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(a_thread_that_scribbles_over_slots_during_calls) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    EXPECT_TRUE(hostile::ends(
        [&] {
          static uint64_t start;
          start = seed * 0x9e3779b97f4a7c15;
          pthread_t thread;
          pthread_create(
              &thread, nullptr,
              [](void*) -> void* {
                catch_all();
                hostile::Random random{start};
                static char good[4096];
                for (;;) {
                  uintptr_t base = hostile::kSlots + (random.next() % 8) * hostile::kSlotSize;
                  poke(base + hostile::kSlotSize - 512 + (random.next() % 64) * 8, random.word(good));
                }
              },
              nullptr);
          static char block[8192];
          int fd = open("/dev/zero", O_RDONLY);
          for (int i = 0; i < 20000; ++i) {
            getppid();
            pread(fd, block, sizeof block, 0);
            void* map = mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            munmap(map, 8192);
          }
        },
        3));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(all_writable_memory_is_scribbled_over) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    EXPECT_TRUE(hostile::ends([&] {
      static char text[65536];
      guest::slurp("/proc/self/maps", text, sizeof text);
      hostile::Random random{seed * 0x9e3779b97f4a7c15};
      for (char* line = text; line != nullptr && *line != 0;) {
        unsigned long from, to;
        char rights[8];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3 && rights[1] == 'w') {
          for (int i = 0; i < 2000; ++i) {
            *reinterpret_cast<volatile uint64_t*>(from + random.next() % ((to - from) / 8) * 8) = random.word(text);
          }
        }
        line = strchr(line, '\n');
        if (line != nullptr) ++line;
      }
      for (int i = 0; i < 100; ++i) SYS(getppid);
    }));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(a_jump_to_each_byte_of_the_gate) {
  uintptr_t size = 0x4000;
  for (uintptr_t from = hostile::kGate; from < hostile::kGate + size; from += 256) {
    EXPECT_TRUE(hostile::ends(
        [&] {
          catch_all();
          static char good[4096];
          hostile::Random random{from * 0x9e3779b97f4a7c15};
          for (volatile uintptr_t at = from; at < from + 256; at = at + 1) jump(at, random, good);
        },
        8));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(a_jump_to_some_bytes_of_the_gate) {  // few enough to be traced
  EXPECT_TRUE(hostile::ends(
      [] {
        catch_all();
        static char good[4096];
        hostile::Random random{0x9e3779b97f4a7c15};
        for (uintptr_t at = hostile::kGate; at < hostile::kGate + 0x1000; at += 7) jump(at, random, good);
      },
      20));
  EXPECT_TRUE(hostile::sane());
}

TEST(a_jump_into_pages_around_the_gate) {
  for (uintptr_t page : {0x1000ul, 0x20000ul, 0x40000ul, 0x40040ul, 0x50000ul, hostile::kSlots, 0x7fffffffe000ul,
                         0xffffffffff600000ul, 0xffffffffff600400ul}) {
    EXPECT_TRUE(hostile::ends([&] {
      catch_all();
      static char good[4096];
      hostile::Random random{page};
      jump(page, random, good);
    }));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(an_area_of_restartable_sequences_anywhere) {
  // The gate's own `syscall` instructions are the only ones that the host answers: rseq(2) from there, with what one likes.
  uintptr_t gates_syscall = 0;
  for (uintptr_t at = hostile::kGate + 64; at < hostile::kGate + 0x2000 && gates_syscall == 0; ++at) {
    if (memcmp(reinterpret_cast<const void*>(at), "\x0f\x05", 2) == 0) gates_syscall = at;
  }
  ASSERT_TRUE(gates_syscall != 0);
  alignas(64) static char area[4096];
  for (uintptr_t where : {hostile::kGate, uintptr_t{0x40000}, hostile::kSlots + hostile::kSlotSize - 512, uintptr_t{0},
                          uintptr_t{0xffff800000000000}, reinterpret_cast<uintptr_t>(area)}) {
    EXPECT_TRUE(hostile::ends(
        [&] {
          if (fork() == 0)
            for (;;) sched_yield();  // somebody else to be switched to
          register long signature asm("r10") = 0x53053053;
          asm volatile("mov %0, %%rsp; jmp *%1"
                       :
                       : "r"(area + 2048), "r"(gates_syscall), "a"(334), "D"(where), "S"(32l), "d"(0l), "r"(signature)
                       : "memory");
        },
        1));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(an_area_that_goes_away) {
  // Threads that the host still writes for lose their memory, by themselves and by others, by unmap, protection and death.
  for (int way = 0; way < 4; ++way) {
    EXPECT_TRUE(hostile::ends(
        [way] {
          for (int round = 0; round < 50; ++round) {
            constexpr size_t kStack = 64 << 10;
            auto* memory = static_cast<char*>(
                mmap(nullptr, kStack + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
            if (memory == MAP_FAILED) return;
            static char* area;
            area = memory + kStack;
            const int child = clone(
                [](void*) -> int {
                  SYS(rseq, area, 32, 0, 0x53053053);
                  for (;;) SYS(sched_yield);
                },
                memory + kStack, CLONE_VM | SIGCHLD, nullptr);
            if (child == -1) return;
            guest::sleep_ms(1);
            if (way == 0) munmap(area, 4096);
            if (way == 1) mprotect(area, 4096, PROT_READ);
            if (way == 2) madvise(area, 4096, MADV_DONTNEED);
            kill(child, SIGKILL);
            waitpid(child, nullptr, 0);
            munmap(memory, kStack + 4096);
          }
        },
        20));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(no_host_secret_lies_in_the_address_space) {
  // The gate image and the slots are all that is not the guest's; no host pointer, no vDSO of the host.
  static char text[65536];
  ASSERT_TRUE(guest::slurp("/proc/self/maps", text, sizeof text) > 0);
  EXPECT_TRUE(strstr(text, "limen") == nullptr);
  EXPECT_TRUE(strstr(text, "memfd") == nullptr);
}

HOSTILE_MAIN
