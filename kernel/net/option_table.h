// Options of sockets that are a number, kept and read back: which sockets have them, what they are at first, and what may be set.
// Source: socket(7), ip(7), ipv6(7), tcp(7), udp(7); net/core/sock.c, net/ipv4/{ip_sockglue,tcp}.c, net/ipv6/ipv6_sockglue.c.
#pragma once

#include "abi/socket.h"
#include "base/types.h"
#include "kernel/cred/credentials.h"
#include "kernel/settings.h"

namespace limen {

struct KeptOption {
  enum Kinds : u8 { tcp = 1, udp = 2, unix = 4, netlink = 8, raw = 16, inet = tcp | udp | raw, all = 31 };
  enum class Takes : u8 {
    truth,        // any number: kept as 0 or 1
    exact_truth,  // 0 or 1, else EINVAL
    number,       // between `least` and `most`, else EINVAL
    nothing,      // cannot be set: ENOPROTOOPT
    unread,       // as `number`, and cannot be read: ENOPROTOOPT
  };
  i32 level, option;
  u8 kinds;
  i32 initial;
  Takes takes;
  i32 least = INT32_MIN, most = INT32_MAX;
  bool minus_one_is_initial = false;
  const Setting NetSettings::*setting = nullptr;  // what it is at first, instead of `initial`
  bool wants_a_byte = false;  // of those that take less than a number: EINVAL where there is nothing at all
};

// Null where no kind of socket has it.
const KeptOption* find_kept_option(i32 level, i32 option);

}  // namespace limen
