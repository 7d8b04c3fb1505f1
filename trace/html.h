// A report to look at: one self-contained page. Events are written as they come, one line each, in a block of text that the page's
// script indexes when it is opened; what is counted over all of them follows at the end.
#pragma once

#include "trace/filter.h"
#include "trace/follow.h"
#include "trace/output.h"
#include "trace/summary.h"

namespace limen::trace {

// The parts of the page around the data: trace/html_page.cc.
extern const std::string_view kPageHead, kPageScript;

class HtmlWriter final : public Follower {
 public:
  HtmlWriter(DecodeOptions decode, Filter filter, std::string title, Output& output)
      : decode_(decode), filter_(std::move(filter)), title_(std::move(title)), output_(output) {
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
  struct Life {  // of a thread
    i32 tid, pid, maker;
    std::string name, end;
    u64 start_ns, end_ns;
  };
  struct Touched {  // a file, a socket
    u64 calls = 0, errors = 0, read = 0, written = 0;
  };
  void begin();
  void line(u64 start_ns, u64 duration_ns, i32 tid, std::string_view name, i32 error, std::string_view text);
  void touch(const Call& call);
  usize name_index(std::string_view name);

  // Names of files come from guests: no more of them than this are told apart.
  static constexpr usize kMostFiles = 20'000;
  DecodeOptions decode_;
  Filter filter_;
  std::string title_;
  Output& output_;
  bool begun_ = false;
  u64 last_ns_ = 0;
  std::map<std::string, usize, std::less<>> names_;
  std::map<i32, usize> current_;  // thread -> its Life
  std::vector<Life> lives_;
  std::map<std::string, Touched> files_, sockets_;
};

}  // namespace limen::trace
