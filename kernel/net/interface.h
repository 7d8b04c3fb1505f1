// The sandbox's one network interface, `lo`, as netdevice(7) tells of it.
#pragma once

#include "base/result.h"
#include "base/types.h"

namespace limen {

class Task;

inline constexpr i32 lo_index = 1;
inline constexpr u32 lo_mtu = 65536, lo_queue_length = 1000;
inline constexpr u32 lo_flags = 0x1 | 0x8 | 0x40;  // IFF_UP, IFF_LOOPBACK, IFF_RUNNING

// SIOCGIF* and SIOCSIF* of any socket; enotty for other commands. enodev, eperm, einval, eopnotsupp, efault.
Result<i64> interface_ioctl(Task& task, u32 command, u64 argument, i32 domain);

}  // namespace limen
