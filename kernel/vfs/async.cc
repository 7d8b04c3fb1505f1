#include "kernel/vfs/async.h"

#include "abi/fcntl.h"
#include "abi/landlock.h"
#include "abi/signal.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/task/deferred.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

// Linux: sigio_perm, hook_file_send_sigiotask.
bool may_signal(const File::AsyncOwner& owner, Task& target) {
  const Ref<const Credentials> theirs = target.credentials_ref();
  if (!theirs) return false;
  if (owner.landlock && owner.landlock->is_scoped_from(theirs->landlock.get(), abi::landlock_scope_signal))
    return false;
  return owner.euid == Uid(0) || owner.euid == theirs->suid || owner.euid == theirs->uid || owner.uid == theirs->suid ||
         owner.uid == theirs->uid;
}

i64 band_of(IoReason reason) {
  switch (reason) {
    case IoReason::in:
      return kPollIn | kPollRdNorm;
    case IoReason::out:
      return kPollOut | kPollWrNorm | kPollWrBand;
    case IoReason::msg:
      return kPollIn | kPollRdNorm | kPollMsg;
    case IoReason::err:
      return kPollErr;
    case IoReason::pri:
      return kPollPri | kPollRdBand;
    case IoReason::hup:
      return kPollHup | kPollErr;
  }
  return 0;
}

// Signals whose own codes would be mistaken for POLL_*. Linux: SIG_SPECIFIC_SICODES_MASK.
bool has_own_codes(Signal s) {
  return s == sig::ill || s == sig::fpe || s == sig::segv || s == sig::bus || s == sig::trap || s == sig::chld ||
         s == sig::sys;
}

void tell(const File::AsyncOwner& owner, Task& target, Fd fd, IoReason reason) {
  if (!may_signal(owner, target)) return;
  const auto send = [&](const SignalInfo& info) {
    return owner.type == abi::f_owner_tid ? queue_signal(target, info) : queue_signal(target.group(), info);
  };
  if (owner.signal != 0) {
    SignalInfo info;
    info.signo = Signal(owner.signal);
    const bool forged = info.signo != sig::io && has_own_codes(info.signo);
    info.code = forged ? abi::si_sigio : static_cast<i32>(reason);
    info.band = band_of(reason);
    info.fd = fd.raw();
    if (send(info).ok()) return;
  }
  (void)send(kernel_signal(sig::io)).ok();
}

std::vector<Ref<Task>> targets_of(Kernel& kernel, const File::AsyncOwner& owner) {
  std::vector<Ref<Task>> targets;
  ReadGuard tree(kernel.process_tree);
  if (owner.type != abi::f_owner_pgrp) {
    if (Ref<Task> task = kernel.pids->find(Pid(owner.pid))) targets.push_back(std::move(task));
    return targets;
  }
  const Ref<ProcessGroup> group = kernel.pids->find_process_group(Pid(owner.pid));
  if (!group) return targets;
  for (ThreadGroup* member : group->members) {
    if (Ref<Task> leader = member->leader()) targets.push_back(std::move(leader));
  }
  return targets;
}

bool exists(Kernel& kernel, i32 type, i32 pid) {
  ReadGuard tree(kernel.process_tree);
  if (type == abi::f_owner_pgrp) return static_cast<bool>(kernel.pids->find_process_group(Pid(pid)));
  if (type == abi::f_owner_pid) return static_cast<bool>(kernel.pids->find_group(Pid(pid)));
  return static_cast<bool>(kernel.pids->find(Pid(pid)));
}

// Threads of a process signal one another as they like. Linux: control_current_fowner.
bool is_own(Task& task, i32 type, i32 pid) {
  if (type == abi::f_owner_pgrp) return false;
  ReadGuard tree(task.kernel().process_tree);
  const Ref<Task> target = task.kernel().pids->find(Pid(pid));
  return target && &target->group() == &task.group();
}

// Linux: f_setown. 0 is nobody; any number of a task may be given for a process.
Result<void> set_owner(Task& task, File& file, i32 type, i32 pid) {
  Kernel& kernel = task.kernel();
  pid = task.means(Pid(pid)).raw();
  const i32 lookup = type == abi::f_owner_pid ? abi::f_owner_tid : type;
  if (pid != 0 && !exists(kernel, lookup, pid) && !exists(kernel, abi::f_owner_pgrp, pid)) return Errno::esrch;
  File::AsyncOwner owner = file.async_owner();
  owner.type = type, owner.pid = pid;
  owner.uid = task.credentials().uid, owner.euid = task.credentials().euid;
  owner.landlock = is_own(task, type, pid) ? Ref<const LandlockDomain>() : task.credentials().landlock;
  file.set_async_owner(owner);
  return success;
}

// As told to the guest: 0 where it has gone.
i32 shown_pid(Task& task, const File::AsyncOwner& owner) {
  return owner.pid != 0 && exists(task.kernel(), owner.type, owner.pid) ? task.sees(Pid(owner.pid)) : 0;
}

}  // namespace

void send_sigio(Kernel& kernel, const File::AsyncOwner& owner, Fd fd, IoReason reason) {
  if (owner.pid == 0) return;
  for (const Ref<Task>& target : targets_of(kernel, owner)) tell(owner, *target, fd, reason);
}

void send_sigurg(Kernel& kernel, const File::AsyncOwner& owner) {
  if (owner.pid == 0) return;
  for (const Ref<Task>& target : targets_of(kernel, owner)) {
    if (!may_signal(owner, *target)) continue;
    const SignalInfo info = kernel_signal(sig::urg);
    (void)(owner.type == abi::f_owner_tid ? queue_signal(*target, info) : queue_signal(target->group(), info)).ok();
  }
}

bool is_owner_command(u32 command) {
  return (command >= abi::f_setown && command <= abi::f_getsig) || command == abi::f_setown_ex ||
         command == abi::f_getown_ex || command == abi::f_getowner_uids;
}

Result<i64> owner_command(Task& task, File& file, u32 command, u64 argument) {
  File::AsyncOwner owner = file.async_owner();
  switch (command) {
    case abi::f_getown: {
      const i64 pid = shown_pid(task, owner);
      return owner.type == abi::f_owner_pgrp ? -pid : pid;
    }
    case abi::f_setown: {
      const i32 who = static_cast<i32>(argument);
      if (who == INT32_MIN) return Errno::einval;
      TRY(set_owner(task, file, who < 0 ? abi::f_owner_pgrp : abi::f_owner_pid, who < 0 ? -who : who));
      return 0;
    }
    case abi::f_getown_ex:
      TRY(UserOut<abi::FOwnerEx>(GuestAddr(argument)).write(task, {owner.type, shown_pid(task, owner)}));
      return 0;
    case abi::f_setown_ex: {
      const abi::FOwnerEx wanted = TRY(UserIn<abi::FOwnerEx>(GuestAddr(argument)).read(task));
      if (wanted.type < abi::f_owner_tid || wanted.type > abi::f_owner_pgrp) return Errno::einval;
      TRY(set_owner(task, file, wanted.type, wanted.pid));
      return 0;
    }
    case abi::f_getowner_uids: {
      const UserOut<u32> to{GuestAddr(argument)};
      TRY(to.write(task, task.credentials().seen(owner.uid), 0));
      TRY(to.write(task, task.credentials().seen(owner.euid), 1));
      return 0;
    }
    case abi::f_getsig:
      return owner.signal;
    case abi::f_setsig:
      if (argument > static_cast<u64>(kSignalMax)) return Errno::einval;
      owner.signal = static_cast<i32>(argument);
      file.set_async_owner(owner);
      return 0;
    default:
      return Errno::einval;
  }
}

void own_if_unowned(Task& task, File& file) {
  File::AsyncOwner owner = file.async_owner();
  if (owner.pid != 0) return;
  owner.type = abi::f_owner_pid, owner.pid = task.group().pid().raw();
  owner.uid = task.credentials().uid, owner.euid = task.credentials().euid;
  file.set_async_owner(owner);
}

struct FileSignaller::Place final : WaitQueue::Entry {
  Place(FileSignaller& signaller, Ref<RefCounted> owner, WaitQueue& queue)
      : signaller(signaller), owner(std::move(owner)), queue(queue) {
    queue.add(*this);
  }
  ~Place() override { queue.remove(*this); }
  bool woken(PollEvents events, WakeChain&) override {
    signaller.woken(events);
    return false;
  }
  FileSignaller& signaller;
  Ref<RefCounted> owner;  // the queue lives as long
  WaitQueue& queue;
};

FileSignaller::FileSignaller(Kernel& kernel, File& file, Fd fd)
    : kernel_(kernel), fd_(fd), identity_(&file), file_(&file) {}
FileSignaller::~FileSignaller() = default;

void FileSignaller::start(File& file) { (void)file.poll(this); }

void FileSignaller::add(Ref<RefCounted> owner, WaitQueue& queue) {
  if (owner.get() == identity_) owner.reset();  // no file keeps itself alive
  MutexGuard guard(places_lock_);
  if (!gone_) places_.push_back(std::make_unique<Place>(*this, std::move(owner), queue));
}

void FileSignaller::file_gone(File&) {
  {
    MutexGuard guard(file_lock_);
    file_ = nullptr;
  }
  std::vector<std::unique_ptr<Place>> places;  // owners are dropped without the lock
  MutexGuard guard(places_lock_);
  gone_ = true;
  places.swap(places_);
}

void FileSignaller::woken(PollEvents events) {
  defer(kernel_, Ref<RefCounted>(static_cast<FileWatcher*>(this)), [this, events] { deliver(events); });
}

void FileSignaller::deliver(PollEvents events) {
  Ref<File> file;
  {
    MutexGuard guard(file_lock_);
    if (file_ == nullptr || !file_->try_ref()) return;
    file = Ref<File>::adopt(file_);
  }
  if (events == kPollAll) events = file->poll(nullptr);  // "look again"
  const File::AsyncOwner owner = file->async_owner();
  const bool hangs_up = (events & kPollHup) != 0 && file->has_inode() &&
                        abi::s_issock(file->inode().recent_attributes().value_or(Attributes{}).mode);
  if (hangs_up) {
    send_sigio(kernel_, owner, fd_, IoReason::hup);
  } else if ((events & kPollPri) != 0) {
    send_sigio(kernel_, owner, fd_, IoReason::pri);
  } else if ((events & (kPollIn | kPollRdNorm)) != 0) {
    send_sigio(kernel_, owner, fd_, IoReason::in);
  } else if ((events & (kPollOut | kPollWrNorm)) != 0) {
    send_sigio(kernel_, owner, fd_, IoReason::out);
  }
}

}  // namespace limen
