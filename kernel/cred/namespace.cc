#include "kernel/cred/namespace.h"

#include <memory>

#include "kernel/cred/credentials.h"

namespace limen {
namespace {

// Linux: include/linux/proc_ns.h:PROC_*_INIT_INO; those of the mount and net namespaces are the next.
u32 first_number(NamespaceKind kind) {
  switch (kind) {
    case NamespaceKind::cgroup:
      return 0xeffffffb;
    case NamespaceKind::ipc:
      return 0xefffffff;
    case NamespaceKind::mount:
      return 0xf0000001;
    case NamespaceKind::net:
      return 0xf0000000;
    case NamespaceKind::pid:
      return 0xeffffffc;
    case NamespaceKind::time:
      return 0xeffffffa;
    case NamespaceKind::user:
      return 0xeffffffd;
    case NamespaceKind::uts:
      return 0xeffffffe;
  }
  return 0;
}

u32 next_number() {
  static std::atomic<u32> next{0xf0000010};  // a supply of numbers, not state
  return next.fetch_add(1, std::memory_order_relaxed);
}

std::array<Setting, kCountedKinds> all_at(u32 n) { return {n, n, n, n, n, n, n, n, n, n}; }

bool has_bit(u64 set, Capability cap) { return (set >> static_cast<unsigned>(cap) & 1) != 0; }

}  // namespace

Result<UserCharge> UserCharge::take(UserNamespace& within, Uid user, Counted what) {
  UserCharge charge;
  charge.what_ = what;
  const usize index = static_cast<usize>(what);
  Ref<UserAccount> account = within.account(user);
  for (UserNamespace* at = &within; at != nullptr; at = at->parent()) {
    const bool room = account->counts[index].fetch_add(1) < at->most(what);
    const Ref<UserAccount> next = at->makers_account();
    charge.accounts_.push_back(std::exchange(account, next));
    if (!room) return Errno::enospc;
  }
  return charge;
}

UserCharge::~UserCharge() {
  for (const Ref<UserAccount>& account : accounts_) account->counts[static_cast<usize>(what_)].fetch_sub(1);
}

Namespace::Namespace(NamespaceKind kind) : kind_(kind), first_(true), number_(first_number(kind)) {}
Namespace::Namespace(NamespaceKind kind, Ref<UserNamespace> owner, UserCharge charge)
    : kind_(kind), first_(false), number_(next_number()), owner_(std::move(owner)), charge_(std::move(charge)) {}
Namespace::~Namespace() = default;

UserNamespace::UserNamespace() : Namespace(NamespaceKind::user), most_(all_at(kMostNamespaces)) {
  most(Counted::inotify_instances).set(kMostInotifyInstances);
}

UserNamespace::UserNamespace(const Credentials& maker, UserCharge charge, u32 level)
    : Namespace(NamespaceKind::user, maker.user_ns, std::move(charge)),
      most_(all_at(INT32_MAX)),
      level_(level),
      maker_(maker.euid),
      makers_group_(maker.egid),
      could_setfcap_(has_bit(maker.effective, Capability::setfcap)),
      makers_account_(maker.user_ns->account(maker.euid)),
      setgroups_(maker.user_ns->setgroups_allowed()) {}

UserNamespace::~UserNamespace() {
  for (std::atomic<const IdMap*>& map : maps_) delete map.load();
}

Result<Ref<UserNamespace>> UserNamespace::create(const Credentials& maker) {
  UserNamespace& around = *maker.user_ns;
  if (around.level() + 1 > kMostLevels) return Errno::enospc;
  UserCharge charge = TRY(UserCharge::take(around, maker.euid, NamespaceKind::user));
  const bool mapped = around.local_id(Ids::user, maker.euid.raw()) && around.local_id(Ids::group, maker.egid.raw());
  if (!mapped) return Errno::eperm;
  return Ref<UserNamespace>::adopt(new UserNamespace(maker, std::move(charge), around.level() + 1));
}

Ref<UserAccount> UserNamespace::account(Uid uid) {
  MutexGuard guard(lock_);
  // A guest that walks through all user ids leaves no trail: accounts that only this table holds are worth nothing.
  constexpr usize kSweepAt = 256;
  if (accounts_.size() >= kSweepAt) {
    std::erase_if(accounts_, [](const auto& entry) { return entry.second->ref_count() == 1; });
  }
  Ref<UserAccount>& place = accounts_[uid];
  if (!place) place = make_ref<UserAccount>();
  return place;
}

bool UserNamespace::is_within(const UserNamespace* other) const {
  if (other == nullptr || other->is_first()) return true;
  for (const UserNamespace* at = this; at != nullptr; at = at->parent()) {
    if (at == other) return true;
  }
  return false;
}

std::optional<u32> UserNamespace::kernel_id(Ids kind, u32 local) const {
  if (local == ~0u) return std::nullopt;
  if (is_first()) return local;
  const IdMap* map = maps_[static_cast<usize>(kind)].load(std::memory_order_acquire);
  if (map == nullptr) return std::nullopt;
  for (const IdExtent& e : *map) {
    if (local >= e.first && local - e.first < e.count) return e.lower + (local - e.first);
  }
  return std::nullopt;
}

std::optional<u32> UserNamespace::local_id(Ids kind, u32 kernel) const {
  if (kernel == ~0u) return std::nullopt;
  if (is_first()) return kernel;
  const IdMap* map = maps_[static_cast<usize>(kind)].load(std::memory_order_acquire);
  if (map == nullptr) return std::nullopt;
  for (const IdExtent& e : *map) {
    if (kernel >= e.lower && kernel - e.lower < e.count) return e.first + (kernel - e.lower);
  }
  return std::nullopt;
}

Result<void> UserNamespace::set_map(Ids kind, IdMap map) {
  if (is_first()) return Errno::eperm;
  auto fresh = std::make_unique<const IdMap>(std::move(map));
  MutexGuard guard(lock_);
  std::atomic<const IdMap*>& place = maps_[static_cast<usize>(kind)];
  if (place.load() != nullptr) return Errno::eperm;
  place.store(fresh.release(), std::memory_order_release);
  return success;
}

IdMap UserNamespace::map(Ids kind) const {
  if (is_first()) return {IdExtent{0, 0, ~0u}};
  const IdMap* map = maps_[static_cast<usize>(kind)].load(std::memory_order_acquire);
  return map == nullptr ? IdMap{} : *map;
}

Result<void> UserNamespace::allow_setgroups() { return setgroups_allowed() ? success : Result<void>(Errno::eperm); }

// Who may drop a group by a map that needs no privilege must not be able to have denied it before. Linux: proc_setgroups_write.
Result<void> UserNamespace::deny_setgroups() {
  MutexGuard guard(lock_);
  if (has_map(Ids::group)) return Errno::eperm;
  setgroups_.store(false);
  return success;
}

}  // namespace limen
