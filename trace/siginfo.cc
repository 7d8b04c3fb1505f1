// struct siginfo: what a signal tells, by who sent it.
#include <fmt/format.h>

#include "abi/signal.h"
#include "base/errno.h"
#include "trace/print.h"

namespace limen::trace {

namespace {

void append_address(std::string& out, u64 a) { a == 0 ? void(out += "NULL") : append_hex(out, a); }

void append_sender(std::string& out, const abi::SigInfo& info, const DecodeOptions& options) {
  const auto kill = info.as<abi::SigInfoKill>();
  append_process(out += ", si_pid=", kill.pid, options);
  out += fmt::format(", si_uid={}", kill.uid);
}

void append_value(std::string& out, u64 value) {
  out += fmt::format(", si_int={}, si_ptr=", static_cast<i32>(value));
  append_address(out, value);
}

void append_poll(std::string& out, const abi::SigInfo& info) {
  const auto poll = info.as<abi::SigInfoPoll>();
  out += fmt::format(", si_band={}, si_fd={}", poll.band, poll.fd);
}

// What a signal of another process, of a timer or of a file carries.
void append_sent(std::string& out, const abi::SigInfo& info, const DecodeOptions& options) {
  constexpr i32 kUser = 0, kOfFile = -5, kOfThread = -6;
  if (info.code == kOfFile) return append_poll(out, info);
  if (info.code == abi::si_timer) {
    const auto timer = info.as<abi::SigInfoTimer>();
    out += fmt::format(", si_timerid={}, si_overrun={}", hex(static_cast<u32>(timer.timerid)), timer.overrun);
    return append_value(out, timer.value);
  }
  append_sender(out, info, options);
  const auto queue = info.as<abi::SigInfoQueue>();
  if (info.code != kUser && info.code != kOfThread && queue.value != 0) append_value(out, queue.value);
}

void append_fault(std::string& out, const abi::SigInfo& info, std::string_view table) {
  const auto fault = info.as<abi::SigInfoFault>();
  out += ", si_addr=", append_address(out, fault.addr.raw());
  constexpr i32 kBounds = 3, kKey = 4, kMemoryError = 4, kMemoryErrorLater = 5;
  if (table == "segv_code" && info.code == kBounds) {
    out += ", si_lower=", append_address(out, fault.lower), out += ", si_upper=", append_address(out, fault.upper);
  } else if (table == "segv_code" && info.code == kKey) {
    out += fmt::format(", si_pkey={}", static_cast<u32>(fault.lower));
  } else if (table == "bus_code" && (info.code == kMemoryError || info.code == kMemoryErrorLater)) {
    out += ", si_addr_lsb=" + hex(fault.addr_lsb);
  }
}

void append_child(std::string& out, const abi::SigInfo& info, const DecodeOptions& options) {
  const auto child = info.as<abi::SigInfoChild>();
  const std::string status = info.code == 1 ? std::to_string(child.status) : signal_name(child.status);
  append_process(out += ", si_pid=", child.pid, options);
  out += fmt::format(", si_uid={}, si_status={}, si_utime={}, si_stime={}", child.uid, status, ticks(child.utime),
                     ticks(child.stime));
}

}  // namespace

void print_siginfo(std::string& out, const abi::SigInfo& info, const DecodeOptions& options) {
  struct Codes {
    i32 signo;
    std::string_view table;
  };
  constexpr Codes kCodes[] = {{17, "cld_code"}, {11, "segv_code"}, {7, "bus_code"},  {8, "fpe_code"},
                              {4, "ill_code"},  {5, "trap_code"},  {31, "sys_code"}, {29, "poll_code"}};
  if (info.signo == 0) {
    out += "{}";
    return;
  }
  std::string_view table;
  for (const Codes& codes : kCodes) {
    if (codes.signo == info.signo && info.code > 0) table = codes.table;
  }
  const u32 code = static_cast<u32>(info.code);
  std::string_view known = name_of(names("si_code"), code);
  if (known.empty() && !table.empty()) known = name_of(names(table), code);
  out += fmt::format("{{si_signo={}, si_code={}", signal_name(info.signo),
                     known.empty() ? hex(code) : constant(hex(code), known));
  if (info.err != 0)
    out += ", si_errno=" + (info.err > 0 ? constant(std::to_string(info.err), error_name(static_cast<u64>(info.err)))
                                         : std::to_string(info.err));
  if (info.code <= 0) {
    append_sent(out, info, options);
  } else if (table == "cld_code") {
    append_child(out, info, options);
  } else if (table == "sys_code") {
    const auto sys = info.as<abi::SigInfoSys>();
    const SyscallRow* row = find_syscall(Arch::x86_64, sys.syscall);
    out += ", si_call_addr=", append_address(out, sys.call_addr.raw());
    constexpr Name kArchitectures[] = {{0xc000003e, "AUDIT_ARCH_X86_64"}, {0x40000003, "AUDIT_ARCH_I386"}};
    const bool is_ours = sys.arch == kArchitectures[0].value && row != nullptr;
    out += ", si_syscall=" + (is_ours ? "__NR_" + std::string(row->name) : std::to_string(sys.syscall)) + ", si_arch=";
    const std::string_view arch = name_of({Names::Kind::number, "", kArchitectures}, sys.arch);
    out += arch.empty() ? hex(sys.arch) : constant(hex(sys.arch), arch);
    if (arch.empty() && constant_style() != ConstantStyle::raw) out += " /* AUDIT_ARCH_??? */";
  } else if (table == "poll_code") {
    if (!name_of(names(table), code).empty()) append_poll(out, info);
  } else if (!table.empty()) {
    append_fault(out, info, table);
  } else {
    const auto queue = info.as<abi::SigInfoQueue>();
    const auto kill = info.as<abi::SigInfoKill>();
    if (kill.pid != 0 || kill.uid != 0) append_sender(out, info, options);
    if (queue.value != 0) append_value(out, queue.value);
  }
  out += '}';
}

}  // namespace limen::trace
