// Trees of mounts: open_tree(2) and mount_setattr(2) with AT_RECURSIVE, MOVE_MOUNT_BENEATH, MOVE_MOUNT_SET_GROUP, MNT_EXPIRE.
#include "tests/guest/guest_test.h"

#include <linux/mount.h>
#include <sched.h>
#include <sys/statvfs.h>

#ifndef SYS_statmount
#define SYS_statmount 457
#endif

extern "C" int mount(const char*, const char*, const char*, unsigned long, const void*);
extern "C" int umount2(const char*, int);

namespace {
constexpr unsigned long kBind = 0x1000, kRec = 0x4000, kPrivate = 0x40000, kShared = 0x100000, kSlave = 0x80000,
                        kUnbindable = 0x20000;
constexpr unsigned kBeneath = 0x200, kSetGroup = 0x100;
constexpr int kDetach = 2, kExpire = 4;

// A sandbox without mount namespaces is one itself.
int enter() {
  if (unshare(CLONE_NEWNS) != 0) return errno == EPERM && guest::is_root() ? 0 : 1;
  return mount("none", "/", nullptr, kRec | kPrivate, nullptr);
}
bool may_mount() {
  return guest::is_root() && guest::in_child([] { return enter(); }) == 0;
}
bool tmpfs_at(const char* path) { return mount("t", path, "tmpfs", 0, nullptr) == 0; }
bool is_there(const char* path) { return access(path, F_OK) == 0; }
bool make(const char* path) {
  int fd = open(path, O_CREAT | O_WRONLY, 0600);
  return fd != -1 && close(fd) == 0;
}
bool is_read_only(const char* path) {
  struct statvfs status;
  return statvfs(path, &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}
// Two mounts: DIR/a, and DIR/a/in on it.
bool make_tree(const guest::TempDir& dir) {
  return mkdir(dir / "a", 0700) == 0 && mkdir(dir / "b", 0700) == 0 && tmpfs_at(dir / "a") &&
         mkdir(dir / "a/in", 0700) == 0 && tmpfs_at(dir / "a/in") && make(dir / "a/f") && make(dir / "a/in/g");
}
}  // namespace

TEST(a_whole_tree_is_cloned) {
  COVERS("open_tree", "move_mount", "umount2");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0 || !make_tree(dir)) return 1;
              int one = static_cast<int>(SYS(open_tree, AT_FDCWD, dir / "a", OPEN_TREE_CLONE));
              int all = static_cast<int>(SYS(open_tree, AT_FDCWD, dir / "a", OPEN_TREE_CLONE | AT_RECURSIVE));
              if (one == -1 || all == -1) return 2;
              // Seen before it is anywhere.
              if (faccessat(one, "f", F_OK, 0) != 0 || faccessat(one, "in/g", F_OK, 0) == 0) return 3;
              if (faccessat(all, "in/g", F_OK, 0) != 0) return 4;
              if (SYS(move_mount, all, "", AT_FDCWD, dir / "b", MOVE_MOUNT_F_EMPTY_PATH) != 0) return 5;
              if (!is_there(dir / "b/in/g")) return 6;
              if (umount2(dir / "b/in", 0) != 0 || is_there(dir / "b/in/g") || !is_there(dir / "a/in/g")) return 7;
              // It is in the tree now and not the descriptor's own.
              close(all);
              return is_there(dir / "b/f") && umount2(dir / "b", 0) == 0 ? 0 : 8;
            }));
}

TEST(a_tree_that_is_nowhere_ends_with_its_descriptor) {
  COVERS("open_tree", "close");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0 || !make_tree(dir)) return 1;
              int all = static_cast<int>(SYS(open_tree, AT_FDCWD, dir / "a", OPEN_TREE_CLONE | AT_RECURSIVE));
              int inside = openat(all, "in", O_RDONLY | O_DIRECTORY);
              close(all);
              if (faccessat(inside, "g", F_OK, 0) != 0) return 2;
              close(inside);
              return umount2(dir / "a/in", 0) == 0 && umount2(dir / "a", 0) == 0 ? 0 : 3;
            }));
}

TEST(what_may_not_be_bound_is_left_out_of_a_clone) {
  COVERS("open_tree", "mount");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0 || !make_tree(dir)) return 1;
              if (mount(nullptr, dir / "a/in", nullptr, kUnbindable, nullptr) != 0) return 2;
              if (SYS(open_tree, AT_FDCWD, dir / "a/in", OPEN_TREE_CLONE) != -1 || errno != EINVAL) return 3;
              int all = static_cast<int>(SYS(open_tree, AT_FDCWD, dir / "a", OPEN_TREE_CLONE | AT_RECURSIVE));
              if (faccessat(all, "f", F_OK, 0) != 0 || faccessat(all, "in/g", F_OK, 0) == 0) return 4;
              if (mount(dir / "a", dir / "b", nullptr, kBind | kRec, nullptr) != 0) return 5;
              return is_there(dir / "b/f") && !is_there(dir / "b/in/g") ? 0 : 6;
            }));
}

TEST(attributes_of_a_whole_tree_change) {
  COVERS("mount_setattr", "open_tree");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0 || !make_tree(dir)) return 1;
              mount_attr read_only{};
              read_only.attr_set = MOUNT_ATTR_RDONLY;
              if (SYS(mount_setattr, AT_FDCWD, dir / "a", 0, &read_only, sizeof read_only) != 0) return 2;
              if (!is_read_only(dir / "a") || is_read_only(dir / "a/in")) return 3;
              if (SYS(mount_setattr, AT_FDCWD, dir / "a", AT_RECURSIVE, &read_only, sizeof read_only) != 0) return 4;
              if (!is_read_only(dir / "a/in")) return 5;
              mount_attr writable{};
              writable.attr_clr = MOUNT_ATTR_RDONLY;
              // Of a tree that is nowhere, and of that alone.
              int all = static_cast<int>(SYS(open_tree, AT_FDCWD, dir / "a", OPEN_TREE_CLONE | AT_RECURSIVE));
              if (SYS(mount_setattr, all, "", AT_EMPTY_PATH | AT_RECURSIVE, &writable, sizeof writable) != 0) return 6;
              int made = openat(all, "in/new", O_CREAT | O_WRONLY, 0600);
              if (made == -1 || make(dir / "a/in/other")) return 7;
              if (SYS(mount_setattr, AT_FDCWD, dir / "a", AT_RECURSIVE, &writable, sizeof writable) != 0) return 8;
              return make(dir / "a/in/other") && make(dir / "a/other") ? 0 : 9;
            }));
}

TEST(attributes_of_a_tree_change_all_or_none) {
  COVERS("mount_setattr");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0 || !make_tree(dir)) return 1;
              if (mount(nullptr, dir / "a/in", nullptr, 0x20 | kBind | 1, nullptr) != 0) return 2;  // MS_REMOUNT
              // A user namespace may not take away what its tree came with.
              if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return errno == EPERM ? 0 : 3;
              mount_attr change{};
              change.attr_set = MOUNT_ATTR_NOSUID, change.attr_clr = MOUNT_ATTR_RDONLY;
              if (SYS(mount_setattr, AT_FDCWD, dir / "a", AT_RECURSIVE, &change, sizeof change) != -1 || errno != EPERM)
                return 4;
              struct statvfs status;
              if (statvfs(dir / "a", &status) != 0 || (status.f_flag & ST_NOSUID) != 0) return 5;
              change.attr_clr = 0;
              if (SYS(mount_setattr, AT_FDCWD, dir / "a", AT_RECURSIVE, &change, sizeof change) != 0) return 6;
              return statvfs(dir / "a/in", &status) == 0 && (status.f_flag & ST_NOSUID) != 0 ? 0 : 7;
            }));
}

TEST(a_mount_slips_beneath_another) {
  COVERS("move_mount");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0) return 1;
              mkdir(dir / "m", 0700), mkdir(dir / "n", 0700);
              if (!tmpfs_at(dir / "m") || !make(dir / "m/top") || !tmpfs_at(dir / "n") || !make(dir / "n/low"))
                return 2;
              int tree = static_cast<int>(SYS(open_tree, AT_FDCWD, dir / "n", OPEN_TREE_CLONE));
              if (SYS(move_mount, tree, "", AT_FDCWD, dir.path(), MOVE_MOUNT_F_EMPTY_PATH | kBeneath) != -1 ||
                  errno != EINVAL)
                return 3;  // no mount's root
              if (SYS(move_mount, tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH | kBeneath) != -1 || errno != EINVAL)
                return 4;
              if (SYS(move_mount, tree, "", AT_FDCWD, dir / "m", MOVE_MOUNT_F_EMPTY_PATH | kBeneath) != 0) return 5;
              if (!is_there(dir / "m/top") || is_there(dir / "m/low")) return 6;
              if (umount2(dir / "m", 0) != 0 || is_there(dir / "m/top") || !is_there(dir / "m/low")) return 7;
              close(tree);
              if (umount2(dir / "m", 0) != 0 || is_there(dir / "m/low")) return 8;
              // One that is somewhere already.
              if (!tmpfs_at(dir / "m") || !make(dir / "m/again")) return 9;
              if (SYS(move_mount, AT_FDCWD, dir / "n", AT_FDCWD, dir / "m", kBeneath) != 0) return 10;
              if (is_there(dir / "n/low") || !is_there(dir / "m/again")) return 11;
              return umount2(dir / "m", 0) == 0 && is_there(dir / "m/low") ? 0 : 12;
            }));
}

TEST(a_private_mount_joins_the_group_of_another) {
  COVERS("move_mount");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0) return 1;
              for (const char* name : {"a", "b", "c"}) mkdir(dir / name, 0700);
              if (!tmpfs_at(dir / "a")) return 2;
              mkdir(dir / "a/x", 0700);
              if (mount(dir / "a", dir / "b", nullptr, kBind, nullptr) != 0 || !tmpfs_at(dir / "c")) return 3;
              auto join = [&](const char* from, const char* to) {
                return SYS(move_mount, AT_FDCWD, from, AT_FDCWD, to, kSetGroup) == 0 ? 0 : errno;
              };
              if (join(dir / "a", dir / "b") != EINVAL) return 4;  // private itself
              if (mount(nullptr, dir / "a", nullptr, kShared, nullptr) != 0) return 5;
              if (join(dir / "a", dir / "c") != EINVAL) return 6;    // of another filesystem
              if (join(dir / "a", dir / "b/x") != EINVAL) return 7;  // no mount's root
              if (join(dir / "a", dir / "b") != 0) return 8;
              if (!tmpfs_at(dir / "a/x") || !make(dir / "a/x/f") || !is_there(dir / "b/x/f")) return 9;
              if (join(dir / "a", dir / "b") != EINVAL) return 10;  // it has a group
              if (umount2(dir / "a/x", 0) != 0 || is_there(dir / "b/x/f")) return 11;
              if (SYS(move_mount, AT_FDCWD, dir / "a", AT_FDCWD, dir / "b", kSetGroup | kBeneath) == 0) return 12;
              return errno == EINVAL ? 0 : 13;
            }));
}

TEST(an_idle_mount_expires) {
  COVERS("umount2");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0) return 1;
              mkdir(dir / "m", 0700);
              if (!tmpfs_at(dir / "m") || !make(dir / "m/f")) return 2;
              if (umount2(dir / "m", kExpire | kDetach) != -1 || errno != EINVAL) return 3;
              int file = open(dir / "m/f", O_RDONLY);
              if (umount2(dir / "m", kExpire) != -1 || errno != EBUSY) return 4;
              close(file);
              if (umount2(dir / "m", kExpire) != -1 || errno != EAGAIN) return 5;
              close(open(dir / "m/f", O_RDONLY));  // used again
              if (umount2(dir / "m", kExpire) != -1 || errno != EAGAIN) return 6;
              if (umount2(dir / "m", kExpire) != 0) return 7;
              return is_there(dir / "m/f") ? 8 : 0;
            }));
}

TEST(options_of_a_mount_are_told_one_by_one) {
  COVERS("statmount");
  if (!may_mount()) SKIP("may not mount here");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (enter() != 0 || mount("t", dir.path(), "tmpfs", 0, "size=1m,mode=711") != 0) return 1;
              struct statx found {};
              if (SYS(statx, AT_FDCWD, dir.path(), 0, 0x4000, &found) != 0) return 2;
              struct {
                unsigned size = 32, spare = 0;
                unsigned long long id = 0, param = 0x400 | 0x80, space = 0;
              } request;
              memcpy(&request.id, reinterpret_cast<char*>(&found) + 0x90, 8);
              static struct {
                unsigned size, options;
                unsigned long long mask, middle[13];
                unsigned subtype, source, count, array, security_count, security_array;
                unsigned long long rest[46];
                char strings[512];
              } answer;
              static_assert(offsetof(decltype(answer), strings) == 512);
              if (SYS(statmount, &request, &answer, sizeof answer, 0) != 0) return errno == ENOSYS ? 0 : 3;
              if ((answer.mask & 0x480) != 0x480 || answer.count != 2 || answer.security_count != 0) return 4;
              const char* first = answer.strings + answer.array;
              if (strcmp(first, "size=1024k") != 0 || strcmp(first + strlen(first) + 1, "mode=711") != 0) return 5;
              return strcmp(answer.strings + answer.options, "size=1024k,mode=711") == 0 ? 0 : 6;
            }));
}

GUEST_TEST_MAIN
