#include "kernel/vfs/leases.h"

#include <algorithm>

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/task/deferred.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/async.h"
#include "kernel/vfs/file.h"

namespace limen {
namespace {

// fs.lease-break-time; 0 gives all the time there is. Linux: __break_lease.
Deadline break_deadline(Kernel& kernel, u64 now) {
  const u64 seconds = kernel.settings().lease_break_time;
  return seconds == 0 ? Deadline::never() : Deadline::at(now + seconds * 1'000'000'000);
}

class Leases final : public RefCounted {
 public:
  // Is there a lease that an opener has to break? Tells its holders, once. The earliest deadline of those that are left.
  struct Conflict {
    bool any = false;
    Deadline deadline = Deadline::never();
  };
  Conflict start_break(Kernel& kernel, bool writes) {
    Conflict found;
    MutexGuard guard(lock_);
    const u64 now = kernel.clock().monotonic_ns();
    expire(now);
    for (Lease& lease : leases_) {
      if (!writes && lease.type != abi::f_wrlck) continue;
      const bool told = lease.breaks_to == abi::f_unlck || (!writes && lease.breaks_to == abi::f_rdlck);
      if (!told) {
        lease.breaks_to = writes ? abi::f_unlck : abi::f_rdlck;
        lease.deadline = break_deadline(kernel, now);
        defer(kernel, Ref<RefCounted>(this), [&kernel, owner = lease.file->async_owner(), fd = lease.fd] {
          send_sigio(kernel, owner, fd, IoReason::msg);
        });
      }
      found.any = true;
      found.deadline = std::min(found.deadline, lease.deadline);
    }
    return found;
  }

  Result<void> set(File& file, Fd fd, i32 type, const Inode& inode) {
    {
      MutexGuard guard(lock_);
      Lease* own = nullptr;
      TRY(check_openings(file, type, inode));
      for (Lease& lease : leases_) {
        if (lease.file == &file) {
          own = &lease;
        } else if (type == abi::f_wrlck || lease.breaks_to == abi::f_unlck) {
          return Errno::eagain;
        }
      }
      if (own != nullptr) {
        own->type = type, own->fd = fd;
        own->breaks_to = kNoBreak;
      } else {
        leases_.push_back({&file, fd, type});
      }
    }
    changed.wake();
    return success;
  }

  bool remove(const File& file) {
    {
      MutexGuard guard(lock_);
      if (std::erase_if(leases_, [&](const Lease& lease) { return lease.file == &file; }) == 0) return false;
    }
    changed.wake();
    return true;
  }

  i32 type_of(const File& file, u64 now) {
    MutexGuard guard(lock_);
    expire(now);
    for (const Lease& lease : leases_) {
      if (lease.file == &file) return lease.breaks_to == kNoBreak ? lease.type : lease.breaks_to;
    }
    return abi::f_unlck;
  }

  WaitQueue changed;

 private:
  static constexpr i32 kNoBreak = -1;
  struct Lease {
    File* file;  // which takes itself out before its end
    Fd fd;
    i32 type;
    i32 breaks_to = kNoBreak;
    Deadline deadline = Deadline::never();
  };
  // Linux: check_conflicting_open. The one opening that a write lease may meet is its own.
  static Result<void> check_openings(const File& file, i32 type, const Inode& inode) {
    if (type == abi::f_rdlck) return inode.writers() > 0 ? Result<void>(Errno::eagain) : Result<void>();
    const i32 own_writes = file.writable() ? 1 : 0;
    const bool alone = inode.writers() == own_writes && inode.readers() == 1 - own_writes;
    return alone ? Result<void>() : Result<void>(Errno::eagain);
  }
  // Holders that let their time pass: the kernel gives up for them.
  void expire(u64 now) REQUIRES(lock_) {
    std::erase_if(leases_, [now](Lease& lease) {
      if (lease.breaks_to == kNoBreak || lease.deadline.ns() > now) return false;
      if (lease.breaks_to == abi::f_unlck) return true;
      lease.type = abi::f_rdlck, lease.breaks_to = kNoBreak;
      return false;
    });
  }

  Mutex lock_{LockRank::ipc};
  std::vector<Lease> leases_ GUARDED_BY(lock_);
};

Ref<Leases> existing(Inode& inode) {
  const Ref<RefCounted> leases = inode.attachment(Inode::Attachment::leases);
  return leases ? ref_cast<Leases>(leases) : Ref<Leases>();
}

}  // namespace

Result<void> set_lease(Task& task, File& file, Fd fd, i32 type) {
  if (type != abi::f_rdlck && type != abi::f_wrlck && type != abi::f_unlck) return Errno::einval;
  if (!file.has_inode()) return Errno::einval;
  const Attributes attributes = TRY(file.attributes());
  const Credentials& creds = task.credentials();
  if (creds.fsuid != attributes.uid && !creds.capable(Capability::lease)) return Errno::eacces;
  if (!attributes.is_regular() || !task.kernel().settings().leases_enable.on()) return Errno::einval;
  Inode& inode = file.inode();
  if (type == abi::f_unlck) {
    const Ref<Leases> leases = existing(inode);
    if (!leases || !leases->remove(file)) return Errno::eagain;
    file.set_async_owner({});
    return success;
  }
  const Ref<Leases> leases = ref_cast<Leases>(
      inode.attachment_or(Inode::Attachment::leases, [] { return Ref<RefCounted>(make_ref<Leases>()); }));
  TRY(leases->set(file, fd, type, inode));
  own_if_unowned(task, file);
  return success;
}

Result<i64> lease_of(File& file) {
  const Ref<Leases> leases = file.has_inode() ? existing(file.inode()) : Ref<Leases>();
  return leases ? leases->type_of(file, 0) : abi::f_unlck;
}

Result<void> break_leases(Task& task, Inode& inode, u32 flags) {
  const Ref<Leases> leases = existing(inode);
  if (!leases) return success;
  const bool writes = (flags & abi::o_accmode) != abi::o_rdonly;
  Leases::Conflict conflict = leases->start_break(task.kernel(), writes);
  if (!conflict.any) return success;
  if ((flags & abi::o_nonblock) != 0) return Errno::eagain;
  while (conflict.any) {
    const Result<void> waited = task.block(leases->changed, conflict.deadline, [&]() -> Result<void> {
      conflict = leases->start_break(task.kernel(), writes);
      return conflict.any ? Result<void>(Errno::eagain) : Result<void>();
    });
    if (!waited.ok() && !waited.is(Errno::etimedout)) return waited;
    conflict = leases->start_break(task.kernel(), writes);
  }
  return success;
}

void release_lease(File& file) {
  if (const Ref<Leases> leases = existing(file.inode())) leases->remove(file);
}

}  // namespace limen
