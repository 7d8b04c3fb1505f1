#include "kernel/fs/host/host_tree.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace limen {
namespace {

class HostTreeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/limen-tree-XXXXXX";
    top_ = mkdtemp(name);
    std::filesystem::create_directories(top_ / "a" / "b");
    std::ofstream(top_ / "a" / "secret") << "s";
    std::ofstream(top_ / "a" / "file") << "f";
    std::filesystem::create_hard_link(top_ / "a" / "secret", top_ / "a" / "alias");
    tree_ = tree_of(top_.string());
  }
  void TearDown() override { std::filesystem::remove_all(top_); }
  Ref<HostTree> tree_of(const std::string& path, std::vector<std::string> unchanging = {}) {
    return make_ref<HostTree>(host::open_root(path).value(), path, hidden_, std::move(unchanging));
  }
  HostId id_of(const std::string& place) {
    host::Handle directory = host::open_directory(tree_->root(), "").value();
    return HostId::of(host::stat_name(directory, place).value());
  }
  std::filesystem::path top_;
  Ref<HiddenPlaces> hidden_ = make_ref<HiddenPlaces>();
  Ref<HostTree> tree_;
};

TEST_F(HostTreeTest, FindsNamesOfTheRightDirectoryOnly) {
  EXPECT_TRUE(tree_->look_up({"a", id_of("a")}, "file").ok());
  EXPECT_TRUE(tree_->look_up({"a", id_of("a")}, "none").is(Errno::enoent));
  EXPECT_TRUE(tree_->look_up({"a", id_of("a/b")}, "file").is(Errno::enoent));
}

TEST_F(HostTreeTest, AReplacedDirectoryIsAnotherOne) {
  const HostId before = id_of("a");
  std::filesystem::rename(top_ / "a", top_ / "old");
  std::filesystem::create_directory(top_ / "a");
  EXPECT_TRUE(tree_->directory({"a", before}).is(Errno::enoent));
  EXPECT_TRUE(tree_->directory({"a", id_of("a")}).ok());
}

TEST_F(HostTreeTest, HandlesAreKeptAndComeBack) {
  const Ref<HostTree::Open> first = tree_->file({"a/file", id_of("a/file")}, host::Access::read).value();
  EXPECT_EQ(tree_->file({"a/file", id_of("a/file")}, host::Access::read).value(), first);
  for (int i = 0; i < 1100; ++i) {  // more than are kept
    const std::string name = "n" + std::to_string(i);
    std::ofstream(top_ / name) << i;
    ASSERT_TRUE(tree_->file({name, id_of(name)}, host::Access::read).ok());
  }
  const Result<Ref<HostTree::Open>> again = tree_->file({"a/file", id_of("a/file")}, host::Access::read);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(*again == first);
}

TEST_F(HostTreeTest, HiddenIsAbsentByPathAndByEveryOtherName) {
  hidden_->add((top_ / "a" / "secret").string());
  hidden_->add(id_of("a/secret"));
  EXPECT_TRUE(tree_->look_up({"a", id_of("a")}, "secret").is(Errno::enoent));
  EXPECT_TRUE(tree_->look_up({"a", id_of("a")}, "alias").is(Errno::enoent));
  EXPECT_TRUE(tree_->look_up({"a", id_of("a")}, "file").ok());
  const host::DirectoryNames names = tree_->names({"a", id_of("a")}).value();
  ASSERT_EQ(names.size(), 2u);  // "b" and "file"
  EXPECT_NE(names[0].name, "secret");
  EXPECT_NE(names[1].name, "secret");
  EXPECT_TRUE(hidden_->hides((top_ / "a" / "secret" / "beneath").string()));
  EXPECT_FALSE(hidden_->hides((top_ / "a").string()));
  // A new file under the hidden name, as an editor writes it.
  std::filesystem::remove(top_ / "a" / "secret");
  std::ofstream(top_ / "a" / "secret") << "new";
  EXPECT_TRUE(tree_->look_up({"a", id_of("a")}, "secret").is(Errno::enoent));
}

TEST_F(HostTreeTest, TheHostsProcIsEmpty) {
  const Ref<HostTree> whole = tree_of("/");
  const HostId proc = HostId::of(host::stat_name(host::open_directory(whole->root(), "").value(), "proc").value());
  EXPECT_TRUE(whole->look_up({"proc", proc}, "self").is(Errno::enoent));
  EXPECT_TRUE(whole->look_up({"proc", proc}, "1").is(Errno::enoent));
}

TEST_F(HostTreeTest, UnchangingIsByWholeComponents) {
  const Ref<HostTree> whole = tree_of("/", {"/usr"});
  EXPECT_TRUE(whole->is_unchanging("usr"));
  EXPECT_TRUE(whole->is_unchanging("usr/lib/x"));
  EXPECT_FALSE(whole->is_unchanging("usrlocal"));
  EXPECT_FALSE(whole->is_unchanging(""));
}

TEST_F(HostTreeTest, NamesBeneathADirectoryAreHiddenWhenTheyCome) {
  hidden_->add(HiddenNames{(top_ / "a").string(), {"later/secret", ".key"}});
  std::filesystem::create_directories(top_ / "a" / "later");
  for (const char* name : {"a/later/secret", "a/later/other", "a/.key", "a/b/.key"}) std::ofstream(top_ / name) << "k";
  EXPECT_TRUE(tree_->look_up({"a/later", id_of("a/later")}, "secret").is(Errno::enoent));
  EXPECT_TRUE(tree_->look_up({"a/later", id_of("a/later")}, "other").ok());
  EXPECT_TRUE(tree_->look_up({"a", id_of("a")}, ".key").is(Errno::enoent));
  EXPECT_TRUE(tree_->look_up({"a/b", id_of("a/b")}, ".key").ok());
  EXPECT_EQ(tree_->names({"a/later", id_of("a/later")}).value().size(), 1u);
  EXPECT_TRUE(hidden_->hides((top_ / "a" / ".key" / "beneath").string()));
  EXPECT_FALSE(hidden_->hides((top_ / "a" / "later").string()));
}

}  // namespace
}  // namespace limen
