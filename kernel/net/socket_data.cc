// Data: what is sent and received, what a poll sees, and the ioctls of sockets.
#include <algorithm>
#include <utility>

#include "abi/ioctl.h"
#include "kernel/ipc/pipe.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/net/interface.h"
#include "kernel/net/socket.h"

namespace limen {
namespace {

constexpr PollEvents kReadable = kPollIn | kPollRdNorm;
constexpr PollEvents kWritable = kPollOut | kPollWrNorm | kPollWrBand;
constexpr usize kMostUdp = 65507;
constexpr usize kUnixQueue = 10;  // net.unix.max_dgram_qlen

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
  const u64 ns = receive_timeout_ns_.load(std::memory_order_relaxed);
  return ns == 0 ? Deadline::never() : clock.after(ns);
}

Deadline Socket::send_deadline(Clock& clock) const {
  const u64 ns = send_timeout_ns_.load(std::memory_order_relaxed);
  return ns == 0 ? Deadline::never() : clock.after(ns);
}

Result<usize> Socket::send(Task& task, SendRequest& request) {
  if ((request.flags & abi::msg_oob) != 0) return Errno::eopnotsupp;
  if (request.ancillary.sender.pid == 0) request.ancillary.sender = credentials_of(task);
  Ref<Inbox> target;
  SocketAddress sender;
  Inbox::Limits limits;
  limits.bytes = send_size_.load(std::memory_order_relaxed);
  bool shut = false;
  {
    MutexGuard guard(lock_);
    if (error_ != Errno{}) return std::exchange(error_, Errno{});
    target = out_;
    shut = write_shut_;
    if (!is_datagram() && !connected_) return is_inet() ? Errno::epipe : Errno::enotconn;
  }
  const auto broken = [&]() -> Result<usize> {
    if ((request.flags & abi::msg_nosignal) == 0 && type_ == abi::sock_stream) send_sigpipe(task);
    return Errno::epipe;
  };
  if (shut) return broken();
  if (!is_datagram() && !is_inet() && !request.to.bytes.empty())
    return type_ == abi::sock_stream ? Errno::eisconn : Errno::eisconn;
  if (is_datagram()) {
    if (is_inet() && request.from.remaining() > kMostUdp) return Errno::emsgsize;
    const bool connected = ends().connected;
    if (request.to.bytes.empty() && !connected) return is_inet() ? Errno::edestaddrreq : Errno::enotconn;
    if (is_inet() || passes_credentials()) TRY(autobind(task));
    sender = name();
    const SocketAddress to = request.to.bytes.empty() ? ends().peer : request.to;
    if (is_inet()) {
      const InetAddress dest = TRY(parse_inet(to, domain_));
      InetAddress local = TRY(parse_inet(sender, domain_));
      if (local.any()) sender = make_inet({reached(dest).ip, local.port}, domain_);
      Result<Ref<Endpoint>> found = find_target(task, to, &sender);
      if (found.is(Errno::econnrefused)) {  // told later, to a connected socket only
        MutexGuard guard(lock_);
        if (connected_) error_ = Errno::econnrefused;
        const usize n = request.from.remaining();
        return n;
      }
      const Ref<Endpoint> endpoint = TRY(std::move(found));
      target = endpoint->inbox;
      if (endpoint->domain != domain_) sender = make_inet(TRY(parse_inet(sender, domain_)), endpoint->domain);
    } else if (!request.to.bytes.empty()) {
      const Ref<Endpoint> endpoint = TRY(find_target(task, to, nullptr));
      MutexGuard guard(endpoint->lock);
      if (!endpoint->only_from.bytes.empty() && !(endpoint->only_from == sender)) return Errno::eperm;
      target = endpoint->inbox;
    }
    if (!is_inet()) limits.messages = kUnixQueue + 1;
  }
  if (!target) return Errno::enotconn;
  if (type_ != abi::sock_stream && !is_inet() && request.from.remaining() > limits.bytes - 32) return Errno::emsgsize;

  usize total = 0;
  const bool wait = !nonblocking() && (request.flags & abi::msg_dontwait) == 0;
  const Deadline deadline = send_deadline(task.clock());
  const usize whole = request.from.remaining();
  const auto attempt = [&]() -> Result<usize> {
    const Inbox::State state = target->state();
    if (is_inet() && !is_datagram() && state.reader_closed) {
      // The first write meets a reset, later ones EPIPE.
      MutexGuard guard(lock_);
      if (write_shut_) return Errno::epipe;
      write_shut_ = true;
      const usize n = request.from.remaining();
      return n;
    }
    return target->put(kernel_.ipc_memory(), request.from, sender, request.ancillary, limits);
  };
  do {
    Result<usize> sent = wait ? task.block(target->writers, deadline, attempt) : attempt();
    if (sent.is(Errno::eagain) && is_datagram() && is_inet()) return whole;  // the receiver's buffer is full: lost
    if (sent.is(Errno::epipe)) {
      if (is_datagram()) return Errno::econnrefused;
      if (total == 0) return broken();
      return total;
    }
    if (!sent.ok()) {
      if (total != 0) return total;
      if (sent.is(Errno::etimedout)) return Errno::eagain;
      if (sent.is(Errno::erestartsys) && !deadline.is_never()) return Errno::eintr;
      return sent.error();
    }
    total += *sent;
    if (*sent == 0) break;
  } while (wait && type_ == abi::sock_stream && total < whole);
  return total;
}

Result<usize> Socket::receive(Task& task, ReceiveRequest& request) {
  if ((request.flags & abi::msg_oob) != 0) return is_inet() ? Errno::einval : Errno::eopnotsupp;
  if ((request.flags & abi::msg_errqueue) != 0) return Errno::eagain;
  const Ends e = ends();
  {
    MutexGuard guard(lock_);
    if (error_ != Errno{}) return std::exchange(error_, Errno{});
    if (!in_) return type_ == abi::sock_stream && !is_inet() ? Errno::einval : Errno::enotconn;
  }
  const bool wait = !nonblocking() && (request.flags & abi::msg_dontwait) == 0;
  const auto look = (request.flags & abi::msg_peek) != 0 ? Inbox::Look::peek : Inbox::Look::take;
  const Deadline deadline = receive_deadline(task.clock());
  const bool all = (request.flags & abi::msg_waitall) != 0 && type_ == abi::sock_stream && look == Inbox::Look::take;
  if (request.to.remaining() == 0 && type_ == abi::sock_stream) return usize{0};
  usize total = 0;
  do {
    const auto attempt = [&] { return e.in->get(request.to, look); };
    Result<Inbox::Received> got = wait ? task.block(e.in->readers, deadline, attempt) : attempt();
    if (!got.ok()) {
      if (total != 0) break;
      if (got.is(Errno::etimedout)) return Errno::eagain;
      if (got.is(Errno::erestartsys) && !deadline.is_never()) return Errno::eintr;
      return got.error();
    }
    total += got->copied;
    const bool at_end = got->copied == 0;
    const bool has_files = !got->ancillary.files.empty();
    if (total == got->copied || !at_end) request.got = std::move(*got);
    if (at_end || has_files) break;
  } while (all && request.to.remaining() != 0);
  if (type_ != abi::sock_stream && request.got.length > request.got.copied) {
    request.result_flags |= abi::msg_trunc;
    if ((request.flags & abi::msg_trunc) != 0) return request.got.length;
  }
  return total;
}

Result<usize> Socket::try_read(Task& task, UserBuffer& to, u64*) {
  ReceiveRequest request{to, abi::msg_dontwait, {}, 0};
  return receive(task, request);
}

Result<usize> Socket::try_write(Task& task, UserBuffer& from, u64*) {
  SendRequest request{from, abi::msg_dontwait, {}, {}};
  return send(task, request);
}

PollEvents Socket::poll(PollTable* table) {
  const Ends e = ends();
  if (table != nullptr) {
    if (!is_datagram()) table->add(endpoint_, endpoint_->acceptors);
    if (e.in) table->add(e.in, e.in->readers);
    if (e.out) table->add(e.out, e.out->writers);
  }
  PollEvents events = 0;
  if (e.listening) {
    MutexGuard guard(endpoint_->lock);
    return endpoint_->pending.empty() ? 0 : kReadable;
  }
  if (!is_datagram() && !e.connected) return kWritable | kPollHup;
  const Inbox::State in = e.in->state();
  bool write_shut = false, failed = in.failed;
  {
    MutexGuard guard(lock_);
    write_shut = write_shut_;
    failed = failed || error_ != Errno{};
  }
  if (failed) events |= kPollErr;
  if (!in.empty || failed) events |= kReadable;
  if (is_datagram()) {
    if (!e.out || e.out->state().messages <= kUnixQueue) events |= kWritable;
    if (in.reader_closed) events |= kReadable | kPollRdHup | (write_shut ? kPollHup : 0);
    return events;
  }
  const Inbox::State out = e.out->state();
  if (in.writer_closed || in.reader_closed) events |= kReadable | kPollRdHup;
  if ((in.writer_closed || in.reader_closed) && (write_shut || (out.reader_closed && !is_inet()))) events |= kPollHup;
  if (write_shut || out.reader_closed || out.bytes * 2 <= send_size_.load(std::memory_order_relaxed))
    events |= kWritable;
  return events;
}

Result<i64> Socket::ioctl(Task& task, u32 command, u64 argument) {
  const Ends e = ends();
  i32 value = 0;
  switch (command) {
    case abi::siocinq:
      if (e.listening) return Errno::einval;
      if (e.in) value = static_cast<i32>(type_ == abi::sock_stream ? e.in->state().bytes : e.in->state().first);
      break;
    case abi::siocoutq:
      if (e.out) value = static_cast<i32>(e.out->state().bytes);
      break;
    case abi::siocatmark:
      break;
    default:
      return interface_ioctl(task, command, argument, domain_);
  }
  TRY(UserOut<i32>(GuestAddr(argument)).write(task, value));
  return 0;
}

}  // namespace limen
