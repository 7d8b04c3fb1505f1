// The host's signal frame in a slot: the guest thread's registers while it is in the kernel.
//
// The frame lies in memory that the guest can write. Readers copy it once and judge the copy; writers build it from
// sanitised values. What the guest does to it afterwards can only be what it could have loaded itself: the host's
// rt_sigreturn takes no privileged state from it.
#pragma once

#include "gate/wire/slot.h"
#include "platform/platform.h"

namespace limen::platform {

// A slot as the kernel sees it, with the address at which its process does.
struct SlotView {
  u8* base = nullptr;  // in the kernel
  u64 guest_address = 0;

  wire::Slot* header() const { return reinterpret_cast<wire::Slot*>(base + wire::kSlotStackTop); }
};

// What this machine's signal frames can carry.
struct FrameLimits {
  u64 features = 0;    // of XCR0, without those that a process must ask for (AMX)
  u32 xstate_max = 0;  // bytes of an XSAVE image
  u32 mxcsr_mask = 0;
  u64 frame_reserve = 0;  // bytes at the stack's top that a frame may fill

  static const FrameLimits& of_this_machine();
};

// The frame that the guest says it has at `address`: its registers (orig_rax is -1), or false when that is no frame of
// this slot. fs_base and gs_base come from the header.
bool read_registers(const SlotView& slot, u64 address, Registers& out);
// Its XSAVE image with the software-reserved bytes and both magics; empty when there is none that can be believed.
std::vector<u8> read_xstate(const SlotView& slot, u64 address);
// Changes the general registers in place. False when there is no frame at `address`.
bool write_registers(const SlotView& slot, u64 address, const Registers& regs);
// Builds a whole frame at the stack's top and returns its address. An empty or bad `xstate` is the initial state.
u64 build_frame(const SlotView& slot, const Registers& regs, const std::vector<u8>& xstate);

}  // namespace limen::platform
