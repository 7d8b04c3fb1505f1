// What every call that takes or makes a descriptor says of a bad one, and where none is left. One table of calls for each.
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "tests/guest/guest_test.h"
#include "tests/guest/user_namespace.h"

namespace {

constexpr long kCachestat = 451;

enum : unsigned {
  kSocket = 1,    // ENOTSOCK of other files
  kByPath = 2,    // may be done with an O_PATH descriptor, too
  kNewCall = 4,   // not in each Linux that the tests run on
  kReads = 8,     // EBADF where the descriptor is open for writing alone
  kWrites = 16,   // EBADF where it is open for reading alone
  kAtOffset = 32  // ESPIPE where there is no position
};

char buffer[4096];
iovec vector{buffer, 16};
msghdr message;
mmsghdr messages;
sockaddr_un address{AF_UNIX, "nowhere"};
socklen_t length = sizeof address;
struct stat file_stat;
struct statfs filesystem;
itimerspec times;
epoll_event event;

struct DescriptorCall {
  const char* name;
  unsigned flags;
  long (*make)(int fd);
};
#define CALL(name, flags, ...)                                          \
  {                                                                     \
#name, flags, [](int fd) -> long { return SYS(name, __VA_ARGS__); } \
  }
const DescriptorCall kCalls[] = {
    CALL(read, kReads, fd, buffer, 16),
    CALL(write, kWrites, fd, buffer, 16),
    CALL(readv, kReads, fd, &vector, 1),
    CALL(writev, kWrites, fd, &vector, 1),
    CALL(pread64, kReads | kAtOffset, fd, buffer, 16, 0),
    CALL(pwrite64, kWrites | kAtOffset, fd, buffer, 16, 0),
    CALL(preadv, kReads | kAtOffset, fd, &vector, 1, 0, 0),
    CALL(pwritev, kWrites | kAtOffset, fd, &vector, 1, 0, 0),
    CALL(preadv2, kReads | kAtOffset, fd, &vector, 1, 0, 0, 0),
    CALL(pwritev2, kWrites | kAtOffset, fd, &vector, 1, 0, 0, 0),
    CALL(close, kByPath, fd),
    CALL(fstat, kByPath, fd, &file_stat),
    CALL(fstatfs, kByPath, fd, &filesystem),
    CALL(fchdir, kByPath, fd),
    CALL(dup, kByPath, fd),
    CALL(dup2, kByPath, fd, fd),
    CALL(dup3, kByPath, fd, 500, 0),
    CALL(fcntl, kByPath, fd, F_GETFD),
    CALL(lseek, kAtOffset, fd, 0, SEEK_SET),
    CALL(ioctl, 0, fd, 0x5401, buffer),
    CALL(fsync, 0, fd),
    CALL(fdatasync, 0, fd),
    CALL(syncfs, 0, fd),
    CALL(sync_file_range, 0, fd, 0, 0, 0),
    CALL(flock, 0, fd, LOCK_SH),
    CALL(getdents, 0, fd, buffer, sizeof buffer),
    CALL(getdents64, 0, fd, buffer, sizeof buffer),
    CALL(fchmod, 0, fd, 0600),
    CALL(fchown, 0, fd, -1, -1),
    CALL(ftruncate, 0, fd, 0),
    CALL(fallocate, 0, fd, 0, 0, 16),
    CALL(fadvise64, 0, fd, 0, 0, 0),
    CALL(readahead, kReads, fd, 0, 4096),
    CALL(fsetxattr, 0, fd, "user.a", "", 0, 0),
    CALL(fgetxattr, 0, fd, "user.a", buffer, sizeof buffer),
    CALL(flistxattr, 0, fd, buffer, sizeof buffer),
    CALL(fremovexattr, 0, fd, "user.a"),
    CALL(mmap, 0, nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0),
    CALL(sendfile, kReads, -1, fd, nullptr, 16),
    CALL(copy_file_range, kReads, fd, nullptr, -1, nullptr, 16, 0),
    CALL(splice, kReads, fd, nullptr, -1, nullptr, 16, 0),
    CALL(tee, 0, fd, -1, 16, 0),
    CALL(vmsplice, 0, fd, &vector, 1, 0),
    CALL(inotify_add_watch, 0, fd, "/", IN_MODIFY),
    CALL(inotify_rm_watch, 0, fd, 1),
    CALL(epoll_wait, 0, fd, &event, 1, 0),
    CALL(epoll_pwait, 0, fd, &event, 1, 0, nullptr, 8),
    CALL(epoll_pwait2, 0, fd, &event, 1, nullptr, nullptr, 8),
    CALL(epoll_ctl, 0, fd, EPOLL_CTL_ADD, 0, &event),
    CALL(timerfd_settime, 0, fd, 0, &times, nullptr),
    CALL(timerfd_gettime, 0, fd, &times),
    CALL(signalfd, 0, fd == -1 ? -2 : fd, buffer, 8),
    CALL(signalfd4, 0, fd == -1 ? -2 : fd, buffer, 8, 0),
    CALL(mq_timedsend, 0, fd, buffer, 1, 0, nullptr),
    CALL(mq_timedreceive, 0, fd, buffer, 1, nullptr, nullptr),
    CALL(mq_notify, 0, fd, nullptr),
    CALL(mq_getsetattr, 0, fd, nullptr, buffer),
    CALL(pidfd_send_signal, 0, fd, 0, nullptr, 0),
    CALL(pidfd_getfd, 0, fd, 0, 0),
    CALL(setns, 0, fd, 0),
    CALL(process_madvise, 0, fd, &vector, 1, MADV_COLD, 0),
    {"cachestat", kNewCall, [](int fd) { return guest::raw(kCachestat, fd, buffer, buffer, 0); }},
    CALL(connect, kSocket, fd, &address, sizeof address),
    CALL(accept, kSocket, fd, nullptr, nullptr),
    CALL(accept4, kSocket, fd, nullptr, nullptr, 0),
    CALL(bind, kSocket, fd, &address, sizeof address),
    CALL(listen, kSocket, fd, 1),
    CALL(shutdown, kSocket, fd, SHUT_RD),
    CALL(getsockname, kSocket, fd, &address, &length),
    CALL(getpeername, kSocket, fd, &address, &length),
    CALL(setsockopt, kSocket, fd, SOL_SOCKET, SO_REUSEADDR, buffer, 4),
    CALL(getsockopt, kSocket, fd, SOL_SOCKET, SO_TYPE, buffer, &length),
    CALL(sendto, kSocket, fd, buffer, 1, 0, nullptr, 0),
    CALL(recvfrom, kSocket, fd, buffer, 1, 0, nullptr, nullptr),
    CALL(sendmsg, kSocket, fd, &message, 0),
    CALL(recvmsg, kSocket, fd, &message, 0),
    CALL(sendmmsg, kSocket, fd, &messages, 1, 0),
    CALL(recvmmsg, kSocket, fd, &messages, 1, 0, nullptr),
};

struct Maker {
  const char* name;
  long (*make)();
};
#define MAKE(name, ...)                                    \
  {                                                        \
#name, []() -> long { return SYS(name, __VA_ARGS__); } \
  }
int pair[2];
int listener = -1;
sigset_t no_signals;
struct {
  uint64_t flags, mode, resolve;
} how{O_RDONLY, 0, 0};
const Maker kMakers[] = {
    MAKE(open, "/", O_RDONLY),
    MAKE(openat, AT_FDCWD, "/", O_RDONLY),
    MAKE(openat2, AT_FDCWD, "/", &how, sizeof how),
    MAKE(creat, "/tmp/guest-test-not-made", 0600),
    MAKE(pipe, pair),
    MAKE(pipe2, pair, 0),
    MAKE(dup, 0),
    MAKE(socket, AF_UNIX, SOCK_STREAM, 0),
    MAKE(socketpair, AF_UNIX, SOCK_STREAM, 0, pair),
    MAKE(accept, listener, nullptr, nullptr),
    MAKE(accept4, listener, nullptr, nullptr, 0),
    MAKE(epoll_create, 1),
    MAKE(epoll_create1, 0),
    MAKE(eventfd, 0),
    MAKE(eventfd2, 0, 0),
    MAKE(inotify_init),
    MAKE(inotify_init1, 0),
    MAKE(signalfd, -1, &no_signals, 8),
    MAKE(signalfd4, -1, &no_signals, 8, 0),
    MAKE(timerfd_create, CLOCK_MONOTONIC, 0),
    MAKE(memfd_create, "", 0),
    MAKE(mq_open, "guest-test-none", O_RDWR | O_CREAT, 0600, nullptr),
    MAKE(pidfd_open, getpid(), 0),
    MAKE(open_tree, AT_FDCWD, "/", 0),
    {"fcntl", [] { return SYS(fcntl, 0, F_DUPFD, 0); }},
};
const char* const kArguments[] = {"true", nullptr};

void each_descriptor(int expected, int fd, unsigned of, bool all = false) {
  for (const DescriptorCall& call : kCalls) {
    if (!all && (call.flags & of) != of) continue;
    if ((call.flags & kNewCall) != 0 && call.make(-1) == -1 && errno == ENOSYS) continue;
    long result = call.make(fd);
    int error = errno;
    if (result == -1 && error == expected) continue;
    char what[64], said[80];
    snprintf(what, sizeof what, "%s is to be %s", call.name, guest::errno_name(expected));
    snprintf(said, sizeof said, "returned %ld, %s", result, result == -1 ? guest::errno_name(error) : "no error");
    guest::fail(__FILE__, __LINE__, what, said);
  }
}

}  // namespace

#define COVERS_DESCRIPTORS()                                                                                           \
  COVERS("read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2",        \
         "close", "fstat", "fstatfs", "fchdir", "dup", "dup2", "dup3", "fcntl", "lseek", "fsync", "fdatasync",         \
         "syncfs", "sync_file_range", "flock", "getdents", "getdents64", "fchmod", "fchown", "ftruncate", "fadvise64", \
         "readahead", "fsetxattr", "fgetxattr", "flistxattr", "fremovexattr", "sendfile", "copy_file_range", "splice", \
         "tee", "vmsplice", "inotify_add_watch", "inotify_rm_watch", "epoll_wait", "epoll_pwait", "epoll_pwait2",      \
         "epoll_ctl", "timerfd_gettime", "signalfd", "signalfd4", "mq_timedsend", "mq_timedreceive", "mq_notify",      \
         "mq_getsetattr", "pidfd_send_signal", "pidfd_getfd", "setns", "process_madvise", "connect", "accept",         \
         "accept4", "bind", "listen", "shutdown", "getsockname", "getpeername", "recvfrom", "recvmsg", "recvmmsg")

TEST(a_descriptor_that_is_not_open_is_ebadf) {
  COVERS_DESCRIPTORS();
  vector = {buffer, 16};
  each_descriptor(EBADF, -1, 0, true);
  each_descriptor(EBADF, 9999, 0, true);
  each_descriptor(EBADF, INT_MIN, 0, true);
}

TEST(a_descriptor_that_names_a_place_alone_is_ebadf) {
  COVERS_DESCRIPTORS();
  guest::TempDir dir;
  close(guest::make_file(dir / "file", "text"));
  int fd = open(dir / "file", O_PATH);
  ASSERT_OK(fd);
  for (const DescriptorCall& call : kCalls) {
    if ((call.flags & (kByPath | kNewCall)) != 0) continue;
    long result = call.make(fd);
    if (result == -1 && errno == EBADF) continue;
    guest::fail(__FILE__, __LINE__, call.name, result == -1 ? guest::errno_name(errno) : "no error");
  }
  // These work.
  EXPECT_OK(SYS(fstat, fd, &file_stat));
  EXPECT_OK(SYS(fstatfs, fd, &filesystem));
  EXPECT_OK(SYS(fcntl, fd, F_GETFL));
  EXPECT_ERRNO(ENOTDIR, SYS(fchdir, fd));
  EXPECT_EQ(0, close(fd));
}

TEST(a_file_is_no_socket) {
  COVERS("connect", "accept", "accept4", "bind", "listen", "shutdown", "getsockname", "getpeername", "recvfrom",
         "recvmsg", "recvmmsg");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "file", "text");
  each_descriptor(ENOTSOCK, fd, kSocket);
  each_descriptor(ENOTSOCK, eventfd(0, 0), kSocket);
}

TEST(a_descriptor_is_for_its_directions) {
  COVERS("read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2",
         "readahead", "sendfile", "copy_file_range", "splice");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", "text"));
  int reader = open(dir / "file", O_RDONLY), writer = open(dir / "file", O_WRONLY);
  each_descriptor(EBADF, writer, kReads);
  each_descriptor(EBADF, reader, kWrites);
}

TEST(a_pipe_a_socket_and_a_terminal_have_no_position) {
  COVERS("lseek", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2");
  int ends[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  each_descriptor(ESPIPE, ends[0], kAtOffset);
  ASSERT_OK(pipe(pair));
  for (const DescriptorCall& call : kCalls) {
    if ((call.flags & kAtOffset) == 0) continue;
    EXPECT_ERRNO(ESPIPE, call.make(pair[(call.flags & kWrites) != 0]));
  }
  int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  ASSERT_OK(terminal);
  each_descriptor(ESPIPE, terminal, kAtOffset);
}

TEST(a_directory_is_not_read_as_a_file) {
  COVERS("read", "readv", "pread64", "preadv", "preadv2", "copy_file_range");
  int fd = open("/", O_RDONLY | O_DIRECTORY);
  vector = {buffer, 16};
  EXPECT_ERRNO(EISDIR, SYS(read, fd, buffer, 16));
  EXPECT_ERRNO(EISDIR, SYS(readv, fd, &vector, 1));
  EXPECT_ERRNO(EISDIR, SYS(pread64, fd, buffer, 16, 0));
  EXPECT_ERRNO(EISDIR, SYS(preadv, fd, &vector, 1, 0, 0));
  EXPECT_ERRNO(EISDIR, SYS(preadv2, fd, &vector, 1, 0, 0, 0));
  int file = memfd_create("", 0);
  EXPECT_ERRNO(EISDIR, SYS(copy_file_range, fd, nullptr, file, nullptr, 16, 0));
}

TEST(no_descriptor_is_left) {
  COVERS("open", "openat", "openat2", "creat", "pipe", "pipe2", "dup", "socket", "socketpair", "accept", "accept4",
         "epoll_create", "epoll_create1", "eventfd", "eventfd2", "inotify_init", "inotify_init1", "signalfd",
         "signalfd4", "timerfd_create", "mq_open", "pidfd_open", "fcntl", "landlock_create_ruleset");
  listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un abstract{};
  abstract.sun_family = AF_UNIX;
  int size = snprintf(abstract.sun_path + 1, 40, "guest-test-%d", getpid());
  socklen_t bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(size));
  ASSERT_OK(bind(listener, reinterpret_cast<sockaddr*>(&abstract), bytes));
  ASSERT_OK(listen(listener, 5));
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_OK(connect(client, reinterpret_cast<sockaddr*>(&abstract), bytes));
  int process = SYS(pidfd_open, getpid(), 0);
  ASSERT_OK(process);
  for (int fd; (fd = dup(0)) != -1 && fd < 15;) {
  }
  rlimit limit{16, 16};
  ASSERT_OK(setrlimit(RLIMIT_NOFILE, &limit));
  for (const Maker& maker : kMakers) {
    long result = maker.make();
    if (result == -1 && errno == EMFILE) continue;
    guest::fail(__FILE__, __LINE__, maker.name, result == -1 ? guest::errno_name(errno) : "no error");
  }
  EXPECT_ERRNO(EMFILE, SYS(pidfd_getfd, process, 0, 0));
  uint64_t handled = 1;  // of a Linux with Landlock
  if (SYS(landlock_create_ruleset, &handled, sizeof handled, 0) == -1 && errno != ENOSYS && errno != EOPNOTSUPP)
    EXPECT_ERRNO(EMFILE, SYS(landlock_create_ruleset, &handled, sizeof handled, 0));
  close(client);  // one is free: a pair still finds only one
  EXPECT_ERRNO(EMFILE, SYS(pipe2, pair, 0));
  EXPECT_ERRNO(EMFILE, SYS(socketpair, AF_UNIX, SOCK_STREAM, 0, pair));
  EXPECT_OK(SYS(dup, 0));
  EXPECT_ERRNO(ENOENT, access("/tmp/guest-test-not-made", F_OK));
  // A connection that nobody could take is still there.
  close(process);
  EXPECT_OK(SYS(accept, listener, nullptr, nullptr));
}

TEST(making_a_mount_takes_descriptors) {
  COVERS("fsopen", "fspick", "fsmount");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root(CLONE_NEWNS)) return 1;
              long context = SYS(fsopen, "tmpfs", 0);
              EXPECT_OK(context);
              EXPECT_ERRNO(EBADF, SYS(fsmount, -1, 0, 0));
              EXPECT_ERRNO(EBADF, SYS(fsmount, open("/", O_PATH), 0, 0));
              EXPECT_ERRNO(EINVAL, SYS(fsmount, open("/", O_RDONLY), 0, 0));
              EXPECT_OK(SYS(fsconfig, context, 6, nullptr, nullptr, 0));
              for (int fd; (fd = dup(0)) != -1 && fd < 15;) {
              }
              rlimit limit{16, 16};
              EXPECT_OK(setrlimit(RLIMIT_NOFILE, &limit));
              EXPECT_ERRNO(EMFILE, SYS(fsopen, "tmpfs", 0));
              EXPECT_ERRNO(EMFILE, SYS(fspick, AT_FDCWD, "/", 0));
              EXPECT_ERRNO(EMFILE, SYS(fsmount, context, 0, 0));
              return 0;
            }));
}

GUEST_TEST_MAIN
