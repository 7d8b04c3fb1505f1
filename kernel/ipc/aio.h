// Linux's asynchronous I/O: io_setup(2), io_submit(2), io_getevents(2). Source: fs/aio.c.
//
// Reads, writes and syncs are carried out by io_submit itself, as Linux does them for what has no asynchronous path; IOCB_CMD_POLL waits for
// its file without a thread. Finished requests stand in the context's queue until they are fetched; a context takes no more requests than
// that queue has room for (EAGAIN).
//
// The number of a context is an address, as on Linux: pages that are mapped for it. They hold no ring of events: their header has no magic
// number, so that libaio asks the kernel.
//
// Who holds whom: Mm -> AioTable -> context -> poll request -> file; a request refers back to its context, and both let go in close().
// Locks: AioTable's and a context's (rank `ipc`); a poll request's places (rank `epoll_item`).
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "abi/aio.h"
#include "base/lock.h"
#include "kernel/ipc/account.h"
#include "kernel/ipc/eventfd.h"
#include "kernel/vfs/file.h"

namespace limen {

class AioPoll;

class AioContext final : public RefCounted {
 public:
  // io_setup(2) for `asked` requests. eagain: beyond fs.aio-max-nr in the whole sandbox, or no memory.
  static Result<Ref<AioContext>> create(Kernel& kernel, usize asked, usize capacity, u64 bytes);
  ~AioContext() override;
  usize asked() const { return asked_; }  // io_setup's nr_events
  usize capacity() const { return capacity_; }

  Result<void> reserve();  // room for one more event; eagain
  void give_back();        // a request that was not begun
  void complete(const abi::IoEvent& event, const Ref<EventFile>& told);
  // IOCB_CMD_POLL of a request that has its reservation. eagain without memory for it.
  Result<void> poll(Kernel& kernel, Ref<File> file, PollEvents events, const abi::IoEvent& event, Ref<EventFile> told);
  bool cancel(u64 iocb);  // only polls can be

  std::vector<abi::IoEvent> take(usize most);
  void put_back(const std::vector<abi::IoEvent>& events);
  void close();
  bool is_closed() EXCLUDES(lock_);  // and nothing more is to come
  WaitQueue finished;

 private:
  AioContext(Kernel& kernel, usize asked, usize capacity, MemoryCharge charge);
  friend class AioPoll;
  bool take_out(AioPoll& request);

  Kernel& kernel_;
  const usize asked_, capacity_;
  const MemoryCharge charge_;
  Mutex lock_{LockRank::ipc};
  usize reserved_ GUARDED_BY(lock_) = 0;  // requests that run, and events that nobody has fetched
  std::deque<abi::IoEvent> events_ GUARDED_BY(lock_);
  std::list<Ref<AioPoll>> polls_ GUARDED_BY(lock_);
  bool closed_ GUARDED_BY(lock_) = false;
};

// The contexts of an address space, by the address of their pages.
class AioTable final : public RefCounted {
 public:
  ~AioTable() override;
  void add(u64 id, Ref<AioContext> context);
  Result<Ref<AioContext>> find(u64 id);    // einval
  Result<Ref<AioContext>> remove(u64 id);  // einval

 private:
  Mutex lock_{LockRank::ipc};
  std::map<u64, Ref<AioContext>> contexts_ GUARDED_BY(lock_);
};

// How many events fit into the pages that Linux maps for `asked`, and the bytes of those pages. Linux: ioctx_alloc, aio_setup_ring.
struct AioRoom {
  usize events, bytes;
};
AioRoom aio_room(usize asked, usize cpus);

}  // namespace limen
