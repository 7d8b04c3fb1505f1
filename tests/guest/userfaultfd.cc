// userfaultfd(2): faults that a thread of the program, or another process, resolves.
// Longer than 500 lines: all cases speak through the same dozen of small functions.
#include "tests/guest/guest_test.h"

#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

namespace {

constexpr size_t kPage = 4096;

int open_uffd(uint64_t features = 0, int flags = UFFD_USER_MODE_ONLY) {
  int fd = static_cast<int>(SYS(userfaultfd, O_CLOEXEC | O_NONBLOCK | flags));
  if (fd == -1) return -1;
  uffdio_api api{};
  api.api = UFFD_API, api.features = features;
  return ioctl(fd, UFFDIO_API, &api) == 0 ? fd : -1;
}

char* fresh(size_t pages) {
  void* map = mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return map == MAP_FAILED ? nullptr : static_cast<char*>(map);
}

int watch(int fd, const void* from, size_t length, uint64_t mode = UFFDIO_REGISTER_MODE_MISSING,
          uint64_t* ioctls = nullptr) {
  uffdio_register wanted{};
  wanted.range = {reinterpret_cast<uintptr_t>(from), length};
  wanted.mode = mode;
  int result = ioctl(fd, UFFDIO_REGISTER, &wanted);
  if (ioctls != nullptr) *ioctls = wanted.ioctls;
  return result;
}

int unwatch(int fd, const void* from, size_t length) {
  uffdio_range range{reinterpret_cast<uintptr_t>(from), length};
  return ioctl(fd, UFFDIO_UNREGISTER, &range);
}

int wake(int fd, const void* from, size_t length) {
  uffdio_range range{reinterpret_cast<uintptr_t>(from), length};
  return ioctl(fd, UFFDIO_WAKE, &range);
}

int copy(int fd, const void* to, const void* from, size_t length, uint64_t mode = 0, int64_t* done = nullptr) {
  uffdio_copy wanted{};
  wanted.dst = reinterpret_cast<uintptr_t>(to), wanted.src = reinterpret_cast<uintptr_t>(from);
  wanted.len = length, wanted.mode = mode, wanted.copy = 99;
  int result = ioctl(fd, UFFDIO_COPY, &wanted);
  if (done != nullptr) *done = wanted.copy;
  return result;
}

int zero(int fd, const void* to, size_t length, uint64_t mode = 0, int64_t* done = nullptr) {
  uffdio_zeropage wanted{};
  wanted.range = {reinterpret_cast<uintptr_t>(to), length}, wanted.mode = mode, wanted.zeropage = 99;
  int result = ioctl(fd, UFFDIO_ZEROPAGE, &wanted);
  if (done != nullptr) *done = wanted.zeropage;
  return result;
}

int protect(int fd, const void* at, size_t length, uint64_t mode) {
  uffdio_writeprotect wanted{};
  wanted.range = {reinterpret_cast<uintptr_t>(at), length}, wanted.mode = mode;
  return ioctl(fd, UFFDIO_WRITEPROTECT, &wanted);
}

// Reads one message within two seconds.
bool next_fault(int fd, uffd_msg* message) {
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, 2000) == 1 && read(fd, message, sizeof *message) == sizeof *message;
}

// Touches a byte in a thread of its own: `value` is what it read, or is written where not negative.
struct Toucher {
  volatile char* where;
  int writes = -1;
  int value = -1;
  pid_t tid = 0;
  pthread_t thread;
  explicit Toucher(volatile char* at, int to_write = -1) : where(at), writes(to_write) {
    pthread_create(
        &thread, nullptr,
        [](void* self) -> void* {
          auto* t = static_cast<Toucher*>(self);
          __atomic_store_n(&t->tid, static_cast<pid_t>(SYS(gettid)), __ATOMIC_SEQ_CST);
          if (t->writes >= 0)
            *t->where = static_cast<char>(t->writes);
          else
            t->value = *t->where;
          return nullptr;
        },
        this);
  }
  void join() { pthread_join(thread, nullptr); }
};

alignas(kPage) char source[2 * kPage];

#define NEED_UFFD                                                        \
  {                                                                      \
    int probe = static_cast<int>(SYS(userfaultfd, UFFD_USER_MODE_ONLY)); \
    if (probe == -1) SKIP("no userfaultfd here");                        \
    close(probe);                                                        \
  }

}  // namespace

TEST(flags_and_rights_of_the_call) {
  COVERS("userfaultfd");
  NEED_UFFD;
  EXPECT_ERRNO(EINVAL, SYS(userfaultfd, UFFD_USER_MODE_ONLY | 4));
  EXPECT_ERRNO(EINVAL, SYS(userfaultfd, UFFD_USER_MODE_ONLY | O_APPEND));
  int fd = static_cast<int>(SYS(userfaultfd, UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK));
  ASSERT_OK(fd);
  EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
  EXPECT_TRUE((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  close(fd);
  EXPECT_EQ(0, guest::in_child([] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              if (SYS(userfaultfd, 0x4000) != -1 || errno != EPERM) return 2;
              return SYS(userfaultfd, UFFD_USER_MODE_ONLY) >= 0 ? 0 : 3;
            }));
}

TEST(what_is_agreed_on_comes_first) {
  COVERS("userfaultfd", "ioctl", "read");
  NEED_UFFD;
  int fd = static_cast<int>(SYS(userfaultfd, O_NONBLOCK | UFFD_USER_MODE_ONLY));
  ASSERT_OK(fd);
  pollfd wait{fd, POLLIN, 0};
  EXPECT_EQ(1, poll(&wait, 1, 0));
  EXPECT_EQ(POLLERR, wait.revents);
  uffd_msg message;
  EXPECT_ERRNO(EINVAL, read(fd, &message, sizeof message));
  char* map = fresh(1);
  EXPECT_ERRNO(EINVAL, watch(fd, map, kPage));
  uffdio_api api{};
  api.api = 1;
  EXPECT_ERRNO(EINVAL, ioctl(fd, UFFDIO_API, &api));
  EXPECT_EQ(0u, api.ioctls);
  api.api = UFFD_API, api.features = uint64_t{1} << 60;
  EXPECT_ERRNO(EINVAL, ioctl(fd, UFFDIO_API, &api));
  EXPECT_EQ(0u, api.api);
  api.api = UFFD_API, api.features = UFFD_FEATURE_THREAD_ID;
  EXPECT_OK(ioctl(fd, UFFDIO_API, &api));
  const uint64_t known = UFFD_FEATURE_THREAD_ID | UFFD_FEATURE_SIGBUS | UFFD_FEATURE_PAGEFAULT_FLAG_WP;
  EXPECT_EQ(known, api.features & known);
  EXPECT_EQ((uint64_t{1} << _UFFDIO_REGISTER) | (uint64_t{1} << _UFFDIO_UNREGISTER) | (uint64_t{1} << _UFFDIO_API),
            api.ioctls);
  EXPECT_ERRNO(EINVAL, ioctl(fd, UFFDIO_API, &api));
  wait.revents = 0;
  EXPECT_EQ(0, poll(&wait, 1, 0));
  EXPECT_ERRNO(EAGAIN, read(fd, &message, sizeof message));
  EXPECT_ERRNO(EINVAL, read(fd, &message, 8));
  EXPECT_ERRNO(EBADF, write(fd, &message, sizeof message));
  EXPECT_ERRNO(EINVAL, ioctl(fd, 0x1234, 0));
  EXPECT_ERRNO(EFAULT, ioctl(fd, UFFDIO_REGISTER, guest::bad_pointer()));
  char link[64], name[64] = {};
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  EXPECT_TRUE(readlink(link, name, sizeof name - 1) > 0);
  EXPECT_STREQ("anon_inode:[userfaultfd]", name);
  munmap(map, kPage);
  close(fd);
}

TEST(ranges_are_judged) {
  COVERS("userfaultfd", "ioctl");
  NEED_UFFD;
  int fd = open_uffd(), other = open_uffd();
  char* map = fresh(8);
  EXPECT_ERRNO(EINVAL, watch(fd, map, 0));
  EXPECT_ERRNO(EINVAL, watch(fd, map + 1, kPage));
  EXPECT_ERRNO(EINVAL, watch(fd, map, kPage - 1));
  EXPECT_ERRNO(EINVAL, watch(fd, map, kPage, 0));
  EXPECT_ERRNO(EINVAL, watch(fd, map, kPage, 64));
  EXPECT_ERRNO(EINVAL, watch(fd, nullptr, kPage));
  EXPECT_ERRNO(EINVAL, watch(fd, reinterpret_cast<void*>(-kPage), kPage));
  uint64_t ioctls = 0;
  EXPECT_OK(watch(fd, map, 4 * kPage, UFFDIO_REGISTER_MODE_MISSING, &ioctls));
  const uint64_t basic = 1 << _UFFDIO_WAKE | 1 << _UFFDIO_COPY | 1 << _UFFDIO_ZEROPAGE;
  EXPECT_EQ(basic, ioctls & basic);
  EXPECT_EQ(0u, ioctls & 1 << _UFFDIO_WRITEPROTECT);
  EXPECT_OK(watch(fd, map, 4 * kPage));
  EXPECT_OK(watch(fd, map, kPage, UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP, &ioctls));
  EXPECT_EQ(1u << _UFFDIO_WRITEPROTECT, ioctls & 1 << _UFFDIO_WRITEPROTECT);
  EXPECT_ERRNO(EBUSY, watch(other, map, kPage));
  EXPECT_ERRNO(EINVAL, unwatch(other, map, kPage));
  int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  void* of_file = mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, file, 0);
  EXPECT_ERRNO(EINVAL, watch(fd, of_file, kPage));
  EXPECT_ERRNO(EINVAL, unwatch(fd, of_file, kPage));
  EXPECT_OK(unwatch(fd, map + 4 * kPage, kPage));  // nobody's
  munmap(map + 2 * kPage, kPage);
  EXPECT_OK(watch(fd, map, 4 * kPage));  // around a hole
  EXPECT_ERRNO(EINVAL, watch(fd, map + 2 * kPage, kPage));
  EXPECT_OK(unwatch(fd, map, 4 * kPage));
  EXPECT_OK(wake(fd, map, kPage));
  EXPECT_ERRNO(EINVAL, wake(fd, map, 0));
  EXPECT_ERRNO(EINVAL, wake(fd, map, kPage + 1));
  munmap(of_file, kPage), munmap(map, 8 * kPage);
  close(file), close(fd), close(other);
}

TEST(a_missing_page_is_copied) {
  COVERS("userfaultfd", "ioctl", "read");
  NEED_UFFD;
  int fd = open_uffd();
  char* map = fresh(4);
  ASSERT_OK(watch(fd, map, 4 * kPage));
  memset(source, 7, sizeof source);
  Toucher reader(map + kPage + 123);
  uffd_msg message{};
  ASSERT_TRUE(next_fault(fd, &message));
  EXPECT_EQ(UFFD_EVENT_PAGEFAULT, message.event);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(map + kPage), message.arg.pagefault.address);
  EXPECT_EQ(0u, message.arg.pagefault.flags);
  EXPECT_EQ(0u, message.arg.pagefault.feat.ptid);
  EXPECT_ERRNO(EAGAIN, read(fd, &message, sizeof message));  // told once
  EXPECT_EQ(-1, reader.value);
  int64_t done = 0;
  EXPECT_OK(copy(fd, map + kPage, source, kPage, 0, &done));
  EXPECT_EQ(static_cast<int64_t>(kPage), done);
  reader.join();
  EXPECT_EQ(7, reader.value);
  EXPECT_EQ(7, map[2 * kPage - 1]);
  Toucher writer(map + 5, 3);
  ASSERT_TRUE(next_fault(fd, &message));
  EXPECT_EQ(UFFD_PAGEFAULT_FLAG_WRITE, message.arg.pagefault.flags);
  EXPECT_OK(zero(fd, map, kPage, 0, &done));
  EXPECT_EQ(static_cast<int64_t>(kPage), done);
  writer.join();
  EXPECT_EQ(3, map[5]);
  EXPECT_EQ(0, map[6]);
  munmap(map, 4 * kPage);
  close(fd);
}

TEST(copies_are_judged) {
  COVERS("ioctl");
  NEED_UFFD;
  int fd = open_uffd();
  char* map = fresh(8);
  map[0] = 1;
  ASSERT_OK(watch(fd, map, 4 * kPage));
  int64_t done = 0;
  EXPECT_ERRNO(EEXIST, copy(fd, map, source, kPage, 0, &done));
  EXPECT_EQ(-EEXIST, done);
  EXPECT_ERRNO(EEXIST, zero(fd, map, kPage, 0, &done));
  EXPECT_EQ(1, map[0]);
  EXPECT_ERRNO(EINVAL, copy(fd, map + kPage, source, 0));
  EXPECT_ERRNO(EINVAL, copy(fd, map + kPage, source, 100));
  EXPECT_ERRNO(EINVAL, copy(fd, map + kPage, source, kPage, 8, &done));
  EXPECT_EQ(99, done);
  EXPECT_ERRNO(EINVAL, copy(fd, map + kPage, source, kPage, UFFDIO_COPY_MODE_WP, &done));
  EXPECT_EQ(-EINVAL, done);
  EXPECT_ERRNO(EFAULT, copy(fd, map + kPage, guest::bad_pointer(), kPage, 0, &done));
  EXPECT_EQ(-EFAULT, done);
  EXPECT_OK(copy(fd, map + kPage, source + 1, kPage));  // from anywhere
  EXPECT_ERRNO(ENOENT, copy(fd, map + 5 * kPage, source, kPage, 0, &done));
  EXPECT_EQ(-ENOENT, done);
  EXPECT_ERRNO(ENOENT, copy(fd, map + 3 * kPage, source, 2 * kPage));  // as far as it goes is not enough
  EXPECT_ERRNO(ENOENT, zero(fd, map + 5 * kPage, kPage));
  EXPECT_ERRNO(EINVAL, zero(fd, map + 2 * kPage, kPage, 2));
  EXPECT_OK(copy(fd, map + 3 * kPage, source, kPage));
  EXPECT_ERRNO(EAGAIN, copy(fd, map + 2 * kPage, source, 2 * kPage, 0, &done));  // a part
  EXPECT_EQ(static_cast<int64_t>(kPage), done);
  munmap(map, 8 * kPage);
  close(fd);
}

TEST(waiters_sleep_on_until_they_are_woken) {
  COVERS("ioctl");
  NEED_UFFD;
  int fd = open_uffd(UFFD_FEATURE_THREAD_ID);
  char* map = fresh(2);
  ASSERT_OK(watch(fd, map, 2 * kPage));
  memset(source, 9, sizeof source);
  Toucher reader(map);
  uffd_msg message{};
  ASSERT_TRUE(next_fault(fd, &message));
  EXPECT_EQ(reader.tid, static_cast<pid_t>(message.arg.pagefault.feat.ptid));
  EXPECT_OK(copy(fd, map, source, kPage, UFFDIO_COPY_MODE_DONTWAKE));
  guest::sleep_ms(30);
  EXPECT_EQ(-1, reader.value);
  EXPECT_OK(wake(fd, map + kPage, kPage));
  guest::sleep_ms(30);
  EXPECT_EQ(-1, reader.value);
  EXPECT_OK(wake(fd, map, kPage));
  reader.join();
  EXPECT_EQ(9, reader.value);
  Toucher again(map + kPage);  // woken, and the page still missing: told once more
  ASSERT_TRUE(next_fault(fd, &message));
  EXPECT_OK(wake(fd, map + kPage, kPage));
  ASSERT_TRUE(next_fault(fd, &message));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(map + kPage), message.arg.pagefault.address);
  EXPECT_OK(unwatch(fd, map, 2 * kPage));  // as everywhere from now on
  again.join();
  EXPECT_EQ(0, again.value);
  munmap(map, 2 * kPage);
  close(fd);
}

TEST(what_was_touched_is_not_missing) {
  COVERS("ioctl");
  NEED_UFFD;
  int fd = open_uffd();
  char* map = fresh(16);
  map[3 * kPage] = 5, map[9 * kPage + 17] = 6;
  ASSERT_OK(watch(fd, map, 16 * kPage));
  EXPECT_EQ(5, map[3 * kPage]);
  EXPECT_EQ(6, map[9 * kPage + 17]);
  map[9 * kPage] = 8;
  EXPECT_OK(zero(fd, map, 3 * kPage));
  EXPECT_ERRNO(EEXIST, zero(fd, map + 3 * kPage, kPage));
  EXPECT_OK(zero(fd, map + 4 * kPage, 5 * kPage));
  EXPECT_ERRNO(EEXIST, zero(fd, map + 9 * kPage, kPage));
  EXPECT_OK(madvise(map + 3 * kPage, kPage, MADV_DONTNEED));  // missing again
  EXPECT_OK(zero(fd, map + 3 * kPage, kPage));
  EXPECT_EQ(0, map[3 * kPage]);
  munmap(map, 16 * kPage);
  close(fd);
}

TEST(protected_pages_are_written_after_an_answer) {
  COVERS("ioctl");
  NEED_UFFD;
  int fd = open_uffd(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
  char* map = fresh(4);
  memset(map, 1, 4 * kPage);
  EXPECT_ERRNO(ENOENT, protect(fd, map, kPage, UFFDIO_WRITEPROTECT_MODE_WP));
  ASSERT_OK(watch(fd, map, 3 * kPage, UFFDIO_REGISTER_MODE_WP));
  EXPECT_ERRNO(EINVAL, protect(fd, map, 0, UFFDIO_WRITEPROTECT_MODE_WP));
  EXPECT_ERRNO(EINVAL, protect(fd, map, kPage, 4));
  EXPECT_ERRNO(EINVAL, protect(fd, map, kPage, UFFDIO_WRITEPROTECT_MODE_WP | UFFDIO_WRITEPROTECT_MODE_DONTWAKE));
  EXPECT_OK(protect(fd, map + kPage, kPage, UFFDIO_WRITEPROTECT_MODE_WP));
  map[0] = 2, map[2 * kPage] = 2;
  EXPECT_EQ(1, map[kPage]);
  Toucher writer(map + kPage, 3);
  uffd_msg message{};
  ASSERT_TRUE(next_fault(fd, &message));
  EXPECT_EQ(static_cast<uint64_t>(UFFD_PAGEFAULT_FLAG_WP | UFFD_PAGEFAULT_FLAG_WRITE), message.arg.pagefault.flags);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(map + kPage), message.arg.pagefault.address);
  EXPECT_EQ(1, map[kPage]);
  EXPECT_OK(protect(fd, map + kPage, kPage, 0));
  writer.join();
  EXPECT_EQ(3, map[kPage]);
  EXPECT_OK(protect(fd, map, 3 * kPage, UFFDIO_WRITEPROTECT_MODE_WP));
  EXPECT_EQ(0, guest::in_child([&] {  // not inherited
              map[0] = 4, map[kPage] = 4;
              return map[0] == 4 ? 0 : 1;
            }));
  EXPECT_OK(unwatch(fd, map, 3 * kPage));
  map[0] = 5;
  EXPECT_EQ(5, map[0]);
  munmap(map, 4 * kPage);
  close(fd);
}

TEST(a_page_may_come_protected) {
  COVERS("ioctl");
  NEED_UFFD;
  int fd = open_uffd(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
  char* map = fresh(1);
  ASSERT_OK(watch(fd, map, kPage, UFFDIO_REGISTER_MODE_WP | UFFDIO_REGISTER_MODE_MISSING));
  memset(source, 2, sizeof source);
  EXPECT_OK(copy(fd, map, source, kPage, UFFDIO_COPY_MODE_WP));
  EXPECT_EQ(2, map[0]);
  Toucher writer(map, 3);
  uffd_msg message{};
  ASSERT_TRUE(next_fault(fd, &message));
  EXPECT_OK(protect(fd, map, kPage, UFFDIO_WRITEPROTECT_MODE_DONTWAKE));
  EXPECT_OK(wake(fd, map, kPage));
  writer.join();
  EXPECT_EQ(3, map[0]);
  munmap(map, kPage);
  close(fd);
}

TEST(calls_meet_missing_pages) {
  COVERS("userfaultfd", "read", "write");
  NEED_UFFD;
  int fds[2];
  ASSERT_OK(pipe2(fds, O_CLOEXEC));
  {
    int fd = open_uffd();
    char* map = fresh(1);
    ASSERT_OK(watch(fd, map, kPage));
    EXPECT_ERRNO(EFAULT, write(fds[1], map, 1));  // UFFD_USER_MODE_ONLY
    munmap(map, kPage), close(fd);
  }
  int fd = open_uffd(0, 0);
  if (fd == -1) SKIP("the kernel waits for nobody without CAP_SYS_PTRACE");
  char* map = fresh(2);
  ASSERT_OK(watch(fd, map, 2 * kPage));
  memset(source, 'k', sizeof source);
  struct Answer {
    int fd;
    char* map;
  } answer{fd, map};
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void* data) -> void* {
        auto* a = static_cast<Answer*>(data);
        for (int i = 0; i < 2; ++i) {
          uffd_msg message{};
          if (!next_fault(a->fd, &message)) return nullptr;
          copy(a->fd, reinterpret_cast<void*>(message.arg.pagefault.address), source, kPage);
        }
        return nullptr;
      },
      &answer);
  EXPECT_EQ(4, write(fds[1], map, 4));  // waits for its page
  EXPECT_EQ(4, read(fds[0], map + kPage, 4));
  pthread_join(thread, nullptr);
  EXPECT_EQ('k', map[kPage + 3]);
  EXPECT_EQ('k', map[kPage + 4]);
  munmap(map, 2 * kPage);
  close(fd), close(fds[0]), close(fds[1]);
}

TEST(a_signal_instead_of_a_message) {
  COVERS("userfaultfd");
  NEED_UFFD;
  int fd = open_uffd(UFFD_FEATURE_SIGBUS);
  ASSERT_OK(fd);
  char* map = fresh(1);
  ASSERT_OK(watch(fd, map, kPage));
  EXPECT_EQ(SIGBUS, guest::signal_of([&] {
              int own = open_uffd(UFFD_FEATURE_SIGBUS);
              char* mine = fresh(1);
              watch(own, mine, kPage);
              mine[0] = 1;
            }));
  EXPECT_EQ(0, guest::in_child([&] {  // the range is not inherited
              map[0] = 1;
              return 0;
            }));
  munmap(map, kPage);
  close(fd);
}

TEST(its_end_lets_everybody_go) {
  COVERS("close");
  NEED_UFFD;
  int fd = open_uffd();
  char* map = fresh(1);
  ASSERT_OK(watch(fd, map, kPage));
  Toucher reader(map);
  uffd_msg message{};
  ASSERT_TRUE(next_fault(fd, &message));
  close(fd);
  reader.join();
  EXPECT_EQ(0, reader.value);
  munmap(map, kPage);
}

TEST(another_process_answers) {
  COVERS("userfaultfd", "ioctl");
  NEED_UFFD;
  int fd = open_uffd();
  char* map = fresh(1);
  ASSERT_OK(watch(fd, map, kPage));
  memset(source, 4, sizeof source);
  pid_t child = guest::spawn([&] {
    uffd_msg message{};
    if (!next_fault(fd, &message)) return 1;
    return copy(fd, reinterpret_cast<void*>(message.arg.pagefault.address), source, kPage) == 0 ? 0 : 2;
  });
  EXPECT_EQ(4, map[0]);
  EXPECT_EQ(0, guest::reap(child));
  munmap(map, kPage);
  close(fd);
}

TEST(a_moved_mapping_is_watched_no_more) {
  COVERS("mremap");
  NEED_UFFD;
  int fd = open_uffd();
  char* map = fresh(2);
  ASSERT_OK(watch(fd, map, 2 * kPage));
  char* to = fresh(2);
  void* moved = mremap(map, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, to);
  ASSERT_TRUE(moved == to);
  to[0] = 1;
  EXPECT_EQ(0, to[kPage]);
  munmap(to, 2 * kPage);
  close(fd);
}

TEST(protection_changes_and_it_stays_watched) {
  COVERS("mprotect");
  NEED_UFFD;
  int fd = open_uffd();
  char* map = fresh(2);
  ASSERT_OK(watch(fd, map, 2 * kPage));
  EXPECT_OK(mprotect(map, 2 * kPage, PROT_READ));
  EXPECT_OK(mprotect(map, 2 * kPage, PROT_READ | PROT_WRITE));
  EXPECT_OK(zero(fd, map, 2 * kPage));  // still missing
  EXPECT_EQ(SIGSEGV, guest::signal_of([] {
              int own = open_uffd();
              char* mine = fresh(1);
              watch(own, mine, kPage);
              mprotect(mine, kPage, PROT_NONE);
              mine[0] = 1;
            }));
  munmap(map, 2 * kPage);
  close(fd);
}

TEST(a_signal_ends_a_wait) {
  COVERS("userfaultfd");
  NEED_UFFD;
  int fd = open_uffd();
  char* map = fresh(1);
  ASSERT_OK(watch(fd, map, kPage));
  static volatile int handled;
  handled = 0;
  guest::handle(SIGUSR1, [](int) { handled = 1; });
  Toucher reader(map);
  uffd_msg message{};
  ASSERT_TRUE(next_fault(fd, &message));
  pthread_kill(reader.thread, SIGUSR1);
  EXPECT_TRUE(guest::eventually([] { return handled == 1; }));
  ASSERT_TRUE(next_fault(fd, &message));  // told anew
  EXPECT_OK(zero(fd, map, kPage));
  reader.join();
  EXPECT_EQ(0, reader.value);
  munmap(map, kPage);
  close(fd);
}

GUEST_TEST_MAIN
