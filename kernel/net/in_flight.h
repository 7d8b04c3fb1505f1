// Descriptors in flight: those that messages of unix sockets carry (SCM_RIGHTS of unix(7)). A socket can be in flight in its own
// queue, or two in each other's; such sockets hold themselves and nobody can reach them. A collector finds and empties them.
// Source: net/unix/garbage.c.
//
// Lock: lock (rank `in_flight`), outside those of sockets and inboxes. Whoever puts a descriptor into a message or takes one out holds
// it; so nothing moves while the collector looks. One for all network namespaces of a sandbox.
#pragma once

#include <atomic>
#include <map>
#include <span>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "kernel/vfs/file.h"

namespace limen {

class Inbox;
class Socket;
class UserAccount;

class InFlight final : public RefCounted {
 public:
  Mutex lock{LockRank::in_flight};
  // A message that `sender` pays for carries these, or does no more.
  void add(std::span<const Ref<File>> files, UserAccount* sender) REQUIRES(lock);
  void remove(std::span<const Ref<File>> files, UserAccount* sender) REQUIRES(lock);

  // Empties the queues of sockets that nobody can reach. `closing` (or null) is one whose descriptor is just being closed: the caller has
  // a reference of its own. Called without locks; descriptors that end there are closed by the caller.
  void collect(const Socket* closing) EXCLUDES(lock);
  // The same once in a while, so that closing many sockets costs no more than there are in flight.
  void collect_sometimes(const Socket* closing) EXCLUDES(lock);
  bool carries(Socket& socket) EXCLUDES(lock);
  bool any() const { return carried_count_.load(std::memory_order_relaxed) != 0; }

 private:
  std::vector<Socket*> unreachable(const Socket* closing, std::vector<Ref<Inbox>>& seen) REQUIRES(lock);
  std::map<Socket*, u32> carried_ GUARDED_BY(lock);  // by how many messages; such a message holds it
  std::atomic<usize> carried_count_{0}, closed_since_{0};
  std::atomic<bool> collecting_{false};
};

}  // namespace limen
