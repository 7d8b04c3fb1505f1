// shmget(2), shmat(2), shmdt(2), shmctl(2).
#include "kernel/ipc/sysv_shm.h"
#include "abi/fcntl.h"
#include "abi/mman.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/syscalls/syscalls.h"

namespace limen {
namespace {

Result<Ref<ShmSegment>> segment(Task& task, i32 id) {
  const Ref<IpcObject> found = TRY(ipc_of(task).shms->find(id));
  return ref_cast<ShmSegment>(found);
}

Result<i64> shm_info(Task& task, UserAddr buf) {
  abi::ShmInfo64 all{};
  all.shmmin = 1;
  const IpcSettings& set = *ipc_of(task).settings;
  all.shmmni = all.shmseg = set.shmmni;
  all.shmmax = set.shmmax, all.shmall = set.shmall;
  TRY(UserOut<abi::ShmInfo64>(buf).write(task, all));
  return ipc_of(task).shms->highest_index();
}

Result<i64> usage(Task& task, UserAddr buf) {
  IpcTable& table = *ipc_of(task).shms;
  abi::ShmInfo now{};
  for (const Ref<IpcObject>& object : table.all()) {
    now.shm_rss += static_cast<ShmSegment&>(*object).store().resident_pages();
    ++now.used_ids;
  }
  now.shm_tot = table.units.load();
  TRY(UserOut<abi::ShmInfo>(buf).write(task, now));
  return table.highest_index();
}

Result<i64> shm_status(Task& task, int shmid, i32 cmd, UserAddr buf) {
  const Ref<IpcObject> found =
      TRY(cmd == abi::ipc_stat ? ipc_of(task).shms->find(shmid) : ipc_of(task).shms->at_index(shmid));
  ShmSegment& shm = static_cast<ShmSegment&>(*found);
  abi::ShmidDs ds{};
  {
    MutexGuard guard(shm.lock());
    if (cmd != abi::shm_stat_any) TRY(shm.check_access(task.credentials(), ipc_read));
    if (shm.removed()) return Errno::eidrm;
    ds = shm.status(task);
  }
  ds.shm_cpid = task.sees(Pid(ds.shm_cpid)), ds.shm_lpid = task.sees(Pid(ds.shm_lpid));
  TRY(UserOut<abi::ShmidDs>(buf).write(task, ds));
  return cmd == abi::ipc_stat ? 0 : shm.id();
}

Result<i64> shm_change(Task& task, int shmid, UserAddr buf) {
  const abi::ShmidDs wanted = TRY(UserIn<abi::ShmidDs>(buf).read(task));
  const Ref<ShmSegment> shm = TRY(segment(task, shmid));
  const i64 now = ipc_now(task);
  MutexGuard guard(shm->lock());
  TRY(shm->check_owner(task.credentials()));
  TRY(shm->set_permissions(task.credentials(), wanted.shm_perm));
  shm->changed_at = now;
  return 0;
}

// Pages of shared memory are not swapped here: what remains of a lock is who may set it, and that it shows.
Result<i64> set_locked(Task& task, int shmid, bool locked) {
  const Ref<ShmSegment> shm = TRY(segment(task, shmid));
  const Credentials& who = task.credentials();
  MutexGuard guard(shm->lock());
  if (shm->removed()) return Errno::eidrm;
  if (!who.capable_in(ipc_of(task), Capability::ipc_lock)) {
    if (who.euid.raw() != shm->uid_ && who.euid.raw() != shm->cuid_) return Errno::eperm;
    constexpr usize kRlimitMemlock = 8;
    if (locked && task.group().limit(kRlimitMemlock).soft == 0) return Errno::eperm;
  }
  shm->set_locked(locked);
  return 0;
}

}  // namespace

Result<i64> sys_shmget(Task& task, IpcKey key, usize size, IpcFlags flags) {
  bool made = false;
  const auto make = [&] { return ShmSegment::make(task, key.raw(), size, flags.raw()); };
  const Ref<IpcObject> found = TRY(ipc_of(task).shms->find_or_make(key.raw(), flags.raw(), make, &made));
  if (made) return found->id();
  if (static_cast<ShmSegment&>(*found).size() < size) return Errno::einval;
  MutexGuard guard(found->lock());
  const Result<void> access = found->check_access(task.credentials(), flags.raw());
  if (!access.ok()) return access.error();
  return found->id();
}

Result<i64> sys_shmat(Task& task, int shmid, GuestAddr addr, IpcFlags flags) {
  if (shmid < 0) return Errno::einval;
  MmapRequest request;
  request.flags = abi::map_shared;
  if (!addr.is_null()) {
    u64 at = addr.raw();
    if ((at & (abi::shmlba - 1)) != 0) {
      if (!flags.any(abi::shm_rnd)) return Errno::einval;
      at &= ~(abi::shmlba - 1);
      if (at == 0 && flags.any(abi::shm_remap)) return Errno::einval;
    }
    request.addr = GuestAddr(at);
    request.flags |= flags.any(abi::shm_remap) ? abi::map_fixed : abi::map_fixed_noreplace;
  } else if (flags.any(abi::shm_remap)) {
    return Errno::einval;
  }
  const bool read_only = flags.any(abi::shm_rdonly);
  request.prot = read_only ? abi::prot_read : abi::prot_read | abi::prot_write;
  u32 wanted = read_only ? ipc_read : ipc_read | ipc_write;
  if (flags.any(abi::shm_exec)) request.prot |= abi::prot_exec, wanted |= 0111;
  const Ref<ShmSegment> shm = TRY(segment(task, shmid));
  {
    MutexGuard guard(shm->lock());
    TRY(shm->check_access(task.credentials(), wanted));
  }
  request.length = shm->size();
  request.file = shm->open(task, read_only ? abi::o_rdonly : abi::o_rdwr);
  const Result<GuestAddr> at = task.mm().mmap(task, request);
  if (at.is(Errno::eexist)) return Errno::einval;
  if (!at.ok()) return at.error();
  shm->attached(task.group().pid().raw(), ipc_now(task));
  return static_cast<i64>(at->raw());
}

Result<i64> sys_shmdt(Task& task, GuestAddr addr) {
  TRY(task.mm().detach(addr, [](File& file) { return segment_of(file) != nullptr; }));
  return 0;
}

Result<i64> sys_shmctl(Task& task, int shmid, IpcCmd cmd, UserAddr buf) {
  const i32 command = cmd.raw() & ~abi::ipc_64;
  if (cmd.raw() < 0 || shmid < 0) return Errno::einval;
  switch (command) {
    case abi::ipc_info:
      return shm_info(task, buf);
    case abi::shm_info:
      return usage(task, buf);
    case abi::ipc_stat:
    case abi::shm_stat:
    case abi::shm_stat_any:
      return shm_status(task, shmid, command, buf);
    case abi::ipc_set:
      return shm_change(task, shmid, buf);
    case abi::shm_lock:
    case abi::shm_unlock:
      return set_locked(task, shmid, command == abi::shm_lock);
    case abi::ipc_rmid: {
      const Ref<ShmSegment> shm = TRY(segment(task, shmid));
      {
        MutexGuard guard(shm->lock());
        TRY(shm->check_owner(task.credentials()));
      }
      shm->remove();
      return 0;
    }
    default:
      return Errno::einval;
  }
}

}  // namespace limen
