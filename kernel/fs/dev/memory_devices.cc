// The memory devices, major 1: null, zero, full, random, urandom. Source: null(4), full(4), random(4), drivers/char/mem.c.
#include <algorithm>
#include <vector>

#include "host/random.h"
#include "kernel/fs/dev/devices.h"
#include "kernel/fs/tty/terminal.h"
#include "kernel/mm/page_store.h"

namespace limen {
namespace {

constexpr u32 kNull = 3, kZero = 5, kFull = 7, kRandom = 8, kUrandom = 9;

class MemoryDevice : public File {
 public:
  using File::File;
  Result<u64> seek(Task&, i64, int) override {
    set_position(0);
    return u64{0};
  }
  PollEvents poll(PollTable*) override { return kPollIn | kPollOut | kPollRdNorm | kPollWrNorm; }
  Result<usize> try_write(Task&, UserBuffer& from, u64*) override {
    const usize n = from.remaining();
    from.truncate(0);
    return n;
  }
};

class Null final : public MemoryDevice {
 public:
  using MemoryDevice::MemoryDevice;
  Result<usize> try_read(Task&, UserBuffer&, u64*) override { return usize{0}; }
};

class Zero : public MemoryDevice {
 public:
  using MemoryDevice::MemoryDevice;
  Result<usize> try_read(Task&, UserBuffer& to, u64*) override { return to.fill_zero(to.remaining()); }
  Result<MappingSource> mapping() override { return MappingSource{}; }  // zeroes, as anonymous memory
};

class Full final : public Zero {
 public:
  using Zero::Zero;
  Result<MappingSource> mapping() override { return Errno::enodev; }
  Result<usize> try_write(Task&, UserBuffer&, u64*) override { return Errno::enospc; }
};

class Random final : public MemoryDevice {
 public:
  using MemoryDevice::MemoryDevice;
  bool seekable() const override { return true; }
  Result<usize> try_read(Task&, UserBuffer& to, u64*) override {
    std::vector<u8> bytes(std::min<usize>(to.remaining(), 64 * 1024));
    host::fill_random(bytes);
    return to.copy_out(bytes);
  }
  Result<usize> try_write(Task&, UserBuffer& from, u64*) override {  // mixed in nowhere: the host's pool is not ours
    const usize n = from.remaining();
    from.truncate(0);
    return n;
  }
};

constexpr u32 kMemory = 1;

Result<Ref<File>> open_minor(const Path& path, u32 minor, u32 flags) {
  switch (minor) {
    case kNull:
      return Ref<File>(make_ref<Null>(path, flags));
    case kZero:
      return Ref<File>(make_ref<Zero>(path, flags));
    case kFull:
      return Ref<File>(make_ref<Full>(path, flags));
    case kRandom:
    case kUrandom:
      return Ref<File>(make_ref<Random>(path, flags));
    default:
      return Errno::enxio;
  }
}

}  // namespace

Result<Ref<File>> open_device(Task& task, const Path& path, Device device, u32 flags) {
  return device.major == kMemory ? open_minor(path, device.minor, flags)
                                 : open_terminal_device(task, path, device, flags);
}

Ref<File> open_memory_device(const MountNamespace& mounts, Device device, u32 flags) {
  const Result<Path> node = device.major == kMemory ? device_node(mounts, device) : Result<Path>(Errno::enxio);
  return node.ok() ? open_minor(*node, device.minor, flags).value_or(Ref<File>()) : Ref<File>();
}

}  // namespace limen
