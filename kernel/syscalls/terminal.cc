// vhangup(2). All else about terminals is ioctl(2): kernel/fs/tty.
#include "kernel/fs/tty/terminal.h"
#include "kernel/syscalls/syscalls.h"

namespace limen {

Result<i64> sys_vhangup(Task& task) {
  if (!task.credentials().capable(Capability::sys_tty_config)) return Errno::eperm;
  if (const Ref<Terminal> terminal = controlling_terminal(task)) terminal->hang_up();
  return 0;
}

}  // namespace limen
