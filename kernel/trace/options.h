// What a recorder records: kernel/trace/recorder.h.
#pragma once

#include <array>
#include <bitset>

#include "abi/syscalls.h"

namespace limen {

struct CaptureOptions {
  usize string_bytes = 32;  // of a buffer or a string (-s)
  bool memory = true;       // none of it for a mere count of calls
  bool files = false;       // paths of descriptors (-y, -P)
  bool details = false;     // what else is known of them (-yy)
  // Stacks: of each call (-k); or of the first of its kind alone: number, telling argument, and name of the program.
  enum class Stacks : u8 { none, each, first } stacks = Stacks::none;
  bool verbose = false;  // envp of execve and entries of directories, not only how many there are (-v)
};

inline constexpr usize kMostStringBytes = 32 * 1024;

struct RecorderOptions {
  CaptureOptions capture;
  std::bitset<kSyscallEnd> calls = std::bitset<kSyscallEnd>().set();  // which are recorded
  std::bitset<kSyscallEnd>
      calls_without_room;  // ... and these where they fail by ENOSPC or EDQUOT: told when they are left
  // Which argument makes another kind of call, and which of its bits; none where there are no bits.
  struct Telling {
    u8 argument = 0;
    u64 bits = 0;
  };
  std::array<Telling, kSyscallEnd> telling{};
  bool unknown_calls = true;  // numbers that are in no row
  bool drop = false;          // rather than wait for the reader
};

}  // namespace limen
