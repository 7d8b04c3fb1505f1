// unix(7), socketpair(2), sendmsg(2), recvmsg(2), shutdown(2).
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace {
sockaddr_un address_of(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  return address;
}
int listener(const char* path, int kind = SOCK_STREAM) {
  int fd = socket(AF_UNIX, kind | SOCK_CLOEXEC, 0);
  sockaddr_un address = address_of(path);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
  return kind == SOCK_DGRAM || listen(fd, 5) == 0 ? fd : -1;
}
int dial(const char* path, int kind = SOCK_STREAM) {
  int fd = socket(AF_UNIX, kind | SOCK_CLOEXEC, 0);
  sockaddr_un address = address_of(path);
  return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

// Sends or takes one byte with one descriptor beside it.
bool send_fd(int socket, int fd) {
  char byte = 'f';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{nullptr, 0, &part, 1, control, sizeof control, 0};
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(socket, &message, 0) == 1;
}
int take_fd(int socket, int flags = 0) {
  char byte;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{nullptr, 0, &part, 1, control, sizeof control, 0};
  if (recvmsg(socket, &message, flags) != 1) return -1;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -2;
  int fd;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}
}  // namespace

TEST(a_pair_talks_both_ways) {
  COVERS("socketpair", "sendto", "recvfrom", "read", "write");
  int fds[2];
  ASSERT_OK(SYS(socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
  EXPECT_EQ(FD_CLOEXEC, fcntl(fds[0], F_GETFD));
  char out[8] = {};
  EXPECT_EQ(3, write(fds[0], "abc", 3));
  EXPECT_EQ(3, read(fds[1], out, 8));
  EXPECT_EQ(2, send(fds[1], "de", 2, 0));
  EXPECT_EQ(2, recv(fds[0], out, 8, 0));
  EXPECT_ERRNO(EAGAIN, recv(fds[0], out, 8, 0));
}

TEST(streams_join_and_datagrams_and_packets_do_not) {
  COVERS("socketpair", "recvfrom");
  char out[16] = {};
  for (int kind : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    int fds[2];
    ASSERT_OK(socketpair(AF_UNIX, kind, 0, fds));
    send(fds[0], "ab", 2, 0);
    send(fds[0], "cde", 3, 0);
    EXPECT_EQ(kind == SOCK_STREAM ? 5 : 2, recv(fds[1], out, 16, 0));
  }
}

TEST(a_short_buffer_cuts_a_datagram) {
  COVERS("recvmsg", "recvfrom");
  int fds[2];
  char out[4] = {};
  ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
  send(fds[0], "abcdef", 6, 0);
  iovec part{out, 3};
  msghdr message{nullptr, 0, &part, 1, nullptr, 0, 0};
  EXPECT_EQ(3, recvmsg(fds[1], &message, 0));
  EXPECT_EQ(MSG_TRUNC, message.msg_flags & MSG_TRUNC);
  send(fds[0], "abcdef", 6, 0);
  EXPECT_EQ(6, recv(fds[1], out, 3, MSG_TRUNC));
}

TEST(peek_leaves_and_waitall_waits) {
  COVERS("recvfrom");
  int fds[2];
  char out[8] = {};
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  send(fds[0], "abc", 3, 0);
  EXPECT_EQ(3, recv(fds[1], out, 8, MSG_PEEK));
  pid_t child = guest::spawn([&] {
    guest::sleep_ms(20);
    return send(fds[0], "de", 2, 0) == 2 ? 0 : 1;
  });
  EXPECT_EQ(5, recv(fds[1], out, 5, MSG_WAITALL));
  EXPECT_STREQ("abcde", out);
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_ERRNO(EAGAIN, recv(fds[1], out, 1, MSG_DONTWAIT));
}

TEST(a_server_accepts_and_names) {
  COVERS("socket", "bind", "listen", "accept4", "accept", "connect", "getsockname", "getpeername");
  guest::TempDir dir;
  int server = listener(dir / "s");
  ASSERT_OK(server);
  struct stat stat;
  ASSERT_OK(lstat(dir / "s", &stat));
  EXPECT_TRUE(S_ISSOCK(stat.st_mode));
  int client = dial(dir / "s");
  ASSERT_OK(client);
  sockaddr_un address;
  socklen_t length = sizeof address;
  long taken = SYS(accept4, server, &address, &length, SOCK_CLOEXEC);
  ASSERT_OK(taken);
  EXPECT_EQ(sizeof(sa_family_t), length);
  length = sizeof address;
  EXPECT_OK(SYS(getpeername, client, &address, &length));
  EXPECT_STREQ(dir / "s", address.sun_path);
  length = sizeof address;
  EXPECT_OK(SYS(getsockname, taken, &address, &length));
  EXPECT_STREQ(dir / "s", address.sun_path);
  EXPECT_EQ(2, write(client, "hi", 2));
  char out[4] = {};
  EXPECT_EQ(2, read(taken, out, 4));
  close(static_cast<int>(taken));
  EXPECT_EQ(0, read(client, out, 4));
}

TEST(bind_and_connect_errors) {
  COVERS("bind", "connect", "listen", "accept");
  guest::TempDir dir;
  int server = listener(dir / "s");
  sockaddr_un taken = address_of(dir / "s"), none = address_of(dir / "none");
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_ERRNO(EADDRINUSE, bind(fd, reinterpret_cast<sockaddr*>(&taken), sizeof taken));
  EXPECT_ERRNO(ENOENT, connect(fd, reinterpret_cast<sockaddr*>(&none), sizeof none));
  EXPECT_ERRNO(EINVAL, bind(server, reinterpret_cast<sockaddr*>(&none), sizeof none));
  EXPECT_ERRNO(EINVAL, SYS(accept, fd, nullptr, nullptr));
  EXPECT_ERRNO(ENOTSOCK, SYS(accept, 0, nullptr, nullptr));
  EXPECT_ERRNO(EBADF, SYS(bind, -1, &none, sizeof none));
  EXPECT_ERRNO(EINVAL, SYS(listen, fd, 1));
  close(server);
  EXPECT_ERRNO(ECONNREFUSED, connect(fd, reinterpret_cast<sockaddr*>(&taken), sizeof taken));
  int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
  EXPECT_ERRNO(EOPNOTSUPP, SYS(listen, datagram, 1));
  close(guest::make_file(dir / "file", ""));
  sockaddr_un file = address_of(dir / "file");
  EXPECT_ERRNO(ECONNREFUSED, connect(fd, reinterpret_cast<sockaddr*>(&file), sizeof file));
  EXPECT_ERRNO(EPROTOTYPE, [&] {
    int datagrams = listener(dir / "d", SOCK_DGRAM);
    (void)datagrams;
    sockaddr_un to = address_of(dir / "d");
    return connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
  }());
}

TEST(a_socket_is_bound_once) {
  COVERS("bind");
  guest::TempDir dir;
  int fd = listener(dir / "s");
  ASSERT_OK(fd);
  sockaddr_un same = address_of(dir / "s"), other = address_of(dir / "t");
  EXPECT_ERRNO(EADDRINUSE, bind(fd, reinterpret_cast<sockaddr*>(&same), sizeof same));
  EXPECT_ERRNO(EINVAL, bind(fd, reinterpret_cast<sockaddr*>(&other), sizeof other));
  EXPECT_ERRNO(ENOENT, access(dir / "t", F_OK));
  EXPECT_OK(bind(fd, reinterpret_cast<sockaddr*>(&same), sizeof(sa_family_t)));  // it has a name: none is chosen
  other.sun_path[0] = '\0';
  EXPECT_ERRNO(EINVAL, bind(fd, reinterpret_cast<sockaddr*>(&other), sizeof(sa_family_t) + 5));
}

TEST(unix_sockets_have_no_queue_of_errors) {
  COVERS("recvfrom");
  int pair[2];
  char byte = 0;
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  ASSERT_EQ(1, send(pair[0], "x", 1, 0));
  EXPECT_EQ(1, recv(pair[1], &byte, 1, MSG_ERRQUEUE));
}

TEST(only_who_waits_for_a_datagram_is_told_of_the_end) {
  COVERS("recvfrom", "shutdown");
  int pair[2];
  char byte = 0;
  ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
  ASSERT_EQ(1, send(pair[0], "x", 1, 0));
  ASSERT_OK(shutdown(pair[1], SHUT_RD));
  EXPECT_EQ(1, recv(pair[1], &byte, 1, MSG_DONTWAIT));
  EXPECT_ERRNO(EAGAIN, recv(pair[1], &byte, 1, MSG_DONTWAIT));
  EXPECT_EQ(0, recv(pair[1], &byte, 1, 0));
}

TEST(abstract_names_need_no_file) {
  COVERS("bind", "connect");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "guest-%d", getpid());
  socklen_t size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_OK(bind(server, reinterpret_cast<sockaddr*>(&address), size));
  ASSERT_OK(listen(server, 1));
  EXPECT_OK(connect(client, reinterpret_cast<sockaddr*>(&address), size));
  sockaddr_un told;
  socklen_t told_size = sizeof told;
  getpeername(client, reinterpret_cast<sockaddr*>(&told), &told_size);
  EXPECT_EQ(size, told_size);
  close(server);
  int late = socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_ERRNO(ECONNREFUSED, connect(late, reinterpret_cast<sockaddr*>(&address), size));
}

TEST(descriptors_travel) {
  COVERS("sendmsg", "recvmsg");
  guest::TempDir dir;
  int fds[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  int file = guest::make_file(dir / "f", "travel");
  EXPECT_EQ(0, guest::in_child([&] { return send_fd(fds[0], file) ? 0 : 1; }));
  close(file);
  int taken = take_fd(fds[1], MSG_CMSG_CLOEXEC);
  ASSERT_TRUE(taken >= 0);
  EXPECT_EQ(FD_CLOEXEC, fcntl(taken, F_GETFD));
  char text[8] = {};
  EXPECT_EQ(6, pread(taken, text, 7, 0));
  EXPECT_STREQ("travel", text);
  EXPECT_FALSE(send_fd(fds[0], 999));
  EXPECT_EQ(EBADF, errno);
}

TEST(a_socket_in_its_own_queue_is_collected) {
  COVERS("sendmsg", "close");
  for (int i = 0; i < 50; ++i) {
    int fds[2];
    ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    EXPECT_TRUE(send_fd(fds[0], fds[1]));
    EXPECT_TRUE(send_fd(fds[1], fds[0]));
    close(fds[0]);
    close(fds[1]);
  }
}

TEST(credentials_of_the_peer) {
  COVERS("getsockopt", "setsockopt", "recvmsg");
  int fds[2], on = 1;
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  ucred peer{};
  socklen_t length = sizeof peer;
  EXPECT_OK(getsockopt(fds[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
  EXPECT_EQ(getpid(), peer.pid);
  EXPECT_EQ(geteuid(), peer.uid);
  EXPECT_OK(setsockopt(fds[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
  send(fds[0], "x", 1, 0);
  char byte;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))] = {};
  msghdr message{nullptr, 0, &part, 1, control, sizeof control, 0};
  EXPECT_EQ(1, recvmsg(fds[1], &message, 0));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  ASSERT_TRUE(header != nullptr);
  EXPECT_EQ(SCM_CREDENTIALS, header->cmsg_type);
  memcpy(&peer, CMSG_DATA(header), sizeof peer);
  EXPECT_EQ(getpid(), peer.pid);
}

TEST(credentials_name_a_process_that_is_there) {
  COVERS("sendmsg");
  int pair[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
  ucred who{1 << 30, getuid(), getgid()};
  char byte = 'c';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof who)] = {};
  msghdr message{nullptr, 0, &part, 1, control, sizeof control, 0};
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_CREDENTIALS;
  header->cmsg_len = CMSG_LEN(sizeof who);
  memcpy(CMSG_DATA(header), &who, sizeof who);
  EXPECT_ERRNO(guest::is_root() ? ESRCH : EPERM, sendmsg(pair[0], &message, 0));
}

TEST(shutdown_ends_one_way) {
  COVERS("shutdown");
  int fds[2];
  char byte;
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  EXPECT_OK(SYS(shutdown, fds[0], SHUT_WR));
  EXPECT_EQ(0, read(fds[1], &byte, 1));
  EXPECT_EQ(1, write(fds[1], "x", 1));
  EXPECT_EQ(1, read(fds[0], &byte, 1));
  EXPECT_ERRNO(EPIPE, send(fds[0], "x", 1, MSG_NOSIGNAL));
  EXPECT_EQ(SIGPIPE, guest::signal_of([&] { return send(fds[0], "x", 1, 0); }));
  EXPECT_ERRNO(EINVAL, SYS(shutdown, fds[0], 9));
  EXPECT_ERRNO(ENOTSOCK, SYS(shutdown, 0, SHUT_RD));
}

TEST(a_closed_peer_with_unread_data_is_a_reset) {
  COVERS("close", "read");
  int fds[2];
  char byte;
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  send(fds[0], "x", 1, 0);
  close(fds[1]);
  EXPECT_ERRNO(ECONNRESET, read(fds[0], &byte, 1));
}

TEST(datagrams_to_a_name) {
  COVERS("sendto", "recvfrom", "bind");
  guest::TempDir dir;
  int server = listener(dir / "d", SOCK_DGRAM), client = listener(dir / "c", SOCK_DGRAM);
  sockaddr_un to = address_of(dir / "d"), from;
  EXPECT_EQ(2, SYS(sendto, client, "hi", 2, 0, &to, sizeof to));
  socklen_t length = sizeof from;
  char out[8];
  EXPECT_EQ(2, SYS(recvfrom, server, out, 8, 0, &from, &length));
  EXPECT_STREQ(dir / "c", from.sun_path);
  EXPECT_ERRNO(ENOTCONN, send(client, "x", 1, 0));
}

TEST(socket_errors) {
  COVERS("socket", "socketpair");
  int fds[2];
  EXPECT_ERRNO(EAFNOSUPPORT, SYS(socket, 60, SOCK_STREAM, 0));
  EXPECT_ERRNO(EINVAL, SYS(socket, AF_UNIX, 99, 0));
  EXPECT_ERRNO(EPROTONOSUPPORT, SYS(socket, AF_UNIX, SOCK_STREAM, 77));
  EXPECT_ERRNO(EFAULT, SYS(socketpair, AF_UNIX, SOCK_STREAM, 0, guest::bad_pointer()));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(socketpair, AF_INET, SOCK_STREAM, 0, fds));
}

TEST(options_of_a_socket) {
  COVERS("getsockopt", "setsockopt");
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0), told = 0, wanted = 10000;
  socklen_t length = sizeof told;
  EXPECT_OK(SYS(getsockopt, fd, SOL_SOCKET, SO_TYPE, &told, &length));
  EXPECT_EQ(SOCK_DGRAM, told);
  EXPECT_OK(SYS(getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &told, &length));
  EXPECT_EQ(AF_UNIX, told);
  EXPECT_OK(SYS(setsockopt, fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted));
  EXPECT_OK(SYS(getsockopt, fd, SOL_SOCKET, SO_SNDBUF, &told, &length));
  EXPECT_EQ(20000, told);
  EXPECT_OK(SYS(getsockopt, fd, SOL_SOCKET, SO_ERROR, &told, &length));
  EXPECT_EQ(0, told);
  EXPECT_ERRNO(ENOPROTOOPT, SYS(setsockopt, fd, SOL_SOCKET, 9999, &wanted, sizeof wanted));
  EXPECT_ERRNO(EINVAL, SYS(setsockopt, fd, SOL_SOCKET, SO_SNDBUF, &wanted, 1));
  EXPECT_ERRNO(EFAULT, SYS(getsockopt, fd, SOL_SOCKET, SO_TYPE, guest::bad_pointer(), &length));
  EXPECT_ERRNO(ENOTSOCK, SYS(getsockopt, 0, SOL_SOCKET, SO_TYPE, &told, &length));
}

TEST(several_messages_in_one_call) {
  COVERS("sendmmsg", "recvmmsg");
  int fds[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
  char a[] = "one", b[] = "three", in[2][8] = {};
  iovec out_parts[2] = {{a, 3}, {b, 5}}, in_parts[2] = {{in[0], 8}, {in[1], 8}};
  mmsghdr out[2]{}, got[2]{};
  for (int i = 0; i < 2; ++i) {
    out[i].msg_hdr.msg_iov = &out_parts[i];
    got[i].msg_hdr.msg_iov = &in_parts[i];
    out[i].msg_hdr.msg_iovlen = got[i].msg_hdr.msg_iovlen = 1;
  }
  EXPECT_EQ(2, SYS(sendmmsg, fds[0], out, 2, 0));
  EXPECT_EQ(5, out[1].msg_len);
  EXPECT_EQ(2, SYS(recvmmsg, fds[1], got, 2, MSG_DONTWAIT, nullptr));
  EXPECT_EQ(3, got[0].msg_len);
  EXPECT_STREQ("three", in[1]);
}

TEST(recvmmsg_tells_what_is_left_of_its_time) {
  COVERS("recvmmsg");
  int fds[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
  char in[2][8] = {};
  iovec parts[2] = {{in[0], 8}, {in[1], 8}};
  mmsghdr got[2]{};
  for (int i = 0; i < 2; ++i) {
    got[i].msg_hdr.msg_iov = &parts[i];
    got[i].msg_hdr.msg_iovlen = 1;
  }
  timespec left{5, 0};
  EXPECT_ERRNO(EAGAIN, SYS(recvmmsg, fds[1], got, 2, MSG_DONTWAIT, &left));
  EXPECT_EQ(5, left.tv_sec);  // nothing came: nothing is told
  ASSERT_EQ(3, send(fds[0], "one", 3, 0));
  EXPECT_EQ(1, SYS(recvmmsg, fds[1], got, 2, MSG_DONTWAIT, &left));
  EXPECT_EQ(4, left.tv_sec);
  EXPECT_TRUE(left.tv_nsec > 0 && left.tv_nsec < 1'000'000'000);
  // Looked at behind each message: the first one comes too late for a second.
  ASSERT_EQ(3, send(fds[0], "two", 3, 0));
  ASSERT_EQ(5, send(fds[0], "three", 5, 0));
  left = {0, 1};
  EXPECT_EQ(1, SYS(recvmmsg, fds[1], got, 2, MSG_DONTWAIT, &left));
  EXPECT_EQ(0, left.tv_sec);
  EXPECT_EQ(0, left.tv_nsec);
  EXPECT_EQ(1, SYS(recvmmsg, fds[1], got, 2, MSG_DONTWAIT, nullptr));
  // Told or not at all: what cannot be told is a fault, though the message is gone.
  ASSERT_EQ(4, send(fds[0], "last", 4, 0));
  timespec* const fixed =
      static_cast<timespec*>(mmap(nullptr, getpagesize(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_TRUE(fixed != MAP_FAILED);
  *fixed = {5, 0};
  ASSERT_OK(mprotect(fixed, getpagesize(), PROT_READ));
  EXPECT_ERRNO(EFAULT, SYS(recvmmsg, fds[1], got, 2, MSG_DONTWAIT, fixed));
  EXPECT_ERRNO(EAGAIN, SYS(recvmmsg, fds[1], got, 2, MSG_DONTWAIT, nullptr));
}

TEST(a_full_buffer_blocks_and_poll_sees_it) {
  COVERS("sendto", "poll");
  int fds[2];
  static char block[4096];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
  long total = 0;
  for (ssize_t sent; (sent = send(fds[0], block, sizeof block, 0)) > 0;) total += sent;
  EXPECT_EQ(EAGAIN, errno);
  EXPECT_GT(total, 65536);
  pollfd poller{fds[0], POLLOUT, 0};
  EXPECT_EQ(0, poll(&poller, 1, 0));
  while (total > 0) total -= read(fds[1], block, sizeof block);
  EXPECT_EQ(1, poll(&poller, 1, 0));
}

GUEST_TEST_MAIN
