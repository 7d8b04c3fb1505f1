#include "trace/text.h"

#include <ctime>

#include <fmt/format.h>

#include "kernel/trace/observer.h"
#include "trace/names.h"

namespace limen::trace {

// Is a call shown only when its end is known? Then its line is never unfinished.
bool TextWriter::staged() const { return !options_.filter.all_statuses() || !options_.filter.paths.empty(); }

std::string TextWriter::leader(const Thread& thread, u64 ns) {
  std::string out;
  const std::string name = options_.names ? "<" + thread.name + ">" : "";
  if (options_.to_file && !options_.split) {
    out = fmt::format("{:<5} ", std::to_string(thread.tid) + name);
  } else if (alive_ > 1 && !options_.split) {
    out = fmt::format("[pid {:>5}] ", std::to_string(thread.tid) + name);
  }
  if (options_.time > 0) {
    const u64 wall = realtime_ns(ns);
    const time_t seconds = static_cast<time_t>(wall / 1'000'000'000);
    const u64 micros = wall % 1'000'000'000 / 1000;
    struct tm parts {};
    localtime_r(&seconds, &parts);
    char text[16];
    std::strftime(text, sizeof text, "%H:%M:%S", &parts);
    if (options_.time >= 3) {
      out += fmt::format("{}.{:06} ", seconds, micros);
    } else {
      out += options_.time == 2 ? fmt::format("{}.{:06} ", text, micros) : fmt::format("{} ", text);
    }
  }
  if (options_.relative) {
    const u64 passed = last_ns_ == 0 ? 0 : ns - last_ns_;
    last_ns_ = ns;
    out += fmt::format("{}{:>6}.{:06}{} ", options_.time > 0 ? "(+" : "", passed / 1'000'000'000,
                       passed % 1'000'000'000 / 1000, options_.time > 0 ? ")" : "");
  }
  if (options_.number && thread.in_call) out += fmt::format("[{:>4}] ", thread.call.nr);
  if (options_.instruction) out += fmt::format("[{:016x}] ", thread.call.ip);
  return out;
}

void TextWriter::put(i32 tid, std::string_view text) {
  output_.write(tid, text);
  columns_[options_.split ? tid : 0] += text.size();
}

// Another thread has something to say while a line is open.
void TextWriter::interrupt(i32 by) {
  if (options_.split || open_ == 0 || open_ == by) return;
  put(open_, " <unfinished ...>");
  end_line(open_);
}

void TextWriter::end_line(i32 tid) {
  output_.write(tid, "\n");
  columns_[options_.split ? tid : 0] = 0;
  if (open_ == tid) open_ = 0;
  for (std::string& notice : notices_) notice_(std::move(notice));
  notices_.clear();
}

void TextWriter::begin(const Thread& thread, u64 ns, std::string_view text) {
  interrupt(thread.tid);
  put(thread.tid, leader(thread, ns));
  put(thread.tid, text);
}

void TextWriter::whole_line(const Thread& thread, u64 ns, std::string_view text) {
  if (open_ == thread.tid && !options_.split) {
    put(open_, " <unfinished ...>");
    end_line(open_);
  }
  begin(thread, ns, text);
  end_line(thread.tid);
}

std::string TextWriter::entry_text(Thread& thread) {
  if (thread.call.row != nullptr && thread.call.row->name == "restart_syscall" && !thread.last_call.empty())
    return "restart_syscall(<... resuming interrupted " + thread.last_call + " ...>";
  return decode_entry(thread.call, options_.decode);
}

void TextWriter::on_entry(Thread& thread, u64 ns) {
  thread.shown = options_.filter.shows(thread.call);
  if (!thread.shown) return;
  if (staged()) {
    thread.held = entry_text(thread);
    return;
  }
  begin(thread, ns, entry_text(thread));
  open_ = thread.tid;
}

std::string TextWriter::padding(usize column) const {
  const usize wanted = static_cast<usize>(std::max(options_.column, 0));
  return column < wanted ? std::string(wanted - column, ' ') : "";
}

std::string TextWriter::result_text(const Thread& thread) const {
  const Call& call = thread.call;
  std::string out = "= " + decode_result(call, options_.decode);
  if ((call.touched & Observer::answered) != 0) out += " (INJECTED)";
  if ((call.touched & Observer::delayed) != 0) out += " (DELAYED)";
  if (options_.durations) {
    const u64 ns = call.left_ns - call.entered_ns;
    out += fmt::format(" <{}.{:06}>", ns / 1'000'000'000, ns % 1'000'000'000 / 1000);
  }
  return out;
}

void TextWriter::on_exit(Thread& thread, u64 ns) {
  if (!thread.shown) return;
  if (staged()) {
    if (!options_.filter.shows_result(thread.call)) return;
    begin(thread, thread.call.entered_ns, thread.held);
  } else if (!options_.split && open_ != thread.tid) {
    begin(thread, ns, "<... " + call_name(thread.call) + " resumed>");
  }
  put(thread.tid, decode_exit(thread.call, options_.decode) + ") ");
  put(thread.tid, padding(columns_[options_.split ? thread.tid : 0]));
  put(thread.tid, result_text(thread));
  end_line(thread.tid);
}

void TextWriter::on_signal(Thread& thread, u64 ns, const abi::SigInfo& info) {
  if (info.signo < 0 || info.signo > 64 || !options_.filter.signals[static_cast<usize>(info.signo)]) return;
  whole_line(thread, ns, "--- " + signal_name(info.signo) + " " + decode_signal(info) + " ---");
}

void TextWriter::on_stopped(Thread& thread, u64 ns, i32 signo) {
  whole_line(thread, ns, "--- stopped by " + signal_name(signo) + " ---");
}

void TextWriter::on_started(Thread& thread, u64, i32 maker) {
  ++alive_;
  if (maker == 0 || options_.quiet > 0) return;
  std::string notice = fmt::format("Process {} attached", thread.tid);
  // In the middle of a line it would be lost: then behind it.
  if (open_ != 0 && !options_.to_file) {
    notices_.push_back(std::move(notice));
  } else {
    notice_(std::move(notice));
  }
}

void TextWriter::on_renumbered(i32 from, Thread& now) {
  if (open_ == from) open_ = now.tid;
}

void TextWriter::on_ended(Thread& thread, u64 ns, i32 wait_status, bool superseded) {
  if (thread.in_call && thread.shown && (!staged() || (options_.filter.statuses & unfinished) != 0) &&
      options_.filter.paths.empty()) {
    if (staged()) {
      begin(thread, thread.call.entered_ns, thread.held);
    } else if (!options_.split && open_ != thread.tid) {
      begin(thread, ns, "<... " + call_name(thread.call) + " resumed>");
    }
    const bool all_said =
        thread.call.row == nullptr || syscall_param(*thread.call.row, thread.call.next_param).name.empty();
    put(thread.tid, all_said ? ") " : " <unfinished ...>) ");
    put(thread.tid, padding(columns_[options_.split ? thread.tid : 0]));
    put(thread.tid, "= ?");
    end_line(thread.tid);
  }
  thread.in_call = false;
  if (options_.quiet < 2) {
    const i32 signal = wait_status & 0x7f;
    std::string text = signal != 0 ? fmt::format("+++ killed by {}{} +++", signal_name(signal),
                                                 (wait_status & 0x80) != 0 ? " (core dumped)" : "")
                                   : fmt::format("+++ exited with {} +++", wait_status >> 8 & 0xff);
    if (superseded) text = fmt::format("+++ superseded by execve in pid {} +++", thread.pid);
    whole_line(thread, ns, text);
  }
  if (alive_ > 0) --alive_;
}

void TextWriter::on_lost(Thread& thread, u64 ns, u64 events) {
  whole_line(thread, ns, fmt::format("*** {} events lost ***", events));
  thread.in_call = false;  // whether its end was among them is not known
}

void TextWriter::finish() {
  if (open_ != 0) {
    put(open_, " <unfinished ...>");
    end_line(open_);
  }
}

}  // namespace limen::trace
