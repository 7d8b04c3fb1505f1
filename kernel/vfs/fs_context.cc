#include "kernel/vfs/fs_context.h"

#include "kernel/kernel.h"
#include "kernel/mm/address_space.h"
#include "kernel/vfs/new_mount.h"

namespace limen {

FsContextFile::FsContextFile(Path path, std::string type, Path picked)
    : File(std::move(path), 02),
      type_(std::move(type)),
      picked_(std::move(picked)),
      phase_(picked_ ? Phase::reconf_params : Phase::create_params) {}

Result<void> FsContextFile::set_flag(std::string_view key) {
  MutexGuard guard(lock_);
  if (phase_ != Phase::create_params && phase_ != Phase::reconf_params) return Errno::ebusy;
  if (key == "ro" || key == "rw") {
    read_only_ = key == "ro";
    return success;
  }
  // Of a superblock too, and without effect on files in memory. Linux: fs/fs_context.c:common_set_sb_flag.
  for (const char* known : {"async", "dirsync", "lazytime", "mand", "nolazytime", "nomand", "sync"}) {
    if (key == known) return success;
  }
  return Errno::einval;
}

Result<void> FsContextFile::set_string(std::string_view key, std::string value) {
  MutexGuard guard(lock_);
  if (phase_ != Phase::create_params && phase_ != Phase::reconf_params) return Errno::ebusy;
  if (key == "source") {
    if (!source_.empty()) return Errno::einval;
    source_ = std::move(value);
    return success;
  }
  for (const char* known : {"size", "nr_blocks", "nr_inodes", "mode", "uid", "gid"}) {
    if (key != known || type_ != "tmpfs") continue;
    if (options_.size() + key.size() + value.size() + 2 > kPageSize || value.find(',') != std::string::npos)
      return Errno::einval;
    options_ += (options_.empty() ? "" : ",") + std::string(key) + "=" + value;
    return success;
  }
  return Errno::einval;
}

Result<void> FsContextFile::create(Task& task) {
  std::string options, source;
  {
    MutexGuard guard(lock_);
    if (phase_ != Phase::create_params) return Errno::ebusy;
    options = options_, source = source_;
    phase_ = Phase::failed;  // until it has been made
  }
  Path made = TRY(make_mountable(task, type_, options, 0, source.empty() ? "none" : source));
  MutexGuard guard(lock_);
  root_ = std::move(made);
  phase_ = Phase::awaiting_mount;
  return success;
}

Result<void> FsContextFile::reconfigure(Task& task) {
  std::string options;
  bool changes_flags = false;
  {
    MutexGuard guard(lock_);
    if (phase_ != Phase::reconf_params) return Errno::ebusy;
    options = options_;
    changes_flags = read_only_.has_value();
  }
  if (!options.empty()) TRY(picked_.mount->filesystem()->remount(options));
  if (!changes_flags) return success;
  const u32 others = picked_.mount->flags() & ~kMountReadOnly;
  return task.namespaces().mount->remount(picked_, others | (read_only() ? u32{kMountReadOnly} : 0));
}

Result<Path> FsContextFile::take_root() {
  MutexGuard guard(lock_);
  if (phase_ == Phase::create_params || phase_ == Phase::failed) return Errno::einval;  // nothing was made
  if (phase_ != Phase::awaiting_mount || !root_) return Errno::ebusy;
  phase_ = Phase::reconf_params;
  return std::move(root_);
}

bool FsContextFile::read_only() {
  MutexGuard guard(lock_);
  return read_only_.value_or(false);
}

// The log of what went wrong: nothing is logged.
Result<usize> FsContextFile::try_read(Task&, UserBuffer&, u64*) { return Errno::enodata; }

}  // namespace limen
