#include "abi/params.h"

#include <gtest/gtest.h>

#include "abi/aio.h"
#include "abi/capability.h"
#include "abi/fcntl.h"
#include "abi/futex.h"
#include "abi/io_uring.h"
#include "abi/ipc.h"
#include "abi/mman.h"
#include "abi/mount.h"
#include "abi/poll.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "abi/socket.h"
#include "abi/stat.h"
#include "abi/sysinfo.h"
#include "abi/time.h"
#include "abi/utsname.h"
#include "abi/x86_64/stat.h"
#include "abi/xattr.h"

namespace limen {
namespace {

TEST(FromRegister, IntParametersTakeTheLowHalfAsLinuxDoes) {
  EXPECT_EQ(from_register<int>(0xffff'ffffULL), -1);
  EXPECT_EQ(from_register<int>(0x1234'0000'0003ULL), 3);
  EXPECT_EQ(from_register<Fd>(0xffff'ff9cULL), Fd(-100));
  EXPECT_EQ(from_register<Fd>(0x1'0000'0000ULL), Fd(0));
  EXPECT_EQ(from_register<OpenFlags>(0xffff'ffff'0000'0001ULL), OpenFlags(1));
}

TEST(FromRegister, ModesAreSixteenBits) { EXPECT_EQ(from_register<FileMode>(0x1'81a4ULL), FileMode(0x81a4)); }

TEST(FromRegister, LongParametersKeepTheWholeRegister) {
  EXPECT_EQ(from_register<usize>(~0ULL), ~usize{0});
  EXPECT_EQ(from_register<Off>(~0ULL), Off{-1});
  EXPECT_EQ(from_register<MmapProt>(1ULL << 40), MmapProt(1ULL << 40));
  EXPECT_EQ(from_register<PtraceOp>(~0ULL), PtraceOp(-1));
  EXPECT_EQ(from_register<GuestAddr>(0x7fff'0000'0000ULL), GuestAddr(0x7fff'0000'0000ULL));
}

struct PointerLike {
  explicit constexpr PointerLike(GuestAddr a) : addr(a) {}
  GuestAddr addr;
};
TEST(FromRegister, APointerIsMadeFromItsAddress) {
  EXPECT_EQ(from_register<PointerLike>(0x1000).addr, GuestAddr(0x1000));
}

TEST(Flags, TellsAllFromAnyAndFindsUnknownBits) {
  OpenFlags f(0b0110);
  EXPECT_TRUE(f.has(0b0110));
  EXPECT_FALSE(f.has(0b0111));
  EXPECT_TRUE(f.any(0b0111));
  EXPECT_FALSE(f.any(0b1001));
  EXPECT_EQ(f.unknown(0b0010), 0b0100u);
  EXPECT_EQ(f.with(1).without(0b0100), OpenFlags(0b0011));
  EXPECT_TRUE(OpenFlags{}.empty());
}

static_assert(!std::is_convertible_v<OpenFlags, AtFlags>);
static_assert(!std::is_convertible_v<int, OpenFlags>);
static_assert(!std::is_same_v<Whence, FcntlCmd>);

// Each structure that a row names is defined, and its bytes are all its own: none leaks the kernel's memory.
template <typename... Structures>
constexpr bool kAllCopyable = ((std::is_trivially_copyable_v<Structures> &&
                                std::has_unique_object_representations_v<Structures>)&&...);
static_assert(
    kAllCopyable<abi::Cachestat, abi::CachestatRange, abi::CapData, abi::CapHeader, abi::CloneArgs, abi::EpollEvent,
                 abi::FdPair, abi::FileHandle, abi::FutexWaitV, abi::ITimerSpec, abi::ITimerVal, abi::IoEvent,
                 abi::IoUringParams, abi::IoVec, abi::MMsgHdr, abi::MntIdReq, abi::MountAttr, abi::MqAttr, abi::MsgHdr,
                 abi::NsIdReq, abi::OpenHow, abi::PollFd, abi::RLimit, abi::RUsage, abi::SchedAttr, abi::SchedParam,
                 abi::SemBuf, abi::SigAction, abi::SigEvent, abi::SigInfo, abi::SigSet, abi::SigSetArg, abi::StackT,
                 abi::Stat, abi::StatFs, abi::Statx, abi::SysInfo, abi::TimeSpec, abi::TimeVal, abi::TimeZone,
                 abi::Timex, abi::Tms, abi::UStat, abi::UtimBuf, abi::UtsName, abi::XattrArgs>);

}  // namespace
}  // namespace limen
