#include "kernel/fs/tmpfs/memory_fs.h"

#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/kernel.h"
#include "kernel/vfs/special.h"

namespace limen {
namespace {

constexpr u64 kDirectoryEntrySize = 20;   // BOGO_DIRENT_SIZE of mm/shmem.c
constexpr u64 kDiskDirectorySize = 4096;  // a directory among those of a disk looks like one of them

Attributes first_attributes(MemoryFilesystem& fs, const NewInode& what, Device device) {
  Attributes a;
  a.device = device;
  a.inode = fs.next_inode_number();
  a.mode = what.mode;
  a.uid = what.uid, a.gid = what.gid;
  a.rdev = what.rdev;
  a.links = abi::s_isdir(what.mode) ? 2 : 1;
  a.size = what.symlink.size();
  if (abi::s_isdir(what.mode) && fs.is_above_host()) a.size = kDiskDirectorySize, a.blocks = kDiskDirectorySize / 512;
  a.atime = a.mtime = a.ctime = a.btime = fs.now();
  return a;
}

}  // namespace

MemoryFilesystem::MemoryFilesystem(Kernel& kernel, const Options& options)
    : kernel_(kernel), options_(options), device_(next_anonymous_device()) {
  NewInode what;
  what.mode = abi::s_ifdir | options.root_mode;
  what.uid = options.uid, what.gid = options.gid;
  inodes_used_ = 1;
  if (is_above_host()) adjust(0, kDiskDirectorySize);  // the upper layer's own root: no disk is ever quite empty
  root_ = make_ref<MemoryInode>(*this, first_attributes(*this, what, device_), "");
}

MemoryFilesystem::~MemoryFilesystem() {
  if (root_) root_->take_apart();
}

void MemoryFilesystem::set_root(Ref<MemoryInode> root, Device device, u64 first_inode) {
  root_ = std::move(root);
  device_ = device;
  next_inode_ = first_inode;
}
Ref<Inode> MemoryFilesystem::root() { return root_; }
TimeStamp MemoryFilesystem::now() { return TimeStamp::from_ns(kernel_.clock().realtime_ns()); }

u64 MemoryFilesystem::bytes_free() const {
  const u64 used = bytes_used_.load(std::memory_order_relaxed);
  return used >= options_.bytes ? 0 : options_.bytes - used;
}

Result<void> MemoryFilesystem::charge_inode() {
  if (inodes_used_.fetch_add(1, std::memory_order_relaxed) < options_.inodes) return success;
  inodes_used_.fetch_sub(1, std::memory_order_relaxed);
  return Errno::enospc;
}

Result<void> MemoryFilesystem::charge(u64 bytes) {
  if (bytes > bytes_free()) return Errno::enospc;
  bytes_used_.fetch_add(bytes, std::memory_order_relaxed);
  return success;
}

Result<FilesystemStatus> MemoryFilesystem::status() {
  FilesystemStatus status;
  status.magic = static_cast<u64>(options_.type == "overlay" ? abi::overlayfs_super_magic : abi::tmpfs_magic);
  status.blocks = options_.bytes / kPageSize;
  status.blocks_free = status.blocks_available = bytes_free() / kPageSize;
  status.files = options_.inodes;
  status.files_free = options_.inodes - inodes_used_.load(std::memory_order_relaxed);
  status.fsid = device_.minor;
  return status;
}

// Linux: shmem_show_options.
std::string MemoryFilesystem::mount_options() const {
  if (is_above_host()) return "";
  std::string text = "size=" + std::to_string(options_.bytes / 1024) + "k";
  if (options_.root_mode != 01777) {
    char mode[16];
    std::snprintf(mode, sizeof mode, ",mode=%03o", options_.root_mode);
    text += mode;
  }
  if (options_.uid != Uid(0)) text += ",uid=" + std::to_string(options_.uid.raw());
  if (options_.gid != Gid(0)) text += ",gid=" + std::to_string(options_.gid.raw());
  return text;
}

Result<Ref<MemoryInode>> MemoryFilesystem::make_inode(const NewInode& what) { return make_inode(what, device_); }

Result<Ref<MemoryInode>> MemoryFilesystem::make_inode(const NewInode& what, Device device) {
  TRY(charge_inode());
  Ref<MemoryInode> inode =
      make_ref<MemoryInode>(*this, first_attributes(*this, what, device), std::string(what.symlink));
  if (what.access || what.inherited) inode->start_with(what.access, what.inherited);
  return inode;
}

MemoryInode::MemoryInode(MemoryFilesystem& fs, const Attributes& attributes, std::string symlink)
    : fs_(fs),
      number_(attributes.inode),
      type_(attributes.type()),
      attributes_(attributes),
      symlink_(std::move(symlink)) {}

MemoryInode::~MemoryInode() {
  take_apart();
  fs_.adjust(charged_, 0);
  if (is_charged_) fs_.uncharge_inode();
}

void MemoryInode::take_apart() {
  std::vector<Ref<MemoryInode>> left;
  const auto take_names = [&](MemoryInode& of) {
    WriteGuard guard(of.fs_.names_lock);
    for (auto& [name, slot] : of.slots_) {
      if (slot.inode) left.push_back(std::move(slot.inode));
    }
    of.by_cookie_.clear();
    of.slots_.clear();
  };
  if (type_ != abi::s_ifdir) return;
  take_names(*this);
  while (!left.empty()) {
    const Ref<MemoryInode> next = std::move(left.back());
    left.pop_back();
    if (next->type_ == abi::s_ifdir) take_names(*next);
  }
}

Result<Attributes> MemoryInode::attributes() {
  MutexGuard guard(lock_);
  Attributes a = attributes_;
  if (store_) {
    recount();
    a.blocks = charged_ / 512;
  }
  return a;
}

Result<void> MemoryInode::change(const AttributeChange& change) {
  TRY(own_attributes());
  if (change.size) TRY(own_content(*change.size));
  const TimeStamp now = fs_.now();
  MutexGuard guard(lock_);
  if (change.size) {
    if (type_ != abi::s_ifreg) return type_ == abi::s_ifdir ? Errno::eisdir : Errno::einval;
    if (*change.size < attributes_.size && (seals() & abi::f_seal_shrink) != 0) return Errno::eperm;
    if (*change.size > attributes_.size && (seals() & abi::f_seal_grow) != 0) return Errno::eperm;
    TRY(resize(*change.size));
    attributes_.mtime = now;
  }
  if (change.mode) {
    constexpr u32 kExecute = 0111;
    if ((seals() & abi::f_seal_exec) != 0 && ((*change.mode ^ attributes_.mode) & kExecute) != 0) return Errno::eperm;
  }
  change.apply_to(attributes_);
  const Ref<const Acl>& list = acls_[static_cast<usize>(AclKind::access)];
  if (change.mode && list) keep_acl(AclKind::access, list->with_mode(*change.mode));
  attributes_.ctime = now;
  return success;
}

void MemoryInode::put(std::string_view name, Ref<MemoryInode> inode, bool is_pin) {
  has_slots_.store(true, std::memory_order_release);
  const auto [at, fresh] = slots_.try_emplace(std::string(name));
  if (!fresh && at->second.cookie != 0) by_cookie_.erase(at->second.cookie);
  at->second = Slot{std::move(inode), next_cookie_--, is_pin};
  by_cookie_.emplace(at->second.cookie, at);
}

void MemoryInode::take(std::string_view name, bool leaves_whiteout) {
  auto at = slots_.find(name);
  if (at != slots_.end() && at->second.cookie != 0) by_cookie_.erase(at->second.cookie);
  if (leaves_whiteout) {
    has_slots_.store(true, std::memory_order_release);
    slots_.insert_or_assign(std::string(name), Slot{});
  } else if (at != slots_.end()) {
    slots_.erase(at);
  }
}

void MemoryInode::touch_directory(i64 links_change, i64 names_change) {
  const TimeStamp now = fs_.now();
  MutexGuard guard(lock_);
  attributes_.mtime = attributes_.ctime = now;
  attributes_.links += static_cast<u64>(links_change);
  if (!fs_.is_above_host()) attributes_.size += static_cast<u64>(names_change) * kDirectoryEntrySize;
}

// A further name of a file of tmpfs counts as an inode (Linux: shmem_link). Above the host, names count as bytes alone.
Result<void> MemoryInode::charge_name() { return fs_.is_above_host() ? success : fs_.charge_inode(); }
void MemoryInode::give_name_back() {
  if (!fs_.is_above_host() && type_ != abi::s_ifdir) fs_.uncharge_inode();
}

void MemoryInode::change_links(i64 by) {
  const TimeStamp now = fs_.now();
  MutexGuard guard(lock_);
  attributes_.ctime = now;
  if (by < 0 && attributes_.links > 1) give_name_back();
  attributes_.links += static_cast<u64>(by);
}

Result<Ref<Inode>> MemoryInode::lookup(std::string_view name) {
  if (type_ != abi::s_ifdir) return Errno::enotdir;
  ReadGuard guard(fs_.names_lock);
  const auto at = slots_.find(name);
  if (at == slots_.end() || !at->second.inode) return Errno::enoent;
  return Ref<Inode>(at->second.inode);
}

Result<Ref<MemoryInode>> MemoryInode::child(std::string_view name) {
  const Ref<Inode> found = TRY(lookup(name));
  return Ref<MemoryInode>(static_cast<MemoryInode*>(found.get()));
}

Result<bool> MemoryInode::is_empty() {
  ReadGuard guard(fs_.names_lock);
  return by_cookie_.empty();
}

Result<Ref<Inode>> MemoryInode::create(std::string_view name, const NewInode& what) {
  if (type_ != abi::s_ifdir) return Errno::enotdir;
  TRY(own_attributes());
  Ref<MemoryInode> inode = TRY(fs_.make_inode(what, device()));
  {
    WriteGuard guard(fs_.names_lock);
    const auto at = slots_.find(name);
    if (at != slots_.end() && at->second.inode) return Errno::eexist;
    put(name, inode, false);
  }
  touch_directory(abi::s_isdir(what.mode) ? 1 : 0, 1);
  return Ref<Inode>(std::move(inode));
}

Result<Ref<Inode>> MemoryInode::create_unnamed(const NewInode& what) {
  if (type_ != abi::s_ifdir) return Errno::enotdir;
  Ref<MemoryInode> inode = TRY(fs_.make_inode(what, device()));
  inode->change_links(-1);
  inode->may_get_name_ = true;
  return Ref<Inode>(std::move(inode));
}

Result<void> MemoryInode::link(std::string_view name, Inode& target) {
  auto* node = dynamic_cast<MemoryInode*>(&target);
  if (node == nullptr) return Errno::exdev;
  TRY(own_attributes());
  TRY(node->own_attributes());
  bool has_name;
  {
    MutexGuard guard(node->lock_);
    has_name = node->attributes_.links != 0;
    if (!has_name && !node->may_get_name_.exchange(false)) return Errno::enoent;
  }
  if (has_name) TRY(node->charge_name());
  {
    WriteGuard guard(fs_.names_lock);
    const auto at = slots_.find(name);
    if (at != slots_.end() && at->second.inode) {
      if (has_name) node->give_name_back();
      return Errno::eexist;
    }
    put(name, Ref<MemoryInode>(node), false);
  }
  node->change_links(1);
  touch_directory(0, 1);
  return success;
}

Result<void> MemoryInode::unlink(std::string_view name) {
  const Ref<MemoryInode> victim = TRY(child(name));
  TRY(own_attributes());
  TRY(victim->own_attributes());
  const bool below = TRY(lower_has(name));
  {
    WriteGuard guard(fs_.names_lock);
    take(name, below);
  }
  victim->change_links(-1);
  touch_directory(0, -1);
  return success;
}

Result<void> MemoryInode::rmdir(std::string_view name) {
  const Ref<MemoryInode> victim = TRY(child(name));
  const bool empty = TRY(victim->is_empty());
  if (!empty) return Errno::enotempty;
  TRY(own_attributes());
  TRY(victim->own_attributes());
  const bool below = TRY(lower_has(name));
  {
    WriteGuard guard(fs_.names_lock);
    take(name, below);
  }
  {
    MutexGuard guard(victim->lock_);
    victim->attributes_.links = 0;
  }
  touch_directory(-1, -1);
  return success;
}

Result<void> MemoryInode::rename(std::string_view from, Inode& to_directory, std::string_view to, u32 flags) {
  auto* target_directory = dynamic_cast<MemoryInode*>(&to_directory);
  if (target_directory == nullptr) return Errno::exdev;
  MemoryInode& there = *target_directory;
  const Ref<MemoryInode> moved = TRY(child(from));
  Result<Ref<MemoryInode>> found = there.child(to);
  if (!found.ok() && !found.is(Errno::enoent)) return found.error();
  const Ref<MemoryInode> replaced = found.ok() ? *found : Ref<MemoryInode>();
  const bool exchanges = (flags & abi::rename_exchange) != 0;
  Ref<MemoryInode> whiteout;
  if ((flags & abi::rename_whiteout) != 0) {
    NewInode what;
    what.mode = abi::s_ifchr;
    whiteout = TRY(fs_.make_inode(what, device()));
  }
  const bool moved_directory = moved->type_ == abi::s_ifdir;
  const bool replaced_directory = replaced && replaced->type_ == abi::s_ifdir;
  if (replaced_directory && !exchanges) {
    const bool empty = TRY(replaced->is_empty());
    if (!empty) return Errno::enotempty;
  }
  TRY(own_attributes());
  TRY(there.own_attributes());
  TRY(moved->own_attributes());
  if (replaced) TRY(replaced->own_attributes());
  const bool below = TRY(lower_has(from));
  {
    WriteGuard guard(fs_.names_lock);
    if (exchanges) {
      put(from, replaced, false);
    } else if (whiteout) {
      put(from, whiteout, false);
    } else {
      take(from, below);
    }
    there.fs_.names_lock.assert_held();  // one filesystem, one lock
    there.put(to, moved, false);
  }
  moved->change_links(0);
  i64 here_links = moved_directory ? -1 : 0, there_links = moved_directory ? 1 : 0;
  if (replaced_directory) there_links -= 1;
  if (exchanges && replaced_directory) here_links += 1;
  if (replaced && !exchanges) replaced->change_links(replaced_directory ? -2 : -1);
  touch_directory(here_links, exchanges || whiteout ? 0 : -1);
  there.touch_directory(there_links, replaced ? 0 : 1);
  return success;
}

Device MemoryInode::device() const {
  MutexGuard guard(lock_);
  return attributes_.device;
}

Result<std::string> MemoryInode::target() {
  if (type_ != abi::s_iflnk) return Errno::einval;
  MutexGuard guard(lock_);
  return symlink_;
}

Result<Ref<File>> MemoryInode::open(Task& task, const Path& path, u32 flags) {
  switch (type_) {
    case abi::s_ifdir:
      return Ref<File>(make_ref<MemoryDirectory>(path, flags));
    case abi::s_ifreg:
      return Ref<File>(make_ref<MemoryFile>(path, flags));
    case abi::s_ififo:
      return open_fifo(task, path, flags);
    case abi::s_ifchr: {
      const Attributes a = TRY(recent_attributes());
      return open_device(task, path, a.rdev, flags);
    }
    default:
      return Errno::enxio;  // sockets are connected to, not opened; there are no block devices
  }
}

u64 MemoryInode::attribute_bytes() const {
  u64 sum = 0;
  for (const Ref<const Acl>& list : acls_) sum += list ? list->size() : 0;
  return sum;
}

Result<std::vector<u8>> MemoryInode::get_xattr(std::string_view name) {
  MutexGuard guard(lock_);
  const auto at = xattrs_.find(name);
  if (at == xattrs_.end()) return Errno::enodata;
  return at->second;
}

Result<void> MemoryInode::set_xattr(std::string_view name, std::vector<u8> value, u32 flags) {
  TRY(own_attributes());
  const TimeStamp now = fs_.now();
  MutexGuard guard(lock_);
  const auto at = xattrs_.find(name);
  if (at == xattrs_.end() && (flags & kXattrReplace) != 0) return Errno::enodata;
  if (at != xattrs_.end() && (flags & kXattrCreate) != 0) return Errno::eexist;
  if (name.size() + value.size() + kDirectoryEntrySize > fs_.bytes_free()) return Errno::enospc;
  keep_xattr(name, std::move(value));
  attributes_.ctime = now;
  recount();
  return success;
}

Result<void> MemoryInode::remove_xattr(std::string_view name) {
  {
    MutexGuard guard(lock_);
    if (!xattrs_.contains(name)) return Errno::enodata;
  }
  TRY(own_attributes());
  const TimeStamp now = fs_.now();
  MutexGuard guard(lock_);
  if (!xattrs_.contains(name)) return Errno::enodata;
  keep_xattr(name, std::nullopt);
  attributes_.ctime = now;
  recount();
  return success;
}

Result<std::vector<std::string>> MemoryInode::list_xattr() {
  std::vector<std::string> names;
  MutexGuard guard(lock_);
  for (const auto& [name, value] : xattrs_) names.push_back(name);
  return names;
}

void MemoryInode::keep_xattr(std::string_view name, std::optional<std::vector<u8>> value) {
  const auto cost = [&](const std::vector<u8>& bytes) { return name.size() + bytes.size() + kDirectoryEntrySize; };
  if (const auto old = xattrs_.find(name); old != xattrs_.end()) {
    xattr_bytes_ -= cost(old->second);
    xattrs_.erase(old);
  }
  if (!value) return;
  xattr_bytes_ += cost(*value);
  xattrs_.emplace(name, std::move(*value));
}

void MemoryInode::keep_acl(AclKind kind, Ref<const Acl> list) {
  if (kind == AclKind::access) has_acl_.store(static_cast<bool>(list), std::memory_order_relaxed);
  acls_[static_cast<usize>(kind)] = std::move(list);
}

void MemoryInode::start_with(Ref<const Acl> access, Ref<const Acl> inherited) {
  MutexGuard guard(lock_);
  keep_acl(AclKind::access, std::move(access));
  keep_acl(AclKind::inherited, std::move(inherited));
  recount();
}

Result<Ref<const Acl>> MemoryInode::acl(AclKind kind) {
  MutexGuard guard(lock_);
  return Ref<const Acl>(acls_[static_cast<usize>(kind)]);
}

// Linux: posix_acl_update_mode, simple_set_acl.
Result<void> MemoryInode::set_acl(AclKind kind, Ref<const Acl> list, bool drop_setgid) {
  TRY(own_attributes());
  const TimeStamp now = fs_.now();
  MutexGuard guard(lock_);
  if (list && list->size() > fs_.bytes_free()) return Errno::enospc;
  if (kind == AclKind::access) {
    if (list) attributes_.mode = (attributes_.mode & ~0777u) | list->mode_bits();
    if (drop_setgid) attributes_.mode &= ~abi::s_isgid;
    if (list && !list->says_more()) list.reset();
  }
  keep_acl(kind, std::move(list));
  attributes_.ctime = now;
  recount();
  return success;
}

bool MemoryInode::collect(u64& position, const DirectorySink& sink) {
  for (auto at = by_cookie_.lower_bound(position); at != by_cookie_.end(); ++at) {
    const Slot& slot = at->second->second;
    if (!slot.is_pin && !sink({at->second->first, slot.inode->number_, slot.inode->type_ >> 12, at->first + 1}))
      return false;
    position = at->first + 1;
  }
  return true;
}

void MemoryInode::list(const Ref<Listing>&, u64& position, const DirectorySink& sink) {
  ReadGuard guard(fs_.names_lock);
  collect(position, sink);
}

}  // namespace limen
