#include "kernel/ptrace/tracing.h"

namespace limen {

bool trace_seccomp(Task&, u32, platform::Entry&) { return false; }

}  // namespace limen
