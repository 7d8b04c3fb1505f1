#include "kernel/cred/exec.h"

#include <cstring>

#include "abi/capability.h"
#include "abi/xattr.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr u32 kSetUid = 04000, kSetGid = 02000, kGroupExecute = 00010;

bool counts_for(const Credentials& who, const Filesystem& fs) {
  return !fs.user_ns || (who.user_ns && who.user_ns->is_within(fs.user_ns.get()));
}

void take_ids(Credentials& fresh, const Attributes& attributes) {
  if ((attributes.mode & kSetUid) != 0) fresh.euid = attributes.uid;
  // Set-group-ID without group execution once meant mandatory locking.
  if ((attributes.mode & (kSetGid | kGroupExecute)) == (kSetGid | kGroupExecute)) fresh.egid = attributes.gid;
}

// None: it has no such attribute, or not for this caller. Linux: get_file_caps.
Result<std::optional<FileCapabilities>> capabilities_of(const Credentials& who, const Path& program) {
  const Result<std::vector<u8>> value = program.inode().get_xattr(abi::xattr_capability_name);
  if (value.is(Errno::enodata) || value.is(Errno::eopnotsupp)) return std::optional<FileCapabilities>();
  if (!value.ok()) return value.error();
  const FileCapabilities file = TRY(FileCapabilities::parse(*value, program.mount->filesystem()->user_ns.get()));
  return file.count_for(who) ? std::optional<FileCapabilities>(file) : std::nullopt;
}

}  // namespace

Result<FileCapabilities> FileCapabilities::parse(std::span<const u8> value, const UserNamespace* owner) {
  abi::VfsNsCapData data{};
  if (value.size() < sizeof data.magic_etc || value.size() > sizeof data) return Errno::einval;
  std::memcpy(&data, value.data(), value.size());
  const u32 revision = data.magic_etc & abi::vfs_cap_revision_mask;
  const bool is_whole = (revision == abi::vfs_cap_revision_2 && value.size() == abi::vfs_cap_size_2) ||
                        (revision == abi::vfs_cap_revision_3 && value.size() == sizeof data);
  if (!is_whole) return Errno::einval;
  FileCapabilities file;
  file.permitted = (u64{data.data[1].permitted} << 32 | data.data[0].permitted) & kAllCapabilities;
  file.inheritable = (u64{data.data[1].inheritable} << 32 | data.data[0].inheritable) & kAllCapabilities;
  file.effective = (data.magic_etc & abi::vfs_cap_flags_effective) != 0;
  const std::optional<u32> root =
      owner == nullptr ? data.rootid : owner->kernel_id(UserNamespace::Ids::user, data.rootid);
  file.root = Uid(root.value_or(~u32{0}));
  return file;
}

// Linux: rootid_owns_currentns.
bool FileCapabilities::count_for(const Credentials& who) const {
  for (const UserNamespace* ns = who.user_ns.get(); ns != nullptr && !ns->is_first(); ns = ns->parent()) {
    if (ns->local_id(UserNamespace::Ids::user, root.raw()) == 0u) return true;
  }
  return root == Uid(0);
}

Result<Ref<const Credentials>> credentials_for_exec(const Credentials& old, const Attributes& attributes,
                                                    const ExecRules& rules, bool& secure) {
  Ref<Credentials> fresh = old.clone();
  if (rules.honours_set_id) take_ids(*fresh, attributes);

  // P'(permitted) = (P(inheritable) & F(inheritable)) | (F(permitted) & P(bounding)) | P'(ambient), with root's file sets full.
  u64 permitted = 0;
  bool effective = false;
  if (rules.file) {
    permitted = (old.inheritable & rules.file->inheritable) | (rules.file->permitted & old.bounding);
    effective = rules.file->effective;
    if (effective && (rules.file->permitted & ~permitted) != 0) return Errno::eperm;
  }
  const bool is_root = fresh->is_root(fresh->uid), acts_as_root = fresh->is_root(fresh->euid);
  const bool root_counts = (old.securebits & abi::secbit_noroot) == 0;
  // A set-user-ID program of root's with capabilities of its own has no others, unless root executes it.
  if (root_counts && !(rules.file && acts_as_root && !is_root)) {
    if (is_root || acts_as_root) permitted = old.inheritable | old.bounding;
    effective = effective || acts_as_root;
  }
  const bool changes_id = fresh->euid != old.euid || !old.in_group(fresh->egid);
  const bool gains = (permitted & ~old.permitted) != 0;
  if (rules.danger != ExecRules::Danger::none && (changes_id || gains)) {
    if (rules.danger == ExecRules::Danger::no_new_privs || !old.capable_here(Capability::setuid))
      fresh->euid = fresh->uid, fresh->egid = fresh->gid;
    permitted &= old.permitted;
  }
  if (rules.file || changes_id) fresh->ambient = 0;
  fresh->permitted = permitted | fresh->ambient;
  fresh->effective = effective ? fresh->permitted : fresh->ambient;
  fresh->securebits &= ~abi::secbit_keep_caps;
  fresh->suid = fresh->fsuid = fresh->euid;
  fresh->sgid = fresh->fsgid = fresh->egid;
  secure = changes_id || fresh->euid != old.uid || fresh->egid != old.gid ||
           (!is_root && (effective || (fresh->permitted & ~fresh->ambient) != 0));
  return Ref<const Credentials>(std::move(fresh));
}

Result<Ref<const Credentials>> credentials_for_exec(Task& task, const Path& program, const Attributes& attributes,
                                                    bool& secure) {
  const Credentials& old = task.credentials();
  // Linux: mnt_may_suid: of a filesystem that is the caller's own.
  const bool may_bring = (program.mount->flags() & kMountNoSuid) == 0 && task.namespaces().mount->has(*program.mount) &&
                         counts_for(old, *program.mount->filesystem());
  ExecRules rules;
  // Linux: bprm_fill_uid: and for ids that have a meaning there.
  rules.honours_set_id =
      may_bring && !task.no_new_privs && old.is_mapped(attributes.uid) && old.is_mapped(attributes.gid);
  if (is_unsafely_traced(task)) rules.danger = ExecRules::Danger::tracer;
  if (task.no_new_privs) rules.danger = ExecRules::Danger::no_new_privs;
  if (may_bring) rules.file = TRY(capabilities_of(old, program));
  return credentials_for_exec(old, attributes, rules, secure);
}

}  // namespace limen
