// The kernel process: what runs in it, from the plan to the exit status.
#pragma once

#include <optional>

#include "abi/termios.h"
#include "cli/plan.h"

namespace limen::cli {

// The front end's terminal, as the guest's console begins.
struct ConsoleStart {
  int channel = -1;  // the kernel process's end: what is typed, what is shown
  abi::Termios2 settings{};
  abi::WinSize window{};
  bool is_stream[3] = {};  // which of standard input, output and error are that terminal
};

// How the front end and the kernel process stand to each other.
struct KernelStart {
  int control_fd = -1;      // ControlMessages, both ways; its end of file means that the front end is gone
  int events_fd = -1;       // where the recorder writes; -1: nobody reads
  u64 ignored_signals = 0;  // by who started us; bit by bit, 1 first
  bool is_job = false;      // a shell waits for the front end, and would continue it
  std::optional<ConsoleStart> console;
};

// Body of the kernel process, single-threaded at entry. Returns the status that limen exits with where no guest was started; the reason is
// on standard error. When the guest has ended it ends the process itself, with the guest's status.
int run_kernel(const Plan& plan, const KernelStart& start);

struct ControlMessage {
  enum class Kind : i32 {
    signal,      // to the kernel: `signal` is for the guest's foreground process group
    window,      // to the kernel: the terminal has a new size
    want_input,  // to the front end: take the terminal, raw
    stopped,     // to the front end: the first process was stopped by `signal`
  } kind = Kind::signal;
  i32 signal = 0;
  abi::WinSize window{};
};

}  // namespace limen::cli
