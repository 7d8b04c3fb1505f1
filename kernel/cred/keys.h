// Keys and keyrings: add_key(2), request_key(2), keyctl(2), for the types "user", "logon" and "keyring".
// Source: keyrings(7), security/keys.
//
// One lock for all of them (KeyTable::lock, rank `ipc`): keys are few and their calls rare; no copy to or from a guest is made under it.
// Ownership: a keyring holds its links; a task's KeySet, and the table for each user, hold keyrings. A link that would close a circle is refused
// (EDEADLK), so nothing keeps itself alive. The table knows keys by serial without holding them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/cred/credentials.h"
#include "kernel/ipc/account.h"

namespace limen {

class KeyTable;
class Kernel;
class Task;

// KEY_POS_*: the possessor's byte; shifted down by 8, 16 and 24 for user, group and others.
enum : u32 { key_view = 1, key_read = 2, key_write = 4, key_search = 8, key_link = 16, key_setattr = 32, key_all = 63 };
enum : i32 {
  key_spec_thread = -1,
  key_spec_process = -2,
  key_spec_session = -3,
  key_spec_user = -4,
  key_spec_user_session = -5,
};

class Key final : public RefCounted {
 public:
  enum class Type : u8 { user, logon, keyring };
  ~Key() override;

  const Type type;
  const std::string description;
  i32 serial = 0;
  // All under KeyTable::lock.
  Uid uid;
  Gid gid;
  u32 permissions = 0;
  u64 expires_at = 0;  // realtime ns; 0: never
  bool revoked = false, invalidated = false;
  bool restricted = false;  // KEYCTL_RESTRICT_KEYRING: takes no links
  std::vector<u8> payload;
  std::vector<Ref<Key>> links;
  u32 level = 0;  // at most kMostLevels keyrings above it, so that a chain of them can end one in another
  bool is_keyring() const { return type == Type::keyring; }
  const char* type_name() const { return type == Type::user ? "user" : type == Type::logon ? "logon" : "keyring"; }

 private:
  friend class KeyTable;
  Key(KeyTable& table, Type type, std::string description)
      : type(type), description(std::move(description)), table_(table) {}
  Result<void> charge(Ref<UserAccount> account, u64 bytes, bool root);  // edquot; replaces what was charged
  KeyTable& table_;
  Ref<UserAccount> account_;
  u32 charged_ = 0;
};

// The keyrings of a task: its own, its process's, its session's.
struct ProcessKeys : public RefCounted {
  Ref<Key> keyring;
};
class KeySet final : public RefCounted {
 public:
  Ref<Key> thread, session;
  Ref<ProcessKeys> process = make_ref<ProcessKeys>();
};

class KeyTable final : public RefCounted {
 public:
  explicit KeyTable(Kernel& kernel) : kernel_(kernel) {}
  const SystemSettings& settings() const;
  Mutex lock{LockRank::ipc};

  // What a serial or KEY_SPEC_* names, if the caller has `want` of it. enokey, ekeyrevoked, ekeyexpired, eacces, einval.
  enum class Make : u8 { no, yes };
  Result<Ref<Key>> find(Task& task, i32 id, u32 want, Make make) REQUIRES(lock);
  Result<Ref<Key>> make(Task& task, Key::Type type, std::string description, u32 permissions) REQUIRES(lock);
  Result<void> check(Task& task, Key& key, u32 want) REQUIRES(lock);  // eacces
  Result<void> check_alive(Key& key) REQUIRES(lock);                  // enokey, ekeyrevoked, ekeyexpired
  // enotdir, edeadlk, eperm; replaces a link of the same type and description.
  Result<void> link(Key& keyring, Ref<Key> key) REQUIRES(lock);
  static Ref<Key> linked(Key& keyring, Key::Type type, std::string_view description);
  // In the caller's keyrings, or below one of them. enokey and what made it impossible.
  Result<Ref<Key>> search(Task& task, Key* from, Key::Type type, std::string_view description) REQUIRES(lock);
  Result<void> set_payload(Task& task, Key& key, std::vector<u8> payload) REQUIRES(lock);
  Result<void> change_owner(Task& task, Key& key, Uid uid) REQUIRES(lock);
  Result<i32> join_session(Task& task, const std::string& name) REQUIRES(lock);
  std::vector<Ref<Key>> all() REQUIRES(lock);
  bool possesses(Task& task, Key& key) REQUIRES(lock);

 private:
  friend class Key;
  void forget(i32 serial);
  Result<Ref<Key>> special(Task& task, i32 id, Make make) REQUIRES(lock);
  Result<Ref<Key>> user_keyring(Task& task, bool session) REQUIRES(lock);
  Result<Ref<Key>> search_below(Task& task, Key& keyring, Key::Type type, std::string_view description, Errno& why,
                                bool possessed) REQUIRES(lock);
  static bool reaches(Key& from, Key& to);
  static Result<void> raise(Key& keyring, u32 level);  // eloop
  bool granted(Task& task, Key& key, u32 want, bool possessed) REQUIRES(lock);

  Kernel& kernel_;
  mutable Mutex serials_lock_{LockRank::leaf};
  std::map<i32, Key*> serials_ GUARDED_BY(serials_lock_);
  u32 next_ GUARDED_BY(serials_lock_) = 0x10000000;
  std::map<std::pair<Uid, bool>, Ref<Key>> users_ GUARDED_BY(lock);  // with true: the user's session keyring
};

Ref<KeyTable> key_table(Kernel& kernel);
KeySet& keys_of(Task& task);
void inherit_keys(Task& parent, Task& child, bool same_process);  // clone(2)
void drop_keys_for_exec(Task& task);  // execve(2): the thread's and the process's keyrings go

}  // namespace limen
