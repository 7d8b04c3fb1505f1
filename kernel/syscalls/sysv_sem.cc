// semget(2), semop(2), semtimedop(2), semctl(2).
#include <algorithm>

#include "kernel/ipc/sysv_sem.h"
#include "kernel/ipc/timeout.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"

namespace limen {
namespace {

Result<Ref<SemSet>> sem_set(Task& task, i32 id) {
  const Ref<IpcObject> found = TRY(ipc_of(task).sems->find(id));
  return ref_cast<SemSet>(found);
}

u32 most_operations(Task& task) { return static_cast<u32>(ipc_of(task).settings->sem[2].integer()); }

Result<i64> operate(Task& task, int semid, UserArray<In, abi::SemBuf> sops, u32 nsops, Deadline deadline) {
  if (nsops > most_operations(task)) return Errno::e2big;
  if (nsops < 1 || semid < 0) return Errno::einval;
  const u64 bytes = u64{nsops} * sizeof(abi::SemBuf);
  const MemoryCharge charge = TRY(MemoryCharge::take(task.kernel().ipc_memory(), bytes, Errno::enomem));
  std::vector<abi::SemBuf> operations = TRY(sops.read_array(task, nsops));
  const Ref<SemSet> set = TRY(sem_set(task, semid));
  const Result<void> done = set->operate(task, std::move(operations), deadline);
  if (done.is(Errno::etimedout)) return Errno::eagain;
  if (done.is(Errno::erestartsys)) return Errno::eintr;  // never restarted
  if (!done.ok()) return done.error();
  return 0;
}

Result<i64> sem_info(Task& task, i32 cmd, UserAddr arg) {
  IpcTable& table = *ipc_of(task).sems;
  abi::SemInfo all{};
  const auto& set = ipc_of(task).settings->sem;
  all.semmsl = set[0].integer(), all.semmns = set[1].integer();
  all.semopm = set[2].integer(), all.semmni = set[3].integer();
  all.semmap = all.semmnu = abi::semmns, all.semume = abi::semopm;
  all.semvmx = all.semaem = abi::semvmx;
  all.semusz = 20;
  if (cmd == abi::sem_info) {
    all.semusz = static_cast<i32>(table.count());
    all.semaem = static_cast<i32>(table.units.load());
  }
  TRY(UserOut<abi::SemInfo>(arg).write(task, all));
  return table.highest_index();
}

Result<i64> sem_status(Task& task, int semid, i32 cmd, UserAddr arg) {
  const Ref<IpcObject> found =
      TRY(cmd == abi::ipc_stat ? ipc_of(task).sems->find(semid) : ipc_of(task).sems->at_index(semid));
  SemSet& set = static_cast<SemSet&>(*found);
  abi::SemidDs ds{};
  {
    MutexGuard guard(set.lock());
    if (cmd != abi::sem_stat_any) TRY(set.check_access(task.credentials(), ipc_read));
    if (set.removed()) return Errno::eidrm;
    ds = set.status(task);
  }
  TRY(UserOut<abi::SemidDs>(arg).write(task, ds));
  return cmd == abi::ipc_stat ? 0 : set.id();
}

Result<i64> sem_change(Task& task, int semid, UserAddr arg) {
  const abi::SemidDs wanted = TRY(UserIn<abi::SemidDs>(arg).read(task));
  const Ref<SemSet> set = TRY(sem_set(task, semid));
  const i64 now = ipc_now(task);
  MutexGuard guard(set->lock());
  TRY(set->check_owner(task.credentials()));
  TRY(set->set_permissions(task.credentials(), wanted.sem_perm));
  set->changed_at = now;
  return 0;
}

Result<i64> get_one(Task& task, int semid, int semnum, i32 cmd) {
  const Ref<SemSet> set = TRY(sem_set(task, semid));
  MutexGuard guard(set->lock());
  TRY(set->check_access(task.credentials(), ipc_read));
  if (semnum < 0 || static_cast<usize>(semnum) >= set->count()) return Errno::einval;
  const usize index = static_cast<usize>(semnum);
  switch (cmd) {
    case abi::getval:
      return set->semaphores()[index].value;
    case abi::getpid:
      return task.sees(Pid(set->semaphores()[index].last_pid));
    case abi::getncnt:
      return set->waiting(index, false);
    default:
      return set->waiting(index, true);
  }
}

Result<i64> get_all(Task& task, int semid, UserAddr arg) {
  const Ref<SemSet> set = TRY(sem_set(task, semid));
  std::vector<u16> values;
  {
    MutexGuard guard(set->lock());
    TRY(set->check_access(task.credentials(), ipc_read));
    for (const SemSet::Semaphore& s : set->semaphores()) values.push_back(static_cast<u16>(s.value));
  }
  TRY(UserOut<u16>(arg).write_array(task, values));
  return 0;
}

Result<i64> set_value(Task& task, int semid, int semnum, i32 value) {
  if (value < 0 || value > abi::semvmx) return Errno::erange;
  const Ref<SemSet> set = TRY(sem_set(task, semid));
  const i64 now = ipc_now(task);
  MutexGuard guard(set->lock());
  if (semnum < 0 || static_cast<usize>(semnum) >= set->count()) return Errno::einval;
  TRY(set->check_access(task.credentials(), ipc_write));
  set->set_value(static_cast<usize>(semnum), value, task.group().pid().raw(), now);
  return 0;
}

Result<i64> set_all(Task& task, int semid, UserAddr arg) {
  const Ref<SemSet> set = TRY(sem_set(task, semid));
  {
    MutexGuard guard(set->lock());
    TRY(set->check_access(task.credentials(), ipc_write));
  }
  const std::vector<u16> values = TRY(UserIn<u16>(arg).read_array(task, set->count()));
  if (std::any_of(values.begin(), values.end(), [](u16 v) { return v > abi::semvmx; })) return Errno::erange;
  const i64 now = ipc_now(task);
  MutexGuard guard(set->lock());
  if (set->removed()) return Errno::eidrm;
  set->set_all(values, task.group().pid().raw(), now);
  return 0;
}

Result<i64> sem_remove(Task& task, int semid) {
  const Ref<SemSet> set = TRY(sem_set(task, semid));
  {
    MutexGuard guard(set->lock());
    TRY(set->check_owner(task.credentials()));
  }
  if (!ipc_of(task).sems->remove(*set)) return Errno::eidrm;
  set->remove();
  return 0;
}

}  // namespace

Result<i64> sys_semget(Task& task, IpcKey key, int nsems, IpcFlags flags) {
  if (nsems < 0 || nsems > ipc_of(task).settings->sem[0].integer()) return Errno::einval;
  bool made = false;
  const auto make = [&] { return SemSet::make(task, key.raw(), nsems, flags.raw()); };
  const Ref<IpcObject> found = TRY(ipc_of(task).sems->find_or_make(key.raw(), flags.raw(), make, &made));
  if (made) return found->id();
  if (static_cast<usize>(nsems) > static_cast<SemSet&>(*found).count()) return Errno::einval;
  MutexGuard guard(found->lock());
  const Result<void> access = found->check_access(task.credentials(), flags.raw());
  if (!access.ok()) return access.error();
  return found->id();
}

Result<i64> sys_semop(Task& task, int semid, UserArray<In, abi::SemBuf> sops, u32 nsops) {
  return operate(task, semid, sops, nsops, Deadline::never());
}

Result<i64> sys_semtimedop(Task& task, int semid, UserArray<In, abi::SemBuf> sops, u32 nsops,
                           UserIn<abi::TimeSpec> timeout) {
  if (timeout.is_null()) return operate(task, semid, sops, nsops, Deadline::never());
  const abi::TimeSpec wanted = TRY(timeout.read(task));
  if (nsops > most_operations(task)) return Errno::e2big;
  const Deadline deadline = TRY(relative_deadline(task.clock(), wanted));
  return operate(task, semid, sops, nsops, deadline);
}

Result<i64> sys_semctl(Task& task, int semid, int semnum, IpcCmd cmd, u64 arg) {
  const i32 command = cmd.raw() & ~abi::ipc_64;
  const UserAddr buf(arg);
  if (semid < 0) return Errno::einval;
  switch (command) {
    case abi::ipc_info:
    case abi::sem_info:
      return sem_info(task, command, buf);
    case abi::ipc_stat:
    case abi::sem_stat:
    case abi::sem_stat_any:
      return sem_status(task, semid, command, buf);
    case abi::ipc_set:
      return sem_change(task, semid, buf);
    case abi::ipc_rmid:
      return sem_remove(task, semid);
    case abi::getall:
      return get_all(task, semid, buf);
    case abi::getval:
    case abi::getpid:
    case abi::getncnt:
    case abi::getzcnt:
      return get_one(task, semid, semnum, command);
    case abi::setval:
      return set_value(task, semid, semnum, static_cast<i32>(arg));
    case abi::setall:
      return set_all(task, semid, buf);
    default:
      return Errno::einval;
  }
}

}  // namespace limen
