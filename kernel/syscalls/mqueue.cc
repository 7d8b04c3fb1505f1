// mq_open(2), mq_unlink(2), mq_timedsend(2), mq_timedreceive(2), mq_notify(2), mq_getsetattr(2).
#include "kernel/ipc/mqueue.h"

#include <cstring>

#include "abi/fcntl.h"
#include "kernel/ipc/sysv.h"
#include "kernel/ipc/timeout.h"
#include "kernel/kernel.h"
#include "kernel/net/netlink.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr u64 kMessageCost = 96;

Result<Ref<MqueueFile>> queue_of(Task& task, Fd fd) {
  const Ref<File> file = TRY(task.files().get(fd));
  Ref<MqueueFile> queue = ref_cast<MqueueFile>(file);
  return queue ? Result<Ref<MqueueFile>>(std::move(queue)) : Result<Ref<MqueueFile>>(Errno::ebadf);
}

Result<Deadline> deadline_at(Task& task, UserIn<abi::TimeSpec> timeout) {
  if (timeout.is_null()) return Deadline::never();
  const abi::TimeSpec then = TRY(timeout.read(task));
  const u64 ns = TRY(to_ns(then));
  return realtime_deadline(task.clock(), ns);
}

Mqueue::Wait wait_of(MqueueFile& file) { return file.nonblocking() ? Mqueue::Wait::no : Mqueue::Wait::yes; }

Result<Mqueue::Notification> decode(Task& task, UserIn<abi::SigEvent> event) {
  const abi::SigEvent wanted = TRY(event.read(task));
  Mqueue::Notification notification;
  notification.owner = task.group().pid();
  notification.how = wanted.notify, notification.signo = wanted.signo, notification.value = wanted.value;
  switch (wanted.notify) {
    case abi::sigev_none:
      break;
    case abi::sigev_signal:
      if (wanted.signo < 0 || wanted.signo > kSignalMax) return Errno::einval;
      break;
    case abi::sigev_thread: {
      TRY(copy_from_user(task, notification.cookie, GuestAddr(wanted.value), sizeof notification.cookie));
      const Ref<File> file = TRY(task.files().get(Fd(wanted.signo)));
      if (!ref_cast<SocketFile>(file)) return Errno::enotsock;
      notification.socket = ref_cast<NetlinkSocket>(file);
      if (!notification.socket) return Errno::einval;
      break;
    }
    default:
      return Errno::einval;
  }
  return notification;
}

}  // namespace

Result<i64> sys_mq_open(Task& task, UserString name, OpenFlags flags, FileMode mode, UserIn<abi::MqAttr> attr) {
  std::optional<Mqueue::Limits> limits;
  if (!attr.is_null()) {
    const abi::MqAttr wanted = TRY(attr.read(task));
    limits = Mqueue::Limits{wanted.mq_maxmsg, wanted.mq_msgsize};
  }
  const std::string text = TRY(name.read(task, 4096, Errno::enametoolong));
  FdReservation fd = TRY(task.files().reserve(task));
  Ref<File> file = TRY(ipc_of(task).mqueues->open(task, text, flags.raw(), mode.raw(), limits));
  const i64 number = fd.number().raw();
  fd.publish(std::move(file), FdFlags::close_on_exec);
  return number;
}

Result<i64> sys_mq_unlink(Task& task, UserString name) {
  const std::string text = TRY(name.read(task, 4096, Errno::enametoolong));
  TRY(ipc_of(task).mqueues->unlink(task, text));
  return 0;
}

Result<i64> sys_mq_timedsend(Task& task, Fd mqdes, UserBytes<In> msg, usize len, u32 prio,
                             UserIn<abi::TimeSpec> timeout) {
  const Deadline deadline = TRY(deadline_at(task, timeout));
  if (prio >= abi::mq_prio_max) return Errno::einval;
  const Ref<MqueueFile> file = TRY(queue_of(task, mqdes));
  if (!file->writable()) return Errno::ebadf;
  if (len > static_cast<usize>(file->queue().limits().most_bytes)) return Errno::emsgsize;
  Mqueue::Message message;
  message.priority = prio;
  message.charge = TRY(MemoryCharge::take(task.kernel().ipc_memory(), kMessageCost + len, Errno::enomem));
  message.text.resize(len);
  if (len != 0) TRY(copy_from_user(task, message.text.data(), msg.addr(), len));
  TRY(file->queue().send(task, std::move(message), wait_of(*file), deadline));
  return 0;
}

Result<i64> sys_mq_timedreceive(Task& task, Fd mqdes, UserBytes<Out> msg, usize len, UserOut<u32> prio,
                                UserIn<abi::TimeSpec> timeout) {
  const Deadline deadline = TRY(deadline_at(task, timeout));
  const Ref<MqueueFile> file = TRY(queue_of(task, mqdes));
  if (!file->readable()) return Errno::ebadf;
  if (len < static_cast<usize>(file->queue().limits().most_bytes)) return Errno::emsgsize;
  const Mqueue::Message message = TRY(file->queue().receive(task, wait_of(*file), deadline));
  // As on Linux, a bad address loses the message.
  if (!prio.is_null()) TRY(prio.write(task, message.priority));
  if (!message.text.empty()) TRY(copy_to_user(task, msg.addr(), message.text.data(), message.text.size()));
  return static_cast<i64>(message.text.size());
}

Result<i64> sys_mq_notify(Task& task, Fd mqdes, UserIn<abi::SigEvent> event) {
  if (event.is_null()) {
    const Ref<MqueueFile> file = TRY(queue_of(task, mqdes));
    file->queue().forget_notification(task.group().pid());
    return 0;
  }
  Mqueue::Notification wanted = TRY(decode(task, event));
  const Ref<MqueueFile> file = TRY(queue_of(task, mqdes));
  TRY(file->queue().notify(task, std::move(wanted)));
  return 0;
}

Result<i64> sys_mq_getsetattr(Task& task, Fd mqdes, UserIn<abi::MqAttr> attr, UserOut<abi::MqAttr> old_attr) {
  std::optional<abi::MqAttr> wanted;
  if (!attr.is_null()) {
    wanted = TRY(attr.read(task));
    if ((wanted->mq_flags & ~static_cast<i64>(abi::o_nonblock)) != 0) return Errno::einval;
  }
  const Ref<MqueueFile> file = TRY(queue_of(task, mqdes));
  abi::MqAttr old{};
  old.mq_flags = file->flags() & abi::o_nonblock;
  old.mq_maxmsg = file->queue().limits().most_messages, old.mq_msgsize = file->queue().limits().most_bytes;
  old.mq_curmsgs = file->queue().length();
  if (wanted) {
    const u32 others = file->flags() & ~abi::o_nonblock;
    file->set_flags(others | static_cast<u32>(wanted->mq_flags));
  }
  if (!old_attr.is_null()) TRY(old_attr.write(task, old));
  return 0;
}

}  // namespace limen
