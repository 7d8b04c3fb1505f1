// Guests that lie. Whatever they do, the kernel process lives on, its waits end, and the guest gets nothing from the
// host: it goes on or its process ends.

#include <sys/syscall.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "platform/stub/control.h"
#include "platform/stub/guest_code_for_test.h"

namespace limen::platform {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Kills a space when its time is over, so that a guest that waits for ever ends too.
class Watchdog {
 public:
  Watchdog() : thread_([this] { run(); }) {}
  ~Watchdog() {
    stop_ = true;
    thread_.join();
  }
  void watch(Space& space, milliseconds patience) {
    deadline_ = (steady_clock::now() + patience).time_since_epoch().count();
    space_ = &space;
  }
  void leave() {
    space_ = nullptr;
    while (busy_) std::this_thread::yield();
  }

 private:
  void run() {
    while (!stop_) {
      busy_ = true;
      Space* space = space_;
      if (space != nullptr && steady_clock::now().time_since_epoch().count() > deadline_) space->kill();
      busy_ = false;
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
  std::atomic<Space*> space_{nullptr};
  std::atomic<steady_clock::rep> deadline_{0};
  std::atomic<bool> stop_{false}, busy_{false};
  std::thread thread_;
};

int count_mappings(int pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  int lines = 0;
  for (std::string line; std::getline(maps, line);) ++lines;
  return lines;
}

// Makes the call whose number and arguments the kernel put into its registers.
GUEST(caller, R"(
1: syscall
  mov $0x1234, %eax
  syscall
  jmp 1b
)")

TEST_F(StubTest, OnlyTheGatesOwnCallsReachTheHost) {
  auto space = space_with(caller);
  auto thread = thread_at(*space);
  const auto call = [&](u64 nr, u64 second) {
    Registers regs{};
    regs.rip = kCode;
    regs.rsp = kStack;
    regs.rax = nr;
    regs.rsi = second;
    thread->set_registers(regs);
    thread->resume();
    return thread->wait();
  };
  for (u64 nr = 0; nr < 700; ++nr) {
    // uretprobe and uprobe: Linux exempts them from seccomp (kernel/seccomp.c), and answers SIGILL to anyone but its own
    // trampoline.
    if (nr == 335 || nr == 336) continue;
    const Entry entry = call(nr, 0);
    ASSERT_EQ(entry.kind, Entry::Kind::syscall) << nr;
    EXPECT_EQ(entry.nr, nr);
  }
  for (u64 operation = 0; operation < 1024; ++operation) {
    ASSERT_EQ(call(SYS_futex, operation).nr, static_cast<u64>(SYS_futex)) << operation;
  }
  EXPECT_EQ(call(LIMEN_NR_REPORT, 0).nr, static_cast<u64>(LIMEN_NR_REPORT));
  EXPECT_EQ(call(SYS_exit, 0).nr, static_cast<u64>(SYS_exit));
  EXPECT_EQ(call(~u64{0} & 0xffffffff, 0).kind, Entry::Kind::syscall);
}

TEST_F(StubTest, JumpsToEveryByteOfTheGate) {
  Watchdog watchdog;
  auto space = space_with(caller);
  auto thread = thread_at(*space);
  thread->resume();
  ASSERT_EQ(thread->wait().kind, Entry::Kind::syscall);
  const int mappings = count_mappings(space->host_pid());
  for (u64 address = LIMEN_GATE_BASE; address < LIMEN_GATE_BASE + kPageSize; ++address) {
    watchdog.watch(*space, milliseconds(4));
    Registers regs{};
    regs.rip = address;
    regs.rsp = kStack;
    thread->set_registers(regs);
    thread->resume();
    const Entry entry = thread->wait();
    watchdog.leave();
    if (entry.kind == Entry::Kind::fault || entry.kind == Entry::Kind::syscall) {
      const int now = count_mappings(space->host_pid());  // 0: the watchdog came at the same time
      ASSERT_TRUE(now == mappings || now == 0) << now << " at " << std::hex << address;
      if (entry.kind == Entry::Kind::fault && now != 0) continue;
    }
    thread.reset();
    space = space_with(caller);
    thread = thread_at(*space);
  }
}

// Fills the slot at RDI with pseudo-random words, for ever.
GUEST(scribbler, R"(
  mov $0x9e3779b97f4a7c15, %rbx
1: mov %rdi, %rsi
  mov $4096, %ecx
2: mov %rbx, %rax
  shl $13, %rax; xor %rax, %rbx
  mov %rbx, %rax
  shr $7, %rax; xor %rax, %rbx
  mov %rbx, %rax
  shl $17, %rax; xor %rax, %rbx
  mov %rbx, (%rsi)
  add $8, %rsi
  dec %ecx
  jnz 2b
  jmp 1b
)")

TEST_F(StubTest, ScribblingOverASlot) {
  Watchdog watchdog;
  for (int round = 0; round < 5; ++round) {
    auto space = space_with(scribbler);
    std::memcpy(platform_->arena_base() + 256, caller.data(), caller.size());
    auto victim = thread_at(*space, kCode + 256);
    auto vandal = thread_at(*space);
    victim->resume();
    const Entry first = victim->wait();
    ASSERT_EQ(first.kind, Entry::Kind::syscall);
    // Slots are handed out from the first; which one is the victim's its frame tells nobody: take a few.
    Registers regs = vandal->registers();
    regs.rdi = Control::slot_guest_address(static_cast<u32>(round % 2));
    vandal->set_registers(regs);
    vandal->resume();
    watchdog.watch(*space, milliseconds(30));
    for (int i = 0;; ++i) {
      if (i % 3 == 0) {
        victim->resume_syscall(i);
      } else if (i % 3 == 1) {
        Context context = victim->save_context();
        EXPECT_LT(context.xstate.size(), 16384u);
        victim->load_context(context);
        victim->resume();
      } else {
        victim->set_registers(victim->registers());
        victim->kick();
        victim->resume();
      }
      const Entry entry = victim->wait();
      if (entry.kind == Entry::Kind::gone) break;
      if (entry.kind == Entry::Kind::fault) {
        EXPECT_GT(entry.signo, 0);
        EXPECT_LT(entry.signo, 32);
      }
    }
    watchdog.leave();
  }
}

// Loads a frame at RSP that blocks every signal, by the gate's own rt_sigreturn (GateHeader::restorer; its own would
// trap), then makes a call.
GUEST(blocks_signals, R"(
  mov 0x10018, %rax
  jmp *%rax
  .fill 6, 1, 0x90
  mov $39, %eax
  syscall
)")

TEST_F(StubTest, AForgedFrameThatBlocksEverySignal) {
  auto space = space_with(blocks_signals);
  wire::UContext frame{};
  frame.mc.rip = kCode + 16;
  frame.mc.rsp = kStack;
  frame.mc.cs = 0x33;
  frame.mc.ss = 0x2b;
  frame.sigmask = ~u64{0};
  std::memcpy(data(), &frame, sizeof frame);
  auto thread = thread_at(*space, kCode, kData);
  thread->resume();
  EXPECT_EQ(thread->wait().kind, Entry::Kind::gone);  // SIGSYS, blocked, ends its process
  auto next = space_with(blocks_signals);
  EXPECT_TRUE(next->new_thread().ok());
}

}  // namespace
}  // namespace limen::platform
