// pty(7), termios(3), ioctl_tty(2), and job control on a terminal of the program's own.
#include "tests/guest/terminal.h"

#include <sys/sysmacros.h>

#include <utility>

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

TEST(a_new_terminal_is_locked_and_named) {
  COVERS("open", "ioctl", "stat");
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  if (master == -1) SKIP("no pseudo terminals here");
  unsigned number = 0;
  ASSERT_OK(ioctl(master, TIOCGPTN, &number));
  char name[64];
  snprintf(name, sizeof name, "/dev/pts/%u", number);
  int locked = 0;
  EXPECT_OK(ioctl(master, TIOCGPTLCK, &locked));
  EXPECT_EQ(1, locked);
  EXPECT_ERRNO(EIO, open(name, O_RDWR | O_NOCTTY));
  int off = 0;
  EXPECT_OK(ioctl(master, TIOCSPTLCK, &off));
  EXPECT_OK(ioctl(master, TIOCGPTLCK, &locked));
  EXPECT_EQ(0, locked);
  int slave = open(name, O_RDWR | O_NOCTTY);
  EXPECT_OK(slave);
  struct stat stat;
  EXPECT_OK(fstat(slave, &stat));
  EXPECT_EQ(136u, major(stat.st_rdev));
  EXPECT_EQ(number, minor(stat.st_rdev));
  EXPECT_EQ(number + 3, stat.st_ino);
  EXPECT_EQ(geteuid(), stat.st_uid);
  unsigned device = 0;
  EXPECT_OK(ioctl(slave, TIOCGDEV, &device));
  EXPECT_EQ(stat.st_rdev, device);
  EXPECT_OK(fchmod(slave, 0640));
  EXPECT_OK(fstat(slave, &stat));
  EXPECT_EQ(0640u, stat.st_mode & 07777);
  close(master);
  EXPECT_ERRNO(ENOENT, open(name, O_RDWR | O_NOCTTY));
  EXPECT_ERRNO(EIO, ioctl(slave, TIOCGDEV, &device));
  EXPECT_ERRNO(ENOTTY, ioctl(slave, TIOCSPGRP, &off));
  EXPECT_TRUE(polls(slave, POLLIN | POLLOUT | POLLHUP | POLLERR));
  char byte;
  EXPECT_EQ(0, read(slave, &byte, 1));
}

TEST(the_peer_is_opened_without_its_name) {
  COVERS("ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  int peer = ioctl(terminal.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_OK(peer);
  EXPECT_EQ(FD_CLOEXEC, fcntl(peer, F_GETFD));
  EXPECT_EQ(O_RDWR, fcntl(peer, F_GETFL) & O_ACCMODE);
  EXPECT_EQ(2, write(peer, "hi", 2));
  char out[8] = {};
  EXPECT_TRUE(wait_for(terminal.master, out, sizeof out, "hi"));
  EXPECT_ERRNO(EIO, ioctl(terminal.slave, TIOCGPTPEER, O_RDWR));
  EXPECT_ERRNO(ENOTTY, ioctl(terminal.slave, TIOCGPTLCK, out));
  EXPECT_ERRNO(ENOTTY, ioctl(terminal.slave, TIOCPKT, out));
}

TEST(packet_mode_tells_of_flushes_and_flow) {
  COVERS("ioctl", "read", "poll");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  int on = 1, told = 0;
  EXPECT_OK(ioctl(terminal.master, TIOCPKT, &on));
  EXPECT_OK(ioctl(terminal.master, TIOCGPKT, &told));
  EXPECT_EQ(1, told);
  write(terminal.slave, "data", 4);
  char out[16] = {};
  EXPECT_TRUE(polls(terminal.master, POLLIN));
  EXPECT_EQ(5, read(terminal.master, out, sizeof out));
  EXPECT_EQ(0, memcmp(out, "\0data", 5));
  tcflush(terminal.slave, TCIOFLUSH);
  EXPECT_TRUE(polls(terminal.master, POLLPRI | POLLIN));
  EXPECT_EQ(1, read(terminal.master, out, sizeof out));
  EXPECT_EQ(TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE, out[0]);
  terminal.change([](termios& t) { t.c_iflag &= ~static_cast<tcflag_t>(IXON); });
  EXPECT_EQ(1, read(terminal.master, out, sizeof out));
  EXPECT_EQ(TIOCPKT_NOSTOP, out[0]);
  tcflow(terminal.slave, TCOOFF);
  EXPECT_EQ(1, read(terminal.master, out, sizeof out));
  EXPECT_EQ(TIOCPKT_STOP, out[0]);
  tcflow(terminal.slave, TCOON);
  EXPECT_EQ(1, read(terminal.master, out, sizeof out));
  EXPECT_EQ(TIOCPKT_START, out[0]);
}

TEST(settings_that_are_locked_stay) {
  COVERS("ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  struct {  // the kernel's struct termios
    tcflag_t input, output, control, local;
    cc_t line, keys[19];
  } locked = {1, 1, 1, 1, 1, {1}}, none = {};
  EXPECT_OK(ioctl(terminal.slave, TIOCGLCKTRMIOS, &locked));
  EXPECT_EQ(0, memcmp(&locked, &none, sizeof none));
  if (!guest::is_root()) {
    EXPECT_ERRNO(EPERM, ioctl(terminal.slave, TIOCSLCKTRMIOS, &locked));
    return;
  }
  locked.local = ECHO, locked.keys[VINTR] = 1;
  EXPECT_OK(ioctl(terminal.slave, TIOCSLCKTRMIOS, &locked));
  EXPECT_ERRNO(EFAULT, ioctl(terminal.slave, TIOCSLCKTRMIOS, guest::bad_pointer()));
  struct termios settings;
  tcgetattr(terminal.slave, &settings);
  settings.c_lflag ^= ECHO | ICANON;
  const bool canonical = (settings.c_lflag & ICANON) != 0, echo = (settings.c_lflag & ECHO) == 0;
  const cc_t interrupt = settings.c_cc[VINTR];
  settings.c_cc[VINTR] = 'x', settings.c_cc[VQUIT] = 'y';
  EXPECT_OK(tcsetattr(terminal.slave, TCSANOW, &settings));
  tcgetattr(terminal.slave, &settings);
  EXPECT_EQ(canonical, (settings.c_lflag & ICANON) != 0);
  EXPECT_EQ(echo, (settings.c_lflag & ECHO) != 0);
  EXPECT_EQ(interrupt, settings.c_cc[VINTR]);
  EXPECT_EQ('y', settings.c_cc[VQUIT]);
  EXPECT_OK(ioctl(terminal.master, TIOCGLCKTRMIOS, &none));  // the master asks for the slave's
  EXPECT_EQ(0, memcmp(&locked, &none, sizeof none));
}

TEST(exclusive_use_and_the_queues) {
  COVERS("ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  int told = 0;
  EXPECT_OK(ioctl(terminal.slave, TIOCEXCL));
  EXPECT_OK(ioctl(terminal.slave, TIOCGEXCL, &told));
  EXPECT_EQ(1, told);
  if (!guest::is_root()) EXPECT_ERRNO(EBUSY, open(terminal.name, O_RDWR | O_NOCTTY));
  EXPECT_OK(ioctl(terminal.slave, TIOCNXCL));
  EXPECT_OK(ioctl(terminal.slave, TIOCGEXCL, &told));
  EXPECT_EQ(0, told);
  write(terminal.master, "ab\004cd\nef", 8);
  EXPECT_TRUE(polls(terminal.slave, POLLIN));
  EXPECT_TRUE(guest::eventually([&] { return ioctl(terminal.slave, FIONREAD, &told) == 0 && told == 5; }));
  EXPECT_OK(ioctl(terminal.slave, TIOCOUTQ, &told));
  EXPECT_EQ(0, told);
  EXPECT_OK(ioctl(terminal.slave, TCFLSH, TCIFLUSH));
  EXPECT_OK(ioctl(terminal.slave, FIONREAD, &told));
  EXPECT_EQ(0, told);
  EXPECT_ERRNO(EINVAL, ioctl(terminal.slave, TCFLSH, 3));
  EXPECT_ERRNO(EINVAL, ioctl(terminal.slave, TCXONC, 4));
  EXPECT_OK(ioctl(terminal.slave, TIOCGETD, &told));
  EXPECT_EQ(0, told);
  told = 29;
  EXPECT_ERRNO(EINVAL, ioctl(terminal.slave, TIOCSETD, &told));
  EXPECT_OK(ioctl(terminal.slave, TCSBRK, 1));
  EXPECT_ERRNO(ENOTTY, ioctl(terminal.slave, TIOCMGET, &told));
  EXPECT_ERRNO(ESPIPE, lseek(terminal.slave, 0, SEEK_CUR));
}

TEST(a_pushed_character_needs_the_capability) {
  COVERS("ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, guest::in_child([&] {
              if (guest::is_root()) {
                if (ioctl(terminal.slave, TIOCSTI, "z") != 0 || ioctl(terminal.slave, TIOCSTI, "\n") != 0) return 1;
                char out[4];
                if (read(terminal.slave, out, 4) != 2 || memcmp(out, "z\n", 2) != 0) return 2;
                if (setuid(65534) != 0) return 3;
              }
              return ioctl(terminal.slave, TIOCSTI, "z") == -1 && (errno == EIO || errno == EPERM) ? 0 : 4;
            }));
}

TEST(speeds_and_old_structures) {
  COVERS("ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  struct {
    unsigned iflag, oflag, cflag, lflag;
    unsigned char line, cc[19];
    unsigned ispeed, ospeed;
  } now{};
  constexpr unsigned long kGet2 = 0x802c542a, kSet2 = 0x402c542b, kGetA = 0x5405, kSetA = 0x5406;
  EXPECT_OK(ioctl(terminal.slave, kGet2, &now));
  EXPECT_EQ(38400u, now.ospeed);
  now.cflag = (now.cflag & ~010017u) | 010000;  // BOTHER
  now.ospeed = 12345, now.ispeed = 0;
  EXPECT_OK(ioctl(terminal.slave, kSet2, &now));
  EXPECT_OK(ioctl(terminal.slave, kGet2, &now));
  EXPECT_EQ(12345u, now.ospeed);
  terminal.change([](termios& t) { cfsetspeed(&t, B9600); });
  EXPECT_OK(ioctl(terminal.slave, kGet2, &now));
  EXPECT_EQ(9600u, now.ospeed);
  EXPECT_EQ(9600u, now.ispeed);
  struct {
    unsigned short iflag, oflag, cflag, lflag;
    unsigned char line, cc[8];
  } old{};
  EXPECT_OK(ioctl(terminal.slave, kGetA, &old));
  EXPECT_EQ(now.lflag & 0xffff, old.lflag);
  old.lflag &= static_cast<unsigned short>(~ECHO);
  EXPECT_OK(ioctl(terminal.slave, kSetA, &old));
  EXPECT_EQ(0u, terminal.mode().c_lflag & ECHO);
  EXPECT_EQ(static_cast<unsigned>(B9600), cfgetospeed([&] {
              static termios t;
              t = terminal.mode();
              return &t;
            }()));
  now.cflag = (now.cflag & ~060u) | 020;  // CS6: a pseudo terminal has eight bits
  EXPECT_OK(ioctl(terminal.slave, kSet2, &now));
  EXPECT_EQ(static_cast<unsigned>(CS8), terminal.mode().c_cflag & CSIZE);
}

TEST(the_console_is_not_anybodys_to_take) {
  COVERS("ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  EXPECT_EQ(0, guest::in_child([&] {
              // In a user namespace of its own nobody is root of the machine.
              if (guest::is_root() && unshare(CLONE_NEWUSER) != 0) return 0;
              return ioctl(terminal.slave, TIOCCONS) == -1 && errno == EPERM ? 0 : 1;
            }));
}

GUEST_TEST_MAIN
