// Calls with a rule or two each: sync(2), syncfs(2), pkey_alloc(2), process_madvise(2), remap_file_pages(2),
// get_mempolicy(2), syslog(2), vhangup(2), reboot(2), mseal(2), cachestat(2), ustat(2), landlock(7).
#include "tests/guest/guest_test.h"

#include <linux/futex.h>
#include <linux/landlock.h>
#include <poll.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <sys/xattr.h>

TEST(a_path_descriptor_cannot_be_waited_for) {
  COVERS("poll", "select");
  int fd = open("/", O_PATH);
  pollfd poller{fd, POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, 0));
  EXPECT_EQ(POLLNVAL, poller.revents);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  timeval now{};
  EXPECT_EQ(1, select(fd + 1, &set, nullptr, nullptr, &now));
}

TEST(arguments_that_are_judged_before_a_process_is_looked_up) {
  COVERS("setpgid", "sched_setscheduler", "sched_getaffinity", "futex");
  EXPECT_ERRNO(EINVAL, setpgid(-1, 0));
  EXPECT_ERRNO(ESRCH, setpgid(-1, 1));
  EXPECT_ERRNO(EINVAL, SYS(sched_setscheduler, 0, 0, nullptr));
  uint64_t mask[16];
  EXPECT_ERRNO(ESRCH, SYS(sched_getaffinity, -1, sizeof mask, mask));
  uint32_t word = 0x3ffffff0;  // owned by no thread
  EXPECT_ERRNO(ESRCH, SYS(futex, &word, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
}

TEST(names_and_kinds_that_files_do_not_take) {
  COVERS("fsetxattr", "ftruncate", "flock");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "x"), fds[2];
  if (fsetxattr(fd, "user.a", "x", 1, 0) == 0) EXPECT_ERRNO(EINVAL, fsetxattr(fd, "user.", "x", 1, 0));
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(EINVAL, ftruncate(fds[1], 0));
  EXPECT_OK(flock(fd, 32 | LOCK_SH));  // LOCK_MAND has no effect
}

TEST(a_directory_of_proc_is_as_good_as_a_pidfd) {
  COVERS("pidfd_send_signal");
  char path[32];
  snprintf(path, sizeof path, "/proc/%d", getpid());
  int fd = open(path, O_DIRECTORY | O_RDONLY);
  EXPECT_OK(SYS(pidfd_send_signal, fd, 0, nullptr, 0));
  EXPECT_ERRNO(EBADF, SYS(pidfd_send_signal, open("/", O_RDONLY), 0, nullptr, 0));
}

TEST(everything_is_synced) {
  COVERS("sync", "syncfs");
  EXPECT_EQ(0, SYS(sync));
  int fd = open("/", O_RDONLY);
  EXPECT_OK(SYS(syncfs, fd));
  EXPECT_ERRNO(EBADF, SYS(syncfs, -1));
}

TEST(advice_for_another_process) {
  COVERS("process_madvise");
  char* map = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  map[0] = 1;
  long self = SYS(pidfd_open, getpid(), 0);
  iovec part{map, 8192};
  EXPECT_EQ(8192, SYS(process_madvise, self, &part, 1, MADV_COLD, 0));
  EXPECT_ERRNO(EINVAL, SYS(process_madvise, self, &part, 1, 9999, 0));
  EXPECT_ERRNO(EINVAL, SYS(process_madvise, self, &part, 1, MADV_COLD, 1));
  EXPECT_ERRNO(EBADF, SYS(process_madvise, -1, &part, 1, MADV_COLD, 0));
}

TEST(what_only_root_may_do) {
  COVERS("reboot", "vhangup", "settimeofday", "pivot_root");
  EXPECT_EQ(0, guest::in_child([] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              timespec now{1, 0};
              if (SYS(reboot, 0xfee1dead, 672274793, 0, nullptr) != -1 || errno != EPERM) return 2;
              if (SYS(vhangup) != -1 || errno != EPERM) return 3;
              if (SYS(pivot_root, "/", "/") != -1 || errno != EPERM) return 4;
              return SYS(settimeofday, &now, nullptr) == -1 && errno == EPERM ? 0 : 5;
            }));
}

TEST(old_file_system_calls) {
  COVERS("sysfs", "ustat");
  char buffer[64];
  EXPECT_ERRNO(EINVAL, SYS(ustat, 0xfffff, buffer));
  EXPECT_GT(SYS(sysfs, 3), 0);
  EXPECT_ERRNO(EINVAL, SYS(sysfs, 99));
}

TEST(tasks_are_compared) {
  COVERS("kcmp");
  int pipes[2];
  ASSERT_OK(pipe(pipes));
  int twin = dup(pipes[0]);
  pid_t self = getpid();
  EXPECT_EQ(0, SYS(kcmp, self, self, 0, pipes[0], twin));
  long order = SYS(kcmp, self, self, 0, pipes[0], pipes[1]);
  EXPECT_TRUE(order == 1 || order == 2);
  EXPECT_EQ(3 - order, SYS(kcmp, self, self, 0, pipes[1], pipes[0]));
  for (int type = 1; type <= 6; ++type) EXPECT_EQ(0, SYS(kcmp, self, self, type, 0, 0));
  EXPECT_EQ(0, guest::in_child([&] {
              if (SYS(kcmp, self, getpid(), 0, pipes[0], pipes[0]) != 0) return 1;
              return SYS(kcmp, self, getpid(), 1, 0, 0) != 0 ? 0 : 2;  // the memory is another
            }));
  EXPECT_ERRNO(EBADF, SYS(kcmp, self, self, 0, pipes[0], 999));
  EXPECT_ERRNO(EINVAL, SYS(kcmp, self, self, 99, 0, 0));
  EXPECT_ERRNO(ESRCH, SYS(kcmp, self, 4000000, 1, 0, 0));
}

TEST(pages_in_the_cache_are_counted) {
  COVERS("cachestat");
  int fd = static_cast<int>(SYS(memfd_create, "cached", 0));
  static char page[8192];
  ASSERT_EQ(8192, write(fd, page, sizeof page));
  uint64_t range[2] = {0, 0}, told[5] = {};
  if (guest::raw(451, fd, range, told, 0) == -1 && errno == ENOSYS) SKIP("older than Linux 6.5");
  EXPECT_OK(guest::raw(451, fd, range, told, 0));
  EXPECT_EQ(2, told[0]);
  range[1] = 4096;
  EXPECT_OK(guest::raw(451, fd, range, told, 0));
  EXPECT_EQ(1, told[0]);
  EXPECT_ERRNO(EINVAL, guest::raw(451, fd, range, told, 1));
  EXPECT_ERRNO(EBADF, guest::raw(451, -1, range, told, 0));
  EXPECT_ERRNO(EFAULT, guest::raw(451, fd, guest::bad_pointer(), told, 0));
  EXPECT_ERRNO(EFAULT, guest::raw(451, fd, range, guest::bad_pointer(), 0));
}

TEST(memory_of_a_dying_process) {
  COVERS("process_mrelease");
  long self = SYS(pidfd_open, getpid(), 0);
  EXPECT_ERRNO(EINVAL, SYS(process_mrelease, self, 0));
  EXPECT_ERRNO(EINVAL, SYS(process_mrelease, self, 1));
  EXPECT_ERRNO(EBADF, SYS(process_mrelease, -1, 0));
}

TEST(security_modules_are_listed) {
  COVERS("lsm_list_modules");
  uint64_t ids[32];
  uint32_t size = sizeof ids;
  long count = guest::raw(461, ids, &size, 0);
  if (count == -1 && errno == ENOSYS) SKIP("older than Linux 6.8");
  EXPECT_GE(count, 1);
  EXPECT_EQ(static_cast<uint32_t>(count) * 8, size);
  bool capability = false;
  for (long i = 0; i < count; ++i) capability = capability || ids[i] == 100;
  EXPECT_TRUE(capability);
  uint32_t little = 4;
  EXPECT_ERRNO(E2BIG, guest::raw(461, ids, &little, 0));
  EXPECT_EQ(size, little);
  EXPECT_ERRNO(EINVAL, guest::raw(461, ids, &size, 1));
  EXPECT_ERRNO(EFAULT, guest::raw(461, ids, guest::bad_pointer(), 0));
}

TEST(memory_policy_of_one_node) {
  COVERS("get_mempolicy", "set_mempolicy", "mbind");
  int mode = 99;
  if (SYS(get_mempolicy, &mode, nullptr, 0, nullptr, 0) == -1 && errno == ENOSYS) SKIP("no memory policies");
  EXPECT_EQ(0, mode);
  EXPECT_OK(SYS(set_mempolicy, 0, nullptr, 0));
  EXPECT_ERRNO(EINVAL, SYS(set_mempolicy, 99, nullptr, 0));
  unsigned long first = 1;
  for (int policy = 2; policy <= 5; ++policy) {  // MPOL_BIND, MPOL_INTERLEAVE, MPOL_LOCAL, MPOL_PREFERRED_MANY
    if (policy == 4) continue;
    EXPECT_OK(SYS(set_mempolicy, policy, &first, 8));
    EXPECT_ERRNO(EINVAL, SYS(set_mempolicy, policy, nullptr, 0));
  }
  EXPECT_ERRNO(EINVAL, SYS(set_mempolicy, 4, &first, 8));
  EXPECT_OK(SYS(set_mempolicy, 0, nullptr, 0));
  EXPECT_ERRNO(EINVAL, SYS(get_mempolicy, &mode, nullptr, 0, nullptr, 0x100));
  void* map = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_OK(SYS(mbind, map, 4096, 0, nullptr, 0, 0));
  constexpr unsigned kMove = 2, kMoveAll = 4;
  EXPECT_OK(SYS(mbind, map, 4096, 0, nullptr, 0, kMove));
  EXPECT_ERRNO(EINVAL, SYS(mbind, map, 4096, 0, nullptr, 0, 8));
  const auto move_all = [&] { return SYS(mbind, map, 4096, 0, nullptr, 0, kMoveAll) == 0 ? 0 : errno; };
  EXPECT_EQ(guest::is_root() ? 0 : EPERM, move_all());
  EXPECT_EQ(EPERM, WEXITSTATUS(guest::in_child([&] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 99;
              return move_all();
            })));
}

TEST(sealed_memory_cannot_change) {
  COVERS("mseal");
  void* map = mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (guest::raw(462, map, 4096, 0) == -1 && errno == ENOSYS) SKIP("older than Linux 6.10");
  EXPECT_ERRNO(EPERM, munmap(map, 4096));
  EXPECT_ERRNO(EPERM, mprotect(map, 8192, PROT_READ | PROT_WRITE));
  EXPECT_ERRNO(EPERM, SYS(mmap, map, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  EXPECT_OK(munmap(static_cast<char*>(map) + 4096, 4096));
  EXPECT_ERRNO(EINVAL, guest::raw(462, map, 4096, 1));
  EXPECT_ERRNO(ENOMEM, guest::raw(462, map, 8192, 0));
}

TEST(the_kernels_log_is_guarded) {
  COVERS("syslog");
  if (guest::is_root()) EXPECT_ERRNO(EINVAL, SYS(syslog, 3, nullptr, -1));
  EXPECT_EQ(0, guest::in_child([] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              return SYS(syslog, 5, nullptr, 0) == -1 && errno == EPERM ? 0 : 2;
            }));
}

TEST(landlock_rules_only_restrict) {
  COVERS("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self");
  if (SYS(landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) == -1) SKIP("no Landlock here");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "x"));
  EXPECT_EQ(0, guest::in_child([&] {
              landlock_ruleset_attr attributes{};
              attributes.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE;
              int rules = static_cast<int>(SYS(landlock_create_ruleset, &attributes, 8, 0));
              if (rules == -1) return 1;
              landlock_path_beneath_attr beneath{};
              beneath.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
              beneath.parent_fd = open("/usr", O_PATH);
              if (SYS(landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0) return 2;
              SYS(prctl, 38 /* PR_SET_NO_NEW_PRIVS */, 1, 0, 0, 0);
              if (SYS(landlock_restrict_self, rules, 0) != 0) return 3;
              if (open(dir / "f", O_RDONLY) != -1 || errno != EACCES) return 4;
              return open("/usr/bin/env", O_RDONLY) >= 0 ? 0 : 5;
            }));
}

TEST(protection_keys_where_there_are_any) {
  COVERS("pkey_alloc", "pkey_free", "pkey_mprotect");
  void* map = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_OK(SYS(pkey_mprotect, map, 4096, PROT_READ | PROT_WRITE, -1));
  *static_cast<char*>(map) = 1;
  EXPECT_ERRNO(EINVAL, SYS(pkey_alloc, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(pkey_free, 15));
}

GUEST_TEST_MAIN
