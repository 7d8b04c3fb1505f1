// The names of terminals: /dev/pts. Source: pts(4), fs/devpts/inode.c.
#include <charconv>

#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/fs/tty/terminal.h"
#include "kernel/kernel.h"
#include "kernel/vfs/special.h"

namespace limen {
namespace {

constexpr u64 kDevptsMagic = 0x1cd1;  // DEVPTS_SUPER_MAGIC
constexpr u64 kMultiplexerInode = 2, kFirstInode = 3;
constexpr u32 kMode = 0620;      // mount option mode=620
constexpr u32 kMultiplexer = 2;  // the minor number of ptmx

class Node final : public PseudoInode {
 public:
  Node(PseudoFilesystem& fs, Ref<Terminal> terminal, u64 inode, u32 mode, Uid uid, Gid gid, Device device)
      : PseudoInode(fs, abi::s_ifchr | mode, {uid, gid}, inode), terminal_(std::move(terminal)), device_(device) {}

  Result<Attributes> attributes() override {
    Attributes a = TRY(PseudoInode::attributes());
    a.rdev = device_;
    return a;
  }
  Result<Ref<File>> open(Task& task, const Path& path, u32 flags) override {
    return terminal_ ? open_slave(task, path, terminal_, flags) : open_master(task, path, flags);
  }

 private:
  const Ref<Terminal> terminal_;  // null: ptmx
  const Device device_;
};

class Root final : public PseudoDirectory {
 public:
  Root(PseudoFilesystem& fs, Terminals& terminals, Ref<Inode> multiplexer)
      : PseudoDirectory(fs, abi::s_ifdir | 0755, {}, 1), terminals_(terminals), multiplexer_(std::move(multiplexer)) {}

  Result<Ref<Inode>> lookup(std::string_view name) override {
    if (name == "ptmx") return multiplexer_;
    u32 number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size() || std::to_string(number) != name) {
      return Errno::enoent;
    }
    Ref<Inode> inode = terminals_.find(number).inode;
    if (!inode) return Errno::enoent;
    return inode;
  }
  bool still_valid(std::string_view name, const Inode* cached) override {
    const Result<Ref<Inode>> now = lookup(name);
    return cached != nullptr && now.ok() && now->get() == cached;
  }
  Result<std::vector<Entry>> list(Task&) override {
    constexpr u32 kCharacterDevice = 2;  // DT_CHR
    std::vector<Entry> entries{{"ptmx", kMultiplexerInode, kCharacterDevice}};
    for (const u32 n : terminals_.numbers()) entries.push_back({std::to_string(n), n + kFirstInode, kCharacterDevice});
    return entries;
  }

 private:
  Terminals& terminals_;  // the kernel keeps it
  const Ref<Inode> multiplexer_;
};

}  // namespace

Ref<Terminals> Terminals::of(Kernel& kernel) {
  return ref_cast<Terminals>(
      kernel.single_or(Kernel::Single::terminals, [] { return Ref<RefCounted>(make_ref<Terminals>()); }));
}

Result<Terminals::Entry> Terminals::add(Kernel& kernel, Uid uid, Gid gid, const abi::Termios2& settings) {
  MemoryCharge charge = TRY(MemoryCharge::take(kernel.ipc_memory(), Terminal::kCharge, Errno::enomem));
  u32 number = 0;
  {
    MutexGuard guard(lock_);
    if (entries_.size() >= kMost) return Errno::enospc;
    while (entries_.contains(number)) ++number;
    entries_[number] = {};  // taken
  }
  Entry entry;
  entry.terminal = make_ref<Terminal>(kernel, number, settings, std::move(charge));
  auto& fs = static_cast<PseudoFilesystem&>(*devpts_);
  const Device device = entry.terminal->device();
  entry.inode = make_ref<Node>(fs, entry.terminal, number + kFirstInode, kMode, uid, gid, device);
  MutexGuard guard(lock_);
  entries_[number] = entry;
  return entry;
}

void Terminals::remove(u32 number) {
  Entry removed;  // dropped without the lock
  MutexGuard guard(lock_);
  const auto it = entries_.find(number);
  if (it == entries_.end()) return;
  removed = std::move(it->second);
  entries_.erase(it);
}

Terminals::Entry Terminals::find(u32 number) const {
  MutexGuard guard(lock_);
  const auto it = entries_.find(number);
  return it == entries_.end() ? Entry{} : it->second;
}

std::vector<u32> Terminals::numbers() const {
  MutexGuard guard(lock_);
  std::vector<u32> all;
  for (const auto& [number, entry] : entries_) all.push_back(number);
  return all;
}

Ref<Terminal> Terminals::console() const {
  MutexGuard guard(lock_);
  return console_;
}

void Terminals::set_console(Ref<Terminal> console, bool is_job, std::function<void(Signal)> on_stop) {
  MutexGuard guard(lock_);
  console_ = std::move(console);
  is_job_ = is_job;
  on_stop_ = std::move(on_stop);
}

bool Terminals::first_process_is_job() const {
  MutexGuard guard(lock_);
  return is_job_;
}

void Terminals::first_process_stopped(Signal s) {
  std::function<void(Signal)> tell;
  {
    MutexGuard guard(lock_);
    tell = on_stop_;
  }
  if (tell) tell(s);
}

Ref<Filesystem> make_devpts(Kernel& kernel) {
  const Ref<Terminals> terminals = Terminals::of(kernel);
  Ref<PseudoFilesystem> fs = make_ref<PseudoFilesystem>("devpts", kDevptsMagic);
  Ref<Inode> multiplexer =
      make_ref<Node>(*fs, nullptr, kMultiplexerInode, 0666, Uid(0), Gid(0), Device{kTtyMajor, kMultiplexer});
  fs->set_root(make_ref<Root>(*fs, *terminals, std::move(multiplexer)));
  terminals->set_filesystem(*fs);
  return fs;
}

// Linux: the slave of a pseudo terminal is found through its devpts, and nowhere else.
Result<Ref<File>> open_terminal_device(Task& task, const Path& path, Device device, u32 flags) {
  if (device.major == kPtsMajor) return Errno::eio;
  if (device.major != kTtyMajor) return Errno::enxio;
  switch (device.minor) {
    case 0:
      return open_controlling(task, path, flags);
    case 1:
      return open_console(task, path, flags);
    case kMultiplexer:
      return open_master(task, path, flags);
    default:
      return Errno::enxio;
  }
}

}  // namespace limen
