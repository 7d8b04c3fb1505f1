// /proc/PID/uid_map, gid_map, projid_map and setgroups. Source: user_namespaces(7), kernel/user_namespace.c.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "abi/fcntl.h"
#include "kernel/fs/proc/task_files.h"
#include "kernel/kernel.h"
#include "kernel/vfs/opened.h"

namespace limen {
namespace {

using Ids = UserNamespace::Ids;

std::optional<u32> take_number(std::string_view& line) {
  const usize start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos) return std::nullopt;
  line.remove_prefix(start);
  u32 value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc()) return std::nullopt;
  line.remove_prefix(static_cast<usize>(end - line.data()));
  if (!line.empty() && line[0] != ' ' && line[0] != '\t') return std::nullopt;
  return value;
}

bool overlaps(u32 a, u32 b, u32 a_count, u32 b_count) { return a <= b ? b - a < a_count : a - b < b_count; }

// einval. `lower` is as it was written: of the namespace around.
Result<IdMap> parse_map(std::string_view text) {
  IdMap map;
  while (!text.empty()) {
    const usize newline = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
    const auto first = take_number(line), lower = take_number(line), count = take_number(line);
    if (!first || !lower || !count || line.find_first_not_of(" \t") != std::string_view::npos) return Errno::einval;
    const IdExtent e{*first, *lower, *count};
    if (e.first == ~0u || e.lower == ~0u) return Errno::einval;
    if (e.first + e.count <= e.first || e.lower + e.count <= e.lower) return Errno::einval;
    for (const IdExtent& other : map) {
      if (overlaps(e.first, other.first, e.count, other.count) || overlaps(e.lower, other.lower, e.count, other.count))
        return Errno::einval;
    }
    if (map.size() >= UserNamespace::kMostExtents) return Errno::einval;
    map.push_back(e);
  }
  return map.empty() ? Result<IdMap>(Errno::einval) : map;
}

// A map that holds the root of the namespace around may be used to set file capabilities there. Linux: verify_root_map.
bool may_map_root(const Credentials& opener, const UserNamespace& ns) {
  if (opener.user_ns.get() == &ns) return ns.maker_could_set_file_capabilities();
  return opener.has_capability(ns.parent(), Capability::setfcap);
}

// Linux: new_idmap_permitted. The file's opener counts, and who writes: a descriptor may have been passed to a privileged process.
bool is_permitted(Task& writer, const Credentials& opener, const UserNamespace& ns, Ids kind, const IdMap& map) {
  const auto is_root = [](const IdExtent& e) { return e.lower == 0; };
  if (kind == Ids::user && std::any_of(map.begin(), map.end(), is_root) && !may_map_root(opener, ns)) return false;
  if (map.size() == 1 && map[0].count == 1 && ns.maker() == opener.euid && kind != Ids::project) {
    const std::optional<u32> id = ns.parent()->kernel_id(kind, map[0].lower);
    if (kind == Ids::user && id == opener.euid.raw()) return true;
    if (kind == Ids::group && id == opener.egid.raw() && !ns.setgroups_allowed()) return true;
  }
  if (kind == Ids::project) return true;
  const Capability needed = kind == Ids::user ? Capability::setuid : Capability::setgid;
  return writer.credentials().has_capability(ns.parent(), needed) && opener.has_capability(ns.parent(), needed);
}

// Linux: map_write.
Result<void> write_map(Task& writer, const Credentials& opener, UserNamespace& ns, Ids kind, std::string_view text) {
  if (ns.is_first()) return Errno::eperm;
  if (opener.user_ns.get() != &ns && opener.user_ns.get() != ns.parent()) return Errno::eperm;
  if (text.size() >= kPageSize) return Errno::einval;
  if (ns.has_map(kind)) return Errno::eperm;
  if (kind != Ids::project && !opener.has_capability(&ns, Capability::sys_admin)) return Errno::eperm;
  IdMap map = TRY(parse_map(text));
  if (!is_permitted(writer, opener, ns, kind, map)) return Errno::eperm;
  for (IdExtent& e : map) {
    const std::optional<u32> low = ns.parent()->kernel_id(kind, e.lower);
    const std::optional<u32> high = ns.parent()->kernel_id(kind, e.lower + (e.count - 1));
    if (!low || !high || *high - *low != e.count - 1) return Errno::eperm;
    e.lower = *low;
  }
  TRY(ns.set_map(kind, std::move(map)));
  withdraw_opened(writer.kernel());  // stat(2) tells ids by it
  // Who is here has other ids from now on. What the gate answers follows.
  std::vector<Ref<Task>> tasks;
  {
    ReadGuard tree(writer.kernel().process_tree);
    tasks = writer.kernel().pids->tasks();
  }
  for (const Ref<Task>& task : tasks) {
    const Ref<const Credentials> cred = task->credentials_ref();
    if (cred && cred->user_ns && cred->user_ns->is_within(&ns)) task->publish_user_ids();
  }
  return success;
}

// The outer ids as who opened the file sees them; in the namespace itself, as the one around does.
std::string map_text(const Credentials& opener, const UserNamespace& ns, Ids kind) {
  const UserNamespace* outer = opener.user_ns.get();
  if (outer == &ns && ns.parent() != nullptr) outer = ns.parent();
  std::string text;
  for (const IdExtent& e : ns.map(kind)) {
    const u32 lower = outer == nullptr ? e.lower : outer->local_id(kind, e.lower).value_or(~0u);
    text += fmt::format("{:10} {:10} {:10}\n", e.first, lower, e.count);
  }
  return text;
}

Result<Ref<UserNamespace>> namespace_of_task(Task& task) {
  const Ref<const Credentials> cred = task.credentials_ref();
  return cred && cred->user_ns ? Result<Ref<UserNamespace>>(cred->user_ns) : Errno::einval;
}

// A file whose rules ask who opened it.
class OpenerFile final : public PseudoInode {
 public:
  using Open = std::function<Result<Ref<PseudoText>>(Task& opener, u32 flags)>;
  OpenerFile(PseudoFilesystem& fs, u32 mode, PseudoOwner owner, u64 inode, Open open)
      : PseudoInode(fs, mode, owner, inode), open_(std::move(open)) {}
  Result<Ref<File>> open(Task& task, const Path& path, u32 flags) override {
    const Ref<PseudoText> text = TRY(open_(task, flags));
    return text->open(task, path, flags);
  }

 private:
  const Open open_;
};

Ref<Inode> make_map(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope, const char* name, Ids kind) {
  const u64 inode = proc_inode(task->tid(), scope, name);
  const auto open = [&fs, task, kind, inode](Task& who, u32) -> Result<Ref<PseudoText>> {
    const Ref<UserNamespace> ns = TRY(namespace_of_task(*task));
    const Ref<const Credentials> opener = who.credentials_ref();
    auto render = [ns, opener, kind](Task&) -> Result<std::string> { return map_text(*opener, *ns, kind); };
    auto store = [ns, opener, kind](Task& writer, std::string_view text) {
      return write_map(writer, *opener, *ns, kind, text);
    };
    return make_ref<PseudoText>(fs, abi::s_ifreg | 0644, render, store, PseudoOwner{}, inode);
  };
  return make_ref<OpenerFile>(fs, abi::s_ifreg | 0644, owner_of(*task), inode, open);
}

}  // namespace

Ref<Inode> make_uid_map(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_map(fs, task, scope, "uid_map", Ids::user);
}
Ref<Inode> make_gid_map(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_map(fs, task, scope, "gid_map", Ids::group);
}
Ref<Inode> make_project_map(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_map(fs, task, scope, "projid_map", Ids::project);
}

// Linux: proc_setgroups_open, proc_setgroups_write.
Ref<Inode> make_setgroups(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  const u64 inode = proc_inode(task->tid(), scope, "setgroups");
  const auto open = [&fs, task, inode](Task& who, u32 flags) -> Result<Ref<PseudoText>> {
    const Ref<UserNamespace> ns = TRY(namespace_of_task(*task));
    const bool writes = (flags & abi::o_accmode) != abi::o_rdonly;
    if (writes && !who.credentials().has_capability(ns.get(), Capability::sys_admin)) return Errno::eacces;
    auto render = [ns](Task&) -> Result<std::string> {
      return std::string(ns->setgroups_allowed() ? "allow\n" : "deny\n");
    };
    auto store = [ns](Task&, std::string_view text) -> Result<void> {
      if (text.size() >= 8) return Errno::einval;
      const bool allow = text.starts_with("allow"), deny = text.starts_with("deny");
      if (!allow && !deny) return Errno::einval;
      if (text.find_first_not_of(" \n\t", allow ? 5 : 4) != std::string_view::npos) return Errno::einval;
      return allow ? ns->allow_setgroups() : ns->deny_setgroups();
    };
    return make_ref<PseudoText>(fs, abi::s_ifreg | 0644, render, store, PseudoOwner{}, inode);
  };
  return make_ref<OpenerFile>(fs, abi::s_ifreg | 0644, owner_of(*task), inode, open);
}

}  // namespace limen
