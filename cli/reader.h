// The reader process of a recorder: from the pipe of events to a writer (trace/).
#pragma once

#include <functional>
#include <string>

#include "trace/follow.h"
#include "trace/output.h"

namespace limen::cli {

// Body of the reader: reads `events_fd` to its end and hands the events over. `done` writes what is left. Returns limen's status: 0,
// or 125 when the output failed; the reason is then on standard error, after `command`.
// Locks itself down first, unless it has to open files later.
enum class OpensFiles : bool { no, yes };
int read_events(std::string_view command, int events_fd, trace::Follower& to, trace::Output& output, OpensFiles opens);

}  // namespace limen::cli
