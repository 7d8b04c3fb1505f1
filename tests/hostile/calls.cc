// Every system call number with random arguments; other ways into the host's kernel.
#include "tests/hostile/hostile.h"

#include <sys/ptrace.h>

namespace {
// A process makes random calls until it dies or its time is up.
void storm(uint64_t seed, long first, long last, int rounds) {
  hostile::Random random{seed * 0x9e3779b97f4a7c15 + 1};
  guest::TempDir dir;
  chdir(dir.path());
  // Holes around it: a call that fills all it is given stops there, before the harness's own memory.
  auto* good = static_cast<char*>(mmap(nullptr, 65536 + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + 4096;
  mprotect(good, 65536, PROT_READ | PROT_WRITE);
  strcpy(good, "name");
  signal(SIGSYS, SIG_IGN);
  SYS(alarm, 2);
  for (int i = 0; i < rounds; ++i) {
    long number = first + static_cast<long>(random.next() % static_cast<uint64_t>(last - first));
    // Those that only end the storm.
    if (number == SYS_exit || number == SYS_exit_group || number == SYS_pause || number == SYS_rt_sigsuspend ||
        number == SYS_rt_sigreturn || number == SYS_vfork || number == SYS_alarm)
      continue;
    // What reaches a process by its number reaches this one: the harness is not the prey.
    const bool names_process = number == SYS_kill || number == SYS_tkill || number == SYS_tgkill ||
                               number == SYS_rt_sigqueueinfo || number == SYS_rt_tgsigqueueinfo ||
                               number == SYS_prlimit64 || number == SYS_pidfd_send_signal || number == SYS_ptrace ||
                               number == SYS_process_vm_writev;
    const uint64_t first_word = names_process ? static_cast<uint64_t>(getpid()) : random.word(good);
    guest::raw(number, first_word, random.word(good), random.word(good), random.word(good), random.word(good),
               random.word(good));
  }
}

// Everybody but the harness, which is the first process of the sandbox: storms make children that leave their group.
void clear() {
  kill(-1, SIGKILL);
  while (waitpid(-1, nullptr, 0) > 0) {
  }
}
}  // namespace

TEST(every_call_with_random_arguments) {
  for (long from = 0; from < 470; from += 10) {
    EXPECT_TRUE(hostile::ends([&] { storm(static_cast<uint64_t>(from) + 1, from, from + 10, 300); }, 4));
    clear();
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(mixed_storms) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    EXPECT_TRUE(hostile::ends([&] { storm(seed * 1000, 0, 470, 2000); }, 4));
    clear();
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(storms_in_threads_that_share_all) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_TRUE(hostile::ends(
        [&] {
          for (int i = 0; i < 4; ++i) {
            pthread_t thread;
            pthread_create(
                &thread, nullptr,
                [](void* start) -> void* {
                  storm(reinterpret_cast<uintptr_t>(start), 0, 470, 1000);
                  return nullptr;
                },
                reinterpret_cast<void*>(seed * 10 + static_cast<uint64_t>(i)));
          }
          guest::sleep_ms(1500);
        },
        4));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(high_and_negative_numbers) {
  EXPECT_TRUE(hostile::ends([] {
    for (long number : {500L, 1000L, 0x4c4dL, 0x40000000L, 0x40000001L, 0x40000027L, 0x40000200L, 0x7fffffffL, -1L, -2L,
                        0x100000027L}) {
      guest::raw(number, 0, 0, 0, 0, 0, 0);
    }
    _exit(0);
  }));
  EXPECT_EQ(0, guest::in_child([] { return guest::raw(0x4c4d, 1, 2, 3) == -1 && errno == ENOSYS ? 0 : 1; }));
  EXPECT_EQ(0, guest::in_child([] { return guest::raw(0x40000000L + SYS_getpid) == -1 && errno == ENOSYS ? 0 : 1; }));
  EXPECT_TRUE(hostile::sane());
}

TEST(int_0x80_reaches_nothing) {
  // Natively the i386 table: 20 is getpid, 5 open. Under Limen a signal or ENOSYS, and never the host's pid.
  EXPECT_TRUE(hostile::ends([] {
    long result;
    asm volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
    if (result > 0 && result != getpid()) {
      // The answer of another kernel: leave a word for the parent.
      for (;;) {
        int fd = open("/tmp/host-answered", O_CREAT | O_WRONLY, 0600);
        close(fd);
        break;
      }
    }
  }));
  EXPECT_ERRNO(ENOENT, access("/tmp/host-answered", F_OK));
  EXPECT_TRUE(hostile::ends([] { asm volatile("mov $20, %%eax; sysenter" : : : "rax", "rcx", "rdx", "memory"); }));
  EXPECT_TRUE(hostile::sane());
}

TEST(a_far_call_to_32_bit_code) {
  EXPECT_TRUE(hostile::ends([] {
    auto* code =
        static_cast<unsigned char*>(mmap(reinterpret_cast<void*>(0x10000000), 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    const unsigned char bytes[] = {0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0x0f, 0x0b};  // mov $20,%eax; int $0x80; ud2
    memcpy(code, bytes, sizeof bytes);
    struct [[gnu::packed]] {
      uint32_t offset;
      uint16_t segment;
    } target{0x10000000, 0x23};
    asm volatile("ljmp *%0" : : "m"(target));
  }));
  EXPECT_TRUE(hostile::sane());
}

TEST(the_allowed_host_calls_with_wild_arguments) {
  // futex WAIT and WAKE, sched_yield: whatever they are given, only this thread may suffer.
  EXPECT_TRUE(hostile::ends(
      [] {
        hostile::Random random{99};
        static char good[4096];
        for (int i = 0; i < 2000; ++i) {
          timespec limit{0, 100000};
          guest::raw(SYS_futex, random.word(good), random.next() % 2, random.word(good), &limit, random.word(good),
                     random.word(good));
          guest::raw(SYS_sched_yield, random.word(good));
        }
        _exit(0);
      },
      8));
  EXPECT_TRUE(hostile::sane());
}

TEST(ptrace_of_anyone_else_is_refused) {
  for (pid_t pid : {1, 2, 3}) {
    if (pid == getpid() || pid == getppid()) continue;
    EXPECT_TRUE(ptrace(PTRACE_ATTACH, pid, nullptr, nullptr) == -1);
  }
}

HOSTILE_MAIN
