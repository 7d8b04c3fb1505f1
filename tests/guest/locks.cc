// flock(2) and the record locks of fcntl(2): of a process and of an open file description.
#include "tests/guest/guest_test.h"

#include <sys/file.h>

namespace {
struct flock record(short type, off_t start = 0, off_t length = 0) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return lock;
}
}  // namespace

TEST(flock_belongs_to_the_description) {
  COVERS("flock");
  guest::TempDir dir;
  int one = guest::make_file(dir / "f", ""), two = open(dir / "f", O_RDONLY), copy = dup(one);
  EXPECT_OK(SYS(flock, one, LOCK_SH));
  EXPECT_OK(SYS(flock, two, LOCK_SH | LOCK_NB));
  EXPECT_ERRNO(EWOULDBLOCK, SYS(flock, two, LOCK_EX | LOCK_NB));
  EXPECT_OK(SYS(flock, copy, LOCK_UN));
  EXPECT_OK(SYS(flock, two, LOCK_EX | LOCK_NB));
  EXPECT_ERRNO(EWOULDBLOCK, SYS(flock, one, LOCK_SH | LOCK_NB));
  close(two);
  EXPECT_OK(SYS(flock, one, LOCK_EX | LOCK_NB));
  EXPECT_ERRNO(EINVAL, SYS(flock, one, 16));
  EXPECT_ERRNO(EBADF, SYS(flock, -1, LOCK_SH));
}

TEST(a_blocked_flock_gets_it_when_freed) {
  COVERS("flock");
  guest::TempDir dir;
  int one = guest::make_file(dir / "f", "");
  flock(one, LOCK_EX);
  pid_t child = guest::spawn([&] {
    int two = open(dir / "f", O_RDWR);
    return flock(two, LOCK_EX);
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  flock(one, LOCK_UN);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(record_locks_conflict_between_processes_only) {
  COVERS("fcntl");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "0123456789");
  struct flock mine = record(F_WRLCK, 2, 3);
  EXPECT_OK(fcntl(fd, F_SETLK, &mine));
  EXPECT_OK(fcntl(fd, F_SETLK, &mine));
  pid_t owner = getpid();
  EXPECT_EQ(0, guest::in_child([&] {
              int other = open(dir / "f", O_RDWR);
              struct flock lock = record(F_RDLCK, 4, 1);
              if (fcntl(other, F_SETLK, &lock) != -1 || (errno != EAGAIN && errno != EACCES)) return 1;
              if (fcntl(other, F_GETLK, &lock) != 0) return 2;
              if (lock.l_type != F_WRLCK || lock.l_pid != owner || lock.l_start != 2 || lock.l_len != 3) return 3;
              lock = record(F_WRLCK, 5, 0);
              if (fcntl(other, F_SETLK, &lock) != 0) return 4;
              lock = record(F_WRLCK, 0, 2);
              return fcntl(other, F_SETLK, &lock);
            }));
}

TEST(unlocking_the_middle_splits) {
  COVERS("fcntl");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  struct flock all = record(F_WRLCK, 0, 100), middle = record(F_UNLCK, 40, 20);
  fcntl(fd, F_SETLK, &all);
  EXPECT_OK(fcntl(fd, F_SETLK, &middle));
  EXPECT_EQ(0, guest::in_child([&] {
              int other = open(dir / "f", O_RDWR);
              struct flock lock = record(F_WRLCK, 40, 20);
              if (fcntl(other, F_SETLK, &lock) != 0) return 1;
              lock = record(F_WRLCK, 60, 1);
              return fcntl(other, F_SETLK, &lock) == -1 ? 0 : 2;
            }));
}

TEST(closing_any_descriptor_drops_the_processes_locks) {
  COVERS("fcntl", "close");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  struct flock lock = record(F_WRLCK);
  fcntl(fd, F_SETLK, &lock);
  close(open(dir / "f", O_RDONLY));
  EXPECT_EQ(0, guest::in_child([&] {
              int other = open(dir / "f", O_RDWR);
              struct flock wanted = record(F_WRLCK);
              return fcntl(other, F_SETLK, &wanted);
            }));
}

TEST(setlkw_waits_and_sees_deadlock) {
  COVERS("fcntl");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  struct flock first = record(F_WRLCK, 0, 1), second = record(F_WRLCK, 1, 1);
  fcntl(fd, F_SETLK, &first);
  pid_t child = guest::spawn([&] {
    int other = open(dir / "f", O_RDWR);
    struct flock own = record(F_WRLCK, 1, 1), wanted = record(F_WRLCK, 0, 1);
    fcntl(other, F_SETLK, &own);
    return fcntl(other, F_SETLKW, &wanted);
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_ERRNO(EDEADLK, fcntl(fd, F_SETLKW, &second));
  first.l_type = F_UNLCK;
  fcntl(fd, F_SETLK, &first);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(description_locks_follow_the_description) {
  COVERS("fcntl");
  guest::TempDir dir;
  int one = guest::make_file(dir / "f", ""), two = open(dir / "f", O_RDWR);
  struct flock lock = record(F_WRLCK);
  EXPECT_OK(fcntl(one, F_OFD_SETLK, &lock));
  EXPECT_ERRNO(EAGAIN, fcntl(two, F_OFD_SETLK, &lock));
  struct flock told = record(F_WRLCK);
  EXPECT_OK(fcntl(two, F_OFD_GETLK, &told));
  EXPECT_EQ(-1, told.l_pid);
  close(one);
  EXPECT_OK(fcntl(two, F_OFD_SETLK, &lock));
  lock.l_pid = 5;
  EXPECT_ERRNO(EINVAL, fcntl(two, F_OFD_SETLK, &lock));
}

TEST(record_lock_errors) {
  COVERS("fcntl");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  int reader = open(dir / "f", O_RDONLY);
  struct flock lock = record(F_WRLCK), bad = record(9);
  EXPECT_ERRNO(EBADF, fcntl(reader, F_SETLK, &lock));
  EXPECT_ERRNO(EINVAL, fcntl(reader, F_SETLK, &bad));
  EXPECT_ERRNO(EFAULT, SYS(fcntl, reader, F_SETLK, guest::bad_pointer()));
  lock = record(F_RDLCK, -5, 1);
  EXPECT_ERRNO(EINVAL, fcntl(reader, F_SETLK, &lock));
}

TEST(a_lease_is_kept_and_given_up) {
  COVERS("fcntl");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", ""));
  int reader = open(dir / "f", O_RDONLY);
  EXPECT_EQ(F_UNLCK, fcntl(reader, F_GETLEASE));
  EXPECT_ERRNO(EAGAIN, fcntl(reader, F_SETLEASE, F_UNLCK));
  EXPECT_OK(fcntl(reader, F_SETLEASE, F_RDLCK));
  EXPECT_EQ(F_RDLCK, fcntl(reader, F_GETLEASE));
  EXPECT_OK(fcntl(reader, F_SETLEASE, F_WRLCK));
  EXPECT_EQ(F_WRLCK, fcntl(reader, F_GETLEASE));
  EXPECT_OK(fcntl(reader, F_SETLEASE, F_UNLCK));
  EXPECT_EQ(F_UNLCK, fcntl(reader, F_GETLEASE));
  int other = open(dir / "f", O_RDONLY);
  EXPECT_ERRNO(EAGAIN, fcntl(reader, F_SETLEASE, F_WRLCK));
  EXPECT_OK(fcntl(reader, F_SETLEASE, F_RDLCK));
  EXPECT_OK(fcntl(other, F_SETLEASE, F_RDLCK));
  EXPECT_ERRNO(EAGAIN, fcntl(other, F_SETLEASE, F_WRLCK));
  close(other);
  close(reader);
  int writer = open(dir / "f", O_RDWR);
  EXPECT_ERRNO(EAGAIN, fcntl(writer, F_SETLEASE, F_RDLCK));
  EXPECT_OK(fcntl(writer, F_SETLEASE, F_WRLCK));
  int fds[2], directory = open(dir.path(), O_RDONLY);
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(EINVAL, fcntl(fds[0], F_SETLEASE, F_RDLCK));
  EXPECT_ERRNO(EINVAL, fcntl(directory, F_SETLEASE, F_RDLCK));
  EXPECT_ERRNO(EINVAL, fcntl(writer, F_SETLEASE, 9));
}

TEST(an_opener_breaks_a_lease) {
  COVERS("fcntl", "openat", "truncate");
  guest::TempDir dir;
  close(guest::make_file(dir / "f", "abc"));
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGIO);
  sigaddset(&mask, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  int reader = open(dir / "f", O_RDONLY), number = 0;
  ASSERT_OK(fcntl(reader, F_SETLEASE, F_RDLCK));
  int again = open(dir / "f", O_RDONLY);  // readers do not mind each other
  EXPECT_OK(again);
  close(again);
  EXPECT_ERRNO(EAGAIN, open(dir / "f", O_WRONLY | O_NONBLOCK));
  EXPECT_EQ(0, sigwait(&mask, &number));
  EXPECT_EQ(SIGIO, number);
  EXPECT_EQ(F_UNLCK, fcntl(reader, F_GETLEASE));  // what it is to become
  pid_t child = guest::spawn([&] { return open(dir / "f", O_WRONLY) >= 0 ? 0 : 1; });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_OK(fcntl(reader, F_SETLEASE, F_UNLCK));
  EXPECT_EQ(0, guest::reap(child));
  close(reader);
  // A write lease, which a reader breaks down to a read lease.
  reader = open(dir / "f", O_RDONLY);
  ASSERT_OK(fcntl(reader, F_SETLEASE, F_WRLCK));
  ASSERT_OK(fcntl(reader, F_SETSIG, SIGRTMIN));
  child = guest::spawn([&] { return open(dir / "f", O_RDONLY) >= 0 ? 0 : 1; });
  siginfo_t info{};
  EXPECT_EQ(SIGRTMIN, sigwaitinfo(&mask, &info));
  EXPECT_EQ(reader, info.si_fd);
  EXPECT_EQ(F_RDLCK, fcntl(reader, F_GETLEASE));
  EXPECT_OK(fcntl(reader, F_SETLEASE, F_RDLCK));
  EXPECT_EQ(0, guest::reap(child));
  child = guest::spawn([&] { return truncate(dir / "f", 0) == 0 ? 0 : 1; });
  EXPECT_EQ(SIGRTMIN, sigwaitinfo(&mask, &info));
  EXPECT_OK(fcntl(reader, F_SETLEASE, F_UNLCK));
  EXPECT_EQ(0, guest::reap(child));
}

GUEST_TEST_MAIN
