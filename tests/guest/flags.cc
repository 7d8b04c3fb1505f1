// Which flags, clocks, advices and resources each call knows: all bits of a kind are given to it, and what it does not know is to be
// refused with the error that Linux has for it. What the flags mean is for the families of the calls.
// Longer than 500 lines: one question, asked of call after call.
#include <linux/ioprio.h>
#include <linux/mount.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "tests/guest/guest_test.h"
#include "tests/guest/user_namespace.h"

namespace {

constexpr long kFutexWaitv = 449, kFchmodat2 = 452, kFutexWait = 455, kSetxattrat = 463, kGetxattrat = 464,
               kListxattrat = 465, kRemovexattrat = 466;

// Every bit of 32 but those of `known` is refused with EINVAL, and those are not. `make` gives the call its bit.
template <typename Make>
void knows(const char* name, unsigned known, unsigned left_out, Make make) {
  for (unsigned i = 0; i < 32; ++i) {
    unsigned bit = 1u << i;
    if ((left_out & bit) != 0) continue;
    long result = make(bit);
    bool refused = result == -1 && errno == EINVAL;
    if (result == -1 && errno == ENOSYS) return;  // an older Linux
    if (refused == ((known & bit) == 0)) continue;
    char said[64];
    snprintf(said, sizeof said, "bit 0x%x %s, result %ld %s", bit, refused ? "is refused" : "is taken", result,
             result == -1 ? guest::errno_name(errno) : "");
    guest::fail(__FILE__, __LINE__, name, said);
  }
}

struct Fixture {
  guest::TempDir dir;
  int fd = guest::make_file(dir / "file", "text");
  ~Fixture() { close(fd); }
};
struct stat status;
char buffer[4096];
iovec vector{buffer, 16};
struct {
  uint64_t value;
  uint32_t size, flags;
} attribute{reinterpret_cast<uint64_t>(buffer), 0, 0};

}  // namespace

TEST(flags_of_calls_that_take_a_path) {
  COVERS("execveat", "faccessat2", "fchmodat2", "fchownat", "newfstatat", "statx", "utimensat", "linkat", "unlinkat",
         "open_tree", "setxattrat", "getxattrat", "listxattrat", "removexattrat");
  Fixture f;
  constexpr unsigned kNoFollow = AT_SYMLINK_NOFOLLOW, kEmpty = AT_EMPTY_PATH, kNoMount = AT_NO_AUTOMOUNT,
                     kSync = 0x6000;
  constexpr unsigned kExecveCheck = 0x10000;  // since Linux 6.14
  const char* arguments[] = {"x", nullptr};
  const char* path = f.dir / "file";
  knows("execveat", kNoFollow | kEmpty, kExecveCheck,
        [&](unsigned bit) { return SYS(execveat, AT_FDCWD, path, arguments, nullptr, bit); });
  knows("faccessat2", kNoFollow | kEmpty | AT_EACCESS, 0,
        [&](unsigned bit) { return SYS(faccessat2, AT_FDCWD, path, R_OK, bit); });
  knows("fchmodat2", kNoFollow | kEmpty, 0,
        [&](unsigned bit) { return guest::raw(kFchmodat2, AT_FDCWD, path, 0644, bit); });
  knows("fchownat", kNoFollow | kEmpty, 0, [&](unsigned bit) { return SYS(fchownat, AT_FDCWD, path, -1, -1, bit); });
  knows("newfstatat", kNoFollow | kEmpty | kNoMount | kSync, 0,
        [&](unsigned bit) { return SYS(newfstatat, AT_FDCWD, path, &status, bit); });
  knows("statx", kNoFollow | kEmpty | kNoMount | kSync, 0,
        [&](unsigned bit) { return SYS(statx, AT_FDCWD, path, bit, STATX_TYPE, buffer); });
  knows("utimensat", kNoFollow | kEmpty, 0, [&](unsigned bit) { return SYS(utimensat, AT_FDCWD, path, nullptr, bit); });
  knows("linkat", AT_SYMLINK_FOLLOW | kEmpty, 0, [&](unsigned bit) {
    long result = SYS(linkat, AT_FDCWD, path, AT_FDCWD, f.dir / "new", bit);
    if (result == 0) unlink(f.dir / "new");
    return result;
  });
  knows("open_tree", kNoFollow | kEmpty | kNoMount | O_CLOEXEC, 1 /* OPEN_TREE_CLONE: a right */, [&](unsigned bit) {
    long fd = SYS(open_tree, AT_FDCWD, path, bit);
    if (fd != -1) close(static_cast<int>(fd));
    return fd;
  });
  knows("unlinkat", AT_REMOVEDIR, 0, [&](unsigned bit) {
    close(guest::make_file(f.dir / "gone", ""));
    return SYS(unlinkat, AT_FDCWD, f.dir / "gone", bit);
  });
  knows("setxattrat", kNoFollow | kEmpty, 0, [&](unsigned bit) {
    return guest::raw(kSetxattrat, AT_FDCWD, path, bit, "user.a", &attribute, sizeof attribute);
  });
  knows("getxattrat", kNoFollow | kEmpty, 0, [&](unsigned bit) {
    return guest::raw(kGetxattrat, AT_FDCWD, path, bit, "user.a", &attribute, sizeof attribute);
  });
  knows("listxattrat", kNoFollow | kEmpty, 0,
        [&](unsigned bit) { return guest::raw(kListxattrat, AT_FDCWD, path, bit, buffer, sizeof buffer); });
  knows("removexattrat", kNoFollow | kEmpty, 0,
        [&](unsigned bit) { return guest::raw(kRemovexattrat, AT_FDCWD, path, bit, "user.a"); });
}

TEST(an_execve_that_only_asks) {
  COVERS("execveat");
  Fixture f;
  const char* arguments[] = {"x", nullptr};
  constexpr unsigned kCheck = 0x10000;
  errno = 0;
  if (SYS(execveat, AT_FDCWD, f.dir / "missing", arguments, nullptr, kCheck) == -1 && errno == EINVAL)
    SKIP("no AT_EXECVE_CHECK here");
  EXPECT_OK(SYS(execveat, AT_FDCWD, "/bin/true", arguments, nullptr, kCheck));  // and this program goes on
  EXPECT_ERRNO(ENOENT, SYS(execveat, AT_FDCWD, f.dir / "missing", arguments, nullptr, kCheck));
  EXPECT_ERRNO(EACCES, SYS(execveat, AT_FDCWD, f.dir / "file", arguments, nullptr, kCheck));
  EXPECT_OK(chmod(f.dir / "file", 0755));
  close(f.fd);
  EXPECT_OK(SYS(execveat, AT_FDCWD, f.dir / "file", arguments, nullptr, kCheck));  // what is in it does not count
  int fd = open("/bin/true", O_PATH);
  EXPECT_OK(SYS(execveat, fd, "", arguments, nullptr, kCheck | AT_EMPTY_PATH));
}

TEST(flags_of_descriptors) {
  COVERS("pipe2", "dup3", "pidfd_open", "pidfd_send_signal", "timerfd_create", "sync_file_range", "close_range",
         "epoll_create1", "eventfd2", "inotify_init1", "signalfd4");
  Fixture f;
  const auto closing = [](long fd) {
    if (fd > 2) close(static_cast<int>(fd));
    return fd;
  };
  knows("pipe2", O_CLOEXEC | O_NONBLOCK | O_DIRECT, O_EXCL, [&](unsigned bit) {
    int ends[2];
    long result = SYS(pipe2, ends, bit);
    if (result == 0) close(ends[0]), close(ends[1]);
    return result;
  });
  knows("dup3", O_CLOEXEC, 0, [&](unsigned bit) { return SYS(dup3, f.fd, 50, bit); });
  knows("pidfd_open", O_NONBLOCK | O_EXCL, 0, [&](unsigned bit) { return closing(SYS(pidfd_open, getpid(), bit)); });
  int self = SYS(pidfd_open, getpid(), 0);
  // Of a process, a thread, a group: which there are.
  knows("pidfd_send_signal", 7, 0, [&](unsigned bit) { return SYS(pidfd_send_signal, self, 0, nullptr, bit); });
  knows("timerfd_create", TFD_CLOEXEC | TFD_NONBLOCK, 0,
        [&](unsigned bit) { return closing(SYS(timerfd_create, CLOCK_MONOTONIC, bit)); });
  knows("sync_file_range", 7, 0, [&](unsigned bit) { return SYS(sync_file_range, f.fd, 0, 0, bit); });
  knows("close_range", 6, 0, [&](unsigned bit) { return SYS(close_range, 400, 500, bit); });
  knows("epoll_create1", EPOLL_CLOEXEC, 0, [&](unsigned bit) { return closing(SYS(epoll_create1, bit)); });
  knows("eventfd2", O_CLOEXEC | O_NONBLOCK | 1, 0, [&](unsigned bit) { return closing(SYS(eventfd2, 0, bit)); });
  knows("inotify_init1", IN_CLOEXEC | IN_NONBLOCK, 0, [&](unsigned bit) { return closing(SYS(inotify_init1, bit)); });
  sigset_t none;
  sigemptyset(&none);
  knows("signalfd4", O_CLOEXEC | O_NONBLOCK, 0,
        [&](unsigned bit) { return closing(SYS(signalfd4, -1, &none, 8, bit)); });
  for (int advice = 0; advice < 6; ++advice) EXPECT_OK(SYS(fadvise64, f.fd, 0, 0, advice));
  EXPECT_ERRNO(EINVAL, SYS(fadvise64, f.fd, 0, 0, 6));
}

TEST(each_word_of_statx) {
  COVERS("statx");
  Fixture f;
  for (unsigned i = 0; i < 31; ++i) {
    struct statx got;
    EXPECT_OK(SYS(statx, AT_FDCWD, f.dir / "file", 0, 1u << i, &got));
    EXPECT_EQ(4u, got.stx_size);  // what is asked for is the least that is told
  }
  EXPECT_ERRNO(EINVAL, SYS(statx, AT_FDCWD, f.dir / "file", 0, 1u << 31, buffer));
}

TEST(commands_of_files) {
  COVERS("fcntl", "flock");
  Fixture f;
  int pair[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  EXPECT_OK(SYS(fcntl, pair[0], F_SETOWN, getpid()));
  EXPECT_EQ(getpid(), SYS(fcntl, pair[0], F_GETOWN, 0));
  EXPECT_OK(SYS(fcntl, pair[0], F_SETOWN, -getpgrp()));
  uid_t ids[2];
  long result = SYS(fcntl, pair[0], 17 /* F_GETOWNER_UIDS */, ids);
  EXPECT_TRUE(result == -1 ? errno == EINVAL : ids[0] == getuid() && ids[1] == geteuid());
  uint64_t hint = 3, got = 77;  // RWH_WRITE_LIFE_MEDIUM
  result = SYS(fcntl, f.fd, 1038 /* F_SET_FILE_RW_HINT */, &hint);
  EXPECT_TRUE(result == 0 || errno == EINVAL);
  result = SYS(fcntl, f.fd, 1037 /* F_GET_FILE_RW_HINT */, &got);
  EXPECT_TRUE(result == 0 || errno == EINVAL);
  // Mandatory locks of flock(2) are none since Linux 5.17, and no error either.
  for (int op : {LOCK_MAND, LOCK_MAND | LOCK_READ, LOCK_MAND | LOCK_WRITE, LOCK_MAND | LOCK_RW}) {
    EXPECT_OK(SYS(flock, f.fd, op));
  }
}

TEST(ways_to_clone) {
  COVERS("clone");
  // The child of a child is a sister with CLONE_PARENT; the thread's area and the tracer are what they were.
  int pidfd = -1;
  pid_t pid =
      static_cast<pid_t>(SYS(clone, CLONE_PIDFD | CLONE_IO | CLONE_UNTRACED | CLONE_PTRACE | SIGCHLD, 0, &pidfd, 0, 0));
  if (pid == 0) _exit(7);
  ASSERT_OK(pid);
  EXPECT_GT(pidfd, 2);
  EXPECT_EQ(7, WEXITSTATUS(guest::reap(pid)));
  void* area;
  asm volatile("mov %%fs:0, %0" : "=r"(area));
  pid = static_cast<pid_t>(SYS(clone, CLONE_SETTLS | SIGCHLD, 0, 0, 0, area));
  if (pid == 0) {
    void* same;
    asm volatile("mov %%fs:0, %0" : "=r"(same));
    _exit(same == area ? 8 : 9);
  }
  EXPECT_EQ(8, WEXITSTATUS(guest::reap(pid)));
  EXPECT_EQ(0, guest::in_child([] {
              pid_t grandchild = guest::spawn([] {
                pid_t sister = static_cast<pid_t>(SYS(clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
                if (sister == 0) _exit(5);
                return sister > 0 ? 0 : 1;
              });
              int seen = 0, ended = 0, status;
              for (pid_t one; (one = wait(&status)) > 0; ++ended)
                seen |= one == grandchild ? 1 : WEXITSTATUS(status) == 5 ? 2 : 4;
              EXPECT_EQ(2, ended);
              EXPECT_EQ(3, seen);
              return 0;
            }));
}

TEST(ways_to_open) {
  COVERS("open", "openat", "fcntl");
  Fixture f;
  const char* path = f.dir / "file";
  for (int flag : {O_APPEND, O_NONBLOCK, O_DSYNC, O_SYNC, O_ASYNC, O_NOATIME}) {
    for (bool at : {false, true}) {
      int fd = static_cast<int>(at ? SYS(openat, AT_FDCWD, path, O_RDWR | flag | O_CLOEXEC)
                                   : SYS(open, path, O_RDWR | flag));
      EXPECT_OK(fd);
      EXPECT_EQ(flag, fcntl(fd, F_GETFL) & flag);
      EXPECT_EQ(at ? FD_CLOEXEC : 0, fcntl(fd, F_GETFD));
      close(fd);
    }
  }
  constexpr int kLargeFile = 0100000;  // what every 64-bit opening is
  for (bool at : {false, true}) {
    const auto opened = [&](int flags, mode_t mode = 0) {
      return static_cast<int>(at ? SYS(openat, AT_FDCWD, path, flags, mode) : SYS(open, path, flags, mode));
    };
    int fd = opened(O_RDONLY | kLargeFile | O_NOCTTY);
    EXPECT_EQ(kLargeFile, fcntl(fd, F_GETFL));
    close(fd);
    fd = opened(O_PATH | O_CLOEXEC);
    EXPECT_EQ(O_PATH, fcntl(fd, F_GETFL));
    EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
    close(fd);
    EXPECT_EQ(4, pwrite(f.fd, "text", 4, 0));
    fd = opened(O_RDONLY | O_TRUNC);
    EXPECT_OK(fstat(fd, &status));
    EXPECT_EQ(0, status.st_size);
    close(fd);
    // Unbuffered, where the filesystem can.
    fd = opened(O_RDONLY | O_DIRECT);
    EXPECT_TRUE(fd != -1 || errno == EINVAL);
    if (fd != -1) EXPECT_EQ(O_DIRECT, fcntl(fd, F_GETFL) & O_DIRECT);
    close(fd);
  }
}

TEST(clocks_and_what_they_can) {
  COVERS("clock_gettime", "clock_getres", "clock_nanosleep", "clock_settime", "clock_adjtime", "timer_create",
         "timerfd_create", "futex_wait", "futex_waitv");
  enum : unsigned {
    kTell = 1,
    kSleep = 2,
    kTimer = 4,
    kTimerFd = 8,
    kFutex = 16,
    kUnknown = 32,
    kCannotSleep = 64,
    kOwn = 128
  };
  // Of the alarm clocks only machines with a clock that can wake them have timers: they are not asked.
  const unsigned kClocks[] = {kTell | kSleep | kTimer | kTimerFd | kFutex,
                              kTell | kSleep | kTimer | kTimerFd | kFutex,
                              kTell | kSleep | kTimer,
                              kTell | kTimer | kOwn,
                              kTell | kCannotSleep,
                              kTell | kCannotSleep,
                              kTell | kCannotSleep,
                              kTell | kSleep | kTimer | kTimerFd,
                              0,
                              0,
                              kUnknown,
                              kTell | kSleep | kTimer};
  static uint32_t word;
  struct {
    uint64_t value, address;
    uint32_t flags, reserved;
  } waited{0, reinterpret_cast<uint64_t>(&word), 2, 0};
  for (int clock = 0; clock < 12; ++clock) {
    const unsigned can = kClocks[clock];
    timespec now, past{};
    char times[256] = {};
    int timer;
    EXPECT_ERRNO(clock == 0 ? EFAULT : EINVAL, SYS(clock_settime, clock, clock == 0 ? guest::bad_pointer() : &past));
    if (can == 0) {
      const auto may_lack = [](long result) {
        return result != -1 || errno == EINVAL || errno == EOPNOTSUPP || errno == EPERM;
      };
      EXPECT_TRUE(may_lack(SYS(clock_gettime, clock, &now)));
      EXPECT_TRUE(may_lack(SYS(clock_nanosleep, clock, TIMER_ABSTIME, &past, nullptr)));
      EXPECT_TRUE(may_lack(SYS(timer_create, clock, nullptr, &timer)));
      EXPECT_TRUE(may_lack(SYS(timerfd_create, clock, 0)));
      EXPECT_ERRNO(EOPNOTSUPP, SYS(clock_adjtime, clock, times));
    }
    const timespec second{1, 0};
    const int expected = (can & kFutex) != 0 ? ETIMEDOUT : EINVAL;
    if (guest::raw(kFutexWait, &word, 0, 1, 2, &second, clock) == -1 && errno != ENOSYS)
      EXPECT_ERRNO(expected, guest::raw(kFutexWait, &word, 0, 1, 2, &second, clock));
    if (guest::raw(kFutexWaitv, &waited, 1, 0, &second, clock) == -1 && errno != ENOSYS)
      EXPECT_ERRNO(expected, guest::raw(kFutexWaitv, &waited, 1, 0, &second, clock));
    if (can == 0) continue;
    if ((can & kUnknown) != 0) {
      EXPECT_ERRNO(EINVAL, SYS(clock_gettime, clock, &now));
      EXPECT_ERRNO(EINVAL, SYS(clock_getres, clock, &now));
      EXPECT_ERRNO(EINVAL, SYS(clock_nanosleep, clock, TIMER_ABSTIME, &past, nullptr));
      EXPECT_ERRNO(EINVAL, SYS(timer_create, clock, nullptr, &timer));
      EXPECT_ERRNO(EINVAL, SYS(timerfd_create, clock, 0));
      EXPECT_ERRNO(EINVAL, SYS(clock_adjtime, clock, times));
      continue;
    }
    EXPECT_OK(SYS(clock_gettime, clock, &now));
    EXPECT_OK(SYS(clock_getres, clock, &now));
    if ((can & kSleep) != 0)
      EXPECT_OK(SYS(clock_nanosleep, clock, TIMER_ABSTIME, &past, nullptr));
    else
      EXPECT_ERRNO(EOPNOTSUPP, SYS(clock_nanosleep, clock, TIMER_ABSTIME, &past, nullptr));
    if ((can & kTimer) != 0) {
      EXPECT_OK(SYS(timer_create, clock, nullptr, &timer));
      EXPECT_OK(SYS(timer_delete, timer));
    } else {
      EXPECT_ERRNO(EOPNOTSUPP, SYS(timer_create, clock, nullptr, &timer));
    }
    long fd = SYS(timerfd_create, clock, 0);
    EXPECT_EQ((can & kTimerFd) != 0, fd != -1);
    if (fd == -1)
      EXPECT_ERRNO(EINVAL, fd);
    else
      close(static_cast<int>(fd));
    if (clock != 0) EXPECT_ERRNO(EOPNOTSUPP, SYS(clock_adjtime, clock, times));
  }
}

TEST(policies_priorities_timers_and_limits) {
  COVERS("sched_get_priority_max", "sched_get_priority_min", "getpriority", "setpriority", "ioprio_get", "getitimer",
         "setitimer", "setrlimit", "getrlimit");
  for (int policy : {0, 1, 2, 3, 5, 6}) {
    const int most = policy == 1 || policy == 2 ? 99 : 0;
    EXPECT_EQ(most, SYS(sched_get_priority_max, policy));
    EXPECT_EQ(most == 0 ? 0 : 1, SYS(sched_get_priority_min, policy));
  }
  for (int policy : {-1, 4, 8}) {
    EXPECT_ERRNO(EINVAL, SYS(sched_get_priority_max, policy));
    EXPECT_ERRNO(EINVAL, SYS(sched_get_priority_min, policy));
  }
  for (int which : {PRIO_PROCESS, PRIO_PGRP, PRIO_USER}) {
    EXPECT_GT(SYS(getpriority, which, 0), 0);
    EXPECT_GE(SYS(ioprio_get, which + 1, 0), 0);
  }
  // Of the case's own process group alone: a user has others.
  EXPECT_EQ(0, guest::in_child([] {
              setpgid(0, 0);
              EXPECT_OK(SYS(setpriority, PRIO_PGRP, 0, 7));
              EXPECT_EQ(20 - 7, SYS(getpriority, PRIO_PGRP, 0));
              if (guest::is_root() && setresuid(61234, 61234, 61234) == 0) EXPECT_OK(SYS(setpriority, PRIO_USER, 0, 9));
              return 0;
            }));
  for (int which : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    itimerval set{{0, 0}, {100, 0}}, got;
    EXPECT_OK(SYS(setitimer, which, &set, nullptr));
    EXPECT_OK(SYS(getitimer, which, &got));
    EXPECT_GT(got.it_value.tv_sec, 90);
    set.it_value.tv_sec = 0;
    EXPECT_OK(SYS(setitimer, which, &set, nullptr));
  }
  for (int resource = 0; resource < 16; ++resource) {
    rlimit limit;
    EXPECT_OK(SYS(getrlimit, resource, &limit));
    EXPECT_OK(SYS(setrlimit, resource, &limit));
  }
  EXPECT_ERRNO(EINVAL, SYS(getrlimit, 16, buffer));
}

TEST(advice_and_protection) {
  COVERS("process_madvise", "madvise", "mprotect", "remap_file_pages");
  constexpr size_t kPage = 4096;
  char* memory =
      static_cast<char*>(mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_TRUE(memory != MAP_FAILED);
  // Of private memory of no file.
  const int kTaken[] = {MADV_NORMAL,
                        MADV_RANDOM,
                        MADV_SEQUENTIAL,
                        MADV_WILLNEED,
                        MADV_DONTNEED,
                        MADV_FREE,
                        MADV_DONTFORK,
                        MADV_DOFORK,
                        MADV_NOHUGEPAGE,
                        MADV_HUGEPAGE,
                        MADV_DONTDUMP,
                        MADV_DODUMP,
                        MADV_WIPEONFORK,
                        MADV_KEEPONFORK,
                        MADV_COLD,
                        MADV_PAGEOUT,
                        MADV_POPULATE_READ,
                        MADV_POPULATE_WRITE,
                        24 /* MADV_DONTNEED_LOCKED */};
  for (int advice : kTaken) {
    // Huge pages are what a kernel may have been built without.
    if (SYS(madvise, memory, kPage, advice) == 0) continue;
    EXPECT_TRUE((advice == MADV_HUGEPAGE || advice == MADV_NOHUGEPAGE) && errno == EINVAL);
  }
  for (int advice : {5, 6, 7, 26, 77, -1}) EXPECT_ERRNO(EINVAL, SYS(madvise, memory, kPage, advice));
  EXPECT_ERRNO(EINVAL, SYS(madvise, memory, kPage, MADV_REMOVE));
  for (int advice : {MADV_MERGEABLE, MADV_UNMERGEABLE})
    EXPECT_TRUE(SYS(madvise, memory, kPage, advice) == 0 || errno == EINVAL);
  int self = SYS(pidfd_open, getpid(), 0);
  iovec range{memory, kPage};
  // To itself a process may say all of it.
  for (int advice : kTaken) {
    if (advice != MADV_HUGEPAGE && advice != MADV_NOHUGEPAGE)
      EXPECT_EQ(kPage, SYS(process_madvise, self, &range, 1, advice, 0));
  }
  for (int advice : {5, 77, -1}) EXPECT_ERRNO(EINVAL, SYS(process_madvise, self, &range, 1, advice, 0));
  EXPECT_OK(SYS(mprotect, memory, kPage, PROT_READ | 8));  // PROT_SEM means nothing
  EXPECT_ERRNO(EINVAL, SYS(mprotect, memory, kPage, PROT_READ | PROT_GROWSDOWN));
  EXPECT_ERRNO(EINVAL, SYS(mprotect, memory, kPage, PROT_READ | PROT_GROWSUP));
  EXPECT_ERRNO(EINVAL, SYS(mprotect, memory, kPage, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP));
  char* shared =
      static_cast<char*>(mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  for (int prot : {PROT_READ, PROT_WRITE, PROT_EXEC})
    EXPECT_ERRNO(EINVAL, SYS(remap_file_pages, shared, kPage, prot, 0, 0));
  for (int flags : {0, MAP_NONBLOCK, MAP_SHARED, MAP_POPULATE})
    EXPECT_OK(SYS(remap_file_pages, shared, kPage, 0, 0, flags));
}

TEST(what_is_moved_between_pipes_knows_four_flags) {
  COVERS("splice", "tee", "vmsplice");
  int one[2], other[2];
  ASSERT_OK(pipe2(one, O_NONBLOCK));
  ASSERT_OK(pipe2(other, O_NONBLOCK));
  iovec byte{buffer, 1};
  knows("vmsplice", 15, 0, [&](unsigned bit) { return SYS(vmsplice, one[1], &byte, 1, bit); });
  knows("tee", 15, 0, [&](unsigned bit) { return SYS(tee, one[0], other[1], 1, bit); });
  knows("splice", 15, 0, [&](unsigned bit) { return SYS(splice, one[0], nullptr, other[1], nullptr, 1, bit); });
}

TEST(receiving_knows_its_flags) {
  COVERS("recvfrom", "recvmsg", "recvmmsg");
  constexpr unsigned kCompat = 0x80000000, kOutOfBand = MSG_OOB, kErrors = MSG_ERRQUEUE;
  for (int type : {SOCK_STREAM, SOCK_DGRAM}) {
    int pair[2];
    ASSERT_OK(socketpair(AF_UNIX, type, 0, pair));
    for (unsigned i = 0; i < 32; ++i) {
      const unsigned bit = 1u << i;
      if ((bit & (kOutOfBand | kErrors)) != 0) continue;
      msghdr message{};
      message.msg_iov = &vector, message.msg_iovlen = 1;
      mmsghdr several{message, 0};
      const auto received = [&](auto receive) {
        vector = {buffer, 3};
        EXPECT_EQ(3, send(pair[0], "abc", 3, 0));
        long result = receive();
        while (recv(pair[1], buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
        }
        return result;
      };
      EXPECT_EQ(3, received([&] { return SYS(recvfrom, pair[1], buffer, 3, bit | MSG_DONTWAIT, nullptr, nullptr); }));
      EXPECT_EQ(bit == kCompat ? -1 : 3, received([&] { return SYS(recvmsg, pair[1], &message, bit | MSG_DONTWAIT); }));
      EXPECT_EQ(bit == kCompat ? -1 : 1,
                received([&] { return SYS(recvmmsg, pair[1], &several, 1, bit | MSG_DONTWAIT, nullptr); }));
    }
    msghdr message{};
    message.msg_iov = &vector, message.msg_iovlen = 1;
    mmsghdr several{message, 0};
    EXPECT_ERRNO(EINVAL, SYS(recvmsg, pair[1], &message, kCompat));
    EXPECT_ERRNO(EINVAL, SYS(recvmmsg, pair[1], &several, 1, kCompat, nullptr));
    // Nothing out of band, and no error in the queue.
    for (unsigned bit : {kOutOfBand, kErrors}) {
      EXPECT_EQ(-1, SYS(recvfrom, pair[1], buffer, 3, bit | MSG_DONTWAIT, nullptr, nullptr));
      EXPECT_EQ(-1, SYS(recvmsg, pair[1], &message, bit | MSG_DONTWAIT));
      EXPECT_EQ(-1, SYS(recvmmsg, pair[1], &several, 1, bit | MSG_DONTWAIT, nullptr));
    }
  }
}

TEST(flags_of_vectors_and_watches) {
  COVERS("preadv2", "pwritev2", "inotify_add_watch", "mq_open");
  Fixture f;
  vector = {buffer, 4};
  for (unsigned bit : {1, 2, 4}) {  // hints, and how sure it is
    EXPECT_OK(SYS(preadv2, f.fd, &vector, 1, 0, 0, bit));
    EXPECT_EQ(4, SYS(pwritev2, f.fd, &vector, 1, 0, 0, bit));
  }
  EXPECT_EQ(4, SYS(preadv2, f.fd, &vector, 1, 0, 0, 0x10));  // RWF_APPEND means nothing to a read
  EXPECT_ERRNO(EOPNOTSUPP, SYS(preadv2, f.fd, &vector, 1, 0, 0, 0x80000));
  int watcher = inotify_init1(0);
  for (unsigned bit : {0u + IN_UNMOUNT, 0u + IN_Q_OVERFLOW, 0u + IN_IGNORED, 0u + IN_ISDIR}) {
    long result = SYS(inotify_add_watch, watcher, f.dir / "file", bit);
    EXPECT_TRUE(result > 0 || errno == EINVAL);
    EXPECT_OK(SYS(inotify_add_watch, watcher, f.dir / "file", bit | IN_MODIFY));
  }
  char name[40];
  snprintf(name, sizeof name, "guest-test-%d", getpid());
  for (int flag : {0, O_NONBLOCK, O_CLOEXEC, O_APPEND, O_TRUNC, O_SYNC, O_NOFOLLOW}) {
    long queue = SYS(mq_open, name, O_RDWR | O_CREAT | flag, 0600, nullptr);
    EXPECT_OK(queue);
    EXPECT_EQ(FD_CLOEXEC, fcntl(static_cast<int>(queue), F_GETFD));  // always
    close(static_cast<int>(queue));
  }
  SYS(mq_unlink, name);
}

TEST(parts_that_a_process_may_leave) {
  COVERS("unshare", "setns", "clone");
  constexpr unsigned kKnown = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                              CLONE_NEWPID | CLONE_NEWNET | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_THREAD |
                              CLONE_SIGHAND | CLONE_VM | 0x80 /* time */;
  knows("unshare", kKnown, 0, [](unsigned bit) {
    int pipes[2];
    pipe(pipes);
    pid_t pid = fork();
    if (pid == 0) {
      long answer[2] = {SYS(unshare, bit), 0};
      answer[1] = errno;
      write(pipes[1], answer, sizeof answer);
      _exit(0);
    }
    long answer[2] = {};
    read(pipes[0], answer, sizeof answer);
    close(pipes[0]), close(pipes[1]);
    guest::reap(pid);
    errno = static_cast<int>(answer[1]);
    return answer[0];
  });
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root()) return 1;
              const unsigned kNamespaces[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                              CLONE_NEWIPC, CLONE_NEWNET,    CLONE_NEWPID};
              const char* kNames[] = {"mnt", "cgroup", "uts", "ipc", "net", "pid"};
              for (unsigned i = 0; i < 6; ++i) {
                pid_t pid = static_cast<pid_t>(SYS(clone, kNamespaces[i] | SIGCHLD, 0, 0, 0, 0));
                if (pid == 0) {
                  for (;;) pause();
                }
                EXPECT_OK(pid);
                char path[64];
                snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kNames[i]);
                int fd = open(path, O_RDONLY);
                EXPECT_OK(fd);
                EXPECT_ERRNO(EINVAL, SYS(setns, fd, CLONE_NEWUSER));
                EXPECT_EQ(0, guest::in_child([&] { return SYS(setns, fd, kNamespaces[i]) == 0 ? 0 : 1; }));
                close(fd);
                kill(pid, SIGKILL);
                guest::reap(pid);
              }
              return 0;
            }));
}

TEST(attributes_of_a_new_mount) {
  COVERS("fsmount", "fspick", "umount2");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root(CLONE_NEWNS)) return 1;
              for (unsigned bits :
                   {MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOATIME,
                    MOUNT_ATTR_STRICTATIME, MOUNT_ATTR_NODIRATIME, MOUNT_ATTR_NOSYMFOLLOW, 0}) {
                long context = SYS(fsopen, "tmpfs", FSOPEN_CLOEXEC);
                EXPECT_OK(SYS(fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
                long mounted = SYS(fsmount, context, FSMOUNT_CLOEXEC, bits);
                EXPECT_OK(mounted);
                close(static_cast<int>(mounted)), close(static_cast<int>(context));
              }
              long context = SYS(fsopen, "tmpfs", 0);
              EXPECT_OK(SYS(fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
              EXPECT_ERRNO(EINVAL, SYS(fsmount, context, 0, 0x80000000));
              EXPECT_ERRNO(EINVAL, SYS(fsmount, context, 2, 0));
              EXPECT_ERRNO(EINVAL, SYS(fsmount, context, 0, MOUNT_ATTR_IDMAP));
              guest::TempDir dir;
              EXPECT_OK(mount("none", dir.path(), "tmpfs", 0, nullptr));
              for (unsigned bits : {FSPICK_CLOEXEC, FSPICK_SYMLINK_NOFOLLOW, FSPICK_NO_AUTOMOUNT}) {
                long picked = SYS(fspick, AT_FDCWD, dir.path(), bits);
                EXPECT_OK(picked);
                close(static_cast<int>(picked));
              }
              int place = open(dir.path(), O_PATH);
              long picked = SYS(fspick, place, "", FSPICK_EMPTY_PATH);
              EXPECT_OK(picked);
              close(static_cast<int>(picked)), close(place);
              EXPECT_ERRNO(EINVAL, SYS(fspick, AT_FDCWD, dir.path(), 16));
              char link[300];
              snprintf(link, sizeof link, "%s-link", dir.path());
              EXPECT_OK(symlink(dir.path(), link));
              EXPECT_ERRNO(EINVAL, SYS(umount2, link, UMOUNT_NOFOLLOW));
              EXPECT_ERRNO(EINVAL, SYS(umount2, dir.path(), MNT_EXPIRE | MNT_FORCE));
              EXPECT_ERRNO(EINVAL, SYS(umount2, dir.path(), 16));
              EXPECT_OK(SYS(umount2, dir.path(), MNT_FORCE | UMOUNT_NOFOLLOW));
              EXPECT_ERRNO(EINVAL, SYS(umount2, dir.path(), 0));
              unlink(link);
              return 0;
            }));
}

TEST(what_root_may_ask_of_the_log) {
  COVERS("syslog");
  if (!guest::is_root()) SKIP("needs root");
  EXPECT_OK(SYS(syslog, 0, nullptr, 0));
  EXPECT_OK(SYS(syslog, 1, nullptr, 0));
  EXPECT_OK(SYS(syslog, 2, buffer, 0));
  EXPECT_OK(SYS(syslog, 3, buffer, 16));
  EXPECT_OK(SYS(syslog, 9, nullptr, 0));
  EXPECT_GT(SYS(syslog, 10, nullptr, 0), 0);
  EXPECT_ERRNO(EINVAL, SYS(syslog, 8, nullptr, 9));
  EXPECT_ERRNO(EINVAL, SYS(syslog, 11, nullptr, 0));
}

GUEST_TEST_MAIN
