// Both ends of a terminal as open files. Source: pty(7), tty(4), drivers/tty/tty_io.c:tty_open, n_tty.c (n_tty_read, n_tty_write).
#include "kernel/fs/tty/terminal_file.h"

#include <algorithm>

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/vfs/dentry.h"

namespace limen {

// --- the slave ------------------------------------------------------------------------------------------------------

PollEvents TerminalFile::poll(PollTable* table) {
  if (table != nullptr) {
    table->add(terminal_, terminal_->slave_queue);
    if (readable()) terminal_->want_input();
  }
  return terminal_->poll_slave(life_);
}

Result<usize> TerminalFile::try_read(Task&, UserBuffer& to, u64*) {
  const LineDiscipline::Taken taken = TRY(terminal_->read(life_, to));
  return taken.bytes;
}

// VMIN and VTIME make of read(2) more than one attempt.
Result<usize> TerminalFile::read_waiting(Task& task, UserBuffer& to, bool) {
  if (!terminal_->is_hung_up(life_)) TRY(terminal_->check_foreground(task, sig::ttin));
  const Terminal::ReadPlan plan = terminal_->read_plan();
  Deadline deadline = plan.has_limit ? task.clock().after(plan.total_ns) : Deadline::never();
  std::optional<TaskPollTable> table;
  usize moved = 0;
  const auto end = [&moved](Result<usize> otherwise) { return moved != 0 ? Result<usize>(moved) : otherwise; };
  while (to.remaining() != 0) {
    const Result<LineDiscipline::Taken> taken = terminal_->read(life_, to);
    if (taken.ok()) {
      moved += taken->bytes;
      if (taken->ends || moved >= plan.minimum) break;
      if (plan.between_ns != 0) deadline = task.clock().after(plan.between_ns);
      continue;
    }
    if (!taken.is(Errno::eagain)) return end(taken.error());
    if (plan.has_limit && plan.total_ns == 0) break;
    if (nonblocking()) return end(Errno::eagain);
    if (!table) {
      table.emplace(task, kPollIn | kPollRdNorm | kPollErr | kPollHup);
      (void)poll(&*table);
      continue;
    }
    const Result<void> slept = task.sleep(deadline);
    if (slept.is(Errno::etimedout)) break;
    if (!slept.ok()) return end(slept.error());
  }
  return moved;
}

Result<usize> TerminalFile::try_write(Task& task, UserBuffer& from, u64*) {
  if ((terminal_->settings().c_lflag & abi::tostop) != 0) TRY(terminal_->check_foreground(task, sig::ttou));
  return terminal_->write(life_, from);
}

void TerminalFile::released() { terminal_->close_slave(life_); }

// --- the master -----------------------------------------------------------------------------------------------------

PollEvents MasterFile::poll(PollTable* table) {
  if (table != nullptr) table->add(terminal_, terminal_->master_queue);
  return terminal_->poll_master();
}

Result<usize> MasterFile::try_read(Task&, UserBuffer& to, u64*) { return terminal_->master_read(to); }

Result<usize> MasterFile::try_write(Task&, UserBuffer& from, u64*) {
  usize total = 0;
  while (from.remaining() != 0) {
    u8 bytes[1024];
    const Result<usize> copied = from.copy_in(std::span(bytes).first(std::min(from.remaining(), sizeof bytes)));
    if (!copied.ok()) return total != 0 ? Result<usize>(total) : copied;
    const usize n = terminal_->master_write(std::span(bytes).first(*copied));
    from.rewind(*copied - n);
    total += n;
    if (n < *copied) break;
  }
  if (total == 0 && from.remaining() != 0) return Errno::eagain;
  return total;
}

void MasterFile::released() {
  Terminals::of(terminal_->kernel())->remove(terminal_->number());
  terminal_->close_master();
}

// --- opening --------------------------------------------------------------------------------------------------------

Result<Ref<File>> open_slave(Task& task, const Path& path, Ref<Terminal> terminal, u32 flags) {
  const u32 life = TRY(terminal->open_slave(task));
  Ref<TerminalFile> file = make_ref<TerminalFile>(path, flags, terminal, life);
  // Who may only write must not get what a controlling terminal allows.
  if ((flags & abi::o_noctty) == 0 && file->readable()) terminal->adopt_on_open(task);
  return Ref<File>(std::move(file));
}

Result<Ref<File>> open_master(Task& task, const Path& path, u32 flags) {
  const Ref<Terminals> all = Terminals::of(task.kernel());
  const Credentials& creds = task.credentials();
  constexpr Gid kTtyGroup(5);
  Terminals::Entry entry = TRY(all->add(task.kernel(), creds.fsuid, kTtyGroup, standard_termios()));
  return Ref<File>(make_ref<MasterFile>(path, flags, std::move(entry.terminal)));
}

Result<Ref<File>> open_controlling(Task& task, const Path& path, u32 flags) {
  const Ref<Terminal> terminal = controlling_terminal(task);
  if (!terminal) return Errno::enxio;
  return open_slave(task, path, terminal, flags | abi::o_noctty);
}

Result<Ref<File>> open_console(Task& task, const Path& path, u32 flags) {
  const Ref<Terminal> console = Terminals::of(task.kernel())->console();
  if (!console) return Errno::enxio;
  return open_slave(task, path, console, flags | abi::o_noctty);
}

Ref<File> make_console_file(const Path& path, Ref<Terminal> console, u32 flags) {
  const u32 life = console->open_first();
  return make_ref<TerminalFile>(path, flags, std::move(console), life);
}

Result<Path> slave_path(const MountNamespace& mounts, Terminals& terminals, u32 number) {
  for (const Ref<Mount>& mount : mounts.list()) {
    if (mount->filesystem().get() != terminals.filesystem()) continue;
    Ref<Dentry> name = TRY(DentryCache::lookup(mount->root(), std::to_string(number)));
    return Path(mount, std::move(name));
  }
  return Errno::eio;
}

}  // namespace limen
