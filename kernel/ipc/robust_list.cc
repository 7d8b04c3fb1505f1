// What is left of a thread's futexes when it ends. Source: kernel/futex/core.c:exit_robust_list, handle_futex_death.
#include "abi/futex.h"
#include "kernel/ipc/futex.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/task/task.h"

namespace limen {
namespace {

enum class Entry : u8 { listed, pending };

struct RobustPointer {
  GuestAddr addr;
  bool pi = false;
  explicit RobustPointer(GuestAddr raw) : addr(raw.raw() & ~u64{1}), pi((raw.raw() & 1) != 0) {}
};

// False where the walk must end: the word is not where a futex can be.
bool handle_death(Task& task, GuestAddr addr, bool pi, Entry entry) {
  if (addr.raw() % sizeof(u32) != 0) return false;
  FutexTable& futexes = task.kernel().futexes();
  const FutexTable::Word word{addr, false};
  for (int tries = 0; tries < 1024; ++tries) {
    const Result<u32> value = task.mm().load_u32(addr);
    if (!value.ok()) return false;
    // An unlock that was cut off between the store of 0 and its wake.
    if (entry == Entry::pending && !pi && *value == 0) {
      (void)futexes.wake(task, word, 1, abi::futex_bitset_match_any);
      return true;
    }
    if ((*value & abi::futex_tid_mask) != static_cast<u32>(task.sees(task.tid()))) return true;
    const u32 desired = (*value & abi::futex_waiters) | abi::futex_owner_died;
    const Result<u32> found = task.mm().compare_exchange_u32(addr, *value, desired);
    if (!found.ok()) return false;
    if (*found != *value) continue;
    if (!pi && (*value & abi::futex_waiters) != 0) (void)futexes.wake(task, word, 1, abi::futex_bitset_match_any);
    return true;
  }
  return true;
}

void walk_robust_list(Task& task) {
  u64 listed = 0;
  task.with_cpu([&](platform::GuestThread& cpu) {
    listed = cpu.robust_list();
    cpu.set_robust_list(0);
  });
  if (listed == 0) return;
  const GuestAddr head(listed);
  const Result<abi::RobustListHead> list = UserIn<abi::RobustListHead>(head).read(task);
  if (!list.ok()) return;
  const RobustPointer pending(list->list_op_pending);
  const u64 offset = static_cast<u64>(list->futex_offset);
  RobustPointer entry(list->list.next);
  for (u32 count = 0; count < abi::robust_list_limit && entry.addr != head; ++count) {
    // The next one first: the entry may be gone once its word is given up.
    const Result<abi::RobustList> next = UserIn<abi::RobustList>(entry.addr).read(task);
    if (entry.addr != pending.addr && !handle_death(task, entry.addr + offset, entry.pi, Entry::listed)) return;
    if (!next.ok()) return;
    entry = RobustPointer(next->next);
  }
  if (!pending.addr.is_null()) handle_death(task, pending.addr + offset, pending.pi, Entry::pending);
}

}  // namespace

void exit_robust_list(Task& task) {
  task.kernel().futexes().owner_died(task);
  walk_robust_list(task);
}

void clear_child_tid_wake(Task& task) {
  if (task.clear_child_tid == 0) return;
  const GuestAddr addr(std::exchange(task.clear_child_tid, 0));
  if (!UserOut<i32>(addr).write(task, 0).ok()) return;
  (void)task.kernel().futexes().wake(task, {addr, false}, 1, abi::futex_bitset_match_any);
}

}  // namespace limen
