// User notification: a supervisor answers the calls of other tasks through a descriptor (SECCOMP_FILTER_FLAG_NEW_LISTENER).
// Source: seccomp_unotify(2), kernel/seccomp.c.
//
// Who holds whom: the Filter and the listener's File hold the Listener; a Notification is held by the task that waits and by the
// Listener's list. When the last Filter goes the Listener is abandoned (POLLHUP); when the File goes it is closed, and all that
// wait are answered ENOSYS. Lock: rank `ipc`.
#pragma once

#include <list>
#include <optional>

#include "abi/seccomp.h"
#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/task/wait_queue.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/file.h"

namespace limen {

// A descriptor that a supervisor gives to the task that waits; that task takes it itself.
struct AddFdRequest : public RefCounted {
  Ref<File> file;
  FdFlags flags = FdFlags::none;
  std::optional<Fd> at;    // SECCOMP_ADDFD_FLAG_SETFD
  bool is_answer = false;  // SECCOMP_ADDFD_FLAG_SEND
  bool done = false;       // under the listener's lock
  Result<i64> result{i64{0}};
  WaitQueue finished;
};

struct Notification : public RefCounted {
  enum class State : u8 { fresh, sent, replied };
  u64 id = 0;
  Ref<Task> task;
  abi::SeccompData call{};
  // Under the listener's lock:
  State state = State::fresh;
  abi::SeccompNotifResp answer{};
  std::list<Ref<AddFdRequest>> descriptors;
  WaitQueue changed;
};

class Listener final : public RefCounted {
 public:
  Listener();

  // Asks the supervisor what `task` should get; blocks until it says so. Nothing: the call is to be carried out. Else its result;
  // a restart errno when a signal ended the wait. enosys without a supervisor.
  std::optional<Result<i64>> ask(Task& task, const abi::SeccompData& call, bool wait_killable);

  void abandon();  // no task can ask any more
  void close();    // nobody will answer any more
  PollEvents poll() EXCLUDES(lock_);
  Result<i64> ioctl(Task& task, u32 command, u64 argument);
  WaitQueue& asked() { return asked_; }

 private:
  Result<i64> receive(Task& task, GuestAddr to);
  Result<i64> send(Task& task, GuestAddr from);
  Result<i64> check_id(Task& task, GuestAddr from);
  Result<i64> set_flags(u64 flags);
  Result<i64> add_fd(Task& task, GuestAddr from, u32 size);
  Result<bool> look(Task& task, Notification& n, bool wait_killable, bool* sent) EXCLUDES(lock_);
  void withdraw(const Ref<Notification>& n) EXCLUDES(lock_);
  Ref<Notification> find(u64 id) REQUIRES(lock_);

  Mutex lock_{LockRank::ipc};
  WaitQueue asked_;  // supervisors: something to receive, to answer, or the end
  std::list<Ref<Notification>> waiting_ GUARDED_BY(lock_);
  u64 next_id_ GUARDED_BY(lock_);
  bool closed_ GUARDED_BY(lock_) = false;
  bool abandoned_ GUARDED_BY(lock_) = false;
};

// The descriptor's file.
Ref<File> make_listener_file(Task& task, Ref<Listener> listener);

}  // namespace limen
