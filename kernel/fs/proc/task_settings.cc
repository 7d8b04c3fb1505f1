// The files of /proc/PID that a guest may write. Source: proc(5).
#include <fmt/format.h>

#include "abi/fcntl.h"
#include "kernel/fs/proc/numbers.h"
#include "kernel/fs/proc/task_files.h"
#include "kernel/kernel.h"
#include "kernel/time/time_namespace.h"
#include "kernel/time/time_values.h"

namespace limen {

Ref<Inode> make_comm(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  auto render = [task](Task&) -> Result<std::string> { return task->name() + "\n"; };
  auto store = [task](Task& writer, std::string_view text) -> Result<void> {
    if (&writer.group() != &task->group()) return Errno::einval;
    task->set_name(text);  // a newline too
    return success;
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0644, render, store, owner_of(*task),
                              proc_inode(task->tid(), scope, "comm"));
}

Ref<Inode> make_oom_score_adj(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  auto render = [task](Task&) -> Result<std::string> {
    return fmt::format("{}\n", task->group().oom_score_adj.load());
  };
  auto store = [task](Task& writer, std::string_view text) -> Result<void> {
    const i64 value = TRY(parse_integer(text));
    if (value < -1000 || value > 1000) return Errno::einval;
    if (value < task->group().oom_score_adj && !writer.credentials().capable(Capability::sys_resource))
      return Errno::eacces;
    task->group().oom_score_adj = static_cast<i32>(value);
    return success;
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0644, render, store, owner_of(*task),
                              proc_inode(task->tid(), scope, "oom_score_adj"));
}

Ref<Inode> make_timer_slack(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  const auto may = [task](Task& who) -> Result<void> {
    if (&who == task.get() || who.credentials().capable(Capability::sys_nice)) return success;
    return Errno::eperm;
  };
  auto render = [task, may](Task& reader) -> Result<std::string> {
    TRY(may(reader));
    return fmt::format("{}\n", task->timer_slack_ns.load());
  };
  auto store = [task, may](Task& writer, std::string_view text) -> Result<void> {
    TRY(may(writer));
    const u64 value = TRY(parse_number(text));
    constexpr u64 kDefault = 50'000;
    task->timer_slack_ns = value == 0 ? kDefault : value;
    return success;
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0666, render, store, owner_of(*task),
                              proc_inode(task->tid(), scope, "timerslack_ns"));
}

namespace {

Result<Ref<TimeNamespace>> time_of_children(Task& task) {
  Ref<TimeNamespace> time = task.namespaces_ref().time_children;
  return time ? Result<Ref<TimeNamespace>>(std::move(time)) : Errno::esrch;
}

struct OffsetLine {
  TimerClock clock;
  i64 ns;
};

// "monotonic 10 0": a clock by its name or number, seconds, nanoseconds. Linux: timens_offsets_write.
Result<OffsetLine> parse_offset(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const usize start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) break;
    const usize end = std::min(line.find_first_of(" \t", start), line.size());
    words.push_back(line.substr(start, end - start));
    line.remove_prefix(end);
  }
  if (words.size() != 3) return Errno::einval;
  const bool monotonic = words[0] == "monotonic" || words[0] == "1";
  if (!monotonic && words[0] != "boottime" && words[0] != "7") return Errno::einval;
  i64 seconds = 0;
  u64 fraction = 0;
  const auto is_number = [](std::string_view word, auto& value) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size();
  };
  if (!is_number(words[1], seconds) || !is_number(words[2], fraction) || fraction >= kNsPerSecond) return Errno::einval;
  constexpr i64 kMostSeconds = static_cast<i64>(kMostNs / kNsPerSecond);
  if (seconds >= kMostSeconds || seconds <= -kMostSeconds) return Errno::erange;
  return OffsetLine{monotonic ? TimerClock::monotonic : TimerClock::boottime,
                    seconds * static_cast<i64>(kNsPerSecond) + static_cast<i64>(fraction)};
}

// Linux: proc_timens_set_offset: no clock may show less than nothing, or come near the end of time.
Result<void> write_offsets(Task& writer, TimeNamespace& time, std::string_view text) {
  constexpr usize kMostLines = 2;
  TimeNamespace::Offsets offsets = time.offsets();
  usize lines = 0;
  while (!text.empty()) {
    const usize end = std::min(text.find('\n'), text.size());
    if (++lines > kMostLines) return Errno::einval;
    const OffsetLine line = TRY(parse_offset(text.substr(0, end)));
    const bool monotonic = line.clock == TimerClock::monotonic;
    const i64 now = static_cast<i64>(monotonic ? writer.clock().monotonic_ns() : writer.clock().boottime_ns());
    constexpr i64 kMost = static_cast<i64>(kMostNs / 2);
    if (line.ns < -now || line.ns > kMost - now) return Errno::erange;
    (monotonic ? offsets.monotonic : offsets.boottime) = line.ns;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return time.set(offsets);
}

std::string offset_line(const char* name, i64 ns) {
  i64 seconds = ns / static_cast<i64>(kNsPerSecond), fraction = ns % static_cast<i64>(kNsPerSecond);
  if (fraction < 0) seconds -= 1, fraction += static_cast<i64>(kNsPerSecond);
  return fmt::format("{:<10} {:>10} {:>9}\n", name, seconds, fraction);
}

}  // namespace

// Of the namespace where the next children will be. Linux: proc_timens_show_offsets, proc_timens_set_offset.
Ref<Inode> make_time_offsets(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  auto render = [task](Task&) -> Result<std::string> {
    const Ref<TimeNamespace> time = TRY(time_of_children(*task));
    const TimeNamespace::Offsets all = time->offsets();
    return offset_line("monotonic", all.monotonic) + offset_line("boottime", all.boottime);
  };
  auto store = [task](Task& writer, std::string_view text) -> Result<void> {
    const Ref<TimeNamespace> time = TRY(time_of_children(*task));
    if (!writer.credentials().capable_in(*time, Capability::sys_time)) return Errno::eperm;
    return write_offsets(writer, *time, text);
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0644, render, store, owner_of(*task),
                              proc_inode(task->tid(), scope, "timens_offsets"));
}

// clear_refs forgets which pages were touched. The kernel does not see touches, so there is nothing to forget.
Ref<Inode> make_clear_refs(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  auto render = [](Task&) -> Result<std::string> { return Errno::einval; };
  auto store = [](Task&, std::string_view text) -> Result<void> {
    const u64 value = TRY(parse_number(text));
    return value >= 1 && value <= 5 ? Result<void>() : Errno::einval;
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0200, render, store, owner_of(*task),
                              proc_inode(task->tid(), scope, "clear_refs"));
}

}  // namespace limen
