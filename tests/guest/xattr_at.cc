// setxattrat(2) and its sisters, file_getattr(2) and file_setattr(2): Linux 6.13 and 6.17.
#include "tests/guest/guest_test.h"

#include <sys/xattr.h>

namespace {

constexpr long kSet = 463, kGet = 464, kList = 465, kRemove = 466, kFileGet = 468, kFileSet = 469;

struct Args {
  alignas(8) uint64_t value;
  uint32_t size;
  uint32_t flags;
};

struct Fixture {
  guest::TempDir dir;
  int dirfd = -1, fd = -1;
  Fixture() {
    fd = guest::make_file(dir / "f", "");
    symlink("f", dir / "l");
    dirfd = open(dir.path(), O_RDONLY | O_DIRECTORY);
  }
  // Not on an older Linux, and not where the file system has no user attributes.
  bool usable() const {
    errno = 0;
    syscall(kList, -1, "", 0, nullptr, 0);
    return errno != ENOSYS && setxattr(dir / "f", "user.probe", "", 0, 0) == 0 &&
           removexattr(dir / "f", "user.probe") == 0;
  }
  long set(const char* name, const char* value, uint32_t flags = 0) const {
    Args args{reinterpret_cast<uint64_t>(value), static_cast<uint32_t>(strlen(value)), flags};
    return syscall(kSet, dirfd, "f", 0, name, &args, sizeof args);
  }
  long get(const char* name, char* out, uint32_t size) const {
    Args args{reinterpret_cast<uint64_t>(out), size, 0};
    return syscall(kGet, dirfd, "f", 0, name, &args, sizeof args);
  }
};

}  // namespace

TEST(attributes_by_directory_and_name) {
  COVERS("setxattrat", "getxattrat", "listxattrat", "removexattrat");
  Fixture f;
  if (!f.usable()) SKIP("no such calls, or no user attributes");
  char out[64] = {};
  EXPECT_EQ(0, f.set("user.a", "value"));
  EXPECT_EQ(5, f.get("user.a", out, sizeof out));
  EXPECT_STREQ("value", out);
  EXPECT_EQ(5, f.get("user.a", nullptr, 0));
  EXPECT_ERRNO(ERANGE, f.get("user.a", out, 2));
  EXPECT_EQ(5, getxattr(f.dir / "f", "user.a", out, sizeof out));
  EXPECT_EQ(7, syscall(kList, f.dirfd, "f", 0, out, sizeof out));
  EXPECT_STREQ("user.a", out);
  EXPECT_EQ(7, syscall(kList, f.dirfd, "f", 0, nullptr, 0));
  EXPECT_ERRNO(ERANGE, syscall(kList, f.dirfd, "f", 0, out, 3));
  EXPECT_ERRNO(EEXIST, f.set("user.a", "x", XATTR_CREATE));
  EXPECT_ERRNO(ENODATA, f.set("user.b", "x", XATTR_REPLACE));
  EXPECT_EQ(0, syscall(kRemove, f.dirfd, "f", 0, "user.a"));
  EXPECT_ERRNO(ENODATA, syscall(kRemove, f.dirfd, "f", 0, "user.a"));
  EXPECT_ERRNO(ENODATA, f.get("user.a", out, sizeof out));
}

TEST(an_empty_path_means_the_descriptor) {
  COVERS("setxattrat", "getxattrat", "listxattrat", "removexattrat");
  Fixture f;
  if (!f.usable()) SKIP("no such calls, or no user attributes");
  char out[64] = {};
  Args args{reinterpret_cast<uint64_t>("1"), 1, 0}, read{reinterpret_cast<uint64_t>(out), sizeof out, 0};
  EXPECT_EQ(0, syscall(kSet, f.fd, "", AT_EMPTY_PATH, "user.a", &args, sizeof args));
  EXPECT_EQ(1, syscall(kGet, f.fd, "", AT_EMPTY_PATH, "user.a", &read, sizeof read));
  EXPECT_EQ(7, syscall(kList, f.fd, "", AT_EMPTY_PATH, out, sizeof out));
  EXPECT_EQ(7, syscall(kList, f.fd, nullptr, AT_EMPTY_PATH, out, sizeof out));
  EXPECT_EQ(0, syscall(kRemove, f.fd, "", AT_EMPTY_PATH, "user.a"));
  EXPECT_ERRNO(ENOENT, syscall(kList, f.fd, "", 0, out, sizeof out));
  EXPECT_ERRNO(EBADF, syscall(kList, -1, "", AT_EMPTY_PATH, out, sizeof out));
}

TEST(a_link_is_followed_or_not) {
  COVERS("setxattrat", "getxattrat", "listxattrat", "removexattrat");
  Fixture f;
  if (!f.usable()) SKIP("no such calls, or no user attributes");
  char out[64] = {};
  Args args{reinterpret_cast<uint64_t>("1"), 1, 0};
  EXPECT_EQ(0, syscall(kSet, f.dirfd, "l", 0, "user.a", &args, sizeof args));
  EXPECT_EQ(7, syscall(kList, f.dirfd, "l", 0, out, sizeof out));
  EXPECT_ERRNO(EPERM, syscall(kSet, f.dirfd, "l", AT_SYMLINK_NOFOLLOW, "user.a", &args, sizeof args));
  EXPECT_ERRNO(EPERM, syscall(kRemove, f.dirfd, "l", AT_SYMLINK_NOFOLLOW, "user.a"));
  EXPECT_EQ(0, syscall(kList, f.dirfd, "l", AT_SYMLINK_NOFOLLOW, out, sizeof out));
}

TEST(the_structure_and_the_flags_are_checked) {
  COVERS("setxattrat", "getxattrat", "listxattrat", "removexattrat");
  Fixture f;
  if (!f.usable()) SKIP("no such calls, or no user attributes");
  char out[64] = {};
  struct {
    Args args;
    uint64_t more;
  } large{{reinterpret_cast<uint64_t>("1"), 1, 0}, 0};
  Args args = large.args;
  EXPECT_ERRNO(EINVAL, syscall(kSet, f.dirfd, "f", 0, "user.a", &args, sizeof args - 1));
  EXPECT_ERRNO(E2BIG, syscall(kSet, f.dirfd, "f", 0, "user.a", &args, 4097));
  EXPECT_EQ(0, syscall(kSet, f.dirfd, "f", 0, "user.a", &large, sizeof large));
  large.more = 1;
  EXPECT_ERRNO(E2BIG, syscall(kSet, f.dirfd, "f", 0, "user.a", &large, sizeof large));
  EXPECT_ERRNO(EINVAL, syscall(kSet, f.dirfd, "f", AT_REMOVEDIR, "user.a", &args, sizeof args));
  args.flags = 8;
  EXPECT_ERRNO(EINVAL, syscall(kSet, f.dirfd, "f", 0, "user.a", &args, sizeof args));
  args = {reinterpret_cast<uint64_t>(out), sizeof out, XATTR_CREATE};
  EXPECT_ERRNO(EINVAL, syscall(kGet, f.dirfd, "f", 0, "user.a", &args, sizeof args));
  args.flags = 0;
  EXPECT_ERRNO(EFAULT, syscall(kGet, f.dirfd, "f", 0, guest::bad_pointer(), &args, sizeof args));
  EXPECT_ERRNO(EFAULT, syscall(kSet, f.dirfd, "f", 0, "user.a", guest::bad_pointer(), sizeof args));
  EXPECT_ERRNO(EINVAL, syscall(kGet, f.dirfd, "f", AT_REMOVEDIR, "user.a", &args, sizeof args));
  EXPECT_ERRNO(EINVAL, syscall(kList, f.dirfd, "f", AT_REMOVEDIR, out, sizeof out));
  EXPECT_ERRNO(EINVAL, syscall(kRemove, f.dirfd, "f", AT_REMOVEDIR, "user.a"));
  EXPECT_ERRNO(ENOENT, syscall(kRemove, f.dirfd, "none", 0, "user.a"));
  EXPECT_ERRNO(EBADF, syscall(kRemove, -1, "f", 0, "user.a"));
  args = {reinterpret_cast<uint64_t>("1"), 1, 0};
  EXPECT_ERRNO(EOPNOTSUPP, syscall(kSet, f.dirfd, "f", 0, "nonsense.a", &args, sizeof args));
}

TEST(inode_attributes_are_checked_before_they_are_missed) {
  COVERS("file_getattr", "file_setattr");
  Fixture f;
  uint64_t attr[8] = {};
  errno = 0;
  const long got = syscall(kFileGet, f.dirfd, "f", attr, 24, 0);
  if (got == -1 && errno == ENOSYS) SKIP("no such call here");
  EXPECT_TRUE(got == 0 || errno == EOPNOTSUPP);
  EXPECT_ERRNO(EINVAL, syscall(kFileGet, f.dirfd, "f", attr, 23, 0));
  EXPECT_ERRNO(EINVAL, syscall(kFileGet, f.dirfd, "f", attr, 24, AT_REMOVEDIR));
  EXPECT_ERRNO(ENOENT, syscall(kFileGet, f.dirfd, "none", attr, 24, 0));
  EXPECT_ERRNO(EBADF, syscall(kFileGet, -1, "f", attr, 24, 0));
  EXPECT_ERRNO(EINVAL, syscall(kFileSet, f.dirfd, "f", attr, 23, 0));
  EXPECT_ERRNO(E2BIG, syscall(kFileSet, f.dirfd, "f", attr, 4097, 0));
  EXPECT_ERRNO(EINVAL, syscall(kFileSet, f.dirfd, "f", attr, 24, AT_REMOVEDIR));
  EXPECT_ERRNO(EFAULT, syscall(kFileSet, f.dirfd, "f", guest::bad_pointer(), 24, 0));
  EXPECT_ERRNO(ENOENT, syscall(kFileSet, f.dirfd, "none", attr, 24, 0));
}

GUEST_TEST_MAIN
