// The oracle of abi/sysinfo.h: the host's own headers, compared by the compiler.
#include "abi/sysinfo.h"

#include <sys/sysinfo.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME_SIZE(SysInfo, struct sysinfo);
SAME_OFFSET(SysInfo, uptime, struct sysinfo, uptime);
SAME_OFFSET(SysInfo, loads, struct sysinfo, loads);
SAME_OFFSET(SysInfo, totalram, struct sysinfo, totalram);
SAME_OFFSET(SysInfo, freeram, struct sysinfo, freeram);
SAME_OFFSET(SysInfo, sharedram, struct sysinfo, sharedram);
SAME_OFFSET(SysInfo, bufferram, struct sysinfo, bufferram);
SAME_OFFSET(SysInfo, totalswap, struct sysinfo, totalswap);
SAME_OFFSET(SysInfo, freeswap, struct sysinfo, freeswap);
SAME_OFFSET(SysInfo, procs, struct sysinfo, procs);
SAME_OFFSET(SysInfo, totalhigh, struct sysinfo, totalhigh);
SAME_OFFSET(SysInfo, freehigh, struct sysinfo, freehigh);
SAME_OFFSET(SysInfo, mem_unit, struct sysinfo, mem_unit);

}  // namespace limen::abi
