// null(4), zero(4), full(4), random(4), and the links of /dev.
#include "tests/guest/guest_test.h"

#include <sys/sysmacros.h>

TEST(null_takes_all_and_gives_nothing) {
  COVERS("open", "read", "write");
  int fd = open("/dev/null", O_RDWR);
  ASSERT_OK(fd);
  char byte;
  EXPECT_EQ(0, read(fd, &byte, 1));
  static char block[100000];
  EXPECT_EQ(100000, write(fd, block, sizeof block));
  struct stat stat;
  ASSERT_OK(fstat(fd, &stat));
  EXPECT_TRUE(S_ISCHR(stat.st_mode));
  EXPECT_EQ(makedev(1, 3), stat.st_rdev);
  EXPECT_EQ(0666, stat.st_mode & 0777);
}

TEST(zero_gives_zeroes_and_maps_them) {
  COVERS("read", "mmap");
  int fd = open("/dev/zero", O_RDWR);
  ASSERT_OK(fd);
  char out[100];
  memset(out, 'x', sizeof out);
  EXPECT_EQ(100, read(fd, out, 100));
  for (char byte : out) EXPECT_EQ(0, byte);
  EXPECT_EQ(5, write(fd, "abcde", 5));
  char* map = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  ASSERT_TRUE(map != MAP_FAILED);
  EXPECT_EQ(0, map[7]);
  map[7] = 1;
  char* shared = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  ASSERT_TRUE(shared != MAP_FAILED);
  EXPECT_EQ(0, guest::in_child([&] { return shared[0] = 's', 0; }));
  EXPECT_EQ('s', shared[0]);
}

TEST(full_has_no_space) {
  COVERS("read", "write");
  int fd = open("/dev/full", O_RDWR);
  ASSERT_OK(fd);
  char byte = 1;
  EXPECT_EQ(1, read(fd, &byte, 1));
  EXPECT_EQ(0, byte);
  EXPECT_ERRNO(ENOSPC, write(fd, "x", 1));
}

TEST(random_devices_give_bytes) {
  COVERS("read");
  for (const char* path : {"/dev/random", "/dev/urandom"}) {
    int fd = open(path, O_RDONLY);
    ASSERT_OK(fd);
    unsigned char one[32] = {}, two[32] = {};
    EXPECT_EQ(32, read(fd, one, 32));
    EXPECT_EQ(32, read(fd, two, 32));
    EXPECT_TRUE(memcmp(one, two, 32) != 0);
  }
}

TEST(the_descriptor_links) {
  COVERS("open", "readlink");
  char link[64] = {};
  EXPECT_GT(readlink("/dev/fd", link, sizeof link - 1), 0);
  EXPECT_STREQ("/proc/self/fd", link);
  int fds[2];
  ASSERT_OK(pipe(fds));
  dup2(fds[0], 0);
  write(fds[1], "in", 2);
  int again = open("/dev/stdin", O_RDONLY);
  char out[4] = {};
  EXPECT_EQ(2, read(again, out, 4));
  EXPECT_STREQ("in", out);
}

TEST(shared_memory_objects) {
  COVERS("open", "mmap", "unlink");
  char name[64];
  snprintf(name, sizeof name, "/guest-test-%d", getpid());
  int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
  ASSERT_OK(fd);
  EXPECT_OK(ftruncate(fd, 4096));
  char* map = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  EXPECT_EQ(0, guest::in_child([&] { return map[1] = 'q', 0; }));
  EXPECT_EQ('q', map[1]);
  EXPECT_OK(shm_unlink(name));
}

TEST(devices_cannot_be_listed_or_sought_wrongly) {
  COVERS("lseek", "open");
  int fd = open("/dev/null", O_RDWR);
  EXPECT_EQ(0, lseek(fd, 100, SEEK_SET));
  EXPECT_ERRNO(ENOTDIR, open("/dev/null/x", O_RDONLY));
  EXPECT_ERRNO(ENOTDIR, open("/dev/null", O_RDONLY | O_DIRECTORY));
  EXPECT_TRUE(open("/dev/null", O_WRONLY | O_TRUNC) >= 0);
}

// The harness gives /dev/null as standard input. What a program inherits is the device of its own /dev.
TEST(standard_input_from_null_is_what_dev_null_names) {
  COVERS("lseek", "fstat", "pread64");
  struct stat input, device;
  ASSERT_OK(fstat(0, &input));
  ASSERT_OK(stat("/dev/null", &device));
  if (!S_ISCHR(input.st_mode) || input.st_rdev != device.st_rdev) SKIP("standard input is not /dev/null");
  EXPECT_EQ(device.st_ino, input.st_ino);
  EXPECT_EQ(device.st_dev, input.st_dev);
  char byte;
  EXPECT_EQ(0, lseek(0, 0, SEEK_CUR));
  EXPECT_EQ(0, lseek(0, 7, SEEK_SET));
  EXPECT_EQ(0, read(0, &byte, 1));
  EXPECT_EQ(0, SYS(pread64, 0, &byte, 1, 5));
}

GUEST_TEST_MAIN
