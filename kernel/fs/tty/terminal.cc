#include "kernel/fs/tty/terminal.h"

#include <iterator>

#include "abi/ioctl.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

constexpr PollEvents kReadable = kPollIn | kPollRdNorm;
constexpr PollEvents kWritable = kPollOut | kPollWrNorm;
constexpr PollEvents kHungUp = kReadable | kWritable | kPollErr | kPollHup;
constexpr u64 kTenthNs = 100'000'000;

// Linux: unset_locked_termios.
void keep_locked(const abi::Termios& locked, const abi::Termios2& old, abi::Termios2& now) {
  const auto keep = [](u32& to, u32 from, u32 mask) { to = (to & ~mask) | (from & mask); };
  keep(now.c_iflag, old.c_iflag, locked.c_iflag), keep(now.c_oflag, old.c_oflag, locked.c_oflag);
  keep(now.c_cflag, old.c_cflag, locked.c_cflag), keep(now.c_lflag, old.c_lflag, locked.c_lflag);
  if (locked.c_line != 0) now.c_line = old.c_line;
  for (usize i = 0; i < std::size(locked.c_cc); ++i) {
    if (locked.c_cc[i] != 0) now.c_cc[i] = old.c_cc[i];
  }
}

}  // namespace

Terminal::Terminal(Kernel& kernel, u32 number, const abi::Termios2& settings, MemoryCharge charge)
    : kernel_(kernel), number_(number), charge_(std::move(charge)), line_(settings) {}

Terminal::~Terminal() = default;

// --- the slave's side ---------------------------------------------------------------------------------------------

Result<u32> Terminal::open_slave(Task& task) {
  MutexGuard guard(lock_);
  if (master_gone_ || (flags_.locked && !link_)) return Errno::eio;
  if (flags_.exclusive && !task.credentials().capable(Capability::sys_admin)) return Errno::ebusy;
  ++slaves_;
  slave_left_ = false;
  return life_;
}

u32 Terminal::open_first() {
  MutexGuard guard(lock_);
  ++slaves_;
  return life_;
}

void Terminal::close_slave(u32 life) {
  {
    MutexGuard guard(lock_);
    if (life != life_ || --slaves_ != 0) return;
    slave_left_ = true;
    flags_.packets = flags_.exclusive = false;
  }
  master_queue.wake(kReadable | kWritable | kPollHup);
}

bool Terminal::is_hung_up(u32 life) const {
  MutexGuard guard(lock_);
  return life != life_;
}

Terminal::ReadPlan Terminal::read_plan() const {
  MutexGuard guard(lock_);
  ReadPlan plan;
  const abi::Termios2& t = line_.settings();
  if ((t.c_lflag & abi::icanon) != 0) return plan;
  const u64 ns = t.c_cc[abi::vtime] * kTenthNs;
  if (t.c_cc[abi::vmin] != 0) {
    plan.minimum = t.c_cc[abi::vmin];
    plan.between_ns = ns;
  } else {
    plan.has_limit = true;
    plan.total_ns = ns;
  }
  return plan;
}

// The line discipline takes what the master has sent as soon as it can.
void Terminal::take_pending(Effects& effects) {
  while (!pending_.empty()) {
    const usize n = line_.receive(pending_.front(), effects);
    pending_.pop(n);
    if (n == 0) return;
  }
}

Result<LineDiscipline::Taken> Terminal::read(u32 life, UserBuffer& to) {
  Effects effects;
  LineDiscipline::Taken taken;
  bool made_room = false;
  {
    MutexGuard guard(lock_);
    if (life != life_) return LineDiscipline::Taken{0, true};
    if (!line_.has_input(1)) return Errno::eagain;
    taken = TRY(line_.read(to));
    made_room = !pending_.empty() || link_;
    take_pending(effects);
    note_packets(effects);
  }
  carry_out(effects);
  if (made_room) {
    master_queue.wake(kWritable);
    if (const Ref<Link> waits = link()) waits->input_has_room();
  }
  return taken;
}

Result<usize> Terminal::write(u32 life, UserBuffer& from) {
  Effects effects;
  usize total = 0;
  {
    MutexGuard guard(lock_);
    if (life != life_ || master_gone_) return Errno::eio;
    while (from.remaining() != 0) {
      u8 bytes[1024];
      if (line_.write_room() == 0) break;
      const Result<usize> copied = from.copy_in(std::span(bytes).first(std::min(from.remaining(), sizeof bytes)));
      if (!copied.ok() && total == 0) return copied.error();
      const usize given = copied.value_or(0);
      const usize n = line_.write(std::span(bytes).first(given));
      from.rewind(given - n);
      total += n;
      if (n < given || given == 0) break;
    }
    if (total == 0 && from.remaining() != 0) return Errno::eagain;
    effects.output = true;
  }
  carry_out(effects);
  return total;
}

PollEvents Terminal::poll_slave(u32 life) const {
  MutexGuard guard(lock_);
  if (life != life_) return kHungUp;
  const abi::Termios2& t = line_.settings();
  const bool counts = t.c_cc[abi::vtime] == 0 && t.c_cc[abi::vmin] != 0;
  PollEvents events = 0;
  if (line_.has_input(counts ? t.c_cc[abi::vmin] : 1)) events |= kReadable;
  if (master_gone_) events |= kPollHup;
  if (line_.write_room() != 0) events |= kWritable;
  return events;
}

// --- the master's side --------------------------------------------------------------------------------------------

Result<usize> Terminal::master_read(UserBuffer& to) {
  usize total = 0;
  {
    MutexGuard guard(lock_);
    if (flags_.packets && packet_status_ != 0) {
      const u8 status = packet_status_;
      const usize n = TRY(to.copy_out(std::span(&status, 1)));
      packet_status_ = 0;
      return n;
    }
    ByteQueue& output = line_.output();
    if (output.empty()) return slave_left_ ? Errno::eio : Errno::eagain;
    if (flags_.packets) {
      const u8 data = abi::tiocpkt_data;
      total = TRY(to.copy_out(std::span(&data, 1)));
    }
    while (to.remaining() != 0 && !output.empty()) {
      const std::span<const u8> bytes = output.front();
      const Result<usize> copied = to.copy_out(bytes.first(std::min(bytes.size(), to.remaining())));
      if (!copied.ok() && total == 0) return copied.error();
      output.pop(copied.value_or(0));
      total += copied.value_or(0);
      if (copied.value_or(0) == 0) break;
    }
    line_.flush_echoes();
  }
  slave_queue.wake(kWritable);
  return total;
}

usize Terminal::master_write(std::span<const u8> bytes) {
  Effects effects;
  usize n = 0;
  {
    MutexGuard guard(lock_);
    n = pending_.push(bytes);
    take_pending(effects);
    if (n < bytes.size()) {  // what the line discipline has taken makes room
      n += pending_.push(bytes.subspan(n));
      take_pending(effects);
    }
    note_packets(effects);
  }
  carry_out(effects);
  return n;
}

usize Terminal::master_room() const {
  MutexGuard guard(lock_);
  return pending_.room();
}

PollEvents Terminal::poll_master() const {
  MutexGuard guard(lock_);
  PollEvents events = 0;
  if (!line_.output().empty()) events |= kReadable;
  if (flags_.packets && packet_status_ != 0) events |= kReadable | kPollPri;
  if (slave_left_) events |= kPollHup;
  if (pending_.room() != 0) events |= kWritable;
  return events;
}

void Terminal::close_master() {
  {
    MutexGuard guard(lock_);
    master_gone_ = true;
  }
  hang_up();
}

Ref<Terminal::Link> Terminal::link() const {
  MutexGuard guard(lock_);
  return link_;
}

void Terminal::set_link(Ref<Link> link) {
  MutexGuard guard(lock_);
  link_ = std::move(link);
}

usize Terminal::copy_output(std::span<u8> to) {
  MutexGuard guard(lock_);
  const std::span<const u8> bytes = line_.output().front();
  const usize n = std::min(bytes.size(), to.size());
  std::copy_n(bytes.begin(), n, to.begin());
  return n;
}

void Terminal::pop_output(usize n) {
  {
    MutexGuard guard(lock_);
    line_.output().pop(std::min(n, line_.output().size()));
    line_.flush_echoes();
  }
  slave_queue.wake(kWritable);
}

// --- settings -----------------------------------------------------------------------------------------------------

abi::Termios2 Terminal::settings() const {
  MutexGuard guard(lock_);
  return line_.settings();
}

abi::Termios Terminal::locked_settings() const {
  MutexGuard guard(lock_);
  return locked_;
}

void Terminal::lock_settings(const abi::Termios& locked) {
  MutexGuard guard(lock_);
  locked_ = locked;
}

void Terminal::set_settings(const abi::Termios2& settings) {
  Effects effects;
  {
    MutexGuard guard(lock_);
    const abi::Termios2 old = line_.settings();
    abi::Termios2 now = settings;
    keep_locked(locked_, old, now);
    now.c_cflag = (now.c_cflag & ~(abi::csize | abi::parenb)) | abi::cs8 | abi::cread;
    line_.set_settings(now, effects);
    if (flags_.packets) note_flow_settings(old, now);
    take_pending(effects);
    note_packets(effects);
  }
  carry_out(effects);
  want_input();  // what the guest sets must hold for the user's terminal
}

// Linux: drivers/tty/pty.c:pty_set_termios.
void Terminal::note_flow_settings(const abi::Termios2& old, const abi::Termios2& now) {
  const auto flows = [](const abi::Termios2& t) {
    return (t.c_iflag & abi::ixon) != 0 && t.c_cc[abi::vstop] == 023 && t.c_cc[abi::vstart] == 021;
  };
  if (flows(old) != flows(now)) {
    packet_status_ &= static_cast<u8>(~(abi::tiocpkt_dostop | abi::tiocpkt_nostop));
    packet_status_ |= flows(now) ? abi::tiocpkt_dostop : abi::tiocpkt_nostop;
  }
  if (((old.c_lflag | now.c_lflag) & abi::extproc) != 0) packet_status_ |= abi::tiocpkt_ioctl;
}

void Terminal::note_packets(const Effects& effects) {
  if (!flags_.packets) return;
  if (effects.flushed_input) packet_status_ |= abi::tiocpkt_flushread;
  if (effects.flushed_output) packet_status_ |= abi::tiocpkt_flushwrite;
  if (effects.stopped) packet_status_ = static_cast<u8>((packet_status_ & ~abi::tiocpkt_start) | abi::tiocpkt_stop);
  if (effects.started) packet_status_ = static_cast<u8>((packet_status_ & ~abi::tiocpkt_stop) | abi::tiocpkt_start);
}

abi::WinSize Terminal::window() const {
  MutexGuard guard(lock_);
  return window_;
}

void Terminal::set_window(const abi::WinSize& size) {
  {
    MutexGuard guard(lock_);
    if (std::memcmp(&size, &window_, sizeof size) == 0) return;
    window_ = size;
  }
  signal_foreground(SignalSet::of(sig::winch));
}

void Terminal::flush(Queue queue) {
  Effects effects;
  {
    MutexGuard guard(lock_);
    if (queue != Queue::output) line_.flush_input(effects);
    if (queue != Queue::input) line_.flush_output(effects);
    take_pending(effects);
    note_packets(effects);
  }
  carry_out(effects);
  if (queue != Queue::output) master_queue.wake(kWritable);
}

void Terminal::set_flow(LineDiscipline::Flow flow) {
  Effects effects;
  {
    MutexGuard guard(lock_);
    line_.set_flow(flow, effects);
    note_packets(effects);
  }
  carry_out(effects);
}

void Terminal::send_at_once(u8 c) {
  Effects effects;
  {
    MutexGuard guard(lock_);
    line_.send_at_once(c, effects);
  }
  carry_out(effects);
}

void Terminal::push_input(u8 c) {
  Effects effects;
  {
    MutexGuard guard(lock_);
    (void)line_.receive(std::span(&c, 1), effects);
    note_packets(effects);
  }
  carry_out(effects);
}

usize Terminal::readable_bytes(bool for_master) const {
  MutexGuard guard(lock_);
  if (for_master) return std::min(line_.output().size(), LineDiscipline::kInputSize - 1);
  return line_.readable_bytes();
}

void Terminal::want_input() {
  if (const Ref<Link> waits = link()) waits->input_is_wanted();
}

void Terminal::drain() {
  if (const Ref<Link> link_now = link()) link_now->drain();
}

Terminal::Flags Terminal::flags() const {
  MutexGuard guard(lock_);
  return flags_;
}

void Terminal::set_flags(Flags flags) {
  MutexGuard guard(lock_);
  if (flags.packets && !flags_.packets) packet_status_ = 0;
  flags_ = flags;
}

void Terminal::carry_out(const Effects& effects) {
  Ref<Link> link;
  bool packet = false;
  {
    MutexGuard guard(lock_);
    link = link_;
    packet = flags_.packets && packet_status_ != 0;
  }
  if (effects.input) slave_queue.wake(kReadable);
  if (effects.output || packet) {
    master_queue.wake(kReadable | (packet ? kPollPri : 0));
    if (effects.flushed_output || effects.started || effects.input) slave_queue.wake(kWritable);
    if (link) link->output_waits();
  }
  if (!effects.signals.empty()) signal_foreground(effects.signals);
}

}  // namespace limen
