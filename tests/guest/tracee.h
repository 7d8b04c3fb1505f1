// What the tests of ptrace(2) share.
#pragma once

#include "tests/guest/guest_test.h"

#include <elf.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/user.h>

namespace ptrace_test {

template <typename T = int>
long pt(long op, pid_t pid, long addr = 0, T data = T()) {
  return SYS(ptrace, op, pid, addr, data);
}

inline int wait_for(pid_t pid) {
  int status = 0;
  return waitpid(pid, &status, __WALL) == pid ? status : -1;
}
inline bool stopped_by(int status, int code) { return WIFSTOPPED(status) && status >> 8 == code; }
constexpr int event(int number, int signal = SIGTRAP) { return signal | number << 8; }

// A child that asks to be traced and stops; with these options set.
template <typename F>
pid_t traced(long options, F body) {
  pid_t child = guest::spawn([&] {
    pt(PTRACE_TRACEME, 0);
    raise(SIGSTOP);
    return body();
  });
  int status = wait_for(child);
  if (!stopped_by(status, SIGSTOP) || pt(PTRACE_SETOPTIONS, child, 0, options) != 0) return -1;
  return child;
}

}  // namespace ptrace_test
