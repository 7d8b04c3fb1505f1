#include "kernel/net/socket_options.h"

#include <algorithm>
#include <cstring>

#include "abi/clock_ids.h"
#include "abi/socket.h"
#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/net/endpoint.h"
#include "kernel/net/interface.h"
#include "kernel/net/option_value.h"
#include "kernel/time/time_values.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

// Those that stand for one setting: the last one that was set is in force. Linux: __sock_set_timestamps.
constexpr i32 kStamps[] = {abi::so_timestamp, abi::so_timestampns, abi::so_timestamp_new, abi::so_timestampns_new};
bool is_stamp(i32 option) { return std::find(std::begin(kStamps), std::end(kStamps), option) != std::end(kStamps); }

Result<u64> timeout_of(std::span<const u8> bytes) {
  const abi::TimeVal t = TRY(value_of<abi::TimeVal>(bytes));
  if (t.tv_usec < 0 || t.tv_usec >= 1'000'000) return Errno::edom;
  if (t.tv_sec < 0) return u64{1};  // Linux: a negative time has passed
  return to_ns(t);
}

bool may_mark(Task& task, const NetNamespace& net) {
  return task.credentials().capable_in(net, Capability::net_raw) ||
         task.credentials().capable_in(net, Capability::net_admin);
}

// A program of bpf(2): there is none here that a descriptor could stand for.
Result<void> refuse_program(Task& task, std::span<const u8> value) {
  if (value.size() != sizeof(i32)) return Errno::einval;
  const i32 fd = TRY(value_of<i32>(value));
  TRY(task.files().get(Fd(fd)));
  return Errno::einval;
}

}  // namespace

i32 SocketOptions::initial(const KeptOption& option) const {
  const bool is_set_elsewhere = option.setting != nullptr && settings_;
  return is_set_elsewhere ? (*settings_.*option.setting).integer() : option.initial;
}

i32 SocketOptions::number(i32 level, i32 option) const {
  if (any_set()) {
    MutexGuard guard(lock_);
    const auto it = numbers_.find({level, option});
    if (it != numbers_.end()) return it->second;
  }
  const KeptOption* kept = find_kept_option(level, option);
  return kept == nullptr ? 0 : initial(*kept);
}

void SocketOptions::put(i32 level, i32 option, i32 number) {
  any_set_.store(true, std::memory_order_relaxed);
  MutexGuard guard(lock_);
  numbers_[{level, option}] = number;
}

Result<std::vector<u8>> SocketOptions::get_kept(i32 level, i32 option, usize room) const {
  const KeptOption* kept = find_kept_option(level, option);
  if (kept == nullptr || (kept->kinds & kind_) == 0 || kept->takes == KeptOption::Takes::unread) {
    return Errno::enoprotoopt;
  }
  const i32 value = number(level, option);
  // Linux: ip_getsockopt answers with a byte where there is no room for more.
  if (level == abi::sol_ip && room > 0 && room < sizeof value && value >= 0 && value <= 255) {
    return bytes_of(static_cast<u8>(value), room);
  }
  return bytes_of(value, room);
}

Result<void> SocketOptions::keep(i32 level, i32 option, std::span<const u8> value) {
  using Takes = KeptOption::Takes;
  const KeptOption* kept = find_kept_option(level, option);
  if (kept == nullptr || (kept->kinds & kind_) == 0 || kept->takes == Takes::nothing) return Errno::enoprotoopt;
  i32 number = 0;
  if (level == abi::sol_ip && value.size() < sizeof number) {
    if (value.empty() && kept->wants_a_byte) return Errno::einval;
    number = value.empty() ? 0 : value[0];
  } else {
    number = TRY(value_of<i32>(value));
  }
  if (kept->minus_one_is_initial && number == -1) number = initial(*kept);
  if (kept->takes == Takes::truth) number = number != 0;
  if (kept->takes == Takes::exact_truth && number != 0 && number != 1) return Errno::einval;
  if (number < kept->least || number > kept->most) return Errno::einval;
  put(level, option, number);
  return success;
}

void SocketOptions::inherit(const SocketOptions& from) {
  std::map<std::pair<i32, i32>, i32> numbers;
  Ref<PacketFilter> filter;
  {
    MutexGuard guard(from.lock_);
    numbers = from.numbers_;
    filter = from.filter_;
  }
  receive_timeout_ns_.store(from.receive_timeout_ns());
  send_timeout_ns_.store(from.send_timeout_ns());
  pacing_rate_.store(from.pacing_rate_.load());
  interface_.store(from.interface());
  timestamping_.store(from.timestamping());
  timestamping_clock_.store(from.timestamping_clock_.load());
  tx_clock_.store(from.tx_clock_.load());
  tx_flags_.store(from.tx_flags_.load());
  peek_offset_.store(from.peek_offset());
  has_filter_.store(static_cast<bool>(filter));
  any_set_.store(from.any_set());
  MutexGuard guard(lock_);
  numbers_ = std::move(numbers);
  filter_ = std::move(filter);
}

i32 SocketOptions::timestamping_option() const {
  return timestamping_is_new_.load() ? abi::so_timestamping_new : abi::so_timestamping;
}

SocketOptions::Linger SocketOptions::linger() const {
  MutexGuard guard(lock_);
  const auto on = numbers_.find({abi::sol_socket, abi::so_linger});
  const auto time = numbers_.find({abi::sol_socket, -abi::so_linger});
  return {on != numbers_.end() && on->second != 0, time == numbers_.end() ? 0 : time->second};
}

void SocketOptions::peeked(usize n) {
  const i32 at = peek_offset();
  if (at >= 0) peek_at(static_cast<i32>(std::min<u64>(static_cast<u64>(at) + n, INT32_MAX)));
}

void SocketOptions::received(usize n) {
  const i32 at = peek_offset();
  if (at > 0) peek_at(static_cast<i32>(std::max<i64>(i64{at} - static_cast<i64>(n), 0)));
}

// --- Filters --------------------------------------------------------------------------------------------------------------

Ref<PacketFilter> SocketOptions::filter() const {
  if (!has_filter_.load(std::memory_order_acquire)) return {};
  MutexGuard guard(lock_);
  return filter_;
}

// Linux: sk_attach_filter.
Result<void> SocketOptions::attach_filter(Task& task, std::span<const u8> value) {
  // Linux lets only the privileged filter what a connection is made of; here nobody does: its segments are no packets.
  if (kind_ == KeptOption::tcp) return Errno::eperm;
  if (value.size() != sizeof(abi::SockFprog)) return Errno::einval;
  const abi::SockFprog program = TRY(value_of<abi::SockFprog>(value));
  if (on(abi::sol_socket, abi::so_lock_filter)) return Errno::eperm;
  if (program.filter.is_null() || program.len == 0 || program.len > abi::bpf_maxinsns) return Errno::einval;
  const usize size = program.len * sizeof(abi::SockFilter);
  MemoryCharge charge = TRY(MemoryCharge::take(task.kernel().ipc_memory(), size, Errno::enomem));
  std::vector<abi::SockFilter> code(program.len);
  TRY(copy_from_user(task, code.data(), program.filter, size));
  Ref<PacketFilter> filter = TRY(PacketFilter::check(code, std::move(charge)));
  {
    MutexGuard guard(lock_);
    std::swap(filter_, filter);
  }
  has_filter_.store(true, std::memory_order_release);
  return success;
}

Result<void> SocketOptions::detach_filter() {
  if (on(abi::sol_socket, abi::so_lock_filter)) return Errno::eperm;
  Ref<PacketFilter> old;
  has_filter_.store(false, std::memory_order_release);
  MutexGuard guard(lock_);
  std::swap(filter_, old);
  return old ? Errno{} : Errno::enoent;
}

// --- SOL_SOCKET -----------------------------------------------------------------------------------------------------------

Result<std::vector<u8>> SocketOptions::get(const NetNamespace& net, i32 option, usize room) const {
  const auto integer = [&](auto value) { return bytes_of(static_cast<i32>(value), room); };
  switch (option) {
    case abi::so_bsdcompat:
      return integer(0);
    case abi::so_rcvtimeo:
    case abi::so_rcvtimeo_new:
      return bytes_of(to_timeval(receive_timeout_ns()), room);
    case abi::so_sndtimeo:
    case abi::so_sndtimeo_new:
      return bytes_of(to_timeval(send_timeout_ns()), room);
    case abi::so_linger: {
      const Linger now = linger();
      return bytes_of(abi::Linger{now.on, now.seconds}, room);
    }
    case abi::so_bindtodevice:
      if (interface() != lo_index) return interface() == 0 ? std::vector<u8>() : Result<std::vector<u8>>(Errno::enodev);
      if (room < abi::ifnamsiz) return Errno::einval;
      return bytes_of(std::string_view("lo\0", 3), room);
    case abi::so_bindtoifindex:
      return integer(interface());
    case abi::so_attach_filter: {  // SO_GET_FILTER
      const Ref<PacketFilter> attached = filter();
      if (!attached) return std::vector<u8>();
      const std::span<const abi::SockFilter> code = attached->instructions();
      const auto* bytes = reinterpret_cast<const u8*>(code.data());
      if (room != 0 && room < code.size()) return Errno::einval;
      return std::vector<u8>(bytes, bytes + code.size_bytes());
    }
    case abi::so_max_pacing_rate: {
      const u64 rate = pacing_rate_.load();
      if (room >= sizeof rate) return bytes_of(rate, room);
      return bytes_of(static_cast<u32>(std::min<u64>(rate, ~0u)), room);
    }
    case abi::so_timestamping:
    case abi::so_timestamping_new: {
      const bool told = option == abi::so_timestamping || timestamping_is_new_.load();
      return bytes_of(told ? abi::SoTimestamping{timestamping(), timestamping_clock_.load()} : abi::SoTimestamping{},
                      room);
    }
    case abi::so_txtime:
      return bytes_of(abi::SockTxTime{tx_clock_.load(), tx_flags_.load()}, room);
    case abi::so_peek_off:
      if (kind_ == KeptOption::netlink) return Errno::eopnotsupp;
      return integer(peek_offset());
    case abi::so_netns_cookie:
      if (room != sizeof(u64)) return Errno::einval;
      return bytes_of(u64{net.number()}, room);
    case abi::so_passsec:
    case abi::so_txrehash: {
      Result<std::vector<u8>> kept = get_kept(abi::sol_socket, option, room);
      return kept.is(Errno::enoprotoopt) ? Errno::eopnotsupp : std::move(kept);
    }
    default:
      return get_kept(abi::sol_socket, option, room);
  }
}

Result<void> SocketOptions::may_set(Task& task, const NetNamespace& net, i32 option, i32 number) const {
  const bool admin = task.credentials().capable_in(net, Capability::net_admin);
  switch (option) {
    case abi::so_debug:
      return number == 0 || admin ? Errno{} : Errno::eacces;
    case abi::so_mark:
      return may_mark(task, net) ? Errno{} : Errno::eperm;
    case abi::so_priority:
      return (number >= 0 && number <= 6) || may_mark(task, net) ? Errno{} : Errno::eperm;
    case abi::so_prefer_busy_poll:
      return number == 0 || admin ? Errno{} : Errno::eperm;
    case abi::so_busy_poll_budget:
      return number <= this->number(abi::sol_socket, option) || admin ? Errno{} : Errno::eperm;
    case abi::so_lock_filter:
      return number != 0 || !on(abi::sol_socket, option) ? Errno{} : Errno::eperm;
    case abi::so_reserve_mem:  // memory of sockets is not counted by cgroups here
      return number < 0 ? Errno::einval : Errno::eopnotsupp;
    case abi::so_zerocopy:
      return (kind_ & (KeptOption::tcp | KeptOption::udp)) != 0 ? Errno{} : Errno::eopnotsupp;
    case abi::so_passsec:
    case abi::so_txrehash:
      return (find_kept_option(abi::sol_socket, option)->kinds & kind_) != 0 ? Errno{} : Errno::eopnotsupp;
    default:
      return success;
  }
}

// Linux: sock_bindtoindex_locked.
Result<void> SocketOptions::bind_to_device(Task& task, const NetNamespace& net, i32 interface) {
  if (interface < 0) return Errno::einval;
  if (interface_.load() != 0 && !task.credentials().capable_in(net, Capability::net_raw)) return Errno::eperm;
  interface_.store(interface);
  return success;
}

// Linux: sock_set_timestamping.
Result<void> SocketOptions::set_timestamping(i32 option, std::span<const u8> value) {
  abi::SoTimestamping wanted{};
  wanted.flags = TRY(value_of<i32>(value));
  if (value.size() == sizeof wanted) wanted = TRY(value_of<abi::SoTimestamping>(value));
  const auto has = [&](i32 flag) { return (wanted.flags & flag) != 0; };
  if ((wanted.flags & ~abi::sof_timestamping_mask) != 0) return Errno::einval;
  if (has(abi::sof_timestamping_opt_id_tcp) && !has(abi::sof_timestamping_opt_id)) return Errno::einval;
  if (has(abi::sof_timestamping_opt_stats) && !has(abi::sof_timestamping_opt_tsonly)) return Errno::einval;
  any_set_.store(true, std::memory_order_relaxed);
  const i32 before = timestamping_.exchange(wanted.flags);
  if (has(abi::sof_timestamping_opt_id) && (before & abi::sof_timestamping_opt_id) == 0) stamp_key_.store(0);
  timestamping_clock_.store(wanted.bind_phc);
  timestamping_is_new_.store(option == abi::so_timestamping_new);
  return success;
}

Result<void> SocketOptions::set_txtime(Task& task, const NetNamespace& net, std::span<const u8> value) {
  constexpr u32 kFlags = 3;  // SOF_TXTIME_DEADLINE_MODE, SOF_TXTIME_REPORT_ERRORS
  if (value.size() != sizeof(abi::SockTxTime)) return Errno::einval;
  const abi::SockTxTime wanted = TRY(value_of<abi::SockTxTime>(value));
  if ((wanted.flags & ~kFlags) != 0) return Errno::einval;
  if (wanted.clockid != abi::clock_monotonic) {
    if (!task.credentials().capable_in(net, Capability::net_admin)) return Errno::eperm;
    if (wanted.clockid != abi::clock_realtime && wanted.clockid != abi::clock_tai) return Errno::einval;
  }
  tx_clock_.store(wanted.clockid);
  tx_flags_.store(wanted.flags);
  sends_at_times_.store(true);
  return success;
}

Result<void> SocketOptions::set(Task& task, const NetNamespace& net, i32 option, std::span<const u8> value) {
  if (option == abi::so_bindtodevice) {
    const usize most = std::min<usize>(value.size(), abi::ifnamsiz - 1);
    const auto* text = reinterpret_cast<const char*>(value.data());
    const std::string_view name(text, most == 0 ? 0 : strnlen(text, most));
    if (!name.empty() && name != "lo") return Errno::enodev;
    return bind_to_device(task, net, name.empty() ? 0 : lo_index);
  }
  const i32 number = TRY(value_of<i32>(value));
  TRY(may_set(task, net, option, number));
  switch (option) {
    case abi::so_rcvtimeo:
    case abi::so_rcvtimeo_new:
    case abi::so_sndtimeo:
    case abi::so_sndtimeo_new: {
      const u64 ns = TRY(timeout_of(value));
      const bool receives = option == abi::so_rcvtimeo || option == abi::so_rcvtimeo_new;
      (receives ? receive_timeout_ns_ : send_timeout_ns_).store(ns);
      return success;
    }
    case abi::so_linger: {
      const abi::Linger linger = TRY(value_of<abi::Linger>(value));
      put(abi::sol_socket, option, linger.l_onoff != 0);
      if (linger.l_onoff != 0) put(abi::sol_socket, -option, linger.l_linger);
      return success;
    }
    case abi::so_bsdcompat:
      return success;
    case abi::so_bindtoifindex:
      return bind_to_device(task, net, number);
    case abi::so_attach_filter:
      return attach_filter(task, value);
    case abi::so_detach_filter:
      return detach_filter();
    case abi::so_attach_bpf:
    case abi::so_attach_reuseport_ebpf:
      return refuse_program(task, value);
    case abi::so_max_pacing_rate: {
      u64 rate = number == -1 ? ~u64{0} : static_cast<u32>(number);
      if (value.size() >= sizeof rate) rate = TRY(value_of<u64>(value));
      pacing_rate_.store(rate);
      return success;
    }
    case abi::so_timestamping:
    case abi::so_timestamping_new:
      return set_timestamping(option, value);
    case abi::so_txtime:
      return set_txtime(task, net, value);
    case abi::so_peek_off:
      if (kind_ == KeptOption::netlink) return Errno::eopnotsupp;
      peek_at(number);
      return success;
    default:
      break;
  }
  TRY(keep(abi::sol_socket, option, value));
  if (is_stamp(option)) {
    for (const i32 other : kStamps) {
      if (other != option) put(abi::sol_socket, other, 0);
    }
  }
  return success;
}

}  // namespace limen
