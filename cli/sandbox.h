// The kernel process: what runs in it, from the plan to the exit status.
#pragma once

#include "cli/plan.h"

namespace limen::cli {

// Body of the kernel process, single-threaded at entry. `control_fd` brings orders of the front end (ControlMessage); its end of
// file means that the front end is gone. Returns the status that limen exits with; the reason for 125, 126 and 127 is on
// standard error.
int run_kernel(const Plan& plan, int control_fd);

// What the front end tells the kernel process.
struct ControlMessage {
  int signal = 0;  // for the guest's foreground process group
};

}  // namespace limen::cli
