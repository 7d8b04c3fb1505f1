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

TEST(Inject, FaultFailsWithEnosysByDefault) {
  EXPECT_EQ(parse_inject("fault", "read").result, -static_cast<i64>(Errno::enosys));
}

TEST(Inject, RefusesWhatItDoesNotKnow) {
  for (const char* text :
       {"read", "opneat:error=EIO", "read:error=EWRONG", "read:error=0", "read:retval=-1", "read:signal=NONE",
        "read:error=EIO:retval=0", "read:delay_enter=x", "read:error=EIO:when=0", "read:colour=1",
        "read:delay_enter=nan", "read:delay_enter=1e30", "read:retval=1:when=65536", "read:signal=1:signal=2"}) {
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
