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

// strace's delays are microseconds; a unit may follow: "1.5ms", "1e3".
u64 delay_ns(std::string_view what, std::string_view word) {
  double number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const std::string_view unit = word.substr(static_cast<usize>(end - word.data()));
  const double ns = unit.empty() || unit == "us" ? 1e3 : unit == "ns" ? 1 : unit == "ms" ? 1e6 : unit == "s" ? 1e9 : 0;
  constexpr double kMost = 1e18;  // some thirty years
  const double delay = number * ns;
  if (error != std::errc() || ns == 0 || !(delay >= 0 && delay <= kMost))
    bad(what, word, "a delay is a number of microseconds, or has a unit: ns, us, ms, s");
  return static_cast<u64>(delay);
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

InjectRule parse_inject(std::string_view what, std::string_view text) {
  InjectRule rule;
  usize colon = text.find(':');
  try {
    rule.calls = trace::parse_calls(text.substr(0, colon), "-e " + std::string(what));
  } catch (const trace::BadSet& set) {
    throw UsageError(set.what());
  }
  bool acts = false;
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
    } else {
      bad(what, key, "there are error=, retval=, signal=, delay_enter=, delay_exit= and when=");
    }
    acts = true;
  }
  if (!acts && what == "fault") rule.result = -static_cast<i64>(Errno::enosys), acts = true;
  if (!acts) bad(what, "inject", "say what is to happen: error=, retval=, signal=, delay_enter= or delay_exit=");
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
