#include "host/files.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace limen::host {
namespace {

class HostFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/limen-files-XXXXXX";
    top_ = mkdtemp(name);
    std::filesystem::create_directory(top_ / "dir");
    std::ofstream(top_ / "dir" / "file") << "0123456789";
    std::filesystem::create_symlink("/etc", top_ / "out");
    std::filesystem::create_symlink("dir", top_ / "in");
    Result<Handle> opened = open_root(top_.string());
    ASSERT_TRUE(opened.ok());
    root_ = std::move(*opened);
  }
  void TearDown() override { std::filesystem::remove_all(top_); }
  std::filesystem::path top_;
  Handle root_;
};

TEST_F(HostFiles, NothingLeadsOut) {
  EXPECT_TRUE(open_directory(root_, "dir").ok());
  EXPECT_TRUE(open_directory(root_, "..").is(Errno::exdev));
  EXPECT_TRUE(open_directory(root_, "dir/../..").is(Errno::exdev));
  EXPECT_TRUE(open_directory(root_, "/etc").is(Errno::exdev));
  EXPECT_FALSE(open_directory(root_, "out").ok());
  EXPECT_TRUE(open_directory(root_, "in").is(Errno::eloop) || open_directory(root_, "in").is(Errno::enotdir));
  EXPECT_TRUE(open_file(root_, "in/file", Access::read).is(Errno::eloop));
}

TEST_F(HostFiles, ReadsIntoSeveralSpansAndStopsAtTheEnd) {
  Result<Handle> file = open_file(root_, "dir/file", Access::read);
  ASSERT_TRUE(file.ok());
  u8 a[4], b[20];
  const std::span<u8> spans[] = {a, b};
  const Result<usize> n = read_at(*file, spans, 2);
  ASSERT_TRUE(n.ok());
  EXPECT_EQ(*n, 8u);
  EXPECT_EQ(a[0], '2');
  EXPECT_EQ(b[3], '9');
}

TEST_F(HostFiles, AReadHandleDoesNotWrite) {
  Result<Handle> file = open_file(root_, "dir/file", Access::read);
  ASSERT_TRUE(file.ok());
  u8 byte = 'x';
  const std::span<u8> spans[] = {{&byte, 1}};
  EXPECT_TRUE(write_at(*file, spans, 0).is(Errno::ebadf));
}

TEST_F(HostFiles, AFifoDoesNotBlock) {
  ASSERT_EQ(mkfifo((top_ / "fifo").c_str(), 0600), 0);
  EXPECT_TRUE(open_file(root_, "fifo", Access::read).ok());
}

TEST_F(HostFiles, ListsWhatIsThereAndNoMoreThanAllowed) {
  const Result<DirectoryNames> names = list_directory(open_listing(root_, "").value(), 100, false);
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(names->size(), 3u);
  EXPECT_TRUE(list_directory(open_listing(root_, "").value(), 2, true).is(Errno::e2big));
}

TEST_F(HostFiles, ALinkIsReadAndNotFollowed) {
  EXPECT_EQ(read_link(root_, "out").value(), "/etc");
  EXPECT_EQ(stat_name(root_, "out")->mode & 0170000, 0120000u);
}

TEST_F(HostFiles, AppendGoesToTheEnd) {
  Result<Handle> file = open_file(root_, "dir/file", Access::read_write);
  ASSERT_TRUE(file.ok());
  u8 byte = 'x';
  const std::span<u8> spans[] = {{&byte, 1}};
  ASSERT_TRUE(append(*file, spans).ok());
  EXPECT_EQ(stat_handle(*file)->size, 11u);
}

}  // namespace
}  // namespace limen::host
