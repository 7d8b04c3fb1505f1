#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/terminal.h"

namespace limen::cli {
namespace {

// 0, or why nothing can be written. A device says so for no bytes, too; a file is given a block, which its end gives back.
int lacks_room(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return errno;
  if (S_ISCHR(status.st_mode)) return isatty(fd) == 0 && ::write(fd, "", 0) < 0 ? errno : 0;
  if (!S_ISREG(status.st_mode)) return 0;
  constexpr off_t kBlock = 4096;
  const int error = fallocate(fd, FALLOC_FL_KEEP_SIZE, status.st_size, kBlock) == 0 ? 0 : errno;
  if (error == 0) (void)!ftruncate(fd, status.st_size);
  return error == ENOSPC || error == EDQUOT ? error : 0;
}

}  // namespace

OutputCommand::OutputCommand(std::string_view file) {
  if (!is_one(file)) return;
  const std::string command(file.substr(1));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0 || (pid_ = fork()) < 0)
    throw UsageError("--output '" + std::string(file) + "': " + std::strerror(errno));
  if (pid_ == 0) {
    dup2(ends[0], STDIN_FILENO);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  close(ends[0]);
  input_ = ends[1];
}

OutputCommand::~OutputCommand() {
  if (pid_ < 0) return;
  close(input_);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

int open_output_file(const std::string& file, Append append) {
  const int fd =
      open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (append == Append::yes ? O_APPEND : O_TRUNC), 0666);
  const int error = fd < 0 ? errno : lacks_room(fd);
  if (error == 0) return fd;
  if (fd >= 0) close(fd);
  throw UsageError("--output " + file + ": " + std::strerror(error) + "; nothing was started");
}

}  // namespace limen::cli
