// From a plan to a running guest.
#pragma once

#include <functional>

#include "cli/plan.h"

namespace limen::cli {

// Starts the kernel process and the guest's first program, waits for it, and returns the status that limen exits
// with: the guest's own; 128+N after signal N; 127 not found; 126 not executable; 124 after the timeout; 137 out of
// memory; 125 when Limen itself failed (then the reason is on standard error). Blocks until the sandbox is gone.
int start_sandbox(const Plan& plan);

// The same with a reader of the plan's recorder: `read` runs in a process of its own, until the end of file of the descriptor that
// it is given. A status of it that is not 0 becomes limen's.
int start_sandbox(const Plan& plan, const std::function<int(int events_fd)>& read);

}  // namespace limen::cli
