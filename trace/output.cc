#include "trace/output.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace limen::trace {
namespace {

// The front end may have set the terminal raw: then a line needs its return.
bool needs_returns(int fd) {
  termios settings{};
  return tcgetattr(fd, &settings) == 0 && (settings.c_oflag & OPOST) == 0;
}

}  // namespace

Output::Output(int fd) : fd_(fd), terminal_(isatty(fd) == 1) {}

void Output::split_by_thread(std::string file) { split_ = std::move(file); }

int Output::file_of(i32 tid) {
  if (split_.empty()) return fd_;
  const auto known = files_.find(tid);
  if (known != files_.end()) return known->second;
  // Few at a time, so that any number of processes will do; a file that was closed is continued.
  constexpr usize kMostOpen = 200;
  if (files_.size() >= kMostOpen) {
    close(files_.begin()->second);
    files_.erase(files_.begin());
  }
  const std::string name = split_ + "." + std::to_string(tid);
  const int fd =
      open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (opened_.insert(tid).second ? O_TRUNC : O_APPEND), 0644);
  if (fd < 0) {
    error_ = name + ": " + std::strerror(errno);
  } else {
    files_[tid] = fd;
  }
  return fd;
}

bool Output::write_out(int fd, std::string_view text) {
  std::string with_returns;
  if (terminal_ && needs_returns(fd)) {
    for (const char c : text) {
      if (c == '\n') with_returns += '\r';
      with_returns += c;
    }
    text = with_returns;
  }
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      error_ = std::strerror(errno);
      return false;
    }
    text.remove_prefix(static_cast<usize>(n));
  }
  return true;
}

bool Output::flush_one(i32 tid, std::string& text) {
  if (text.empty()) return true;
  const int fd = file_of(tid);
  if (fd < 0 || !write_out(fd, text)) return false;
  text.clear();
  return true;
}

bool Output::flush() {
  if (!error_.empty() || !flush_one(0, text_)) return false;
  for (auto& [tid, text] : pending_) {
    if (!flush_one(tid, text)) return false;
  }
  pending_.clear();
  return true;
}

}  // namespace limen::trace
