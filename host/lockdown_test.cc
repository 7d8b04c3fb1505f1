#include "host/lockdown.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cstring>

namespace limen::host {
namespace {

// What the host makes of a filter, for the instructions that ours have. nr: of any architecture.
u32 run(const std::vector<sock_filter>& program, const seccomp_data& data) {
  u32 value = 0;
  for (usize at = 0; at < program.size(); ++at) {
    const sock_filter& i = program[at];
    switch (i.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&value, reinterpret_cast<const u8*>(&data) + i.k, sizeof value);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        value &= i.k;
        break;
      case BPF_JMP | BPF_JA:
        at += i.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += value == i.k ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += value >= i.k ? i.jt : i.jf;
        break;
      case BPF_RET | BPF_K:
        return i.k;
      default:
        ADD_FAILURE() << "instruction " << i.code;
        return 0;
    }
  }
  ADD_FAILURE() << "no end";
  return 0;
}

bool admits(const Rule& rule, const seccomp_data& data) {
  if (rule.nr != static_cast<u32>(data.nr)) return false;
  for (usize i = 0; i < rule.args.count; ++i) {
    const rules::Check& check = rule.args.checks[i];
    if ((static_cast<u32>(data.args[i]) & check.mask) != check.wanted) return false;
  }
  return true;
}

TEST(LockdownTest, TheFilterAdmitsWhatSomeRowAdmitsAndNothingElse) {
  const std::vector<Rule>& rules = all_rules();
  const std::vector<sock_filter> program = compile_rules(rules, SECCOMP_RET_TRAP);
  const auto expect = [&](const seccomp_data& data) {
    bool wanted = false;
    for (const Rule& rule : rules) wanted = wanted || admits(rule, data);
    EXPECT_EQ(run(program, data), wanted ? u32{SECCOMP_RET_ALLOW} : u32{SECCOMP_RET_TRAP})
        << data.nr << "(" << data.args[0] << ", " << data.args[1] << ", ...)";
  };
  for (u32 nr = 0; nr < 1024; ++nr) {
    seccomp_data data{};
    data.nr = static_cast<int>(nr), data.arch = AUDIT_ARCH_X86_64;
    expect(data);
    for (auto& argument : data.args) argument = ~u64{0};
    expect(data);
    data.nr = static_cast<int>(nr | 0x40000000);  // x32
    expect(data);
  }
  // What each row wants, and one bit away from it.
  for (const Rule& rule : rules) {
    seccomp_data data{};
    data.nr = static_cast<int>(rule.nr), data.arch = AUDIT_ARCH_X86_64;
    for (usize i = 0; i < rule.args.count; ++i) data.args[i] = rule.args.checks[i].wanted;
    expect(data);
    for (usize i = 0; i < rule.args.count; ++i) {
      for (u32 bit = 0; bit < 32; ++bit) {
        data.args[i] ^= u64{1} << bit;
        expect(data);
        data.args[i] ^= u64{1} << bit;
      }
    }
    data.arch = AUDIT_ARCH_I386;
    EXPECT_EQ(run(program, data), u32{SECCOMP_RET_TRAP});
  }
}

}  // namespace
}  // namespace limen::host
