#include "kernel/vfs/dentry.h"

#include <gtest/gtest.h>

#include <set>

#include "kernel/mm/page_store.h"
#include "kernel/vfs/file.h"

namespace limen {
namespace {

// A filesystem where every name but "absent..." is there.
class EveryName final : public Filesystem {
 public:
  class Node final : public Inode {
   public:
    explicit Node(EveryName& fs) : fs_(fs) {}
    Filesystem& filesystem() override { return fs_; }
    Result<Attributes> attributes() override { return Attributes{}; }
    Result<Ref<Inode>> lookup(std::string_view name) override {
      ++fs_.lookups;
      if (name.starts_with("absent") || fs_.gone.contains(std::string(name))) return Errno::enoent;
      return Ref<Inode>(make_ref<Node>(fs_));
    }
    bool still_valid(std::string_view name, const Inode*) override { return !fs_.gone.contains(std::string(name)); }
    Result<Ref<File>> open(Task&, const Path&, u32) override { return Errno::enxio; }

   private:
    EveryName& fs_;
  };
  std::string_view type_name() const override { return "every"; }
  Device device() const override { return {}; }
  Ref<Inode> root() override { return make_ref<Node>(*this); }
  Result<FilesystemStatus> status() override { return FilesystemStatus{}; }
  int lookups = 0;
  std::set<std::string> gone;
};

struct DentryCacheTest : public ::testing::Test {
  Ref<EveryName> fs = make_ref<EveryName>();
  Ref<Dentry> top = make_ref<Dentry>(nullptr, "", fs->root());
  void TearDown() override { DentryCache::drop_unused(top); }
};

TEST_F(DentryCacheTest, ANameInUseIsOneDentry) {
  const Ref<Dentry> a = DentryCache::lookup(top, "a").value();
  EXPECT_EQ(DentryCache::lookup(top, "a").value(), a);
  EXPECT_EQ(fs->lookups, 1);
  EXPECT_TRUE(DentryCache::lookup(top, "absent").is(Errno::enoent));
}

TEST_F(DentryCacheTest, WhatTheFilesystemDoubtsIsAskedAgain) {
  const Ref<Dentry> a = DentryCache::lookup(top, "a").value();
  fs->gone.insert("a");
  EXPECT_TRUE(DentryCache::lookup(top, "a").is(Errno::enoent));
  fs->gone.clear();
  EXPECT_FALSE(DentryCache::lookup(top, "a").value() == a);
}

TEST_F(DentryCacheTest, WhatLeavesTheCacheTakesTheNamesBeneathItAlong) {
  const Ref<Dentry> held = DentryCache::lookup(top, "held").value();
  DentryCache::lookup(DentryCache::lookup(held, "dir").value(), "file").value();
  DentryCache::lookup(DentryCache::lookup(top, "removed").value(), "file").value();
  EXPECT_EQ(fs->dentries.load(), 6u);
  fs->gone.insert("held");
  EXPECT_TRUE(DentryCache::lookup(top, "held").is(Errno::enoent));
  DentryCache::removed(*top, *DentryCache::lookup(top, "removed").value());
  EXPECT_EQ(fs->dentries.load(), 2u);  // `top` and `held`
  // It has users, but nobody would come by to drop what it caches.
  DentryCache::lookup(DentryCache::lookup(held, "dir").value(), "file").value();
  EXPECT_EQ(fs->dentries.load(), 2u);
}

TEST_F(DentryCacheTest, TheNamesOfAFilesystemEndWithItsLastMount) {
  const Ref<EveryName> other = make_ref<EveryName>();
  const Ref<Dentry> root = make_ref<Dentry>(nullptr, "", other->root());
  Ref<Mount> first = make_ref<Mount>(other, root, 0, "");
  Ref<Dentry> dir = DentryCache::lookup(root, "dir").value();
  Ref<Mount> second = make_ref<Mount>(other, dir, 0, "");
  DentryCache::lookup(DentryCache::lookup(dir, "a").value(), "b").value();
  EXPECT_EQ(other->dentries.load(), 4u);
  first.reset();
  EXPECT_EQ(other->dentries.load(), 2u);
  DentryCache::lookup(DentryCache::lookup(dir, "a").value(), "b").value();
  dir.reset();
  second.reset();
  EXPECT_EQ(other->dentries.load(), 1u);  // ours
}

TEST_F(DentryCacheTest, MovesAndExchangesKeepTheTreeTrue) {
  const Ref<Dentry> dir = DentryCache::lookup(top, "dir").value();
  const Ref<Dentry> a = DentryCache::lookup(top, "a").value();
  const Ref<Dentry> b = DentryCache::lookup(dir, "b").value();
  DentryCache::exchanged(a, b);
  EXPECT_EQ(a->parent(), dir);
  EXPECT_EQ(a->name(), "b");
  EXPECT_EQ(DentryCache::lookup(top, "a").value(), b);
  EXPECT_EQ(DentryCache::lookup(dir, "b").value(), a);
  DentryCache::moved(b, dir, "c");
  EXPECT_EQ(DentryCache::lookup(dir, "c").value(), b);
  EXPECT_FALSE(DentryCache::lookup(top, "a").value() == b);
}

TEST_F(DentryCacheTest, ARemovedNameIsDeletedForItsHolders) {
  const Ref<Dentry> a = DentryCache::lookup(top, "a").value();
  DentryCache::removed(*top, *a);
  EXPECT_TRUE(a->is_deleted());
  EXPECT_FALSE(DentryCache::lookup(top, "a").value() == a);
}

TEST_F(DentryCacheTest, ManyDirectoriesStayWithinTheBound) {
  const Ref<Dentry> held = DentryCache::lookup(DentryCache::lookup(top, "kept").value(), "held").value();
  for (int d = 0; d < 100; ++d) {
    const Ref<Dentry> dir = DentryCache::lookup(top, std::to_string(d)).value();
    for (int f = 0; f < 1000; ++f) ASSERT_TRUE(DentryCache::lookup(dir, std::to_string(f)).ok());
  }
  EXPECT_LE(fs->dentries.load(), DentryCache::kMostDentries + 1);
  EXPECT_EQ(DentryCache::lookup(DentryCache::lookup(top, "kept").value(), "held").value(), held);
}

TEST_F(DentryCacheTest, ADeepTreeEndsWithoutRecursion) {
  Ref<Dentry> at = top;
  for (int i = 0; i < 200'000; ++i) at = make_ref<Dentry>(at, "d", at->inode());
  at.reset();
}

}  // namespace
}  // namespace limen
