// The auxiliary vector (getauxval(3)), the start of a program's stack, and the vDSO (vdso(7)).
#include "tests/guest/guest_test.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/time.h>

extern char** environ;

TEST(the_vector_describes_the_process) {
  COVERS("execve");
  EXPECT_EQ(4096, getauxval(AT_PAGESZ));
  EXPECT_EQ(getuid(), getauxval(AT_UID));
  EXPECT_EQ(geteuid(), getauxval(AT_EUID));
  EXPECT_EQ(getgid(), getauxval(AT_GID));
  EXPECT_EQ(getegid(), getauxval(AT_EGID));
  EXPECT_EQ(0, getauxval(AT_SECURE));
  EXPECT_EQ(100, getauxval(AT_CLKTCK));
  EXPECT_EQ(sizeof(ElfW(Phdr)), getauxval(AT_PHENT));
  EXPECT_GT(getauxval(AT_PHNUM), 2);
  EXPECT_STREQ("x86_64", reinterpret_cast<const char*>(getauxval(AT_PLATFORM)));
  EXPECT_TRUE(getauxval(AT_HWCAP) != 0);
  EXPECT_TRUE(getauxval(AT_ENTRY) != 0);
}

TEST(execfn_is_the_path_that_was_run) {
  COVERS("execve");
  const char* name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  ASSERT_TRUE(name != nullptr);
  struct stat one, two;
  ASSERT_OK(stat(name, &one));
  ASSERT_OK(stat("/proc/self/exe", &two));
  EXPECT_EQ(one.st_ino, two.st_ino);
}

TEST(random_bytes_differ_from_run_to_run) {
  COVERS("execve");
  auto* bytes = reinterpret_cast<const uint64_t*>(getauxval(AT_RANDOM));
  ASSERT_TRUE(bytes != nullptr);
  EXPECT_TRUE(bytes[0] != 0 || bytes[1] != 0);
}

TEST(the_stack_pointer_was_aligned_and_the_strings_lie_above) {
  COVERS("execve");
  auto* random = reinterpret_cast<const char*>(getauxval(AT_RANDOM));
  EXPECT_TRUE(reinterpret_cast<const char*>(environ) < random);
  EXPECT_EQ(0, reinterpret_cast<uintptr_t>(environ) % 8);
}

TEST(the_vdso_is_an_elf_image_with_the_clock) {
  COVERS("clock_gettime");
  uintptr_t base = getauxval(AT_SYSINFO_EHDR);
  ASSERT_TRUE(base != 0);
  auto* header = reinterpret_cast<const ElfW(Ehdr)*>(base);
  EXPECT_EQ(0, memcmp(header->e_ident, ELFMAG, SELFMAG));
  EXPECT_EQ(ET_DYN, header->e_type);
  auto* programs = reinterpret_cast<const ElfW(Phdr)*>(base + header->e_phoff);
  const ElfW(Dyn)* dynamic = nullptr;
  for (int i = 0; i < header->e_phnum; ++i) {
    if (programs[i].p_type == PT_DYNAMIC) dynamic = reinterpret_cast<const ElfW(Dyn)*>(base + programs[i].p_vaddr);
  }
  ASSERT_TRUE(dynamic != nullptr);
  const char* strings = nullptr;
  const ElfW(Sym)* symbols = nullptr;
  for (; dynamic->d_tag != DT_NULL; ++dynamic) {
    if (dynamic->d_tag == DT_STRTAB) strings = reinterpret_cast<const char*>(base + dynamic->d_un.d_ptr);
    if (dynamic->d_tag == DT_SYMTAB) symbols = reinterpret_cast<const ElfW(Sym)*>(base + dynamic->d_un.d_ptr);
  }
  ASSERT_TRUE(strings != nullptr && symbols != nullptr);
  int (*clock)(clockid_t, timespec*) = nullptr;
  for (int i = 1; i < 64 && reinterpret_cast<const char*>(symbols + i) < strings; ++i) {
    if (strcmp(strings + symbols[i].st_name, "__vdso_clock_gettime") == 0) {
      clock = reinterpret_cast<int (*)(clockid_t, timespec*)>(base + symbols[i].st_value);
    }
  }
  ASSERT_TRUE(clock != nullptr);
  timespec one, two;
  EXPECT_EQ(0, clock(CLOCK_MONOTONIC, &one));
  SYS(clock_gettime, CLOCK_MONOTONIC, &two);
  EXPECT_LE(one.tv_sec, two.tv_sec);
  EXPECT_GE(one.tv_sec + 1, two.tv_sec);
}

TEST(vdso_and_system_call_tell_the_same_time) {
  COVERS("clock_gettime", "gettimeofday", "time", "clock_getres", "getcpu");
  for (clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME_COARSE,
                          CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC_RAW, CLOCK_TAI}) {
    timespec fast, slow, again;
    ASSERT_OK(clock_gettime(clock, &fast));
    ASSERT_OK(SYS(clock_gettime, clock, &slow));
    ASSERT_OK(clock_gettime(clock, &again));
    auto ns = [](const timespec& t) { return t.tv_sec * 1000000000l + t.tv_nsec; };
    EXPECT_LE(ns(fast), ns(slow));
    EXPECT_LE(ns(slow), ns(again));
  }
  timeval fast, slow;
  gettimeofday(&fast, nullptr);
  SYS(gettimeofday, &slow, nullptr);
  EXPECT_LE(fast.tv_sec, slow.tv_sec);
  EXPECT_LE(time(nullptr), SYS(time, nullptr));
  unsigned cpu = 99999, node = 99999;
  EXPECT_OK(SYS(getcpu, &cpu, &node, nullptr));
  EXPECT_LT(cpu, 4096);
  timespec resolution;
  EXPECT_OK(SYS(clock_getres, CLOCK_MONOTONIC, &resolution));
  EXPECT_EQ(1, resolution.tv_nsec);
}

TEST(time_never_goes_back) {
  COVERS("clock_gettime");
  timespec last, now;
  clock_gettime(CLOCK_MONOTONIC, &last);
  for (int i = 0; i < 100000; ++i) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec < last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec)) {
      EXPECT_TRUE(false);
      break;
    }
    last = now;
  }
}

TEST(a_frame_in_the_vdso_does_not_confuse_a_signal) {
  COVERS("rt_sigreturn", "setitimer");
  static volatile int hits;
  hits = 0;
  guest::handle(SIGALRM, [](int) {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    hits = hits + 1;
  });
  itimerval timer{{0, 500}, {0, 500}}, none{};
  setitimer(ITIMER_REAL, &timer, nullptr);
  timespec now;
  for (int i = 0; i < 50000000 && hits < 50; ++i) clock_gettime(CLOCK_REALTIME, &now);
  setitimer(ITIMER_REAL, &none, nullptr);
  EXPECT_GE(hits, 50);
}

GUEST_TEST_MAIN
