// What every call that takes a path says of a bad one: path_resolution(7). One table of calls, one case for each way to be bad.
#include <linux/capability.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <utime.h>

#include "tests/guest/guest_test.h"
#include "tests/guest/user_namespace.h"

namespace {

constexpr long kSetxattrat = 463, kGetxattrat = 464, kListxattrat = 465, kRemovexattrat = 466, kFchmodat2 = 452;

enum : unsigned {
  kMakes = 1,        // the last name is new: nothing need be there
  kChanges = 2,      // needs a filesystem that may be written
  kNewCall = 4,      // not in each Linux that the tests run on
  kDirectories = 8,  // of a directory alone
  kOfRoot = 16,      // EPERM before any path is looked at
  kAt = 32,          // a relative path starts at `at`
};

// A call on the path, from the directory `at`.
struct PathCall {
  const char* name;
  unsigned flags;
  long (*make)(int at, const char* path);
};

char buffer[256];
struct stat file_stat;
char statx_buffer[256];
struct {
  uint64_t value;
  uint32_t size, flags;
} attribute{0, 0, 0};
struct {
  uint64_t flags, mode, resolve;
} how{O_RDONLY, 0, 0};
const char* const kArguments[] = {"x", nullptr};
char other[300];  // another name, in a directory that is there: what is renamed, linked or put aside

#define CALL(name, flags, ...)                                                                  \
  {                                                                                             \
#name, flags, [](int at, const char* path) -> long { (void)at; return SYS(name, __VA_ARGS__); } \
  }
#define NEW(name, number, flags, ...)                               \
  {                                                                 \
#name, (flags) | kNewCall, [](int at, const char* path) -> long { \
      (void)at;                                                                         \
      return guest::raw(number, __VA_ARGS__);                                           \
    } \
  }
const PathCall kCalls[] = {
    CALL(open, 0, path, O_RDONLY),
    CALL(creat, kMakes | kChanges, path, 0600),
    CALL(stat, 0, path, &file_stat),
    CALL(lstat, 0, path, &file_stat),
    CALL(access, 0, path, R_OK),
    CALL(truncate, kChanges, path, 0),
    CALL(chdir, kDirectories, path),
    CALL(rename, kChanges, path, other),
    CALL(mkdir, kMakes | kChanges, path, 0700),
    CALL(rmdir, kChanges | kDirectories, path),
    CALL(link, kChanges, path, other),
    CALL(unlink, kChanges, path),
    CALL(symlink, kMakes | kChanges, "target", path),
    CALL(readlink, 0, path, buffer, sizeof buffer),
    CALL(chmod, kChanges, path, 0600),
    CALL(chown, kChanges, path, -1, -1),
    CALL(lchown, kChanges, path, -1, -1),
    CALL(utime, kChanges, path, nullptr),
    CALL(utimes, kChanges, path, nullptr),
    CALL(mknod, kMakes | kChanges, path, S_IFREG | 0600, 0),
    CALL(statfs, 0, path, buffer),
    CALL(chroot, kDirectories, path),
    CALL(setxattr, kChanges, path, "user.a", "", 0, 0),
    CALL(lsetxattr, kChanges, path, "user.a", "", 0, 0),
    CALL(getxattr, 0, path, "user.a", buffer, sizeof buffer),
    CALL(lgetxattr, 0, path, "user.a", buffer, sizeof buffer),
    CALL(listxattr, 0, path, buffer, sizeof buffer),
    CALL(llistxattr, 0, path, buffer, sizeof buffer),
    CALL(removexattr, kChanges, path, "user.a"),
    CALL(lremovexattr, kChanges, path, "user.a"),
    CALL(execve, 0, path, kArguments, nullptr),
    CALL(umount2, kOfRoot, path, 0),
    CALL(pivot_root, kOfRoot | kDirectories, path, path),
    CALL(openat, kAt, at, path, O_RDONLY),
    CALL(mkdirat, kMakes | kChanges | kAt, at, path, 0700),
    CALL(mknodat, kMakes | kChanges | kAt, at, path, S_IFREG | 0600, 0),
    CALL(fchownat, kChanges | kAt, at, path, -1, -1, 0),
    CALL(futimesat, kChanges | kAt, at, path, nullptr),
    CALL(newfstatat, kAt, at, path, &file_stat, 0),
    CALL(unlinkat, kChanges | kAt, at, path, 0),
    CALL(renameat, kChanges | kAt, at, path, AT_FDCWD, other),
    CALL(renameat2, kChanges | kAt, at, path, AT_FDCWD, other, 0),
    CALL(linkat, kChanges | kAt, at, path, AT_FDCWD, other, 0),
    CALL(symlinkat, kMakes | kChanges, "target", at, path),
    CALL(readlinkat, kAt, at, path, buffer, sizeof buffer),
    CALL(fchmodat, kChanges | kAt, at, path, 0600),
    CALL(faccessat, kAt, at, path, R_OK),
    CALL(faccessat2, kAt, at, path, R_OK, AT_EACCESS),
    CALL(utimensat, kChanges | kAt, at, path, nullptr, 0),
    CALL(execveat, kAt, at, path, kArguments, nullptr, 0),
    CALL(statx, kAt, at, path, 0, STATX_BASIC_STATS, statx_buffer),
    CALL(openat2, kAt, at, path, &how, sizeof how),
    CALL(open_tree, kAt, at, path, 0),
    CALL(fspick, kOfRoot | kAt, at, path, 0),
    NEW(fchmodat2, kFchmodat2, kChanges | kAt, at, path, 0600, 0),
    NEW(setxattrat, kSetxattrat, kChanges | kAt, at, path, 0, "user.a", &attribute, sizeof attribute),
    NEW(getxattrat, kGetxattrat, kAt, at, path, 0, "user.a", &attribute, sizeof attribute),
    NEW(listxattrat, kListxattrat, kAt, at, path, 0, buffer, sizeof buffer),
    NEW(removexattrat, kRemovexattrat, kChanges | kAt, at, path, 0, "user.a"),
    {"inotify_add_watch", 0,
     [](int, const char* path) -> long {
       int fd = inotify_init1(0);
       long result = SYS(inotify_add_watch, fd, path, IN_MODIFY);
       int error = errno;
       close(fd);
       errno = error;
       return result;
     }},
    // The other path of those that take two.
    {"rename", kMakes | kChanges, [](int, const char* path) { return SYS(rename, other, path); }},
    {"link", kMakes | kChanges, [](int, const char* path) { return SYS(link, other, path); }},
    {"renameat", kMakes | kChanges | kAt,
     [](int at, const char* path) { return SYS(renameat, AT_FDCWD, other, at, path); }},
    {"linkat", kMakes | kChanges | kAt,
     [](int at, const char* path) { return SYS(linkat, AT_FDCWD, other, at, path, 0); }},
    {"renameat2", kMakes | kChanges | kAt,
     [](int at, const char* path) { return SYS(renameat2, AT_FDCWD, other, at, path, 0); }},
};

bool is_there(const PathCall& call) {
  if ((call.flags & kNewCall) == 0) return true;
  return call.make(AT_FDCWD, "") != -1 || errno != ENOSYS;
}

// A directory with a file, a locked directory and a loop.
struct Fixture {
  guest::TempDir dir;
  int file = -1;
  Fixture() {
    file = guest::make_file(dir / "file", "text");
    mkdir(dir / "locked", 0700);
    close(guest::make_file(dir / "locked/file", ""));
    symlink("loop", dir / "loop");
    snprintf(other, sizeof other, "%s", dir / "other");
    close(guest::make_file(other, ""));
  }
  ~Fixture() { close(file); }
};

// Each call of the table on this path: `expected`, or what says why not.
template <typename Wanted>
void each_call(int expected, int at, const char* path, Wanted wanted) {
  for (const PathCall& call : kCalls) {
    if (!wanted(call) || !is_there(call)) continue;
    long result = call.make(at, path);
    int error = errno;
    if (result == -1 && error == expected) continue;
    char what[64], said[80];
    snprintf(what, sizeof what, "%s of a path that is %s", call.name, guest::errno_name(expected));
    snprintf(said, sizeof said, "returned %ld, %s", result, result == -1 ? guest::errno_name(error) : "no error");
    guest::fail(__FILE__, __LINE__, what, said);
  }
}
constexpr auto kAll = [](const PathCall&) { return true; };
constexpr auto kFromDirectory = [](const PathCall& call) { return (call.flags & kAt) != 0; };

// As root of a user namespace with mounts of its own: the calls that ask for a right first get as far as the path.
template <typename F>
int as_root_of_a_namespace(F body) {
  return guest::in_child([&] {
    if (!guest::become_root(CLONE_NEWNS)) return 99;
    body();
    return 0;
  });
}

// No right to pass by the modes of files, and none of the others is lost.
bool drop_file_rights() {
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &head, data) != 0) return false;
  for (int right : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH}) {
    data[CAP_TO_INDEX(right)].effective &= ~CAP_TO_MASK(right);
    data[CAP_TO_INDEX(right)].permitted &= ~CAP_TO_MASK(right);
  }
  return syscall(SYS_capset, &head, data) == 0;
}

}  // namespace

#define COVERS_PATHS()                                                                                                 \
  COVERS("open", "creat", "stat", "lstat", "access", "truncate", "chdir", "rename", "mkdir", "rmdir", "link",          \
         "unlink", "symlink", "readlink", "chmod", "chown", "lchown", "utime", "utimes", "mknod", "statfs", "chroot",  \
         "setxattr", "lsetxattr", "getxattr", "lgetxattr", "listxattr", "llistxattr", "removexattr", "lremovexattr",   \
         "execve", "pivot_root", "umount2", "openat", "mkdirat", "mknodat", "fchownat", "futimesat", "newfstatat",     \
         "unlinkat", "renameat", "renameat2", "linkat", "symlinkat", "readlinkat", "fchmodat", "faccessat",            \
         "faccessat2", "utimensat", "execveat", "statx", "openat2", "fspick", "fchmodat2", "setxattrat", "getxattrat", \
         "listxattrat", "removexattrat", "inotify_add_watch")

TEST(an_empty_path_and_a_missing_name_are_enoent) {
  COVERS_PATHS();
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of_a_namespace([] {
              Fixture f;
              each_call(ENOENT, AT_FDCWD, "", kAll);
              each_call(ENOENT, AT_FDCWD, f.dir / "missing/name", kAll);
              each_call(ENOENT, AT_FDCWD, f.dir / "missing",
                        [](const PathCall& call) { return (call.flags & kMakes) == 0; });
            }));
}

TEST(a_file_on_the_way_is_enotdir) {
  COVERS_PATHS();
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of_a_namespace([] {
              Fixture f;
              each_call(ENOTDIR, AT_FDCWD, f.dir / "file/name", kAll);
              each_call(ENOTDIR, AT_FDCWD, f.dir / "file",
                        [](const PathCall& call) { return (call.flags & kDirectories) != 0; });
            }));
}

TEST(a_name_or_a_path_that_is_too_long_is_enametoolong) {
  COVERS_PATHS();
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of_a_namespace([] {
              Fixture f;
              static char name[600], path[PATH_MAX + 1];
              snprintf(name, sizeof name, "%s/%0256d", f.dir.path(), 1);
              each_call(ENAMETOOLONG, AT_FDCWD, name, kAll);
              size_t length = static_cast<size_t>(snprintf(path, sizeof path, "%s", f.dir.path()));
              while (length < PATH_MAX) path[length++] = '/';
              path[PATH_MAX] = 0;
              each_call(ENAMETOOLONG, AT_FDCWD, path, kAll);
            }));
}

TEST(a_loop_on_the_way_is_eloop) {
  COVERS_PATHS();
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of_a_namespace([] {
              Fixture f;
              each_call(ELOOP, AT_FDCWD, f.dir / "loop/name", kAll);
            }));
}

TEST(a_bad_address_is_efault) {
  COVERS_PATHS();
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of_a_namespace([] {
              Fixture f;
              each_call(EFAULT, AT_FDCWD, static_cast<const char*>(guest::bad_pointer()), kAll);
            }));
}

TEST(a_directory_that_may_not_be_searched_is_eacces) {
  COVERS_PATHS();
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of_a_namespace([] {
              Fixture f;
              EXPECT_OK(chmod(f.dir / "locked", 0));
              if (guest::in_child([&] {
                    if (!drop_file_rights()) return 1;
                    each_call(EACCES, AT_FDCWD, f.dir / "locked/file", kAll);
                    return 0;
                  }) != 0)
                guest::fail(__FILE__, __LINE__, "the rights could not be dropped", "");
            }));
}

TEST(a_directory_that_may_not_be_written_takes_no_name_and_loses_none) {
  COVERS("creat", "mkdir", "rmdir", "rename", "link", "unlink", "symlink", "mknod", "mkdirat", "mknodat", "unlinkat",
         "renameat", "renameat2", "linkat", "symlinkat", "open", "openat", "openat2");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of_a_namespace([] {
              Fixture f;
              EXPECT_OK(mkdir(f.dir / "locked/directory", 0700));
              EXPECT_OK(chmod(f.dir / "locked", 0500));
              if (guest::in_child([&] {
                    if (!drop_file_rights()) return 1;
                    each_call(EACCES, AT_FDCWD, f.dir / "locked/new",
                              [](const PathCall& call) { return (call.flags & kMakes) != 0; });
                    EXPECT_ERRNO(EACCES, SYS(unlink, f.dir / "locked/file"));
                    EXPECT_ERRNO(EACCES, SYS(unlinkat, AT_FDCWD, f.dir / "locked/file", 0));
                    EXPECT_ERRNO(EACCES, SYS(unlinkat, AT_FDCWD, f.dir / "locked/directory", AT_REMOVEDIR));
                    EXPECT_ERRNO(EACCES, SYS(rmdir, f.dir / "locked/directory"));
                    EXPECT_ERRNO(EACCES, SYS(rename, f.dir / "locked/file", f.dir / "here"));
                    EXPECT_ERRNO(EACCES, SYS(renameat, AT_FDCWD, f.dir / "locked/file", AT_FDCWD, f.dir / "here"));
                    EXPECT_ERRNO(EACCES, SYS(renameat2, AT_FDCWD, f.dir / "locked/file", AT_FDCWD, f.dir / "here", 0));
                    EXPECT_ERRNO(EACCES, SYS(open, f.dir / "locked/new", O_CREAT | O_WRONLY, 0600));
                    EXPECT_ERRNO(EACCES, SYS(openat, AT_FDCWD, f.dir / "locked/new", O_CREAT | O_WRONLY, 0600));
                    auto making = how;
                    making.flags = O_CREAT | O_WRONLY, making.mode = 0600;
                    EXPECT_ERRNO(EACCES, SYS(openat2, AT_FDCWD, f.dir / "locked/new", &making, sizeof making));
                    return 0;
                  }) != 0)
                guest::fail(__FILE__, __LINE__, "the rights could not be dropped", "");
            }));
}

TEST(a_relative_path_needs_a_directory) {
  COVERS("openat", "mkdirat", "mknodat", "fchownat", "futimesat", "newfstatat", "unlinkat", "renameat", "renameat2",
         "linkat", "symlinkat", "readlinkat", "fchmodat", "faccessat", "faccessat2", "utimensat", "execveat", "statx",
         "openat2", "fspick", "fchmodat2", "setxattrat", "getxattrat", "listxattrat", "removexattrat");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of_a_namespace([] {
              Fixture f;
              each_call(EBADF, -1, "name", kFromDirectory);
              each_call(EBADF, 9999, "name", kFromDirectory);
              each_call(ENOTDIR, f.file, "name", kFromDirectory);
              // Of an absolute path the directory does not count.
              each_call(ENOENT, -1, f.dir / "missing/name", kFromDirectory);
            }));
}

TEST(a_filesystem_that_is_mounted_read_only_is_erofs) {
  COVERS("open", "openat", "openat2", "creat", "access", "faccessat", "faccessat2", "truncate", "rename", "mkdir",
         "rmdir", "link", "unlink", "symlink", "chmod", "fchmod", "chown", "fchown", "lchown", "utime", "utimes",
         "mknod", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "mkdirat",
         "mknodat", "fchownat", "futimesat", "unlinkat", "renameat", "renameat2", "linkat", "symlinkat", "fchmodat",
         "utimensat", "fchmodat2", "setxattrat", "removexattrat", "bind");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of_a_namespace([] {
              Fixture f;
              static char mounted[300];
              snprintf(mounted, sizeof mounted, "%s", f.dir / "locked");
              EXPECT_OK(mount("none", mounted, "tmpfs", 0, nullptr));
              close(guest::make_file(f.dir / "locked/file", ""));
              EXPECT_OK(mkdir(f.dir / "locked/directory", 0700));
              int fd = open(f.dir / "locked/file", O_RDONLY);
              snprintf(other, sizeof other, "%s", f.dir / "locked/other");
              EXPECT_OK(mount(nullptr, mounted, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr));
              each_call(EROFS, AT_FDCWD, f.dir / "locked/file", [](const PathCall& call) {
                return (call.flags & (kChanges | kMakes | kDirectories)) == kChanges;
              });
              snprintf(other, sizeof other, "%s", f.dir / "locked/file");
              each_call(EROFS, AT_FDCWD, f.dir / "locked/new",
                        [](const PathCall& call) { return (call.flags & kMakes) != 0; });
              EXPECT_ERRNO(EROFS, SYS(rmdir, f.dir / "locked/directory"));
              EXPECT_ERRNO(EROFS, SYS(unlinkat, AT_FDCWD, f.dir / "locked/directory", AT_REMOVEDIR));
              EXPECT_ERRNO(EROFS, SYS(open, f.dir / "locked/file", O_WRONLY));
              EXPECT_ERRNO(EROFS, SYS(openat, AT_FDCWD, f.dir / "locked/file", O_RDWR));
              auto writing = how;
              writing.flags = O_WRONLY;
              EXPECT_ERRNO(EROFS, SYS(openat2, AT_FDCWD, f.dir / "locked/file", &writing, sizeof writing));
              EXPECT_ERRNO(EROFS, SYS(access, f.dir / "locked/file", W_OK));
              EXPECT_ERRNO(EROFS, SYS(faccessat, AT_FDCWD, f.dir / "locked/file", W_OK));
              EXPECT_ERRNO(EROFS, SYS(faccessat2, AT_FDCWD, f.dir / "locked/file", W_OK, AT_EACCESS));
              EXPECT_ERRNO(EROFS, SYS(fchmod, fd, 0600));
              EXPECT_ERRNO(EROFS, SYS(fchown, fd, -1, -1));
              EXPECT_ERRNO(EROFS, SYS(fsetxattr, fd, "user.a", "", 0, 0));
              EXPECT_ERRNO(EROFS, SYS(fremovexattr, fd, "user.a"));
              int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
              sockaddr_un address{};
              address.sun_family = AF_UNIX;
              snprintf(address.sun_path, sizeof address.sun_path, "%s", f.dir / "locked/socket");
              EXPECT_ERRNO(EROFS, SYS(bind, socket, &address, sizeof address));
              close(socket);
              close(fd);
              EXPECT_OK(umount2(mounted, MNT_DETACH));
            }));
}

TEST(names_on_different_mounts_are_exdev) {
  COVERS("rename", "renameat", "renameat2", "link", "linkat");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of_a_namespace([] {
              Fixture f;
              EXPECT_OK(mount("none", f.dir / "locked", "tmpfs", 0, nullptr));
              EXPECT_ERRNO(EXDEV, SYS(rename, f.dir / "file", f.dir / "locked/file"));
              EXPECT_ERRNO(EXDEV, SYS(renameat, AT_FDCWD, f.dir / "file", AT_FDCWD, f.dir / "locked/file"));
              EXPECT_ERRNO(EXDEV, SYS(renameat2, AT_FDCWD, f.dir / "file", AT_FDCWD, f.dir / "locked/file", 0));
              EXPECT_ERRNO(EXDEV, SYS(link, f.dir / "file", f.dir / "locked/file"));
              EXPECT_ERRNO(EXDEV, SYS(linkat, AT_FDCWD, f.dir / "file", AT_FDCWD, f.dir / "locked/file", 0));
              // A mount point is no name to be moved.
              EXPECT_ERRNO(EBUSY, SYS(rename, f.dir / "locked", f.dir / "elsewhere"));
              EXPECT_ERRNO(EBUSY, SYS(renameat, AT_FDCWD, f.dir / "locked", AT_FDCWD, f.dir / "elsewhere"));
              EXPECT_ERRNO(EBUSY, SYS(renameat2, AT_FDCWD, f.dir / "locked", AT_FDCWD, f.dir / "elsewhere", 0));
              EXPECT_ERRNO(EBUSY, SYS(rmdir, f.dir / "locked"));
              EXPECT_ERRNO(EBUSY, SYS(unlinkat, AT_FDCWD, f.dir / "locked", AT_REMOVEDIR));
              EXPECT_OK(umount2(f.dir / "locked", MNT_DETACH));
            }));
}

TEST(a_filesystem_without_room_is_enospc) {
  COVERS("open", "openat", "openat2", "creat", "mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "link",
         "linkat", "write", "writev", "pwrite64", "pwritev", "pwritev2", "copy_file_range", "setxattr", "lsetxattr",
         "fsetxattr", "setxattrat");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(
      0, as_root_of_a_namespace([] {
        Fixture f;
        EXPECT_OK(mount("none", f.dir / "locked", "tmpfs", 0, "nr_inodes=5,size=8k"));
        snprintf(other, sizeof other, "%s", f.dir / "locked/other");
        int fd = guest::make_file(other, "");
        static char page[3 * 4096];
        iovec one{page, sizeof page};
        EXPECT_EQ(8192, SYS(write, fd, page, sizeof page));
        EXPECT_ERRNO(ENOSPC, SYS(write, fd, page, sizeof page));
        EXPECT_ERRNO(ENOSPC, SYS(writev, fd, &one, 1));
        EXPECT_ERRNO(ENOSPC, SYS(pwrite64, fd, page, sizeof page, 8192));
        EXPECT_ERRNO(ENOSPC, SYS(pwritev, fd, &one, 1, 8192, 0));
        EXPECT_ERRNO(ENOSPC, SYS(pwritev2, fd, &one, 1, 8192, 0, 0));
        loff_t from = 0, to = 8192;
        EXPECT_ERRNO(ENOSPC, SYS(copy_file_range, fd, &from, fd, &to, 4096, 0));
        for (int i = 0; i < 5; ++i) {
          char name[32];
          snprintf(name, sizeof name, "locked/%d", i);
          int made = open(f.dir / name, O_CREAT | O_WRONLY, 0600);
          if (made != -1) close(made);
        }
        each_call(ENOSPC, AT_FDCWD, f.dir / "locked/new", [](const PathCall& call) {
          return (call.flags & kMakes) != 0 && strncmp(call.name, "rename", 6) != 0;
        });
        EXPECT_ERRNO(ENOSPC, SYS(open, f.dir / "locked/new", O_CREAT | O_WRONLY, 0600));
        EXPECT_ERRNO(ENOSPC, SYS(openat, AT_FDCWD, f.dir / "locked/new", O_CREAT | O_WRONLY, 0600));
        auto making = how;
        making.flags = O_CREAT | O_WRONLY, making.mode = 0600;
        EXPECT_ERRNO(ENOSPC, SYS(openat2, AT_FDCWD, f.dir / "locked/new", &making, sizeof making));
        // Attributes are kept in what is left for inodes.
        static char value[4096];
        attribute.value = reinterpret_cast<uint64_t>(value), attribute.size = sizeof value;
        EXPECT_ERRNO(ENOSPC, SYS(setxattr, other, "user.a", value, sizeof value, 0));
        EXPECT_ERRNO(ENOSPC, SYS(lsetxattr, other, "user.a", value, sizeof value, 0));
        EXPECT_ERRNO(ENOSPC, SYS(fsetxattr, fd, "user.a", value, sizeof value, 0));
        if (guest::raw(kSetxattrat, AT_FDCWD, "", 0, "user.a", &attribute, sizeof attribute) != -1 || errno != ENOSYS)
          EXPECT_ERRNO(ENOSPC, guest::raw(kSetxattrat, AT_FDCWD, other, 0, "user.a", &attribute, sizeof attribute));
        close(fd);
        EXPECT_OK(umount2(f.dir / "locked", MNT_DETACH));
      }));
}

GUEST_TEST_MAIN
