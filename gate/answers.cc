// Answers without a crossing: calls whose whole answer stands in the thread's slot, in its process's order page or in the public page.
//
// Each is what the kernel's handler would say. `false` leaves the call to the kernel, and so does a fault on the guest's memory
// (gate_signal, entry.S): nothing may be changed before the last access that can fault. Freestanding, and no register but general
// ones: the guest's others are not saved.

#include <asm/unistd_64.h>
#include <linux/futex.h>

#include "gate/wire/cpu.h"
#include "gate/wire/slot.h"
#include "gate/wire/time_page.h"

namespace limen::gate {
namespace {

using wire::Slot;

const wire::PublicPage& public_page() { return *reinterpret_cast<const wire::PublicPage*>(LIMEN_PUBLIC_PAGE); }
const wire::OrderPage& order_page() { return *reinterpret_cast<const wire::OrderPage*>(LIMEN_ORDER_PAGE); }

// Guest memory lies between the floor and the slots: what does not, is the kernel's to refuse.
bool is_guest(u64 addr, u64 size) { return addr >= LIMEN_GUEST_FLOOR && addr <= LIMEN_SLOTS - size; }

template <typename T>
T load(u64 addr) {
  return *reinterpret_cast<const volatile T*>(addr);
}
template <typename T>
void store(u64 addr, T value) {
  *reinterpret_cast<volatile T*>(addr) = value;
}

bool answer(Slot* slot, u64 result) {
  slot->result = result;
  return true;
}

bool allows(const Slot* slot, u32 bit) { return (__atomic_load_n(&slot->answers, __ATOMIC_RELAXED) & bit) != 0; }

constexpr u64 kSecond = 1'000'000'000;

// ---- Time: clock_gettime(2), clock_getres(2), gettimeofday(2), time(2), getcpu(2) --------------------------------------

bool clock_gettime(Slot* slot) {
  u64 ns = 0;
  if (!is_guest(slot->args[1], 16) || !wire::read_clock(public_page().time, static_cast<i32>(slot->args[0]), ns))
    return false;
  store<u64>(slot->args[1], ns / kSecond);
  store<u64>(slot->args[1] + 8, ns % kSecond);
  return answer(slot, 0);
}

bool clock_getres(Slot* slot) {
  const i32 clock = static_cast<i32>(slot->args[0]);
  if (clock != abi::clock_realtime && clock != abi::clock_monotonic) return false;
  if (slot->args[1] == 0) return answer(slot, 0);
  if (!is_guest(slot->args[1], 16)) return false;
  store<u64>(slot->args[1], 0);
  store<u64>(slot->args[1] + 8, 1);
  return answer(slot, 0);
}

bool gettimeofday(Slot* slot) {
  u64 ns = 0;
  if (slot->args[1] != 0 || !is_guest(slot->args[0], 16)) return false;
  if (!wire::read_clock(public_page().time, abi::clock_realtime, ns)) return false;
  store<u64>(slot->args[0], ns / kSecond);
  store<u64>(slot->args[0] + 8, ns % kSecond / 1000);
  return answer(slot, 0);
}

bool time(Slot* slot) {
  u64 ns = 0;
  if (!wire::read_clock(public_page().time, abi::clock_realtime, ns)) return false;
  if (slot->args[0] != 0) {
    if (!is_guest(slot->args[0], 8)) return false;
    store<u64>(slot->args[0], ns / kSecond);
  }
  return answer(slot, ns / kSecond);
}

bool getcpu(Slot* slot) {
  const u64 cpu = slot->args[0], node = slot->args[1];
  if ((cpu != 0 && !is_guest(cpu, 4)) || (node != 0 && !is_guest(node, 4))) return false;
  if (cpu != 0) store<u32>(cpu, wire::this_cpu().cpu);
  if (node != 0) store<u32>(node, 0);
  return answer(slot, 0);
}

// ---- uname(2) --------------------------------------------------------------------------------------------------------

bool uname(Slot* slot) {
  const wire::NamePage& name = public_page().name;
  if (!is_guest(slot->args[0], sizeof name.text)) return false;
  const u32 sequence = __atomic_load_n(&name.sequence, __ATOMIC_ACQUIRE);
  if ((sequence & 1) != 0) return false;
  u64 to = slot->args[0], from = reinterpret_cast<u64>(name.text), count = sizeof name.text;
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  if (__atomic_load_n(&name.sequence, __ATOMIC_RELAXED) != sequence) return false;  // the kernel writes all of it anew
  return answer(slot, 0);
}

// ---- Signals: rt_sigprocmask(2), rt_sigaction(2), sigaltstack(2) -------------------------------------------------------

// The kernel takes the mask over when the thread next enters (Task::adopt_mask). Until then it may think that the thread blocks
// less than it does: then a signal brings the thread in, for nothing. It must never think that it blocks more: whoever unblocks
// what the kernel knows to be blocked, asks the kernel.
bool rt_sigprocmask(Slot* slot) {
  constexpr u64 kNever = u64{1} << (9 - 1) | u64{1} << (19 - 1);  // SIGKILL, SIGSTOP
  const u64 how = slot->args[0] & 0xffffffff, set = slot->args[1], old_set = slot->args[2];
  if (slot->args[3] != 8) return false;
  const u64 old = slot->mask;
  u64 fresh = old;
  if (set != 0) {
    if (!is_guest(set, 8) || how > 2) return false;
    const u64 given = load<u64>(set);
    fresh = (how == 0 ? old | given : how == 1 ? old & ~given : given) & ~kNever;
    if ((slot->known_mask & ~fresh) != 0) return false;
  }
  if (old_set != 0) {
    if (!is_guest(old_set, 8)) return false;
    store<u64>(old_set, old);
  }
  slot->mask = fresh;
  return answer(slot, 0);
}

// Interpreters ask for all of them when they start.
bool rt_sigaction(Slot* slot) {
  const u64 signal = slot->args[0] & 0xffffffff, to = slot->args[2];
  if (slot->args[1] != 0 || slot->args[3] != 8 || signal - 1 > 63 || !is_guest(to, 32)) return false;
  if ((slot->default_actions >> (signal - 1) & 1) == 0) return false;
  for (u64 at = 0; at < 32; at += 8) store<u64>(to + at, 0);
  return answer(slot, 0);
}

bool sigaltstack(Slot* slot) {
  const u64 to = slot->args[1];
  if (slot->args[0] != 0 || !is_guest(to, 24)) return false;
  // On that stack, its flags say so. Linux: __on_sig_stack.
  if (slot->sp > slot->altstack_sp && slot->sp - slot->altstack_sp <= slot->altstack_size) return false;
  store<u64>(to, slot->altstack_sp);
  store<u64>(to + 8, slot->altstack_flags);
  store<u64>(to + 16, slot->altstack_size);
  return answer(slot, 0);
}

// ---- futex(2) --------------------------------------------------------------------------------------------------------

// A wait for a word that has changed; what else it may be refused for comes first. Linux: do_futex, futex_init_timeout.
bool futex_wait(Slot* slot, u32 command) {
  const u64 timeout = slot->args[3];
  if (command == FUTEX_WAIT_BITSET && (slot->args[5] & 0xffffffff) == 0) return false;
  if (timeout != 0) {
    if (!is_guest(timeout, 16) || load<u64>(timeout) >> 63 != 0 || load<u64>(timeout + 8) >= kSecond) return false;
  }
  if (load<u32>(slot->args[0]) == static_cast<u32>(slot->args[2])) return false;
  return answer(slot, static_cast<u64>(-11));  // EAGAIN
}

// A wake where nobody waits. The order that makes it right: a waiter counts itself, and then looks at the word; we come after the
// guest's store to the word, fence, and then look at the count. So either it sees the new word or we see it counted.
bool futex_wake(Slot* slot, u32 command) {
  if (command == FUTEX_WAKE_BITSET && (slot->args[5] & 0xffffffff) == 0) return false;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (__atomic_load_n(&order_page().futex_waiters, __ATOMIC_ACQUIRE) != 0) return false;
  return answer(slot, 0);
}

bool futex(Slot* slot) {
  const u32 operation = static_cast<u32>(slot->args[1]), command = operation & FUTEX_CMD_MASK;
  if ((operation & FUTEX_PRIVATE_FLAG) == 0 || (slot->args[0] & 3) != 0 || !is_guest(slot->args[0], 4)) return false;
  if (command == FUTEX_WAIT_BITSET) return futex_wait(slot, command);
  if ((operation & FUTEX_CLOCK_REALTIME) != 0) return false;
  if (command == FUTEX_WAIT) return futex_wait(slot, command);
  return (command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET) && futex_wake(slot, command);
}

bool set_robust_list(Slot* slot) {
  if (slot->args[1] != 24) return false;
  slot->robust_list = slot->args[0];
  return answer(slot, 0);
}

// ---- Limits: sched_getaffinity(2), getrlimit(2), prlimit64(2) -----------------------------------------------------------

bool sched_getaffinity(Slot* slot) {
  const u64 size = slot->args[1] & 0xffffffff;
  const u32 tid = static_cast<u32>(slot->args[0]);
  if ((tid != 0 && tid != slot->tid) || size * 8 < slot->cpus || size % 8 != 0 || !is_guest(slot->args[2], 8))
    return false;
  store<u64>(slot->args[2], slot->affinity);
  return answer(slot, 8);
}

bool read_limit(Slot* slot, u64 resource, u64 to) {
  if (resource >= wire::kLimits || !is_guest(to, 16)) return false;
  const u32 version = __atomic_load_n(&slot->limits_version, __ATOMIC_ACQUIRE);
  if ((version & 1) != 0) return false;
  const u64 soft = __atomic_load_n(&slot->limits[resource][0], __ATOMIC_RELAXED);
  const u64 hard = __atomic_load_n(&slot->limits[resource][1], __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  if (__atomic_load_n(&slot->limits_version, __ATOMIC_RELAXED) != version) return false;
  store<u64>(to, soft);
  store<u64>(to + 8, hard);
  return answer(slot, 0);
}

bool getrlimit(Slot* slot) { return read_limit(slot, slot->args[0] & 0xffffffff, slot->args[1]); }

bool prlimit64(Slot* slot) {
  const u32 pid = static_cast<u32>(slot->args[0]);
  if (slot->args[2] != 0 || (pid != 0 && pid != slot->pid && pid != slot->tid)) return false;
  return read_limit(slot, slot->args[1] & 0xffffffff, slot->args[3]);
}

// ---- The file that was opened last: fstat(2), fcntl(2) -------------------------------------------------------------------

bool is_told(const Slot* slot, u64 fd) {
  if (!allows(slot, LIMEN_ANSWER_OPENED) || static_cast<u32>(fd) != slot->opened.fd || ~slot->opened.fd == 0)
    return false;
  return __atomic_load_n(&public_page().openings, __ATOMIC_ACQUIRE) == slot->opened.openings;
}

bool fstat(Slot* slot, u64 to) {
  if (!is_told(slot, slot->args[0]) || !is_guest(to, sizeof slot->opened.stat)) return false;
  for (u64 i = 0; i < sizeof slot->opened.stat / 8; ++i) store<u64>(to + i * 8, slot->opened.stat[i]);
  return answer(slot, 0);
}

// Of the descriptor itself, as glibc's fstat asks.
bool newfstatat(Slot* slot) {
  constexpr u32 kEmptyPath = 0x1000;  // AT_EMPTY_PATH
  const u64 path = slot->args[1];
  if (static_cast<u32>(slot->args[3]) != kEmptyPath || !is_told(slot, slot->args[0])) return false;
  if (path != 0 && (!is_guest(path, 1) || load<char>(path) != 0)) return false;
  return fstat(slot, slot->args[2]);
}

bool fcntl(Slot* slot) {
  constexpr u32 kGetFd = 1, kSetFd = 2, kGetFl = 3;
  if (!is_told(slot, slot->args[0])) return false;
  switch (static_cast<u32>(slot->args[1])) {
    case kGetFd:
      return answer(slot, slot->opened.fd_flags);
    case kSetFd:
      return (slot->args[2] & 1) == slot->opened.fd_flags && answer(slot, 0);
    case kGetFl:
      return answer(slot, slot->opened.flags);
    default:
      return false;
  }
}

}  // namespace

// From patched_answer in entry.S, where LIMEN_ANSWER_STATE is set. True: slot->result is the answer.
extern "C" bool gate_answer(Slot* slot) {
  switch (slot->nr) {
    case __NR_clock_gettime:
      return allows(slot, LIMEN_ANSWER_TIME) && clock_gettime(slot);
    case __NR_clock_getres:
      return clock_getres(slot);
    case __NR_gettimeofday:
      return allows(slot, LIMEN_ANSWER_TIME) && gettimeofday(slot);
    case __NR_time:
      return allows(slot, LIMEN_ANSWER_TIME) && time(slot);
    case __NR_getcpu:
      return allows(slot, LIMEN_ANSWER_TIME) && getcpu(slot);
    case __NR_uname:
      return allows(slot, LIMEN_ANSWER_NAME) && uname(slot);
    case __NR_rt_sigprocmask:
      return rt_sigprocmask(slot);
    case __NR_rt_sigaction:
      return allows(slot, LIMEN_ANSWER_ACTIONS) && rt_sigaction(slot);
    case __NR_sigaltstack:
      return sigaltstack(slot);
    case __NR_futex:
      return futex(slot);
    case __NR_set_robust_list:
      return set_robust_list(slot);
    case __NR_sched_getaffinity:
      return sched_getaffinity(slot);
    case __NR_getrlimit:
      return getrlimit(slot);
    case __NR_prlimit64:
      return prlimit64(slot);
    case __NR_fstat:
      return fstat(slot, slot->args[1]);
    case __NR_newfstatat:
      return newfstatat(slot);
    case __NR_fcntl:
      return fcntl(slot);
    default:
      return false;
  }
}

}  // namespace limen::gate
