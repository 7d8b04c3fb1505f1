// One event of a fanotify group, and the mark that asked for it: shared by the group's sources alone.
#pragma once

#include <optional>

#include "kernel/ipc/fanotify.h"
#include "kernel/task/task.h"

namespace limen {

struct FanotifyGroup::Event final : public RefCounted {
  u32 mask = 0;
  Pid pid;          // of the kernel's; 0: nobody's
  Ref<Task> actor;  // for FAN_REPORT_PIDFD
  Path path;        // without FAN_REPORT_*FID
  u64 fsid = 0;     // these with it
  std::optional<EncodedHandle> directory, to_directory, object;
  std::string name, to_name;
  u64 hash = 0;
  MemoryCharge charge;

  bool is_overflow = false, is_question = false;
  // Of a question, under the group's lock:
  i32 fd = -1;  // by which it is answered, once it was read
  std::optional<Result<void>> answer;

  bool is_same(const Event& other) const;
};

class FanotifyMark final : public InodeWatcher {
 public:
  FanotifyMark(Ref<FanotifyGroup> group, const FanotifyTarget& target, MemoryCharge charge);
  void event(const InodeEvent&) override {}  // its group is told
  void inode_gone() override { group_->drop(*this); }
  Ref<EventGroup> group() override { return group_; }
  void leave() { list_->remove(*this); }
  WatchList& list() { return *list_; }
  const FanotifyGroup::Key& key() const { return key_; }
  Inode* inode() const { return inode_.get(); }
  std::string describe() const;

  u32 mask = 0, ignored = 0;  // these under the group's lock
  u32 flags = 0;              // FAN_MARK_IGNORE, _IGNORED_SURV_MODIFY, _EVICTABLE
  bool ended = false;

 private:
  const Ref<FanotifyGroup> group_;
  const FanotifyGroup::Key key_;
  const MemoryCharge charge_;
  const u32 mount_id_;
  const Device device_;
  const Ref<Filesystem> filesystem_;  // of an inode's mark; an inode refers to it without holding it
  const Ref<Inode> inode_;
  const Ref<WatchList> list_;
};

}  // namespace limen
