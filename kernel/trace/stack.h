// The stack of a task that makes a call, as pieces of its event (-k): place by place, innermost first, with the names of the functions.
#pragma once

#include <map>
#include <mutex>

#include "kernel/trace/capture.h"
#include "kernel/trace/symbols.h"

namespace limen {

class File;
class Inode;

class StackReader {
 public:
  // By the task's own thread, in a call or before a signal's handler. Reads of guest memory and files, within bounds.
  void capture(Task& task, RecordWriter& to);

 private:
  static constexpr usize kMostModules = 128, kMostBytes = 64 << 20;
  Ref<Symbols> symbols_of(Task& task, File& file);

  std::mutex mutex_;
  // With the inode, so that no other takes its place in memory.
  std::map<const Inode*, std::pair<Ref<Inode>, Ref<Symbols>>> known_;  // under mutex_
  usize bytes_ = 0;                                                    // of their symbols; under mutex_
};

}  // namespace limen
