// The oracle of abi/stat.h: the host's own headers, compared by the compiler.
#include "abi/stat.h"

#include <linux/magic.h>
#include <linux/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(statx_type, STATX_TYPE);
SAME(statx_mode, STATX_MODE);
SAME(statx_nlink, STATX_NLINK);
SAME(statx_uid, STATX_UID);
SAME(statx_gid, STATX_GID);
SAME(statx_atime, STATX_ATIME);
SAME(statx_mtime, STATX_MTIME);
SAME(statx_ctime, STATX_CTIME);
SAME(statx_ino, STATX_INO);
SAME(statx_size, STATX_SIZE);
SAME(statx_blocks, STATX_BLOCKS);
SAME(statx_basic_stats, STATX_BASIC_STATS);
SAME(statx_btime, STATX_BTIME);
SAME(statx_mnt_id, STATX_MNT_ID);
SAME(statx_dioalign, STATX_DIOALIGN);
#ifdef STATX_MNT_ID_UNIQUE
SAME(statx_mnt_id_unique, STATX_MNT_ID_UNIQUE);
#endif
#ifdef STATX_SUBVOL
SAME(statx_subvol, STATX_SUBVOL);
#endif
#ifdef STATX_WRITE_ATOMIC
SAME(statx_write_atomic, STATX_WRITE_ATOMIC);
#endif
#ifdef STATX_DIO_READ_ALIGN
SAME(statx_dio_read_align, STATX_DIO_READ_ALIGN);
#endif
SAME(statx__reserved, STATX__RESERVED);
SAME(statx_attr_compressed, STATX_ATTR_COMPRESSED);
SAME(statx_attr_immutable, STATX_ATTR_IMMUTABLE);
SAME(statx_attr_append, STATX_ATTR_APPEND);
SAME(statx_attr_nodump, STATX_ATTR_NODUMP);
SAME(statx_attr_encrypted, STATX_ATTR_ENCRYPTED);
SAME(statx_attr_automount, STATX_ATTR_AUTOMOUNT);
SAME(statx_attr_mount_root, STATX_ATTR_MOUNT_ROOT);
SAME(statx_attr_verity, STATX_ATTR_VERITY);
SAME(statx_attr_dax, STATX_ATTR_DAX);
#ifdef STATX_ATTR_WRITE_ATOMIC
SAME(statx_attr_write_atomic, STATX_ATTR_WRITE_ATOMIC);
#endif
SAME(st_rdonly, ST_RDONLY);
SAME(st_nosuid, ST_NOSUID);
SAME(st_nodev, ST_NODEV);
SAME(st_noexec, ST_NOEXEC);
SAME(st_synchronous, ST_SYNCHRONOUS);
SAME(st_mandlock, ST_MANDLOCK);
SAME(st_noatime, ST_NOATIME);
SAME(st_nodiratime, ST_NODIRATIME);
SAME(st_relatime, ST_RELATIME);
SAME(ext4_super_magic, EXT4_SUPER_MAGIC);
SAME(tmpfs_magic, TMPFS_MAGIC);
SAME(ramfs_magic, RAMFS_MAGIC);
SAME(proc_super_magic, PROC_SUPER_MAGIC);
SAME(sysfs_magic, SYSFS_MAGIC);
SAME(devpts_super_magic, DEVPTS_SUPER_MAGIC);
SAME(overlayfs_super_magic, OVERLAYFS_SUPER_MAGIC);
SAME(pipefs_magic, PIPEFS_MAGIC);
SAME(sockfs_magic, SOCKFS_MAGIC);
SAME(anon_inode_fs_magic, ANON_INODE_FS_MAGIC);
SAME(nsfs_magic, NSFS_MAGIC);
SAME(hugetlbfs_magic, HUGETLBFS_MAGIC);
SAME(cgroup2_super_magic, CGROUP2_SUPER_MAGIC);
SAME(debugfs_magic, DEBUGFS_MAGIC);
SAME(securityfs_magic, SECURITYFS_MAGIC);
SAME(binfmtfs_magic, BINFMTFS_MAGIC);
#ifdef PID_FS_MAGIC
SAME(pid_fs_magic, PID_FS_MAGIC);
#endif

SAME_SIZE(Statx, struct statx);
SAME_OFFSET(Statx, stx_mask, struct statx, stx_mask);
SAME_OFFSET(Statx, stx_blksize, struct statx, stx_blksize);
SAME_OFFSET(Statx, stx_attributes, struct statx, stx_attributes);
SAME_OFFSET(Statx, stx_nlink, struct statx, stx_nlink);
SAME_OFFSET(Statx, stx_uid, struct statx, stx_uid);
SAME_OFFSET(Statx, stx_gid, struct statx, stx_gid);
SAME_OFFSET(Statx, stx_mode, struct statx, stx_mode);
SAME_OFFSET(Statx, stx_ino, struct statx, stx_ino);
SAME_OFFSET(Statx, stx_size, struct statx, stx_size);
SAME_OFFSET(Statx, stx_blocks, struct statx, stx_blocks);
SAME_OFFSET(Statx, stx_attributes_mask, struct statx, stx_attributes_mask);
SAME_OFFSET(Statx, stx_atime, struct statx, stx_atime);
SAME_OFFSET(Statx, stx_btime, struct statx, stx_btime);
SAME_OFFSET(Statx, stx_ctime, struct statx, stx_ctime);
SAME_OFFSET(Statx, stx_mtime, struct statx, stx_mtime);
SAME_OFFSET(Statx, stx_rdev_major, struct statx, stx_rdev_major);
SAME_OFFSET(Statx, stx_rdev_minor, struct statx, stx_rdev_minor);
SAME_OFFSET(Statx, stx_dev_major, struct statx, stx_dev_major);
SAME_OFFSET(Statx, stx_dev_minor, struct statx, stx_dev_minor);
SAME_OFFSET(Statx, stx_mnt_id, struct statx, stx_mnt_id);
SAME_OFFSET(Statx, stx_dio_mem_align, struct statx, stx_dio_mem_align);
SAME_OFFSET(Statx, stx_dio_offset_align, struct statx, stx_dio_offset_align);
SAME_SIZE(StatFs, struct statfs);
SAME_OFFSET(StatFs, f_type, struct statfs, f_type);
SAME_OFFSET(StatFs, f_bsize, struct statfs, f_bsize);
SAME_OFFSET(StatFs, f_blocks, struct statfs, f_blocks);
SAME_OFFSET(StatFs, f_bfree, struct statfs, f_bfree);
SAME_OFFSET(StatFs, f_bavail, struct statfs, f_bavail);
SAME_OFFSET(StatFs, f_files, struct statfs, f_files);
SAME_OFFSET(StatFs, f_ffree, struct statfs, f_ffree);
SAME_OFFSET(StatFs, f_fsid, struct statfs, f_fsid);
SAME_OFFSET(StatFs, f_namelen, struct statfs, f_namelen);
SAME_OFFSET(StatFs, f_frsize, struct statfs, f_frsize);
SAME_OFFSET(StatFs, f_flags, struct statfs, f_flags);

static_assert(make_dev(136, 1) == 0x8801 && make_dev(8, 0x12345) == 0x12300845);
static_assert(dev_major(make_dev(136, 70000)) == 136 && dev_minor(make_dev(136, 70000)) == 70000);

}  // namespace limen::abi
