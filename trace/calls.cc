// Calls whose parameters explain each other, or that say more behind their result. One entry of kOverrides for each; what is not
// here is printed by the types of its row alone (trace/decode.cc). Longer than 500 lines: a list.
#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "abi/aio.h"
#include "abi/fcntl.h"
#include "abi/futex.h"
#include "abi/ipc.h"
#include "abi/mman.h"
#include "abi/poll.h"
#include "abi/sched.h"
#include "abi/socket.h"
#include "abi/time.h"
#include "base/errno.h"
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
  constexpr std::string_view kSync[] = {"AT_STATX_SYNC_AS_STAT", "AT_STATX_FORCE_SYNC", "AT_STATX_DONT_SYNC",
                                        "AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC"};
  // A number that is none is left out.
  if (sync != 0 || constant_style() != ConstantStyle::raw) append_constant(p.out, trace::hex(sync), kSync[sync >> 13]);
  if ((flags & ~0x6000u) != 0) p.text("|" + print_names(names("statx_at"), flags & ~0x6000u));
}
void statx_mask(Print& p, usize i) {
  const u32 mask = static_cast<u32>(p.arg(i));
  const std::string_view whole = (mask & 0xfff) == 0xfff   ? "STATX_ALL"
                                 : (mask & 0x7ff) == 0x7ff ? "STATX_BASIC_STATS"
                                                           : "";
  if (whole.empty()) return p.named("StatxMask", mask);
  const u32 rest = mask & ~(whole == "STATX_ALL" ? 0xfffu : 0x7ffu);
  append_constant(p.out, trace::hex(mask),
                  std::string(whole) + (rest == 0 ? "" : "|" + names_alone("StatxMask", rest)));
}
// With -v, each entry; a record of either call has the same head.
void every_entry(Print& p, u64 place) {
  constexpr Name kTypes[] = {{0, "DT_UNKNOWN"}, {1, "DT_FIFO"}, {2, "DT_CHR"},   {4, "DT_DIR"}, {6, "DT_BLK"},
                             {8, "DT_REG"},     {10, "DT_LNK"}, {12, "DT_SOCK"}, {14, "DT_WHT"}};
  struct Head {
    u64 inode, offset;
    u16 length;
  } __attribute__((packed));
  const bool is_new = p.call.row->name == "getdents64";
  std::span<const u8> bytes = p.seen().from(place);
  bytes = bytes.first(std::min<usize>(bytes.size(), static_cast<usize>(p.call.value)));
  p.out += '[';
  for (bool first = true; bytes.size() >= sizeof(Head); first = false) {
    Head head;
    std::memcpy(&head, bytes.data(), sizeof head);
    const usize size = std::clamp<usize>(head.length, sizeof head + 1, bytes.size());
    const u8 type = is_new ? bytes[sizeof head] : bytes[size - 1];
    const char* name = reinterpret_cast<const char*>(&bytes[sizeof head + (is_new ? 1 : 0)]);
    const usize room = size - sizeof head - 1;
    const std::string kind = print_names({Names::Kind::number, "DT_???", kTypes}, type);
    p.out += fmt::format("{}{{d_ino={}, d_off={}, d_reclen={}, ", first ? "" : ", ", u64{head.inode}, u64{head.offset},
                         u16{head.length});
    if (is_new) p.out += "d_type=" + kind + ", ";
    p.out += "d_name=", append_quoted(p.out, {name, strnlen(name, room)}, p.options.hex, More::no);
    p.out += is_new ? "}" : ", d_type=" + kind + "}";
    bytes = bytes.subspan(size);
  }
  p.out += ']';
}
void directory_entries(Print& p, usize i) {
  const u64* count = p.done() ? p.seen().count(p.arg(i)) : nullptr;
  if (p.options.verbose && p.done()) return every_entry(p, p.arg(i));
  p.address(p.arg(i));
  if (count != nullptr) p.text(fmt::format(" /* {} entr{} */", *count, *count == 1 ? "y" : "ies"));
}
// Where buffers are, not what is in them.
void print_vector(Print& p, u64 place, u64 count) {
  p.array<abi::IoVec>(place, count, [&](const abi::IoVec& v) {
    p.text("{iov_base="), p.address(v.iov_base.raw());
    p.text(fmt::format(", iov_len={}}}", v.iov_len));
  });
}
// Between two processes: what is here is shown, what is there is not.
void foreign_vectors(Print& p, usize i) {
  const bool writes = p.call.row->name == "process_vm_writev";
  if (i == 3 || (!writes && !p.done())) return print_vector(p, p.arg(i), p.arg(i + 1));
  print_iovec(p, p.arg(i), p.arg(i + 1), writes ? ~u64{0} : static_cast<u64>(p.call.value));
}
void read_vector(Print& p, usize i) {
  if (!p.done()) return print_vector(p, p.arg(i), p.arg(i + 1));
  print_iovec(p, p.arg(i), p.arg(i + 1), static_cast<u64>(p.call.value));
}
void write_vector(Print& p, usize i) { print_iovec(p, p.arg(i), p.arg(i + 1), ~u64{0}); }
void vector_position(Print& p, usize i) {
  if (i == 3) p.number(static_cast<i64>(p.arg(3)));  // the low half is all of it on a 64-bit machine
}
// With microseconds.
std::string short_moment(i64 seconds, i64 micros) {
  std::string text = moment(seconds, 0, false);
  if (micros != 0) text.insert(text.find('+'), fmt::format(".{:06}", micros));
  return text;
}
void times(Print& p, usize i) {
  const u64 place = p.arg(i);
  const bool micro = p.call.row->name != "utimensat";
  abi::TimeSpec two[2];
  if (place == 0 || !p.seen().read(place, two)) return p.address(place);
  const auto one = [&](const abi::TimeSpec& t) {
    constexpr i64 kNow = 0x3fffffff, kOmit = 0x3ffffffe, kSecond = 1'000'000'000;
    std::string text = fmt::format("{{tv_sec={}, tv_{}sec={}}}", t.tv_sec, micro ? 'u' : 'n', t.tv_nsec);
    if (!micro && (t.tv_nsec == kNow || t.tv_nsec == kOmit)) {
      const std::string_view name = t.tv_nsec == kNow ? "UTIME_NOW" : "UTIME_OMIT";
      // No number stands for it: the structure does.
      if (constant_style() == ConstantStyle::abbreviated) return std::string(name);
      return constant_style() == ConstantStyle::raw ? text : fmt::format("{} /* {} */", text, name);
    }
    const i64 ns = micro ? t.tv_nsec * 1000 : t.tv_nsec;
    if (ns >= 0 && ns < kSecond)
      text +=
          " /* " + (micro ? short_moment(t.tv_sec, ns / 1000) : moment(t.tv_sec, static_cast<u64>(ns), true)) + " */";
    return text;
  };
  p.text("[" + one(two[0]) + ", " + one(two[1]) + "]");
}

void lock(Print& p, u64 place, bool told) {
  p.object<abi::FLock>(place, [&](const abi::FLock& l) {
    p.text(fmt::format("{{l_type={}, l_whence={}, l_start={}, l_len={}",
                       print_names(names("lock_type"), static_cast<u16>(l.l_type)),
                       print_names(names("Whence"), static_cast<u16>(l.l_whence)), l.l_start, l.l_len));
    if (told) p.text(", l_pid="), p.process(l.l_pid);
    p.text("}");
  });
}
void owner(Print& p, u64 place) {
  constexpr Name kTypes[] = {{0, "F_OWNER_TID"}, {1, "F_OWNER_PID"}, {2, "F_OWNER_PGRP"}};
  struct Owner {
    u32 type;
    i32 pid;
  };
  p.object<Owner>(place, [&](const Owner& o) {
    p.text("{type="), append_names(p.out, {Names::Kind::number, "F_OWNER_???", kTypes}, o.type);
    p.text(", pid="), p.process(o.pid), p.text("}");
  });
}
void fcntl(Print& p, usize i) {
  const u64 arg = p.arg(i);
  switch (static_cast<u32>(p.arg(1))) {
    case 1:
    case 3:
    case 9:
    case 11:
    case 1025:
    case 1032:
    case 1034:  // F_GETFD, GETFL, GETOWN, GETSIG, GETLEASE, GETPIPE_SZ, GET_SEALS
      return;
    case 0:
    case 1030:
    case 1031:  // F_DUPFD, F_DUPFD_CLOEXEC, F_SETPIPE_SZ
      return p.number(static_cast<i64>(arg));
    case 8:  // F_SETOWN
      return p.number(as_int(arg));
    case 2:
      return p.named("fd_flags", static_cast<u32>(arg));
    case 4:
      return p.text(open_flags(static_cast<u32>(arg)));
    case 10:
      return p.text(signal_name(as_int(arg)));
    case 1024:
      return p.named("lock_type", arg);
    case 1026: {  // F_NOTIFY
      constexpr Name kEvents[] = {{1, "DN_ACCESS"},
                                  {2, "DN_MODIFY"},
                                  {4, "DN_CREATE"},
                                  {8, "DN_DELETE"},
                                  {16, "DN_RENAME"},
                                  {32, "DN_ATTRIB"},
                                  {0x80000000, "DN_MULTISHOT"}};
      return append_names(p.out, {Names::Kind::bits, "DN_???", kEvents}, arg);
    }
    case 1033:
      return p.named("seals", arg);
    case 5:
    case 36:  // F_GETLK, F_OFD_GETLK
      return p.done() ? lock(p, arg, true) : p.address(arg);
    case 6:
    case 7:
    case 37:
    case 38:
      return lock(p, arg, false);
    case 15:
      return owner(p, arg);
    case 16:
      return p.done() ? owner(p, arg) : p.address(arg);
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
  constexpr usize kFirstSize = 64, kBeforeCgroup = offsetof(abi::CloneArgs, cgroup);
  constexpr u64 kMostThreads = 32;
  const u8* bytes = size < kFirstSize ? nullptr : p.seen().memory(p.arg(0), size);
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
  if (args.set_tid.raw() != 0 || args.set_tid_size != 0) {
    const bool is_list = args.set_tid_size != 0 && args.set_tid_size <= kMostThreads;
    p.text(", set_tid=");
    is_list ? p.array<i32>(args.set_tid.raw(), args.set_tid_size, [&](i32 tid) { p.number(tid); })
            : p.address(args.set_tid.raw());
    p.text(fmt::format(", set_tid_size={}", args.set_tid_size));
  }
  if (((args.flags & abi::clone_into_cgroup) != 0 && size > kBeforeCgroup) || args.cgroup != 0)
    p.text(", cgroup="), p.descriptor(as_int(args.cgroup));
  print_newer(p, p.arg(0), sizeof args, p.arg(1));
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

// What FUTEX_WAKE_OP does to the second word, and which comparison makes it wake there, too.
void wake_operation(Print& p, u32 word) {
  constexpr std::string_view kOperations[] = {"SET", "ADD", "OR", "ANDN", "XOR"};
  constexpr std::string_view kComparisons[] = {"EQ", "NE", "LT", "LE", "GT", "GE"};
  const u32 operation = word >> 28 & 7, comparison = word >> 24 & 0xf;
  if ((word >> 31) != 0) p.text("FUTEX_OP_OPARG_SHIFT<<28|");
  p.text(operation < std::size(kOperations) ? fmt::format("FUTEX_OP_{}<<28", kOperations[operation])
                                            : fmt::format("{:#x}<<28 /* FUTEX_OP_??? */", operation));
  p.text("|" + trace::hex(word >> 12 & 0xfff) + "<<12|");
  p.text(comparison < std::size(kComparisons) ? fmt::format("FUTEX_OP_CMP_{}<<24", kComparisons[comparison])
                                              : fmt::format("{:#x}<<24 /* FUTEX_OP_CMP_??? */", comparison));
  p.text("|" + trace::hex(word & 0xfff));
}

void futex(Print& p, usize i) {
  const u32 op = static_cast<u32>(p.arg(1));
  const u32 command = op & 0x7f;
  const auto is = [command](std::initializer_list<u32> commands) {
    return std::find(commands.begin(), commands.end(), command) != commands.end();
  };
  const auto bitset = [&](u64 bits) {
    p.text(static_cast<u32>(bits) == ~u32{0} ? "FUTEX_BITSET_MATCH_ANY" : fmt::format("{:#x}", static_cast<u32>(bits)));
  };
  constexpr u32 kLast = abi::futex_lock_pi2;
  if (command > kLast && i >= 3) return i == 5 ? hex(p, static_cast<u32>(p.arg(i))) : p.address(p.arg(i));
  const bool second_word =
      is({abi::futex_requeue, abi::futex_cmp_requeue, abi::futex_wake_op, abi::futex_cmp_requeue_pi});
  switch (i) {
    case 1:
      return p.text(futex_op(op));
    case 2:
      if (is({abi::futex_lock_pi, abi::futex_lock_pi2, abi::futex_unlock_pi, abi::futex_trylock_pi})) return;
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
      if (command == abi::futex_wake_op) return wake_operation(p, static_cast<u32>(p.arg(5)));
      return;
    default:
      return p.address(p.arg(i));
  }
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
// What is told only when a call is left is not read any more where it failed.
void epoll_mask(Print& p, usize i) { p.call.failed() ? p.address(p.arg(i)) : find_object("SigSet")(p, p.arg(i)); }
void epoll_time(Print& p, usize i) { p.call.failed() ? p.address(p.arg(i)) : print_time(p, p.arg(i)); }
// What is left of a sleep is told only where it was cut short.
void remaining(Print& p, usize i) {
  if (p.call.left && (p.call.value == -4 || p.call.value == -516 || p.call.value == -512 || p.call.value == -514))
    return print_time(p, p.arg(i));
  p.address(p.arg(i));
}

// --- sockets ---------------------------------------------------------------------------------------------------------------

void print_credentials(Print& p, u64 place) {
  p.object<abi::UCred>(place, [&](const abi::UCred& c) {
    p.text("{pid="), p.process(c.pid), p.text(fmt::format(", uid={}, gid={}}}", c.uid, c.gid));
  });
}
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
    i32 before = length;
    p.seen().read_at_entry(p.arg(i), before);
    p.text(before != length ? fmt::format("[{} => {}]", before, length) : fmt::format("[{}]", length));
  });
}
void socket_option(Print& p, usize i) {
  struct Level {
    u32 level;
    std::string_view options, more_set, more_get;
  };
  constexpr Level kLevels[] = {{0, "ip_option", "ip_set", "ip_get"},
                               {1, "SocketOption", "", ""},
                               {6, "tcp_option", "", ""},
                               {17, "udp_option", "", ""},
                               {41, "ipv6_option", "ipv6_set", "ipv6_get"},
                               {136, "udp_option", "", ""},
                               {255, "raw_option", "", ""},
                               {263, "packet_option", "", ""},
                               {270, "netlink_option", "", ""}};
  const u32 level = static_cast<u32>(p.arg(1)), option = static_cast<u32>(p.arg(i));
  const bool gets = p.call.row->name == "getsockopt";
  const auto* known =
      std::find_if(std::begin(kLevels), std::end(kLevels), [&](const Level& l) { return l.level == level; });
  if (known == std::end(kLevels)) return p.number(as_int(option));
  constexpr u32 kSocket = 1, kFilter = 26;
  if (level == kSocket && option == kFilter && gets) return append_constant(p.out, "0x1a", "SO_GET_FILTER");
  const std::string_view more = gets ? known->more_get : known->more_set;
  const std::string_view name = more.empty() ? std::string_view() : name_of(names(more), option);
  if (!name.empty()) return append_constant(p.out, trace::hex(option), name);
  append_names(p.out, names(known->options), option);
}
// "inet_addr(\"127.0.0.1\")"
std::string dotted_address(const Print& p, const u8* b) {
  return fmt::format("inet_addr({})", p.quoted(fmt::format("{}.{}.{}.{}", b[0], b[1], b[2], b[3])));
}
// Groups of multicast: an address and an interface.
bool joins_group(u32 level, u32 option) {
  const bool any = option == 42 || option == 45;  // MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP
  return (level == 0 && (any || option == 35 || option == 36)) ||
         (level == 41 && (any || option == 20 || option == 21 || option == 27 || option == 28));
}
void group(Print& p, u64 place, i32 length) {
  const auto bytes = [](const u8* data, usize size) {
    return quote({reinterpret_cast<const char*>(data), size}, DecodeOptions::Hex::all, More::no);
  };
  const bool is_any = p.arg(2) >= 42, is_six = p.arg(1) == 41;
  struct Six {
    std::array<u8, 16> address;
    u32 interface;
  };
  if (is_any || length < as_int(is_six ? sizeof(Six) : sizeof(u64))) return p.address(place);
  if (is_six) {
    return p.object<Six>(place, [&](const Six& g) {
      const std::string text = p.quoted(inet6_text(g.address));
      p.text("{");
      p.text(constant_style() == ConstantStyle::abbreviated
                 ? fmt::format("inet_pton(AF_INET6, {}, &ipv6mr_multiaddr)", text)
                 : "ipv6mr_multiaddr=" + constant(bytes(g.address.data(), g.address.size()),
                                                  fmt::format("inet_pton(AF_INET6, {})", text)));
      p.text(", ipv6mr_interface=");
      print_interface(p, g.interface), p.text("}");
    });
  }
  p.object<std::array<u8, 8>>(place, [&](const std::array<u8, 8>& g) {
    const auto dotted = [&](const u8* b) { return constant(bytes(b, 4), dotted_address(p, b)); };
    p.text(fmt::format("{{imr_multiaddr={}, imr_interface={}}}", dotted(g.data()), dotted(&g[4])));
  });
}

void option_value(Print& p, usize i) {
  const bool gets = p.call.row->name == "getsockopt";
  const u64 place = p.arg(i);
  if (gets && !p.done()) return p.address(place);
  i32 length = as_int(p.arg(4));
  if (gets) p.seen().read(p.arg(4), length);
  enum : u32 { error = 4, linger = 13, credentials = 17, filter = 26, reuse_filter = 51 };
  const u32 option = p.arg(1) == abi::sol_socket ? static_cast<u32>(p.arg(2)) : 0;
  switch (option) {
    case error:
      if (!gets || length != sizeof(i32)) break;
      return p.object<i32>(
          place, [&](i32 n) { p.text("[" + (n > 0 ? error_name(static_cast<u64>(n)) : std::to_string(n)) + "]"); });
    case linger:
      if (length < as_int(sizeof(abi::Linger)))
        return gets ? p.bytes(place, static_cast<u64>(std::max(length, 0))) : p.address(place);
      return p.object<abi::Linger>(place, [&](const abi::Linger& l) {
        p.text(fmt::format("{{l_onoff={}, l_linger={}}}", l.l_onoff, l.l_linger));
      });
    case credentials:
      if (length != as_int(sizeof(abi::UCred))) break;
      return print_credentials(p, place);
    case filter:
    case reuse_filter:
      if (gets) break;
      return length < as_int(sizeof(u64) * 2) ? p.address(place) : print_filter_program(p, place);
    default:
      break;
  }
  if (!gets && joins_group(static_cast<u32>(p.arg(1)), static_cast<u32>(p.arg(2)))) return group(p, place, length);
  if (length == sizeof(i32)) return p.object<i32>(place, [&](i32 n) { p.text(fmt::format("[{}]", n)); });
  p.bytes(place, static_cast<u64>(std::max(length, 0)));
}

// What stands in one control message; nothing where its kind is not known or it is too short for it.
void control_data(Print& p, i32 level, i32 kind, u64 place, u64 length) {
  enum : i32 { rights = 1, credentials, security, timestamp = 29, timestamp_ns = 35, timestamping = 37 };
  enum : i32 { type_of_service = 1, time_to_live, return_options = 7, packet_info, errors = 11 };
  const auto say = [&](const auto& print) { p.text(", cmsg_data="), print(); };
  const auto times = [&](usize count, std::string_view fraction) {
    say([&] {
      p.text(count > 1 ? "[" : "");
      for (usize n = 0; n < count; ++n) {
        p.object<abi::TimeSpec>(place + n * sizeof(abi::TimeSpec), [&](const abi::TimeSpec& t) {
          p.text(fmt::format("{}{{tv_sec={}, {}={}}}", n == 0 ? "" : ", ", t.tv_sec, fraction, t.tv_nsec));
        });
      }
      p.text(count > 1 ? "]" : "");
    });
  };
  if (level == as_int(abi::sol_socket)) {
    if (kind == rights && length >= sizeof(i32))
      say([&] { p.array<i32>(place, length / sizeof(i32), [&](i32 fd) { p.descriptor(fd); }); });
    if (kind == credentials && length >= sizeof(abi::UCred)) say([&] { print_credentials(p, place); });
    if (kind == security && length > 0) say([&] { p.bytes(place, length); });
    if (kind == timestamp && length >= sizeof(abi::TimeSpec)) times(1, "tv_usec");
    if (kind == timestamp_ns && length >= sizeof(abi::TimeSpec)) times(1, "tv_nsec");
    if (kind == timestamping && length >= 3 * sizeof(abi::TimeSpec)) times(3, "tv_nsec");
    return;
  }
  if (level != 0) return;
  const auto dotted = [&p](const u8* b) {
    const std::string_view bytes(reinterpret_cast<const char*>(b), 4);
    return constant(quote(bytes, DecodeOptions::Hex::all, More::no), dotted_address(p, b));
  };
  if (kind == packet_info && length >= 12) {
    return say([&] {
      p.object<std::array<u8, 12>>(place, [&](const std::array<u8, 12>& info) {
        u32 index = 0;
        std::memcpy(&index, info.data(), sizeof index);
        p.text("{ipi_ifindex="), print_interface(p, index);
        p.text(fmt::format(", ipi_spec_dst={}, ipi_addr={}}}", dotted(&info[4]), dotted(&info[8])));
      });
    });
  }
  if (kind == time_to_live && length >= sizeof(u32))
    say([&] { p.object<u32>(place, [&](u32 n) { p.text(fmt::format("[{}]", n)); }); });
  if (kind == type_of_service && length >= 1)
    say([&] { p.object<u8>(place, [&](u8 n) { p.text("[" + trace::hex(n) + "]"); }); });
  if (kind == return_options && length > 0) {
    say([&] { p.array<u8>(place, length, [&](u8 n) { p.text(trace::hex(n)); }); });
  }
  constexpr u64 kErrorSize = 16, kAddressSize = 16;
  if (kind == errors && length >= kErrorSize) {
    say([&] {
      struct Error {
        u32 number;
        u8 origin, type, code, pad;
        u32 info, data;
      };
      p.object<Error>(place, [&](const Error& e) {
        p.text(fmt::format("{{ee_errno={}, ee_origin={}, ee_type={}, ee_code={}, ee_info={}, ee_data={}", e.number,
                           e.origin, e.type, e.code, e.info, e.data));
        if (length >= kErrorSize + kAddressSize)
          p.text(", offender="), print_socket_address(p, place + kErrorSize, kAddressSize);
        p.text("}");
      });
    });
  }
}

void control_messages(Print& p, u64 place, u64 length) {
  p.text(", msg_control=");
  abi::CMsgHdr head;
  if (length < sizeof head || !p.seen().read(place, head)) return p.address(place);
  p.text("[");
  for (u64 at = 0; at + sizeof head <= length && p.seen().read(place + at, head);) {
    const u64 said = std::min(head.cmsg_len, length - at), data = said > sizeof head ? said - sizeof head : 0;
    p.text(fmt::format("{}{{cmsg_len={}, cmsg_level={}, cmsg_type=", at == 0 ? "" : ", ", head.cmsg_len,
                       print_names(names("cmsg_level"), static_cast<u32>(head.cmsg_level))));
    const u32 kind = static_cast<u32>(head.cmsg_type);
    if (head.cmsg_level == as_int(abi::sol_socket)) {
      p.named("scm", kind);
    } else if (head.cmsg_level == 0) {
      p.named("ip_cmsg", kind);
    } else {
      p.text(fmt::format("{:#x}", kind));
    }
    control_data(p, head.cmsg_level, head.cmsg_type, place + at + sizeof head, data);
    p.text("}");
    // What is too short for a header, and what stands behind one that is, is named by its place.
    const u64 next =
        at + (head.cmsg_len < sizeof head ? sizeof head : abi::cmsg_align(std::min(head.cmsg_len, length)));
    if (next < length && (head.cmsg_len < sizeof head || length - next < sizeof head)) {
      p.text(", ... /* "), p.address(place + next), p.text(" */");
      break;
    }
    at = next;
  }
  p.text("]");
}
void print_message(Print& p, u64 place, u64 data) {
  p.object<abi::MsgHdr>(place, [&](const abi::MsgHdr& m) {
    p.text("{msg_name="), print_socket_address(p, m.msg_name.raw(), m.msg_namelen);
    i32 before = m.msg_namelen;
    p.seen().read_at_entry(place + offsetof(abi::MsgHdr, msg_namelen), before);
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
// The time that a call was given, whatever it left of it.
void time_given(Print& p, usize i) {
  abi::TimeSpec time;
  if (p.arg(i) == 0 || !p.seen().read_at_entry(p.arg(i), time)) return p.address(p.arg(i));
  p.text(fmt::format("{{tv_sec={}, tv_nsec={}}}", time.tv_sec, time.tv_nsec));
}
void messages(Print& p, usize i) {
  const bool sends = p.call.row->name == "sendmmsg";
  abi::MMsgHdr first;
  if (!p.done() && (!sends || !p.seen().read(p.arg(i), first))) return p.address(p.arg(i));
  p.text("[");
  const u64 count = p.done() ? static_cast<u64>(p.call.value) : static_cast<u32>(p.arg(2));
  for (u64 n = 0; n < count; ++n) {
    abi::MMsgHdr one;
    const u64 place = p.arg(i) + n * sizeof one;
    if (n > 0) p.text(", ");
    if (!p.seen().read(place, one) || (n >= p.options.string_bytes && !p.options.verbose)) {
      p.text("...");
      break;
    }
    p.text("{msg_hdr="), print_message(p, place, sends ? ~u64{0} : one.msg_len);
    p.text(p.done() ? fmt::format(", msg_len={}}}", one.msg_len) : std::string("}"));
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
void any_hex(Print& p, usize i) { hex(p, p.arg(i)); }
void unsigned_length(Print& p, usize i) { p.unsigned_number(p.arg(i)); }
void robust_list(Print& p, usize i) {
  if (!p.done()) return p.address(p.arg(i));
  p.object<u64>(p.arg(i), [&](u64 head) { p.text("["), p.address(head), p.text("]"); });
}
void name_list(Print& p, usize i) {  // of attributes
  if (!p.done() || p.arg(i + 1) == 0) return p.address(p.arg(i));
  p.bytes(p.arg(i), static_cast<u64>(p.call.value));
}
void host_name(Print& p, usize i) {
  const u32 length = static_cast<u32>(p.arg(1));
  if (i == 1) return p.unsigned_number(length);
  as_int(length) < 0 ? p.address(p.arg(i)) : p.bytes(p.arg(i), length);
}
void restart_command(Print& p, usize i) {  // reboot
  constexpr u32 kRestartBy = 0xa1b2c3d4;
  if (static_cast<u32>(p.arg(2)) == kRestartBy) p.string(p.arg(i));
}
void offset_pair(Print& p, usize i) {
  i64 now = 0, before = 0;
  if (p.arg(i) == 0 || !p.seen().read_at_entry(p.arg(i), before)) return p.address(p.arg(i));
  // Of sendfile alone strace tells how far it came.
  const bool told = p.call.row->name == "sendfile" && p.done() && p.seen().read(p.arg(i), now);
  p.text(told && before != now ? fmt::format("[{}] => [{}]", before, now) : fmt::format("[{}]", before));
}
void ipc_key(Print& p, usize i) {
  p.text(p.arg(i) == 0 ? constant("0", "IPC_PRIVATE") : fmt::format("{:#x}", static_cast<u32>(p.arg(i))));
}
void ipc_flags(Print& p, usize i) {
  const u32 flags = static_cast<u32>(p.arg(i));
  const u32 bits = flags & ~0777u;
  constexpr u32 kHugeShift = 26, kHuge = 04000;
  const bool memory = p.call.row->name == "shmget", huge = memory && (flags & kHuge) != 0;
  const u32 size = huge ? bits >> kHugeShift : 0;
  if (bits != 0)
    p.text(print_names(names(memory ? "shm_bits" : "ipc_bits"), huge ? bits & ((1u << kHugeShift) - 1) : bits) + "|");
  if (size != 0) p.text(fmt::format("{}<<", size)), append_constant(p.out, "26", "SHM_HUGE_SHIFT"), p.text("|");
  p.text(permissions(flags & 0777));
}
void timerfd_flags(Print& p, usize i) { p.named("timerfd_settime", static_cast<u32>(p.arg(i))); }
void sem_operations(Print& p, usize i) {
  p.array<abi::SemBuf>(p.arg(i), p.arg(i + 1), [&](const abi::SemBuf& b) {
    const u32 flags = static_cast<u16>(b.sem_flg);
    constexpr Name kFlags[] = {{0x1000, "SEM_UNDO"}, {04000, "IPC_NOWAIT"}};
    p.text(fmt::format("{{sem_num={}, sem_op={}, sem_flg=", b.sem_num, b.sem_op));
    append_names(p.out, {Names::Kind::bits, "SEM_???", kFlags}, flags), p.text("}");
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
  constexpr Name kBases[] = {{0, "PER_LINUX"}};
  append_names(p.out, {Names::Kind::number, "PER_???", kBases}, value & 0xff);
  if (const u32 bits = value & ~0xffu; bits != 0) p.text("|"), p.named("personality_bits", bits);
}
void groups(Print& p, usize i) {
  const bool gets = p.call.row->name == "getgroups";
  if (gets && !p.done()) return p.address(p.arg(i));
  constexpr u32 kMost = 65536;
  if (!gets && static_cast<u32>(p.arg(0)) > kMost) return p.address(p.arg(i));
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
constexpr Override kOverrides[] = {
    {"bpf", 1 << 1, bpf, 1 << 1},
    {"open", 1 << 2, open_mode},
    {"openat", 1 << 3, open_mode},
    {"mq_open", 1 << 2 | 1 << 3,
     [](Print& p, usize i) {
       if (i == 2) return open_mode(p, i);
       if ((p.arg(1) & kCreates) != 0) find_object("MqAttr")(p, p.arg(i));
     }},
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
    {"process_vm_readv", 1 << 1 | 1 << 3, foreign_vectors, 1 << 1},
    {"process_vm_writev", 1 << 1 | 1 << 3, foreign_vectors},
    {"utimensat", 1 << 2, times},
    {"futimesat", 1 << 2, times},
    {"utimes", 1 << 1, times},
    {"fcntl", 1 << 2, fcntl, 1 << 2, 0,
     [](const Call& c) { return as_int(c.args[1]) == 5 || as_int(c.args[1]) == 36 || as_int(c.args[1]) == 16; }},
    {"mmap", 1 << 5, mmap_offset},
    {"mremap", 1 << 4, mremap_address},
    {"mincore", 1 << 2, resident},
    {"clone", 0x1f, clone, 0x1c, 0,
     [](const Call& c) { return (c.args[0] & (abi::clone_parent_settid | abi::clone_pidfd)) != 0; }},
    {"clone3", 1 << 0, clone3, 1 << 0},
    {"wait4", 1 << 1 | 1 << 3, [](Print& p, usize i) { i == 1 ? wait_status(p, i) : wait_usage(p, i); }},
    {"waitid", 1 << 3 | 1 << 4, [](Print& p, usize i) { i == 3 ? waitid_options(p, i) : wait_usage(p, i); }},
    {"futex", 0x3f, futex, 0, 0x3f},
    {"sched_setaffinity", 1 << 2, affinity},
    {"sched_getaffinity", 1 << 2, affinity},
    {"poll", 1 << 0, poll_fds, 0, 1 << 0},
    {"ppoll", 1 << 0 | 1 << 2, [](Print& p, usize i) { i == 0 ? poll_fds(p, i) : print_time(p, p.arg(2)); }, 0,
     1 << 0 | 1 << 2},
    {"select", 0x1e, select_words, 0, 0x1e},
    {"pselect6", 0x3e, select_words, 0, 0x3e},
    {"epoll_wait", 1 << 1, epoll_events},
    {"epoll_pwait", 1 << 1 | 1 << 4, [](Print& p, usize i) { i == 1 ? epoll_events(p, i) : epoll_mask(p, i); }},
    {"epoll_pwait2", 1 << 1 | 1 << 3 | 1 << 4,
     [](Print& p, usize i) { i == 1   ? epoll_events(p, i)
                             : i == 3 ? epoll_time(p, i)
                                      : epoll_mask(p, i); }},
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
    {"recvmmsg", 1 << 1 | 1 << 4, [](Print& p, usize i) { i == 1 ? messages(p, i) : time_given(p, i); }},
    {"getrandom", 1 << 0, random_bytes},
    {"getcwd", 1 << 0, result_string},
    {"rseq", 0xf, any_hex},
    {"truncate", 1 << 1, unsigned_length},
    {"ftruncate", 1 << 1, unsigned_length},
    {"get_robust_list", 1 << 1, robust_list},
    {"listxattr", 1 << 1, name_list},
    {"llistxattr", 1 << 1, name_list},
    {"flistxattr", 1 << 1, name_list},
    {"sethostname", 1 << 0 | 1 << 1, host_name},
    {"setdomainname", 1 << 0 | 1 << 1, host_name},
    {"reboot", 1 << 3, restart_command},
    {"sendfile", 1 << 2, offset_pair},
    {"copy_file_range", 1 << 1 | 1 << 3, offset_pair},
    {"splice", 1 << 1 | 1 << 3, offset_pair},
    {"shmget", 1 << 0 | 1 << 2, [](Print& p, usize i) { i == 0 ? ipc_key(p, i) : ipc_flags(p, i); }},
    {"semget", 1 << 0 | 1 << 2, [](Print& p, usize i) { i == 0 ? ipc_key(p, i) : ipc_flags(p, i); }},
    {"msgget", 1 << 0 | 1 << 1, [](Print& p, usize i) { i == 0 ? ipc_key(p, i) : ipc_flags(p, i); }},
    {"shmat", 1 << 2, [](Print& p, usize i) { p.named("shmat", static_cast<u32>(p.arg(i))); }},
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
  for (const std::span<const Override> list :
       {std::span<const Override>(kOverrides), system_overrides(), prctl_overrides(), ioctl_overrides(),
        ring_overrides(), machine_overrides()}) {
    for (const Override& one : list) {
      if (one.call == call) return &one;
    }
  }
  return nullptr;
}

void append_result_note(std::string& out, const Call& call, const DecodeOptions& options) {
  if (call.row == nullptr || options.raw) return;
  const std::string_view name = call.row->name;
  if (name == "poll" || name == "ppoll") out += poll_note(call, options);
  if (name == "select" || name == "pselect6") out += select_note(call, options);
  if (call.failed()) return;
  if (name == "recvmmsg" && call.value == 0) out += " (Timeout)";
  if (name == "recvmmsg" && call.value > 0 && call.args[4] != 0) {
    Print p{call, options, out};
    out += " (left ", print_time(p, call.args[4]), out += ')';
  }
  if (name == "rt_sigtimedwait" && call.value > 0) out += " (" + signal_name(static_cast<i32>(call.value)) + ")";
  if (name == "personality") ((out += " (") += constant("0", "PER_LINUX")) += ')';
  if (name == "sched_getscheduler") {
    const std::string_view policy = name_of(names("SchedPolicy"), static_cast<u64>(call.value));
    if (!policy.empty()) ((out += " (") += policy) += ')';
  }
  if (name == "prctl") append_prctl_note(out, call);
  if (name == "adjtimex" || name == "clock_adjtime") {
    constexpr std::string_view kStates[] = {"TIME_OK", "TIME_INS", "TIME_DEL", "TIME_OOP", "TIME_WAIT", "TIME_ERROR"};
    if (static_cast<u64>(call.value) < std::size(kStates)) out += fmt::format(" ({})", kStates[call.value]);
  }
  if (name == "ioprio_get") append_io_priority(out += " (", static_cast<u32>(call.value)), out += ')';
  if (name != "fcntl") return;
  const u32 cmd = static_cast<u32>(call.args[1]);
  if (cmd == 1 && call.value != 0)
    out += " (flags " + print_names(names("fd_flags"), static_cast<u64>(call.value)) + ")";
  if (cmd == 3) {
    const ConstantScope by_name(ConstantStyle::abbreviated);  // the number has just been written
    out += " (flags " + open_flags(static_cast<u64>(call.value)) + ")";
  }
  if (cmd == 1034 && call.value != 0)
    out += " (seals " + print_names(names("seals"), static_cast<u64>(call.value)) + ")";
}

}  // namespace limen::trace
