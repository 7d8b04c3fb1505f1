#include "kernel/fs/host/volume_fs.h"

#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/fs/host/shared_pages.h"
#include "kernel/fs/host/volume_file.h"
#include "kernel/kernel.h"

namespace limen {

Result<Ref<VolumeFilesystem>> VolumeFilesystem::create(Kernel& kernel, Ref<HostTree> tree, const std::string& place) {
  const host::FileInfo info =
      TRY(place.empty() ? host::stat_handle(tree->root()) : host::stat_name(tree->root(), place));
  Ref<VolumeFilesystem> fs =
      make_ref<VolumeFilesystem>(kernel, std::move(tree), Device{info.dev_major, info.dev_minor});
  fs->root_ = make_ref<VolumeInode>(*fs, nullptr, place, info);
  return fs;
}

Ref<Inode> VolumeFilesystem::root() { return root_; }

Result<FilesystemStatus> VolumeFilesystem::status() {
  FilesystemStatus status;
  status.magic = static_cast<u64>(abi::ext4_super_magic);
  status.blocks = status.blocks_free = status.blocks_available = u64{1} << 30;
  status.files = status.files_free = u64{1} << 30;
  return status;
}

Ref<VolumeInode> VolumeFilesystem::inode_for(VolumeInode* parent, std::string_view name, const host::FileInfo& info) {
  const HostId id = HostId::of(info);
  Ref<VolumeInode> known, fresh = make_ref<VolumeInode>(*this, Ref<VolumeInode>(parent), std::string(name), info);
  {
    MutexGuard guard(ids_lock_);
    VolumeInode*& slot = by_id_[id];
    if (slot != nullptr && slot->try_ref()) {
      known = Ref<VolumeInode>::adopt(slot);
    } else {
      slot = fresh.get();
    }
  }
  if (!known) return fresh;
  known->refresh(info);
  return known;
}

void VolumeFilesystem::forget(const HostId& id, const VolumeInode* inode) {
  MutexGuard guard(ids_lock_);
  const auto at = by_id_.find(id);
  if (at != by_id_.end() && at->second == inode) by_id_.erase(at);
}

VolumeInode::VolumeInode(VolumeFilesystem& fs, Ref<VolumeInode> parent, std::string name, const host::FileInfo& info)
    : fs_(fs),
      id_(HostId::of(info)),
      type_(info.mode & abi::s_ifmt),
      place_{std::move(parent), std::move(name)},
      attributes_(attributes_of(info)) {}

VolumeInode::~VolumeInode() { fs_.forget(id_, this); }

VolumeInode::Place VolumeInode::where() const {
  MutexGuard guard(lock_);
  return place_;
}

std::string VolumeInode::path() const {
  Place place = where();
  std::string path = place.name;
  while (place.parent) {
    place = place.parent->where();
    if (!place.name.empty()) path = place.name + "/" + path;
  }
  return path;
}

void VolumeInode::refresh(const host::FileInfo& info) {
  MutexGuard guard(lock_);
  attributes_ = attributes_of(info);
}

Result<Ref<HostTree::Open>> VolumeInode::directory() { return tree().directory({path(), id_}); }

Result<Ref<HostTree::Open>> VolumeInode::parent_directory(std::string& name) {
  const Place place = where();
  name = place.name;
  if (place.parent) return place.parent->directory();
  Ref<HostTree::Open> root = make_ref<HostTree::Open>();  // a volume that is one file
  root->handle = TRY(host::open_directory(tree().root(), ""));
  return root;
}

Result<Attributes> VolumeInode::attributes() {
  Result<host::FileInfo> info = Errno::enoent;
  if (type_ == abi::s_ifdir) {
    const Ref<HostTree::Open> open = TRY(directory());
    info = host::stat_handle(open->handle);
  } else {
    std::string name;
    const Ref<HostTree::Open> open = TRY(parent_directory(name));
    info = host::stat_name(open->handle, name);
  }
  if (info.ok() && HostId::of(*info) == id_) refresh(*info);
  MutexGuard guard(lock_);
  return attributes_;
}

Result<Attributes> VolumeInode::recent_attributes() {
  if (type_ == abi::s_ifdir) return attributes();
  MutexGuard guard(lock_);
  return attributes_;
}

Result<void> VolumeInode::change(const AttributeChange& change) {
  const Attributes now = TRY(recent_attributes());
  if ((change.uid && *change.uid != now.uid) || (change.gid && *change.gid != now.gid)) return Errno::eperm;
  std::string name;
  const Ref<HostTree::Open> open = TRY(parent_directory(name));
  if (change.size) {
    const Ref<HostTree::Open> file = TRY(tree().file({path(), id_}, host::Access::read_write));
    TRY(host::set_size(file->handle, *change.size));
    if (const Ref<SharedPages> shared = shared_pages()) shared->resize(*change.size);
  }
  if (change.mode) {
    if ((*change.mode & (abi::s_isuid | abi::s_isgid)) != 0) return Errno::eperm;
    TRY(host::change_mode(open->handle, name.empty() ? "." : name, *change.mode));
  }
  if (change.atime || change.mtime) {
    host::Times times;
    times.set_atime = change.atime.has_value();
    times.set_mtime = change.mtime.has_value();
    if (change.atime) times.atime = {change.atime->sec, change.atime->nsec};
    if (change.mtime) times.mtime = {change.mtime->sec, change.mtime->nsec};
    TRY(host::change_times(open->handle, name.empty() ? "." : name, times));
  }
  (void)attributes().ok();
  return success;
}

// One that is about to end has its last words first.
Ref<SharedPages> VolumeInode::current_shared() {
  if (shared_ == nullptr) return nullptr;
  if (shared_->try_ref()) return Ref<SharedPages>::adopt(shared_);
  (void)shared_->write_back().ok();
  shared_ = nullptr;
  is_shared_ = false;
  return nullptr;
}

Ref<SharedPages> VolumeInode::shared_pages() {
  if (!is_shared_.load(std::memory_order_acquire)) return nullptr;
  MutexGuard guard(shared_lock_);
  return current_shared();
}

Result<Ref<SharedPages>> VolumeInode::share_pages(const Ref<HostTree::Open>& open) {
  Ref<SharedPages> fresh = make_ref<SharedPages>(fs_.kernel().arena(), Ref<VolumeInode>(this), open);
  MutexGuard guard(shared_lock_);
  if (Ref<SharedPages> current = current_shared()) return current;
  TRY(fresh->load());
  shared_ = fresh.get();
  is_shared_ = true;
  return fresh;
}

void VolumeInode::shared_pages_end(SharedPages& pages) {
  MutexGuard guard(shared_lock_);
  if (shared_ != &pages) return;
  (void)pages.write_back().ok();  // nobody is left to be told: fsync and msync tell
  shared_ = nullptr;
  is_shared_ = false;
}

Result<void> VolumeInode::write_back_shared() {
  Ref<SharedPages> pages;  // goes after the lock
  MutexGuard guard(shared_lock_);
  pages = current_shared();
  return pages ? pages->write_back() : success;
}

Result<Ref<Inode>> VolumeInode::lookup(std::string_view name) {
  if (type_ != abi::s_ifdir) return Errno::enotdir;
  const host::FileInfo info = TRY(tree().look_up({path(), id_}, std::string(name)));
  return Ref<Inode>(fs_.inode_for(this, name, info));
}

bool VolumeInode::still_valid(std::string_view name, const Inode* cached) {
  auto* child = static_cast<VolumeInode*>(const_cast<Inode*>(cached));
  const Result<host::FileInfo> info = tree().look_up({path(), id_}, std::string(name));
  if (!info.ok() || HostId::of(*info) != child->id_) return false;
  child->refresh(*info);
  return true;
}

Result<Ref<Inode>> VolumeInode::create(std::string_view name, const NewInode& what) {
  if (type_ != abi::s_ifdir) return Errno::enotdir;
  const Ref<HostTree::Open> open = TRY(directory());
  const std::string text(name);
  const u32 permissions = what.mode & (0777 | abi::s_isvtx);
  switch (what.mode & abi::s_ifmt) {
    case abi::s_ifreg: {
      host::Handle made = TRY(host::create_file(open->handle, text, permissions));
      TRY(tree().made_file(std::move(made)));
      break;
    }
    case abi::s_ifdir:
      TRY(host::make_directory(open->handle, text, permissions));
      break;
    case abi::s_iflnk:
      TRY(host::make_link(open->handle, text, std::string(what.symlink)));
      break;
    default:
      return Errno::eperm;
  }
  return lookup(name);
}

Result<void> VolumeInode::link(std::string_view name, Inode& target) {
  auto& node = static_cast<VolumeInode&>(target);
  std::string from;
  const Ref<HostTree::Open> source = TRY(node.parent_directory(from));
  const Ref<HostTree::Open> here = TRY(directory());
  return host::hard_link(source->handle, from, here->handle, std::string(name));
}

Result<void> VolumeInode::unlink(std::string_view name) {
  const Ref<HostTree::Open> open = TRY(directory());
  return host::remove_name(open->handle, std::string(name), false);
}

Result<void> VolumeInode::rmdir(std::string_view name) {
  const Ref<HostTree::Open> open = TRY(directory());
  return host::remove_name(open->handle, std::string(name), true);
}

Result<void> VolumeInode::rename(std::string_view from, Inode& to_directory, std::string_view to, u32 flags) {
  if ((flags & abi::rename_whiteout) != 0) return Errno::einval;  // no devices are made on the host
  auto& there = static_cast<VolumeInode&>(to_directory);
  const Ref<Inode> moved = TRY(lookup(from));
  const Result<Ref<Inode>> other = there.lookup(to);
  const Ref<HostTree::Open> source = TRY(directory());
  const Ref<HostTree::Open> target = TRY(there.directory());
  TRY(host::rename(source->handle, std::string(from), target->handle, std::string(to), flags));
  const auto set_place = [](Inode& inode, VolumeInode& parent, std::string_view name) {
    auto& node = static_cast<VolumeInode&>(inode);
    Place place{Ref<VolumeInode>(&parent), std::string(name)};
    MutexGuard guard(node.lock_);  // goes before `place`, which may hold a directory's last reference
    std::swap(node.place_, place);
  };
  set_place(*moved, there, to);
  if (other.ok() && (flags & abi::rename_exchange) != 0) set_place(**other, *this, from);
  return success;
}

Result<std::string> VolumeInode::readlink(Task&) {
  if (type_ != abi::s_iflnk) return Errno::einval;
  std::string name;
  const Ref<HostTree::Open> open = TRY(parent_directory(name));
  return host::read_link(open->handle, name);
}

Result<Ref<File>> VolumeInode::open(Task&, const Path& at, u32 flags) {
  if (type_ == abi::s_ifdir) return Ref<File>(make_ref<VolumeDirectory>(at, flags));
  if (type_ != abi::s_ifreg) return Errno::enxio;
  const bool writes = (flags & abi::o_accmode) != abi::o_rdonly;
  Ref<HostTree::Open> open = TRY(tree().file({path(), id_}, writes ? host::Access::read_write : host::Access::read));
  return Ref<File>(make_ref<VolumeFile>(at, flags, std::move(open)));
}

Result<host::DirectoryNames> VolumeInode::names() { return tree().names({path(), id_}); }

}  // namespace limen
