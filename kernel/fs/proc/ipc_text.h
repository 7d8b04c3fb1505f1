// /proc/sysvipc. Source: proc(5), sysvipc(7).
#pragma once

#include <string>

#include "base/result.h"

namespace limen {

class Task;

Result<std::string> proc_sysvipc_msg(Task& reader);
Result<std::string> proc_sysvipc_sem(Task& reader);
Result<std::string> proc_sysvipc_shm(Task& reader);

}  // namespace limen
