#include "host/files.h"

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include <linux/limits.h>

#include <algorithm>
#include <cstring>

namespace limen::host {
namespace {

constexpr u64 kBeneath = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;

Result<Handle> open_beneath(const Handle& base, const std::string& path, u64 flags, u64 mode = 0,
                            std::string origin = {}) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = kBeneath;
  for (;;) {
    const Result<i64> fd = call::openat2(base.fd(), path.empty() ? "." : path.c_str(), &how, sizeof how);
    if (fd.ok()) {
      if (origin.empty()) origin = path;
      return Handle(static_cast<int>(*fd), {Origin::Kind::path, std::move(origin), static_cast<int>(flags)});
    }
    // EAGAIN: the host's tree changed while it was walked; EINTR cannot last.
    if (!fd.is(Errno::eagain) && !fd.is(Errno::eintr)) return fd.error();
  }
}

FileTime time_of(const statx_timestamp& t) { return {t.tv_sec, t.tv_nsec}; }

Result<FileInfo> statx_info(int fd, const char* name, int flags) {
  struct statx s {};
  TRY(call::statx(fd, name, flags, STATX_BASIC_STATS | STATX_BTIME, &s));
  FileInfo info;
  info.dev_major = s.stx_dev_major, info.dev_minor = s.stx_dev_minor;
  info.inode = s.stx_ino;
  info.mode = s.stx_mode;
  info.links = s.stx_nlink;
  info.uid = s.stx_uid, info.gid = s.stx_gid;
  info.rdev_major = s.stx_rdev_major, info.rdev_minor = s.stx_rdev_minor;
  info.size = s.stx_size, info.block_size = s.stx_blksize, info.blocks = s.stx_blocks;
  info.atime = time_of(s.stx_atime), info.mtime = time_of(s.stx_mtime), info.ctime = time_of(s.stx_ctime);
  info.btime = time_of(s.stx_btime);
  return info;
}

// The host's iovec of our spans, at most IOV_MAX of them.
struct Vectors {
  explicit Vectors(std::span<const std::span<u8>> spans) {
    count = std::min<usize>(spans.size(), kMost);
    for (usize i = 0; i < count; ++i) list[i] = {spans[i].data(), spans[i].size()};
  }
  static constexpr usize kMost = 64;
  iovec list[kMost];
  usize count;
};

Result<usize> as_count(const Result<i64>& n) { return n.ok() ? Result<usize>(static_cast<usize>(*n)) : n.error(); }
Result<void> as_done(const Result<i64>& n) { return n.ok() ? Result<void>() : n.error(); }

}  // namespace

u32 clear_umask() { return ::umask(0); }

Result<Handle> open_root(const std::string& absolute_path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const i64 fd = TRY(call::openat2(AT_FDCWD, absolute_path.c_str(), &how, sizeof how));
  return Handle(static_cast<int>(fd), {Origin::Kind::path, absolute_path, O_PATH});
}

Result<Handle> open_directory(const Handle& base, const std::string& relative_path, std::string origin) {
  return open_beneath(base, relative_path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, std::move(origin));
}

Result<Handle> open_file(const Handle& directory, const std::string& name, Access access, std::string origin) {
  const u64 mode = access == Access::read ? O_RDONLY : O_RDWR;
  return open_beneath(directory, name, mode | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, std::move(origin));
}

Result<FileInfo> stat_name(const Handle& directory, const std::string& name) {
  return statx_info(directory.fd(), name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);
}

Result<FileInfo> stat_handle(const Handle& handle) { return statx_info(handle.fd(), "", AT_EMPTY_PATH); }

Result<u64> filesystem_magic(const Handle& handle) {
  struct statfs s {};
  TRY(call::fstatfs(handle.fd(), &s));
  return static_cast<u64>(s.f_type);
}

Result<std::string> read_link(const Handle& directory, const std::string& name) {
  char target[PATH_MAX];
  const i64 length = TRY(call::readlinkat(directory.fd(), name.c_str(), target, sizeof target));
  return std::string(target, static_cast<usize>(length));
}

namespace {

struct DirentHead {  // struct linux_dirent64 up to its name
  u64 inode;
  i64 offset;
  u16 length;
  u8 type;
};
constexpr usize kNameAt = 19;

}  // namespace

void DirectoryNames::add(std::span<const u8> records) {
  const usize first = records_.size();
  records_.insert(records_.end(), records.begin(), records.end());
  for (usize start = first; start < records_.size();) {
    DirentHead head;
    std::memcpy(&head, &records_[start], kNameAt);
    const char* name = reinterpret_cast<const char*>(&records_[start + kNameAt]);
    const bool is_self_or_parent = name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
    if (!is_self_or_parent) starts_.push_back(start);
    start += head.length;
  }
}

DirectoryNames::Entry DirectoryNames::at(usize start) const {
  DirentHead head;
  std::memcpy(&head, &records_[start], kNameAt);
  return {reinterpret_cast<const char*>(&records_[start + kNameAt]), head.inode, head.type};
}

Result<Handle> open_listing(const Handle& base, const std::string& relative_path, std::string origin) {
  return open_beneath(base, relative_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, std::move(origin));
}

Result<DirectoryNames> list_directory(const Handle& open, usize most, bool from_beginning) {
  if (from_beginning) TRY(call::lseek(open.fd(), u64{0}, SEEK_SET));
  DirectoryNames names;
  u8 buffer[32768];
  for (;;) {
    const i64 got = TRY(call::getdents64(open.fd(), buffer, sizeof buffer));
    if (got == 0) return names;
    names.add(std::span<const u8>(buffer, static_cast<usize>(got)));
    if (names.size() > most) return Errno::e2big;
  }
}

Result<usize> read_at(const Handle& file, std::span<const std::span<u8>> to, u64 offset) {
  if (to.size() == 1) return as_count(call::pread64(file.fd(), to[0].data(), to[0].size(), offset));
  const Vectors v(to);
  return as_count(call::preadv(file.fd(), v.list, v.count, offset, 0));
}

Result<usize> write_at(const Handle& file, std::span<const std::span<u8>> from, u64 offset) {
  if (from.size() == 1) return as_count(call::pwrite64(file.fd(), from[0].data(), from[0].size(), offset));
  const Vectors v(from);
  return as_count(call::pwritev2(file.fd(), v.list, v.count, offset, 0, 0));
}

Result<usize> append(const Handle& file, std::span<const std::span<u8>> from) {
  const Vectors v(from);
  return as_count(call::pwritev2(file.fd(), v.list, v.count, 0, 0, RWF_APPEND));
}

Result<u64> seek_data(const Handle& file, u64 offset, bool hole) {
  const i64 at = TRY(call::lseek(file.fd(), offset, hole ? SEEK_HOLE : SEEK_DATA));
  return static_cast<u64>(at);
}

Result<std::vector<u8>> get_xattr(const Handle& file, const std::string& name) {
  std::vector<u8> value(XATTR_SIZE_MAX);
  const i64 length = TRY(call::fgetxattr(file.fd(), name.c_str(), value.data(), value.size()));
  value.resize(static_cast<usize>(length));
  return value;
}

Result<std::vector<std::string>> list_xattr(const Handle& file) {
  std::vector<char> text(XATTR_LIST_MAX);
  const i64 length = TRY(call::flistxattr(file.fd(), text.data(), text.size()));
  std::vector<std::string> names;
  for (usize at = 0; at < static_cast<usize>(length);) {
    names.emplace_back(&text[at]);
    at += names.back().size() + 1;
  }
  return names;
}

Result<Handle> create_file(const Handle& directory, const std::string& name, u32 mode) {
  return open_beneath(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 07777);
}

Result<void> make_directory(const Handle& directory, const std::string& name, u32 mode) {
  return as_done(call::mkdirat(directory.fd(), name.c_str(), mode & 07777));
}

Result<void> make_link(const Handle& directory, const std::string& name, const std::string& target) {
  return as_done(call::symlinkat(target.c_str(), directory.fd(), name.c_str()));
}

Result<void> hard_link(const Handle& from, const std::string& name, const Handle& to, const std::string& new_name) {
  return as_done(call::linkat(from.fd(), name.c_str(), to.fd(), new_name.c_str(), 0));
}

Result<void> remove_name(const Handle& directory, const std::string& name, bool is_directory) {
  return as_done(call::unlinkat(directory.fd(), name.c_str(), is_directory ? AT_REMOVEDIR : 0));
}

Result<void> rename(const Handle& from, const std::string& name, const Handle& to, const std::string& new_name,
                    u32 flags) {
  return as_done(call::renameat2(from.fd(), name.c_str(), to.fd(), new_name.c_str(), flags));
}

Result<void> change_mode(const Handle& directory, const std::string& name, u32 mode) {
  // fchmodat(2) would follow a link that somebody has just put there: the file is opened without following.
  const Handle file = TRY(open_beneath(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  return as_done(call::fchmod(file.fd(), mode & 0777));
}

Result<void> change_times(const Handle& directory, const std::string& name, const Times& times) {
  timespec t[2] = {{times.atime.sec, times.set_atime ? static_cast<long>(times.atime.nsec) : UTIME_OMIT},
                   {times.mtime.sec, times.set_mtime ? static_cast<long>(times.mtime.nsec) : UTIME_OMIT}};
  return as_done(call::utimensat(directory.fd(), name.c_str(), t, AT_SYMLINK_NOFOLLOW));
}

Result<void> set_size(const Handle& file, u64 size) { return as_done(call::ftruncate(file.fd(), size)); }

Result<void> allocate(const Handle& file, u32 mode, u64 offset, u64 length) {
  return as_done(call::fallocate(file.fd(), mode, offset, length));
}

Result<void> sync(const Handle& file, bool data_only) {
  return as_done(data_only ? call::fdatasync(file.fd()) : call::fsync(file.fd()));
}

}  // namespace limen::host
