// The file of --output: opened before a program starts, and found to have room.
#pragma once

#include <string>
#include <string_view>

namespace limen::cli {

// Throws a UsageError that names the option and the file where it cannot be written, or where its disk is full. What stands in the file
// is gone unless it is to be appended to.
enum class Append : bool { no, yes };
int open_output_file(const std::string& file, Append append);

// A command that reads the output: "|CMD" or "!CMD" in the place of a file, as strace has it. Waited for at the end.
class OutputCommand {
 public:
  static bool is_one(std::string_view file) { return file.starts_with('|') || file.starts_with('!'); }
  // Starts CMD by /bin/sh -c where `file` is such a word.
  explicit OutputCommand(std::string_view file);
  ~OutputCommand();
  OutputCommand(const OutputCommand&) = delete;
  OutputCommand& operator=(const OutputCommand&) = delete;
  int input() const { return input_; }  // -1: there is none

 private:
  int input_ = -1;
  int pid_ = -1;
};

}  // namespace limen::cli
