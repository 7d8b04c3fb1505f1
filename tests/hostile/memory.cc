// Proof before reuse: races of mapping against unmapping, and secrets in pages that are freed and used again.
#include "tests/hostile/hostile.h"

#include <sys/uio.h>

namespace {
constexpr size_t kPage = 4096;
constexpr uint64_t kSecret = 0x5ec4e75ec4e75ec4;

char* fresh(size_t pages) {
  return static_cast<char*>(mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
// The first word that is not zero, or 0.
uint64_t dirt(const char* memory, size_t pages) {
  for (size_t i = 0; i < pages * kPage / 8; ++i) {
    if (reinterpret_cast<const uint64_t*>(memory)[i] != 0) return reinterpret_cast<const uint64_t*>(memory)[i];
  }
  return 0;
}
void fill(char* memory, size_t pages) {
  for (size_t i = 0; i < pages * kPage / 8; ++i) reinterpret_cast<volatile uint64_t*>(memory)[i] = kSecret;
}
}  // namespace

TEST(pages_of_the_dead_are_clean) {
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(0, guest::in_child([] {
                char* memory = fresh(256);
                fill(memory, 256);
                return 0;
              }));
    EXPECT_EQ(0, guest::in_child([] {
                char* memory = fresh(256);
                return dirt(memory, 256) == 0 ? 0 : 1;
              }));
  }
}

TEST(freed_pages_are_clean_for_another) {
  int to_writer[2], to_reader[2];
  ASSERT_TRUE(pipe(to_writer) == 0 && pipe(to_reader) == 0);
  pid_t writer = guest::spawn([&] {
    char byte;
    for (int i = 0; i < 50; ++i) {
      char* memory = fresh(64);
      fill(memory, 64);
      if (i % 3 == 0) madvise(memory, 64 * kPage, MADV_DONTNEED);
      if (i % 3 == 1) mmap(memory, 64 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      munmap(memory, 64 * kPage);
      write(to_reader[1], "x", 1);
      read(to_writer[0], &byte, 1);
    }
    return 0;
  });
  int found = 0;
  for (int i = 0; i < 50; ++i) {
    char byte;
    read(to_reader[0], &byte, 1);
    char* memory = fresh(64);
    found += dirt(memory, 64) != 0;
    munmap(memory, 64 * kPage);
    write(to_writer[1], "x", 1);
  }
  EXPECT_EQ(0, found);
  EXPECT_EQ(0, guest::reap(writer));
}

TEST(a_racing_writer_never_reaches_anothers_page) {
  // Threads write to a range all the time while it is unmapped and mapped; a second process maps fresh pages and
  // watches them: no word of the first may show.
  pid_t attacker = guest::spawn([] {
    static char* volatile target;
    static volatile bool stop;
    guest::handle(SIGSEGV, [](int) {
      // The page is away for the moment: try again.
      guest::sleep_ms(0);
    });
    pthread_t thread;
    target = fresh(16);
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          while (!stop) {
            // The kernel of the sandbox copies for us: it may fail, it may not fault and it may not write elsewhere.
            static uint64_t words[2] = {kSecret, kSecret};
            iovec local{words, 16}, remote{target, 16};
            process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
          }
          return nullptr;
        },
        nullptr);
    long until = guest::now_ms() + 2500;
    while (guest::now_ms() < until) {
      char* memory = target;
      fill(memory, 16);
      munmap(memory, 16 * kPage);
      target = static_cast<char*>(
          mmap(memory, 16 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    }
    stop = true;
    return 0;
  });
  int found = 0, rounds = 0;
  long until = guest::now_ms() + 2000;
  while (guest::now_ms() < until) {
    char* memory = fresh(32);
    found += dirt(memory, 32) != 0;
    fill(memory, 1);
    guest::sleep_ms(1);
    for (size_t i = 0; i < kPage / 8; ++i) found += reinterpret_cast<volatile uint64_t*>(memory)[i] != kSecret;
    found += dirt(memory + kPage, 31) != 0;
    munmap(memory, 32 * kPage);
    ++rounds;
  }
  EXPECT_EQ(0, found);
  EXPECT_GT(rounds, 10);
  guest::reap(attacker);
  EXPECT_TRUE(hostile::sane());
}

TEST(mmap_against_munmap_in_two_threads) {
  EXPECT_TRUE(hostile::ends(
      [] {
        static char* volatile place;
        place = fresh(8);
        auto race = [](void* seed) -> void* {
          hostile::Random random{reinterpret_cast<uintptr_t>(seed) * 77 + 5};
          for (int i = 0; i < 3000; ++i) {
            char* at = place + random.next() % 8 * kPage;
            size_t length = (1 + random.next() % 4) * kPage;
            switch (random.next() % 6) {
              case 0:
                munmap(at, length);
                break;
              case 1:
                mprotect(at, length, static_cast<int>(random.next() % 8));
                break;
              case 2:
                madvise(at, length, MADV_DONTNEED);
                break;
              case 3:
                mremap(at, kPage, length, MREMAP_MAYMOVE);
                break;
              default:
                mmap(at, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
                break;
            }
            if (random.next() % 50 == 0) {
              int fd = open("/dev/zero", O_RDONLY);
              read(fd, at, length);
              close(fd);
            }
          }
          return nullptr;
        };
        pthread_t threads[4];
        for (long i = 0; i < 4; ++i) pthread_create(&threads[i], nullptr, race, reinterpret_cast<void*>(i));
        for (auto& thread : threads) pthread_join(thread, nullptr);
        _exit(0);
      },
      20));
  EXPECT_TRUE(hostile::sane());
}

TEST(a_buffer_that_vanishes_during_the_call) {
  EXPECT_TRUE(hostile::ends(
      [] {
        static char* volatile buffer;
        static volatile bool stop;
        buffer = fresh(32);
        pthread_t thread;
        pthread_create(
            &thread, nullptr,
            [](void*) -> void* {
              while (!stop) {
                munmap(buffer, 32 * kPage);
                mmap(buffer, 32 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
              }
              return nullptr;
            },
            nullptr);
        int zero = open("/dev/zero", O_RDONLY), fds[2];
        pipe2(fds, O_NONBLOCK);
        for (int i = 0; i < 3000; ++i) {
          read(zero, buffer, 32 * kPage);
          write(fds[1], buffer, 60000);
          read(fds[0], buffer + 5, 60000);
        }
        stop = true;
        pthread_join(thread, nullptr);
      },
      20));
  EXPECT_TRUE(hostile::sane());
}

TEST(a_file_that_shrinks_under_a_copy) {
  EXPECT_TRUE(hostile::ends(
      [] {
        static int file;
        static volatile bool stop;
        file = memfd_create("shrink", 0);
        ftruncate(file, 64 * kPage);
        char* map = static_cast<char*>(mmap(nullptr, 64 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
        pthread_t thread;
        pthread_create(
            &thread, nullptr,
            [](void*) -> void* {
              while (!stop) {
                ftruncate(file, 0);
                ftruncate(file, 64 * kPage);
              }
              return nullptr;
            },
            nullptr);
        int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
        for (int i = 0; i < 2000; ++i) {
          read(zero, map, 64 * kPage);
          write(null, map, 64 * kPage);
        }
        stop = true;
        pthread_join(thread, nullptr);
      },
      20));
  EXPECT_TRUE(hostile::sane());
}

TEST(fork_against_a_writing_thread) {
  EXPECT_TRUE(hostile::ends(
      [] {
        static volatile bool stop;
        static char* memory;
        memory = fresh(16);
        pthread_t thread;
        pthread_create(
            &thread, nullptr,
            [](void*) -> void* {
              while (!stop) fill(memory, 16);
              return nullptr;
            },
            nullptr);
        for (int i = 0; i < 50; ++i) {
          guest::in_child([] {
            memset(memory, 0, 16 * kPage);
            return dirt(memory, 16) == 0 ? 0 : 1;
          });
        }
        stop = true;
        pthread_join(thread, nullptr);
      },
      20));
  EXPECT_TRUE(hostile::sane());
}

HOSTILE_MAIN
