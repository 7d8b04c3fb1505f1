#include "cli/host_facts.h"

#include <cpuid.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>

#include "base/errno.h"

namespace limen::cli {
namespace {

// Numbers that the headers of Debian 12 lack or that only newer kernels know.
constexpr unsigned kLandlockVersionFlag = 1;   // LANDLOCK_CREATE_RULESET_VERSION
constexpr unsigned kHwcap2Fsgsbase = 1u << 1;  // HWCAP2_FSGSBASE: the kernel lets user code write FS and GS bases

std::string errno_word(int error) { return std::string(errno_name(static_cast<Errno>(error))); }

std::string first_line(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// Runs `body` in a child; its errno, 0 for success.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) ::_exit(body() ? 0 : (errno ? errno : EINVAL));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

Fact kernel_fact() {
  utsname host{};
  ::uname(&host);
  int major = 0;
  int minor = 0;
  std::sscanf(host.release, "%d.%d", &major, &minor);
  Fact fact{"kernel", std::string(host.release) + " " + host.machine, Fitness::good, "recent enough"};
  if (major < 5 || (major == 5 && minor < 9)) {
    fact.fitness = Fitness::unfit;
    fact.meaning = "older than Linux 5.9: seccomp user notification, openat2 or close_range is missing";
  } else if (major < 6 || (major == 6 && minor < 6)) {
    fact.fitness = Fitness::limited;
    fact.meaning = "older than Linux 6.6: no synchronous wake-up, so a call that must wake the kernel costs more";
  }
  if (std::string_view(host.machine) != "x86_64") {
    fact.fitness = Fitness::unfit;
    fact.meaning = "Limen runs on x86_64";
  }
  return fact;
}

Fact seccomp_action(const char* name, u32 action, const char* have, const char* lack) {
  if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
    return {name, "available", Fitness::good, have};
  return {name, "no: " + errno_word(errno), Fitness::unfit, lack};
}

Fact user_namespace_fact() {
  const int error = in_child([] { return ::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) == 0; });
  return {"user-namespaces", error == 0 ? "available" : "no: " + errno_word(error), Fitness::good,
          "not needed: seccomp and Landlock hold the kernel process"};
}

Fact tmpfs_fact() {
  const int error = in_child([] {
    return ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m") == 0;
  });
  if (error == 0) return {"own-tmpfs", "available", Fitness::good, "the memory limit is enforced by a sized tmpfs"};
  return {"own-tmpfs", "no: " + errno_word(error), Fitness::limited,
          "the memory limit counts what was granted instead of what was touched"};
}

Fact landlock_fact() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kLandlockVersionFlag);
  if (version > 0) {
    return {"landlock", "ABI " + std::to_string(version), Fitness::good, "a second lock on the files that Limen opens"};
  }
  return {"landlock", "no: " + errno_word(errno), Fitness::limited,
          "the kernel process is held by seccomp and file permissions alone"};
}

Fact memfd_fact() {
  const int fd = static_cast<int>(::syscall(SYS_memfd_create, "limen-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (fd < 0) return {"memfd", "no: " + errno_word(errno), Fitness::unfit, "guest memory is a memfd"};
  const bool sealed = ::ftruncate(fd, 4096) == 0 && ::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0;
  const bool executable = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) != MAP_FAILED;
  ::close(fd);
  if (!sealed) return {"memfd", "cannot be sealed", Fitness::unfit, "guest memory must not shrink under the kernel"};
  if (!executable)
    return {"memfd", "cannot hold code", Fitness::unfit, "vm.memfd_noexec or a policy forbids it; allow it"};
  return {"memfd", "available, sealable", Fitness::good, "guest memory is a memfd"};
}

Fact min_addr_fact() {
  const std::string text = first_line("/proc/sys/vm/mmap_min_addr");
  if (text.empty()) return {"mmap_min_addr", "unknown", Fitness::limited, "/proc/sys cannot be read"};
  constexpr unsigned long kGatePlace = 65536;
  if (std::stoul(text) <= kGatePlace) return {"mmap_min_addr", text, Fitness::good, "low memory has room for the gate"};
  return {"mmap_min_addr", text, Fitness::limited, "above 65536: some system call sites cannot be patched"};
}

Fact fsgsbase_fact() {
  if (::getauxval(AT_HWCAP2) & kHwcap2Fsgsbase) {
    return {"fsgsbase", "available", Fitness::good, "FS and GS bases switch without a host call"};
  }
  return {"fsgsbase", "no", Fitness::limited, "FS and GS bases switch by a host call: each entry costs more"};
}

// XCR0 tells which register state the host saves.
Fact vector_fact() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  const bool xsave = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE);
  if (!xsave) return {"xsave", "no", Fitness::unfit, "guests' vector state is saved with XSAVE"};
  unsigned low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr unsigned kAvx = 0x6, kAvx512 = 0xe6, kAmx = 0x60000;
  std::string value = "SSE";
  if ((low & kAvx) == kAvx) value = "AVX";
  if ((low & kAvx512) == kAvx512) value = "AVX-512";
  if ((low & kAmx) == kAmx) value += ", AMX";
  __get_cpuid_count(0xd, 0, &a, &b, &c, &d);
  return {"vector-state", value + ", " + std::to_string(b) + " bytes", Fitness::good,
          "survives every crossing and every signal"};
}

Fact yama_fact() {
  const std::string scope = first_line("/proc/sys/kernel/yama/ptrace_scope");
  if (scope.empty()) return {"yama", "not there", Fitness::good, "no limit on ptrace beyond the usual one"};
  return {"yama", "ptrace_scope " + scope, Fitness::good, "Limen needs no ptrace; debuggers of Limen may"};
}

Fact cpu_fact() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int n = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  if (n > 1)
    return {"cpus", std::to_string(n), Fitness::good, "the kernel may spin on one while a guest runs on another"};
  return {"cpus", "1", Fitness::limited, "every call is handed over on the same CPU"};
}

}  // namespace

std::vector<Fact> probe_host() {
  return {
      kernel_fact(),
      cpu_fact(),
      seccomp_action("seccomp-trap", SECCOMP_RET_TRAP, "any system call of a guest can be caught",
                     "guests cannot be caught; enable CONFIG_SECCOMP_FILTER, or the container's policy forbids it"),
      seccomp_action("user-notification", SECCOMP_RET_USER_NOTIF,
                     "the kernel sees what a guest process asks of the host",
                     "needs CONFIG_SECCOMP_FILTER with user notification"),
      user_namespace_fact(),
      tmpfs_fact(),
      landlock_fact(),
      memfd_fact(),
      min_addr_fact(),
      fsgsbase_fact(),
      vector_fact(),
      yama_fact(),
  };
}

Fitness overall(const std::vector<Fact>& facts) {
  Fitness worst = Fitness::good;
  for (const Fact& fact : facts) worst = std::max(worst, fact.fitness);
  return worst;
}

}  // namespace limen::cli
