// Kernel memory that a guest makes the kernel hold: pipe pages, socket buffers, queued messages, watches. Each byte is charged
// before it is allocated and given back when it is freed; the sum never exceeds the sandbox's share.
//
//   MemoryCharge charge = TRY(MemoryCharge::take(kernel.ipc_memory(), bytes, Errno::enobufs));
#pragma once

#include <atomic>
#include <utility>

#include "base/result.h"
#include "base/types.h"

namespace limen {

class MemoryAccount {
 public:
  explicit MemoryAccount(u64 limit) : limit_(limit) {}
  bool charge(u64 bytes) {
    u64 used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > limit_ || used > limit_ - bytes) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  void uncharge(u64 bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  u64 used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const u64 limit_;
  std::atomic<u64> used_{0};
};

// Bytes charged for as long as it lives. The account outlives it.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  static Result<MemoryCharge> take(MemoryAccount& account, u64 bytes, Errno none_left) {
    if (!account.charge(bytes)) return none_left;
    MemoryCharge charge;
    charge.account_ = &account;
    charge.bytes_ = bytes;
    return charge;
  }
  MemoryCharge(MemoryCharge&& o) noexcept : account_(std::exchange(o.account_, nullptr)), bytes_(o.bytes_) {}
  MemoryCharge& operator=(MemoryCharge&& o) noexcept {
    std::swap(account_, o.account_);
    std::swap(bytes_, o.bytes_);
    return *this;
  }
  ~MemoryCharge() {
    if (account_ != nullptr) account_->uncharge(bytes_);
  }

 private:
  MemoryAccount* account_ = nullptr;
  u64 bytes_ = 0;
};

}  // namespace limen
