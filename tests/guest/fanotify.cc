// fanotify(7): groups that have descriptors in their events, and questions. Those that report handles: fanotify_fid.cc.
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "tests/guest/guest_test.h"

#define NEEDS_ADMIN() \
  if (geteuid() != 0) SKIP("needs CAP_SYS_ADMIN")

namespace {

// Reads what is there and tells each event as "mask:name ", the name being the last one of what its descriptor is of.
const char* story(int group, int* pid = nullptr) {
  static char text[150];
  alignas(fanotify_event_metadata) char buffer[4096];
  ssize_t got = read(group, buffer, sizeof buffer);
  size_t used = 0;
  text[0] = 0;
  auto* event = reinterpret_cast<fanotify_event_metadata*>(buffer);
  for (; FAN_EVENT_OK(event, got); event = FAN_EVENT_NEXT(event, got)) {
    char link[64], path[512] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", event->fd);
    ssize_t length = event->fd >= 0 ? readlink(link, path, sizeof path - 1) : 0;
    path[length > 0 ? length : 0] = 0;
    const char* name = strrchr(path, '/');
    int added = snprintf(text + used, sizeof text - used, "%llx:%s ", static_cast<unsigned long long>(event->mask),
                         name != nullptr ? name + 1 : "");
    used += static_cast<size_t>(added);
    if (used >= sizeof text) break;
    if (pid != nullptr) *pid = event->pid;
    if (event->fd >= 0) close(event->fd);
  }
  return text;
}

long mark(long group, unsigned flags, unsigned long long mask, const char* path) {
  return SYS(fanotify_mark, group, flags, mask, AT_FDCWD, path);
}

int group_of(unsigned flags) {
  return static_cast<int>(SYS(fanotify_init, flags | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY));
}

void touch(const char* path) {
  int fd = open(path, O_RDWR);
  char byte = 'x';
  if (write(fd, &byte, 1) == 1) pread(fd, &byte, 1, 0);
  close(fd);
}

// Answers the next question of a group; its mask.
unsigned long long answer(int group, unsigned response) {
  fanotify_event_metadata event{};
  pollfd poller{group, POLLIN, 0};
  if (poll(&poller, 1, 5000) != 1 || read(group, &event, sizeof event) != sizeof event) return 0;
  fanotify_response said{event.fd, response};
  if (write(group, &said, sizeof said) != sizeof said) return 1;
  close(event.fd);
  return event.mask;
}

}  // namespace

TEST(words_of_fanotify_init_are_judged) {
  COVERS("fanotify_init");
  if (geteuid() != 0) {
    for (unsigned flags : {0u, unsigned{FAN_CLASS_CONTENT}, unsigned{FAN_UNLIMITED_QUEUE}, 0x80u, 0x280u, 0x180u})
      EXPECT_ERRNO(EPERM, SYS(fanotify_init, flags, O_RDONLY));
  } else {
    EXPECT_ERRNO(EINVAL, SYS(fanotify_init, FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT, O_RDONLY));
    EXPECT_ERRNO(EINVAL, SYS(fanotify_init, FAN_REPORT_TID | 0x80, O_RDONLY));
    EXPECT_ERRNO(EINVAL, SYS(fanotify_init, FAN_CLASS_CONTENT | FAN_REPORT_FID, O_RDONLY));
    EXPECT_ERRNO(EINVAL, SYS(fanotify_init, 0x80000000, O_RDONLY));
    EXPECT_ERRNO(EINVAL, SYS(fanotify_init, 0, O_ACCMODE));
    EXPECT_ERRNO(EINVAL, SYS(fanotify_init, 0, O_CREAT));
    EXPECT_OK(SYS(fanotify_init, 0, O_RDWR | O_APPEND | O_NONBLOCK | O_SYNC | O_CLOEXEC | O_NOATIME));
    EXPECT_OK(SYS(fanotify_init, FAN_CLASS_PRE_CONTENT | FAN_UNLIMITED_MARKS | FAN_UNLIMITED_QUEUE | 0x2000, 0));
  }
  EXPECT_ERRNO(EINVAL, SYS(fanotify_init, 0x800, O_RDONLY));   // FAN_REPORT_NAME without _DIR_FID
  EXPECT_ERRNO(EINVAL, SYS(fanotify_init, 0x1000, O_RDONLY));  // FAN_REPORT_TARGET_FID alone
  EXPECT_ERRNO(EINVAL, SYS(fanotify_init, 0x1c00, O_RDONLY));
  long fd = SYS(fanotify_init, FAN_REPORT_FID | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY);
  ASSERT_OK(fd);
  EXPECT_EQ(FD_CLOEXEC, fcntl(static_cast<int>(fd), F_GETFD));
  EXPECT_EQ(O_RDWR | O_NONBLOCK, fcntl(static_cast<int>(fd), F_GETFL) & ~0100000);
  char byte;
  EXPECT_ERRNO(EAGAIN, read(static_cast<int>(fd), &byte, 1));
}

TEST(words_of_fanotify_mark_are_judged) {
  COVERS("fanotify_mark");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "x"));
  int plain = group_of(0), fid = group_of(FAN_REPORT_FID), content = group_of(FAN_CLASS_CONTENT);
  const char* file = dir / "f";
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_ADD, 0, file));
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_ADD | FAN_MARK_REMOVE, FAN_OPEN, file));
  EXPECT_ERRNO(EINVAL, mark(plain, 0, FAN_OPEN, file));
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_FLUSH | FAN_MARK_DONT_FOLLOW, 0, file));
  EXPECT_OK(SYS(fanotify_mark, plain, FAN_MARK_FLUSH, 0, -1, nullptr));
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_FLUSH | 0x110, 0, file));
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_ADD, 1ull << 32 | FAN_OPEN, file));
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_ADD, 0x80000000, file));
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_ADD, FAN_Q_OVERFLOW, file));
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_ADD | 0x800, FAN_OPEN, file));
  EXPECT_ERRNO(ENOENT, mark(plain, FAN_MARK_REMOVE, FAN_OPEN, file));
  EXPECT_ERRNO(ENOENT, mark(plain, FAN_MARK_ADD, FAN_OPEN, dir / "none"));
  EXPECT_ERRNO(ENOTDIR, mark(plain, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_OPEN, file));
  EXPECT_ERRNO(EBADF, SYS(fanotify_mark, plain, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, nullptr));
  EXPECT_ERRNO(EBADF, SYS(fanotify_mark, 999, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, file));
  EXPECT_ERRNO(EINVAL, SYS(fanotify_mark, 0, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, file));
  EXPECT_ERRNO(EFAULT, SYS(fanotify_mark, plain, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, guest::bad_pointer()));
  // What has no descriptor is for groups with handles; what is asked for those that may be.
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_ADD, FAN_CREATE, dir.path()));
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_ADD, FAN_ATTRIB, file));
  EXPECT_ERRNO(EINVAL, mark(fid, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CREATE, dir.path()));
  EXPECT_ERRNO(EINVAL, mark(fid, FAN_MARK_ADD, 0x10000000, dir.path()));  // FAN_RENAME without names
  EXPECT_ERRNO(EINVAL, mark(plain, FAN_MARK_ADD, FAN_OPEN_PERM, file));
  EXPECT_ERRNO(EINVAL, mark(content, FAN_MARK_ADD, FAN_OPEN_PERM, "/proc/self/stat"));
  EXPECT_ERRNO(EINVAL, mark(content, FAN_MARK_ADD, 0x100000, file));  // FAN_PRE_ACCESS: of FAN_CLASS_PRE_CONTENT
  EXPECT_OK(mark(content, FAN_MARK_ADD, FAN_OPEN_PERM, file));
  EXPECT_OK(mark(fid, FAN_MARK_ADD, FAN_CREATE, file));
  int ends[2];
  ASSERT_OK(pipe(ends));
  EXPECT_OK(SYS(fanotify_mark, plain, FAN_MARK_ADD, FAN_OPEN, ends[0], nullptr));
  EXPECT_ERRNO(EINVAL, SYS(fanotify_mark, plain, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN, ends[0], nullptr));
  EXPECT_ERRNO(EOPNOTSUPP, mark(fid, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN, "/proc"));
}

TEST(masks_of_what_is_ignored_follow_their_rules) {
  COVERS("fanotify_mark");
  NEEDS_ADMIN();
  constexpr unsigned kIgnore = 0x400, kEvictable = 0x200, kSurvives = FAN_MARK_IGNORED_SURV_MODIFY;
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "x"));
  int group = group_of(FAN_REPORT_FID);
  const char* file = dir / "f";
  EXPECT_ERRNO(EINVAL, mark(group, FAN_MARK_ADD | kEvictable | FAN_MARK_MOUNT, FAN_OPEN, file));
  EXPECT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN, file));
  EXPECT_ERRNO(EEXIST, mark(group, FAN_MARK_ADD | kEvictable, FAN_OPEN, file));
  EXPECT_ERRNO(EINVAL, mark(group, FAN_MARK_ADD | kIgnore | FAN_MARK_IGNORED_MASK, FAN_OPEN, file));
  EXPECT_OK(mark(group, FAN_MARK_ADD | kIgnore, FAN_OPEN, file));
  EXPECT_ERRNO(EEXIST, mark(group, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK, FAN_OPEN, file));
  EXPECT_ERRNO(EISDIR, mark(group, FAN_MARK_ADD | kIgnore, FAN_OPEN, dir.path()));
  EXPECT_OK(mark(group, FAN_MARK_ADD | kIgnore | kSurvives, FAN_OPEN, dir.path()));
  EXPECT_ERRNO(EINVAL, mark(group, FAN_MARK_ADD | kIgnore | FAN_MARK_MOUNT, FAN_OPEN, dir.path()));
  EXPECT_ERRNO(ENOTDIR, mark(group, FAN_MARK_ADD | kIgnore, FAN_EVENT_ON_CHILD | FAN_OPEN, file));
}

TEST(a_file_tells_what_is_done_with_it) {
  COVERS("fanotify_init", "fanotify_mark");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "abc"));
  int group = group_of(0);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN | FAN_CLOSE | FAN_ACCESS | FAN_MODIFY, dir / "f"));
  touch(dir / "f");
  close(open(dir / "f", O_RDONLY));
  pollfd poller{group, POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, 1000));
  int bytes = 0;
  EXPECT_OK(ioctl(group, FIONREAD, &bytes));
  EXPECT_EQ(static_cast<int>(sizeof(fanotify_event_metadata)), bytes);  // all of one process and one file are one
  int pid = 0;
  EXPECT_STREQ("3b:f ", story(group, &pid));
  EXPECT_EQ(getpid(), pid);
  EXPECT_STREQ("", story(group));  // its own descriptors tell nothing
  EXPECT_OK(mark(group, FAN_MARK_REMOVE, FAN_OPEN | FAN_ACCESS | FAN_MODIFY, dir / "f"));
  touch(dir / "f");
  EXPECT_STREQ("8:f ", story(group));
  EXPECT_OK(mark(group, FAN_MARK_FLUSH, 0, dir / "f"));
  touch(dir / "f");
  EXPECT_STREQ("", story(group));
}

TEST(the_descriptor_of_an_event_is_opened_as_the_group_says) {
  COVERS("fanotify_init");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "abc"));
  long group = SYS(fanotify_init, FAN_NONBLOCK, O_RDWR | O_CLOEXEC | O_APPEND);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_CLOSE_WRITE, dir / "f"));
  touch(dir / "f");
  fanotify_event_metadata event{};
  char small[23];
  EXPECT_ERRNO(EINVAL, read(static_cast<int>(group), small, sizeof small));
  ASSERT_TRUE(read(static_cast<int>(group), &event, sizeof event) == sizeof event);
  EXPECT_EQ(sizeof event, size_t{event.event_len});
  EXPECT_EQ(FANOTIFY_METADATA_VERSION, event.vers);
  EXPECT_EQ(FD_CLOEXEC, fcntl(event.fd, F_GETFD));
  EXPECT_EQ(O_RDWR | O_APPEND, fcntl(event.fd, F_GETFL) & (O_ACCMODE | O_APPEND));
  EXPECT_EQ(1, write(event.fd, "z", 1));
  close(event.fd);
  EXPECT_ERRNO(EAGAIN, read(static_cast<int>(group), &event, sizeof event));
}

TEST(a_directory_tells_of_its_children_if_asked_to) {
  COVERS("fanotify_mark");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "abc"));
  mkdir(dir / "d", 0700);
  int group = group_of(0), with_children = group_of(0), with_directories = group_of(0);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN, dir.path()));
  ASSERT_OK(mark(with_children, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, dir.path()));
  ASSERT_OK(mark(with_directories, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD | FAN_ONDIR, dir.path()));
  close(open(dir / "f", O_RDONLY));
  close(open(dir / "d", O_RDONLY | O_DIRECTORY));
  close(open(dir.path(), O_RDONLY | O_DIRECTORY));
  EXPECT_STREQ("", story(group));
  EXPECT_STREQ("20:f ", story(with_children));
  char whole[64];
  snprintf(whole, sizeof whole, "20:f 20:d 20:%s ", strrchr(dir.path(), '/') + 1);
  EXPECT_STREQ(whole, story(with_directories));
}

TEST(what_is_ignored_is_not_told_until_the_file_changes) {
  COVERS("fanotify_mark");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "abc"));
  int group = group_of(0);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, dir.path()));
  ASSERT_OK(mark(group, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK, FAN_OPEN, dir / "f"));
  close(open(dir / "f", O_RDONLY));
  EXPECT_STREQ("", story(group));
  touch(dir / "f");  // the write makes an end of it
  EXPECT_STREQ("", story(group));
  close(open(dir / "f", O_RDONLY));
  EXPECT_STREQ("20:f ", story(group));
  ASSERT_OK(mark(group, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, FAN_OPEN, dir / "f"));
  touch(dir / "f");
  touch(dir / "f");
  EXPECT_STREQ("", story(group));
  ASSERT_OK(mark(group, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, FAN_OPEN, dir / "f"));
  close(open(dir / "f", O_RDONLY));
  EXPECT_STREQ("20:f ", story(group));
}

TEST(a_mount_and_a_filesystem_tell_of_all_in_them) {
  COVERS("fanotify_mark");
  NEEDS_ADMIN();
  guest::TempDir dir;
  mkdir(dir / "m", 0700), mkdir(dir / "n", 0700);
  if (unshare(CLONE_NEWNS) == -1) SKIP("no mount namespaces here");
  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  ASSERT_OK(mount("t", dir / "m", "tmpfs", 0, nullptr));
  ASSERT_OK(mount(dir / "m", dir / "n", nullptr, MS_BIND, nullptr));
  int of_mount = group_of(0), of_filesystem = group_of(0);
  ASSERT_OK(mark(of_mount, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CLOSE_WRITE, dir / "n"));
  ASSERT_OK(mark(of_filesystem, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CLOSE_WRITE, dir / "m"));
  mkdir(dir / "m/d", 0700);
  close(guest::make_file(dir / "m/d/one", "x"));
  close(guest::make_file(dir / "n/d/two", "x"));
  EXPECT_STREQ("8:two ", story(of_mount));
  EXPECT_STREQ("8:one 8:two ", story(of_filesystem));
  EXPECT_OK(umount(dir / "n"));
  EXPECT_OK(mark(of_mount, FAN_MARK_FLUSH | FAN_MARK_MOUNT, 0, "/"));
  EXPECT_OK(umount(dir / "m"));
}

TEST(a_program_that_is_run_is_told_of) {
  COVERS("fanotify_mark", "execve");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "s", "#!/bin/true\n", 0755));
  int group = group_of(0);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN_EXEC | FAN_OPEN, dir / "s"));
  close(open(dir / "s", O_RDONLY));
  EXPECT_STREQ("20:s ", story(group));
  guest::in_child([&] {
    char* argv[] = {const_cast<char*>("s"), nullptr};
    return execv(dir / "s", argv);
  });
  EXPECT_STREQ("1020:s ", story(group));
}

TEST(an_opening_waits_for_its_answer) {
  COVERS("fanotify_init", "fanotify_mark", "openat");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "abc"));
  int group = group_of(FAN_CLASS_CONTENT);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, dir / "f"));
  const char* file = dir / "f";
  auto opens = [file] { return open(file, O_RDONLY) == -1 ? errno : 0; };
  for (unsigned response : {unsigned{FAN_ALLOW}, unsigned{FAN_DENY}}) {
    pid_t child = fork();
    if (child == 0) _exit(opens());
    EXPECT_EQ(static_cast<unsigned long long>(FAN_OPEN_PERM), answer(group, response));
    int status = 0;
    EXPECT_EQ(child, waitpid(child, &status, 0));
    EXPECT_EQ(response == FAN_DENY ? EPERM : 0, WEXITSTATUS(status));
  }
}

TEST(a_read_waits_for_its_answer) {
  COVERS("fanotify_mark", "read", "pread64", "getdents64");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "abc"));
  int group = group_of(FAN_CLASS_PRE_CONTENT);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_ACCESS_PERM, dir / "f"));
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_ACCESS_PERM | FAN_ONDIR, dir.path()));
  for (int way = 0; way < 3; ++way) {
    pid_t child = fork();
    if (child == 0) {
      int fd = way == 2 ? open(dir.path(), O_RDONLY | O_DIRECTORY) : open(dir / "f", O_RDONLY);
      char bytes[256];
      long got = way == 0   ? read(fd, bytes, 1)
                 : way == 1 ? pread(fd, bytes, 1, 1)
                            : SYS(getdents64, fd, bytes, sizeof bytes);
      _exit(got == -1 ? errno : 0);
    }
    EXPECT_EQ(static_cast<unsigned long long>(FAN_ACCESS_PERM), answer(group, FAN_DENY));
    int status = 0;
    EXPECT_EQ(child, waitpid(child, &status, 0));
    EXPECT_EQ(EPERM, WEXITSTATUS(status));
  }
  close(group);  // or the end of the directory would wait
}

TEST(a_refusal_may_have_an_errno_of_its_own) {
  COVERS("fanotify_mark");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "abc"));
  int group = group_of(FAN_CLASS_PRE_CONTENT);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, dir / "f"));
  pid_t child = fork();
  if (child == 0) _exit(open(dir / "f", O_RDONLY) == -1 ? errno : 0);
  fanotify_event_metadata event{};
  pollfd poller{group, POLLIN, 0};
  ASSERT_TRUE(poll(&poller, 1, 5000) == 1 && read(group, &event, sizeof event) == sizeof event);
  fanotify_response said{event.fd, FAN_DENY | unsigned{EACCES} << 24};
  EXPECT_ERRNO(EINVAL, write(group, &said, sizeof said));
  said.response = FAN_DENY | FAN_ALLOW;
  EXPECT_ERRNO(EINVAL, write(group, &said, sizeof said));
  said.response = FAN_ALLOW | FAN_AUDIT;
  EXPECT_ERRNO(EINVAL, write(group, &said, sizeof said));
  said = {event.fd + 100, FAN_ALLOW};
  EXPECT_ERRNO(ENOENT, write(group, &said, sizeof said));
  said = {-1, FAN_ALLOW};
  EXPECT_ERRNO(EINVAL, write(group, &said, sizeof said));
  said = {event.fd, FAN_DENY | unsigned{EIO} << 24};
  EXPECT_ERRNO(EINVAL, write(group, &said, 7));
  EXPECT_ERRNO(EFAULT, SYS(write, group, guest::bad_pointer(), 8));
  EXPECT_EQ(8, write(group, &said, sizeof said));
  EXPECT_ERRNO(ENOENT, write(group, &said, sizeof said));
  int status = 0;
  EXPECT_EQ(child, waitpid(child, &status, 0));
  EXPECT_EQ(EIO, WEXITSTATUS(status));
}

TEST(who_waits_for_an_answer_dies_and_goes_on) {
  COVERS("fanotify_mark", "kill");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "abc"));
  int group = group_of(FAN_CLASS_CONTENT);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, dir / "f"));
  pid_t killed = fork();
  if (killed == 0) _exit(open(dir / "f", O_RDONLY) == -1 ? errno : 0);
  pollfd poller{group, POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, 5000));
  kill(killed, SIGKILL);
  int status = 0;
  EXPECT_EQ(killed, waitpid(killed, &status, 0));
  EXPECT_TRUE(WIFSIGNALED(status));
  // The group's end lets through who waits.
  pid_t waits = fork();
  if (waits == 0) {
    close(group);
    _exit(open(dir / "f", O_RDONLY) == -1 ? errno : 0);
  }
  EXPECT_EQ(1, poll(&poller, 1, 5000));
  usleep(20'000);
  close(group);
  EXPECT_EQ(waits, waitpid(waits, &status, 0));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(a_group_that_is_not_read_overflows_once) {
  COVERS("fanotify_init", "read");
  NEEDS_ADMIN();
  guest::TempDir dir;
  int group = group_of(FAN_REPORT_FID | FAN_REPORT_DIR_FID | FAN_REPORT_NAME);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_MOVED_TO, dir.path()));
  close(guest::make_file(dir / "0", ""));
  for (int i = 0; i < 17'000; ++i) {
    char from[32], to[32];
    snprintf(from, sizeof from, "%d", i), snprintf(to, sizeof to, "%d", i + 1);
    rename(dir / from, dir / to);
  }
  alignas(fanotify_event_metadata) static char buffer[65536];
  unsigned long long last = 0;
  int count = 0, overflows = 0;
  for (ssize_t got; (got = read(group, buffer, sizeof buffer)) > 0;) {
    auto* event = reinterpret_cast<fanotify_event_metadata*>(buffer);
    for (; FAN_EVENT_OK(event, got); event = FAN_EVENT_NEXT(event, got)) {
      ++count, last = event->mask;
      overflows += event->mask == FAN_Q_OVERFLOW ? 1 : 0;
    }
  }
  EXPECT_EQ(1, overflows);
  EXPECT_EQ(static_cast<unsigned long long>(FAN_Q_OVERFLOW), last);
  EXPECT_GT(count, 100);
  EXPECT_TRUE(count <= 16385);
}

TEST(fdinfo_tells_of_marks) {
  COVERS("fanotify_mark", "inotify_add_watch");
  guest::TempDir dir;
  int group = group_of(FAN_REPORT_FID);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN | FAN_ONDIR, dir.path()));
  char path[64], text[1024] = {}, line[200];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", group);
  int info = open(path, O_RDONLY);
  EXPECT_GT(read(info, text, sizeof text - 1), 0);
  struct stat found;
  stat(dir.path(), &found);
  snprintf(line, sizeof line, "\nfanotify flags:203 event-flags:8000\nfanotify ino:%llx sdev:",
           static_cast<unsigned long long>(found.st_ino));
  EXPECT_TRUE(strstr(text, line) != nullptr);
  EXPECT_TRUE(strstr(text, " mflags:0 mask:40000020 ignored_mask:0 fhandle-bytes:") != nullptr);
  EXPECT_TRUE(strstr(text, " f_handle:") != nullptr);
}

GUEST_TEST_MAIN
