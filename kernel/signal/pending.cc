// Queues and dispositions: the data of signals, without tasks.
#include <algorithm>

#include "abi/signal.h"
#include "kernel/signal/signal.h"

namespace limen {
namespace {

// Signals of the guest's own instructions are taken before all others, so that their frames show that instruction.
// Linux: SYNCHRONOUS_MASK.
constexpr SignalSet kSynchronous(signal_bit(sig::segv) | signal_bit(sig::bus) | signal_bit(sig::ill) |
                                 signal_bit(sig::trap) | signal_bit(sig::fpe) | signal_bit(sig::sys));

}  // namespace

Result<SignalCharge> SignalCharge::take(Ref<UserAccount> account, u64 most) {
  if (account->queued_signals.fetch_add(1, std::memory_order_relaxed) >= most) {
    account->queued_signals.fetch_sub(1, std::memory_order_relaxed);
    return Errno::eagain;
  }
  SignalCharge charge;
  charge.account_ = std::move(account);
  return charge;
}

SignalCharge::~SignalCharge() {
  if (account_) account_->queued_signals.fetch_sub(1, std::memory_order_relaxed);
}

void PendingSignals::add(const SignalInfo& info, SignalCharge charge) {
  set_.add(info.signo);
  queue_.push_back({info, std::move(charge)});
}

std::optional<SignalInfo> PendingSignals::take(SignalSet blocked) {
  const SignalSet ready = set_ & ~blocked;
  if (ready.empty()) return std::nullopt;
  const SignalSet synchronous = ready & kSynchronous;
  const Signal next(__builtin_ctzll((synchronous.empty() ? ready : synchronous).bits()) + 1);
  const auto is_next = [next](const Entry& entry) { return entry.info.signo == next; };
  const auto found = std::find_if(queue_.begin(), queue_.end(), is_next);
  if (found == queue_.end()) {
    set_.remove(next);
    return SignalInfo{.signo = next, .code = abi::si_user};
  }
  const SignalInfo info = found->info;
  const auto after = queue_.erase(found);
  if (std::find_if(after, queue_.end(), is_next) == queue_.end()) set_.remove(next);
  return info;
}

void PendingSignals::discard(SignalSet which) {
  if ((set_ & which).empty()) return;
  set_ = set_ & ~which;
  std::erase_if(queue_, [which](const Entry& entry) { return which.has(entry.info.signo); });
}

std::optional<SignalInfo> PendingSignals::peek(usize place) const {
  return place < queue_.size() ? std::optional<SignalInfo>(queue_[place].info) : std::nullopt;
}

bool PendingSignals::has_timer(i32 timer_id) const {
  return std::any_of(queue_.begin(), queue_.end(), [timer_id](const Entry& entry) {
    return entry.info.is_expiry && entry.info.timer_id == timer_id;
  });
}

void PendingSignals::discard_timer(i32 timer_id) {
  const auto found = std::find_if(queue_.begin(), queue_.end(), [timer_id](const Entry& entry) {
    return entry.info.is_expiry && entry.info.timer_id == timer_id;
  });
  if (found == queue_.end()) return;
  const Signal s = found->info.signo;
  queue_.erase(found);
  if (std::none_of(queue_.begin(), queue_.end(), [s](const Entry& entry) { return entry.info.signo == s; }))
    set_.remove(s);
}

SignalAction SignalHandlers::get(Signal s) const {
  MutexGuard guard(lock_);
  return actions_[static_cast<usize>(s.raw() - 1)];
}

SignalAction SignalHandlers::exchange(Signal s, const SignalAction& action) {
  MutexGuard guard(lock_);
  if (action == SignalAction{}) {
    untouched_.add(s);
  } else {
    untouched_.remove(s);
  }
  return std::exchange(actions_[static_cast<usize>(s.raw() - 1)], action);
}

void SignalHandlers::ignore(SignalSet signals) {
  MutexGuard guard(lock_);
  for (i32 s = 1; s <= static_cast<i32>(kSignalMax); ++s) {
    if (!signals.has(Signal(s))) continue;
    actions_[static_cast<usize>(s - 1)].handler = abi::sig_ign;
    untouched_.remove(Signal(s));
  }
}

SignalAction SignalHandlers::take_for_delivery(Signal s) {
  MutexGuard guard(lock_);
  SignalAction& action = actions_[static_cast<usize>(s.raw() - 1)];
  const SignalAction taken = action;
  if ((taken.flags & abi::sa_resethand) != 0 && taken.handler > abi::sig_ign) action.handler = abi::sig_dfl;
  return taken;
}

void SignalHandlers::reset_for_exec() {
  MutexGuard guard(lock_);
  for (SignalAction& action : actions_) {
    action = SignalAction{.handler = action.handler == abi::sig_ign ? abi::sig_ign : abi::sig_dfl};
  }
  untouched_ = SignalSet();
  for (int s = 1; s <= kSignalMax; ++s) {
    if (actions_[static_cast<usize>(s - 1)] == SignalAction{}) untouched_.add(Signal(s));
  }
}

SignalSet SignalHandlers::untouched() const {
  MutexGuard guard(lock_);
  return untouched_;
}

Ref<SignalHandlers> SignalHandlers::clone() const {
  Ref<SignalHandlers> copy = make_ref<SignalHandlers>();
  const auto [actions, untouched] = [this] {
    MutexGuard guard(lock_);
    return std::pair(actions_, untouched_);
  }();
  MutexGuard guard(copy->lock_);
  copy->actions_ = actions;
  copy->untouched_ = untouched;
  return copy;
}

DefaultAction default_action(Signal s) {
  using namespace sig;
  if (s == chld || s == cont || s == urg || s == winch) return DefaultAction::ignore;
  if (s == stop || s == tstp || s == ttin || s == ttou) return DefaultAction::stop;
  if (s == quit || s == ill || s == sig::trap || s == abrt || s == bus || s == fpe || s == segv || s == xcpu ||
      s == xfsz || s == sys) {
    return DefaultAction::core;
  }
  return DefaultAction::terminate;
}

bool is_ignored(const SignalAction& action, Signal s) {
  if (s == sig::kill || s == sig::stop) return false;
  if (action.handler == abi::sig_ign) return true;
  return action.handler == abi::sig_dfl && default_action(s) == DefaultAction::ignore;
}

}  // namespace limen
