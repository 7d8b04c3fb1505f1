// Calls that wait, and a signal whose handler does not restart them: signal(7), "Interruption of system calls and library functions by
// signal handlers". One table, in which each call waits for what nobody brings.
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "tests/guest/guest_test.h"

namespace {

constexpr long kFutexWaitv = 449, kFutexWait = 455;

// What the calls of the table wait for.
struct Waits {
  guest::TempDir dir;
  int empty[2] = {}, full[2] = {}, silent[2] = {}, listener = -1, busy = -1, lock = -1, epoll = -1;
  mqd_t queue = -1, full_queue = -1;
  int semaphores = -1, messages = -1;
  pid_t holder = -1;
  sockaddr_un address{};
  char bytes[65536] = {};
  iovec vector{bytes, 1}, many{bytes, sizeof bytes};
  msghdr message{};
  mmsghdr several{};

  void make() {
    ASSERT_OK(pipe(empty));
    ASSERT_OK(pipe(full));
    ASSERT_EQ(65536, write(full[1], bytes, sizeof bytes));
    ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, silent));
    mkfifo(dir / "fifo", 0600);
    // A listener whose queue is full: the next connect waits.
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", dir / "socket");
    ASSERT_OK(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address));
    ASSERT_OK(listen(listener, 0));
    busy = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_OK(connect(busy, reinterpret_cast<sockaddr*>(&address), sizeof address));
    // Locks that another process holds.
    lock = guest::make_file(dir / "lock", "text");
    int ready[2];
    ASSERT_OK(pipe(ready));
    holder = guest::spawn([&] {
      int mine = open(dir / "lock", O_RDWR);
      flock(mine, LOCK_EX);
      struct flock whole {};
      whole.l_type = F_WRLCK;
      fcntl(mine, F_SETLK, &whole);
      write(ready[1], "x", 1);
      for (;;) pause();
      return 0;
    });
    char byte;
    ASSERT_EQ(1, read(ready[0], &byte, 1));
    epoll = epoll_create1(0);
    message.msg_iov = &vector, message.msg_iovlen = 1;
    several.msg_hdr = message;
    mq_attr attr{};
    attr.mq_maxmsg = 1, attr.mq_msgsize = 8;
    char name[40];
    snprintf(name, sizeof name, "/guest-test-%d", getpid());
    full_queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attr);
    mq_unlink(name);
    if (full_queue != -1) mq_send(full_queue, "x", 1, 0);
    queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attr);
    mq_unlink(name);
    semaphores = semget(IPC_PRIVATE, 1, 0600);
    messages = msgget(IPC_PRIVATE, 0600);
  }
  ~Waits() {
    if (holder != -1) kill(holder, SIGKILL), guest::reap(holder);
    if (semaphores != -1) semctl(semaphores, 0, IPC_RMID);
    if (messages != -1) msgctl(messages, IPC_RMID, nullptr);
  }
};

struct Waiting {
  const char* name;
  long (*make)(Waits& w);
};
#define CALL(name, ...)                                                 \
  {                                                                     \
#name, [](Waits& w) -> long { (void)w; return SYS(name, __VA_ARGS__); } \
  }

sembuf down{0, -1, 0};
struct {
  long type;
  char text[8];
} message{1, {}};
epoll_event event;
uint32_t word;
struct flock whole;
timespec hour{3600, 0};
struct {
  uint64_t value, address;
  uint32_t flags, reserved;
} waited{0, 0, 2, 0};

const Waiting kCalls[] = {
    CALL(read, w.empty[0], w.bytes, 1),
    CALL(readv, w.empty[0], &w.vector, 1),
    CALL(write, w.full[1], w.bytes, 1),
    CALL(writev, w.full[1], &w.vector, 1),
    CALL(open, w.dir / "fifo", O_RDONLY),
    CALL(openat, AT_FDCWD, w.dir / "fifo", O_WRONLY),
    {"openat2",
     [](Waits& w) {
       struct {
         uint64_t flags, mode, resolve;
       } how{O_RDONLY, 0, 0};
       return SYS(openat2, AT_FDCWD, w.dir / "fifo", &how, sizeof how);
     }},
    CALL(creat, w.dir / "fifo", 0600),
    CALL(recvfrom, w.silent[0], w.bytes, 1, 0, nullptr, nullptr),
    CALL(recvmsg, w.silent[0], &w.message, 0),
    CALL(recvmmsg, w.silent[0], &w.several, 1, 0, nullptr),
    {"sendto",
     [](Waits& w) {
       while (send(w.silent[1], w.bytes, sizeof w.bytes, MSG_DONTWAIT) > 0) {
       }
       return SYS(sendto, w.silent[1], w.bytes, sizeof w.bytes, 0, nullptr, 0);
     }},
    {"connect", [](Waits& w) { return SYS(connect, socket(AF_UNIX, SOCK_STREAM, 0), &w.address, sizeof w.address); }},
    {"accept",
     [](Waits& w) {
       close(accept(w.listener, nullptr, nullptr));
       return SYS(accept, w.listener, nullptr, nullptr);
     }},
    {"accept4",
     [](Waits& w) {
       close(accept(w.listener, nullptr, nullptr));
       return SYS(accept4, w.listener, nullptr, nullptr, 0);
     }},
    {"fcntl",
     [](Waits& w) {
       whole.l_type = F_WRLCK;
       return SYS(fcntl, w.lock, F_SETLKW, &whole);
     }},
    {"fcntl",
     [](Waits& w) {
       whole.l_type = F_WRLCK;
       return SYS(fcntl, w.lock, F_OFD_SETLKW, &whole);
     }},
    CALL(flock, w.lock, LOCK_EX),
    CALL(poll, nullptr, 0, -1),
    CALL(ppoll, nullptr, 0, nullptr, nullptr, 8),
    CALL(select, 0, nullptr, nullptr, nullptr, nullptr),
    CALL(pselect6, 0, nullptr, nullptr, nullptr, nullptr, nullptr),
    CALL(epoll_wait, w.epoll, &event, 1, -1),
    CALL(epoll_pwait, w.epoll, &event, 1, -1, nullptr, 8),
    CALL(epoll_pwait2, w.epoll, &event, 1, nullptr, nullptr, 8),
    CALL(pause),
    CALL(nanosleep, &hour, nullptr),
    CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, &hour, nullptr),
    CALL(mq_timedreceive, w.queue, w.bytes, 8, nullptr, nullptr),
    CALL(mq_timedsend, w.full_queue, "x", 1, 0, nullptr),
    CALL(semop, w.semaphores, &down, 1),
    CALL(semtimedop, w.semaphores, &down, 1, &hour),
    CALL(msgrcv, w.messages, &message, 8, 0, 0),
    {"msgsnd",
     [](Waits& w) {
       while (SYS(msgsnd, w.messages, &message, 8, IPC_NOWAIT) == 0) {
       }
       return SYS(msgsnd, w.messages, &message, 8, 0);
     }},
    CALL(futex, &word, FUTEX_WAIT, 0, nullptr),
    {"futex_wait", [](Waits&) { return guest::raw(kFutexWait, &word, 0, 1, 2, nullptr, CLOCK_MONOTONIC); }},
    {"futex_waitv",
     [](Waits&) {
       waited.address = reinterpret_cast<uint64_t>(&word);
       return guest::raw(kFutexWaitv, &waited, 1, 0, nullptr, 0);
     }},
    {"rt_sigsuspend",
     [](Waits&) {
       sigset_t none;
       sigemptyset(&none);
       return SYS(rt_sigsuspend, &none, 8);
     }},
    {"rt_sigtimedwait",
     [](Waits&) {
       sigset_t other;
       sigemptyset(&other), sigaddset(&other, SIGUSR2);
       return SYS(rt_sigtimedwait, &other, nullptr, nullptr, 8);
     }},
    {"wait4", [](Waits& w) { return SYS(wait4, w.holder, nullptr, 0, nullptr); }},
    {"waitid",
     [](Waits& w) {
       siginfo_t info;
       return SYS(waitid, P_PID, w.holder, &info, WEXITED, nullptr);
     }},
    CALL(splice, w.empty[0], nullptr, w.full[1], nullptr, 1, 0),
    CALL(tee, w.empty[0], w.full[1], 1, 0),
    CALL(vmsplice, w.full[1], &w.vector, 1, 0),
};

volatile sig_atomic_t handled;
void note(int) { handled = handled + 1; }

}  // namespace

TEST(a_handler_without_restart_ends_each_wait_with_eintr) {
  COVERS("read", "readv", "write", "writev", "open", "openat", "openat2", "creat", "recvfrom", "recvmsg", "recvmmsg",
         "accept", "accept4", "connect", "fcntl", "flock", "poll", "ppoll", "select", "pselect6", "epoll_wait",
         "epoll_pwait", "epoll_pwait2", "pause", "nanosleep", "clock_nanosleep", "mq_timedreceive", "mq_timedsend",
         "semop", "semtimedop", "msgrcv", "msgsnd", "futex_wait", "futex_waitv", "rt_sigsuspend", "rt_sigtimedwait",
         "splice", "tee", "vmsplice");
  Waits w;
  w.make();
  guest::handle(SIGALRM, note);  // without SA_RESTART
  for (const Waiting& call : kCalls) {
    handled = 0;
    itimerval soon{{0, 5000}, {0, 5000}};  // again and again: the first may come before the wait
    setitimer(ITIMER_REAL, &soon, nullptr);
    long result = call.make(w);
    int error = errno;
    itimerval off{};
    setitimer(ITIMER_REAL, &off, nullptr);
    if (result == -1 && error == ENOSYS && strncmp(call.name, "futex_", 6) == 0) continue;  // an older Linux
    if (result == -1 && error == EINTR && handled > 0) continue;
    char said[80];
    snprintf(said, sizeof said, "returned %ld, %s, %d signals", result,
             result == -1 ? guest::errno_name(error) : "no error", static_cast<int>(handled));
    guest::fail(__FILE__, __LINE__, call.name, said);
  }
}

GUEST_TEST_MAIN
