// ptrace(2): the registers and the text of a tracee.
#include "tests/guest/tracee.h"

using namespace ptrace_test;

TEST(register_sets) {
  COVERS("ptrace");
  pid_t child = traced(0, [] { return 0; });
  user_regs_struct regs{}, again{};
  EXPECT_OK(pt(PTRACE_GETREGS, child, 0, &regs));
  iovec iov{&again, sizeof again};
  EXPECT_OK(pt(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  EXPECT_EQ(0, memcmp(&regs, &again, sizeof regs));
  iov = {&again, 4096};
  EXPECT_OK(pt(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  EXPECT_EQ(sizeof regs, iov.iov_len);
  iov.iov_len = 16;
  EXPECT_OK(pt(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  EXPECT_EQ(16u, iov.iov_len);
  iov.iov_len = 5;
  EXPECT_ERRNO(EINVAL, pt(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  iov.iov_len = 8;
  EXPECT_ERRNO(EINVAL, pt(PTRACE_GETREGSET, child, 0x7777, &iov));
  EXPECT_ERRNO(EFAULT, pt(PTRACE_GETREGSET, child, NT_PRSTATUS, guest::bad_pointer()));
  user_fpregs_struct fp{};
  EXPECT_OK(pt(PTRACE_GETFPREGS, child, 0, &fp));
  EXPECT_TRUE(fp.mxcsr != 0);
  fp.xmm_space[4] = 0x12345678;
  EXPECT_OK(pt(PTRACE_SETFPREGS, child, 0, &fp));
  memset(&fp, 0, sizeof fp);
  EXPECT_OK(pt(PTRACE_GETFPREGS, child, 0, &fp));
  EXPECT_EQ(0x12345678u, fp.xmm_space[4]);
  static char xstate[16384];
  iov = {xstate, sizeof xstate};
  EXPECT_OK(pt(PTRACE_GETREGSET, child, NT_X86_XSTATE, &iov));
  EXPECT_GE(iov.iov_len, 576u);
  EXPECT_OK(pt(PTRACE_SETREGSET, child, NT_X86_XSTATE, &iov));
  // One word at a time.
  unsigned long word = 0;
  EXPECT_OK(pt(PTRACE_PEEKUSR, child, offsetof(user, regs.rip), &word));
  EXPECT_EQ(regs.rip, word);
  EXPECT_ERRNO(EIO, pt(PTRACE_PEEKUSR, child, 3, &word));
  EXPECT_ERRNO(EIO, pt(PTRACE_PEEKUSR, child, 100000, &word));
  EXPECT_OK(pt(PTRACE_POKEUSR, child, offsetof(user, regs.r15), 99));
  EXPECT_OK(pt(PTRACE_PEEKUSR, child, offsetof(user, regs.r15), &word));
  EXPECT_EQ(99u, word);
  EXPECT_ERRNO(EIO, pt(PTRACE_POKEUSR, child, offsetof(user, regs.cs), 0x10));
  EXPECT_OK(pt(30 /* PTRACE_ARCH_PRCTL */, child, reinterpret_cast<long>(&word), 0x1003 /* ARCH_GET_FS */));
  EXPECT_EQ(regs.fs_base, word);
  kill(child, SIGKILL);
  EXPECT_EQ(SIGKILL, wait_for(child));
}

TEST(a_step_over_a_call_ends_behind_it) {
  COVERS("ptrace");
  pid_t child = traced(0, [] { return static_cast<int>(syscall(SYS_getppid) & 0); });
  user_regs_struct regs{}, after{};
  int status = 0;
  bool met = false;
  for (int i = 0; i < 20000 && !met; ++i) {
    pt(PTRACE_GETREGS, child, 0, &regs);
    long code = 0;
    pt(PTRACE_PEEKTEXT, child, static_cast<long>(regs.rip), &code);
    met = (code & 0xffff) == 0x050f && regs.rax == SYS_getppid;
    ASSERT_OK(pt(PTRACE_SINGLESTEP, child));
    status = wait_for(child);
    if (!stopped_by(status, SIGTRAP)) break;
  }
  ASSERT_TRUE(met);
  EXPECT_OK(pt(PTRACE_GETREGS, child, 0, &after));
  EXPECT_EQ(regs.rip + 2, after.rip);
  EXPECT_EQ(getpid(), static_cast<int>(after.rax));
  EXPECT_EQ(0u, after.eflags & 0x100);
  EXPECT_OK(pt(PTRACE_CONT, child));
  EXPECT_EQ(0, wait_for(child));
}

TEST(text_is_the_files_own_and_takes_breakpoints) {
  COVERS("ptrace");
  // A process whose calls have gone through the same place many times before it gets a tracer.
  int ready[2];
  ASSERT_OK(pipe(ready));
  pid_t child = guest::spawn([&] {
    for (int i = 0; i < 100; ++i) syscall(SYS_getppid);
    write(ready[1], "r", 1);
    for (;;) {
      if (syscall(SYS_getppid) == -1) return 7;
    }
  });
  char byte;
  ASSERT_EQ(1, read(ready[0], &byte, 1));
  ASSERT_OK(pt(PTRACE_ATTACH, child));
  ASSERT_TRUE(stopped_by(wait_for(child), SIGSTOP));
  unsigned char code[64];
  for (unsigned i = 0; i < sizeof code; i += sizeof(long)) {
    ASSERT_OK(pt(PTRACE_PEEKTEXT, child, reinterpret_cast<long>(&syscall) + i, code + i));
  }
  unsigned at = 0;
  while (at + 1 < sizeof code && (code[at] != 0x0f || code[at + 1] != 0x05)) ++at;
  ASSERT_TRUE(at + 1 < sizeof code);
  const long call = reinterpret_cast<long>(&syscall) + at;
  // A breakpoint on it is met; the call itself then answers, and so do those after the tracer has gone.
  long word = 0;
  ASSERT_OK(pt(PTRACE_PEEKTEXT, child, call, &word));
  ASSERT_OK(pt(PTRACE_POKETEXT, child, call, (word & ~0xffl) | 0xcc));
  ASSERT_OK(pt(PTRACE_CONT, child));
  ASSERT_TRUE(stopped_by(wait_for(child), SIGTRAP));
  user_regs_struct regs{};
  ASSERT_OK(pt(PTRACE_GETREGS, child, 0, &regs));
  EXPECT_EQ(call + 1, static_cast<long>(regs.rip));
  EXPECT_EQ(SYS_getppid, static_cast<long>(regs.rax));
  ASSERT_OK(pt(PTRACE_POKETEXT, child, call, word));
  regs.rip = static_cast<unsigned long>(call);
  ASSERT_OK(pt(PTRACE_SETREGS, child, 0, &regs));
  ASSERT_OK(pt(PTRACE_SINGLESTEP, child));
  ASSERT_TRUE(stopped_by(wait_for(child), SIGTRAP));
  ASSERT_OK(pt(PTRACE_GETREGS, child, 0, &regs));
  EXPECT_EQ(call + 2, static_cast<long>(regs.rip));
  EXPECT_EQ(getpid(), static_cast<int>(regs.rax));
  ASSERT_OK(pt(PTRACE_DETACH, child));
  guest::sleep_ms(20);
  EXPECT_EQ(0, waitpid(child, nullptr, WNOHANG));  // it goes on
  kill(child, SIGKILL);
  EXPECT_EQ(SIGKILL, WTERMSIG(guest::reap(child)));
}

TEST(a_running_thread_is_attached_and_let_go_a_hundred_times) {
  COVERS("ptrace");
  pid_t child = guest::spawn([] {
    for (;;) {
      if (syscall(SYS_getppid) != getppid() || syscall(SYS_getuid) == -1) return 7;
    }
  });
  for (int i = 0; i < 100; ++i) {
    ASSERT_OK(pt(PTRACE_SEIZE, child));
    ASSERT_OK(pt(PTRACE_INTERRUPT, child));
    ASSERT_TRUE(WIFSTOPPED(wait_for(child)));
    ASSERT_OK(pt(PTRACE_DETACH, child));
  }
  EXPECT_EQ(0, waitpid(child, nullptr, WNOHANG));
  kill(child, SIGKILL);
  EXPECT_EQ(SIGKILL, WTERMSIG(guest::reap(child)));
}

GUEST_TEST_MAIN
