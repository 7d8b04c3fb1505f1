#include "kernel/fs/proc/ipc_text.h"

#include <fmt/format.h>

#include "kernel/ipc/sysv_msg.h"
#include "kernel/ipc/sysv_sem.h"
#include "kernel/ipc/sysv_shm.h"
#include "kernel/kernel.h"

namespace limen {

Result<std::string> proc_sysvipc_msg(Task& reader) {
  std::string text =
      "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime"
      "      ctime\n";
  for (const Ref<IpcObject>& object : ipc_of(reader).msgs->all()) {
    const auto& queue = static_cast<MessageQueue&>(*object);
    MutexGuard guard(queue.lock());
    const abi::MsqidDs d = queue.status(reader);
    const abi::IpcPerm& p = d.msg_perm;
    text += fmt::format("{:10} {:10}  {:4o}  {:10} {:10} {:5} {:5} {:5} {:5} {:5} {:5} {:10} {:10} {:10}\n", p.key,
                        queue.id(), p.mode, d.msg_curbytes, d.msg_qnum, d.msg_lspid, d.msg_lrpid, p.uid, p.gid, p.cuid,
                        p.cgid, d.msg_stime, d.msg_rtime, d.msg_ctime);
  }
  return text;
}

Result<std::string> proc_sysvipc_sem(Task& reader) {
  std::string text = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n";
  for (const Ref<IpcObject>& object : ipc_of(reader).sems->all()) {
    const auto& set = static_cast<SemSet&>(*object);
    MutexGuard guard(set.lock());
    const abi::SemidDs d = set.status(reader);
    const abi::IpcPerm& p = d.sem_perm;
    text += fmt::format("{:10} {:10}  {:4o} {:10} {:5} {:5} {:5} {:5} {:10} {:10}\n", p.key, set.id(), p.mode,
                        d.sem_nsems, p.uid, p.gid, p.cuid, p.cgid, d.sem_otime, d.sem_ctime);
  }
  return text;
}

Result<std::string> proc_sysvipc_shm(Task& reader) {
  std::string text =
      "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime"
      "      dtime      ctime                   rss                  swap\n";
  for (const Ref<IpcObject>& object : ipc_of(reader).shms->all()) {
    auto& segment = static_cast<ShmSegment&>(*object);
    const u64 resident = segment.store().resident_pages() * kPageSize;
    abi::ShmidDs d{};
    {
      MutexGuard guard(segment.lock());
      d = segment.status(reader);
    }
    d.shm_cpid = reader.sees(Pid(d.shm_cpid)), d.shm_lpid = reader.sees(Pid(d.shm_lpid));
    const abi::IpcPerm& p = d.shm_perm;
    text += fmt::format("{:10} {:10}  {:4o} {:21} {:5} {:5}  {:5} {:5} {:5} {:5} {:5} {:10} {:10} {:10} {:21} {:21}\n",
                        p.key, segment.id(), p.mode, d.shm_segsz, d.shm_cpid, d.shm_lpid, d.shm_nattch, p.uid, p.gid,
                        p.cuid, p.cgid, d.shm_atime, d.shm_dtime, d.shm_ctime, resident, 0);
  }
  return text;
}

}  // namespace limen
