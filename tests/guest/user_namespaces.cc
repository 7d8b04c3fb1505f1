// user_namespaces(7): maps, ids that mean nothing, capabilities, limits.
#include "tests/guest/user_namespace.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace {

struct Caps {
  unsigned effective = 0, permitted = 0, inheritable = 0;
};
Caps caps() {
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  SYS(capget, &head, data);
  return {data[0].effective, data[0].permitted, data[0].inheritable};
}

}  // namespace

TEST(a_new_namespace_has_no_ids_and_all_capabilities) {
  COVERS("unshare", "getuid", "capget");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (unshare(CLONE_NEWUSER) != 0) return 1;
              if (getuid() != 65534 || geteuid() != 65534 || getgid() != 65534) return 2;
              uid_t r, e, s;
              if (getresuid(&r, &e, &s) != 0 || r != 65534 || s != 65534) return 3;
              if (caps().effective != ~0u || caps().inheritable != 0) return 4;
              // An id that means nothing cannot be taken, not even by the almighty.
              if (setuid(0) != -1 || errno != EINVAL) return 5;
              if (setresgid(0, 0, 0) != -1 || errno != EINVAL) return 6;
              if (setgroups(0, nullptr) != -1 || errno != EPERM) return 7;
              struct stat st;
              if (stat("/", &st) != 0 || st.st_uid != 65534) return 8;
              if (chown("/tmp", 0, 0) != -1 || errno != EINVAL) return 9;
              return 0;
            }));
}

TEST(a_map_of_one_id_makes_root) {
  COVERS("unshare", "getuid", "setuid", "stat");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  close(guest::make_file(dir / "own", ""));
  EXPECT_EQ(0, guest::in_child([&] {
              if (!guest::become_root()) return 1;
              if (getuid() != 0 || getgid() != 0) return 2;
              struct stat st;
              if (stat(dir / "own", &st) != 0 || st.st_uid != 0 || st.st_gid != 0) return 3;
              if (setuid(0) != 0) return 4;
              if (setuid(1) != -1 || errno != EINVAL) return 5;
              if (setgroups(0, nullptr) != -1 || errno != EPERM) return 6;  // denied
              char text[128];
              if (guest::slurp("/proc/self/setgroups", text, sizeof text) <= 0 || strcmp(text, "deny\n") != 0) return 7;
              if (guest::slurp("/proc/self/uid_map", text, sizeof text) != 33) return 8;
              unsigned first, lower, count;
              if (sscanf(text, "%u %u %u", &first, &lower, &count) != 3 || first != 0 || count != 1) return 9;
              close(guest::make_file(dir / "new", ""));
              return stat(dir / "new", &st) == 0 && st.st_uid == 0 ? 0 : 10;
            }));
  struct stat st;
  EXPECT_EQ(0, stat(dir / "new", &st));
  EXPECT_EQ(geteuid(), st.st_uid);
}

TEST(maps_are_written_once_and_whole) {
  COVERS("unshare", "write");
  NEEDS_USER_NAMESPACES();
  uid_t uid = geteuid();
  gid_t gid = getegid();
  EXPECT_EQ(0, guest::in_child([&] {
              if (unshare(CLONE_NEWUSER) != 0) return 1;
              char map[64];
              for (const char* bad : {"", "x", "0 0", "0 0 0", "0 0 1 1", "0 4294967295 1", "0 0 1\n0 1 1"}) {
                if (*bad != '\0' && (guest::write_text("/proc/self/uid_map", bad) || errno != EINVAL)) return 2;
              }
              snprintf(map, sizeof map, "0 %u 2", uid);  // more than its own
              bool privileged = uid == 0;
              if (!privileged && (guest::write_text("/proc/self/uid_map", map) || errno != EPERM)) return 3;
              snprintf(map, sizeof map, "5 %u 1", uid);
              if (!guest::write_text("/proc/self/uid_map", map)) return 4;
              if (guest::write_text("/proc/self/uid_map", map) || errno != EPERM) return 5;
              if (getuid() != 5) return 6;
              // A group of one's own needs setgroups to be given up first.
              snprintf(map, sizeof map, "7 %u 1", gid);
              if (guest::write_text("/proc/self/gid_map", map) || errno != EPERM) return 7;
              if (guest::write_text("/proc/self/setgroups", "maybe") || errno != EINVAL) return 8;
              if (!guest::write_text("/proc/self/setgroups", "deny\n")) return 9;
              if (guest::write_text("/proc/self/setgroups", "allow") || errno != EPERM) return 10;
              if (!guest::write_text("/proc/self/gid_map", map)) return 11;
              if (guest::write_text("/proc/self/setgroups", "deny") || errno != EPERM) return 12;
              return getgid() == 7 ? 0 : 13;
            }));
}

TEST(a_parent_maps_for_its_child) {
  COVERS("clone", "write");
  NEEDS_USER_NAMESPACES();
  if (!guest::is_root()) SKIP("needs CAP_SETUID outside");
  int go[2];
  ASSERT_OK(pipe(go));
  pid_t child = guest::spawn([&] {
    close(go[1]);
    if (unshare(CLONE_NEWUSER) != 0) return 1;
    char byte = 'u';
    if (write(go[0], &byte, 0) != -1) return 2;
    while (read(go[0], &byte, 1) > 0) {
    }
    if (getuid() != 0 || getgid() != 0) return 3;
    gid_t groups[2] = {5, 6};
    if (setgroups(2, groups) != 0) return 4;
    gid_t got[2];
    if (getgroups(2, got) != 2 || got[0] != 5 || got[1] != 6) return 5;
    groups[0] = 20000;
    if (setgroups(1, groups) != -1 || errno != EINVAL) return 6;
    if (setresuid(9, 9, 9) != 0 || getuid() != 9) return 7;
    return 0;
  });
  char path[64], link[64] = "", own[64];
  ASSERT_TRUE(readlink("/proc/self/ns/user", own, sizeof own) > 0);
  snprintf(path, sizeof path, "/proc/%d/ns/user", child);
  EXPECT_TRUE(guest::eventually([&] { return readlink(path, link, sizeof link) > 0 && strncmp(link, own, 17) != 0; }));
  snprintf(path, sizeof path, "/proc/%d/uid_map", child);
  EXPECT_TRUE(guest::write_text(path, "0 0 10\n10 5000 10"));
  snprintf(path, sizeof path, "/proc/%d/gid_map", child);
  EXPECT_TRUE(guest::write_text(path, "0 0 100"));
  close(go[0]), close(go[1]);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(capabilities_count_in_the_namespace_alone) {
  COVERS("unshare", "sethostname", "mknod", "chroot", "kill");
  NEEDS_USER_NAMESPACES();
  pid_t outside = guest::spawn([] {
    pause();
    return 0;
  });
  EXPECT_EQ(0, guest::in_child([&] {
              if (!guest::become_root()) return 1;
              // The UTS namespace is of the namespace around.
              if (sethostname("x", 1) != -1 || errno != EPERM) return 2;
              guest::TempDir dir;
              if (mknod(dir / "null", S_IFCHR | 0600, 0x103) != -1 || errno != EPERM) return 3;
              if (SYS(settimeofday, nullptr, nullptr) != -1 || errno != EPERM) return 4;
              if (SYS(swapon, "/", 0) != -1 || errno != EPERM) return 5;
              if (SYS(syslog, 8, nullptr, 1) != -1 || errno != EPERM) return 6;
              if (unshare(CLONE_NEWUTS) != 0) return 7;
              if (sethostname("inside", 6) != 0) return 8;
              if (chroot("/") != 0) return 9;
              // Same user outside: signals go by ids.
              return kill(outside, 0) == 0 ? 0 : 10;
            }));
  kill(outside, SIGKILL);
  guest::reap(outside);
}

TEST(files_of_others_stay_theirs) {
  COVERS("unshare", "open", "chmod", "chown");
  NEEDS_USER_NAMESPACES();
  if (!guest::is_root()) SKIP("needs files of two users");
  guest::TempDir dir;
  chmod(dir.path(), 0755);
  close(guest::make_file(dir / "theirs", "secret", 0600));
  close(guest::make_file(dir / "own", "mine", 0600));
  EXPECT_EQ(0, chown(dir / "own", 1234, 1234));
  EXPECT_EQ(0, guest::in_child([&] {
              if (setgroups(0, nullptr) != 0 || setresgid(1234, 1234, 1234) != 0 || setresuid(1234, 1234, 1234) != 0)
                return 1;
              prctl(PR_SET_DUMPABLE, 1);
              if (!guest::become_root()) return 2;
              if (open(dir / "theirs", O_RDONLY) != -1 || errno != EACCES) return 3;
              if (chmod(dir / "theirs", 0644) != -1 || errno != EPERM) return 4;
              if (chown(dir / "theirs", 0, 0) != -1 || errno != EPERM) return 5;
              if (chmod(dir / "own", 0) != 0) return 6;
              return open(dir / "own", O_RDONLY) != -1 ? 0 : 7;  // CAP_DAC_OVERRIDE over what is mapped
            }));
}

TEST(exec_in_a_namespace_keeps_what_root_has) {
  COVERS("unshare", "execve");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root()) return 1;
              execl("/bin/sh", "sh", "-c", "grep -q 'CapEff:.000001ffffffffff' /proc/self/status && test $(id -u) = 0",
                    nullptr);
              return 2;
            }));
  EXPECT_EQ(0, guest::in_child([] {
              if (unshare(CLONE_NEWUSER) != 0) return 1;
              execl("/bin/sh", "sh", "-c", "grep -q 'CapEff:.0000000000000000' /proc/self/status", nullptr);
              return 2;
            }));
}

TEST(namespaces_nest_to_a_limit) {
  COVERS("unshare");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              int depth = 0;
              while (depth < 64 && guest::become_root_again(depth)) ++depth;
              if (errno != ENOSPC && errno != EUSERS) return 1;
              return depth >= 30 && depth <= 33 ? 0 : 100 + depth;
            }));
}

TEST(credentials_over_a_socket_are_the_readers) {
  COVERS("sendmsg", "recvmsg", "getsockopt", "unshare");
  NEEDS_USER_NAMESPACES();
  int pair[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  int on = 1;
  ASSERT_OK(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
  uid_t uid = geteuid();
  pid_t child = guest::spawn([&] {
    if (!guest::become_root()) return 1;
    ucred cred{};
    socklen_t size = sizeof cred;
    if (getsockopt(pair[1], SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0 || cred.uid != 0) return 2;
    return write(pair[1], "x", 1) == 1 ? 0 : 3;
  });
  EXPECT_EQ(0, guest::reap(child));
  ucred cred{};
  ASSERT_TRUE(guest::receive_credentials(pair[0], cred));
  EXPECT_EQ(uid, cred.uid);
  EXPECT_EQ(child, cred.pid);
}

TEST(threads_keep_a_process_out) {
  COVERS("unshare", "clone");
  NEEDS_USER_NAMESPACES();
  EXPECT_ERRNO(EINVAL, SYS(clone, CLONE_NEWUSER | CLONE_FS | SIGCHLD, 0, 0, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(clone, CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, 0, 0, 0));
}

GUEST_TEST_MAIN
