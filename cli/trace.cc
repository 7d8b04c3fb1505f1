// limen trace: every call of a program, in strace's language.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/inject.h"
#include "cli/live.h"
#include "cli/output_file.h"
#include "cli/reader.h"
#include "cli/run_options.h"
#include "cli/start.h"
#include "cli/terminal.h"
#include "cli/users.h"
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

constexpr std::string_view kFormats[] = {"text", "json", "perfetto", "html"};
constexpr std::string_view kAllColumns = "time-percent,total-time,avg-time,calls,errors,name";
// A flag that counts ("-yy") or says what it means ("--decode-fds=path"): each time it stands there, kAgain or its word.
constexpr const char* kAgain = "+";
using Words = std::vector<std::string>;
int times(const Words& words) { return static_cast<int>(std::count(words.begin(), words.end(), kAgain)); }

// As they were written.
struct Options {
  // -e, and what has an option of its own, by its qualifier: {"trace", "open,close"}.
  std::vector<std::string> expressions, paths, injections, faults;
  std::map<std::string, Words> sets;
  std::string chaos, format = "text";
  std::string attach, output, constants = "abbrev", user, overhead, interruptible, strings = "32", column = "40",
                              order = "time", columns{kAllColumns}, detach_on;
  Words time, relative, durations, hex, files, quiet, names, environment, daemonized;
  int follow = 0;
  bool separately = false;
  bool live = false, stack = false, verbose = false, number = false, instruction = false;
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
    const auto value = [&](const char* names, std::string& to, const char* type, const char* help, const char* group) {
      app.add_option(names, to, help)->type_name(type)->group(group);
    };
    const auto values = [&](const char* names, std::vector<std::string>& to, const char* type, const char* help,
                            const char* group) {
      app.add_option(names, to, help)->type_name(type)->group(group)->allow_extra_args(false);
    };
    const auto words = [&](const char* names, Words& to, const char* help) {
      app.add_flag(names, to, help)->group("Output");
    };
    values("-e,--expr", t_.expressions, "EXPR",
           "trace=SET, status=SET, signal=SET, fd=SET, read=SET, write=SET, raw=SET, abbrev=SET, verbose=SET, "
           "quiet=SET, decode-fds=SET, decode-pids=SET, inject=SPEC, fault=SPEC, kvm=vcpu; SET: words with commas, "
           "'!' first for all others",
           "Which calls");
    values("--trace", t_.sets["trace"], "SET", "names, /REGEX and %CLASS: as -e trace=SET", "Which calls");
    values("--status", t_.sets["status"], "SET", "successful, failed, unfinished: as -e status=SET", "Which calls");
    values("--signal", t_.sets["signal"], "SET", "as -e signal=SET", "Which calls");
    values("--fd", t_.sets["fd"], "SET", "calls on these descriptors: as -e fd=SET", "Which calls");
    values("-P,--trace-path", t_.paths, "PATH", "calls that touch PATH", "Which calls");
    flag("-z,--successful-only", t_.only_successful, "calls that succeed", "Which calls");
    flag("-Z,--failed-only", t_.only_failed, "calls that fail", "Which calls");
    value("-o,--output", t_.output, "FILE", "write to FILE, or to a command: '|CMD' (default: standard error)",
          "Output");
    flag("-A,--output-append-mode", t_.append, "add to FILE", "Output");
    app.add_flag("-f,--follow-forks", t_.follow, "children too: always on; -ff: write FILE.TID for each thread")
        ->group("Output");
    flag("--output-separately", t_.separately, "write FILE.TID for each thread: as -ff", "Output");
    words("-t{+},--absolute-timestamps{+},--timestamps{+}", t_.time,
          "the time of day; -tt: with microseconds; -ttt: since 1970; or =none, time, unix and s, ms, us, ns");
    words("-r{us},--relative-timestamps{us}", t_.relative, "the time since the line before; or =s, ms, ns");
    words("-T{us},--syscall-times{us}", t_.durations, "the time spent in each call; or =s, ms, ns");
    value("-s,--string-limit", t_.strings, "N", "show N bytes of strings (default: 32; at most 32768)", "Output");
    words("-x{+},--strings-in-hex{all}", t_.hex,
          "strings with unprintable bytes in hex; -xx: all strings; or =none, non-ascii-chars, non-ascii, all");
    value("-X,--const-print-style", t_.constants, "STYLE",
          "constants by their names (abbrev), their numbers (raw), or both (verbose)", "Output");
    flag("-v,--no-abbrev", t_.verbose, "all fields of structures, all variables of the environment", "Output");
    values("--raw", t_.sets["raw"], "SET", "the words of these calls as numbers: as -e raw=SET", "Output");
    values("--abbrev", t_.sets["abbrev"], "SET", "these calls without all their fields: as -e abbrev=SET", "Output");
    values("--verbose", t_.sets["verbose"], "SET", "structures of these calls alone: as -e verbose=SET", "Output");
    values("--read", t_.sets["read"], "SET", "all data read from these descriptors: as -e read=SET", "Output");
    values("--write", t_.sets["write"], "SET", "all data written to these: as -e write=SET", "Output");
    words("-y{+},--decode-fds{+}", t_.files,
          "the paths of descriptors; -yy: sockets' addresses, devices' numbers, pidfds; or =path, socket, dev, pidfd");
    flag("-k,--stack-traces", t_.stack, "the stack of each call, with the names of functions (text and json)",
         "Output");
    words("-Y{comm},--decode-pids{comm}", t_.names, "the names of processes");
    flag("-n,--syscall-number", t_.number, "the numbers of calls", "Output");
    flag("-i,--instruction-pointer", t_.instruction, "where each call was made", "Output");
    value("-a,--columns", t_.column, "N", "results begin in column N (default: 40)", "Output");
    words("-q{+},--quiet{+},--silent{+},--silence{+}", t_.quiet,
          "no word of attaching; -qq: nor of exits; -qqq: of nothing; or =SET, as -e quiet=SET");
    value("-b,--detach-on", t_.detach_on, "execve", "show a process until it runs another program", "Output");
    flag("--drop", t_.drop, "let programs go on where the output is too slow: what is lost is counted", "Output");
    flag(
        "--live", t_.live,
        "a view of all calls and processes while they run, on the terminal: q ends, s sorts, p pauses; what CMD writes "
        "there is shown afterwards",
        "Output");
    value("--format", t_.format, "FORMAT",
          "text, json (lines: docs/trace.schema.json), perfetto, html (a page to look at)", "Output");
    values("--inject", t_.injections, "SPEC",
           "of the calls that are shown (-e trace=, -P): SET:error=E, :retval=N, :signal=S, :delay_enter=US, "
           ":delay_exit=US, :poke_enter=@argN=HEX, "
           ":poke_exit=@argN=HEX, "
           ":when=N: as -e inject=SPEC",
           "Changing calls");
    values("--fault", t_.faults, "SPEC", "SET[:error=E][:when=N]: fails by ENOSYS where no error is named",
           "Changing calls");
    value("--chaos", t_.chaos, "SEED,P",
          "fail each call with probability P by an error that Linux may give; the same again for a SEED",
          "Changing calls");
    flag("-c,--summary-only", t_.count_only, "a table of counts and times instead of lines", "Counting");
    flag("-C,--summary", t_.count_too, "the table after the lines", "Counting");
    value("-S,--summary-sort-by", t_.order, "ORDER", "time, calls, errors, name, min-time, max-time, avg-time",
          "Counting");
    value("-U,--summary-columns", t_.columns, "LIST",
          "time-percent, total-time, min-time, max-time, avg-time, calls, errors, name", "Counting");
    value("-O,--summary-syscall-overhead", t_.overhead, "TIME",
          "what to take off the time of each call, in microseconds or with a unit (default: 0)", "Counting");
    flag("-w,--summary-wall-clock", t_.wall, "times from entry to exit: always so", "Counting");
    values("-E,--variable", t_.environment, "VAR[=VAL]", "set a variable for CMD; without a value, remove it",
           "Identity");
    value("-u,--user-name", t_.user, "NAME",
          "run CMD as this user of the sandbox, with the user's groups: as --user with numbers", "Identity");
    // strace's, for a clear answer.
    app.add_option("-p,--attach", t_.attach)->group("");
    app.add_option("-I,--interruptible", t_.interruptible)->group("");
    app.add_flag("-D{+},--daemonize{+}", t_.daemonized)->group("");
    declare_run_options(app, o_, ShortNames::no);
  }

  int run(const std::vector<std::string>& words) override {
    trace::TextOptions text = text_options();
    if (!t_.attach.empty()) {
      throw UsageError(
          "-p " + t_.attach +
          ": a process that runs already is not in a sandbox of Limen's; start it by 'limen trace -- CMD', "
          "or attach with 'strace -p' (inside of 'limen run', too)");
    }
    check_unneeded();
    Plan plan = build_plan(o_, words, environ);
    set_environment(plan.environment);
    if (!t_.user.empty()) set_named_user(plan, t_.user, o_.user);
    plan.asked_by = kTraceText.name;
    plan.recorder = recorder_options(text);
    for (const std::string& e : t_.expressions) {
      if (e.starts_with("inject=")) plan.injections.push_back(parse_inject("inject", std::string_view(e).substr(7)));
      if (e.starts_with("fault=")) plan.injections.push_back(parse_inject("fault", std::string_view(e).substr(6)));
    }
    for (const std::string& e : t_.injections) plan.injections.push_back(parse_inject("inject", e));
    for (const std::string& e : t_.faults) plan.injections.push_back(parse_inject("fault", e));
    tell_resolved(text);
    // Only what is traced is changed, as strace has it.
    for (InjectRule& rule : plan.injections) rule.calls &= text.filter.calls, rule.paths = text.filter.paths;
    if (!t_.chaos.empty()) plan.chaos = parse_chaos(t_.chaos);
    if (t_.live) return run_live(plan, text, words.front());
    const OutputCommand command(t_.output);
    const int out = command.input() >= 0 ? command.input() : open_output();
    const auto read = [&](int events_fd) {
      trace::Output output(out);
      if (splits() && !t_.output.empty()) output.split_by_thread(t_.output);
      const std::unique_ptr<trace::Follower> writer = make_writer(text, words.front(), output);
      return read_events("trace", events_fd, *writer, output, splits() ? OpensFiles::yes : OpensFiles::no);
    };
    return start_sandbox(plan, read);
  }

 private:
  trace::ConstantStyle constants() const {
    using enum trace::ConstantStyle;
    if (t_.constants != "abbrev" && t_.constants != "raw" && t_.constants != "verbose")
      throw UsageError("--const-print-style '" + t_.constants + "': there are raw, abbrev and verbose");
    return t_.constants == "raw" ? raw : t_.constants == "verbose" ? verbose : abbreviated;
  }

  // What strace has because it stops its programs from outside. Here the tracer is the kernel.
  void check_unneeded() const {
    if (!t_.daemonized.empty())
      throw UsageError("-D: the tracer is no parent of CMD here, in whose place it could be; leave it out");
    constexpr std::string_view kWhen[] = {"1", "2", "3", "4", "anywhere", "waiting", "never", "never_tstp"};
    const bool is_known = std::find(std::begin(kWhen), std::end(kWhen), t_.interruptible) != std::end(kWhen);
    if (!t_.interruptible.empty() && !is_known)
      throw UsageError("--interruptible '" + t_.interruptible + "': there are anywhere, waiting, never and never_tstp");
    (void)overhead_ns();
  }

  u64 overhead_ns() const {
    if (t_.overhead.empty()) return 0;
    if (const std::optional<u64> ns = parse_microseconds(t_.overhead)) return *ns;
    throw UsageError("--summary-syscall-overhead '" + t_.overhead +
                     "': a time is a number of microseconds, or has a unit: ns, us, ms, s");
  }

  void set_environment(std::vector<std::string>& variables) const {
    for (const std::string& given : t_.environment) {
      const size_t equals = given.find('=');
      const std::string name = given.substr(0, equals);
      if (name.empty()) throw UsageError("-E '" + given + "': the name is empty; write VAR=VAL, or VAR to remove it");
      std::erase_if(variables, [&](const std::string& entry) { return entry.starts_with(name + "="); });
      if (equals != std::string::npos) variables.push_back(given);
    }
  }

  bool splits() const { return t_.follow > 1 || t_.separately; }

  int run_live(const Plan& plan, const trace::TextOptions& text, const std::string& title) const {
    if (t_.format != "text" || t_.count_only || t_.count_too || splits())
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
      if (t_.verbose) text.filter.add("abbrev=none");
      if (const int n = times(t_.files)) text.filter.add(n > 1 ? "decode-fds=all" : "decode-fds=path");
      if (const int n = times(t_.quiet))
        text.filter.add(n > 2 ? "quiet=all" : n > 1 ? "quiet=attach,personality,exit" : "quiet=attach,personality");
      for (const auto& [qualifier, sets] : t_.sets) add_words(text.filter, qualifier, sets);
      add_words(text.filter, "decode-fds", t_.files), add_words(text.filter, "quiet", t_.quiet);
      add_words(text.filter, "decode-pids", t_.names);
      trace::check_summary_columns(t_.columns);
    } catch (const trace::BadSet& bad) {
      throw UsageError(bad.what());
    }
    if (OutputCommand::is_one(t_.output) && splits()) throw UsageError("-ff: -o takes a file, no command");
    if (!std::any_of(std::begin(kFormats), std::end(kFormats), [&](std::string_view f) { return f == t_.format; })) {
      throw UsageError("--format '" + t_.format + "': there are text, json, perfetto and html");
    }
    if (!t_.detach_on.empty() && t_.detach_on != "execve")
      throw UsageError("--detach-on '" + t_.detach_on + "': there is execve");
    if (!t_.detach_on.empty() && (t_.format != "text" || t_.live))
      throw UsageError("--detach-on goes with lines of text, not with --format or --live");
    text.detach_at_exec = !t_.detach_on.empty();
    text.decode.constants = constants();
    for (const std::string& path : t_.paths) text.filter.paths.push_back(path);
    if (t_.only_successful) text.filter.statuses = trace::successful;
    if (t_.only_failed) text.filter.statuses = trace::failed;
    if (!trace::is_summary_order(t_.order)) {
      throw UsageError("--summary-sort-by '" + t_.order +
                       "': there are time, calls, errors, name, min-time, max-time, avg-time, nothing");
    }
    text.decode.string_bytes = parse_number("--string-limit", t_.strings, 0, kMostStringBytes);
    set_hex(text.decode);
    text.decode.files = text.filter.files;
    text.stack = t_.stack;
    set_time(text);
    text.relative = !t_.relative.empty(), text.durations = !t_.durations.empty();
    if (text.relative) text.relative_digits = digits("--relative-timestamps", t_.relative.back());
    if (text.durations) text.duration_digits = digits("--syscall-times", t_.durations.back());
    text.number = t_.number, text.instruction = t_.instruction;
    text.column = static_cast<int>(parse_number("--columns", t_.column, 0, 1000));
    text.to_file = !t_.output.empty(), text.split = splits() && text.to_file;
    // Lines in a file say who began; a terminal is not told besides, as strace does.
    if (text.to_file) text.filter.quiet |= trace::attach | trace::personality;
    return text;
  }

  static void add_words(trace::Filter& filter, const std::string& qualifier, const Words& sets) {
    for (const std::string& set : sets) {
      if (set != kAgain) filter.add(qualifier + "=" + set);
    }
  }

  static int digits(const std::string& option, const std::string& unit) {
    constexpr std::string_view kUnits[] = {"s", "ms", "us", "ns"};
    const auto* found = std::find(std::begin(kUnits), std::end(kUnits), unit);
    if (found == std::end(kUnits)) throw UsageError(option + " '" + unit + "': there are s, ms, us and ns");
    return static_cast<int>(found - std::begin(kUnits)) * 3;
  }

  // -t, -tt, -ttt, and then what --timestamps=unix,ns says.
  void set_time(trace::TextOptions& text) const {
    using enum trace::TextOptions::Time;
    const int n = times(t_.time);
    text.time = n == 0 ? none : n > 2 ? epoch : day;
    text.time_digits = n > 1 ? 6 : 0;
    for (const std::string& words : t_.time) {
      if (words == kAgain) continue;
      if (text.time == none) text.time = day;
      for (std::string_view rest = words;;) {
        const size_t comma = rest.find(',');
        std::string_view word = rest.substr(0, comma);
        for (const std::string_view prefix : {"format:", "precision:"}) {
          if (word.starts_with(prefix)) word.remove_prefix(prefix.size());
        }
        if (word == "none" || word == "time" || word == "unix") {
          text.time = word == "none" ? none : word == "time" ? day : epoch;
        } else {
          text.time_digits = digits("--absolute-timestamps", std::string(word));
        }
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
      }
    }
  }

  void set_hex(trace::DecodeOptions& decode) const {
    using enum trace::DecodeOptions::Hex;
    const int n = times(t_.hex);
    decode.hex = n == 0 ? none : n == 1 ? unprintable : all;
    for (const std::string& word : t_.hex) {
      if (word == kAgain) continue;
      if (word != "none" && word != "non-ascii-chars" && word != "non-ascii" && word != "all")
        throw UsageError("--strings-in-hex '" + word + "': there are none, non-ascii-chars, non-ascii and all");
      decode.hex = word == "none" ? none : word == "non-ascii-chars" ? characters : word == "all" ? all : unprintable;
    }
  }

  // -P: what is behind a path counts, too, as strace has it.
  void tell_resolved(trace::TextOptions& text) const {
    for (const std::string& path : t_.paths) {
      const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
      if (!real || path == real.get()) continue;
      text.filter.paths.emplace_back(real.get());
      if ((text.filter.quiet & trace::path_resolution) != 0) continue;
      const std::string line = "limen: Requested path \"" + path + "\" resolved into \"" + real.get() + "\"\n";
      (void)!::write(STDERR_FILENO, line.data(), line.size());
    }
  }

  RecorderOptions recorder_options(const trace::TextOptions& text) const {
    RecorderOptions options;
    options.capture.string_bytes = text.filter.dumps() ? kMostStringBytes : text.decode.string_bytes;
    const bool no_lines = t_.count_only || (t_.live && t_.output.empty());
    options.capture.memory = !no_lines || text.filter.wants_files();
    options.capture.files =
        text.decode.files != 0 || text.filter.wants_files() || t_.format == "perfetto" || t_.format == "html";
    options.capture.details = (text.decode.files & ~trace::DecodeOptions::paths) != 0;
    if (t_.stack) options.capture.stacks = CaptureOptions::Stacks::each;
    options.capture.verbose = !text.filter.abbreviated.all();
    options.calls = text.filter.calls;
    options.unknown_calls = text.filter.calls.all();
    options.drop = t_.drop;
    return options;
  }

  int open_output() const {
    if (t_.output.empty()) return STDERR_FILENO;
    const Append append = t_.append ? Append::yes : Append::no;
    if (!splits()) return open_output_file(t_.output, append);
    // With a file for each thread, the first one's.
    close(open_output_file(t_.output + ".1", append));
    return STDERR_FILENO;
  }

  // Lines, a table, or both.
  class Both final : public trace::Follower {
   public:
    Both(std::unique_ptr<trace::Follower> lines, const trace::Filter& filter, u64 overhead_ns, std::string order,
         std::string columns, trace::Output& output)
        : lines_(std::move(lines)),
          summary_(of_finished(filter), overhead_ns),
          order_(std::move(order)),
          columns_(std::move(columns)),
          output_(output) {}
    void take(const trace::EventView& view) override {
      if (lines_) lines_->take(view);
      summary_.take(view);
    }
    void finish() override {
      if (lines_) lines_->finish();
      output_.write(0, trace::summary_table(summary_.calls(), order_, columns_));
    }

   private:
    // A call that does not come back has no time: strace does not count it; and counts all others, whatever -z and -Z say.
    static trace::Filter of_finished(trace::Filter filter) {
      filter.statuses = trace::successful | trace::failed | trace::unavailable;
      return filter;
    }
    std::unique_ptr<trace::Follower> lines_;
    trace::Summary summary_;
    std::string order_, columns_;
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
    return std::make_unique<Both>(std::move(lines), text.filter, overhead_ns(), t_.order, t_.columns, output);
  }

  RunOptions o_;
  Options t_;
};

}  // namespace

std::unique_ptr<Command> make_trace() { return std::make_unique<Trace>(); }

}  // namespace limen::cli
