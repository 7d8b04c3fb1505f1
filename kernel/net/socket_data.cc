// Data: what is sent and received, what a poll sees, and the ioctls of sockets.
#include <algorithm>
#include <utility>

#include "abi/ioctl.h"
#include "kernel/ipc/pipe.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/net/interface.h"
#include "kernel/net/socket.h"
#include "kernel/vfs/async.h"

namespace limen {
namespace {

constexpr usize kSegment = 65483;  // of TCP, on a loopback
constexpr usize kUnixQueue = 10;   // net.unix.max_dgram_qlen

}  // namespace

Errno Socket::take_error() {
  const Ends e = ends();
  {
    MutexGuard guard(lock_);
    if (error_ != Errno{}) return std::exchange(error_, Errno{});
  }
  return e.in ? e.in->take_error() : Errno{};
}

Deadline Socket::receive_deadline(Clock& clock) const {
  const u64 ns = options_->receive_timeout_ns();
  return ns == 0 ? Deadline::never() : clock.after(ns);
}

Deadline Socket::send_deadline(Clock& clock) const {
  const u64 ns = options_->send_timeout_ns();
  return ns == 0 ? Deadline::never() : clock.after(ns);
}

Result<usize> Socket::send(Task& task, SendRequest& request) {
  if (request.ancillary.sender.pid == 0) request.ancillary.sender = credentials_of(task);
  return is_datagram() ? send_datagram(task, request) : send_stream(task, request);
}

Result<usize> Socket::broken(Task& task, u32 flags) {
  if ((flags & abi::msg_nosignal) == 0 && type_ == abi::sock_stream) send_sigpipe(task);
  return Errno::epipe;
}

// --- Datagrams ------------------------------------------------------------------------------------------------------------

Result<usize> Socket::send_datagram(Task& task, SendRequest& request) {
  if ((request.flags & abi::msg_oob) != 0) return Errno::eopnotsupp;
  const Ends e = ends();
  {
    MutexGuard guard(lock_);
    if (error_ != Errno{}) return std::exchange(error_, Errno{});
  }
  if (is_inet() && type_ == abi::sock_raw) return send_raw(task, request);
  if (is_inet()) return is_udp() ? send_udp(task, request) : send_ping(task, request);
  request.ancillary.stamp_ns = task.clock().realtime_ns();
  // Linux: unix_dgram_sendmsg.
  if (passes_credentials()) TRY(autobind(task));
  Ref<Endpoint> endpoint;
  SocketAddress sender;
  {
    MutexGuard guard(lock_);
    sender = local_;
  }
  if (request.to.bytes.empty()) {
    if (!e.connected) return Errno::enotconn;
    MutexGuard guard(lock_);
    endpoint = peer_endpoint_;
  } else {
    endpoint = TRY(find_target(task, request.to, nullptr));
  }
  if (request.from.remaining() > send_size_.load(std::memory_order_relaxed) - 32) return Errno::emsgsize;
  if ((e.shut & kShutWrites) != 0) return Errno::epipe;
  if (!endpoint) return Errno::enotconn;
  {
    MutexGuard guard(endpoint->lock);
    const bool elsewhere = !endpoint->only_from.bytes.empty() && !(endpoint->only_from == sender);
    if (!request.to.bytes.empty() && elsewhere) return Errno::eperm;
  }
  const Result<usize> sent = put_filtered(task, request, *endpoint->inbox, sender);
  if (!sent.is(Errno::epipe)) return sent;
  MutexGuard guard(endpoint->lock);
  return endpoint->closed ? Errno::econnrefused : Errno::epipe;
}

// Linux: sk_filter, of a unix socket: what it leaves of a message.
Result<usize> Socket::put_filtered(Task& task, SendRequest& request, Inbox& target, const SocketAddress& sender) {
  const Ref<PacketFilter> filter = target.reader_filter();
  if (!filter) return put_message(task, request, target, sender);
  const usize length = request.from.remaining();
  Inbox::Message message = TRY(Inbox::take_in(kernel_.ipc_memory(), request.from));
  Packet packet;
  packet.bytes = message.data;
  const u32 kept = filter->run(packet);
  if (kept == 0) return length;  // the sender does not hear of it
  if (kept < length) message.data.resize(kept);
  UserBuffer left = UserBuffer::of_const(message.data);
  SendRequest rest{left, request.flags, {}, std::move(request.ancillary), {}};
  TRY(put_message(task, rest, target, sender));
  return length;
}

Result<usize> Socket::put_message(Task& task, SendRequest& request, Inbox& target, const SocketAddress& sender) {
  Inbox::Limits limits;
  limits.bytes = send_size_.load(std::memory_order_relaxed);
  if (is_datagram()) limits.messages = kUnixQueue + 1;
  const Deadline deadline = send_deadline(task.clock());
  const auto attempt = [&] {
    return target.put(kernel_.ipc_memory(), request.from, sender, request.ancillary, limits);
  };
  const bool wait = !nonblocking() && (request.flags & abi::msg_dontwait) == 0;
  Result<usize> sent = wait ? task.block(target.writers, deadline, attempt) : attempt();
  if (sent.is(Errno::etimedout)) return Errno::eagain;
  if (sent.is(Errno::erestartsys) && !deadline.is_never()) return Errno::eintr;
  return sent;
}

// --- Streams and packets --------------------------------------------------------------------------------------------------

// One attempt on a TCP connection. A peer that has closed answers with a reset: that is told by the next call.
Result<usize> Socket::put_tcp(Inbox& in, Inbox& out, SendRequest& request) {
  {
    MutexGuard guard(lock_);
    if (handshake_ && !handshake_->over.load(std::memory_order_acquire)) return Errno::eagain;
  }
  const Inbox::State state = in.state();
  if (state.failed) {
    if (const Errno error = in.take_error(); error != Errno{}) return error;
  }
  if (state.reset || (ends().shut & kShutWrites) != 0) return Errno::epipe;
  if (out.state().reader_closed) {
    in.reset(state.writer_closed ? Errno::epipe : Errno::econnreset);
    // One segment of it has gone when the answer comes.
    return std::min(request.from.remaining(), kSegment);
  }
  Inbox::Limits limits;
  limits.bytes = send_size_.load(std::memory_order_relaxed);
  return out.put(kernel_.ipc_memory(), request.from, {}, request.ancillary, limits);
}

// sendto(2) that connects, too. Here nobody has a cookie, so that the data follows the handshake. Linux: tcp_sendmsg_fastopen.
Result<void> Socket::connect_to_send(Task& task, const SendRequest& request) {
  if (request.to.bytes.empty()) return Errno::einval;
  if (ends().connected) return Errno::eisconn;
  return connect(task, request.to);
}

Result<usize> Socket::send_stream(Task& task, SendRequest& request) {
  if (is_tcp() && (request.flags & abi::msg_fastopen) != 0) TRY(connect_to_send(task, request));
  const Ends e = ends();
  const bool urgent = (request.flags & abi::msg_oob) != 0;
  SocketAddress own;
  if (!is_inet()) {
    {
      MutexGuard guard(lock_);
      own = local_;
    }
    // Linux: unix_stream_sendmsg, unix_seqpacket_sendmsg.
    if (urgent && (type_ != abi::sock_stream || request.from.remaining() == 0)) return Errno::eopnotsupp;
    if (!request.to.bytes.empty() && type_ == abi::sock_stream) {
      return e.connected ? Errno::eisconn : Errno::eopnotsupp;
    }
    if (!e.connected) return Errno::enotconn;
    if ((shut_of(e) & kShutWrites) != 0) return broken(task, request.flags);
    if (type_ != abi::sock_stream) {
      if (request.from.remaining() > send_size_.load(std::memory_order_relaxed) - 32) return Errno::emsgsize;
      return put_filtered(task, request, *e.out, own);
    }
  } else if (!e.connected) {
    return broken(task, request.flags);
  }
  usize total = 0;
  const bool wait = !nonblocking() && (request.flags & abi::msg_dontwait) == 0;
  const Deadline deadline = send_deadline(task.clock());
  const usize whole = request.from.remaining();
  Inbox::Limits limits;
  limits.bytes = send_size_.load(std::memory_order_relaxed);
  const auto attempt = [&]() -> Result<usize> {
    if (is_inet()) return put_tcp(*e.in, *e.out, request);
    if ((ends().shut & kShutWrites) != 0) return Errno::epipe;
    return e.out->put(kernel_.ipc_memory(), request.from, own, request.ancillary, limits);
  };
  do {
    Result<usize> sent = wait ? task.block(e.out->writers, deadline, attempt) : attempt();
    if (!sent.ok()) {
      if (total != 0) break;
      if (sent.is(Errno::epipe)) return broken(task, request.flags);
      if (sent.is(Errno::etimedout)) return Errno::eagain;
      if (sent.is(Errno::erestartsys) && !deadline.is_never()) return Errno::eintr;
      return sent.error();
    }
    total += *sent;
    if (*sent == 0) break;
  } while (wait && total < whole);
  if (is_tcp() && total != 0) report_copied(request.flags);
  if (urgent && total == whole && whole != 0) {
    if (const Ref<File> reader = e.out->mark_urgent()) send_sigurg(kernel_, reader->async_owner());
  }
  return total;
}

Result<usize> Socket::receive_urgent(ReceiveRequest& request, const Ends& e) {
  if (is_datagram() || type_ == abi::sock_seqpacket) return Errno::eopnotsupp;
  if (is_inet() && !e.connected) return Errno::einval;
  if (!e.in) return Errno::einval;
  const auto look = (request.flags & abi::msg_peek) != 0 ? Inbox::Look::peek : Inbox::Look::take;
  const usize n = TRY(e.in->get_urgent(request.to, look));
  request.result_flags |= abi::msg_oob;
  return n;
}

Result<usize> Socket::receive(Task& task, ReceiveRequest& request) {
  const Ends e = ends();
  if (is_inet() && (request.flags & abi::msg_errqueue) != 0)
    return receive_error(request);  // unix sockets have no such queue
  if ((request.flags & abi::msg_oob) != 0 && !(is_inet() && is_datagram())) return receive_urgent(request, e);
  {
    MutexGuard guard(lock_);
    if (error_ != Errno{}) return std::exchange(error_, Errno{});
  }
  if (!e.in) return type_ == abi::sock_stream && !is_inet() ? Errno::einval : Errno::enotconn;
  const bool stream = type_ == abi::sock_stream;
  const bool wait = !nonblocking() && (request.flags & abi::msg_dontwait) == 0;
  auto look = (request.flags & abi::msg_peek) != 0 ? Inbox::Look::peek : Inbox::Look::take;
  if (is_tcp() && (request.flags & abi::msg_trunc) != 0 && look == Inbox::Look::take) look = Inbox::Look::drop;
  const Deadline deadline = receive_deadline(task.clock());
  if (request.to.remaining() == 0 && stream) return usize{0};
  usize least = (request.flags & abi::msg_waitall) != 0 ? request.to.remaining() : 1;
  if (least == 1 && stream)
    least = std::min(static_cast<usize>(low_water_.load(std::memory_order_relaxed)), request.to.remaining());
  // Only who waits is told of the end. Linux: net/core/datagram.c:__skb_wait_for_more_packets.
  if (is_datagram() && !wait && (e.shut & kShutReads) != 0 && e.in->state().empty) return Errno::eagain;
  usize total = 0;
  do {
    const i64 skip = look == Inbox::Look::peek ? options_->peek_offset() : -1;
    const auto attempt = [&]() -> Result<Inbox::Received> {
      if (is_inet() && is_datagram()) {
        MutexGuard guard(lock_);
        if (error_ != Errno{}) return std::exchange(error_, Errno{});
      }
      return e.in->get(request.to, look, skip);
    };
    Result<Inbox::Received> got = wait ? task.block(e.in->readers, deadline, attempt) : attempt();
    if (!got.ok()) {
      if (total != 0) break;
      if (got.is(Errno::etimedout)) return Errno::eagain;
      if (got.is(Errno::erestartsys) && !deadline.is_never()) return Errno::eintr;
      return got.error();
    }
    total += got->copied;
    if (look == Inbox::Look::peek) {
      options_->peeked(got->copied);
    } else {
      options_->received(stream || is_inet() ? got->copied : got->length);
    }
    const bool at_end = got->copied == 0;
    const bool has_files = !got->ancillary.files.empty();
    if (total == got->copied || !at_end) request.got = std::move(*got);
    if (at_end || has_files) break;
  } while (stream && look != Inbox::Look::peek && total < least && request.to.remaining() != 0);
  if (!stream && request.got.length > request.got.copied) {
    request.result_flags |= abi::msg_trunc;
    if ((request.flags & abi::msg_trunc) != 0) return request.got.length + (is_inet() ? request.got.skipped : 0);
  }
  return total;
}

Result<usize> Socket::try_read(Task& task, UserBuffer& to, u64*) {
  ReceiveRequest request{to, abi::msg_dontwait, {}, 0};
  return receive(task, request);
}

Result<usize> Socket::try_write(Task& task, UserBuffer& from, u64*) {
  SendRequest request{from, abi::msg_dontwait, {}, {}, {}};
  return send(task, request);
}

PollEvents Socket::poll(PollTable* table) {
  const Ends e = ends();
  if (table != nullptr) {
    if (!is_datagram()) table->add(endpoint_, endpoint_->acceptors);
    if (e.in) table->add(e.in, e.in->readers);
    if (e.out) table->add(e.out, e.out->writers);
  }
  if (is_datagram()) return poll_datagram(e);
  return is_inet() ? poll_tcp(e) : poll_unix(e);
}

// Linux: datagram_poll, unix_dgram_poll.
PollEvents Socket::poll_datagram(const Ends& e) {
  PollEvents events = 0;
  const Inbox::State in = e.in->state();
  bool failed = in.failed;
  {
    MutexGuard guard(lock_);
    failed = failed || error_ != Errno{};
  }
  failed = failed || (e.errors && !e.errors->state().empty);
  if (failed) events |= kPollErr | (options_->on(abi::sol_socket, abi::so_select_err_queue) ? kPollPri : 0);
  if ((e.shut & kShutReads) != 0) events |= kPollReadable | kPollRdHup;
  if (e.shut == (kShutReads | kShutWrites)) events |= kPollHup;
  if (!in.empty) events |= kPollReadable;
  if (!e.out || e.out->state().messages <= kUnixQueue) events |= kPollWritable;
  return events;
}

// Linux: tcp_poll.
PollEvents Socket::poll_tcp(const Ends& e) {
  constexpr PollEvents kRoom = kPollOut | kPollWrNorm;
  if (e.listening) {
    MutexGuard guard(endpoint_->lock);
    return endpoint_->pending.empty() ? 0 : kPollReadable;
  }
  if (e.connected && e.waiting) return 0;
  const u32 shut = shut_of(e);
  PollEvents events = 0;
  if (shut == (kShutReads | kShutWrites) || tcp_closed(e)) events |= kPollHup;
  if ((shut & kShutReads) != 0) events |= kPollReadable | kPollRdHup;
  if (!e.connected) return events | kRoom;
  const Inbox::State in = e.in->state(), out = e.out->state();
  const usize least = static_cast<usize>(low_water_.load(std::memory_order_relaxed));
  if (!in.empty && in.bytes >= least) events |= kPollReadable;
  if (in.urgent) events |= kPollPri;
  if (in.failed || (e.errors && !e.errors->state().empty)) events |= kPollErr;
  if ((shut & kShutWrites) != 0 || out.reader_closed ||
      out.bytes * 3 <= u64{2} * send_size_.load(std::memory_order_relaxed)) {
    events |= kRoom;
  }
  return events;
}

// Linux: unix_poll.
PollEvents Socket::poll_unix(const Ends& e) {
  const u32 shut = shut_of(e);
  PollEvents events = 0;
  if (shut == (kShutReads | kShutWrites)) events |= kPollHup;
  if ((shut & kShutReads) != 0) events |= kPollReadable | kPollRdHup;
  if (e.listening) {
    MutexGuard guard(endpoint_->lock);
    return endpoint_->pending.empty() ? events : events | kPollReadable;
  }
  if (!e.connected) return events | kPollHup | kPollWritable;
  const Inbox::State in = e.in->state(), out = e.out->state();
  if (!in.empty) events |= kPollReadable;
  if (in.urgent) events |= kPollPri;
  if (in.failed) events |= kPollErr;
  if ((shut & kShutWrites) != 0 || out.bytes * 4 <= send_size_.load(std::memory_order_relaxed)) events |= kPollWritable;
  return events;
}

Result<i64> Socket::ioctl(Task& task, u32 command, u64 argument) {
  const Ends e = ends();
  i32 value = 0;
  switch (command) {
    case abi::siocinq:
      if (e.listening) return Errno::einval;
      if (e.in) value = static_cast<i32>(type_ == abi::sock_stream ? e.in->state().before_mark : e.in->state().first);
      break;
    case abi::siocoutq:
      if (e.out) value = static_cast<i32>(e.out->state().bytes);
      break;
    case abi::siocatmark:
      if (type_ != abi::sock_stream) return Errno::enotty;
      if (e.in) value = static_cast<i32>(e.in->state().at_mark);
      break;
    default:
      return interface_ioctl(task, *net_, command, argument, domain_);
  }
  TRY(UserOut<i32>(GuestAddr(argument)).write(task, value));
  return 0;
}

}  // namespace limen
