// Copies between the kernel and an address space, and futex words.
//
// A copy walks extents under the shared lock: no host call, but where a page must first be granted or copied. The bytes
// themselves are moved by safe_copy, since a host file may have been cut off and the arena's file may be full.
#include <algorithm>

#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/userfault_file.h"

namespace limen {
namespace {

// A page that other threads of the guest take away again as often as it is made ready ends the copy: their bug.
constexpr int kMostRetries = 16;

// What the last copy of this kernel thread ended at, where a program is to bring the page: for the call that it is serving.
thread_local std::optional<FaultOutcome> met_userfault;

}  // namespace

Resolution Mm::resolve_for_kernel(u64 addr, Access access) {
  const Resolution resolution = map_->resolve(addr, access);
  if (resolution != Resolution::userfault) return resolution;
  const Ref<Userfault>& who = map_->find_vma(addr)->second.userfault;
  if (who->of_kernel == Userfault::Kernel::fails) return resolution;
  met_userfault = {
      .addr = addr, .userfault = who, .is_missing = map_->find_extent(addr) == map_->extents().end(), .access = access};
  return resolution;
}

std::optional<FaultOutcome> take_userfault() { return std::exchange(met_userfault, std::nullopt); }
bool has_met_userfault() { return met_userfault.has_value(); }

usize Mm::copy(GuestAddr user, u8* kernel, usize length, Access access) {
  const bool into_guest = access == Access::write || access == Access::forced_write;
  usize done = 0;
  for (int retries = 0; done < length && retries < kMostRetries; ++retries) {
    {
      ReadGuard guard(lock_);
      while (done < length) {
        const std::span<u8> bytes = map_->view(user.raw() + done, length - done, access);
        if (bytes.empty()) break;
        const usize n = into_guest ? platform::safe_copy(bytes.data(), kernel + done, bytes.size())
                                   : platform::safe_copy(kernel + done, bytes.data(), bytes.size());
        done += n, retries = 0;
        if (n < bytes.size()) return done;
      }
    }
    if (done == length) break;
    WriteGuard guard(lock_);
    const Resolution resolution = resolve_for_kernel(user.raw() + done, access);
    if (resolution == Resolution::no_memory) out_of_memory_.store(true, std::memory_order_relaxed);
    if (resolution != Resolution::resolved) break;
  }
  return done;
}

usize Mm::copy_in(void* to, GuestAddr from, usize length) {
  return copy(from, static_cast<u8*>(to), length, Access::read);
}

usize Mm::copy_out(GuestAddr to, const void* from, usize length) {
  return copy(to, static_cast<u8*>(const_cast<void*>(from)), length, Access::write);
}

usize Mm::copy_in_forced(void* to, GuestAddr from, usize length) {
  return copy(from, static_cast<u8*>(to), length, Access::forced_read);
}

usize Mm::copy_out_forced(GuestAddr to, const void* from, usize length) {
  return copy(to, static_cast<u8*>(const_cast<void*>(from)), length, Access::forced_write);
}

Result<usize> Mm::with_spans(std::span<const UserBuffer::Segment> segments, bool to_guest,
                             const UserBuffer::SpanIo& use) {
  const Access access = to_guest ? Access::write : Access::read;
  std::span<u8> spans[UserBuffer::kMostSpans];
  for (int retries = 0;; ++retries) {
    usize count = 0;
    u64 missing = 0;
    bool complete = true;
    {
      ReadGuard guard(lock_);
      for (usize i = 0; i < segments.size() && complete && count < std::size(spans); ++i) {
        const u64 base = segments[i].base.raw(), length = segments[i].length;
        for (u64 done = 0; done < length && count < std::size(spans);) {
          const std::span<u8> bytes = map_->view(base + done, length - done, access);
          if (bytes.empty()) {
            complete = false, missing = base + done;
            break;
          }
          spans[count++] = bytes;
          done += bytes.size();
        }
      }
      if (complete || (retries >= kMostRetries && count != 0)) return use({spans, count});
    }
    if (retries > kMostRetries) return Errno::efault;
    WriteGuard guard(lock_);
    if (resolve_for_kernel(missing, access) == Resolution::resolved) continue;
    retries = kMostRetries;  // what stands before the bad address is used
  }
}

// Runs `use` on the word's place in the kernel while the lock keeps it there. The page is touched first by safe_copy, so that
// the access itself cannot fault.
template <typename Use>
Result<u32> Mm::with_word(GuestAddr addr, Access access, const Use& use) {
  if ((addr.raw() & 3) != 0) return Errno::einval;
  for (int retries = 0; retries < kMostRetries; ++retries) {
    {
      ReadGuard guard(lock_);
      const std::span<u8> bytes = map_->view(addr.raw(), 4, access);
      if (bytes.size() == 4) {
        u32 word = 0;
        if (platform::safe_copy(&word, bytes.data(), 4) != 4) return Errno::efault;
        // A host file may be cut off at any moment; and nobody changes its words.
        if (map_->find_extent(addr.raw())->second.file) return word;
        return use(reinterpret_cast<u32*>(bytes.data()));
      }
    }
    WriteGuard guard(lock_);
    if (resolve_for_kernel(addr.raw(), access) != Resolution::resolved) return Errno::efault;
  }
  return Errno::efault;
}

Result<u32> Mm::load_u32(GuestAddr addr) {
  return with_word(addr, Access::read, [](u32* word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); });
}

Result<u32> Mm::compare_exchange_u32(GuestAddr addr, u32 expected, u32 desired) {
  return with_word(addr, Access::write, [&](u32* word) {
    __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
  });
}

// Linux: kernel/futex/core.c:get_futex_key. A shared key on private memory is another than the private one.
Result<FutexKey> Mm::futex_key(GuestAddr addr, bool is_private) {
  if ((addr.raw() & 3) != 0) return Errno::einval;
  if (addr.raw() >= kernel_.platform().guest_ceiling()) return Errno::efault;
  if (is_private) return FutexKey{id_, addr.raw()};
  TRY(load_u32(addr));
  ReadGuard guard(lock_);
  const auto vma = map_->find_vma(addr.raw());
  if (vma == map_->vmas().end()) return Errno::efault;
  if (!vma->second.shared()) return FutexKey{id_, addr.raw() | 2};
  return FutexKey{vma->second.object->identity(), (vma->second.offset + (addr.raw() - vma->first)) | 1};
}

}  // namespace limen
