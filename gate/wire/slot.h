// What a guest thread and the kernel thread that serves it share: the slot, and what a guest's process and
// the kernel share: the order page. And how both sides wait for each other.
//
// Everything here but the order page can be written by the guest at any moment. The kernel reads a word once,
// into private memory, and believes nothing of it.
//
// The hand-off (both words only grow; u32, wrapping):
//
//   guest: fill the entry; post = n; FENCE; if (kernel_sleeps) FUTEX_WAKE(post); wait until reply == n
//   kernel: wait until post != last; copy the entry; ... ; reply = n; FENCE; if (guest_sleeps) FUTEX_WAKE(reply)
//
// A side that is about to sleep sets its `..._sleeps` word, fences, and sleeps by FUTEX_WAIT on the word it waits
// for with the old value: either it sees the new value or the other side sees that it sleeps.
#pragma once

#include "gate/wire/layout.h"

namespace limen::wire {

using u32 = unsigned int;
using u64 = unsigned long;

enum : u32 {
  kEntrySyscall = 1,
  kEntryFault = 2,
  kEntryInterrupt = 3,
  kEntryPatched = 4,  // a system call from a patched site: no frame, its registers are where they were
};

// Bits of Slot::resume_flags.
enum : u32 {
  kResumeResult = 1,     // put `result` into RAX of the frame
  kResumeInterrupt = 2,  // after a patched call: come back at once, with a frame
  kResumeRseq = 4,       // first make the host call rseq(2) with `rseq`
  kResumeAgain = 8,      // ... and then post once more, going nowhere
  kResumeBarrier = 16,   // first make the host call membarrier(2) with `barrier`; its result is the call's
};

inline constexpr u32 kLimits = 16;  // RLIM_NLIMITS

struct Slot {
  // The line that both sides poll.
  alignas(64) u32 post;
  u32 reply;
  u32 kernel_sleeps;
  u32 guest_sleeps;
  u32 spin;  // kernel to guest: an answer may be quick, worth this many kilocycles of polling
  u32 resume_flags;
  u64 result;
  u64 frame;  // address of the ucontext that rt_sigreturn is to load
  u64 fs_base, gs_base;
  u32 polite;  // kernel to guest: others want the CPU: yield it between two looks
  u32 turns;   // kernel to guest: both are on one CPU; yield it so often before going to sleep

  // The entry.
  alignas(64) u32 kind;
  u32 cpu;  // where the guest ran: a hint
  u64 nr;
  u64 args[6];
  u64 ip, sp;
  u32 signo;
  u32 code;
  u64 addr, error_code, trapno;

  // A patched call on its way.
  alignas(64) u64 resume_at;  // in the site's trampoline
  u32 kicked;                 // a kick came while the gate was at work: it ends in an interrupt
  u32 own_gs;                 // the guest has a GS base of its own: its patched sites trap
  u64 posted_at, got_at;      // while there are turns, in cycles: its last post, when it saw the answer before. Hints
  // The thread's area of restartable sequences, which the host keeps: rseq(2)'s arguments. Address 0: it has none.
  struct {
    u64 addr;
    u32 length, flags, signature;
  } rseq;

  // What the gate answers by itself; the kernel writes it at any time.
  alignas(64) u32 answers;
  u32 pid, tid, ppid, uid, euid, gid, egid, pgrp, sid;
  u64 answered;  // the gate's own count: for figures, no evidence of anything

  // What gate/answers.cc answers from. The first three are the thread's state itself: the gate changes them, and the kernel takes
  // them over when the thread enters. A guest that writes here does no more than by the calls.
  alignas(64) u64 mask;  // of blocked signals: a superset of ...
  u64 known_mask;        // ... what the kernel knows of
  u64 robust_list;       // set_robust_list(2)
  u64 default_actions;   // signals whose action is as at the start, bit by bit
  u64 affinity;
  u64 altstack_sp, altstack_size;
  u32 altstack_flags;  // while the thread is not on it
  u32 cpus;
  alignas(64) u32 limits_version;  // odd while they are written
  u64 limits[kLimits][2];          // soft, hard
  // For kResumeBarrier: membarrier(2)'s arguments.
  struct {
    u32 command, flags, cpu;
  } barrier;
  // Of the file that this thread opened last; the kernel writes it while the thread is in a call.
  struct Opened {
    u32 fd;     // ~0: nothing is told
    u32 flags;  // F_GETFL
    u32 fd_flags;
    u32 unused;
    u64 openings;  // of the public page
    u64 stat[18];
  };
  alignas(64) Opened opened;
};
static_assert(sizeof(Slot) <= LIMEN_SLOT_HEADER);

inline constexpr u64 kSlotStackTop = LIMEN_SLOT_SIZE - LIMEN_SLOT_HEADER;

// The order page; written by the kernel alone (and once by the stub itself, before it has any guest thread).
struct OrderPage {
  u32 ready;  // the stub has its listener
  u32 count;
  u32 futex_waiters;  // of the address space, on private futexes: 0 lets the gate answer a wake
  u32 unused[13];
  struct Order {
    u64 nr;
    u64 args[6];
    u64 unused;
  } orders[LIMEN_MAX_ORDERS];
};
static_assert(sizeof(OrderPage) == 4096 && sizeof(OrderPage::Order) == LIMEN_ORDER_SIZE);

// The page that the kernel and the template process share.
struct TemplatePage {
  u32 request;      // counts up: make a stub
  u32 order_index;  // whose order page is this one of the control file
  u32 kernel_pid;   // what getppid must say
  u32 reply;        // counts up to request
  int pid;          // of the stub, or an errno
};

// The first bytes of the gate image.
struct GateHeader {
  u64 magic;
  u64 template_entry;
  u64 signal_entry;
  u64 restorer;
  u64 size;  // of the image, page-rounded
};
inline constexpr u64 kGateMagic = 0x65746167'6d694c0aul;

// The kernel's signal frame on x86-64 (arch/x86/include/uapi/asm/sigcontext.h, ucontext.h).
struct SigContext {
  u64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
  unsigned short cs, gs, fs, ss;
  u64 err, trapno, oldmask, cr2;
  u64 fpstate;
  u64 reserved[8];
};
struct UContext {
  u64 flags;
  u64 link;
  u64 stack_base;
  u32 stack_flags, stack_pad;
  u64 stack_size;
  SigContext mc;
  u64 sigmask;
};
static_assert(sizeof(SigContext) == 256 && sizeof(UContext) == 304);

}  // namespace limen::wire
