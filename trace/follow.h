// Who is in which call: keeps the state that single events do not tell, and hands whole facts to whoever writes them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "trace/decode.h"

namespace limen::trace {

struct Thread {
  i32 tid = 0, pid = 0;
  std::string name;  // of its program
  Call call;
  Seen at_signal;  // with the latest signal
  bool in_call = false;
  std::optional<u64> last_nr;  // of the call before
  u64 started_ns = 0;
  // For writers: the text that waits for the call's end; is the call one that is shown?
  std::string held;
  bool shown = false;
  usize column = 0;  // with a file for each: of its line
};

class Follower {
 public:
  virtual ~Follower() = default;
  virtual void take(const EventView& view);
  // No event follows. What is still in a call stays there.
  virtual void finish() {}

 protected:
  virtual void on_entry(Thread&, u64 /*ns*/) {}
  virtual void on_exit(Thread&, u64 /*ns*/) {}  // thread.call is whole; in_call is still set
  virtual void on_signal(Thread&, u64 /*ns*/, const abi::SigInfo&) {}
  virtual void on_stopped(Thread&, u64 /*ns*/, i32 /*signo*/) {}
  virtual void on_started(Thread&, u64 /*ns*/, i32 /*maker*/) {}
  virtual void on_program(Thread&, u64 /*ns*/) {}
  virtual void on_renumbered(i32 /*from*/, Thread& /*now*/) {}
  virtual void on_ended(Thread&, u64 /*ns*/, i32 /*wait_status*/, bool /*superseded*/) {}  // the thread goes afterwards
  virtual void on_lost(Thread&, u64 /*ns*/, u64 /*events*/) {}
  virtual void on_counters(u64 /*ns*/, const event::Counters&) {}

  const std::map<i32, Thread>& threads() const { return threads_; }
  // Wall-clock time of an event.
  u64 realtime_ns(u64 ns) const { return ns + realtime_offset_; }
  u64 first_ns() const { return first_ns_; }
  // Of all whose number somebody may still say: a thread's until it has ended, a process's until it has been waited for.
  const ProcessNames& names() const { return names_; }
  void forget(i32 tid) { threads_.erase(tid), latest_ = nullptr; }

 private:
  Thread& thread_of(const event::RecordHead& head);
  void follow_names(const Thread& thread);
  void entered(Thread& thread, const EventView& view);
  void left(Thread& thread, const EventView& view);
  std::map<i32, Thread> threads_;
  Thread* latest_ = nullptr;  // among threads_
  ProcessNames names_;
  u64 realtime_offset_ = 0, first_ns_ = 0;
};

}  // namespace limen::trace
