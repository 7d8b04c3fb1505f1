// The file of landlock_create_ruleset(2): rights that it handles, and rules that grant some of them. It has no data.
//
// A layer shares the rules with the ruleset that it was made of; the next rule makes the ruleset a copy of its own. So a ruleset is
// enforced at no cost however many rules it has.
// Locks: lock_ (rank `file`).
#pragma once

#include "kernel/landlock/domain.h"
#include "kernel/vfs/file.h"

namespace limen {

class RulesetFile final : public File {
 public:
  RulesetFile(Path path, Ref<LandlockRules> rules);
  bool seekable() const override { return false; }

  // enomsg: it allows nothing; einval: what the ruleset does not handle, or what no file that is no directory has.
  Result<void> allow_beneath(const Path& place, u64 rights);
  Result<void> allow_port(u64 port, u64 rights);
  Ref<const LandlockRules> rules() const;

  // Are these the rights of a rule, before its object is looked at? enomsg, einval.
  static Result<void> check_rights(u64 rights, u64 handled);
  const u64 handled_fs, handled_net;

 private:
  LandlockRules& to_change() REQUIRES(lock_);
  mutable Mutex lock_{LockRank::file};
  Ref<LandlockRules> rules_ GUARDED_BY(lock_);
};

}  // namespace limen
