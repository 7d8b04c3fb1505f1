// rename(2), renameat2(2), link(2), linkat(2), symlink(2), readlink(2), unlink(2), mknod(2).
#include "tests/guest/guest_test.h"

#include <sys/sysmacros.h>

TEST(rename_moves_a_file) {
  COVERS("rename", "renameat");
  guest::TempDir dir;
  close(guest::make_file(dir / "a", "A"));
  mkdir(dir / "d", 0700);
  EXPECT_OK(SYS(rename, dir / "a", dir / "b"));
  EXPECT_ERRNO(ENOENT, access(dir / "a", F_OK));
  int at = open(dir / "d", O_RDONLY);
  EXPECT_OK(SYS(renameat, AT_FDCWD, dir / "b", at, "c"));
  char text[4];
  EXPECT_EQ(1, guest::slurp(dir / "d/c", text, sizeof text));
}

TEST(rename_replaces_the_target_atomically) {
  COVERS("rename");
  guest::TempDir dir;
  close(guest::make_file(dir / "a", "A"));
  int old = guest::make_file(dir / "b", "B");
  EXPECT_OK(SYS(rename, dir / "a", dir / "b"));
  char text[4];
  guest::slurp(dir / "b", text, sizeof text);
  EXPECT_STREQ("A", text);
  struct stat stat;
  fstat(old, &stat);
  EXPECT_EQ(0, stat.st_nlink);
}

TEST(rename_of_two_names_of_one_file_does_nothing) {
  COVERS("rename");
  guest::TempDir dir;
  close(guest::make_file(dir / "a", "A"));
  ASSERT_OK(link(dir / "a", dir / "b"));
  EXPECT_OK(SYS(rename, dir / "a", dir / "b"));
  EXPECT_OK(access(dir / "a", F_OK));
  EXPECT_OK(access(dir / "b", F_OK));
}

TEST(rename_of_directories) {
  COVERS("rename");
  guest::TempDir dir;
  mkdir(dir / "a", 0700);
  mkdir(dir / "a/in", 0700);
  mkdir(dir / "empty", 0700);
  mkdir(dir / "full", 0700);
  close(guest::make_file(dir / "full/f", ""));
  close(guest::make_file(dir / "file", ""));
  EXPECT_ERRNO(ENOTEMPTY, SYS(rename, dir / "a", dir / "full"));
  EXPECT_ERRNO(ENOTDIR, SYS(rename, dir / "a", dir / "file"));
  EXPECT_ERRNO(EISDIR, SYS(rename, dir / "file", dir / "empty"));
  EXPECT_ERRNO(EINVAL, SYS(rename, dir / "a", dir / "a/in/b"));
  EXPECT_OK(SYS(rename, dir / "a", dir / "empty"));
  EXPECT_OK(access(dir / "empty/in", F_OK));
}

TEST(rename_errors) {
  COVERS("rename", "renameat");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  EXPECT_ERRNO(ENOENT, SYS(rename, dir / "none", dir / "x"));
  EXPECT_ERRNO(ENOENT, SYS(rename, dir / "f", dir / "none/x"));
  EXPECT_ERRNO(ENOTDIR, SYS(rename, dir / "f", dir / "f/x"));
  EXPECT_ERRNO(ENOENT, SYS(rename, "", dir / "x"));
  EXPECT_ERRNO(EFAULT, SYS(rename, guest::bad_pointer(), dir / "x"));
  EXPECT_ERRNO(EBUSY, SYS(rename, dir / ".", dir / "x"));
  EXPECT_ERRNO(EXDEV, SYS(rename, dir / "f", "/proc/x"));
  EXPECT_ERRNO(EBADF, SYS(renameat, -1, "a", -1, "b"));
}

TEST(renameat2_flags) {
  COVERS("renameat2");
  guest::TempDir dir;
  close(guest::make_file(dir / "a", "A"));
  close(guest::make_file(dir / "b", "B"));
  char text[4];
  EXPECT_ERRNO(EEXIST, SYS(renameat2, AT_FDCWD, dir / "a", AT_FDCWD, dir / "b", RENAME_NOREPLACE));
  EXPECT_OK(SYS(renameat2, AT_FDCWD, dir / "a", AT_FDCWD, dir / "c", RENAME_NOREPLACE));
  EXPECT_OK(SYS(renameat2, AT_FDCWD, dir / "b", AT_FDCWD, dir / "c", RENAME_EXCHANGE));
  guest::slurp(dir / "b", text, sizeof text);
  EXPECT_STREQ("A", text);
  guest::slurp(dir / "c", text, sizeof text);
  EXPECT_STREQ("B", text);
  EXPECT_ERRNO(ENOENT, SYS(renameat2, AT_FDCWD, dir / "b", AT_FDCWD, dir / "x", RENAME_EXCHANGE));
  EXPECT_ERRNO(EINVAL, SYS(renameat2, AT_FDCWD, dir / "b", AT_FDCWD, dir / "c", 0x80));
  EXPECT_ERRNO(EINVAL, SYS(renameat2, AT_FDCWD, dir / "b", AT_FDCWD, dir / "c", RENAME_EXCHANGE | RENAME_NOREPLACE));
}

TEST(rename_can_leave_a_whiteout) {
  COVERS("renameat2");
  guest::TempDir dir;
  close(guest::make_file(dir / "a", "A"));
  close(guest::make_file(dir / "old", "O"));
  EXPECT_ERRNO(EINVAL, SYS(renameat2, AT_FDCWD, dir / "a", AT_FDCWD, dir / "old", RENAME_EXCHANGE | RENAME_WHITEOUT));
  if (SYS(renameat2, AT_FDCWD, dir / "a", AT_FDCWD, dir / "old", RENAME_WHITEOUT) != 0) SKIP("no whiteouts here");
  struct stat stat;
  ASSERT_OK(lstat(dir / "a", &stat));
  EXPECT_TRUE(S_ISCHR(stat.st_mode));
  EXPECT_EQ(0, stat.st_rdev);
  EXPECT_EQ(0, stat.st_mode & 0777);
  char text[4];
  guest::slurp(dir / "old", text, sizeof text);
  EXPECT_STREQ("A", text);
  EXPECT_OK(unlink(dir / "a"));
  EXPECT_ERRNO(ENOENT, lstat(dir / "a", &stat));
}

TEST(the_sticky_bit_protects_the_files_of_others) {
  COVERS("unlink", "rename");
  if (!guest::is_root()) SKIP("needs two identities");
  guest::TempDir dir;
  ASSERT_OK(chmod(dir.path(), 01777));
  close(guest::make_file(dir / "roots", ""));
  EXPECT_EQ(0, guest::in_child([&] {
              if (setresuid(65534, 65534, 65534) != 0) return 1;
              if (unlink(dir / "roots") != -1 || errno != EPERM) return 2;
              if (rename(dir / "roots", dir / "mine") != -1 || errno != EPERM) return 3;
              close(open(dir / "own", O_CREAT | O_RDWR, 0600));
              return unlink(dir / "own");
            }));
}

TEST(link_makes_a_second_name) {
  COVERS("link", "linkat");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "a", "A");
  EXPECT_OK(SYS(link, dir / "a", dir / "b"));
  ASSERT_OK(symlink("a", dir / "l"));
  struct stat stat;
  EXPECT_OK(SYS(linkat, AT_FDCWD, dir / "l", AT_FDCWD, dir / "l2", 0));
  lstat(dir / "l2", &stat);
  EXPECT_TRUE(S_ISLNK(stat.st_mode));
  EXPECT_OK(SYS(linkat, AT_FDCWD, dir / "l", AT_FDCWD, dir / "c", AT_SYMLINK_FOLLOW));
  fstat(fd, &stat);
  EXPECT_EQ(3, stat.st_nlink);
  EXPECT_OK(unlink(dir / "a"));
  fstat(fd, &stat);
  EXPECT_EQ(2, stat.st_nlink);
}

TEST(link_errors) {
  COVERS("link", "linkat");
  guest::TempDir dir;
  close(guest::make_file(dir / "a", ""));
  mkdir(dir / "d", 0700);
  EXPECT_ERRNO(EEXIST, SYS(link, dir / "a", dir / "d"));
  EXPECT_ERRNO(EPERM, SYS(link, dir / "d", dir / "e"));
  EXPECT_ERRNO(ENOENT, SYS(link, dir / "none", dir / "e"));
  struct stat here, there;
  if (stat(dir.path(), &here) == 0 && stat("/dev/shm", &there) == 0 && here.st_dev != there.st_dev) {
    EXPECT_ERRNO(EXDEV, SYS(link, dir / "a", "/dev/shm/guest-test-link"));
    EXPECT_ERRNO(EXDEV, SYS(rename, dir / "a", "/dev/shm/guest-test-link"));
  }
  EXPECT_ERRNO(EINVAL, SYS(linkat, AT_FDCWD, dir / "a", AT_FDCWD, dir / "e", 1));
  EXPECT_ERRNO(EBADF, SYS(linkat, -1, "a", AT_FDCWD, dir / "e", 0));
  EXPECT_ERRNO(EFAULT, SYS(link, guest::bad_pointer(), dir / "e"));
}

TEST(symlink_and_readlink) {
  COVERS("symlink", "symlinkat", "readlink", "readlinkat");
  guest::TempDir dir;
  char out[64] = {};
  EXPECT_OK(SYS(symlink, "some/where", dir / "l"));
  EXPECT_EQ(10, SYS(readlink, dir / "l", out, sizeof out));
  EXPECT_EQ(0, memcmp(out, "some/where", 10));
  EXPECT_EQ(4, SYS(readlink, dir / "l", out, 4));
  int at = open(dir.path(), O_RDONLY);
  EXPECT_OK(SYS(symlinkat, "t", at, "l2"));
  EXPECT_EQ(1, SYS(readlinkat, at, "l2", out, sizeof out));
}

TEST(symlink_and_readlink_errors) {
  COVERS("symlink", "symlinkat", "readlink", "readlinkat");
  guest::TempDir dir;
  char out[64];
  close(guest::make_file(dir / "f", ""));
  ASSERT_OK(symlink("x", dir / "l"));
  EXPECT_ERRNO(EEXIST, SYS(symlink, "x", dir / "f"));
  EXPECT_ERRNO(ENOENT, SYS(symlink, "", dir / "n"));
  EXPECT_ERRNO(ENOENT, SYS(symlink, "x", dir / "none/n"));
  EXPECT_ERRNO(EFAULT, SYS(symlink, guest::bad_pointer(), dir / "n"));
  EXPECT_ERRNO(EBADF, SYS(symlinkat, "x", -1, "n"));
  EXPECT_ERRNO(EINVAL, SYS(readlink, dir / "f", out, sizeof out));
  EXPECT_ERRNO(EINVAL, SYS(readlink, dir / "l", out, 0));
  EXPECT_ERRNO(ENOENT, SYS(readlink, dir / "none", out, sizeof out));
  EXPECT_ERRNO(EFAULT, SYS(readlink, dir / "l", guest::bad_pointer(), 10));
  EXPECT_ERRNO(EBADF, SYS(readlinkat, -1, "l", out, sizeof out));
}

TEST(unlink_errors) {
  COVERS("unlink", "unlinkat");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  mkdir(dir / "d", 0700);
  EXPECT_ERRNO(EISDIR, SYS(unlink, dir / "d"));
  EXPECT_ERRNO(ENOENT, SYS(unlink, dir / "none"));
  EXPECT_ERRNO(ENOTDIR, SYS(unlink, dir / "f/"));
  EXPECT_ERRNO(ENOTDIR, SYS(unlink, dir / "f/x"));
  EXPECT_ERRNO(EFAULT, SYS(unlink, guest::bad_pointer()));
  EXPECT_ERRNO(EBADF, SYS(unlinkat, -1, "f", 0));
  EXPECT_OK(SYS(unlinkat, AT_FDCWD, dir / "f", 0));
}

TEST(unlink_removes_the_link_not_its_target) {
  COVERS("unlink");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  ASSERT_OK(symlink("f", dir / "l"));
  EXPECT_OK(SYS(unlink, dir / "l"));
  EXPECT_OK(access(dir / "f", F_OK));
}

TEST(mknod_kinds) {
  COVERS("mknod", "mknodat");
  guest::TempDir dir;
  struct stat stat;
  EXPECT_OK(SYS(mknod, dir / "r", S_IFREG | 0600, 0));
  EXPECT_OK(SYS(mknod, dir / "plain", 0600, 0));
  lstat(dir / "plain", &stat);
  EXPECT_TRUE(S_ISREG(stat.st_mode));
  EXPECT_OK(SYS(mknodat, AT_FDCWD, dir / "s", S_IFSOCK | 0600, 0));
  lstat(dir / "s", &stat);
  EXPECT_TRUE(S_ISSOCK(stat.st_mode));
  EXPECT_ERRNO(ENXIO, open(dir / "s", O_RDONLY));
  EXPECT_ERRNO(EEXIST, SYS(mknod, dir / "r", S_IFIFO | 0600, 0));
  EXPECT_ERRNO(EPERM, SYS(mknod, dir / "d", S_IFDIR | 0700, 0));
  EXPECT_ERRNO(EINVAL, SYS(mknod, dir / "x", S_IFLNK | 0700, 0));
  EXPECT_ERRNO(ENOENT, SYS(mknod, dir / "none/x", S_IFREG | 0600, 0));
  if (!guest::is_root()) EXPECT_ERRNO(EPERM, SYS(mknod, dir / "null", S_IFCHR | 0600, makedev(1, 3)));
}

GUEST_TEST_MAIN
