// termios(3): what the line discipline makes of what is typed and written.
#include "tests/guest/terminal.h"

namespace {

// Something is typed on a terminal with these flags changed; what the program reads at once, and what the screen shows.
struct Row {
  const char* what;
  tcflag_t iflag_on, iflag_off, oflag_on, oflag_off, lflag_on, lflag_off;
  const char* typed;
  const char* read;
  const char* shown;
};

constexpr tcflag_t kNone = 0;
const Row kRows[] = {
    {"erase", kNone, kNone, kNone, kNone, kNone, kNone, "ab\177\177\177c\n", "c\n", "ab\b \b\b \bc\r\n"},
    {"kill", kNone, kNone, kNone, kNone, kNone, kNone, "abc\025d\n", "d\n", "abc\b \b\b \b\b \bd\r\n"},
    {"kill without ECHOKE", kNone, kNone, kNone, kNone, kNone, ECHOKE, "abc\025d\n", "d\n", "abc^U\r\nd\r\n"},
    {"kill without ECHOK", kNone, kNone, kNone, kNone, kNone, ECHOK, "abc\025d\n", "d\n", "abc^Ud\r\n"},
    {"word erase", kNone, kNone, kNone, kNone, kNone, kNone, "one two  \027x\n", "one x\n",
     "one two  \b \b\b \b\b \b\b \b\b \bx\r\n"},
    {"no word erase without IEXTEN", kNone, kNone, kNone, kNone, kNone, IEXTEN, "a\027b\n", "a\027b\n", "a^Wb\r\n"},
    {"reprint", kNone, kNone, kNone, kNone, kNone, kNone, "ab\022c\n", "abc\n", "ab^R\r\nabc\r\n"},
    {"literal next", kNone, kNone, kNone, kNone, kNone, kNone, "a\026\003\026\nb\n", "a\003\nb\n", "a^\b^C^\b^Jb\r\n"},
    {"erase of a control character", kNone, kNone, kNone, kNone, kNone, kNone, "\001\177x\n", "x\n",
     "^A\b \b\b \bx\r\n"},
    {"erase of a tab", kNone, kNone, kNone, kNone, kNone, kNone, "ab\t\177x\n", "abx\n", "ab\t\b\b\b\b\b\bx\r\n"},
    {"erase of a tab after a tab", kNone, kNone, kNone, kNone, kNone, kNone, "\tab\t\177x\n", "\tabx\n",
     "\tab\t\b\b\b\b\b\bx\r\n"},
    {"ECHOPRT", kNone, kNone, kNone, kNone, ECHOPRT, kNone, "abc\177\177d\n", "ad\n", "abc\\cb/d\r\n"},
    {"no ECHOE", kNone, kNone, kNone, kNone, kNone, ECHOE, "ab\177\n", "a\n", "ab^?\r\n"},
    {"no ECHOCTL", kNone, kNone, kNone, kNone, kNone, ECHOCTL, "\001b\n", "\001b\n", "\001b\r\n"},
    {"no ECHO", kNone, kNone, kNone, kNone, kNone, ECHO, "ab\n", "ab\n", ""},
    {"ECHONL", kNone, kNone, kNone, kNone, ECHONL, ECHO, "ab\n", "ab\n", "\r\n"},
    {"erase of two bytes", IUTF8, kNone, kNone, kNone, kNone, kNone, "a\303\251\177b\n", "ab\n", "a\303\251\b \bb\r\n"},
    {"erase of one byte", kNone, IUTF8, kNone, kNone, kNone, kNone, "a\303\251\177b\n", "a\303b\n",
     "a\303\251\b \bb\r\n"},
    {"ICRNL", kNone, kNone, kNone, kNone, kNone, kNone, "a\r", "a\n", "a\r\n"},
    {"IGNCR", IGNCR, kNone, kNone, kNone, kNone, kNone, "a\rb\n", "ab\n", "ab\r\n"},
    {"INLCR", INLCR, ICRNL, kNone, kNone, kNone, ICANON, "a\n", "a\r", "a^M"},
    {"ISTRIP", ISTRIP, kNone, kNone, kNone, kNone, kNone, "\341b\n", "ab\n", "ab\r\n"},
    {"IUCLC", IUCLC, kNone, kNone, kNone, kNone, kNone, "AbC\n", "abc\n", "abc\r\n"},
    {"PARMRK doubles", PARMRK, kNone, kNone, kNone, kNone, kNone, "a\377\n", "a\377\377\n", "a\377\r\n"},
    {"OLCUC", kNone, kNone, OLCUC, kNone, kNone, kNone, "abC\n", "abC\n", "ABC\r\n"},
    {"no ONLCR", kNone, kNone, kNone, ONLCR, kNone, kNone, "a\n", "a\n", "a\n"},
    {"no OPOST", kNone, kNone, kNone, OPOST, kNone, kNone, "a\tb\n", "a\tb\n", "a\tb\n"},
    {"XTABS", kNone, kNone, XTABS, kNone, kNone, kNone, "a\tb\n", "a\tb\n", "a       b\r\n"},
    {"raw", kNone, ICRNL | IXON, kNone, kNone, kNone, ICANON | ECHO | ISIG | IEXTEN, "\003\021\r\177", "\003\021\r\177",
     ""},
    {"EXTPROC", kNone, kNone, kNone, kNone, EXTPROC, kNone, "a\003\177b\r", "a\003\177b\r", ""},
};

void try_row(const Row& row) {
  Terminal terminal;
  terminal.change([&](termios& t) {
    t.c_iflag = (t.c_iflag | row.iflag_on) & ~row.iflag_off;
    t.c_oflag = (t.c_oflag | row.oflag_on) & ~row.oflag_off;
    t.c_lflag = (t.c_lflag | row.lflag_on) & ~row.lflag_off;
    t.c_cc[VMIN] = static_cast<cc_t>(strlen(row.read));
  });
  write(terminal.master, row.typed, strlen(row.typed));
  char got[64] = {};
  ssize_t n = read(terminal.slave, got, sizeof got - 1);
  if (n < 0) n = 0;
  if (static_cast<size_t>(n) != strlen(row.read) || memcmp(got, row.read, static_cast<size_t>(n)) != 0) {
    guest::say("  %s: read something else\n", row.what);
    EXPECT_STREQ(row.read, got);
  }
  write(terminal.slave, "#", 1);
  char shown[64] = {};
  EXPECT_TRUE(wait_for(terminal.master, shown, sizeof shown, "#"));
  if (char* mark = strchr(shown, '#')) *mark = 0;
  if (strcmp(row.shown, shown) != 0) {
    guest::say("  %s: shown something else\n", row.what);
    EXPECT_STREQ(row.shown, shown);
  }
}

}  // namespace

TEST(what_is_typed_is_edited_echoed_and_translated) {
  COVERS("read", "write", "ioctl");
  if (!Terminal().ok()) SKIP("no pseudo terminals here");
  for (const Row& row : kRows) try_row(row);
}

TEST(output_is_processed) {
  COVERS("write");
  struct {
    tcflag_t on, off;
    const char *written, *shown;
  } const rows[] = {
      {0, 0, "a\nb", "a\r\nb"},
      {0, OPOST, "a\nb", "a\nb"},
      {OCRNL, ONLCR, "a\rb", "a\nb"},
      {ONOCR, 0, "\ra\rb", "a\rb"},
      {OLCUC, 0, "xyz", "XYZ"},
      {XTABS, 0, "abc\td", "abc     d"},
      {XTABS, 0, "ab\b\td", "ab\b       d"},
      {ONLRET, ONLCR, "ab\n\tc", "ab\n\tc"},
  };
  for (const auto& row : rows) {
    Terminal terminal;
    if (!terminal.ok()) SKIP("no pseudo terminals here");
    terminal.change([&](termios& t) { t.c_oflag = (t.c_oflag | row.on) & ~row.off; });
    EXPECT_EQ(static_cast<ssize_t>(strlen(row.written)), write(terminal.slave, row.written, strlen(row.written)));
    write(terminal.slave, "#", 1);
    char shown[64] = {};
    EXPECT_TRUE(wait_for(terminal.master, shown, sizeof shown, "#"));
    if (char* mark = strchr(shown, '#')) *mark = 0;
    EXPECT_STREQ(row.shown, shown);
  }
}

TEST(a_line_is_read_in_parts_and_its_end_once) {
  COVERS("read");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  fcntl(terminal.slave, F_SETFL, O_RDWR | O_NONBLOCK);
  char out[8] = {};
  EXPECT_ERRNO(EAGAIN, read(terminal.slave, out, 8));
  write(terminal.master, "abc\004", 4);
  EXPECT_TRUE(polls(terminal.slave, POLLIN));
  EXPECT_EQ(2, read(terminal.slave, out, 2));
  EXPECT_EQ(1, read(terminal.slave, out, 8));
  EXPECT_ERRNO(EAGAIN, read(terminal.slave, out, 8));
  write(terminal.master, "abc\004", 4);  // exactly what is asked for: the mark behind it is no end of file
  EXPECT_TRUE(polls(terminal.slave, POLLIN));
  EXPECT_EQ(3, read(terminal.slave, out, 3));
  EXPECT_ERRNO(EAGAIN, read(terminal.slave, out, 8));
  write(terminal.master, "\004\004x\ny\n", 6);
  EXPECT_TRUE(polls(terminal.slave, POLLIN));
  EXPECT_EQ(0, read(terminal.slave, out, 8));
  EXPECT_EQ(0, read(terminal.slave, out, 8));
  EXPECT_EQ(2, read(terminal.slave, out, 8));
  EXPECT_EQ(2, read(terminal.slave, out, 8));
  EXPECT_EQ('y', out[0]);
  EXPECT_EQ(0, read(terminal.slave, out, 0));
  write(terminal.master, "z\n", 2);
  EXPECT_TRUE(polls(terminal.slave, POLLIN));
  EXPECT_ERRNO(EFAULT, SYS(read, terminal.slave, guest::bad_pointer(), 8));
}

TEST(other_line_ends) {
  COVERS("read", "ioctl");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  terminal.change([](termios& t) { t.c_cc[VEOL] = ';', t.c_cc[VEOL2] = ','; });
  write(terminal.master, "a;b,c\n", 6);
  char out[8] = {};
  EXPECT_EQ(2, read(terminal.slave, out, 8));
  EXPECT_EQ(2, read(terminal.slave, out, 8));
  EXPECT_EQ(2, read(terminal.slave, out, 8));
  EXPECT_EQ('c', out[0]);
}

TEST(a_line_has_4095_characters) {
  COVERS("read", "write");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  terminal.change([](termios& t) { t.c_lflag &= ~static_cast<tcflag_t>(ECHO); });
  char line[5000];
  memset(line, 'x', sizeof line);
  line[sizeof line - 1] = '\n';
  for (size_t done = 0; done < sizeof line;) done += static_cast<size_t>(write(terminal.master, line + done, 500));
  char out[8192];
  EXPECT_EQ(4096, read(terminal.slave, out, sizeof out));
  EXPECT_EQ('\n', out[4095]);
}

TEST(a_change_of_mode_keeps_what_was_typed) {
  COVERS("ioctl", "read");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  write(terminal.master, "half", 4);
  char shown[16] = {};
  EXPECT_TRUE(wait_for(terminal.master, shown, sizeof shown, "half"));
  pollfd poller{terminal.slave, POLLIN, 0};
  EXPECT_EQ(0, poll(&poller, 1, 20));
  terminal.change([](termios& t) { t.c_lflag &= ~static_cast<tcflag_t>(ICANON); });
  char out[8] = {};
  EXPECT_EQ(4, read(terminal.slave, out, 8));
  write(terminal.master, "more", 4);
  EXPECT_TRUE(wait_for(terminal.master, shown, sizeof shown, "more"));
  terminal.change([](termios& t) { t.c_lflag |= ICANON; });
  EXPECT_EQ(4, read(terminal.slave, out, 8));  // a line of its own now
  write(terminal.master, "gone\n", 5);
  EXPECT_TRUE(polls(terminal.slave, POLLIN));
  termios mode = terminal.mode();
  EXPECT_OK(tcsetattr(terminal.slave, TCSAFLUSH, &mode));
  fcntl(terminal.slave, F_SETFL, O_RDWR | O_NONBLOCK);
  EXPECT_ERRNO(EAGAIN, read(terminal.slave, out, 8));
}

TEST(vmin_and_vtime) {
  COVERS("read", "poll");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  const auto set = [&](cc_t min, cc_t time) {
    terminal.change([&](termios& t) {
      cfmakeraw(&t);
      t.c_cc[VMIN] = min, t.c_cc[VTIME] = time;
    });
  };
  char out[8];
  set(0, 0);
  EXPECT_EQ(0, read(terminal.slave, out, 8));  // at once, and no EAGAIN
  set(3, 0);
  write(terminal.master, "ab", 2);
  int told = 0;
  EXPECT_TRUE(guest::eventually([&] { return ioctl(terminal.slave, FIONREAD, &told) == 0 && told == 2; }));
  pollfd poller{terminal.slave, POLLIN, 0};
  EXPECT_EQ(0, poll(&poller, 1, 20));  // VMIN are not there yet
  EXPECT_EQ(1, read(terminal.slave, out, 1));
  write(terminal.master, "cd", 2);
  EXPECT_EQ(3, read(terminal.slave, out, 8));
  set(5, 1);  // the time runs from the first byte on
  write(terminal.master, "ef", 2);
  EXPECT_EQ(2, read(terminal.slave, out, 8));
  set(0, 1);
  EXPECT_EQ(0, read(terminal.slave, out, 8));
  write(terminal.master, "g", 1);
  EXPECT_EQ(1, read(terminal.slave, out, 8));
}

TEST(a_signal_ends_a_read) {
  COVERS("read");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  pid_t child = guest::spawn([&] {
    guest::handle(SIGUSR1, [](int) {});
    char byte;
    return read(terminal.slave, &byte, 1) == -1 && errno == EINTR ? 0 : 1;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  kill(child, SIGUSR1);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(output_stops_and_starts) {
  COVERS("write", "ioctl", "poll");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  fcntl(terminal.slave, F_SETFL, O_RDWR | O_NONBLOCK);
  write(terminal.master, "\023", 1);
  EXPECT_TRUE(guest::eventually([&] { return write(terminal.slave, "x", 1) == -1 && errno == EAGAIN; }));
  write(terminal.master, "\021", 1);
  EXPECT_TRUE(polls(terminal.slave, POLLOUT));
  EXPECT_EQ(1, write(terminal.slave, "y", 1));
  EXPECT_OK(tcflow(terminal.slave, TCOOFF));
  EXPECT_ERRNO(EAGAIN, write(terminal.slave, "z", 1));
  EXPECT_OK(tcflow(terminal.slave, TCOON));
  EXPECT_EQ(1, write(terminal.slave, "z", 1));
  EXPECT_OK(tcflow(terminal.slave, TCIOFF));
  char shown[64] = {};
  EXPECT_TRUE(wait_for(terminal.master, shown, sizeof shown, "\023"));
  terminal.change([](termios& t) { t.c_iflag |= IXANY; });
  write(terminal.master, "\023", 1);
  EXPECT_TRUE(guest::eventually([&] { return write(terminal.slave, "x", 1) == -1 && errno == EAGAIN; }));
  write(terminal.master, "k", 1);
  EXPECT_TRUE(polls(terminal.slave, POLLOUT));
}

TEST(a_signal_flushes_what_was_typed) {
  COVERS("read", "ioctl");
  for (const bool keeps : {false, true}) {
    Terminal terminal;
    if (!terminal.ok()) SKIP("no pseudo terminals here");
    if (keeps) terminal.change([](termios& t) { t.c_lflag |= NOFLSH; });
    write(terminal.master, "ab\003cd\n", 6);
    char out[8] = {};
    EXPECT_EQ(keeps ? 5 : 3, read(terminal.slave, out, 8));
  }
}

TEST(a_full_output_blocks_its_writer) {
  COVERS("write", "read");
  Terminal terminal;
  if (!terminal.ok()) SKIP("no pseudo terminals here");
  fcntl(terminal.slave, F_SETFL, O_RDWR | O_NONBLOCK);
  char block[1000];
  memset(block, 'x', sizeof block);
  size_t written = 0;
  for (ssize_t n; written < (1 << 20) && (n = write(terminal.slave, block, sizeof block)) > 0;) {
    written += static_cast<size_t>(n);
  }
  EXPECT_LT(written, size_t{1 << 20});
  EXPECT_ERRNO(EAGAIN, write(terminal.slave, block, 1));
  fcntl(terminal.slave, F_SETFL, O_RDWR);
  pid_t child = guest::spawn([&] { return write(terminal.slave, block, 1000) == 1000 ? 0 : 1; });
  size_t seen = 0;
  while (seen < written + 1000) {
    const ssize_t n = read(terminal.master, block, sizeof block);
    if (n <= 0) break;
    seen += static_cast<size_t>(n);
  }
  EXPECT_EQ(written + 1000, seen);
  EXPECT_EQ(0, guest::reap(child));
}

GUEST_TEST_MAIN
