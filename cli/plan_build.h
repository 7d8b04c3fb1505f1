// From the words of the command line to a Plan. Every function throws UsageError with a one-line text that says
// what is wrong, why, and what to do. Nothing on the host is changed.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/plan.h"

namespace limen::cli {

// The options as they were written; empty: not given.
struct RunOptions {
  std::string root;
  std::vector<std::string> volumes;
  std::string workdir;
  std::vector<std::string> env;
  bool clear_env = false;
  std::string hostname;
  std::string user;
  std::string memory;
  std::string pids;
  std::string files;
  std::string timeout;
  std::string net;
  std::vector<std::string> hide;
  bool show_secrets = false;
  bool live_system = false;
  std::string log_file;
  std::string log_level;
  bool report_missing = false;
  bool no_patch = false;
  std::string stats_json;
  std::string mutate;
  std::string seccomp;
};

// `environ` is the caller's environment, NULL-terminated.
Plan build_plan(const RunOptions& options, const std::vector<std::string>& command, char** environ);

// "512M", "2G", "4096" -> bytes; K, M, G and T are powers of 1024, with or without "iB".
u64 parse_size(std::string_view option, std::string_view text);
// "10", "1.5", "500ms", "10s", "2m", "1h".
std::chrono::milliseconds parse_duration(std::string_view option, std::string_view text);
// A whole number between `least` and `most`.
u64 parse_number(std::string_view option, std::string_view text, u64 least, u64 most);
// "HOST:GUEST[:ro|rw]"; a colon inside a path is written "\:".
Volume parse_volume(std::string_view text);
// "NAME:ERRNO": what a mutated call returns; "NAME:0" for success.
Mutation parse_mutation(std::string_view text);

// An absolute path without ".", ".." and double slashes; ".." is taken by its letters.
std::string normalise_path(std::string_view path);

// Where people and programs keep secrets: absolute host paths. For root: of every user in /etc/passwd, since root's guest
// could read them all.
struct Secrets {
  std::vector<std::string> paths;   // that may be there
  std::vector<std::string> absent;  // of homes: that nothing has today; grouped by directory
  std::vector<HiddenNames> names;   // of homes: that the home itself does not have
};
Secrets secrets();

// The names under which the guest of `plan` would see host path `path`: below its root and its volumes.
std::vector<std::string> guest_names_of(const Plan& plan, const std::string& path);

}  // namespace limen::cli
