#include "platform/stub/frame.h"

#include <cpuid.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace limen::platform {
namespace {

// arch/x86/include/uapi/asm/sigcontext.h
constexpr u32 kMagic1 = 0x46505853;
constexpr u32 kMagic2 = 0x46505845;
constexpr usize kFxsaveSize = 512;
constexpr usize kXstateHeader = 64;
constexpr usize kMxcsrOffset = 24;
constexpr usize kSoftwareOffset = 464;
constexpr u64 kUcFlagsBase = 2 | 4;  // UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS
constexpr u64 kUcFpXstate = 1;

struct SoftwareBytes {
  u32 magic1, extended_size;
  u64 xfeatures;
  u32 xstate_size;
  u32 padding[7];
};
static_assert(kSoftwareOffset + sizeof(SoftwareBytes) == kFxsaveSize);

// CF PF AF ZF SF TF DF OF RF AC: what the host's rt_sigreturn takes (FIX_EFLAGS).
constexpr u64 kUserFlags = 0x54dd5;
constexpr u64 kFlagsAlways = 0x202;
constexpr u64 kUserCs = 0x33, kUserSs = 0x2b;

constexpr u64 kAmxFeatures = u64{3} << 17;

u64 read_xcr0() {
  u32 low, high;
  asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return u64{high} << 32 | low;
}

u32 read_mxcsr_mask() {
  alignas(16) u8 image[kFxsaveSize] = {};
  asm volatile("fxsave64 %0" : "+m"(image));
  u32 mask;
  std::memcpy(&mask, image + 28, sizeof mask);
  return mask != 0 ? mask : 0xffbf;
}

FrameLimits measure() {
  FrameLimits limits;
  u32 a = 0, b = 0, c = 0, d = 0;
  limits.features = read_xcr0() & ~kAmxFeatures;
  // The standard format's size: the furthest end of any feature (CPUID leaf 0xd).
  limits.xstate_max = kFxsaveSize + kXstateHeader;
  for (u32 i = 2; i < 63; ++i) {
    if ((limits.features >> i & 1) == 0) continue;
    __cpuid_count(0xd, i, a, b, c, d);
    limits.xstate_max = std::max(limits.xstate_max, a + b);
  }
  limits.mxcsr_mask = read_mxcsr_mask();
  // ucontext, siginfo and the return address; magic2; alignments.
  limits.frame_reserve = (limits.xstate_max + sizeof(wire::UContext) + 128 + 8 + 4 + 3 * 64 + 63) & ~u64{63};
  return limits;
}

// The frame's place in the kernel's memory, or null.
wire::UContext* locate(const SlotView& slot, u64 address) {
  const u64 offset = address - slot.guest_address;
  if (offset > wire::kSlotStackTop - sizeof(wire::UContext) || (address & 7) != 0) return nullptr;
  return reinterpret_cast<wire::UContext*>(slot.base + offset);
}

// One copy of memory that changes under us: the compiler must not read it twice.
void read_once(void* to, const volatile void* from, usize size) {
  std::memcpy(to, const_cast<const void*>(from), size);
  asm volatile("" ::: "memory");
}

u64 user_address(u64 value) { return value < LIMEN_HOST_CEILING ? value : 0; }

void fill(wire::SigContext& mc, const Registers& r) {
  mc.r8 = r.r8, mc.r9 = r.r9, mc.r10 = r.r10, mc.r11 = r.r11;
  mc.r12 = r.r12, mc.r13 = r.r13, mc.r14 = r.r14, mc.r15 = r.r15;
  mc.rdi = r.rdi, mc.rsi = r.rsi, mc.rbp = r.rbp, mc.rbx = r.rbx;
  mc.rdx = r.rdx, mc.rax = r.rax, mc.rcx = r.rcx, mc.rsp = r.rsp;
  mc.rip = r.rip;
  mc.eflags = (r.eflags & kUserFlags) | kFlagsAlways;
  mc.cs = kUserCs, mc.ss = kUserSs, mc.gs = 0, mc.fs = 0;
}

void set_bases(const SlotView& slot, const Registers& regs) {
  // The gate loads these with wrfsbase and wrgsbase, which fault on anything else.
  slot.header()->fs_base = user_address(regs.fs_base);
  slot.header()->gs_base = user_address(regs.gs_base);
}

// Makes an XSAVE image one that the host loads without complaint, or says no.
bool sanitise(std::vector<u8>& image) {
  const FrameLimits& limits = FrameLimits::of_this_machine();
  if (image.size() < kFxsaveSize + kXstateHeader + sizeof kMagic2) return false;
  SoftwareBytes software;
  std::memcpy(&software, image.data() + kSoftwareOffset, sizeof software);
  if (software.magic1 != kMagic1 || software.extended_size != image.size()) return false;
  if (software.xstate_size + sizeof kMagic2 != image.size() || software.xstate_size > limits.xstate_max) return false;
  u32 magic2;
  std::memcpy(&magic2, image.data() + software.xstate_size, sizeof magic2);
  if (magic2 != kMagic2) return false;
  software.xfeatures &= limits.features;
  std::memcpy(image.data() + kSoftwareOffset, &software, sizeof software);
  u64 present;
  std::memcpy(&present, image.data() + kFxsaveSize, sizeof present);
  present &= software.xfeatures;
  std::memset(image.data() + kFxsaveSize, 0, kXstateHeader);
  std::memcpy(image.data() + kFxsaveSize, &present, sizeof present);
  u32 mxcsr;
  std::memcpy(&mxcsr, image.data() + kMxcsrOffset, sizeof mxcsr);
  mxcsr &= limits.mxcsr_mask;
  std::memcpy(image.data() + kMxcsrOffset, &mxcsr, sizeof mxcsr);
  return true;
}

}  // namespace

const FrameLimits& FrameLimits::of_this_machine() {
  static const FrameLimits limits = measure();
  return limits;
}

bool read_registers(const SlotView& slot, u64 address, Registers& out) {
  const wire::UContext* shared = locate(slot, address);
  if (shared == nullptr) return false;
  wire::UContext frame;
  read_once(&frame, shared, sizeof frame);
  const wire::SigContext& mc = frame.mc;
  out = Registers{};
  out.r8 = mc.r8, out.r9 = mc.r9, out.r10 = mc.r10, out.r11 = mc.r11;
  out.r12 = mc.r12, out.r13 = mc.r13, out.r14 = mc.r14, out.r15 = mc.r15;
  out.rdi = mc.rdi, out.rsi = mc.rsi, out.rbp = mc.rbp, out.rbx = mc.rbx;
  out.rdx = mc.rdx, out.rax = mc.rax, out.rcx = mc.rcx, out.rsp = mc.rsp;
  out.rip = mc.rip;
  out.eflags = (mc.eflags & kUserFlags) | kFlagsAlways;
  out.cs = kUserCs, out.ss = kUserSs;
  out.orig_rax = ~u64{0};
  u64 bases[2];
  read_once(&bases[0], &slot.header()->fs_base, sizeof(u64));
  read_once(&bases[1], &slot.header()->gs_base, sizeof(u64));
  out.fs_base = user_address(bases[0]);
  out.gs_base = user_address(bases[1]);
  return true;
}

std::vector<u8> read_xstate(const SlotView& slot, u64 address) {
  const wire::UContext* shared = locate(slot, address);
  if (shared == nullptr) return {};
  u64 fpstate;
  read_once(&fpstate, &shared->mc.fpstate, sizeof fpstate);
  const u64 offset = fpstate - slot.guest_address;
  if (offset > wire::kSlotStackTop - kFxsaveSize) return {};
  SoftwareBytes software;
  read_once(&software, slot.base + offset + kSoftwareOffset, sizeof software);
  const u64 size = software.extended_size;
  if (size > FrameLimits::of_this_machine().xstate_max + sizeof kMagic2) return {};
  if (size > wire::kSlotStackTop - offset) return {};
  std::vector<u8> image(size);
  read_once(image.data(), slot.base + offset, size);
  if (!sanitise(image)) return {};
  return image;
}

bool write_registers(const SlotView& slot, u64 address, const Registers& regs) {
  wire::UContext* shared = locate(slot, address);
  if (shared == nullptr) return false;
  fill(shared->mc, regs);
  set_bases(slot, regs);
  return true;
}

u64 build_frame(const SlotView& slot, const Registers& regs, const std::vector<u8>& xstate) {
  std::vector<u8> image = xstate;
  wire::UContext frame{};
  u64 top = wire::kSlotStackTop;
  if (sanitise(image)) {
    top = (top - image.size()) & ~u64{63};
    std::memcpy(slot.base + top, image.data(), image.size());
    frame.flags = kUcFlagsBase | kUcFpXstate;
    frame.mc.fpstate = slot.guest_address + top;
  } else {
    frame.flags = kUcFlagsBase;  // no fpstate: the host loads the initial state
  }
  frame.stack_base = slot.guest_address;
  frame.stack_size = wire::kSlotStackTop;
  fill(frame.mc, regs);
  top = (top - sizeof frame) & ~u64{15};
  std::memcpy(slot.base + top, &frame, sizeof frame);
  set_bases(slot, regs);
  return slot.guest_address + top;
}

}  // namespace limen::platform
