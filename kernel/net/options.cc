// setsockopt(2), getsockopt(2) of unix and internet sockets: what is asked of the socket and not of its options alone
// (socket_options.h). Those of IP, TCP and UDP are in options_inet.cc.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "kernel/kernel.h"
#include "kernel/net/option_value.h"
#include "kernel/net/socket.h"

namespace limen {

// An accepted socket has its listener's options. Linux: sk_clone_lock.
void Socket::inherit(Socket& listener) {
  options_->inherit(*listener.options_);
  const bool chosen = listener.sizes_chosen_.load();
  sizes_chosen_.store(chosen);
  if (chosen || !is_inet()) send_size_.store(listener.send_size_.load());
  receive_size_.store(listener.receive_size_.load());
  low_water_.store(listener.low_water_.load());
  pass_credentials_.store(listener.passes_credentials());
  bool reuse_address = false, reuse_port = false;
  {
    MutexGuard guard(listener.endpoint_->lock);
    reuse_address = listener.endpoint_->reuse_address, reuse_port = listener.endpoint_->reuse_port;
  }
  MutexGuard guard(endpoint_->lock);
  endpoint_->reuse_address = reuse_address, endpoint_->reuse_port = reuse_port;
}

// --- Reading --------------------------------------------------------------------------------------------------------------

// Who is at the other end of a unix socket.
Result<std::vector<u8>> Socket::get_peer_option(Task& task, int option, usize room) {
  abi::UCred peer{};
  Ref<const Credentials> groups;
  {
    MutexGuard guard(lock_);
    peer = peer_credentials_, groups = peer_groups_;
  }
  if (option == abi::so_peercred) return bytes_of(seen_by(task, peer), room);
  if (!groups) return Errno::enodata;
  std::vector<u32> seen;
  for (const Gid group : groups->groups) seen.push_back(task.credentials().seen(group));
  const auto* bytes = reinterpret_cast<const u8*>(seen.data());
  if (room < seen.size() * sizeof(u32)) return Errno::erange;
  return std::vector<u8>(bytes, bytes + seen.size() * sizeof(u32));
}

Result<std::vector<u8>> Socket::get_socket_option(Task& task, int option, usize room) {
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
    case abi::so_passcred:
      if (is_inet()) return Errno::eopnotsupp;
      return integer(passes_credentials());
    case abi::so_reuseaddr:
    case abi::so_reuseport: {
      MutexGuard guard(endpoint_->lock);
      return integer(option == abi::so_reuseaddr ? endpoint_->reuse_address : endpoint_->reuse_port);
    }
    case abi::so_peercred:
    case abi::so_peergroups:
      return get_peer_option(task, option, room);
    case abi::so_peername: {
      const SocketAddress peer = TRY(peer_name());
      if (peer.bytes.size() < room) return Errno::einval;
      return bytes_of(std::string_view(peer.bytes), room);
    }
    case abi::so_cookie:
      if (room < sizeof(u64)) return Errno::einval;
      return bytes_of(id(), room);
    case abi::so_meminfo: {
      const Ends e = ends();
      const Inbox::State in = e.in ? e.in->state() : Inbox::State{};
      const u32 queued = static_cast<u32>(is_datagram() ? in.true_size : in.bytes);
      const u32 sent = e.out ? static_cast<u32>(e.out->state().bytes) : 0;
      const u32 drops = e.in ? e.in->drops() : 0;
      const u32 info[9] = {queued, receive_size_.load(), sent, send_size_.load(), 0, sent, 0, 0, drops};
      return bytes_of(info, room);
    }
    default:
      return options_->get(*net_, option, room);
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

Result<void> Socket::check_level(int level) {
  if (level == abi::sol_socket) return success;
  if (!is_inet()) return Errno::eopnotsupp;
  const bool known =
      level == abi::sol_ip || (level == abi::sol_ipv6 && domain_ == abi::af_inet6) ||
      (level == abi::sol_tcp && is_tcp()) || (is_udp() && (level == abi::sol_udp || level == abi::ipproto_udplite)) ||
      (type_ == abi::sock_raw && (level == abi::sol_raw || (level == abi::sol_icmpv6 && domain_ == abi::af_inet6)));
  return known ? Errno{} : Errno::enoprotoopt;
}

// UDP and UDP-Lite take each other's options, but for UDP-Lite's own.
int Socket::same_level(int level, int option) const {
  const bool is_own = protocol_ == abi::ipproto_udplite && find_kept_option(abi::ipproto_udplite, option) != nullptr;
  if (level != abi::sol_udp && level != abi::ipproto_udplite) return level;
  return is_own ? abi::ipproto_udplite : abi::sol_udp;
}

Result<std::vector<u8>> Socket::get_option(Task& task, int level, int option, usize room) {
  if (level == abi::sol_socket) return get_socket_option(task, option, room);
  const Result<void> known = check_level(level);
  if (known.is(Errno::enoprotoopt) && domain_ == abi::af_inet) return Errno::eopnotsupp;
  TRY(known);
  level = same_level(level, option);
  Result<std::vector<u8>> special = get_transport_option(level, option, room);
  return special.is(Errno::enoprotoopt) ? options_->get_kept(level, option, room) : std::move(special);
}

// --- Setting --------------------------------------------------------------------------------------------------------------

// Did it know the option?
Result<bool> Socket::set_socket_option(Task& task, int option, std::span<const u8> value) {
  if (option == abi::so_bindtodevice) return false;
  const i32 number = TRY(value_of<i32>(value));
  switch (option) {
    case abi::so_type:
    case abi::so_domain:
    case abi::so_protocol:
    case abi::so_error:
    case abi::so_acceptconn:
    case abi::so_peercred:
    case abi::so_peergroups:
    case abi::so_peername:
    case abi::so_cookie:
    case abi::so_meminfo:
    case abi::so_netns_cookie:
      return Errno::enoprotoopt;
    case abi::so_sndbufforce:
    case abi::so_rcvbufforce:
      if (!task.credentials().capable_in(*net_, Capability::net_admin)) return Errno::eperm;
      [[fallthrough]];
    case abi::so_sndbuf:
    case abi::so_rcvbuf: {
      const bool sends = option == abi::so_sndbuf || option == abi::so_sndbufforce;
      const BufferSettings& all = kernel_.settings().buffers;
      const u32 size = sends ? buffer_size(number, all.wmem_max, 4608) : buffer_size(number, all.rmem_max, 2304);
      (sends ? send_size_ : receive_size_).store(size);
      if (!sends) endpoint_->receive_size.store(receive_size_.load());
      if (sends) sizes_chosen_.store(true);
      const i32 locked =
          options_->number(abi::sol_socket, abi::so_buf_lock) | (sends ? 1 : 2);  // SOCK_SNDBUF_LOCK, SOCK_RCVBUF_LOCK
      options_->put(abi::sol_socket, abi::so_buf_lock, locked);
      return true;
    }
    case abi::so_rcvlowat: {
      const i32 most_tcp = net_->settings->tcp_rmem[2].integer() / 2;
      const i32 most = !is_tcp() ? INT32_MAX
                       : (options_->number(abi::sol_socket, abi::so_buf_lock) & 2) != 0
                           ? static_cast<i32>(receive_size_.load() / 2)
                           : most_tcp;
      const i32 wanted = number < 0 ? INT32_MAX : std::max(number, 1);
      low_water_.store(static_cast<u32>(std::min(wanted, most)));
      return true;
    }
    case abi::so_passcred:
      if (is_inet()) return Errno::eopnotsupp;
      pass_credentials_.store(number != 0);
      return true;
    case abi::so_reuseport:
      if (!is_inet() && number != 0) return Errno::eopnotsupp;
      [[fallthrough]];
    case abi::so_reuseaddr: {
      MutexGuard guard(endpoint_->lock);
      (option == abi::so_reuseaddr ? endpoint_->reuse_address : endpoint_->reuse_port) = number != 0;
      return true;
    }
    case abi::so_timestamping:
    case abi::so_timestamping_new: {  // Linux: sock_set_timestamping; what is counted are the bytes of a connection
      const Ends e = ends();
      if (is_tcp() && (number & abi::sof_timestamping_opt_id) != 0 && tcp_closed(e)) return Errno::einval;
      return false;
    }
    case abi::so_detach_reuseport_bpf: {
      MutexGuard guard(endpoint_->lock);
      return endpoint_->reuse_port ? Errno::enoent : Errno::einval;
    }
    case abi::so_oobinline: {
      const Ends e = ends();
      if (e.in) e.in->set_inline(number != 0);
      return false;
    }
    default:
      return false;
  }
}

Result<void> Socket::set_option(Task& task, int level, int option, std::span<const u8> value) {
  TRY(check_level(level));
  if (level == abi::sol_socket) {
    if (TRY(set_socket_option(task, option, value))) return success;
    return options_->set(task, *net_, option, value);
  }
  level = same_level(level, option);
  if (TRY(set_transport_option(task, level, option, value))) return success;
  return options_->keep(level, option, value);
}

}  // namespace limen
