#include "kernel/fs/host/shared_pages.h"

#include <algorithm>
#include <array>

#include "kernel/fs/host/volume_fs.h"
#include "kernel/mm/arena.h"

namespace limen {
namespace {

constexpr usize kChunk = 1 << 18;
using Page = std::array<u8, kPageSize>;

u64 hash_of(std::span<const u8> bytes) {
  u64 hash = 0xcbf29ce484222325;
  for (const u8 byte : bytes) hash = (hash ^ byte) * 0x100000001b3;  // FNV-1a
  return hash;
}

bool is_zero(std::span<const u8> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](u8 b) { return b == 0; });
}

u64 hash_of_zeroes() {
  static const u64 hash = hash_of(Page{});
  return hash;
}

}  // namespace

SharedPages::SharedPages(Arena& arena, Ref<VolumeInode> inode, Ref<HostTree::Open> open)
    : inode_(std::move(inode)), open_(std::move(open)), store_(make_ref<PageStore>(arena)) {}

SharedPages::~SharedPages() { inode_->shared_pages_end(*this); }

bool SharedPages::is_known(u64 page, u64 hash) {
  MutexGuard guard(lock_);
  const auto at = known_.find(page);
  return hash == (at != known_.end() ? at->second : hash_of_zeroes());
}

void SharedPages::set_known(u64 page, u64 hash) {
  MutexGuard guard(lock_);
  known_[page] = hash;
}

Result<void> SharedPages::load() {
  const host::FileInfo info = TRY(host::stat_handle(open_->handle));
  store_->set_size(info.size);
  std::vector<u8> chunk(static_cast<usize>(std::min<u64>(page_ceil(info.size), kChunk)));
  for (u64 at = 0; at < info.size;) {
    std::fill(chunk.begin(), chunk.end(), 0);
    const std::span<u8> part(chunk.data(), static_cast<usize>(std::min<u64>(info.size - at, chunk.size())));
    const usize got = TRY(host::read_at(open_->handle, std::span<const std::span<u8>>(&part, 1), at));
    if (got == 0) break;  // the host has cut it
    for (usize offset = 0; offset < got; offset += kPageSize) {
      const std::span<u8> page = std::span(chunk).subspan(offset, kPageSize);
      if (is_zero(page)) continue;
      UserBuffer from = UserBuffer::of_const(page);
      const Result<usize> written = store_->write(from, at + offset, kPageSize);
      if (!written.ok() || *written != kPageSize) return Errno::enomem;
      set_known((at + offset) / kPageSize, hash_of(page));
    }
    at += page_ceil(got);
  }
  return success;
}

Result<void> SharedPages::write_back() {
  const host::FileInfo info = TRY(host::stat_handle(open_->handle));
  const u64 end = page_ceil(info.size) / kPageSize;
  Result<void> verdict = success;
  for (u64 page = 0; page < end;) {
    const std::optional<StoreRun> run = store_->find_run(page, end);
    if (!run) break;
    const Result<void> written = write_back(*run, info.size);
    if (!written.ok()) verdict = written;
    store_->arena().unref(run->range);
    page = run->first + run->range.length / kPageSize;
  }
  return verdict;
}

Result<void> SharedPages::write_back(const StoreRun& run, u64 file_size) {
  for (u64 i = 0; i < run.range.length / kPageSize; ++i) {
    Page page;
    const u8* from = store_->arena().at(run.range.offset + i * kPageSize);
    if (platform::safe_copy(page.data(), from, kPageSize) != kPageSize) return Errno::eio;
    const u64 number = run.first + i, offset = number * kPageSize;
    const u64 hash = hash_of(page);
    if (is_known(number, hash)) continue;
    const std::span<u8> part(page.data(), static_cast<usize>(std::min(kPageSize, file_size - offset)));
    const usize put = TRY(host::write_at(open_->handle, std::span<const std::span<u8>>(&part, 1), offset));
    if (put != part.size()) return Errno::enospc;
    set_known(number, hash);
  }
  return success;
}

void SharedPages::resize(u64 size) {
  const u64 old = store_->size();
  store_->truncate(size);
  if (size >= old) return;
  MutexGuard guard(lock_);
  known_.erase(known_.lower_bound(size / kPageSize), known_.end());  // the page of the new end goes back once more
}

// Pages that are zeroes wholly are as the host has them; those at the edges go back once more.
void SharedPages::zeroed(u64 offset, u64 length) {
  store_->discard(offset, offset + length);
  const u64 first = page_ceil(offset) / kPageSize, end = (offset + length) / kPageSize;
  if (first >= end) return;
  MutexGuard guard(lock_);
  known_.erase(known_.lower_bound(first), known_.lower_bound(end));
}

void SharedPages::wrote(std::span<const u8> bytes, u64 offset) {
  if (offset + bytes.size() > store_->size()) store_->set_size(offset + bytes.size());
  UserBuffer from = UserBuffer::of_const(bytes);
  (void)store_->write(from, offset, bytes.size())
      .ok();  // without room for a new page the host's bytes are read next time
}

}  // namespace limen
