// The requests that a tracer makes of a stopped tracee.
#include <cstddef>
#include <cstring>

#include "abi/mman.h"
#include "abi/seccomp.h"
#include "kernel/filter/bpf.h"
#include "kernel/filter/seccomp.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/ptrace/registers.h"
#include "kernel/signal/siginfo.h"
#include "kernel/task/answers.h"
#include "kernel/task/call_work.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr i64 kGetSeccompMetadata = 0x420d, kSingleBlock = 33;

// The tracee's stop, held open: while it lives the tracee cannot go on. esrch where it is not stopped.
template <typename Use>
auto with_stopped(Task& tracee, Use use) -> decltype(use()) {
  MutexGuard guard(tracee.tracing->lock);
  if (!tracee.tracing->stopped || tracee.tracing->listening) return Errno::esrch;
  return use();
}

// --- Memory ------------------------------------------------------------------------------------------------------------

Result<i64> peek(Task& task, Task& target, u64 addr, u64 to) {
  const Ref<Mm> mm = target.mm_ref();
  u64 word = 0;
  if (!mm || mm->copy_in_forced(&word, GuestAddr(addr), sizeof word) != sizeof word) return Errno::eio;
  TRY(copy_to_user(task, GuestAddr(to), &word, sizeof word));
  return 0;
}

Result<i64> poke(Task& target, u64 addr, u64 word) {
  const Ref<Mm> mm = target.mm_ref();
  if (!mm || mm->copy_out_forced(GuestAddr(addr), &word, sizeof word) != sizeof word) return Errno::eio;
  return 0;
}

// --- Registers ---------------------------------------------------------------------------------------------------------

Result<i64> get_registers(Task& task, Task& target, u32 type, u64 to) {
  const std::vector<u8> bytes = TRY(with_stopped(target, [&] {
    target.tracing->lock.assert_held();
    return read_register_set(target, type);
  }));
  const Result<void> copied = copy_to_user(task, GuestAddr(to), bytes.data(), bytes.size());
  return copied.ok() ? Result<i64>(0) : Errno::eio;  // GETREGS says EIO; a set says EFAULT
}

Result<i64> set_registers(Task& task, Task& target, u32 type, usize size, u64 from) {
  std::vector<u8> bytes(size);
  if (!copy_from_user(task, bytes.data(), GuestAddr(from), size).ok()) return Errno::eio;
  TRY(with_stopped(target, [&] {
    target.tracing->lock.assert_held();
    return write_register_set(target, type, bytes);
  }));
  return 0;
}

Result<i64> register_set(Task& task, Task& target, bool write, u64 type, u64 iovec) {
  abi::IoVec iov;
  TRY(copy_from_user(task, &iov, GuestAddr(iovec), sizeof iov));
  if (type > ~u32{0}) return Errno::einval;
  const u32 set = static_cast<u32>(type);
  std::vector<u8> bytes = TRY(with_stopped(target, [&] {
    target.tracing->lock.assert_held();
    return read_register_set(target, set);
  }));
  if (iov.iov_len % sizeof(u64) != 0) return Errno::einval;
  bytes.resize(std::min<u64>(bytes.size(), iov.iov_len));
  if (write) {
    TRY(copy_from_user(task, bytes.data(), iov.iov_base, bytes.size()));
    TRY(with_stopped(target, [&] {
      target.tracing->lock.assert_held();
      return write_register_set(target, set, bytes);
    }));
  } else {
    TRY(copy_to_user(task, iov.iov_base, bytes.data(), bytes.size()));
  }
  iov.iov_len = bytes.size();
  TRY(copy_to_user(task, GuestAddr(iovec) + offsetof(abi::IoVec, iov_len), &iov.iov_len, sizeof iov.iov_len));
  return 0;
}

Result<i64> arch_prctl(Task& task, Task& target, u64 addr, u64 op) {
  constexpr u64 kSetGs = 0x1001, kSetFs = 0x1002, kGetFs = 0x1003, kGetGs = 0x1004;
  constexpr u64 kFsOffset = offsetof(platform::Registers, fs_base), kGsOffset = offsetof(platform::Registers, gs_base);
  const u64 offset = op == kSetFs || op == kGetFs ? kFsOffset : kGsOffset;
  if (op == kSetFs || op == kSetGs) {
    const Result<void> set = with_stopped(target, [&] {
      target.tracing->lock.assert_held();
      return poke_user(target, offset, addr);
    });
    return set.ok() ? Result<i64>(0) : set.is(Errno::esrch) ? Errno::esrch : Errno::eperm;
  }
  if (op != kGetFs && op != kGetGs) return Errno::einval;
  const u64 base = TRY(with_stopped(target, [&] {
    target.tracing->lock.assert_held();
    return peek_user(target, offset);
  }));
  TRY(copy_to_user(task, GuestAddr(addr), &base, sizeof base));
  return 0;
}

// --- Signals -----------------------------------------------------------------------------------------------------------

Result<i64> get_siginfo(Task& task, Task& target, u64 to) {
  const abi::SigInfo info = TRY(with_stopped(target, [&]() -> Result<abi::SigInfo> {
    target.tracing->lock.assert_held();
    if (!target.tracing->stop.has_info) return Errno::einval;
    return target.tracing->stop.info;
  }));
  TRY(copy_to_user(task, GuestAddr(to), &info, sizeof info));
  return 0;
}

Result<i64> set_siginfo(Task& task, Task& target, u64 from) {
  abi::SigInfo info;
  TRY(copy_from_user(task, &info, GuestAddr(from), sizeof info));
  return with_stopped(target, [&]() -> Result<i64> {
    target.tracing->lock.assert_held();
    if (!target.tracing->stop.has_info) return Errno::einval;
    target.tracing->stop.info = info;
    return 0;
  });
}

Result<i64> peek_siginfo(Task& task, Task& target, u64 from, u64 to) {
  struct {
    u64 offset;
    u32 flags;
    i32 count;
  } args;
  TRY(copy_from_user(task, &args, GuestAddr(from), sizeof args));
  constexpr u32 kShared = 1;  // PTRACE_PEEKSIGINFO_SHARED
  if ((args.flags & ~kShared) != 0 || args.count < 0) return Errno::einval;
  i64 copied = 0;
  for (; copied < args.count; ++copied) {
    std::optional<SignalInfo> info;
    {
      MutexGuard guard(target.group().signal_lock);
      target.signal_lock().assert_held();  // it is the group's
      const PendingSignals& queue = (args.flags & kShared) != 0 ? target.group().shared_pending : target.pending;
      info = queue.peek(args.offset + static_cast<u64>(copied));
    }
    if (!info) break;
    const abi::SigInfo out = encode_siginfo(*info);
    const Result<void> done =
        copy_to_user(task, GuestAddr(to) + static_cast<u64>(copied) * sizeof out, &out, sizeof out);
    if (!done.ok()) return copied != 0 ? Result<i64>(copied) : done.error();
    if (task.signal_pending()) return copied + 1;
  }
  return copied;
}

Result<i64> signal_mask(Task& task, Task& target, bool write, u64 size, u64 address) {
  if (size != sizeof(u64)) return Errno::einval;
  if (!write) {
    const u64 mask =
        TRY(with_stopped(target, [&]() -> Result<u64> { return target.saved_mask.value_or(target.blocked()).bits(); }));
    TRY(copy_to_user(task, GuestAddr(address), &mask, sizeof mask));
    return 0;
  }
  u64 mask = 0;
  TRY(copy_from_user(task, &mask, GuestAddr(address), sizeof mask));
  TRY(with_stopped(target, []() -> Result<void> { return success; }));
  target.set_blocked(SignalSet(mask));
  return 0;
}

// --- What stopped it ---------------------------------------------------------------------------------------------------

struct SyscallInfo {  // struct ptrace_syscall_info
  u8 op = 0;
  u8 reserved = 0;
  u16 flags = 0;
  u32 arch = abi::audit_arch_x86_64;
  u64 ip = 0, sp = 0;
  u64 words[8] = {};  // entry: nr, args; exit: rval, is_error; seccomp: nr, args, ret_data
};

// As much as there is to tell; the length is the request's value, whatever of it fits.
u64 describe_call(Task& target, SyscallInfo& out) REQUIRES(target.tracing->lock) {
  target.tracing->lock.assert_held();
  const TraceStop stop = target.tracing->stop;
  const platform::Registers regs = target.cpu().registers();
  out.ip = regs.rip, out.sp = regs.rsp;
  constexpr u64 kHead = offsetof(SyscallInfo, words);
  switch (stop.kind) {
    case TraceStop::Kind::entry:
    case TraceStop::Kind::seccomp: {
      const u64 words[] = {regs.orig_rax, regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9};
      std::memcpy(out.words, words, sizeof words);
      if (stop.kind == TraceStop::Kind::entry) {
        out.op = abi::ptrace_syscall_info_entry;
        return kHead + sizeof words;
      }
      out.op = abi::ptrace_syscall_info_seccomp;
      out.words[7] = stop.seccomp_data;
      return kHead + sizeof words + sizeof(u32);
    }
    case TraceStop::Kind::exit: {
      out.op = abi::ptrace_syscall_info_exit;
      out.words[0] = regs.rax;
      out.words[1] = static_cast<i64>(regs.rax) < 0 && static_cast<i64>(regs.rax) >= -4095 ? 1 : 0;
      return kHead + sizeof(u64) + 1;
    }
    default:
      out.op = abi::ptrace_syscall_info_none;
      return kHead;
  }
}

Result<i64> get_syscall_info(Task& task, Task& target, u64 size, u64 to) {
  SyscallInfo info;
  const u64 length = TRY(with_stopped(target, [&]() -> Result<u64> {
    target.tracing->lock.assert_held();
    return describe_call(target, info);
  }));
  TRY(copy_to_user(task, GuestAddr(to), &info, std::min<u64>(size, length)));
  return static_cast<i64>(length);
}

Result<i64> get_event_message(Task& task, Task& target, u64 to) {
  const u64 message = TRY(with_stopped(target, [&]() -> Result<u64> {
    target.tracing->lock.assert_held();
    const u32 event = static_cast<u32>(target.tracing->stop.code) >> 8;
    const bool of_task = event >= abi::ptrace_event_fork && event <= abi::ptrace_event_vfork_done;  // with exec between
    const u64 raw = target.tracing->message;
    return of_task ? static_cast<u64>(task.sees(Pid(static_cast<i32>(raw)))) : raw;
  }));
  TRY(copy_to_user(task, GuestAddr(to), &message, sizeof message));
  return 0;
}

Result<i64> get_rseq_configuration(Task& task, Task& target, u64 size, u64 to) {
  const struct {
    u64 pointer;
    u32 size, signature, flags, padding;
  } area{target.rseq.addr, target.rseq.length, target.rseq.signature, 0, 0};
  TRY(copy_to_user(task, GuestAddr(to), &area, std::min<u64>(size, sizeof area)));
  return sizeof area;
}

// PTRACE_SECCOMP_GET_FILTER: the `index`th installed, as it was given.
Result<i64> get_filter(Task& task, Task& target, u64 index, u64 to) {
  if (!task.credentials().capable(Capability::sys_admin) || task.seccomp->mode() != SeccompState::Mode::disabled)
    return Errno::eacces;
  const Ref<Filter> filters = [&] {
    MutexGuard guard(target.group().lock);
    return target.seccomp->filter_ref();
  }();
  if (!filters) return Errno::einval;
  if (index >= filters->count()) return Errno::enoent;
  const Filter* filter = filters.get();
  while (filter->count() != index + 1) filter = filter->previous();
  const auto* program = dynamic_cast<const BpfProgram*>(&filter->program());
  if (program == nullptr) return Errno::einval;  // the sandbox's own profile was never BPF
  const auto code = program->instructions();
  if (to != 0) TRY(copy_to_user(task, GuestAddr(to), code.data(), code.size_bytes()));
  return static_cast<i64>(code.size());
}

Result<i64> get_filter_metadata(Task& task, Task& target, u64 size, u64 to) {
  if (!task.credentials().capable(Capability::sys_admin) || task.seccomp->mode() != SeccompState::Mode::disabled)
    return Errno::eacces;
  struct {
    u64 index, flags;
  } data{};
  size = std::min<u64>(size, sizeof data);
  if (size < sizeof data.index) return Errno::einval;
  TRY(copy_from_user(task, &data.index, GuestAddr(to), sizeof data.index));
  const Ref<Filter> filters = [&] {
    MutexGuard guard(target.group().lock);
    return target.seccomp->filter_ref();
  }();
  if (!filters) return Errno::einval;
  if (data.index >= filters->count()) return Errno::enoent;
  const Filter* filter = filters.get();
  while (filter->count() != data.index + 1) filter = filter->previous();
  data.flags = filter->options().log ? abi::seccomp_filter_flag_log : 0;
  TRY(copy_to_user(task, GuestAddr(to), &data, size));
  return static_cast<i64>(size);
}

// --- Going on ----------------------------------------------------------------------------------------------------------

Result<i64> resume(Task& target, u32 work, bool step, u64 signo) {
  if (signo > static_cast<u64>(kSignalMax)) return Errno::eio;
  TRY(with_stopped(target, [&]() -> Result<void> {
    target.tracing->lock.assert_held();
    target.call_work.fetch_and(~(call_work::trace | call_work::emulate | call_work::single_step));
    target.call_work.fetch_or(work | (step ? call_work::single_step : 0));
    settle_answers(target);
    if (step) {
      platform::Registers regs = target.cpu().registers();
      if ((regs.eflags & kTrapFlag) == 0) {
        regs.eflags |= kTrapFlag;
        target.cpu().set_registers(regs);
        target.tracing->forced_step = true;
      }
    }
    target.tracing->injected = static_cast<int>(signo);
    target.tracing->stopped = false;
    return success;
  }));
  target.wake();
  return 0;
}

Result<i64> detach(Task& task, Task& target, u64 signo) {
  if (signo > static_cast<u64>(kSignalMax)) return Errno::eio;
  WriteGuard tree(task.kernel().process_tree);
  {
    MutexGuard guard(target.tracing->lock);
    target.tracing->injected = static_cast<int>(signo);
  }
  unlink_tracee(target);
  return 0;
}

Result<void> check_options(Task& task, u64 options) {
  if ((options & ~abi::ptrace_o_mask) != 0) return Errno::einval;
  if ((options & abi::ptrace_o_suspend_seccomp) == 0) return success;
  const bool may = task.credentials().capable(Capability::sys_admin) &&
                   task.seccomp->mode() == SeccompState::Mode::disabled &&
                   !task.tracing->has_option(abi::ptrace_o_suspend_seccomp);
  return may ? Result<void>() : Errno::eperm;
}

Result<i64> interrupt(Task& target) {
  Tracing& tracing = *target.tracing;
  if (!tracing.seized()) return Errno::eio;
  {
    MutexGuard guard(tracing.lock);
    tracing.trap_ = true;  // one that is stopped takes it later; one that listens stops anew
    if (tracing.listening) tracing.stopped = false;
  }
  target.recalculate_work();
  target.wake();
  return 0;
}

Result<i64> listen(Task& target) {
  return with_stopped(target, [&]() -> Result<i64> {
    target.tracing->lock.assert_held();
    const bool by_event = (target.tracing->stop.code >> 8) == static_cast<int>(abi::ptrace_event_stop);
    if (!target.tracing->seized() || !by_event) return Errno::eio;
    target.tracing->listening = true;
    // What came meanwhile ends the listening at once.
    if (target.tracing->trap_) target.tracing->stopped = false, target.wake();
    return 0;
  });
}

bool is_tracee_of(Task& task, Task& target) {
  ReadGuard tree(task.kernel().process_tree);
  return target.tracing->tracer.get() == &task && !target.tracing->exited;
}

Result<i64> request_of_stopped(Task& task, i64 op, Task& target, u64 addr, u64 data) {
  switch (op) {
    case abi::ptrace_peektext:
    case abi::ptrace_peekdata:
      return peek(task, target, addr, data);
    case abi::ptrace_poketext:
    case abi::ptrace_pokedata:
      return poke(target, addr, data);
    case abi::ptrace_peekusr: {
      const u64 word = TRY(with_stopped(target, [&] {
        target.tracing->lock.assert_held();
        return peek_user(target, addr);
      }));
      TRY(copy_to_user(task, GuestAddr(data), &word, sizeof word));
      return 0;
    }
    case abi::ptrace_pokeusr:
      TRY(with_stopped(target, [&] {
        target.tracing->lock.assert_held();
        return poke_user(target, addr, data);
      }));
      return 0;
    case abi::ptrace_getregs:
      return get_registers(task, target, kNtPrstatus, data);
    case abi::ptrace_setregs:
      return set_registers(task, target, kNtPrstatus, sizeof(abi::UserRegs), data);
    case abi::ptrace_getfpregs:
      return get_registers(task, target, kNtPrfpreg, data);
    case abi::ptrace_setfpregs:
      return set_registers(task, target, kNtPrfpreg, 512, data);
    case abi::ptrace_getregset:
    case abi::ptrace_setregset:
      return register_set(task, target, op == abi::ptrace_setregset, addr, data);
    case abi::ptrace_arch_prctl:
      return arch_prctl(task, target, addr, data);
    case abi::ptrace_getsiginfo:
      return get_siginfo(task, target, data);
    case abi::ptrace_setsiginfo:
      return set_siginfo(task, target, data);
    case abi::ptrace_peeksiginfo:
      return peek_siginfo(task, target, addr, data);
    case abi::ptrace_getsigmask:
    case abi::ptrace_setsigmask:
      return signal_mask(task, target, op == abi::ptrace_setsigmask, addr, data);
    case abi::ptrace_setoptions:
      TRY(check_options(task, data));
      target.tracing->options_ = data;
      return 0;
    case abi::ptrace_geteventmsg:
      return get_event_message(task, target, data);
    case abi::ptrace_get_syscall_info:
      return get_syscall_info(task, target, addr, data);
    case abi::ptrace_get_rseq_configuration:
      return get_rseq_configuration(task, target, addr, data);
    case abi::ptrace_seccomp_get_filter:
      return get_filter(task, target, addr, data);
    case kGetSeccompMetadata:
      return get_filter_metadata(task, target, addr, data);
    case abi::ptrace_listen:
      return listen(target);
    case abi::ptrace_detach:
      return detach(task, target, data);
    case abi::ptrace_cont:
      return resume(target, 0, false, data);
    case abi::ptrace_syscall:
      return resume(target, call_work::trace, false, data);
    case abi::ptrace_sysemu:
      return resume(target, call_work::emulate, false, data);
    case abi::ptrace_sysemu_singlestep:
      return resume(target, call_work::emulate, true, data);
    case abi::ptrace_singlestep:
      return resume(target, 0, true, data);
    case kSingleBlock:  // the host's branch tracing is not a guest's
    default:
      return Errno::eio;
  }
}

}  // namespace

Result<i64> ptrace_request(Task& task, i64 op, Task& target, u64 addr, u64 data) {
  if (op == abi::ptrace_attach || op == abi::ptrace_seize) {
    const bool seize = op == abi::ptrace_seize;
    if (seize && (addr != 0 || (data & ~abi::ptrace_o_mask) != 0)) return Errno::eio;
    if (seize) TRY(check_options(task, data));
    TRY(attach(task, target, seize ? data : 0, seize));
    return 0;
  }
  if (!is_tracee_of(task, target)) return Errno::esrch;
  if (op == abi::ptrace_kill) {
    send_signal(target.group(), kernel_signal(sig::kill));
    return 0;
  }
  if (op == abi::ptrace_interrupt) return interrupt(target);
  TRY(with_stopped(target, []() -> Result<void> { return success; }));
  return request_of_stopped(task, op, target, addr, data);
}

}  // namespace limen
