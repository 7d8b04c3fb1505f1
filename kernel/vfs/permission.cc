#include "abi/fcntl.h"
#include "kernel/cred/credentials.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/path.h"

namespace limen {

namespace {

// Do the mode and the access list grant it? Linux: acl_permission_check, which looks at no list where the group's bits, the mask, are empty.
bool is_granted(const Credentials& creds, Inode* inode, const Attributes& attributes, u32 want) {
  const auto has_all = [want](u32 bits) { return (want & ~bits & 7) == 0; };
  if (creds.fsuid == attributes.uid) return has_all(attributes.mode >> 6);
  const bool by_mode = has_all(creds.in_group(attributes.gid) ? attributes.mode >> 3 : attributes.mode);
  constexpr u32 kGroup = 070, kWrite = 2;
  if (inode == nullptr || (attributes.mode & kGroup) == 0) return by_mode;
  // A host file's list is asked for where the mode is too little, and for a write, which only we refuse: it ends in memory. A reading that
  // the list forbids the host refuses itself, as long as the guest is whoever started the sandbox.
  const bool asks = !by_mode || (want & kWrite) != 0;
  if (!(asks ? inode->learn_acl() : inode->has_acl())) return by_mode;
  const Result<Ref<const Acl>> list = inode->acl(AclKind::access);
  return list.ok() && *list ? (*list)->grants(creds, attributes, want) : by_mode;
}

Result<void> check(const Credentials& creds, Inode* inode, const Attributes& attributes, u32 want) {
  if (is_granted(creds, inode, attributes, want)) return success;
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

}  // namespace

Result<void> check_permission(const Credentials& creds, Inode& inode, const Attributes& attributes, u32 want) {
  return check(creds, &inode, attributes, want);
}

Result<void> check_permission(const Credentials& creds, const Attributes& attributes, u32 want) {
  return check(creds, nullptr, attributes, want);
}

bool is_owner_or_capable(const Credentials& creds, const Attributes& attributes) {
  return creds.fsuid == attributes.uid || creds.capable_over(attributes.uid, attributes.gid, Capability::fowner);
}

Result<void> check_permission(Task& task, const Credentials& who, const Path& path, u32 want) {
  const Attributes attributes = TRY(path.inode().recent_attributes());
  const u32 type = attributes.type();
  const bool has_content = type == abi::s_ifreg || type == abi::s_ifdir || type == abi::s_iflnk;
  if ((want & 2) != 0 && has_content && (path.mount->flags() & kMountReadOnly) != 0) return Errno::erofs;
  if ((want & 1) != 0 && type == abi::s_ifreg && (path.mount->flags() & kMountNoExec) != 0) return Errno::eacces;
  if (const std::optional<Result<void>> said = path.inode().permission(task, who, want)) return *said;
  return check_permission(who, path.inode(), attributes, want);
}

Result<void> check_permission(Task& task, const Path& path, u32 want) {
  return check_permission(task, task.credentials(), path, want);
}

Result<void> want_write(const Path& path) {
  return (path.mount->flags() & kMountReadOnly) != 0 ? Result<void>(Errno::erofs) : success;
}

}  // namespace limen
