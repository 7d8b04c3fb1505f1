// Changing a task's credentials. Source: capabilities(7) "Effect of user ID changes on capabilities",
// security/commoncap.c:cap_task_fix_setuid, cap_capset; kernel/cred.c:commit_creds.
#pragma once

#include "base/result.h"
#include "kernel/cred/credentials.h"

namespace limen {

class Task;

// [self] Makes `fresh` the task's credentials; another effective or filesystem id makes the process not dumpable and
// forgets PR_SET_PDEATHSIG.
void publish_credentials(Task& task, Ref<Credentials> fresh);
// The same after a change of real, effective or saved user ids: capabilities follow.
void change_user_ids(Task& task, Ref<Credentials> fresh);
// The same after a change of the filesystem user id: the capabilities over files follow.
void change_filesystem_uid(Task& task, Ref<Credentials> fresh);

// Would `more` tasks take the user of `task` over its RLIMIT_NPROC? Never for root. Linux: is_rlimit_overlimit.
bool passes_process_limit(Task& task, u64 more);

// The rules alone.
void follow_user_ids(const Credentials& old, Credentials& fresh);
void follow_filesystem_uid(const Credentials& old, Credentials& fresh);
// capset(2): may `old` become `fresh`? eperm.
Result<void> check_capset(const Credentials& old, const Credentials& fresh);

}  // namespace limen
