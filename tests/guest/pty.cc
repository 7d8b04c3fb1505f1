// pty(7), termios(3), ioctl_tty(2), and job control on a terminal of the program's own.
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <utility>

namespace {
struct Terminal {
  int master = -1, slave = -1;
  char name[64] = {};
  Terminal() {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    unsigned number = 0;
    int unlocked = 0;
    if (master == -1 || ioctl(master, TIOCGPTN, &number) != 0 || ioctl(master, TIOCSPTLCK, &unlocked) != 0) return;
    snprintf(name, sizeof name, "/dev/pts/%u", number);
    slave = open(name, O_RDWR | O_NOCTTY);
  }
  bool ok() const { return slave != -1; }
};
bool wait_for(int fd, char* out, size_t size, const char* wanted) {
  size_t length = strlen(out);
  for (int i = 0; i < 300 && strstr(out, wanted) == nullptr; ++i) {
    pollfd poller{fd, POLLIN, 0};
    if (poll(&poller, 1, 10) != 1) continue;
    ssize_t got = read(fd, out + length, size - length - 1);
    if (got <= 0) break;
    length += static_cast<size_t>(got);
    out[length] = 0;
  }
  return strstr(out, wanted) != nullptr;
}
}  // namespace

TEST(lines_are_cooked_and_echoed) {
  COVERS("open", "ioctl", "read", "write");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  write(terminal.master, "ab\177c\n", 5);
  char out[64] = {};
  EXPECT_EQ(3, read(terminal.slave, out, sizeof out));
  EXPECT_EQ(0, memcmp(out, "ac\n", 3));
  char echo[64] = {};
  EXPECT_TRUE(wait_for(terminal.master, echo, sizeof echo, "\r\n"));
  EXPECT_STREQ("ab\b \bc\r\n", echo);
  write(terminal.slave, "x\n", 2);
  char cooked[64] = {};
  EXPECT_TRUE(wait_for(terminal.master, cooked, sizeof cooked, "\r\n"));
  EXPECT_STREQ("x\r\n", cooked);
}

TEST(end_of_file_and_kill_characters) {
  COVERS("read");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  char out[64] = {};
  write(terminal.master, "abc\025de\004", 7);
  EXPECT_EQ(2, read(terminal.slave, out, sizeof out));
  write(terminal.master, "\004", 1);
  EXPECT_EQ(0, read(terminal.slave, out, sizeof out));
}

TEST(raw_mode_and_vmin_vtime) {
  COVERS("ioctl", "read");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  termios mode;
  ASSERT_OK(SYS(ioctl, terminal.slave, TCGETS, &mode));
  EXPECT_TRUE(mode.c_lflag & ICANON);
  EXPECT_TRUE(mode.c_lflag & ECHO);
  EXPECT_TRUE(mode.c_oflag & OPOST);
  EXPECT_EQ(3, mode.c_cc[VINTR]);
  cfmakeraw(&mode);
  mode.c_cc[VMIN] = 3;
  ASSERT_OK(tcsetattr(terminal.slave, TCSANOW, &mode));
  write(terminal.master, "a\003\r", 3);
  char out[8] = {};
  EXPECT_EQ(3, read(terminal.slave, out, 8));
  EXPECT_EQ(0, memcmp(out, "a\003\r", 3));
  mode.c_cc[VMIN] = 0;
  mode.c_cc[VTIME] = 1;
  tcsetattr(terminal.slave, TCSANOW, &mode);
  EXPECT_EQ(0, read(terminal.slave, out, 8));
}

TEST(the_window_size_and_its_signal) {
  COVERS("ioctl", "setsid");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  winsize size{24, 80, 0, 0}, told{};
  EXPECT_OK(ioctl(terminal.master, TIOCSWINSZ, &size));
  EXPECT_OK(ioctl(terminal.slave, TIOCGWINSZ, &told));
  EXPECT_EQ(24, told.ws_row);
  EXPECT_EQ(80, told.ws_col);
  int gate[2];
  ASSERT_OK(pipe(gate));
  pid_t child = guest::spawn([&] {
    setsid();
    int tty = open(terminal.name, O_RDWR);  // becomes the controlling terminal
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGWINCH);
    sigprocmask(SIG_BLOCK, &mask, nullptr);
    write(gate[1], "r", 1);
    timespec limit{3, 0};
    if (sigtimedwait(&mask, nullptr, &limit) != SIGWINCH) return 1;
    ioctl(tty, TIOCGWINSZ, &told);
    return told.ws_col == 132 ? 0 : 2;
  });
  char byte;
  read(gate[0], &byte, 1);
  size.ws_col = 132;
  ioctl(terminal.master, TIOCSWINSZ, &size);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(characters_become_signals_of_the_foreground_group) {
  COVERS("ioctl", "setsid");
  for (auto [character, number] : {std::pair{'\003', SIGINT}, {'\034', SIGQUIT}}) {
    Terminal terminal;
    if (!terminal.ok()) SKIP("no pseudo terminals here");
    int gate[2];
    ASSERT_OK(pipe(gate));
    pid_t child = guest::spawn([&] {
      setsid();
      int tty = open(terminal.name, O_RDWR);
      pid_t told = 0;
      ioctl(tty, TIOCGPGRP, &told);
      if (told != getpid()) return 1;
      write(gate[1], "r", 1);
      return pause();
    });
    char byte;
    read(gate[0], &byte, 1);
    write(terminal.master, &character, 1);
    int status = guest::reap(child);
    EXPECT_EQ(number, WTERMSIG(status));
  }
}

TEST(background_reading_is_sigttin) {
  COVERS("read", "ioctl", "setpgid");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, guest::in_child([&] {
              setsid();
              int tty = open(terminal.name, O_RDWR);
              pid_t background = guest::spawn([&] {
                setpgid(0, 0);
                char byte;
                return static_cast<int>(read(tty, &byte, 1));
              });
              int status = 0;
              waitpid(background, &status, WUNTRACED);
              if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTTIN) return 1;
              signal(SIGTTOU, SIG_IGN);
              if (tcsetpgrp(tty, background) != 0) return 2;
              kill(background, SIGCONT);
              write(terminal.master, "y\n", 2);
              return WEXITSTATUS(guest::reap(background)) == 1 ? 0 : 3;
            }));
}

TEST(a_closed_master_hangs_up) {
  COVERS("close", "read", "setsid");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  int gate[2];
  ASSERT_OK(pipe(gate));
  pid_t child = guest::spawn([&] {
    close(terminal.master);
    setsid();
    open(terminal.name, O_RDWR);
    write(gate[1], "r", 1);
    return pause();
  });
  char byte;
  read(gate[0], &byte, 1);
  close(terminal.master);
  EXPECT_EQ(SIGHUP, WTERMSIG(guest::reap(child)));
  EXPECT_EQ(0, read(terminal.slave, &byte, 1));
  EXPECT_ERRNO(EIO, write(terminal.slave, "x", 1));
}

TEST(a_closed_slave_is_eio_for_the_master) {
  COVERS("close", "read");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  write(terminal.slave, "last", 4);
  close(terminal.slave);
  char out[8];
  EXPECT_EQ(4, read(terminal.master, out, 8));
  EXPECT_ERRNO(EIO, read(terminal.master, out, 8));
}

TEST(the_controlling_terminal_is_dev_tty) {
  COVERS("open", "ioctl", "setsid");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, guest::in_child([&] {
              setsid();
              if (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO) return 1;
              if (ioctl(terminal.slave, TIOCSCTTY, 0) != 0) return 2;
              int tty = open("/dev/tty", O_RDWR);
              if (tty == -1) return 3;
              pid_t session = 0;
              if (ioctl(tty, TIOCGSID, &session) != 0 || session != getpid()) return 4;
              signal(SIGHUP, SIG_IGN);
              if (ioctl(tty, TIOCNOTTY) != 0) return 5;
              return open("/dev/tty", O_RDWR) == -1 ? 0 : 6;
            }));
}

TEST(tty_ioctl_errors) {
  COVERS("ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  pid_t group = 4000000;
  EXPECT_ERRNO(ENOTTY, ioctl(terminal.slave, TIOCSPGRP, &group));
  EXPECT_ERRNO(ENOTTY, ioctl(terminal.slave, 0x1234567));
  EXPECT_ERRNO(EFAULT, SYS(ioctl, terminal.slave, TCGETS, guest::bad_pointer()));
  EXPECT_TRUE(isatty(terminal.slave));
  struct stat stat;
  EXPECT_OK(fstat(terminal.slave, &stat));
  EXPECT_TRUE(S_ISCHR(stat.st_mode));
}

GUEST_TEST_MAIN
