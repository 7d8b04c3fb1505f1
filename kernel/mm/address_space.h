// The algebra of one address space: what the guest asked for (VMAs), what backs it (extents), and the orders that make the
// host agree. No lock, no task, no errno of a call that needs one: Mm (kernel/mm/mm.h) adds these.
//
//   vma      [start, end) with a protection, flags and a source: anonymous, a PageStore, a host file
//   extent   [start, end) backed now: by arena pages, each with a reference of its own, or by a clean host file
//
// A range of a VMA without an extent is granted by the first fault (or copy) that needs it. Extents know what the host
// maps of them (`host`), so a fault that somebody else resolved costs nothing, and one whose order failed is repaired.
//
// Invariant 6: pages lose their reference only after Space::apply said that the host unmapped (or replaced) them; where it
// could not say so they are kept in doomed_ until the process is dead. Each place is marked "proof".
// Invariant 7: the only writable orders are those of Extent::host_protection, for arena pages that this space owns alone or that
// belong to a shared object.
//
// Files: vma.cc (trees), backing.cc (grants), mapping.cc (mmap, munmap, mprotect, brk), fault.cc, fork.cc, remap.cc,
// advice.cc (madvise, mincore, mlock, msync), address_space.cc (orders and their failure).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mapped_object.h"
#include "kernel/mm/patched_text.h"
#include "kernel/mm/userfault.h"
#include "platform/platform.h"

namespace limen {

inline constexpr u64 kStackGuardGap = 256 * kPageSize;  // mm/mmap.c: stack_guard_gap
inline constexpr u64 kNoLimit = ~u64{0};

enum : u32 {
  kVmaShared = 1,
  kVmaGrowsDown = 2,
  kVmaNoReserve = 4,
  kVmaLocked = 8,
  kVmaStack = 16,  // MAP_STACK: touched at its top
  kVmaDontFork = 32,
  kVmaWipeOnFork = 64,
  kVmaDontDump = 128,
  kVmaSpecial = 256,            // the kernel's own: vdso, vvar
  kVmaSealed = 512,             // mseal(2)
  kVmaUserMissing = 4096,       // userfaultfd(2): who touches a page that is not there waits for Vma::userfault
  kVmaUserWriteProtect = 8192,  // ... and who writes one that is protected so
  kVmaIsland = 2048,            // trampolines of patched text; no guest knows of it
  kVmaNoCoalesce = 1024,        // MADV_NOHUGEPAGE, MADV_MERGEABLE and other words that only /proc would show
};

struct Vma {
  u64 end = 0;
  u8 prot = 0;
  u8 may = 7;  // what mprotect may give (VM_MAY*)
  u32 flags = 0;
  Ref<MappedObject> object;  // null: anonymous and private
  u64 offset = 0;            // of the start, in the object
  std::string name;          // "[vdso]", or a name of PR_SET_VMA_ANON_NAME
  Ref<Userfault> userfault;  // with kVmaUser*

  bool shared() const { return (flags & kVmaShared) != 0; }
  // Its pages are copied before they are written, where they have another owner.
  bool copies() const { return !shared(); }
};

struct Extent {
  static constexpr u8 kUnmapped = 0xff;   // proved to be unmapped
  static constexpr u8 kUncertain = 0xfe;  // mapped, with a protection that a failed order left in doubt
  static constexpr u8 kStale = 0xfd;  // the host still maps what was here before: the same text without some patches
  u64 end = 0;
  u64 offset = 0;          // in the arena, or in the object's file
  u8 prot = 0;             // the VMA's
  u8 host = kUnmapped;     // what the host maps now
  bool cow = false;        // arena pages that others may hold too: read-only in the host
  bool guard = false;      // MADV_GUARD_INSTALL: nothing is here and nothing comes; `offset` is the address
  bool patched = false;    // shared pages of the cache of patched text; cow, too
  bool held = false;       // UFFDIO_WRITEPROTECT: a write waits for Vma::userfault
  bool warm = false;       // they were resident when they were granted: map them present
  Ref<MappedObject> file;  // the host file that backs it; null: arena pages

  // What the host may map: reading comes with any access (as on x86), writing only of pages of one's own.
  u8 host_protection() const {
    if (prot == 0 || guard) return 0;
    const u8 readable = prot | platform::kProtRead;
    return (cow || file || held) ? readable & ~platform::kProtWrite : readable;
  }
  bool owns_pages() const { return !file && !guard; }
  bool mappable() const { return prot != 0 && !guard; }
};

// A batch of orders; neighbours are merged as they come.
class Orders {
 public:
  void map_arena(u64 addr, u64 length, u64 offset, u8 prot, bool populate = false);
  void map_file(u64 addr, u64 length, int fd, u64 offset, u8 prot);
  void map(u64 start, const Extent& extent, bool populate = false);  // as the extent says
  void unmap(u64 addr, u64 length);
  void protect(u64 addr, u64 length, u8 prot);
  void append(const Orders& more) { list_.insert(list_.end(), more.list_.begin(), more.list_.end()); }
  bool empty() const { return list_.empty(); }
  std::span<const platform::MapOrder> list() const { return list_; }

 private:
  std::vector<platform::MapOrder> list_;
};

// Limits of the task on whose behalf the space changes (setrlimit(2)); bytes.
struct MmLimits {
  u64 address_space = kNoLimit;
  u64 data = kNoLimit;
  u64 stack = u64{8} << 20;
  u64 locked = kNoLimit;  // no limit with CAP_IPC_LOCK
};

enum class Access : u8 { read, write, fetch, forced_read, forced_write };
enum class Resolution : u8 { resolved, no_mapping, no_access, guarded, beyond_file, no_memory, userfault };

class AddressSpace {
 public:
  struct Bounds {
    u64 floor = 0, ceiling = 0;  // what the platform leaves to guests
    u64 mmap_base = 0;           // mappings are placed below it, top down
  };
  using VmaMap = std::map<u64, Vma>;        // by start
  using ExtentMap = std::map<u64, Extent>;  // by start

  AddressSpace(Arena& arena, PatchCache& patches, platform::Space& space, StoreMapper& owner, Bounds bounds);
  ~AddressSpace();  // the space's process is dead: the owner saw to it (proof for every page)
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  // --- mapping.cc ----------------------------------------------------------------------------------------------------
  struct MapRequest {
    u64 addr = 0, length = 0;  // whole pages; `addr` is a hint unless fixed
    u8 prot = 0, may = 7;
    u32 flags = 0;  // kVma*
    Ref<MappedObject> object;
    u64 offset = 0;
    std::string name;
    bool fixed = false, no_replace = false, low = false, populate = false;
    bool may_wait = false;  // the caller sees to settle()
  };
  // einval, enomem, eperm (below the floor), eexist.
  Result<u64> map(const MapRequest& request, const MmLimits& limits);
  Result<void> unmap(u64 start, u64 end);
  Result<void> protect(u64 start, u64 end, u8 prot, const MmLimits& limits);
  // The break after the call: `wanted` or the old one.
  u64 brk(u64 wanted, const MmLimits& limits);
  void set_brk_start(u64 start) { brk_start_ = brk_ = start; }
  void set_brk(u64 start, u64 end) { brk_start_ = start, brk_ = end; }
  u64 brk_start() const { return brk_start_; }
  u64 brk_end() const { return brk_; }

  // --- waiting.cc ----------------------------------------------------------------------------------------------------
  // A private file is mapped piece by piece, each over the one before, and nobody looks until the last is there. So where nothing
  // lies on the host yet, a mapping waits, and goes there with others in one batch: the next that there is, or settle()'s; a
  // guest that touches it before faults, which settles it. Patched pages wait, too: without them a call traps, no more.
  bool is_waiting() const { return mappings_wait_; }
  Result<void> settle();

  // --- remap.cc: mremap(2), with lengths rounded up to pages -----------------------------------------------------------
  struct RemapRequest {
    u64 from = 0, old_length = 0, new_length = 0, to = 0;
    bool may_move = false, fixed = false, keep_old = false;
  };
  Result<u64> remap(const RemapRequest& request, const MmLimits& limits);

  // --- fault.cc ------------------------------------------------------------------------------------------------------
  // Makes one access at `addr` possible: for a fault, or for a copy of the kernel's.
  Resolution resolve(u64 addr, Access access);
  // The kernel's view of guest bytes from `addr` on that may be accessed so right now; empty when resolve() is needed.
  // At most `length`; bytes may still fault (platform::safe_copy).
  std::span<u8> view(u64 addr, u64 length, Access access) const;
  void set_stack_limit(u64 bytes) { stack_limit_ = bytes; }
  void set_growth_limits(u64 stack, u64 address_space) { stack_limit_ = stack, address_limit_ = address_space; }

  // --- watched.cc: userfaultfd(2), whole pages ------------------------------------------------------------------------
  // Private memory that belongs to no file can be watched. einval: something else; ebusy: by another; enoent: nothing begins here.
  // What of it was never touched is missing from now on; memory that was another's before and is all zeroes counts as such.
  Result<void> watch(u64 start, u64 end, const Ref<Userfault>& who, u32 flags);
  // What `who` (null: anybody) watches is as any other memory again.
  Result<void> unwatch(u64 start, u64 end, const Userfault* who);
  // Does `who` watch all of it, with these kVmaUser*? enoent.
  Result<void> check_watched(u64 start, u64 end, const Userfault& who, u32 flags) const;
  // Is there memory that can be watched, and by no other than `who`? einval.
  Result<void> check_watchable(u64 start, u64 end, const Userfault& who) const;
  // A page that is missing gets these bytes, or zeroes. eexist; enoent: nobody's; enomem.
  enum class Hold : u8 { no, yes };
  Result<void> provide(u64 addr, std::span<const u8> bytes, Hold hold);
  Result<void> hold(u64 start, u64 end, Hold how);
  // Would this access still wait?
  bool waits_for_user(u64 addr, Access access) const;

  // --- patching.cc ---------------------------------------------------------------------------------------------------
  // The `syscall` at this address was executed with this RAX: patches it, or maps the page where it is patched. enoexec where it
  // cannot be; enomem, enospc. Each is no failure: the call goes on trapping.
  Result<void> patch_call(u64 call, u64 rax);
  // Of an address in an island: where the guest believes to be.
  std::optional<u64> original_place(u64 ip) const;
  // Of an address in patched text where a thread faulted.
  std::optional<platform::Continuation> continuation(u64 ip) const;
  bool in_island(u64 ip) const { return island_at(ip) != nullptr; }
  // Whether sites may be patched: not while somebody looks at the text. Turned off, the file's own bytes come back at once.
  void set_patching(bool on);
  // How often text has got its own bytes back: a thread that faulted on the others tries once more.
  u64 restored() const { return restored_; }
  // Before the guest changes mappings in a range that it does not know to hold an island.
  Result<void> clear_islands(u64 start, u64 end);

  // --- fork.cc -------------------------------------------------------------------------------------------------------
  // Fills the empty `child`. `stack_pointer`: pages around it are copied at once. enomem: the child is of no use.
  Result<void> fork_into(AddressSpace& child, u64 stack_pointer);
  // The host itself writes to these bytes (rseq(2)): their pages are made writable now, and fork leaves them so. Counted.
  // False: they cannot be. `length` at most a page.
  bool pin(u64 start, u64 length);
  void unpin(u64 start, u64 length);

  // --- advice.cc -----------------------------------------------------------------------------------------------------
  Result<void> advise(u64 start, u64 end, int advice);
  Result<void> residency(u64 start, u64 end, std::vector<u8>& pages);
  Result<void> lock(u64 start, u64 end, bool locked, bool populate, const MmLimits& limits);
  Result<void> check_mapped(u64 start, u64 end) const;  // enomem at a hole
  Result<void> name_anonymous(u64 start, u64 end, const std::string& name);
  Result<void> seal(u64 start, u64 end);
  // The kernel's own accesses ahead of a use: resolves each page; stops at the first that cannot be.
  Resolution populate(u64 start, u64 end, Access access);
  void unmap_store_pages(const PageStore& store, std::span<const StoreRun> dropped, u64 cut);
  u64 resident_bytes(u64 start, u64 end) const;

  // --- vma.cc --------------------------------------------------------------------------------------------------------
  const VmaMap& vmas() const { return vmas_; }
  const ExtentMap& extents() const { return extents_; }
  VmaMap::const_iterator find_vma(u64 addr) const;  // that holds addr, or end()
  ExtentMap::const_iterator find_extent(u64 addr) const;
  u64 virtual_bytes() const { return virtual_bytes_; }
  u64 data_bytes() const { return data_bytes_; }
  u64 locked_bytes() const { return locked_bytes_; }
  u32 default_lock_flags() const { return lock_future_ ? kVmaLocked : u32{0}; }
  void set_lock_future(bool on) { lock_future_ = on; }
  const Bounds& bounds() const { return bounds_; }
  // The object through which this file is mapped already; null: none.
  Ref<MappedObject> object_of(const File& file) const;
  // What /proc/PID/maps, tests and debug builds may rely on: VMAs and extents are in order, merged, and agree.
  bool consistent() const;

 private:
  // New extents and the orders that map them; either committed, or dropped with their pages.
  struct Plan {
    Orders orders;
    std::vector<std::pair<u64, Extent>> extents;
  };

  // vma.cc
  VmaMap::iterator vma_at(u64 addr);    // that holds addr, or end()
  VmaMap::iterator vma_from(u64 addr);  // the first that ends after addr
  ExtentMap::iterator extent_at(u64 addr);
  ExtentMap::iterator extent_from(u64 addr);
  void account(u64 start, const Vma& vma, bool added);
  void cut_vma(u64 addr);
  void cut_extent(u64 addr);
  void insert_vma(u64 start, Vma vma);  // and merges it with its neighbours
  void insert_extent(u64 start, Extent extent);
  void merge_vmas(u64 start, u64 end);
  void merge_extents(u64 start, u64 end);
  void erase_vmas(u64 start, u64 end);
  // Takes the extents of a range out of the tree; the caller proves the host rid of them and then drops them.
  std::vector<std::pair<u64, Extent>> take_extents(u64 start, u64 end);
  u64 cuts_needed(u64 start, u64 end) const;
  u64 bytes_mapped(u64 start, u64 end) const;
  u64 find_gap(u64 length, u64 low, u64 high) const;
  Result<u64> place(const MapRequest& request) const;
  // A growing stack keeps a gap below itself: where the space above `vma` really ends.
  static u64 start_with_gap(u64 start, const Vma& vma);

  // address_space.cc
  Result<void> apply(const Orders& orders);  // after all that waits
  // Applies and, where that fails, leaves [start, end) empty in the host with the plan's pages given up.
  Result<void> commit(Plan& plan, u64 start, u64 end);
  void drop(std::span<const std::pair<u64, Extent>> extents);
  void doom(std::span<const std::pair<u64, Extent>> extents);
  void abandon(std::span<const std::pair<u64, Extent>> extents, u64 start, u64 end);
  void mark_unmapped(u64 start, u64 end);
  void adopt(Plan& plan);

  // waiting.cc
  bool can_wait(u64 start, const Vma& vma);
  void let_wait(u64 start, u64 end);
  template <typename Visit>
  void for_each_waiting(const Visit& visit);
  Result<void> settle_singly();
  void settled();

  // backing.cc
  // Adds to the plan what backs [start, end) of a VMA from the beginning, if anything. enomem.
  enum class Eagerness : u8 { usual, all };
  Result<void> back(Plan& plan, u64 start, u64 end, u64 vma_start, const Vma& vma, Eagerness eagerness);
  Result<void> back_anonymous(Plan& plan, u64 start, u64 end, const Vma& vma, Eagerness eagerness);
  Result<void> back_host_file(Plan& plan, u64 start, u64 end, u64 vma_start, const Vma& vma);
  Result<void> back_store(Plan& plan, u64 start, u64 end, u64 vma_start, const Vma& vma, Eagerness eagerness);
  Result<void> copy_file(Plan& plan, u64 start, u64 end, u64 vma_start, const Vma& vma);
  Result<Arena::Grant> grant(u64 start, u64 end) const;
  u64 near_for(u64 start, u64 end) const;

  // watched.cc
  Result<void> drop_untouched(u64 start, u64 end);

  // mapping.cc
  Result<void> check_limits(const MapRequest& request, u64 replaced, u64 data_replaced, const MmLimits& limits) const;
  Result<void> establish(u64 start, Vma vma, Eagerness eagerness, bool asked_to_wait = false);
  Result<void> unmap_range(u64 start, u64 end);
  Result<void> protect_range(u64 start, u64 end, u8 prot);

  // fault.cc
  Resolution fill(u64 addr, u64 vma_start, const Vma& vma, Access access);
  Resolution fill_anonymous(u64 addr, u64 hole_start, u64 hole_end, const Vma& vma);
  Resolution fill_store(u64 addr, u64 hole_end, u64 vma_start, const Vma& vma, bool map_now);
  Resolution make_private(u64 addr);
  Resolution copy_pages(u64 addr, u64 start, const Extent& extent);
  Resolution copy_file_pages(u64 addr, u64 start, const Extent& extent);
  Resolution take_over(u64 addr, u64 start, const Extent& extent);
  Resolution replace(u64 start, Extent fresh, bool resident = false);
  u64 window(u64 addr, u64 least, u64 most) const;
  u64 copy_window(u64 addr) const;
  bool grow_stack(u64 addr);
  void copy_contents(ArenaRange from, const Arena::Grant& to);
  u64 read_file(const MappedObject& object, u64 offset, const Arena::Grant& to);

  // fork.cc
  void count_pins(u64 from, u64 to, i32 by);
  // Extents that parent and child are both going to write at once, by their beginnings, in order.
  using Hot = std::vector<u64>;
  Hot find_hot(u64 stack_pointer);
  Result<void> write_protect_private(const Hot& hot);
  Result<void> share_with(AddressSpace& child, u64 vma_start, const Vma& vma, const Hot& hot, Orders& orders);

  // patching.cc
  struct Island {
    u64 end, base;  // base: where the file's first byte lies
    PatchedText* text;
  };
  bool may_be_patched(const Vma& vma) const;
  Result<void> map_island(PatchedText& text, u64 base);
  void map_patched(u64 base, const Vma& vma, std::span<const PatchedPage> pages);
  void map_known_patches(u64 start);
  Result<void> clear_stale_island(u64 base, const FileVersion& version);
  u64 island_place(u64 base, u64 near) const;
  Result<void> unpatch(u64 start, u64 end);
  const Island* island_at(u64 ip) const;
  Resolution copy_original(u64 addr);

  // remap.cc
  Result<u64> move(const RemapRequest& request, u64 to, u64 vma_start, const MmLimits& limits);
  Result<bool> grow_in_place(u64 vma_start, u64 delta, const MmLimits& limits);

  // advice.cc
  Result<void> discard_private(u64 start, u64 end, const Vma& vma);
  Result<void> install_guard(u64 start, u64 end, const Vma& vma);
  void remove_guard(u64 start, u64 end);
  void find_store_pages(u64 vma_start, const Vma& vma, const StoreRun& run, std::vector<std::pair<u64, u64>>& ranges);

  Arena& arena_;
  PatchCache& patches_;
  platform::Space& space_;
  StoreMapper& owner_;
  Bounds bounds_;
  VmaMap vmas_;
  ExtentMap extents_;
  std::map<u64, Island> islands_;  // by start
  bool patching_ = true;
  u64 restored_ = 0;
  u64 waiting_from_ = ~u64{0}, waiting_to_ = 0;  // where extents wait; some of those between do not
  bool mappings_wait_ = false;                   // not patched pages alone
  std::vector<ArenaRange> replaced_;  // patched pages that are mapped until others have settled in their place
  std::vector<ArenaRange> doomed_;    // may still be mapped by a dying process
  std::map<const File*, std::pair<MappedObject*, u64>> objects_;  // of mapped files, with the number of VMAs
  u64 virtual_bytes_ = 0, data_bytes_ = 0, locked_bytes_ = 0;
  std::map<u64, u32> pins_;  // by page
  u64 brk_start_ = 0, brk_ = 0;
  u64 stack_limit_ = u64{8} << 20;
  u64 address_limit_ = kNoLimit;  // RLIMIT_AS when it was last told, for stack growth
  bool lock_future_ = false;      // mlockall(MCL_FUTURE)
};

}  // namespace limen
