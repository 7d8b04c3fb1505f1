// fanotify(7): groups that report file handles; those that anybody may make.
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#include "tests/guest/guest_test.h"

#define NEEDS_ADMIN() \
  if (geteuid() != 0) SKIP("needs CAP_SYS_ADMIN")

namespace {

constexpr unsigned kTargetFid = 0x1000, kPidfd = 0x80;
constexpr unsigned long long kRename = 0x10000000;

struct Handle {
  unsigned bytes = 128;
  int type = 0;
  unsigned char data[128] = {};
};
bool encode(const char* path, Handle& handle) {
  int mount = 0;
  return SYS(name_to_handle_at, AT_FDCWD, path, &handle, &mount, AT_SYMLINK_FOLLOW & 0) == 0;
}

// Files that events are of, by what they are called in a story.
struct Known {
  char name[8];
  Handle handle;
};
Known known[8];
int known_count = 0;
void know(const char* name, const char* path) {
  Known& added = known[known_count++];
  snprintf(added.name, sizeof added.name, "%s", name);
  added.handle = Handle();
  encode(path, added.handle);
}
const char* name_of(const unsigned char* at) {
  unsigned bytes = 0;
  int type = 0;
  memcpy(&bytes, at, 4), memcpy(&type, at + 4, 4);
  for (int i = known_count; i-- > 0;) {
    const Handle& handle = known[i].handle;
    if (handle.bytes == bytes && handle.type == type && memcmp(handle.data, at + 8, bytes) == 0) return known[i].name;
  }
  return "?";
}

// Each event as "mask(record file name)(...) ", a record being d (directory), n (directory and name), f (file), o and w (old and new place).
const char* story(int group) {
  static char text[150];
  alignas(fanotify_event_metadata) unsigned char buffer[8192];
  ssize_t got = read(group, buffer, sizeof buffer);
  size_t used = 0;
  text[0] = 0;
  auto add = [&](const char* a, const char* b, const char* c, const char* d) {
    used +=
        static_cast<size_t>(snprintf(text + used, used < sizeof text ? sizeof text - used : 0, "%s%s%s%s", a, b, c, d));
  };
  auto* event = reinterpret_cast<fanotify_event_metadata*>(buffer);
  for (; FAN_EVENT_OK(event, got); event = FAN_EVENT_NEXT(event, got)) {
    char mask[32];
    snprintf(mask, sizeof mask, "%llx", static_cast<unsigned long long>(event->mask));
    add(mask, "", "", "");
    const auto* at = reinterpret_cast<unsigned char*>(event + 1);
    const auto* end = reinterpret_cast<unsigned char*>(event) + event->event_len;
    while (at < end) {
      unsigned short length = 0;
      memcpy(&length, at + 2, 2);
      if (at[0] == 4) {
        int fd = -1;
        memcpy(&fd, at + 4, 4);
        add("(p", fd >= 0 ? "+" : "-", "", ")");
        if (fd >= 0) close(fd);
      } else {
        constexpr char kKinds[] = "?fnd??????o?w";
        const char kind[2] = {at[0] < sizeof kKinds ? kKinds[at[0]] : '?', 0};
        unsigned bytes = 0;
        memcpy(&bytes, at + 12, 4);
        const char* name = reinterpret_cast<const char*>(at + 20 + bytes);
        const bool named = at[0] == 2 || at[0] == 10 || at[0] == 12;
        add("(", kind, name_of(at + 12), "");
        add(named ? " " : "", named ? name : "", ")", "");
      }
      at += length;
    }
    add(" ", "", "", "");
  }
  return text;
}

int group_of(unsigned flags) {
  known_count = 0;
  return static_cast<int>(SYS(fanotify_init, flags | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY));
}
long mark(long group, unsigned flags, unsigned long long mask, const char* path) {
  return SYS(fanotify_mark, group, flags, mask, AT_FDCWD, path);
}

}  // namespace

TEST(handles_alone_tell_which_inode) {
  COVERS("fanotify_init", "fanotify_mark");
  guest::TempDir dir;
  int file = guest::make_file(dir / "f", "x");
  int group = group_of(FAN_REPORT_FID);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_ATTRIB | FAN_DELETE_SELF | FAN_MODIFY | FAN_MOVE_SELF, dir / "f"));
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_CREATE | FAN_DELETE | FAN_ONDIR, dir.path()));
  know("D", dir.path()), know("F", dir / "f");
  EXPECT_EQ(1, write(file, "y", 1));
  close(guest::make_file(dir / "g", "x"));
  mkdir(dir / "d", 0700);
  EXPECT_STREQ("2(fF) 100(fD) 40000100(fD) ", story(group));
  rename(dir / "f", dir / "h");
  fchmod(file, 0600);
  unlink(dir / "h");
  close(file);
  EXPECT_STREQ("c04(fF) 200(fD) ", story(group));
}

TEST(names_tell_where_it_happened) {
  COVERS("fanotify_init", "fanotify_mark");
  guest::TempDir dir;
  int group = group_of(FAN_REPORT_DIR_FID | FAN_REPORT_NAME);
  ASSERT_OK(mark(group, FAN_MARK_ADD,
                 FAN_CREATE | FAN_DELETE | FAN_MOVE | FAN_CLOSE_WRITE | FAN_OPEN | FAN_EVENT_ON_CHILD | FAN_ONDIR,
                 dir.path()));
  know("D", dir.path());
  close(guest::make_file(dir / "f", "x"));
  EXPECT_STREQ("128(nD f) ", story(group));
  mkdir(dir / "d", 0700);
  know("S", dir / "d");
  close(open(dir / "d", O_RDONLY | O_DIRECTORY));
  close(open(dir.path(), O_RDONLY | O_DIRECTORY));
  rename(dir / "f", dir / "g");
  EXPECT_STREQ("40000100(nD d) 40000020(nS .) 40000020(nD .) 40(nD f) 80(nD g) ", story(group));
  unlink(dir / "g");
  rmdir(dir / "d");
  EXPECT_STREQ("200(nD g) 40000200(nD d) ", story(group));
}

TEST(directories_and_children_are_told_together) {
  COVERS("fanotify_init", "fanotify_mark");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "x"));
  mkdir(dir / "d", 0700);
  int both = group_of(FAN_REPORT_DIR_FID | FAN_REPORT_FID);
  int all = group_of(FAN_REPORT_DIR_FID | FAN_REPORT_FID | FAN_REPORT_NAME);
  int target = group_of(FAN_REPORT_DIR_FID | FAN_REPORT_FID | FAN_REPORT_NAME | kTargetFid);
  int directory = group_of(FAN_REPORT_DIR_FID);
  for (int group : {both, all, target, directory})
    ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN | FAN_CREATE | FAN_EVENT_ON_CHILD | FAN_ONDIR, dir.path()));
  know("D", dir.path()), know("F", dir / "f"), know("S", dir / "d");
  close(open(dir / "f", O_RDONLY));
  close(open(dir / "d", O_RDONLY | O_DIRECTORY));
  symlink("x", dir / "l");
  know("L", dir / "l");
  EXPECT_STREQ("20(dD)(fF) 40000020(dS) 100(dD) ", story(both));
  EXPECT_STREQ("20(nD f)(fF) 40000020(nS .) 100(nD l) ", story(all));
  EXPECT_STREQ("20(nD f)(fF) 40000020(nS .) 100(nD l)(fL) ", story(target));
  EXPECT_STREQ("120(dD) 40000020(dS) ", story(directory));
}

TEST(a_mark_of_a_file_tells_its_directory) {
  COVERS("fanotify_mark");
  guest::TempDir dir;
  int file = guest::make_file(dir / "f", "x");
  int group = group_of(FAN_REPORT_DIR_FID | FAN_REPORT_FID | FAN_REPORT_NAME);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_ATTRIB | FAN_DELETE_SELF | FAN_OPEN, dir / "f"));
  know("D", dir.path()), know("F", dir / "f");
  chmod(dir / "f", 0600);
  close(open(dir / "f", O_RDONLY));
  EXPECT_STREQ("24(nD f)(fF) ", story(group));
  unlink(dir / "f");
  close(file);
  EXPECT_STREQ("404(fF) ", story(group));
}

TEST(a_rename_is_one_event_of_two_places) {
  COVERS("fanotify_mark", "renameat2");
  guest::TempDir dir;
  mkdir(dir / "a", 0700), mkdir(dir / "b", 0700);
  close(guest::make_file(dir / "a/f", "x"));
  constexpr unsigned kNames = FAN_REPORT_DIR_FID | FAN_REPORT_NAME;
  int from = group_of(kNames), to = group_of(kNames), both = group_of(kNames),
      target = group_of(kNames | FAN_REPORT_FID | kTargetFid);
  ASSERT_OK(mark(from, FAN_MARK_ADD, kRename, dir / "a"));
  ASSERT_OK(mark(to, FAN_MARK_ADD, kRename, dir / "b"));
  for (int group : {both, target}) {
    ASSERT_OK(mark(group, FAN_MARK_ADD, kRename, dir / "a"));
    ASSERT_OK(mark(group, FAN_MARK_ADD, kRename | FAN_MOVED_TO, dir / "b"));
  }
  know("A", dir / "a"), know("B", dir / "b"), know("F", dir / "a/f");
  rename(dir / "a/f", dir / "b/g");
  EXPECT_STREQ("10000000(oA f) ", story(from));
  EXPECT_STREQ("10000000(wB g) ", story(to));
  EXPECT_STREQ("10000000(oA f)(wB g) 80(nB g) ", story(both));
  EXPECT_STREQ("10000000(oA f)(wB g)(fF) 80(nB g)(fF) ", story(target));
}

TEST(a_filesystem_tells_of_names_and_of_ends) {
  COVERS("fanotify_mark");
  NEEDS_ADMIN();
  guest::TempDir dir;
  if (unshare(CLONE_NEWNS) == -1) SKIP("no mount namespaces here");
  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  ASSERT_OK(mount("t", dir.path(), "tmpfs", 0, nullptr));
  mkdir(dir / "d", 0700);
  int group = group_of(FAN_REPORT_DIR_FID | FAN_REPORT_FID | FAN_REPORT_NAME);
  ASSERT_OK(mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                 FAN_CREATE | FAN_DELETE | FAN_DELETE_SELF | FAN_OPEN | kRename, dir.path()));
  know("R", dir.path()), know("D", dir / "d");
  int file = guest::make_file(dir / "d/f", "x");
  know("F", dir / "d/f");
  EXPECT_STREQ("100(nD f) 20(nD f)(fF) ", story(group));
  rename(dir / "d/f", dir / "g");
  unlink(dir / "g");
  close(file);
  EXPECT_STREQ("10000000(oD f)(wR g) 200(nR g) 400(fF) ", story(group));
  struct statfs status;
  statfs(dir.path(), &status);
  close(guest::make_file(dir / "h", "x"));
  alignas(8) unsigned char bytes[512];
  EXPECT_GT(read(group, bytes, sizeof bytes), 0);
  EXPECT_EQ(0, memcmp(bytes + sizeof(fanotify_event_metadata) + 4, &status.f_fsid, 8));
  EXPECT_OK(umount(dir.path()));
}

TEST(an_events_handle_is_opened) {
  COVERS("fanotify_mark", "open_by_handle_at");
  NEEDS_ADMIN();
  guest::TempDir dir;
  mkdir(dir / "d", 0700);
  int group = group_of(FAN_REPORT_DIR_FID | FAN_REPORT_NAME);
  ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_CREATE, dir / "d"));
  close(guest::make_file(dir / "d/f", "x"));
  alignas(8) unsigned char bytes[512];
  ASSERT_TRUE(read(group, bytes, sizeof bytes) > 0);
  int mount = open(dir.path(), O_RDONLY);
  long fd = SYS(open_by_handle_at, mount, bytes + sizeof(fanotify_event_metadata) + 12, O_RDONLY);
  ASSERT_OK(fd);
  char link[64], path[150] = {};
  snprintf(link, sizeof link, "/proc/self/fd/%ld", fd);
  EXPECT_GT(readlink(link, path, sizeof path - 1), 0);
  EXPECT_STREQ(dir / "d", path);
}

TEST(who_did_it_is_told_as_the_group_asks) {
  COVERS("fanotify_init");
  NEEDS_ADMIN();
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "x"));
  int pidfd = group_of(FAN_REPORT_FID | kPidfd), tid = group_of(FAN_REPORT_FID | FAN_REPORT_TID);
  for (int group : {pidfd, tid}) ASSERT_OK(mark(group, FAN_MARK_ADD, FAN_OPEN, dir / "f"));
  know("F", dir / "f");
  guest::in_child([&] { return close(open(dir / "f", O_RDONLY)); });  // and is gone
  EXPECT_STREQ("20(fF)(p-) ", story(pidfd));
  close(open(dir / "f", O_RDONLY));
  EXPECT_STREQ("20(fF)(p+) ", story(pidfd));
  alignas(8) unsigned char bytes[512];
  ASSERT_TRUE(read(tid, bytes, sizeof bytes) > 0);
  EXPECT_TRUE(reinterpret_cast<fanotify_event_metadata*>(bytes)->pid > 0);
}

TEST(anybody_may_watch_what_he_may_read) {
  COVERS("fanotify_init", "fanotify_mark");
  guest::TempDir dir;
  chmod(dir.path(), 0755);
  close(guest::make_file(dir / "f", "x", 0644));
  close(guest::make_file(dir / "secret", "x", 0600));
  EXPECT_EQ(0, guest::in_child([&] {
              if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return 1;
              int group = group_of(FAN_REPORT_FID);
              if (group == -1) return 2;
              if (mark(group, FAN_MARK_ADD, FAN_OPEN, dir / "f") != 0) return 3;
              if (mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN, dir / "f") != -1 || errno != EPERM) return 4;
              if (mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN, dir / "f") != -1 || errno != EPERM)
                return 5;
              if (mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, dir / "f") != -1 || errno != EINVAL) return 6;
              // Of others it is not told who they are.
              guest::in_child([&] { return close(open(dir / "f", O_RDONLY)); });
              alignas(8) unsigned char bytes[512];
              auto* event = reinterpret_cast<fanotify_event_metadata*>(bytes);
              if (read(group, bytes, sizeof bytes) <= 0 || event->pid != 0 || event->fd != FAN_NOFD) return 7;
              close(open(dir / "f", O_RDONLY));
              if (read(group, bytes, sizeof bytes) <= 0 || event->pid != getpid()) return 8;
              int count = 1;
              while (group_of(FAN_REPORT_FID) != -1) ++count;
              if (errno != EMFILE || count > 128) return 9;
              return 0;
            }));
  EXPECT_EQ(0, guest::in_child([&] {
              if (geteuid() != 0) return 0;
              if (setresuid(65534, 65534, 65534) != 0) return 1;
              int group = group_of(FAN_REPORT_FID);
              return mark(group, FAN_MARK_ADD, FAN_OPEN, dir / "secret") == -1 && errno == EACCES ? 0 : 2;
            }));
}

GUEST_TEST_MAIN
