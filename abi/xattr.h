// Extended attributes. Source: xattr(7), setxattr(2); include/uapi/linux/xattr.h.
#pragma once

#include <string_view>

#include "base/types.h"

namespace limen::abi {

// setxattr(2)
inline constexpr u32 xattr_create = 1;
inline constexpr u32 xattr_replace = 2;

// setxattrat(2)
struct XattrArgs {
  GuestAddr value;
  u32 size;
  u32 flags;
};
static_assert(sizeof(XattrArgs) == 16);
inline constexpr std::string_view xattr_user_prefix = "user.";
inline constexpr std::string_view xattr_trusted_prefix = "trusted.";
inline constexpr std::string_view xattr_security_prefix = "security.";
inline constexpr std::string_view xattr_system_prefix = "system.";

}  // namespace limen::abi
