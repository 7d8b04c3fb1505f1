// A user namespace in which the caller is root, for cases that need a right over other namespaces.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include "tests/guest/guest_test.h"

namespace guest {

inline bool write_text(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd == -1) return false;
  ssize_t length = static_cast<ssize_t>(strlen(text));
  bool written = write(fd, text, static_cast<size_t>(length)) == length;
  int saved = errno;
  close(fd);
  errno = saved;
  return written;
}

inline bool map_to_root(uid_t uid, gid_t gid) {
  char map[64];
  snprintf(map, sizeof map, "0 %u 1\n", uid);
  if (!write_text("/proc/self/uid_map", map) || !write_text("/proc/self/setgroups", "deny")) return false;
  snprintf(map, sizeof map, "0 %u 1\n", gid);
  return write_text("/proc/self/gid_map", map);
}

// In a child of the case alone: unshares a user namespace and what `flags` say besides.
inline bool become_root(int flags = 0) {
  uid_t uid = geteuid();
  gid_t gid = getegid();
  return unshare(CLONE_NEWUSER | flags) == 0 && map_to_root(uid, gid);
}

// A namespace within: root there is root of the one around.
inline bool become_root_again(int depth) {
  if (depth == 0) return become_root();
  return unshare(CLONE_NEWUSER) == 0 && map_to_root(0, 0);
}

inline bool may_make_user_namespaces() {
  return in_child([] { return unshare(CLONE_NEWUSER) == 0 ? 0 : 1; }) == 0;
}

// Of the sender of one byte, from a socket with SO_PASSCRED.
inline bool receive_credentials(int socket, ucred& cred) {
  char byte, control[CMSG_SPACE(sizeof cred)];
  iovec one{&byte, 1};
  msghdr message{};
  message.msg_iov = &one, message.msg_iovlen = 1, message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(socket, &message, 0) != 1) return false;
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (head == nullptr || head->cmsg_type != SCM_CREDENTIALS) return false;
  memcpy(&cred, CMSG_DATA(head), sizeof cred);
  return true;
}

}  // namespace guest

#define NEEDS_USER_NAMESPACES() \
  if (!guest::may_make_user_namespaces()) SKIP("no user namespaces here")
