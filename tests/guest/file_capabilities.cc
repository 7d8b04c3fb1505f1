// What execve(2) makes of capabilities: those of a file, of root, and what no_new_privs leaves. capabilities(7).
// The program runs a copy of itself: `file_capabilities --told` is the new image, and tells what it has.
#include <grp.h>
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/xattr.h>

#include "tests/guest/guest_test.h"

extern char** environ;

namespace {

constexpr const char* kName = "security.capability";
constexpr uint32_t kRaw = 1u << CAP_NET_RAW, kKill = 1u << CAP_KILL;

struct Told {
  uint32_t permitted, effective;
  unsigned long secure;
  int dumpable, ambient_raw;
  uid_t euid;
};

int tell() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return 1;
  const Told told = {data[0].permitted,
                     data[0].effective,
                     getauxval(AT_SECURE),
                     prctl(PR_GET_DUMPABLE),
                     prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_RAW, 0, 0),
                     geteuid()};
  return write(3, &told, sizeof told) == sizeof told ? 0 : 2;
}

int set_own(uint32_t permitted, uint32_t inheritable) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {{permitted, permitted, inheritable}, {}};
  return static_cast<int>(syscall(SYS_capset, &header, data));
}

void become_nobody() {
  if (setgroups(0, nullptr) != 0 || setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
    _exit(70);
}

// A copy of this program that everybody may execute.
class Program {
 public:
  Program() {
    chmod(dir_.path(), 0755);
    snprintf(path_, sizeof path_, "%s", dir_ / "program");
    int from = open("/proc/self/exe", O_RDONLY), to = open(path_, O_WRONLY | O_CREAT, 0755);
    char bytes[65536];
    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) > 0;) {
      if (write(to, bytes, static_cast<size_t>(n)) != n) break;
    }
    fchmod(to, 0755);
    close(from), close(to);
  }
  // Revision 2: what it brings, what it lets through, and whether that is in force from the start.
  int bring(uint32_t permitted, uint32_t inheritable, bool effective) {
    uint32_t value[5] = {0x02000000u | (effective ? 1u : 0u), permitted, inheritable, 0, 0};
    return setxattr(path_, kName, value, sizeof value, 0);
  }
  bool brings() const { return getxattr(path_, kName, nullptr, 0) > 0; }
  const char* path() const { return path_; }

  // What the new image tells, where `before` made the caller. Its errno where there is none.
  template <typename F>
  int run(F before, Told& told) {
    int ends[2];
    if (pipe(ends) != 0) return errno;
    const int status = guest::in_child([&] {
      dup2(ends[1], 3);
      before();
      const char* argv[] = {"file_capabilities", "--told", nullptr};
      SYS(execve, path_, argv, environ);
      return errno;
    });
    close(ends[1]);
    const bool is_told = read(ends[0], &told, sizeof told) == sizeof told;
    close(ends[0]);
    if (!WIFEXITED(status)) return EIO;
    return status == 0 && !is_told ? EIO : WEXITSTATUS(status);
  }

 private:
  guest::TempDir dir_;
  char path_[300];
};

}  // namespace

TEST(a_file_brings_capabilities) {
  COVERS("execve");
  if (!guest::is_root()) SKIP("needs root");
  Program program;
  Told told = {};
  ASSERT_OK(program.bring(kRaw, 0, true));
  ASSERT_EQ(0, program.run(become_nobody, told));
  EXPECT_EQ(kRaw, told.permitted);
  EXPECT_EQ(kRaw, told.effective);
  EXPECT_EQ(1u, told.secure);
  EXPECT_EQ(0, told.dumpable);
  EXPECT_EQ(65534u, told.euid);
  ASSERT_OK(program.bring(kRaw, 0, false));
  ASSERT_EQ(0, program.run(become_nobody, told));
  EXPECT_EQ(kRaw, told.permitted);
  EXPECT_EQ(0u, told.effective);
  ASSERT_OK(removexattr(program.path(), kName));
  ASSERT_EQ(0, program.run(become_nobody, told));
  EXPECT_EQ(0u, told.permitted);
  EXPECT_EQ(0u, told.secure);
  EXPECT_EQ(1, told.dumpable);
}

TEST(a_file_lets_what_is_inheritable_through) {
  COVERS("execve");
  if (!guest::is_root()) SKIP("needs root");
  Program program;
  Told told = {};
  ASSERT_OK(program.bring(0, kRaw | kKill, true));
  const auto before = [] {
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    become_nobody();
    if (set_own(kRaw, kRaw) != 0) _exit(71);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0);
  };
  ASSERT_EQ(0, program.run(before, told));
  EXPECT_EQ(kRaw, told.permitted);
  EXPECT_EQ(kRaw, told.effective);
  EXPECT_EQ(0, told.ambient_raw);  // a file with capabilities of its own takes the ambient ones away
  ASSERT_OK(removexattr(program.path(), kName));
  ASSERT_EQ(0, program.run(before, told));
  EXPECT_EQ(kRaw, told.permitted);
  EXPECT_EQ(1, told.ambient_raw);
  EXPECT_EQ(0u, told.secure);
}

TEST(what_the_bounding_set_lacks_no_file_brings) {
  COVERS("execve", "prctl");
  if (!guest::is_root()) SKIP("needs root");
  Program program;
  Told told = {};
  const auto before = [] {
    if (prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0) != 0) _exit(71);
    become_nobody();
  };
  ASSERT_OK(program.bring(kRaw | kKill, 0, true));
  EXPECT_EQ(EPERM, program.run(before, told));  // such a program could not check
  ASSERT_OK(program.bring(kRaw | kKill, 0, false));
  ASSERT_EQ(0, program.run(before, told));
  EXPECT_EQ(kKill, told.permitted);
}

TEST(with_no_new_privs_nothing_is_gained) {
  COVERS("execve", "prctl");
  if (!guest::is_root()) SKIP("needs root");
  Program program;
  Told told = {};
  ASSERT_OK(program.bring(kRaw, 0, true));
  ASSERT_EQ(0, program.run(
                   [] {
                     become_nobody();
                     prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                   },
                   told));
  EXPECT_EQ(0u, told.permitted);
  EXPECT_EQ(0u, told.effective);
  ASSERT_OK(removexattr(program.path(), kName));
  // Not by root either, who gets all capabilities back otherwise.
  const auto few = [] {
    if (set_own(kKill, 0) != 0) _exit(71);
  };
  const auto few_and_no_new_ones = [] {
    if (set_own(kKill, 0) != 0) _exit(71);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  };
  ASSERT_EQ(0, program.run(few, told));
  EXPECT_TRUE((told.permitted & kRaw) != 0);
  EXPECT_EQ(0, told.dumpable);
  ASSERT_EQ(0, program.run(few_and_no_new_ones, told));
  EXPECT_EQ(kKill, told.permitted);
  EXPECT_EQ(kKill, told.effective);
  EXPECT_EQ(0u, told.secure);
  EXPECT_EQ(1, told.dumpable);
}

TEST(a_set_user_id_program_with_capabilities_has_no_others) {
  COVERS("execve");
  if (!guest::is_root()) SKIP("needs root");
  Program program;
  Told told = {};
  ASSERT_OK(chmod(program.path(), 04755));
  ASSERT_OK(program.bring(kRaw, 0, true));
  ASSERT_EQ(0, program.run(become_nobody, told));
  EXPECT_EQ(0u, told.euid);
  EXPECT_EQ(kRaw, told.permitted);
  EXPECT_EQ(1u, told.secure);
  ASSERT_EQ(0, program.run([] {}, told));  // but root has
  EXPECT_TRUE((told.permitted & kKill) != 0);
}

TEST(capabilities_for_another_namespaces_root_are_none) {
  COVERS("execve");
  if (!guest::is_root()) SKIP("needs root");
  Program program;
  Told told = {};
  const uint32_t value[6] = {0x03000001, kRaw, 0, 0, 0, 1000};
  ASSERT_OK(setxattr(program.path(), kName, value, sizeof value, 0));
  ASSERT_EQ(0, program.run(become_nobody, told));
  EXPECT_EQ(0u, told.permitted);
}

TEST(a_file_that_changes_loses_its_capabilities) {
  COVERS("write", "truncate", "chown", "chmod", "pwrite64");
  if (!guest::is_root()) SKIP("needs root");
  Program program;
  ASSERT_OK(program.bring(kRaw, 0, true));
  EXPECT_OK(chmod(program.path(), 0700));
  EXPECT_TRUE(program.brings());
  int fd = open(program.path(), O_RDWR);
  ASSERT_OK(fd);
  EXPECT_EQ(1, SYS(write, fd, "\177", 1));
  EXPECT_FALSE(program.brings());
  ASSERT_OK(program.bring(kRaw, 0, true));
  EXPECT_EQ(1, SYS(pwrite64, fd, "\177", 1, 0));
  EXPECT_FALSE(program.brings());
  ASSERT_OK(program.bring(kRaw, 0, true));
  EXPECT_OK(SYS(chown, program.path(), 0, 1));
  EXPECT_FALSE(program.brings());
  ASSERT_OK(program.bring(kRaw, 0, true));
  EXPECT_OK(SYS(truncate, program.path(), 100));
  EXPECT_FALSE(program.brings());
  close(fd);
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "--told") == 0) return tell();
  return guest::run_all(argc, argv);
}
