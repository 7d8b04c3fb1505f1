// getrandom(2). Source: include/uapi/linux/random.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

inline constexpr u32 grnd_nonblock = 1;
inline constexpr u32 grnd_random = 2;
inline constexpr u32 grnd_insecure = 4;

// ioctl(2) of /dev/random
inline constexpr u32 rndgetentcnt = 0x80045200;
inline constexpr u32 rndaddtoentcnt = 0x40045201;
inline constexpr u32 rndaddentropy = 0x40085203;
inline constexpr u32 rndreseedcrng = 0x5207;

}  // namespace limen::abi
