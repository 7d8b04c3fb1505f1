// ioctl_tty(2). Source: drivers/tty/tty_io.c:tty_ioctl, tty_ioctl.c (tty_mode_ioctl, n_tty_ioctl_helper), pty.c:pty_unix98_ioctl.
#include <algorithm>
#include <iterator>

#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "kernel/fs/tty/terminal_file.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/inode.h"

namespace limen {
namespace {

// --- speeds ---------------------------------------------------------------------------------------------------------

constexpr u32 kSpeeds[] = {0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400};
constexpr u32 kFastSpeeds[] = {57600,   115200,  230400,  460800,  500000,  576000,  921600, 1000000,
                               1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000};

u32 speed_of(u32 code, u32 other) {
  if (code == abi::bother) return other;
  const u32 index = code & 017;
  if ((code & abi::bother) == 0) return kSpeeds[index];
  return index <= std::size(kFastSpeeds) ? kFastSpeeds[index - 1] : 0;
}

// The speeds in numbers follow those in c_cflag, unless that leaves them to the numbers.
void settle_speeds(abi::Termios2& t) {
  constexpr u32 kInputShift = 16;
  t.c_ospeed = speed_of(t.c_cflag & abi::cbaud, t.c_ospeed);
  const u32 input = (t.c_cflag & abi::cibaud) >> kInputShift;
  t.c_ispeed = input == abi::b0 ? t.c_ospeed : speed_of(input, t.c_ispeed);
}

// --- settings -------------------------------------------------------------------------------------------------------

Result<i64> get_settings(Task& task, Terminal& terminal, u32 command, GuestAddr to) {
  const abi::Termios2 t = terminal.settings();
  if (command == abi::tcgets2) {
    TRY(UserOut<abi::Termios2>(to).write(task, t));
  } else if (command == abi::tcgets) {
    abi::Termios old{t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_line, {}};
    std::copy(std::begin(t.c_cc), std::end(t.c_cc), std::begin(old.c_cc));
    TRY(UserOut<abi::Termios>(to).write(task, old));
  } else {
    abi::Termio oldest{static_cast<u16>(t.c_iflag),
                       static_cast<u16>(t.c_oflag),
                       static_cast<u16>(t.c_cflag),
                       static_cast<u16>(t.c_lflag),
                       t.c_line,
                       {},
                       0};
    std::copy_n(std::begin(t.c_cc), std::size(oldest.c_cc), std::begin(oldest.c_cc));
    TRY(UserOut<abi::Termio>(to).write(task, oldest));
  }
  return 0;
}

Result<abi::Termios2> new_settings(Task& task, Terminal& terminal, u32 command, GuestAddr from) {
  abi::Termios2 t = terminal.settings();
  if (command >= abi::tcsets && command <= abi::tcsetsf) {
    const abi::Termios given = TRY(UserIn<abi::Termios>(from).read(task));
    t.c_iflag = given.c_iflag, t.c_oflag = given.c_oflag, t.c_cflag = given.c_cflag, t.c_lflag = given.c_lflag;
    t.c_line = given.c_line;
    std::copy(std::begin(given.c_cc), std::end(given.c_cc), std::begin(t.c_cc));
  } else if (command >= abi::tcseta && command <= abi::tcsetaf) {
    constexpr u32 kHigh = 0xffff0000;
    const abi::Termio given = TRY(UserIn<abi::Termio>(from).read(task));
    t.c_iflag = (t.c_iflag & kHigh) | given.c_iflag, t.c_oflag = (t.c_oflag & kHigh) | given.c_oflag;
    t.c_cflag = (t.c_cflag & kHigh) | given.c_cflag, t.c_lflag = (t.c_lflag & kHigh) | given.c_lflag;
    t.c_line = given.c_line;
    std::copy(std::begin(given.c_cc), std::end(given.c_cc), std::begin(t.c_cc));
  } else {
    t = TRY(UserIn<abi::Termios2>(from).read(task));
  }
  settle_speeds(t);
  return t;
}

// Linux: tty_mode_ioctl, checkpoint_restore_ns_capable.
Result<i64> lock_settings(Task& task, Terminal& terminal, GuestAddr from) {
  const Credentials& creds = task.credentials();
  if (!creds.capable(Capability::checkpoint_restore) && !creds.capable(Capability::sys_admin)) return Errno::eperm;
  const abi::Termios locked = TRY(UserIn<abi::Termios>(from).read(task));
  terminal.lock_settings(locked);
  return 0;
}

// The output of a pseudo terminal counts as sent when it is written: TCSETSW has nothing to wait for.
Result<i64> set_settings(Task& task, Terminal& terminal, u32 command, GuestAddr from) {
  const abi::Termios2 t = TRY(new_settings(task, terminal, command, from));
  if (command == abi::tcsetsf || command == abi::tcsetaf || command == abi::tcsetsf2) {
    terminal.flush(Terminal::Queue::input);
  }
  terminal.set_settings(t);
  return 0;
}

Result<i64> set_software_carrier(Task& task, Terminal& terminal, GuestAddr from) {
  const u32 on = TRY(UserIn<u32>(from).read(task));
  abi::Termios2 t = terminal.settings();
  t.c_cflag = (t.c_cflag & ~abi::clocal) | (on != 0 ? abi::clocal : 0);
  terminal.set_settings(t);
  return 0;
}

Result<i64> set_flow(Terminal& terminal, u64 action) {
  const abi::Termios2 t = terminal.settings();
  switch (action) {
    case abi::tcooff:
      terminal.set_flow(LineDiscipline::Flow::stop);
      return 0;
    case abi::tcoon:
      terminal.set_flow(LineDiscipline::Flow::start);
      return 0;
    case abi::tcioff:
    case abi::tcion:
      if (const u8 c = t.c_cc[action == abi::tcioff ? abi::vstop : abi::vstart]; c != 0) terminal.send_at_once(c);
      return 0;
    default:
      return Errno::einval;
  }
}

Result<i64> flush(Terminal& terminal, u64 which) {
  if (which > abi::tcioflush) return Errno::einval;
  terminal.flush(which == abi::tciflush   ? Terminal::Queue::input
                 : which == abi::tcoflush ? Terminal::Queue::output
                                          : Terminal::Queue::both);
  return 0;
}

// --- the rest -------------------------------------------------------------------------------------------------------

Result<i64> push_input(Task& task, Terminal& terminal, bool by_master, GuestAddr from) {
  // Linux: dev.tty.legacy_tiocsti is off.
  if (!task.credentials().capable(Capability::sys_admin)) return Errno::eio;
  const u8 c = TRY(UserIn<u8>(from).read(task));
  if (by_master) {
    terminal.send_at_once(c);  // what the master will read
  } else {
    terminal.push_input(c);
  }
  return 0;
}

Result<i64> set_line_discipline(Task& task, GuestAddr from) {
  constexpr i32 kNTty = 0;
  const i32 wanted = TRY(UserIn<i32>(from).read(task));
  return wanted == kNTty ? Result<i64>(0) : Errno::einval;
}

Result<i64> put(Task& task, GuestAddr to, u32 value) {
  TRY(UserOut<u32>(to).write(task, value));
  return 0;
}

Result<i64> put(Task& task, GuestAddr to, Result<Pid> value) {
  const Pid pid = TRY(std::move(value));
  TRY(UserOut<i32>(to).write(task, pid.raw()));
  return 0;
}

u32 encoded(Device d) { return (d.minor & 0xff) | d.major << 8 | (d.minor & ~0xffu) << 12; }

// Settings and the like: nobody in the background may change them.
bool needs_foreground(u32 command) {
  switch (command) {
    case abi::tcsets:
    case abi::tcsetsw:
    case abi::tcsetsf:
    case abi::tcsets2:
    case abi::tcsetsw2:
    case abi::tcsetsf2:
    case abi::tcseta:
    case abi::tcsetaw:
    case abi::tcsetaf:
    case abi::tcxonc:
    case abi::tcflsh:
    case abi::tcsbrk:
    case abi::tcsbrkp:
    case abi::tiocsbrk:
    case abi::tioccbrk:
    case abi::tiocsetd:
    case abi::tiocspgrp:
      return true;
    default:
      return false;
  }
}

Result<i64> job_control_ioctl(Task& task, Terminal& terminal, bool by_master, const File& file, u32 command, u64 arg) {
  const GuestAddr at(arg);
  switch (command) {
    case abi::tiocgpgrp:
      return put(task, at, terminal.foreground(task, by_master));
    case abi::tiocgsid:
      return put(task, at, terminal.session(task, by_master));
    case abi::tiocspgrp: {
      const i32 group = TRY(UserIn<i32>(at).read(task));
      TRY(terminal.set_foreground(task, Pid(group)));
      return 0;
    }
    case abi::tiocsctty: {
      const auto steal = arg == 1 ? Terminal::Steal::yes : Terminal::Steal::no;
      TRY(terminal.make_controlling(task, steal, file.readable()));
      return 0;
    }
    case abi::tiocnotty:
      if (by_master) return Errno::enotty;
      TRY(terminal.give_up(task));
      return 0;
    case abi::tiocvhangup:
      if (!task.credentials().capable(Capability::sys_admin)) return Errno::eperm;
      terminal.hang_up();
      return 0;
    default:
      return Errno::enotty;
  }
}

Result<i64> window_ioctl(Task& task, Terminal& terminal, u32 command, GuestAddr at) {
  if (command == abi::tiocgwinsz) {
    TRY(UserOut<abi::WinSize>(at).write(task, terminal.window()));
  } else {
    const abi::WinSize size = TRY(UserIn<abi::WinSize>(at).read(task));
    terminal.set_window(size);
  }
  return 0;
}

Result<i64> exclusive_ioctl(Task& task, Terminal& terminal, bool by_master, u32 command, GuestAddr at) {
  Terminal::Flags flags = terminal.flags();
  if (command == abi::tiocgexcl) return put(task, at, !by_master && flags.exclusive ? 1u : 0u);
  if (by_master) return 0;  // a master is opened once anyway
  flags.exclusive = command == abi::tiocexcl;
  terminal.set_flags(flags);
  return 0;
}

}  // namespace

Result<i64> terminal_ioctl(Task& task, Terminal& terminal, bool by_master, const File& file, u32 command, u64 arg) {
  const GuestAddr at(arg);
  if (needs_foreground(command) && !by_master) {
    const Result<void> may = terminal.check_foreground(task, sig::ttou);
    if (command == abi::tiocspgrp && may.is(Errno::eio)) return Errno::enotty;
    TRY(may);
  }
  switch (command) {
    case abi::tcgets:
    case abi::tcgets2:
    case abi::tcgeta:
      return get_settings(task, terminal, command, at);
    case abi::tcsets:
    case abi::tcsetsw:
    case abi::tcsetsf:
    case abi::tcsets2:
    case abi::tcsetsw2:
    case abi::tcsetsf2:
    case abi::tcseta:
    case abi::tcsetaw:
    case abi::tcsetaf:
      return set_settings(task, terminal, command, at);
    case abi::tiocglcktrmios:
      TRY(UserOut<abi::Termios>(at).write(task, terminal.locked_settings()));
      return 0;
    case abi::tiocslcktrmios:
      return lock_settings(task, terminal, at);
    case abi::tcxonc:
      return set_flow(terminal, arg);
    case abi::tcflsh:
      return flush(terminal, arg);
    case abi::tcsbrk:
    case abi::tcsbrkp:
    case abi::tiocsbrk:
    case abi::tioccbrk:
      return 0;  // no line to break
    case abi::tiocgwinsz:
    case abi::tiocswinsz:
      return window_ioctl(task, terminal, command, at);
    case abi::fionread:
      return put(task, at, static_cast<u32>(terminal.readable_bytes(by_master)));
    case abi::tiocoutq:
      return put(task, at, 0u);  // as set_settings: all is sent
    case abi::tiocsti:
      return push_input(task, terminal, by_master, at);
    case abi::tioccons:  // what goes to the console goes nowhere else
      return task.credentials().capable(Capability::sys_admin) ? Errno::enotty : Errno::eperm;
    case abi::tiocexcl:
    case abi::tiocnxcl:
    case abi::tiocgexcl:
      return exclusive_ioctl(task, terminal, by_master, command, at);
    case abi::tiocgetd:
      return put(task, at, 0u);
    case abi::tiocsetd:
      return set_line_discipline(task, at);
    case abi::tiocgdev:
      return put(task, at, encoded(terminal.device()));
    case abi::tiocgsoftcar:
      return put(task, at, (terminal.settings().c_cflag & abi::clocal) != 0 ? 1u : 0u);
    case abi::tiocssoftcar:
      return set_software_carrier(task, terminal, at);
    default:
      return job_control_ioctl(task, terminal, by_master, file, command, arg);
  }
}

Result<i64> TerminalFile::ioctl(Task& task, u32 command, u64 argument) {
  if (terminal_->is_hung_up(life_)) return command == abi::tiocspgrp ? Errno::enotty : Errno::eio;
  if (command == abi::tiocgptpeer) return Errno::eio;
  return terminal_ioctl(task, *terminal_, false, *this, command, argument);
}

namespace {

Result<i64> set_flag(Task& task, Terminal& terminal, bool Terminal::Flags::*flag, GuestAddr from) {
  const i32 on = TRY(UserIn<i32>(from).read(task));
  Terminal::Flags flags = terminal.flags();
  flags.*flag = on != 0;
  terminal.set_flags(flags);
  return 0;
}

Result<i64> send_signal_by_master(Terminal& terminal, u64 number) {
  const Signal s(static_cast<i32>(number));
  if (s != sig::intr && s != sig::quit && s != sig::tstp) return Errno::einval;
  terminal.signal_foreground(SignalSet::of(s));
  return 0;
}

// The slave without its name: for a caller whose /dev is another's.
Result<i64> open_peer(Task& task, const Ref<Terminal>& terminal, u32 flags) {
  FdReservation fd = TRY(task.files().reserve(task));
  const Path path = TRY(slave_path(*task.namespaces().mount, *Terminals::of(task.kernel()), terminal->number()));
  Ref<File> file = TRY(open_slave(task, path, terminal, flags & ~abi::o_cloexec));
  const i64 number = fd.number().raw();
  fd.publish(std::move(file), (flags & abi::o_cloexec) != 0 ? FdFlags::close_on_exec : FdFlags::none);
  return number;
}

}  // namespace

Result<i64> MasterFile::ioctl(Task& task, u32 command, u64 argument) {
  const GuestAddr at(argument);
  switch (command) {
    case abi::tiocsptlck:
      return set_flag(task, *terminal_, &Terminal::Flags::locked, at);
    case abi::tiocgptlck:
      return put(task, at, terminal_->flags().locked ? 1u : 0u);
    case abi::tiocpkt:
      return set_flag(task, *terminal_, &Terminal::Flags::packets, at);
    case abi::tiocgpkt:
      return put(task, at, terminal_->flags().packets ? 1u : 0u);
    case abi::tiocgptn:
      return put(task, at, terminal_->number());
    case abi::tiocsig:
      return send_signal_by_master(*terminal_, argument);
    case abi::tiocgptpeer:
      return open_peer(task, terminal_, static_cast<u32>(argument));
    default:
      return terminal_ioctl(task, *terminal_, true, *this, command, argument);
  }
}

}  // namespace limen
