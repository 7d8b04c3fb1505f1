// Waiting for children, and pidfds.
// Source: wait4(2), waitid(2), pidfd_open(2), pidfd_send_signal(2); include/uapi/linux/{wait,pidfd}.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// wait4(2), waitid(2)
inline constexpr u32 wnohang = 1;
inline constexpr u32 wuntraced = 2;
inline constexpr u32 wstopped = 2;
inline constexpr u32 wexited = 4;
inline constexpr u32 wcontinued = 8;
inline constexpr u32 wnowait = 0x1000000;
inline constexpr u32 wnothread = 0x20000000;
inline constexpr u32 wall = 0x40000000;
inline constexpr u32 wclone = 0x80000000;

// waitid(2)
inline constexpr i32 p_all = 0;
inline constexpr i32 p_pid = 1;
inline constexpr i32 p_pgid = 2;
inline constexpr i32 p_pidfd = 3;

// pidfd_open(2), pidfd_send_signal(2)
inline constexpr u32 pidfd_nonblock = 0x800;
inline constexpr u32 pidfd_thread = 0x80;
inline constexpr u32 pidfd_signal_thread = 1;
inline constexpr u32 pidfd_signal_thread_group = 2;
inline constexpr u32 pidfd_signal_process_group = 4;

// The status word of wait4(2).
constexpr i32 w_exitcode(i32 code) { return (code & 0xff) << 8; }
constexpr i32 w_termsig(Signal sig, bool core_dumped) { return sig.raw() | (core_dumped ? 0x80 : 0); }
constexpr i32 w_stopcode(i32 signal_and_event) { return (signal_and_event << 8) | 0x7f; }  // event << 8 | signal
inline constexpr i32 w_continued = 0xffff;

}  // namespace limen::abi
