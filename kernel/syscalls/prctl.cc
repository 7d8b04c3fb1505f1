// What a task sets about itself. Source: prctl(2), personality(2); kernel/sys.c, security/commoncap.c:cap_task_prctl.
#include "abi/prctl.h"

#include <algorithm>
#include <array>

#include "abi/capability.h"
#include "abi/seccomp.h"
#include "kernel/filter/seccomp.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/syscalls/prctl_memory.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/answers.h"
#include "kernel/task/call_work.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr u64 kDefaultSlack = 50'000;

Result<void> write_int(Task& task, u64 address, i32 value) {
  return copy_to_user(task, GuestAddr(address), &value, sizeof value);
}

Result<i64> set_name(Task& task, u64 address) {
  // As strncpy_from_user: what follows the fifteenth byte does not count, and need not be there.
  std::string name;
  for (usize i = 0; i + 1 < abi::task_comm_len; ++i) {
    char c = 0;
    TRY(copy_from_user(task, &c, GuestAddr(address) + i, 1));
    if (c == '\0') break;
    name.push_back(c);
  }
  task.set_name(name);
  return 0;
}

Result<i64> get_name(Task& task, u64 address) {
  std::array<char, abi::task_comm_len> out{};
  const std::string name = task.name();
  std::copy_n(name.begin(), std::min(name.size(), out.size() - 1), out.begin());
  TRY(copy_to_user(task, GuestAddr(address), out.data(), out.size()));
  return 0;
}

bool is_capability(u64 number) { return number <= static_cast<u64>(abi::cap_last_cap); }

Result<i64> drop_bounding(Task& task, u64 number) {
  if (!task.credentials().capable_here(Capability::setpcap)) return Errno::eperm;
  if (!is_capability(number)) return Errno::einval;
  Ref<Credentials> fresh = task.credentials().clone();
  fresh->bounding &= ~(u64{1} << number);
  task.set_credentials(std::move(fresh));
  return 0;
}

Result<i64> set_securebits(Task& task, u64 wanted) {
  constexpr u64 kBits = 0x555, kLocks = 0xaaa;
  constexpr u64 kOfUserSpace = 0xf00;  // SECBIT_EXEC_*: only programs look at them, so everybody sets them
  const Credentials& old = task.credentials();
  const u64 locked = (old.securebits & kLocks) >> 1;
  const bool changes_locked = ((old.securebits ^ wanted) & locked) != 0;
  const bool drops_lock = (old.securebits & kLocks & ~wanted) != 0;
  if (changes_locked || drops_lock || (wanted & ~(kBits | kLocks)) != 0) return Errno::eperm;
  const u64 changed = old.securebits ^ wanted;
  if (!old.capable_here(Capability::setpcap) && (changed == 0 || (changed & ~kOfUserSpace) != 0)) return Errno::eperm;
  Ref<Credentials> fresh = old.clone();
  fresh->securebits = static_cast<u32>(wanted);
  task.set_credentials(std::move(fresh));
  return 0;
}

Result<i64> set_keep_caps(Task& task, u64 wanted) {
  const Credentials& old = task.credentials();
  if (wanted > 1) return Errno::einval;
  if ((old.securebits & abi::secbit_keep_caps_locked) != 0) return Errno::eperm;
  Ref<Credentials> fresh = old.clone();
  fresh->securebits =
      wanted != 0 ? fresh->securebits | abi::secbit_keep_caps : fresh->securebits & ~abi::secbit_keep_caps;
  task.set_credentials(std::move(fresh));
  return 0;
}

Result<i64> ambient(Task& task, const PrctlArgs& args) {
  const Credentials& old = task.credentials();
  if (args.a2 == abi::pr_cap_ambient_clear_all) {
    if (!args.only_first()) return Errno::einval;
    Ref<Credentials> fresh = old.clone();
    fresh->ambient = 0;
    task.set_credentials(std::move(fresh));
    return 0;
  }
  if (args.a4 != 0 || args.a5 != 0 || !is_capability(args.a3)) return Errno::einval;
  const u64 bit = u64{1} << args.a3;
  if (args.a2 == abi::pr_cap_ambient_is_set) return (old.ambient & bit) != 0 ? 1 : 0;
  if (args.a2 != abi::pr_cap_ambient_raise && args.a2 != abi::pr_cap_ambient_lower) return Errno::einval;
  Ref<Credentials> fresh = old.clone();
  if (args.a2 == abi::pr_cap_ambient_raise) {
    const bool may =
        (old.permitted & old.inheritable & bit) != 0 && (old.securebits & abi::secbit_no_cap_ambient_raise) == 0;
    if (!may) return Errno::eperm;
    fresh->ambient |= bit;
  } else {
    fresh->ambient &= ~bit;
  }
  task.set_credentials(std::move(fresh));
  return 0;
}

Result<i64> capability_call(Task& task, i32 op, const PrctlArgs& args) {
  const Credentials& own = task.credentials();
  switch (op) {
    case abi::pr_capbset_read:
      if (!is_capability(args.a2)) return Errno::einval;
      return static_cast<i64>(own.bounding >> args.a2 & 1);
    case abi::pr_capbset_drop:
      return drop_bounding(task, args.a2);
    case abi::pr_get_securebits:
      return own.securebits;
    case abi::pr_set_securebits:
      return set_securebits(task, args.a2);
    case abi::pr_get_keepcaps:
      return (own.securebits & abi::secbit_keep_caps) != 0 ? 1 : 0;
    case abi::pr_set_keepcaps:
      return set_keep_caps(task, args.a2);
    case abi::pr_cap_ambient:
      return ambient(task, args);
    case abi::pr_get_no_new_privs:
      return args.none() ? Result<i64>(task.no_new_privs ? 1 : 0) : Errno::einval;
    case abi::pr_set_no_new_privs: {
      if (args.a2 != 1 || !args.only_first()) return Errno::einval;
      task.no_new_privs = true;
      return 0;
    }
    default:
      return Errno::einval;
  }
}

Result<i64> subreaper(Task& task, i32 op, const PrctlArgs& args) {
  if (op == abi::pr_set_child_subreaper) {
    WriteGuard tree(task.kernel().process_tree);
    task.group().is_child_subreaper = args.a2 != 0;
    return 0;
  }
  bool is_one = false;
  {
    ReadGuard tree(task.kernel().process_tree);
    is_one = task.group().is_child_subreaper;
  }
  TRY(write_int(task, args.a2, is_one ? 1 : 0));
  return 0;
}

// Linux: PF_MCE_PROCESS and PF_MCE_EARLY, which PR_MCE_KILL_DEFAULT takes away.
Result<i64> memory_error_policy(Task& task, i32 op, const PrctlArgs& args) {
  if (op == abi::pr_mce_kill_get) return args.none() ? Result<i64>(task.memory_error_policy) : Errno::einval;
  if (args.a4 != 0 || args.a5 != 0) return Errno::einval;
  if (args.a2 == abi::pr_mce_kill_clear && args.a3 == 0) {
    task.memory_error_policy = static_cast<i32>(abi::pr_mce_kill_default);
    return 0;
  }
  if (args.a2 != abi::pr_mce_kill_set || args.a3 > abi::pr_mce_kill_default) return Errno::einval;
  task.memory_error_policy = static_cast<i32>(args.a3);
  return 0;
}

Result<i64> io_flusher(Task& task, i32 op, const PrctlArgs& args) {
  if (!task.credentials().capable(Capability::sys_resource)) return Errno::eperm;
  if (!args.only_first()) return Errno::einval;
  if (op == abi::pr_get_io_flusher) return args.a2 == 0 ? Result<i64>(task.is_io_flusher ? 1 : 0) : Errno::einval;
  if (args.a2 > 1) return Errno::einval;
  task.is_io_flusher = args.a2 == 1;
  return 0;
}

// As on a host whose administrator has decided: guests run with what it has set. Linux: arch/x86/kernel/cpu/bugs.c.
Result<i64> speculation(Task& task, i32 op, const PrctlArgs& args) {
  const bool gets = op == abi::pr_get_speculation_ctrl;
  if ((gets && args.a3 != 0) || args.a4 != 0 || args.a5 != 0) return Errno::einval;
  if (args.a2 > abi::pr_spec_l1d_flush) return Errno::enodev;
  const u32 state = task.kernel().options().speculation[args.a2] & ~abi::pr_spec_prctl;
  if (gets) return i64{state};
  if (args.a2 == abi::pr_spec_store_bypass) return Errno::enxio;
  if (args.a2 == abi::pr_spec_l1d_flush) return Errno::eperm;
  const bool enables = args.a3 == abi::pr_spec_enable;
  if (!enables && args.a3 != abi::pr_spec_disable && args.a3 != abi::pr_spec_force_disable) return Errno::erange;
  const bool is_on = state == abi::pr_spec_enable || state == abi::pr_spec_not_affected;
  return enables == is_on ? Result<i64>(0) : Errno::eperm;
}

// Linux: kernel/time/posix-timers.c:posixtimer_create_prctl.
Result<i64> restored_timer_ids(Task& task, const PrctlArgs& args) {
  if (!args.only_first()) return Errno::einval;
  std::atomic<bool>& restores = task.group().restores_timer_ids;
  switch (args.a2) {
    case abi::pr_timer_create_restore_ids_off:
    case abi::pr_timer_create_restore_ids_on:
      restores = args.a2 == abi::pr_timer_create_restore_ids_on;
      return 0;
    case abi::pr_timer_create_restore_ids_get:
      return restores ? 1 : 0;
    default:
      return Errno::einval;
  }
}

// Linux: kernel/entry/syscall_user_dispatch.c:task_set_syscall_user_dispatch. What passes is a range around the end of the address space,
// too: all but another range.
Result<i64> dispatch_calls(Task& task, const PrctlArgs& args) {
  Task::UserDispatch rule{args.a3, args.a4, args.a5};
  switch (args.a2) {
    case abi::pr_sys_dispatch_off:
      if (!PrctlArgs{args.a3, args.a4, args.a5, 0}.none()) return Errno::einval;
      break;
    case abi::pr_sys_dispatch_exclusive_on:
      if (rule.start != 0 && rule.start + rule.length <= rule.start) return Errno::einval;
      break;
    case abi::pr_sys_dispatch_inclusive_on:
      if (rule.length == 0 || rule.start + rule.length <= rule.start) return Errno::einval;
      rule.start += rule.length, rule.length = 0 - rule.length;
      break;
    default:
      return Errno::einval;
  }
  if (rule.selector >= task.kernel().platform().guest_ceiling()) return Errno::efault;
  task.user_dispatch = rule;
  if (args.a2 == abi::pr_sys_dispatch_off)
    task.call_work.fetch_and(~call_work::dispatch);
  else
    task.call_work.fetch_or(call_work::dispatch);
  settle_answers(task);
  return 0;
}

// The clocks of processors stay readable: PR_TSC_SIGSEGV, which asks for a fault, is refused.
Result<i64> time_stamp_counter(Task& task, i32 op, const PrctlArgs& args) {
  if (op == abi::pr_set_tsc) return args.a2 == abi::pr_tsc_enable ? Result<i64>(0) : Errno::einval;
  TRY(write_int(task, args.a2, static_cast<i32>(abi::pr_tsc_enable)));
  return 0;
}

// What the host decides, and what is kept for a process or thread and shown.
Result<i64> other_call(Task& task, i32 op, const PrctlArgs& args) {
  switch (op) {
    case abi::pr_get_speculation_ctrl:
    case abi::pr_set_speculation_ctrl:
      return speculation(task, op, args);
    case abi::pr_get_tsc:
    case abi::pr_set_tsc:
      return time_stamp_counter(task, op, args);
    case abi::pr_timer_create_restore_ids:
      return restored_timer_ids(task, args);
    case abi::pr_set_syscall_user_dispatch:
      return dispatch_calls(task, args);
    case abi::pr_task_perf_events_disable:
    case abi::pr_task_perf_events_enable:
      return 0;  // a task has none here
    default:
      return capability_call(task, op, args);
  }
}

}  // namespace

Result<i64> sys_prctl(Task& task, PrctlOp op, u64 arg2, u64 arg3, u64 arg4, u64 arg5) {
  const PrctlArgs args{arg2, arg3, arg4, arg5};
  switch (op.raw()) {
    case abi::pr_set_name:
      return set_name(task, arg2);
    case abi::pr_get_name:
      return get_name(task, arg2);
    case abi::pr_set_pdeathsig:
      if (arg2 > static_cast<u64>(kSignalMax)) return Errno::einval;
      task.parent_death_signal = Signal(static_cast<i32>(arg2));
      return 0;
    case abi::pr_get_pdeathsig:
      TRY(write_int(task, arg2, task.parent_death_signal.load().raw()));
      return 0;
    case abi::pr_get_dumpable:
      return task.group().dumpable.load();
    case abi::pr_set_dumpable:
      if (arg2 > 1) return Errno::einval;
      task.group().dumpable.store(static_cast<u8>(arg2));
      return 0;
    case abi::pr_set_timerslack:
      task.timer_slack_ns = static_cast<i64>(arg2) <= 0 ? kDefaultSlack : arg2;
      return 0;
    case abi::pr_get_timerslack:
      return static_cast<i64>(task.timer_slack_ns);
    case abi::pr_set_child_subreaper:
    case abi::pr_get_child_subreaper:
      return subreaper(task, op.raw(), args);
    case abi::pr_get_tid_address:
      TRY(copy_to_user(task, GuestAddr(arg2), &task.clear_child_tid, sizeof task.clear_child_tid));
      return 0;
    case abi::pr_mce_kill:
    case abi::pr_mce_kill_get:
      return memory_error_policy(task, op.raw(), args);
    case abi::pr_set_io_flusher:
    case abi::pr_get_io_flusher:
      return io_flusher(task, op.raw(), args);
    case abi::pr_get_timing:
      return 0;  // PR_TIMING_STATISTICAL, the only one
    case abi::pr_set_timing:
      return arg2 == 0 ? Result<i64>(0) : Errno::einval;
    case abi::pr_get_seccomp:
      return static_cast<i64>(task.seccomp->mode());
    case abi::pr_set_seccomp:
      if (arg2 == abi::seccomp_mode_strict) return set_strict_mode(task);
      return arg2 == abi::seccomp_mode_filter ? set_filter_mode(task, 0, GuestAddr(arg3)) : Errno::einval;
    default: {
      const std::optional<Result<i64>> of_memory = prctl_of_memory(task, op.raw(), args);
      return of_memory ? *of_memory : other_call(task, op.raw(), args);
    }
  }
}

// Any value is taken, as Linux does; ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC, PER_LINUX32 and UNAME26 have an effect.
Result<i64> sys_personality(Task& task, Personality persona) {
  const u32 old = task.personality;
  if (persona.raw() != abi::per_query) task.personality = persona.raw(), settle_answers(task);
  return old;
}

}  // namespace limen
