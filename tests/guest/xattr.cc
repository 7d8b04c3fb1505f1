// xattr(7).
#include "tests/guest/guest_test.h"

#include <sys/xattr.h>

namespace {
bool supported(const char* path) {
  return setxattr(path, "user.probe", "", 0, 0) == 0 && removexattr(path, "user.probe") == 0;
}
}  // namespace

TEST(values_are_set_read_listed_and_removed) {
  COVERS("setxattr", "getxattr", "listxattr", "removexattr", "fsetxattr", "fgetxattr", "flistxattr", "fremovexattr");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  if (!supported(dir / "f")) SKIP("the file system has no user attributes");
  char out[64] = {};
  EXPECT_OK(SYS(setxattr, dir / "f", "user.a", "value", 5, 0));
  EXPECT_EQ(5, SYS(getxattr, dir / "f", "user.a", out, sizeof out));
  EXPECT_STREQ("value", out);
  EXPECT_EQ(5, SYS(fgetxattr, fd, "user.a", nullptr, 0));
  EXPECT_OK(SYS(fsetxattr, fd, "user.b", "", 0, 0));
  EXPECT_EQ(14, SYS(listxattr, dir / "f", out, sizeof out));
  EXPECT_EQ(14, SYS(flistxattr, fd, nullptr, 0));
  EXPECT_OK(SYS(fremovexattr, fd, "user.b"));
  EXPECT_EQ(7, SYS(flistxattr, fd, out, sizeof out));
  EXPECT_STREQ("user.a", out);
  EXPECT_OK(SYS(removexattr, dir / "f", "user.a"));
  EXPECT_ERRNO(ENODATA, SYS(getxattr, dir / "f", "user.a", out, sizeof out));
}

TEST(create_and_replace) {
  COVERS("setxattr");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  if (!supported(dir / "f")) SKIP("the file system has no user attributes");
  EXPECT_ERRNO(ENODATA, SYS(setxattr, dir / "f", "user.a", "1", 1, XATTR_REPLACE));
  EXPECT_OK(SYS(setxattr, dir / "f", "user.a", "1", 1, XATTR_CREATE));
  EXPECT_ERRNO(EEXIST, SYS(setxattr, dir / "f", "user.a", "2", 1, XATTR_CREATE));
  EXPECT_OK(SYS(setxattr, dir / "f", "user.a", "2", 1, XATTR_REPLACE));
  EXPECT_ERRNO(EINVAL, SYS(setxattr, dir / "f", "user.a", "2", 1, 8));
}

TEST(links_have_no_user_attributes) {
  COVERS("lsetxattr", "lgetxattr", "llistxattr", "lremovexattr");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  ASSERT_OK(symlink("f", dir / "l"));
  char out[16];
  EXPECT_ERRNO(EPERM, SYS(lsetxattr, dir / "l", "user.a", "1", 1, 0));
  EXPECT_TRUE(SYS(lgetxattr, dir / "l", "user.a", out, 16) == -1 && (errno == ENODATA || errno == EPERM));
  EXPECT_EQ(0, SYS(llistxattr, dir / "l", out, 16));
  EXPECT_ERRNO(ENOENT, SYS(llistxattr, dir / "none", out, 16));
  if (supported(dir / "f")) {
    setxattr(dir / "f", "user.a", "1", 1, 0);
    EXPECT_EQ(0, SYS(llistxattr, dir / "l", nullptr, 0));
    EXPECT_EQ(7, SYS(llistxattr, dir / "f", out, 16));
  }
  EXPECT_ERRNO(EPERM, SYS(lremovexattr, dir / "l", "user.a"));
}

TEST(xattr_errors) {
  COVERS("setxattr", "getxattr", "listxattr", "removexattr", "fgetxattr");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  char out[64];
  EXPECT_ERRNO(ENOENT, SYS(getxattr, dir / "none", "user.a", out, 64));
  EXPECT_ERRNO(EBADF, SYS(fgetxattr, -1, "user.a", out, 64));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(setxattr, dir / "f", "nonsense.a", "1", 1, 0));
  EXPECT_ERRNO(EFAULT, SYS(setxattr, dir / "f", guest::bad_pointer(), "1", 1, 0));
  EXPECT_ERRNO(ERANGE, SYS(setxattr, dir / "f", "", "1", 1, 0));
  EXPECT_ERRNO(E2BIG, SYS(setxattr, dir / "f", "user.a", out, 70000, 0));
  if (!supported(dir / "f")) SKIP("the file system has no user attributes");
  EXPECT_ERRNO(ENODATA, SYS(removexattr, dir / "f", "user.a"));
  setxattr(dir / "f", "user.a", "12345", 5, 0);
  EXPECT_ERRNO(ERANGE, SYS(getxattr, dir / "f", "user.a", out, 2));
  EXPECT_ERRNO(ERANGE, SYS(listxattr, dir / "f", out, 2));
  if (!guest::is_root()) EXPECT_ERRNO(EPERM, SYS(setxattr, dir / "f", "trusted.a", "1", 1, 0));
}

TEST(capabilities_of_a_file_have_their_form) {
  COVERS("setxattr", "getxattr");
  guest::TempDir dir;
  ASSERT_OK(guest::make_file(dir / "f", ""));
  const char* name = "security.capability";
  uint32_t value[6] = {0x02000000, 1 << 10, 0, 0, 0, 0}, told[6] = {};
  EXPECT_ERRNO(EINVAL, setxattr(dir / "f", name, "abc", 3, 0));
  EXPECT_ERRNO(EINVAL, setxattr(dir / "f", name, value, 24, 0));
  EXPECT_ERRNO(EINVAL, setxattr(dir / "f", name, value, 12, 0));
  if (setxattr(dir / "f", name, value, 20, 0) != 0) {
    EXPECT_ERRNO(EPERM, setxattr(dir / "f", name, value, 20, 0));
    return;
  }
  EXPECT_EQ(20, getxattr(dir / "f", name, told, sizeof told));
  EXPECT_EQ(value[1], told[1]);
}

GUEST_TEST_MAIN
