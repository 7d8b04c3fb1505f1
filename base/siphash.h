// SipHash-2-4: a keyed code of a few bytes, which nobody who lacks the key can make.
// Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF" (2012).
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "base/types.h"

namespace limen {

struct SipKey {
  u64 k0 = 0, k1 = 0;
};

inline u64 siphash(const SipKey& key, std::span<const u8> bytes) {
  std::array<u64, 4> v{key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d, key.k0 ^ 0x6c7967656e657261,
                       key.k1 ^ 0x7465646279746573};
  const auto rounds = [&v](int n) {
    while (n-- > 0) {
      v[0] += v[1], v[1] = std::rotl(v[1], 13) ^ v[0], v[0] = std::rotl(v[0], 32);
      v[2] += v[3], v[3] = std::rotl(v[3], 16) ^ v[2];
      v[0] += v[3], v[3] = std::rotl(v[3], 21) ^ v[0];
      v[2] += v[1], v[1] = std::rotl(v[1], 17) ^ v[2], v[2] = std::rotl(v[2], 32);
    }
  };
  const auto take = [&](u64 word) {
    v[3] ^= word;
    rounds(2);
    v[0] ^= word;
  };
  usize at = 0;
  for (; bytes.size() - at >= 8; at += 8) {
    u64 word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    take(word);
  }
  u64 last = u64{bytes.size() & 0xff} << 56;
  for (usize i = 0; at + i < bytes.size(); ++i) last |= u64{bytes[at + i]} << (8 * i);
  take(last);
  v[2] ^= 0xff;
  rounds(4);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

}  // namespace limen
