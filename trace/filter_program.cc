// Classic BPF as seccomp(2) and SO_ATTACH_FILTER take it: where a program is, and with -v what it says, as <linux/filter.h> writes it.
#include <array>

#include <fmt/format.h>

#include "abi/bpf.h"
#include "trace/print.h"

namespace limen::trace {
namespace {

constexpr std::array<std::string_view, 8> kInstructionClasses = {"BPF_LD",  "BPF_LDX", "BPF_ST",  "BPF_STX",
                                                                 "BPF_ALU", "BPF_JMP", "BPF_RET", "BPF_MISC"};
constexpr std::array<std::string_view, 4> kSizes = {"BPF_W", "BPF_H", "BPF_B", ""};
constexpr std::array<std::string_view, 8> kModes = {"BPF_IMM", "BPF_ABS", "BPF_IND", "BPF_MEM",
                                                    "BPF_LEN", "BPF_MSH", "",        ""};
constexpr std::array<std::string_view, 16> kOperations = {"BPF_ADD", "BPF_SUB", "BPF_MUL", "BPF_DIV",
                                                          "BPF_OR",  "BPF_AND", "BPF_LSH", "BPF_RSH",
                                                          "BPF_NEG", "BPF_MOD", "BPF_XOR"};
constexpr std::array<std::string_view, 16> kJumps = {"BPF_JA", "BPF_JEQ", "BPF_JGT", "BPF_JGE", "BPF_JSET"};
constexpr std::array<std::string_view, 4> kResults = {"BPF_K", "BPF_X", "BPF_A", ""};

// Its parts by name; of a part that has none, its bits.
void append_code(std::string& out, u16 code) {
  const u16 kind = code & 7;
  out += kInstructionClasses[kind];
  u16 known = 7;
  const auto part = [&](std::string_view name, u16 bits) {
    if (!name.empty()) out += '|', out += name, known = static_cast<u16>(known | bits);
  };
  switch (kind) {
    case abi::bpf_ld:
    case abi::bpf_ldx:
      part(kSizes[code >> 3 & 3], 0x18), part(kModes[code >> 5 & 7], 0xe0);
      break;
    case abi::bpf_alu:
    case abi::bpf_jmp:
      part((code & abi::bpf_x) != 0 ? "BPF_X" : "BPF_K", abi::bpf_x);
      part((kind == abi::bpf_alu ? kOperations : kJumps)[code >> 4 & 0xf], 0xf0);
      break;
    case abi::bpf_ret:
      part(kResults[code >> 3 & 3], 0x18);
      break;
    case abi::bpf_misc:
      part((code & abi::bpf_txa) != 0 ? "BPF_TXA" : "BPF_TAX", 0xf8);
      break;
    default:
      break;
  }
  const u32 rest = code & ~u32{known};
  if (rest != 0) out += '|', append_hex(out, rest);
}

void append_action(std::string& out, u32 value) {
  constexpr u32 kData = 0xffff;
  const std::string_view action = name_of(names("filter_action"), value & ~kData);
  if (action.empty()) {
    out += hex(value) + " /* SECCOMP_RET_??? */";
    return;
  }
  out += action;
  if ((value & kData) != 0) out += '|', append_hex(out, value & kData);
}

}  // namespace

void print_filter_program(Print& p, u64 place) {
  const bool judges_calls = p.call.row != nullptr && p.call.row->name != "setsockopt";
  p.object<abi::SockFprog>(place, [&](const abi::SockFprog& program) {
    p.text(fmt::format("{{len={}, filter=", program.len));
    if (p.options.verbose) {
      p.array<abi::SockFilter>(program.filter.raw(), program.len, [&](const abi::SockFilter& step) {
        const bool jumps = step.jt != 0 || step.jf != 0;
        p.text(jumps ? "BPF_JUMP(" : "BPF_STMT("), append_code(p.out, step.code), p.text(", ");
        judges_calls && (step.code & 7) == abi::bpf_ret ? append_action(p.out, step.k) : p.text(hex(step.k));
        p.text(jumps ? fmt::format(", {}, {})", hex(step.jt), hex(step.jf)) : std::string(")"));
      });
    } else {
      p.address(program.filter.raw());
    }
    p.text("}");
  });
}

}  // namespace limen::trace
