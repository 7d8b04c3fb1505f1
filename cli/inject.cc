#include "cli/inject.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/errno.h"
#include "cli/plan_build.h"
#include "cli/terminal.h"
#include "trace/filter.h"
#include "trace/names.h"

namespace limen::cli {
namespace {

[[noreturn]] void bad(std::string_view what, std::string_view word, std::string_view why) {
  throw UsageError("-e " + std::string(what) + ": '" + std::string(word) + "': " + std::string(why));
}

std::optional<i64> whole(std::string_view text) {
  i64 number = 0;
  const bool hex = text.starts_with("0x");
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + (hex ? 2 : 0), end, number, hex ? 16 : 10);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return number;
}

i64 error_number(std::string_view what, std::string_view word) {
  constexpr i64 kMost = 4095;
  if (const std::optional<i64> number = whole(word)) {
    if (*number < 1 || *number > kMost) bad(what, word, "an error is a number from 1 to 4095, or a name");
    return *number;
  }
  for (i64 e = 1; e < 200; ++e) {
    if (errno_name(static_cast<Errno>(e)) == word) return e;
  }
  bad(what, word, "no error has this name");
}

u64 delay_ns(std::string_view what, std::string_view word) {
  const std::optional<u64> delay = parse_microseconds(word);
  if (!delay) bad(what, word, "a delay is a number of microseconds, or has a unit: ns, us, ms, s");
  return *delay;
}

// "@arg1=00ff,@arg2=41"
std::vector<Poke> pokes(std::string_view what, std::string_view word) {
  constexpr std::string_view kName = "@arg";
  constexpr u32 kMost = 6;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
  };
  std::vector<Poke> all;
  for (bool more = true; more;) {
    const usize comma = word.find(',');
    const std::string_view one = word.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) word.remove_prefix(comma + 1);
    const usize equals = one.find('=');
    const std::optional<i64> number = one.starts_with(kName) && equals != std::string_view::npos
                                          ? whole(one.substr(kName.size(), equals - kName.size()))
                                          : std::nullopt;
    if (!number || *number < 1 || *number > kMost)
      bad(what, one, "what is written where an argument points to is @argN=HEX, with N from 1 to 6");
    const std::string_view hex = one.substr(equals + 1);
    Poke poke{static_cast<u32>(*number - 1), {}};
    for (usize i = 0; i + 1 < hex.size(); i += 2) {
      const int high = digit(hex[i]), low = digit(hex[i + 1]);
      if (high < 0 || low < 0) bad(what, one, "bytes are pairs of hexadecimal digits");
      poke.bytes.push_back(static_cast<char>(high << 4 | low));
    }
    if (hex.empty() || hex.size() % 2 != 0) bad(what, one, "bytes are pairs of hexadecimal digits");
    if (std::any_of(all.begin(), all.end(), [&](const Poke& other) { return other.argument == poke.argument; }))
      bad(what, one, "an argument is named once");
    all.push_back(std::move(poke));
  }
  return all;
}

// A call that would be made instead: one that only tells something. It is not made, as the result is given.
void check_substitute(std::string_view what, std::string_view word, std::string_view name) {
  const auto pure = trace::parse_calls("%pure", "-e " + std::string(what));
  const SyscallRow* row = find_syscall(name);
  if (row == nullptr || row->x86_64 < 0 || !pure[static_cast<usize>(row->x86_64)])
    bad(what, word, "syscall= names a call without arguments that changes nothing: getpid, getuid, ...");
}

// FIRST[..LAST][+[STEP]]
void set_when(InjectRule& rule, std::string_view what, std::string_view word) {
  const auto number = [&](std::string_view text) {
    const std::optional<i64> n = whole(text);
    constexpr i64 kMost = 65535;
    if (!n || *n < 1 || *n > kMost)
      bad(what, word, "when= is FIRST, FIRST+, FIRST+STEP, FIRST..LAST or FIRST..LAST+STEP, counted from 1 to 65535");
    return static_cast<u64>(*n);
  };
  const usize plus = word.find('+'), dots = word.find("..");
  const std::string_view range = word.substr(0, plus);
  rule.first = number(range.substr(0, dots));
  rule.last = dots != std::string_view::npos   ? number(range.substr(dots + 2))
              : plus != std::string_view::npos ? ~u64{0}
                                               : rule.first;
  if (rule.last < rule.first) bad(what, word, "LAST comes before FIRST");
  if (plus != std::string_view::npos && plus + 1 < word.size()) rule.step = number(word.substr(plus + 1));
}

}  // namespace

std::optional<u64> parse_microseconds(std::string_view word) {
  double number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const std::string_view unit = word.substr(static_cast<usize>(end - word.data()));
  const double ns = unit.empty() || unit == "us" ? 1e3 : unit == "ns" ? 1 : unit == "ms" ? 1e6 : unit == "s" ? 1e9 : 0;
  constexpr double kMost = 1e18;  // some thirty years
  const double time = number * ns;
  if (error != std::errc() || ns == 0 || !(time >= 0 && time <= kMost)) return std::nullopt;
  return static_cast<u64>(time);
}

InjectRule parse_inject(std::string_view what, std::string_view text) {
  InjectRule rule;
  usize colon = text.find(':');
  try {
    rule.calls = trace::parse_calls(text.substr(0, colon), "-e " + std::string(what));
  } catch (const trace::BadSet& set) {
    throw UsageError(set.what());
  }
  bool acts = false;
  std::string_view substitute;
  while (colon != std::string_view::npos) {
    text.remove_prefix(colon + 1);
    colon = text.find(':');
    const std::string_view word = text.substr(0, colon);
    const usize equals = word.find('=');
    const std::string_view key = word.substr(0, equals),
                           value = equals == std::string_view::npos ? "" : word.substr(equals + 1);
    if (key == "when") {
      set_when(rule, what, value);
      continue;
    }
    if ((key == "error" || key == "retval") && rule.result) bad(what, word, "a call has one result");
    if (key == "error") {
      rule.result = -error_number(what, value);
    } else if (key == "retval" && what == "inject") {
      rule.result = whole(value);
      if (!rule.result || *rule.result < 0) bad(what, word, "a result is a number from 0; for an error, error=");
    } else if (key == "signal" && what == "inject") {
      if (rule.signal.raw() != 0) bad(what, word, "a rule has one signal");
      rule.signal = Signal(trace::signal_number(value));
      if (rule.signal.raw() == 0) bad(what, value, "no signal has this name");
    } else if (key == "delay_enter" && what == "inject") {
      rule.delay_enter_ns = delay_ns(what, value);
    } else if (key == "delay_exit" && what == "inject") {
      rule.delay_exit_ns = delay_ns(what, value);
    } else if (key == "poke_enter" && what == "inject" && rule.before.empty()) {
      rule.before = pokes(what, value);
    } else if (key == "poke_exit" && what == "inject" && rule.after.empty()) {
      rule.after = pokes(what, value);
    } else if (key == "syscall" && what == "inject" && substitute.empty()) {
      check_substitute(what, word, value);
      substitute = word;
      continue;
    } else {
      bad(what, key,
          "there are, once each, error=, retval=, signal=, syscall=, delay_enter=, delay_exit=, poke_enter=, "
          "poke_exit= "
          "and when=");
    }
    acts = true;
  }
  if (!substitute.empty() && !rule.result) bad(what, substitute, "it needs the result, too: error= or retval=");
  if (!acts && what == "fault") rule.result = -static_cast<i64>(Errno::enosys), acts = true;
  if (!acts)
    bad(what, "inject",
        "say what is to happen: error=, retval=, signal=, delay_enter=, delay_exit=, poke_enter= or poke_exit=");
  return rule;
}

Chaos parse_chaos(std::string_view text) {
  const usize comma = text.find(',');
  if (comma == std::string_view::npos)
    throw UsageError("--chaos '" + std::string(text) + "': write SEED,P: --chaos 7,0.01");
  Chaos chaos;
  chaos.seed = parse_number("--chaos", text.substr(0, comma), 0, ~u64{0} >> 1);
  std::string share(text.substr(comma + 1));
  const bool percent = share.ends_with('%');
  if (percent) share.pop_back();
  const char* end = share.data() + share.size();
  const auto [stop, error] = std::from_chars(share.data(), end, chaos.share);
  if (percent) chaos.share /= 100;
  if (error != std::errc() || stop != end || !(chaos.share >= 0 && chaos.share <= 1)) {
    throw UsageError("--chaos: '" + std::string(text.substr(comma + 1)) + "' is no probability; write 0.01, or 1%");
  }
  return chaos;
}

}  // namespace limen::cli
