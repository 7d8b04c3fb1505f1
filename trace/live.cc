#include "trace/live.h"

#include <algorithm>

#include <fmt/format.h>

#include "trace/print.h"

namespace limen::trace {
namespace {

constexpr std::string_view kOrderNames[] = {"time", "calls", "rate", "errors", "name"};

std::string short_time(u64 ns) {
  if (ns < 10'000) return fmt::format("{}ns", ns);
  if (ns < 10'000'000) return fmt::format("{}us", ns / 1000);
  if (ns < 10'000'000'000) return fmt::format("{}ms", ns / 1'000'000);
  return fmt::format("{}s", ns / 1'000'000'000);
}

std::string inverse(std::string_view line, usize columns) {
  return "\x1b[7m" + std::string(line.substr(0, columns)) + "\x1b[0m\x1b[K\n";
}

// Cut to what fits; the terminal clears the rest of the line. Names hold printable characters of one column only.
void put_line(std::string& out, std::string_view line, usize columns) {
  out += line.substr(0, columns);
  out += "\x1b[K\n";
}

}  // namespace

void Live::next_order() { order_ = static_cast<Order>((static_cast<usize>(order_) + 1) % std::size(kOrderNames)); }

void Live::on_entry(Thread& thread, u64) { thread.shown = filter_.shows(thread.call); }

void Live::on_exit(Thread& thread, u64) {
  const Call& call = thread.call;
  if (!thread.shown || !filter_.shows_result(call)) return;
  const u64 ns = call.left_ns - call.entered_ns;
  Row& row = calls_[call.nr];
  if (row.name.empty()) row.name = call_name(call);
  Process& process = processes_[thread.pid];
  ++total_, ++row.calls, ++process.calls;
  row.durations.add(ns), process.total_ns += ns;
  if (call.failed()) ++errors_, ++row.errors, ++process.errors;
}

void Live::on_program(Thread& thread, u64) { processes_[thread.pid].name = thread.name; }

void Live::on_started(Thread& thread, u64 ns, i32) {
  if (started_ns_ == 0) started_ns_ = ns;
  Process& process = processes_[thread.pid];
  ++process.threads;
  if (process.name.empty()) process.name = thread.name;
}

void Live::on_ended(Thread& thread, u64, i32, bool) {
  const auto process = processes_.find(thread.pid);
  if (process == processes_.end() || --process->second.threads > 0) return;
  processes_.erase(process);
  ++ended_;
}

void Live::update_rates(u64 now_ns) {
  const double seconds = std::max(static_cast<double>(now_ns - last_screen_ns_) / 1e9, 1e-3);
  const auto update = [&](auto& one) {
    one.rate = last_screen_ns_ == 0 ? 0 : static_cast<double>(one.calls - one.before) / seconds;
    one.before = one.calls;
  };
  for (auto& [nr, row] : calls_) update(row);
  for (auto& [pid, process] : processes_) update(process);
  last_screen_ns_ = now_ns;
}

std::vector<const Live::Row*> Live::ordered() const {
  std::vector<const Row*> rows;
  for (const auto& [nr, row] : calls_) rows.push_back(&row);
  const auto key = [this](const Row& row) -> double {
    switch (order_) {
      case Order::calls:
        return static_cast<double>(row.calls);
      case Order::rate:
        return row.rate;
      case Order::errors:
        return static_cast<double>(row.errors);
      case Order::time:
      case Order::name:
        return static_cast<double>(row.durations.total_ns());
    }
    return 0;
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const Row* a, const Row* b) {
    return order_ == Order::name ? a->name < b->name : key(*a) > key(*b);
  });
  return rows;
}

std::string Live::call_line(const Row& row) const {
  return fmt::format("{:>9} {:>8.0f} {:>8} {:>8} {:>8} {:>8}  {}", row.calls, row.rate, row.errors,
                     short_time(row.durations.total_ns()), short_time(row.durations.percentile_ns(0.5)),
                     short_time(row.durations.percentile_ns(0.99)), row.name);
}

// The call that a thread of it is in.
std::string Live::doing(i32 pid) const {
  for (const auto& [tid, thread] : threads()) {
    if (thread.pid == pid && thread.in_call) return call_name(thread.call);
  }
  return "runs";
}

std::string Live::screen(usize rows, usize columns, u64 now_ns) {
  update_rates(now_ns);
  std::string out = "\x1b[H";
  const u64 passed = now_ns > started_ns_ && started_ns_ != 0 ? (now_ns - started_ns_) / 1'000'000'000 : 0;
  put_line(out,
           fmt::format("limen trace: {}  {}:{:02}  {} calls, {} errors, {} processes, {} ended{}", escaped(title_),
                       passed / 60, passed % 60, total_, errors_, processes_.size(), ended_,
                       lost_ != 0 ? fmt::format(", {} events lost", lost_) : ""),
           columns);
  put_line(out,
           fmt::format("{}by {} (s: next), p: pause, q: end the program", paused_ ? "PAUSED, " : "",
                       kOrderNames[static_cast<usize>(order_)]),
           columns);
  usize left = rows > 4 ? rows - 4 : 0;  // the last line stays free: a new line there would scroll
  out += inverse("      PID    CALLS     RATE   ERRORS     TIME  DOING            PROGRAM", columns);
  std::vector<std::pair<i32, const Process*>> processes;
  for (const auto& [pid, process] : processes_) processes.emplace_back(pid, &process);
  std::stable_sort(processes.begin(), processes.end(),
                   [](const auto& a, const auto& b) { return a.second->rate > b.second->rate; });
  const usize shown = std::min<usize>({processes.size(), std::max<usize>(rows / 3, 3), left});
  for (usize i = 0; i < shown; ++i, --left) {
    const auto& [pid, process] = processes[i];
    put_line(out,
             fmt::format("{:>9} {:>8} {:>8.0f} {:>8} {:>8}  {:<16} {}", pid, process->calls, process->rate,
                         process->errors, short_time(process->total_ns), doing(pid), process->name),
             columns);
  }
  if (left > 0) out += inverse("    CALLS     RATE   ERRORS     TIME      P50      P99  CALL", columns), --left;
  for (const Row* row : ordered()) {
    if (left == 0) break;
    put_line(out, call_line(*row), columns);
    --left;
  }
  return out + "\x1b[J";
}

std::string Live::table(usize columns) const {
  std::string out = "    CALLS     RATE   ERRORS     TIME      P50      P99  CALL\n";
  const double seconds = std::max(static_cast<double>(last_screen_ns_ - started_ns_) / 1e9, 1e-3);
  for (const Row* row : ordered()) {
    Row whole = *row;
    whole.rate = static_cast<double>(row->calls) / seconds;
    out += call_line(whole).substr(0, columns) + "\n";
  }
  return out;
}

}  // namespace limen::trace
