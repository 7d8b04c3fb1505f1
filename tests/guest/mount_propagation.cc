// mount_namespaces(7): shared, slave, private and unbindable mounts; statmount(2) and listmount(2).
#include "tests/guest/user_namespace.h"

#include <sys/mount.h>

#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#endif

namespace {

// A tree of one's own that is private throughout, with a tmpfs on DIR to play in.
bool own_tree(const guest::TempDir& dir) {
  return guest::become_root(CLONE_NEWNS) && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("play", dir.path(), "tmpfs", 0, nullptr) == 0;
}

// The optional fields of the mountinfo line for `place`: "" where it has none, "-" where nothing is mounted there.
struct Fields {
  char text[200];
};
Fields fields_of(const char* place) {
  Fields found{"-"};
  FILE* file = fopen("/proc/self/mountinfo", "r");
  if (file == nullptr) return found;
  char line[1024], at[512];
  while (fgets(line, sizeof line, file) != nullptr) {
    if (sscanf(line, "%*d %*d %*s %*s %511s", at) != 1 || strcmp(at, place) != 0) continue;
    char* start = line;
    for (int i = 0; i < 6; ++i) start = strchr(start, ' ') + 1;
    char* end = strstr(start - 1, " - ");
    if (end == start - 1) end = start;
    snprintf(found.text, sizeof found.text, "%.*s", static_cast<int>(end - start), start);
  }
  fclose(file);
  return found;
}

bool is(const char* place, const char* fields) { return strcmp(fields_of(place).text, fields) == 0; }
bool is_mounted(const char* place) { return !is(place, "-"); }

// The number behind "shared:" or "master:", 0 where there is none.
int number_of(const char* place, const char* word) {
  const Fields fields = fields_of(place);
  const char* at = strstr(fields.text, word);
  return at == nullptr ? 0 : atoi(at + strlen(word));
}
int shared(const char* place) { return number_of(place, "shared:"); }
int master(const char* place) { return number_of(place, "master:"); }

int type(const char* place, unsigned long how) { return mount(nullptr, place, nullptr, how, nullptr); }
int tmpfs(const char* place) { return mount("none", place, "tmpfs", 0, nullptr); }
int bind(const char* from, const char* to) { return mount(from, to, nullptr, MS_BIND, nullptr); }

// DIR/a is a shared mount, and DIR/b a peer of it.
int two_peers(const guest::TempDir& dir) {
  if (!own_tree(dir)) return 1;
  if (mkdir(dir / "a", 0755) != 0 || mkdir(dir / "b", 0755) != 0 || mkdir(dir / "c", 0755) != 0) return 2;
  if (tmpfs(dir / "a") != 0 || type(dir / "a", MS_SHARED) != 0) return 3;
  if (mkdir(dir / "a/x", 0755) != 0 || mkdir(dir / "a/y", 0755) != 0) return 4;
  return bind(dir / "a", dir / "b") == 0 ? 0 : 5;
}

}  // namespace

TEST(the_type_of_a_mount_is_told) {
  COVERS("mount");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (two_peers(dir) != 0) return 1;
              if (shared(dir / "a") == 0 || shared(dir / "a") != shared(dir / "b")) return 2;
              if (!is(dir.path(), "")) return 3;
              if (type(dir / "b", MS_SLAVE) != 0 || shared(dir / "b") != 0) return 4;
              if (master(dir / "b") != shared(dir / "a")) return 5;
              if (type(dir / "b", MS_SHARED) != 0 || shared(dir / "b") == 0) return 6;
              if (master(dir / "b") != shared(dir / "a") || shared(dir / "b") == shared(dir / "a")) return 7;
              if (type(dir / "b", MS_PRIVATE) != 0 || !is(dir / "b", "")) return 8;
              if (type(dir / "b", MS_UNBINDABLE) != 0 || !is(dir / "b", "unbindable")) return 9;
              if (bind(dir / "b", dir / "c") != -1 || errno != EINVAL) return 10;
              if (type(dir / "b", MS_SHARED) != 0 || strstr(fields_of(dir / "b").text, "unbindable") != nullptr)
                return 11;
              if (type(dir / "c", MS_SHARED) != -1 || errno != EINVAL) return 12;  // no mount
              if (type(dir / "b", MS_SHARED | MS_SLAVE) != -1 || errno != EINVAL) return 13;
              if (type(dir / "b", MS_SHARED | MS_NOSUID) != -1 || errno != EINVAL) return 14;
              // A slave of nobody is private.
              if (type(dir / "b", MS_SLAVE) != 0 || !is(dir / "b", "")) return 15;
              return 0;
            }));
}

TEST(what_is_mounted_on_a_peer_is_mounted_on_the_others) {
  COVERS("mount", "umount2");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (two_peers(dir) != 0) return 1;
              if (tmpfs(dir / "a/x") != 0 || !is_mounted(dir / "b/x")) return 2;
              if (shared(dir / "a/x") == 0 || shared(dir / "a/x") != shared(dir / "b/x")) return 3;
              close(guest::make_file(dir / "b/x/file", ""));
              if (access(dir / "a/x/file", F_OK) != 0) return 4;
              if (mkdir(dir / "a/x/sub", 0755) != 0 || tmpfs(dir / "b/x/sub") != 0 || !is_mounted(dir / "a/x/sub"))
                return 5;
              if (umount2(dir / "a/x", 0) != -1 || errno != EBUSY) return 6;
              if (umount2(dir / "a/x/sub", 0) != 0 || is_mounted(dir / "b/x/sub")) return 7;
              int fd = open(dir / "b/x/file", O_RDONLY);
              if (umount2(dir / "a/x", 0) != -1 || errno != EBUSY) return 8;  // the other is in use
              close(fd);
              if (umount2(dir / "b/x", 0) != 0 || is_mounted(dir / "a/x")) return 9;
              // A bind of a directory is a peer, too, of which only what lies in it is seen.
              if (mkdir(dir / "a/x/in", 0755) != 0 || bind(dir / "a/x", dir / "c") != 0) return 10;
              if (tmpfs(dir / "a/x/in") != 0 || !is_mounted(dir / "c/in") || !is_mounted(dir / "b/x/in")) return 11;
              if (tmpfs(dir / "a/y") != 0 || !is_mounted(dir / "b/y") || is_mounted(dir / "c/y")) return 12;
              return 0;
            }));
}

TEST(a_slave_receives_and_does_not_send) {
  COVERS("mount", "umount2");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (two_peers(dir) != 0 || type(dir / "b", MS_SLAVE) != 0) return 1;
              if (tmpfs(dir / "a/x") != 0 || !is_mounted(dir / "b/x")) return 2;
              if (shared(dir / "b/x") != 0 || master(dir / "b/x") != shared(dir / "a/x")) return 3;
              if (tmpfs(dir / "b/y") != 0 || is_mounted(dir / "a/y") || !is(dir / "b/y", "")) return 4;
              // It gets another beneath what it has there.
              close(guest::make_file(dir / "b/y/own", ""));
              if (tmpfs(dir / "a/y") != 0 || access(dir / "b/y/own", F_OK) != 0) return 5;
              if (umount2(dir / "b/y", 0) != 0 || !is_mounted(dir / "b/y") || access(dir / "b/y/own", F_OK) == 0)
                return 6;
              if (umount2(dir / "a/y", 0) != 0 || is_mounted(dir / "b/y")) return 7;
              // What lies on it keeps it.
              if (mkdir(dir / "a/x/in", 0755) != 0 || tmpfs(dir / "b/x/in") != 0) return 8;
              if (umount2(dir / "a/x", 0) != 0 || !is_mounted(dir / "b/x")) return 9;
              return 0;
            }));
}

TEST(events_go_down_a_chain_of_slaves) {
  COVERS("mount");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (two_peers(dir) != 0 || type(dir / "b", MS_SLAVE) != 0 || type(dir / "b", MS_SHARED) != 0) return 1;
              if (bind(dir / "b", dir / "c") != 0) return 2;
              if (shared(dir / "c") != shared(dir / "b") || master(dir / "c") != shared(dir / "a")) return 3;
              if (tmpfs(dir / "a/x") != 0 || !is_mounted(dir / "b/x") || !is_mounted(dir / "c/x")) return 4;
              if (shared(dir / "b/x") == 0 || shared(dir / "b/x") != shared(dir / "c/x")) return 5;
              if (master(dir / "b/x") != shared(dir / "a/x") || master(dir / "c/x") != shared(dir / "a/x")) return 6;
              if (tmpfs(dir / "c/y") != 0 || !is_mounted(dir / "b/y") || is_mounted(dir / "a/y")) return 7;
              if (type(dir / "c", MS_SLAVE) != 0 || master(dir / "c") != shared(dir / "b")) return 8;
              // With its group gone, the slave is one of the group above.
              if (type(dir / "b", MS_PRIVATE) != 0 || master(dir / "c") != shared(dir / "a")) return 9;
              if (umount2(dir / "a/x", MNT_DETACH) != 0 || is_mounted(dir / "c/x")) return 10;
              return 0;
            }));
}

TEST(namespaces_are_peers_or_slaves_of_each_other) {
  COVERS("unshare", "mount");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (two_peers(dir) != 0) return 1;
              int go[2], done[2];
              if (pipe(go) != 0 || pipe(done) != 0) return 2;
              const auto steps = [&](int extra) {
                return guest::spawn([&, extra] {
                  char byte;
                  if (unshare(CLONE_NEWNS | extra) != 0) return 1;
                  const bool is_peer = extra == 0;
                  if ((shared(dir / "a") != 0) != is_peer || (master(dir / "a") != 0) == is_peer) return 2;
                  if (write(done[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1) return 3;
                  if (!is_mounted(dir / "a/x")) return 4;
                  if (is_peer && tmpfs(dir / "a/y") != 0) return 5;
                  if (write(done[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1) return 6;
                  return is_mounted(dir / "a/x") ? 7 : 0;
                });
              };
              char byte;
              for (int extra : {0, CLONE_NEWUSER}) {
                pid_t child = steps(extra);
                if (read(done[0], &byte, 1) != 1 || tmpfs(dir / "a/x") != 0 || write(go[1], "x", 1) != 1) return 3;
                if (read(done[0], &byte, 1) != 1 || is_mounted(dir / "a/y") != (extra == 0)) return 4;
                if (extra == 0 && umount2(dir / "a/y", 0) != 0) return 5;
                if (umount2(dir / "a/x", 0) != 0 || write(go[1], "x", 1) != 1) return 6;
                if (int status = guest::reap(child); status != 0) return 20 + WEXITSTATUS(status);
              }
              return 0;
            }));
}

TEST(moves_travel_to_where_they_go_and_not_from_where_they_were) {
  COVERS("mount", "pivot_root");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (two_peers(dir) != 0) return 1;
              if (tmpfs(dir / "c") != 0 || mkdir(dir / "c/sub", 0755) != 0 || tmpfs(dir / "c/sub") != 0) return 2;
              if (mount(dir / "c", dir / "a/x", nullptr, MS_MOVE, nullptr) != 0) return 3;
              if (!is_mounted(dir / "b/x") || !is_mounted(dir / "b/x/sub") || is_mounted(dir / "c")) return 4;
              if (shared(dir / "a/x") == 0 || shared(dir / "b/x/sub") != shared(dir / "a/x/sub")) return 5;
              if (mount(dir / "a/x", dir / "c", nullptr, MS_MOVE, nullptr) != -1 || errno != EINVAL) return 6;
              if (tmpfs(dir / "c") != 0 || type(dir / "c", MS_UNBINDABLE) != 0) return 7;
              if (mount(dir / "c", dir / "a/y", nullptr, MS_MOVE, nullptr) != -1 || errno != EINVAL) return 8;
              // No root lies on a shared mount.
              if (mkdir(dir / "a/x/old", 0755) != 0) return 9;
              return SYS(pivot_root, dir / "a/x", dir / "a/x/old") == -1 && errno == EINVAL ? 0 : 10;
            }));
}

TEST(a_whole_tree_changes_its_type) {
  COVERS("mount", "mount_setattr");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (two_peers(dir) != 0 || tmpfs(dir / "a/x") != 0) return 1;
              if (type(dir.path(), MS_REC | MS_PRIVATE) != 0) return 2;
              for (const char* place : {"a", "b", "a/x", "b/x"}) {
                if (!is(dir / place, "")) return 3;
              }
              if (type(dir.path(), MS_REC | MS_SHARED) != 0 || shared(dir / "a/x") == 0 || shared(dir.path()) == 0)
                return 4;
              struct {
                uint64_t set, clear, propagation, user;
              } attr{0, 0, MS_SLAVE, 0};
              if (SYS(mount_setattr, AT_FDCWD, dir / "a/x", 0, &attr, sizeof attr) != 0 || !is(dir / "a/x", ""))
                return 5;
              attr.propagation = MS_PRIVATE;
              if (SYS(mount_setattr, AT_FDCWD, dir.path(), AT_RECURSIVE, &attr, sizeof attr) != 0) return 6;
              if (!is(dir / "a", "") || !is(dir / "b/x", "")) return 7;
              attr.propagation = MS_PRIVATE | MS_SHARED;
              return SYS(mount_setattr, AT_FDCWD, dir.path(), 0, &attr, sizeof attr) == -1 && errno == EINVAL ? 0 : 8;
            }));
}

// --- statmount(2), listmount(2) -----------------------------------------------------------------------------------------
namespace {

struct Request {
  uint32_t size = 24, spare = 0;
  uint64_t id = 0, param = 0, space = 0;
};
struct Answer {
  uint32_t size, options;
  uint64_t mask;
  uint32_t device_major, device_minor;
  uint64_t magic;
  uint32_t flags, type;
  uint64_t id, parent;
  uint32_t old_id, old_parent;
  uint64_t attributes, propagation, peers, master, from;
  uint32_t root, point;
  uint64_t space;
  uint32_t subtype, source;
  uint64_t rest[48];
  char text[4096];
  const char* at(uint32_t offset) const { return text + offset; }
};
static_assert(offsetof(Answer, text) == 512);

uint64_t id_of(const char* place) {
  struct statx st;
  constexpr unsigned kUnique = 0x4000;
  if (statx(AT_FDCWD, place, 0, kUnique, &st) != 0 || (st.stx_mask & kUnique) == 0) return 0;
  uint64_t id;
  memcpy(&id, reinterpret_cast<char*>(&st) + 0x90, sizeof id);
  return id;
}

bool is_there() {
  Request request;
  return SYS(listmount, &request, nullptr, 0, 0) != -1 || errno != ENOSYS;
}

}  // namespace

TEST(statmount_tells_of_one_mount) {
  COVERS("statmount", "statx");
  NEEDS_USER_NAMESPACES();
  if (!is_there()) SKIP("this host has no statmount");
  guest::TempDir dir;
  EXPECT_EQ(
      0, guest::in_child([&] {
        if (two_peers(dir) != 0 || mount("a b", dir / "a/x", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NOATIME, nullptr) != 0)
          return 1;
        Request request;
        request.id = id_of(dir / "a/x");
        request.param = 1 | 2 | 8 | 16 | 32 | 0x200;
        static Answer answer;
        if (request.id <= 1u << 31 || SYS(statmount, &request, &answer, sizeof answer, 0) != 0) return 2;
        if (answer.mask != request.param || answer.magic != 0x01021994) return 3;
        if (answer.id != request.id || answer.parent != id_of(dir / "a")) return 4;
        if (answer.attributes != (2 | 8 | 0x10) || answer.propagation != MS_SHARED) return 5;
        if (answer.peers != static_cast<uint64_t>(shared(dir / "a/x")) || answer.master != 0) return 6;
        if (strcmp(answer.at(answer.type), "tmpfs") != 0 || strcmp(answer.at(answer.root), "/") != 0) return 7;
        if (strcmp(answer.at(answer.point), dir / "a/x") != 0 || strcmp(answer.at(answer.source), "a b") != 0) return 8;
        struct stat st;
        stat(dir / "a/x", &st);
        if (st.st_dev != (uint64_t{answer.device_minor & 0xff} | (uint64_t{answer.device_major} << 8) |
                          (uint64_t{answer.device_minor & ~0xffu} << 12)))
          return 9;
        // A bind of a directory.
        if (mkdir(dir / "a/y/z", 0755) != 0 || bind(dir / "a/y/z", dir / "c") != 0) return 10;
        request.id = id_of(dir / "c");
        if (SYS(statmount, &request, &answer, sizeof answer, 0) != 0 || strcmp(answer.at(answer.root), "/y/z") != 0)
          return 11;
        // As much as is asked for.
        request.param = 2;
        if (SYS(statmount, &request, &answer, 16, 0) != 0 || answer.size != 16 || answer.mask != 2) return 12;
        if (SYS(statmount, &request, &answer, sizeof answer, 0) != 0 || answer.size != 512) return 13;
        request.param = 16;
        if (SYS(statmount, &request, &answer, 512, 0) != -1 || errno != EOVERFLOW) return 14;
        if (SYS(statmount, &request, &answer, 515, 0) != -1 || errno != EOVERFLOW) return 15;
        if (SYS(statmount, &request, guest::bad_pointer(), 5000, 0) != -1 || errno != EFAULT) return 16;
        if (SYS(statmount, &request, &answer, sizeof answer, 0x80) != -1 || errno != EINVAL) return 17;
        request.id += 1000000;
        if (SYS(statmount, &request, &answer, sizeof answer, 0) != -1 || errno != ENOENT) return 18;
        request.id = 5;
        return SYS(statmount, &request, &answer, sizeof answer, 0) == -1 && errno == EINVAL ? 0 : 19;
      }));
}

TEST(listmount_tells_what_lies_beneath) {
  COVERS("listmount");
  NEEDS_USER_NAMESPACES();
  if (!is_there()) SKIP("this host has no listmount");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (!own_tree(dir) || mkdir(dir / "a", 0755) != 0 || tmpfs(dir / "a") != 0) return 1;
              if (mkdir(dir / "a/b", 0755) != 0 || tmpfs(dir / "a/b") != 0) return 2;
              Request request;
              request.id = id_of(dir.path());
              uint64_t ids[2048] = {};
              if (SYS(listmount, &request, ids, 100, 0) != 2) return 3;
              if (ids[0] != id_of(dir / "a") || ids[1] != id_of(dir / "a/b")) return 4;
              if (SYS(listmount, &request, ids, 1, 0) != 1 || SYS(listmount, &request, ids, 0, 0) != 0) return 5;
              request.param = ids[0];
              if (SYS(listmount, &request, ids, 100, 0) != 1 || ids[0] != id_of(dir / "a/b")) return 6;
              request.param = 0;
              if (SYS(listmount, &request, guest::bad_pointer(), 100, 0) != -1 || errno != EFAULT) return 7;
              if (SYS(listmount, &request, ids, 1000001, 0) != -1 || errno != EOVERFLOW) return 8;
              if (SYS(listmount, &request, ids, 100, 0x100) != -1 || errno != EINVAL) return 9;
              request.id = ~uint64_t{0};  // from the root
              if (SYS(listmount, &request, ids, 2048, 0) < 4) return 10;
              request.id = 7;
              if (SYS(listmount, &request, ids, 100, 0) != -1 || errno != EINVAL) return 11;
              request.id = id_of(dir.path()), request.spare = 1;
              if (SYS(listmount, &request, ids, 100, 0) != -1 || errno != EINVAL) return 12;
              request.spare = 0, request.size = 16;
              if (SYS(listmount, &request, ids, 100, 0) != -1 || errno != EINVAL) return 13;
              request.size = 5000;
              return SYS(listmount, &request, ids, 100, 0) == -1 && errno == E2BIG ? 0 : 14;
            }));
}

GUEST_TEST_MAIN
