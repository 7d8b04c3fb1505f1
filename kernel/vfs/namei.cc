#include "kernel/vfs/namei.h"

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr u64 kScoped = abi::resolve_beneath | abi::resolve_in_root;

// fs.protected_symlinks: in a sticky directory that all may write, only the link's or the directory's owner's links are followed.
bool link_is_protected(const Credentials& creds, const Attributes& link, const Attributes& directory) {
  if (link.uid == creds.fsuid) return false;
  constexpr u32 sticky_for_all = abi::s_isvtx | abi::s_iwoth;
  if ((directory.mode & sticky_for_all) != sticky_for_all) return false;
  return link.uid != directory.uid;
}

}  // namespace

Walk::Walk(Task& task, const Credentials& creds, WalkFlags flags)
    : task_(task), creds_(creds), flags_(flags), mounts_(task.namespaces().mount) {}

Result<void> Walk::start(i32 dirfd, std::string_view path) {
  if (path.size() >= kPathMax) return Errno::enametoolong;
  text_ = path;
  const bool absolute = path.starts_with('/');
  root_ = task_.fs().root();
  if (absolute && (flags_.resolve & abi::resolve_beneath) != 0) return Errno::exdev;
  if (absolute && (flags_.resolve & abi::resolve_in_root) == 0) {
    at_ = root_;
    return success;
  }
  if (path.empty() && !flags_.allow_empty) return Errno::enoent;
  if (dirfd == abi::at_fdcwd.raw()) {
    at_ = task_.fs().cwd();
  } else {
    const Ref<File> file = TRY(task_.files().get(Fd(dirfd)));
    if (!file->has_inode()) return Errno::enotdir;
    at_ = file->path();
    if (!path.empty()) {
      const Attributes attributes = TRY(at_.inode().recent_attributes());
      if (!attributes.is_directory()) return Errno::enotdir;
    }
  }
  if ((flags_.resolve & kScoped) != 0) root_ = at_;
  return success;
}

std::optional<Walk::Component> Walk::next() {
  while (position_ < text_.size() && text_[position_] == '/') ++position_;
  if (position_ == text_.size()) return std::nullopt;
  Component component;
  component.end = std::min(text_.find('/', position_), text_.size());
  component.name = text_.substr(position_, component.end - position_);
  component.slash = component.end < text_.size();
  component.last = text_.find_first_not_of('/', component.end) == std::string_view::npos;
  return component;
}

// May the walk go through where it is? Linux: may_lookup.
Result<void> Walk::search() {
  const Attributes attributes = TRY(at_.inode().recent_attributes());
  if (!attributes.is_directory()) return Errno::enotdir;
  return check_permission(creds_, at_.inode(), attributes, 1);
}

Result<void> Walk::enter(Path place) {
  if (!place.dentry->is_mountpoint()) {
    at_ = std::move(place);
    return success;
  }
  Path inside = mounts_->enter(place);
  if (inside.mount != place.mount && (flags_.resolve & abi::resolve_no_xdev) != 0) return Errno::exdev;
  if (!flags_.keeps_expiry && inside.mount->expires.load(std::memory_order_relaxed)) inside.mount->expires = false;
  at_ = std::move(inside);
  return success;
}

// "..": never above the root; out of a mount to what it covers. Linux: follow_dotdot.
Result<void> Walk::go_up() {
  Path up = at_;
  for (;;) {
    if (up == root_) return (flags_.resolve & abi::resolve_beneath) != 0 ? Result<void>(Errno::exdev) : success;
    if (up.dentry != up.mount->root()) break;
    Path outside = mounts_->leave(up);
    if (!outside) return success;  // the root of the whole tree
    if ((flags_.resolve & abi::resolve_no_xdev) != 0) return Errno::exdev;
    up = std::move(outside);
  }
  Ref<Dentry> parent = up.dentry->parent();
  if (!parent) return success;
  return enter(Path(up.mount, std::move(parent)));
}

// A symlink on the way, or at the end where it is to be followed.
Result<void> Walk::follow(const Component& component, const Ref<Dentry>& link) {
  if ((flags_.resolve & abi::resolve_no_symlinks) != 0) return Errno::eloop;
  if (++links_ > kMostLinks) return Errno::eloop;
  const Attributes attributes = TRY(link->inode()->recent_attributes());
  const Attributes directory = TRY(at_.inode().recent_attributes());
  if (component.last && task_.kernel().settings().protected_symlinks.on() &&
      link_is_protected(creds_, attributes, directory))
    return Errno::eacces;
  const std::string_view rest = text_.substr(component.end);
  Path jump = TRY(link->inode()->follow_magic(task_));
  if (jump) {
    if ((flags_.resolve & abi::resolve_no_magiclinks) != 0) return Errno::eloop;
    if ((flags_.resolve & kScoped) != 0) return Errno::exdev;
    if ((flags_.resolve & abi::resolve_no_xdev) != 0 && jump.mount != at_.mount) return Errno::exdev;
    parent_ = at_;
    at_ = std::move(jump);
    text_ = rest;
    position_ = 0;
    trailing_slash_ = component.slash;
    if (component.last && component.slash) {
      const Attributes there = TRY(at_.inode().recent_attributes());
      if (!there.is_directory()) return Errno::enotdir;
    }
    return success;
  }
  std::string target = TRY(link->inode()->readlink(task_));
  if (target.empty()) return Errno::enoent;
  if (target.starts_with('/')) {
    if ((flags_.resolve & abi::resolve_beneath) != 0) return Errno::exdev;
    if ((flags_.resolve & abi::resolve_no_xdev) != 0 && root_.mount != at_.mount) return Errno::exdev;
    at_ = root_;
  }
  target.append(rest);  // before own_text_ goes, where `rest` may be
  own_text_ = std::move(target);
  text_ = own_text_;
  position_ = 0;
  return success;
}

Result<void> Walk::step(const Component& component) {
  ended_special_ = true;
  trailing_slash_ = component.slash;
  if (component.name == ".") {
    position_ = component.end;
    return success;
  }
  if (component.name == "..") {
    position_ = component.end;
    return go_up();
  }
  ended_special_ = false;
  if (component.name.size() > kNameMax) return Errno::enametoolong;
  Result<Ref<Dentry>> child = DentryCache::lookup(at_.dentry, component.name);
  if (!child.ok()) {
    if (component.last && child.is(Errno::enoent))
      missing_ = ParentAndName{at_, std::string(component.name), component.slash, false};
    return child.error();
  }
  // Only symlinks are asked what they are: all others say it when somebody goes on from them.
  if (!(*child)->is_mountpoint()) {
    const u32 type = TRY((*child)->inode()->file_type());
    const bool follows = !component.last || flags_.follow || component.slash;
    if (type == abi::s_iflnk && follows) return follow(component, *child);
    if (component.last && component.slash && type != abi::s_ifdir) return Errno::enotdir;
  }
  position_ = component.end;
  Path below(at_.mount, std::move(*child));
  parent_ = std::move(at_);
  return enter(std::move(below));
}

Result<Path> Walk::to_end(i32 dirfd, std::string_view path) {
  TRY(start(dirfd, path));
  while (const std::optional<Component> component = next()) {
    TRY(search());
    TRY(step(*component));
  }
  if (flags_.must_be_directory) {
    const Attributes attributes = TRY(at_.inode().recent_attributes());
    if (!attributes.is_directory()) return Errno::enotdir;
  }
  return at_;
}

Result<ParentAndName> Walk::to_parent(i32 dirfd, std::string_view path) {
  if (path.empty()) return Errno::enoent;
  TRY(start(dirfd, path));
  while (const std::optional<Component> component = next()) {
    TRY(search());
    if (component->last) {
      const bool special = component->name == "." || component->name == "..";
      if (component->name.size() > kNameMax) return Errno::enametoolong;
      return ParentAndName{at_, std::string(component->name), component->slash, special};
    }
    TRY(step(*component));
  }
  return ParentAndName{at_, "/", true, true};
}

Result<Path> walk_as(Task& task, const Credentials& creds, i32 dirfd, std::string_view path, WalkFlags flags) {
  return Walk(task, creds, flags).to_end(dirfd, path);
}

Result<Path> walk(Task& task, i32 dirfd, std::string_view path, WalkFlags flags) {
  return walk_as(task, task.credentials(), dirfd, path, flags);
}

Result<ParentAndName> walk_parent(Task& task, i32 dirfd, std::string_view path, u64 resolve) {
  WalkFlags flags;
  flags.resolve = resolve;
  return Walk(task, task.credentials(), flags).to_parent(dirfd, path);
}

std::string path_name(Task& task, const Path& path) {
  return path_name(task.fs().root(), *task.namespaces().mount, path);
}

std::string path_name(const Path& root, const MountNamespace& mounts, const Path& path) {
  if ((path.mount->flags() & kMountInternal) != 0) {
    return path.dentry->name() + (path.dentry->is_deleted() ? " (deleted)" : "");
  }
  std::string name;
  Path at = path;
  bool reachable = true;
  while (!(at == root)) {
    if (at.dentry == at.mount->root()) {
      Path outside = mounts.leave(at);
      if (!outside) {
        reachable = false;
        break;
      }
      at = std::move(outside);
      continue;
    }
    const Ref<Dentry> parent = at.dentry->parent();
    if (!parent) {
      reachable = false;
      break;
    }
    name = "/" + at.dentry->name() + name;
    at = Path(at.mount, parent);
  }
  if (name.empty()) name = "/";
  if (!reachable) name = "(unreachable)" + name;
  return path.dentry->is_deleted() ? name + " (deleted)" : name;
}

}  // namespace limen
