#include "kernel/fs/pseudo/pseudo.h"

#include <algorithm>

#include "abi/fcntl.h"
#include "host/clock.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

// "." and ".." first, then the list as it was when the walk began.
class DirectoryFile final : public File {
 public:
  DirectoryFile(Path path, u32 flags, Ref<PseudoDirectory> directory)
      : File(std::move(path), flags), directory_(std::move(directory)) {}

  Result<void> read_directory(Task& task, u64& position, const DirectorySink& sink) override {
    if (position == 0 || !listed_) entries_ = TRY(directory_->list(task))
    , listed_ = true;
    const u64 own = TRY(directory_->attributes())
    .inode;
    constexpr u32 kDirectory = 4;  // DT_DIR
    while (position < entries_.size() + 2) {
      const u64 next = position + 1;
      DirectoryEntry entry;
      if (position < 2) {
        entry = {position == 0 ? "." : "..", own, kDirectory, next};
      } else {
        const PseudoDirectory::Entry& e = entries_[position - 2];
        entry = {e.name, e.inode, e.type, next};
      }
      if (!sink(entry)) return success;
      position = next;
    }
    return success;
  }
  Result<usize> try_read(Task&, UserBuffer&, u64*) override { return Errno::eisdir; }

 private:
  const Ref<PseudoDirectory> directory_;
  std::vector<PseudoDirectory::Entry> entries_;
  bool listed_ = false;
};

// Rendered at the first read and again at each read from the start, as Linux's seq_file does.
class TextFile final : public File {
 public:
  TextFile(Path path, u32 flags, PseudoText::Render render, PseudoText::Store store, Errno refusal,
           PseudoText::Records records)
      : File(std::move(path), flags),
        render_(std::move(render)),
        store_(std::move(store)),
        refusal_(refusal),
        records_(records) {}

  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override {
    std::string text;
    u64 read_ahead = 0;
    {
      MutexGuard guard(lock_);
      text = text_;
      read_ahead = read_ahead_;
    }
    if (*position == 0) {
      text = TRY(render_(task));
      read_ahead = 0;
      MutexGuard guard(lock_);
      text_ = text;
    }
    if (*position >= text.size()) return usize{0};
    std::string_view rest = std::string_view(text).substr(*position);
    if (records_ != PseudoText::Records::whole) {
      if (*position >= read_ahead && *position != 0) read_ahead = begun_record(text, *position);
      const usize left = *position < read_ahead ? static_cast<usize>(read_ahead - *position) : 0;
      const usize next = left < to.remaining() ? next_records(rest.substr(left), to.remaining() - left) : 0;
      rest = rest.substr(0, left + next);
      MutexGuard guard(lock_);
      read_ahead_ = *position + rest.size();
    }
    const usize n = TRY(to.copy_out(std::span(reinterpret_cast<const u8*>(rest.data()), rest.size())));
    *position += n;
    return n;
  }

  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override {
    if (!store_) return refusal_;
    std::string text(std::min<usize>(from.remaining(), kPageSize), '\0');
    const usize n = TRY(from.copy_in(std::span(reinterpret_cast<u8*>(text.data()), text.size())));
    text.resize(n);
    TRY(store_(task, text));
    if (position != nullptr) *position += n;
    return n;
  }

 private:
  // The length of the first record.
  usize record(std::string_view rest) const {
    usize end = rest.find('\n');
    if (records_ == PseudoText::Records::mappings) {
      end = rest.find("\nVmFlags:");
      if (end != std::string_view::npos) end = rest.find('\n', end + 1);
    }
    return end == std::string_view::npos ? rest.size() : end + 1;
  }
  // As many whole records as a page has room for, and no more than are needed; one at least. Linux: seq_read_iter.
  usize next_records(std::string_view rest, usize needed) const {
    usize total = 0;
    while (total < rest.size() && total < needed) {
      const usize one = record(rest.substr(total));
      if (total != 0 && total + one >= kPageSize) break;
      total += one;
    }
    return total;
  }
  // Where the record ends in whose middle `position` lies; `position` where it begins one.
  u64 begun_record(std::string_view text, u64 position) const {
    u64 at = 0;
    while (at < position) at += record(text.substr(at));
    return at;
  }

  const PseudoText::Render render_;
  const PseudoText::Store store_;
  const Errno refusal_;
  const PseudoText::Records records_;
  Mutex lock_{LockRank::inode};
  std::string text_ GUARDED_BY(lock_);
  u64 read_ahead_ GUARDED_BY(lock_) = 0;  // what Linux's buffer holds ends here
};

}  // namespace

Result<FilesystemStatus> PseudoFilesystem::status() {
  FilesystemStatus status;
  status.magic = magic_;
  return status;
}

PseudoInode::PseudoInode(PseudoFilesystem& fs, u32 mode, PseudoOwner owner, u64 inode)
    : fs_(fs),
      mode_(mode),
      owner_(owner),
      inode_(inode != 0 ? inode : fs.next_inode()),
      made_(TimeStamp::from_ns(static_cast<u64>(host::realtime_ns()))) {}

Result<Attributes> PseudoInode::attributes() {
  Attributes a;
  a.device = fs_.device();
  a.inode = inode_;
  a.mode = mode_;
  a.links = (mode_ & abi::s_ifmt) == abi::s_ifdir ? 2 : 1;
  a.uid = owner_.uid, a.gid = owner_.gid;
  a.block_size = 1024;
  a.atime = a.mtime = a.ctime = a.btime = made_;
  MutexGuard guard(lock_);
  a.mode = (mode_ & abi::s_ifmt) | changed_.mode.value_or(mode_ & 07777);
  a.uid = changed_.uid.value_or(a.uid), a.gid = changed_.gid.value_or(a.gid);
  a.atime = changed_.atime.value_or(a.atime), a.mtime = changed_.mtime.value_or(a.mtime);
  return a;
}

// Below /proc/PID: numbers are made of a pid (proc_inode), and the others are counted from 1 on.
bool PseudoInode::is_of_process() const { return fs_.type_name() == "proc" && inode_ >> 32 != 0; }

Result<void> PseudoInode::change(const AttributeChange& change) {
  if (change.mode && is_of_process()) return Errno::eperm;
  MutexGuard guard(lock_);
  if (change.mode) changed_.mode = *change.mode & 07777;
  if (change.uid) changed_.uid = change.uid;
  if (change.gid) changed_.gid = change.gid;
  if (change.atime) changed_.atime = change.atime;
  if (change.mtime) changed_.mtime = change.mtime;
  return success;
}

// Nothing can be made; in /proc the lookup itself fails first, so that mkdir(2) there says ENOENT.
Result<Ref<Inode>> PseudoDirectory::create(std::string_view, const NewInode&) {
  return names_are_fixed() ? Errno::enoent : Errno::eperm;
}

Result<Ref<File>> PseudoDirectory::open(Task&, const Path& path, u32 flags) {
  return Ref<File>(make_ref<DirectoryFile>(path, flags, Ref<PseudoDirectory>(this)));
}

Result<Ref<Inode>> FixedDirectory::lookup(std::string_view name) {
  const auto it = children_.find(name);
  if (it == children_.end()) return Errno::enoent;
  return it->second;
}

FixedDirectory& FixedDirectory::directory(std::string_view name, u32 mode) {
  const auto it = children_.find(name);
  if (it != children_.end()) return static_cast<FixedDirectory&>(*it->second);
  Ref<FixedDirectory> made = make_ref<FixedDirectory>(fs_, mode);
  return static_cast<FixedDirectory&>(*(children_[std::string(name)] = std::move(made)));
}

void LazyDirectory::look() {
  if (is_filled_.load(std::memory_order_acquire)) return;
  MutexGuard guard(fill_lock_);
  if (!fill_) return;
  std::exchange(fill_, nullptr)(*this);
  is_filled_.store(true, std::memory_order_release);
}

Result<Ref<Inode>> LazyDirectory::lookup(std::string_view name) {
  look();
  return FixedDirectory::lookup(name);
}

Result<std::vector<PseudoDirectory::Entry>> LazyDirectory::list(Task& task) {
  look();
  return FixedDirectory::list(task);
}

Result<std::vector<PseudoDirectory::Entry>> FixedDirectory::list(Task&) {
  std::vector<Entry> entries;
  for (const auto& [name, inode] : children_) {
    const Attributes a = TRY(inode->attributes());
    entries.push_back({name, a.inode, a.type() >> 12});
  }
  return entries;
}

Result<Ref<File>> PseudoText::open(Task&, const Path& path, u32 flags) {
  if (!store_ && refusal_ == kAtOpen && (flags & abi::o_accmode) != abi::o_rdonly) return kAtOpen;
  return Ref<File>(make_ref<TextFile>(path, flags, render_, store_, refusal_, records_));
}

PseudoLink::PseudoLink(PseudoFilesystem& fs, Target target, Magic magic, u32 permissions, PseudoOwner owner, u64 inode,
                       u64 size)
    : PseudoInode(fs, abi::s_iflnk | permissions, owner, inode),
      target_(std::move(target)),
      magic_(std::move(magic)),
      size_(size) {}

Result<Attributes> PseudoLink::attributes() {
  Attributes a = TRY(PseudoInode::attributes());
  a.size = size_;
  return a;
}

}  // namespace limen
