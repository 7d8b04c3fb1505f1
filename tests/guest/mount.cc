// mount(2), umount2(2), pivot_root(2), unshare(2) and setns(2) of the mount and other namespaces.
#include "tests/guest/guest_test.h"

#include <sys/mount.h>
#include <sys/utsname.h>

namespace {
// Runs as root of a mount namespace of its own; skips where that is forbidden.
bool may_mount() {
  return guest::in_child([] {
           if (unshare(CLONE_NEWNS) != 0) return 1;
           return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 ? 0 : 1;
         }) == 0;
}
int enter() { return unshare(CLONE_NEWNS) | mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr); }
}  // namespace

TEST(an_ordinary_user_cannot_mount) {
  COVERS("mount", "umount2");
  EXPECT_EQ(0, guest::in_child([] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              if (SYS(mount, "none", "/tmp", "tmpfs", 0, nullptr) != -1 || errno != EPERM) return 2;
              return SYS(umount2, "/proc", 0) == -1 && errno == EPERM ? 0 : 3;
            }));
}

TEST(a_tmpfs_covers_what_was_there) {
  COVERS("mount", "umount2");
  if (!guest::is_root() || !may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  mkdir(dir / "m", 0700);
  close(guest::make_file(dir / "m/below", ""));
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0) return 1;
              if (SYS(mount, "none", dir / "m", "tmpfs", MS_NOSUID, "size=1m") != 0) return 2;
              if (access(dir / "m/below", F_OK) == 0) return 3;
              int fd = open(dir / "m/new", O_CREAT | O_RDWR, 0600);
              static char block[1 << 20];
              if (write(fd, block, sizeof block) + write(fd, block, sizeof block) > (1 << 20)) return 4;
              if (SYS(umount2, dir / "m", 0) != -1 || errno != EBUSY) return 5;
              close(fd);
              if (SYS(umount2, dir / "m", 0) != 0) return 6;
              return access(dir / "m/below", F_OK);
            }));
}

TEST(binds_and_read_only) {
  COVERS("mount");
  if (!guest::is_root() || !may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  mkdir(dir / "a", 0700);
  mkdir(dir / "b", 0700);
  close(guest::make_file(dir / "a/f", "x"));
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0) return 1;
              if (mount(dir / "a", dir / "b", nullptr, MS_BIND, nullptr) != 0) return 2;
              if (access(dir / "b/f", F_OK) != 0) return 3;
              if (mount(nullptr, dir / "b", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) return 4;
              if (open(dir / "b/g", O_CREAT | O_RDWR, 0600) != -1 || errno != EROFS) return 5;
              if (unlink(dir / "b/f") != -1 || errno != EROFS) return 6;
              return open(dir / "a/g", O_CREAT | O_RDWR, 0600) >= 0 ? 0 : 7;
            }));
}

TEST(mount_errors) {
  COVERS("mount", "umount2");
  if (!guest::is_root() || !may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  EXPECT_ERRNO(ENODEV, SYS(mount, "none", dir.path(), "nonesuchfs", 0, nullptr));
  EXPECT_ERRNO(ENOENT, SYS(mount, "none", dir / "none", "tmpfs", 0, nullptr));
  EXPECT_ERRNO(ENOTDIR, SYS(mount, "none", dir / "f", "tmpfs", 0, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(mount, "none", guest::bad_pointer(), "tmpfs", 0, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(umount2, dir.path(), 0));
  EXPECT_ERRNO(EINVAL, SYS(umount2, "/", 0x1000));
}

TEST(a_host_name_of_its_own) {
  COVERS("unshare", "sethostname", "setns");
  if (!guest::is_root() || guest::in_child([] { return unshare(CLONE_NEWUTS); }) != 0) SKIP("may not make namespaces");
  utsname before, after;
  uname(&before);
  EXPECT_EQ(0, guest::in_child([&] {
              int old = open("/proc/self/ns/uts", O_RDONLY);
              if (unshare(CLONE_NEWUTS) != 0 || sethostname("other", 5) != 0) return 1;
              uname(&after);
              if (strcmp(after.nodename, "other") != 0) return 2;
              if (SYS(setns, old, CLONE_NEWUTS) != 0) return 3;
              uname(&after);
              return strcmp(after.nodename, before.nodename) == 0 ? 0 : 4;
            }));
  uname(&after);
  EXPECT_STREQ(before.nodename, after.nodename);
  EXPECT_ERRNO(EBADF, SYS(setns, -1, 0));
  EXPECT_ERRNO(EINVAL, SYS(setns, 0, CLONE_NEWUTS));
}

GUEST_TEST_MAIN
