// What all classic BPF has in common, whatever it judges: the shape of a program, arithmetic, jumps, scratch memory.
// Source: Documentation/networking/filter.rst; net/core/filter.c:bpf_check_classic.
#pragma once

#include <span>
#include <vector>

#include "abi/bpf.h"

namespace limen::classic_bpf {

using abi::SockFilter;

constexpr u16 class_of(u16 code) { return code & 7; }
constexpr bool by_x(u16 code) { return (code & abi::bpf_x) != 0; }
constexpr u16 op_of(u16 code) { return code & 0xf0; }

inline bool is_memory_load(u16 code) {
  return code == (abi::bpf_ld | abi::bpf_mem) || code == (abi::bpf_ldx | abi::bpf_mem);
}
inline bool is_memory_store(u16 code) { return code == abi::bpf_st || code == abi::bpf_stx; }

// Scratch memory is within its bounds, a constant divisor is not 0, a constant shift is within a word.
inline bool operand_is_good(const SockFilter& in) {
  if (is_memory_load(in.code) || is_memory_store(in.code)) return in.k < abi::bpf_memwords;
  if (class_of(in.code) != abi::bpf_alu || by_x(in.code)) return true;
  if (op_of(in.code) == abi::bpf_div || op_of(in.code) == abi::bpf_mod) return in.k != 0;
  if (op_of(in.code) == abi::bpf_lsh || op_of(in.code) == abi::bpf_rsh) return in.k < 32;
  return true;
}

inline bool jump_is_good(const SockFilter& in, usize pc, usize length) {
  if (class_of(in.code) != abi::bpf_jmp) return true;
  if (op_of(in.code) == abi::bpf_ja) return in.k < length - pc - 1;
  return pc + in.jt + 1 < length && pc + in.jf + 1 < length;
}

// Scratch words that some path reads before it wrote them. Linux: check_load_and_stores.
bool reads_unwritten(std::span<const SockFilter> code);
// Of BPF_ALU; the caller has seen to it that nothing is divided by 0.
u32 arithmetic(u16 op, u32 a, u32 b);
// Does the condition of a BPF_JMP hold?
bool holds(u16 op, u32 a, u32 b);

}  // namespace limen::classic_bpf
