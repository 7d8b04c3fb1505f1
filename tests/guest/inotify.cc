// inotify(7).
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

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

GUEST_TEST_MAIN
