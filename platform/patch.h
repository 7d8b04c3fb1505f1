// Patching a `syscall` instruction into a jump to the gate: the bytes, and nothing but the bytes.
//
//   Site site = TRY(plan_site(text, at, rax));                  // what can be replaced at text[at], if anything
//   TRY(write_site(site, text, text_address, island, island_address));  // text and island are the kernel's copies
//
// Two shapes, tried in this order:
//
//   prelude   `mov $nr, %eax; syscall` (7 bytes)   ->  jmp trampoline; ud2
//   suffix    `syscall; X` (X of 3 bytes or more)  ->  jmp trampoline; ud2-like bytes, and X moves into the trampoline
//
// The trampoline stands in an island, at most 2 GiB from the text:
//
//   lea resume(%rip), %r11 ; jmp *LIMEN_PATCHED_ENTRY_POINTER ; .long place - resume ; syscall
//   resume:  X' ; jmp to what follows
//
// All of it is position independent as long as island and text keep their distance, so both are shared by every process that maps
// them so. A thread that comes to an instruction boundary inside the replaced bytes (it stood there, or jumps there) finds an
// opcode that faults: continuation() says where it goes on. Only instructions whose bytes mean the same at another place are moved.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace limen::platform {

// Whether this call traps from a patched site as well: then the site need not be patched for it.
bool traps_anyway(u64 nr);

// An instruction that has moved, or the `syscall` itself. Offsets are from the site's first replaced byte.
struct MovedInstruction {
  u8 at = 0;          // where it was
  u8 length = 0;      // in the text
  u8 in_island = 0;   // where it is now, from the trampoline's beginning
  u8 new_length = 0;  // there
};

struct Site {
  u32 start = 0;  // the first replaced byte, in the text
  u8 length = 0;  // replaced bytes
  u8 call = 0;    // where `syscall` was, from start
  bool prelude = false;
  u32 nr = 0;                           // prelude: what `mov` loaded
  std::vector<MovedInstruction> moved;  // suffix only
  // Once written, in the island:
  u32 trampoline = 0;
  u8 resume = 0;  // where the gate goes on, from the trampoline's beginning
  u8 size = 0;
};

inline constexpr u32 kTrampolineMost = 64;

// An address in replaced text or in a trampoline, as the guest is to see it: where the same instruction stood. Nothing when `ip` is
// in neither. `text_address` is that of the site's page, `island_address` that of the island.
std::optional<u64> original_place(const Site& site, u64 text_address, u64 island_address, u64 ip);

// Where a thread goes on that faulted at an instruction boundary inside replaced text: a moved instruction, or the call.
struct Continuation {
  bool is_call = false;
  u64 ip = 0;  // is_call: one past the `syscall`, as the guest sees it
};
std::optional<Continuation> continuation(const Site& site, u64 text_address, u64 island_address, u64 ip);

// What stands at text[call] (the `syscall`) that may be replaced. `before` says what the trap found in RAX. enoexec: nothing that
// can be proven safe.
Result<Site> plan_site(std::span<const u8> text, u32 call, u64 rax);

// Replaces the site in `text` (which lies at `text_address`) and writes its trampoline into the island, at or after `from`. Returns
// the island's first free byte. enospc: no room, or none at a distance that keeps the boundaries faulting.
Result<u32> write_site(Site& site, std::span<u8> text, u64 text_address, std::span<u8> island, u64 island_address,
                       u32 from);

}  // namespace limen::platform
