// POSIX message queues: inodes of a flat filesystem of the IPC namespace, which may be mounted (/dev/mqueue), and their open
// descriptions. Source: mq_overview(7), mq_open(3), mq_notify(3), ipc/mqueue.c.
//
// Locks: the directory's names are under a lock of rank `directory`, a queue under one of rank `ipc`. Signals and netlink messages of
// a notification go out with none.
#pragma once

#include <list>
#include <map>
#include <optional>

#include "abi/ipc.h"
#include "abi/signal.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/ipc/account.h"
#include "kernel/settings.h"
#include "kernel/task/task.h"

namespace limen {

class NetlinkSocket;

// Bytes counted against a user's RLIMIT_MSGQUEUE for as long as it lives.
class MqueueCharge {
 public:
  MqueueCharge() = default;
  static Result<MqueueCharge> take(Ref<UserAccount> account, u64 bytes, u64 most);  // emfile
  MqueueCharge(MqueueCharge&& o) noexcept : account_(std::move(o.account_)), bytes_(o.bytes_) {}
  MqueueCharge& operator=(MqueueCharge&&) = delete;
  ~MqueueCharge();

 private:
  Ref<UserAccount> account_;
  u64 bytes_ = 0;
};

class Mqueue final : public PseudoInode {
 public:
  struct Limits {
    i64 most_messages = 0, most_bytes = 0;
  };
  struct Message {
    u32 priority = 0;
    std::vector<u8> text;
    MemoryCharge charge;
  };
  // Who is told, once, of a message in an empty queue.
  struct Notification {
    Pid owner;
    i32 how = 0;  // SIGEV_*
    i32 signo = 0;
    u64 value = 0;
    static constexpr usize kCookie = 32;
    u8 cookie[kCookie] = {};
    Ref<NetlinkSocket> socket;  // SIGEV_THREAD: gets the cookie
  };

  // How many queues of a namespace are there, by name or open still.
  struct Count final : RefCounted {
    std::atomic<usize> queues{0};
  };
  Mqueue(PseudoFilesystem& fs, u32 mode, PseudoOwner owner, Limits limits, MqueueCharge charge, Ref<Count> all,
         TimeStamp now);
  ~Mqueue() override;
  usize place() const { return place_; }  // how many there were before it

  Result<Attributes> attributes() override;
  Result<void> change(const AttributeChange& change) override;
  Result<Ref<File>> open(Task& task, const Path& path, u32 flags) override;
  const Limits& limits() const { return limits_; }

  // eagain, etimedout, erestartsys. The message was charged.
  enum class Wait : u8 { no, yes };
  Result<void> send(Task& task, Message message, Wait wait, Deadline deadline);
  Result<Message> receive(Task& task, Wait wait, Deadline deadline);
  Result<void> notify(Task& task, Notification wanted);  // ebusy
  void forget_notification(Pid owner);
  i64 length() const;
  std::string describe() const;
  PollEvents poll(PollTable* table);

 private:
  Result<void> try_send(Task& task, Message& message);
  Result<Message> try_receive();
  void tell(Task& task, Notification notification);

  const Limits limits_;
  const MqueueCharge charge_;
  const Ref<Count> all_;
  const usize place_;
  mutable Mutex lock_{LockRank::ipc};
  Attributes attributes_ GUARDED_BY(lock_);
  std::map<u32, std::list<Message>, std::greater<>> messages_ GUARDED_BY(lock_);  // highest priority first
  i64 count_ GUARDED_BY(lock_) = 0;
  u64 bytes_ GUARDED_BY(lock_) = 0;
  u32 receivers_waiting_ GUARDED_BY(lock_) = 0;
  std::optional<Notification> notification_ GUARDED_BY(lock_);
  WaitQueue senders_, receivers_;
};

class MqueueFile final : public File {
 public:
  MqueueFile(Path path, u32 flags, Ref<Mqueue> queue) : File(std::move(path), flags), queue_(std::move(queue)) {}
  Mqueue& queue() { return *queue_; }
  PollEvents poll(PollTable* table) override { return queue_->poll(table); }
  Result<void> flush(Task& task) override;

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;

 private:
  const Ref<Mqueue> queue_;
};

// The queues of an IPC namespace.
class MqueueNames final : public RefCounted {
 public:
  explicit MqueueNames(Ref<IpcSettings> settings);
  ~MqueueNames() override;
  // mq_open(3) behind its decoding. enoent, eexist, eacces, einval, enospc, emfile, enametoolong.
  Result<Ref<File>> open(Task& task, const std::string& name, u32 flags, u32 mode,
                         std::optional<Mqueue::Limits> limits);
  Result<void> unlink(Task& task, const std::string& name);
  const Ref<PseudoFilesystem>& filesystem() const { return fs_; }  // for mount(2)

 private:
  class Directory;
  Result<void> may_change_names(Task& task);  // eacces
  Result<Ref<Mqueue>> make(Task& task, const std::string& name, u32 mode, std::optional<Mqueue::Limits> limits);
  const Ref<IpcSettings> settings_;
  const Ref<Mqueue::Count> count_ = make_ref<Mqueue::Count>();
  const Ref<PseudoFilesystem> fs_;
  const Ref<Directory> root_;
  const Ref<Mount> mount_;
};
Ref<MqueueNames> make_mqueue_names(Ref<IpcSettings> settings);

}  // namespace limen
