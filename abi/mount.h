// Mounts. Source: mount(2), umount(2), mount_setattr(2), fsopen(2), statmount(2), name_to_handle_at(2), listns(2);
// include/uapi/linux/mount.h, nsfs.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// mount(2)
inline constexpr u64 ms_rdonly = 1;
inline constexpr u64 ms_nosuid = 2;
inline constexpr u64 ms_nodev = 4;
inline constexpr u64 ms_noexec = 8;
inline constexpr u64 ms_synchronous = 0x10;
inline constexpr u64 ms_remount = 0x20;
inline constexpr u64 ms_mandlock = 0x40;
inline constexpr u64 ms_dirsync = 0x80;
inline constexpr u64 ms_nosymfollow = 0x100;
inline constexpr u64 ms_noatime = 0x400;
inline constexpr u64 ms_nodiratime = 0x800;
inline constexpr u64 ms_bind = 0x1000;
inline constexpr u64 ms_move = 0x2000;
inline constexpr u64 ms_rec = 0x4000;
inline constexpr u64 ms_silent = 0x8000;
inline constexpr u64 ms_posixacl = 0x10000;
inline constexpr u64 ms_unbindable = 0x20000;
inline constexpr u64 ms_private = 0x40000;
inline constexpr u64 ms_slave = 0x80000;
inline constexpr u64 ms_shared = 0x100000;
inline constexpr u64 ms_relatime = 0x200000;
inline constexpr u64 ms_kernmount = 0x400000;
inline constexpr u64 ms_i_version = 0x800000;
inline constexpr u64 ms_strictatime = 0x1000000;
inline constexpr u64 ms_lazytime = 0x2000000;
inline constexpr u64 ms_mgc_val = 0xc0ed0000ull;
inline constexpr u64 ms_mgc_msk = 0xffff0000ull;

// umount2(2)
inline constexpr u32 mnt_force = 1;
inline constexpr u32 mnt_detach = 2;
inline constexpr u32 mnt_expire = 4;
inline constexpr u32 umount_nofollow = 8;

// open_tree(2), move_mount(2), fsopen(2), fspick(2), fsmount(2)
inline constexpr u32 open_tree_clone = 1;
inline constexpr u32 open_tree_cloexec = 0x80000;
inline constexpr u32 move_mount_f_symlinks = 1;
inline constexpr u32 move_mount_f_automounts = 2;
inline constexpr u32 move_mount_f_empty_path = 4;
inline constexpr u32 move_mount_t_symlinks = 0x10;
inline constexpr u32 move_mount_t_automounts = 0x20;
inline constexpr u32 move_mount_t_empty_path = 0x40;
inline constexpr u32 move_mount_set_group = 0x100;
inline constexpr u32 move_mount_beneath = 0x200;
inline constexpr u32 fsopen_cloexec = 1;
inline constexpr u32 fspick_cloexec = 1;
inline constexpr u32 fspick_symlink_nofollow = 2;
inline constexpr u32 fspick_no_automount = 4;
inline constexpr u32 fspick_empty_path = 8;
inline constexpr u32 fsmount_cloexec = 1;

// fsconfig(2)
inline constexpr u32 fsconfig_set_flag = 0;
inline constexpr u32 fsconfig_set_string = 1;
inline constexpr u32 fsconfig_set_binary = 2;
inline constexpr u32 fsconfig_set_path = 3;
inline constexpr u32 fsconfig_set_path_empty = 4;
inline constexpr u32 fsconfig_set_fd = 5;
inline constexpr u32 fsconfig_cmd_create = 6;
inline constexpr u32 fsconfig_cmd_reconfigure = 7;

// mount_setattr(2)
inline constexpr u64 mount_attr_rdonly = 1;
inline constexpr u64 mount_attr_nosuid = 2;
inline constexpr u64 mount_attr_nodev = 4;
inline constexpr u64 mount_attr_noexec = 8;
inline constexpr u64 mount_attr__atime = 0x70;
inline constexpr u64 mount_attr_relatime = 0;
inline constexpr u64 mount_attr_noatime = 0x10;
inline constexpr u64 mount_attr_strictatime = 0x20;
inline constexpr u64 mount_attr_nodiratime = 0x80;
inline constexpr u64 mount_attr_idmap = 0x100000;
inline constexpr u64 mount_attr_nosymfollow = 0x200000;

struct MountAttr {
  u64 attr_set;
  u64 attr_clr;
  u64 propagation;
  u64 userns_fd;
};

// statmount(2), listmount(2)
struct MntIdReq {
  u32 size;
  u32 spare;
  u64 mnt_id;
  u64 param;
  u64 mnt_ns_id;
};
inline constexpr u32 mnt_id_req_size_ver0 = 24;
inline constexpr u32 mnt_id_req_size_ver1 = 32;
inline constexpr u64 lsmt_root = ~0ull;
inline constexpr u32 listmount_reverse = 1;
inline constexpr u64 mnt_unique_id_offset = u64{1} << 31;  // Linux: fs/namespace.c: the first unique number is one more
inline constexpr u64 statmount_sb_basic = 0x1;
inline constexpr u64 statmount_mnt_basic = 0x2;
inline constexpr u64 statmount_propagate_from = 0x4;
inline constexpr u64 statmount_mnt_root = 0x8;
inline constexpr u64 statmount_mnt_point = 0x10;
inline constexpr u64 statmount_fs_type = 0x20;
inline constexpr u64 statmount_mnt_ns_id = 0x40;
inline constexpr u64 statmount_mnt_opts = 0x80;
inline constexpr u64 statmount_fs_subtype = 0x100;
inline constexpr u64 statmount_sb_source = 0x200;
inline constexpr u64 statmount_opt_array = 0x400;
inline constexpr u64 statmount_opt_sec_array = 0x800;
inline constexpr u64 statmount_supported_mask = 0x1000;
struct StatMount {
  u32 size;
  u32 mnt_opts;
  u64 mask;
  u32 sb_dev_major;
  u32 sb_dev_minor;
  u64 sb_magic;
  u32 sb_flags;
  u32 fs_type;
  u64 mnt_id;
  u64 mnt_parent_id;
  u32 mnt_id_old;
  u32 mnt_parent_id_old;
  u64 mnt_attr;
  u64 mnt_propagation;
  u64 mnt_peer_group;
  u64 mnt_master;
  u64 propagate_from;
  u32 mnt_root;
  u32 mnt_point;
  u64 mnt_ns_id;
  u32 fs_subtype;
  u32 sb_source;
  u32 opt_num;
  u32 opt_array;
  u32 opt_sec_num;
  u32 opt_sec_array;
  u64 supported_mask;
  u64 spare[45];
};
static_assert(sizeof(StatMount) == 512);
static_assert(sizeof(MntIdReq) == mnt_id_req_size_ver1);
// listns(2)
struct NsIdReq {
  u32 size;
  u32 spare;
  u64 ns_id;
  u32 ns_type;
  u32 spare2;
  u64 user_ns_id;
};
static_assert(sizeof(NsIdReq) == 32);
// name_to_handle_at(2): the head; handle_bytes bytes follow.
struct FileHandle {
  u32 handle_bytes;
  i32 handle_type;
};
inline constexpr u32 max_handle_sz = 128;
// Types of handles. Source: include/linux/exportfs.h. Those of a filesystem are its own affair; `sealed` is ours.
inline constexpr i32 fileid_sealed = 0x4c;
inline constexpr i32 fileid_ino64_gen = 0x81;
inline constexpr i32 fileid_kernfs = 0xfe;
inline constexpr i32 fileid_invalid = 0xff;
inline constexpr i32 fileid_is_connectable = 0x10000;  // AT_HANDLE_CONNECTABLE
inline constexpr i32 fileid_is_dir = 0x20000;

}  // namespace limen::abi
