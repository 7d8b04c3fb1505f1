// The parameter types of system calls, as the rows of abi/syscalls.def name them.
//
// A type of its own for each kind of word, for two reasons: openat(dirfd, path, mode, flags) must not compile, and the
// trace decoder finds how to print a word by its type alone. Three shapes:
//   Strong<Tag, Rep>  one number out of a list (Whence, FcntlCmd); switch over raw()
//   Flags<Tag, Rep>   a set of bits (OpenFlags); has(), any(), unknown()
//   User...           a place in guest memory; declared here, defined in kernel/mm/user_ptr.h
//
// Rep is the width that Linux's own prototype has (include/linux/syscalls.h): from_register() cuts the register to it,
// so open(path, 0xffffffff00000000, 0) has no flags here as there.
#pragma once

#include <concepts>
#include <type_traits>

#include "base/types.h"

namespace limen {

template <typename Tag, typename Rep>
class Flags {
 public:
  static_assert(std::is_unsigned_v<Rep>);
  using rep = Rep;
  constexpr Flags() = default;
  constexpr explicit Flags(Rep bits) : bits_(bits) {}
  constexpr Rep raw() const { return bits_; }
  constexpr bool has(Rep all) const { return (bits_ & all) == all; }  // every one of these bits
  constexpr bool any(Rep some) const { return (bits_ & some) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr Rep unknown(Rep known) const { return static_cast<Rep>(bits_ & ~known); }  // what a call must refuse
  constexpr Flags with(Rep bits) const { return Flags(static_cast<Rep>(bits_ | bits)); }
  constexpr Flags without(Rep bits) const { return Flags(static_cast<Rep>(bits_ & ~bits)); }
  constexpr bool operator==(const Flags&) const = default;

 private:
  Rep bits_{};
};

using Off = i64;  // loff_t: a position in a file, in bytes

// A number out of a list. Values: abi/<subject>.h.
using ArchPrctlOp = Strong<struct ArchPrctlOpTag, i32>;        // ARCH_SET_FS: abi/prctl.h
using BpfCmd = Strong<struct BpfCmdTag, i32>;                  // BPF_PROG_LOAD
using ClockId = Strong<struct ClockIdTag, i32>;                // CLOCK_MONOTONIC: abi/time.h
using DevNumber = Strong<struct DevNumberTag, u32>;            // dev_t as mknod(2) takes it: abi/stat.h
using EpollOp = Strong<struct EpollOpTag, i32>;                // EPOLL_CTL_ADD: abi/poll.h
using FadviseAdvice = Strong<struct FadviseAdviceTag, i32>;    // POSIX_FADV_SEQUENTIAL: abi/fcntl.h
using FcntlCmd = Strong<struct FcntlCmdTag, u32>;              // F_DUPFD: abi/fcntl.h
using IoctlCmd = Strong<struct IoctlCmdTag, u32>;              // TCGETS: abi/ioctl.h
using IpcCmd = Strong<struct IpcCmdTag, i32>;                  // IPC_RMID: abi/ipc.h
using IpcKey = Strong<struct IpcKeyTag, i32>;                  // key_t; IPC_PRIVATE is 0
using ItimerWhich = Strong<struct ItimerWhichTag, i32>;        // ITIMER_REAL: abi/time.h
using MadviseAdvice = Strong<struct MadviseAdviceTag, i32>;    // MADV_DONTNEED: abi/mman.h
using MembarrierCmd = Strong<struct MembarrierCmdTag, i32>;    // MEMBARRIER_CMD_QUERY: abi/sched.h
using PrctlOp = Strong<struct PrctlOpTag, i32>;                // PR_SET_NAME: abi/prctl.h
using PriorityWhich = Strong<struct PriorityWhichTag, i32>;    // PRIO_PROCESS: abi/resource.h
using PtraceOp = Strong<struct PtraceOpTag, i64>;              // PTRACE_ATTACH: abi/ptrace.h
using Resource = Strong<struct ResourceTag, u32>;              // RLIMIT_NOFILE: abi/resource.h
using RusageWho = Strong<struct RusageWhoTag, i32>;            // RUSAGE_SELF: abi/resource.h
using SchedPolicy = Strong<struct SchedPolicyTag, i32>;        // SCHED_FIFO: abi/sched.h
using SeccompOp = Strong<struct SeccompOpTag, u32>;            // SECCOMP_SET_MODE_FILTER: abi/seccomp.h
using ShutdownHow = Strong<struct ShutdownHowTag, i32>;        // SHUT_WR: abi/socket.h
using SigHow = Strong<struct SigHowTag, i32>;                  // SIG_BLOCK: abi/signal.h
using SocketDomain = Strong<struct SocketDomainTag, i32>;      // AF_UNIX: abi/socket.h
using SocketLevel = Strong<struct SocketLevelTag, i32>;        // SOL_SOCKET: abi/socket.h
using SocketOption = Strong<struct SocketOptionTag, i32>;      // SO_REUSEADDR; its name depends on the level
using SocketProtocol = Strong<struct SocketProtocolTag, i32>;  // IPPROTO_TCP: abi/socket.h
using SyslogAction = Strong<struct SyslogActionTag, i32>;      // SYSLOG_ACTION_READ_ALL: abi/sysinfo.h
using WaitIdType = Strong<struct WaitIdTypeTag, i32>;          // P_PID: abi/wait.h
using Whence = Strong<struct WhenceTag, u32>;                  // SEEK_SET: abi/fcntl.h

// A set of bits. A few carry a number in some of them (FutexOp, SocketType, Personality, IpcFlags): the header says so.
using AccessMode = Flags<struct AccessModeTag, u32>;            // R_OK: abi/fcntl.h
using AtFlags = Flags<struct AtFlagsTag, u32>;                  // AT_EMPTY_PATH: abi/fcntl.h
using CloneFlags = Flags<struct CloneFlagsTag, u64>;            // CLONE_VM: abi/sched.h; the lowest byte is a signal
using CloseRangeFlags = Flags<struct CloseRangeFlagsTag, u32>;  // CLOSE_RANGE_CLOEXEC: abi/fcntl.h
using EpollFlags = Flags<struct EpollFlagsTag, u32>;            // EPOLL_CLOEXEC: abi/poll.h
using EventfdFlags = Flags<struct EventfdFlagsTag, u32>;        // EFD_SEMAPHORE: abi/poll.h
using FallocateMode = Flags<struct FallocateModeTag, u32>;      // FALLOC_FL_PUNCH_HOLE: abi/fcntl.h
using FileMode = Flags<struct FileModeTag, u16>;                // umode_t: S_IFREG, 0644: abi/fcntl.h
using FlockOp = Flags<struct FlockOpTag, u32>;                  // LOCK_EX, LOCK_NB: abi/fcntl.h
using FutexOp = Flags<struct FutexOpTag, u32>;                  // FUTEX_WAIT, with FUTEX_PRIVATE_FLAG: abi/futex.h
using InotifyFlags = Flags<struct InotifyFlagsTag, u32>;        // IN_CLOEXEC: abi/poll.h
using InotifyMask = Flags<struct InotifyMaskTag, u32>;          // IN_CREATE: abi/poll.h
using IpcFlags = Flags<struct IpcFlagsTag, u32>;                // IPC_CREAT, and a mode: abi/ipc.h
using MemfdFlags = Flags<struct MemfdFlagsTag, u32>;            // MFD_ALLOW_SEALING: abi/fcntl.h
using MlockFlags = Flags<struct MlockFlagsTag, u32>;            // MLOCK_ONFAULT: abi/mman.h
using MlockallFlags = Flags<struct MlockallFlagsTag, u32>;      // MCL_CURRENT: abi/mman.h
using MmapFlags = Flags<struct MmapFlagsTag, u64>;              // MAP_PRIVATE: abi/mman.h
using MmapProt = Flags<struct MmapProtTag, u64>;                // PROT_READ: abi/mman.h
using MountFlags = Flags<struct MountFlagsTag, u64>;            // MS_RDONLY: abi/mount.h
using MremapFlags = Flags<struct MremapFlagsTag, u64>;          // MREMAP_MAYMOVE: abi/mman.h
using MsgFlags = Flags<struct MsgFlagsTag, u32>;                // MSG_DONTWAIT: abi/socket.h
using MsyncFlags = Flags<struct MsyncFlagsTag, u32>;            // MS_SYNC: abi/mman.h
using OpenFlags = Flags<struct OpenFlagsTag, u32>;              // O_CREAT; O_ACCMODE is a number: abi/fcntl.h
using Personality = Flags<struct PersonalityTag, u32>;          // ADDR_NO_RANDOMIZE; PER_MASK is a number: abi/prctl.h
using PidfdFlags = Flags<struct PidfdFlagsTag, u32>;            // PIDFD_NONBLOCK: abi/wait.h
using RandomFlags = Flags<struct RandomFlagsTag, u32>;          // GRND_NONBLOCK: abi/random.h
using RenameFlags = Flags<struct RenameFlagsTag, u32>;          // RENAME_NOREPLACE: abi/fcntl.h
using RseqFlags = Flags<struct RseqFlagsTag, u32>;              // RSEQ_FLAG_UNREGISTER: abi/rseq.h
using RwFlags = Flags<struct RwFlagsTag, u32>;                  // RWF_NOWAIT: abi/fcntl.h
using SeccompFlags = Flags<struct SeccompFlagsTag, u32>;        // SECCOMP_FILTER_FLAG_TSYNC: abi/seccomp.h
using SignalfdFlags = Flags<struct SignalfdFlagsTag, u32>;      // SFD_CLOEXEC: abi/poll.h
using SocketType = Flags<struct SocketTypeTag, u32>;            // SOCK_STREAM (a number), SOCK_CLOEXEC: abi/socket.h
using SpliceFlags = Flags<struct SpliceFlagsTag, u32>;          // SPLICE_F_NONBLOCK: abi/fcntl.h
using StatxMask = Flags<struct StatxMaskTag, u32>;              // STATX_BASIC_STATS: abi/stat.h
using SyncRangeFlags = Flags<struct SyncRangeFlagsTag, u32>;    // SYNC_FILE_RANGE_WRITE: abi/fcntl.h
using TimerFlags = Flags<struct TimerFlagsTag, u32>;            // TIMER_ABSTIME: abi/time.h
using TimerfdFlags = Flags<struct TimerfdFlagsTag, u32>;        // TFD_CLOEXEC, TFD_TIMER_ABSTIME: abi/poll.h
using UmountFlags = Flags<struct UmountFlagsTag, u32>;          // MNT_DETACH: abi/mount.h
using WaitOptions = Flags<struct WaitOptionsTag, u32>;          // WNOHANG: abi/wait.h
using XattrFlags = Flags<struct XattrFlagsTag, u32>;            // XATTR_CREATE: abi/xattr.h

// Places in guest memory. GuestAddr in a row is an address that the call itself is about (mmap, set_tid_address);
// UserAddr is memory whose type another parameter decides.
using UserAddr = GuestAddr;
struct In;     // the call reads it
struct Out;    // the call writes it
struct InOut;  // both
template <typename T>
class UserIn;
template <typename T>
class UserOut;
template <typename T>
class UserInOut;
template <typename Dir>
class UserBytes;  // its length is another parameter
template <typename Dir, typename T>
class UserArray;    // its count is another parameter, or the call's own contract
class UserPath;     // NUL-terminated, at most PATH_MAX with the NUL
class UserString;   // NUL-terminated; the call says how long at most
class UserStrings;  // a NULL-terminated array of strings: argv, envp

// The structures that rows name; each is defined in the header of its subject.
namespace abi {
struct Cachestat;
struct CachestatRange;
struct CapData;
struct CapHeader;
struct CloneArgs;
struct EpollEvent;
struct FdPair;
struct FileHandle;
struct FutexWaitV;
struct ITimerSpec;
struct ITimerVal;
struct IoEvent;
struct IoUringParams;
struct IoVec;
struct MMsgHdr;
struct MntIdReq;
struct MountAttr;
struct MqAttr;
struct MsgHdr;
struct NsIdReq;
struct OpenHow;
struct PollFd;
struct RLimit;
struct RUsage;
struct SchedAttr;
struct SchedParam;
struct SemBuf;
struct SigAction;
struct SigEvent;
struct SigInfo;
struct SigSet;
struct SigSetArg;
struct StackT;
struct Stat;
struct StatFs;
struct Statx;
struct SysInfo;
struct TimeSpec;
struct TimeVal;
struct TimeZone;
struct Timex;
struct Tms;
struct UStat;
struct UtimBuf;
struct UtsName;
struct XattrArgs;
}  // namespace abi

// One register as a parameter. The first shape is that of every User... class: constructible from its address.
template <typename T>
struct FromRegister {
  static constexpr T convert(u64 reg) { return T(GuestAddr(reg)); }
};
template <std::integral T>
struct FromRegister<T> {
  static constexpr T convert(u64 reg) { return static_cast<T>(reg); }
};
template <>
struct FromRegister<GuestAddr> {
  static constexpr GuestAddr convert(u64 reg) { return GuestAddr(reg); }
};
template <typename Tag, typename Rep>
struct FromRegister<Strong<Tag, Rep>> {
  static constexpr Strong<Tag, Rep> convert(u64 reg) { return Strong<Tag, Rep>(static_cast<Rep>(reg)); }
};
template <typename Tag, typename Rep>
struct FromRegister<Flags<Tag, Rep>> {
  static constexpr Flags<Tag, Rep> convert(u64 reg) { return Flags<Tag, Rep>(static_cast<Rep>(reg)); }
};

// from_register<Fd>(regs.rdi)
template <typename T>
constexpr T from_register(u64 reg) {
  return FromRegister<T>::convert(reg);
}

}  // namespace limen
