// FICLONE, FICLONERANGE, FIDEDUPERANGE, FIEMAP and FIBMAP: files that share blocks, and where blocks lie. No filesystem here has
// any of it; who asks is told what Linux tells on its tmpfs, after the same checks.
#pragma once

#include "kernel/vfs/file.h"

namespace limen {

bool is_block_command(u32 command);
Result<i64> block_command(Task& task, File& file, u32 command, u64 argument);

}  // namespace limen
