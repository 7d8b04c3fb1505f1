#include "platform/stub_platform.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "host/lockdown.h"
#include "platform/stub/guest_code_for_test.h"

namespace limen::platform {
namespace {

GUEST(six_arguments, R"(
  mov $1, %edi; mov $2, %esi; mov $3, %edx; mov $4, %r10d; mov $5, %r8d; mov $6, %r9d
  mov $39, %eax
  syscall
  mov %rax, %rdi
  mov %rcx, %rsi
  mov $60, %eax
  syscall
)")

TEST_F(StubTest, SyscallEntersAndReturns) {
  auto space = space_with(six_arguments);
  Entry entry;
  auto thread = run(*space, entry);
  ASSERT_EQ(entry.kind, Entry::Kind::syscall);
  EXPECT_EQ(entry.nr, 39u);
  EXPECT_EQ(entry.sp, kStack);
  for (u64 i = 0; i < 6; ++i) EXPECT_EQ(entry.args[i], i + 1);
  const Registers regs = thread->registers();
  EXPECT_EQ(regs.orig_rax, 39u);
  EXPECT_EQ(regs.rax, 39u);
  EXPECT_EQ(regs.r9, 6u);
  EXPECT_EQ(regs.rip, entry.ip);
  const u64 after = entry.ip;
  thread->resume_syscall(1234567890123);
  entry = thread->wait();
  ASSERT_EQ(entry.kind, Entry::Kind::syscall);
  EXPECT_EQ(entry.nr, 60u);
  EXPECT_EQ(entry.args[0], 1234567890123u);
  EXPECT_EQ(entry.args[1], after);  // RCX, as `syscall` leaves it
}

// Fills what a call must keep, makes a call, and counts in RDI what is different.
GUEST(keeps_registers, R"(
  mov $0x1111, %ebx; mov $0x2222, %ebp; mov $0x3333, %r12d; mov $0x4444, %r13d; mov $0x5555, %r14d; mov $0x6666, %r15d
  mov $0x7000, %edi; mov $0x7001, %esi; mov $0x7002, %edx; mov $0x7003, %r8d; mov $0x7004, %r9d; mov $0x7005, %r10d
  movabs $0x123456789a, %rax; wrfsbase %rax
  movabs $0x23456789ab, %rax; wrgsbase %rax
  vmovq %rbx, %xmm3
  vpbroadcastq %xmm3, %ymm15
  fninit; fldpi
  movq $0x55aa55aa, -8(%rsp)
  stc
  mov $39, %eax
  syscall
  mov $0, %eax
  adc $0, %eax
  xor $1, %eax                     # carry was kept
  cmp $0x1111, %rbx; setne %cl; add %cl, %al
  cmp $0x2222, %rbp; setne %cl; add %cl, %al
  cmp $0x3333, %r12; setne %cl; add %cl, %al
  cmp $0x4444, %r13; setne %cl; add %cl, %al
  cmp $0x5555, %r14; setne %cl; add %cl, %al
  cmp $0x6666, %r15; setne %cl; add %cl, %al
  cmp $0x7000, %rdi; setne %cl; add %cl, %al
  cmp $0x7001, %rsi; setne %cl; add %cl, %al
  cmp $0x7002, %rdx; setne %cl; add %cl, %al
  cmp $0x7003, %r8; setne %cl; add %cl, %al
  cmp $0x7004, %r9; setne %cl; add %cl, %al
  cmp $0x7005, %r10; setne %cl; add %cl, %al
  cmpq $0x55aa55aa, -8(%rsp); setne %cl; add %cl, %al   # the red zone
  movzx %al, %edi
  rdfsbase %rsi
  rdgsbase %rdx
  vextracti128 $1, %ymm15, %xmm0
  vmovq %xmm0, %r10
  fstpl -16(%rsp)
  mov -16(%rsp), %r8
  mov $60, %eax
  syscall
)")

TEST_F(StubTest, SyscallKeepsRegisters) {
  auto space = space_with(keeps_registers);
  Entry entry;
  auto thread = run(*space, entry);
  ASSERT_EQ(entry.nr, 39u);
  thread->resume_syscall(7);
  entry = thread->wait();
  ASSERT_EQ(entry.nr, 60u);
  EXPECT_EQ(entry.args[0], 0u);
  EXPECT_EQ(entry.args[1], 0x123456789au);
  EXPECT_EQ(entry.args[2], 0x23456789abu);
  EXPECT_EQ(entry.args[3], 0x1111u);
  double pi;
  std::memcpy(&pi, &entry.args[4], sizeof pi);
  EXPECT_DOUBLE_EQ(pi, 3.14159265358979323846);
}

GUEST(avx512_state, R"(
  mov $0xabcdef, %ebx
  vpbroadcastq %rbx, %zmm31
  mov $0x5a5a, %eax
  kmovw %eax, %k3
  mov $39, %eax
  syscall
  mov %rax, %r8
  vextracti64x4 $1, %zmm31, %ymm0
  vmovq %xmm0, %rdi
  kmovw %k3, %esi
  mov $60, %eax
  syscall
)")

TEST_F(StubTest, ContextMovesToAnotherSpace) {
  if (!__builtin_cpu_supports("avx512f")) GTEST_SKIP();
  auto parent = space_with(avx512_state);
  auto child = space_with(avx512_state);
  Entry entry;
  auto thread = run(*parent, entry);
  ASSERT_EQ(entry.nr, 39u);
  Context context = thread->save_context();
  EXPECT_FALSE(context.xstate.empty());
  context.regs.rax = 42;
  auto forked = thread_at(*child);
  forked->load_context(context);
  forked->resume();
  thread->resume_syscall(43);
  for (auto* one : {forked.get(), thread.get()}) {
    entry = one->wait();
    ASSERT_EQ(entry.nr, 60u);
    EXPECT_EQ(entry.args[0], 0xabcdefu);
    EXPECT_EQ(entry.args[1], 0x5a5au);
    EXPECT_EQ(entry.args[4], one == forked.get() ? 42u : 43u);
  }
}

TEST_F(StubTest, BadStateBecomesInitialState) {
  if (!__builtin_cpu_supports("avx512f")) GTEST_SKIP();
  auto space = space_with(avx512_state);
  Entry entry;
  auto thread = run(*space, entry);
  Context context = thread->save_context();
  context.xstate[464] ^= 1;  // magic1
  context.regs.eflags = ~u64{0} & ~u64{0x100};
  context.regs.fs_base = u64{1} << 63;
  thread->load_context(context);
  thread->resume();
  entry = thread->wait();
  ASSERT_EQ(entry.nr, 60u);
  EXPECT_EQ(entry.args[0], 0u);
  const Context initial = thread->save_context();
  context.xstate.assign(context.xstate.size(), 0xff);
  thread->load_context(context);
  EXPECT_EQ(thread->registers().fs_base, 0u);
  EXPECT_EQ(initial.regs.eflags & 0x3000, 0u);  // IOPL
}

GUEST(faults, R"(
  mov $0x700000, %eax
  movl $1, (%rax)          # a hole: 2 bytes of movl's encoding matter to nobody
  mov $0x400000, %eax
  movl $1, (%rax)          # read-only
  ud2
  xor %edx, %edx
  xor %ecx, %ecx
  div %ecx
  int3
  mov $39, %eax
  int $0x80
  mov $0x40000027, %eax
  syscall
)")

TEST_F(StubTest, FaultsSayWhatLinuxSays) {
  auto space = space_with(faults);
  Entry entry;
  auto thread = run(*space, entry);
  ASSERT_EQ(entry.kind, Entry::Kind::fault);
  EXPECT_EQ(entry.signo, SIGSEGV);
  EXPECT_EQ(entry.code, SEGV_MAPERR);
  EXPECT_EQ(entry.addr, 0x700000u);
  EXPECT_EQ(entry.error_code & 2, 2u);
  EXPECT_EQ(entry.trapno, 14u);

  // Resolve it: the instruction is run again.
  const MapOrder order = MapOrder::map_arena(0x700000, kPageSize, 20 * kPageSize, kReadWrite);
  ASSERT_TRUE(space->apply({&order, 1}).ok());
  thread->resume();
  entry = thread->wait();
  EXPECT_EQ(platform_->arena_base()[20 * kPageSize], 1);
  EXPECT_EQ(entry.signo, SIGSEGV);
  EXPECT_EQ(entry.code, SEGV_ACCERR);
  EXPECT_EQ(entry.addr, 0x400000u);

  const auto skip = [&](u64 bytes) {
    Registers regs = thread->registers();
    EXPECT_EQ(regs.rip, entry.ip);
    regs.rip += bytes;
    thread->set_registers(regs);
    thread->resume();
    entry = thread->wait();
  };
  skip(6);
  EXPECT_EQ(entry.signo, SIGILL);
  skip(2);
  EXPECT_EQ(entry.signo, SIGFPE);
  EXPECT_EQ(entry.code, FPE_INTDIV);
  skip(2);
  EXPECT_EQ(entry.signo, SIGTRAP);
  skip(0);                                      // int3 leaves RIP behind itself
  ASSERT_EQ(entry.kind, Entry::Kind::syscall);  // int 0x80
  EXPECT_EQ(entry.nr, ~u64{0});
  thread->resume_syscall(-38);
  entry = thread->wait();
  ASSERT_EQ(entry.kind, Entry::Kind::syscall);  // x32
  EXPECT_EQ(entry.nr, 0x40000027u);
}

GUEST(nops, "nop\n nop\n mov $60, %eax\n syscall\n")

TEST_F(StubTest, SingleStep) {
  auto space = space_with(nops);
  auto thread = thread_at(*space);
  Context context;
  context.regs.rip = kCode;
  context.regs.eflags = 0x100;
  thread->load_context(context);
  thread->resume();
  for (u64 step = 1; step <= 2; ++step) {
    const Entry entry = thread->wait();
    ASSERT_EQ(entry.kind, Entry::Kind::fault);
    EXPECT_EQ(entry.signo, SIGTRAP);
    EXPECT_EQ(entry.code, TRAP_TRACE);
    EXPECT_EQ(entry.ip, kCode + step);
    thread->resume();
  }
}

GUEST(toucher, R"(
1: mov $39, %eax
  syscall
  mov (%rax), %rbx
  jmp 1b
)")

TEST_F(StubTest, UnmapAndProtectAreDoneWhenApplyReturns) {
  auto space = space_with(toucher);
  Entry entry;
  auto thread = run(*space, entry);
  thread->resume_syscall(kData);
  entry = thread->wait();
  ASSERT_EQ(entry.kind, Entry::Kind::syscall);
  const MapOrder orders[] = {MapOrder::protect(kData, kPageSize, kProtNone),
                             MapOrder::unmap(kData + kPageSize, kPageSize)};
  ASSERT_TRUE(space->apply(orders).ok());
  thread->resume_syscall(kData);
  entry = thread->wait();
  ASSERT_EQ(entry.kind, Entry::Kind::fault);
  EXPECT_EQ(entry.code, SEGV_ACCERR);
  Registers regs = thread->registers();
  regs.rax = kData + kPageSize;
  thread->set_registers(regs);
  thread->resume();
  entry = thread->wait();
  EXPECT_EQ(entry.code, SEGV_MAPERR);
  EXPECT_EQ(entry.addr, kData + kPageSize);
}

TEST_F(StubTest, ManyOrdersAndBadOnes) {
  auto space = space_with(toucher);
  std::vector<MapOrder> orders;
  for (u64 i = 0; i < 200; ++i) {
    orders.push_back(MapOrder::map_arena(0x10000000 + 2 * i * kPageSize, kPageSize, (100 + i) * kPageSize, kReadWrite));
  }
  ASSERT_TRUE(space->apply(orders).ok());
  platform_->arena_base()[299 * kPageSize] = 77;
  Entry entry;
  auto thread = run(*space, entry);
  thread->resume_syscall(static_cast<i64>(0x10000000 + 2 * 199 * kPageSize));
  entry = thread->wait();
  ASSERT_EQ(entry.kind, Entry::Kind::syscall);
  EXPECT_EQ(thread->registers().rbx, 77u);

  for (const MapOrder& bad :
       {MapOrder::unmap(0x10000, kPageSize), MapOrder::unmap(kCode + 1, kPageSize), MapOrder::unmap(kCode, 0),
        MapOrder::unmap(LIMEN_SLOTS, kPageSize), MapOrder::unmap(LIMEN_SLOTS - kPageSize, 2 * kPageSize),
        MapOrder::unmap(~kPageMask, 2 * kPageSize)}) {
    EXPECT_TRUE(space->apply({&bad, 1}).is(Errno::einval));
  }
  const MapOrder hole = MapOrder::protect(0x20000000, kPageSize, kProtRead);
  EXPECT_TRUE(space->apply({&hole, 1}).is(Errno::enomem));
  EXPECT_TRUE(space->apply(orders).ok());
}

TEST_F(StubTest, FilesAreMappedAndNeverWritable) {
  auto space = space_with(toucher);
  char name[] = "/tmp/limen-test-XXXXXX";
  const host::Handle file(mkstemp(name));
  ASSERT_EQ(ftruncate(file.fd(), 2 * kPageSize), 0);
  ASSERT_EQ(pwrite(file.fd(), "threshold", 9, kPageSize), 9);
  const host::Handle read_only(open(name, O_RDONLY));
  unlink(name);
  std::vector<MapOrder> orders;
  for (u64 i = 0; i < 20; ++i) {  // more files than a batch takes at once
    orders.push_back(MapOrder::map_file(0x30000000 + i * kPageSize, kPageSize, i % 2 ? file.fd() : read_only.fd(),
                                        kPageSize, kProtRead));
  }
  ASSERT_TRUE(space->apply(orders).ok());
  Entry entry;
  auto thread = run(*space, entry);
  thread->resume_syscall(0x30000000);
  entry = thread->wait();
  ASSERT_EQ(entry.kind, Entry::Kind::syscall);
  EXPECT_EQ(thread->registers().rbx, 0x6c6f687365726874u);  // "threshol"
  const MapOrder writable = MapOrder::protect(0x30000000, kPageSize, kReadWrite);
  EXPECT_TRUE(space->apply({&writable, 1}).is(Errno::eacces));
  MapOrder bad = orders[0];
  bad.prot = kReadWrite;
  EXPECT_TRUE(space->apply({&bad, 1}).is(Errno::einval));
  bad = orders[0];
  bad.host_fd = 12345;
  EXPECT_TRUE(space->apply({&bad, 1}).is(Errno::ebadf));
}

GUEST(counter, R"(
1: mov $39, %eax
  syscall
  lock incq 0x500000
  jmp 1b
)")

TEST_F(StubTest, ThreadsRunTogetherAndAreReused) {
  auto space = space_with(counter);
  constexpr int kThreads = 6, kCalls = 500;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::thread> servers;
    for (int i = 0; i < kThreads; ++i) {
      servers.emplace_back([&] {
        auto thread = thread_at(*space);
        thread->resume();
        for (int n = 0; n < kCalls; ++n) {
          ASSERT_EQ(thread->wait().kind, Entry::Kind::syscall);
          thread->resume_syscall(0);
        }
        ASSERT_EQ(thread->wait().kind, Entry::Kind::syscall);
      });
    }
    for (auto& server : servers) server.join();
  }
  u64 total;
  std::memcpy(&total, data(), sizeof total);
  EXPECT_EQ(total, 3u * kThreads * kCalls);
  EXPECT_EQ(platform_->counters().syscalls_trapped, 3u * kThreads * (kCalls + 1));
}

GUEST(spin, "1: jmp 1b\n")

TEST_F(StubTest, KickCallsASpinningGuestIn) {
  auto space = space_with(spin);
  auto thread = thread_at(*space);
  thread->resume();
  for (int i = 0; i < 5; ++i) {
    std::thread kicker([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
      thread->kick();
    });
    const Entry entry = thread->wait();
    kicker.join();
    ASSERT_EQ(entry.kind, Entry::Kind::interrupt);
    EXPECT_EQ(entry.ip, kCode);
    thread->resume();
  }
}

TEST_F(StubTest, KickInTheKernelInterruptsTheNextResume) {
  auto space = space_with(six_arguments);
  Entry entry;
  auto thread = run(*space, entry);
  thread->kick();
  thread->resume_syscall(99);
  entry = thread->wait();
  ASSERT_EQ(entry.kind, Entry::Kind::interrupt);
  EXPECT_EQ(thread->registers().rax, 99u);
  thread->resume();
  entry = thread->wait();
  ASSERT_EQ(entry.kind, Entry::Kind::syscall);
  EXPECT_EQ(entry.args[0], 99u);
}

TEST_F(StubTest, KillEndsEveryWait) {
  auto space = space_with(spin);
  auto one = thread_at(*space), two = thread_at(*space);
  one->resume();
  two->resume();
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    space->kill();
  });
  EXPECT_EQ(one->wait().kind, Entry::Kind::gone);
  EXPECT_EQ(two->wait().kind, Entry::Kind::gone);
  killer.join();
  one->resume();
  EXPECT_EQ(one->wait().kind, Entry::Kind::gone);
  const MapOrder order = MapOrder::unmap(kData, kPageSize);
  EXPECT_TRUE(space->apply({&order, 1}).is(Errno::esrch));
  EXPECT_TRUE(space->new_thread().is(Errno::esrch));
}

TEST_F(StubTest, ThreadsMayEndWhileTheirGuestRuns) {
  auto space = space_with(spin);
  for (int i = 0; i < 4; ++i) {
    auto thread = thread_at(*space);
    thread->resume();
  }
}

TEST_F(StubTest, ManySpaces) {
  for (int i = 0; i < 30; ++i) {
    auto space = space_with(six_arguments);
    Entry entry;
    auto thread = run(*space, entry);
    EXPECT_EQ(entry.nr, 39u);
  }
}

TEST(SafeCopy, StopsAtTheFirstBadByte) {
  install_safe_copy();
  const i64 at =
      host::call::mmap(nullptr, 2 * kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0).value();
  auto* page = reinterpret_cast<u8*>(at);
  ASSERT_TRUE(host::call::munmap(page + kPageSize, kPageSize).ok());
  std::vector<u8> buffer(100, 1);
  EXPECT_EQ(safe_copy(buffer.data(), page + kPageSize - 40, 100), 40u);
  EXPECT_EQ(safe_copy(page + kPageSize - 30, buffer.data(), 100), 30u);
  EXPECT_EQ(safe_copy(page, buffer.data(), 100), 100u);
  ASSERT_TRUE(host::call::munmap(page, kPageSize).ok());
}

// The kernel's own filter admits all that the platform does, and nothing else.
TEST(Lockdown, ThePlatformWorksUnderIt) {
  for (const bool forbidden : {false, true}) {
    const pid_t pid = fork();
    if (pid == 0) {
      {
        auto platform = make_stub_platform({.arena_size = u64{1} << 30});
        if (!platform.ok() || !host::lock_down().ok()) _exit(2);
        if (forbidden) (void)!::symlink("/nowhere", "/nowhere/either");
        std::memcpy((*platform)->arena_base(), six_arguments.data(), six_arguments.size());
        for (int i = 0; i < 4; ++i) {
          auto space = (*platform)->new_space();
          if (!space.ok()) _exit(3);
          const MapOrder order = MapOrder::map_arena(kCode, kPageSize, 0, kReadExec);
          if (!(*space)->apply({&order, 1}).ok()) _exit(4);
          auto thread = (*space)->new_thread();
          if (!thread.ok()) _exit(5);
          Context context;
          context.regs.rip = kCode;
          (*thread)->load_context(context);
          (*thread)->resume();
          if ((*thread)->wait().nr != 39) _exit(6);
          (*platform)->arena_discard(kPageSize, kPageSize);
        }
      }
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    if (forbidden) {
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << status;
    } else {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
  }
}

}  // namespace
}  // namespace limen::platform
