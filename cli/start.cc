#include "cli/start.h"

#include "cli/terminal.h"

namespace limen::cli {

int start_sandbox(const Plan&) {
  report_error("run", "this build holds no kernel, so it cannot run programs; build a later version");
  return kExitLimenFailed;
}

}  // namespace limen::cli
