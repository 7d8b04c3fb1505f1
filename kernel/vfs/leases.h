// Leases: fcntl(2) F_SETLEASE, F_GETLEASE. The holder is told by a signal when somebody opens or truncates the file in a way that
// conflicts, and has kBreakSeconds to give it up; the other waits. Source: fs/locks.c (__break_lease, generic_add_lease).
//
// They hang on the inode (Attachment::leases), one for each open file description at most. A breaker that comes with O_NONBLOCK is told
// EAGAIN; its break goes on.
// Lock: rank `ipc`. Signals are sent later by the breaker's thread.
#pragma once

#include "base/result.h"
#include "base/types.h"

namespace limen {

class File;
class Inode;
class Task;

// F_RDLCK, F_WRLCK, F_UNLCK. einval, eacces (another's file without CAP_LEASE), eagain (it is open in a way that conflicts).
Result<void> set_lease(Task& task, File& file, Fd fd, i32 type);
// What it has, or is breaking to: F_RDLCK, F_WRLCK, F_UNLCK.
Result<i64> lease_of(File& file);
// open(2) with `flags`, truncate(2) with O_WRONLY: waits until nothing conflicts. eagain (O_NONBLOCK), erestartsys.
Result<void> break_leases(Task& task, Inode& inode, u32 flags);
void release_lease(File& file);

}  // namespace limen
