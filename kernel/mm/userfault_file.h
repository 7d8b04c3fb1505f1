// The file of userfaultfd(2): tells of faults (read), and how they are resolved (ioctl). Of whoever made it; it may be another process that reads and answers,
// as long as the address space is there.
#pragma once

#include "kernel/mm/mm.h"
#include "kernel/mm/userfault.h"
#include "kernel/vfs/file.h"

namespace limen {

class UserfaultFile final : public File {
 public:
  UserfaultFile(Path path, u32 flags, Ref<Mm::Handle> of, Userfault::Kernel of_kernel);
  bool seekable() const override { return false; }
  PollEvents poll(PollTable* table) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  void released() override;

 private:
  Result<Ref<Mm>> mm() const;  // esrch: it has ended
  Result<void> agree(Task& task, GuestAddr argument);
  Result<void> register_range(Task& task, GuestAddr argument);
  Result<void> unregister_range(Task& task, GuestAddr argument);
  Result<void> wake_range(Task& task, GuestAddr argument);
  Result<void> copy_pages(Task& task, GuestAddr argument);
  Result<void> zero_pages(Task& task, GuestAddr argument);
  Result<void> protect_range(Task& task, GuestAddr argument);

  const Ref<Mm::Handle> of_;
  const Ref<Userfault> faults_;
};

// The thread meets what a program resolves: waits. False where a signal is to be raised instead (UFFD_FEATURE_SIGBUS).
bool wait_for_user(Task& task, const FaultOutcome& fault);
// A copy of this kernel thread's ended at such a page since it was asked last: the outcome of a fault there.
bool has_met_userfault();
std::optional<FaultOutcome> take_userfault();

}  // namespace limen
