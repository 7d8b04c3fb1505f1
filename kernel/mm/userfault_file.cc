// Source: ioctl_userfaultfd(2); fs/userfaultfd.c.
#include "kernel/mm/userfault_file.h"

#include <array>
#include <cstddef>

#include "abi/userfaultfd.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/task/task.h"

namespace limen {
namespace {

constexpr u64 kFeatures = abi::uffd_feature_pagefault_flag_wp | abi::uffd_feature_sigbus | abi::uffd_feature_thread_id |
                          abi::uffd_feature_exact_address;
constexpr u64 bit_of(u32 ioctl) { return u64{1} << (ioctl & 0xff); }

// Linux: validate_range.
Result<void> check_pages(Task& task, u64 start, u64 length) {
  const u64 floor = task.kernel().platform().guest_floor(), ceiling = task.kernel().platform().guest_ceiling();
  const bool whole = ((start | length) & kPageMask) == 0 && length != 0;
  return whole && start >= floor && start < ceiling && length <= ceiling - start ? Result<void>() : Errno::einval;
}

u64 flags_of(Access access, bool missing) {
  const bool writes = access == Access::write || access == Access::forced_write;
  return (writes ? abi::uffd_pagefault_flag_write : 0) | (missing ? 0 : abi::uffd_pagefault_flag_wp);
}

// So many bytes were done before this: what goes back in the structure, and from the call. Linux: a part is EAGAIN.
Result<void> report(Task& task, GuestAddr where, u64 done, u64 wanted, Result<void> verdict) {
  const i64 told = done != 0 || verdict.ok() ? static_cast<i64>(done) : -static_cast<i64>(verdict.error());
  TRY(copy_to_user(task, where, &told, sizeof told));
  if (done == wanted) return success;
  return done != 0 ? Errno::eagain : verdict;
}

}  // namespace

bool wait_for_user(Task& task, const FaultOutcome& met) {
  const std::optional<u64> features = met.userfault->features();
  if (!features || (*features & abi::uffd_feature_sigbus) != 0) return false;
  const bool exact = (*features & abi::uffd_feature_exact_address) != 0;
  Mm& mm = task.mm();
  Userfault::Fault fault{.addr = exact ? met.addr : page_floor(met.addr)};
  fault.flags = flags_of(met.access, met.is_missing);
  if ((*features & abi::uffd_feature_thread_id) != 0) fault.thread = task.sees(task.tid());
  met.userfault->wait(task, fault, [&] { return mm.waits_for_user(met.addr, met.access); });
  return true;
}

UserfaultFile::UserfaultFile(Path path, u32 flags, Ref<Mm::Handle> of, Userfault::Kernel of_kernel)
    : File(std::move(path), flags), of_(std::move(of)), faults_(make_ref<Userfault>(of_kernel)) {}

void UserfaultFile::released() {
  if (const Ref<Mm> mm = of_->get()) (void)mm->unwatch(0, mm->kernel().platform().guest_ceiling(), faults_.get()).ok();
  faults_->close();
}

Result<Ref<Mm>> UserfaultFile::mm() const {
  Ref<Mm> mm = of_->get();
  return mm ? Result<Ref<Mm>>(std::move(mm)) : Errno::esrch;
}

// Whoever would block in read must not rely on it. Linux: userfaultfd_poll.
PollEvents UserfaultFile::poll(PollTable* table) {
  if (table != nullptr) table->add(faults_, faults_->readers);
  if (!faults_->features() || !nonblocking()) return kPollErr;
  return faults_->has_unread() ? kPollIn : PollEvents{0};
}

Result<usize> UserfaultFile::try_read(Task&, UserBuffer& to, u64*) {
  if (!faults_->features() || to.remaining() < sizeof(abi::UffdMsg)) return Errno::einval;
  usize done = 0;
  while (to.remaining() >= sizeof(abi::UffdMsg)) {
    const std::optional<Userfault::Fault> fault = faults_->next_unread();
    if (!fault) break;
    abi::UffdMsg message;
    message.event = abi::uffd_event_pagefault;
    message.flags = fault->flags, message.address = fault->addr, message.ptid = static_cast<u32>(fault->thread);
    const usize n = TRY(to.copy_out({reinterpret_cast<const u8*>(&message), sizeof message}));
    if (n != sizeof message) return Errno::efault;
    done += n;
  }
  return done != 0 ? Result<usize>(done) : Errno::eagain;
}

Result<i64> UserfaultFile::ioctl(Task& task, u32 command, u64 argument) {
  using Handler = Result<void> (UserfaultFile::*)(Task&, GuestAddr);
  constexpr std::array<std::pair<u32, Handler>, 7> kCommands{
      {{abi::uffdio_api, &UserfaultFile::agree},
       {abi::uffdio_register, &UserfaultFile::register_range},
       {abi::uffdio_unregister, &UserfaultFile::unregister_range},
       {abi::uffdio_wake, &UserfaultFile::wake_range},
       {abi::uffdio_copy, &UserfaultFile::copy_pages},
       {abi::uffdio_zeropage, &UserfaultFile::zero_pages},
       {abi::uffdio_writeprotect, &UserfaultFile::protect_range}}};
  if (command != abi::uffdio_api && !faults_->features()) return Errno::einval;
  for (const auto& [known, handler] : kCommands) {
    if (command != known) continue;
    TRY((this->*handler)(task, GuestAddr(argument)));
    return 0;
  }
  return Errno::einval;
}

Result<void> UserfaultFile::agree(Task& task, GuestAddr argument) {
  abi::UffdioApi api = TRY(UserIn<abi::UffdioApi>(argument).read(task));
  const bool fits = api.api == abi::uffd_api && (api.features & ~kFeatures) == 0;
  const Result<void> agreed = fits ? faults_->agree(api.features) : Errno::einval;
  if (!agreed.ok()) {
    api = {};
    TRY(copy_to_user(task, argument, &api, sizeof api));
    return agreed;
  }
  api.features = kFeatures;
  api.ioctls = bit_of(abi::uffdio_register) | bit_of(abi::uffdio_unregister) | bit_of(abi::uffdio_api);
  return copy_to_user(task, argument, &api, sizeof api);
}

Result<void> UserfaultFile::register_range(Task& task, GuestAddr argument) {
  const abi::UffdioRegister wanted = TRY(UserIn<abi::UffdioRegister>(argument).read(task));
  constexpr u64 kModes = abi::uffdio_register_mode_missing | abi::uffdio_register_mode_wp;
  if (wanted.mode == 0 || (wanted.mode & ~kModes) != 0) return Errno::einval;
  const auto [start, length] = wanted.range;
  TRY(check_pages(task, start, length));
  const u32 flags = ((wanted.mode & abi::uffdio_register_mode_missing) != 0 ? kVmaUserMissing : 0u) |
                    ((wanted.mode & abi::uffdio_register_mode_wp) != 0 ? kVmaUserWriteProtect : 0u);
  const Ref<Mm> mm = TRY(this->mm());
  TRY(mm->watch(start, start + length, faults_, flags));
  u64 ioctls = bit_of(abi::uffdio_wake) | bit_of(abi::uffdio_copy) | bit_of(abi::uffdio_zeropage);
  if ((wanted.mode & abi::uffdio_register_mode_wp) != 0) ioctls |= bit_of(abi::uffdio_writeprotect);
  return copy_to_user(task, argument + offsetof(abi::UffdioRegister, ioctls), &ioctls, sizeof ioctls);
}

Result<void> UserfaultFile::unregister_range(Task& task, GuestAddr argument) {
  const auto [start, length] = TRY(UserIn<abi::UffdioRange>(argument).read(task));
  TRY(check_pages(task, start, length));
  const Ref<Mm> mm = TRY(this->mm());
  TRY(mm->check_watchable(start, start + length, *faults_));
  TRY(mm->unwatch(start, start + length, faults_.get()));
  faults_->wake(start, start + length);
  return success;
}

Result<void> UserfaultFile::wake_range(Task& task, GuestAddr argument) {
  const auto [start, length] = TRY(UserIn<abi::UffdioRange>(argument).read(task));
  TRY(check_pages(task, start, length));
  faults_->wake(start, start + length);
  return success;
}

// The bytes are the caller's; the pages may be another's.
Result<void> UserfaultFile::copy_pages(Task& task, GuestAddr argument) {
  const abi::UffdioCopy wanted = TRY(UserIn<abi::UffdioCopy>(argument).read(task));
  TRY(check_pages(task, wanted.dst, wanted.len));
  if (wanted.src + wanted.len <= wanted.src) return Errno::einval;
  if ((wanted.mode & ~(abi::uffdio_copy_mode_dontwake | abi::uffdio_copy_mode_wp)) != 0) return Errno::einval;
  const bool holds = (wanted.mode & abi::uffdio_copy_mode_wp) != 0;
  const Ref<Mm> mm = TRY(this->mm());
  u64 done = 0;
  Result<void> verdict = mm->check_watched(wanted.dst, wanted.dst + wanted.len, *faults_);
  const bool may_hold = mm->check_watched(wanted.dst, wanted.dst + wanted.len, *faults_, kVmaUserWriteProtect).ok();
  if (verdict.ok() && holds && !may_hold) verdict = Errno::einval;
  std::array<u8, kPageSize> page;
  while (verdict.ok() && done < wanted.len && !task.must_die()) {
    verdict = copy_from_user(task, page.data(), GuestAddr(wanted.src + done), page.size());
    if (verdict.ok())
      verdict = mm->provide(wanted.dst + done, page, holds ? AddressSpace::Hold::yes : AddressSpace::Hold::no);
    if (verdict.ok()) done += kPageSize;
  }
  const bool wakes = (wanted.mode & abi::uffdio_copy_mode_dontwake) == 0;
  if (done != 0 && wakes) faults_->wake(wanted.dst, wanted.dst + done);
  return report(task, argument + offsetof(abi::UffdioCopy, copy), done, wanted.len, verdict);
}

Result<void> UserfaultFile::zero_pages(Task& task, GuestAddr argument) {
  const abi::UffdioZeropage wanted = TRY(UserIn<abi::UffdioZeropage>(argument).read(task));
  const auto [start, length] = wanted.range;
  TRY(check_pages(task, start, length));
  if ((wanted.mode & ~abi::uffdio_zeropage_mode_dontwake) != 0) return Errno::einval;
  const Ref<Mm> mm = TRY(this->mm());
  u64 done = 0;
  Result<void> verdict = mm->check_watched(start, start + length, *faults_);
  while (verdict.ok() && done < length && !task.must_die()) {
    verdict = mm->provide(start + done, {}, AddressSpace::Hold::no);
    if (verdict.ok()) done += kPageSize;
  }
  const bool wakes = (wanted.mode & abi::uffdio_zeropage_mode_dontwake) == 0;
  if (done != 0 && wakes) faults_->wake(start, start + done);
  return report(task, argument + offsetof(abi::UffdioZeropage, zeropage), done, length, verdict);
}

Result<void> UserfaultFile::protect_range(Task& task, GuestAddr argument) {
  const abi::UffdioWriteprotect wanted = TRY(UserIn<abi::UffdioWriteprotect>(argument).read(task));
  const auto [start, length] = wanted.range;
  TRY(check_pages(task, start, length));
  constexpr u64 kHolds = abi::uffdio_writeprotect_mode_wp, kQuiet = abi::uffdio_writeprotect_mode_dontwake;
  if ((wanted.mode & ~(kHolds | kQuiet)) != 0 || wanted.mode == (kHolds | kQuiet)) return Errno::einval;
  const Ref<Mm> mm = TRY(this->mm());
  TRY(mm->check_watched(start, start + length, *faults_, kVmaUserWriteProtect));
  const bool holds = (wanted.mode & kHolds) != 0;
  TRY(mm->hold(start, start + length, holds ? AddressSpace::Hold::yes : AddressSpace::Hold::no));
  if (wanted.mode == 0) faults_->wake(start, start + length);
  return success;
}

}  // namespace limen
