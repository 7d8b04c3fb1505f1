// Directory entries as getdents64(2) and getdents(2) write them. Source: include/linux/dirent.h, fs/readdir.c.
#pragma once

#include "base/types.h"

namespace limen::abi {

// The type of an entry: S_IFMT of its mode, shifted by 12.
inline constexpr u8 dt_unknown = 0;
inline constexpr u8 dt_fifo = 1;
inline constexpr u8 dt_chr = 2;
inline constexpr u8 dt_dir = 4;
inline constexpr u8 dt_blk = 6;
inline constexpr u8 dt_reg = 8;
inline constexpr u8 dt_lnk = 10;
inline constexpr u8 dt_sock = 12;
inline constexpr u8 dt_wht = 14;

constexpr u8 dt_of_mode(u32 mode) { return static_cast<u8>((mode >> 12) & 0xf); }
// The head of one entry; the NUL-terminated name follows, and zeros up to d_reclen, a multiple of 8.
struct [[gnu::packed]] LinuxDirent64 {
  u64 d_ino;
  i64 d_off;  // where the next entry is found
  u16 d_reclen;
  u8 d_type;
};
constexpr usize dirent64_reclen(usize name_length) { return (sizeof(LinuxDirent64) + name_length + 1 + 7) & ~usize{7}; }
// getdents(2): the type is the last byte of the record, after the NUL and the padding.
struct [[gnu::packed]] LinuxDirent {
  u64 d_ino;
  u64 d_off;
  u16 d_reclen;
};
constexpr usize dirent_reclen(usize name_length) { return (sizeof(LinuxDirent) + name_length + 2 + 7) & ~usize{7}; }
static_assert(sizeof(LinuxDirent64) == 19 && sizeof(LinuxDirent) == 18);

}  // namespace limen::abi
