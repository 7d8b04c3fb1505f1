// seccomp(2): strict mode, filters in classic BPF, their actions.
#include "tests/guest/seccomp_filters.h"

using namespace seccomp_test;

namespace {

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

GUEST_TEST_MAIN
