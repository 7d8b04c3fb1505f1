// Events as JSON lines: docs/trace.schema.json says what stands in them.
#pragma once

#include <string>

#include "trace/filter.h"
#include "trace/follow.h"
#include "trace/output.h"

namespace limen::trace {

// In quotes. Bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);
bool is_utf8(std::string_view text);

class JsonWriter final : public Follower {
 public:
  JsonWriter(DecodeOptions decode, Filter filter, Output& output)
      : decode_(decode), filter_(std::move(filter)), output_(output) {
    if (filter_.names) decode_.names = &names();
  }

 protected:
  void on_entry(Thread& thread, u64 ns) override;
  void on_exit(Thread& thread, u64 ns) override;
  void on_signal(Thread& thread, u64 ns, const abi::SigInfo& info) override;
  void on_stopped(Thread& thread, u64 ns, i32 signo) override;
  void on_started(Thread& thread, u64 ns, i32 maker) override;
  void on_program(Thread& thread, u64 ns) override;
  void on_ended(Thread& thread, u64 ns, i32 wait_status, bool superseded) override;
  void on_lost(Thread& thread, u64 ns, u64 events) override;

 private:
  std::string head(std::string_view type, const Thread& thread, u64 ns) const;
  void call(Thread& thread);
  DecodeOptions decode_;
  Filter filter_;
  Output& output_;
};

}  // namespace limen::trace
