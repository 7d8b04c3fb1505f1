#include "trace/stream.h"

#include <algorithm>

namespace limen::trace {

void Seen::add(std::span<const PieceView> pieces) {
  ++records_;
  for (const PieceView& piece : pieces) {
    // Aligned, so that counts can be read in place.
    const usize at = bytes_.size();
    bytes_.resize(at + event::padded(piece.bytes.size()));
    if (!piece.bytes.empty()) std::memcpy(&bytes_[at], piece.bytes.data(), piece.bytes.size());
    pieces_.push_back({piece.kind, piece.place, at, piece.bytes.size(), records_});
  }
}

void Seen::clear() { pieces_.clear(), bytes_.clear(), records_ = 0; }

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

std::span<const u8> Seen::from(u64 place) const { return from(place, records_); }

std::span<const u8> Seen::from(u64 place, u32 last) const {
  std::span<const u8> found;
  u32 record = 0;
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend() && piece->record >= record; ++piece) {
    if (piece->kind != event::Piece::Kind::memory || piece->record > last || place < piece->place ||
        place - piece->place >= piece->length)
      continue;
    record = piece->record;
    const usize skipped = place - piece->place, length = piece->length - skipped;
    if (length > found.size()) found = std::span(bytes_).subspan(piece->at + skipped, length);
  }
  return found;
}

const u64* Seen::count(u64 place) const {
  for (const Piece& piece : pieces_) {
    if (piece.kind == event::Piece::Kind::count && piece.place == place && piece.length == sizeof(u64)) {
      return reinterpret_cast<const u64*>(&bytes_[piece.at]);
    }
  }
  return nullptr;
}

const Seen::Piece* Seen::newest(event::Piece::Kind kind, i64 fd) const {
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
    if (piece->kind == kind && static_cast<i64>(piece->place) == fd) return &*piece;
  }
  return nullptr;
}

std::optional<std::string_view> Seen::file(i64 fd) const {
  const Piece* piece = newest(event::Piece::Kind::file, fd);
  if (piece == nullptr) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + piece->at, piece->length);
}

std::optional<Seen::Detail> Seen::detail(i64 fd) const {
  const Piece* piece = newest(event::Piece::Kind::detail, fd);
  if (piece == nullptr || piece->length < sizeof(event::Detail)) return std::nullopt;
  // Where the number has another file since, it is of the file before.
  const Piece* named = newest(event::Piece::Kind::file, fd);
  if (named != nullptr && named->record > piece->record) return std::nullopt;
  Detail detail;
  std::memcpy(&detail.at, &bytes_[piece->at], sizeof detail.at);
  detail.behind = std::span(bytes_).subspan(piece->at, piece->length).subspan(sizeof detail.at);
  return detail;
}

std::vector<Seen::Frame> Seen::stack() const {
  std::vector<Frame> out;
  for (const Piece& piece : pieces_) {
    Frame frame{.address = piece.place, .at = {}, .path = {}, .name = {}};
    if (piece.kind != event::Piece::Kind::frame || piece.length < sizeof frame.at) continue;
    std::memcpy(&frame.at, &bytes_[piece.at], sizeof frame.at);
    if (piece.length < sizeof frame.at + frame.at.path_length + frame.at.name_length) continue;
    const char* text = reinterpret_cast<const char*>(&bytes_[piece.at]) + sizeof frame.at;
    frame.path = {text, frame.at.path_length}, frame.name = {text + frame.at.path_length, frame.at.name_length};
    out.push_back(frame);
  }
  return out;
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

// From `at` on, as far as records are whole.
bool Stream::cut_all(std::span<const u8> bytes, usize& at, const Take& take) {
  while (bytes.size() - at >= sizeof(event::RecordHead)) {
    u32 size = 0;
    std::memcpy(&size, &bytes[at], sizeof size);
    if (size < sizeof(event::RecordHead) || size > event::kMostRecord || size % 8 != 0) return false;
    if (bytes.size() - at < size) break;
    if (!cut(bytes.subspan(at, size), take)) return false;
    at += size;
  }
  return true;
}

bool Stream::feed(std::span<const u8> bytes, const Take& take) {
  // Where the last bytes ended in the middle of a record, only that record is put together.
  while (!rest_.empty() && !bytes.empty()) {
    u32 size = sizeof(event::RecordHead);
    if (rest_.size() >= size) std::memcpy(&size, rest_.data(), sizeof size);
    const usize missing = std::min<usize>(size > rest_.size() ? size - rest_.size() : 0, bytes.size());
    rest_.insert(rest_.end(), bytes.begin(), bytes.begin() + static_cast<i64>(missing));
    bytes = bytes.subspan(missing);
    usize at = 0;
    if (!cut_all(rest_, at, take)) return false;
    if (at != 0) rest_.clear();
  }
  usize at = 0;
  if (!cut_all(bytes, at, take)) return false;
  rest_.insert(rest_.end(), bytes.begin() + static_cast<i64>(at), bytes.end());
  return true;
}

}  // namespace limen::trace
