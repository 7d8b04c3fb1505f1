// What execve(2) makes of credentials. Source: execve(2), capabilities(7) "Transformation of capabilities during execve()",
// security/commoncap.c:cap_bprm_creds_from_file.
#pragma once

#include <optional>
#include <span>

#include "base/result.h"
#include "kernel/cred/credentials.h"
#include "kernel/vfs/attributes.h"
#include "kernel/vfs/path.h"

namespace limen {

class Task;

// What the attribute security.capability of a program says. Linux: get_vfs_caps_from_disk.
struct FileCapabilities {
  u64 permitted = 0, inheritable = 0;
  bool effective = false;
  Uid root{0};  // they count in the user namespaces whose root this is, and below

  // einval: no such value. `owner` is the user namespace of the filesystem, null for the first.
  static Result<FileCapabilities> parse(std::span<const u8> value, const UserNamespace* owner);
  bool count_for(const Credentials& who) const;
};

// How much a program may bring to whom executes it.
struct ExecRules {
  enum class Danger : u8 { none, tracer, no_new_privs };  // who may not see it gain anything
  bool honours_set_id = true;
  Danger danger = Danger::none;
  std::optional<FileCapabilities> file;
};

// The credentials of the new program; `secure` says that it got more than its caller had (AT_SECURE). Neither set-user-ID
// and set-group-ID bits nor file capabilities count on a nosuid mount, or for a file whose owner the namespace does not know;
// with no_new_privs, or before the eyes of a tracer without CAP_SYS_PTRACE, nothing is gained. eperm: a file says that its
// program cannot do without a capability that the bounding set lacks; einval: its attribute is no such value.
Result<Ref<const Credentials>> credentials_for_exec(Task& task, const Path& program, const Attributes& attributes,
                                                    bool& secure);

// The rule itself, for tests.
Result<Ref<const Credentials>> credentials_for_exec(const Credentials& old, const Attributes& attributes,
                                                    const ExecRules& rules, bool& secure);

}  // namespace limen
