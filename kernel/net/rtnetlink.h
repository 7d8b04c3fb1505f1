// rtnetlink(7): what NETLINK_ROUTE answers about `lo`, its addresses and its routes.
#pragma once

#include <span>
#include <vector>

#include "abi/netlink.h"
#include "base/result.h"
#include "base/types.h"

namespace limen {

class NetNamespace;
class Task;

// One request, whole. Appends what answers it to `out` (for a dump, with its end); an error is told by an acknowledgement,
// which the caller makes.
struct RouteRequest {
  NetNamespace& net;  // the socket's
  abi::NlMsgHdr header;
  std::span<const u8> payload;
  u32 port = 0;         // of the socket, for the answers' headers
  bool strict = false;  // NETLINK_GET_STRICT_CHK
};
Result<void> answer_route_request(Task& task, const RouteRequest& request, std::vector<u8>& out);

}  // namespace limen
