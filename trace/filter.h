// What a trace shows: strace's sets. A word that is in no set is a BadSet, which names it.
#pragma once

#include <bitset>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "trace/decode.h"

namespace limen::trace {

struct BadSet : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using CallSet = std::bitset<kSyscallEnd>;
// "openat,/^sched_,%file", "!futex", "all", "none"; "?name" may be unknown.
// `what`: who asks, for a message.
CallSet parse_calls(std::string_view text, std::string_view what = "-e trace");

enum Status : u8 { successful = 1, failed = 2, unfinished = 4, unavailable = 8 };

// What is not said: -e quiet=SET.
enum Quiet : u8 { loud = 0, attach = 1, personality = 2, path_resolution = 4, exits = 8, superseded = 16, silent = 31 };

// Descriptors: -e fd=SET, -e read=SET.
struct DescriptorSet {
  std::set<i32> fds;
  bool inverted = false;
  bool holds(i32 fd) const { return fds.contains(fd) != inverted; }
  bool any() const { return !fds.empty() || inverted; }
};

struct Filter {
  CallSet calls = CallSet().set();
  std::bitset<65> signals = std::bitset<65>().set();
  u8 statuses = successful | failed | unfinished | unavailable;
  std::set<i32> fds;  // empty: any
  bool fds_inverted = false;
  std::vector<std::string> paths;         // empty: any
  DescriptorSet dump_reads, dump_writes;  // -e read=SET, -e write=SET: all that went through these
  bool dumps() const { return dump_reads.any() || dump_writes.any(); }
  // Which calls are shown otherwise than most: -e raw=SET, -e abbrev=SET (-v: none), -e verbose=SET.
  CallSet raw, abbreviated = CallSet().set(), structured = CallSet().set();
  u8 quiet = loud;                     // -q
  u8 files = DecodeOptions::no_files;  // -y
  bool names = false;                  // -Y

  // One -e: "trace=SET", "status=SET", "signal=SET", "fd=SET", "raw=SET", or a SET of calls alone.
  void add(std::string_view expression);
  // How this call is shown where most are shown as `all` says.
  DecodeOptions decoding(u64 nr, const DecodeOptions& all) const;
  bool all_statuses() const { return statuses == (successful | failed | unfinished | unavailable); }
  bool wants_files() const { return !paths.empty(); }
  // Of a call that has been entered.
  bool shows(const Call& call) const;
  // ... and left.
  bool shows_result(const Call& call) const;
};

}  // namespace limen::trace
