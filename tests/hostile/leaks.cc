// Proof before reuse, from every source of pages: one process (the attacker) frees memory while its other threads go on
// writing to it; another (the victim) takes fresh pages, and neither finds a word of the attacker's in them nor loses one of
// its own. And the other way round: a secret that one process frees is never read by the next owner.
#include "tests/hostile/hostile.h"

#include <setjmp.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace {
constexpr size_t kPage = 4096;
constexpr uint64_t kSecret = 0x5ec4e75ec4e75ec4, kMine = 0x0123456789abcdef;
constexpr long kMs = 1500;

char* fresh(size_t pages, int flags = MAP_PRIVATE) {
  void* map = mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  return map == MAP_FAILED ? nullptr : static_cast<char*>(map);
}
void fill(char* memory, size_t pages, uint64_t word) {
  for (size_t i = 0; i < pages * kPage / 8; ++i) reinterpret_cast<volatile uint64_t*>(memory)[i] = word;
}
size_t others(const char* memory, size_t pages, uint64_t word) {
  size_t found = 0;
  for (size_t i = 0; i < pages * kPage / 8; ++i) {
    found += reinterpret_cast<const volatile uint64_t*>(memory)[i] != word;
  }
  return found;
}

// The victim: words of somebody else's that it met in `kMs`.
size_t watch() {
  size_t found = 0;
  const long until = guest::now_ms() + kMs;
  while (guest::now_ms() < until) {
    for (int flags : {MAP_PRIVATE, MAP_SHARED}) {
      char* memory = fresh(24, flags);
      if (memory == nullptr) continue;
      found += others(memory, 24, 0);
      fill(memory, 24, kMine);
      sched_yield();
      found += others(memory, 24, kMine);
      munmap(memory, 24 * kPage);
    }
    const int fd = static_cast<int>(SYS(memfd_create, "victim", 0));
    char page[kPage];
    if (fd != -1 && ftruncate(fd, kPage) == 0 && pread(fd, page, kPage, 0) == static_cast<ssize_t>(kPage)) {
      found += others(page, 1, 0);
    }
    close(fd);
    found += static_cast<size_t>(guest::in_child([] {
      char* memory = fresh(8);
      return memory == nullptr || others(memory, 8, 0) == 0 ? 0 : 1;
    }));
  }
  return found;
}

sigjmp_buf again;
char* volatile target;

// Writes the secret to `target` for ever; a fault is survived.
void* scribble(void*) {
  for (int number : {SIGSEGV, SIGBUS}) {
    guest::handle(
        number, [](int) { siglongjmp(again, 1); }, SA_NODEFER);
  }
  sigsetjmp(again, 0);
  for (;;) {
    char* memory = target;
    if (memory != nullptr) fill(memory, 16, kSecret);
  }
}

// The attacker's `step` frees and makes `target` while two threads write to it; the victim watches.
template <typename F>
void attack(F step) {
  pid_t attacker = guest::spawn([&] {
    pthread_t thread;
    pthread_create(&thread, nullptr, scribble, nullptr);
    for (;;) step();
    return 0;
  });
  size_t found = watch();
  kill(attacker, SIGKILL);
  guest::reap(attacker);
  EXPECT_EQ(0u, found);
  EXPECT_TRUE(hostile::sane());
}
}  // namespace

TEST(unmapped_under_a_writing_thread) {
  attack([] {
    target = fresh(16);
    sched_yield();
    munmap(target, 16 * kPage);
  });
}

TEST(emptied_under_a_writing_thread) {
  attack([] {
    if (target == nullptr) target = fresh(16);
    madvise(target, 16 * kPage, MADV_DONTNEED);
    madvise(target, 8 * kPage, 102 /* MADV_GUARD_INSTALL */);
    madvise(target, 8 * kPage, 103 /* MADV_GUARD_REMOVE */);
  });
}

TEST(moved_under_a_writing_thread) {
  attack([] {
    if (target == nullptr) target = fresh(16);
    void* moved = mremap(target, 16 * kPage, 16 * kPage, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr);
    if (moved != MAP_FAILED) munmap(moved, 16 * kPage);
    moved = mremap(target, 16 * kPage, 64 * kPage, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) return;
    munmap(static_cast<char*>(moved) + 16 * kPage, 48 * kPage);
    target = static_cast<char*>(moved);
  });
}

TEST(truncated_under_a_writing_thread) {
  static int fd = -1;
  attack([] {
    if (fd == -1) {
      fd = static_cast<int>(SYS(memfd_create, "attacker", 0));
      ftruncate(fd, 16 * kPage);
      target = static_cast<char*>(mmap(nullptr, 16 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    }
    ftruncate(fd, 0);
    ftruncate(fd, 16 * kPage);
    sched_yield();
    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 16 * kPage);
    madvise(target, 16 * kPage, MADV_REMOVE);
  });
}

TEST(a_deleted_file_under_a_writing_thread) {
  attack([] {
    char name[64];
    snprintf(name, sizeof name, "/tmp/leak-%d", getpid());
    const int fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0600);
    ftruncate(fd, 16 * kPage);
    char* map = static_cast<char*>(mmap(nullptr, 16 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    if (map == MAP_FAILED) return;
    target = map;
    sched_yield();
    unlink(name);
    close(fd);
    munmap(map, 16 * kPage);
  });
}

TEST(copied_on_write_under_a_writing_thread) {
  attack([] {
    if (target == nullptr) target = fresh(16);
    const pid_t child = fork();
    if (child == 0) {
      fill(target, 16, kSecret);
      munmap(target, 8 * kPage);
      _exit(0);
    }
    madvise(target, 16 * kPage, MADV_DONTNEED);
    waitpid(child, nullptr, 0);
  });
}

TEST(a_process_that_dies_while_it_writes) {
  attack([] {
    const pid_t child = fork();
    if (child == 0) {
      target = fresh(16);
      pthread_t thread;
      pthread_create(&thread, nullptr, scribble, nullptr);
      fill(target, 16, kSecret);
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  });
}

TEST(exec_while_a_thread_writes) {
  attack([] {
    const pid_t child = fork();
    if (child == 0) {
      target = fresh(16);
      pthread_t thread;
      pthread_create(&thread, nullptr, scribble, nullptr);
      fill(target, 16, kSecret);
      execl("/bin/true", "true", nullptr);
      _exit(1);
    }
    waitpid(child, nullptr, 0);
  });
}

TEST(the_heap_and_the_stack_of_a_thread) {
  attack([] {
    const uintptr_t start = static_cast<uintptr_t>(SYS(brk, 0));
    SYS(brk, start + 16 * kPage);
    target = reinterpret_cast<char*>((start + kPage - 1) & ~(kPage - 1));
    sched_yield();
    SYS(brk, start);
    target = nullptr;
  });
}

TEST(secrets_in_pipes_sockets_and_files_are_not_left_behind) {
  size_t found = 0;
  for (int round = 0; round < 60; ++round) {
    guest::in_child([&] {
      static char secret[65536];
      fill(secret, sizeof secret / kPage, kSecret);
      int fds[2];
      pipe2(fds, O_NONBLOCK);
      write(fds[1], secret, sizeof secret);
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
      send(fds[0], secret, sizeof secret, 0);
      const int fd = open("/tmp/secret", O_CREAT | O_RDWR | O_TRUNC, 0600);
      write(fd, secret, sizeof secret);
      return 0;
    });
    const int fd = open("/tmp/secret", O_RDWR);
    ftruncate(fd, 100);  // the rest of the page, too, is gone
    ftruncate(fd, 16 * kPage);
    static char text[65536];
    const ssize_t got = pread(fd, text, sizeof text, 0);
    for (ssize_t i = 100; i < got; ++i) found += text[i] != 0;
    close(fd);
    unlink("/tmp/secret");
    char* memory = fresh(64);
    found += others(memory, 64, 0);
    munmap(memory, 64 * kPage);
  }
  EXPECT_EQ(0u, found);
}

TEST(what_the_kernel_hands_out_holds_none_of_its_own_memory) {
  // Buffers that are longer than what is written into them stay as they were; structures have no stale holes.
  size_t found = 0;
  for (int round = 0; round < 20; ++round) {
    char buffer[4096];
    memset(buffer, 0x5a, sizeof buffer);
    const int dir = open("/tmp", O_RDONLY);
    const long got = SYS(getdents64, dir, buffer, sizeof buffer);
    for (long i = got > 0 ? got : 0; i < 4096; ++i) found += buffer[i] != 0x5a;
    close(dir);
    memset(buffer, 0x5a, sizeof buffer);
    const ssize_t link = readlink("/proc/self/exe", buffer, sizeof buffer);
    for (ssize_t i = link; i < 4096; ++i) found += buffer[i] != 0x5a;
    struct stat first, second;
    memset(&first, 0, sizeof first);
    memset(&second, 0xff, sizeof second);
    stat("/", &first);
    stat("/", &second);
    found += memcmp(&first, &second, sizeof first) != 0;
    siginfo_t info[2];
    for (siginfo_t& one : info) {
      memset(&one, &one == info ? 0 : 0xff, sizeof one);
      const pid_t child = guest::spawn([] { return 3; });
      waitid(P_PID, static_cast<id_t>(child), &one, WEXITED);
      one.si_pid = 0;
    }
    found += info[0].si_status != 3;
  }
  EXPECT_EQ(0u, found);
}

HOSTILE_MAIN
