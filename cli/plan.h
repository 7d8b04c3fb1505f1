// What `limen run` was asked to do, resolved and checked: the front ends write it, start.cc carries it out.
//
// A plan is made from the command line alone (plan_build.cc); nothing on the host has been changed when it is
// complete, and everything in it that can be checked without starting anything has been checked.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "kernel/filter/profile.h"
#include "kernel/trace/injector.h"
#include "kernel/trace/options.h"
#include "kernel/vfs/hidden_names.h"

namespace limen::cli {

// A host directory or file that the guest sees at another place.
struct Volume {
  std::string host;   // absolute, symlinks resolved, exists
  std::string guest;  // absolute, normalised
  bool writable = false;
};

enum class NetMode : u8 {
  none,  // loopback and Unix sockets of the sandbox's own
};

enum class LogLevel : u8 { error, warning, info, debug };

// Breaks one system call on purpose; what `./dev mutate` uses to see that the tests notice.
struct Mutation {
  std::string call;
  i64 result = 0;  // what the call returns instead of doing its work: 0 or -errno
};

struct Plan {
  std::string_view asked_by = "run";  // the command: its name stands before what is said
  // What the guest sees of the host.
  std::string root = "/";           // host directory, absolute, symlinks resolved; read-only below a memory layer
  std::vector<Volume> volumes;      // in the order given; a later one may lie inside an earlier one
  std::vector<std::string> hidden;  // guest paths that look absent, normalised; a directory hides all beneath it
  std::vector<std::string> hidden_absent;  // the same, where there is nothing yet: absent when it comes
  std::vector<HiddenNames> hidden_names;   // as hidden_absent: what is missing in a guest's directory

  // Who the guest is.
  std::string workdir;                   // guest path, absolute
  bool workdir_was_asked = false;        // by --workdir; else the guest starts in "/" where it is not there
  std::vector<std::string> environment;  // "KEY=VALUE", complete
  std::string hostname;
  Uid uid;
  Gid gid;
  std::vector<Gid> groups;  // supplementary groups

  // What it may use. Reaching a limit is the guest's error, never the host's trouble.
  u64 memory = 0;  // bytes
  u64 host_memory = 0;
  u32 pids = 0;        // tasks: processes and threads
  u64 files_soft = 0;  // RLIMIT_NOFILE of the first process
  u64 files_hard = 0;
  // What the caller has of every other limit, by RLIMIT_*, and what prctl(PR_GET_SPECULATION_CTRL) tells of the host.
  struct Inherited {
    u64 soft = ~u64{0}, hard = ~u64{0};
  };
  std::array<Inherited, 16> inherited;
  std::array<u32, 3> speculation{};
  std::optional<std::chrono::milliseconds> timeout;  // then the sandbox ends with status 124
  NetMode net = NetMode::none;

  // What is told about it.
  std::string log_file;  // host path; empty: standard error
  LogLevel log_level = LogLevel::warning;
  bool report_missing = false;  // at the end, which absent or partial calls were met
  bool live_system = false;     // the host's system directories may change meanwhile
  bool patching = true;         // replace system calls in the text of programs
  std::string stats_json;       // host path for the counters; empty: none
  std::optional<Mutation> mutation;

  // Who watches: events go to a reader, which is a process of its own (cli/start.h).
  std::optional<RecorderOptions> recorder;
  std::vector<InjectRule> injections;  // ... and changes what calls do
  std::optional<Chaos> chaos;

  std::optional<SeccompProfile> seccomp;  // over all guests, from the first instruction

  std::vector<std::string> command;  // the program, looked up in the guest's PATH, and its arguments
};

}  // namespace limen::cli
