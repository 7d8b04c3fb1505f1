#include "kernel/cred/exec.h"

#include "abi/capability.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr u32 kSetUid = 04000, kSetGid = 02000, kGroupExecute = 00010;

bool counts_for(const Credentials& who, const Filesystem& fs) {
  return !fs.user_ns || (who.user_ns && who.user_ns->is_within(fs.user_ns.get()));
}

}  // namespace

Ref<const Credentials> credentials_for_exec(const Credentials& old, const Attributes& attributes, bool honour_set_id,
                                            bool& secure) {
  Ref<Credentials> fresh = old.clone();
  bool set_id = false;
  if (honour_set_id && (attributes.mode & kSetUid) != 0) {
    fresh->euid = attributes.uid;
    set_id = true;
  }
  // Set-group-ID without group execution once meant mandatory locking.
  if (honour_set_id && (attributes.mode & (kSetGid | kGroupExecute)) == (kSetGid | kGroupExecute)) {
    fresh->egid = attributes.gid;
    set_id = true;
  }
  const bool gains_id = set_id && (fresh->euid != old.uid || fresh->egid != old.gid);
  if (set_id) fresh->ambient = 0;

  // P'(permitted) = (P(inheritable) & F(inheritable)) | (F(permitted) & P(bounding)) | P'(ambient), with root's file sets full.
  const bool root_counts = (old.securebits & abi::secbit_noroot) == 0;
  const bool is_root = root_counts && (fresh->is_root(fresh->uid) || fresh->is_root(fresh->euid));
  const bool effective_bit = root_counts && fresh->is_root(fresh->euid);
  fresh->permitted = (is_root ? (old.inheritable | old.bounding) : 0) | fresh->ambient;
  fresh->effective = effective_bit ? fresh->permitted : fresh->ambient;
  fresh->securebits &= ~abi::secbit_keep_caps;
  fresh->suid = fresh->fsuid = fresh->euid;
  fresh->sgid = fresh->fsgid = fresh->egid;
  secure = gains_id || fresh->euid != fresh->uid || fresh->egid != fresh->gid;
  return fresh;
}

Result<Ref<const Credentials>> credentials_for_exec(Task& task, const Path& program, const Attributes& attributes,
                                                    bool& secure) {
  const Credentials& old = task.credentials();
  const bool honour = !task.no_new_privs && !is_unsafely_traced(task) && (program.mount->flags() & kMountNoSuid) == 0 &&
                      // Linux: mnt_may_suid, bprm_fill_uid: of a filesystem and for ids that are the caller's own.
                      task.namespaces().mount->has(*program.mount) && counts_for(old, *program.mount->filesystem()) &&
                      old.is_mapped(attributes.uid) && old.is_mapped(attributes.gid);
  return credentials_for_exec(old, attributes, honour, secure);
}

}  // namespace limen
