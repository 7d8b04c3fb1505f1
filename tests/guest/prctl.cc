// prctl(2), seccomp(2) strict mode, personality(2).
#include "tests/guest/guest_test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/personality.h>
#include <sys/prctl.h>

TEST(names_are_fifteen_bytes) {
  COVERS("prctl");
  char name[16];
  EXPECT_OK(SYS(prctl, PR_SET_NAME, "a name that is too long"));
  EXPECT_OK(SYS(prctl, PR_GET_NAME, name));
  EXPECT_STREQ("a name that is ", name);
  char comm[32];
  guest::slurp("/proc/self/comm", comm, sizeof comm);
  EXPECT_STREQ("a name that is \n", comm);
  EXPECT_ERRNO(EFAULT, SYS(prctl, PR_SET_NAME, guest::bad_pointer()));
}

TEST(the_parent_death_signal) {
  COVERS("prctl");
  int gate[2];
  ASSERT_OK(pipe(gate));
  EXPECT_EQ(0, guest::in_child([&] {
              guest::spawn([&] {
                int told = 0;
                guest::handle(SIGUSR2, [](int) {});
                if (SYS(prctl, PR_SET_PDEATHSIG, SIGUSR2) != 0) return 1;
                SYS(prctl, PR_GET_PDEATHSIG, &told);
                if (told != SIGUSR2) return 1;
                write(gate[1], "r", 1);
                guest::sleep_ms(0);
                timespec long_time{5, 0};
                if (nanosleep(&long_time, nullptr) == -1 && errno == EINTR) write(gate[1], "d", 1);
                return 0;
              });
              guest::sleep_ms(50);
              return 0;
            }));
  close(gate[1]);
  char text[4] = {};
  EXPECT_EQ(1, read(gate[0], text, 1));
  EXPECT_EQ(1, read(gate[0], text + 1, 1));
  EXPECT_STREQ("rd", text);
  EXPECT_ERRNO(EINVAL, SYS(prctl, PR_SET_PDEATHSIG, 100));
}

TEST(dumpable_keepcaps_and_subreaper) {
  COVERS("prctl");
  EXPECT_EQ(0, guest::in_child([] {
              if (SYS(prctl, PR_SET_DUMPABLE, 0) != 0 || SYS(prctl, PR_GET_DUMPABLE) != 0) return 1;
              if (SYS(prctl, PR_SET_DUMPABLE, 7) != -1 || errno != EINVAL) return 2;
              int value = -1;
              if (SYS(prctl, PR_SET_CHILD_SUBREAPER, 1) != 0 || SYS(prctl, PR_GET_CHILD_SUBREAPER, &value) != 0)
                return 3;
              return value == 1 ? 0 : 4;
            }));
}

TEST(no_new_privs_stays) {
  COVERS("prctl");
  EXPECT_EQ(0, guest::in_child([] {
              if (SYS(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0) return 1;
              if (SYS(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 2;
              if (SYS(prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) != -1 || errno != EINVAL) return 3;
              return guest::in_child([] { return SYS(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1; }) == 0 ? 0
                                                                                                                   : 4;
            }));
}

TEST(settings_that_are_kept_and_shown) {
  COVERS("prctl");
  EXPECT_EQ(PR_MCE_KILL_DEFAULT, prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
  EXPECT_OK(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
  EXPECT_EQ(PR_MCE_KILL_EARLY, prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
  EXPECT_EQ(PR_MCE_KILL_EARLY << 8, guest::in_child([] { return prctl(PR_MCE_KILL_GET, 0, 0, 0, 0); }));
  EXPECT_OK(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 0, 0));
  EXPECT_EQ(PR_MCE_KILL_LATE, prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
  EXPECT_OK(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0));
  EXPECT_EQ(PR_MCE_KILL_DEFAULT, prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_MCE_KILL, PR_MCE_KILL_SET, 3, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_MCE_KILL, PR_MCE_KILL_SET, 0, 1, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_MCE_KILL_GET, 1, 0, 0, 0));

  EXPECT_OK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
  EXPECT_EQ(1, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  EXPECT_EQ(1 << 8, guest::in_child([] { return prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0); }));
  EXPECT_OK(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
  EXPECT_EQ(0, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_SET_THP_DISABLE, 1, 0, 1, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));

  if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) == 0) {  // needs CAP_SYS_RESOURCE
    EXPECT_EQ(1, prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0));
    EXPECT_OK(prctl(PR_SET_IO_FLUSHER, 0, 0, 0, 0));
    EXPECT_EQ(0, prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0));
    EXPECT_ERRNO(EINVAL, prctl(PR_SET_IO_FLUSHER, 2, 0, 0, 0));
  } else {
    EXPECT_ERRNO(EPERM, prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0));
  }
}

TEST(prctl_errors) {
  COVERS("prctl");
  EXPECT_ERRNO(EINVAL, SYS(prctl, 123456));
  EXPECT_ERRNO(EINVAL, SYS(prctl, PR_CAPBSET_READ, 200));
  EXPECT_EQ(0, SYS(prctl, PR_GET_TIMING));
  EXPECT_GE(SYS(prctl, PR_GET_TIMERSLACK), 1);
}

TEST(seccomp_strict_allows_four_calls) {
  COVERS("seccomp", "prctl");
  EXPECT_EQ(0, WEXITSTATUS(guest::in_child([] {
              if (SYS(prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) return 1;
              SYS(exit, 0);
              return 2;
            })));
  EXPECT_EQ(SIGKILL, guest::signal_of([] {
              SYS(seccomp, SECCOMP_SET_MODE_STRICT, 0, nullptr);
              SYS(getpid);
            }));
}

TEST(a_seccomp_filter_answers_with_its_errno) {
  COVERS("seccomp");
  EXPECT_EQ(0, guest::in_child([] {
              sock_filter code[] = {
                  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
                  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 42),
                  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
              };
              sock_fprog program{4, code};
              if (!guest::is_root() && (SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != -1 || errno != EACCES))
                return 1;
              prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
              if (SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return 2;
              if (SYS(getppid) != -1 || errno != 42) return 3;
              return SYS(getpid) > 0 ? 0 : 4;
            }));
}

TEST(personality_is_told) {
  COVERS("personality");
  long now = SYS(personality, 0xffffffff);
  EXPECT_EQ(0, now & 0xff);
  EXPECT_EQ(0, guest::in_child([&] {
              if (SYS(personality, ADDR_NO_RANDOMIZE) != now) return 1;
              return SYS(personality, 0xffffffff) == ADDR_NO_RANDOMIZE ? 0 : 2;
            }));
}

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif
#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

// EINVAL where the kernel was built without it.
static bool has_mdwe() { return prctl(PR_GET_MDWE, 0, 0, 0, 0) != -1; }

TEST(what_is_writable_does_not_become_executable) {
  COVERS("prctl", "mmap", "mprotect");
  if (!has_mdwe()) SKIP("this kernel has no PR_SET_MDWE");
  EXPECT_EQ(0, guest::in_child([] {
              constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
              constexpr int kRead = PROT_READ, kWrite = PROT_WRITE, kExec = PROT_EXEC;
              if (prctl(PR_GET_MDWE, 0, 0, 0, 0) != 0) return 1;
              auto* data = static_cast<char*>(mmap(nullptr, 16384, kRead | kWrite, kAnonymous, -1, 0));
              auto* text = static_cast<char*>(mmap(nullptr, 16384, kRead | kExec, kAnonymous, -1, 0));
              if (prctl(PR_SET_MDWE, 2, 0, 0, 0) != -1 || errno != EINVAL) return 2;
              if (prctl(PR_SET_MDWE, 4, 0, 0, 0) != -1 || errno != EINVAL) return 3;
              if (prctl(PR_SET_MDWE, 1, 1, 0, 0) != -1 || errno != EINVAL) return 4;
              if (prctl(PR_SET_MDWE, 1, 0, 0, 0) != 0 || prctl(PR_GET_MDWE, 0, 0, 0, 0) != 1) return 5;
              if (prctl(PR_SET_MDWE, 0, 0, 0, 0) != -1 || errno != EPERM) return 6;
              if (prctl(PR_SET_MDWE, 3, 0, 0, 0) != -1 || errno != EPERM) return 7;
              if (prctl(PR_SET_MDWE, 1, 0, 0, 0) != 0) return 8;
              if (mmap(nullptr, 4096, kRead | kWrite | kExec, kAnonymous, -1, 0) != MAP_FAILED || errno != EACCES)
                return 9;
              if (mmap(nullptr, 4096, kWrite | kExec, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) return 10;
              if (mmap(nullptr, 4096, kRead | kExec, kAnonymous, -1, 0) == MAP_FAILED) return 11;
              if (mprotect(data, 4096, kRead | kExec) != -1 || errno != EACCES) return 12;
              if (mprotect(data, 4096, kRead) != 0 || mprotect(data, 4096, kExec) != -1) return 13;
              if (mprotect(text, 4096, kExec) != 0 || mprotect(text, 4096, kRead | kExec | kWrite) != -1) return 14;
              if (mprotect(text, 4096, kRead) != 0 || mprotect(text, 4096, kRead | kExec) != -1) return 15;
              int status = guest::in_child([] { return prctl(PR_GET_MDWE, 0, 0, 0, 0); });
              return WEXITSTATUS(status) == 1 ? 0 : 16;
            }));
  // A child does not inherit it where that was said.
  EXPECT_EQ(0, guest::in_child([] {
              if (prctl(PR_SET_MDWE, 3, 0, 0, 0) != 0 || prctl(PR_GET_MDWE, 0, 0, 0, 0) != 3)
                return errno == EINVAL ? 0 : 1;
              return guest::in_child([] { return prctl(PR_GET_MDWE, 0, 0, 0, 0); });
            }));
}

TEST(huge_pages_where_they_are_advised) {
  COVERS("prctl");
  EXPECT_ERRNO(EINVAL, prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_SET_THP_DISABLE, 0, 2, 0, 0));
  if (prctl(PR_SET_THP_DISABLE, 1, 2, 0, 0) != 0) SKIP("this kernel knows no PR_THP_DISABLE_EXCEPT_ADVISED");
  EXPECT_EQ(3, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  EXPECT_OK(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
  EXPECT_EQ(0, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
}

TEST(merging_of_pages_is_kept) {
  COVERS("prctl");
  if (prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0) == -1) SKIP("this kernel has no PR_SET_MEMORY_MERGE");
  EXPECT_EQ(0, prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0));
  EXPECT_OK(prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0));
  EXPECT_EQ(1, prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0));
  EXPECT_EQ(1 << 8, guest::in_child([] { return prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0); }));
  EXPECT_ERRNO(EINVAL, prctl(PR_SET_MEMORY_MERGE, 1, 1, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_GET_MEMORY_MERGE, 1, 0, 0, 0));
}

TEST(speculation_is_told_and_not_anybodys_to_name) {
  COVERS("prctl");
  for (unsigned long which = 0; which < 3; ++which) {
    int state = prctl(PR_GET_SPECULATION_CTRL, which, 0, 0, 0);
    if (state == -1) EXPECT_ERRNO(ENODEV, state);
  }
  EXPECT_ERRNO(ENODEV, prctl(PR_GET_SPECULATION_CTRL, 77, 0, 0, 0));
  EXPECT_ERRNO(ENODEV, prctl(PR_SET_SPECULATION_CTRL, 77, PR_SPEC_ENABLE, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_GET_SPECULATION_CTRL, 0, 1, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_SET_SPECULATION_CTRL, 0, PR_SPEC_ENABLE, 1, 0));
}

TEST(the_auxiliary_vector_is_told) {
  COVERS("prctl");
  char all[4096] = {}, file[4096] = {};
  long size = prctl(PR_GET_AUXV, all, sizeof all, 0, 0);
  if (size == -1) SKIP("this kernel has no PR_GET_AUXV");
  ssize_t told = guest::slurp("/proc/self/auxv", file, sizeof file);
  EXPECT_GE(size, told);
  EXPECT_EQ(0, memcmp(all, file, static_cast<size_t>(told)));
  memset(all, 0, sizeof all);
  EXPECT_EQ(size, prctl(PR_GET_AUXV, all, 16, 0, 0));
  EXPECT_EQ(0, memcmp(all, file, 16));
  EXPECT_EQ(0, all[16]);
  EXPECT_EQ(size, prctl(PR_GET_AUXV, nullptr, 0, 0, 0));
  EXPECT_ERRNO(EFAULT, prctl(PR_GET_AUXV, guest::bad_pointer(), 4096, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(PR_GET_AUXV, all, sizeof all, 1, 0));
}

TEST(anonymous_memory_has_a_name) {
  COVERS("prctl");
  auto* map = static_cast<char*>(mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (prctl(PR_SET_VMA, 0, map, 4096, "a name") != 0) SKIP("this kernel was built without names of memory");
  static char text[65536];
  guest::slurp("/proc/self/maps", text, sizeof text);
  EXPECT_TRUE(strstr(text, "[anon:a name]") != nullptr);
  EXPECT_ERRNO(EINVAL, prctl(PR_SET_VMA, 0, map + 1, 4096, "x"));
  EXPECT_ERRNO(EINVAL, prctl(PR_SET_VMA, 1, map, 4096, "x"));
  EXPECT_ERRNO(EINVAL, prctl(PR_SET_VMA, 0, map, 4096, "a[b"));
  EXPECT_ERRNO(EINVAL, prctl(PR_SET_VMA, 0, map, 4096, "a\nb"));
  EXPECT_ERRNO(EFAULT, prctl(PR_SET_VMA, 0, map, 4096, guest::bad_pointer()));
  memset(text, 'a', 80), text[80] = 0;
  EXPECT_ERRNO(EINVAL, prctl(PR_SET_VMA, 0, map, 4096, text));
  text[79] = 0;
  EXPECT_OK(prctl(PR_SET_VMA, 0, map, 4096, text));
  EXPECT_OK(prctl(PR_SET_VMA, 0, map, 4096, nullptr));
}

TEST(bits_that_only_programs_look_at_are_everybodys) {
  COVERS("prctl");
  constexpr unsigned long kRestrictFile = 1 << 8, kLocked = 1 << 9;
  EXPECT_EQ(0, guest::in_child([] {
              int bits = prctl(PR_GET_SECUREBITS);
              if (prctl(PR_SET_SECUREBITS, static_cast<unsigned long>(bits) | kRestrictFile) != 0)
                return 0;  // an older one
              if (prctl(PR_SET_SECUREBITS, static_cast<unsigned long>(bits) | kRestrictFile | kLocked) != 0) return 1;
              if (prctl(PR_GET_SECUREBITS) != (bits | 0x300)) return 2;
              if (prctl(PR_SET_SECUREBITS, static_cast<unsigned long>(bits)) != -1 || errno != EPERM) return 3;
              return prctl(PR_SET_SECUREBITS, 1ul << 12) == -1 && errno == EPERM ? 0 : 4;
            }));
}

GUEST_TEST_MAIN
