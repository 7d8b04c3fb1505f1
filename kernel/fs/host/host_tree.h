// A host directory that the sandbox was given, and the handles that are open beneath it.
//
// Places are paths relative to the directory, made of names that the kernel walked one by one, so they hold no link and no "..".
// A handle is kept by what it is of, reopened by its path when the cache has dropped it, and must then still be of the same file (host
// device, inode, birth time): else enoent. The host's own pseudo filesystems (/proc, /sys, ...) are never entered: enoent.
// Hidden places are absent by path and by identity, so another name of the same directory (a bind mount, a hard link) is
// absent too. Lock: rank `leaf`; no host call is made with it held.
#pragma once

#include <compare>
#include <list>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "host/files.h"
#include "kernel/vfs/attributes.h"

namespace limen {

// Which host file: never that of another, though inode numbers are used again.
struct HostId {
  u32 major = 0, minor = 0;
  u64 inode = 0;
  i64 birth_sec = 0;
  u32 birth_nsec = 0;
  auto operator<=>(const HostId&) const = default;
  static HostId of(const host::FileInfo& info);
};
Attributes attributes_of(const host::FileInfo& info);

// What --hide named, in host terms; shared by all trees of a sandbox. Filled before the first guest instruction.
class HiddenPlaces : public RefCounted {
 public:
  using Names = std::set<std::string, std::less<>>;

  void add(std::string_view path);  // absolute on the host
  void add(const HostId& id) { ids_.emplace(id.inode, id); }

  bool empty() const { return in_.empty() && ids_.empty(); }
  bool has(std::string_view path) const;
  bool has(const HostId& id) const;
  // Is `path`, absolute on the host, one of them or beneath one?
  bool hides(std::string_view path) const;
  // What is hidden in the host directory of this path; null where nothing is.
  const Names* in(std::string_view directory) const;
  // Cheap; false for most: could this be one of the names, one of the inode numbers?
  bool may_be(std::string_view name) const { return names_.contains(name); }
  bool may_be(u64 inode) const { return ids_.contains(inode); }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, Names, Hash, std::equal_to<>> in_;  // by the directory
  std::unordered_set<std::string, Hash, std::equal_to<>> names_;
  std::unordered_multimap<u64, HostId> ids_;
};

class HostTree final : public RefCounted {
 public:
  struct Open : public RefCounted {
    host::Handle handle;
    HostId id;
    bool is_pseudo = false;
    Mutex listing{LockRank::leaf};  // a listing moves the handle's position
    bool was_listed GUARDED_BY(listing) = false;
  };
  // `unchanging`: absolute host directories whose content stays the same while the sandbox runs.
  HostTree(host::Handle root, std::string host_path, Ref<HiddenPlaces> hidden, std::vector<std::string> unchanging);

  Result<Ref<Open>> directory(const std::string& place, const HostId& expected);
  // The same, to be listed: eacces where the host does not let us read it.
  Result<Ref<Open>> listable(const std::string& place, const HostId& expected);
  Result<Ref<Open>> file(const std::string& place, const HostId& expected, host::Access access);
  Result<host::FileInfo> look_up(const std::string& directory, const HostId& expected, const std::string& name);
  // By the names that `directory`, of this identity, has on the host now; without the hidden ones.
  Result<host::DirectoryNames> names(const std::string& directory, const HostId& expected);
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
  enum class Use : u8 { directory, list, read, write };
  struct Key {
    HostId id;
    Use use;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    usize operator()(const Key& key) const {
      return std::hash<u64>()(key.id.inode * 4 + static_cast<u64>(key.use)) ^ std::hash<u32>()(key.id.minor);
    }
  };
  Ref<Open> cached(const Key& key);
  Result<Ref<Open>> open_directory(const std::string& place, const Key& key);
  Result<bool> is_pseudo(const host::Handle& handle, const HostId& id);
  void keep(const Key& key, const Ref<Open>& open);

  const host::Handle root_;
  const std::string host_path_;
  const Ref<HiddenPlaces> hidden_;
  const std::vector<std::string> unchanging_;
  struct Entry {
    Ref<Open> open;
    std::list<Key>::iterator age;
  };
  Mutex lock_{LockRank::leaf};
  std::unordered_map<Key, Entry, KeyHash> entries_ GUARDED_BY(lock_);
  std::list<Key> ages_ GUARDED_BY(lock_);  // oldest first
  std::map<std::pair<u32, u32>, bool> pseudo_devices_ GUARDED_BY(lock_);
};

}  // namespace limen
