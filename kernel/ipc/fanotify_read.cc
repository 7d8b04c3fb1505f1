// What is read from and written to a fanotify descriptor. Source: fs/notify/fanotify/fanotify_user.c, fs/notify/fdinfo.c.
#include <algorithm>
#include <cstring>

#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "kernel/ipc/fanotify_event.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/task/pidfd.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr usize kHead = sizeof(abi::FanotifyEventMetadata);

template <typename T>
void put(std::vector<u8>& to, const T& value) {
  const usize at = to.size();
  to.resize(at + sizeof value);
  std::memcpy(to.data() + at, &value, sizeof value);
}

// A record is as long as its head says, and the next one begins at a multiple of four.
void put_handle(std::vector<u8>& to, u8 type, u64 fsid, const EncodedHandle& handle, std::string_view name) {
  const usize start = to.size();
  put(to, abi::FanotifyInfoHeader{type, 0, 0});
  put(to, fsid);
  put(to, static_cast<u32>(handle.bytes.size()));
  put(to, handle.type);
  to.insert(to.end(), handle.bytes.begin(), handle.bytes.end());
  if (!name.empty()) {
    to.insert(to.end(), name.begin(), name.end());
    to.push_back(0);
  }
  to.resize(start + (to.size() - start + 3) / 4 * 4);
  const auto length = static_cast<u16>(to.size() - start);
  std::memcpy(to.data() + start + offsetof(abi::FanotifyInfoHeader, len), &length, sizeof length);
}

// The descriptor of an event's file. Linux: create_fd.
Result<Ref<File>> open_event_file(Task& task, const Path& path, u32 flags) {
  if ((flags & abi::o_accmode) != abi::o_rdonly) TRY(want_write(path));
  Ref<File> file = TRY(path.inode().open(task, path, (flags & ~abi::o_cloexec) | abi::o_largefile));
  file->set_untold();
  return file;
}

// May the reader know who it was? Those without rights over all learn of themselves alone.
i32 told_pid(Task& reader, Pid pid, bool privileged) {
  if (pid.raw() == 0 || (!privileged && pid != reader.group().pid())) return 0;
  return reader.sees(pid);
}

bool is_over(const Task& of) {
  ThreadGroup& group = const_cast<Task&>(of).group();
  MutexGuard guard(group.lock);
  return group.members.empty();
}

// A descriptor of an event, made and not yet published.
struct EventFd {
  i32 number;
  Ref<File> file;
  std::optional<FdReservation> fd;

  void take(Ref<File> made, FdReservation reserved) {
    number = reserved.number().raw();
    file = std::move(made);
    fd.emplace(std::move(reserved));
  }
  void publish(FdFlags flags) {
    if (fd) fd->publish(std::move(file), flags);
  }
};

void make_pidfd(Task& task, const Ref<Task>& actor, i32 pid, EventFd& to) {
  if (pid == 0 || !actor || is_over(*actor)) return;
  to.number = abi::fan_epidfd;
  Result<Ref<File>> file = open_pidfd(task, actor, PidfdTarget::process);
  Result<FdReservation> fd = task.files().reserve(task);
  if (file.ok() && fd.ok()) to.take(std::move(*file), std::move(*fd));
}

Result<void> make_event_fd(Task& task, const Path& path, u32 flags, EventFd& to) {
  Ref<File> file = TRY(open_event_file(task, path, flags));
  Result<FdReservation> fd = task.files().reserve(task);
  if (!fd.ok()) return fd.error();
  to.take(std::move(file), std::move(*fd));
  return success;
}

// What a listener's refusal is to the one that asked: FAN_DENY_ERRNO for those that provide contents. Linux: FAN_ERRNO, is_valid_deny_errno.
std::optional<Errno> refusal(u32 response, bool provides_contents) {
  constexpr u32 kErrnoShift = 24;
  const u32 given = response >> kErrnoShift;
  if (given == 0) return Errno::eperm;
  constexpr Errno kAllowed[] = {Errno::eperm,  Errno::eio,    Errno::ebusy, Errno::etxtbsy,
                                Errno::eagain, Errno::enospc, Errno::edquot};
  for (const Errno allowed : kAllowed) {
    if (provides_contents && static_cast<u32>(allowed) == given) return allowed;
  }
  return std::nullopt;
}

}  // namespace

// Linux: copy_info_records_to_user.
std::vector<u8> FanotifyGroup::infos(const Event& event, i32 pidfd) const {
  std::vector<u8> bytes;
  const u32 mode = fid_mode();
  const bool renamed = (event.mask & abi::fan_rename) != 0, of_directory = (event.mask & abi::fan_ondir) != 0;
  if (event.directory) {
    const u8 type = renamed              ? abi::fan_event_info_type_old_dfid_name
                    : event.name.empty() ? abi::fan_event_info_type_dfid
                                         : abi::fan_event_info_type_dfid_name;
    put_handle(bytes, type, event.fsid, *event.directory, event.name);
  }
  if (event.to_directory)
    put_handle(bytes, abi::fan_event_info_type_new_dfid_name, event.fsid, *event.to_directory, event.to_name);
  if (event.object) {
    u8 type = abi::fan_event_info_type_fid;
    std::string_view name;
    const bool alone = bytes.empty() && mode != abi::fan_report_fid;
    if (alone && (mode & abi::fan_report_name) != 0 && of_directory) {
      type = abi::fan_event_info_type_dfid_name, name = ".";
    } else if (alone && ((event.mask & kFanotifyNames) != 0 || of_directory) && (mode & abi::fan_report_dir_fid) != 0) {
      type = abi::fan_event_info_type_dfid;
    } else if (alone && ((event.mask & kFanotifyNames) != 0 || of_directory)) {
      type = abi::fan_event_info_type_fid;
    }
    put_handle(bytes, type, event.fsid, *event.object, name);
  }
  if (has(abi::fan_report_pidfd)) {
    put(bytes, abi::FanotifyInfoHeader{abi::fan_event_info_type_pidfd, 0, 8});
    put(bytes, pidfd);
  }
  return bytes;
}

// Out of the queue; a question stands among those that were asked from here on. eagain, einval (it does not fit).
Result<Ref<FanotifyGroup::Event>> FanotifyGroup::next(usize room) {
  MutexGuard guard(lock_);
  if (events_.empty()) return Errno::eagain;
  const Ref<Event> event = events_.front();
  if (kHead + infos(*event, 0).size() > room) return Errno::einval;
  events_.pop_front();
  event->charge = MemoryCharge();
  if (event->is_overflow) overflowed_ = false;
  if (event->is_question) asked_.push_back(event);
  return event;
}

Result<usize> FanotifyGroup::tell(Task& task, UserBuffer& to, const Ref<Event>& event) {
  abi::FanotifyEventMetadata head{};
  head.vers = abi::fanotify_metadata_version, head.metadata_len = kHead;
  head.mask = event->mask, head.fd = abi::fan_nofd;
  head.pid = told_pid(task, event->pid, settings_.privileged);
  EventFd fd{abi::fan_nofd, {}, {}}, pidfd{abi::fan_nopidfd, {}, {}};
  if (event->path) {
    const Result<void> made = make_event_fd(task, event->path, settings_.event_flags, fd);
    if (!made.ok() && !has(abi::fan_report_fd_error)) return made.error();
    if (!made.ok()) fd.number = -static_cast<i32>(made.error());
  }
  head.fd = fd.number;
  if (has(abi::fan_report_pidfd)) make_pidfd(task, event->actor, head.pid, pidfd);
  const std::vector<u8> records = infos(*event, pidfd.number);
  head.event_len = static_cast<u32>(kHead + records.size());
  std::vector<u8> bytes;
  put(bytes, head);
  bytes.insert(bytes.end(), records.begin(), records.end());
  const usize copied = TRY(to.copy_out(bytes));
  if (copied != bytes.size()) return Errno::efault;
  if (event->is_question) {
    MutexGuard guard(lock_);
    event->fd = head.fd;
  }
  const FdFlags flags = (settings_.event_flags & abi::o_cloexec) != 0 ? FdFlags::close_on_exec : FdFlags::none;
  fd.publish(flags);
  pidfd.publish(FdFlags::close_on_exec);
  return bytes.size();
}

void FanotifyGroup::refuse(const Ref<Event>& question) {
  {
    MutexGuard guard(lock_);
    asked_.remove(question);
    question->answer = Errno::eperm;
  }
  askers.wake();
}

Result<usize> FanotifyGroup::read(Task& task, UserBuffer& to) {
  usize total = 0;
  for (;;) {
    const Result<Ref<Event>> event = next(to.remaining());
    if (!event.ok()) return total != 0 ? Result<usize>(total) : event.error();
    const Result<usize> told = tell(task, to, *event);
    if (told.ok()) {
      total += *told;
      continue;
    }
    if ((*event)->is_question) refuse(*event);
    // As on Linux a bad address loses the event, whatever was read before it.
    return total != 0 && !told.is(Errno::efault) ? Result<usize>(total) : told;
  }
}

// Linux: process_access_response.
Result<usize> FanotifyGroup::answer(UserBuffer& from) {
  abi::FanotifyResponse given{};
  if (from.remaining() < sizeof given) return Errno::einval;
  const usize copied = TRY(from.copy_in({reinterpret_cast<u8*>(&given), sizeof given}));
  if (copied != sizeof given) return Errno::efault;
  from.truncate(0);  // one answer for each write
  constexpr u32 kErrno = 0xff000000;
  if ((given.response & ~(abi::fan_allow | abi::fan_deny | abi::fan_audit | kErrno)) != 0) return Errno::einval;
  if ((given.response & abi::fan_audit) != 0 && !has(abi::fan_enable_audit)) return Errno::einval;
  Result<void> answer = success;
  switch (given.response & (abi::fan_allow | abi::fan_deny)) {
    case abi::fan_allow:
      if ((given.response & kErrno) != 0) return Errno::einval;
      break;
    case abi::fan_deny: {
      const std::optional<Errno> why = refusal(given.response, has(abi::fan_class_pre_content));
      if (!why) return Errno::einval;
      answer = *why;
      break;
    }
    default:
      return Errno::einval;
  }
  if (given.fd < 0) return Errno::einval;
  {
    MutexGuard guard(lock_);
    const auto at =
        std::find_if(asked_.begin(), asked_.end(), [&](const auto& event) { return event->fd == given.fd; });
    if (at == asked_.end()) return Errno::enoent;
    (*at)->answer = answer;
    asked_.erase(at);  // who asked holds it
  }
  askers.wake();
  return sizeof given;
}

usize FanotifyGroup::bytes() const {
  MutexGuard guard(lock_);
  return events_.size() * kHead;
}

// Linux: fanotify_fdinfo.
std::string FanotifyMark::describe() const {
  char line[160];
  const u32 device = device_.major << 20 | device_.minor;
  using Kind = FanotifyTarget::Kind;
  if (key_.first == Kind::mount) {
    std::snprintf(line, sizeof line, "fanotify mnt_id:%x mflags:%x mask:%x ignored_mask:%x", mount_id_, flags, mask,
                  ignored);
    return line;
  }
  if (key_.first == Kind::filesystem) {
    std::snprintf(line, sizeof line, "fanotify sdev:%x mflags:%x mask:%x ignored_mask:%x", device, flags, mask,
                  ignored);
    return line;
  }
  const Result<Attributes> attributes = inode_->recent_attributes();
  const auto number = static_cast<unsigned long long>(attributes.ok() ? attributes->inode : 0);
  std::snprintf(line, sizeof line, "fanotify ino:%llx sdev:%x mflags:%x mask:%x ignored_mask:%x", number, device, flags,
                mask, ignored);
  return line + handle_text(*inode_);
}

std::string FanotifyGroup::describe() const {
  std::vector<Ref<FanotifyMark>> marks;  // described without the lock: their words may be newer
  {
    MutexGuard guard(lock_);
    for (const auto& [key, mark] : marks_) marks.push_back(mark);
  }
  char head[64];
  const u32 event_flags = settings_.event_flags;
  std::snprintf(head, sizeof head, "fanotify flags:%x event-flags:%x\n", settings_.flags, event_flags);
  std::string text = head;
  for (const Ref<FanotifyMark>& mark : marks) text += mark->describe() + "\n";
  return text;
}

u32 FanotifyFile::call_flags(Moves) const { return abi::rwf_hipri; }

PollEvents FanotifyFile::poll(PollTable* table) {
  if (table != nullptr) table->add(group_, group_->readers);
  return group_->bytes() != 0 ? kPollIn | kPollRdNorm : 0;
}

Result<i64> FanotifyFile::ioctl(Task& task, u32 command, u64 argument) {
  if (command != abi::fionread) return File::ioctl(task, command, argument);
  TRY(UserOut<i32>(GuestAddr(argument)).write(task, static_cast<i32>(group_->bytes())));
  return 0;
}

}  // namespace limen
