#include "kernel/task/namespaces.h"

#include "abi/fcntl.h"
#include "abi/sched.h"
#include "kernel/fs/proc/nsfs.h"
#include "kernel/ipc/sysv.h"
#include "kernel/ipc/sysv_sem.h"
#include "kernel/ipc/sysv_shm.h"
#include "kernel/kernel.h"
#include "kernel/net/endpoint.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/answers.h"
#include "kernel/task/pidfd.h"
#include "kernel/time/time_namespace.h"
#include "kernel/time/vdso.h"
#include "kernel/vfs/fd_table.h"

namespace limen {

Namespaces::Namespaces() = default;
Namespaces::Namespaces(const Namespaces&) = default;
Namespaces::Namespaces(Namespaces&&) noexcept = default;
Namespaces::~Namespaces() = default;
Namespaces& Namespaces::operator=(Namespaces other) noexcept {
  std::swap(pid, other.pid), std::swap(pid_children, other.pid_children);
  std::swap(mount, other.mount), std::swap(uts, other.uts);
  std::swap(ipc, other.ipc), std::swap(net, other.net), std::swap(cgroup, other.cgroup);
  std::swap(time, other.time), std::swap(time_children, other.time_children);
  return *this;
}

namespace {

// Linux: set_cred_user_ns.
Ref<Credentials> almighty_in(const Credentials& old, Ref<UserNamespace> ns) {
  Ref<Credentials> fresh = old.clone();
  fresh->securebits = 0;
  fresh->inheritable = fresh->ambient = 0;
  fresh->permitted = fresh->effective = fresh->bounding = kAllCapabilities;
  fresh->user_ns = std::move(ns);
  return fresh;
}

// How many tasks have this root and working directory.
usize users_of(Task& task, const FsContext& fs) {
  usize users = 0;
  ReadGuard tree(task.kernel().process_tree);
  for (const Ref<Task>& other : task.kernel().pids->tasks()) users += other->fs_ref().get() == &fs ? 1 : 0;
  return users;
}

bool is_single_threaded(Task& task) {
  MutexGuard guard(task.group().lock);
  return task.group().members.size() == 1;
}

Result<Ref<PidNamespace>> new_pid_namespace(const Namespaces& old, const Credentials& cred, Uid maker) {
  if (old.pid_children != old.pid) return Errno::einval;
  const Ref<UserNamespace>& around = old.pid->owner();
  if (around && !cred.user_ns->is_within(around.get())) return Errno::einval;
  if (old.pid->level() + 1 > PidNamespace::kMostLevels) return Errno::enospc;
  UserCharge charge = TRY(UserCharge::take(*cred.user_ns, maker, NamespaceKind::pid));
  return make_ref<PidNamespace>(old.pid, cred.user_ns, std::move(charge));
}

}  // namespace

Result<Ref<const Credentials>> enter_new_user_namespace(Task& task) {
  // Who cannot see the whole tree must not get the right to mount it. Linux: current_chrooted.
  if (!(task.fs().root() == task.namespaces().mount->root())) return Errno::eperm;
  Ref<UserNamespace> ns = TRY(UserNamespace::create(task.credentials()));
  return Ref<const Credentials>(almighty_in(task.credentials(), std::move(ns)));
}

Result<Namespaces> new_namespaces(Task& task, u64 flags, const Credentials& cred, FsContext& fs) {
  Namespaces all = task.namespaces();
  if ((flags & kNamespaceFlags & ~abi::clone_newuser) == 0) return all;
  if (!task.credentials().has_capability(cred.user_ns.get(), Capability::sys_admin)) return Errno::eperm;
  const Uid maker = task.credentials().euid;
  UserNamespace& owner = *cred.user_ns;
  const auto charge = [&](NamespaceKind kind) { return UserCharge::take(owner, maker, kind); };
  if ((flags & abi::clone_newns) != 0) {
    UserCharge one = TRY(charge(NamespaceKind::mount));
    Path root = fs.root(), cwd = fs.cwd();
    all.mount = TRY(all.mount->clone(cred.user_ns, std::move(one), {&root, &cwd}));
    fs.set_root(std::move(root)), fs.set_cwd(std::move(cwd));
  }
  if ((flags & abi::clone_newuts) != 0) {
    UserCharge one = TRY(charge(NamespaceKind::uts));
    all.uts = make_ref<UtsNamespace>(*all.uts, cred.user_ns, std::move(one));
  }
  if ((flags & abi::clone_newipc) != 0) {
    UserCharge one = TRY(charge(NamespaceKind::ipc));
    all.ipc = make_ref<IpcNamespace>(cred.user_ns, std::move(one));
  }
  if ((flags & abi::clone_newpid) != 0) all.pid_children = TRY(new_pid_namespace(all, cred, maker));
  if ((flags & abi::clone_newcgroup) != 0) {
    UserCharge one = TRY(charge(NamespaceKind::cgroup));
    all.cgroup = make_ref<Namespace>(NamespaceKind::cgroup, cred.user_ns, std::move(one));
  }
  if ((flags & abi::clone_newnet) != 0) {
    UserCharge one = TRY(charge(NamespaceKind::net));
    all.net = make_ref<NetNamespace>(cred.user_ns, std::move(one), all.net->in_flight);
  }
  if ((flags & abi::clone_newtime) != 0) {
    UserCharge one = TRY(charge(NamespaceKind::time));
    all.time_children = make_ref<TimeNamespace>(*all.time_children, cred.user_ns, std::move(one));
  }
  return all;
}

void enter_time_of_children(Namespaces& all, Mm& mm) {
  const bool changes = all.time_children != all.time;
  if (changes) all.time_children->freeze();
  all.time = all.time_children;
  if (changes || !all.time->is_first()) show_clock(mm, *all.time);
}

u64 clone_flag(NamespaceKind kind) {
  switch (kind) {
    case NamespaceKind::cgroup:
      return abi::clone_newcgroup;
    case NamespaceKind::ipc:
      return abi::clone_newipc;
    case NamespaceKind::mount:
      return abi::clone_newns;
    case NamespaceKind::net:
      return abi::clone_newnet;
    case NamespaceKind::pid:
      return abi::clone_newpid;
    case NamespaceKind::time:
      return abi::clone_newtime;
    case NamespaceKind::user:
      return abi::clone_newuser;
    case NamespaceKind::uts:
      return abi::clone_newuts;
  }
  return 0;
}

Ref<Namespace> namespace_of(const Namespaces& all, const Credentials& cred, NamespaceKind kind) {
  switch (kind) {
    case NamespaceKind::cgroup:
      return all.cgroup;
    case NamespaceKind::ipc:
      return all.ipc;
    case NamespaceKind::mount:
      return all.mount;
    case NamespaceKind::net:
      return all.net;
    case NamespaceKind::pid:
      return all.pid_children;
    case NamespaceKind::user:
      return cred.user_ns;
    case NamespaceKind::uts:
      return all.uts;
    case NamespaceKind::time:
      return all.time;
  }
  return {};
}

void leave_namespaces(Task& task) {
  Namespaces rest;
  rest.pid = task.namespaces().pid;
  task.set_namespaces(std::move(rest));
}

namespace {

// What a setns(2) will have changed when all of it is allowed. Linux: struct nsset.
struct Entering {
  Namespaces namespaces;
  Ref<const Credentials> credentials;
  Ref<MountNamespace> tree;  // root and working directory go to its root
};

// Capable there, and in the user namespace that the caller will have.
Result<void> check_entry(Task& task, const Entering& entering, const Namespace& to) {
  const Credentials& own = task.credentials();
  const bool there = own.capable_in(to, Capability::sys_admin);
  return there && entering.credentials->capable_here(Capability::sys_admin) ? success : Result<void>(Errno::eperm);
}

Result<void> enter_user(Task& task, Entering& entering, Ref<UserNamespace> to) {
  if (to == task.credentials().user_ns || !is_single_threaded(task)) return Errno::einval;
  if (users_of(task, task.fs()) != 1) return Errno::einval;
  if (!task.credentials().has_capability(to.get(), Capability::sys_admin)) return Errno::eperm;
  entering.credentials = almighty_in(task.credentials(), std::move(to));
  return success;
}

Result<void> enter_one(Task& task, Entering& entering, const Ref<Namespace>& to) {
  Namespaces& all = entering.namespaces;
  if (to->kind() == NamespaceKind::user) return enter_user(task, entering, ref_cast<UserNamespace>(to));
  if (to->kind() == NamespaceKind::time && !is_single_threaded(task)) return Errno::eusers;
  TRY(check_entry(task, entering, *to));
  switch (to->kind()) {
    case NamespaceKind::mount:
      if (!entering.credentials->capable_here(Capability::sys_chroot)) return Errno::eperm;
      if (users_of(task, task.fs()) != 1) return Errno::einval;
      all.mount = entering.tree = ref_cast<MountNamespace>(to);
      return success;
    case NamespaceKind::pid: {
      Ref<PidNamespace> pid = ref_cast<PidNamespace>(to);
      if (!pid->is_within(*all.pid)) return Errno::einval;
      all.pid_children = std::move(pid);
      return success;
    }
    case NamespaceKind::uts:
      all.uts = ref_cast<UtsNamespace>(to);
      return success;
    case NamespaceKind::ipc:
      all.ipc = ref_cast<IpcNamespace>(to);
      return success;
    case NamespaceKind::net:
      all.net = ref_cast<NetNamespace>(to);
      return success;
    case NamespaceKind::cgroup:
      all.cgroup = to;
      return success;
    default:
      all.time = all.time_children = ref_cast<TimeNamespace>(to);
      return success;
  }
}

// The user namespace first: the others are entered with what it gives.
constexpr NamespaceKind kOrder[] = {NamespaceKind::user, NamespaceKind::mount, NamespaceKind::uts,
                                    NamespaceKind::ipc,  NamespaceKind::pid,   NamespaceKind::cgroup,
                                    NamespaceKind::net,  NamespaceKind::time};

// setns(2) by a pidfd: of the process's namespaces those that the flags name.
Result<void> enter_those_of(Task& task, Entering& entering, Task& target, u64 flags) {
  const Namespaces theirs = target.namespaces_ref();
  const Ref<const Credentials> cred = target.credentials_ref();
  if (!cred || !theirs.mount) return Errno::esrch;
  if (!check_ptrace_access(task, target).ok()) return Errno::eperm;
  for (const NamespaceKind kind : kOrder) {
    if ((flags & clone_flag(kind)) == 0) continue;
    const Ref<Namespace> to =
        kind == NamespaceKind::pid ? Ref<Namespace>(theirs.pid) : namespace_of(theirs, *cred, kind);
    TRY(enter_one(task, entering, to));
  }
  return success;
}

}  // namespace

Result<i64> sys_setns(Task& task, Fd fd, CloneFlags nstype) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  const u64 flags = nstype.raw();
  Entering entering{task.namespaces(), task.credentials_ref(), {}};
  if (const Ref<Namespace> to = namespace_of_file(*file)) {
    if (flags != 0 && flags != clone_flag(to->kind())) return Errno::einval;
    TRY(enter_one(task, entering, to));
  } else {
    const Result<Ref<Task>> target = task_of_pidfd(*file);
    if (!target.ok()) return Errno::einval;
    if (flags == 0 || (flags & ~kNamespaceFlags) != 0) return Errno::einval;
    TRY(enter_those_of(task, entering, **target, flags));
  }
  if (entering.namespaces.ipc != task.namespaces().ipc) exit_sem_undo(task), exit_shm(task);
  if (entering.credentials.get() != &task.credentials()) task.set_credentials(entering.credentials);
  if (entering.tree) {
    const Path root = entering.tree->root();
    task.fs().set_root(root), task.fs().set_cwd(root);
  }
  if (entering.namespaces.time != task.namespaces().time) {
    entering.namespaces.time->freeze();
    show_clock(task.mm(), *entering.namespaces.time);
  }
  task.set_namespaces(std::move(entering.namespaces));
  settle_answers(task);
  return 0;
}

// Linux: kernel/fork.c:ksys_unshare. A new namespace of one kind needs other things to be the task's own, too.
Result<i64> sys_unshare(Task& task, CloneFlags flags) {
  constexpr u64 kKnown = abi::clone_fs | abi::clone_files | abi::clone_sighand | abi::clone_vm | abi::clone_thread |
                         abi::clone_sysvsem | kNamespaceFlags;
  if (flags.unknown(kKnown) != 0) return Errno::einval;
  const bool alone = flags.any(abi::clone_thread | abi::clone_sighand | abi::clone_vm | abi::clone_newuser);
  if (alone && !is_single_threaded(task)) return Errno::einval;
  Ref<FsContext> fs = task.fs_ref();
  if (flags.any(abi::clone_fs | abi::clone_newns | abi::clone_newuser)) fs = fs->clone();
  Ref<const Credentials> credentials = task.credentials_ref();
  if (flags.any(abi::clone_newuser)) credentials = TRY(enter_new_user_namespace(task));
  Namespaces namespaces = TRY(new_namespaces(task, flags.raw(), *credentials, *fs));
  if (flags.any(abi::clone_sysvsem | abi::clone_newipc)) exit_sem_undo(task);
  if (flags.any(abi::clone_newipc)) exit_shm(task);
  if (fs.get() != &task.fs()) task.set_fs(std::move(fs));
  if (flags.any(abi::clone_files)) task.set_files(task.files().clone());
  if (credentials.get() != &task.credentials()) task.set_credentials(std::move(credentials));
  task.set_namespaces(std::move(namespaces));
  settle_answers(task);
  return 0;
}

}  // namespace limen
