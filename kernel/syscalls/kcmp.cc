// kcmp(2): do two tasks share a resource?
#include <cstring>

#include "kernel/ipc/epoll.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

enum : int { kFile, kVm, kFiles, kFs, kSighand, kIo, kSysvsem, kEpollTfd };  // KCMP_*

// ptrace's rule for reading another's state: the same user in all three identities, or CAP_SYS_PTRACE.
bool may_look(Task& task, Task& target) {
  if (&task.group() == &target.group()) return true;
  const Credentials& mine = task.credentials();
  const Ref<const Credentials> theirs = target.credentials_ref();
  if (mine.capable(Capability::sys_ptrace)) return true;
  const bool same = mine.uid == theirs->euid && mine.uid == theirs->suid && mine.uid == theirs->uid &&
                    mine.gid == theirs->egid && mine.gid == theirs->sgid && mine.gid == theirs->gid;
  return same && target.group().dumpable == 1;
}

// An order that is the same each time and tells no address: mixed with what only this kernel knows.
i64 compare(Kernel& kernel, const void* a, const void* b) {
  if (a == b) return 0;
  u64 secret[2] = {};
  std::memcpy(secret, kernel.boot_id().data(), sizeof secret);
  secret[0] ^= reinterpret_cast<u64>(&kernel);
  const auto mix = [&](const void* p) { return (reinterpret_cast<u64>(p) ^ secret[0]) * (secret[1] | 1); };
  return mix(a) < mix(b) ? 1 : 2;
}

Result<Ref<File>> any_file_of(Task& task, u64 fd) {
  const Ref<FdTable> files = task.files_ref();
  if (!files) return Errno::ebadf;
  return files->get(Fd(static_cast<i32>(fd)));
}

// KCMP_EPOLL_TFD: is the first task's file what an epoll of the second watches? Linux: kcmp_epoll_target.
Result<i64> compare_watched(Task& task, Task& first, u64 fd, Task& second, u64 slot_at) {
  struct Slot {  // kcmp_epoll_slot
    u32 efd, tfd, toff;
  };
  const Slot slot = TRY(UserIn<Slot>(GuestAddr(slot_at)).read(task));
  const Ref<File> file = TRY(any_file_of(first, fd));
  const Ref<File> holder = TRY(any_file_of(second, slot.efd));
  const auto epoll = ref_cast<EpollFile>(holder);
  if (!epoll) return Errno::einval;
  const File* watched = TRY(epoll->epoll()->watched(Fd(static_cast<i32>(slot.tfd)), slot.toff));
  return compare(task.kernel(), file.get(), watched);
}

}  // namespace

Result<i64> sys_kcmp(Task& task, Pid pid1, Pid pid2, int type, u64 idx1, u64 idx2) {
  Kernel& kernel = task.kernel();
  Ref<Task> a, b;
  {
    ReadGuard tree(kernel.process_tree);
    const PidNamespace& pids = *task.namespaces().pid;
    a = pids.find(pid1), b = pids.find(pid2);
  }
  if (!a || !b) return Errno::esrch;
  if (!may_look(task, *a) || !may_look(task, *b)) return Errno::eperm;
  switch (type) {
    case kFile: {
      const Ref<File> first = TRY(any_file_of(*a, idx1));
      const Ref<File> second = TRY(any_file_of(*b, idx2));
      return compare(kernel, first.get(), second.get());
    }
    case kVm:
      return compare(kernel, a->mm_ref().get(), b->mm_ref().get());
    case kFiles:
      return compare(kernel, a->files_ref().get(), b->files_ref().get());
    case kFs:
      return compare(kernel, a->fs_ref().get(), b->fs_ref().get());
    case kSighand:
      return compare(kernel, a->handlers_ref().get(), b->handlers_ref().get());
    case kIo:  // no task shares an I/O context: none has one
      return 0;
    case kSysvsem:
      return compare(kernel, a->sem_undo().get(), b->sem_undo().get());
    case kEpollTfd:
      return compare_watched(task, *a, idx1, *b, idx2);
    default:
      return Errno::einval;
  }
}

}  // namespace limen
