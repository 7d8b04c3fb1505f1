#include "cli/plan_build.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "abi/syscalls.h"
#include "base/errno.h"
#include "cli/terminal.h"
#include "kernel/cred/credentials.h"
#include "kernel/version.h"
#include "oci/seccomp_profile.h"

namespace limen::cli {
namespace {

constexpr u32 kDefaultPids = 4096;
constexpr u32 kMostPids = 4'000'000;              // Linux: PID_MAX_LIMIT, 4 Mi
constexpr u64 kMostFiles = 1'048'576;             // Linux: fs.nr_open
constexpr u64 kLeastMemory = 4ull * 1024 * 1024;  // a libc program does not start in less
constexpr usize kMostHostname = 64;               // Linux: __NEW_UTS_LEN

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string why(int error) { return std::strerror(error); }

// The host path with all symlinks resolved.
std::string resolve(const std::string& what, const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (!resolved) throw UsageError(what + " " + in_quotes(path) + ": " + why(errno) + "; give a path that exists");
  std::string out = resolved;
  std::free(resolved);
  return out;
}

std::string current_directory() {
  char* cwd = ::getcwd(nullptr, 0);
  if (!cwd) return "";
  std::string out = cwd;
  std::free(cwd);
  return out;
}

// "/a" is beneath "/" and "/a", not beneath "/ab".
bool beneath(const std::string& path, const std::string& top) {
  if (top == "/") return path.starts_with("/");
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

std::string rebase(const std::string& path, const std::string& from, const std::string& to) {
  if (from == to) return std::string(path);
  return normalise_path(to + "/" + path.substr(from == "/" ? 0 : from.size()));
}

std::string resolve_root(const RunOptions& options) {
  if (options.root.empty()) return "/";
  std::string root = resolve("--root", options.root);
  struct stat st {};
  if (::stat(root.c_str(), &st) != 0) throw UsageError("--root " + in_quotes(root) + ": " + why(errno));
  if (!S_ISDIR(st.st_mode)) {
    throw UsageError("--root " + in_quotes(options.root) + ": Not a directory; give the top directory of a file tree");
  }
  if (::access(root.c_str(), R_OK | X_OK) != 0) {
    throw UsageError("--root " + in_quotes(options.root) + ": " + why(errno) + "; it must be readable by you");
  }
  return root;
}

std::vector<std::string> build_environment(const RunOptions& options, char** environ) {
  std::vector<std::string> out;
  if (!options.clear_env) {
    for (char** entry = environ; *entry; ++entry) out.emplace_back(*entry);
  }
  for (const std::string& given : options.env) {
    const usize equals = given.find('=');
    const std::string key = given.substr(0, equals);
    if (key.empty()) throw UsageError("--env " + in_quotes(given) + ": the name before '=' is empty; write KEY=VALUE");
    std::erase_if(out, [&](const std::string& entry) { return entry.starts_with(key + "="); });
    if (equals != std::string::npos) {
      out.push_back(given);
    } else if (const char* value = std::getenv(key.c_str())) {
      out.push_back(key + "=" + value);
    }
  }
  return out;
}

void set_user(Plan& plan, const std::string& text) {
  plan.uid = Uid(::getuid());
  plan.gid = Gid(::getgid());
  if (text.empty()) {
    std::vector<gid_t> groups(static_cast<usize>(std::max(0, ::getgroups(0, nullptr))));
    const int n = ::getgroups(static_cast<int>(groups.size()), groups.data());
    for (int i = 0; i < n; ++i) plan.groups.emplace_back(groups[static_cast<usize>(i)]);
    return;
  }
  const usize colon = text.find(':');
  constexpr u64 kMostId = std::numeric_limits<u32>::max() - 1;  // -1 means "no id" to Linux
  plan.uid = Uid(static_cast<u32>(parse_number("--user", std::string_view(text).substr(0, colon), 0, kMostId)));
  plan.gid = Gid(plan.uid.raw());
  if (colon != std::string::npos) {
    plan.gid = Gid(static_cast<u32>(parse_number("--user", std::string_view(text).substr(colon + 1), 0, kMostId)));
  }
}

void set_limits(Plan& plan, const RunOptions& options) {
  struct sysinfo host {};
  ::sysinfo(&host);
  plan.host_memory = u64{host.totalram} * host.mem_unit;
  plan.memory = options.memory.empty() ? plan.host_memory / 2 : parse_size("--memory", options.memory);
  if (plan.memory < kLeastMemory) throw UsageError("--memory " + in_quotes(options.memory) + ": at least 4M is needed");
  plan.memory = page_floor(plan.memory);
  plan.pids =
      options.pids.empty() ? kDefaultPids : static_cast<u32>(parse_number("--pids", options.pids, 1, kMostPids));
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  plan.files_soft = std::min<u64>(files.rlim_cur, kMostFiles);
  plan.files_hard = std::min<u64>(files.rlim_max, kMostFiles);
  if (!options.files.empty()) {
    plan.files_soft = plan.files_hard = parse_number("--files", options.files, 3, kMostFiles);
  }
  for (usize i = 0; i < plan.inherited.size(); ++i) {
    rlimit limit{};
    const bool is_told = i != RLIMIT_NOFILE && ::getrlimit(static_cast<__rlimit_resource>(i), &limit) == 0;
    if (is_told) plan.inherited[i] = {limit.rlim_cur, limit.rlim_max};
  }
  for (usize i = 0; i < plan.speculation.size(); ++i) {
    const int state = ::prctl(PR_GET_SPECULATION_CTRL, i, 0, 0, 0);
    if (state > 0) plan.speculation[i] = static_cast<u32>(state);
  }
  if (!options.timeout.empty()) plan.timeout = parse_duration("--timeout", options.timeout);
}

void set_logging(Plan& plan, const RunOptions& options) {
  constexpr std::pair<std::string_view, LogLevel> kLevels[] = {
      {"error", LogLevel::error}, {"warning", LogLevel::warning}, {"info", LogLevel::info}, {"debug", LogLevel::debug}};
  plan.log_file = options.log_file;
  if (!options.log_level.empty()) {
    const auto* level =
        std::find_if(std::begin(kLevels), std::end(kLevels), [&](auto& l) { return l.first == options.log_level; });
    if (level == std::end(kLevels)) {
      throw UsageError("--log-level " + in_quotes(options.log_level) + ": there are error, warning, info and debug");
    }
    plan.log_level = level->second;
  } else if (!options.log_file.empty()) {
    plan.log_level = LogLevel::info;
  }
  plan.patching = !options.no_patch;
  plan.live_system = options.live_system;
  plan.report_missing = options.report_missing;
  plan.stats_json = options.stats_json;
}

void set_hostname(Plan& plan, const std::string& given) {
  utsname host{};
  ::uname(&host);
  plan.hostname = given.empty() ? host.nodename : given;
  if (plan.hostname.size() > kMostHostname) throw UsageError("--hostname: longer than 64 characters");
}

// The directory the guest starts in: as asked; else the caller's own where the guest sees it; else "/".
void set_workdir(Plan& plan, const std::string& given) {
  if (!given.empty()) {
    if (given[0] != '/') {
      throw UsageError("--workdir " + in_quotes(given) + ": not absolute; give a path that begins with '/'");
    }
    plan.workdir = normalise_path(given);
    plan.workdir_was_asked = true;
    return;
  }
  const std::string cwd = current_directory();
  const std::vector<std::string> names = cwd.empty() ? std::vector<std::string>{} : guest_names_of(plan, cwd);
  const bool same = std::find(names.begin(), names.end(), cwd) != names.end();
  plan.workdir = same ? cwd : names.empty() ? "/" : names.front();
}

void set_hidden(Plan& plan, const RunOptions& options) {
  for (const std::string& path : options.hide) {
    if (path.empty() || path[0] != '/') {
      throw UsageError("--hide " + in_quotes(path) + ": not absolute; give the path as the guest would see it");
    }
    plan.hidden.push_back(normalise_path(path));
    // The same file under the names that symlinks and volumes give it.
    if (char* real = plan.root == "/" ? ::realpath(path.c_str(), nullptr) : nullptr) {
      for (std::string& name : guest_names_of(plan, real)) plan.hidden.push_back(std::move(name));
      std::free(real);
    }
  }
  if (!options.show_secrets) {
    const Secrets all = secrets();
    for (const std::string& path : all.paths) {
      for (std::string& name : guest_names_of(plan, path)) plan.hidden.push_back(std::move(name));
    }
    for (const std::string& path : all.absent) {
      for (std::string& name : guest_names_of(plan, path)) plan.hidden_absent.push_back(std::move(name));
    }
    for (const HiddenNames& home : all.names) {
      for (std::string& name : guest_names_of(plan, home.directory)) {
        plan.hidden_names.push_back({std::move(name), home.names});
      }
    }
  }
  std::sort(plan.hidden.begin(), plan.hidden.end());
  plan.hidden.erase(std::unique(plan.hidden.begin(), plan.hidden.end()), plan.hidden.end());
  for (const std::string& path : plan.hidden) {
    if (path == "/") throw UsageError("--hide '/': the guest needs its root; hide what is inside it");
  }
}

}  // namespace

std::string normalise_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const usize slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string out;
  for (const std::string_view part : parts) (out += '/') += part;
  return out.empty() ? "/" : out;
}

u64 parse_number(std::string_view option, std::string_view text, u64 least, u64 most) {
  u64 number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    throw UsageError(std::string(option) + " " + in_quotes(text) + ": give a whole number from " +
                     std::to_string(least) + " to " + std::to_string(most));
  }
  return number;
}

u64 parse_size(std::string_view option, std::string_view text) {
  const UsageError bad(std::string(option) + " " + in_quotes(text) + ": give bytes, or a number with K, M, G or T");
  u64 number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) throw bad;
  std::string_view unit(end, static_cast<usize>(text.data() + text.size() - end));
  int shift = 0;
  if (!unit.empty()) {
    const usize power = std::string_view("BKMGT").find(static_cast<char>(unit[0] & ~0x20));
    const std::string_view rest = unit.substr(1);
    if (power == std::string_view::npos || !(rest.empty() || (power > 0 && (rest == "iB" || rest == "B")))) throw bad;
    shift = static_cast<int>(power) * 10;
  }
  if (number > (std::numeric_limits<u64>::max() >> shift)) throw bad;
  return number << shift;
}

std::chrono::milliseconds parse_duration(std::string_view option, std::string_view text) {
  const UsageError bad(std::string(option) + " " + in_quotes(text) +
                       ": give seconds, or a number with ms, s, m or h, above zero");
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<usize>(text.data() + text.size() - end));
  double scale = 0;
  if (unit.empty() || unit == "s") scale = 1e3;
  if (unit == "ms") scale = 1;
  if (unit == "m") scale = 60e3;
  if (unit == "h") scale = 3600e3;
  const double result = number * scale;
  constexpr double kMost = 1e15;
  if (error != std::errc() || !(result >= 1) || result > kMost) throw bad;
  return std::chrono::milliseconds(static_cast<i64>(result));
}

Volume parse_volume(std::string_view text) {
  std::vector<std::string> parts(1);
  for (usize i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ':' || text[i + 1] == '\\')) {
      parts.back() += text[++i];
    } else if (text[i] == ':') {
      parts.emplace_back();
    } else {
      parts.back() += text[i];
    }
  }
  const std::string what = "--volume " + in_quotes(text);
  if (parts.size() < 2 || parts.size() > 3) throw UsageError(what + ": write HOST:GUEST or HOST:GUEST:rw");
  if (parts.size() == 3 && parts[2] != "ro" && parts[2] != "rw") {
    throw UsageError(what + ": the third part is " + in_quotes(parts[2]) + "; it may be ro (the default) or rw");
  }
  if (parts[1].empty() || parts[1][0] != '/') {
    throw UsageError(what + ": the guest path " + in_quotes(parts[1]) + " is not absolute; begin it with '/'");
  }
  Volume volume;
  volume.host = resolve("--volume", parts[0]);
  volume.guest = normalise_path(parts[1]);
  volume.writable = parts.size() == 3 && parts[2] == "rw";
  if (volume.guest == "/") throw UsageError(what + ": the guest's '/' is set with --root");
  if (volume.writable && ::access(volume.host.c_str(), W_OK) != 0) {
    throw UsageError(what + ": " + why(errno) + "; without rw the guest reads it only");
  }
  return volume;
}

Mutation parse_mutation(std::string_view text) {
  const usize colon = text.find(':');
  if (colon == std::string_view::npos) throw UsageError("--mutate: write NAME:ERRNO, or NAME:0");
  Mutation out{std::string(text.substr(0, colon)), 0};
  if (find_syscall(out.call) == nullptr) throw UsageError("--mutate " + in_quotes(text) + ": no call has this name");
  const std::string_view name = text.substr(colon + 1);
  if (name == "0") return out;
  constexpr Errno kAll[] = {
#define LIMEN_ITEM(id, number, words) Errno::id,
      LIMEN_ERRNOS(LIMEN_ITEM)
#undef LIMEN_ITEM
  };
  for (const Errno error : kAll) {
    if (errno_name(error) == name) out.result = -static_cast<i64>(error);
  }
  if (out.result == 0) throw UsageError("--mutate " + in_quotes(text) + ": no errno has this name");
  return out;
}

std::vector<std::string> guest_names_of(const Plan& plan, const std::string& path) {
  std::vector<std::string> names;
  if (beneath(path, plan.root)) names.push_back(rebase(path, plan.root, "/"));
  for (const Volume& volume : plan.volumes) {
    if (beneath(path, volume.host)) names.push_back(rebase(path, volume.host, volume.guest));
  }
  return names;
}

Plan build_plan(const RunOptions& options, const std::vector<std::string>& command, char** environ) {
  if (command.empty()) throw UsageError("no program given; write it behind the options: … -- CMD [ARG…]");
  if (command[0].empty()) throw UsageError("the program's name is empty; write it behind the options: … -- CMD [ARG…]");
  Plan plan;
  plan.command = command;
  plan.root = resolve_root(options);
  for (const std::string& text : options.volumes) plan.volumes.push_back(parse_volume(text));
  plan.environment = build_environment(options, environ);
  set_hostname(plan, options.hostname);
  set_user(plan, options.user);
  set_limits(plan, options);
  if (!options.net.empty() && options.net != "none") {
    throw UsageError("--net " + in_quotes(options.net) + ": the only mode is 'none' (loopback and Unix sockets)");
  }
  set_workdir(plan, options.workdir);
  set_hidden(plan, options);
  set_logging(plan, options);
  if (!options.seccomp.empty()) {
    const u64 capabilities = plan.uid.raw() == 0 ? kAllCapabilities : 0;
    plan.seccomp = oci::read_seccomp_profile(options.seccomp, {capabilities, kLinuxRelease});
  }
  if (!options.mutate.empty()) plan.mutation = parse_mutation(options.mutate);
  return plan;
}

}  // namespace limen::cli
