// What a crossing costs: the primitives a hand-off could be built from, and the platform's own.
//
//   bench_handoff            as the host schedules
//   taskset -c 0 bench_handoff
//
// Figures in docs/decisions/0001-hand-off.md.

#include <linux/filter.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <thread>

#include "host/clock.h"
#include "host/futex.h"
#include "platform/stub_platform.h"

using namespace limen;

namespace {

constexpr int kRounds = 20000;

void bind(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

void show(const char* what, i64 ns, int rounds) { std::printf("%-48s %8.0f ns\n", what, double(ns) / rounds); }

// Two processes that wake each other through two words.
void futex_pair(const char* what, int our_cpu, int their_cpu) {
  auto* words = static_cast<u32*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  cpu_set_t before;
  sched_getaffinity(0, sizeof before, &before);
  const pid_t pid = fork();
  bind(pid == 0 ? their_cpu : our_cpu);
  u32* const mine = &words[pid == 0 ? 0 : 16];
  u32* const theirs = &words[pid == 0 ? 16 : 0];
  const auto pass = [&](u32 n) {
    __atomic_store_n(theirs, n, __ATOMIC_SEQ_CST);
    host::futex_wake(theirs, 1, host::FutexScope::shared);
  };
  const auto receive = [&](u32 n) {
    for (u32 seen; (seen = __atomic_load_n(mine, __ATOMIC_ACQUIRE)) != n;) {
      (void)host::futex_wait(mine, seen, host::FutexScope::shared).ok();
    }
  };
  const i64 start = host::monotonic_ns();
  for (u32 n = 1; n <= kRounds; ++n) {
    if (pid != 0) pass(n);
    receive(n);
    if (pid == 0) pass(n);
  }
  if (pid == 0) _exit(0);
  show(what, host::monotonic_ns() - start, kRounds);
  waitpid(pid, nullptr, 0);
  sched_setaffinity(0, sizeof before, &before);
  munmap(words, 4096);
}

// A process whose getppid a listener answers.
void notification(const char* what, int cpu) {
  const sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program = {4, const_cast<sock_filter*>(code)};
  int ready[2];
  if (pipe(ready) != 0) return;
  cpu_set_t before;
  sched_getaffinity(0, sizeof before, &before);
  const pid_t pid = fork();
  bind(cpu);
  if (pid == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const int fd =
        static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
    if (write(ready[1], &fd, sizeof fd) < 0) _exit(1);
    for (int n = 0; n < kRounds; ++n) syscall(SYS_getppid);
    _exit(0);
  }
  int number = -1;
  if (read(ready[0], &number, sizeof number) < 0) return;
  const host::Handle pidfd(static_cast<int>(host::call::pidfd_open(pid, 0).value()));
  const host::Handle listener(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.fd(), number, 0)));
  (void)ioctl(listener.fd(), LIMEN_IOCTL_NOTIF_SET_FLAGS, 1);
  const i64 start = host::monotonic_ns();
  for (int n = 0; n < kRounds; ++n) {
    seccomp_notif call{};
    if (ioctl(listener.fd(), SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) break;
    seccomp_notif_resp answer{};
    answer.id = call.id;
    ioctl(listener.fd(), SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  show(what, host::monotonic_ns() - start, kRounds);
  waitpid(pid, nullptr, 0);
  sched_setaffinity(0, sizeof before, &before);
  close(ready[0]);
  close(ready[1]);
}

// The platform: guests that make one call after the other, with `work` turns of a loop between them.
void crossings(const char* what, platform::Platform& machine, int guests, u32 work) {
  //  mov $work,%ecx; 1: dec %ecx; jnz 1b; mov $39,%eax; syscall; jmp start
  u8 code[] = {0xb9, 0, 0, 0, 0, 0xff, 0xc9, 0x75, 0xfc, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xee};
  std::memcpy(&code[1], &work, sizeof work);
  std::memcpy(machine.arena_base(), code, sizeof code);
  auto space = std::move(machine.new_space()).value();
  const platform::MapOrder order = platform::MapOrder::map_arena(0x400000, kPageSize, 0, 5);
  space->apply({&order, 1}).value();
  const platform::Counters before = machine.counters();
  const i64 start = host::monotonic_ns();
  std::vector<std::thread> servers;
  for (int i = 0; i < guests; ++i) {
    servers.emplace_back([&] {
      auto thread = std::move(space->new_thread()).value();
      platform::Context context;
      context.regs.rip = 0x400000;
      thread->load_context(context);
      thread->resume();
      for (int n = 0; n < kRounds; ++n) {
        if (thread->wait().kind == platform::Entry::Kind::gone) break;
        thread->resume_syscall(0);
      }
      (void)thread->wait();
    });
  }
  for (auto& server : servers) server.join();
  show(what, host::monotonic_ns() - start, kRounds * guests);
  const platform::Counters after = machine.counters();
  std::printf("%50s hot %lu, cold %lu\n", "", after.hot - before.hot, after.cold - before.cold);
}

}  // namespace

int main() {
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof cpus, &cpus);
  auto machine = std::move(platform::make_stub_platform()).value();
  const bool two = CPU_ISSET(0, &cpus) && CPU_ISSET(1, &cpus);
  const int one = CPU_ISSET(0, &cpus) ? 0 : 1;
  futex_pair("futex pair, one CPU", one, one);
  if (two) futex_pair("futex pair, two CPUs", 0, 1);
  notification("notification, one CPU", one);
  crossings("platform, one guest, calls only", *machine, 1, 1);
  crossings("platform, one guest, 5 us between calls", *machine, 1, 12500);
  crossings("platform, two guests, calls only", *machine, 2, 1);
  crossings("platform, four guests, 5 us between calls", *machine, 4, 12500);
}
