// The oracle of abi/mount.h: the host's own headers, compared by the compiler.
#include "abi/mount.h"

#include <fcntl.h>
#include <linux/mount.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(ms_rdonly, MS_RDONLY);
SAME(ms_nosuid, MS_NOSUID);
SAME(ms_nodev, MS_NODEV);
SAME(ms_noexec, MS_NOEXEC);
SAME(ms_synchronous, MS_SYNCHRONOUS);
SAME(ms_remount, MS_REMOUNT);
SAME(ms_mandlock, MS_MANDLOCK);
SAME(ms_dirsync, MS_DIRSYNC);
SAME(ms_nosymfollow, MS_NOSYMFOLLOW);
SAME(ms_noatime, MS_NOATIME);
SAME(ms_nodiratime, MS_NODIRATIME);
SAME(ms_bind, MS_BIND);
SAME(ms_move, MS_MOVE);
SAME(ms_rec, MS_REC);
SAME(ms_silent, MS_SILENT);
SAME(ms_posixacl, MS_POSIXACL);
SAME(ms_unbindable, MS_UNBINDABLE);
SAME(ms_private, MS_PRIVATE);
SAME(ms_slave, MS_SLAVE);
SAME(ms_shared, MS_SHARED);
SAME(ms_relatime, MS_RELATIME);
SAME(ms_kernmount, MS_KERNMOUNT);
SAME(ms_i_version, MS_I_VERSION);
SAME(ms_strictatime, MS_STRICTATIME);
SAME(ms_lazytime, MS_LAZYTIME);
SAME(ms_mgc_val, MS_MGC_VAL);
SAME(ms_mgc_msk, MS_MGC_MSK);
SAME(open_tree_clone, OPEN_TREE_CLONE);
SAME(open_tree_cloexec, OPEN_TREE_CLOEXEC);
SAME(move_mount_f_symlinks, MOVE_MOUNT_F_SYMLINKS);
SAME(move_mount_f_automounts, MOVE_MOUNT_F_AUTOMOUNTS);
SAME(move_mount_f_empty_path, MOVE_MOUNT_F_EMPTY_PATH);
SAME(move_mount_t_symlinks, MOVE_MOUNT_T_SYMLINKS);
SAME(move_mount_t_automounts, MOVE_MOUNT_T_AUTOMOUNTS);
SAME(move_mount_t_empty_path, MOVE_MOUNT_T_EMPTY_PATH);
SAME(move_mount_set_group, MOVE_MOUNT_SET_GROUP);
SAME(fsopen_cloexec, FSOPEN_CLOEXEC);
SAME(fspick_cloexec, FSPICK_CLOEXEC);
SAME(fspick_symlink_nofollow, FSPICK_SYMLINK_NOFOLLOW);
SAME(fspick_no_automount, FSPICK_NO_AUTOMOUNT);
SAME(fspick_empty_path, FSPICK_EMPTY_PATH);
SAME(fsmount_cloexec, FSMOUNT_CLOEXEC);
SAME(fsconfig_set_flag, FSCONFIG_SET_FLAG);
SAME(fsconfig_set_string, FSCONFIG_SET_STRING);
SAME(fsconfig_set_binary, FSCONFIG_SET_BINARY);
SAME(fsconfig_set_path, FSCONFIG_SET_PATH);
SAME(fsconfig_set_path_empty, FSCONFIG_SET_PATH_EMPTY);
SAME(fsconfig_set_fd, FSCONFIG_SET_FD);
SAME(fsconfig_cmd_create, FSCONFIG_CMD_CREATE);
SAME(fsconfig_cmd_reconfigure, FSCONFIG_CMD_RECONFIGURE);
SAME(mount_attr_rdonly, MOUNT_ATTR_RDONLY);
SAME(mount_attr_nosuid, MOUNT_ATTR_NOSUID);
SAME(mount_attr_nodev, MOUNT_ATTR_NODEV);
SAME(mount_attr_noexec, MOUNT_ATTR_NOEXEC);
SAME(mount_attr__atime, MOUNT_ATTR__ATIME);
SAME(mount_attr_relatime, MOUNT_ATTR_RELATIME);
SAME(mount_attr_noatime, MOUNT_ATTR_NOATIME);
SAME(mount_attr_strictatime, MOUNT_ATTR_STRICTATIME);
SAME(mount_attr_nodiratime, MOUNT_ATTR_NODIRATIME);
SAME(mount_attr_idmap, MOUNT_ATTR_IDMAP);
SAME(mount_attr_nosymfollow, MOUNT_ATTR_NOSYMFOLLOW);

SAME_SIZE(MountAttr, mount_attr);
SAME_OFFSET(MountAttr, attr_set, mount_attr, attr_set);
SAME_OFFSET(MountAttr, attr_clr, mount_attr, attr_clr);
SAME_OFFSET(MountAttr, propagation, mount_attr, propagation);
SAME_OFFSET(MountAttr, userns_fd, mount_attr, userns_fd);

}  // namespace limen::abi
