#include "base/siphash.h"

#include <gtest/gtest.h>

#include <vector>

namespace limen {
namespace {

// Appendix A of the paper, and its reference vectors: key 00..0f, input 00, 01, ...
TEST(SipHash, AgreesWithThePaper) {
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::vector<u8> bytes;
  EXPECT_EQ(siphash(key, bytes), 0x726fdb47dd0e0e31u);
  for (u8 i = 0; i < 15; ++i) bytes.push_back(i);
  EXPECT_EQ(siphash(key, bytes), 0xa129ca6149be45e5u);
}

}  // namespace
}  // namespace limen
