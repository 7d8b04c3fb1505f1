#include "kernel/ipc/sysv.h"

#include <algorithm>

#include "kernel/ipc/mqueue.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

constexpr i32 kIndexMask = (1 << ipc_index_bits) - 1;
constexpr i32 kSequenceMax = INT32_MAX >> ipc_index_bits;
constexpr i32 kLeastCycle = 64;  // RADIX_TREE_MAP_SIZE: indices are not used again at once

}  // namespace

IpcObject::IpcObject(Task& creator, i32 key, u32 mode, LockRank rank)
    : lock_(rank), owner_(ipc_of(creator).owner()), key_(key) {
  const Credentials& who = creator.credentials();
  uid_ = cuid_ = who.euid.raw();
  gid_ = cgid_ = who.egid.raw();
  mode_ = mode & 0777;
  changed_at = ipc_now(creator);
}

Result<void> IpcObject::check_access(const Credentials& who, u32 wanted) const {
  if (removed_) return Errno::eidrm;
  const u32 requested = (wanted >> 6 | wanted >> 3 | wanted) & 07;
  u32 granted = mode_;
  if (who.euid.raw() == cuid_ || who.euid.raw() == uid_) {
    granted >>= 6;
  } else if (who.in_group(Gid(cgid_)) || who.in_group(Gid(gid_))) {
    granted >>= 3;
  }
  if ((requested & ~granted) != 0 && !who.has_capability(owner_.get(), Capability::ipc_owner)) return Errno::eacces;
  return success;
}

Result<void> IpcObject::check_owner(const Credentials& who) const {
  if (removed_) return Errno::eidrm;
  if (who.euid.raw() == cuid_ || who.euid.raw() == uid_ || who.has_capability(owner_.get(), Capability::sys_admin))
    return success;
  return Errno::eperm;
}

abi::IpcPerm IpcObject::permissions(const Credentials& reader) const {
  abi::IpcPerm perm{};
  perm.key = key_;
  perm.uid = reader.seen(Uid(uid_)), perm.gid = reader.seen(Gid(gid_));
  perm.cuid = reader.seen(Uid(cuid_)), perm.cgid = reader.seen(Gid(cgid_));
  perm.mode = mode_;
  perm.seq = static_cast<u16>(id_ >> ipc_index_bits);
  return perm;
}

Result<void> IpcObject::set_permissions(const Credentials& who, const abi::IpcPerm& wanted) {
  const Uid uid = TRY(who.kernel_id(Uid(wanted.uid)));
  const Gid gid = TRY(who.kernel_id(Gid(wanted.gid)));
  uid_ = uid.raw(), gid_ = gid.raw();
  mode_ = (mode_ & ~u32{0777}) | (wanted.mode & 0777);
  return success;
}

Result<Ref<IpcObject>> IpcTable::find(i32 id) const {
  if (id < 0) return Errno::einval;
  MutexGuard guard(lock_);
  const auto it = by_index_.find(id & kIndexMask);
  if (it == by_index_.end() || it->second->id_ != id) return Errno::einval;
  return it->second;
}

Result<Ref<IpcObject>> IpcTable::at_index(i32 id) const {
  if (id < 0) return Errno::einval;
  MutexGuard guard(lock_);
  const auto it = by_index_.find(id & kIndexMask);
  return it == by_index_.end() ? Result<Ref<IpcObject>>(Errno::einval) : Result<Ref<IpcObject>>(it->second);
}

// Linux: ipc_idr_alloc, where no identifier was asked for. Indices go round in a range half again as large as what is in use, and each turn has a new sequence number.
Result<i32> IpcTable::next_index() {
  const i32 room = std::min(std::max(static_cast<i32>(by_index_.size()) * 3 / 2, kLeastCycle), most_.integer());
  i32 index = next_ < room ? next_ : 0;
  for (i32 i = 0; i < room && by_index_.contains(index); ++i) index = index + 1 < room ? index + 1 : 0;
  if (by_index_.contains(index)) return Errno::enospc;
  if (index <= last_) sequence_ = sequence_ >= kSequenceMax ? 0 : sequence_ + 1;
  last_ = index;
  next_ = index + 1;
  return index;
}

Result<void> IpcTable::add(const Ref<IpcObject>& object) {
  if (by_index_.size() >= most_) return Errno::enospc;
  i32 index = 0;
  if (const i32 wanted = static_cast<i32>(next_id_.exchange(~u64{0})); wanted >= 0) {
    for (index = wanted & kIndexMask; by_index_.contains(index);)
      if (++index > kIndexMask) return Errno::enospc;
    object->id_ = (wanted & ~kIndexMask) | index;
  } else {
    index = TRY(next_index());
    object->id_ = sequence_ << ipc_index_bits | index;
  }
  by_index_[index] = object;
  if (object->key() != abi::ipc_private) by_key_[object->key()] = index;
  return success;
}

Result<Ref<IpcObject>> IpcTable::find_key(i32 key, u32 flags) const {
  if (key != abi::ipc_private) {
    if (const auto it = by_key_.find(key); it != by_key_.end()) {
      if ((flags & abi::ipc_creat) != 0 && (flags & abi::ipc_excl) != 0) return Errno::eexist;
      return by_index_.at(it->second);
    }
    if ((flags & abi::ipc_creat) == 0) return Errno::enoent;
  }
  if (by_index_.size() >= most_) return Errno::enospc;
  return Ref<IpcObject>();
}

Result<Ref<IpcObject>> IpcTable::find_or_make(i32 key, u32 flags, const std::function<Result<Ref<IpcObject>>()>& make,
                                              bool* made) {
  *made = false;
  {
    MutexGuard guard(lock_);
    Ref<IpcObject> known = TRY(find_key(key, flags));
    if (known) return known;
  }
  Ref<IpcObject> object = TRY(make());  // reads the clock and makes files: not under a leaf's lock
  MutexGuard guard(lock_);
  Ref<IpcObject> known = TRY(find_key(key, flags));  // another may have come first
  if (known) return known;
  TRY(add(object));
  *made = true;
  return object;
}

bool IpcTable::remove(IpcObject& object) {
  Ref<IpcObject> gone;  // dropped after the lock
  MutexGuard guard(lock_);
  const auto it = by_index_.find(object.id_ & kIndexMask);
  if (it == by_index_.end() || it->second.get() != &object) return false;
  gone = std::move(it->second);
  if (const i32 key = object.key_.exchange(abi::ipc_private); key != abi::ipc_private) by_key_.erase(key);
  by_index_.erase(it);
  return true;
}

void IpcTable::forget_key(IpcObject& object) {
  MutexGuard guard(lock_);
  const i32 key = object.key_.exchange(abi::ipc_private);
  if (key != abi::ipc_private) by_key_.erase(key);
}

i32 IpcTable::highest_index() const {
  MutexGuard guard(lock_);
  return by_index_.empty() ? 0 : by_index_.rbegin()->first;
}

usize IpcTable::count() const {
  MutexGuard guard(lock_);
  return by_index_.size();
}

std::vector<Ref<IpcObject>> IpcTable::all() const {
  MutexGuard guard(lock_);
  std::vector<Ref<IpcObject>> objects;
  for (const auto& [index, object] : by_index_) objects.push_back(object);
  return objects;
}

void IpcTable::clear() {
  std::map<i32, Ref<IpcObject>> gone;
  MutexGuard guard(lock_);
  gone.swap(by_index_);
  by_key_.clear();
}

IpcNamespace::IpcNamespace(Ref<UserNamespace> owner, UserCharge charge)
    : Namespace(NamespaceKind::ipc, std::move(owner), std::move(charge)),
      shms(make_ref<IpcTable>(settings, settings->shmmni, settings->shm_next_id)),
      sems(make_ref<IpcTable>(settings, settings->sem[3], settings->sem_next_id)),
      msgs(make_ref<IpcTable>(settings, settings->msgmni, settings->msg_next_id)),
      mqueues(make_mqueue_names(settings)) {}

IpcNamespace::IpcNamespace()
    : Namespace(NamespaceKind::ipc),
      shms(make_ref<IpcTable>(settings, settings->shmmni, settings->shm_next_id)),
      sems(make_ref<IpcTable>(settings, settings->sem[3], settings->sem_next_id)),
      msgs(make_ref<IpcTable>(settings, settings->msgmni, settings->msg_next_id)),
      mqueues(make_mqueue_names(settings)) {}

// Segments refer to their table: this ends the circle.
IpcNamespace::~IpcNamespace() {
  shms->clear();
  sems->clear();
  msgs->clear();
}

IpcNamespace& ipc_of(Task& task) { return *task.namespaces().ipc; }

i64 ipc_now(Task& task) { return static_cast<i64>(task.clock().realtime_ns() / 1'000'000'000); }

}  // namespace limen
