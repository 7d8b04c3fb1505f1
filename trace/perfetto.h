// Events for ui.perfetto.dev and chrome://tracing: a track for each thread, a slice for each call, arrows from fork to child, from
// a wake-up to the sleeper, from the writer of a pipe to its reader. Format: "Trace Event Format", JSON.
#pragma once

#include <set>

#include "trace/filter.h"
#include "trace/follow.h"
#include "trace/output.h"

namespace limen::trace {

class PerfettoWriter final : public Follower {
 public:
  PerfettoWriter(DecodeOptions decode, Filter filter, Output& output)
      : decode_(decode), filter_(std::move(filter)), output_(output) {
    if (filter_.names) decode_.names = &names();
  }
  void finish() override;

 protected:
  void on_entry(Thread& thread, u64 ns) override;
  void on_exit(Thread& thread, u64 ns) override;
  void on_signal(Thread& thread, u64 ns, const abi::SigInfo& info) override;
  void on_started(Thread& thread, u64 ns, i32 maker) override;
  void on_program(Thread& thread, u64 ns) override;
  void on_ended(Thread& thread, u64 ns, i32 wait_status, bool superseded) override;

 private:
  enum class End : u8 { start, finish };
  void put(std::string event);
  void slice(Thread& thread, u64 end_ns);
  void flow(const Thread& thread, u64 ns, std::string_view name, u64 id, End end);
  void flows_of_call(const Thread& thread, u64 ns);
  std::string microseconds(u64 ns) const;
  DecodeOptions decode_;
  Filter filter_;
  Output& output_;
  bool any_ = false;
  u64 flows_ = 0;
  // What waits for its other end: by futex word of a process, by pipe, by child.
  std::map<std::pair<i32, u64>, u64> wakes_;
  std::map<std::string, u64> writes_;
};

}  // namespace limen::trace
