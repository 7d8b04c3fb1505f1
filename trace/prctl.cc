// prctl(2) and arch_prctl(2): what each operation's words are.
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "abi/bpf.h"
#include "abi/prctl.h"
#include "trace/print.h"

namespace limen::trace {
namespace {

#define N(x) \
  Name { static_cast<u64>(static_cast<u32>(x)), #x }

constexpr auto kNumber = Names::Kind::number, kBits = Names::Kind::bits;

constexpr Name kDumpable[] = {{0, "SUID_DUMP_DISABLE"}, {1, "SUID_DUMP_USER"}, {2, "SUID_DUMP_ROOT"}};
constexpr Name kUnalign[] = {N(PR_UNALIGN_NOPRINT), N(PR_UNALIGN_SIGBUS)};
constexpr Name kTsc[] = {N(PR_TSC_ENABLE), N(PR_TSC_SIGSEGV)};
constexpr Name kEndian[] = {N(PR_ENDIAN_BIG), N(PR_ENDIAN_LITTLE), N(PR_ENDIAN_PPC_LITTLE)};
constexpr Name kMode[] = {N(SECCOMP_MODE_DISABLED), N(SECCOMP_MODE_STRICT), N(SECCOMP_MODE_FILTER)};
constexpr Name kSecureBits[] = {
    {issecure_mask(SECURE_NOROOT), "SECBIT_NOROOT"},
    {issecure_mask(SECURE_NOROOT_LOCKED), "SECBIT_NOROOT_LOCKED"},
    {issecure_mask(SECURE_NO_SETUID_FIXUP), "SECBIT_NO_SETUID_FIXUP"},
    {issecure_mask(SECURE_NO_SETUID_FIXUP_LOCKED), "SECBIT_NO_SETUID_FIXUP_LOCKED"},
    {issecure_mask(SECURE_KEEP_CAPS), "SECBIT_KEEP_CAPS"},
    {issecure_mask(SECURE_KEEP_CAPS_LOCKED), "SECBIT_KEEP_CAPS_LOCKED"},
    {issecure_mask(SECURE_NO_CAP_AMBIENT_RAISE), "SECBIT_NO_CAP_AMBIENT_RAISE"},
    {issecure_mask(SECURE_NO_CAP_AMBIENT_RAISE_LOCKED), "SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED"}};
constexpr Name kKill[] = {N(PR_MCE_KILL_CLEAR), N(PR_MCE_KILL_SET)};
constexpr Name kKillPolicy[] = {N(PR_MCE_KILL_LATE), N(PR_MCE_KILL_EARLY), N(PR_MCE_KILL_DEFAULT)};
constexpr Name kMm[] = {N(PR_SET_MM_START_CODE), N(PR_SET_MM_END_CODE),    N(PR_SET_MM_START_DATA),
                        N(PR_SET_MM_END_DATA),   N(PR_SET_MM_START_STACK), N(PR_SET_MM_START_BRK),
                        N(PR_SET_MM_BRK),        N(PR_SET_MM_ARG_START),   N(PR_SET_MM_ARG_END),
                        N(PR_SET_MM_ENV_START),  N(PR_SET_MM_ENV_END),     N(PR_SET_MM_AUXV),
                        N(PR_SET_MM_EXE_FILE),   N(PR_SET_MM_MAP),         N(PR_SET_MM_MAP_SIZE)};
constexpr Name kFpMode[] = {N(PR_FP_MODE_FR), N(PR_FP_MODE_FRE)};
constexpr Name kAmbient[] = {N(PR_CAP_AMBIENT_IS_SET), N(PR_CAP_AMBIENT_RAISE), N(PR_CAP_AMBIENT_LOWER),
                             N(PR_CAP_AMBIENT_CLEAR_ALL)};
constexpr Name kSpeculation[] = {N(PR_SPEC_STORE_BYPASS), N(PR_SPEC_INDIRECT_BRANCH), N(PR_SPEC_L1D_FLUSH)};
constexpr Name kSpeculationState[] = {N(PR_SPEC_NOT_AFFECTED), N(PR_SPEC_PRCTL),         N(PR_SPEC_ENABLE),
                                      N(PR_SPEC_DISABLE),      N(PR_SPEC_FORCE_DISABLE), N(PR_SPEC_DISABLE_NOEXEC)};
constexpr Name kPac[] = {N(PR_PAC_APIAKEY), N(PR_PAC_APIBKEY), N(PR_PAC_APDAKEY), N(PR_PAC_APDBKEY), N(PR_PAC_APGAKEY)};
constexpr Name kDispatch[] = {N(PR_SYS_DISPATCH_OFF), N(PR_SYS_DISPATCH_ON)};
constexpr Name kVma[] = {N(PR_SET_VMA_ANON_NAME)};
constexpr Name kCore[] = {N(PR_SCHED_CORE_GET), N(PR_SCHED_CORE_CREATE), N(PR_SCHED_CORE_SHARE_TO),
                          N(PR_SCHED_CORE_SHARE_FROM)};
constexpr Name kPidType[] = {{0, "PIDTYPE_PID"}, {1, "PIDTYPE_TGID"}, {2, "PIDTYPE_PGID"}, {3, "PIDTYPE_SID"}};
constexpr Name kSve[] = {N(PR_SVE_SET_VL_ONEXEC), N(PR_SVE_VL_INHERIT)};

constexpr Names kDumpableNames{kNumber, "SUID_DUMP_???", kDumpable}, kUnalignNames{kBits, "PR_UNALIGN_???", kUnalign};
constexpr Names kTscNames{kNumber, "PR_TSC_???", kTsc}, kEndianNames{kNumber, "PR_ENDIAN_???", kEndian};
constexpr Names kModeNames{kNumber, "SECCOMP_MODE_???", kMode}, kSecureNames{kBits, "SECBIT_???", kSecureBits};
constexpr Names kKillNames{kNumber, "PR_MCE_KILL_???", kKill}, kPolicyNames{kNumber, "PR_MCE_KILL_???", kKillPolicy};
constexpr Names kMmNames{kNumber, "PR_SET_MM_???", kMm}, kFpNames{kBits, "PR_FP_MODE_???", kFpMode};
constexpr Names kAmbientNames{kNumber, "PR_CAP_AMBIENT_???", kAmbient};
constexpr Names kSpeculationNames{kNumber, "PR_SPEC_???", kSpeculation};
constexpr Names kStateNames{kBits, "PR_SPEC_???", kSpeculationState},
    kOneState{kNumber, "PR_SPEC_???", kSpeculationState}, kPacNames{kBits, "PR_PAC_???", kPac};
constexpr Names kDispatchNames{kNumber, "PR_SYS_DISPATCH_???", kDispatch};
constexpr Names kVmaNames{kNumber, "PR_SET_VMA_???", kVma}, kCoreNames{kNumber, "PR_SCHED_CORE_???", kCore};
constexpr Names kPidNames{kNumber, "PIDTYPE_???", kPidType}, kSveNames{kBits, "", kSve};

// What a word is. Words behind the last are not shown.
enum class As : u8 {
  none,
  hex,
  number,
  signal,
  text,
  names,
  number_out,
  signal_out,
  address_out,
  names_out,
  text_out,
  capability
};
struct Operation {
  u32 op;
  std::array<As, 4> words;
  const Names* names = nullptr;  // of a word that has one
};
using enum As;
constexpr std::array<As, 4> kNothing{}, kOneOfFour{As::number, hex, hex, hex};
constexpr Operation kOperations[] = {
    {PR_SET_PDEATHSIG, {As::signal}},
    {PR_GET_PDEATHSIG, {signal_out}},
    {PR_GET_DUMPABLE, kNothing},
    {PR_SET_DUMPABLE, {As::names}, &kDumpableNames},
    {PR_GET_UNALIGN, {names_out}, &kUnalignNames},
    {PR_SET_UNALIGN, {As::names}, &kUnalignNames},
    {PR_GET_KEEPCAPS, kNothing},
    {PR_SET_KEEPCAPS, {As::number}},
    {PR_GET_FPEMU, {number_out}},
    {PR_SET_FPEMU, {As::number}},
    {PR_GET_FPEXC, {number_out}},
    {PR_SET_FPEXC, {As::number}},
    {PR_GET_TIMING, kNothing},
    {PR_SET_TIMING, {As::number}},
    {PR_SET_NAME, {As::text}},
    {PR_GET_NAME, {text_out}},
    {PR_GET_ENDIAN, {names_out}, &kEndianNames},
    {PR_SET_ENDIAN, {As::number}},
    {PR_GET_SECCOMP, kNothing},
    {PR_CAPBSET_READ, {capability}},
    {PR_CAPBSET_DROP, {capability}},
    {PR_GET_TSC, {names_out}, &kTscNames},
    {PR_SET_TSC, {As::names}, &kTscNames},
    {PR_GET_SECUREBITS, kNothing},
    {PR_SET_SECUREBITS, {As::names}, &kSecureNames},
    {PR_SET_TIMERSLACK, {As::number}},
    {PR_GET_TIMERSLACK, kNothing},
    {PR_TASK_PERF_EVENTS_DISABLE, kNothing},
    {PR_TASK_PERF_EVENTS_ENABLE, kNothing},
    {PR_SET_MM, {As::names, hex, hex, hex}, &kMmNames},
    {PR_SET_CHILD_SUBREAPER, {As::number}},
    {PR_GET_CHILD_SUBREAPER, {number_out}},
    {PR_SET_NO_NEW_PRIVS, kOneOfFour},
    {PR_GET_TID_ADDRESS, {address_out}},
    {PR_SET_THP_DISABLE, kOneOfFour},
    {PR_SET_FP_MODE, {As::names}, &kFpNames},
    {PR_GET_FP_MODE, kNothing},
    {PR_SVE_GET_VL, kNothing},
    {PR_GET_SPECULATION_CTRL, {As::names}, &kSpeculationNames},
    {PR_PAC_RESET_KEYS, {As::names, hex, hex, hex}, &kPacNames},
    {PR_SET_IO_FLUSHER, kOneOfFour},
    {PR_SET_SYSCALL_USER_DISPATCH, {As::names, hex, hex, hex}, &kDispatchNames},
    {PR_SET_VMA, {As::names, hex, As::number, As::text}, &kVmaNames},
};
const Operation* find_operation(u32 op) {
  const auto* found =
      std::find_if(std::begin(kOperations), std::end(kOperations), [&](const Operation& one) { return one.op == op; });
  return found == std::end(kOperations) ? nullptr : found;
}

void hex_word(Print& p, u64 word) { p.text(trace::hex(word)); }

// As much of it as the kernel takes.
void thread_name(Print& p, u64 place) {
  constexpr usize kLongest = 15;
  const std::span<const u8> bytes = p.seen().from(place);
  if (place == 0 || bytes.empty()) return p.address(place);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              strnlen(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  append_quoted(p.out, text.substr(0, kLongest), p.options.hex, text.size() > kLongest ? More::yes : More::no);
}

void print_word(Print& p, const Operation& operation, usize i) {
  const u64 word = p.arg(i);
  const auto told = [&](const auto& print) {
    if (!p.done()) return p.address(word);
    p.object<i32>(word, [&](i32 n) { p.out += '[', print(n), p.out += ']'; });
  };
  switch (operation.words[i - 1]) {
    case As::none:
      return;
    case As::hex:
      return hex_word(p, word);
    case As::number:
      return p.unsigned_number(word);
    case As::signal:
      return p.text(signal_name(static_cast<i32>(word)));
    case As::text:
      return operation.op == PR_SET_NAME ? thread_name(p, word) : p.string(word);
    case As::text_out:
      return p.done() ? p.string(word) : p.address(word);
    case As::names:
      return append_names(p.out, *operation.names, word);
    case As::number_out:
      return told([&](i32 n) { p.unsigned_number(static_cast<u32>(n)); });
    case As::signal_out:
      return told([&](i32 n) { p.text(signal_name(n)); });
    case As::names_out:
      return told([&](i32 n) { append_names(p.out, *operation.names, static_cast<u32>(n)); });
    case As::address_out:
      if (!p.done()) return p.address(word);
      return p.object<u64>(word, [&](u64 a) { p.out += '[', p.address(a), p.out += ']'; });
    case As::capability:
      return p.named("capability", word);
  }
}

void ambient(Print& p, usize i) {
  const u64 action = p.arg(1);
  if (i == 1) return append_names(p.out, kAmbientNames, action);
  const bool one = i == 2 && action >= PR_CAP_AMBIENT_IS_SET && action <= PR_CAP_AMBIENT_LOWER;
  one ? p.named("capability", p.arg(i)) : hex_word(p, p.arg(i));
}

void seccomp_mode(Print& p, usize i) {
  const u64 mode = p.arg(1);
  if (i == 1) return append_names(p.out, kModeNames, mode);
  if (mode == SECCOMP_MODE_STRICT) return;
  if (mode != SECCOMP_MODE_FILTER) return hex_word(p, p.arg(i));
  if (i == 2) print_filter_program(p, p.arg(i));
}

void tagged_addresses(Print& p, usize i) {
  if (i > 1) return hex_word(p, p.arg(i));
  constexpr std::array<std::string_view, 4> kFaults = {"PR_MTE_TCF_NONE", "PR_MTE_TCF_SYNC", "PR_MTE_TCF_ASYNC",
                                                       "PR_MTE_TCF_MASK"};
  const u64 word = p.arg(1), tags = word >> 3 & 0xffff, rest = word & ~u64{0x7ffff};
  std::string text = (word & 1) != 0 ? "PR_TAGGED_ADDR_ENABLE|" : "!PR_TAGGED_ADDR_ENABLE|";
  text += kFaults[word >> 1 & 3];
  if (tags != 0) text += "|" + trace::hex(tags) + "<<PR_MTE_TAG_SHIFT";
  if (rest != 0) text += "|" + trace::hex(rest);
  append_constant(p.out, trace::hex(word), text);
}

void vector_length(Print& p, usize i) {
  if (i > 1) return;
  const u64 word = p.arg(1), bits = word & ~u64{0xffff};
  std::string text;
  if (bits != 0) {
    const ConstantScope by_name(ConstantStyle::abbreviated);
    text = print_names(kSveNames, bits) + "|";
  }
  text += trace::hex(word & 0xffff);
  bits == 0 ? p.text(text) : append_constant(p.out, trace::hex(word), text);
}

void schedule_core(Print& p, usize i) {
  const u32 op = static_cast<u32>(p.arg(1));
  if (i == 1) return append_names(p.out, kCoreNames, p.arg(i));
  if (i == 2) return p.number(static_cast<i32>(p.arg(i)));
  if (i == 4)
    return op == PR_SCHED_CORE_GET && p.done()
               ? p.object<u64>(p.arg(i), [&](u64 cookie) { p.text("[" + trace::hex(cookie) + "]"); })
               : p.address(p.arg(i));
  hex_word(p, p.arg(i));
  if (constant_style() == ConstantStyle::raw) return;
  const ConstantScope by_name(ConstantStyle::abbreviated);
  p.text(" /* "), append_names(p.out, kPidNames, p.arg(i)), p.text(" */");
}

void prctl(Print& p, usize i) {
  const u32 op = static_cast<u32>(p.arg(0));
  switch (op) {
    case PR_CAP_AMBIENT:
      return ambient(p, i);
    case PR_SET_SECCOMP:
      return seccomp_mode(p, i);
    case PR_SET_TAGGED_ADDR_CTRL:
      return tagged_addresses(p, i);
    case PR_SVE_SET_VL:
      return vector_length(p, i);
    case PR_SCHED_CORE:
      return schedule_core(p, i);
    case PR_MCE_KILL:
      if (i == 1) return append_names(p.out, kKillNames, p.arg(i));
      if (i == 2 && p.arg(1) == PR_MCE_KILL_SET) return append_names(p.out, kPolicyNames, p.arg(i));
      return hex_word(p, p.arg(i));
    case PR_SET_SPECULATION_CTRL:
      if (i == 1) return append_names(p.out, kSpeculationNames, p.arg(i));
      if (i > 2) return;
      if (name_of(kSpeculationNames, p.arg(1)).empty()) return hex_word(p, p.arg(i));
      return append_names(p.out, kOneState, p.arg(i));
    case PR_PAC_SET_ENABLED_KEYS:
      return i <= 2 ? append_names(p.out, kPacNames, p.arg(i)) : hex_word(p, p.arg(i));
    case PR_SET_PTRACER:
      if (i == 1) p.arg(i) == PR_SET_PTRACER_ANY ? p.text("PR_SET_PTRACER_ANY") : p.unsigned_number(p.arg(i));
      return;
    default:
      break;
  }
  const Operation* operation = find_operation(op);
  operation != nullptr ? print_word(p, *operation, i) : hex_word(p, p.arg(i));
}

bool prctl_tells(const Call& call) {
  const u32 op = static_cast<u32>(call.args[0]);
  if (op == PR_SCHED_CORE) return true;
  const Operation* operation = find_operation(op);
  return operation != nullptr && operation->words[0] >= As::number_out && operation->words[0] <= As::text_out;
}

// --- arch_prctl ------------------------------------------------------------------------------------------------------------

constexpr u32 kGetFs = 0x1003, kGetGs = 0x1004, kGetCpuid = 0x1011, kGetComponents = 0x1021, kGetPermitted = 0x1022,
              kRequest = 0x1023, kGetGuest = 0x1024, kRequestGuest = 0x1025;
constexpr std::array<std::string_view, 19> kComponents = {"FP",
                                                          "SSE",
                                                          "YMM",
                                                          "BNDREGS",
                                                          "BNDCSR",
                                                          "OPMASK",
                                                          "ZMM_Hi256",
                                                          "Hi16_ZMM",
                                                          "PT_UNIMPLEMENTED_SO_FAR",
                                                          "PKRU",
                                                          "PASID",
                                                          "RSRVD_COMP_11",
                                                          "RSRVD_COMP_12",
                                                          "RSRVD_COMP_13",
                                                          "RSRVD_COMP_14",
                                                          "LBR",
                                                          "RSRVD_COMP_16",
                                                          "XTILE_CFG",
                                                          "XTILE_DATA"};

bool tells_components(u32 op) { return op == kGetComponents || op == kGetPermitted || op == kGetGuest; }

// "[0x7 /* XFEATURE_MASK_FPSSE|XFEATURE_MASK_YMM */]"
void components(Print& p, u64 mask) {
  p.out += "[" + trace::hex(mask);
  bool first = true;
  for (usize i = 0; i < kComponents.size(); ++i) {
    if ((mask >> i & 1) == 0 || (i == 1 && (mask & 1) != 0)) continue;
    p.out += first ? " /* XFEATURE_MASK_" : "|XFEATURE_MASK_";
    p.out += i == 0 && (mask & 2) != 0 ? "FPSSE" : kComponents[i];
    first = false;
  }
  p.out += first ? "]" : " */]";
}

void arch_prctl(Print& p, usize i) {
  const u32 op = static_cast<u32>(p.arg(0));
  const u64 word = p.arg(i);
  if (op == kGetCpuid) return;
  if (op == kRequest || op == kRequestGuest) {
    const bool known = word < kComponents.size();
    p.text(trace::hex(word));
    if (constant_style() == ConstantStyle::raw) return;
    return p.text(" /* XFEATURE_" + std::string(known ? kComponents[word] : "???") + " */");
  }
  if (!p.done() && (tells_components(op) || op == kGetFs || op == kGetGs)) return p.address(word);
  if (tells_components(op)) return p.object<u64>(word, [&](u64 mask) { components(p, mask); });
  if (op == kGetFs || op == kGetGs)
    return p.object<u64>(word, [&](u64 a) { p.out += '[', p.address(a), p.out += ']'; });
  op == abi::arch_set_fs || op == abi::arch_set_gs ? p.address(word) : p.text(trace::hex(word));
}

bool arch_prctl_tells(const Call& call) {
  const u32 op = static_cast<u32>(call.args[0]);
  return tells_components(op) || op == kGetFs || op == kGetGs;
}

constexpr Override kOverrides[] = {{"arch_prctl", 1 << 1, arch_prctl, 1 << 1, 0, arch_prctl_tells},
                                   {"prctl", 0x1e, prctl, 0x1e, 0, prctl_tells}};

}  // namespace

std::span<const Override> prctl_overrides() { return kOverrides; }

void append_prctl_note(std::string& out, const Call& call) {
  const auto value = static_cast<u64>(call.value);
  const auto say = [&](const Names& names) { out += " (", append_names(out, names, value), out += ')'; };
  switch (static_cast<u32>(call.args[0])) {
    case PR_GET_DUMPABLE:
      return say(kDumpableNames);
    case PR_GET_SECUREBITS:
      return value != 0 ? say(kSecureNames) : void();
    case PR_GET_SECCOMP:
      return value != 0 ? say(kModeNames) : void();
    case PR_GET_SPECULATION_CTRL:
      return value != 0 ? say(kStateNames) : void();
    default:
      return;
  }
}

}  // namespace limen::trace
