// `limen trace --live`: a view in the manner of top(1) on the terminal of standard error. What the command writes to that terminal is
// kept meanwhile, and shown when the view is gone; its input from there is empty.
#pragma once

#include <termios.h>

#include <string>

#include "trace/follow.h"
#include "trace/live.h"
#include "trace/output.h"

namespace limen::cli {

// Has the terminal from its construction to its end, in the front end.
class LiveTerminal {
 public:
  LiveTerminal();  // UsageError where standard error is no terminal
  ~LiveTerminal();
  LiveTerminal(const LiveTerminal&) = delete;
  LiveTerminal& operator=(const LiveTerminal&) = delete;

  // Body of the reader: as read_events, with the view. `lines` takes the events, too, and is written to `output`; may be null.
  int read(int events_fd, trace::Live& live, trace::Follower* lines, trace::Output& output) const;

 private:
  int terminal_ = -1;
  int kept_[2] = {-1, -1};  // what the command says: a pipe
  int streams_[3] = {-1, -1, -1};
  termios before_{};
};

}  // namespace limen::cli
