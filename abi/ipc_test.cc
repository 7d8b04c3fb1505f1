// The oracle of abi/ipc.h: the host's own headers, compared by the compiler.
#include "abi/ipc.h"

#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(ipc_private, IPC_PRIVATE);
SAME(ipc_rmid, IPC_RMID);
SAME(ipc_set, IPC_SET);
SAME(ipc_stat, IPC_STAT);
SAME(ipc_info, IPC_INFO);
SAME(shm_lock, SHM_LOCK);
SAME(shm_unlock, SHM_UNLOCK);
SAME(shm_stat, SHM_STAT);
SAME(shm_info, SHM_INFO);
SAME(shm_stat_any, SHM_STAT_ANY);
SAME(getpid, GETPID);
SAME(getval, GETVAL);
SAME(getall, GETALL);
SAME(getncnt, GETNCNT);
SAME(getzcnt, GETZCNT);
SAME(setval, SETVAL);
SAME(setall, SETALL);
SAME(sem_stat, SEM_STAT);
SAME(sem_info, SEM_INFO);
SAME(sem_stat_any, SEM_STAT_ANY);
SAME(msg_stat, MSG_STAT);
SAME(msg_info, MSG_INFO);
SAME(msg_stat_any, MSG_STAT_ANY);
SAME(ipc_creat, IPC_CREAT);
SAME(ipc_excl, IPC_EXCL);
SAME(ipc_nowait, IPC_NOWAIT);
SAME(shm_hugetlb, SHM_HUGETLB);
SAME(shm_noreserve, SHM_NORESERVE);
SAME(shm_rdonly, SHM_RDONLY);
SAME(shm_rnd, SHM_RND);
SAME(shm_remap, SHM_REMAP);
SAME(shm_exec, SHM_EXEC);
SAME(shm_dest, SHM_DEST);
SAME(shm_locked, SHM_LOCKED);
SAME(sem_undo, SEM_UNDO);
SAME(msg_noerror, MSG_NOERROR);
SAME(msg_except, MSG_EXCEPT);
SAME(msg_copy, MSG_COPY);

SAME_SIZE(IpcPerm, ipc_perm);
SAME_OFFSET(IpcPerm, key, ipc_perm, __key);
SAME_OFFSET(IpcPerm, uid, ipc_perm, uid);
SAME_OFFSET(IpcPerm, gid, ipc_perm, gid);
SAME_OFFSET(IpcPerm, cuid, ipc_perm, cuid);
SAME_OFFSET(IpcPerm, cgid, ipc_perm, cgid);
SAME_OFFSET(IpcPerm, seq, ipc_perm, __seq);
SAME_SIZE(ShmidDs, shmid_ds);
SAME_OFFSET(ShmidDs, shm_perm, shmid_ds, shm_perm);
SAME_OFFSET(ShmidDs, shm_segsz, shmid_ds, shm_segsz);
SAME_OFFSET(ShmidDs, shm_atime, shmid_ds, shm_atime);
SAME_OFFSET(ShmidDs, shm_dtime, shmid_ds, shm_dtime);
SAME_OFFSET(ShmidDs, shm_ctime, shmid_ds, shm_ctime);
SAME_OFFSET(ShmidDs, shm_cpid, shmid_ds, shm_cpid);
SAME_OFFSET(ShmidDs, shm_lpid, shmid_ds, shm_lpid);
SAME_OFFSET(ShmidDs, shm_nattch, shmid_ds, shm_nattch);
SAME_SIZE(SemidDs, semid_ds);
SAME_OFFSET(SemidDs, sem_perm, semid_ds, sem_perm);
SAME_OFFSET(SemidDs, sem_otime, semid_ds, sem_otime);
SAME_OFFSET(SemidDs, sem_ctime, semid_ds, sem_ctime);
SAME_OFFSET(SemidDs, sem_nsems, semid_ds, sem_nsems);
SAME_SIZE(MsqidDs, msqid_ds);
SAME_OFFSET(MsqidDs, msg_perm, msqid_ds, msg_perm);
SAME_OFFSET(MsqidDs, msg_stime, msqid_ds, msg_stime);
SAME_OFFSET(MsqidDs, msg_rtime, msqid_ds, msg_rtime);
SAME_OFFSET(MsqidDs, msg_ctime, msqid_ds, msg_ctime);
SAME_OFFSET(MsqidDs, msg_curbytes, msqid_ds, __msg_cbytes);
SAME_OFFSET(MsqidDs, msg_qnum, msqid_ds, msg_qnum);
SAME_OFFSET(MsqidDs, msg_qbytes, msqid_ds, msg_qbytes);
SAME_OFFSET(MsqidDs, msg_lspid, msqid_ds, msg_lspid);
SAME_OFFSET(MsqidDs, msg_lrpid, msqid_ds, msg_lrpid);
SAME_SIZE(SemBuf, sembuf);
SAME_OFFSET(SemBuf, sem_num, sembuf, sem_num);
SAME_OFFSET(SemBuf, sem_op, sembuf, sem_op);
SAME_OFFSET(SemBuf, sem_flg, sembuf, sem_flg);
SAME_SIZE(ShmInfo64, shminfo);
SAME_OFFSET(ShmInfo64, shmmax, shminfo, shmmax);
SAME_OFFSET(ShmInfo64, shmmin, shminfo, shmmin);
SAME_OFFSET(ShmInfo64, shmmni, shminfo, shmmni);
SAME_OFFSET(ShmInfo64, shmseg, shminfo, shmseg);
SAME_OFFSET(ShmInfo64, shmall, shminfo, shmall);
SAME_SIZE(ShmInfo, struct shm_info);
SAME_OFFSET(ShmInfo, used_ids, struct shm_info, used_ids);
SAME_OFFSET(ShmInfo, shm_tot, struct shm_info, shm_tot);
SAME_OFFSET(ShmInfo, shm_rss, struct shm_info, shm_rss);
SAME_OFFSET(ShmInfo, shm_swp, struct shm_info, shm_swp);
SAME_OFFSET(ShmInfo, swap_attempts, struct shm_info, swap_attempts);
SAME_OFFSET(ShmInfo, swap_successes, struct shm_info, swap_successes);
SAME_SIZE(SemInfo, seminfo);
SAME_OFFSET(SemInfo, semmap, seminfo, semmap);
SAME_OFFSET(SemInfo, semmni, seminfo, semmni);
SAME_OFFSET(SemInfo, semmns, seminfo, semmns);
SAME_OFFSET(SemInfo, semmnu, seminfo, semmnu);
SAME_OFFSET(SemInfo, semmsl, seminfo, semmsl);
SAME_OFFSET(SemInfo, semopm, seminfo, semopm);
SAME_OFFSET(SemInfo, semume, seminfo, semume);
SAME_OFFSET(SemInfo, semusz, seminfo, semusz);
SAME_OFFSET(SemInfo, semvmx, seminfo, semvmx);
SAME_OFFSET(SemInfo, semaem, seminfo, semaem);
SAME_SIZE(MsgInfo, msginfo);
SAME_OFFSET(MsgInfo, msgpool, msginfo, msgpool);
SAME_OFFSET(MsgInfo, msgmap, msginfo, msgmap);
SAME_OFFSET(MsgInfo, msgmax, msginfo, msgmax);
SAME_OFFSET(MsgInfo, msgmnb, msginfo, msgmnb);
SAME_OFFSET(MsgInfo, msgmni, msginfo, msgmni);
SAME_OFFSET(MsgInfo, msgssz, msginfo, msgssz);
SAME_OFFSET(MsgInfo, msgtql, msginfo, msgtql);
SAME_OFFSET(MsgInfo, msgseg, msginfo, msgseg);
SAME_SIZE(MqAttr, mq_attr);
SAME_OFFSET(MqAttr, mq_flags, mq_attr, mq_flags);
SAME_OFFSET(MqAttr, mq_maxmsg, mq_attr, mq_maxmsg);
SAME_OFFSET(MqAttr, mq_msgsize, mq_attr, mq_msgsize);
SAME_OFFSET(MqAttr, mq_curmsgs, mq_attr, mq_curmsgs);

}  // namespace limen::abi
