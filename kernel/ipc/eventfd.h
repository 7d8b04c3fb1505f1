// eventfd(2): a 64-bit counter behind a descriptor. Source: fs/eventfd.c.
#pragma once

#include "base/lock.h"
#include "kernel/vfs/file.h"

namespace limen {

class EventFile final : public File {
 public:
  enum class Mode : u8 { counter, semaphore };
  EventFile(Path path, u32 flags, u64 initial, Mode mode);

  bool seekable() const override { return false; }
  Result<u64> seek(Task&, i64, int) override { return u64{0}; }  // Linux: noop_llseek
  u32 call_flags(Moves direction) const override;
  PollEvents poll(PollTable* table) override;
  std::string describe() override;
  // From inside the kernel (io completions): adds 1, saturating one below the maximum.
  void signal();

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override;

 private:
  const Mode mode_;
  mutable Mutex lock_{LockRank::ipc};
  u64 count_ GUARDED_BY(lock_);
  WaitQueue queue_;
};

}  // namespace limen
