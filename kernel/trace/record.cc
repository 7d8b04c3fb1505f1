// One record of an event as it grows: RecordWriter of capture.h.
#include <algorithm>
#include <cstddef>
#include <cstring>

#include "kernel/mm/mm.h"
#include "kernel/task/task.h"
#include "kernel/trace/capture.h"

namespace limen {

void RecordWriter::begin(event::Kind kind) {
  bytes_.clear();
  const event::RecordHead head{.kind = kind};
  append(&head, sizeof head);
}

void RecordWriter::append(const void* data, usize length) {
  const usize at = bytes_.size();
  bytes_.resize(at + event::padded(length));
  if (length != 0) std::memcpy(&bytes_[at], data, length);
}

usize RecordWriter::open_piece(event::Piece::Kind kind, u64 place) {
  const usize at = bytes_.size();
  const event::Piece piece{.place = place, .kind = kind};
  append(&piece, sizeof piece);
  return at;
}

void RecordWriter::close_piece(usize at, usize length) {
  const usize data = at + sizeof(event::Piece);
  const u32 short_length = static_cast<u32>(length);
  std::memcpy(&bytes_[at + offsetof(event::Piece, length)], &short_length, sizeof short_length);
  bytes_.resize(data + event::padded(length));
  std::fill(bytes_.begin() + static_cast<i64>(data + length), bytes_.end(), u8{0});
  ++head().pieces;
}

void RecordWriter::piece(event::Piece::Kind kind, u64 place, const void* data, usize length) {
  length = std::min(length, room());
  const usize at = open_piece(kind, place);
  append(data, length);
  close_piece(at, length);
}

void RecordWriter::memory(Task& task, u64 place, usize length) {
  length = std::min(length, room());
  if (place == 0 || length == 0) return;
  const usize at = open_piece(event::Piece::Kind::memory, place);
  bytes_.resize(bytes_.size() + length);
  const usize got = task.mm().copy_in(&bytes_[at + sizeof(event::Piece)], GuestAddr(place), length);
  if (got == 0) {
    bytes_.resize(at);
  } else {
    close_piece(at, got);
  }
}

void RecordWriter::string(Task& task, u64 place, usize most) {
  most = std::min(most, room());
  if (place == 0 || most == 0) return;
  const usize at = open_piece(event::Piece::Kind::memory, place), data = at + sizeof(event::Piece);
  usize length = 0;
  bool ended = false;
  while (!ended && length < most) {
    // To the end of the page at most: behind it there may be nothing.
    const usize chunk = std::min<usize>({most - length, 256, kPageSize - (place + length) % kPageSize});
    bytes_.resize(data + length + chunk);
    const usize got = task.mm().copy_in(&bytes_[data + length], GuestAddr(place + length), chunk);
    const void* nul = std::memchr(&bytes_[data + length], 0, got);
    ended = nul != nullptr || got < chunk;
    length += nul != nullptr ? static_cast<usize>(static_cast<const u8*>(nul) - &bytes_[data + length]) + 1 : got;
  }
  if (length == 0) {
    bytes_.resize(at);
  } else {
    close_piece(at, length);
  }
}

std::span<const u8> RecordWriter::finish() {
  head().size = static_cast<u32>(bytes_.size());
  return bytes_;
}

}  // namespace limen
