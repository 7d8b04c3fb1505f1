// Socket filters: classic BPF that judges what a socket would receive (SO_ATTACH_FILTER of socket(7)).
// Source: Documentation/networking/filter.rst; net/core/filter.c:{bpf_check_classic,bpf_convert_filter,sk_filter_trim_cap}.
//
//   Ref<PacketFilter> filter = TRY(PacketFilter::check(instructions, std::move(charge)));
//   const u32 kept = filter->run(packet);    // how many bytes of it the socket gets; 0: none, it is dropped
//
// A program only jumps forward, so it ends within its own length; a load from beyond the packet ends it with 0.
#pragma once

#include <span>
#include <vector>

#include "abi/bpf.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/ipc/account.h"

namespace limen {

// What a filter sees. Offsets count from `data`; SKF_NET_OFF and SKF_LL_OFF from the headers before it.
struct Packet {
  std::span<const u8> bytes;
  usize data = 0;            // where the socket's view begins
  bool has_headers = false;  // `bytes` begins with a link header
  usize network = 0;         // where the network header begins
  u16 protocol = 0;          // ETH_P_*
  i32 interface = 0;         // 0: it came through none
  u32 mark = 0;              // SO_MARK of who sent it
  usize payload = 0;         // counted from `data`: what follows the transport's header
  u32 random = 0;            // for SKF_AD_RANDOM
};

class PacketFilter final : public RefCounted {
 public:
  // einval for what Linux refuses.
  static Result<Ref<PacketFilter>> check(std::span<const abi::SockFilter> instructions, MemoryCharge charge);
  u32 run(const Packet& packet) const;
  std::span<const abi::SockFilter> instructions() const { return code_; }  // as they were given

  PacketFilter(std::vector<abi::SockFilter> code, MemoryCharge charge)
      : code_(std::move(code)), charge_(std::move(charge)) {}

 private:
  const std::vector<abi::SockFilter> code_;
  const MemoryCharge charge_;
};

}  // namespace limen
