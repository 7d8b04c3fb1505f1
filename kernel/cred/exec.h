// What execve(2) makes of credentials. Source: execve(2), capabilities(7) "Transformation of capabilities during execve()",
// security/commoncap.c:cap_bprm_creds_from_file.
#pragma once

#include "base/result.h"
#include "kernel/cred/credentials.h"
#include "kernel/vfs/attributes.h"
#include "kernel/vfs/path.h"

namespace limen {

class Task;

// The credentials of the new program; `secure` says that it got more than its caller had (AT_SECURE). Set-user-ID and
// set-group-ID bits do not count on a nosuid mount, with no_new_privs, or for a file whose owner the namespace does not
// know. File capabilities are not read: a file never brings any. Blocks nowhere; does not fail today.
Result<Ref<const Credentials>> credentials_for_exec(Task& task, const Path& program, const Attributes& attributes,
                                                    bool& secure);

// The rule itself, for tests.
Ref<const Credentials> credentials_for_exec(const Credentials& old, const Attributes& attributes, bool honour_set_id,
                                            bool& secure);

}  // namespace limen
