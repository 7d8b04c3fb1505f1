#include "cli/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "abi/ioctl.h"

// The linker's.
extern "C" const char __executable_start, etext;

namespace limen::cli {
namespace {

constexpr size_t kChunk = 4096;
constexpr size_t kMostHeld = 16 * kChunk;
constexpr int kLookAgainMs = 300;  // in the background: are we in front yet?
constexpr std::chrono::seconds kGraceAfterHangUp{2};

// A description of our own, so that O_NONBLOCK is nobody else's.
int open_again(int fd) {
  const std::string name = "/proc/self/fd/" + std::to_string(fd);
  for (const char* path : {name.c_str(), "/dev/tty"}) {
    const int own = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own >= 0) return own;
  }
  return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

bool ignores_hang_up() {
  struct sigaction action {};
  return sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Setting a terminal from the background would stop us; giving it back must not.
class WithoutStops {
 public:
  WithoutStops() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTTOU);
    sigprocmask(SIG_BLOCK, &set, &before_);
  }
  ~WithoutStops() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  WithoutStops(const WithoutStops&) = delete;
  WithoutStops& operator=(const WithoutStops&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

bool has_controlling_terminal() {
  const int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

// --- the terminal ---------------------------------------------------------------------------------------------------

std::optional<HostTerminal> HostTerminal::find() {
  for (int fd = 0; fd <= 2; ++fd) {
    HostTerminal terminal;
    if (ioctl(fd, abi::tcgets2, &terminal.cooked_) != 0) continue;
    terminal.fd_ = open_again(fd);
    if (terminal.fd_ < 0) return std::nullopt;
    return terminal;
  }
  return std::nullopt;
}

abi::Termios2 HostTerminal::settings_for_guest() const {
  abi::Termios2 t = cooked_;
  if (in_foreground()) return t;
  constexpr u8 kLiteralNext = 026;
  t.c_iflag |= abi::icrnl;
  t.c_oflag |= abi::opost | abi::onlcr;
  t.c_lflag |= abi::isig | abi::icanon | abi::iexten | abi::echo | abi::echoe | abi::echok;
  if (t.c_cc[abi::vlnext] == 0) t.c_cc[abi::vlnext] = kLiteralNext;
  return t;
}

abi::WinSize HostTerminal::window() const {
  abi::WinSize size{};
  ioctl(fd_, abi::tiocgwinsz, &size);
  return size;
}

bool HostTerminal::is_stream(int fd) const {
  struct stat own {
  }, other{};
  abi::Termios2 unused;
  if (ioctl(fd, abi::tcgets2, &unused) != 0 || fstat(fd_, &own) != 0 || fstat(fd, &other) != 0) return false;
  // /dev/tty is whatever our terminal is.
  return own.st_rdev == other.st_rdev || major(other.st_rdev) == 5 || major(own.st_rdev) == 5;
}

bool HostTerminal::in_foreground() const {
  const pid_t group = tcgetpgrp(fd_);
  return group < 0 || group == getpgrp();  // not our controlling terminal: nobody else's job either
}

bool HostTerminal::adds_returns() const {
  constexpr u32 kBoth = abi::opost | abi::onlcr;
  return !is_raw_ && (cooked_.c_oflag & kBoth) == kBoth;
}

void HostTerminal::take() {
  ioctl(fd_, abi::tcgets2, &cooked_);
  take_again();
}

void HostTerminal::take_again() {
  abi::Termios2 raw = cooked_;
  raw.c_iflag &= abi::iutf8;
  raw.c_oflag &= ~abi::opost;
  raw.c_lflag = 0;
  raw.c_cc[abi::vmin] = 1, raw.c_cc[abi::vtime] = 0;
  const WithoutStops guard;
  is_raw_ = ioctl(fd_, abi::tcsets2, &raw) == 0;
}

void HostTerminal::give_back() {
  if (!std::exchange(is_raw_, false)) return;
  const WithoutStops guard;
  ioctl(fd_, abi::tcsetsw2, &cooked_);
}

// --- the relay ------------------------------------------------------------------------------------------------------

namespace {

constexpr int kSlimAfterMs = 1000;

// The host takes the program's text and constants out of our address space; what we come to again it maps again.
void let_go_of_text() {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto from = reinterpret_cast<uintptr_t>(&__executable_start) / page * page;
  const auto to = reinterpret_cast<uintptr_t>(&etext) / page * page;
  if (to > from) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

}  // namespace

Relay::Relay(std::optional<HostTerminal> terminal, int control_fd, int console_fd)
    : terminal_(terminal),
      control_fd_(control_fd),
      console_fd_(console_fd),
      had_terminal_(has_controlling_terminal()),
      outlives_terminal_(ignores_hang_up()) {}

void Relay::send(ControlMessage message) const {
  if (control_fd_ >= 0) (void)!write(control_fd_, &message, sizeof message);
}

int Relay::run(pid_t kernel, const sigset_t& watched) {
  const int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  for (;;) {
    int status = 0;
    if (waitpid(kernel, &status, WNOHANG) == kernel) {
      finish();
      return status;
    }
    const bool reads = terminal_ && console_fd_ >= 0 && terminal_->is_raw() && to_guest_.empty();
    const short typed = static_cast<short>((reads ? POLLIN : 0) | (to_terminal_.empty() ? 0 : POLLOUT));
    const short shown = static_cast<short>((to_terminal_.empty() ? POLLIN : 0) | (to_guest_.empty() ? 0 : POLLOUT));
    pollfd fds[] = {{signals, POLLIN, 0},
                    {control_fd_, POLLIN, 0},
                    {console_fd_, shown, 0},
                    {terminal_ && console_fd_ >= 0 ? terminal_->fd() : -1, typed, 0}};
    const int ready = poll(fds, 4, timeout_ms());
    if (ready < 0) continue;
    if (ready == 0) grow_slim();
    if (wanted_ && terminal_ && terminal_->in_foreground()) try_take();
    end_after_hang_up(kernel);
    signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info) on_signal(static_cast<int>(info.ssi_signo));
    if (fds[1].revents != 0) on_control();
    if ((fds[2].revents & POLLIN) != 0) on_shown();
    if ((fds[2].revents & POLLOUT) != 0) write_typed();
    if ((fds[3].revents & POLLOUT) != 0) write_shown();
    if ((fds[3].revents & POLLIN) != 0) on_typed();
    if ((fds[3].revents & (POLLHUP | POLLERR)) != 0 && (fds[3].revents & POLLIN) == 0) hang_up();
    const bool all_shown = (shown & POLLIN) != 0 && (fds[2].revents & POLLIN) == 0;
    if (console_fd_ >= 0 && (fds[2].revents & (POLLHUP | POLLERR)) != 0 && all_shown) {
      close(std::exchange(console_fd_, -1));
    }
  }
}

// Who runs for longer than a moment mostly waits: a front end needs a tenth of the text that it started with.
void Relay::grow_slim() {
  if (!std::exchange(is_slim_, true)) let_go_of_text();
}

int Relay::timeout_ms() const {
  const bool waits_for_front = wanted_ && terminal_ && !terminal_->is_raw() && console_fd_ >= 0;
  if (waits_for_front || ends_at_) return kLookAgainMs;
  return is_slim_ ? -1 : kSlimAfterMs;
}

void Relay::end_after_hang_up(pid_t kernel) {
  if (ends_at_ && std::chrono::steady_clock::now() > *ends_at_) kill(kernel, SIGKILL);
}

void Relay::on_signal(int signal) {
  switch (signal) {
    case SIGCHLD:
      return;
    case SIGHUP:
      if (had_terminal_ && !has_controlling_terminal()) hang_up();
      break;
    case SIGWINCH:
      if (terminal_) return send({.kind = ControlMessage::Kind::window, .window = terminal_->window()});
      break;
    case SIGCONT:
      if (terminal_ && terminal_->is_raw()) terminal_->take_again();
      if (terminal_) send({.kind = ControlMessage::Kind::window, .window = terminal_->window()});
      if (wanted_ && terminal_ && terminal_->in_foreground()) try_take();
      break;
    default:
      break;
  }
  send({.signal = signal});
}

void Relay::on_control() {
  ControlMessage message;
  const ssize_t n = read(control_fd_, &message, sizeof message);
  if (n < 0 && errno == EINTR) return;
  if (n != sizeof message) {  // the kernel process is ending: SIGCHLD comes
    close(std::exchange(control_fd_, -1));
    return;
  }
  if (message.kind == ControlMessage::Kind::stopped) {
    stop_self(message.signal);
  } else if (message.kind == ControlMessage::Kind::want_input) {
    wanted_ = true;
    try_take();
  }
}

void Relay::try_take() {
  if (!terminal_ || console_fd_ < 0 || terminal_->is_raw()) return;
  if (!terminal_->in_foreground()) {
    stop_self(SIGTTIN);  // and take it when we are in front; where nobody stops us, the loop looks again
    return;
  }
  send({.kind = ControlMessage::Kind::window, .window = terminal_->window()});
  terminal_->take();
}

// As the signal does to a program that does not care; harmless where nobody would continue us (an orphaned process group).
void Relay::stop_self(int signal) {
  while (on_shown()) {
  }
  if (terminal_) terminal_->give_back();
  if (signal == SIGSTOP) {
    raise(SIGSTOP);
  } else {
    sigset_t one, before;
    sigemptyset(&one);
    sigaddset(&one, signal);
    ::signal(signal, SIG_DFL);
    raise(signal);
    sigprocmask(SIG_UNBLOCK, &one, &before);
    sigprocmask(SIG_SETMASK, &before, nullptr);
  }
  on_signal(SIGCONT);  // whether we were stopped or nobody stops us
}

void Relay::on_typed() {
  char bytes[kChunk];
  const ssize_t n = read(terminal_->fd(), bytes, sizeof bytes);
  if (n > 0) {
    to_guest_.assign(bytes, static_cast<size_t>(n));
    write_typed();
  } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    hang_up();
  }
}

void Relay::write_typed() {
  const ssize_t n = write(console_fd_, to_guest_.data(), to_guest_.size());
  if (n > 0) to_guest_.erase(0, static_cast<size_t>(n));
}

bool Relay::on_shown() {
  if (console_fd_ < 0 || !terminal_ || to_terminal_.size() > kMostHeld) return false;
  char bytes[kChunk];
  const ssize_t n = read(console_fd_, bytes, sizeof bytes);
  if (n <= 0) return false;
  to_terminal_ += without_returns({bytes, static_cast<size_t>(n)});
  pollfd more{console_fd_, POLLIN, 0};
  if (holds_return_ && poll(&more, 1, 0) <= 0) {  // no line feed belongs to it
    to_terminal_ += '\r';
    holds_return_ = false;
  }
  write_shown();
  return true;
}

void Relay::write_shown() {
  while (!to_terminal_.empty()) {
    const ssize_t n = write(terminal_->fd(), to_terminal_.data(), to_terminal_.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return to_terminal_.clear();  // the terminal is gone
    to_terminal_.erase(0, static_cast<size_t>(n));
  }
}

// A terminal that is not ours yet puts a return before each line feed; the guest's has done so already.
std::string Relay::without_returns(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (std::exchange(holds_return_, false) && (c != '\n' || !terminal_->adds_returns())) out += '\r';
    if (c == '\r' && terminal_->adds_returns()) {
      holds_return_ = true;
    } else {
      out += c;
    }
  }
  return out;
}

// The window was closed, or the line has gone.
void Relay::hang_up() {
  if (terminal_) terminal_->give_back();
  if (!outlives_terminal_ && !ends_at_) ends_at_ = std::chrono::steady_clock::now() + kGraceAfterHangUp;
  to_guest_.clear(), to_terminal_.clear();
  if (console_fd_ >= 0) close(std::exchange(console_fd_, -1));
  terminal_.reset();
}

void Relay::finish() {
  if (!terminal_) return;
  if (console_fd_ >= 0) fcntl(console_fd_, F_SETFL, O_NONBLOCK);
  constexpr int kMostWaits = 50;
  for (int waits = 0; waits < kMostWaits;) {
    const bool more = on_shown();
    write_shown();
    if (!more && to_terminal_.empty()) break;
    if (to_terminal_.empty()) continue;
    pollfd p{terminal_->fd(), POLLOUT, 0};
    poll(&p, 1, kLookAgainMs);
    ++waits;
  }
  terminal_->give_back();
}

}  // namespace limen::cli
