#include "kernel/fs/proc/sysctl.h"

#include <fmt/format.h>

#include "abi/fcntl.h"
#include "host/random.h"
#include "kernel/fs/proc/numbers.h"
#include "kernel/ipc/fanotify.h"
#include "kernel/ipc/inotify.h"
#include "kernel/ipc/pipe.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/net/endpoint.h"
#include "kernel/version.h"

namespace limen {
namespace {

std::string line(u64 value) { return std::to_string(value) + "\n"; }

std::string random_uuid() {
  u8 b[16];
  host::fill_random(b);
  b[6] = static_cast<u8>((b[6] & 0x0f) | 0x40), b[8] = static_cast<u8>((b[8] & 0x3f) | 0x80);
  std::string text;
  for (usize i = 0; i < 16; ++i)
    text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
  return text + "\n";
}

// What never changes: the rules that this kernel follows. Read-only, where Linux lets its administrator choose.
struct Rule {
  const char* path;
  std::string_view value;
};
constexpr Rule kRules[] = {
    {"fs/lease-break-time", "45"},
    {"fs/mount-max", "100000"},
    {"fs/mqueue/msg_default", "10"},
    {"fs/mqueue/msg_max", "10"},
    {"fs/mqueue/msgsize_default", "8192"},
    {"fs/mqueue/msgsize_max", "8192"},
    {"fs/mqueue/queues_max", "256"},
    {"fs/nr_open", "1048576"},
    {"fs/overflowgid", "65534"},
    {"fs/overflowuid", "65534"},
    {"fs/pipe-user-pages-hard", "0"},
    {"fs/protected_fifos", "0"},
    {"fs/protected_hardlinks", "1"},
    {"fs/protected_regular", "0"},
    {"fs/protected_symlinks", "1"},
    {"fs/suid_dumpable", "0"},
    {"kernel/arch", "x86_64"},
    {"kernel/cap_last_cap", "40"},
    {"kernel/core_pattern", "core"},
    {"kernel/core_uses_pid", "0"},
    {"kernel/keys/maxbytes", "20000"},
    {"kernel/keys/maxkeys", "200"},
    {"kernel/keys/root_maxbytes", "25000000"},
    {"kernel/keys/root_maxkeys", "1000000"},
    {"kernel/msgmax", "8192"},
    {"kernel/msgmnb", "16384"},
    {"kernel/msgmni", "32000"},
    {"kernel/ngroups_max", "65536"},
    {"kernel/osrelease", kLinuxRelease},
    {"kernel/ostype", "Linux"},
    {"kernel/overflowgid", "65534"},
    {"kernel/overflowuid", "65534"},
    {"kernel/pid_max", "4194304"},
    {"kernel/printk", "4\t4\t1\t7"},
    {"kernel/random/entropy_avail", "256"},
    {"kernel/random/poolsize", "256"},
    {"kernel/randomize_va_space", "2"},
    {"kernel/sched_rr_timeslice_ms", "100"},
    {"kernel/seccomp/actions_avail", "kill_process kill_thread trap errno user_notif trace log allow"},
    {"kernel/seccomp/actions_logged", "kill_process kill_thread trap errno user_notif trace log"},
    {"kernel/sem", "32000\t1024000000\t500\t32000"},
    {"kernel/shm_rmid_forced", "0"},
    {"kernel/shmall", "18446744073692774399"},
    {"kernel/shmmax", "18446744073692774399"},
    {"kernel/shmmni", "4096"},
    {"kernel/tainted", "0"},
    {"kernel/version", kLinuxVersion},
    {"net/core/somaxconn", "4096"},
    {"net/ipv4/ip_local_port_range", "32768\t60999"},
    {"net/ipv4/ip_unprivileged_port_start", "1024"},
    {"vm/legacy_va_layout", "0"},
    {"vm/nr_hugepages", "0"},
    {"vm/overcommit_kbytes", "0"},
    {"vm/overcommit_memory", "0"},
    {"vm/overcommit_ratio", "50"},
    {"vm/panic_on_oom", "0"},
    {"vm/swappiness", "0"},
};

// What is asked of the kernel at hand.
struct Asked {
  const char* path;
  Result<std::string> (*render)(Task& reader);
};
constexpr Asked kAsked[] = {
    {"fs/fanotify/max_queued_events", [](Task&) -> Result<std::string> { return line(FanotifyGroup::kMostQueued); }},
    {"fs/fanotify/max_user_groups", [](Task&) -> Result<std::string> { return line(FanotifyGroup::kMostGroups); }},
    {"fs/fanotify/max_user_marks",
     [](Task& reader) -> Result<std::string> {
       return line(InotifyGroup::most_watches(reader.kernel().options().limits.memory));
     }},
    {"fs/file-max", [](Task&) -> Result<std::string> { return line(static_cast<u64>(INT64_MAX)); }},
    {"fs/inotify/max_queued_events", [](Task&) -> Result<std::string> { return line(InotifyGroup::kMostQueued); }},
    {"fs/inotify/max_user_instances", [](Task&) -> Result<std::string> { return line(InotifyGroup::kMostInstances); }},
    {"fs/inotify/max_user_watches",
     [](Task& reader) -> Result<std::string> {
       return line(InotifyGroup::most_watches(reader.kernel().options().limits.memory));
     }},
    {"fs/pipe-max-size", [](Task&) -> Result<std::string> { return line(Pipe::kMaxBytes); }},
    {"kernel/random/boot_id",
     [](Task& reader) -> Result<std::string> { return std::string(reader.kernel().boot_id()); }},
    {"kernel/random/uuid", [](Task&) -> Result<std::string> { return random_uuid(); }},
    {"kernel/threads-max",
     [](Task& reader) -> Result<std::string> { return line(reader.kernel().options().limits.pids); }},
    {"vm/max_map_count", [](Task&) -> Result<std::string> { return line(kMaxMapCount); }},
    {"vm/mmap_min_addr",
     [](Task& reader) -> Result<std::string> { return line(reader.kernel().platform().guest_floor()); }},
};

// The names of the UTS namespace, which may be set.
std::string first_line(std::string_view text) {
  constexpr usize kMost = 64;  // __NEW_UTS_LEN
  return std::string(text.substr(0, std::min(text.find('\n'), kMost)));
}

Ref<Inode> make_hostname(PseudoFilesystem& fs) {
  auto render = [](Task& reader) -> Result<std::string> { return reader.namespaces().uts->hostname() + "\n"; };
  auto store = [](Task& writer, std::string_view text) -> Result<void> {
    if (!writer.credentials().capable_in(*writer.namespaces().uts, Capability::sys_admin)) return Errno::eperm;
    writer.namespaces().uts->set_hostname(first_line(text));
    return success;
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0644, render, store);
}

Ref<Inode> make_domainname(PseudoFilesystem& fs) {
  auto render = [](Task& reader) -> Result<std::string> { return reader.namespaces().uts->domainname() + "\n"; };
  auto store = [](Task& writer, std::string_view text) -> Result<void> {
    if (!writer.credentials().capable_in(*writer.namespaces().uts, Capability::sys_admin)) return Errno::eperm;
    writer.namespaces().uts->set_domainname(first_line(text));
    return success;
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0644, render, store);
}

// Which groups may make ping sockets (icmp(7)), as ids of the reader's user namespace. Source: net/ipv4/sysctl_net_ipv4.c.
Ref<Inode> make_ping_groups(PseudoFilesystem& fs) {
  auto render = [](Task& reader) -> Result<std::string> {
    const NetNamespace::GroupRange range = reader.namespaces().net->ping_groups();
    const Credentials& own = reader.credentials();
    return fmt::format("{}\t{}\n", own.seen(Gid(range.first)), own.seen(Gid(range.last)));
  };
  auto store = [](Task& writer, std::string_view text) -> Result<void> {
    NetNamespace& net = *writer.namespaces().net;
    const Credentials& own = writer.credentials();
    if (!own.capable_in(net, Capability::net_admin)) return Errno::eacces;
    const usize first_end = text.find_first_of(" \t");
    if (first_end == std::string_view::npos) return Errno::einval;
    std::string_view rest = text.substr(first_end);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const i64 first = TRY(parse_integer(text.substr(0, first_end)));
    const i64 last = TRY(parse_integer(rest));
    constexpr i64 kMost = UINT32_MAX - 1;
    if (first < 0 || last < 0 || first > kMost || last > kMost) return Errno::einval;
    const Gid low = TRY(own.kernel_id(Gid(static_cast<u32>(first))));
    const Gid high = TRY(own.kernel_id(Gid(static_cast<u32>(last))));
    net.set_ping_groups(low.raw() <= high.raw() ? NetNamespace::GroupRange{low.raw(), high.raw()}
                                                : NetNamespace::GroupRange{});
    return success;
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0666, render, store);  // for all to open: a capability judges
}

// Asks for caches to be dropped. The kernel keeps no page of the host's files; its names go as they age.
Ref<Inode> make_drop_caches(PseudoFilesystem& fs) {
  auto render = [](Task&) -> Result<std::string> { return Errno::einval; };
  auto store = [](Task&, std::string_view) -> Result<void> { return success; };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0200, render, store);
}

// user.max_*_namespaces, of the reader's own user namespace. Source: kernel/ucount.c.
Ref<Inode> make_namespace_limit(PseudoFilesystem& fs, NamespaceKind kind) {
  const usize index = static_cast<usize>(kind);
  auto render = [index](Task& reader) -> Result<std::string> {
    return line(reader.credentials().user_ns->most[index].load());
  };
  auto store = [index](Task& writer, std::string_view text) -> Result<void> {
    const Credentials& own = writer.credentials();
    if (!own.capable_here(Capability::sys_resource)) return Errno::eacces;
    const i64 wanted = TRY(parse_integer(text));
    if (wanted < 0 || wanted > INT32_MAX) return Errno::einval;
    own.user_ns->most[index].store(static_cast<u32>(wanted));
    return success;
  };
  // For all to open: whoever may write is judged by a capability of its own, which an owner and a mode cannot say.
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0666, render, store);
}

}  // namespace

void make_sysctls(PseudoFilesystem& fs, const PutFile& put) {
  const auto put_read_only = [&](const char* path, PseudoText::Render render) {
    Ref<PseudoText> text = make_ref<PseudoText>(fs, abi::s_ifreg | 0444, std::move(render));
    text->refuse_writes(PseudoText::kAtOpen);
    put(path, std::move(text));
  };
  for (const Rule& rule : kRules) {
    auto render = [value = rule.value](Task&) -> Result<std::string> { return std::string(value) + "\n"; };
    put_read_only(rule.path, render);
  }
  for (const Asked& row : kAsked) put_read_only(row.path, row.render);
  put("kernel/hostname", make_hostname(fs));
  put("kernel/domainname", make_domainname(fs));
  put("vm/drop_caches", make_drop_caches(fs));
  put("net/ipv4/ping_group_range", make_ping_groups(fs));
  for (const auto& [name, kind] : {std::pair{"cgroup", NamespaceKind::cgroup},
                                   {"ipc", NamespaceKind::ipc},
                                   {"mnt", NamespaceKind::mount},
                                   {"net", NamespaceKind::net},
                                   {"pid", NamespaceKind::pid},
                                   {"user", NamespaceKind::user},
                                   {"uts", NamespaceKind::uts}}) {
    put(fmt::format("user/max_{}_namespaces", name), make_namespace_limit(fs, kind));
  }
}

}  // namespace limen
