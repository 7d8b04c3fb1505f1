// The newer mount calls: fsopen(2), fsconfig(2), fsmount(2), fspick(2), open_tree(2), move_mount(2), mount_setattr(2).
#include "tests/guest/guest_test.h"

#include <linux/mount.h>
#include <sched.h>

extern "C" int mount(const char*, const char*, const char*, unsigned long, const void*);

namespace {
// A sandbox without mount namespaces is one itself.
int enter() {
  if (unshare(CLONE_NEWNS) != 0) return errno == EPERM && guest::is_root() ? 0 : 1;
  return mount("none", "/", nullptr, 0x4000 | 0x40000, nullptr);
}
bool may_mount() {
  return guest::is_root() && guest::in_child([] { return enter(); }) == 0;
}
}  // namespace

TEST(a_filesystem_is_made_step_by_step) {
  COVERS("fsopen", "fsconfig", "fsmount", "move_mount");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  mkdir(dir / "m", 0700);
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0) return 1;
              int fs = static_cast<int>(SYS(fsopen, "tmpfs", FSOPEN_CLOEXEC));
              if (fs == -1 || fcntl(fs, F_GETFD) != FD_CLOEXEC) return 2;
              if (SYS(fsmount, fs, 0, 0) != -1 || errno != EINVAL) return 3;
              if (SYS(fsconfig, fs, FSCONFIG_SET_STRING, "size", "1m", 0) != 0) return 4;
              if (SYS(fsconfig, fs, FSCONFIG_SET_STRING, "nonesuch", "1m", 0) != -1 || errno != EINVAL) return 5;
              if (SYS(fsconfig, fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return 6;
              if (SYS(fsconfig, fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != -1 || errno != EBUSY) return 7;
              int m = static_cast<int>(SYS(fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOEXEC));
              if (m == -1) return 8;
              if (SYS(fsmount, fs, 0, 0) != -1 || errno != EBUSY) return 9;
              // Usable before it is anywhere.
              if (openat(m, "early", O_CREAT | O_RDWR, 0600) == -1) return 10;
              if (SYS(move_mount, m, "", AT_FDCWD, dir / "m", MOVE_MOUNT_F_EMPTY_PATH) != 0) return 11;
              return access(dir / "m/early", F_OK) == 0 ? 0 : 12;
            }));
}

TEST(a_tree_is_cloned_and_moved) {
  COVERS("open_tree", "move_mount");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  mkdir(dir / "a", 0700);
  mkdir(dir / "b", 0700);
  mkdir(dir / "c", 0700);
  close(guest::make_file(dir / "a/f", "x"));
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0) return 1;
              int tree = static_cast<int>(SYS(open_tree, AT_FDCWD, dir / "a", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
              if (tree == -1) return 2;
              if (SYS(move_mount, tree, "", AT_FDCWD, dir / "b", MOVE_MOUNT_F_EMPTY_PATH) != 0) return 3;
              if (access(dir / "b/f", F_OK) != 0) return 4;
              if (SYS(move_mount, tree, "", AT_FDCWD, dir / "c", MOVE_MOUNT_F_EMPTY_PATH) != 0) return 5;
              if (access(dir / "b/f", F_OK) == 0 || access(dir / "c/f", F_OK) != 0) return 6;
              // Of a place that is no mount's root: nothing to move.
              if (SYS(move_mount, AT_FDCWD, dir / "a", AT_FDCWD, dir / "b", 0) != -1 || errno != EINVAL) return 7;
              int plain = static_cast<int>(SYS(open_tree, AT_FDCWD, dir / "a", 0));
              struct stat info;
              return fstatat(plain, "f", &info, 0) == 0 ? 0 : 8;
            }));
}

TEST(a_mounts_attributes_change) {
  COVERS("mount_setattr", "fspick", "fsconfig");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  mkdir(dir / "m", 0700);
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0 || mount("none", dir / "m", "tmpfs", 0, nullptr) != 0) return 1;
              mount_attr attr{};
              attr.attr_set = MOUNT_ATTR_RDONLY;
              if (SYS(mount_setattr, AT_FDCWD, dir / "m", 0, &attr, sizeof attr) != 0) return 2;
              if (open(dir / "m/f", O_CREAT | O_RDWR, 0600) != -1 || errno != EROFS) return 3;
              attr = {};
              attr.attr_clr = MOUNT_ATTR_RDONLY;
              if (SYS(mount_setattr, AT_FDCWD, dir / "m", 0, &attr, sizeof attr) != 0) return 4;
              if (open(dir / "m/f", O_CREAT | O_RDWR, 0600) == -1) return 5;
              attr.attr_set = MOUNT_ATTR_NOATIME;  // not without clearing
              if (SYS(mount_setattr, AT_FDCWD, dir / "m", 0, &attr, sizeof attr) != -1 || errno != EINVAL) return 6;
              attr.attr_set = 1ull << 40;
              if (SYS(mount_setattr, AT_FDCWD, dir / "m", 0, &attr, sizeof attr) != -1 || errno != EINVAL) return 7;
              if (SYS(mount_setattr, AT_FDCWD, dir / "m", 0, &attr, 8) != -1 || errno != EINVAL) return 8;
              if (SYS(mount_setattr, AT_FDCWD, dir / "m", 0x10, &attr, sizeof attr) != -1 || errno != EINVAL) return 9;
              if (SYS(mount_setattr, AT_FDCWD, dir / "m", 0, &attr, 5000) != -1 || errno != E2BIG) return 10;
              attr = {};
              attr.attr_set = MOUNT_ATTR_RDONLY;
              if (SYS(mount_setattr, AT_FDCWD, dir / "m/f", 0, &attr, sizeof attr) != -1 || errno != EINVAL) return 11;
              int picked = static_cast<int>(SYS(fspick, AT_FDCWD, dir / "m", FSPICK_CLOEXEC));
              if (picked == -1) return 12;
              if (SYS(fspick, AT_FDCWD, dir / "m/f", 0) != -1 || errno != EINVAL) return 13;
              return SYS(fsconfig, picked, FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) == 0 ? 0 : 14;
            }));
}

TEST(errors_of_the_newer_mount_calls) {
  COVERS("fsopen", "fsconfig", "fsmount", "fspick", "open_tree", "move_mount", "mount_setattr");
  EXPECT_EQ(0, guest::in_child([] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              mount_attr attr{};
              if (SYS(fsopen, "tmpfs", 0) != -1 || errno != EPERM) return 2;
              if (SYS(fspick, AT_FDCWD, "/", 0) != -1 || errno != EPERM) return 3;
              if (SYS(fsmount, 0, 0, 0) != -1 || errno != EPERM) return 4;
              if (SYS(move_mount, AT_FDCWD, "/", AT_FDCWD, "/", 0) != -1 || errno != EPERM) return 5;
              if (SYS(open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE) != -1 || errno != EPERM) return 6;
              if (SYS(mount_setattr, AT_FDCWD, "/", 0, &attr, sizeof attr) != -1 || errno != EPERM) return 7;
              return SYS(open_tree, AT_FDCWD, "/", 0) >= 0 ? 0 : 8;
            }));
  EXPECT_ERRNO(EINVAL, SYS(open_tree, AT_FDCWD, "/", AT_RECURSIVE));
  EXPECT_ERRNO(EINVAL, SYS(open_tree, AT_FDCWD, "/", 0x40000000));
  EXPECT_ERRNO(ENOENT, SYS(open_tree, AT_FDCWD, "", 0));
  EXPECT_ERRNO(EINVAL, SYS(fsconfig, -1, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
  EXPECT_ERRNO(EBADF, SYS(fsconfig, 999, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
  EXPECT_ERRNO(EINVAL, SYS(fsconfig, 1, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(fsconfig, 1, 99, nullptr, nullptr, 0));
  EXPECT_ERRNO(EINVAL, SYS(fsconfig, 1, FSCONFIG_SET_STRING, nullptr, nullptr, 0));
  if (!may_mount()) return;
  EXPECT_ERRNO(ENODEV, SYS(fsopen, "nonesuchfs", 0));
  EXPECT_ERRNO(EINVAL, SYS(fsopen, "tmpfs", 0x10));
  EXPECT_ERRNO(EFAULT, SYS(fsopen, guest::bad_pointer(), 0));
  EXPECT_ERRNO(EINVAL, SYS(fsmount, 1, 0x10, 0));
  EXPECT_ERRNO(EINVAL, SYS(fsmount, 1, 0, 0x40000000));
  EXPECT_ERRNO(EBADF, SYS(fsmount, 999, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(fspick, AT_FDCWD, "/", 0x100));
  EXPECT_ERRNO(EINVAL, SYS(move_mount, AT_FDCWD, "/", AT_FDCWD, "/", 0x1000));
}

GUEST_TEST_MAIN
