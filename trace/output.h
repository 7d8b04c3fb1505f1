// Where a reader's text goes: standard error, a file, or a file for each process (-ff).
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/types.h"

namespace limen::trace {

class Output {
 public:
  // To a descriptor that stays open.
  explicit Output(int fd);
  // Where text for `tid` is appended; of its own only where there is a file for each. Valid until flush().
  std::string& text_of(i32 tid) { return split_.empty() ? text_ : pending_[tid]; }
  void write(i32 tid, std::string_view text) { text_of(tid) += text; }
  // What has come together is worth a flush().
  bool is_much() const { return !split_.empty() || text_.size() >= kMuch; }
  // To the host. False: it failed, for good; `error()` says why.
  bool flush();
  const std::string& error() const { return error_; }
  // From now on FILE.TID takes what thread TID says.
  void split_by_thread(std::string file);

 private:
  bool write_out(int fd, std::string_view text);
  int file_of(i32 tid);
  static constexpr usize kMuch = 64 * 1024;
  bool flush_one(i32 tid, std::string& text);
  int fd_;
  bool terminal_;
  std::string split_;                   // -ff: the files' common name; empty: one for all
  std::string text_;                    // for all
  std::map<i32, std::string> pending_;  // for each
  std::map<i32, int> files_;
  std::set<i32> opened_;
  std::string error_;
};

}  // namespace limen::trace
