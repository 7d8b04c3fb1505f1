#include "kernel/fs/host/host_tree.h"

#include <algorithm>
#include <utility>

#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/task/deferred.h"

namespace limen {
namespace {

// Filesystems that tell of the host's kernel or steer it. A directory of theirs is empty for a guest.
bool is_pseudo_filesystem(u64 magic) {
  constexpr u64 kMagics[] = {
      static_cast<u64>(abi::proc_super_magic),
      static_cast<u64>(abi::debugfs_magic),
      static_cast<u64>(abi::devpts_super_magic),
      static_cast<u64>(abi::sysfs_magic),
      static_cast<u64>(abi::cgroup2_super_magic),
      static_cast<u64>(abi::securityfs_magic),
      static_cast<u64>(abi::binfmtfs_magic),
      static_cast<u64>(abi::mqueue_magic),
      static_cast<u64>(abi::nsfs_magic),
      0x27e0eb /* cgroup */,
      0x74726163 /* tracefs */,
      0x62656570 /* configfs */,
      0xcafe4a11 /* bpf */,
      0x6165676c /* pstore */,
      0xde5e81e4 /* efivarfs */,
      0x65735546 /* fuse control */,
  };
  return std::find(std::begin(kMagics), std::end(kMagics), magic) != std::end(kMagics);
}

TimeStamp time_of(const host::FileTime& t) { return {t.sec, t.nsec}; }

}  // namespace

HostId HostId::of(const host::FileInfo& info) {
  return {info.dev_major, info.dev_minor, info.inode, info.btime.sec, info.btime.nsec};
}

Attributes attributes_of(const host::FileInfo& info) {
  Attributes a;
  a.device = {info.dev_major, info.dev_minor};
  a.inode = info.inode;
  a.mode = info.mode;
  a.links = info.links;
  a.uid = Uid(info.uid), a.gid = Gid(info.gid);
  a.rdev = {info.rdev_major, info.rdev_minor};
  a.size = info.size, a.block_size = info.block_size, a.blocks = info.blocks;
  a.atime = time_of(info.atime), a.mtime = time_of(info.mtime), a.ctime = time_of(info.ctime),
  a.btime = time_of(info.btime);
  return a;
}

void HiddenPlaces::add(std::string path) {
  const auto [at, fresh] = paths_.insert(std::move(path));
  if (fresh) add_name(*at);
}

void HiddenPlaces::add(HiddenNames names) {
  for (const std::string_view name : names.names) add_name(name);
  beneath_.push_back(std::move(names));
}

void HiddenPlaces::add_name(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (may_be(name)) return;
  names_.insert(name);
  name_marks_.set(mark(name));
}

bool HiddenPlaces::has(std::string_view path) const {
  if (paths_.contains(path)) return true;
  return std::any_of(beneath_.begin(), beneath_.end(), [&](const HiddenNames& at) {
    const usize length = at.directory.size();
    return path.size() > length && path[length] == '/' && path.starts_with(at.directory) &&
           std::find(at.names.begin(), at.names.end(), path.substr(length + 1)) != at.names.end();
  });
}

void HiddenPlaces::add(const HostId& id) {
  ids_.emplace(id.inode, id);
  id_marks_.set(id.inode % kMarks);
}

bool HiddenPlaces::has(const HostId& id) const {
  if (!id_marks_[id.inode % kMarks]) return false;
  const auto [from, to] = ids_.equal_range(id.inode);
  return std::any_of(from, to, [&](const auto& entry) { return entry.second == id; });
}

bool HiddenPlaces::hides(std::string_view path) const {
  for (usize end = path.size(); end != 0; end = path.rfind('/', end - 1)) {
    if (has(path.substr(0, end))) return true;
  }
  return false;
}

HostTree::HostTree(host::Handle root, std::string host_path, Ref<HiddenPlaces> hidden,
                   std::vector<std::string> unchanging)
    : root_(std::move(root)),
      host_path_(host_path == "/" ? "" : std::move(host_path)),
      hidden_(std::move(hidden)),
      unchanging_(std::move(unchanging)) {}

std::string HostTree::join(const std::string& directory, std::string_view name) {
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  if (!directory.empty()) path.append(directory).push_back('/');
  path.append(name);
  return path;
}

std::string HostTree::absolute(const std::string& place) const {
  const std::string path = place.empty() ? host_path_ : host_path_ + "/" + place;
  return path.empty() ? "/" : path;
}

bool HostTree::is_unchanging(const std::string& place) const {
  const std::string path = absolute(place);
  return std::any_of(unchanging_.begin(), unchanging_.end(), [&](const std::string& top) {
    return path == top || (path.size() > top.size() && path.starts_with(top) && path[top.size()] == '/');
  });
}

HostTree::~HostTree() { drop_kept(); }

void HostTree::drop_kept() {
  std::vector<Ref<Open>> dropped;  // closed after the lock is gone
  MutexGuard guard(lock_);
  while (oldest_ != nullptr) {
    Open* const open = oldest_;
    take_out(*open);
    dropped.push_back(Ref<Open>::adopt(open));
  }
}

HostTree::Open** HostTree::find(const HostId& id, Use use) {
  Open** at = &buckets_[(id.hash() + static_cast<usize>(use)) & (buckets_.size() - 1)];
  while (*at != nullptr && !((*at)->id == id && (*at)->use_ == use)) at = &(*at)->next_;
  return at;
}

void HostTree::set_newest(Open& open) {
  if (newest_ == &open) return;
  if (open.newer_ != nullptr) {  // it is in the chain
    open.newer_->older_ = open.older_;
    (open.older_ != nullptr ? open.older_->newer_ : oldest_) = open.newer_;
  }
  open.older_ = std::exchange(newest_, &open);
  open.newer_ = nullptr;
  (open.older_ != nullptr ? open.older_->newer_ : oldest_) = &open;
}

void HostTree::take_out(Open& open) {
  *find(open.id, open.use_) = open.next_;
  (open.older_ != nullptr ? open.older_->newer_ : oldest_) = open.newer_;
  (open.newer_ != nullptr ? open.newer_->older_ : newest_) = open.older_;
  --kept_;
}

Ref<HostTree::Open> HostTree::cached(const HostId& id, Use use) {
  MutexGuard guard(lock_);
  Open* const open = *find(id, use);
  if (open == nullptr) return nullptr;
  set_newest(*open);
  return Ref<Open>(open);
}

void HostTree::keep(const Ref<Open>& open, Use use) {
  Ref<Open> dropped;
  {
    MutexGuard guard(lock_);
    Open** at = find(open->id, use);
    Open* const old = *at != nullptr ? *at : kept_ >= kMostOpen ? oldest_ : nullptr;
    if (old != nullptr) {
      take_out(*old);
      dropped = Ref<Open>::adopt(old);
      at = find(open->id, use);
    }
    if (kept_ == buckets_.size()) {
      std::vector<Open*>(buckets_.size() * 2).swap(buckets_);
      for (Open* each = oldest_; each != nullptr; each = each->newer_) {
        each->next_ = nullptr;
        *find(each->id, each->use_) = each;
      }
      at = find(open->id, use);
    }
    open->use_ = use;
    open->ref();
    *at = open.get();
    set_newest(*open);
    ++kept_;
  }
  drop_after_answer(std::move(dropped));
}

// What a handle of the host's own pseudo filesystems shows is not for guests: by the device, asked once for each.
Result<bool> HostTree::is_pseudo(const host::Handle& handle, const HostId& id) {
  const std::pair<u32, u32> device(id.major, id.minor);
  {
    MutexGuard guard(lock_);
    if (const auto known = pseudo_devices_.find(device); known != pseudo_devices_.end()) return known->second;
  }
  const bool is = is_pseudo_filesystem(TRY(host::filesystem_magic(handle)));
  MutexGuard guard(lock_);
  return pseudo_devices_.emplace(device, is).first->second;
}

// As safe from the directory above as by the path: the handle is of the directory where the name was looked up, what is opened must be what was
// found there, and the host resolves one name, which is none of ".." and no link.
template <typename Opener>
Result<host::Handle> HostTree::open(const Spot& spot, Opener opener) {
  Ref<Open> above;
  if (spot.above != nullptr) {
    above = cached(*spot.above, Use::directory);
    if (!above) above = cached(*spot.above, Use::list);
  }
  if (!above) return with_room([&] { return opener(root_, spot.place); });
  if (above->is_pseudo) return Errno::enoent;
  return with_room([&] { return opener(above->handle, spot.place.substr(spot.place.rfind('/') + 1)); });
}

Result<Ref<HostTree::Open>> HostTree::open_directory(const Spot& spot, Use use) {
  Ref<Open> open = make_ref<Open>();
  open->handle = TRY(this->open(spot, [&](const host::Handle& base, const std::string& name) {
    return use == Use::list ? host::open_listing(base, name, spot.place) : host::open_directory(base, name, spot.place);
  }));
  open->id = HostId::of(TRY(host::stat_handle(open->handle)));
  if (open->id != spot.id) return Errno::enoent;
  open->is_pseudo = TRY(is_pseudo(open->handle, open->id));
  keep(open, use);
  return open;
}

Result<Ref<HostTree::Open>> HostTree::directory(const Spot& spot) {
  if (Ref<Open> open = cached(spot.id, Use::directory)) return open;
  if (Ref<Open> open = cached(spot.id, Use::list)) return open;
  return open_directory(spot, Use::directory);
}

Result<Ref<HostTree::Open>> HostTree::listable(const Spot& spot) {
  if (Ref<Open> open = cached(spot.id, Use::list)) return open;
  return open_directory(spot, Use::list);
}

Result<Ref<HostTree::Open>> HostTree::file(const Spot& spot, host::Access access) {
  const Use use = access == host::Access::read ? Use::read : Use::write;
  if (Ref<Open> open = cached(spot.id, use)) return open;
  Ref<Open> open = make_ref<Open>();
  open->handle = TRY(this->open(spot, [&](const host::Handle& base, const std::string& name) {
    return host::open_file(base, name, access, spot.place);
  }));
  const host::FileInfo info = TRY(host::stat_handle(open->handle));
  open->id = HostId::of(info);
  if (open->id != spot.id || !abi::s_isreg(info.mode)) return Errno::enoent;
  keep(open, use);
  return open;
}

Result<void> HostTree::made_file(host::Handle handle) {
  Ref<Open> open = make_ref<Open>();
  open->handle = std::move(handle);
  open->id = HostId::of(TRY(host::stat_handle(open->handle)));
  keep(open, Use::write);
  return success;
}

Result<host::FileInfo> HostTree::look_up(const Spot& at, const std::string& name) {
  if (is_hidden(at.place, name)) return Errno::enoent;
  const Ref<Open> open = TRY(directory(at));
  if (open->is_pseudo) return Errno::enoent;
  const host::FileInfo info = TRY(host::stat_name(open->handle, name));
  if (is_hidden(HostId::of(info))) return Errno::enoent;
  return info;
}

Result<host::DirectoryNames> HostTree::names(const Spot& at) {
  const Ref<Open> open = TRY(listable(at));
  if (open->is_pseudo) return host::DirectoryNames();
  host::DirectoryNames names;
  {
    MutexGuard guard(open->listing);
    names = TRY(host::list_directory(open->handle, kMostNames, std::exchange(open->was_listed, true)));
  }
  if (hidden_->empty()) return names;
  names.remove_if([&](const host::DirectoryNames::Entry& entry) {
    if (is_hidden(at.place, entry.name)) return true;
    return hidden_->may_be(entry.inode) && !look_up(at, std::string(entry.name)).ok();
  });
  return names;
}

}  // namespace limen
