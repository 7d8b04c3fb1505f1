// landlock_create_ruleset(2), landlock_add_rule(2), landlock_restrict_self(2). Source: security/landlock/syscalls.c.
#include "abi/landlock.h"

#include <algorithm>
#include <cstring>

#include <vector>

#include "kernel/landlock/ruleset.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

// As of Linux 6.15 to 6.18, with what it has mended: TCP sockets alone, signals within a process, disconnected directories.
constexpr i64 kVersion = 7, kErrata = 7;
constexpr u64 kFileRights = 2 * abi::landlock_access_fs_ioctl_dev - 1;
constexpr u64 kPortRights = abi::landlock_access_net_bind_tcp | abi::landlock_access_net_connect_tcp;
constexpr u64 kScopes = abi::landlock_scope_abstract_unix_socket | abi::landlock_scope_signal;

// As long as the caller knows it; what we do not know must be zero. Linux: copy_min_struct_from_user.
Result<abi::LandlockRulesetAttr> read_attributes(Task& task, UserBytes<In> user, usize size) {
  if (user.is_null()) return Errno::efault;
  if (size < sizeof(u64)) return Errno::einval;
  if (size > kPageSize) return Errno::e2big;
  std::vector<u8> bytes(std::max(size, sizeof(abi::LandlockRulesetAttr)));
  TRY(copy_from_user(task, bytes.data(), user.addr(), size));
  const auto unknown = bytes.begin() + sizeof(abi::LandlockRulesetAttr);
  if (std::any_of(unknown, bytes.end(), [](u8 byte) { return byte != 0; })) return Errno::e2big;
  abi::LandlockRulesetAttr attributes;
  std::memcpy(&attributes, bytes.data(), sizeof attributes);
  return attributes;
}

Result<Ref<RulesetFile>> ruleset_of(Task& task, Fd fd) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  Ref<RulesetFile> ruleset = ref_cast<RulesetFile>(file);
  return ruleset ? Result<Ref<RulesetFile>>(std::move(ruleset)) : Errno::ebadfd;
}

Result<void> add_path_rule(Task& task, RulesetFile& ruleset, UserAddr rule) {
  const abi::LandlockPathBeneathAttr wanted = TRY(UserIn<abi::LandlockPathBeneathAttr>(rule).read(task));
  TRY(RulesetFile::check_rights(wanted.allowed_access, ruleset.handled_fs));
  const Ref<File> parent = TRY(task.files().get(Fd(wanted.parent_fd)));
  if (!parent->has_inode() || (parent->path().mount->flags() & kMountInternal) != 0) return Errno::ebadfd;
  return ruleset.allow_beneath(parent->path(), wanted.allowed_access);
}

Result<void> add_port_rule(Task& task, RulesetFile& ruleset, UserAddr rule) {
  const abi::LandlockNetPortAttr wanted = TRY(UserIn<abi::LandlockNetPortAttr>(rule).read(task));
  TRY(RulesetFile::check_rights(wanted.allowed_access, ruleset.handled_net));
  return ruleset.allow_port(wanted.port, wanted.allowed_access);
}

}  // namespace

Result<i64> sys_landlock_create_ruleset(Task& task, UserBytes<In> attr, usize size, u32 flags) {
  if (flags != 0) {
    if (!attr.is_null() || size != 0) return Errno::einval;
    if (flags == abi::landlock_create_ruleset_version) return kVersion;
    return flags == abi::landlock_create_ruleset_errata ? Result<i64>(kErrata) : Errno::einval;
  }
  const abi::LandlockRulesetAttr wanted = TRY(read_attributes(task, attr, size));
  const bool known = (wanted.handled_access_fs & ~kFileRights) == 0 &&
                     (wanted.handled_access_net & ~kPortRights) == 0 && (wanted.scoped & ~kScopes) == 0;
  if (!known) return Errno::einval;
  if ((wanted.handled_access_fs | wanted.handled_access_net | wanted.scoped) == 0) return Errno::enomsg;
  auto rules = make_ref<LandlockRules>(wanted.handled_access_fs, wanted.handled_access_net, wanted.scoped);
  Ref<File> file = make_ref<RulesetFile>(anon_path(task, "anon_inode:[landlock-ruleset]", 0600), std::move(rules));
  const Fd fd = TRY(task.files().install(task, std::move(file), FdFlags::close_on_exec));
  return fd.raw();
}

Result<i64> sys_landlock_add_rule(Task& task, Fd ruleset_fd, int rule_type, UserAddr rule_attr, u32 flags) {
  if (flags != 0) return Errno::einval;
  const Ref<RulesetFile> ruleset = TRY(ruleset_of(task, ruleset_fd));
  switch (rule_type) {
    case abi::landlock_rule_path_beneath:
      TRY(add_path_rule(task, *ruleset, rule_attr));
      return 0;
    case abi::landlock_rule_net_port:
      TRY(add_port_rule(task, *ruleset, rule_attr));
      return 0;
    default:
      return Errno::einval;
  }
}

// The flags say what the host's audit is told of refusals; there is none of a guest's own here.
Result<i64> sys_landlock_restrict_self(Task& task, Fd ruleset_fd, u32 flags) {
  constexpr u32 kFlags = abi::landlock_restrict_self_log_same_exec_off | abi::landlock_restrict_self_log_new_exec_on |
                         abi::landlock_restrict_self_log_subdomains_off;
  const Credentials& own = task.credentials();
  if (!task.no_new_privs && !own.capable_here(Capability::sys_admin)) return Errno::eperm;
  if ((flags & ~kFlags) != 0) return Errno::einval;
  if (ruleset_fd.raw() == -1 && flags == abi::landlock_restrict_self_log_subdomains_off) return 0;
  const Ref<RulesetFile> ruleset = TRY(ruleset_of(task, ruleset_fd));
  Ref<const LandlockDomain> domain = LandlockDomain::within(own.landlock.get(), ruleset->rules());
  if (!domain) return Errno::e2big;
  Ref<Credentials> fresh = own.clone();
  fresh->landlock = std::move(domain);
  task.set_credentials(std::move(fresh));
  return 0;
}

}  // namespace limen
