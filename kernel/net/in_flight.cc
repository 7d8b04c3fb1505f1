#include "kernel/net/in_flight.h"

#include <algorithm>
#include <utility>

#include "kernel/cred/namespace.h"
#include "kernel/net/socket.h"

namespace limen {
namespace {

Socket* unix_socket(const Ref<File>& file) {
  auto* socket = dynamic_cast<Socket*>(file.get());
  return socket != nullptr && socket->domain() == abi::af_unix ? socket : nullptr;
}

}  // namespace

void InFlight::add(std::span<const Ref<File>> files, UserAccount* sender) {
  if (sender != nullptr) sender->files_in_flight.fetch_add(files.size(), std::memory_order_relaxed);
  for (const Ref<File>& file : files) {
    if (Socket* socket = unix_socket(file)) ++carried_[socket];
  }
  carried_count_.store(carried_.size(), std::memory_order_relaxed);
}

void InFlight::remove(std::span<const Ref<File>> files, UserAccount* sender) {
  if (sender != nullptr) sender->files_in_flight.fetch_sub(files.size(), std::memory_order_relaxed);
  for (const Ref<File>& file : files) {
    const auto it = carried_.find(unix_socket(file));
    if (it != carried_.end() && --it->second == 0) carried_.erase(it);
  }
  carried_count_.store(carried_.size(), std::memory_order_relaxed);
}

// A socket that more holds than messages do is in use, and so is what its queues carry. Candidates that only candidates carry, and no
// socket in use leads to, are garbage.
std::vector<Socket*> InFlight::unreachable(const Socket* closing, std::vector<Ref<Inbox>>& seen) {
  std::map<Socket*, std::vector<Socket*>> candidates;  // and what they carry
  for (const auto& [socket, messages] : carried_) {
    const u32 held = messages + (socket == closing ? 1 : 0);
    if (socket->ref_count() == held) candidates.emplace(socket, std::vector<Socket*>());
  }
  std::map<Socket*, u32> inside;  // how many messages of candidates carry it
  for (auto& entry : candidates) {
    for (Ref<Inbox>& queue : entry.first->queues()) {
      seen.push_back(queue);
      queue->each_file([&](const Ref<File>& file) {
        Socket* carried = unix_socket(file);
        if (carried == nullptr || !candidates.contains(carried)) return;
        ++inside[carried];
        entry.second.push_back(carried);
      });
    }
  }
  std::vector<Socket*> in_use;
  for (const auto& [socket, carries] : candidates) {
    if (inside[socket] != carried_[socket]) in_use.push_back(socket);
  }
  while (!in_use.empty()) {
    const auto it = candidates.find(in_use.back());
    in_use.pop_back();
    if (it == candidates.end()) continue;
    const std::vector<Socket*> carries = std::move(it->second);
    candidates.erase(it);
    in_use.insert(in_use.end(), carries.begin(), carries.end());
  }
  std::vector<Socket*> garbage;
  for (const auto& [socket, carries] : candidates) garbage.push_back(socket);
  return garbage;
}

void InFlight::collect(const Socket* closing) {
  if (!any() || collecting_.exchange(true, std::memory_order_acquire)) return;
  std::vector<Ref<Inbox>> queues, seen;  // dropped without the lock
  {
    MutexGuard guard(lock);
    closed_since_.store(0, std::memory_order_relaxed);
    for (Socket* socket : unreachable(closing, seen)) {
      for (Ref<Inbox>& queue : socket->queues()) queues.push_back(std::move(queue));
    }
  }
  for (const Ref<Inbox>& queue : queues) queue->discard();
  collecting_.store(false, std::memory_order_release);
}

bool InFlight::carries(Socket& socket) {
  MutexGuard guard(lock);
  return carried_.contains(&socket);
}

void InFlight::collect_sometimes(const Socket* closing) {
  constexpr usize kOften = 256;
  const usize count = carried_count_.load(std::memory_order_relaxed);
  if (count == 0 || closed_since_.fetch_add(1, std::memory_order_relaxed) < count / kOften) return;
  collect(closing);
}

}  // namespace limen
