// splice(2), tee(2), vmsplice(2), and sendfile(2) into a pipe: bytes between pipes, files and memory. Source: fs/splice.c.
//
// Between two pipes pages change hands; a file's bytes are copied once. Each call waits for the first byte (or for room), then moves what is
// there without waiting again, as on Linux.
#pragma once

#include "base/result.h"
#include "kernel/ipc/pipe.h"

namespace limen {

// einval for what Linux cannot splice, whatever read(2) of it says: most files of /proc/PID.
Result<void> check_spliceable(File& in);

enum class Waits : u8 { no, yes };

// Up to `length` bytes of `in`, at `*position` or, where that is null, its own; eagain, epipe (with SIGPIPE), einval.
Result<usize> splice_to_pipe(Task& task, File& in, u64* position, Pipe& pipe, usize length, Waits waits);
// Bytes of the pipe into `out`, at `*position` or its own; 0 when the pipe has ended.
Result<usize> splice_from_pipe(Task& task, Pipe& pipe, File& out, u64* position, usize length, Waits waits);
Result<usize> splice_between(Task& task, Pipe& from, Pipe& to, usize length, Pipe::Transfer how, Waits waits);
// vmsplice(2).
Result<usize> splice_from_memory(Task& task, UserBuffer& from, Pipe& pipe, Waits waits);
Result<usize> splice_to_memory(Task& task, Pipe& pipe, UserBuffer& to, Waits waits);

}  // namespace limen
