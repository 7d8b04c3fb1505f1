// Making, copying and ending address spaces; faults; the figures of /proc.
#include "kernel/mm/mm.h"

#include <algorithm>
#include <bit>

#include "abi/prctl.h"
#include "host/random.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

// Linux: arch/x86/mm/mmap.c. The stack stands at the top, moved down by up to 16 GiB; mappings begin below the largest
// stack that could be, moved down by up to 1 TiB.
constexpr u64 kStackRandomPages = u64{1} << 22;
constexpr u64 kMmapRandomPages = u64{1} << 28;
constexpr u64 kStackRoom = u64{8} << 30;

u64 random_below(u64 bound) {  // a power of two
  u64 word = 0;
  host::fill_random({reinterpret_cast<u8*>(&word), sizeof word});
  return word & (bound - 1);
}

AddressSpace::Bounds choose_bounds(platform::Platform& platform, Mm::Placement placement) {
  AddressSpace::Bounds bounds{.floor = platform.guest_floor(), .ceiling = platform.guest_ceiling()};
  const u64 gap = kStackRandomPages * kPageSize + kStackRoom;
  // A platform with little room (a test's) gives up the randomness, not the order.
  u64 base = bounds.ceiling > 4 * gap ? bounds.ceiling - gap : bounds.ceiling / 4 * 3;
  if (placement == Mm::Placement::random && base > 4 * kMmapRandomPages * kPageSize)
    base -= random_below(kMmapRandomPages) * kPageSize;
  bounds.mmap_base = page_floor(base);
  return bounds;
}

constexpr int kSigKill = 9, kSigBus = 7, kSigSegv = 11;
constexpr int kSegvMapErr = 1, kSegvAccErr = 2, kBusAdrErr = 2;
constexpr u64 kTrapPageFault = 14;
constexpr u64 kFaultWrite = 2, kFaultFetch = 16;

}  // namespace

Mm::Mm(Kernel& kernel, std::unique_ptr<platform::Space> space, AddressSpace::Bounds bounds)
    : kernel_(kernel),
      id_(kernel.arena().next_id()),
      space_(std::move(space)),
      map_(std::make_unique<AddressSpace>(kernel.arena(), kernel.patches(), *space_, *this, bounds)) {}

Mm::~Mm() {
  handle_->end();
  space_.reset();  // the process is dead: the proof for each page that the next line frees
  map_.reset();
}

Ref<Mm> Mm::Handle::get() {
  MutexGuard guard(lock_);
  return mm_ != nullptr && mm_->try_ref() ? Ref<Mm>::adopt(mm_) : Ref<Mm>();
}

void Mm::Handle::end() {
  MutexGuard guard(lock_);
  mm_ = nullptr;
}

Result<void> Mm::watch(u64 start, u64 end, const Ref<Userfault>& who, u32 flags) {
  WriteGuard guard(lock_);
  return map_->watch(start, end, who, flags);
}

Result<void> Mm::unwatch(u64 start, u64 end, const Userfault* who) {
  WriteGuard guard(lock_);
  return map_->unwatch(start, end, who);
}

Result<void> Mm::check_watched(u64 start, u64 end, const Userfault& who, u32 flags) {
  ReadGuard guard(lock_);
  return map_->check_watched(start, end, who, flags);
}

Result<void> Mm::check_watchable(u64 start, u64 end, const Userfault& who) {
  ReadGuard guard(lock_);
  return map_->check_watchable(start, end, who);
}

Result<void> Mm::provide(u64 addr, std::span<const u8> bytes, AddressSpace::Hold hold) {
  WriteGuard guard(lock_);
  return map_->provide(addr, bytes, hold);
}

Result<void> Mm::hold(u64 start, u64 end, AddressSpace::Hold how) {
  WriteGuard guard(lock_);
  return map_->hold(start, end, how);
}

bool Mm::waits_for_user(u64 addr, Access access) {
  ReadGuard guard(lock_);
  return map_->waits_for_user(addr, access);
}

Result<Ref<Mm>> Mm::create(Kernel& kernel, Placement placement) {
  std::unique_ptr<platform::Space> space = TRY(kernel.platform().new_space());
  return Ref<Mm>::adopt(new Mm(kernel, std::move(space), choose_bounds(kernel.platform(), placement)));
}

Result<Ref<Mm>> Mm::fork(GuestAddr stack_pointer) {
  std::unique_ptr<platform::Space> space = TRY(kernel_.platform().new_space());
  AddressSpace::Bounds bounds;
  {
    ReadGuard guard(lock_);
    bounds = map_->bounds();
  }
  Ref<Mm> child = Ref<Mm>::adopt(new Mm(kernel_, std::move(space), bounds));
  // The child's too: stores learn of it before it has any of their pages, and a truncation by somebody else comes to it as
  // to every mapper. By address, as locks of one rank are.
  WriteGuard lower(std::min(this, child.get())->lock_), upper(std::max(this, child.get())->lock_);
  lock_.assert_held();
  child->lock_.assert_held();
  const Result<void> copied = map_->fork_into(*child->map_, stack_pointer.raw());
  if (!copied.ok()) return Errno::enomem;
  child->layout_ = layout_;
  child->executable_ = executable_.again();
  child->settings.inherit(settings);
  child->barriers = barriers.load();
  return child;
}

// Linux: mmf_init_flags.
void Mm::Settings::inherit(const Settings& from) {
  huge_pages_disabled = from.huge_pages_disabled.load();
  pages_may_merge = from.pages_may_merge.load();
  const u8 gain = from.refuses_exec_gain.load();
  refuses_exec_gain = (gain & abi::pr_mdwe_no_inherit) != 0 ? 0 : gain;
}

Result<GuestAddr> Mm::map_stack(Task&, u64 size_limit, Placement placement) {
  WriteGuard guard(lock_);
  const AddressSpace::Bounds& bounds = map_->bounds();
  constexpr u64 kInitial = 132 << 10;  // as exec leaves it: a page and 128 KiB of room
  u64 top = bounds.ceiling - kPageSize;
  if (placement == Placement::random && top - bounds.mmap_base > 2 * kStackRandomPages * kPageSize)
    top -= random_below(kStackRandomPages) * kPageSize;
  MmLimits limits;
  limits.stack = size_limit;
  const AddressSpace::MapRequest request{
      .addr = top - kInitial, .length = kInitial, .prot = 3, .flags = kVmaGrowsDown, .fixed = true, .no_replace = true};
  TRY(map_->map(request, limits));
  return GuestAddr(top);
}

Result<GuestAddr> Mm::map_special(int host_fd, u64 length, u64 data_pages, std::string name) {
  WriteGuard guard(lock_);
  const u64 data = data_pages * kPageSize, whole = page_ceil(length);
  if (data > whole || whole == 0) return Errno::einval;
  const Ref<MappedObject> object = make_ref<MappedObject>(Ref<File>(), host_fd, Ref<RefCounted>());
  AddressSpace::MapRequest request{.length = whole,
                                   .prot = 5,
                                   .may = 5,
                                   .flags = kVmaSpecial | kVmaDontDump,
                                   .object = object,
                                   .name = std::move(name)};
  const u64 start = TRY(map_->map(request, {}));
  if (data == 0) return GuestAddr(start);
  request.addr = start, request.length = data, request.fixed = true;
  request.prot = request.may = 1, request.name = "[vvar]";
  TRY(map_->map(request, {}));
  return GuestAddr(start);
}

Result<void> Mm::replace_special(GuestAddr addr, u64 length, int host_fd) {
  WriteGuard guard(lock_);
  const auto vma = map_->find_vma(addr.raw());
  const bool is_there = vma != map_->vmas().end() && vma->first == addr.raw() &&
                        vma->second.end == addr.raw() + length && (vma->second.flags & kVmaSpecial) != 0 &&
                        vma->second.object;
  if (!is_there) return Errno::enoent;
  if (vma->second.object->host_fd() == host_fd) return success;
  const AddressSpace::MapRequest request{.addr = addr.raw(),
                                         .length = length,
                                         .prot = vma->second.prot,
                                         .may = vma->second.may,
                                         .flags = vma->second.flags,
                                         .object = make_ref<MappedObject>(Ref<File>(), host_fd, Ref<RefCounted>()),
                                         .name = vma->second.name,
                                         .fixed = true};
  TRY(map_->map(request, {}));
  return success;
}

void Mm::set_growth_limits(u64 stack, u64 address_space) {
  WriteGuard guard(lock_);
  map_->set_growth_limits(stack, address_space);
}

FaultOutcome Mm::handle_fault(const platform::Entry& fault) {
  FaultOutcome outcome{.resolved = false, .signo = fault.signo, .code = fault.code, .addr = fault.addr};
  const bool page_fault = fault.signo == kSigSegv && fault.trapno == kTrapPageFault;
  if (!page_fault && fault.signo != kSigBus) return outcome;
  WriteGuard guard(lock_);
  if (fault.signo == kSigBus) {
    // The host had no page: the arena is full, or a file was cut off (or damaged) beneath its mapping.
    const auto extent = map_->find_extent(fault.addr);
    if (extent != map_->extents().end() && !extent->second.file) outcome.signo = kSigKill, outcome.code = 0x80;
    return outcome;
  }
  const Access access = (fault.error_code & kFaultFetch) != 0   ? Access::fetch
                        : (fault.error_code & kFaultWrite) != 0 ? Access::write
                                                                : Access::read;
  if (map_->is_waiting()) (void)map_->settle().ok();
  switch (map_->resolve(fault.addr, access)) {
    case Resolution::resolved:
      outcome.resolved = true;
      break;
    case Resolution::no_mapping:
    case Resolution::guarded:
      outcome.signo = kSigSegv, outcome.code = kSegvMapErr;
      break;
    case Resolution::no_access:
      outcome.signo = kSigSegv, outcome.code = kSegvAccErr;
      break;
    case Resolution::beyond_file:
      outcome.signo = kSigBus, outcome.code = kBusAdrErr;
      break;
    case Resolution::no_memory:
      outcome.signo = kSigKill, outcome.code = 0x80;
      break;  // SI_KERNEL: the OOM killer
    case Resolution::userfault:
      outcome.signo = kSigBus, outcome.code = kBusAdrErr;
      outcome.userfault = map_->find_vma(fault.addr)->second.userfault, outcome.access = access;
      outcome.is_missing = map_->find_extent(fault.addr) == map_->extents().end();
      break;
  }
  return outcome;
}

void Mm::settle() {
  WriteGuard guard(lock_);
  (void)map_->settle().ok();  // else the process is dead, or a touch tries again
  waiting_.store(0, std::memory_order_relaxed);
}

void Mm::call_trapped(u64 ip, u64 nr) {
  if (!kernel_.patches().enabled() || tracees_.load(std::memory_order_relaxed) != 0) return;
  if (platform::traps_anyway(nr)) return;
  std::atomic<u64>& known = unpatchable_[ip / 2 % unpatchable_.size()];
  if (known.load(std::memory_order_relaxed) == ip) return;
  WriteGuard guard(lock_);
  if (tracees_.load(std::memory_order_relaxed) != 0) return;
  map_->set_patching(true);
  if (!map_->patch_call(ip - 2, nr).ok()) known.store(ip, std::memory_order_relaxed);
}

u64 Mm::original_place(u64 ip) {
  ReadGuard guard(lock_);
  return map_->original_place(ip).value_or(ip);
}

std::optional<platform::Continuation> Mm::continuation(u64 ip) {
  ReadGuard guard(lock_);
  return map_->continuation(ip);
}

bool Mm::in_island(u64 ip) {
  ReadGuard guard(lock_);
  return map_->in_island(ip);
}

u64 Mm::text_restored() {
  ReadGuard guard(lock_);
  return map_->restored();
}

void Mm::begin_tracing() {
  tracees_.fetch_add(1, std::memory_order_relaxed);
  WriteGuard guard(lock_);
  map_->set_patching(false);
}

MmUsage Mm::usage() {
  WriteGuard guard(lock_);
  MmUsage usage;
  usage.virtual_bytes = map_->virtual_bytes();
  usage.locked_bytes = map_->locked_bytes();
  for (const auto& [start, vma] : map_->vmas()) {
    if ((vma.flags & kVmaIsland) != 0) continue;
    const u64 bytes = vma.end - start;
    if ((vma.flags & kVmaGrowsDown) != 0) {
      usage.stack_bytes += bytes;
    } else if (vma.copies() && (vma.prot & platform::kProtWrite) != 0) {
      usage.data_bytes += bytes;
    } else if ((vma.prot & platform::kProtExec) != 0) {
      usage.text_bytes += bytes;
    }
    const u64 resident = map_->resident_bytes(start, vma.end);
    usage.resident_bytes += resident;
    if (vma.object) usage.shared_bytes += resident;
  }
  peak_ = std::max(peak_, usage.resident_bytes);
  usage.peak_resident_bytes = peak_;
  return usage;
}

std::vector<MapsLine> Mm::maps() {
  ReadGuard guard(lock_);
  std::vector<MapsLine> lines;
  for (const auto& [start, vma] : map_->vmas()) {
    if ((vma.flags & kVmaIsland) != 0) continue;
    MapsLine line{.start = start, .end = vma.end, .prot = vma.prot, .shared = vma.shared(), .name = vma.name};
    if (vma.object) line.offset = vma.offset, line.file = vma.object->file();
    const bool named = !line.name.empty();
    if (vma.object && vma.object->store() != nullptr && !line.file) {
      line.name = named ? "[anon_shmem:" + line.name + "]" : "/dev/zero (deleted)";
    } else if (!vma.object && named) {
      line.name = "[anon:" + line.name + "]";
    } else if (!vma.object && start < map_->brk_end() && vma.end > map_->brk_start() && map_->brk_start() != 0) {
      line.name = "[heap]";
    } else if ((vma.flags & kVmaGrowsDown) != 0 && start <= layout_.start_stack && layout_.start_stack <= vma.end) {
      line.name = "[stack]";
    }
    line.resident = map_->resident_bytes(start, vma.end);
    lines.push_back(std::move(line));
  }
  return lines;
}

MmLayout Mm::layout() {
  ReadGuard guard(lock_);
  MmLayout layout = layout_;
  layout.start_brk = map_->brk_start(), layout.brk = map_->brk_end();
  return layout;
}

void Mm::set_layout(MmLayout layout) {
  WriteGuard guard(lock_);
  layout_ = std::move(layout);
}

bool Mm::has_mapping_from(GuestAddr addr) {
  ReadGuard guard(lock_);
  const auto& all = map_->vmas();
  return !all.empty() && std::prev(all.end())->second.end > addr.raw();
}

void Mm::Settings::expect_threads(u32 threads) {
  constexpr u32 kLeast = 16;
  const u32 wanted = std::max(kLeast, std::bit_ceil(4 * threads));
  u32 old = futex_slots.load();
  while ((old & (kFutexGlobal | kFutexChosen)) == 0 && old < wanted) {
    if (futex_slots.compare_exchange_weak(old, wanted)) return;
  }
}

Result<void> Mm::change_layout(const std::function<Result<void>(MmLayout&)>& change) {
  WriteGuard guard(lock_);
  MmLayout layout = layout_;
  layout.start_brk = map_->brk_start(), layout.brk = map_->brk_end();
  TRY(change(layout));
  map_->set_brk(layout.start_brk, layout.brk);
  layout_ = std::move(layout);
  return success;
}

// Linux: kernel/fork.c:replace_mm_exe_file.
Result<void> Mm::replace_executable(Ref<File> file) {
  for (const MapsLine& line : maps()) {
    const Ref<File> old = executable();
    if (old && line.file && old->has_inode() && line.file->has_inode() && line.file->path() == old->path())
      return Errno::ebusy;
  }
  Result<ProgramFile> program = ProgramFile::of(std::move(file));
  if (!program.ok()) return Errno::eacces;
  set_executable(std::move(*program));
  return success;
}

Ref<File> Mm::executable() {
  ReadGuard guard(lock_);
  return executable_.file();
}

void Mm::set_executable(ProgramFile file) {
  WriteGuard guard(lock_);
  executable_ = std::move(file);  // the old one goes after the lock
}

bool Mm::pin(GuestAddr addr, u64 length) {
  WriteGuard guard(lock_);
  return map_->pin(addr.raw(), length);
}

void Mm::unpin(GuestAddr addr, u64 length) {
  WriteGuard guard(lock_);
  map_->unpin(addr.raw(), length);
}

void Mm::unmap_store_pages(const PageStore& store, std::span<const StoreRun> dropped, u64 cut) {
  WriteGuard guard(lock_);
  map_->unmap_store_pages(store, dropped, cut);
}

}  // namespace limen
