// struct stat of x86_64: the canonical one, which the other architectures' layers translate.
// Source: arch/x86/include/uapi/asm/stat.h.
#pragma once

#include "abi/time.h"
#include "base/types.h"

namespace limen::abi {

struct Stat {
  u64 st_dev;
  u64 st_ino;
  u64 st_nlink;
  u32 st_mode;
  u32 st_uid;
  u32 st_gid;
  u32 pad0;
  u64 st_rdev;
  i64 st_size;
  i64 st_blksize;
  i64 st_blocks;  // of 512 bytes
  TimeSpec st_atim;
  TimeSpec st_mtim;
  TimeSpec st_ctim;
  i64 unused[3];
};

}  // namespace limen::abi
