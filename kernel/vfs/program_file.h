// The file of a program while it is loaded and while it runs: nobody may write it then, and nobody runs what somebody may write
// (etxtbsy either way). Linux: fs/exec.c:exe_file_deny_write_access. Nothing here blocks.
#pragma once

#include <utility>

#include "kernel/vfs/file.h"

namespace limen {

class ProgramFile {
 public:
  ProgramFile() = default;
  static Result<ProgramFile> of(Ref<File> file) {
    TRY(file->inode().deny_writes());
    ProgramFile program;
    program.file_ = std::move(file);
    return program;
  }
  ProgramFile(ProgramFile&& other) noexcept : file_(std::move(other.file_)) {}
  ProgramFile& operator=(ProgramFile&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~ProgramFile() {
    if (file_) file_->inode().allow_writes();
  }
  // The same program once more: a fork's. It runs already, so that nobody writes it.
  ProgramFile again() const {
    ProgramFile program;
    if (file_ && file_->inode().deny_writes().ok()) program.file_ = file_;
    return program;
  }
  const Ref<File>& file() const { return file_; }

 private:
  Ref<File> file_;
};

}  // namespace limen
