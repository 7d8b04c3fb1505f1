// /proc/PID/{mounts,mountinfo,mountstats}: the mounts that the process can reach. Source: proc(5), fs/proc_namespace.c.
#include <fmt/format.h>

#include "kernel/fs/proc/task_text.h"
#include "kernel/kernel.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/mount_words.h"
#include "kernel/vfs/namei.h"

namespace limen {
namespace {

std::string escaped(std::string_view name) {  // mangle(): " \t\n\\#"
  std::string out;
  for (const char c : name) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\' || c == '#') {
      out += fmt::format("\\{:03o}", c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string flag_words(const Mount& mount) {
  std::string text = (mount.flags() & kMountReadOnly) != 0 ? "ro" : "rw";
  if ((mount.flags() & kMountNoSuid) != 0) text += ",nosuid";
  if ((mount.flags() & kMountNoDev) != 0) text += ",nodev";
  if ((mount.flags() & kMountNoExec) != 0) text += ",noexec";
  if ((mount.flags() & kMountNoAtime) != 0) text += ",noatime";
  if ((mount.flags() & kMountNoDirAtime) != 0) text += ",nodiratime";
  if ((mount.flags() & kMountRelatime) != 0) text += ",relatime";
  return text;
}

// A mount as the process sees it; what lies outside its root is not told.
struct Seen {
  Ref<Mount> mount;
  u32 parent = 0;
  std::string place, options, source;
};
std::vector<Seen> mounts_of(Task& task) {
  std::vector<Seen> seen;
  const Ref<FsContext> fs = task.fs_ref();
  if (!fs) return seen;
  const Path root = fs->root();
  const Ref<MountNamespace> space = task.namespaces_ref().mount;
  if (!space) return seen;
  const MountNamespace& mounts = *space;
  for (const Ref<Mount>& mount : mounts.list()) {
    const Path at = mounts.mountpoint_of(*mount);
    Seen one{mount, 0, "/", mount->filesystem()->mount_options(), escaped(mount->source())};
    if (at) {
      one.parent = at.mount->id();
      if (mount != root.mount) one.place = path_name(root, mounts, Path(mount, mount->root()));
    }
    if (one.place.starts_with("(unreachable)")) continue;
    one.place = escaped(one.place);
    if (one.source.empty()) one.source = "none";
    seen.push_back(std::move(one));
  }
  return seen;
}

// The optional fields. Linux: fs/proc_namespace.c:show_mountinfo.
std::string peer_words(const MountNamespace::Peers& peers) {
  std::string words;
  if (peers.shared != 0) words += fmt::format(" shared:{}", peers.shared);
  if (peers.master != 0) words += fmt::format(" master:{}", peers.master);
  if (peers.from != 0) words += fmt::format(" propagate_from:{}", peers.from);
  if (peers.unbindable) words += " unbindable";
  return words;
}

}  // namespace

Result<std::string> proc_mounts(Task& task) {
  std::string text;
  for (const Seen& s : mounts_of(task)) {
    text += fmt::format("{} {} {} {}{}{} 0 0\n", s.source, s.place, s.mount->filesystem()->type_name(),
                        flag_words(*s.mount), s.options.empty() ? "" : ",", s.options);
  }
  return text;
}

Result<std::string> proc_mountinfo(Task& task) {
  std::string text;
  const Ref<MountNamespace> space = task.namespaces_ref().mount;
  if (!space) return text;
  const std::map<const Mount*, MountNamespace::Peers> peers = space->peers();
  for (const Seen& s : mounts_of(task)) {
    const auto of_mount = peers.find(s.mount.get());
    const std::string groups = of_mount != peers.end() ? peer_words(of_mount->second) : "";
    const Device device = s.mount->filesystem()->device();
    text += fmt::format(
        "{} {} {}:{} {} {} {}{} - {} {} {}{}{}\n", s.mount->id(), s.parent, device.major, device.minor,
        escaped(place_within(*s.mount)), s.place, flag_words(*s.mount), groups, s.mount->filesystem()->type_name(),
        s.source, (s.mount->flags() & kMountReadOnly) != 0 ? "ro" : "rw", s.options.empty() ? "" : ",", s.options);
  }
  return text;
}

Result<std::string> proc_mountstats(Task& task) {
  std::string text;
  for (const Seen& s : mounts_of(task)) {
    text +=
        fmt::format("device {} mounted on {} with fstype {}\n", s.source, s.place, s.mount->filesystem()->type_name());
  }
  return text;
}

}  // namespace limen
