#include "cli/inject.h"

#include <gtest/gtest.h>

#include "base/errno.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

TEST(Inject, SaysWhatHappensAndWhen) {
  const InjectRule rule = parse_inject("inject", "openat,close:error=ENOSPC:when=3..9+2");
  EXPECT_TRUE(rule.calls[257] && rule.calls[3] && rule.calls.count() == 2);
  EXPECT_EQ(rule.result, -static_cast<i64>(Errno::enospc));
  EXPECT_EQ(rule.first, 3u);
  EXPECT_EQ(rule.last, 9u);
  EXPECT_EQ(rule.step, 2u);
}

TEST(Inject, WhenAloneMeansOnce) {
  EXPECT_EQ(parse_inject("inject", "read:retval=0:when=5").last, 5u);
  EXPECT_EQ(parse_inject("inject", "read:retval=0:when=5+").last, ~u64{0});
  EXPECT_EQ(parse_inject("inject", "read:retval=0").first, 1u);
}

TEST(Inject, Delays) {
  EXPECT_EQ(parse_inject("inject", "read:delay_enter=5").delay_enter_ns, 5'000u);
  EXPECT_EQ(parse_inject("inject", "read:delay_exit=2ms").delay_exit_ns, 2'000'000u);
  EXPECT_EQ(parse_inject("inject", "read:delay_exit=1.5ms").delay_exit_ns, 1'500'000u);
  EXPECT_EQ(parse_inject("inject", "read:delay_exit=1e3").delay_exit_ns, 1'000'000u);
}

TEST(Inject, PokesArguments) {
  const InjectRule rule = parse_inject("inject", "read:poke_exit=@arg2=4100fF,@arg1=00:poke_enter=@arg6=7f");
  ASSERT_EQ(rule.after.size(), 2u);
  EXPECT_EQ(rule.after[0].argument, 1u);
  EXPECT_EQ(rule.after[0].bytes, std::string("A\0\xff", 3));
  EXPECT_EQ(rule.after[1].argument, 0u);
  ASSERT_EQ(rule.before.size(), 1u);
  EXPECT_EQ(rule.before[0].argument, 5u);
  EXPECT_FALSE(rule.result.has_value());
}

TEST(Inject, ASubstituteIsAPureCallBesideAResult) {
  EXPECT_EQ(parse_inject("inject", "read:syscall=getpid:retval=3").result, 3);
  EXPECT_EQ(parse_inject("inject", "read:error=EIO:syscall=getuid").result, -static_cast<i64>(Errno::eio));
}

TEST(Inject, FaultFailsWithEnosysByDefault) {
  EXPECT_EQ(parse_inject("fault", "read").result, -static_cast<i64>(Errno::enosys));
}

TEST(Inject, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"read",
                           "opneat:error=EIO",
                           "read:error=EWRONG",
                           "read:error=0",
                           "read:retval=-1",
                           "read:signal=NONE",
                           "read:error=EIO:retval=0",
                           "read:delay_enter=x",
                           "read:error=EIO:when=0",
                           "read:colour=1",
                           "read:poke_enter=",
                           "read:poke_enter=@arg1=0",
                           "read:poke_enter=@arg1=zz",
                           "read:poke_enter=arg1=00",
                           "read:poke_enter=@arg7=00",
                           "read:poke_enter=@arg1=00,@arg1=11",
                           "read:poke_exit=@arg1=00:poke_exit=@arg2=00",
                           "read:syscall=getpid",
                           "read:syscall=uname:retval=1",
                           "read:syscall=39:retval=1",
                           "read:delay_enter=nan",
                           "read:delay_enter=1e30",
                           "read:retval=1:when=65536",
                           "read:signal=1:signal=2"}) {
    EXPECT_THROW(parse_inject("inject", text), UsageError) << text;
  }
}

TEST(Chaos, SeedAndProbability) {
  EXPECT_EQ(parse_chaos("7,0.25").seed, 7u);
  EXPECT_DOUBLE_EQ(parse_chaos("7,1%").share, 0.01);
  for (const char* text : {"7", "x,0.1", "7,2", "7,-1", "7,nan", "7,"})
    EXPECT_THROW(parse_chaos(text), UsageError) << text;
}

}  // namespace
}  // namespace limen::cli
