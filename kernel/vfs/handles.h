// File handles: name_to_handle_at(2), open_by_handle_at(2), and what fanotify(7) calls files by. Source: fs/fhandle.c, fs/exportfs.
//
// A handle that may be opened holds the inode's number and a keyed code of its identity, so that a guest can pass one on and not make one. It leads
// to an inode of its own filesystem alone, and every filesystem here ends at what the sandbox was given.
//
// A HandleTable belongs to a filesystem. An inode that has a handle is known to it for as long as the inode lives; and it keeps the names
// of the kMostKept inodes that were asked for last, with which a file of the host can be found again and a directory has its place. Who has
// lost that answers ESTALE, as on Linux a file that is gone. An unlinked name is not kept, nor anything once the last mount is gone.
//
// Who holds whom: an inode holds its entry (Attachment::handle), the entry its table; the table its entries by plain pointers, which they
// take out themselves. An entry may hold a Dentry and so its inode, until what is said above ends it.
// Lock: lock_ (rank `leaf`). Decoding may ask the host whether the name is still there; nothing else blocks.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/siphash.h"
#include "kernel/vfs/path.h"

namespace limen {

struct EncodedHandle {
  i32 type = 0;
  std::vector<u8> bytes;
  bool operator==(const EncodedHandle&) const = default;
};

class HandleTable final : public RefCounted {
 public:
  static constexpr usize kMostKept = 8192;

  // Remembers that this inode was given a handle, and by which name it is found (null: the name is about to go).
  void keep(Inode& inode, const Ref<Dentry>& name);
  // By an inode number and the code of the identity (none: any). estale. `top`: the root of the filesystem, beneath which a file is shown
  // that has no name to be found by.
  Result<Ref<Dentry>> find(u64 number, std::optional<u64> code, const Ref<Dentry>& top);
  void forget(Dentry& name);  // it is no more
  void clear();
  bool is_used() const { return is_used_.load(std::memory_order_relaxed); }
  // Of the code in its handles; random.
  SipKey key();

 private:
  class Entry;
  struct Kept {
    Ref<Dentry> name;
    Entry* entry;  // of its inode
  };
  using Names = std::list<Kept>;  // the newest in front
  Ref<Dentry> take_name(Entry& entry) REQUIRES(lock_);

  std::atomic<bool> is_used_{false};
  Mutex lock_{LockRank::leaf};
  bool has_key_ GUARDED_BY(lock_) = false;
  SipKey key_ GUARDED_BY(lock_);
  std::map<InodeIdentity, Entry*> entries_ GUARDED_BY(lock_);
  Names names_ GUARDED_BY(lock_);
};

// What a handle is for: to be opened, to be opened at its place, or to be compared.
enum class HandleUse : u8 { open, place, compare };
// eopnotsupp where the filesystem has none of that use. `name`: as HandleTable::keep.
Result<EncodedHandle> encode_handle(Inode& inode, const Ref<Dentry>& name, HandleUse use);
// As fdinfo writes it: " fhandle-bytes:... fhandle-type:... f_handle:..."; empty where there is none.
std::string handle_text(Inode& inode);
// estale: of no file, of another filesystem, not made by encode_handle, or forgotten.
Result<Ref<Dentry>> decode_handle(const Mount& mount, i32 type, std::span<const u8> bytes);

}  // namespace limen
