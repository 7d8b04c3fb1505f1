#include "kernel/fs/overlay/overlay_fs.h"

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/vfs/opened.h"

namespace limen {
namespace {

// A directory that was looked at so lately is believed without a host call.
constexpr u64 kBeliefNs = 100'000'000;
constexpr u64 kFirstOwnInode = u64{1} << 40;  // host numbers are smaller in practice
constexpr usize kMostAbsent = 4096;

}  // namespace

Result<Ref<OverlayFilesystem>> OverlayFilesystem::create(Kernel& kernel, Ref<HostTree> tree, const std::string& place,
                                                         u64 bytes, u64 inodes) {
  const auto slash = place.rfind('/');
  const std::string name = slash == std::string::npos ? place : place.substr(slash + 1);
  host::FileInfo info;
  if (place.empty()) {
    info = TRY(host::stat_handle(tree->root()));
  } else {
    const host::Handle directory = TRY(host::open_directory(tree->root(), place.substr(0, place.size() - name.size())));
    info = TRY(host::stat_name(directory, name));
  }
  Options options;
  options.type = "overlay";
  options.bytes = bytes;
  options.inodes = inodes;
  Ref<OverlayFilesystem> fs = make_ref<OverlayFilesystem>(kernel, std::move(tree), options);
  fs->set_root(make_ref<OverlayInode>(*fs, nullptr, place, info), Device{info.dev_major, info.dev_minor},
               kFirstOwnInode);
  return fs;
}

OverlayInode** OverlayFilesystem::find(const HostId& id) {
  OverlayInode** at = &buckets_[id.hash() & (buckets_.size() - 1)];
  while (*at != nullptr && (*at)->id_ != id) at = &(*at)->next_by_id_;
  return at;
}

void OverlayFilesystem::put(OverlayInode& inode) {
  if (++inodes_ > buckets_.size()) {
    std::vector<OverlayInode*> old(buckets_.size() * 2);
    old.swap(buckets_);
    for (OverlayInode* chain : old) {
      while (chain != nullptr) {
        OverlayInode* const next = std::exchange(chain->next_by_id_, nullptr);
        *find(chain->id_) = chain;
        chain = next;
      }
    }
  }
  *find(inode.id_) = &inode;
}

Ref<OverlayInode> OverlayFilesystem::inode_for(OverlayInode* parent, std::string_view name,
                                               const host::FileInfo& info) {
  const HostId id = HostId::of(info);
  Ref<OverlayInode> known;
  {
    MutexGuard guard(ids_lock_);
    OverlayInode* const there = *find(id);
    if (there != nullptr && there->try_ref()) known = Ref<OverlayInode>::adopt(there);
  }
  if (known && known->type() == (info.mode & abi::s_ifmt)) {
    known->refresh(info);
    return known;
  }
  Ref<OverlayInode> fresh =
      make_ref<OverlayInode>(*this, Ref<OverlayInode>(parent), HostTree::join(parent->place_, name), info);
  MutexGuard guard(ids_lock_);
  if (OverlayInode** at = find(id); *at != nullptr) {
    // Another lookup was first, or what is there is dying and takes only itself out.
    if ((*at)->type() == fresh->type() && (*at)->try_ref()) return Ref<OverlayInode>::adopt(*at);
    *at = std::exchange((*at)->next_by_id_, nullptr);
    --inodes_;
  }
  put(*fresh);
  return fresh;
}

void OverlayFilesystem::forget(const HostId& id, const OverlayInode* inode) {
  MutexGuard guard(ids_lock_);
  OverlayInode** const at = find(id);
  if (*at != inode) return;
  *at = (*at)->next_by_id_;
  --inodes_;
}

OverlayInode::OverlayInode(OverlayFilesystem& fs, Ref<OverlayInode> parent, std::string place,
                           const host::FileInfo& info)
    : MemoryInode(fs, attributes_of(info), ""),
      parent_(std::move(parent)),
      place_(std::move(place)),
      name_(std::string_view(place_).substr(place_.rfind('/') + 1)),
      id_(HostId::of(info)),
      unchanging_((parent_ && parent_->unchanging_) || fs.tree().is_unchanging(place_)),
      seen_at_ns_(fs.kernel().clock().monotonic_ns()) {
  is_charged_ = false;  // what is only read costs the guest nothing
}

OverlayInode::~OverlayInode() { overlay().forget(id_, this); }

void OverlayInode::refresh(const host::FileInfo& info) {
  seen_at_ns_.store(fs_.kernel().clock().monotonic_ns(), std::memory_order_relaxed);
  MutexGuard guard(lock_);
  if (owns_attributes_) return;
  if (std::exchange(told_, false)) withdraw_opened(fs_.kernel());
  attributes_ = attributes_of(info);
}

bool OverlayInode::is_believed() {
  if (unchanging_) return true;
  if (type_ != abi::s_ifdir) return false;
  return fs_.kernel().clock().monotonic_ns() - seen_at_ns_.load(std::memory_order_relaxed) < kBeliefNs;
}

bool OverlayInode::owns_content() {
  MutexGuard guard(lock_);
  return owns_content_;
}

bool OverlayInode::keeps_times() {
  MutexGuard guard(lock_);
  return owns_attributes_;
}

Result<Attributes> OverlayInode::attributes() {
  bool owned = false;
  {
    MutexGuard guard(lock_);
    owned = owns_attributes_;
  }
  if (owned || is_believed()) return MemoryInode::attributes();
  Result<host::FileInfo> info = Errno::enoent;
  if (type_ == abi::s_ifdir) {
    const Ref<HostTree::Open> open = TRY(tree().directory(spot()));
    info = host::stat_handle(open->handle);
  } else if (parent_) {
    info = tree().look_up(parent_->spot(), std::string(name_));
  }
  // A file that the host has removed is still what it was to those who have it open.
  if (info.ok() && HostId::of(*info) == id_) refresh(*info);
  return MemoryInode::attributes();
}

Result<Attributes> OverlayInode::recent_attributes() {
  if (type_ == abi::s_ifdir && !is_believed()) return attributes();
  return MemoryInode::attributes();
}

std::optional<Attributes> OverlayInode::told_attributes() {
  if (!unchanging_) return std::nullopt;
  MutexGuard guard(lock_);
  if (owns_attributes_) return std::nullopt;
  told_ = true;
  return attributes_;
}

Result<Ref<Inode>> OverlayInode::lookup(std::string_view name) {
  if (type_ != abi::s_ifdir) return Errno::enotdir;
  if (has_slots()) {
    ReadGuard guard(fs_.names_lock);
    const auto at = slots_.find(name);
    if (at != slots_.end()) return at->second.inode ? Result<Ref<Inode>>(Ref<Inode>(at->second.inode)) : Errno::enoent;
  }
  if (unchanging_) {
    MutexGuard guard(lock_);
    if (absent_.contains(name)) return Errno::enoent;
  }
  const Result<host::FileInfo> info = tree().look_up(spot(), std::string(name));
  if (info.ok()) return Ref<Inode>(overlay().inode_for(this, name, *info));
  if (info.is(Errno::enoent) && unchanging_) {
    MutexGuard guard(lock_);
    if (absent_.size() >= kMostAbsent) absent_.clear();
    absent_.emplace(std::string(name), true);
  }
  return info.error();
}

bool OverlayInode::still_valid(std::string_view name, const Inode* cached) {
  if (cached == nullptr) return false;
  if (has_slots()) {
    ReadGuard guard(fs_.names_lock);
    const auto at = slots_.find(name);
    if (at != slots_.end()) return at->second.inode.get() == cached;
  }
  auto& known = static_cast<MemoryInode&>(*const_cast<Inode*>(cached));  // this filesystem has no others
  if (!known.is_of_host()) return false;
  auto* child = static_cast<OverlayInode*>(&known);
  if (tree().is_hidden(place_, name) || tree().is_hidden(child->id_)) return false;
  if (child->is_believed()) return true;
  const Result<host::FileInfo> info = tree().look_up(spot(), std::string(name));
  if (!info.ok() || HostId::of(*info) != child->id_) return false;
  child->refresh(*info);
  return true;
}

// From here on the guest's version is what its name means, whatever becomes of the host's: it and the directories above it stay.
void OverlayInode::pin() {
  if (!parent_ || pinned_.exchange(true)) return;
  parent_->pin();
  WriteGuard guard(fs_.names_lock);
  OverlayInode& above = *parent_;
  [&]() NO_THREAD_SAFETY_ANALYSIS {
    if (!above.slots_.contains(name_)) above.put(name_, Ref<MemoryInode>(this), true);
  }();
}

Result<void> OverlayInode::own_attributes() {
  {
    MutexGuard guard(lock_);
    if (owns_attributes_) return success;
  }
  (void)attributes().ok();  // the newest, once more
  learn_acls();
  std::string symlink;
  if (type_ == abi::s_iflnk) symlink = TRY(target());
  TRY(fs_.charge_inode());
  bool ours = false;
  {
    MutexGuard guard(lock_);
    ours = !std::exchange(owns_attributes_, true);
    if (std::exchange(told_, false)) withdraw_opened(fs_.kernel());
    if (ours) {
      is_charged_ = true;
      symlink_ = std::move(symlink);
    }
  }
  if (!ours) fs_.uncharge_inode();
  pin();
  return success;
}

Result<bool> OverlayInode::lower_has(std::string_view name) {
  const Result<host::FileInfo> info = tree().look_up(spot(), std::string(name));
  if (info.ok()) return true;
  return info.is(Errno::enoent) ? Result<bool>(false) : info.error();
}

Result<std::string> OverlayInode::target() {
  if (type_ != abi::s_iflnk) return Errno::einval;
  {
    MutexGuard guard(lock_);
    if (owns_attributes_ || (unchanging_ && !symlink_.empty())) return symlink_;
  }
  if (!parent_) return Errno::einval;
  const Ref<HostTree::Open> directory = TRY(tree().directory(parent_->spot()));
  std::string text = TRY(host::read_link(directory->handle, std::string(name_)));
  MutexGuard guard(lock_);
  symlink_ = text;
  return text;
}

Result<Ref<File>> OverlayInode::open(Task& task, const Path& path, u32 flags) {
  // What the host does not let us read says so here and not at the first read.
  if (type_ == abi::s_ifreg && !owns_content()) TRY(lower_file());
  if (type_ == abi::s_ifdir) TRY(tree().listable(spot()));
  return MemoryInode::open(task, path, flags);
}

}  // namespace limen
