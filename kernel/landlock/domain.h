// What a task may still do, by its own wish: landlock(7). A ruleset names rights that it handles and grants some of them beneath
// places and for ports; landlock_restrict_self(2) makes it one more layer of the task's domain, which a right must pass every layer of.
//
//   Credentials ──> LandlockDomain ──> LandlockLayer (1 to 16) ──> LandlockRules ──> Inode, Filesystem
//
// All of it is immutable but a LandlockRules that no layer has taken yet, which its ruleset's file changes (ruleset.h). A domain is
// inherited with the credentials; another domain is within it if it begins with the same layers.
//
// A rule is about an inode and pins it, with its filesystem, so that the same place is never another object. What breaks the cycle
// from a filesystem's inode over a listening socket to credentials: Socket::released forgets whose it was.
// Locks: none. Source: security/landlock/{ruleset,domain,task}.c.
#pragma once

#include <unordered_map>
#include <vector>

#include "base/ref.h"
#include "base/types.h"

namespace limen {

class Filesystem;
class Inode;

class LandlockRules final : public RefCounted {
 public:
  LandlockRules(u64 handled_fs, u64 handled_net, u64 scoped);
  LandlockRules(const LandlockRules& other);
  ~LandlockRules() override;

  const u64 handled_fs, handled_net;  // LANDLOCK_ACCESS_*
  const u64 scoped;                   // LANDLOCK_SCOPE_*

  // What several rules say of one place is granted together.
  void grant(Ref<Inode> inode, u64 rights);
  void grant_port(u16 port, u64 rights) { ports_[port] |= rights; }
  u64 granted(const Inode& inode) const;  // at this place, not above
  u64 granted_port(u16 port) const;

 private:
  struct Place {
    Ref<Filesystem> filesystem;  // outlives the inode
    Ref<Inode> inode;
    u64 rights = 0;
  };
  std::unordered_map<const Inode*, Place> places_;
  std::unordered_map<u16, u64> ports_;
};

// One restriction of one task: the same rules twice are two layers.
class LandlockLayer final : public RefCounted {
 public:
  explicit LandlockLayer(Ref<const LandlockRules> what) : rules(std::move(what)) {}
  const Ref<const LandlockRules> rules;
};

class LandlockDomain final : public RefCounted {
 public:
  static constexpr usize kMostLayers = 16;  // LANDLOCK_MAX_NUM_LAYERS

  // `outer` (null: none) with one layer more; null where it has kMostLayers.
  static Ref<const LandlockDomain> within(const LandlockDomain* outer, Ref<const LandlockRules> rules);

  const std::vector<Ref<const LandlockLayer>>& layers() const { return layers_; }
  bool handles_files() const { return handles_files_; }  // any right of any layer

  // Is `other` (null: no domain) this domain or one within it? Linux: domain_scope_le.
  bool contains(const LandlockDomain* other) const { return contains(other, layers_.size()); }
  // May its tasks not reach those of `other`, by this LANDLOCK_SCOPE_*? Linux: domain_is_scoped.
  bool is_scoped_from(const LandlockDomain* other, u64 scope) const;

 private:
  bool contains(const LandlockDomain* other, usize layers) const;
  std::vector<Ref<const LandlockLayer>> layers_;
  bool handles_files_ = false;
};

}  // namespace limen
