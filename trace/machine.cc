// Calls about the machine below: counters of events, descriptors of segments, the kernel to start next. A sandbox has none of them,
// but who asks for one is shown what was asked.
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "trace/print.h"

namespace limen::trace {
namespace {

// --- perf_event_open(2) ----------------------------------------------------------------------------------------------------

enum : u32 { hardware, software, tracepoint, cache, raw, breakpoint };  // attr.type
constexpr u32 kFirstSize = 64;                                          // what Linux takes a size of 0 for
constexpr u32 kLastSize = 128;                                          // all that Linux 6.1 knows of the structure

// The bits behind read_format, from the lowest on. An empty name: the second bit of the one before.
constexpr std::string_view kPerfBits[] = {"disabled",
                                          "inherit",
                                          "pinned",
                                          "exclusive",
                                          "exclude_user",
                                          "exclude_kernel",
                                          "exclude_hv",
                                          "exclude_idle",
                                          "mmap",
                                          "comm",
                                          "freq",
                                          "inherit_stat",
                                          "enable_on_exec",
                                          "task",
                                          "watermark",
                                          "precise_ip",
                                          "",
                                          "mmap_data",
                                          "sample_id_all",
                                          "exclude_host",
                                          "exclude_guest",
                                          "exclude_callchain_kernel",
                                          "exclude_callchain_user",
                                          "mmap2",
                                          "comm_exec",
                                          "use_clockid",
                                          "context_switch",
                                          "write_backward",
                                          "namespaces",
                                          "ksymbol",
                                          "bpf_event",
                                          "aux_output",
                                          "cgroup",
                                          "text_poke",
                                          "build_id",
                                          "inherit_thread",
                                          "remove_on_exec",
                                          "sigtrap"};
constexpr u32 kFreq = 10, kWatermark = 14, kPreciseIp = 15, kUseClockid = 25;

class PerfAttributes {
 public:
  PerfAttributes(Print& p, std::span<const u8> seen) : p_(p) {
    std::memcpy(bytes_.data(), seen.data(), std::min(seen.size(), bytes_.size()));
  }

  void print(u32 size) {
    name("{type", "perf_type", type());
    p_.text(", size="), p_.named("perf_size", word(4)), p_.text(", config="), config();
    p_.text(bit(kFreq) ? ", sample_freq=" : ", sample_period="), p_.unsigned_number(wide(16));
    name(", sample_type", "perf_sample", wide(24));
    name(", read_format", "perf_format", wide(32));
    bits();
    if (!p_.options.verbose) return p_.text(", ...}");
    events(size == 0 ? kFirstSize : size);
    p_.text(size > kLastSize ? ", ...}" : "}");
  }

 private:
  u32 type() const { return word(0); }
  bool bit(u32 n) const { return (wide(40) >> n & 1) != 0; }
  template <typename T>
  T at(usize place) const {
    T value;
    std::memcpy(&value, &bytes_[place], sizeof value);
    return value;
  }
  u32 word(usize place) const { return at<u32>(place); }
  u64 wide(usize place) const { return at<u64>(place); }

  void name(std::string_view field, std::string_view table, u64 value) {
    (p_.out += field) += '=', p_.named(table, value);
  }
  void hexadecimal(std::string_view field, u64 value) { ((p_.out += ", ") += field) += '=', p_.text(hex(value)); }
  void number(std::string_view field, u64 value) { ((p_.out += ", ") += field) += '=', p_.unsigned_number(value); }

  void config() {
    const u64 config = wide(8);
    constexpr int kHigh = 32;
    if (type() == tracepoint) return p_.unsigned_number(config);
    if (type() == software) return p_.named("perf_software", config);
    if (type() != hardware && type() != cache) return p_.text(hex(config));
    // Where there are several counters of a kind, the upper half says which.
    if (config >> kHigh != 0) p_.text(hex(config >> kHigh) + "<<32|");
    const u32 low = static_cast<u32>(config);
    if (type() == hardware) return p_.named("perf_hardware", low);
    if (low >> 24 != 0) p_.text(hex(low >> 24) + "<<24|");
    p_.named("perf_cache_result", low >> 16 & 0xff), p_.text("<<16|");
    p_.named("perf_cache_operation", low >> 8 & 0xff), p_.text("<<8|");
    p_.named("perf_cache", low & 0xff);
  }

  void bits() {
    const u64 all = wide(40);
    for (u32 n = 0; n < std::size(kPerfBits); ++n) {
      if (kPerfBits[n].empty()) continue;
      if (n == kPreciseIp) {
        p_.text(", precise_ip="), p_.named("perf_precise", all >> n & 3);
      } else if (bit(n) || p_.options.verbose) {
        number(kPerfBits[n], all >> n & 1);
      }
    }
    const u64 rest = all >> std::size(kPerfBits);
    if (rest != 0) p_.text(fmt::format(", __reserved_1={:#x} /* Bits 63..{} */", rest, std::size(kPerfBits)));
  }

  void events(u32 size) {
    constexpr u64 kBranches = 1 << 11, kStack = 1 << 13;  // of sample_type
    const u64 samples = wide(24);
    const bool breaks = type() == breakpoint;
    number(bit(kWatermark) ? "wakeup_watermark" : "wakeup_events", word(48));
    if (breaks) {
      p_.text(", bp_type="), break_type(word(52));
    }
    hexadecimal(breaks ? "bp_addr" : "config1", wide(56));
    if (size <= 64) return;
    breaks ? number("bp_len", wide(64)) : hexadecimal("config2", wide(64));
    if (size <= 72) return;
    if ((samples & kBranches) != 0) name(", branch_sample_type", "perf_branch", wide(72));
    if (size <= 80) return;
    hexadecimal("sample_regs_user", wide(80));
    if (size <= 88) return;
    if ((samples & kStack) != 0) hexadecimal("sample_stack_user", word(88));
    if (size <= 92) return;
    if (bit(kUseClockid)) name(", clockid", "ClockId", word(92));
    if (size <= 96) return;
    hexadecimal("sample_regs_intr", wide(96));
    if (size <= 104) return;
    number("aux_watermark", word(104));
    if (size <= 108) return;
    number("sample_max_stack", at<u16>(108));
    if (at<u16>(110) != 0) p_.text(fmt::format(" /* bytes 110..111: {:#x} */", at<u16>(110)));
    if (size <= 112) return;
    number("aux_sample_size", word(112));
    if (word(116) != 0) p_.text(fmt::format(" /* bytes 116..119: {:#x} */", word(116)));
    if (size <= 120) return;
    hexadecimal("sig_data", wide(120));
  }

  void break_type(u32 type) {
    constexpr u32 kInvalid = 7;  // all bits of read, write and execute
    const bool known = !name_of(names("perf_break"), type).empty();
    if (known || type > kInvalid) return p_.named("perf_break", type);
    p_.text(fmt::format("{:#x} /* HW_BREAKPOINT_INVALID */", type));
  }

  Print& p_;
  std::array<u8, kLastSize> bytes_{};
};

void counter(Print& p, usize i) {
  const std::span<const u8> seen = p.seen().from(p.arg(i));
  u32 size = 0;
  if (p.arg(i) == 0 || !p.options.structures || !p.seen().read(p.arg(i) + sizeof(u32), size))
    return p.address(p.arg(i));
  const usize length = std::min(size == 0 ? kFirstSize : size, kLastSize);
  if (length < kFirstSize || seen.size() < length) return p.address(p.arg(i));
  PerfAttributes(p, seen.first(length)).print(size);
}

// --- modify_ldt(2), set_thread_area(2) -------------------------------------------------------------------------------------

struct SegmentDescriptor {  // struct user_desc
  i32 entry;
  u32 base, limit, bits;
};

// As C's "%#08x".
std::string padded(u32 value) { return value == 0 ? "00000000" : fmt::format("{:#08x}", value); }

void descriptor(Print& p, u64 place, bool only_entry) {
  p.object<SegmentDescriptor>(place, [&](const SegmentDescriptor& d) {
    p.text("{entry_number="), p.number(d.entry);
    if (only_entry) return p.text(", ...}");
    p.text(", base_addr=" + padded(d.base) + ", limit=" + padded(d.limit));
    constexpr struct {
      std::string_view name;
      u32 shift, mask;
    } kFields[] = {{"seg_32bit", 0, 1},
                   {"contents", 1, 3},
                   {"read_exec_only", 3, 1},
                   {"limit_in_pages", 4, 1},
                   {"seg_not_present", 5, 1},
                   {"useable", 6, 1},
                   {"lm", 7, 1}};
    for (const auto& field : kFields) p.text(fmt::format(", {}={}", field.name, d.bits >> field.shift & field.mask));
    p.text("}");
  });
}

void local_descriptor(Print& p, usize i) {
  p.arg(2) == sizeof(SegmentDescriptor) ? descriptor(p, p.arg(i), false) : p.address(p.arg(i));
}
void set_area(Print& p, usize i) { descriptor(p, p.arg(i), false); }
void get_area(Print& p, usize i) { descriptor(p, p.arg(i), !p.done()); }

// --- kexec_load(2) ---------------------------------------------------------------------------------------------------------

struct KexecSegment {
  u64 buffer, length, place, room;
};

void segments(Print& p, usize i) {
  constexpr u64 kMost = 16;  // KEXEC_SEGMENT_MAX
  const u64 count = p.arg(1);
  if (count > kMost) return p.address(p.arg(i));
  p.array<KexecSegment>(p.arg(i), count, [&](const KexecSegment& s) {
    p.text("{buf="), p.address(s.buffer), p.text(fmt::format(", bufsz={}, mem=", s.length));
    p.address(s.place), p.text(fmt::format(", memsz={}}}", s.room));
  });
}

void kexec_flags(Print& p, usize i) {
  constexpr u64 kMachine = 0xffff0000;
  p.named("kexec_machine", p.arg(i) & kMachine);
  if ((p.arg(i) & ~kMachine) != 0) p.text("|"), p.named("kexec", p.arg(i) & ~kMachine);
}

void kexec(Print& p, usize i) { i == 0 ? p.address(p.arg(i)) : i == 2 ? segments(p, i) : kexec_flags(p, i); }

constexpr Override kOverrides[] = {
    {"perf_event_open", 1 << 0, counter},
    {"modify_ldt", 1 << 1, local_descriptor, 0, 1 << 1},
    {"set_thread_area", 1 << 0, set_area},
    {"get_thread_area", 1 << 0, get_area, 1 << 0},
    {"kexec_load", 1 << 0 | 1 << 2 | 1 << 3, kexec},
};

}  // namespace

std::span<const Override> machine_overrides() { return kOverrides; }

}  // namespace limen::trace
