// What all namespaces have in common (who owns one, how many a user may have), and user namespaces.
// Source: namespaces(7), user_namespaces(7), kernel/user_namespace.c, kernel/ucount.c.
//
// Inside the kernel a user id (Uid, Gid) is one of the sandbox's first user namespace, as Linux's kuid_t is. It is translated where a guest
// says or hears it:
//
//   const Uid owner = TRY(task.credentials().kernel_id(given));   // einval: no meaning in the caller's namespace
//   s.st_uid = task.credentials().seen(attributes.uid);           // 65534 where it has none
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <optional>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "base/types.h"
#include "kernel/settings.h"

namespace limen {

class Credentials;
class UserNamespace;

enum class NamespaceKind : u8 { cgroup, ipc, mount, net, pid, time, user, uts };
// What is counted by user, there and in the user namespaces around: namespaces by their kind, and what inotify(7) holds.
enum class Counted : u8 { cgroup, ipc, mount, net, pid, time, user, uts, inotify_instances, inotify_watches };
inline constexpr usize kCountedKinds = 10;

// What one user has in use, against the limits that are counted by user.
class UserAccount : public RefCounted {
 public:
  std::atomic<u64> queued_signals{0};                    // RLIMIT_SIGPENDING
  std::atomic<u64> mqueue_bytes{0};                      // RLIMIT_MSGQUEUE
  std::atomic<u32> keys{0}, key_bytes{0};                // keyrings(7): kernel.keys.maxkeys, maxbytes
  std::atomic<u64> tasks{0};                             // RLIMIT_NPROC
  std::atomic<u64> files_in_flight{0};                   // RLIMIT_NOFILE, of descriptors in messages: unix(7)
  std::atomic<u64> epoll_watches{0};                     // fs.epoll.max_user_watches
  std::atomic<u64> fanotify_groups{0};                   // fs.fanotify.max_user_groups
  std::atomic<u64> fanotify_marks{0};                    // fs.fanotify.max_user_marks
  std::array<std::atomic<u32>, kCountedKinds> counts{};  // user.max_*
};

// One of `what` counted for a user, and for who made the user namespaces around, for as long as it lives.
class UserCharge {
 public:
  UserCharge() = default;
  static Result<UserCharge> take(UserNamespace& within, Uid user, Counted what);  // enospc
  static Result<UserCharge> take(UserNamespace& within, Uid maker, NamespaceKind kind) {
    return take(within, maker, static_cast<Counted>(kind));
  }
  UserCharge(UserCharge&& other) noexcept = default;
  UserCharge& operator=(UserCharge&& other) noexcept {
    std::swap(accounts_, other.accounts_), std::swap(what_, other.what_);
    return *this;
  }
  ~UserCharge();

 private:
  std::vector<Ref<UserAccount>> accounts_;
  Counted what_ = Counted::user;
};

class Namespace : public RefCounted {
 public:
  explicit Namespace(NamespaceKind kind);  // the first of its kind
  Namespace(NamespaceKind kind, Ref<UserNamespace> owner, UserCharge charge);
  ~Namespace() override;
  NamespaceKind kind() const { return kind_; }
  u32 number() const { return number_; }  // its inode in /proc/PID/ns
  bool is_first() const { return first_; }
  // The user namespace whose capabilities count here; null for the first. Of a user namespace: the one around it.
  const Ref<UserNamespace>& owner() const { return owner_; }

 private:
  const NamespaceKind kind_;
  const bool first_;
  const u32 number_;
  const Ref<UserNamespace> owner_;
  UserCharge charge_;
};

// The lines of /proc/PID/uid_map. `lower` is a kernel id.
struct IdExtent {
  u32 first = 0, lower = 0, count = 0;
};
using IdMap = std::vector<IdExtent>;

class UserNamespace : public Namespace {
 public:
  static constexpr u32 kMostLevels = 33;   // below the first. Linux: create_user_ns
  static constexpr u32 kOverflow = 65534;  // kernel.overflowuid, overflowgid
  static constexpr u32 kMostNamespaces =
      1024;                                   // of each kind, in the whole sandbox: user.max_*_namespaces of the first
  static constexpr usize kMostExtents = 340;  // Linux: UID_GID_MAP_MAX_EXTENTS
  enum class Ids : u8 { user, group, project };

  static constexpr u32 kMostInotifyInstances = 128;
  // Of the first namespace.
  UserNamespace();
  ~UserNamespace() override;
  // CLONE_NEWUSER. enospc: too many, or too deeply nested; eperm: the maker's ids mean nothing in its own.
  static Result<Ref<UserNamespace>> create(const Credentials& maker);

  // Never null. Any thread.
  Ref<UserAccount> account(Uid uid) EXCLUDES(lock_);
  // Of who made it, in the namespace around it.
  const Ref<UserAccount>& makers_account() const { return makers_account_; }
  UserNamespace* parent() const { return owner().get(); }
  u32 level() const { return level_; }
  Uid maker() const { return maker_; }
  Gid makers_group() const { return makers_group_; }
  bool maker_could_set_file_capabilities() const { return could_setfcap_; }
  // Is it this one, or does it lie below?
  bool is_within(const UserNamespace* other) const;

  // From an id as it is said here; none without a meaning.
  std::optional<u32> kernel_id(Ids kind, u32 local) const;
  // ... and back.
  std::optional<u32> local_id(Ids kind, u32 kernel) const;
  // Written once: eperm the second time.
  Result<void> set_map(Ids kind, IdMap map);
  IdMap map(Ids kind) const;
  bool has_map(Ids kind) const { return is_first() || maps_[static_cast<usize>(kind)].load() != nullptr; }

  // /proc/PID/setgroups. eperm: it cannot be changed any more.
  bool setgroups_allowed() const { return setgroups_.load(); }
  Result<void> allow_setgroups();
  Result<void> deny_setgroups();

  // user.max_*. Those of inotify in the first namespace are fs.inotify.max_user_*, too.
  Setting& most(Counted what) { return most_[static_cast<usize>(what)]; }

 private:
  UserNamespace(const Credentials& maker, UserCharge charge, u32 level);
  std::array<Setting, kCountedKinds> most_;
  Mutex lock_{LockRank::leaf};
  std::map<Uid, Ref<UserAccount>> accounts_ GUARDED_BY(lock_);
  const u32 level_ = 0;
  const Uid maker_{0};
  const Gid makers_group_{0};
  const bool could_setfcap_ = true;
  const Ref<UserAccount> makers_account_;
  std::atomic<bool> setgroups_{true};
  std::array<std::atomic<const IdMap*>, 3> maps_{};  // ours; set once
};

}  // namespace limen
