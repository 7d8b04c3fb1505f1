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

// The descriptor itself, for all files over it: /dev/stdout opens another one.
struct Descriptor final : public RefCounted {
  Descriptor(host::Handle handle, std::shared_ptr<host::Watcher> w)
      : stream(std::move(handle)), watcher(std::move(w)) {}
  u32 access() const { return static_cast<u32>(stream.open_flags()) & abi::o_accmode; }
  void watch(u32 events) {
    if (events == 0) return;
    watcher->watch(stream.fd(), events, [self = Ref<Descriptor>(this)] { self->queue.wake(); });
  }

  host::Stream stream;
  const std::shared_ptr<host::Watcher> watcher;
  WaitQueue queue;
  std::atomic<u32> files{0};
};

class HostStream final : public File {
 public:
  HostStream(Path path, u32 flags, Ref<Descriptor> descriptor)
      : File(std::move(path), flags), descriptor_(std::move(descriptor)) {
    descriptor_->files.fetch_add(1);
  }

  bool seekable() const override { return is_regular(); }
  bool keeps_position() const override { return false; }  // the host's descriptor does, and others share it

  Result<u64> seek(Task&, i64 offset, int whence) override {
    const bool has_offset = stream_->kind() == host::StreamKind::regular || stream_->kind() == host::StreamKind::other;
    if (!has_offset) return Errno::espipe;
    return stream_->seek(offset, whence);
  }

  Result<usize> try_read(Task&, UserBuffer& to, u64* position) override {
    std::vector<u8> bytes(std::min(to.remaining(), kBounce));
    const usize n = TRY(position != nullptr ? stream_->read_at(bytes, *position) : stream_->read(bytes));
    if (position != nullptr) *position += n;
    return to.copy_out(std::span(bytes).first(n));
  }

  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override {
    std::vector<u8> bytes(std::min(from.remaining(), kBounce));
    const usize n = TRY(from.copy_in(bytes));
    const std::span<const u8> given(bytes.data(), n);
    const Result<usize> written = position != nullptr ? stream_->write_at(given, *position) : stream_->write(given);
    if (position != nullptr) *position += written.value_or(0);
    from.rewind(n - written.value_or(0));
    if (written.is(Errno::epipe)) send_signal(task, kernel_signal(sig::pipe));
    return written;
  }

  Result<void> change(const AttributeChange& change) override {
    if (!change.size) return File::change(change);
    // What was opened to be added to keeps what it had, whatever the guest makes of its own flags.
    const bool adds = (static_cast<u32>(stream_->open_flags()) & abi::o_append) != 0;
    return is_regular() && !adds ? stream_->truncate(*change.size) : Result<void>(Errno::einval);
  }

  Result<void> sync(Task& task, bool data_only) override {
    return is_regular() ? stream_->sync(data_only) : File::sync(task, data_only);
  }

  PollEvents poll(PollTable* table) override {
    if (table != nullptr) {
      table->add(descriptor_, descriptor_->queue);
      // Whoever registers is woken at the next change; readiness is asked again then.
      descriptor_->watch(readable() ? kPollIn : 0);
    }
    PollEvents ready = stream_->ready(kPollIn | kPollOut);
    if ((ready & kPollOut) == 0 && table != nullptr && writable()) descriptor_->watch(kPollOut);
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
  bool is_regular() const { return stream_->kind() == host::StreamKind::regular; }
  void released() override {
    if (descriptor_->files.fetch_sub(1) == 1) descriptor_->watcher->forget(descriptor_->stream.fd());
  }

  const Ref<Descriptor> descriptor_;
  host::Stream* const stream_ = &descriptor_->stream;
};

}  // namespace

Ref<File> make_host_stream(Kernel& kernel, host::Handle handle, std::shared_ptr<host::Watcher> watcher) {
  const Ref<Descriptor> descriptor = make_ref<Descriptor>(std::move(handle), std::move(watcher));
  host::Stream& stream = descriptor->stream;
  const u32 mode = stream.status().ok() ? stream.status().value().mode : abi::s_ififo | 0600;
  const char* name = (mode & abi::s_ifmt) == abi::s_ififo ? "pipe:" : "host:";
  const u32 flags = static_cast<u32>(stream.open_flags()) & (abi::o_accmode | abi::o_append);
  // /dev/stdout and its like: another file with the access that the descriptor has. The offset of a regular file is the
  // descriptor's, and O_TRUNC does nothing: no host file is opened here.
  auto reopen = [descriptor](const Path& path, u32 how) -> Result<Ref<File>> {
    const u32 has = descriptor->access(), wants = how & abi::o_accmode;
    if (has != abi::o_rdwr && wants != has) return Errno::eacces;
    return Ref<File>(make_ref<HostStream>(path, how & ~abi::o_trunc, descriptor));
  };
  return make_ref<HostStream>(anon_path(kernel, name, mode, std::move(reopen)), flags, descriptor);
}

}  // namespace limen
