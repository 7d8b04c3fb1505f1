// timerfd_create(2), timerfd_settime(2), timerfd_gettime(2).
#include "kernel/ipc/timerfd.h"

#include <algorithm>

#include "abi/fcntl.h"
#include "abi/poll.h"
#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/time/clock_ids.h"
#include "kernel/time/time_namespace.h"
#include "kernel/time/time_values.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

bool is_timerfd_clock(i32 clock) {
  return clock == abi::clock_monotonic || clock == abi::clock_realtime || clock == abi::clock_boottime ||
         clock == abi::clock_realtime_alarm || clock == abi::clock_boottime_alarm;
}

Result<Ref<TimerFile>> timer_file(Task& task, Fd fd) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  auto* const timer = dynamic_cast<TimerFile*>(file.get());
  if (timer == nullptr) return Errno::einval;
  return Ref<TimerFile>(timer);
}

}  // namespace

Result<i64> sys_timerfd_create(Task& task, ClockId clockid, TimerfdFlags flags) {
  if (flags.unknown(abi::tfd_cloexec | abi::tfd_nonblock) != 0) return Errno::einval;
  if (!is_timerfd_clock(clockid.raw())) return Errno::einval;
  const TimerBase base = TRY(timer_base(task, clockid));
  Ref<TimerFile> file =
      make_ref<TimerFile>(anon_path(task, "anon_inode:[timerfd]", 0600),
                          (flags.raw() & abi::tfd_nonblock) | abi::o_rdwr, task.kernel(), clockid.raw(), base.clock);
  if (file->is_alarm() && !task.credentials().capable(Capability::wake_alarm)) return Errno::eperm;
  const FdFlags fd_flags = flags.has(abi::tfd_cloexec) ? FdFlags::close_on_exec : FdFlags::none;
  const Fd fd = TRY(task.files().install(task, std::move(file), fd_flags));
  return fd.raw();
}

Result<i64> sys_timerfd_settime(Task& task, Fd fd, TimerfdFlags flags, UserIn<abi::ITimerSpec> value,
                                UserOut<abi::ITimerSpec> old_value) {
  const abi::ITimerSpec wanted = TRY(value.read(task));
  TimerSetting setting;
  if (flags.unknown(abi::tfd_timer_abstime | abi::tfd_timer_cancel_on_set) != 0) return Errno::einval;
  setting.value_ns = TRY(to_ns(wanted.it_value));
  setting.interval_ns = TRY(to_ns(wanted.it_interval));
  const Ref<TimerFile> file = TRY(timer_file(task, fd));
  if (file->is_alarm() && !task.credentials().capable(Capability::wake_alarm)) return Errno::eperm;
  if (flags.has(abi::tfd_timer_abstime) && setting.value_ns != 0)
    setting.value_ns = std::max<u64>(meant_time(task, file->clock(), setting.value_ns), 1);  // 0 would disarm it
  const TimerSetting old = file->set(setting, flags.raw());
  if (!old_value.is_null()) TRY(old_value.write(task, to_itimerspec(old)));
  return 0;
}

Result<i64> sys_timerfd_gettime(Task& task, Fd fd, UserOut<abi::ITimerSpec> value) {
  const Ref<TimerFile> file = TRY(timer_file(task, fd));
  TRY(value.write(task, to_itimerspec(file->get())));
  return 0;
}

}  // namespace limen
