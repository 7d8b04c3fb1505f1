#include "trace/summary.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

namespace limen::trace {
namespace {

using Less = bool (*)(const CallCount& a, const CallCount& b);
struct Order {
  std::string_view name;
  Less less;
};
u64 average(const CallCount& c) { return c.calls == 0 ? 0 : c.durations.total_ns() / c.calls; }
constexpr Order kOrders[] = {
    {"time", [](const CallCount& a, const CallCount& b) { return a.durations.total_ns() > b.durations.total_ns(); }},
    {"time-total",
     [](const CallCount& a, const CallCount& b) { return a.durations.total_ns() > b.durations.total_ns(); }},
    {"total-time",
     [](const CallCount& a, const CallCount& b) { return a.durations.total_ns() > b.durations.total_ns(); }},
    {"calls", [](const CallCount& a, const CallCount& b) { return a.calls > b.calls; }},
    {"count", [](const CallCount& a, const CallCount& b) { return a.calls > b.calls; }},
    {"errors", [](const CallCount& a, const CallCount& b) { return a.errors > b.errors; }},
    {"error", [](const CallCount& a, const CallCount& b) { return a.errors > b.errors; }},
    {"name", [](const CallCount& a, const CallCount& b) { return a.name < b.name; }},
    {"syscall", [](const CallCount& a, const CallCount& b) { return a.name < b.name; }},
    {"min-time",
     [](const CallCount& a, const CallCount& b) { return a.durations.least_ns() > b.durations.least_ns(); }},
    {"max-time", [](const CallCount& a, const CallCount& b) { return a.durations.most_ns() > b.durations.most_ns(); }},
    {"avg-time", [](const CallCount& a, const CallCount& b) { return average(a) > average(b); }},
    {"nothing", [](const CallCount&, const CallCount&) { return false; }},
    {"none", [](const CallCount&, const CallCount&) { return false; }},
};

// Calls whose positive result is a number of bytes.
bool moves_bytes(std::string_view name) {
  constexpr std::string_view kNames[] = {"read",
                                         "write",
                                         "pread64",
                                         "pwrite64",
                                         "readv",
                                         "writev",
                                         "preadv",
                                         "pwritev",
                                         "preadv2",
                                         "pwritev2",
                                         "sendto",
                                         "recvfrom",
                                         "sendmsg",
                                         "recvmsg",
                                         "sendfile",
                                         "splice",
                                         "copy_file_range",
                                         "tee",
                                         "vmsplice",
                                         "getdents64",
                                         "getrandom",
                                         "process_vm_readv",
                                         "process_vm_writev"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

usize Durations::bucket_of(u64 ns) {
  if (ns < kPerOctave) return ns;
  const usize octave = static_cast<usize>(std::bit_width(ns)) - 1;
  return std::min(octave * kPerOctave + (ns >> (octave - 3) & 7), kBuckets - 1);
}

void Durations::add(u64 ns) {
  if (buckets_.empty()) buckets_.resize(kBuckets);
  ++buckets_[bucket_of(ns)];
  ++count_, total_ += ns, least_ = std::min(least_, ns), most_ = std::max(most_, ns);
}

u64 Durations::percentile_ns(double share) const {
  if (count_ == 0) return 0;
  u64 left = static_cast<u64>(std::ceil(share * static_cast<double>(count_)));
  for (usize i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i] < left) {
      left -= buckets_[i];
      continue;
    }
    if (i < kPerOctave) return i;
    const usize octave = i / kPerOctave;
    const u64 from = (u64{1} << octave) + (u64{i % kPerOctave} << (octave - 3));
    // The middle of the bucket, within what was seen.
    return std::clamp(from + (u64{1} << (octave - 3)) / 2, least_, most_);
  }
  return most_;
}

void Summary::on_entry(Thread& thread, u64 ns) {
  last_ns_ = ns;
  thread.shown = filter_.shows(thread.call);
  if (!thread.shown) return;
  CallCount& count = by_number_[thread.call.nr];
  if (count.name.empty()) count.name = call_name(thread.call);
}

void Summary::on_exit(Thread& thread, u64 ns) {
  last_ns_ = ns;
  if (!thread.shown || !filter_.shows_result(thread.call)) return;
  const Call& call = thread.call;
  CallCount& count = by_number_[call.nr];
  ++count.calls;
  if (call.failed()) {
    ++count.errors;
    ++count.by_error[static_cast<i32>(-call.value)];
  } else if (call.value > 0 && moves_bytes(count.name)) {
    count.bytes += static_cast<u64>(call.value);
  }
  count.durations.add(call.left_ns - call.entered_ns);
}

void Summary::on_ended(Thread& thread, u64 ns, i32, bool) {
  last_ns_ = ns;
  // A call that did not come back was made nevertheless.
  if (thread.in_call && thread.shown && (filter_.statuses & unfinished) != 0) ++by_number_[thread.call.nr].calls;
}

std::vector<CallCount> Summary::calls() const {
  std::vector<CallCount> out;
  for (const auto& [nr, count] : by_number_) {
    if (count.calls != 0) out.push_back(count);
  }
  return out;
}

bool is_summary_order(std::string_view order) {
  return std::any_of(std::begin(kOrders), std::end(kOrders), [&](const Order& o) { return o.name == order; });
}

std::string summary_table(std::vector<CallCount> calls, std::string_view order) {
  for (const Order& known : kOrders) {
    if (known.name == order) std::stable_sort(calls.begin(), calls.end(), known.less);
  }
  u64 total_ns = 0, total_calls = 0, total_errors = 0;
  for (const CallCount& c : calls) {
    total_ns += c.durations.total_ns(), total_calls += c.calls, total_errors += c.errors;
  }
  const auto line = [&](u64 ns, u64 count, u64 errors, std::string_view name) {
    const double share = total_ns == 0 ? 0 : 100.0 * static_cast<double>(ns) / static_cast<double>(total_ns);
    return fmt::format("{:6.2f} {:11.6f} {:>11} {:>9} {:>9} {}\n", share, static_cast<double>(ns) / 1e9,
                       count == 0 ? 0 : ns / 1000 / count, count, errors == 0 ? "" : std::to_string(errors), name);
  };
  constexpr std::string_view kRule = "------ ----------- ----------- --------- --------- ----------------\n";
  std::string out = "% time     seconds  usecs/call     calls    errors syscall\n";
  out += kRule;
  for (const CallCount& c : calls) out += line(c.durations.total_ns(), c.calls, c.errors, c.name);
  out += kRule;
  return out + line(total_ns, total_calls, total_errors, "total");
}

}  // namespace limen::trace
