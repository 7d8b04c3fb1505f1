// The error queue (MSG_ERRQUEUE): what became of a datagram after it was sent. Source: ip(7), IP_RECVERR; socket(7), SO_TIMESTAMPING;
// net/ipv4/{ip_sockglue,udp}.c, net/ipv6/datagram.c, net/core/skbuff.c:__skb_tstamp_tx.
#include <algorithm>
#include <cstring>

#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/net/frame.h"
#include "kernel/net/interface.h"
#include "kernel/net/socket.h"
#include "kernel/time/time_values.h"

namespace limen {
namespace {

// What an ICMP message quotes of the datagram that it is about: the message is at most so long (RFC 1812, 4443).
constexpr usize kQuoted = 576 - 20 - 8 - 20 - 8, kQuoted6 = 1280 - 40 - 8 - 40 - 8;
constexpr u8 kUnreachable = 3, kPort = 3, kUnreachable6 = 1, kPort6 = 4;
constexpr u32 kStampSent = 0, kStampScheduled = 1;  // SCM_TSTAMP_*

bool is_icmp(const LateError& error) {
  return error.what.ee_origin == abi::so_ee_origin_icmp || error.what.ee_origin == abi::so_ee_origin_icmp6;
}

}  // namespace

// A full queue loses it.
void Socket::report(const InetAddress& about, LateError error, std::span<const u8> payload, u64 stamp_ns) {
  const Ends e = ends();
  Result<Inbox::Message> message = Inbox::copy_of(kernel_.ipc_memory(), payload);
  if (!e.errors || !message.ok()) return;
  const u8 origin = error.what.ee_origin;
  if (origin != abi::so_ee_origin_timestamping && origin != abi::so_ee_origin_zerocopy)
    message->from = make_inet(about, domain_);
  message->ancillary.error = std::move(error);
  message->ancillary.stamp_ns = stamp_ns;
  Inbox::Limits limits;
  limits.bytes = ~usize{0};
  limits.true_size = receive_size_.load(std::memory_order_relaxed);
  if (e.errors->post(*message, limits).ok() && e.in) e.in->readers.wake(kPollErr | kPollPri);
}

// Nobody listens there. Linux: __udp4_lib_err, __udp6_lib_err.
void Socket::refused(const Datagram& datagram) {
  const bool v4 = datagram.to.v4();
  const bool queues = v4 ? options_->on(abi::sol_ip, abi::ip_recverr) : options_->on(abi::sol_ipv6, abi::ipv6_recverr);
  if (queues) {
    LateError error;
    error.what.ee_errno = static_cast<u32>(Errno::econnrefused);
    error.what.ee_origin = v4 ? abi::so_ee_origin_icmp : abi::so_ee_origin_icmp6;
    error.what.ee_type = v4 ? kUnreachable : kUnreachable6;
    error.what.ee_code = v4 ? kPort : kPort6;
    error.offender = make_inet({datagram.to.ip, 0}, domain_);
    const std::span<const u8> bytes = datagram.message.data;
    report(datagram.to, std::move(error), bytes.first(std::min(bytes.size(), v4 ? kQuoted : kQuoted6)));
  }
  if (net_->tables->is_watched()) show_refusal(datagram);
  MutexGuard guard(lock_);
  if (!queues && !connected_) return;
  error_ = Errno::econnrefused;
  in_->readers.wake(kPollReadable | kPollErr);
}

// The ICMP message, which raw sockets see. Linux: icmp_send, icmp6_send.
void Socket::show_refusal(const Datagram& datagram) {
  const bool v4 = datagram.to.v4();
  const Ancillary& with = datagram.message.ancillary;
  const Frame frame = udp_frame(datagram.from, datagram.to, {with.ttl, with.tos}, datagram.message.data);
  std::span<const u8> quoted = std::span<const u8>(frame.bytes).subspan(Frame::kLink);
  quoted = quoted.first(std::min(quoted.size(), v4 ? kQuoted + 28 : kQuoted6 + 48));
  std::vector<u8> message(8, 0);
  message[0] = v4 ? kUnreachable : kUnreachable6;
  message[1] = v4 ? kPort : kPort6;
  message.insert(message.end(), quoted.begin(), quoted.end());
  const u16 sum = v4 ? internet_checksum(message) : icmp6_checksum(datagram.to, datagram.from, message);
  message[2] = static_cast<u8>(sum >> 8), message[3] = static_cast<u8>(sum);
  constexpr i32 kControl = 0xc0;  // the precedence of ICMP's errors
  IpPacket packet{{datagram.to.ip, 0}, {datagram.from.ip, 0}, 0, {64, v4 ? kControl : 0}, message, 0, with.stamp_ns};
  packet.protocol = static_cast<u8>(v4 ? abi::ipproto_icmp : abi::ipproto_icmpv6);
  show(kernel_.ipc_memory(), *net_->tables, packet);
}

// Linux: ip_local_error, ipv6_local_error.
void Socket::too_long(const InetAddress& to) {
  const bool v4 = to.v4();
  if (!(v4 ? options_->on(abi::sol_ip, abi::ip_recverr) : options_->on(abi::sol_ipv6, abi::ipv6_recverr))) return;
  LateError error;
  error.what.ee_errno = static_cast<u32>(Errno::emsgsize);
  error.what.ee_origin = abi::so_ee_origin_local;
  error.what.ee_info = v4 ? 0xffff : lo_mtu;
  InetAddress about = to;
  if (v4 && !ends().connected) about.port = 0;  // Linux tells the port that the socket is connected to
  report(about, std::move(error), {});
}

// On `lo` a packet is sent as soon as it is queued.
void Socket::report_stamps(const Datagram& datagram, i32 wanted) {
  const i32 kept = options_->timestamping();
  const u32 key = (kept & abi::sof_timestamping_opt_id) != 0 ? options_->next_stamp_key() : 0;
  const Ancillary& with = datagram.message.ancillary;
  Frame frame;
  if ((wanted & (abi::sof_timestamping_tx_sched | abi::sof_timestamping_tx_software)) == 0) return;
  if ((kept & abi::sof_timestamping_opt_tsonly) == 0)
    frame = udp_frame(datagram.from, datagram.to, {with.ttl, with.tos}, datagram.message.data);
  const auto stamp = [&](u32 type) {
    LateError error;
    error.what.ee_errno = static_cast<u32>(Errno::enomsg);
    error.what.ee_origin = abi::so_ee_origin_timestamping;
    error.what.ee_info = type;
    error.what.ee_data = key;
    if (!datagram.to.v4()) error.offender = make_inet({datagram.from.ip, 0}, domain_);
    report(datagram.to, std::move(error), frame.bytes, with.stamp_ns);
  };
  if ((wanted & abi::sof_timestamping_tx_sched) != 0) stamp(kStampScheduled);
  if ((wanted & abi::sof_timestamping_tx_software) != 0) stamp(kStampSent);
}

// MSG_ZEROCOPY with SO_ZEROCOPY: the caller may use its bytes again at once, as they were copied. Linux: msg_zerocopy_realloc,
// __msg_zerocopy_callback.
void Socket::report_copied(u32 flags) {
  if ((flags & abi::msg_zerocopy) == 0 || !options_->on(abi::sol_socket, abi::so_zerocopy)) return;
  const Ends e = ends();
  const u32 call = options_->next_copied_call();
  if (!e.errors || e.errors->extend_copied(call)) return;
  LateError error;
  error.what.ee_origin = abi::so_ee_origin_zerocopy;
  error.what.ee_code = abi::so_ee_code_zerocopy_copied;
  error.what.ee_info = error.what.ee_data = call;
  report({}, std::move(error), {});
}

// Linux: ip_recv_error. It never waits, and what it told of is no pending error any more.
Result<usize> Socket::receive_error(ReceiveRequest& request) {
  const Ends e = ends();
  if (!e.errors) return Errno::eagain;
  request.got = TRY(e.errors->get(request.to, Inbox::Look::take));
  request.result_flags |= abi::msg_errqueue;
  if (request.got.length > request.got.copied) request.result_flags |= abi::msg_trunc;
  const std::optional<LateError> next = e.errors->first_error();
  MutexGuard guard(lock_);
  if (next && is_icmp(*next)) {
    error_ = static_cast<Errno>(next->what.ee_errno);
  } else if (request.got.ancillary.error && is_icmp(*request.got.ancillary.error)) {
    error_ = Errno{};
  }
  return request.got.copied;
}

Result<void> Socket::give_error(const Ancillary& with, ControlWriter& control) {
  const LateError& error = *with.error;
  if (error.what.ee_origin == abi::so_ee_origin_timestamping) {
    if ((options_->timestamping() & abi::sof_timestamping_software) != 0) {
      const abi::TimeSpec stamps[3] = {to_timespec(with.stamp_ns), {}, {}};
      TRY(control.put_value(abi::sol_socket, options_->timestamping_option(), stamps));
    }
  }
  const bool v6 = domain_ == abi::af_inet6;
  std::vector<u8> bytes(sizeof error.what + (v6 ? sizeof(abi::SockAddrIn6) : sizeof(abi::SockAddrIn)));
  std::memcpy(bytes.data(), &error.what, sizeof error.what);
  std::memcpy(bytes.data() + sizeof error.what, error.offender.bytes.data(), error.offender.bytes.size());
  return control.put(v6 ? abi::sol_ipv6 : abi::sol_ip, v6 ? abi::ipv6_recverr : abi::ip_recverr, bytes);
}

}  // namespace limen
