// setpgid(2), getpgid(2), setsid(2), getsid(2), kill(2) of groups, getpriority(2).
#include "tests/guest/guest_test.h"

TEST(a_child_starts_in_its_parents_group_and_session) {
  COVERS("getpgid", "getpgrp", "getsid");
  EXPECT_EQ(SYS(getpgrp), SYS(getpgid, 0));
  pid_t group = getpgrp(), session = getsid(0);
  EXPECT_EQ(0, guest::in_child([&] { return getpgrp() == group && getsid(0) == session ? 0 : 1; }));
}

TEST(setpgid_makes_and_joins_groups) {
  COVERS("setpgid", "getpgid");
  pid_t first = guest::spawn([] { return pause(); }), second = guest::spawn([] { return pause(); });
  EXPECT_OK(SYS(setpgid, first, 0));
  EXPECT_EQ(first, SYS(getpgid, first));
  EXPECT_OK(SYS(setpgid, second, first));
  EXPECT_EQ(first, SYS(getpgid, second));
  EXPECT_OK(kill(-first, SIGTERM));
  EXPECT_EQ(SIGTERM, WTERMSIG(guest::reap(first)));
  EXPECT_EQ(SIGTERM, WTERMSIG(guest::reap(second)));
}

TEST(setpgid_errors) {
  COVERS("setpgid", "getpgid", "getsid");
  EXPECT_ERRNO(EINVAL, SYS(setpgid, 0, -1));
  EXPECT_ERRNO(ESRCH, SYS(setpgid, getppid(), 0));
  EXPECT_ERRNO(ESRCH, SYS(getpgid, 4000000));
  EXPECT_ERRNO(ESRCH, SYS(getsid, 4000000));
  pid_t child = guest::spawn([] { return pause(); });
  EXPECT_ERRNO(EPERM, SYS(setpgid, child, 4000000));
  kill(child, SIGKILL);
  guest::reap(child);
  int gate[2];
  ASSERT_OK(pipe2(gate, O_CLOEXEC));
  child = guest::spawn([] { return execlp("sleep", "sleep", "5", nullptr); });
  close(gate[1]);
  char byte;
  read(gate[0], &byte, 1);
  EXPECT_ERRNO(EACCES, SYS(setpgid, child, 0));
  kill(child, SIGKILL);
  guest::reap(child);
}

TEST(setsid_leaves_the_group_and_the_session) {
  COVERS("setsid", "getsid");
  EXPECT_EQ(0, guest::in_child([] {
              if (SYS(setsid) != getpid()) return 1;
              if (getsid(0) != getpid() || getpgrp() != getpid()) return 2;
              if (SYS(setsid) != -1 || errno != EPERM) return 3;
              return setpgid(0, 0) == -1 && errno == EPERM ? 0 : 4;
            }));
}

TEST(wait_for_a_group) {
  COVERS("wait4", "waitid");
  pid_t child = guest::spawn([] { return 5; });
  setpgid(child, child);
  int status = 0;
  EXPECT_EQ(child, waitpid(-child, &status, 0));
  EXPECT_EQ(5, WEXITSTATUS(status));
  EXPECT_ERRNO(ECHILD, waitpid(-child, &status, 0));
  child = guest::spawn([] { return 6; });
  EXPECT_EQ(child, waitpid(0, &status, 0));
}

TEST(kill_of_ones_own_group_reaches_all_in_it) {
  COVERS("kill");
  EXPECT_EQ(0, guest::in_child([] {
              setpgid(0, 0);
              signal(SIGUSR1, SIG_IGN);
              pid_t child = guest::spawn([] {
                signal(SIGUSR1, SIG_DFL);
                return pause();
              });
              guest::falls_asleep(child);
              if (kill(0, SIGUSR1) != 0) return 1;
              return WTERMSIG(guest::reap(child)) == SIGUSR1 ? 0 : 2;
            }));
}

TEST(orphaned_stopped_groups_get_hup_and_cont) {
  COVERS("kill", "exit_group");
  int gate[2];
  ASSERT_OK(pipe(gate));
  EXPECT_EQ(0, guest::in_child([&] {
              setsid();
              pid_t leader = guest::spawn([&] {
                pid_t stopped = guest::spawn([&] {
                  setpgid(0, 0);
                  guest::handle(SIGHUP, [](int) {});
                  raise(SIGSTOP);
                  write(gate[1], "c", 1);
                  return 0;
                });
                waitpid(stopped, nullptr, WUNTRACED);
                return 0;
              });
              guest::reap(leader);
              return 0;
            }));
  close(gate[1]);
  char byte = 0;
  EXPECT_EQ(1, read(gate[0], &byte, 1));
}

TEST(priorities) {
  COVERS("getpriority", "setpriority");
  EXPECT_EQ(0, guest::in_child([] {
              long start = SYS(getpriority, 0, 0);  // 20 - nice
              if (start < 1 || start > 40) return 1;
              if (SYS(setpriority, 0, 0, 10) != 0) return 2;
              if (SYS(getpriority, 0, getpid()) != 10) return 3;
              if (SYS(setpriority, 0, 0, 100) != 0 || SYS(getpriority, 0, 0) != 1) return 4;
              if (SYS(getpriority, 9, 0) != -1 || errno != EINVAL) return 5;
              if (SYS(getpriority, 0, 4000000) != -1 || errno != ESRCH) return 6;
              if (!guest::is_root() && (SYS(setpriority, 0, 0, -5) != -1 || errno != EACCES)) return 7;
              return 0;
            }));
}

GUEST_TEST_MAIN
