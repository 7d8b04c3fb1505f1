// The control file: the memory that the kernel shares with guest processes besides the arena.
//
//   [order pages: one for each process][the template's page][slots: one for each guest thread]
//
// A guest process maps its own order page (read-only) and its own threads' slots, nothing else. A page or slot gets
// a new owner only when the old owner's process is dead; a slot may also pass between threads of one process.
#pragma once

#include <vector>

#include "base/lock.h"
#include "gate/wire/slot.h"
#include "host/memory.h"

namespace limen::platform {

class Control {
 public:
  static constexpr u32 kMaxProcesses = 16384;
  static constexpr u32 kMaxSlots = 65536;
  static constexpr u64 kTemplateOffset = u64{kMaxProcesses} * kPageSize;
  static constexpr u64 kSlotsOffset = u64{128} << 20;
  static constexpr u64 kSize = kSlotsOffset + u64{kMaxSlots} * LIMEN_SLOT_SIZE;
  static_assert(kTemplateOffset + kPageSize <= kSlotsOffset);

  Result<void> open();

  const host::Handle& file() const { return file_; }
  wire::TemplatePage* template_page() { return at<wire::TemplatePage>(kTemplateOffset); }
  wire::OrderPage* order_page(u32 index) { return at<wire::OrderPage>(u64{index} * kPageSize); }
  u8* slot_base(u32 index) { return memory_.base() + slot_offset(index); }
  static u64 slot_offset(u32 index) { return kSlotsOffset + u64{index} * LIMEN_SLOT_SIZE; }
  static u64 slot_guest_address(u32 index) { return LIMEN_SLOTS + u64{index} * LIMEN_SLOT_SIZE; }

  // eagain when all are in use. What comes out is zeroed.
  Result<u32> take_order_page() EXCLUDES(mutex_);
  Result<u32> take_slot() EXCLUDES(mutex_);
  // Only after the proof that no guest code can reach them.
  void give_order_page(u32 index);
  void give_slots(const std::vector<u32>& indices);

 private:
  template <typename T>
  T* at(u64 offset) {
    return reinterpret_cast<T*>(memory_.base() + offset);
  }
  Result<u32> take(std::vector<u32>& free, u32& next, u32 most) REQUIRES(mutex_);

  host::Handle file_;
  host::Mapping memory_;
  Mutex mutex_{LockRank::leaf};
  std::vector<u32> free_pages_ GUARDED_BY(mutex_);
  std::vector<u32> free_slots_ GUARDED_BY(mutex_);
  u32 next_page_ GUARDED_BY(mutex_) = 0;
  u32 next_slot_ GUARDED_BY(mutex_) = 0;
};

}  // namespace limen::platform
