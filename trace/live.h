// What `limen trace --live` shows: the calls and the processes of a sandbox, counted while they run, as the lines of a screen.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "trace/filter.h"
#include "trace/follow.h"
#include "trace/summary.h"

namespace limen::trace {

class Live final : public Follower {
 public:
  explicit Live(Filter filter, std::string title) : filter_(std::move(filter)), title_(std::move(title)) {}

  enum class Order : u8 { time, calls, rate, errors, name };
  void next_order();
  void pause() { paused_ = !paused_; }
  bool is_paused() const { return paused_; }

  // As many lines as there are rows, none longer than `columns`, each with its end. Rates are since the last time.
  std::string screen(usize rows, usize columns, u64 now_ns);
  // All calls, for when the sandbox has ended.
  std::string table(usize columns) const;

 protected:
  void on_entry(Thread& thread, u64 ns) override;
  void on_exit(Thread& thread, u64 ns) override;
  void on_program(Thread& thread, u64 ns) override;
  void on_started(Thread& thread, u64 ns, i32 maker) override;
  void on_ended(Thread& thread, u64 ns, i32 wait_status, bool superseded) override;
  void on_lost(Thread&, u64, u64 events) override { lost_ += events; }

 private:
  struct Row {
    std::string name;
    u64 calls = 0, errors = 0, before = 0;  // `before`: calls at the last screen
    double rate = 0;
    Durations durations;
  };
  struct Process {
    std::string name;
    u64 calls = 0, errors = 0, total_ns = 0, before = 0;
    double rate = 0;
    usize threads = 0;
  };
  void update_rates(u64 now_ns);
  std::vector<const Row*> ordered() const;
  std::string call_line(const Row& row) const;
  std::string doing(i32 pid) const;

  Filter filter_;
  std::string title_;
  Order order_ = Order::time;
  bool paused_ = false;
  std::map<u64, Row> calls_;
  std::map<i32, Process> processes_;
  u64 total_ = 0, errors_ = 0, lost_ = 0, ended_ = 0, last_screen_ns_ = 0, started_ns_ = 0;
};

}  // namespace limen::trace
