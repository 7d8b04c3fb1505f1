// The gate's part of a crossing: tell the kernel why the guest came, wait for its word, go on.
//
// This runs in the guest's process on the slot's stack, with every signal blocked. It is a convenience for the
// guest: whatever it writes, a hostile guest can write too. Freestanding: no library, no relocation, no data.

#include <asm/unistd_64.h>
#include <linux/audit.h>
#include <linux/futex.h>

#include "gate/wire/slot.h"

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

enum { kSigsys = 31 };

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

u64 cycles() {
  u32 low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return u64{high} << 32 | low;
}

// The CPU's number, from the limit of the segment where Linux keeps it (arch/x86/include/asm/segment.h).
u32 this_cpu() {
  u32 limit = 0;
  asm volatile("lsl %1, %0" : "+r"(limit) : "r"(0x7b));
  return limit & 0xfff;
}

u32 load(const u32& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }

// Returns when the kernel has answered post number `mine`.
void await_answer(Slot* slot, u32 mine) {
  if (const u64 patience = u64{slot->spin} << 10; patience != 0) {
    const u64 start = cycles();
    do {
      if (load(slot->reply) == mine) return;
      asm volatile("pause");
    } while (cycles() - start < patience);
  }
  __atomic_store_n(&slot->guest_sleeps, 1, __ATOMIC_SEQ_CST);
  for (u32 seen; (seen = load(slot->reply)) != mine;) futex(&slot->reply, FUTEX_WAIT, seen);
  __atomic_store_n(&slot->guest_sleeps, 0, __ATOMIC_RELAXED);
}

// Posts the entry and returns when the kernel has answered it.
void cross(Slot* slot) {
  slot->cpu = this_cpu();
  const u32 mine = slot->post + 1;
  __atomic_store_n(&slot->post, mine, __ATOMIC_SEQ_CST);
  if (load(slot->kernel_sleeps) != 0) futex(&slot->post, FUTEX_WAKE, 1);
  await_answer(slot, mine);
}

void set_bases(const Slot* slot) {
  asm volatile("wrfsbase %0" ::"r"(slot->fs_base));
  asm volatile("wrgsbase %0" ::"r"(slot->gs_base));
}

}  // namespace

// From signal_entry in entry.S. Returns the ucontext to load.
extern "C" UContext* gate_signal(int signo, const SigInfo* info, UContext* frame) {
  Slot* slot = slot_at(reinterpret_cast<u64>(frame));
  asm volatile("rdfsbase %0" : "=r"(slot->fs_base));
  asm volatile("rdgsbase %0" : "=r"(slot->gs_base));
  const wire::SigContext& mc = frame->mc;
  slot->ip = mc.rip;
  slot->sp = mc.rsp;
  slot->frame = reinterpret_cast<u64>(frame);
  if (signo == kSigsys) {
    slot->kind = wire::kEntrySyscall;
    // Another ABI (int 0x80) has other numbers: one that no table holds, so that the kernel says ENOSYS.
    slot->nr = info->arch == AUDIT_ARCH_X86_64 ? static_cast<u32>(info->syscall) : ~u64{0};
    slot->args[0] = mc.rdi;
    slot->args[1] = mc.rsi;
    slot->args[2] = mc.rdx;
    slot->args[3] = mc.r10;
    slot->args[4] = mc.r8;
    slot->args[5] = mc.r9;
  } else if (signo == LIMEN_SIGNAL_KICK) {
    slot->kind = wire::kEntryInterrupt;
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
  await_answer(slot, slot->post);  // the kernel has posted in our place
  set_bases(slot);
  return reinterpret_cast<UContext*>(slot->frame);
}

}  // namespace limen::gate
