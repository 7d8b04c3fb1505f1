// The gate's part of a crossing: tell the kernel why the guest came, wait for its word, go on.
//
// This runs in the guest's process on the slot's stack, with every signal blocked. It is a convenience for the
// guest: whatever it writes, a hostile guest can write too. Freestanding: no library, no relocation, no data.

#include <asm/unistd_64.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/rseq.h>

#include <cstddef>
#include <initializer_list>

#include "gate/wire/cpu.h"
#include "gate/wire/slot.h"
#include "gate/wire/traps.h"

// entry.S
extern "C" {
void patched_trap();
void patched_cross();
void answer_getpid();
void answer_gettid();
void answer_getppid();
void answer_getpgrp();
void answer_getpgid();
void answer_getsid();
void answer_getuid();
void answer_geteuid();
void answer_getgid();
void answer_getegid();
void answer_sched_yield();
extern const char patched_window[], patched_window_flags[], patched_window_end[];
extern const char patched_state_end[], patched_answer_faulted[];
extern const char answers_begin[], answers_end[];  // gate.ld
void patched_answer();
}

namespace limen::gate {
namespace {

using wire::Slot;
using wire::u32;
using wire::u64;
using wire::UContext;

// siginfo as the host lays it out: the parts that are looked at.
struct SigInfo {
  int signo, error, code, pad;
  u64 addr;     // si_addr; SIGSYS: si_call_addr
  int syscall;  // SIGSYS
  u32 arch;     // SIGSYS
};

enum { kSigbus = 7, kSigsegv = 11, kSigsys = 31 };

Slot* slot_at(u64 address_inside) {
  return reinterpret_cast<Slot*>((address_inside & ~u64{LIMEN_SLOT_SIZE - 1}) + wire::kSlotStackTop);
}

long futex(u32* word, int op, u32 value) {
  long result;
  register u64 timeout asm("r10") = 0;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(__NR_futex), "D"(word), "S"(op), "d"(value), "r"(timeout)
               : "rcx", "r11", "memory");
  return result;
}

void sched_yield() {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(__NR_sched_yield) : "rcx", "r11", "memory");
}

u64 cycles() {
  u32 low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return u64{high} << 32 | low;
}

u32 load(const u32& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }

// Returns when the kernel has answered post number `mine`. `yield`: its thread was awake.
void await_answer(Slot* slot, u32 mine, bool yield) {
  // The kernel takes `spin` back when it finds that the answer will take long.
  if (load(slot->spin) != 0) {
    const u64 start = cycles();
    do {
      if (load(slot->reply) == mine) return;
      if (load(slot->polite) != 0) {
        sched_yield();
      } else {
        asm volatile("pause");
      }
    } while (cycles() - start < u64{load(slot->spin)} << 10);
  }
  // On one CPU the kernel's thread runs when this one yields.
  for (u32 turn = 0; yield; ++turn) {
    if (load(slot->reply) == mine) return;
    if (turn >= load(slot->turns)) break;
    sched_yield();
  }
  __atomic_store_n(&slot->guest_sleeps, 1, __ATOMIC_SEQ_CST);
  for (u32 seen; (seen = load(slot->reply)) != mine;) futex(&slot->reply, FUTEX_WAIT, seen);
  __atomic_store_n(&slot->guest_sleeps, 0, __ATOMIC_RELAXED);
}

// The host's rseq(2) for this thread. What it answers is the kernel's to know: it has checked the arguments.
void rseq(const Slot* slot, u64 flags) {
  long result;
  register u64 signature asm("r10") = slot->rseq.signature;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(__NR_rseq), "D"(slot->rseq.addr), "S"(u64{slot->rseq.length}), "d"(flags), "r"(signature)
               : "rcx", "r11", "memory");
}

long membarrier(u64 command, u64 flags, u64 cpu) {
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(__NR_membarrier), "D"(command), "S"(flags), "d"(cpu)
               : "rcx", "r11", "memory");
  return result;
}

// What the kernel wants of the thread before it goes on. True: it is to post again.
bool obey(Slot* slot) {
  const u32 flags = load(slot->resume_flags);
  if ((flags & wire::kResumeRseq) != 0) rseq(slot, slot->rseq.flags);
  if ((flags & wire::kResumeBarrier) != 0) {
    const u64 command = slot->barrier.command;
    (void)membarrier(command << 1, 0,
                     0);  // its registration: the host forgets none, and knows of none in a fresh process
    slot->result = static_cast<u64>(membarrier(command, slot->barrier.flags, slot->barrier.cpu));
  }
  return (flags & wire::kResumeAgain) != 0;
}

// Posts the entry and returns when the kernel has answered it.
void cross(Slot* slot) {
  do {
    slot->cpu = wire::this_cpu().cpu;
    if (load(slot->turns) != 0) slot->posted_at = cycles();
    const u32 mine = slot->post + 1;
    __atomic_store_n(&slot->post, mine, __ATOMIC_SEQ_CST);
    const bool asleep = load(slot->kernel_sleeps) != 0;
    if (asleep) futex(&slot->post, FUTEX_WAKE, 1);
    await_answer(slot, mine, !asleep);
    if (load(slot->turns) != 0) slot->got_at = cycles();
  } while (obey(slot));
}

// A GS base of zero is a thread that has none: the gate keeps the slot's address there, until the thread sets one.
void take_bases(Slot* slot) {
  u64 gs;
  asm volatile("rdfsbase %0" : "=r"(slot->fs_base));
  asm volatile("rdgsbase %0" : "=r"(gs));
  const bool ours = gs == reinterpret_cast<u64>(slot);
  slot->gs_base = ours ? 0 : gs;
  if (!ours) slot->own_gs = 1;
}

void set_bases(Slot* slot) {
  if (slot->gs_base != 0) slot->own_gs = 1;
  asm volatile("wrfsbase %0" ::"r"(slot->fs_base));
  asm volatile("wrgsbase %0" ::"r"(slot->own_gs != 0 ? slot->gs_base : reinterpret_cast<u64>(slot)));
}

// Where the call of the patched site stood: one past its `syscall`.
u64 call_place(const Slot* slot) {
  int displacement;
  __builtin_memcpy(&displacement, reinterpret_cast<const char*>(slot->resume_at - LIMEN_TRAMPOLINE_DISPLACEMENT), 4);
  return slot->resume_at + static_cast<u64>(static_cast<long>(displacement));
}

bool within(u64 ip, const char* from, const char* to) {
  return ip >= reinterpret_cast<u64>(from) && ip < reinterpret_cast<u64>(to);
}

// A kick that found the gate at work for a patched site. True when the kick is to enter the kernel now: the guest's
// registers are complete, or have been completed here.
bool finish_patched(Slot* slot, wire::SigContext& mc) {
  if (!within(mc.rip, patched_window, patched_window_end)) {
    slot->kicked = 1;
    return false;
  }
  if (mc.rip < reinterpret_cast<u64>(patched_window_flags)) {
    mc.eflags = mc.r11 = reinterpret_cast<const u64*>(slot)[-1];
    mc.rcx = call_place(slot);
  }
  mc.rsp = slot->sp;  // also where RSP is there already
  mc.rip = slot->resume_at;
  return true;
}

bool in_gate(u64 ip) { return ip >= LIMEN_GATE_BASE && ip < LIMEN_GATE_BASE + LIMEN_GATE_MAX_SIZE; }

}  // namespace

// From signal_entry in entry.S. Returns the ucontext to load.
extern "C" UContext* gate_signal(int signo, const SigInfo* info, UContext* frame) {
  Slot* slot = slot_at(reinterpret_cast<u64>(frame));
  wire::SigContext& mc = frame->mc;
  if ((signo == kSigsegv || signo == kSigbus) && within(mc.rip, answers_begin, answers_end)) {
    mc.rip = reinterpret_cast<u64>(patched_answer_faulted);
    return frame;
  }
  if (signo == LIMEN_SIGNAL_KICK && in_gate(mc.rip) && !finish_patched(slot, mc)) return frame;
  take_bases(slot);
  slot->kicked = 0;
  const bool state = signo == kSigsys && mc.rip == reinterpret_cast<u64>(patched_state_end);
  if (state) {
    mc.rax = slot->result;
    mc.rip = mc.rcx = call_place(slot);
    mc.rsp = slot->sp;
  }
  slot->ip = mc.rip;
  slot->sp = mc.rsp;
  slot->frame = reinterpret_cast<u64>(frame);
  if (state || signo == LIMEN_SIGNAL_KICK) {
    slot->kind = wire::kEntryInterrupt;
  } else if (signo == kSigsys) {
    slot->kind = wire::kEntrySyscall;
    // Another ABI (int 0x80) has other numbers: one that no table holds, so that the kernel says ENOSYS.
    slot->nr = info->arch == AUDIT_ARCH_X86_64 ? static_cast<u32>(info->syscall) : ~u64{0};
    slot->args[0] = mc.rdi;
    slot->args[1] = mc.rsi;
    slot->args[2] = mc.rdx;
    slot->args[3] = mc.r10;
    slot->args[4] = mc.r8;
    slot->args[5] = mc.r9;
    // Whoever hears of a thread's end may unmap its area: the host leaves it first (StubThread::take_entry).
    if (slot->nr == __NR_exit && slot->rseq.addr != 0) rseq(slot, RSEQ_FLAG_UNREGISTER);
  } else {
    slot->kind = wire::kEntryFault;
    slot->signo = static_cast<u32>(signo);
    slot->code = static_cast<u32>(info->code);
    slot->addr = info->addr;
    slot->error_code = mc.err;
    slot->trapno = mc.trapno;
  }
  cross(slot);
  if ((slot->resume_flags & wire::kResumeResult) != 0) frame->mc.rax = slot->result;
  set_bases(slot);
  return reinterpret_cast<UContext*>(slot->frame);
}

// From thread_entry in entry.S: a new thread parks until the kernel has put a frame into its slot.
extern "C" UContext* gate_thread(u64 stack) {
  Slot* slot = slot_at(stack);
  await_answer(slot, slot->post, false);  // the kernel has posted in our place
  if (obey(slot)) cross(slot);
  set_bases(slot);
  return reinterpret_cast<UContext*>(slot->frame);
}

// From patched_cross in entry.S, which has filled the entry. Returns whether the thread is to come back with a frame.
extern "C" u32 gate_patched(Slot* slot) {
  slot->kind = wire::kEntryPatched;
  slot->kicked = 0;
  cross(slot);
  return slot->resume_flags & wire::kResumeInterrupt;
}

namespace {

using Way = void (*)();
struct Ways {
  Way of[LIMEN_WAYS];
};

// How each call goes on from a patched site.
constexpr Ways make_ways() {
  Ways ways{};
  for (Way& way : ways.of) way = patched_cross;
  for (const int nr : wire::kByTrap) ways.of[nr] = patched_trap;
  ways.of[__NR_getpid] = answer_getpid;
  ways.of[__NR_gettid] = answer_gettid;
  ways.of[__NR_getppid] = answer_getppid;
  ways.of[__NR_getpgrp] = answer_getpgrp;
  ways.of[__NR_getpgid] = answer_getpgid;
  ways.of[__NR_getsid] = answer_getsid;
  ways.of[__NR_getuid] = answer_getuid;
  ways.of[__NR_geteuid] = answer_geteuid;
  ways.of[__NR_getgid] = answer_getgid;
  ways.of[__NR_getegid] = answer_getegid;
  ways.of[__NR_sched_yield] = answer_sched_yield;
  for (const int nr :
       {__NR_clock_gettime, __NR_clock_getres, __NR_gettimeofday, __NR_time, __NR_getcpu, __NR_uname,
        __NR_rt_sigprocmask, __NR_rt_sigaction, __NR_sigaltstack, __NR_futex, __NR_set_robust_list,
        __NR_sched_getaffinity, __NR_getrlimit, __NR_prlimit64, __NR_fstat, __NR_newfstatat, __NR_fcntl}) {
    ways.of[nr] = patched_answer;
  }
  return ways;
}

#define LIMEN_AT(field, offset) static_assert(offsetof(Slot, field) == (offset))
LIMEN_AT(result, LIMEN_SLOT_RESULT);
LIMEN_AT(nr, LIMEN_SLOT_NR);
LIMEN_AT(args, LIMEN_SLOT_ARGS);
LIMEN_AT(ip, LIMEN_SLOT_IP);
LIMEN_AT(sp, LIMEN_SLOT_SP);
LIMEN_AT(resume_at, LIMEN_SLOT_RESUME_AT);
LIMEN_AT(kicked, LIMEN_SLOT_KICKED);
LIMEN_AT(answers, LIMEN_SLOT_ANSWERS);
LIMEN_AT(pid, LIMEN_SLOT_PID);
LIMEN_AT(tid, LIMEN_SLOT_TID);
LIMEN_AT(ppid, LIMEN_SLOT_PPID);
LIMEN_AT(uid, LIMEN_SLOT_UID);
LIMEN_AT(euid, LIMEN_SLOT_EUID);
LIMEN_AT(gid, LIMEN_SLOT_GID);
LIMEN_AT(egid, LIMEN_SLOT_EGID);
LIMEN_AT(pgrp, LIMEN_SLOT_PGRP);
LIMEN_AT(sid, LIMEN_SLOT_SID);
LIMEN_AT(answered, LIMEN_SLOT_ANSWERED);
#undef LIMEN_AT

}  // namespace

extern "C" constinit const Ways gate_ways = make_ways();

}  // namespace limen::gate
