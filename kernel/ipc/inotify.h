// inotify(7): watches of inodes and the queue that their events stand in. Source: fs/notify/inotify.
//
// An InotifyGroup is what inotify_init1 makes; its file reads the queue. Equal events in a row are one; beyond kMostQueued events
// (or the sandbox's memory for such things) stands one IN_Q_OVERFLOW.
//
// Who holds whom: file -> group -> watch -> inode and its filesystem; inode -> list -> watch -> group. The cycle ends where the watch does:
// inotify_rm_watch, the file's end, the inode's end.
// Lock: lock_ (rank `ipc`). Nothing blocks.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/lock.h"
#include "kernel/cred/credentials.h"
#include "kernel/ipc/account.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/notify.h"

namespace limen {

class InotifyWatch;

class InotifyGroup final : public RefCounted {
 public:
  // What fs.inotify.max_user_watches is at first in a sandbox of so much memory. Linux: inotify_user_setup, a hundredth of it at most.
  static u64 most_watches(u64 memory);

  // emfile beyond the user's instances.
  static Result<Ref<InotifyGroup>> create(Task& maker);

  // inotify_add_watch with a `mask` that was judged: the watch's number. eexist (IN_MASK_CREATE), enospc.
  Result<i32> watch(const Path& path, u32 mask);
  Result<void> remove(i32 number);  // einval
  void close();                     // all watches end, in silence

  Result<usize> read(UserBuffer& to);  // whole events; eagain, einval where the first does not fit, efault
  usize bytes() const;                 // FIONREAD
  std::string describe() const;
  WaitQueue readers;

 private:
  InotifyGroup(Task& maker, UserCharge charge);
  friend class InotifyWatch;
  struct Event {
    i32 watch;
    u32 mask, cookie;
    std::string name;
    MemoryCharge charge;
    usize size() const;
  };
  void deliver(InotifyWatch& watch, const InodeEvent& event);
  void end(InotifyWatch& watch);  // with its IN_IGNORED
  void queue(i32 watch, u32 mask, u32 cookie, std::string_view name) REQUIRES(lock_);
  Ref<InotifyWatch> take_out(InotifyWatch& watch) REQUIRES(lock_);

  MemoryAccount& memory_;
  const Ref<UserNamespace> users_;
  const Uid user_;
  const UserCharge charge_;
  const u64 most_queued_;  // fs.inotify.max_queued_events when it was made
  mutable Mutex lock_{LockRank::ipc};
  std::deque<Event> events_ GUARDED_BY(lock_);
  bool overflowed_ GUARDED_BY(lock_) = false;  // its event stands in the queue
  std::map<i32, Ref<InotifyWatch>> watches_ GUARDED_BY(lock_);
  std::map<const Inode*, i32> by_inode_ GUARDED_BY(lock_);
  i32 last_number_ GUARDED_BY(lock_) = 0;
};

class InotifyFile final : public File {
 public:
  InotifyFile(Path path, u32 flags, Ref<InotifyGroup> group) : File(std::move(path), flags), group_(std::move(group)) {}
  InotifyGroup& group() { return *group_; }
  bool seekable() const override { return false; }
  Result<u64> seek(Task&, i64, int) override { return u64{0}; }  // Linux: noop_llseek
  u32 call_flags(Moves) const override;
  bool can_signal() const override { return true; }
  PollEvents poll(PollTable* table) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;
  std::string describe() override { return group_->describe(); }

 protected:
  Result<usize> try_read(Task&, UserBuffer& to, u64*) override { return group_->read(to); }
  void released() override { group_->close(); }

 private:
  const Ref<InotifyGroup> group_;
};

}  // namespace limen
