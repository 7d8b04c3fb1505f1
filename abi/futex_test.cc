// The oracle of abi/futex.h: the host's own headers, compared by the compiler.
#include "abi/futex.h"

#include <linux/futex.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(futex_wait, FUTEX_WAIT);
SAME(futex_wake, FUTEX_WAKE);
SAME(futex_fd, FUTEX_FD);
SAME(futex_requeue, FUTEX_REQUEUE);
SAME(futex_cmp_requeue, FUTEX_CMP_REQUEUE);
SAME(futex_wake_op, FUTEX_WAKE_OP);
SAME(futex_lock_pi, FUTEX_LOCK_PI);
SAME(futex_unlock_pi, FUTEX_UNLOCK_PI);
SAME(futex_trylock_pi, FUTEX_TRYLOCK_PI);
SAME(futex_wait_bitset, FUTEX_WAIT_BITSET);
SAME(futex_wake_bitset, FUTEX_WAKE_BITSET);
SAME(futex_wait_requeue_pi, FUTEX_WAIT_REQUEUE_PI);
SAME(futex_cmp_requeue_pi, FUTEX_CMP_REQUEUE_PI);
SAME(futex_lock_pi2, FUTEX_LOCK_PI2);
SAME(futex_private_flag, FUTEX_PRIVATE_FLAG);
SAME(futex_clock_realtime, FUTEX_CLOCK_REALTIME);
SAME(futex_cmd_mask, FUTEX_CMD_MASK);
SAME(futex_bitset_match_any, FUTEX_BITSET_MATCH_ANY);
SAME(futex_waiters, FUTEX_WAITERS);
SAME(futex_owner_died, FUTEX_OWNER_DIED);
SAME(futex_tid_mask, FUTEX_TID_MASK);
SAME(futex_op_set, FUTEX_OP_SET);
SAME(futex_op_add, FUTEX_OP_ADD);
SAME(futex_op_or, FUTEX_OP_OR);
SAME(futex_op_andn, FUTEX_OP_ANDN);
SAME(futex_op_xor, FUTEX_OP_XOR);
SAME(futex_op_oparg_shift, FUTEX_OP_OPARG_SHIFT);
SAME(futex_op_cmp_eq, FUTEX_OP_CMP_EQ);
SAME(futex_op_cmp_ne, FUTEX_OP_CMP_NE);
SAME(futex_op_cmp_lt, FUTEX_OP_CMP_LT);
SAME(futex_op_cmp_le, FUTEX_OP_CMP_LE);
SAME(futex_op_cmp_gt, FUTEX_OP_CMP_GT);
SAME(futex_op_cmp_ge, FUTEX_OP_CMP_GE);

SAME_SIZE(RobustListHead, robust_list_head);
SAME_OFFSET(RobustListHead, list, robust_list_head, list);
SAME_OFFSET(RobustListHead, futex_offset, robust_list_head, futex_offset);
SAME_OFFSET(RobustListHead, list_op_pending, robust_list_head, list_op_pending);
SAME_SIZE(FutexWaitV, futex_waitv);
SAME_OFFSET(FutexWaitV, val, futex_waitv, val);
SAME_OFFSET(FutexWaitV, uaddr, futex_waitv, uaddr);
SAME_OFFSET(FutexWaitV, flags, futex_waitv, flags);
SAME_OFFSET(FutexWaitV, reserved, futex_waitv, __reserved);

}  // namespace limen::abi
