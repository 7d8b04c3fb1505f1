// A guest's host process: its mapping thread's orders, its guest threads' slots, its death.
//
// Locks: `mutex_` (rank space) is held for a batch of orders, which includes the mapping thread's answer. `slots_mutex_`
// (leaf) guards the list of slots and the right to name host thread ids: a tid is used only while the process is not reaped.
#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "host/handle.h"
#include "platform/platform.h"
#include "platform/stub/control.h"
#include "platform/stub/frame.h"

namespace limen::platform {

class StubThread;

// A host thread of the process that waits in its slot for a kernel thread. Host threads never end before their process:
// a guest thread that exits leaves its host thread parked, and the next one takes it over. So the gate's list needs no
// `exit`, and a thread id is nobody else's as long as the process lives.
struct ParkedThread {
  u32 slot_index = 0;
  int tid = 0;
  u32 post = 0;          // what its slot's `post` says while it is parked
  bool in_call = false;  // it waits in the gate for the answer to a call from a patched site
};

class StubProcess final : public RefCounted {
 public:
  // `public_fd`: the kernel's descriptor of what the process has under LIMEN_FD_PUBLIC; -1: nothing.
  StubProcess(Control& control, u32 order_index, int pid, int public_fd);
  ~StubProcess() override;  // the process is dead: gives its slots and order page back

  // Waits until the stub stands and takes its listener. esrch when it died on the way.
  Result<void> connect();

  // See Space::apply. Until settle(), orders are gathered: nobody runs in the process who could see what they do.
  Result<void> apply(std::span<const MapOrder> orders);
  // Carries out what was gathered, once, before the first guest thread.
  Result<void> settle();
  Result<ParkedThread> take_thread();
  void park(const ParkedThread& thread);

  void kill();
  // It has ended: reaps, then wakes every kernel thread that waits for a guest thread of this process. By the reaper, and by who waits.
  void on_death();
  void wait_dead();
  bool dead() const { return dead_.load(std::memory_order_acquire) != 0; }

  // Sends the kick; pins. Nothing when the process is dead.
  void kick(int tid);
  u32& futex_waiters() { return control_.order_page(order_index_)->futex_waiters; }
  void set_affinity(int tid, const void* mask, usize size);

  int pid() const { return pid_; }
  const host::Handle& pidfd() const { return pidfd_; }
  SlotView slot(u32 index) { return {control_.slot_base(index), Control::slot_guest_address(index)}; }

  std::atomic<u64> map_batches{0}, map_orders{0};

 private:
  class Batch;
  struct Report {
    u64 done;    // orders carried out
    i64 result;  // of the last one, or the error of the one after them
  };
  Result<Report> receive() REQUIRES(mutex_);
  struct Loan {
    int host_fd;
    int number;  // in the guest's process
  };
  Result<Report> run(std::span<const wire::OrderPage::Order> orders, std::optional<Loan> loan = {}) REQUIRES(mutex_);
  void bring_mapper() REQUIRES(mutex_);
  Result<void> lend_file(const Loan& loan, u32 flags) REQUIRES(mutex_);
  Result<void> flush(Batch& batch) REQUIRES(mutex_);
  Result<void> add(Batch& batch, const MapOrder& order) REQUIRES(mutex_);

  Control& control_;
  const u32 order_index_;
  const int pid_;
  const int public_fd_;
  host::Handle pidfd_;
  host::Handle listener_;

  Mutex mutex_{LockRank::space};
  u64 report_id_ GUARDED_BY(mutex_) = 0;                // the report that waits for its answer
  int mapper_cpu_ GUARDED_BY(mutex_) = -1;              // the mapping thread is bound to it
  std::unique_ptr<Batch> gathered_ GUARDED_BY(mutex_);  // null once settled

  Mutex slots_mutex_{LockRank::leaf};
  std::vector<u32> slots_ GUARDED_BY(slots_mutex_);
  std::vector<ParkedThread> parked_ GUARDED_BY(slots_mutex_);
  bool reaped_ GUARDED_BY(slots_mutex_) = false;
  std::atomic<u32> dead_{0};
};

}  // namespace limen::platform
