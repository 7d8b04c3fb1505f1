// The oracle of abi/limits.h: the host's own headers, compared by the compiler.
#include "abi/limits.h"

#include <linux/binfmts.h>
#include <linux/limits.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(name_max, NAME_MAX);
SAME(path_max, PATH_MAX);
SAME(pipe_buf, PIPE_BUF);
SAME(ngroups_max, NGROUPS_MAX);
SAME(link_max, LINK_MAX);
SAME(xattr_name_max, XATTR_NAME_MAX);
SAME(xattr_size_max, XATTR_SIZE_MAX);
SAME(xattr_list_max, XATTR_LIST_MAX);

static_assert(name_max == 255);

}  // namespace limen::abi
