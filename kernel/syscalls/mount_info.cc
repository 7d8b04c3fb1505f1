// statmount(2), listmount(2): the mounts of the caller's namespace, by numbers that are never used again.
// Source: fs/namespace.c:do_statmount, do_listmount.
#include <algorithm>

#include "abi/fcntl.h"
#include "abi/mount.h"
#include "kernel/kernel.h"
#include "kernel/mm/page_store.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/mount_words.h"
#include "kernel/vfs/namei.h"

namespace limen {
namespace {

Result<abi::MntIdReq> read_request(Task& task, UserIn<abi::MntIdReq> req) {
  u32 size = 0;
  TRY(copy_from_user(task, &size, req.addr(), sizeof size));
  if (size > kPageSize) return Errno::e2big;
  if (size < abi::mnt_id_req_size_ver0) return Errno::einval;
  const abi::MntIdReq given = TRY(req.read_sized(task, size));
  if (given.spare != 0 || given.mnt_id <= abi::mnt_unique_id_offset) return Errno::einval;
  if (given.mnt_ns_id != 0) return Errno::enoent;  // no namespace has a number of this kind
  return given;
}

// May the caller know of what lies at `place`, seen from `top`?
bool is_beneath(const MountNamespace& mounts, const Path& top, const Path& place) {
  return !path_name(top, mounts, place).starts_with("(unreachable)");
}

Result<Ref<Mount>> mount_with(Task& task, u64 id) {
  for (const Ref<Mount>& mount : task.namespaces().mount->list()) {
    if (unique_id(*mount) == id) return mount;
  }
  return Errno::enoent;
}

Result<void> may_ask(Task& task, const Path& place) {
  const MountNamespace& mounts = *task.namespaces().mount;
  if (is_beneath(mounts, task.fs().root(), place) || may_mount(task)) return success;
  return Errno::eperm;
}

u64 attributes_of(u32 flags) {
  u64 attr = flags & (kMountReadOnly | kMountNoSuid | kMountNoDev | kMountNoExec);
  if ((flags & kMountNoDirAtime) != 0) attr |= abi::mount_attr_nodiratime;
  if ((flags & kMountNoAtime) != 0) return attr | abi::mount_attr_noatime;
  return (flags & kMountRelatime) != 0 ? attr : attr | abi::mount_attr_strictatime;
}

// Collects the strings that stand behind the structure; the first byte is the empty string that an offset of 0 means.
class Answer {
 public:
  explicit Answer(u64 wanted) : wanted_(wanted) {}
  abi::StatMount told{};

  bool wants(u64 bit) {
    if ((wanted_ & bit) == 0) return false;
    told.mask |= bit;
    return true;
  }
  void add(u64 bit, u32& offset, const std::string& text) {
    if ((wanted_ & bit) == 0 || text.empty()) return;
    told.mask |= bit;
    if (strings_.empty()) strings_.push_back('\0');
    offset = static_cast<u32>(strings_.size());
    strings_.append(text).push_back('\0');
  }

  // The options one by one, each with its NUL. Linux: statmount_opt_array.
  void add_options(const std::string& options) {
    if ((wanted_ & abi::statmount_opt_array) == 0 || options.empty()) return;
    std::string each = options;
    std::replace(each.begin(), each.end(), ',', '\0');
    add(abi::statmount_opt_array, told.opt_array, each);
    told.opt_num = static_cast<u32>(std::count(options.begin(), options.end(), ',')) + 1;
  }

  Result<void> copy_out(Task& task, GuestAddr to, usize size) {
    constexpr u64 kStrings = abi::statmount_mnt_root | abi::statmount_mnt_point | abi::statmount_fs_type |
                             abi::statmount_mnt_opts | abi::statmount_fs_subtype | abi::statmount_sb_source |
                             abi::statmount_opt_array | abi::statmount_opt_sec_array;
    const usize head = std::min(size, sizeof told);
    if ((wanted_ & kStrings) != 0 && (size <= sizeof told || size - sizeof told < strings_.size()))
      return Errno::eoverflow;
    told.size = static_cast<u32>(head + strings_.size());
    if (!strings_.empty()) TRY(copy_to_user(task, to + sizeof told, strings_.data(), strings_.size()));
    return copy_to_user(task, to, &told, head);
  }

 private:
  const u64 wanted_;
  std::string strings_;
};

void tell_peers(Answer& answer, const MountNamespace& mounts, const Mount& mount) {
  const std::map<const Mount*, MountNamespace::Peers> all = mounts.peers();
  const auto found = all.find(&mount);
  const MountNamespace::Peers peers = found != all.end() ? found->second : MountNamespace::Peers{};
  if (answer.wants(abi::statmount_mnt_basic)) {
    answer.told.mnt_propagation = (peers.shared != 0 ? abi::ms_shared : 0) | (peers.master != 0 ? abi::ms_slave : 0) |
                                  (peers.unbindable ? abi::ms_unbindable : 0);
    if (answer.told.mnt_propagation == 0) answer.told.mnt_propagation = abi::ms_private;
    answer.told.mnt_peer_group = peers.shared, answer.told.mnt_master = peers.master;
  }
  if (answer.wants(abi::statmount_propagate_from)) answer.told.propagate_from = peers.from;
}

void tell_place(Answer& answer, Task& task, const Mount& mount, const Path& root) {
  const MountNamespace& mounts = *task.namespaces().mount;
  const Path on = mounts.mountpoint_of(mount);
  if (answer.wants(abi::statmount_mnt_basic)) {
    const Mount& parent = on ? *on.mount : mount;
    answer.told.mnt_id = unique_id(mount), answer.told.mnt_parent_id = unique_id(parent);
    answer.told.mnt_id_old = mount.id(), answer.told.mnt_parent_id_old = parent.id();
    answer.told.mnt_attr = attributes_of(mount.flags());
  }
  answer.add(abi::statmount_fs_type, answer.told.fs_type, std::string(mount.filesystem()->type_name()));
  answer.add(abi::statmount_mnt_root, answer.told.mnt_root, place_within(mount));
  const std::string point = path_name(task.fs().root(), mounts, root);
  if (!point.starts_with("(unreachable)")) answer.add(abi::statmount_mnt_point, answer.told.mnt_point, point);
}

}  // namespace

Result<i64> sys_statmount(Task& task, UserIn<abi::MntIdReq> req, UserBytes<Out> buf, usize size, u32 flags) {
  if (flags != 0) return Errno::einval;
  const abi::MntIdReq given = TRY(read_request(task, req));
  const Ref<Mount> mount = TRY(mount_with(task, given.mnt_id));
  const Path root(mount, mount->root());
  TRY(may_ask(task, root));
  Filesystem& fs = *mount->filesystem();
  Answer answer(given.param);
  if (answer.wants(abi::statmount_sb_basic)) {
    const FilesystemStatus status = TRY(fs.status());
    answer.told.sb_dev_major = fs.device().major, answer.told.sb_dev_minor = fs.device().minor;
    answer.told.sb_magic = status.magic;
  }
  tell_peers(answer, *task.namespaces().mount, *mount);
  tell_place(answer, task, *mount, root);
  if (answer.wants(abi::statmount_mnt_ns_id)) answer.told.mnt_ns_id = task.namespaces().mount->number();
  answer.add(abi::statmount_mnt_opts, answer.told.mnt_opts, fs.mount_options());
  answer.add_options(fs.mount_options());
  answer.add(abi::statmount_sb_source, answer.told.sb_source, mount->source().empty() ? "none" : mount->source());
  if (answer.wants(abi::statmount_supported_mask)) {
    answer.told.supported_mask = abi::statmount_sb_basic | abi::statmount_mnt_basic | abi::statmount_propagate_from |
                                 abi::statmount_mnt_root | abi::statmount_mnt_point | abi::statmount_fs_type |
                                 abi::statmount_mnt_ns_id | abi::statmount_mnt_opts | abi::statmount_sb_source |
                                 abi::statmount_opt_array | abi::statmount_supported_mask;
  }
  TRY(answer.copy_out(task, buf.addr(), size));
  return 0;
}

// All that lie beneath, at whatever depth, in the order of their numbers.
Result<i64> sys_listmount(Task& task, UserIn<abi::MntIdReq> req, UserArray<Out, u64> mnt_ids, usize nr, u32 flags) {
  constexpr usize kMost = 1'000'000;
  if ((flags & ~abi::listmount_reverse) != 0) return Errno::einval;
  if (nr > kMost) return Errno::eoverflow;
  const abi::MntIdReq given = TRY(read_request(task, req));
  const u64 last = given.param;
  if (last != 0 && last <= abi::mnt_unique_id_offset) return Errno::einval;
  const MountNamespace& mounts = *task.namespaces().mount;
  Path top = task.fs().root();
  if (given.mnt_id != abi::lsmt_root) {
    const Ref<Mount> mount = TRY(mount_with(task, given.mnt_id));
    top = Path(mount, mount->root());
  }
  TRY(may_ask(task, top));
  const bool backwards = (flags & abi::listmount_reverse) != 0;
  std::vector<u64> found;
  for (const Ref<Mount>& mount : mounts.list()) {
    const u64 id = unique_id(*mount);
    if (id == given.mnt_id || (last != 0 && (backwards ? id >= last : id <= last))) continue;
    if (is_beneath(mounts, top, Path(mount, mount->root()))) found.push_back(id);
  }
  std::sort(found.begin(), found.end());
  if (backwards) std::reverse(found.begin(), found.end());
  found.resize(std::min(found.size(), nr));
  TRY(copy_to_user(task, mnt_ids.addr(), found.data(), found.size() * sizeof(u64)));
  return static_cast<i64>(found.size());
}

}  // namespace limen
