// A directory of a test case's own beneath $TMPDIR, removed with all that is in it.
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace guest {

class TempDir {
 public:
  TempDir() : owner_(getpid()) {
    const char* base = getenv("TMPDIR");
    snprintf(path_, sizeof path_, "%s/guest-XXXXXX", base != nullptr && *base != 0 ? base : "/tmp");
    if (mkdtemp(path_) == nullptr) path_[0] = 0;
  }
  ~TempDir() {
    if (path_[0] == 0 || getpid() != owner_) return;
    auto remove_one = [](const char* path, const struct stat* stat, int, struct FTW*) -> int {
      return S_ISDIR(stat->st_mode) ? rmdir(path) : unlink(path);
    };
    auto open_up = [](const char* path, const struct stat* stat, int, struct FTW*) -> int {
      if (S_ISDIR(stat->st_mode)) chmod(path, 0700);
      return 0;
    };
    nftw(path_, open_up, 16, FTW_PHYS);
    nftw(path_, remove_one, 16, FTW_PHYS | FTW_DEPTH);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const char* path() const { return path_; }

  // "DIR/name" in one of eight buffers that are used in turn.
  const char* operator/(const char* name) const {
    static char buffers[8][512];
    static unsigned next = 0;
    char* out = buffers[next++ % 8];
    snprintf(out, sizeof buffers[0], "%s/%s", path_, name);
    return out;
  }

 private:
  pid_t owner_;
  char path_[256];
};

}  // namespace guest
