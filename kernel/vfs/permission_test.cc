#include <gtest/gtest.h>

#include "abi/fcntl.h"
#include "kernel/cred/credentials.h"
#include "kernel/vfs/path.h"

namespace limen {
namespace {

Attributes file(u32 mode) {
  Attributes a;
  a.mode = mode;
  a.uid = Uid(100), a.gid = Gid(200);
  return a;
}

Ref<Credentials> user(u32 uid, u32 gid, u64 capabilities = 0) {
  Ref<Credentials> creds = make_ref<Credentials>();
  creds->fsuid = Uid(uid), creds->fsgid = Gid(gid);
  creds->effective = capabilities;
  return creds;
}

constexpr u64 bit(Capability c) { return u64{1} << static_cast<unsigned>(c); }

TEST(Permission, OneClassDecidesAlone) {
  const Attributes a = file(abi::s_ifreg | 0077);  // the owner has less than anybody
  EXPECT_TRUE(check_permission(*user(100, 200), a, 4).is(Errno::eacces));
  EXPECT_TRUE(check_permission(*user(1, 200), a, 7).ok());
  EXPECT_TRUE(check_permission(*user(1, 1), a, 7).ok());
}

TEST(Permission, SupplementaryGroupsCount) {
  const Ref<Credentials> creds = user(1, 1);
  creds->groups = {Gid(5), Gid(200)};
  EXPECT_TRUE(check_permission(*creds, file(abi::s_ifreg | 0040), 4).ok());
  EXPECT_TRUE(check_permission(*creds, file(abi::s_ifreg | 0004), 4).is(Errno::eacces));
}

TEST(Permission, TheSuperuserExecutesOnlyWhatSomebodyMay) {
  const Ref<Credentials> root = user(0, 0, kAllCapabilities);
  EXPECT_TRUE(check_permission(*root, file(abi::s_ifreg | 0600), 6).ok());
  EXPECT_TRUE(check_permission(*root, file(abi::s_ifreg | 0600), 1).is(Errno::eacces));
  EXPECT_TRUE(check_permission(*root, file(abi::s_ifreg | 0001), 1).ok());
  EXPECT_TRUE(check_permission(*root, file(abi::s_ifdir), 7).ok());
}

TEST(Permission, ReadSearchReadsAndSearches) {
  const Ref<Credentials> reader = user(1, 1, bit(Capability::dac_read_search));
  EXPECT_TRUE(check_permission(*reader, file(abi::s_ifreg), 4).ok());
  EXPECT_TRUE(check_permission(*reader, file(abi::s_ifdir), 5).ok());
  EXPECT_TRUE(check_permission(*reader, file(abi::s_ifreg), 2).is(Errno::eacces));
  EXPECT_TRUE(check_permission(*reader, file(abi::s_ifdir), 2).is(Errno::eacces));
}

}  // namespace
}  // namespace limen
