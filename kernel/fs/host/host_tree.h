// A host directory that the sandbox was given, and the handles that are open beneath it.
//
// Places are paths relative to the directory, made of names that the kernel walked one by one, so they hold no link and no "..".
// A handle is kept by what it is of, reopened by its path when the cache has dropped it, and must then still be of the same file (host
// device, inode, birth time): else enoent. The host's own pseudo filesystems (/proc, /sys, ...) are never entered: enoent.
// Hidden places are absent by path and by identity, so another name of the same directory (a bind mount, a hard link) is
// absent too. Lock: rank `leaf`; no host call is made with it held.
#pragma once

#include <bitset>
#include <compare>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "host/files.h"
#include "kernel/vfs/attributes.h"
#include "kernel/vfs/hidden_names.h"
#include "kernel/vfs/inode.h"

namespace limen {

// Which host file: never that of another, though inode numbers are used again.
struct HostId {
  u32 major = 0, minor = 0;
  u64 inode = 0;
  i64 birth_sec = 0;
  u32 birth_nsec = 0;
  auto operator<=>(const HostId&) const = default;
  static HostId of(const host::FileInfo& info);
  InodeIdentity identity() const {
    return {inode, static_cast<u64>(birth_sec) * 1'000'000'000 + birth_nsec, major << 20 | minor};
  }
  usize hash() const { return (inode ^ u64{minor} << 48) * 0x9e3779b97f4a7c15 >> 32; }
};
Attributes attributes_of(const host::FileInfo& info);

// What --hide named, in host terms; shared by all trees of a sandbox. Filled before the first guest instruction, and not when a guest
// first asks for such a name: by then the host may have moved what has to stay hidden, and only its identity would tell.
class HiddenPlaces : public RefCounted {
 public:
  void add(std::string path);  // absolute on the host
  void add(HiddenNames names);
  void add(const HostId& id);

  bool empty() const { return paths_.empty() && beneath_.empty() && ids_.empty(); }
  bool has(std::string_view path) const;
  bool has(const HostId& id) const;
  // Is `path`, absolute on the host, one of them or beneath one?
  bool hides(std::string_view path) const;
  // Cheap; false for most: could this be one of the names, one of the inode numbers?
  bool may_be(std::string_view name) const { return name_marks_[mark(name)] && names_.contains(name); }
  bool may_be(u64 inode) const { return id_marks_[inode % kMarks] && ids_.contains(inode); }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  // Each step of each walk asks: one bit says no to nearly all.
  static constexpr usize kMarks = 1024;
  static usize mark(std::string_view name) {
    if (name.empty()) return 0;
    return (name.size() * 131 + static_cast<u8>(name.front()) * 31u + static_cast<u8>(name.back())) % kMarks;
  }
  void add_name(std::string_view path);  // that stays where it is
  std::bitset<kMarks> name_marks_, id_marks_;
  std::unordered_set<std::string, Hash, std::equal_to<>> paths_;
  std::vector<HiddenNames> beneath_;
  std::unordered_set<std::string_view> names_;  // the last one of each, as it stands there
  std::unordered_multimap<u64, HostId> ids_;
};

class HostTree final : public RefCounted {
 public:
  enum class Use : u8 { directory, list, read, write };
  struct Open : public RefCounted {
    host::Handle handle;
    HostId id;
    bool is_pseudo = false;
    Mutex listing{LockRank::leaf};  // a listing moves the handle's position
    bool was_listed GUARDED_BY(listing) = false;

   private:
    friend class HostTree;  // its place among those that are kept, under lock_
    Use use_ = Use::directory;
    Open* next_ = nullptr;  // in its bucket
    Open *older_ = nullptr, *newer_ = nullptr;
  };
  // `unchanging`: absolute host directories whose content stays the same while the sandbox runs.
  HostTree(host::Handle root, std::string host_path, Ref<HiddenPlaces> hidden, std::vector<std::string> unchanging);
  ~HostTree() override;

  // A file or directory as the kernel knows it. With the directory that it is in, whose handle may be open, the host walks one name and
  // not the whole path.
  struct Spot {
    const std::string& place;
    const HostId& id;
    const HostId* above = nullptr;
  };
  Result<Ref<Open>> directory(const Spot& spot);
  // The same, to be listed: eacces where the host does not let us read it.
  Result<Ref<Open>> listable(const Spot& spot);
  Result<Ref<Open>> file(const Spot& spot, host::Access access);
  // A file that has just been made and is open for reading and writing. Kept: where its permissions deny writing to whoever made it, the
  // host does not open it so once more, and Linux lets its maker write.
  Result<void> made_file(host::Handle handle);
  Result<host::FileInfo> look_up(const Spot& directory, const std::string& name);
  // By the names that `directory` has on the host now; without the hidden ones.
  Result<host::DirectoryNames> names(const Spot& directory);
  bool is_hidden(const std::string& directory, std::string_view name) const {
    return hidden_->may_be(name) && hidden_->has(absolute(join(directory, name)));
  }
  bool is_hidden(const HostId& id) const { return hidden_->has(id); }
  bool is_unchanging(const std::string& place) const;
  std::string absolute(const std::string& place) const;
  const host::Handle& root() const { return root_; }
  static std::string join(const std::string& directory, std::string_view name);

 private:
  static constexpr usize kMostOpen = 1024;
  static constexpr usize kMostNames = 4'000'000;  // in a directory
  Ref<Open> cached(const HostId& id, Use use);
  template <typename Opener>
  Result<host::Handle> open(const Spot& spot, Opener opener);
  Result<Ref<Open>> open_directory(const Spot& spot, Use use);
  Result<bool> is_pseudo(const host::Handle& handle, const HostId& id);
  void keep(const Ref<Open>& open, Use use);
  void drop_kept();
  // `open` once more without what is kept, where the host gave us few descriptors (RLIMIT_NOFILE).
  template <typename OpenHandle>
  Result<host::Handle> with_room(const OpenHandle& open) {
    Result<host::Handle> handle = open();
    if (!handle.is(Errno::emfile)) return handle;
    drop_kept();
    return open();
  }
  Open** find(const HostId& id, Use use) REQUIRES(lock_);  // what refers to it in its bucket, or would
  void set_newest(Open& open) REQUIRES(lock_);
  void take_out(Open& open) REQUIRES(lock_);

  const host::Handle root_;
  const std::string host_path_;
  const Ref<HiddenPlaces> hidden_;
  const std::vector<std::string> unchanging_;
  Mutex lock_{LockRank::leaf};
  // What is kept open: a reference to each, in a bucket by identity and use, and in a chain by age.
  std::vector<Open*> buckets_ GUARDED_BY(lock_) = std::vector<Open*>(64);
  usize kept_ GUARDED_BY(lock_) = 0;
  Open *oldest_ GUARDED_BY(lock_) = nullptr, *newest_ GUARDED_BY(lock_) = nullptr;
  std::map<std::pair<u32, u32>, bool> pseudo_devices_ GUARDED_BY(lock_);
};

}  // namespace limen
