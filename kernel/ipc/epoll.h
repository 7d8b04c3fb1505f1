// epoll(7). Source: fs/eventpoll.c.
//
// An Epoll holds items, one for each (file, descriptor) that was added. An item registers with the file's wait queues; a wake-up
// puts it on the ready list and wakes who waits for the epoll. Waiters take items from the list, ask the file what is
// really ready, and put level-triggered items back. So no event is lost: the item is on the list before the file is asked.
//
// Who holds whom: epoll -> item -> epoll (broken when the epoll's file goes), file -> item as its watcher (broken when either
// goes). An item never keeps its file alive: a file is taken by try_ref under lock_, and its end waits for lock_.
//
// Locks: lock_ (rank `epoll`) for the table of items; ready_lock_ (rank `leaf`), as wake-ups come under a queue's lock. No file is
// polled with a lock held, so epolls nest; depth and loops are checked when one is added (eloop), under epoll_nesting.
#pragma once

#include <list>
#include <map>
#include <vector>

#include "abi/poll.h"
#include "base/lock.h"
#include "kernel/cred/namespace.h"
#include "kernel/ipc/account.h"
#include "kernel/vfs/file.h"

namespace limen {

class EpollFile;
class EpollItem;

class Epoll final : public RefCounted {
 public:
  Epoll(MemoryAccount& memory, Ref<UserAccount> user, const Setting& most_watches);
  ~Epoll() override;
  // eexist, eperm (a file that cannot be waited for), eloop, einval, enospc, enomem
  Result<void> add(EpollFile& self, Ref<File> file, Fd fd, abi::EpollEvent event);
  Result<void> modify(File& file, Fd fd, abi::EpollEvent event);  // enoent, einval
  Result<void> remove(File& file, Fd fd);                         // enoent

  // Up to `most` events, as epoll_wait gives them; they are spent. eagain where nothing is ready.
  Result<std::vector<abi::EpollEvent>> take(usize most);
  // A level-triggered look that spends nothing: is anything ready?
  bool ready();
  void close();  // the descriptor's end: all items go
  // The file that is watched as `fd`, the nth of those of that number: to be compared, not followed. enoent. For kcmp(2).
  Result<const File*> watched(Fd fd, u32 nth);
  std::string describe();

  WaitQueue queue;

 private:
  friend class EpollItem;
  using Key = std::pair<const File*, i32>;
  // What an epoll watches that are epolls too, and the epolls that watch it: for the loop check.
  std::vector<Ref<Epoll>> children();
  std::vector<Ref<Epoll>> parents();
  void lost_parent(Epoll& parent);
  // Epolls in a row, this one included; each is looked at once, however many ways lead to it.
  using Depths = std::map<const Epoll*, usize>;
  static constexpr usize kLoop = ~usize{0};
  usize depth_above(Depths& known);
  usize depth_below(const Epoll* forbidden, usize level, Depths& known);  // kLoop where `forbidden` is below
  Ref<EpollItem> next_ready(const std::vector<Ref<EpollItem>>& seen);
  void mark_ready(EpollItem& item);

  MemoryAccount& memory_;
  const Ref<UserAccount> user_;  // whose fs.epoll.max_user_watches counts here
  const Setting& most_watches_;
  mutable Mutex lock_{LockRank::epoll};
  std::map<Key, Ref<EpollItem>> items_ GUARDED_BY(lock_);
  Mutex parents_lock_{LockRank::leaf};
  std::vector<Epoll*> parents_ GUARDED_BY(parents_lock_);  // each takes itself out before its end
  Mutex ready_lock_{LockRank::leaf};
  std::list<Ref<EpollItem>> ready_ GUARDED_BY(ready_lock_);
  bool closed_ GUARDED_BY(ready_lock_) = false;  // nothing becomes ready any more
};

class EpollFile final : public File {
 public:
  EpollFile(Path path, u32 flags, Ref<Epoll> epoll) : File(std::move(path), flags), epoll_(std::move(epoll)) {}
  const Ref<Epoll>& epoll() const { return epoll_; }
  bool seekable() const override { return false; }
  Result<u64> seek(Task&, i64, int) override { return u64{0}; }  // Linux: noop_llseek
  PollEvents poll(PollTable* table) override;
  std::string describe() override { return epoll_->describe(); }

 protected:
  void released() override { epoll_->close(); }

 private:
  const Ref<Epoll> epoll_;
};

}  // namespace limen
