// System V message queues. Source: msgget(2), msgop(2), msgctl(2), ipc/msg.c.
#pragma once

#include <list>
#include <vector>

#include "kernel/ipc/sysv.h"
#include "kernel/task/task.h"

namespace limen {

class MessageQueue final : public IpcObject {
 public:
  struct Message {
    i64 type = 0;
    std::vector<u8> text;
    MemoryCharge charge;
    static Result<Message> make(MemoryAccount& account, i64 type, usize length);  // enomem
  };
  // What msgrcv asks for: a number and how it is meant.
  struct Wanted {
    enum class Mode : u8 { any, equal, not_equal, at_most, at_index } mode = Mode::any;
    i64 type = 0;
    usize room = 0;
    u32 flags = 0;  // IPC_NOWAIT, MSG_NOERROR
  };

  static Result<Ref<IpcObject>> make(Task& task, i32 key, u32 flags);
  ~MessageQueue() override;

  // eidrm, eacces, eagain, erestartsys. The message is charged already.
  Result<void> send(Task& task, Message message, u32 flags);
  // eidrm, eacces, e2big, enomsg, erestartsys.
  Result<Message> receive(Task& task, const Wanted& wanted);

  // msgctl(2), under lock().
  abi::MsqidDs status(const Task& reader) const;
  u64 most_bytes;
  void remove();  // takes lock() itself

  WaitQueue senders, receivers;

 private:
  MessageQueue(Task& task, i32 key, u32 flags, MemoryCharge charge);
  Result<void> try_send(Task& task, Message& message);
  Result<Message> try_receive(Task& task, const Wanted& wanted);
  std::list<Message>::iterator find(const Wanted& wanted);

  const Ref<IpcTable> table_;
  MemoryAccount& account_;
  const MemoryCharge charge_;
  std::list<Message> messages_;
  u64 bytes_ = 0;
  i64 sent_at_ = 0, received_at_ = 0;
  i32 last_sender_ = 0, last_receiver_ = 0;
};

}  // namespace limen
