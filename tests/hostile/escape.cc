// Ways out: host files, host processes, host sockets. The runner passes what is on the host in the environment.
#include "tests/hostile/hostile.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

namespace {
const char* given(const char* name) {
  const char* value = getenv(name);
  return value != nullptr ? value : "";
}
}  // namespace

TEST(host_processes_cannot_be_seen_or_signalled) {
  pid_t pid = atoi(given("HOST_PID"));
  ASSERT_TRUE(pid > 0);
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
  if (guest::slurp(path, text, sizeof text) > 0) EXPECT_TRUE(strstr(text, "run-hostile") == nullptr);
  // The number may be that of a process of the sandbox; the runner sees whether its own process lives.
  for (int number : {SIGSTOP, SIGKILL}) {
    if (pid != getpid() && pid != getppid()) kill(pid, number);
  }
  signal(SIGUSR1, SIG_IGN);
  EXPECT_EQ(0, guest::in_child([] {
              kill(-1, SIGUSR1);  // all there is: this sandbox's own, and init is spared
              return 0;
            }));
  signal(SIGUSR1, SIG_DFL);
}

TEST(proc_lists_only_the_sandboxs_own) {
  DIR* stream = opendir("/proc");
  ASSERT_TRUE(stream != nullptr);
  int count = 0;
  while (dirent* entry = readdir(stream)) count += atoi(entry->d_name) > 0;
  closedir(stream);
  EXPECT_LE(count, 4);
  EXPECT_GE(count, 1);
}

TEST(the_hidden_file_is_absent) {
  const char* path = given("HIDDEN_FILE");
  ASSERT_TRUE(*path != 0);
  EXPECT_ERRNO(ENOENT, open(path, O_RDONLY));
  EXPECT_ERRNO(ENOENT, access(path, F_OK));
  char twisted[600];
  snprintf(twisted, sizeof twisted, "/proc/self/root%s", path);
  EXPECT_TRUE(open(twisted, O_RDONLY) == -1);
  snprintf(twisted, sizeof twisted, "/proc/1/root%s", path);
  EXPECT_TRUE(open(twisted, O_RDONLY) == -1);
  snprintf(twisted, sizeof twisted, "/../../..%s", path);
  EXPECT_TRUE(open(twisted, O_RDONLY) == -1);
  snprintf(twisted, sizeof twisted, "/./%s/.", path);
  EXPECT_TRUE(open(twisted, O_RDONLY) == -1);
  EXPECT_TRUE(link(path, "/tmp/linked") == -1);
  ASSERT_OK(symlink(path, "/tmp/pointed"));
  EXPECT_TRUE(open("/tmp/pointed", O_RDONLY) == -1);
  EXPECT_TRUE(rename(path, "/tmp/renamed") == -1);
}

TEST(host_files_are_never_written) {
  const char* path = given("HOST_FILE");
  ASSERT_TRUE(*path != 0);
  // In its own layer it may do what it likes; the runner looks at the host's file afterwards.
  int fd = open(path, O_RDWR);
  if (fd != -1) {
    write(fd, "overwritten", 11);
    ftruncate(fd, 3);
    char* map = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    if (map != MAP_FAILED) memset(map, 'w', 3);
  }
  chmod(path, 0777);
  truncate(path, 0);
  unlink(path);
  fd = open(path, O_CREAT | O_WRONLY, 0600);
  write(fd, "new", 3);
  int reader = open("/bin/true", O_RDONLY);
  char* text = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, reader, 0));
  if (text != MAP_FAILED && mprotect(text, 4096, PROT_READ | PROT_WRITE) == 0) {
    guest::signal_of([&] { memset(text, 0, 64); });
  }
}

TEST(no_directory_above_the_root) {
  EXPECT_EQ(0, guest::in_child([] {
              mkdir("/tmp/jail", 0700);
              int fd = open("/", O_RDONLY);
              if (chroot("/tmp/jail") == 0) {
                // The classic way out of chroot(2), as Linux allows it to root: it may lead to this sandbox's root and no further.
                fchdir(fd);
                for (int i = 0; i < 64; ++i) chdir("..");
                chroot(".");
              }
              struct stat up, here;
              stat("/..", &up);
              stat("/", &here);
              return up.st_ino == here.st_ino ? 0 : 1;
            }));
}

TEST(host_sockets_are_out_of_reach) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", given("HOST_SOCKET"));
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_TRUE(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == -1);
  sockaddr_un abstract{};
  abstract.sun_family = AF_UNIX;
  int length = snprintf(abstract.sun_path + 1, sizeof abstract.sun_path - 1, "%s", given("HOST_ABSTRACT"));
  EXPECT_TRUE(connect(fd, reinterpret_cast<sockaddr*>(&abstract),
                      static_cast<socklen_t>(sizeof(sa_family_t) + 1 + static_cast<size_t>(length))) == -1);
  sockaddr_in inet{};
  inet.sin_family = AF_INET;
  inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  inet.sin_port = htons(static_cast<uint16_t>(atoi(given("HOST_PORT"))));
  int tcp = socket(AF_INET, SOCK_STREAM, 0);
  if (tcp != -1) EXPECT_TRUE(connect(tcp, reinterpret_cast<sockaddr*>(&inet), sizeof inet) == -1);
  for (int family : {AF_NETLINK, AF_PACKET, 16, 38, 40}) {
    int odd = socket(family, SOCK_RAW, 0);
    if (odd != -1) close(odd);
  }
  EXPECT_TRUE(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) == -1 || guest::is_root());
}

TEST(other_peoples_memory) {
  pid_t pid = atoi(given("HOST_PID"));
  char byte, path[64];
  iovec local{&byte, 1}, remote{reinterpret_cast<void*>(0x400000), 1};
  EXPECT_TRUE(process_vm_readv(pid, &local, 1, &remote, 1, 0) == -1);
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  EXPECT_TRUE(open(path, O_RDWR) == -1);
  for (const char* name : {"/dev/mem", "/dev/kmem", "/dev/port", "/dev/vda", "/dev/sda", "/dev/kvm", "/dev/fuse",
                           "/proc/kcore", "/proc/kmem", "/sys/kernel/debug", "/proc/sysrq-trigger"}) {
    int fd = open(name, O_RDWR);
    EXPECT_EQ(-1, fd);
  }
}

TEST(devices_made_by_the_guests_root_are_not_the_hosts) {
  if (mknod("/tmp/disk", S_IFBLK | 0600, (254 << 8) | 0) == 0) EXPECT_EQ(-1, open("/tmp/disk", O_RDWR));
  if (mknod("/tmp/mem", S_IFCHR | 0600, (1 << 8) | 1) == 0) EXPECT_EQ(-1, open("/tmp/mem", O_RDWR));
}

TEST(magic_links_lead_nowhere_new) {
  for (const char* name : {"/proc/self/root/../../../../..", "/proc/thread-self/cwd/../../../../../../..",
                           "/proc/1/cwd", "/proc/self/fd/0/../..", "/proc/1/root/proc/1/root"}) {
    struct stat there, root;
    if (stat(name, &there) == 0 && stat("/", &root) == 0 && S_ISDIR(there.st_mode))
      EXPECT_EQ(root.st_dev, there.st_dev);
  }
  for (int fd = 3; fd < 64; ++fd) EXPECT_EQ(-1, fcntl(fd, F_GETFD));
}

HOSTILE_MAIN
