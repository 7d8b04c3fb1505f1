// msgget(2), msgsnd(2), msgrcv(2), msgctl(2).
#include <algorithm>

#include "kernel/ipc/sysv_msg.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"

namespace limen {
namespace {

Result<Ref<MessageQueue>> queue_of(Task& task, i32 id) {
  const Ref<IpcObject> found = TRY(ipc_of(task).msgs->find(id));
  return ref_cast<MessageQueue>(found);
}

// A signal's handler ends the call; without one it goes on.
Errno interrupted(Errno error) { return error == Errno::erestartsys ? Errno::erestartnohand : error; }

Result<MessageQueue::Wanted> decode(usize size, i64 type, u32 flags) {
  using Mode = MessageQueue::Wanted::Mode;
  MessageQueue::Wanted wanted{Mode::any, type, size, flags};
  if ((flags & abi::msg_copy) != 0) {
    if ((flags & abi::msg_except) != 0 || (flags & abi::ipc_nowait) == 0) return Errno::einval;
    wanted.mode = Mode::at_index;
  } else if (type < 0) {
    wanted.mode = Mode::at_most;
    wanted.type = type == INT64_MIN ? INT64_MAX : -type;
  } else if (type > 0) {
    wanted.mode = (flags & abi::msg_except) != 0 ? Mode::not_equal : Mode::equal;
  }
  return wanted;
}

Result<i64> msg_info(Task& task, i32 cmd, UserAddr buf) {
  IpcTable& table = *ipc_of(task).msgs;
  abi::MsgInfo all{};
  const IpcSettings& set = *ipc_of(task).settings;
  all.msgmni = set.msgmni.integer(), all.msgmax = set.msgmax.integer(), all.msgmnb = set.msgmnb.integer();
  all.msgssz = 16, all.msgseg = 0xffff;
  if (cmd == abi::msg_info) {
    all.msgpool = static_cast<i32>(table.count());
    all.msgmap = static_cast<i32>(table.items.load());
    all.msgtql = static_cast<i32>(table.units.load());
  } else {
    all.msgpool = abi::msgmni * (abi::msgmnb / 1024);
    all.msgmap = all.msgtql = abi::msgmnb;
  }
  TRY(UserOut<abi::MsgInfo>(buf).write(task, all));
  return table.highest_index();
}

Result<i64> msg_status(Task& task, int msqid, i32 cmd, UserAddr buf) {
  const Ref<IpcObject> found =
      TRY(cmd == abi::ipc_stat ? ipc_of(task).msgs->find(msqid) : ipc_of(task).msgs->at_index(msqid));
  MessageQueue& queue = static_cast<MessageQueue&>(*found);
  abi::MsqidDs ds{};
  {
    MutexGuard guard(queue.lock());
    if (cmd != abi::msg_stat_any) TRY(queue.check_access(task.credentials(), ipc_read));
    if (queue.removed()) return Errno::eidrm;
    ds = queue.status(task);
  }
  TRY(UserOut<abi::MsqidDs>(buf).write(task, ds));
  return cmd == abi::ipc_stat ? 0 : queue.id();
}

Result<i64> msg_change(Task& task, int msqid, UserAddr buf) {
  const abi::MsqidDs wanted = TRY(UserIn<abi::MsqidDs>(buf).read(task));
  const Ref<MessageQueue> queue = TRY(queue_of(task, msqid));
  const i64 now = ipc_now(task);
  {
    MutexGuard guard(queue->lock());
    TRY(queue->check_owner(task.credentials()));
    if (wanted.msg_qbytes > ipc_of(task).settings->msgmnb && !task.credentials().capable(Capability::sys_resource))
      return Errno::eperm;
    TRY(queue->set_permissions(task.credentials(), wanted.msg_perm));
    queue->most_bytes = wanted.msg_qbytes;
    queue->changed_at = now;
  }
  // Who waits may now be refused, or have room.
  queue->receivers.wake();
  queue->senders.wake();
  return 0;
}

Result<i64> msg_remove(Task& task, int msqid) {
  const Ref<MessageQueue> queue = TRY(queue_of(task, msqid));
  {
    MutexGuard guard(queue->lock());
    TRY(queue->check_owner(task.credentials()));
  }
  if (!ipc_of(task).msgs->remove(*queue)) return Errno::eidrm;
  queue->remove();
  return 0;
}

}  // namespace

Result<i64> sys_msgget(Task& task, IpcKey key, IpcFlags flags) {
  bool made = false;
  const auto make = [&] { return MessageQueue::make(task, key.raw(), flags.raw()); };
  const Ref<IpcObject> found = TRY(ipc_of(task).msgs->find_or_make(key.raw(), flags.raw(), make, &made));
  if (made) return found->id();
  MutexGuard guard(found->lock());
  const Result<void> access = found->check_access(task.credentials(), flags.raw());
  if (!access.ok()) return access.error();
  return found->id();
}

Result<i64> sys_msgsnd(Task& task, int msqid, UserBytes<In> msg, usize size, IpcFlags flags) {
  const i64 type = TRY(UserIn<i64>(msg.addr()).read(task));
  if (size > ipc_of(task).settings->msgmax || msqid < 0) return Errno::einval;
  if (type < 1) return Errno::einval;
  MessageQueue::Message message = TRY(MessageQueue::Message::make(task.kernel().ipc_memory(), type, size));
  if (size != 0) TRY(copy_from_user(task, message.text.data(), msg.addr() + sizeof(i64), size));
  const Ref<MessageQueue> queue = TRY(queue_of(task, msqid));
  const Result<void> sent = queue->send(task, std::move(message), flags.raw());
  if (!sent.ok()) return interrupted(sent.error());
  return 0;
}

Result<i64> sys_msgrcv(Task& task, int msqid, UserBytes<Out> msg, usize size, i64 type, IpcFlags flags) {
  if (msqid < 0 || static_cast<i64>(size) < 0) return Errno::einval;
  const MessageQueue::Wanted wanted = TRY(decode(size, type, flags.raw()));
  const Ref<MessageQueue> queue = TRY(queue_of(task, msqid));
  const Result<MessageQueue::Message> got = queue->receive(task, wanted);
  if (!got.ok()) return interrupted(got.error());
  // As on Linux, a bad address loses the message.
  const usize n = std::min(size, got->text.size());
  TRY(UserOut<i64>(msg.addr()).write(task, got->type));
  if (n != 0) TRY(copy_to_user(task, msg.addr() + sizeof(i64), got->text.data(), n));
  return static_cast<i64>(n);
}

Result<i64> sys_msgctl(Task& task, int msqid, IpcCmd cmd, UserAddr buf) {
  const i32 command = cmd.raw() & ~abi::ipc_64;
  if (msqid < 0 || cmd.raw() < 0) return Errno::einval;
  switch (command) {
    case abi::ipc_info:
    case abi::msg_info:
      return msg_info(task, command, buf);
    case abi::ipc_stat:
    case abi::msg_stat:
    case abi::msg_stat_any:
      return msg_status(task, msqid, command, buf);
    case abi::ipc_set:
      return msg_change(task, msqid, buf);
    case abi::ipc_rmid:
      return msg_remove(task, msqid);
    default:
      return Errno::einval;
  }
}

}  // namespace limen
