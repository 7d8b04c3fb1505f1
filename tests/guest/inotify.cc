// inotify(7).
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

namespace {
// Reads what is there and notes each event as "mask:name ".
struct Story {
  char text[1000] = {};
  explicit Story(int fd) {
    alignas(inotify_event) char buffer[4096];
    ssize_t got = read(fd, buffer, sizeof buffer);
    for (ssize_t at = 0; at < got;) {
      auto* event = reinterpret_cast<inotify_event*>(buffer + at);
      size_t used = strlen(text);
      snprintf(text + used, sizeof text - used, "%x:%s ", event->mask, event->len > 0 ? event->name : "");
      at += static_cast<ssize_t>(sizeof *event + event->len);
    }
  }
};
}  // namespace

TEST(a_directory_tells_its_changes_in_order) {
  COVERS("inotify_init1", "inotify_add_watch", "read");
  guest::TempDir dir;
  long fd = SYS(inotify_init1, IN_NONBLOCK | IN_CLOEXEC);
  ASSERT_OK(fd);
  char byte;
  EXPECT_ERRNO(EAGAIN, read(fd, &byte, 1));
  EXPECT_EQ(1, SYS(inotify_add_watch, fd, dir.path(), IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE));
  close(guest::make_file(dir / "a", "x"));
  mkdir(dir / "d", 0700);
  rename(dir / "a", dir / "b");
  unlink(dir / "b");
  Story story(static_cast<int>(fd));
  EXPECT_STREQ("100:a 8:a 40000100:d 40:a 80:b 200:b ", story.text);
  EXPECT_ERRNO(EAGAIN, read(fd, &byte, 1));
}

TEST(a_file_tells_access_change_and_end) {
  COVERS("inotify_add_watch");
  guest::TempDir dir;
  int file = guest::make_file(dir / "f", "abc"), fd = inotify_init1(IN_NONBLOCK);
  ASSERT_OK(inotify_add_watch(fd, dir / "f", IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_ACCESS));
  write(file, "d", 1);
  fchmod(file, 0600);
  char byte;
  pread(file, &byte, 1, 0);
  unlink(dir / "f");
  close(file);
  Story story(fd);
  EXPECT_STREQ("2: 4: 1: 4: 400: 8000: ", story.text);
}

TEST(watches_are_removed_and_masked) {
  COVERS("inotify_rm_watch", "inotify_add_watch");
  guest::TempDir dir;
  int fd = inotify_init1(IN_NONBLOCK);
  int watch = inotify_add_watch(fd, dir.path(), IN_CREATE);
  EXPECT_EQ(watch, inotify_add_watch(fd, dir.path(), IN_DELETE | IN_MASK_ADD));
  EXPECT_ERRNO(EEXIST, inotify_add_watch(fd, dir.path(), IN_DELETE | IN_MASK_CREATE));
  close(guest::make_file(dir / "a", ""));
  EXPECT_OK(SYS(inotify_rm_watch, fd, watch));
  close(guest::make_file(dir / "b", ""));
  Story story(fd);
  EXPECT_STREQ("100:a 8000: ", story.text);
  EXPECT_ERRNO(EINVAL, SYS(inotify_rm_watch, fd, watch));
}

TEST(poll_and_fionread_see_events) {
  COVERS("poll", "ioctl");
  guest::TempDir dir;
  int fd = inotify_init1(0), count = 0;
  inotify_add_watch(fd, dir.path(), IN_CREATE);
  pollfd poller{fd, POLLIN, 0};
  EXPECT_EQ(0, poll(&poller, 1, 0));
  close(guest::make_file(dir / "a", ""));
  EXPECT_EQ(1, poll(&poller, 1, 1000));
  EXPECT_OK(ioctl(fd, FIONREAD, &count));
  EXPECT_EQ(32, count);
  char small[8];
  EXPECT_ERRNO(EINVAL, read(fd, small, sizeof small));
}

TEST(inotify_errors) {
  COVERS("inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch");
  guest::TempDir dir;
  EXPECT_ERRNO(EINVAL, SYS(inotify_init1, 1));
  long fd = SYS(inotify_init);
  ASSERT_OK(fd);
  close(guest::make_file(dir / "f", ""));
  EXPECT_ERRNO(ENOENT, SYS(inotify_add_watch, fd, dir / "none", IN_CREATE));
  EXPECT_ERRNO(ENOTDIR, SYS(inotify_add_watch, fd, dir / "f", IN_CREATE | IN_ONLYDIR));
  EXPECT_ERRNO(EINVAL, SYS(inotify_add_watch, fd, dir / "f", 0));
  EXPECT_ERRNO(EBADF, SYS(inotify_add_watch, -1, dir / "f", IN_CREATE));
  EXPECT_ERRNO(EINVAL, SYS(inotify_add_watch, 0, dir / "f", IN_CREATE));
  EXPECT_ERRNO(EFAULT, SYS(inotify_add_watch, fd, guest::bad_pointer(), IN_CREATE));
  EXPECT_ERRNO(EBADF, SYS(inotify_rm_watch, -1, 1));
}

TEST(a_directory_is_told_of_its_children_and_itself) {
  COVERS("inotify_add_watch", "getdents64", "openat", "chmod");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "abc"));
  int fd = inotify_init1(IN_NONBLOCK);
  ASSERT_OK(inotify_add_watch(fd, dir.path(), IN_ALL_EVENTS));
  int directory = open(dir.path(), O_RDONLY | O_DIRECTORY);
  char entries[1024];
  EXPECT_GT(SYS(getdents64, directory, entries, sizeof entries), 0);
  close(directory);
  int file = open(dir / "f", O_RDWR | O_TRUNC);
  EXPECT_EQ(1, write(file, "x", 1));
  EXPECT_EQ(0, read(file, entries, 1));
  EXPECT_EQ(1, pread(file, entries, 1, 0));
  close(file);
  chmod(dir / "f", 0600);
  chmod(dir.path(), 0700);
  Story story(fd);
  EXPECT_STREQ("40000020: 40000001: 40000010: 20:f 2:f 1:f 8:f 4:f 40000004: ", story.text);
}

TEST(moves_have_a_cookie_in_common) {
  COVERS("inotify_add_watch", "rename", "renameat2");
  guest::TempDir one, two;
  close(guest::make_file(one / "a", ""));
  close(guest::make_file(two / "b", ""));
  int fd = inotify_init1(IN_NONBLOCK);
  ASSERT_OK(inotify_add_watch(fd, one.path(), IN_MOVE));
  ASSERT_OK(inotify_add_watch(fd, two.path(), IN_MOVE));
  ASSERT_OK(inotify_add_watch(fd, one / "a", IN_MOVE_SELF));
  ASSERT_OK(inotify_add_watch(fd, two / "b", IN_ATTRIB | IN_DELETE_SELF));
  EXPECT_OK(rename(one / "a", two / "b"));
  alignas(inotify_event) char buffer[512];
  ssize_t got = read(fd, buffer, sizeof buffer);
  EXPECT_GT(got, 0);
  auto* from = reinterpret_cast<inotify_event*>(buffer);
  auto* to = reinterpret_cast<inotify_event*>(buffer + sizeof *from + from->len);
  EXPECT_EQ(IN_MOVED_FROM, from->mask);
  EXPECT_EQ(1, from->wd);
  EXPECT_EQ(16, from->len);
  EXPECT_STREQ("a", from->name);
  EXPECT_EQ(IN_MOVED_TO, to->mask);
  EXPECT_EQ(2, to->wd);
  EXPECT_STREQ("b", to->name);
  EXPECT_NE(0, from->cookie);
  EXPECT_EQ(from->cookie, to->cookie);
  auto* next = reinterpret_cast<inotify_event*>(reinterpret_cast<char*>(to) + sizeof *to + to->len);
  // What was there: IN_ATTRIB; what moved: IN_MOVE_SELF; then the end of what was there.
  EXPECT_EQ(IN_ATTRIB, next[0].mask);
  EXPECT_EQ(IN_MOVE_SELF, next[1].mask);
  EXPECT_EQ(3, next[1].wd);
  EXPECT_EQ(IN_DELETE_SELF, next[2].mask);
  EXPECT_EQ(IN_IGNORED, next[3].mask);
  EXPECT_EQ(4, next[3].wd);
  close(guest::make_file(one / "c", ""));
  EXPECT_OK(SYS(renameat2, AT_FDCWD, one / "c", AT_FDCWD, two / "b", RENAME_EXCHANGE));
  Story story(fd);
  EXPECT_STREQ("40:c 80:b 40:b 80:c 800: ", story.text);
}

TEST(the_end_of_a_file_comes_with_its_last_user) {
  COVERS("inotify_add_watch", "unlink", "rmdir", "link");
  guest::TempDir dir;
  int file = guest::make_file(dir / "f", "");
  mkdir(dir / "d", 0700);
  int fd = inotify_init1(IN_NONBLOCK);
  ASSERT_OK(inotify_add_watch(fd, dir.path(), IN_DELETE | IN_CREATE));
  ASSERT_OK(inotify_add_watch(fd, dir / "f", IN_DELETE_SELF | IN_ATTRIB | IN_CLOSE));
  ASSERT_OK(inotify_add_watch(fd, dir / "d", IN_DELETE_SELF));
  link(dir / "f", dir / "g");
  unlink(dir / "f");
  rmdir(dir / "d");
  {
    Story story(fd);
    EXPECT_STREQ("4: 100:g 4: 200:f 400: 8000: 40000200:d ", story.text);
  }
  unlink(dir / "g");
  {
    Story story(fd);
    EXPECT_STREQ("4: 400: 8000: 200:g ", story.text);  // the file is open, but by a name that has gone before
  }
  close(file);
  {
    Story story(fd);
    EXPECT_STREQ("", story.text);
  }
  close(guest::make_file(dir / "h", ""));
  ASSERT_OK(inotify_add_watch(fd, dir / "h", IN_DELETE_SELF | IN_ATTRIB));
  unlink(dir / "h");
  Story story(fd);
  EXPECT_STREQ("100:h 4: 400: 8000: 200:h ", story.text);
}

TEST(a_watch_of_one_shot_and_of_excluded_names) {
  COVERS("inotify_add_watch", "inotify_rm_watch");
  guest::TempDir dir;
  int fd = inotify_init1(IN_NONBLOCK);
  int once = inotify_add_watch(fd, dir.path(), IN_CREATE | IN_ONESHOT);
  close(guest::make_file(dir / "a", ""));
  close(guest::make_file(dir / "b", ""));
  {
    Story story(fd);
    EXPECT_STREQ("100:a 8000: ", story.text);
  }
  EXPECT_ERRNO(EINVAL, inotify_rm_watch(fd, once));
  int next = inotify_add_watch(fd, dir.path(), IN_MODIFY | IN_EXCL_UNLINK);
  EXPECT_EQ(once + 1, next);
  int file = guest::make_file(dir / "c", "");
  write(file, "x", 1);
  unlink(dir / "c");
  write(file, "x", 1);
  {
    Story story(fd);
    EXPECT_STREQ("2:c ", story.text);
  }
  EXPECT_EQ(next, inotify_add_watch(fd, dir.path(), IN_MODIFY));
  write(file, "x", 1);
  Story story(fd);
  EXPECT_STREQ("2:c ", story.text);
}

TEST(equal_events_in_a_row_are_one) {
  COVERS("inotify_add_watch", "write");
  guest::TempDir dir;
  int file = guest::make_file(dir / "f", ""), fd = inotify_init1(IN_NONBLOCK);
  ASSERT_OK(inotify_add_watch(fd, dir / "f", IN_MODIFY | IN_ATTRIB));
  for (int i = 0; i < 5; ++i) write(file, "x", 1);
  fchmod(file, 0640);
  write(file, "x", 1);
  ftruncate(file, 0);
  Story story(fd);
  EXPECT_STREQ("2: 4: 2: ", story.text);
}

TEST(times_and_names_of_attributes) {
  COVERS("inotify_add_watch", "utimensat", "fallocate", "symlink", "mknodat");
  guest::TempDir dir;
  int file = guest::make_file(dir / "f", "abc"), fd = inotify_init1(IN_NONBLOCK);
  ASSERT_OK(inotify_add_watch(fd, dir.path(), IN_ALL_EVENTS));
  timespec both[2] = {{5, 0}, {5, 0}}, read_time[2] = {{6, 0}, {0, UTIME_OMIT}},
           write_time[2] = {{0, UTIME_OMIT}, {7, 0}};
  EXPECT_OK(futimens(file, both));
  EXPECT_OK(futimens(file, read_time));
  EXPECT_OK(futimens(file, write_time));
  EXPECT_OK(fchown(file, getuid(), getgid()));
  EXPECT_OK(symlink("f", dir / "s"));
  EXPECT_OK(mknod(dir / "p", S_IFIFO | 0600, 0));
  EXPECT_OK(truncate(dir / "f", 1));
  Story story(fd);
  EXPECT_STREQ("4:f 1:f 2:f 4:f 100:s 100:p 2:f ", story.text);
}

TEST(a_full_queue_overflows_once) {
  COVERS("inotify_add_watch", "read");
  guest::TempDir dir;
  int fd = inotify_init1(IN_NONBLOCK), most = 16384;
  if (FILE* file = fopen("/proc/sys/fs/inotify/max_queued_events", "r")) {
    if (fscanf(file, "%d", &most) != 1) most = 16384;
    fclose(file);
  }
  if (most > 40000) SKIP("the queue is too long for a test");
  int file = guest::make_file(dir / "f", "");
  ASSERT_OK(inotify_add_watch(fd, dir / "f", IN_MODIFY | IN_ATTRIB));
  for (int i = 0; i < most / 2 + 10; ++i) {
    EXPECT_EQ(1, pwrite(file, "x", 1, 0));
    EXPECT_OK(fchmod(file, 0600));
  }
  static char buffer[sizeof(inotify_event) * 50000];
  ssize_t got = read(fd, buffer, sizeof buffer);
  EXPECT_EQ(static_cast<ssize_t>(sizeof(inotify_event)) * (most + 1), got);
  auto* last = reinterpret_cast<inotify_event*>(buffer + got) - 1;
  EXPECT_EQ(-1, last->wd);
  EXPECT_EQ(IN_Q_OVERFLOW, last->mask);
  EXPECT_EQ(0, last->len);
  pwrite(file, "x", 1, 0);
  Story story(fd);
  EXPECT_STREQ("2: ", story.text);
}

TEST(inotify_flags_and_limits) {
  COVERS("inotify_init1", "inotify_add_watch", "lseek", "read");
  guest::TempDir dir;
  int fd = inotify_init1(IN_CLOEXEC);
  EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
  EXPECT_EQ(O_RDONLY, fcntl(fd, F_GETFL));
  EXPECT_EQ(0, lseek(fd, 0, SEEK_CUR));
  char byte = 0;
  EXPECT_ERRNO(EBADF, write(fd, &byte, 1));
  EXPECT_ERRNO(EINVAL, inotify_add_watch(fd, dir.path(), IN_CREATE | IN_MASK_ADD | IN_MASK_CREATE));
  EXPECT_ERRNO(EINVAL, SYS(inotify_rm_watch, 0, 1));
  EXPECT_ERRNO(EINVAL, SYS(inotify_rm_watch, fd, 77));
  ASSERT_OK(symlink("nowhere", dir / "link"));
  EXPECT_ERRNO(ENOENT, inotify_add_watch(fd, dir / "link", IN_ATTRIB));
  EXPECT_OK(inotify_add_watch(fd, dir / "link", IN_ATTRIB | IN_DONT_FOLLOW));
  EXPECT_ERRNO(ENOENT, inotify_add_watch(fd, "", IN_ATTRIB));
  close(guest::make_file(dir / "secret", ""));
  chmod(dir / "secret", 0);
  if (geteuid() != 0) EXPECT_ERRNO(EACCES, inotify_add_watch(fd, dir / "secret", IN_ATTRIB));
}

TEST(a_sleeping_reader_wakes_with_an_event) {
  COVERS("read", "inotify_add_watch");
  guest::TempDir dir;
  int fd = inotify_init1(0);
  ASSERT_OK(inotify_add_watch(fd, dir.path(), IN_CREATE));
  pid_t child = guest::spawn([&] {
    alignas(inotify_event) char buffer[256];
    return read(fd, buffer, sizeof buffer) == 32 ? 0 : 1;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  close(guest::make_file(dir / "a", ""));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(the_end_of_a_mount_ends_its_watches) {
  COVERS("inotify_add_watch", "umount2");
  guest::TempDir dir;
  if (mount("none", dir.path(), "tmpfs", 0, nullptr) != 0) SKIP("may not mount here");
  int fd = inotify_init1(IN_NONBLOCK);
  int watch = inotify_add_watch(fd, dir.path(), IN_CREATE);
  EXPECT_OK(umount(dir.path()));
  {
    Story story(fd);
    EXPECT_STREQ("40002000: 8000: ", story.text);
  }
  EXPECT_ERRNO(EINVAL, inotify_rm_watch(fd, watch));
  // What was covered is another directory.
  EXPECT_EQ(watch + 1, inotify_add_watch(fd, dir.path(), IN_CREATE));
  close(guest::make_file(dir / "a", ""));
  Story story(fd);
  EXPECT_STREQ("100:a ", story.text);
}

GUEST_TEST_MAIN
