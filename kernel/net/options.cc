// setsockopt(2), getsockopt(2): what is more than a number that is kept (option_table.h).
#include <algorithm>
#include <cstring>
#include <string_view>

#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/net/interface.h"
#include "kernel/net/option_table.h"
#include "kernel/net/option_value.h"
#include "kernel/net/socket.h"
#include "kernel/time/time_values.h"

namespace limen {
namespace {

constexpr std::string_view kCongestion("cubic\0\0\0\0\0\0\0\0\0\0\0", 16);

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

u8 Socket::kind_bit() const {
  if (!is_inet()) return KeptOption::unix;
  return is_datagram() ? KeptOption::udp : KeptOption::tcp;
}

i32 Socket::option(int level, int option) {
  const KeptOption* kept = find_kept_option(level, option);
  MutexGuard guard(lock_);
  const auto it = options_.find({level, option});
  return it != options_.end() ? it->second : kept == nullptr ? 0 : kept->initial;
}

// An accepted socket has its listener's options. Linux: sk_clone_lock.
void Socket::inherit(Socket& listener) {
  std::map<std::pair<i32, i32>, i32> options;
  {
    MutexGuard guard(listener.lock_);
    options = listener.options_;
  }
  const bool chosen = listener.sizes_chosen_.load();
  sizes_chosen_.store(chosen);
  if (chosen || !is_inet()) send_size_.store(listener.send_size_.load());
  receive_size_.store(listener.receive_size_.load());
  receive_timeout_ns_.store(listener.receive_timeout_ns_.load());
  send_timeout_ns_.store(listener.send_timeout_ns_.load());
  low_water_.store(listener.low_water_.load());
  pass_credentials_.store(listener.passes_credentials());
  bool reuse_address = false, reuse_port = false;
  {
    MutexGuard guard(listener.endpoint_->lock);
    reuse_address = listener.endpoint_->reuse_address, reuse_port = listener.endpoint_->reuse_port;
  }
  {
    MutexGuard guard(endpoint_->lock);
    endpoint_->reuse_address = reuse_address, endpoint_->reuse_port = reuse_port;
  }
  MutexGuard guard(lock_);
  options_ = std::move(options);
}

// --- Reading --------------------------------------------------------------------------------------------------------------

Result<std::vector<u8>> Socket::get_socket_option(int option, usize room) {
  const auto integer = [&](auto value) { return bytes_of(static_cast<i32>(value), room); };
  switch (option) {
    case abi::so_type:
      return integer(type_);
    case abi::so_domain:
      return integer(domain_);
    case abi::so_protocol:
      return integer(protocol_);
    case abi::so_error:
      return integer(take_error());
    case abi::so_sndbuf:
      return integer(send_size_.load());
    case abi::so_rcvbuf:
      return integer(receive_size_.load());
    case abi::so_rcvlowat:
      return integer(low_water_.load());
    case abi::so_acceptconn:
      return integer(ends().listening);
    case abi::so_bsdcompat:
      return integer(0);
    case abi::so_passcred:
      if (is_inet()) return Errno::eopnotsupp;
      return integer(passes_credentials());
    case abi::so_rcvtimeo:
    case abi::so_sndtimeo:
      return bytes_of(to_timeval((option == abi::so_rcvtimeo ? receive_timeout_ns_ : send_timeout_ns_).load()), room);
    case abi::so_reuseaddr:
    case abi::so_reuseport: {
      MutexGuard guard(endpoint_->lock);
      return integer(option == abi::so_reuseaddr ? endpoint_->reuse_address : endpoint_->reuse_port);
    }
    case abi::so_peercred: {
      MutexGuard guard(lock_);
      return bytes_of(peer_credentials_, room);
    }
    case abi::so_peername: {
      const SocketAddress peer = TRY(peer_name());
      if (peer.bytes.size() < room) return Errno::einval;
      return bytes_of(std::string_view(peer.bytes), room);
    }
    case abi::so_linger: {
      MutexGuard guard(lock_);
      return bytes_of(abi::Linger{options_[{abi::sol_socket, option}], options_[{abi::sol_socket, -option}]}, room);
    }
    case abi::so_bindtodevice: {
      MutexGuard guard(lock_);
      if (device_.empty()) return std::vector<u8>();
      if (room < abi::ifnamsiz) return Errno::einval;
      return bytes_of(std::string_view(device_.c_str(), device_.size() + 1), room);
    }
    case abi::so_bindtoifindex: {
      MutexGuard guard(lock_);
      return integer(device_.empty() ? 0 : lo_index);
    }
    case abi::so_cookie:
      if (room != sizeof(u64)) return Errno::einval;
      return bytes_of(id(), room);
    case abi::so_meminfo: {
      const Ends e = ends();
      const u32 queued = e.in ? static_cast<u32>(e.in->state().bytes) : 0;
      const u32 sent = e.out ? static_cast<u32>(e.out->state().bytes) : 0;
      const u32 info[9] = {queued, receive_size_.load(), sent, send_size_.load(), 0, sent, 0, 0, 0};
      return bytes_of(info, room);
    }
    default:
      return Errno::enoprotoopt;
  }
}

u8 Socket::tcp_state(const Ends& e) const {
  if (e.listening) return abi::tcp_listen;
  if (e.connected && e.waiting) return abi::tcp_syn_sent;
  if (tcp_closed(e)) return abi::tcp_close;
  if (e.in->state().writer_closed) return abi::tcp_close_wait;
  return (e.shut & kShutWrites) != 0 ? abi::tcp_fin_wait2 : abi::tcp_established;
}

SocketRow Socket::row() {
  const Ends e = ends();
  SocketRow row{.domain = domain_, .protocol = protocol_, .type = type_, .local = name(), .peer = e.peer};
  row.connected = e.connected, row.listening = e.listening;
  row.state = is_tcp() ? tcp_state(e) : e.connected ? abi::tcp_established : abi::tcp_close;
  if (e.in) row.received = e.in->state().bytes;
  if (e.out && !is_datagram()) row.sent = e.out->state().bytes;
  if (const Result<Attributes> a = attributes(); a.ok()) row.uid = a->uid.raw(), row.inode = a->inode;
  if (!is_inet() && e.connected && e.out) row.peer_inode = e.out->reader_inode();
  return row;
}

std::vector<u8> Socket::tcp_info() {
  const Ends e = ends();
  abi::TcpInfo info{};
  info.tcpi_state = tcp_state(e);
  if (e.listening) {
    MutexGuard guard(endpoint_->lock);
    info.tcpi_unacked = static_cast<u32>(endpoint_->pending.size());
    info.tcpi_sacked = static_cast<u32>(endpoint_->backlog);
  } else if (!tcp_closed(e)) {
    info.tcpi_options = 7;  // timestamps, SACK, window scale
    info.tcpi_rto = 201'000, info.tcpi_ato = 40'000;
    info.tcpi_snd_mss = info.tcpi_rcv_mss = 32768;
    info.tcpi_advmss = 65483, info.tcpi_pmtu = lo_mtu;
    info.tcpi_rtt = 50, info.tcpi_rttvar = 25;
    info.tcpi_snd_ssthresh = INT32_MAX, info.tcpi_snd_cwnd = 10, info.tcpi_reordering = 3;
    info.tcpi_rcv_space = 65483, info.tcpi_rcv_ssthresh = 65483;
  }
  return bytes_of(info, sizeof info);
}

// Level and option are of this socket's kind.
Result<std::vector<u8>> Socket::get_transport_option(int level, int option, usize room) {
  const Ends e = ends();
  const auto integer = [&](auto value) { return bytes_of(static_cast<i32>(value), room); };
  if (level == abi::sol_ipv6 && option == abi::ipv6_v6only) {
    MutexGuard guard(endpoint_->lock);
    return integer(endpoint_->only_v6);
  }
  const bool mtu =
      (level == abi::sol_ip && option == abi::ip_mtu) || (level == abi::sol_ipv6 && option == abi::ipv6_mtu);
  if (mtu) return e.connected ? Result<std::vector<u8>>(integer(lo_mtu)) : Errno::enotconn;
  if (level == abi::sol_ip && option == abi::ip_options) return std::vector<u8>();
  if (level == abi::sol_tcp) {
    switch (option) {
      case abi::tcp_info: {
        std::vector<u8> info = tcp_info();
        info.resize(std::min(info.size(), room));
        return info;
      }
      case abi::tcp_maxseg: {
        MutexGuard guard(lock_);
        const auto it = options_.find({level, option});
        if (connected_) return integer(65483);
        return integer(it == options_.end() ? 536 : it->second);
      }
      case abi::tcp_congestion:
        return bytes_of(kCongestion, room);
      case 31:  // TCP_ULP: none
        return std::vector<u8>();
      default:
        break;
    }
  }
  return Errno::enoprotoopt;
}

Result<std::vector<u8>> Socket::get_option(int level, int option, usize room) {
  if (level == abi::sol_socket) {
    Result<std::vector<u8>> special = get_socket_option(option, room);
    if (!special.is(Errno::enoprotoopt)) return special;
  } else {
    const bool known = level == abi::sol_ip || (level == abi::sol_ipv6 && domain_ == abi::af_inet6) ||
                       (level == abi::sol_tcp && is_tcp()) ||
                       (is_datagram() && (level == abi::sol_udp || level == protocol_));
    if (!is_inet() || (!known && domain_ == abi::af_inet)) return Errno::eopnotsupp;
    if (!known) return Errno::enoprotoopt;
    Result<std::vector<u8>> special = get_transport_option(level, option, room);
    if (!special.is(Errno::enoprotoopt)) return special;
  }
  const KeptOption* kept = find_kept_option(level, option);
  if (kept == nullptr || (kept->kinds & kind_bit()) == 0) return Errno::enoprotoopt;
  const i32 value = this->option(level, option);
  // Linux: ip_getsockopt answers with a byte where there is no room for more.
  if (level == abi::sol_ip && room > 0 && room < sizeof value && value >= 0 && value <= 255) {
    return bytes_of(static_cast<u8>(value), room);
  }
  return bytes_of(value, room);
}

// --- Setting --------------------------------------------------------------------------------------------------------------

Result<void> Socket::bind_to_device(std::span<const u8> name) {
  const usize most = std::min<usize>(name.size(), abi::ifnamsiz - 1);
  const std::string wanted(reinterpret_cast<const char*>(name.data()),
                           strnlen(reinterpret_cast<const char*>(name.data()), most));
  if (!wanted.empty() && wanted != "lo") return Errno::enodev;
  MutexGuard guard(lock_);
  device_ = wanted;
  return success;
}

Result<bool> Socket::set_socket_option(Task& task, int option, std::span<const u8> value) {
  if (option == abi::so_bindtodevice) {
    TRY(bind_to_device(value));
    return true;
  }
  const i32 number = TRY(value_of<i32>(value));
  switch (option) {
    case abi::so_rcvtimeo:
    case abi::so_sndtimeo: {
      const u64 ns = TRY(timeout_of(value));
      (option == abi::so_rcvtimeo ? receive_timeout_ns_ : send_timeout_ns_).store(ns);
      return true;
    }
    case abi::so_linger: {
      const abi::Linger linger = TRY(value_of<abi::Linger>(value));
      MutexGuard guard(lock_);
      options_[{abi::sol_socket, option}] = linger.l_onoff != 0;
      if (linger.l_onoff != 0) options_[{abi::sol_socket, -option}] = linger.l_linger;
      return true;
    }
    case abi::so_type:
    case abi::so_domain:
    case abi::so_protocol:
    case abi::so_error:
    case abi::so_acceptconn:
    case abi::so_peercred:
    case abi::so_peername:
    case abi::so_cookie:
    case abi::so_meminfo:
      return Errno::enoprotoopt;
    case abi::so_bsdcompat:
      return true;
    case abi::so_sndbufforce:
    case abi::so_rcvbufforce:
      if (!task.credentials().capable_in(*net_, Capability::net_admin)) return Errno::eperm;
      [[fallthrough]];
    case abi::so_sndbuf:
    case abi::so_rcvbuf: {
      const bool sends = option == abi::so_sndbuf || option == abi::so_sndbufforce;
      (sends ? send_size_ : receive_size_).store(buffer_size(number, sends ? 4608 : 2304));
      if (sends) sizes_chosen_.store(true);
      return true;
    }
    case abi::so_rcvlowat:
      low_water_.store(number < 0 ? INT32_MAX : number == 0 ? 1 : static_cast<u32>(number));
      return true;
    case abi::so_passcred:
      if (is_inet()) return Errno::eopnotsupp;
      pass_credentials_.store(number != 0);
      return true;
    case abi::so_bindtoifindex:
      if (number < 0) return Errno::einval;
      if (number > lo_index) return Errno::enodev;
      TRY(bind_to_device({reinterpret_cast<const u8*>("lo"), number == 0 ? usize{0} : usize{2}}));
      return true;
    case abi::so_reuseport:
      if (!is_inet() && number != 0) return Errno::eopnotsupp;
      [[fallthrough]];
    case abi::so_reuseaddr: {
      MutexGuard guard(endpoint_->lock);
      (option == abi::so_reuseaddr ? endpoint_->reuse_address : endpoint_->reuse_port) = number != 0;
      return true;
    }
    case abi::so_oobinline: {
      const Ends e = ends();
      if (e.in) e.in->set_inline(number != 0);
      return false;
    }
    case abi::so_debug:
    case abi::so_mark:
      if (number != 0 && !task.credentials().capable_in(*net_, Capability::net_admin))
        return option == abi::so_debug ? Errno::eacces : Errno::eperm;
      return false;
    case abi::so_priority:
      if ((number < 0 || number > 6) && !task.credentials().capable_in(*net_, Capability::net_admin))
        return Errno::eperm;
      return false;
    case abi::so_timestamp:
    case abi::so_timestampns: {  // the last one wins
      MutexGuard guard(lock_);
      options_.erase({abi::sol_socket, option == abi::so_timestamp ? abi::so_timestampns : abi::so_timestamp});
      return false;
    }
    case abi::so_zerocopy:
      if (!is_inet()) return Errno::eopnotsupp;
      return false;
    default:
      return false;
  }
}

Result<bool> Socket::set_transport_option(int level, int option, std::span<const u8> value) {
  if (level == abi::sol_ipv6 && option == abi::ipv6_v6only) {
    const i32 number = TRY(value_of<i32>(value));
    {
      MutexGuard guard(lock_);
      if (bound_) return Errno::einval;
    }
    MutexGuard guard(endpoint_->lock);
    endpoint_->only_v6 = number != 0;
    return true;
  }
  if (level == abi::sol_tcp && (option == abi::tcp_congestion || option == 31)) {
    if (value.empty()) return Errno::einval;
    const usize most = std::min<usize>(value.size(), 15);
    const std::string name(reinterpret_cast<const char*>(value.data()),
                           strnlen(reinterpret_cast<const char*>(value.data()), most));
    return option == abi::tcp_congestion && name == "cubic" ? Result<bool>(true) : Errno::enoent;
  }
  if (level == abi::sol_tcp && option == abi::tcp_maxseg) {
    const i32 number = TRY(value_of<i32>(value));
    if (number != 0 && (number < 88 || number > 32767)) return Errno::einval;
    MutexGuard guard(lock_);
    options_[{level, option}] = number == 0 ? 536 : number;
    return true;
  }
  return false;
}

// A number as the table has it.
Result<void> Socket::keep_option(Task&, int level, int option, std::span<const u8> value) {
  const KeptOption* kept = find_kept_option(level, option);
  if (kept == nullptr || (kept->kinds & kind_bit()) == 0 || kept->takes == KeptOption::Takes::nothing) {
    return Errno::enoprotoopt;
  }
  i32 number = 0;
  if (level == abi::sol_ip && value.size() < sizeof number) {
    number = value.empty() ? 0 : value[0];
  } else {
    number = TRY(value_of<i32>(value));
  }
  using Takes = KeptOption::Takes;
  if (kept->minus_one_is_initial && number == -1) number = kept->initial;
  if (kept->takes == Takes::truth) number = number != 0;
  if (kept->takes == Takes::exact_truth && number != 0 && number != 1) return Errno::einval;
  if (number < kept->least || number > kept->most) return Errno::einval;
  const bool multicast = level == abi::sol_ip && option == abi::ip_multicast_ttl;
  if (multicast && is_tcp()) return Errno::einval;
  // The two lowest bits of a TCP socket's type of service are ECN's.
  const bool service =
      (level == abi::sol_ip && option == abi::ip_tos) || (level == abi::sol_ipv6 && option == abi::ipv6_tclass);
  if (service && is_tcp()) number &= ~3;
  if (level == abi::sol_ip && option == abi::ip_tos) number &= 0xff;
  MutexGuard guard(lock_);
  options_[{level, option}] = number;
  return success;
}

Result<void> Socket::set_option(Task& task, int level, int option, std::span<const u8> value) {
  if (level == abi::sol_socket) {
    if (TRY(set_socket_option(task, option, value))) return success;
    return keep_option(task, level, option, value);
  }
  if (!is_inet()) return Errno::eopnotsupp;
  const bool known = level == abi::sol_ip || (level == abi::sol_ipv6 && domain_ == abi::af_inet6) ||
                     (level == abi::sol_tcp && is_tcp()) ||
                     (is_datagram() && (level == abi::sol_udp || level == protocol_));
  if (!known) return Errno::enoprotoopt;
  if (TRY(set_transport_option(level, option, value))) return success;
  return keep_option(task, level, option, value);
}

}  // namespace limen
