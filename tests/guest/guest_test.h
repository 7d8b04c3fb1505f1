// The harness of the guest tests: programs that pass on Linux first (Linux is the oracle) and then under Limen.
//
//   TEST(read_of_a_closed_pipe_is_end_of_file) {
//     COVERS("pipe2", "read");                      // read by tools/syscall_table.py, not by the program
//     int fds[2];
//     ASSERT_OK(pipe2(fds, O_CLOEXEC));
//     close(fds[1]);
//     char byte;
//     EXPECT_EQ(0, read(fds[0], &byte, 1));
//     EXPECT_ERRNO(EBADF, read(fds[1], &byte, 1));
//   }
//   GUEST_TEST_MAIN
//
// EXPECT_ notes a failure and goes on; ASSERT_ leaves the function. SYS(name, ...) makes the raw system call, so
// that a case covers the call that it names and not the one that the C library prefers. A case must not need root
// or a network: SKIP("reason") where a right is missing. Nothing here links a C++ library.
//
// PROGRAM [--list] [--only NAME] [--isolate] [--timeout SECONDS] [--quiet]
// One line for each case, then `N passed, N failed, N skipped`. Exit status 0 only if none failed.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>
#include <type_traits>

#include "tests/guest/temp_dir.h"

namespace guest {

struct Case {
  const char* name;
  void (*body)();
  Case* next;
};

// Shared with every child of a case, so that a failure noted in a grandchild counts.
struct Notes {
  int failures;
  int skipped;
};

inline Case* first_case = nullptr;
inline Case** last_case = &first_case;
inline Notes private_notes;
inline Notes* notes = &private_notes;
inline const char* current = "";

struct Register {
  Register(Case* added) {
    *last_case = added;
    last_case = &added->next;
  }
};

// One write for a line, so that lines of several processes do not mix.
[[gnu::format(printf, 1, 2)]] inline void say(const char* format, ...) {
  char line[1024];
  va_list list;
  va_start(list, format);
  int length = vsnprintf(line, sizeof line - 1, format, list);
  va_end(list);
  if (length < 0) return;
  if (length > static_cast<int>(sizeof line) - 2) length = sizeof line - 2;
  line[length++] = '\n';
  [[maybe_unused]] ssize_t written = write(1, line, static_cast<size_t>(length));
}

struct Text {
  char text[160];
};
inline Text describe(const char* value) {
  Text out;
  if (value == nullptr)
    snprintf(out.text, sizeof out.text, "null");
  else
    snprintf(out.text, sizeof out.text, "\"%s\"", value);
  return out;
}
inline Text describe(char* value) { return describe(static_cast<const char*>(value)); }
inline Text describe(const void* value) {
  Text out;
  snprintf(out.text, sizeof out.text, "%p", value);
  return out;
}
inline Text describe(decltype(nullptr)) { return describe(static_cast<const void*>(nullptr)); }
template <typename T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) inline Text describe(T value) {
  Text out;
  long long wide = static_cast<long long>(value);
  if (wide > 99999 || wide < -99999)
    snprintf(out.text, sizeof out.text, "%lld (0x%llx)", wide, wide);
  else
    snprintf(out.text, sizeof out.text, "%lld", wide);
  return out;
}

inline void fail(const char* file, int line, const char* what, const char* detail) {
  __atomic_add_fetch(&notes->failures, 1, __ATOMIC_SEQ_CST);
  const char* base = strrchr(file, '/');
  say("  %s: %s:%d: %s: %s", current, base != nullptr ? base + 1 : file, line, what, detail);
}

template <typename A, typename B>
inline void fail_compare(const char* file, int line, const char* what, const A& expected, const B& actual) {
  char detail[360];
  snprintf(detail, sizeof detail, "left %s, right %s", describe(expected).text, describe(actual).text);
  fail(file, line, what, detail);
}

inline const char* errno_name(int error) {
  const char* name = error == 0 ? "0" : strerrorname_np(error);
  return name != nullptr ? name : "unknown errno";
}

inline bool check_ok(const char* file, int line, const char* what, long result) {
  if (result != -1) return true;
  fail(file, line, what, errno_name(errno));
  return false;
}

inline bool check_errno(const char* file, int line, const char* what, int expected, long result) {
  int error = errno;
  if (result == -1 && error == expected) return true;
  char detail[120];
  if (result == -1)
    snprintf(detail, sizeof detail, "expected %s, met %s", errno_name(expected), errno_name(error));
  else
    snprintf(detail, sizeof detail, "expected %s, returned %ld", errno_name(expected), result);
  fail(file, line, what, detail);
  return false;
}

// Every argument widened to a register: a plain int through the variadic syscall(2) leaves its upper half undefined.
template <typename T>
inline long word(T value) {
  return (long)value;  // NOLINT: pointers and integers alike
}
inline long word(decltype(nullptr)) { return 0; }
template <typename... Args>
inline long raw(long number, Args... args) {
  return syscall(number, word(args)...);
}

inline bool strings_equal(const char* left, const char* right) {
  return left != nullptr && right != nullptr && strcmp(left, right) == 0;
}

inline void sleep_ms(long ms) {
  timespec left{ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left) == -1 && errno == EINTR) {
  }
}

inline long now_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Forks, runs `body` (which gives the exit status) and returns the pid in the parent.
template <typename F>
inline pid_t spawn(F body) {
  pid_t pid = fork();
  if (pid == 0) _exit(body());
  return pid;
}

inline int reap(pid_t pid) {
  int status = -1;
  while (waitpid(pid, &status, 0) == -1) {
    if (errno != EINTR) return -1;
  }
  return status;
}

// As spawn, and waits: the wait status (0: it returned 0).
template <typename F>
inline int in_child(F body) {
  pid_t pid = spawn(body);
  return pid == -1 ? -1 : reap(pid);
}

// The signal that ended a child that ran `body`, or 0 when it exited.
template <typename F>
inline int signal_of(F body) {
  int status = in_child([&] {
    body();
    return 0;
  });
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

template <typename H>
inline int handle(int number, H handler, int flags = 0) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  if constexpr (requires(H h, siginfo_t * info) { h(1, info, nullptr); }) {
    action.sa_sigaction = handler;
    flags |= SA_SIGINFO;
  } else {
    action.sa_handler = handler;
  }
  action.sa_flags = flags;
  return sigaction(number, &action, nullptr);
}

// Waits at most two seconds for something that another task brings about.
template <typename F>
inline bool eventually(F condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    sleep_ms(1);
  }
  return false;
}

// The state letter of a task in /proc, or 0.
inline char state_of(pid_t pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1) return 0;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = 0;
  const char* end = strrchr(text, ')');
  return end != nullptr && end[1] != 0 ? end[2] : 0;
}

inline bool falls_asleep(pid_t pid) {
  return eventually([&] { return state_of(pid) == 'S'; });
}

// The bytes of a file, cut to the buffer and ended by a zero; -1 if it cannot be read.
inline ssize_t slurp(const char* path, char* out, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1) return -1;
  size_t length = 0;
  while (length + 1 < size) {
    ssize_t got = read(fd, out + length, size - 1 - length);
    if (got <= 0) break;
    length += static_cast<size_t>(got);
  }
  out[length] = 0;
  close(fd);
  return static_cast<ssize_t>(length);
}

inline int make_file(const char* path, const char* text, mode_t mode = 0644) {
  int fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, mode);
  if (fd != -1 && write(fd, text, strlen(text)) != static_cast<ssize_t>(strlen(text))) return -1;
  return fd;
}

inline bool is_root() { return geteuid() == 0; }
inline void* bad_pointer() { return reinterpret_cast<void*>(static_cast<uintptr_t>(0x10)); }

enum class Outcome { passed, failed, skipped };

inline Outcome run_here(const Case& run) {
  notes->failures = 0;
  notes->skipped = 0;
  run.body();
  if (notes->failures > 0) return Outcome::failed;
  return notes->skipped > 0 ? Outcome::skipped : Outcome::passed;
}

inline Outcome run_isolated(const Case& run, long timeout_ms) {
  pid_t pid = fork();
  if (pid == -1) {
    say("  %s: fork: %s", run.name, errno_name(errno));
    return Outcome::failed;
  }
  if (pid == 0) {
    setpgid(0, 0);
    // A shell that runs this in the background has SIGINT and SIGQUIT ignored.
    for (int number : {SIGHUP, SIGINT, SIGQUIT}) signal(number, SIG_DFL);
    _exit(static_cast<int>(run_here(run)));
  }
  setpgid(pid, pid);
  long start = now_ms();
  long pause_us = 200;
  int status = 0;
  bool late = false;
  while (waitpid(pid, &status, late ? 0 : WNOHANG) == 0) {
    if (now_ms() - start > timeout_ms) {
      late = true;
      kill(-pid, SIGKILL);
      kill(pid, SIGKILL);
      continue;
    }
    timespec wait{0, pause_us * 1000};
    nanosleep(&wait, nullptr);
    if (pause_us < 3000) pause_us += pause_us / 2;
  }
  kill(-pid, SIGKILL);  // what the case left behind
  if (late) {
    say("  %s: no end within %ld s", run.name, timeout_ms / 1000);
    return Outcome::failed;
  }
  if (WIFSIGNALED(status)) {
    say("  %s: ended by signal %d", run.name, WTERMSIG(status));
    return Outcome::failed;
  }
  int code = WEXITSTATUS(status);
  if (code > 2) say("  %s: exit status %d", run.name, code);
  return code > 2 ? Outcome::failed : static_cast<Outcome>(code);
}

inline int run_all(int argc, char** argv) {
  const char* only = nullptr;
  bool list = false, isolate = false, quiet = false;
  long timeout_ms = 10000;
  for (int i = 1; i < argc; ++i) {
    if (strings_equal(argv[i], "--list"))
      list = true;
    else if (strings_equal(argv[i], "--isolate"))
      isolate = true;
    else if (strings_equal(argv[i], "--quiet"))
      quiet = true;
    else if (strings_equal(argv[i], "--only") && i + 1 < argc)
      only = argv[++i];
    else if (strings_equal(argv[i], "--timeout") && i + 1 < argc)
      timeout_ms = atol(argv[++i]) * 1000;
    else
      return say("usage: %s [--list] [--only NAME] [--isolate] [--timeout SECONDS] [--quiet]", argv[0]), 2;
  }
  void* shared = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared != MAP_FAILED) notes = static_cast<Notes*>(shared);
  int counts[3] = {0, 0, 0};
  for (Case* run = first_case; run != nullptr; run = run->next) {
    if (only != nullptr && !strings_equal(only, run->name)) continue;
    current = run->name;
    if (list) {
      say("%s", run->name);
      continue;
    }
    Outcome outcome = isolate ? run_isolated(*run, timeout_ms) : run_here(*run);
    ++counts[static_cast<int>(outcome)];
    const char* words[] = {"ok  ", "FAIL", "skip"};
    if (!quiet || outcome == Outcome::failed) say("%s %s", words[static_cast<int>(outcome)], run->name);
  }
  if (list) return 0;
  say("%d passed, %d failed, %d skipped", counts[0], counts[1], counts[2]);
  return counts[1] == 0 ? 0 : 1;
}

}  // namespace guest

#define TEST(name)                                               \
  static void case_##name();                                     \
  static guest::Case record_##name{#name, case_##name, nullptr}; \
  static guest::Register register_##name(&record_##name);        \
  static void case_##name()

// The calls that a case proves, by their names in abi/syscalls.def.
#define COVERS(...) static_assert(sizeof(guest::covers(__VA_ARGS__)) > 0)
namespace guest {
template <typename... Names>
char covers(Names...);
}

#define SYS(name, ...) guest::raw(SYS_##name __VA_OPT__(, ) __VA_ARGS__)

#define SKIP(reason)                                         \
  do {                                                       \
    guest::say("  %s: skipped: %s", guest::current, reason); \
    guest::notes->skipped = 1;                               \
    return;                                                  \
  } while (0)

#define GUEST_CHECK(what, condition, leave)                            \
  do {                                                                 \
    if (!(condition)) {                                                \
      guest::fail(__FILE__, __LINE__, what, guest::errno_name(errno)); \
      leave;                                                           \
    }                                                                  \
  } while (0)
#define GUEST_COMPARE(op, left, right, leave)                                                     \
  do {                                                                                            \
    auto left_value = (left);                                                                     \
    auto right_value = (right);                                                                   \
    if (!(left_value op right_value)) {                                                           \
      guest::fail_compare(__FILE__, __LINE__, #left " " #op " " #right, left_value, right_value); \
      leave;                                                                                      \
    }                                                                                             \
  } while (0)

#define EXPECT_TRUE(condition) GUEST_CHECK(#condition, (condition), )
#define EXPECT_FALSE(condition) GUEST_CHECK("not: " #condition, !(condition), )
#define EXPECT_EQ(left, right) GUEST_COMPARE(==, left, right, )
#define EXPECT_NE(left, right) GUEST_COMPARE(!=, left, right, )
#define EXPECT_GE(left, right) GUEST_COMPARE(>=, left, right, )
#define EXPECT_GT(left, right) GUEST_COMPARE(>, left, right, )
#define EXPECT_LE(left, right) GUEST_COMPARE(<=, left, right, )
#define EXPECT_LT(left, right) GUEST_COMPARE(<, left, right, )
#define ASSERT_TRUE(condition) GUEST_CHECK(#condition, (condition), return )
#define ASSERT_EQ(left, right) GUEST_COMPARE(==, left, right, return )
#define ASSERT_NE(left, right) GUEST_COMPARE(!=, left, right, return )
#define EXPECT_STREQ(left, right)                                                          \
  do {                                                                                     \
    const char* left_text = (left);                                                        \
    const char* right_text = (right);                                                      \
    if (!guest::strings_equal(left_text, right_text)) {                                    \
      guest::fail_compare(__FILE__, __LINE__, #left " is " #right, left_text, right_text); \
    }                                                                                      \
  } while (0)
#define EXPECT_OK(...) ((void)guest::check_ok(__FILE__, __LINE__, #__VA_ARGS__, (long)(__VA_ARGS__)))
#define ASSERT_OK(...)                                                                   \
  do {                                                                                   \
    if (!guest::check_ok(__FILE__, __LINE__, #__VA_ARGS__, (long)(__VA_ARGS__))) return; \
  } while (0)
#define EXPECT_ERRNO(error, ...) \
  ((void)guest::check_errno(__FILE__, __LINE__, #__VA_ARGS__, error, (long)(__VA_ARGS__)))

#define GUEST_TEST_MAIN \
  int main(int argc, char** argv) { return guest::run_all(argc, argv); }
