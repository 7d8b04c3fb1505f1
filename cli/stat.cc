// limen stat: what a program asked of its kernel, counted.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "base/errno.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/reader.h"
#include "cli/run_options.h"
#include "cli/start.h"
#include "cli/terminal.h"
#include "trace/json.h"
#include "trace/summary.h"

namespace limen::cli {
namespace {

using Json = nlohmann::json;

constexpr Example kStatExamples[] = {
    {"limen stat -- git status", "calls, times, errors, crossings, bytes"},
    {"limen stat --json -o before.json -- ./job", "for another day"},
    {"limen stat --compare before.json -- ./job", "against that day"},
};

constexpr CommandText kStatText = {
    .name = "stat",
    .summary = "run a program and count its system calls",
    .operands = "[--] CMD [ARG…]",
    .description =
        "Runs CMD as 'limen run' does and counts, for each call: how often it was made, how often it failed and by "
        "which "
        "error, how long the kernel had it (in all, at the median, at the 99th percentile), and the bytes that it "
        "moved. "
        "Below the table: tasks, signals, and how guests entered the kernel.\n\n"
        "While calls are counted none is answered in the guest itself, so that each is seen: getpid and its like cost "
        "a "
        "crossing here that they do not cost under 'limen run'.",
    .examples = kStatExamples,
    .exit_status =
        "CMD's own, as for 'limen run', and:\n"
        "125  Limen itself failed, a set names no call, or the output cannot be written",
};

Json as_json(const trace::Summary& summary) {
  Json calls = Json::object();
  for (const trace::CallCount& c : summary.calls()) {
    Json errors = Json::object();
    for (const auto& [number, times] : c.by_error) errors[std::string(errno_name(static_cast<Errno>(number)))] = times;
    calls[c.name] = {{"calls", c.calls},
                     {"errors", c.errors},
                     {"by_error", errors},
                     {"bytes", c.bytes},
                     {"total_ns", c.durations.total_ns()},
                     {"min_ns", c.durations.least_ns()},
                     {"p50_ns", c.durations.percentile_ns(0.5)},
                     {"p90_ns", c.durations.percentile_ns(0.9)},
                     {"p99_ns", c.durations.percentile_ns(0.99)},
                     {"max_ns", c.durations.most_ns()}};
  }
  const event::Counters& k = summary.counters();
  return {{"calls", calls},
          {"tasks", summary.tasks()},
          {"signals", summary.signals()},
          {"elapsed_ns", summary.span_ns()},
          {"crossings",
           {{"all", k.crossings},
            {"trapped", k.syscalls_trapped},
            {"patched", k.syscalls_patched},
            {"answered", k.syscalls_answered},
            {"hot", k.hot},
            {"cold", k.cold},
            {"interrupts", k.interrupts}}},
          {"page_faults", k.faults},
          {"map_batches", k.map_batches},
          {"map_orders", k.map_orders}};
}

// "831 ns", "12.3 us", "4.56 s": three figures.
std::string duration(u64 ns) {
  constexpr std::pair<double, const char*> kUnits[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
  for (const auto& [size, unit] : kUnits) {
    const double n = static_cast<double>(ns) / size;
    if (n < 1 && size > 1) continue;
    char text[32];
    std::snprintf(text, sizeof text, n >= 100 || size == 1 ? "%.0f %s" : n >= 10 ? "%.1f %s" : "%.2f %s", n, unit);
    return text;
  }
  return "0 ns";
}

std::string padded(std::string text, int columns) {
  const int missing = std::abs(columns) - static_cast<int>(text.size());
  const std::string space(static_cast<size_t>(std::max(missing, 0)), ' ');
  return columns < 0 ? text + space : space + text;
}

struct Column {
  const char* name;
  int width;  // negative: to the left
};
constexpr Column kColumns[] = {{"call", -20},  {"calls", 9}, {"errors", 8}, {"total", 10},
                               {"median", 10}, {"99%", 10},  {"max", 10},   {"bytes", 13}};

std::string row(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) out += padded(words[i], kColumns[i].width);
  while (out.ends_with(' ')) out.pop_back();
  return out + "\n";
}

std::string errors_of(const Json& call) {
  std::string out;
  for (const auto& [name, times] : call["by_error"].items())
    out += (out.empty() ? "" : " ") + name + ":" + times.dump();
  return out;
}

u64 number(const Json& of, const char* key) {
  return of.contains(key) && of[key].is_number_unsigned() ? of[key].get<u64>() : 0;
}

std::vector<std::string> by_time(const Json& calls) {
  std::vector<std::string> names;
  for (const auto& [name, call] : calls.items()) names.push_back(name);
  std::stable_sort(names.begin(), names.end(), [&](const auto& a, const auto& b) {
    return number(calls[a], "total_ns") > number(calls[b], "total_ns");
  });
  return names;
}

std::string table(const Json& all) {
  std::vector<std::string> heads;
  for (const Column& column : kColumns) heads.emplace_back(column.name);
  std::string out = row(heads), errors;
  u64 calls = 0, failed = 0, ns = 0, bytes = 0;
  for (const std::string& name : by_time(all["calls"])) {
    const Json& c = all["calls"][name];
    const u64 n = number(c, "bytes");
    out += row({name, std::to_string(number(c, "calls")),
                number(c, "errors") != 0 ? std::to_string(number(c, "errors")) : "", duration(number(c, "total_ns")),
                duration(number(c, "p50_ns")), duration(number(c, "p99_ns")), duration(number(c, "max_ns")),
                n != 0 ? std::to_string(n) : ""});
    calls += number(c, "calls"), failed += number(c, "errors"), ns += number(c, "total_ns"), bytes += n;
    if (number(c, "errors") != 0) errors += "  " + padded(name, -18) + errors_of(c) + "\n";
  }
  out += row({"all", std::to_string(calls), std::to_string(failed), duration(ns), "", "", "", std::to_string(bytes)});
  if (!errors.empty()) out += "\nerrors\n" + errors;
  const Json& k = all["crossings"];
  const auto line = [&](const char* name, u64 n, const std::string& more) {
    out += "  " + padded(name, -18) + padded(std::to_string(n), 9) + more + "\n";
  };
  out += "\nthe whole\n";
  out += "  " + padded("elapsed", -18) + padded(duration(number(all, "elapsed_ns")), 9) + "\n";
  line("tasks", number(all, "tasks"), "");
  line("signals", number(all, "signals"), "");
  line("crossings", number(k, "all"),
       "   " + std::to_string(number(k, "trapped")) + " by a trap, " + std::to_string(number(k, "patched")) +
           " by a patched site, " + std::to_string(number(k, "interrupts")) + " interrupts; " +
           std::to_string(number(k, "hot")) + " hot, " + std::to_string(number(k, "cold")) + " cold");
  line("page faults", number(all, "page_faults"), "");
  line("mapping orders", number(all, "map_orders"), "   in " + std::to_string(number(all, "map_batches")) + " batches");
  return out;
}

// Call by call: before, now, and by how much.
std::string comparison(const Json& before, const Json& now) {
  const auto change = [](u64 a, u64 b) {
    if (a == b) return std::string("=");
    if (a == 0) return std::string("new");
    char text[32];
    std::snprintf(text, sizeof text, "%+.0f%%",
                  100.0 * (static_cast<double>(b) - static_cast<double>(a)) / static_cast<double>(a));
    return std::string(text);
  };
  const auto line = [&](const std::string& name, u64 a, u64 b, u64 a_ns, u64 b_ns) {
    return padded(name, -20) + padded(std::to_string(a), 9) + padded(std::to_string(b), 9) + padded(change(a, b), 7) +
           padded(duration(a_ns), 12) + padded(duration(b_ns), 10) + padded(change(a_ns, b_ns), 7) + "\n";
  };
  std::string out = padded("call", -20) + padded("before", 9) + padded("now", 9) + padded("", 7) +
                    padded("before", 12) + padded("now", 10) + "\n";
  Json all = now["calls"];
  for (const auto& [name, call] : before["calls"].items()) {
    if (!all.contains(name)) all[name] = Json{{"total_ns", 0}};
  }
  u64 sums[4] = {};
  for (const std::string& name : by_time(all)) {
    const Json a = before["calls"].value(name, Json::object()), b = now["calls"].value(name, Json::object());
    const u64 words[4] = {number(a, "calls"), number(b, "calls"), number(a, "total_ns"), number(b, "total_ns")};
    out += line(name, words[0], words[1], words[2], words[3]);
    for (int i = 0; i < 4; ++i) sums[i] += words[i];
  }
  out += line("all", sums[0], sums[1], sums[2], sums[3]);
  const auto total = [&](const char* name, const Json& a, const Json& b, const char* key) {
    out += padded(name, -20) + padded(std::to_string(number(a, key)), 9) + padded(std::to_string(number(b, key)), 9) +
           padded(change(number(a, key), number(b, key)), 7) + "\n";
  };
  total("crossings", before["crossings"], now["crossings"], "all");
  total("page faults", before, now, "page_faults");
  return out;
}

Json read_other_run(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw UsageError("--compare " + file + ": " + std::strerror(errno));
  std::stringstream text;
  text << in.rdbuf();
  const Json other = Json::parse(text.str(), nullptr, false);
  const bool right =
      other.is_object() && other.contains("calls") && other["calls"].is_object() && other.contains("crossings") &&
      std::all_of(other["calls"].begin(), other["calls"].end(), [](const Json& c) { return c.is_object(); });
  if (!right) throw UsageError("--compare " + file + ": not what 'limen stat --json' writes");
  return other;
}

class Counted final : public trace::Summary {
 public:
  Counted(trace::Filter filter, bool in_json, Json other, trace::Output& output)
      : Summary(std::move(filter)), in_json_(in_json), other_(std::move(other)), output_(output) {}
  void finish() override {
    const Json all = as_json(*this);
    if (in_json_) return output_.write(0, all.dump(2) + "\n");
    output_.write(0, other_.is_null() ? table(all) : comparison(other_, all));
  }

 private:
  bool in_json_;
  Json other_;
  trace::Output& output_;
};

class Stat : public Command {
 public:
  const CommandText& text() const override { return kStatText; }
  Operands operands() const override { return Operands::end_of_options; }

  void declare(CLI::App& app) override {
    app.add_option("-e,--trace", calls_, "count only these: names, /REGEX and %CLASS, '!' first for all others")
        ->type_name("SET")
        ->group("Counting");
    app.add_flag("-j,--json", json_, "JSON, for programs and for --compare")->group("Counting");
    app.add_option("--compare", other_, "against another run: a file that --json wrote")
        ->type_name("FILE")
        ->group("Counting");
    app.add_option("-o,--output", output_, "write to FILE (default: standard error)")
        ->type_name("FILE")
        ->group("Counting");
    declare_run_options(app, o_, ShortNames::no);
  }

  int run(const std::vector<std::string>& words) override {
    trace::Filter filter;
    try {
      if (!calls_.empty()) filter.add("trace=" + (calls_.starts_with("trace=") ? calls_.substr(6) : calls_));
    } catch (const trace::BadSet& bad) {
      throw UsageError(bad.what());
    }
    const Json other = other_.empty() ? Json() : read_other_run(other_);
    Plan plan = build_plan(o_, words, environ);
    plan.asked_by = kStatText.name;
    plan.recorder = RecorderOptions{};
    plan.recorder->capture.memory = false;
    plan.recorder->calls = filter.calls;
    plan.recorder->unknown_calls = filter.calls.all();
    const int out = output_.empty() ? STDERR_FILENO : open_output_file(output_, Append::no);
    return start_sandbox(plan, [&](int events_fd) {
      trace::Output output(out);
      Counted counted(filter, json_, other, output);
      return read_events("stat", events_fd, counted, output, OpensFiles::no);
    });
  }

 private:
  RunOptions o_;
  std::string calls_, other_, output_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_stat() { return std::make_unique<Stat>(); }

}  // namespace limen::cli
