// User and group ids, capabilities. Source: credentials(7), capabilities(7), setuid(2), setresuid(2), setfsuid(2), setgroups(2),
// capget(2); kernel/sys.c, security/commoncap.c.
#include <algorithm>

#include "abi/capability.h"
#include "kernel/cred/change.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr Uid kSameUid(~0u);
constexpr Gid kSameGid(~0u);

// An id of a call that means "leave it" by -1; einval where it has no meaning.
Result<Uid> optional_id(const Credentials& c, Uid u) { return u == kSameUid ? Result<Uid>(u) : c.kernel_id(u); }
Result<Gid> optional_id(const Credentials& c, Gid g) { return g == kSameGid ? Result<Gid>(g) : c.kernel_id(g); }

bool is_own(const Credentials& c, Uid u) { return u == c.uid || u == c.euid || u == c.suid; }
bool is_own(const Credentials& c, Gid g) { return g == c.gid || g == c.egid || g == c.sgid; }

// Header and words of capget and capset. The number of words; einval with the newest version written back.
Result<usize> cap_words(Task& task, UserInOut<abi::CapHeader> user, abi::CapHeader& header) {
  header = TRY(user.read(task));
  switch (header.version) {
    case abi::linux_capability_version_1:
      return usize{1};
    case abi::linux_capability_version_2:
    case abi::linux_capability_version_3:
      return usize{2};
    default:
      break;
  }
  header.version = abi::linux_capability_version_3;
  TRY(user.write(task, header));
  return Errno::einval;
}

u64 joined(u32 low, u32 high) { return (static_cast<u64>(high) << 32 | low) & kAllCapabilities; }

}  // namespace

Result<i64> sys_getuid(Task& task) { return task.credentials().seen(task.credentials().uid); }
Result<i64> sys_geteuid(Task& task) { return task.credentials().seen(task.credentials().euid); }
Result<i64> sys_getgid(Task& task) { return task.credentials().seen(task.credentials().gid); }
Result<i64> sys_getegid(Task& task) { return task.credentials().seen(task.credentials().egid); }

Result<i64> sys_setuid(Task& task, Uid id) {
  const Credentials& old = task.credentials();
  const Uid uid = TRY(old.kernel_id(id));
  Ref<Credentials> fresh = old.clone();
  if (old.capable_here(Capability::setuid)) {
    fresh->uid = fresh->suid = uid;
  } else if (uid != old.uid && uid != old.suid) {
    return Errno::eperm;
  }
  fresh->euid = fresh->fsuid = uid;
  change_user_ids(task, std::move(fresh));
  return 0;
}

Result<i64> sys_setreuid(Task& task, Uid ruid, Uid euid) {
  const Credentials& old = task.credentials();
  ruid = TRY(optional_id(old, ruid));
  euid = TRY(optional_id(old, euid));
  const bool may = old.capable_here(Capability::setuid);
  Ref<Credentials> fresh = old.clone();
  if (ruid != kSameUid) {
    fresh->uid = ruid;
    if (!may && ruid != old.uid && ruid != old.euid) return Errno::eperm;
  }
  if (euid != kSameUid) {
    fresh->euid = euid;
    if (!may && !is_own(old, euid)) return Errno::eperm;
  }
  if (ruid != kSameUid || (euid != kSameUid && euid != old.uid)) fresh->suid = fresh->euid;
  fresh->fsuid = fresh->euid;
  change_user_ids(task, std::move(fresh));
  return 0;
}

Result<i64> sys_setresuid(Task& task, Uid ruid, Uid euid, Uid suid) {
  const Credentials& old = task.credentials();
  ruid = TRY(optional_id(old, ruid));
  euid = TRY(optional_id(old, euid));
  suid = TRY(optional_id(old, suid));
  Ref<Credentials> fresh = old.clone();
  for (const Uid wanted : {ruid, euid, suid}) {
    if (wanted != kSameUid && !is_own(old, wanted) && !old.capable_here(Capability::setuid)) return Errno::eperm;
  }
  if (ruid != kSameUid) fresh->uid = ruid;
  if (euid != kSameUid) fresh->euid = euid;
  if (suid != kSameUid) fresh->suid = suid;
  fresh->fsuid = fresh->euid;
  change_user_ids(task, std::move(fresh));
  return 0;
}

Result<i64> sys_setfsuid(Task& task, Uid uid) {
  const Credentials& old = task.credentials();
  const i64 before = old.seen(old.fsuid);
  uid = old.kernel_id(uid).value_or(kSameUid);
  const bool may = is_own(old, uid) || uid == old.fsuid || old.capable_here(Capability::setuid);
  if (uid == kSameUid || !may || uid == old.fsuid) return before;
  Ref<Credentials> fresh = old.clone();
  fresh->fsuid = uid;
  change_filesystem_uid(task, std::move(fresh));
  return before;
}

Result<i64> sys_setgid(Task& task, Gid id) {
  const Credentials& old = task.credentials();
  const Gid gid = TRY(old.kernel_id(id));
  Ref<Credentials> fresh = old.clone();
  if (old.capable_here(Capability::setgid)) {
    fresh->gid = fresh->sgid = gid;
  } else if (gid != old.gid && gid != old.sgid) {
    return Errno::eperm;
  }
  fresh->egid = fresh->fsgid = gid;
  publish_credentials(task, std::move(fresh));
  return 0;
}

Result<i64> sys_setregid(Task& task, Gid rgid, Gid egid) {
  const Credentials& old = task.credentials();
  rgid = TRY(optional_id(old, rgid));
  egid = TRY(optional_id(old, egid));
  const bool may = old.capable_here(Capability::setgid);
  Ref<Credentials> fresh = old.clone();
  if (rgid != kSameGid) {
    fresh->gid = rgid;
    if (!may && rgid != old.gid && rgid != old.egid) return Errno::eperm;
  }
  if (egid != kSameGid) {
    fresh->egid = egid;
    if (!may && !is_own(old, egid)) return Errno::eperm;
  }
  if (rgid != kSameGid || (egid != kSameGid && egid != old.gid)) fresh->sgid = fresh->egid;
  fresh->fsgid = fresh->egid;
  publish_credentials(task, std::move(fresh));
  return 0;
}

Result<i64> sys_setresgid(Task& task, Gid rgid, Gid egid, Gid sgid) {
  const Credentials& old = task.credentials();
  rgid = TRY(optional_id(old, rgid));
  egid = TRY(optional_id(old, egid));
  sgid = TRY(optional_id(old, sgid));
  Ref<Credentials> fresh = old.clone();
  for (const Gid wanted : {rgid, egid, sgid}) {
    if (wanted != kSameGid && !is_own(old, wanted) && !old.capable_here(Capability::setgid)) return Errno::eperm;
  }
  if (rgid != kSameGid) fresh->gid = rgid;
  if (egid != kSameGid) fresh->egid = egid;
  if (sgid != kSameGid) fresh->sgid = sgid;
  fresh->fsgid = fresh->egid;
  publish_credentials(task, std::move(fresh));
  return 0;
}

Result<i64> sys_setfsgid(Task& task, Gid gid) {
  const Credentials& old = task.credentials();
  const i64 before = old.seen(old.fsgid);
  gid = old.kernel_id(gid).value_or(kSameGid);
  const bool may = is_own(old, gid) || gid == old.fsgid || old.capable_here(Capability::setgid);
  if (gid == kSameGid || !may || gid == old.fsgid) return before;
  Ref<Credentials> fresh = old.clone();
  fresh->fsgid = gid;
  publish_credentials(task, std::move(fresh));
  return before;
}

Result<i64> sys_getresuid(Task& task, UserOut<u32> ruid, UserOut<u32> euid, UserOut<u32> suid) {
  const Credentials& own = task.credentials();
  TRY(ruid.write(task, own.seen(own.uid)));
  TRY(euid.write(task, own.seen(own.euid)));
  TRY(suid.write(task, own.seen(own.suid)));
  return 0;
}

Result<i64> sys_getresgid(Task& task, UserOut<u32> rgid, UserOut<u32> egid, UserOut<u32> sgid) {
  const Credentials& own = task.credentials();
  TRY(rgid.write(task, own.seen(own.gid)));
  TRY(egid.write(task, own.seen(own.egid)));
  TRY(sgid.write(task, own.seen(own.sgid)));
  return 0;
}

Result<i64> sys_getgroups(Task& task, int size, UserArray<Out, u32> list) {
  const std::vector<Gid>& groups = task.credentials().groups;
  if (size < 0) return Errno::einval;
  if (size == 0) return static_cast<i64>(groups.size());
  if (groups.size() > static_cast<usize>(size)) return Errno::einval;
  std::vector<u32> raw;
  for (const Gid group : groups) raw.push_back(task.credentials().seen(group));
  TRY(list.write_array(task, raw));
  return static_cast<i64>(raw.size());
}

Result<i64> sys_setgroups(Task& task, int size, UserArray<In, u32> list) {
  constexpr u32 kMostGroups = 65536;  // NGROUPS_MAX
  const Credentials& own = task.credentials();
  if (!own.capable_here(Capability::setgid)) return Errno::eperm;
  // Linux: userns_may_setgroups.
  if (!own.in_first_namespace() &&
      !(own.user_ns->setgroups_allowed() && own.user_ns->has_map(UserNamespace::Ids::group)))
    return Errno::eperm;
  if (static_cast<u32>(size) > kMostGroups) return Errno::einval;
  const std::vector<u32> raw = TRY(list.read_array(task, static_cast<usize>(size)));
  Ref<Credentials> fresh = task.credentials().clone();
  fresh->groups.clear();
  for (const u32 group : raw) {
    const Gid id = TRY(own.kernel_id(Gid(group)));
    fresh->groups.push_back(id);
  }
  std::sort(fresh->groups.begin(), fresh->groups.end());  // as Linux keeps and shows them
  publish_credentials(task, std::move(fresh));
  return 0;
}

Result<i64> sys_capget(Task& task, UserInOut<abi::CapHeader> header, UserArray<Out, abi::CapData> data) {
  abi::CapHeader head{};
  const Result<usize> words = cap_words(task, header, head);
  if (!words.ok()) return data.is_null() && words.is(Errno::einval) ? Result<i64>(0) : words.error();
  if (head.pid < 0) return Errno::einval;
  Ref<const Credentials> whose = task.credentials_ref();
  if (head.pid != 0 && task.means(Pid(head.pid)) != task.tid()) {
    ReadGuard tree(task.kernel().process_tree);
    const Ref<Task> other = task.namespaces().pid->find(Pid(head.pid));
    if (!other) return Errno::esrch;
    whose = other->credentials_ref();
  }
  if (!whose) return Errno::esrch;
  if (data.is_null()) return 0;
  std::vector<abi::CapData> out;
  for (usize i = 0; i < *words; ++i) {
    const unsigned shift = static_cast<unsigned>(i) * 32;
    out.push_back({static_cast<u32>(whose->effective >> shift), static_cast<u32>(whose->permitted >> shift),
                   static_cast<u32>(whose->inheritable >> shift)});
  }
  TRY(data.write_array(task, out));
  return 0;
}

Result<i64> sys_capset(Task& task, UserInOut<abi::CapHeader> header, UserArray<In, abi::CapData> data) {
  abi::CapHeader head{};
  const usize words = TRY(cap_words(task, header, head));
  if (head.pid != 0 && task.means(Pid(head.pid)) != task.tid()) return Errno::eperm;
  std::vector<abi::CapData> in = TRY(data.read_array(task, words));
  in.resize(2);
  Ref<Credentials> fresh = task.credentials().clone();
  fresh->effective = joined(in[0].effective, in[1].effective);
  fresh->permitted = joined(in[0].permitted, in[1].permitted);
  fresh->inheritable = joined(in[0].inheritable, in[1].inheritable);
  TRY(check_capset(task.credentials(), *fresh));
  fresh->ambient &= fresh->permitted & fresh->inheritable;
  publish_credentials(task, std::move(fresh));
  return 0;
}

}  // namespace limen
