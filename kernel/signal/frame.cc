#include "kernel/signal/frame.h"

#include <algorithm>
#include <cstring>

#include "abi/signal.h"
#include "abi/x86_64/ucontext.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/signal/siginfo.h"
#include "kernel/task/answers.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

using abi::FpState;
using abi::FpxSwBytes;
using abi::RtSigFrame;

constexpr usize kXsaveHeader = 64;
constexpr usize kSmallestXstate = sizeof(FpState) + kXsaveHeader;
constexpr usize kLargestXstate = 16384;  // AMX's tiles and all else that XSAVE may hold
constexpr u64 kEflagsDf = 0x400, kEflagsRf = 0x10000, kEflagsTf = 0x100;
constexpr u64 kUserCs = 0x33, kUserDs = 0x2b;

static_assert(sizeof(FpState) == 512);

// A thread that has not used its vector registers: the state after FNINIT, in XSAVE's standard format.
std::vector<u8> initial_xstate() {
  std::vector<u8> image(kSmallestXstate + abi::fp_xstate_magic2_size);
  FpState legacy{};
  legacy.cwd = 0x37f;
  legacy.mxcsr = 0x1f80;
  legacy.mxcr_mask = 0xffff;
  legacy.sw_reserved = FpxSwBytes{.magic1 = abi::fp_xstate_magic1,
                                  .extended_size = static_cast<u32>(image.size()),
                                  .xfeatures = 3,
                                  .xstate_size = kSmallestXstate};
  std::memcpy(image.data(), &legacy, sizeof legacy);
  std::memcpy(image.data() + kSmallestXstate, &abi::fp_xstate_magic2, sizeof abi::fp_xstate_magic2);
  return image;
}

void put_registers(const platform::Registers& regs, abi::SigContext& sc) {
  sc.r8 = regs.r8, sc.r9 = regs.r9, sc.r10 = regs.r10, sc.r11 = regs.r11;
  sc.r12 = regs.r12, sc.r13 = regs.r13, sc.r14 = regs.r14, sc.r15 = regs.r15;
  sc.rdi = regs.rdi, sc.rsi = regs.rsi, sc.rbp = regs.rbp, sc.rbx = regs.rbx;
  sc.rdx = regs.rdx, sc.rax = regs.rax, sc.rcx = regs.rcx, sc.rsp = regs.rsp;
  sc.rip = regs.rip, sc.eflags = regs.eflags;
  sc.cs = static_cast<u16>(regs.cs), sc.ss = static_cast<u16>(regs.ss);
}

void take_registers(const abi::SigContext& sc, platform::Registers& regs) {
  regs.r8 = sc.r8, regs.r9 = sc.r9, regs.r10 = sc.r10, regs.r11 = sc.r11;
  regs.r12 = sc.r12, regs.r13 = sc.r13, regs.r14 = sc.r14, regs.r15 = sc.r15;
  regs.rdi = sc.rdi, regs.rsi = sc.rsi, regs.rbp = sc.rbp, regs.rbx = sc.rbx;
  regs.rdx = sc.rdx, regs.rax = sc.rax, regs.rcx = sc.rcx, regs.rsp = sc.rsp;
  regs.rip = sc.rip, regs.eflags = sc.eflags;
  // A 64-bit guest has one code and one data segment: another selector would only be refused by the host.
  regs.cs = kUserCs, regs.ss = kUserDs;
  regs.orig_rax = ~u64{0};
}

bool within_stack(const Task::AltStack& stack, u64 sp) { return sp > stack.sp && sp - stack.sp <= stack.size; }

struct Place {
  u64 frame = 0;
  u64 xstate = 0;
};

// Where frame and extended state go. efault when the alternate stack is too small.
Result<Place> find_place(Task& task, const SignalAction& action, u64 sp, usize xstate_size) {
  const bool nested = on_alternate_stack(task, sp);
  bool entering = false;
  u64 top = sp - abi::red_zone;
  if ((action.flags & abi::sa_onstack) != 0 && alternate_stack_state(task, sp) == 0) {
    top = task.altstack.sp + task.altstack.size;
    entering = true;
  }
  Place place;
  place.xstate = (top - xstate_size) & ~u64{63};
  place.frame = ((place.xstate - sizeof(RtSigFrame)) & ~u64{15}) - 8;
  if ((nested || entering) && !within_stack(task.altstack, place.frame)) return Errno::efault;
  return place;
}

// The extended state behind `addr`, as far as it is one that the CPU could have saved: Linux falls back to the
// 512 bytes of FXSAVE where the software bytes do not hold together.
Result<std::vector<u8>> read_xstate(Task& task, GuestAddr addr, usize most) {
  std::vector<u8> image(sizeof(FpState));
  TRY(copy_from_user(task, image.data(), addr, image.size()));
  FpState legacy;
  std::memcpy(&legacy, image.data(), sizeof legacy);
  const FpxSwBytes& sw = legacy.sw_reserved;
  if (sw.magic1 != abi::fp_xstate_magic1 || sw.xstate_size < kSmallestXstate || sw.xstate_size > most ||
      sw.extended_size < sw.xstate_size + abi::fp_xstate_magic2_size) {
    return image;
  }
  const usize rest = sw.xstate_size + abi::fp_xstate_magic2_size - image.size();
  image.resize(image.size() + rest);
  TRY(copy_from_user(task, image.data() + sizeof(FpState), addr + sizeof(FpState), rest));
  u32 magic2 = 0;
  std::memcpy(&magic2, image.data() + sw.xstate_size, sizeof magic2);
  if (magic2 != abi::fp_xstate_magic2) image.resize(sizeof(FpState));
  return image;
}

}  // namespace

bool on_alternate_stack(const Task& task, u64 sp) {
  if ((task.altstack.flags & abi::ss_autodisarm) != 0) return false;
  return within_stack(task.altstack, sp);
}

u32 alternate_stack_state(const Task& task, u64 sp) {
  if (task.altstack.size == 0) return abi::ss_disable;
  return on_alternate_stack(task, sp) ? abi::ss_onstack : 0;
}

Result<void> set_alternate_stack(Task& task, u64 stack_sp, u64 size, u32 flags, u64 sp) {
  if (on_alternate_stack(task, sp)) return Errno::eperm;
  const u32 mode = flags & ~abi::ss_autodisarm;
  if (mode != abi::ss_disable && mode != abi::ss_onstack && mode != 0) return Errno::einval;
  if (mode == abi::ss_disable) {
    size = 0;
    stack_sp = 0;
  } else if (size < abi::minsigstksz) {
    return Errno::enomem;
  }
  task.altstack = {.sp = stack_sp, .size = size, .flags = flags};
  publish_alternate_stack(task);
  return success;
}

Result<void> push_signal_frame(Task& task, const SignalInfo& info, const SignalAction& action, SignalSet mask,
                               platform::Context& context) {
  if ((action.flags & abi::sa_restorer) == 0) return Errno::efault;  // on x86-64 the kernel has none of its own
  if (context.xstate.empty()) context.xstate = initial_xstate();
  platform::Registers& regs = context.regs;
  const Place place = TRY(find_place(task, action, regs.rsp, context.xstate.size()));

  RtSigFrame frame{};
  frame.pretcode = GuestAddr(action.restorer);
  frame.uc.uc_flags = abi::uc_fp_xstate | abi::uc_sigcontext_ss | abi::uc_strict_restore_ss;
  frame.uc.uc_stack.ss_sp = GuestAddr(task.altstack.sp);
  frame.uc.uc_stack.ss_flags = static_cast<i32>(task.altstack.flags);
  frame.uc.uc_stack.ss_size = task.altstack.size;
  abi::SigContext& sc = frame.uc.uc_mcontext;
  put_registers(regs, sc);
  sc.err = info.error_code;
  sc.trapno = info.trapno;
  sc.cr2 = info.trapno == 14 ? info.addr : 0;  // only a page fault writes CR2
  sc.oldmask = mask.bits();
  sc.fpstate = GuestAddr(place.xstate);
  frame.uc.uc_sigmask = abi::SigSet{mask.bits()};
  if ((action.flags & abi::sa_siginfo) != 0) frame.info = encode_siginfo(info);

  TRY(copy_to_user(task, GuestAddr(place.xstate), context.xstate.data(), context.xstate.size()));
  // Without SA_SIGINFO Linux leaves the siginfo's bytes of the stack as they were.
  const usize length = (action.flags & abi::sa_siginfo) != 0 ? sizeof frame : offsetof(RtSigFrame, info);
  TRY(copy_to_user(task, GuestAddr(place.frame), &frame, length));

  if ((task.altstack.flags & abi::ss_autodisarm) != 0) {
    task.altstack = {};
    publish_alternate_stack(task);
  }
  regs.rdi = static_cast<u64>(info.signo.raw());
  regs.rsi = place.frame + offsetof(RtSigFrame, info);
  regs.rdx = place.frame + offsetof(RtSigFrame, uc);
  regs.rax = 0;
  regs.rip = action.handler;
  regs.rsp = place.frame;
  regs.cs = kUserCs, regs.ss = kUserDs;
  regs.eflags &= ~(kEflagsDf | kEflagsRf | kEflagsTf);
  regs.orig_rax = ~u64{0};
  context.xstate.clear();  // a handler starts with the initial state
  return success;
}

Result<FrameContents> read_signal_frame(Task& task, const platform::Context& now) {
  RtSigFrame frame;
  TRY(copy_from_user(task, &frame, GuestAddr(now.regs.rsp - 8), offsetof(RtSigFrame, info)));
  FrameContents contents;
  contents.context.regs = now.regs;
  take_registers(frame.uc.uc_mcontext, contents.context.regs);
  if (!frame.uc.uc_mcontext.fpstate.is_null()) {
    const usize most = std::clamp(now.xstate.size(), kSmallestXstate, kLargestXstate);
    contents.context.xstate = TRY(read_xstate(task, frame.uc.uc_mcontext.fpstate, most));
  }
  contents.mask = SignalSet(frame.uc.uc_sigmask.bits);
  contents.stack_sp = frame.uc.uc_stack.ss_sp.raw();
  contents.stack_size = frame.uc.uc_stack.ss_size;
  contents.stack_flags = static_cast<u32>(frame.uc.uc_stack.ss_flags);
  return contents;
}

}  // namespace limen
