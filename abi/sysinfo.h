// sysinfo(2) and syslog(2). Source: include/uapi/linux/sysinfo.h, include/linux/syslog.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

struct SysInfo {
  i64 uptime;    // seconds
  u64 loads[3];  // 1, 5 and 15 minutes; 1.0 is 1 << si_load_shift
  u64 totalram;
  u64 freeram;
  u64 sharedram;
  u64 bufferram;
  u64 totalswap;
  u64 freeswap;
  u16 procs;
  u16 pad0;
  u32 pad1;
  u64 totalhigh;
  u64 freehigh;
  u32 mem_unit;
  u32 pad2;
};
inline constexpr u32 si_load_shift = 16;

// syslog(2)
inline constexpr i32 syslog_action_close = 0;
inline constexpr i32 syslog_action_open = 1;
inline constexpr i32 syslog_action_read = 2;
inline constexpr i32 syslog_action_read_all = 3;
inline constexpr i32 syslog_action_read_clear = 4;
inline constexpr i32 syslog_action_clear = 5;
inline constexpr i32 syslog_action_console_off = 6;
inline constexpr i32 syslog_action_console_on = 7;
inline constexpr i32 syslog_action_console_level = 8;
inline constexpr i32 syslog_action_size_unread = 9;
inline constexpr i32 syslog_action_size_buffer = 10;

}  // namespace limen::abi
