// The questions of the rest of the kernel to a task's Landlock domain. Each costs one test where a task has none, and asks after the usual
// permissions where Linux asks its security modules: when a file is opened, made, removed, linked, renamed, truncated or used as a
// device, a mount changed, a port or an abstract socket reached, a process signalled or traced.
//
// A right is granted if in each layer that handles it a rule at the place or above it grants it; it may be another rule in each layer, and
// for each right. Above the root of a mount comes the place that the mount covers. Files of no namespace's mount (memfds, pipes) are
// nobody's business. None blocks; locks up to `dentry` and `mount` (shared) are taken.
// Source: security/landlock/{fs,net,task}.c, hooks in security/security.c.
#pragma once

#include <array>
#include <optional>

#include "base/result.h"
#include "kernel/cred/credentials.h"
#include "kernel/task/task.h"
#include "kernel/vfs/path.h"

namespace limen {

class File;

namespace landlock {

// eacces where `rights` (LANDLOCK_ACCESS_FS_*) are not all granted at `path`.
Result<void> check_granted(Task& task, const Path& path, u64 rights);
inline Result<void> check(Task& task, const Path& path, u64 rights) {
  return task.credentials().landlock ? check_granted(task, path, rights) : success;
}

// Before open(2) opens it, with these O_*: eacces. What the file may not be used for later (File::refuse).
Result<u64> judge_opening(Task& task, const Path& path, const Attributes& attributes, u32 flags);
inline Result<u64> may_open(Task& task, const Path& path, const Attributes& attributes, u32 flags) {
  return task.credentials().landlock ? judge_opening(task, path, attributes, flags) : Result<u64>(u64{0});
}
Result<void> may_execute(Task& task, const Path& path);

// Of some rights those that each layer still denies, while a walk goes up and meets rules.
class Denied {
 public:
  Denied(const LandlockDomain& domain, u64 wanted);
  void meet(const Inode& place);
  u64 rights() const;  // that some layer denies
  // Does each layer deny, of these rights, at least what `other` denies there?
  bool includes(const Denied& other, u64 of) const;
  void clear() { by_layer_ = {}; }

 private:
  const LandlockDomain& domain_;
  std::array<u64, LandlockDomain::kMostLayers> by_layer_{};
};

// How a task stands to a directory in which it is going to change names: found out before the filesystem's rename_lock is taken, which ranks
// below the mount tree's. Nothing: it has no domain.
using Standing = std::optional<Denied>;
Denied all_denied_at(Task& task, const Path& directory);
inline Standing standing_in(Task& task, const Path& directory) {
  return task.credentials().landlock ? Standing(all_denied_at(task, directory)) : std::nullopt;
}
// A name of this type (S_IF*) there; eacces.
Result<void> may_make(const Standing& directory, u32 mode);
Result<void> may_remove(const Standing& directory, const Dentry& victim);

// link(2) and rename(2): what gets a name in another directory may not gain rights by it. eacces; exdev where only the move is refused, so
// that a program copies instead.
struct Refer {
  const Standing& from;
  const Standing& to;
  bool same_directory = false;
  const Dentry& moved;
  const Dentry* replaced = nullptr;  // what stands at the new name
  bool removes = false;              // rename: the old name goes
  bool exchanges = false;
};
Result<void> may_refer(const Refer& what);

// mount(2) and its kin: eperm in a domain that handles files at all, as a mount would change what places are.
inline Result<void> may_change_mounts(Task& task) {
  const auto& domain = task.credentials().landlock;
  return domain && domain->handles_files() ? Result<void>(Errno::eperm) : success;
}

// An ioctl(2) that no rule needs to grant, on whatever device. Linux: is_masked_device_ioctl.
bool is_harmless_ioctl(u32 command);

// ptrace(2), process_vm_readv(2), /proc/PID: from a domain only what is within it. Linux: domain_ptrace.
inline bool may_trace(const Credentials& tracer, const Credentials& tracee) {
  return !tracer.landlock || tracer.landlock->contains(tracee.landlock.get());
}

// LANDLOCK_ACCESS_NET_* of TCP: eacces.
Result<void> check_port(const LandlockDomain& domain, u16 port, u64 right);

}  // namespace landlock
}  // namespace limen
