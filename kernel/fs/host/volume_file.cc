#include "kernel/fs/host/volume_file.h"

#include <algorithm>

#include "abi/fcntl.h"
#include "kernel/fs/host/shared_pages.h"
#include "kernel/mm/page_store.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr u64 kFirstName = 2;  // positions 0 and 1 are "." and ".."

// One host call for each run of guest pages, until the buffer or the file ends.
Result<usize> move_bytes(UserBuffer& buffer, UserBuffer::Direction direction, const UserBuffer::SpanIo& io) {
  usize total = 0;
  while (buffer.remaining() != 0) {
    usize asked = 0;
    const Result<usize> moved =
        buffer.with_spans(buffer.remaining(), direction, [&](std::span<const std::span<u8>> spans) {
          for (const std::span<u8>& span : spans) asked += span.size();
          return io(spans);
        });
    if (!moved.ok()) return total != 0 ? Result<usize>(total) : Result<usize>(moved.error());
    total += *moved;
    if (*moved < asked || *moved == 0) break;
  }
  return total;
}

}  // namespace

Result<Attributes> VolumeFile::attributes() {
  const host::FileInfo info = TRY(host::stat_handle(open_->handle));
  return attributes_of(info);
}

Result<void> VolumeFile::change(const AttributeChange& change) {
  if (!change.size) return File::change(change);
  TRY(host::set_size(open_->handle, *change.size));
  if (const Ref<SharedPages> shared = node().shared_pages()) shared->resize(*change.size);
  return success;
}

// The host's filesystem does it, but for what moves bytes: a file that is mapped shared would have to be read anew.
Result<void> VolumeFile::allocate(u32 mode, u64 offset, u64 length) {
  constexpr u32 kKept = abi::falloc_fl_keep_size, kHole = abi::falloc_fl_punch_hole | kKept;
  const bool zeroes = (mode & ~kKept) == abi::falloc_fl_zero_range;
  if ((mode & ~kKept) != 0 && mode != kHole && !zeroes) return Errno::eopnotsupp;
  TRY(host::allocate(open_->handle, mode, offset, length));
  const Ref<SharedPages> shared = node().shared_pages();
  if (!shared) return success;
  if (mode == kHole || zeroes) shared->zeroed(offset, length);
  if ((mode & kKept) == 0 && offset + length > shared->size()) shared->resize(offset + length);
  return success;
}

Result<void> VolumeFile::sync(Task&, bool data_only) {
  TRY(node().write_back_shared());
  return host::sync(open_->handle, data_only);
}

Result<void> VolumeFile::write_back(Durable durable) {
  TRY(node().write_back_shared());
  return durable == Durable::yes ? host::sync(open_->handle, true) : success;
}

Result<MappingSource> VolumeFile::shared_mapping() {
  const Ref<SharedPages> shared = TRY(node().share_pages(open_));
  MappingSource source;
  source.store = shared->store();
  source.owner = shared;
  return source;
}

Result<u64> VolumeFile::seek(Task& task, i64 offset, int whence) {
  const auto how = static_cast<u32>(whence);
  if (how != abi::seek_data && how != abi::seek_hole) return File::seek(task, offset, whence);
  if (offset < 0) return Errno::enxio;
  const u64 found = TRY(host::seek_data(open_->handle, static_cast<u64>(offset), how == abi::seek_hole));
  MutexGuard guard(position_lock());
  set_position(found);
  return found;
}

Result<MappingSource> VolumeFile::mapping() {
  MappingSource source;
  if (const Ref<SharedPages> shared = node().shared_pages()) {
    source.store = shared->store();
    source.owner = shared;
    return source;
  }
  source.host = &open_->handle;
  source.owner = Ref<RefCounted>(this);
  return source;
}

Result<usize> VolumeFile::try_read(Task&, UserBuffer& to, u64* position) {
  if (const Ref<SharedPages> shared = node().shared_pages()) {
    const u64 size = shared->size();
    if (*position >= size) return usize{0};
    const usize length = static_cast<usize>(std::min<u64>(to.remaining(), size - *position));
    const usize moved = TRY(shared->store()->read(to, *position, length));
    *position += moved;
    return moved;
  }
  return move_bytes(to, UserBuffer::Direction::to_guest, [&](std::span<const std::span<u8>> spans) {
    Result<usize> got = host::read_at(open_->handle, spans, *position);
    if (got.ok()) *position += *got;
    return got;
  });
}

Result<usize> VolumeFile::try_write(Task&, UserBuffer& from, u64* position) {
  if (const Ref<SharedPages> shared = node().shared_pages()) return write_shared(*shared, from, position);
  const bool at_end = *position == kAtEnd;
  Result<usize> moved = move_bytes(from, UserBuffer::Direction::from_guest, [&](std::span<const std::span<u8>> spans) {
    Result<usize> put = at_end ? host::append(open_->handle, spans) : host::write_at(open_->handle, spans, *position);
    if (put.ok() && !at_end) *position += *put;
    return put;
  });
  if (moved.ok() && *moved != 0 && at_end) {
    const host::FileInfo info = TRY(host::stat_handle(open_->handle));
    *position = info.size;
  }
  return moved;
}

// The bytes go to the host and to the pages that others have mapped.
Result<usize> VolumeFile::write_shared(SharedPages& shared, UserBuffer& from, u64* position) {
  constexpr usize kChunk = 64 * 1024;
  if (from.remaining() == 0) return usize{0};
  if (*position == kAtEnd) *position = shared.size();
  std::vector<u8> chunk(std::min(from.remaining(), kChunk));
  usize total = 0;
  while (from.remaining() != 0) {
    const Result<usize> copied = from.copy_in(std::span(chunk).first(std::min(from.remaining(), chunk.size())));
    if (!copied.ok()) return total != 0 ? Result<usize>(total) : copied;
    const std::span<u8> part = std::span(chunk).first(*copied);
    const Result<usize> put = host::write_at(open_->handle, std::span<const std::span<u8>>(&part, 1), *position);
    if (!put.ok()) return total != 0 ? Result<usize>(total) : put;
    shared.wrote(part.first(*put), *position);
    *position += *put;
    total += *put;
    if (*put < part.size()) break;
  }
  return total;
}

Result<void> VolumeDirectory::read_directory(Task&, u64& position, const DirectorySink& sink) {
  auto& node = static_cast<VolumeInode&>(inode());
  if (position == 0 || names_.empty()) names_ = TRY(node.names());
  constexpr u32 kDirectoryType = abi::s_ifdir >> 12;
  if (position == 0) {
    if (!sink({".", node.id().inode, kDirectoryType, 1})) return success;
    position = 1;
  }
  if (position == 1) {
    const Ref<Dentry> parent = path().dentry->parent();
    const Attributes up = TRY((parent ? *parent->inode() : inode()).recent_attributes());
    if (!sink({"..", up.inode, kDirectoryType, kFirstName})) return success;
    position = kFirstName;
  }
  while (position - kFirstName < names_.size()) {
    const host::DirectoryNames::Entry entry = names_[position - kFirstName];
    if (!sink({entry.name, entry.inode, entry.type, position + 1})) return success;
    ++position;
  }
  return success;
}

}  // namespace limen
