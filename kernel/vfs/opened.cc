#include "kernel/vfs/opened.h"

#include <bit>

#include "abi/x86_64/stat.h"
#include "kernel/kernel.h"
#include "kernel/task/task.h"
#include "kernel/time/vdso.h"

namespace limen {
namespace {

// Of the public page; null where guests have none.
u64* openings_of(Kernel& kernel) {
  const Vdso* vdso = kernel.clock().vdso();
  return vdso != nullptr ? &vdso->public_page().openings : nullptr;
}

}  // namespace

Opened::Opened(Task& task, File& file) : task_(task), file_(file) {
  const u64* openings = openings_of(task.kernel());
  if (openings == nullptr || file.is_path_only() || !file.has_inode() || task.call_work.load() != 0) return;
  openings_ = __atomic_load_n(openings, __ATOMIC_SEQ_CST);
  const std::optional<Attributes> attributes = file.inode().told_attributes();
  if (!attributes) return;
  file.told_to = &task;
  stat_ = std::bit_cast<std::array<u64, 18>>(encode_stat(task.credentials(), *attributes));
  known_ = true;
}

void Opened::tell(Fd fd, FdFlags flags) {
  if (!known_) return;
  task_.opened = &file_;
  task_.cpu().publish(platform::Answers::Opened{static_cast<u32>(fd.raw()), file_.flags(),
                                                flags == FdFlags::close_on_exec ? 1u : 0u, openings_, stat_});
}

void withdraw_opened(Task& by, File& file) {
  if (file.told_to.load(std::memory_order_relaxed) == nullptr) return;
  const Task* const told = file.told_to.exchange(nullptr);
  if (told == nullptr) return;
  if (told != &by) return withdraw_opened(by.kernel());
  if (by.opened == &file) by.cpu().withdraw_opened();
}

void withdraw_opened(Kernel& kernel) {
  if (u64* openings = openings_of(kernel)) __atomic_fetch_add(openings, 1, __ATOMIC_SEQ_CST);
}

}  // namespace limen
