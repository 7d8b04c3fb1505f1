#include "kernel/fs/proc/proc_net.h"

#include "abi/fcntl.h"

namespace limen {
namespace {

struct Row {
  const char* name;
  const char* text;
};
// Headers as programs expect them; nothing that the sandbox has beyond its loopback stands below. Source: net/core/net-procfs.c.
constexpr Row kRows[] = {
    {"arp", "IP address       HW type     Flags       HW address            Mask     Device\n"},
    {"dev",
     "Inter-|   Receive                                                |  Transmit\n"
     " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
     "compressed\n"
     "    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0  "
     " "
     "       0\n"},
    {"dev_mcast", ""},
    {"if_inet6", "00000000000000000000000000000001 01 80 10 80       lo\n"},
    {"route",
     "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                             "
     "                          \n"},
};

}  // namespace

Ref<Inode> make_proc_net(PseudoFilesystem& fs, Pid tid, TaskScope scope) {
  Ref<FixedDirectory> dir =
      make_ref<FixedDirectory>(fs, abi::s_ifdir | 0555, PseudoOwner{}, proc_inode(tid, scope, "net"));
  for (const Row& row : kRows) {
    auto render = [text = row.text](Task&) -> Result<std::string> { return std::string(text); };
    dir->put(row.name, make_ref<PseudoText>(fs, abi::s_ifreg | 0444, render, nullptr, PseudoOwner{},
                                            proc_inode(tid, scope, std::string("net/") + row.name)));
  }
  return dir;
}

}  // namespace limen
