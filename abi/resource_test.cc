// The oracle of abi/resource.h: the host's own headers, compared by the compiler.
#include "abi/resource.h"

#include <sys/resource.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(rlimit_cpu, RLIMIT_CPU);
SAME(rlimit_fsize, RLIMIT_FSIZE);
SAME(rlimit_data, RLIMIT_DATA);
SAME(rlimit_stack, RLIMIT_STACK);
SAME(rlimit_core, RLIMIT_CORE);
SAME(rlimit_rss, RLIMIT_RSS);
SAME(rlimit_nproc, RLIMIT_NPROC);
SAME(rlimit_nofile, RLIMIT_NOFILE);
SAME(rlimit_memlock, RLIMIT_MEMLOCK);
SAME(rlimit_as, RLIMIT_AS);
SAME(rlimit_locks, RLIMIT_LOCKS);
SAME(rlimit_sigpending, RLIMIT_SIGPENDING);
SAME(rlimit_msgqueue, RLIMIT_MSGQUEUE);
SAME(rlimit_nice, RLIMIT_NICE);
SAME(rlimit_rtprio, RLIMIT_RTPRIO);
SAME(rlimit_rttime, RLIMIT_RTTIME);
SAME(rlim_nlimits, RLIM_NLIMITS);
SAME(rusage_self, RUSAGE_SELF);
SAME(rusage_children, RUSAGE_CHILDREN);
SAME(rusage_thread, RUSAGE_THREAD);
SAME(prio_process, PRIO_PROCESS);
SAME(prio_pgrp, PRIO_PGRP);
SAME(prio_user, PRIO_USER);
SAME(prio_min, PRIO_MIN);
SAME(prio_max, PRIO_MAX);

SAME_SIZE(RLimit, rlimit);
SAME_OFFSET(RLimit, rlim_cur, rlimit, rlim_cur);
SAME_OFFSET(RLimit, rlim_max, rlimit, rlim_max);
SAME_SIZE(RUsage, struct rusage);
SAME_OFFSET(RUsage, ru_utime, struct rusage, ru_utime);
SAME_OFFSET(RUsage, ru_stime, struct rusage, ru_stime);

static_assert(rlim_infinity == RLIM_INFINITY);
static_assert(offsetof(RUsage, ru_maxrss) == 32);

}  // namespace limen::abi
