// System V shared memory, semaphores and messages, and POSIX message queues.
// Source: sysvipc(7), shmctl(2), semctl(2), msgctl(2), mq_overview(7); include/uapi/linux/{ipc,shm,sem,msg,mqueue}.h,
// include/uapi/asm-generic/{ipcbuf,shmbuf,sembuf,msgbuf}.h, arch/x86/include/uapi/asm/sembuf.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

inline constexpr i32 ipc_private = 0;
inline constexpr i32 ipc_rmid = 0;
inline constexpr i32 ipc_set = 1;
inline constexpr i32 ipc_stat = 2;
inline constexpr i32 ipc_info = 3;
inline constexpr i32 shm_lock = 11;
inline constexpr i32 shm_unlock = 12;
inline constexpr i32 shm_stat = 13;
inline constexpr i32 shm_info = 14;
inline constexpr i32 shm_stat_any = 15;
inline constexpr i32 getpid = 11;
inline constexpr i32 getval = 12;
inline constexpr i32 getall = 13;
inline constexpr i32 getncnt = 14;
inline constexpr i32 getzcnt = 15;
inline constexpr i32 setval = 16;
inline constexpr i32 setall = 17;
inline constexpr i32 sem_stat = 18;
inline constexpr i32 sem_info = 19;
inline constexpr i32 sem_stat_any = 20;
inline constexpr i32 msg_stat = 11;
inline constexpr i32 msg_info = 12;
inline constexpr i32 msg_stat_any = 13;

// With a mode in the lowest nine bits.
inline constexpr u32 ipc_creat = 01000;
inline constexpr u32 ipc_excl = 02000;
inline constexpr u32 ipc_nowait = 04000;
inline constexpr u32 shm_hugetlb = 04000;
inline constexpr u32 shm_noreserve = 010000;
inline constexpr u32 shm_rdonly = 010000;
inline constexpr u32 shm_rnd = 020000;
inline constexpr u32 shm_remap = 040000;
inline constexpr u32 shm_exec = 0100000;
inline constexpr u32 shm_dest = 01000;
inline constexpr u32 shm_locked = 02000;
inline constexpr u32 sem_undo = 010000;
inline constexpr u32 msg_noerror = 010000;
inline constexpr u32 msg_except = 020000;
inline constexpr u32 msg_copy = 040000;

// shmctl(2) wants it in the command of a 32-bit caller; a 64-bit one may set it.
inline constexpr i32 ipc_64 = 0x100;

struct IpcPerm {
  i32 key;
  u32 uid;
  u32 gid;
  u32 cuid;
  u32 cgid;
  u32 mode;
  u16 seq;
  u16 pad0;
  u32 pad1;
  u64 unused[2];
};

struct ShmidDs {
  IpcPerm shm_perm;
  u64 shm_segsz;
  i64 shm_atime;
  i64 shm_dtime;
  i64 shm_ctime;
  i32 shm_cpid;
  i32 shm_lpid;
  u64 shm_nattch;
  u64 unused[2];
};

struct SemidDs {
  IpcPerm sem_perm;
  i64 sem_otime;
  u64 unused1;
  i64 sem_ctime;
  u64 unused2;
  u64 sem_nsems;
  u64 unused[2];
};

struct MsqidDs {
  IpcPerm msg_perm;
  i64 msg_stime;
  i64 msg_rtime;
  i64 msg_ctime;
  u64 msg_curbytes;  // __msg_cbytes, which glibc makes a macro
  u64 msg_qnum;
  u64 msg_qbytes;
  i32 msg_lspid;
  i32 msg_lrpid;
  u64 unused[2];
};

struct SemBuf {
  u16 sem_num;
  i16 sem_op;
  i16 sem_flg;
};

// IPC_INFO and SHM_INFO, SEM_INFO, MSG_INFO
struct ShmInfo64 {
  u64 shmmax;
  u64 shmmin;
  u64 shmmni;
  u64 shmseg;
  u64 shmall;
  u64 unused[4];
};

struct ShmInfo {
  i32 used_ids;
  u32 pad0;
  u64 shm_tot;
  u64 shm_rss;
  u64 shm_swp;
  u64 swap_attempts;
  u64 swap_successes;
};

struct SemInfo {
  i32 semmap;
  i32 semmni;
  i32 semmns;
  i32 semmnu;
  i32 semmsl;
  i32 semopm;
  i32 semume;
  i32 semusz;
  i32 semvmx;
  i32 semaem;
};

struct MsgInfo {
  i32 msgpool;
  i32 msgmap;
  i32 msgmax;
  i32 msgmnb;
  i32 msgmni;
  i32 msgssz;
  i32 msgtql;
  u16 msgseg;
  u16 pad0;
};

struct MqAttr {
  i64 mq_flags;
  i64 mq_maxmsg;
  i64 mq_msgsize;
  i64 mq_curmsgs;
  i64 reserved[4];
};
inline constexpr u32 mq_prio_max = 32768;

// What *_INFO commands tell whatever is set: include/uapi/linux/{sem,msg}.h.
inline constexpr i32 semmns = 1024000000;
inline constexpr i32 semopm = 500;
inline constexpr i32 semvmx = 32767;
inline constexpr i32 msgmnb = 16384;
inline constexpr i32 msgmni = 32000;
inline constexpr u64 shmlba = 4096;  // SHM_RND

}  // namespace limen::abi
