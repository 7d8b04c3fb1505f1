#include "kernel/cred/credentials.h"

namespace limen {

using Ids = UserNamespace::Ids;

bool Credentials::has_capability(const UserNamespace* ns, Capability cap) const {
  const u32 own = user_ns ? user_ns->level() : 0;
  for (;; ns = ns->parent()) {
    const u32 level = ns == nullptr ? 0 : ns->level();
    if (level == 0 ? own == 0 : ns == user_ns.get()) return capable_here(cap);
    if (level <= own) return false;
    const bool is_around = level == 1 ? own == 0 : ns->parent() == user_ns.get();
    if (is_around && ns->maker() == euid) return true;
  }
}

Result<Uid> Credentials::kernel_id(Uid given) const {
  if (in_first_namespace()) return given == Uid(~0u) ? Result<Uid>(Errno::einval) : given;
  const std::optional<u32> id = user_ns->kernel_id(Ids::user, given.raw());
  return id ? Result<Uid>(Uid(*id)) : Errno::einval;
}

Result<Gid> Credentials::kernel_id(Gid given) const {
  if (in_first_namespace()) return given == Gid(~0u) ? Result<Gid>(Errno::einval) : given;
  const std::optional<u32> id = user_ns->kernel_id(Ids::group, given.raw());
  return id ? Result<Gid>(Gid(*id)) : Errno::einval;
}

u32 Credentials::seen_elsewhere(Uid id) const {
  return user_ns->local_id(Ids::user, id.raw()).value_or(UserNamespace::kOverflow);
}
u32 Credentials::seen_elsewhere(Gid id) const {
  return user_ns->local_id(Ids::group, id.raw()).value_or(UserNamespace::kOverflow);
}

bool Credentials::is_mapped(Uid id) const {
  return in_first_namespace() || user_ns->local_id(Ids::user, id.raw()).has_value();
}
bool Credentials::is_mapped(Gid id) const {
  return in_first_namespace() || user_ns->local_id(Ids::group, id.raw()).has_value();
}
bool Credentials::is_root(Uid id) const {
  return in_first_namespace() ? id == Uid(0) : user_ns->local_id(Ids::user, id.raw()) == 0u;
}

}  // namespace limen
