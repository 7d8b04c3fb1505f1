#include "kernel/vfs/setup.h"

#include <algorithm>
#include <map>
#include <optional>

#include "abi/fcntl.h"
#include "kernel/fs/host/volume_fs.h"
#include "kernel/fs/overlay/overlay_fs.h"
#include "kernel/kernel.h"
#include "kernel/vfs/dentry.h"

namespace limen {
namespace {

constexpr u64 kBytesForInode = 4096;  // a share of bytes allows so many inodes, as tmpfs reckons

class Setup {
 public:
  Setup(Kernel& kernel, const MountPlan& plan)
      : kernel_(kernel), plan_(plan), bytes_(kernel.options().limits.memory / 2) {}
  Result<Mounts> run();

 private:
  struct Found {
    Path path;                      // the last place that is there
    std::vector<std::string> rest;  // what is missing
    Path link;                      // the symlink that the path itself named, if it did
    int links = 0;                  // symlinks on the way
  };
  Result<Found> find(const std::string& guest);
  Result<Path> find_or_make(const std::string& guest, u32 type);
  Result<Path> make_missing(const Found& found, u32 type);
  Result<void> hide(const std::string& guest);
  void hide_absent(const std::vector<std::string>& guests);
  void hide_names(const HiddenNames& names);
  const Found* find_absent(std::string_view directory);
  void hide_missing(const Found& found, std::string_view last);
  Result<void> add_volume(const MountPlan::VolumePlan& volume);
  Result<void> add_tmpfs(const std::string& guest);
  Result<void> show_start();
  Result<Ref<HostTree>> open_tree(const std::string& host);

  Kernel& kernel_;
  const MountPlan& plan_;
  const u64 bytes_;
  Ref<HiddenPlaces> hidden_ = make_ref<HiddenPlaces>();
  Ref<HostTree> root_tree_;
  Ref<OverlayFilesystem> root_fs_;
  Ref<MountNamespace> space_;
  std::vector<Ref<Mount>> memory_;  // the tmpfs of the plan
  // Of hide_absent: directories, and the first name that is missing on the way to them.
  std::map<std::string, Found, std::less<>> known_;
};

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const usize slash = std::min(path.find('/'), path.size());
    if (slash != 0 && path.substr(0, slash) != ".") names.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return names;
}

// A walk with no task: of the front end's own paths, with no permission to ask.
Result<Setup::Found> Setup::find(const std::string& guest) {
  constexpr int kMostLinks = 40;
  Found found;
  found.path = space_->root();
  std::vector<std::string> left = components(guest);  // the next one last
  std::reverse(left.begin(), left.end());
  while (!left.empty()) {
    std::string name = std::move(left.back());
    left.pop_back();
    if (name == "..") {
      Path outside = found.path;
      while (outside.dentry == outside.mount->root()) {
        Path up = space_->leave(outside);
        if (!up) break;
        outside = up;
      }
      const Ref<Dentry> parent = outside.dentry->parent();
      found.path = parent ? Path(outside.mount, parent) : outside;
      continue;
    }
    Result<Ref<Dentry>> child = DentryCache::lookup(found.path.dentry, name);
    if (child.is(Errno::enoent)) {
      left.push_back(std::move(name));
      found.rest.assign(left.rbegin(), left.rend());
      return found;
    }
    if (!child.ok()) return child.error();
    auto* node = dynamic_cast<MemoryInode*>((*child)->inode().get());
    if (node != nullptr && node->type() == abi::s_iflnk && !(*child)->is_mountpoint()) {
      if (++found.links > kMostLinks) return Errno::eloop;
      if (left.empty() && !found.link) found.link = Path(found.path.mount, *child);
      const std::string target = TRY(node->target());
      if (target.starts_with('/')) found.path = space_->root();
      const std::vector<std::string> names = components(target);
      left.insert(left.end(), names.rbegin(), names.rend());
      continue;
    }
    found.path = space_->enter(Path(found.path.mount, *child));
  }
  return found;
}

Result<Path> Setup::make_missing(const Found& found, u32 type) {
  Path at = found.path;
  for (usize i = 0; i < found.rest.size(); ++i) {
    const bool last = i + 1 == found.rest.size();
    NewInode what;
    what.mode = last ? type | (type == abi::s_ifdir ? 0755 : 0644) : abi::s_ifdir | 0755;
    MutexGuard guard(at.inode().filesystem().rename_lock);
    Ref<Inode> made = TRY(at.inode().create(found.rest[i], what));
    at = Path(at.mount, DentryCache::attach(at.dentry, found.rest[i], std::move(made)));
  }
  return at;
}

Result<Path> Setup::find_or_make(const std::string& guest, u32 type) {
  const Found found = TRY(find(guest));
  return make_missing(found, type);
}

Result<Ref<HostTree>> Setup::open_tree(const std::string& host) {
  host::Handle handle = TRY(host::open_root(host));
  return make_ref<HostTree>(std::move(handle), host, hidden_, plan_.unchanging);
}

// Absent by its path, by the path that it leads to, and by what it is.
Result<void> Setup::hide(const std::string& guest) {
  const Result<Found> found = find(guest);
  if (!found.ok()) return success;  // not even the user can get there
  const auto add = [&](const Path& place) -> Result<void> {
    auto* node = dynamic_cast<OverlayInode*>(place.dentry->inode().get());
    if (node == nullptr) return success;
    hidden_->add(node->tree_path());
    hidden_->add(node->id());
    return success;
  };
  if (found->link) TRY(add(found->link));
  if (found->rest.empty()) return add(found->path);
  hide_missing(*found, "");
  return success;
}

// What is not there yet stays absent when it comes.
void Setup::hide_missing(const Found& found, std::string_view last) {
  auto* above = dynamic_cast<OverlayInode*>(found.path.dentry->inode().get());
  if (above == nullptr) return;
  std::string path = above->tree_path();
  if (path == "/") path.clear();
  for (const std::string& name : found.rest) (path += '/') += name;
  if (!last.empty()) (path += '/') += last;
  hidden_->add(std::move(path));
}

// Many of these paths lie in a few directories, of which most are missing: each is looked for once, and where nothing is, nothing is
// beneath. Null: not even the user can get there.
const Setup::Found* Setup::find_absent(std::string_view directory) {
  if (const auto known = known_.find(directory); known != known_.end()) return &known->second;
  Found found;
  for (usize end = directory.rfind('/'); end != 0 && end != std::string_view::npos;
       end = directory.rfind('/', end - 1)) {
    const auto above = known_.find(directory.substr(0, end));
    if (above == known_.end()) continue;
    if (above->second.rest.empty()) break;  // it is there: what is in it must be asked
    found = above->second;
    for (std::string& name : components(directory.substr(end))) found.rest.push_back(std::move(name));
    break;
  }
  if (!found.path) {
    Result<Found> asked = find(std::string(directory));
    if (!asked.ok()) return nullptr;
    found = std::move(*asked);
    // The first name that is missing; where a symlink stands on the way, who knows how long its own path is.
    std::string_view missing = directory;
    for (usize n = found.rest.size(); n > 1; --n) missing = missing.substr(0, missing.rfind('/'));
    if (found.links == 0 && missing.size() < directory.size()) {
      Found first = found;
      first.rest.resize(1);
      known_.emplace(missing, std::move(first));
    }
  }
  return &known_.emplace(directory, std::move(found)).first->second;
}

void Setup::hide_absent(const std::vector<std::string>& guests) {
  for (const std::string& guest : guests) {
    const usize slash = guest.rfind('/');
    if (const Found* found = find_absent(std::string_view(guest).substr(0, slash)))
      hide_missing(*found, std::string_view(guest).substr(slash + 1));
  }
  known_.clear();
}

void Setup::hide_names(const HiddenNames& names) {
  const Result<Found> found = find(names.directory);
  if (!found.ok()) return;  // not even the user can get there
  auto* above = dynamic_cast<OverlayInode*>(found->path.dentry->inode().get());
  if (above == nullptr) return;
  std::string directory = above->tree_path();
  if (directory == "/") directory.clear();
  for (const std::string& name : found->rest) (directory += '/') += name;
  hidden_->add(HiddenNames{std::move(directory), names.names});
}

Result<void> Setup::add_volume(const MountPlan::VolumePlan& volume) {
  const auto slash = volume.host.rfind('/');
  const std::string name = volume.host.substr(slash + 1);
  const std::string above = slash == 0 ? "/" : volume.host.substr(0, slash);
  // A file is opened through its directory; a directory is the tree itself.
  Ref<HostTree> tree = TRY(open_tree(volume.host));
  const host::FileInfo info = TRY(host::stat_handle(tree->root()));
  std::string place;
  const bool is_directory = abi::s_isdir(info.mode);
  if (!is_directory) {
    tree = TRY(open_tree(above));
    place = name;
  }
  const Path where = TRY(find_or_make(volume.guest, is_directory ? abi::s_ifdir : abi::s_ifreg));
  Ref<Filesystem> fs;
  if (volume.writable) {
    fs = TRY(VolumeFilesystem::create(kernel_, std::move(tree), place));
  } else {
    fs = TRY(OverlayFilesystem::create(kernel_, std::move(tree), place, bytes_, bytes_ / kBytesForInode));
  }
  TRY(space_->mount(where, std::move(fs), kMountRelatime | (volume.writable ? 0u : u32{kMountReadOnly}), volume.host));
  return success;
}

Result<void> Setup::add_tmpfs(const std::string& guest) {
  const Path where = TRY(find_or_make(guest, abi::s_ifdir));
  MemoryFilesystem::Options options;
  options.bytes = bytes_;
  options.inodes = bytes_ / kBytesForInode;
  options.root_mode = guest == "/run" ? 0755 : 01777;
  // /tmp is as a directory of the sandbox's own root would be: set-user-ID programs and devices of that root work there.
  const u32 restricted = guest == "/tmp" ? 0 : kMountNoSuid | kMountNoDev;
  const Ref<Mount> mount =
      TRY(space_->mount(where, make_ref<MemoryFilesystem>(kernel_, options), restricted | kMountRelatime, "tmpfs"));
  memory_.push_back(mount);
  return success;
}

// Who starts a program in /tmp/project means the files that are there: docs/decisions/0021-the-start-directory.md.
Result<void> Setup::show_start() {
  const Result<Found> found = find(plan_.start);
  if (!found.ok()) return success;
  const Ref<Mount>& mount = found->path.mount;
  if (std::find(memory_.begin(), memory_.end(), mount) == memory_.end()) return success;
  const std::string host = (plan_.root == "/" ? "" : plan_.root) + plan_.start;
  if (hidden_->hides(host)) return success;
  Result<Ref<HostTree>> tree = open_tree(host);
  if (!tree.ok()) return success;  // not there, or not for the user to see
  const host::FileInfo info = TRY(host::stat_handle((*tree)->root()));
  if (!abi::s_isdir(info.mode)) return success;
  const Path where = TRY(make_missing(*found, abi::s_ifdir));
  Ref<Filesystem> fs = TRY(OverlayFilesystem::create(kernel_, std::move(*tree), "", bytes_, bytes_ / kBytesForInode));
  TRY(space_->mount(where, std::move(fs), mount->flags(), "overlay"));
  return success;
}

Result<Mounts> Setup::run() {
  root_tree_ = TRY(open_tree(plan_.root));
  root_fs_ = TRY(OverlayFilesystem::create(kernel_, root_tree_, "", bytes_, bytes_ / kBytesForInode));
  Ref<Dentry> top = make_ref<Dentry>(nullptr, "", root_fs_->root());
  space_ = make_ref<MountNamespace>(make_ref<Mount>(root_fs_, std::move(top), u32{kMountRelatime}, "overlay"));
  for (const std::string& guest : plan_.hidden) TRY(hide(guest));
  hide_absent(plan_.hidden_absent);
  for (const HiddenNames& names : plan_.hidden_names) hide_names(names);
  for (const MountPlan::FilesystemPlan& fs : plan_.filesystems) {
    const Path where = TRY(find_or_make(fs.guest, abi::s_ifdir));
    TRY(space_->mount(where, fs.filesystem, fs.flags | kMountRelatime, fs.source));
  }
  // A later volume may lie in an earlier one, and all of them in a tmpfs.
  for (const std::string& guest : plan_.tmpfs) TRY(add_tmpfs(guest));
  if (!plan_.start.empty()) TRY(show_start());
  for (const MountPlan::VolumePlan& volume : plan_.volumes) TRY(add_volume(volume));
  Mounts mounts{space_};
  if (!plan_.start.empty()) {
    const Result<Found> start = find(plan_.start);
    mounts.start_is_there = start.ok() && start->rest.empty();
    if (mounts.start_is_there) {
      const Attributes a = TRY(start->path.inode().attributes());
      mounts.start_is_there = a.is_directory();
    }
  }
  return mounts;
}

}  // namespace

Result<Mounts> make_mounts(Kernel& kernel, const MountPlan& plan) { return Setup(kernel, plan).run(); }

}  // namespace limen
