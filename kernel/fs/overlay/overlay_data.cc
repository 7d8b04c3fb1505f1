// The bytes, names and extended attributes of host files seen through the overlay.
#include <algorithm>

#include "abi/fcntl.h"
#include "abi/xattr.h"
#include "kernel/cred/credentials.h"
#include "kernel/fs/overlay/overlay_fs.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

constexpr u64 kLowerNames =
    u64{1} << 40;  // positions of a listing from which on they count the host's names: above MemoryInode's
constexpr usize kCopyChunk = 1 << 18;

// Keeps a host descriptor, and whoever it was asked of, for as long as it is mapped.
struct MappedHostFile : public RefCounted {
  Ref<HostTree::Open> open;
  Ref<RefCounted> owner;
};

bool is_shown_xattr(std::string_view name) {
  return name.starts_with(abi::xattr_user_prefix) || name == abi::xattr_capability_name;
}

}  // namespace

struct OverlayInode::LowerNames : public MemoryInode::Listing {
  host::DirectoryNames names;
};

Result<Ref<HostTree::Open>> OverlayInode::lower_file() { return tree().file(spot(), host::Access::read); }

Result<usize> OverlayInode::read_at(Task& task, UserBuffer& to, u64& position) {
  if (owns_content()) return MemoryInode::read_at(task, to, position);
  const Ref<HostTree::Open> open = TRY(lower_file());
  usize total = 0;
  while (to.remaining() != 0) {
    bool ended = false;
    const usize most = to.remaining();
    const Result<usize> moved =
        to.with_spans(most, UserBuffer::Direction::to_guest, [&](std::span<const std::span<u8>> spans) {
          usize asked = 0;
          for (const std::span<u8>& span : spans) asked += span.size();
          Result<usize> got = host::read_at(open->handle, spans, position);
          ended = got.ok() && *got < asked;
          return got;
        });
    if (!moved.ok()) return total != 0 ? Result<usize>(total) : Result<usize>(moved.error());
    total += *moved;
    position += *moved;
    if (ended || *moved == 0) break;
  }
  return total;
}

Result<void> OverlayInode::copy_content(u64 length) {
  if (length == 0) {
    attributes_.size = 0;
    return success;
  }
  const Ref<HostTree::Open> open = TRY(lower_file());
  std::vector<u8> chunk(static_cast<usize>(std::min<u64>(length, kCopyChunk)));
  u64 at = 0;
  while (at < length) {
    const std::span<u8> part(chunk.data(), static_cast<usize>(std::min<u64>(length - at, chunk.size())));
    const usize got = TRY(host::read_at(open->handle, std::span<const std::span<u8>>(&part, 1), at));
    if (got == 0) break;  // the host has cut it
    // Zeroes need no pages: a sparse file stays sparse.
    const bool is_hole = std::all_of(part.begin(), part.begin() + static_cast<i64>(got), [](u8 b) { return b == 0; });
    if (!is_hole) {
      if (page_ceil(got) > fs_.bytes_free()) return Errno::enospc;
      UserBuffer from = UserBuffer::of_const(part.first(got));
      const Result<usize> written = store().write(from, at, got);
      if (!written.ok() || *written != got) return Errno::enospc;
      recount();
    }
    at += got;
  }
  attributes_.size = at;
  store().set_size(at);
  return success;
}

// Under the inode's lock, so that nobody writes between the copy and its use; only those who use this one file wait.
Result<void> OverlayInode::own_content(u64 bytes_kept) {
  if (type_ != abi::s_ifreg || owns_content()) return success;
  TRY(own_xattrs());
  MutexGuard guard(lock_);
  if (owns_content_) return success;
  const Result<void> copied = copy_content(std::min(attributes_.size, bytes_kept));
  if (!copied.ok()) {
    store_.reset();
    recount();
    return copied;
  }
  owns_content_ = true;
  return success;
}

Result<MappingSource> OverlayInode::mapping(Ref<RefCounted> owner, bool may_write) {
  if (may_write) {
    TRY(own_attributes());
    TRY(own_content(~u64{0}));
  }
  if (owns_content()) return MemoryInode::mapping(std::move(owner), may_write);
  Ref<MappedHostFile> mapped = make_ref<MappedHostFile>();
  mapped->open = TRY(lower_file());
  mapped->owner = std::move(owner);
  MappingSource source;
  source.host = &mapped->open->handle;
  source.owner = mapped;
  return source;
}

Result<u64> OverlayInode::seek_data(u64 offset, bool hole) {
  if (owns_content()) return MemoryInode::seek_data(offset, hole);
  const Ref<HostTree::Open> open = TRY(lower_file());
  return host::seek_data(open->handle, offset, hole);
}

Result<std::vector<u8>> OverlayInode::get_xattr(std::string_view name) {
  Result<std::vector<u8>> own = MemoryInode::get_xattr(name);
  if (own.ok() || !own.is(Errno::enodata) || !is_shown_xattr(name) || owns_xattrs()) return own;
  const Result<Ref<HostTree::Open>> open = lower_file();
  if (!open.ok()) return Errno::enodata;
  Result<std::vector<u8>> lower = host::get_xattr((*open)->handle, std::string(name));
  if (!lower.ok()) return Errno::enodata;
  return lower;
}

Result<std::vector<std::string>> OverlayInode::list_xattr() {
  std::vector<std::string> names = TRY(MemoryInode::list_xattr());
  if (owns_xattrs()) return names;
  const Result<Ref<HostTree::Open>> open = lower_file();
  if (!open.ok()) return names;
  const Result<std::vector<std::string>> lower = host::list_xattr((*open)->handle);
  if (!lower.ok()) return names;
  for (const std::string& name : *lower) {
    if (is_shown_xattr(name) && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

Result<void> OverlayInode::set_xattr(std::string_view name, std::vector<u8> value, u32 flags) {
  TRY(own_xattrs());
  return MemoryInode::set_xattr(name, std::move(value), flags);
}

Result<void> OverlayInode::remove_xattr(std::string_view name) {
  TRY(own_xattrs());
  return MemoryInode::remove_xattr(name);
}

bool OverlayInode::owns_xattrs() {
  if (type_ != abi::s_ifreg) return true;
  MutexGuard guard(lock_);
  return owns_xattrs_;
}

// The host's, which are shown, become ours before one of them changes, or before the bytes do. enospc.
Result<void> OverlayInode::own_xattrs() {
  if (owns_xattrs()) return success;
  std::map<std::string, std::vector<u8>, std::less<>> values;
  u64 bytes = 0;
  const std::vector<std::string> names = TRY(list_xattr());
  for (const std::string& name : names) {
    Result<std::vector<u8>> value = get_xattr(name);
    if (!value.ok()) continue;
    bytes += name.size() + value->size();
    values.insert_or_assign(name, std::move(*value));
  }
  if (bytes > fs_.bytes_free()) return Errno::enospc;
  MutexGuard guard(lock_);
  if (std::exchange(owns_xattrs_, true)) return success;
  for (auto& [name, value] : values) {
    if (!xattrs_.contains(name)) keep_xattr(name, std::move(value));  // ours is newer
  }
  recount();
  return success;
}

// The host's lists, as far as it lets us read them: once for each time that the host changed the file's attributes.
void OverlayInode::learn_acls() {
  if (type_ != abi::s_ifreg && type_ != abi::s_ifdir) return;
  TimeStamp as_of;
  {
    MutexGuard guard(lock_);
    if (owns_attributes_ || acls_as_of_ == attributes_.ctime) return;
    as_of = attributes_.ctime;
  }
  const Result<Ref<HostTree::Open>> open = type_ == abi::s_ifdir ? tree().listable(spot()) : lower_file();
  const auto read = [&](std::string_view name) -> Ref<const Acl> {
    if (!open.ok() || (*open)->is_pseudo) return nullptr;
    const Result<std::vector<u8>> value = host::get_xattr((*open)->handle, std::string(name));
    if (!value.ok()) return nullptr;
    Result<Ref<const Acl>> list = Acl::parse(*make_ref<Credentials>(), *value);
    return list.ok() && *list && (*list)->check().ok() ? std::move(*list) : Ref<const Acl>();
  };
  Ref<const Acl> access = read(abi::acl_access_name);
  Ref<const Acl> inherited = type_ == abi::s_ifdir ? read(abi::acl_default_name) : Ref<const Acl>();
  MutexGuard guard(lock_);
  if (owns_attributes_) return;
  keep_acl(AclKind::access, std::move(access));
  keep_acl(AclKind::inherited, std::move(inherited));
  acls_as_of_ = as_of;
}

bool OverlayInode::learn_acl() {
  learn_acls();
  return has_acl();
}

Result<Ref<const Acl>> OverlayInode::acl(AclKind kind) {
  learn_acls();
  return MemoryInode::acl(kind);
}

// A directory that the host has removed is empty.
Result<host::DirectoryNames> OverlayInode::lower_names() {
  Result<host::DirectoryNames> names = tree().names(spot());
  return names.is(Errno::enoent) ? Result<host::DirectoryNames>(host::DirectoryNames()) : std::move(names);
}

Result<bool> OverlayInode::is_empty() {
  {
    ReadGuard guard(fs_.names_lock);
    if (!by_cookie_.empty()) return false;
  }
  const host::DirectoryNames names = TRY(lower_names());
  ReadGuard guard(fs_.names_lock);
  for (usize i = 0; i < names.size(); ++i) {
    if (!slots_.contains(names[i].name)) return false;
  }
  return true;
}

Result<Ref<MemoryInode::Listing>> OverlayInode::start_listing() {
  Ref<LowerNames> lower = make_ref<LowerNames>();
  lower->names = TRY(lower_names());
  WriteGuard guard(fs_.names_lock);
  if (std::any_of(slots_.begin(), slots_.end(), [](const auto& slot) { return slot.second.is_pin; })) {
    std::set<std::string_view> there;
    for (usize i = 0; i < lower->names.size(); ++i) there.insert(lower->names[i].name);
    // A changed file that the host has removed since is listed as the guest's own.
    for (auto& [name, slot] : slots_) {
      if (slot.is_pin && !there.contains(name)) slot.is_pin = false;
    }
  }
  return Ref<Listing>(std::move(lower));
}

void OverlayInode::list(const Ref<Listing>& listing, u64& position, const DirectorySink& sink) {
  const host::DirectoryNames& names = static_cast<const LowerNames&>(*listing).names;
  ReadGuard guard(fs_.names_lock);
  if (position < kLowerNames) {
    if (!collect(position, sink) || names.empty()) return;
    position = kLowerNames;
  }
  for (; position - kLowerNames < names.size(); ++position) {
    const host::DirectoryNames::Entry entry = names[position - kLowerNames];
    u64 number = entry.inode;
    if (!slots_.empty()) {
      const auto at = slots_.find(entry.name);
      if (at != slots_.end() && !at->second.is_pin) continue;
      if (at != slots_.end()) number = at->second.inode->number();
    }
    if (!sink({entry.name, number, entry.type, position + 1})) return;
  }
}

}  // namespace limen
