// Why a run did not start, in the user's terms.
#pragma once

#include "cli/plan.h"
#include "kernel/kernel.h"

namespace limen::cli {

// One line on standard error: what, why, what to do. Returns the exit status: 127 not found, 126 not executable, 125 Limen's.
[[nodiscard]] int explain_start(const Plan& plan, const Kernel::StartProblem& problem, Errno error);

}  // namespace limen::cli
