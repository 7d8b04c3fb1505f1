// Access lists of files, acl(5): who beside the owner, the group and the others may do what.
//
//   Ref<const Acl> list = TRY(Acl::parse(creds, bytes));  // of setxattr("system.posix_acl_access"); null: an empty one
//   TRY(list->check());                                   // einval: it is none
//   TRY(inode.set_acl(AclKind::access, list, false));
//
// Immutable and shared: a change makes another. Ids are the kernel's; at the edge they are those of the caller's user namespace.
// An inode keeps none that says no more than its mode. Source: acl(5); fs/posix_acl.c, include/uapi/linux/posix_acl_xattr.h.
#pragma once

#include <span>
#include <vector>

#include "base/ref.h"
#include "base/result.h"
#include "base/types.h"

namespace limen {

class Credentials;
struct Attributes;

enum class AclKind : u8 { access, inherited };  // the default list of a directory is what it hands down

class Acl final : public RefCounted {
 public:
  struct Entry {
    u16 tag = 0;
    u16 permissions = 0;
    u32 id = ~0u;  // a kernel id where the tag names somebody
  };
  explicit Acl(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  // The value of the attribute. Null: no entries. einval, eopnotsupp (another version).
  static Result<Ref<const Acl>> parse(const Credentials& creds, std::span<const u8> bytes);
  std::vector<u8> bytes(const Credentials& creds) const;
  usize size() const;  // of bytes()

  // Are the entries those that a list has, in their order? einval. Linux: posix_acl_valid.
  Result<void> check() const;
  // The nine bits that a mode shows of it; `says_more`: it is not those alone. Linux: posix_acl_equiv_mode.
  u32 mode_bits() const;
  bool says_more() const;
  // May this user, who is not the owner, do all of `want`? Linux: posix_acl_permission.
  bool grants(const Credentials& creds, const Attributes& attributes, u32 want) const;

  // After chmod(2). Linux: posix_acl_chmod.
  Ref<const Acl> with_mode(u32 mode) const;
  // What a new inode has that asks for `mode` in a directory that hands this down; `mode` becomes its own. Linux: posix_acl_create_masq.
  Ref<const Acl> handed_down(u32& mode) const;

 private:
  static constexpr u32 kAll = 7;
  std::vector<Entry> entries_;
};

}  // namespace limen
