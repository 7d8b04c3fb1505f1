#include "kernel/filter/bpf.h"

#include <cstring>
#include <optional>

#include "kernel/filter/classic_bpf.h"

namespace limen {
namespace {

using namespace classic_bpf;

// What seccomp allows of classic BPF: words of the call, arithmetic but for remainders, jumps, scratch memory.
bool is_allowed(u16 code) {
  using namespace abi;
  switch (class_of(code)) {
    case bpf_alu: {
      const u16 op = op_of(code);
      if (code == (bpf_alu | bpf_neg)) return true;
      return (code & ~0xf8) == bpf_alu && (op <= bpf_rsh || op == bpf_xor);
    }
    case bpf_jmp: {
      const u16 op = op_of(code);
      if (code == (bpf_jmp | bpf_ja)) return true;
      return (code & ~0xf8) == bpf_jmp && op >= bpf_jeq && op <= bpf_jset;
    }
    default:
      switch (code) {
        case bpf_ld | bpf_w | bpf_abs:
        case bpf_ld | bpf_w | bpf_len:
        case bpf_ldx | bpf_w | bpf_len:
        case bpf_ld | bpf_imm:
        case bpf_ldx | bpf_imm:
        case bpf_ld | bpf_mem:
        case bpf_ldx | bpf_mem:
        case bpf_st:
        case bpf_stx:
        case bpf_misc | bpf_tax:
        case bpf_misc | bpf_txa:
        case bpf_ret | bpf_k:
        case bpf_ret | bpf_a:
          return true;
        default:
          return false;
      }
  }
}

bool load_is_good(const SockFilter& in) {
  if (in.code != (abi::bpf_ld | abi::bpf_w | abi::bpf_abs)) return operand_is_good(in);
  return in.k < sizeof(abi::SeccompData) && (in.k & 3) == 0;
}

// How many instructions Linux makes of one. Linux: net/core/filter.c:bpf_convert_filter.
u32 translated(const SockFilter& in) {
  switch (class_of(in.code)) {
    case abi::bpf_ret:
      return in.code == (abi::bpf_ret | abi::bpf_k) ? 2 : 1;
    case abi::bpf_alu:
      return in.code == (abi::bpf_alu | abi::bpf_div | abi::bpf_x) ? 5 : 1;
    case abi::bpf_jmp: {
      if (op_of(in.code) == abi::bpf_ja) return 1;
      const u32 constant = !by_x(in.code) && static_cast<i32>(in.k) < 0 ? 1 : 0;
      const bool one = in.jf == 0 || (in.jt == 0 && op_of(in.code) != abi::bpf_jset);
      return constant + (one ? 1 : 2);
    }
    default:
      return 1;
  }
}

// A word that may depend on more than the call's number.
struct Word {
  bool known = true;
  u32 value = 0;
};

// The verdict on a call of which only number and architecture are known; nothing where it depends on more.
std::optional<u32> constant_verdict(std::span<const SockFilter> code, u32 nr) {
  using namespace abi;
  Word a, x, memory[bpf_memwords];
  constexpr Word kUnknown{false, 0};
  for (usize pc = 0; pc < code.size(); ++pc) {
    const SockFilter& in = code[pc];
    const Word operand = by_x(in.code) ? x : Word{true, in.k};
    switch (class_of(in.code)) {
      case bpf_ld:
        if (in.code == (bpf_ld | bpf_w | bpf_abs)) {
          a = in.k == 0 ? Word{true, nr} : in.k == 4 ? Word{true, audit_arch_x86_64} : kUnknown;
        } else {
          a = in.code == (bpf_ld | bpf_mem) ? memory[in.k] : Word{true, in.code == bpf_ld ? in.k : u32{64}};
        }
        break;
      case bpf_ldx:
        x = in.code == (bpf_ldx | bpf_mem) ? memory[in.k] : Word{true, in.code == bpf_ldx ? in.k : u32{64}};
        break;
      case bpf_st:
        memory[in.k] = a;
        break;
      case bpf_stx:
        memory[in.k] = x;
        break;
      case bpf_alu:
        if (!a.known || !operand.known) {
          // A division by an unknown may end the program.
          if (op_of(in.code) == bpf_div) return std::nullopt;
          a = kUnknown;
        } else {
          if (op_of(in.code) == bpf_div && operand.value == 0) return 0;
          a.value = arithmetic(op_of(in.code), a.value, operand.value);
        }
        break;
      case bpf_jmp:
        if (op_of(in.code) == bpf_ja) {
          pc += in.k;
        } else {
          if (!a.known || !operand.known) return std::nullopt;
          pc += holds(op_of(in.code), a.value, operand.value) ? in.jt : in.jf;
        }
        break;
      case bpf_ret:
        if (in.code == (bpf_ret | bpf_k)) return in.k;
        return a.known ? std::optional<u32>(a.value) : std::nullopt;
      default:
        (in.code == (bpf_misc | bpf_tax) ? x : a) = in.code == (bpf_misc | bpf_tax) ? a : x;
        break;
    }
  }
  return std::nullopt;
}

}  // namespace

BpfProgram::BpfProgram(std::vector<SockFilter> code) : code_(std::move(code)) {
  constexpr u32 kPrologue = 3;
  cost_ = kPrologue;
  for (const SockFilter& in : code_) cost_ += translated(in);
}

Result<Ref<BpfProgram>> BpfProgram::check(std::span<const SockFilter> code) {
  if (code.empty() || code.size() > abi::bpf_maxinsns) return Errno::einval;
  for (usize pc = 0; pc < code.size(); ++pc) {
    const SockFilter& in = code[pc];
    if (!is_allowed(in.code) || !load_is_good(in) || !jump_is_good(in, pc, code.size())) return Errno::einval;
  }
  if (class_of(code.back().code) != abi::bpf_ret || reads_unwritten(code)) return Errno::einval;
  return make_ref<BpfProgram>(std::vector<SockFilter>(code.begin(), code.end()));
}

bool BpfProgram::always_allows(u32 nr) const {
  const std::optional<u32> verdict = constant_verdict(code_, nr);
  return verdict && (*verdict & abi::seccomp_ret_action_full) == abi::seccomp_ret_allow;
}

u32 BpfProgram::run(const abi::SeccompData& call) const {
  using namespace abi;
  u32 words[sizeof call / sizeof(u32)];
  std::memcpy(words, &call, sizeof call);
  u32 a = 0, x = 0, memory[bpf_memwords];
  // check() has seen that every index is in range and that the last instruction returns.
  for (const SockFilter* in = code_.data();; ++in) {
    switch (in->code) {
      case bpf_ld | bpf_w | bpf_abs:
        a = words[in->k / sizeof(u32)];
        break;
      case bpf_jmp | bpf_jeq | bpf_k:
        in += a == in->k ? in->jt : in->jf;
        break;
      case bpf_jmp | bpf_ja:
        in += in->k;
        break;
      case bpf_ret | bpf_k:
        return in->k;
      case bpf_ret | bpf_a:
        return a;
      case bpf_ld | bpf_imm:
        a = in->k;
        break;
      case bpf_ldx | bpf_imm:
        x = in->k;
        break;
      case bpf_ld | bpf_w | bpf_len:
        a = sizeof call;
        break;
      case bpf_ldx | bpf_w | bpf_len:
        x = sizeof call;
        break;
      case bpf_ld | bpf_mem:
        a = memory[in->k];
        break;
      case bpf_ldx | bpf_mem:
        x = memory[in->k];
        break;
      case bpf_st:
        memory[in->k] = a;
        break;
      case bpf_stx:
        memory[in->k] = x;
        break;
      case bpf_misc | bpf_tax:
        x = a;
        break;
      case bpf_misc | bpf_txa:
        a = x;
        break;
      default: {
        const u32 operand = by_x(in->code) ? x : in->k;
        if (class_of(in->code) == bpf_jmp) {
          in += holds(op_of(in->code), a, operand) ? in->jt : in->jf;
        } else {
          if (op_of(in->code) == bpf_div && operand == 0) return 0;
          a = arithmetic(op_of(in->code), a, operand);
        }
        break;
      }
    }
  }
}

}  // namespace limen
