// The host's files: the only code that touches them.
//
// Every function works beneath a directory that is open already: names are single components, or relative paths that openat2(2) resolves
// without symlinks, magic links and ways out (the kernel walks symlinks itself). Nothing follows a link.
// Each function says how many host calls it makes. Errors are the host's errno. They block as the host's disk does.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/handle.h"

namespace limen::host {

struct FileTime {
  i64 sec = 0;
  u32 nsec = 0;
};
struct FileInfo {
  u32 dev_major = 0, dev_minor = 0;
  u64 inode = 0;
  u32 mode = 0;
  u64 links = 0;
  u32 uid = 0, gid = 0;
  u32 rdev_major = 0, rdev_minor = 0;
  u64 size = 0, block_size = 4096, blocks = 0;
  FileTime atime, mtime, ctime, btime;
};
// The names of a directory but "." and "..", in the host's order and in one piece of memory.
class DirectoryNames {
 public:
  struct Entry {
    std::string_view name;  // a 0 follows; valid as long as the whole
    u64 inode = 0;
    u8 type = 0;  // DT_*; 0 where the host does not say
  };
  usize size() const { return starts_.size(); }
  bool empty() const { return starts_.empty(); }
  Entry operator[](usize i) const { return at(starts_[i]); }
  void add(std::span<const u8> records);  // as getdents64(2) gives them
  template <typename Predicate>
  void remove_if(Predicate is_unwanted) {
    std::erase_if(starts_, [&](usize start) { return is_unwanted(at(start)); });
  }

 private:
  Entry at(usize start) const;
  std::vector<u8> records_;
  std::vector<usize> starts_;
};

enum class Access : u8 { read, read_write };

// The modes of what is made are the guest's, after its own umask; before lock_down. The caller's umask.
u32 clear_umask();
// A directory to work beneath, by its absolute path on the host; before lock_down. One call.
Result<Handle> open_root(const std::string& absolute_path);
// What is opened knows its `origin`: where it is below the root of its mount, where the path alone does not say it.
// For walking through: O_PATH, so search permission alone. "" or "." is the directory itself. One call.
Result<Handle> open_directory(const Handle& base, const std::string& relative_path, std::string origin = {});
// A regular file. Never blocks for a FIFO, never takes a terminal. One call.
Result<Handle> open_file(const Handle& directory, const std::string& name, Access access, std::string origin = {});

Result<FileInfo> stat_name(const Handle& directory, const std::string& name);  // one call; of a link itself
Result<FileInfo> stat_handle(const Handle& handle);                            // one call
Result<u64> filesystem_magic(const Handle& handle);                            // one call
Result<std::string> read_link(const Handle& directory, const std::string& name);
// For listing, too: needs the permission to read it. One call.
Result<Handle> open_listing(const Handle& base, const std::string& relative_path, std::string origin = {});
// All names but "." and ".." of what open_listing opened, from its position: two calls and one for each 32 KiB; one more to go back to the
// beginning. One at a time. e2big beyond `most`.
Result<DirectoryNames> list_directory(const Handle& listing, usize most, bool from_beginning);

// One call each; short at the end of the file.
Result<usize> read_at(const Handle& file, std::span<const std::span<u8>> to, u64 offset);
Result<usize> write_at(const Handle& file, std::span<const std::span<u8>> from, u64 offset);
Result<usize> append(const Handle& file, std::span<const std::span<u8>> from);
Result<u64> seek_data(const Handle& file, u64 offset, bool hole);

Result<std::vector<u8>> get_xattr(const Handle& file, const std::string& name);
Result<std::vector<std::string>> list_xattr(const Handle& file);

// Changes, beneath the directories that were given writable. One call each.
struct Times {
  FileTime atime, mtime;
  bool set_atime = false, set_mtime = false;
};
Result<Handle> create_file(const Handle& directory, const std::string& name, u32 mode);
Result<void> make_directory(const Handle& directory, const std::string& name, u32 mode);
Result<void> make_link(const Handle& directory, const std::string& name, const std::string& target);
Result<void> hard_link(const Handle& from, const std::string& name, const Handle& to, const std::string& new_name);
Result<void> remove_name(const Handle& directory, const std::string& name, bool is_directory);
Result<void> rename(const Handle& from, const std::string& name, const Handle& to, const std::string& new_name,
                    u32 flags);
Result<void> change_mode(const Handle& directory, const std::string& name, u32 mode);
Result<void> change_times(const Handle& directory, const std::string& name, const Times& times);
Result<void> set_size(const Handle& file, u64 size);
// fallocate(2): `mode` is 0, ZERO_RANGE or PUNCH_HOLE, each with or without KEEP_SIZE (which a hole always has). The host's errors: eopnotsupp, enospc.
Result<void> allocate(const Handle& file, u32 mode, u64 offset, u64 length);
Result<void> sync(const Handle& file, bool data_only);

}  // namespace limen::host
