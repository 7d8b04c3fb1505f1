// signalfd(2): the signals of whoever reads, as records. Source: fs/signalfd.c.
//
// A signalfd holds a set and nothing else: a read takes pending signals of the reading task and its process, a poll looks at those of
// the polling one. A registration stays with the process that made it, as on Linux.
#pragma once

#include "kernel/signal/signal.h"
#include "kernel/vfs/file.h"

namespace limen {

class SignalFile final : public File {
 public:
  SignalFile(Path path, u32 flags, SignalSet wanted) : File(std::move(path), flags) { set_wanted(wanted); }
  // SIGKILL and SIGSTOP are left out.
  void set_wanted(SignalSet wanted);

  bool seekable() const override { return false; }
  Result<u64> seek(Task&, i64, int) override { return u64{0}; }  // Linux: noop_llseek
  PollEvents poll(PollTable* table) override;
  std::string describe() override;

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;

 private:
  SignalSet wanted() const { return SignalSet(wanted_.load(std::memory_order_relaxed)); }
  std::atomic<u64> wanted_{0};
};

}  // namespace limen
