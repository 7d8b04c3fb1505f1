// What stat(2) and statx(2) tell of an inode, in canonical types (no word size of any ABI).
#pragma once

#include <optional>

#include "base/types.h"

namespace limen {

namespace abi {
struct Stat;
}
class Credentials;

struct TimeStamp {
  i64 sec = 0;
  u32 nsec = 0;
  auto operator<=>(const TimeStamp&) const = default;
  static TimeStamp from_ns(u64 ns) {
    return {static_cast<i64>(ns / 1'000'000'000), static_cast<u32>(ns % 1'000'000'000)};
  }
};

// Device numbers as the kernel keeps them; encoded for the ABI in the stat handlers (new_encode_dev).
struct Device {
  u32 major = 0;
  u32 minor = 0;
  auto operator<=>(const Device&) const = default;
};

struct Attributes {
  Device device;
  u64 inode = 0;
  u32 mode = 0;  // type and permission bits, as S_IF* | 07777
  u64 links = 1;
  Uid uid;
  Gid gid;
  Device rdev;
  u64 size = 0;
  u64 block_size = 4096;
  u64 blocks = 0;  // of 512 bytes
  TimeStamp atime, mtime, ctime, btime;

  u32 type() const { return mode & 0170000; }
  bool is_directory() const { return type() == 0040000; }
  bool is_regular() const { return type() == 0100000; }
  bool is_symlink() const { return type() == 0120000; }
};

// A change: what is set is changed. `now` in a time is already resolved by the caller.
struct AttributeChange {
  std::optional<u32> mode;  // permission bits only
  std::optional<Uid> uid;
  std::optional<Gid> gid;
  std::optional<u64> size;
  std::optional<TimeStamp> atime, mtime;

  // All but the size, which is its object's affair.
  void apply_to(Attributes& attributes) const;
};

struct FilesystemStatus {  // statfs(2)
  u64 magic = 0, block_size = 4096, blocks = 0, blocks_free = 0, blocks_available = 0, files = 0, files_free = 0;
  u64 fsid = 0, name_max = 255, flags = 0;
};

// struct stat(2) as the ABI has it, with the ids as `reader` sees them.
abi::Stat encode_stat(const Credentials& reader, const Attributes& attributes);

}  // namespace limen
