#include "kernel/vfs/acl.h"

#include <gtest/gtest.h>

#include <cstring>

#include "abi/xattr.h"
#include "kernel/cred/credentials.h"
#include "kernel/vfs/attributes.h"

namespace limen {
namespace {

using Entry = Acl::Entry;

Ref<Credentials> reader(u32 uid, u32 gid) {
  Ref<Credentials> creds = make_ref<Credentials>();
  creds->fsuid = Uid(uid), creds->fsgid = Gid(gid);
  return creds;
}

Attributes file() {
  Attributes a;
  a.uid = Uid(100), a.gid = Gid(200);
  return a;
}

Ref<Acl> list(std::vector<Entry> entries) { return make_ref<Acl>(std::move(entries)); }

const Entry kOwner{abi::acl_user_obj, 7}, kGroup{abi::acl_group_obj, 5}, kOther{abi::acl_other, 1};

TEST(Acl, ItsBytesAreReadBack) {
  const Ref<Credentials> creds = reader(0, 0);
  const Ref<Acl> given = list({kOwner, {abi::acl_user, 6, 1234}, kGroup, {abi::acl_mask, 7}, kOther});
  const std::vector<u8> bytes = given->bytes(*creds);
  ASSERT_EQ(bytes.size(), given->size());
  const Result<Ref<const Acl>> read = Acl::parse(*creds, bytes);
  ASSERT_TRUE(read.ok() && *read);
  EXPECT_EQ((*read)->bytes(*creds), bytes);
  EXPECT_TRUE((*read)->check().ok());
  EXPECT_EQ((*read)->mode_bits(), 0771u);  // the mask is the group
}

TEST(Acl, OtherBytesAreNone) {
  const Ref<Credentials> creds = reader(0, 0);
  const auto parse = [&](std::vector<u8> bytes) { return Acl::parse(*creds, bytes); };
  EXPECT_TRUE(parse({2, 0, 0}).is(Errno::einval));
  EXPECT_TRUE(parse({3, 0, 0, 0}).is(Errno::eopnotsupp));
  EXPECT_TRUE(parse({2, 0, 0, 0, 1}).is(Errno::einval));
  EXPECT_TRUE(parse({2, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0}).is(Errno::einval));  // two tags in one
  const Result<Ref<const Acl>> empty = parse({2, 0, 0, 0});
  EXPECT_TRUE(empty.ok() && !*empty);
}

TEST(Acl, OnlyOneOrderIsRight) {
  EXPECT_TRUE(list({kOwner, kGroup, kOther})->check().ok());
  EXPECT_FALSE(list({kGroup, kOwner, kOther})->check().ok());
  EXPECT_FALSE(list({kOwner, kGroup})->check().ok());
  EXPECT_FALSE(list({kOwner, {abi::acl_user, 4, 1}, kGroup, kOther})->check().ok());
  EXPECT_FALSE(list({{abi::acl_user_obj, 8}, kGroup, kOther})->check().ok());
}

TEST(Acl, TheMaskLimitsWhoeverIsNamed) {
  const Ref<Acl> acl =
      list({kOwner, {abi::acl_user, 6, 1}, kGroup, {abi::acl_group, 6, 300}, {abi::acl_mask, 4}, {abi::acl_other, 7}});
  EXPECT_TRUE(acl->grants(*reader(1, 1), file(), 4));
  EXPECT_FALSE(acl->grants(*reader(1, 1), file(), 6));
  EXPECT_FALSE(acl->grants(*reader(2, 300), file(), 2));
  EXPECT_TRUE(acl->grants(*reader(2, 2), file(), 7));
}

TEST(Acl, WhatIsHandedDownIsNoMoreThanAskedFor) {
  const Ref<Acl> acl = list({kOwner, {abi::acl_user, 7, 1}, kGroup, {abi::acl_mask, 7}, kOther});
  u32 mode = 0100640;
  const Ref<const Acl> own = acl->handed_down(mode);
  EXPECT_EQ(mode, 0100640u);
  EXPECT_EQ(own->mode_bits(), 0640u);
  EXPECT_TRUE(own->says_more());
  EXPECT_FALSE(list({kOwner, kGroup, kOther})->says_more());
}

}  // namespace
}  // namespace limen
