#include "kernel/cred/change.h"

#include "abi/capability.h"
#include "abi/resource.h"
#include "kernel/kernel.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr u64 bit(Capability c) { return u64{1} << static_cast<unsigned>(c); }
constexpr u64 kFileCapabilities = bit(Capability::chown) | bit(Capability::mknod) | bit(Capability::dac_override) |
                                  bit(Capability::dac_read_search) | bit(Capability::fowner) | bit(Capability::fsetid) |
                                  bit(Capability::mac_override) | bit(Capability::linux_immutable);

bool has_root(const Credentials& c) { return c.is_root(c.uid) || c.is_root(c.euid) || c.is_root(c.suid); }
bool is_subset(u64 small, u64 large) { return (small & ~large) == 0; }

}  // namespace

void follow_user_ids(const Credentials& old, Credentials& fresh) {
  if ((old.securebits & abi::secbit_no_setuid_fixup) != 0) return;
  if (has_root(old) && !has_root(fresh)) {
    if ((old.securebits & abi::secbit_keep_caps) == 0) fresh.permitted = fresh.effective = 0;
    fresh.ambient = 0;
  }
  if (old.is_root(old.euid) && !old.is_root(fresh.euid)) fresh.effective = 0;
  if (!old.is_root(old.euid) && old.is_root(fresh.euid)) fresh.effective = fresh.permitted;
}

void follow_filesystem_uid(const Credentials& old, Credentials& fresh) {
  if ((old.securebits & abi::secbit_no_setuid_fixup) != 0) return;
  if (old.is_root(old.fsuid) && !old.is_root(fresh.fsuid)) fresh.effective &= ~kFileCapabilities;
  if (!old.is_root(old.fsuid) && old.is_root(fresh.fsuid)) fresh.effective |= fresh.permitted & kFileCapabilities;
}

Result<void> check_capset(const Credentials& old, const Credentials& fresh) {
  if (!old.capable_here(Capability::setpcap) && !is_subset(fresh.inheritable, old.inheritable | old.permitted))
    return Errno::eperm;
  if (!is_subset(fresh.inheritable, old.inheritable | old.bounding)) return Errno::eperm;
  if (!is_subset(fresh.permitted, old.permitted)) return Errno::eperm;
  if (!is_subset(fresh.effective, fresh.permitted)) return Errno::eperm;
  return success;
}

void publish_credentials(Task& task, Ref<Credentials> fresh) {
  const Credentials& old = task.credentials();
  if (old.euid != fresh->euid || old.egid != fresh->egid || old.fsuid != fresh->fsuid || old.fsgid != fresh->fsgid ||
      !is_subset(fresh->permitted, old.permitted)) {
    task.group().dumpable.store(static_cast<u8>(task.kernel().settings().suid_dumpable), std::memory_order_relaxed);
    task.parent_death_signal = Signal(0);
  }
  task.set_credentials(std::move(fresh));
}

bool passes_process_limit(Task& task, u64 more) {
  const Credentials& own = task.credentials();
  if (own.uid == Uid(0) || !own.user_ns) return false;
  return own.user_ns->account(own.uid)->tasks.load() + more > task.group().limit(abi::rlimit_nproc).soft;
}

void change_user_ids(Task& task, Ref<Credentials> fresh) {
  follow_user_ids(task.credentials(), *fresh);
  const Uid before = task.credentials().uid, now = fresh->uid;
  publish_credentials(task, std::move(fresh));
  // Linux: flag_nproc_exceeded. The change itself succeeds, since too few programs look at its result.
  if (now != before) task.process_limit_passed = passes_process_limit(task, 0);
}

void change_filesystem_uid(Task& task, Ref<Credentials> fresh) {
  follow_filesystem_uid(task.credentials(), *fresh);
  publish_credentials(task, std::move(fresh));
}

}  // namespace limen
