#include "kernel/trace/unwind.h"

#include <gtest/gtest.h>
#include <link.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <random>
#include <vector>

namespace limen::unwind {
namespace {

// This process's own memory; what is not mapped is told by process_vm_readv.
class OwnMemory : public Memory {
 public:
  bool read(u64 place, void* to, usize length) override {
    ++reads;
    const iovec local{to, length}, remote{reinterpret_cast<void*>(place), length};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(length);
  }
  usize reads = 0;
};

u64 table_of(u64 ip) {
  struct Search {
    u64 ip, table;
  } search{ip, 0};
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        auto& s = *static_cast<Search*>(data);
        u64 table = 0;
        bool inside = false;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& p = info->dlpi_phdr[i];
          const u64 start = info->dlpi_addr + p.p_vaddr;
          if (p.p_type == PT_GNU_EH_FRAME) table = start;
          if (p.p_type == PT_LOAD && s.ip >= start && s.ip - start < p.p_memsz) inside = true;
        }
        if (inside) s.table = table;
        return inside ? 1 : 0;
      },
      &search);
  return search.table;
}

std::vector<u64> stack_from(Registers frame, bool called = false) {
  OwnMemory memory;
  std::vector<u64> out;
  for (int i = 0; i < 40; ++i) {
    out.push_back(frame.ip());
    const auto next = step(memory, table_of(frame.ip()), frame, called);
    if (!next) break;
    frame = next->registers, called = !next->was_signal_frame;
  }
  return out;
}

Registers from_context(const ucontext_t& context) {
  const greg_t* g = context.uc_mcontext.gregs;
  constexpr int kOrder[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                            REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  Registers out;
  for (usize i = 0; i < kRegisters; ++i) out.value[i] = static_cast<u64>(g[kOrder[i]]);
  return out;
}

std::vector<u64> seen;
bool was_signal;
void handler(int, siginfo_t*, void* context) {
  seen = stack_from(from_context(*static_cast<ucontext_t*>(context)));
  // And from inside the handler, through the frame that the kernel made.
  Registers here;
  asm volatile("lea 0(%%rip), %0" : "=r"(here.value[kIp]));
  asm volatile("mov %%rsp, %0; mov %%rbp, %1; mov %%rbx, %2"
               : "=m"(here.value[kSp]), "=m"(here.value[6]), "=m"(here.value[3]));
  asm volatile("mov %%r12, %0; mov %%r13, %1" : "=m"(here.value[12]), "=m"(here.value[13]));
  asm volatile("mov %%r14, %0; mov %%r15, %1" : "=m"(here.value[14]), "=m"(here.value[15]));
  const std::vector<u64> through = stack_from(here);
  was_signal =
      through.size() > 3 && std::search(through.begin(), through.end(), seen.begin(), seen.end()) != through.end();
}

__attribute__((noinline)) void innermost() {
  raise(SIGUSR1);
  asm volatile("");
}
__attribute__((noinline)) void middle(int depth) {
  if (depth > 0) {
    middle(depth - 1);
  } else {
    innermost();
  }
  asm volatile("");
}

bool is_within(u64 ip, void (*function)()) {
  const u64 start = reinterpret_cast<u64>(function);
  return ip >= start && ip < start + 128;
}

TEST(Unwind, FollowsItsOwnStackThroughASignal) {
  struct sigaction action {};
  action.sa_sigaction = handler, action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  middle(3);
  signal(SIGUSR1, SIG_DFL);
  ASSERT_GT(seen.size(), 7u);
  const auto inner = std::find_if(seen.begin(), seen.end(), [](u64 ip) { return is_within(ip, innermost); });
  ASSERT_NE(inner, seen.end());
  for (int i = 1; i <= 4; ++i) EXPECT_TRUE(is_within(inner[i], reinterpret_cast<void (*)()>(middle))) << i;
  EXPECT_TRUE(was_signal);
}

// Whatever stands in the tables, a step ends, and reads a bounded number of times.
class Noise : public Memory {
 public:
  explicit Noise(u32 seed) : random_(seed) {}
  bool read(u64 place, void* to, usize length) override {
    ++reads;
    for (usize i = 0; i < length; ++i) static_cast<u8*>(to)[i] = static_cast<u8>(random_() >> 7);
    constexpr u8 kHead[] = {1, 0x1b, 3, 0x3b};
    if (place == 0x1000) std::memcpy(to, kHead, sizeof kHead);
    if (length == sizeof(u32)) *static_cast<u32*>(to) %= 300;
    if (length > 8 && length < 300 && (random_() & 1) != 0) std::memset(to, 0, 4), static_cast<u8*>(to)[4] = 1;
    return true;
  }
  usize reads = 0;

 private:
  std::minstd_rand random_;
};

TEST(Unwind, NoiseEndsSoon) {
  for (u32 seed = 1; seed < 20'000; ++seed) {
    Noise noise(seed);
    Registers frame;
    for (usize i = 0; i < kRegisters; ++i) frame.value[i] = seed * 7919u * i;
    (void)step(noise, 0x1000, frame, (seed & 1) != 0);
    EXPECT_LT(noise.reads, 200u);
  }
}

}  // namespace
}  // namespace limen::unwind
