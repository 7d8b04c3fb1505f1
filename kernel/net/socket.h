// Sockets: unix(7) of all three types, and TCP and UDP over the sandbox's own `lo` (127.0.0.0/8 and ::1; anything else is
// ENETUNREACH). A TCP connection never leaves the sandbox, so it is what a unix connection is: two inboxes.
//
// Lock: lock_ (rank `socket`): what the socket is bound and connected to. Never held over a copy or while another socket's is.
#pragma once

#include "abi/socket.h"
#include "kernel/net/endpoint.h"
#include "kernel/net/ip.h"
#include "kernel/net/socket_file.h"
#include "kernel/net/socket_row.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"

namespace limen {

inline constexpr u32 kConnectedSend = 2626560;  // SO_SNDBUF as it has grown on Linux when a connection on lo stands

class Socket final : public SocketFile {
 public:
  Socket(Path path, u32 flags, Kernel& kernel, Ref<NetNamespace> net, i32 domain, u32 type, i32 protocol);

  // Before others can reach it: who made it, for those whose Landlock domain keeps to itself.
  void made_in(Ref<const LandlockDomain> domain);

  bool can_signal() const override { return true; }
  PollEvents poll(PollTable* table) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;

  Result<void> bind(Task& task, SocketAddress address) override;
  Result<void> connect(Task& task, SocketAddress address) override;
  Result<void> listen(Task& task, int backlog) override;
  Result<Ref<SocketFile>> accept(Task& task, u32 flags, SocketAddress& peer) override;
  Result<usize> send(Task& task, SendRequest& request) override;
  Result<usize> receive(Task& task, ReceiveRequest& request) override;
  Result<void> shutdown(int how) override;
  SocketAddress name() override;
  Result<SocketAddress> peer_name() override;
  Result<std::vector<u8>> get_option(Task& task, int level, int option, usize room) override;
  Result<void> check_level(int level) override;
  Result<void> set_option(Task& task, int level, int option, std::span<const u8> value) override;
  static void pair(Task& task, Socket& a, Socket& b);
  std::vector<Ref<Inbox>> queues();  // of messages that nobody has taken yet
  Result<void> flush(Task& task) override;
  bool passes_credentials() const override { return pass_credentials_.load(std::memory_order_relaxed); }
  Result<void> take_control(Task& task, const abi::CMsgHdr& head, std::span<const u8> data,
                            SendRequest& request) override;
  Result<void> take_socket_control(Task& task, i32 type, std::span<const u8> data, SendRequest& request);
  Result<void> take_ip_control(i32 type, std::span<const u8> data, SentControl& control);
  Result<void> take_ipv6_control(i32 type, std::span<const u8> data, SentControl& control);
  Result<void> give_ipv6_control(const Ancillary& with, const InetAddress& to, ControlWriter& control);
  Result<void> give_error(const Ancillary& with, ControlWriter& control);
  Result<void> give_control(Task& task, const Inbox::Received& got, ControlWriter& control) override;
  SocketRow row() override;
  i32 domain() const override { return domain_; }
  u32 type() const override { return type_; }

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override;
  void released() override;

 private:
  static constexpr u32 kShutReads = 1, kShutWrites = 2;
  struct Ends {
    Ref<Inbox> in, out, errors;
    SocketAddress peer;
    u32 shut = 0;  // by shutdown(2) of this socket
    bool connected = false, listening = false;
    bool waiting = false;  // for its handshake
  };
  Ends ends();
  u32 shut_of(const Ends& e) const;      // by either side: Linux's sk_shutdown
  bool tcp_closed(const Ends& e) const;  // no connection, or one that has ended both ways
  bool is_inet() const { return domain_ != abi::af_unix; }
  bool is_tcp() const { return is_inet() && !is_datagram(); }
  bool is_datagram() const { return type_ == abi::sock_dgram || type_ == abi::sock_raw; }
  bool is_udp() const {
    return type_ == abi::sock_dgram && (protocol_ == abi::ipproto_udp || protocol_ == abi::ipproto_udplite);
  }
  Inbox::Kind inbox_kind() const { return type_ == abi::sock_stream ? Inbox::Kind::stream : Inbox::Kind::messages; }
  Ref<Inbox> make_inbox() const;
  Result<Ref<Endpoint>> find_target(Task& task, const SocketAddress& address, const SocketAddress* from);
  Result<InetAddress> parse_destination(const SocketAddress& address);
  Result<void> autobind(Task& task);
  Result<void> bind_unix(Task& task, const SocketAddress& address);
  Result<void> bind_inet(Task& task, const SocketAddress& address);
  Result<void> take_port(Task& task, InetAddress wanted);
  void use_inboxes(Ref<Inbox> in, Ref<Inbox> out) REQUIRES(lock_);
  Result<void> connect_unix(Task& task, const SocketAddress& address);
  Result<void> check_domain(Task& task, const SocketAddress& address, u64 right);
  Result<void> connect_tcp(Task& task, const SocketAddress& address);
  Result<void> start_tcp(Task& task, const SocketAddress& address);
  Result<void> connect_to_itself(const SocketAddress& own);
  Result<void> finish_tcp(Task& task, Errno unfinished);
  Result<void> connect_datagram(Task& task, const SocketAddress& address);
  Result<void> disconnect();
  void forget_address();
  void hang_up(const Ends& e);
  void stop_listening(const std::deque<Pending>& never_accepted);
  Result<void> shut_listener();

  Result<usize> send_datagram(Task& task, SendRequest& request);
  Result<usize> send_stream(Task& task, SendRequest& request);
  Result<void> connect_to_send(Task& task, const SendRequest& request);
  Result<usize> put_tcp(Inbox& in, Inbox& out, SendRequest& request);
  struct Datagram {  // of UDP, on its way
    InetAddress from, to;
    Inbox::Message message;
    std::vector<MemoryCharge> charges;  // of what was added to the message
    i32 stamps = 0;                     // SO_TIMESTAMPING, as a control message asked for it
  };
  Result<usize> send_udp(Task& task, SendRequest& request);
  Result<Datagram> address_udp(Task& task, SendRequest& request);
  Result<void> uncork(Task& task);
  // Raw and ping sockets (raw.cc).
  Result<usize> send_ping(Task& task, SendRequest& request);
  Result<usize> send_raw(Task& task, SendRequest& request);
  Result<IpPacket> address_packet(Task& task, const SendRequest& request);
  Result<void> deliver_raw_udp(const IpPacket& packet);
  Result<void> bind_raw(const InetAddress& wanted);
  Result<std::vector<u8>> get_icmp_filter(int option, usize room);
  Result<void> set_icmp_filter(int option, std::span<const u8> value);
  bool is_checksum_place(int level, int option) const;
  Result<void> set_checksum_place(int level, std::span<const u8> value);
  Result<void> put_checksum(const IpPacket& packet, std::span<u8> bytes);
  Result<void> transmit(Task& task, Datagram datagram);
  Result<void> deliver(Endpoint& receiver, Datagram& datagram);
  Result<void> deliver_to_group(Datagram& datagram, const SocketAddress& sender);
  void refused(const Datagram& datagram);
  void show_datagram(const Datagram& datagram);
  void show_refusal(const Datagram& datagram);
  void too_long(const InetAddress& to);
  void report(const InetAddress& about, LateError error, std::span<const u8> payload, u64 stamp_ns = 0);
  void report_copied(u32 flags);
  void report_stamps(const Datagram& datagram, i32 wanted);
  Result<usize> receive_error(ReceiveRequest& request);
  Result<usize> put_filtered(Task& task, SendRequest& request, Inbox& target, const SocketAddress& sender);
  Result<usize> put_message(Task& task, SendRequest& request, Inbox& target, const SocketAddress& sender);
  Result<usize> broken(Task& task, u32 flags);
  Result<usize> receive_urgent(ReceiveRequest& request, const Ends& e);
  Errno take_error();
  PollEvents poll_datagram(const Ends& e);
  PollEvents poll_tcp(const Ends& e);
  PollEvents poll_unix(const Ends& e);
  Deadline receive_deadline(Clock& clock) const;
  Deadline send_deadline(Clock& clock) const;

  Result<std::vector<u8>> get_socket_option(Task& task, int option, usize room);
  Result<std::vector<u8>> get_peer_option(Task& task, int option, usize room);
  Result<std::vector<u8>> get_transport_option(int level, int option, usize room);
  std::vector<u8> tcp_info();
  u8 tcp_state(const Ends& e) const;
  // Did it know the option?
  Result<bool> set_socket_option(Task& task, int option, std::span<const u8> value);
  int same_level(int level, int option) const;
  Result<bool> set_transport_option(Task& task, int level, int option, std::span<const u8> value);
  Result<bool> set_ip_option(Task& task, int option, std::span<const u8> value);
  Result<bool> set_ipv6_option(Task& task, int option, std::span<const u8> value);
  Result<bool> set_tcp_option(int option, std::span<const u8> value);
  // Multicast (multicast.cc).
  Result<bool> set_multicast_option(int level, int option, std::span<const u8> value);
  Result<void> choose_multicast_interface(std::span<const u8> value);
  Result<void> change_membership(const InetAddress& group, i32 interface, bool member);
  Result<InetAddress> multicast_source(const InetAddress& group, const SentControl& control);
  void leave_all_groups();
  i32 option(int level, int option) const { return options_->number(level, option); }
  void inherit(Socket& listener);

  Kernel& kernel_;
  const Ref<NetNamespace> net_;  // where it was made
  const i32 domain_;
  const u32 type_;
  const i32
      protocol_;  // IPPROTO_TCP, _UDP, _UDPLITE; _ICMP, _ICMPV6 of a ping socket, any of a raw one; 0 of a unix socket
  const u64 inode_;  // its number
  const Ref<Endpoint> endpoint_;
  const Ref<SocketOptions> options_;  // the endpoint's
  Mutex lock_{LockRank::socket};
  Ref<Inbox> in_ GUARDED_BY(lock_);
  Ref<Inbox> out_ GUARDED_BY(lock_);
  Ref<Inbox> errors_ GUARDED_BY(lock_);         // MSG_ERRQUEUE, of an internet socket
  Ref<Handshake> handshake_ GUARDED_BY(lock_);  // of a connect(2) that has not told its end: it was in progress
  SocketAddress local_ GUARDED_BY(lock_);
  SocketAddress peer_ GUARDED_BY(lock_);
  Ref<Endpoint> peer_endpoint_ GUARDED_BY(lock_);  // of a connected unix datagram socket
  abi::UCred peer_credentials_ GUARDED_BY(lock_){0, ~0u, ~0u};
  Ref<const Credentials> peer_groups_ GUARDED_BY(lock_);  // SO_PEERGROUPS: of whom those are
  u32 shut_ GUARDED_BY(lock_) = 0;
  bool connected_ GUARDED_BY(lock_) = false;
  bool listening_ GUARDED_BY(lock_) = false;
  bool bound_ GUARDED_BY(lock_) = false;  // local_ stands in the tables
  bool address_chosen_ GUARDED_BY(lock_) = false, port_chosen_ GUARDED_BY(lock_) = false;  // by bind(2)
  Errno error_ GUARDED_BY(lock_){};
  std::optional<Datagram> corked_ GUARDED_BY(lock_);  // UDP_CORK, MSG_MORE
  abi::IpMreqn multicast_if_ GUARDED_BY(lock_){};     // IP_MULTICAST_IF: an address, an index
  std::string ip_options_ GUARDED_BY(lock_);          // IP_OPTIONS: at most 40 bytes
  std::atomic<bool> pass_credentials_{false};
  std::atomic<u32> send_size_, receive_size_;
  std::atomic<u32> low_water_{1};  // SO_RCVLOWAT
  std::atomic<bool> sizes_chosen_{false};
};

abi::UCred credentials_of(Task& task);                       // by kernel numbers
abi::UCred seen_by(Task& reader, const abi::UCred& sender);  // ... as another sees them
SocketAddress family_only(i32 domain);                       // the address of a socket that has none

}  // namespace limen
