// What the hostile programs share. They use the harness of the guest tests, but hold only under Limen: natively some
// of them would harm the host, so each begins with HOSTILE_MAIN, which wants the word --sandboxed.
#pragma once

#include "tests/guest/guest_test.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace hostile {

inline constexpr uintptr_t kGate = 0x10000;
inline constexpr uintptr_t kFloor = 0x100000;
inline constexpr uintptr_t kSlots = 0x7fff00000000;
inline constexpr uintptr_t kSlotSize = 0x8000;

// The kernel is up, and right for its other processes.
inline bool sane() {
  int fds[2];
  char byte = 0;
  if (pipe(fds) != 0) return false;
  if (write(fds[1], "s", 1) != 1 || read(fds[0], &byte, 1) != 1 || byte != 's') return false;
  close(fds[0]);
  close(fds[1]);
  guest::TempDir dir;
  int fd = guest::make_file(dir / "sane", "still here");
  char text[32];
  if (fd == -1 || guest::slurp(dir / "sane", text, sizeof text) != 10) return false;
  close(fd);
  char* memory = static_cast<char*>(mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) return false;
  memset(memory, 7, 65536);
  if (munmap(memory, 65536) != 0) return false;
  return guest::in_child([] { return 23; }) == 23 << 8;
}

// Runs an attack in a process of its own. It must end within `seconds` by itself or by SIGKILL: any end is fine, a
// process that cannot be killed is not.
template <typename F>
bool ends(F attack, double seconds = 5) {
  pid_t pid = guest::spawn([&] {
    setpgid(0, 0);
    rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    attack();
    return 0;
  });
  if (pid == -1) return false;
  long until = guest::now_ms() + static_cast<long>(seconds * 1000);
  bool killed = false;
  while (waitpid(pid, nullptr, WNOHANG) == 0) {
    if (!killed && guest::now_ms() > until) {
      killed = true;
      kill(-pid, SIGKILL);
      kill(pid, SIGKILL);
    }
    if (guest::now_ms() > until + 5000) return false;
    guest::sleep_ms(2);
  }
  kill(-pid, SIGKILL);
  return true;
}

// A cheap generator: an attack can be had again by its seed.
struct Random {
  uint64_t state;
  uint64_t next() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  }
  // Values that break code: small, large, pointers good and bad.
  uint64_t word(void* good) {
    switch (next() % 10) {
      case 0:
        return 0;
      case 1:
        return ~0ull;
      case 2:
        return next() % 64;
      case 3:
        return 1ull << (next() % 64);
      case 4:
        return kGate + next() % 0x20000;
      case 5:
        return kSlots + next() % 0x100000;
      case 6:
        return 0x8000000000000000ull | next();
      case 7:
        return next() % 8;
      case 8:
        return reinterpret_cast<uintptr_t>(good) + next() % 4096;
      default:
        return next();
    }
  }
};

}  // namespace hostile

#define HOSTILE_MAIN                                                                             \
  int main(int argc, char** argv) {                                                              \
    if (argc < 2 || strcmp(argv[1], "--sandboxed") != 0) {                                       \
      guest::say("%s attacks what it runs on: only under Limen, by tests/run-hostile", argv[0]); \
      return 2;                                                                                  \
    }                                                                                            \
    return guest::run_all(argc - 1, argv + 1);                                                   \
  }
