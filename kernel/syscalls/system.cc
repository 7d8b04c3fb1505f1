// The system as a whole: uname(2), sethostname(2), sysinfo(2), getrandom(2), syslog(2), robust lists, membarrier(2).
#include <algorithm>
#include <cstring>

#include "abi/limits.h"
#include "abi/prctl.h"
#include "abi/random.h"
#include "abi/reboot.h"
#include "abi/sched.h"
#include "abi/sysinfo.h"
#include "abi/utsname.h"
#include "host/random.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user_buffer.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/exit.h"
#include "kernel/task/load.h"
#include "kernel/task/pid_namespace.h"
#include "kernel/time/time_namespace.h"
#include "kernel/version.h"

namespace limen {
namespace {

Result<std::string> read_name(Task& task, UserBytes<In> name, int len) {
  if (!task.credentials().capable_in(*task.namespaces().uts, Capability::sys_admin)) return Errno::eperm;
  if (len < 0 || static_cast<usize>(len) > abi::uts_len) return Errno::einval;
  std::string text(static_cast<usize>(len), '\0');
  TRY(copy_from_user(task, text.data(), name.addr(), text.size()));
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

}  // namespace

namespace {

// personality(2)'s UNAME26, for programs that know no release after 2.6. Linux: kernel/sys.c:override_release.
std::string release_of(const Task& task) {
  const std::string_view real = kLinuxRelease;
  if ((task.personality & abi::uname26) == 0) return std::string(real);
  const usize dot = real.find('.'), end = real.find_first_not_of("0123456789", dot + 1);
  const int minor = std::stoi(std::string(real.substr(dot + 1, end - dot - 1)));
  const usize rest = real.find_first_not_of("0123456789.", end);
  return "2.6." + std::to_string(minor + 60) + std::string(rest == real.npos ? "" : real.substr(rest));
}

}  // namespace

Result<i64> sys_uname(Task& task, UserOut<abi::UtsName> name) {
  abi::UtsName out = task.namespaces().uts->name();
  put_name(out.release, release_of(task));
  if ((task.personality & abi::per_mask) == abi::per_linux32) put_name(out.machine, "i686");
  TRY(name.write(task, out));
  return 0;
}

Result<i64> sys_sethostname(Task& task, UserBytes<In> name, int len) {
  std::string text = TRY(read_name(task, name, len));
  task.namespaces().uts->set_hostname(std::move(text));
  return 0;
}

Result<i64> sys_setdomainname(Task& task, UserBytes<In> name, int len) {
  std::string text = TRY(read_name(task, name, len));
  task.namespaces().uts->set_domainname(std::move(text));
  return 0;
}

Result<i64> sys_sysinfo(Task& task, UserOut<abi::SysInfo> info) {
  Kernel& kernel = task.kernel();
  abi::SysInfo out{};
  const LoadAverage::Means loads = load_averages(kernel);
  std::copy(loads.begin(), loads.end(), out.loads);
  out.uptime = static_cast<i64>(seen_time(task, TimerClock::boottime, kernel.clock().boottime_ns()) / 1'000'000'000);
  out.totalram = kernel.arena().limit();
  out.freeram = out.totalram - std::min(out.totalram, kernel.arena().resident());
  {
    ReadGuard tree(kernel.process_tree);
    out.procs = static_cast<u16>(std::min<usize>(kernel.pids->count(), 0xffff));
  }
  out.mem_unit = 1;
  TRY(info.write(task, out));
  return 0;
}

Result<i64> sys_getrandom(Task& task, UserBytes<Out> buf, usize count, RandomFlags flags) {
  if (flags.unknown(abi::grnd_nonblock | abi::grnd_random | abi::grnd_insecure) != 0) return Errno::einval;
  if (flags.has(abi::grnd_random | abi::grnd_insecure)) return Errno::einval;
  UserBuffer buffer(task, buf.addr(), std::min<usize>(count, 0x7fffffff));
  u8 bytes[4096];
  usize moved = 0;
  while (buffer.remaining() != 0) {
    const usize n = std::min(buffer.remaining(), sizeof bytes);
    host::fill_random(std::span(bytes, n));
    const Result<usize> copied = buffer.copy_out(std::span<const u8>(bytes, n));
    if (!copied.ok()) return moved == 0 ? Result<i64>(copied.error()) : static_cast<i64>(moved);
    moved += *copied;
    if (*copied < n || task.signal_pending()) break;
  }
  return static_cast<i64>(moved);
}

// The log of a sandbox's kernel goes to whoever started it: here it is always empty. As with kernel.dmesg_restrict, asking needs
// CAP_SYSLOG. Linux: kernel/printk/printk.c:do_syslog.
constexpr u64 kUserEnd = (u64{1} << 47) - kPageSize;  // Linux: TASK_SIZE_MAX

Result<i64> sys_syslog(Task& task, SyslogAction action, UserBytes<Out> buf, int len) {
  constexpr i64 kBuffer = 1 << 18;
  SystemSettings& settings = task.kernel().settings();
  const bool is_for_all = action.raw() == abi::syslog_action_read_all || action.raw() == abi::syslog_action_size_buffer;
  if ((!is_for_all || settings.dmesg_restrict.on()) && !task.credentials().capable(Capability::syslog))
    return Errno::eperm;
  switch (action.raw()) {
    case abi::syslog_action_read:
    case abi::syslog_action_read_all:
    case abi::syslog_action_read_clear: {
      if (buf.is_null() || len < 0) return Errno::einval;
      if (buf.raw() + static_cast<u64>(len) > kUserEnd)
        return Errno::efault;  // all that is looked at where nothing is read
      if (len == 0 || action.raw() != abi::syslog_action_read) return 0;
      WaitQueue never;  // no message comes
      const Result<void> waited = task.block(never, Deadline::never(), [] { return Result<void>(Errno::eagain); });
      return waited.error();
    }
    case abi::syslog_action_console_level:
      if (len < 1 || len > 8) return Errno::einval;
      settings.printk[0].set(static_cast<u64>(len));
      return 0;
    case abi::syslog_action_close:
    case abi::syslog_action_open:
    case abi::syslog_action_clear:
    case abi::syslog_action_console_off:
    case abi::syslog_action_console_on:
    case abi::syslog_action_size_unread:
      return 0;
    case abi::syslog_action_size_buffer:
      return kBuffer;
    default:
      return Errno::einval;
  }
}

// A sandbox is no machine: its root reboots, as that of every pid namespace, by the end of its first process. Linux: reboot_pid_ns.
Result<i64> sys_reboot(Task& task, int magic1, int magic2, u32 command, UserString) {
  const Ref<PidNamespace> pids(&task.pid_namespace());
  if (!task.credentials().capable_in(*pids, Capability::sys_boot)) return Errno::eperm;
  constexpr int kMagic2[] = {abi::reboot_magic2, abi::reboot_magic2a, abi::reboot_magic2b, abi::reboot_magic2c};
  if (static_cast<u32>(magic1) != abi::reboot_magic1 ||
      std::find(std::begin(kMagic2), std::end(kMagic2), magic2) == std::end(kMagic2)) {
    return Errno::einval;
  }
  Signal end;
  switch (command) {
    case abi::reboot_restart:
    case abi::reboot_restart2:
      end = sig::hup;
      break;
    case abi::reboot_halt:
    case abi::reboot_power_off:
      end = sig::intr;
      break;
    default:
      return Errno::einval;
  }
  Ref<ThreadGroup> init;
  {
    ReadGuard tree(task.kernel().process_tree);
    init = Ref<ThreadGroup>(pids->is_first() ? task.kernel().init_group : pids->init());
  }
  if (init) begin_group_exit(*init, end.raw());
  if (init.get() != &task.group()) begin_group_exit(task.group(), 0);
  return 0;
}

Result<i64> sys_set_robust_list(Task& task, GuestAddr head, usize len) {
  constexpr usize kHeadSize = 24;
  if (len != kHeadSize) return Errno::einval;
  task.cpu().set_robust_list(head.raw());
  return 0;
}

Result<i64> sys_get_robust_list(Task& task, Pid pid, UserOut<u64> head, UserOut<u64> len) {
  Ref<Task> target(&task);
  if (pid.raw() != 0) {
    ReadGuard tree(task.kernel().process_tree);
    target = task.namespaces().pid->find(pid);
  }
  if (!target) return Errno::esrch;
  const Ref<const Credentials> theirs = target->credentials_ref();
  const Credentials& mine = task.credentials();
  if (&target->group() != &task.group() && mine.euid != theirs->euid &&
      !mine.has_capability(theirs->user_ns.get(), Capability::sys_ptrace))
    return Errno::eperm;
  u64 listed = 0;
  target->with_cpu([&](platform::GuestThread& cpu) { listed = cpu.robust_list(); });
  TRY(len.write(task, 24));
  TRY(head.write(task, listed));
  return 0;
}

namespace {

// Commands that a registration allows; each registration is its command shifted by one.
constexpr i32 kPrivateBarriers = abi::membarrier_cmd_private_expedited |
                                 abi::membarrier_cmd_private_expedited_sync_core |
                                 abi::membarrier_cmd_private_expedited_rseq;
constexpr i32 kRegistrations = kPrivateBarriers << 1 | abi::membarrier_cmd_register_global_expedited;

i32 known_barriers(Task& task) {
  constexpr i32 kRseq =
      abi::membarrier_cmd_private_expedited_rseq | abi::membarrier_cmd_register_private_expedited_rseq;
  const i32 all = abi::membarrier_cmd_global | abi::membarrier_cmd_global_expedited | kPrivateBarriers |
                  kRegistrations | abi::membarrier_cmd_get_registrations;
  return task.kernel().platform().rseq_support().present ? all : all & ~kRseq;
}

// Whoever registers for one of the finer kinds is registered for the plain one, too, but may not use it.
i64 registrations(u32 made) {
  constexpr u32 kFiner =
      abi::membarrier_cmd_register_private_expedited_sync_core | abi::membarrier_cmd_register_private_expedited_rseq;
  return (made & kFiner) != 0 ? made | abi::membarrier_cmd_register_private_expedited : made;
}

}  // namespace

// Among the threads of one process the host's own barrier does it, called in the gate: it waits until each of them has had its own, which
// no kick could promise. For all processes: the host's slow one. Linux: kernel/sched/membarrier.c.
Result<i64> sys_membarrier(Task& task, MembarrierCmd cmd, u32 flags, int cpu) {
  const i32 command = cmd.raw(), known = known_barriers(task);
  const bool of_cpu = command == abi::membarrier_cmd_private_expedited_rseq && flags == abi::membarrier_cmd_flag_cpu;
  if (flags != 0 && !of_cpu) return Errno::einval;
  if (command == abi::membarrier_cmd_query) return known;
  if ((command & known) == 0 || (command & (command - 1)) != 0) return Errno::einval;
  std::atomic<u32>& made = task.mm().barriers;
  if (command == abi::membarrier_cmd_get_registrations) return registrations(made);
  if ((command & kRegistrations) != 0) {
    made |= static_cast<u32>(command);
    return 0;
  }
  if ((command & kPrivateBarriers) == 0) {
    TRY(host::call::membarrier(abi::membarrier_cmd_global, 0, 0));
    return 0;
  }
  if ((made & static_cast<u32>(command << 1)) == 0) return Errno::eperm;
  task.cpu().order_barrier(static_cast<u32>(command), flags, static_cast<u32>(cpu));
  return 0;
}

}  // namespace limen
