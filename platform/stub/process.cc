#include "platform/stub/process.h"

#include <poll.h>
#include <sys/utsname.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "host/clock.h"
#include "host/futex.h"
#include "platform/sleeper.h"

namespace limen::platform {
namespace {

using Order = wire::OrderPage::Order;
using host::FutexScope;

Order order(long nr, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0, u64 e = 0, u64 f = 0) {
  return {static_cast<u64>(nr), {a, b, c, d, e, f}, 0};
}

// Does who waits in SECCOMP_IOCTL_NOTIF_RECV hear of the end of those who could report? Since Linux 6.11.
bool receive_tells_of_death() {
  static const bool tells = [] {
    utsname host{};
    unsigned major = 0, minor = 0;
    return host::call::uname(&host).ok() && std::sscanf(host.release, "%u.%u", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 11));
  }();
  return tells;
}

bool valid_range(u64 addr, u64 length) {
  return ((addr | length) & kPageMask) == 0 && length != 0 && addr >= LIMEN_GUEST_FLOOR && addr < LIMEN_SLOTS &&
         length <= LIMEN_SLOTS - addr;
}

}  // namespace

// Orders on their way to the order page, and the files that they need.
class StubProcess::Batch {
 public:
  bool full() const { return count_ == orders_.size(); }
  bool empty() const { return count_ == 0; }
  void add(const Order& o) { orders_[count_++] = o; }
  std::span<const Order> orders() const { return {orders_.data(), count_}; }
  void clear() { count_ = files_ = lent_ = known_ = 0; }
  // The caller may close its files now: their numbers will mean others.
  void forget_files() { known_ = files_; }

  // The number under which the guest's process has this file, or -1: it has none yet.
  int find_file(int host_fd) const {
    for (u32 i = known_; i < files_; ++i) {
      if (host_fds_[i] == host_fd) return LIMEN_FD_FILES + static_cast<int>(i);
    }
    return -1;
  }
  bool files_full() const { return files_ == host_fds_.size(); }
  int next_file() const { return LIMEN_FD_FILES + static_cast<int>(files_); }
  // `share`: how the file may be mapped.
  void add_file(int host_fd, u64 share, host::Handle copy) {
    host_fds_[files_] = host_fd;
    copies_[files_] = std::move(copy);
    shares_[files_++] = share;
  }
  u64 share_of(int number) const { return shares_[static_cast<usize>(number - LIMEN_FD_FILES)]; }
  u32 files() const { return files_; }
  // Those that the guest's process does not have yet.
  u32 to_lend() const { return files_ - lent_; }
  Loan next_loan() {
    const u32 i = lent_++;
    return {copies_[i].valid() ? copies_[i].fd() : host_fds_[i], LIMEN_FD_FILES + static_cast<int>(i)};
  }

 private:
  std::array<Order, LIMEN_MAX_ORDERS - LIMEN_MAX_FILES> orders_;  // leaves room for the closes
  std::array<int, LIMEN_MAX_FILES> host_fds_;
  std::array<host::Handle, LIMEN_MAX_FILES> copies_;
  std::array<u64, LIMEN_MAX_FILES> shares_;
  u32 count_ = 0, files_ = 0;
  u32 lent_ = 0;
  u32 known_ = 0;  // host_fds_ from here on are still open under these numbers
};

StubProcess::StubProcess(Control& control, u32 order_index, int pid, int public_fd)
    : control_(control),
      order_index_(order_index),
      pid_(pid),
      public_fd_(public_fd),
      gathered_(std::make_unique<Batch>()) {}

StubProcess::~StubProcess() {
  control_.give_slots(slots_);
  control_.give_order_page(order_index_);
}

Result<void> StubProcess::connect() {
  // The kernel is its parent and has not reaped it: the number is its own.
  pidfd_ = host::Handle(static_cast<int>(TRY(host::call::pidfd_open(pid_, 0))));
  wire::OrderPage* page = control_.order_page(order_index_);
  while (__atomic_load_n(&page->ready, __ATOMIC_ACQUIRE) == 0) {
    const timespec soon = host::to_timespec(host::monotonic_ns() + 20'000'000);
    (void)host::futex_wait(&page->ready, 0, FutexScope::shared, &soon).ok();
    pollfd death = {pidfd_.fd(), POLLIN, 0};
    if (host::call::poll(&death, 1, 0).value_or(0) != 0) return Errno::esrch;
  }
  listener_ = host::Handle(static_cast<int>(TRY(host::call::pidfd_getfd(pidfd_.fd(), LIMEN_FD_LISTENER, 0))));
  // Linux 6.6; without it each batch costs a wake-up on whichever CPU the host likes.
  (void)host::call::ioctl(listener_.fd(), LIMEN_IOCTL_NOTIF_SET_FLAGS, 1 /* SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP */).ok();
  const MutexGuard guard(mutex_);
  TRY(receive());
  return success;
}

// The mapping thread's next report. Its number is admitted to no other thread of the process, and the host says who
// makes it: so it is proof.
Result<StubProcess::Report> StubProcess::receive() {
  for (;;) {
    if (!receive_tells_of_death()) {
      pollfd listener = {listener_.fd(), POLLIN, 0};
      const Result<i64> ready = host::call::poll(&listener, 1, -1);
      if (ready.is(Errno::eintr)) continue;
      if (!ready.ok()) return ready.error();
      if ((listener.revents & POLLIN) == 0) return Errno::esrch;
    }
    seccomp_notif report{};
    const Result<i64> got = host::call::ioctl(listener_.fd(), SECCOMP_IOCTL_NOTIF_RECV, &report);
    if (got.is(Errno::eintr)) continue;
    if (got.is(Errno::enoent)) return Errno::esrch;  // it died: after reporting, or (since 6.11) without
    if (!got.ok()) return got.error();
    if (report.pid != static_cast<u32>(pid_) || report.data.nr != LIMEN_NR_REPORT) {
      kill();
      return Errno::esrch;
    }
    report_id_ = report.id;
    return Report{report.data.args[0], static_cast<i64>(report.data.args[1])};
  }
}

// The mapping thread works while we wait for it: on our CPU. On another one, which is halted, waking it and being woken by it would
// cost 50 us each; what connect() asks of the host for that does not hold for loans (docs/decisions/0049-what-a-fork-waits-for.md).
void StubProcess::bring_mapper() {
  const int here = ::sched_getcpu();
  if (here < 0 || here == mapper_cpu_) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<usize>(here), &set);
  set_affinity(pid_, &set, sizeof set);
  mapper_cpu_ = here;
}

// `loan`, which the orders need, goes out with them.
Result<StubProcess::Report> StubProcess::run(std::span<const Order> orders, std::optional<Loan> loan) {
  if (dead()) return Errno::esrch;
  Sleeper::wake_gathered();
  wire::OrderPage* page = control_.order_page(order_index_);
  std::memcpy(page->orders, orders.data(), orders.size_bytes());
  __atomic_store_n(&page->count, static_cast<u32>(orders.size()), __ATOMIC_RELEASE);
  if (loan) {
    TRY(lend_file(*loan, SECCOMP_ADDFD_FLAG_SEND));
  } else {
    bring_mapper();
    seccomp_notif_resp go{};
    go.id = report_id_;
    const Result<i64> sent = host::call::ioctl(listener_.fd(), SECCOMP_IOCTL_NOTIF_SEND, &go);
    if (!sent.ok()) return Errno::esrch;  // enoent: the thread that waited is gone
  }
  map_batches.fetch_add(1, std::memory_order_relaxed);
  map_orders.fetch_add(orders.size(), std::memory_order_relaxed);
  return receive();
}

Result<void> StubProcess::lend_file(const Loan& loan, u32 flags) {
  bring_mapper();
  seccomp_notif_addfd lend{};
  lend.id = report_id_;
  lend.flags = SECCOMP_ADDFD_FLAG_SETFD | flags;
  lend.srcfd = static_cast<u32>(loan.host_fd);
  lend.newfd = static_cast<u32>(loan.number);
  const Result<i64> lent = host::call::ioctl(listener_.fd(), SECCOMP_IOCTL_NOTIF_ADDFD, &lend);
  if (lent.is(Errno::enoent)) return Errno::esrch;
  if (!lent.ok()) return lent.error();
  return success;
}

Result<void> StubProcess::flush(Batch& batch) {
  if (batch.empty()) return success;
  std::optional<Loan> last;
  while (batch.to_lend() != 0) {
    if (last) TRY(lend_file(*last, 0));
    last = batch.next_loan();
  }
  std::array<Order, LIMEN_MAX_ORDERS> all;
  usize count = 0;
  for (const Order& o : batch.orders()) all[count++] = o;
  const usize wanted = count;
  for (u32 i = 0; i < batch.files(); ++i) all[count++] = order(SYS_close, LIMEN_FD_FILES + i);
  const Report report = TRY(run({all.data(), count}, last));
  const std::span<const Order> closes = std::span<const Order>(all).subspan(wanted, count - wanted);
  batch.clear();
  if (report.done >= wanted) return success;
  if (!closes.empty()) TRY(run(closes));
  return static_cast<Errno>(-report.result);
}

Result<void> StubProcess::add(Batch& batch, const MapOrder& o) {
  if (!valid_range(o.addr, o.length) || (o.offset & kPageMask) != 0) return Errno::einval;
  if (batch.full()) TRY(flush(batch));
  const u64 populate = o.populate ? MAP_POPULATE : 0;
  switch (o.kind) {
    case MapOrder::Kind::map_arena:
      batch.add(order(SYS_mmap, o.addr, o.length, o.prot, MAP_SHARED | MAP_FIXED | MAP_NORESERVE | populate,
                      LIMEN_FD_ARENA, o.offset));
      return success;
    case MapOrder::Kind::map_file: {
      if ((o.prot & kProtWrite) != 0) return Errno::einval;
      if (o.host_fd == public_fd_) {
        batch.add(order(SYS_mmap, o.addr, o.length, o.prot, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | populate,
                        LIMEN_FD_PUBLIC, o.offset));
        return success;
      }
      int number = batch.find_file(o.host_fd);
      if (number < 0) {
        if (batch.files_full()) TRY(flush(batch));
        number = batch.next_file();
        // Shared, where the descriptor cannot write: then no later mprotect can make the mapping writable.
        const Result<i64> mode = host::call::fcntl(o.host_fd, F_GETFL, 0);
        // A second descriptor, where the orders do not go out before the first is the caller's again.
        host::Handle copy;
        if (gathered_) copy = host::Handle(static_cast<int>(TRY(host::call::fcntl(o.host_fd, F_DUPFD_CLOEXEC, 0))));
        batch.add_file(o.host_fd, mode.ok() && (*mode & O_ACCMODE) == O_RDONLY ? MAP_SHARED : MAP_PRIVATE,
                       std::move(copy));
      }
      batch.add(order(SYS_mmap, o.addr, o.length, o.prot, batch.share_of(number) | MAP_FIXED | MAP_NORESERVE | populate,
                      static_cast<u64>(number), o.offset));
      return success;
    }
    case MapOrder::Kind::unmap:
      batch.add(order(SYS_munmap, o.addr, o.length));
      return success;
    case MapOrder::Kind::protect:
      batch.add(order(SYS_mprotect, o.addr, o.length, o.prot));
      return success;
  }
  return Errno::einval;
}

Result<void> StubProcess::apply(std::span<const MapOrder> orders) {
  const MutexGuard guard(mutex_);
  if (dead()) return Errno::esrch;
  Batch now;
  Batch& batch = gathered_ ? *gathered_ : now;
  for (const MapOrder& o : orders) {
    const Result<void> added = add(batch, o);
    if (added.ok()) continue;
    (void)flush(batch).ok();  // what came before it is done, and its files are closed
    return added;
  }
  if (!gathered_) return flush(batch);
  batch.forget_files();
  return success;
}

Result<void> StubProcess::settle() {
  const MutexGuard guard(mutex_);
  if (!gathered_) return success;
  const std::unique_ptr<Batch> batch = std::move(gathered_);
  return dead() ? Errno::esrch : flush(*batch);
}

Result<ParkedThread> StubProcess::take_thread() {
  {
    const MutexGuard guard(slots_mutex_);
    if (!parked_.empty()) {
      const ParkedThread thread = parked_.back();
      parked_.pop_back();
      return thread;
    }
  }
  const MutexGuard guard(mutex_);
  if (dead()) return Errno::esrch;
  const u32 index = TRY(control_.take_slot());
  {
    const MutexGuard slots(slots_mutex_);
    slots_.push_back(index);
  }
  const u64 at = Control::slot_guest_address(index);
  const u64 stack = at + wire::kSlotStackTop - FrameLimits::of_this_machine().frame_reserve;
  const Order orders[] = {
      order(SYS_mmap, at, LIMEN_SLOT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, LIMEN_FD_CONTROL,
            Control::slot_offset(index)),
      order(SYS_clone, LIMEN_CLONE_THREAD, stack),
  };
  slot(index).header()->post = 1;  // the new thread starts as one that has posted
  const Report report = TRY(run(orders));
  // On failure the slot stays with this process until it ends.
  if (report.done != std::size(orders)) return static_cast<Errno>(-report.result);
  return ParkedThread{index, static_cast<int>(report.result), 1};
}

void StubProcess::park(const ParkedThread& thread) {
  const MutexGuard guard(slots_mutex_);
  parked_.push_back(thread);
}

void StubProcess::kill() { (void)host::call::pidfd_send_signal(pidfd_.fd(), SIGKILL, nullptr, 0).ok(); }

void StubProcess::on_death() {
  const MutexGuard guard(slots_mutex_);
  if (reaped_) return;
  siginfo_t info{};
  (void)host::call::waitid(P_PIDFD, pidfd_.fd(), &info, WEXITED, nullptr).ok();
  reaped_ = true;
  dead_.store(1, std::memory_order_seq_cst);
  for (const u32 index : slots_) {
    // Nobody else writes the word any more: a kernel thread that is about to sleep on it sees it change.
    wire::Slot* slot = this->slot(index).header();
    __atomic_add_fetch(&slot->post, 1, __ATOMIC_SEQ_CST);
    host::futex_wake(&slot->post, 1, FutexScope::shared);
  }
}

void StubProcess::wait_dead() {
  Sleeper::wake_gathered();
  // Not by the reaper, which may be on a CPU that is halted: the process wakes us where it dies.
  while (!dead()) {
    pollfd death = {pidfd_.fd(), POLLIN, 0};
    if (host::call::poll(&death, 1, -1).value_or(0) == 1) on_death();
  }
}

void StubProcess::kick(int tid) {
  const MutexGuard guard(slots_mutex_);
  if (!reaped_) (void)host::call::tgkill(pid_, tid, LIMEN_SIGNAL_KICK).ok();
}

void StubProcess::set_affinity(int tid, const void* mask, usize size) {
  const MutexGuard guard(slots_mutex_);
  if (!reaped_) (void)host::call::sched_setaffinity(tid, size, mask).ok();
}

}  // namespace limen::platform
