// limen trace: every call of a program, in strace's language.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/inject.h"
#include "cli/live.h"
#include "cli/output_file.h"
#include "cli/reader.h"
#include "cli/run_options.h"
#include "cli/start.h"
#include "cli/terminal.h"
#include "trace/html.h"
#include "trace/json.h"
#include "trace/perfetto.h"
#include "trace/summary.h"
#include "trace/text.h"

namespace limen::cli {
namespace {

constexpr Example kTraceExamples[] = {
    {"limen trace -- ls", "every call of ls, as strace shows it"},
    {"limen trace -e trace=%file -z -- make", "calls that take a path, and succeed"},
    {"limen trace -tt -T -y -o log -- ./server", "with times and paths of descriptors, to a file"},
    {"limen trace -c -- git status", "a table: how often, how long"},
    {"limen trace --format html -o r.html -- make", "a report to open in a browser"},
    {"limen trace -e inject=fsync:error=EIO -- ./db", "how does it take a broken disk?"},
    {"limen trace -Z --chaos 7,1% -- ./job", "errors here and there; again by the same seed"},
};

constexpr CommandText kTraceText = {
    .name = "trace",
    .summary = "run a program and show each of its system calls",
    .operands = "[--] CMD [ARG…]",
    .description =
        "Runs CMD as 'limen run' does and writes a line for each call that it and its children make: name, arguments, "
        "result, in the language of strace(1), whose options it has. Since Limen's own kernel answers the calls, it "
        "sees "
        "them without stopping the program.\n\n"
        "Lines go to standard error, or to the file of --output. The options of 'limen run' have their long names "
        "here.",
    .examples = kTraceExamples,
    .exit_status =
        "CMD's own, as for 'limen run', and:\n"
        "125  Limen itself failed, a set names no call, or the output cannot be written",
};

// As they were written.
constexpr std::string_view kFormats[] = {"text", "json", "perfetto", "html"};
struct Options {
  std::vector<std::string> expressions, traces, statuses, signals, fds, paths;
  std::vector<std::string> injections;
  std::string chaos, format = "text";
  std::string attach, output, strings = "32", column = "40", order = "time";
  int time = 0, hex = 0, files = 0, quiet = 0, follow = 0;
  bool live = false, stack = false, relative = false, durations = false, verbose = false, number = false,
       instruction = false, names = false;
  bool only_successful = false, only_failed = false, count_only = false, count_too = false, wall = false;
  bool append = false, drop = false;
};

class Trace : public Command {
 public:
  const CommandText& text() const override { return kTraceText; }
  Operands operands() const override { return Operands::end_of_options; }

  void declare(CLI::App& app) override {
    const auto flag = [&](const char* names, bool& to, const char* help, const char* group) {
      app.add_flag(names, to, help)->group(group);
    };
    const auto times = [&](const char* names, int& to, const char* help, const char* group) {
      app.add_flag(names, to, help)->group(group);
    };
    const auto value = [&](const char* names, std::string& to, const char* type, const char* help, const char* group) {
      app.add_option(names, to, help)->type_name(type)->group(group);
    };
    const auto values = [&](const char* names, std::vector<std::string>& to, const char* type, const char* help,
                            const char* group) {
      app.add_option(names, to, help)->type_name(type)->group(group)->allow_extra_args(false);
    };
    values("-e,--expr", t_.expressions, "EXPR",
           "trace=SET, status=SET, signal=SET, fd=SET, read=SET, write=SET, raw=all, abbrev=none, quiet=SET, "
           "decode-fds=SET, inject=SPEC; "
           "SET: words "
           "with commas, '!' first for all others",
           "Which calls");
    values("--trace", t_.traces, "SET", "names, /REGEX and %CLASS: as -e trace=SET", "Which calls");
    values("--status", t_.statuses, "SET", "successful, failed, unfinished: as -e status=SET", "Which calls");
    values("--signal", t_.signals, "SET", "as -e signal=SET", "Which calls");
    values("--fd", t_.fds, "SET", "calls on these descriptors: as -e fd=SET", "Which calls");
    values("-P,--trace-path", t_.paths, "PATH", "calls that touch PATH", "Which calls");
    flag("-z,--successful-only", t_.only_successful, "calls that succeed", "Which calls");
    flag("-Z,--failed-only", t_.only_failed, "calls that fail", "Which calls");
    value("-o,--output", t_.output, "FILE", "write to FILE, or to a command: '|CMD' (default: standard error)",
          "Output");
    flag("-A,--output-append-mode", t_.append, "add to FILE", "Output");
    times("-f,--follow-forks", t_.follow, "children too: always on; -ff: write FILE.TID for each thread", "Output");
    times("-t,--absolute-timestamps", t_.time, "the time of day; -tt: with microseconds; -ttt: since 1970", "Output");
    flag("-r,--relative-timestamps", t_.relative, "the time since the line before", "Output");
    flag("-T,--syscall-times", t_.durations, "the time spent in each call", "Output");
    value("-s,--string-limit", t_.strings, "N", "show N bytes of strings (default: 32; at most 32768)", "Output");
    times("-x,--strings-in-hex", t_.hex, "strings with unprintable bytes in hex; -xx: all strings", "Output");
    flag("-v,--no-abbrev", t_.verbose, "all fields of structures, all variables of the environment", "Output");
    times("-y,--decode-fds", t_.files, "the paths of descriptors; -yy: sockets' addresses, devices' numbers, pidfds",
          "Output");
    flag("-k,--stack-traces", t_.stack, "the stack of each call, with the names of functions (text and json)",
         "Output");
    flag("-Y,--decode-pids", t_.names, "the names of processes", "Output");
    flag("-n,--syscall-number", t_.number, "the numbers of calls", "Output");
    flag("-i,--instruction-pointer", t_.instruction, "where each call was made", "Output");
    value("-a,--columns", t_.column, "N", "results begin in column N (default: 40)", "Output");
    times("-q,--quiet", t_.quiet, "no word of attaching; -qq: nor of exits", "Output");
    flag("--drop", t_.drop, "let programs go on where the output is too slow: what is lost is counted", "Output");
    flag(
        "--live", t_.live,
        "a view of all calls and processes while they run, on the terminal: q ends, s sorts, p pauses; what CMD writes "
        "there is shown afterwards",
        "Output");
    value("--format", t_.format, "FORMAT",
          "text, json (lines: docs/trace.schema.json), perfetto, html (a page to look at)", "Output");
    values("--inject", t_.injections, "SPEC",
           "SET:error=E, :retval=N, :signal=S, :delay_enter=US, :delay_exit=US, :when=N: as -e inject=SPEC",
           "Changing calls");
    value("--chaos", t_.chaos, "SEED,P",
          "fail each call with probability P by an error that Linux may give; the same again for a SEED",
          "Changing calls");
    flag("-c,--summary-only", t_.count_only, "a table of counts and times instead of lines", "Counting");
    flag("-C,--summary", t_.count_too, "the table after the lines", "Counting");
    value("-S,--summary-sort-by", t_.order, "ORDER", "time, calls, errors, name, min-time, max-time, avg-time",
          "Counting");
    flag("-w,--summary-wall-clock", t_.wall, "times from entry to exit: always so", "Counting");
    app.add_option("-p,--attach", t_.attach)->group("");  // strace's, for a clear answer
    declare_run_options(app, o_, ShortNames::no);
  }

  int run(const std::vector<std::string>& words) override {
    trace::TextOptions text = text_options();
    if (!t_.attach.empty()) throw UsageError("-p " + t_.attach + ": only what 'limen trace' starts is in its sandbox");
    Plan plan = build_plan(o_, words, environ);
    plan.asked_by = kTraceText.name;
    plan.recorder = recorder_options(text);
    for (const std::string& e : t_.expressions) {
      if (e.starts_with("inject=")) plan.injections.push_back(parse_inject("inject", std::string_view(e).substr(7)));
      if (e.starts_with("fault=")) plan.injections.push_back(parse_inject("fault", std::string_view(e).substr(6)));
    }
    for (const std::string& e : t_.injections) plan.injections.push_back(parse_inject("inject", e));
    if (!t_.chaos.empty()) plan.chaos = parse_chaos(t_.chaos);
    if (t_.live) return run_live(plan, text, words.front());
    const OutputCommand command(t_.output);
    const int out = command.input() >= 0 ? command.input() : open_output();
    const auto read = [&](int events_fd) {
      trace::Output output(out);
      if (t_.follow > 1 && !t_.output.empty()) output.split_by_thread(t_.output);
      const std::unique_ptr<trace::Follower> writer = make_writer(text, words.front(), output);
      return read_events("trace", events_fd, *writer, output, t_.follow > 1 ? OpensFiles::yes : OpensFiles::no);
    };
    return start_sandbox(plan, read);
  }

 private:
  int run_live(const Plan& plan, const trace::TextOptions& text, const std::string& title) const {
    if (t_.format != "text" || t_.count_only || t_.count_too || t_.follow > 1)
      throw UsageError("--live is a form of its own: it goes with -o FILE, not with --format, -c, -C or -ff");
    if (OutputCommand::is_one(t_.output)) throw UsageError("--live: -o takes a file, no command");
    const int out = t_.output.empty() ? -1 : open_output();
    const LiveTerminal terminal;
    return start_sandbox(plan, [&](int events_fd) {
      trace::Output output(out);
      trace::Live live(text.filter, title);
      trace::TextWriter lines(text, output, [](const std::string&) {});
      return terminal.read(events_fd, live, out >= 0 ? &lines : nullptr, output);
    });
  }

  trace::TextOptions text_options() const {
    trace::TextOptions text;
    try {
      for (const std::string& e : t_.expressions) {
        if (!e.starts_with("inject=") && !e.starts_with("fault=")) text.filter.add(e);
      }
      for (const std::string& e : t_.traces) text.filter.add("trace=" + e);
      for (const std::string& e : t_.statuses) text.filter.add("status=" + e);
      for (const std::string& e : t_.signals) text.filter.add("signal=" + e);
      for (const std::string& e : t_.fds) text.filter.add("fd=" + e);
    } catch (const trace::BadSet& bad) {
      throw UsageError(bad.what());
    }
    if (OutputCommand::is_one(t_.output) && t_.follow > 1) throw UsageError("-ff: -o takes a file, no command");
    if (!std::any_of(std::begin(kFormats), std::end(kFormats), [&](std::string_view f) { return f == t_.format; })) {
      throw UsageError("--format '" + t_.format + "': there are text, json, perfetto and html");
    }
    for (const std::string& path : t_.paths) text.filter.paths.push_back(path);
    if (t_.only_successful) text.filter.statuses = trace::successful;
    if (t_.only_failed) text.filter.statuses = trace::failed;
    if (!trace::is_summary_order(t_.order)) {
      throw UsageError("--summary-sort-by '" + t_.order +
                       "': there are time, calls, errors, name, min-time, max-time, avg-time, nothing");
    }
    text.decode.string_bytes = parse_number("--string-limit", t_.strings, 0, kMostStringBytes);
    text.decode.hex = t_.hex == 0   ? trace::DecodeOptions::Hex::none
                      : t_.hex == 1 ? trace::DecodeOptions::Hex::unprintable
                                    : trace::DecodeOptions::Hex::all;
    text.decode.verbose = t_.verbose || text.filter.verbose, text.decode.raw = text.filter.raw;
    text.decode.files = std::max(t_.files, text.filter.files);
    text.stack = t_.stack;
    text.time = t_.time, text.relative = t_.relative, text.durations = t_.durations;
    text.number = t_.number, text.instruction = t_.instruction, text.names = t_.names;
    text.column = static_cast<int>(parse_number("--columns", t_.column, 0, 1000));
    text.to_file = !t_.output.empty(), text.split = t_.follow > 1 && text.to_file;
    // Lines in a file say who began; a terminal is not told besides, as strace does.
    text.quiet = std::max({t_.quiet, text.filter.quiet, text.to_file ? 1 : 0});
    return text;
  }

  RecorderOptions recorder_options(const trace::TextOptions& text) const {
    RecorderOptions options;
    options.capture.string_bytes = text.filter.dumps() ? kMostStringBytes : text.decode.string_bytes;
    const bool no_lines = t_.count_only || (t_.live && t_.output.empty());
    options.capture.memory = !no_lines || text.filter.wants_files();
    options.capture.files =
        text.decode.files > 0 || text.filter.wants_files() || t_.format == "perfetto" || t_.format == "html";
    options.capture.details = text.decode.files > 1;
    if (t_.stack) options.capture.stacks = CaptureOptions::Stacks::each;
    options.capture.verbose = text.decode.verbose;
    options.calls = text.filter.calls;
    options.unknown_calls = text.filter.calls.all();
    options.drop = t_.drop;
    return options;
  }

  int open_output() const {
    if (t_.output.empty()) return STDERR_FILENO;
    const Append append = t_.append ? Append::yes : Append::no;
    if (t_.follow <= 1) return open_output_file(t_.output, append);
    // With a file for each thread, the first one's.
    close(open_output_file(t_.output + ".1", append));
    return STDERR_FILENO;
  }

  // Lines, a table, or both.
  class Both final : public trace::Follower {
   public:
    Both(std::unique_ptr<trace::Follower> lines, trace::Filter filter, std::string order, trace::Output& output)
        : lines_(std::move(lines)), summary_(std::move(filter)), order_(std::move(order)), output_(output) {}
    void take(const trace::EventView& view) override {
      if (lines_) lines_->take(view);
      summary_.take(view);
    }
    void finish() override {
      if (lines_) lines_->finish();
      output_.write(0, trace::summary_table(summary_.calls(), order_));
    }

   private:
    std::unique_ptr<trace::Follower> lines_;
    trace::Summary summary_;
    std::string order_;
    trace::Output& output_;
  };

  std::unique_ptr<trace::Follower> make_writer(const trace::TextOptions& text, const std::string& title,
                                               trace::Output& output) const {
    std::unique_ptr<trace::Follower> lines;
    if (t_.format == "json") {
      return std::make_unique<trace::JsonWriter>(text.decode, text.filter, output);
    } else if (t_.format == "perfetto") {
      return std::make_unique<trace::PerfettoWriter>(text.decode, text.filter, output);
    } else if (t_.format == "html") {
      return std::make_unique<trace::HtmlWriter>(text.decode, text.filter, title, output);
    } else if (!t_.count_only) {
      lines = std::make_unique<trace::TextWriter>(text, output,
                                                  [&output, to_file = text.to_file](const std::string& notice) {
                                                    // Among the lines where they go to the same place.
                                                    const std::string line = "limen: " + notice + "\n";
                                                    if (to_file) {
                                                      (void)!::write(STDERR_FILENO, line.data(), line.size());
                                                    } else {
                                                      output.write(0, line);
                                                    }
                                                  });
    }
    if (!t_.count_only && !t_.count_too) return lines;
    return std::make_unique<Both>(std::move(lines), text.filter, t_.order, output);
  }

  RunOptions o_;
  Options t_;
};

}  // namespace

std::unique_ptr<Command> make_trace() { return std::make_unique<Trace>(); }

}  // namespace limen::cli
