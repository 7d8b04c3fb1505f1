// What setsockopt(2) has set of a socket, whatever its family. Who sends to a socket asks the receiver's options, too: its filter, the
// room in its buffer, what it wants to hear. Source: socket(7); net/core/sock.c:{sk_setsockopt,sk_getsockopt}.
//
// Lock: lock_ (rank `leaf`).
#pragma once

#include <atomic>
#include <map>
#include <span>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/net/option_table.h"
#include "kernel/net/packet_filter.h"

namespace limen {

class NetNamespace;
class Task;

class SocketOptions final : public RefCounted {
 public:
  explicit SocketOptions(KeptOption::Kinds kind) : kind_(kind) {}
  // What is not set is as the namespace has it. Before others see it.
  void obey(Ref<const NetSettings> settings) { settings_ = std::move(settings); }

  // Numbers (option_table.h).
  i32 number(i32 level, i32 option) const;
  bool on(i32 level, i32 option) const { return number(level, option) != 0; }
  bool any_set() const {
    return any_set_.load(std::memory_order_relaxed);
  }  // has any number, or SO_TIMESTAMPING, been set?
  Result<std::vector<u8>> get_kept(i32 level, i32 option, usize room) const;  // enoprotoopt
  Result<void> keep(i32 level, i32 option, std::span<const u8> value);        // enoprotoopt, einval
  void put(i32 level, i32 option, i32 number);

  // Those of SOL_SOCKET that every socket has. enoprotoopt: it is none of these.
  Result<std::vector<u8>> get(const NetNamespace& net, i32 option, usize room) const;
  Result<void> set(Task& task, const NetNamespace& net, i32 option, std::span<const u8> value);
  void inherit(const SocketOptions& from);  // of an accepted connection. Linux: sk_clone_lock

  u64 receive_timeout_ns() const { return receive_timeout_ns_.load(std::memory_order_relaxed); }
  u64 send_timeout_ns() const { return send_timeout_ns_.load(std::memory_order_relaxed); }
  i32 interface() const { return interface_.load(std::memory_order_relaxed); }  // 0: any
  i32 timestamping() const { return timestamping_.load(std::memory_order_relaxed); }
  u32 next_stamp_key() { return stamp_key_.fetch_add(1, std::memory_order_relaxed); }       // SOF_TIMESTAMPING_OPT_ID
  u32 next_copied_call() { return copied_calls_.fetch_add(1, std::memory_order_relaxed); }  // MSG_ZEROCOPY
  i32 timestamping_option() const;  // by which it was set: the type of its control messages
  bool sends_at_times() const { return sends_at_times_.load(std::memory_order_relaxed); }  // SO_TXTIME
  struct Linger {
    bool on = false;
    i32 seconds = 0;
  };
  Linger linger() const;

  // Null where there is none.
  Ref<PacketFilter> filter() const;

  // SO_PEEK_OFF: where the next MSG_PEEK begins; -1: at the first byte.
  i32 peek_offset() const { return peek_offset_.load(std::memory_order_relaxed); }
  void peek_at(i32 offset) { peek_offset_.store(offset, std::memory_order_relaxed); }
  void peeked(usize n);    // forward
  void received(usize n);  // backward

 private:
  Result<void> may_set(Task& task, const NetNamespace& net, i32 option, i32 number) const;
  Result<void> attach_filter(Task& task, std::span<const u8> value);
  Result<void> detach_filter();
  Result<void> bind_to_device(Task& task, const NetNamespace& net, i32 interface);
  Result<void> set_timestamping(i32 option, std::span<const u8> value);
  Result<void> set_txtime(Task& task, const NetNamespace& net, std::span<const u8> value);

  i32 initial(const KeptOption& option) const;
  const KeptOption::Kinds kind_;
  Ref<const NetSettings> settings_;
  mutable Mutex lock_{LockRank::leaf};
  std::map<std::pair<i32, i32>, i32> numbers_
      GUARDED_BY(lock_);  // at most one for each row of the table, and a few more
  std::atomic<bool> any_set_{false};
  Ref<PacketFilter> filter_ GUARDED_BY(lock_);
  std::atomic<bool> has_filter_{false};
  std::atomic<u64> receive_timeout_ns_{0}, send_timeout_ns_{0};
  std::atomic<u64> pacing_rate_{~u64{0}};
  std::atomic<i32> interface_{0}, timestamping_{0}, timestamping_clock_{0};
  std::atomic<bool> timestamping_is_new_{false};
  std::atomic<u32> stamp_key_{0}, copied_calls_{0};
  std::atomic<i32> tx_clock_{0};
  std::atomic<u32> tx_flags_{0};
  std::atomic<bool> sends_at_times_{false};
  std::atomic<i32> peek_offset_{-1};
};

}  // namespace limen
