#include "kernel/signal/siginfo.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace limen {
namespace {

TEST(SigInfo, ChildHasStatusAndTimes) {
  const abi::SigInfo out = encode_siginfo({.signo = sig::chld,
                                           .code = abi::cld_exited,
                                           .pid = Pid(5),
                                           .uid = Uid(6),
                                           .status = 3,
                                           .utime = 10,
                                           .stime = 20});
  const auto child = out.as<abi::SigInfoChild>();
  EXPECT_EQ(out.signo, 17);
  EXPECT_EQ(out.code, abi::cld_exited);
  EXPECT_EQ(child.pid, 5);
  EXPECT_EQ(child.uid, 6u);
  EXPECT_EQ(child.status, 3);
  EXPECT_EQ(child.stime, 20);
}

TEST(SigInfo, FaultHasOnlyItsAddress) {
  const abi::SigInfo out =
      encode_siginfo({.signo = sig::segv, .code = abi::segv_maperr, .pid = Pid(99), .addr = 0x1234});
  EXPECT_EQ(out.as<abi::SigInfoFault>().addr.raw(), 0x1234u);
  EXPECT_TRUE(std::all_of(out.fields.begin() + 8, out.fields.end(), [](u8 b) { return b == 0; }));
}

TEST(SigInfo, QueuedValueComesBack) {
  abi::SigInfo in{};
  in.code = abi::si_queue;
  in.put(abi::SigInfoQueue{7, 8, 0xdeadbeef});
  const SignalInfo info = decode_siginfo(Signal(40), in);
  EXPECT_EQ(info.value, 0xdeadbeefu);
  const abi::SigInfo out = encode_siginfo(info);
  EXPECT_EQ(out.signo, 40);
  EXPECT_EQ(out.fields, in.fields);
}

TEST(SigInfo, AForgedTimerIsNoExpiry) {
  abi::SigInfo in{};
  in.code = abi::si_timer;
  in.put(abi::SigInfoTimer{3, 4, 5});
  EXPECT_FALSE(decode_siginfo(sig::alrm, in).is_expiry);
}

}  // namespace
}  // namespace limen
