// connect(2) of TCP. Source: tcp(7), connect(2); net/ipv4/{af_inet,tcp_ipv4}.c.
#include "kernel/kernel.h"
#include "kernel/net/socket.h"

namespace limen {

// Linux: __inet_stream_connect. On a loopback the other side answers at once, but a connect that does not wait is told so by a
// later one, or by SO_ERROR.
Result<void> Socket::connect_tcp(Task& task, const SocketAddress& address) {
  bool begun = false;
  {
    MutexGuard guard(lock_);
    if (listening_ || (connected_ && !handshake_)) return Errno::eisconn;
    begun = static_cast<bool>(handshake_);
  }
  if (!begun) {
    TRY(start_tcp(task, address));
    if (nonblocking()) return Errno::einprogress;
  }
  return finish_tcp(task, begun ? Errno::ealready : Errno::einprogress);
}

Result<void> Socket::start_tcp(Task& task, const SocketAddress& address) {
  const InetAddress to = TRY(parse_destination(address));
  TRY(autobind(task));
  const SocketAddress own = name();
  Result<Ref<Endpoint>> found = find_target(task, address, &own);
  if (!found.ok() && !found.is(Errno::econnrefused)) return found.error();
  InetAddress local = TRY(parse_inet(name(), domain_));
  if (local.any()) local = {source_for(to).ip, local.port};
  if (InetAddress{reached(to).ip, to.port} == local) return connect_to_itself(make_inet(local, domain_));
  TRY(net_->tables->claim_connection(*endpoint_, local, make_inet(reached(to), domain_)));
  const i32 domain = found.ok() ? (*found)->domain : domain_;
  Pending pending{.handshake = make_ref<Handshake>(),
                  .in = make_inbox(),
                  .out = make_inbox(),
                  .local = make_inet(reached(to), domain),
                  .peer = make_inet(local, domain)};
  {
    MutexGuard guard(lock_);
    if (connected_ || listening_) return Errno::eisconn;  // another thread was faster
    use_inboxes(pending.out, pending.in);
    connected_ = true, shut_ = 0, handshake_ = pending.handshake;
    local_ = make_inet(local, domain_), peer_ = make_inet(reached(to), domain_);
  }
  bool refused = !found.ok(), queued = false;
  if (!refused) {
    MutexGuard guard((*found)->lock);
    refused = (*found)->closed || !(*found)->listening;
    queued = !refused && (*found)->pending.size() <= (*found)->backlog;
    if (queued)
      (*found)->pending.push_back(pending);
    else if (!refused && (*found)->waiting.size() < net_->settings->most_connections())
      (*found)->waiting.push_back(pending);
  }
  if (refused) pending.out->reset(Errno::econnrefused);
  if (!sizes_chosen_.load()) send_size_.store(kConnectedSend);
  if (refused || queued) pending.handshake->over.store(true, std::memory_order_release);
  if (queued) (*found)->acceptors.wake(kPollIn | kPollRdNorm);
  return success;
}

// Linux: a simultaneous open with itself: it reads what it writes.
Result<void> Socket::connect_to_itself(const SocketAddress& own) {
  const Ref<Inbox> both = make_inbox();
  MutexGuard guard(lock_);
  if (connected_ || listening_) return Errno::eisconn;
  use_inboxes(both, both);
  connected_ = true, shut_ = 0, handshake_ = make_ref<Handshake>();
  handshake_->over.store(true, std::memory_order_release);
  local_ = peer_ = own;
  return success;
}

// The end of a connect(2): waits for it or says that it is `unfinished`.
Result<void> Socket::finish_tcp(Task& task, Errno unfinished) {
  Ref<Handshake> handshake;
  const Ends e = ends();
  {
    MutexGuard guard(lock_);
    handshake = handshake_;
  }
  if (!handshake) return success;
  const auto attempt = [&]() -> Result<void> {
    return handshake->over.load(std::memory_order_acquire) ? Result<void>() : Errno::eagain;
  };
  const Deadline deadline = send_deadline(task.clock());
  const Result<void> ended = nonblocking() ? attempt() : task.block(e.in->readers, deadline, attempt);
  if (ended.is(Errno::eagain) || ended.is(Errno::etimedout)) return unfinished;
  if (ended.is(Errno::erestartsys) && !deadline.is_never()) return Errno::eintr;
  TRY(ended);
  if (!e.in->state().reset) {
    MutexGuard guard(lock_);
    handshake_ = {};
    return success;
  }
  const Errno error = e.in->take_error();
  TRY(disconnect());
  return error == Errno{} ? Errno::econnaborted : error;
}

}  // namespace limen
