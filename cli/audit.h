// limen run --audit FILE: one line of JSON for each event that matters to security (docs/audit.schema.json).
//
//   AuditLog log("audit.jsonl", "ls -l");   // UsageError where the file cannot be written; nothing has been started
//   plan.recorder = AuditLog::options();    // which calls the kernel tells of
//   start_sandbox(plan, [&](int events_fd) { return log.read(events_fd); });
//
// What stands in a line is the kernel's: the words of a call as they were carried out, its result, who made it. Strings out of a
// guest's memory (paths, arguments, names of programs) are what stood there when the kernel looked: hearsay.
#pragma once

#include <map>
#include <string>

#include "kernel/trace/options.h"
#include "trace/follow.h"

namespace limen::cli {

class AuditLog final : public trace::Follower {
 public:
  AuditLog(const std::string& file, std::string_view command);
  static RecorderOptions options();
  // Body of the events' reader: limen's status.
  int read(int events_fd);
  void take(const trace::EventView& view) override;

 protected:
  void on_entry(trace::Thread& thread, u64 ns) override;
  void on_exit(trace::Thread& thread, u64 ns) override;
  void on_signal(trace::Thread& thread, u64 ns, const abi::SigInfo& info) override;
  void on_ended(trace::Thread& thread, u64 ns, i32 wait_status, bool superseded) override;

 private:
  // What is known of a thread beside its call.
  struct Who {
    i32 pid = 0, ppid = 0;
    u32 euid = 0;
    std::string command;
  };
  std::string head(std::string_view event, const trace::Thread& thread, u64 realtime_ns) const;
  void call(std::string_view event, trace::Thread& thread, u64 ns);
  void follow_ids(const trace::Call& call, Who& who);
  void write(std::string line);

  const std::string file_;
  int fd_;
  bool broken_ = false;  // the file took no more: said once
  std::map<i32, Who> who_;
};

}  // namespace limen::cli
