#include "kernel/vfs/handles.h"

#include <cstring>

#include "abi/fcntl.h"
#include "abi/mount.h"
#include "host/random.h"

namespace limen {
namespace {

// An inode number and the code of the whole identity: short, as programs have room for the handles of known filesystems (20 bytes).
constexpr usize kSealedBytes = 16;

template <typename T>
void append(std::vector<u8>& to, const T& value) {
  const usize at = to.size();
  to.resize(at + sizeof value);
  std::memcpy(to.data() + at, &value, sizeof value);
}

u64 code_of(const SipKey& key, const InodeIdentity& id) {
  std::vector<u8> bytes;
  append(bytes, id.number), append(bytes, id.generation), append(bytes, id.device);
  return siphash(key, bytes);
}

EncodedHandle sealed(HandleTable& table, const InodeIdentity& id) {
  EncodedHandle handle{abi::fileid_sealed, {}};
  append(handle.bytes, id.number), append(handle.bytes, code_of(table.key(), id));
  return handle;
}

}  // namespace

class HandleTable::Entry final : public RefCounted {
 public:
  Entry(Ref<HandleTable> table, Inode& inode, const InodeIdentity& id)
      : table_(std::move(table)), inode_(&inode), id_(id) {}
  // In its inode's destructor: find() cannot take a reference to that any more.
  ~Entry() override {
    MutexGuard guard(table_->lock_);
    const auto at = table_->entries_.find(id_);
    if (at != table_->entries_.end() && at->second == this) table_->entries_.erase(at);
  }

 private:
  friend class HandleTable;
  const Ref<HandleTable> table_;
  Inode* const inode_;  // which holds us
  const InodeIdentity id_;
  std::optional<Names::iterator> name_;  // under the table's lock
};

SipKey HandleTable::key() {
  MutexGuard guard(lock_);
  if (!std::exchange(has_key_, true)) host::fill_random({reinterpret_cast<u8*>(&key_), sizeof key_});
  return key_;
}

Ref<Dentry> HandleTable::take_name(Entry& entry) {
  if (!entry.name_) return {};
  Ref<Dentry> name = std::move((*entry.name_)->name);
  names_.erase(*entry.name_);
  entry.name_.reset();
  return name;
}

void HandleTable::keep(Inode& inode, const Ref<Dentry>& name) {
  is_used_.store(true, std::memory_order_relaxed);
  const InodeIdentity id = inode.identity();
  const Ref<RefCounted> held = inode.attachment_or(
      Inode::Attachment::handle, [&] { return Ref<RefCounted>(make_ref<Entry>(Ref<HandleTable>(this), inode, id)); });
  auto& entry = static_cast<Entry&>(*held);
  const bool is_named = name && !name->is_deleted();
  {
    Ref<Dentry> old, oldest;  // dropped without the lock
    MutexGuard guard(lock_);
    entries_[id] = &entry;
    if (!is_named) return;
    old = take_name(entry);
    names_.push_front({name, &entry});
    entry.name_ = names_.begin();
    if (names_.size() > kMostKept) oldest = take_name(*names_.back().entry);
  }
  // Whoever deleted it meanwhile forgot it before it was here.
  if (name->is_deleted()) forget(*name);
}

Result<Ref<Dentry>> HandleTable::find(u64 number, std::optional<u64> code, const Ref<Dentry>& top) {
  const SipKey own = key();
  Ref<Inode> inode;
  Ref<Dentry> name;
  {
    MutexGuard guard(lock_);
    auto at = entries_.lower_bound({.number = number});
    while (at != entries_.end() && at->first.number == number && code && code_of(own, at->first) != *code) ++at;
    if (at == entries_.end() || at->first.number != number || !at->second->inode_->try_ref()) return Errno::estale;
    inode = Ref<Inode>::adopt(at->second->inode_);
    if (at->second->name_) name = (*at->second->name_)->name;
  }
  if (name) {
    const Ref<Dentry> above = name->parent();
    if (!above || name->is_mountpoint() || above->inode()->still_valid(name->name(), inode.get())) return name;
    return Errno::estale;  // the host has another file there
  }
  const Attributes attributes = TRY(inode->recent_attributes());
  if (attributes.is_directory()) return Errno::estale;
  // Another link of it, or a file that is gone and still used: it has no place.
  Ref<Dentry> placeless = make_ref<Dentry>(top, "#" + std::to_string(attributes.inode), std::move(inode));
  placeless->set_deleted();
  return placeless;
}

void HandleTable::forget(Dentry& name) {
  if (!is_used()) return;
  const Ref<RefCounted> held = name.inode()->attachment(Inode::Attachment::handle);
  if (!held) return;
  auto& entry = static_cast<Entry&>(*held);
  Ref<Dentry> old;
  MutexGuard guard(lock_);
  if (entry.name_ && (*entry.name_)->name.get() == &name) old = take_name(entry);
}

void HandleTable::clear() {
  Names all;
  MutexGuard guard(lock_);
  for (auto& [id, entry] : entries_) entry->name_.reset();
  all.swap(names_);
}

Result<EncodedHandle> encode_handle(Inode& inode, const Ref<Dentry>& name, HandleUse use) {
  Filesystem& fs = inode.filesystem();
  const Filesystem::Handles kind = fs.handles();
  const InodeIdentity id = inode.identity();
  const bool has_place = kind == Filesystem::Handles::placed || kind == Filesystem::Handles::numbers;
  if (use == HandleUse::place && !has_place) return Errno::eopnotsupp;
  EncodedHandle handle;
  switch (kind) {
    case Filesystem::Handles::none:
      if (use != HandleUse::compare) return Errno::eopnotsupp;
      handle.type = abi::fileid_ino64_gen;
      append(handle.bytes, id.number), append(handle.bytes, u32{0});
      return handle;
    case Filesystem::Handles::numbers:
      handle.type = abi::fileid_kernfs;
      append(handle.bytes, id.number);
      break;
    default:
      handle = sealed(*fs.handle_table, id);
  }
  fs.handle_table->keep(inode, name);
  if (use == HandleUse::place) {
    const u32 type = TRY(inode.file_type());
    handle.type |= abi::fileid_is_connectable | (type == abi::s_ifdir ? abi::fileid_is_dir : 0);
  }
  return handle;
}

// Linux: fs/notify/fdinfo.c:show_mark_fhandle.
std::string handle_text(Inode& inode) {
  const Result<EncodedHandle> handle = encode_handle(inode, nullptr, HandleUse::compare);
  if (!handle.ok()) return "";
  char part[64];
  std::snprintf(part, sizeof part, " fhandle-bytes:%zx fhandle-type:%x f_handle:", handle->bytes.size(), handle->type);
  std::string text = part;
  for (const u8 byte : handle->bytes) {
    std::snprintf(part, sizeof part, "%02x", byte);
    text += part;
  }
  return text;
}

Result<Ref<Dentry>> decode_handle(const Mount& mount, i32 type, std::span<const u8> bytes) {
  Filesystem& fs = *mount.filesystem();
  const i32 kind = type & 0xff;
  const bool by_number = fs.handles() == Filesystem::Handles::numbers;
  const bool is_ours = by_number ? kind == abi::fileid_kernfs && bytes.size() == sizeof(u64)
                                 : kind == abi::fileid_sealed && bytes.size() == kSealedBytes;
  if (fs.handles() == Filesystem::Handles::none || !is_ours) return Errno::estale;
  u64 number = 0, code = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  if (!by_number) std::memcpy(&code, bytes.data() + sizeof number, sizeof code);
  Ref<Dentry> top = mount.root();
  while (Ref<Dentry> up = top->parent()) top = std::move(up);
  return fs.handle_table->find(number, by_number ? std::nullopt : std::optional(code), top);
}

}  // namespace limen
