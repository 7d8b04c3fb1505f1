#include "kernel/mm/mapped_object.h"

#include <algorithm>

#include "host/calls.h"
#include "kernel/task/deferred.h"

namespace limen {
namespace {

constexpr u64 kWindow = 4 << 20;

}  // namespace

MappedObject::MappedObject(Ref<File> file, Ref<PageStore> store, Ref<RefCounted> owner)
    : file_(std::move(file)), store_(std::move(store)), owner_(std::move(owner)) {}

MappedObject::MappedObject(Ref<File> file, int host_fd, Ref<RefCounted> owner)
    : file_(std::move(file)), owner_(std::move(owner)), host_fd_(host_fd) {}

MappedObject::~MappedObject() {
  for (const auto& [number, base] : windows_) (void)host::call::munmap(base, kWindow).ok();
  release_later(std::move(file_));
  release_later(std::move(store_));
  release_later(std::move(owner_));
}

u64 MappedObject::identity() const {
  if (store_) return store_->id();
  return reinterpret_cast<u64>(owner_ ? static_cast<const void*>(owner_.get()) : static_cast<const void*>(this));
}

const FileVersion& MappedObject::version() const {
  MutexGuard guard(lock_);
  if (has_version_) return version_;
  has_version_ = true;
  struct stat st {};
  if (host::call::fstat(host_fd_, &st).ok()) {
    const auto ns = [](const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; };
    version_ = {st.st_dev, st.st_ino, static_cast<u64>(st.st_size), ns(st.st_mtim), ns(st.st_ctim)};
  }
  return version_;
}

Result<usize> MappedObject::read(u8* to, u64 length, u64 offset) const {
  usize done = 0;
  while (done < length) {
    const Result<i64> got = host::call::pread64(host_fd_, to + done, length - done, offset + done);
    if (got.is(Errno::eintr)) continue;
    if (!got.ok()) return got.error();
    if (*got == 0) break;
    done += static_cast<usize>(*got);
  }
  return done;
}

std::span<const u8> MappedObject::view(u64 offset, u64 length) {
  const u64 number = offset / kWindow, inside = offset % kWindow;
  MutexGuard guard(lock_);
  auto it = windows_.find(number);
  if (it == windows_.end()) {
    const Result<i64> at = host::call::mmap(nullptr, kWindow, PROT_READ, MAP_SHARED, host_fd_, number * kWindow);
    if (!at.ok()) return {};
    it = windows_.emplace(number, reinterpret_cast<const u8*>(*at)).first;
  }
  return {it->second + inside, std::min(length, kWindow - inside)};
}

}  // namespace limen
