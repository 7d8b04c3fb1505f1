#include "kernel/landlock/ruleset.h"

#include "abi/fcntl.h"
#include "abi/landlock.h"

namespace limen {

RulesetFile::RulesetFile(Path path, Ref<LandlockRules> rules)
    : File(std::move(path), abi::o_rdwr),
      handled_fs(rules->handled_fs),
      handled_net(rules->handled_net),
      rules_(std::move(rules)) {}

Result<void> RulesetFile::check_rights(u64 rights, u64 handled) {
  if (rights == 0) return Errno::enomsg;
  return (rights & ~handled) == 0 ? Result<void>() : Errno::einval;
}

LandlockRules& RulesetFile::to_change() {
  // Only a layer of a domain holds them besides us, and it takes them under our lock.
  if (rules_->ref_count() != 1) rules_ = make_ref<LandlockRules>(*rules_);
  return *rules_;
}

Result<void> RulesetFile::allow_beneath(const Path& place, u64 rights) {
  constexpr u64 kOfFiles = abi::landlock_access_fs_execute | abi::landlock_access_fs_write_file |
                           abi::landlock_access_fs_read_file | abi::landlock_access_fs_truncate |
                           abi::landlock_access_fs_ioctl_dev;
  const u32 type = TRY(place.inode().file_type());
  if (type != abi::s_ifdir && (rights & ~kOfFiles) != 0) return Errno::einval;
  MutexGuard guard(lock_);
  to_change().grant(place.dentry->inode(), rights);
  return success;
}

Result<void> RulesetFile::allow_port(u64 port, u64 rights) {
  constexpr u64 kMostPort = 65535;
  if (port > kMostPort) return Errno::einval;
  MutexGuard guard(lock_);
  to_change().grant_port(static_cast<u16>(port), rights);
  return success;
}

Ref<const LandlockRules> RulesetFile::rules() const {
  MutexGuard guard(lock_);
  return rules_;
}

}  // namespace limen
