// fanotify_init(2), fanotify_mark(2). Source: fs/notify/fanotify/fanotify_user.c.
#include "kernel/ipc/fanotify.h"

#include "abi/fcntl.h"
#include "kernel/ipc/inotify.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/anon.h"

namespace limen {
namespace {

using Kind = FanotifyTarget::Kind;

constexpr u32 kClasses = abi::fan_class_content | abi::fan_class_pre_content;
constexpr u32 kFids = abi::fan_report_fid | abi::fan_report_dir_fid | abi::fan_report_name | abi::fan_report_target_fid;
constexpr u32 kForAdmin = kClasses | abi::fan_report_tid | abi::fan_report_pidfd | abi::fan_report_fd_error |
                          abi::fan_unlimited_queue | abi::fan_unlimited_marks;
constexpr u32 kKnownInit = kForAdmin | kFids | abi::fan_cloexec | abi::fan_nonblock | abi::fan_enable_audit;

constexpr u32 kOfOpenFiles =
    abi::in_access | abi::in_modify | abi::in_close_write | abi::in_close_nowrite | abi::in_open | abi::fan_open_exec;
constexpr u32 kOfInodes = abi::in_attrib | abi::in_move_self | abi::in_delete_self | abi::fan_fs_error;

Result<void> check_init(const Credentials& creds, u32 flags, u32 event_flags) {
  constexpr u32 kEventFlags = abi::o_accmode | abi::o_append | abi::o_nonblock | abi::o_sync | abi::o_dsync |
                              abi::o_cloexec | abi::o_largefile | abi::o_noatime;
  const bool privileged = creds.capable(Capability::sys_admin);
  if (!privileged && ((flags & kForAdmin) != 0 || (flags & (kFids | abi::fan_report_mnt)) == 0)) return Errno::eperm;
  if ((flags & ~kKnownInit) != 0) return Errno::einval;
  if ((flags & abi::fan_report_pidfd) != 0 && (flags & abi::fan_report_tid) != 0) return Errno::einval;
  if ((event_flags & ~kEventFlags) != 0 || (event_flags & abi::o_accmode) == abi::o_accmode) return Errno::einval;
  const auto has = [flags](u32 bits) { return (flags & bits) == bits; };
  if ((flags & kFids) != 0 && (flags & kClasses) != 0) return Errno::einval;
  if (has(abi::fan_report_name) && !has(abi::fan_report_dir_fid)) return Errno::einval;
  if (has(abi::fan_report_target_fid) && !has(abi::fan_report_name | abi::fan_report_fid)) return Errno::einval;
  if (has(kClasses)) return Errno::einval;
  if (has(abi::fan_enable_audit) && !creds.capable(Capability::audit_write)) return Errno::eperm;
  return success;
}

Result<Kind> kind_of(u32 flags) {
  switch (flags & abi::fan_mark_mntns) {
    case 0:
      return Kind::inode;
    case abi::fan_mark_mount:
      return Kind::mount;
    case abi::fan_mark_filesystem:
      return Kind::filesystem;
    default:
      return Errno::einval;  // no marks of mount namespaces
  }
}

// The words of a call, judged by themselves.
struct MarkRequest {
  enum class Command : u8 { add, remove, flush } command = Command::add;
  Kind kind = Kind::inode;
  u32 flags = 0, mask = 0;
  bool ignores() const { return (flags & (abi::fan_mark_ignored_mask | abi::fan_mark_ignore)) != 0; }
};

Result<MarkRequest> read_request(u32 flags, u64 mask) {
  constexpr u32 kKnown = abi::fan_mark_add | abi::fan_mark_remove | abi::fan_mark_dont_follow | abi::fan_mark_onlydir |
                         abi::fan_mark_mntns | abi::fan_mark_ignored_mask | abi::fan_mark_ignored_surv_modify |
                         abi::fan_mark_flush | abi::fan_mark_evictable | abi::fan_mark_ignore;
  if (mask >> 32 != 0 || (flags & ~kKnown) != 0) return Errno::einval;
  MarkRequest request {
    .kind = TRY(kind_of(flags))
    , .flags = flags, .mask = static_cast<u32>(mask)
  };
  switch (flags & (abi::fan_mark_add | abi::fan_mark_remove | abi::fan_mark_flush)) {
    case abi::fan_mark_add:
    case abi::fan_mark_remove:
      if (mask == 0) return Errno::einval;
      if ((flags & abi::fan_mark_remove) != 0) request.command = MarkRequest::Command::remove;
      break;
    case abi::fan_mark_flush:
      if ((flags & ~(abi::fan_mark_mntns | abi::fan_mark_flush)) != 0) return Errno::einval;
      request.command = MarkRequest::Command::flush;
      return request;
    default:
      return Errno::einval;
  }
  if ((request.mask & ~(kOfOpenFiles | kFanotifyQuestions | kFanotifyNames | kOfInodes | kFanotifyHow)) != 0)
    return Errno::einval;
  const bool both = (flags & abi::fan_mark_ignored_mask) != 0 && (flags & abi::fan_mark_ignore) != 0;
  if (both) return Errno::einval;
  // Words that say how have no meaning in the older of the two masks of what is ignored.
  if ((flags & abi::fan_mark_ignored_mask) != 0) request.mask &= ~kFanotifyHow;
  if ((flags & abi::fan_mark_evictable) != 0 && request.kind != Kind::inode) return Errno::einval;
  return request;
}

// The same, for this group. Linux: do_fanotify_mark.
Result<void> check_for_group(const FanotifyGroup& group, const MarkRequest& request) {
  const u32 mode = group.fid_mode(), mask = request.mask;
  if (!group.settings().privileged && request.kind != Kind::inode) return Errno::eperm;
  if ((mask & kFanotifyQuestions) != 0 && group.priority() == 0) return Errno::einval;
  if ((mask & abi::fan_fs_error) != 0 && (request.kind != Kind::filesystem || mode == 0)) return Errno::einval;
  if ((mask & (kFanotifyNames | kOfInodes)) != 0 && (mode == 0 || request.kind == Kind::mount)) return Errno::einval;
  if ((mask & abi::fan_rename) != 0 && (mode & abi::fan_report_name) == 0) return Errno::einval;
  return success;
}

Result<Path> find_place(Task& task, DirFd dirfd, UserPath path, u32 flags) {
  const bool only_directory = (flags & abi::fan_mark_onlydir) != 0;
  if (path.is_null()) {
    const Ref<File> file = TRY(file_of(task, Fd(dirfd.raw())));
    if (!file->has_inode()) return Errno::ebadf;
    const u32 type = TRY(file->inode().file_type());
    if (only_directory && type != abi::s_ifdir) return Errno::enotdir;
    TRY(check_permission(task, file->path(), 4));
    return file->path();
  }
  const std::string name = TRY(path.read(task));
  WalkFlags how;
  how.follow = (flags & abi::fan_mark_dont_follow) == 0;
  how.must_be_directory = only_directory;
  const Path place = TRY(walk(task, dirfd.raw(), name, how));
  TRY(check_permission(task, place, 4));
  return place;
}

// Can what is marked tell of such events? Linux: fanotify_events_supported, fanotify_test_fid.
Result<void> check_place(const FanotifyGroup& group, const MarkRequest& request, const Path& place) {
  Filesystem& fs = *place.mount->filesystem();
  const bool is_whole = request.kind != Kind::inode;
  if ((request.mask & kFanotifyQuestions) != 0 && !fs.asks_listeners()) return Errno::einval;
  if (is_whole && (place.mount->flags() & kMountInternal) != 0) return Errno::einval;
  const u32 type = TRY(place.inode().file_type());
  // Older groups may ask a file for what only directories have.
  const bool strict = group.has(abi::fan_report_target_fid) || (request.mask & abi::fan_rename) != 0 ||
                      (request.flags & abi::fan_mark_ignore) != 0;
  if (strict && !is_whole && type != abi::s_ifdir && (request.mask & (kFanotifyNames | kFanotifyHow)) != 0)
    return Errno::enotdir;
  if (group.fid_mode() != 0 && is_whole && fs.handles() == Filesystem::Handles::none) return Errno::eopnotsupp;
  const u32 survives = request.flags & (abi::fan_mark_ignore | abi::fan_mark_ignored_surv_modify);
  if (request.command == MarkRequest::Command::add && survives == abi::fan_mark_ignore) {
    if (is_whole) return Errno::einval;
    if (type == abi::s_ifdir) return Errno::eisdir;
  }
  return success;
}

Result<Ref<FanotifyFile>> fanotify_file(Task& task, Fd fd) {
  const Ref<File> file = TRY(file_of(task, fd));
  Ref<FanotifyFile> group = ref_cast<FanotifyFile>(file);
  return group ? Result<Ref<FanotifyFile>>(std::move(group)) : Errno::einval;
}

}  // namespace

Result<i64> sys_fanotify_init(Task& task, u32 flags, u32 event_f_flags) {
  const Credentials& creds = task.credentials();
  TRY(check_init(creds, flags, event_f_flags));
  FanotifyGroup::Settings settings;
  settings.flags = flags;
  settings.event_flags = event_f_flags | abi::o_largefile;
  settings.privileged = creds.capable(Capability::sys_admin);
  settings.most_marks = InotifyGroup::most_watches(task.kernel().options().limits.memory);
  Ref<FanotifyGroup> group =
      TRY(FanotifyGroup::create(task.kernel().ipc_memory(), creds.user_ns->account(creds.uid), settings));
  const u32 file_flags = abi::o_rdwr | ((flags & abi::fan_nonblock) != 0 ? u32{abi::o_nonblock} : 0);
  Ref<File> file = make_ref<FanotifyFile>(anon_path(task, "anon_inode:[fanotify]", 0600), file_flags, std::move(group));
  const Fd fd = TRY(task.files().install(task, std::move(file), cloexec_if((flags & abi::fan_cloexec) != 0)));
  return fd.raw();
}

Result<i64> sys_fanotify_mark(Task& task, Fd fd, u32 flags, u64 mask, DirFd dirfd, UserPath path) {
  MarkRequest request = TRY(read_request(flags, mask));
  const Ref<FanotifyFile> file = TRY(fanotify_file(task, fd));
  FanotifyGroup& group = file->group();
  if (request.command == MarkRequest::Command::flush) {
    if (!group.settings().privileged && request.kind != Kind::inode) return Errno::eperm;
    group.flush(request.kind);
    return 0;
  }
  TRY(check_for_group(group, request));
  const FanotifyTarget target { request.kind, TRY(find_place(task, dirfd, path, flags)) };
  TRY(check_place(group, request, target.path));
  const u32 type = TRY(target.path.inode().file_type());
  if (request.kind != Kind::inode || type != abi::s_ifdir) request.mask &= ~abi::fan_event_on_child;
  if (request.command == MarkRequest::Command::add) {
    TRY(group.add_mark(target, request.mask, flags));
  } else {
    TRY(group.remove_mark(target, request.mask, flags));
  }
  return 0;
}

}  // namespace limen
