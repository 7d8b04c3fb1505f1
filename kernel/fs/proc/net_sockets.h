// /proc/net/{tcp,tcp6,udp,udp6,udplite,udplite6,unix,sockstat}: the sandbox's sockets. Source: net/ipv4/{tcp_ipv4,udp,proc}.c,
// net/ipv6/{tcp_ipv6,udp}.c, net/unix/af_unix.c (the *_seq_show functions).
#pragma once

#include <string>

#include "base/result.h"

namespace limen {

class Task;

Result<std::string> proc_net_tcp(Task& reader);
Result<std::string> proc_net_tcp6(Task& reader);
Result<std::string> proc_net_udp(Task& reader);
Result<std::string> proc_net_udp6(Task& reader);
Result<std::string> proc_net_udplite(Task& reader);
Result<std::string> proc_net_udplite6(Task& reader);
Result<std::string> proc_net_unix(Task& reader);
Result<std::string> proc_net_sockstat(Task& reader);

}  // namespace limen
