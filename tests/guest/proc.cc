// proc(5): what libraries and tools read, made from the kernel's objects.
#include "tests/guest/guest_test.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/sysinfo.h>

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

TEST(the_size_of_fd_is_how_many_are_open) {
  COVERS("stat");
  struct stat before {
  }, after{};
  ASSERT_OK(stat("/proc/self/fd", &before));
  EXPECT_GE(before.st_size, 3);
  int ends[2];
  ASSERT_OK(pipe(ends));
  ASSERT_OK(stat("/proc/self/fd", &after));
  EXPECT_EQ(before.st_size + 2, after.st_size);
  ASSERT_OK(stat("/proc/self/fdinfo", &after));
  EXPECT_EQ(0, after.st_size);
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

TEST(links_of_the_task_directory_tell_how_many_threads) {
  COVERS("stat");
  struct stat st;
  ASSERT_OK(stat("/proc/self/task", &st));
  EXPECT_EQ(3u, st.st_nlink);
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

TEST(io_counts_reads_and_writes) {
  COVERS("read", "write");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  const long read_before = field("/proc/self/io", "rchar:"), written_before = field("/proc/self/io", "wchar:");
  const long writes_before = field("/proc/self/io", "syscw:");
  ASSERT_TRUE(read_before >= 0 && written_before >= 0);
  static char block[5000];
  EXPECT_EQ(5000, write(fd, block, sizeof block));
  EXPECT_EQ(2000, SYS(pwrite64, fd, block, 2000, 0));
  EXPECT_ERRNO(EBADF, write(-1, block, 1));
  EXPECT_EQ(4000, pread(fd, block, 4000, 0));
  EXPECT_EQ(written_before + 7000, field("/proc/self/io", "wchar:"));
  EXPECT_EQ(writes_before + 2, field("/proc/self/io", "syscw:"));
  EXPECT_GE(field("/proc/self/io", "rchar:"), read_before + 4000);
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/io", gettid());
  EXPECT_EQ(written_before + 7000, field(path, "wchar:"));
  // A child's are its parent's when it has been waited for.
  EXPECT_EQ(0, guest::in_child([&] { return write(fd, block, 3000) == 3000 ? 0 : 1; }));
  EXPECT_EQ(written_before + 10000, field("/proc/self/io", "wchar:"));
}

TEST(syscall_shows_where_a_process_sleeps) {
  COVERS("read");
  int fds[2];
  ASSERT_OK(pipe(fds));
  static char byte;
  pid_t pid = guest::spawn([&] { return static_cast<int>(SYS(read, fds[0], &byte, 1)); });
  ASSERT_TRUE(guest::falls_asleep(pid));
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/syscall", pid);
  ASSERT_TRUE(guest::slurp(path, text, sizeof text) > 0);
  unsigned long long args[6], sp, ip;
  long nr = -1;
  EXPECT_EQ(9, sscanf(text, "%ld %llx %llx %llx %llx %llx %llx %llx %llx", &nr, &args[0], &args[1], &args[2], &args[3],
                      &args[4], &args[5], &sp, &ip));
  EXPECT_EQ(SYS_read, nr);
  EXPECT_EQ(static_cast<unsigned long long>(fds[0]), args[0]);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(&byte), args[1]);
  EXPECT_EQ(1ull, args[2]);
  EXPECT_TRUE(sp != 0 && ip != 0);
  EXPECT_EQ(1, write(fds[1], "x", 1));
  int status = 0;
  EXPECT_EQ(pid, waitpid(pid, &status, 0));
  EXPECT_EQ(1 << 8, status);
}

TEST(pagemap_tells_which_pages_are_there) {
  COVERS("pread64", "lseek");
  constexpr uint64_t kPresent = uint64_t{1} << 63, kShared = uint64_t{1} << 61;
  int fd = open("/proc/self/pagemap", O_RDONLY);
  ASSERT_OK(fd);
  const auto map = [](int kind) {
    auto* pages =
        static_cast<volatile char*>(mmap(nullptr, 4 * 4096, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0));
    pages[0] = 1;
    return pages;
  };
  const auto place = [](volatile char* pages) {
    return static_cast<off_t>(reinterpret_cast<uintptr_t>(pages) / 4096 * 8);
  };
  uint64_t own[4] = {}, shared[4] = {};
  volatile char* pages = map(MAP_PRIVATE);
  ASSERT_OK(munmap(const_cast<char*>(pages) + 2 * 4096, 4096));
  EXPECT_EQ(32, pread(fd, own, sizeof own, place(pages)));
  EXPECT_EQ(kPresent, own[0] & (kPresent | kShared));
  EXPECT_EQ(0u, own[2]);
  EXPECT_EQ(32, pread(fd, shared, sizeof shared, place(map(MAP_SHARED))));
  EXPECT_EQ(kPresent | kShared, shared[0] & (kPresent | kShared));
  EXPECT_ERRNO(EINVAL, pread(fd, own, 7, 0));
  EXPECT_ERRNO(EINVAL, pread(fd, own, 8, 1));
  EXPECT_EQ(0, pread(fd, own, 8, (off_t{1} << 47) / 4096 * 8));
  EXPECT_ERRNO(EINVAL, lseek(fd, 0, SEEK_END));
  EXPECT_EQ(16, lseek(fd, 16, SEEK_SET));
  EXPECT_EQ(8, read(fd, own, 8));
  EXPECT_EQ(24, lseek(fd, 0, SEEK_CUR));
}

TEST(map_files_are_links_to_what_is_mapped) {
  COVERS("readlink", "getdents64");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "mapped");
  void* at = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  char path[128], link[256] = {};
  snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", reinterpret_cast<unsigned long>(at),
           reinterpret_cast<unsigned long>(at) + 4096);
  EXPECT_GT(readlink(path, link, sizeof link - 1), 0);
  EXPECT_STREQ(dir / "f", link);
  struct stat stat;
  ASSERT_OK(lstat(path, &stat));
  EXPECT_TRUE(S_ISLNK(stat.st_mode));
  bool seen = false;
  DIR* all = opendir("/proc/self/map_files");
  ASSERT_TRUE(all != nullptr);
  while (const dirent* entry = readdir(all)) seen = seen || strcmp(entry->d_name, strrchr(path, '/') + 1) == 0;
  closedir(all);
  EXPECT_TRUE(seen);
  if (guest::is_root()) {
    EXPECT_EQ(fd == -1, open(path, O_RDONLY) == -1);
  } else {
    EXPECT_ERRNO(EPERM, open(path, O_RDONLY));
  }
  ASSERT_OK(munmap(at, 4096));
  EXPECT_ERRNO(ENOENT, readlink(path, link, sizeof link));
  EXPECT_ERRNO(ENOENT, readlink("/proc/self/map_files/1-2", link, sizeof link));
}

TEST(load_averages_are_three_figures) {
  COVERS("sysinfo");
  ASSERT_TRUE(guest::slurp("/proc/loadavg", text, sizeof text) > 0);
  double means[3];
  int running = 0, tasks = 0, newest = 0;
  EXPECT_EQ(6, sscanf(text, "%lf %lf %lf %d/%d %d", &means[0], &means[1], &means[2], &running, &tasks, &newest));
  EXPECT_TRUE(running >= 1 && tasks >= running && newest >= 1);
  struct sysinfo info;
  ASSERT_OK(SYS(sysinfo, &info));
  for (int i = 0; i < 3; ++i) {
    const double told = static_cast<double>(info.loads[i]) / 65536;
    EXPECT_TRUE(told > means[i] - 0.5 && told < means[i] + 0.5);
  }
}

TEST(seccomp_tells_its_actions) {
  COVERS("read");
  EXPECT_TRUE(has("/proc/sys/kernel/seccomp/actions_avail", "kill_process kill_thread trap errno"));
  EXPECT_TRUE(has("/proc/sys/kernel/seccomp/actions_logged", "kill_process kill_thread trap errno"));
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

TEST(maps_are_read_in_pieces_that_end_with_a_line) {
  COVERS("read", "pread64");
  // More lines than a page holds.
  for (int i = 0; i < 200; ++i) {
    mmap(nullptr, 4096, i % 2 == 0 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  static char text[65536], whole[65536];
  for (const char* name : {"/proc/self/maps", "/proc/self/smaps"}) {
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ASSERT_TRUE(fd != -1);
    ssize_t got = read(fd, text, sizeof text);
    EXPECT_GT(got, 2000);
    EXPECT_LE(got, 4096);
    EXPECT_EQ('\n', text[got - 1]);
    ssize_t next = read(fd, text + got, sizeof text - static_cast<size_t>(got));
    EXPECT_GT(next, 2000);
    EXPECT_EQ('\n', text[got + next - 1]);
    // What a short read leaves of a line comes first the next time, and the lines behind it as well.
    ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
    EXPECT_EQ(10, read(fd, whole, 10));
    ssize_t rest = read(fd, whole + 10, sizeof whole - 10);
    EXPECT_GT(rest, 2000);
    EXPECT_EQ('\n', whole[10 + rest - 1]);
    EXPECT_EQ(0, memcmp(whole, text, 2000));
    EXPECT_EQ(100, pread(fd, whole, 100, 5));
    EXPECT_EQ(0, memcmp(whole, text + 5, 100));
    close(fd);
  }
}

GUEST_TEST_MAIN
