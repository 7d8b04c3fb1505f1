// time_namespaces(7): offsets of the monotonic and the boot time clock.
#include "tests/guest/user_namespace.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

namespace {

constexpr long kDay = 86400;

bool may_make_time_namespaces() {
  return guest::in_child([] { return guest::become_root(CLONE_NEWTIME) ? 0 : 1; }) == 0;
}
#define NEEDS_TIME_NAMESPACES() \
  NEEDS_USER_NAMESPACES();      \
  if (!may_make_time_namespaces()) SKIP("this kernel has no time namespaces")

long seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec;
}
long asked(clockid_t clock) {  // of the kernel, and not of the vDSO
  timespec now{};
  SYS(clock_gettime, clock, &now);
  return now.tv_sec;
}
bool is_near(long a, long b) { return a - b < 3 && b - a < 3; }
bool set_offsets(const char* text) { return guest::write_text("/proc/self/timens_offsets", text); }

// A process whose children are some days ahead.
bool shift_children(long monotonic, long boottime) {
  char text[100];
  snprintf(text, sizeof text, "monotonic %ld 0\nboottime %ld 0\n", monotonic, boottime);
  return guest::become_root(CLONE_NEWTIME) && set_offsets(text);
}

}  // namespace

TEST(children_live_in_another_time) {
  COVERS("unshare", "clock_gettime");
  NEEDS_TIME_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              const long monotonic = seconds_of(CLOCK_MONOTONIC), boottime = seconds_of(CLOCK_BOOTTIME);
              const long realtime = seconds_of(CLOCK_REALTIME);
              if (!shift_children(kDay, 7 * kDay)) return 1;
              if (!is_near(seconds_of(CLOCK_MONOTONIC), monotonic)) return 2;  // not yet
              return WEXITSTATUS(guest::in_child([&] {
                for (auto* read : {seconds_of, asked}) {
                  if (!is_near(read(CLOCK_MONOTONIC), monotonic + kDay)) return 3;
                  if (!is_near(read(CLOCK_MONOTONIC_RAW), read(CLOCK_MONOTONIC)) && read(CLOCK_MONOTONIC_RAW) < kDay)
                    return 4;
                  if (!is_near(read(CLOCK_MONOTONIC_COARSE), monotonic + kDay)) return 5;
                  if (!is_near(read(CLOCK_BOOTTIME), boottime + 7 * kDay)) return 6;
                  if (!is_near(read(CLOCK_REALTIME), realtime)) return 7;
                }
                for (int i = 0; i < 100; ++i) {  // however often it is asked
                  if (!is_near(asked(CLOCK_MONOTONIC), monotonic + kDay) ||
                      !is_near(seconds_of(CLOCK_MONOTONIC), monotonic + kDay))
                    return 8;
                }
                struct sysinfo info;
                if (sysinfo(&info) != 0 || !is_near(info.uptime, boottime + 7 * kDay)) return 9;
                char text[1024];
                guest::slurp("/proc/uptime", text, sizeof text);
                if (!is_near(atol(text), boottime + 7 * kDay)) return 10;
                guest::slurp("/proc/self/stat", text, sizeof text);
                const char* at = strrchr(text, ')');
                for (int i = 0; i < 20; ++i) at = strchr(at + 1, ' ');
                if (!is_near(atol(at + 1) / sysconf(_SC_CLK_TCK), boottime + 7 * kDay)) return 11;
                return 0;
              }));
            }));
}

TEST(times_that_are_said_are_those_of_the_namespace) {
  COVERS("clock_nanosleep", "timerfd_settime", "timer_settime", "futex");
  NEEDS_TIME_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!shift_children(kDay, 7 * kDay)) return 1;
              return WEXITSTATUS(guest::in_child([] {
                for (clockid_t clock : {CLOCK_MONOTONIC, CLOCK_BOOTTIME}) {
                  const long start = guest::now_ms();
                  timespec until;
                  clock_gettime(clock, &until);
                  until.tv_nsec += 30000000;
                  if (until.tv_nsec >= 1000000000) until.tv_nsec -= 1000000000, ++until.tv_sec;
                  if (clock_nanosleep(clock, TIMER_ABSTIME, &until, nullptr) != 0) return 2;
                  if (guest::now_ms() - start < 29 || guest::now_ms() - start > 3000) return 3;
                  // That has passed: a timer at this time is due at once, and one a second later is not.
                  int fd = timerfd_create(clock, TFD_NONBLOCK);
                  itimerspec spec{{0, 0}, until}, left;
                  uint64_t ticks = 0;
                  if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, nullptr) != 0 || read(fd, &ticks, 8) != 8) return 4;
                  spec.it_value.tv_sec += 100;
                  if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, nullptr) != 0 || read(fd, &ticks, 8) != -1)
                    return 5;
                  timerfd_gettime(fd, &left);
                  if (!is_near(left.it_value.tv_sec, 99)) return 6;
                  close(fd);
                  timer_t timer;
                  sigevent none{};
                  none.sigev_notify = SIGEV_NONE;
                  if (timer_create(clock, &none, &timer) != 0) return 7;
                  if (timer_settime(timer, TIMER_ABSTIME, &spec, nullptr) != 0 || timer_gettime(timer, &left) != 0)
                    return 8;
                  if (!is_near(left.it_value.tv_sec, 99)) return 9;
                  timer_delete(timer);
                }
                uint32_t word = 0;
                timespec until;
                clock_gettime(CLOCK_MONOTONIC, &until);
                const long start = guest::now_ms();
                ++until.tv_sec;
                if (SYS(futex, &word, FUTEX_WAIT_BITSET, 0, &until, nullptr, ~0u) != -1 || errno != ETIMEDOUT)
                  return 10;
                return guest::now_ms() - start < 500 || guest::now_ms() - start > 4000 ? 11 : 0;
              }));
            }));
}

TEST(offsets_are_written_before_anybody_lives_there) {
  COVERS("unshare", "write");
  NEEDS_TIME_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              char text[200];
              if (set_offsets("monotonic 1 0\n")) return 1;  // the first has none, and is not ours
              if (!guest::become_root(CLONE_NEWTIME)) return 2;
              guest::slurp("/proc/self/timens_offsets", text, sizeof text);
              if (strcmp(text, "monotonic           0         0\nboottime            0         0\n") != 0) return 3;
              for (const char* wrong :
                   {"monotonic 1\n", "realtime 1 0\n", "monotonic x 0\n", "monotonic 1 1000000000\n", "0 1 0\n"}) {
                if (set_offsets(wrong) || errno != EINVAL) return 4;
              }
              if (set_offsets("monotonic -99999999 0\n") || errno != ERANGE) return 5;  // before its start
              if (set_offsets("monotonic 9223372036 0\n") || errno != ERANGE) return 6;
              if (!set_offsets("monotonic -1 500\n") || !set_offsets("7 10 0\n")) return 7;
              guest::slurp("/proc/self/timens_offsets", text, sizeof text);
              if (strcmp(text, "monotonic          -1       500\nboottime           10         0\n") != 0) return 8;
              if (guest::in_child([] { return 0; }) != 0) return 9;
              if (set_offsets("monotonic 5 0\n") || errno != EACCES) return 10;
              return 0;
            }));
}

TEST(links_show_two_time_namespaces) {
  COVERS("unshare", "setns", "readlink");
  NEEDS_TIME_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              char own[64] = {}, children[64] = {}, first[64] = {};
              readlink("/proc/self/ns/time", first, sizeof first - 1);
              const long monotonic = seconds_of(CLOCK_MONOTONIC);
              if (!shift_children(kDay, kDay)) return 1;
              readlink("/proc/self/ns/time", own, sizeof own - 1);
              readlink("/proc/self/ns/time_for_children", children, sizeof children - 1);
              if (strcmp(own, first) != 0 || strcmp(own, children) == 0 || strncmp(children, "time:[", 6) != 0)
                return 2;
              int status = guest::in_child([&] {
                char mine[64] = {};
                readlink("/proc/self/ns/time", mine, sizeof mine - 1);
                if (strcmp(mine, children) != 0) return 3;
                readlink("/proc/self/ns/time_for_children", mine, sizeof mine - 1);
                return strcmp(mine, children) == 0 ? 0 : 4;
              });
              if (status != 0) return WEXITSTATUS(status);
              // setns(2) brings the caller itself there.
              int fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
              if (fd == -1 || setns(fd, CLONE_NEWNET) != -1 || errno != EINVAL) return 5;
              if (setns(fd, CLONE_NEWTIME) != 0) return 6;
              readlink("/proc/self/ns/time", own, sizeof own - 1);
              if (strcmp(own, children) != 0) return 7;
              return is_near(seconds_of(CLOCK_MONOTONIC), monotonic + kDay) &&
                             is_near(asked(CLOCK_MONOTONIC), monotonic + kDay)
                         ? 0
                         : 8;
            }));
}

TEST(clone3_makes_one_and_offsets_add_up) {
  COVERS("clone3", "unshare");
  NEEDS_TIME_NAMESPACES();
  EXPECT_EQ(
      0, guest::in_child([] {
        const long monotonic = seconds_of(CLOCK_MONOTONIC);
        if (!shift_children(kDay, kDay)) return 1;
        return WEXITSTATUS(guest::in_child([&] {
          clone_args args{};
          args.flags = CLONE_NEWTIME, args.exit_signal = SIGCHLD;
          pid_t child = static_cast<pid_t>(SYS(clone3, &args, sizeof args));
          if (child == 0) _exit(is_near(seconds_of(CLOCK_MONOTONIC), monotonic + kDay) ? 0 : 4);
          if (child == -1) return 2;
          if (int status = guest::reap(child); status != 0) return WEXITSTATUS(status);
          // Offsets are those from the first, and not from the one around.
          if (unshare(CLONE_NEWTIME) != 0 || !set_offsets("monotonic 500 0\n")) return 5;
          return WEXITSTATUS(guest::in_child([&] { return is_near(asked(CLOCK_MONOTONIC), monotonic + 500) ? 0 : 6; }));
        }));
      }));
}

TEST(a_new_program_is_where_the_children_are) {
  COVERS("execve", "unshare");
  NEEDS_TIME_NAMESPACES();
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              if (!shift_children(400 * kDay, 400 * kDay)) return 1;
              int fd = open(dir / "out", O_RDWR | O_CREAT, 0600);
              pid_t child = fork();
              if (child == 0) {  // it execs, and so does its shell
                dup2(fd, 1);
                execl("/bin/sh", "sh", "-c", "cat /proc/uptime", nullptr);
                _exit(127);
              }
              if (guest::reap(child) != 0) return 2;
              char text[64] = {};
              if (pread(fd, text, sizeof text - 1, 0) <= 0 || atol(text) < 400 * kDay) return 3;
              // The process itself, at its next program.
              ftruncate(fd, 0);
              dup2(fd, 1);
              lseek(1, 0, SEEK_SET);
              execl("/bin/sh", "sh", "-c", "read up rest < /proc/uptime; [ ${up%.*} -gt 34000000 ]", nullptr);
              return 4;
            }));
}

GUEST_TEST_MAIN
