#include "kernel/ipc/sysv_sem.h"

#include <algorithm>

#include "kernel/kernel.h"

namespace limen {
namespace {

constexpr u64 kSetCost = 512, kUndoCost = 256;
constexpr i32 kSemaem = abi::semvmx;

}  // namespace

void UndoList::add(Ref<SemSet> set) {
  MutexGuard guard(lock_);
  SemSet* key = set.get();
  sets_.emplace(key, std::move(set));
}

void UndoList::forget(SemSet& set) {
  Ref<SemSet> gone;
  MutexGuard guard(lock_);
  const auto it = sets_.find(&set);
  if (it == sets_.end()) return;
  gone = std::move(it->second);
  sets_.erase(it);
}

std::vector<Ref<SemSet>> UndoList::take() {
  MutexGuard guard(lock_);
  std::vector<Ref<SemSet>> all;
  for (auto& [key, set] : sets_) all.push_back(std::move(set));
  sets_.clear();
  return all;
}

namespace {
// Made when it is first needed.
Ref<UndoList> own_undo_list(Task& task) {
  if (!task.sem_undo()) task.set_sem_undo(make_ref<UndoList>());
  return ref_cast<UndoList>(task.sem_undo());
}
}  // namespace

void inherit_sem_undo(Task& parent, Task& child, SemUndo how) {
  if (how == SemUndo::none) return;
  own_undo_list(parent)->users.fetch_add(1);
  child.set_sem_undo(parent.sem_undo());
}

void exit_sem_undo(Task& task) {
  const Ref<UndoList> list = ref_cast<UndoList>(task.sem_undo());
  if (!list) return;
  task.set_sem_undo({});
  if (list->users.fetch_sub(1) != 1) return;
  for (const Ref<SemSet>& set : list->take()) set->undo(*list, task.group().pid().raw(), ipc_now(task));
}

SemSet::SemSet(Task& task, i32 key, int count, u32 flags, MemoryCharge charge)
    : IpcObject(task, key, flags, LockRank::ipc),
      table_(ipc_of(task).sems),
      account_(task.kernel().ipc_memory()),
      charge_(std::move(charge)),
      semaphores_(static_cast<usize>(count)) {}

SemSet::~SemSet() { table_->units -= semaphores_.size(); }

Result<Ref<IpcObject>> SemSet::make(Task& task, i32 key, int count, u32 flags) {
  if (count == 0) return Errno::einval;
  IpcTable& table = *ipc_of(task).sems;
  const i64 most = ipc_of(task).settings->sem[1].integer();
  if (static_cast<i64>(table.units.load()) + count > most) return Errno::enospc;
  const u64 cost = kSetCost + static_cast<u64>(count) * sizeof(Semaphore);
  MemoryCharge charge = TRY(MemoryCharge::take(task.kernel().ipc_memory(), cost, Errno::enomem));
  table.units += static_cast<u64>(count);
  return Ref<IpcObject>::adopt(new SemSet(task, key, count, flags, std::move(charge)));
}

Result<std::vector<i16>*> SemSet::adjustments(UndoList& list) {
  auto it = undo_.find(&list);
  if (it == undo_.end()) {
    const u64 cost = kUndoCost + semaphores_.size() * sizeof(i16);
    MemoryCharge charge = TRY(MemoryCharge::take(account_, cost, Errno::enomem));
    it = undo_.emplace(&list, Adjustments{std::vector<i16>(semaphores_.size()), std::move(charge)}).first;
    list.add(Ref<SemSet>(this));
  }
  return &it->second.by;
}

// Linux: perform_atomic_semop. Each operation sees what those before it did; nothing stays done unless all can be.
Result<void> SemSet::attempt(Waiter& waiter, i64 now) {
  std::vector<i16>* adjust = nullptr;
  const auto takes_back = [&](usize done) {
    while (done-- > 0) {
      const abi::SemBuf& op = (*waiter.operations)[done];
      semaphores_[op.sem_num].value -= op.sem_op;
      if ((op.sem_flg & static_cast<i16>(abi::sem_undo)) != 0)
        (*adjust)[op.sem_num] = static_cast<i16>((*adjust)[op.sem_num] + op.sem_op);
    }
  };
  if (waiter.undo != nullptr) adjust = TRY(adjustments(*waiter.undo));
  for (usize i = 0; i < waiter.operations->size(); ++i) {
    const abi::SemBuf& op = (*waiter.operations)[i];
    Semaphore& sem = semaphores_[op.sem_num];
    const i32 result = sem.value + op.sem_op;
    if ((op.sem_op == 0 && sem.value != 0) || result < 0) {
      takes_back(i);
      waiter.blocking = &op;
      return Errno::eagain;
    }
    bool out_of_range = result > abi::semvmx;
    if (!out_of_range && (op.sem_flg & static_cast<i16>(abi::sem_undo)) != 0) {
      const i32 undo = (*adjust)[op.sem_num] - op.sem_op;
      out_of_range = undo < -kSemaem - 1 || undo > kSemaem;
      if (!out_of_range) (*adjust)[op.sem_num] = static_cast<i16>(undo);
    }
    if (out_of_range) {
      takes_back(i);
      return Errno::erange;
    }
    sem.value = result;
  }
  for (const abi::SemBuf& op : *waiter.operations) semaphores_[op.sem_num].last_pid = waiter.pid;
  operated_at_ = now;
  return success;
}

// After a change of values: the first in the queue that can go on does, and the search begins anew, since it may have changed
// what others wait for.
void SemSet::wake_possible(i64 now) {
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    Waiter& waiter = **it;
    const Result<void> outcome = attempt(waiter, now);
    if (outcome.is(Errno::eagain)) {
      ++it;
      continue;
    }
    it = waiters_.erase(it);
    waiter.done = true, waiter.outcome = outcome;
    waiter.queue->wake();
    if (outcome.ok()) it = waiters_.begin();
  }
}

Result<void> SemSet::operate(Task& task, std::vector<abi::SemBuf> operations, Deadline deadline) {
  bool alters = false, undoes = false, waits = true;
  for (const abi::SemBuf& op : operations) {
    if (op.sem_num >= semaphores_.size()) return Errno::efbig;
    alters = alters || op.sem_op != 0;
    undoes = undoes || (op.sem_flg & static_cast<i16>(abi::sem_undo)) != 0;
  }
  const Ref<UndoList> undo_list = undoes ? own_undo_list(task) : Ref<UndoList>();
  WaitQueue queue;
  Waiter waiter{&operations, undo_list.get(), task.group().pid().raw(), nullptr, false, success, &queue};
  const i64 now = ipc_now(task);
  {
    MutexGuard guard(lock_);
    TRY(check_access(task.credentials(), alters ? ipc_write : ipc_read));
    const Result<void> outcome = attempt(waiter, now);
    if (outcome.ok() && alters) wake_possible(now);
    if (!outcome.is(Errno::eagain)) return outcome;
    waits = (waiter.blocking->sem_flg & static_cast<i16>(abi::ipc_nowait)) == 0;
    if (!waits) return Errno::eagain;
    waiters_.push_back(&waiter);
  }
  const Result<void> slept = task.block(queue, deadline, [&]() -> Result<void> {
    MutexGuard guard(lock_);
    return waiter.done ? success : Result<void>(Errno::eagain);
  });
  MutexGuard guard(lock_);
  if (waiter.done) return waiter.outcome;
  waiters_.remove(&waiter);
  return slept;
}

u32 SemSet::waiting(usize index, bool for_zero) const {
  return static_cast<u32>(std::count_if(waiters_.begin(), waiters_.end(), [&](const Waiter* w) {
    return w->blocking != nullptr && w->blocking->sem_num == index && (w->blocking->sem_op == 0) == for_zero;
  }));
}

void SemSet::set_value(usize index, i32 value, i32 pid, i64 now) {
  for (auto& [list, adjust] : undo_) adjust.by[index] = 0;
  semaphores_[index] = {value, pid};
  changed_at = now;
  wake_possible(now);
}

void SemSet::set_all(const std::vector<u16>& values, i32 pid, i64 now) {
  for (auto& [list, adjust] : undo_) std::fill(adjust.by.begin(), adjust.by.end(), i16{0});
  for (usize i = 0; i < values.size(); ++i) semaphores_[i] = {values[i], pid};
  changed_at = now;
  wake_possible(now);
}

abi::SemidDs SemSet::status(const Task& reader) const {
  abi::SemidDs ds{};
  ds.sem_perm = permissions(reader.credentials());
  ds.sem_otime = operated_at_, ds.sem_ctime = changed_at;
  ds.sem_nsems = semaphores_.size();
  return ds;
}

void SemSet::remove() {
  MutexGuard guard(lock_);
  removed_ = true;
  for (auto& [list, adjust] : undo_) list->forget(*this);
  undo_.clear();
  for (Waiter* waiter : waiters_) {
    waiter->done = true, waiter->outcome = Errno::eidrm;
    waiter->queue->wake();
  }
  waiters_.clear();
}

void SemSet::undo(UndoList& list, i32 pid, i64 now) {
  MutexGuard guard(lock_);
  const auto it = undo_.find(&list);
  if (it == undo_.end()) return;
  for (usize i = 0; i < semaphores_.size(); ++i) {
    const i32 by = it->second.by[i];
    if (by == 0) continue;
    semaphores_[i] = {std::clamp(semaphores_[i].value + by, 0, abi::semvmx), pid};
  }
  undo_.erase(it);
  operated_at_ = now;
  wake_possible(now);
}

}  // namespace limen
