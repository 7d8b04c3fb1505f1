// The oracle of abi/aio.h: the host's own headers, compared by the compiler.
#include "abi/aio.h"

#include <linux/aio_abi.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(iocb_cmd_pread, IOCB_CMD_PREAD);
SAME(iocb_cmd_pwrite, IOCB_CMD_PWRITE);
SAME(iocb_cmd_fsync, IOCB_CMD_FSYNC);
SAME(iocb_cmd_fdsync, IOCB_CMD_FDSYNC);
SAME(iocb_cmd_poll, IOCB_CMD_POLL);
SAME(iocb_cmd_noop, IOCB_CMD_NOOP);
SAME(iocb_cmd_preadv, IOCB_CMD_PREADV);
SAME(iocb_cmd_pwritev, IOCB_CMD_PWRITEV);
SAME(iocb_flag_resfd, IOCB_FLAG_RESFD);
SAME(iocb_flag_ioprio, IOCB_FLAG_IOPRIO);

SAME_SIZE(IoCb, iocb);
SAME_OFFSET(IoCb, aio_data, iocb, aio_data);
SAME_OFFSET(IoCb, aio_key, iocb, aio_key);
SAME_OFFSET(IoCb, aio_rw_flags, iocb, aio_rw_flags);
SAME_OFFSET(IoCb, aio_lio_opcode, iocb, aio_lio_opcode);
SAME_OFFSET(IoCb, aio_reqprio, iocb, aio_reqprio);
SAME_OFFSET(IoCb, aio_fildes, iocb, aio_fildes);
SAME_OFFSET(IoCb, aio_buf, iocb, aio_buf);
SAME_OFFSET(IoCb, aio_nbytes, iocb, aio_nbytes);
SAME_OFFSET(IoCb, aio_offset, iocb, aio_offset);
SAME_OFFSET(IoCb, aio_flags, iocb, aio_flags);
SAME_OFFSET(IoCb, aio_resfd, iocb, aio_resfd);
SAME_SIZE(IoEvent, io_event);
SAME_OFFSET(IoEvent, data, io_event, data);
SAME_OFFSET(IoEvent, obj, io_event, obj);
SAME_OFFSET(IoEvent, res, io_event, res);
SAME_OFFSET(IoEvent, res2, io_event, res2);

}  // namespace limen::abi
