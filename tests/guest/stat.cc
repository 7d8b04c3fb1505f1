// stat(2), lstat(2), fstat(2), newfstatat, statx(2), access(2), chmod(2), chown(2), utimensat(2), statfs(2).
#include "tests/guest/guest_test.h"

#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

TEST(stat_tells_kind_mode_size_and_owner) {
  COVERS("stat", "fstat", "lstat", "newfstatat");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "12345", 0644);
  ASSERT_OK(fchmod(fd, 0640));
  struct stat a, b, c, d;
  ASSERT_OK(SYS(stat, dir / "f", &a));
  ASSERT_OK(SYS(fstat, fd, &b));
  ASSERT_OK(SYS(lstat, dir / "f", &c));
  ASSERT_OK(SYS(newfstatat, AT_FDCWD, dir / "f", &d, 0));
  EXPECT_TRUE(S_ISREG(a.st_mode));
  EXPECT_EQ(0640, a.st_mode & 07777);
  EXPECT_EQ(5, a.st_size);
  EXPECT_EQ(1, a.st_nlink);
  EXPECT_EQ(geteuid(), a.st_uid);
  EXPECT_EQ(a.st_ino, b.st_ino);
  EXPECT_EQ(a.st_ino, c.st_ino);
  EXPECT_EQ(a.st_dev, d.st_dev);
  EXPECT_GT(a.st_blksize, 0);
}

TEST(lstat_sees_the_link_and_stat_its_target) {
  COVERS("stat", "lstat", "newfstatat");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "12345"));
  ASSERT_OK(symlink("f", dir / "l"));
  struct stat stat;
  ASSERT_OK(SYS(lstat, dir / "l", &stat));
  EXPECT_TRUE(S_ISLNK(stat.st_mode));
  EXPECT_EQ(0777, stat.st_mode & 07777);
  EXPECT_EQ(1, stat.st_size);
  ASSERT_OK(SYS(stat, dir / "l", &stat));
  EXPECT_TRUE(S_ISREG(stat.st_mode));
  ASSERT_OK(SYS(newfstatat, AT_FDCWD, dir / "l", &stat, AT_SYMLINK_NOFOLLOW));
  EXPECT_TRUE(S_ISLNK(stat.st_mode));
}

TEST(stat_errors) {
  COVERS("stat", "fstat", "newfstatat", "lstat");
  guest::TempDir dir;
  struct stat stat;
  close(guest::make_file(dir / "f", ""));
  EXPECT_ERRNO(ENOENT, SYS(stat, dir / "none", &stat));
  EXPECT_ERRNO(ENOENT, SYS(stat, "", &stat));
  EXPECT_ERRNO(ENOTDIR, SYS(stat, dir / "f/x", &stat));
  EXPECT_ERRNO(EFAULT, SYS(stat, guest::bad_pointer(), &stat));
  EXPECT_ERRNO(EFAULT, SYS(stat, dir / "f", guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(lstat, dir / "f", guest::bad_pointer()));
  EXPECT_ERRNO(EBADF, SYS(fstat, -1, &stat));
  EXPECT_ERRNO(EFAULT, SYS(fstat, 0, guest::bad_pointer()));
  EXPECT_ERRNO(EBADF, SYS(newfstatat, -1, "f", &stat, 0));
  EXPECT_ERRNO(EINVAL, SYS(newfstatat, AT_FDCWD, dir / "f", &stat, 0x8000000));
  EXPECT_ERRNO(ENOENT, SYS(newfstatat, AT_FDCWD, "", &stat, 0));
}

TEST(at_empty_path_names_the_descriptor) {
  COVERS("newfstatat", "statx");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  struct stat stat;
  ASSERT_OK(SYS(newfstatat, fd, "", &stat, AT_EMPTY_PATH));
  EXPECT_EQ(3, stat.st_size);
  ASSERT_OK(SYS(newfstatat, AT_FDCWD, "", &stat, AT_EMPTY_PATH));
  EXPECT_TRUE(S_ISDIR(stat.st_mode));
}

TEST(statx_fills_what_was_asked) {
  COVERS("statx");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc", 0600);
  struct statx sx;
  struct stat stat;
  memset(&sx, 0xff, sizeof sx);
  ASSERT_OK(SYS(statx, AT_FDCWD, dir / "f", 0, STATX_BASIC_STATS | STATX_BTIME, &sx));
  ASSERT_OK(fstat(fd, &stat));
  EXPECT_EQ(STATX_BASIC_STATS, sx.stx_mask & STATX_BASIC_STATS);
  EXPECT_EQ(3, sx.stx_size);
  EXPECT_EQ(stat.st_ino, sx.stx_ino);
  EXPECT_EQ(stat.st_mode, sx.stx_mode);
  EXPECT_EQ(stat.st_mtim.tv_sec, sx.stx_mtime.tv_sec);
  EXPECT_EQ(stat.st_mtim.tv_nsec, sx.stx_mtime.tv_nsec);
  EXPECT_EQ(major(stat.st_dev), sx.stx_dev_major);
  EXPECT_EQ(minor(stat.st_dev), sx.stx_dev_minor);
  ASSERT_OK(SYS(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx));
  EXPECT_EQ(3, sx.stx_size);
}

TEST(statx_errors) {
  COVERS("statx");
  guest::TempDir dir;
  struct statx sx;
  EXPECT_ERRNO(ENOENT, SYS(statx, AT_FDCWD, dir / "f", 0, STATX_BASIC_STATS, &sx));
  EXPECT_ERRNO(EINVAL, SYS(statx, AT_FDCWD, "/", 0, 0x80000000u, &sx));
  EXPECT_ERRNO(EINVAL, SYS(statx, AT_FDCWD, "/", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_SIZE, &sx));
  EXPECT_ERRNO(EFAULT, SYS(statx, AT_FDCWD, "/", 0, STATX_SIZE, guest::bad_pointer()));
  EXPECT_ERRNO(EBADF, SYS(statx, -1, "f", 0, STATX_SIZE, &sx));
}

TEST(hard_links_count_and_share_the_inode) {
  COVERS("stat", "link");
  guest::TempDir dir;
  close(guest::make_file(dir / "a", "x"));
  ASSERT_OK(SYS(link, dir / "a", dir / "b"));
  struct stat a, b;
  stat(dir / "a", &a);
  stat(dir / "b", &b);
  EXPECT_EQ(2, a.st_nlink);
  EXPECT_EQ(a.st_ino, b.st_ino);
}

TEST(a_directory_counts_its_subdirectories) {
  COVERS("stat", "mkdir");
  guest::TempDir dir;
  struct stat stat;
  ASSERT_OK(mkdir(dir / "d", 0755));
  ASSERT_OK(lstat(dir / "d", &stat));
  long links = stat.st_nlink;
  ASSERT_OK(mkdir(dir / "d/e", 0755));
  ASSERT_OK(lstat(dir / "d", &stat));
  // ext4, xfs and tmpfs count; overlayfs and btrfs say 1.
  if (links == 2)
    EXPECT_EQ(3, stat.st_nlink);
  else
    EXPECT_EQ(1, stat.st_nlink);
}

TEST(access_checks_real_identity_and_modes) {
  COVERS("access", "faccessat", "faccessat2");
  guest::TempDir dir;
  chmod(dir.path(), 0777);
  EXPECT_EQ(0, guest::in_child([&] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              close(open(dir / "f", O_CREAT | O_RDWR, 0400));
              if (SYS(access, dir / "f", F_OK) != 0 || SYS(access, dir / "f", R_OK) != 0) return 2;
              if (SYS(access, dir / "f", W_OK) != -1 || errno != EACCES) return 3;
              if (SYS(access, dir / "f", R_OK | X_OK) != -1 || errno != EACCES) return 4;
              if (SYS(faccessat, AT_FDCWD, dir / "f", W_OK) != -1 || errno != EACCES) return 5;
              if (SYS(faccessat2, AT_FDCWD, dir / "f", W_OK, AT_EACCESS) != -1 || errno != EACCES) return 6;
              return 0;
            }));
}

TEST(access_errors) {
  COVERS("access", "faccessat", "faccessat2");
  EXPECT_ERRNO(ENOENT, SYS(access, "/no such file", F_OK));
  EXPECT_ERRNO(EINVAL, SYS(access, "/", 8));
  EXPECT_ERRNO(EFAULT, SYS(access, guest::bad_pointer(), F_OK));
  EXPECT_ERRNO(EBADF, SYS(faccessat, -1, "x", F_OK));
  EXPECT_ERRNO(EINVAL, SYS(faccessat2, AT_FDCWD, "/", F_OK, 0x10000));
  EXPECT_OK(SYS(faccessat2, AT_FDCWD, "", F_OK, AT_EMPTY_PATH));
}

TEST(chmod_sets_the_bits) {
  COVERS("chmod", "fchmod", "fchmodat");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  struct stat stat;
  EXPECT_OK(SYS(chmod, dir / "f", 04711));
  fstat(fd, &stat);
  EXPECT_EQ(04711, stat.st_mode & 07777);
  EXPECT_OK(SYS(fchmod, fd, 0600));
  fstat(fd, &stat);
  EXPECT_EQ(0600, stat.st_mode & 07777);
  EXPECT_OK(SYS(fchmodat, AT_FDCWD, dir / "f", 01777));
  fstat(fd, &stat);
  EXPECT_EQ(01777, stat.st_mode & 07777);
  EXPECT_ERRNO(ENOENT, SYS(chmod, dir / "none", 0600));
  EXPECT_ERRNO(EBADF, SYS(fchmod, -1, 0600));
  EXPECT_ERRNO(EFAULT, SYS(chmod, guest::bad_pointer(), 0600));
  EXPECT_ERRNO(EBADF, SYS(fchmodat, -1, "f", 0600));
}

TEST(fchmodat2_takes_flags) {
  COVERS("fchmodat2");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  if (guest::raw(452, AT_FDCWD, dir / "f", 0640, 0) == -1 && errno == ENOSYS) SKIP("older than Linux 6.6");
  struct stat stat;
  fstat(fd, &stat);
  EXPECT_EQ(0640, stat.st_mode & 07777);
  EXPECT_OK(guest::raw(452, fd, "", 0600, AT_EMPTY_PATH));
  fstat(fd, &stat);
  EXPECT_EQ(0600, stat.st_mode & 07777);
  EXPECT_ERRNO(EINVAL, guest::raw(452, AT_FDCWD, dir / "f", 0640, 1));
  ASSERT_OK(symlink("f", dir / "l"));
  EXPECT_ERRNO(EOPNOTSUPP, guest::raw(452, AT_FDCWD, dir / "l", 0640, AT_SYMLINK_NOFOLLOW));
}

TEST(chown_to_oneself_is_allowed) {
  COVERS("chown", "fchown", "lchown", "fchownat");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  ASSERT_OK(symlink("f", dir / "l"));
  EXPECT_OK(SYS(chown, dir / "f", getuid(), getgid()));
  EXPECT_OK(SYS(fchown, fd, -1, -1));
  EXPECT_OK(SYS(lchown, dir / "l", getuid(), -1));
  EXPECT_OK(SYS(fchownat, AT_FDCWD, dir / "l", getuid(), getgid(), AT_SYMLINK_NOFOLLOW));
  EXPECT_OK(SYS(fchownat, fd, "", -1, -1, AT_EMPTY_PATH));
  EXPECT_ERRNO(ENOENT, SYS(chown, dir / "none", -1, -1));
  EXPECT_ERRNO(EBADF, SYS(fchown, -1, -1, -1));
  EXPECT_ERRNO(EINVAL, SYS(fchownat, AT_FDCWD, dir / "f", -1, -1, 0x10000));
  EXPECT_ERRNO(EFAULT, SYS(lchown, guest::bad_pointer(), -1, -1));
}

TEST(only_root_gives_files_away) {
  COVERS("chown", "fchown");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  struct stat stat;
  if (guest::is_root()) {
    EXPECT_OK(chmod(dir / "f", 06755));
    EXPECT_OK(SYS(chown, dir / "f", 1234, 5678));
    fstat(fd, &stat);
    EXPECT_EQ(1234, stat.st_uid);
    EXPECT_EQ(5678, stat.st_gid);
    EXPECT_EQ(0755, stat.st_mode & 07777);  // set-id bits go with the old owner
  } else {
    EXPECT_ERRNO(EPERM, SYS(chown, dir / "f", 0, -1));
    EXPECT_ERRNO(EPERM, SYS(fchown, fd, -1, 0));
  }
}

TEST(times_are_set) {
  COVERS("utimensat", "utime", "utimes", "futimesat");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  struct stat stat;
  timespec times[2] = {{100, 5}, {200, 7}};
  EXPECT_OK(SYS(utimensat, AT_FDCWD, dir / "f", times, 0));
  fstat(fd, &stat);
  EXPECT_EQ(100, stat.st_atim.tv_sec);
  EXPECT_EQ(5, stat.st_atim.tv_nsec);
  EXPECT_EQ(200, stat.st_mtim.tv_sec);
  utimbuf old{300, 400};
  EXPECT_OK(SYS(utime, dir / "f", &old));
  fstat(fd, &stat);
  EXPECT_EQ(300, stat.st_atim.tv_sec);
  EXPECT_EQ(400, stat.st_mtim.tv_sec);
  timeval values[2] = {{500, 6}, {600, 7}};
  EXPECT_OK(SYS(utimes, dir / "f", values));
  fstat(fd, &stat);
  EXPECT_EQ(600, stat.st_mtim.tv_sec);
  EXPECT_EQ(7000, stat.st_mtim.tv_nsec);
  EXPECT_OK(SYS(futimesat, AT_FDCWD, dir / "f", nullptr));
  fstat(fd, &stat);
  EXPECT_GT(stat.st_mtim.tv_sec, 1000000);
}

TEST(utimensat_omit_now_and_errors) {
  COVERS("utimensat");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  struct stat stat;
  timespec times[2] = {{100, 0}, {200, 0}};
  EXPECT_OK(SYS(utimensat, fd, nullptr, times, 0));
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_nsec = UTIME_NOW;
  EXPECT_OK(SYS(utimensat, AT_FDCWD, dir / "f", times, 0));
  fstat(fd, &stat);
  EXPECT_EQ(100, stat.st_atim.tv_sec);
  EXPECT_GT(stat.st_mtim.tv_sec, 1000000);
  times[0].tv_nsec = 1000000000;
  EXPECT_ERRNO(EINVAL, SYS(utimensat, AT_FDCWD, dir / "f", times, 0));
  times[0].tv_nsec = 0;
  EXPECT_ERRNO(EINVAL, SYS(utimensat, AT_FDCWD, dir / "f", times, 0x10000));
  EXPECT_ERRNO(ENOENT, SYS(utimensat, AT_FDCWD, dir / "none", times, 0));
  EXPECT_ERRNO(EFAULT, SYS(utimensat, AT_FDCWD, dir / "f", guest::bad_pointer(), 0));
  ASSERT_OK(symlink("f", dir / "l"));
  timespec mark[2] = {{42, 0}, {42, 0}};
  EXPECT_OK(SYS(utimensat, AT_FDCWD, dir / "l", mark, AT_SYMLINK_NOFOLLOW));
  lstat(dir / "l", &stat);
  EXPECT_EQ(42, stat.st_mtim.tv_sec);
}

TEST(statfs_describes_the_file_system) {
  COVERS("statfs", "fstatfs");
  struct statfs fs;
  ASSERT_OK(SYS(statfs, "/proc", &fs));
  EXPECT_EQ(0x9fa0, fs.f_type);
  ASSERT_OK(SYS(statfs, "/", &fs));
  EXPECT_GT(fs.f_bsize, 0);
  EXPECT_EQ(255, fs.f_namelen);
  EXPECT_GT(fs.f_bfree, 0);
  EXPECT_GT(fs.f_blocks, fs.f_bfree);  // a disk with files is not empty
  int fd = open("/proc", O_RDONLY);
  ASSERT_OK(SYS(fstatfs, fd, &fs));
  EXPECT_EQ(0x9fa0, fs.f_type);
  EXPECT_ERRNO(ENOENT, SYS(statfs, "/no such file", &fs));
  EXPECT_ERRNO(EBADF, SYS(fstatfs, -1, &fs));
  EXPECT_ERRNO(EFAULT, SYS(statfs, "/", guest::bad_pointer()));
}

TEST(blocks_follow_the_size) {
  COVERS("fstat");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  static char block[16384];
  struct stat stat;
  memset(block, 1, sizeof block);
  EXPECT_EQ(16384, write(fd, block, sizeof block));
  fsync(fd);
  fstat(fd, &stat);
  EXPECT_GE(stat.st_blocks, 32);
}

GUEST_TEST_MAIN
