// fcntl(2) F_NOTIFY: a signal when something in a directory changes. Source: fs/notify/dnotify/dnotify.c.
//
// A request belongs to an open directory and a descriptor table; it ends with the first event unless DN_MULTISHOT, with F_NOTIFY of no
// events, when the table closes a descriptor of the directory, or with the directory.
#pragma once

#include "base/result.h"
#include "base/types.h"

namespace limen {

class FdTable;
class File;
class Task;

// `events` are DN_*; none ends the request. enotdir, enomem beyond 1024 requests on one directory.
Result<void> set_dnotify(Task& task, File& file, Fd fd, u32 events);
void forget_dnotify(const FdTable& table, File& file);
// The description's end.
void forget_dnotify(File& file);

}  // namespace limen
