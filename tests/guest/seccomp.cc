// seccomp(2): strict mode, filters in classic BPF, their actions, TSYNC, user notification.
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

namespace {

constexpr unsigned kNr = offsetof(seccomp_data, nr);
constexpr unsigned kArch = offsetof(seccomp_data, arch);

constexpr unsigned low_of(int index) { return offsetof(seccomp_data, args) + 8 * index; }

sock_filter stmt(int code, unsigned k) { return BPF_STMT(static_cast<__u16>(code), k); }
sock_filter jump(int code, unsigned k, int jt, int jf) {
  return BPF_JUMP(static_cast<__u16>(code), k, static_cast<__u8>(jt), static_cast<__u8>(jf));
}

template <int N>
long install(const sock_filter (&code)[N], unsigned flags = 0) {
  sock_fprog program{N, const_cast<sock_filter*>(code)};
  return SYS(seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

// `action` for one call, the rest is allowed.
long filter_call(unsigned nr, unsigned action, unsigned flags = 0) {
  sock_filter code[] = {stmt(BPF_LD | BPF_W | BPF_ABS, kNr), jump(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
                        stmt(BPF_RET | BPF_K, action), stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  return install(code, flags);
}

bool no_new_privs() { return SYS(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0; }

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

// EINVAL for this program, as its last instruction but one?
bool refused(sock_filter in) {
  sock_filter code[] = {stmt(BPF_LDX | BPF_IMM, 1), in, stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  return install(code) == -1 && errno == EINVAL;
}
bool taken(sock_filter in) {
  sock_filter code[] = {stmt(BPF_LDX | BPF_IMM, 1), in, stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  return install(code) == 0;
}

// A field of /proc/self/status as a number.
long status_field(const char* name) {
  char text[8192];
  if (guest::slurp("/proc/self/status", text, sizeof text) < 0) return -1;
  const char* at = strstr(text, name);
  return at == nullptr ? -1 : atol(at + strlen(name));
}

siginfo_t met;
ucontext_t met_context;
void on_sys(int, siginfo_t* info, void* context) {
  met = *info;
  met_context = *static_cast<ucontext_t*>(context);
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

}  // namespace

TEST(strict_mode_is_told_by_no_one_but_a_kill) {
  COVERS("seccomp", "prctl");
  EXPECT_EQ(0, confined([] {
              if (SYS(seccomp, SECCOMP_SET_MODE_STRICT, 1, nullptr) != -1 || errno != EINVAL) return 1;
              if (SYS(seccomp, SECCOMP_SET_MODE_STRICT, 0, &met) != -1 || errno != EINVAL) return 2;
              if (SYS(prctl, PR_GET_SECCOMP) != 0 || status_field("Seccomp:") != 0) return 3;
              int fds[2];
              if (pipe(fds) != 0) return 4;
              if (SYS(seccomp, SECCOMP_SET_MODE_STRICT, 0, nullptr) != 0) return 5;
              char byte = 'x';
              if (SYS(write, fds[1], &byte, 1) != 1 || SYS(read, fds[0], &byte, 1) != 1) SYS(exit, 6);
              SYS(exit, 0);
              return 7;
            }));
  EXPECT_EQ(1000 + SIGKILL, confined([] {
              SYS(prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
              SYS(prctl, PR_GET_SECCOMP);
              return 0;
            }));
  EXPECT_EQ(1000 + SIGKILL, confined([] {
              SYS(prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
              SYS(exit_group, 0);
              return 0;
            }));
}

TEST(strict_mode_kills_only_its_thread) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              Thread thread([] {
                SYS(prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
                SYS(getpid);
              });
              thread.join();
              return SYS(getppid) > 0 ? 0 : 1;
            }));
}

TEST(modes_exclude_each_other) {
  COVERS("seccomp", "prctl");
  EXPECT_EQ(0, confined([] {
              if (filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 7) != 0) return 1;
              if (SYS(prctl, PR_GET_SECCOMP) != 2) return 2;
              if (SYS(seccomp, SECCOMP_SET_MODE_STRICT, 0, nullptr) != -1 || errno != EINVAL) return 3;
              if (SYS(prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != -1 || errno != EINVAL) return 4;
              if (SYS(prctl, PR_SET_SECCOMP, 3) != -1 || errno != EINVAL) return 5;
              return status_field("Seccomp:") == 2 && status_field("Seccomp_filters:") == 1 &&
                             status_field("NoNewPrivs:") == 1
                         ? 0
                         : 6;
            }));
}

TEST(a_filter_by_prctl) {
  COVERS("prctl");
  EXPECT_EQ(0, confined([] {
              sock_filter code[] = {stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
              sock_fprog program{1, code};
              if (SYS(prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, guest::bad_pointer()) != -1 || errno != EFAULT)
                return 1;
              if (SYS(prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 2;
              return SYS(prctl, PR_GET_SECCOMP) == 2 ? 0 : 3;
            }));
}

TEST(arguments_of_set_mode_filter) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              sock_filter code[] = {stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
              sock_fprog program{1, code}, empty{0, code}, nowhere{1, static_cast<sock_filter*>(guest::bad_pointer())};
              const auto fails = [](unsigned flags, const void* p, int error) {
                return SYS(seccomp, SECCOMP_SET_MODE_FILTER, flags, p) == -1 && errno == error;
              };
              if (!fails(0, &empty, EINVAL)) return 1;
              if (!fails(0, &nowhere, EFAULT)) return 2;
              if (!fails(0, guest::bad_pointer(), EFAULT)) return 3;
              if (!fails(1u << 20, &program, EINVAL)) return 4;
              if (!fails(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER, &program, EINVAL)) return 5;
              if (!fails(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program, EINVAL)) return 6;
              if (SYS(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                      &program) != 0)
                return 7;
              if (SYS(seccomp, 77, 0, nullptr) != -1 || errno != EINVAL) return 8;
              static sock_filter many[4097];
              for (sock_filter& in : many) in = stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
              sock_fprog most{4096, many}, over{4097, many};
              if (!fails(0, &over, EINVAL)) return 9;
              return SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &most) == 0 ? 0 : 10;
            }));
}

TEST(a_filter_needs_no_new_privs_or_root) {
  COVERS("seccomp");
  if (guest::is_root()) {
    EXPECT_EQ(0, WEXITSTATUS(guest::in_child([] { return filter_call(9999, SECCOMP_RET_ALLOW) == 0 ? 0 : 1; })));
    EXPECT_EQ(0, WEXITSTATUS(guest::in_child([] {
                if (setuid(12345) != 0) return 1;
                sock_fprog long_one{5000, nullptr};
                if (SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &long_one) != -1 || errno != EINVAL) return 2;
                return filter_call(9999, SECCOMP_RET_ALLOW) == -1 && errno == EACCES ? 0 : 3;
              })));
  } else {
    EXPECT_EQ(-1, filter_call(9999, SECCOMP_RET_ALLOW));
    EXPECT_EQ(EACCES, errno);
  }
}

TEST(programs_are_checked) {
  COVERS("seccomp");
  const int wrong = confined([] {
    // What seccomp knows of classic BPF.
    const int alu[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND, BPF_LSH, BPF_RSH, BPF_XOR};
    for (int op : alu) {
      if (!taken(stmt(BPF_ALU | BPF_K | op, 1))) return 1;
      if (!taken(stmt(BPF_ALU | BPF_X | op, 0))) return 2;
    }
    if (!taken(stmt(BPF_ALU | BPF_NEG, 0)) || !refused(stmt(BPF_ALU | BPF_NEG | BPF_X, 0))) return 3;
    if (!refused(stmt(BPF_ALU | BPF_MOD | BPF_K, 3)) || !refused(stmt(BPF_ALU | BPF_MOD | BPF_X, 0))) return 4;
    if (!taken(stmt(BPF_LD | BPF_W | BPF_LEN, 0)) || !taken(stmt(BPF_LDX | BPF_W | BPF_LEN, 0))) return 5;
    if (!taken(stmt(BPF_LD | BPF_IMM, 5)) || !taken(stmt(BPF_LDX | BPF_IMM, 5))) return 6;
    if (!taken(stmt(BPF_MISC | BPF_TAX, 0)) || !taken(stmt(BPF_MISC | BPF_TXA, 0))) return 7;
    if (!refused(stmt(BPF_LD | BPF_H | BPF_ABS, 0)) || !refused(stmt(BPF_LD | BPF_B | BPF_ABS, 0))) return 8;
    if (!refused(stmt(BPF_LD | BPF_W | BPF_IND, 0)) || !refused(stmt(BPF_LDX | BPF_B | BPF_MSH, 0))) return 9;
    if (!taken(stmt(BPF_LD | BPF_W | BPF_ABS, 60)) || !refused(stmt(BPF_LD | BPF_W | BPF_ABS, 64))) return 10;
    if (!refused(stmt(BPF_LD | BPF_W | BPF_ABS, 2))) return 11;
    if (!refused(stmt(BPF_LD | BPF_W | BPF_ABS, 0xfffff000))) return 12;
    if (!refused(stmt(BPF_ALU | BPF_DIV | BPF_K, 0))) return 13;
    if (!refused(stmt(BPF_ALU | BPF_LSH | BPF_K, 32)) || !taken(stmt(BPF_ALU | BPF_RSH | BPF_K, 31))) return 14;
    if (!taken(stmt(BPF_ST, 15)) || !refused(stmt(BPF_ST, 16)) || !refused(stmt(BPF_STX, 16))) return 15;
    if (!refused(stmt(BPF_LD | BPF_MEM, 0)) || !refused(stmt(BPF_LDX | BPF_MEM, 3))) return 16;
    if (!refused(stmt(0xffff, 0)) || !refused(stmt(BPF_JMP | 0x50, 0)) || !refused(stmt(0x107, 0))) return 17;
    return 0;
  });
  EXPECT_EQ(0, wrong);
}

TEST(jumps_and_scratch_words_are_checked) {
  COVERS("seccomp");
  EXPECT_EQ(
      0, confined([] {
        if (!refused(jump(BPF_JMP | BPF_JA, 1, 0, 0)) || !taken(jump(BPF_JMP | BPF_JA, 0, 0, 0))) return 1;
        if (!refused(jump(BPF_JMP | BPF_JA, 0xffffffff, 0, 0))) return 2;
        if (!refused(jump(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0)) || !refused(jump(BPF_JMP | BPF_JGT | BPF_X, 0, 0, 1)))
          return 3;
        if (!taken(jump(BPF_JMP | BPF_JSET | BPF_X, 0, 0, 0))) return 4;
        sock_filter no_end[] = {stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), stmt(BPF_LD | BPF_IMM, 0)};
        if (install(no_end) != -1 || errno != EINVAL) return 5;
        // One of two paths leaves the word unwritten.
        sock_filter half[] = {stmt(BPF_LD | BPF_W | BPF_ABS, kNr), jump(BPF_JMP | BPF_JEQ | BPF_K, 9999, 0, 1),
                              stmt(BPF_ST, 2), stmt(BPF_LD | BPF_MEM, 2), stmt(BPF_RET | BPF_A, 0)};
        if (install(half) != -1 || errno != EINVAL) return 6;
        sock_filter both[] = {stmt(BPF_LD | BPF_W | BPF_ABS, kNr), stmt(BPF_ST, 2), stmt(BPF_LDX | BPF_MEM, 2),
                              stmt(BPF_LD | BPF_IMM, SECCOMP_RET_ALLOW), stmt(BPF_RET | BPF_A, 0)};
        return install(both) == 0 ? 0 : 7;
      }));
}

// errno is what a program computes in A, so its arithmetic can be seen.
template <int N>
int computed(const sock_filter (&compute)[N]) {
  return confined([&] {
    sock_filter code[N + 5] = {stmt(BPF_LD | BPF_W | BPF_ABS, kNr), jump(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0),
                               stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    for (int i = 0; i < N; ++i) code[3 + i] = compute[i];
    code[N + 3] = stmt(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
    code[N + 4] = stmt(BPF_RET | BPF_A, 0);
    if (install(code) != 0) return 200;
    return SYS(getppid) == -1 ? errno : 201;
  });
}

TEST(programs_compute) {
  COVERS("seccomp");
  sock_filter add[] = {stmt(BPF_LD | BPF_IMM, 40), stmt(BPF_ALU | BPF_ADD | BPF_K, 2)};
  EXPECT_EQ(42, computed(add));
  sock_filter sub[] = {stmt(BPF_LDX | BPF_IMM, 5), stmt(BPF_LD | BPF_IMM, 47), stmt(BPF_ALU | BPF_SUB | BPF_X, 0)};
  EXPECT_EQ(42, computed(sub));
  sock_filter mul[] = {stmt(BPF_LD | BPF_IMM, 6), stmt(BPF_ALU | BPF_MUL | BPF_K, 7)};
  EXPECT_EQ(42, computed(mul));
  sock_filter div[] = {stmt(BPF_LD | BPF_IMM, 0xffffffff), stmt(BPF_ALU | BPF_DIV | BPF_K, 0x06000000)};
  EXPECT_EQ(42, computed(div));
  sock_filter neg[] = {stmt(BPF_LD | BPF_IMM, 0xffffffd6), stmt(BPF_ALU | BPF_NEG, 0)};
  EXPECT_EQ(42, computed(neg));
  sock_filter shift[] = {stmt(BPF_LD | BPF_IMM, 0x80000001), stmt(BPF_ALU | BPF_LSH | BPF_K, 1),
                         stmt(BPF_ALU | BPF_XOR | BPF_K, 0x28)};
  EXPECT_EQ(42, computed(shift));
  sock_filter wide_shift[] = {stmt(BPF_LDX | BPF_IMM, 33), stmt(BPF_LD | BPF_IMM, 84),
                              stmt(BPF_ALU | BPF_RSH | BPF_X, 0)};
  EXPECT_EQ(42, computed(wide_shift));
  sock_filter mask[] = {stmt(BPF_LD | BPF_IMM, 0xfeab), stmt(BPF_ALU | BPF_AND | BPF_K, 0x2a)};
  EXPECT_EQ(42, computed(mask));
  sock_filter words[] = {stmt(BPF_LD | BPF_IMM, 42), stmt(BPF_MISC | BPF_TAX, 0), stmt(BPF_LD | BPF_IMM, 1),
                         stmt(BPF_STX, 7), stmt(BPF_LD | BPF_MEM, 7)};
  EXPECT_EQ(42, computed(words));
  sock_filter length[] = {stmt(BPF_LDX | BPF_W | BPF_LEN, 0), stmt(BPF_MISC | BPF_TXA, 0)};
  EXPECT_EQ(64, computed(length));
  sock_filter forward[] = {stmt(BPF_LD | BPF_IMM, 9), jump(BPF_JMP | BPF_JGE | BPF_K, 10, 0, 1),
                           stmt(BPF_LD | BPF_IMM, 1), jump(BPF_JMP | BPF_JSET | BPF_K, 8, 0, 1),
                           stmt(BPF_LD | BPF_IMM, 42)};
  EXPECT_EQ(42, computed(forward));
}

TEST(a_division_by_zero_ends_the_program_with_zero) {
  COVERS("seccomp");
  sock_filter code[] = {stmt(BPF_LDX | BPF_IMM, 0), stmt(BPF_LD | BPF_IMM, 5), stmt(BPF_ALU | BPF_DIV | BPF_X, 0)};
  EXPECT_EQ(1000 + SIGSYS, computed(code));
}

TEST(a_program_sees_the_call) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              // lseek(-1, 0x500000002, 3): all six words that matter.
              sock_filter code[] = {
                  stmt(BPF_LD | BPF_W | BPF_ABS, kArch),
                  jump(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 10),
                  stmt(BPF_LD | BPF_W | BPF_ABS, kNr),
                  jump(BPF_JMP | BPF_JEQ | BPF_K, SYS_lseek, 0, 9),
                  stmt(BPF_LD | BPF_W | BPF_ABS, low_of(0)),
                  jump(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 0, 7),
                  stmt(BPF_LD | BPF_W | BPF_ABS, low_of(1)),
                  jump(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 5),
                  stmt(BPF_LD | BPF_W | BPF_ABS, low_of(1) + 4),
                  jump(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, 3),
                  stmt(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
                  stmt(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                  stmt(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                  stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
              };
              if (install(code) != 0) return 1;
              if (SYS(lseek, -1, 0x500000002, 3) != -1 || errno != 77) return 2;
              return SYS(lseek, -1, 0x600000002, 3) == -1 && errno == EBADF ? 0 : 3;
            }));
}

TEST(errors_are_capped_and_zero_is_success) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              if (filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 0xffff) != 0) return 1;
              if (SYS(getppid) != -1 || errno != 4095) return 2;
              if (filter_call(SYS_getpid, SECCOMP_RET_ERRNO) != 0) return 3;
              return SYS(getpid) == 0 ? 0 : 4;
            }));
}

TEST(the_strictest_filter_wins_and_of_equals_the_last) {
  COVERS("seccomp");
  EXPECT_EQ(
      0, confined([] {
        const unsigned order[] = {SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_TRACE | 1, SECCOMP_RET_ERRNO | 5};
        for (unsigned action : order) {
          if (filter_call(SYS_getppid, action) != 0) return 1;
          errno = 0;
          const long result = SYS(getppid);
          const bool allowed = action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
          const int expected = action == (SECCOMP_RET_TRACE | 1) ? ENOSYS : 5;
          if (allowed ? result < 0 : errno != expected) return 2;
        }
        filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 6);
        if (SYS(getppid) != -1 || errno != 6) return 3;
        filter_call(SYS_getppid, SECCOMP_RET_ALLOW);
        if (SYS(getppid) != -1 || errno != 6) return 4;
        guest::handle(SIGSYS, on_sys);
        filter_call(SYS_getppid, SECCOMP_RET_TRAP | 9);
        SYS(getppid);
        return met.si_errno == 9 && status_field("Seccomp_filters:") == 7 ? 0 : 5;
      }));
  EXPECT_EQ(1000 + SIGSYS, confined([] {
              filter_call(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
              filter_call(SYS_getppid, SECCOMP_RET_KILL_THREAD);
              filter_call(SYS_getppid, SECCOMP_RET_TRAP);
              SYS(getppid);
              return 0;
            }));
}

TEST(an_unknown_action_kills) {
  COVERS("seccomp");
  EXPECT_EQ(1000 + SIGSYS, confined([] {
              filter_call(SYS_getppid, 0x12340000);
              SYS(getppid);
              return 0;
            }));
}

TEST(a_trap_tells_all) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              guest::handle(SIGSYS, on_sys);
              if (filter_call(SYS_getppid, SECCOMP_RET_TRAP | 123) != 0) return 1;
              const long result = SYS(getppid);
              if (met.si_signo != SIGSYS || met.si_code != 1 /* SYS_SECCOMP */ || met.si_errno != 123) return 2;
              if (met.si_syscall != SYS_getppid || met.si_arch != AUDIT_ARCH_X86_64) return 3;
              if (reinterpret_cast<unsigned long>(met.si_call_addr) !=
                  static_cast<unsigned long>(met_context.uc_mcontext.gregs[REG_RIP]))
                return 4;
              if (met_context.uc_mcontext.gregs[REG_RAX] != SYS_getppid) return 5;
              return result == SYS_getppid ? 0 : 6;
            }));
  EXPECT_EQ(1000 + SIGSYS, confined([] {
              signal(SIGSYS, SIG_IGN);
              filter_call(SYS_getppid, SECCOMP_RET_TRAP);
              SYS(getppid);
              return 0;
            }));
  EXPECT_EQ(1000 + SIGSYS, confined([] {
              guest::handle(SIGSYS, on_sys);
              sigset_t set;
              sigemptyset(&set);
              sigaddset(&set, SIGSYS);
              sigprocmask(SIG_BLOCK, &set, nullptr);
              filter_call(SYS_getppid, SECCOMP_RET_TRAP);
              SYS(getppid);
              return 0;
            }));
}

TEST(a_killed_thread_leaves_the_others) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              Thread thread([] {
                filter_call(SYS_getppid, SECCOMP_RET_KILL_THREAD);
                SYS(getppid);
                _exit(1);
              });
              thread.join();
              return SYS(getppid) > 0 ? 0 : 2;
            }));
  EXPECT_EQ(1000 + SIGSYS, confined([] {
              Thread thread([] {
                filter_call(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
                SYS(getppid);
              });
              thread.join();
              return 2;
            }));
}

TEST(filters_survive_fork_exec_and_bind_threads) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              if (filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 11) != 0) return 1;
              if (guest::in_child([] { return SYS(getppid) == -1 && errno == 11 ? 0 : 1; }) != 0) return 2;
              int seen = 0;
              Thread thread([&] { seen = SYS(getppid) == -1 ? errno : 0; });
              thread.join();
              if (seen != 11) return 3;
              return guest::in_child([] {
                       execl("/bin/sh", "sh", "-c",
                             "while read k v; do case $k in Seccomp:) s=$v;; NoNewPrivs:) n=$v;; esac; done "
                             "</proc/self/status; test $s = 2 && test $n = 1",
                             nullptr);
                       return 1;
                     }) == 0
                         ? 0
                         : 4;
            }));
}

TEST(a_call_with_junk_above_its_number_is_judged_by_the_number) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              if (filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 33) != 0) return 1;
              return syscall(SYS_getppid | (1L << 40)) == -1 && errno == 33 ? 0 : 2;
            }));
}

TEST(the_path_of_filters_is_bounded) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              static sock_filter many[4000];
              for (sock_filter& in : many) in = stmt(BPF_LD | BPF_IMM, 1);
              many[3999] = stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
              sock_fprog program{4000, many};
              int n = 0;
              while (SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0) ++n;
              if (errno != ENOMEM) return 100;
              // A division by X is five instructions on Linux, an allowed return two; three are before each program.
              int small = 0;
              sock_filter code[] = {stmt(BPF_LDX | BPF_IMM, 1),
                                    stmt(BPF_LD | BPF_IMM, SECCOMP_RET_ALLOW),
                                    stmt(BPF_ALU | BPF_DIV | BPF_X, 0),
                                    jump(BPF_JMP | BPF_JEQ | BPF_K, 0x80000000, 1, 1),
                                    jump(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1),
                                    jump(BPF_JMP | BPF_JGT | BPF_K, 1, 0, 1),
                                    stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                                    stmt(BPF_RET | BPF_A, 0)};
              while (small < 90 && install(code) == 0) ++small;
              guest::say("  %d long and %d short filters", n, small);
              return n == 8 && small == 30 ? 0 : 1;
            }));
}

TEST(get_action_avail) {
  COVERS("seccomp");
  const unsigned actions[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
                              SECCOMP_RET_USER_NOTIF,   SECCOMP_RET_TRACE,       SECCOMP_RET_LOG,  SECCOMP_RET_ALLOW};
  for (unsigned action : actions) EXPECT_EQ(0, SYS(seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
  unsigned wrong = 0x12340000, with_data = SECCOMP_RET_ERRNO | 1;
  EXPECT_ERRNO(EOPNOTSUPP, SYS(seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &wrong));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &with_data));
  EXPECT_ERRNO(EINVAL, SYS(seccomp, SECCOMP_GET_ACTION_AVAIL, 1, actions));
  EXPECT_ERRNO(EFAULT, SYS(seccomp, SECCOMP_GET_ACTION_AVAIL, 0, guest::bad_pointer()));
}

TEST(get_notif_sizes) {
  COVERS("seccomp");
  seccomp_notif_sizes sizes{};
  ASSERT_OK(SYS(seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes));
  EXPECT_EQ(sizeof(seccomp_notif), sizes.seccomp_notif);
  EXPECT_EQ(sizeof(seccomp_notif_resp), sizes.seccomp_notif_resp);
  EXPECT_EQ(sizeof(seccomp_data), sizes.seccomp_data);
  EXPECT_ERRNO(EINVAL, SYS(seccomp, SECCOMP_GET_NOTIF_SIZES, 1, &sizes));
  EXPECT_ERRNO(EFAULT, SYS(seccomp, SECCOMP_GET_NOTIF_SIZES, 0, guest::bad_pointer()));
}

namespace {
// A sibling that waits, then says what getppid gives it.
struct Sibling {
  int gate[2], answer[2];
  pthread_t id;
  pid_t tid = 0;
  Sibling() {
    if (pipe(gate) != 0 || pipe(answer) != 0) _exit(120);
    pthread_create(&id, nullptr, run, this);
    char byte;
    read(answer[0], &byte, 1);
  }
  static void* run(void* self) {
    Sibling& s = *static_cast<Sibling*>(self);
    s.tid = static_cast<pid_t>(SYS(gettid));
    char order = 0;
    write(s.answer[1], "r", 1);
    while (read(s.gate[0], &order, 1) == 1) {
      unsigned char met = 0;
      if (order == 'f')
        met = static_cast<unsigned char>(filter_call(SYS_getpgid, SECCOMP_RET_ERRNO | 3) == 0 ? 0 : errno);
      if (order == 'p') met = static_cast<unsigned char>(SYS(getppid) == -1 ? errno : 0);
      if (order == 'n') met = static_cast<unsigned char>(SYS(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
      write(s.answer[1], &met, 1);
    }
    return nullptr;
  }
  int ask(char order) {
    unsigned char met = 255;
    write(gate[1], &order, 1);
    read(answer[0], &met, 1);
    return met;
  }
};
}  // namespace

TEST(tsync_binds_siblings) {
  COVERS("seccomp");
  EXPECT_EQ(0, WEXITSTATUS(guest::in_child([] {
              Sibling sibling;
              if (!no_new_privs()) return 1;
              if (sibling.ask('n') != 0) return 2;
              if (filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 21, SECCOMP_FILTER_FLAG_TSYNC) != 0) return 3;
              if (sibling.ask('p') != 21 || sibling.ask('n') != 1) return 4;
              // A filter of its own that the caller does not have: no way back.
              if (sibling.ask('f') != 0) return 5;
              const long failed = filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 22, SECCOMP_FILTER_FLAG_TSYNC);
              if (failed != sibling.tid) return 6;
              if (filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 22,
                              SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH) != -1 ||
                  errno != ESRCH)
                return 7;
              return SYS(getppid) == -1 && errno == 21 ? 0 : 8;
            })));
}

TEST(without_tsync_siblings_are_free) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              Sibling sibling;
              if (filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 21) != 0) return 1;
              return sibling.ask('p') == 0 && SYS(getppid) == -1 ? 0 : 2;
            }));
}

namespace {
// A supervisor: the test; the supervised: a child that ran `body` behind a listener for `nr`. The listener comes over pidfd_getfd's
// elder sister: it is inherited by a fork that CLONE_FILES shares.
struct Supervised {
  int listener = -1;
  pid_t pid = -1;
  template <typename F>
  Supervised(unsigned nr, F body, unsigned flags = 0) {
    int number[2];
    if (pipe(number) != 0) return;
    static char stack[1 << 16] __attribute__((aligned(16)));
    struct Start {
      unsigned nr, flags;
      F* body;
      int out;
    };
    Start start{nr, flags, &body, number[1]};  // the child has a copy of this memory
    // Shares the descriptors, not the memory.
    pid = clone(
        [](void* raw) {
          Start s = *static_cast<Start*>(raw);
          no_new_privs();
          int fd =
              static_cast<int>(filter_call(s.nr, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER | s.flags));
          write(s.out, &fd, sizeof fd);
          return (*s.body)();
        },
        stack + sizeof stack, CLONE_FILES | SIGCHLD, &start);
    read(number[0], &listener, sizeof listener);
  }
  seccomp_notif receive() {
    seccomp_notif got{};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &got) != 0) got.pid = 0;
    return got;
  }
  int send(seccomp_notif_resp answer) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); }
  int end() {
    int status = guest::reap(pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
  }
};
}  // namespace

TEST(a_supervisor_answers) {
  COVERS("seccomp", "ioctl");
  Supervised child(SYS_getppid, [] {
    if (syscall(SYS_getppid, 1, 2, 3, 4, 5, 6) != 4242) return 1;
    if (SYS(getppid) != -1 || errno != EPROTO) return 2;
    return SYS(getppid) > 0 ? 0 : 3;
  });
  ASSERT_TRUE(child.listener >= 0);
  seccomp_notif got = child.receive();
  EXPECT_EQ(child.pid, static_cast<pid_t>(got.pid));
  EXPECT_EQ(SYS_getppid, got.data.nr);
  EXPECT_EQ(static_cast<unsigned>(AUDIT_ARCH_X86_64), got.data.arch);
  EXPECT_EQ(6u, got.data.args[5]);
  EXPECT_OK(ioctl(child.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &got.id));
  unsigned long wrong = got.id + 1000;
  EXPECT_ERRNO(ENOENT, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &wrong));
  EXPECT_ERRNO(ENOENT, child.send({wrong, 0, 0, 0}));
  EXPECT_ERRNO(EINVAL, child.send({got.id, 0, 0, 8}));
  EXPECT_ERRNO(EINVAL, child.send({got.id, 1, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE}));
  EXPECT_ERRNO(EINVAL, child.send({got.id, 0, -1, SECCOMP_USER_NOTIF_FLAG_CONTINUE}));
  EXPECT_OK(child.send({got.id, 4242, 0, 0}));
  got = child.receive();
  EXPECT_OK(child.send({got.id, 0, -EPROTO, 0}));
  got = child.receive();
  EXPECT_OK(child.send({got.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE}));
  EXPECT_EQ(0, child.end());
  EXPECT_ERRNO(ENOENT, child.send({got.id, 0, 0, 0}));
}

TEST(a_listener_can_be_polled) {
  COVERS("seccomp", "poll");
  int gate[2];
  ASSERT_OK(pipe(gate));
  Supervised child(SYS_getppid, [gate] {
    char byte;
    read(gate[0], &byte, 1);
    SYS(getppid);
    return 0;
  });
  ASSERT_TRUE(child.listener >= 0);
  pollfd p{child.listener, POLLIN | POLLOUT, 0};
  EXPECT_EQ(0, poll(&p, 1, 0));
  write(gate[1], "g", 1);
  p.events = POLLIN;
  EXPECT_EQ(1, poll(&p, 1, 5000));
  EXPECT_EQ(POLLIN, p.revents);
  const seccomp_notif got = child.receive();
  p.events = POLLIN | POLLOUT;
  EXPECT_EQ(1, poll(&p, 1, 5000));
  EXPECT_EQ(POLLOUT, p.revents);
  EXPECT_OK(child.send({got.id, 0, 0, 0}));
  EXPECT_EQ(0, child.end());
  p.events = POLLIN;
  EXPECT_EQ(1, poll(&p, 1, 5000));
  EXPECT_TRUE((p.revents & POLLHUP) != 0);
}

TEST(errors_of_a_listener) {
  COVERS("seccomp", "ioctl");
  Supervised child(SYS_getppid, [] { return SYS(getppid) == -1 && errno == ENOSYS ? 0 : 1; });
  ASSERT_TRUE(child.listener >= 0);
  seccomp_notif dirty{};
  dirty.flags = 1;
  EXPECT_ERRNO(EINVAL, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_RECV, &dirty));
  EXPECT_ERRNO(EFAULT, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_RECV, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_SEND, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, guest::bad_pointer()));
  EXPECT_ERRNO(EINVAL, ioctl(child.listener, 0x1234, 0));
  pollfd p{child.listener, POLLIN, 0};
  ASSERT_EQ(1, poll(&p, 1, 5000));
  // Read-only memory: read in, not written out; the notification is still there.
  void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_ERRNO(EFAULT, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_RECV, page));
  EXPECT_EQ(1, poll(&p, 1, 0));
  const seccomp_notif got = child.receive();
  EXPECT_EQ(child.pid, static_cast<pid_t>(got.pid));
  close(child.listener);  // nobody will answer: ENOSYS
  EXPECT_EQ(0, child.end());
}

TEST(one_listener_on_a_path) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              const long fd = filter_call(9999, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
              if (fd < 0 || (fcntl(static_cast<int>(fd), F_GETFD) & FD_CLOEXEC) == 0) return 1;
              char name[64] = {}, link[64];
              snprintf(link, sizeof link, "/proc/self/fd/%ld", fd);
              if (readlink(link, name, sizeof name - 1) < 0 || strcmp(name, "anon_inode:seccomp notify") != 0) return 2;
              if (filter_call(9999, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER) != -1 || errno != EBUSY)
                return 3;
              char byte;
              if (read(static_cast<int>(fd), &byte, 1) != -1 || errno != EINVAL) return 4;
              // A filter that asks without a listener of its own: ENOSYS.
              if (filter_call(SYS_getppid, SECCOMP_RET_USER_NOTIF) != 0) return 5;
              return SYS(getppid) == -1 && errno == ENOSYS ? 0 : 6;
            }));
}

TEST(a_listener_and_tsync_together) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              const long fd = filter_call(
                  9999, SECCOMP_RET_USER_NOTIF,
                  SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
              return fd > 0 ? 0 : 1;
            }));
}

TEST(a_supervisor_gives_descriptors) {
  COVERS("seccomp", "ioctl");
  int fds[2];
  ASSERT_OK(pipe(fds));
  write(fds[1], "ab", 2);
  int control[2];
  ASSERT_OK(pipe(control));
  // fork: descriptors of its own, and the listener goes by pidfd_getfd.
  pid_t pid = guest::spawn([&] {
    no_new_privs();
    int listener = static_cast<int>(filter_call(SYS_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER));
    close(fds[0]);
    write(control[1], &listener, sizeof listener);
    if (SYS(getppid) != 7) return 1;
    char byte = 0;
    if (read(100, &byte, 1) != 1 || byte != 'a') return 2;
    if (fcntl(100, F_GETFD) != FD_CLOEXEC) return 3;
    const int given = static_cast<int>(SYS(getppid));
    if (given < 3 || read(given, &byte, 1) != 1 || byte != 'b' || fcntl(given, F_GETFD) != 0) return 4;
    return 0;
  });
  int number = -1;
  read(control[0], &number, sizeof number);
  const long pidfd = SYS(pidfd_open, pid, 0);
  const int listener = static_cast<int>(SYS(pidfd_getfd, pidfd, number, 0));
  ASSERT_TRUE(listener >= 0);
  seccomp_notif got{};
  ASSERT_OK(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &got));
  seccomp_notif_addfd add{got.id, SECCOMP_ADDFD_FLAG_SETFD, static_cast<unsigned>(fds[0]), 100, O_CLOEXEC};
  EXPECT_EQ(100, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add));
  seccomp_notif_addfd bad = add;
  bad.srcfd = 999;
  EXPECT_ERRNO(EBADF, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  bad = add, bad.flags = 0;
  EXPECT_ERRNO(EINVAL, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  bad = add, bad.flags = 64;
  EXPECT_ERRNO(EINVAL, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  bad = add, bad.newfd_flags = O_APPEND;
  EXPECT_ERRNO(EINVAL, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  bad = add, bad.id += 99;
  EXPECT_ERRNO(ENOENT, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  EXPECT_ERRNO(EFAULT, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, guest::bad_pointer()));
  struct Longer {
    seccomp_notif_addfd known;
    unsigned long more;
  } longer{add, 0};
  longer.known.newfd = 101;
  EXPECT_EQ(101, ioctl(listener, _IOW('!', 3, Longer), &longer));
  longer.more = 1;
  EXPECT_ERRNO(E2BIG, ioctl(listener, _IOW('!', 3, Longer), &longer));
  EXPECT_ERRNO(EINVAL, ioctl(listener, _IOW('!', 3, int), &add));
  bad = add, bad.newfd = 1u << 30;
  EXPECT_ERRNO(EBADF, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  seccomp_notif_resp answer{got.id, 7, 0, 0};
  ASSERT_OK(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer));
  got = {};
  ASSERT_OK(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &got));
  add = {got.id, SECCOMP_ADDFD_FLAG_SEND, static_cast<unsigned>(fds[0]), 0, 0};
  EXPECT_GT(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add), 2);
  const int status = guest::reap(pid);
  EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST(a_signal_ends_the_wait_for_a_supervisor) {
  COVERS("seccomp");
  Supervised child(SYS_getppid, [] {
    guest::handle(SIGUSR1, [](int) {});
    return SYS(getppid) == -1 && errno == EINTR ? 0 : 1;
  });
  ASSERT_TRUE(child.listener >= 0);
  const seccomp_notif got = child.receive();
  kill(child.pid, SIGUSR1);
  EXPECT_EQ(0, child.end());
  EXPECT_ERRNO(ENOENT, child.send({got.id, 0, 0, 0}));
}

TEST(a_restarted_call_asks_again) {
  COVERS("seccomp");
  Supervised child(SYS_getppid, [] {
    guest::handle(
        SIGUSR1, [](int) {}, SA_RESTART);
    return SYS(getppid) == 55 ? 0 : 1;
  });
  ASSERT_TRUE(child.listener >= 0);
  const seccomp_notif first = child.receive();
  kill(child.pid, SIGUSR1);
  const seccomp_notif again = child.receive();
  EXPECT_NE(first.id, again.id);
  EXPECT_ERRNO(ENOENT, child.send({first.id, 0, 0, 0}));
  EXPECT_OK(child.send({again.id, 55, 0, 0}));
  EXPECT_EQ(0, child.end());
}

TEST(wait_killable_after_receipt) {
  COVERS("seccomp");
  Supervised child(
      SYS_getppid,
      [] {
        static int handled = 0;
        guest::handle(SIGUSR1, [](int) { ++handled; });
        return SYS(getppid) == 66 && handled == 1 ? 0 : 1;
      },
      SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  ASSERT_TRUE(child.listener >= 0);
  const seccomp_notif got = child.receive();
  guest::sleep_ms(20);
  kill(child.pid, SIGUSR1);
  guest::sleep_ms(20);
  EXPECT_OK(ioctl(child.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &got.id));
  EXPECT_OK(child.send({got.id, 66, 0, 0}));
  EXPECT_EQ(0, child.end());
  Supervised killed(
      SYS_getppid, [] { return static_cast<int>(SYS(getppid)); }, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  killed.receive();
  kill(killed.pid, SIGKILL);
  EXPECT_EQ(1000 + SIGKILL, killed.end());
}

TEST(a_receiver_hears_that_nobody_is_left) {
  COVERS("seccomp");
  Supervised child(SYS_getppid, [] { return 0; });
  ASSERT_TRUE(child.listener >= 0);
  EXPECT_EQ(0, child.end());
  pollfd p{child.listener, 0, 0};
  EXPECT_EQ(1, poll(&p, 1, 5000));
  EXPECT_TRUE((p.revents & POLLHUP) != 0);
}

GUEST_TEST_MAIN
