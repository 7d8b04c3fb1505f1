// What the tests of seccomp(2) share: filters in classic BPF, children that are bound by them.
#pragma once

#include "tests/guest/guest_test.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS _IOW('!', 4, __u64)
#endif

namespace seccomp_test {

constexpr unsigned kNr = offsetof(seccomp_data, nr);
constexpr unsigned kArch = offsetof(seccomp_data, arch);

constexpr unsigned low_of(int index) { return offsetof(seccomp_data, args) + 8 * index; }

inline sock_filter stmt(int code, unsigned k) { return BPF_STMT(static_cast<__u16>(code), k); }
inline sock_filter jump(int code, unsigned k, int jt, int jf) {
  return BPF_JUMP(static_cast<__u16>(code), k, static_cast<__u8>(jt), static_cast<__u8>(jf));
}

template <int N>
long install(const sock_filter (&code)[N], unsigned flags = 0) {
  sock_fprog program{N, const_cast<sock_filter*>(code)};
  return SYS(seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

// `action` for one call, the rest is allowed.
inline long filter_call(unsigned nr, unsigned action, unsigned flags = 0) {
  sock_filter code[] = {stmt(BPF_LD | BPF_W | BPF_ABS, kNr), jump(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
                        stmt(BPF_RET | BPF_K, action), stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  return install(code, flags);
}

inline bool no_new_privs() { return SYS(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0; }

// A child with no_new_privs; its exit status, or 1000 + signal.
template <typename F>
int confined(F body) {
  int status = guest::in_child([&] {
    rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    return no_new_privs() ? body() : 99;
  });
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

template <typename F>
struct Thread {
  explicit Thread(F f) : body(f) { pthread_create(&id, nullptr, run, this); }
  static void* run(void* self) {
    static_cast<Thread*>(self)->body();
    return nullptr;
  }
  void join() { pthread_join(id, nullptr); }
  F body;
  pthread_t id;
};

}  // namespace seccomp_test
