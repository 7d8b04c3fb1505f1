// Calls about the system itself (mounts, memory policy, keys, capabilities, scheduling, IPC objects, ptrace, seccomp) whose parameters
// explain each other. As trace/calls.cc, which has the files, memory, sockets and processes. Longer than 500 lines: a list.
#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "abi/aio.h"
#include "abi/capability.h"
#include "abi/futex.h"
#include "abi/ipc.h"
#include "abi/mman.h"
#include "abi/mount.h"
#include "abi/poll.h"
#include "abi/sched.h"
#include "abi/time.h"
#include "base/errno.h"
#include "trace/print.h"

namespace limen::trace {
namespace {

void hex(Print& p, u64 value) { p.text(trace::hex(value)); }
i32 as_int(u64 word) { return static_cast<i32>(word); }

// As append_names, of a number that is decimal where its name does not stand alone.
void append_decimal(std::string& out, const Names& names, u64 value) {
  const std::string_view name = name_of(names, value);
  name.empty() ? append_names(out, names, value) : append_constant(out, std::to_string(value), name);
}

// --- mounts ----------------------------------------------------------------------------------------------------------------

constexpr u64 kMagic = 0xc0ed0000, kMagicMask = 0xffff0000;

u64 mount_flags(u64 flags) { return (flags & kMagicMask) == kMagic ? flags & ~kMagicMask : flags; }

void mount(Print& p, usize i) {
  const u64 flags = mount_flags(p.arg(3));
  const bool remount = (flags & abi::ms_remount) != 0;
  const bool moves = !remount && (flags & (abi::ms_bind | abi::ms_move | abi::ms_shared | abi::ms_private |
                                           abi::ms_slave | abi::ms_unbindable)) != 0;
  if (i == 0) return p.path(p.arg(i));
  if (i == 2) return remount || moves ? p.address(p.arg(i)) : p.string(p.arg(i));
  if (i == 4) return moves ? p.address(p.arg(i)) : p.string(p.arg(i));
  const bool magic = flags != p.arg(3);
  if (magic) append_constant(p.out, "0xc0ed0000", "MS_MGC_VAL"), p.text(flags != 0 ? "|" : "");
  if (flags != 0 || !magic) p.named("MountFlags", flags);
}

void configure(Print& p, usize i) {  // fsconfig
  enum : u32 { flag, string, binary, path, path_empty, fd };
  const u32 command = static_cast<u32>(p.arg(1));
  if (i == 2) return command <= fd ? p.string(p.arg(i)) : p.address(p.arg(i));
  if (i == 4) return p.number(as_int(p.arg(i)));
  if (command == string || command == path || command == path_empty) {
    return command == string ? p.string(p.arg(i)) : p.path(p.arg(i));
  }
  if (command != binary) return p.address(p.arg(i));
  const u64 length = static_cast<u64>(std::max(as_int(p.arg(4)), 0)),
            shown = std::min<u64>(length, p.options.string_bytes);
  const u8* at = p.seen().memory(p.arg(i), shown);
  if (at == nullptr) return p.address(p.arg(i));
  append_quoted(p.out, {reinterpret_cast<const char*>(at), shown}, DecodeOptions::Hex::all,
                shown < length ? More::yes : More::no);
}

void mount_attributes(Print& p, usize i) {
  if (p.arg(4) < sizeof(abi::MountAttr)) return p.address(p.arg(i));
  p.object<abi::MountAttr>(p.arg(i), [&](const abi::MountAttr& a) {
    p.text("{attr_set="), p.named("mount_attr", a.attr_set), p.text(", attr_clr="), p.named("mount_attr", a.attr_clr);
    p.text(", propagation=");
    append_names(p.out, {Names::Kind::number, "MS_???", names("MountFlags").list}, a.propagation);
    p.text(", userns_fd="), p.descriptor(as_int(a.userns_fd));
    print_newer(p, p.arg(i), sizeof a, p.arg(4));
    p.text("}");
  });
}

void swap_flags(Print& p, usize i) {
  constexpr Name kFlags[] = {{0x8000, "SWAP_FLAG_PREFER"},
                             {0x10000, "SWAP_FLAG_DISCARD"},
                             {0x20000, "SWAP_FLAG_DISCARD_ONCE"},
                             {0x40000, "SWAP_FLAG_DISCARD_PAGES"}};
  const u32 flags = static_cast<u32>(p.arg(i)), priority = flags & 0x7fff;
  if ((flags & ~0x7fffu) != 0)
    append_names(p.out, {Names::Kind::bits, "SWAP_FLAG_???", kFlags}, flags & ~0x7fffu), p.text("|");
  p.unsigned_number(priority);
}

void quota(Print& p, usize i) {
  constexpr Name kCommands[] = {{0x800001, "Q_SYNC"},     {0x800002, "Q_QUOTAON"},  {0x800003, "Q_QUOTAOFF"},
                                {0x800004, "Q_GETFMT"},   {0x800005, "Q_GETINFO"},  {0x800006, "Q_SETINFO"},
                                {0x800007, "Q_GETQUOTA"}, {0x800008, "Q_SETQUOTA"}, {0x800009, "Q_GETNEXTQUOTA"}};
  constexpr Name kTypes[] = {{0, "USRQUOTA"}, {1, "GRPQUOTA"}, {2, "PRJQUOTA"}};
  const u32 command = static_cast<u32>(p.arg(i));
  std::string text = "QCMD(";
  // Both are told by name, too, where the whole is.
  const ConstantStyle style = constant_style();
  {
    const ConstantScope by_name(ConstantStyle::abbreviated);
    append_names(text, {Names::Kind::number, "Q_???", kCommands}, command >> 8), text += ", ";
    append_names(text, {Names::Kind::number, "???QUOTA", kTypes}, command & 0xff), text += ')';
  }
  style == ConstantStyle::abbreviated ? p.text(text) : append_constant(p.out, std::to_string(as_int(command)), text);
}

void file_handle(Print& p, usize i) {
  const bool opens = p.call.row->name == "open_by_handle_at";
  p.object<abi::FileHandle>(p.arg(i), [&](const abi::FileHandle& h) {
    p.text(fmt::format("{{handle_bytes={}", h.handle_bytes));
    if (opens || p.done()) {
      const u8* at = p.seen().memory(p.arg(i) + sizeof h, std::min(h.handle_bytes, abi::max_handle_sz));
      p.text(fmt::format(", handle_type={}, f_handle=", h.handle_type));
      at == nullptr
          ? p.text("???")
          : append_quoted(p.out, {reinterpret_cast<const char*>(at), std::min(h.handle_bytes, abi::max_handle_sz)},
                          DecodeOptions::Hex::all, h.handle_bytes > abi::max_handle_sz ? More::yes : More::no);
    }
    p.text("}");
  });
}

// --- memory policy ---------------------------------------------------------------------------------------------------------

void node_mask(Print& p, u64 place, u64 nodes) {
  if (nodes == 0) return p.address(place);
  p.array<u64>(place, (nodes - 1 + 63) / 64,
               [&](u64 word) { p.text(word == 0 ? "0000000000000000" : fmt::format("{:#016x}", word)); });
}

void policy_mode(Print& p, u32 mode) {
  constexpr u32 kFlags = 0xe000;
  const std::string_view known = name_of(names("policy_mode"), mode & ~kFlags);
  const std::string flags = (mode & kFlags) == 0 ? "" : names_alone("policy_flags", mode & kFlags);
  if (known.empty() && flags.empty()) return p.named("policy_mode", mode);
  append_constant(p.out, trace::hex(mode),
                  known.empty() ? flags + "|" + trace::hex(mode & ~kFlags)
                                : std::string(known) + (flags.empty() ? "" : "|" + flags));
}

void policy(Print& p, usize i) {  // mbind, set_mempolicy
  const usize mode = p.call.row->name == "mbind" ? 2 : 0;
  i == mode ? policy_mode(p, static_cast<u32>(p.arg(i))) : node_mask(p, p.arg(i), p.arg(i + 1));
}

void get_policy(Print& p, usize i) {
  if (!p.done()) return p.address(p.arg(i));
  if (i == 1) return node_mask(p, p.arg(i), p.arg(2));
  constexpr u64 kNode = 1;
  p.object<u32>(p.arg(i), [&](u32 mode) {
    p.text("["), (p.arg(4) & kNode) != 0 ? p.unsigned_number(mode) : policy_mode(p, mode), p.text("]");
  });
}

void migrate(Print& p, usize i) { node_mask(p, p.arg(i), p.arg(1)); }

void move_pages(Print& p, usize i) {
  const u64 count = p.arg(1);
  if (i == 2) return p.array<u64>(p.arg(i), count, [&](u64 page) { p.address(page); });
  if (i == 3) return p.array<i32>(p.arg(i), count, [&](i32 node) { p.number(node); });
  if (!p.done()) return p.address(p.arg(i));
  p.array<i32>(p.arg(i), count, [&](i32 status) {
    const std::string_view error = status < 0 ? errno_name(static_cast<Errno>(-status)) : std::string_view();
    error.empty() ? p.number(status) : p.text("-" + std::string(error));
  });
}

void advised(Print& p, usize i) {  // process_madvise
  p.array<abi::IoVec>(p.arg(i), p.arg(i + 1), [&](const abi::IoVec& v) {
    p.text("{iov_base="), p.address(v.iov_base.raw()), p.text(fmt::format(", iov_len={}}}", v.iov_len));
  });
}

void named_memory(Print& p, usize i) {  // memfd_create
  constexpr u32 kHugeShift = 26;
  const u32 flags = static_cast<u32>(p.arg(i)), low = flags & ((1u << kHugeShift) - 1), size = flags >> kHugeShift;
  constexpr u32 kHuge = 4;
  if ((flags & kHuge) == 0 || size == 0) return p.named("MemfdFlags", flags);
  append_constant(p.out, trace::hex(flags), fmt::format("{}|{}<<MFD_HUGE_SHIFT", names_alone("MemfdFlags", low), size));
}

// --- keys ------------------------------------------------------------------------------------------------------------------

void key(Print& p, u64 word) {
  const std::string_view special = name_of(names("key_special"), static_cast<u32>(word));
  special.empty() ? p.number(as_int(word)) : append_constant(p.out, std::to_string(as_int(word)), special);
}

// What the words of each operation are, a letter each: k key, n number, s string, b bytes as long as the next word says, a address,
// o address that the call fills, p permissions, d default keyring, m flags of a move, v vector as long as the next, u user, e error, x hexadecimal.
constexpr std::array<std::string_view, 33> kKeyWords = {
    "kn",  "s",    "kbn",  "k",    "kuu",  "kp",   "kon",  "k",   "kk",   "kk",   "kssk",
    "kon", "kbnk", "knk",  "d",    "kn",   "k",    "kon",  "",    "knek", "kvnk", "k",
    "uk",  "aonx", "kasx", "asax", "asax", "asax", "asax", "kss", "kkkm", "on",   "xxxx"};

void key_words(Print& p, usize i) {
  const u32 op = static_cast<u32>(p.arg(0));
  const std::string_view words = op < kKeyWords.size() ? kKeyWords[op] : "xxxx";
  if (i > words.size()) return;
  const u64 word = p.arg(i);
  switch (words[i - 1]) {
    case 'k':
      return key(p, word);
    case 'n':
      return p.unsigned_number(op == 6 || op == 11 || op == 17 || op == 2 || op == 12 ? word : static_cast<u32>(word));
    case 's':
      return p.string(word);
    case 'b':
      return p.bytes(word, p.arg(i + 1));
    case 'o':
      return p.done() && op == 6 ? p.string(word)
             : p.done()          ? p.bytes(word, static_cast<u64>(p.call.value))
                                 : p.address(word);
    case 'p':
      return p.named("key_permissions", static_cast<u32>(word));
    case 'd': {
      const std::string_view known = name_of(names("key_default"), static_cast<u32>(word));
      const std::string number = std::to_string(as_int(word));
      const bool unknown = known.empty() && constant_style() != ConstantStyle::raw;
      return unknown ? p.text(number + " /* KEY_REQKEY_DEFL_??? */") : append_constant(p.out, number, known);
    }
    case 'm':
      return p.named("key_move", static_cast<u32>(word));
    case 'v':
      return print_iovec(p, word, p.arg(i + 1), ~u64{0});
    case 'u':
      return static_cast<u32>(word) == ~u32{0} ? p.number(-1) : p.unsigned_number(static_cast<u32>(word));
    case 'a':
      return p.address(word);
    case 'e': {
      const std::string number = std::to_string(static_cast<u32>(word));
      const std::string name = word - 1 < 4095 ? error_name(word) : number;
      return name == number ? p.text(number) : append_constant(p.out, number, name);
    }
    default:
      return hex(p, word);
  }
}
bool key_tells(const Call& call) {
  const u32 op = static_cast<u32>(call.args[0]);
  return op == 6 || op == 11 || op == 17 || op == 31;
}
void keyring(Print& p, usize i) { key(p, p.arg(i)); }

// --- capabilities, scheduling ----------------------------------------------------------------------------------------------

void capabilities(Print& p, usize i) {
  if (p.call.row->name == "capget" && !p.done()) return p.address(p.arg(i));
  constexpr u32 kOld = 0x19980330;
  abi::CapHeader head{};
  p.seen().read(p.arg(0), head);
  std::array<abi::CapData, 2> data{};
  const usize count = head.version == kOld ? 1 : 2;
  const u8* at = p.arg(i) == 0 ? nullptr : p.seen().memory(p.arg(i), count * sizeof(abi::CapData));
  if (at == nullptr) return p.address(p.arg(i));
  std::memcpy(data.data(), at, count * sizeof(abi::CapData));
  // As each half has them: by number they are two words.
  const auto half = [&](u32 bits, u64 first) {
    std::string text;
    for (u64 bit = 0; bit < 32; ++bit) {
      if ((bits >> bit & 1) == 0) continue;
      const std::string_view known = name_of(names("capability"), first + bit);
      text += text.empty() ? "" : "|";
      if (known.empty()) {
        text += trace::hex(bits >> bit << bit);
        break;
      }
      text += fmt::format("1<<{}", known);
    }
    append_constant(p.out, trace::hex(bits), text);
  };
  const auto set = [&](std::string_view name, u32 low, u32 high) {
    p.out += name, p.out += '=';
    if (low == 0 && high == 0) p.out += '0';
    if (low != 0) half(low, 0);
    if (low != 0 && high != 0) p.out += '|';
    if (high != 0) half(high, 32);
  };
  p.out += '{', set("effective", data[0].effective, data[1].effective), p.out += ", ";
  set("permitted", data[0].permitted, data[1].permitted), p.out += ", ";
  set("inheritable", data[0].inheritable, data[1].inheritable), p.out += '}';
}

// `known` bytes of it are there; `size` is what it says of itself.
void scheduling_attributes(Print& p, u32 size, usize known, const abi::SchedAttr& a) {
  const bool gets = p.call.row->name == "sched_getattr";
  constexpr u64 kKeepPolicy = 8, kKeepParameters = 16;
  p.text(fmt::format("{{size={}", size));
  if (known < abi::sched_attr_size_ver0) return p.text("}");
  if (gets || (a.sched_flags & kKeepPolicy) == 0) {
    constexpr u32 kReset = 0x40000000;
    p.text(", sched_policy="), p.named("SchedPolicy", a.sched_policy & ~kReset);
    if ((a.sched_policy & kReset) != 0) p.text("|SCHED_RESET_ON_FORK");
  }
  p.text(", sched_flags="), p.named("sched_flags", a.sched_flags);
  if (gets || (a.sched_flags & kKeepParameters) == 0) {
    p.text(fmt::format(", sched_nice={}, sched_priority={}, sched_runtime={}, sched_deadline={}, sched_period={}",
                       a.sched_nice, a.sched_priority, a.sched_runtime, a.sched_deadline, a.sched_period));
  }
  if (known >= abi::sched_attr_size_ver1)
    p.text(fmt::format(", sched_util_min={}, sched_util_max={}", a.sched_util_min, a.sched_util_max));
  p.text(known > sizeof a ? ", ...}" : "}");
}

void got_scheduling(Print& p, usize i) {  // sched_getattr
  abi::SchedAttr a{};
  u32 size = 0;
  if (!p.done() || p.arg(i) == 0 || !p.seen().read(p.arg(i), size)) return p.address(p.arg(i));
  const usize known = std::min<u64>(size, p.arg(2));
  const u8* at = p.seen().memory(p.arg(i), std::min(known, sizeof a));
  if (at == nullptr) return p.address(p.arg(i));
  std::memcpy(&a, at, std::min(known, sizeof a));
  scheduling_attributes(p, size, known, a);
}

// As it was given; and where that is too long, the length that the kernel answers.
void set_scheduling(Print& p, usize i) {  // sched_setattr
  const u64 place = p.arg(i);
  std::array<u8, sizeof(abi::SchedAttr)> bytes{};
  abi::SchedAttr a{};
  u32 size = 0, answered = 0;
  if (place == 0 || !p.seen().read_at_entry(place, size)) return p.address(place);
  const usize known = size == 0 ? abi::sched_attr_size_ver0 : size;
  std::array<u8, abi::sched_attr_size_ver0> first{};
  const bool there = known < first.size()   ? true
                     : known < bytes.size() ? p.seen().read_at_entry(place, first)
                                            : p.seen().read_at_entry(place, bytes);
  if (!there) return p.address(place);
  if (known < bytes.size()) std::copy(first.begin(), first.end(), bytes.begin());
  std::memcpy(&a, bytes.data(), sizeof a);
  scheduling_attributes(p, size, known, a);
  if (p.call.value == -static_cast<i64>(Errno::e2big) && p.seen().read(place, answered))
    p.text(fmt::format(" => {{size={}}}", answered));
}

void priority_of_io(Print& p, usize i) { append_io_priority(p.out, static_cast<u32>(p.arg(i))); }

void compared(Print& p, usize i) {  // kcmp
  constexpr u32 kFile = 0, kWatched = 7;
  const u32 type = static_cast<u32>(p.arg(2));
  if (type == kFile) return p.descriptor(as_int(p.arg(i)));
  if (type == kWatched && i == 3) return p.descriptor(as_int(p.arg(i)));
  if (type == kWatched) {
    return p.object<std::array<u32, 3>>(p.arg(i), [&](const std::array<u32, 3>& slot) {
      p.text("{efd="), p.descriptor(as_int(slot[0])), p.text(", tfd="), p.descriptor(as_int(slot[1]));
      p.text(fmt::format(", toff={}}}", slot[2]));
    });
  }
  if (type > kWatched) hex(p, p.arg(i));
}

void waiters(Print& p, usize i) {  // futex_waitv
  p.array<abi::FutexWaitV>(p.arg(i), static_cast<u32>(p.arg(1)), [&](const abi::FutexWaitV& w) {
    const u32 size = w.flags & 3;
    constexpr std::string_view kSizes[] = {"FUTEX_8", "FUTEX_16", "FUTEX_32", "FUTEX_64"};
    std::string flags(kSizes[size]);
    if ((w.flags & 128) != 0) flags += "|FUTEX_PRIVATE_FLAG";
    if ((w.flags & ~131u) != 0) flags += "|" + trace::hex(w.flags & ~131u);
    p.text("{val=" + trace::hex(w.val) + ", uaddr="), p.address(w.uaddr.raw());
    p.text(", flags="), append_constant(p.out, trace::hex(w.flags), flags);
    if (w.reserved != 0) p.text(", __reserved=" + trace::hex(w.reserved));
    p.text("}");
  });
}

// --- objects of IPC --------------------------------------------------------------------------------------------------------

constexpr u32 kNewLayout = 0x100;  // IPC_64

void ipc_command(Print& p, std::string_view table, u32 command) {
  if ((command & kNewLayout) != 0) append_constant(p.out, "0x100", "IPC_64"), p.text("|");
  p.named(table, command & ~kNewLayout);
}

void ipc_owner(Print& p, std::string_view field, const abi::IpcPerm& perm, bool told) {
  p.text(fmt::format("{{{}={{uid={}, gid={}, mode={}", field, perm.uid, perm.gid, permissions(perm.mode)));
  if (told)
    p.text(fmt::format(", key={}, cuid={}, cgid={}", trace::hex(static_cast<u32>(perm.key)), perm.cuid, perm.cgid));
  p.text("}");
}

void shared_memory(Print& p, usize i) {  // shmctl
  const u32 command = static_cast<u32>(p.arg(1));
  if (i == 1) return ipc_command(p, "shmctl", command);
  constexpr u32 kSet = 1, kStat = 2;
  const bool told = (command & ~kNewLayout) == kStat && p.done();
  if ((command & ~kNewLayout) != kSet && !told) return p.address(p.arg(i));
  p.object<abi::ShmidDs>(p.arg(i), [&](const abi::ShmidDs& s) {
    ipc_owner(p, "shm_perm", s.shm_perm, told);
    if (told) {
      p.text(fmt::format(
          ", shm_segsz={}, shm_cpid={}, shm_lpid={}, shm_nattch={}, shm_atime={}, shm_dtime={}, shm_ctime={}",
          s.shm_segsz, s.shm_cpid, s.shm_lpid, s.shm_nattch, s.shm_atime, s.shm_dtime, s.shm_ctime));
    }
    p.text("}");
  });
}

void message_queue(Print& p, usize i) {  // msgctl
  const u32 command = static_cast<u32>(p.arg(1));
  if (i == 1) return ipc_command(p, "msgctl", command);
  constexpr u32 kSet = 1, kStat = 2;
  const bool told = (command & ~kNewLayout) == kStat && p.done();
  if ((command & ~kNewLayout) != kSet && !told) return p.address(p.arg(i));
  p.object<abi::MsqidDs>(p.arg(i), [&](const abi::MsqidDs& q) {
    ipc_owner(p, "msg_perm", q.msg_perm, told);
    if (told) {
      p.text(fmt::format(
          ", msg_stime={}, msg_rtime={}, msg_ctime={}, msg_qnum={}, msg_qbytes={}, msg_lspid={}, msg_lrpid={}}}",
          q.msg_stime, q.msg_rtime, q.msg_ctime, q.msg_qnum, q.msg_qbytes, q.msg_lspid, q.msg_lrpid));
    } else {
      p.text(fmt::format(", msg_qbytes={}}}", q.msg_qbytes));
    }
  });
}

void semaphores(Print& p, usize i) {  // semctl
  i == 2 ? ipc_command(p, "semctl", static_cast<u32>(p.arg(i))) : hex(p, p.arg(i));
}

// --- asynchronous I/O ------------------------------------------------------------------------------------------------------

void context(Print& p, usize i) { hex(p, p.arg(i)); }

void control_block(Print& p, u64 place) {
  enum : u16 { pread, pwrite, fsync, fdsync, poll = 5, noop, preadv, pwritev };
  constexpr Name kOps[] = {{pread, "IOCB_CMD_PREAD"},   {pwrite, "IOCB_CMD_PWRITE"},  {fsync, "IOCB_CMD_FSYNC"},
                           {fdsync, "IOCB_CMD_FDSYNC"}, {poll, "IOCB_CMD_POLL"},      {noop, "IOCB_CMD_NOOP"},
                           {preadv, "IOCB_CMD_PREADV"}, {pwritev, "IOCB_CMD_PWRITEV"}};
  constexpr Name kFlags[] = {{1, "IOCB_FLAG_RESFD"}, {2, "IOCB_FLAG_IOPRIO"}};
  const bool submits = p.call.row->name == "io_submit";
  p.object<abi::IoCb>(place, [&](const abi::IoCb& c) {
    p.text("{");
    if (c.aio_data != 0) p.text("aio_data=" + trace::hex(c.aio_data) + ", ");
    if (c.aio_key != 0) p.text(fmt::format("aio_key={}, ", c.aio_key));
    if (submits && c.aio_rw_flags != 0) p.text("aio_rw_flags="), p.named("RwFlags", c.aio_rw_flags), p.text(", ");
    p.text("aio_lio_opcode="), append_decimal(p.out, {Names::Kind::number, "IOCB_CMD_???", kOps}, c.aio_lio_opcode);
    if (c.aio_reqprio != 0) p.text(fmt::format(", aio_reqprio={}", c.aio_reqprio));
    p.text(", aio_fildes="), p.descriptor(as_int(c.aio_fildes));
    const bool vector = c.aio_lio_opcode == preadv || c.aio_lio_opcode == pwritev;
    if (submits && c.aio_lio_opcode == poll) {
      p.text(", aio_buf="), p.named("poll_events", c.aio_buf);
    } else if (submits && (vector || c.aio_lio_opcode == pread || c.aio_lio_opcode == pwrite)) {
      p.text(", aio_buf=");
      if (c.aio_lio_opcode == pwrite) {
        p.bytes(c.aio_buf, c.aio_nbytes);
      } else if (vector) {
        print_iovec(p, c.aio_buf, c.aio_nbytes, c.aio_lio_opcode == pwritev ? ~u64{0} : 0);
      } else {
        p.address(c.aio_buf);
      }
      if (!vector) p.text(fmt::format(", aio_nbytes={}", c.aio_nbytes));
      p.text(fmt::format(", aio_offset={}", c.aio_offset));
    }
    if (submits && c.aio_flags != 0)
      p.text(", aio_flags="), append_names(p.out, {Names::Kind::bits, "IOCB_FLAG_???", kFlags}, c.aio_flags);
    if (submits && (c.aio_flags & 1) != 0) {
      p.text(", aio_resfd="), p.descriptor(as_int(c.aio_resfd));
    } else if (submits && c.aio_resfd != 0) {
      p.text(", aio_resfd=" + trace::hex(c.aio_resfd));
    }
    p.text("}");
  });
}
void submitted(Print& p, usize i) {
  if (i == 0) return hex(p, p.arg(i));
  p.array<u64>(p.arg(i), p.arg(1), [&](u64 place) { control_block(p, place); });
}
void cancelled(Print& p, usize i) { i == 0 ? hex(p, p.arg(i)) : control_block(p, p.arg(i)); }
void io_events(Print& p, usize i) {
  if (i == 0) return hex(p, p.arg(i));
  if (i == 5) {
    abi::SigSetArg set;
    if (p.arg(i) == 0 || !p.seen().read(p.arg(i), set)) return p.address(p.arg(i));
    p.text("{sigmask="), find_object("SigSet")(p, set.mask.raw());
    return p.text(fmt::format(", sigsetsize={}}}", set.size));
  }
  if (!p.done()) return p.address(p.arg(i));
  p.array<abi::IoEvent>(p.arg(i), static_cast<u64>(p.call.value), [&](const abi::IoEvent& e) {
    p.text("{data=" + trace::hex(e.data) + ", obj="), p.address(e.obj),
        p.text(fmt::format(", res={}, res2={}}}", e.res, e.res2));
  });
}

// --- seccomp, landlock, ptrace ---------------------------------------------------------------------------------------------

void seccomp(Print& p, usize i) {
  enum : u32 { strict, filter, available, sizes };
  const u32 op = static_cast<u32>(p.arg(0));
  if (i == 1)
    return op == filter ? p.named("SeccompFlags", static_cast<u32>(p.arg(i))) : hex(p, static_cast<u32>(p.arg(i)));
  switch (op) {
    case filter:
      return print_filter_program(p, p.arg(i));
    case available:
      return p.object<u32>(p.arg(i), [&](u32 action) { p.text("["), p.named("filter_action", action), p.text("]"); });
    case sizes:
      if (!p.done()) return p.address(p.arg(i));
      return p.object<std::array<u16, 3>>(p.arg(i), [&](const std::array<u16, 3>& n) {
        p.text(fmt::format("{{seccomp_notif={}, seccomp_notif_resp={}, seccomp_data={}}}", n[0], n[1], n[2]));
      });
    default:
      return p.address(p.arg(i));
  }
}

void ruleset(Print& p, usize i) {  // landlock_create_ruleset
  if ((p.arg(2) & 1) != 0 || p.arg(1) < sizeof(u64)) return p.address(p.arg(i));
  p.object<u64>(p.arg(i), [&](u64 access) {
    p.text("{handled_access_fs="), p.named("landlock_access", access);
    p.text(p.arg(1) > sizeof access ? ", ...}" : "}");
  });
}
void rule(Print& p, usize i) {  // landlock_add_rule
  constexpr u32 kBeneath = 1;
  if (i == 3) return hex(p, static_cast<u32>(p.arg(i)));
  const u8* at = static_cast<u32>(p.arg(1)) == kBeneath ? p.seen().memory(p.arg(i), 12) : nullptr;
  if (at == nullptr) return p.address(p.arg(i));
  u64 access = 0;
  i32 fd = 0;
  std::memcpy(&access, at, sizeof access), std::memcpy(&fd, at + sizeof access, sizeof fd);
  p.text("{allowed_access="), p.named("landlock_access", access), p.text(", parent_fd="), p.descriptor(fd), p.text("}");
}

// What a request's address and data are, a letter each: '-' is not shown, a address, s signal, o options, u place among the registers,
// r kind of registers, n number. Others: both as addresses.
struct Request {
  u32 request;
  char address, data;
};
constexpr Request kRequests[] = {
    {3, 'u', 'a'},      {6, 'u', 'a'},      {7, 'a', 's'},      {8, '-', '-'},      {9, 'a', 's'},
    {12, '-', 'a'},     {13, '-', 'a'},     {14, '-', 'a'},     {15, '-', 'a'},     {16, '-', '-'},
    {17, 'a', 's'},     {24, 'a', 's'},     {31, 'a', 's'},     {32, 'a', 's'},     {0x4200, 'a', 'o'},
    {0x4204, 'r', 'a'}, {0x4205, 'r', 'a'}, {0x4206, 'a', 'o'}, {0x4207, '-', '-'}, {0x4208, '-', '-'},
    {0x420a, 'n', 'a'}, {0x420b, 'n', 'a'}, {0x420c, 'n', 'a'}, {0x420d, 'n', 'a'}, {0x420e, 'n', 'a'}};
// In the order of struct user.
constexpr std::string_view kRegisters[] = {
    "R15", "R14",      "R13", "R12", "RBP",    "RBX", "R11", "R10",     "R9",      "R8", "RAX", "RCX", "RDX", "RSI",
    "RDI", "ORIG_RAX", "RIP", "CS",  "EFLAGS", "RSP", "SS",  "FS_BASE", "GS_BASE", "DS", "ES",  "FS",  "GS"};
constexpr Name kNotes[] = {{1, "NT_PRSTATUS"},       {2, "NT_FPREGSET"},      {3, "NT_PRPSINFO"},
                           {4, "NT_TASKSTRUCT"},     {6, "NT_AUXV"},          {0x200, "NT_386_TLS"},
                           {0x201, "NT_386_IOPERM"}, {0x202, "NT_X86_XSTATE"}};

void traced(Print& p, usize i) {
  const u32 request = static_cast<u32>(p.arg(0));
  const auto* known =
      std::find_if(std::begin(kRequests), std::end(kRequests), [&](const Request& r) { return r.request == request; });
  const char kind = known == std::end(kRequests) ? 'a' : i == 2 ? known->address : known->data;
  const u64 word = p.arg(i);
  switch (kind) {
    case '-':
      return;
    case 's':
      return p.text(signal_name(as_int(word)));
    case 'o':
      return p.named("ptrace_options", word);
    case 'n':
      return p.unsigned_number(word);
    case 'r':
      return append_names(p.out, {Names::Kind::number, "NT_???", kNotes}, word);
    case 'u': {
      const usize at = static_cast<usize>(word / 8);
      if (at >= std::size(kRegisters)) return p.address(word);
      return append_constant(p.out, trace::hex(word),
                             fmt::format("8*{}{}", kRegisters[at], word % 8 == 0 ? "" : fmt::format("+{}", word % 8)));
    }
    default:
      return p.address(word);
  }
}

// --- the rest --------------------------------------------------------------------------------------------------------------

void log_action(Print& p, usize i) {  // syslog
  const u32 action = static_cast<u32>(p.arg(0));
  if (i == 0) {
    const std::string_view known = name_of(names("SyslogAction"), action);
    return p.text(fmt::format("{} /* {} */", action, known.empty() ? "SYSLOG_ACTION_???" : std::string(known)));
  }
  const bool reads = action >= 2 && action <= 4, only_length = action == 8;
  if (i == 1) {
    if (action <= 1 || (action >= 5 && action <= 7) || action == 9 || action == 10) return;
    if (reads && p.done()) return p.bytes(p.arg(i), static_cast<u64>(p.call.value));
    return p.address(p.arg(i));
  }
  if (reads || only_length || action > 10) p.number(as_int(p.arg(i)));
}

void notifications(Print& p, usize i) {  // fanotify_init
  if (i == 1) return p.text(open_flags(static_cast<u32>(p.arg(i))));
  constexpr Name kClasses[] = {{0, "FAN_CLASS_NOTIF"}, {4, "FAN_CLASS_CONTENT"}, {8, "FAN_CLASS_PRE_CONTENT"}};
  const u32 flags = static_cast<u32>(p.arg(i)), rest = flags & ~0xcu;
  append_names(p.out, {Names::Kind::number, "FAN_CLASS_???", kClasses}, flags & 0xc);
  if (rest != 0) p.text("|"), p.named("fanotify_init", rest);
}
void all_hex(Print& p, usize i) { hex(p, p.arg(i)); }
void all_hex32(Print& p, usize i) { hex(p, static_cast<u32>(p.arg(i))); }
void address_of_event(Print& p, usize i) {  // epoll_ctl
  constexpr u32 kDelete = 2;
  static_cast<u32>(p.arg(1)) == kDelete ? p.address(p.arg(i)) : find_object("EpollEvent")(p, p.arg(i));
}
void membarrier(Print& p, usize i) {
  if (i == 1) return static_cast<u32>(p.arg(i)) == 0 ? p.text("0") : p.named("membarrier", static_cast<u32>(p.arg(i)));
  if (static_cast<u32>(p.arg(1)) != 0) p.number(as_int(p.arg(i)));
}
void old_time(Print& p, usize i) {  // utime
  p.object<abi::UtimBuf>(p.arg(i), [&](const abi::UtimBuf& t) {
    p.text(fmt::format("{{actime={} /* {} */, modtime={} /* {} */}}", t.actime, moment(t.actime, 0, false), t.modtime,
                       moment(t.modtime, 0, false)));
  });
}

constexpr Override kOverrides[] = {
    {"mount", 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4, mount},
    {"fsconfig", 1 << 2 | 1 << 3 | 1 << 4, configure},
    {"mount_setattr", 1 << 3, mount_attributes},
    {"swapon", 1 << 1, swap_flags},
    {"quotactl", 1 << 0, quota},
    {"sysfs", 0x7, [](Print& p, usize i) { i == 0 ? all_hex32(p, i) : all_hex(p, i); }},
    {"name_to_handle_at", 1 << 2, file_handle},
    {"open_by_handle_at", 1 << 1, file_handle, 0, 1 << 1},
    {"mbind", 1 << 2 | 1 << 3, policy},
    {"set_mempolicy", 1 << 0 | 1 << 1, policy},
    {"get_mempolicy", 1 << 0 | 1 << 1, get_policy},
    {"migrate_pages", 1 << 2 | 1 << 3, migrate},
    {"move_pages", 1 << 2 | 1 << 3 | 1 << 4, move_pages},
    {"process_madvise", 1 << 1, advised},
    {"pkey_alloc", 1 << 0, all_hex},
    {"memfd_create", 1 << 1, named_memory},
    {"keyctl", 0x1e, key_words, 0x1e, 0, key_tells},
    {"add_key", 1 << 4, keyring},
    {"request_key", 1 << 3, keyring},
    {"capget", 1 << 1, capabilities},
    {"capset", 1 << 1, capabilities},
    {"sched_setattr", 1 << 1, set_scheduling},
    {"sched_getattr", 1 << 1, got_scheduling},
    {"ioprio_set", 1 << 2, priority_of_io},
    {"kcmp", 1 << 3 | 1 << 4, compared},
    {"futex_waitv", 1 << 0, waiters},
    {"shmctl", 1 << 1 | 1 << 2, shared_memory, 1 << 2, 0, [](const Call& c) { return (c.args[1] & 0xff) == 2; }},
    {"msgctl", 1 << 1 | 1 << 2, message_queue, 1 << 2, 0, [](const Call& c) { return (c.args[1] & 0xff) == 2; }},
    {"semctl", 1 << 2 | 1 << 3, semaphores},
    {"io_submit", 1 << 0 | 1 << 2, submitted},
    {"io_cancel", 1 << 0 | 1 << 1, cancelled},
    {"io_destroy", 1 << 0, context},
    {"io_getevents", 1 << 0 | 1 << 3, io_events},
    {"io_pgetevents", 1 << 0 | 1 << 3 | 1 << 5, io_events},
    {"seccomp", 1 << 1 | 1 << 2, seccomp, 1 << 2, 0, [](const Call& c) { return c.args[0] == 3; }},
    {"landlock_create_ruleset", 1 << 0, ruleset},
    {"landlock_add_rule", 1 << 2 | 1 << 3, rule},
    {"landlock_restrict_self", 1 << 1, all_hex32},
    {"ptrace", 1 << 2 | 1 << 3, traced},
    {"syslog", 0x7, log_action, 0x6, 0, [](const Call& c) { return c.args[0] >= 2 && c.args[0] <= 4; }},
    {"epoll_ctl", 1 << 3, address_of_event},
    {"membarrier", 1 << 1 | 1 << 2, membarrier},
    {"utime", 1 << 1, old_time},
    {"fanotify_init", 1 << 0 | 1 << 1, notifications},
    {"ioperm", 1 << 0 | 1 << 1, all_hex},
    {"pidfd_getfd", 1 << 2, all_hex32},
};

}  // namespace

std::span<const Override> system_overrides() { return kOverrides; }

void append_io_priority(std::string& out, u32 value) {
  constexpr Name kClasses[] = {
      {0, "IOPRIO_CLASS_NONE"}, {1, "IOPRIO_CLASS_RT"}, {2, "IOPRIO_CLASS_BE"}, {3, "IOPRIO_CLASS_IDLE"}};
  std::string text = "IOPRIO_PRIO_VALUE(";
  if (constant_style() != ConstantStyle::raw)
    append_names(text, {Names::Kind::number, "IOPRIO_CLASS_???", kClasses}, value >> 13);
  append_constant(out, std::to_string(value), fmt::format("{}, {})", text, value & 0x1fff));
}

}  // namespace limen::trace
