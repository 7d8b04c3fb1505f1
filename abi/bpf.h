// Classic BPF: the programs of seccomp(2) and SO_ATTACH_FILTER.
// Source: Documentation/networking/filter.rst; include/uapi/linux/{bpf_common,filter}.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

struct SockFilter {
  u16 code;
  u8 jt;
  u8 jf;
  u32 k;
};

struct SockFprog {
  u16 len;
  u16 pad0;
  u32 pad1;
  GuestAddr filter;
};

inline constexpr u32 bpf_maxinsns = 0x1000;
inline constexpr u32 bpf_memwords = 0x10;

// code: a class in the lowest three bits; the rest by class.
inline constexpr u16 bpf_ld = 0;
inline constexpr u16 bpf_ldx = 1;
inline constexpr u16 bpf_st = 2;
inline constexpr u16 bpf_stx = 3;
inline constexpr u16 bpf_alu = 4;
inline constexpr u16 bpf_jmp = 5;
inline constexpr u16 bpf_ret = 6;
inline constexpr u16 bpf_misc = 7;
inline constexpr u16 bpf_w = 0;
inline constexpr u16 bpf_h = 8;
inline constexpr u16 bpf_b = 0x10;
inline constexpr u16 bpf_imm = 0;
inline constexpr u16 bpf_abs = 0x20;
inline constexpr u16 bpf_ind = 0x40;
inline constexpr u16 bpf_mem = 0x60;
inline constexpr u16 bpf_len = 0x80;
inline constexpr u16 bpf_msh = 0xa0;
inline constexpr u16 bpf_add = 0;
inline constexpr u16 bpf_sub = 0x10;
inline constexpr u16 bpf_mul = 0x20;
inline constexpr u16 bpf_div = 0x30;
inline constexpr u16 bpf_or = 0x40;
inline constexpr u16 bpf_and = 0x50;
inline constexpr u16 bpf_lsh = 0x60;
inline constexpr u16 bpf_rsh = 0x70;
inline constexpr u16 bpf_neg = 0x80;
inline constexpr u16 bpf_mod = 0x90;
inline constexpr u16 bpf_xor = 0xa0;
inline constexpr u16 bpf_ja = 0;
inline constexpr u16 bpf_jeq = 0x10;
inline constexpr u16 bpf_jgt = 0x20;
inline constexpr u16 bpf_jge = 0x30;
inline constexpr u16 bpf_jset = 0x40;
inline constexpr u16 bpf_k = 0;
inline constexpr u16 bpf_x = 8;
inline constexpr u16 bpf_a = 0x10;
inline constexpr u16 bpf_tax = 0;
inline constexpr u16 bpf_txa = 0x80;

}  // namespace limen::abi
