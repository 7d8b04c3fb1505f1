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

GUEST_TEST_MAIN
