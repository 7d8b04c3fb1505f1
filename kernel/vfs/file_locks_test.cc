#include "kernel/vfs/file_locks.h"

#include <gtest/gtest.h>

namespace limen {
namespace {

constexpr LockOwner kAnn{LockOwner::Kind::posix, 1, 10}, kBob{LockOwner::Kind::posix, 2, 20},
    kOfd{LockOwner::Kind::ofd, 1, -1};

RecordLock lock(u64 first, u64 last, bool is_write, LockOwner owner) { return {first, last, is_write, owner}; }

TEST(FileLocks, WritersExcludeReadersShare) {
  const Ref<FileLocks> locks = make_ref<FileLocks>();
  RecordLock blocker;
  EXPECT_TRUE(locks->set(lock(0, 9, false, kAnn), &blocker).ok());
  EXPECT_TRUE(locks->set(lock(5, 20, false, kBob), &blocker).ok());
  EXPECT_TRUE(locks->set(lock(8, 8, true, kOfd), &blocker).is(Errno::eagain));
  EXPECT_TRUE(locks->set(lock(30, 40, true, kOfd), &blocker).ok());
}

TEST(FileLocks, SameNumberOfAnotherKindIsAnotherOwner) {
  const Ref<FileLocks> locks = make_ref<FileLocks>();
  RecordLock blocker;
  EXPECT_TRUE(locks->set(lock(0, 9, true, kAnn), &blocker).ok());
  EXPECT_TRUE(locks->set(lock(0, 9, true, kOfd), &blocker).is(Errno::eagain));
  EXPECT_EQ(blocker.owner.pid, 10);
}

TEST(FileLocks, UnlockingTheMiddleSplits) {
  const Ref<FileLocks> locks = make_ref<FileLocks>();
  RecordLock blocker;
  ASSERT_TRUE(locks->set(lock(0, 99, true, kAnn), &blocker).ok());
  locks->unset(kAnn, 40, 59);
  EXPECT_EQ(locks->list().size(), 2u);
  EXPECT_TRUE(locks->set(lock(40, 59, true, kBob), &blocker).ok());
  EXPECT_TRUE(locks->set(lock(59, 60, true, kBob), &blocker).is(Errno::eagain));
}

TEST(FileLocks, NeighboursMerge) {
  const Ref<FileLocks> locks = make_ref<FileLocks>();
  RecordLock blocker;
  ASSERT_TRUE(locks->set(lock(0, 9, true, kAnn), &blocker).ok());
  ASSERT_TRUE(locks->set(lock(20, 29, true, kAnn), &blocker).ok());
  ASSERT_TRUE(locks->set(lock(10, 19, true, kAnn), &blocker).ok());
  ASSERT_EQ(locks->list().size(), 1u);
  EXPECT_EQ(locks->list()[0].last, 29u);
}

TEST(FileLocks, AWriteLockBecomesAReadLockInPart) {
  const Ref<FileLocks> locks = make_ref<FileLocks>();
  RecordLock blocker;
  ASSERT_TRUE(locks->set(lock(0, FileLocks::kToEnd, true, kAnn), &blocker).ok());
  ASSERT_TRUE(locks->set(lock(0, 9, false, kAnn), &blocker).ok());
  EXPECT_TRUE(locks->set(lock(0, 9, false, kBob), &blocker).ok());
  EXPECT_TRUE(locks->set(lock(10, 10, false, kBob), &blocker).is(Errno::eagain));
}

TEST(FileLocks, AFailedFlockConversionLosesTheOldLock) {  // flock(2): "not guaranteed to be atomic"
  const Ref<FileLocks> locks = make_ref<FileLocks>();
  ASSERT_TRUE(locks->set_flock(1, false).ok());
  ASSERT_TRUE(locks->set_flock(2, false).ok());
  EXPECT_TRUE(locks->set_flock(1, true).is(Errno::eagain));
  EXPECT_TRUE(locks->set_flock(2, true).ok());
  locks->unset_flock(2);
  EXPECT_TRUE(locks->set_flock(1, true).ok());
}

}  // namespace
}  // namespace limen
