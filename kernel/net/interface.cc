#include "kernel/net/interface.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "abi/ioctl.h"
#include "abi/netlink.h"
#include "abi/socket.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/net/endpoint.h"

namespace limen {
namespace {

constexpr u8 kAddress[4] = {127, 0, 0, 1}, kMask[4] = {255, 0, 0, 0}, kNone[4] = {};

bool is_lo(const abi::IfReq& request) {
  // "lo:alias" names a label of its address.
  const char* name = reinterpret_cast<const char*>(request.ifr_ifrn_name);
  std::string_view text(name, strnlen(name, abi::ifnamsiz - 1));
  return text.substr(0, text.find(':')) == "lo";
}

template <typename T>
void fill(abi::IfReq& request, const T& value) {
  std::memset(request.ifr_ifru, 0, sizeof request.ifr_ifru);
  std::memcpy(request.ifr_ifru, &value, sizeof value);
}

void fill_address(abi::IfReq& request, const u8 (&ip)[4]) {
  struct {
    u16 family = abi::af_inet;
    u16 port = 0;
    u8 address[4];
    u8 zero[8] = {};
  } inet;
  std::memcpy(inet.address, ip, sizeof ip);
  fill(request, inet);
}

// SIOCGIFCONF: the interfaces that have an IPv4 address.
Result<i64> list(Task& task, const NetNamespace& net, u64 argument) {
  const UserInOut<abi::IfConf> user{GuestAddr(argument)};
  abi::IfConf conf = TRY(user.read(task));
  if (!conf.ifc_buf.is_null()) {
    if (!net.lo_has_v4() || conf.ifc_len < static_cast<i32>(sizeof(abi::IfReq))) {
      conf.ifc_len = 0;
    } else {
      abi::IfReq request{};
      std::memcpy(request.ifr_ifrn_name, "lo", 3);
      fill_address(request, kAddress);
      TRY(UserOut<abi::IfReq>(conf.ifc_buf).write(task, request));
      conf.ifc_len = sizeof request;
    }
  } else {
    conf.ifc_len = net.lo_has_v4() ? sizeof(abi::IfReq) : 0;
  }
  TRY(user.write(task, conf));
  return 0;
}

Result<void> answer(const NetNamespace& net, abi::IfReq& request, u32 command, i32 domain) {
  switch (command) {
    case abi::siocgifflags:
      fill(request, static_cast<u16>(lo_flags(net)));
      return success;
    case abi::siocgifmetric:
      fill(request, i32{0});
      return success;
    case abi::siocgifmtu:
      fill(request, lo_mtu);
      return success;
    case abi::siocgifhwaddr:
      fill(request, static_cast<u16>(abi::arphrd_loopback));
      return success;
    case abi::siocgifindex:
      fill(request, lo_index);
      return success;
    case abi::siocgiftxqlen:
      fill(request, lo_queue_length);
      return success;
    case abi::siocethtool:
      return Errno::eopnotsupp;
    default:
      break;
  }
  if (domain != abi::af_inet) return domain == abi::af_inet6 ? Errno::einval : Errno::enotty;
  if (!net.lo_has_v4()) return Errno::eaddrnotavail;
  if (command == abi::siocgifaddr || command == abi::siocgifdstaddr)
    fill_address(request, kAddress);
  else
    fill_address(request, command == abi::siocgifnetmask ? kMask : kNone);
  return success;
}

}  // namespace

u32 lo_flags(const NetNamespace& net) {
  return abi::iff_loopback | (net.lo_is_up() ? abi::iff_up | abi::iff_running : 0);
}

Result<i64> interface_ioctl(Task& task, NetNamespace& net, u32 command, u64 argument, i32 domain) {
  const UserInOut<abi::IfReq> user{GuestAddr(argument)};
  switch (command) {
    case abi::siocgifconf:
      return list(task, net, argument);
    case abi::siocgifname: {
      abi::IfReq request = TRY(user.read(task));
      i32 index = 0;
      std::memcpy(&index, request.ifr_ifru, sizeof index);
      if (index != lo_index) return Errno::enodev;
      std::memset(request.ifr_ifrn_name, 0, sizeof request.ifr_ifrn_name);
      std::memcpy(request.ifr_ifrn_name, "lo", 3);
      TRY(user.write(task, request));
      return 0;
    }
    case abi::siocgifflags:
    case abi::siocgifaddr:
    case abi::siocgifdstaddr:
    case abi::siocgifbrdaddr:
    case abi::siocgifnetmask:
    case abi::siocgifmetric:
    case abi::siocgifmtu:
    case abi::siocgifhwaddr:
    case abi::siocgifindex:
    case abi::siocgiftxqlen:
    case abi::siocethtool: {
      abi::IfReq request = TRY(user.read(task));
      if (!is_lo(request)) return Errno::enodev;
      TRY(answer(net, request, command, domain));
      TRY(user.write(task, request));
      return 0;
    }
    case abi::siocsifflags: {
      const abi::IfReq request = TRY(user.read(task));
      if (!task.credentials().capable_in(net, Capability::net_admin)) return Errno::eperm;
      if (!is_lo(request)) return Errno::enodev;
      u16 flags = 0;
      std::memcpy(&flags, request.ifr_ifru, sizeof flags);
      net.set_lo_up((flags & abi::iff_up) != 0);
      return 0;
    }
    case abi::siocsifaddr:
      return task.credentials().capable_in(net, Capability::net_admin) ? Errno::eopnotsupp : Errno::eperm;
    default:
      return Errno::enotty;
  }
}

}  // namespace limen
