// Guest address spaces and guest threads, as the kernel sees them.
//
// The kernel runs a guest thread as if it were a CPU:
//
//   Entry entry = thread.wait();                 // the guest entered the kernel
//   thread.resume_syscall(result);               // ... and goes on with its answer
//
// and changes an address space by orders that are *proved* to be done when `apply` returns:
//
//   TRY(space.apply({{MapOrder::unmap(addr, len)}}));   // now the pages may have a new owner
//
// Everything behind this interface that a guest can write is hostile: implementations read each
// shared word once, check it and hand over private copies. The interface is abstract so that a test
// can put a fake machine beneath a kernel, and so that other machines (KVM, another instruction set) can follow.
//
// Locks: implementations use rank `space` and below. Blocking is said at each call.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace limen::platform {

// PROT_READ, PROT_WRITE, PROT_EXEC with Linux's values.
enum : u8 { kProtNone = 0, kProtRead = 1, kProtWrite = 2, kProtExec = 4 };

// One change to a guest's host mappings. Addresses and lengths are whole pages.
struct MapOrder {
  enum class Kind : u8 { map_arena, map_file, unmap, protect };
  Kind kind = Kind::unmap;
  u8 prot = 0;
  bool populate = false;  // make the pages present now (they are resident or surely used)
  int host_fd = -1;       // map_file: a descriptor of the kernel's; not kept
  u64 addr = 0;
  u64 length = 0;
  u64 offset = 0;  // in the arena or in the file

  // A shared mapping of the arena: the only kind a guest may write (invariant 7).
  static MapOrder map_arena(u64 addr, u64 length, u64 arena_offset, u8 prot, bool populate = false) {
    return {Kind::map_arena, prot, populate, -1, addr, length, arena_offset};
  }
  // A mapping of a host file that never shows a guest's writes; `prot` must not hold kProtWrite (einval). Give a descriptor
  // that was opened read-only: then no later `protect` can make it writable either (eacces).
  static MapOrder map_file(u64 addr, u64 length, int host_fd, u64 offset, u8 prot) {
    return {Kind::map_file, prot, false, host_fd, addr, length, offset};
  }
  // Leaves an inaccessible hole: a touch is a SIGSEGV fault entry.
  static MapOrder unmap(u64 addr, u64 length) { return {Kind::unmap, 0, false, -1, addr, length, 0}; }
  static MapOrder protect(u64 addr, u64 length, u8 prot) { return {Kind::protect, prot, false, -1, addr, length, 0}; }
};

// The general registers, in the order of struct user_regs_struct (ptrace(2)).
struct Registers {
  u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
  u64 orig_rax, rip, cs, eflags, rsp, ss;
  u64 fs_base, gs_base, ds, es, fs, gs;
};

// All that a thread has in its CPU. `xstate` is the XSAVE image as a signal frame on this
// machine carries it (struct _fpstate and what follows, with its sw_reserved magic); empty means the initial state.
struct Context {
  Registers regs{};
  std::vector<u8> xstate;
};

// Why a guest thread entered the kernel. All of it is private memory of the kernel.
struct Entry {
  enum class Kind : u8 {
    syscall,    // nr and args
    fault,      // a host signal from the guest's own instruction
    interrupt,  // after kick(); also spurious
    gone,       // the thread will never run again: its process died or it left
  };
  Kind kind = Kind::gone;
  u64 nr = 0;
  u64 args[6] = {};
  u64 ip = 0;  // after the syscall instruction; at the faulting instruction
  u64 sp = 0;
  // fault: what Linux would put into siginfo and ucontext.
  int signo = 0;       // SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP
  int code = 0;        // si_code
  u64 addr = 0;        // si_addr
  u64 error_code = 0;  // page fault: bit 1 = write, bit 4 = fetch
  u64 trapno = 0;
  bool patched = false;  // syscall: from a patched site, by no trap
  u32 cpu = 0;           // where it ran, by the host's number, as the guest says
};

// A thread's area of restartable sequences (rseq(2)).
struct RseqArea {
  u64 addr = 0;  // 0: none
  u32 length = 0, signature = 0;
  bool operator==(const RseqArea&) const = default;
};

// What a thread may be told without entering the kernel. A word that changes is published anew at once, also while the
// thread runs; a call whose bit is not in `allowed` always enters.
struct Answers {
  // kState: all that gate/answers.cc answers but what needs one of those after it.
  enum : u32 { kIdentity = 1, kUser = 2, kYield = 4, kState = 8, kTime = 16, kName = 32, kActions = 64, kOpened = 128 };
  struct Identity {
    u32 pid = 0, tid = 0, ppid = 0, pgrp = 0, sid = 0;
  };
  struct UserIds {
    u32 uid = 0, euid = 0, gid = 0, egid = 0;
  };
  struct Limit {
    u64 soft = 0, hard = 0;
  };
  static constexpr usize kLimits = 16;
  struct AltStack {
    u64 sp = 0, size = 0;
    u32 flags = 0;  // as sigaltstack(2) tells them while the thread is elsewhere
  };
  // Of a descriptor (kernel/vfs/opened.h).
  struct Opened {
    u32 fd = 0, flags = 0, fd_flags = 0;
    u64 openings = 0;
    std::span<const u64, 18> stat;  // struct stat
  };
};

// One guest thread: a host thread in the space's process. Used by the one kernel thread
// that serves it, but for kick().
class GuestThread {
 public:
  virtual ~GuestThread() = default;  // the host thread leaves (or its process is dead); may block shortly

  // Blocks until the guest enters the kernel. Spins first where that pays.
  virtual Entry wait() = 0;

  // The guest goes on after its system call: RAX = result, RCX and R11 as `syscall` leaves them.
  virtual void resume_syscall(i64 result) = 0;
  // The guest goes on with its registers as they are (fault resolved, interrupt, after load_context).
  virtual void resume() = 0;

  // Full state while the guest is in the kernel. After a syscall entry, `orig_rax` is the number and RAX still
  // the number: what the handler returns is put there by the caller. Sanitised: load_context takes only what a
  // user may hold (eflags masked, canonical addresses, a valid xstate or else the initial one).
  virtual Context save_context() = 0;
  virtual void load_context(const Context& context) = 0;
  // Only the general registers: cheaper than the pair above. After a call from a patched site each of the four costs a crossing,
  // for which they wait: hold no lock that another thread of the kernel needs in order to kill the guest's process.
  virtual Registers registers() = 0;
  virtual void set_registers(const Registers& regs) = 0;

  // Any thread: make the guest enter the kernel soon (Entry::interrupt) if it is running guest code. Never blocks.
  // If it is in the kernel, the next resume does not run it: the next wait() says `interrupt` at once. So a flag that is
  // set before the kick is never missed. A hostile guest can ignore kicks: what must end, ends by Space::kill.
  virtual void kick() = 0;

  // From its next resume on the host keeps this area for the thread. Its pages must be mapped and writable as long as that is so: the
  // host writes there whenever it lets the thread run, and a thread for which it cannot dies. An area with address 0: the host
  // has let go of the former one when this returns; that may take a crossing, as registers() does. The area of a thread that leaves
  // with one goes with its process.
  virtual void set_rseq(const RseqArea&) {}

  // A private command of membarrier(2), carried out among the threads of this space when this call is resumed; the host's result is
  // what the guest gets for 0. Source of the arguments: membarrier(2).
  virtual void order_barrier(u32 /*command*/, u32 /*flags*/, u32 /*cpu*/) {}

  // Any thread. The guest runs on these CPUs only, by the host's numbers, bit by bit; on all, where none of them is usable.
  virtual void confine(u64 /*cpus*/) {}

  // Any thread, also while the guest runs. Never block. `bits`: of Answers; none before the first call.
  virtual void publish(const Answers::Identity&) {}
  virtual void publish(const Answers::UserIds&) {}
  virtual void allow_answers(u32 /*bits*/) {}
  virtual void publish_limits(std::span<const Answers::Limit, Answers::kLimits>) {}
  virtual void publish(const Answers::AltStack&) {}
  virtual void publish_affinity(u64 /*cpus*/, u32 /*count*/) {}
  virtual void publish_default_actions(u64 /*signals*/) {}
  // While the guest is in the kernel; it holds until the next of them, or none.
  virtual void publish(const Answers::Opened&) {}
  virtual void withdraw_opened() {}

  // What the guest may change without entering; it is the guest's word, and read once. The mask of blocked signals: what was set
  // last, or a superset of it.
  virtual void set_mask(u64) {}
  virtual u64 mask() = 0;
  virtual void set_robust_list(u64) {}
  virtual u64 robust_list() = 0;
};

// One guest address space: a host process with nothing in it but the gate and what the kernel ordered.
class Space {
 public:
  virtual ~Space() = default;  // kills the process and waits for its death: afterwards every page is free

  // Carries out the orders in their sequence. Returns when the host has proved that they are done (invariant 6); before the first
  // new_thread, where nobody could see the difference, they may wait for it and fail there.
  // Blocks for some microseconds. esrch when the process is dead (then nothing is mapped any more); enomem when the host
  // refused a mapping: orders before it are done, it and those after it are not.
  virtual Result<void> apply(std::span<const MapOrder> orders) = 0;

  // A new thread, parked in the kernel with the initial context: load_context and resume start it.
  // eagain when the host has no more threads, esrch when the process is dead.
  virtual Result<std::unique_ptr<GuestThread>> new_thread() = 0;

  // How many wait on private futexes of this space: while it is 0 a guest's wake need not enter. Counted before the word is read.
  // Both sides with sequentially consistent accesses.
  virtual u32& futex_waiters() = 0;

  // SIGKILL to the process; every thread's wait() returns `gone`. Any thread; does not wait.
  virtual void kill() = 0;

  // For diagnosis and tests only.
  virtual int host_pid() const = 0;
};

// What the hand-off did, counted for the sandbox (limen stat, benches).
struct Counters {
  u64 crossings = 0;          // entries of any kind
  u64 syscalls_trapped = 0;   // by SIGSYS
  u64 syscalls_patched = 0;   // by a patched site
  u64 syscalls_answered = 0;  // by the gate, as it says itself
  u64 hot = 0;                // taken by a spinning kernel thread
  u64 cold = 0;               // needed a wake-up
  u64 faults = 0;
  u64 interrupts = 0;
  u64 map_batches = 0;  // apply() calls
  u64 map_orders = 0;
};

// The machine that guests run on.
class Platform {
 public:
  virtual ~Platform() = default;

  // An empty space from the pool of prepared processes.
  virtual Result<std::unique_ptr<Space>> new_space() = 0;

  // The arena, as the kernel process has it mapped: arena offset o is the byte arena_base()[o].
  // Writable; a touch allocates the page. Use limen::platform::safe_copy for bytes a guest may truncate or the host refuse.
  virtual u8* arena_base() = 0;
  virtual u64 arena_size() = 0;
  // Gives pages back to the host; they read as zero afterwards. Whole pages.
  virtual void arena_discard(u64 offset, u64 length) = 0;
  // The same as a copy to arena_base(), by a write to the arena's file: a page that nobody has touched is then made without a fault of
  // ours and without being zeroed first, at half the cost. Returns the bytes written, fewer when the host ran out of memory.
  // eopnotsupp: this machine cannot.
  virtual Result<usize> arena_write([[maybe_unused]] u64 offset, [[maybe_unused]] std::span<const std::span<u8>> from) {
    return Errno::eopnotsupp;
  }
  // Which pages of the arena are resident: one byte for each, bit 0 as mincore(2) has it. False where the host does
  // not tell.
  virtual bool arena_resident([[maybe_unused]] u64 offset, [[maybe_unused]] u64 length, [[maybe_unused]] u8* pages) {
    return false;
  }

  // Whether guests have the public page, so that Answers::kTime and kName make sense.
  virtual bool has_public_page() { return false; }
  // Whether GuestThread::set_rseq does something; and of AT_RSEQ_FEATURE_SIZE and _ALIGN, where the host tells.
  struct RseqSupport {
    bool present = false;
    u64 feature_size = 0, alignment = 0;
  };
  virtual RseqSupport rseq_support() { return {}; }

  // Guest addresses that no guest mapping may have: [0, guest_floor) holds the gate. Also mmap_min_addr for the guest.
  virtual u64 guest_floor() = 0;
  // One past the highest address a guest may map.
  virtual u64 guest_ceiling() = 0;

  // Starts a thread of the kernel process: on any CPU, or where its maker runs, for one that the maker's guest waits for.
  // eagain when the host has no more.
  enum class Where : u8 { anywhere, here };
  virtual Result<void> start_thread(std::string_view name, Where where, std::function<void()> body) = 0;

  virtual Counters counters() = 0;

  // Ends every guest process and returns when the host has none left. New spaces: eagain.
  virtual void end() {}
};

// memcpy between the kernel and memory that may fault (the arena when the host is out of memory, a mapped host file
// that was cut off). Returns the bytes copied before the fault.
usize safe_copy(void* to, const void* from, usize length);
// Installs the SIGBUS/SIGSEGV handler that safe_copy needs; once in a process.
void install_safe_copy();

}  // namespace limen::platform
