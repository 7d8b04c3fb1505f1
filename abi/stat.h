// What a file is and where it lies: stat, statx, statfs, device numbers, file attributes.
// Source: stat(2), statx(2), statfs(2), ustat(2), makedev(3), ioctl_iflags(2); include/uapi/linux/{stat,magic,kdev_t,fs}.h,
// include/uapi/asm-generic/statfs.h, include/linux/statfs.h (ST_*).
#pragma once

#include "abi/x86_64/stat.h"
#include "base/types.h"

namespace limen::abi {

// statx(2): what was asked, and what was given.
inline constexpr u32 statx_type = 1;
inline constexpr u32 statx_mode = 2;
inline constexpr u32 statx_nlink = 4;
inline constexpr u32 statx_uid = 8;
inline constexpr u32 statx_gid = 0x10;
inline constexpr u32 statx_atime = 0x20;
inline constexpr u32 statx_mtime = 0x40;
inline constexpr u32 statx_ctime = 0x80;
inline constexpr u32 statx_ino = 0x100;
inline constexpr u32 statx_size = 0x200;
inline constexpr u32 statx_blocks = 0x400;
inline constexpr u32 statx_basic_stats = 0x7ff;
inline constexpr u32 statx_btime = 0x800;
inline constexpr u32 statx_mnt_id = 0x1000;
inline constexpr u32 statx_dioalign = 0x2000;
inline constexpr u32 statx_mnt_id_unique = 0x4000;
inline constexpr u32 statx_subvol = 0x8000;
inline constexpr u32 statx_write_atomic = 0x10000;
inline constexpr u32 statx_dio_read_align = 0x20000;
inline constexpr u32 statx__reserved = 0x80000000;

inline constexpr u64 statx_attr_compressed = 4;
inline constexpr u64 statx_attr_immutable = 0x10;
inline constexpr u64 statx_attr_append = 0x20;
inline constexpr u64 statx_attr_nodump = 0x40;
inline constexpr u64 statx_attr_encrypted = 0x800;
inline constexpr u64 statx_attr_automount = 0x1000;
inline constexpr u64 statx_attr_mount_root = 0x2000;
inline constexpr u64 statx_attr_verity = 0x100000;
inline constexpr u64 statx_attr_dax = 0x200000;
inline constexpr u64 statx_attr_write_atomic = 0x400000;

struct StatxTimestamp {
  i64 tv_sec;
  u32 tv_nsec;
  i32 pad0;
};
struct Statx {
  u32 stx_mask;
  u32 stx_blksize;
  u64 stx_attributes;
  u32 stx_nlink;
  u32 stx_uid;
  u32 stx_gid;
  u16 stx_mode;
  u16 pad0;
  u64 stx_ino;
  u64 stx_size;
  u64 stx_blocks;
  u64 stx_attributes_mask;
  StatxTimestamp stx_atime;
  StatxTimestamp stx_btime;
  StatxTimestamp stx_ctime;
  StatxTimestamp stx_mtime;
  u32 stx_rdev_major;
  u32 stx_rdev_minor;
  u32 stx_dev_major;
  u32 stx_dev_minor;
  u64 stx_mnt_id;
  u32 stx_dio_mem_align;
  u32 stx_dio_offset_align;
  u64 stx_subvol;                 // Linux 6.10
  u32 stx_atomic_write_unit_min;  // Linux 6.11
  u32 stx_atomic_write_unit_max;
  u32 stx_atomic_write_segments_max;
  u32 stx_dio_read_offset_align;      // Linux 6.14
  u32 stx_atomic_write_unit_max_opt;  // Linux 6.16
  u32 pad1;
  u64 spare[8];
};

struct StatFs {
  i64 f_type;
  i64 f_bsize;
  u64 f_blocks;
  u64 f_bfree;
  u64 f_bavail;
  u64 f_files;
  u64 f_ffree;
  i32 f_fsid[2];
  i64 f_namelen;
  i64 f_frsize;
  i64 f_flags;
  i64 f_spare[4];
};

// ustat(2)
struct UStat {
  i32 f_tfree;
  u32 pad0;
  u64 f_tinode;
  char f_fname[6];
  char f_fpack[6];
  u32 pad1;
};
static_assert(sizeof(UStat) == 32);

// StatFs::f_flags. ST_VALID says that the flags are filled in.
inline constexpr i64 st_rdonly = 1;
inline constexpr i64 st_nosuid = 2;
inline constexpr i64 st_nodev = 4;
inline constexpr i64 st_noexec = 8;
inline constexpr i64 st_synchronous = 0x10;
inline constexpr i64 st_valid = 0x20;
inline constexpr i64 st_mandlock = 0x40;
inline constexpr i64 st_noatime = 0x400;
inline constexpr i64 st_nodiratime = 0x800;
inline constexpr i64 st_relatime = 0x1000;
inline constexpr i64 st_nosymfollow = 0x2000;

// StatFs::f_type
inline constexpr i64 ext4_super_magic = 0xef53;
inline constexpr i64 tmpfs_magic = 0x1021994;
inline constexpr i64 ramfs_magic = 0x858458f6;
inline constexpr i64 proc_super_magic = 0x9fa0;
inline constexpr i64 sysfs_magic = 0x62656572;
inline constexpr i64 devpts_super_magic = 0x1cd1;
inline constexpr i64 overlayfs_super_magic = 0x794c7630;
inline constexpr i64 pipefs_magic = 0x50495045;
inline constexpr i64 sockfs_magic = 0x534f434b;
inline constexpr i64 anon_inode_fs_magic = 0x9041934;
inline constexpr i64 nsfs_magic = 0x6e736673;
inline constexpr i64 hugetlbfs_magic = 0x958458f6;
inline constexpr i64 cgroup2_super_magic = 0x63677270;
inline constexpr i64 debugfs_magic = 0x64626720;
inline constexpr i64 securityfs_magic = 0x73636673;
inline constexpr i64 binfmtfs_magic = 0x42494e4d;
inline constexpr i64 mqueue_magic = 0x19800202;
inline constexpr i64 pid_fs_magic = 0x50494446;

// A device number as stat(2) gives it: the kernel's new_encode_dev, 12 bits of major and 20 of minor. The bits above 32
// that glibc knows are never used by Linux.
constexpr u64 make_dev(u32 major, u32 minor) {
  return (minor & 0xffull) | (u64{major & 0xfffu} << 8) | ((minor & 0xfff00ull) << 12);
}
constexpr u32 dev_major(u64 dev) { return static_cast<u32>(dev >> 8) & 0xfff; }
constexpr u32 dev_minor(u64 dev) { return static_cast<u32>((dev & 0xff) | ((dev >> 12) & 0xfff00)); }

}  // namespace limen::abi
