// uname(2), sysinfo(2), sethostname(2), getcpu(2), getrandom(2), syslog(2).
#include "tests/guest/guest_test.h"

#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

TEST(uname_is_linux_on_x86_64) {
  COVERS("uname");
  utsname name;
  ASSERT_OK(SYS(uname, &name));
  EXPECT_STREQ("Linux", name.sysname);
  EXPECT_STREQ("x86_64", name.machine);
  EXPECT_GT(strlen(name.nodename), 0);
  EXPECT_GE(atoi(name.release), 4);
  EXPECT_ERRNO(EFAULT, SYS(uname, guest::bad_pointer()));
}

TEST(the_host_name_is_roots_to_set) {
  COVERS("sethostname", "setdomainname");
  if (!guest::is_root()) {
    EXPECT_ERRNO(EPERM, SYS(sethostname, "x", 1));
    EXPECT_ERRNO(EPERM, SYS(setdomainname, "x", 1));
    return;
  }
  EXPECT_ERRNO(EINVAL, SYS(sethostname, "x", 65));
  EXPECT_ERRNO(EINVAL, SYS(sethostname, "x", -1));
  EXPECT_ERRNO(EFAULT, SYS(sethostname, guest::bad_pointer(), 3));
  EXPECT_ERRNO(EINVAL, SYS(setdomainname, "x", 65));
  EXPECT_ERRNO(EINVAL, SYS(setdomainname, "x", -1));
  EXPECT_ERRNO(EFAULT, SYS(setdomainname, guest::bad_pointer(), 3));
  // What it is already: natively this is the machine's own.
  struct utsname name;
  ASSERT_OK(uname(&name));
  EXPECT_OK(SYS(setdomainname, name.domainname, strlen(name.domainname)));
  EXPECT_OK(SYS(sethostname, name.nodename, strlen(name.nodename)));
}

TEST(sysinfo_is_consistent) {
  COVERS("sysinfo");
  struct sysinfo info;
  ASSERT_OK(SYS(sysinfo, &info));
  EXPECT_GT(info.totalram, 0);
  EXPECT_LE(info.freeram, info.totalram);
  EXPECT_GE(info.procs, 1);
  EXPECT_GE(info.mem_unit, 1);
  EXPECT_GT(info.uptime, 0);
  EXPECT_ERRNO(EFAULT, SYS(sysinfo, guest::bad_pointer()));
}

TEST(getrandom_fills_and_checks_flags) {
  COVERS("getrandom");
  unsigned char one[64] = {}, two[64] = {};
  EXPECT_EQ(64, SYS(getrandom, one, 64, 0));
  EXPECT_EQ(64, SYS(getrandom, two, 64, GRND_NONBLOCK));
  EXPECT_TRUE(memcmp(one, two, 64) != 0);
  EXPECT_EQ(10, SYS(getrandom, one, 10, GRND_RANDOM));
  EXPECT_EQ(0, SYS(getrandom, one, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(getrandom, one, 4, 0x100));
  EXPECT_ERRNO(EINVAL, SYS(getrandom, one, 4, GRND_RANDOM | 4 /* GRND_INSECURE */));
  EXPECT_ERRNO(EFAULT, SYS(getrandom, guest::bad_pointer(), 16, 0));
}

TEST(getcpu_is_a_cpu_of_the_mask) {
  COVERS("getcpu", "sched_getaffinity");
  unsigned cpu = 9999;
  EXPECT_OK(SYS(getcpu, &cpu, nullptr, nullptr));
  cpu_set_t set;
  EXPECT_GT(SYS(sched_getaffinity, 0, sizeof set, &set), 0);
  EXPECT_TRUE(CPU_ISSET(cpu, &set));
  EXPECT_ERRNO(EFAULT, SYS(getcpu, guest::bad_pointer(), nullptr, nullptr));
}

GUEST_TEST_MAIN
