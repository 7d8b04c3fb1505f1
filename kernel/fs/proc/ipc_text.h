// /proc/sysvipc and the limits of IPC in /proc/sys. Source: proc(5), sysvipc(7), mq_overview(7).
#pragma once

#include <string>

#include "base/result.h"

namespace limen {

class Task;

Result<std::string> proc_sysvipc_msg(Task& reader);
Result<std::string> proc_sysvipc_sem(Task& reader);
Result<std::string> proc_sysvipc_shm(Task& reader);
Result<std::string> proc_sys_msgmax(Task& reader);
Result<std::string> proc_sys_msgmnb(Task& reader);
Result<std::string> proc_sys_msgmni(Task& reader);
Result<std::string> proc_sys_sem(Task& reader);
Result<std::string> proc_sys_shmall(Task& reader);
Result<std::string> proc_sys_shmmax(Task& reader);
Result<std::string> proc_sys_shmmni(Task& reader);
Result<std::string> proc_sys_shm_rmid_forced(Task& reader);
Result<std::string> proc_sys_mqueue_msg(Task& reader);
Result<std::string> proc_sys_mqueue_msgsize(Task& reader);
Result<std::string> proc_sys_mqueue_queues(Task& reader);

}  // namespace limen
