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
CallSet parse_calls(std::string_view text);

enum Status : u8 { successful = 1, failed = 2, unfinished = 4, unavailable = 8 };

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
  bool raw = false;                       // -e raw=all
  DescriptorSet dump_reads, dump_writes;  // -e read=SET, -e write=SET: all that went through these
  bool dumps() const { return dump_reads.any() || dump_writes.any(); }
  // What strace says with -e, too: -e abbrev=none for -v, -e quiet=SET for -q, -e decode-fds=SET for -y.
  bool verbose = false;
  int quiet = 0, files = 0;

  // One -e: "trace=SET", "status=SET", "signal=SET", "fd=SET", "raw=all", or a SET of calls alone.
  void add(std::string_view expression);
  bool all_statuses() const { return statuses == (successful | failed | unfinished | unavailable); }
  bool wants_files() const { return !paths.empty(); }
  // Of a call that has been entered.
  bool shows(const Call& call) const;
  // ... and left.
  bool shows_result(const Call& call) const;
};

}  // namespace limen::trace
