// What root of a network, pid or user namespace may set below /proc/sys, and that it holds. Source: proc_sys_net(5), proc_sys_user(5).
#include "tests/guest/settings.h"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/inotify.h>
#include <sys/un.h>

namespace {

using guest::as_root_of, guest::cannot_open, guest::first_wrong, guest::put, guest::reads, guest::set, guest::Write;

}  // namespace

TEST(a_capability_does_not_make_a_root) {
  COVERS("openat");
  if (!guest::is_root()) SKIP("wants two users");
  EXPECT_EQ(0, guest::in_child([] {
              if (unshare(CLONE_NEWIPC | CLONE_NEWNET) != 0) return 1;
              if (setegid(65534) != 0 || SYS(setresuid, 0, 65534, 0) != 0) return 2;
              __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
              __user_cap_data_struct data[2]{};
              if (SYS(capget, &head, data) != 0) return 3;
              data[0].effective = data[0].permitted, data[1].effective = data[1].permitted;
              if (SYS(capset, &head, data) != 0) return 4;
              if (put("kernel/shmmni", "5") != cannot_open(EACCES)) return 5;
              return set("net/core/somaxconn", "5") ? 0 : 6;  // but CAP_NET_ADMIN does
            }));
}

TEST(bounds_of_a_network_namespace) {
  COVERS("write");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWNET, [] {
              const Write writes[] = {
                  {"net/core/somaxconn", "-1", -EINVAL, "4096\n"},
                  {"net/core/somaxconn", "2147483647", 10, "2147483647\n"},
                  {"net/ipv4/ip_local_port_range", "0 5", -EINVAL, "32768\t60999\n"},
                  {"net/ipv4/ip_local_port_range", "1000 2000", -EINVAL, "32768\t60999\n"},
                  {"net/ipv4/ip_local_port_range", "1025 1024", -EINVAL, "32768\t60999\n"},
                  {"net/ipv4/ip_local_port_range", "1024 70000", -EINVAL, "32768\t60999\n"},
                  {"net/ipv4/ip_local_port_range", "5000", 4, "5000\t60999\n"},
                  {"net/ipv4/ip_local_port_range", "2000 2001 3", 10, "2000\t2001\n"},
                  {"net/ipv4/ip_unprivileged_port_start", "-1", -EINVAL, "1024\n"},
                  {"net/ipv4/ip_unprivileged_port_start", "65536", -EINVAL, "1024\n"},
                  {"net/ipv4/ip_unprivileged_port_start", "2001", -EINVAL, "1024\n"},
                  {"net/ipv4/ip_unprivileged_port_start", "2000", 4, "2000\n"},
                  {"net/ipv4/tcp_wmem", "1 2 0", -EINVAL, "1\t2\t4194304\n"},
                  {"net/ipv4/tcp_keepalive_time", "100000", 6, "100000\n"},
                  {"net/ipv4/tcp_keepalive_time", "2147483647", -EINVAL, "100000\n"},
                  {"net/ipv4/tcp_keepalive_probes", "256", -EINVAL, "9\n"},
                  {"net/ipv4/tcp_syn_retries", "0", -EINVAL, "6\n"},
                  {"net/ipv4/tcp_syn_retries", "128", -EINVAL, "6\n"},
                  {"net/ipv4/ip_default_ttl", "0", -EINVAL, "64\n"},
                  {"net/ipv4/ip_default_ttl", "256", -EINVAL, "64\n"},
                  {"net/ipv6/bindv6only", "256", -EINVAL, "0\n"},
                  {"net/ipv4/ping_group_range", "0 0", 3, "0\t0\n"},
                  {"net/ipv4/ping_group_range", "0 5", -EINVAL, "0\t0\n"},  // 5 has no meaning here
                  {"net/ipv4/ping_group_range", "x", -EINVAL, "0\t0\n"},
              };
              if (int wrong = first_wrong(writes)) return wrong;
              for (const char* name : {"net/core/rmem_default", "net/core/wmem_max"})  // the whole machine's
                if (put(name, "5000") != cannot_open(EACCES)) return 100;
              return 0;
            }));
}

TEST(ports_are_given_from_the_range) {
  COVERS("bind");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWNET, [] {
              if (!set("net/ipv4/ip_local_port_range", "5000 5001")) return 1;
              sockaddr_in any{};
              any.sin_family = AF_INET;
              int seen = 0;
              for (int i = 0; i < 2; ++i) {
                int s = socket(AF_INET, SOCK_DGRAM, 0);
                sockaddr_in own{};
                socklen_t length = sizeof own;
                if (bind(s, reinterpret_cast<sockaddr*>(&any), sizeof any) != 0) return 2;
                if (getsockname(s, reinterpret_cast<sockaddr*>(&own), &length) != 0) return 3;
                seen += ntohs(own.sin_port);
              }
              if (seen != 10001) return 4;
              int s = socket(AF_INET, SOCK_DGRAM, 0);
              return bind(s, reinterpret_cast<sockaddr*>(&any), sizeof any) == -1 && errno == EADDRINUSE ? 0 : 5;
            }));
}

TEST(low_ports_may_be_for_all) {
  COVERS("bind");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWNET, [] {
              if (!set("net/ipv4/ip_unprivileged_port_start", "80")) return 1;
              __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
              __user_cap_data_struct none[2]{};
              if (SYS(capset, &head, none) != 0) return 2;
              sockaddr_in own{};
              own.sin_family = AF_INET, own.sin_port = htons(79);
              int s = socket(AF_INET, SOCK_DGRAM, 0);
              if (bind(s, reinterpret_cast<sockaddr*>(&own), sizeof own) != -1 || errno != EACCES) return 3;
              own.sin_port = htons(80);
              return bind(s, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0 ? 0 : 4;
            }));
}

TEST(a_listener_queues_somaxconn) {
  COVERS("listen");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWNET, [] {
              if (!set("net/core/somaxconn", "1")) return 1;
              sockaddr_un name{AF_UNIX, {}};
              memcpy(name.sun_path, "\0queue", 6);
              const auto* address = reinterpret_cast<const sockaddr*>(&name);
              int listener = socket(AF_UNIX, SOCK_STREAM, 0);
              if (bind(listener, address, sizeof name) != 0 || listen(listener, 100) != 0) return 2;
              for (int i = 0; i < 3; ++i) {
                int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
                bool connected = connect(s, address, sizeof name) == 0;
                if (connected != (i < 2) || (!connected && errno != EAGAIN)) return 3 + i;
              }
              return 0;
            }));
}

TEST(sockets_begin_as_their_namespace_says) {
  COVERS("socket", "getsockopt");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWNET, [] {
              const auto option = [](int s, int level, int name) {
                int value = -1;
                socklen_t length = sizeof value;
                return getsockopt(s, level, name, &value, &length) == 0 ? value : -2;
              };
              int before = socket(AF_INET, SOCK_STREAM, 0);
              if (!set("net/ipv4/tcp_keepalive_time", "71") || !set("net/ipv4/tcp_keepalive_intvl", "72")) return 1;
              if (!set("net/ipv4/tcp_keepalive_probes", "73") || !set("net/ipv4/tcp_syn_retries", "4")) return 2;
              if (!set("net/ipv4/tcp_fin_timeout", "75") || !set("net/ipv4/ip_default_ttl", "76")) return 3;
              if (!set("net/ipv6/bindv6only", "1") || !set("net/ipv4/tcp_rmem", "4096 50000 6291456")) return 4;
              if (!set("net/ipv4/tcp_wmem", "4096 60000 4194304")) return 5;
              int s = socket(AF_INET, SOCK_STREAM, 0);
              for (int each : {before, s}) {  // these are asked for when they are needed
                if (option(each, IPPROTO_TCP, TCP_KEEPIDLE) != 71 || option(each, IPPROTO_TCP, TCP_KEEPINTVL) != 72)
                  return 6;
                if (option(each, IPPROTO_TCP, TCP_KEEPCNT) != 73 || option(each, IPPROTO_TCP, TCP_SYNCNT) != 4)
                  return 7;
                if (option(each, IPPROTO_TCP, TCP_LINGER2) != 75 || option(each, IPPROTO_IP, IP_TTL) != 76) return 8;
              }
              if (option(s, SOL_SOCKET, SO_RCVBUF) != 50000 || option(s, SOL_SOCKET, SO_SNDBUF) != 60000) return 9;
              if (option(before, SOL_SOCKET, SO_RCVBUF) == 50000) return 10;
              int six = socket(AF_INET6, SOCK_STREAM, 0);
              return six == -1 || option(six, IPPROTO_IPV6, IPV6_V6ONLY) == 1 ? 0 : 11;
            }));
}

TEST(numbers_of_a_pid_namespace) {
  COVERS("fork");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(
      0, as_root_of(CLONE_NEWPID, [] {
        return guest::in_child([] {  // its init
          const Write writes[] = {
              {"kernel/pid_max", "300", -EINVAL, "4194304\n"}, {"kernel/pid_max", "4194305", -EINVAL, "4194304\n"},
              {"kernel/ns_last_pid", "-1", -EINVAL, "1\n"},    {"kernel/ns_last_pid", "4194305", -EINVAL, "1\n"},
              {"kernel/ns_last_pid", "7000", 4, "7000\n"},
          };
          if (int wrong = first_wrong(writes)) return wrong;
          pid_t child = guest::spawn([] { return 0; });
          if (child != 7001 || !reads("kernel/ns_last_pid", "7001\n")) return 10;
          guest::reap(child);
          if (!set("kernel/ns_last_pid", "300") || !set("kernel/pid_max", "302")) return 11;
          child = guest::spawn([] { return pause(); });
          if (child != 301) return 12;
          pid_t around = guest::spawn([] { return pause(); });
          if (around != 300) return 13;
          pid_t none = fork();
          if (none == 0) _exit(0);
          if (none != -1 || errno != EAGAIN) return 14;
          kill(child, SIGKILL), kill(around, SIGKILL);
          guest::reap(child), guest::reap(around);
          return guest::in_child([] {
            return unshare(CLONE_NEWPID) != 0
                       ? 15
                       : guest::in_child([] { return reads("kernel/pid_max", "4194304\n") ? 0 : 16; });
          });
        });
      }));
}

TEST(the_last_number_wants_a_capability) {
  COVERS("write");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(0, [] {  // of no pid namespace
              return put("kernel/ns_last_pid", "1000") == -EPERM ? 0 : 1;
            }));
}

TEST(inotify_is_limited_by_user_and_namespace) {
  COVERS("inotify_init1", "inotify_add_watch");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(0, [] {
              const Write writes[] = {
                  {"user/max_inotify_watches", "-1", -EINVAL, "2147483647\n"},
                  {"user/max_inotify_watches", "2147483648", -EINVAL, "2147483647\n"},
                  {"user/max_inotify_watches", "2", 1, "2\n"},
                  {"user/max_inotify_instances", "1", 1, "1\n"},
              };
              if (int wrong = first_wrong(writes)) return wrong;
              int fd = inotify_init1(IN_CLOEXEC);
              if (fd == -1 || inotify_init1(IN_CLOEXEC) != -1 || errno != EMFILE) return 10;
              int first = inotify_add_watch(fd, "/", IN_CREATE);
              if (first == -1 || inotify_add_watch(fd, "/tmp", IN_CREATE) == -1) return 11;
              if (inotify_add_watch(fd, "/proc", IN_CREATE) != -1 || errno != ENOSPC) return 12;
              if (inotify_add_watch(fd, "/", IN_DELETE) != first || inotify_rm_watch(fd, first) != 0) return 13;
              if (inotify_add_watch(fd, "/proc", IN_CREATE) == -1) return 14;
              close(fd);
              return guest::eventually([] { return inotify_init1(IN_CLOEXEC) != -1; }) ? 0 : 15;
            }));
}

TEST(limits_of_a_user_namespace_are_for_its_root) {
  COVERS("openat", "access");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(0, [] {
              struct stat st;
              if (stat("/proc/sys/user/max_ipc_namespaces", &st) != 0 || st.st_mode != (S_IFREG | 0644)) return 1;
              if (access("/proc/sys/user/max_ipc_namespaces", W_OK) != 0) return 2;
              __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
              __user_cap_data_struct none[2]{};
              if (SYS(capset, &head, none) != 0) return 3;
              if (put("user/max_ipc_namespaces", "5") != cannot_open(EACCES)) return 4;
              return reads("user/max_ipc_namespaces", "2147483647\n") ? 0 : 5;
            }));
}

TEST(what_programs_read_is_there) {
  COVERS("openat", "read");
  for (const char* name : {"fs/aio-max-nr",
                           "fs/aio-nr",
                           "fs/epoll/max_user_watches",
                           "fs/file-max",
                           "fs/inotify/max_queued_events",
                           "fs/inotify/max_user_instances",
                           "fs/inotify/max_user_watches",
                           "fs/lease-break-time",
                           "fs/leases-enable",
                           "fs/nr_open",
                           "fs/pipe-max-size",
                           "fs/pipe-user-pages-soft",
                           "fs/protected_fifos",
                           "fs/protected_hardlinks",
                           "fs/protected_regular",
                           "fs/protected_symlinks",
                           "fs/suid_dumpable",
                           "kernel/cap_last_cap",
                           "kernel/core_pattern",
                           "kernel/core_uses_pid",
                           "kernel/dmesg_restrict",
                           "kernel/keys/maxkeys",
                           "kernel/kptr_restrict",
                           "kernel/ngroups_max",
                           "kernel/panic",
                           "kernel/pid_max",
                           "kernel/printk",
                           "kernel/randomize_va_space",
                           "kernel/sem",
                           "kernel/threads-max",
                           "net/core/default_qdisc",
                           "net/core/somaxconn",
                           "net/core/rmem_max",
                           "net/core/wmem_max",
                           "net/ipv4/ip_forward",
                           "net/ipv4/ip_local_port_range",
                           "net/ipv4/tcp_congestion_control",
                           "net/ipv4/tcp_rmem",
                           "net/unix/max_dgram_qlen",
                           "vm/max_map_count",
                           "vm/mmap_min_addr",
                           "vm/overcommit_kbytes",
                           "vm/overcommit_memory",
                           "vm/overcommit_ratio",
                           "vm/panic_on_oom",
                           "vm/swappiness"}) {
    char path[128], text[256];
    snprintf(path, sizeof path, "/proc/sys/%s", name);
    ssize_t length = guest::slurp(path, text, sizeof text);
    EXPECT_GT(length, 1);
    if (length > 0) EXPECT_EQ('\n', text[length - 1]);
  }
}

GUEST_TEST_MAIN
