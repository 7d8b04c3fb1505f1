// One record of an event as it grows: RecordWriter of capture.h.
#include <algorithm>
#include <cstddef>
#include <cstring>

#include "kernel/mm/mm.h"
#include "kernel/task/task.h"
#include "kernel/trace/capture.h"

namespace limen {

u8* RecordWriter::grow(usize length) {
  if (size_ + length > capacity_) {
    capacity_ = std::max(2 * capacity_, size_ + length);
    std::unique_ptr<u8[]> larger(new u8[capacity_]);
    std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
  }
  u8* const place = &bytes_[size_];
  size_ += length;
  return place;
}

void RecordWriter::begin(event::Kind kind) {
  size_ = 0;
  const event::RecordHead head{.kind = kind};
  append(&head, sizeof head);
}

void RecordWriter::append(const void* data, usize length) {
  const usize whole = event::padded(length);
  u8* const place = grow(whole);
  if (length != 0) std::memcpy(place, data, length);
  if (whole != length) std::memset(place + length, 0, whole - length);
}

usize RecordWriter::open_piece(event::Piece::Kind kind, u64 place) {
  const usize at = size_;
  const event::Piece piece{.place = place, .kind = kind};
  append(&piece, sizeof piece);
  return at;
}

void RecordWriter::close_piece(usize at, usize length) {
  const usize data = at + sizeof(event::Piece);
  const u32 short_length = static_cast<u32>(length);
  std::memcpy(&bytes_[at + offsetof(event::Piece, length)], &short_length, sizeof short_length);
  // Nothing that this process held before goes out as padding.
  const usize whole = event::padded(length);
  size_ = data + length;
  std::memset(grow(whole - length), 0, whole - length);
  ++head().pieces;
}

void RecordWriter::piece(event::Piece::Kind kind, u64 place, const void* data, usize length) {
  if (room() == 0) return;
  length = std::min(length, room());
  const usize at = open_piece(kind, place);
  append(data, length);
  close_piece(at, length);
}

void RecordWriter::memory(Task& task, u64 place, usize length) {
  length = std::min(length, room());
  if (place == 0 || length == 0) return;
  const usize at = open_piece(event::Piece::Kind::memory, place);
  const usize got = task.mm().copy_in(grow(length), GuestAddr(place), length);
  if (got == 0) {
    size_ = at;
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
    size_ = data + length;
    u8* const to = grow(chunk);
    const usize got = task.mm().copy_in(to, GuestAddr(place + length), chunk);
    const void* nul = std::memchr(to, 0, got);
    ended = nul != nullptr || got < chunk;
    length += nul != nullptr ? static_cast<usize>(static_cast<const u8*>(nul) - to) + 1 : got;
  }
  if (length == 0) {
    size_ = at;
  } else {
    close_piece(at, length);
  }
}

std::span<const u8> RecordWriter::finish() {
  head().size = static_cast<u32>(size_);
  return {bytes_.get(), size_};
}

}  // namespace limen
