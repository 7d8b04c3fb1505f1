#include "kernel/filter/bpf.h"

#include <gtest/gtest.h>

#include "abi/seccomp.h"

namespace limen {
namespace {

using abi::SockFilter;

constexpr u16 kLoad = abi::bpf_ld | abi::bpf_w | abi::bpf_abs;
constexpr u16 kEqual = abi::bpf_jmp | abi::bpf_jeq | abi::bpf_k;
constexpr u16 kReturn = abi::bpf_ret | abi::bpf_k;
constexpr u32 kAllow = abi::seccomp_ret_allow, kErrno = abi::seccomp_ret_errno | 7;

Ref<BpfProgram> program(std::vector<SockFilter> code) {
  Result<Ref<BpfProgram>> checked = BpfProgram::check(code);
  EXPECT_TRUE(checked.ok());
  return checked.ok() ? *checked : nullptr;
}

abi::SeccompData call(i32 nr, u64 first = 0) {
  abi::SeccompData data{};
  data.nr = nr, data.arch = abi::audit_arch_x86_64, data.args[0] = first;
  return data;
}

TEST(BpfProgram, ANumberAloneDecides) {
  const auto p = program({{kLoad, 0, 0, 4},
                          {kEqual, 1, 0, abi::audit_arch_x86_64},
                          {kReturn, 0, 0, 0},
                          {kLoad, 0, 0, 0},
                          {kEqual, 0, 1, 39},
                          {kReturn, 0, 0, kErrno},
                          {kReturn, 0, 0, kAllow}});
  EXPECT_EQ(p->run(call(39)), kErrno);
  EXPECT_EQ(p->run(call(40)), kAllow);
  EXPECT_FALSE(p->always_allows(39));
  EXPECT_TRUE(p->always_allows(40));
}

TEST(BpfProgram, WhatDependsOnArgumentsIsNotCached) {
  const auto p = program({{kLoad, 0, 0, 0},
                          {kEqual, 0, 3, 1},
                          {kLoad, 0, 0, 16},
                          {kEqual, 0, 1, 2},
                          {kReturn, 0, 0, kErrno},
                          {kReturn, 0, 0, kAllow}});
  EXPECT_EQ(p->run(call(1, 2)), kErrno);
  EXPECT_EQ(p->run(call(1, 3)), kAllow);
  EXPECT_FALSE(p->always_allows(1));
  EXPECT_TRUE(p->always_allows(2));
}

TEST(BpfProgram, ScratchWordsAndArithmeticAreFollowed) {
  const auto p = program({{kLoad, 0, 0, 0},
                          {abi::bpf_alu | abi::bpf_and | abi::bpf_k, 0, 0, 0xf},
                          {abi::bpf_st, 0, 0, 3},
                          {abi::bpf_ldx | abi::bpf_mem, 0, 0, 3},
                          {abi::bpf_misc | abi::bpf_txa, 0, 0, 0},
                          {kEqual, 0, 1, 5},
                          {kReturn, 0, 0, kErrno},
                          {kReturn, 0, 0, kAllow}});
  EXPECT_FALSE(p->always_allows(0x15));
  EXPECT_TRUE(p->always_allows(0x16));
  EXPECT_EQ(p->run(call(0x25)), kErrno);
}

TEST(BpfProgram, CostsWhatLinuxMakesOfIt) {
  EXPECT_EQ(program({{kReturn, 0, 0, kAllow}})->cost(), 5u);
  EXPECT_EQ(program({{abi::bpf_alu | abi::bpf_div | abi::bpf_x, 0, 0, 0}, {kReturn, 0, 0, kAllow}})->cost(), 10u);
  EXPECT_EQ(program({{kEqual, 1, 1, 0x80000000}, {kReturn, 0, 0, 0}, {kReturn, 0, 0, kAllow}})->cost(), 10u);
}

TEST(BpfProgram, RefusesWhatLinuxRefuses) {
  const auto refused = [](SockFilter in) {
    const SockFilter code[] = {in, {kReturn, 0, 0, kAllow}};
    return BpfProgram::check(code).is(Errno::einval);
  };
  EXPECT_TRUE(refused({kLoad, 0, 0, 64}));
  EXPECT_TRUE(refused({kLoad, 0, 0, 2}));
  EXPECT_TRUE(refused({kEqual, 1, 0, 0}));
  EXPECT_TRUE(refused({abi::bpf_jmp | abi::bpf_ja, 0, 0, 0xffffffff}));
  EXPECT_TRUE(refused({abi::bpf_alu | abi::bpf_mod | abi::bpf_k, 0, 0, 3}));
  EXPECT_TRUE(refused({abi::bpf_ld | abi::bpf_mem, 0, 0, 0}));
  EXPECT_TRUE(BpfProgram::check({}).is(Errno::einval));
}

}  // namespace
}  // namespace limen
