#include "kernel/fs/proc/sysctl.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/random.h"
#include "kernel/fs/proc/sysctl_file.h"
#include "kernel/ipc/fanotify.h"
#include "kernel/ipc/inotify.h"
#include "kernel/ipc/pipe.h"
#include "kernel/ipc/sysv_shm.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/net/endpoint.h"
#include "kernel/version.h"

namespace limen {
namespace {

using Right = SysctlRight;
using Form = SysctlNumbers::Form;

// --- What never changes: the rules that this kernel follows, where Linux lets its administrator choose ------------------

struct Rule {
  const char* path;
  std::string_view value;
};
constexpr Rule kRules[] = {
    {"fs/file-max", "9223372036854775807"},
    {"fs/mount-max", "100000"},
    {"fs/overflowgid", "65534"},
    {"fs/overflowuid", "65534"},
    {"fs/pipe-user-pages-hard", "0"},
    {"fs/pipe-user-pages-soft", "0"},
    {"kernel/arch", "x86_64"},
    {"kernel/cap_last_cap", "40"},
    {"kernel/ngroups_max", "65536"},
    {"kernel/osrelease", kLinuxRelease},
    {"kernel/ostype", "Linux"},
    {"kernel/overflowgid", "65534"},
    {"kernel/overflowuid", "65534"},
    {"kernel/random/entropy_avail", "256"},
    {"kernel/random/poolsize", "256"},
    {"kernel/sched_rr_timeslice_ms", "100"},
    {"kernel/seccomp/actions_avail", "kill_process kill_thread trap errno user_notif trace log allow"},
    {"kernel/seccomp/actions_logged", "kill_process kill_thread trap errno user_notif trace log"},
    {"kernel/sysctl_writes_strict", "1"},
    {"kernel/tainted", "0"},
    {"kernel/version", kLinuxVersion},
    {"net/core/default_qdisc", "pfifo_fast"},
    {"net/ipv4/ip_forward", "0"},
    {"net/ipv4/tcp_available_congestion_control", "reno cubic"},
    {"net/ipv4/tcp_congestion_control", "cubic"},
    {"net/unix/max_dgram_qlen", "10"},
    {"vm/legacy_va_layout", "0"},
    {"vm/nr_hugepages", "0"},
};

struct Asked {
  const char* path;
  Result<std::string> (*render)(Task& reader);
};

std::string random_uuid() {
  u8 b[16];
  host::fill_random(b);
  b[6] = static_cast<u8>((b[6] & 0x0f) | 0x40), b[8] = static_cast<u8>((b[8] & 0x3f) | 0x80);
  std::string text;
  for (usize i = 0; i < 16; ++i)
    text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
  return text;
}

constexpr Asked kAsked[] = {
    {"fs/aio-nr",
     [](Task& reader) -> Result<std::string> { return std::to_string(reader.kernel().settings().aio_nr.load()); }},
    {"fs/fanotify/max_queued_events",
     [](Task&) -> Result<std::string> { return std::to_string(FanotifyGroup::kMostQueued); }},
    {"fs/fanotify/max_user_groups",
     [](Task&) -> Result<std::string> { return std::to_string(FanotifyGroup::kMostGroups); }},
    {"fs/fanotify/max_user_marks",
     [](Task& reader) -> Result<std::string> {
       return std::to_string(InotifyGroup::most_watches(reader.kernel().options().limits.memory));
     }},
    {"kernel/random/boot_id",
     [](Task& reader) -> Result<std::string> {
       return reader.kernel().boot_id().substr(0, reader.kernel().boot_id().find('\n'));
     }},
    {"kernel/random/uuid", [](Task&) -> Result<std::string> { return random_uuid(); }},
    {"vm/mmap_min_addr",
     [](Task& reader) -> Result<std::string> { return std::to_string(reader.kernel().platform().guest_floor()); }},
};

// --- Numbers that may be written ----------------------------------------------------------------------------------------

template <typename T>
std::span<Setting> span_of(T& held) {
  if constexpr (std::is_same_v<T, Setting>) {
    return {&held, 1};
  } else {
    return held;
  }
}

// Where a number is, seen from who asks for it.
template <auto Member>
std::span<Setting> of_sandbox(Task& task) {
  return span_of(task.kernel().settings().*Member);
}
template <auto Member>
std::span<Setting> of_buffers(Task& task) {
  return span_of(task.kernel().settings().buffers.*Member);
}
template <auto Member>
std::span<Setting> of_memory(Task& task) {
  return span_of(task.kernel().arena().settings.*Member);
}
template <auto Member>
std::span<Setting> of_ipc(Task& task) {
  return span_of((*ipc_of(task).settings).*Member);
}
template <auto Member>
std::span<Setting> of_net(Task& task) {
  return span_of((*net_of(task).settings).*Member);
}
template <Counted What>
std::span<Setting> of_user(Task& task) {
  return span_of(task.credentials().user_ns->most(What));
}
template <Counted What>
std::span<Setting> of_first_user(Task& task) {
  UserNamespace* at = task.credentials().user_ns.get();
  while (at->parent() != nullptr) at = at->parent();
  return span_of(at->most(What));
}
std::span<Setting> pid_max(Task& task) { return span_of(task.pid_namespace().pid_max); }

struct Number {
  const char* path;
  std::span<Setting> (*at)(Task& task);
  Right right = Right::sandbox;
  u32 mode = 0644;
  SysctlNumbers how;
  // Judges, and may round, all numbers before any of them is kept.
  Result<void> (*judge)(Task& writer, std::span<u64> wanted) = nullptr;
  // Draws the consequences; `before`: what was there.
  Result<void> (*settle)(Task& writer, std::span<const u64> before) = nullptr;
};

constexpr SysctlNumbers integer(i64 least = INT32_MIN, i64 most = INT32_MAX) {
  return {Form::integer, static_cast<u64>(least), static_cast<u64>(most)};
}
constexpr SysctlNumbers natural(u64 least = 0, u64 most = ~u64{0}) { return {Form::natural, least, most}; }
constexpr i64 kMostIpc = 1 << ipc_index_bits;   // Linux: IPCMNI
constexpr i64 kMostSeconds = INT32_MAX / 1000;  // of what is kept in ticks
constexpr i64 kMostMessages = 65536, kMostMessageBytes = 16 << 20;

// Linux: proc_ipc_sem_dointvec: the others stay as they were written.
Result<void> settle_sem(Task& writer, std::span<const u64> before) {
  Setting& sets = ipc_of(writer).settings->sem[3];
  if (sets.integer() >= 0 && sets.integer() <= kMostIpc) return success;
  sets.set(before[3]);
  return Errno::erange;
}

Result<void> settle_shm(Task& writer, std::span<const u64>) {
  if (ipc_of(writer).settings->shm_rmid_forced.on()) remove_orphaned_shm(ipc_of(writer));
  return success;
}

// Linux: ipv4_local_port_range, ipv4_privileged_ports.
Result<void> judge_ports(Task& writer, std::span<u64> wanted) {
  const bool fits = wanted[0] <= wanted[1] && wanted[0] >= net_of(writer).settings->ip_unprivileged_port_start;
  return fits ? Result<void>() : Errno::einval;
}
Result<void> judge_privileged(Task& writer, std::span<u64> wanted) {
  return wanted[0] <= net_of(writer).settings->ip_local_port_range[0] ? Result<void>() : Errno::einval;
}

Result<void> judge_pipe_size(Task&, std::span<u64> wanted) {
  wanted[0] = TRY(Pipe::rounded(wanted[0]));
  return success;
}

Result<void> judge_threads(Task& writer, std::span<u64> wanted) {
  return wanted[0] <= writer.kernel().options().limits.pids ? Result<void>() : Errno::einval;
}

// Linux: proc_dointvec_minmax_sysadmin.
Result<void> judge_secret(Task& writer, std::span<u64>) {
  return writer.credentials().capable(Capability::sys_admin) ? Result<void>() : Errno::eperm;
}

// The one rules where the other is 0. Linux: overcommit_ratio_handler, overcommit_kbytes_handler.
Result<void> settle_ratio(Task& writer, std::span<const u64>) {
  writer.kernel().arena().settings.overcommit_kbytes.set(0);
  return success;
}
Result<void> settle_kbytes(Task& writer, std::span<const u64>) {
  writer.kernel().arena().settings.overcommit_ratio.set(0);
  return success;
}

// Upper bounds are Linux's but where more would be more than this kernel can keep: max_map_count, nr_open, threads-max, keys.
constexpr Number kNumbers[] = {
    {"fs/aio-max-nr", of_sandbox<&SystemSettings::aio_max_nr>, Right::sandbox, 0644, natural()},
    {"fs/epoll/max_user_watches", of_sandbox<&SystemSettings::epoll_max_user_watches>, Right::sandbox, 0644,
     natural(0, INT64_MAX)},
    {"fs/inotify/max_queued_events", of_sandbox<&SystemSettings::inotify_max_queued_events>, Right::sandbox, 0644,
     integer(0)},
    {"fs/inotify/max_user_instances", of_first_user<Counted::inotify_instances>, Right::sandbox, 0644, integer(0)},
    {"fs/inotify/max_user_watches", of_first_user<Counted::inotify_watches>, Right::sandbox, 0644, integer(0)},
    {"fs/lease-break-time", of_sandbox<&SystemSettings::lease_break_time>, Right::sandbox, 0644, integer(0)},
    {"fs/leases-enable", of_sandbox<&SystemSettings::leases_enable>, Right::sandbox, 0644, integer()},
    {"fs/mqueue/msg_default", of_ipc<&IpcSettings::msg_default>, Right::ipc, 0644, integer(1, kMostMessages)},
    {"fs/mqueue/msg_max", of_ipc<&IpcSettings::msg_max>, Right::ipc, 0644, integer(1, kMostMessages)},
    {"fs/mqueue/msgsize_default", of_ipc<&IpcSettings::msgsize_default>, Right::ipc, 0644,
     integer(128, kMostMessageBytes)},
    {"fs/mqueue/msgsize_max", of_ipc<&IpcSettings::msgsize_max>, Right::ipc, 0644, integer(128, kMostMessageBytes)},
    {"fs/mqueue/queues_max", of_ipc<&IpcSettings::queues_max>, Right::ipc, 0644, integer()},
    {"fs/nr_open", of_sandbox<&SystemSettings::nr_open>, Right::sandbox, 0644, natural(64, 1048576)},
    {"fs/pipe-max-size", of_sandbox<&SystemSettings::pipe_max_size>, Right::sandbox, 0644, natural(0, UINT32_MAX),
     judge_pipe_size},
    {"fs/protected_fifos", of_sandbox<&SystemSettings::protected_fifos>, Right::sandbox, 0644, integer(0, 2)},
    {"fs/protected_hardlinks", of_sandbox<&SystemSettings::protected_hardlinks>, Right::sandbox, 0644, integer(0, 1)},
    {"fs/protected_regular", of_sandbox<&SystemSettings::protected_regular>, Right::sandbox, 0644, integer(0, 2)},
    {"fs/protected_symlinks", of_sandbox<&SystemSettings::protected_symlinks>, Right::sandbox, 0644, integer(0, 1)},
    {"fs/suid_dumpable", of_sandbox<&SystemSettings::suid_dumpable>, Right::sandbox, 0644, integer(0, 2)},
    {"kernel/core_uses_pid", of_sandbox<&SystemSettings::core_uses_pid>, Right::sandbox, 0644, integer()},
    {"kernel/dmesg_restrict", of_sandbox<&SystemSettings::dmesg_restrict>, Right::sandbox, 0644, integer(0, 1),
     judge_secret},
    {"kernel/keys/maxbytes", of_sandbox<&SystemSettings::maxbytes>, Right::sandbox, 0644, integer(1, 25000000)},
    {"kernel/keys/maxkeys", of_sandbox<&SystemSettings::maxkeys>, Right::sandbox, 0644, integer(1, 1000000)},
    {"kernel/keys/root_maxbytes", of_sandbox<&SystemSettings::root_maxbytes>, Right::sandbox, 0644,
     integer(1, 25000000)},
    {"kernel/keys/root_maxkeys", of_sandbox<&SystemSettings::root_maxkeys>, Right::sandbox, 0644, integer(1, 1000000)},
    {"kernel/kptr_restrict", of_sandbox<&SystemSettings::kptr_restrict>, Right::sandbox, 0644, integer(0, 2),
     judge_secret},
    {"kernel/msg_next_id", of_ipc<&IpcSettings::msg_next_id>, Right::next_id, 0444, integer(0)},
    {"kernel/msgmax", of_ipc<&IpcSettings::msgmax>, Right::ipc, 0644, integer(0)},
    {"kernel/msgmnb", of_ipc<&IpcSettings::msgmnb>, Right::ipc, 0644, integer(0)},
    {"kernel/msgmni", of_ipc<&IpcSettings::msgmni>, Right::ipc, 0644, integer(0, kMostIpc)},
    {"kernel/panic", of_sandbox<&SystemSettings::panic>, Right::sandbox, 0644, integer()},
    {"kernel/pid_max", pid_max, Right::pid, 0644, integer(301, PidNamespace::kMax)},
    {"kernel/printk", of_sandbox<&SystemSettings::printk>, Right::sandbox, 0644, integer()},
    {"kernel/randomize_va_space", of_sandbox<&SystemSettings::randomize_va_space>, Right::sandbox, 0644, integer()},
    {"kernel/sem", of_ipc<&IpcSettings::sem>, Right::ipc, 0644, integer(), nullptr, settle_sem},
    {"kernel/sem_next_id", of_ipc<&IpcSettings::sem_next_id>, Right::next_id, 0444, integer(0)},
    {"kernel/shm_next_id", of_ipc<&IpcSettings::shm_next_id>, Right::next_id, 0444, integer(0)},
    {"kernel/shm_rmid_forced", of_ipc<&IpcSettings::shm_rmid_forced>, Right::ipc, 0644, integer(0, 1), nullptr,
     settle_shm},
    {"kernel/shmall", of_ipc<&IpcSettings::shmall>, Right::ipc, 0644, natural()},
    {"kernel/shmmax", of_ipc<&IpcSettings::shmmax>, Right::ipc, 0644, natural()},
    {"kernel/shmmni", of_ipc<&IpcSettings::shmmni>, Right::ipc, 0644, integer(0, kMostIpc)},
    {"kernel/threads-max", of_sandbox<&SystemSettings::threads_max>, Right::sandbox, 0644, integer(1), judge_threads},
    {"net/core/rmem_default", of_buffers<&BufferSettings::rmem_default>, Right::first_net, 0644, integer(2304)},
    {"net/core/rmem_max", of_buffers<&BufferSettings::rmem_max>, Right::first_net, 0644, integer(2304)},
    {"net/core/somaxconn", of_net<&NetSettings::somaxconn>, Right::net, 0644, integer(0)},
    {"net/core/wmem_default", of_buffers<&BufferSettings::wmem_default>, Right::first_net, 0644, integer(4608)},
    {"net/core/wmem_max", of_buffers<&BufferSettings::wmem_max>, Right::first_net, 0644, integer(4608)},
    {"net/ipv4/ip_default_ttl", of_net<&NetSettings::ip_default_ttl>, Right::net, 0644, integer(1, 255)},
    {"net/ipv4/ip_local_port_range", of_net<&NetSettings::ip_local_port_range>, Right::net, 0644, integer(1, 65535),
     judge_ports},
    {"net/ipv4/ip_unprivileged_port_start", of_net<&NetSettings::ip_unprivileged_port_start>, Right::net, 0644,
     integer(0, 65535), judge_privileged},
    {"net/ipv4/tcp_fin_timeout", of_net<&NetSettings::tcp_fin_timeout>, Right::net, 0644,
     integer(-kMostSeconds, kMostSeconds)},
    {"net/ipv4/tcp_keepalive_intvl", of_net<&NetSettings::tcp_keepalive_intvl>, Right::net, 0644,
     integer(-kMostSeconds, kMostSeconds)},
    {"net/ipv4/tcp_keepalive_probes", of_net<&NetSettings::tcp_keepalive_probes>, Right::net, 0644, integer(0, 255)},
    {"net/ipv4/tcp_keepalive_time", of_net<&NetSettings::tcp_keepalive_time>, Right::net, 0644,
     integer(-kMostSeconds, kMostSeconds)},
    {"net/ipv4/tcp_rmem", of_net<&NetSettings::tcp_rmem>, Right::net, 0644, integer(1)},
    {"net/ipv4/tcp_syn_retries", of_net<&NetSettings::tcp_syn_retries>, Right::net, 0644, integer(1, 127)},
    {"net/ipv4/tcp_wmem", of_net<&NetSettings::tcp_wmem>, Right::net, 0644, integer(1)},
    {"net/ipv6/bindv6only", of_net<&NetSettings::bindv6only>, Right::net, 0644, integer(0, 255)},
    {"user/max_cgroup_namespaces", of_user<Counted::cgroup>, Right::user, 0644, integer(0)},
    {"user/max_inotify_instances", of_user<Counted::inotify_instances>, Right::user, 0644, integer(0)},
    {"user/max_inotify_watches", of_user<Counted::inotify_watches>, Right::user, 0644, integer(0)},
    {"user/max_ipc_namespaces", of_user<Counted::ipc>, Right::user, 0644, integer(0)},
    {"user/max_mnt_namespaces", of_user<Counted::mount>, Right::user, 0644, integer(0)},
    {"user/max_net_namespaces", of_user<Counted::net>, Right::user, 0644, integer(0)},
    {"user/max_pid_namespaces", of_user<Counted::pid>, Right::user, 0644, integer(0)},
    {"user/max_time_namespaces", of_user<Counted::time>, Right::user, 0644, integer(0)},
    {"user/max_user_namespaces", of_user<Counted::user>, Right::user, 0644, integer(0)},
    {"user/max_uts_namespaces", of_user<Counted::uts>, Right::user, 0644, integer(0)},
    {"vm/max_map_count", of_memory<&MemorySettings::max_map_count>, Right::sandbox, 0644,
     integer(0, MemorySettings::kMostMappings)},
    {"vm/overcommit_kbytes", of_memory<&MemorySettings::overcommit_kbytes>, Right::sandbox, 0644,
     natural(0, u64{1} << 50), nullptr, settle_kbytes},
    {"vm/overcommit_memory", of_memory<&MemorySettings::overcommit_memory>, Right::sandbox, 0644, integer(0, 2)},
    {"vm/overcommit_ratio", of_memory<&MemorySettings::overcommit_ratio>, Right::sandbox, 0644, integer(0), nullptr,
     settle_ratio},
    {"vm/panic_on_oom", of_sandbox<&SystemSettings::panic_on_oom>, Right::sandbox, 0644, integer(0, 2)},
    {"vm/swappiness", of_sandbox<&SystemSettings::swappiness>, Right::sandbox, 0644, integer(0, 200)},
    {"vm/unprivileged_userfaultfd", of_sandbox<&SystemSettings::unprivileged_userfaultfd>, Right::sandbox, 0644,
     integer(0, 1)},
};

constexpr usize kMostNumbers = 4;  // in one file

Result<usize> store_numbers(const Number& row, Task& writer, std::string_view text) {
  const std::span<Setting> at = row.at(writer);
  std::array<u64, kMostNumbers> before{}, wanted{};
  for (usize i = 0; i < at.size(); ++i) before[i] = wanted[i] = at[i];
  const auto put = [&](usize i, u64 value) { row.judge != nullptr ? void(wanted[i] = value) : at[i].set(value); };
  const usize taken = TRY(parse_numbers(row.how, text, put, at.size()));
  if (row.judge != nullptr) {
    TRY(row.judge(writer, std::span(wanted).first(at.size())));
    for (usize i = 0; i < at.size(); ++i) at[i].set(wanted[i]);
  }
  if (row.settle != nullptr) TRY(row.settle(writer, before));
  return taken;
}

// --- The others: each with a rule of its own ----------------------------------------------------------------------------

// A line of at most `most` bytes, written from `from` on into what was there. Linux: _proc_do_string.
std::string written(std::string was, std::string_view text, u64 from, usize most) {
  if (from > was.size()) return was;
  was.resize(from);
  const std::string_view line = text.substr(0, text.find_first_of(std::string_view("\n\0", 2)));
  was += line.substr(0, most - std::min<usize>(most, was.size()));
  return was;
}

template <std::string (UtsNamespace::*Get)() const, void (UtsNamespace::*Set)(std::string_view)>
SysctlInode::What uts_name() {
  constexpr usize kMost = 64;  // __NEW_UTS_LEN
  auto render = [](Task& reader) -> Result<std::string> { return (*reader.namespaces().uts.*Get)(); };
  auto store = [](Task& writer, std::string_view text, u64 from) -> Result<usize> {
    UtsNamespace& uts = *writer.namespaces().uts;
    (uts.*Set)(written((uts.*Get)(), text, from, kMost));
    return text.size();
  };
  return {0644, Right::sandbox, SysctlInode::Content::text, render, store};
}

// Kept: no core file is ever written here.
SysctlInode::What core_pattern() {
  constexpr usize kMost = 127;  // CORENAME_MAX_SIZE
  auto render = [](Task& reader) -> Result<std::string> {
    SystemSettings& set = reader.kernel().settings();
    MutexGuard guard(set.lock);
    return set.core_pattern;
  };
  auto store = [](Task& writer, std::string_view text, u64 from) -> Result<usize> {
    SystemSettings& set = writer.kernel().settings();
    MutexGuard guard(set.lock);
    set.core_pattern = written(std::move(set.core_pattern), text, from, kMost);
    return text.size();
  };
  return {0644, Right::sandbox, SysctlInode::Content::text, render, store};
}

// Which groups may make ping sockets (icmp(7)), as ids of the reader's user namespace. Source: net/ipv4/sysctl_net_ipv4.c.
SysctlInode::What ping_groups() {
  auto render = [](Task& reader) -> Result<std::string> {
    const NetNamespace::GroupRange range = reader.namespaces().net->ping_groups();
    const Credentials& own = reader.credentials();
    return fmt::format("{}\t{}", own.seen(Gid(range.first)), own.seen(Gid(range.last)));
  };
  auto store = [](Task& writer, std::string_view text, u64) -> Result<usize> {
    NetNamespace& net = *writer.namespaces().net;
    const Credentials& own = writer.credentials();
    const NetNamespace::GroupRange before = net.ping_groups();
    std::array<u64, 2> wanted{own.seen(Gid(before.first)), own.seen(Gid(before.last))};
    const auto put = [&](usize i, u64 value) { wanted[i] = value; };
    const usize taken = TRY(parse_numbers(natural(0, UINT32_MAX - 1), text, put, wanted.size()));
    const Gid low = TRY(own.kernel_id(Gid(static_cast<u32>(wanted[0]))));
    const Gid high = TRY(own.kernel_id(Gid(static_cast<u32>(wanted[1]))));
    net.set_ping_groups(low.raw() <= high.raw() ? NetNamespace::GroupRange{low.raw(), high.raw()}
                                                : NetNamespace::GroupRange{});
    return taken;
  };
  return {0644, Right::net, SysctlInode::Content::numbers, render, store};
}

// Where the search for the next number of the pid namespace begins. Source: kernel/pid_namespace.c:pid_ns_ctl_handler.
SysctlInode::What last_pid() {
  auto render = [](Task& reader) -> Result<std::string> {
    ReadGuard tree(reader.kernel().process_tree);
    return std::to_string(reader.pid_namespace().last());
  };
  auto store = [](Task& writer, std::string_view text, u64) -> Result<usize> {
    PidNamespace& pids = writer.pid_namespace();
    const Credentials& own = writer.credentials();
    if (!own.capable_in(pids, Capability::checkpoint_restore) && !own.capable_in(pids, Capability::sys_admin))
      return Errno::eperm;
    u64 wanted = 0;
    const auto put = [&](usize, u64 value) { wanted = value; };
    const usize taken = TRY(parse_numbers(integer(0, pids.pid_max.integer()), text, put, 1));
    WriteGuard tree(writer.kernel().process_tree);
    pids.set_last(static_cast<i32>(wanted));
    return taken;
  };
  return {0666, Right::sandbox, SysctlInode::Content::numbers, render, store};
}

// Asks for caches to be dropped. The kernel keeps no page of the host's files; its names go as they age.
SysctlInode::What drop_caches() {
  auto store = [](Task&, std::string_view text, u64) -> Result<usize> {
    return parse_numbers(
        integer(1, 4), text, [](usize, u64) {}, 1);
  };
  return {0200, Right::sandbox, SysctlInode::Content::numbers, nullptr, store};
}

}  // namespace

void make_sysctls(PseudoFilesystem& fs, const PutFile& put) {
  const auto put_file = [&](std::string_view path, SysctlInode::What what) {
    put(path, make_ref<SysctlInode>(fs, std::move(what)));
  };
  const auto put_read_only = [&](const char* path, SysctlInode::Render render) {
    put_file(path, {0444, Right::sandbox, SysctlInode::Content::text, std::move(render), nullptr});
  };
  for (const Rule& rule : kRules)
    put_read_only(rule.path, [value = rule.value](Task&) -> Result<std::string> { return std::string(value); });
  for (const Asked& row : kAsked) put_read_only(row.path, row.render);
  for (const Number& row : kNumbers) {
    auto render = [&row](Task& reader) -> Result<std::string> { return number_text(row.how, row.at(reader)); };
    auto store = [&row](Task& writer, std::string_view text, u64) { return store_numbers(row, writer, text); };
    put_file(row.path, {row.mode, row.right, SysctlInode::Content::numbers, render, store});
  }
  put_file("kernel/core_pattern", core_pattern());
  put_file("kernel/domainname", uts_name<&UtsNamespace::domainname, &UtsNamespace::set_domainname>());
  put_file("kernel/hostname", uts_name<&UtsNamespace::hostname, &UtsNamespace::set_hostname>());
  put_file("kernel/ns_last_pid", last_pid());
  put_file("net/ipv4/ping_group_range", ping_groups());
  put_file("vm/drop_caches", drop_caches());
}

}  // namespace limen
