// What -c and `limen stat` count: for each call how often, how it failed, how long it took.
#pragma once

#include <map>
#include <vector>

#include "trace/filter.h"
#include "trace/follow.h"

namespace limen::trace {

// How long calls took, in buckets of about a tenth: enough for percentiles, and of a fixed size.
class Durations {
 public:
  void add(u64 ns);
  void add(const Durations& other);
  u64 count() const { return count_; }
  u64 total_ns() const { return total_; }
  u64 least_ns() const { return count_ == 0 ? 0 : least_; }
  u64 most_ns() const { return most_; }
  u64 percentile_ns(double share) const;  // 0.5: the median

 private:
  static constexpr usize kPerOctave = 8, kBuckets = 64 * kPerOctave;
  static usize bucket_of(u64 ns);
  std::vector<u32> buckets_;
  u64 count_ = 0, total_ = 0, least_ = ~u64{0}, most_ = 0;
};

struct CallCount {
  std::string name;
  u64 calls = 0, errors = 0;
  u64 bytes = 0;  // that reads and writes moved
  std::map<i32, u64> by_error;
  Durations durations;
};

// Table of -c, by one of its columns or "nothing". False: no such order.
bool is_summary_order(std::string_view order);
// "name,calls": a BadSet where there is no such column.
void check_summary_columns(std::string_view columns);
std::string summary_table(std::vector<CallCount> calls, std::string_view order, std::string_view columns);

class Summary : public Follower {
 public:
  // `overhead_ns` is taken off the time of each call.
  explicit Summary(Filter filter, u64 overhead_ns = 0) : filter_(std::move(filter)), overhead_ns_(overhead_ns) {}
  std::vector<CallCount> calls() const;
  u64 tasks() const { return tasks_; }
  u64 signals() const { return signals_; }
  u64 lost() const { return lost_; }
  const event::Counters& counters() const { return counters_; }
  u64 span_ns() const { return last_ns_ > first_ns() ? last_ns_ - first_ns() : 0; }

 protected:
  void on_entry(Thread& thread, u64 ns) override;
  void on_exit(Thread& thread, u64 ns) override;
  void on_signal(Thread&, u64, const abi::SigInfo&) override { ++signals_; }
  void on_started(Thread&, u64, i32) override { ++tasks_; }
  void on_ended(Thread& thread, u64 ns, i32 wait_status, bool superseded) override;
  void on_lost(Thread&, u64, u64 events) override { lost_ += events; }
  void on_counters(u64, const event::Counters& counters) override { counters_ = counters; }

 private:
  Filter filter_;
  const u64 overhead_ns_;
  std::map<u64, CallCount> by_number_;
  event::Counters counters_{};
  u64 tasks_ = 0, signals_ = 0, lost_ = 0, last_ns_ = 0;
};

}  // namespace limen::trace
