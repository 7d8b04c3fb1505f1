// Locks that the compiler and, in debug builds, the run time check.
//
// Every lock has a rank; a thread takes locks in ascending order of rank only. The order
// of all ranks is LockRank below: this list *is* the lock tree of the kernel, and each
// folder's main header explains its part. Two locks of one rank are taken together only
// through `lock_two`, which orders them by address.
//
// What may not happen under a lock of any rank below `mm`: a wait for a guest or for
// another task (park through kernel/task/wait_queue.h, which takes no lock with it).
#pragma once

#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/types.h"

#if defined(__clang__)
#define LIMEN_TSA(x) __attribute__((x))
#else
#define LIMEN_TSA(x)
#endif
#define CAPABILITY(x) LIMEN_TSA(capability(x))
#define SCOPED_CAPABILITY LIMEN_TSA(scoped_lockable)
#define GUARDED_BY(x) LIMEN_TSA(guarded_by(x))
#define PT_GUARDED_BY(x) LIMEN_TSA(pt_guarded_by(x))
#define REQUIRES(...) LIMEN_TSA(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) LIMEN_TSA(requires_shared_capability(__VA_ARGS__))
#define ACQUIRE(...) LIMEN_TSA(acquire_capability(__VA_ARGS__))
#define ACQUIRE_SHARED(...) LIMEN_TSA(acquire_shared_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) LIMEN_TSA(try_acquire_capability(__VA_ARGS__))
#define RELEASE(...) LIMEN_TSA(release_capability(__VA_ARGS__))
#define RELEASE_SHARED(...) LIMEN_TSA(release_shared_capability(__VA_ARGS__))
#define RELEASE_GENERIC(...) LIMEN_TSA(release_generic_capability(__VA_ARGS__))
#define ASSERT_HELD(...) LIMEN_TSA(assert_capability(__VA_ARGS__))
#define EXCLUDES(...) LIMEN_TSA(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS LIMEN_TSA(no_thread_safety_analysis)

namespace limen {

// Outermost first. Gaps leave room.
enum class LockRank : u16 {
  kernel = 10,        // Kernel: start, shutdown
  position = 15,      // of an open file, through a whole read: one of /proc asks all below. Linux: f_pos_lock
  process_tree = 20,  // parents, children, groups, sessions, pid tables
  thread_group = 30,  // members, exit and stop state, timers
  tty = 40,           // terminals
  mount = 60,         // the mount tree
  rename = 70,        // a filesystem's changes of names, one at a time
  fs_context = 80,    // cwd, root, umask
  fd_table = 90,
  epoll_nesting = 98,  // one change of the graph of epolls in epolls at a time
  epoll = 100,
  in_flight = 105,  // which sockets' messages carry which sockets: descriptors in flight (SCM_RIGHTS)
  socket = 110,
  net_tables = 112,  // names and ports that sockets are bound to
  inbox = 115,       // what a socket has received; an endpoint that listens
  file = 120,        // the state of an open file description
  directory = 125,   // the names of a filesystem in memory
  inode = 130,       // an inode's metadata and data
  dentry = 140,
  pipe = 150,
  ipc = 160,  // eventfd, timerfd, signalfd, message queues, semaphores
  futex = 170,
  mm = 200,            // an address space; user copies take it, so it stands below every object
  patches = 204,       // the cache of patched text
  shared_pages = 205,  // shared mappings of a writable volume's file, where the last one ends
  page_store = 210,    // the pages of a tmpfs file or shared mapping
  space = 220,         // platform: orders to a mapping thread
  arena = 230,         // the sandbox's page allocator
  signal = 240,        // pending signals, masks, handlers
  epoll_item = 245,    // where an item of an epoll is registered
  wait_queue = 250,    // waiters of one queue
  tracing = 255,       // what a tracer and its tracee agree on
  task = 260,          // a task's parking word
  timers = 265,        // a process's timers; reads the clock
  clock = 270,
  trace = 280,
  leaf = 300,  // takes nothing
};

namespace lock_debug {
#ifdef LIMEN_LOCK_DEBUG
void acquired(LockRank rank, const void* lock);  // aborts when out of order
void released(LockRank rank, const void* lock);
#else
inline void acquired(LockRank, const void*) {}
inline void released(LockRank, const void*) {}
#endif
}  // namespace lock_debug

class CAPABILITY("mutex") Mutex {
 public:
  explicit Mutex(LockRank rank) : rank_(rank) {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock() ACQUIRE() {
    lock_debug::acquired(rank_, this);
    m_.lock();
  }
  void unlock() RELEASE() {
    lock_debug::released(rank_, this);  // first: whoever has the lock next may end it
    m_.unlock();
  }
  // Tells the analysis that this lock is held where it cannot see it: it was taken by another name.
  void assert_held() const ASSERT_HELD(this) {}
  LockRank rank() const { return rank_; }

 private:
  std::mutex m_;
  LockRank rank_;
};

class CAPABILITY("mutex") SharedMutex {
 public:
  explicit SharedMutex(LockRank rank) : rank_(rank) {}
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;
  void lock() ACQUIRE() {
    lock_debug::acquired(rank_, this);
    m_.lock();
  }
  void unlock() RELEASE() {
    lock_debug::released(rank_, this);  // first: whoever has the lock next may end it
    m_.unlock();
  }
  void lock_shared() ACQUIRE_SHARED() {
    lock_debug::acquired(rank_, this);
    m_.lock_shared();
  }
  void unlock_shared() RELEASE_SHARED() {
    lock_debug::released(rank_, this);  // first: whoever has the lock next may end it
    m_.unlock_shared();
  }
  void assert_held() const ASSERT_HELD(this) {}

 private:
  std::shared_mutex m_;
  LockRank rank_;
};

// Scoped holders.
template <typename M>
class SCOPED_CAPABILITY Guard {
 public:
  explicit Guard(M& m) ACQUIRE(m) : m_(m) { m_.lock(); }
  ~Guard() RELEASE() { m_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  M& m_;
};
using MutexGuard = Guard<Mutex>;
using WriteGuard = Guard<SharedMutex>;

class SCOPED_CAPABILITY ReadGuard {
 public:
  explicit ReadGuard(SharedMutex& m) ACQUIRE_SHARED(m) : m_(m) { m_.lock_shared(); }
  ~ReadGuard() RELEASE_GENERIC() { m_.unlock_shared(); }
  ReadGuard(const ReadGuard&) = delete;
  ReadGuard& operator=(const ReadGuard&) = delete;

 private:
  SharedMutex& m_;
};

}  // namespace limen
