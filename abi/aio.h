// Asynchronous I/O of the old kind. Source: io_setup(2), io_submit(2); include/uapi/linux/aio_abi.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// IoCb::aio_lio_opcode
inline constexpr u16 iocb_cmd_pread = 0;
inline constexpr u16 iocb_cmd_pwrite = 1;
inline constexpr u16 iocb_cmd_fsync = 2;
inline constexpr u16 iocb_cmd_fdsync = 3;
inline constexpr u16 iocb_cmd_poll = 5;
inline constexpr u16 iocb_cmd_noop = 6;
inline constexpr u16 iocb_cmd_preadv = 7;
inline constexpr u16 iocb_cmd_pwritev = 8;

// IoCb::aio_flags
inline constexpr u32 iocb_flag_resfd = 1;
inline constexpr u32 iocb_flag_ioprio = 2;

struct IoCb {
  u64 aio_data;
  u32 aio_key;
  u32 aio_rw_flags;
  u16 aio_lio_opcode;
  i16 aio_reqprio;
  u32 aio_fildes;
  u64 aio_buf;
  u64 aio_nbytes;
  i64 aio_offset;
  u64 aio_reserved2;
  u32 aio_flags;
  u32 aio_resfd;
};

struct IoEvent {
  u64 data;
  u64 obj;
  i64 res;
  i64 res2;
};

}  // namespace limen::abi
