#include "trace/decode.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/errno.h"
#include "trace/print.h"

namespace limen::trace {
namespace {

// A parameter of a row, with what prints it.
struct Param {
  enum class Kind : u8 {
    signed_number,
    process,
    unsigned_number,
    address,
    fd,
    directory,
    path,
    string,
    strings,
    bytes,
    numbers,
    object,
    objects,
    named,
    signal,
    id,
    open_flags,
    mode,
    device,
    socket_type,
    mmap_flags,
    clone_flags
  };
  Kind kind = Kind::address;
  bool in = false, out = false;
  u8 width = 8;  // bytes of a number, of an element
  std::string_view type, name;
  const Names* table = nullptr;  // named
  PrintObject object = nullptr;  // object, objects
};

struct Row {
  std::vector<Param> params;
  const Override* over = nullptr;
};

struct NumberType {
  std::string_view type;
  Param::Kind kind;
  u8 width;
};
constexpr NumberType kNumberTypes[] = {
    {"int", Param::Kind::signed_number, 4},
    {"i32", Param::Kind::signed_number, 4},
    {"i64", Param::Kind::signed_number, 8},
    {"Off", Param::Kind::signed_number, 8},
    {"Pid", Param::Kind::process, 4},
    {"IpcKey", Param::Kind::unsigned_number, 4},
    {"u32", Param::Kind::unsigned_number, 4},
    {"u64", Param::Kind::unsigned_number, 8},
    {"usize", Param::Kind::unsigned_number, 8},
    {"Fd", Param::Kind::fd, 4},
    {"DirFd", Param::Kind::directory, 4},
    {"Signal", Param::Kind::signal, 4},
    {"Uid", Param::Kind::id, 4},
    {"Gid", Param::Kind::id, 4},
    {"OpenFlags", Param::Kind::open_flags, 4},
    {"FileMode", Param::Kind::mode, 2},
    {"DevNumber", Param::Kind::device, 4},
    {"SocketType", Param::Kind::socket_type, 4},
    {"MmapFlags", Param::Kind::mmap_flags, 8},
    {"CloneFlags", Param::Kind::clone_flags, 8},
    {"UserPath", Param::Kind::path, 8},
    {"UserString", Param::Kind::string, 8},
    {"UserStrings", Param::Kind::strings, 8},
    {"GuestAddr", Param::Kind::address, 8},
    {"UserAddr", Param::Kind::address, 8},
};

void set_direction(Param& p, std::string_view word) {
  p.in = word == "In" || word == "InOut";
  p.out = word == "Out" || word == "InOut";
}

void set_element(Param& p, std::string_view element, Param::Kind numbers, Param::Kind objects) {
  for (const NumberType& number : kNumberTypes) {
    if (number.type == element) {
      p.kind = numbers, p.width = number.width;
      return;
    }
  }
  if (element.starts_with("abi::")) p.object = find_object(element.substr(5));
  p.kind = p.object != nullptr ? objects : Param::Kind::address;
}

Param compile(const SyscallParam& from) {
  Param p{.type = from.type, .name = from.name};
  const usize open = from.type.find('<');
  if (open != std::string_view::npos) {
    const std::string_view wrapper = from.type.substr(0, open);
    const std::string_view inner = from.type.substr(open + 1, from.type.size() - open - 2);
    const usize comma = inner.find(", ");
    if (wrapper == "UserBytes") {
      p.kind = Param::Kind::bytes, set_direction(p, inner);
    } else if (comma != std::string_view::npos) {
      set_direction(p, inner.substr(0, comma));
      set_element(p, inner.substr(comma + 2), Param::Kind::numbers, Param::Kind::objects);
    } else {
      set_direction(p, wrapper.substr(4));
      set_element(p, inner, Param::Kind::numbers, Param::Kind::object);
    }
    return p;
  }
  for (const NumberType& number : kNumberTypes) {
    if (number.type == from.type) {
      p.kind = number.kind, p.width = number.width;
      return p;
    }
  }
  p.table = find_names(from.type);
  if (p.table != nullptr) p.kind = Param::Kind::named, p.width = 4;
  constexpr std::string_view kWide[] = {"MmapProt", "MountFlags", "MremapFlags"};
  if (std::find(std::begin(kWide), std::end(kWide), from.type) != std::end(kWide)) p.width = 8;
  if (p.kind == Param::Kind::address) p.kind = Param::Kind::unsigned_number, p.width = 4;  // flags without a table
  return p;
}

const Row& row_of(const SyscallRow& row) {
  static std::array<std::optional<Row>, kSyscallEnd> compiled;
  std::optional<Row>& slot = compiled[static_cast<usize>(row.x86_64)];
  if (!slot) {
    slot.emplace();
    for (usize i = 0; i < 6; ++i) {
      const SyscallParam param = syscall_param(row, i);
      if (param.name.empty()) break;
      slot->params.push_back(compile(param));
      if (const Names* known = parameter_names(row.name, i); known != nullptr) {
        slot->params.back().kind = Param::Kind::named, slot->params.back().table = known;
      }
    }
    slot->over = find_override(row.name);
  }
  return *slot;
}

u64 cut(u64 word, u8 width) { return width == 8 ? word : word & ((u64{1} << (width * 8)) - 1); }

// What stands behind it among the parameters says how long a buffer is; see kernel/trace/capture.cc.
u64 length_of(const Row& row, const Call& call, usize i) {
  const auto is_length = [&](usize k) {
    const Param::Kind kind = row.params[k].kind;
    return kind == Param::Kind::signed_number || kind == Param::Kind::unsigned_number;
  };
  for (usize k = i + 1; k < row.params.size(); ++k) {
    if (is_length(k)) return cut(call.args[k], row.params[k].width);
  }
  for (usize k = i; k-- > 0;) {
    if (is_length(k)) return cut(call.args[k], row.params[k].width);
  }
  return 0;
}

void print_number(Print& p, u64 place, u8 width, bool is_signed) {
  const u8* at = p.seen().memory(place, width);
  if (at == nullptr) return p.address(place);
  u64 value = 0;
  std::memcpy(&value, at, width);
  if (width == 4 && is_signed) return p.number(static_cast<i32>(value));
  p.unsigned_number(value);
}

void print_strings(Print& p, u64 place, bool whole) {
  const u64* count = p.seen().count(place);
  if (count == nullptr || !p.options.structures) return p.address(place);
  if (!whole) {
    p.address(place);
    p.out += fmt::format(" /* {} var{} */", *count, *count == 1 ? "" : "s");
    return;
  }
  p.array<u64>(place, *count, [&](u64 string) { p.string(string); });
}

void print_param(Print& p, const Row& row, usize i) {
  const Param& param = row.params[i];
  const u64 word = p.arg(i);
  const u64 value = cut(word, param.width);
  const bool readable = p.call.left && param.out ? p.done() || param.in : param.in;
  if (p.options.raw) return p.text(word == 0 ? "0" : fmt::format("{:#x}", word));
  if (!p.options.structures && param.kind >= Param::Kind::strings && param.kind <= Param::Kind::objects &&
      param.kind != Param::Kind::bytes)
    return p.address(word);
  switch (param.kind) {
    case Param::Kind::signed_number:
      return p.number(param.width == 4 ? static_cast<i32>(word) : static_cast<i64>(word));
    case Param::Kind::process:
      return p.process(static_cast<i32>(word));
    case Param::Kind::unsigned_number:
      return p.unsigned_number(value);
    case Param::Kind::address:
      return p.address(word);
    case Param::Kind::fd:
      return p.descriptor(static_cast<i32>(word));
    case Param::Kind::directory:
      return p.directory(static_cast<i32>(word));
    case Param::Kind::path:
      return p.path(word);
    case Param::Kind::string:
      return p.string(word);
    case Param::Kind::strings:
      return print_strings(p, word, param.name == "argv" || p.options.verbose);
    case Param::Kind::bytes: {
      if (!readable) return p.address(word);
      u64 length = length_of(row, p.call, i);
      if (param.out && p.call.left && !param.in) length = std::min(length, static_cast<u64>(p.call.value));
      return p.bytes(word, length);
    }
    case Param::Kind::numbers: {
      if (!readable || word == 0) return p.address(word);
      const bool is_signed =
          param.type.find("i32") != std::string_view::npos || param.type.find("i64") != std::string_view::npos;
      if (!param.type.starts_with("UserArray")) {
        if (p.seen().memory(word, param.width) == nullptr) return p.address(word);
        p.out += '[', print_number(p, word, param.width, is_signed), p.out += ']';
        return;
      }
      const u64 count = length_of(row, p.call, i);
      if (param.width == 4) return p.array<u32>(word, count, [&](u32 n) { p.unsigned_number(n); });
      return p.array<u64>(word, count, [&](u64 n) { p.unsigned_number(n); });
    }
    case Param::Kind::object:
      return readable ? param.object(p, word) : p.address(word);
    case Param::Kind::objects:
      return p.address(word);  // arrays of structures are printed by the calls that have them
    case Param::Kind::named:
      return append_names(p.out, *param.table, value);
    case Param::Kind::signal:
      return p.text(signal_name(static_cast<i32>(word)));
    case Param::Kind::id:
      return p.number(static_cast<u32>(word) == ~u32{0} ? -1 : static_cast<i64>(static_cast<u32>(word)));
    case Param::Kind::open_flags:
      return p.text(open_flags(static_cast<u32>(word)));
    case Param::Kind::mode:
      return p.text(permissions(static_cast<u32>(value)));
    case Param::Kind::device:
      return p.text(device((value >> 8) & 0xfff, (value & 0xff) | (value >> 12 & 0xfff00)));
    case Param::Kind::socket_type:
      return p.text(socket_type(static_cast<u32>(word)));
    case Param::Kind::mmap_flags: {
      constexpr std::string_view kTypes[] = {"MAP_FILE", "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE"};
      const u64 type = word & 0xf, rest = word & ~u64{0xf};
      std::string text = type < 4 ? std::string(kTypes[type]) : fmt::format("{:#x} /* MAP_??? */", type);
      constexpr u64 kHugePages = 0x40000, kSizeShift = 26, kSize = u64{0x3f} << kSizeShift;
      const u64 size = (rest & kHugePages) != 0 ? (rest & kSize) >> kSizeShift : 0;
      const u64 bits = size != 0 ? rest & ~kSize : rest;
      {
        const ConstantScope by_name(ConstantStyle::abbreviated);
        if (bits != 0) text += "|" + print_names(names("mmap_bits"), bits);
        if (size != 0) text += fmt::format("|{}<<MAP_HUGE_SHIFT", size);
      }
      return append_constant(p.out, trace::hex(word), text);
    }
    case Param::Kind::clone_flags:
      return p.text(clone_flags(word));
  }
}

bool waits_for_exit(const Row& row, const Call& call, usize i) {
  if (row.over != nullptr && (row.over->at_entry >> i & 1) != 0) return false;
  if (row.over != nullptr && (row.over->at_exit >> i & 1) != 0)
    return row.over->waits == nullptr || row.over->waits(call);
  return row.params[i].out;
}

void print_one(Print& p, const Row& row, usize i) {
  if (row.over != nullptr && (row.over->params >> i & 1) != 0 && !p.options.raw) {
    row.over->print(p, i);
  } else {
    print_param(p, row, i);
  }
}

// What rt_sigreturn restores stands in the frame; it has no parameters.
void print_restored_mask(Call& call, std::string& out) {
  const u8* mask = call.seen.first_memory(sizeof(u64));
  u64 bits = 0;
  if (mask != nullptr) std::memcpy(&bits, mask, sizeof bits);
  call.printed_any = true;
  if (mask != nullptr) out += "{mask=" + print_signal_set(bits) + "}";
}

// Parameters from where the text is on; to the first that must wait, or all.
void print_params(Call& call, const DecodeOptions& options, bool all, std::string& out) {
  Print p{call, options, out};
  if (call.row == nullptr) {
    for (; call.next_param < 6; ++call.next_param) {
      if (call.next_param > 0) out += ", ";
      append_hex(out, call.args[call.next_param]);
    }
    return;
  }
  constexpr u64 kRtSigreturn = 15;
  if (call.nr == kRtSigreturn && !call.printed_any) return print_restored_mask(call, out);
  const Row& row = row_of(*call.row);
  for (; call.next_param < row.params.size(); ++call.next_param) {
    if (!all && waits_for_exit(row, call, call.next_param)) break;
    const usize before = out.size();
    if (call.printed_any) out += ", ";
    const usize begin = out.size();
    print_one(p, row, call.next_param);
    // An override may leave a parameter out: an empty word is none.
    if (out.size() == begin) {
      out.resize(before);
    } else {
      call.printed_any = true;
    }
  }
  // "read(3, " and not "read(3": the comma is part of what is known.
  if (!all && call.next_param < row.params.size() && call.printed_any && !call.comma_due) {
    out += ", ";
    call.comma_due = true, call.printed_any = false;
  }
}

// The result is the number of a thread, a process, a group or a session.
bool gives_process(const Call& call) {
  constexpr std::string_view kNames[] = {"clone",   "clone3", "fork",   "getpgid", "getpgrp", "getpid",
                                         "getppid", "getsid", "gettid", "setsid",  "vfork",   "wait4"};
  return call.row != nullptr && std::find(std::begin(kNames), std::end(kNames), call.row->name) != std::end(kNames);
}

bool shows_address(std::string_view name) {
  return name == "mmap" || name == "brk" || name == "mremap" || name == "shmat";
}

struct Restart {
  i64 value;
  std::string_view name, text;
};
constexpr Restart kRestarts[] = {{-512, "ERESTARTSYS", "To be restarted if SA_RESTART is set"},
                                 {-513, "ERESTARTNOINTR", "To be restarted"},
                                 {-514, "ERESTARTNOHAND", "To be restarted if no handler"},
                                 {-516, "ERESTART_RESTARTBLOCK", "Interrupted by signal"}};

}  // namespace

void append_call_name(std::string& out, const Call& call) {
  if (call.row != nullptr) {
    out += call.row->name;
  } else {
    out += "syscall_";
    append_hex(out, call.nr);
  }
}

std::string call_name(const Call& call) {
  std::string out;
  append_call_name(out, call);
  return out;
}

void decode_entry(Call& call, const DecodeOptions& options, std::string& out) {
  const ConstantScope scope(options.constants);
  call.next_param = 0, call.printed_any = call.comma_due = false;
  append_call_name(out, call);
  out += '(';
  print_params(call, options, false, out);
}

void decode_exit(Call& call, const DecodeOptions& options, std::string& out) {
  const ConstantScope scope(options.constants);
  print_params(call, options, true, out);
}

void decode_whole(Call& call, const DecodeOptions& options, std::string& out) {
  decode_entry(call, options, out);
  decode_exit(call, options, out);
  out += ") = ";
  decode_result(call, options, out);
}

void decode_result(const Call& call, const DecodeOptions& options, std::string& out) {
  const ConstantScope scope(options.constants);
  for (const Restart& restart : kRestarts) {
    if (call.value != restart.value) continue;
    ((((out += "? ") += restart.name) += " (") += restart.text) += ')';
    return;
  }
  if (call.failed()) {
    const Errno error = static_cast<Errno>(-call.value);
    if (errno_name(error) == "E???") {
      out += fmt::format("-1 (errno {})", -call.value);
    } else {
      ((((out += "-1 ") += errno_name(error)) += " (") += errno_text(error)) += ')';
    }
    return append_result_note(out, call, options);
  }
  Print p{call, options, out};
  const std::string_view name = call.row != nullptr ? call.row->name : std::string_view();
  const u32 command = name == "fcntl" ? static_cast<u32>(call.args[1]) : 0;
  // F_GETFD, F_GETFL, F_GET_SEALS; PR_GET_SECUREBITS, PR_GET_SPECULATION_CTRL.
  const bool flags = command == 1 || command == 3 || command == 1034 ||
                     (name == "prctl" && (call.args[0] == 27 || call.args[0] == 52));
  if (call.value != 0 && (flags || options.raw || shows_address(name))) {
    append_hex(out, static_cast<u64>(call.value));
  } else if (!options.raw && shows_address(name)) {
    out += "NULL";
  } else if (name == "umask") {
    out += permissions(static_cast<u32>(call.value));
  } else if (options.raw) {
    append_number(out, call.value);
  } else if (gives_process(call)) {
    p.process(static_cast<i32>(call.value));
  } else if (options.files != DecodeOptions::no_files && call.made_descriptor) {
    p.descriptor(static_cast<i32>(call.value));
  } else {
    append_number(out, call.value);
  }
  append_result_note(out, call, options);
}

std::vector<Argument> arguments(Call& call, const DecodeOptions& options) {
  std::vector<Argument> out;
  if (call.row == nullptr) {
    for (const u64 word : call.args)
      out.push_back({"u64", "", word, static_cast<i64>(word), {}, fmt::format("{:#x}", word)});
    return out;
  }
  const Row& row = row_of(*call.row);
  for (usize i = 0; i < row.params.size(); ++i) {
    const Param& param = row.params[i];
    Argument one{.type = param.type, .name = param.name, .raw = call.args[i]};
    Print p{call, options, one.shown};
    print_one(p, row, i);
    switch (param.kind) {
      case Param::Kind::signed_number:
      case Param::Kind::process:
      case Param::Kind::fd:
      case Param::Kind::directory:
      case Param::Kind::signal:
        one.number = param.width == 4 ? static_cast<i32>(call.args[i]) : static_cast<i64>(call.args[i]);
        break;
      case Param::Kind::unsigned_number:
      case Param::Kind::id:
        one.number = static_cast<i64>(cut(call.args[i], param.width));
        break;
      case Param::Kind::path:
      case Param::Kind::string: {
        const std::span<const u8> bytes = call.seen.from(call.args[i]);
        const auto* nul = std::find(bytes.data(), bytes.data() + bytes.size(), u8{0});
        if (!bytes.empty())
          one.text = std::string(reinterpret_cast<const char*>(bytes.data()), static_cast<usize>(nul - bytes.data()));
        break;
      }
      case Param::Kind::bytes: {
        if (call.failed() && !param.in) break;
        std::span<const u8> bytes = call.seen.from(call.args[i]);
        u64 length = length_of(row, call, i);
        if (param.out && call.left) length = std::min(length, static_cast<u64>(std::max<i64>(call.value, 0)));
        bytes = bytes.first(std::min<usize>({bytes.size(), length, options.string_bytes}));
        one.text = std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        break;
      }
      default:
        break;
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::string decode_signal(const abi::SigInfo& info, const DecodeOptions& options) {
  const ConstantScope scope(options.constants);
  std::string out;
  print_siginfo(out, info, options);
  return out;
}

}  // namespace limen::trace
