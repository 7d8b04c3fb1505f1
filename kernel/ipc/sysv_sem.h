// System V semaphores. A blocked operation is a Waiter in its set's queue; whoever changes a value carries out what became
// possible, in order of arrival, and tells the waiter. So an operation is done once, whole, under the set's lock.
// Source: semget(2), semop(2), semctl(2), ipc/sem.c.
//
// Undo: a set keeps each UndoList's adjustments under its own lock; a list knows its sets under a leaf lock. A list ends with the
// last task that shares it (CLONE_SYSVSEM), and is forgotten by a set that is removed.
#pragma once

#include <list>
#include <map>
#include <set>
#include <vector>

#include "kernel/ipc/sysv.h"
#include "kernel/task/task.h"

namespace limen {

class SemSet;

class UndoList final : public RefCounted {
 public:
  std::atomic<u32> users{1};  // tasks
  void add(Ref<SemSet> set);
  void forget(SemSet& set);
  std::vector<Ref<SemSet>> take();

 private:
  Mutex lock_{LockRank::leaf};
  std::map<SemSet*, Ref<SemSet>> sets_ GUARDED_BY(lock_);
};

// clone(2): the child shares its parent's list, or begins without one.
enum class SemUndo : u8 { shared, none };
void inherit_sem_undo(Task& parent, Task& child, SemUndo how);
void exit_sem_undo(Task& task);  // exit(2), unshare(CLONE_SYSVSEM)

class SemSet final : public IpcObject {
 public:
  static Result<Ref<IpcObject>> make(Task& task, i32 key, int count, u32 flags);
  ~SemSet() override;
  usize count() const { return semaphores_.size(); }

  // semop(2): eidrm, eacces, efbig, erange, eagain, enomem; etimedout, erestartsys.
  Result<void> operate(Task& task, std::vector<abi::SemBuf> operations, Deadline deadline);

  // semctl(2), all under lock().
  struct Semaphore {
    i32 value = 0;
    i32 last_pid = 0;
  };
  const std::vector<Semaphore>& semaphores() const { return semaphores_; }
  u32 waiting(usize index, bool for_zero) const;
  void set_value(usize index, i32 value, i32 pid, i64 now);
  void set_all(const std::vector<u16>& values, i32 pid, i64 now);
  abi::SemidDs status(const Task& reader) const;
  void remove();  // takes lock() itself

  void undo(UndoList& list, i32 pid, i64 now);  // takes lock() itself

 private:
  friend class UndoList;
  struct Waiter {
    const std::vector<abi::SemBuf>* operations;
    UndoList* undo;
    i32 pid;
    const abi::SemBuf* blocking = nullptr;
    bool done = false;
    Result<void> outcome;
    WaitQueue* queue;
  };
  SemSet(Task& task, i32 key, int count, u32 flags, MemoryCharge charge);
  // Carries the operations out or says why not; eagain: `*blocking` is the one in the way.
  Result<void> attempt(Waiter& waiter, i64 now);
  void wake_possible(i64 now);
  Result<std::vector<i16>*> adjustments(UndoList& list);

  const Ref<IpcTable> table_;
  MemoryAccount& account_;
  const MemoryCharge charge_;
  std::vector<Semaphore> semaphores_;
  std::list<Waiter*> waiters_;
  struct Adjustments {
    std::vector<i16> by;
    MemoryCharge charge;
  };
  std::map<UndoList*, Adjustments> undo_;
  i64 operated_at_ = 0;
};

}  // namespace limen
