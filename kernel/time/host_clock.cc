#include "kernel/time/host_clock.h"

#include <cpuid.h>

#include <algorithm>

#include "host/clock.h"

namespace limen {
namespace {

constexpr u64 kSecond = 1'000'000'000;
// The first frequency is measured over this, so that a program finds a clock when it starts; an error of 50 ns in a reading is then 50
// ppm. So a frequency is trusted for as much longer only as it was measured: after kTrust times that it is measured anew.
constexpr u64 kFirstMeasure = kSecond / 1000;
constexpr u64 kTrust = 5;
constexpr u64 kReadingError = 2'000;  // at worst: a sample's two readings apart
constexpr u64 kSteerAfter = kSecond / 2;
constexpr u64 kGuestsAskAfter = 2 * kSecond;
constexpr u64 kMeasureOver = 30 * kSecond;  // how far back the origin of the measured frequency may lie
constexpr i64 kStepBeyond = kSecond / 10;

// An invariant TSC runs at one rate in all power states. CPUID 8000_0007h, EDX bit 8.
bool counter_is_invariant() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d >> 8 & 1) != 0;
}

u64 ratio(u64 ns, u64 cycles) {
  if (cycles == 0) return 0;
  return static_cast<u64>((static_cast<wire::WideTime>(ns) << 32) / cycles);
}
// The offset to publish: readings of two clocks differ by some nanoseconds each time, and that is no news.
i64 offset_to_publish(i64 published, i64 sampled) {
  constexpr i64 kNoise = 2000;
  const i64 difference = sampled - published;
  return difference > kNoise || difference < -kNoise ? sampled : published;
}
// How far another clock of the host is ahead of its monotonic one, by the closest of a few pairs of readings.
i64 host_offset(i64 (*read)()) {
  constexpr int kMostTries = 8;
  constexpr i64 kCloseEnough = 1'000;
  i64 offset = 0, best = INT64_MAX;
  for (int i = 0; i < kMostTries && best > kCloseEnough; ++i) {
    const i64 before = host::monotonic_ns();
    const i64 other = read();
    const i64 width = host::monotonic_ns() - before;
    if (width >= best) continue;
    best = width;
    offset = other - before;
  }
  return offset;
}
u64 cycles_of(u64 ns, u64 ns_per_cycle) {
  if (ns_per_cycle == 0) return 0;
  return static_cast<u64>((static_cast<wire::WideTime>(ns) << 32) / ns_per_cycle);
}

}  // namespace

std::unique_ptr<HostClock> HostClock::create() {
  Result<std::unique_ptr<Vdso>> vdso = Vdso::create();
  return std::unique_ptr<HostClock>(new HostClock(vdso.ok() ? std::move(vdso).value() : nullptr));
}

HostClock::HostClock(std::unique_ptr<Vdso> vdso)
    : vdso_(std::move(vdso)),
      page_(vdso_ ? &vdso_->page() : &own_page_),
      counter_is_good_(counter_is_invariant()),
      origin_(read_host()) {
  MutexGuard guard(lock_);
  publish(origin_, origin_.monotonic, 0, 0);
}

HostClock::Sample HostClock::read_host() {
  constexpr int kMostTries = 16;
  constexpr u64 kCloseEnough = 2'000;  // cycles from before to after: nobody interrupted us
  Sample sample;
  u64 best = ~u64{0};
  // A thread that loses its CPU between the two readings would pair old cycles with a later time, and the formula would run
  // ahead by that much.
  for (int i = 0; i < kMostTries && best > kCloseEnough; ++i) {
    const u64 before = wire::read_cycles();
    const u64 monotonic = static_cast<u64>(host::monotonic_ns());
    const u64 width = wire::read_cycles() - before;
    if (width >= best) continue;
    best = width;
    sample.cycles = before;  // the earlier one: ahead of the host by the length of a reading, never behind
    sample.monotonic = monotonic;
  }
  sample.realtime_offset = host_offset(host::realtime_ns);
  sample.boottime_offset = host_offset(host::boottime_ns);
  return sample;
}

void HostClock::publish(const Sample& sample, u64 base_ns, u64 ns_per_cycle, u32 use_cycles) {
  wire::TimePage& page = *page_;
  const u32 sequence = page.sequence;
  __atomic_store_n(&page.sequence, sequence + 1, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  __atomic_store_n(&page.use_cycles, use_cycles, __ATOMIC_RELAXED);
  __atomic_store_n(&page.base_cycles, sample.cycles, __ATOMIC_RELAXED);
  __atomic_store_n(&page.base_ns, base_ns, __ATOMIC_RELAXED);
  __atomic_store_n(&page.ns_per_cycle, ns_per_cycle, __ATOMIC_RELAXED);
  const u64 guests_ask_after = std::min(kGuestsAskAfter, 4 * kTrust * measured_over_);
  __atomic_store_n(&page.most_cycles, cycles_of(guests_ask_after, ns_per_cycle), __ATOMIC_RELAXED);
  __atomic_store_n(&page.realtime_offset, offset_to_publish(page.realtime_offset, sample.realtime_offset),
                   __ATOMIC_RELAXED);
  __atomic_store_n(&page.boottime_offset, offset_to_publish(page.boottime_offset, sample.boottime_offset),
                   __ATOMIC_RELAXED);
  __atomic_store_n(&page.sequence, sequence + 2, __ATOMIC_RELEASE);
}

void HostClock::steer(const Sample& sample) {
  if (!counter_is_good_) return;
  const wire::TimePage& page = *page_;
  if (page.use_cycles == 0) {
    if (sample.monotonic - origin_.monotonic < kFirstMeasure || sample.cycles <= origin_.cycles) return;
    measured_over_ = sample.monotonic - origin_.monotonic;
    frequency_ = ratio(measured_over_, sample.cycles - origin_.cycles);
    publish(sample, std::max(sample.monotonic, floor_.load()), frequency_, 1);
    return;
  }
  const bool backwards = sample.cycles < page.base_cycles;
  const u64 ours =
      backwards ? page.base_ns : page.base_ns + wire::scale_cycles(sample.cycles - page.base_cycles, page.ns_per_cycle);
  const u64 measured = ratio(sample.monotonic - origin_.monotonic, sample.cycles - origin_.cycles);
  // More than 1 in 1000 from what it was: this counter is no clock (the machine moved to another host, or worse).
  const u64 difference = measured > frequency_ ? measured - frequency_ : frequency_ - measured;
  const u64 uncertain = measured_over_ == 0 ? 0 : frequency_ / measured_over_ * kReadingError;
  if (backwards || difference > frequency_ / 1000 + uncertain) {
    counter_is_good_ = false;
    floor_.store(ours);
    publish(sample, ours, 0, 0);
    return;
  }
  frequency_ = measured;
  measured_over_ = sample.monotonic - origin_.monotonic;
  if (sample.monotonic - origin_.monotonic > kMeasureOver) origin_ = sample;
  const i64 behind = static_cast<i64>(sample.monotonic - ours);
  if (behind > kStepBeyond) {
    publish(sample, sample.monotonic, frequency_, 1);
    return;
  }
  // Make the difference good within a second; never slower than nine tenths of the host's pace.
  const i64 most = static_cast<i64>(frequency_ / 10);
  const i64 wanted = static_cast<i64>(static_cast<double>(frequency_) * static_cast<double>(behind) / kSecond);
  publish(sample, ours, frequency_ + static_cast<u64>(std::clamp(wanted, -most, most)), 1);
}

void HostClock::steer_for_test(const Sample& sample) {
  MutexGuard guard(lock_);
  steer(sample);
}

u64 HostClock::steer_after() const {
  return std::min(kSteerAfter, kTrust * measured_over_.load(std::memory_order_relaxed));
}

wire::TimeReading HostClock::now() {
  wire::TimeReading reading{};
  const bool told = wire::read_time(*page_, reading);
  if (told && reading.monotonic - __atomic_load_n(&page_->base_ns, __ATOMIC_RELAXED) < steer_after()) return reading;
  const Sample sample = read_host();
  {
    MutexGuard guard(lock_);
    // Another thread may have steered after we took our sample.
    if (page_->use_cycles == 0 || sample.cycles - page_->base_cycles > cycles_of(steer_after(), page_->ns_per_cycle))
      steer(sample);
    if (page_->use_cycles != 0) {
      reading.realtime_offset = page_->realtime_offset;
      reading.boottime_offset = page_->boottime_offset;
      const u64 now = wire::read_cycles();
      const u64 elapsed = now < page_->base_cycles ? 0 : now - page_->base_cycles;
      reading.monotonic = page_->base_ns + wire::scale_cycles(elapsed, page_->ns_per_cycle);
      return reading;
    }
  }
  reading.monotonic = std::max(sample.monotonic, floor_.load(std::memory_order_relaxed));
  reading.realtime_offset = sample.realtime_offset;
  reading.boottime_offset = sample.boottime_offset;
  return reading;
}

u64 HostClock::monotonic_ns() { return now().monotonic; }
u64 HostClock::boottime_ns() {
  const wire::TimeReading reading = now();
  return reading.monotonic + static_cast<u64>(reading.boottime_offset);
}
u64 HostClock::realtime_ns() {
  const wire::TimeReading reading = now();
  return reading.monotonic + static_cast<u64>(reading.realtime_offset);
}

}  // namespace limen
