#include "abi/fcntl.h"
#include "kernel/cred/credentials.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/path.h"

namespace limen {

Result<void> check_permission(const Credentials& creds, const Attributes& attributes, u32 want) {
  u32 granted = attributes.mode & 7;
  if (creds.fsuid == attributes.uid) {
    granted = attributes.mode >> 6 & 7;
  } else if (creds.in_group(attributes.gid)) {
    granted = attributes.mode >> 3 & 7;
  }
  if ((want & ~granted & 7) == 0) return success;
  if (attributes.is_directory()) {
    if ((want & 2) == 0 && creds.capable_over(attributes.uid, attributes.gid, Capability::dac_read_search))
      return success;
    return creds.capable_over(attributes.uid, attributes.gid, Capability::dac_override) ? success
                                                                                        : Result<void>(Errno::eacces);
  }
  if (want == 4 && creds.capable_over(attributes.uid, attributes.gid, Capability::dac_read_search)) return success;
  // Even the superuser executes only what somebody may execute.
  const bool someone_executes = (attributes.mode & 0111) != 0;
  if (((want & 1) == 0 || someone_executes) &&
      creds.capable_over(attributes.uid, attributes.gid, Capability::dac_override))
    return success;
  return Errno::eacces;
}

bool is_owner_or_capable(const Credentials& creds, const Attributes& attributes) {
  return creds.fsuid == attributes.uid || creds.capable_over(attributes.uid, attributes.gid, Capability::fowner);
}

Result<void> check_permission(const Credentials& creds, const Path& path, u32 want) {
  const Attributes attributes = TRY(path.inode().recent_attributes());
  const u32 type = attributes.type();
  const bool has_content = type == abi::s_ifreg || type == abi::s_ifdir || type == abi::s_iflnk;
  if ((want & 2) != 0 && has_content && (path.mount->flags() & kMountReadOnly) != 0) return Errno::erofs;
  if ((want & 1) != 0 && type == abi::s_ifreg && (path.mount->flags() & kMountNoExec) != 0) return Errno::eacces;
  return check_permission(creds, attributes, want);
}

Result<void> check_permission(Task& task, const Path& path, u32 want) {
  return check_permission(task.credentials(), path, want);
}

Result<void> want_write(const Path& path) {
  return (path.mount->flags() & kMountReadOnly) != 0 ? Result<void>(Errno::erofs) : success;
}

}  // namespace limen
