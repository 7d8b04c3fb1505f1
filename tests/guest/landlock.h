// landlock(7) for its tests: rights, rulesets and children that restrict themselves.
#pragma once

#include <sys/prctl.h>

#include "tests/guest/guest_test.h"

namespace landlock {

enum : uint64_t {
  kExecute = 1 << 0,
  kWriteFile = 1 << 1,
  kReadFile = 1 << 2,
  kReadDir = 1 << 3,
  kRemoveDir = 1 << 4,
  kRemoveFile = 1 << 5,
  kMakeChar = 1 << 6,
  kMakeDir = 1 << 7,
  kMakeReg = 1 << 8,
  kMakeSock = 1 << 9,
  kMakeFifo = 1 << 10,
  kMakeBlock = 1 << 11,
  kMakeSym = 1 << 12,
  kRefer = 1 << 13,
  kTruncate = 1 << 14,
  kIoctlDev = 1 << 15,
  kAllFiles = (1 << 16) - 1,
  kBind = 1,
  kConnect = 2,
  kScopeAbstract = 1,
  kScopeSignal = 2,
};

struct Attributes {
  uint64_t fs, net, scoped;
};
struct [[gnu::packed]] PathRule {
  uint64_t allowed;
  int32_t parent;
};
struct PortRule {
  uint64_t allowed, port;
};

inline int create(uint64_t fs, uint64_t net = 0, uint64_t scoped = 0) {
  Attributes attributes{fs, net, scoped};
  return static_cast<int>(SYS(landlock_create_ruleset, &attributes, sizeof attributes, 0));
}

inline long allow(int ruleset, uint64_t rights, const char* path) {
  PathRule rule{rights, open(path, O_PATH | O_CLOEXEC)};
  long result = SYS(landlock_add_rule, ruleset, 1, &rule, 0);
  int error = errno;
  close(rule.parent);
  errno = error;
  return result;
}

inline long allow_port(int ruleset, uint64_t rights, uint64_t port) {
  PortRule rule{rights, port};
  return SYS(landlock_add_rule, ruleset, 2, &rule, 0);
}

inline long restrict(int ruleset) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  long result = SYS(landlock_restrict_self, ruleset, 0);
  close(ruleset);
  return result;
}

inline long version() { return SYS(landlock_create_ruleset, nullptr, 0, 1); }

#define NEED_LANDLOCK(least) \
  if (version() < (least)) SKIP("no Landlock of this version here")

// Runs `body` in a child that may do anything; each failure in it is noted.
template <typename F>
void apart(F body) {
  EXPECT_EQ(0, guest::in_child([&] {
              body();
              return 0;
            }));
}

inline bool opens(const char* path, int flags) {
  int fd = open(path, flags | O_CLOEXEC, 0644);
  if (fd != -1) close(fd);
  return fd != -1;
}

}  // namespace landlock
