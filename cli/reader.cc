#include "cli/reader.h"

#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

#include "cli/terminal.h"
#include "host/lockdown.h"
#include "trace/stream.h"

namespace limen::cli {
namespace {
constexpr usize kRead = 256 * 1024;
}  // namespace

int read_events(std::string_view command, int events_fd, trace::Follower& to, trace::Output& output, OpensFiles opens) {
  // The words that it formats are a guest's. What the kernel process may ask of the host is enough for the reader, too.
  tzset();
  // A reader that is woken shall not take the CPU from a kernel thread that answers calls: it works when one is free, or its turn
  // has come.
  const sched_param priority{};
  (void)sched_setscheduler(0, SCHED_BATCH, &priority);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (opens == OpensFiles::no && !host::lock_down().ok()) {
    report_error(command, "the host did not take the seccomp filter of the events' reader");
    return kExitLimenFailed;
  }
  trace::Stream stream;
  std::vector<u8> bytes(kRead);
  bool sound = true, ran = false;
  const auto take = [&](const trace::EventView& view) {
    ran = ran || (view.head.kind != event::Kind::started && view.head.kind != event::Kind::counters);
    to.take(view);
  };
  for (;;) {
    const ssize_t n = read(events_fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    sound = stream.feed({bytes.data(), static_cast<usize>(n)}, take);
    if (!sound) break;
    // A short read has emptied the pipe: what is written so far is all that there is to see for now.
    if ((static_cast<usize>(n) < bytes.size() || output.is_much()) && !output.flush()) break;
  }
  if (!sound) {
    report_error(command, "the stream of events is broken");
    return kExitLimenFailed;
  }
  // Of a program that could not be started there is nothing to tell.
  if (ran) to.finish();
  if (output.flush()) return 0;
  report_error(command, "cannot write the output: " + output.error());
  return kExitLimenFailed;
}

}  // namespace limen::cli
