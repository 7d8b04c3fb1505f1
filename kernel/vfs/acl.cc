#include "kernel/vfs/acl.h"

#include <algorithm>
#include <cstring>

#include "abi/xattr.h"
#include "kernel/cred/credentials.h"
#include "kernel/vfs/attributes.h"

namespace limen {
namespace {

bool names_somebody(u16 tag) { return tag == abi::acl_user || tag == abi::acl_group; }

bool is_known(u16 tag) {
  constexpr u32 kTags =
      abi::acl_user_obj | abi::acl_user | abi::acl_group_obj | abi::acl_group | abi::acl_mask | abi::acl_other;
  return (tag & ~kTags) == 0 && tag != 0 && (tag & (tag - 1)) == 0;
}

// Where an entry stands: their order is fixed, and only those with a name may come more than once.
u32 place_of(u16 tag) {
  switch (tag) {
    case abi::acl_user_obj:
      return 0;
    case abi::acl_user:
      return 1;
    case abi::acl_group_obj:
      return 2;
    case abi::acl_group:
      return 3;
    case abi::acl_mask:
      return 4;
    default:
      return 5;
  }
}

}  // namespace

Result<Ref<const Acl>> Acl::parse(const Credentials& creds, std::span<const u8> bytes) {
  abi::AclHeader header{};
  if (bytes.size() < sizeof header) return Errno::einval;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.version != abi::acl_xattr_version) return Errno::eopnotsupp;
  const std::span<const u8> rest = bytes.subspan(sizeof header);
  if (rest.size() % sizeof(abi::AclEntry) != 0) return Errno::einval;
  if (rest.empty()) return Ref<const Acl>();
  std::vector<Entry> entries(rest.size() / sizeof(abi::AclEntry));
  for (usize i = 0; i < entries.size(); ++i) {
    abi::AclEntry given{};
    std::memcpy(&given, &rest[i * sizeof given], sizeof given);
    if (!is_known(given.tag)) return Errno::einval;
    entries[i].tag = given.tag, entries[i].permissions = given.permissions;
    if (names_somebody(given.tag) && given.id == ~0u) return Errno::einval;
    if (given.tag == abi::acl_user) entries[i].id = TRY(creds.kernel_id(Uid(given.id)))
    .raw();
    if (given.tag == abi::acl_group) entries[i].id = TRY(creds.kernel_id(Gid(given.id)))
    .raw();
  }
  return Ref<const Acl>(make_ref<Acl>(std::move(entries)));
}

usize Acl::size() const { return sizeof(abi::AclHeader) + entries_.size() * sizeof(abi::AclEntry); }

std::vector<u8> Acl::bytes(const Credentials& creds) const {
  std::vector<u8> all(size());
  const abi::AclHeader header{abi::acl_xattr_version};
  std::memcpy(all.data(), &header, sizeof header);
  usize at = sizeof header;
  for (const Entry& entry : entries_) {
    abi::AclEntry told{entry.tag, entry.permissions, ~0u};
    if (entry.tag == abi::acl_user && creds.is_mapped(Uid(entry.id))) told.id = creds.seen(Uid(entry.id));
    if (entry.tag == abi::acl_group && creds.is_mapped(Gid(entry.id))) told.id = creds.seen(Gid(entry.id));
    std::memcpy(&all[at], &told, sizeof told);
    at += sizeof told;
  }
  return all;
}

Result<void> Acl::check() const {
  u32 seen = 0, last = 0;
  for (const Entry& entry : entries_) {
    const u32 place = place_of(entry.tag);
    if ((entry.permissions & ~kAll) != 0 || place < last) return Errno::einval;
    if ((seen & entry.tag) != 0 && !names_somebody(entry.tag)) return Errno::einval;
    seen |= entry.tag;
    last = place;
  }
  constexpr u32 kAlways = abi::acl_user_obj | abi::acl_group_obj | abi::acl_other;
  if ((seen & kAlways) != kAlways) return Errno::einval;
  const bool needs_mask = (seen & (abi::acl_user | abi::acl_group)) != 0;
  return needs_mask && (seen & abi::acl_mask) == 0 ? Result<void>(Errno::einval) : success;
}

u32 Acl::mode_bits() const {
  u32 mode = 0;
  bool has_mask = false;
  for (const Entry& entry : entries_) {
    const u32 permissions = entry.permissions & kAll;
    if (entry.tag == abi::acl_user_obj) mode |= permissions << 6;
    if (entry.tag == abi::acl_other) mode |= permissions;
    if (entry.tag == abi::acl_group_obj && !has_mask) mode |= permissions << 3;
    if (entry.tag == abi::acl_mask) {
      mode = (mode & ~070u) | permissions << 3;
      has_mask = true;
    }
  }
  return mode;
}

bool Acl::says_more() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return names_somebody(entry.tag) || entry.tag == abi::acl_mask; });
}

bool Acl::grants(const Credentials& creds, const Attributes& attributes, u32 want) const {
  u32 mask = kAll, others = 0;
  for (const Entry& entry : entries_) {
    if (entry.tag == abi::acl_mask) mask = entry.permissions;
    if (entry.tag == abi::acl_other) others = entry.permissions;
  }
  const auto has_all = [&](u32 permissions) { return (want & ~permissions & kAll) == 0; };
  // Somebody's own entry decides; of the groups that somebody is in, one entry must have all.
  bool in_some_group = false;
  for (const Entry& entry : entries_) {
    if (entry.tag == abi::acl_user && Uid(entry.id) == creds.fsuid) return has_all(entry.permissions & mask);
    const bool is_group = entry.tag == abi::acl_group_obj || entry.tag == abi::acl_group;
    if (!is_group || !creds.in_group(entry.tag == abi::acl_group_obj ? attributes.gid : Gid(entry.id))) continue;
    if (has_all(entry.permissions)) return has_all(entry.permissions & mask);
    in_some_group = true;
  }
  return !in_some_group && has_all(others);
}

Ref<const Acl> Acl::with_mode(u32 mode) const {
  std::vector<Entry> entries = entries_;
  Entry* group = nullptr;  // the mask stands for it, and comes later
  for (Entry& entry : entries) {
    if (entry.tag == abi::acl_user_obj) entry.permissions = static_cast<u16>(mode >> 6 & kAll);
    if (entry.tag == abi::acl_other) entry.permissions = static_cast<u16>(mode & kAll);
    if (entry.tag == abi::acl_group_obj || entry.tag == abi::acl_mask) group = &entry;
  }
  if (group != nullptr) group->permissions = static_cast<u16>(mode >> 3 & kAll);
  return make_ref<Acl>(std::move(entries));
}

Ref<const Acl> Acl::handed_down(u32& mode) const {
  const u32 bits = mode & mode_bits();
  mode = (mode & ~0777u) | bits;
  return with_mode(bits);
}

}  // namespace limen
