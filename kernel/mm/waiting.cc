// Mappings and patched pages that the host does not have yet: extents that are kUnmapped or kStale between waiting_from_ and
// waiting_to_. There is no second list of orders: the extents say what to map when the time comes.
#include <algorithm>

#include "kernel/mm/address_space.h"

namespace limen {
namespace {

constexpr u64 kPopulated = 64 << 10;  // pages of the guest's own that are touched soon: no faults on the host

}  // namespace

// Nothing of the old may be seen once the call has returned: so nothing may be there. A mapping of no file is touched at once,
// and goes at once, but for what is laid over mappings that wait.
bool AddressSpace::can_wait(u64 start, const Vma& vma) {
  if (!vma.copies()) return false;
  bool over_others = false;
  for (auto it = extent_from(start); it != extents_.end() && it->first < vma.end; ++it) {
    if (it->second.host != Extent::kUnmapped) return false;
    over_others = true;
  }
  return over_others || (vma.object && vma.object->store() == nullptr);
}

void AddressSpace::let_wait(u64 start, u64 end) {
  waiting_from_ = std::min(waiting_from_, start);
  waiting_to_ = std::max(waiting_to_, end);
}

template <typename Visit>
void AddressSpace::for_each_waiting(const Visit& visit) {
  if (waiting_from_ >= waiting_to_) return;
  for (auto it = extent_from(waiting_from_); it != extents_.end() && it->first < waiting_to_; ++it) {
    Extent& extent = it->second;
    const bool waits = extent.host == Extent::kStale || (extent.host == Extent::kUnmapped && extent.mappable());
    if (waits) visit(it->first, extent);
  }
}

void AddressSpace::settled() {
  waiting_from_ = ~u64{0}, waiting_to_ = 0;
  mappings_wait_ = false;
  for (const ArenaRange page : replaced_) arena_.unref(page);  // proof: the orders that mapped their successors
  replaced_.clear();
}

Result<void> AddressSpace::apply(const Orders& orders) {
  Orders all;
  for_each_waiting([&](u64 start, const Extent& extent) {
    const bool populate =
        extent.patched || (!extent.file && !extent.cow && (extent.warm || extent.end - start <= kPopulated));
    all.map(start, extent, populate);
  });
  if (all.empty()) {
    settled();  // what waited is gone
    return orders.empty() ? Result<void>() : space_.apply(orders.list());
  }
  all.append(orders);
  const Result<void> done = space_.apply(all.list());
  if (done.is(Errno::esrch)) return done;
  if (!done.ok()) {
    TRY(settle_singly());
    return orders.empty() ? Result<void>() : space_.apply(orders.list());
  }
  for_each_waiting([](u64, Extent& extent) { extent.host = extent.host_protection(); });
  settled();
  return success;
}

Result<void> AddressSpace::settle() { return apply(Orders()); }

// The host refused one of a batch: which? What it refuses again is unmapped for certain, and is tried once more when it is touched.
Result<void> AddressSpace::settle_singly() {
  Result<void> proof = success;
  for_each_waiting([&](u64 start, Extent& extent) {
    Orders one, none;
    one.map(start, extent);
    if (space_.apply(one.list()).ok()) {
      extent.host = extent.host_protection();
      return;
    }
    none.unmap(start, extent.end - start);
    if (!space_.apply(none.list()).ok()) proof = Errno::enomem;
    extent.host = Extent::kUnmapped;
  });
  if (!proof.ok()) {
    space_.kill();
    return Errno::esrch;
  }
  settled();
  return success;
}

}  // namespace limen
