#include "kernel/ipc/inotify.h"

#include <algorithm>
#include <cstring>

#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "abi/poll.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/vfs/handles.h"

namespace limen {
namespace {

constexpr u64 kWatchBytes = 1024;  // what a watch and the inode that it keeps may cost
constexpr u64 kEventBytes = 96;    // an event without its name

}  // namespace

class InotifyWatch final : public InodeWatcher {
 public:
  InotifyWatch(Ref<InotifyGroup> group, const Path& path, MemoryCharge charge)
      : group_(std::move(group)),
        charge_(std::move(charge)),
        filesystem_(path.mount->filesystem()),
        inode_(path.dentry->inode()),
        list_(watch_list_of(*inode_)) {}

  void event(const InodeEvent& event) override {
    InodeEvent told = event;
    if ((event.mask & abi::in_unmount) != 0) {
      const Result<Attributes> attributes = inode_->recent_attributes();
      if (attributes.ok() && attributes->is_directory()) told.mask |= abi::in_isdir;
    }
    group_->deliver(*this, told);
  }
  void inode_gone() override { group_->end(*this); }
  // Out of the inode's list; the inode itself goes with the last reference to us.
  void leave() { list_->remove(*this); }

  Inode& inode() const { return *inode_; }
  const WatchList& list() const { return *list_; }
  WatchList& list() { return *list_; }

  i32 number = 0;  // these four under the group's lock
  u32 mask = 0;    // IN_* events, IN_EXCL_UNLINK, IN_ONESHOT
  bool ended = false;
  UserCharge counted;

 private:
  const Ref<InotifyGroup> group_;
  const MemoryCharge charge_;
  const Ref<Filesystem> filesystem_;  // an inode refers to it without holding it
  const Ref<Inode> inode_;
  const Ref<WatchList> list_;
};

usize InotifyGroup::Event::size() const {
  constexpr usize kUnit = sizeof(abi::InotifyEvent);
  return kUnit + (name.empty() ? 0 : (name.size() + 1 + kUnit - 1) / kUnit * kUnit);
}

u64 InotifyGroup::most_watches(u64 memory) {
  constexpr u64 kCost = 1280;  // what a watch holds on Linux: its mark, and two inodes
  return std::clamp<u64>(memory / 100 / kCost, 8192, 65536);
}

Result<Ref<InotifyGroup>> InotifyGroup::create(Task& maker) {
  const Credentials& who = maker.credentials();
  Result<UserCharge> charge = UserCharge::take(*who.user_ns, who.uid, Counted::inotify_instances);
  if (!charge.ok()) return Errno::emfile;
  return Ref<InotifyGroup>::adopt(new InotifyGroup(maker, std::move(*charge)));
}

InotifyGroup::InotifyGroup(Task& maker, UserCharge charge)
    : memory_(maker.kernel().ipc_memory()),
      users_(maker.credentials().user_ns),
      user_(maker.credentials().uid),
      charge_(std::move(charge)),
      most_queued_(maker.kernel().settings().inotify_max_queued_events) {}

Result<i32> InotifyGroup::watch(const Path& path, u32 mask) {
  constexpr u32 kKept = abi::in_all_events | abi::in_excl_unlink | abi::in_oneshot;
  MutexGuard guard(lock_);
  const auto known = by_inode_.find(&path.inode());
  if (known != by_inode_.end()) {
    if ((mask & abi::in_mask_create) != 0) return Errno::eexist;
    InotifyWatch& watch = *watches_.at(known->second);
    watch.mask = (mask & kKept) | ((mask & abi::in_mask_add) != 0 ? watch.mask : 0);
    return watch.number;
  }
  UserCharge counted = TRY(UserCharge::take(*users_, user_, Counted::inotify_watches));
  MemoryCharge charge = TRY(MemoryCharge::take(memory_, kWatchBytes, Errno::enospc));
  Ref<InotifyWatch> watch = make_ref<InotifyWatch>(Ref<InotifyGroup>(this), path, std::move(charge));
  watch->counted = std::move(counted);
  do {
    last_number_ = last_number_ == INT32_MAX ? 1 : last_number_ + 1;
  } while (watches_.contains(last_number_));
  watch->number = last_number_;
  watch->mask = mask & kKept;
  watch->list().add(watch);
  by_inode_[&path.inode()] = last_number_;
  watches_[last_number_] = std::move(watch);
  return last_number_;
}

Ref<InotifyWatch> InotifyGroup::take_out(InotifyWatch& watch) {
  if (std::exchange(watch.ended, true)) return {};
  watch.counted = UserCharge();
  by_inode_.erase(&watch.inode());
  const auto at = watches_.find(watch.number);
  Ref<InotifyWatch> out = std::move(at->second);
  watches_.erase(at);
  return out;
}

void InotifyGroup::end(InotifyWatch& watch) {
  Ref<InotifyWatch> out;  // dropped without the lock: an inode may end with it
  {
    MutexGuard guard(lock_);
    out = take_out(watch);
    if (!out) return;
    queue(watch.number, abi::in_ignored, 0, {});
  }
  out->leave();
  readers.wake(kPollIn | kPollRdNorm);
}

Result<void> InotifyGroup::remove(i32 number) {
  Ref<InotifyWatch> watch;
  {
    MutexGuard guard(lock_);
    const auto at = watches_.find(number);
    if (at == watches_.end()) return Errno::einval;
    watch = at->second;
  }
  end(*watch);
  return success;
}

void InotifyGroup::close() {
  std::vector<Ref<InotifyWatch>> all;
  {
    MutexGuard guard(lock_);
    while (!watches_.empty()) all.push_back(take_out(*watches_.begin()->second));
    events_.clear();
  }
  for (const Ref<InotifyWatch>& watch : all) watch->leave();
}

void InotifyGroup::deliver(InotifyWatch& watch, const InodeEvent& event) {
  constexpr u32 kAlways = abi::in_unmount;
  // Linux never reported IN_ISDIR with these two, and goes on so.
  const bool of_self = (event.mask & (abi::in_delete_self | abi::in_move_self)) != 0;
  const u32 mask = of_self ? event.mask & ~abi::in_isdir : event.mask;
  Ref<InotifyWatch> spent;
  {
    MutexGuard guard(lock_);
    if (watch.ended || (mask & (watch.mask | kAlways) & ~abi::in_isdir) == 0) return;
    if (event.name_is_gone && (watch.mask & abi::in_excl_unlink) != 0) return;
    queue(watch.number, mask, event.cookie, event.name);
    if ((watch.mask & abi::in_oneshot) != 0) {
      spent = take_out(watch);
      queue(watch.number, abi::in_ignored, 0, {});
    }
  }
  if (spent) spent->leave();
  readers.wake(kPollIn | kPollRdNorm);
}

void InotifyGroup::queue(i32 watch, u32 mask, u32 cookie, std::string_view name) {
  if (!events_.empty()) {
    const Event& last = events_.back();
    if (last.watch == watch && last.mask == mask && last.name == name) return;
  }
  Result<MemoryCharge> charge = MemoryCharge::take(memory_, kEventBytes + name.size(), Errno::enomem);
  if (events_.size() < most_queued_ && charge.ok()) {
    events_.push_back({watch, mask, cookie, std::string(name), std::move(*charge)});
    return;
  }
  if (std::exchange(overflowed_, true)) return;
  events_.push_back({-1, abi::in_q_overflow, 0, {}, MemoryCharge()});
}

Result<usize> InotifyGroup::read(UserBuffer& to) {
  const usize room = to.remaining();
  usize total = 0;
  for (;;) {
    Event event;
    {
      MutexGuard guard(lock_);
      if (events_.empty()) return total != 0 ? Result<usize>(total) : Errno::eagain;
      if (events_.front().size() > room - total) return total != 0 ? Result<usize>(total) : Errno::einval;
      event = std::move(events_.front());
      events_.pop_front();
      if (event.watch == -1) overflowed_ = false;
    }
    const usize size = event.size();
    std::vector<u8> bytes(size);
    const abi::InotifyEvent head{event.watch, event.mask, event.cookie, static_cast<u32>(size - sizeof(head))};
    std::memcpy(bytes.data(), &head, sizeof head);
    std::copy(event.name.begin(), event.name.end(), bytes.begin() + sizeof head);
    // As on Linux a bad address loses the event, whatever was read before it.
    const usize copied = TRY(to.copy_out(bytes));
    if (copied != size) return Errno::efault;
    total += size;
  }
}

usize InotifyGroup::bytes() const {
  usize total = 0;
  MutexGuard guard(lock_);
  for (const Event& event : events_) total += event.size();
  return total;
}

// Linux: fs/notify/fdinfo.c:inotify_fdinfo.
std::string InotifyGroup::describe() const {
  struct Line {
    Ref<InotifyWatch> watch;  // declared first: an inode may end with it, after the lock
    i32 number;
    u32 mask;
  };
  std::vector<Line> lines;
  {
    MutexGuard guard(lock_);
    for (const auto& [number, watch] : watches_) lines.push_back({watch, number, watch->mask});
  }
  std::string text;
  for (const auto& [watch, number, mask] : lines) {
    const Result<Attributes> attributes = watch->inode().recent_attributes();
    if (!attributes.ok()) continue;
    const u64 device = u64{attributes->device.major} << 20 | attributes->device.minor;
    char line[128];
    std::snprintf(line, sizeof line, "inotify wd:%x ino:%llx sdev:%llx mask:%x ignored_mask:0", number,
                  static_cast<unsigned long long>(attributes->inode), static_cast<unsigned long long>(device), mask);
    text += line + handle_text(watch->inode()) + "\n";
  }
  return text;
}

u32 InotifyFile::call_flags(Moves) const { return abi::rwf_hipri; }

PollEvents InotifyFile::poll(PollTable* table) {
  if (table != nullptr) table->add(group_, group_->readers);
  return group_->bytes() != 0 ? kPollIn | kPollRdNorm : 0;
}

Result<i64> InotifyFile::ioctl(Task& task, u32 command, u64 argument) {
  if (command != abi::fionread) return File::ioctl(task, command, argument);
  TRY(UserOut<i32>(GuestAddr(argument)).write(task, static_cast<i32>(group_->bytes())));
  return 0;
}

}  // namespace limen
