// The oracle of abi/landlock.h: the host's own header, as far as Linux 6.1's goes.
#include "abi/landlock.h"

#include <linux/landlock.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(landlock_create_ruleset_version, LANDLOCK_CREATE_RULESET_VERSION);
SAME(landlock_rule_path_beneath, LANDLOCK_RULE_PATH_BENEATH);
SAME(landlock_access_fs_execute, LANDLOCK_ACCESS_FS_EXECUTE);
SAME(landlock_access_fs_write_file, LANDLOCK_ACCESS_FS_WRITE_FILE);
SAME(landlock_access_fs_read_file, LANDLOCK_ACCESS_FS_READ_FILE);
SAME(landlock_access_fs_read_dir, LANDLOCK_ACCESS_FS_READ_DIR);
SAME(landlock_access_fs_remove_dir, LANDLOCK_ACCESS_FS_REMOVE_DIR);
SAME(landlock_access_fs_remove_file, LANDLOCK_ACCESS_FS_REMOVE_FILE);
SAME(landlock_access_fs_make_char, LANDLOCK_ACCESS_FS_MAKE_CHAR);
SAME(landlock_access_fs_make_dir, LANDLOCK_ACCESS_FS_MAKE_DIR);
SAME(landlock_access_fs_make_reg, LANDLOCK_ACCESS_FS_MAKE_REG);
SAME(landlock_access_fs_make_sock, LANDLOCK_ACCESS_FS_MAKE_SOCK);
SAME(landlock_access_fs_make_fifo, LANDLOCK_ACCESS_FS_MAKE_FIFO);
SAME(landlock_access_fs_make_block, LANDLOCK_ACCESS_FS_MAKE_BLOCK);
SAME(landlock_access_fs_make_sym, LANDLOCK_ACCESS_FS_MAKE_SYM);
SAME(landlock_access_fs_refer, LANDLOCK_ACCESS_FS_REFER);

SAME_SIZE(LandlockPathBeneathAttr, landlock_path_beneath_attr);
SAME_OFFSET(LandlockPathBeneathAttr, parent_fd, landlock_path_beneath_attr, parent_fd);

}  // namespace limen::abi
