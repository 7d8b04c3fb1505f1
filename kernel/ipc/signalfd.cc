#include "kernel/ipc/signalfd.h"

#include "kernel/kernel.h"
#include "kernel/signal/siginfo.h"
#include "kernel/task/deferred.h"
#include "kernel/task/thread_group.h"

namespace limen {

void SignalFile::set_wanted(SignalSet wanted) {
  wanted.remove(sig::kill);
  wanted.remove(sig::stop);
  wanted_.store(wanted.bits(), std::memory_order_relaxed);
}

PollEvents SignalFile::poll(PollTable* table) {
  Task* const task = polling_task();
  if (task == nullptr) return 0;
  if (table != nullptr) table->add(task->group_ref(), task->group().signal_arrived);
  return (pending_signals(*task) & wanted()).empty() ? 0 : kPollIn;
}

Result<usize> SignalFile::try_read(Task& task, UserBuffer& to, u64*) {
  if (to.remaining() < sizeof(abi::SignalfdSigInfo)) return Errno::einval;
  usize total = 0;
  while (to.remaining() >= sizeof(abi::SignalfdSigInfo)) {
    const std::optional<SignalInfo> info = take_signal(task, wanted());
    if (!info) break;
    abi::SignalfdSigInfo record = encode_signalfd_info(*info);
    const Result<usize> copied = to.copy_out({reinterpret_cast<const u8*>(&record), sizeof record});
    // As on Linux a bad address loses the signal.
    if (copied.value_or(0) != sizeof record) return total != 0 ? Result<usize>(total) : Errno::efault;
    total += sizeof record;
  }
  return total != 0 ? Result<usize>(total) : Errno::eagain;
}

std::string SignalFile::describe() {
  char line[40];
  std::snprintf(line, sizeof line, "sigmask:\t%016llx\n", static_cast<unsigned long long>(wanted().bits()));
  return line;
}

}  // namespace limen
