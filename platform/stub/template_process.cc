#include "platform/stub/template_process.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/rseq.h>

#include <atomic>

#include "host/clock.h"
#include "host/futex.h"

extern "C" const limen::u8 limen_gate_image_begin[], limen_gate_image_end[];

namespace limen::platform {
namespace {

using host::raw_syscall;

// What rt_sigaction(2) takes (the C library's struct differs).
struct HostSigaction {
  u64 handler, flags, restorer, mask;
};
constexpr u64 kSaRestorer = 0x04000000;
constexpr int kGateSignals[] = {SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, LIMEN_SIGNAL_KICK};
constexpr int kSpareFd =
    10;  // above every number that the child arranges, and low: the caller may have few (RLIMIT_NOFILE)

struct Descriptors {
  int arena, control, gate, page;  // page: -1 for none
};

[[noreturn]] void fail(int stage) {
  raw_syscall(SYS_exit_group, stage);
  __builtin_unreachable();
}

void need(long result, int stage) {
  if (result < 0) fail(stage);
}

// The C library registered an area for restartable sequences that is about to vanish; the host would kill us when it
// next wrote there.
void leave_rseq() {
  if (__rseq_size == 0) return;
  auto* area = static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
  for (const long size : {32L, static_cast<long>(__rseq_size)}) {
    if (raw_syscall(SYS_rseq, reinterpret_cast<long>(area), size, 1 /* RSEQ_FLAG_UNREGISTER */, RSEQ_SIG) == 0) return;
  }
}

void set_signals(const wire::GateHeader& gate) {
  const u64 all = ~u64{0};
  need(raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&all), 0, 8), 10);
  const HostSigaction dfl{};
  for (int signo = 1; signo <= 64; ++signo) {
    (void)raw_syscall(SYS_rt_sigaction, signo, reinterpret_cast<long>(&dfl), 0, 8);
  }
  const HostSigaction ours{gate.signal_entry, SA_SIGINFO | SA_ONSTACK | kSaRestorer, gate.restorer, all};
  for (const int signo : kGateSignals) {
    need(raw_syscall(SYS_rt_sigaction, signo, reinterpret_cast<long>(&ours), 0, 8), 11);
  }
}

// The public page's file under its number; so that nobody can write it, by a name of it where the host's /proc is there.
void place_page(long page) {
  char path[] = "/proc/self/fd/\0\0\0\0\0\0\0\0\0\0";
  usize weight = 1;  // no zeros in front: the host knows no such name
  while (static_cast<usize>(page) / weight >= 10) weight *= 10;
  for (char* at = path + sizeof "/proc/self/fd/" - 1; weight != 0; weight /= 10)
    *at++ = static_cast<char>('0' + static_cast<usize>(page) / weight % 10);
  const long to_read = raw_syscall(SYS_open, reinterpret_cast<long>(path), O_RDONLY);
  need(raw_syscall(SYS_dup2, to_read >= 0 ? to_read : page, LIMEN_FD_PUBLIC), 21);
  if (to_read >= 0 && to_read != LIMEN_FD_PUBLIC) need(raw_syscall(SYS_close, to_read), 22);
}

// Descriptors 0, 1 and 3 are the arena, the control file and the public page's; nothing else stays open. Returns the gate's for a while.
int set_descriptors(const Descriptors& fds) {
  const long arena = raw_syscall(SYS_fcntl, fds.arena, F_DUPFD, kSpareFd);
  const long control = raw_syscall(SYS_fcntl, fds.control, F_DUPFD, kSpareFd);
  const long gate = raw_syscall(SYS_fcntl, fds.gate, F_DUPFD, kSpareFd);
  const long page = fds.page < 0 ? 0 : raw_syscall(SYS_fcntl, fds.page, F_DUPFD, kSpareFd);
  need(arena, 20), need(control, 20), need(gate, 20), need(page, 20);
  need(raw_syscall(SYS_dup2, arena, LIMEN_FD_ARENA), 21);
  need(raw_syscall(SYS_dup2, control, LIMEN_FD_CONTROL), 21);
  static_assert(LIMEN_FD_ARENA == 0 && LIMEN_FD_CONTROL == 1 && LIMEN_FD_LISTENER == 2 && LIMEN_FD_PUBLIC == 3);
  need(raw_syscall(SYS_close_range, LIMEN_FD_LISTENER, LIMEN_FD_PUBLIC, 0), 22);
  if (fds.page >= 0) place_page(page);
  need(raw_syscall(SYS_close_range, LIMEN_FD_PUBLIC + 1, gate - 1, 0), 22);
  need(raw_syscall(SYS_close_range, gate + 1, ~0u, 0), 22);
  return static_cast<int>(gate);
}

void drop_rights() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  need(raw_syscall(SYS_capset, reinterpret_cast<long>(&header), reinterpret_cast<long>(none)), 30);
  need(raw_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 31);
  // One byte: fs/coredump.c pipes a core to a program at 0, too, but not at 1.
  const rlimit no_core = {1, 1};
  need(raw_syscall(SYS_setrlimit, RLIMIT_CORE, reinterpret_cast<long>(&no_core)), 32);
}

// The child of the fork: makes itself the template. Only bare system calls: the C library's state is a copy.
[[noreturn]] void become_template(const wire::GateHeader& gate, const Descriptors& fds, int kernel_pid) {
  leave_rseq();
  set_signals(gate);
  need(raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL), 1);
  if (raw_syscall(SYS_getppid) != kernel_pid) fail(2);
  need(raw_syscall(SYS_setsid), 3);  // the terminal's signals are the kernel's business
  const int gate_fd = set_descriptors(fds);
  need(raw_syscall(SYS_mmap, LIMEN_GATE_BASE, static_cast<long>(gate.size), PROT_READ | PROT_EXEC,
                   MAP_SHARED | MAP_FIXED, gate_fd, 0),
       4);
  need(raw_syscall(SYS_close, gate_fd), 5);
  need(raw_syscall(SYS_mmap, LIMEN_TEMPLATE_PAGE, kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                   LIMEN_FD_CONTROL, Control::kTemplateOffset),
       6);
  need(raw_syscall(SYS_madvise, LIMEN_TEMPLATE_PAGE, kPageSize, MADV_DONTFORK), 7);
  if (fds.page >= 0) {
    need(raw_syscall(SYS_mmap, LIMEN_PUBLIC_PAGE, kPageSize, PROT_READ, MAP_SHARED | MAP_FIXED, LIMEN_FD_PUBLIC, 0), 7);
  }
  drop_rights();
  reinterpret_cast<void (*)()>(gate.template_entry)();
  __builtin_unreachable();
}

}  // namespace

Result<void> TemplateProcess::start(Control& control, const host::Handle& arena, int public_page) {
  const auto size = static_cast<usize>(limen_gate_image_end - limen_gate_image_begin);
  const auto* gate = reinterpret_cast<const wire::GateHeader*>(limen_gate_image_begin);
  if (gate->magic != wire::kGateMagic || gate->size != size) return Errno::enoexec;
  const host::Handle image = TRY(host::make_sealed_file("limen-gate", limen_gate_image_begin, size));

  const auto kernel_pid = static_cast<int>(TRY(host::call::getpid()));
  control.template_page()->kernel_pid = static_cast<u32>(kernel_pid);
  const Descriptors fds = {arena.fd(), control.file().fd(), image.fd(), public_page};
  const long pid = raw_syscall(SYS_clone, SIGCHLD);
  if (pid == 0) become_template(*gate, fds, kernel_pid);
  if (pid < 0) return static_cast<Errno>(-pid);
  pidfd_ = host::Handle(static_cast<int>(TRY(host::call::pidfd_open(pid, 0))));
  const MutexGuard guard(mutex_);
  pid_ = static_cast<int>(pid);
  return success;
}

void TemplateProcess::live_on(const cpu_set_t& cpus) {
  const MutexGuard guard(mutex_);
  if (pid_ == 0 || CPU_EQUAL(&cpus_, &cpus)) return;
  if (host::call::sched_setaffinity(pid_, sizeof cpus, &cpus).ok()) cpus_ = cpus;
}

Result<int> TemplateProcess::make_stub(Control& control, u32 order_page) {
  wire::TemplatePage* page = control.template_page();
  const u32 request = page->request + 1;
  page->order_index = order_page;
  __atomic_store_n(&page->request, request, __ATOMIC_SEQ_CST);
  host::futex_wake(&page->request, 1, host::FutexScope::shared);
  for (;;) {
    const u32 reply = __atomic_load_n(&page->reply, __ATOMIC_ACQUIRE);
    if (dead_) return Errno::esrch;
    if (reply == request) break;
    (void)host::futex_wait(&page->reply, reply, host::FutexScope::shared).ok();
  }
  const int pid = page->pid;
  if (pid < 0) return static_cast<Errno>(-pid);
  return pid;
}

void TemplateProcess::on_death(Control& control) {
  wire::TemplatePage* page = control.template_page();
  {
    const MutexGuard guard(mutex_);
    pid_ = 0;
  }
  siginfo_t info{};
  (void)host::call::waitid(P_PIDFD, pidfd_.fd(), &info, WEXITED, nullptr).ok();
  dead_ = true;
  __atomic_add_fetch(&page->reply, 1u << 31, __ATOMIC_SEQ_CST);  // so that a waiter looks again
  host::futex_wake(&page->reply, 1, host::FutexScope::shared);
}

void TemplateProcess::kill() { (void)host::call::pidfd_send_signal(pidfd_.fd(), SIGKILL, nullptr, 0).ok(); }

}  // namespace limen::platform
