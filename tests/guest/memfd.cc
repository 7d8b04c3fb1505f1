// memfd_create(2) and its seals.
#include "tests/guest/guest_test.h"

TEST(a_file_without_a_place) {
  COVERS("memfd_create");
  long fd = SYS(memfd_create, "name", MFD_CLOEXEC);
  ASSERT_OK(fd);
  EXPECT_EQ(FD_CLOEXEC, fcntl(static_cast<int>(fd), F_GETFD));
  EXPECT_EQ(3, write(fd, "abc", 3));
  char out[8] = {}, link[64] = {}, path[64];
  EXPECT_EQ(3, pread(fd, out, 8, 0));
  snprintf(path, sizeof path, "/proc/self/fd/%ld", fd);
  EXPECT_GT(readlink(path, link, sizeof link - 1), 0);
  EXPECT_STREQ("/memfd:name (deleted)", link);
  int again = open(path, O_RDONLY);
  EXPECT_EQ(3, read(again, out, 8));
}

TEST(it_can_be_mapped_and_shared) {
  COVERS("memfd_create", "mmap");
  int fd = memfd_create("map", 0);
  ASSERT_OK(ftruncate(fd, 4096));
  char* map = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  EXPECT_EQ(0, guest::in_child([&] { return map[0] = 'm', 0; }));
  char byte = 0;
  EXPECT_EQ(1, pread(fd, &byte, 1, 0));
  EXPECT_EQ('m', byte);
}

TEST(seals_hold) {
  COVERS("memfd_create", "fcntl", "ftruncate", "write");
  int fd = memfd_create("seal", MFD_ALLOW_SEALING);
  ASSERT_OK(ftruncate(fd, 100));
  EXPECT_EQ(0, fcntl(fd, F_GET_SEALS));
  EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
  EXPECT_ERRNO(EPERM, ftruncate(fd, 50));
  EXPECT_OK(ftruncate(fd, 200));
  EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
  EXPECT_ERRNO(EPERM, ftruncate(fd, 300));
  EXPECT_ERRNO(EPERM, pwrite(fd, "x", 1, 8192));
  EXPECT_EQ(1, pwrite(fd, "x", 1, 0));
  void* map = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  EXPECT_ERRNO(EBUSY, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  munmap(map, 4096);
  EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
  EXPECT_ERRNO(EPERM, pwrite(fd, "x", 1, 0));
  EXPECT_ERRNO(EPERM, SYS(mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  EXPECT_ERRNO(EPERM, fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
  EXPECT_EQ(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL, fcntl(fd, F_GET_SEALS));
}

TEST(memfd_errors) {
  COVERS("memfd_create", "fcntl");
  char name[300];
  memset(name, 'n', sizeof name);
  name[250] = 0;
  EXPECT_ERRNO(EINVAL, SYS(memfd_create, name, 0));
  EXPECT_ERRNO(EINVAL, SYS(memfd_create, "x", 0x800));
  EXPECT_ERRNO(EFAULT, SYS(memfd_create, guest::bad_pointer(), 0));
  int sealed = memfd_create("x", 0), fds[2];
  EXPECT_EQ(F_SEAL_SEAL, fcntl(sealed, F_GET_SEALS));
  EXPECT_ERRNO(EPERM, fcntl(sealed, F_ADD_SEALS, F_SEAL_GROW));
  ASSERT_OK(pipe(fds));
  EXPECT_ERRNO(EINVAL, fcntl(fds[0], F_GET_SEALS));
}

TEST(a_seal_against_future_writes_leaves_what_is_mapped) {
  COVERS("fcntl", "mmap", "mprotect");
  int fd = memfd_create("seal", MFD_ALLOW_SEALING);
  ASSERT_OK(ftruncate(fd, 4096));
  char* map = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  ASSERT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
  map[0] = 'm';
  char byte = 0;
  EXPECT_EQ(1, pread(fd, &byte, 1, 0));
  EXPECT_EQ('m', byte);
  EXPECT_ERRNO(EPERM, write(fd, "x", 1));
  EXPECT_ERRNO(EPERM, SYS(mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  void* readable = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  EXPECT_TRUE(readable != MAP_FAILED);
  EXPECT_ERRNO(EACCES, mprotect(readable, 4096, PROT_READ | PROT_WRITE));
  void* own = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  EXPECT_TRUE(own != MAP_FAILED);
  EXPECT_ERRNO(EBUSY, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  munmap(map, 4096);
  EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
}

TEST(seals_need_a_writable_descriptor_and_known_bits) {
  COVERS("fcntl", "memfd_create", "fallocate");
  int fd = memfd_create("seal", MFD_ALLOW_SEALING);
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int reader = open(path, O_RDONLY);
  ASSERT_OK(reader);
  EXPECT_ERRNO(EPERM, fcntl(reader, F_ADD_SEALS, F_SEAL_GROW));
  EXPECT_EQ(0, fcntl(reader, F_GET_SEALS));
  EXPECT_ERRNO(EINVAL, fcntl(fd, F_ADD_SEALS, 0x100));
  EXPECT_EQ(3, write(fd, "abc", 3));
  EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
  EXPECT_ERRNO(EPERM, write(fd, "x", 1));
  EXPECT_EQ(2, pwrite(fd, "xy", 2, 1));
  EXPECT_ERRNO(EPERM, SYS(fallocate, fd, 0, 0, 4096));
  EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
  EXPECT_ERRNO(EPERM, SYS(fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2));
  EXPECT_OK(ftruncate(fd, 2));
}

GUEST_TEST_MAIN
