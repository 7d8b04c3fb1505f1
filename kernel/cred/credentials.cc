#include "kernel/cred/credentials.h"

namespace limen {

Ref<UserAccount> UserNamespace::account(Uid uid) {
  MutexGuard guard(lock_);
  // A guest that walks through all user ids leaves no trail: accounts that only this table holds are worth nothing.
  constexpr usize kSweepAt = 256;
  if (accounts_.size() >= kSweepAt) {
    std::erase_if(accounts_, [](const auto& entry) { return entry.second->ref_count() == 1; });
  }
  Ref<UserAccount>& place = accounts_[uid];
  if (!place) place = make_ref<UserAccount>();
  return place;
}

}  // namespace limen
