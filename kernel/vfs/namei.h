// The walk itself, for those who need more than walk() of path.h gives: open(2), which makes the last name where it is missing.
// Source: path_resolution(7), openat2(2), fs/namei.c.
#pragma once

#include <optional>

#include "kernel/vfs/path.h"

namespace limen {

class Task;

inline constexpr usize kPathMax = 4096;
inline constexpr usize kNameMax = 255;
inline constexpr int kMostLinks = 40;

// As path_name(Task&, ...), seen from `root` in `mounts`: for those who tell of another task.
std::string path_name(const Path& root, const MountNamespace& mounts, const Path& path);

class Walk {
 public:
  Walk(Task& task, const Credentials& creds, WalkFlags flags);

  // To the end. Where only the last name is missing the result is enoent, and `missing()` tells what could be made where.
  Result<Path> to_end(i32 dirfd, std::string_view path);
  // To the directory of the last name, which is not looked up.
  Result<ParentAndName> to_parent(i32 dirfd, std::string_view path);

  const std::optional<ParentAndName>& missing() const { return missing_; }
  // The last component had a trailing slash, also behind symlinks.
  bool trailing_slash() const { return trailing_slash_; }
  // The last component was "." or "..", or there was none.
  bool ended_special() const { return ended_special_; }
  // The directory that held the last name (for protected files in sticky directories).
  const Path& parent() const { return parent_; }

 private:
  struct Component {
    std::string_view name;  // in text_
    usize end = 0;          // there, after the name
    bool last = false;
    bool slash = false;  // followed by one
  };
  Result<void> start(i32 dirfd, std::string_view path);
  std::optional<Component> next();
  Result<void> search();
  Result<void> step(const Component& component);
  Result<void> go_up();
  Result<void> follow(const Component& component, const Ref<Dentry>& link);
  Result<void> enter(Path place);

  Task& task_;
  const Credentials& creds_;
  const WalkFlags flags_;
  const Ref<MountNamespace> mounts_;
  Path root_, at_, parent_;
  std::string_view text_;  // what is still to be walked, from position_ on: the caller's, or after a symlink own_text_
  std::string own_text_;
  usize position_ = 0;
  int links_ = 0;
  bool trailing_slash_ = false;
  bool ended_special_ = true;
  std::optional<ParentAndName> missing_;
};

}  // namespace limen
