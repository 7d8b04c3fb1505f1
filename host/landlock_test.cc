#include "host/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace limen::host {
namespace {

// A child that restricts itself so and then runs `body`; its exit status.
template <typename Body>
int restricted(const std::vector<ReachableTree>& trees, const Body& body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(restrict_files(trees).ok() ? body() : 99);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class LandlockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!landlock_version().ok()) GTEST_SKIP() << "this host has no Landlock";
    std::string name = ::testing::TempDir() + "/landlock-XXXXXX";
    base_ = mkdtemp(name.data());
    std::filesystem::create_directories(base_ + "/shown");
    std::filesystem::create_directories(base_ + "/writable/inner");
    std::filesystem::create_directories(base_ + "/other");
    for (const char* file : {"/shown/f", "/writable/f", "/other/f"}) std::ofstream(base_ + file) << "text";
    trees_ = {{base_ + "/shown", Reach::read}, {base_ + "/writable", Reach::read_write}};
  }
  void TearDown() override {
    if (!base_.empty()) std::filesystem::remove_all(base_);
  }
  std::string base_;
  std::vector<ReachableTree> trees_;
};

TEST_F(LandlockTest, ReadsWhatIsShownAndNothingElse) {
  EXPECT_EQ(restricted(trees_,
                       [&] {
                         if (open((base_ + "/shown/f").c_str(), O_RDONLY) < 0) return 1;
                         if (open((base_ + "/shown").c_str(), O_RDONLY | O_DIRECTORY) < 0) return 2;
                         if (open((base_ + "/other/f").c_str(), O_RDONLY) >= 0 || errno != EACCES) return 3;
                         if (open("/etc/passwd", O_RDONLY) >= 0) return 4;
                         return open("/", O_RDONLY | O_DIRECTORY) >= 0 ? 5 : 0;
                       }),
            0);
}

TEST_F(LandlockTest, WritesOnlyWhereItMay) {
  EXPECT_EQ(restricted(trees_,
                       [&] {
                         if (open((base_ + "/shown/f").c_str(), O_WRONLY) >= 0) return 1;
                         if (open((base_ + "/shown/new").c_str(), O_CREAT | O_WRONLY, 0600) >= 0) return 2;
                         if (unlink((base_ + "/shown/f").c_str()) == 0) return 3;
                         if (truncate((base_ + "/other/f").c_str(), 0) == 0) return 4;
                         if (open((base_ + "/writable/new").c_str(), O_CREAT | O_WRONLY, 0600) < 0) return 5;
                         if (::rename((base_ + "/writable/new").c_str(), (base_ + "/writable/inner/n").c_str()) != 0)
                           return 6;
                         if (truncate((base_ + "/writable/f").c_str(), 1) != 0) return 7;
                         return mkdir((base_ + "/writable/d").c_str(), 0700) == 0 ? 0 : 8;
                       }),
            0);
}

TEST_F(LandlockTest, ExecutesNothing) {
  EXPECT_EQ(restricted({{"/", Reach::read}},
                       [] {
                         execl("/bin/true", "true", nullptr);
                         return errno == EACCES ? 0 : 1;
                       }),
            0);
}

TEST_F(LandlockTest, SignalsNobodyOutside) {
  if (*landlock_version() < 6) GTEST_SKIP() << "before Linux 6.12";
  EXPECT_EQ(restricted(trees_, [] { return kill(getppid(), 0) == -1 && errno == EPERM ? 0 : 1; }), 0);
}

TEST_F(LandlockTest, FilesInMemoryAreNotConcerned) {
  EXPECT_EQ(restricted({},
                       [] {
                         const int fd = memfd_create("test", MFD_CLOEXEC);
                         return fd >= 0 && ftruncate(fd, 4096) == 0 && write(fd, "x", 1) == 1 ? 0 : 1;
                       }),
            0);
}

TEST_F(LandlockTest, APathThatIsNotThereIsLeftOut) {
  EXPECT_EQ(restricted({{base_ + "/nowhere", Reach::read}}, [] { return 0; }), 0);
}

}  // namespace
}  // namespace limen::host
