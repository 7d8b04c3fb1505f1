// Shared, slave and unbindable mounts: which mounts take part in what happens to another. Source: mount_namespaces(7), fs/pnode.c.
//
// A peer group is a number that its members have; a slave names the group whose events reach it. Groups end with their last member:
// their slaves are then those of the group above. All under MountTable's lock, and over all namespaces that share the table: each
// event looks once at every mount, whatever it reaches.
#include <algorithm>
#include <set>

#include "kernel/vfs/path.h"

namespace limen {
namespace {

// What a less privileged namespace may not change of a mount that comes to it.
u32 lockable(u32 flags) {
  constexpr u32 kKept = kMountReadOnly | kMountNoSuid | kMountNoDev | kMountNoExec;
  return (flags & kKept) | kMountNoAtime | kMountNoDirAtime | kMountRelatime;
}

bool is_within(const Ref<Dentry>& place, const Ref<Dentry>& root) {
  Ref<Dentry> at = place;
  while (at && at != root) at = at->parent();
  return static_cast<bool>(at);
}

// Of groups that have ended: what is above each. A group is above those that were made of its members, so no way leads back.
using Ended = std::map<u32, u32>;

u32 still_there(const Ended& ended, u32 group) {
  for (usize steps = 0; steps <= ended.size(); ++steps) {
    const auto above = ended.find(group);
    if (above == ended.end()) return group;
    group = above->second;
  }
  return 0;
}

}  // namespace

// The members of each group and its slaves.
struct MountNamespace::Groups {
  std::map<u32, std::vector<Mount*>> members, slaves;
  u32 last_new = 0;

  explicit Groups(const Mounts& all) {
    for (const Ref<Mount>& mount : all) {
      if (mount->peers_ != 0) members[mount->peers_].push_back(mount.get());
      if (mount->master_ != 0) slaves[mount->master_].push_back(mount.get());
    }
  }
  // As Linux's, the lowest that is free.
  u32 fresh() {
    do {
      ++last_new;
    } while (members.contains(last_new) || slaves.contains(last_new));
    return last_new;
  }
  // The groups that an event in one of `group` reaches, that one first; each after the one that it has its events from.
  struct Reached {
    u32 group, from;
  };
  std::vector<Reached> below(u32 group) const {
    std::vector<Reached> found;
    if (group == 0) return found;
    std::set<u32> seen{group};
    found.push_back({group, 0});
    for (usize i = 0; i < found.size(); ++i) {
      const auto its = slaves.find(found[i].group);
      if (its == slaves.end()) continue;
      for (const Mount* slave : its->second) {
        if (slave->peers_ != 0 && seen.insert(slave->peers_).second) found.push_back({slave->peers_, found[i].group});
      }
    }
    return found;
  }
  // All mounts that an event on `mount` reaches: peers, slaves, their peers and slaves.
  template <typename Use>
  void reach(const Mount& mount, const Use& use) const {
    for (const Reached& reached : below(mount.peers_)) {
      if (const auto its = members.find(reached.group); its != members.end()) {
        for (Mount* peer : its->second) {
          if (peer != &mount) use(*peer, reached.group, reached.group);
        }
      }
      if (const auto its = slaves.find(reached.group); its != slaves.end()) {
        for (Mount* slave : its->second) {
          if (slave->peers_ == 0) use(*slave, reached.group, u32{0});
        }
      }
    }
  }
};

MountNamespace::Mounts MountNamespace::all_mounts() const NO_THREAD_SAFETY_ANALYSIS {
  Mounts all;
  for (const MountNamespace* space : table_->spaces)
    all.insert(all.end(), space->mounts_.begin(), space->mounts_.end());
  return all;
}

// Linux: change_mnt_propagation, do_make_slave.
void MountNamespace::set_types(const Mounts& mounts, Propagation type) {
  const Mounts all = all_mounts();
  if (type == Propagation::shared) {
    Groups groups(all);
    for (const Ref<Mount>& mount : mounts) {
      if (mount->peers_ == 0) mount->peers_ = groups.fresh();
      mount->unbindable_ = false;
    }
    return;
  }
  Ended ended;
  for (const Ref<Mount>& mount : mounts) {
    if (mount->peers_ == 0) continue;
    ended[mount->peers_] = mount->master_;
    mount->master_ = std::exchange(mount->peers_, 0);
  }
  for (const Ref<Mount>& mount : all) ended.erase(mount->peers_);
  if (!ended.empty()) {
    for (const Ref<Mount>& mount : all) mount->master_ = still_there(ended, mount->master_);
  }
  for (const Ref<Mount>& mount : mounts) {
    mount->master_ = still_there(ended, mount->master_);
    if (type == Propagation::slave) continue;
    mount->master_ = 0;
    mount->unbindable_ = type == Propagation::unbindable;
  }
}

Result<void> MountNamespace::set_propagation(const Path& where, Propagation type, Depth depth) {
  WriteGuard guard(table_->lock);
  if (where.dentry != where.mount->root() || where.mount->space_ == nullptr || !may_use(*where.mount))
    return Errno::einval;
  set_types(tree_of(where, depth), type);
  return success;
}

// A copy of a tree for a mount that is reached, with what its mounts are to be.
struct MountNamespace::Plan {
  Mount* on;
  Mounts tree;
};

// Linux: attach_recursive_mnt, propagate_mnt. All copies are made before anything is covered.
Result<void> MountNamespace::attach(const Path& top, const Mounts& tree, Listed listed) NO_THREAD_SAFETY_ANALYSIS {
  Mount& over = *top.mount;
  std::vector<Plan> plans;
  Ended ended;  // of the groups that are new, until somebody is in them
  if (over.peers_ != 0) {
    const Mounts all = all_mounts();
    Groups groups(all);
    usize reached = 0;
    groups.reach(over, [&](Mount& on, u32, u32) { reached += is_within(top.dentry, on.root_) ? 1 : 0; });
    if (tree.size() > MountTable::kMost || reached > MountTable::kMost / tree.size() ||
        table_->count + (reached + 1) * tree.size() > MountTable::kMost)
      return Errno::enospc;
    // What comes to lie on a shared mount is shared; what its copies are depends on how they were reached.
    std::map<u32, std::vector<u32>> peers;  // by group: the groups of the copies on its members
    std::map<u32, u32> from;
    for (const Groups::Reached& each : groups.below(over.peers_)) {
      std::vector<u32>& own = peers[each.group];
      from[each.group] = each.from;
      for (usize i = 0; i < tree.size(); ++i) {
        const bool is_source = each.group == over.peers_;
        if (is_source && tree[i]->peers_ == 0) tree[i]->peers_ = groups.fresh(), tree[i]->unbindable_ = false;
        own.push_back(is_source ? tree[i]->peers_ : groups.fresh());
        if (!is_source) ended[own.back()] = peers[each.from][i];
      }
    }
    groups.reach(over, [&](Mount& on, u32 group, u32 own) NO_THREAD_SAFETY_ANALYSIS {  // with the table's lock
      if (!is_within(top.dentry, on.root_) || on.space_ == nullptr) return;
      Plan plan{&on, {}};
      std::map<const Mount*, Ref<Mount>> copies;
      const bool less_privileged = on.space_->owner() != owner();
      for (usize i = 0; i < tree.size(); ++i) {
        const Mount& source = *tree[i];
        const Ref<Mount> copy = make_ref<Mount>(source.fs_, source.root_, source.flags(), source.source_);
        copy->locked_flags_ = source.locked_flags_;
        copy->held_ = i != 0 && (source.held_ || less_privileged);
        if (less_privileged) copy->locked_flags_ |= lockable(source.flags());
        if (own == over.peers_) {
          copy->peers_ = source.peers_, copy->master_ = source.master_;
        } else if (own != 0) {
          copy->peers_ = peers[own][i], copy->master_ = peers[from[own]][i];
        } else {
          copy->master_ = peers[group][i];
        }
        copies[&source] = copy;
        if (i != 0) cover(Path(copies[source.mountpoint_.mount.get()], source.mountpoint_.dentry), copy);
        plan.tree.push_back(copy);
      }
      plans.push_back(std::move(plan));
    });
  } else if (listed == Listed::no && table_->count + tree.size() > MountTable::kMost) {
    return Errno::enospc;
  }
  cover(top, tree.front());
  if (listed == Listed::no) {
    for (const Ref<Mount>& mount : tree) add(mount);
  }
  for (const Plan& plan : plans) {
    const Path place(Ref<Mount>(plan.on), top.dentry);
    const auto there = table_->covers.find({place.mount.get(), place.dentry.get()});
    const Ref<Mount> above = there != table_->covers.end() ? there->second : Ref<Mount>();
    // What lies there already goes on top of it.
    if (above) uncover(*above);
    cover(place, plan.tree.front());
    if (above) cover(Path(plan.tree.front(), plan.tree.front()->root_), above);
    for (const Ref<Mount>& mount : plan.tree) plan.on->space_->add(mount);
  }
  // Groups that nobody came to be in: where a mount shows too little of its filesystem.
  const Mounts all = all_mounts();
  for (const Ref<Mount>& mount : all) ended.erase(mount->peers_);
  if (ended.empty()) return success;
  for (const Ref<Mount>& mount : all) mount->master_ = still_there(ended, mount->master_);
  return success;
}

// Linux: propagate_umount. One that others lie on stays, unless what lies on it covers it whole and takes its place.
MountNamespace::Mounts MountNamespace::going_with(const Mounts& gone) const {
  Mounts found;
  const bool travels = std::any_of(gone.begin(), gone.end(), [](const Ref<Mount>& mount) {
    return mount->mountpoint_ && mount->mountpoint_.mount->peers_ != 0;
  });
  if (!travels) return found;
  const Mounts all = all_mounts();
  const Groups groups(all);
  std::set<const Mount*> going;
  for (const Ref<Mount>& mount : gone) going.insert(mount.get());
  Mounts candidates;
  for (const Ref<Mount>& mount : gone) {
    if (!mount->mountpoint_) continue;
    groups.reach(*mount->mountpoint_.mount, [&](Mount& on, u32, u32) NO_THREAD_SAFETY_ANALYSIS {
      const auto there = table_->covers.find({&on, mount->mountpoint_.dentry.get()});
      if (there != table_->covers.end() && !there->second->held_ && !going.contains(there->second.get()))
        candidates.push_back(there->second);
    });
  }
  // Those that lie on others come later in `gone`, and so here.
  for (auto it = candidates.rbegin(); it != candidates.rend(); ++it) {
    const Ref<Mount>& mount = *it;
    bool stays = going.contains(mount.get());
    for (auto lying = table_->covers.lower_bound({mount.get(), nullptr});
         !stays && lying != table_->covers.end() && lying->first.first == mount.get(); ++lying) {
      stays = lying->first.second != mount->root_.get() && !going.contains(lying->second.get());
    }
    if (stays) continue;
    going.insert(mount.get());
    found.push_back(mount);
  }
  return found;
}

void MountNamespace::take_off(const Mounts& gone, std::vector<Path>& places) NO_THREAD_SAFETY_ANALYSIS {
  std::set<MountNamespace*> spaces;
  std::set<const Mount*> going;
  for (const Ref<Mount>& mount : gone) going.insert(mount.get());
  for (const Ref<Mount>& mount : gone) {
    MountNamespace* const space = std::exchange(mount->space_, nullptr);
    const Path place = mount->mountpoint_;
    places.push_back(place);
    if (space != nullptr) spaces.insert(space);
    // What covers something for a more privileged namespace keeps covering it in the tree that has been taken off.
    if (mount->held_) {
      detached_.push_back(mount);
      continue;
    }
    uncover(*mount), --table_->count;
    const auto on_it = table_->covers.find({mount.get(), mount->root_.get()});
    if (on_it == table_->covers.end() || going.contains(on_it->second.get()) || !place) continue;
    const Ref<Mount> above = on_it->second;
    uncover(*above);
    cover(place, above);
  }
  for (MountNamespace* space : spaces)
    std::erase_if(space->mounts_, [](const Ref<Mount>& mount) { return mount->space_ == nullptr; });
  set_types(gone, Propagation::private_);
}

std::map<const Mount*, MountNamespace::Peers> MountNamespace::peers() const {
  ReadGuard guard(table_->lock);
  const Mounts all = all_mounts();
  std::map<u32, u32> above;  // of a group: whose slaves its members are
  std::set<u32> here;
  for (const Ref<Mount>& mount : all) {
    if (mount->peers_ != 0) above[mount->peers_] = mount->master_;
    if (mount->peers_ != 0 && mount->space_ == this) here.insert(mount->peers_);
  }
  std::map<const Mount*, Peers> told;
  for (const Ref<Mount>& mount : mounts_) {
    Peers peers{mount->peers_, mount->master_, 0, mount->unbindable_};
    u32 group = mount->master_;
    for (usize i = 0; i < above.size() && group != 0 && !here.contains(group); ++i) group = above[group];
    if (group != mount->master_ && here.contains(group)) peers.from = group;
    told.emplace(mount.get(), peers);
  }
  return told;
}

}  // namespace limen
