// An address space (Linux: mm_struct): what is mapped where, and the copies between it and the kernel. The errnos of the calls and
// the lock are here; what is mapped and how the host is told is kernel/mm/address_space.h.
//
// A page that a guest can write is always an arena page that this mm owns alone, or a page of a shared object. Clean private
// pages of host files are mapped from the host file read-only and copied on the first write. Faults come here.
//
// Locks: lock_ (rank `mm`) exclusive for changes, shared for copies. Copies may resolve copy-on-write (then they
// take it exclusively and order host mappings): they block for microseconds, never on a guest.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/page_store.h"
#include "kernel/vfs/program_file.h"
#include "platform/platform.h"

namespace limen {

class Kernel;

struct MmapRequest {
  GuestAddr addr;  // a hint, or the place with MAP_FIXED / MAP_FIXED_NOREPLACE
  u64 length = 0;
  u32 prot = 0;    // PROT_*
  u32 flags = 0;   // MAP_*
  Ref<File> file;  // null: anonymous
  u64 offset = 0;
};

// What a fault means. Where `resolved`, the guest goes on; else it gets a signal.
struct FaultOutcome {
  bool resolved = false;
  int signo = 0, code = 0;
  u64 addr = 0;
  Ref<Userfault> userfault;  // who resolves it; what is waited for: a page, or the right to write it
  bool is_missing = true;
  Access access = Access::read;
};

// What a futex word is, for matching waiters of different processes: private (mm, address) or shared (object, offset).
struct FutexKey {
  u64 object = 0;
  u64 offset = 0;
  auto operator<=>(const FutexKey&) const = default;
};

// Figures for /proc/PID/{stat,statm,status} and RLIMIT_*.
struct MmUsage {
  u64 virtual_bytes = 0, resident_bytes = 0, shared_bytes = 0, text_bytes = 0, data_bytes = 0, stack_bytes = 0,
      locked_bytes = 0, peak_resident_bytes = 0;
};

// Addresses that exec and PR_SET_MM decide and /proc tells.
struct MmLayout {
  u64 start_code = 0, end_code = 0, start_data = 0, end_data = 0, start_brk = 0, brk = 0, start_stack = 0;
  u64 arg_start = 0, arg_end = 0, env_start = 0, env_end = 0;
  u64 vdso = 0;
  std::vector<u8> auxv;
};

// A line of /proc/PID/maps.
struct MapsLine {
  u64 start = 0, end = 0, offset = 0;
  u32 prot = 0;
  bool shared = false;
  Ref<File> file;
  std::string name;  // "[heap]", "[stack]", "[vdso]", a name of PR_SET_VMA
  u64 resident = 0;
};

class Mm final : public StoreMapper {
 public:
  // An empty address space in a fresh host process; `fixed` is ADDR_NO_RANDOMIZE of personality(2). enomem, eagain.
  enum class Placement : u8 { random, fixed };
  static Result<Ref<Mm>> create(Kernel& kernel, Placement placement = Placement::random);
  ~Mm() override;

  // fork(2): a copy-on-write copy in a fresh host process. Stack pages around `stack_pointer`, which both touch at once, are
  // copied eagerly. enomem, eagain.
  Result<Ref<Mm>> fork(GuestAddr stack_pointer = {});

  Result<GuestAddr> mmap(Task& task, const MmapRequest& request);
  Result<void> munmap(GuestAddr addr, u64 length);
  Result<void> mprotect(GuestAddr addr, u64 length, u32 prot);
  Result<GuestAddr> mremap(Task& task, GuestAddr old, u64 old_length, u64 new_length, u32 flags, GuestAddr to);
  Result<void> madvise(GuestAddr addr, u64 length, int advice);
  Result<void> msync(GuestAddr addr, u64 length, u32 flags);
  Result<std::vector<u8>> mincore(GuestAddr addr, u64 length);
  Result<void> mlock(Task& task, GuestAddr addr, u64 length, u32 flags = 0);  // MLOCK_ONFAULT
  Result<void> munlock(GuestAddr addr, u64 length);
  Result<void> mlockall(Task& task, u32 flags);  // MCL_*
  Result<void> munlockall();
  Result<void> remap_file_pages(Task& task, GuestAddr addr, u64 length, u64 offset);
  Result<void> check_mapped(GuestAddr addr, u64 length);  // efault at a hole
  bool has_mapping_from(GuestAddr addr);                  // at it or anywhere above. Linux: find_vma
  // shmdt(2): the mapping of a file that `is_shared_memory` knows whose first byte stands at `addr`, in all its pieces. einval.
  Result<void> detach(GuestAddr addr, const std::function<bool(File&)>& is_shared_memory);
  Result<void> mseal(GuestAddr addr, u64 length);
  Result<void> set_vma_name(GuestAddr addr, u64 length,
                            const std::string& name);  // PR_SET_VMA_ANON_NAME; "" takes it away
  GuestAddr brk(Task& task, GuestAddr wanted);
  // exec: the heap starts here; and the stack, growing down to `size_limit` (RLIMIT_STACK): the address past its highest byte.
  void set_brk_start(GuestAddr start);
  Result<GuestAddr> map_stack(Task& task, u64 size_limit, Placement placement = Placement::random);
  // setrlimit(2): what growing stacks obey from now on.
  void set_growth_limits(u64 stack, u64 address_space);
  // The kernel's own image for the guest (the vDSO): `length` bytes of `host_fd`, which stays open as long as the sandbox. The first
  // `data_pages` pages are "[vvar]", read-only; the rest is `name`, readable and executable. Where the data pages are.
  Result<GuestAddr> map_special(int host_fd, u64 length, u64 data_pages, std::string name);
  // Other data pages in their place, where the guest still has them: of this file, from its start. enoent.
  Result<void> replace_special(GuestAddr addr, u64 length, int host_fd);

  // Mappings of mmap may wait for others: until a call has been served that left this number as it was, and settle() comes. 0: none.
  u32 waiting() const { return waiting_.load(std::memory_order_relaxed); }
  void settle();

  // AddressSpace::pin and unpin.
  bool pin(GuestAddr addr, u64 length);
  void unpin(GuestAddr addr, u64 length);

  // userfaultfd(2), as in AddressSpace; the caller wakes who waits.
  Result<void> watch(u64 start, u64 end, const Ref<Userfault>& who, u32 flags);
  Result<void> unwatch(u64 start, u64 end, const Userfault* who);
  Result<void> check_watched(u64 start, u64 end, const Userfault& who, u32 flags = 0);
  Result<void> check_watchable(u64 start, u64 end, const Userfault& who);
  Result<void> provide(u64 addr, std::span<const u8> bytes, AddressSpace::Hold hold);
  Result<void> hold(u64 start, u64 end, AddressSpace::Hold how);
  bool waits_for_user(u64 addr, Access access);

  // For those who refer to an address space and do not keep it.
  class Handle final : public RefCounted {
   public:
    explicit Handle(Mm* mm) : mm_(mm) {}
    Ref<Mm> get();  // null: it has ended
    void end();

   private:
    Mutex lock_{LockRank::leaf};
    Mm* mm_ GUARDED_BY(lock_);
  };
  const Ref<Handle>& handle() const { return handle_; }

  // A fault entry of one of its threads.
  FaultOutcome handle_fault(const platform::Entry& fault);

  // A call has trapped at `ip` (one past its `syscall`) with this number: patches its site, where that is possible. Remembers those
  // where it is not. Blocks as an order to the host does.
  void call_trapped(u64 ip, u64 nr);
  // An address as the guest is to see it: in a trampoline, where the same instruction stood.
  u64 original_place(u64 ip);
  // Where a thread goes on that faulted at `ip` in patched text; nothing: the fault is its own.
  std::optional<platform::Continuation> continuation(u64 ip);
  bool in_island(u64 ip);
  u64 text_restored();  // AddressSpace::restored
  // A tracer reads and writes the text that the file has, and steps through it: no site is patched from the first
  // begin_tracing to the last end_tracing.
  void begin_tracing();
  void end_tracing() { tracees_.fetch_sub(1, std::memory_order_relaxed); }  // any lock held

  // Copies; return how many bytes went before the first bad address.
  usize copy_in(void* to, GuestAddr from, usize length);
  usize copy_out(GuestAddr to, const void* from, usize length);
  // ptrace, /proc/PID/mem: as copy_*, but ignores page protection where Linux's FOLL_FORCE does.
  usize copy_in_forced(void* to, GuestAddr from, usize length);
  usize copy_out_forced(GuestAddr to, const void* from, usize length);
  // The kernel's view of up to `length` guest bytes, made resident (and writable); valid while `use` runs, which holds lock_ shared. See
  // UserBuffer::with_spans.
  Result<usize> with_spans(std::span<const UserBuffer::Segment> segments, bool to_guest, const UserBuffer::SpanIo& use);

  // Futex words: aligned 32-bit, sequentially consistent with the guest's own accesses. efault.
  Result<u32> load_u32(GuestAddr addr);
  // Swaps if equal; the old value.
  Result<u32> compare_exchange_u32(GuestAddr addr, u32 expected, u32 desired);
  Result<FutexKey> futex_key(GuestAddr addr, bool is_private);

  MmUsage usage();
  // A copy for a call found no memory since the last time: the run loop asks the OOM killer, as for a fault.
  std::atomic<u32> barriers{0};  // registrations of membarrier(2), by their commands: kept over fork
  // What prctl(2) sets of a whole address space; kept over fork and execve.
  struct Settings {
    std::atomic<u8> huge_pages_disabled{0};    // PR_SET_THP_DISABLE: 1, and its flags
    std::atomic<bool> pages_may_merge{false};  // PR_SET_MEMORY_MERGE: no two pages are looked at here
    std::atomic<u8> refuses_exec_gain{0};      // PR_MDWE_*: nothing that is writable becomes executable
    // PR_FUTEX_HASH: how many, and these; kept and shown, not inherited.
    static constexpr u32 kFutexGlobal = 1u << 31, kFutexChosen = 1 << 30;
    std::atomic<u32> futex_slots{0};
    static u32 shown_futex_slots(u32 slots) { return slots & ~(kFutexGlobal | kFutexChosen); }
    void expect_threads(
        u32 threads);  // it grows with them until somebody has chosen. Linux: futex_hash_allocate_default
    void inherit(const Settings& from);
  };
  Settings settings;
  bool take_out_of_memory() { return out_of_memory_.exchange(false, std::memory_order_relaxed); }
  std::vector<MapsLine> maps();
  MmLayout layout();
  void set_layout(MmLayout layout);  // of exec: but for the heap
  // PR_SET_MM: with the heap. Under one lock, so `change` takes none and copies nothing from a guest; its error leaves all as it was.
  Result<void> change_layout(const std::function<Result<void>(MmLayout&)>& change);
  Ref<File> executable();  // /proc/PID/exe
  void set_executable(ProgramFile file);
  Result<void> replace_executable(
      Ref<File> file);  // PR_SET_MM_EXE_FILE: ebusy while the old one is mapped; eacces: somebody writes it
  u64 id() const { return id_; }

  // Contexts of asynchronous I/O (kernel/ipc/aio.h), made on first use; they end with the address space.
  Ref<RefCounted> aio() {
    MutexGuard guard(aio_lock_);
    return aio_;
  }
  Ref<RefCounted> aio_or(const std::function<Ref<RefCounted>()>& make) {
    MutexGuard guard(aio_lock_);
    if (!aio_) aio_ = make();
    return aio_;
  }

  platform::Space& space() { return *space_; }
  Kernel& kernel() { return kernel_; }

  void unmap_store_pages(const PageStore& store, std::span<const StoreRun> dropped, u64 cut) override;

 private:
  Mm(Kernel& kernel, std::unique_ptr<platform::Space> space, AddressSpace::Bounds bounds);
  usize copy(GuestAddr user, u8* kernel, usize length, Access access) EXCLUDES(lock_);
  // AddressSpace::resolve, for an access of the kernel's own: remembers what the run loop asks for afterwards.
  Resolution resolve_for_kernel(u64 addr, Access access) REQUIRES(lock_);
  template <typename Use>
  Result<u32> with_word(GuestAddr addr, Access access, const Use& use) EXCLUDES(lock_);
  // What mmap(2) asks of the algebra, with the errnos of its flags, file and limits.
  Result<AddressSpace::MapRequest> judge(Task& task, const MmapRequest& request);
  Result<void> judge_file(const MmapRequest& request, AddressSpace::MapRequest& map) EXCLUDES(lock_);
  Result<void> remove_pages(u64 start, u64 end) EXCLUDES(lock_);

  Kernel& kernel_;
  const u64 id_;
  std::unique_ptr<platform::Space> space_;
  mutable SharedMutex lock_{LockRank::mm};
  std::unique_ptr<AddressSpace> map_ PT_GUARDED_BY(lock_);
  MmLayout layout_ GUARDED_BY(lock_);
  ProgramFile executable_ GUARDED_BY(lock_);
  u64 peak_ GUARDED_BY(lock_) = 0;
  // Addresses whose calls go on trapping, by their low bits; the last one wins.
  std::array<std::atomic<u64>, 256> unpatchable_{};
  std::atomic<u32> tracees_{0};
  std::atomic<bool> out_of_memory_{false};
  std::atomic<u32> waiting_{0};  // of AddressSpace::is_waiting: changes whenever one more mapping waits
  u32 last_waiting_ GUARDED_BY(lock_) = 0;
  const Ref<Handle> handle_ = make_ref<Handle>(this);
  Mutex aio_lock_{LockRank::leaf};
  Ref<RefCounted> aio_ GUARDED_BY(aio_lock_);
};

}  // namespace limen
