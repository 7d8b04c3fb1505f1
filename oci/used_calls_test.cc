#include "oci/used_calls.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/terminal.h"
#include "oci/seccomp_profile.h"

namespace limen::oci {
namespace {

TEST(UsedCalls, a_profile_is_read_back_as_it_was_written) {
  UsedCalls used;
  used.add({.name = "read"}, "ls -l", "ls", {3});
  used.add({.name = "read"}, "make", "cc1", {7, {"libc.so.6 read", "cc1 main"}});
  used.add({.name = "read"}, "make", "cc1", {1, {"libc.so.6 __read_chk"}});  // not its first
  used.add({.name = "ioctl", .arg = 1, .value = 0x5401, .mask = 0xffffffff}, "ls -l", "ls", {1});
  const std::string text = used.to_json();
  UsedCalls again;
  again.read(text, "p.json");
  EXPECT_EQ(again.calls(), used.calls());
  EXPECT_EQ(again.to_json(), text);
}

TEST(UsedCalls, what_it_writes_is_what_run_enforces) {
  UsedCalls used;
  used.add({.name = "socket", .arg = 0, .value = 1, .mask = 0xffffffff}, "a", "a", {1});
  const ProfileProgram program(parse_seccomp_profile(used.to_json(), "p.json", {}));
  abi::SeccompData call{};
  call.nr = 41;
  call.args[0] = 0x1'0000'0001;  // the kernel sees the lower half alone
  EXPECT_EQ(program.run(call), abi::seccomp_ret_allow);
  call.args[0] = 2;
  EXPECT_EQ(program.run(call), abi::seccomp_ret_errno | 38);
}

TEST(UsedCalls, a_call_of_any_arguments_holds_those_of_some) {
  UsedCalls used;
  used.add({.name = "ioctl", .arg = 1, .value = 1}, "a", "a", {1});
  used.add({.name = "ioctl"}, "b", "b", {1});
  const auto rules = nlohmann::json::parse(used.to_json())["syscalls"];
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_FALSE(rules[0].contains("args"));
}

TEST(UsedCalls, names_and_numbers_of_a_guest_are_bounded) {
  UsedCalls used;
  for (u64 i = 0; i < 1000; ++i) {
    used.add({.name = "read"}, "run", "p" + std::to_string(i), {1});
    used.add({.name = "ioctl", .arg = 1, .value = i}, "run", "p", {1});
  }
  EXPECT_LE(used.calls().at({.name = "read"}).at("run").size(), 33u);
  EXPECT_LE(used.calls().size(), 66u);
  used.add({.name = "write"}, "a | b: c", "x, \x1b", {1});
  EXPECT_EQ(words_of(used.calls().at({.name = "write"})), "a ? b? c: x? ? 1");
  used.add({.name = "brk"}, "a", "x", {1, {"a < b @ c, d | e"}});
  EXPECT_EQ(words_of(used.calls().at({.name = "brk"})), "a: x 1 @ a ? b ? c? d ? e");
}

TEST(UsedCalls, another_kind_of_profile_is_refused) {
  const auto refused = [](const char* text) {
    UsedCalls used;
    EXPECT_THROW(used.read(text, "p.json"), cli::UsageError) << text;
  };
  refused("{");
  refused("[]");
  refused(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []})");
  refused(R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_KILL"}]})");
  refused(R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": "read"}]})");
}

}  // namespace
}  // namespace limen::oci
