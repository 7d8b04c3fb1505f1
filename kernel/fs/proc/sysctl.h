// /proc/sys: what can be asked of, and in part set in, the kernel. Source: proc(5), Documentation/admin-guide/sysctl.
#pragma once

#include <functional>
#include <string_view>

#include "base/ref.h"
#include "kernel/fs/pseudo/pseudo.h"

namespace limen {

// Gives `put` each file with its path below /proc/sys.
using PutFile = std::function<void(std::string_view path, Ref<Inode> inode)>;
void make_sysctls(PseudoFilesystem& fs, const PutFile& put);

}  // namespace limen
