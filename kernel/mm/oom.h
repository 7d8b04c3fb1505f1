// The OOM killer: what happens when a touch finds the sandbox's memory used up. Linux: mm/oom_kill.c.
#pragma once

namespace limen {

class Task;

// Kills the process with the most memory (oom_score_adj counts as on Linux) and waits shortly for its end, or for that of one
// that is dying already. Afterwards the task tries its touch again, unless it was its own process. Takes and frees locks
// from process_tree on: call with none.
void make_room(Task& task);

}  // namespace limen
