// The front end's side of a run: makes the kernel process, passes on what the terminal and the caller send, waits.
#include "cli/start.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/sandbox.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

constexpr int kForwarded[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH, SIGUSR1, SIGUSR2};

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kForwarded) sigaddset(&set, signal);
  sigaddset(&set, SIGCHLD);
  return set;
}

// fork(2) into a PID namespace of its own where that needs no user namespace (which would hide the owners of the
// host's files): then the kernel process is its init, and nothing of the sandbox outlives it. Elsewhere every process
// of the sandbox dies with its parent thread (PR_SET_PDEATHSIG).
pid_t fork_kernel_process() {
  if (geteuid() == 0) {
    const long pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (pid >= 0) return static_cast<pid_t>(pid);
  }
  return fork();
}

[[noreturn]] void be_kernel_process(const Plan& plan, int control_fd, pid_t front_end) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Died before that took effect? In a PID namespace the parent has no number.
  if (getppid() != front_end && getppid() != 0) _exit(kExitLimenFailed);
  setsid();  // what the terminal sends goes to the front end, which passes it on
  const sigset_t all = watched_signals();
  sigprocmask(SIG_UNBLOCK, &all, nullptr);
  for (const int signal : kForwarded) ::signal(signal, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  _exit(run_kernel(plan, control_fd));
}

constexpr timespec kGraceAfterHangup = {2, 0};

bool has_terminal() {
  const int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

int wait_for(pid_t kernel, int control_fd) {
  const sigset_t set = watched_signals();
  const bool had_terminal = has_terminal();
  bool hung_up = false;
  for (;;) {
    siginfo_t info;
    const int signal = hung_up ? sigtimedwait(&set, &info, &kGraceAfterHangup) : sigwaitinfo(&set, &info);
    if (signal < 0) {
      // Nobody can see or end what still runs: programs that ignore SIGHUP go, too.
      if (hung_up && errno == EAGAIN) kill(kernel, SIGKILL);
      continue;
    }
    if (signal == SIGHUP && had_terminal && !has_terminal()) hung_up = true;
    if (signal != SIGCHLD) {
      const ControlMessage message{signal};
      (void)!write(control_fd, &message, sizeof message);
      if (signal == SIGTSTP) raise(SIGSTOP);  // the shell that started us takes the terminal back
      continue;
    }
    int status = 0;
    const pid_t done = waitpid(kernel, &status, WNOHANG);
    if (done != kernel) continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    report_error("run", std::string("the kernel process was ended by ") + strsignal(WTERMSIG(status)) +
                            "; the sandbox is gone with it");
    return kExitLimenFailed;
  }
}

}  // namespace

int start_sandbox(const Plan& plan) {
  int control[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0) {
    report_error("run", std::string("no socket pair: ") + strerror(errno));
    return kExitLimenFailed;
  }
  const sigset_t set = watched_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  const pid_t self = getpid();
  const pid_t kernel = fork_kernel_process();
  if (kernel < 0) {
    report_error("run", std::string("no process for the kernel: ") + strerror(errno));
    return kExitLimenFailed;
  }
  if (kernel == 0) {
    close(control[0]);
    be_kernel_process(plan, control[1], self);
  }
  close(control[1]);
  return wait_for(kernel, control[0]);
}

}  // namespace limen::cli
