// The bytes of a transfer: what read(2), writev(2), sendmsg(2) move, as one cursor over segments of guest memory,
// or of kernel memory (exec reads headers; sendfile and splice use a bounce buffer).
//
//   const usize n = TRY(buffer.copy_out(bytes));   // kernel -> buffer; advances the cursor
//
// Partial progress is Linux's: a copy that meets a bad address after n > 0 bytes returns n; EFAULT only where nothing
// was moved.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace limen {

class Mm;
class Task;

class UserBuffer {
 public:
  struct Segment {
    GuestAddr base;
    u64 length;
  };
  // One guest segment; a length above MAX_RW_COUNT (0x7ffff000) is cut, as rw_verify_area does.
  UserBuffer(Task& task, GuestAddr base, u64 length);
  // An iovec array that was read and checked (read_iovec below).
  UserBuffer(Task& task, std::vector<Segment> segments);
  // Kernel memory: never faults. The caller keeps it alive, and never copies out into bytes given as const.
  explicit UserBuffer(std::span<u8> kernel_bytes);
  static UserBuffer of_const(std::span<const u8> kernel_bytes);

  usize remaining() const { return remaining_; }
  usize moved() const { return moved_; }

  Result<usize> copy_out(std::span<const u8> from);  // into the buffer
  Result<usize> copy_in(std::span<u8> to);           // from the buffer
  Result<usize> fill_zero(usize length);             // into the buffer
  void rewind(usize n);                              // steps back over n bytes that were moved but not consumed
  void truncate(usize n);                            // cuts what remains to at most n bytes

  // Host I/O straight into or out of guest pages: `io` gets the kernel's own view of up to `max` bytes of the buffer (spans that are
  // resident and, with `to_guest`, writable by this guest; valid during the call only) and returns how many bytes it
  // moved. It may be given less than remains. EFAULT when the first byte is not accessible.
  enum class Direction : u8 { to_guest, from_guest };
  static constexpr usize kMostSpans = 64;
  class SpanIo {  // refers to a lambda of the caller's: such a call is made too often to allocate
   public:
    template <typename Io>
    requires(!std::is_same_v<Io, SpanIo>) SpanIo(const Io& io)  // NOLINT(google-explicit-constructor)
        : io_(&io), call_([](const void* io, std::span<const std::span<u8>> spans) -> Result<usize> {
            return (*static_cast<const Io*>(io))(spans);
          }) {}
    Result<usize> operator()(std::span<const std::span<u8>> spans) const { return call_(io_, spans); }

   private:
    const void* io_;
    Result<usize> (*call_)(const void*, std::span<const std::span<u8>>);
  };
  Result<usize> with_spans(usize max, Direction direction, const SpanIo& io);

 private:
  template <typename Move>
  Result<usize> advance(usize length, const Move& move);
  usize segments() const { return many_.empty() ? 1 : many_.size(); }
  const Segment& segment(usize i) const { return many_.empty() ? one_ : many_[i]; }

  Mm* mm_ = nullptr;  // null: kernel memory. The calling task keeps its Mm alive.
  Segment one_{};     // the only one, where there are not many: most calls name one, and allocate nothing
  std::vector<Segment> many_;
  usize index_ = 0;  // the segment under the cursor
  u64 offset_ = 0;   // in that segment
  usize remaining_ = 0;
  usize moved_ = 0;
};

// Reads and checks an iovec array: EINVAL for more than IOV_MAX (1024) entries or a negative length; the total is cut to
// MAX_RW_COUNT. Linux: lib/iov_iter.c:import_iovec.
Result<UserBuffer> read_iovec(Task& task, GuestAddr iov, u64 count);

}  // namespace limen
