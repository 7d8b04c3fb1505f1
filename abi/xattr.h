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
inline constexpr std::string_view xattr_capability_name = "security.capability";  // capability.h: VfsNsCapData
inline constexpr std::string_view xattr_system_prefix = "system.";

// acl(5): the values of these. Source: include/uapi/linux/posix_acl_xattr.h, posix_acl.h.
inline constexpr std::string_view acl_access_name = "system.posix_acl_access";
inline constexpr std::string_view acl_default_name = "system.posix_acl_default";
inline constexpr u32 acl_xattr_version = 2;
struct AclHeader {
  u32 version;
};
static_assert(sizeof(AclHeader) == 4);
struct AclEntry {
  u16 tag;
  u16 permissions;
  u32 id;
};
static_assert(sizeof(AclEntry) == 8);
inline constexpr u16 acl_user_obj = 0x01;
inline constexpr u16 acl_user = 0x02;
inline constexpr u16 acl_group_obj = 0x04;
inline constexpr u16 acl_group = 0x08;
inline constexpr u16 acl_mask = 0x10;
inline constexpr u16 acl_other = 0x20;

}  // namespace limen::abi
