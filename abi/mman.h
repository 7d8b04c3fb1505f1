// Guest memory: protections, mappings, advice.
// Source: mmap(2), mremap(2), msync(2), madvise(2), mlock(2); include/uapi/asm-generic/mman-common.h, mman.h,
// include/uapi/linux/mman.h, arch/x86/include/uapi/asm/mman.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// mmap(2), mprotect(2)
inline constexpr u64 prot_none = 0;
inline constexpr u64 prot_read = 1;
inline constexpr u64 prot_write = 2;
inline constexpr u64 prot_exec = 4;
inline constexpr u64 prot_sem = 8;
inline constexpr u64 prot_growsdown = 0x1000000;
inline constexpr u64 prot_growsup = 0x2000000;

// The type of a mapping is a number in the bits of MAP_TYPE.
inline constexpr u64 map_type = 0xf;
inline constexpr u64 map_file = 0;
inline constexpr u64 map_shared = 1;
inline constexpr u64 map_private = 2;
inline constexpr u64 map_shared_validate = 3;
inline constexpr u64 map_droppable = 8;

inline constexpr u64 map_fixed = 0x10;
inline constexpr u64 map_anonymous = 0x20;
inline constexpr u64 map_32bit = 0x40;
inline constexpr u64 map_above4g = 0x80;
inline constexpr u64 map_growsdown = 0x100;
inline constexpr u64 map_denywrite = 0x800;
inline constexpr u64 map_executable = 0x1000;
inline constexpr u64 map_locked = 0x2000;
inline constexpr u64 map_noreserve = 0x4000;
inline constexpr u64 map_populate = 0x8000;
inline constexpr u64 map_nonblock = 0x10000;
inline constexpr u64 map_stack = 0x20000;
inline constexpr u64 map_hugetlb = 0x40000;
inline constexpr u64 map_sync = 0x80000;
inline constexpr u64 map_fixed_noreplace = 0x100000;
inline constexpr u64 map_uninitialized = 0x4000000;

// The logarithm of the page size of MAP_HUGETLB.
inline constexpr u32 map_huge_shift = 26;
inline constexpr u32 map_huge_mask = 63;

// mremap(2)
inline constexpr u64 mremap_maymove = 1;
inline constexpr u64 mremap_fixed = 2;
inline constexpr u64 mremap_dontunmap = 4;

// msync(2)
inline constexpr u32 ms_async = 1;
inline constexpr u32 ms_invalidate = 2;
inline constexpr u32 ms_sync = 4;

// madvise(2)
inline constexpr i32 madv_normal = 0;
inline constexpr i32 madv_random = 1;
inline constexpr i32 madv_sequential = 2;
inline constexpr i32 madv_willneed = 3;
inline constexpr i32 madv_dontneed = 4;
inline constexpr i32 madv_free = 8;
inline constexpr i32 madv_remove = 9;
inline constexpr i32 madv_dontfork = 10;
inline constexpr i32 madv_dofork = 11;
inline constexpr i32 madv_mergeable = 12;
inline constexpr i32 madv_unmergeable = 13;
inline constexpr i32 madv_hugepage = 14;
inline constexpr i32 madv_nohugepage = 15;
inline constexpr i32 madv_dontdump = 16;
inline constexpr i32 madv_dodump = 17;
inline constexpr i32 madv_wipeonfork = 18;
inline constexpr i32 madv_keeponfork = 19;
inline constexpr i32 madv_cold = 20;
inline constexpr i32 madv_pageout = 21;
inline constexpr i32 madv_populate_read = 22;
inline constexpr i32 madv_populate_write = 23;
inline constexpr i32 madv_dontneed_locked = 24;
inline constexpr i32 madv_collapse = 25;
inline constexpr i32 madv_hwpoison = 100;
inline constexpr i32 madv_soft_offline = 101;
inline constexpr i32 madv_guard_install = 102;
inline constexpr i32 madv_guard_remove = 103;

// mlock2(2), mlockall(2)
inline constexpr u32 mlock_onfault = 1;
inline constexpr u32 mcl_current = 1;
inline constexpr u32 mcl_future = 2;
inline constexpr u32 mcl_onfault = 4;

// pkey_alloc(2)
inline constexpr u32 pkey_disable_access = 1;
inline constexpr u32 pkey_disable_write = 2;

// get_mempolicy(2)
inline constexpr i32 mpol_default = 0;
inline constexpr i32 mpol_preferred = 1;
inline constexpr i32 mpol_bind = 2;
inline constexpr i32 mpol_interleave = 3;
inline constexpr i32 mpol_local = 4;

inline constexpr u32 mpol_f_node = 1;
inline constexpr u32 mpol_f_addr = 2;
inline constexpr u32 mpol_f_mems_allowed = 4;

// A stretch of guest memory: readv(2), process_vm_readv(2).
struct IoVec {
  GuestAddr iov_base;
  u64 iov_len;
};
static_assert(sizeof(IoVec) == 16);
inline constexpr u64 uio_maxiov = 1024;
// cachestat(2)
struct CachestatRange {
  u64 off;
  u64 len;
};
struct Cachestat {
  u64 nr_cache;
  u64 nr_dirty;
  u64 nr_writeback;
  u64 nr_evicted;
  u64 nr_recently_evicted;
};

}  // namespace limen::abi
