// What the text files of /proc/PID say, one function each, named after the file. Source: proc(5), fs/proc/{array,base,task_mmu}.c.
#pragma once

#include <string>

#include "base/result.h"

namespace limen {

class Credentials;
class PidNamespace;
class Task;

// How numbers are told: by the pid namespace of the mount of proc, and the user namespace of who reads.
struct ProcReader {
  const PidNamespace& pids;
  const Credentials& cred;
  Task& task;
};

Result<std::string> proc_auxv(Task& task);
Result<std::string> proc_cgroup(Task& task);
Result<std::string> proc_cmdline(Task& task);
Result<std::string> proc_environ(Task& task);
Result<std::string> proc_io(Task& task);         // of the whole process
Result<std::string> proc_thread_io(Task& task);  // of one thread
Result<std::string> proc_limits(Task& task);
Result<std::string> proc_maps(Task& task);
Result<std::string> proc_mountinfo(Task& task);
Result<std::string> proc_mounts(Task& task);
Result<std::string> proc_mountstats(Task& task);
Result<std::string> proc_oom_score(Task& task);
Result<std::string> proc_personality(Task& task);
Result<std::string> proc_smaps(Task& task);
Result<std::string> proc_smaps_rollup(Task& task);
Result<std::string> proc_children(Task& task, const ProcReader& reader);
Result<std::string> proc_cpuset(Task& task);
Result<std::string> proc_no_audit_id(Task& task);
Result<std::string> proc_oom_adj(Task& task);
Result<std::string> proc_schedstat(Task& task);
Result<std::string> proc_stat(Task& task, const ProcReader& reader);         // of the whole process
Result<std::string> proc_thread_stat(Task& task, const ProcReader& reader);  // of one thread
Result<std::string> proc_statm(Task& task);
Result<std::string> proc_status(Task& task, const ProcReader& reader);
Result<std::string> proc_syscall(Task& task);
Result<std::string> proc_wchan(Task& task);

// "R", "S", "T" or "Z" with its word, as /proc/PID/status has it.
struct TaskState {
  char letter;
  const char* word;
};
TaskState state_of(Task& task);

}  // namespace limen
