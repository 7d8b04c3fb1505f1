// The one network interface of a network namespace, `lo`, as netdevice(7) tells of it.
#pragma once

#include "base/result.h"
#include "base/types.h"

namespace limen {

class NetNamespace;
class Task;

inline constexpr i32 lo_index = 1;
inline constexpr u32 lo_mtu = 65536, lo_queue_length = 1000;
u32 lo_flags(const NetNamespace& net);  // IFF_LOOPBACK; up, IFF_UP and IFF_RUNNING

// SIOCGIF* and SIOCSIF* of any socket; enotty for other commands. enodev, eperm, einval, eopnotsupp, efault.
Result<i64> interface_ioctl(Task& task, NetNamespace& net, u32 command, u64 argument, i32 domain);

}  // namespace limen
