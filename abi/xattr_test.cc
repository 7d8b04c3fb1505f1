// The oracle of abi/xattr.h: the host's own headers, compared by the compiler.
#include "abi/xattr.h"

#include <linux/xattr.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(xattr_create, XATTR_CREATE);
SAME(xattr_replace, XATTR_REPLACE);

static_assert(xattr_user_prefix == XATTR_USER_PREFIX && xattr_system_prefix == XATTR_SYSTEM_PREFIX);

}  // namespace limen::abi
