// dup(2), dup2(2), dup3(2), fcntl(2), ioctl(2) on descriptors.
#include "tests/guest/guest_test.h"

#include <linux/fs.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

TEST(dup_gives_the_lowest_and_no_cloexec) {
  COVERS("dup");
  int fd = open("/", O_RDONLY | O_CLOEXEC);
  long copy = SYS(dup, fd);
  EXPECT_EQ(fd + 1, copy);
  EXPECT_EQ(0, fcntl(static_cast<int>(copy), F_GETFD));
  EXPECT_ERRNO(EBADF, SYS(dup, -1));
  EXPECT_ERRNO(EBADF, SYS(dup, 9999));
}

TEST(dup2_replaces_and_is_nothing_on_itself) {
  COVERS("dup2");
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_EQ(fds[1], SYS(dup2, fds[1], fds[1]));
  EXPECT_EQ(50, SYS(dup2, fds[1], 50));
  EXPECT_EQ(50, SYS(dup2, fds[0], 50));
  EXPECT_EQ(O_RDONLY, fcntl(50, F_GETFL) & O_ACCMODE);
  EXPECT_ERRNO(EBADF, SYS(dup2, 77, 78));
  EXPECT_ERRNO(EBADF, SYS(dup2, 77, 77));
  EXPECT_ERRNO(EBADF, SYS(dup2, fds[0], -1));
  EXPECT_ERRNO(EBADF, SYS(dup2, fds[0], 1 << 30));
  close(50);
}

TEST(dup3_flags_and_errors) {
  COVERS("dup3");
  EXPECT_EQ(40, SYS(dup3, 0, 40, O_CLOEXEC));
  EXPECT_EQ(FD_CLOEXEC, fcntl(40, F_GETFD));
  EXPECT_EQ(40, SYS(dup3, 0, 40, 0));
  EXPECT_EQ(0, fcntl(40, F_GETFD));
  EXPECT_ERRNO(EINVAL, SYS(dup3, 0, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(dup3, 0, 41, O_NONBLOCK));
  EXPECT_ERRNO(EBADF, SYS(dup3, 99, 41, 0));
  close(40);
}

TEST(f_dupfd_starts_at_the_number) {
  COVERS("fcntl");
  EXPECT_EQ(60, fcntl(0, F_DUPFD, 60));
  EXPECT_EQ(61, fcntl(0, F_DUPFD_CLOEXEC, 60));
  EXPECT_EQ(0, fcntl(60, F_GETFD));
  EXPECT_EQ(FD_CLOEXEC, fcntl(61, F_GETFD));
  EXPECT_ERRNO(EINVAL, fcntl(0, F_DUPFD, -1));
  EXPECT_ERRNO(EINVAL, fcntl(0, F_DUPFD, INT_MAX));
  close(60);
  close(61);
}

TEST(f_setfd_and_f_setfl) {
  COVERS("fcntl");
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_OK(fcntl(fds[0], F_SETFD, FD_CLOEXEC));
  EXPECT_EQ(FD_CLOEXEC, fcntl(fds[0], F_GETFD));
  EXPECT_OK(fcntl(fds[0], F_SETFL, O_NONBLOCK | O_WRONLY));
  EXPECT_EQ(O_NONBLOCK | O_RDONLY, fcntl(fds[0], F_GETFL) & ~0100000);
  EXPECT_OK(fcntl(fds[0], F_SETFL, 0));
  EXPECT_EQ(0, fcntl(fds[0], F_GETFL) & O_NONBLOCK);
  EXPECT_ERRNO(EBADF, fcntl(999, F_GETFD));
  EXPECT_ERRNO(EINVAL, fcntl(0, 12345));
}

TEST(o_append_can_be_set_later) {
  COVERS("fcntl", "write");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc");
  lseek(fd, 0, SEEK_SET);
  EXPECT_OK(fcntl(fd, F_SETFL, O_APPEND));
  EXPECT_EQ(1, write(fd, "d", 1));
  char text[8];
  guest::slurp(dir / "f", text, sizeof text);
  EXPECT_STREQ("abcd", text);
}

TEST(status_flags_belong_to_the_description) {
  COVERS("fcntl", "dup");
  int fds[2];
  ASSERT_OK(pipe(fds));
  int copy = dup(fds[0]);
  EXPECT_OK(fcntl(copy, F_SETFL, O_NONBLOCK));
  EXPECT_EQ(O_NONBLOCK, fcntl(fds[0], F_GETFL) & O_NONBLOCK);
  EXPECT_OK(fcntl(copy, F_SETFD, FD_CLOEXEC));
  EXPECT_EQ(0, fcntl(fds[0], F_GETFD));
}

TEST(owner_and_signal_of_asynchronous_input) {
  COVERS("fcntl");
  int fds[2];
  ASSERT_OK(pipe(fds));
  EXPECT_EQ(0, fcntl(fds[0], F_GETOWN));
  EXPECT_OK(fcntl(fds[0], F_SETOWN, getpid()));
  EXPECT_EQ(getpid(), fcntl(fds[0], F_GETOWN));
  EXPECT_OK(fcntl(fds[0], F_SETSIG, SIGUSR1));
  EXPECT_EQ(SIGUSR1, fcntl(fds[0], F_GETSIG));
  EXPECT_ERRNO(EINVAL, fcntl(fds[0], F_SETSIG, 100));
}

TEST(ioctls_that_every_descriptor_has) {
  COVERS("ioctl");
  int fds[2], on = 1;
  ASSERT_OK(pipe(fds));
  EXPECT_OK(ioctl(fds[0], FIOCLEX));
  EXPECT_EQ(FD_CLOEXEC, fcntl(fds[0], F_GETFD));
  EXPECT_OK(ioctl(fds[0], FIONCLEX));
  EXPECT_EQ(0, fcntl(fds[0], F_GETFD));
  EXPECT_OK(ioctl(fds[0], FIONBIO, &on));
  EXPECT_EQ(O_NONBLOCK, fcntl(fds[0], F_GETFL) & O_NONBLOCK);
  EXPECT_ERRNO(EBADF, ioctl(-1, FIONBIO, &on));
  EXPECT_ERRNO(EFAULT, SYS(ioctl, fds[0], FIONBIO, guest::bad_pointer()));
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abcde");
  lseek(fd, 2, SEEK_SET);
  int left = 0;
  EXPECT_OK(ioctl(fd, FIONREAD, &left));
  EXPECT_EQ(3, left);
  EXPECT_ERRNO(ENOTTY, ioctl(fd, TCGETS, &on));
}

TEST(dup_beyond_the_limit_is_refused) {
  COVERS("dup2", "fcntl", "setrlimit");
  EXPECT_EQ(0, guest::in_child([] {
              rlimit limit{20, 20};
              if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
              if (dup2(0, 19) != 19) return 2;
              if (dup2(0, 20) != -1 || errno != EBADF) return 3;
              if (fcntl(0, F_DUPFD, 20) != -1 || errno != EINVAL) return 4;
              return fcntl(0, F_DUPFD, 19) == -1 && errno == EMFILE ? 0 : 5;
            }));
}

TEST(an_owner_is_a_thread_a_process_or_a_group) {
  COVERS("fcntl");
  int fds[2];
  ASSERT_OK(pipe(fds));
  f_owner_ex owner{F_OWNER_PGRP, getpgrp()}, shown{};
  EXPECT_OK(fcntl(fds[0], F_SETOWN_EX, &owner));
  EXPECT_OK(fcntl(fds[0], F_GETOWN_EX, &shown));
  EXPECT_EQ(F_OWNER_PGRP, shown.type);
  EXPECT_EQ(getpgrp(), shown.pid);
  EXPECT_EQ(-getpgrp(), SYS(fcntl, fds[0], F_GETOWN_EX, &shown) == 0 ? -shown.pid : 0);
  owner = {F_OWNER_TID, static_cast<pid_t>(SYS(gettid))};
  EXPECT_OK(fcntl(fds[0], F_SETOWN_EX, &owner));
  EXPECT_EQ(owner.pid, fcntl(fds[0], F_GETOWN));
  EXPECT_OK(fcntl(fds[0], F_SETOWN, -getpgrp()));
  EXPECT_OK(fcntl(fds[0], F_GETOWN_EX, &shown));
  EXPECT_EQ(F_OWNER_PGRP, shown.type);
  EXPECT_OK(fcntl(fds[0], F_SETOWN, 0));
  EXPECT_EQ(0, fcntl(fds[0], F_GETOWN));
  owner = {static_cast<decltype(owner.type)>(3), 1};
  EXPECT_ERRNO(EINVAL, fcntl(fds[0], F_SETOWN_EX, &owner));
  owner = {F_OWNER_PID, 0x3ffffff};
  EXPECT_ERRNO(ESRCH, fcntl(fds[0], F_SETOWN_EX, &owner));
  EXPECT_ERRNO(ESRCH, fcntl(fds[0], F_SETOWN, 0x3ffffff));
  EXPECT_ERRNO(EINVAL, fcntl(fds[0], F_SETOWN, INT_MIN));
  EXPECT_ERRNO(EFAULT, SYS(fcntl, fds[0], F_GETOWN_EX, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(fcntl, fds[0], F_SETOWN_EX, guest::bad_pointer()));
  pid_t child = guest::spawn([] { return 0; });
  EXPECT_OK(fcntl(fds[0], F_SETOWN, child));
  guest::reap(child);
  EXPECT_EQ(0, fcntl(fds[0], F_GETOWN));
}

namespace {
// What the last signal told.
siginfo_t told;
volatile int signals_told = 0;
void note(int, siginfo_t* info, void*) {
  told = *info;
  signals_told = signals_told + 1;
}
void note_signal(int number) {
  struct sigaction action {};
  action.sa_sigaction = note;
  action.sa_flags = SA_SIGINFO;
  sigaction(number, &action, nullptr);
  signals_told = 0;
}
}  // namespace

TEST(a_pipe_signals_its_owner) {
  COVERS("fcntl", "ioctl", "write", "read");
  int fds[2];
  ASSERT_OK(pipe(fds));
  note_signal(SIGIO);
  EXPECT_OK(fcntl(fds[0], F_SETOWN, getpid()));
  EXPECT_EQ(1, write(fds[1], "x", 1));
  EXPECT_EQ(0, signals_told);
  EXPECT_OK(fcntl(fds[0], F_SETFL, O_ASYNC | O_NONBLOCK));
  EXPECT_EQ(O_ASYNC | O_NONBLOCK, fcntl(fds[0], F_GETFL));
  EXPECT_EQ(1, write(fds[1], "x", 1));
  EXPECT_EQ(1, signals_told);
  EXPECT_EQ(SIGIO, told.si_signo);
  EXPECT_OK(fcntl(fds[0], F_SETSIG, SIGRTMIN + 1));
  note_signal(SIGRTMIN + 1);
  EXPECT_EQ(1, write(fds[1], "x", 1));
  EXPECT_EQ(1, signals_told);
  EXPECT_EQ(SIGRTMIN + 1, told.si_signo);
  EXPECT_EQ(POLL_IN, told.si_code);
  EXPECT_EQ(fds[0], told.si_fd);
  EXPECT_EQ(POLLIN | POLLRDNORM, told.si_band);
  EXPECT_OK(fcntl(fds[0], F_SETFL, 0));
  EXPECT_EQ(1, write(fds[1], "x", 1));
  EXPECT_EQ(1, signals_told);
  int on = 1;
  EXPECT_OK(ioctl(fds[1], FIOASYNC, &on));
  EXPECT_EQ(O_ASYNC | O_WRONLY, fcntl(fds[1], F_GETFL));
  f_owner_ex owner{F_OWNER_TID, static_cast<pid_t>(SYS(gettid))};
  EXPECT_OK(fcntl(fds[1], F_SETOWN_EX, &owner));
  EXPECT_OK(fcntl(fds[1], F_SETSIG, SIGRTMIN + 1));
  char out[8];
  EXPECT_EQ(4, read(fds[0], out, 8));
  EXPECT_EQ(2, signals_told);
  EXPECT_EQ(POLL_OUT, told.si_code);
  EXPECT_EQ(fds[1], told.si_fd);
  on = 0;
  EXPECT_OK(ioctl(fds[1], FIOASYNC, &on));
  EXPECT_EQ(O_WRONLY, fcntl(fds[1], F_GETFL));
}

TEST(a_socket_signals_another_process) {
  COVERS("fcntl", "sendto");
  int fds[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGIO);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  pid_t child = guest::spawn([&] {
    int number = 0;
    return sigwait(&mask, &number) == 0 && number == SIGIO ? 0 : 1;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_OK(fcntl(fds[0], F_SETOWN, child));
  EXPECT_OK(fcntl(fds[0], F_SETFL, O_ASYNC));
  EXPECT_EQ(1, send(fds[1], "x", 1, 0));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(what_cannot_signal_says_so) {
  COVERS("fcntl", "ioctl");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", ""), on = 1, off = 0;
  EXPECT_OK(fcntl(fd, F_SETFL, O_ASYNC));
  EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_ASYNC);
  EXPECT_ERRNO(ENOTTY, ioctl(fd, FIOASYNC, &on));
  EXPECT_OK(ioctl(fd, FIOASYNC, &off));
  EXPECT_ERRNO(EFAULT, SYS(ioctl, fd, FIOASYNC, guest::bad_pointer()));
  int sockets[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
  EXPECT_ERRNO(EINVAL, fcntl(sockets[0], F_SETFL, O_DIRECT));
}

TEST(sizes_by_ioctl) {
  COVERS("ioctl");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "abc"), fds[2], block = 0, flags = -1;
  long long size = -1;
  struct stat stat;
  ASSERT_OK(fsync(fd));
  fstat(fd, &stat);
  EXPECT_OK(ioctl(fd, FIOQSIZE, &size));
  EXPECT_EQ(stat.st_blocks * 512, size);
  EXPECT_OK(ioctl(fd, _IO(0, 2) /* FIGETBSZ */, &block));
  EXPECT_EQ(4096, block);
  EXPECT_OK(ioctl(fd, _IOR('f', 1, long) /* FS_IOC_GETFLAGS */, &flags));
  EXPECT_EQ(0, flags & 0x30);
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(ENOTTY, ioctl(fds[0], FIOQSIZE, &size));
  EXPECT_ERRNO(ENOTTY, ioctl(fds[0], _IOR('f', 1, long), &flags));
  EXPECT_ERRNO(EFAULT, SYS(ioctl, fd, FIOQSIZE, guest::bad_pointer()));
  int path_only = open(dir / "f", O_PATH);
  EXPECT_ERRNO(EBADF, ioctl(path_only, FIOCLEX));
  EXPECT_ERRNO(EBADF, ioctl(path_only, FIONREAD, &block));
}

TEST(files_that_cannot_share_blocks_say_so) {
  COVERS("ioctl");
  guest::TempDir dir;
  int a = guest::make_file(dir / "a", "text"), b = guest::make_file(dir / "b", ""), pipes[2];
  ASSERT_OK(a);
  ASSERT_OK(b);
  ASSERT_OK(pipe(pipes));
  const int reads = open(dir / "a", O_RDONLY), writes = open(dir / "a", O_WRONLY),
            directory = open(dir.path(), O_RDONLY);
  const int appends = open(dir / "b", O_WRONLY | O_APPEND), path_only = open(dir / "a", O_PATH);
  EXPECT_ERRNO(EBADF, ioctl(b, FICLONE, -1));
  EXPECT_ERRNO(EBADF, ioctl(b, FICLONE, path_only));
  EXPECT_ERRNO(EBADF, ioctl(reads, FICLONE, b));
  EXPECT_ERRNO(EBADF, ioctl(b, FICLONE, writes));
  EXPECT_ERRNO(EBADF, ioctl(appends, FICLONE, a));
  EXPECT_ERRNO(EISDIR, ioctl(directory, FICLONE, a));
  EXPECT_ERRNO(EISDIR, ioctl(b, FICLONE, directory));
  EXPECT_ERRNO(EXDEV, ioctl(b, FICLONE, pipes[0]));
  EXPECT_ERRNO(EINVAL, ioctl(pipes[1], FICLONE, pipes[0]));
  EXPECT_ERRNO(EFAULT, SYS(ioctl, pipes[1], FICLONERANGE, guest::bad_pointer()));
  EXPECT_ERRNO(ENOTTY, ioctl(pipes[0], FIBMAP, pipes));
  if (ioctl(b, FICLONE, a) == 0) SKIP("files here can share blocks");
  EXPECT_ERRNO(EOPNOTSUPP, ioctl(b, FICLONE, a));
  file_clone_range range{a, 0, 0, 0};
  EXPECT_ERRNO(EOPNOTSUPP, ioctl(b, FICLONERANGE, &range));
}

TEST(files_that_cannot_be_deduplicated_say_so) {
  COVERS("ioctl");
  guest::TempDir dir;
  int file = guest::make_file(dir / "a", "text"), pipes[2];
  ASSERT_OK(file);
  ASSERT_OK(pipe(pipes));
  const int writes = open(dir / "a", O_WRONLY), directory = open(dir.path(), O_RDONLY);
  alignas(file_dedupe_range) char bytes[sizeof(file_dedupe_range) + sizeof(file_dedupe_range_info)] = {};
  auto* range = reinterpret_cast<file_dedupe_range*>(bytes);
  range->src_length = 4, range->dest_count = 1;
  EXPECT_ERRNO(EFAULT, SYS(ioctl, file, FIDEDUPERANGE, guest::bad_pointer()));
  EXPECT_ERRNO(EINVAL, ioctl(writes, FIDEDUPERANGE, range));
  EXPECT_ERRNO(EISDIR, ioctl(directory, FIDEDUPERANGE, range));
  EXPECT_ERRNO(EINVAL, ioctl(pipes[0], FIDEDUPERANGE, range));
  range->reserved1 = 1;
  EXPECT_ERRNO(EINVAL, ioctl(file, FIDEDUPERANGE, range));
  range->reserved1 = 0, range->dest_count = 60000;
  EXPECT_ERRNO(ENOMEM, ioctl(file, FIDEDUPERANGE, range));
  range->dest_count = 1;
  const int answer = ioctl(file, FIDEDUPERANGE, range);
  EXPECT_TRUE(answer == 0 || errno == EOPNOTSUPP);
}

TEST(questions_about_descriptions) {
  COVERS("fcntl");
  guest::TempDir dir;
  int fd = open(dir / "f", O_RDWR | O_CREAT, 0600), other = open(dir / "f", O_RDWR | O_CREAT, 0600), copy = dup(fd);
  int same = fcntl(fd, 1027 /* F_DUPFD_QUERY */, copy);
  if (same == -1 && errno == EINVAL) SKIP("an older kernel");
  EXPECT_EQ(1, same);
  EXPECT_EQ(0, fcntl(fd, 1027, other));
  EXPECT_ERRNO(EBADF, fcntl(fd, 1027, 999));
  int created = fcntl(fd, 1028 /* F_CREATED_QUERY */);
  if (created == -1 && errno == EINVAL) SKIP("an older kernel");
  EXPECT_EQ(1, created);
  EXPECT_EQ(0, fcntl(other, 1028));
}

TEST(write_hints_are_kept) {
  COVERS("fcntl");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  uint64_t hint = 77;
  EXPECT_OK(fcntl(fd, F_GET_RW_HINT, &hint));
  EXPECT_EQ(0, hint);
  hint = 3;  // RWH_WRITE_LIFE_MEDIUM
  EXPECT_OK(fcntl(fd, F_SET_RW_HINT, &hint));
  int other = open(dir / "f", O_RDONLY);
  hint = 0;
  EXPECT_OK(fcntl(other, F_GET_RW_HINT, &hint));
  EXPECT_EQ(3, hint);
  hint = 6;
  EXPECT_ERRNO(EINVAL, fcntl(fd, F_SET_RW_HINT, &hint));
  EXPECT_ERRNO(EFAULT, SYS(fcntl, fd, F_GET_RW_HINT, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(fcntl, fd, F_SET_RW_HINT, guest::bad_pointer()));
}

TEST(a_directory_signals_changes) {
  COVERS("fcntl", "openat", "unlink");
  guest::TempDir dir;
  int fd = open(dir.path(), O_RDONLY), file = guest::make_file(dir / "f", "");
  note_signal(SIGRTMIN + 2);
  EXPECT_OK(fcntl(fd, F_SETSIG, SIGRTMIN + 2));
  EXPECT_OK(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MODIFY));
  EXPECT_EQ(getpid(), fcntl(fd, F_GETOWN));
  EXPECT_EQ(1, write(file, "x", 1));
  EXPECT_EQ(1, signals_told);
  EXPECT_EQ(fd, told.si_fd);
  EXPECT_EQ(POLL_MSG, told.si_code);
  close(guest::make_file(dir / "g", ""));  // one shot
  EXPECT_EQ(1, signals_told);
  EXPECT_OK(fcntl(fd, F_NOTIFY, DN_DELETE | DN_RENAME | DN_ATTRIB | DN_MULTISHOT));
  fchmod(file, 0640);
  EXPECT_EQ(2, signals_told);
  unlink(dir / "g");
  EXPECT_EQ(3, signals_told);
  EXPECT_OK(fcntl(fd, F_NOTIFY, 0));
  unlink(dir / "f");
  EXPECT_EQ(3, signals_told);
  EXPECT_ERRNO(ENOTDIR, fcntl(file, F_NOTIFY, DN_CREATE));
}

GUEST_TEST_MAIN
