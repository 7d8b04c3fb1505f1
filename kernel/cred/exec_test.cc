#include "kernel/cred/exec.h"

#include <gtest/gtest.h>

namespace limen {
namespace {

Ref<Credentials> user(u32 id) {
  Ref<Credentials> c = make_ref<Credentials>();
  c->uid = c->euid = c->suid = c->fsuid = Uid(id);
  c->gid = c->egid = c->sgid = c->fsgid = Gid(id);
  return c;
}
Attributes program(u32 mode, u32 owner) {
  return Attributes{.mode = 0100000 | mode, .uid = Uid(owner), .gid = Gid(owner)};
}

TEST(CredentialsForExec, RootGetsItsBoundingSet) {
  const Ref<Credentials> root = user(0);
  root->bounding = 0xff;
  bool secure = true;
  const Ref<const Credentials> fresh = credentials_for_exec(*root, program(0755, 0), true, secure);
  EXPECT_EQ(fresh->permitted, 0xffu);
  EXPECT_EQ(fresh->effective, 0xffu);
  EXPECT_FALSE(secure);
}

TEST(CredentialsForExec, AUserLosesWhatIsNotAmbient) {
  const Ref<Credentials> old = user(5);
  old->permitted = old->effective = old->inheritable = 7;
  old->ambient = 2;
  bool secure = true;
  const Ref<const Credentials> fresh = credentials_for_exec(*old, program(0755, 0), true, secure);
  EXPECT_EQ(fresh->permitted, 2u);
  EXPECT_EQ(fresh->effective, 2u);
  EXPECT_FALSE(secure);
}

TEST(CredentialsForExec, SetUserIdMakesRoot) {
  const Ref<Credentials> old = user(5);
  old->ambient = 2;
  bool secure = false;
  const Ref<const Credentials> fresh = credentials_for_exec(*old, program(04755, 0), true, secure);
  EXPECT_EQ(fresh->uid, Uid(5));
  EXPECT_EQ(fresh->euid, Uid(0));
  EXPECT_EQ(fresh->suid, Uid(0));
  EXPECT_EQ(fresh->fsuid, Uid(0));
  EXPECT_EQ(fresh->effective, kAllCapabilities);
  EXPECT_EQ(fresh->ambient, 0u);
  EXPECT_TRUE(secure);
}

TEST(CredentialsForExec, SetUserIdIsNothingWithoutHonour) {
  bool secure = true;
  const Ref<const Credentials> fresh = credentials_for_exec(*user(5), program(06755, 0), false, secure);
  EXPECT_EQ(fresh->euid, Uid(5));
  EXPECT_EQ(fresh->egid, Gid(5));
  EXPECT_EQ(fresh->permitted, 0u);
  EXPECT_FALSE(secure);
}

TEST(CredentialsForExec, SetGroupIdNeedsGroupExecution) {
  bool secure = false;
  EXPECT_EQ(credentials_for_exec(*user(5), program(02745, 9), true, secure)->egid, Gid(5));
  EXPECT_EQ(credentials_for_exec(*user(5), program(02755, 9), true, secure)->egid, Gid(9));
  EXPECT_TRUE(secure);
}

}  // namespace
}  // namespace limen
