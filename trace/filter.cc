#include "trace/filter.h"

#include <algorithm>
#include <charconv>
#include <regex>

#include "trace/names.h"

namespace limen::trace {
namespace {

// strace's classes. A family of the table is wider here and there: what strace counts among others is named.
struct Class {
  std::string_view name;
  Family family;
  std::span<const std::string_view> without = {};
};
constexpr std::string_view kNotOfDescriptors[] = {"close_range",  "epoll_ctl_old", "epoll_wait_old", "io_cancel",
                                                  "io_getevents", "io_pgetevents", "io_submit",      "sync"};
constexpr std::string_view kNotOfMemory[] = {"membarrier",       "pkey_alloc",       "pkey_free",
                                             "process_madvise",  "process_mrelease", "process_vm_readv",
                                             "process_vm_writev"};
constexpr std::string_view kNotOfSignals[] = {"restart_syscall"};
constexpr Class kClasses[] = {{"desc", Family::desc, kNotOfDescriptors},
                              {"file", Family::file},
                              {"network", Family::network},
                              {"net", Family::network},
                              {"memory", Family::memory, kNotOfMemory},
                              {"signal", Family::signal, kNotOfSignals},
                              {"creds", Family::creds},
                              {"%stat", Family::stat},
                              {"%statfs", Family::statfs}};
// Classes that are lists of names.
struct NamedClass {
  std::string_view name;
  std::vector<std::string_view> calls;
};
const std::vector<NamedClass>& named_classes() {
  static const std::vector<NamedClass> classes = {
      {"process",
       {"clone", "clone3", "execve", "execveat", "exit", "exit_group", "fork", "kill", "pidfd_send_signal",
        "rt_sigqueueinfo", "rt_tgsigqueueinfo", "tgkill", "tkill", "vfork", "wait4", "waitid"}},
      {"ipc",
       {"msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop", "shmat", "shmctl", "shmdt",
        "shmget"}},
      {"clock",
       {"adjtimex", "clock_adjtime", "clock_getres", "clock_gettime", "clock_settime", "gettimeofday", "settimeofday",
        "time"}},
      {"stat", {"stat"}},
      {"lstat", {"lstat"}},
      {"fstat", {"fstat", "newfstatat", "statx"}},
      {"statfs", {"statfs"}},
      {"fstatfs", {"fstatfs"}},
      {"pure", {"getegid", "geteuid", "getgid", "getpgrp", "getpid", "getppid", "gettid", "getuid"}}};
  return classes;
}

// The words between commas; the set is inverted where it begins with '!'.
struct Words {
  bool inverted = false;
  std::vector<std::string> words;
};
Words split(std::string_view what, std::string_view text) {
  Words out;
  if (text.starts_with('!')) out.inverted = true, text.remove_prefix(1);
  while (true) {
    const usize comma = text.find(',');
    out.words.emplace_back(text.substr(0, comma));
    if (out.words.back().empty()) throw BadSet(std::string(what) + ": a word of the set is empty");
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

template <typename Match>
CallSet where(const Match& match) {
  CallSet set;
  for (const SyscallRow& row : syscall_rows()) {
    if (row.x86_64 >= 0 && match(row)) set.set(static_cast<usize>(row.x86_64));
  }
  return set;
}

CallSet class_of(const std::string& word) {
  const std::string_view name = std::string_view(word).substr(1);
  for (const Class& known : kClasses) {
    if (known.name != name) continue;
    return where([&](const SyscallRow& row) {
      return in_family(row.families, known.family) &&
             std::find(known.without.begin(), known.without.end(), row.name) == known.without.end();
    });
  }
  for (const NamedClass& known : named_classes()) {
    if (known.name != name) continue;
    return where([&](const SyscallRow& row) {
      return std::find(known.calls.begin(), known.calls.end(), row.name) != known.calls.end();
    });
  }
  throw BadSet("no class of calls '" + word +
               "'; there are %file %process %network %memory %ipc %signal %desc %creds %clock "
               "%stat %lstat %fstat %%stat %statfs %fstatfs %%statfs %pure");
}

CallSet matching(const std::string& word) {
  try {
    const std::regex pattern(word.substr(1), std::regex::extended | std::regex::nosubs);
    const CallSet set =
        where([&](const SyscallRow& row) { return std::regex_search(row.name.begin(), row.name.end(), pattern); });
    if (set.none()) throw BadSet("no call matches '" + word + "'");
    return set;
  } catch (const std::regex_error&) {
    throw BadSet("'" + word + "' is no regular expression");
  }
}

CallSet one(std::string word) {
  const bool may_miss = word.starts_with('?');
  if (may_miss) word.erase(0, 1);
  if (word == "all") return CallSet().set();
  if (word == "none") return {};
  if (word.starts_with('%')) return class_of(word);
  if (word.starts_with('/')) return matching(word);
  if (const SyscallRow* row = find_syscall(word); row != nullptr && row->x86_64 >= 0)
    return CallSet().set(static_cast<usize>(row->x86_64));
  i32 number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error == std::errc() && *end == '\0' && number >= 0 && number < kSyscallEnd)
    return CallSet().set(static_cast<usize>(number));
  // As strace before 5: "-e file" for "-e %file".
  for (const std::string_view old : {"file", "process", "network", "ipc", "signal", "desc", "memory"}) {
    if (old == word) return class_of("%" + word);
  }
  if (may_miss) return {};
  throw BadSet("no system call '" + word + "'; 'limen syscalls' lists them");
}

u8 parse_statuses(std::string_view text) {
  const Words set = split("-e status", text);
  u8 bits = 0;
  for (const std::string& word : set.words) {
    if (word == "successful")
      bits |= successful;
    else if (word == "failed")
      bits |= failed;
    else if (word == "unfinished")
      bits |= unfinished;
    else if (word == "unavailable")
      bits |= unavailable;
    else if (word == "all")
      bits |= 15;
    else if (word == "detached")
      continue;  // nothing is ever detached here
    else if (word != "none")
      throw BadSet("no status '" + word + "'; there are successful, failed, unfinished, unavailable");
  }
  return set.inverted ? static_cast<u8>(~bits & 15) : bits;
}

std::bitset<65> parse_signals(std::string_view text) {
  const Words set = split("-e signal", text);
  std::bitset<65> bits;
  for (const std::string& word : set.words) {
    if (word == "all") {
      bits.set();
    } else if (word != "none") {
      const i32 number = signal_number(word);
      if (number == 0) throw BadSet("no signal '" + word + "'");
      bits.set(static_cast<usize>(number));
    }
  }
  return set.inverted ? ~bits : bits;
}

DescriptorSet parse_descriptors(std::string_view what, std::string_view text) {
  DescriptorSet set;
  const Words words = split(what, text);
  set.inverted = words.inverted;
  for (const std::string& word : words.words) {
    if (word == "all" || word == "none") {
      set.inverted = (word == "all") != words.inverted;
      continue;
    }
    i32 fd = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), fd);
    if (error != std::errc() || *end != '\0' || fd < 0)
      throw BadSet(std::string(what) + ": '" + word + "' is no descriptor");
    set.fds.insert(fd);
  }
  return set;
}

// A set of words, as bits.
struct Word {
  std::string_view word;
  u8 bits;
};
u8 parse_words(std::string_view what, std::string_view text, std::span<const Word> known, u8 all) {
  const Words set = split(what, text);
  u8 bits = 0;
  for (const std::string& word : set.words) {
    const auto found = std::find_if(known.begin(), known.end(), [&](const Word& k) { return k.word == word; });
    if (found == known.end() && word != "all" && word != "none") {
      std::string there;
      for (const Word& k : known) (there += k.word) += ", ";
      throw BadSet(std::string(what) + ": '" + word + "': there are " + there + "all and none");
    }
    bits |= word == "all" ? all : word == "none" ? 0 : found->bits;
  }
  return set.inverted ? static_cast<u8>(~bits & all) : bits;
}
constexpr Word kQuiet[] = {{"attach", attach},
                           {"exit", exits},
                           {"exits", exits},
                           {"path-resolution", path_resolution},
                           {"path-resolve", path_resolution},
                           {"personality", personality},
                           {"superseded", superseded},
                           {"thread-execve", superseded}};
constexpr Word kFiles[] = {{"path", DecodeOptions::paths},
                           {"socket", DecodeOptions::sockets},
                           {"dev", DecodeOptions::devices},
                           {"pidfd", DecodeOptions::processes}};
constexpr Word kNames[] = {{"comm", 1}};

bool is_result_of(const Call& call, std::string_view path) {
  return call.made_descriptor && call.seen.file(call.value) == path;
}

}  // namespace

CallSet parse_calls(std::string_view text, std::string_view what) {
  const Words set = split(what, text);
  CallSet calls;
  for (const std::string& word : set.words) calls |= one(word);
  return set.inverted ? ~calls : calls;
}

void Filter::add(std::string_view expression) {
  const usize equals = expression.find('=');
  // A regular expression may hold an '='.
  const std::string_view what =
      equals == std::string_view::npos || expression.starts_with('/') ? "trace" : expression.substr(0, equals);
  const std::string_view set =
      what == "trace" && !expression.starts_with("trace=") ? expression : expression.substr(equals + 1);
  if (what == "trace" || what == "t") {
    calls = parse_calls(set);
  } else if (what == "status") {
    statuses = parse_statuses(set);
  } else if (what == "signal" || what == "signals" || what == "s") {
    signals = parse_signals(set);
  } else if (what == "fd" || what == "fds") {
    const DescriptorSet wanted = parse_descriptors("-e fd", set);
    fds = wanted.fds, fds_inverted = wanted.inverted;
  } else if (what == "read" || what == "reads" || what == "r") {
    dump_reads = parse_descriptors("-e read", set);
  } else if (what == "write" || what == "writes" || what == "w") {
    dump_writes = parse_descriptors("-e write", set);
  } else if (what == "raw" || what == "x") {
    raw = parse_calls(set, "-e raw");
  } else if (what == "abbrev" || what == "a") {
    abbreviated = parse_calls(set, "-e abbrev");
  } else if (what == "verbose" || what == "v") {
    structured = parse_calls(set, "-e verbose");
  } else if (what == "quiet" || what == "silent" || what == "silence" || what == "q") {
    quiet = parse_words("-e quiet", set, kQuiet, silent);
  } else if (what == "decode-fds" || what == "decode-fd") {
    files = parse_words("-e decode-fds", set, kFiles, DecodeOptions::all_of_files);
  } else if (what == "decode-pids" || what == "decode-pid") {
    // pidns: numbers of the first namespace are what is shown anyway.
    names = set != "pidns" && parse_words("-e decode-pids", set, kNames, 1) != 0;
  } else if (what == "kvm") {
    // Exits of virtual CPUs: a sandbox has none.
    if (set != "vcpu") throw BadSet("-e kvm: '" + std::string(set) + "': there is vcpu");
  } else {
    throw BadSet("-e " + std::string(what) +
                 ": there are trace, status, signal, fd, read, write, raw, abbrev, verbose, quiet, decode-fds, "
                 "decode-pids, inject, fault and kvm");
  }
}

DecodeOptions Filter::decoding(u64 nr, const DecodeOptions& all) const {
  DecodeOptions out = all;
  if (nr >= kSyscallEnd) return out;
  out.raw = raw[nr], out.verbose = !abbreviated[nr], out.structures = structured[nr];
  return out;
}

bool Filter::shows(const Call& call) const {
  if (call.nr < kSyscallEnd && !calls[call.nr]) return false;
  if (!fds.empty() && call.row != nullptr) {
    bool any = false;
    for (usize i = 0; i < 6; ++i) {
      const SyscallParam param = syscall_param(*call.row, i);
      if (param.name.empty()) break;
      if ((param.type == "Fd" || param.type == "DirFd") && fds.contains(static_cast<i32>(call.args[i])) != fds_inverted)
        any = true;
    }
    if (!any) return false;
  }
  return true;
}

bool Filter::shows_result(const Call& call) const {
  if (!all_statuses()) {
    const u8 status = !call.left                            ? unfinished
                      : call.value < 0 && call.value > -512 ? failed
                      : call.value < 0 && call.failed()     ? failed
                                                            : successful;
    if ((statuses & status) == 0) return false;
  }
  if (paths.empty() || call.row == nullptr) return paths.empty();
  for (const std::string& path : paths) {
    if (is_result_of(call, path)) return true;
    for (usize i = 0; i < 6; ++i) {
      const SyscallParam param = syscall_param(*call.row, i);
      if (param.name.empty()) break;
      if (param.type == "Fd" || param.type == "DirFd") {
        if (call.seen.file(static_cast<i32>(call.args[i])) == path) return true;
      } else if (param.type == "UserPath") {
        const std::span<const u8> text = call.seen.from(call.args[i]);
        if (text.size() > path.size() && std::equal(path.begin(), path.end(), text.begin()) && text[path.size()] == 0)
          return true;
      }
    }
  }
  return false;
}

}  // namespace limen::trace
