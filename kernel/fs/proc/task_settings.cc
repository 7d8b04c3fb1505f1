// The files of /proc/PID that a guest may write. Source: proc(5).
#include <fmt/format.h>

#include "abi/fcntl.h"
#include "kernel/fs/proc/numbers.h"
#include "kernel/fs/proc/task_files.h"
#include "kernel/kernel.h"

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
