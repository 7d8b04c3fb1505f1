#include "oci/seccomp_profile.h"

#include <gtest/gtest.h>

#include "cli/terminal.h"

namespace limen::oci {
namespace {

constexpr std::string_view kDockerShape = R"({
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}],
  "syscalls": [
    {"names": ["read", "write", "exit_group", "chown32", "a_call_to_come"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
    {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}]},
    {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
    {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390"]},
     "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
    {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["clone3", "mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64", "x32"]}},
    {"names": ["sync_file_range2"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["ppc64le"]}}
  ]
})";

u32 ask(const SeccompProfile& profile, std::string_view name, u64 first = 0, u64 second = 0) {
  const ProfileProgram program(profile);
  abi::SeccompData call{};
  call.nr = find_syscall(name)->x86_64;
  call.args[0] = first, call.args[1] = second;
  return program.run(call);
}

SeccompProfile parse(std::string_view text, u64 caps = 0) {
  return parse_seccomp_profile(text, "p.json", {caps, "6.12.0-limen"});
}

std::string complaint(std::string_view text) {
  try {
    (void)parse(text);
  } catch (const cli::UsageError& error) {
    return error.what();
  }
  return "";
}

constexpr u32 kAllow = abi::seccomp_ret_allow, kEperm = abi::seccomp_ret_errno | 1;

TEST(SeccompProfile, DockersShapeIsTaken) {
  const SeccompProfile p = parse(kDockerShape);
  EXPECT_EQ(ask(p, "read"), kAllow);
  EXPECT_EQ(ask(p, "ptrace"), kAllow);
  EXPECT_EQ(ask(p, "mount"), kEperm);
  EXPECT_EQ(ask(p, "clone3"), abi::seccomp_ret_errno | 38);
  EXPECT_EQ(ask(p, "arch_prctl"), kAllow);
  EXPECT_EQ(ask(p, "personality", 0), kAllow);
  EXPECT_EQ(ask(p, "personality", 8), kAllow);
  EXPECT_EQ(ask(p, "personality", 9), kEperm);
  EXPECT_EQ(ask(p, "clone", 0x10011), kAllow);
  EXPECT_EQ(ask(p, "clone", 0x10000011), kEperm);  // CLONE_NEWUSER
}

TEST(SeccompProfile, CapabilitiesChooseRules) {
  const SeccompProfile p = parse(kDockerShape, u64{1} << 21);
  EXPECT_EQ(ask(p, "mount"), kAllow);
  EXPECT_EQ(ask(p, "clone3"), kAllow);
  EXPECT_EQ(ask(p, "clone", 0x11), kEperm);
}

TEST(SeccompProfile, OneArgumentTwiceIsAnAlternative) {
  const SeccompProfile p = parse(R"({"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [
    {"names": ["dup2"], "action": "SCMP_ACT_ALLOW", "args": [
      {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]},
    {"names": ["dup"], "action": "SCMP_ACT_LOG", "args": [
      {"index": 0, "value": 1, "op": "SCMP_CMP_GT"}, {"index": 1, "value": 2, "op": "SCMP_CMP_LE"}]}]})");
  EXPECT_EQ(ask(p, "dup2", 1), kAllow);
  EXPECT_EQ(ask(p, "dup2", 2), kAllow);
  EXPECT_EQ(ask(p, "dup2", 3), abi::seccomp_ret_kill_process);
  EXPECT_EQ(ask(p, "dup", 2, 2), abi::seccomp_ret_log);
  EXPECT_EQ(ask(p, "dup", 1, 2), abi::seccomp_ret_kill_process);
}

TEST(SeccompProfile, OnlyWhatIsAllowedInAnyCaseIsCached) {
  const ProfileProgram program(parse(kDockerShape));
  EXPECT_TRUE(program.always_allows(0));
  EXPECT_FALSE(program.always_allows(static_cast<u32>(find_syscall("personality")->x86_64)));
  EXPECT_FALSE(program.always_allows(static_cast<u32>(find_syscall("mount")->x86_64)));
}

TEST(SeccompProfile, TheRuleIsNamed) {
  const ProfileProgram program(parse(kDockerShape));
  abi::SeccompData call{};
  call.nr = find_syscall("clone3")->x86_64;
  EXPECT_EQ(program.explain(call), "rule 5 (SCMP_ACT_ERRNO, ENOSYS)");
  call.nr = find_syscall("mount")->x86_64;
  EXPECT_EQ(program.explain(call), "the default action (SCMP_ACT_ERRNO, EPERM)");
}

TEST(SeccompProfile, ErrorsNameThePlace) {
  EXPECT_NE(complaint("{\n  \"defaultAction\": oops\n}").find("line 2, column"), std::string::npos);
  EXPECT_NE(complaint("{\n \"defaultAction\": \"SCMP_ACT_DENY\"}").find("p.json:2:19: 'SCMP_ACT_DENY'"),
            std::string::npos);
  EXPECT_NE(complaint(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscals": []})").find("'syscals'"), std::string::npos);
  EXPECT_NE(complaint(R"({"syscalls": []})").find("'defaultAction' is missing"), std::string::npos);
  EXPECT_NE(complaint(R"({"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1})").find("means nothing"),
            std::string::npos);
  EXPECT_NE(
      complaint(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["opne"], "action": "SCMP_ACT_KILL"}]})")
          .find("'opne'"),
      std::string::npos);
  EXPECT_NE(complaint(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": -1})").find("defaultErrnoRet"),
            std::string::npos);
  EXPECT_NE(complaint(R"({"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["X86"]})").find("'X86'"),
            std::string::npos);
  EXPECT_NE(
      complaint(R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW",
      "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]})")
          .find("syscalls[0].args[0]"),
      std::string::npos);
  EXPECT_NE(complaint("[]").find("must be an object"), std::string::npos);
}

}  // namespace
}  // namespace limen::oci
