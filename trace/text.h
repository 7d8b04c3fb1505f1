// strace's text: one line for each call, unfinished and resumed where threads come between.
#pragma once

#include <ctime>
#include <functional>
#include <set>

#include "trace/filter.h"
#include "trace/follow.h"
#include "trace/output.h"

namespace limen::trace {

struct TextOptions {
  DecodeOptions decode;
  Filter filter;
  enum class Time : u8 { none, day, epoch };
  Time time = Time::none;  // -t, -ttt
  bool relative = false;   // -r
  bool durations = false;  // -T
  // Digits of a second's fraction: -tt has 6.
  int time_digits = 0, relative_digits = 6, duration_digits = 6;
  bool stack = false;           // -k
  bool number = false;          // -n
  bool instruction = false;     // -i
  bool detach_at_exec = false;  // -b execve
  int column = 40;              // -a
  bool to_file = false;         // -o: every line begins with its thread
  bool split = false;           // -ff: a file for each thread
};

class TextWriter final : public Follower {
 public:
  // `notice`: "Process 3 attached", which goes to standard error whatever -o says.
  TextWriter(TextOptions options, Output& output, std::function<void(std::string)> notice)
      : options_(std::move(options)), output_(output), notice_(std::move(notice)) {
    if (options_.filter.names) options_.decode.names = &names();
  }
  void take(const EventView& view) override;
  void finish() override;

 protected:
  void on_entry(Thread& thread, u64 ns) override;
  void on_exit(Thread& thread, u64 ns) override;
  void on_signal(Thread& thread, u64 ns, const abi::SigInfo& info) override;
  void on_stopped(Thread& thread, u64 ns, i32 signo) override;
  void on_started(Thread& thread, u64 ns, i32 maker) override;
  void on_renumbered(i32 from, Thread& now) override;
  void on_ended(Thread& thread, u64 ns, i32 wait_status, bool superseded) override;
  void on_lost(Thread& thread, u64 ns, u64 events) override;

 private:
  bool staged() const;
  // How a line grows: opened, written to *out_, left or ended.
  void open_line(Thread& thread);
  void leave_line(Thread& thread);
  void end_line(Thread& thread);
  void interrupt();
  void tell_notices();                         // that came while a line was open
  enum class Place : u8 { at_call, nowhere };  // -i
  void lead(const Thread& thread, u64 ns, Place at = Place::at_call);
  void stack(const Thread& thread, const Seen& seen);
  void resume(Thread& thread, u64 ns);
  void entry_text(Thread& thread, std::string& out);
  void detach(Thread& thread);
  void append_padded(std::string_view text, usize width);
  usize column() const;
  void pad();
  void whole_line(Thread& thread, u64 ns, std::string_view text, Place at = Place::at_call);

  TextOptions options_;
  Output& output_;
  std::function<void(std::string)> notice_;
  i32 open_ = 0;      // whose line is open; with -ff every thread has a line of its own
  usize column_ = 0;  // where that line is; Thread::column with -ff
  // Of the line that is written to: its text, where it began there, and how much of it went out before.
  std::string* out_ = nullptr;
  usize begin_ = 0, carried_ = 0;
  u64 last_ns_ = 0;  // -r
  time_t second_ = 0;
  char second_text_[16] = "";  // of second_
  std::vector<std::string> notices_;
  std::set<i32> detached_;  // and who is born of them
  usize alive_ = 0;
};

// The data of a call that is over, where the filter asks for them.
void append_data(std::string& out, const Call& call, const Filter& filter);

}  // namespace limen::trace
