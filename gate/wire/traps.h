// Calls that enter the kernel by a trap from a patched site, too: they replace or need all registers, or end the thread.
#pragma once

#include <asm/unistd_64.h>

namespace limen::wire {

inline constexpr int kByTrap[] = {__NR_rt_sigreturn, __NR_clone,    __NR_fork, __NR_vfork,      __NR_clone3,
                                  __NR_execve,       __NR_execveat, __NR_exit, __NR_exit_group, __NR_arch_prctl};

}  // namespace limen::wire
