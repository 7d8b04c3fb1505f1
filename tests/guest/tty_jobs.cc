// Controlling terminals and job control: credentials(7), ioctl_tty(2), setsid(2), vhangup(2).
#include "tests/guest/terminal.h"

#include <sys/syscall.h>

namespace {

// Runs `body` as a session's leader on `terminal`; what it returns.
template <typename F>
int on_terminal(Terminal& terminal, F body) {
  return guest::in_child([&] {
    setsid();
    if (ioctl(terminal.slave, TIOCSCTTY, 0) != 0) return 100;
    return body();
  });
}

}  // namespace

TEST(opening_makes_it_the_controlling_terminal) {
  COVERS("open", "setsid");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, guest::in_child([&] {
              pid_t session = 0;
              setsid();
              int quiet = open(terminal.name, O_RDWR | O_NOCTTY);
              if (ioctl(quiet, TIOCGSID, &session) != -1 || errno != ENOTTY) return 1;
              int writer = open(terminal.name, O_WRONLY);
              if (ioctl(writer, TIOCGSID, &session) != -1) return 2;
              int tty = open(terminal.name, O_RDWR);
              if (ioctl(tty, TIOCGSID, &session) != 0 || session != getpid()) return 3;
              if (ioctl(terminal.master, TIOCGSID, &session) != 0 || session != getpid()) return 4;
              if (setsid() != -1 || errno != EPERM) return 5;
              // Another session cannot have it too.
              return guest::in_child([&] {
                setsid();
                if (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO) return 6;
                int again = open(terminal.name, O_RDWR);
                if (ioctl(again, TIOCGSID, &session) != -1 || errno != ENOTTY) return 7;
                if (ioctl(again, TIOCSCTTY, 0) != -1 || errno != EPERM) return 8;
                return 0;
              });
            }));
}

TEST(only_a_leader_without_one_takes_a_terminal) {
  COVERS("ioctl");
  Terminal terminal, other;
  if (!terminal.ok() || !other.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, on_terminal(terminal, [&] {
              if (ioctl(terminal.slave, TIOCSCTTY, 0) != 0) return 1;  // again
              if (ioctl(other.slave, TIOCSCTTY, 0) != -1 || errno != EPERM) return 2;
              return guest::in_child([&] {
                if (ioctl(other.slave, TIOCSCTTY, 0) != -1 || errno != EPERM) return 3;
                int tty = open("/dev/tty", O_RDWR);  // inherited
                if (tty == -1) return 4;
                if (ioctl(tty, TIOCNOTTY) != 0) return 5;  // for this process only
                if (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO) return 6;
                return ioctl(terminal.slave, TIOCNOTTY) == -1 && errno == ENOTTY ? 0 : 7;
              });
            }));
}

TEST(a_terminal_may_be_stolen_by_the_capable) {
  COVERS("ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  if (!guest::is_root()) SKIP("needs root");
  EXPECT_EQ(0, on_terminal(terminal, [&] {
              int status = guest::in_child([&] {
                setsid();
                return ioctl(terminal.slave, TIOCSCTTY, 1) == 0 ? 0 : 1;
              });
              return status == 0 && open("/dev/tty", O_RDWR) == -1 && errno == ENXIO ? 0 : 2;
            }));
}

TEST(the_foreground_group_is_set_within_the_session) {
  COVERS("ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, on_terminal(terminal, [&] {
              pid_t group = -1;
              if (ioctl(terminal.slave, TIOCSPGRP, &group) != -1 || errno != EINVAL) return 1;
              group = 4000000;
              if (ioctl(terminal.slave, TIOCSPGRP, &group) != -1 || errno != ESRCH) return 2;
              group = getppid();
              if (ioctl(terminal.slave, TIOCSPGRP, &group) != -1 || errno != EPERM) return 3;
              if (SYS(ioctl, terminal.slave, TIOCSPGRP, guest::bad_pointer()) != -1 || errno != EFAULT) return 4;
              int gate[2];
              pipe(gate);
              pid_t child = guest::spawn([&] {
                setpgid(0, 0);
                char byte;
                return static_cast<int>(read(gate[0], &byte, 1) - 1);
              });
              setpgid(child, child);
              group = child;
              if (ioctl(terminal.slave, TIOCSPGRP, &group) != 0) return 5;
              if (ioctl(terminal.master, TIOCGPGRP, &group) != 0 || group != child) return 6;
              // The leader is in the background now.
              signal(SIGTTOU, SIG_IGN);
              group = getpid();
              if (ioctl(terminal.slave, TIOCSPGRP, &group) != 0) return 7;
              write(gate[1], "x", 1);
              return guest::reap(child);
            }));
  pid_t group = 0;
  EXPECT_OK(ioctl(terminal.master, TIOCGPGRP, &group));
  EXPECT_EQ(0, group);  // nobody's any more
}

TEST(the_background_stops_orphans_fail) {
  COVERS("read", "write", "ioctl", "setpgid");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, on_terminal(terminal, [&] {
              const auto stops_with = [](auto body) {
                pid_t child = guest::spawn([&] {
                  setpgid(0, 0);
                  return body();
                });
                int status = 0;
                waitpid(child, &status, WUNTRACED);
                if (!WIFSTOPPED(status)) return -1 - WEXITSTATUS(status);
                kill(child, SIGKILL);
                waitpid(child, nullptr, 0);
                return WSTOPSIG(status);
              };
              char byte = 'b';
              if (stops_with([&] { return static_cast<int>(read(terminal.slave, &byte, 1)); }) != SIGTTIN) return 1;
              termios mode = terminal.mode();
              if (stops_with([&] { return tcsetattr(terminal.slave, TCSANOW, &mode); }) != SIGTTOU) return 2;
              if (stops_with([&] { return tcflush(terminal.slave, TCIFLUSH); }) != SIGTTOU) return 3;
              if (stops_with([&] { return tcsetpgrp(terminal.slave, getpid()); }) != SIGTTOU) return 4;
              if (stops_with([&] { return write(terminal.slave, "x", 1) == 1 ? 7 : 8; }) != -8) return 5;
              mode.c_lflag |= TOSTOP;
              tcsetattr(terminal.slave, TCSANOW, &mode);
              if (stops_with([&] { return static_cast<int>(write(terminal.slave, "x", 1)); }) != SIGTTOU) return 6;
              // Who ignores or blocks SIGTTIN is told EIO, who ignores SIGTTOU may write.
              if (stops_with([&] {
                    signal(SIGTTIN, SIG_IGN);
                    return read(terminal.slave, &byte, 1) == -1 && errno == EIO ? 1 : 2;
                  }) != -2) {
                return 7;
              }
              if (stops_with([&] {
                    sigset_t set;
                    sigemptyset(&set);
                    sigaddset(&set, SIGTTIN);
                    sigaddset(&set, SIGTTOU);
                    sigprocmask(SIG_BLOCK, &set, nullptr);
                    if (read(terminal.slave, &byte, 1) != -1 || errno != EIO) return 2;
                    return write(terminal.slave, "x", 1) == 1 ? 1 : 3;
                  }) != -2) {
                return 8;
              }
              return 0;
            }));
}

TEST(an_orphan_in_the_background_is_told_eio) {
  COVERS("read", "ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  int report[2];
  ASSERT_OK(pipe(report));
  EXPECT_EQ(0, on_terminal(terminal, [&] {
              pid_t parent = guest::spawn([&] {
                pid_t leader_of_none = getpid();
                guest::spawn([&, leader_of_none] {
                  setpgid(0, 0);
                  while (getppid() == leader_of_none) guest::sleep_ms(1);
                  char byte;
                  int said = read(terminal.slave, &byte, 1) == -1 ? errno : 0;
                  write(report[1], &said, sizeof said);
                  termios mode = terminal.mode();
                  said = tcsetattr(terminal.slave, TCSANOW, &mode) == -1 ? errno : 0;
                  write(report[1], &said, sizeof said);
                  return 0;
                });
                return 0;
              });
              guest::reap(parent);
              int said[2] = {};
              read(report[0], &said[0], sizeof(int));
              read(report[0], &said[1], sizeof(int));
              return said[0] == EIO && said[1] == EIO ? 0 : 1;
            }));
}

TEST(keys_signal_the_foreground_only) {
  COVERS("ioctl", "kill");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, on_terminal(terminal, [&] {
              signal(SIGTTOU, SIG_IGN);
              pid_t jobs[2];
              for (pid_t& job : jobs) {
                job = guest::spawn([] {
                  setpgid(0, 0);
                  return pause();
                });
                setpgid(job, job);
              }
              tcsetpgrp(terminal.slave, jobs[0]);
              write(terminal.master, "\032", 1);
              int status = 0;
              waitpid(jobs[0], &status, WUNTRACED);
              if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTSTP) return 1;
              kill(jobs[0], SIGCONT);
              if (ioctl(terminal.master, TIOCSIG, SIGQUIT) != 0) return 2;
              waitpid(jobs[0], &status, 0);
              if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGQUIT) return 3;
              if (ioctl(terminal.master, TIOCSIG, SIGTERM) != -1 || errno != EINVAL) return 4;
              if (waitpid(jobs[1], &status, WNOHANG) != 0) return 5;
              kill(jobs[1], SIGKILL);
              waitpid(jobs[1], nullptr, 0);
              return 0;
            }));
}

TEST(the_end_of_the_leader_hangs_its_foreground_up) {
  COVERS("exit_group", "setsid");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  int report[2];
  ASSERT_OK(pipe(report));
  EXPECT_EQ(0, on_terminal(terminal, [&] {
              int ready[2];
              pipe(ready);
              pid_t child = guest::spawn([&] {
                setpgid(0, 0);
                signal(SIGTTOU, SIG_IGN);
                tcsetpgrp(terminal.slave, getpid());
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGHUP);
                sigprocmask(SIG_BLOCK, &set, nullptr);
                write(ready[1], "r", 1);
                timespec limit{5, 0};
                char said = static_cast<char>(sigtimedwait(&set, nullptr, &limit));
                if (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO) said = 99;
                write(report[1], &said, 1);
                return 0;
              });
              char byte;
              read(ready[0], &byte, 1);
              return child > 0 ? 0 : 1;
            }));
  char said = 0;
  EXPECT_EQ(1, read(report[0], &said, 1));
  EXPECT_EQ(SIGHUP, said);
  // The terminal itself is as it was.
  EXPECT_EQ(1, write(terminal.slave, "x", 1));
}

TEST(giving_it_up_signals_the_foreground) {
  COVERS("ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, on_terminal(terminal, [&] {
              sigset_t set;
              sigemptyset(&set);
              sigaddset(&set, SIGHUP);
              sigaddset(&set, SIGCONT);
              sigprocmask(SIG_BLOCK, &set, nullptr);
              if (ioctl(terminal.slave, TIOCNOTTY) != 0) return 1;
              sigset_t pending;
              sigpending(&pending);
              if (!sigismember(&pending, SIGHUP) || !sigismember(&pending, SIGCONT)) return 2;
              return open("/dev/tty", O_RDWR) == -1 && errno == ENXIO ? 0 : 3;
            }));
}

TEST(vhangup_ends_all_openings) {
  COVERS("vhangup", "read", "write");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, guest::in_child([&] {
              if (guest::is_root() && setuid(65534) != 0) return 1;
              return SYS(vhangup) == -1 && errno == EPERM ? 0 : 2;
            }));
  if (!guest::is_root()) return;
  EXPECT_EQ(0, on_terminal(terminal, [&] {
              signal(SIGHUP, SIG_IGN);
              if (SYS(vhangup) != 0) return 1;
              char byte;
              if (read(terminal.slave, &byte, 1) != 0) return 2;
              if (write(terminal.slave, "x", 1) != -1 || errno != EIO) return 3;
              if (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO) return 4;
              int fresh = open(terminal.name, O_RDWR);
              if (fresh == -1 || write(fresh, "y", 1) != 1) return 5;
              return 0;
            }));
}

TEST(a_look_at_proc_keeps_nothing_open) {
  COVERS("close", "readlink", "poll");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  char path[64], name[64] = {};
  snprintf(path, sizeof path, "/proc/self/fd/%d", terminal.slave);
  EXPECT_GT(readlink(path, name, sizeof name - 1), 0);
  EXPECT_STREQ(terminal.name, name);
  close(terminal.slave);
  EXPECT_TRUE(polls(terminal.master, POLLHUP));
}

TEST(the_terminal_is_told_in_proc) {
  COVERS("read", "setsid");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, on_terminal(terminal, [&] {
              char text[1024] = {};
              if (guest::slurp("/proc/self/stat", text, sizeof text) <= 0) return 1;
              int parent, group, session, tty, foreground;
              const char* rest = strrchr(text, ')');
              if (rest == nullptr) return 2;
              if (sscanf(rest, ") %*c %d %d %d %d %d", &parent, &group, &session, &tty, &foreground) != 5) return 3;
              struct stat stat;
              fstat(terminal.slave, &stat);
              if (static_cast<dev_t>(tty) != stat.st_rdev) return 4;
              return foreground == getpid() && session == getpid() ? 0 : 5;
            }));
  EXPECT_EQ(0, guest::in_child([] {
              setsid();
              char text[1024] = {};
              if (guest::slurp("/proc/self/stat", text, sizeof text) <= 0) return 1;
              int tty, foreground;
              if (sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %d %d", &tty, &foreground) != 2) return 2;
              return tty == 0 && foreground == -1 ? 0 : 3;
            }));
}

GUEST_TEST_MAIN
