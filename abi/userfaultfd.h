// userfaultfd(2), ioctl_userfaultfd(2). Source: include/uapi/linux/userfaultfd.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

inline constexpr u32 uffd_user_mode_only = 1;  // userfaultfd(2), besides O_CLOEXEC and O_NONBLOCK
inline constexpr u64 uffd_api = 0xaa;

inline constexpr u32 uffdio_api = 0xc018aa3f;
inline constexpr u32 uffdio_register = 0xc020aa00;
inline constexpr u32 uffdio_unregister = 0x8010aa01;
inline constexpr u32 uffdio_wake = 0x8010aa02;
inline constexpr u32 uffdio_copy = 0xc028aa03;
inline constexpr u32 uffdio_zeropage = 0xc020aa04;
inline constexpr u32 uffdio_writeprotect = 0xc018aa06;

inline constexpr u64 uffd_feature_pagefault_flag_wp = 1 << 0;
inline constexpr u64 uffd_feature_sigbus = 1 << 7;
inline constexpr u64 uffd_feature_thread_id = 1 << 8;
inline constexpr u64 uffd_feature_exact_address = 1 << 11;

struct UffdioApi {
  u64 api = 0, features = 0, ioctls = 0;
};
struct UffdioRange {
  u64 start = 0, len = 0;
};

inline constexpr u64 uffdio_register_mode_missing = 1, uffdio_register_mode_wp = 2, uffdio_register_mode_minor = 4;
struct UffdioRegister {
  UffdioRange range;
  u64 mode = 0, ioctls = 0;
};

inline constexpr u64 uffdio_copy_mode_dontwake = 1, uffdio_copy_mode_wp = 2;
struct UffdioCopy {
  u64 dst = 0, src = 0, len = 0, mode = 0;
  i64 copy = 0;
};

inline constexpr u64 uffdio_zeropage_mode_dontwake = 1;
struct UffdioZeropage {
  UffdioRange range;
  u64 mode = 0;
  i64 zeropage = 0;
};

inline constexpr u64 uffdio_writeprotect_mode_wp = 1, uffdio_writeprotect_mode_dontwake = 2;
struct UffdioWriteprotect {
  UffdioRange range;
  u64 mode = 0;
};

inline constexpr u8 uffd_event_pagefault = 0x12;
inline constexpr u64 uffd_pagefault_flag_write = 1, uffd_pagefault_flag_wp = 2;
struct UffdMsg {  // of a page fault
  u8 event = 0;
  u8 reserved[7] = {};
  u64 flags = 0, address = 0;
  u32 ptid = 0, reserved_end = 0;
};

}  // namespace limen::abi
