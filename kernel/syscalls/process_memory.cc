// process_madvise(2), process_mrelease(2), cachestat(2).
#include "abi/mman.h"
#include "abi/socket.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/page_store.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/pidfd.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

Result<Ref<Task>> task_of(Task& task, Fd pidfd) {
  const Ref<File> file = TRY(task.files().get(pidfd));
  return task_of_pidfd(*file);
}

// What one process may advise another. Linux: process_madvise_remote_valid.
bool may_be_remote(i32 advice) {
  return advice == abi::madv_cold || advice == abi::madv_pageout || advice == abi::madv_willneed ||
         advice == abi::madv_collapse;
}

// mm_access: whose memory may be looked at, and with CAP_SYS_NICE advised.
Result<void> may_advise(Task& task, Task& target) {
  const Credentials& mine = task.credentials();
  const Ref<const Credentials> theirs = target.credentials_ref();
  const bool same = mine.fsuid == theirs->euid && mine.fsuid == theirs->suid && mine.fsuid == theirs->uid &&
                    mine.fsgid == theirs->egid && mine.fsgid == theirs->sgid && mine.fsgid == theirs->gid;
  if (!same && !mine.has_capability(theirs->user_ns.get(), Capability::sys_ptrace)) return Errno::eacces;
  return mine.capable(Capability::sys_nice) ? Result<void>() : Errno::eperm;
}

}  // namespace

Result<i64> sys_process_madvise(Task& task, Fd pidfd, UserArray<In, abi::IoVec> iov, u64 vlen, MadviseAdvice advice,
                                u32 flags) {
  if (flags != 0) return Errno::einval;
  if (vlen > abi::uio_maxiov) return Errno::einval;
  const std::vector<abi::IoVec> ranges = TRY(iov.read_array(task, vlen));
  const Ref<Task> target = TRY(task_of(task, pidfd));
  const Ref<Mm> mm = target->mm_ref();
  if (!mm) return Errno::esrch;
  if (mm.get() != &task.mm()) {
    if (!may_be_remote(advice.raw())) return Errno::einval;
    TRY(may_advise(task, *target));
  }
  u64 done = 0;
  for (const abi::IoVec& range : ranges) {
    const Result<void> advised = mm->madvise(range.iov_base, range.iov_len, advice.raw());
    if (!advised.ok()) {
      if (done != 0) break;
      return advised.error();
    }
    done += range.iov_len;
  }
  return static_cast<i64>(done);
}

Result<i64> sys_process_mrelease(Task& task, Fd pidfd, u32 flags) {
  if (flags != 0) return Errno::einval;
  const Ref<Task> target = TRY(task_of(task, pidfd));
  bool exiting = false;
  {
    MutexGuard guard(target->group().lock);
    exiting = target->group().exiting;
  }
  if (!target->mm_ref()) return Errno::esrch;
  return exiting ? Result<i64>(0) : Result<i64>(Errno::einval);
}

Result<i64> sys_cachestat(Task& task, Fd fd, UserIn<abi::CachestatRange> range, UserOut<abi::Cachestat> cstat,
                          u32 flags) {
  const Ref<File> file = TRY(task.files().get(fd));
  const abi::CachestatRange wanted = TRY(range.read(task));
  if (file->is_path_only()) return Errno::ebadf;
  if (flags != 0) return Errno::einval;
  abi::Cachestat told{};
  const Result<MappingSource> source = file->mapping();
  if (source.ok() && source->store) {
    const u64 first = wanted.off / kPageSize;
    const u64 end = wanted.len == 0 || wanted.off + wanted.len < wanted.off
                        ? ~u64{0} / kPageSize
                        : (wanted.off + wanted.len - 1) / kPageSize + 1;
    PageStore& store = *source->store;
    for (u64 at = first; at < end;) {
      const std::optional<StoreRun> run = store.find_run(at, end);
      if (!run) break;
      const u64 pages = run->range.length / kPageSize;
      store.arena().unref(run->range);
      told.nr_cache += pages;
      at = run->first + pages;
    }
  }
  TRY(cstat.write(task, told));
  return 0;
}

}  // namespace limen
