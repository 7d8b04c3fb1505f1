// How calls and /proc speak of mounts.
#pragma once

#include <string>

#include "abi/mount.h"
#include "kernel/vfs/path.h"

namespace limen {

// A number that no other mount ever has: statx(2)'s STATX_MNT_ID_UNIQUE, statmount(2).
inline u64 unique_id(const Mount& mount) { return abi::mnt_unique_id_offset + mount.id(); }

// MS_SHARED and its kin, one of them, as mount(2) and mount_setattr(2) say them.
inline Propagation propagation_of(u64 word) {
  if (word == abi::ms_shared) return Propagation::shared;
  if (word == abi::ms_slave) return Propagation::slave;
  return word == abi::ms_unbindable ? Propagation::unbindable : Propagation::private_;
}

// Which directory of its filesystem a bind mount shows.
inline std::string place_within(const Mount& mount) {
  std::string name;
  Ref<Dentry> at = mount.root();
  while (const Ref<Dentry> parent = at->parent()) {
    name = "/" + at->name() + name;
    at = parent;
  }
  if (mount.root()->is_deleted()) name += "//deleted";
  return name.empty() ? "/" : name;
}

}  // namespace limen
