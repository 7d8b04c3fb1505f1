#include <gtest/gtest.h>

#include "abi/signal.h"
#include "kernel/signal/signal.h"

namespace limen {
namespace {

SignalInfo with_value(Signal s, u64 value) { return SignalInfo{.signo = s, .code = abi::si_queue, .value = value}; }

TEST(PendingSignals, TakesTheLowestNumberFirst) {
  PendingSignals pending;
  pending.add(with_value(sig::usr2, 0));
  pending.add(with_value(sig::hup, 0));
  EXPECT_EQ(pending.take({})->signo, sig::hup);
  EXPECT_EQ(pending.take({})->signo, sig::usr2);
  EXPECT_FALSE(pending.take({}).has_value());
}

TEST(PendingSignals, TakesFaultsBeforeAllOthers) {
  PendingSignals pending;
  pending.add(with_value(sig::hup, 0));
  pending.add(with_value(sig::segv, 0));
  EXPECT_EQ(pending.take({})->signo, sig::segv);
}

TEST(PendingSignals, KeepsRealTimeSignalsInOrder) {
  PendingSignals pending;
  for (u64 i = 0; i < 3; ++i) pending.add(with_value(Signal(40), i));
  for (u64 i = 0; i < 3; ++i) {
    EXPECT_TRUE(pending.set().has(Signal(40)));
    EXPECT_EQ(pending.take({})->value, i);
  }
  EXPECT_FALSE(pending.set().has(Signal(40)));
}

TEST(PendingSignals, LeavesBlockedOnes) {
  PendingSignals pending;
  pending.add(with_value(sig::hup, 0));
  EXPECT_FALSE(pending.take(SignalSet::of(sig::hup)).has_value());
  pending.discard(SignalSet::of(sig::hup));
  EXPECT_TRUE(pending.set().empty());
  EXPECT_EQ(pending.queued(), 0u);
}

TEST(PendingSignals, BareSignalSaysItCameFromAUser) {
  PendingSignals pending;
  pending.add_bare(Signal(50));
  const std::optional<SignalInfo> info = pending.take({});
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->signo, Signal(50));
  EXPECT_EQ(info->code, abi::si_user);
  EXPECT_TRUE(pending.set().empty());
}

TEST(PendingSignals, ChargesEndWithTheirEntry) {
  UserNamespace users;
  const Ref<UserAccount> account = users.account(Uid(7));
  PendingSignals pending;
  Result<SignalCharge> charge = SignalCharge::take(account, 1);
  ASSERT_TRUE(charge.ok());
  pending.add(with_value(Signal(40), 1), std::move(charge).value());
  EXPECT_TRUE(SignalCharge::take(account, 1).is(Errno::eagain));
  EXPECT_EQ(account->queued_signals.load(), 1u);
  (void)pending.take({});
  EXPECT_EQ(account->queued_signals.load(), 0u);
}

TEST(SignalHandlers, ExecKeepsIgnoredAndResetHandReset) {
  SignalHandlers handlers;
  handlers.exchange(sig::hup, {.handler = abi::sig_ign});
  handlers.exchange(sig::usr1, {.handler = 0x1000, .flags = abi::sa_resethand});
  EXPECT_EQ(handlers.take_for_delivery(sig::usr1).handler, 0x1000u);
  EXPECT_EQ(handlers.get(sig::usr1).handler, abi::sig_dfl);
  handlers.exchange(sig::usr2, {.handler = 0x2000});
  const Ref<SignalHandlers> copy = handlers.clone();
  copy->reset_for_exec();
  EXPECT_EQ(copy->get(sig::hup).handler, abi::sig_ign);
  EXPECT_EQ(copy->get(sig::usr2).handler, abi::sig_dfl);
  EXPECT_EQ(handlers.get(sig::usr2).handler, 0x2000u);
}

TEST(DefaultAction, IsThatOfSignal7) {
  EXPECT_TRUE(is_ignored({}, sig::chld));
  EXPECT_FALSE(is_ignored({}, sig::term));
  EXPECT_TRUE(is_ignored({.handler = abi::sig_ign}, sig::term));
  EXPECT_FALSE(is_ignored({.handler = abi::sig_ign}, sig::kill));
  EXPECT_EQ(default_action(sig::tstp), DefaultAction::stop);
  EXPECT_EQ(default_action(sig::segv), DefaultAction::core);
  EXPECT_EQ(default_action(Signal(34)), DefaultAction::terminate);
}

}  // namespace
}  // namespace limen
