#include "kernel/ipc/mqueue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "abi/fcntl.h"
#include "abi/resource.h"
#include "abi/stat.h"
#include "kernel/kernel.h"
#include "kernel/net/netlink.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/names.h"

namespace limen {
namespace {

constexpr u64 kMagic = 0x19800202;  // MQUEUE_MAGIC
constexpr u64 kNodeCost = 48;       // sizeof(struct msg_msg), and of posix_msg_tree_node
constexpr i64 kHardMessages = 65536, kHardBytes = 16 << 20;
constexpr u64 kFileSize = 80;
constexpr u8 kWokenUp = 1, kRemoved = 2;  // the last byte of a notification's cookie

}  // namespace

Result<MqueueCharge> MqueueCharge::take(Ref<UserAccount> account, u64 bytes, u64 most) {
  u64 used = account->mqueue_bytes.load();
  do {
    if (bytes > most || used > most - bytes) return Errno::emfile;
  } while (!account->mqueue_bytes.compare_exchange_weak(used, used + bytes));
  MqueueCharge charge;
  charge.account_ = std::move(account);
  charge.bytes_ = bytes;
  return charge;
}

MqueueCharge::~MqueueCharge() {
  if (account_) account_->mqueue_bytes -= bytes_;
}

// --- A queue ------------------------------------------------------------------------------------------------------------

Mqueue::Mqueue(PseudoFilesystem& fs, u32 mode, PseudoOwner owner, Limits limits, MqueueCharge charge, Ref<Count> all,
               TimeStamp now)
    : PseudoInode(fs, mode, owner),
      limits_(limits),
      charge_(std::move(charge)),
      all_(std::move(all)),
      place_(all_->queues.fetch_add(1)) {
  attributes_.device = fs.device();
  attributes_.inode = inode_;
  attributes_.mode = mode;
  attributes_.uid = owner.uid, attributes_.gid = owner.gid;
  attributes_.size = kFileSize;
  attributes_.atime = attributes_.mtime = attributes_.ctime = attributes_.btime = now;
}

Mqueue::~Mqueue() { all_->queues -= 1; }

Result<Attributes> Mqueue::attributes() {
  MutexGuard guard(lock_);
  return attributes_;
}

Result<void> Mqueue::change(const AttributeChange& change) {
  MutexGuard guard(lock_);
  change.apply_to(attributes_);
  return success;
}

Result<Ref<File>> Mqueue::open(Task&, const Path& path, u32 flags) {
  return Ref<File>(make_ref<MqueueFile>(path, flags, Ref<Mqueue>(this)));
}

Result<void> Mqueue::try_send(Task& task, Message& message) {
  std::optional<Notification> told;
  const TimeStamp now = current_time(task);
  {
    MutexGuard guard(lock_);
    if (count_ >= limits_.most_messages) return Errno::eagain;
    // A receiver that waits takes the message: nobody is told of it.
    if (count_ == 0 && receivers_waiting_ == 0) told = std::exchange(notification_, std::nullopt);
    ++count_;
    bytes_ += message.text.size();
    const u32 priority = message.priority;
    messages_[priority].push_back(std::move(message));
    attributes_.atime = attributes_.mtime = attributes_.ctime = now;
  }
  receivers_.wake(kPollIn | kPollRdNorm);
  if (told) tell(task, std::move(*told));
  return success;
}

Result<void> Mqueue::send(Task& task, Message message, Wait wait, Deadline deadline) {
  if (wait == Wait::no) return try_send(task, message);
  return task.block(senders_, deadline, [&] { return try_send(task, message); });
}

Result<Mqueue::Message> Mqueue::try_receive() {
  Message message;
  {
    MutexGuard guard(lock_);
    if (count_ == 0) return Errno::eagain;
    const auto highest = messages_.begin();
    message = std::move(highest->second.front());
    highest->second.pop_front();
    if (highest->second.empty()) messages_.erase(highest);
    --count_;
    bytes_ -= message.text.size();
  }
  senders_.wake(kPollOut | kPollWrNorm);
  return message;
}

Result<Mqueue::Message> Mqueue::receive(Task& task, Wait wait, Deadline deadline) {
  Result<Message> got = try_receive();
  if (!got.is(Errno::eagain) || wait == Wait::no) return got;
  {
    MutexGuard guard(lock_);
    ++receivers_waiting_;
  }
  got = task.block(receivers_, deadline, [&] { return try_receive(); });
  MutexGuard guard(lock_);
  --receivers_waiting_;
  return got;
}

void Mqueue::tell(Task& task, Notification notification) {
  if (notification.how == abi::sigev_thread) {
    notification.cookie[Notification::kCookie - 1] = kWokenUp;
    notification.socket->deliver({notification.cookie, Notification::kCookie});
    return;
  }
  if (notification.how != abi::sigev_signal || notification.signo == 0) return;
  Ref<ThreadGroup> owner;
  {
    ReadGuard tree(task.kernel().process_tree);
    owner = task.kernel().pids->find_group(notification.owner);
  }
  if (!owner) return;
  SignalInfo info;
  info.signo = Signal(notification.signo);
  info.code = abi::si_mesgq;
  info.value = notification.value;
  info.pid = task.group().pid();
  info.uid = task.credentials().uid;
  send_signal(*owner, info);
}

Result<void> Mqueue::notify(Task& task, Notification wanted) {
  const TimeStamp now = current_time(task);
  MutexGuard guard(lock_);
  if (notification_) return Errno::ebusy;
  notification_.emplace(std::move(wanted));
  attributes_.atime = attributes_.ctime = now;
  return success;
}

void Mqueue::forget_notification(Pid owner) {
  std::optional<Notification> gone;
  {
    MutexGuard guard(lock_);
    if (!notification_ || notification_->owner != owner) return;
    gone = std::exchange(notification_, std::nullopt);
  }
  if (gone->how != abi::sigev_thread) return;
  gone->cookie[Notification::kCookie - 1] = kRemoved;
  gone->socket->deliver({gone->cookie, Notification::kCookie});
}

i64 Mqueue::length() const {
  MutexGuard guard(lock_);
  return count_;
}

std::string Mqueue::describe() const {
  MutexGuard guard(lock_);
  const bool signals = notification_ && notification_->how == abi::sigev_signal;
  return fmt::format("QSIZE:{:<10} NOTIFY:{:<5} SIGNO:{:<5} NOTIFY_PID:{:<6}\n", bytes_,
                     notification_ ? notification_->how : 0, signals ? notification_->signo : 0,
                     notification_ ? notification_->owner.raw() : 0);
}

PollEvents Mqueue::poll(PollTable* table) {
  if (table != nullptr) {
    table->add(Ref<RefCounted>(this), receivers_);
    table->add(Ref<RefCounted>(this), senders_);
  }
  MutexGuard guard(lock_);
  PollEvents events = 0;
  if (count_ != 0) events |= kPollIn | kPollRdNorm;
  if (count_ < limits_.most_messages) events |= kPollOut | kPollWrNorm;
  return events;
}

Result<void> MqueueFile::flush(Task& task) {
  queue_->forget_notification(task.group().pid());
  return success;
}

Result<usize> MqueueFile::try_read(Task&, UserBuffer& to, u64* position) {
  const std::string text = queue_->describe();
  if (*position >= text.size()) return usize{0};
  const std::string_view rest = std::string_view(text).substr(*position);
  const usize n = TRY(to.copy_out(std::span(reinterpret_cast<const u8*>(rest.data()), rest.size())));
  *position += n;
  return n;
}

// --- The names ----------------------------------------------------------------------------------------------------------

class MqueueNames::Directory final : public PseudoDirectory {
 public:
  explicit Directory(PseudoFilesystem& fs) : PseudoDirectory(fs, abi::s_ifdir | abi::s_isvtx | 0777) {}
  bool still_valid(std::string_view, const Inode*) override { return false; }
  Result<Ref<Inode>> lookup(std::string_view name) override {
    MutexGuard guard(lock_);
    const auto it = queues_.find(name);
    return it == queues_.end() ? Result<Ref<Inode>>(Errno::enoent) : Result<Ref<Inode>>(it->second);
  }
  Result<void> unlink(std::string_view name) override {
    Ref<Mqueue> gone;
    MutexGuard guard(lock_);
    const auto it = queues_.find(name);
    if (it == queues_.end()) return Errno::enoent;
    gone = std::move(it->second);
    queues_.erase(it);
    return success;
  }
  Result<std::vector<Entry>> list(Task&) override {
    MutexGuard guard(lock_);
    std::vector<Entry> entries;
    for (const auto& [name, queue] : queues_) entries.push_back({name, queue->attributes()->inode, abi::s_ifreg >> 12});
    return entries;
  }
  // eexist; enospc where there were as many as `most` before it
  Result<void> add(const std::string& name, Ref<Mqueue> queue, usize most) {
    MutexGuard guard(lock_);
    if (queues_.contains(name)) return Errno::eexist;
    if (queue->place() >= most) return Errno::enospc;
    queues_.emplace(name, std::move(queue));
    return success;
  }

 private:
  Mutex lock_{LockRank::directory};
  std::map<std::string, Ref<Mqueue>, std::less<>> queues_ GUARDED_BY(lock_);
};

MqueueNames::MqueueNames(Ref<IpcSettings> settings)
    : settings_(std::move(settings)),
      fs_(make_ref<PseudoFilesystem>("mqueue", kMagic)),
      root_(make_ref<Directory>(*fs_)),
      mount_(make_ref<Mount>(fs_, make_ref<Dentry>(nullptr, "", root_), u32{kMountInternal}, "mqueue")) {
  fs_->set_root(root_);
}

MqueueNames::~MqueueNames() = default;

Ref<MqueueNames> make_mqueue_names(Ref<IpcSettings> settings) { return make_ref<MqueueNames>(std::move(settings)); }

// Linux: mqueue_get_inode.
Result<Ref<Mqueue>> MqueueNames::make(Task& task, const std::string& name, u32 mode,
                                      std::optional<Mqueue::Limits> wanted) {
  const bool privileged = task.credentials().capable(Capability::sys_resource);
  const u32 queues = static_cast<u32>(settings_->queues_max.integer());
  const usize most = privileged ? ~usize{0} : queues;
  if (count_->queues >= most) return Errno::enospc;
  const i64 most_messages = privileged ? kHardMessages : settings_->msg_max.integer();
  const i64 most_bytes = privileged ? kHardBytes : settings_->msgsize_max.integer();
  const Mqueue::Limits limits = wanted.value_or(
      Mqueue::Limits{std::min<i64>(settings_->msg_max.integer(), settings_->msg_default.integer()),
                     std::min<i64>(settings_->msgsize_max.integer(), settings_->msgsize_default.integer())});
  if (limits.most_messages <= 0 || limits.most_bytes <= 0) return Errno::einval;
  if (limits.most_messages > most_messages || limits.most_bytes > most_bytes) return Errno::einval;
  const u64 messages = static_cast<u64>(limits.most_messages);
  const u64 bytes = messages * kNodeCost + std::min<u64>(messages, abi::mq_prio_max) * kNodeCost +
                    messages * static_cast<u64>(limits.most_bytes);
  const Credentials& who = task.credentials();
  MqueueCharge charge =
      TRY(MqueueCharge::take(who.user_ns->account(who.uid), bytes, task.group().limit(abi::rlimit_msgqueue).soft));
  Ref<Mqueue> queue =
      make_ref<Mqueue>(*fs_, abi::s_ifreg | (mode & 07777 & ~task.fs().umask()), PseudoOwner{who.fsuid, who.fsgid},
                       limits, std::move(charge), count_, current_time(task));
  TRY(root_->add(name, queue, most));
  return queue;
}

Result<Ref<File>> MqueueNames::open(Task& task, const std::string& name, u32 flags, u32 mode,
                                    std::optional<Mqueue::Limits> limits) {
  if (name.empty()) return Errno::enoent;
  if (name.find('/') != std::string::npos || name == "." || name == "..") return Errno::eacces;
  if (name.size() > 255) return Errno::enametoolong;
  constexpr u32 kMake = abi::o_creat | abi::o_excl;
  for (;;) {
    const Result<Ref<Inode>> found = root_->lookup(name);
    Ref<Inode> inode;
    if (found.ok()) {
      if ((flags & kMake) == kMake) return Errno::eexist;
      if ((flags & abi::o_accmode) == abi::o_accmode) return Errno::einval;
      const u32 wanted = (flags & abi::o_accmode) == abi::o_rdonly   ? 4u
                         : (flags & abi::o_accmode) == abi::o_wronly ? 2u
                                                                     : 6u;
      const Attributes attributes = TRY((*found)->attributes());
      TRY(check_permission(task.credentials(), attributes, wanted));
      inode = *found;
    } else {
      if ((flags & abi::o_creat) == 0) return Errno::enoent;
      TRY(may_change_names(task));
      Result<Ref<Mqueue>> made = make(task, name, mode, limits);
      if (made.is(Errno::eexist)) continue;  // somebody was faster
      inode = TRY(std::move(made));
    }
    const Path path(mount_, make_ref<Dentry>(mount_->root(), name, inode));
    constexpr u32 kKept = abi::o_accmode | abi::o_nonblock;
    return inode->open(task, path, flags & kKept);
  }
}

Result<void> MqueueNames::may_change_names(Task& task) {
  const Attributes directory = TRY(root_->attributes());
  return check_permission(task.credentials(), *root_, directory, 3);
}

Result<void> MqueueNames::unlink(Task& task, const std::string& name) {
  if (name.empty()) return Errno::enoent;
  if (name.find('/') != std::string::npos || name == "." || name == "..") return Errno::eacces;
  if (name.size() > 255) return Errno::enametoolong;
  const Ref<Inode> inode = TRY(root_->lookup(name));
  const Attributes attributes = TRY(inode->attributes());
  TRY(may_change_names(task));
  const Credentials& who = task.credentials();
  // The directory is root's and sticky.
  if (who.fsuid != attributes.uid && who.fsuid != Uid(0) && !who.capable(Capability::fowner)) return Errno::eperm;
  return root_->unlink(name);
}

}  // namespace limen
