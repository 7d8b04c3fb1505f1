// Sockets that several families of cases need.
#pragma once

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/guest/guest_test.h"

namespace guest {

inline const sockaddr* generic(const void* address) { return static_cast<const sockaddr*>(address); }

inline sockaddr_in name_of(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return address;
}

// On a free port of lo.
inline int bound(int type) {
  int fd = socket(AF_INET, type, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return bind(fd, generic(&address), sizeof address) == 0 ? fd : -1;
}

struct Pair {
  int a = -1, b = -1;
};
// `a` sends to `b`.
inline Pair udp_pair() {
  Pair pair{socket(AF_INET, SOCK_DGRAM, 0), bound(SOCK_DGRAM)};
  sockaddr_in to = name_of(pair.b);
  connect(pair.a, generic(&to), sizeof to);
  return pair;
}

inline Pair unix_pair(int type) {
  int fds[2] = {-1, -1};
  socketpair(AF_UNIX, type, 0, fds);
  return {fds[0], fds[1]};
}

inline int set(int fd, int level, int option, int value) { return setsockopt(fd, level, option, &value, sizeof value); }

// What a receive gives, as a string; "!" and the errno's name where it gives none.
inline const char* text(int fd, int flags, size_t most = 100) {
  static char bytes[70000];
  ssize_t n = recv(fd, bytes, most < sizeof bytes ? most : sizeof bytes - 1, flags | MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN ? "!EAGAIN" : "!";
  bytes[n] = '\0';
  return bytes;
}

// Into a network of its own whose lo is up: nobody else's packets come by. Kept for the whole case.
inline bool own_network() {
  if (unshare(CLONE_NEWNET) != 0) return false;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) return false;
  request.ifr_flags |= IFF_UP;
  bool up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  close(fd);
  return up;
}

}  // namespace guest
