// What the files of /proc that belong to no process say, one function each. Source: proc(5).
#pragma once

#include <string>

#include "base/result.h"

namespace limen {

class Task;

Result<std::string> proc_cpuinfo(Task& reader);
Result<std::string> proc_devices(Task& reader);
Result<std::string> proc_filesystems(Task& reader);
Result<std::string> proc_kernel_cmdline(Task& reader);
Result<std::string> proc_kernel_stat(Task& reader);
Result<std::string> proc_loadavg(Task& reader);
Result<std::string> proc_meminfo(Task& reader);
Result<std::string> proc_swaps(Task& reader);
Result<std::string> proc_uptime(Task& reader);
Result<std::string> proc_version(Task& reader);
Result<std::string> proc_vmstat(Task& reader);

}  // namespace limen
