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
#include <utility>

#include "cli/relay.h"
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

u64 ignored_signals() {
  u64 ignored = 0;
  for (int signal = 1; signal <= 64; ++signal) {
    struct sigaction action {};
    if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) ignored |= u64{1} << (signal - 1);
  }
  return ignored;
}

[[noreturn]] void be_kernel_process(const Plan& plan, const KernelStart& start, pid_t front_end) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Died before that took effect? In a PID namespace the parent has no number.
  if (getppid() != front_end && getppid() != 0) _exit(kExitLimenFailed);
  setsid();  // what the terminal sends goes to the front end, which passes it on
  const sigset_t all = watched_signals();
  sigprocmask(SIG_UNBLOCK, &all, nullptr);
  for (const int signal : kForwarded) ::signal(signal, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  _exit(run_kernel(plan, start));
}

int status_of_kernel(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  report_error("run", std::string("the kernel process was ended by ") + strsignal(WTERMSIG(status)) +
                          "; the sandbox is gone with it");
  return kExitLimenFailed;
}

// Does a shell with job control stand above us? Then it is the one to continue us after a stop.
bool is_job() { return getsid(0) != getpid() && has_controlling_terminal(); }

// The process that reads events: outside of the kernel process, whose bugs and whose privileges it shall not share.
class Reader {
 public:
  bool start(const std::function<int(int)>& read) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    constexpr int kRoom = 1 << 20;
    fcntl(ends[1], F_SETPIPE_SZ, kRoom);  // what the host grants
    pid_ = fork();
    if (pid_ < 0) return false;
    if (pid_ == 0) {
      close(ends[1]);
      // What ends the guest ends the events; the last of them are still to be written.
      for (const int signal : kForwarded) {
        if (signal != SIGCONT) ::signal(signal, SIG_IGN);
      }
      ::signal(SIGPIPE, SIG_IGN);
      _exit(read(ends[0]));
    }
    close(ends[0]);
    events_fd_ = ends[1];
    return true;
  }
  int events_fd() const { return events_fd_; }
  void close_events() {
    if (events_fd_ >= 0) close(std::exchange(events_fd_, -1));
  }
  // 0 where there is none.
  int wait() {
    close_events();
    int status = 0;
    if (pid_ <= 0) return 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : kExitLimenFailed;
  }

 private:
  pid_t pid_ = -1;
  int events_fd_ = -1;
};

struct Channels {
  int control[2] = {-1, -1};
  int console[2] = {-1, -1};
  void close_side(int side) const {
    close(control[side]);
    if (console[side] >= 0) close(console[side]);
  }
};

}  // namespace

int start_sandbox(const Plan& plan) { return start_sandbox(plan, nullptr); }

int start_sandbox(const Plan& plan, const std::function<int(int)>& read) {
  Reader reader;
  if (read && !reader.start(read)) {
    report_error("run", std::string("no process for the reader of events: ") + strerror(errno));
    return kExitLimenFailed;
  }
  Channels channels;
  const std::optional<HostTerminal> terminal = HostTerminal::find();
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channels.control) != 0 ||
      (terminal && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, channels.console) != 0)) {
    report_error("run", std::string("no socket pair: ") + strerror(errno));
    return kExitLimenFailed;
  }
  KernelStart start;
  start.ignored_signals = ignored_signals();
  start.control_fd = channels.control[1];
  start.is_job = is_job();
  start.events_fd = reader.events_fd();
  if (terminal) {
    start.console = ConsoleStart{channels.console[1], terminal->settings_for_guest(), terminal->window(), {}};
    for (int fd = 0; fd <= 2; ++fd) start.console->is_stream[fd] = terminal->is_stream(fd);
  }
  const sigset_t set = watched_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const pid_t self = getpid();
  const pid_t kernel = fork_kernel_process();
  if (kernel < 0) {
    report_error("run", std::string("no process for the kernel: ") + strerror(errno));
    return kExitLimenFailed;
  }
  if (kernel == 0) {
    channels.close_side(0);
    if (terminal) close(terminal->fd());
    be_kernel_process(plan, start, self);
  }
  channels.close_side(1);
  reader.close_events();
  const int status = status_of_kernel(Relay(terminal, channels.control[0], channels.console[0]).run(kernel, set));
  const int read_status = reader.wait();
  return read_status != 0 ? read_status : status;
}

}  // namespace limen::cli
