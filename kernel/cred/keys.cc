#include "kernel/cred/keys.h"

#include <algorithm>
#include <deque>
#include <set>

#include "host/random.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

constexpr int kMostDepth = 6;       // KEYRING_SEARCH_MAX_DEPTH
constexpr usize kMostLinks = 4096;  // of a keyring
constexpr u32 kMostLevels = 64;

constexpr u32 kPossessor(u32 bits) { return bits << 24; }
constexpr u32 kUser(u32 bits) { return bits << 16; }

}  // namespace

Key::~Key() {
  table_.forget(serial);
  if (account_) account_->keys -= 1, account_->key_bytes -= charged_;
}

const SystemSettings& KeyTable::settings() const { return kernel_.settings(); }

Result<void> Key::charge(Ref<UserAccount> account, u64 bytes, bool root) {
  const SystemSettings& set = table_.settings();
  const u64 most_keys = root ? set.root_maxkeys : set.maxkeys, most_bytes = root ? set.root_maxbytes : set.maxbytes;
  if (account.get() == account_.get()) {  // another size
    if (bytes > charged_ && account->key_bytes.load() + (bytes - charged_) > most_bytes) return Errno::edquot;
    account->key_bytes += static_cast<u32>(bytes) - charged_;
    charged_ = static_cast<u32>(bytes);
    return success;
  }
  if (account->keys.load() + 1 > most_keys || account->key_bytes.load() + bytes > most_bytes) return Errno::edquot;
  account->keys += 1, account->key_bytes += static_cast<u32>(bytes);
  if (account_) account_->keys -= 1, account_->key_bytes -= charged_;
  account_ = std::move(account), charged_ = static_cast<u32>(bytes);
  return success;
}

Ref<KeyTable> key_table(Kernel& kernel) {
  return ref_cast<KeyTable>(
      kernel.single_or(Kernel::Single::keys, [&] { return Ref<RefCounted>(make_ref<KeyTable>(kernel)); }));
}

KeySet& keys_of(Task& task) {
  if (!task.keys) task.keys = make_ref<KeySet>();
  return static_cast<KeySet&>(*task.keys);
}

void inherit_keys(Task& parent, Task& child, bool same_process) {
  const Ref<KeyTable> table = key_table(parent.kernel());
  MutexGuard guard(table->lock);  // a child of the parent's may just give it another session
  if (!parent.keys && !same_process) return;
  KeySet& mine = keys_of(parent);
  const Ref<KeySet> theirs = make_ref<KeySet>();
  theirs->session = mine.session;
  if (same_process) theirs->process = mine.process;
  child.keys = theirs;
}

void drop_keys_for_exec(Task& task) {
  const Ref<KeySet> fresh = make_ref<KeySet>();
  const Ref<KeyTable> table = key_table(task.kernel());
  Ref<RefCounted> old;  // dropped without the lock
  MutexGuard guard(table->lock);
  if (!task.keys) return;
  fresh->session = keys_of(task).session;
  old = std::exchange(task.keys, Ref<RefCounted>(fresh));
}

void KeyTable::forget(i32 serial) {
  MutexGuard guard(serials_lock_);
  serials_.erase(serial);
}

std::vector<Ref<Key>> KeyTable::all() {
  std::vector<Ref<Key>> keys;
  MutexGuard guard(serials_lock_);
  for (const auto& [serial, key] : serials_) {
    if (key->try_ref()) keys.push_back(Ref<Key>::adopt(key));
  }
  return keys;
}

Result<Ref<Key>> KeyTable::make(Task& task, Key::Type type, std::string description, u32 permissions) {
  const Credentials& who = task.credentials();
  Ref<Key> key = Ref<Key>::adopt(new Key(*this, type, std::move(description)));
  TRY(key->charge(who.user_ns->account(who.fsuid), key->description.size() + 1, who.fsuid == Uid(0)));
  key->uid = who.fsuid, key->gid = who.fsgid;
  key->permissions = permissions;
  MutexGuard guard(serials_lock_);
  // Not in order: a serial says nothing of how many keys others made.
  do {
    u32 step = 0;
    host::fill_random({reinterpret_cast<u8*>(&step), sizeof step});
    next_ = (next_ + step) & 0x7fffffff;
  } while (next_ < 3 || serials_.contains(static_cast<i32>(next_)));
  key->serial = static_cast<i32>(next_);
  serials_[key->serial] = key.get();
  return key;
}

Result<void> KeyTable::check_alive(Key& key) {
  if (key.invalidated) return Errno::enokey;
  if (key.revoked) return Errno::ekeyrevoked;
  if (key.expires_at != 0 && key.expires_at <= kernel_.clock().realtime_ns()) return Errno::ekeyexpired;
  return success;
}

bool KeyTable::granted(Task& task, Key& key, u32 want, bool possessed) {
  const Credentials& who = task.credentials();
  u32 bits = key.uid == who.fsuid                                             ? key.permissions >> 16
             : who.in_group(key.gid) && (key.permissions >> 8 & key_all) != 0 ? key.permissions >> 8
                                                                              : key.permissions;
  if (possessed) bits |= key.permissions >> 24;
  return (bits & want & key_all) == (want & key_all);
}

// Is `to` at or below `from`? Each keyring is looked at once, however many ways lead to it.
bool KeyTable::reaches(Key& from, Key& to) {
  std::vector<Key*> open{&from};
  std::set<const Key*> seen{&from};
  while (!open.empty()) {
    Key& ring = *open.back();
    open.pop_back();
    if (&ring == &to) return true;
    for (const Ref<Key>& key : ring.links) {
      if (key.get() == &to) return true;
      if (key->is_keyring() && seen.insert(key.get()).second) open.push_back(key.get());
    }
  }
  return false;
}

// Levels only rise, and not beyond kMostLevels: the work is bounded, and so is the depth of the recursion.
Result<void> KeyTable::raise(Key& keyring, u32 level) {
  if (keyring.level >= level) return success;
  if (level > kMostLevels) return Errno::eloop;
  keyring.level = level;
  for (const Ref<Key>& key : keyring.links) {
    if (key->is_keyring()) TRY(raise(*key, level + 1));
  }
  return success;
}

bool KeyTable::possesses(Task& task, Key& key) {
  KeySet& set = keys_of(task);
  for (const Ref<Key>& ring : {set.thread, set.process->keyring, set.session}) {
    if (ring && reaches(*ring, key)) return true;
  }
  if (set.session) return false;
  // Without a session of its own a task has its user's.
  const auto it = users_.find({task.credentials().uid, true});
  return it != users_.end() && reaches(*it->second, key);
}

Result<void> KeyTable::check(Task& task, Key& key, u32 want) {
  if (want == 0) return success;
  return granted(task, key, want, possesses(task, key)) ? Result<void>() : Errno::eacces;
}

Result<Ref<Key>> KeyTable::user_keyring(Task& task, bool session) {
  const Uid uid = task.credentials().uid;
  constexpr u32 kRights = kPossessor(key_all & ~key_setattr) | kUser(key_all);
  for (const bool kind : {false, true}) {
    if (users_.contains({uid, kind})) continue;
    const std::string name = (kind ? "_uid_ses." : "_uid.") + std::to_string(uid.raw());
    users_[{uid, kind}] = TRY(make(task, Key::Type::keyring, name, kRights));
  }
  Key& above = *users_[{uid, true}];
  if (above.links.empty()) above.links.push_back(users_[{uid, false}]);
  return users_[{uid, session}];
}

Result<Ref<Key>> KeyTable::special(Task& task, i32 id, Make make_it) {
  KeySet& set = keys_of(task);
  constexpr u32 kRights = kPossessor(key_all) | kUser(key_view);
  switch (id) {
    case key_spec_thread:
      if (!set.thread && make_it == Make::no) return Errno::enokey;
      if (!set.thread) set.thread = TRY(make(task, Key::Type::keyring, "_tid", kRights));
      return set.thread;
    case key_spec_process:
      if (!set.process->keyring && make_it == Make::no) return Errno::enokey;
      if (!set.process->keyring) set.process->keyring = TRY(make(task, Key::Type::keyring, "_pid", kRights));
      return set.process->keyring;
    case key_spec_session:
      if (set.session) return set.session;
      if (make_it == Make::yes) {
        TRY(join_session(task, ""));
        return set.session;
      }
      return user_keyring(task, true);
    case key_spec_user:
    case key_spec_user_session:
      return user_keyring(task, id == key_spec_user_session);
    default:
      return Errno::einval;
  }
}

Result<Ref<Key>> KeyTable::find(Task& task, i32 id, u32 want, Make make_it) {
  Ref<Key> key;
  if (id < 0) {
    key = TRY(special(task, id, make_it));
  } else {
    if (id == 0) return Errno::einval;
    MutexGuard guard(serials_lock_);
    const auto it = serials_.find(id);
    if (it != serials_.end() && it->second->try_ref()) key = Ref<Key>::adopt(it->second);
  }
  if (!key) return Errno::enokey;
  TRY(check_alive(*key));
  TRY(check(task, *key, want));
  return key;
}

Ref<Key> KeyTable::linked(Key& keyring, Key::Type type, std::string_view description) {
  for (const Ref<Key>& key : keyring.links) {
    if (key->type == type && key->description == description && !key->invalidated) return key;
  }
  return {};
}

Result<void> KeyTable::link(Key& keyring, Ref<Key> key) {
  if (!keyring.is_keyring()) return Errno::enotdir;
  if (keyring.restricted) return Errno::eperm;
  if (key->is_keyring()) {
    if (reaches(*key, keyring)) return Errno::edeadlk;
    TRY(raise(*key, keyring.level + 1));
  }
  for (Ref<Key>& there : keyring.links) {
    if (there->type != key->type || there->description != key->description) continue;
    std::swap(there, key);
    return success;
  }
  if (keyring.links.size() >= kMostLinks) return Errno::enfile;
  TRY(keyring.charge(keyring.account_, keyring.charged_ + 4, keyring.uid == Uid(0)));
  keyring.links.push_back(std::move(key));
  return success;
}

Result<Ref<Key>> KeyTable::search_below(Task& task, Key& keyring, Key::Type type, std::string_view description,
                                        Errno& why, bool possessed) {
  struct Place {
    Key* ring;
    int depth;
  };
  std::deque<Place> open{{&keyring, 0}};
  std::set<const Key*> seen{&keyring};
  if (!granted(task, keyring, key_search, possessed)) {
    if (why == Errno::enokey) why = Errno::eacces;
    return Errno::enokey;
  }
  while (!open.empty()) {
    const Place place = open.front();
    open.pop_front();
    for (const Ref<Key>& key : place.ring->links) {
      const bool matches = key->type == type && key->description == description;
      if (!matches && !key->is_keyring()) continue;
      const Result<void> alive = check_alive(*key);
      const bool mine = granted(task, *key, key_search, possessed);
      if (matches && alive.ok() && mine) return key;
      if (matches) why = alive.ok() ? Errno::eacces : alive.error();
      const bool enters = key->is_keyring() && alive.ok() && mine && place.depth < kMostDepth;
      if (enters && seen.insert(key.get()).second) open.push_back({key.get(), place.depth + 1});
    }
  }
  return Errno::enokey;
}

Result<Ref<Key>> KeyTable::search(Task& task, Key* from, Key::Type type, std::string_view description) {
  Errno why = Errno::enokey;
  if (from != nullptr) {
    if (!from->is_keyring()) return Errno::enotdir;
    Result<Ref<Key>> found = search_below(task, *from, type, description, why, possesses(task, *from));
    return found.ok() ? std::move(found) : Result<Ref<Key>>(why);
  }
  KeySet& set = keys_of(task);
  Ref<Key> session = set.session;
  if (!session) session = TRY(user_keyring(task, true));
  // As Linux has it, a keyring that merely lacks the key outweighs one where it was revoked.
  bool lacking = false;
  for (const Ref<Key>& ring : {set.thread, set.process->keyring, session}) {
    if (!ring || !check_alive(*ring).ok()) continue;
    Errno here = Errno::enokey;
    Result<Ref<Key>> found = search_below(task, *ring, type, description, here, true);
    if (found.ok()) return found;
    lacking = lacking || here == Errno::enokey;
    why = here;
  }
  return lacking ? Errno::enokey : why;
}

Result<void> KeyTable::set_payload(Task&, Key& key, std::vector<u8> payload) {
  TRY(key.charge(key.account_, key.description.size() + 1 + payload.size(), key.uid == Uid(0)));
  key.payload = std::move(payload);
  return success;
}

Result<void> KeyTable::change_owner(Task& task, Key& key, Uid uid) {
  if (uid == key.uid) return success;
  TRY(key.charge(task.credentials().user_ns->account(uid), key.charged_, uid == Uid(0)));
  key.uid = uid;
  return success;
}

Result<i32> KeyTable::join_session(Task& task, const std::string& name) {
  constexpr u32 kAnonymous = kPossessor(key_all & ~key_setattr) | kUser(key_view | key_read);
  constexpr u32 kNamed = kPossessor(key_all) | kUser(key_view | key_read | key_link);
  KeySet& set = keys_of(task);
  if (name.empty()) {
    set.session = TRY(make(task, Key::Type::keyring, "_ses", kAnonymous));
    return set.session->serial;
  }
  // One of that name that the caller may search, else a new one.
  for (const Ref<Key>& key : all()) {
    if (!key->is_keyring() || key->description != name || !check_alive(*key).ok()) continue;
    if (!granted(task, *key, key_search, false)) continue;
    set.session = key;
    return key->serial;
  }
  set.session = TRY(make(task, Key::Type::keyring, name, kNamed));
  return set.session->serial;
}

}  // namespace limen
