// The two kinds of open file that a terminal has. For kernel/fs/tty alone; see terminal.h.
#pragma once

#include "kernel/fs/tty/terminal.h"

namespace limen {

class TerminalFile final : public File {
 public:
  TerminalFile(Path path, u32 flags, Ref<Terminal> terminal, u32 life)
      : File(std::move(path), flags), terminal_(std::move(terminal)), life_(life) {}
  bool seekable() const override { return false; }
  PollEvents poll(PollTable* table) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;

 protected:
  Result<usize> read_waiting(Task& task, UserBuffer& to, bool) override;
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override;
  void released() override;

 private:
  const Ref<Terminal> terminal_;
  const u32 life_;  // of the terminal, when it was opened
};

class MasterFile final : public File {
 public:
  MasterFile(Path path, u32 flags, Ref<Terminal> terminal)
      : File(std::move(path), flags), terminal_(std::move(terminal)) {}
  bool seekable() const override { return false; }
  PollEvents poll(PollTable* table) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override;
  void released() override;

 private:
  const Ref<Terminal> terminal_;
};

// The ioctls that both ends know. `by_master`: the settings of the slave, asked through the master.
Result<i64> terminal_ioctl(Task& task, Terminal& terminal, bool by_master, const File& file, u32 command, u64 argument);

}  // namespace limen
