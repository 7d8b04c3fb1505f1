// io_setup(2), io_submit(2), io_getevents(2), io_cancel(2).
#include "tests/guest/guest_test.h"

#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

namespace {
iocb request(int fd, int command, void* buffer, size_t length, long offset) {
  iocb out{};
  out.aio_data = 77;
  out.aio_lio_opcode = static_cast<uint16_t>(command);
  out.aio_fildes = static_cast<uint32_t>(fd);
  out.aio_buf = reinterpret_cast<uint64_t>(buffer);
  out.aio_nbytes = length;
  out.aio_offset = offset;
  return out;
}
}  // namespace

TEST(reads_and_writes_are_carried_out) {
  COVERS("io_setup", "io_submit", "io_getevents", "io_destroy");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "0123456789");
  aio_context_t context = 0;
  ASSERT_OK(SYS(io_setup, 8, &context));
  EXPECT_NE(0, context);
  char out[8] = {}, in[] = "AB", one[3] = {}, two[3] = {};
  iovec parts[] = {{one, 2}, {two, 2}};
  iocb read = request(fd, IOCB_CMD_PREAD, out, 4, 2), write = request(fd, IOCB_CMD_PWRITE, in, 2, 0);
  iocb vector = request(fd, IOCB_CMD_PREADV, parts, 2, 6), sync = request(fd, IOCB_CMD_FSYNC, nullptr, 0, 0);
  read.aio_data = 1, write.aio_data = 2, vector.aio_data = 3, sync.aio_data = 4;
  iocb* all[] = {&read, &write, &vector, &sync};
  EXPECT_EQ(4, SYS(io_submit, context, 4, all));
  io_event events[8] = {};
  EXPECT_EQ(4, SYS(io_getevents, context, 4, 8, events, nullptr));
  long sum = 0;
  for (int i = 0; i < 4; ++i) {
    long expected[] = {0, 4, 2, 4, 0};
    EXPECT_EQ(expected[events[i].data], events[i].res);
    sum += static_cast<long>(events[i].data);
  }
  EXPECT_EQ(10, sum);
  EXPECT_STREQ("2345", out);
  EXPECT_STREQ("67", one);
  EXPECT_STREQ("89", two);
  EXPECT_EQ(2, pread(fd, out, 2, 0));
  EXPECT_EQ('A', out[0]);
  EXPECT_OK(SYS(io_destroy, context));
  EXPECT_ERRNO(EINVAL, SYS(io_destroy, context));
}

TEST(errors_of_the_transfer_are_the_events) {
  COVERS("io_submit", "io_getevents");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  aio_context_t context = 0;
  ASSERT_OK(SYS(io_setup, 1, &context));
  iocb read = request(fd, IOCB_CMD_PREAD, guest::bad_pointer(), 3, 0);
  iocb* all[] = {&read};
  EXPECT_EQ(1, SYS(io_submit, context, 1, all));
  io_event event{};
  EXPECT_EQ(1, SYS(io_getevents, context, 1, 1, &event, nullptr));
  EXPECT_EQ(-EFAULT, event.res);
  EXPECT_EQ(77, event.data);
  EXPECT_EQ(reinterpret_cast<uint64_t>(&read), event.obj);
}

TEST(a_poll_waits_for_its_file_and_tells_an_eventfd) {
  COVERS("io_submit", "io_getevents", "eventfd2");
  int fds[2], counter = eventfd(0, 0);
  ASSERT_OK(pipe(fds));
  aio_context_t context = 0;
  ASSERT_OK(SYS(io_setup, 4, &context));
  iocb wait = request(fds[0], IOCB_CMD_POLL, nullptr, 0, 0);
  wait.aio_buf = POLLIN;
  wait.aio_flags = IOCB_FLAG_RESFD;
  wait.aio_resfd = static_cast<uint32_t>(counter);
  iocb* all[] = {&wait};
  EXPECT_EQ(1, SYS(io_submit, context, 1, all));
  io_event event{};
  timespec none{};
  EXPECT_EQ(0, SYS(io_getevents, context, 1, 1, &event, &none));
  EXPECT_EQ(1, write(fds[1], "x", 1));
  uint64_t count = 0;
  EXPECT_EQ(8, read(counter, &count, 8));
  EXPECT_EQ(1, count);
  EXPECT_EQ(1, SYS(io_getevents, context, 1, 1, &event, nullptr));
  EXPECT_EQ(POLLIN, event.res & POLLIN);
  EXPECT_EQ(1, SYS(io_submit, context, 1, all));  // ready at once
  EXPECT_EQ(1, SYS(io_getevents, context, 1, 1, &event, nullptr));
  EXPECT_EQ(POLLIN, event.res & POLLIN);
}

TEST(a_poll_can_be_cancelled) {
  COVERS("io_cancel", "io_destroy");
  int fds[2];
  ASSERT_OK(pipe(fds));
  aio_context_t context = 0;
  ASSERT_OK(SYS(io_setup, 4, &context));
  iocb wait = request(fds[0], IOCB_CMD_POLL, nullptr, 0, 0), other = wait;
  wait.aio_buf = other.aio_buf = POLLIN;
  iocb* all[] = {&wait, &other};
  EXPECT_EQ(2, SYS(io_submit, context, 2, all));
  io_event event{};
  EXPECT_ERRNO(EINPROGRESS, SYS(io_cancel, context, &wait, &event));
  EXPECT_EQ(1, SYS(io_getevents, context, 1, 1, &event, nullptr));
  EXPECT_EQ(reinterpret_cast<uint64_t>(&wait), event.obj);
  EXPECT_EQ(0, event.res);
  EXPECT_ERRNO(EINVAL, SYS(io_cancel, context, &wait, &event));
  wait.aio_key = 5;
  EXPECT_ERRNO(EINVAL, SYS(io_cancel, context, &wait, &event));
  EXPECT_ERRNO(EINVAL, SYS(io_cancel, 0x1000, &other, &event));
  EXPECT_OK(SYS(io_destroy, context));
}

TEST(waiting_for_events_ends_with_time_and_signals) {
  COVERS("io_getevents", "io_pgetevents");
  aio_context_t context = 0;
  ASSERT_OK(SYS(io_setup, 4, &context));
  io_event event{};
  timespec soon{0, 1000000};
  EXPECT_EQ(0, SYS(io_getevents, context, 1, 1, &event, &soon));
  EXPECT_EQ(0, SYS(io_getevents, context, 0, 1, &event, nullptr));
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  pid_t child = guest::spawn([&] {
    aio_context_t own = 0;
    io_event event{};
    if (SYS(io_getevents, context, 1, 1, &event, nullptr) != -1 || errno != EINVAL) return 3;  // not inherited
    if (SYS(io_setup, 4, &own) != 0) return 2;
    return SYS(io_getevents, own, 1, 1, &event, nullptr) == -1 && errno == EINTR ? 0 : 1;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  kill(child, SIGUSR1);
  EXPECT_EQ(0, guest::reap(child));
  sigset_t blocked, open;
  sigemptyset(&open);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  kill(getpid(), SIGUSR1);
  struct {
    const sigset_t* mask;
    size_t size;
  } mask{&open, 8}, bad{&open, 4};
  EXPECT_ERRNO(EINTR, SYS(io_pgetevents, context, 1, 1, &event, nullptr, &mask));
  EXPECT_EQ(0, SYS(io_pgetevents, context, 1, 1, &event, &soon, &mask));
  EXPECT_EQ(0, SYS(io_pgetevents, context, 1, 1, &event, &soon, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(io_pgetevents, context, 1, 1, &event, &soon, &bad));
  EXPECT_ERRNO(EFAULT, SYS(io_pgetevents, context, 1, 1, &event, &soon, guest::bad_pointer()));
}

// As InnoDB ends its thread that waits for events.
TEST(who_waits_for_events_of_a_context_that_goes_waits_no_more) {
  COVERS("io_destroy", "io_getevents");
  struct Waiter {
    aio_context_t context = 0;
    long least = 0, got = 0;
    int error = 0;
    pid_t id = 0;
  };
  const auto wait = [](void* given) -> void* {
    auto* waiter = static_cast<Waiter*>(given);
    io_event events[4] = {};
    __atomic_store_n(&waiter->id, gettid(), __ATOMIC_SEQ_CST);
    waiter->got = SYS(io_getevents, waiter->context, waiter->least, 4, events, nullptr);
    waiter->error = waiter->got == -1 ? errno : 0;
    return nullptr;
  };
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  char text[] = "abc";
  for (long done : {0L, 1L}) {
    Waiter waiter;
    waiter.least = done + 1;
    ASSERT_OK(SYS(io_setup, 4, &waiter.context));
    pthread_t thread;
    ASSERT_EQ(0, pthread_create(&thread, nullptr, wait, &waiter));
    EXPECT_TRUE(guest::eventually([&] { return __atomic_load_n(&waiter.id, __ATOMIC_SEQ_CST) != 0; }));
    EXPECT_TRUE(guest::falls_asleep(waiter.id));
    iocb write = request(fd, IOCB_CMD_PWRITE, text, 3, 0), *list[] = {&write};
    if (done == 1) {
      EXPECT_EQ(1, SYS(io_submit, waiter.context, 1, list));
      EXPECT_TRUE(guest::falls_asleep(waiter.id));
    }
    EXPECT_OK(SYS(io_destroy, waiter.context));
    EXPECT_EQ(0, pthread_join(thread, nullptr));
    EXPECT_EQ(done == 1 ? 1 : -1, waiter.got);  // what came before counts
    EXPECT_EQ(done == 1 ? 0 : EINVAL, waiter.error);
  }
}

TEST(aio_errors) {
  COVERS("io_setup", "io_submit", "io_getevents", "io_destroy");
  aio_context_t context = 1;
  EXPECT_ERRNO(EINVAL, SYS(io_setup, 1, &context));
  context = 0;
  EXPECT_ERRNO(EINVAL, SYS(io_setup, 0, &context));
  EXPECT_ERRNO(EINVAL, SYS(io_setup, 0x7fffffff, &context));
  EXPECT_ERRNO(EAGAIN, SYS(io_setup, 0x100000, &context));
  EXPECT_ERRNO(EFAULT, SYS(io_setup, 1, guest::bad_pointer()));
  ASSERT_OK(SYS(io_setup, 1, &context));
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc"), reader = open(dir / "f", O_RDONLY);
  char byte = 0;
  iocb good = request(fd, IOCB_CMD_PREAD, &byte, 1, 0);
  iocb* all[] = {&good, nullptr};
  io_event event{};
  EXPECT_ERRNO(EINVAL, SYS(io_submit, 0x1000, 1, all));
  EXPECT_ERRNO(EINVAL, SYS(io_submit, context, -1, all));
  EXPECT_EQ(0, SYS(io_submit, context, 0, all));
  EXPECT_ERRNO(EFAULT, SYS(io_submit, context, 1, guest::bad_pointer()));
  EXPECT_EQ(1, SYS(io_submit, context, 2, all));  // the second cannot be read
  EXPECT_ERRNO(EINVAL, SYS(io_getevents, 0x1000, 0, 1, &event, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(io_getevents, context, 2, 1, &event, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(io_getevents, context, -1, 1, &event, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(io_getevents, context, 1, 1, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EFAULT, SYS(io_getevents, context, 1, 1, &event, guest::bad_pointer()));
  EXPECT_EQ(1, SYS(io_getevents, context, 1, 1, &event, nullptr));
  EXPECT_EQ(1, event.res);
  auto refused = [&](iocb bad) {
    iocb* one[] = {&bad};
    return SYS(io_submit, context, 1, one);
  };
  EXPECT_ERRNO(EBADF, refused(request(99, IOCB_CMD_PREAD, &byte, 1, 0)));
  EXPECT_ERRNO(EBADF, refused(request(reader, IOCB_CMD_PWRITE, &byte, 1, 0)));
  EXPECT_ERRNO(EINVAL, refused(request(fd, 99, &byte, 1, 0)));
  EXPECT_ERRNO(EINVAL, refused(request(fd, IOCB_CMD_FSYNC, &byte, 1, 0)));
  EXPECT_ERRNO(EINVAL, refused(request(fd, IOCB_CMD_PREAD, &byte, static_cast<size_t>(-1), 0)));
  iocb bad = good;
  bad.aio_reserved2 = 1;
  EXPECT_ERRNO(EINVAL, refused(bad));
  bad = good;
  bad.aio_rw_flags = 0x40000000;
  EXPECT_ERRNO(EOPNOTSUPP, refused(bad));
  bad = good;
  bad.aio_flags = IOCB_FLAG_RESFD;
  bad.aio_resfd = 99;
  EXPECT_ERRNO(EBADF, refused(bad));
  bad.aio_resfd = static_cast<uint32_t>(fd);
  EXPECT_ERRNO(EINVAL, refused(bad));
  bad = request(fd, IOCB_CMD_POLL, nullptr, 1, 0);
  EXPECT_ERRNO(EINVAL, refused(bad));
  bad = request(fd, IOCB_CMD_POLL, nullptr, 0, 0);
  bad.aio_buf = 0x10001;
  EXPECT_ERRNO(EINVAL, refused(bad));
  EXPECT_ERRNO(EINVAL, SYS(io_destroy, 0));
}

GUEST_TEST_MAIN
