// fstat(2), F_GETFL and F_GETFD of a file of the system that was just opened: what may be answered without the kernel must change as soon as
// anybody changes it, under whatever name. Each is asked from text that can be patched.
#include "tests/guest/guest_test.h"
#include "tests/guest/user_namespace.h"

#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>

namespace {

constexpr const char* kFile = "/usr/lib/os-release";  // Debian has it everywhere
constexpr const char* kOther = "/usr/bin/env";

bool same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_mode == b.st_mode && a.st_nlink == b.st_nlink &&
         a.st_uid == b.st_uid && a.st_gid == b.st_gid && a.st_rdev == b.st_rdev && a.st_size == b.st_size &&
         a.st_blksize == b.st_blksize && a.st_blocks == b.st_blocks && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec &&
         a.st_ctim.tv_sec == b.st_ctim.tv_sec;
}

long raw_fstat(int fd, struct stat& out) { return SYS(fstat, fd, &out); }
long raw_fstatat(int fd, struct stat& out) { return SYS(newfstatat, fd, "", &out, AT_EMPTY_PATH); }

// The sites are patched from their second trap on.
void warm_up() {
  struct stat out;
  for (int i = 0; i < 3; ++i) {
    const int fd = open(kOther, O_RDONLY);
    raw_fstat(fd, out), raw_fstatat(fd, out);
    fcntl(fd, F_GETFL), fcntl(fd, F_GETFD);
    close(fd);
  }
}

template <typename Body>
void in_thread(Body body) {
  pthread_t thread;
  ASSERT_EQ(0, pthread_create(
                   &thread, nullptr,
                   [](void* given) -> void* {
                     (*static_cast<Body*>(given))();
                     return nullptr;
                   },
                   &body));
  pthread_join(thread, nullptr);
}

// Where changes of the system's files stay in a layer above them.
bool may_change_system_files() {
  if (!guest::is_root()) return false;
  char text[16384];
  const ssize_t n = guest::slurp("/proc/self/mountinfo", text, sizeof text - 1);
  if (n <= 0) return false;
  text[n] = 0;
  for (const char* line = text; line != nullptr && *line != 0; line = strchr(line, '\n')) {
    if (*line == '\n') ++line;
    const char *root = strstr(line, " / / "), *end = strchr(line, '\n'), *type = strstr(line, " - overlay ");
    if (root != nullptr && (end == nullptr || root < end)) return type != nullptr && (end == nullptr || type < end);
  }
  return false;
}

}  // namespace

TEST(a_descriptor_tells_of_its_file) {
  COVERS("fstat", "newfstatat", "fcntl", "open", "openat");
  warm_up();
  struct stat named, told, again;
  ASSERT_OK(stat(kFile, &named));
  for (int turn = 0; turn < 3; ++turn) {
    const int fd = open(kFile, O_RDONLY | (turn == 1 ? O_CLOEXEC : 0) | (turn == 2 ? O_NONBLOCK : 0));
    ASSERT_OK(fd);
    EXPECT_OK(raw_fstat(fd, told));
    EXPECT_OK(raw_fstatat(fd, again));
    EXPECT_TRUE(same(named, told));
    EXPECT_TRUE(same(named, again));
    EXPECT_EQ(turn == 1 ? FD_CLOEXEC : 0, fcntl(fd, F_GETFD));
    EXPECT_EQ(0100000 | (turn == 2 ? O_NONBLOCK : 0), fcntl(fd, F_GETFL));
    char byte;
    EXPECT_EQ(1, read(fd, &byte, 1));
    EXPECT_OK(raw_fstat(fd, told));
    EXPECT_TRUE(same(named, told));
    EXPECT_ERRNO(EFAULT, SYS(fstat, fd, guest::bad_pointer()));
    EXPECT_ERRNO(EFAULT, SYS(newfstatat, fd, guest::bad_pointer(), &told, AT_EMPTY_PATH));
    EXPECT_ERRNO(ENOTDIR, SYS(newfstatat, fd, "x", &told, AT_EMPTY_PATH));
    EXPECT_ERRNO(ENOENT, SYS(newfstatat, fd, "", &told, 0));
    EXPECT_OK(close(fd));
    EXPECT_ERRNO(EBADF, raw_fstat(fd, told));
    EXPECT_ERRNO(EBADF, raw_fstatat(fd, told));
    EXPECT_ERRNO(EBADF, fcntl(fd, F_GETFL));
  }
}

TEST(a_directory_tells_of_itself) {
  COVERS("fstat", "fcntl", "openat");
  warm_up();
  struct stat named, told;
  ASSERT_OK(stat("/usr/bin", &named));
  const int fd = open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int bin = openat(fd, "bin", O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOFOLLOW);
  ASSERT_OK(bin);
  EXPECT_OK(raw_fstatat(bin, told));
  EXPECT_TRUE(same(named, told));
  EXPECT_EQ(0100000 | O_DIRECTORY | O_NONBLOCK | O_NOFOLLOW, fcntl(bin, F_GETFL));
  EXPECT_OK(raw_fstat(fd, told));
  EXPECT_FALSE(same(named, told));
  close(bin), close(fd);
}

TEST(a_number_means_what_is_there_now) {
  COVERS("dup2", "dup3", "close_range", "fstat", "newfstatat");
  warm_up();
  struct stat first, second, told;
  ASSERT_OK(stat(kFile, &first));
  ASSERT_OK(stat(kOther, &second));
  const int other = open(kOther, O_RDONLY);
  const int fd = open(kFile, O_RDONLY);
  EXPECT_OK(raw_fstat(fd, told));
  EXPECT_EQ(fd, dup2(other, fd));
  EXPECT_OK(raw_fstat(fd, told));
  EXPECT_TRUE(same(second, told));
  const int third = open(kFile, O_RDONLY);
  EXPECT_OK(raw_fstatat(third, told));
  EXPECT_EQ(third, dup3(other, third, O_CLOEXEC));
  EXPECT_OK(raw_fstatat(third, told));
  EXPECT_TRUE(same(second, told));
  EXPECT_EQ(FD_CLOEXEC, fcntl(third, F_GETFD));
  EXPECT_OK(close(third));
  const int fourth = open(kFile, O_RDONLY);
  EXPECT_EQ(third, fourth);
  EXPECT_OK(raw_fstat(fourth, told));
  EXPECT_TRUE(same(first, told));
  EXPECT_OK(SYS(close_range, fourth, fourth, 0));
  EXPECT_ERRNO(EBADF, raw_fstat(fourth, told));
  close(fd), close(other);
}

TEST(flags_of_a_descriptor_are_seen_when_they_change) {
  COVERS("fcntl", "ioctl", "close_range");
  warm_up();
  const int fd = open(kFile, O_RDONLY);
  EXPECT_EQ(0100000, fcntl(fd, F_GETFL));
  EXPECT_EQ(0, fcntl(fd, F_GETFD));
  EXPECT_OK(fcntl(fd, F_SETFD, 0));
  EXPECT_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
  EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
  EXPECT_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
  EXPECT_EQ(0100000 | O_NONBLOCK, fcntl(fd, F_GETFL));
  close(fd);
  const int ioctls = open(kFile, O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(FD_CLOEXEC, fcntl(ioctls, F_GETFD));
  EXPECT_OK(ioctl(ioctls, FIONCLEX));
  EXPECT_EQ(0, fcntl(ioctls, F_GETFD));
  close(ioctls);
  const int nonblocking = open(kFile, O_RDONLY);
  int on = 1;
  EXPECT_EQ(0100000, fcntl(nonblocking, F_GETFL));
  EXPECT_OK(ioctl(nonblocking, FIONBIO, &on));
  EXPECT_EQ(0100000 | O_NONBLOCK, fcntl(nonblocking, F_GETFL));
  close(nonblocking);
  const int ranged = open(kFile, O_RDONLY);
  EXPECT_EQ(0, fcntl(ranged, F_GETFD));
  EXPECT_OK(SYS(close_range, ranged, ranged, 4));  // CLOSE_RANGE_CLOEXEC
  EXPECT_EQ(FD_CLOEXEC, fcntl(ranged, F_GETFD));
  close(ranged);
}

TEST(others_change_what_a_thread_was_told) {
  COVERS("fstat", "dup2", "fcntl", "close");
  warm_up();
  struct stat second, told;
  ASSERT_OK(stat(kOther, &second));
  const int other = open(kOther, O_RDONLY);
  for (int turn = 0; turn < 20; ++turn) {
    const int fd = open(kFile, O_RDONLY);
    EXPECT_OK(raw_fstat(fd, told));
    EXPECT_FALSE(same(second, told));
    in_thread([&] { EXPECT_EQ(fd, dup2(other, fd)); });
    EXPECT_OK(raw_fstat(fd, told));
    EXPECT_TRUE(same(second, told));
    close(fd);
    const int flags = open(kFile, O_RDONLY);
    EXPECT_EQ(0100000, fcntl(flags, F_GETFL));
    EXPECT_EQ(0, guest::in_child([&] { return fcntl(flags, F_SETFL, O_NONBLOCK); }));
    EXPECT_EQ(0100000 | O_NONBLOCK, fcntl(flags, F_GETFL));
    in_thread([&] { close(flags); });
    EXPECT_ERRNO(EBADF, fcntl(flags, F_GETFL));
    EXPECT_ERRNO(EBADF, raw_fstatat(flags, told));
  }
  close(other);
}

// Two threads of which one replaces, and says so in memory, and the other asks.
TEST(no_change_is_missed) {
  COVERS("fstat", "dup2", "open");
  warm_up();
  static std::atomic<int> step;
  static std::atomic<int> descriptor;
  static int other;
  static struct stat second;
  step = 0;
  other = open(kOther, O_RDONLY);
  ASSERT_OK(fstat(other, &second));
  pthread_t thread;
  ASSERT_EQ(0, pthread_create(
                   &thread, nullptr,
                   [](void*) -> void* {
                     for (int i = 1; i <= 500; ++i) {
                       while (step.load() != 2 * i - 1) sched_yield();
                       dup2(other, descriptor.load());
                       step = 2 * i;
                     }
                     return nullptr;
                   },
                   nullptr));
  int missed = 0;
  for (int i = 1; i <= 500; ++i) {
    struct stat told;
    descriptor = open(kFile, O_RDONLY);
    step = 2 * i - 1;
    raw_fstat(descriptor, told);
    while (step.load() != 2 * i) raw_fstat(descriptor, told);
    raw_fstat(descriptor, told);
    missed += same(second, told) ? 0 : 1;
    close(descriptor);
  }
  pthread_join(thread, nullptr);
  EXPECT_EQ(0, missed);
  close(other);
}

TEST(ids_are_told_as_the_namespace_sees_them) {
  COVERS("unshare", "fstat", "newfstatat");
  NEEDS_USER_NAMESPACES();
  warm_up();
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  struct stat named;
  ASSERT_OK(stat(kFile, &named));
  EXPECT_EQ(0, guest::in_child([&] {
              struct stat told;
              const int fd = open(kFile, O_RDONLY);
              if (raw_fstat(fd, told) != 0 || told.st_uid != named.st_uid) return 1;
              if (unshare(CLONE_NEWUSER) != 0) return 2;
              if (raw_fstat(fd, told) != 0 || told.st_uid != 65534) return 3;
              const int again = open(kFile, O_RDONLY);
              if (raw_fstat(again, told) != 0 || told.st_uid != 65534) return 4;
              // Somebody else writes the map: this thread makes no call of its own in between.
              const pid_t me = getpid();
              char path[64], map[64];
              snprintf(path, sizeof path, "/proc/%d/uid_map", me);
              snprintf(map, sizeof map, "0 %u 1\n", uid);
              const int map_fd = open(path, O_WRONLY);
              const int fresh = open(kFile, O_RDONLY);
              if (raw_fstat(fresh, told) != 0 || told.st_uid != 65534) return 5;
              if (write(map_fd, map, strlen(map)) < 0) return 6;
              if (raw_fstat(fresh, told) != 0) return 7;
              return told.st_uid == (named.st_uid == uid ? 0 : 65534) ? 0 : 8;
            }));
  (void)gid;
}

TEST(a_changed_file_is_seen_changed) {
  COVERS("fchmod", "chmod", "utimensat", "link", "unlink", "fstat", "newfstatat");
  if (!may_change_system_files()) SKIP("changes of system files would stay");
  warm_up();
  struct stat before, told;
  ASSERT_OK(stat(kFile, &before));
  const mode_t mode = before.st_mode & 07777;
  const auto opened = [&] {
    const int fd = open(kFile, O_RDONLY);
    raw_fstat(fd, told);
    return fd;
  };
  int fd = opened();
  EXPECT_EQ(before.st_mode, told.st_mode);
  EXPECT_OK(chmod(kFile, mode ^ 2));
  EXPECT_OK(raw_fstat(fd, told));
  EXPECT_EQ((before.st_mode ^ 2), told.st_mode);
  close(fd);
  EXPECT_OK(chmod(kFile, mode));
  // A file that nobody has changed yet, by another process, while this one only asks.
  constexpr const char* kFresh = "/usr/bin/id";
  fd = open(kFresh, O_RDONLY);
  ASSERT_OK(raw_fstat(fd, before));
  EXPECT_EQ(0, guest::in_child([&] { return chmod(kFresh, (before.st_mode & 07777) ^ 1); }));
  EXPECT_OK(raw_fstat(fd, told));
  EXPECT_EQ((before.st_mode ^ 1), told.st_mode);
  EXPECT_OK(chmod(kFresh, before.st_mode & 07777));
  close(fd);
  constexpr const char *kLinked = "/usr/bin/nl", *kLink = "/usr/bin/nl.of-the-test";
  fd = open(kLinked, O_RDONLY);
  ASSERT_OK(raw_fstat(fd, before));
  EXPECT_OK(link(kLinked, kLink));
  EXPECT_OK(raw_fstat(fd, told));
  EXPECT_EQ(before.st_nlink + 1, told.st_nlink);
  EXPECT_OK(unlink(kLink));
  close(fd);
  // A directory in which a name is made.
  fd = open("/usr/share", O_RDONLY | O_DIRECTORY);
  ASSERT_OK(raw_fstat(fd, before));
  EXPECT_OK(mkdir("/usr/share/of-the-test", 0755));
  EXPECT_OK(raw_fstat(fd, told));
  EXPECT_EQ(before.st_nlink + 1, told.st_nlink);
  EXPECT_OK(rmdir("/usr/share/of-the-test"));
  close(fd);
}

GUEST_TEST_MAIN
