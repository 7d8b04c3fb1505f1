// The oracle of abi/rseq.h: the host's own headers, compared by the compiler.
#include "abi/rseq.h"

#include <linux/rseq.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(rseq_flag_unregister, RSEQ_FLAG_UNREGISTER);
SAME(rseq_cs_flag_no_restart_on_preempt, RSEQ_CS_FLAG_NO_RESTART_ON_PREEMPT);
SAME(rseq_cs_flag_no_restart_on_signal, RSEQ_CS_FLAG_NO_RESTART_ON_SIGNAL);
SAME(rseq_cs_flag_no_restart_on_migrate, RSEQ_CS_FLAG_NO_RESTART_ON_MIGRATE);
SAME(rseq_cpu_id_uninitialized, RSEQ_CPU_ID_UNINITIALIZED);
SAME(rseq_cpu_id_registration_failed, RSEQ_CPU_ID_REGISTRATION_FAILED);

SAME_SIZE(Rseq, rseq);
SAME_OFFSET(Rseq, cpu_id_start, rseq, cpu_id_start);
SAME_OFFSET(Rseq, cpu_id, rseq, cpu_id);
SAME_OFFSET(Rseq, rseq_cs, rseq, rseq_cs);
SAME_OFFSET(Rseq, flags, rseq, flags);
SAME_SIZE(RseqCs, rseq_cs);
SAME_OFFSET(RseqCs, version, rseq_cs, version);
SAME_OFFSET(RseqCs, flags, rseq_cs, flags);
SAME_OFFSET(RseqCs, start_ip, rseq_cs, start_ip);
SAME_OFFSET(RseqCs, post_commit_offset, rseq_cs, post_commit_offset);
SAME_OFFSET(RseqCs, abort_ip, rseq_cs, abort_ip);

}  // namespace limen::abi
