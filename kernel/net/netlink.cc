#include "kernel/net/netlink.h"

#include <algorithm>
#include <cstring>

#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/net/interface.h"
#include "kernel/net/option_value.h"
#include "kernel/net/rtnetlink.h"
#include "kernel/net/socket.h"
#include "kernel/time/time_values.h"

namespace limen {
namespace {

constexpr usize kMostRequest = 64 << 10;
constexpr u32 kMostGroup = 64;  // RTNLGRP_* end before

// Option numbers of SOL_NETLINK: include/uapi/linux/netlink.h.
enum : int {
  kAddMembership = 1,
  kDropMembership = 2,
  kPktInfo = 3,
  kBroadcastError = 4,
  kNoEnobufs = 5,
  kListenAllNsid = 8,
  kListMemberships = 9,
  kCapAck = 10,
  kExtAck = 11,
  kGetStrictChk = 12,
};

bool is_switch(int option) {
  return option == kPktInfo || option == kBroadcastError || option == kNoEnobufs || option == kListenAllNsid ||
         option == kCapAck || option == kExtAck || option == kGetStrictChk;
}

SocketAddress address_of(u32 port, u32 groups) {
  const abi::SockAddrNl nl{.nl_family = abi::af_netlink, .nl_pid = port, .nl_groups = groups};
  return {std::string(reinterpret_cast<const char*>(&nl), sizeof nl)};
}

Result<abi::SockAddrNl> parse(const SocketAddress& address) {
  abi::SockAddrNl nl{};
  if (address.bytes.size() < sizeof nl) return Errno::einval;
  std::memcpy(&nl, address.bytes.data(), sizeof nl);
  if (nl.nl_family != abi::af_netlink) return Errno::einval;
  return nl;
}

void append_ack(const abi::NlMsgHdr& request, std::span<const u8> payload, Errno error, u32 port, bool cap,
                std::vector<u8>& out) {
  constexpr u16 kCapped = 0x100;  // NLM_F_CAPPED
  const bool whole = error != Errno{} && !cap;
  abi::NlMsgErr body{-static_cast<i32>(error), request};
  abi::NlMsgHdr head{};
  head.nlmsg_len = static_cast<u32>(sizeof head + sizeof body + (whole ? payload.size() : 0));
  head.nlmsg_type = abi::nlmsg_error;
  head.nlmsg_flags = whole ? u16{0} : kCapped;
  head.nlmsg_seq = request.nlmsg_seq;
  head.nlmsg_pid = port;
  const auto put = [&](const void* from, usize n) {
    const auto* bytes = static_cast<const u8*>(from);
    out.insert(out.end(), bytes, bytes + n);
  };
  put(&head, sizeof head);
  put(&body, sizeof body);
  if (whole) put(payload.data(), payload.size());
  out.resize(abi::nlmsg_align(static_cast<u32>(out.size())));
}

}  // namespace

// Port numbers in use, by protocol: one table for each network.
class NetlinkPorts final : public RefCounted {
 public:
  // The wanted one, or (0) the process's id or, where that is taken, one that no process has. eaddrinuse.
  Result<u32> take(i32 protocol, u32 wanted, i32 pid, NetlinkSocket* socket) {
    MutexGuard guard(lock_);
    if (wanted == 0) {
      wanted = static_cast<u32>(pid);
      while (ports_.contains({protocol, wanted})) wanted = next_--;
    } else if (ports_.contains({protocol, wanted})) {
      return Errno::eaddrinuse;
    }
    ports_[{protocol, wanted}] = socket;
    return wanted;
  }
  void give_back(i32 protocol, u32 port) {
    MutexGuard guard(lock_);
    ports_.erase({protocol, port});
  }
  Ref<NetlinkSocket> find(i32 protocol, u32 port) {
    MutexGuard guard(lock_);
    const auto it = ports_.find({protocol, port});
    if (it == ports_.end() || !it->second->try_ref()) return {};
    return Ref<NetlinkSocket>::adopt(it->second);
  }

 private:
  Mutex lock_{LockRank::net_tables};
  std::map<std::pair<i32, u32>, NetlinkSocket*> ports_ GUARDED_BY(lock_);
  u32 next_ GUARDED_BY(lock_) = static_cast<u32>(-4097);
};

namespace {

NetlinkPorts& ports(NetNamespace& net) { return static_cast<NetlinkPorts&>(*net.netlink_ports); }

}  // namespace

Ref<RefCounted> make_netlink_ports() { return make_ref<NetlinkPorts>(); }

NetlinkSocket::NetlinkSocket(Path path, u32 flags, Kernel& kernel, Ref<NetNamespace> net, u32 type, i32 protocol)
    : SocketFile(std::move(path), flags),
      kernel_(kernel),
      net_(std::move(net)),
      type_(type),
      protocol_(protocol),
      inbox_(make_ref<Inbox>(Inbox::Kind::messages)) {}

void NetlinkSocket::released() {
  bool bound = false;
  u32 port = 0;
  {
    MutexGuard guard(lock_);
    bound = bound_, port = port_;
  }
  if (bound) ports(*net_).give_back(protocol_, port);
  inbox_->close_reader();
  inbox_->discard();
}

Result<void> NetlinkSocket::take_port(Task& task, u32 wanted) {
  {
    MutexGuard guard(lock_);
    if (bound_) return wanted == 0 || wanted == port_ ? Result<void>() : Errno::einval;
  }
  const u32 port = TRY(ports(*net_).take(protocol_, wanted, task.sees(task.group().pid()), this));
  MutexGuard guard(lock_);
  if (bound_) {  // another thread was faster
    ports(*net_).give_back(protocol_, port);
    return success;
  }
  port_ = port, bound_ = true;
  return success;
}

Result<void> NetlinkSocket::join(u32 group, bool member) {
  if (group == 0 || group > kMostGroup) return Errno::einval;
  MutexGuard guard(lock_);
  if (member)
    groups_.insert(group);
  else
    groups_.erase(group);
  return success;
}

Result<void> NetlinkSocket::bind(Task& task, SocketAddress address) {
  const abi::SockAddrNl nl = TRY(parse(address));
  TRY(take_port(task, nl.nl_pid));
  MutexGuard guard(lock_);
  for (u32 bit = 0; bit < 32; ++bit) {
    if ((nl.nl_groups >> bit & 1) != 0)
      groups_.insert(bit + 1);
    else
      groups_.erase(bit + 1);
  }
  return success;
}

Result<void> NetlinkSocket::connect(Task& task, SocketAddress address) {
  if (address.family() == abi::af_unspec) {
    MutexGuard guard(lock_);
    peer_port_ = peer_groups_ = 0;
    return success;
  }
  const abi::SockAddrNl nl = TRY(parse(address));
  if ((nl.nl_pid != 0 || nl.nl_groups != 0) && !task.credentials().capable_in(*net_, Capability::net_admin))
    return Errno::eperm;
  TRY(take_port(task, 0));
  MutexGuard guard(lock_);
  peer_port_ = nl.nl_pid, peer_groups_ = nl.nl_groups;
  return success;
}

SocketRow NetlinkSocket::row() {
  SocketRow row{.domain = abi::af_netlink, .protocol = protocol_, .type = type_, .local = name()};
  if (const Result<Attributes> a = attributes(); a.ok()) row.uid = a->uid.raw(), row.inode = a->inode;
  return row;
}

SocketAddress NetlinkSocket::name() {
  MutexGuard guard(lock_);
  u32 groups = 0;
  for (const u32 g : groups_) groups |= g <= 32 ? u32{1} << (g - 1) : 0;
  return address_of(port_, groups);
}

Result<SocketAddress> NetlinkSocket::peer_name() {
  MutexGuard guard(lock_);
  return address_of(peer_port_, peer_groups_);
}

u32 NetlinkSocket::port() {
  MutexGuard guard(lock_);
  return port_;
}

bool NetlinkSocket::flag(int option) {
  MutexGuard guard(lock_);
  return flags_.contains(option);
}

void NetlinkSocket::deliver(std::span<const u8> message) {
  if (const Ref<PacketFilter> filter = options_->filter()) {
    Packet packet;
    packet.bytes = message;
    const u32 kept = filter->run(packet);
    if (kept == 0) return;
    message = message.first(std::min<usize>(kept, message.size()));
  }
  UserBuffer from = UserBuffer::of_const(message);
  Ancillary none;
  Inbox::Limits limits;
  limits.bytes = receive_size_.load(std::memory_order_relaxed);
  const Result<usize> put = inbox_->put(kernel_.ipc_memory(), from, address_of(0, 0), none, limits);
  if (put.ok()) {
    inbox_->readers.wake(kPollIn | kPollRdNorm);
  } else if (!flag(kNoEnobufs)) {
    overrun_.store(true);
    inbox_->readers.wake();
  }
}

Result<usize> NetlinkSocket::send(Task& task, SendRequest& request) {
  if ((request.flags & abi::msg_oob) != 0) return Errno::eopnotsupp;
  u32 to = 0, groups = 0;
  if (!request.to.bytes.empty()) {
    const abi::SockAddrNl nl = TRY(parse(request.to));
    to = nl.nl_pid, groups = nl.nl_groups;
    if ((to != 0 || groups != 0) && !task.credentials().capable_in(*net_, Capability::net_admin)) return Errno::eperm;
  } else {
    MutexGuard guard(lock_);
    to = peer_port_, groups = peer_groups_;
  }
  TRY(take_port(task, 0));
  const usize length = request.from.remaining();
  if (length > send_size_.load() - 32 || length > kMostRequest) return Errno::emsgsize;
  std::vector<u8> bytes(length);
  const usize copied = TRY(request.from.copy_in(bytes));
  if (copied != length) return Errno::efault;
  if (to != 0) {
    const Ref<NetlinkSocket> peer = ports(*net_).find(protocol_, to);
    if (!peer) return Errno::econnrefused;
    peer->deliver(bytes);
    return length;
  }
  if (protocol_ != abi::netlink_route) return Errno::econnrefused;  // nobody in the kernel listens
  std::span<const u8> rest(bytes);
  while (rest.size() >= sizeof(abi::NlMsgHdr)) {
    RouteRequest one{.net = *net_, .header = {}, .payload = {}, .port = port(), .strict = flag(kGetStrictChk)};
    std::memcpy(&one.header, rest.data(), sizeof one.header);
    if (one.header.nlmsg_len < sizeof one.header || one.header.nlmsg_len > rest.size()) break;
    one.payload = rest.subspan(sizeof one.header, one.header.nlmsg_len - sizeof one.header);
    std::vector<u8> out;
    Result<void> done;
    constexpr u16 kFirstType = 0x10;  // NLMSG_MIN_TYPE
    if ((one.header.nlmsg_flags & abi::nlm_f_request) != 0 && one.header.nlmsg_type >= kFirstType)
      done = answer_route_request(task, one, out);
    if (!done.ok()) out.clear();
    if (!out.empty()) deliver(out);
    if (!done.ok() || (one.header.nlmsg_flags & abi::nlm_f_ack) != 0) {
      std::vector<u8> ack;
      append_ack(one.header, one.payload, done.ok() ? Errno{} : done.error(), one.port, flag(kCapAck), ack);
      deliver(ack);
    }
    rest = rest.subspan(std::min<usize>(abi::nlmsg_align(one.header.nlmsg_len), rest.size()));
  }
  return length;
}

Result<usize> NetlinkSocket::receive(Task& task, ReceiveRequest& request) {
  if ((request.flags & abi::msg_oob) != 0) return Errno::eopnotsupp;
  const bool wait = !nonblocking() && (request.flags & abi::msg_dontwait) == 0;
  const auto look = (request.flags & abi::msg_peek) != 0 ? Inbox::Look::peek : Inbox::Look::take;
  const u64 timeout = options_->receive_timeout_ns();
  const Deadline deadline = timeout == 0 ? Deadline::never() : task.clock().after(timeout);
  const auto attempt = [&]() -> Result<Inbox::Received> {
    if (overrun_.exchange(false)) return Errno::enobufs;
    return inbox_->get(request.to, look);
  };
  Result<Inbox::Received> got = wait ? task.block(inbox_->readers, deadline, attempt) : attempt();
  if (got.is(Errno::etimedout)) return Errno::eagain;
  if (got.is(Errno::erestartsys) && !deadline.is_never()) return Errno::eintr;
  if (!got.ok()) return got.error();
  request.got = std::move(*got);
  if (request.got.length > request.got.copied) {
    request.result_flags |= abi::msg_trunc;
    if ((request.flags & abi::msg_trunc) != 0) return request.got.length;
  }
  return request.got.copied;
}

Result<usize> NetlinkSocket::try_read(Task& task, UserBuffer& to, u64*) {
  ReceiveRequest request{to, abi::msg_dontwait, {}, 0};
  return receive(task, request);
}

Result<usize> NetlinkSocket::try_write(Task& task, UserBuffer& from, u64*) {
  SendRequest request{from, abi::msg_dontwait, {}, {}};
  return send(task, request);
}

Result<void> NetlinkSocket::take_control(Task&, const abi::CMsgHdr& head, std::span<const u8>, SendRequest&) {
  return head.cmsg_level == abi::sol_socket ? Errno::einval : Errno{};
}

Result<void> NetlinkSocket::give_control(Task& task, const Inbox::Received& got, ControlWriter& control) {
  if (!passes_credentials()) return success;
  return control.put_value(abi::sol_socket, abi::scm_credentials, seen_by(task, got.ancillary.sender));
}

PollEvents NetlinkSocket::poll(PollTable* table) {
  if (table != nullptr) table->add(inbox_, inbox_->readers);
  PollEvents events = kPollOut | kPollWrNorm | kPollWrBand;
  if (!inbox_->state().empty) events |= kPollIn | kPollRdNorm;
  if (overrun_.load()) events |= kPollErr | kPollIn | kPollRdNorm;
  return events;
}

Result<i64> NetlinkSocket::ioctl(Task& task, u32 command, u64 argument) {
  return interface_ioctl(task, *net_, command, argument, abi::af_netlink);
}

Result<void> NetlinkSocket::check_level(int level) {
  return level == abi::sol_socket || level == abi::sol_netlink ? Errno{} : Errno::enoprotoopt;
}

Result<std::vector<u8>> NetlinkSocket::get_option(Task& task, int level, int option, usize room) {
  TRY(check_level(level));
  if (level == abi::sol_netlink) {
    if (option == kListMemberships) {
      u64 groups = 0;
      MutexGuard guard(lock_);
      if (groups_.empty()) return std::vector<u8>();
      for (const u32 g : groups_) groups |= u64{1} << (g - 1);
      return bytes_of(groups, room);
    }
    if (!is_switch(option)) return Errno::enoprotoopt;
    if (room < sizeof(i32)) return Errno::einval;
    return bytes_of(static_cast<i32>(flag(option)), room);
  }
  const auto integer = [&](auto value) { return bytes_of(static_cast<i32>(value), room); };
  switch (option) {
    case abi::so_type:
      return integer(type_);
    case abi::so_domain:
      return integer(abi::af_netlink);
    case abi::so_protocol:
      return integer(protocol_);
    case abi::so_error:
      return integer(overrun_.exchange(false) ? static_cast<i32>(Errno::enobufs) : i32{0});
    case abi::so_sndbuf:
      return integer(send_size_.load());
    case abi::so_rcvbuf:
      return integer(receive_size_.load());
    case abi::so_passcred:
      return integer(passes_credentials());
    case abi::so_acceptconn:
    case abi::so_reuseaddr:
    case abi::so_reuseport:
      return integer(0);
    case abi::so_rcvlowat:
      return integer(low_water_.load());
    case abi::so_peercred:
      return bytes_of(seen_by(task, {0, ~0u, ~0u}), room);
    case abi::so_peergroups:
    case abi::so_peerpidfd:
      return Errno::enodata;
    case abi::so_peername: {
      const SocketAddress peer = TRY(peer_name());
      if (peer.bytes.size() < room) return Errno::einval;
      return bytes_of(std::string_view(peer.bytes), room);
    }
    case abi::so_cookie:
      if (room < sizeof(u64)) return Errno::einval;
      return bytes_of(id(), room);
    case abi::so_meminfo: {
      const Inbox::State in = inbox_->state();
      const u32 info[9] = {
          static_cast<u32>(in.true_size), receive_size_.load(), 0, send_size_.load(), 0, 0, 0, 0, inbox_->drops()};
      return bytes_of(info, room);
    }
    default:
      return options_->get(*net_, option, room);
  }
}

Result<void> NetlinkSocket::set_option(Task& task, int level, int option, std::span<const u8> value) {
  TRY(check_level(level));
  if (level == abi::sol_netlink) {
    i32 number = 0;
    if (value.size() >= sizeof number) number = TRY(value_of<i32>(value));
    if (option == kAddMembership || option == kDropMembership)
      return join(static_cast<u32>(number), option == kAddMembership);
    if (!is_switch(option)) return Errno::enoprotoopt;
    if (option == kListenAllNsid && !task.credentials().capable_in(*net_, Capability::net_admin)) return Errno::eperm;
    MutexGuard guard(lock_);
    if (number != 0)
      flags_.insert(option);
    else
      flags_.erase(option);
    return success;
  }
  if (option == abi::so_bindtodevice) return options_->set(task, *net_, option, value);
  const i32 number = TRY(value_of<i32>(value));
  const BufferSettings& all = task.kernel().settings().buffers;
  switch (option) {
    case abi::so_sndbufforce:
    case abi::so_rcvbufforce:
      if (!task.credentials().capable_in(*net_, Capability::net_admin)) return Errno::eperm;
      [[fallthrough]];
    case abi::so_sndbuf:
    case abi::so_rcvbuf: {
      const bool sends = option == abi::so_sndbuf || option == abi::so_sndbufforce;
      const u32 size = sends ? buffer_size(number, all.wmem_max, 4608) : buffer_size(number, all.rmem_max, 2304);
      (sends ? send_size_ : receive_size_).store(size);
      const i32 locked = options_->number(abi::sol_socket, abi::so_buf_lock) | (sends ? 1 : 2);
      options_->put(abi::sol_socket, abi::so_buf_lock, locked);
      return success;
    }
    case abi::so_rcvlowat:
      low_water_.store(number < 0 ? INT32_MAX : static_cast<u32>(std::max(number, 1)));
      return success;
    case abi::so_passcred:
      pass_credentials_.store(number != 0);
      return success;
    case abi::so_reuseaddr:  // means nothing to a port that nobody else can have
      return success;
    case abi::so_reuseport:
      return number == 0 ? Errno{} : Errno::eopnotsupp;
    case abi::so_detach_reuseport_bpf:
      return Errno::einval;
    default:
      return options_->set(task, *net_, option, value);
  }
}

}  // namespace limen
