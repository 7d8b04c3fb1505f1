#include "kernel/task/pidfd.h"

#include "abi/fcntl.h"
#include "abi/wait.h"
#include "kernel/fs/proc/nsfs.h"
#include "kernel/fs/proc/task_files.h"
#include "kernel/kernel.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/signal/siginfo.h"
#include "kernel/signal/signal.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/namespaces.h"
#include "kernel/task/process_group.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

class PidFile final : public File {
 public:
  PidFile(Path path, u32 flags, Ref<Task> task, PidfdTarget kind)
      : File(std::move(path), flags), task_(std::move(task)), kind_(kind) {}

  const Ref<Task>& task() const { return task_; }
  PidfdTarget kind() const { return kind_; }
  bool seekable() const override { return false; }

  PollEvents poll(PollTable* table) override {
    ThreadGroup& group = task_->group();
    if (table != nullptr) table->add(task_->group_ref(), group.members_changed);
    MutexGuard guard(group.lock);
    const bool over = kind_ == PidfdTarget::process ? group.members.empty() : !group.members.contains(task_->tid());
    return over ? kPollIn | kPollRdNorm : 0;
  }
  Result<usize> try_read(Task&, UserBuffer&, u64*) override { return Errno::einval; }
  Result<usize> try_write(Task&, UserBuffer&, u64*) override { return Errno::einval; }
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;
  std::string describe() override { return "Pid:\t" + std::to_string(task_->tid().raw()) + "\n"; }

 private:
  const Ref<Task> task_;
  const PidfdTarget kind_;
};

// PIDFD_GET_*_NAMESPACE: a descriptor of the namespace, as open(2) of /proc/PID/ns gives. Linux: fs/pidfs.c:pidfd_ioctl.
std::optional<NamespaceKind> kind_of_command(u32 command) {
  constexpr u32 kFirst = 0xff01;
  constexpr NamespaceKind kKinds[] = {
      NamespaceKind::cgroup, NamespaceKind::ipc,  NamespaceKind::mount, NamespaceKind::net,  NamespaceKind::pid,
      NamespaceKind::pid,    NamespaceKind::time, NamespaceKind::time,  NamespaceKind::user, NamespaceKind::uts};
  if (command < kFirst || command - kFirst >= std::size(kKinds)) return std::nullopt;
  return kKinds[command - kFirst];
}

Result<i64> PidFile::ioctl(Task& task, u32 command, u64 argument) {
  constexpr u32 kGetPidNamespace = 0xff05;
  const std::optional<NamespaceKind> kind = kind_of_command(command);
  if (!kind) return Errno::enotty;
  if (argument != 0) return Errno::einval;
  {
    // Who has waited for it finds it ended, whether or not its thread has come to give up what it held.
    ThreadGroup& group = task_->group();
    MutexGuard guard(group.lock);
    if (!group.members.contains(task_->tid())) return Errno::esrch;
  }
  const Namespaces all = task_->namespaces_ref();
  const Ref<const Credentials> cred = task_->credentials_ref();
  if (!all.mount || !cred) return Errno::esrch;  // it ends
  TRY(may_inspect(task, *task_));
  Ref<Namespace> found = command == kGetPidNamespace ? Ref<Namespace>(all.pid) : namespace_of(all, *cred, *kind);
  if (*kind == NamespaceKind::time) found = make_ref<Namespace>(NamespaceKind::time);  // there is the first alone
  const Path path = path_of_namespace(task.kernel(), std::move(found));
  Ref<File> file = TRY(path.inode().open(task, path, abi::o_rdonly));
  const Fd fd = TRY(task.files().install(task, std::move(file), FdFlags::close_on_exec));
  return fd.raw();
}

PidfdTarget kind_of_pidfd(File& file) { return static_cast<PidFile&>(file).kind(); }

}  // namespace

Result<Ref<File>> open_pidfd(Task& opener, Ref<Task> target, PidfdTarget kind, u32 flags) {
  Path path = anon_path(opener.kernel(), "anon_inode:[pidfd]", 0600);
  return Ref<File>(make_ref<PidFile>(std::move(path), abi::o_rdwr | flags, std::move(target), kind));
}

Result<Ref<Task>> task_of_pidfd(File& file) {
  auto* pidfile = dynamic_cast<PidFile*>(&file);
  if (pidfile == nullptr) return Errno::ebadf;
  return pidfile->task();
}

Result<i64> sys_pidfd_open(Task& task, Pid pid, PidfdFlags flags) {
  if (flags.unknown(abi::pidfd_nonblock | abi::pidfd_thread) != 0 || pid.raw() <= 0) return Errno::einval;
  Ref<Task> target;
  {
    ReadGuard tree(task.kernel().process_tree);
    target = task.namespaces().pid->find(pid);
  }
  if (!target) return Errno::esrch;
  const PidfdTarget kind = flags.has(abi::pidfd_thread) ? PidfdTarget::thread : PidfdTarget::process;
  if (kind == PidfdTarget::process && !target->is_leader()) return Errno::einval;
  Ref<File> file = TRY(open_pidfd(task, target, kind, flags.raw() & abi::pidfd_nonblock));
  const Fd fd = TRY(task.files().install(task, std::move(file), FdFlags::close_on_exec));
  return fd.raw();
}

Result<i64> sys_pidfd_getfd(Task& task, Fd pidfd, Fd targetfd, u32 flags) {
  if (flags != 0) return Errno::einval;
  const Ref<File> file = TRY(task.files().get(pidfd));
  const Ref<Task> target = TRY(task_of_pidfd(*file));
  const Ref<FdTable> files = target->files_ref();
  if (!files) return Errno::esrch;
  TRY(check_ptrace_access(task, *target));
  const Ref<File> wanted = TRY(files->get(targetfd));
  const Fd fd = TRY(task.files().install(task, wanted, FdFlags::close_on_exec));
  return fd.raw();
}

namespace {

// What pidfd_send_signal reaches; without a flag it is what the pidfd refers to.
Result<void> send_by_pidfd(Task& task, Task& target, u32 scope, const SignalInfo& info) {
  if (scope == abi::pidfd_signal_process_group) return signal_process_group(task, Pid(task.sees(target.tid())), info);
  {
    MutexGuard guard(target.group().lock);
    const bool over = scope == abi::pidfd_signal_thread ? !target.group().members.contains(target.tid())
                                                        : target.group().leader_ == nullptr;  // reaped
    if (over) return Errno::esrch;
  }
  TRY(check_kill(task, target.group(), info.signo));
  if (info.signo.raw() == 0) return success;
  return scope == abi::pidfd_signal_thread ? queue_signal(target, info) : queue_signal(target.group(), info);
}

}  // namespace

Result<i64> sys_pidfd_send_signal(Task& task, Fd pidfd, Signal sig, UserIn<abi::SigInfo> info, PidfdFlags flags) {
  constexpr u32 kScopes = abi::pidfd_signal_thread | abi::pidfd_signal_thread_group | abi::pidfd_signal_process_group;
  if (flags.unknown(kScopes) != 0 || (flags.raw() & (flags.raw() - 1)) != 0) return Errno::einval;
  const Ref<File> file = TRY(task.files().get(pidfd));
  // A directory /proc/PID does as well. Linux: tgid_pidfd_to_pid.
  Ref<Task> target = file->has_inode() && !file->is_path_only() ? process_of_directory(file->inode()) : Ref<Task>();
  const bool is_directory = static_cast<bool>(target);
  if (!is_directory) target = TRY(task_of_pidfd(*file));
  u32 scope = flags.raw();
  if (scope == 0)
    scope = !is_directory && kind_of_pidfd(*file) == PidfdTarget::thread ? abi::pidfd_signal_thread
                                                                         : abi::pidfd_signal_thread_group;
  SignalInfo signal{.signo = sig, .code = scope == abi::pidfd_signal_thread ? abi::si_tkill : abi::si_user};
  signal.pid = task.group().pid(), signal.uid = task.credentials().uid;
  if (!info.is_null()) {
    const abi::SigInfo given = TRY(info.read(task));
    if (given.signo != sig.raw()) return Errno::einval;
    // Nobody pretends to be the kernel or kill(2), but to itself.
    const bool to_itself = target.get() == &task && scope != abi::pidfd_signal_process_group;
    if (!to_itself && (given.code >= 0 || given.code == abi::si_tkill)) return Errno::eperm;
    signal = decode_siginfo(sig, given);
    signal.addressed = true;
  }
  if (sig.raw() < 0 || sig.raw() > kSignalMax) return Errno::einval;
  TRY(send_by_pidfd(task, *target, scope, signal));
  return 0;
}

}  // namespace limen
