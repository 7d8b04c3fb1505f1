// Names and connections: bind, connect, listen, accept, shutdown, and the end of a socket.
#include "kernel/net/socket.h"

#include <algorithm>
#include <cstring>

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/names.h"

namespace limen {
namespace {

SocketAddress family_only(i32 domain) {
  const u16 family = static_cast<u16>(domain);
  return {std::string(reinterpret_cast<const char*>(&family), sizeof family)};
}

// "" where the address is a name in a filesystem, without its NULs; abstract names begin with a NUL and are kept whole.
std::string unix_path(const SocketAddress& address) {
  const std::string path = address.bytes.substr(2);
  return !path.empty() && path[0] == '\0' ? path : std::string(path.c_str());
}

bool is_abstract(const SocketAddress& address) { return address.bytes.size() > 2 && address.bytes[2] == '\0'; }

Result<void> check_unix(const SocketAddress& address) {
  if (address.bytes.size() <= 2 || address.bytes.size() > sizeof(abi::SockAddrUn)) return Errno::einval;
  return address.family() == abi::af_unix ? Result<void>() : Result<void>(Errno::einval);
}

// The sandbox's own addresses; 0.0.0.0 and :: mean them too.
bool is_local(const InetAddress& a) { return a.any() || a.loopback(); }

}  // namespace

abi::UCred credentials_of(Task& task) {
  return {task.group().pid().raw(), task.credentials().euid.raw(), task.credentials().egid.raw()};
}

Socket::Socket(Path path, u32 flags, Kernel& kernel, i32 domain, u32 type)
    : SocketFile(std::move(path), flags),
      kernel_(kernel),
      domain_(domain),
      type_(type),
      endpoint_(make_ref<Endpoint>(domain, type)) {
  if (is_datagram()) {
    in_ = make_ref<Inbox>(Inbox::Kind::messages);
    endpoint_->inbox = in_;
  }
}

Socket::Ends Socket::ends() {
  MutexGuard guard(lock_);
  return {in_, out_, peer_, connected_, listening_, false};
}

// --- Names --------------------------------------------------------------------------------------------------------------

Result<void> Socket::bind_unix(Task& task, const SocketAddress& address) {
  if (address.bytes.size() == 2) return autobind(task);
  TRY(check_unix(address));
  if (is_abstract(address)) return net_tables(kernel_)->bind_abstract(address.bytes.substr(2), endpoint_);
  const ParentAndName where = TRY(walk_parent(task, abi::at_fdcwd.raw(), unix_path(address)));
  const Result<Path> made = make_name(task, where, abi::s_ifsock | 0777);
  if (!made.ok()) return made.is(Errno::eexist) ? Errno::eaddrinuse : made.error();
  made->inode().bind_socket(endpoint_);
  return success;
}

Result<void> Socket::bind_inet(Task& task, const SocketAddress& address) {
  InetAddress wanted = TRY(parse_inet(address, domain_));
  if (!is_local(wanted)) return Errno::eaddrnotavail;
  if (wanted.port != 0 && wanted.port < 1024 && !task.credentials().capable(Capability::net_bind_service)) {
    return Errno::eacces;
  }
  wanted = TRY(net_tables(kernel_)->bind_port(wanted, endpoint_));
  const SocketAddress local = make_inet(wanted, domain_);
  {
    MutexGuard guard(lock_);
    local_ = local;
  }
  MutexGuard guard(endpoint_->lock);
  endpoint_->address = local;
  return success;
}

Result<void> Socket::autobind(Task& task) {
  {
    MutexGuard guard(lock_);
    if (!local_.bytes.empty()) return success;
  }
  if (is_inet()) {
    InetAddress any;
    if (domain_ == abi::af_inet) any.ip[10] = any.ip[11] = 0xff;
    return bind_inet(task, make_inet(any, domain_));
  }
  SocketAddress local = family_only(domain_);
  local.bytes += '\0';
  const std::string name = net_tables(kernel_)->autobind_abstract(endpoint_);
  local.bytes += name;
  {
    MutexGuard guard(lock_);
    local_ = local;
  }
  MutexGuard guard(endpoint_->lock);
  endpoint_->address = local;
  return success;
}

Result<void> Socket::bind(Task& task, SocketAddress address) {
  {
    MutexGuard guard(lock_);
    if (!local_.bytes.empty()) return Errno::einval;
  }
  if (is_inet()) return bind_inet(task, address);
  TRY(bind_unix(task, address));
  if (address.bytes.size() == 2) return success;
  if (!is_abstract(address)) address.bytes = address.bytes.substr(0, 2) + unix_path(address) + '\0';
  {
    MutexGuard guard(lock_);
    local_ = address;
  }
  MutexGuard guard(endpoint_->lock);
  endpoint_->address = address;
  return success;
}

Result<Ref<Endpoint>> Socket::find_target(Task& task, const SocketAddress& address, const SocketAddress* from) {
  Ref<Endpoint> found;
  if (is_inet()) {
    const InetAddress to = TRY(parse_inet(address, domain_));
    if (!is_local(to)) return Errno::enetunreach;
    if (to.port == 0) return is_datagram() ? Errno::einval : Errno::econnrefused;
    found = net_tables(kernel_)->find_port(reached(to), type_, from);
  } else {
    TRY(check_unix(address));
    if (is_abstract(address)) {
      found = net_tables(kernel_)->find_abstract(address.bytes.substr(2));
    } else {
      const Path path = TRY(walk(task, abi::at_fdcwd.raw(), unix_path(address)));
      TRY(check_permission(task, path, 2));
      found = ref_cast<Endpoint>(path.inode().bound_socket());
    }
    if (found && found->type != type_) return Errno::eprototype;
  }
  if (!found) return Errno::econnrefused;
  MutexGuard guard(found->lock);
  return found->closed ? Result<Ref<Endpoint>>(Errno::econnrefused) : Result<Ref<Endpoint>>(found);
}

SocketAddress Socket::name() {
  MutexGuard guard(lock_);
  if (!local_.bytes.empty()) return local_;
  if (!is_inet()) return family_only(domain_);
  InetAddress any;
  if (domain_ == abi::af_inet) any.ip[10] = any.ip[11] = 0xff;
  return make_inet(any, domain_);
}

Result<SocketAddress> Socket::peer_name() {
  MutexGuard guard(lock_);
  if (!connected_) return Errno::enotconn;
  return peer_.bytes.empty() ? family_only(domain_) : peer_;
}

// --- Connections ----------------------------------------------------------------------------------------------------------

void Socket::pair(Task& task, Socket& a, Socket& b) {
  const Ref<Inbox> to_a = a.is_datagram() ? a.endpoint_->inbox : make_ref<Inbox>(a.inbox_kind());
  const Ref<Inbox> to_b = b.is_datagram() ? b.endpoint_->inbox : make_ref<Inbox>(b.inbox_kind());
  const abi::UCred creds = credentials_of(task);
  const auto join = [&](Socket& s, const Ref<Inbox>& in, const Ref<Inbox>& out, const Ref<Endpoint>& peer) {
    MutexGuard guard(s.lock_);
    s.in_ = in, s.out_ = out, s.connected_ = true, s.peer_credentials_ = creds, s.peer_endpoint_ = peer;
  };
  join(a, to_a, to_b, b.endpoint_);
  join(b, to_b, to_a, a.endpoint_);
}

Result<void> Socket::connect(Task& task, SocketAddress address) {
  if (address.bytes.size() < 2) return Errno::einval;
  if (address.family() == abi::af_unspec) {
    if (!is_datagram()) return is_inet() ? Errno::eafnosupport : Errno::einval;
    {
      MutexGuard guard(lock_);
      connected_ = false, peer_ = {}, out_ = {}, peer_endpoint_ = {};
    }
    MutexGuard guard(endpoint_->lock);
    endpoint_->only_from = {};
    return success;
  }
  return is_datagram() ? connect_datagram(task, address) : connect_stream(task, address);
}

Result<void> Socket::connect_datagram(Task& task, const SocketAddress& address) {
  Ref<Endpoint> target;
  if (is_inet()) {
    const InetAddress to = TRY(parse_inet(address, domain_));
    if (!is_local(to)) return Errno::enetunreach;
    TRY(autobind(task));
  } else {
    target = TRY(find_target(task, address, nullptr));
    if (passes_credentials()) TRY(autobind(task));
  }
  SocketAddress peer = address;
  if (is_inet()) {
    const InetAddress to = TRY(parse_inet(address, domain_));
    peer = make_inet(reached(to), domain_);
    MutexGuard guard(lock_);
    InetAddress local = *parse_inet(local_, domain_);
    if (local.any()) local_ = make_inet({reached(to).ip, local.port}, domain_);
  }
  {
    MutexGuard guard(lock_);
    connected_ = true;
    peer_ = peer;
    peer_endpoint_ = target;
    out_ = target ? target->inbox : Ref<Inbox>();
  }
  MutexGuard guard(endpoint_->lock);
  endpoint_->only_from = peer;
  return success;
}

Result<void> Socket::connect_stream(Task& task, const SocketAddress& address) {
  {
    MutexGuard guard(lock_);
    if (connected_) return Errno::eisconn;
    if (listening_) return is_inet() ? Errno::eisconn : Errno::einval;
  }
  if (is_inet() || passes_credentials()) TRY(autobind(task));
  const Ref<Endpoint> target = TRY(find_target(task, address, nullptr));
  Pending pending;
  pending.in = make_ref<Inbox>(inbox_kind());
  pending.out = make_ref<Inbox>(inbox_kind());
  pending.peer = name();
  pending.local = address;
  if (is_inet()) {
    const InetAddress to = TRY(parse_inet(address, domain_));
    InetAddress local = TRY(parse_inet(pending.peer, domain_));
    if (local.any()) local = {reached(to).ip, local.port};
    pending.peer = make_inet(local, target->domain);
    pending.local = make_inet(reached(to), target->domain);
    MutexGuard guard(lock_);
    local_ = make_inet(local, domain_);
  }
  pending.peer_credentials = credentials_of(task);
  abi::UCred listener{};
  SocketAddress peer = is_inet() ? make_inet(reached(*parse_inet(address, domain_)), domain_) : address;
  const auto attempt = [&]() -> Result<void> {
    MutexGuard guard(target->lock);
    if (target->closed || !target->listening) return Errno::econnrefused;
    if (target->pending.size() > target->backlog) return Errno::eagain;
    listener = target->credentials;
    if (!is_inet()) peer = target->address;
    target->pending.push_back(pending);
    return success;
  };
  Result<void> queued =
      nonblocking() ? attempt() : task.block(target->connectors, send_deadline(task.clock()), attempt);
  if (queued.is(Errno::etimedout)) return is_inet() ? Errno::einprogress : Errno::eagain;
  TRY(queued);
  {
    MutexGuard guard(lock_);
    in_ = pending.out, out_ = pending.in;
    connected_ = true, peer_ = peer, peer_credentials_ = listener;
  }
  target->acceptors.wake(kPollIn | kPollRdNorm);
  return success;
}

Result<void> Socket::listen(Task& task, int backlog) {
  if (is_datagram()) return Errno::eopnotsupp;
  {
    MutexGuard guard(lock_);
    if (connected_) return Errno::einval;
    if (!is_inet() && local_.bytes.empty()) return Errno::einval;
  }
  TRY(autobind(task));
  {
    MutexGuard guard(endpoint_->lock);
    endpoint_->listening = true;
    endpoint_->credentials = credentials_of(task);
    endpoint_->backlog = static_cast<usize>(backlog < 0 || backlog > abi::somaxconn ? abi::somaxconn : backlog);
  }
  {
    MutexGuard guard(lock_);
    listening_ = true;
  }
  endpoint_->connectors.wake();
  return success;
}

Result<Ref<SocketFile>> Socket::accept(Task& task, u32 flags, SocketAddress& peer) {
  if (is_datagram()) return Errno::eopnotsupp;
  {
    MutexGuard guard(lock_);
    if (!listening_) return Errno::einval;
  }
  std::optional<Pending> taken;
  const auto attempt = [&]() -> Result<void> {
    MutexGuard guard(endpoint_->lock);
    if (endpoint_->closed) return Errno::einval;
    if (endpoint_->pending.empty()) return Errno::eagain;
    taken = std::move(endpoint_->pending.front());
    endpoint_->pending.pop_front();
    return success;
  };
  Result<void> result =
      nonblocking() ? attempt() : task.block(endpoint_->acceptors, receive_deadline(task.clock()), attempt);
  if (result.is(Errno::etimedout)) return Errno::eagain;
  TRY(result);
  endpoint_->connectors.wake(kPollOut | kPollWrNorm | kPollWrBand);
  const u32 status = abi::o_rdwr | (flags & abi::sock_nonblock);
  Ref<Socket> socket =
      make_ref<Socket>(anon_path(task, "socket:", abi::s_ifsock | 0777), status, kernel_, domain_, type_);
  peer = taken->peer.bytes.empty() ? family_only(domain_) : taken->peer;
  MutexGuard guard(socket->lock_);
  socket->in_ = taken->in, socket->out_ = taken->out;
  socket->local_ = is_inet() ? taken->local : name();
  socket->peer_ = taken->peer;
  socket->peer_credentials_ = taken->peer_credentials;
  socket->connected_ = true;
  socket->pass_credentials_.store(passes_credentials());
  return Ref<SocketFile>(socket);
}

Result<void> Socket::shutdown(int how) {
  if (how < abi::shut_rd || how > abi::shut_rdwr) return Errno::einval;
  const Ends e = ends();
  if (e.listening && is_inet()) {
    {
      MutexGuard guard(lock_);
      listening_ = false;
    }
    MutexGuard guard(endpoint_->lock);
    endpoint_->listening = false;
    return success;
  }
  if (!e.connected) return Errno::enotconn;
  if (how != abi::shut_rd) {
    {
      MutexGuard guard(lock_);
      write_shut_ = true;
    }
    if (e.out && !is_datagram()) e.out->close_writer();
    if (e.in) e.in->readers.wake();
  }
  // TCP goes on acknowledging what nobody will read; a unix peer gets EPIPE.
  if (how != abi::shut_wr && e.in) {
    if (is_inet())
      e.in->close_writer();
    else
      e.in->close_reader();
  }
  return success;
}

void Socket::released() {
  net_tables(kernel_)->remove(*endpoint_);
  std::deque<Pending> pending;
  {
    MutexGuard guard(endpoint_->lock);
    endpoint_->closed = true;
    pending.swap(endpoint_->pending);
  }
  endpoint_->connectors.wake();
  endpoint_->acceptors.wake();
  // Those that nobody accepted learn it as a reset.
  for (const Pending& p : pending) {
    p.out->reset(Errno::econnreset);
    p.in->close_reader();
  }
  const Ends e = ends();
  if (e.in) {
    const bool unread = !e.in->state().empty;
    if (e.out && !is_datagram()) {
      if (unread)
        e.out->reset(Errno::econnreset);
      else
        e.out->close_writer();
    }
    e.in->close_reader();
    e.in->discard();
  }
}

}  // namespace limen
