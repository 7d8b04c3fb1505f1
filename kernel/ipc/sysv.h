// What System V shared memory, semaphores and message queues have in common: an IPC namespace, keys, identifiers, permissions.
// Source: sysvipc(7), svipc(7), ipc/util.c.
//
//   Ref<SemSet> set = TRY(ipc_of(task).sems->find(semid));          // einval
//   MutexGuard guard(set->lock());
//   TRY(set->check_access(task.credentials(), ipc_read));           // eidrm, eacces
//
// Locks: a table's lock is a `leaf`: it holds the names alone. An object's lock guards the object, its permissions too; it has rank
// `ipc`, but `leaf` for shared memory, whose mappings come and go under an address space's lock. An object that was removed
// stays whole for who found it before and says eidrm.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <vector>

#include "abi/ipc.h"
#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/cred/namespace.h"
#include "kernel/ipc/account.h"
#include "kernel/settings.h"

namespace limen {

class Credentials;
class MqueueNames;
class Task;

inline constexpr u32 ipc_read = 0444, ipc_write = 0222;

class IpcObject : public RefCounted {
 public:
  IpcObject(Task& creator, i32 key, u32 mode, LockRank rank);
  Mutex& lock() const { return lock_; }
  i32 key() const { return key_; }
  i32 id() const { return id_; }

  // Under lock(). eidrm; eacces where a bit of `wanted` (ipc_read, ipc_write, or msgget's flags) is not granted.
  Result<void> check_access(const Credentials& who, u32 wanted) const;
  // For IPC_SET and IPC_RMID: the owner, the creator or CAP_SYS_ADMIN. eidrm, eperm.
  Result<void> check_owner(const Credentials& who) const;
  abi::IpcPerm permissions(const Credentials& reader) const;                         // ids as the reader sees them
  Result<void> set_permissions(const Credentials& who, const abi::IpcPerm& wanted);  // einval; sets the change time
  bool removed() const { return removed_; }

  u32 uid_, gid_, cuid_, cgid_, mode_;
  i64 changed_at = 0;  // seconds

 protected:
  mutable Mutex lock_;
  bool removed_ = false;

 private:
  friend class IpcTable;
  const Ref<UserNamespace> owner_;  // of its namespace
  std::atomic<i32> key_;            // IPC_PRIVATE once it cannot be found by it
  i32 id_ = -1;
};

// The objects of one kind in a namespace. Identifiers are Linux's: a sequence number above 15 bits of index.
class IpcTable final : public RefCounted {
 public:
  // `most`, `next_id`: of the settings; an id that is not negative is what the next object should have, once.
  IpcTable(Ref<IpcSettings> settings, const Setting& most, Setting& next_id)
      : settings_(std::move(settings)), most_(most), next_id_(next_id) {}
  std::atomic<u64> units{0};  // what their objects hold: pages, semaphores, bytes of messages
  std::atomic<u64> items{0};  // messages

  Result<Ref<IpcObject>> find(i32 id) const;      // einval
  Result<Ref<IpcObject>> at_index(i32 id) const;  // SHM_STAT and such take an index: einval
  // shmget and such. `make` runs, with no lock held, where there is none and IPC_CREAT; enoent, eexist, enospc. `*made` tells which.
  Result<Ref<IpcObject>> find_or_make(i32 key, u32 flags, const std::function<Result<Ref<IpcObject>>()>& make,
                                      bool* made);
  bool remove(IpcObject& object);      // false where it was removed before
  void forget_key(IpcObject& object);  // it is found by its identifier alone
  i32 highest_index() const;           // 0 where there is none, as the *_INFO commands say
  usize count() const;
  std::vector<Ref<IpcObject>> all() const;
  void clear();

 private:
  Result<i32> next_index() REQUIRES(lock_);
  Result<void> add(const Ref<IpcObject>& object) REQUIRES(lock_);
  Result<Ref<IpcObject>> find_key(i32 key, u32 flags) const REQUIRES(lock_);  // null: may be made
  mutable Mutex lock_{LockRank::leaf};
  const Ref<IpcSettings> settings_;
  const Setting& most_;
  Setting& next_id_;
  std::map<i32, Ref<IpcObject>> by_index_ GUARDED_BY(lock_);
  std::map<i32, i32> by_key_ GUARDED_BY(lock_);  // to the index
  i32 next_ GUARDED_BY(lock_) = 0;               // where the search for a free index begins
  i32 last_ GUARDED_BY(lock_) = -1;
  i32 sequence_ GUARDED_BY(lock_) = 0;
};

// ipc_namespaces(7): what CLONE_NEWIPC makes anew. Reached through Task::namespaces().
class IpcNamespace final : public Namespace {
 public:
  IpcNamespace();  // the first
  IpcNamespace(Ref<UserNamespace> owner, UserCharge charge);
  ~IpcNamespace() override;
  const Ref<IpcSettings> settings = make_ref<IpcSettings>();
  const Ref<IpcTable> shms, sems, msgs;
  const Ref<MqueueNames> mqueues;  // kernel/ipc/mqueue.h
};

IpcNamespace& ipc_of(Task& task);
i64 ipc_now(Task& task);  // seconds, as the *_ctime fields have it
inline constexpr i32 ipc_index_bits = 15;

}  // namespace limen
