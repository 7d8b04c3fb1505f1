// setsockopt(2), getsockopt(2). Options that change nothing on a loopback are stored and read back.
#include <algorithm>
#include <cstring>

#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/net/socket.h"
#include "kernel/time/time_values.h"

namespace limen {
namespace {

template <typename T>
std::vector<u8> bytes_of(const T& value, usize room) {
  const auto* begin = reinterpret_cast<const u8*>(&value);
  return {begin, begin + std::min(room, sizeof value)};
}

template <typename T>
Result<T> value_of(std::span<const u8> bytes) {
  T value;
  if (bytes.size() < sizeof value) return Errno::einval;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// Integers that are kept; the default where nothing was set.
struct Kept {
  i32 level, option, initial;
};
constexpr Kept kKept[] = {
    {abi::sol_socket, abi::so_debug, 0},
    {abi::sol_socket, abi::so_dontroute, 0},
    {abi::sol_socket, abi::so_broadcast, 0},
    {abi::sol_socket, abi::so_keepalive, 0},
    {abi::sol_socket, abi::so_oobinline, 0},
    {abi::sol_socket, abi::so_priority, 0},
    {abi::sol_socket, abi::so_rcvlowat, 1},
    {abi::sol_socket, abi::so_timestamp, 0},
    {abi::sol_socket, abi::so_no_check, 0},
    {abi::sol_socket, abi::so_mark, 0},
    {abi::sol_tcp, abi::tcp_nodelay, 0},
    {abi::sol_tcp, abi::tcp_cork, 0},
    {abi::sol_tcp, abi::tcp_maxseg, 65483},
    {abi::sol_tcp, abi::tcp_keepidle, 7200},
    {abi::sol_tcp, abi::tcp_keepintvl, 75},
    {abi::sol_tcp, abi::tcp_keepcnt, 9},
    {abi::sol_tcp, abi::tcp_syncnt, 6},
    {abi::sol_tcp, abi::tcp_linger2, 60},
    {abi::sol_tcp, abi::tcp_defer_accept, 0},
    {abi::sol_tcp, abi::tcp_quickack, 1},
    {abi::sol_tcp, abi::tcp_user_timeout, 0},
    {abi::sol_tcp, abi::tcp_fastopen, 0},
    {abi::sol_ip, abi::ip_tos, 0},
    {abi::sol_ip, abi::ip_ttl, 64},
    {abi::sol_ip, abi::ip_mtu_discover, 1},
    {abi::sol_ip, abi::ip_recverr, 0},
    {abi::sol_ip, abi::ip_multicast_ttl, 1},
    {abi::sol_ip, abi::ip_multicast_loop, 1},
    {abi::sol_ipv6, abi::ipv6_unicast_hops, 64},
    {abi::sol_ipv6, abi::ipv6_tclass, 0},
};

const Kept* find_kept(i32 level, i32 option) {
  const auto* it = std::find_if(std::begin(kKept), std::end(kKept),
                                [&](const Kept& k) { return k.level == level && k.option == option; });
  return it == std::end(kKept) ? nullptr : it;
}

constexpr u32 kMostBuffer = 212992;  // net.core.[rw]mem_max; twice that is what is kept

u32 buffer_size(i32 wanted, u32 least) {
  const u32 cut = std::min(static_cast<u32>(std::max(wanted, 0)), kMostBuffer);
  return std::max(cut * 2, least);
}

Result<u64> timeout_of(std::span<const u8> bytes) {
  const abi::TimeVal t = TRY(value_of<abi::TimeVal>(bytes));
  if (t.tv_usec < 0 || t.tv_usec >= 1'000'000) return Errno::edom;
  if (t.tv_sec < 0) return u64{1};  // Linux: a negative time has passed
  return to_ns(t);
}

}  // namespace

Result<std::vector<u8>> Socket::get_option(int level, int option, usize room) {
  if (level == abi::sol_socket) {
    switch (option) {
      case abi::so_type:
        return bytes_of(static_cast<i32>(type_), room);
      case abi::so_domain:
        return bytes_of(domain_, room);
      case abi::so_protocol: {
        const i32 inet = is_datagram() ? abi::ipproto_udp : abi::ipproto_tcp;
        return bytes_of(is_inet() ? inet : i32{0}, room);
      }
      case abi::so_error:
        return bytes_of(static_cast<i32>(take_error()), room);
      case abi::so_sndbuf:
        return bytes_of(static_cast<i32>(send_size_.load()), room);
      case abi::so_rcvbuf:
        return bytes_of(static_cast<i32>(receive_size_.load()), room);
      case abi::so_passcred:
        return bytes_of(static_cast<i32>(passes_credentials()), room);
      case abi::so_acceptconn:
        return bytes_of(static_cast<i32>(ends().listening), room);
      case abi::so_rcvtimeo:
        return bytes_of(to_timeval(receive_timeout_ns_.load()), room);
      case abi::so_sndtimeo:
        return bytes_of(to_timeval(send_timeout_ns_.load()), room);
      case abi::so_reuseaddr:
      case abi::so_reuseport: {
        MutexGuard guard(endpoint_->lock);
        return bytes_of(
            static_cast<i32>(option == abi::so_reuseaddr ? endpoint_->reuse_address : endpoint_->reuse_port), room);
      }
      case abi::so_peercred: {
        if (is_inet()) break;
        MutexGuard guard(lock_);
        return bytes_of(peer_credentials_, room);
      }
      case abi::so_linger: {
        MutexGuard guard(lock_);
        const abi::Linger linger{options_[{level, option}], options_[{level, -option}]};
        return bytes_of(linger, room);
      }
      default:
        break;
    }
  }
  if (level == abi::sol_ipv6 && option == abi::ipv6_v6only && domain_ == abi::af_inet6) {
    MutexGuard guard(endpoint_->lock);
    return bytes_of(static_cast<i32>(endpoint_->only_v6), room);
  }
  const Kept* kept = find_kept(level, option);
  if (kept == nullptr || (level != abi::sol_socket && !is_inet())) {
    return level == abi::sol_socket || is_inet() ? Errno::enoprotoopt : Errno::eopnotsupp;
  }
  MutexGuard guard(lock_);
  const auto it = options_.find({level, option});
  return bytes_of(it == options_.end() ? kept->initial : it->second, room);
}

Result<void> Socket::set_option(Task& task, int level, int option, std::span<const u8> value) {
  if (level == abi::sol_socket) {
    switch (option) {
      case abi::so_rcvtimeo:
      case abi::so_sndtimeo: {
        const u64 ns = TRY(timeout_of(value));
        (option == abi::so_rcvtimeo ? receive_timeout_ns_ : send_timeout_ns_).store(ns);
        return success;
      }
      case abi::so_linger: {
        const abi::Linger linger = TRY(value_of<abi::Linger>(value));
        MutexGuard guard(lock_);
        options_[{level, option}] = linger.l_onoff != 0;
        options_[{level, -option}] = linger.l_linger;
        return success;
      }
      case abi::so_type:
      case abi::so_domain:
      case abi::so_protocol:
      case abi::so_error:
      case abi::so_acceptconn:
      case abi::so_peercred:
        return Errno::enoprotoopt;
      default:
        break;
    }
  }
  const i32 number = TRY(value_of<i32>(value));
  if (level == abi::sol_socket) {
    switch (option) {
      case abi::so_sndbuf:
        send_size_.store(buffer_size(number, 4608));
        return success;
      case abi::so_rcvbuf:
        receive_size_.store(buffer_size(number, 2304));
        return success;
      case abi::so_sndbufforce:
      case abi::so_rcvbufforce:
        if (!task.credentials().capable(Capability::net_admin)) return Errno::eperm;
        (option == abi::so_sndbufforce ? send_size_ : receive_size_).store(buffer_size(number, 4608));
        return success;
      case abi::so_passcred:
        pass_credentials_.store(number != 0);
        return success;
      case abi::so_reuseaddr:
      case abi::so_reuseport: {
        MutexGuard guard(endpoint_->lock);
        (option == abi::so_reuseaddr ? endpoint_->reuse_address : endpoint_->reuse_port) = number != 0;
        return success;
      }
      default:
        break;
    }
  }
  if (level == abi::sol_ipv6 && option == abi::ipv6_v6only && domain_ == abi::af_inet6) {
    MutexGuard guard(endpoint_->lock);
    endpoint_->only_v6 = number != 0;
    return success;
  }
  if (find_kept(level, option) == nullptr || (level != abi::sol_socket && !is_inet())) {
    return level == abi::sol_socket || is_inet() ? Errno::enoprotoopt : Errno::eopnotsupp;
  }
  const bool is_switch =
      level == abi::sol_socket && option != abi::so_priority && option != abi::so_rcvlowat && option != abi::so_mark;
  MutexGuard guard(lock_);
  options_[{level, option}] = is_switch ? number != 0 : number;
  return success;
}

}  // namespace limen
