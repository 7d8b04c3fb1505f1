// How much this process holds on its heap: every `new` and `delete` is counted. So what guests make the kernel hold is
// bounded in one place (kernel/syscalls/dispatch.cc), whatever object holds it. A sanitizer's build does not count (0).
#pragma once

#include "base/types.h"

namespace limen {

// Bytes; what a thread allocated since it last told the sum, at most 16 KiB, is not in it.
u64 heap_in_use();

// The thread ends: what it has not told yet goes into the sum.
void tell_heap();

}  // namespace limen
