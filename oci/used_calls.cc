#include "oci/used_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/terminal.h"

namespace limen::oci {
namespace {

using cli::UsageError;
using Json = nlohmann::ordered_json;

constexpr usize kMostValues = 64;    // of one call; more are no rule that a person could read
constexpr usize kMostPrograms = 32;  // of one rule and run
constexpr usize kMostLabel = 80;
constexpr usize kMostPlaces = 8;  // of a stack
constexpr usize kMostFile = 16 << 20;
constexpr std::string_view kOthers = "others";
constexpr u32 kEnosys = 38;

// The comment's own signs, and what no terminal should be sent, are not for names.
std::string plain(std::string_view text) {
  std::string out(text.substr(0, kMostLabel));
  for (char& c : out) {
    if (c < 0x20 || c == 0x7f || c == '|' || c == ':' || c == ',' || c == '@' || c == '<') c = '?';
  }
  return out.empty() ? "?" : out;
}

std::vector<std::string_view> split(std::string_view text, std::string_view by) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const usize end = text.find(by);
    out.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + by.size());
  }
  return out;
}

}  // namespace

std::string words_of(const UsedCall& call) {
  return call.arg ? fmt::format("{} with argument {} = {:#x}", call.name, *call.arg, call.value) : call.name;
}

std::string words_of(const UsedCalls::Runs& runs) {
  std::string out;
  for (const auto& [run, programs] : runs) {
    out += (out.empty() ? "" : " | ") + run + ": ";
    bool first = true;
    for (const auto& [program, use] : programs) {
      out += fmt::format("{}{} {}", first ? "" : ", ", program, use.calls);
      for (usize i = 0; i < use.stack.size(); ++i) out += (i == 0 ? " @ " : " < ") + use.stack[i];
      first = false;
    }
  }
  return out;
}

void UsedCalls::add(UsedCall call, std::string_view run, std::string_view program, const Use& use) {
  if (call.arg && !calls_.contains(call)) {
    // Too many values, or any already: a rule for the call alone holds them all.
    const UsedCall whole{.name = call.name};
    const auto same = [&](const auto& entry) { return entry.first.name == call.name; };
    if (calls_.contains(whole) || static_cast<usize>(std::ranges::count_if(calls_, same)) >= kMostValues) call = whole;
  }
  Programs& programs = calls_[call][plain(run)];
  const std::string name = plain(program);
  Use& known = programs[programs.contains(name) || programs.size() < kMostPrograms ? name : std::string(kOthers)];
  known.calls += use.calls;
  if (!known.stack.empty()) return;
  for (const std::string& place : use.stack) {
    if (known.stack.size() == kMostPlaces) break;
    known.stack.push_back(plain(place));
  }
}

void UsedCalls::read(std::string_view text, const std::string& file) {
  Json top;
  try {
    top = Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::string_view what =
        error.what();  // "[json.exception.parse_error.101] parse error at line 3, column 5: …"
    const usize words = what.find("parse error");
    throw UsageError(file + ": not JSON: " + std::string(what.substr(words == std::string_view::npos ? 0 : words)));
  }
  const auto other = [&](const std::string& what) {
    return UsageError(file + ": " + what +
                      "; only profiles that allow calls and refuse the rest, as 'limen profile' writes");
  };
  if (!top.is_object() || !top.contains("syscalls") || !top["syscalls"].is_array()) throw other("no list 'syscalls'");
  if (top.value("defaultAction", Json()) != "SCMP_ACT_ERRNO") throw other("'defaultAction' is not SCMP_ACT_ERRNO");
  try {
    for (const Json& rule : top["syscalls"]) {
      if (rule.at("action") != "SCMP_ACT_ALLOW") throw other("a rule does " + rule.at("action").dump());
      for (const char* key : {"includes", "excludes"}) {
        if (rule.contains(key) && !rule[key].empty()) throw other(std::string("a rule has '") + key + "'");
      }
      UsedCall call;
      if (rule.contains("args") && !rule["args"].empty()) {
        const Json& arg = rule["args"].at(0);
        const bool masked = arg.at("op") == "SCMP_CMP_MASKED_EQ";
        if (rule["args"].size() != 1 || (!masked && arg.at("op") != "SCMP_CMP_EQ"))
          throw other("a rule compares otherwise than one argument for equality");
        call.arg = arg.at("index").get<u32>();
        call.mask = masked ? arg.at("value").get<u64>() : ~u64{0};
        call.value = arg.at(masked ? "valueTwo" : "value").get<u64>();
      }
      const std::string comment = rule.value("comment", "");
      for (const Json& name : rule.at("names")) {
        call.name = name.get<std::string>();
        for (const std::string_view run : split(comment, " | ")) {
          const usize colon = run.find(": ");
          for (const std::string_view program :
               split(colon == std::string_view::npos ? "" : run.substr(colon + 2), ", ")) {
            const usize at = program.find(" @ ");
            const std::string_view calls = program.substr(0, at);
            const usize space = calls.rfind(' ');
            if (space == std::string_view::npos) continue;
            Use use;
            std::from_chars(calls.data() + space + 1, calls.data() + calls.size(), use.calls);
            if (at != std::string_view::npos) {
              for (const std::string_view place : split(program.substr(at + 3), " < ")) use.stack.emplace_back(place);
            }
            add(call, run.substr(0, colon), calls.substr(0, space), use);
          }
        }
        if (!calls_.contains(call)) add(call, file, "?", {});  // somebody else's, without a word of where it comes from
      }
    }
  } catch (const Json::exception& error) {
    throw UsageError(file + ": a rule makes no sense: " + error.what());
  }
}

void UsedCalls::read_file(const std::string& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "re"), std::fclose);
  if (!in) throw UsageError(file + ": " + std::strerror(errno));
  std::string text(kMostFile + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), in.get()));
  if (std::ferror(in.get()) != 0) throw UsageError(file + ": " + std::strerror(errno));
  if (text.size() > kMostFile) throw UsageError(file + ": larger than 16 MiB");
  read(text, file);
}

std::string UsedCalls::to_json() const {
  Json top = {{"defaultAction", "SCMP_ACT_ERRNO"},
              {"defaultErrnoRet", kEnosys},
              {"architectures", {"SCMP_ARCH_X86_64"}},
              {"syscalls", Json::array()}};
  for (const auto& [call, runs] : calls_) {
    const UsedCall whole{.name = call.name};
    if (call.arg && calls_.contains(whole)) continue;  // one of them is without arguments: it allows all
    Json rule = {{"names", {call.name}}, {"action", "SCMP_ACT_ALLOW"}};
    if (call.arg) {
      rule["args"] = Json::array({{{"index", *call.arg},
                                   {"value", call.mask},
                                   {"valueTwo", call.value & call.mask},
                                   {"op", "SCMP_CMP_MASKED_EQ"}}});
    }
    rule["comment"] = words_of(runs);
    top["syscalls"].push_back(std::move(rule));
  }
  return top.dump(2) + "\n";
}

}  // namespace limen::oci
