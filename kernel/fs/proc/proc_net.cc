#include "kernel/fs/proc/proc_net.h"

#include "abi/fcntl.h"
#include "kernel/fs/proc/net_sockets.h"

namespace limen {
namespace {

struct NetFile {
  const char* name;
  const char* text;
};
// Headers as programs expect them; nothing that the sandbox has beyond its loopback stands below. Source: net/core/net-procfs.c.
constexpr NetFile kNetFiles[] = {
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
    {"igmp",
     "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :     1      V3\n"
     "\t\t\t\t010000E0     1 0:00000000\t\t0\n"},
    {"ipv6_route",
     "00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 "
     "00000000 "
     "00000002 00000000 80200001       lo\n"},
    {"netlink", "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"},
    {"packet", "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"},
    {"raw",
     "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
     "drops\n"},
};

struct Living {
  const char* name;
  Result<std::string> (*text)(Task& reader);
};
constexpr Living kLiving[] = {
    {"sockstat", proc_net_sockstat}, {"tcp", proc_net_tcp},   {"tcp6", proc_net_tcp6},
    {"udp", proc_net_udp},           {"udp6", proc_net_udp6}, {"udplite", proc_net_udplite},
    {"udplite6", proc_net_udplite6}, {"unix", proc_net_unix},
};

}  // namespace

Ref<Inode> make_proc_net(PseudoFilesystem& fs, Pid tid, TaskScope scope) {
  Ref<FixedDirectory> dir =
      make_ref<FixedDirectory>(fs, abi::s_ifdir | 0555, PseudoOwner{}, proc_inode(tid, scope, "net"));
  const auto put = [&](const char* name, auto render) {
    dir->put(name, make_ref<PseudoText>(fs, abi::s_ifreg | 0444, render, nullptr, PseudoOwner{},
                                        proc_inode(tid, scope, std::string("net/") + name)));
  };
  for (const NetFile& row : kNetFiles)
    put(row.name, [text = row.text](Task&) -> Result<std::string> { return std::string(text); });
  for (const Living& row : kLiving) put(row.name, row.text);
  return dir;
}

}  // namespace limen
