// The oracle of abi/utsname.h: the host's own headers, compared by the compiler.
#include "abi/utsname.h"

#include <sys/utsname.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME_SIZE(UtsName, struct utsname);
SAME_OFFSET(UtsName, sysname, struct utsname, sysname);
SAME_OFFSET(UtsName, nodename, struct utsname, nodename);
SAME_OFFSET(UtsName, release, struct utsname, release);
SAME_OFFSET(UtsName, version, struct utsname, version);
SAME_OFFSET(UtsName, machine, struct utsname, machine);
SAME_OFFSET(UtsName, domainname, struct utsname, domainname);

}  // namespace limen::abi
