// The calls on sockets: decoding of addresses and control messages; what they mean is kernel/net/socket.h's.
#include <algorithm>
#include <cstring>

#include "abi/bpf.h"
#include "abi/fcntl.h"
#include "abi/netlink.h"
#include "abi/resource.h"
#include "abi/socket.h"
#include "kernel/ipc/timeout.h"
#include "kernel/kernel.h"
#include "kernel/net/control.h"
#include "kernel/net/netlink.h"
#include "kernel/net/packet_socket.h"
#include "kernel/net/socket.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr usize kMostControl = 20480;  // net.core.optmem_max
constexpr usize kMostOption = 4096;
constexpr i32 kMostDomain = 45;   // AF_MAX is behind it
constexpr u32 kMostBatch = 1024;  // UIO_MAXIOV: of sendmmsg and recvmmsg

Result<Ref<SocketFile>> socket_of(Task& task, Fd fd) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  Ref<SocketFile> socket = ref_cast<SocketFile>(file);
  return socket ? Result<Ref<SocketFile>>(std::move(socket)) : Result<Ref<SocketFile>>(Errno::enotsock);
}

Result<SocketAddress> read_address(Task& task, GuestAddr addr, int length) {
  SocketAddress address;
  if (length < 0 || static_cast<usize>(length) > abi::sockaddr_storage_size) return Errno::einval;
  address.bytes.resize(static_cast<usize>(length));
  if (length != 0) TRY(copy_from_user(task, address.bytes.data(), addr, address.bytes.size()));
  return address;
}

// As much as there is room for; the length that it really has goes back (Linux: move_addr_to_user).
Result<void> write_address(Task& task, const SocketAddress& address, GuestAddr addr, UserInOut<i32> length) {
  if (addr.is_null()) return success;
  const i32 room = TRY(length.read(task));
  if (room < 0) return Errno::einval;
  const usize n = std::min(address.bytes.size(), static_cast<usize>(room));
  if (n != 0) TRY(copy_to_user(task, addr, address.bytes.data(), n));
  return length.write(task, static_cast<i32>(address.bytes.size()));
}

FdFlags fd_flags(u32 flags) { return (flags & abi::sock_cloexec) != 0 ? FdFlags::close_on_exec : FdFlags::none; }

// net.ipv4.ping_group_range. Linux: ping_init_sock.
bool may_ping(Task& task) {
  const NetNamespace::GroupRange range = net_of(task).ping_groups();
  const Credentials& own = task.credentials();
  const auto is_in = [&](Gid group) { return group.raw() >= range.first && group.raw() <= range.last; };
  return is_in(own.egid) || std::any_of(own.groups.begin(), own.groups.end(), is_in);
}

// Linux: __sock_create, inet_create, unix_create.
Result<void> check_kind(Task& task, SocketDomain domain, u32 type, SocketProtocol protocol) {
  const i32 p = protocol.raw();
  switch (domain.raw()) {
    case abi::af_unix:
      if (p != 0 && p != abi::af_unix) return Errno::eprotonosupport;
      if (type != abi::sock_stream && type != abi::sock_dgram && type != abi::sock_seqpacket && type != abi::sock_raw) {
        return Errno::esocktnosupport;
      }
      return success;
    case abi::af_inet:
    case abi::af_inet6: {
      constexpr i32 kMostProtocol = 262;  // IPPROTO_MPTCP
      if (p < 0 || p > kMostProtocol) return Errno::einval;
      if (type == abi::sock_stream) return p == 0 || p == abi::ipproto_tcp ? Result<void>() : Errno::eprotonosupport;
      const i32 icmp = domain.raw() == abi::af_inet ? abi::ipproto_icmp : abi::ipproto_icmpv6;
      if (type == abi::sock_dgram && p == icmp) return may_ping(task) ? Errno{} : Errno::eacces;
      if (type == abi::sock_dgram)
        return p == 0 || p == abi::ipproto_udp || p == abi::ipproto_udplite ? Result<void>() : Errno::eprotonosupport;
      if (type == abi::sock_raw) {
        if (p == 0 || p > abi::ipproto_raw) return p == 0 ? Errno::eprotonosupport : Errno::einval;
        return task.credentials().capable_in(net_of(task), Capability::net_raw) ? Errno{} : Errno::eperm;
      }
      return Errno::esocktnosupport;
    }
    default:
      return Errno::eafnosupport;
  }
}

Result<Ref<Socket>> make_socket(Task& task, SocketDomain domain, SocketType type, SocketProtocol protocol) {
  const u32 flags = type.raw() & ~abi::sock_type_mask;
  if ((flags & ~(abi::sock_cloexec | abi::sock_nonblock)) != 0) return Errno::einval;
  u32 kind = type.raw() & abi::sock_type_mask;
  if (domain.raw() < 0 || domain.raw() > kMostDomain) return Errno::eafnosupport;
  if (kind > abi::sock_packet) return Errno::einval;
  TRY(check_kind(task, domain, kind, protocol));
  if (kind == abi::sock_raw && domain.raw() == abi::af_unix) kind = abi::sock_dgram;  // the same
  const u32 status = abi::o_rdwr | (flags & abi::sock_nonblock);
  i32 p = domain.raw() == abi::af_unix ? 0 : protocol.raw();
  if (domain.raw() != abi::af_unix && p == 0) p = kind == abi::sock_stream ? abi::ipproto_tcp : abi::ipproto_udp;
  auto socket = make_ref<Socket>(anon_path(task, "socket:", abi::s_ifsock | 0777), status, task.kernel(),
                                 task.namespaces().net, domain.raw(), kind, p);
  socket->made_in(task.credentials().landlock);
  return socket;
}

Result<Ref<SocketFile>> make_netlink_socket(Task& task, SocketType type, SocketProtocol protocol) {
  const u32 flags = type.raw() & ~abi::sock_type_mask;
  if ((flags & ~(abi::sock_cloexec | abi::sock_nonblock)) != 0) return Errno::einval;
  const u32 kind = type.raw() & abi::sock_type_mask;
  if (kind != abi::sock_raw && kind != abi::sock_dgram) return Errno::esocktnosupport;
  const i32 p = protocol.raw();
  if (p != abi::netlink_route && p != abi::netlink_kobject_uevent) return Errno::eprotonosupport;
  const u32 status = abi::o_rdwr | (flags & abi::sock_nonblock);
  return Ref<SocketFile>(make_ref<NetlinkSocket>(anon_path(task, "socket:", abi::s_ifsock | 0777), status,
                                                 task.kernel(), task.namespaces().net, kind, p));
}

Result<Ref<SocketFile>> make_packet_socket(Task& task, SocketType type, SocketProtocol protocol) {
  const u32 flags = type.raw() & ~abi::sock_type_mask;
  if ((flags & ~(abi::sock_cloexec | abi::sock_nonblock)) != 0) return Errno::einval;
  if (!task.credentials().capable_in(net_of(task), Capability::net_raw)) return Errno::eperm;
  const u32 kind = type.raw() & abi::sock_type_mask;
  if (kind != abi::sock_raw && kind != abi::sock_dgram) return Errno::esocktnosupport;
  const u16 given = static_cast<u16>(protocol.raw());
  return Ref<SocketFile>(make_ref<PacketSocket>(
      anon_path(task, "socket:", abi::s_ifsock | 0777), abi::o_rdwr | (flags & abi::sock_nonblock), task.kernel(),
      task.namespaces().net, kind, static_cast<u16>(given >> 8 | given << 8)));  // in network order
}

// --- Control messages -------------------------------------------------------------------------------------------------------

Result<void> add_rights(Task& task, std::span<const u8> data, Ancillary& ancillary) {
  const usize count = data.size() / sizeof(i32);
  if (ancillary.files.size() + count > abi::scm_max_fd) return Errno::einval;
  for (usize i = 0; i < count; ++i) {
    i32 fd = 0;
    std::memcpy(&fd, data.data() + i * sizeof fd, sizeof fd);
    Ref<File> file = TRY(task.files().get(Fd(fd)));
    ancillary.files.push_back(std::move(file));
  }
  if (count == 0) return success;
  // Linux: too_many_unix_fds.
  const Credentials& own = task.credentials();
  ancillary.flyer = own.user_ns->account(own.uid);
  const u64 most = task.group().limit(abi::rlimit_nofile).soft;
  const auto is_too_many = [&] { return ancillary.flyer->files_in_flight.load(std::memory_order_relaxed) > most; };
  if (!is_too_many() || own.capable(Capability::sys_resource) || own.capable(Capability::sys_admin)) return success;
  task.namespaces().net->in_flight->collect(nullptr);
  return is_too_many() ? Errno::etoomanyrefs : Errno{};
}

Result<void> set_credentials(Task& task, std::span<const u8> data, Ancillary& ancillary) {
  abi::UCred cred{};
  if (data.size() != sizeof cred) return Errno::einval;
  std::memcpy(&cred, data.data(), sizeof cred);
  const Credentials& own = task.credentials();
  const Uid uid = TRY(own.kernel_id(Uid(cred.uid)));
  const Gid gid = TRY(own.kernel_id(Gid(cred.gid)));
  const Pid pid = task.means(Pid(cred.pid));
  const PidNamespace& pids = *task.namespaces().pid;
  const bool pid_ok = pid == task.group().pid() || own.capable_in(pids, Capability::sys_admin);
  const bool uid_ok = uid == own.uid || uid == own.euid || uid == own.suid || own.capable_here(Capability::setuid);
  const bool gid_ok = gid == own.gid || gid == own.egid || gid == own.sgid || own.capable_here(Capability::setgid);
  if (!pid_ok || !uid_ok || !gid_ok) return Errno::eperm;
  if (pid != task.group().pid()) {
    ReadGuard tree(task.kernel().process_tree);
    if (!pids.find(Pid(cred.pid)) && !pids.find_process_group(Pid(cred.pid))) return Errno::esrch;
  }
  ancillary.sender = {pid.raw(), uid.raw(), gid.raw()};  // as the kernel counts: the receiver may see others
  return success;
}

Result<void> read_control(Task& task, const abi::MsgHdr& header, SocketFile& socket, SendRequest& request) {
  if (header.msg_controllen == 0) return success;
  if (header.msg_controllen > kMostControl) return Errno::enobufs;
  std::vector<u8> control(header.msg_controllen);
  TRY(copy_from_user(task, control.data(), header.msg_control, control.size()));
  usize at = 0;
  while (at + sizeof(abi::CMsgHdr) <= control.size()) {
    abi::CMsgHdr head{};
    std::memcpy(&head, control.data() + at, sizeof head);
    if (head.cmsg_len < sizeof head || head.cmsg_len > control.size() - at) return Errno::einval;
    const std::span<const u8> data(control.data() + at + sizeof head, head.cmsg_len - sizeof head);
    const bool of_unix = head.cmsg_level == abi::sol_socket && socket.domain() == abi::af_unix;
    if (of_unix && head.cmsg_type == abi::scm_rights) {
      TRY(add_rights(task, data, request.ancillary));
    } else if (of_unix && head.cmsg_type == abi::scm_credentials) {
      TRY(set_credentials(task, data, request.ancillary));
    } else {
      TRY(socket.take_control(task, head, data, request));
    }
    at += abi::cmsg_align(head.cmsg_len);
  }
  return success;
}

// Descriptors are reserved, told, and only then published. Those that do not fit are closed.
Result<void> give_files(Task& task, ControlWriter& control, const std::vector<Ref<File>>& files, FdFlags flags) {
  if (files.empty()) return success;
  std::vector<FdReservation> reserved;
  std::vector<i32> numbers;
  const usize fit = std::min<usize>(files.size(), control.data_room() / sizeof(i32));
  for (usize i = 0; i < fit; ++i) {
    Result<FdReservation> fd = task.files().reserve(task);
    if (!fd.ok()) break;
    numbers.push_back(fd->number().raw());
    reserved.push_back(std::move(*fd));
  }
  if (numbers.size() < files.size()) control.cut_some();
  if (numbers.empty()) return success;
  TRY(control.put(abi::sol_socket, abi::scm_rights,
                  {reinterpret_cast<const u8*>(numbers.data()), numbers.size() * sizeof(i32)}));
  for (usize i = 0; i < reserved.size(); ++i) reserved[i].publish(files[i], flags);
  return success;
}

Result<i64> send_message(Task& task, SocketFile& socket, const abi::MsgHdr& header, u32 flags) {
  if (header.msg_iovlen > abi::uio_maxiov) return Errno::emsgsize;
  UserBuffer buffer = TRY(read_iovec(task, header.msg_iov, header.msg_iovlen));
  SendRequest request{buffer, flags, {}, {}, {}};
  if (!header.msg_name.is_null() && header.msg_namelen != 0) {
    const int length = std::min<int>(header.msg_namelen, abi::sockaddr_storage_size);
    request.to = TRY(read_address(task, header.msg_name, length));
  }
  TRY(read_control(task, header, socket, request));
  return static_cast<i64>(TRY(socket.send(task, request)));
}

// `header` comes back as the guest is to see it.
Result<i64> receive_message(Task& task, SocketFile& socket, abi::MsgHdr& header, u32 flags) {
  if (header.msg_iovlen > abi::uio_maxiov) return Errno::emsgsize;
  if (header.msg_namelen < 0) return Errno::einval;
  UserBuffer buffer = TRY(read_iovec(task, header.msg_iov, header.msg_iovlen));
  ReceiveRequest request{buffer, flags, {}, 0};
  const usize n = TRY(socket.receive(task, request));
  if (!header.msg_name.is_null()) {
    const std::string& from = request.got.from.bytes;
    const bool told = socket.type() != abi::sock_stream || socket.domain() == abi::af_unix;
    const usize length = told ? std::min<usize>(from.size(), static_cast<usize>(header.msg_namelen)) : 0;
    if (length != 0) TRY(copy_to_user(task, header.msg_name, from.data(), length));
    header.msg_namelen = told ? static_cast<i32>(from.size()) : 0;
  }
  ControlWriter control(task, header.msg_control, header.msg_controllen);
  TRY(socket.give_control(task, request.got, control));
  const FdFlags fds = (flags & abi::msg_cmsg_cloexec) != 0 ? FdFlags::close_on_exec : FdFlags::none;
  TRY(give_files(task, control, request.got.ancillary.files, fds));
  header.msg_controllen = control.used();
  header.msg_flags = request.result_flags | (control.cut() ? abi::msg_ctrunc : 0) | (flags & abi::msg_cmsg_cloexec);
  return static_cast<i64>(n);
}

}  // namespace

Result<i64> sys_socket(Task& task, SocketDomain domain, SocketType type, SocketProtocol protocol) {
  Ref<SocketFile> socket;
  if (domain.raw() == abi::af_netlink) {
    socket = TRY(make_netlink_socket(task, type, protocol));
  } else if (domain.raw() == abi::af_packet) {
    socket = TRY(make_packet_socket(task, type, protocol));
  } else {
    socket = TRY(make_socket(task, domain, type, protocol));
  }
  const Fd fd = TRY(task.files().install(task, std::move(socket), fd_flags(type.raw())));
  return fd.raw();
}

Result<i64> sys_socketpair(Task& task, SocketDomain domain, SocketType type, SocketProtocol protocol,
                           UserOut<abi::FdPair> fds) {
  const Ref<Socket> a = TRY(make_socket(task, domain, type, protocol));
  if (domain.raw() != abi::af_unix) return Errno::eopnotsupp;
  const Ref<Socket> b = TRY(make_socket(task, domain, type, protocol));
  FdReservation first = TRY(task.files().reserve(task));
  FdReservation second = TRY(task.files().reserve(task));
  Socket::pair(task, *a, *b);
  TRY(fds.write(task, {first.number().raw(), second.number().raw()}));
  first.publish(a, fd_flags(type.raw()));
  second.publish(b, fd_flags(type.raw()));
  return 0;
}

Result<i64> sys_bind(Task& task, Fd fd, UserBytes<In> addr, int addrlen) {
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  SocketAddress address = TRY(read_address(task, addr.addr(), addrlen));
  if (address.bytes.size() < 2) return Errno::einval;
  TRY(socket->bind(task, std::move(address)));
  return 0;
}

Result<i64> sys_connect(Task& task, Fd fd, UserBytes<In> addr, int addrlen) {
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  SocketAddress address = TRY(read_address(task, addr.addr(), addrlen));
  TRY(socket->connect(task, std::move(address)));
  return 0;
}

Result<i64> sys_listen(Task& task, Fd fd, int backlog) {
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  TRY(socket->listen(task, backlog));
  return 0;
}

Result<i64> sys_accept4(Task& task, Fd fd, UserBytes<Out> addr, UserInOut<i32> addrlen, SocketType flags) {
  if (flags.unknown(abi::sock_cloexec | abi::sock_nonblock) != 0) return Errno::einval;
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  FdReservation reserved = TRY(task.files().reserve(task));
  SocketAddress peer;
  Ref<SocketFile> accepted = TRY(socket->accept(task, flags.raw(), peer));
  TRY(write_address(task, peer, addr.addr(), addrlen));
  const Fd number = reserved.number();
  reserved.publish(std::move(accepted), fd_flags(flags.raw()));
  return number.raw();
}

Result<i64> sys_accept(Task& task, Fd fd, UserBytes<Out> addr, UserInOut<i32> addrlen) {
  return sys_accept4(task, fd, addr, addrlen, SocketType());
}

Result<i64> sys_shutdown(Task& task, Fd fd, ShutdownHow how) {
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  TRY(socket->shutdown(how.raw()));
  return 0;
}

Result<i64> sys_getsockname(Task& task, Fd fd, UserBytes<Out> addr, UserInOut<i32> addrlen) {
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  if (addr.is_null()) return Errno::efault;
  TRY(write_address(task, socket->name(), addr.addr(), addrlen));
  return 0;
}

Result<i64> sys_getpeername(Task& task, Fd fd, UserBytes<Out> addr, UserInOut<i32> addrlen) {
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  const SocketAddress peer = TRY(socket->peer_name());
  if (addr.is_null()) return Errno::efault;
  TRY(write_address(task, peer, addr.addr(), addrlen));
  return 0;
}

Result<i64> sys_sendto(Task& task, Fd fd, UserBytes<In> buf, usize len, MsgFlags flags, UserBytes<In> addr,
                       int addrlen) {
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  UserBuffer buffer(task, buf.addr(), len);
  SendRequest request{buffer, flags.raw(), {}, {}, {}};
  if (!addr.is_null()) request.to = TRY(read_address(task, addr.addr(), addrlen));
  return static_cast<i64>(TRY(socket->send(task, request)));
}

Result<i64> sys_recvfrom(Task& task, Fd fd, UserBytes<Out> buf, usize len, MsgFlags flags, UserBytes<Out> addr,
                         UserInOut<i32> addrlen) {
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  UserBuffer buffer(task, buf.addr(), len);
  ReceiveRequest request{buffer, flags.raw(), {}, 0};
  const usize n = TRY(socket->receive(task, request));
  // A TCP socket does not say: its peer is known.
  const bool told = socket->type() != abi::sock_stream || socket->domain() == abi::af_unix;
  TRY(write_address(task, told ? request.got.from : SocketAddress{}, addr.addr(), addrlen));
  return static_cast<i64>(n);
}

Result<i64> sys_sendmsg(Task& task, Fd fd, UserIn<abi::MsgHdr> msg, MsgFlags flags) {
  if (flags.has(abi::msg_cmsg_compat)) return Errno::einval;
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  const abi::MsgHdr header = TRY(msg.read(task));
  return send_message(task, *socket, header, flags.raw());
}

Result<i64> sys_recvmsg(Task& task, Fd fd, UserInOut<abi::MsgHdr> msg, MsgFlags flags) {
  if (flags.has(abi::msg_cmsg_compat)) return Errno::einval;
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  abi::MsgHdr header = TRY(msg.read(task));
  const i64 n = TRY(receive_message(task, *socket, header, flags.raw()));
  TRY(msg.write(task, header));
  return n;
}

Result<i64> sys_sendmmsg(Task& task, Fd fd, UserArray<InOut, abi::MMsgHdr> msgs, u32 vlen, MsgFlags flags) {
  if (flags.has(abi::msg_cmsg_compat)) return Errno::einval;
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  for (u32 i = 0; i < std::min(vlen, kMostBatch); ++i) {
    Result<i64> sent = [&]() -> Result<i64> {
      abi::MMsgHdr message = TRY(msgs.read(task, i));
      message.msg_len = static_cast<u32>(TRY(send_message(task, *socket, message.msg_hdr, flags.raw())));
      TRY(msgs.write(task, message, i));
      return 0;
    }();
    if (!sent.ok()) {
      if (i != 0) return i;
      return sent.error();
    }
  }
  return std::min(vlen, kMostBatch);
}

Result<i64> sys_recvmmsg(Task& task, Fd fd, UserArray<InOut, abi::MMsgHdr> msgs, u32 vlen, MsgFlags flags,
                         UserInOut<abi::TimeSpec> timeout) {
  if (flags.has(abi::msg_cmsg_compat)) return Errno::einval;
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  Deadline deadline = Deadline::never();
  if (!timeout.is_null()) {
    const abi::TimeSpec t = TRY(timeout.read(task));
    deadline = TRY(relative_deadline(task.clock(), t));
  }
  u32 bits = flags.raw(), count = 0;
  u64 left_ns = 0;
  while (count < std::min(vlen, kMostBatch)) {
    const Result<void> got = [&]() -> Result<void> {
      abi::MMsgHdr message = TRY(msgs.read(task, count));
      message.msg_len =
          static_cast<u32>(TRY(receive_message(task, *socket, message.msg_hdr, bits & ~abi::msg_waitforone)));
      return msgs.write(task, message, count);
    }();
    if (!got.ok() && count == 0) return got.error();
    if (!got.ok()) break;
    ++count;
    if ((bits & abi::msg_waitforone) != 0) bits |= abi::msg_dontwait;
    if (timeout.is_null()) continue;
    // As on Linux the time is looked at after each message only.
    left_ns = remaining_ns(task.clock(), deadline);
    if (left_ns == 0) break;
  }
  // Linux: __sys_recvmmsg tells what was left behind the last message.
  if (!timeout.is_null() && count > 0) TRY(timeout.write(task, to_timespec(left_ns)));
  return count;
}

Result<i64> sys_setsockopt(Task& task, Fd fd, SocketLevel level, SocketOption option, UserBytes<In> value, int length) {
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  if (length < 0) return Errno::einval;
  TRY(socket->check_level(level.raw()));
  // What is beyond the longest value does not count.
  std::vector<u8> bytes(std::min(static_cast<usize>(length), kMostOption));
  // Linux: do_ipv6_setsockopt takes no value at all for 0.
  const bool nothing = level.raw() == abi::sol_ipv6 && value.addr().is_null();
  if (!bytes.empty() && !nothing) TRY(copy_from_user(task, bytes.data(), value.addr(), bytes.size()));
  TRY(socket->set_option(task, level.raw(), option.raw(), bytes));
  return 0;
}

Result<i64> sys_getsockopt(Task& task, Fd fd, SocketLevel level, SocketOption option, UserBytes<Out> value,
                           UserInOut<i32> length) {
  const Ref<SocketFile> socket = TRY(socket_of(task, fd));
  const i32 room = TRY(length.read(task));
  if (room < 0) return Errno::einval;
  const std::vector<u8> bytes = TRY(socket->get_option(task, level.raw(), option.raw(), static_cast<usize>(room)));
  const bool is_filter = level.raw() == abi::sol_socket && option.raw() == abi::so_attach_filter;
  usize told = bytes.size();
  if (is_filter) told /= sizeof(abi::SockFilter);  // SO_GET_FILTER: without room it tells the length alone
  if (!bytes.empty() && !(is_filter && room == 0)) TRY(copy_to_user(task, value.addr(), bytes.data(), bytes.size()));
  TRY(length.write(task, static_cast<i32>(told)));
  return 0;
}

}  // namespace limen
