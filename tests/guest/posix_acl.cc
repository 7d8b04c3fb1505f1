// acl(5): access lists of files, kept as the extended attributes system.posix_acl_access and system.posix_acl_default.
#include "tests/guest/guest_test.h"

#include <grp.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

namespace {

constexpr const char* kAccess = "system.posix_acl_access";
constexpr const char* kDefault = "system.posix_acl_default";
constexpr uint16_t kUserObj = 1, kUser = 2, kGroupObj = 4, kGroup = 8, kMask = 16, kOther = 32;
constexpr uint32_t kNobody = 0xffffffff;

struct Entry {
  uint16_t tag, perm;
  uint32_t id;
  bool operator==(const Entry&) const = default;
};

struct List {
  uint32_t version = 2;
  Entry entries[16];
  size_t count = 0;
  List() = default;
  List(std::initializer_list<Entry> given) {
    for (const Entry& entry : given) entries[count++] = entry;
  }
  size_t size() const { return 4 + count * sizeof(Entry); }
};

int set(const char* path, const char* name, const List& list, int flags = 0) {
  char bytes[4 + sizeof list.entries];
  memcpy(bytes, &list.version, 4);
  memcpy(bytes + 4, list.entries, sizeof list.entries);
  return setxattr(path, name, bytes, list.size(), flags);
}

// The number of entries, or -1.
int get(const char* path, const char* name, List& list) {
  char bytes[4 + sizeof list.entries];
  ssize_t got = getxattr(path, name, bytes, sizeof bytes);
  if (got == -1) return -1;
  memcpy(&list.version, bytes, 4);
  memcpy(list.entries, bytes + 4, sizeof list.entries);
  list.count = (static_cast<size_t>(got) - 4) / sizeof(Entry);
  return static_cast<int>(list.count);
}

bool has(const char* path, const char* name, const List& expected) {
  List list;
  if (get(path, name, list) == -1) return false;
  if (list.version != 2 || list.count != expected.count) return false;
  for (size_t i = 0; i < list.count; ++i) {
    if (!(list.entries[i] == expected.entries[i])) return false;
  }
  return true;
}

unsigned mode_of(const char* path) {
  struct stat st;
  return stat(path, &st) == 0 ? st.st_mode & 07777 : ~0u;
}

const List kShared = {
    {kUserObj, 6, kNobody}, {kUser, 4, 12345}, {kGroupObj, 4, kNobody}, {kMask, 6, kNobody}, {kOther, 0, kNobody}};

bool supported(const guest::TempDir& dir) {
  close(guest::make_file(dir / "probe", ""));
  return set(dir / "probe", kAccess, kShared) == 0;
}
#define NEED_ACLS(dir) \
  if (!supported(dir)) SKIP("the file system has no access lists")

// What somebody else finds: a child of this user and these groups. The errno of open, or 0.
int open_as(unsigned user, unsigned group, std::initializer_list<gid_t> groups, const char* path, int flags) {
  int status = guest::in_child([&] {
    if (setgroups(groups.size(), groups.begin()) != 0 || setresgid(group, group, group) != 0 ||
        setresuid(user, user, user) != 0)
      return 255;
    return open(path, flags) == -1 ? errno : 0;
  });
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST(a_list_is_kept_and_told_and_the_mode_follows_its_mask) {
  COVERS("setxattr", "getxattr", "listxattr", "fgetxattr");
  guest::TempDir dir;
  NEED_ACLS(dir);
  int fd = guest::make_file(dir / "f", "", 0600);
  ASSERT_OK(set(dir / "f", kAccess, kShared));
  EXPECT_TRUE(has(dir / "f", kAccess, kShared));
  EXPECT_EQ(0660u, mode_of(dir / "f"));  // the group's bits are the mask
  EXPECT_EQ(static_cast<long>(kShared.size()), SYS(fgetxattr, fd, kAccess, nullptr, 0));
  char names[256];
  ssize_t length = listxattr(dir / "f", names, sizeof names);
  ASSERT_TRUE(length > 0);
  bool listed = false;
  for (ssize_t at = 0; at < length; at += static_cast<ssize_t>(strlen(names + at)) + 1)
    listed |= guest::strings_equal(names + at, kAccess);
  EXPECT_TRUE(listed);
  EXPECT_ERRNO(ERANGE, SYS(getxattr, dir / "f", kAccess, names, 8));
}

TEST(a_list_that_says_what_a_mode_says_becomes_the_mode) {
  COVERS("setxattr", "getxattr");
  guest::TempDir dir;
  NEED_ACLS(dir);
  close(guest::make_file(dir / "f", "", 0600));
  ASSERT_OK(set(dir / "f", kAccess, {{kUserObj, 7, kNobody}, {kGroupObj, 5, kNobody}, {kOther, 1, kNobody}}));
  EXPECT_EQ(0751u, mode_of(dir / "f"));
  List list;
  EXPECT_ERRNO(ENODATA, get(dir / "f", kAccess, list));
}

TEST(a_list_is_removed) {
  COVERS("removexattr", "setxattr", "lremovexattr");
  guest::TempDir dir;
  NEED_ACLS(dir);
  close(guest::make_file(dir / "f", "", 0600));
  List list;
  EXPECT_OK(removexattr(dir / "f", kAccess));  // there is none
  ASSERT_OK(set(dir / "f", kAccess, kShared));
  EXPECT_OK(removexattr(dir / "f", kAccess));
  EXPECT_ERRNO(ENODATA, get(dir / "f", kAccess, list));
  EXPECT_EQ(0660u, mode_of(dir / "f"));
  // A value of no bytes, or of no entries, is no list.
  ASSERT_OK(set(dir / "f", kAccess, kShared));
  EXPECT_OK(setxattr(dir / "f", kAccess, "", 0, 0));
  EXPECT_ERRNO(ENODATA, get(dir / "f", kAccess, list));
  ASSERT_OK(set(dir / "f", kAccess, kShared));
  EXPECT_OK(set(dir / "f", kAccess, {}));
  EXPECT_ERRNO(ENODATA, get(dir / "f", kAccess, list));
}

TEST(what_is_no_list) {
  COVERS("setxattr");
  guest::TempDir dir;
  NEED_ACLS(dir);
  close(guest::make_file(dir / "f", "", 0600));
  const char* f = dir / "f";
  List wrong = kShared;
  wrong.version = 1;
  EXPECT_ERRNO(EOPNOTSUPP, set(f, kAccess, wrong));
  EXPECT_ERRNO(EINVAL, setxattr(f, kAccess, "abc", 3, 0));
  EXPECT_ERRNO(EINVAL, setxattr(f, kAccess, "\2\0\0\0\1", 5, 0));
  const Entry owner = {kUserObj, 6, kNobody}, user = {kUser, 4, 12345}, group = {kGroupObj, 4, kNobody},
              named = {kGroup, 4, 12345}, mask = {kMask, 6, kNobody}, other = {kOther, 0, kNobody};
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner, other}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner, user, group, other}));  // a named one needs a mask
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner, group, named, other}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {user, owner, group, mask, other}));  // the order is fixed
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner, group, user, mask, other}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner, group, mask, named, other}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner, group, other, mask}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner, owner, group, other}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner, group, mask, mask, other}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner, group, other, other}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {{kUserObj, 8, kNobody}, group, other}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {{64, 4, kNobody}, group, other}));
  EXPECT_ERRNO(EINVAL, set(f, kAccess, {owner, {kUser, 4, kNobody}, group, mask, other}));
  EXPECT_OK(set(f, kAccess, {owner, user, user, group, named, named, mask, other}));  // twice the same is let pass
  EXPECT_OK(set(f, kAccess, {owner, group, mask, other}));                            // a mask alone is kept
  EXPECT_TRUE(has(f, kAccess, {owner, group, mask, other}));
  // What stands where nobody is named is not looked at, nor are the flags.
  EXPECT_OK(set(f, kAccess, {{kUserObj, 6, 77}, group, mask, other}, XATTR_CREATE));
  EXPECT_TRUE(has(f, kAccess, {owner, group, mask, other}));
  EXPECT_OK(set(f, kAccess, {owner, group, mask, other}, XATTR_REPLACE));
}

TEST(links_and_files_have_not_every_list) {
  COVERS("lsetxattr", "lgetxattr", "setxattr", "removexattr");
  guest::TempDir dir;
  NEED_ACLS(dir);
  close(guest::make_file(dir / "f", "", 0600));
  ASSERT_OK(symlink("f", dir / "l"));
  char bytes[64];
  EXPECT_ERRNO(EOPNOTSUPP, lgetxattr(dir / "l", kAccess, bytes, sizeof bytes));
  EXPECT_ERRNO(EOPNOTSUPP, lsetxattr(dir / "l", kAccess, "\2\0\0\0", 4, 0));
  EXPECT_ERRNO(EOPNOTSUPP, lremovexattr(dir / "l", kAccess));
  EXPECT_ERRNO(EACCES, set(dir / "f", kDefault, kShared));
  EXPECT_OK(removexattr(dir / "f", kDefault));
  EXPECT_ERRNO(ENODATA, getxattr(dir / "f", kDefault, bytes, sizeof bytes));
  EXPECT_ERRNO(EOPNOTSUPP, setxattr(dir / "f", "system.posix_acl_other", "", 0, 0));
  EXPECT_ERRNO(EOPNOTSUPP, getxattr("/proc/self/status", kAccess, bytes, sizeof bytes));
  ASSERT_OK(mkfifo(dir / "p", 0600));
  EXPECT_OK(set(dir / "p", kAccess, kShared));
  EXPECT_EQ(0660u, mode_of(dir / "p"));
}

TEST(a_change_of_the_mode_changes_the_list) {
  COVERS("chmod", "getxattr");
  guest::TempDir dir;
  NEED_ACLS(dir);
  close(guest::make_file(dir / "f", "", 0600));
  ASSERT_OK(set(dir / "f", kAccess, kShared));
  ASSERT_OK(chmod(dir / "f", 0751));
  EXPECT_TRUE(has(
      dir / "f", kAccess,
      {{kUserObj, 7, kNobody}, {kUser, 4, 12345}, {kGroupObj, 4, kNobody}, {kMask, 5, kNobody}, {kOther, 1, kNobody}}));
  EXPECT_EQ(0751u, mode_of(dir / "f"));
}

TEST(a_directory_hands_its_default_list_down) {
  COVERS("setxattr", "mkdir", "openat", "mknod", "umask");
  guest::TempDir dir;
  NEED_ACLS(dir);
  ASSERT_OK(mkdir(dir / "d", 0700));
  const List down = {
      {kUserObj, 7, kNobody}, {kUser, 7, 12345}, {kGroupObj, 5, kNobody}, {kMask, 7, kNobody}, {kOther, 5, kNobody}};
  ASSERT_OK(set(dir / "d", kDefault, down));
  EXPECT_EQ(0700u, mode_of(dir / "d"));
  umask(077);  // it is not asked here
  ASSERT_OK(mkdir(dir / "d/sub", 0775));
  EXPECT_TRUE(has(dir / "d/sub", kDefault, down));
  EXPECT_TRUE(has(dir / "d/sub", kAccess, down));
  EXPECT_EQ(0775u, mode_of(dir / "d/sub"));
  close(guest::make_file(dir / "d/f", "", 0640));
  List list;
  EXPECT_TRUE(has(
      dir / "d/f", kAccess,
      {{kUserObj, 6, kNobody}, {kUser, 7, 12345}, {kGroupObj, 5, kNobody}, {kMask, 4, kNobody}, {kOther, 0, kNobody}}));
  EXPECT_ERRNO(ENODATA, get(dir / "d/f", kDefault, list));
  EXPECT_EQ(0640u, mode_of(dir / "d/f"));
  ASSERT_OK(mkfifo(dir / "d/p", 0666));
  EXPECT_EQ(0664u, mode_of(dir / "d/p"));
  ASSERT_OK(symlink("f", dir / "d/l"));
  int fd = open(dir / "d", O_TMPFILE | O_RDWR, 0666);
  if (fd != -1) {
    struct stat st;
    EXPECT_OK(fstat(fd, &st));
    EXPECT_EQ(0664u, st.st_mode & 07777);
    EXPECT_EQ(static_cast<ssize_t>(down.size()), fgetxattr(fd, kAccess, nullptr, 0));
    close(fd);
  }
  int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  snprintf(name.sun_path, sizeof name.sun_path, "%.90s", dir / "d/s");
  ASSERT_OK(bind(socket_fd, reinterpret_cast<sockaddr*>(&name), sizeof name));
  EXPECT_EQ(0700u, mode_of(dir / "d/s"));  // bind(2) alone asks the umask all the same
}

TEST(a_default_list_that_says_what_a_mode_says) {
  COVERS("mkdir", "openat");
  guest::TempDir dir;
  NEED_ACLS(dir);
  ASSERT_OK(mkdir(dir / "d", 0700));
  const List down = {{kUserObj, 7, kNobody}, {kGroupObj, 5, kNobody}, {kOther, 0, kNobody}};
  ASSERT_OK(set(dir / "d", kDefault, down));
  umask(077);
  close(guest::make_file(dir / "d/f", "", 0666));
  EXPECT_EQ(0640u, mode_of(dir / "d/f"));
  List list;
  EXPECT_ERRNO(ENODATA, get(dir / "d/f", kAccess, list));
  ASSERT_OK(mkdir(dir / "d/sub", 0777));
  EXPECT_EQ(0750u, mode_of(dir / "d/sub"));
  EXPECT_TRUE(has(dir / "d/sub", kDefault, down));
  EXPECT_ERRNO(ENODATA, get(dir / "d/sub", kAccess, list));
  EXPECT_OK(removexattr(dir / "d", kDefault));
  close(guest::make_file(dir / "d/g", "", 0666));
  EXPECT_EQ(0600u, mode_of(dir / "d/g"));
}

TEST(who_is_named_gets_what_the_list_and_the_mask_grant) {
  COVERS("openat", "setxattr", "access");
  if (!guest::is_root()) SKIP("other users take root");
  guest::TempDir dir;
  NEED_ACLS(dir);
  ASSERT_OK(chmod(dir.path(), 0755));
  close(guest::make_file(dir / "f", "", 0600));
  const char* f = dir / "f";
  if (open_as(4001, 4001, {}, f, O_RDONLY) == 255) SKIP("this root may not become somebody else");
  const Entry owner = {kUserObj, 6, kNobody}, group = {kGroupObj, 4, kNobody}, other = {kOther, 0, kNobody};
  ASSERT_OK(set(f, kAccess,
                {owner,
                 {kUser, 6, 4001},
                 {kUser, 2, 4002},
                 group,
                 {kGroup, 6, 4100},
                 {kGroup, 2, 4101},
                 {kMask, 6, kNobody},
                 other}));
  EXPECT_EQ(0, open_as(4001, 4001, {}, f, O_RDWR));
  EXPECT_EQ(0, open_as(4002, 4002, {}, f, O_WRONLY));
  EXPECT_EQ(EACCES, open_as(4002, 4002, {4100}, f, O_RDONLY));  // a user's own entry decides alone
  EXPECT_EQ(EACCES, open_as(4003, 4003, {}, f, O_RDONLY));
  EXPECT_EQ(0, open_as(4003, 4100, {}, f, O_RDWR));
  EXPECT_EQ(0, open_as(4003, 4003, {4101}, f, O_WRONLY));
  EXPECT_EQ(EACCES, open_as(4003, 4003, {4101}, f, O_RDONLY));
  EXPECT_EQ(0, open_as(4003, 4003, {0}, f, O_RDONLY));
  EXPECT_EQ(EACCES, open_as(4003, 4003, {0, 4101}, f, O_RDWR));  // no single entry has both
  // The mask takes from all but the owner and the others.
  ASSERT_OK(chmod(f, 0646));
  EXPECT_EQ(0, open_as(4001, 4001, {}, f, O_RDONLY));
  EXPECT_EQ(EACCES, open_as(4001, 4001, {}, f, O_RDWR));
  EXPECT_EQ(EACCES, open_as(4003, 4003, {4101}, f, O_WRONLY));
  EXPECT_EQ(0, open_as(4003, 4003, {}, f, O_RDWR));
  // Everybody may by the mode, and yet one may not.
  ASSERT_OK(set(
      f, kAccess,
      {{kUserObj, 7, kNobody}, {kUser, 0, 4001}, {kGroupObj, 7, kNobody}, {kMask, 7, kNobody}, {kOther, 7, kNobody}}));
  EXPECT_EQ(0777u, mode_of(f));
  EXPECT_EQ(EACCES, open_as(4001, 4001, {}, f, O_RDONLY));
  EXPECT_EQ(0, open_as(4002, 4002, {}, f, O_RDWR));
  // An empty mask: Linux does not look at the list then.
  ASSERT_OK(chmod(f, 0604));
  EXPECT_EQ(0, open_as(4001, 4001, {}, f, O_RDONLY));
}

TEST(a_walk_asks_the_lists_of_directories) {
  COVERS("openat", "setxattr", "mkdir");
  if (!guest::is_root()) SKIP("other users take root");
  guest::TempDir dir;
  NEED_ACLS(dir);
  ASSERT_OK(chmod(dir.path(), 0755));
  ASSERT_OK(mkdir(dir / "d", 0700));
  close(guest::make_file(dir / "d/f", "", 0644));
  const char* f = dir / "d/f";
  if (open_as(4001, 4001, {}, f, O_RDONLY) == 255) SKIP("this root may not become somebody else");
  EXPECT_EQ(EACCES, open_as(4001, 4001, {}, f, O_RDONLY));
  ASSERT_OK(set(
      dir / "d", kAccess,
      {{kUserObj, 7, kNobody}, {kUser, 3, 4001}, {kGroupObj, 0, kNobody}, {kMask, 7, kNobody}, {kOther, 0, kNobody}}));
  EXPECT_EQ(0, open_as(4001, 4001, {}, f, O_RDONLY));
  EXPECT_EQ(0, open_as(4001, 4001, {}, dir / "d/new", O_WRONLY | O_CREAT));
  EXPECT_EQ(EACCES, open_as(4001, 4001, {}, dir / "d", O_RDONLY | O_DIRECTORY));
  EXPECT_EQ(EACCES, open_as(4002, 4002, {}, f, O_RDONLY));
}

TEST(only_the_owner_changes_a_list) {
  COVERS("setxattr", "removexattr", "getxattr");
  if (!guest::is_root()) SKIP("other users take root");
  guest::TempDir dir;
  NEED_ACLS(dir);
  ASSERT_OK(chmod(dir.path(), 0755));
  close(guest::make_file(dir / "f", "", 0666));
  ASSERT_OK(set(dir / "f", kAccess, kShared));
  int status = guest::in_child([&] {
    if (setresuid(4001, 4001, 4001) != 0) return 255;
    List list;
    if (get(dir / "f", kAccess, list) != 5) return 1;  // everybody may look
    if (set(dir / "f", kAccess, kShared) != -1 || errno != EPERM) return 2;
    if (removexattr(dir / "f", kAccess) != -1 || errno != EPERM) return 3;
    List wrong = kShared;
    wrong.version = 7;
    if (set(dir / "f", kAccess, wrong) != -1 || errno != EOPNOTSUPP) return 4;
    if (set(dir / "f", kAccess, {{kUserObj, 6, kNobody}}) != -1 || errno != EPERM) return 5;
    return 0;
  });
  if (WIFEXITED(status) && WEXITSTATUS(status) == 255) SKIP("this root may not become somebody else");
  EXPECT_EQ(0, status);
}

TEST(who_is_not_of_the_group_loses_its_setgid_bit) {
  COVERS("setxattr");
  if (!guest::is_root()) SKIP("other users take root");
  guest::TempDir dir;
  NEED_ACLS(dir);
  ASSERT_OK(chmod(dir.path(), 0755));
  close(guest::make_file(dir / "f", "", 0666));
  ASSERT_OK(chown(dir / "f", 4001, 4200));
  ASSERT_OK(chmod(dir / "f", 02770));
  int status = guest::in_child([&] {
    if (setgroups(0, nullptr) != 0 || setresgid(4001, 4001, 4001) != 0 || setresuid(4001, 4001, 4001) != 0) return 255;
    if (set(dir / "f", kAccess, kShared) != 0) return 1;
    return mode_of(dir / "f") == 0660 ? 0 : 2;
  });
  if (WIFEXITED(status) && WEXITSTATUS(status) == 255) SKIP("this root may not become somebody else");
  EXPECT_EQ(0, status);
}

GUEST_TEST_MAIN
