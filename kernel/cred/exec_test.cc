#include "kernel/cred/exec.h"

#include <gtest/gtest.h>

#include <cstring>

#include "abi/capability.h"

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

Ref<const Credentials> after(const Credentials& old, const Attributes& of, const ExecRules& rules, bool& secure) {
  Result<Ref<const Credentials>> fresh = credentials_for_exec(old, of, rules, secure);
  return fresh.ok() ? std::move(*fresh) : Ref<const Credentials>(user(0xbad));
}
constexpr u64 kRaw = u64{1} << static_cast<unsigned>(Capability::net_raw);
ExecRules with_file(u64 permitted, bool effective) {
  return ExecRules{.file = FileCapabilities{.permitted = permitted, .effective = effective}};
}

TEST(CredentialsForExec, RootGetsItsBoundingSet) {
  const Ref<Credentials> root = user(0);
  root->bounding = 0xff;
  bool secure = true;
  const Ref<const Credentials> fresh = after(*root, program(0755, 0), {}, secure);
  EXPECT_EQ(fresh->permitted, 0xffu);
  EXPECT_EQ(fresh->effective, 0xffu);
  EXPECT_FALSE(secure);
}

TEST(CredentialsForExec, AUserLosesWhatIsNotAmbient) {
  const Ref<Credentials> old = user(5);
  old->permitted = old->effective = old->inheritable = 7;
  old->ambient = 2;
  bool secure = true;
  const Ref<const Credentials> fresh = after(*old, program(0755, 0), {}, secure);
  EXPECT_EQ(fresh->permitted, 2u);
  EXPECT_EQ(fresh->effective, 2u);
  EXPECT_FALSE(secure);
}

TEST(CredentialsForExec, SetUserIdMakesRoot) {
  const Ref<Credentials> old = user(5);
  old->ambient = 2;
  bool secure = false;
  const Ref<const Credentials> fresh = after(*old, program(04755, 0), {}, secure);
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
  const Ref<const Credentials> fresh = after(*user(5), program(06755, 0), {.honours_set_id = false}, secure);
  EXPECT_EQ(fresh->euid, Uid(5));
  EXPECT_EQ(fresh->egid, Gid(5));
  EXPECT_EQ(fresh->permitted, 0u);
  EXPECT_FALSE(secure);
}

TEST(CredentialsForExec, SetGroupIdNeedsGroupExecution) {
  bool secure = false;
  EXPECT_EQ(after(*user(5), program(02745, 9), {}, secure)->egid, Gid(5));
  EXPECT_EQ(after(*user(5), program(02755, 9), {}, secure)->egid, Gid(9));
  EXPECT_TRUE(secure);
}

TEST(CredentialsForExec, AFileBringsCapabilitiesWithinTheBoundingSet) {
  const Ref<Credentials> old = user(5);
  old->inheritable = old->permitted = old->ambient = 3;
  bool secure = false;
  const Ref<const Credentials> fresh = after(*old, program(0755, 0), with_file(kRaw, true), secure);
  EXPECT_EQ(fresh->permitted, kRaw);
  EXPECT_EQ(fresh->effective, kRaw);
  EXPECT_EQ(fresh->ambient, 0u);
  EXPECT_TRUE(secure);
  EXPECT_EQ(after(*old, program(0755, 0), with_file(kRaw, false), secure)->effective, 0u);
  old->bounding &= ~kRaw;
  EXPECT_TRUE(credentials_for_exec(*old, program(0755, 0), with_file(kRaw, true), secure).is(Errno::eperm));
  EXPECT_EQ(after(*old, program(0755, 0), with_file(kRaw, false), secure)->permitted, 0u);
}

TEST(CredentialsForExec, NothingIsGainedWhereThatIsADanger) {
  bool secure = false;
  ExecRules rules = with_file(kRaw, true);
  for (const auto danger : {ExecRules::Danger::tracer, ExecRules::Danger::no_new_privs}) {
    rules.danger = danger;
    EXPECT_EQ(after(*user(5), program(0755, 0), rules, secure)->permitted, 0u);
  }
  const Ref<Credentials> root = user(0);
  root->permitted = root->effective = kRaw;
  const ExecRules bare{.danger = ExecRules::Danger::no_new_privs};
  EXPECT_EQ(after(*root, program(0755, 0), bare, secure)->permitted, kRaw);
  EXPECT_EQ(after(*root, program(0755, 0), {}, secure)->permitted, kAllCapabilities);
}

TEST(CredentialsForExec, ASetUserIdProgramWithCapabilitiesHasNoOthers) {
  bool secure = false;
  const Ref<const Credentials> fresh = after(*user(5), program(04755, 0), with_file(kRaw, true), secure);
  EXPECT_EQ(fresh->euid, Uid(0));
  EXPECT_EQ(fresh->permitted, kRaw);
}

TEST(FileCapabilities, AValueIsOfRevisionTwoOrThree) {
  abi::VfsNsCapData data{
      .magic_etc = abi::vfs_cap_revision_2 | abi::vfs_cap_flags_effective, .data = {{1, 2}, {~u32{0}, 4}}, .rootid = 7};
  u8 bytes[sizeof data];
  std::memcpy(bytes, &data, sizeof data);
  const Result<FileCapabilities> two = FileCapabilities::parse(std::span(bytes).first(abi::vfs_cap_size_2), nullptr);
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(two->permitted, kAllCapabilities & ~u64{0xfffffffe});
  EXPECT_EQ(two->inheritable, u64{4} << 32 | 2);
  EXPECT_TRUE(two->effective);
  EXPECT_TRUE(two->count_for(*user(5)));
  EXPECT_TRUE(FileCapabilities::parse(bytes, nullptr).is(Errno::einval));
  data.magic_etc = abi::vfs_cap_revision_3;
  std::memcpy(bytes, &data, sizeof data);
  const Result<FileCapabilities> three = FileCapabilities::parse(bytes, nullptr);
  ASSERT_TRUE(three.ok());
  EXPECT_FALSE(three->effective);
  EXPECT_FALSE(three->count_for(*user(5)));
  EXPECT_TRUE(FileCapabilities::parse(std::span(bytes).first(3), nullptr).is(Errno::einval));
}

}  // namespace
}  // namespace limen
