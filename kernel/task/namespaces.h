// Changing the namespaces of tasks: clone(2) and unshare(2) with CLONE_NEW*, setns(2). Source: kernel/nsproxy.c, namespaces(7).
#pragma once

#include "kernel/task/task.h"

namespace limen {

inline constexpr u64 kNamespaceFlags =
    0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000 |
    0x80;  // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWTIME

// The credentials of CLONE_NEWUSER: almighty in a new namespace below the task's. eperm, enospc.
Result<Ref<const Credentials>> enter_new_user_namespace(Task& task);

// What CLONE_NEW* in `flags` make of the task's namespaces, for whoever has `cred`; `fs` moves to the new tree. eperm, enospc, einval.
Result<Namespaces> new_namespaces(Task& task, u64 flags, const Credentials& cred, FsContext& fs);

// CLONE_NEW* of one kind, and the namespace of this kind that a task is in (pid: where its children are). Null after its end.
u64 clone_flag(NamespaceKind kind);
Ref<Namespace> namespace_of(const Namespaces& all, const Credentials& cred, NamespaceKind kind);

// [self] By a new address space or as a child with its own: it is where its next children were to be. Linux: timens_on_fork.
void enter_time_of_children(Namespaces& all, Mm& mm);

// [self] The task has ended for everyone who looks: it holds no namespace but its pid's.
void leave_namespaces(Task& task);

}  // namespace limen
