#include "oci/seccomp_profile.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "abi/syscalls.h"
#include "base/errno.h"
#include "cli/terminal.h"

namespace limen::oci {
namespace {

using cli::UsageError;
using Json = nlohmann::ordered_json;

constexpr usize kMostBytes = 16 << 20;

struct Action {
  std::string_view name;
  u32 verdict;
  bool has_data;  // takes errnoRet
};
constexpr Action kActions[] = {
    {"SCMP_ACT_KILL", abi::seccomp_ret_kill_thread, false},
    {"SCMP_ACT_KILL_THREAD", abi::seccomp_ret_kill_thread, false},
    {"SCMP_ACT_KILL_PROCESS", abi::seccomp_ret_kill_process, false},
    {"SCMP_ACT_TRAP", abi::seccomp_ret_trap, false},
    {"SCMP_ACT_ERRNO", abi::seccomp_ret_errno, true},
    {"SCMP_ACT_TRACE", abi::seccomp_ret_trace, true},
    {"SCMP_ACT_ALLOW", abi::seccomp_ret_allow, false},
    {"SCMP_ACT_LOG", abi::seccomp_ret_log, false},
    {"SCMP_ACT_NOTIFY", abi::seccomp_ret_user_notif, false},
};

constexpr std::pair<std::string_view, ProfileArg::Op> kOps[] = {{"SCMP_CMP_NE", ProfileArg::Op::ne},
                                                                {"SCMP_CMP_LT", ProfileArg::Op::lt},
                                                                {"SCMP_CMP_LE", ProfileArg::Op::le},
                                                                {"SCMP_CMP_EQ", ProfileArg::Op::eq},
                                                                {"SCMP_CMP_GE", ProfileArg::Op::ge},
                                                                {"SCMP_CMP_GT", ProfileArg::Op::gt},
                                                                {"SCMP_CMP_MASKED_EQ", ProfileArg::Op::masked_eq}};

constexpr std::string_view kArchitectures[] = {
    "SCMP_ARCH_X86",         "SCMP_ARCH_X86_64", "SCMP_ARCH_X32",       "SCMP_ARCH_ARM",     "SCMP_ARCH_AARCH64",
    "SCMP_ARCH_MIPS",        "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",    "SCMP_ARCH_PPC64",     "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390",
    "SCMP_ARCH_S390X",       "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64",  "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",        "SCMP_ARCH_SH",     "SCMP_ARCH_SHEB",      "SCMP_ARCH_NATIVE"};

constexpr std::string_view kFlags[] = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                                       "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};

constexpr std::array<std::string_view, 41> kCapabilities = {"CAP_CHOWN",
                                                            "CAP_DAC_OVERRIDE",
                                                            "CAP_DAC_READ_SEARCH",
                                                            "CAP_FOWNER",
                                                            "CAP_FSETID",
                                                            "CAP_KILL",
                                                            "CAP_SETGID",
                                                            "CAP_SETUID",
                                                            "CAP_SETPCAP",
                                                            "CAP_LINUX_IMMUTABLE",
                                                            "CAP_NET_BIND_SERVICE",
                                                            "CAP_NET_BROADCAST",
                                                            "CAP_NET_ADMIN",
                                                            "CAP_NET_RAW",
                                                            "CAP_IPC_LOCK",
                                                            "CAP_IPC_OWNER",
                                                            "CAP_SYS_MODULE",
                                                            "CAP_SYS_RAWIO",
                                                            "CAP_SYS_CHROOT",
                                                            "CAP_SYS_PTRACE",
                                                            "CAP_SYS_PACCT",
                                                            "CAP_SYS_ADMIN",
                                                            "CAP_SYS_BOOT",
                                                            "CAP_SYS_NICE",
                                                            "CAP_SYS_RESOURCE",
                                                            "CAP_SYS_TIME",
                                                            "CAP_SYS_TTY_CONFIG",
                                                            "CAP_MKNOD",
                                                            "CAP_LEASE",
                                                            "CAP_AUDIT_WRITE",
                                                            "CAP_AUDIT_CONTROL",
                                                            "CAP_SETFCAP",
                                                            "CAP_MAC_OVERRIDE",
                                                            "CAP_MAC_ADMIN",
                                                            "CAP_SYSLOG",
                                                            "CAP_WAKE_ALARM",
                                                            "CAP_BLOCK_SUSPEND",
                                                            "CAP_AUDIT_READ",
                                                            "CAP_PERFMON",
                                                            "CAP_BPF",
                                                            "CAP_CHECKPOINT_RESTORE"};

std::optional<u32> errno_by_name(std::string_view name) {
  constexpr Errno kAll[] = {
#define LIMEN_ITEM(id, number, words) Errno::id,
      LIMEN_ERRNOS(LIMEN_ITEM)
#undef LIMEN_ITEM
  };
  for (const Errno error : kAll) {
    if (errno_name(error) == name) return static_cast<u32>(error);
  }
  return std::nullopt;
}

class Reader {
 public:
  Reader(std::string_view text, std::string_view file, const ProfileFacts& facts)
      : text_(text), file_(file), facts_(facts) {}

  SeccompProfile read();

 private:
  [[noreturn]] void fail(std::string_view where, std::string_view what, std::string_view word = {}) const;
  void check_keys(const Json& object, std::string_view where, std::initializer_list<std::string_view> known) const;
  std::string word(const Json& parent, const char* key, const std::string& where) const;
  std::vector<std::string> words(const Json& parent, const char* key, const std::string& where) const;
  u64 number(const Json& parent, const char* key, const std::string& where, u64 most) const;

  const Action& action(const Json& parent, const char* key, const std::string& where) const;
  u32 verdict(const Action& action, const Json& parent, const char* number_key, const char* name_key,
              const std::string& where) const;
  std::string describe(const Action& action, u32 verdict) const;
  void check_architectures(const Json& top) const;
  bool condition(const Json& parent, const char* key, const std::string& where, bool wants_all) const;
  bool kernel_at_least(const std::string& version, const std::string& where) const;
  std::vector<ProfileArg> args(const Json& rule, const std::string& where) const;
  void add_rule(const Json& rule, usize index, SeccompProfile& out) const;
  void add_name(const std::string& name, const std::vector<ProfileArg>& args, const ProfileRule& rule,
                const std::string& where, SeccompProfile& out) const;

  const std::string_view text_, file_;
  const ProfileFacts& facts_;
};

// The line on which the offending word first stands: nlohmann-json keeps no places.
void Reader::fail(std::string_view where, std::string_view what, std::string_view word) const {
  std::string place(file_);
  const usize at = word.empty() ? std::string_view::npos : text_.find("\"" + std::string(word) + "\"");
  if (at != std::string_view::npos) {
    const std::string_view before = text_.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const usize newline = before.rfind('\n');
    place += ":" + std::to_string(line) + ":" +
             std::to_string(at - (newline == std::string_view::npos ? 0 : newline + 1) + 1);
  }
  throw UsageError("--seccomp " + place + ": " + (where.empty() ? "" : std::string(where) + ": ") + std::string(what));
}

void Reader::check_keys(const Json& object, std::string_view where,
                        std::initializer_list<std::string_view> known) const {
  if (!object.is_object()) fail(where, "must be an object, { … }");
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      fail(where, "no key '" + key + "' is known here; correct it or take it out", key);
    }
  }
}

std::string Reader::word(const Json& parent, const char* key, const std::string& where) const {
  const Json& value = parent.at(key);
  if (!value.is_string()) fail(where, std::string("'") + key + "' must be a string", key);
  return value.get<std::string>();
}

std::vector<std::string> Reader::words(const Json& parent, const char* key, const std::string& where) const {
  std::vector<std::string> out;
  const auto found = parent.find(key);
  if (found == parent.end() || found->is_null()) return out;
  if (!found->is_array()) fail(where, std::string("'") + key + "' must be a list of strings", key);
  for (const Json& item : *found) {
    if (!item.is_string())
      fail(where, std::string("'") + key + "' holds something that is no string: " + item.dump(), key);
    out.push_back(item.get<std::string>());
  }
  return out;
}

u64 Reader::number(const Json& parent, const char* key, const std::string& where, u64 most) const {
  const Json& value = parent.at(key);
  if (!value.is_number_unsigned() || value.get<u64>() > most) {
    fail(where,
         std::string("'") + key + "' is " + value.dump() + "; it must be a whole number from 0 to " +
             std::to_string(most),
         key);
  }
  return value.get<u64>();
}

const Action& Reader::action(const Json& parent, const char* key, const std::string& where) const {
  if (!parent.contains(key))
    fail(where, std::string("'") + key + "' is missing; give it an action such as SCMP_ACT_ERRNO");
  const std::string name = word(parent, key, where);
  for (const Action& known : kActions) {
    if (known.name == name) return known;
  }
  fail(where,
       "'" + name +
           "' is no action; there are SCMP_ACT_ALLOW, _ERRNO, _LOG, _KILL, _KILL_PROCESS, _KILL_THREAD, _TRAP, "
           "_TRACE and _NOTIFY",
       name);
}

u32 Reader::verdict(const Action& action, const Json& parent, const char* number_key, const char* name_key,
                    const std::string& where) const {
  std::optional<u32> data;
  if (const auto found = parent.find(number_key); found != parent.end() && !found->is_null()) {
    data = static_cast<u32>(number(parent, number_key, where, 4095));
  } else if (parent.contains(name_key)) {
    const std::string name = word(parent, name_key, where);
    data = errno_by_name(name);
    if (!data) fail(where, "no errno is called '" + name + "'", name);
  }
  if (data && !action.has_data) {
    fail(where, std::string("'") + number_key + "' means nothing with " + std::string(action.name), number_key);
  }
  constexpr u32 kEperm = 1;
  return action.verdict | (action.has_data ? data.value_or(kEperm) : 0);
}

std::string Reader::describe(const Action& action, u32 verdict) const {
  std::string out(action.name);
  if (action.has_data) out += ", " + std::string(errno_name(static_cast<Errno>(verdict & abi::seccomp_ret_data)));
  return out;
}

// A guest speaks x86-64 alone: the lists are judged, and every other architecture's calls are refused as ever.
void Reader::check_architectures(const Json& top) const {
  const auto known = [&](const std::string& name, const char* where) {
    if (std::find(std::begin(kArchitectures), std::end(kArchitectures), name) == std::end(kArchitectures)) {
      fail(where, "'" + name + "' is no architecture; write it as SCMP_ARCH_X86_64", name);
    }
  };
  const std::vector<std::string> architectures = words(top, "architectures", "architectures");
  for (const std::string& name : architectures) known(name, "architectures");
  const auto map = top.find("archMap");
  if (map == top.end() || map->is_null()) return;
  if (!map->is_array()) fail("archMap", "must be a list, [ … ]", "archMap");
  if (!architectures.empty() && !map->empty())
    fail("", "'architectures' and 'archMap' are both given; keep one", "archMap");
  for (const Json& entry : *map) {
    check_keys(entry, "archMap", {"architecture", "subArchitectures"});
    if (!entry.contains("architecture")) fail("archMap", "'architecture' is missing in an entry", "archMap");
    known(word(entry, "architecture", "archMap"), "archMap");
    for (const std::string& name : words(entry, "subArchitectures", "archMap")) known(name, "archMap");
  }
}

bool Reader::kernel_at_least(const std::string& version, const std::string& where) const {
  const auto parse = [&](std::string_view text) {
    std::array<u64, 2> out{};
    char rest = 0;
    unsigned major = 0, minor = 0;
    const std::string copy(text);
    if (std::sscanf(copy.c_str(), "%u.%u%c", &major, &minor, &rest) < 2) {
      fail(where, "minKernel '" + copy + "' is no version; write it as 4.8", copy);
    }
    out = {major, minor};
    return out;
  };
  return parse(facts_.kernel) >= parse(version);
}

// `includes` holds where all of it holds; `excludes` where any of it does.
bool Reader::condition(const Json& parent, const char* key, const std::string& where, bool wants_all) const {
  const auto found = parent.find(key);
  if (found == parent.end() || found->is_null() || found->empty()) return wants_all;
  const std::string inside = where + "." + key;
  check_keys(*found, inside, {"caps", "arches", "minKernel"});
  std::vector<bool> facts;
  for (const std::string& name : words(*found, "caps", inside)) {
    const auto cap = std::find(kCapabilities.begin(), kCapabilities.end(), name);
    if (cap == kCapabilities.end()) fail(inside, "'" + name + "' is no capability; write it as CAP_SYS_ADMIN", name);
    facts.push_back((facts_.capabilities >> (cap - kCapabilities.begin()) & 1) != 0);
  }
  const std::vector<std::string> arches = words(*found, "arches", inside);
  if (!arches.empty()) {
    facts.push_back(
        std::any_of(arches.begin(), arches.end(), [](const std::string& a) { return a == "amd64" || a == "x86_64"; }));
  }
  if (const auto kernel = found->find("minKernel"); kernel != found->end() && !kernel->is_null()) {
    const std::string version = word(*found, "minKernel", inside);
    if (!version.empty()) facts.push_back(kernel_at_least(version, inside));
  }
  return wants_all ? std::all_of(facts.begin(), facts.end(), [](bool b) { return b; })
                   : std::any_of(facts.begin(), facts.end(), [](bool b) { return b; });
}

std::vector<ProfileArg> Reader::args(const Json& rule, const std::string& where) const {
  std::vector<ProfileArg> out;
  const auto found = rule.find("args");
  if (found == rule.end() || found->is_null()) return out;
  if (!found->is_array()) fail(where, "'args' must be a list, [ … ]", "args");
  for (const Json& item : *found) {
    const std::string inside = where + ".args[" + std::to_string(out.size()) + "]";
    check_keys(item, inside, {"index", "value", "valueTwo", "op"});
    for (const char* key : {"index", "op"}) {
      if (!item.contains(key)) fail(inside, std::string("'") + key + "' is missing");
    }
    ProfileArg arg;
    arg.index = static_cast<u32>(number(item, "index", inside, 5));
    if (item.contains("value")) arg.value = number(item, "value", inside, ~u64{0});
    if (item.contains("valueTwo")) arg.value_two = number(item, "valueTwo", inside, ~u64{0});
    const std::string op = word(item, "op", inside);
    const auto* known = std::find_if(std::begin(kOps), std::end(kOps), [&](const auto& o) { return o.first == op; });
    if (known == std::end(kOps)) {
      fail(inside, "'" + op + "' is no operator; there are SCMP_CMP_EQ, _NE, _LT, _LE, _GE, _GT and _MASKED_EQ", op);
    }
    arg.op = known->second;
    out.push_back(arg);
  }
  return out;
}

void Reader::add_name(const std::string& name, const std::vector<ProfileArg>& args, const ProfileRule& rule,
                      const std::string& where, SeccompProfile& out) const {
  const SyscallRow* row = find_syscall(name);
  if (row == nullptr || row->x86_64 < 0) {
    const auto strictness = [](u32 verdict) { return static_cast<i32>(verdict & abi::seccomp_ret_action_full); };
    if (row == nullptr && strictness(rule.verdict) < strictness(out.default_verdict)) {
      fail(where, "no system call is called '" + name + "', and the rule would refuse it; correct the name", name);
    }
    return;
  }
  std::vector<ProfileRule>& rules = out.rules[static_cast<u32>(row->x86_64)];
  // Two comparisons of one argument are alternatives, as runc has them; of different ones, conditions that all must hold.
  std::map<u32, int> uses;
  for (const ProfileArg& arg : args) ++uses[arg.index];
  if (std::any_of(uses.begin(), uses.end(), [](const auto& use) { return use.second > 1; })) {
    for (const ProfileArg& arg : args) rules.push_back({rule.verdict, {arg}, rule.words});
  } else {
    rules.push_back({rule.verdict, args, rule.words});
  }
}

void Reader::add_rule(const Json& rule, usize index, SeccompProfile& out) const {
  const std::string where = "syscalls[" + std::to_string(index) + "]";
  check_keys(rule, where, {"names", "name", "action", "errnoRet", "errno", "args", "includes", "excludes", "comment"});
  const Action& what = action(rule, "action", where);
  ProfileRule made;
  made.verdict = verdict(what, rule, "errnoRet", "errno", where);
  made.words = "rule " + std::to_string(index) + " (" + describe(what, made.verdict) + ")";
  std::vector<std::string> names = words(rule, "names", where);
  if (rule.contains("name") && !rule.at("name").is_null()) {
    if (!names.empty()) fail(where, "'name' and 'names' are both given; keep one", "name");
    names.push_back(word(rule, "name", where));
  }
  if (names.empty()) fail(where, "names no system call; give it 'names'");
  const std::vector<ProfileArg> conditions = args(rule, where);
  const bool holds = condition(rule, "includes", where, true) && !condition(rule, "excludes", where, false);
  if (!holds) return;
  for (const std::string& name : names) add_name(name, conditions, made, where, out);
}

SeccompProfile Reader::read() {
  Json top;
  try {
    top = Json::parse(text_);
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: …"
    const std::string_view what = error.what();
    const usize words = what.find("parse error");
    fail("", "not JSON: " + std::string(what.substr(words == std::string_view::npos ? 0 : words)));
  }
  check_keys(top, "the profile",
             {"defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap", "flags", "syscalls",
              "listenerPath", "listenerMetadata", "comment"});
  for (const char* key : {"listenerPath", "listenerMetadata"}) {
    if (top.contains(key) && top.at(key) != "")
      fail("", std::string("'") + key + "': a sandbox has no listener outside", key);
  }
  for (const std::string& flag : words(top, "flags", "flags")) {
    if (std::find(std::begin(kFlags), std::end(kFlags), flag) == std::end(kFlags)) {
      fail("flags", "'" + flag + "' is no flag of seccomp(2)", flag);
    }
  }
  check_architectures(top);
  SeccompProfile out;
  const Action& by_default = action(top, "defaultAction", "");
  out.default_verdict = verdict(by_default, top, "defaultErrnoRet", "defaultErrno", "");
  out.default_words = "the default action (" + describe(by_default, out.default_verdict) + ")";
  const auto rules = top.find("syscalls");
  if (rules == top.end() || rules->is_null()) return out;
  if (!rules->is_array()) fail("", "'syscalls' must be a list of rules, [ … ]", "syscalls");
  for (usize i = 0; i < rules->size(); ++i) add_rule((*rules)[i], i, out);
  return out;
}

}  // namespace

SeccompProfile parse_seccomp_profile(std::string_view text, std::string_view file, const ProfileFacts& facts) {
  return Reader(text, file, facts).read();
}

SeccompProfile read_seccomp_profile(const std::string& file, const ProfileFacts& facts) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "re"), std::fclose);
  if (!in)
    throw UsageError("--seccomp '" + file + "': " + std::strerror(errno) + "; give a profile in Docker's format");
  std::string text;
  char block[1 << 16];
  for (;;) {
    const usize n = std::fread(block, 1, sizeof block, in.get());
    text.append(block, n);
    if (text.size() > kMostBytes) throw UsageError("--seccomp '" + file + "': larger than 16 MiB");
    if (n < sizeof block) break;
  }
  if (std::ferror(in.get()) != 0) throw UsageError("--seccomp '" + file + "': " + std::strerror(errno));
  return parse_seccomp_profile(text, file, facts);
}

}  // namespace limen::oci
