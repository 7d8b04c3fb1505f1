#include "kernel/ptrace/registers.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "abi/x86_64/ucontext.h"

namespace limen {
namespace {

using platform::Registers;

constexpr u64 kUserFlags = 0x54dd5;  // CF PF AF ZF SF TF DF OF RF AC; what a tracer may set
constexpr u64 kMostAddress = u64{1} << 47;
constexpr usize kLegacySize = 512;
constexpr usize kSoftwareOffset = 464;
constexpr u32 kMxcsrMask = 0xffff;
constexpr u64 kDebugRegisters = 8;

static_assert(sizeof(Registers) == sizeof(abi::UserRegs));

bool is_selector(u64 value) { return value <= 0xffff && (value == 0 || (value & 3) == 3); }

// Linux: putreg. A value that would let a guest leave its own world is refused; the rest is cut.
Result<void> judge(Registers& regs, const Registers& old) {
  if (!is_selector(regs.cs) || !is_selector(regs.ss) || regs.cs == 0 || regs.ss == 0) return Errno::eio;
  if (!is_selector(regs.ds) || !is_selector(regs.es) || !is_selector(regs.fs) || !is_selector(regs.gs))
    return Errno::eio;
  if (regs.fs_base >= kMostAddress || regs.gs_base >= kMostAddress) return Errno::eio;
  regs.eflags = (regs.eflags & kUserFlags) | (old.eflags & ~kUserFlags);
  return success;
}

// The FXSAVE image, without the bytes that software owns, and whatever XSAVE added.
std::vector<u8> xstate_of(Task& tracee) {
  std::vector<u8> image = tracee.cpu().save_context().xstate;
  if (image.size() > kLegacySize + abi::fp_xstate_magic2_size) {
    image.resize(image.size() - abi::fp_xstate_magic2_size);
    return image;
  }
  // The state after FNINIT.
  image.assign(kLegacySize + 64, 0);
  abi::FpState legacy{};
  legacy.cwd = 0x37f, legacy.mxcsr = 0x1f80, legacy.mxcr_mask = kMxcsrMask;
  legacy.sw_reserved = {.magic1 = abi::fp_xstate_magic1,
                        .extended_size = static_cast<u32>(image.size() + abi::fp_xstate_magic2_size),
                        .xfeatures = 3,
                        .xstate_size = static_cast<u32>(image.size())};
  std::memcpy(image.data(), &legacy, sizeof legacy);
  return image;
}

Result<void> load_xstate(Task& tracee, std::vector<u8> image) {
  u32 mxcsr = 0;
  std::memcpy(&mxcsr, image.data() + offsetof(abi::FpState, mxcsr), sizeof mxcsr);
  if ((mxcsr & ~kMxcsrMask) != 0) return Errno::einval;
  platform::Context context = tracee.cpu().save_context();
  image.resize(image.size() + abi::fp_xstate_magic2_size);
  std::memcpy(image.data() + image.size() - abi::fp_xstate_magic2_size, &abi::fp_xstate_magic2,
              abi::fp_xstate_magic2_size);
  context.xstate = std::move(image);
  tracee.cpu().load_context(context);
  return success;
}

std::vector<u8> general_registers(Task& tracee) {
  Registers regs = tracee.cpu().registers();
  std::vector<u8> bytes(sizeof regs);
  std::memcpy(bytes.data(), &regs, sizeof regs);
  return bytes;
}

}  // namespace

Result<std::vector<u8>> read_register_set(Task& tracee, u32 type) {
  switch (type) {
    case kNtPrstatus:
      return general_registers(tracee);
    case kNtPrfpreg: {
      std::vector<u8> image = xstate_of(tracee);
      image.resize(kLegacySize);
      std::fill(image.begin() + kSoftwareOffset, image.end(), u8{0});
      return image;
    }
    case kNtX86Xstate: {
      // Software's bytes say which features the machine's images have. Linux: XCR0 at their start.
      std::vector<u8> image = xstate_of(tracee);
      abi::FpxSwBytes software;
      std::memcpy(&software, image.data() + kSoftwareOffset, sizeof software);
      std::fill_n(image.begin() + kSoftwareOffset, sizeof software, u8{0});
      std::memcpy(image.data() + kSoftwareOffset, &software.xfeatures, sizeof software.xfeatures);
      return image;
    }
    default:
      return Errno::einval;
  }
}

Result<void> write_register_set(Task& tracee, u32 type, std::span<const u8> bytes) {
  switch (type) {
    case kNtPrstatus: {
      const Registers old = tracee.cpu().registers();
      Registers regs = old;
      std::memcpy(&regs, bytes.data(), std::min(bytes.size(), sizeof regs));
      TRY(judge(regs, old));
      if ((regs.eflags & kTrapFlag) != 0) tracee.tracing->forced_step = false;  // the guest's own from now on
      tracee.cpu().set_registers(regs);
      return success;
    }
    case kNtPrfpreg: {
      std::vector<u8> image = xstate_of(tracee);
      std::copy_n(bytes.begin(), std::min(bytes.size(), kSoftwareOffset), image.begin());
      u64 present = 0;  // the legacy state is in use now
      std::memcpy(&present, image.data() + kLegacySize, sizeof present);
      present |= 3;
      std::memcpy(image.data() + kLegacySize, &present, sizeof present);
      return load_xstate(tracee, std::move(image));
    }
    case kNtX86Xstate: {
      std::vector<u8> image = xstate_of(tracee);
      if (bytes.size() != image.size()) return Errno::efault;
      std::vector<u8> wanted(bytes.begin(), bytes.end());
      if (wanted.size() < kLegacySize) return Errno::efault;
      std::memcpy(wanted.data() + kSoftwareOffset, image.data() + kSoftwareOffset, kLegacySize - kSoftwareOffset);
      return load_xstate(tracee, std::move(wanted));
    }
    default:
      return Errno::einval;
  }
}

Result<u64> peek_user(Task& tracee, u64 offset) {
  if ((offset & 7) != 0 || offset >= abi::user_area_size) return Errno::eio;
  u64 word = 0;
  if (offset < sizeof(Registers)) {
    const Registers regs = tracee.cpu().registers();
    std::memcpy(&word, reinterpret_cast<const u8*>(&regs) + offset, sizeof word);
  } else if (offset >= abi::user_debugreg_offset) {
    const u64 number = (offset - abi::user_debugreg_offset) / sizeof(u64);
    if (number < std::size(tracee.tracing->debug_addresses)) word = tracee.tracing->debug_addresses[number];
  }
  return word;
}

Result<void> poke_user(Task& tracee, u64 offset, u64 value) {
  if ((offset & 7) != 0 || offset >= abi::user_area_size) return Errno::eio;
  if (offset < sizeof(Registers)) {
    const Registers old = tracee.cpu().registers();
    Registers regs = old;
    std::memcpy(reinterpret_cast<u8*>(&regs) + offset, &value, sizeof value);
    TRY(judge(regs, old));
    tracee.cpu().set_registers(regs);
    return success;
  }
  if (offset < abi::user_debugreg_offset) return Errno::eio;
  const u64 number = (offset - abi::user_debugreg_offset) / sizeof(u64);
  if (number >= kDebugRegisters || number == 4 || number == 5) return Errno::eio;
  if (number < std::size(tracee.tracing->debug_addresses)) {
    if (value >= kMostAddress) return Errno::einval;
    tracee.tracing->debug_addresses[number] = value;
    return success;
  }
  // The host has no debug register to give: what would enable one is refused, as Linux does when all are taken.
  constexpr u64 kEnables = 0xff;
  return number == 7 && (value & kEnables) != 0 ? Result<void>(Errno::enospc) : Result<void>();
}

}  // namespace limen
