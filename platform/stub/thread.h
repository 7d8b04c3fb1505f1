// A guest thread, from the side of the kernel thread that serves it.
#pragma once

#include <atomic>

#include "platform/stub/pairing.h"
#include "platform/stub/process.h"

namespace limen::platform {

class StubPlatform;

class StubThread final : public GuestThread {
 public:
  StubThread(StubPlatform& platform, Ref<StubProcess> process, const ParkedThread& host);
  ~StubThread() override;

  Entry wait() override;
  void resume_syscall(i64 result) override;
  void resume() override;
  Context save_context() override;
  void load_context(const Context& context) override;
  Registers registers() override;
  void set_registers(const Registers& regs) override;
  void kick() override;
  void set_rseq(const RseqArea& area) override;
  void order_barrier(u32 command, u32 flags, u32 cpu) override;
  void confine(u64 cpus) override { pairing_.confine(cpus); }
  void publish(const Answers::Identity& identity) override;
  void publish(const Answers::UserIds& ids) override;
  void allow_answers(u32 bits) override;
  void publish_limits(std::span<const Answers::Limit, Answers::kLimits> limits) override;
  void publish(const Answers::AltStack& stack) override;
  void publish_affinity(u64 cpus, u32 count) override;
  void publish_default_actions(u64 signals) override;
  void publish(const Answers::Opened& opened) override;
  void withdraw_opened() override;
  void set_mask(u64 mask) override;
  u64 mask() override;
  void set_robust_list(u64 head) override;
  u64 robust_list() override;

  Counters counters() const;
  // The housekeeper's.
  u64 crossings() const { return crossings_.load(std::memory_order_relaxed); }
  bool bound_and_running() const {
    return (state_.load(std::memory_order_relaxed) & kInGuest) != 0 && pairing_.bound();
  }
  Pairing& pairing() { return pairing_; }
  void tick(bool let_go) { pairing_.tick((state_.load(std::memory_order_relaxed) & kInGuest) != 0, let_go); }

 private:
  // Bits of state_.
  static constexpr u32 kInGuest = 1;  // the guest has been answered and has not come back
  static constexpr u32 kKicked = 2;   // kick() wants an interrupt

  bool wait_for_post();
  Entry take_entry();
  void need_frame();
  void answer(u32 flags);
  void send(u32 flags);
  bool await_post(const timespec* until = nullptr);
  u32 order_rseq(u32 flags);
  void count(std::atomic<u64>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  StubPlatform& platform_;
  const Ref<StubProcess> process_;
  const u32 slot_index_;
  const int tid_;
  const SlotView view_;
  wire::Slot* const slot_;
  Pairing pairing_;

  u32 seen_;               // the post that is being served
  u64 frame_ = 0;          // where the guest's registers are
  bool own_frame_ = true;  // ... in a frame that we built, not the one the guest came with
  bool patched_ = false;   // ... or in no frame at all: the guest came through a patched site
  u64 orig_rax_ = ~u64{0};
  bool interrupted_ = false;  // a kick came before the answer went out: the next wait() says so
  RseqArea rseq_;             // what the guest wants
  bool rseq_kept_ = false;    // the host keeps it
  bool barrier_ = false;      // one goes out with the next answer
  Entry last_;
  u64 answered_before_ = 0;  // by the slot's former owner
  std::atomic<u32> state_{0};

  std::atomic<u64> crossings_{0}, trapped_{0}, patched_calls_{0}, hot_{0}, cold_{0}, faults_{0}, interrupts_{0};
};

}  // namespace limen::platform
