// seccomp(2) of one task: its mode and its filters, and what becomes of a call that they refuse.
// Source: seccomp(2), kernel/seccomp.c.
//
// Written by the task itself or, where a sibling synchronises the whole group, by that one: always under ThreadGroup::lock. Read
// by the task's own thread without one: filters only grow, and a new one holds the old. Others take the group's lock.
//
// Whoever answers calls before they reach dispatch must ask must_see() first, for each task of the address space:
// a number that it names goes to the kernel.
#pragma once

#include <atomic>
#include <optional>

#include "base/result.h"
#include "kernel/filter/filter.h"
#include "platform/platform.h"

namespace limen {

class Task;

class SeccompState {
 public:
  enum class Mode : u8 { disabled = 0, strict = 1, filter = 2 };
  Mode mode() const { return mode_.load(std::memory_order_acquire); }
  const Filter* filter() const { return head_.load(std::memory_order_acquire); }
  // Is there more to do about this call than to answer it? By the task's own thread, or under the group's lock.
  bool must_see(u64 nr) const {
    const Mode mode = this->mode();
    if (mode == Mode::disabled) return false;
    const Filter* filter = this->filter();
    return filter == nullptr || !filter->always_allows(nr);
  }

  // Under the group's lock.
  Ref<Filter> filter_ref() const { return owned_; }
  void set(Task& task, Mode mode, Ref<Filter> filter);
  Ref<Filter> release() {
    head_.store(nullptr, std::memory_order_release);
    return std::move(owned_);
  }

 private:
  std::atomic<Mode> mode_{Mode::disabled};
  std::atomic<const Filter*> head_{nullptr};
  Ref<Filter> owned_;
};

// What the task's filters say of a call. Blocks for a supervisor or a tracer. nullopt: carry it out (a tracer may have changed
// `call`); else the value for RAX, or nothing where RAX stays or the task ends.
struct SeccompOutcome {
  bool keep_registers = false;
  Result<i64> result{i64{0}};
  bool by_supervisor = false;  // by whoever listens to a filter: not a refusal, whatever it says
};
std::optional<SeccompOutcome> apply_seccomp(Task& task, platform::Entry& call);

// A new task has its maker's mode and filters. Under the group's lock.
void inherit_seccomp(Task& from, Task& to);
// The task ends: a supervisor hears POLLHUP when the last task of a filter is gone.
void drop_filters(Task& task);
// The sandbox's own profile, before the first instruction.
void install_profile(Task& task, Ref<FilterProgram> profile);
// PR_SET_SECCOMP, SECCOMP_SET_MODE_STRICT. einval.
Result<i64> set_strict_mode(Task& task);
// SECCOMP_SET_MODE_FILTER and PR_SET_SECCOMP: `program` is a struct sock_fprog.
Result<i64> set_filter_mode(Task& task, u32 flags, GuestAddr program);

}  // namespace limen
