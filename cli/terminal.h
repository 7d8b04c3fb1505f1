// How the front ends speak: one-line errors, exit statuses, colour on a terminal only.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace limen::cli {

// Exit statuses of limen itself; env(1), timeout(1) and the container runtimes use the same ones.
inline constexpr int kExitTimeout = 124;
inline constexpr int kExitLimenFailed = 125;
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;
inline constexpr int kExitSignalBase = 128;

// The user asked for something that cannot be; the text says what, why and what to do, in one line.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// "limen run: TEXT" on standard error.
void report_error(std::string_view command, std::string_view text);

// Escape sequences, or nothing: colour needs a terminal, and NO_COLOR (no-color.org) and TERM=dumb turn it off.
class Palette {
 public:
  static Palette for_stream(int fd);
  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string red(std::string_view text) const { return paint("31", text); }
  std::string green(std::string_view text) const { return paint("32", text); }
  std::string yellow(std::string_view text) const { return paint("33", text); }

 private:
  std::string paint(std::string_view code, std::string_view text) const;
  bool on_ = false;
};

// Columns of the terminal on `fd`, or 80; between 60 and 120.
int terminal_width(int fd);

// TEXT broken at spaces so that no line is longer than `width`; every line after the first is indented.
std::string wrap(std::string_view text, int width, int indent);

// Writes all of TEXT to standard output; false when that failed (a full disk, a closed pipe).
bool write_out(std::string_view text);

// Pads to `columns` characters with spaces; counts UTF-8 characters, not bytes.
std::string pad(std::string_view text, int columns);

}  // namespace limen::cli
