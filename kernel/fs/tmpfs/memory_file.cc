// The bytes of files in memory, and their open descriptions.
#include <algorithm>
#include <utility>

#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "abi/resource.h"
#include "kernel/fs/tmpfs/memory_fs.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/names.h"

namespace limen {
namespace {

constexpr u64 kMostBytes = static_cast<u64>(INT64_MAX);  // MAX_LFS_FILESIZE

// How far a file may be written. Linux: generic_write_check_limits.
u64 size_limit(Task& task) { return std::min(task.group().limit(abi::rlimit_fsize).soft, kMostBytes); }

// Where the pages of [from, end) lie that are there: holes stay holes when they move.
std::vector<std::pair<u64, u64>> data_of(PageStore& store, u64 from, u64 end) {
  std::vector<std::pair<u64, u64>> found;
  while (from < end) {
    const std::optional<StoreRun> run = store.find_run(from / kPageSize, page_ceil(end) / kPageSize);
    if (!run) break;
    store.arena().unref(run->range);
    const u64 first = run->first * kPageSize;
    found.emplace_back(first, std::min(end, first + run->range.length));
    from = first + run->range.length;
  }
  return found;
}

// Bytes from `from` on, to `to`, by a buffer; what is left behind becomes a hole. enospc.
Result<void> move_bytes(PageStore& store, u64 from, u64 to, std::span<u8> buffer) {
  UserBuffer out(buffer);
  (void)TRY(store.read(out, from, buffer.size()));
  UserBuffer in = UserBuffer::of_const(buffer);
  const Result<usize> written = store.write(in, to, buffer.size());
  if (!written.ok() || *written != buffer.size()) return Errno::enospc;
  if (to < from)
    store.discard(std::max(from, to + buffer.size()), from + buffer.size());
  else
    store.discard(from, std::min(to, from + buffer.size()));
  return success;
}

// Moves what is in [from, end) by whole pages to `to`, from the side where nothing is written over that has yet to move.
Result<void> move_range(PageStore& store, u64 from, u64 end, u64 to) {
  constexpr u64 kChunk = 64 * 1024;
  std::vector<u8> bytes(kChunk);
  std::vector<std::pair<u64, u64>> data = data_of(store, from, end);
  const bool down = to < from;
  if (!down) std::reverse(data.begin(), data.end());
  for (const auto& [first, last] : data) {
    for (u64 moved = 0; moved < last - first;) {
      const u64 n = std::min(kChunk, last - first - moved);
      const u64 at = down ? first + moved : last - moved - n;
      TRY(move_bytes(store, at, at - from + to, std::span(bytes).first(n)));
      moved += n;
    }
  }
  return success;
}

}  // namespace

PageStore& MemoryInode::store() {
  if (!store_) {
    store_ = make_ref<PageStore>(fs_.kernel().arena());
    store_->set_size(attributes_.size);
  }
  return *store_;
}

void MemoryInode::recount() {
  const u64 now = attribute_bytes() + (store_ ? store_->resident_pages() * kPageSize : 0);
  fs_.adjust(charged_, now);
  charged_ = now;
}

Result<void> MemoryInode::resize(u64 size) {
  if (size > kMostBytes) return Errno::efbig;
  const u64 old = std::exchange(attributes_.size, size);
  if (!store_) return success;
  store_->truncate(size);
  if (size <= old) store_->discard(page_ceil(size), ~u64{0});  // what fallocate(2) put beyond the end, too
  recount();
  return success;
}

Result<usize> MemoryInode::read_at(Task&, UserBuffer& to, u64& position) {
  Ref<PageStore> from;
  usize length = 0;
  {
    MutexGuard guard(lock_);
    if (position >= attributes_.size) return usize{0};
    length = static_cast<usize>(std::min<u64>(to.remaining(), attributes_.size - position));
    from = store_;
  }
  const Result<usize> moved = from ? from->read(to, position, length) : to.fill_zero(length);
  if (moved.ok()) position += *moved;
  return moved.ok() ? Result<usize>(*moved) : Result<usize>(moved.error());
}

Result<usize> MemoryInode::write_at(Task& task, UserBuffer& from, u64& position) {
  if (from.remaining() == 0) return usize{0};
  TRY(own_attributes());
  TRY(own_content(~u64{0}));
  drop_privileged_bits(task, *this);
  const u64 limit = size_limit(task);
  const Result<usize> written = write_below(limit, from, position);
  // The signal goes out when the inode's lock is free.
  if (!written.ok() && written.error() == Errno::efbig && limit != kMostBytes)
    send_signal(task, kernel_signal(sig::xfsz));
  return written;
}

Result<usize> MemoryInode::write_below(u64 limit, UserBuffer& from, u64& position) {
  const TimeStamp now = fs_.now();
  MutexGuard guard(lock_);
  const u64 at = position == kAtEnd ? attributes_.size : position;
  if (at >= limit) return Errno::efbig;
  usize length = static_cast<usize>(std::min<u64>(from.remaining(), limit - at));
  if ((seals() & (abi::f_seal_write | abi::f_seal_future_write)) != 0) return Errno::eperm;
  if ((seals() & abi::f_seal_grow) != 0 && at + length > attributes_.size) {
    if (at >= attributes_.size) return Errno::eperm;
    length = static_cast<usize>(attributes_.size - at);
  }
  recount();
  // Pages that are there already cost nothing: the bound is asked only for bytes that could be new.
  const u64 free = fs_.bytes_free();
  if (page_ceil(length) + kPageSize > free) {
    const u64 known = std::min<u64>(at + length, page_ceil(attributes_.size));
    const u64 room = (known > at && charged_ >= page_ceil(attributes_.size) ? known - at : 0) + page_floor(free);
    if (room == 0) return Errno::enospc;
    length = static_cast<usize>(std::min<u64>(length, room));
  }
  const Result<usize> moved = store().write(from, at, length);
  recount();
  if (!moved.ok()) return moved.error() == Errno::enomem ? Errno::enospc : moved.error();
  position = at + *moved;
  if (position > attributes_.size) {
    attributes_.size = position;
    store().set_size(position);
  }
  attributes_.mtime = attributes_.ctime = now;
  return *moved;
}

void MemoryInode::accessed(const Path& path, u32 file_flags) {
  const u32 flags = path.mount->flags();
  if ((file_flags & abi::o_noatime) != 0 || (flags & (kMountReadOnly | kMountNoAtime)) != 0) return;
  if (type_ == abi::s_ifdir && (flags & kMountNoDirAtime) != 0) return;
  if (!keeps_times()) return;
  constexpr i64 kDay = 24 * 60 * 60;
  const TimeStamp now = fs_.now();
  MutexGuard guard(lock_);
  const TimeStamp last = attributes_.atime;
  const bool is_old = last <= attributes_.mtime || last <= attributes_.ctime || now.sec - last.sec >= kDay;
  if ((flags & kMountRelatime) == 0 || is_old) attributes_.atime = now;
}

// The pages are the file's from here on: a later write cannot fail for want of them.
Result<void> MemoryInode::reserve(u64 offset, u64 end) {
  u64 page = offset / kPageSize;
  const u64 last = page_ceil(end) / kPageSize;
  while (page < last) {
    const Result<ArenaRange> run = store().get_run(page, last - page);
    if (!run.ok()) return Errno::enospc;
    fs_.kernel().arena().unref(*run);
    page += run->length / kPageSize;
  }
  return success;
}

// FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE: the bytes behind come nearer or go away. Linux: ext4_collapse_range, ext4_insert_range.
Result<void> MemoryInode::shift(bool inserts, u64 offset, u64 length) {
  if ((seals() & (abi::f_seal_write | abi::f_seal_grow | abi::f_seal_shrink)) != 0) return Errno::eperm;
  if (offset % kPageSize != 0 || length % kPageSize != 0) return Errno::einval;
  const u64 size = attributes_.size;
  if (inserts ? offset >= size : offset + length >= size) return Errno::einval;
  if (inserts && length > kMostBytes - size) return Errno::efbig;
  if (store_ && inserts) {
    TRY(resize(size + length));
    TRY(move_range(*store_, offset, size, offset + length));
  } else if (store_) {
    store_->discard(offset, offset + length);
    TRY(move_range(*store_, offset + length, size, offset));
  }
  return resize(inserts ? size + length : size - length);
}

// fallocate(2).
Result<void> MemoryInode::allocate(u32 mode, u64 offset, u64 length) {
  if (type_ != abi::s_ifreg) return type_ == abi::s_ifdir ? Errno::eisdir : Errno::enodev;
  constexpr u32 kPunch = abi::falloc_fl_punch_hole | abi::falloc_fl_keep_size;
  const bool zeroes = fs_.is_above_host() && (mode & ~u32{abi::falloc_fl_keep_size}) == abi::falloc_fl_zero_range;
  const bool keeps_size = (mode & abi::falloc_fl_keep_size) != 0;
  const bool shifts =
      fs_.is_above_host() && (mode == abi::falloc_fl_collapse_range || mode == abi::falloc_fl_insert_range);
  if (mode != 0 && mode != abi::falloc_fl_keep_size && mode != kPunch && !zeroes && !shifts) return Errno::eopnotsupp;
  TRY(own_attributes());
  TRY(own_content(~u64{0}));
  const TimeStamp now = fs_.now();
  const u64 end = offset + length;
  MutexGuard guard(lock_);
  if (end > kMostBytes) return Errno::efbig;
  if (mode == kPunch) {
    if ((seals() & (abi::f_seal_write | abi::f_seal_future_write)) != 0) return Errno::eperm;
    if (store_) store_->discard(offset, end);
  } else if (shifts) {
    TRY(shift(mode == abi::falloc_fl_insert_range, offset, length));
  } else {
    if ((seals() & abi::f_seal_grow) != 0 && end > attributes_.size) return Errno::eperm;
    recount();
    const u64 have = std::min(charged_, page_ceil(attributes_.size));
    if (page_ceil(end) > have && page_ceil(end) - std::max(have, page_floor(offset)) > fs_.bytes_free() &&
        page_ceil(length) > fs_.bytes_free()) {
      return Errno::enospc;
    }
    if (zeroes && store_) store_->discard(offset, end);
    const Result<void> reserved = reserve(offset, end);
    if (!reserved.ok()) {
      if (offset >= attributes_.size) store().discard(offset, end);
      recount();
      return reserved;
    }
    if (!keeps_size && end > attributes_.size) {
      attributes_.size = end;
      store().set_size(end);
    }
  }
  recount();
  attributes_.mtime = attributes_.ctime = now;
  return success;
}

Result<MappingSource> MemoryInode::mapping(Ref<RefCounted> owner, bool) {
  MutexGuard guard(lock_);
  MappingSource source;
  source.store = Ref<PageStore>(&store());
  source.owner = std::move(owner);
  return source;
}

// SEEK_DATA and SEEK_HOLE by pages. enxio beyond the end.
Result<u64> MemoryInode::seek_data(u64 offset, bool hole) {
  Ref<PageStore> from;
  u64 size = 0;
  {
    MutexGuard guard(lock_);
    size = attributes_.size;
    from = store_;
  }
  if (offset >= size) return Errno::enxio;
  if (!from) return hole ? Result<u64>(offset) : Errno::enxio;
  const u64 found = std::min(hole ? from->next_hole(offset) : from->next_data(offset), size);
  return found < size || hole ? Result<u64>(found) : Errno::enxio;
}

Result<i64> MemoryInode::flags_ioctl(Task& task, u32 command, u64 argument) {
  if (command == abi::fs_ioc_getflags) {
    TRY(UserOut<i32>(GuestAddr(argument)).write(task, 0));
    return 0;
  }
  if (command != abi::fs_ioc_setflags) return Errno::enotty;
  const i32 wanted = TRY(UserIn<i32>(GuestAddr(argument)).read(task));
  const Attributes attributes = TRY(recent_attributes());
  if (!is_owner_or_capable(task.credentials(), attributes)) return Errno::eperm;
  return wanted == 0 ? Result<i64>(0) : Errno::eopnotsupp;
}

Result<void> MemoryInode::add_seals(u32 seals) {
  constexpr u32 kAll = abi::f_seal_seal | abi::f_seal_shrink | abi::f_seal_grow | abi::f_seal_write |
                       abi::f_seal_future_write | abi::f_seal_exec;
  if ((seals & ~kAll) != 0) return Errno::einval;
  MutexGuard guard(lock_);
  u32 old = seals_.load(std::memory_order_acquire);
  if ((old & abi::f_seal_seal) != 0) return Errno::eperm;
  if ((seals & abi::f_seal_exec) != 0 && (attributes_.mode & 0111) != 0) {
    seals |= abi::f_seal_shrink | abi::f_seal_grow | abi::f_seal_write | abi::f_seal_future_write;
  }
  if ((seals & abi::f_seal_write) != 0 && (old & abi::f_seal_write) == 0 && store_ && store_->writable_mappings() != 0)
    return Errno::ebusy;
  seals_.store(old | seals, std::memory_order_release);
  return success;
}

Result<usize> MemoryFile::try_read(Task& task, UserBuffer& to, u64* position) {
  const bool asks = to.remaining() != 0;
  const Result<usize> moved = node().read_at(task, to, *position);
  if (moved.ok() && asks) node().accessed(path(), flags());
  return moved;
}

Result<usize> MemoryFile::try_write(Task& task, UserBuffer& from, u64* position) {
  return node().write_at(task, from, *position);
}

Result<u64> MemoryFile::seek(Task& task, i64 offset, int whence) {
  const auto how = static_cast<u32>(whence);
  if (how != abi::seek_data && how != abi::seek_hole) return File::seek(task, offset, whence);
  if (offset < 0) return Errno::enxio;
  const u64 found = TRY(node().seek_data(static_cast<u64>(offset), how == abi::seek_hole));
  MutexGuard guard(position_lock());
  set_position(found);
  return found;
}

// As tmpfs has it; the overlay stands for a disk's filesystem.
u32 MemoryFile::call_flags(Moves direction) const {
  u32 known = File::call_flags(direction);
  if (node().filesystem().type_name() == "tmpfs") return known;
  known |= abi::rwf_dontcache;
  return direction == Moves::reads ? known | abi::rwf_nowait : known;
}

Result<MappingSource> MemoryFile::mapping() { return node().mapping(Ref<RefCounted>(this), writable()); }

Result<i64> MemoryFile::control(Task& task, u32 command, u64 argument) {
  if (command == abi::f_get_seals) return i64{node().seals()};
  if (command != abi::f_add_seals) return File::control(task, command, argument);
  if (!writable()) return Errno::eperm;
  TRY(node().add_seals(static_cast<u32>(argument)));
  return 0;
}

Result<u64> MemoryDirectory::seek(Task&, i64 offset, int whence) {
  MutexGuard guard(position_lock());
  i64 target = 0;
  if (static_cast<u32>(whence) == abi::seek_set)
    target = offset;
  else if (static_cast<u32>(whence) == abi::seek_cur)
    target = static_cast<i64>(position()) + offset;
  else
    return Errno::einval;
  if (target < 0) return Errno::einval;
  if (target == 0) listing_.reset();
  set_position(static_cast<u64>(target));
  return static_cast<u64>(target);
}

Result<void> MemoryDirectory::read_directory(Task&, u64& position, const DirectorySink& sink) {
  auto& node = static_cast<MemoryInode&>(inode());
  const Attributes self = TRY(inode().recent_attributes());
  if (self.links == 0) return Errno::enoent;
  node.accessed(path(), flags());
  if (position == 0) {
    if (!sink({".", node.number(), abi::s_ifdir >> 12, 1})) return success;
    position = 1;
  }
  if (position == 1) {
    const Ref<Dentry> parent = path().dentry->parent();
    u64 number = node.number();
    if (parent) {
      const Attributes up = TRY(parent->inode()->recent_attributes());
      number = up.inode;
    }
    if (!sink({"..", number, abi::s_ifdir >> 12, 2})) return success;
    position = 2;
  }
  if (!listing_) listing_ = TRY(node.start_listing());
  node.list(listing_, position, sink);
  return success;
}

}  // namespace limen
