// One call as strace writes it. A row of abi/syscalls.def says what each parameter is; trace/print.h has a printer for each type,
// and trace/calls.cc the calls whose parameters explain each other.
//
//   Call call;                            // the entry, then the exit
//   decode_entry(call, options, out);     // "read(3, "            what can be said before the call is over
//   decode_exit(call, options, out);      // "\"abc\", 3"          the rest
//   decode_result(call, options, out);    // "3"
// All append: a trace is millions of such words, and each allocation would be seen.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/syscalls.h"
#include "trace/names.h"
#include "trace/stream.h"

namespace limen::trace {

// Whose number is it? Programs' names by the numbers of their threads.
using ProcessNames = std::map<i32, std::string>;

struct DecodeOptions {
  enum class Hex : u8 { none, characters, unprintable, all };  // of single characters, of whole strings
  // What is told of descriptors: -e decode-fds=SET. A set.
  enum Files : u8 { no_files = 0, paths = 1, sockets = 2, devices = 4, processes = 8, all_of_files = 15 };
  usize string_bytes = 32;                               // -s
  Hex hex = Hex::none;                                   // -x (unprintable), -xx (all)
  bool verbose = false;                                  // -v
  bool structures = true;                                // false: their addresses, -e verbose=none
  u8 files = no_files;                                   // -y, -yy
  bool raw = false;                                      // -e raw=all
  ConstantStyle constants = ConstantStyle::abbreviated;  // -X
  const ProcessNames* names = nullptr;                   // -Y: of processes; null: numbers alone
};

struct Call {
  const SyscallRow* row = nullptr;  // null: a number in no row
  u64 nr = 0;
  u64 ip = 0;
  std::array<u64, 6> args{};
  u64 entered_ns = 0, left_ns = 0;
  Seen seen;  // of the entry; the exit's pieces are added
  bool left = false;
  i64 value = 0;
  u8 touched = 0;  // Observer::Touched
  // How far the text is: the parameters before this one are written.
  usize next_param = 0;
  bool printed_any = false, comma_due = false;
  bool made_descriptor = false;  // the result is one: the exit's own words name its file

  bool failed() const { return left && value < 0 && value >= -4095; }
};

// One parameter, for readers that keep types.
struct Argument {
  std::string_view type, name;
  u64 raw = 0;
  std::optional<i64> number;        // where it is one
  std::optional<std::string> text;  // a path, a string, bytes: as they are
  std::string shown;                // as the text form has it
};

// The flags or commands that a parameter may have, by the names that a trace shows; empty where it has none.
std::vector<std::string_view> parameter_words(const SyscallRow& row, usize param);

std::string call_name(const Call& call);
void append_call_name(std::string& out, const Call& call);
void decode_entry(Call& call, const DecodeOptions& options, std::string& out);
// The rest of the parameters, without the parenthesis.
void decode_exit(Call& call, const DecodeOptions& options, std::string& out);
// "3", "-1 ENOENT (No such file or directory)", "0x7f... ", "? ERESTARTSYS (...)".
void decode_result(const Call& call, const DecodeOptions& options, std::string& out);
// The whole of a call that is over: "read(3, \"abc\", 3) = 3".
void decode_whole(Call& call, const DecodeOptions& options, std::string& out);
std::vector<Argument> arguments(Call& call, const DecodeOptions& options);
// "{si_signo=SIGCHLD, si_code=CLD_EXITED, ...}"
std::string decode_signal(const abi::SigInfo& info, const DecodeOptions& options);

}  // namespace limen::trace
