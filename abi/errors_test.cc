#include "abi/errors.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace limen {
namespace {

TEST(Errors, each_call_of_the_table_has_its_own_facts) {
  for (const SyscallRow& row : syscall_rows()) {
    const SyscallFacts& facts = syscall_facts(row);
    EXPECT_EQ(facts.name, row.name);
    EXPECT_FALSE(facts.since.empty()) << row.name;
    EXPECT_FALSE(facts.page.empty()) << row.name;
  }
}

TEST(Errors, causes_are_those_of_the_row_and_its_groups) {
  const SyscallFacts& openat = syscall_facts(*find_syscall("openat"));
  EXPECT_EQ(openat.since, "2.6.16");
  EXPECT_EQ(openat.page, "open");
  const auto has = [](const SyscallFacts& facts, Errno e) {
    return std::any_of(facts.errors.begin(), facts.errors.end(), [&](const ErrorCause& c) { return c.error == e; });
  };
  EXPECT_TRUE(has(openat, Errno::enoent));
  EXPECT_TRUE(has(openat, Errno::etxtbsy));
  EXPECT_FALSE(has(openat, Errno::echild));
  EXPECT_TRUE(syscall_facts(*find_syscall("getpid")).errors.empty());
}

}  // namespace
}  // namespace limen
