#include "platform/stub/thread.h"

#include <linux/rseq.h>

#include "host/clock.h"
#include "host/futex.h"
#include "platform/sleeper.h"
#include "platform/stub/stub_platform_impl.h"

namespace limen::platform {
namespace {

using host::FutexScope;

// A guest that has not come one to two times so long after a kick is killed.
constexpr i64 kPatienceNs = 1'500'000'000;

// Each word of a slot is read by exactly one of these.
u32 read(const u32& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }
u64 read(const u64& word) { return __atomic_load_n(&word, __ATOMIC_RELAXED); }
void write(u32& word, u32 value) { __atomic_store_n(&word, value, __ATOMIC_RELAXED); }
void write(u64& word, u64 value) { __atomic_store_n(&word, value, __ATOMIC_RELAXED); }

}  // namespace

StubThread::StubThread(StubPlatform& platform, Ref<StubProcess> process, const ParkedThread& host)
    : platform_(platform),
      process_(std::move(process)),
      slot_index_(host.slot_index),
      tid_(host.tid),
      view_(process_->slot(host.slot_index)),
      slot_(view_.header()),
      pairing_(platform.cpus(), *process_, host.tid, slot_),
      seen_(host.post),
      patched_(host.in_call) {
  load_context({});
  allow_answers(0);
  withdraw_opened();
  answered_before_ = read(slot_->answered);
  __atomic_store_n(&slot_->own_gs, platform.patching() ? 0 : 1, __ATOMIC_RELAXED);
  write(slot_->rseq.addr, 0);
  set_mask(0);
  set_robust_list(0);
  platform_.attach(this);
}

StubThread::~StubThread() {
  platform_.detach(this);
  if (process_->dead()) return;
  const timespec until = host::to_timespec(host::monotonic_ns() + 10'000'000);
  if ((state_.load() & kInGuest) != 0) {
    // It is in guest code. Call it in; one that does not come keeps its slot until the process ends.
    kick();
    if (!await_post(&until)) return;
    seen_ = read(slot_->post);
    patched_ = read(slot_->kind) == wire::kEntryPatched;
  }
  if (rseq_kept_) return;  // nobody says when its area is unmapped: it sleeps until the process ends
  process_->park({slot_index_, tid_, seen_, patched_});
}

// True when the guest has posted, false when it is dead. Guest code that is kicked comes at once, unless it has blocked the
// signal behind our back or sleeps on a slot that it scribbled over: then nothing but its death brings it, and the word
// that kills its task must hold.
bool StubThread::wait_for_post() {
  bool slept = false;
  const bool hot = read(slot_->post) != seen_ || pairing_.poll(seen_);
  count(hot ? hot_ : cold_);
  if (!hot) Sleeper::wake_gathered();
  if (!hot && !pairing_.take_turns(seen_)) {
    slept = true;
    __atomic_store_n(&slot_->kernel_sleeps, 1, __ATOMIC_SEQ_CST);
    for (bool was_kicked = false; read(slot_->post) == seen_;) {
      if (process_->dead()) return false;
      const timespec until = host::to_timespec(host::monotonic_ns() + kPatienceNs);
      if (!host::futex_wait(&slot_->post, seen_, FutexScope::shared, &until).is(Errno::etimedout)) continue;
      const bool kicked = (state_.load(std::memory_order_relaxed) & kKicked) != 0;
      if (kicked && was_kicked) process_->kill();
      was_kicked = kicked;
    }
    __atomic_store_n(&slot_->kernel_sleeps, 0, __ATOMIC_RELAXED);
  }
  if (process_->dead()) return false;
  pairing_.entered(read(slot_->cpu), slept);
  return true;
}

Entry StubThread::wait() {
  pairing_.serve_from_this_thread();
  if (interrupted_) {
    interrupted_ = false;
    last_.kind = Entry::Kind::interrupt;
    count(interrupts_);
    return last_;
  }
  if (process_->dead() || !wait_for_post()) {
    last_ = Entry{};
    return last_;
  }
  seen_ = read(slot_->post);
  state_.store(0);
  count(crossings_);
  return take_entry();
}

Entry StubThread::take_entry() {
  frame_ = read(slot_->frame);
  own_frame_ = patched_ = false;
  orig_rax_ = ~u64{0};
  Entry entry;
  const u32 cpu = read(slot_->cpu);
  entry.cpu = platform_.cpus().usable(cpu) ? cpu : 0;
  entry.ip = read(slot_->ip);
  entry.sp = read(slot_->sp);
  switch (read(slot_->kind)) {
    case wire::kEntrySyscall:
      entry.kind = Entry::Kind::syscall;
      entry.nr = orig_rax_ = read(slot_->nr);
      for (usize i = 0; i < std::size(entry.args); ++i) entry.args[i] = read(slot_->args[i]);
      if (entry.nr == SYS_exit) rseq_kept_ = false;  // the gate saw to it
      count(trapped_);
      break;
    case wire::kEntryPatched:
      entry.kind = Entry::Kind::syscall;
      entry.patched = patched_ = true;
      entry.nr = orig_rax_ = read(slot_->nr);
      for (usize i = 0; i < std::size(entry.args); ++i) entry.args[i] = read(slot_->args[i]);
      count(patched_calls_);
      break;
    case wire::kEntryFault: {
      const u32 signo = read(slot_->signo);
      entry.kind = Entry::Kind::fault;
      // Only what a guest's instruction can raise; a forged number is the worst of them.
      const bool known = signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL || signo == SIGTRAP;
      entry.signo = known ? static_cast<int>(signo) : SIGSEGV;
      entry.code = static_cast<int>(read(slot_->code));
      entry.addr = read(slot_->addr);
      entry.error_code = read(slot_->error_code);
      entry.trapno = read(slot_->trapno);
      count(faults_);
      break;
    }
    default:
      entry.kind = Entry::Kind::interrupt;
      count(interrupts_);
      break;
  }
  last_ = entry;
  return entry;
}

// Sends the guest on its way, unless a kick wants it back at once.
void StubThread::answer(u32 flags) {
  if ((state_.fetch_or(kInGuest) & kKicked) != 0) {
    if (patched_) {
      flags |= wire::kResumeInterrupt;  // it comes back with a frame, in which the result stands
    } else {
      state_.store(0);
      interrupted_ = true;
      Sleeper::wake_gathered();
      if ((flags & wire::kResumeResult) != 0) {
        Registers regs = registers();
        regs.rax = slot_->result;
        set_registers(regs);
      }
      return;
    }
  }
  pairing_.answering();
  platform_.guest_runs();
  if (rseq_.addr != 0 && !rseq_kept_) flags |= order_rseq(0);
  if (std::exchange(barrier_, false)) flags |= wire::kResumeBarrier;
  // On one CPU the guest may keep it for long once it is answered.
  if (!pairing_.hot()) Sleeper::wake_gathered();
  send(flags);
  Sleeper::wake_hurried(false);
}

void StubThread::send(u32 flags) {
  __atomic_store_n(&slot_->resume_flags, flags, __ATOMIC_RELAXED);
  __atomic_store_n(&slot_->reply, seen_, __ATOMIC_SEQ_CST);
  const bool guest_sleeps = read(slot_->guest_sleeps) != 0;
  if (guest_sleeps) host::futex_wake(&slot_->reply, 1, FutexScope::shared);
  pairing_.answered(guest_sleeps);
}

void StubThread::resume_syscall(i64 result) {
  if (own_frame_) {
    Registers regs = registers();
    regs.rax = static_cast<u64>(result);
    set_registers(regs);
    return answer(0);
  }
  __atomic_store_n(&slot_->result, static_cast<u64>(result), __ATOMIC_RELAXED);
  answer(wire::kResumeResult);
}

void StubThread::resume() { answer(0); }

// The guest is in the gate, on its way back to us. False: it is dead, or late.
bool StubThread::await_post(const timespec* until) {
  Sleeper::wake_gathered();
  while (read(slot_->post) == seen_) {
    if (process_->dead()) return false;
    if (pairing_.poll(seen_) || pairing_.take_turns(seen_)) break;
    __atomic_store_n(&slot_->kernel_sleeps, 1, __ATOMIC_SEQ_CST);
    const Result<void> woken =
        read(slot_->post) == seen_ ? host::futex_wait(&slot_->post, seen_, FutexScope::shared, until) : Result<void>();
    __atomic_store_n(&slot_->kernel_sleeps, 0, __ATOMIC_RELAXED);
    if (woken.is(Errno::etimedout)) return false;
  }
  return true;
}

// Writes the order that goes out with the next answer.
u32 StubThread::order_rseq(u32 flags) {
  rseq_kept_ = flags == 0;
  write(slot_->rseq.length, rseq_.length), write(slot_->rseq.signature, rseq_.signature);
  write(slot_->rseq.flags, flags);
  write(slot_->rseq.addr, rseq_.addr);
  return wire::kResumeRseq;
}

void StubThread::order_barrier(u32 command, u32 flags, u32 cpu) {
  write(slot_->barrier.command, command), write(slot_->barrier.flags, flags);
  write(slot_->barrier.cpu, cpu);
  barrier_ = true;
}

void StubThread::set_rseq(const RseqArea& area) {
  if (area == rseq_) return;
  if (rseq_kept_) {
    send(order_rseq(RSEQ_FLAG_UNREGISTER) | wire::kResumeAgain);
    const timespec until = host::to_timespec(host::monotonic_ns() + kPatienceNs);
    if (!await_post(&until)) process_->kill();
    seen_ = read(slot_->post);
    count(crossings_);
  }
  write(slot_->rseq.addr, 0);
  rseq_ = area;
}

// A thread that came through a patched site has its registers where they were: asks it to come back with a frame. A guest
// that does not is not heard any more; its registers are of no use to anybody but itself.
void StubThread::need_frame() {
  if (!patched_) return;
  __atomic_store_n(&slot_->result, orig_rax_, __ATOMIC_RELAXED);  // the frame's RAX: still the number
  answer(wire::kResumeInterrupt);
  patched_ = false;
  if (!await_post()) return;
  seen_ = read(slot_->post);
  frame_ = read(slot_->frame);
  count(crossings_);
  count(interrupts_);
  state_.fetch_and(~kInGuest);  // who kicked meanwhile still gets an interrupt
}

Registers StubThread::registers() {
  need_frame();
  Registers regs{};
  if (!read_registers(view_, frame_, regs)) {
    regs.rip = last_.ip;
    regs.rsp = last_.sp;
  }
  regs.orig_rax = orig_rax_;
  return regs;
}

void StubThread::set_registers(const Registers& regs) {
  need_frame();
  orig_rax_ = regs.orig_rax;
  if (write_registers(view_, frame_, regs)) return;
  load_context({regs, {}});
}

Context StubThread::save_context() {
  need_frame();
  return {registers(), read_xstate(view_, frame_)};
}

void StubThread::load_context(const Context& context) {
  need_frame();
  orig_rax_ = context.regs.orig_rax;
  frame_ = build_frame(view_, context.regs, context.xstate);
  own_frame_ = true;
  __atomic_store_n(&slot_->frame, frame_, __ATOMIC_RELAXED);
}

void StubThread::kick() {
  const u32 before = state_.fetch_or(kKicked);
  if ((before & kInGuest) != 0 && (before & kKicked) == 0) process_->kick(tid_);
}

void StubThread::publish(const Answers::Identity& identity) {
  write(slot_->pid, identity.pid), write(slot_->tid, identity.tid), write(slot_->ppid, identity.ppid);
  write(slot_->pgrp, identity.pgrp), write(slot_->sid, identity.sid);
}

void StubThread::publish(const Answers::UserIds& ids) {
  write(slot_->uid, ids.uid), write(slot_->euid, ids.euid);
  write(slot_->gid, ids.gid), write(slot_->egid, ids.egid);
}

void StubThread::allow_answers(u32 bits) { __atomic_store_n(&slot_->answers, bits, __ATOMIC_SEQ_CST); }

// One writer at a time: the words belong to one task, and its lock is held. The version may have been scribbled over.
void StubThread::publish_limits(std::span<const Answers::Limit, Answers::kLimits> limits) {
  static_assert(Answers::kLimits == wire::kLimits);
  const u32 version = read(slot_->limits_version) | 1;
  __atomic_store_n(&slot_->limits_version, version, __ATOMIC_SEQ_CST);
  for (usize i = 0; i < limits.size(); ++i) {
    write(slot_->limits[i][0], limits[i].soft);
    write(slot_->limits[i][1], limits[i].hard);
  }
  __atomic_store_n(&slot_->limits_version, version + 1, __ATOMIC_RELEASE);
}

void StubThread::publish(const Answers::AltStack& stack) {
  write(slot_->altstack_sp, stack.sp), write(slot_->altstack_size, stack.size);
  write(slot_->altstack_flags, stack.flags);
}

void StubThread::publish_affinity(u64 cpus, u32 count) {
  write(slot_->affinity, cpus);
  write(slot_->cpus, count);
}

void StubThread::publish_default_actions(u64 signals) { write(slot_->default_actions, signals); }

void StubThread::publish(const Answers::Opened& opened) {
  write(slot_->opened.flags, opened.flags), write(slot_->opened.fd_flags, opened.fd_flags);
  write(slot_->opened.openings, opened.openings);
  for (usize i = 0; i < opened.stat.size(); ++i) write(slot_->opened.stat[i], opened.stat[i]);
  write(slot_->opened.fd, opened.fd);
}

void StubThread::withdraw_opened() { write(slot_->opened.fd, ~u32{0}); }

void StubThread::set_mask(u64 mask) {
  write(slot_->known_mask, mask);
  write(slot_->mask, mask);
}

u64 StubThread::mask() { return read(slot_->mask); }

void StubThread::set_robust_list(u64 head) { write(slot_->robust_list, head); }

u64 StubThread::robust_list() { return read(slot_->robust_list); }

Counters StubThread::counters() const {
  Counters c;
  c.crossings = crossings_.load(std::memory_order_relaxed);
  c.syscalls_trapped = trapped_.load(std::memory_order_relaxed);
  c.syscalls_patched = patched_calls_.load(std::memory_order_relaxed);
  c.syscalls_answered = read(slot_->answered) - answered_before_;
  c.hot = hot_.load(std::memory_order_relaxed);
  c.cold = cold_.load(std::memory_order_relaxed);
  c.faults = faults_.load(std::memory_order_relaxed);
  c.interrupts = interrupts_.load(std::memory_order_relaxed);
  return c;
}

}  // namespace limen::platform
