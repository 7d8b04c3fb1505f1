// From one frame of a stack to its caller, by the .eh_frame of the program (x86-64). All that it reads is a guest's: each step does
// bounded work, trusts no length, and gives up where something makes no sense.
#pragma once

#include <array>
#include <optional>

#include "base/types.h"

namespace limen::unwind {

// In DWARF's order: rax rdx rcx rbx rsi rdi rbp rsp r8..r15, the return address.
inline constexpr usize kRegisters = 17, kSp = 7, kIp = 16;
struct Registers {
  std::array<u64, kRegisters> value{};
  u64 ip() const { return value[kIp]; }
  u64 sp() const { return value[kSp]; }
};

class Memory {
 public:
  virtual ~Memory() = default;
  // All of it, or false.
  virtual bool read(u64 place, void* to, usize length) = 0;
};

struct Stepped {
  Registers registers;            // of the caller
  bool was_signal_frame = false;  // then the caller was interrupted, and has not called
};
// `table`: where .eh_frame_hdr stands. `called`: this frame has made a call, so its place is the instruction before ip.
// Nothing: this is the outermost frame, or nothing tells who called it.
std::optional<Stepped> step(Memory& memory, u64 table, const Registers& frame, bool called);

}  // namespace limen::unwind
