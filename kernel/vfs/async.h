// Signal-driven I/O: fcntl(2)'s F_SETOWN, F_SETSIG and O_ASYNC. Source: fs/fcntl.c (send_sigio, kill_fasync).
//
// A File that can_signal() and has O_ASYNC holds a FileSignaller, which registers with the file's wait queues as poll does. A wake-up
// comes under a queue's lock; the signal is sent later by the same thread (kernel/task/deferred.h).
//
// Locks: FileSignaller's are leaves, but for places_lock_ (rank `epoll_item`), under which queues are entered.
#pragma once

#include <memory>
#include <vector>

#include "kernel/vfs/file.h"

namespace limen {

// si_code of SIGIO: POLL_*.
enum class IoReason : u8 { in = 1, out = 2, msg = 3, err = 4, pri = 5, hup = 6 };

// Tells the owner, where there is one that its setter might signal: F_SETSIG's signal with its story, SIGIO where that cannot be
// queued or none was set. With no lock held.
void send_sigio(Kernel& kernel, const File::AsyncOwner& owner, Fd fd, IoReason reason);

// Urgent data came: SIGURG, where somebody was named. Linux: send_sigurg.
void send_sigurg(Kernel& kernel, const File::AsyncOwner& owner);

// fcntl(2): F_SETOWN, F_GETOWN, F_SETOWN_EX, F_GETOWN_EX, F_GETOWNER_UIDS, F_SETSIG, F_GETSIG.
bool is_owner_command(u32 command);
Result<i64> owner_command(Task& task, File& file, u32 command, u64 argument);
// Who F_SETLEASE and F_NOTIFY tell where nobody was named: the calling process.
void own_if_unowned(Task& task, File& file);

class FileSignaller final : public FileWatcher, public PollTable {
 public:
  FileSignaller(Kernel& kernel, File& file, Fd fd);
  ~FileSignaller() override;
  void start(File& file);               // registers
  void file_gone(File& file) override;  // for good
  void add(Ref<RefCounted> owner, WaitQueue& queue) override;

 private:
  struct Place;
  void woken(PollEvents events);
  void deliver(PollEvents events);

  Kernel& kernel_;
  const Fd fd_;
  const RefCounted* const identity_;  // of the file, for comparison only
  Mutex file_lock_{LockRank::leaf};
  File* file_ GUARDED_BY(file_lock_);
  Mutex places_lock_{LockRank::epoll_item};
  std::vector<std::unique_ptr<Place>> places_ GUARDED_BY(places_lock_);
  bool gone_ GUARDED_BY(places_lock_) = false;
};

}  // namespace limen
