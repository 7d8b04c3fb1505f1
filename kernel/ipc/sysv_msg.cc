#include "kernel/ipc/sysv_msg.h"

#include <algorithm>

#include "kernel/kernel.h"

namespace limen {
namespace {

constexpr u64 kQueueCost = 512;
constexpr u64 kMessageCost = 96;

}  // namespace

MessageQueue::MessageQueue(Task& task, i32 key, u32 flags, MemoryCharge charge)
    : IpcObject(task, key, flags, LockRank::ipc),
      most_bytes(ipc_of(task).settings->msgmnb),
      table_(ipc_of(task).msgs),
      account_(task.kernel().ipc_memory()),
      charge_(std::move(charge)) {}

MessageQueue::~MessageQueue() {
  table_->units -= bytes_;
  table_->items -= messages_.size();
}

Result<Ref<IpcObject>> MessageQueue::make(Task& task, i32 key, u32 flags) {
  MemoryCharge charge = TRY(MemoryCharge::take(task.kernel().ipc_memory(), kQueueCost, Errno::enomem));
  return Ref<IpcObject>::adopt(new MessageQueue(task, key, flags, std::move(charge)));
}

Result<void> MessageQueue::try_send(Task& task, Message& message) {
  const i64 now = ipc_now(task);
  {
    MutexGuard guard(lock_);
    TRY(check_access(task.credentials(), ipc_write));
    if (message.text.size() + bytes_ > most_bytes || messages_.size() + 1 > most_bytes) return Errno::eagain;
    bytes_ += message.text.size();
    table_->units += message.text.size();
    ++table_->items;
    messages_.push_back(std::move(message));
    sent_at_ = now;
    last_sender_ = task.group().pid().raw();
  }
  receivers.wake();
  return success;
}

Result<MessageQueue::Message> MessageQueue::Message::make(MemoryAccount& account, i64 type, usize length) {
  Message message;
  message.charge = TRY(MemoryCharge::take(account, kMessageCost + length, Errno::enomem));
  message.type = type;
  message.text.resize(length);
  return message;
}

Result<void> MessageQueue::send(Task& task, Message message, u32 flags) {
  if ((flags & abi::ipc_nowait) != 0) return try_send(task, message);
  return task.block(senders, Deadline::never(), [&] { return try_send(task, message); });
}

std::list<MessageQueue::Message>::iterator MessageQueue::find(const Wanted& wanted) {
  using Mode = Wanted::Mode;
  if (wanted.mode == Mode::at_index) {
    if (wanted.type < 0 || static_cast<u64>(wanted.type) >= messages_.size()) return messages_.end();
    return std::next(messages_.begin(), wanted.type);
  }
  if (wanted.mode != Mode::at_most) {
    return std::find_if(messages_.begin(), messages_.end(), [&](const Message& m) {
      return wanted.mode == Mode::any || (m.type == wanted.type) == (wanted.mode == Mode::equal);
    });
  }
  // The first of the lowest type.
  const auto lowest = std::min_element(messages_.begin(), messages_.end(),
                                       [](const Message& a, const Message& b) { return a.type < b.type; });
  return lowest != messages_.end() && lowest->type <= wanted.type ? lowest : messages_.end();
}

Result<MessageQueue::Message> MessageQueue::try_receive(Task& task, const Wanted& wanted) {
  const i64 now = ipc_now(task);
  Message message;
  {
    MutexGuard guard(lock_);
    TRY(check_access(task.credentials(), ipc_read));
    const auto found = find(wanted);
    if (found == messages_.end()) return Errno::eagain;
    if (found->text.size() > wanted.room && (wanted.flags & abi::msg_noerror) == 0) return Errno::e2big;
    if (wanted.mode == Wanted::Mode::at_index) {  // MSG_COPY
      message.type = found->type;
      message.text.assign(found->text.begin(),
                          found->text.begin() + static_cast<i64>(std::min(found->text.size(), wanted.room)));
      return message;
    }
    message = std::move(*found);
    messages_.erase(found);
    bytes_ -= message.text.size();
    table_->units -= message.text.size();
    --table_->items;
    received_at_ = now;
    last_receiver_ = task.group().pid().raw();
  }
  senders.wake();
  return message;
}

Result<MessageQueue::Message> MessageQueue::receive(Task& task, const Wanted& wanted) {
  if ((wanted.flags & abi::ipc_nowait) != 0) {
    Result<Message> got = try_receive(task, wanted);
    return got.is(Errno::eagain) ? Result<Message>(Errno::enomsg) : std::move(got);
  }
  return task.block(receivers, Deadline::never(), [&] { return try_receive(task, wanted); });
}

abi::MsqidDs MessageQueue::status(const Task& reader) const {
  abi::MsqidDs ds{};
  ds.msg_perm = permissions(reader.credentials());
  ds.msg_stime = sent_at_, ds.msg_rtime = received_at_, ds.msg_ctime = changed_at;
  ds.msg_curbytes = bytes_, ds.msg_qnum = messages_.size(), ds.msg_qbytes = most_bytes;
  ds.msg_lspid = reader.sees(Pid(last_sender_)), ds.msg_lrpid = reader.sees(Pid(last_receiver_));
  return ds;
}

void MessageQueue::remove() {
  std::list<Message> gone;
  {
    MutexGuard guard(lock_);
    removed_ = true;
    gone.swap(messages_);
    table_->units -= bytes_;
    table_->items -= gone.size();
    bytes_ = 0;
  }
  senders.wake();
  receivers.wake();
}

}  // namespace limen
