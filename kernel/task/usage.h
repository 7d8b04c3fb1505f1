// What tasks and processes have used, for getrusage(2), wait4(2) and waitid(2). Linux: kernel/sys.c:getrusage.
//
// Faults are those that the kernel resolved: the host serves first touches of memory that is granted already, unseen.
// ru_inblock and ru_oublock stay 0: the kernel makes no block I/O. ru_nivcsw too: the host schedules.
#pragma once

#include "abi/resource.h"
#include "kernel/task/thread_group.h"

namespace limen {

// A live task's own share, without the peak of its memory. Any thread.
Usage usage_of(const Task& task);
// All of a process: threads, ended threads, earlier programs. Takes ThreadGroup::lock and the mm's.
Usage usage_of(ThreadGroup& group);
// The most memory that a process's present program had resident at a time, in KiB. Takes the mm's lock.
u64 peak_resident_kib(Task& task);

// One call that reads or writes, and the bytes that it moved. [self]
void count_read(Task& task, u64 bytes);
void count_write(Task& task, u64 bytes);

abi::RUsage encode_usage(const Usage& usage);

}  // namespace limen
