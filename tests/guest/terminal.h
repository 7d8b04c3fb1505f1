// A pseudo terminal of the test's own.
#pragma once

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "tests/guest/guest_test.h"

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
  termios mode() const {
    termios t;
    tcgetattr(slave, &t);
    return t;
  }
  template <typename Change>
  void change(Change change) const {
    termios t = mode();
    change(t);
    tcsetattr(slave, TCSANOW, &t);
  }
};

// Reads until `wanted` has come; Linux moves bytes from one end to the other when it likes.
inline bool wait_for(int fd, char* out, size_t size, const char* wanted) {
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

inline bool polls(int fd, short events) {
  pollfd poller{fd, events, 0};
  return poll(&poller, 1, 3000) == 1 && (poller.revents & events) == events;
}
