// How long and how many. Source: include/uapi/linux/limits.h, binfmts.h, fs.h; include/linux/{fs,pipe_fs_i,namei}.h;
// arch/x86/include/asm/page_64_types.h (task_size).
#pragma once

#include "base/types.h"

namespace limen::abi {

// Bytes and counts
inline constexpr u64 name_max = 255;
inline constexpr u64 path_max = 4096;
inline constexpr u64 pipe_buf = 4096;
inline constexpr u64 ngroups_max = 65536;
inline constexpr u64 link_max = 127;
inline constexpr u64 xattr_name_max = 255;
inline constexpr u64 xattr_size_max = 65536;
inline constexpr u64 xattr_list_max = 65536;
inline constexpr u64 max_arg_strlen = 131072;
inline constexpr u64 max_arg_strings = 2147483647;
inline constexpr u64 binprm_buf_size = 256;
inline constexpr u64 maxsymlinks = 40;
inline constexpr u64 pipe_size = 65536;
inline constexpr u64 pipe_max_size = 1048576;
inline constexpr u64 nr_open = 1048576;
inline constexpr u64 inr_open_cur = 1024;
inline constexpr u64 inr_open_max = 4096;
inline constexpr u64 pid_max_limit = 4194304;

inline constexpr u64 max_rw_count = 0x7fff'f000;     // no read or write moves more at once
inline constexpr u64 task_size = 0x7fff'ffff'f000;   // the end of a 64-bit address space
inline constexpr u64 mmap_min_addr = 65536;          // the default of vm.mmap_min_addr
inline constexpr u64 max_lfs_filesize = ~0ull >> 1;  // the largest offset of a file

}  // namespace limen::abi
