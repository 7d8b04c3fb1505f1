// System V shared memory: a segment is a page store with a name; an attachment is a mapping of a file of it. The segment counts
// its mappings, as Linux does, and goes with the last one after IPC_RMID. Source: shmget(2), shmop(2), shmctl(2), ipc/shm.c.
#pragma once

#include "kernel/ipc/sysv.h"
#include "kernel/mm/page_store.h"
#include "kernel/vfs/file.h"

namespace limen {

class ShmSegment final : public IpcObject, public MappingObserver {
 public:
  // enomem, enospc, einval
  static Result<Ref<IpcObject>> make(Task& task, i32 key, u64 size, u32 flags);
  ~ShmSegment() override;

  PageStore& store() { return *store_; }
  u64 size() const { return size_; }
  // The file that shmat maps: "/SYSV<key> (deleted)" in /proc/PID/maps. `flags`: O_RDONLY or O_RDWR.
  Ref<File> open(Task& task, u32 flags);
  void remove();                                  // IPC_RMID, by who may
  void attached(i32 pid, i64 now);                // shmat
  abi::ShmidDs status(const Task& reader) const;  // under lock(); the pids are kernel numbers still
  void set_locked(bool locked);                   // under lock()

  // The task that made it has ended; 0: none has. Where kernel.shm_rmid_forced is set an orphan goes that nobody has attached.
  void end_with_maker(i32 task);

  void mapping_added(StoreMapper& mapper) override;
  void mapping_removed(StoreMapper& mapper) override;

 private:
  ShmSegment(Task& task, i32 key, u64 size, u32 flags, Ref<PageStore> store, MemoryCharge charge);
  const u64 size_;
  const Ref<PageStore> store_;
  const Ref<IpcTable> table_;
  Kernel& kernel_;
  const i32 creator_;
  i32 maker_ GUARDED_BY(lock_);  // the task; 0: it has ended
  const Ref<IpcSettings> settings_;
  const Path path_;
  const MemoryCharge charge_;
  u64 attachments_ GUARDED_BY(lock_) = 0;
  i32 last_user_ GUARDED_BY(lock_) = 0;
  i64 attached_at_ GUARDED_BY(lock_) = 0, detached_at_ GUARDED_BY(lock_) = 0;
};

void exit_shm(Task& task);                    // exit(2), and where it leaves its IPC namespace. Linux: exit_shm
void remove_orphaned_shm(IpcNamespace& ipc);  // kernel.shm_rmid_forced was set. Linux: shm_destroy_orphaned

// A file that is an attachment: null for others.
ShmSegment* segment_of(File& file);

}  // namespace limen
