// Opening, positions, access, locks, and the flags of the calls that take a path or a descriptor.
// Source: open(2), openat2(2), fcntl(2), lseek(2), access(2), rename(2), fallocate(2), splice(2), memfd_create(2), inode(7);
// include/uapi/asm-generic/fcntl.h (x86_64 changes none of it), include/uapi/linux/{fcntl,openat2,fs,falloc,memfd,close_range}.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// open(2): the access mode is a number in the two lowest bits.
inline constexpr u32 o_accmode = 03;
inline constexpr u32 o_rdonly = 0;
inline constexpr u32 o_wronly = 01;
inline constexpr u32 o_rdwr = 02;

inline constexpr u32 o_creat = 0100;
inline constexpr u32 o_excl = 0200;
inline constexpr u32 o_noctty = 0400;
inline constexpr u32 o_trunc = 01000;
inline constexpr u32 o_append = 02000;
inline constexpr u32 o_nonblock = 04000;
inline constexpr u32 o_dsync = 010000;
inline constexpr u32 o_async = 020000;
inline constexpr u32 o_direct = 040000;
inline constexpr u32 o_largefile = 0100000;
inline constexpr u32 o_directory = 0200000;
inline constexpr u32 o_nofollow = 0400000;
inline constexpr u32 o_noatime = 01000000;
inline constexpr u32 o_cloexec = 02000000;
inline constexpr u32 o_sync = 04010000;
inline constexpr u32 o_path = 010000000;
inline constexpr u32 o_tmpfile = 020200000;

// openat2(2)
inline constexpr u64 resolve_no_xdev = 1;
inline constexpr u64 resolve_no_magiclinks = 2;
inline constexpr u64 resolve_no_symlinks = 4;
inline constexpr u64 resolve_beneath = 8;
inline constexpr u64 resolve_in_root = 0x10;
inline constexpr u64 resolve_cached = 0x20;

struct OpenHow {
  u64 flags;
  u64 mode;
  u64 resolve;
};
inline constexpr usize open_how_size_ver0 = 24;

// Where a path begins, and how its last component is taken.
inline constexpr DirFd at_fdcwd{-100};

inline constexpr u32 at_symlink_nofollow = 0x100;
inline constexpr u32 at_removedir = 0x200;
inline constexpr u32 at_symlink_follow = 0x400;
inline constexpr u32 at_no_automount = 0x800;
inline constexpr u32 at_empty_path = 0x1000;
inline constexpr u32 at_statx_sync_type = 0x6000;
inline constexpr u32 at_statx_sync_as_stat = 0;
inline constexpr u32 at_statx_force_sync = 0x2000;
inline constexpr u32 at_statx_dont_sync = 0x4000;
inline constexpr u32 at_recursive = 0x8000;
inline constexpr u32 at_eaccess = 0x200;
inline constexpr u32 at_handle_fid = 0x200;
inline constexpr u32 at_handle_mnt_id_unique = 1;
inline constexpr u32 at_handle_connectable = 2;
inline constexpr u32 at_execve_check = 0x10000;

// access(2)
inline constexpr u32 f_ok = 0;
inline constexpr u32 x_ok = 1;
inline constexpr u32 w_ok = 2;
inline constexpr u32 r_ok = 4;

// lseek(2)
inline constexpr u32 seek_set = 0;
inline constexpr u32 seek_cur = 1;
inline constexpr u32 seek_end = 2;
inline constexpr u32 seek_data = 3;
inline constexpr u32 seek_hole = 4;

// inode(7): the type is a number in the bits of S_IFMT.
inline constexpr u32 s_ifmt = 0170000;
inline constexpr u32 s_ifsock = 0140000;
inline constexpr u32 s_iflnk = 0120000;
inline constexpr u32 s_ifreg = 0100000;
inline constexpr u32 s_ifblk = 060000;
inline constexpr u32 s_ifdir = 040000;
inline constexpr u32 s_ifchr = 020000;
inline constexpr u32 s_ififo = 010000;

inline constexpr u32 s_isuid = 04000;
inline constexpr u32 s_isgid = 02000;
inline constexpr u32 s_isvtx = 01000;
inline constexpr u32 s_irwxu = 0700;
inline constexpr u32 s_irusr = 0400;
inline constexpr u32 s_iwusr = 0200;
inline constexpr u32 s_ixusr = 0100;
inline constexpr u32 s_irwxg = 070;
inline constexpr u32 s_irgrp = 040;
inline constexpr u32 s_iwgrp = 020;
inline constexpr u32 s_ixgrp = 010;
inline constexpr u32 s_irwxo = 07;
inline constexpr u32 s_iroth = 04;
inline constexpr u32 s_iwoth = 02;
inline constexpr u32 s_ixoth = 01;

constexpr bool s_isdir(u32 mode) { return (mode & s_ifmt) == s_ifdir; }
constexpr bool s_isreg(u32 mode) { return (mode & s_ifmt) == s_ifreg; }
constexpr bool s_islnk(u32 mode) { return (mode & s_ifmt) == s_iflnk; }
constexpr bool s_ischr(u32 mode) { return (mode & s_ifmt) == s_ifchr; }
constexpr bool s_isblk(u32 mode) { return (mode & s_ifmt) == s_ifblk; }
constexpr bool s_isfifo(u32 mode) { return (mode & s_ifmt) == s_ififo; }
constexpr bool s_issock(u32 mode) { return (mode & s_ifmt) == s_ifsock; }

// fcntl(2). The 64-suffixed lock commands are those of 32-bit callers; a 64-bit one has F_GETLK alone.
inline constexpr u32 f_dupfd = 0;
inline constexpr u32 f_getfd = 1;
inline constexpr u32 f_setfd = 2;
inline constexpr u32 f_getfl = 3;
inline constexpr u32 f_setfl = 4;
inline constexpr u32 f_getlk = 5;
inline constexpr u32 f_setlk = 6;
inline constexpr u32 f_setlkw = 7;
inline constexpr u32 f_setown = 8;
inline constexpr u32 f_getown = 9;
inline constexpr u32 f_setsig = 10;
inline constexpr u32 f_getsig = 11;
inline constexpr u32 f_getlk64 = 12;
inline constexpr u32 f_setlk64 = 13;
inline constexpr u32 f_setlkw64 = 14;
inline constexpr u32 f_setown_ex = 15;
inline constexpr u32 f_getown_ex = 16;
inline constexpr u32 f_getowner_uids = 17;
inline constexpr u32 f_ofd_getlk = 36;
inline constexpr u32 f_ofd_setlk = 37;
inline constexpr u32 f_ofd_setlkw = 38;
inline constexpr u32 f_setlease = 1024;
inline constexpr u32 f_getlease = 1025;
inline constexpr u32 f_notify = 1026;
inline constexpr u32 f_dupfd_query = 1027;
inline constexpr u32 f_created_query = 1028;
inline constexpr u32 f_dupfd_cloexec = 1030;
inline constexpr u32 f_setpipe_sz = 1031;
inline constexpr u32 f_getpipe_sz = 1032;
inline constexpr u32 f_add_seals = 1033;
inline constexpr u32 f_get_seals = 1034;
inline constexpr u32 f_get_rw_hint = 1035;
inline constexpr u32 f_set_rw_hint = 1036;
inline constexpr u32 f_get_file_rw_hint = 1037;
inline constexpr u32 f_set_file_rw_hint = 1038;

// F_NOTIFY
inline constexpr u32 dn_access = 1;
inline constexpr u32 dn_modify = 2;
inline constexpr u32 dn_create = 4;
inline constexpr u32 dn_delete = 8;
inline constexpr u32 dn_rename = 0x10;
inline constexpr u32 dn_attrib = 0x20;
inline constexpr u32 dn_multishot = 0x80000000;

inline constexpr u32 fd_cloexec = 1;
inline constexpr u32 f_seal_seal = 1;
inline constexpr u32 f_seal_shrink = 2;
inline constexpr u32 f_seal_grow = 4;
inline constexpr u32 f_seal_write = 8;
inline constexpr u32 f_seal_future_write = 0x10;
inline constexpr u32 f_seal_exec = 0x20;

// The type of a lock or lease.
inline constexpr i32 f_rdlck = 0;
inline constexpr i32 f_wrlck = 1;
inline constexpr i32 f_unlck = 2;

// The owner of F_SETOWN_EX.
inline constexpr i32 f_owner_tid = 0;
inline constexpr i32 f_owner_pid = 1;
inline constexpr i32 f_owner_pgrp = 2;

struct FLock {
  i16 l_type;
  i16 l_whence;
  u32 pad0;
  i64 l_start;
  i64 l_len;
  i32 l_pid;
  u32 pad1;
};

struct FOwnerEx {
  i32 type;
  i32 pid;
};

// flock(2)
inline constexpr u32 lock_sh = 1;
inline constexpr u32 lock_ex = 2;
inline constexpr u32 lock_nb = 4;
inline constexpr u32 lock_un = 8;

// renameat2(2)
inline constexpr u32 rename_noreplace = 1;
inline constexpr u32 rename_exchange = 2;
inline constexpr u32 rename_whiteout = 4;

// fallocate(2)
inline constexpr u32 falloc_fl_keep_size = 1;
inline constexpr u32 falloc_fl_punch_hole = 2;
inline constexpr u32 falloc_fl_no_hide_stale = 4;
inline constexpr u32 falloc_fl_collapse_range = 8;
inline constexpr u32 falloc_fl_zero_range = 0x10;
inline constexpr u32 falloc_fl_insert_range = 0x20;
inline constexpr u32 falloc_fl_unshare_range = 0x40;
inline constexpr u32 falloc_fl_write_zeroes = 0x80;

// posix_fadvise(2)
inline constexpr i32 posix_fadv_normal = 0;
inline constexpr i32 posix_fadv_random = 1;
inline constexpr i32 posix_fadv_sequential = 2;
inline constexpr i32 posix_fadv_willneed = 3;
inline constexpr i32 posix_fadv_dontneed = 4;
inline constexpr i32 posix_fadv_noreuse = 5;

// sync_file_range(2)
inline constexpr u32 sync_file_range_wait_before = 1;
inline constexpr u32 sync_file_range_write = 2;
inline constexpr u32 sync_file_range_wait_after = 4;

// splice(2)
inline constexpr u32 splice_f_move = 1;
inline constexpr u32 splice_f_nonblock = 2;
inline constexpr u32 splice_f_more = 4;
inline constexpr u32 splice_f_gift = 8;

// preadv2(2)
inline constexpr u32 rwf_hipri = 1;
inline constexpr u32 rwf_dsync = 2;
inline constexpr u32 rwf_sync = 4;
inline constexpr u32 rwf_nowait = 8;
inline constexpr u32 rwf_append = 0x10;
inline constexpr u32 rwf_noappend = 0x20;
inline constexpr u32 rwf_atomic = 0x40;
inline constexpr u32 rwf_dontcache = 0x80;

// memfd_create(2). The page size of MFD_HUGETLB is a logarithm in the top six bits.
inline constexpr u32 mfd_cloexec = 1;
inline constexpr u32 mfd_allow_sealing = 2;
inline constexpr u32 mfd_hugetlb = 4;
inline constexpr u32 mfd_noexec_seal = 8;
inline constexpr u32 mfd_exec = 0x10;
inline constexpr u32 mfd_huge_shift = 0x1a;
inline constexpr u32 mfd_huge_mask = 0x3f;

// close_range(2)
inline constexpr u32 close_range_unshare = 2;
inline constexpr u32 close_range_cloexec = 4;

// utimensat(2): what tv_nsec may be besides a count.
inline constexpr i64 utime_now = 1073741823;
inline constexpr i64 utime_omit = 1073741822;

// pipe2(2) and socketpair(2) give two descriptors at once.
struct FdPair {
  i32 first;
  i32 second;
};
static_assert(sizeof(FdPair) == 8);

}  // namespace limen::abi
