#include "host/stream.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <thread>

#include "host/calls.h"

namespace limen::host {
namespace {

// A pipe that polls as writable takes this much without blocking (pipe(7): PIPE_BUF).
constexpr usize kPipeChunk = 4096;

StreamKind kind_of(int fd) {
  struct stat st {};
  if (!call::fstat(fd, &st).ok()) return StreamKind::other;
  if (S_ISREG(st.st_mode)) return StreamKind::regular;
  if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) return StreamKind::pipe_or_socket;
  if (S_ISCHR(st.st_mode) &&
      (major(st.st_rdev) == 4 || major(st.st_rdev) == 5 || (major(st.st_rdev) >= 136 && major(st.st_rdev) <= 143))) {
    return StreamKind::terminal;
  }
  return StreamKind::other;
}

}  // namespace

Stream::Stream(Handle handle) : handle_(std::move(handle)), kind_(kind_of(handle_.fd())) {}

Result<StreamStatus> Stream::status() const {
  struct stat st {};
  TRY(call::fstat(handle_.fd(), &st));
  StreamStatus out;
  out.device_major = major(st.st_dev), out.device_minor = minor(st.st_dev);
  out.inode = st.st_ino, out.size = static_cast<u64>(st.st_size);
  out.mode = st.st_mode, out.uid = st.st_uid, out.gid = st.st_gid;
  out.rdev_major = major(st.st_rdev), out.rdev_minor = minor(st.st_rdev);
  return out;
}

int Stream::open_flags() const { return static_cast<int>(call::fcntl(handle_.fd(), F_GETFL, 0).value_or(O_RDWR)); }

u32 Stream::ready(u32 events) const {
  if (kind_ == StreamKind::regular) return events & (POLLIN | POLLOUT);
  pollfd p{handle_.fd(), static_cast<short>(events), 0};
  if (!call::poll(&p, 1, 0).ok()) return POLLERR;
  return static_cast<u32>(static_cast<unsigned short>(p.revents));
}

void Stream::wait(u32 events, int timeout_ms) const {
  pollfd p{handle_.fd(), static_cast<short>(events), 0};
  (void)call::poll(&p, 1, timeout_ms).ok();
}

Result<usize> Stream::read(std::span<u8> to) {
  if (to.empty()) return usize{0};
  if (kind_ != StreamKind::regular && (ready(POLLIN) & (POLLIN | POLLHUP | POLLERR)) == 0) return Errno::eagain;
  return static_cast<usize>(TRY(call::read(handle_.fd(), to.data(), to.size())));
}

Result<usize> Stream::write(std::span<const u8> from) {
  if (kind_ != StreamKind::regular) {
    if ((ready(POLLOUT) & (POLLOUT | POLLHUP | POLLERR)) == 0) return Errno::eagain;
    if (from.size() > kPipeChunk) from = from.first(kPipeChunk);
  }
  return static_cast<usize>(TRY(call::write(handle_.fd(), from.data(), from.size())));
}

Result<usize> Stream::read_at(std::span<u8> to, u64 offset) {
  return static_cast<usize>(TRY(call::pread64(handle_.fd(), to.data(), to.size(), static_cast<i64>(offset))));
}

Result<usize> Stream::write_at(std::span<const u8> from, u64 offset) {
  return static_cast<usize>(TRY(call::pwrite64(handle_.fd(), from.data(), from.size(), static_cast<i64>(offset))));
}

Result<u64> Stream::seek(i64 offset, int whence) {
  return static_cast<u64>(TRY(call::lseek(handle_.fd(), offset, whence)));
}

Result<void> Stream::sync(bool data_only) {
  TRY(data_only ? call::fdatasync(handle_.fd()) : call::fsync(handle_.fd()));
  return success;
}

Result<void> Stream::truncate(u64 size) {
  TRY(call::ftruncate(handle_.fd(), static_cast<i64>(size)));
  return success;
}

struct Watcher::State {
  Mutex lock{LockRank::leaf};
  int epoll = -1;
  bool running GUARDED_BY(lock) = false;
  struct Watch {
    u32 events;
    std::vector<std::function<void()>> once;
  };
  std::map<int, Watch> watches GUARDED_BY(lock);

  void run() {
    for (;;) {
      epoll_event events[16];
      const Result<i64> n = call::epoll_wait(epoll, events, 16, -1);
      if (!n.ok() && !n.is(Errno::eintr)) return;
      for (i64 i = 0; i < n.value_or(0); ++i) fire(events[i].data.fd);
    }
  }
  void fire(int fd) {
    std::vector<std::function<void()>> calls;
    {
      MutexGuard guard(lock);
      const auto it = watches.find(fd);
      if (it == watches.end()) return;
      calls = std::move(it->second.once);
      it->second = {};
    }
    for (const auto& call : calls) call();
  }
};

std::shared_ptr<Watcher> Watcher::create() {
  auto state = std::make_shared<State>();
  state->epoll = static_cast<int>(call::epoll_create1(EPOLL_CLOEXEC).value_or(-1));
  return std::shared_ptr<Watcher>(new Watcher(std::move(state)));
}

Watcher::~Watcher() = default;  // the thread keeps the state; it ends with the process

void Watcher::watch(int fd, u32 events, std::function<void()> once) {
  bool failed = false;
  {
    MutexGuard guard(state_->lock);
    if (!std::exchange(state_->running, true)) {
      std::thread([state = state_] { state->run(); }).detach();
    }
    const bool known = state_->watches.contains(fd);
    State::Watch& watch = state_->watches[fd];
    watch.events |= events;
    constexpr usize kMostPending = 64;  // each waiter polls again after a wake-up: old ones may be dropped
    if (watch.once.size() < kMostPending) watch.once.push_back(once);
    epoll_event event{watch.events | EPOLLONESHOT, {.fd = fd}};
    failed = !call::epoll_ctl(state_->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event).ok();
    if (failed) state_->watches.erase(fd);
  }
  if (failed) once();  // EPERM: always ready
}

void Watcher::forget(int fd) {
  MutexGuard guard(state_->lock);
  if (state_->watches.erase(fd) != 0) (void)call::epoll_ctl(state_->epoll, EPOLL_CTL_DEL, fd, nullptr).ok();
}

}  // namespace limen::host
