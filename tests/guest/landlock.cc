// landlock(7): what a task forbids itself and what it starts, of files. landlock_create_ruleset(2), landlock_add_rule(2),
// landlock_restrict_self(2).
// Longer than 500 lines: one case for each rule of landlock(7) about files.
#include "tests/guest/landlock.h"

#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

using namespace landlock;

TEST(the_version_and_what_was_mended_are_told) {
  COVERS("landlock_create_ruleset");
  NEED_LANDLOCK(7);
  EXPECT_TRUE(version() >= 7);
  EXPECT_EQ(7, SYS(landlock_create_ruleset, nullptr, 0, 2) & 7);
  EXPECT_ERRNO(EINVAL, SYS(landlock_create_ruleset, nullptr, 0, 3));
  EXPECT_ERRNO(EINVAL, SYS(landlock_create_ruleset, nullptr, 0, 8));
  EXPECT_ERRNO(EINVAL, SYS(landlock_create_ruleset, nullptr, 8, 1));
  Attributes attributes{1, 0, 0};
  EXPECT_ERRNO(EINVAL, SYS(landlock_create_ruleset, &attributes, 0, 1));
}

TEST(attributes_of_a_ruleset_are_judged) {
  COVERS("landlock_create_ruleset");
  NEED_LANDLOCK(7);
  char bytes[5000] = {1};
  EXPECT_ERRNO(EFAULT, SYS(landlock_create_ruleset, nullptr, 0, 0));
  EXPECT_ERRNO(EFAULT, SYS(landlock_create_ruleset, guest::bad_pointer(), 24, 0));
  EXPECT_ERRNO(EINVAL, SYS(landlock_create_ruleset, bytes, 4, 0));
  EXPECT_ERRNO(E2BIG, SYS(landlock_create_ruleset, bytes, 5000, 0));
  int fd = static_cast<int>(SYS(landlock_create_ruleset, bytes, 200, 0));
  ASSERT_OK(fd);
  close(fd);
  bytes[100] = 1;
  EXPECT_ERRNO(E2BIG, SYS(landlock_create_ruleset, bytes, 200, 0));
  EXPECT_ERRNO(ENOMSG, create(0));
  EXPECT_ERRNO(EINVAL, create(uint64_t{1} << 40));
  EXPECT_ERRNO(EINVAL, create(0, uint64_t{1} << 20));
  EXPECT_ERRNO(EINVAL, create(0, 0, uint64_t{1} << 20));
}

TEST(a_ruleset_is_a_file_with_nothing_to_read) {
  COVERS("landlock_create_ruleset");
  NEED_LANDLOCK(1);
  int fd = create(kExecute);
  ASSERT_OK(fd);
  char byte = 0;
  EXPECT_ERRNO(EINVAL, read(fd, &byte, 1));
  EXPECT_ERRNO(EINVAL, write(fd, &byte, 1));
  EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
  char link[64], name[64] = {};
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  EXPECT_TRUE(readlink(link, name, sizeof name - 1) > 0);
  EXPECT_STREQ("anon_inode:[landlock-ruleset]", name);
  close(fd);
}

TEST(rules_are_judged) {
  COVERS("landlock_add_rule");
  NEED_LANDLOCK(4);
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "x"));
  int fd = create(kExecute | kReadFile | kReadDir | kRefer, kBind);
  ASSERT_OK(fd);
  PathRule rule{kReadFile, open(dir.path(), O_PATH | O_CLOEXEC)};
  EXPECT_OK(SYS(landlock_add_rule, fd, 1, &rule, 0));
  EXPECT_ERRNO(EINVAL, SYS(landlock_add_rule, fd, 1, &rule, 1));
  EXPECT_ERRNO(EINVAL, SYS(landlock_add_rule, fd, 9, &rule, 0));
  EXPECT_ERRNO(EBADF, SYS(landlock_add_rule, -1, 1, &rule, 0));
  EXPECT_ERRNO(EBADFD, SYS(landlock_add_rule, 1, 1, &rule, 0));
  EXPECT_ERRNO(EFAULT, SYS(landlock_add_rule, fd, 1, guest::bad_pointer(), 0));
  PathRule none{0, rule.parent}, unhandled{kWriteFile, rule.parent}, closed{kReadFile, -1}, itself{kReadFile, fd};
  EXPECT_ERRNO(ENOMSG, SYS(landlock_add_rule, fd, 1, &none, 0));
  EXPECT_ERRNO(EINVAL, SYS(landlock_add_rule, fd, 1, &unhandled, 0));
  EXPECT_ERRNO(EBADF, SYS(landlock_add_rule, fd, 1, &closed, 0));
  EXPECT_ERRNO(EBADFD, SYS(landlock_add_rule, fd, 1, &itself, 0));
  int pipes[2];
  ASSERT_OK(pipe2(pipes, O_CLOEXEC));
  PathRule of_pipe{kReadFile, pipes[0]};
  EXPECT_ERRNO(EBADFD, SYS(landlock_add_rule, fd, 1, &of_pipe, 0));
  PathRule of_memory{kReadFile, static_cast<int>(SYS(memfd_create, "m", 0))};
  EXPECT_ERRNO(EBADFD, SYS(landlock_add_rule, fd, 1, &of_memory, 0));
  EXPECT_ERRNO(EINVAL, allow(fd, kReadDir, dir / "f"));
  EXPECT_ERRNO(EINVAL, allow(fd, kRefer, dir / "f"));
  EXPECT_OK(allow(fd, kExecute | kReadFile, dir / "f"));
  EXPECT_OK(allow_port(fd, kBind, 80));
  EXPECT_OK(allow_port(fd, kBind, 0));
  EXPECT_ERRNO(EINVAL, allow_port(fd, kBind, 65536));
  EXPECT_ERRNO(ENOMSG, allow_port(fd, 0, 80));
  EXPECT_ERRNO(EINVAL, allow_port(fd, kConnect, 80));
  EXPECT_ERRNO(EFAULT, SYS(landlock_add_rule, fd, 2, guest::bad_pointer(), 0));
  for (int each : {fd, rule.parent, pipes[0], pipes[1], of_memory.parent}) close(each);
}

TEST(who_restricts_itself_gains_no_privileges) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(7);
  apart([] {
    int fd = create(kMakeBlock);
    EXPECT_ERRNO(EBADF, restrict(-1));
    EXPECT_ERRNO(EBADFD, SYS(landlock_restrict_self, 1, 0));
    EXPECT_ERRNO(EINVAL, SYS(landlock_restrict_self, fd, 64));
    EXPECT_OK(SYS(landlock_restrict_self, -1, 4));
    EXPECT_OK(SYS(landlock_restrict_self, fd, 7));
  });
  apart([] {
    int fd = create(kMakeBlock);
    if (guest::is_root()) EXPECT_OK(setresuid(65534, 65534, 65534));
    EXPECT_ERRNO(EPERM, SYS(landlock_restrict_self, fd, 0));
    EXPECT_ERRNO(EPERM, SYS(landlock_restrict_self, fd, 64));
    EXPECT_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    EXPECT_OK(SYS(landlock_restrict_self, fd, 0));
  });
}

TEST(sixteen_layers_are_the_most) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(1);
  apart([] {
    EXPECT_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    int fd = create(kMakeBlock);
    for (int i = 0; i < 16; ++i) EXPECT_OK(SYS(landlock_restrict_self, fd, 0));
    EXPECT_ERRNO(E2BIG, SYS(landlock_restrict_self, fd, 0));
  });
}

TEST(files_are_opened_beneath_what_is_granted) {
  COVERS("landlock_add_rule", "landlock_restrict_self");
  NEED_LANDLOCK(1);
  guest::TempDir dir;
  mkdir(dir / "in", 0755), mkdir(dir / "in/deep", 0755), mkdir(dir / "out", 0755);
  close(guest::make_file(dir / "in/deep/f", "x"));
  close(guest::make_file(dir / "out/f", "x"));
  close(guest::make_file(dir / "out/one", "x"));
  apart([&] {
    int before = open(dir / "out/f", O_RDWR | O_CLOEXEC);
    int fd = create(kReadFile | kWriteFile | kReadDir);
    EXPECT_OK(allow(fd, kReadFile | kReadDir, dir / "in"));
    EXPECT_OK(allow(fd, kWriteFile, dir / "in/deep"));
    EXPECT_OK(allow(fd, kReadFile, dir / "out/one"));
    EXPECT_OK(restrict(fd));
    EXPECT_TRUE(opens(dir / "in/deep/f", O_RDWR));
    EXPECT_TRUE(opens(dir / "in/deep", O_RDONLY | O_DIRECTORY));
    EXPECT_ERRNO(EACCES, open(dir / "out/f", O_RDONLY));
    EXPECT_ERRNO(EACCES, open(dir / "out", O_RDONLY | O_DIRECTORY));
    EXPECT_TRUE(opens(dir / "out/one", O_RDONLY));
    EXPECT_ERRNO(EACCES, open(dir / "out/one", O_WRONLY));
    EXPECT_TRUE(opens(dir / "out/f", O_PATH));  // a place and nothing more
    struct stat stat;
    EXPECT_OK(lstat(dir / "out/f", &stat));  // what a name says is not restricted
    EXPECT_OK(access(dir / "out/f", R_OK));
    char byte;
    EXPECT_EQ(1, read(before, &byte, 1));  // nor what is open
    EXPECT_EQ(1, pwrite(before, "y", 1, 0));
    char again[64];
    snprintf(again, sizeof again, "/proc/self/fd/%d", before);
    EXPECT_ERRNO(EACCES, open(again, O_RDONLY));  // but it is not opened again
  });
}

TEST(what_has_no_place_is_nobodys_business) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(1);
  apart([] {
    int fd = create(kReadFile | kWriteFile | kReadDir | kMakeReg);
    EXPECT_OK(allow(fd, kReadDir | kReadFile, "/proc"));
    EXPECT_OK(restrict(fd));
    int memory = static_cast<int>(SYS(memfd_create, "m", 0)), pipes[2];
    ASSERT_OK(memory);
    ASSERT_OK(pipe2(pipes, O_CLOEXEC));
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", memory);
    EXPECT_TRUE(opens(link, O_RDWR));
    snprintf(link, sizeof link, "/proc/self/fd/%d", pipes[1]);
    EXPECT_TRUE(opens(link, O_WRONLY));
    EXPECT_OK(ftruncate(memory, 100));
  });
}

TEST(each_layer_must_grant_it) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(1);
  guest::TempDir dir;
  mkdir(dir / "a", 0755), mkdir(dir / "b", 0755);
  close(guest::make_file(dir / "a/f", "x"));
  close(guest::make_file(dir / "b/f", "x"));
  apart([&] {
    int fd = create(kReadFile);
    EXPECT_OK(allow(fd, kReadFile, dir / "a"));
    EXPECT_OK(allow(fd, kReadFile, dir / "b"));
    EXPECT_OK(SYS(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    EXPECT_OK(SYS(landlock_restrict_self, fd, 0));
    EXPECT_OK(allow(fd, kReadFile, "/"));  // not for the layer that was made before
    EXPECT_TRUE(opens(dir / "b/f", O_RDONLY));
    EXPECT_FALSE(opens("/proc/self/stat", O_RDONLY));
    int second = create(kReadFile | kWriteFile);
    EXPECT_OK(allow(second, kReadFile, dir / "a"));
    EXPECT_OK(restrict(second));
    EXPECT_TRUE(opens(dir / "a/f", O_RDONLY));
    EXPECT_ERRNO(EACCES, open(dir / "b/f", O_RDONLY));
    EXPECT_ERRNO(EACCES, open(dir / "a/f", O_WRONLY));
  });
}

TEST(a_domain_is_inherited_by_what_it_starts) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(1);
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "x"));
  apart([&] {
    EXPECT_OK(restrict(create(kReadFile | kWriteFile)));
    EXPECT_EQ(0, guest::in_child([&] { return opens(dir / "f", O_RDONLY) || errno != EACCES ? 1 : 0; }));
    pthread_t thread;
    auto body = [](void* path) -> void* { return opens(static_cast<const char*>(path), O_RDONLY) ? path : nullptr; };
    ASSERT_EQ(0, pthread_create(&thread, nullptr, body, const_cast<char*>(dir / "f")));
    void* opened = nullptr;
    pthread_join(thread, &opened);
    EXPECT_EQ(nullptr, opened);
  });
  apart([&] {  // a thread for itself
    pthread_t thread;
    auto body = [](void*) -> void* {
      restrict(create(kReadFile));
      return nullptr;
    };
    ASSERT_EQ(0, pthread_create(&thread, nullptr, body, nullptr));
    pthread_join(thread, nullptr);
    EXPECT_TRUE(opens(dir / "f", O_RDONLY));
  });
}

TEST(programs_are_executed_where_reading_is_granted_too) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(1);
  guest::TempDir dir;
  const char* program = dir / "true";
  if (guest::in_child([&] {
        int from = open("/proc/self/exe", O_RDONLY), to = open(program, O_CREAT | O_WRONLY, 0755);
        char buffer[65536];
        ssize_t n = 0;
        while ((n = read(from, buffer, sizeof buffer)) > 0) write(to, buffer, n);
        return n == 0 ? 0 : 1;
      }) != 0)
    SKIP("no copy of the program");
  auto runs = [&](uint64_t granted) {
    return guest::in_child([&] {
      int fd = create(kExecute | kReadFile);
      allow(fd, kExecute | kReadFile, "/usr");
      if (access("/lib64", F_OK) == 0) allow(fd, kExecute | kReadFile, "/lib64");
      if (access("/lib", F_OK) == 0) allow(fd, kExecute | kReadFile, "/lib");
      if (granted != 0) allow(fd, granted, dir.path());
      restrict(fd);
      int null = open("/dev/null", O_WRONLY);
      if (null != -1) dup2(null, 1);
      execl(program, program, "--list", nullptr);
      return errno;
    });
  };
  EXPECT_EQ(EACCES << 8, runs(0));
  EXPECT_EQ(EACCES << 8, runs(kExecute));
  EXPECT_EQ(EACCES << 8, runs(kReadFile));
  EXPECT_EQ(0, runs(kExecute | kReadFile));
}

TEST(names_are_made_and_removed_where_it_is_granted) {
  COVERS("landlock_add_rule", "landlock_restrict_self");
  NEED_LANDLOCK(1);
  guest::TempDir dir;
  mkdir(dir / "yes", 0755), mkdir(dir / "no", 0755);
  for (const char* name : {"yes/old", "no/old"}) close(guest::make_file(dir / name, "x"));
  mkdir(dir / "yes/dir", 0755), mkdir(dir / "no/dir", 0755);
  apart([&] {
    uint64_t all =
        kMakeChar | kMakeDir | kMakeReg | kMakeSock | kMakeFifo | kMakeBlock | kMakeSym | kRemoveDir | kRemoveFile;
    int fd = create(all);
    EXPECT_OK(allow(fd, all, dir / "yes"));
    EXPECT_OK(restrict(fd));
    EXPECT_OK(mkdir(dir / "yes/d", 0755));
    EXPECT_ERRNO(EACCES, mkdir(dir / "no/d", 0755));
    EXPECT_ERRNO(EEXIST, mkdir(dir / "no/dir", 0755));
    EXPECT_TRUE(opens(dir / "yes/f", O_CREAT | O_WRONLY));
    EXPECT_ERRNO(EACCES, open(dir / "no/f", O_CREAT | O_WRONLY, 0644));
    EXPECT_TRUE(opens(dir / "no/old", O_CREAT | O_WRONLY));
    EXPECT_OK(mkfifo(dir / "yes/p", 0644));
    EXPECT_ERRNO(EACCES, mkfifo(dir / "no/p", 0644));
    EXPECT_OK(symlink("x", dir / "yes/s"));
    EXPECT_ERRNO(EACCES, symlink("x", dir / "no/s"));
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    strcpy(name.sun_path, dir / "no/u");
    EXPECT_ERRNO(EACCES, bind(sock, reinterpret_cast<sockaddr*>(&name), sizeof name));
    strcpy(name.sun_path, dir / "yes/u");
    EXPECT_OK(bind(sock, reinterpret_cast<sockaddr*>(&name), sizeof name));
    EXPECT_OK(unlink(dir / "yes/old"));
    EXPECT_ERRNO(EACCES, unlink(dir / "no/old"));
    EXPECT_ERRNO(ENOENT, unlink(dir / "no/none"));
    EXPECT_OK(rmdir(dir / "yes/dir"));
    EXPECT_ERRNO(EACCES, rmdir(dir / "no/dir"));
    int unnamed = open(dir / "no", O_TMPFILE | O_RDWR, 0644);  // it makes no name
    EXPECT_TRUE(unnamed != -1 || errno == EOPNOTSUPP);
  });
}

TEST(a_file_that_was_made_must_be_granted_to_be_opened) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(1);
  guest::TempDir dir;
  apart([&] {
    int fd = create(kMakeReg | kWriteFile);
    EXPECT_OK(allow(fd, kMakeReg, dir.path()));
    EXPECT_OK(restrict(fd));
    EXPECT_ERRNO(EACCES, open(dir / "f", O_CREAT | O_WRONLY, 0644));
    EXPECT_OK(access(dir / "f", F_OK));
  });
}

TEST(files_change_directories_where_both_refer) {
  COVERS("landlock_add_rule", "landlock_restrict_self");
  NEED_LANDLOCK(2);
  guest::TempDir dir;
  mkdir(dir / "a", 0755), mkdir(dir / "b", 0755);
  auto fresh = [&] {
    rename(dir / "b/f", dir / "a/f");
    unlink(dir / "b/l");
    close(guest::make_file(dir / "a/f", "x"));
  };
  fresh();
  apart([&] {  // not handled: never granted
    int fd = create(kExecute);
    EXPECT_OK(allow(fd, kExecute, "/"));
    EXPECT_OK(restrict(fd));
    EXPECT_ERRNO(EXDEV, rename(dir / "a/f", dir / "b/f"));
    EXPECT_ERRNO(EXDEV, link(dir / "a/f", dir / "b/l"));
    EXPECT_OK(rename(dir / "a/f", dir / "a/g"));
    EXPECT_OK(link(dir / "a/g", dir / "a/h"));
    EXPECT_OK(rename(dir / "a/g", dir / "a/f"));
    EXPECT_OK(unlink(dir / "a/h"));
  });
  apart([&] {
    int fd = create(kRefer);
    EXPECT_OK(allow(fd, kRefer, dir.path()));
    EXPECT_OK(restrict(fd));
    EXPECT_OK(link(dir / "a/f", dir / "b/l"));
    EXPECT_OK(rename(dir / "a/f", dir / "b/f"));
  });
  fresh();
  apart([&] {
    int fd = create(kRefer);
    EXPECT_OK(allow(fd, kRefer, dir / "a"));
    EXPECT_OK(restrict(fd));
    EXPECT_ERRNO(EXDEV, rename(dir / "a/f", dir / "b/f"));
  });
  apart([&] {  // a layer that handles no files besides one that does
    int fd = create(kRefer);
    EXPECT_OK(allow(fd, kRefer, dir.path()));
    EXPECT_OK(restrict(fd));
    EXPECT_OK(restrict(create(0, kBind)));
    EXPECT_ERRNO(EXDEV, rename(dir / "a/f", dir / "b/f"));
  });
  apart([&] {
    EXPECT_OK(restrict(create(0, kBind)));
    EXPECT_OK(rename(dir / "a/f", dir / "b/f"));
  });
  fresh();
}

TEST(nothing_gains_rights_by_a_move) {
  COVERS("landlock_add_rule", "landlock_restrict_self");
  NEED_LANDLOCK(2);
  guest::TempDir dir;
  mkdir(dir / "a", 0755), mkdir(dir / "b", 0755);
  close(guest::make_file(dir / "a/f", "x"));
  close(guest::make_file(dir / "b/g", "x"));
  mkdir(dir / "a/d", 0755);
  auto ruled = [&](uint64_t handled, uint64_t everywhere, uint64_t in_a, uint64_t in_b, uint64_t of_f) {
    int fd = create(handled);
    if (everywhere != 0) EXPECT_OK(allow(fd, everywhere, dir.path()));
    if (in_a != 0) EXPECT_OK(allow(fd, in_a, dir / "a"));
    if (in_b != 0) EXPECT_OK(allow(fd, in_b, dir / "b"));
    if (of_f != 0) EXPECT_OK(allow(fd, of_f, dir / "a/f"));
    EXPECT_OK(restrict(fd));
  };
  apart([&] {  // more may be done there
    ruled(kRefer | kWriteFile, kRefer, 0, kWriteFile, 0);
    EXPECT_ERRNO(EXDEV, rename(dir / "a/f", dir / "b/f"));
    EXPECT_ERRNO(EXDEV, link(dir / "a/f", dir / "b/f"));
  });
  apart([&] {  // as much, as the file has a rule of its own
    ruled(kRefer | kWriteFile, kRefer, 0, kWriteFile, kWriteFile);
    EXPECT_OK(rename(dir / "a/f", dir / "b/f"));
    EXPECT_ERRNO(EXDEV, renameat2(AT_FDCWD, dir / "b/f", AT_FDCWD, dir / "a/d", RENAME_EXCHANGE));
    EXPECT_OK(rename(dir / "b/f", dir / "a/f"));
  });
  apart([&] {  // less
    ruled(kRefer | kWriteFile, kRefer, kWriteFile, 0, 0);
    EXPECT_OK(rename(dir / "a/f", dir / "b/f"));
    EXPECT_ERRNO(EXDEV, rename(dir / "b/f", dir / "a/f"));
  });
  rename(dir / "b/f", dir / "a/f");
  apart([&] {  // what means nothing for a file does not count, but for a directory
    ruled(kRefer | kReadDir, kRefer, 0, kReadDir, 0);
    EXPECT_ERRNO(EXDEV, rename(dir / "a/d", dir / "b/d"));
    EXPECT_OK(rename(dir / "a/f", dir / "b/f"));
    EXPECT_OK(rename(dir / "b/f", dir / "a/f"));
  });
  apart([&] {  // the names themselves are more important
    ruled(kRefer | kMakeReg | kRemoveFile, kRefer, kRemoveFile, 0, 0);
    EXPECT_ERRNO(EACCES, rename(dir / "a/f", dir / "b/f"));
    EXPECT_ERRNO(EACCES, link(dir / "a/f", dir / "b/f"));
    EXPECT_ERRNO(EACCES, rename(dir / "a/f", dir / "a/other"));
  });
  apart([&] {  // what is replaced is removed
    ruled(kRefer | kRemoveFile, kRefer, kRemoveFile, 0, 0);
    EXPECT_ERRNO(EACCES, rename(dir / "a/f", dir / "b/g"));
    EXPECT_OK(rename(dir / "a/f", dir / "b/f"));
    EXPECT_ERRNO(EACCES, rename(dir / "b/f", dir / "a/f"));
  });
  rename(dir / "b/f", dir / "a/f");
  apart([&] {  // both ways
    ruled(kRefer | kMakeReg | kRemoveFile, kRefer | kMakeReg | kRemoveFile, 0, 0, 0);
    EXPECT_OK(renameat2(AT_FDCWD, dir / "a/f", AT_FDCWD, dir / "b/g", RENAME_EXCHANGE));
  });
}

TEST(files_are_cut_where_it_is_granted) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(3);
  guest::TempDir dir;
  close(guest::make_file(dir / "yes", "xyz"));
  close(guest::make_file(dir / "no", "xyz"));
  apart([&] {
    int before = open(dir / "no", O_RDWR | O_CLOEXEC);
    int fd = create(kTruncate);
    EXPECT_OK(allow(fd, kTruncate, dir / "yes"));
    EXPECT_OK(restrict(fd));
    EXPECT_OK(truncate(dir / "yes", 2));
    EXPECT_ERRNO(EACCES, truncate(dir / "no", 2));
    EXPECT_TRUE(opens(dir / "yes", O_WRONLY | O_TRUNC));
    EXPECT_ERRNO(EACCES, open(dir / "no", O_WRONLY | O_TRUNC));
    EXPECT_ERRNO(EACCES, creat(dir / "no", 0644));
    struct stat stat;
    EXPECT_OK(lstat(dir / "no", &stat));
    EXPECT_EQ(3, stat.st_size);
    int yes = open(dir / "yes", O_RDWR | O_CLOEXEC), no = open(dir / "no", O_RDWR | O_CLOEXEC);
    EXPECT_OK(ftruncate(yes, 1));
    EXPECT_ERRNO(EACCES, ftruncate(no, 1));
    EXPECT_OK(ftruncate(before, 1));  // opened before
    EXPECT_TRUE(opens(dir / "new", O_CREAT | O_WRONLY | O_TRUNC));
    int made = open(dir / "newer", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    EXPECT_ERRNO(EACCES, ftruncate(made, 1));
  });
}

TEST(devices_take_orders_where_it_is_granted) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(5);
  apart([&] {
    int before = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fd = create(kIoctlDev);
    EXPECT_OK(restrict(fd));
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    ASSERT_OK(null);
    int n = 0;
    EXPECT_ERRNO(EACCES, ioctl(null, TCGETS, &n));
    EXPECT_ERRNO(EACCES, ioctl(null, FIONREAD, &n));
    EXPECT_OK(ioctl(null, FIONBIO, &n));
    EXPECT_OK(ioctl(null, FIOCLEX));
    EXPECT_ERRNO(ENOTTY, ioctl(before, TCGETS, &n));
    int regular = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    EXPECT_OK(ioctl(regular, FIONREAD, &n));
  });
  apart([&] {
    int fd = create(kIoctlDev);
    EXPECT_OK(allow(fd, kIoctlDev, "/dev"));
    EXPECT_OK(restrict(fd));
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), n = 0;
    EXPECT_ERRNO(ENOTTY, ioctl(null, TCGETS, &n));
  });
}

TEST(above_a_mount_comes_what_it_covers) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(1);
  if (!guest::is_root()) SKIP("mounting takes root");
  guest::TempDir dir;
  apart([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    mkdir(dir / "top", 0755), mkdir(dir / "top/m", 0755);
    const char* where = dir / "top/m";
    char covered[512];
    snprintf(covered, sizeof covered, "%s", where);
    int under = open(covered, O_PATH | O_CLOEXEC);  // the directory that is covered
    EXPECT_OK(mount("none", covered, "tmpfs", 0, nullptr));
    close(guest::make_file(dir / "top/m/f", "x"));
    apart([&] {
      int fd = create(kReadFile);
      EXPECT_OK(allow(fd, kReadFile, dir / "top"));
      EXPECT_OK(restrict(fd));
      EXPECT_TRUE(opens(dir / "top/m/f", O_RDONLY));
    });
    apart([&] {
      int fd = create(kReadFile);
      PathRule rule{kReadFile, under};
      EXPECT_OK(SYS(landlock_add_rule, fd, 1, &rule, 0));
      EXPECT_OK(restrict(fd));
      EXPECT_ERRNO(EACCES, open(dir / "top/m/f", O_RDONLY));  // nobody sees that directory
    });
  });
}

TEST(a_rule_is_about_the_file_and_not_its_name) {
  COVERS("landlock_add_rule");
  NEED_LANDLOCK(1);
  guest::TempDir dir;
  mkdir(dir / "a", 0755), mkdir(dir / "b", 0755);
  close(guest::make_file(dir / "a/f", "x"));
  close(guest::make_file(dir / "b/f", "x"));
  int fd = create(kReadFile);
  ASSERT_OK(allow(fd, kReadFile, dir / "a"));
  EXPECT_OK(rename(dir / "a", dir / "c"));
  EXPECT_OK(rename(dir / "b", dir / "a"));
  apart([&] {
    EXPECT_OK(restrict(fd));
    EXPECT_TRUE(opens(dir / "c/f", O_RDONLY));
    EXPECT_ERRNO(EACCES, open(dir / "a/f", O_RDONLY));
  });
  close(fd);
}

GUEST_TEST_MAIN
