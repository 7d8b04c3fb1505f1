// Which errors Linux gives for which call without the program having done anything wrong: what a disk, a memory, a limit or another
// process can cause. Source: section 2 of the man pages, ERRORS. Errors that tell of a mistake in the call itself (EFAULT, EBADF,
// most of EINVAL) are not here: no run of a right program meets them.
#pragma once

#include <span>

#include "base/errno.h"
#include "base/types.h"

namespace limen {

// By x86-64 number; empty where a call cannot fail, or never for such a reason.
std::span<const Errno> possible_errors(u64 nr);

}  // namespace limen
