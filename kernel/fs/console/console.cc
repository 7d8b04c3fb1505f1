#include "kernel/fs/console/console.h"

#include <array>
#include <atomic>

#include "abi/poll.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

// Nothing is held when it is called, so its own lock is the outermost of all.
class ConsoleLink final : public Terminal::Link {
 public:
  ConsoleLink(Ref<Terminal> terminal, host::Handle channel, std::shared_ptr<host::Watcher> watcher,
              std::function<void()> want_input)
      : terminal_(std::move(terminal)),
        stream_(std::move(channel)),
        watcher_(std::move(watcher)),
        want_input_(std::move(want_input)) {}

  void output_waits() override {
    MutexGuard guard(lock_);
    std::array<u8, 4096> bytes;
    while (const usize n = terminal_->copy_output(bytes)) {
      const Result<usize> written = stream_.write(std::span(bytes).first(n));
      if (written.is(Errno::eagain)) {
        watcher_->watch(stream_.fd(), kPollOut, [self = Ref<ConsoleLink>(this)] { self->output_waits(); });
        return;
      }
      terminal_->pop_output(written.ok() ? *written : n);  // a terminal that is gone takes all
    }
  }

  void drain() override {
    constexpr u64 kLongestNs = 10'000'000'000;
    constexpr int kStepMs = 200;
    const Deadline end = terminal_->kernel().clock().after(kLongestNs);
    u8 byte;
    while (terminal_->copy_output(std::span(&byte, 1)) != 0 && terminal_->kernel().clock().monotonic_ns() < end.ns()) {
      stream_.wait(kPollOut, kStepMs);
      output_waits();
    }
  }

  void input_has_room() override {
    if (waits_for_room_.exchange(false)) take_input();
  }

  void input_is_wanted() override {
    if (!asked_.exchange(true)) want_input_();
  }

  void watch_input() {
    watcher_->watch(stream_.fd(), kPollIn, [self = Ref<ConsoleLink>(this)] { self->take_input(); });
  }

 private:
  // No more than the terminal has room for: the rest waits in the channel, and then in the host's terminal.
  void take_input() {
    std::array<u8, 4096> bytes;
    for (;;) {
      usize room = terminal_->master_room();
      if (room == 0) {
        waits_for_room_.store(true);
        room = terminal_->master_room();
        if (room == 0 || !waits_for_room_.exchange(false)) return;
      }
      const Result<usize> n = stream_.read(std::span(bytes).first(std::min(room, bytes.size())));
      if (n.is(Errno::eagain)) return watch_input();
      if (n.value_or(0) == 0) break;
      terminal_->master_write(std::span(bytes).first(*n));
    }
    watcher_->forget(stream_.fd());
    terminal_->close_master();
  }

  const Ref<Terminal> terminal_;  // a cycle that lasts as long as the kernel
  host::Stream stream_;
  const std::shared_ptr<host::Watcher> watcher_;
  const std::function<void()> want_input_;
  Mutex lock_{LockRank::kernel};  // one writer at a time, in order
  std::atomic<bool> waits_for_room_{false}, asked_{false};
};

}  // namespace

Result<Ref<Terminal>> make_console(Kernel& kernel, ConsoleOptions options, std::shared_ptr<host::Watcher> watcher) {
  constexpr Gid kTtyGroup(5);
  const Terminals::Entry entry = TRY(Terminals::of(kernel)->add(kernel, options.owner, kTtyGroup, options.settings));
  entry.terminal->set_window(options.window);
  Ref<ConsoleLink> link = make_ref<ConsoleLink>(entry.terminal, std::move(options.channel), std::move(watcher),
                                                std::move(options.want_input));
  entry.terminal->set_link(link);
  link->watch_input();
  return entry.terminal;
}

void drain_console(Kernel& kernel) {
  if (const Ref<Terminal> console = Terminals::of(kernel)->console()) console->drain();
}

}  // namespace limen
