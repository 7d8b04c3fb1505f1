// credentials(7), capabilities(7): get*id, set*id, getgroups, capget.
#include "tests/guest/guest_test.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>

TEST(all_ways_to_ask_agree) {
  COVERS("getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid");
  uid_t r = 9, e = 9, s = 9;
  EXPECT_OK(SYS(getresuid, &r, &e, &s));
  EXPECT_EQ(SYS(getuid), r);
  EXPECT_EQ(SYS(geteuid), e);
  EXPECT_OK(SYS(getresgid, &r, &e, &s));
  EXPECT_EQ(SYS(getgid), r);
  EXPECT_EQ(SYS(getegid), e);
  EXPECT_ERRNO(EFAULT, SYS(getresuid, guest::bad_pointer(), &e, &s));
  EXPECT_ERRNO(EFAULT, SYS(getresgid, &r, &e, guest::bad_pointer()));
}

TEST(four_ids_of_each_kind_are_kept_apart) {
  COVERS("getuid", "geteuid", "getgid", "getegid", "setresuid", "setresgid", "setreuid", "setregid", "setfsuid",
         "setfsgid");
  if (!guest::is_root()) SKIP("only root has more than one");
  EXPECT_EQ(0, WEXITSTATUS(guest::in_child([] {
              if (SYS(setresgid, 11, 12, 13) != 0) return 1;
              if (SYS(getgid) != 11 || SYS(getegid) != 12) return 2;
              if (SYS(setfsgid, 13) != 12 || SYS(setfsgid, -1) != 13 || SYS(setfsgid, 12) != 13) return 3;
              if (SYS(setregid, 12, 11) != 0 || SYS(getgid) != 12 || SYS(getegid) != 11) return 4;
              if (SYS(setfsgid, -1) != 11) return 5;
              if (SYS(setfsuid, 23) != 0 || SYS(setfsuid, -1) != 23) return 6;
              if (SYS(setresuid, 21, 22, 23) != 0) return 7;
              if (SYS(getuid) != 21 || SYS(geteuid) != 22) return 8;
              // Without privilege: one's own ids only.
              if (SYS(setfsuid, 23) != 22 || SYS(setfsuid, 24) != 23 || SYS(setfsuid, -1) != 23) return 9;
              if (SYS(setfsgid, 99) != 11 || SYS(setfsgid, -1) != 11) return 10;
              if (SYS(setregid, 99, -1) != -1 || errno != EPERM) return 11;
              if (SYS(setregid, 11, 12) != 0 || SYS(getgid) != 11 || SYS(getegid) != 12) return 12;
              if (SYS(setreuid, 22, 21) != 0 || SYS(getuid) != 22 || SYS(geteuid) != 21) return 13;
              return SYS(setreuid, -1, 99) == -1 && errno == EPERM ? 0 : 14;
            })));
}

TEST(setting_what_one_is_already_is_allowed) {
  COVERS("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid");
  EXPECT_OK(SYS(setuid, getuid()));
  EXPECT_OK(SYS(setgid, getgid()));
  EXPECT_OK(SYS(setreuid, -1, geteuid()));
  EXPECT_OK(SYS(setregid, getgid(), -1));
  EXPECT_OK(SYS(setresuid, -1, -1, -1));
  EXPECT_OK(SYS(setresgid, getgid(), getegid(), -1));
  EXPECT_EQ(geteuid(), SYS(setfsuid, -1));
  EXPECT_EQ(getegid(), SYS(setfsgid, -1));
}

TEST(an_ordinary_user_cannot_become_another) {
  COVERS("setuid", "setgid", "setreuid", "setresuid", "setresgid", "setgroups");
  EXPECT_EQ(0, guest::in_child([] {
              if (guest::is_root() && (setgroups(0, nullptr) != 0 || setresgid(65534, 65534, 65534) != 0 ||
                                       setresuid(65534, 65534, 65534) != 0))
                return 1;
              gid_t group = 0;
              if (SYS(setuid, 0) != -1 || errno != EPERM) return 2;
              if (SYS(setgid, 0) != -1 || errno != EPERM) return 3;
              if (SYS(setreuid, 0, -1) != -1 || errno != EPERM) return 4;
              if (SYS(setresuid, -1, 0, -1) != -1 || errno != EPERM) return 5;
              if (SYS(setresgid, -1, -1, 0) != -1 || errno != EPERM) return 6;
              if (SYS(setgroups, 1, &group) != -1 || errno != EPERM) return 7;
              return 0;
            }));
}

TEST(root_changes_identity_and_back_through_the_saved_one) {
  COVERS("setresuid", "setreuid", "setuid", "setresgid");
  if (!guest::is_root()) SKIP("needs root");
  EXPECT_EQ(0, guest::in_child([] {
              if (setresgid(10, 20, 30) != 0) return 1;
              if (getgid() != 10 || getegid() != 20) return 2;
              if (setresuid(1000, 2000, 0) != 0) return 3;
              if (getuid() != 1000 || geteuid() != 2000) return 4;
              if (seteuid(0) != 0) return 5;
              if (setuid(3000) != 0) return 6;
              uid_t r, e, s;
              getresuid(&r, &e, &s);
              return r == 3000 && e == 3000 && s == 3000 && setuid(0) == -1 ? 0 : 7;
            }));
}

TEST(groups_are_told_and_set) {
  COVERS("getgroups", "setgroups");
  gid_t groups[65536 / 64];
  long count = SYS(getgroups, 0, nullptr);
  EXPECT_GE(count, 0);
  EXPECT_EQ(count, SYS(getgroups, 1024, groups));
  EXPECT_ERRNO(EINVAL, SYS(getgroups, -1, groups));
  if (!guest::is_root()) return;
  EXPECT_EQ(0, guest::in_child([] {
              gid_t some[3] = {7, 5, 6}, told[3];
              if (SYS(setgroups, 3, some) != 0 || SYS(getgroups, 3, told) != 3) return 1;
              if (told[0] + told[1] + told[2] != 18) return 2;
              if (SYS(getgroups, 2, told) != -1 || errno != EINVAL) return 3;
              if (SYS(setgroups, 70000, some) != -1 || errno != EINVAL) return 4;
              return SYS(getgroups, 3, guest::bad_pointer()) == -1 && errno == EFAULT ? 0 : 5;
            }));
}

TEST(capabilities_follow_the_identity) {
  COVERS("capget", "capset");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  ASSERT_OK(SYS(capget, &header, data));
  if (!guest::is_root()) EXPECT_EQ(0, data[0].effective);
  if (guest::is_root()) {
    EXPECT_TRUE(data[0].effective & (1 << CAP_CHOWN));
    EXPECT_EQ(0, guest::in_child([&] {
                if (setresuid(1000, 1000, 1000) != 0) return 1;
                if (SYS(capget, &header, data) != 0) return 2;
                return data[0].effective == 0 && data[0].permitted == 0 ? 0 : 3;
              }));
    EXPECT_EQ(0, guest::in_child([&] {
                data[0].effective &= ~(1u << CAP_CHOWN);
                if (SYS(capset, &header, data) != 0) return 1;
                guest::TempDir dir;
                close(guest::make_file(dir / "f", ""));
                return chown(dir / "f", 1, 1) == -1 && errno == EPERM ? 0 : 2;
              }));
  } else {
    data[0].effective = data[0].permitted = 1 << CAP_CHOWN;
    EXPECT_ERRNO(EPERM, SYS(capset, &header, data));
  }
}

TEST(capability_errors) {
  COVERS("capget", "capset");
  __user_cap_header_struct header{0x1234, 0};
  __user_cap_data_struct data[2];
  EXPECT_ERRNO(EINVAL, SYS(capget, &header, data));
  EXPECT_EQ(_LINUX_CAPABILITY_VERSION_3, header.version);
  EXPECT_ERRNO(EFAULT, SYS(capget, guest::bad_pointer(), data));
  header = {_LINUX_CAPABILITY_VERSION_3, 4000000};
  EXPECT_ERRNO(ESRCH, SYS(capget, &header, data));
  header.pid = -1;
  EXPECT_ERRNO(EINVAL, SYS(capget, &header, data));
}

TEST(a_set_user_id_program_changes_the_effective_identity) {
  COVERS("execve", "geteuid");
  if (!guest::is_root()) SKIP("needs root to give a program away");
  guest::TempDir dir;
  chmod(dir.path(), 0755);
  char command[700];
  snprintf(command, sizeof command, "cp /usr/bin/id %s && chown 1234 %s && chmod 4755 %s", dir / "id", dir / "id",
           dir / "id");
  ASSERT_EQ(0, system(command));
  EXPECT_EQ(0, guest::in_child([&] {
              if (setresuid(65534, 65534, 65534) != 0) return 1;
              snprintf(command, sizeof command, "[ $(%s -u) = 1234 ] && [ $(%s -ru) = 65534 ]", dir / "id", dir / "id");
              return system(command) == 0 ? 0 : 2;
            }));
}

GUEST_TEST_MAIN
