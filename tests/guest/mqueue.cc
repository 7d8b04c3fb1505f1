// mq_overview(7).
#include "tests/guest/guest_test.h"

#include <mqueue.h>
#include <poll.h>

namespace {
struct Queue {
  char name[64];
  int fd;
  Queue() {
    snprintf(name, sizeof name, "guest-%d", getpid());
    mq_attr attributes{};
    attributes.mq_maxmsg = 3;
    attributes.mq_msgsize = 16;
    fd = static_cast<int>(SYS(mq_open, name, O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0600, &attributes));
  }
  ~Queue() { SYS(mq_unlink, name); }
};
}  // namespace

TEST(priority_decides_the_order) {
  COVERS("mq_open", "mq_timedsend", "mq_timedreceive", "mq_unlink");
  Queue queue;
  if (queue.fd == -1 && errno == ENOSYS) SKIP("the host has no message queues");
  ASSERT_OK(queue.fd);
  EXPECT_OK(SYS(mq_timedsend, queue.fd, "low", 3, 1, nullptr));
  EXPECT_OK(SYS(mq_timedsend, queue.fd, "high", 4, 9, nullptr));
  EXPECT_OK(SYS(mq_timedsend, queue.fd, "low2", 4, 1, nullptr));
  EXPECT_ERRNO(EAGAIN, SYS(mq_timedsend, queue.fd, "x", 1, 0, nullptr));
  char out[16];
  unsigned priority = 0;
  EXPECT_EQ(4, SYS(mq_timedreceive, queue.fd, out, 16, &priority, nullptr));
  EXPECT_EQ(9, priority);
  EXPECT_EQ(3, SYS(mq_timedreceive, queue.fd, out, 16, &priority, nullptr));
  EXPECT_EQ(4, SYS(mq_timedreceive, queue.fd, out, 16, nullptr, nullptr));
  EXPECT_ERRNO(EAGAIN, SYS(mq_timedreceive, queue.fd, out, 16, nullptr, nullptr));
}

TEST(queue_errors) {
  COVERS("mq_open", "mq_timedsend", "mq_timedreceive", "mq_unlink", "mq_getsetattr");
  Queue queue;
  if (queue.fd == -1 && errno == ENOSYS) SKIP("the host has no message queues");
  char out[32] = {};
  EXPECT_ERRNO(EMSGSIZE, SYS(mq_timedsend, queue.fd, out, 17, 0, nullptr));
  EXPECT_ERRNO(EMSGSIZE, SYS(mq_timedreceive, queue.fd, out, 8, nullptr, nullptr));
  EXPECT_ERRNO(EBADF, SYS(mq_timedsend, 0, "x", 1, 0, nullptr));
  EXPECT_ERRNO(ENOENT, SYS(mq_open, "no-such-queue", O_RDWR, 0, nullptr));
  EXPECT_ERRNO(EEXIST, SYS(mq_open, queue.name, O_CREAT | O_EXCL | O_RDWR, 0600, nullptr));
  EXPECT_ERRNO(ENOENT, SYS(mq_unlink, "no-such-queue"));
  mq_attr told{};
  EXPECT_OK(SYS(mq_getsetattr, queue.fd, nullptr, &told));
  EXPECT_EQ(3, told.mq_maxmsg);
  EXPECT_EQ(16, told.mq_msgsize);
  EXPECT_EQ(O_NONBLOCK, told.mq_flags);
}

TEST(a_notification_comes_once) {
  COVERS("mq_notify", "poll");
  Queue queue;
  if (queue.fd == -1 && errno == ENOSYS) SKIP("the host has no message queues");
  static volatile int hits;
  hits = 0;
  guest::handle(SIGUSR1, [](int) { hits = hits + 1; });
  sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  EXPECT_OK(SYS(mq_notify, queue.fd, &event));
  EXPECT_ERRNO(EBUSY, SYS(mq_notify, queue.fd, &event));
  SYS(mq_timedsend, queue.fd, "a", 1, 0, nullptr);
  SYS(mq_timedsend, queue.fd, "b", 1, 0, nullptr);
  EXPECT_TRUE(guest::eventually([] { return hits == 1; }));
  pollfd poller{queue.fd, POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, 0));
}

TEST(queues_wait_for_a_time) {
  COVERS("mq_timedsend", "mq_timedreceive", "mq_getsetattr");
  Queue queue;
  if (queue.fd == -1 && errno == ENOSYS) SKIP("the host has no message queues");
  EXPECT_EQ(FD_CLOEXEC, fcntl(queue.fd, F_GETFD));
  mq_attr blocking{};
  mq_attr old{};
  EXPECT_OK(SYS(mq_getsetattr, queue.fd, &blocking, &old));
  EXPECT_EQ(O_NONBLOCK, old.mq_flags);
  char out[16];
  timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 20000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec += 1, soon.tv_nsec -= 1000000000;
  EXPECT_ERRNO(ETIMEDOUT, SYS(mq_timedreceive, queue.fd, out, 16, nullptr, &soon));
  timespec past{1, 0}, bad{1, 1000000000};
  EXPECT_ERRNO(EINVAL, SYS(mq_timedreceive, queue.fd, out, 16, nullptr, &bad));
  for (int i = 0; i < 3; ++i) EXPECT_OK(SYS(mq_timedsend, queue.fd, "m", 1, 0, nullptr));
  EXPECT_ERRNO(ETIMEDOUT, SYS(mq_timedsend, queue.fd, "m", 1, 0, &past));
  EXPECT_ERRNO(EINVAL, SYS(mq_timedsend, queue.fd, "m", 1, 32768, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(mq_timedsend, queue.fd, guest::bad_pointer(), 1, 0, nullptr));
  pid_t child = guest::spawn([&] { return static_cast<int>(SYS(mq_timedsend, queue.fd, "last", 4, 0, nullptr)); });
  EXPECT_TRUE(guest::falls_asleep(child));
  pollfd poller{queue.fd, POLLOUT | POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, 0));
  EXPECT_EQ(POLLIN, poller.revents);
  EXPECT_EQ(1, SYS(mq_timedreceive, queue.fd, out, 16, nullptr, nullptr));
  EXPECT_EQ(0, guest::reap(child));
  mq_attr unknown{};
  unknown.mq_flags = O_APPEND;
  EXPECT_ERRNO(EINVAL, SYS(mq_getsetattr, queue.fd, &unknown, nullptr));
  EXPECT_ERRNO(EBADF, SYS(mq_getsetattr, 0, nullptr, &old));
}

TEST(opening_a_queue) {
  COVERS("mq_open", "mq_unlink");
  Queue queue;
  if (queue.fd == -1 && errno == ENOSYS) SKIP("the host has no message queues");
  mq_attr bad{};
  EXPECT_ERRNO(EINVAL, SYS(mq_open, "guest-bad", O_CREAT | O_RDWR, 0600, &bad));
  EXPECT_ERRNO(EFAULT, SYS(mq_open, "guest-bad", O_CREAT | O_RDWR, 0600, guest::bad_pointer()));
  EXPECT_ERRNO(EACCES, SYS(mq_open, "guest/bad", O_CREAT | O_RDWR, 0600, nullptr));
  EXPECT_ERRNO(ENOENT, SYS(mq_open, "", O_CREAT | O_RDWR, 0600, nullptr));
  static char longer[300];
  memset(longer, 'n', 299);
  EXPECT_ERRNO(ENAMETOOLONG, SYS(mq_open, longer, O_CREAT | O_RDWR, 0600, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(mq_open, queue.name, O_ACCMODE, 0, nullptr));
  int reader = static_cast<int>(SYS(mq_open, queue.name, O_RDONLY, 0, nullptr));
  ASSERT_OK(reader);
  EXPECT_ERRNO(EBADF, SYS(mq_timedsend, reader, "m", 1, 0, nullptr));
  EXPECT_OK(SYS(mq_timedsend, queue.fd, "kept", 4, 0, nullptr));
  char text[100];
  EXPECT_GT(read(reader, text, sizeof text), 0);
  EXPECT_EQ(0, memcmp(text, "QSIZE:4 ", 8));
  // Unlinked, it lives as long as it is open.
  EXPECT_OK(SYS(mq_unlink, queue.name));
  EXPECT_ERRNO(ENOENT, SYS(mq_open, queue.name, O_RDONLY, 0, nullptr));
  char out[16];
  EXPECT_EQ(4, SYS(mq_timedreceive, reader, out, 16, nullptr, nullptr));
  struct stat info;
  EXPECT_OK(fstat(reader, &info));
  EXPECT_EQ(S_IFREG | 0600, info.st_mode);
}

namespace {
volatile sig_atomic_t told_pid, told_value, told_code;
}

TEST(a_notification_tells_who_sent) {
  COVERS("mq_notify");
  Queue queue;
  if (queue.fd == -1 && errno == ENOSYS) SKIP("the host has no message queues");
  guest::handle(SIGUSR1, [](int, siginfo_t* info, void*) {
    told_pid = info->si_pid;
    told_value = info->si_value.sival_int;
    told_code = info->si_code;
  });
  sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  event.sigev_value.sival_int = 1234;
  EXPECT_OK(SYS(mq_notify, queue.fd, &event));
  pid_t child = guest::spawn([&] { return static_cast<int>(SYS(mq_timedsend, queue.fd, "m", 1, 0, nullptr)); });
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_TRUE(guest::eventually([] { return told_code != 0; }));
  EXPECT_EQ(SI_MESGQ, told_code);
  EXPECT_EQ(1234, told_value);
  EXPECT_EQ(child, told_pid);
  // Taken back, by NULL and by close.
  EXPECT_OK(SYS(mq_notify, queue.fd, &event));
  EXPECT_OK(SYS(mq_notify, queue.fd, nullptr));
  EXPECT_OK(SYS(mq_notify, queue.fd, &event));
  int again = static_cast<int>(SYS(mq_open, queue.name, O_RDWR, 0, nullptr));
  close(again);
  EXPECT_OK(SYS(mq_notify, queue.fd, &event));
  event.sigev_notify = 77;
  EXPECT_ERRNO(EINVAL, SYS(mq_notify, queue.fd, &event));
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = 65;
  EXPECT_ERRNO(EINVAL, SYS(mq_notify, queue.fd, &event));
  event.sigev_signo = 0;
  EXPECT_ERRNO(EBADF, SYS(mq_notify, -1, &event));
}

TEST(a_notification_starts_a_thread) {
  COVERS("mq_notify", "socket");
  Queue queue;
  if (queue.fd == -1 && errno == ENOSYS) SKIP("the host has no message queues");
  static volatile int value;
  sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_value.sival_int = 55;
  event.sigev_notify_function = [](sigval given) { value = given.sival_int; };
  ASSERT_OK(mq_notify(queue.fd, &event));
  EXPECT_OK(SYS(mq_timedsend, queue.fd, "m", 1, 0, nullptr));
  EXPECT_TRUE(guest::eventually([] { return value == 55; }));
}

GUEST_TEST_MAIN
