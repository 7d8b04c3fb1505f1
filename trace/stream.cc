#include "trace/stream.h"

namespace limen::trace {

void Seen::add(std::span<const PieceView> pieces) {
  for (const PieceView& piece : pieces) {
    Piece kept{piece.kind, piece.place, bytes_.size(), piece.bytes.size(), {}};
    if (piece.kind == event::Piece::Kind::file) {
      kept.text = std::string(piece.text());
    } else {
      // Aligned, so that counts can be read in place.
      bytes_.insert(bytes_.end(), piece.bytes.begin(), piece.bytes.end());
      bytes_.resize(event::padded(bytes_.size()));
    }
    pieces_.push_back(std::move(kept));
  }
}

void Seen::clear() { pieces_.clear(), bytes_.clear(); }

const u8* Seen::memory(u64 place, usize length) const {
  const std::span<const u8> found = from(place);
  return found.size() >= length && length != 0 ? found.data() : nullptr;
}

const u8* Seen::first_memory(usize length) const {
  for (const Piece& piece : pieces_) {
    if (piece.kind == event::Piece::Kind::memory) return piece.length >= length ? &bytes_[piece.at] : nullptr;
  }
  return nullptr;
}

std::span<const u8> Seen::from(u64 place) const {
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
    if (piece->kind != event::Piece::Kind::memory || place < piece->place || place - piece->place >= piece->length)
      continue;
    const usize skipped = place - piece->place;
    return std::span(bytes_).subspan(piece->at + skipped, piece->length - skipped);
  }
  return {};
}

const u64* Seen::count(u64 place) const {
  for (const Piece& piece : pieces_) {
    if (piece.kind == event::Piece::Kind::count && piece.place == place && piece.length == sizeof(u64)) {
      return reinterpret_cast<const u64*>(&bytes_[piece.at]);
    }
  }
  return nullptr;
}

const std::string* Seen::file(i64 fd) const {
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
    if (piece->kind == event::Piece::Kind::file && static_cast<i64>(piece->place) == fd) return &piece->text;
  }
  return nullptr;
}

bool Stream::cut(std::span<const u8> record, const Take& take) {
  EventView view;
  std::memcpy(&view.head, record.data(), sizeof view.head);
  const usize body = event::body_size(view.head.kind);
  usize at = sizeof view.head;
  if (body == 0 || record.size() - at < body) return false;
  view.body = record.subspan(at, body);
  at += body;
  pieces_.clear();
  for (u16 i = 0; i < view.head.pieces; ++i) {
    event::Piece piece;
    if (record.size() - at < sizeof piece) return false;
    std::memcpy(&piece, &record[at], sizeof piece);
    at += sizeof piece;
    if (record.size() - at < event::padded(piece.length)) return false;
    pieces_.push_back({piece.kind, piece.place, record.subspan(at, piece.length)});
    at += event::padded(piece.length);
  }
  view.pieces = pieces_;
  take(view);
  return true;
}

bool Stream::feed(std::span<const u8> bytes, const Take& take) {
  rest_.insert(rest_.end(), bytes.begin(), bytes.end());
  usize at = 0;
  while (rest_.size() - at >= sizeof(event::RecordHead)) {
    u32 size = 0;
    std::memcpy(&size, &rest_[at], sizeof size);
    if (size < sizeof(event::RecordHead) || size > event::kMostRecord || size % 8 != 0) return false;
    if (rest_.size() - at < size) break;
    if (!cut(std::span(rest_).subspan(at, size), take)) return false;
    at += size;
  }
  rest_.erase(rest_.begin(), rest_.begin() + static_cast<i64>(at));
  return true;
}

}  // namespace limen::trace
