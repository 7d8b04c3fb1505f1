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

Result<std::string> proc_sys_boot_id(Task& reader);
Result<std::string> proc_sys_cap_last_cap(Task& reader);
Result<std::string> proc_sys_domainname(Task& reader);
Result<std::string> proc_sys_entropy(Task& reader);
Result<std::string> proc_sys_file_max(Task& reader);
Result<std::string> proc_sys_hostname(Task& reader);
Result<std::string> proc_sys_max_map_count(Task& reader);
Result<std::string> proc_sys_mmap_min_addr(Task& reader);
Result<std::string> proc_sys_ngroups_max(Task& reader);
Result<std::string> proc_sys_nr_open(Task& reader);
Result<std::string> proc_sys_osrelease(Task& reader);
Result<std::string> proc_sys_ostype(Task& reader);
Result<std::string> proc_sys_overcommit_memory(Task& reader);
Result<std::string> proc_sys_overflow_id(Task& reader);
Result<std::string> proc_sys_pid_max(Task& reader);
Result<std::string> proc_sys_pipe_max_size(Task& reader);
Result<std::string> proc_sys_somaxconn(Task& reader);
Result<std::string> proc_sys_threads_max(Task& reader);
Result<std::string> proc_sys_uuid(Task& reader);
Result<std::string> proc_sys_version(Task& reader);

}  // namespace limen
