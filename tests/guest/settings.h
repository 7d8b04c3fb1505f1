// Writing below /proc/sys as root of a namespace, and what comes of it. What belongs to the whole machine is never written by these cases:
// tests/e2e/sysctl.expect does that in a sandbox.
#pragma once

#include "tests/guest/user_namespace.h"

namespace guest {

// The bytes that were taken, or a negative errno.
inline long put(const char* name, const char* text) {
  char path[128];
  snprintf(path, sizeof path, "/proc/sys/%s", name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd == -1) return -1000 - errno;
  long taken = write(fd, text, strlen(text));
  if (taken == -1) taken = -errno;
  close(fd);
  return taken;
}
constexpr long cannot_open(int error) { return -1000 - error; }
inline bool set(const char* name, const char* text) { return put(name, text) == static_cast<long>(strlen(text)); }
inline bool reads(const char* name, const char* text) {
  char path[128], found[256];
  snprintf(path, sizeof path, "/proc/sys/%s", name);
  ssize_t length = guest::slurp(path, found, sizeof found - 1);
  if (length < 0) return false;
  found[length] = 0;
  return strcmp(found, text) == 0;
}

// Each write, what it gives, and what stands there then.
struct Write {
  const char* name;
  const char* text;
  long taken;
  const char* after;
};
template <size_t N>
inline int first_wrong(const Write (&writes)[N]) {
  int number = 0;
  for (const Write& w : writes) {
    ++number;
    if (put(w.name, w.text) != w.taken || !reads(w.name, w.after)) return number;
  }
  return 0;
}

template <typename F>
inline int as_root_of(int namespaces, F body) {
  return guest::in_child([&] { return guest::become_root(namespaces) ? body() : 255; });
}

}  // namespace guest
