// Who a task is. Immutable and shared: a change makes a new Credentials and swaps the task's reference, so a check
// never sees half a change. Source: credentials(7), capabilities(7), kernel/cred.c.
#pragma once

#include <atomic>
#include <map>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/types.h"

namespace limen {

// Capability numbers of capabilities(7).
enum class Capability : u8 {
  chown = 0,
  dac_override = 1,
  dac_read_search = 2,
  fowner = 3,
  fsetid = 4,
  kill = 5,
  setgid = 6,
  setuid = 7,
  setpcap = 8,
  linux_immutable = 9,
  net_bind_service = 10,
  net_broadcast = 11,
  net_admin = 12,
  net_raw = 13,
  ipc_lock = 14,
  ipc_owner = 15,
  sys_module = 16,
  sys_rawio = 17,
  sys_chroot = 18,
  sys_ptrace = 19,
  sys_pacct = 20,
  sys_admin = 21,
  sys_boot = 22,
  sys_nice = 23,
  sys_resource = 24,
  sys_time = 25,
  sys_tty_config = 26,
  mknod = 27,
  lease = 28,
  audit_write = 29,
  audit_control = 30,
  setfcap = 31,
  mac_override = 32,
  mac_admin = 33,
  syslog = 34,
  wake_alarm = 35,
  block_suspend = 36,
  audit_read = 37,
  perfmon = 38,
  bpf = 39,
  checkpoint_restore = 40,
};
inline constexpr u64 kAllCapabilities = (u64{1} << 41) - 1;

// What one user has in use, against the limits that are counted by user.
class UserAccount : public RefCounted {
 public:
  std::atomic<u64> queued_signals{0};      // RLIMIT_SIGPENDING
  std::atomic<u64> mqueue_bytes{0};        // RLIMIT_MSGQUEUE
  std::atomic<u32> keys{0}, key_bytes{0};  // keyrings(7): kernel.keys.maxkeys, maxbytes
  std::atomic<u64> tasks{0};               // RLIMIT_NPROC
  std::atomic<u64> inotify_instances{0};   // fs.inotify.max_user_instances
  std::atomic<u64> inotify_watches{0};     // fs.inotify.max_user_watches
};

// A user namespace. One exists (the sandbox's own) until nesting comes; reached through credentials already.
class UserNamespace : public RefCounted {
 public:
  // Never null. Any thread.
  Ref<UserAccount> account(Uid uid) EXCLUDES(lock_);

 private:
  Mutex lock_{LockRank::leaf};
  std::map<Uid, Ref<UserAccount>> accounts_ GUARDED_BY(lock_);
};

class Credentials : public RefCounted {
 public:
  Uid uid, euid, suid, fsuid;
  Gid gid, egid, sgid, fsgid;
  std::vector<Gid> groups;
  u64 effective = 0, permitted = 0, inheritable = 0, bounding = kAllCapabilities, ambient = 0;
  u32 securebits = 0;
  Ref<UserNamespace> user_ns;

  bool has_capability(const UserNamespace& ns, Capability cap) const {
    return user_ns.get() == &ns && (effective >> static_cast<unsigned>(cap) & 1) != 0;
  }
  // In the task's own user namespace.
  bool capable(Capability cap) const { return (effective >> static_cast<unsigned>(cap) & 1) != 0; }
  bool in_group(Gid g) const {
    if (g == fsgid) return true;
    for (const Gid member : groups) {
      if (member == g) return true;
    }
    return false;
  }
  // A private copy to change; publish it with Task::set_credentials.
  Ref<Credentials> clone() const {
    Ref<Credentials> copy = make_ref<Credentials>();
    copy->uid = uid, copy->euid = euid, copy->suid = suid, copy->fsuid = fsuid;
    copy->gid = gid, copy->egid = egid, copy->sgid = sgid, copy->fsgid = fsgid;
    copy->groups = groups;
    copy->effective = effective, copy->permitted = permitted, copy->inheritable = inheritable;
    copy->bounding = bounding, copy->ambient = ambient;
    copy->securebits = securebits, copy->user_ns = user_ns;
    return copy;
  }
};

}  // namespace limen
