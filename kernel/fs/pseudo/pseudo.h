// Filesystems that are made of kernel objects and not of stored bytes: /dev, /proc, /sys. A file is a function that renders
// its text at each open; a directory is a fixed list or a function; a link may lead to an object without a walk.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/path.h"

namespace limen {

class PseudoFilesystem final : public Filesystem {
 public:
  PseudoFilesystem(std::string type, u64 magic)
      : type_(std::move(type)), magic_(magic), device_(next_anonymous_device()) {}
  void set_root(Ref<Inode> root) { root_ = std::move(root); }
  std::string_view type_name() const override { return type_; }
  Device device() const override { return device_; }
  Ref<Inode> root() override { return root_; }
  Result<FilesystemStatus> status() override;
  Handles handles() const override { return type_ == "cgroup2" ? Handles::numbers : Handles::none; }
  bool asks_listeners() const override { return type_ != "proc"; }
  u64 next_inode() { return next_inode_.fetch_add(1); }
  // Something that its inodes need and that lives as long as they.
  void set_companion(Ref<RefCounted> companion) { companion_ = std::move(companion); }
  RefCounted* companion() const { return companion_.get(); }

 private:
  const std::string type_;
  const u64 magic_;
  const Device device_;
  Ref<RefCounted> companion_;
  Ref<Inode> root_;  // inodes refer back to us without a reference: a mount holds the filesystem
  std::atomic<u64> next_inode_{1};
};

struct PseudoOwner {
  Uid uid;
  Gid gid;
};

class PseudoInode : public Inode {
 public:
  PseudoInode(PseudoFilesystem& fs, u32 mode, PseudoOwner owner = {}, u64 inode = 0);
  Filesystem& filesystem() override { return fs_; }
  Result<Attributes> attributes() override;
  // Owner, times and, but for the files of /proc/PID, permissions are kept; a size means nothing here (O_TRUNC).
  Result<void> change(const AttributeChange& change) override;
  PseudoFilesystem& pseudo() { return fs_; }
  bool is_of_process() const;
  // Linux has no splice for most files of /proc/PID and for those that a module makes: splice(2) and sendfile(2) say einval.
  bool may_be_spliced() const { return splice_ == Splice::yes || (splice_ == Splice::usual && !is_of_process()); }
  enum class Splice : u8 { usual, yes, no };
  void set_splice(Splice splice) { splice_ = splice; }  // before the inode is seen by others

 protected:
  PseudoFilesystem& fs_;
  const u32 mode_;
  const PseudoOwner owner_;
  const u64 inode_;
  const TimeStamp made_;

 private:
  Mutex lock_{LockRank::inode};
  AttributeChange changed_ GUARDED_BY(lock_);
  Splice splice_ = Splice::usual;
};

// Lists names, answers lookups.
class PseudoDirectory : public PseudoInode {
 public:
  struct Entry {
    std::string name;
    u64 inode = 0;
    u32 type = 0;  // DT_*
  };
  using PseudoInode::PseudoInode;
  virtual Result<std::vector<Entry>> list(Task& task) = 0;
  bool names_are_fixed() const override { return fs_.type_name() == "proc"; }
  Result<Ref<Inode>> create(std::string_view name, const NewInode& what) override;
  Result<Ref<File>> open(Task& task, const Path& path, u32 flags) override;
};

// A directory that is filled when it is made.
class FixedDirectory : public PseudoDirectory {
 public:
  using PseudoDirectory::PseudoDirectory;
  void put(std::string name, Ref<Inode> inode) { children_[std::move(name)] = std::move(inode); }
  FixedDirectory& directory(std::string_view name, u32 mode);  // that one, made where it is missing
  Result<Ref<Inode>> lookup(std::string_view name) override;
  Result<std::vector<Entry>> list(Task& task) override;

 protected:
  std::map<std::string, Ref<Inode>, std::less<>> children_;
};

// One that is filled when somebody looks into it: for much that few programs ask for.
class LazyDirectory final : public FixedDirectory {
 public:
  using Fill = std::function<void(FixedDirectory&)>;
  LazyDirectory(PseudoFilesystem& fs, u32 mode, Fill fill) : FixedDirectory(fs, mode), fill_(std::move(fill)) {}
  Result<Ref<Inode>> lookup(std::string_view name) override;
  Result<std::vector<Entry>> list(Task& task) override;

 private:
  void look();
  std::atomic<bool> is_filled_{false};
  Mutex fill_lock_{LockRank::directory};
  Fill fill_ GUARDED_BY(fill_lock_);
};

// A text file. `store`, where there is one, gets each write whole.
class PseudoText final : public PseudoInode {
 public:
  using Render = std::function<Result<std::string>(Task& reader)>;
  using Store = std::function<Result<void>(Task& writer, std::string_view text)>;
  PseudoText(PseudoFilesystem& fs, u32 mode, Render render, Store store = nullptr, PseudoOwner owner = {},
             u64 inode = 0)
      : PseudoInode(fs, mode, owner, inode), render_(std::move(render)), store_(std::move(store)) {}
  Result<Ref<File>> open(Task& task, const Path& path, u32 flags) override;
  // Without a store: what write(2) answers (einval), or open(2) for writing already.
  static constexpr Errno kAtOpen = Errno::eacces;
  void refuse_writes(Errno error) { refusal_ = error; }
  // Each read gets at most a page, and ends with a record where there is room for one. As Linux's seq_file.
  enum class Records : u8 { whole, lines, mappings };        // mappings: those of smaps, of several lines each
  void set_records(Records records) { records_ = records; }  // before the inode is seen by others

 private:
  Records records_ = Records::whole;
  Errno refusal_ = Errno::einval;  // set before the inode is seen by others
  const Render render_;
  const Store store_;
};

class PseudoLink final : public PseudoInode {
 public:
  using Target = std::function<Result<std::string>(Task& reader)>;
  using Magic = std::function<Result<Path>(Task& reader)>;
  PseudoLink(PseudoFilesystem& fs, Target target, Magic magic = nullptr, u32 permissions = 0777, PseudoOwner owner = {},
             u64 inode = 0, u64 size = 0);
  Result<Attributes> attributes() override;
  Result<std::string> readlink(Task& task) override { return target_(task); }
  Result<Path> follow_magic(Task& task) override { return magic_ ? magic_(task) : Result<Path>(Path{}); }
  Result<Ref<File>> open(Task&, const Path&, u32) override { return Errno::eloop; }

 private:
  const Target target_;
  const Magic magic_;
  const u64 size_;
};

}  // namespace limen
