#include "kernel/vfs/fd_table.h"

#include <algorithm>

#include "abi/resource.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/dnotify.h"
#include "kernel/vfs/file_locks.h"
#include "kernel/vfs/opened.h"

namespace limen {
namespace {

u64 next_table_id() {
  static std::atomic<u64> next{1};  // a supply of numbers, not state
  return next.fetch_add(1, std::memory_order_relaxed);
}

// RLIMIT_NOFILE, within what an int descriptor can be.
u32 descriptor_limit(Task& task) {
  return static_cast<u32>(std::min<u64>(task.group().limit(abi::rlimit_nofile).soft, 1u << 20));
}

// What close(2) does once the descriptor is gone: the owner's POSIX locks go too (fcntl(2)).
Result<void> finish_close(Task& task, FdTable& table, const Ref<File>& file) {
  if (file->is_path_only()) return success;
  const Result<void> flushed = file->flush(task);
  if (file->has_inode()) {
    release_posix_locks(table, *file);
    forget_dnotify(table, *file);
  }
  return flushed;
}

}  // namespace

FdTable::FdTable() : id_(next_table_id()) {}
FdTable::~FdTable() = default;

FdReservation::~FdReservation() {
  if (table_ != nullptr) table_->give_back(number_);
}

void FdReservation::publish(Ref<File> file, FdFlags flags) {
  std::exchange(table_, nullptr)->publish(number_, std::move(file), flags);
}

Result<Ref<File>> FdTable::get(Fd fd) const {
  MutexGuard guard(lock_);
  const auto index = static_cast<u32>(fd.raw());
  if (index >= slots_.size() || !slots_[index].file) return Errno::ebadf;
  return slots_[index].file;
}

Result<FdFlags> FdTable::flags(Fd fd) const {
  MutexGuard guard(lock_);
  const auto index = static_cast<u32>(fd.raw());
  if (index >= slots_.size() || !slots_[index].file) return Errno::ebadf;
  return slots_[index].flags;
}

Result<void> FdTable::set_flags(Task& task, Fd fd, FdFlags flags) {
  MutexGuard guard(lock_);
  const auto index = static_cast<u32>(fd.raw());
  if (index >= slots_.size() || !slots_[index].file) return Errno::ebadf;
  withdraw_opened(task, *slots_[index].file);
  slots_[index].flags = flags;
  return success;
}

Result<FdReservation> FdTable::reserve(Task& task, Fd from) {
  const u32 limit = descriptor_limit(task);
  const auto first = static_cast<u32>(from.raw());
  if (from.raw() < 0 || (first != 0 && first >= limit)) return Errno::einval;
  MutexGuard guard(lock_);
  u32 index = std::max(first, first_free_);
  while (index < slots_.size() && (slots_[index].file || slots_[index].reserved)) ++index;
  if (index >= limit) return Errno::emfile;
  if (index >= slots_.size()) slots_.resize(index + 1);
  slots_[index].reserved = true;
  if (first <= first_free_) first_free_ = index + 1;
  return FdReservation(this, Fd(static_cast<i32>(index)));
}

void FdTable::publish(Fd number, Ref<File> file, FdFlags flags) {
  MutexGuard guard(lock_);
  Slot& slot = slots_[static_cast<u32>(number.raw())];
  slot.file = std::move(file);
  slot.flags = flags;
  slot.reserved = false;
}

void FdTable::give_back(Fd number) {
  MutexGuard guard(lock_);
  const auto index = static_cast<u32>(number.raw());
  slots_[index].reserved = false;
  first_free_ = std::min(first_free_, index);
}

Result<Fd> FdTable::install(Task& task, Ref<File> file, FdFlags flags, Fd from) {
  FdReservation reservation = TRY(reserve(task, from));
  const Fd number = reservation.number();
  reservation.publish(std::move(file), flags);
  return number;
}

Result<void> FdTable::install_at(Task& task, Fd to, Ref<File> file, FdFlags flags) {
  const auto index = static_cast<u32>(to.raw());
  if (to.raw() < 0 || index >= descriptor_limit(task)) return Errno::ebadf;
  Ref<File> old;
  {
    MutexGuard guard(lock_);
    if (index >= slots_.size()) slots_.resize(index + 1);
    Slot& slot = slots_[index];
    if (slot.reserved) return Errno::ebusy;  // dup2(2): races with open(2)
    if (slot.file) withdraw_opened(task, *slot.file);
    old = std::exchange(slot.file, std::move(file));
    slot.flags = flags;
  }
  if (old) (void)finish_close(task, *this, old).ok();
  return success;
}

// Whoever gets the number next must not be mistaken for it: so under the lock.
Ref<File> FdTable::take_out(Task& task, u32 index) {
  Ref<File> file = std::move(slots_[index].file);
  withdraw_opened(task, *file);
  slots_[index] = Slot{};
  first_free_ = std::min(first_free_, index);
  return file;
}

Result<void> FdTable::close(Task& task, Fd fd) {
  Ref<File> file;
  {
    MutexGuard guard(lock_);
    const auto index = static_cast<u32>(fd.raw());
    if (index >= slots_.size() || !slots_[index].file) return Errno::ebadf;
    file = take_out(task, index);
  }
  return finish_close(task, *this, file);
}

void FdTable::close_range(Task& task, u32 first, u32 last) {
  std::vector<Ref<File>> files;
  {
    MutexGuard guard(lock_);
    for (u64 i = first; i <= last && i < slots_.size(); ++i) {
      if (!slots_[i].file) continue;
      files.push_back(take_out(task, static_cast<u32>(i)));
    }
  }
  for (const Ref<File>& file : files) (void)finish_close(task, *this, file).ok();
}

void FdTable::set_close_on_exec_range(Task& task, u32 first, u32 last) {
  MutexGuard guard(lock_);
  for (u64 i = first; i <= last && i < slots_.size(); ++i) {
    if (!slots_[i].file) continue;
    withdraw_opened(task, *slots_[i].file);
    slots_[i].flags = FdFlags::close_on_exec;
  }
}

void FdTable::close_on_exec(Task& task) {
  std::vector<Ref<File>> files;
  {
    MutexGuard guard(lock_);
    for (u32 i = 0; i < slots_.size(); ++i) {
      if (!slots_[i].file || slots_[i].flags != FdFlags::close_on_exec) continue;
      files.push_back(take_out(task, i));
    }
  }
  for (const Ref<File>& file : files) (void)finish_close(task, *this, file).ok();
}

void FdTable::close_all(Task& task) { close_range(task, 0, ~0u); }

void FdTable::install_first(Fd fd, Ref<File> file) {
  const auto index = static_cast<usize>(fd.raw());
  MutexGuard guard(lock_);
  if (slots_.size() <= index) slots_.resize(index + 1);
  slots_[index].file = std::move(file);
}

Ref<FdTable> FdTable::clone() const {
  Ref<FdTable> copy = make_ref<FdTable>();
  MutexGuard guard(lock_);
  // The copy is not shared yet: its lock is not needed, and two of one rank would need an order.
  [&]() NO_THREAD_SAFETY_ANALYSIS {
    copy->slots_ = slots_;
    copy->first_free_ = 0;
    for (Slot& slot : copy->slots_) slot.reserved = false;
  }();
  return copy;
}

std::vector<std::pair<Fd, Ref<File>>> FdTable::list() const {
  std::vector<std::pair<Fd, Ref<File>>> all;
  MutexGuard guard(lock_);
  for (usize i = 0; i < slots_.size(); ++i) {
    if (slots_[i].file) all.emplace_back(Fd(static_cast<i32>(i)), slots_[i].file);
  }
  return all;
}

Path FsContext::root() const {
  MutexGuard guard(lock_);
  return root_;
}
Path FsContext::cwd() const {
  MutexGuard guard(lock_);
  return cwd_;
}
void FsContext::set_root(Path root) {
  MutexGuard guard(lock_);
  std::swap(root_, root);
}
void FsContext::set_cwd(Path cwd) {
  MutexGuard guard(lock_);
  std::swap(cwd_, cwd);
}
u32 FsContext::umask() const {
  MutexGuard guard(lock_);
  return umask_;
}
u32 FsContext::set_umask(u32 mask) {
  MutexGuard guard(lock_);
  return std::exchange(umask_, mask & 0777);
}
Ref<FsContext> FsContext::clone() const {
  MutexGuard guard(lock_);
  return make_ref<FsContext>(root_, cwd_, umask_);
}

}  // namespace limen
