#include "kernel/fs/console/host_stream.h"

#include <algorithm>
#include <vector>

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/signal/signal.h"
#include "kernel/vfs/anon.h"

namespace limen {
namespace {

constexpr usize kBounce = 64 * 1024;

class HostStream final : public File {
 public:
  HostStream(Path path, u32 flags, std::unique_ptr<host::Stream> stream, std::shared_ptr<host::Watcher> watcher)
      : File(std::move(path), flags), stream_(std::move(stream)), watcher_(std::move(watcher)) {}

  bool seekable() const override { return false; }

  Result<u64> seek(Task&, i64 offset, int whence) override {
    if (stream_->kind() != host::StreamKind::regular) return Errno::espipe;
    return stream_->seek(offset, whence);
  }

  Result<usize> try_read(Task&, UserBuffer& to, u64*) override {
    std::vector<u8> bytes(std::min(to.remaining(), kBounce));
    const usize n = TRY(stream_->read(bytes));
    return to.copy_out(std::span(bytes).first(n));
  }

  Result<usize> try_write(Task& task, UserBuffer& from, u64*) override {
    std::vector<u8> bytes(std::min(from.remaining(), kBounce));
    const usize n = TRY(from.copy_in(bytes));
    const Result<usize> written = stream_->write(std::span(bytes).first(n));
    from.rewind(n - written.value_or(0));
    if (written.is(Errno::epipe)) send_signal(task, kernel_signal(sig::pipe));
    return written;
  }

  PollEvents poll(PollTable* table) override {
    if (table != nullptr) {
      table->add(Ref<RefCounted>(this), queue_);
      // Whoever registers is woken at the next change; readiness is asked again then.
      watch(readable() ? kPollIn : 0);
    }
    PollEvents ready = stream_->ready(kPollIn | kPollOut);
    if ((ready & kPollOut) == 0 && table != nullptr && writable()) watch(kPollOut);
    if ((ready & kPollIn) != 0) ready |= kPollRdNorm;
    if ((ready & kPollOut) != 0) ready |= kPollWrNorm;
    return ready;
  }

  Result<Attributes> attributes() override {
    const host::StreamStatus status = TRY(stream_->status());
    Attributes a;
    a.device = {static_cast<u32>(status.device_major), static_cast<u32>(status.device_minor)};
    a.inode = status.inode, a.mode = status.mode, a.size = status.size;
    a.uid = Uid(status.uid), a.gid = Gid(status.gid);
    a.rdev = {status.rdev_major, status.rdev_minor};
    return a;
  }

 private:
  void watch(u32 events) {
    if (events == 0) return;
    watcher_->watch(stream_->fd(), events, [self = Ref<HostStream>(this)] { self->queue_.wake(); });
  }
  void released() override { watcher_->forget(stream_->fd()); }

  const std::unique_ptr<host::Stream> stream_;
  const std::shared_ptr<host::Watcher> watcher_;
  WaitQueue queue_;
};

}  // namespace

Ref<File> make_host_stream(Kernel& kernel, host::Handle handle, std::shared_ptr<host::Watcher> watcher) {
  auto stream = std::make_unique<host::Stream>(std::move(handle));
  const u32 mode = stream->status().ok() ? stream->status().value().mode : abi::s_ififo | 0600;
  const char* name = (mode & abi::s_ifmt) == abi::s_ififo ? "pipe:" : "host:";
  const u32 flags = static_cast<u32>(stream->open_flags()) & (abi::o_accmode | abi::o_append);
  return make_ref<HostStream>(anon_path(kernel, name, mode), flags, std::move(stream), std::move(watcher));
}

}  // namespace limen
