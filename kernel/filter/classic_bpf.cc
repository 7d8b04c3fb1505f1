#include "kernel/filter/classic_bpf.h"

namespace limen::classic_bpf {

bool reads_unwritten(std::span<const SockFilter> code) {
  std::vector<u16> valid(code.size(), 0xffff);  // on entry to each instruction, of all paths so far
  u16 now = 0;
  for (usize pc = 0; pc < code.size(); ++pc) {
    now &= valid[pc];
    const SockFilter& in = code[pc];
    if (is_memory_store(in.code)) now |= static_cast<u16>(1u << in.k);
    if (is_memory_load(in.code) && (now >> in.k & 1) == 0) return true;
    if (class_of(in.code) == abi::bpf_jmp) {
      if (op_of(in.code) == abi::bpf_ja) {
        valid[pc + 1 + in.k] &= now;
      } else {
        valid[pc + 1 + in.jt] &= now;
        valid[pc + 1 + in.jf] &= now;
      }
      now = 0xffff;
    } else if (class_of(in.code) == abi::bpf_ret) {
      now = 0xffff;
    }
  }
  return false;
}

u32 arithmetic(u16 op, u32 a, u32 b) {
  switch (op) {
    case abi::bpf_add:
      return a + b;
    case abi::bpf_sub:
      return a - b;
    case abi::bpf_mul:
      return a * b;
    case abi::bpf_div:
      return b == 0 ? 0 : a / b;
    case abi::bpf_mod:
      return b == 0 ? 0 : a % b;
    case abi::bpf_or:
      return a | b;
    case abi::bpf_and:
      return a & b;
    case abi::bpf_lsh:
      return a << (b & 31);
    case abi::bpf_rsh:
      return a >> (b & 31);
    case abi::bpf_xor:
      return a ^ b;
    default:  // bpf_neg
      return 0u - a;
  }
}

bool holds(u16 op, u32 a, u32 b) {
  switch (op) {
    case abi::bpf_jeq:
      return a == b;
    case abi::bpf_jgt:
      return a > b;
    case abi::bpf_jge:
      return a >= b;
    default:  // bpf_jset
      return (a & b) != 0;
  }
}

}  // namespace limen::classic_bpf
