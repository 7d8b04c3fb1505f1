// add_key(2), request_key(2), keyctl(2). Decoding and copies; the rules are kernel/cred/keys.h's.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "kernel/cred/keys.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"

namespace limen {
namespace {

using Make = KeyTable::Make;

// KEYCTL_*: include/uapi/linux/keyctl.h.
enum : int {
  kGetKeyringId = 0,
  kJoinSession = 1,
  kUpdate = 2,
  kRevoke = 3,
  kChown = 4,
  kSetPerm = 5,
  kDescribe = 6,
  kClear = 7,
  kLink = 8,
  kUnlink = 9,
  kSearch = 10,
  kRead = 11,
  kInstantiate = 12,
  kNegate = 13,
  kSetReqkeyKeyring = 14,
  kSetTimeout = 15,
  kAssumeAuthority = 16,
  kGetSecurity = 17,
  kSessionToParent = 18,
  kReject = 19,
  kInstantiateIov = 20,
  kInvalidate = 21,
  kRestrictKeyring = 29,
  kMove = 30,
  kCapabilities = 31,
};

constexpr usize kMostPayload = 1024 * 1024 - 1, kMostUserPayload = 32767;
constexpr usize kMostDescription = kPageSize;
constexpr u32 kPossessorShift = 24;

struct TypeName {
  std::string name;
  std::optional<Key::Type> type;  // none: a type that nobody has registered
};

Result<TypeName> read_type(Task& task, UserString from) {
  TypeName read;
  read.name = TRY(from.read(task, 32, Errno::einval));
  if (read.name.empty()) return Errno::einval;
  if (read.name[0] == '.') return Errno::eperm;
  if (read.name == "user") read.type = Key::Type::user;
  if (read.name == "logon") read.type = Key::Type::logon;
  if (read.name == "keyring") read.type = Key::Type::keyring;
  return read;
}

Result<std::string> read_description(Task& task, UserString from) {
  if (from.is_null()) return std::string();
  return from.read(task, kMostDescription, Errno::einval);
}

Result<std::vector<u8>> read_payload(Task& task, GuestAddr from, usize length) {
  if (length > kMostPayload) return Errno::einval;
  std::vector<u8> bytes(length);
  if (length != 0) TRY(copy_from_user(task, bytes.data(), from, length));
  return bytes;
}

Result<void> check_payload(Key::Type type, const std::vector<u8>& payload) {
  if (type == Key::Type::keyring) return payload.empty() ? Result<void>() : Errno::einval;
  return payload.empty() || payload.size() > kMostUserPayload ? Errno::einval : Result<void>();
}

// What the creator of a key may do: all that the type can.
u32 first_permissions(Key::Type type) {
  const u32 possessor = type == Key::Type::logon ? key_all & ~key_read : key_all;
  return possessor << kPossessorShift | key_view << 16;
}

Result<i64> get_keyring_id(Task& task, KeyTable& table, i32 id, bool create) {
  MutexGuard guard(table.lock);
  const Ref<Key> key = TRY(table.find(task, id, key_search, create ? Make::yes : Make::no));
  return key->serial;
}

Result<i64> join_session(Task& task, KeyTable& table, UserString name) {
  std::string wanted;
  if (!name.is_null()) {
    wanted = TRY(name.read(task, kMostDescription, Errno::einval));
    if (!wanted.empty() && wanted[0] == '.') return Errno::eperm;
  }
  MutexGuard guard(table.lock);
  const i32 serial = TRY(table.join_session(task, wanted));
  return serial;
}

Result<i64> update(Task& task, KeyTable& table, i32 id, GuestAddr from, usize length) {
  if (length > kPageSize) return Errno::einval;
  std::vector<u8> payload = TRY(read_payload(task, from, length));
  MutexGuard guard(table.lock);
  const Ref<Key> key = TRY(table.find(task, id, key_write, Make::no));
  if (key->is_keyring()) return Errno::eopnotsupp;
  TRY(check_payload(key->type, payload));
  TRY(table.set_payload(task, *key, std::move(payload)));
  key->expires_at = 0;
  return 0;
}

// KEYCTL_REVOKE, KEYCTL_INVALIDATE: what the key holds is gone.
Result<i64> end_key(Task& task, KeyTable& table, i32 id, bool revokes) {
  std::vector<Ref<Key>> gone;
  MutexGuard guard(table.lock);
  Ref<Key> key;
  Result<Ref<Key>> found = table.find(task, id, revokes ? key_write : key_search, Make::no);
  if (found.is(Errno::eacces) && revokes) found = table.find(task, id, key_setattr, Make::no);
  key = TRY(std::move(found));
  (revokes ? key->revoked : key->invalidated) = true;
  gone.swap(key->links);
  TRY(table.set_payload(task, *key, {}));
  if (revokes) return 0;
  for (const Ref<Key>& ring : table.all()) {
    if (ring->is_keyring()) std::erase(ring->links, key);
  }
  return 0;
}

Result<i64> change_owner(Task& task, KeyTable& table, i32 id, u32 uid, u32 gid) {
  if (uid == ~0u && gid == ~0u) return 0;
  const Credentials& who = task.credentials();
  if (uid != ~0u) uid = TRY(who.kernel_id(Uid(uid)))
  .raw();
  if (gid != ~0u) gid = TRY(who.kernel_id(Gid(gid)))
  .raw();
  MutexGuard guard(table.lock);
  const Ref<Key> key = TRY(table.find(task, id, key_setattr, Make::yes));
  if (!who.capable(Capability::sys_admin)) {
    if (uid != ~0u && key->uid != Uid(uid)) return Errno::eacces;
    if (gid != ~0u && Gid(gid) != key->gid && !who.in_group(Gid(gid))) return Errno::eacces;
  }
  if (uid != ~0u) TRY(table.change_owner(task, *key, Uid(uid)));
  if (gid != ~0u) key->gid = Gid(gid);
  return 0;
}

Result<i64> set_permissions(Task& task, KeyTable& table, i32 id, u32 permissions) {
  constexpr u32 kAll = key_all * 0x01010101u;
  if ((permissions & ~kAll) != 0) return Errno::einval;
  MutexGuard guard(table.lock);
  const Ref<Key> key = TRY(table.find(task, id, key_setattr, Make::yes));
  if (!task.credentials().capable(Capability::sys_admin) && key->uid != task.credentials().fsuid) return Errno::eacces;
  key->permissions = permissions;
  return 0;
}

Result<i64> copy_text(Task& task, GuestAddr to, usize room, std::string_view bytes) {
  if (!to.is_null() && room >= bytes.size()) TRY(copy_to_user(task, to, bytes.data(), bytes.size()));
  return static_cast<i64>(bytes.size());
}

Result<i64> describe(Task& task, KeyTable& table, i32 id, GuestAddr to, usize room) {
  std::string text;
  {
    MutexGuard guard(table.lock);
    const Ref<Key> key = TRY(table.find(task, id, key_view, Make::no));
    text = fmt::format("{};{};{};{:08x};{}", key->type_name(), task.credentials().seen(key->uid),
                       task.credentials().seen(key->gid), key->permissions, key->description);
  }
  return copy_text(task, to, room, {text.c_str(), text.size() + 1});
}

Result<i64> clear(Task& task, KeyTable& table, i32 id) {
  std::vector<Ref<Key>> gone;
  MutexGuard guard(table.lock);
  const Ref<Key> ring = TRY(table.find(task, id, key_write, Make::yes));
  if (!ring->is_keyring()) return Errno::enotdir;
  gone.swap(ring->links);
  TRY(table.set_payload(task, *ring, {}));
  return 0;
}

Result<i64> link(Task& task, KeyTable& table, i32 id, i32 ring_id) {
  MutexGuard guard(table.lock);
  const Ref<Key> ring = TRY(table.find(task, ring_id, key_write, Make::yes));
  const Ref<Key> key = TRY(table.find(task, id, key_link, Make::yes));
  TRY(table.link(*ring, key));
  return 0;
}

Result<i64> unlink(Task& task, KeyTable& table, i32 id, i32 ring_id) {
  Ref<Key> key;
  MutexGuard guard(table.lock);
  const Ref<Key> ring = TRY(table.find(task, ring_id, key_write, Make::no));
  key = TRY(table.find(task, id, 0, Make::no));
  if (!ring->is_keyring()) return Errno::enotdir;
  return std::erase(ring->links, key) != 0 ? Result<i64>(0) : Result<i64>(Errno::enoent);
}

Result<i64> move(Task& task, KeyTable& table, i32 id, i32 from_id, i32 to_id, u32 flags) {
  constexpr u32 kExclusive = 1;
  if ((flags & ~kExclusive) != 0) return Errno::einval;
  MutexGuard guard(table.lock);
  const Ref<Key> key = TRY(table.find(task, id, key_link, Make::yes));
  const Ref<Key> from = TRY(table.find(task, from_id, key_write, Make::no));
  const Ref<Key> to = TRY(table.find(task, to_id, key_write, Make::yes));
  if (!from->is_keyring() || !to->is_keyring()) return Errno::enotdir;
  if (from.get() == to.get()) return 0;
  if (std::find(from->links.begin(), from->links.end(), key) == from->links.end()) return Errno::enoent;
  if ((flags & kExclusive) != 0 && KeyTable::linked(*to, key->type, key->description)) return Errno::eexist;
  TRY(table.link(*to, key));
  std::erase(from->links, key);
  return 0;
}

Result<i64> search(Task& task, KeyTable& table, i32 ring_id, UserString type, UserString description, i32 to_id) {
  const TypeName wanted = TRY(read_type(task, type));
  const std::string text = TRY(read_description(task, description));
  MutexGuard guard(table.lock);
  const Ref<Key> from = TRY(table.find(task, ring_id, key_search, Make::no));
  Ref<Key> to;
  if (to_id != 0) to = TRY(table.find(task, to_id, key_write, Make::yes));
  if (!wanted.type) return Errno::enokey;
  const Ref<Key> found = TRY(table.search(task, from.get(), *wanted.type, text));
  if (to) {
    TRY(table.check(task, *found, key_link));
    TRY(table.link(*to, found));
  }
  return found->serial;
}

Result<i64> read(Task& task, KeyTable& table, i32 id, GuestAddr to, usize room) {
  std::vector<u8> bytes;
  {
    MutexGuard guard(table.lock);
    const Ref<Key> key = TRY(table.find(task, id, 0, Make::no));
    // What one possesses and may search one may read as well.
    if (!table.check(task, *key, key_read).ok() &&
        !(table.possesses(task, *key) && table.check(task, *key, key_search).ok()))
      return Errno::eacces;
    if (key->type == Key::Type::logon) return Errno::eopnotsupp;
    bytes = key->payload;
    for (const Ref<Key>& member : key->links) {
      const auto* serial = reinterpret_cast<const u8*>(&member->serial);
      bytes.insert(bytes.end(), serial, serial + sizeof member->serial);
    }
  }
  const usize n = std::min(room, bytes.size());
  if (!to.is_null() && n != 0 && room >= bytes.size()) TRY(copy_to_user(task, to, bytes.data(), n));
  return static_cast<i64>(bytes.size());
}

Result<i64> set_timeout(Task& task, KeyTable& table, i32 id, u32 seconds) {
  const u64 now = task.clock().realtime_ns();
  MutexGuard guard(table.lock);
  const Ref<Key> key = TRY(table.find(task, id, key_setattr, Make::yes));
  key->expires_at = seconds == 0 ? 0 : now + u64{seconds} * 1'000'000'000;
  return 0;
}

Result<i64> get_security(Task& task, KeyTable& table, i32 id, GuestAddr to, usize room) {
  {
    MutexGuard guard(table.lock);
    TRY(table.find(task, id, key_view, Make::no));
  }
  return copy_text(task, to, room, std::string_view("\0", 1));  // no security module labels keys
}

Result<i64> restrict_keyring(Task& task, KeyTable& table, i32 id, UserString type) {
  if (!type.is_null()) {
    TRY(read_type(task, type));
    return Errno::enoent;  // no type of ours knows restrictions
  }
  MutexGuard guard(table.lock);
  const Ref<Key> ring = TRY(table.find(task, id, key_setattr, Make::no));
  if (!ring->is_keyring()) return Errno::enotdir;
  if (ring->restricted) return Errno::eexist;
  ring->restricted = true;
  return 0;
}

Result<i64> capabilities(Task& task, GuestAddr to, usize room) {
  // KEYCTL_CAPS0_CAPABILITIES, INVALIDATE, RESTRICT_KEYRING, MOVE; no namespaces, no notifications.
  constexpr std::array<u8, 2> kOurs = {0x01 | 0x20 | 0x40 | 0x80, 0};
  const usize n = std::min(room, kOurs.size());
  if (n != 0) TRY(copy_to_user(task, to, kOurs.data(), n));
  for (usize i = n; i < std::min<usize>(room, 4096); ++i) {
    const u8 none = 0;
    TRY(copy_to_user(task, to + i, &none, 1));
  }
  return static_cast<i64>(kOurs.size());
}

}  // namespace

Result<i64> sys_add_key(Task& task, UserString type, UserString description, UserBytes<In> payload, usize plen,
                        int keyring) {
  if (plen > kMostPayload) return Errno::einval;
  const TypeName wanted = TRY(read_type(task, type));
  const std::string text = TRY(read_description(task, description));
  if (!text.empty() && text[0] == '.' && wanted.name == "keyring") return Errno::eperm;
  std::vector<u8> bytes = TRY(read_payload(task, payload.addr(), plen));
  const Ref<KeyTable> table = key_table(task.kernel());
  Ref<Key> replaced;
  MutexGuard guard(table->lock);
  const Ref<Key> ring = TRY(table->find(task, keyring, key_write, Make::yes));
  if (!wanted.type) return Errno::enodev;
  if (!ring->is_keyring()) return Errno::enotdir;
  if (text.empty()) return Errno::einval;
  if (*wanted.type == Key::Type::logon && (text[0] == ':' || text.find(':') == std::string::npos)) return Errno::einval;
  TRY(check_payload(*wanted.type, bytes));
  if (ring->restricted) return Errno::eperm;
  replaced = KeyTable::linked(*ring, *wanted.type, text);
  if (replaced && *wanted.type != Key::Type::keyring && table->check_alive(*replaced).ok()) {
    TRY(table->check(task, *replaced, key_write));
    TRY(table->set_payload(task, *replaced, std::move(bytes)));
    return replaced->serial;
  }
  const Ref<Key> key = TRY(table->make(task, *wanted.type, text, first_permissions(*wanted.type)));
  TRY(table->set_payload(task, *key, std::move(bytes)));
  TRY(table->link(*ring, key));
  return key->serial;
}

namespace {

// Has the parent what the caller has, and no more threads than one? Linux: keyctl_session_to_parent. eperm.
Result<void> check_heir(const Credentials& own, const Credentials& parent, const Key* old, const Key& session) {
  const bool users = parent.uid == own.euid && parent.euid == own.euid && parent.suid == own.euid;
  const bool groups = parent.gid == own.egid && parent.egid == own.egid && parent.sgid == own.egid;
  const bool keyrings = (old == nullptr || old->uid == own.euid) && session.uid == own.euid;
  return users && groups && keyrings ? Result<void>() : Errno::eperm;
}

// Null where the parent is the first process, or has several threads.
Ref<Task> sole_thread_of_parent(Task& task) {
  ReadGuard tree(task.kernel().process_tree);
  ThreadGroup* const group = task.group().parent;
  if (group == nullptr || task.sees(group->pid()) <= 1) return nullptr;
  MutexGuard members(group->lock);
  return group->members.size() == 1 ? group->members.begin()->second : nullptr;
}

// Linux does it when the parent next goes on, which it cannot tell from at once.
Result<i64> session_to_parent(Task& task, KeyTable& table) {
  const Ref<Task> parent = sole_thread_of_parent(task);
  Ref<Key> old;  // dropped without the lock
  MutexGuard guard(table.lock);
  const Ref<Key> session = TRY(table.find(task, key_spec_session, key_link, Make::no));
  const Ref<const Credentials> theirs = parent ? parent->credentials_ref() : nullptr;
  if (!theirs) return Errno::eperm;
  KeySet& heir = keys_of(*parent);
  if (heir.session == session) return 0;
  TRY(check_heir(task.credentials(), *theirs, heir.session.get(), *session));
  old = std::exchange(heir.session, session);
  return 0;
}

}  // namespace

Result<i64> sys_request_key(Task& task, UserString type, UserString description, UserString callout_info, int keyring) {
  const TypeName wanted = TRY(read_type(task, type));
  const std::string text = TRY(description.read(task, kMostDescription, Errno::einval));
  if (!callout_info.is_null()) TRY(callout_info.read(task, kMostDescription, Errno::einval));
  const Ref<KeyTable> table = key_table(task.kernel());
  MutexGuard guard(table->lock);
  Ref<Key> to;
  if (keyring != 0) to = TRY(table->find(task, keyring, key_write, Make::yes));
  if (!wanted.type) return Errno::enokey;
  // A helper (/sbin/request-key) that could make one is not run: what is not there is not to be had.
  const Ref<Key> found = TRY(table->search(task, nullptr, *wanted.type, text));
  if (to) {
    TRY(table->check(task, *found, key_link));
    TRY(table->link(*to, found));
  }
  return found->serial;
}

Result<i64> sys_keyctl(Task& task, int op, u64 arg2, u64 arg3, u64 arg4, u64 arg5) {
  const Ref<KeyTable> table = key_table(task.kernel());
  const i32 id = static_cast<i32>(arg2), second = static_cast<i32>(arg3);
  switch (op) {
    case kGetKeyringId:
      return get_keyring_id(task, *table, id, second != 0);
    case kJoinSession:
      return join_session(task, *table, UserString(GuestAddr(arg2)));
    case kUpdate:
      return update(task, *table, id, GuestAddr(arg3), arg4);
    case kRevoke:
    case kInvalidate:
      return end_key(task, *table, id, op == kRevoke);
    case kChown:
      return change_owner(task, *table, id, static_cast<u32>(arg3), static_cast<u32>(arg4));
    case kSetPerm:
      return set_permissions(task, *table, id, static_cast<u32>(arg3));
    case kDescribe:
      return describe(task, *table, id, GuestAddr(arg3), arg4);
    case kClear:
      return clear(task, *table, id);
    case kLink:
      return link(task, *table, id, second);
    case kUnlink:
      return unlink(task, *table, id, second);
    case kMove:
      return move(task, *table, id, second, static_cast<i32>(arg4), static_cast<u32>(arg5));
    case kSearch:
      return search(task, *table, id, UserString(GuestAddr(arg3)), UserString(GuestAddr(arg4)), static_cast<i32>(arg5));
    case kRead:
      return read(task, *table, id, GuestAddr(arg3), arg4);
    case kSetTimeout:
      return set_timeout(task, *table, id, static_cast<u32>(arg3));
    case kGetSecurity:
      return get_security(task, *table, id, GuestAddr(arg3), arg4);
    case kRestrictKeyring:
      return restrict_keyring(task, *table, id, UserString(GuestAddr(arg3)));
    case kCapabilities:
      return capabilities(task, GuestAddr(arg2), arg3);
    case kSetReqkeyKeyring:  // keys are never made by request: where they would go matters to nobody
      return id >= -1 && id <= 7 && id != 6 ? Result<i64>(0) : Result<i64>(Errno::einval);
    case kInstantiate:
    case kNegate:
    case kReject:
    case kInstantiateIov:
      return Errno::eperm;  // no one has the authority to instantiate: no helper is ever called
    case kAssumeAuthority:
      return id == 0 ? Result<i64>(0) : Result<i64>(id < 0 ? Errno::einval : Errno::enokey);
    case kSessionToParent:
      return session_to_parent(task, *table);
    default:
      return Errno::eopnotsupp;
  }
}

}  // namespace limen
