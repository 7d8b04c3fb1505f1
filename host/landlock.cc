#include "host/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "host/calls.h"
#include "host/handle.h"

namespace limen::host {
namespace {

// include/uapi/linux/landlock.h; newer than Debian 12's headers.
constexpr u64 kReadFile = 1 << 2, kReadDir = 1 << 3, kWriteFile = 1 << 1, kTruncate = 1 << 14;
constexpr u64 kFilesystemV1 = (1 << 13) - 1, kRefer = 1 << 13, kIoctlDevice = 1 << 15;
constexpr u64 kOfFiles = kReadFile | kWriteFile | kTruncate;  // the rest is for directories
constexpr u64 kNetTcp = 3;                                    // bind, connect
constexpr u64 kScopeAll = 3;                                  // abstract sockets, signals
constexpr long kVersionFlag = 1, kPathBeneath = 1;

struct RulesetAttributes {
  u64 filesystem, network, scoped;
};
struct [[gnu::packed]] PathBeneath {
  u64 allowed;
  i32 parent;
};

u64 handled_rights(int version) {
  u64 rights = kFilesystemV1;
  if (version >= 2) rights |= kRefer;
  if (version >= 3) rights |= kTruncate;
  if (version >= 5) rights |= kIoctlDevice;
  return rights;
}

Result<void> add_tree(int ruleset, const ReachableTree& tree, u64 handled) {
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(tree.path.c_str()), O_PATH | O_CLOEXEC);
  const Result<i64> opened = detail::checked(fd);
  if (!opened.ok()) return success;
  struct stat info {};
  const bool is_directory = raw_syscall(SYS_fstat, fd, reinterpret_cast<long>(&info)) == 0 && S_ISDIR(info.st_mode);
  // Nothing is ever executed, nor are devices spoken to.
  u64 allowed = (tree.reach == Reach::read ? kReadFile | kReadDir : handled & ~kIoctlDevice & ~u64{1}) & handled;
  if (!is_directory) allowed &= kOfFiles;
  const PathBeneath rule{allowed, static_cast<i32>(fd)};
  const long added = raw_syscall(SYS_landlock_add_rule, ruleset, kPathBeneath, reinterpret_cast<long>(&rule), 0);
  raw_syscall(SYS_close, fd);
  TRY(detail::checked(added));
  return success;
}

}  // namespace

Result<int> landlock_version() {
  const i64 version = TRY(detail::checked(raw_syscall(SYS_landlock_create_ruleset, 0, 0, kVersionFlag)));
  return static_cast<int>(version);
}

Result<void> restrict_files(std::span<const ReachableTree> trees) {
  const int version = TRY(landlock_version());
  // The first version refuses to move a file to another directory, even where all may be written.
  for (const ReachableTree& tree : trees) {
    if (version < 2 && tree.reach == Reach::read_write) return Errno::eopnotsupp;
  }
  RulesetAttributes attributes{handled_rights(version), version >= 4 ? kNetTcp : 0, version >= 6 ? kScopeAll : 0};
  const long size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const i64 fd =
      TRY(detail::checked(raw_syscall(SYS_landlock_create_ruleset, reinterpret_cast<long>(&attributes), size, 0)));
  const Handle ruleset(static_cast<int>(fd));
  for (const ReachableTree& tree : trees) TRY(add_tree(ruleset.fd(), tree, attributes.filesystem));
  TRY(detail::checked(raw_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
  TRY(detail::checked(raw_syscall(SYS_landlock_restrict_self, ruleset.fd(), 0)));
  return success;
}

}  // namespace limen::host
