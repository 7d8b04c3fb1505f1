// The user's own terminal as the guest's: a Terminal whose other end is the front end (cli/relay.h), which sits on the host's
// terminal. So job control inside is Limen's own, and the host's shell sees one job.
#pragma once

#include <functional>
#include <memory>

#include "host/stream.h"
#include "kernel/fs/tty/terminal.h"

namespace limen {

struct ConsoleOptions {
  host::Handle channel;    // a stream socket to the front end: what is typed, what is shown
  abi::Termios2 settings;  // the host terminal's
  abi::WinSize window;
  Uid owner;
  std::function<void()> want_input;  // a guest waits for input, or has changed settings; told once
};

// Terminal 0 of the kernel; to be made before the first task.
Result<Ref<Terminal>> make_console(Kernel& kernel, ConsoleOptions options, std::shared_ptr<host::Watcher> watcher);
// Waits until what was written has gone to the front end, for a while.
void drain_console(Kernel& kernel);

}  // namespace limen
