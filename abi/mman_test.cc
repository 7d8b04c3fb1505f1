// The oracle of abi/mman.h: the host's own headers, compared by the compiler.
#include "abi/mman.h"

#include <linux/mman.h>
#include <sys/mman.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(prot_none, PROT_NONE);
SAME(prot_read, PROT_READ);
SAME(prot_write, PROT_WRITE);
SAME(prot_exec, PROT_EXEC);
#ifdef PROT_SEM
SAME(prot_sem, PROT_SEM);
#endif
SAME(prot_growsdown, PROT_GROWSDOWN);
SAME(prot_growsup, PROT_GROWSUP);
SAME(map_type, MAP_TYPE);
SAME(map_file, MAP_FILE);
SAME(map_shared, MAP_SHARED);
SAME(map_private, MAP_PRIVATE);
SAME(map_shared_validate, MAP_SHARED_VALIDATE);
#ifdef MAP_DROPPABLE
SAME(map_droppable, MAP_DROPPABLE);
#endif
SAME(map_fixed, MAP_FIXED);
SAME(map_anonymous, MAP_ANONYMOUS);
SAME(map_32bit, MAP_32BIT);
#ifdef MAP_ABOVE4G
SAME(map_above4g, MAP_ABOVE4G);
#endif
SAME(map_growsdown, MAP_GROWSDOWN);
SAME(map_denywrite, MAP_DENYWRITE);
SAME(map_executable, MAP_EXECUTABLE);
SAME(map_locked, MAP_LOCKED);
SAME(map_noreserve, MAP_NORESERVE);
SAME(map_populate, MAP_POPULATE);
SAME(map_nonblock, MAP_NONBLOCK);
SAME(map_stack, MAP_STACK);
SAME(map_hugetlb, MAP_HUGETLB);
SAME(map_sync, MAP_SYNC);
SAME(map_fixed_noreplace, MAP_FIXED_NOREPLACE);
#ifdef MAP_UNINITIALIZED
SAME(map_uninitialized, MAP_UNINITIALIZED);
#endif
SAME(map_huge_shift, MAP_HUGE_SHIFT);
SAME(map_huge_mask, MAP_HUGE_MASK);
SAME(mremap_maymove, MREMAP_MAYMOVE);
SAME(mremap_fixed, MREMAP_FIXED);
SAME(mremap_dontunmap, MREMAP_DONTUNMAP);
SAME(ms_async, MS_ASYNC);
SAME(ms_invalidate, MS_INVALIDATE);
SAME(ms_sync, MS_SYNC);
SAME(madv_normal, MADV_NORMAL);
SAME(madv_random, MADV_RANDOM);
SAME(madv_sequential, MADV_SEQUENTIAL);
SAME(madv_willneed, MADV_WILLNEED);
SAME(madv_dontneed, MADV_DONTNEED);
SAME(madv_free, MADV_FREE);
SAME(madv_remove, MADV_REMOVE);
SAME(madv_dontfork, MADV_DONTFORK);
SAME(madv_dofork, MADV_DOFORK);
SAME(madv_mergeable, MADV_MERGEABLE);
SAME(madv_unmergeable, MADV_UNMERGEABLE);
SAME(madv_hugepage, MADV_HUGEPAGE);
SAME(madv_nohugepage, MADV_NOHUGEPAGE);
SAME(madv_dontdump, MADV_DONTDUMP);
SAME(madv_dodump, MADV_DODUMP);
SAME(madv_wipeonfork, MADV_WIPEONFORK);
SAME(madv_keeponfork, MADV_KEEPONFORK);
SAME(madv_cold, MADV_COLD);
SAME(madv_pageout, MADV_PAGEOUT);
SAME(madv_populate_read, MADV_POPULATE_READ);
SAME(madv_populate_write, MADV_POPULATE_WRITE);
SAME(madv_dontneed_locked, MADV_DONTNEED_LOCKED);
#ifdef MADV_COLLAPSE
SAME(madv_collapse, MADV_COLLAPSE);
#endif
SAME(madv_hwpoison, MADV_HWPOISON);
#ifdef MADV_SOFT_OFFLINE
SAME(madv_soft_offline, MADV_SOFT_OFFLINE);
#endif
#ifdef MADV_GUARD_INSTALL
SAME(madv_guard_install, MADV_GUARD_INSTALL);
#endif
#ifdef MADV_GUARD_REMOVE
SAME(madv_guard_remove, MADV_GUARD_REMOVE);
#endif
SAME(mlock_onfault, MLOCK_ONFAULT);
SAME(mcl_current, MCL_CURRENT);
SAME(mcl_future, MCL_FUTURE);
SAME(mcl_onfault, MCL_ONFAULT);
SAME(pkey_disable_access, PKEY_DISABLE_ACCESS);
SAME(pkey_disable_write, PKEY_DISABLE_WRITE);

}  // namespace limen::abi
