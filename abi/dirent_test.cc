// The oracle of abi/dirent.h: the host's own headers, compared by the compiler.
#include "abi/dirent.h"

#include <dirent.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(dt_unknown, DT_UNKNOWN);
SAME(dt_fifo, DT_FIFO);
SAME(dt_chr, DT_CHR);
SAME(dt_dir, DT_DIR);
SAME(dt_blk, DT_BLK);
SAME(dt_reg, DT_REG);
SAME(dt_lnk, DT_LNK);
SAME(dt_sock, DT_SOCK);
SAME(dt_wht, DT_WHT);

static_assert(sizeof(LinuxDirent64) == offsetof(dirent64, d_name));
static_assert(offsetof(LinuxDirent64, d_reclen) == offsetof(dirent64, d_reclen));
static_assert(offsetof(LinuxDirent64, d_type) == offsetof(dirent64, d_type));
static_assert(dirent64_reclen(1) == 24 && dirent64_reclen(4) == 24 && dirent64_reclen(5) == 32);

}  // namespace limen::abi
