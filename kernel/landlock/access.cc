#include "kernel/landlock/access.h"

#include <algorithm>
#include <array>

#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "abi/landlock.h"
#include "kernel/task/task.h"

namespace limen::landlock {
namespace {

constexpr u64 kAllFileRights = 2 * abi::landlock_access_fs_ioctl_dev - 1;
// What has a meaning for a file that is no directory. Linux: ACCESS_FILE.
constexpr u64 kOfNonDirectories = abi::landlock_access_fs_execute | abi::landlock_access_fs_write_file |
                                  abi::landlock_access_fs_read_file | abi::landlock_access_fs_truncate |
                                  abi::landlock_access_fs_ioctl_dev;

// From `at` to the root of all. Linux: is_access_to_paths_allowed.
void walk_up(Task& task, Path at, Denied& denied) {
  const MountNamespace& mounts = *task.namespaces().mount;
  if ((at.mount->flags() & kMountInternal) != 0) return denied.clear();
  while (denied.rights() != 0) {
    denied.meet(at.inode());
    // Of a place that is covered the covering counts.
    while (at.dentry == at.mount->root()) {
      at = mounts.leave(at);
      if (!at) return;
    }
    Ref<Dentry> parent = at.dentry->parent();
    // Outside of what a bind mount shows, where a rename has brought it: the mount's place counts, too.
    at.dentry = parent ? std::move(parent) : at.mount->root();
  }
}

Denied denied_at(Task& task, const Path& path, u64 wanted) {
  Denied denied(*task.credentials().landlock, wanted);
  walk_up(task, path, denied);
  return denied;
}

u64 right_to_make(u32 mode) {
  switch (mode & abi::s_ifmt) {
    case abi::s_iflnk:
      return abi::landlock_access_fs_make_sym;
    case abi::s_ifdir:
      return abi::landlock_access_fs_make_dir;
    case abi::s_ifchr:
      return abi::landlock_access_fs_make_char;
    case abi::s_ifblk:
      return abi::landlock_access_fs_make_block;
    case abi::s_ififo:
      return abi::landlock_access_fs_make_fifo;
    case abi::s_ifsock:
      return abi::landlock_access_fs_make_sock;
    default:
      return abi::landlock_access_fs_make_reg;
  }
}

u64 right_to_remove(bool directory) {
  return directory ? abi::landlock_access_fs_remove_dir : abi::landlock_access_fs_remove_file;
}

// What may be done with the file itself that has rules of its own, besides those of its directory.
Denied with_own_rules(Denied of_directory, const Dentry& file) {
  of_directory.meet(*file.inode());
  return of_directory;
}

u64 rights_of(bool directory) { return directory ? kAllFileRights : kOfNonDirectories; }

}  // namespace

// Giving a file another directory is denied by each layer that does not grant it, whether it handles that or not.
Denied::Denied(const LandlockDomain& domain, u64 wanted) : domain_(domain) {
  if (!domain.handles_files()) return;
  for (usize i = 0; i < domain.layers().size(); ++i)
    by_layer_[i] = wanted & (domain.layers()[i]->rules->handled_fs | abi::landlock_access_fs_refer);
}

void Denied::meet(const Inode& place) {
  for (usize i = 0; i < domain_.layers().size(); ++i) {
    if (by_layer_[i] != 0) by_layer_[i] &= ~domain_.layers()[i]->rules->granted(place);
  }
}

u64 Denied::rights() const {
  u64 all = 0;
  for (const u64 denied : by_layer_) all |= denied;
  return all;
}

bool Denied::includes(const Denied& other, u64 of) const {
  for (usize i = 0; i < by_layer_.size(); ++i) {
    if ((other.by_layer_[i] & of & ~by_layer_[i]) != 0) return false;
  }
  return true;
}

Denied all_denied_at(Task& task, const Path& directory) { return denied_at(task, directory, kAllFileRights); }

Result<void> check_granted(Task& task, const Path& path, u64 rights) {
  return denied_at(task, path, rights).rights() == 0 ? Result<void>() : Errno::eacces;
}

// Linux: hook_file_open.
Result<u64> judge_opening(Task& task, const Path& path, const Attributes& attributes, u32 flags) {
  constexpr u32 kReads = 1, kWrites = 2;
  const u32 mode = (flags & abi::o_accmode) + 1;  // 3 is neither: for ioctl(2) alone
  u64 needed = 0;
  if ((mode & kReads) != 0)
    needed |= attributes.is_directory() ? abi::landlock_access_fs_read_dir : abi::landlock_access_fs_read_file;
  if ((mode & kWrites) != 0) needed |= abi::landlock_access_fs_write_file;
  u64 later = abi::landlock_access_fs_truncate;
  if (attributes.type() == abi::s_ifchr || attributes.type() == abi::s_ifblk)
    later |= abi::landlock_access_fs_ioctl_dev;
  const u64 denied = denied_at(task, path, needed | later).rights();
  if ((denied & needed) != 0) return Errno::eacces;
  return denied;
}

// Linux: do_open_execat opens it for reading.
Result<void> may_execute(Task& task, const Path& path) {
  return check(task, path, abi::landlock_access_fs_execute | abi::landlock_access_fs_read_file);
}

Result<void> may_make(const Standing& directory, u32 mode) {
  return directory && (directory->rights() & right_to_make(mode)) != 0 ? Errno::eacces : Result<void>();
}

Result<void> may_remove(const Standing& directory, const Dentry& victim) {
  if (!directory) return success;
  const u32 type = TRY(victim.inode()->file_type());
  return (directory->rights() & right_to_remove(abi::s_isdir(type))) != 0 ? Errno::eacces : Result<void>();
}

// Linux: current_check_refer_path.
Result<void> may_refer(const Refer& what) {
  if (!what.from || !what.to) return success;
  const Denied &source = *what.from, &target = *what.to;
  const u32 moved_type = TRY(what.moved.inode()->file_type());
  const bool moves_directory = abi::s_isdir(moved_type);
  u32 replaced_type = 0;
  if (what.replaced != nullptr) replaced_type = TRY(what.replaced->inode()->file_type());
  const bool replaces_directory = abi::s_isdir(replaced_type);
  u64 at_source = what.exchanges ? right_to_make(replaced_type) : 0, at_target = right_to_make(moved_type);
  if (what.removes) {
    at_source |= right_to_remove(moves_directory);
    if (what.replaced != nullptr) at_target |= right_to_remove(replaces_directory);
  }
  if (what.same_directory) return (target.rights() & (at_source | at_target)) != 0 ? Errno::eacces : Result<void>();

  at_source |= abi::landlock_access_fs_refer, at_target |= abi::landlock_access_fs_refer;
  const u64 missing = (source.rights() & at_source) | (target.rights() & at_target);
  if ((missing & ~abi::landlock_access_fs_refer) != 0) return Errno::eacces;
  if (missing != 0) return Errno::exdev;
  if (!target.includes(with_own_rules(source, what.moved), rights_of(moves_directory))) return Errno::exdev;
  if (what.exchanges && !source.includes(with_own_rules(target, *what.replaced), rights_of(replaces_directory)))
    return Errno::exdev;
  return success;
}

bool is_harmless_ioctl(u32 command) {
  constexpr std::array<u32, 14> kHarmless = {abi::fioclex,          abi::fionclex,
                                             abi::fionbio,          abi::fioasync,
                                             abi::fioqsize,         abi::fifreeze,
                                             abi::fithaw,           abi::figetbsz,
                                             abi::fs_ioc_fiemap,    abi::ficlone,
                                             abi::ficlonerange,     abi::fideduperange,
                                             abi::fs_ioc_getfsuuid, abi::fs_ioc_getfssysfspath};
  return std::find(kHarmless.begin(), kHarmless.end(), command) != kHarmless.end();
}

Result<void> check_port(const LandlockDomain& domain, u16 port, u64 right) {
  for (const Ref<const LandlockLayer>& layer : domain.layers()) {
    const LandlockRules& rules = *layer->rules;
    if ((rules.handled_net & right) != 0 && (rules.granted_port(port) & right) == 0) return Errno::eacces;
  }
  return success;
}

}  // namespace limen::landlock
