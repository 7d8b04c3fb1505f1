// Who a task is. Immutable and shared: a change makes a new Credentials and swaps the task's reference, so a check
// never sees half a change. Source: credentials(7), capabilities(7), kernel/cred.c.
#pragma once

#include <vector>

#include "base/ref.h"
#include "base/types.h"
#include "kernel/cred/namespace.h"
#include "kernel/landlock/domain.h"

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

class Credentials : public RefCounted {
 public:
  Uid uid, euid, suid, fsuid;
  Gid gid, egid, sgid, fsgid;
  std::vector<Gid> groups;
  u64 effective = 0, permitted = 0, inheritable = 0, bounding = kAllCapabilities, ambient = 0;
  u32 securebits = 0;
  Ref<UserNamespace> user_ns;
  Ref<const LandlockDomain> landlock;  // landlock(7): what the task has forbidden itself; null for nearly all

  // Linux: cap_capable. Null is the first one. Who made a namespace is almighty in it, seen from the one around it.
  bool has_capability(const UserNamespace* ns, Capability cap) const;
  // In the sandbox's first user namespace: for what belongs to no other. Linux: capable().
  bool capable(Capability cap) const { return capable_here(cap) && in_first_namespace(); }
  // In the task's own: for what is its own.
  bool capable_here(Capability cap) const { return (effective >> static_cast<unsigned>(cap) & 1) != 0; }
  // In the user namespace that owns `what`. Linux: ns_capable.
  bool capable_in(const Namespace& what, Capability cap) const { return has_capability(what.owner().get(), cap); }
  // Over a file of this owner and group, who must have a meaning here. Linux: capable_wrt_inode_uidgid.
  bool capable_over(Uid owner, Gid group, Capability cap) const {
    return capable_here(cap) && (in_first_namespace() || (is_mapped(owner) && is_mapped(group)));
  }
  bool in_first_namespace() const { return !user_ns || user_ns->is_first(); }

  // Ids as they are said and seen in the task's user namespace.
  Result<Uid> kernel_id(Uid given) const;  // einval: it has no meaning
  Result<Gid> kernel_id(Gid given) const;
  u32 seen(Uid id) const { return in_first_namespace() ? id.raw() : seen_elsewhere(id); }
  u32 seen(Gid id) const { return in_first_namespace() ? id.raw() : seen_elsewhere(id); }
  bool is_mapped(Uid id) const;
  bool is_mapped(Gid id) const;
  bool is_root(Uid id) const;  // is it 0 here?

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
    copy->securebits = securebits, copy->user_ns = user_ns, copy->landlock = landlock;
    return copy;
  }

 private:
  u32 seen_elsewhere(Uid id) const;
  u32 seen_elsewhere(Gid id) const;
};

}  // namespace limen
