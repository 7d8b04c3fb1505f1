// Connections: connect, listen, accept, shutdown, and the end of a socket. Names are in socket_names.cc.
#include "kernel/net/socket.h"
#include "abi/landlock.h"

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/vfs/anon.h"

namespace limen {
namespace {

u64 number_of(const Path& path) {
  const Result<Attributes> known = path.inode().attributes();
  return known.ok() ? known->inode : 0;
}

}  // namespace

abi::UCred credentials_of(Task& task) {
  return {task.group().pid().raw(), task.credentials().euid.raw(), task.credentials().egid.raw()};
}

abi::UCred seen_by(Task& reader, const abi::UCred& sender) {
  const Credentials& own = reader.credentials();
  const auto id = [](u32 raw, u32 seen) { return raw == ~0u ? raw : seen; };  // of a socket without a peer
  return {reader.sees(Pid(sender.pid)), id(sender.uid, own.seen(Uid(sender.uid))),
          id(sender.gid, own.seen(Gid(sender.gid)))};
}

Socket::Socket(Path path, u32 flags, Kernel& kernel, Ref<NetNamespace> net, i32 domain, u32 type, i32 protocol)
    : SocketFile(std::move(path), flags),
      kernel_(kernel),
      net_(std::move(net)),
      domain_(domain),
      type_(type),
      protocol_(protocol),
      inode_(number_of(this->path())),
      endpoint_(make_ref<Endpoint>(domain, type, protocol)),
      options_(endpoint_->options),
      send_size_(static_cast<u32>(is_tcp() ? net_->settings->tcp_wmem[1] : kernel.settings().buffers.wmem_default)),
      receive_size_(static_cast<u32>(is_tcp() ? net_->settings->tcp_rmem[1] : kernel.settings().buffers.rmem_default)) {
  options_->obey(net_->settings);
  if (is_datagram()) endpoint_->receive_size.store(receive_size_.load());
  if (domain_ == abi::af_inet6) {
    MutexGuard guard(endpoint_->lock);
    endpoint_->only_v6 = net_->settings->bindv6only.on();
  }
  net_->tables->add_socket(this);
  if (is_inet()) {
    MutexGuard guard(lock_);
    errors_ = make_ref<Inbox>(Inbox::Kind::messages);
  }
  if (!is_datagram()) return;
  if (type_ == abi::sock_raw) {
    net_->tables->add_raw(endpoint_);
    if (protocol_ == abi::ipproto_raw) options_->put(abi::sol_ip, abi::ip_hdrincl, 1);
  }
  MutexGuard guard(lock_);
  use_inboxes(make_inbox(), {});
  endpoint_->inbox = in_;
}

Socket::Ends Socket::ends() {
  MutexGuard guard(lock_);
  const bool waiting = handshake_ && !handshake_->over.load(std::memory_order_acquire);
  return {in_, out_, errors_, peer_, shut_, connected_, listening_, waiting};
}

void Socket::use_inboxes(Ref<Inbox> in, Ref<Inbox> out) {
  if (in_) in_->set_reader(nullptr, 0, {});
  in_ = std::move(in), out_ = std::move(out);
  if (!in_) return;
  in_->set_reader(this, inode_, options_);
  in_->set_end_first(is_tcp() ? Inbox::EndFirst::yes : Inbox::EndFirst::no);
  if (options_->on(abi::sol_socket, abi::so_oobinline)) in_->set_inline(true);
}

// By shutdown(2) here, or by what the other side did.
u32 Socket::shut_of(const Ends& e) const {
  u32 shut = e.shut;
  if (is_datagram() || !e.in) return shut;
  const Inbox::State in = e.in->state();
  if (in.writer_closed) shut |= kShutReads;
  if (in.reset) shut |= kShutReads | kShutWrites;
  if (!is_inet() && e.out && e.out->state().reader_closed) shut |= kShutWrites;
  return shut;
}

bool Socket::tcp_closed(const Ends& e) const {
  if (!e.connected || e.waiting) return true;
  const Inbox::State in = e.in->state();
  return in.reset || ((e.shut & kShutWrites) != 0 && in.writer_closed);
}

// --- Connections ----------------------------------------------------------------------------------------------------------

void Socket::made_in(Ref<const LandlockDomain> domain) {
  MutexGuard guard(endpoint_->lock);
  endpoint_->landlock = std::move(domain);
}

Ref<Inbox> Socket::make_inbox() const {
  return make_ref<Inbox>(inbox_kind(), is_inet() ? Ref<InFlight>() : net_->in_flight);
}

// What others have sent to it: of a listener, what those did who wait to be accepted.
std::vector<Ref<Inbox>> Socket::queues() {
  std::vector<Ref<Inbox>> all;
  {
    MutexGuard guard(lock_);
    if (in_) all.push_back(in_);
  }
  MutexGuard guard(endpoint_->lock);
  for (const Pending& p : endpoint_->pending) all.push_back(p.in);
  return all;
}

Result<void> Socket::flush(Task&) {
  InFlight& in_flight = *net_->in_flight;
  if (!is_inet() && in_flight.any() && in_flight.carries(*this)) in_flight.collect_sometimes(this);
  return success;
}

void Socket::pair(Task& task, Socket& a, Socket& b) {
  const Ref<Inbox> to_a = a.is_datagram() ? a.endpoint_->inbox : a.make_inbox();
  const Ref<Inbox> to_b = b.is_datagram() ? b.endpoint_->inbox : b.make_inbox();
  const abi::UCred creds = credentials_of(task);
  const Ref<const Credentials> groups = task.credentials_ref();
  const auto join = [&](Socket& s, const Ref<Inbox>& in, const Ref<Inbox>& out, const Ref<Endpoint>& peer) {
    MutexGuard guard(s.lock_);
    s.use_inboxes(in, out);
    s.connected_ = true, s.peer_credentials_ = creds, s.peer_endpoint_ = peer;
    s.peer_groups_ = groups;
  };
  join(a, to_a, to_b, b.endpoint_);
  join(b, to_b, to_a, a.endpoint_);
}

Result<void> Socket::connect(Task& task, SocketAddress address) {
  if (address.bytes.size() < 2) return Errno::einval;
  if (address.family() == abi::af_unspec && (is_inet() || is_datagram())) return disconnect();
  TRY(check_domain(task, address, abi::landlock_access_net_connect_tcp));
  if (is_datagram()) return connect_datagram(task, address);
  return is_inet() ? connect_tcp(task, address) : connect_unix(task, address);
}

// connect(2) to AF_UNSPEC. Linux: tcp_disconnect, __udp_disconnect, unix_dgram_connect.
Result<void> Socket::disconnect() {
  const Ends e = ends();
  if (e.listening) return shut_listener();
  if (is_tcp() && e.connected) {
    e.out->reset((e.shut & kShutWrites) != 0 ? Errno::epipe : Errno::econnreset);
    e.in->close_reader();
    e.in->discard();
  }
  {
    MutexGuard guard(lock_);
    connected_ = false, shut_ = 0, peer_ = {}, peer_endpoint_ = {}, handshake_ = {};
    if (is_tcp())
      use_inboxes({}, {});
    else
      out_ = {};
  }
  {
    MutexGuard guard(endpoint_->lock);
    endpoint_->only_from = {};
  }
  forget_address();
  return success;
}

Result<void> Socket::connect_datagram(Task& task, const SocketAddress& address) {
  Ref<Endpoint> target;
  SocketAddress peer = address;
  if (is_inet()) {
    const InetAddress to = TRY(parse_destination(address));
    InetAddress source = source_for(to);
    // Linux: __ip6_datagram_connect; a group of the link's has no meaning without one.
    if (to.multicast() && !to.v4() && to.ip[1] <= 2 && options_->interface() == 0) return Errno::einval;
    if (to.multicast()) source = TRY(multicast_source(to, {}));
    peer = make_inet({reached(to).ip, to.port}, domain_);
    if (type_ != abi::sock_raw) TRY(autobind(task));
    MutexGuard guard(lock_);
    const InetAddress local = local_.bytes.empty() ? InetAddress{any_of(domain_).ip, static_cast<u16>(protocol_)}
                                                   : *parse_inet(local_, domain_);
    if (local.any()) local_ = make_inet({source.ip, local.port}, domain_);
  } else {
    target = TRY(find_target(task, address, nullptr));
    if (passes_credentials()) TRY(autobind(task));
    SocketAddress own;
    {
      MutexGuard guard(lock_);
      own = local_;
    }
    MutexGuard guard(target->lock);
    if (!target->only_from.bytes.empty() && !(target->only_from == own)) return Errno::eperm;
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

Result<void> Socket::connect_unix(Task& task, const SocketAddress& address) {
  {
    MutexGuard guard(lock_);
    if (connected_) return Errno::eisconn;
    if (listening_) return Errno::einval;
  }
  if (passes_credentials()) TRY(autobind(task));
  const Ref<Endpoint> target = TRY(find_target(task, address, nullptr));
  Pending pending{.handshake = {}, .in = make_inbox(), .out = make_inbox(), .local = address, .peer = name()};
  pending.peer_credentials = credentials_of(task);
  pending.peer_groups = task.credentials_ref();
  abi::UCred listener{};
  Ref<const Credentials> groups;
  SocketAddress peer;
  const auto attempt = [&]() -> Result<void> {
    MutexGuard guard(target->lock);
    if (target->closed || !target->listening || target->refuses) return Errno::econnrefused;
    if (target->pending.size() > target->backlog) return Errno::eagain;
    listener = target->credentials;
    groups = target->groups;
    pending.local = peer = target->address;
    target->pending.push_back(pending);
    return success;
  };
  Result<void> queued =
      nonblocking() ? attempt() : task.block(target->connectors, send_deadline(task.clock()), attempt);
  if (queued.is(Errno::etimedout)) return Errno::eagain;
  TRY(queued);
  {
    MutexGuard guard(lock_);
    use_inboxes(pending.out, pending.in);
    connected_ = true, peer_ = peer, peer_credentials_ = listener, peer_groups_ = groups;
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
  if (is_inet()) TRY(net_->tables->listen_on_port(*endpoint_));
  {
    MutexGuard guard(endpoint_->lock);
    endpoint_->listening = true;
    endpoint_->credentials = credentials_of(task);
    if (!is_inet()) endpoint_->groups = task.credentials_ref();
    endpoint_->backlog = std::min<u64>(static_cast<u32>(backlog), net_->settings->most_connections());
  }
  {
    MutexGuard guard(lock_);
    listening_ = true, shut_ = 0;
    if (!is_inet()) peer_credentials_ = credentials_of(task), peer_groups_ = task.credentials_ref();
  }
  endpoint_->connectors.wake();
  return success;
}

Result<Ref<SocketFile>> Socket::accept(Task& task, u32 flags, SocketAddress& peer) {
  if (is_datagram()) return Errno::eopnotsupp;
  std::optional<Pending> taken, arrived;
  const auto attempt = [&]() -> Result<void> {
    MutexGuard guard(endpoint_->lock);
    if (!endpoint_->listening) return Errno::einval;
    if (endpoint_->pending.empty()) return endpoint_->refuses ? Errno::einval : Errno::eagain;
    taken = std::move(endpoint_->pending.front());
    endpoint_->pending.pop_front();
    if (endpoint_->waiting.empty()) return success;
    arrived = endpoint_->waiting.front();
    endpoint_->pending.push_back(std::move(endpoint_->waiting.front()));
    endpoint_->waiting.pop_front();
    return success;
  };
  Result<void> result =
      nonblocking() ? attempt() : task.block(endpoint_->acceptors, receive_deadline(task.clock()), attempt);
  if (result.is(Errno::etimedout)) return Errno::eagain;
  if (result.is(Errno::erestartsys) && options_->receive_timeout_ns() != 0) return Errno::eintr;
  TRY(result);
  if (arrived) {
    arrived->handshake->over.store(true, std::memory_order_release);
    arrived->out->readers.wake();
    arrived->in->writers.wake();
  }
  endpoint_->connectors.wake(kPollOut | kPollWrNorm | kPollWrBand);
  const u32 status = abi::o_rdwr | (flags & abi::sock_nonblock);
  Ref<Socket> socket = make_ref<Socket>(anon_path(task, "socket:", abi::s_ifsock | 0777), status, kernel_, net_,
                                        domain_, type_, protocol_);
  peer = taken->peer.bytes.empty() ? family_only(domain_) : taken->peer;
  socket->inherit(*this);
  if (is_inet()) {
    net_->tables->hold_port(TRY(parse_inet(taken->local, domain_)), socket->endpoint_);
    if (!socket->sizes_chosen_.load()) socket->send_size_.store(kConnectedSend);
  }
  const SocketAddress local = is_inet() ? taken->local : name();
  MutexGuard guard(socket->lock_);
  socket->use_inboxes(taken->in, taken->out);
  socket->local_ = local;
  socket->peer_ = taken->peer;
  socket->peer_credentials_ = taken->peer_credentials;
  socket->peer_groups_ = taken->peer_groups;
  socket->connected_ = socket->bound_ = socket->address_chosen_ = socket->port_chosen_ = true;
  return Ref<SocketFile>(socket);
}

// --- The end --------------------------------------------------------------------------------------------------------------

// Those whom nobody accepted learn it as a reset; those who wait for room are refused.
void Socket::stop_listening(const std::deque<Pending>& never_accepted) {
  for (const Pending& p : never_accepted) {
    const bool waits = p.handshake && !p.handshake->over.load(std::memory_order_acquire);
    p.out->reset(waits ? Errno::econnrefused : Errno::econnreset);
    if (!is_inet()) p.out->close_writer();
    p.in->close_reader();
    if (p.handshake) p.handshake->over.store(true, std::memory_order_release);
    p.out->readers.wake();
  }
  endpoint_->connectors.wake();
  endpoint_->acceptors.wake();
}

Result<void> Socket::shut_listener() {
  std::deque<Pending> pending;
  {
    MutexGuard guard(lock_);
    listening_ = false;
  }
  {
    MutexGuard guard(endpoint_->lock);
    endpoint_->listening = false;
    pending.swap(endpoint_->pending);
    pending.insert(pending.end(), endpoint_->waiting.begin(), endpoint_->waiting.end());
    endpoint_->waiting.clear();
  }
  stop_listening(pending);
  forget_address();
  return success;
}

// Linux: inet_shutdown, unix_shutdown.
Result<void> Socket::shutdown(int how) {
  if (how < abi::shut_rd || how > abi::shut_rdwr) return Errno::einval;
  const u32 mask = static_cast<u32>(how + 1);  // kShutReads, kShutWrites, both
  const Ends e = ends();
  if (is_inet() && e.listening) return (mask & kShutReads) != 0 ? shut_listener() : Result<void>();
  if (is_tcp() && e.connected && e.waiting) return disconnect();
  const bool unconnected = is_inet() && (is_datagram() ? !e.connected : tcp_closed(e));
  {
    MutexGuard guard(lock_);
    shut_ |= mask;
  }
  if (e.listening && (mask & kShutReads) != 0) {
    {
      MutexGuard guard(endpoint_->lock);
      endpoint_->refuses = true;
    }
    endpoint_->acceptors.wake();
    endpoint_->connectors.wake();
  }
  if ((mask & kShutWrites) != 0) {
    if (e.out && !is_datagram()) e.out->close_writer();
    if (e.out) e.out->writers.wake();
    if (e.in) e.in->readers.wake();
  }
  if ((mask & kShutReads) != 0 && e.in) {
    // TCP goes on acknowledging what nobody will read, and UDP on queueing; a unix peer gets EPIPE.
    if (is_inet())
      e.in->shut_reader();
    else
      e.in->close_reader();
  }
  return unconnected ? Errno::enotconn : Errno{};
}

void Socket::hang_up(const Ends& e) {
  if (!e.in) return;
  e.in->set_reader(nullptr, 0, {});
  if (e.out && !is_datagram()) {
    bool lost = !e.in->state().empty;
    if (is_tcp()) {
      const SocketOptions::Linger linger = options_->linger();
      lost = lost || (linger.on && linger.seconds == 0);
    }
    if (lost) e.out->reset(is_tcp() && (e.shut & kShutWrites) != 0 ? Errno::epipe : Errno::econnreset);
    if (!lost || !is_tcp()) e.out->close_writer();
  }
  e.in->close_reader();
  e.in->discard();
}

void Socket::released() {
  net_->tables->remove_socket(this);
  net_->tables->remove(*endpoint_);
  leave_all_groups();
  std::deque<Pending> pending;
  {
    MutexGuard guard(endpoint_->lock);
    endpoint_->closed = true;
    endpoint_->groups = {}, endpoint_->landlock = {};  // no cycle over a name in a filesystem: kernel/landlock/domain.h
    endpoint_->listening = false;
    pending.swap(endpoint_->pending);
    pending.insert(pending.end(), endpoint_->waiting.begin(), endpoint_->waiting.end());
    endpoint_->waiting.clear();
  }
  stop_listening(pending);
  const Ends e = ends();
  if (e.errors) e.errors->discard();
  hang_up(e);
  if (!is_inet()) net_->in_flight->collect_sometimes(nullptr);
}

}  // namespace limen
