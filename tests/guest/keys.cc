// keyrings(7): add_key(2), request_key(2), keyctl(2).
#include "tests/guest/guest_test.h"

#include <linux/keyctl.h>

namespace {
bool there() { return !(SYS(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1) == -1 && errno == ENOSYS); }
long add(const char* type, const char* name, const char* text, int ring) {
  return SYS(add_key, type, name, text, text != nullptr ? strlen(text) : 0, ring);
}
}  // namespace

TEST(a_key_is_added_found_read_and_updated) {
  COVERS("add_key", "request_key", "keyctl");
  if (!there()) SKIP("no keys");
  long key = add("user", "guest:one", "secret", KEY_SPEC_PROCESS_KEYRING);
  ASSERT_OK(key);
  char out[64] = {};
  EXPECT_EQ(6, SYS(keyctl, KEYCTL_READ, key, out, sizeof out));
  EXPECT_STREQ("secret", out);
  EXPECT_EQ(6, SYS(keyctl, KEYCTL_READ, key, nullptr, 0));
  EXPECT_EQ(key, add("user", "guest:one", "other", KEY_SPEC_PROCESS_KEYRING));
  EXPECT_EQ(5, SYS(keyctl, KEYCTL_READ, key, out, sizeof out));
  EXPECT_OK(SYS(keyctl, KEYCTL_UPDATE, key, "third!!", 7));
  EXPECT_EQ(7, SYS(keyctl, KEYCTL_READ, key, out, sizeof out));
  EXPECT_EQ(key, SYS(request_key, "user", "guest:one", nullptr, 0));
  EXPECT_ERRNO(ENOKEY, SYS(request_key, "user", "guest:none", nullptr, 0));
  EXPECT_EQ(key, SYS(keyctl, KEYCTL_SEARCH, KEY_SPEC_PROCESS_KEYRING, "user", "guest:one", 0));
  long length = SYS(keyctl, KEYCTL_DESCRIBE, key, out, sizeof out);
  EXPECT_GT(length, 0);
  char wanted[64];
  snprintf(wanted, sizeof wanted, "user;%d;%d;3f010000;guest:one", geteuid(), getegid());
  EXPECT_STREQ(wanted, out);
  // What one possesses one may read; a key of type logon only the kernel may.
  long logon = add("logon", "guest:two", "secret", KEY_SPEC_PROCESS_KEYRING);
  ASSERT_OK(logon);
  EXPECT_ERRNO(EOPNOTSUPP, SYS(keyctl, KEYCTL_READ, logon, out, sizeof out));
}

TEST(keyrings_hold_keys) {
  COVERS("add_key", "keyctl");
  if (!there()) SKIP("no keys");
  long ring = add("keyring", "guest-ring", nullptr, KEY_SPEC_PROCESS_KEYRING);
  ASSERT_OK(ring);
  long key = add("user", "in", "x", static_cast<int>(ring));
  ASSERT_OK(key);
  int serials[4] = {};
  EXPECT_EQ(4, SYS(keyctl, KEYCTL_READ, ring, serials, sizeof serials));
  EXPECT_EQ(key, serials[0]);
  long other = add("keyring", "guest-other", nullptr, KEY_SPEC_PROCESS_KEYRING);
  EXPECT_OK(SYS(keyctl, KEYCTL_LINK, key, other));
  EXPECT_OK(SYS(keyctl, KEYCTL_LINK, ring, other));
  EXPECT_ERRNO(EDEADLK, SYS(keyctl, KEYCTL_LINK, other, ring));
  EXPECT_ERRNO(EDEADLK, SYS(keyctl, KEYCTL_LINK, other, other));
  EXPECT_OK(SYS(keyctl, KEYCTL_UNLINK, key, other));
  EXPECT_ERRNO(ENOENT, SYS(keyctl, KEYCTL_UNLINK, key, other));
  EXPECT_OK(SYS(keyctl, KEYCTL_CLEAR, ring));
  EXPECT_EQ(0, SYS(keyctl, KEYCTL_READ, ring, serials, sizeof serials));
  EXPECT_ERRNO(ENOTDIR, SYS(keyctl, KEYCTL_CLEAR, add("user", "no-ring", "x", KEY_SPEC_PROCESS_KEYRING)));
  EXPECT_ERRNO(ENOTDIR, add("user", "y", "x", static_cast<int>(add("user", "no-ring", "x", KEY_SPEC_PROCESS_KEYRING))));
}

TEST(keys_end) {
  COVERS("keyctl", "add_key");
  if (!there()) SKIP("no keys");
  char out[16];
  long key = add("user", "revoked", "x", KEY_SPEC_PROCESS_KEYRING);
  EXPECT_OK(SYS(keyctl, KEYCTL_REVOKE, key));
  EXPECT_ERRNO(EKEYREVOKED, SYS(keyctl, KEYCTL_READ, key, out, sizeof out));
  EXPECT_ERRNO(EKEYREVOKED, SYS(keyctl, KEYCTL_SEARCH, KEY_SPEC_PROCESS_KEYRING, "user", "revoked", 0));
  EXPECT_ERRNO(ENOKEY, SYS(request_key, "user", "revoked", nullptr, 0));
  long expires = add("user", "expires", "x", KEY_SPEC_PROCESS_KEYRING);
  EXPECT_OK(SYS(keyctl, KEYCTL_SET_TIMEOUT, expires, 1));
  EXPECT_TRUE(guest::eventually([&] { return SYS(keyctl, KEYCTL_READ, expires, out, sizeof out) == -1; }));
  EXPECT_EQ(EKEYEXPIRED, errno);
  long invalid = add("user", "invalid", "x", KEY_SPEC_PROCESS_KEYRING);
  EXPECT_OK(SYS(keyctl, KEYCTL_INVALIDATE, invalid));
  // Linux's collector may have taken it out of its keyring meanwhile: then nobody possesses it.
  EXPECT_TRUE(SYS(keyctl, KEYCTL_READ, invalid, out, sizeof out) == -1 && (errno == ENOKEY || errno == EACCES));
}

TEST(permissions_and_owners_of_keys) {
  COVERS("keyctl");
  if (!there()) SKIP("no keys");
  char out[16];
  long key = add("user", "mine", "x", KEY_SPEC_PROCESS_KEYRING);
  EXPECT_OK(SYS(keyctl, KEYCTL_SETPERM, key, 0x21000000));
  EXPECT_ERRNO(EACCES, SYS(keyctl, KEYCTL_READ, key, out, sizeof out));
  EXPECT_ERRNO(EACCES, SYS(keyctl, KEYCTL_UPDATE, key, "y", 1));
  EXPECT_ERRNO(EINVAL, SYS(keyctl, KEYCTL_SETPERM, key, 0x80000000u));
  EXPECT_OK(SYS(keyctl, KEYCTL_CHOWN, key, -1, -1));
  if (!guest::is_root()) EXPECT_ERRNO(EACCES, SYS(keyctl, KEYCTL_CHOWN, key, 0, -1));
}

TEST(sessions_and_inheritance) {
  COVERS("keyctl");
  if (!there()) SKIP("no keys");
  EXPECT_EQ(0, guest::in_child([] {
              long session = SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
              if (session <= 0) return 1;
              if (SYS(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) != session) return 2;
              if (add("user", "in-session", "x", KEY_SPEC_SESSION_KEYRING) == -1) return 3;
              if (add("user", "in-process", "x", KEY_SPEC_PROCESS_KEYRING) == -1) return 4;
              return guest::in_child([] {
                if (SYS(request_key, "user", "in-session", nullptr, 0) == -1) return 5;
                if (SYS(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 0) != -1 || errno != ENOKEY) return 6;
                return SYS(request_key, "user", "in-process", nullptr, 0) == -1 && errno == ENOKEY ? 0 : 7;
              });
            }));
  EXPECT_EQ(0, guest::in_child([] {
              long named = SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, "guest-session");
              char out[128] = {};
              if (SYS(keyctl, KEYCTL_DESCRIBE, named, out, sizeof out) <= 0) return 1;
              return strstr(out, ";guest-session") != nullptr && strstr(out, ";3f130000;") != nullptr ? 0 : 2;
            }));
  EXPECT_ERRNO(EPERM, SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, ".hidden"));
}

TEST(a_session_is_handed_to_the_parent) {
  COVERS("keyctl");
  if (!there()) SKIP("no keys");
  EXPECT_EQ(0, guest::in_child([] {
              long first = SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
              if (first == -1) return 1;
              int fds[2];
              if (pipe2(fds, O_CLOEXEC) != 0) return 2;
              pid_t child = guest::spawn([&] {
                long session = SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
                if (SYS(keyctl, KEYCTL_SESSION_TO_PARENT) != 0) return 1;
                if (SYS(keyctl, KEYCTL_SESSION_TO_PARENT) != 0) return 2;  // again
                return write(fds[1], &session, sizeof session) == sizeof session ? 0 : 3;
              });
              long session = 0;
              if (read(fds[0], &session, sizeof session) != sizeof session) return 3;
              if (guest::reap(child) != 0) return 4;
              if (session == first) return 5;
              return SYS(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) == session ? 0 : 6;
            }));
  if (!guest::is_root()) return;
  EXPECT_EQ(0, guest::in_child([] {  // of another user's
              return guest::in_child([] {
                if (setresuid(65534, 65534, 65534) != 0) return 1;
                if (SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) == -1) return 2;
                return SYS(keyctl, KEYCTL_SESSION_TO_PARENT) == -1 && errno == EPERM ? 0 : 3;
              });
            }));
}

TEST(errors_of_keys) {
  COVERS("add_key", "request_key", "keyctl");
  if (!there()) SKIP("no keys");
  char out[16];
  EXPECT_ERRNO(ENODEV, add("nonesuch", "a", "x", KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EPERM, add(".type", "a", "x", KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EINVAL, add("", "a", "x", KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EINVAL, add("user", "a", "", KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EINVAL, add("user", "", "x", KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EINVAL, add("logon", "unqualified", "x", KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EINVAL, add("keyring", "a", "x", KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EPERM, add("keyring", ".a", nullptr, KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EINVAL, SYS(add_key, "user", "a", "x", 1024 * 1024, KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EINVAL, SYS(add_key, "user", "a", nullptr, 0, KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EFAULT, SYS(add_key, "user", "a", guest::bad_pointer(), 1, KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EFAULT, SYS(add_key, guest::bad_pointer(), "a", "x", 1, KEY_SPEC_PROCESS_KEYRING));
  EXPECT_ERRNO(EINVAL, add("user", "a", "x", 0));
  EXPECT_ERRNO(EINVAL, add("user", "a", "x", -77));
  EXPECT_ERRNO(ENOKEY, SYS(keyctl, KEYCTL_READ, 0x7ffffff1, out, sizeof out));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(keyctl, 9999, 0, 0, 0, 0));
  EXPECT_EQ(0, guest::in_child([] {
              return SYS(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 0) == -1 && errno == ENOKEY ? 0 : 1;
            }));
  EXPECT_GT(SYS(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0), 0);
  EXPECT_GT(SYS(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_SESSION_KEYRING, 0), 0);
}

GUEST_TEST_MAIN
