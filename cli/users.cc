// limen trace -u NAME: a user of the sandbox by name, from the files that its root has. Not from the C library: a static program
// finds no other sources of names there.
#include "cli/users.h"

#include <fstream>
#include <limits>
#include <optional>

#include "cli/terminal.h"

namespace limen::cli {
namespace {

std::vector<std::string_view> fields_of(std::string_view line, char between) {
  std::vector<std::string_view> fields;
  while (true) {
    const size_t end = line.find(between);
    fields.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + 1);
  }
}

std::optional<u32> id_of(std::string_view text) {
  constexpr u64 kNone = std::numeric_limits<u32>::max();  // -1 means "no id" to Linux
  u64 id = 0;
  if (text.empty() || text.size() > 10) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    id = id * 10 + static_cast<u64>(c - '0');
  }
  return id < kNone ? std::optional(static_cast<u32>(id)) : std::nullopt;
}

}  // namespace

void set_named_user(Plan& plan, const std::string& name, const std::string& numbers) {
  if (!numbers.empty()) throw UsageError("-u '" + name + "' and --user '" + numbers + "': one of them");
  std::optional<u32> uid, gid;
  std::ifstream users(plan.root + "/etc/passwd");
  for (std::string line; !uid && std::getline(users, line);) {
    const std::vector<std::string_view> fields = fields_of(line, ':');
    if (fields.size() < 4 || fields[0] != name) continue;
    uid = id_of(fields[2]), gid = id_of(fields[3]);
  }
  if (!uid || !gid) throw UsageError("-u '" + name + "': the sandbox has no such user; --user takes numbers");
  plan.uid = Uid(*uid), plan.gid = Gid(*gid);
  plan.groups.assign(1, plan.gid);
  std::ifstream groups(plan.root + "/etc/group");
  for (std::string line; std::getline(groups, line);) {
    const std::vector<std::string_view> fields = fields_of(line, ':');
    if (fields.size() < 4) continue;
    const std::optional<u32> id = id_of(fields[2]);
    const std::vector<std::string_view> members = fields_of(fields[3], ',');
    if (!id || *id == *gid) continue;
    for (const std::string_view member : members) {
      if (member != name) continue;
      plan.groups.emplace_back(*id);
      break;
    }
  }
}

}  // namespace limen::cli
