// pid_namespaces(7): numbers of one's own, the init and its rights, orphans, /proc.
#include "tests/guest/user_namespace.h"

#include <dirent.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace {

// Runs `body` as process 1 of a new namespace. What it returns, or 128 and its signal; -1 where it could not be made.
template <typename F>
int as_init(F body, int flags = 0) {
  return guest::in_child([&] {
    if (!guest::become_root(flags | CLONE_NEWPID)) return 99;
    pid_t child = fork();
    if (child == 0) _exit(body());
    int status = 0;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  });
}

volatile sig_atomic_t sender = -1, arrived = 0;
void note(int, siginfo_t* info, void*) {
  sender = info->si_pid;
  arrived = 1;
}
void catch_usr1() {
  struct sigaction action {};
  action.sa_sigaction = note, action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
}

}  // namespace

TEST(children_after_unshare_are_counted_from_one) {
  COVERS("unshare", "getpid", "getppid", "gettid", "fork");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              pid_t own = getpid();
              if (!guest::become_root(CLONE_NEWPID)) return 1;
              if (getpid() != own) return 2;
              if (unshare(CLONE_NEWPID) != -1 || errno != EINVAL) return 3;
              pid_t first = fork();
              if (first == 0) {
                if (getpid() != 1 || SYS(gettid) != 1 || getppid() != 0) _exit(1);
                if (getpgid(0) != 0 || getsid(0) != 0) _exit(2);  // those outside
                if (setsid() != 1 || getpgrp() != 1 || getsid(0) != 1) _exit(3);
                pid_t second = fork();
                if (second == 0) _exit(getpid() == 2 && getppid() == 1 && getpgrp() == 1 && kill(1, 0) == 0 ? 0 : 4);
                if (second != 2) _exit(5);
                int status;
                if (waitpid(second, &status, 0) != 2 || status != 0) _exit(6);
                _exit(kill(getppid() + 1000, 0) == -1 && errno == ESRCH ? 0 : 7);
              }
              if (first <= 1) return 4;
              int status;
              if (waitpid(first, &status, 0) != first) return 5;
              if (status != 0) return 10 + WEXITSTATUS(status);
              // Its init has ended: there is no place for more.
              if (fork() != -1 || errno != ENOMEM) return 6;
              return 0;
            }));
}

TEST(clone_makes_the_init_at_once) {
  COVERS("clone", "clone3", "getpid");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              int child_tid = -1, parent_tid = -1;
              pid_t child = static_cast<pid_t>(
                  SYS(clone, CLONE_NEWUSER | CLONE_NEWPID | CLONE_CHILD_SETTID | CLONE_PARENT_SETTID | SIGCHLD, nullptr,
                      &parent_tid, &child_tid, 0));
              if (child == 0) _exit(getpid() == 1 && child_tid == 1 ? 0 : 1);
              if (child <= 1 || parent_tid != child) return 1;
              if (guest::reap(child) != 0) return 2;
              clone_args args{};
              args.flags = CLONE_NEWUSER | CLONE_NEWPID, args.exit_signal = SIGCHLD;
              child = static_cast<pid_t>(SYS(clone3, &args, sizeof args));
              if (child == 0) _exit(getpid() == 1 ? 0 : 1);
              return guest::reap(child) == 0 ? 0 : 3;
            }));
}

TEST(clone3_chooses_a_number_in_each_namespace) {
  COVERS("clone3");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_init([] {
              pid_t wanted[3] = {77, 0, 0};
              clone_args args{};
              args.exit_signal = SIGCHLD, args.set_tid = reinterpret_cast<uintptr_t>(wanted), args.set_tid_size = 1;
              pid_t child = static_cast<pid_t>(SYS(clone3, &args, sizeof args));
              if (child == 0) _exit(getpid() == 77 ? 0 : 1);
              if (child != 77) return 1;
              if (SYS(clone3, &args, sizeof args) != -1 || errno != EEXIST) return 2;
              if (guest::reap(child) != 0) return 3;
              wanted[1] = 31'999;  // of the namespace around, which is not ours
              args.set_tid_size = 2;
              if (SYS(clone3, &args, sizeof args) != -1 || errno != EPERM) return 4;
              args.set_tid_size = 32;
              return SYS(clone3, &args, sizeof args) == -1 && errno == EINVAL ? 0 : 5;
            }));
}

TEST(an_init_is_safe_from_its_own) {
  COVERS("kill", "tgkill", "unshare");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_init([] {
              pid_t child = fork();
              if (child == 0) {
                if (kill(1, SIGKILL) != 0 || kill(1, SIGTERM) != 0 || kill(1, SIGSTOP) != 0) _exit(1);
                if (SYS(tgkill, 1, 1, SIGKILL) != 0) _exit(2);
                _exit(0);
              }
              if (guest::reap(child) != 0) return 1;
              kill(getpid(), SIGTERM), raise(SIGKILL);
              catch_usr1();
              if (kill(getpid(), SIGUSR1) != 0 || !arrived || sender != 1) return 2;
              return 0;
            }));
}

TEST(from_outside_an_init_can_be_killed) {
  COVERS("kill", "wait4");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              int ready[2], told[2];
              if (pipe(ready) != 0 || pipe(told) != 0 || !guest::become_root(CLONE_NEWPID)) return 1;
              pid_t init = fork();
              if (init == 0) {
                catch_usr1();
                if (write(ready[1], "x", 1) != 1) _exit(1);
                while (!arrived) usleep(1000);
                char from = sender == 0 ? '0' : '1';
                if (write(told[1], &from, 1) != 1) _exit(2);
                if (fork() == 0) pause();
                for (;;) pause();
              }
              char byte;
              if (read(ready[0], &byte, 1) != 1) return 2;
              if (kill(init, SIGTERM) != 0 || kill(init, SIGUSR1) != 0) return 3;  // the first is not taken
              if (read(told[0], &byte, 1) != 1 || byte != '0') return 4;           // who sent it has no number there
              if (kill(init, SIGKILL) != 0) return 5;
              int status;
              if (waitpid(init, &status, 0) != init) return 6;
              return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 7;
            }));
}

TEST(all_end_with_their_init) {
  COVERS("exit_group", "wait4", "kill");
  NEEDS_USER_NAMESPACES();
  int alive[2];
  ASSERT_OK(pipe(alive));
  EXPECT_EQ(7 << 8, as_init([&] {
              for (int i = 0; i < 3; ++i) {
                pid_t child = fork();
                if (child == 0) {
                  signal(SIGTERM, SIG_IGN);
                  if (fork() == 0) setsid();
                  for (;;) pause();
                }
              }
              return 7;
            }));
  close(alive[1]);
  char byte;
  EXPECT_EQ(0, read(alive[0], &byte, 1));  // nobody holds the other end
}

TEST(an_init_inherits_orphans) {
  COVERS("getppid", "wait4", "prctl");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_init([] {
              int told[2];
              if (pipe(told) != 0) return 1;
              pid_t child = fork();
              if (child == 0) {
                pid_t parent = getpid();
                if (fork() == 0) {
                  while (getppid() == parent) usleep(1000);
                  int now = getppid();
                  _exit(write(told[1], &now, sizeof now) == sizeof now ? 5 : 6);
                }
                _exit(0);
              }
              int now = 0;
              if (read(told[0], &now, sizeof now) != sizeof now || now != 1) return 2;
              int seen = 0, status;
              for (pid_t pid; (pid = wait(&status)) > 0;) seen += WEXITSTATUS(status);
              return seen == 5 && errno == ECHILD ? 0 : 3;
            }));
}

TEST(proc_shows_the_namespace_it_was_mounted_in) {
  COVERS("mount", "readlink", "getdents64");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_init(
                   [] {
                     char link[32];
                     if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) return 1;
                     ssize_t length = readlink("/proc/self", link, sizeof link - 1);
                     if (length != 1 || link[0] != '1') return 2;
                     pid_t child = fork();
                     if (child == 0) {
                       pause();
                       _exit(0);
                     }
                     int found = 0;
                     DIR* dir = opendir("/proc");
                     while (dirent* entry = readdir(dir)) {
                       if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') ++found;
                     }
                     closedir(dir);
                     if (found != 2) return 3;
                     char text[4096];
                     if (guest::slurp("/proc/2/status", text, sizeof text) <= 0) return 4;
                     if (strstr(text, "\nPid:\t2\nPPid:\t1\n") == nullptr || strstr(text, "\nNSpid:\t2\n") == nullptr)
                       return 5;
                     if (guest::slurp("/proc/2/stat", text, sizeof text) <= 0 || atoi(text) != 2) return 6;
                     int parent = 0;
                     if (sscanf(strrchr(text, ')') + 1, " %*c %d", &parent) != 1 || parent != 1) return 7;
                     kill(child, SIGKILL);
                     if (access("/proc/self/task/1", F_OK) != 0) return 8;
                     return guest::slurp("/proc/self/mountinfo", text, sizeof text) > 0 ? 0 : 9;
                   },
                   CLONE_NEWNS));
}

TEST(status_tells_the_numbers_of_all_levels) {
  COVERS("unshare", "read");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              int ready[2];
              if (pipe(ready) != 0 || !guest::become_root(CLONE_NEWPID)) return 1;
              pid_t init = fork();
              if (init == 0) {
                if (unshare(CLONE_NEWPID) != 0) _exit(1);
                pid_t inner = fork();
                if (inner == 0) pause();
                if (write(ready[1], &inner, sizeof inner) != sizeof inner) _exit(2);
                pause();
              }
              pid_t inner = 0;
              if (read(ready[0], &inner, sizeof inner) != sizeof inner || inner != 2) return 2;
              char path[64], text[4096], expected[64];
              snprintf(path, sizeof path, "/proc/%d/task/%d/children", init, init);
              if (guest::slurp(path, text, sizeof text) <= 0) return 3;
              pid_t outer = atoi(text);
              snprintf(path, sizeof path, "/proc/%d/status", outer);
              if (guest::slurp(path, text, sizeof text) <= 0) return 4;
              snprintf(expected, sizeof expected, "\nNSpid:\t%d\t2\t1\n", outer);
              if (strstr(text, expected) == nullptr) return 5;
              kill(init, SIGKILL);
              return guest::reap(init) == 128 + SIGKILL || true ? 0 : 6;
            }));
}

TEST(credentials_name_a_sender_by_the_receivers_numbers) {
  COVERS("sendmsg", "recvmsg");
  NEEDS_USER_NAMESPACES();
  int pair[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
  int on = 1;
  ASSERT_OK(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
  EXPECT_EQ(0, as_init([&] {
              ucred cred{1, 0, 0};
              char byte = 'x', control[CMSG_SPACE(sizeof cred)] = {};
              iovec one{&byte, 1};
              msghdr message{};
              message.msg_iov = &one, message.msg_iovlen = 1;
              message.msg_control = control, message.msg_controllen = sizeof control;
              cmsghdr* head = CMSG_FIRSTHDR(&message);
              head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_CREDENTIALS, head->cmsg_len = CMSG_LEN(sizeof cred);
              memcpy(CMSG_DATA(head), &cred, sizeof cred);
              return sendmsg(pair[1], &message, 0) == 1 ? 0 : 1;
            }));
  ucred cred{};
  ASSERT_TRUE(guest::receive_credentials(pair[0], cred));
  EXPECT_EQ(geteuid(), cred.uid);
  EXPECT_NE(1, cred.pid);
}

TEST(locks_and_terminals_tell_numbers_of_the_reader) {
  COVERS("fcntl");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  int file = guest::make_file(dir / "f", "text");
  struct flock lock {};
  lock.l_type = F_WRLCK;
  ASSERT_OK(fcntl(file, F_SETLK, &lock));
  EXPECT_EQ(0, as_init([&] {
              struct flock asked {};
              asked.l_type = F_WRLCK;
              int own = open(dir / "f", O_RDWR);
              if (fcntl(own, F_GETLK, &asked) != 0 || asked.l_type != F_WRLCK) return 1;
              if (asked.l_pid != 0) return 2;  // whoever holds it has no number here
              if (fcntl(own, F_SETOWN, 1) != 0 || fcntl(own, F_GETOWN) != 1) return 3;
              return fcntl(own, F_SETOWN, 3000) == -1 && errno == ESRCH ? 0 : 4;
            }));
}

TEST(threads_do_not_cross_into_a_new_namespace) {
  COVERS("clone", "unshare");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root(CLONE_NEWPID)) return 1;
              static char stack[65536];
              long thread =
                  SYS(clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, stack + sizeof stack, nullptr, nullptr, 0);
              if (thread == 0) SYS(exit, 0);
              return thread == -1 && errno == EINVAL ? 0 : 2;
            }));
}

TEST(setns_is_for_children_and_goes_down_alone) {
  COVERS("setns");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              int outside = open("/proc/self/ns/pid", O_RDONLY);
              int ready[2];
              if (pipe(ready) != 0 || !guest::become_root(CLONE_NEWPID)) return 1;
              pid_t init = fork();
              if (init == 0) {
                if (setns(outside, 0) != -1 || (errno != EPERM && errno != EINVAL)) _exit(1);
                if (write(ready[1], "x", 1) != 1) _exit(2);
                for (;;) pause();
              }
              char byte, path[64];
              if (read(ready[0], &byte, 1) != 1) return 2;
              snprintf(path, sizeof path, "/proc/%d/ns/pid", init);
              int inside = open(path, O_RDONLY);
              pid_t own = getpid();
              if (setns(inside, CLONE_NEWPID) != 0 || getpid() != own) return 3;
              pid_t child = fork();
              if (child == 0) _exit(getpid() > 1 && getpid() < 10 && getppid() == 0 ? 0 : 1);
              if (guest::reap(child) != 0) return 4;
              kill(init, SIGKILL);
              guest::reap(init);
              return 0;
            }));
}

TEST(a_parents_death_reaches_an_init) {
  COVERS("prctl", "kill");
  NEEDS_USER_NAMESPACES();
  int alive[2], ready[2];
  ASSERT_OK(pipe(alive));
  ASSERT_OK(pipe(ready));
  EXPECT_EQ(0, guest::in_child([&] {
              if (!guest::become_root(CLONE_NEWPID)) return 1;
              pid_t init = fork();
              if (init == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (write(ready[1], "x", 1) != 1) _exit(1);
                for (;;) pause();
              }
              char byte;
              return read(ready[0], &byte, 1) == 1 ? 0 : 2;
            }));
  close(alive[1]), close(ready[1]);
  char byte;
  EXPECT_EQ(0, read(alive[0], &byte, 1));
}

// The machine is not what root of a namespace restarts. pid_namespaces(7), reboot(2).
TEST(a_reboot_is_the_end_of_the_namespaces_init) {
  COVERS("reboot");
  NEEDS_USER_NAMESPACES();
  const struct {
    unsigned command;
    int signal;
  } kWays[] = {{0x01234567, SIGHUP}, {0xa1b2c3d4, SIGHUP}, {0xcdef0123, SIGINT}, {0x4321fedc, SIGINT}};
  for (const auto& way : kWays) {
    EXPECT_EQ(0, guest::in_child([&] {
                if (!guest::become_root(CLONE_NEWPID)) return 1;
                // Asked for by another process than the namespace's first.
                int status = guest::in_child([&] {
                  guest::spawn([&] {
                    EXPECT_ERRNO(EINVAL, SYS(reboot, 0xfee1dead, 672274793, 0x89abcdef, nullptr));
                    SYS(reboot, 0xfee1dead, 672274793, way.command, nullptr);
                    return 0;
                  });
                  for (;;) pause();
                  return 0;
                });
                EXPECT_TRUE(WIFSIGNALED(status));
                EXPECT_EQ(way.signal, WTERMSIG(status));
                return 0;
              }));
  }
}

GUEST_TEST_MAIN
