// reboot(2): linux/reboot.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

inline constexpr u32 reboot_magic1 = 0xfee1dead;
inline constexpr i32 reboot_magic2 = 672274793;
inline constexpr i32 reboot_magic2a = 85072278;
inline constexpr i32 reboot_magic2b = 369367448;
inline constexpr i32 reboot_magic2c = 537993216;

inline constexpr u32 reboot_restart = 0x01234567;
inline constexpr u32 reboot_halt = 0xcdef0123;
inline constexpr u32 reboot_power_off = 0x4321fedc;
inline constexpr u32 reboot_restart2 = 0xa1b2c3d4;

}  // namespace limen::abi
