// Faults that a program resolves itself, userfaultfd(2): who waits for a page, and who is told. What is registered stands in the VMAs
// (Vma::userfault); the file that reads and answers is kernel/mm/userfault_file.h.
//
//   fault ──▶ Resolution::userfault ──▶ wait(): queued, readers woken, asleep ──▶ wake() of its address ──▶ the access again
//
// A waiter is queued before it looks once more whether the page is still missing, and a page is there before its waiters are woken: so none is
// missed. A signal ends a wait, and the access begins anew when it has been handled.
// Locks: lock_ (rank `ipc`); never held while mm's is taken. Source: fs/userfaultfd.c:handle_userfault.
#pragma once

#include <list>
#include <optional>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/task/wait_queue.h"

namespace limen {

class Task;

class Userfault final : public RefCounted {
 public:
  enum class Kernel : u8 { waits, fails };  // what the kernel's own accesses do: UFFD_USER_MODE_ONLY
  explicit Userfault(Kernel of_kernel) : of_kernel(of_kernel) {}
  const Kernel of_kernel;

  // UFFDIO_API was said: what it agreed on.
  std::optional<u64> features() const;
  Result<void> agree(u64 features);  // einval: twice

  struct Fault {
    u64 addr = 0;
    u64 flags = 0;  // UFFD_PAGEFAULT_FLAG_*
    i32 thread = 0;
  };
  // By the faulting thread. `still` asks its mm once more. erestartsys: a signal came first.
  template <typename Still>
  void wait(Task& task, const Fault& fault, const Still& still);
  void wake(u64 start, u64 end);
  void close();  // of the file: all go on, and fault as everywhere

  std::optional<Fault> next_unread();  // now read
  bool has_unread() const;
  WaitQueue readers;

 private:
  struct Waiter {
    Fault fault;
    bool read = false, woken = false;
  };
  using Place = std::list<Waiter>::iterator;
  Place add(const Fault& fault);
  void sleep(Task& task, Place place);
  void remove(Place place);

  mutable Mutex lock_{LockRank::ipc};
  std::list<Waiter> waiters_ GUARDED_BY(lock_);  // at most one for each thread
  std::optional<u64> features_ GUARDED_BY(lock_);
  bool closed_ GUARDED_BY(lock_) = false;
  WaitQueue faulters_;
};

template <typename Still>
void Userfault::wait(Task& task, const Fault& fault, const Still& still) {
  const Place place = add(fault);
  if (still()) {
    readers.wake(kPollIn);
    sleep(task, place);
  }
  remove(place);
}

}  // namespace limen
