#include "kernel/task/load.h"

#include <gtest/gtest.h>

namespace limen {
namespace {

constexpr u64 kSecond = 1'000'000'000;
constexpr double kOne = 1 << LoadAverage::kShift;

TEST(LoadAverage, ComesNearWhatRunsAndForgets) {
  LoadAverage load;
  EXPECT_EQ(load.update(0, 0)[0], 0u);
  // Two tasks for a minute, read each five seconds.
  LoadAverage::Means means{};
  for (u64 s = 5; s <= 60; s += 5) means = load.update(s * kSecond, 2 * s * kSecond);
  EXPECT_NEAR(means[0] / kOne, 2 * (1 - 0.3679), 0.01);
  EXPECT_NEAR(means[1] / kOne, 2 * (1 - 0.8187), 0.01);
  EXPECT_NEAR(means[2] / kOne, 2 * (1 - 0.9355), 0.01);
  // Nothing for a minute, in one reading.
  const LoadAverage::Means after = load.update(120 * kSecond, 120 * kSecond);
  EXPECT_NEAR(after[0] / kOne, means[0] / kOne * 0.3679, 0.01);
}

TEST(LoadAverage, OneReadingForALongTimeSaysItsMean) {
  LoadAverage load;
  const LoadAverage::Means means = load.update(3600 * kSecond, 1800 * kSecond);
  EXPECT_NEAR(means[0] / kOne, 0.5, 0.01);
}

TEST(LoadAverage, ReadingsInQuickSuccessionChangeNothing) {
  LoadAverage load;
  const LoadAverage::Means means = load.update(10 * kSecond, 10 * kSecond);
  EXPECT_EQ(load.update(10 * kSecond + kSecond / 2, 11 * kSecond), means);
  EXPECT_EQ(load.update(9 * kSecond, 0), means);  // a clock of another reader, a little behind
}

}  // namespace
}  // namespace limen
