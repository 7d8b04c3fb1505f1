// The oracle of abi/io_uring.h: the host's own headers, compared by the compiler.
#include "abi/io_uring.h"

#include <linux/fs.h>
#include <linux/io_uring.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME_SIZE(IoSqRingOffsets, io_sqring_offsets);
SAME_OFFSET(IoSqRingOffsets, head, io_sqring_offsets, head);
SAME_OFFSET(IoSqRingOffsets, tail, io_sqring_offsets, tail);
SAME_OFFSET(IoSqRingOffsets, ring_mask, io_sqring_offsets, ring_mask);
SAME_OFFSET(IoSqRingOffsets, ring_entries, io_sqring_offsets, ring_entries);
SAME_OFFSET(IoSqRingOffsets, flags, io_sqring_offsets, flags);
SAME_OFFSET(IoSqRingOffsets, dropped, io_sqring_offsets, dropped);
SAME_OFFSET(IoSqRingOffsets, array, io_sqring_offsets, array);
SAME_OFFSET(IoSqRingOffsets, resv1, io_sqring_offsets, resv1);
SAME_SIZE(IoCqRingOffsets, io_cqring_offsets);
SAME_OFFSET(IoCqRingOffsets, head, io_cqring_offsets, head);
SAME_OFFSET(IoCqRingOffsets, tail, io_cqring_offsets, tail);
SAME_OFFSET(IoCqRingOffsets, ring_mask, io_cqring_offsets, ring_mask);
SAME_OFFSET(IoCqRingOffsets, ring_entries, io_cqring_offsets, ring_entries);
SAME_OFFSET(IoCqRingOffsets, overflow, io_cqring_offsets, overflow);
SAME_OFFSET(IoCqRingOffsets, cqes, io_cqring_offsets, cqes);
SAME_OFFSET(IoCqRingOffsets, flags, io_cqring_offsets, flags);
SAME_OFFSET(IoCqRingOffsets, resv1, io_cqring_offsets, resv1);
SAME_SIZE(IoUringParams, io_uring_params);
SAME_OFFSET(IoUringParams, sq_entries, io_uring_params, sq_entries);
SAME_OFFSET(IoUringParams, cq_entries, io_uring_params, cq_entries);
SAME_OFFSET(IoUringParams, flags, io_uring_params, flags);
SAME_OFFSET(IoUringParams, sq_thread_cpu, io_uring_params, sq_thread_cpu);
SAME_OFFSET(IoUringParams, sq_thread_idle, io_uring_params, sq_thread_idle);
SAME_OFFSET(IoUringParams, features, io_uring_params, features);
SAME_OFFSET(IoUringParams, wq_fd, io_uring_params, wq_fd);
SAME_OFFSET(IoUringParams, resv, io_uring_params, resv);
SAME_OFFSET(IoUringParams, sq_off, io_uring_params, sq_off);
SAME_OFFSET(IoUringParams, cq_off, io_uring_params, cq_off);

}  // namespace limen::abi
