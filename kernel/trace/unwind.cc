#include "kernel/trace/unwind.h"

#include <algorithm>
#include <vector>

namespace limen::unwind {
namespace {

constexpr usize kMostInstructions = 4096;  // bytes of a program of call frame instructions
constexpr u64 kMostEntries = 1 << 24;      // of the search table

// Bytes of the guest, copied once; a read past the end makes it bad, for good.
class Reader {
 public:
  Reader(std::vector<u8> bytes, u64 place) : bytes_(std::move(bytes)), place_(place) {}
  bool bad() const { return bad_; }
  bool done() const { return bad_ || at_ >= bytes_.size(); }
  u64 place() const { return place_ + at_; }
  usize at() const { return at_; }
  void skip(u64 n) { n > bytes_.size() - at_ ? void(bad_ = true) : void(at_ += n); }
  template <typename T>
  T fixed() {
    T value{};
    if (bytes_.size() - at_ < sizeof value) return bad_ = true, value;
    std::copy_n(&bytes_[at_], sizeof value, reinterpret_cast<u8*>(&value));
    at_ += sizeof value;
    return value;
  }
  u64 uleb() {
    u64 value = 0;
    for (u32 shift = 0; shift < 64; shift += 7) {
      const u8 byte = fixed<u8>();
      value |= u64{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return bad_ = true, 0;
  }
  i64 sleb() {
    u64 value = 0;
    for (u32 shift = 0; shift < 64; shift += 7) {
      const u8 byte = fixed<u8>();
      value |= u64{byte & 0x7fu} << shift;
      if ((byte & 0x80) != 0) continue;
      if ((byte & 0x40) != 0 && shift + 7 < 64) value |= ~u64{0} << (shift + 7);
      return static_cast<i64>(value);
    }
    return bad_ = true, 0;
  }
  // A pointer as DW_EH_PE_* says; absolute and relative to its own place alone.
  u64 pointer(u8 encoding) {
    const u64 here = place();
    u64 value = 0;
    switch (encoding & 0xf) {
      case 0x0:
      case 0x4:
      case 0xc:
        value = fixed<u64>();
        break;
      case 0x1:
        value = uleb();
        break;
      case 0x2:
        value = fixed<u16>();
        break;
      case 0x3:
        value = fixed<u32>();
        break;
      case 0x9:
        value = static_cast<u64>(sleb());
        break;
      case 0xa:
        value = static_cast<u64>(static_cast<i64>(fixed<i16>()));
        break;
      case 0xb:
        value = static_cast<u64>(static_cast<i64>(fixed<i32>()));
        break;
      default:
        bad_ = true;
    }
    if ((encoding & 0x70) == 0x10) return value + here;
    if ((encoding & 0x70) != 0) bad_ = true;
    return value;
  }
  // The next `length` bytes as a Reader of their own.
  Reader part(u64 length) {
    const u64 here = place();
    const usize at = at_;
    skip(length);
    if (bad_) return Reader({}, here);
    return Reader(std::vector<u8>(bytes_.begin() + static_cast<i64>(at), bytes_.begin() + static_cast<i64>(at_)), here);
  }
  Reader rest() { return part(bytes_.size() - at_); }

 private:
  std::vector<u8> bytes_;
  u64 place_;
  usize at_ = 0;
  bool bad_ = false;
};

// A CIE or FDE, without its length.
std::optional<Reader> entry_at(Memory& memory, u64 place) {
  u32 length = 0;
  if (!memory.read(place, &length, sizeof length) || length < 4 || length > kMostInstructions) return std::nullopt;
  std::vector<u8> bytes(length);
  if (!memory.read(place + sizeof length, bytes.data(), length)) return std::nullopt;
  return Reader(std::move(bytes), place + sizeof length);
}

// Where the FDE of the function around `ip` stands, by the sorted table of .eh_frame_hdr.
std::optional<u64> find_function(Memory& memory, u64 table, u64 ip) {
  struct {
    u8 version, frame_encoding, count_encoding, table_encoding;
    i32 frame;
    u32 count;
  } head;
  if (!memory.read(table, &head, sizeof head)) return std::nullopt;
  // What every linker writes: a frame pointer relative to itself, a count of four bytes, offsets from the table.
  if (head.version != 1 || head.frame_encoding != 0x1b || head.count_encoding != 0x03 || head.table_encoding != 0x3b)
    return std::nullopt;
  struct Row {
    i32 start, entry;
  } row{};
  const u64 rows = table + sizeof head;
  u64 low = 0, high = std::min<u64>(head.count, kMostEntries);
  while (low < high) {
    const u64 middle = low + (high - low) / 2;
    if (!memory.read(rows + middle * sizeof row, &row, sizeof row)) return std::nullopt;
    if (table + static_cast<u64>(static_cast<i64>(row.start)) <= ip) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0 || !memory.read(rows + (low - 1) * sizeof row, &row, sizeof row)) return std::nullopt;
  return table + static_cast<u64>(static_cast<i64>(row.entry));
}

struct Common {
  u64 code_align = 1;
  i64 data_align = 1;
  u64 return_register = kIp;
  u8 encoding = 0;
  bool has_data = false, is_signal_frame = false;
  std::optional<Reader> program;
};

std::optional<Common> read_common(Memory& memory, u64 place) {
  std::optional<Reader> found = entry_at(memory, place);
  if (!found) return std::nullopt;
  Reader& r = *found;
  Common c;
  if (r.fixed<u32>() != 0) return std::nullopt;  // an FDE
  const u8 version = r.fixed<u8>();
  std::array<char, 8> augmentation{};
  usize n = 0;
  for (char letter; (letter = r.fixed<char>()) != 0 && !r.bad();) {
    if (n == augmentation.size()) return std::nullopt;
    augmentation[n++] = letter;
  }
  if (version != 1 && version != 3) return std::nullopt;
  c.code_align = r.uleb(), c.data_align = r.sleb();
  c.return_register = version == 1 ? r.fixed<u8>() : r.uleb();
  for (usize i = 0; i < n; ++i) {
    switch (augmentation[i]) {
      case 'z':
        c.has_data = true, (void)r.uleb();
        break;
      case 'R':
        c.encoding = r.fixed<u8>();
        break;
      case 'L':
        (void)r.fixed<u8>();
        break;
      case 'P': {
        const u8 encoding = r.fixed<u8>();
        (void)r.pointer(encoding & 0x7f);
        break;
      }
      case 'S':
        c.is_signal_frame = true;
        break;
      case 'B':
        break;
      default:
        return std::nullopt;
    }
  }
  if (r.bad() || c.return_register >= kRegisters) return std::nullopt;
  c.program = r.rest();
  return c;
}

// How the caller's value of a register is found.
struct Rule {
  enum class Kind : u8 { same, undefined, at_offset, offset, other, at_expression, expression };
  Kind kind = Kind::same;
  i64 number = 0;  // an offset from the CFA, or a register
  std::optional<Reader> expression;
};
struct Rules {
  u64 cfa_register = kSp;
  i64 cfa_offset = 0;
  std::optional<Reader> cfa_expression;
  std::array<Rule, kRegisters> of;
};

// One instruction; false where the program has passed `ip`.
class Program {
 public:
  Program(const Common& common, u64 start, u64 ip, Rules& rules)
      : common_(common), location_(start), ip_(ip), rules_(rules) {}
  void set_initial() { initial_ = rules_; }
  bool bad() const { return bad_; }

  void run(Reader r) {
    while (!r.done() && !bad_ && location_ <= ip_) one(r);
    bad_ = bad_ || r.bad();
  }

 private:
  void set(u64 reg, Rule rule) {
    // Vector registers and the like are nothing to us.
    if (reg < kRegisters) rules_.of[reg] = std::move(rule);
  }
  void advance(u64 by) { location_ += by * common_.code_align; }
  void one(Reader& r) {
    const u8 op = r.fixed<u8>(), low = op & 0x3f;
    const auto scaled = [&](i64 n) { return n * common_.data_align; };
    switch (op >> 6) {
      case 1:
        return advance(low);
      case 2:
        return set(low, {Rule::Kind::at_offset, scaled(static_cast<i64>(r.uleb())), {}});
      case 3:
        return restore(low);
      default:
        break;
    }
    switch (op) {
      case 0x00:  // nop
        return;
      case 0x01:  // set_loc
        location_ = r.pointer(common_.encoding);
        return;
      case 0x02:
        return advance(r.fixed<u8>());
      case 0x03:
        return advance(r.fixed<u16>());
      case 0x04:
        return advance(r.fixed<u32>());
      case 0x05:  // offset_extended; the operands in the order in which they stand
      case 0x11:  // offset_extended_sf
      case 0x14:  // val_offset
      case 0x15:  // val_offset_sf
      {
        const u64 reg = r.uleb();
        const i64 n = op == 0x11 || op == 0x15 ? r.sleb() : static_cast<i64>(r.uleb());
        return set(reg, {op >= 0x14 ? Rule::Kind::offset : Rule::Kind::at_offset, scaled(n), {}});
      }
      case 0x06:
        return restore(r.uleb());
      case 0x07:
        return set(r.uleb(), {Rule::Kind::undefined, 0, {}});
      case 0x08:
        return set(r.uleb(), {});
      case 0x09: {
        const u64 reg = r.uleb();
        return set(reg, {Rule::Kind::other, static_cast<i64>(r.uleb()), {}});
      }
      case 0x0a:  // remember_state
        if (stack_.size() >= 16) return void(bad_ = true);
        return stack_.push_back(rules_);
      case 0x0b:
        if (stack_.empty()) return void(bad_ = true);
        rules_ = std::move(stack_.back());
        return stack_.pop_back();
      case 0x0c:  // def_cfa
      case 0x12:  // def_cfa_sf
        rules_.cfa_register = r.uleb();
        rules_.cfa_offset = op == 0x12 ? scaled(r.sleb()) : static_cast<i64>(r.uleb());
        return rules_.cfa_expression.reset();
      case 0x0d:
        rules_.cfa_register = r.uleb();
        return;
      case 0x0e:
        rules_.cfa_offset = static_cast<i64>(r.uleb());
        return;
      case 0x13:
        rules_.cfa_offset = scaled(r.sleb());
        return;
      case 0x0f:
        rules_.cfa_expression = r.part(r.uleb());
        return;
      case 0x10:
      case 0x16: {
        const u64 reg = r.uleb();
        Rule rule{op == 0x10 ? Rule::Kind::at_expression : Rule::Kind::expression, 0, r.part(r.uleb())};
        return set(reg, std::move(rule));
      }
      case 0x2e:  // GNU_args_size
        (void)r.uleb();
        return;
      default:
        bad_ = true;
    }
  }
  void restore(u64 reg) {
    if (reg < kRegisters) rules_.of[reg] = initial_.of[reg];
  }

  const Common& common_;
  u64 location_;
  const u64 ip_;
  Rules& rules_;
  Rules initial_;
  std::vector<Rules> stack_;
  bool bad_ = false;
};

// The part of DWARF's expressions that linkers and the C library use: of PLT entries, of frames of signals.
std::optional<u64> evaluate(Memory& memory, Reader r, const Registers& frame, std::optional<u64> initial) {
  std::vector<u64> stack;
  if (initial) stack.push_back(*initial);
  const auto pop = [&] {
    const u64 value = stack.empty() ? 0 : stack.back();
    if (!stack.empty()) stack.pop_back();
    return value;
  };
  for (usize steps = 0; !r.done(); ++steps) {
    if (steps == 256 || stack.size() > 32) return std::nullopt;
    const u8 op = r.fixed<u8>();
    if (op >= 0x30 && op <= 0x4f) {
      stack.push_back(op - 0x30u);  // lit
    } else if (op >= 0x70 && op <= 0x80) {
      stack.push_back(frame.value[op - 0x70u] + static_cast<u64>(r.sleb()));  // breg
    } else {
      u64 value = 0;
      const auto binary = [&](auto f) {
        const u64 right = pop(), left = pop();
        stack.push_back(f(left, right));
      };
      switch (op) {
        case 0x06:  // deref
          if (!memory.read(pop(), &value, sizeof value)) return std::nullopt;
          stack.push_back(value);
          break;
        case 0x08:
          stack.push_back(r.fixed<u8>());
          break;
        case 0x09:
          stack.push_back(static_cast<u64>(static_cast<i64>(r.fixed<i8>())));
          break;
        case 0x0a:
          stack.push_back(r.fixed<u16>());
          break;
        case 0x0c:
          stack.push_back(r.fixed<u32>());
          break;
        case 0x10:
          stack.push_back(r.uleb());
          break;
        case 0x11:
          stack.push_back(static_cast<u64>(r.sleb()));
          break;
        case 0x12:
          value = pop(), stack.push_back(value), stack.push_back(value);
          break;
        case 0x1a:
          binary([](u64 a, u64 b) { return a & b; });
          break;
        case 0x1c:
          binary([](u64 a, u64 b) { return a - b; });
          break;
        case 0x22:
          binary([](u64 a, u64 b) { return a + b; });
          break;
        case 0x23:
          value = pop(), stack.push_back(value + r.uleb());
          break;
        case 0x24:
          binary([](u64 a, u64 b) { return b < 64 ? a << b : 0; });
          break;
        case 0x2a:
          binary([](u64 a, u64 b) { return u64{static_cast<i64>(a) >= static_cast<i64>(b)}; });
          break;
        case 0x96:  // nop
          break;
        default:
          return std::nullopt;
      }
    }
  }
  if (r.bad() || stack.empty()) return std::nullopt;
  return stack.back();
}

std::optional<u64> caller_value(Memory& memory, const Rule& rule, const Registers& frame, u64 reg, u64 cfa) {
  u64 value = 0;
  const auto load = [&](std::optional<u64> place) -> std::optional<u64> {
    if (!place || !memory.read(*place, &value, sizeof value)) return std::nullopt;
    return value;
  };
  switch (rule.kind) {
    case Rule::Kind::same:
      return frame.value[reg];
    case Rule::Kind::undefined:
      return std::nullopt;
    case Rule::Kind::at_offset:
      return load(cfa + static_cast<u64>(rule.number));
    case Rule::Kind::offset:
      return cfa + static_cast<u64>(rule.number);
    case Rule::Kind::other:
      if (static_cast<u64>(rule.number) >= kRegisters) return std::nullopt;
      return frame.value[static_cast<usize>(rule.number)];
    case Rule::Kind::at_expression:
      return load(evaluate(memory, *rule.expression, frame, cfa));
    case Rule::Kind::expression:
      return evaluate(memory, *rule.expression, frame, cfa);
  }
  return std::nullopt;
}

std::optional<Stepped> apply(Memory& memory, const Rules& rules, const Common& common, const Registers& frame) {
  std::optional<u64> cfa;
  if (rules.cfa_expression) {
    cfa = evaluate(memory, *rules.cfa_expression, frame, std::nullopt);
  } else if (rules.cfa_register < kRegisters) {
    cfa = frame.value[rules.cfa_register] + static_cast<u64>(rules.cfa_offset);
  }
  if (!cfa) return std::nullopt;
  Stepped out{frame, common.is_signal_frame};
  // The CFA is where the stack stood before the call, where no rule says otherwise.
  out.registers.value[kSp] = *cfa;
  for (usize reg = 0; reg < kRegisters; ++reg) {
    const Rule& rule = rules.of[reg];
    if (rule.kind == Rule::Kind::same) continue;
    const std::optional<u64> value = caller_value(memory, rule, frame, reg, *cfa);
    if (!value && reg == common.return_register) return std::nullopt;  // the outermost frame says so
    out.registers.value[reg] = value.value_or(0);
  }
  if (rules.of[common.return_register].kind == Rule::Kind::same) return std::nullopt;
  out.registers.value[kIp] = out.registers.value[common.return_register];
  return out;
}

}  // namespace

std::optional<Stepped> step(Memory& memory, u64 table, const Registers& frame, bool called) {
  const u64 ip = frame.ip() - (called ? 1 : 0);
  const std::optional<u64> function = find_function(memory, table, ip);
  if (!function) return std::nullopt;
  std::optional<Reader> entry = entry_at(memory, *function);
  if (!entry) return std::nullopt;
  const u64 here = entry->place();
  const u32 back = entry->fixed<u32>();
  const std::optional<Common> common = read_common(memory, here - back);
  if (!common) return std::nullopt;
  const u64 start = entry->pointer(common->encoding), length = entry->pointer(common->encoding & 0xf);
  if (common->has_data) entry->skip(entry->uleb());
  if (entry->bad() || ip < start || ip - start >= length) return std::nullopt;
  Rules rules;
  Program program(*common, start, ip, rules);
  program.run(*common->program);
  program.set_initial();
  program.run(entry->rest());
  if (program.bad()) return std::nullopt;
  return apply(memory, rules, *common, frame);
}

}  // namespace limen::unwind
