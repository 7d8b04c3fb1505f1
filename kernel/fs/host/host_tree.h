// A host directory that the sandbox was given, and the handles that are open beneath it.
//
// Places are paths relative to the directory, made of names that the kernel walked one by one, so they hold no link and no "..".
// A handle is reopened by its path when the cache has dropped it, and must then still be the same file (host device, inode, birth time):
// else enoent. The host's own pseudo filesystems (/proc, /sys, ...) are never entered: enoent.
// Hidden places are absent by path and by identity, so another name of the same directory (a bind mount, a hard link) is
// absent too. Lock: rank `leaf`; no host call is made with it held.
#pragma once

#include <compare>
#include <list>
#include <map>
#include <set>
#include <string>
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
struct HiddenPlaces : public RefCounted {
  std::set<std::string> paths;  // absolute on the host
  std::set<HostId> ids;
  // Is `path`, absolute on the host, one of them or beneath one?
  bool hides(std::string_view path) const;
};

class HostTree final : public RefCounted {
 public:
  struct Open : public RefCounted {
    host::Handle handle;
    HostId id;
    bool is_pseudo = false;
  };
  // `unchanging`: absolute host directories whose content stays as it is while the sandbox runs.
  HostTree(host::Handle root, std::string host_path, Ref<HiddenPlaces> hidden, std::vector<std::string> unchanging);

  Result<Ref<Open>> directory(const std::string& place, const HostId& expected);
  Result<Ref<Open>> file(const std::string& place, const HostId& expected, host::Access access);
  Result<host::FileInfo> look_up(const std::string& directory, const HostId& expected, const std::string& name);
  bool is_hidden(const std::string& place) const { return hidden_->paths.contains(absolute(place)); }
  bool is_hidden(const HostId& id) const { return hidden_->ids.contains(id); }
  bool hides_any() const { return !hidden_->paths.empty() || !hidden_->ids.empty(); }
  // Cheap, for listings: could a name with this inode number be a hidden one?
  bool may_hide(u64 inode) const;
  bool is_unchanging(const std::string& place) const;
  std::string absolute(const std::string& place) const;
  const host::Handle& root() const { return root_; }
  static std::string join(const std::string& directory, std::string_view name);

 private:
  static constexpr usize kMostOpen = 1024;
  Ref<Open> cached(const std::string& key, const HostId& expected);
  void keep(const std::string& key, const Ref<Open>& open);

  const host::Handle root_;
  const std::string host_path_;
  const Ref<HiddenPlaces> hidden_;
  const std::vector<std::string> unchanging_;
  struct Entry {
    Ref<Open> open;
    std::list<std::string>::iterator age;
  };
  Mutex lock_{LockRank::leaf};
  std::map<std::string, Entry> entries_ GUARDED_BY(lock_);
  std::list<std::string> ages_ GUARDED_BY(lock_);  // oldest first
};

}  // namespace limen
