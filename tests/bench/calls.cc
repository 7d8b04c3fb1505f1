// What one system call costs, in nanoseconds: a program for ./dev bench and for anyone's own comparison.
//
//   calls [--milliseconds N] [--list] [ROW...]
//
// Each row runs in batches that double until one takes N milliseconds (20); the row's figure is the median of five
// such batches, divided by the operations in it. Prints `ROW<tab>NS`, or `ROW<tab>error: ERRNO` where an operation
// fails, one line at a time, so that a row which hangs hides only itself and what follows.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr size_t kMebibyte = 1 << 20;
constexpr size_t kPage = 4096;
const char* self_path = nullptr;

uint64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

// A row: prepared by its constructor, `run` does so many operations; false, with errno, when one fails.
class Bench {
 public:
  virtual ~Bench() = default;
  virtual bool run(uint64_t operations) = 0;
};

template <typename Operation>
class Simple : public Bench {
 public:
  explicit Simple(Operation operation) : operation_(operation) {}
  bool run(uint64_t operations) override {
    for (uint64_t i = 0; i < operations; ++i) {
      if (!operation_()) return false;
    }
    return true;
  }

 private:
  Operation operation_;
};

template <typename Operation>
Bench* simple(Operation operation) {
  return new Simple<Operation>(operation);
}

// The shape `mov $nr,%eax; syscall` that a patcher can rewrite as a whole.
bool getppid_inline() {
  long result = 0;
  asm volatile("mov $110, %%eax\n\tsyscall" : "=a"(result) : : "rcx", "r11", "memory");
  return result >= 0;
}

bool page_faults(uint64_t operations) {
  constexpr uint64_t kChunk = 2048;
  while (operations > 0) {
    const uint64_t pages = std::min(operations, kChunk);
    void* p = mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return false;
    madvise(p, pages * kPage, MADV_NOHUGEPAGE);
    for (uint64_t i = 0; i < pages; ++i) static_cast<volatile char*>(p)[i * kPage] = 1;
    munmap(p, pages * kPage);
    operations -= pages;
  }
  return true;
}

class PageFault : public Bench {
 public:
  bool run(uint64_t operations) override { return page_faults(operations); }
};

// Two processes that send one byte to and fro. Ends: what each side reads from and writes to.
class PingPong : public Bench {
 public:
  PingPong(int my_read, int my_write, int its_read, int its_write) : read_(my_read), write_(my_write) {
    child_ = fork();
    if (child_ != 0) {
      close(its_read);
      if (its_write != its_read) close(its_write);
      return;
    }
    close(my_read);
    if (my_write != my_read) close(my_write);
    char byte = 0;
    while (read(its_read, &byte, 1) == 1 && write(its_write, &byte, 1) == 1) {
    }
    _exit(0);
  }
  ~PingPong() override {
    close(read_);
    if (write_ != read_) close(write_);
    if (child_ > 0) waitpid(child_, nullptr, 0);
  }
  bool run(uint64_t operations) override {
    if (child_ < 0) return false;
    char byte = 1;
    for (uint64_t i = 0; i < operations; ++i) {
      if (write(write_, &byte, 1) != 1 || read(read_, &byte, 1) != 1) return false;
    }
    return true;
  }

 private:
  int read_, write_;
  pid_t child_ = -1;
};

Bench* pipe_ping_pong() {
  int there[2], back[2];
  if (pipe(there) != 0 || pipe(back) != 0) return nullptr;
  return new PingPong(back[0], there[1], there[0], back[1]);
}

Bench* unix_ping_pong() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return nullptr;
  return new PingPong(ends[0], ends[0], ends[1], ends[1]);
}

Bench* tcp_ping_pong() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || bind(listener, generic, length) != 0 || listen(listener, 1) != 0) return nullptr;
  if (getsockname(listener, generic, &length) != 0) return nullptr;
  const int one = 1;
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  if (client < 0 || connect(client, generic, length) != 0) return nullptr;
  const int server = accept(listener, nullptr, nullptr);
  close(listener);
  if (server < 0) return nullptr;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return new PingPong(client, client, server, server);
}

Bench* read_zero() {
  const int fd = open("/dev/zero", O_RDONLY);
  if (fd < 0) return nullptr;
  return simple([fd] {
    char byte = 0;
    return read(fd, &byte, 1) == 1;
  });
}

Bench* write_null() {
  const int fd = open("/dev/null", O_WRONLY);
  if (fd < 0) return nullptr;
  return simple([fd] { return write(fd, "x", 1) == 1; });
}

Bench* pread_cached() {
  char path[] = "/tmp/bench-XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0) return nullptr;
  unlink(path);
  static char page[kPage];
  if (pwrite(fd, page, kPage, 0) != static_cast<ssize_t>(kPage)) return nullptr;
  return simple([fd] { return pread(fd, page, kPage, 0) == static_cast<ssize_t>(kPage); });
}

Bench* pipe_same_process() {
  int ends[2];
  if (pipe(ends) != 0) return nullptr;
  const int in = ends[0], out = ends[1];
  return simple([in, out] {
    char byte = 0;
    return write(out, "x", 1) == 1 && read(in, &byte, 1) == 1;
  });
}

Bench* futex_wake() {
  static int word = 0;
  return simple([] { return syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0) == 0; });
}

volatile sig_atomic_t signals_seen = 0;

Bench* signal_to_self() {
  struct sigaction action {};
  action.sa_handler = [](int) { signals_seen = signals_seen + 1; };
  if (sigaction(SIGUSR1, &action, nullptr) != 0) return nullptr;
  return simple([] { return kill(getpid(), SIGUSR1) == 0; });
}

bool map_touch_unmap() {
  void* p = mmap(nullptr, kMebibyte, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return false;
  for (size_t i = 0; i < kMebibyte; i += kPage) static_cast<volatile char*>(p)[i] = 1;
  return munmap(p, kMebibyte) == 0;
}

bool fork_exit_wait() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  return child > 0 && waitpid(child, nullptr, 0) == child;
}

bool fork_exec_wait() {
  const pid_t child = fork();
  if (child == 0) {
    execl(self_path, self_path, "--exit", nullptr);
    _exit(127);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

bool thread_create_join() {
  pthread_t thread{};
  errno = pthread_create(
      &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
  return errno == 0 && pthread_join(thread, nullptr) == 0;
}

Bench* epoll_one_ready() {
  const int set = epoll_create1(0);
  const int event = eventfd(1, 0);
  epoll_event interest{};
  interest.events = EPOLLIN;
  if (set < 0 || event < 0 || epoll_ctl(set, EPOLL_CTL_ADD, event, &interest) != 0) return nullptr;
  return simple([set] {
    epoll_event ready{};
    return epoll_wait(set, &ready, 1, 0) == 1;
  });
}

struct Row {
  const char* name;
  Bench* (*make)();
};

constexpr Row kRows[] = {
    {"getppid, patchable site", [] { return simple(getppid_inline); }},
    {"getppid, syscall(2)", [] { return simple([] { return syscall(SYS_getppid) >= 0; }); }},
    {"clock_gettime",
     [] {
       return simple([] {
         timespec t{};
         return clock_gettime(CLOCK_REALTIME, &t) == 0;
       });
     }},
    {"read /dev/zero", read_zero},
    {"write /dev/null", write_null},
    {"stat",
     [] {
       return simple([] {
         struct stat st {};
         return stat("/etc/passwd", &st) == 0;
       });
     }},
    {"open + close",
     [] {
       return simple([] {
         const int fd = open("/etc/passwd", O_RDONLY);
         return fd >= 0 && close(fd) == 0;
       });
     }},
    {"pread 4 KiB", pread_cached},
    {"pipe write + read", pipe_same_process},
    {"pipe ping-pong", pipe_ping_pong},
    {"futex wake", futex_wake},
    {"signal to self", signal_to_self},
    {"mmap, touch, munmap 1 MiB", [] { return simple(map_touch_unmap); }},
    {"page fault", []() -> Bench* { return new PageFault; }},
    {"fork + exit + wait", [] { return simple(fork_exit_wait); }},
    {"fork + exec + wait", [] { return simple(fork_exec_wait); }},
    {"thread create + join", [] { return simple(thread_create_join); }},
    {"epoll_wait, one ready", epoll_one_ready},
    {"unix ping-pong", unix_ping_pong},
    {"tcp ping-pong", tcp_ping_pong},
};

void report(const Row& row, uint64_t least_ns) {
  errno = 0;
  Bench* bench = row.make();
  bool ok = bench != nullptr && bench->run(1);
  std::vector<double> figures;
  uint64_t operations = 1;
  while (ok && figures.size() < 5) {
    const uint64_t start = now_ns();
    ok = bench->run(operations);
    const uint64_t elapsed = now_ns() - start;
    if (elapsed < least_ns && figures.empty()) {
      operations *= 2;
    } else {
      figures.push_back(static_cast<double>(elapsed) / static_cast<double>(operations));
    }
  }
  if (ok) {
    std::sort(figures.begin(), figures.end());
    std::printf("%s\t%.1f\n", row.name, figures[figures.size() / 2]);
  } else {
    std::printf("%s\terror: %s\n", row.name, std::strerror(errno));
  }
  std::fflush(stdout);
  delete bench;
}

}  // namespace

int main(int argc, char** argv) {
  self_path = argv[0];
  uint64_t least_ns = 20'000'000;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--exit") return 0;
    if (word == "--list") {
      for (const Row& row : kRows) std::puts(row.name);
      return 0;
    }
    if (word == "--milliseconds" && i + 1 < argc) {
      least_ns = std::strtoull(argv[++i], nullptr, 10) * 1'000'000;
    } else {
      wanted.push_back(word);
    }
  }
  signal(SIGPIPE, SIG_IGN);
  for (const Row& row : kRows) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), row.name) != wanted.end()) report(row, least_ns);
  }
  return 0;
}
