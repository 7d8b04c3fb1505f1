#include "kernel/trace/symbols.h"

#include <gtest/gtest.h>
#include <link.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <vector>

namespace limen {
namespace {

std::vector<u8> own_file() {
  std::vector<u8> bytes;
  std::FILE* file = std::fopen("/proc/self/exe", "rb");
  if (file == nullptr) return bytes;
  std::fseek(file, 0, SEEK_END);
  bytes.resize(static_cast<usize>(std::ftell(file)));
  std::rewind(file);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  return bytes;
}

Ref<Symbols> load(const std::vector<u8>& bytes) {
  return Symbols::load([&](std::span<u8> to, u64 offset) -> usize {
    if (offset >= bytes.size()) return 0;
    const usize n = std::min<usize>(to.size(), bytes.size() - offset);
    std::copy_n(bytes.begin() + static_cast<i64>(offset), n, to.begin());
    return n;
  });
}

u64 own_bias() {
  u64 bias = 0;
  dl_iterate_phdr([](dl_phdr_info* info, size_t, void* to) { return *static_cast<u64*>(to) = info->dlpi_addr, 1; },
                  &bias);
  return bias;
}

TEST(Symbols, FindsTheFunctionsOfThisProgram) {
  const Ref<Symbols> symbols = load(own_file());
  EXPECT_NE(symbols->unwind_table(), 0u);
  const auto found = symbols->find(reinterpret_cast<u64>(&own_file) - own_bias() + 3);
  ASSERT_TRUE(found);
  EXPECT_NE(found->name.find("own_file"), std::string_view::npos);
  EXPECT_EQ(found->start, reinterpret_cast<u64>(&own_file) - own_bias());
  EXPECT_FALSE(symbols->find(1));
}

TEST(Symbols, NoiseIsHarmless) {
  const std::vector<u8> whole = own_file();
  // Heads, and the start of everything else: large tables are cut, which is a case of its own.
  const std::vector<u8> start(whole.begin(), whole.begin() + static_cast<i64>(std::min<usize>(whole.size(), 8192)));
  std::minstd_rand random(1);
  for (int i = 0; i < 3000; ++i) {
    std::vector<u8> bytes = start;
    for (int k = 0; k < 8; ++k) bytes[random() % 512] = static_cast<u8>(random() >> 8);
    const Ref<Symbols> symbols = load(bytes);
    (void)symbols->find(random()), (void)symbols->bias(random(), random() % 10000);
    EXPECT_LE(symbols->bytes(), usize{96} << 20);
  }
  EXPECT_FALSE(load({})->find(0));
}

}  // namespace
}  // namespace limen
