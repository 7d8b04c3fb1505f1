// fanotify(7): marks on inodes, mounts and filesystems, the queue of what happened there, and listeners that are asked first.
// Source: fs/notify/fanotify.
//
// A FanotifyGroup is what fanotify_init makes; its file reads the queue and takes answers. Equal events that wait are one; beyond
// kMostQueued (or the sandbox's memory for such things) stands one FAN_Q_OVERFLOW. An event holds an open file's path (its fd is made by
// the read), or with FAN_REPORT_*FID file handles (kernel/vfs/handles.h).
//
// A permission event is asked by the task that would open or read: it waits until a listener has answered, its group has gone (which allows)
// or the task has to die. Nobody is asked about what is done through a descriptor that a group gave out.
//
// Who holds whom: file -> group -> mark -> inode and its filesystem (marks of mounts and filesystems hold neither); list -> mark -> group.
// The cycle ends where the mark does: FAN_MARK_REMOVE, FAN_MARK_FLUSH, the file's end, the end of what is marked.
// Lock: lock_ (rank `ipc`). Only ask() and the reading of an event's file block.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <string>

#include "abi/fanotify.h"
#include "base/lock.h"
#include "kernel/cred/credentials.h"
#include "kernel/ipc/account.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/handles.h"
#include "kernel/vfs/notify.h"

namespace limen {

// Of a mark's mask: what is asked before it is done, what happens to names, and words that say how and are no events.
inline constexpr u32 kFanotifyQuestions = abi::fan_open_perm | abi::fan_access_perm | abi::fan_open_exec_perm;
inline constexpr u32 kFanotifyNames =
    abi::in_create | abi::in_delete | abi::in_moved_from | abi::in_moved_to | abi::fan_rename;
inline constexpr u32 kFanotifyHow = abi::fan_event_on_child | abi::fan_ondir;

class FanotifyMark;

// What a mark is on.
struct FanotifyTarget {
  enum class Kind : u8 { inode, mount, filesystem };
  Kind kind;
  Path path;
};

class FanotifyGroup final : public EventGroup {
 public:
  static constexpr usize kMostQueued = 16384;  // fs.fanotify.max_queued_events
  static constexpr u64 kMostGroups = 128;      // fs.fanotify.max_user_groups

  struct Settings {
    u32 flags = 0;            // FAN_CLASS_*, FAN_REPORT_*, ... of fanotify_init
    u32 event_flags = 0;      // O_* of the descriptors in events
    bool privileged = false;  // made with CAP_SYS_ADMIN
    u64 most_marks = 0;       // fs.fanotify.max_user_marks
  };
  // emfile beyond the user's groups.
  static Result<Ref<FanotifyGroup>> create(MemoryAccount& memory, Ref<UserAccount> user, const Settings& settings);
  FanotifyGroup(MemoryAccount& memory, Ref<UserAccount> user, const Settings& settings);
  ~FanotifyGroup() override;

  const Settings& settings() const { return settings_; }
  bool has(u32 flag) const { return (settings_.flags & flag) != 0; }
  u32 fid_mode() const;

  // fanotify_mark with words that were judged. enospc, eexist, enoent.
  Result<void> add_mark(const FanotifyTarget& target, u32 mask, u32 flags);
  Result<void> remove_mark(const FanotifyTarget& target, u32 mask, u32 flags);
  void flush(FanotifyTarget::Kind kind);
  void close();  // all marks end, all who wait are let through

  void event(const InodeEvent& event, std::span<const Heard> heard) override;
  Result<void> ask(Task& task, const InodeEvent& event, std::span<const Heard> heard) override;
  u32 priority() const override { return settings_.flags & (abi::fan_class_content | abi::fan_class_pre_content); }

  Result<usize> read(Task& task, UserBuffer& to);  // whole events; eagain, einval where the first does not fit, efault
  Result<usize> answer(UserBuffer& from);          // one fanotify_response; enoent: nobody waits for it
  usize bytes() const;                             // FIONREAD: as many as the heads take
  std::string describe() const;
  WaitQueue readers, askers;

 private:
  friend class FanotifyMark;
  struct Event;
  using Key = std::pair<FanotifyTarget::Kind, const void*>;
  static Key key_of(const FanotifyTarget& target);
  Ref<FanotifyMark> take_out(FanotifyMark& mark) REQUIRES(lock_);
  void drop(FanotifyMark& mark);
  // What of the event the marks want, and by which lists.
  struct Wanted {
    u32 mask = 0;
    bool by[5] = {};  // HeardBy
  };
  Wanted wanted(const InodeEvent& event, std::span<const Heard> heard) REQUIRES(lock_);
  Ref<Event> make_event(const InodeEvent& event, const Wanted& wanted) const;
  bool merge(const Event& fresh) REQUIRES(lock_);
  bool queue(const Ref<Event>& event) REQUIRES(lock_);
  Result<Ref<Event>> next(usize room);
  Result<usize> tell(Task& task, UserBuffer& to, const Ref<Event>& event);
  void refuse(const Ref<Event>& question);
  std::vector<u8> infos(const Event& event, i32 pidfd) const;

  MemoryAccount& memory_;
  const Ref<UserAccount> user_;
  const Settings settings_;
  mutable Mutex lock_{LockRank::ipc};
  std::deque<Ref<Event>> events_ GUARDED_BY(lock_);
  std::list<Ref<Event>> asked_ GUARDED_BY(lock_);  // read, and not answered
  bool overflowed_ GUARDED_BY(lock_) = false;
  bool closed_ GUARDED_BY(lock_) = false;
  std::map<Key, Ref<FanotifyMark>> marks_ GUARDED_BY(lock_);
};

class FanotifyFile final : public File {
 public:
  FanotifyFile(Path path, u32 flags, Ref<FanotifyGroup> group)
      : File(std::move(path), flags), group_(std::move(group)) {}
  FanotifyGroup& group() { return *group_; }
  bool seekable() const override { return false; }
  Result<u64> seek(Task&, i64, int) override { return u64{0}; }  // Linux: noop_llseek
  u32 call_flags(Moves) const override;
  PollEvents poll(PollTable* table) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;
  std::string describe() override { return group_->describe(); }

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64*) override { return group_->read(task, to); }
  Result<usize> try_write(Task&, UserBuffer& from, u64*) override { return group_->answer(from); }
  void released() override { group_->close(); }

 private:
  const Ref<FanotifyGroup> group_;
};

}  // namespace limen
