// mount_namespaces(7), pivot_root(2): trees of one's own, recursive binds, locked mounts and flags.
#include "tests/guest/user_namespace.h"

#include <dirent.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

namespace {

bool own_tree(int flags = 0) { return guest::become_root(CLONE_NEWNS | flags); }

int pivot(const char* fresh, const char* old) { return static_cast<int>(SYS(pivot_root, fresh, old)); }

// The line of mountinfo for `place`; empty where there is none.
bool find_mount(const char* place, char* line, size_t size) {
  FILE* file = fopen("/proc/self/mountinfo", "r");
  if (file == nullptr) return false;
  char text[1024], at[512];
  bool found = false;
  while (fgets(text, sizeof text, file) != nullptr) {
    if (sscanf(text, "%*d %*d %*s %*s %511s", at) == 1 && strcmp(at, place) == 0)
      snprintf(line, size, "%s", text), found = true;
  }
  fclose(file);
  return found;
}

}  // namespace

TEST(a_mount_is_seen_in_its_namespace_alone) {
  COVERS("unshare", "mount", "umount2");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  mkdir(dir / "m", 0755);
  EXPECT_EQ(0, guest::in_child([&] {
              if (!own_tree()) return 1;
              if (mount("none", dir / "m", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=700") != 0) return 2;
              close(guest::make_file(dir / "m/f", "text"));
              struct stat st;
              if (stat(dir / "m", &st) != 0 || (st.st_mode & 0777) != 0700 || st.st_uid != 0) return 3;
              char line[1024];
              if (!find_mount(dir / "m", line, sizeof line) || strstr(line, "nosuid,nodev") == nullptr) return 4;
              pid_t child = fork();
              if (child == 0) {  // of the same tree
                if (access(dir / "m/f", F_OK) != 0 || unshare(CLONE_NEWNS) != 0) _exit(1);
                _exit(umount2(dir / "m", MNT_DETACH) == 0 && access(dir / "m/f", F_OK) != 0 ? 0 : 2);
              }
              if (guest::reap(child) != 0) return 5;
              return access(dir / "m/f", F_OK) == 0 ? 0 : 6;
            }));
  EXPECT_NE(0, access(dir / "m/f", F_OK));
}

TEST(a_recursive_bind_takes_what_lies_beneath) {
  COVERS("mount", "umount2");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  mkdir(dir / "a", 0755), mkdir(dir / "a/sub", 0755), mkdir(dir / "b", 0755), mkdir(dir / "c", 0755);
  EXPECT_EQ(0, guest::in_child([&] {
              if (!own_tree() || mount("none", dir / "a/sub", "tmpfs", 0, nullptr) != 0) return 1;
              close(guest::make_file(dir / "a/sub/f", ""));
              if (mount(dir / "a", dir / "b", nullptr, MS_BIND, nullptr) != 0) return 2;
              if (access(dir / "b/sub", F_OK) != 0 || access(dir / "b/sub/f", F_OK) == 0) return 3;
              if (mount(dir / "a", dir / "c", nullptr, MS_BIND | MS_REC, nullptr) != 0) return 4;
              if (access(dir / "c/sub/f", F_OK) != 0) return 5;
              if (umount2(dir / "c", 0) != -1 || errno != EBUSY) return 6;
              if (umount2(dir / "c/sub", 0) != 0 || access(dir / "c/sub/f", F_OK) == 0) return 7;
              if (umount2(dir / "c", 0) != 0) return 8;
              // A tree bound into itself takes a copy of what it was.
              if (mount(dir.path(), dir / "c", nullptr, MS_BIND | MS_REC, nullptr) != 0) return 9;
              return access(dir / "c/c/a", F_OK) != 0 && access(dir / "c/a/sub/f", F_OK) == 0 ? 0 : 10;
            }));
}

TEST(a_bind_is_made_read_only) {
  COVERS("mount", "statfs", "open");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  mkdir(dir / "a", 0755), mkdir(dir / "b", 0755);
  close(guest::make_file(dir / "a/run", "#!/bin/sh\nexit 3\n", 0755));
  EXPECT_EQ(
      0, guest::in_child([&] {
        if (!own_tree() || mount(dir / "a", dir / "b", nullptr, MS_BIND, nullptr) != 0) return 1;
        unsigned long kept = 0;
        struct statvfs before;
        if (statvfs(dir / "b", &before) != 0) return 2;
        if ((before.f_flag & ST_NODEV) != 0) kept |= MS_NODEV;
        if ((before.f_flag & ST_NOSUID) != 0) kept |= MS_NOSUID;
        if (mount("none", dir / "b", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOEXEC | kept, nullptr) != 0)
          return 3;
        if (open(dir / "b/new", O_CREAT | O_WRONLY, 0600) != -1 || errno != EROFS) return 4;
        if (execl(dir / "b/run", "run", nullptr) != -1 || errno != EACCES) return 5;
        struct statvfs after;
        if (statvfs(dir / "b", &after) != 0 || (after.f_flag & (ST_RDONLY | ST_NOEXEC)) != (ST_RDONLY | ST_NOEXEC))
          return 6;
        if (open(dir / "a/new", O_CREAT | O_WRONLY, 0600) == -1) return 7;
        return mount("none", dir / "b", nullptr, MS_BIND | MS_REMOUNT | kept, nullptr) == 0 &&
                       open(dir / "b/newer", O_CREAT | O_WRONLY, 0600) != -1
                   ? 0
                   : 8;
      }));
}

TEST(a_mapping_that_is_the_last_to_hold_a_mount) {
  COVERS("munmap", "mmap", "mremap", "umount2");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  mkdir(dir / "m", 0755);
  // Each way in which a mapping ends: the file, its directory and the whole tree end with it.
  for (int way = 0; way < 6; ++way) {
    EXPECT_EQ(0, guest::in_child([&] {
                if (!own_tree() || mount("none", dir / "m", "tmpfs", 0, nullptr) != 0) return 1;
                mkdir(dir / "m/d", 0755);
                int fd = guest::make_file(dir / "m/d/f", "text");
                if (ftruncate(fd, 8192) != 0) return 2;
                char* at = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
                if (at == MAP_FAILED || close(fd) != 0 || umount2(dir / "m", MNT_DETACH) != 0) return 3;
                if (memcmp(at, "text", 4) != 0 || access(dir / "m/d", F_OK) == 0) return 4;
                at[4096] = 'x';
                const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
                if (way == 0 && munmap(at, 8192) != 0) return 5;
                if (way == 1 && (munmap(at, 4096) != 0 || at[4096] != 'x' || munmap(at + 4096, 4096) != 0)) return 6;
                if (way == 2 && mmap(at, 8192, PROT_READ, flags, -1, 0) != at) return 7;
                if (way == 3 && (mremap(at, 8192, 4096, 0) != at || munmap(at, 4096) != 0)) return 8;
                if (way == 4) {
                  execl("/bin/true", "true", nullptr);
                  return 9;
                }
                return 0;  // the last way: by its end
              }));
  }
}

TEST(what_is_taken_over_is_locked) {
  COVERS("mount", "umount2", "unshare");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  mkdir(dir / "m", 0755), mkdir(dir / "b", 0755);
  EXPECT_EQ(
      0, guest::in_child([&] {
        if (!own_tree() || mount("none", dir / "m", "tmpfs", MS_NOSUID | MS_NODEV, nullptr) != 0) return 1;
        if (mount("none", dir / "m", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) != 0)
          return 2;
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !guest::map_to_root(0, 0)) return 3;
        if (umount2(dir / "m", MNT_DETACH) != -1 || errno != EINVAL) return 4;
        if (mount("none", dir / "m", nullptr, MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV, nullptr) != -1 ||
            errno != EPERM)
          return 5;
        if (mount("none", dir / "m", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID, nullptr) != -1 ||
            errno != EPERM)
          return 6;
        if (mount("none", dir / "m", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  nullptr) != 0)
          return 7;
        // What it covers is not shown by a bind of the directory above either.
        if (mount(dir.path(), dir / "b", nullptr, MS_BIND, nullptr) != -1 || errno != EINVAL) return 8;
        return mount(dir.path(), dir / "b", nullptr, MS_BIND | MS_REC, nullptr) == 0 ? 0 : 9;
      }));
}

TEST(propagation_is_set_and_binds_may_be_forbidden) {
  COVERS("mount");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  mkdir(dir / "m", 0755), mkdir(dir / "b", 0755);
  EXPECT_EQ(0, guest::in_child([&] {
              if (!own_tree()) return 1;
              if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 2;
              if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE | MS_SILENT, nullptr) != 0) return 3;
              if (mount(nullptr, dir / "m", nullptr, MS_PRIVATE, nullptr) != -1 || errno != EINVAL) return 4;
              if (mount(nullptr, "/", nullptr, MS_PRIVATE | MS_SLAVE, nullptr) != -1 || errno != EINVAL) return 5;
              if (mount("none", dir / "m", "tmpfs", 0, nullptr) != 0) return 6;
              if (mount(nullptr, dir / "m", nullptr, MS_UNBINDABLE, nullptr) != 0) return 7;
              if (mount(dir / "m", dir / "b", nullptr, MS_BIND, nullptr) != -1 || errno != EINVAL) return 8;
              close(guest::make_file(dir / "m/f", ""));
              if (mount(dir.path(), dir / "b", nullptr, MS_BIND | MS_REC, nullptr) != 0) return 9;
              return access(dir / "b/m", F_OK) == 0 && access(dir / "b/m/f", F_OK) != 0 ? 0 : 10;
            }));
}

TEST(pivot_root_changes_the_root_of_all) {
  COVERS("pivot_root", "umount2", "chroot");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  mkdir(dir / "new", 0755);
  int outcome = guest::in_child([&] {
    if (!own_tree() || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 1;
    if (pivot(dir / "new", dir / "new") != -1 || (errno != EINVAL && errno != EBUSY)) return 2;  // no mount
    if (mount("none", dir / "new", "tmpfs", 0, nullptr) != 0) return 3;
    mkdir(dir / "new/old", 0755), mkdir(dir / "new/proc", 0755);
    close(guest::make_file(dir / "new/here", ""));
    int ready[2], go[2];
    if (pipe(ready) != 0 || pipe(go) != 0) return 4;
    pid_t other = fork();
    if (other == 0) {
      char byte;
      if (read(go[0], &byte, 1) != 1) _exit(1);
      _exit(access("/here", F_OK) == 0 ? 0 : 2);
    }
    if (pivot(dir / "new", dir / "new/old") != 0) return 5;
    if (chdir("/") != 0 || access("here", F_OK) != 0 || access("/old/etc", F_OK) != 0) return 6;
    if (write(go[1], "x", 1) != 1 || guest::reap(other) != 0) return 7;
    if (umount2("/old", MNT_DETACH) != 0) return 8;
    if (access("/old/etc", F_OK) == 0 || access("/../../here", F_OK) != 0) return 9;
    char cwd[64];
    return SYS(getcwd, cwd, sizeof cwd) == 2 && strcmp(cwd, "/") == 0 ? 0 : 10;
  });
  EXPECT_EQ(0, outcome);
}

TEST(pivot_root_onto_itself) {
  COVERS("pivot_root", "fchdir", "umount2");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  mkdir(dir / "new", 0755);
  EXPECT_EQ(0, guest::in_child([&] {
              if (!own_tree() || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 1;
              if (mount("none", dir / "new", "tmpfs", 0, nullptr) != 0) return 2;
              close(guest::make_file(dir / "new/here", ""));
              int old = open("/", O_DIRECTORY | O_RDONLY);
              if (chdir(dir / "new") != 0 || pivot(".", ".") != 0) return 3;
              if (fchdir(old) != 0 || access("etc", F_OK) != 0 || umount2(".", MNT_DETACH) != 0) return 4;
              if (chdir("/") != 0 || access("here", F_OK) != 0 || access("etc", F_OK) == 0) return 5;
              DIR* root = opendir("/");
              int names = 0;
              while (readdir(root) != nullptr) ++names;
              closedir(root);
              if (names != 3) return 6;
              // What was open before leads where it led.
              return faccessat(old, "etc", F_OK, 0) == 0 ? 0 : 7;
            }));
}

TEST(who_is_chrooted_makes_no_user_namespace) {
  COVERS("chroot", "unshare");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (!own_tree() || chroot(dir.path()) != 0 || chdir("/") != 0) return 1;
              return unshare(CLONE_NEWUSER) == -1 && errno == EPERM ? 0 : 2;
            }));
}

TEST(filesystems_that_a_namespaces_root_may_mount) {
  COVERS("mount", "fsopen");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  mkdir(dir / "m", 0755);
  EXPECT_EQ(0, guest::in_child([&] {
              if (!own_tree()) return 1;
              // Of namespaces that are not its own.
              if (mount("proc", dir / "m", "proc", 0, nullptr) != -1 || errno != EPERM) return 2;
              if (mount("sysfs", dir / "m", "sysfs", 0, nullptr) != -1 || errno != EPERM) return 3;
              if (mount("mqueue", dir / "m", "mqueue", 0, nullptr) != -1 || errno != EPERM) return 4;
              if (mount("none", dir / "m", "nonesuch", 0, nullptr) != -1 || errno != ENODEV) return 5;
              if (unshare(CLONE_NEWIPC | CLONE_NEWNET) != 0) return 6;
              if (mount("mqueue", dir / "m", "mqueue", 0, nullptr) != 0) return 7;
              if (mount("devpts", dir / "m", "devpts", 0, "newinstance,ptmxmode=0666,mode=620") != 0) return 8;
              if (mount("none", dir / "m", "ramfs", 0, nullptr) != 0) return 9;
              return access(dir / "m/ptmx", F_OK) != 0 ? 0 : 10;
            }));
}

TEST(a_namespace_is_held_by_a_mount_of_its_file) {
  COVERS("mount", "setns", "unshare");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  close(guest::make_file(dir / "uts", ""));
  EXPECT_EQ(0, guest::in_child([&] {
              if (!own_tree(CLONE_NEWUTS) || sethostname("held", 4) != 0) return 1;
              if (mount("/proc/self/ns/uts", dir / "uts", nullptr, MS_BIND, nullptr) != 0) return 2;
              if (unshare(CLONE_NEWUTS) != 0 || sethostname("other", 5) != 0) return 3;
              int held = open(dir / "uts", O_RDONLY);
              char name[32];
              if (setns(held, CLONE_NEWUTS) != 0 || gethostname(name, sizeof name) != 0) return 4;
              if (strcmp(name, "held") != 0) return 5;
              close(held);
              return umount2(dir / "uts", 0) == 0 ? 0 : 6;
            }));
}

TEST(a_tree_does_not_hold_itself) {
  COVERS("mount", "unshare", "clone");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  close(guest::make_file(dir / "mnt", ""));
  int outcome = guest::in_child([&] {
    int older = open("/proc/self/ns/mnt", O_RDONLY);
    if (!own_tree()) return 1;
    if (mount("/proc/self/ns/mnt", dir / "mnt", nullptr, MS_BIND, nullptr) != -1 || errno != EINVAL) return 2;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", older);
    if (mount(path, dir / "mnt", nullptr, MS_BIND, nullptr) != -1 || errno != EINVAL) return 3;
    int ready[2], go[2];
    if (pipe(ready) != 0 || pipe(go) != 0) return 4;
    pid_t child = fork();
    if (child == 0) {
      char byte;
      if (unshare(CLONE_NEWNS) != 0 || write(ready[1], "x", 1) != 1) _exit(1);
      _exit(read(go[0], &byte, 1) == 1 ? 0 : 2);
    }
    char byte;
    if (read(ready[0], &byte, 1) != 1) return 5;
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", child);
    // Linux 6.18 numbers namespaces by CPU: a newer one may count as older.
    bool held = mount(path, dir / "mnt", nullptr, MS_BIND, nullptr) == 0;
    if (!held && errno != EINVAL) return 6;
    if (write(go[1], "x", 1) != 1 || guest::reap(child) != 0) return 7;
    if (!held) return 0;
    // A copy of the tree is without it.
    char line[1024];
    if (!find_mount(dir / "mnt", line, sizeof line) || unshare(CLONE_NEWNS) != 0) return 8;
    return find_mount(dir / "mnt", line, sizeof line) ? 9 : 0;
  });
  EXPECT_EQ(0, outcome);
}

TEST(another_process_root_leads_into_its_tree) {
  COVERS("openat", "setns");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  mkdir(dir / "m", 0755);
  int ready[2];
  ASSERT_OK(pipe(ready));
  pid_t child = guest::spawn([&] {
    if (!own_tree() || mount("none", dir / "m", "tmpfs", 0, nullptr) != 0) return 1;
    close(guest::make_file(dir / "m/inside", ""));
    if (write(ready[1], "x", 1) != 1) return 2;
    pause();
    return 0;
  });
  char byte, path[512];
  ASSERT_EQ(1, read(ready[0], &byte, 1));
  snprintf(path, sizeof path, "/proc/%d/root%s/m/inside", child, dir.path());
  EXPECT_EQ(0, access(path, F_OK));
  EXPECT_NE(0, access(dir / "m/inside", F_OK));
  EXPECT_EQ(0, guest::in_child([&] {
              snprintf(path, sizeof path, "/proc/%d/ns/mnt", child);
              int tree = open(path, O_RDONLY);
              snprintf(path, sizeof path, "/proc/%d/ns/user", child);
              int user = open(path, O_RDONLY);
              if (setns(user, 0) != 0 || setns(tree, 0) != 0) return 1;
              return access(dir / "m/inside", F_OK) == 0 ? 0 : 2;
            }));
  kill(child, SIGKILL);
  guest::reap(child);
}

GUEST_TEST_MAIN
