#include "abi/syscalls.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "abi/params.h"
#include "base/result.h"

namespace limen {

// Every row's parameters are those of a function that can be declared, with nothing but forward declarations.
class Task;
#define SYSCALL(name, x86_64, i386, aarch64, families, level, reason, ...) \
  Result<i64> sys_##name(Task& task __VA_OPT__(, ) __VA_ARGS__);
#define ABSENT(name, x86_64, i386, aarch64, families, errno_, reason, ...) \
  Result<i64> sys_##name(Task& task __VA_OPT__(, ) __VA_ARGS__);
#include "abi/syscalls.def"

namespace {

TEST(Syscalls, NoNumberIsMissing) {
  for (i64 nr = 0; nr < kSyscallEnd; nr++) {
    bool gap = nr >= 337 && nr < 424;
    EXPECT_EQ(find_syscall(Arch::x86_64, nr) == nullptr, gap) << nr;
  }
  EXPECT_EQ(find_syscall(Arch::x86_64, -1), nullptr);
  EXPECT_EQ(find_syscall(Arch::x86_64, kSyscallEnd), nullptr);
  EXPECT_EQ(find_syscall(Arch::x86_64, i64{1} << 40), nullptr);
}

TEST(Syscalls, NumbersAreTheHosts) {
  EXPECT_EQ(find_syscall("read")->x86_64, SYS_read);
  EXPECT_EQ(find_syscall("openat2")->x86_64, SYS_openat2);
  EXPECT_EQ(find_syscall("futex_waitv")->x86_64, SYS_futex_waitv);
  EXPECT_EQ(find_syscall("read")->i386, 3);
  EXPECT_EQ(find_syscall("read")->aarch64, 63);
  EXPECT_EQ(find_syscall("no_such_call"), nullptr);
  EXPECT_EQ(find_syscall(Arch::aarch64, 56)->name, "openat");
  EXPECT_EQ(find_syscall(Arch::i386, 295)->name, "openat");
}

TEST(Syscalls, ParametersAreSplitAtTheOuterCommas) {
  const SyscallRow& row = *find_syscall("ppoll");
  EXPECT_EQ(syscall_param(row, 0).type, "UserArray<InOut, abi::PollFd>");
  EXPECT_EQ(syscall_param(row, 0).name, "fds");
  EXPECT_EQ(syscall_param(row, 4).type, "usize");
  EXPECT_EQ(syscall_param(row, 4).name, "sigsetsize");
  EXPECT_EQ(syscall_param(row, 5).type, "");
  EXPECT_EQ(syscall_param(*find_syscall("getpid"), 0).name, "");
}

TEST(Syscalls, NoCallHasMoreThanSixParameters) {
  for (const SyscallRow& row : syscall_rows()) EXPECT_TRUE(syscall_param(row, 6).type.empty()) << row.name;
}

}  // namespace
}  // namespace limen
