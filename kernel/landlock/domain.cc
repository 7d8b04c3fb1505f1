#include "kernel/landlock/domain.h"

#include "kernel/vfs/inode.h"

namespace limen {

LandlockRules::LandlockRules(u64 fs, u64 net, u64 scopes) : handled_fs(fs), handled_net(net), scoped(scopes) {}
LandlockRules::LandlockRules(const LandlockRules& o)
    : handled_fs(o.handled_fs), handled_net(o.handled_net), scoped(o.scoped), places_(o.places_), ports_(o.ports_) {}
LandlockRules::~LandlockRules() = default;

void LandlockRules::grant(Ref<Inode> inode, u64 rights) {
  Place& place = places_[inode.get()];
  place.rights |= rights;
  if (place.inode) return;
  place.filesystem = Ref<Filesystem>(&inode->filesystem());
  place.inode = std::move(inode);
}

u64 LandlockRules::granted(const Inode& inode) const {
  const auto found = places_.find(&inode);
  return found == places_.end() ? 0 : found->second.rights;
}

u64 LandlockRules::granted_port(u16 port) const {
  const auto found = ports_.find(port);
  return found == ports_.end() ? 0 : found->second;
}

Ref<const LandlockDomain> LandlockDomain::within(const LandlockDomain* outer, Ref<const LandlockRules> rules) {
  const Ref<LandlockDomain> inner = make_ref<LandlockDomain>();
  if (outer != nullptr) {
    if (outer->layers_.size() == kMostLayers) return nullptr;
    inner->layers_ = outer->layers_;
    inner->handles_files_ = outer->handles_files_;
  }
  inner->handles_files_ |= rules->handled_fs != 0;
  inner->layers_.push_back(make_ref<LandlockLayer>(std::move(rules)));
  return inner;
}

// A layer is of one domain and of those within it.
bool LandlockDomain::contains(const LandlockDomain* other, usize layers) const {
  return other != nullptr && other->layers_.size() >= layers && other->layers_[layers - 1] == layers_[layers - 1];
}

bool LandlockDomain::is_scoped_from(const LandlockDomain* other, u64 scope) const {
  for (usize i = layers_.size(); i > 0; --i) {
    // Who is within the innermost scope is within all.
    if ((layers_[i - 1]->rules->scoped & scope) != 0) return !contains(other, i);
  }
  return false;
}

}  // namespace limen
