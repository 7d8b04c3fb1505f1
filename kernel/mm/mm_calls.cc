// The errnos of mmap(2) and its family: what Linux checks of flags, files and limits before anything changes.
#include <algorithm>

#include "abi/fcntl.h"
#include "abi/mman.h"
#include "abi/resource.h"
#include "host/handle.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/shared_writable.h"

namespace limen {
namespace {

MmLimits limits_of(Task& task) {
  ThreadGroup& group = task.group();
  MmLimits limits;
  limits.address_space = group.limit(abi::rlimit_as).soft;
  limits.data = group.limit(abi::rlimit_data).soft;
  limits.stack = group.limit(abi::rlimit_stack).soft;
  if (!task.credentials().capable(Capability::ipc_lock))
    limits.locked = page_floor(group.limit(abi::rlimit_memlock).soft);
  return limits;
}

u8 protection(u64 prot) { return static_cast<u8>(prot & (abi::prot_read | abi::prot_write | abi::prot_exec)); }

// Linux: include/linux/mman.h:map_deny_write_exec.
bool gains_exec(u8 old, u8 wanted) {
  if ((wanted & platform::kProtExec) == 0) return false;
  return (wanted & platform::kProtWrite) != 0 || (old & platform::kProtExec) == 0;
}

struct Range {
  u64 start = 0, end = 0;
};

// Linux: untagged address, page-aligned, PAGE_ALIGN(length); `wrapped` where the end passes the top.
Result<Range> page_range(GuestAddr addr, u64 length, Errno wrapped) {
  if ((addr.raw() & kPageMask) != 0) return Errno::einval;
  const u64 rounded = page_ceil(length);
  if (rounded < length || addr.raw() + rounded < addr.raw()) return wrapped;
  return Range{addr.raw(), addr.raw() + rounded};
}

// For calls that take any address: whole pages around [addr, addr + length). Linux: mm/mlock.c:do_mlock, where a length that rounding
// makes 0 means no page.
Result<Range> covering_range(GuestAddr addr, u64 length, Errno wrapped) {
  const u64 start = page_floor(addr.raw()), end = start + page_ceil(length + (addr.raw() - start));
  if (end < start) return wrapped;
  return Range{start, end};
}

constexpr u64 kLegacyFlags = abi::map_shared | abi::map_private | abi::map_fixed | abi::map_anonymous |
                             abi::map_denywrite | abi::map_executable | abi::map_uninitialized | abi::map_growsdown |
                             abi::map_locked | abi::map_noreserve | abi::map_populate | abi::map_nonblock |
                             abi::map_stack | abi::map_hugetlb | abi::map_32bit | abi::map_above4g |
                             abi::map_fixed_noreplace;

// Memory that starts as zeroes and belongs to no file.
void map_zeroes(Arena& arena, bool shared, AddressSpace::MapRequest& map) {
  if (!shared) return;
  Ref<PageStore> store = make_ref<PageStore>(arena);
  store->set_size(map.length);
  map.object = make_ref<MappedObject>(Ref<File>(), std::move(store), Ref<RefCounted>());
  map.flags |= kVmaShared;
}

// What memfd_create(2)'s seals leave of a shared mapping. Linux: mm/memfd.c:memfd_check_seals_mmap.
Result<void> judge_seals(Task& task, File& file, AddressSpace::MapRequest& map) {
  if ((map.flags & kVmaShared) == 0) return success;
  const Result<i64> seals = file.control(task, abi::f_get_seals, 0);
  if (!seals.ok() || (*seals & (abi::f_seal_write | abi::f_seal_future_write)) == 0) return success;
  if ((map.prot & platform::kProtWrite) != 0) return Errno::eperm;
  map.may &= static_cast<u8>(~platform::kProtWrite);
  return success;
}

// What msync(2) finds in the range: enomem at a hole, ebusy; and the files whose pages are not the file's own.
Result<void> find_synced(const AddressSpace& map, u64 start, u64 end, u32 flags, std::vector<Ref<File>>& files) {
  Result<void> verdict = success;
  for (u64 at = start; at < end;) {
    const auto vma = map.find_vma(at);
    if (vma == map.vmas().end()) {
      verdict = Errno::enomem;
      const auto next = map.vmas().upper_bound(at);
      at = next == map.vmas().end() ? end : next->first;
      continue;
    }
    const Vma& found = vma->second;
    if (found.shared() && found.object && dynamic_cast<SharedWritable*>(found.object->file().get()) != nullptr)
      files.push_back(found.object->file());
    if ((flags & abi::ms_invalidate) != 0 && (vma->second.flags & kVmaLocked) != 0) return Errno::ebusy;
    at = vma->second.end;
  }
  return verdict;
}

}  // namespace

// What of a file may be mapped how. Linux: do_mmap's switch over the type.
Result<void> Mm::judge_file(const MmapRequest& request, AddressSpace::MapRequest& map) {
  File& file = *request.file;
  const u64 type = request.flags & abi::map_type;
  const bool shared = type == abi::map_shared || type == abi::map_shared_validate;
  if (!shared && type != abi::map_private) return Errno::einval;
  if (type == abi::map_shared_validate && (request.flags & ~(kLegacyFlags | abi::map_shared_validate)) != 0)
    return Errno::eopnotsupp;
  if (shared && (map.prot & platform::kProtWrite) != 0 && !file.writable()) return Errno::eacces;
  if (!file.readable()) return Errno::eacces;
  if (file.path().mount && (file.path().mount->flags() & kMountNoExec) != 0) {
    if ((map.prot & platform::kProtExec) != 0) return Errno::eperm;
    map.may &= static_cast<u8>(~platform::kProtExec);
  }
  if (shared && !file.writable()) map.may &= static_cast<u8>(~platform::kProtWrite);
  MappingSource source = TRY(file.mapping());
  if ((request.flags & abi::map_growsdown) != 0) return Errno::einval;
  if (!source.store && source.host == nullptr) {  // /dev/zero
    map_zeroes(kernel_.arena(), shared, map);
    return success;
  }
  if (!source.store && shared) {
    if ((map.prot & platform::kProtWrite) == 0) {
      map.may &= static_cast<u8>(~platform::kProtWrite);  // clean pages of the host's stay so
    } else {
      auto* file_of_host = dynamic_cast<SharedWritable*>(&file);
      if (file_of_host == nullptr) return Errno::enodev;
      source = TRY(file_of_host->shared_mapping());
    }
  }
  if (shared) map.flags |= kVmaShared;
  map.offset = request.offset;
  {
    ReadGuard guard(lock_);
    map.object = map_->object_of(file);
  }
  const bool same =
      map.object && (source.store ? map.object->store() == source.store.get()
                                  : map.object->store() == nullptr && map.object->host_fd() == source.host->fd());
  if (!same) {
    map.object = source.store ? make_ref<MappedObject>(request.file, source.store, source.owner)
                              : make_ref<MappedObject>(request.file, source.host->fd(), source.owner);
  }
  return success;
}

Result<AddressSpace::MapRequest> Mm::judge(Task& task, const MmapRequest& request) {
  const u64 flags = request.flags;
  AddressSpace::MapRequest map;
  map.length = page_ceil(request.length);
  if (request.length == 0) return Errno::einval;
  if (map.length == 0 || map.length > kernel_.platform().guest_ceiling()) return Errno::enomem;
  if (request.offset + map.length < request.offset) return Errno::eoverflow;
  map.no_replace = (flags & abi::map_fixed_noreplace) != 0;
  map.fixed = map.no_replace || (flags & abi::map_fixed) != 0;
  map.addr = map.fixed ? request.addr.raw() : page_floor(request.addr.raw());
  map.low = (flags & abi::map_32bit) != 0;
  map.prot = protection(request.prot);
  if ((flags & abi::map_growsdown) != 0) map.flags |= kVmaGrowsDown;
  if ((flags & abi::map_noreserve) != 0) map.flags |= kVmaNoReserve;
  if ((flags & abi::map_stack) != 0) map.flags |= kVmaStack;
  map.populate = (flags & abi::map_populate) != 0 && (flags & abi::map_nonblock) == 0;
  if ((flags & abi::map_locked) != 0) {
    if (limits_of(task).locked == 0) return Errno::eperm;
    map.flags |= kVmaLocked;
    map.populate = true;
  }
  if ((flags & abi::map_hugetlb) != 0) {
    // No huge pages are set aside; 2 MiB and 1 GiB are the sizes that exist.
    const u64 size = flags >> abi::map_huge_shift & abi::map_huge_mask;
    if (request.file || (size != 0 && size != 21 && size != 30)) return Errno::einval;
    return Errno::enomem;
  }
  if (request.file) {
    TRY(judge_file(request, map));
    TRY(judge_seals(task, *request.file, map));
    return map;
  }
  const u64 type = flags & abi::map_type;
  if (type != abi::map_shared && type != abi::map_private) return Errno::einval;
  if (type == abi::map_shared && (flags & abi::map_growsdown) != 0) return Errno::einval;
  map_zeroes(kernel_.arena(), type == abi::map_shared, map);
  return map;
}

Result<GuestAddr> Mm::mmap(Task& task, const MmapRequest& request) {
  AddressSpace::MapRequest map = TRY(judge(task, request));
  if (settings.refuses_exec_gain != 0 && gains_exec(map.prot, map.prot)) return Errno::eacces;
  const MmLimits limits = limits_of(task);
  WriteGuard guard(lock_);
  map.flags |= map_->default_lock_flags();
  if ((map.flags & kVmaLocked) != 0) map.populate = true;
  if ((map.flags & kVmaLocked) != 0 && map_->locked_bytes() + map.length > limits.locked) return Errno::eagain;
  map.may_wait = !map.populate;
  const u64 at = TRY(map_->map(map, limits));
  if (map_->is_waiting() && ++last_waiting_ == 0) ++last_waiting_;
  waiting_.store(map_->is_waiting() ? last_waiting_ : 0, std::memory_order_relaxed);
  // As Linux, MAP_POPULATE and MAP_LOCKED do not fail the call.
  if (map.populate)
    (void)map_->populate(at, at + map.length, (map.prot & platform::kProtWrite) != 0 ? Access::write : Access::read);
  return GuestAddr(at);
}

Result<void> Mm::munmap(GuestAddr addr, u64 length) {
  const u64 ceiling = kernel_.platform().guest_ceiling();
  if ((addr.raw() & kPageMask) != 0 || addr.raw() > ceiling || length > ceiling - addr.raw() || length == 0)
    return Errno::einval;
  WriteGuard guard(lock_);
  return map_->unmap(addr.raw(), addr.raw() + page_ceil(length));
}

Result<void> Mm::mprotect(GuestAddr addr, u64 length, u32 prot) {
  const u64 grows = prot & (abi::prot_growsdown | abi::prot_growsup);
  if (grows == (abi::prot_growsdown | abi::prot_growsup)) return Errno::einval;
  if ((addr.raw() & kPageMask) != 0) return Errno::einval;
  if (length == 0) return success;
  Range range = TRY(page_range(addr, length, Errno::enomem));
  if ((prot & ~static_cast<u32>(grows) & ~u32{abi::prot_read | abi::prot_write | abi::prot_exec | abi::prot_sem}) != 0)
    return Errno::einval;
  WriteGuard guard(lock_);
  if (grows == abi::prot_growsup) return Errno::einval;
  if (grows == abi::prot_growsdown) {
    const auto vma = map_->find_vma(range.start);
    if (vma == map_->vmas().end()) return Errno::enomem;
    if ((vma->second.flags & kVmaGrowsDown) == 0) return Errno::einval;
    range.start = vma->first;
  }
  const u8 wanted = protection(prot);
  if (settings.refuses_exec_gain == 0) return map_->protect(range.start, range.end, wanted, {});
  // What stands before the first that is refused is changed.
  for (auto vma = map_->vmas().lower_bound(range.start); vma != map_->vmas().end() && vma->first < range.end; ++vma) {
    if (!gains_exec(vma->second.prot, wanted)) continue;
    if (vma->first > range.start) TRY(map_->protect(range.start, vma->first, wanted, {}));
    return Errno::eacces;
  }
  return map_->protect(range.start, range.end, wanted, {});
}

Result<GuestAddr> Mm::mremap(Task& task, GuestAddr old, u64 old_length, u64 new_length, u32 flags, GuestAddr to) {
  if ((flags & ~u32{abi::mremap_maymove | abi::mremap_fixed | abi::mremap_dontunmap}) != 0) return Errno::einval;
  AddressSpace::RemapRequest request;
  request.may_move = (flags & abi::mremap_maymove) != 0;
  request.fixed = (flags & abi::mremap_fixed) != 0;
  request.keep_old = (flags & abi::mremap_dontunmap) != 0;
  if (request.fixed && !request.may_move) return Errno::einval;
  if (request.keep_old && (!request.may_move || old_length != new_length)) return Errno::einval;
  if ((old.raw() & kPageMask) != 0) return Errno::einval;
  request.from = old.raw(), request.to = to.raw();
  request.old_length = page_ceil(old_length), request.new_length = page_ceil(new_length);
  if (request.new_length == 0) return Errno::einval;
  if (request.new_length > kernel_.platform().guest_ceiling()) return Errno::enomem;
  const MmLimits limits = limits_of(task);
  WriteGuard guard(lock_);
  return GuestAddr(TRY(map_->remap(request, limits)));
}

Result<void> Mm::madvise(GuestAddr addr, u64 length, int advice) {
  switch (advice) {
    case abi::madv_guard_install:
    case abi::madv_guard_remove:
      break;
    case abi::madv_collapse:
      return Errno::einval;  // no range is ever suitable: there are no huge pages
    default:
      // As a Linux without CONFIG_MEMORY_FAILURE, MADV_HWPOISON and MADV_SOFT_OFFLINE are no advice.
      if (advice < 0 || (advice > abi::madv_free - 4 && advice < abi::madv_free) || advice > abi::madv_collapse)
        return Errno::einval;
  }
  const Range range = TRY(page_range(addr, length, Errno::einval));
  if (range.start == range.end) return success;
  if (advice == abi::madv_populate_read || advice == abi::madv_populate_write) {
    WriteGuard guard(lock_);
    TRY(map_->check_mapped(range.start, range.end));
    switch (map_->populate(range.start, range.end, advice == abi::madv_populate_read ? Access::read : Access::write)) {
      case Resolution::resolved:
        return success;
      case Resolution::no_mapping:
      case Resolution::no_memory:
        return Errno::enomem;
      case Resolution::no_access:
        return Errno::einval;
      case Resolution::beyond_file:
      case Resolution::guarded:
      case Resolution::userfault:  // a program's page is not asked for ahead
        return Errno::efault;
    }
  }
  {
    WriteGuard guard(lock_);
    TRY(map_->advise(range.start, range.end, advice));
  }
  return advice == abi::madv_remove ? remove_pages(range.start, range.end) : success;
}

// MADV_REMOVE punches a hole into the store, which takes the pages out of every address space, this one too: so no lock.
Result<void> Mm::remove_pages(u64 start, u64 end) {
  struct Hole {
    Ref<MappedObject> object;
    u64 from, to;
  };
  std::vector<Hole> holes;
  {
    ReadGuard guard(lock_);
    for (u64 at = start; at < end;) {
      const auto vma = map_->find_vma(at);
      if (vma == map_->vmas().end()) break;
      const u64 to = std::min(vma->second.end, end), offset = vma->second.offset + (at - vma->first);
      if (vma->second.object) holes.push_back({vma->second.object, offset, offset + (to - at)});
      at = to;
    }
  }
  for (const Hole& hole : holes) {
    if (PageStore* store = hole.object->store()) store->discard(hole.from, hole.to);
  }
  return success;
}

Result<void> Mm::msync(GuestAddr addr, u64 length, u32 flags) {
  if ((flags & ~(abi::ms_async | abi::ms_invalidate | abi::ms_sync)) != 0) return Errno::einval;
  if ((flags & abi::ms_async) != 0 && (flags & abi::ms_sync) != 0) return Errno::einval;
  if ((addr.raw() & kPageMask) != 0) return Errno::einval;
  const Range range = TRY(covering_range(addr, length, Errno::enomem));
  std::vector<Ref<File>> files;  // go after the lock
  Result<void> verdict = success;
  {
    ReadGuard guard(lock_);
    verdict = find_synced(*map_, range.start, range.end, flags, files);
  }
  for (const Ref<File>& file : files) {
    if (verdict.is(Errno::ebusy)) break;
    const auto durable = (flags & abi::ms_sync) != 0 ? SharedWritable::Durable::yes : SharedWritable::Durable::no;
    const Result<void> written = dynamic_cast<SharedWritable&>(*file).write_back(durable);
    if (!written.ok()) return written;
  }
  return verdict;
}

Result<std::vector<u8>> Mm::mincore(GuestAddr addr, u64 length) {
  if ((addr.raw() & kPageMask) != 0) return Errno::einval;
  const Range range = TRY(page_range(addr, length, Errno::enomem));
  if (range.end > kernel_.platform().guest_ceiling()) return Errno::enomem;
  std::vector<u8> pages;
  WriteGuard guard(lock_);
  TRY(map_->residency(range.start, range.end, pages));
  return pages;
}

Result<void> Mm::mlock(Task& task, GuestAddr addr, u64 length, u32 flags) {
  const MmLimits limits = limits_of(task);
  if (limits.locked == 0) return Errno::eperm;
  // Linux judges the limit before the range.
  const Range range = TRY(covering_range(addr, length, length > limits.locked ? Errno::enomem : Errno::einval));
  if (range.start == range.end) return success;
  WriteGuard guard(lock_);
  return map_->lock(range.start, range.end, true, (flags & abi::mlock_onfault) == 0, limits);
}

Result<void> Mm::munlock(GuestAddr addr, u64 length) {
  const Range range = TRY(covering_range(addr, length, Errno::einval));
  if (range.start == range.end) return success;
  WriteGuard guard(lock_);
  return map_->lock(range.start, range.end, false, false, {});
}

Result<void> Mm::mlockall(Task& task, u32 flags) {
  if (flags == 0 || flags == abi::mcl_onfault ||
      (flags & ~(abi::mcl_current | abi::mcl_future | abi::mcl_onfault)) != 0)
    return Errno::einval;
  const MmLimits limits = limits_of(task);
  if (limits.locked == 0) return Errno::eperm;
  WriteGuard guard(lock_);
  if ((flags & abi::mcl_current) != 0 && map_->virtual_bytes() > limits.locked) return Errno::enomem;
  map_->set_lock_future((flags & abi::mcl_future) != 0);
  if ((flags & abi::mcl_current) == 0) return success;
  std::vector<Range> ranges;
  for (const auto& [start, vma] : map_->vmas()) ranges.push_back({start, vma.end});
  // As Linux, pages that cannot be made present do not fail the call.
  for (const Range& range : ranges)
    (void)map_->lock(range.start, range.end, true, (flags & abi::mcl_onfault) == 0, limits).ok();
  return success;
}

Result<void> Mm::munlockall() {
  WriteGuard guard(lock_);
  map_->set_lock_future(false);
  std::vector<Range> ranges;
  for (const auto& [start, vma] : map_->vmas()) ranges.push_back({start, vma.end});
  for (const Range& range : ranges) TRY(map_->lock(range.start, range.end, false, false, {}));
  return success;
}

Result<void> Mm::mseal(GuestAddr addr, u64 length) {
  const Range range = TRY(page_range(addr, length, Errno::einval));
  if (range.start == range.end) return success;
  WriteGuard guard(lock_);
  return map_->seal(range.start, range.end);
}

Result<void> Mm::set_vma_name(GuestAddr addr, u64 length, const std::string& name) {
  const Range range = TRY(page_range(addr, length, Errno::einval));
  if (range.start == range.end) return success;
  WriteGuard guard(lock_);
  return map_->name_anonymous(range.start, range.end, name);
}

Result<void> Mm::remap_file_pages(Task& task, GuestAddr addr, u64 length, u64 offset) {
  const MmLimits limits = limits_of(task);
  WriteGuard guard(lock_);
  const auto vma = map_->find_vma(addr.raw());
  if (vma == map_->vmas().end() || !vma->second.shared()) return Errno::einval;
  // Linux has no shared mapping of a file that was not opened for writing: VM_MAYWRITE goes, and with it VM_SHARED.
  if ((vma->second.may & platform::kProtWrite) == 0) return Errno::einval;
  if (addr.raw() + length > vma->second.end) return Errno::einval;
  const AddressSpace::MapRequest request{.addr = addr.raw(),
                                         .length = length,
                                         .prot = vma->second.prot,
                                         .may = vma->second.may,
                                         .flags = vma->second.flags,
                                         .object = vma->second.object,
                                         .offset = offset,
                                         .fixed = true};
  TRY(map_->map(request, limits));
  return success;
}

Result<void> Mm::check_mapped(GuestAddr addr, u64 length) {
  const Range range = TRY(covering_range(addr, length, Errno::einval));
  ReadGuard guard(lock_);
  return map_->check_mapped(range.start, range.end).ok() ? Result<void>() : Errno::efault;
}

// Linux: ipc/shm.c:ksys_shmdt. The first piece says which attachment is meant; those of the same file that still lie where it put
// them go with it.
Result<void> Mm::detach(GuestAddr addr, const std::function<bool(File&)>& is_shared_memory) {
  if ((addr.raw() & kPageMask) != 0) return Errno::einval;
  WriteGuard guard(lock_);
  Ref<File> file;
  std::vector<Range> pieces;
  for (const auto& [start, vma] : map_->vmas()) {
    if (start < addr.raw() || !vma.object || !vma.object->file()) continue;
    if (start - addr.raw() != vma.offset) continue;
    if (!file && is_shared_memory(*vma.object->file())) file = vma.object->file();
    if (file && vma.object->file() == file) pieces.push_back({start, vma.end});
  }
  if (pieces.empty()) return Errno::einval;
  for (const Range& piece : pieces) TRY(map_->unmap(piece.start, piece.end));
  return success;
}

GuestAddr Mm::brk(Task& task, GuestAddr wanted) {
  const MmLimits limits = limits_of(task);
  WriteGuard guard(lock_);
  return GuestAddr(map_->brk(wanted.raw(), limits));
}

void Mm::set_brk_start(GuestAddr start) {
  WriteGuard guard(lock_);
  map_->set_brk_start(start.raw());
}

}  // namespace limen
