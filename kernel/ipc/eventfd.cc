#include "kernel/ipc/eventfd.h"

#include "abi/fcntl.h"
#include "base/types.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

constexpr u64 kMost = ~u64{0} - 1;  // the counter's maximum; one more would be the overflow that poll tells as POLLERR

std::span<u8> bytes_of(u64& value) { return {reinterpret_cast<u8*>(&value), sizeof(value)}; }

}  // namespace

EventFile::EventFile(Path path, u32 flags, u64 initial, Mode mode)
    : File(std::move(path), flags), mode_(mode), count_(initial) {}

PollEvents EventFile::poll(PollTable* table) {
  if (table != nullptr) table->add(Ref<RefCounted>(this), queue_);
  MutexGuard guard(lock_);
  PollEvents events = 0;
  if (count_ > 0) events |= kPollIn;
  if (count_ == ~u64{0}) events |= kPollErr;
  if (count_ < kMost) events |= kPollOut;
  return events;
}

u32 EventFile::call_flags(Moves direction) const {
  return direction == Moves::reads ? File::call_flags(direction) : abi::rwf_hipri;
}

std::string EventFile::describe() {
  MutexGuard guard(lock_);
  char line[64];
  std::snprintf(line, sizeof line, "eventfd-count: %16llx\n", static_cast<unsigned long long>(count_));
  return line;
}

void EventFile::signal() {
  {
    MutexGuard guard(lock_);
    if (count_ < kMost) ++count_;
  }
  queue_.wake(kPollIn);
}

Result<usize> EventFile::try_read(Task&, UserBuffer& to, u64*) {
  if (to.remaining() < sizeof(u64)) return Errno::einval;
  u64 value = 0;
  {
    MutexGuard guard(lock_);
    if (count_ == 0) return Errno::eagain;
    value = mode_ == Mode::semaphore ? 1 : count_;
    count_ -= value;
  }
  queue_.wake(kPollOut);
  // As on Linux a bad address loses what was read.
  const usize n = TRY(to.copy_out(bytes_of(value)));
  return n == sizeof(u64) ? Result<usize>(n) : Result<usize>(Errno::efault);
}

Result<usize> EventFile::try_write(Task&, UserBuffer& from, u64*) {
  if (from.remaining() != sizeof(u64)) return Errno::einval;
  u64 value = 0;
  const usize n = TRY(from.copy_in(bytes_of(value)));
  if (n != sizeof(u64)) return Errno::efault;
  if (value == ~u64{0}) return Errno::einval;
  {
    MutexGuard guard(lock_);
    if (value > kMost - count_) {
      from.rewind(n);  // nothing is consumed until it fits
      return Errno::eagain;
    }
    count_ += value;
  }
  queue_.wake(kPollIn);
  return n;
}

}  // namespace limen
