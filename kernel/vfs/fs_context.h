// The files of the newer mount calls: what fsopen(2) configures, and mounts that are in no tree yet (fsmount(2), open_tree(2)).
#pragma once

#include <optional>
#include <string>

#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"

namespace limen {

// fsopen(2), fspick(2). Lock: lock_ (rank `file`).
class FsContextFile final : public File {
 public:
  // A filesystem to be made, of a type that exists; or, with `picked`, one to be configured anew.
  FsContextFile(Path path, std::string type, Path picked);
  bool seekable() const override { return false; }

  Result<void> set_flag(std::string_view key);
  Result<void> set_string(std::string_view key, std::string value);
  Result<void> create(Task& task);       // ebusy, einval
  Result<void> reconfigure(Task& task);  // einval, ebusy
  // What was created, to be mounted once: ebusy where nothing is there, or not any more.
  Result<Path> take_root();
  bool read_only();

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;

 private:
  enum class Phase : u8 { create_params, awaiting_mount, reconf_params, failed };
  const std::string type_;
  const Path picked_;
  Mutex lock_{LockRank::file};
  Phase phase_ GUARDED_BY(lock_);
  std::string source_ GUARDED_BY(lock_);
  std::string options_ GUARDED_BY(lock_);  // as mount(2) takes them; at most a page
  std::optional<bool> read_only_ GUARDED_BY(lock_);
  Path root_ GUARDED_BY(lock_);
};

// A descriptor of a mount's root, as O_PATH. It remembers where move_mount(2) put it.
class MountFile final : public File {
 public:
  // `tree`: which ends with this file, unless move_mount(2) has put its mounts somewhere.
  MountFile(Path root, u32 flags, Ref<MountNamespace> tree = nullptr)
      : File(std::move(root), flags), tree_(std::move(tree)) {}
  bool seekable() const override { return false; }
  PollEvents poll(PollTable*) override { return kPollNval; }

 private:
  const Ref<MountNamespace> tree_;
};

}  // namespace limen
