// Descriptors in flight: unix(7), SCM_RIGHTS.
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace {
struct Pair {
  int a = -1, b = -1;
};
Pair unix_pair(int type) {
  int fds[2] = {-1, -1};
  socketpair(AF_UNIX, type, 0, fds);
  return {fds[0], fds[1]};
}
bool send_files(int to, std::initializer_list<int> files) {
  alignas(8) char control[CMSG_SPACE(8 * sizeof(int))]{};
  char byte = 'x';
  iovec vector{&byte, 1};
  msghdr message{};
  message.msg_iov = &vector, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
  size_t at = 0;
  for (int file : files) memcpy(CMSG_DATA(c) + at++ * sizeof file, &file, sizeof file);
  return sendmsg(to, &message, MSG_DONTWAIT) == 1;
}
// The first descriptor that came in a message, or -1. Others are closed.
int take_file(int from, int flags = 0) {
  alignas(8) char control[CMSG_SPACE(8 * sizeof(int))]{};
  char byte;
  iovec vector{&byte, 1};
  msghdr message{};
  message.msg_iov = &vector, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = sizeof control;
  if (recvmsg(from, &message, flags | MSG_DONTWAIT) < 0) return -1;
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  int file = -1;
  const size_t count = c == nullptr ? 0 : (c->cmsg_len - CMSG_LEN(0)) / sizeof file;
  for (size_t i = count; i-- > 0;) {
    if (file >= 0) close(file);
    memcpy(&file, CMSG_DATA(c) + i * sizeof file, sizeof file);
  }
  return file;
}
// A pipe tells when the descriptors of its other end are gone, wherever they were.
struct Witness {
  int read = -1, write = -1;
  Witness() {
    int fds[2];
    if (pipe(fds) == 0) read = fds[0], write = fds[1];
  }
  bool is_gone(int wait_ms) const {
    pollfd poller{read, POLLIN, 0};
    return poll(&poller, 1, wait_ms) == 1 && (poller.revents & POLLHUP) != 0;
  }
  // Linux looks for garbage when a unix socket ends, and some time after.
  bool goes() const {
    for (int i = 0; i < 100; ++i) {
      close(socket(AF_UNIX, SOCK_STREAM, 0));
      if (is_gone(10)) return true;
    }
    return false;
  }
};
}  // namespace

TEST(a_socket_in_its_own_queue_is_collected) {
  COVERS("sendmsg", "close");
  for (int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    Witness witness;
    Pair pair = unix_pair(type);
    ASSERT_TRUE(send_files(pair.a, {pair.b, witness.write}));
    close(witness.write);
    close(pair.a);
    EXPECT_FALSE(witness.is_gone(20));  // it can still be received
    close(pair.b);
    EXPECT_TRUE(witness.goes());
  }
}

TEST(sockets_in_the_queues_of_each_other_are_collected) {
  COVERS("sendmsg", "close");
  Witness witness;
  Pair first = unix_pair(SOCK_STREAM), second = unix_pair(SOCK_DGRAM), third = unix_pair(SOCK_SEQPACKET);
  ASSERT_TRUE(send_files(first.a, {second.b}));
  ASSERT_TRUE(send_files(second.a, {third.b, witness.write}));
  ASSERT_TRUE(send_files(third.a, {first.b}));
  close(witness.write);
  for (int fd : {first.a, second.a, second.b, third.a, third.b}) close(fd);
  EXPECT_FALSE(witness.is_gone(20));
  // From the one that is left all others can be had.
  int taken = take_file(first.b);
  ASSERT_TRUE(taken >= 0);
  ASSERT_TRUE(send_files(taken, {taken}) || errno == ENOTCONN || errno == EPIPE || errno == ECONNRESET ||
              errno == ECONNREFUSED);
  close(taken);
  close(first.b);
  EXPECT_TRUE(witness.goes());
}

TEST(what_is_in_use_is_not_collected) {
  COVERS("sendmsg", "recvmsg");
  Witness witness;
  Pair outer = unix_pair(SOCK_STREAM), inner = unix_pair(SOCK_STREAM);
  ASSERT_TRUE(send_files(inner.a, {inner.b, witness.write}));  // a ring ...
  ASSERT_TRUE(send_files(outer.a, {inner.b}));                 // ... that hangs on a socket in use
  close(witness.write), close(inner.a), close(inner.b);
  for (int i = 0; i < 5; ++i) close(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_FALSE(witness.is_gone(30));
  int again = take_file(outer.b);
  ASSERT_TRUE(again >= 0);
  int itself = take_file(again, MSG_PEEK);
  EXPECT_TRUE(itself >= 0);
  close(itself);
  for (int i = 0; i < 5; ++i) close(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_FALSE(witness.is_gone(30));
  close(again);
  EXPECT_TRUE(witness.goes());
}

TEST(a_listener_whose_caller_sent_it_is_collected) {
  COVERS("sendmsg", "close", "connect");
  Witness witness;
  int listening = socket(AF_UNIX, SOCK_STREAM, 0), caller = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  socklen_t length = sizeof name;
  ASSERT_OK(bind(listening, reinterpret_cast<sockaddr*>(&name), sizeof name.sun_family));
  ASSERT_OK(getsockname(listening, reinterpret_cast<sockaddr*>(&name), &length));
  ASSERT_OK(listen(listening, 1));
  ASSERT_OK(connect(caller, reinterpret_cast<sockaddr*>(&name), length));
  ASSERT_TRUE(send_files(caller, {listening, witness.write}));
  close(witness.write), close(caller), close(listening);
  EXPECT_TRUE(witness.goes());
}

TEST(a_process_that_ends_leaves_nothing_in_flight) {
  COVERS("sendmsg", "exit_group");
  Witness witness;
  pid_t child = guest::spawn([&] {
    for (int i = 0; i < 50; ++i) {
      Pair pair = unix_pair(SOCK_DGRAM);
      if (!send_files(pair.a, {pair.b, pair.a, witness.write})) return 1;
    }
    return 0;
  });
  EXPECT_EQ(0, guest::reap(child));
  close(witness.write);
  EXPECT_TRUE(witness.goes());
}

TEST(a_user_has_so_many_descriptors_in_flight) {
  COVERS("sendmsg");
  int bad = guest::in_child([] {
    if (geteuid() == 0 && setuid(65534) != 0) return 2;
    rlimit limit{40, 40};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 3;
    int sent = 0;
    Pair pairs[4];
    for (Pair& pair : pairs) pair = unix_pair(SOCK_STREAM);
    for (int i = 0; i < 60; ++i) {
      if (send_files(pairs[i % 4].a, {1})) {
        ++sent;
        continue;
      }
      if (errno != ETOOMANYREFS) return 4;
      break;
    }
    if (sent == 60 || sent > 41) return 5;
    close(take_file(pairs[0].b));
    close(take_file(pairs[0].b));
    return send_files(pairs[0].a, {1}) ? 0 : 6;
  });
  if (bad == 2) SKIP("cannot become another user");
  EXPECT_EQ(0, bad);
}

GUEST_TEST_MAIN
