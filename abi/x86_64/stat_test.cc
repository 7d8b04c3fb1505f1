// The oracle of abi/x86_64/stat.h: the host's own headers, compared by the compiler.
#include "abi/x86_64/stat.h"

#include <sys/stat.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME_SIZE(Stat, struct stat);
SAME_OFFSET(Stat, st_dev, struct stat, st_dev);
SAME_OFFSET(Stat, st_ino, struct stat, st_ino);
SAME_OFFSET(Stat, st_nlink, struct stat, st_nlink);
SAME_OFFSET(Stat, st_mode, struct stat, st_mode);
SAME_OFFSET(Stat, st_uid, struct stat, st_uid);
SAME_OFFSET(Stat, st_gid, struct stat, st_gid);
SAME_OFFSET(Stat, st_rdev, struct stat, st_rdev);
SAME_OFFSET(Stat, st_size, struct stat, st_size);
SAME_OFFSET(Stat, st_blksize, struct stat, st_blksize);
SAME_OFFSET(Stat, st_blocks, struct stat, st_blocks);
SAME_OFFSET(Stat, st_atim, struct stat, st_atim);
SAME_OFFSET(Stat, st_mtim, struct stat, st_mtim);
SAME_OFFSET(Stat, st_ctim, struct stat, st_ctim);

}  // namespace limen::abi
