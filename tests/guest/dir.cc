// mkdir(2), rmdir(2), getdents(2), chdir(2), getcwd(2), chroot(2).
#include "tests/guest/guest_test.h"

#include <dirent.h>

struct LinuxDirent64 {
  uint64_t d_ino;
  int64_t d_off;
  unsigned short d_reclen;
  unsigned char d_type;
  char d_name[1];
};

TEST(mkdir_and_rmdir) {
  COVERS("mkdir", "rmdir", "mkdirat");
  guest::TempDir dir;
  struct stat stat;
  umask(022);
  EXPECT_OK(SYS(mkdir, dir / "d", 0777));
  lstat(dir / "d", &stat);
  EXPECT_TRUE(S_ISDIR(stat.st_mode));
  EXPECT_EQ(0755, stat.st_mode & 07777);
  EXPECT_OK(SYS(mkdirat, AT_FDCWD, dir / "d/e/", 0700));
  EXPECT_ERRNO(ENOTEMPTY, SYS(rmdir, dir / "d"));
  EXPECT_OK(SYS(rmdir, dir / "d/e"));
  EXPECT_OK(SYS(rmdir, dir / "d/"));
  EXPECT_ERRNO(ENOENT, lstat(dir / "d", &stat));
}

TEST(mkdir_errors) {
  COVERS("mkdir", "mkdirat");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  ASSERT_OK(symlink("none", dir / "l"));
  EXPECT_ERRNO(EEXIST, SYS(mkdir, dir.path(), 0700));
  EXPECT_ERRNO(EEXIST, SYS(mkdir, dir / "f", 0700));
  EXPECT_ERRNO(EEXIST, SYS(mkdir, dir / "l", 0700));
  EXPECT_ERRNO(EEXIST, SYS(mkdir, "/", 0700));
  EXPECT_ERRNO(ENOENT, SYS(mkdir, dir / "none/d", 0700));
  EXPECT_ERRNO(ENOENT, SYS(mkdir, "", 0700));
  EXPECT_ERRNO(ENOTDIR, SYS(mkdir, dir / "f/d", 0700));
  EXPECT_ERRNO(EFAULT, SYS(mkdir, guest::bad_pointer(), 0700));
  EXPECT_ERRNO(EBADF, SYS(mkdirat, -1, "d", 0700));
}

TEST(rmdir_errors) {
  COVERS("rmdir", "unlinkat");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  mkdir(dir / "d", 0700);
  EXPECT_ERRNO(ENOTDIR, SYS(rmdir, dir / "f"));
  EXPECT_ERRNO(ENOENT, SYS(rmdir, dir / "none"));
  EXPECT_ERRNO(EINVAL, SYS(rmdir, dir / "d/."));
  EXPECT_ERRNO(ENOTEMPTY, SYS(rmdir, dir / "d/.."));
  EXPECT_ERRNO(EBUSY, SYS(rmdir, "/"));
  EXPECT_ERRNO(EISDIR, SYS(unlinkat, AT_FDCWD, dir / "d", 0));
  EXPECT_ERRNO(ENOTDIR, SYS(unlinkat, AT_FDCWD, dir / "f", AT_REMOVEDIR));
  EXPECT_ERRNO(EINVAL, SYS(unlinkat, AT_FDCWD, dir / "f", 1));
  EXPECT_OK(SYS(unlinkat, AT_FDCWD, dir / "d", AT_REMOVEDIR));
}

TEST(getdents64_lists_each_name_once) {
  COVERS("getdents64");
  guest::TempDir dir;
  for (int i = 0; i < 200; ++i) {
    char name[32];
    snprintf(name, sizeof name, "name-of-a-file-%d", i);
    close(guest::make_file(dir / name, ""));
  }
  mkdir(dir / "sub", 0700);
  ASSERT_OK(symlink("x", dir / "link"));
  int fd = open(dir.path(), O_RDONLY | O_DIRECTORY);
  alignas(8) char buffer[1024];
  int files = 0, dots = 0, directories = 0, links = 0;
  long got;
  while ((got = SYS(getdents64, fd, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < got;) {
      auto* entry = reinterpret_cast<LinuxDirent64*>(buffer + at);
      EXPECT_EQ(0, entry->d_reclen % 8);
      if (entry->d_name[0] == '.')
        ++dots;
      else if (entry->d_type == DT_DIR)
        ++directories;
      else if (entry->d_type == DT_LNK)
        ++links;
      else if (entry->d_type == DT_REG)
        ++files;
      at += entry->d_reclen;
    }
  }
  EXPECT_EQ(0, got);
  EXPECT_EQ(2, dots);
  EXPECT_EQ(200, files);
  EXPECT_EQ(1, directories);
  EXPECT_EQ(1, links);
}

TEST(getdents_errors) {
  COVERS("getdents64", "getdents");
  guest::TempDir dir;
  char buffer[512];
  int file = guest::make_file(dir / "f", "");
  int fd = open(dir.path(), O_RDONLY);
  EXPECT_ERRNO(ENOTDIR, SYS(getdents64, file, buffer, sizeof buffer));
  EXPECT_ERRNO(EBADF, SYS(getdents64, -1, buffer, sizeof buffer));
  EXPECT_ERRNO(EINVAL, SYS(getdents64, fd, buffer, 4));
  EXPECT_ERRNO(EFAULT, SYS(getdents64, fd, guest::bad_pointer(), 512));
  lseek(fd, 0, SEEK_SET);
  EXPECT_GT(SYS(getdents, fd, buffer, sizeof buffer), 0);
  EXPECT_ERRNO(ENOTDIR, SYS(getdents, file, buffer, sizeof buffer));
  rmdir(dir / "gone");
  mkdir(dir / "gone", 0700);
  int gone = open(dir / "gone", O_RDONLY);
  rmdir(dir / "gone");
  EXPECT_ERRNO(ENOENT, SYS(getdents64, gone, buffer, sizeof buffer));
}

TEST(a_directory_can_be_rewound_and_sought) {
  COVERS("getdents64", "lseek");
  guest::TempDir dir;
  for (const char* name : {"a", "b", "c"}) close(guest::make_file(dir / name, ""));
  DIR* stream = opendir(dir.path());
  ASSERT_TRUE(stream != nullptr);
  int first = 0, second = 0;
  while (readdir(stream) != nullptr) ++first;
  rewinddir(stream);
  dirent* entry = readdir(stream);
  ASSERT_TRUE(entry != nullptr);
  long place = telldir(stream);
  char name[256];
  entry = readdir(stream);
  ASSERT_TRUE(entry != nullptr);
  snprintf(name, sizeof name, "%s", entry->d_name);
  seekdir(stream, place);
  entry = readdir(stream);
  EXPECT_STREQ(name, entry != nullptr ? entry->d_name : nullptr);
  rewinddir(stream);
  while (readdir(stream) != nullptr) ++second;
  EXPECT_EQ(5, first);
  EXPECT_EQ(first, second);
  closedir(stream);
}

TEST(names_removed_while_reading_do_not_end_the_listing) {
  COVERS("getdents64", "unlink");
  guest::TempDir dir;
  for (int i = 0; i < 300; ++i) {
    char name[16];
    snprintf(name, sizeof name, "f%d", i);
    close(guest::make_file(dir / name, ""));
  }
  // What rm -r does: remove each name as it is read.
  DIR* stream = opendir(dir.path());
  int removed = 0;
  while (dirent* entry = readdir(stream)) {
    if (entry->d_name[0] == 'f' && unlinkat(dirfd(stream), entry->d_name, 0) == 0) ++removed;
  }
  closedir(stream);
  EXPECT_EQ(300, removed);
}

TEST(getcwd_of_a_path_that_is_too_long) {
  COVERS("getcwd");
  guest::TempDir dir;
  ASSERT_OK(chdir(dir.path()));
  constexpr int kDepth = 30;
  char name[200];
  memset(name, 'd', sizeof name);
  name[sizeof name - 1] = '\0';
  for (int i = 0; i < kDepth; ++i) {
    ASSERT_OK(mkdir(name, 0700));
    ASSERT_OK(chdir(name));
  }
  static char path[kDepth * sizeof name + 4096];
  EXPECT_ERRNO(ENAMETOOLONG, SYS(getcwd, path, 10));  // not ERANGE, which would ask for more room
  EXPECT_ERRNO(ENAMETOOLONG, SYS(getcwd, path, sizeof path));
  for (int i = 0; i < kDepth; ++i) {
    ASSERT_OK(chdir(".."));
    ASSERT_OK(rmdir(name));
  }
  EXPECT_ERRNO(ERANGE, SYS(getcwd, path, 2));
}

TEST(chdir_and_getcwd) {
  COVERS("chdir", "fchdir", "getcwd");
  guest::TempDir dir;
  char real[4096], cwd[4096];
  int before = open(".", O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(realpath(dir.path(), real) != nullptr);
  EXPECT_OK(SYS(chdir, dir.path()));
  EXPECT_EQ(strlen(real) + 1, SYS(getcwd, cwd, sizeof cwd));
  EXPECT_STREQ(real, cwd);
  mkdir("sub", 0700);
  EXPECT_OK(SYS(chdir, "sub"));
  EXPECT_OK(access("../sub", F_OK));
  EXPECT_OK(SYS(fchdir, before));
  EXPECT_OK(SYS(chdir, "/"));
  EXPECT_EQ(2, SYS(getcwd, cwd, sizeof cwd));
  EXPECT_STREQ("/", cwd);
  EXPECT_OK(SYS(chdir, "/.."));
  EXPECT_EQ(2, SYS(getcwd, cwd, sizeof cwd));
  fchdir(before);
}

TEST(chdir_and_getcwd_errors) {
  COVERS("chdir", "fchdir", "getcwd");
  guest::TempDir dir;
  char cwd[64];
  int fd = guest::make_file(dir / "f", "");
  EXPECT_ERRNO(ENOTDIR, SYS(chdir, dir / "f"));
  EXPECT_ERRNO(ENOENT, SYS(chdir, dir / "none"));
  EXPECT_ERRNO(EFAULT, SYS(chdir, guest::bad_pointer()));
  EXPECT_ERRNO(ENOTDIR, SYS(fchdir, fd));
  EXPECT_ERRNO(EBADF, SYS(fchdir, -1));
  EXPECT_ERRNO(ERANGE, SYS(getcwd, cwd, 1));
  EXPECT_ERRNO(EFAULT, SYS(getcwd, guest::bad_pointer(), 100));
  EXPECT_EQ(0, guest::in_child([&] {
              mkdir(dir / "gone", 0700);
              if (chdir(dir / "gone") != 0) return 1;
              rmdir(dir / "gone");
              if (SYS(getcwd, cwd, sizeof cwd) != -1 || errno != ENOENT) return 2;
              if (open("new", O_CREAT | O_RDWR, 0600) != -1 || errno != ENOENT) return 3;
              return 0;
            }));
}

TEST(the_working_directory_is_the_threads_not_the_childs) {
  COVERS("chdir", "clone");
  EXPECT_OK(chdir("/"));
  EXPECT_EQ(0, guest::in_child([] { return chdir("/tmp"); }));
  char cwd[64];
  EXPECT_STREQ("/", getcwd(cwd, sizeof cwd));
}

TEST(set_group_id_directories_pass_their_group_on) {
  COVERS("mkdir", "open");
  if (!guest::is_root()) SKIP("needs root to give a directory to another group");
  guest::TempDir dir;
  struct stat stat;
  mkdir(dir / "d", 0755);
  ASSERT_OK(chown(dir / "d", 0, 4321));
  ASSERT_OK(chmod(dir / "d", 02755));
  close(guest::make_file(dir / "d/f", ""));
  lstat(dir / "d/f", &stat);
  EXPECT_EQ(4321, stat.st_gid);
  mkdir(dir / "d/e", 0755);
  lstat(dir / "d/e", &stat);
  EXPECT_EQ(4321, stat.st_gid);
  EXPECT_EQ(02000, stat.st_mode & 02000);
}

TEST(chroot_moves_the_root_for_root_only) {
  COVERS("chroot");
  guest::TempDir dir;
  mkdir(dir / "r", 0755);
  close(guest::make_file(dir / "r/inside", ""));
  if (!guest::is_root()) {
    EXPECT_ERRNO(EPERM, SYS(chroot, dir / "r"));
    return;
  }
  EXPECT_EQ(0, guest::in_child([&] {
              if (SYS(chroot, dir / "r") != 0) return 1;
              if (chdir("/") != 0) return 2;
              if (access("/inside", F_OK) != 0 || access("/../inside", F_OK) != 0) return 3;
              return access("/etc", F_OK) == -1 && errno == ENOENT ? 0 : 4;
            }));
  EXPECT_ERRNO(ENOTDIR, SYS(chroot, dir / "r/inside"));
  EXPECT_ERRNO(ENOENT, SYS(chroot, dir / "none"));
}

GUEST_TEST_MAIN
