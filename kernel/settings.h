// What an administrator may set below /proc/sys: plain numbers with Linux's defaults, held by what they are about and read where they
// count. Names, bounds and who may write them stand in kernel/fs/proc/sysctl.cc; here a number is as it was judged.
// Source: Documentation/admin-guide/sysctl/{kernel,vm,fs,net,user}.rst, proc(5).
//
//   if (size > ipc_of(task).settings->msgmax) return Errno::einval;
//
// Any thread; each number for itself.
#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <string>

#include "base/lock.h"
#include "base/ref.h"
#include "base/types.h"

namespace limen {

// One number. Those with a sign are kept as what they are modulo 2^64.
class Setting {
 public:
  template <std::integral T>
  Setting(T initial) : value_(static_cast<u64>(initial)) {}
  u64 get() const { return value_.load(std::memory_order_relaxed); }
  operator u64() const { return get(); }
  i32 integer() const { return static_cast<i32>(get()); }
  bool on() const { return get() != 0; }
  void set(u64 value) { value_.store(value, std::memory_order_relaxed); }
  u64 exchange(u64 value) { return value_.exchange(value, std::memory_order_relaxed); }

 private:
  std::atomic<u64> value_;
};

// kernel.*, fs.mqueue.*: of an IPC namespace (kernel/ipc/sysv.h).
struct IpcSettings final : RefCounted {
  static constexpr u64 kNoBound = ~u64{0} - (u64{1} << 24);  // Linux: SHMMAX, SHMALL
  Setting msgmax = 8192, msgmnb = 16384, msgmni = 32000;
  std::array<Setting, 4> sem{32000, 1024000000, 500, 32000};  // SEMMSL, SEMMNS, SEMOPM, SEMMNI
  Setting shmall = kNoBound, shmmax = kNoBound, shmmni = 4096, shm_rmid_forced = 0;
  Setting msg_next_id = -1, sem_next_id = -1, shm_next_id = -1;  // of the next object that is made; -1: as usual
  Setting queues_max = 256, msg_max = 10, msgsize_max = 8192, msg_default = 10, msgsize_default = 8192;
};

// net.*: of a network namespace (kernel/net/endpoint.h).
struct NetSettings final : RefCounted {
  Setting somaxconn = 4096;
  // What a listener queues at most, whatever is set.
  u64 most_connections() const { return somaxconn < 65536 ? somaxconn.get() : 65536; }
  std::array<Setting, 2> ip_local_port_range{32768, 60999};
  Setting ip_unprivileged_port_start = 1024, ip_default_ttl = 64, bindv6only = 0;
  Setting tcp_keepalive_time = 7200, tcp_keepalive_intvl = 75, tcp_keepalive_probes = 9;
  Setting tcp_syn_retries = 6, tcp_fin_timeout = 60;
  std::array<Setting, 3> tcp_rmem{4096, 131072, 6291456}, tcp_wmem{4096, 16384, 4194304};
};

// net.core.*: buffers of sockets, of the whole sandbox.
struct BufferSettings {
  Setting rmem_max = 212992, rmem_default = 212992, wmem_max = 212992, wmem_default = 212992;
};

// vm.*: of all address spaces (kernel/mm/arena.h).
struct MemorySettings {
  static constexpr u64 kMostMappings = 65530;  // what the host lets each process have is not ours to raise
  Setting max_map_count = kMostMappings;
  static constexpr u64 guess = 0, always = 1, never = 2;  // overcommit_memory
  Setting overcommit_memory = guess, overcommit_ratio = 50, overcommit_kbytes = 0;
};

// All others: of the whole sandbox (Kernel::settings).
struct SystemSettings {
  // Of a sandbox of so many tasks and so much memory, 4 % of which may be watches of epoll. Linux: eventpoll_init.
  SystemSettings(u32 most_tasks, u64 memory)
      : threads_max(most_tasks), epoll_max_user_watches(memory / 25 / kBytesOfWatch) {}
  static constexpr u64 kBytesOfWatch = 512;
  BufferSettings buffers;
  Setting threads_max;  // beyond the sandbox's own limit of tasks
  Setting pipe_max_size = 1 << 20;
  Setting lease_break_time = 45, leases_enable = 1;  // seconds
  Setting nr_open = 1048576;
  Setting inotify_max_queued_events = 16384, epoll_max_user_watches;
  Setting aio_max_nr = 65536;
  std::atomic<u64> aio_nr{0};  // requests that contexts were made for
  Setting protected_hardlinks = 1, protected_symlinks = 1, protected_fifos = 0, protected_regular = 0;
  Setting suid_dumpable = 0, randomize_va_space = 2, unprivileged_userfaultfd = 0;
  Setting maxkeys = 200, maxbytes = 20000, root_maxkeys = 1000000, root_maxbytes = 25000000;
  // Kept and shown: this kernel writes no core files and no messages to a console, shows no addresses of its own, and does not swap.
  Setting core_uses_pid = 0, kptr_restrict = 0, dmesg_restrict = 1, panic = 0, panic_on_oom = 0, swappiness = 60;
  std::array<Setting, 4> printk{4, 4, 1, 7};
  Mutex lock{LockRank::leaf};
  std::string core_pattern GUARDED_BY(lock) = "core";
};

}  // namespace limen
