#include "kernel/mm/user_buffer.h"

#include <algorithm>
#include <cstring>

#include "abi/limits.h"
#include "abi/mman.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "platform/platform.h"

namespace limen {
namespace {

// Kernel memory has no address space: its segments hold the kernel's own addresses.
GuestAddr kernel_address(const void* p) { return GuestAddr(reinterpret_cast<u64>(p)); }
u8* kernel_pointer(GuestAddr a) { return reinterpret_cast<u8*>(a.raw()); }

}  // namespace

UserBuffer::UserBuffer(Task& task, GuestAddr base, u64 length)
    : mm_(&task.mm()), one_{base, std::min(length, abi::max_rw_count)}, remaining_(one_.length) {}

UserBuffer::UserBuffer(Task& task, std::vector<Segment> segments) : mm_(&task.mm()), many_(std::move(segments)) {
  for (Segment& segment : many_) {
    segment.length = std::min<u64>(segment.length, abi::max_rw_count - remaining_);
    remaining_ += segment.length;
  }
}

UserBuffer::UserBuffer(std::span<u8> kernel_bytes)
    : one_{kernel_address(kernel_bytes.data()), kernel_bytes.size()}, remaining_(kernel_bytes.size()) {}

UserBuffer UserBuffer::of_const(std::span<const u8> kernel_bytes) {
  return UserBuffer(std::span<u8>(const_cast<u8*>(kernel_bytes.data()), kernel_bytes.size()));
}

// Calls `move(address, n)` for the pieces of the next `length` bytes until one falls short; advances the cursor.
template <typename Move>
Result<usize> UserBuffer::advance(usize length, const Move& move) {
  length = std::min(length, remaining_);
  usize done = 0;
  while (done < length) {
    const Segment& here = segment(index_);
    const usize n = std::min<u64>(length - done, here.length - offset_);
    const usize moved = n == 0 ? 0 : move(here.base + offset_, done, n);
    done += moved;
    offset_ += moved;
    if (moved < n) break;
    if (offset_ == here.length && index_ + 1 < segments()) ++index_, offset_ = 0;
  }
  if (done == 0 && length != 0) return Errno::efault;
  remaining_ -= done, moved_ += done;
  return done;
}

Result<usize> UserBuffer::copy_out(std::span<const u8> from) {
  return advance(from.size(), [&](GuestAddr at, usize done, usize n) {
    if (mm_ != nullptr) return mm_->copy_out(at, from.data() + done, n);
    return platform::safe_copy(kernel_pointer(at), from.data() + done, n);
  });
}

Result<usize> UserBuffer::copy_in(std::span<u8> to) {
  return advance(to.size(), [&](GuestAddr at, usize done, usize n) {
    if (mm_ != nullptr) return mm_->copy_in(to.data() + done, at, n);
    return platform::safe_copy(to.data() + done, kernel_pointer(at), n);
  });
}

Result<usize> UserBuffer::fill_zero(usize length) {
  static constexpr u8 kZeros[4096] = {};
  return advance(length, [&](GuestAddr at, usize, usize n) {
    usize filled = 0;
    while (filled < n) {
      const usize step = std::min(n - filled, sizeof kZeros);
      usize moved = step;
      if (mm_ != nullptr) {
        moved = mm_->copy_out(at + filled, kZeros, step);
      } else {
        std::memset(kernel_pointer(at + filled), 0, step);
      }
      filled += moved;
      if (moved < step) break;
    }
    return filled;
  });
}

void UserBuffer::rewind(usize n) {
  n = std::min(n, moved_);
  moved_ -= n, remaining_ += n;
  while (n > offset_) {
    n -= offset_;
    --index_;
    offset_ = segment(index_).length;
  }
  offset_ -= n;
}

void UserBuffer::truncate(usize n) { remaining_ = std::min(remaining_, n); }

Result<usize> UserBuffer::with_spans(usize max, Direction direction, const SpanIo& io) {
  max = std::min(max, remaining_);
  Segment wanted[kMostSpans];
  usize count = 0;
  u64 offset = offset_;
  for (usize i = index_, left = max; i < segments() && left != 0 && count < kMostSpans; ++i, offset = 0) {
    const u64 n = std::min<u64>(segment(i).length - offset, left);
    if (n != 0) wanted[count++] = {segment(i).base + offset, n};
    left -= n;
  }
  Result<usize> moved = 0;
  if (mm_ != nullptr) {
    moved = mm_->with_spans({wanted, count}, direction == Direction::to_guest, io);
  } else {
    std::span<u8> spans[kMostSpans];
    for (usize i = 0; i < count; ++i) spans[i] = {kernel_pointer(wanted[i].base), wanted[i].length};
    moved = io({spans, count});
  }
  if (!moved.ok() || *moved == 0) return moved;
  return advance(*moved, [](GuestAddr, usize, usize n) { return n; });
}

Result<UserBuffer> read_iovec(Task& task, GuestAddr iov, u64 count) {
  if (count > abi::uio_maxiov) return Errno::einval;
  const std::vector<abi::IoVec> vectors = TRY(UserIn<abi::IoVec>(iov).read_array(task, count));
  std::vector<UserBuffer::Segment> segments;
  segments.reserve(vectors.size());
  for (const abi::IoVec& v : vectors) {
    if (static_cast<i64>(v.iov_len) < 0) return Errno::einval;
    segments.push_back({v.iov_base, v.iov_len});
  }
  return UserBuffer(task, std::move(segments));
}

}  // namespace limen
