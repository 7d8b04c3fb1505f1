// What may refuse a system call: a program that judges it, and the path of programs that a task has collected.
// Source: seccomp(2), kernel/seccomp.c.
//
// A Filter is one program and those installed before it: immutable, shared by all tasks that inherited it. A task's path
// only grows, and a new Filter holds the old one; so `Filter*` read from a task by its own thread stays good.
//
//   if (!filter.always_allows(nr)) verdict = filter.judge(call);
//
// Which numbers are allowed whatever their arguments is computed when a filter is made: such a call costs one bit test.
#pragma once

#include <array>
#include <string>

#include "abi/seccomp.h"
#include "abi/syscalls.h"
#include "base/ref.h"
#include "kernel/ipc/account.h"

namespace limen {

class Listener;

class FilterProgram : public RefCounted {
 public:
  // SECCOMP_RET_*. Any thread; never blocks; ends within a bound of its own.
  virtual u32 run(const abi::SeccompData& call) const = 0;
  // Is this x86-64 call allowed with any arguments and from anywhere?
  virtual bool always_allows(u32 nr) const = 0;
  virtual u32 cost() const = 0;
  // For the message about a refused call: which rule. Empty: the program is a guest's own and is not explained.
  virtual std::string explain(const abi::SeccompData&) const { return {}; }
};

class Filter final : public RefCounted {
 public:
  struct Options {
    bool log = false;            // SECCOMP_FILTER_FLAG_LOG
    bool wait_killable = false;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
  };
  // `listener` may be null. `charge` is what the program's memory was counted with.
  Filter(Ref<FilterProgram> program, Ref<Filter> previous, Options options, Ref<Listener> listener,
         MemoryCharge charge);
  ~Filter() override;

  bool always_allows(u64 nr) const { return nr < kSyscallEnd && (allowed_[nr / 64] >> (nr % 64) & 1) != 0; }
  // The strictest verdict of the path; of equals that of the filter installed last. `by` is whose it is (null: nobody minds).
  struct Verdict {
    u32 value = abi::seccomp_ret_allow;
    const Filter* by = nullptr;
    u32 action() const { return value & abi::seccomp_ret_action_full; }
    u32 data() const { return value & abi::seccomp_ret_data; }
  };
  Verdict judge(const abi::SeccompData& call) const;

  const FilterProgram& program() const { return *program_; }
  const Options& options() const { return options_; }
  Listener* listener() const { return listener_.get(); }
  const Filter* previous() const { return previous_.get(); }
  bool is_or_descends_from(const Filter* ancestor) const;
  void installed() { installed_ = true; }  // only the end of one that was is told to its listener
  bool has_listener() const;               // anywhere on the path
  u32 count() const { return count_; }
  // What Linux bounds: the instructions of the path, and four for each filter that is not the last.
  u64 path_cost() const { return path_cost_; }

 private:
  const Ref<FilterProgram> program_;
  Ref<Filter> previous_;
  const Options options_;
  const Ref<Listener> listener_;
  const u32 count_;
  const u64 path_cost_;
  const MemoryCharge charge_;
  bool installed_ = false;
  std::array<u64, (kSyscallEnd + 63) / 64> allowed_{};
};

inline constexpr u64 kMostPathCost = 32768;  // MAX_INSNS_PER_PATH
inline constexpr u64 kFilterPenalty = 4;

}  // namespace limen
