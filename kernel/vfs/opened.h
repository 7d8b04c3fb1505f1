// What the gate may say of the file that a thread opened last, without asking the kernel: fstat(2) of its descriptor, F_GETFL, F_GETFD.
//
//   Opened opened(task, *file);        // before anybody can see the descriptor
//   fd.publish(file, flags);
//   opened.tell(number, flags);
//
// The answers stand in the thread's slot, with the number that the public page had before they were gathered; the gate believes them as long
// as it is still that number. The kernel thread of the same task takes them back when its own calls change what they say (close, dup2,
// F_SETFL, ...); whoever else changes it counts the number up, and all threads ask the kernel again. Only what announces every change of its
// attributes is told of: Inode::told_attributes.
#pragma once

#include <array>

#include "base/types.h"
#include "kernel/vfs/fd_table.h"

namespace limen {

class Kernel;

class Opened {
 public:
  Opened(Task& task, File& file);
  void tell(Fd fd, FdFlags flags);

 private:
  Task& task_;
  File& file_;
  bool known_ = false;
  u64 openings_ = 0;
  std::array<u64, 18> stat_{};
};

// Before `by` lets others see that a descriptor of the file, or what F_GETFL says of it, is another. Cheap; under any lock.
void withdraw_opened(Task& by, File& file);
// The same for what all files' attributes are made of. Any thread, under any lock.
void withdraw_opened(Kernel& kernel);

}  // namespace limen
