#include "kernel/net/packet_filter.h"

#include <algorithm>
#include <optional>

#include "kernel/filter/classic_bpf.h"

namespace limen {
namespace {

using namespace classic_bpf;

// Offsets of a load that do not count from the data. Source: include/uapi/linux/filter.h.
constexpr i32 kAncillary = -0x1000, kNetwork = -0x100000, kLink = -0x200000;
enum Ancillaries : u32 {
  ad_protocol = 0,
  ad_pkttype = 4,
  ad_ifindex = 8,
  ad_nlattr = 12,
  ad_nlattr_nest = 16,
  ad_mark = 20,
  ad_queue = 24,
  ad_hatype = 28,
  ad_rxhash = 32,
  ad_cpu = 36,
  ad_alu_xor_x = 40,
  ad_vlan_tag = 44,
  ad_vlan_tag_present = 48,
  ad_pay_offset = 52,
  ad_random = 56,
  ad_vlan_tpid = 60,
  ad_max = 64,
};
constexpr u32 kLoopbackHardware = 772;  // ARPHRD_LOOPBACK

bool is_load_of_packet(u16 code) {
  using namespace abi;
  const u16 mode = code & 0xe0;
  return class_of(code) == bpf_ld && (mode == bpf_abs || mode == bpf_ind);
}

usize width(u16 code) {
  const u16 size = code & 0x18;
  return size == abi::bpf_w ? 4 : size == abi::bpf_h ? 2 : 1;
}

// Linux: chk_code_allowed.
bool is_allowed(u16 code) {
  using namespace abi;
  switch (class_of(code)) {
    case bpf_alu: {
      const u16 op = op_of(code);
      if (code == (bpf_alu | bpf_neg)) return true;
      return (code & ~0xf8) == bpf_alu && (op <= bpf_rsh || op == bpf_mod || op == bpf_xor);
    }
    case bpf_jmp: {
      const u16 op = op_of(code);
      if (code == (bpf_jmp | bpf_ja)) return true;
      return (code & ~0xf8) == bpf_jmp && op >= bpf_jeq && op <= bpf_jset;
    }
    case bpf_ld:
      if (is_load_of_packet(code)) return (code & ~0xf8) == bpf_ld && (code & 0x18) != 0x18;
      return code == (bpf_ld | bpf_w | bpf_len) || code == (bpf_ld | bpf_imm) || code == (bpf_ld | bpf_mem);
    case bpf_ldx:
      return code == (bpf_ldx | bpf_w | bpf_len) || code == (bpf_ldx | bpf_imm) || code == (bpf_ldx | bpf_mem) ||
             code == (bpf_ldx | bpf_b | bpf_msh);
    case bpf_st:
    case bpf_stx:
      return is_memory_store(code);
    case bpf_ret:
      return code == (bpf_ret | bpf_k) || code == (bpf_ret | bpf_a);
    default:
      return code == (bpf_misc | bpf_tax) || code == (bpf_misc | bpf_txa);
  }
}

// An ancillary load must name something that there is.
bool ancillary_is_known(const SockFilter& in) {
  if (class_of(in.code) != abi::bpf_ld || (in.code & 0xe0) != abi::bpf_abs) return true;
  if (static_cast<i32>(in.k) < kAncillary || static_cast<i32>(in.k) >= 0) return true;
  const u32 what = in.k - static_cast<u32>(kAncillary);
  return what < ad_max && what % 4 == 0;
}

class Machine {
 public:
  explicit Machine(const Packet& packet) : packet_(packet) {}

  std::optional<u32> load(i32 at, usize size) const {
    usize base = packet_.data;
    i64 offset = at;
    if (at < 0) {
      if (!packet_.has_headers || at < kLink) return std::nullopt;
      base = at >= kNetwork ? packet_.network : 0;
      offset = i64{at} - (at >= kNetwork ? kNetwork : kLink);
    }
    const u64 begin = base + static_cast<u64>(offset);
    if (begin > packet_.bytes.size() || packet_.bytes.size() - begin < size) return std::nullopt;
    u32 value = 0;
    for (usize i = 0; i < size; ++i) value = value << 8 | packet_.bytes[begin + i];
    return value;
  }

  // Null ends the program.
  std::optional<u32> ancillary(u32 what, u32 a, u32 x) const {
    switch (what) {
      case ad_protocol:
        return packet_.protocol;
      case ad_ifindex:
        return packet_.interface == 0 ? std::nullopt : std::optional<u32>(static_cast<u32>(packet_.interface));
      case ad_hatype:
        return packet_.interface == 0 ? std::nullopt : std::optional<u32>(kLoopbackHardware);
      case ad_nlattr:
        return find_attribute(a, length(), x);
      case ad_nlattr_nest: {
        if (length() < kAttribute || a > length() - kAttribute) return 0;
        const u32 nested = attribute_length(a);
        if (nested > length() - a) return 0;
        return find_attribute(a + kAttribute, a + nested, x);
      }
      case ad_mark:
        return packet_.mark;
      case ad_alu_xor_x:
        return a ^ x;
      case ad_pay_offset:
        return static_cast<u32>(packet_.payload);
      case ad_random:
        return packet_.random;
      default:  // PACKET_HOST, the first queue, no hash, the first CPU, no VLAN
        return 0;
    }
  }
  usize length() const { return packet_.bytes.size() - packet_.data; }

 private:
  static constexpr usize kAttribute = 4;  // struct nlattr
  u32 attribute_length(usize at) const {
    return packet_.bytes[packet_.data + at] | packet_.bytes[packet_.data + at + 1] << 8;
  }

  // Where the first attribute of this type begins. Linux: bpf_skb_get_nlattr.
  u32 find_attribute(usize at, usize end, u32 type) const {
    end = std::min(end, length());
    while (at <= end && end - at >= kAttribute) {
      const u32 size = attribute_length(at);
      const u32 kind = packet_.bytes[packet_.data + at + 2] | packet_.bytes[packet_.data + at + 3] << 8;
      if (size < kAttribute || size > end - at) return 0;
      if ((kind & 0x3fff) == type) return static_cast<u32>(at);
      at += (size + 3) & ~u32{3};
    }
    return 0;
  }

  const Packet& packet_;
};

}  // namespace

Result<Ref<PacketFilter>> PacketFilter::check(std::span<const SockFilter> code, MemoryCharge charge) {
  if (code.empty() || code.size() > abi::bpf_maxinsns) return Errno::einval;
  for (usize pc = 0; pc < code.size(); ++pc) {
    const SockFilter& in = code[pc];
    if (!is_allowed(in.code) || !operand_is_good(in) || !jump_is_good(in, pc, code.size())) return Errno::einval;
    if (!ancillary_is_known(in)) return Errno::einval;
  }
  if (class_of(code.back().code) != abi::bpf_ret || reads_unwritten(code)) return Errno::einval;
  return make_ref<PacketFilter>(std::vector<SockFilter>(code.begin(), code.end()), std::move(charge));
}

u32 PacketFilter::run(const Packet& packet) const {
  using namespace abi;
  const Machine machine(packet);
  u32 a = 0, x = 0, memory[bpf_memwords] = {};
  // check() has seen that every jump is within the program and that its last instruction returns.
  for (const SockFilter* in = code_.data();; ++in) {
    const u32 operand = by_x(in->code) ? x : in->k;
    switch (class_of(in->code)) {
      case bpf_ld: {
        const u16 mode = in->code & 0xe0;
        std::optional<u32> loaded;
        if (mode == bpf_abs && static_cast<i32>(in->k) >= kAncillary && static_cast<i32>(in->k) < 0) {
          loaded = machine.ancillary(in->k - static_cast<u32>(kAncillary), a, x);
        } else if (mode == bpf_abs) {
          loaded = machine.load(static_cast<i32>(in->k), width(in->code));
        } else if (mode == bpf_ind) {
          loaded = machine.load(static_cast<i32>(in->k + x), width(in->code));
        } else {
          loaded = mode == bpf_mem ? memory[in->k] : mode == bpf_imm ? in->k : static_cast<u32>(machine.length());
        }
        if (!loaded) return 0;
        a = *loaded;
        break;
      }
      case bpf_ldx: {
        const u16 mode = in->code & 0xe0;
        if (mode == bpf_msh) {  // the length of an IPv4 header
          const std::optional<u32> byte = machine.load(static_cast<i32>(in->k), 1);
          if (!byte) return 0;
          x = (*byte & 0xf) * 4;
        } else {
          x = mode == bpf_mem ? memory[in->k] : mode == bpf_imm ? in->k : static_cast<u32>(machine.length());
        }
        break;
      }
      case bpf_st:
        memory[in->k] = a;
        break;
      case bpf_stx:
        memory[in->k] = x;
        break;
      case bpf_alu:
        if ((op_of(in->code) == bpf_div || op_of(in->code) == bpf_mod) && operand == 0) return 0;
        a = arithmetic(op_of(in->code), a, operand);
        break;
      case bpf_jmp:
        if (op_of(in->code) == bpf_ja)
          in += in->k;
        else
          in += holds(op_of(in->code), a, operand) ? in->jt : in->jf;
        break;
      case bpf_ret:
        return in->code == (bpf_ret | bpf_k) ? in->k : a;
      default:
        (in->code == (bpf_misc | bpf_tax) ? x : a) = in->code == (bpf_misc | bpf_tax) ? a : x;
        break;
    }
  }
}

}  // namespace limen
