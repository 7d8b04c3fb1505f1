#include "kernel/task/rseq.h"

#include "abi/rseq.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

// What the host may write of an area: the fields that it knows.
constexpr u32 kMostWritten = 256;

u64 written_bytes(const platform::RseqArea& area) { return std::min(area.length, kMostWritten); }

bool is_fit(u64 addr, u32 length) {
  static_assert(abi::rseq_feature_size <= abi::rseq_size_orig, "a longer area must reach to the last feature too");
  return length >= abi::rseq_size_orig && addr % abi::rseq_align == 0;
}

// Whether a process that does not end with this thread may use its memory.
bool is_mm_shared(Task& task) {
  ThreadGroup& group = task.group();
  MutexGuard guard(group.lock);
  const usize own = group.exiting || group.members.size() == 1 ? group.members.size() : 0;
  return task.mm().ref_count() > own;
}

Result<i64> unregister(Task& task, const platform::RseqArea& area) {
  if (task.rseq.addr == 0 || task.rseq.addr != area.addr || task.rseq.length != area.length) return Errno::einval;
  if (task.rseq.signature != area.signature) return Errno::eperm;
  task.cpu().set_rseq({});
  task.mm().unpin(GuestAddr(area.addr), written_bytes(area));
  task.rseq = {};
  return 0;
}

}  // namespace

Result<i64> sys_rseq(Task& task, GuestAddr rseq, u32 len, RseqFlags flags, u32 sig) {
  if (!task.kernel().platform().rseq_support().present) return Errno::enosys;
  const platform::RseqArea area{rseq.raw(), len, sig};
  if (flags.raw() == abi::rseq_flag_unregister) return unregister(task, area);
  if (flags.raw() != 0) return Errno::einval;
  if (task.rseq.addr != 0) {
    if (task.rseq.addr != area.addr || task.rseq.length != area.length) return Errno::einval;
    return task.rseq.signature != area.signature ? Errno::eperm : Errno::ebusy;
  }
  if (!is_fit(area.addr, area.length)) return Errno::einval;
  if (!task.mm().pin(rseq, written_bytes(area))) return Errno::efault;
  task.rseq = area;
  task.cpu().set_rseq(area);
  return 0;
}

void inherit_rseq(const Task& task, Task& child) {
  if (task.rseq.addr == 0 || !child.mm().pin(GuestAddr(task.rseq.addr), written_bytes(task.rseq))) return;
  child.rseq = task.rseq;
  child.cpu().set_rseq(child.rseq);
}

void leave_rseq(Task& task) {
  if (task.rseq.addr == 0) return;
  if (is_mm_shared(task)) task.cpu().set_rseq({});
  task.mm().unpin(GuestAddr(task.rseq.addr), written_bytes(task.rseq));
  task.rseq = {};
}

}  // namespace limen
