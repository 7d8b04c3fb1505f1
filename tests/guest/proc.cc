// proc(5): what libraries and tools read, made from the kernel's objects.
#include "tests/guest/guest_test.h"

#include <dirent.h>
#include <pthread.h>

namespace {
char text[65536];
bool has(const char* path, const char* part) {
  return guest::slurp(path, text, sizeof text) > 0 && strstr(text, part) != nullptr;
}
long field(const char* path, const char* name) {
  if (guest::slurp(path, text, sizeof text) <= 0) return -1;
  const char* at = strstr(text, name);
  return at == nullptr ? -1 : strtol(at + strlen(name), nullptr, 10);
}
}  // namespace

TEST(self_is_the_pid) {
  COVERS("readlink");
  char link[64] = {}, wanted[64];
  EXPECT_GT(readlink("/proc/self", link, sizeof link - 1), 0);
  EXPECT_EQ(getpid(), atoi(link));
  memset(link, 0, sizeof link);
  EXPECT_GT(readlink("/proc/thread-self", link, sizeof link - 1), 0);
  snprintf(wanted, sizeof wanted, "%d/task/%d", getpid(), gettid());
  EXPECT_STREQ(wanted, link);
}

TEST(status_tells_the_identity) {
  COVERS("open", "read");
  EXPECT_EQ(getpid(), field("/proc/self/status", "\nPid:"));
  EXPECT_EQ(getpid(), field("/proc/self/status", "\nTgid:"));
  EXPECT_EQ(getppid(), field("/proc/self/status", "\nPPid:"));
  EXPECT_EQ(getuid(), field("/proc/self/status", "\nUid:"));
  EXPECT_EQ(getgid(), field("/proc/self/status", "\nGid:"));
  EXPECT_EQ(1, field("/proc/self/status", "\nThreads:"));
  EXPECT_GT(field("/proc/self/status", "\nVmRSS:"), 0);
  EXPECT_GT(field("/proc/self/status", "\nVmSize:"), 0);
}

TEST(status_tells_the_signal_sets) {
  COVERS("read");
  signal(SIGUSR1, SIG_IGN);
  guest::handle(SIGUSR2, [](int) {});
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGTERM);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  EXPECT_TRUE(has("/proc/self/status", "SigBlk:\t0000000000004000"));
  EXPECT_TRUE(has("/proc/self/status", "SigIgn:\t0000000000000200"));
  EXPECT_TRUE(has("/proc/self/status", "SigCgt:\t0000000000000800"));
}

TEST(stat_has_its_fields_in_order) {
  COVERS("read");
  ASSERT_TRUE(guest::slurp("/proc/self/stat", text, sizeof text) > 0);
  EXPECT_EQ(getpid(), atoi(text));
  char* rest = strrchr(text, ')');
  ASSERT_TRUE(rest != nullptr);
  char state = 0;
  int parent = 0, group = 0, session = 0;
  EXPECT_EQ(4, sscanf(rest + 2, "%c %d %d %d", &state, &parent, &group, &session));
  EXPECT_EQ('R', state);
  EXPECT_EQ(getppid(), parent);
  EXPECT_EQ(getpgrp(), group);
  EXPECT_EQ(getsid(0), session);
  int spaces = 0;
  for (char* at = rest; *at != 0; ++at) spaces += *at == ' ';
  EXPECT_EQ(50, spaces);
}

TEST(cmdline_and_environ_are_the_programs_memory) {
  COVERS("read");
  ssize_t length = guest::slurp("/proc/self/cmdline", text, sizeof text);
  EXPECT_GT(length, 0);
  EXPECT_EQ(0, text[length - 1]);
  EXPECT_EQ(
      0, guest::in_child([] {
        const char* argv[] = {
            "sh", "-c",
            "tr '\\0' , < /proc/$$/cmdline | grep -q '^sh,-c,' && tr '\\0' , < /proc/$$/environ | grep -q 'ONLY=1'",
            nullptr};
        const char* env[] = {"ONLY=1", "PATH=/usr/bin:/bin", nullptr};
        return execve("/bin/sh", const_cast<char**>(argv), const_cast<char**>(env));
      }));
}

TEST(maps_show_every_mapping) {
  COVERS("read", "mmap");
  char line[64];
  void* map = mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(map, 4096, PROT_READ | PROT_EXEC);
  snprintf(line, sizeof line, "%lx-%lx r-xp 00000000 00:00 0", (long)map, (long)map + 4096);
  EXPECT_TRUE(has("/proc/self/maps", line));
  EXPECT_TRUE(has("/proc/self/maps", "[stack]"));
  EXPECT_TRUE(has("/proc/self/maps", "[vdso]"));
  char program[512] = {};
  readlink("/proc/self/exe", program, sizeof program - 1);
  EXPECT_TRUE(has("/proc/self/maps", program));
  EXPECT_TRUE(has("/proc/self/smaps", "Rss:"));
}

TEST(fd_lists_the_open_descriptors) {
  COVERS("getdents64", "readlink");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  char path[64], link[512] = {}, real[512];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  EXPECT_GT(readlink(path, link, sizeof link - 1), 0);
  realpath(dir / "f", real);
  EXPECT_STREQ(real, link);
  int again = open(path, O_RDONLY);
  char out[8] = {};
  EXPECT_EQ(3, read(again, out, 8));
  unlink(dir / "f");
  memset(link, 0, sizeof link);
  readlink(path, link, sizeof link - 1);
  EXPECT_TRUE(strstr(link, " (deleted)") != nullptr);
  int count = 0;
  DIR* stream = opendir("/proc/self/fd");
  while (dirent* entry = readdir(stream)) count += entry->d_name[0] != '.';
  closedir(stream);
  EXPECT_GE(count, 5);
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  EXPECT_EQ(3, field(path, "pos:"));
}

TEST(cwd_exe_and_root_are_links) {
  COVERS("readlink");
  char link[512] = {}, cwd[512];
  chdir("/usr");
  EXPECT_GT(readlink("/proc/self/cwd", link, sizeof link - 1), 0);
  EXPECT_STREQ(getcwd(cwd, sizeof cwd), link);
  memset(link, 0, sizeof link);
  EXPECT_GT(readlink("/proc/self/root", link, sizeof link - 1), 0);
  EXPECT_STREQ("/", link);
  EXPECT_GT(readlink("/proc/self/exe", link, sizeof link - 1), 0);
}

TEST(tasks_are_listed) {
  COVERS("getdents64");
  static volatile bool stop;
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        while (!stop) guest::sleep_ms(1);
        return nullptr;
      },
      nullptr);
  int count = 0;
  DIR* stream = opendir("/proc/self/task");
  while (dirent* entry = readdir(stream)) count += entry->d_name[0] != '.';
  closedir(stream);
  EXPECT_EQ(2, count);
  EXPECT_EQ(2, field("/proc/self/status", "\nThreads:"));
  stop = true;
  pthread_join(thread, nullptr);
}

TEST(children_appear_and_become_zombies) {
  COVERS("read", "wait4");
  pid_t child = guest::spawn([] { return pause(); });
  EXPECT_TRUE(guest::falls_asleep(child));
  kill(child, SIGSTOP);
  EXPECT_TRUE(guest::eventually([&] { return guest::state_of(child) == 'T'; }));
  kill(child, SIGKILL);
  EXPECT_TRUE(guest::eventually([&] { return guest::state_of(child) == 'Z'; }));
  guest::reap(child);
  EXPECT_EQ(0, guest::state_of(child));
}

TEST(global_files_are_there) {
  COVERS("open", "read");
  EXPECT_GT(field("/proc/meminfo", "MemTotal:"), 0);
  EXPECT_GT(field("/proc/meminfo", "MemAvailable:"), 0);
  EXPECT_TRUE(has("/proc/cpuinfo", "processor"));
  EXPECT_TRUE(has("/proc/stat", "cpu "));
  EXPECT_TRUE(has("/proc/stat", "btime "));
  EXPECT_TRUE(has("/proc/version", "Linux version"));
  EXPECT_TRUE(has("/proc/filesystems", "proc"));
  EXPECT_TRUE(has("/proc/mounts", "/proc"));
  EXPECT_TRUE(has("/proc/self/mountinfo", " / "));
  EXPECT_GT(guest::slurp("/proc/uptime", text, sizeof text), 0);
  EXPECT_GT(guest::slurp("/proc/loadavg", text, sizeof text), 0);
  EXPECT_GT(guest::slurp("/proc/sys/kernel/pid_max", text, sizeof text), 0);
  EXPECT_GT(guest::slurp("/proc/sys/kernel/hostname", text, sizeof text), 0);
  EXPECT_GT(guest::slurp("/proc/sys/vm/overcommit_memory", text, sizeof text), 0);
  EXPECT_GT(guest::slurp("/proc/self/limits", text, sizeof text), 0);
  EXPECT_GT(guest::slurp("/proc/self/statm", text, sizeof text), 0);
  EXPECT_GT(guest::slurp("/proc/self/cgroup", text, sizeof text), 0);
  EXPECT_GT(guest::slurp("/proc/self/oom_score_adj", text, sizeof text), 0);
  EXPECT_GT(guest::slurp("/proc/sys/kernel/random/boot_id", text, sizeof text), 0);
}

TEST(mem_is_readable_by_its_owner) {
  COVERS("pread64", "lseek");
  static char word[] = "in memory";
  int fd = open("/proc/self/mem", O_RDWR);
  ASSERT_OK(fd);
  char out[16] = {};
  EXPECT_EQ(9, pread(fd, out, 9, (long)word));
  EXPECT_STREQ("in memory", out);
  EXPECT_EQ(2, pwrite(fd, "IN", 2, (long)word));
  EXPECT_STREQ("IN memory", word);
  EXPECT_ERRNO(EIO, pread(fd, out, 1, 16));
}

TEST(errors_in_proc) {
  COVERS("open", "readlink", "unlink");
  char link[16];
  EXPECT_ERRNO(ENOENT, open("/proc/4000000/status", O_RDONLY));
  EXPECT_ERRNO(ENOENT, open("/proc/self/no-such-file", O_RDONLY));
  EXPECT_ERRNO(ENOENT, readlink("/proc/self/fd/999", link, sizeof link));
  EXPECT_ERRNO(ENOENT, open("/proc/newfile", O_CREAT | O_RDWR, 0600));
  EXPECT_ERRNO(ENOENT, mkdir("/proc/newdir", 0700));
  EXPECT_ERRNO(EPERM, chmod("/proc/self/status", 0600));
}

TEST(namespaces_are_files_of_their_own) {
  COVERS("readlink", "stat", "open");
  for (const char* kind : {"ipc", "mnt", "net", "pid", "user", "uts"}) {
    char path[64], link[64] = {}, expected[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
    ASSERT_OK(readlink(path, link, sizeof link - 1));
    struct stat stat, opened;
    ASSERT_OK(::stat(path, &stat));
    snprintf(expected, sizeof expected, "%s:[%lu]", kind, (unsigned long)stat.st_ino);
    EXPECT_STREQ(expected, link);
    int fd = open(path, O_RDONLY);
    ASSERT_OK(fd);
    ASSERT_OK(fstat(fd, &opened));
    EXPECT_EQ(stat.st_ino, opened.st_ino);
    char byte;
    EXPECT_ERRNO(EINVAL, read(fd, &byte, 1));
    close(fd);
  }
}

GUEST_TEST_MAIN
