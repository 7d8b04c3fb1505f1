// What io_uring_setup(2) fills in, and what io_uring_register(2) is told. Source: include/uapi/linux/io_uring.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

struct IoSqRingOffsets {
  u32 head;
  u32 tail;
  u32 ring_mask;
  u32 ring_entries;
  u32 flags;
  u32 dropped;
  u32 array;
  u32 resv1;
  u64 user_addr;  // Linux 6.5; resv2 before
};

struct IoCqRingOffsets {
  u32 head;
  u32 tail;
  u32 ring_mask;
  u32 ring_entries;
  u32 overflow;
  u32 cqes;
  u32 flags;
  u32 resv1;
  u64 user_addr;
};

// io_uring_register(2): what its array holds.
inline constexpr u32 ioring_register_buffers = 0;
inline constexpr u32 ioring_register_files = 2;
inline constexpr u32 ioring_register_eventfd = 4;
inline constexpr u32 ioring_register_files_update = 6;
inline constexpr u32 ioring_register_eventfd_async = 7;
inline constexpr u32 ioring_register_probe = 8;
inline constexpr u32 ioring_register_restrictions = 11;
inline constexpr u32 ioring_register_files2 = 13;
inline constexpr u32 ioring_register_files_update2 = 14;
inline constexpr u32 ioring_register_buffers2 = 15;
inline constexpr u32 ioring_register_buffers_update = 16;
inline constexpr u32 ioring_register_iowq_aff = 17;
inline constexpr u32 ioring_register_iowq_max_workers = 19;
inline constexpr u32 ioring_register_ring_fds = 20;
inline constexpr u32 ioring_unregister_ring_fds = 21;
inline constexpr u32 ioring_register_pbuf_ring = 22;
inline constexpr u32 ioring_unregister_pbuf_ring = 23;
// An array of descriptors?
constexpr bool registers_descriptors(u32 op) {
  return op == ioring_register_files || op == ioring_register_eventfd || op == ioring_register_eventfd_async;
}

struct IoUringUpdate {  // struct io_uring_files_update
  u32 offset;
  u32 resv;
  u64 data;
};

struct IoUringRegister2 {  // struct io_uring_rsrc_register
  u32 count;
  u32 flags;
  u64 resv;
  u64 data;
  u64 tags;
};
struct IoUringUpdate2 {  // struct io_uring_rsrc_update2
  u32 offset;
  u32 resv;
  u64 data;
  u64 tags;
  u32 count;
  u32 resv2;
};

struct IoUringParams {
  u32 sq_entries;
  u32 cq_entries;
  u32 flags;
  u32 sq_thread_cpu;
  u32 sq_thread_idle;
  u32 features;
  u32 wq_fd;
  u32 resv[3];
  IoSqRingOffsets sq_off;
  IoCqRingOffsets cq_off;
};

}  // namespace limen::abi
