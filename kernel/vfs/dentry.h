// The cache of names: which Dentry stands for a name in a directory.
//
// One dentry for a name as long as somebody uses it or the cache keeps it; the filesystem decides whether a cached one may answer
// (Inode::still_valid). Changes of names are told to the cache by kernel/vfs/names.cc after the filesystem has made them, under its
// rename_lock; a lookup that ran at the same time sees by the directory's generation that its answer is old, and asks again.
//
// Bound: a directory keeps at most kMostChildren cached names and a filesystem kMostDentries; unused ones beyond that are dropped. What a
// guest holds open is its own bound (descriptors). A name and its directory hold each other: so what leaves the cache takes the names
// beneath it along, and a tree's cache ends with its last mount.
// Locks: a dentry's lock (rank `dentry`) is never held while a filesystem is asked; two are never held together.
#pragma once

#include "kernel/vfs/path.h"

namespace limen {

class DentryCache {
 public:
  static constexpr usize kMostChildren = 2048;
  static constexpr u32 kMostDentries = 32768;
  // The child `name`, from the cache or the filesystem. enoent and what Inode::lookup says.
  static Result<Ref<Dentry>> lookup(const Ref<Dentry>& parent, std::string_view name);
  // A name that was just made.
  static Ref<Dentry> attach(const Ref<Dentry>& parent, std::string_view name, Ref<Inode> inode);
  // `child` has lost its name (unlink, rmdir, overwritten by rename).
  static void removed(Dentry& parent, Dentry& child);
  // `child` is now `to_name` in `to`; what was there before has been told by removed().
  static void moved(const Ref<Dentry>& child, const Ref<Dentry>& to, std::string_view to_name);
  static void exchanged(const Ref<Dentry>& a, const Ref<Dentry>& b);
  // Drops what nobody but the cache holds of the tree that `somewhere` is in.
  static void drop_unused(const Ref<Dentry>& somewhere);

 private:
  // What has left its directory's cache; with no lock held.
  static void forget(std::vector<Ref<Dentry>> dropped);
  struct Dropped {
    std::vector<Ref<Dentry>> names;
    ~Dropped() { forget(std::move(names)); }
  };
  static void prune(const Ref<Dentry>& somewhere);
  // A name that nobody knows yet.
  static Ref<Dentry> add(Dentry& parent, std::string_view name, Ref<Inode> inode, Dropped& dropped)
      REQUIRES(parent.lock_);
  static void keep(Dentry& parent, std::string_view name, const Ref<Dentry>& child, Dropped& dropped)
      REQUIRES(parent.lock_);
};

// Is `below` the same as `above` or somewhere beneath it? By dentries of one filesystem.
bool is_same_or_beneath(const Ref<Dentry>& below, const Dentry& above);

}  // namespace limen
