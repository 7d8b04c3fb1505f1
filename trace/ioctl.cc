// ioctl(2): what the third word of the commands of terminals, interfaces and files is. What it points to: abi/ioctl_words.h.
#include <linux/fs.h>
#include <linux/if.h>
#include <linux/if_arp.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "abi/ioctl_words.h"
#include "abi/termios.h"
#include "trace/print.h"

namespace limen::trace {
namespace {

constexpr auto kNumber = Names::Kind::number, kBits = Names::Kind::bits;

// Commands that have no third word, by name: some have several numbers.
constexpr std::string_view kWithoutWord[] = {
    "BLKFLSBUF",     "BLKRRPART",     "BTRFS_IOC_SYNC", "FIFREEZE",         "FIOCLEX",           "FIONCLEX",
    "FITHAW",        "LOOP_CLR_FD",   "KDDISABIO",      "KDENABIO",         "KDMAPDISP",         "KDUNMAPDISP",
    "NS_GET_NSTYPE", "NS_GET_PARENT", "NS_GET_USERNS",  "RNDCLEARPOOL",     "RTC_AIE_OFF",       "RTC_AIE_ON",
    "RTC_PIE_OFF",   "RTC_PIE_ON",    "RTC_UIE_ON",     "RTC_WIE_OFF",      "RTC_WIE_ON",        "TIOCCBRK",
    "TIOCCONS",      "TIOCEXCL",      "TIOCNOTTY",      "TIOCNXCL",         "TIOCSBRK",          "TIOCSSERIAL",
    "TIOCVHANGUP",   "BLKTRACESTART", "BLKTRACESTOP",   "BLKTRACETEARDOWN", "LOOP_CTL_GET_FREE", "LOOP_SET_CAPACITY",
    "PIO_FONTRESET", "RNDRESEEDCRNG", "WDIOC_KEEPALIVE"};

std::string command_name(u32 command) {
  const std::string_view known = name_of(names("IoctlCmd"), command);
  if (!known.empty()) return constant(hex(command), known);
  constexpr std::string_view kDirections[] = {"_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE"};
  return constant(hex(command),
                  fmt::format("_IOC({}, {}, {}, {})", kDirections[command >> 30], hex(command >> 8 & 0xff),
                              hex(command & 0xff), hex(command >> 16 & 0x3fff)));
}

// --- terminals -------------------------------------------------------------------------------------------------------------

constexpr Name kInput[] = {{1, "IGNBRK"},     {2, "BRKINT"},       {4, "IGNPAR"},    {8, "PARMRK"},
                           {0x10, "INPCK"},   {0x20, "ISTRIP"},    {0x40, "INLCR"},  {0x80, "IGNCR"},
                           {0x100, "ICRNL"},  {0x200, "IUCLC"},    {0x400, "IXON"},  {0x800, "IXANY"},
                           {0x1000, "IXOFF"}, {0x2000, "IMAXBEL"}, {0x4000, "IUTF8"}};
constexpr Name kOutput[] = {{1, "OPOST"},    {2, "OLCUC"},     {4, "ONLCR"},    {8, "OCRNL"},
                            {0x10, "ONOCR"}, {0x20, "ONLRET"}, {0x40, "OFILL"}, {0x80, "OFDEL"}};
constexpr Name kControl[] = {{0x40, "CSTOPB"}, {0x80, "CREAD"},   {0x100, "PARENB"},      {0x200, "PARODD"},
                             {0x400, "HUPCL"}, {0x800, "CLOCAL"}, {0x40000000, "CMSPAR"}, {0x80000000, "CRTSCTS"}};
constexpr Name kLocal[] = {{1, "ISIG"},        {2, "ICANON"},      {4, "XCASE"},       {8, "ECHO"},
                           {0x10, "ECHOE"},    {0x20, "ECHOK"},    {0x40, "ECHONL"},   {0x80, "NOFLSH"},
                           {0x8000, "IEXTEN"}, {0x200, "ECHOCTL"}, {0x400, "ECHOPRT"}, {0x800, "ECHOKE"},
                           {0x1000, "FLUSHO"}, {0x4000, "PENDIN"}, {0x100, "TOSTOP"},  {0x10000, "EXTPROC"}};
constexpr Name kSpeeds[] = {{0, "B0"},
                            {1, "B50"},
                            {2, "B75"},
                            {3, "B110"},
                            {4, "B134"},
                            {5, "B150"},
                            {6, "B200"},
                            {7, "B300"},
                            {8, "B600"},
                            {9, "B1200"},
                            {0xa, "B1800"},
                            {0xb, "B2400"},
                            {0xc, "B4800"},
                            {0xd, "B9600"},
                            {0xe, "B19200"},
                            {0xf, "B38400"},
                            {0x1000, "BOTHER"},
                            {0x1001, "B57600"},
                            {0x1002, "B115200"},
                            {0x1003, "B230400"},
                            {0x1004, "B460800"},
                            {0x1005, "B500000"},
                            {0x1006, "B576000"},
                            {0x1007, "B921600"},
                            {0x1008, "B1000000"},
                            {0x1009, "B1152000"},
                            {0x100a, "B1500000"},
                            {0x100b, "B2000000"},
                            {0x100c, "B2500000"},
                            {0x100d, "B3000000"},
                            {0x100e, "B3500000"},
                            {0x100f, "B4000000"}};
constexpr Name kDisciplines[] = {{0, "N_TTY"}, {1, "N_SLIP"}, {2, "N_MOUSE"}, {3, "N_PPP"}};
constexpr Name kFlush[] = {{0, "TCIFLUSH"}, {1, "TCOFLUSH"}, {2, "TCIOFLUSH"}};
constexpr Name kFlow[] = {{0, "TCOOFF"}, {1, "TCOON"}, {2, "TCIOFF"}, {3, "TCION"}};
constexpr Name kModem[] = {{1, "TIOCM_LE"},        {2, "TIOCM_DTR"},       {4, "TIOCM_RTS"},
                           {8, "TIOCM_ST"},        {0x10, "TIOCM_SR"},     {0x20, "TIOCM_CTS"},
                           {0x40, "TIOCM_CAR"},    {0x80, "TIOCM_RNG"},    {0x100, "TIOCM_DSR"},
                           {0x2000, "TIOCM_OUT1"}, {0x4000, "TIOCM_OUT2"}, {0x8000, "TIOCM_LOOP"}};
constexpr Names kFlushNames{kNumber, "TC???", kFlush}, kFlowNames{kNumber, "TC???", kFlow};
constexpr Names kModemNames{kBits, "TIOCM_???", kModem}, kDisciplineNames{kNumber, "N_???", kDisciplines};

void bits(std::string& out, std::span<const Name> list, u64 value) {
  if (value != 0) append_names(out, {kBits, "", list}, value);
}

// Fields of several bits first, then the rest as flags.
void output_modes(std::string& out, u32 mode) {
  constexpr std::string_view kTabs[] = {"TAB0", "TAB1", "TAB2", "XTABS"};
  const auto field = [&](u32 bits, const std::string& name) {
    append_constant(out, hex(mode & bits), name), out += '|';
  };
  field(0x100, fmt::format("NL{}", mode >> 8 & 1)), field(0x600, fmt::format("CR{}", mode >> 9 & 3));
  field(0x1800, std::string(kTabs[mode >> 11 & 3])), field(0x2000, fmt::format("BS{}", mode >> 13 & 1));
  field(0x4000, fmt::format("VT{}", mode >> 14 & 1)), field(0x8000, fmt::format("FF{}", mode >> 15 & 1));
  bits(out, kOutput, mode & ~u32{0xff00});
}

void control_modes(std::string& out, u32 mode) {
  constexpr u32 kSpeedBits = 0x100f, kShift = 16, kSize = 0x30;
  const Names speeds{kNumber, "B???", kSpeeds};
  append_names(out, speeds, mode & kSpeedBits);
  out += '|';
  const u32 input = mode >> kShift & kSpeedBits;
  if (input != 0) append_names(out, speeds, input), out += "<<", append_constant(out, "0x10", "IBSHIFT"), out += '|';
  append_constant(out, hex(mode & kSize), fmt::format("CS{}", 5 + ((mode & kSize) >> 4)));
  const u32 rest = mode & ~(kSpeedBits | kSpeedBits << kShift | kSize);
  out += '|';
  bits(out, kControl, rest);
}

void control_characters(Print& p, std::span<const u8> characters) {
  constexpr std::string_view kNames[] = {"VINTR",    "VQUIT",    "VERASE",  "VKILL",  "VEOF",  "VTIME",
                                         "VMIN",     "VSWTC",    "VSTART",  "VSTOP",  "VSUSP", "VEOL",
                                         "VREPRINT", "VDISCARD", "VWERASE", "VLNEXT", "VEOL2"};
  p.out += ", c_cc=[";
  for (usize i = 0; i < characters.size(); ++i) {
    p.out += fmt::format("{}[{}]={}", i == 0 ? "" : ", ",
                         i < std::size(kNames) ? std::string(kNames[i]) : std::to_string(i), hex(characters[i]));
  }
  p.out += ']';
}

struct Modes {
  u32 input, output, control, local;
  u8 line;
};
void terminal(Print& p, const Modes& m, std::span<const u8> characters) {
  p.out += "{c_iflag=", bits(p.out, kInput, m.input);
  p.out += ", c_oflag=", output_modes(p.out, m.output);
  p.out += ", c_cflag=", control_modes(p.out, m.control);
  p.out += ", c_lflag=", bits(p.out, kLocal, m.local);
  if (!p.options.verbose) return p.text(", ...");
  p.out += ", c_line=", append_names(p.out, kDisciplineNames, m.line);
  control_characters(p, characters);
}

void termios(Print& p, u64 place) {
  p.object<abi::Termios>(place, [&](const abi::Termios& t) {
    terminal(p, {t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_line}, t.c_cc), p.out += '}';
  });
}

void termios2(Print& p, u64 place) {
  struct Two {
    abi::Termios modes;
    u32 input, output;
  };
  p.object<Two>(place, [&](const Two& t) {
    const abi::Termios& m = t.modes;
    terminal(p, {m.c_iflag, m.c_oflag, m.c_cflag, m.c_lflag, m.c_line}, m.c_cc);
    if (p.options.verbose) p.out += fmt::format(", c_ispeed={}, c_ospeed={}", t.input, t.output);
    p.out += '}';
  });
}

void termio(Print& p, u64 place) {
  struct Old {
    u16 input, output, control, local;
    u8 line, characters[8], pad;
  };
  p.object<Old>(place, [&](const Old& t) {
    terminal(p, {t.input, t.output, t.control, t.local, t.line}, t.characters), p.out += '}';
  });
}

// --- interfaces ------------------------------------------------------------------------------------------------------------

#define N(x) \
  Name { static_cast<u64>(static_cast<u32>(x)), #x }
constexpr Name kFlags[] = {N(IFF_UP),          N(IFF_BROADCAST),  N(IFF_DEBUG),     N(IFF_LOOPBACK),
                           N(IFF_POINTOPOINT), N(IFF_NOTRAILERS), N(IFF_RUNNING),   N(IFF_NOARP),
                           N(IFF_PROMISC),     N(IFF_ALLMULTI),   N(IFF_MASTER),    N(IFF_SLAVE),
                           N(IFF_MULTICAST),   N(IFF_PORTSEL),    N(IFF_AUTOMEDIA), N(IFF_DYNAMIC)};
constexpr Name kHardware[] = {N(ARPHRD_NETROM), N(ARPHRD_ETHER), N(ARPHRD_LOOPBACK), N(ARPHRD_NONE)};
constexpr Name kFileFlags[] = {
    N(FS_SECRM_FL),       N(FS_UNRM_FL),        N(FS_COMPR_FL),     N(FS_SYNC_FL),      N(FS_IMMUTABLE_FL),
    N(FS_APPEND_FL),      N(FS_NODUMP_FL),      N(FS_NOATIME_FL),   N(FS_DIRTY_FL),     N(FS_COMPRBLK_FL),
    N(FS_NOCOMP_FL),      N(FS_ENCRYPT_FL),     N(FS_INDEX_FL),     N(FS_IMAGIC_FL),    N(FS_JOURNAL_DATA_FL),
    N(FS_NOTAIL_FL),      N(FS_DIRSYNC_FL),     N(FS_TOPDIR_FL),    N(FS_HUGE_FILE_FL), N(FS_EXTENT_FL),
    N(FS_VERITY_FL),      N(FS_EA_INODE_FL),    N(FS_EOFBLOCKS_FL), N(FS_NOCOW_FL),     N(FS_DAX_FL),
    N(FS_INLINE_DATA_FL), N(FS_PROJINHERIT_FL), N(FS_CASEFOLD_FL),  N(FS_RESERVED_FL)};
constexpr Name kXflags[] = {N(FS_XFLAG_REALTIME),   N(FS_XFLAG_PREALLOC),   N(FS_XFLAG_IMMUTABLE),
                            N(FS_XFLAG_APPEND),     N(FS_XFLAG_SYNC),       N(FS_XFLAG_NOATIME),
                            N(FS_XFLAG_NODUMP),     N(FS_XFLAG_RTINHERIT),  N(FS_XFLAG_PROJINHERIT),
                            N(FS_XFLAG_NOSYMLINKS), N(FS_XFLAG_EXTSIZE),    N(FS_XFLAG_EXTSZINHERIT),
                            N(FS_XFLAG_NODEFRAG),   N(FS_XFLAG_FILESTREAM), N(FS_XFLAG_DAX),
                            N(FS_XFLAG_COWEXTSIZE), N(FS_XFLAG_HASATTR)};
#undef N
constexpr Names kFlagNames{kBits, "IFF_???", kFlags}, kHardwareNames{kNumber, "ARPHRD_???", kHardware};
constexpr Names kFileNames{kBits, "FS_???_FL", kFileFlags}, kXflagNames{kBits, "FS_XFLAG_???", kXflags};

struct Interface {
  char name[16];
  u8 value[24];
  template <typename T>
  T as() const {
    T out;
    std::memcpy(&out, value, sizeof out);
    return out;
  }
};
static_assert(sizeof(Interface) == abi::size_of_ifreq);

void name_field(Print& p, std::string_view field, std::span<const char, 16> name) {
  const usize length = strnlen(name.data(), name.size());
  p.out += field, p.out += '=';
  const bool cut = length == name.size();
  append_quoted(p.out, {name.data(), cut ? length - 1 : length}, p.options.hex, cut ? More::yes : More::no);
}

enum class Holds : u8 { flags, address, hardware, number, map, new_name };
struct InterfaceCommand {
  u32 get, set;
  std::string_view field;
  Holds holds;
};
constexpr InterfaceCommand kInterfaces[] = {
    {0x8913, 0x8914, "ifr_flags", Holds::flags},     {0x8915, 0x8916, "ifr_addr", Holds::address},
    {0x8917, 0x8918, "ifr_dstaddr", Holds::address}, {0x8919, 0x891a, "ifr_broadaddr", Holds::address},
    {0x891b, 0x891c, "ifr_netmask", Holds::address}, {0x891d, 0x891e, "ifr_metric", Holds::number},
    {0x8921, 0x8922, "ifr_mtu", Holds::number},      {0, 0x8923, "ifr_newname", Holds::new_name},
    {0x8927, 0x8924, "ifr_hwaddr", Holds::hardware}, {0x8929, 0x8930, "ifr_slave", Holds::new_name},
    {0, 0x8931, "ifr_hwaddr", Holds::hardware},      {0, 0x8932, "ifr_hwaddr", Holds::hardware},
    {0x8933, 0, "ifr_ifindex", Holds::number},       {0, 0x8937, "ifr_hwaddr", Holds::hardware},
    {0x8942, 0x8943, "ifr_qlen", Holds::number},     {0x8970, 0x8971, "ifr_map", Holds::map}};

void hardware(Print& p, const Interface& i) {
  const auto family = i.as<u16>();
  p.out += "{sa_family=", append_names(p.out, kHardwareNames, family), p.out += ", sa_data=";
  const usize length = family == ARPHRD_ETHER || family == ARPHRD_LOOPBACK ? 6 : 7;
  std::string text;
  for (usize n = 0; n < length; ++n) text += fmt::format("{}{:02x}", n == 0 ? "" : ":", i.value[2 + n]);
  constexpr usize kData = 14;
  append_constant(p.out, quote({reinterpret_cast<const char*>(&i.value[2]), kData}, DecodeOptions::Hex::all, More::no),
                  text);
  p.out += '}';
}

void interface_value(Print& p, const InterfaceCommand& command, const Interface& i, u64 place) {
  (p.out += ", ") += command.field, p.out += '=';
  switch (command.holds) {
    case Holds::flags:
      return append_names(p.out, kFlagNames, i.as<u16>());
    case Holds::address:
      return print_socket_address(p, place + sizeof i.name, 16);
    case Holds::hardware:
      return hardware(p, i);
    case Holds::number:
      return p.number(i.as<i32>());
    case Holds::new_name:
      p.out.resize(p.out.size() - command.field.size() - 1);
      return name_field(p, command.field, std::span<const char, 16>(reinterpret_cast<const char*>(i.value), 16));
    case Holds::map: {
      struct Map {
        u64 start, end;
        u16 base;
        u8 irq, dma, port, pad[3];
      };
      const auto m = i.as<Map>();
      return p.text(fmt::format("{{mem_start={}, mem_end={}, base_addr={}, irq={}, dma={}, port={}}}", hex(m.start),
                                hex(m.end), hex(m.base), m.irq, m.dma, m.port));
    }
  }
}

void interface_word(Print& p, u32 command, u64 place) {
  const auto* known = std::find_if(std::begin(kInterfaces), std::end(kInterfaces),
                                   [&](const InterfaceCommand& c) { return c.get == command || c.set == command; });
  p.object<Interface>(place, [&](const Interface& i) {
    p.out += '{', name_field(p, "ifr_name", i.name);
    if (known->set == command || p.done()) interface_value(p, *known, i, place);
    p.out += '}';
  });
}

void interface_by_index(Print& p, u64 place) {
  p.object<Interface>(place, [&](const Interface& i) {
    p.out += fmt::format("{{ifr_ifindex={}", i.as<i32>());
    if (p.done()) p.out += ", ", name_field(p, "ifr_name", i.name);
    p.out += '}';
  });
}

// "400 /* 10 * sizeof(struct ifreq) */"
std::string list_length(i32 length) {
  if (length <= 0 || length % abi::size_of_ifreq != 0) return std::to_string(length);
  return fmt::format("{} /* {} * sizeof(struct ifreq) */", length, length / abi::size_of_ifreq);
}
void interface_list(Print& p, u64 place) {
  struct List {
    i32 length, pad;
    u64 buffer;
  };
  p.object<List>(place, [&](const List& list) {
    i32 before = list.length;
    p.seen().read_at_entry(place, before);
    p.out += "{ifc_len=" + list_length(before);
    if (before != list.length && p.done() && list.buffer != 0) p.out += " => " + list_length(list.length);
    p.out += ", ifc_buf=";
    if (!p.done() || list.buffer == 0) {
      p.address(list.buffer);
    } else {
      u64 at = list.buffer;
      p.array<Interface>(list.buffer, static_cast<u32>(std::max(list.length, 0)) / sizeof(Interface),
                         [&](const Interface& i) {
                           p.out += '{', name_field(p, "ifr_name", i.name), p.out += ", ifr_addr=";
                           print_socket_address(p, at + sizeof i.name, 16), p.out += '}';
                           at += sizeof i;
                         });
    }
    p.out += '}';
  });
}

// --- files -----------------------------------------------------------------------------------------------------------------

void file_attributes(Print& p, u64 place, bool told) {
  struct Attributes {
    u32 flags, extent, extents, project, cow;
    u8 pad[8];
  };
  p.object<Attributes>(place, [&](const Attributes& a) {
    p.out += "{fsx_xflags=", append_names(p.out, kXflagNames, a.flags);
    p.out += fmt::format(", fsx_extsize={}", a.extent);
    if (told) p.out += fmt::format(", fsx_nextents={}", a.extents);
    p.out += fmt::format(", fsx_projid={}, fsx_cowextsize={}}}", a.project, a.cow);
  });
}

void clone_range(Print& p, u64 place) {
  struct Range {
    i64 fd;
    u64 offset, length, to;
  };
  p.object<Range>(place, [&](const Range& r) {
    p.out += "{src_fd=", p.descriptor(static_cast<i32>(r.fd));
    p.out += fmt::format(", src_offset={}, src_length={}, dest_offset={}}}", r.offset, r.length, r.to);
  });
}

void word(Print& p, u32 command, u64 arg) {
  const abi::IoctlWord* known = abi::find_ioctl_word(command);
  if (known != nullptr && known->out && !known->in && !p.done()) return p.address(arg);
  switch (command) {
    case 0x5401:  // TCGETS and its kin
    case 0x5402:
    case 0x5403:
    case 0x5404:
    case 0x5456:
    case 0x5457:
      return termios(p, arg);
    case 0x802c542a:
    case 0x402c542b:
    case 0x402c542c:
    case 0x402c542d:
      return termios2(p, arg);
    case 0x5405:
    case 0x5406:
    case 0x5407:
    case 0x5408:
      return termio(p, arg);
    case 0x5413:  // TIOCGWINSZ, TIOCSWINSZ
    case 0x5414:
      return p.object<abi::WinSize>(arg, [&](const abi::WinSize& w) {
        p.text(fmt::format("{{ws_row={}, ws_col={}, ws_xpixel={}, ws_ypixel={}}}", w.ws_row, w.ws_col, w.ws_xpixel,
                           w.ws_ypixel));
      });
    case 0x5415:  // TIOCMGET and its kin
    case 0x5416:
    case 0x5417:
    case 0x5418:
      return p.object<u32>(arg, [&](u32 n) { p.out += '[', append_names(p.out, kModemNames, n), p.out += ']'; });
    case 0x5412:  // TIOCSTI
      return p.bytes(arg, 1);
    case 0x540b:
      return append_names(p.out, kFlushNames, arg);
    case 0x540a:
      return append_names(p.out, kFlowNames, arg);
    case 0x5409:      // TCSBRK
    case 0x5425:      // TCSBRKP
    case 0x540e:      // TIOCSCTTY
    case 0x40049409:  // FICLONE
      return p.number(static_cast<i32>(arg));
    case 0x8910:
      return interface_by_index(p, arg);
    case 0x8912:
      return interface_list(p, arg);
    case 0x80086601:
    case 0x40086602:
      return p.object<u64>(arg, [&](u64 n) { p.out += '[', append_names(p.out, kFileNames, n), p.out += ']'; });
    case 0x801c581f:
    case 0x401c5820:
      return file_attributes(p, arg, command == 0x801c581f);
    case 0x4020940d:
      return clone_range(p, arg);
    default:
      break;
  }
  if (known == nullptr) return p.text(hex(arg));
  if (known->size == abi::size_of_ifreq) return interface_word(p, command, arg);
  p.object<i32>(arg, [&](i32 n) { p.text(fmt::format("[{}]", n)); });
}

void ioctl(Print& p, usize i) {
  const u32 command = static_cast<u32>(p.arg(1));
  if (i == 1) return p.text(command_name(command));
  const std::string_view name = name_of(names("IoctlCmd"), command);
  if (std::find(std::begin(kWithoutWord), std::end(kWithoutWord), name) != std::end(kWithoutWord)) return;
  word(p, command, p.arg(2));
}

bool tells(const Call& call) {
  const abi::IoctlWord* known = abi::find_ioctl_word(static_cast<u32>(call.args[1]));
  return known != nullptr && known->out;
}

constexpr Override kOverrides[] = {{"ioctl", 1 << 1 | 1 << 2, ioctl, 1 << 2, 0, tells}};

}  // namespace

std::span<const Override> ioctl_overrides() { return kOverrides; }

}  // namespace limen::trace
