#include "cli/live.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <vector>

#include "cli/terminal.h"
#include "host/clock.h"
#include "host/lockdown.h"
#include "trace/stream.h"

namespace limen::cli {
namespace {

constexpr std::string_view kOtherScreen = "\x1b[?1049h\x1b[?25l\x1b[2J", kOwnScreen = "\x1b[?25h\x1b[?1049l";
constexpr u64 kRedrawNs = 250'000'000;
constexpr usize kMostKept = 256 * 1024;

u64 now_ns() { return static_cast<u64>(host::monotonic_ns()); }

// The rest of a run, in the reader's process.
class View {
 public:
  View(int events, int terminal, int kept, trace::Live& live, trace::Follower* lines, trace::Output& output)
      : events_(events), terminal_(terminal), kept_(kept), live_(live), lines_(lines), output_(output) {}

  int run() {
    std::vector<u8> bytes(256 * 1024);
    put(kOtherScreen);
    draw();
    bool sound = true;
    while (!gone_ && sound) {
      const u64 now = now_ns(), due = drawn_ns_ + kRedrawNs;
      pollfd fds[] = {{events_, POLLIN, 0}, {terminal_, POLLIN, 0}, {kept_, POLLIN, 0}};
      // Rates fall while nothing comes: the screen is drawn nevertheless.
      const int wait = due > now ? static_cast<int>((due - now) / 1'000'000 + 1) : 0;
      if (poll(fds, 3, wait) < 0 && errno != EINTR) break;
      if ((fds[2].revents & POLLIN) != 0) keep();
      if ((fds[1].revents & (POLLIN | POLLHUP)) != 0) keys();
      if ((fds[0].revents & (POLLIN | POLLHUP)) != 0) {
        const ssize_t n = ::read(events_, bytes.data(), bytes.size());
        if (n <= 0 && errno != EINTR) break;
        sound = n <= 0 || take({bytes.data(), static_cast<usize>(n)});
      }
      if (now_ns() >= drawn_ns_ + kRedrawNs) draw();
      if (!output_.flush()) break;
    }
    return end(sound);
  }

 private:
  bool take(std::span<const u8> bytes) {
    return stream_.feed(bytes, [this](const trace::EventView& view) {
      live_.take(view);
      if (lines_ != nullptr) lines_->take(view);
    });
  }

  void put(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = ::write(terminal_, text.data(), text.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      text.remove_prefix(static_cast<usize>(n));
    }
  }

  winsize size() const {
    winsize size{};
    if (ioctl(terminal_, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
      size.ws_row = 24, size.ws_col = 80;
    return size;
  }

  void draw() {
    drawn_ns_ = now_ns();
    const winsize now = size();
    const std::string screen = live_.screen(now.ws_row, now.ws_col, drawn_ns_);
    if (!live_.is_paused() || changed_) put(screen);
    changed_ = false;
  }

  void keys() {
    char typed[64];
    const ssize_t n = ::read(terminal_, typed, sizeof typed);
    if (n <= 0) {
      gone_ = n == 0 || (errno != EINTR && errno != EAGAIN);
      return;
    }
    for (const char key : std::string_view(typed, static_cast<usize>(n))) {
      changed_ = true;
      if (key == 's') {
        live_.next_order();
      } else if (key == 'p' || key == ' ') {
        live_.pause();
      } else if (key == 'q') {
        // Asked, then made, to end.
        if (std::exchange(asked_, true)) gone_ = true;
        syscall(SYS_tgkill, parent_, parent_, SIGTERM);
      }
    }
    drawn_ns_ = 0;
  }

  void keep() {
    char some[16 * 1024];
    const ssize_t n = ::read(kept_, some, sizeof some);
    if (n <= 0) return;
    said_.append(some, static_cast<usize>(n));
    if (said_.size() > 2 * kMostKept) said_.erase(0, said_.size() - kMostKept), cut_ = true;
  }

  int end(bool sound) {
    usize before = 0;
    do {
      before = said_.size();
      keep();
    } while (said_.size() != before);
    draw();
    put(kOwnScreen);
    if (cut_) put("limen trace: what the program wrote first was too long to be kept\n");
    put(said_);
    put(live_.table(size().ws_col));
    if (lines_ != nullptr) lines_->finish();
    if (sound && output_.flush()) return 0;
    report_error("trace", sound ? "cannot write the output: " + output_.error() : "the stream of events is broken");
    return kExitLimenFailed;
  }

  const int events_, terminal_, kept_;
  const pid_t parent_ = getppid();
  trace::Live& live_;
  trace::Follower* lines_;
  trace::Output& output_;
  trace::Stream stream_;
  std::string said_;
  u64 drawn_ns_ = 0;
  bool gone_ = false, asked_ = false, cut_ = false, changed_ = false;
};

}  // namespace

LiveTerminal::LiveTerminal() {
  if (isatty(STDERR_FILENO) != 1) throw UsageError("--live: standard error is not a terminal");
  terminal_ = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal_ < 0 || tcgetattr(terminal_, &before_) != 0)
    throw UsageError(std::string("--live: the terminal cannot be opened: ") + std::strerror(errno));
  if (pipe2(kept_, O_CLOEXEC) != 0) throw UsageError(std::string("--live: no pipe: ") + std::strerror(errno));
  fcntl(kept_[0], F_SETFL, O_NONBLOCK);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (int fd = 0; fd <= 2; ++fd) {
    if (isatty(fd) != 1) continue;
    streams_[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    dup2(fd == 0 ? nothing : kept_[1], fd);
  }
  close(nothing);
  close(kept_[1]);
  termios keys = before_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VSUSP] = _POSIX_VDISABLE;  // who would continue us would find another screen
  tcsetattr(terminal_, TCSADRAIN, &keys);
}

LiveTerminal::~LiveTerminal() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (streams_[fd] < 0) continue;
    dup2(streams_[fd], fd);
    close(streams_[fd]);
  }
  // Whatever became of the reader.
  (void)!::write(terminal_, "\x1b[?25h", 6);
  tcsetattr(terminal_, TCSADRAIN, &before_);
  close(terminal_);
}

int LiveTerminal::read(int events_fd, trace::Live& live, trace::Follower* lines, trace::Output& output) const {
  for (int fd = 1; fd <= 2; ++fd) {
    if (streams_[fd] >= 0) dup2(terminal_, fd);
  }
  tzset();
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  View view(events_fd, terminal_, kept_[0], live, lines, output);
  if (!host::lock_down().ok()) {
    report_error("trace", "the host did not take the seccomp filter of the events' reader");
    return kExitLimenFailed;
  }
  return view.run();
}

}  // namespace limen::cli
