#include "platform/stub/control.h"

#include <cstring>

namespace limen::platform {

Result<void> Control::open() {
  file_ = TRY(host::make_memory_file("limen-control", kSize));
  memory_ = TRY(host::Mapping::shared(file_, kSize));
  return success;
}

Result<u32> Control::take(std::vector<u32>& free, u32& next, u32 most) {
  if (!free.empty()) {
    const u32 index = free.back();
    free.pop_back();
    return index;
  }
  if (next == most) return Errno::eagain;
  return next++;
}

Result<u32> Control::take_order_page() {
  const MutexGuard guard(mutex_);
  return take(free_pages_, next_page_, kMaxProcesses);
}

Result<u32> Control::take_slot() {
  const MutexGuard guard(mutex_);
  return take(free_slots_, next_slot_, kMaxSlots);
}

void Control::give_order_page(u32 index) {
  std::memset(static_cast<void*>(order_page(index)), 0, sizeof(wire::OrderPage));
  const MutexGuard guard(mutex_);
  free_pages_.push_back(index);
}

void Control::give_slots(const std::vector<u32>& indices) {
  // Punched, not cleared: only the host knows which pages of a slot were touched.
  for (const u32 index : indices) {
    (void)host::call::fallocate(file_.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, slot_offset(index),
                                LIMEN_SLOT_SIZE)
        .ok();
  }
  const MutexGuard guard(mutex_);
  free_slots_.insert(free_slots_.end(), indices.begin(), indices.end());
}

}  // namespace limen::platform
