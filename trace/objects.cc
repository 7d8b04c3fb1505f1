// Printers of structures, by the names that abi/ has for them. Longer than other files, being a list.
#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "abi/aio.h"
#include "abi/capability.h"
#include "abi/fcntl.h"
#include "abi/futex.h"
#include "abi/ipc.h"
#include "abi/mman.h"
#include "abi/poll.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/socket.h"
#include "abi/stat.h"
#include "abi/sysinfo.h"
#include "abi/time.h"
#include "abi/utsname.h"
#include "abi/wait.h"
#include "abi/x86_64/stat.h"
#include "trace/print.h"

namespace limen::trace {

// Clock ticks, of which a second has a hundred.
std::string ticks(i64 n) { return n == 0 ? std::string("0") : fmt::format("{} /* {}.{:02} s */", n, n / 100, n % 100); }

// A second as strace explains it.
std::string moment(i64 seconds, u64 ns, bool with_ns) {
  const time_t at = static_cast<time_t>(seconds);
  struct tm parts {};
  if (gmtime_r(&at, &parts) == nullptr) return "";
  char text[64];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return with_ns && ns != 0 ? fmt::format("{}.{:09}+0000", text, ns) : fmt::format("{}+0000", text);
}

namespace {

std::string device_of(u64 dev) {
  const u64 major = (dev >> 8 & 0xfff) | (dev >> 32 & ~u64{0xfff}),
            minor = (dev & 0xff) | (dev >> 12 & ~u64{0xff} & 0xffffffff);
  return device(major, minor);
}

void stat(Print& p, u64 place) {
  p.object<abi::Stat>(place, [&](const abi::Stat& s) {
    const u32 type = s.st_mode & 0170000;
    const bool is_device = type == 0020000 || type == 0060000;
    const std::string mode = "st_mode=" + file_mode(s.st_mode);
    const std::string size = is_device ? "st_rdev=" + device_of(s.st_rdev) : fmt::format("st_size={}", s.st_size);
    if (!p.options.verbose) return p.text(fmt::format("{{{}, {}, ...}}", mode, size));
    p.out += fmt::format(
        "{{st_dev={}, st_ino={}, {}, st_nlink={}, st_uid={}, st_gid={}, st_blksize={}, st_blocks={}, {}",
        device_of(s.st_dev), s.st_ino, mode, s.st_nlink, s.st_uid, s.st_gid, s.st_blksize, s.st_blocks, size);
    const auto time = [&](const char* name, const abi::TimeSpec& t) {
      p.out += fmt::format(", st_{}={} /* {} */, st_{}_nsec={}", name, t.tv_sec,
                           moment(t.tv_sec, static_cast<u64>(t.tv_nsec), true), name, t.tv_nsec);
    };
    time("atime", s.st_atim), time("mtime", s.st_mtim), time("ctime", s.st_ctim);
    p.out += '}';
  });
}

std::string statx_mask_text(u32 mask) {
  const u32 all = 0xfff, basic = 0x7ff;
  std::string_view whole = (mask & all) == all ? "STATX_ALL" : (mask & basic) == basic ? "STATX_BASIC_STATS" : "";
  if (whole.empty()) return print_names(names("StatxMask"), mask);
  const u32 rest = mask & ~((mask & all) == all ? all : basic);
  return constant(hex(mask), std::string(whole) + (rest == 0 ? "" : "|" + names_alone("StatxMask", rest)));
}

void statx(Print& p, u64 place) {
  p.object<abi::Statx>(place, [&](const abi::Statx& s) {
    p.out += fmt::format("{{stx_mask={}", statx_mask_text(s.stx_mask));
    if (p.options.verbose) p.out += fmt::format(", stx_blksize={}", s.stx_blksize);
    p.out += ", stx_attributes=" + print_names(names("statx_attributes"), s.stx_attributes);
    if (p.options.verbose)
      p.out += fmt::format(", stx_nlink={}, stx_uid={}, stx_gid={}", s.stx_nlink, s.stx_uid, s.stx_gid);
    p.out += ", stx_mode=" + file_mode(s.stx_mode);
    if (p.options.verbose) p.out += fmt::format(", stx_ino={}", s.stx_ino);
    p.out += fmt::format(", stx_size={}", s.stx_size);
    if (!p.options.verbose) return p.text(", ...}");
    p.out += fmt::format(", stx_blocks={}, stx_attributes_mask={}", s.stx_blocks,
                         print_names(names("statx_attributes"), s.stx_attributes_mask));
    const auto time = [&](const char* name, const auto& t) {
      p.out += fmt::format(", stx_{}={{tv_sec={}, tv_nsec={}}}", name, t.tv_sec, t.tv_nsec);
      if (t.tv_sec != 0) p.out += fmt::format(" /* {} */", moment(t.tv_sec, t.tv_nsec, true));
    };
    time("atime", s.stx_atime), time("btime", s.stx_btime), time("ctime", s.stx_ctime), time("mtime", s.stx_mtime);
    p.out +=
        fmt::format(", stx_rdev_major={}, stx_rdev_minor={}, stx_dev_major={}, stx_dev_minor={}, stx_mnt_id={:#x}}}",
                    s.stx_rdev_major, s.stx_rdev_minor, s.stx_dev_major, s.stx_dev_minor, s.stx_mnt_id);
  });
}

void statfs(Print& p, u64 place) {
  p.object<abi::StatFs>(place, [&](const abi::StatFs& s) {
    p.out += fmt::format(
        "{{f_type={}, f_bsize={}, f_blocks={}, f_bfree={}, f_bavail={}, f_files={}, f_ffree={}, f_fsid={{val=[{}, "
        "{}]}}, "
        "f_namelen={}, f_frsize={}, f_flags={}}}",
        print_names(names("fs_type"), static_cast<u64>(s.f_type)), s.f_bsize, s.f_blocks, s.f_bfree, s.f_bavail,
        s.f_files, s.f_ffree, hex(static_cast<u32>(s.f_fsid[0])), hex(static_cast<u32>(s.f_fsid[1])), s.f_namelen,
        s.f_frsize, print_names(names("st_flags"), static_cast<u64>(s.f_flags)));
  });
}

void timespec(Print& p, u64 place) { print_time(p, place); }

std::string timeval_text(const abi::TimeVal& t) {
  return fmt::format("{{tv_sec={}, tv_usec={}}}", t.tv_sec, t.tv_usec);
}
void timeval(Print& p, u64 place) {
  p.object<abi::TimeVal>(place, [&](const abi::TimeVal& t) { p.text(timeval_text(t)); });
}

void timezone(Print& p, u64 place) {
  struct Zone {
    i32 west, dst;
  };
  p.object<Zone>(place,
                 [&](const Zone& z) { p.text(fmt::format("{{tz_minuteswest={}, tz_dsttime={}}}", z.west, z.dst)); });
}

void itimerval(Print& p, u64 place) {
  p.object<abi::ITimerVal>(place, [&](const abi::ITimerVal& t) {
    p.text("{it_interval=" + timeval_text(t.it_interval) + ", it_value=" + timeval_text(t.it_value) + "}");
  });
}

std::string timespec_text(const abi::TimeSpec& t) {
  return fmt::format("{{tv_sec={}, tv_nsec={}}}", t.tv_sec, t.tv_nsec);
}
void itimerspec(Print& p, u64 place) {
  p.object<abi::ITimerSpec>(place, [&](const abi::ITimerSpec& t) {
    p.text("{it_interval=" + timespec_text(t.it_interval) + ", it_value=" + timespec_text(t.it_value) + "}");
  });
}

void sigset(Print& p, u64 place) {
  // The words that say how large it is; of another size it is no set.
  constexpr std::pair<std::string_view, u8> kSizes[] = {
      {"rt_sigprocmask", 3}, {"rt_sigpending", 1}, {"rt_sigsuspend", 1}, {"rt_sigtimedwait", 3}};
  for (const auto& [call, size] : kSizes) {
    if (p.call.row != nullptr && p.call.row->name == call && p.arg(size) != sizeof(abi::SigSet))
      return p.address(place);
  }
  p.object<abi::SigSet>(place, [&](const abi::SigSet& s) { p.text(print_signal_set(s.bits)); });
}

void sigaction(Print& p, u64 place) {
  p.object<abi::SigAction>(place, [&](const abi::SigAction& a) {
    p.text("{sa_handler=");
    if (a.handler.raw() == abi::sig_dfl) {
      append_constant(p.out, "0", "SIG_DFL");
    } else if (a.handler.raw() == abi::sig_ign) {
      append_constant(p.out, "0x1", "SIG_IGN");
    } else {
      p.address(a.handler.raw());
    }
    p.text(", sa_mask=" + print_signal_set(a.mask.bits) + ", sa_flags=" + print_names(names("sa_flags"), a.flags));
    if ((a.flags & abi::sa_restorer) != 0) p.text(", sa_restorer="), p.address(a.restorer.raw());
    p.text("}");
  });
}

void stack(Print& p, u64 place) {
  p.object<abi::StackT>(place, [&](const abi::StackT& s) {
    p.text("{ss_sp="), p.address(s.ss_sp.raw());
    p.text(fmt::format(", ss_flags={}, ss_size={}}}", print_names(names("ss_flags"), static_cast<u32>(s.ss_flags)),
                       s.ss_size));
  });
}

void siginfo(Print& p, u64 place) {
  p.object<abi::SigInfo>(place, [&](const abi::SigInfo& info) { print_siginfo(p.out, info, p.options); });
}

void sigevent(Print& p, u64 place) {
  p.object<abi::SigEvent>(place, [&](const abi::SigEvent& e) {
    p.out += '{';
    if (e.value != 0) {
      p.out += fmt::format("sigev_value={{sival_int={}, sival_ptr=", static_cast<i32>(e.value));
      p.address(e.value), p.out += "}, ";
    }
    const bool sends =
        e.notify == abi::sigev_signal || e.notify == abi::sigev_thread || e.notify == abi::sigev_thread_id;
    p.out += fmt::format("sigev_signo={}, sigev_notify={}", sends ? signal_name(e.signo) : std::to_string(e.signo),
                         print_names(names("sigev_notify"), static_cast<u32>(e.notify)));
    if (e.notify == abi::sigev_thread_id) p.out += fmt::format(", sigev_notify_thread_id={}", e.tid);
    if (e.notify == abi::sigev_thread) {
      struct Callback {
        u64 head[2], function, attributes;
      };
      Callback callback{};
      p.seen().read(place, callback);
      p.out += ", sigev_notify_function=", p.address(callback.function);
      p.out += ", sigev_notify_attributes=", p.address(callback.attributes);
    }
    p.out += '}';
  });
}

std::string limit(u64 value, std::string_view infinity) {
  if (value == ~u64{0}) return constant(std::to_string(value), infinity);
  if (value <= 1024 || value % 1024 != 0) return std::to_string(value);
  return constant(std::to_string(value), fmt::format("{}*1024", value / 1024));
}
void rlimit(Print& p, u64 place) {
  const std::string_view infinity =
      p.call.row != nullptr && p.call.row->name == "prlimit64" ? "RLIM64_INFINITY" : "RLIM_INFINITY";
  p.object<abi::RLimit>(place, [&](const abi::RLimit& r) {
    p.text("{rlim_cur=" + limit(r.rlim_cur, infinity) + ", rlim_max=" + limit(r.rlim_max, infinity) + "}");
  });
}

void rusage(Print& p, u64 place) {
  p.object<abi::RUsage>(place, [&](const abi::RUsage& r) {
    p.text("{ru_utime=" + timeval_text(r.ru_utime) + ", ru_stime=" + timeval_text(r.ru_stime));
    if (!p.options.verbose) return p.text(", ...}");
    p.text(fmt::format(
        ", ru_maxrss={}, ru_ixrss={}, ru_idrss={}, ru_isrss={}, ru_minflt={}, ru_majflt={}, ru_nswap={}, "
        "ru_inblock={}, ru_oublock={}, ru_msgsnd={}, ru_msgrcv={}, ru_nsignals={}, ru_nvcsw={}, ru_nivcsw={}}}",
        r.ru_maxrss, r.ru_ixrss, r.ru_idrss, r.ru_isrss, r.ru_minflt, r.ru_majflt, r.ru_nswap, r.ru_inblock,
        r.ru_oublock, r.ru_msgsnd, r.ru_msgrcv, r.ru_nsignals, r.ru_nvcsw, r.ru_nivcsw));
  });
}

void utsname(Print& p, u64 place) {
  p.object<abi::UtsName>(place, [&](const abi::UtsName& u) {
    const auto field = [&](const char* name, const auto& value) {
      const char* text = reinterpret_cast<const char*>(&value);
      p.text(std::string(name) + "=" + quote({text, strnlen(text, sizeof value)}, p.options.hex, More::no));
    };
    p.text("{"), field("sysname", u.sysname), p.text(", "), field("nodename", u.nodename);
    if (!p.options.verbose) return p.text(", ...}");
    p.text(", "), field("release", u.release), p.text(", "), field("version", u.version), p.text(", ");
    field("machine", u.machine), p.text(", "), field("domainname", u.domainname), p.text("}");
  });
}

void sysinfo(Print& p, u64 place) {
  p.object<abi::SysInfo>(place, [&](const abi::SysInfo& s) {
    p.text(fmt::format(
        "{{uptime={}, loads=[{}, {}, {}], totalram={}, freeram={}, sharedram={}, bufferram={}, totalswap={}, "
        "freeswap={}, procs={}, totalhigh={}, freehigh={}, mem_unit={}}}",
        s.uptime, s.loads[0], s.loads[1], s.loads[2], s.totalram, s.freeram, s.sharedram, s.bufferram, s.totalswap,
        s.freeswap, s.procs, s.totalhigh, s.freehigh, s.mem_unit));
  });
}

void tms(Print& p, u64 place) {
  p.object<abi::Tms>(place, [&](const abi::Tms& t) {
    p.text(fmt::format("{{tms_utime={}, tms_stime={}, tms_cutime={}, tms_cstime={}}}", ticks(t.tms_utime),
                       ticks(t.tms_stime), ticks(t.tms_cutime), ticks(t.tms_cstime)));
  });
}

void pair(Print& p, u64 place) {
  struct Two {
    i32 a, b;
  };
  p.object<Two>(
      place, [&](const Two& two) { p.text("["), p.descriptor(two.a), p.text(", "), p.descriptor(two.b), p.text("]"); });
}

void epoll_event(Print& p, u64 place) {
  p.object<abi::EpollEvent>(place, [&](const abi::EpollEvent& e) {
    const u64 data = e.data;
    const u32 events = e.events;
    p.text(fmt::format("{{events={}, data={{u32={}, u64={}}}}}", print_names(names("epoll_events"), events),
                       static_cast<u32>(data), data));
  });
}

void sched_param(Print& p, u64 place) {
  p.object<i32>(place, [&](i32 priority) { p.text(fmt::format("[{}]", priority)); });
}

void cap_header(Print& p, u64 place) {
  p.object<abi::CapHeader>(place, [&](const abi::CapHeader& h) {
    constexpr Name kVersions[] = {{0x19980330, "_LINUX_CAPABILITY_VERSION_1"},
                                  {0x20071026, "_LINUX_CAPABILITY_VERSION_2"},
                                  {0x20080522, "_LINUX_CAPABILITY_VERSION_3"}};
    p.text("{version=");
    append_names(p.out, {Names::Kind::number, "_LINUX_CAPABILITY_VERSION_???", kVersions}, h.version);
    p.text(", pid="), p.process(h.pid), p.text("}");
  });
}

void open_how(Print& p, u64 place) {
  if (p.arg(3) < sizeof(abi::OpenHow)) return p.address(place);
  p.object<abi::OpenHow>(place, [&](const abi::OpenHow& h) {
    p.text("{flags=" + open_flags(h.flags));
    if ((h.flags & 0100) != 0 || h.mode != 0) p.text(", mode=" + permissions(static_cast<u32>(h.mode)));
    p.text(", resolve=" + print_names(names("resolve"), h.resolve));
    print_newer(p, place, sizeof h, p.arg(3));
    p.text("}");
  });
}

std::string mq_flags(u64 flags) {
  const std::string text = names_alone("open_bits", flags);
  return text.find(" /*") == std::string::npos && flags != 0 ? constant(hex(flags), text) : hex(flags);
}

void mq_attr(Print& p, u64 place) {
  p.object<abi::MqAttr>(place, [&](const abi::MqAttr& a) {
    p.text(fmt::format("{{mq_flags={}, mq_maxmsg={}, mq_msgsize={}, mq_curmsgs={}}}",
                       mq_flags(static_cast<u64>(a.mq_flags)), a.mq_maxmsg, a.mq_msgsize, a.mq_curmsgs));
  });
}

// What the call was given decides what it shows of the answer: all of it.
void timex(Print& p, u64 place) {
  constexpr Name kModes[] = {{1, "ADJ_OFFSET"},    {2, "ADJ_FREQUENCY"},     {4, "ADJ_MAXERROR"},
                             {8, "ADJ_ESTERROR"},  {0x10, "ADJ_STATUS"},     {0x20, "ADJ_TIMECONST"},
                             {0x80, "ADJ_TAI"},    {0x100, "ADJ_SETOFFSET"}, {0x1000, "ADJ_MICRO"},
                             {0x2000, "ADJ_NANO"}, {0x4000, "ADJ_TICK"}};
  constexpr Name kStatus[] = {
      {1, "STA_PLL"},           {2, "STA_PPSFREQ"},       {4, "STA_PPSTIME"},       {8, "STA_FLL"},
      {0x10, "STA_INS"},        {0x20, "STA_DEL"},        {0x40, "STA_UNSYNC"},     {0x80, "STA_FREQHOLD"},
      {0x100, "STA_PPSSIGNAL"}, {0x200, "STA_PPSJITTER"}, {0x400, "STA_PPSWANDER"}, {0x800, "STA_PPSERROR"},
      {0x1000, "STA_CLOCKERR"}, {0x2000, "STA_NANO"},     {0x4000, "STA_MODE"},     {0x8000, "STA_CLK"}};
  if (!p.done()) return p.address(place);
  p.object<abi::Timex>(place, [&](const abi::Timex& t) {
    p.out += "{modes=" + print_names({Names::Kind::bits, "ADJ_???", kModes}, t.modes);
    p.out += fmt::format(
        ", offset={}, freq={}, maxerror={}, esterror={}, status={}, constant={}, precision={}, tolerance={}, time={}",
        t.offset, t.freq, t.maxerror, t.esterror,
        print_names({Names::Kind::bits, "STA_???", kStatus}, static_cast<u32>(t.status)), t.constant, t.precision,
        t.tolerance, timeval_text(t.time));
    p.out += fmt::format(
        ", tick={}, ppsfreq={}, jitter={}, shift={}, stabil={}, jitcnt={}, calcnt={}, errcnt={}, stbcnt={}, tai={}}}",
        t.tick, t.ppsfreq, t.jitter, t.shift, t.stabil, t.jitcnt, t.calcnt, t.errcnt, t.stbcnt, t.tai);
  });
}

struct Object {
  std::string_view name;
  PrintObject print;
};
constexpr Object kObjects[] = {{"Stat", stat},
                               {"Statx", statx},
                               {"StatFs", statfs},
                               {"TimeSpec", timespec},
                               {"TimeVal", timeval},
                               {"TimeZone", timezone},
                               {"ITimerVal", itimerval},
                               {"ITimerSpec", itimerspec},
                               {"SigSet", sigset},
                               {"SigAction", sigaction},
                               {"StackT", stack},
                               {"SigInfo", siginfo},
                               {"SigEvent", sigevent},
                               {"RLimit", rlimit},
                               {"RUsage", rusage},
                               {"UtsName", utsname},
                               {"SysInfo", sysinfo},
                               {"Tms", tms},
                               {"FdPair", pair},
                               {"EpollEvent", epoll_event},
                               {"SchedParam", sched_param},
                               {"CapHeader", cap_header},
                               {"OpenHow", open_how},
                               {"MqAttr", mq_attr},
                               {"Timex", timex}};

}  // namespace

PrintObject find_object(std::string_view name) {
  for (const Object& object : kObjects) {
    if (object.name == name) return object.print;
  }
  return nullptr;
}

void print_time(Print& p, u64 place) {
  p.object<abi::TimeSpec>(place, [&](const abi::TimeSpec& t) { p.text(timespec_text(t)); });
}

void print_iovec(Print& p, u64 place, u64 count, u64 bytes) {
  const bool is_netlink = p.is_netlink(static_cast<i32>(p.arg(0)));
  p.array<abi::IoVec>(place, count, [&](const abi::IoVec& v) {
    const u64 length = std::min(v.iov_len, bytes);
    p.text("{iov_base=");
    is_netlink ? print_netlink(p, v.iov_base.raw(), length) : p.bytes(v.iov_base.raw(), length);
    p.text(fmt::format(", iov_len={}}}", v.iov_len));
    bytes -= length;
  });
}

void print_wait_status(Print& p, u64 place) {
  p.object<i32>(place, [&](i32 status) {
    const i32 signal = status & 0x7f;
    if ((status & 0xff) == 0x7f) {
      if (status == 0xffff) return p.text("[{WIFCONTINUED(s)}]");
      p.text(fmt::format("[{{WIFSTOPPED(s) && WSTOPSIG(s) == {}}}", signal_name(status >> 8 & 0xff)));
      return p.text((status >> 16) != 0 ? fmt::format(" | {:#x}]", static_cast<u32>(status >> 16 << 16)) : "]");
    }
    if (signal != 0) {
      const std::string_view core = (status & 0x80) != 0 ? " && WCOREDUMP(s)" : "";
      return p.text(fmt::format("[{{WIFSIGNALED(s) && WTERMSIG(s) == {}{}}}]", signal_name(signal), core));
    }
    p.text(fmt::format("[{{WIFEXITED(s) && WEXITSTATUS(s) == {}}}]", status >> 8 & 0xff));
  });
}

std::string inet6_text(std::span<const u8> address) {
  // The longest run of zero groups is "::".
  usize best = 8, best_length = 1;
  for (usize i = 0; i < 8; ++i) {
    usize n = 0;
    while (i + n < 8 && address[2 * (i + n)] == 0 && address[2 * (i + n) + 1] == 0) ++n;
    if (n > best_length) best = i, best_length = n;
  }
  std::string text;
  for (usize i = 0; i < 8; ++i) {
    if (i == best) {
      text += "::", i += best_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += fmt::format("{:x}", address[2 * i] << 8 | address[2 * i + 1]);
  }
  return text;
}

void print_socket_address(Print& p, u64 place, i64 length) {
  u16 family = 0;
  if (place == 0 || length < 2 || !p.seen().read(place, family)) return p.address(place);
  std::span<const u8> bytes = p.seen().from(place);
  bytes = bytes.first(std::min<usize>(bytes.size(), static_cast<usize>(std::min<i64>(length, 128))));
  p.text("{sa_family=" + print_names(names("SocketDomain"), family));
  const auto dotted = [](const u8* b) { return fmt::format("{}.{}.{}.{}", b[0], b[1], b[2], b[3]); };
  constexpr u16 kUnix = 1, kInet = 2, kInet6 = 10, kNetlink = 16, kVsock = 40;
  // In the order of the network: by number they are bytes.
  const auto raw = [&](std::span<const u8> part) {
    return quote({reinterpret_cast<const char*>(part.data()), part.size()}, DecodeOptions::Hex::all, More::no);
  };
  const auto port = [&] {
    return constant(raw(bytes.subspan(2, 2)), fmt::format("htons({})", bytes[2] << 8 | bytes[3]));
  };
  if (family == kUnix && bytes.size() > 2) {
    const std::string_view path(reinterpret_cast<const char*>(&bytes[2]), bytes.size() - 2);
    if (path[0] == '\0') {
      p.text(", sun_path=@" + quote(path.substr(1), p.options.hex, More::no));
    } else {
      p.text(", sun_path=" + quote(path.substr(0, path.find('\0')), p.options.hex, More::no));
    }
  } else if (family == kInet && bytes.size() >= 8) {
    p.text(fmt::format(", sin_port={}, sin_addr={}", port(),
                       constant(raw(bytes.subspan(4, 4)), fmt::format("inet_addr({})", p.quoted(dotted(&bytes[4]))))));
  } else if (family == kInet6 && bytes.size() >= 28) {
    abi::SockAddrIn6 in6;
    std::memcpy(&in6, bytes.data(), sizeof in6);
    const std::string text = p.quoted(inet6_text(in6.sin6_addr));
    const std::string flow =
        constant(raw(bytes.subspan(4, 4)), fmt::format("htonl({})", __builtin_bswap32(in6.sin6_flowinfo)));
    // By its name it is a call that fills the field.
    const std::string address =
        constant_style() == ConstantStyle::abbreviated
            ? fmt::format("inet_pton(AF_INET6, {}, &sin6_addr)", text)
            : "sin6_addr=" + constant(raw(bytes.subspan(8, 16)), fmt::format("inet_pton(AF_INET6, {})", text));
    p.text(fmt::format(", sin6_port={}, sin6_flowinfo={}, {}, sin6_scope_id=", port(), flow, address));
    // Of a link: there an index is of an interface.
    const bool of_link = (in6.sin6_addr[0] == 0xfe && (in6.sin6_addr[1] & 0xc0) == 0x80) ||
                         (in6.sin6_addr[0] == 0xff && (in6.sin6_addr[1] & 0xf) == 2);
    of_link ? print_interface(p, in6.sin6_scope_id) : p.unsigned_number(in6.sin6_scope_id);
  } else if (family == kNetlink && bytes.size() >= 12) {
    u32 pid = 0, groups = 0;
    std::memcpy(&pid, &bytes[4], 4), std::memcpy(&groups, &bytes[8], 4);
    p.text(fmt::format(", nl_pid={}, nl_groups={}", pid,
                       groups == 0 ? std::string("00000000") : fmt::format("{:#08x}", groups)));
  } else if (family == kVsock && bytes.size() >= 16) {
    constexpr Name kPeers[] = {
        {0, "VMADDR_CID_HYPERVISOR"}, {1, "VMADDR_CID_LOCAL"}, {2, "VMADDR_CID_HOST"}, {~u32{0}, "VMADDR_CID_ANY"}};
    u32 vm_port = 0, vm = 0;
    std::memcpy(&vm_port, &bytes[4], 4), std::memcpy(&vm, &bytes[8], 4);
    const std::string_view peer = name_of({Names::Kind::number, "", kPeers}, vm);
    p.text(fmt::format(", svm_cid={}, svm_port={}, svm_flags={}", peer.empty() ? hex(vm) : constant(hex(vm), peer),
                       hex(vm_port), hex(bytes[12])));
  } else if (bytes.size() > 2) {
    p.text(", sa_data=" + quote({reinterpret_cast<const char*>(&bytes[2]), bytes.size() - 2}, p.options.hex, More::no));
  }
  p.text("}");
}

}  // namespace limen::trace
