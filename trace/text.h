// strace's text: one line for each call, unfinished and resumed where threads come between.
#pragma once

#include <functional>

#include "trace/filter.h"
#include "trace/follow.h"
#include "trace/output.h"

namespace limen::trace {

struct TextOptions {
  DecodeOptions decode;
  Filter filter;
  int time = 0;              // -t, -tt, -ttt
  bool relative = false;     // -r
  bool durations = false;    // -T
  bool number = false;       // -n
  bool instruction = false;  // -i
  bool names = false;        // -Y
  int quiet = 0;             // -q, -qq, -qqq
  int column = 40;           // -a
  bool to_file = false;      // -o: every line begins with its thread
  bool split = false;        // -ff: a file for each thread
};

class TextWriter final : public Follower {
 public:
  // `notice`: "Process 3 attached", which goes to standard error whatever -o says.
  TextWriter(TextOptions options, Output& output, std::function<void(std::string)> notice)
      : options_(std::move(options)), output_(output), notice_(std::move(notice)) {}
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
  std::string leader(const Thread& thread, u64 ns);
  void begin(const Thread& thread, u64 ns, std::string_view text);
  void put(i32 tid, std::string_view text);
  void end_line(i32 tid);
  void interrupt(i32 by);
  void whole_line(const Thread& thread, u64 ns, std::string_view text);
  std::string entry_text(Thread& thread);
  std::string result_text(const Thread& thread) const;
  std::string padding(usize column) const;

  TextOptions options_;
  Output& output_;
  std::function<void(std::string)> notice_;
  i32 open_ = 0;                  // whose line is open; with -ff every thread has a line of its own
  std::map<i32, usize> columns_;  // where open lines are
  u64 last_ns_ = 0;               // -r
  std::vector<std::string> notices_;
  usize alive_ = 0;
};

}  // namespace limen::trace
