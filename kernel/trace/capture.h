// What an event carries of guest memory and of descriptors: in-parameters when a call is entered, out-parameters when it is left.
//
// Which parameter is what comes from the types of abi/syscalls.def; how long a buffer is, from the next number among the
// parameters. Calls for which that rule is not enough are a table of their own at the end of capture.cc. Everything is read once,
// bounded by CaptureOptions::string_bytes and event::kMostRecord, and is hearsay: another thread of the guest may change it meanwhile.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernel/trace/event.h"
#include "kernel/trace/options.h"
#include "platform/platform.h"

namespace limen {

class Task;

// One record as it grows.
class RecordWriter {
 public:
  void begin(event::Kind kind);
  template <typename Body>
  void body(const Body& b) {
    static_assert(sizeof(Body) % 8 == 0);
    append(&b, sizeof b);
  }
  // Guest memory: as much as can be read, nothing where that is nothing.
  void memory(Task& task, u64 place, usize length);
  // Up to and with the NUL; nothing where not even the first byte can be read.
  void string(Task& task, u64 place, usize most);
  void piece(event::Piece::Kind kind, u64 place, const void* data, usize length);
  void text(event::Piece::Kind kind, u64 place, std::string_view text) { piece(kind, place, text.data(), text.size()); }

  event::RecordHead& head() { return *reinterpret_cast<event::RecordHead*>(bytes_.get()); }
  std::span<const u8> finish();
  usize room() const { return size_ + kReserve < event::kMostRecord ? event::kMostRecord - kReserve - size_ : 0; }

 private:
  static constexpr usize kReserve = 64;  // for the head of one more piece, and padding
  u8* grow(usize length);                // that much more, as it comes
  void append(const void* data, usize length);
  usize open_piece(event::Piece::Kind kind, u64 place);
  void close_piece(usize at, usize length);
  // Most records are short; the largest fits after it has grown.
  usize size_ = 0, capacity_ = 1024;
  std::unique_ptr<u8[]> bytes_{new u8[capacity_]};
};

void capture_entry(Task& task, const platform::Entry& call, const CaptureOptions& options, RecordWriter& to);
void capture_exit(Task& task, const platform::Entry& call, i64 value, const CaptureOptions& options, RecordWriter& to);
// argv or envp of the first program, which no guest memory holds yet: as an array and strings at places of their own; how many there
// are alone where not `whole`.
void capture_vector(const std::vector<std::string>& strings, u64 place, bool whole, const CaptureOptions& options,
                    RecordWriter& to);

}  // namespace limen
