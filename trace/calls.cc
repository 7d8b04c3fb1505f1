// Calls whose parameters explain each other, or that say more behind their result. One entry of kOverrides for each; what is not
// here is printed by the types of its row alone (trace/decode.cc). Longer than 500 lines: a list.
#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "abi/aio.h"
#include "abi/fcntl.h"
#include "abi/futex.h"
#include "abi/io_uring.h"
#include "abi/ipc.h"
#include "abi/mman.h"
#include "abi/poll.h"
#include "abi/sched.h"
#include "abi/socket.h"
#include "abi/termios.h"
#include "abi/time.h"
#include "trace/print.h"

namespace limen::trace {
namespace {

constexpr u64 kCreates = 0100 | 020000000;  // O_CREAT, O_TMPFILE without O_DIRECTORY: these have a mode

void hex(Print& p, u64 value) { p.text(trace::hex(value)); }
i32 as_int(u64 word) { return static_cast<i32>(word); }

// --- files -----------------------------------------------------------------------------------------------------------------

void open_mode(Print& p, usize i) {
  if ((p.arg(i - 1) & kCreates) != 0) p.text(permissions(static_cast<u32>(p.arg(i) & 0xffff)));
}
void mknod(Print& p, usize i) {
  const usize mode = p.call.row->name == "mknod" ? 1 : 2;
  const u32 type = p.arg(mode) & 0170000;
  if (i == mode) return p.text(file_mode(static_cast<u32>(p.arg(i) & 0xffff)));
  if (type != 0020000 && type != 0060000) return;
  const u64 dev = static_cast<u32>(p.arg(i));
  p.text(device(dev >> 8 & 0xfff, (dev & 0xff) | (dev >> 12 & 0xfff00)));
}
void access_mode(Print& p, usize i) { p.named("AccessMode", static_cast<u32>(p.arg(i))); }
void faccess_flags(Print& p, usize i) { p.named("faccessat", static_cast<u32>(p.arg(i))); }
void statx_flags(Print& p, usize i) {
  const u32 flags = static_cast<u32>(p.arg(i)), sync = flags & 0x6000;
  p.text(sync == 0x2000 ? "AT_STATX_FORCE_SYNC" : sync == 0x4000 ? "AT_STATX_DONT_SYNC" : "AT_STATX_SYNC_AS_STAT");
  if ((flags & ~0x6000u) != 0) p.text("|" + print_names(names("statx_at"), flags & ~0x6000u));
}
void statx_mask(Print& p, usize i) {
  const u32 mask = static_cast<u32>(p.arg(i));
  const std::string_view whole = (mask & 0xfff) == 0xfff   ? "STATX_ALL"
                                 : (mask & 0x7ff) == 0x7ff ? "STATX_BASIC_STATS"
                                                           : "";
  if (whole.empty()) return p.named("StatxMask", mask);
  const u32 rest = mask & ~(whole == "STATX_ALL" ? 0xfffu : 0x7ffu);
  p.text(std::string(whole) + (rest == 0 ? "" : "|" + print_names(names("StatxMask"), rest)));
}
void directory_entries(Print& p, usize i) {
  p.address(p.arg(i));
  const u64* count = p.done() ? p.seen().count(p.arg(i)) : nullptr;
  if (count != nullptr) p.text(fmt::format(" /* {} entr{} */", *count, *count == 1 ? "y" : "ies"));
}
void read_vector(Print& p, usize i) {
  if (!p.done()) return p.address(p.arg(i));
  print_iovec(p, p.arg(i), p.arg(i + 1), static_cast<u64>(p.call.value));
}
void write_vector(Print& p, usize i) { print_iovec(p, p.arg(i), p.arg(i + 1), ~u64{0}); }
void vector_position(Print& p, usize i) {
  if (i == 3) p.number(static_cast<i64>(p.arg(3)));  // the low half is all of it on a 64-bit machine
}
void times(Print& p, usize i) {
  const u64 place = p.arg(i);
  const bool micro = p.call.row->name != "utimensat";
  abi::TimeSpec two[2];
  if (place == 0 || !p.seen().read(place, two)) return p.address(place);
  const auto one = [&](const abi::TimeSpec& t) {
    constexpr i64 kNow = 0x3fffffff, kOmit = 0x3ffffffe;
    if (micro) return fmt::format("{{tv_sec={}, tv_usec={}}}", t.tv_sec, t.tv_nsec);
    if (t.tv_nsec == kNow) return std::string("UTIME_NOW");
    if (t.tv_nsec == kOmit) return std::string("UTIME_OMIT");
    const time_t at = static_cast<time_t>(t.tv_sec);
    struct tm parts {};
    char text[64] = "";
    if (gmtime_r(&at, &parts) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    const std::string fraction = t.tv_nsec != 0 ? fmt::format(".{:09}", t.tv_nsec) : "";
    return fmt::format("{{tv_sec={}, tv_nsec={}}} /* {}{}+0000 */", t.tv_sec, t.tv_nsec, text, fraction);
  };
  p.text("[" + one(two[0]) + ", " + one(two[1]) + "]");
}

void fcntl(Print& p, usize i) {
  const u32 cmd = static_cast<u32>(p.arg(1));
  const u64 arg = p.arg(i);
  switch (cmd) {
    case 1:
    case 3:
    case 9:
    case 11:
    case 1025:
    case 1032:
    case 1034:  // F_GETFD, GETFL, GETOWN, GETSIG, GETLEASE, GETPIPE_SZ, GET_SEALS
      return;
    case 2:
      return p.named("fd_flags", static_cast<u32>(arg));
    case 4:
      return p.text(open_flags(static_cast<u32>(arg)));
    case 10:
      return p.text(signal_name(as_int(arg)));
    case 1024:
      return p.named("lock_type", static_cast<u32>(arg));
    case 1033:
      return p.named("seals", static_cast<u32>(arg));
    case 5:
    case 6:
    case 7:
    case 36:
    case 37:
    case 38:
      return p.object<abi::FLock>(arg, [&](const abi::FLock& l) {
        p.text(fmt::format("{{l_type={}, l_whence={}, l_start={}, l_len={}",
                           print_names(names("lock_type"), static_cast<u16>(l.l_type)),
                           print_names(names("Whence"), static_cast<u16>(l.l_whence)), l.l_start, l.l_len));
        if ((cmd == 5 || cmd == 36) && p.call.left) p.text(fmt::format(", l_pid={}", l.l_pid));
        p.text("}");
      });
    default:
      return p.number(as_int(arg));
  }
}

std::string ioctl_name(u32 cmd) {
  const std::string_view known = name_of(names("IoctlCmd"), cmd);
  if (!known.empty()) return std::string(known);
  constexpr std::string_view kDirections[] = {"_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE"};
  const auto part = [](u32 n) { return n == 0 ? std::string("0") : fmt::format("{:#x}", n); };
  return fmt::format("_IOC({}, {}, {}, {})", kDirections[cmd >> 30], part(cmd >> 8 & 0xff), part(cmd & 0xff),
                     part(cmd >> 16 & 0x3fff));
}
void termios(Print& p, u64 place) {
  p.object<abi::Termios>(place, [&](const abi::Termios& t) {
    constexpr std::string_view kSpeeds[] = {"B0",   "B50",   "B75",   "B110",  "B134",  "B150",  "B200",   "B300",
                                            "B600", "B1200", "B1800", "B2400", "B4800", "B9600", "B19200", "B38400"};
    const std::string speed =
        (t.c_cflag & 0x100f) < 16 ? std::string(kSpeeds[t.c_cflag & 0xf]) : fmt::format("{:#x}", t.c_cflag & 0x100f);
    if (p.options.verbose) {
      p.text(fmt::format("{{c_iflag={:#x}, c_oflag={:#x}, c_cflag={:#x}, c_lflag={:#x}, c_line={}, c_cc=", t.c_iflag,
                         t.c_oflag, t.c_cflag, t.c_lflag, t.c_line));
      p.text(quote({reinterpret_cast<const char*>(t.c_cc), sizeof t.c_cc}, DecodeOptions::Hex::all, More::no) + "}");
      return;
    }
    const auto flag = [](bool on, std::string_view name) { return (on ? " " : " -") + std::string(name); };
    p.text("{" + speed + flag((t.c_oflag & 1) != 0, "opost") + flag((t.c_lflag & 1) != 0, "isig") +
           flag((t.c_lflag & 2) != 0, "icanon") + flag((t.c_lflag & 8) != 0, "echo") + " ...}");
  });
}
bool reads_by_ioctl(u32 cmd) {
  return cmd == 0x5401 || cmd == 0x5413 || cmd == 0x540f || cmd == 0x541b || cmd == 0x5429 || cmd == 0x5411 ||
         cmd == 0x80045430;
}
void ioctl(Print& p, usize i) {
  const u32 cmd = static_cast<u32>(p.arg(1));
  if (i == 1) return p.text(ioctl_name(cmd));
  const u64 arg = p.arg(2);
  if (reads_by_ioctl(cmd) && !p.done()) return p.address(arg);
  switch (cmd) {
    case 0x5401:
    case 0x5402:
    case 0x5403:
    case 0x5404:
      return termios(p, arg);
    case 0x5413:
    case 0x5414:
      return p.object<abi::WinSize>(arg, [&](const abi::WinSize& w) {
        p.text(fmt::format("{{ws_row={}, ws_col={}, ws_xpixel={}, ws_ypixel={}}}", w.ws_row, w.ws_col, w.ws_xpixel,
                           w.ws_ypixel));
      });
    case 0x540f:
    case 0x5410:
    case 0x541b:
    case 0x5421:
    case 0x5429:
    case 0x5411:
    case 0x80045430:
    case 0x40045431:
      return p.object<i32>(arg, [&](i32 n) { p.text(fmt::format("[{}]", n)); });
    case 0x5451:
    case 0x5450:  // FIOCLEX, FIONCLEX
      return;
    case 0x540e:
    case 0x540b:
    case 0x540a:
    case 0x5409:
    case 0x40049409:
      return p.number(as_int(arg));
    default:
      return hex(p, arg);
  }
}

// --- memory ----------------------------------------------------------------------------------------------------------------

void mmap_offset(Print& p, usize i) { hex(p, p.arg(i)); }
void mremap_address(Print& p, usize i) {
  if ((p.arg(3) & 6) != 0) p.address(p.arg(i));
}
void resident(Print& p, usize i) {
  if (!p.done()) return p.address(p.arg(i));
  p.array<u8>(p.arg(i), (p.arg(1) + 4095) / 4096, [&](u8 page) { p.number(page & 1); });
}

// --- processes -------------------------------------------------------------------------------------------------------------

// In the order of the man page's prototype, not of the registers.
void clone(Print& p, usize i) {
  const u64 flags = p.arg(0);
  if (i == 0) return p.text("child_stack="), p.address(p.arg(1));
  if (i == 1) {
    const u64 bits = flags & ~u64{0xff};
    p.text("flags=" + (bits != 0 ? clone_flags(bits) : std::string()));
    const i32 signal = as_int(flags & 0xff);
    if (signal != 0) p.text((bits != 0 ? "|" : "") + signal_name(signal));
    if (signal == 0 && bits == 0) p.text("0");
    return;
  }
  if (i == 2 && (flags & (abi::clone_parent_settid | abi::clone_pidfd)) != 0) {
    p.text((flags & abi::clone_pidfd) != 0 ? "pidfd=" : "parent_tid=");
    return p.object<i32>(p.done() ? p.arg(2) : 0, [&](i32 tid) { p.text(fmt::format("[{}]", tid)); });
  }
  if (i == 3 && (flags & abi::clone_settls) != 0) return p.text("tls="), p.address(p.arg(4));
  if (i == 4 && (flags & (abi::clone_child_settid | abi::clone_child_cleartid)) != 0) {
    return p.text("child_tidptr="), p.address(p.arg(3));
  }
}
void clone3(Print& p, usize i) {
  abi::CloneArgs args{};
  const usize size = std::min<u64>(p.arg(1), sizeof args);
  const u8* bytes = p.seen().memory(p.arg(0), size);
  if (bytes == nullptr) return p.address(p.arg(i));
  std::memcpy(&args, bytes, size);
  p.text("{flags=" + clone_flags(args.flags));
  if ((args.flags & abi::clone_pidfd) != 0) p.text(", pidfd="), p.address(args.pidfd.raw());
  if ((args.flags & (abi::clone_child_settid | abi::clone_child_cleartid)) != 0)
    p.text(", child_tid="), p.address(args.child_tid.raw());
  if ((args.flags & abi::clone_parent_settid) != 0) p.text(", parent_tid="), p.address(args.parent_tid.raw());
  p.text(", exit_signal=" + (args.exit_signal == 0 ? "0" : signal_name(static_cast<i32>(args.exit_signal))));
  p.text(", stack="), p.address(args.stack.raw());
  p.text(", stack_size="), hex(p, args.stack_size);
  if ((args.flags & abi::clone_settls) != 0) p.text(", tls="), p.address(args.tls);
  p.text("}");
  if (!p.done() || (args.flags & (abi::clone_parent_settid | abi::clone_pidfd)) == 0) return;
  std::string told;
  i32 value = 0;
  if ((args.flags & abi::clone_pidfd) != 0 && p.seen().read(args.pidfd.raw(), value))
    told = fmt::format("pidfd=[{}]", value);
  if ((args.flags & abi::clone_parent_settid) != 0 && p.seen().read(args.parent_tid.raw(), value)) {
    told += fmt::format("{}parent_tid=[{}]", told.empty() ? "" : ", ", value);
  }
  if (!told.empty()) p.text(" => {" + told + "}");
}
void wait_status(Print& p, usize i) {
  if (!p.done() || p.call.value == 0) return p.address(p.arg(i));
  print_wait_status(p, p.arg(i));
}
void wait_usage(Print& p, usize i) {
  const bool told = p.done() && (p.call.value != 0 || p.call.row->name == "waitid");
  if (!told) return p.address(p.arg(i));
  find_object("RUsage")(p, p.arg(i));
}
void waitid_options(Print& p, usize i) { p.named("waitid", static_cast<u32>(p.arg(i))); }

void futex(Print& p, usize i) {
  const u32 op = static_cast<u32>(p.arg(1));
  const u32 command = op & 0x7f;
  const auto is = [command](std::initializer_list<u32> commands) {
    return std::find(commands.begin(), commands.end(), command) != commands.end();
  };
  const auto bitset = [&](u64 bits) {
    p.text(static_cast<u32>(bits) == ~u32{0} ? "FUTEX_BITSET_MATCH_ANY" : fmt::format("{:#x}", static_cast<u32>(bits)));
  };
  const bool second_word =
      is({abi::futex_requeue, abi::futex_cmp_requeue, abi::futex_wake_op, abi::futex_cmp_requeue_pi});
  switch (i) {
    case 1:
      return p.text(futex_op(op));
    case 2:
      if (is({abi::futex_unlock_pi, abi::futex_trylock_pi})) return;
      return p.unsigned_number(static_cast<u32>(p.arg(2)));
    case 3:
      if (is({abi::futex_wait, abi::futex_wait_bitset, abi::futex_lock_pi, abi::futex_wait_requeue_pi,
              abi::futex_lock_pi2}))
        return print_time(p, p.arg(3));
      if (second_word) return p.unsigned_number(static_cast<u32>(p.arg(3)));
      // Two words do not count: this is the fifth, told here.
      if (command == abi::futex_wake_bitset) return bitset(p.arg(5));
      return;
    case 4:
      if (second_word || command == abi::futex_wait_requeue_pi) p.address(p.arg(4));
      return;
    case 5:
      if (command == abi::futex_wait_bitset) return bitset(p.arg(5));
      if (is({abi::futex_cmp_requeue, abi::futex_cmp_requeue_pi})) return p.unsigned_number(static_cast<u32>(p.arg(5)));
      if (command == abi::futex_wake_op) return hex(p, static_cast<u32>(p.arg(5)));
      return;
    default:
      return p.address(p.arg(i));
  }
}

void arch_prctl(Print& p, usize i) {
  const u32 op = static_cast<u32>(p.arg(0));
  const bool gets = op == 0x1003 || op == 0x1004;
  if (gets && p.done()) return p.object<u64>(p.arg(i), [&](u64 value) { p.text("["), p.address(value), p.text("]"); });
  p.address(p.arg(i));
}
// How many words each operation has; others show all four.
void prctl(Print& p, usize i) {
  const u32 op = static_cast<u32>(p.arg(0));
  struct Known {
    u32 op;
    u8 words;
    enum class Style : u8 { number, signal, string, address, capability } style;
  };
  using Style = Known::Style;
  constexpr Known kKnown[] = {{1, 1, Style::signal},      {2, 1, Style::address},     {3, 0, Style::number},
                              {4, 1, Style::number},      {7, 0, Style::number},      {8, 1, Style::number},
                              {15, 1, Style::string},     {16, 1, Style::string},     {21, 0, Style::number},
                              {23, 1, Style::capability}, {24, 1, Style::capability}, {27, 0, Style::number},
                              {29, 1, Style::number},     {30, 0, Style::number},     {36, 1, Style::number},
                              {37, 1, Style::address},    {40, 1, Style::address}};
  for (const Known& known : kKnown) {
    if (known.op != op) continue;
    if (i > known.words) return;
    const u64 arg = p.arg(i);
    switch (known.style) {
      case Style::signal:
        return p.text(signal_name(as_int(arg)));
      case Style::string:
        return op == 16 && !p.done() ? p.address(arg) : p.string(arg);
      case Style::address:
        if (!p.done()) return p.address(arg);
        return p.object<i32>(arg, [&](i32 n) { p.text("[" + (op == 2 ? signal_name(n) : std::to_string(n)) + "]"); });
      case Style::capability:
        return p.named("capability", arg);
      case Style::number:
        return p.unsigned_number(arg);
    }
  }
  hex(p, p.arg(i));
}

void affinity(Print& p, usize i) {
  const bool gets = p.call.row->name == "sched_getaffinity";
  if (gets && !p.done()) return p.address(p.arg(i));
  const std::span<const u8> mask = p.seen().from(p.arg(i));
  if (mask.empty()) return p.address(p.arg(i));
  p.text("[");
  bool first = true;
  for (usize cpu = 0; cpu < mask.size() * 8; ++cpu) {
    if ((mask[cpu / 8] >> (cpu % 8) & 1) == 0) continue;
    p.text((first ? "" : " ") + std::to_string(cpu));
    first = false;
  }
  p.text("]");
}

// --- waiting ---------------------------------------------------------------------------------------------------------------

void poll_fds(Print& p, usize i) {
  p.array<abi::PollFd>(p.arg(i), static_cast<u32>(p.arg(1)), [&](const abi::PollFd& f) {
    p.text("{fd="), p.descriptor(f.fd);
    if (f.fd >= 0) p.text(", events=" + print_names(names("poll_events"), static_cast<u16>(f.events)));
    p.text("}");
  });
}

std::string set_text(const Call& call, u64 place, u64 count, bool* any = nullptr) {
  std::string out = "[";
  const std::span<const u8> bits = call.seen.from(place);
  for (u64 fd = 0; fd < std::min<u64>({count, 1024, bits.size() * 8}); ++fd) {
    if ((bits[fd / 8] >> (fd % 8) & 1) == 0) continue;
    out += (out.size() > 1 ? " " : "") + std::to_string(fd);
    if (any != nullptr) *any = true;
  }
  return out + "]";
}
void select_words(Print& p, usize i) {
  const u64 place = p.arg(i);
  if (i >= 1 && i <= 3) {
    if (place == 0 || p.seen().from(place).empty()) return p.address(place);
    return p.text(set_text(p.call, place, static_cast<u32>(p.arg(0))));
  }
  if (i == 4) return find_object(p.call.row->name == "select" ? "TimeVal" : "TimeSpec")(p, place);
  abi::SigSetArg set;
  if (place == 0 || !p.seen().read(place, set)) return p.address(place);
  p.text("{sigmask="), find_object("SigSet")(p, set.mask.raw());
  p.text(fmt::format(", sigsetsize={}}}", set.size));
}
void epoll_events(Print& p, usize i) {
  if (!p.done()) return p.address(p.arg(i));
  p.array<abi::EpollEvent>(p.arg(i), static_cast<u64>(p.call.value), [&](const abi::EpollEvent& e) {
    const u64 data = e.data;
    const u32 events = e.events;
    p.text(fmt::format("{{events={}, data={{u32={}, u64={}}}}}", print_names(names("epoll_events"), events),
                       static_cast<u32>(data), data));
  });
}
void epoll_mask(Print& p, usize i) { find_object("SigSet")(p, p.arg(i)); }
// What is left of a sleep is told only where it was cut short.
void remaining(Print& p, usize i) {
  if (p.call.left && (p.call.value == -4 || p.call.value == -516 || p.call.value == -512 || p.call.value == -514))
    return print_time(p, p.arg(i));
  p.address(p.arg(i));
}

// --- sockets ---------------------------------------------------------------------------------------------------------------

void socket_protocol(Print& p, usize i) {
  const i32 domain = as_int(p.arg(0));
  const u32 protocol = static_cast<u32>(p.arg(i));
  if (domain == 2 || domain == 10) return p.named("inet_protocol", protocol);
  if (domain == 16) return p.named("netlink", protocol);
  p.unsigned_number(protocol);
}
void address_in(Print& p, usize i) { print_socket_address(p, p.arg(i), as_int(p.arg(i + 1))); }
void address_out(Print& p, usize i) {
  if (!p.done()) return p.address(p.arg(i));
  i32 length = 0;
  if (!p.seen().read(p.arg(i + 1), length)) return p.address(p.arg(i));
  print_socket_address(p, p.arg(i), length);
}
void address_length(Print& p, usize i) {
  p.object<i32>(p.arg(i), [&](i32 length) {
    p.text(p.call.entry_length && *p.call.entry_length != length
               ? fmt::format("[{} => {}]", *p.call.entry_length, length)
               : fmt::format("[{}]", length));
  });
}
void socket_option(Print& p, usize i) {
  const u32 level = static_cast<u32>(p.arg(1));
  p.named(level == 6    ? "tcp_option"
          : level == 0  ? "ip_option"
          : level == 41 ? "ipv6_option"
                        : "SocketOption",
          static_cast<u32>(p.arg(i)));
}
void option_value(Print& p, usize i) {
  const bool gets = p.call.row->name == "getsockopt";
  const u64 place = p.arg(i);
  if (gets && !p.done()) return p.address(place);
  i32 length = as_int(p.arg(4));
  if (gets) p.seen().read(p.arg(4), length);
  const bool is_socket = p.arg(1) == 1;
  if (is_socket && p.arg(2) == 13 && length == 8) {
    return p.object<abi::Linger>(place, [&](const abi::Linger& l) {
      p.text(fmt::format("{{l_onoff={}, l_linger={}}}", l.l_onoff, l.l_linger));
    });
  }
  if (is_socket && p.arg(2) == 17 && length == 12) {
    return p.object<abi::UCred>(
        place, [&](const abi::UCred& c) { p.text(fmt::format("{{pid={}, uid={}, gid={}}}", c.pid, c.uid, c.gid)); });
  }
  if (length == 16 && is_socket && (p.arg(2) == 20 || p.arg(2) == 21)) return find_object("TimeVal")(p, place);
  if (length == 4) return p.object<i32>(place, [&](i32 n) { p.text(fmt::format("[{}]", n)); });
  p.bytes(place, static_cast<u64>(std::max(length, 0)));
}

void control_messages(Print& p, u64 place, u64 length) {
  p.text(", msg_control=");
  u64 at = 0;
  std::string out;
  while (at + sizeof(abi::CMsgHdr) <= length) {
    abi::CMsgHdr head;
    if (!p.seen().read(place + at, head) || head.cmsg_len < sizeof head) break;
    const u64 data = std::min(head.cmsg_len, length - at) - sizeof head;
    const bool socket_level = head.cmsg_level == 1;
    out += fmt::format("{}{{cmsg_len={}, cmsg_level={}, cmsg_type={}", out.empty() ? "" : ", ", head.cmsg_len,
                       print_names(names("SocketLevel"), static_cast<u32>(head.cmsg_level)),
                       socket_level ? print_names(names("scm"), static_cast<u32>(head.cmsg_type))
                                    : fmt::format("{:#x}", head.cmsg_type));
    std::string value;
    Print inner{p.call, p.options, value};
    if (socket_level && head.cmsg_type == 1) {
      inner.array<i32>(place + at + sizeof head, data / 4, [&](i32 fd) { inner.descriptor(fd); });
    } else if (socket_level && head.cmsg_type == 2 && data == 12) {
      inner.object<abi::UCred>(place + at + sizeof head, [&](const abi::UCred& c) {
        inner.text(fmt::format("{{pid={}, uid={}, gid={}}}", c.pid, c.uid, c.gid));
      });
    } else {
      inner.bytes(place + at + sizeof head, data);
    }
    out += ", cmsg_data=" + value + "}";
    at += abi::cmsg_align(head.cmsg_len);
  }
  if (out.empty()) {
    p.address(place);
  } else {
    p.text("[" + out + "]");
  }
}
void print_message(Print& p, u64 place, u64 data) {
  p.object<abi::MsgHdr>(place, [&](const abi::MsgHdr& m) {
    p.text("{msg_name="), print_socket_address(p, m.msg_name.raw(), m.msg_namelen);
    const i32 before = p.call.entry_length.value_or(m.msg_namelen);
    p.text(before != m.msg_namelen ? fmt::format(", msg_namelen={} => {}", before, m.msg_namelen)
                                   : fmt::format(", msg_namelen={}", m.msg_namelen));
    p.text(", msg_iov="), print_iovec(p, m.msg_iov.raw(), m.msg_iovlen, data);
    p.text(fmt::format(", msg_iovlen={}", m.msg_iovlen));
    if (m.msg_controllen != 0) control_messages(p, m.msg_control.raw(), m.msg_controllen);
    p.text(fmt::format(", msg_controllen={}, msg_flags={}}}", m.msg_controllen,
                       print_names(names("MsgFlags"), m.msg_flags)));
  });
}
void message(Print& p, usize i) {
  if (p.call.row->name == "sendmsg") return print_message(p, p.arg(i), ~u64{0});
  if (!p.done()) return p.address(p.arg(i));
  print_message(p, p.arg(i), static_cast<u64>(p.call.value));
}
void messages(Print& p, usize i) {
  if (!p.done()) return p.address(p.arg(i));
  const bool sends = p.call.row->name == "sendmmsg";
  p.text("[");
  for (u64 n = 0; n < static_cast<u64>(p.call.value); ++n) {
    abi::MMsgHdr one;
    const u64 place = p.arg(i) + n * sizeof one;
    if (n > 0) p.text(", ");
    if (!p.seen().read(place, one) || n >= p.options.string_bytes) {
      p.text("...");
      break;
    }
    p.text("{msg_hdr="), print_message(p, place, sends ? ~u64{0} : one.msg_len);
    p.text(fmt::format(", msg_len={}}}", one.msg_len));
  }
  p.text("]");
}

// --- the rest --------------------------------------------------------------------------------------------------------------

void random_bytes(Print& p, usize i) {
  if (!p.done()) return p.address(p.arg(i));
  const u64 length = static_cast<u64>(p.call.value), shown = std::min<u64>(length, p.options.string_bytes);
  const u8* at = p.seen().memory(p.arg(i), shown);
  if (at == nullptr) return length == 0 ? p.text("\"\"") : p.address(p.arg(i));
  p.text(quote({reinterpret_cast<const char*>(at), shown}, DecodeOptions::Hex::all,
               length > shown ? More::yes : More::no));
}
void result_string(Print& p, usize i) {  // getcwd: as long as its result, without the NUL
  if (!p.done()) return p.address(p.arg(i));
  p.path(p.arg(i));
}
void small_hex(Print& p, usize i) { hex(p, static_cast<u32>(p.arg(i))); }
void offset_pair(Print& p, usize i) {
  i64 now = 0;
  if (p.arg(i) == 0 || !p.seen().read(p.arg(i), now)) return p.address(p.arg(i));
  const bool changed = p.done() && p.call.entry_offset && *p.call.entry_offset != now;
  p.text(changed ? fmt::format("[{}] => [{}]", *p.call.entry_offset, now) : fmt::format("[{}]", now));
}
void ipc_key(Print& p, usize i) {
  p.text(p.arg(i) == 0 ? "IPC_PRIVATE" : fmt::format("{:#x}", static_cast<u32>(p.arg(i))));
}
void ipc_flags(Print& p, usize i) {
  const u32 flags = static_cast<u32>(p.arg(i));
  const u32 bits = flags & ~0777u;
  p.text(bits == 0 ? permissions(flags & 0777)
                   : print_names(names("ipc_bits"), bits) + "|" + permissions(flags & 0777));
}
void timerfd_flags(Print& p, usize i) { p.named("timerfd_settime", static_cast<u32>(p.arg(i))); }
void sem_command(Print& p, usize i) { p.named("semctl", static_cast<u32>(p.arg(i))); }
void sem_operations(Print& p, usize i) {
  p.array<abi::SemBuf>(p.arg(i), p.arg(i + 1), [&](const abi::SemBuf& b) {
    const u32 flags = static_cast<u16>(b.sem_flg);
    std::string text = (flags & 0x1000) != 0 ? "SEM_UNDO" : "";
    if ((flags & 04000) != 0) text += text.empty() ? "IPC_NOWAIT" : "|IPC_NOWAIT";
    if (text.empty()) text = flags == 0 ? "0" : fmt::format("{:#x}", flags);
    p.text(fmt::format("{{sem_num={}, sem_op={}, sem_flg={}}}", b.sem_num, b.sem_op, text));
  });
}
void queue_text(Print& p, usize i) {
  const bool sends = p.call.row->name == "msgsnd";
  i64 type = 0;
  if ((!sends && !p.done()) || !p.seen().read(p.arg(i), type)) return p.address(p.arg(i));
  p.text(fmt::format("{{mtype={}, mtext=", type));
  p.bytes(p.arg(i) + 8, sends ? p.arg(i + 1) : static_cast<u64>(p.call.value)), p.text("}");
}
void pipe_flags(Print& p, usize i) {
  const u32 flags = static_cast<u32>(p.arg(i));
  p.text(flags == 0 ? "0" : print_names(names("open_bits"), flags));
}
void octal_mask(Print& p, usize i) { p.text(permissions(static_cast<u32>(p.arg(i)))); }
void personality(Print& p, usize i) {
  const u32 value = static_cast<u32>(p.arg(i));
  if (value == ~u32{0}) return p.text("0xffffffff");
  const std::string base = (value & 0xff) == 0 ? "PER_LINUX" : fmt::format("{:#x} /* PER_??? */", value & 0xff);
  const u32 bits = value & ~0xffu;
  p.text(bits == 0 ? base : base + "|" + print_names(names("personality_bits"), bits));
}
void groups(Print& p, usize i) {
  const bool gets = p.call.row->name == "getgroups";
  if (gets && !p.done()) return p.address(p.arg(i));
  p.array<u32>(p.arg(i), gets ? static_cast<u64>(p.call.value) : static_cast<u32>(p.arg(0)),
               [&](u32 id) { p.unsigned_number(id); });
}

void data_sent(Print& p, usize i) {
  p.is_netlink(as_int(p.arg(0))) ? print_netlink(p, p.arg(i), p.arg(i + 1)) : p.bytes(p.arg(i), p.arg(i + 1));
}
void data_received(Print& p, usize i) {
  if (!p.done()) return p.address(p.arg(i));
  const u64 length = std::min<u64>(static_cast<u64>(p.call.value), p.arg(i + 1));
  p.is_netlink(as_int(p.arg(0))) ? print_netlink(p, p.arg(i), length) : p.bytes(p.arg(i), length);
}

void bpf(Print& p, usize i) { print_bpf(p, p.arg(i), static_cast<u32>(p.arg(i + 1))); }
void ring_parameters(Print& p, usize i) {
  p.object<abi::IoUringParams>(p.arg(i), [&](const abi::IoUringParams& r) {
    p.text("{flags="), p.named("ring_setup", r.flags);
    p.text(fmt::format(", sq_thread_cpu={}, sq_thread_idle={}", trace::hex(r.sq_thread_cpu), r.sq_thread_idle));
    constexpr u32 kAttachWq = 1 << 5;
    if ((r.flags & kAttachWq) != 0) p.text(", wq_fd="), p.descriptor(as_int(r.wq_fd));
    if (p.done()) {
      p.text(fmt::format(", sq_entries={}, cq_entries={}, features=", r.sq_entries, r.cq_entries));
      p.named("ring_features", r.features);
    }
    p.text("}");
  });
}
void ring_enter(Print& p, usize i) {
  if (i == 3) return p.named("ring_enter", static_cast<u32>(p.arg(i)));
  find_object("SigSet")(p, p.arg(i));
}
void ring_register(Print& p, usize i) {
  const u32 op = static_cast<u32>(p.arg(1)), count = static_cast<u32>(p.arg(3));
  if (i == 1) return p.named("ring_register", op);
  if (op == abi::ioring_register_buffers) {
    return p.array<abi::IoVec>(p.arg(i), count, [&](const abi::IoVec& v) {
      p.text("{iov_base="), p.address(v.iov_base.raw());
      p.text(fmt::format(", iov_len={}}}", v.iov_len));
    });
  }
  if (abi::registers_descriptors(op)) return p.array<i32>(p.arg(i), count, [&](i32 fd) { p.descriptor(fd); });
  p.address(p.arg(i));
}

constexpr Override kOverrides[] = {
    {"bpf", 1 << 1, bpf, 1 << 1},
    {"io_uring_setup", 1 << 1, ring_parameters, 1 << 1},
    {"io_uring_enter", 1 << 3 | 1 << 4, ring_enter},
    {"io_uring_register", 1 << 1 | 1 << 2, ring_register},
    {"open", 1 << 2, open_mode},
    {"openat", 1 << 3, open_mode},
    {"mq_open", 1 << 2, open_mode},
    {"mknod", 1 << 1 | 1 << 2, mknod},
    {"mknodat", 1 << 2 | 1 << 3, mknod},
    {"access", 1 << 1, access_mode},
    {"faccessat2", 1 << 3, faccess_flags},
    {"statx", 1 << 2 | 1 << 3, [](Print& p, usize i) { i == 2 ? statx_flags(p, i) : statx_mask(p, i); }},
    {"getdents64", 1 << 1, directory_entries},
    {"getdents", 1 << 1, directory_entries},
    {"readv", 1 << 1, read_vector, 1 << 1},
    {"preadv", 1 << 1 | 1 << 3 | 1 << 4, [](Print& p, usize i) { i == 1 ? read_vector(p, i) : vector_position(p, i); },
     1 << 1},
    {"preadv2", 1 << 1 | 1 << 3 | 1 << 4, [](Print& p, usize i) { i == 1 ? read_vector(p, i) : vector_position(p, i); },
     1 << 1},
    {"writev", 1 << 1, write_vector},
    {"vmsplice", 1 << 1, write_vector},
    {"pwritev", 1 << 1 | 1 << 3 | 1 << 4,
     [](Print& p, usize i) { i == 1 ? write_vector(p, i) : vector_position(p, i); }},
    {"pwritev2", 1 << 1 | 1 << 3 | 1 << 4,
     [](Print& p, usize i) { i == 1 ? write_vector(p, i) : vector_position(p, i); }},
    {"process_vm_readv", 1 << 1 | 1 << 3, [](Print& p, usize i) { print_iovec(p, p.arg(i), p.arg(i + 1), 0); }},
    {"process_vm_writev", 1 << 1 | 1 << 3, [](Print& p, usize i) { print_iovec(p, p.arg(i), p.arg(i + 1), 0); }},
    {"utimensat", 1 << 2, times},
    {"futimesat", 1 << 2, times},
    {"utimes", 1 << 1, times},
    {"fcntl", 1 << 2, fcntl, 1 << 2, 0,
     [](const Call& c) { return as_int(c.args[1]) == 5 || as_int(c.args[1]) == 36; }},
    {"ioctl", 1 << 1 | 1 << 2, ioctl, 1 << 2, 0,
     [](const Call& c) { return reads_by_ioctl(static_cast<u32>(c.args[1])); }},
    {"mmap", 1 << 5, mmap_offset},
    {"mremap", 1 << 4, mremap_address},
    {"mincore", 1 << 2, resident},
    {"clone", 0x1f, clone, 0x1c, 0,
     [](const Call& c) { return (c.args[0] & (abi::clone_parent_settid | abi::clone_pidfd)) != 0; }},
    {"clone3", 1 << 0, clone3, 1 << 0},
    {"wait4", 1 << 1 | 1 << 3, [](Print& p, usize i) { i == 1 ? wait_status(p, i) : wait_usage(p, i); }},
    {"waitid", 1 << 3 | 1 << 4, [](Print& p, usize i) { i == 3 ? waitid_options(p, i) : wait_usage(p, i); }},
    {"futex", 0x3f, futex, 0, 0x3f},
    {"arch_prctl", 1 << 1, arch_prctl, 1 << 1, 0,
     [](const Call& c) { return (c.args[0] & ~u64{7}) == 0x1000 && c.args[0] > 0x1002; }},
    {"prctl", 0x1e, prctl, 0x1e, 0,
     [](const Call& c) { return c.args[0] == 2 || c.args[0] == 16 || c.args[0] == 37 || c.args[0] == 40; }},
    {"sched_setaffinity", 1 << 2, affinity},
    {"sched_getaffinity", 1 << 2, affinity},
    {"poll", 1 << 0, poll_fds, 0, 1 << 0},
    {"ppoll", 1 << 0 | 1 << 2, [](Print& p, usize i) { i == 0 ? poll_fds(p, i) : print_time(p, p.arg(2)); }, 0,
     1 << 0 | 1 << 2},
    {"select", 0x1e, select_words, 0, 0x1e},
    {"pselect6", 0x3e, select_words, 0, 0x3e},
    {"epoll_wait", 1 << 1, epoll_events},
    {"epoll_pwait", 1 << 1 | 1 << 4, [](Print& p, usize i) { i == 1 ? epoll_events(p, i) : epoll_mask(p, i); }},
    {"epoll_pwait2", 1 << 1, epoll_events},
    {"nanosleep", 1 << 1, remaining},
    {"clock_nanosleep", 1 << 3, remaining},
    {"socket", 1 << 2, socket_protocol},
    {"socketpair", 1 << 2, socket_protocol},
    {"connect", 1 << 1, address_in},
    {"bind", 1 << 1, address_in},
    {"sendto", 1 << 1 | 1 << 4, [](Print& p, usize i) { i == 1 ? data_sent(p, i) : address_in(p, i); }},
    {"recvfrom", 1 << 1 | 1 << 4 | 1 << 5,
     [](Print& p, usize i) { i == 1   ? data_received(p, i)
                             : i == 4 ? address_out(p, i)
                                      : address_length(p, i); }},
    {"accept", 1 << 1 | 1 << 2, [](Print& p, usize i) { i == 1 ? address_out(p, i) : address_length(p, i); }},
    {"accept4", 1 << 1 | 1 << 2 | 1 << 3,
     [](Print& p, usize i) {
       if (i == 3) {
         const u32 flags = static_cast<u32>(p.arg(3));
         return p.named("accept4", flags);
       }
       i == 1 ? address_out(p, i) : address_length(p, i);
     }},
    {"getsockname", 1 << 1 | 1 << 2, [](Print& p, usize i) { i == 1 ? address_out(p, i) : address_length(p, i); }},
    {"getpeername", 1 << 1 | 1 << 2, [](Print& p, usize i) { i == 1 ? address_out(p, i) : address_length(p, i); }},
    {"setsockopt", 1 << 2 | 1 << 3, [](Print& p, usize i) { i == 2 ? socket_option(p, i) : option_value(p, i); }},
    {"getsockopt", 1 << 2 | 1 << 3 | 1 << 4,
     [](Print& p, usize i) { i == 2   ? socket_option(p, i)
                             : i == 3 ? option_value(p, i)
                                      : address_length(p, i); }},
    {"sendmsg", 1 << 1, message},
    {"recvmsg", 1 << 1, message},
    {"sendmmsg", 1 << 1, messages, 1 << 1},
    {"recvmmsg", 1 << 1, messages},
    {"getrandom", 1 << 0, random_bytes},
    {"getcwd", 1 << 0, result_string},
    {"rseq", 1 << 1 | 1 << 3, small_hex},
    {"sendfile", 1 << 2, offset_pair},
    {"copy_file_range", 1 << 1 | 1 << 3, offset_pair},
    {"splice", 1 << 1 | 1 << 3, offset_pair},
    {"shmget", 1 << 0 | 1 << 2, [](Print& p, usize i) { i == 0 ? ipc_key(p, i) : ipc_flags(p, i); }},
    {"semget", 1 << 0 | 1 << 2, [](Print& p, usize i) { i == 0 ? ipc_key(p, i) : ipc_flags(p, i); }},
    {"msgget", 1 << 0 | 1 << 1, [](Print& p, usize i) { i == 0 ? ipc_key(p, i) : ipc_flags(p, i); }},
    {"shmat", 1 << 2, [](Print& p, usize i) { p.named("shmat", static_cast<u32>(p.arg(i))); }},
    {"semctl", 1 << 2, sem_command},
    {"semop", 1 << 1, sem_operations},
    {"semtimedop", 1 << 1, sem_operations},
    {"msgsnd", 1 << 1, queue_text},
    {"msgrcv", 1 << 1, queue_text},
    {"timerfd_settime", 1 << 1, timerfd_flags},
    {"personality", 1 << 0, personality},
    {"pipe2", 1 << 1, pipe_flags},
    {"dup3", 1 << 2, pipe_flags},
    {"umask", 1 << 0, octal_mask},
    {"getgroups", 1 << 1, groups},
    {"setgroups", 1 << 1, groups},
};

std::string poll_note(const Call& call, const DecodeOptions& options) {
  if (call.value == 0) return " (Timeout)";
  if (call.value < 0) return "";
  std::string out;
  Print p{call, options, out};
  for (u64 i = 0; i < static_cast<u32>(call.args[1]); ++i) {
    abi::PollFd f;
    if (!call.seen.read(call.args[0] + i * sizeof f, f)) break;
    if (f.revents == 0) continue;
    out += out.empty() ? "" : ", ";
    out += "{fd=", p.descriptor(f.fd),
        out += ", revents=" + print_names(names("poll_events"), static_cast<u16>(f.revents)) + "}";
  }
  return " ([" + out + "])";
}

std::string select_note(const Call& call, const DecodeOptions& options) {
  if (call.value < 0) return "";
  constexpr std::string_view kSets[] = {"in", "out", "except"};
  std::string out;
  for (usize i = 1; i <= 3 && call.value > 0; ++i) {
    bool any = false;
    const std::string set = set_text(call, call.args[i], static_cast<u32>(call.args[0]), &any);
    if (call.args[i] != 0 && any) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", kSets[i - 1], set);
  }
  if (call.value == 0) return " (Timeout)";
  if (call.args[4] != 0) {
    std::string left;
    Print p{call, options, left};
    find_object(call.row->name == "select" ? "TimeVal" : "TimeSpec")(p, call.args[4]);
    out += fmt::format("{}left {}", out.empty() ? "" : ", ", left);
  }
  return out.empty() ? "" : " (" + out + ")";
}

}  // namespace

const Override* find_override(std::string_view call) {
  for (const Override& one : kOverrides) {
    if (one.call == call) return &one;
  }
  return nullptr;
}

void append_result_note(std::string& out, const Call& call, const DecodeOptions& options) {
  if (call.row == nullptr || options.raw) return;
  const std::string_view name = call.row->name;
  if (name == "poll" || name == "ppoll") out += poll_note(call, options);
  if (name == "select" || name == "pselect6") out += select_note(call, options);
  if (call.failed()) return;
  if (name == "rt_sigtimedwait" && call.value > 0) out += " (" + signal_name(static_cast<i32>(call.value)) + ")";
  if (name == "personality") out += " (PER_LINUX)";
  if (name != "fcntl") return;
  const u32 cmd = static_cast<u32>(call.args[1]);
  if (cmd == 1 && call.value != 0)
    out += " (flags " + print_names(names("fd_flags"), static_cast<u64>(call.value)) + ")";
  if (cmd == 3) out += " (flags " + open_flags(static_cast<u64>(call.value)) + ")";
  if (cmd == 1034 && call.value != 0)
    out += " (seals " + print_names(names("seals"), static_cast<u64>(call.value)) + ")";
}

}  // namespace limen::trace
