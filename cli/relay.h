// The front end while the sandbox runs: it passes on signals and, where there is a terminal, what is typed and shown.
//
// The host's terminal stays as it is until a guest first waits for input or changes settings; then the relay takes it (raw
// mode), and gives it back at the end and whenever limen is stopped. So `limen run -- ls | less`, a job in the background and
// Ctrl-Z at a program that is the sandbox's first do what they do without limen:
//
// * Jobs of a shell *inside* are that shell's: Ctrl-Z stops them there.
// * Where the sandbox's first process itself is stopped (no shell inside takes care), limen stops, and the shell outside has
//   the terminal; its `fg` continues both.
// * In the background, limen stops with SIGTTIN when a guest wants the terminal.
//
// When the host's terminal is gone, so is the guest's; and what ignores SIGHUP is ended soon, as nobody can see or end it any
// more. Not so where limen was told to ignore SIGHUP (nohup).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>

#include "cli/sandbox.h"

namespace limen::cli {

// Is /dev/tty anything?
bool has_controlling_terminal();

class HostTerminal {
 public:
  // The first of standard input, output and error that is a terminal.
  static std::optional<HostTerminal> find();
  int fd() const { return fd_; }
  // What a program starts with: the host terminal's settings; in the background, where a shell may be editing a line, as the
  // shell will set it for a job.
  abi::Termios2 settings_for_guest() const;
  abi::WinSize window() const;
  bool is_stream(int fd) const;
  bool in_foreground() const;
  bool is_raw() const { return is_raw_; }
  // Does the terminal itself make "\r\n" of "\n" now?
  bool adds_returns() const;
  void take();        // as it is now is how it will be given back
  void take_again();  // after somebody may have changed it under us
  void give_back();

 private:
  int fd_ = -1;
  bool is_raw_ = false;
  abi::Termios2 cooked_{};
};

class Relay {
 public:
  // `console_fd` is -1 without a terminal.
  Relay(std::optional<HostTerminal> terminal, int control_fd, int console_fd);
  // Until the kernel process has ended; its wait status. The signals of `watched` are blocked.
  int run(pid_t kernel, const sigset_t& watched);

 private:
  void on_signal(int signal);
  void on_control();
  void on_typed();
  bool on_shown();  // was there anything?
  void write_shown();
  void write_typed();
  void try_take();
  void stop_self(int signal);
  void hang_up();
  int timeout_ms() const;
  void grow_slim();
  void end_after_hang_up(pid_t kernel);
  void finish();
  void send(ControlMessage message) const;
  std::string without_returns(std::string_view bytes);

  std::optional<HostTerminal> terminal_;
  int control_fd_;  // -1 once the kernel process has closed its end
  int console_fd_;
  bool wanted_ = false;  // a guest wants the terminal
  bool is_slim_ = false;
  bool holds_return_ = false;  // a '\r' that may belong to a '\n'
  const bool had_terminal_, outlives_terminal_;
  std::optional<std::chrono::steady_clock::time_point> ends_at_;  // after a hang-up
  std::string to_guest_, to_terminal_;
};

}  // namespace limen::cli
