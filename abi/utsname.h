// uname(2). Source: include/uapi/linux/utsname.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

inline constexpr usize uts_len = 64;
struct UtsName {
  char sysname[uts_len + 1];
  char nodename[uts_len + 1];
  char release[uts_len + 1];
  char version[uts_len + 1];
  char machine[uts_len + 1];
  char domainname[uts_len + 1];
};

}  // namespace limen::abi
