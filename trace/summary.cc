#include "trace/summary.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

namespace limen::trace {
namespace {

u64 average(const CallCount& c) { return c.calls == 0 ? 0 : c.durations.total_ns() / c.calls; }
std::string seconds(u64 ns) { return fmt::format("{:.6f}", static_cast<double>(ns) / 1e9); }
std::string percent(u64 ns, u64 of) {
  return fmt::format("{:.2f}", of == 0 ? 0 : 100.0 * static_cast<double>(ns) / static_cast<double>(of));
}

// strace's columns: what -U and -S call them, and which call comes first where they sort.
struct Column {
  std::string_view name, others;  // `others`: further words for it, with a space before and behind each
  std::string_view head;
  usize width;
  std::string (*cell)(const CallCount& c, u64 total_ns);
  bool (*less)(const CallCount& a, const CallCount& b);
};
bool by_total(const CallCount& a, const CallCount& b) { return a.durations.total_ns() > b.durations.total_ns(); }
constexpr Column kColumns[] = {
    {"time-percent", " time ", "% time", 6,
     [](const CallCount& c, u64 total) { return percent(c.durations.total_ns(), total); }, by_total},
    {"total-time", " time-total ", "seconds", 11,
     [](const CallCount& c, u64) { return seconds(c.durations.total_ns()); }, by_total},
    {"min-time", " shortest time-min ", "shortest", 8,
     [](const CallCount& c, u64) { return seconds(c.durations.least_ns()); },
     [](const CallCount& a, const CallCount& b) { return a.durations.least_ns() > b.durations.least_ns(); }},
    {"max-time", " longest time-max ", "longest", 8,
     [](const CallCount& c, u64) { return seconds(c.durations.most_ns()); },
     [](const CallCount& a, const CallCount& b) { return a.durations.most_ns() > b.durations.most_ns(); }},
    {"avg-time", " time-avg ", "usecs/call", 11,
     [](const CallCount& c, u64) { return std::to_string(average(c) / 1000); },
     [](const CallCount& a, const CallCount& b) { return average(a) > average(b); }},
    {"calls", " count ", "calls", 9, [](const CallCount& c, u64) { return std::to_string(c.calls); },
     [](const CallCount& a, const CallCount& b) { return a.calls > b.calls; }},
    {"errors", " error ", "errors", 9,
     [](const CallCount& c, u64) { return c.errors == 0 ? std::string() : std::to_string(c.errors); },
     [](const CallCount& a, const CallCount& b) { return a.errors > b.errors; }},
    {"name", " syscall syscall-name ", "syscall", 16, [](const CallCount& c, u64) { return c.name; },
     [](const CallCount& a, const CallCount& b) { return a.name < b.name; }},
};
constexpr const Column& kName = kColumns[std::size(kColumns) - 1];

const Column* find_column(std::string_view word) {
  if (word.empty() || word.find(' ') != std::string_view::npos) return nullptr;
  for (const Column& column : kColumns) {
    if (column.name == word || column.others.find(" " + std::string(word) + " ") != std::string_view::npos)
      return &column;
  }
  return nullptr;
}

std::vector<const Column*> find_columns(std::string_view words) {
  std::vector<const Column*> out;
  while (true) {
    const usize comma = words.find(',');
    const std::string word(words.substr(0, comma));
    const Column* column = find_column(word);
    if (column == nullptr) {
      std::string there;
      for (const Column& known : kColumns) there += (there.empty() ? "" : ", ") + std::string(known.name);
      throw BadSet("no column '" + word + "'; there are " + there);
    }
    if (std::find(out.begin(), out.end(), column) != out.end())
      throw BadSet("column '" + word + "' stands there twice");
    out.push_back(column);
    if (comma == std::string_view::npos) break;
    words.remove_prefix(comma + 1);
  }
  if (std::find(out.begin(), out.end(), &kName) == out.end()) out.push_back(&kName);
  return out;
}

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

void Durations::add(const Durations& other) {
  if (buckets_.empty()) buckets_.resize(kBuckets);
  for (usize i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_, total_ += other.total_;
  least_ = std::min(least_, other.least_), most_ = std::max(most_, other.most_);
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
  const u64 passed = call.left_ns - call.entered_ns;
  count.durations.add(passed - std::min(passed, overhead_ns_));
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

void check_summary_columns(std::string_view columns) { find_columns(columns); }

bool is_summary_order(std::string_view order) {
  return order == "nothing" || order == "none" || find_column(order) != nullptr;
}

std::string summary_table(std::vector<CallCount> calls, std::string_view order, std::string_view words) {
  if (const Column* by = find_column(order)) std::stable_sort(calls.begin(), calls.end(), by->less);
  CallCount total{.name = "total"};
  for (const CallCount& c : calls) {
    total.calls += c.calls, total.errors += c.errors;
    total.durations.add(c.durations);
  }
  const std::vector<const Column*> columns = find_columns(words);
  std::vector<std::vector<std::string>> lines(calls.size() + 1);
  std::vector<usize> widths;
  for (const Column* column : columns) {
    usize width = column->width;
    for (usize i = 0; i < lines.size(); ++i) {
      lines[i].push_back(column->cell(i < calls.size() ? calls[i] : total, total.durations.total_ns()));
      width = std::max(width, column == &kName ? 0 : lines[i].back().size());
    }
    widths.push_back(width);
  }
  std::string out, rule;
  const auto put = [&](usize i, std::string_view cell) {
    if (i > 0) out += ' ';
    // The head of the first column stands where its name begins, and so do the names of calls, unpadded at a line's end.
    const bool left = columns[i] == &kName || cell == "% time";
    out += left && i + 1 == columns.size() ? std::string(cell)
           : left                          ? fmt::format("{:<{}}", cell, widths[i])
                                           : fmt::format("{:>{}}", cell, widths[i]);
    if (i + 1 == columns.size()) out += '\n';
  };
  for (usize i = 0; i < columns.size(); ++i) {
    put(i, columns[i]->head);
    rule += (i > 0 ? " " : "") + std::string(widths[i], '-');
  }
  rule += '\n', out += rule;
  for (usize line = 0; line < lines.size(); ++line) {
    if (line + 1 == lines.size()) out += rule;
    for (usize i = 0; i < columns.size(); ++i) put(i, lines[line][i]);
  }
  return out;
}

}  // namespace limen::trace
