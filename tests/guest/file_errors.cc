// Errors of files that are not of the path alone: what is there, whose it is, how it is open, how large it may be. Where several
// calls do the same thing, all are asked.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <utime.h>

#include "tests/guest/guest_test.h"
#include "tests/guest/user_namespace.h"

namespace {

constexpr long kFchmodat2 = 452, kSetxattrat = 463, kGetxattrat = 464, kListxattrat = 465, kRemovexattrat = 466;

struct Attribute {
  uint64_t value = 0;
  uint32_t size = 0, flags = 0;
};
struct How {
  uint64_t flags, mode, resolve;
};
char buffer[1 << 17];

bool has(long number) {
  errno = 0;
  syscall(number, -1, nullptr, 0, nullptr, 0, 0);
  return errno != ENOSYS;
}

// Opens in the three ways; the fourth is creat(2).
void each_open(int expected, const char* path, unsigned flags, mode_t mode = 0) {
  How how{flags, mode, 0};
  EXPECT_ERRNO(expected, SYS(open, path, flags, mode));
  EXPECT_ERRNO(expected, SYS(openat, AT_FDCWD, path, flags, mode));
  EXPECT_ERRNO(expected, SYS(openat2, AT_FDCWD, path, &how, sizeof how));
}

// Another user, who owns nothing here: by a user namespace without rights where the caller is not root.
template <typename F>
int as_somebody_else(F body) {
  return guest::in_child([&] {
    if (guest::is_root() && setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0) {
      body();
      return 0;
    }
    return 99;
  });
}

}  // namespace

TEST(what_is_there_decides_what_open_says) {
  COVERS("open", "openat", "openat2", "creat");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", "text"));
  symlink("file", dir / "link");
  mkfifo(dir / "fifo", 0600);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", dir / "socket");
  ASSERT_OK(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address));
  each_open(EEXIST, dir / "file", O_CREAT | O_EXCL | O_WRONLY, 0600);
  each_open(EEXIST, dir / "link", O_CREAT | O_EXCL | O_WRONLY, 0600);
  each_open(EISDIR, dir.path(), O_WRONLY);
  each_open(EISDIR, dir.path(), O_RDWR);
  each_open(EISDIR, dir.path(), O_CREAT, 0600);
  each_open(ENOTDIR, dir / "file", O_DIRECTORY);
  each_open(ELOOP, dir / "link", O_NOFOLLOW);
  each_open(ENXIO, dir / "fifo", O_WRONLY | O_NONBLOCK);
  each_open(ENXIO, dir / "socket", O_RDONLY);
  if (guest::is_root()) each_open(EOPNOTSUPP, "/proc", O_TMPFILE | O_RDWR, 0600);
  each_open(EINVAL, dir.path(), O_TMPFILE | O_RDONLY, 0600);
  EXPECT_ERRNO(EISDIR, SYS(creat, dir.path(), 0600));
  EXPECT_ERRNO(ENXIO, SYS(creat, dir / "socket", 0600));
}

TEST(a_program_that_runs_is_not_written) {
  COVERS("open", "openat", "openat2", "creat", "truncate", "execve", "execveat");
  guest::TempDir dir;
  int from = open("/bin/sleep", O_RDONLY), to = open(dir / "program", O_CREAT | O_WRONLY, 0700);
  ASSERT_OK(to);
  while (sendfile(to, from, nullptr, 1 << 20) > 0) {
  }
  // Open for writing: it does not run.
  const char* arguments[] = {"program", "100", nullptr};
  EXPECT_ERRNO(ETXTBSY, SYS(execve, dir / "program", arguments, nullptr));
  EXPECT_ERRNO(ETXTBSY, SYS(execveat, AT_FDCWD, dir / "program", arguments, nullptr, 0));
  close(to);
  int ready[2];
  ASSERT_OK(pipe2(ready, O_CLOEXEC));
  pid_t pid = guest::spawn([&] {
    execv(dir / "program", const_cast<char* const*>(arguments));
    return 1;
  });
  close(ready[1]);
  char byte;
  EXPECT_EQ(0, read(ready[0], &byte, 1));  // it has been replaced
  each_open(ETXTBSY, dir / "program", O_WRONLY);
  EXPECT_ERRNO(ETXTBSY, SYS(creat, dir / "program", 0700));
  EXPECT_ERRNO(ETXTBSY, SYS(truncate, dir / "program", 0));
  kill(pid, SIGKILL);
  guest::reap(pid);
  EXPECT_OK(SYS(truncate, dir / "program", 0));
}

TEST(new_names_that_exist_are_eexist) {
  COVERS("mkdirat", "mknodat", "linkat", "symlinkat", "mkdir", "mknod", "link", "symlink", "renameat2");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", ""));
  close(guest::make_file(dir / "other", ""));
  EXPECT_ERRNO(EEXIST, SYS(mkdir, dir / "file", 0700));
  EXPECT_ERRNO(EEXIST, SYS(mknod, dir / "file", S_IFREG, 0));
  EXPECT_ERRNO(EEXIST, SYS(link, dir / "other", dir / "file"));
  EXPECT_ERRNO(EEXIST, SYS(symlink, "x", dir / "file"));
  EXPECT_ERRNO(EEXIST, SYS(mkdirat, AT_FDCWD, dir / "file", 0700));
  EXPECT_ERRNO(EEXIST, SYS(mknodat, AT_FDCWD, dir / "file", S_IFREG, 0));
  EXPECT_ERRNO(EEXIST, SYS(linkat, AT_FDCWD, dir / "other", AT_FDCWD, dir / "file", 0));
  EXPECT_ERRNO(EEXIST, SYS(symlinkat, "x", AT_FDCWD, dir / "file"));
  EXPECT_ERRNO(EEXIST, SYS(renameat2, AT_FDCWD, dir / "other", AT_FDCWD, dir / "file", RENAME_NOREPLACE));
  EXPECT_ERRNO(ENOENT, SYS(symlinkat, "", AT_FDCWD, dir / "new"));
  EXPECT_ERRNO(EINVAL, SYS(mknodat, AT_FDCWD, dir / "new", S_IFLNK, 0));
  EXPECT_ERRNO(EPERM, SYS(mknodat, AT_FDCWD, dir / "new", S_IFDIR, 0));
}

TEST(directories_and_files_take_each_others_place_only_where_they_may) {
  COVERS("rename", "renameat", "renameat2", "unlinkat", "linkat", "readlinkat", "rmdir");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", ""));
  mkdir(dir / "empty", 0700), mkdir(dir / "full", 0700);
  close(guest::make_file(dir / "full/file", ""));
  EXPECT_ERRNO(EISDIR, SYS(renameat, AT_FDCWD, dir / "file", AT_FDCWD, dir / "empty"));
  EXPECT_ERRNO(EISDIR, SYS(renameat2, AT_FDCWD, dir / "file", AT_FDCWD, dir / "empty", 0));
  EXPECT_ERRNO(ENOTDIR, SYS(renameat, AT_FDCWD, dir / "empty", AT_FDCWD, dir / "file"));
  EXPECT_ERRNO(ENOTEMPTY, SYS(renameat, AT_FDCWD, dir / "empty", AT_FDCWD, dir / "full"));
  EXPECT_ERRNO(ENOTEMPTY, SYS(renameat2, AT_FDCWD, dir / "empty", AT_FDCWD, dir / "full", 0));
  EXPECT_ERRNO(EINVAL, SYS(rename, dir / "full", dir / "full/inside"));
  EXPECT_ERRNO(EINVAL, SYS(renameat, AT_FDCWD, dir / "full", AT_FDCWD, dir / "full/inside"));
  EXPECT_ERRNO(ENOTEMPTY, SYS(unlinkat, AT_FDCWD, dir / "full", AT_REMOVEDIR));
  EXPECT_ERRNO(ENOTEMPTY, SYS(rmdir, dir / "full"));
  EXPECT_ERRNO(EISDIR, SYS(unlinkat, AT_FDCWD, dir / "empty", 0));
  EXPECT_ERRNO(ENOTDIR, SYS(unlinkat, AT_FDCWD, dir / "file", AT_REMOVEDIR));
  EXPECT_ERRNO(EPERM, SYS(linkat, AT_FDCWD, dir / "empty", AT_FDCWD, dir / "new", 0));
  EXPECT_ERRNO(EINVAL, SYS(readlinkat, AT_FDCWD, dir / "file", buffer, sizeof buffer));
  EXPECT_ERRNO(EINVAL, SYS(readlinkat, AT_FDCWD, dir / "file", buffer, 0));
}

TEST(access_knows_three_bits) {
  COVERS("access", "faccessat", "faccessat2");
  EXPECT_ERRNO(EINVAL, SYS(access, "/", 8));
  EXPECT_ERRNO(EINVAL, SYS(faccessat, AT_FDCWD, "/", 8));
  EXPECT_ERRNO(EINVAL, SYS(faccessat2, AT_FDCWD, "/", 8, 0));
  EXPECT_ERRNO(EINVAL, SYS(faccessat2, AT_FDCWD, "/", R_OK, 1));
  for (int mode : {F_OK, R_OK, X_OK, R_OK | X_OK}) {
    EXPECT_OK(SYS(access, "/", mode));
    EXPECT_OK(SYS(faccessat, AT_FDCWD, "/", mode));
    EXPECT_OK(SYS(faccessat2, AT_FDCWD, "/", mode, AT_EACCESS | AT_SYMLINK_NOFOLLOW));
  }
  guest::TempDir dir;
  EXPECT_OK(SYS(access, dir.path(), W_OK));
  EXPECT_OK(SYS(faccessat, AT_FDCWD, dir.path(), W_OK));
  int fd = open(dir.path(), O_PATH);
  EXPECT_OK(SYS(faccessat2, fd, "", W_OK, AT_EMPTY_PATH));
}

// Root's files, and somebody else.
TEST(files_of_others_are_not_changed) {
  COVERS("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes",
         "futimesat", "utimensat", "open", "openat", "openat2", "rmdir", "renameat", "renameat2", "unlinkat",
         "truncate", "creat", "setxattr", "fsetxattr", "linkat", "inotify_add_watch", "chroot", "fchdir");
  if (!guest::is_root()) SKIP("needs files of two users");
  guest::TempDir dir;
  chmod(dir.path(), 0755);
  mkdir(dir / "sticky", 0700);
  chmod(dir / "sticky", 01777);
  int fd = guest::make_file(dir / "sticky/file", "text", 0644);
  mkdir(dir / "sticky/directory", 0755);
  close(guest::make_file(dir / "secret", "text", 0600));
  mkdir(dir / "locked", 0700);
  int locked = open(dir / "locked", O_RDONLY);
  EXPECT_EQ(0, as_somebody_else([&] {
              const char* file = dir / "sticky/file";
              timeval chosen[2] = {{1, 0}, {1, 0}};
              timespec exact[2] = {{1, 0}, {1, 0}};
              utimbuf old{1, 1};
              EXPECT_ERRNO(EPERM, SYS(chmod, file, 0666));
              EXPECT_ERRNO(EPERM, SYS(fchmod, fd, 0666));
              EXPECT_ERRNO(EPERM, SYS(fchmodat, AT_FDCWD, file, 0666));
              if (has(kFchmodat2)) EXPECT_ERRNO(EPERM, guest::raw(kFchmodat2, AT_FDCWD, file, 0666, 0));
              EXPECT_ERRNO(EPERM, SYS(chown, file, 65534, -1));
              EXPECT_ERRNO(EPERM, SYS(fchown, fd, 65534, -1));
              EXPECT_ERRNO(EPERM, SYS(lchown, file, 65534, -1));
              EXPECT_ERRNO(EPERM, SYS(fchownat, AT_FDCWD, file, 65534, -1, 0));
              EXPECT_ERRNO(EPERM, SYS(utime, file, &old));
              EXPECT_ERRNO(EPERM, SYS(utimes, file, chosen));
              EXPECT_ERRNO(EPERM, SYS(futimesat, AT_FDCWD, file, chosen));
              EXPECT_ERRNO(EPERM, SYS(utimensat, AT_FDCWD, file, exact, 0));
              EXPECT_ERRNO(EACCES, SYS(utime, file, nullptr));
              EXPECT_ERRNO(EACCES, SYS(utimes, file, nullptr));
              EXPECT_ERRNO(EACCES, SYS(futimesat, AT_FDCWD, file, nullptr));
              EXPECT_ERRNO(EACCES, SYS(utimensat, AT_FDCWD, file, nullptr, 0));
              each_open(EPERM, file, O_RDONLY | O_NOATIME);
              each_open(EACCES, file, O_WRONLY);
              each_open(EACCES, dir / "secret", O_RDONLY);
              EXPECT_ERRNO(EACCES, SYS(creat, file, 0600));
              EXPECT_ERRNO(EACCES, SYS(truncate, file, 0));
              EXPECT_ERRNO(EACCES, SYS(access, file, W_OK));
              EXPECT_ERRNO(EACCES, SYS(faccessat, AT_FDCWD, file, W_OK));
              EXPECT_ERRNO(EACCES, SYS(faccessat2, AT_FDCWD, file, W_OK, 0));
              EXPECT_ERRNO(EPERM, SYS(unlink, file));
              EXPECT_ERRNO(EPERM, SYS(unlinkat, AT_FDCWD, file, 0));
              EXPECT_ERRNO(EPERM, SYS(rmdir, dir / "sticky/directory"));
              EXPECT_ERRNO(EPERM, SYS(rename, file, dir / "sticky/new"));
              EXPECT_ERRNO(EPERM, SYS(renameat, AT_FDCWD, file, AT_FDCWD, dir / "sticky/new"));
              EXPECT_ERRNO(EPERM, SYS(renameat2, AT_FDCWD, file, AT_FDCWD, dir / "sticky/new", 0));
              EXPECT_ERRNO(EACCES, SYS(setxattr, file, "user.a", "", 0, 0));
              EXPECT_ERRNO(EPERM, SYS(setxattr, file, "trusted.a", "", 0, 0));
              EXPECT_ERRNO(EPERM, SYS(fsetxattr, fd, "trusted.a", "", 0, 0));
              EXPECT_ERRNO(EPERM, SYS(fremovexattr, fd, "trusted.a"));
              EXPECT_ERRNO(EACCES, SYS(fchdir, locked));
              EXPECT_ERRNO(EPERM, SYS(chroot, dir.path()));
              int watcher = SYS(inotify_init1, 0);
              EXPECT_ERRNO(EACCES, SYS(inotify_add_watch, watcher, dir / "secret", 2));
            }));
}

TEST(ids_without_a_meaning_in_the_namespace_are_einval) {
  COVERS("chown", "fchown", "lchown", "fchownat", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root()) return 1;
              guest::TempDir dir;
              int fd = guest::make_file(dir / "file", "");
              EXPECT_ERRNO(EINVAL, SYS(chown, dir / "file", 12345, -1));
              EXPECT_ERRNO(EINVAL, SYS(fchown, fd, 12345, -1));
              EXPECT_ERRNO(EINVAL, SYS(lchown, dir / "file", -1, 12345));
              EXPECT_ERRNO(EINVAL, SYS(fchownat, AT_FDCWD, dir / "file", 12345, 12345, 0));
              EXPECT_ERRNO(EINVAL, SYS(setuid, 12345));
              EXPECT_ERRNO(EINVAL, SYS(setgid, 12345));
              EXPECT_ERRNO(EINVAL, SYS(setreuid, 12345, -1));
              EXPECT_ERRNO(EINVAL, SYS(setregid, -1, 12345));
              EXPECT_ERRNO(EINVAL, SYS(setresuid, 12345, -1, -1));
              EXPECT_ERRNO(EINVAL, SYS(setresgid, -1, -1, 12345));
              return 0;
            }));
}

TEST(a_size_has_bounds) {
  COVERS("truncate", "ftruncate", "pwrite64", "write", "writev", "pwritev", "pwritev2", "copy_file_range", "fallocate");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "file", "0123456789");
  signal(SIGXFSZ, SIG_IGN);
  rlimit limit{4096, 4096};
  iovec one{buffer, 16};
  EXPECT_EQ(0, guest::in_child([&] {
              if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
              EXPECT_ERRNO(EFBIG, SYS(truncate, dir / "file", 8192));
              EXPECT_ERRNO(EFBIG, SYS(ftruncate, fd, 8192));
              EXPECT_ERRNO(EFBIG, SYS(pwrite64, fd, buffer, 16, 4096));
              EXPECT_ERRNO(EFBIG, SYS(pwritev, fd, &one, 1, 4096, 0));
              EXPECT_ERRNO(EFBIG, SYS(pwritev2, fd, &one, 1, 4096, 0, 0));
              EXPECT_OK(SYS(lseek, fd, 4096, SEEK_SET));
              EXPECT_ERRNO(EFBIG, SYS(write, fd, buffer, 16));
              EXPECT_ERRNO(EFBIG, SYS(writev, fd, &one, 1));
              loff_t from = 0, to = 4096;
              EXPECT_ERRNO(EFBIG, SYS(copy_file_range, fd, &from, fd, &to, 10, 0));
              // Up to the limit it goes.
              EXPECT_EQ(6, SYS(pwrite64, fd, buffer, 16, 4090));
              return 0;
            }));
  EXPECT_ERRNO(EINVAL, SYS(truncate, dir / "file", -1));
  EXPECT_ERRNO(EINVAL, SYS(pwritev, fd, &one, 1, -5, -1));
  EXPECT_ERRNO(EINVAL, SYS(pwrite64, fd, buffer, 16, -1));
  int pipes[2];
  ASSERT_OK(pipe(pipes));
  EXPECT_ERRNO(EINVAL, SYS(fdatasync, pipes[0]));
  EXPECT_ERRNO(EINVAL, SYS(fsync, pipes[0]));
  EXPECT_ERRNO(EINVAL, SYS(readahead, pipes[0], 0, 4096));
  EXPECT_ERRNO(ESPIPE, SYS(sync_file_range, pipes[0], 0, 0, 0));
  EXPECT_ERRNO(ESPIPE, SYS(fadvise64, pipes[0], 0, 0, 0));
}

TEST(buffers_that_are_not_there_are_efault) {
  COVERS("readv", "preadv", "preadv2", "pwritev", "pwritev2", "writev", "fstatfs", "getdents", "flistxattr",
         "fgetxattr", "fsetxattr", "fremovexattr");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "file", "text");
  iovec bad{guest::bad_pointer(), 16};
  for (const iovec* vector : {static_cast<const iovec*>(&bad), static_cast<const iovec*>(guest::bad_pointer())}) {
    lseek(fd, 0, SEEK_SET);
    EXPECT_ERRNO(EFAULT, SYS(readv, fd, vector, 1));
    EXPECT_ERRNO(EFAULT, SYS(preadv, fd, vector, 1, 0, 0));
    EXPECT_ERRNO(EFAULT, SYS(preadv2, fd, vector, 1, 0, 0, 0));
    EXPECT_ERRNO(EFAULT, SYS(writev, fd, vector, 1));
    EXPECT_ERRNO(EFAULT, SYS(pwritev, fd, vector, 1, 0, 0));
    EXPECT_ERRNO(EFAULT, SYS(pwritev2, fd, vector, 1, 0, 0, 0));
  }
  EXPECT_ERRNO(EFAULT, SYS(fstatfs, fd, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(fsetxattr, fd, guest::bad_pointer(), "", 0, 0));
  EXPECT_ERRNO(EFAULT, SYS(fgetxattr, fd, guest::bad_pointer(), buffer, 16));
  EXPECT_ERRNO(EFAULT, SYS(fremovexattr, fd, guest::bad_pointer()));
  if (fsetxattr(fd, "user.a", "value", 5, 0) == 0) {
    EXPECT_ERRNO(EFAULT, SYS(flistxattr, fd, guest::bad_pointer(), 100));
    EXPECT_ERRNO(EFAULT, SYS(fgetxattr, fd, "user.a", guest::bad_pointer(), 100));
    EXPECT_ERRNO(EFAULT, SYS(fsetxattr, fd, "user.b", guest::bad_pointer(), 5, 0));
  }
  int root = open("/", O_RDONLY | O_DIRECTORY);
  EXPECT_ERRNO(EFAULT, SYS(getdents, root, guest::bad_pointer(), 4096));
  EXPECT_ERRNO(EINVAL, SYS(getdents, root, buffer, 4));
  mkdir(dir / "gone", 0700);
  int gone = open(dir / "gone", O_RDONLY | O_DIRECTORY);
  rmdir(dir / "gone");
  EXPECT_ERRNO(ENOENT, SYS(getdents, gone, buffer, 4096));
  EXPECT_ERRNO(ENOENT, SYS(getdents64, gone, buffer, 4096));
}

// The twelve calls of xattr(7) and their four younger sisters.
TEST(attributes_have_rules) {
  COVERS("setxattr", "lsetxattr", "fsetxattr", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr",
         "flistxattr", "removexattr", "lremovexattr", "fremovexattr", "setxattrat", "getxattrat", "removexattrat",
         "listxattrat");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "file", "text");
  const char* path = dir / "file";
  if (fsetxattr(fd, "user.there", "value", 5, 0) != 0) SKIP("no user attributes here");
  const bool at = has(kSetxattrat);
  static char long_name[300];
  memset(long_name, 'x', sizeof long_name - 1);
  memcpy(long_name, "user.", 5);
  const auto set = [&](int expected, const char* name, size_t size, int flags) {
    Attribute attribute{reinterpret_cast<uint64_t>(buffer), static_cast<uint32_t>(size), static_cast<uint32_t>(flags)};
    EXPECT_ERRNO(expected, SYS(setxattr, path, name, buffer, size, flags));
    EXPECT_ERRNO(expected, SYS(lsetxattr, path, name, buffer, size, flags));
    EXPECT_ERRNO(expected, SYS(fsetxattr, fd, name, buffer, size, flags));
    if (at) EXPECT_ERRNO(expected, guest::raw(kSetxattrat, AT_FDCWD, path, 0, name, &attribute, sizeof attribute));
  };
  const auto get = [&](int expected, const char* name, size_t size) {
    Attribute attribute{reinterpret_cast<uint64_t>(buffer), static_cast<uint32_t>(size), 0};
    EXPECT_ERRNO(expected, SYS(getxattr, path, name, buffer, size));
    EXPECT_ERRNO(expected, SYS(lgetxattr, path, name, buffer, size));
    EXPECT_ERRNO(expected, SYS(fgetxattr, fd, name, buffer, size));
    if (at) EXPECT_ERRNO(expected, guest::raw(kGetxattrat, AT_FDCWD, path, 0, name, &attribute, sizeof attribute));
  };
  const auto remove = [&](int expected, const char* name) {
    EXPECT_ERRNO(expected, SYS(removexattr, path, name));
    EXPECT_ERRNO(expected, SYS(lremovexattr, path, name));
    EXPECT_ERRNO(expected, SYS(fremovexattr, fd, name));
    if (at) EXPECT_ERRNO(expected, guest::raw(kRemovexattrat, AT_FDCWD, path, 0, name));
  };
  set(EEXIST, "user.there", 1, XATTR_CREATE);
  set(ENODATA, "user.none", 1, XATTR_REPLACE);
  set(E2BIG, "user.a", 65537, 0);
  set(EINVAL, "user.a", 1, 4);
  set(ERANGE, "", 1, 0);
  set(ERANGE, long_name, 1, 0);
  set(EOPNOTSUPP, "nobody.a", 1, 0);
  get(ENODATA, "user.none", 16);
  get(ERANGE, "user.there", 2);
  get(ERANGE, "", 16);
  get(ERANGE, long_name, 16);
  get(EOPNOTSUPP, "nobody.a", 16);
  remove(ENODATA, "user.none");
  remove(ERANGE, "");
  remove(ERANGE, long_name);
  remove(EOPNOTSUPP, "nobody.a");
  EXPECT_ERRNO(ERANGE, SYS(listxattr, path, buffer, 3));
  EXPECT_ERRNO(ERANGE, SYS(llistxattr, path, buffer, 3));
  EXPECT_ERRNO(ERANGE, SYS(flistxattr, fd, buffer, 3));
  if (at) {
    Attribute large[2] = {};
    large[1].value = 1;  // beyond what is known, and not zero
    EXPECT_ERRNO(E2BIG, guest::raw(kGetxattrat, AT_FDCWD, path, 0, "user.there", large, sizeof large));
    EXPECT_ERRNO(E2BIG, guest::raw(kSetxattrat, AT_FDCWD, path, 0, "user.there", large, sizeof large));
    EXPECT_ERRNO(EINVAL, guest::raw(kGetxattrat, AT_FDCWD, path, 0, "user.there", large, 8));
    EXPECT_ERRNO(EINVAL, guest::raw(kListxattrat, AT_FDCWD, path, 1, buffer, 16));
  }
  // By each of the three.
  EXPECT_OK(SYS(lsetxattr, path, "user.l", "v", 1, 0));
  EXPECT_EQ(1, SYS(lgetxattr, path, "user.l", buffer, 16));
  EXPECT_EQ(1, SYS(fgetxattr, fd, "user.l", buffer, 16));
  EXPECT_OK(SYS(lremovexattr, path, "user.l"));
  EXPECT_OK(SYS(fremovexattr, fd, "user.there"));
  EXPECT_ERRNO(ENODATA, SYS(getxattr, path, "user.there", buffer, 16));
}

TEST(a_sealed_file_is_not_written) {
  COVERS("write", "writev", "pwrite64", "pwritev", "pwritev2", "ftruncate", "open", "openat", "openat2");
  int fd = memfd_create("sealed", MFD_ALLOW_SEALING);
  ASSERT_OK(fd);
  EXPECT_EQ(4, write(fd, "text", 4));
  ASSERT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW));
  iovec one{buffer, 2};
  lseek(fd, 0, SEEK_SET);
  EXPECT_ERRNO(EPERM, SYS(write, fd, buffer, 2));
  EXPECT_ERRNO(EPERM, SYS(writev, fd, &one, 1));
  EXPECT_ERRNO(EPERM, SYS(pwrite64, fd, buffer, 2, 0));
  EXPECT_ERRNO(EPERM, SYS(pwritev, fd, &one, 1, 0, 0));
  EXPECT_ERRNO(EPERM, SYS(pwritev2, fd, &one, 1, 0, 0, 0));
  EXPECT_ERRNO(EPERM, SYS(ftruncate, fd, 0));
}

TEST(a_lease_is_in_the_way_of_those_who_do_not_wait) {
  COVERS("open", "openat", "openat2", "fcntl");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", "text"));
  int fd = open(dir / "file", O_RDONLY);
  signal(SIGIO, SIG_IGN);
  ASSERT_OK(fcntl(fd, F_SETLEASE, F_RDLCK));
  each_open(EAGAIN, dir / "file", O_WRONLY | O_NONBLOCK);
  EXPECT_OK(fcntl(fd, F_SETLEASE, F_UNLCK));
}

TEST(microseconds_and_nanoseconds_have_bounds) {
  COVERS("utimes", "futimesat", "utimensat");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", ""));
  timeval chosen[2] = {{1, 1000000}, {1, 0}};
  timespec exact[2] = {{1, 0}, {1, 1000000000}};
  EXPECT_ERRNO(EINVAL, SYS(utimes, dir / "file", chosen));
  EXPECT_ERRNO(EINVAL, SYS(futimesat, AT_FDCWD, dir / "file", chosen));
  EXPECT_ERRNO(EINVAL, SYS(utimensat, AT_FDCWD, dir / "file", exact, 0));
  EXPECT_ERRNO(EFAULT, SYS(utimes, dir / "file", guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(futimesat, AT_FDCWD, dir / "file", guest::bad_pointer()));
}

TEST(a_copy_ends_where_a_file_may_not_go_on) {
  COVERS("sendfile", "copy_file_range", "readv", "writev");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "file", "text");
  int pipes[2];
  ASSERT_OK(pipe2(pipes, O_NONBLOCK));
  iovec one{buffer, sizeof buffer};
  EXPECT_ERRNO(EAGAIN, SYS(readv, pipes[0], &one, 1));
  while (write(pipes[1], buffer, sizeof buffer) > 0) {
  }
  EXPECT_ERRNO(EAGAIN, SYS(writev, pipes[1], &one, 1));
  signal(SIGPIPE, SIG_IGN);
  close(pipes[0]);
  EXPECT_ERRNO(EPIPE, SYS(writev, pipes[1], &one, 1));
  EXPECT_ERRNO(EPIPE, SYS(sendfile, pipes[1], fd, nullptr, 4));
  loff_t far = INT64_MAX - 2;
  EXPECT_ERRNO(EINVAL, SYS(sendfile, pipes[1], fd, &far, 16));
  EXPECT_ERRNO(EINVAL, SYS(sendfile, pipes[1], fd, nullptr, -1));
}

GUEST_TEST_MAIN
