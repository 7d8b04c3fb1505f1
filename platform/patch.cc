#include "platform/patch.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <optional>

#include "gate/wire/layout.h"
#include "gate/wire/traps.h"

namespace limen::platform {
namespace {

constexpr usize kJump = 5;    // jmp rel32
constexpr u8 kFiller = 0x06;  // push %es: no instruction in 64-bit mode
constexpr u32 kAlign = 16;    // of trampolines
constexpr u8 kHeadSize = 20;  // lea, jmp, displacement, syscall

// Opcodes that fault in 64-bit user mode whatever follows them: removed ones (#UD), privileged ones and port input and output
// (#GP; a guest has no I/O ports).
constexpr std::array<u8, 29> kFaulting = {0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37,
                                          0x3f, 0x60, 0x61, 0x82, 0x9a, 0xce, 0xea, 0xd6, 0xf4, 0xfa,
                                          0xfb, 0xec, 0xed, 0xee, 0xef, 0xe4, 0xe5, 0xe6, 0xe7};

bool faults(u8 opcode) { return std::find(kFaulting.begin(), kFaulting.end(), opcode) != kFaulting.end(); }

struct Decoded {
  u8 length = 0;
  u8 relative = 0;    // bytes of a branch's displacement at the instruction's end; 0: no branch
  bool ends = false;  // nothing runs after it
};

// Bytes of ModRM, SIB and displacement; nothing for what depends on RIP.
std::optional<u8> modrm_length(std::span<const u8> code) {
  if (code.empty()) return std::nullopt;
  const u8 mod = code[0] >> 6, rm = code[0] & 7;
  if (mod == 3) return u8{1};
  if (mod == 0 && rm == 5) return std::nullopt;  // RIP-relative
  u8 length = 1;
  if (rm == 4) {
    if (code.size() < 2) return std::nullopt;
    if (mod == 0 && (code[1] & 7) == 5) length += 4;
    ++length;
  }
  if (mod == 1) length += 1;
  if (mod == 2) length += 4;
  return length;
}

// One instruction of those that compilers put behind a system call, if its bytes mean the same elsewhere. Not a general decoder:
// what it does not know stays where it is.
std::optional<Decoded> decode(std::span<const u8> code) {
  u8 at = 0;
  bool operand16 = false, wide = false;
  if (at < code.size() && code[at] == 0x66) operand16 = true, ++at;
  if (at < code.size() && (code[at] & 0xf0) == 0x40) wide = (code[at] & 8) != 0, ++at;
  if (at + 1u >= code.size()) return std::nullopt;
  const u8 opcode = code[at++];
  const auto with_modrm = [&](u8 immediate) -> std::optional<Decoded> {
    const std::optional<u8> modrm = modrm_length(code.subspan(at));
    if (!modrm) return std::nullopt;
    return Decoded{.length = static_cast<u8>(at + *modrm + immediate)};
  };
  const u8 immediate = operand16 ? 2 : 4;
  switch (opcode) {
    case 0x01:
    case 0x03:
    case 0x09:
    case 0x0b:
    case 0x21:
    case 0x23:
    case 0x29:
    case 0x2b:  // add or and sub
    case 0x31:
    case 0x33:
    case 0x39:
    case 0x3b:
    case 0x38:
    case 0x3a:  // xor cmp
    case 0x84:
    case 0x85:
    case 0x87:
    case 0x88:
    case 0x89:
    case 0x8a:
    case 0x8b:
    case 0x8d:  // test xchg mov lea
    case 0x63:  // movsxd
      return with_modrm(0);
    case 0x80:
    case 0x83:
    case 0xc6:
    case 0xc1:
    case 0x6b:  // group 1, mov, shifts, imul: 8-bit immediate
      return with_modrm(1);
    case 0x81:
    case 0xc7:
    case 0x69:
      return with_modrm(immediate);
    case 0x8f:  // pop to memory
    case 0xd1:
    case 0xd3:
      return with_modrm(0);
    case 0xf6:
    case 0xf7: {  // test has an immediate; not neg mul div have none
      const bool test = at < code.size() && (code[at] >> 3 & 7) < 2;
      return with_modrm(test ? (opcode == 0xf6 ? u8{1} : immediate) : u8{0});
    }
    case 0x05:
    case 0x0d:
    case 0x25:
    case 0x2d:
    case 0x35:
    case 0x3d:
    case 0xa9:  // op $imm, %rax
      return Decoded{.length = static_cast<u8>(at + immediate)};
    case 0x3c:
    case 0xa8:
    case 0x0c:
    case 0x24:
    case 0x04:
      return Decoded{.length = static_cast<u8>(at + 1)};
    case 0x9c:
    case 0x9d:  // pushf, popf
    case 0x98:
    case 0x99:
    case 0x90:
    case 0xc9:  // cltq, cqto, nop, leave
      return Decoded{.length = at};
    case 0xe9:
      if (operand16) return std::nullopt;
      return Decoded{.length = static_cast<u8>(at + 4), .relative = 4, .ends = true};
    case 0xeb:
      return Decoded{.length = static_cast<u8>(at + 1), .relative = 1, .ends = true};
    case 0xc3:
      return Decoded{.length = at, .ends = true};
    case 0x0f: {
      if (at >= code.size()) return std::nullopt;
      const u8 second = code[at++];
      if ((second & 0xf0) == 0x80 && !operand16) return Decoded{.length = static_cast<u8>(at + 4), .relative = 4};
      if ((second & 0xf0) == 0x40 || (second & 0xf0) == 0x90 || second == 0x1f || second == 0xaf || second == 0xb6 ||
          second == 0xb7 || second == 0xbe || second == 0xbf) {
        return with_modrm(0);
      }
      return std::nullopt;
    }
    default:
      break;
  }
  if (opcode >= 0x50 && opcode <= 0x5f && !operand16) return Decoded{.length = at};  // push, pop
  if (opcode >= 0x70 && opcode <= 0x7f) return Decoded{.length = static_cast<u8>(at + 1), .relative = 1};
  if (opcode >= 0xb8 && opcode <= 0xbf && !operand16) return Decoded{.length = static_cast<u8>(at + (wide ? 8 : 4))};
  return std::nullopt;
}

// `mov $nr, %eax` ends where the `syscall` begins, and RAX says that it was executed. What could look so and be another
// instruction: a REX or another prefix makes it a move to another register; `lea disp32(%rax), %edi` needs no more than a value.
bool is_prelude(std::span<const u8> text, u32 call, u64 rax) {
  if (call < 6 || text[call - 5] != 0xb8) return false;
  u32 nr;
  std::memcpy(&nr, &text[call - 4], sizeof nr);
  const u8 before = text[call - 6];
  const bool prefix = (before & 0xf0) == 0x40 || before == 0x66 || before == 0x67 || before == 0xf0 || before == 0xf2 ||
                      before == 0xf3 || before == 0x8d;
  return nr == rax && !prefix;
}

void put32(u8* to, i64 value) {
  const i32 low = static_cast<i32>(value);
  std::memcpy(to, &low, sizeof low);
}

bool reaches(i64 distance) { return distance == static_cast<i32>(distance); }

// A moved instruction at its new place. Branches get a 32-bit displacement to the old target.
bool write_moved(const u8* old, u64 old_address, const Decoded& what, u8* to, u64 new_address, u8& new_length) {
  if (what.relative == 0) {
    std::memcpy(to, old, what.length);
    new_length = what.length;
    return true;
  }
  i32 displacement = 0;
  if (what.relative == 1) {
    displacement = static_cast<i8>(old[what.length - 1]);
  } else {
    std::memcpy(&displacement, old + what.length - 4, 4);
  }
  const u64 target = old_address + what.length + static_cast<u64>(static_cast<i64>(displacement));
  if (what.ends) {
    to[0] = 0xe9, new_length = 5;
  } else {
    to[0] = 0x0f, to[1] = what.relative == 1 ? static_cast<u8>(0x10 + old[what.length - 2]) : old[what.length - 5];
    new_length = 6;
  }
  const i64 distance = static_cast<i64>(target - (new_address + new_length));
  put32(to + new_length - 4, distance);
  return reaches(distance);
}

// Whether every boundary inside the replaced bytes would fault with the jump at this distance.
bool boundaries_fault(const Site& site, i64 distance) {
  u8 jump[kJump] = {0xe9};
  put32(jump + 1, distance);
  if (site.call != 0 && site.call < kJump && !faults(jump[site.call])) return false;
  return std::all_of(site.moved.begin(), site.moved.end(),
                     [&](const MovedInstruction& m) { return m.at >= kJump || faults(jump[m.at]); });
}

// The trampoline's bytes, for its place. Returns their number.
Result<u8> compose(Site& site, std::span<const u8> text, u64 start, u64 trampoline, u8* code) {
  u8 fill = 0;
  if (site.prelude) {
    code[0] = 0xb8;
    std::memcpy(code + 1, &site.nr, sizeof site.nr);
    fill = 5;
  }
  const u8 head[kHeadSize] = {0x4c, 0x8d, 0x1d, 0, 0, 0, 0, 0xff, 0x24, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f, 0x05};
  std::memcpy(code + fill, head, sizeof head);
  site.resume = static_cast<u8>(fill + kHeadSize);
  put32(code + fill + 3, kHeadSize - 7);
  put32(code + fill + 10, LIMEN_PATCHED_ENTRY_POINTER);
  put32(code + site.resume - LIMEN_TRAMPOLINE_DISPLACEMENT,
        static_cast<i64>(start + site.call + 2 - (trampoline + site.resume)));
  fill = site.resume;
  for (MovedInstruction& m : site.moved) {
    const std::optional<Decoded> what = decode(text.subspan(site.start + m.at));
    if (!what || fill + 16u > kTrampolineMost) return Errno::enospc;
    m.in_island = fill;
    if (!write_moved(&text[site.start + m.at], start + m.at, *what, code + fill, trampoline + fill, m.new_length)) {
      return Errno::enospc;
    }
    fill = static_cast<u8>(fill + m.new_length);
    if (what->ends) return fill;
  }
  const i64 back = static_cast<i64>(start + site.length - (trampoline + fill + kJump));
  if (!reaches(back)) return Errno::enospc;
  code[fill] = 0xe9;
  put32(code + fill + 1, back);
  return static_cast<u8>(fill + kJump);
}

}  // namespace

std::optional<u64> original_place(const Site& site, u64 text_address, u64 island_address, u64 ip) {
  const u64 start = text_address + site.start, trampoline = island_address + site.trampoline;
  if (ip >= start && ip < start + site.length) return ip;  // faulted at a boundary, or about to jump
  if (ip < trampoline || ip >= trampoline + site.size) return std::nullopt;
  const u64 inside = ip - trampoline;
  if (inside < site.resume) return start;  // what was done so far is done again
  for (const MovedInstruction& m : site.moved) {
    if (inside == m.in_island) return start + m.at;
  }
  if (inside == site.resume) return start + site.call + 2;
  return start + site.length;  // at the jump back
}

std::optional<Continuation> continuation(const Site& site, u64 text_address, u64 island_address, u64 ip) {
  const u64 start = text_address + site.start;
  if (site.call != 0 && ip == start + site.call) return Continuation{.is_call = true, .ip = ip + 2};
  for (const MovedInstruction& m : site.moved) {
    if (ip == start + m.at) return Continuation{.ip = island_address + site.trampoline + m.in_island};
  }
  return std::nullopt;
}

bool traps_anyway(u64 nr) {
  return std::any_of(std::begin(wire::kByTrap), std::end(wire::kByTrap),
                     [&](int other) { return nr == static_cast<u64>(other); });
}

Result<Site> plan_site(std::span<const u8> text, u32 call, u64 rax) {
  if (call + 2 > text.size() || text[call] != 0x0f || text[call + 1] != 0x05) return Errno::enoexec;
  Site site;
  if (is_prelude(text, call, rax)) {
    site.start = call - 5, site.length = 7, site.call = 5, site.prelude = true;
    site.nr = static_cast<u32>(rax);
    return site;
  }
  site.start = call, site.length = 2;
  while (site.length < kJump) {
    const std::optional<Decoded> next = decode(text.subspan(call + site.length));
    if (!next || call + site.length + next->length > text.size()) return Errno::enoexec;
    site.moved.push_back({.at = site.length, .length = next->length});
    site.length = static_cast<u8>(site.length + next->length);
    if (next->ends && site.length < kJump) return Errno::enoexec;  // what follows may be another function
  }
  return site;
}

Result<u32> write_site(Site& site, std::span<u8> text, u64 text_address, std::span<u8> island, u64 island_address,
                       u32 from) {
  const u64 start = text_address + site.start;
  for (u32 at = from; at + kTrampolineMost <= island.size(); at += kAlign) {
    const u64 trampoline = island_address + at;
    const i64 distance = static_cast<i64>(trampoline - (start + kJump));
    if (!reaches(distance)) return Errno::enospc;
    if (!boundaries_fault(site, distance)) continue;
    u8 code[kTrampolineMost];
    const Result<u8> size = compose(site, text, start, trampoline, code);
    if (!size.ok()) return size.error();
    site.trampoline = at, site.size = *size;
    std::memcpy(&island[at], code, *size);
    u8* replaced = &text[site.start];
    std::memset(replaced, kFiller, site.length);
    replaced[0] = 0xe9;
    put32(replaced + 1, distance);
    return (at + *size + kAlign - 1) & ~(kAlign - 1);
  }
  return Errno::enospc;
}

}  // namespace limen::platform
