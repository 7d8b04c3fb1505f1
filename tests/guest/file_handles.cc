// name_to_handle_at(2), open_by_handle_at(2).
#include <sys/mount.h>

#include "tests/guest/guest_test.h"
#include "tests/guest/user_namespace.h"

namespace {

constexpr int kFid = 0x200, kUniqueMount = 1, kConnectable = 2;

struct Handle {
  unsigned bytes = 128;
  int type = 0;
  unsigned char data[128] = {};
  bool operator==(const Handle& o) const {
    return bytes == o.bytes && type == o.type && memcmp(data, o.data, bytes) == 0;
  }
};

// Raw, as the C library's type has no room.
long encode(int dirfd, const char* path, Handle& handle, int flags = 0, int* mount = nullptr) {
  int unused = 0;
  return SYS(name_to_handle_at, dirfd, path, &handle, mount != nullptr ? mount : &unused, flags);
}
long decode(int mount_fd, Handle handle, int flags) { return SYS(open_by_handle_at, mount_fd, &handle, flags); }

bool may_decode() { return geteuid() == 0; }

ino_t inode_of(int fd) {
  struct stat found;
  return fstat(fd, &found) == 0 ? found.st_ino : 0;
}
bool is_at(long fd, const char* path) {
  char link[64], text[512];
  snprintf(link, sizeof link, "/proc/self/fd/%ld", fd);
  ssize_t length = readlink(link, text, sizeof text - 1);
  if (length <= 0) return false;
  text[length] = 0;
  return strcmp(text, path) == 0;
}

}  // namespace

TEST(a_handle_names_a_file_and_not_its_name) {
  COVERS("name_to_handle_at");
  guest::TempDir dir;
  close(guest::make_file(dir / "a", "x"));
  close(guest::make_file(dir / "b", "x"));
  Handle a, again, b, linked;
  int mount = -1, other = -1;
  ASSERT_OK(encode(AT_FDCWD, dir / "a", a, 0, &mount));
  EXPECT_OK(encode(AT_FDCWD, dir / "a", again, 0, &other));
  EXPECT_OK(encode(AT_FDCWD, dir / "b", b));
  EXPECT_TRUE(a == again);
  EXPECT_FALSE(a == b);
  EXPECT_EQ(mount, other);
  EXPECT_GT(a.bytes, 0u);
  link(dir / "a", dir / "c");
  EXPECT_OK(encode(AT_FDCWD, dir / "c", linked));
  EXPECT_TRUE(a == linked);
  rename(dir / "a", dir / "d");
  Handle renamed;
  EXPECT_OK(encode(AT_FDCWD, dir / "d", renamed));
  EXPECT_TRUE(a == renamed);
}

TEST(a_handle_that_is_too_small_is_told_its_size) {
  COVERS("name_to_handle_at");
  guest::TempDir dir;
  Handle whole, small;
  ASSERT_OK(encode(AT_FDCWD, dir.path(), whole));
  small.bytes = 0;
  int mount = -1;
  EXPECT_ERRNO(EOVERFLOW, encode(AT_FDCWD, dir.path(), small, 0, &mount));
  EXPECT_EQ(whole.bytes, small.bytes);
  EXPECT_TRUE(mount != -1);
  small.bytes = whole.bytes - 1;
  EXPECT_ERRNO(EOVERFLOW, encode(AT_FDCWD, dir.path(), small));
  EXPECT_OK(encode(AT_FDCWD, dir.path(), small));
  EXPECT_TRUE(whole == small);
  small.bytes = 129;
  EXPECT_ERRNO(EINVAL, encode(AT_FDCWD, dir.path(), small));
}

TEST(flags_and_errors_of_name_to_handle_at) {
  COVERS("name_to_handle_at");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "x"));
  symlink("f", dir / "l");
  Handle file, link, followed, empty;
  ASSERT_OK(encode(AT_FDCWD, dir / "f", file));
  EXPECT_OK(encode(AT_FDCWD, dir / "l", link));
  EXPECT_OK(encode(AT_FDCWD, dir / "l", followed, AT_SYMLINK_FOLLOW));
  EXPECT_FALSE(file == link);
  EXPECT_TRUE(file == followed);
  int fd = open(dir / "f", O_PATH);
  EXPECT_OK(encode(fd, "", empty, AT_EMPTY_PATH));
  EXPECT_TRUE(file == empty);
  EXPECT_ERRNO(ENOENT, encode(fd, "", empty));
  EXPECT_ERRNO(ENOTDIR, encode(fd, "x", empty));
  EXPECT_ERRNO(EBADF, encode(-1, "x", empty));
  EXPECT_ERRNO(ENOENT, encode(AT_FDCWD, dir / "none", empty));
  EXPECT_ERRNO(EINVAL, encode(AT_FDCWD, dir / "f", empty, 0x8000));
  EXPECT_ERRNO(EINVAL, encode(AT_FDCWD, dir / "f", empty, kConnectable | kFid));
  EXPECT_ERRNO(EINVAL, encode(fd, "", empty, kConnectable | AT_EMPTY_PATH));
  int mount = 0;
  EXPECT_ERRNO(EFAULT, SYS(name_to_handle_at, AT_FDCWD, dir / "f", guest::bad_pointer(), &mount, 0));
  EXPECT_ERRNO(EFAULT, SYS(name_to_handle_at, AT_FDCWD, dir / "f", &file, guest::bad_pointer(), 0));
  EXPECT_ERRNO(EFAULT, SYS(name_to_handle_at, AT_FDCWD, guest::bad_pointer(), &file, &mount, 0));
  unsigned long long unique = 0;
  EXPECT_OK(SYS(name_to_handle_at, AT_FDCWD, dir / "f", &file, &unique, kUniqueMount));
  EXPECT_GT(unique, 1ull << 31);
}

TEST(what_cannot_be_opened_again_has_handles_to_compare) {
  COVERS("name_to_handle_at");
  int ends[2];
  ASSERT_OK(pipe(ends));
  Handle handle, same, other;
  EXPECT_ERRNO(EOPNOTSUPP, encode(AT_FDCWD, "/proc/self/stat", handle));
  EXPECT_ERRNO(EOPNOTSUPP, encode(ends[0], "", handle, AT_EMPTY_PATH));
  EXPECT_ERRNO(EOPNOTSUPP, encode(AT_FDCWD, "/proc", handle, kConnectable));
  EXPECT_OK(encode(ends[0], "", handle, AT_EMPTY_PATH | kFid));
  EXPECT_OK(encode(ends[1], "", same, AT_EMPTY_PATH | kFid));
  EXPECT_TRUE(handle == same);
  EXPECT_OK(encode(AT_FDCWD, "/proc/sys", other, kFid));
  EXPECT_FALSE(handle == other);
  EXPECT_EQ(0x81, other.type);
}

TEST(a_handle_is_opened_with_a_right_over_all_files) {
  COVERS("open_by_handle_at");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "bytes"));
  Handle handle;
  ASSERT_OK(encode(AT_FDCWD, dir / "f", handle));
  int mount = open(dir.path(), O_RDONLY | O_DIRECTORY);
  if (!may_decode()) {
    EXPECT_ERRNO(EPERM, decode(mount, handle, O_RDONLY));
    return;
  }
  long fd = decode(mount, handle, O_RDONLY | O_CLOEXEC);
  ASSERT_OK(fd);
  char text[8] = {};
  EXPECT_EQ(5, read(static_cast<int>(fd), text, sizeof text));
  EXPECT_STREQ("bytes", text);
  EXPECT_EQ(FD_CLOEXEC, fcntl(static_cast<int>(fd), F_GETFD));
  EXPECT_TRUE(is_at(fd, dir / "f"));
  EXPECT_ERRNO(EBADF, write(static_cast<int>(fd), "x", 1));
  EXPECT_ERRNO(ENOTDIR, decode(mount, handle, O_RDONLY | O_DIRECTORY));
  EXPECT_ERRNO(EEXIST, decode(mount, handle, O_RDWR | O_CREAT | O_EXCL));
  long path = decode(mount, handle, O_PATH);
  ASSERT_OK(path);
  EXPECT_EQ(inode_of(static_cast<int>(fd)), inode_of(static_cast<int>(path)));
  long written = decode(mount, handle, O_WRONLY | O_TRUNC);
  EXPECT_EQ(2, write(static_cast<int>(written), "no", 2));
  EXPECT_EQ(2, pread(static_cast<int>(fd), text, sizeof text, 0));
}

TEST(a_directory_keeps_its_place_by_handle) {
  COVERS("open_by_handle_at");
  if (!may_decode()) SKIP("needs CAP_DAC_READ_SEARCH");
  guest::TempDir dir;
  mkdir(dir / "d", 0700);
  mkdir(dir / "d/e", 0700);
  close(guest::make_file(dir / "d/e/f", "x"));
  Handle handle, link;
  ASSERT_OK(encode(AT_FDCWD, dir / "d/e", handle));
  int mount = open(dir.path(), O_RDONLY | O_DIRECTORY);
  long fd = decode(mount, handle, O_RDONLY | O_DIRECTORY);
  ASSERT_OK(fd);
  EXPECT_TRUE(is_at(fd, dir / "d/e"));
  EXPECT_OK(faccessat(static_cast<int>(fd), "f", F_OK, 0));
  EXPECT_OK(faccessat(static_cast<int>(fd), "../e/f", F_OK, 0));
  rename(dir / "d", dir / "g");
  long moved = decode(mount, handle, O_RDONLY);
  EXPECT_TRUE(is_at(moved, dir / "g/e"));
  symlink("d", dir / "l");
  ASSERT_OK(encode(AT_FDCWD, dir / "l", link));
  EXPECT_ERRNO(ELOOP, decode(mount, link, O_RDONLY));
  EXPECT_OK(decode(mount, link, O_PATH | O_NOFOLLOW));
  unlink(dir / "g/e/f");
  rmdir(dir / "g/e");
  close(static_cast<int>(fd)), close(static_cast<int>(moved));
  EXPECT_ERRNO(ESTALE, decode(mount, handle, O_RDONLY));
}

TEST(a_handle_ends_with_its_file) {
  COVERS("open_by_handle_at");
  if (!may_decode()) SKIP("needs CAP_DAC_READ_SEARCH");
  guest::TempDir dir;
  int file = guest::make_file(dir / "f", "x"), mount = open(dir.path(), O_RDONLY);
  Handle handle;
  ASSERT_OK(encode(AT_FDCWD, dir / "f", handle));
  link(dir / "f", dir / "g");
  ino_t inode = inode_of(file);
  unlink(dir / "f");
  long by_other_name = decode(mount, handle, O_RDONLY);
  ASSERT_OK(by_other_name);
  EXPECT_EQ(inode, inode_of(static_cast<int>(by_other_name)));
  close(static_cast<int>(by_other_name));
  unlink(dir / "g");
  long while_open = decode(mount, handle, O_RDONLY);
  ASSERT_OK(while_open);
  EXPECT_EQ(inode, inode_of(static_cast<int>(while_open)));
  close(static_cast<int>(while_open)), close(file);
  EXPECT_ERRNO(ESTALE, decode(mount, handle, O_RDONLY));
}

TEST(a_made_up_handle_is_stale) {
  COVERS("open_by_handle_at");
  if (!may_decode()) SKIP("needs CAP_DAC_READ_SEARCH");
  guest::TempDir dir;
  int file = guest::make_file(dir / "f", "x");
  int mount = open(dir.path(), O_RDONLY), proc = open("/proc", O_RDONLY);
  Handle handle;
  ASSERT_OK(encode(AT_FDCWD, dir / "f", handle));
  for (unsigned i = 0; i < handle.bytes; ++i) {
    Handle forged = handle;
    forged.data[i] ^= 0x40;
    long fd = decode(mount, forged, O_RDONLY);
    // ext4 has a word that says nothing; no other word leads to this file.
    if (fd != -1) EXPECT_FALSE(inode_of(static_cast<int>(fd)) == inode_of(file));
    if (fd == -1) EXPECT_EQ(ESTALE, errno);
    close(static_cast<int>(fd));
  }
  Handle wrong = handle;
  wrong.type = 77;
  EXPECT_ERRNO(ESTALE, decode(mount, wrong, O_RDONLY));
  wrong.type = -1;
  EXPECT_ERRNO(EINVAL, decode(mount, wrong, O_RDONLY));
  wrong = handle, wrong.bytes = 4;
  EXPECT_ERRNO(ESTALE, decode(mount, wrong, O_RDONLY));
  wrong.bytes = 0;
  EXPECT_ERRNO(EINVAL, decode(mount, wrong, O_RDONLY));
  wrong.bytes = 129;
  EXPECT_ERRNO(EINVAL, decode(mount, wrong, O_RDONLY));
  EXPECT_ERRNO(ESTALE, decode(proc, handle, O_RDONLY));
  EXPECT_ERRNO(EBADF, decode(-1, handle, O_RDONLY));
  EXPECT_ERRNO(EBADF, decode(open(dir.path(), O_PATH), handle, O_RDONLY));
  EXPECT_ERRNO(EFAULT, SYS(open_by_handle_at, mount, guest::bad_pointer(), O_RDONLY));
}

TEST(a_handle_belongs_to_one_filesystem) {
  COVERS("open_by_handle_at", "name_to_handle_at");
  if (!may_decode()) SKIP("needs CAP_DAC_READ_SEARCH");
  guest::TempDir dir;
  mkdir(dir / "a", 0700), mkdir(dir / "b", 0700);
  if (unshare(CLONE_NEWNS) == -1) SKIP("no mount namespaces here");
  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  ASSERT_OK(mount("a", dir / "a", "tmpfs", 0, nullptr));
  ASSERT_OK(mount("b", dir / "b", "tmpfs", 0, nullptr));
  close(guest::make_file(dir / "a/f", "x"));
  close(guest::make_file(dir / "b/f", "x"));
  Handle handle;
  ASSERT_OK(encode(AT_FDCWD, dir / "a/f", handle));
  EXPECT_ERRNO(EOPNOTSUPP, encode(AT_FDCWD, dir / "a/f", handle, kConnectable));
  int a = open(dir / "a", O_RDONLY), b = open(dir / "b", O_RDONLY);
  long fd = decode(a, handle, O_RDONLY);
  EXPECT_OK(fd);
  EXPECT_ERRNO(ESTALE, decode(b, handle, O_RDONLY));
  close(static_cast<int>(fd)), close(a), close(b);
  EXPECT_OK(umount(dir / "a"));
  EXPECT_OK(umount(dir / "b"));
}

TEST(root_of_a_user_namespace_opens_directories_that_it_may_search) {
  COVERS("open_by_handle_at");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  chmod(dir.path(), 0755);
  mkdir(dir / "d", 0755);
  close(guest::make_file(dir / "f", "x"));
  Handle handle, file;
  ASSERT_OK(encode(AT_FDCWD, dir / "d", handle));
  ASSERT_OK(encode(AT_FDCWD, dir / "f", file));
  EXPECT_EQ(0, guest::in_child([&] {
              if (!guest::become_root(CLONE_NEWNS)) return 1;
              int mount = open(dir.path(), O_RDONLY);
              if (decode(mount, file, O_RDONLY) != -1 || errno != EPERM) return 2;
              if (decode(mount, handle, O_RDONLY) != -1 || errno != EPERM) return 3;
              if (decode(mount, file, O_RDONLY | O_DIRECTORY) != -1) return 4;
              // What lies on the mount is held there and would be shown: the root of the tree is no place to ask at.
              if (::mount("t", dir / "d", "tmpfs", 0, nullptr) != 0) return 5;
              mkdir(dir / "d/x", 0700);
              Handle own;
              int top = open(dir / "d", O_RDONLY);
              if (encode(AT_FDCWD, dir / "d/x", own) == -1) return 6;
              if (decode(top, own, O_RDONLY | O_DIRECTORY) == -1) return 7;
              return decode(top, own, O_RDONLY) == -1 && errno == EPERM ? 0 : 8;
            }));
}

GUEST_TEST_MAIN
