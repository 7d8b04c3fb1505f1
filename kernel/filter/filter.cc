#include "kernel/filter/filter.h"

#include "kernel/filter/listener.h"

namespace limen {

Filter::Filter(Ref<FilterProgram> program, Ref<Filter> previous, Options options, Ref<Listener> listener,
               MemoryCharge charge)
    : program_(std::move(program)),
      previous_(std::move(previous)),
      options_(options),
      listener_(std::move(listener)),
      count_(previous_ ? previous_->count_ + 1 : 1),
      path_cost_(program_->cost() + (previous_ ? previous_->path_cost_ + kFilterPenalty : 0)),
      charge_(std::move(charge)) {
  for (u32 nr = 0; nr < kSyscallEnd; ++nr) {
    if (previous_ && !previous_->always_allows(nr)) continue;
    if (program_->always_allows(nr)) allowed_[nr / 64] |= u64{1} << (nr % 64);
  }
}

Filter::~Filter() {
  if (listener_ && installed_) listener_->abandon();
  // A path may be thousands of filters long: not by recursion.
  Ref<Filter> next = std::move(previous_);
  while (next && next->ref_count() == 1) next = std::move(next->previous_);
}

Filter::Verdict Filter::judge(const abi::SeccompData& call) const {
  Verdict verdict;
  for (const Filter* filter = this; filter != nullptr; filter = filter->previous()) {
    const u32 value = filter->program_->run(call);
    const auto strictness = [](u32 v) { return static_cast<i32>(v & abi::seccomp_ret_action_full); };
    if (strictness(value) < strictness(verdict.value)) verdict = {value, filter};
  }
  return verdict;
}

bool Filter::is_or_descends_from(const Filter* ancestor) const {
  for (const Filter* filter = this; filter != nullptr; filter = filter->previous()) {
    if (filter == ancestor) return true;
  }
  return false;
}

bool Filter::has_listener() const {
  for (const Filter* filter = this; filter != nullptr; filter = filter->previous()) {
    if (filter->listener_) return true;
  }
  return false;
}

}  // namespace limen
