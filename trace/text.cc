#include "trace/text.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "kernel/trace/observer.h"
#include "trace/names.h"
#include "trace/print.h"

namespace limen::trace {

// Is a call shown only when its end is known? Then its line is never unfinished.
bool TextWriter::staged() const { return !options_.filter.all_statuses() || !options_.filter.paths.empty(); }

namespace {

// ".042" of a second.
void append_fraction(std::string& out, u64 ns, int digits) {
  if (digits == 0) return;
  u64 part = ns % 1'000'000'000;
  for (int n = digits; n < 9; ++n) part /= 10;
  fmt::format_to(std::back_inserter(out), ".{:0{}}", part, digits);
}

}  // namespace

void TextWriter::append_padded(std::string_view text, usize width) {
  *out_ += text;
  if (text.size() < width) out_->append(width - text.size(), ' ');
}

void TextWriter::lead(const Thread& thread, u64 ns, Place at) {
  if (!options_.split && (options_.to_file || alive_ > 1)) {
    const auto name = options_.filter.names ? names().find(thread.tid) : names().end();
    const std::string known = name == names().end() ? "" : "<" + name->second + ">";
    if (options_.to_file) {
      append_padded(std::to_string(thread.tid) + known, 5);
      *out_ += ' ';
    } else {
      fmt::format_to(std::back_inserter(*out_), "[pid {:>5}{}] ", thread.tid, known);
    }
  }
  if (options_.time != TextOptions::Time::none) {
    const u64 wall = realtime_ns(ns);
    const time_t seconds = static_cast<time_t>(wall / 1'000'000'000);
    if (options_.time == TextOptions::Time::epoch) {
      append_number(*out_, i64{seconds});
    } else {
      if (second_ != seconds) {
        struct tm parts {};
        localtime_r(&seconds, &parts);
        std::strftime(second_text_, sizeof second_text_, "%H:%M:%S", &parts);
        second_ = seconds;
      }
      *out_ += second_text_;
    }
    append_fraction(*out_, wall, options_.time_digits);
    *out_ += ' ';
  }
  if (options_.relative) {
    const u64 passed = last_ns_ == 0 ? 0 : ns - last_ns_;
    last_ns_ = ns;
    const bool behind = options_.time != TextOptions::Time::none;
    fmt::format_to(std::back_inserter(*out_), "{}{:>6}", behind ? "(+" : "", passed / 1'000'000'000);
    append_fraction(*out_, passed, options_.relative_digits);
    *out_ += behind ? ") " : " ";
  }
  // Of the call before where there is none.
  if (options_.number) fmt::format_to(std::back_inserter(*out_), "[{:>4}] ", thread.call.nr);
  if (options_.instruction) {
    if (at == Place::nowhere) {
      *out_ += "[????????????????] ";
    } else {
      fmt::format_to(std::back_inserter(*out_), "[{:016x}] ", thread.call.ip);
    }
  }
}

// Everything that follows goes on with the line of `thread`: of its own with -ff, else the one line of all.
void TextWriter::open_line(Thread& thread) {
  out_ = &output_.text_of(thread.tid);
  const usize column = options_.split ? thread.column : column_;
  begin_ = out_->size() - std::min(column, out_->size());
  carried_ = column - (out_->size() - begin_);
}

// The line stays as it is until more of it comes.
void TextWriter::leave_line(Thread& thread) { (options_.split ? thread.column : column_) = column(); }

usize TextWriter::column() const { return carried_ + out_->size() - begin_; }

void TextWriter::end_line(Thread& thread) {
  *out_ += '\n';
  (options_.split ? thread.column : column_) = 0;
  if (open_ == thread.tid) open_ = 0;
  tell_notices();
}

void TextWriter::tell_notices() {
  for (std::string& notice : notices_) notice_(std::move(notice));
  notices_.clear();
}

// Another thread has something to say while a line is open.
void TextWriter::interrupt() {
  if (options_.split || open_ == 0) return;
  output_.text_of(open_) += " <unfinished ...>\n";
  open_ = 0, column_ = 0;
  tell_notices();
}

void TextWriter::whole_line(Thread& thread, u64 ns, std::string_view text, Place at) {
  interrupt();
  open_line(thread);
  lead(thread, ns, at);
  *out_ += text;
  end_line(thread);
}

void TextWriter::entry_text(Thread& thread, std::string& out) {
  constexpr u64 kRestartSyscall = 219;
  if (thread.call.nr == kRestartSyscall && thread.last_nr) {
    Call before;
    before.nr = *thread.last_nr, before.row = find_syscall(Arch::x86_64, static_cast<i64>(before.nr));
    out += "restart_syscall(<... resuming interrupted ";
    append_call_name(out, before);
    out += " ...>";
    return;
  }
  decode_entry(thread.call, options_.filter.decoding(thread.call.nr, options_.decode), out);
}

void TextWriter::take(const EventView& view) {
  if (detached_.empty()) return Follower::take(view);
  const i32 tid = view.head.tid;
  if (view.head.kind == event::Kind::program && detached_.erase(view.as<event::Program>().old_tid) != 0) {
    detached_.insert(tid);
  } else if (view.head.kind == event::Kind::started && detached_.contains(view.as<event::Started>().maker)) {
    detached_.insert(tid);
  } else if (!detached_.contains(tid)) {
    Follower::take(view);
  } else if (view.head.kind == event::Kind::ended) {
    detached_.erase(tid);
  }
}

// It goes on unseen, with all that it begins.
void TextWriter::detach(Thread& thread) {
  if (open_ == thread.tid) {
    output_.text_of(thread.tid) += " <detached ...>\n";
    open_ = 0, column_ = 0;
  }
  const i32 tid = thread.tid;
  detached_.insert(tid);
  if (alive_ > 0) --alive_;
  if ((options_.filter.quiet & attach) == 0) notice_(fmt::format("Process {} detached", tid));
  forget(tid);
}

void TextWriter::on_entry(Thread& thread, u64 ns) {
  constexpr u64 kExecve = 59;
  const bool ends_here = options_.detach_at_exec && thread.call.nr == kExecve && thread.last_nr;
  thread.shown = options_.filter.shows(thread.call);
  if (thread.shown && staged()) {
    thread.held.clear();
    entry_text(thread, thread.held);
  } else if (thread.shown) {
    interrupt();
    open_line(thread);
    lead(thread, ns);
    entry_text(thread, *out_);
    leave_line(thread);
    open_ = thread.tid;
  }
  if (ends_here) detach(thread);
}

// The line of a call that ends now, as far as it was written at its entry.
void TextWriter::resume(Thread& thread, u64 ns) {
  const bool is_open = !staged() && (options_.split || open_ == thread.tid);
  if (!is_open) interrupt();
  open_line(thread);
  if (is_open) return;
  if (staged()) {
    lead(thread, thread.call.entered_ns);
    *out_ += thread.held;
    return;
  }
  lead(thread, ns);
  *out_ += "<... ";
  append_call_name(*out_, thread.call);
  *out_ += " resumed>";
}

void TextWriter::pad() {
  const usize wanted = static_cast<usize>(std::max(options_.column, 0));
  if (column() < wanted) out_->append(wanted - column(), ' ');
}

void TextWriter::on_exit(Thread& thread, u64 ns) {
  const Call& call = thread.call;
  if (!thread.shown || (staged() && !options_.filter.shows_result(call))) return;
  resume(thread, ns);
  const DecodeOptions decode = options_.filter.decoding(call.nr, options_.decode);
  decode_exit(thread.call, decode, *out_);
  *out_ += ") ";
  pad();
  *out_ += "= ";
  decode_result(call, decode, *out_);
  const bool answered = (call.touched & Observer::answered) != 0;
  if ((call.touched & Observer::poked) != 0) {
    *out_ += answered ? " (INJECTED: args, retval)" : " (INJECTED: args)";
  } else if (answered) {
    *out_ += " (INJECTED)";
  }
  if ((call.touched & Observer::delayed) != 0) *out_ += " (DELAYED)";
  if (options_.durations) {
    const u64 passed = call.left_ns - call.entered_ns;
    fmt::format_to(std::back_inserter(*out_), " <{}", passed / 1'000'000'000);
    append_fraction(*out_, passed, options_.duration_digits);
    *out_ += '>';
  }
  end_line(thread);
  if (options_.filter.dumps()) append_data(output_.text_of(thread.tid), call, options_.filter);
  if (options_.stack) stack(thread, call.seen);
}

// " > /usr/lib/x86_64-linux-gnu/libc.so.6(__write+0x10) [0xf8350]", a line for each frame.
void TextWriter::stack(const Thread& thread, const Seen& seen) {
  std::string& out = output_.text_of(thread.tid);
  for (const Seen::Frame& frame : seen.stack()) {
    out += " > ";
    append_escaped(out, frame.path);
    out += '(';
    if (!frame.name.empty()) {
      append_escaped(out, readable_name(frame.name));
      out += "+0x", fmt::format_to(std::back_inserter(out), "{:x}", frame.at.into);
    }
    fmt::format_to(std::back_inserter(out), ") [0x{:x}]\n", frame.at.offset);
  }
}

void TextWriter::on_signal(Thread& thread, u64 ns, const abi::SigInfo& info) {
  if (info.signo < 0 || info.signo > 64 || !options_.filter.signals[static_cast<usize>(info.signo)]) return;
  whole_line(thread, ns, "--- " + signal_name(info.signo) + " " + decode_signal(info, options_.decode) + " ---");
  if (options_.stack) stack(thread, thread.at_signal);
}

void TextWriter::on_stopped(Thread& thread, u64 ns, i32 signo) {
  whole_line(thread, ns, "--- stopped by " + signal_name(signo) + " ---");
}

void TextWriter::on_started(Thread& thread, u64, i32 maker) {
  ++alive_;
  if (maker == 0 || (options_.filter.quiet & attach) != 0) return;
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
    resume(thread, ns);
    const bool all_said =
        thread.call.row == nullptr || syscall_param(*thread.call.row, thread.call.next_param).name.empty();
    *out_ += all_said ? ") " : " <unfinished ...>) ";
    pad();
    *out_ += "= ?";
    end_line(thread);
  }
  thread.in_call = false;
  if ((options_.filter.quiet & (superseded ? trace::superseded : exits)) == 0) {
    const i32 signal = wait_status & 0x7f;
    std::string text = signal != 0 ? fmt::format("+++ killed by {}{} +++", signal_name(signal),
                                                 (wait_status & 0x80) != 0 ? " (core dumped)" : "")
                                   : fmt::format("+++ exited with {} +++", wait_status >> 8 & 0xff);
    if (superseded) text = fmt::format("+++ superseded by execve in pid {} +++", thread.pid);
    whole_line(thread, ns, text, Place::nowhere);
  }
  if (alive_ > 0) --alive_;
}

void TextWriter::on_lost(Thread& thread, u64 ns, u64 events) {
  whole_line(thread, ns, fmt::format("*** {} events lost ***", events));
  thread.in_call = false;  // whether its end was among them is not known
}

void TextWriter::finish() { interrupt(); }

}  // namespace limen::trace
