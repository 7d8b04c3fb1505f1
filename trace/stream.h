// Records of kernel/trace/event.h as readers see them. Bytes come from the kernel process, but what they hold is a guest's: every
// length is checked, and a stream that makes no sense ends the reading.
#pragma once

#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/trace/event.h"

namespace limen::trace {

struct PieceView {
  event::Piece::Kind kind;
  u64 place;
  std::span<const u8> bytes;
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

// One record; views into the stream's buffer.
struct EventView {
  event::RecordHead head;
  std::span<const u8> body;
  std::span<const PieceView> pieces;
  template <typename Body>
  Body as() const {
    Body b;
    std::memcpy(&b, body.data(), sizeof b);
    return b;
  }
};

// What pieces tell, kept beyond the record that brought them: a call's line is written when it is left.
class Seen {
 public:
  void add(std::span<const PieceView> pieces);
  void clear();
  // All of [place, place + length), or nothing. The newest word counts.
  const u8* memory(u64 place, usize length) const;
  // The first piece of memory, where it has so many bytes.
  const u8* first_memory(usize length) const;
  // From `place` to the end of the piece that holds it: the longest of the latest record, as one word may be a path, told whole, and
  // an argument, told as far as strings are shown.
  std::span<const u8> from(u64 place) const;
  struct Frame {
    u64 address;
    event::Frame at;
    std::string_view path, name;
  };
  std::vector<Frame> stack() const;  // innermost first
  const u64* count(u64 place) const;
  std::optional<std::string_view> file(i64 fd) const;
  // What else is known of the descriptor, and what stands behind that.
  struct Detail {
    event::Detail at;
    std::span<const u8> behind;
  };
  std::optional<Detail> detail(i64 fd) const;
  // As it was when the call was entered, where its answer is written to the same place.
  template <typename T>
  bool read_at_entry(u64 place, T& value) const {
    const std::span<const u8> found = from(place, kEntry);
    if (found.size() < sizeof value) return false;
    std::memcpy(&value, found.data(), sizeof value);
    return true;
  }
  template <typename T>
  bool read(u64 place, T& value) const {
    const u8* p = memory(place, sizeof value);
    if (p != nullptr) std::memcpy(&value, p, sizeof value);
    return p != nullptr;
  }

 private:
  struct Piece {
    event::Piece::Kind kind;
    u64 place;
    usize at, length;  // in bytes_
    u32 record;        // which one brought it
  };
  static constexpr u32 kEntry = 1;  // the first record
  // Of what the records up to `last` brought, from the newest that has it.
  std::span<const u8> from(u64 place, u32 last) const;
  const Piece* newest(event::Piece::Kind kind, i64 fd) const;
  std::vector<Piece> pieces_;
  std::vector<u8> bytes_;
  u32 records_ = 0;
};

// Cuts a stream of bytes into records.
class Stream {
 public:
  using Take = std::function<void(const EventView&)>;
  // Hands over each whole record. False: this is no stream of events.
  bool feed(std::span<const u8> bytes, const Take& take);
  bool is_whole() const { return rest_.empty(); }

 private:
  std::vector<u8> rest_;  // of a record whose end is still to come
  std::vector<PieceView> pieces_;
  bool cut_all(std::span<const u8> bytes, usize& at, const Take& take);
  bool cut(std::span<const u8> record, const Take& take);
};

}  // namespace limen::trace
