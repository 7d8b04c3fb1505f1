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

GUEST_TEST_MAIN
