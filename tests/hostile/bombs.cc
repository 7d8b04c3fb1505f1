// Using up the host: each limit of the sandbox (--pids, --memory, --files) answers with its errno, and the rest goes on.
#include "tests/hostile/hostile.h"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

TEST(a_fork_bomb_is_eagain) {
  EXPECT_TRUE(hostile::ends(
      [] {
        for (int i = 0; i < 12; ++i) {
          if (fork() == -1) _exit(errno == EAGAIN ? 0 : 1);
        }
        guest::sleep_ms(200);
      },
      10));
  guest::sleep_ms(600);
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(a_thread_bomb_is_eagain) {
  EXPECT_TRUE(hostile::ends(
      [] {
        int made = 0;
        pthread_attr_t small;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 32768);
        pthread_t thread;
        while (made < 5000 && pthread_create(
                                  &thread, &small,
                                  [](void*) -> void* {
                                    for (;;) pause();
                                  },
                                  nullptr) == 0)
          ++made;
        _exit(made < 5000 ? 0 : 1);
      },
      15));
  EXPECT_TRUE(hostile::sane());
}

TEST(a_descriptor_bomb_is_emfile) {
  EXPECT_EQ(0, guest::in_child([] {
              int fds[2], count = 0;
              while (count < 2000000 && pipe(fds) == 0) ++count;
              return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? 0 : 1;
            }));
  EXPECT_EQ(0, guest::in_child([] {
              int count = 0;
              while (count < 2000000 && epoll_create1(0) != -1) ++count;
              return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? 0 : 1;
            }));
  EXPECT_TRUE(hostile::sane());
}

TEST(filled_pipes_and_sockets_are_bounded) {
  EXPECT_TRUE(hostile::ends(
      [] {
        static char block[65536];
        for (int i = 0; i < 400; ++i) {
          int fds[2];
          if (pipe2(fds, O_NONBLOCK) != 0) break;
          fcntl(fds[0], F_SETPIPE_SZ, 1 << 20);
          while (write(fds[1], block, sizeof block) > 0) {
          }
          if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) break;
          while (send(fds[0], block, sizeof block, 0) > 0) {
          }
        }
      },
      20));
  EXPECT_TRUE(hostile::sane());
}

TEST(a_file_bomb_is_enospc) {
  EXPECT_TRUE(hostile::ends(
      [] {
        static char block[1 << 20];
        memset(block, 1, sizeof block);
        int fd = open("/tmp/bomb", O_CREAT | O_WRONLY, 0600);
        long written = 0;
        for (ssize_t got; written < (4l << 30) && (got = write(fd, block, sizeof block)) > 0;) written += got;
        int error = errno;
        unlink("/tmp/bomb");
        _exit(written < (4l << 30) && (error == ENOSPC || error == ENOMEM) ? 0 : 1);
      },
      20));
  unlink("/tmp/bomb");
  EXPECT_TRUE(hostile::sane());
}

TEST(many_small_files_are_bounded) {
  EXPECT_TRUE(hostile::ends(
      [] {
        guest::TempDir dir;
        char name[64];
        for (int i = 0; i < 200000; ++i) {
          snprintf(name, sizeof name, "%s/%d", dir.path(), i);
          int fd = open(name, O_CREAT | O_WRONLY, 0600);
          if (fd == -1) break;
          close(fd);
        }
      },
      6));
  EXPECT_TRUE(hostile::sane());
}

TEST(deep_directories_and_long_chains) {
  EXPECT_TRUE(hostile::ends(
      [] {
        chdir("/tmp");
        mkdir("deep", 0700);
        chdir("deep");
        for (int i = 0; i < 5000 && mkdir("d", 0700) == 0 && chdir("d") == 0; ++i) {
        }
        char path[8192];
        getcwd(path, sizeof path);
      },
      10));
  EXPECT_TRUE(hostile::ends(
      [] {
        int last = epoll_create1(0);
        for (int i = 0; i < 200; ++i) {
          int next = epoll_create1(0);
          epoll_event event{EPOLLIN, {}};
          epoll_ctl(next, EPOLL_CTL_ADD, last, &event);
          last = next;
        }
        epoll_event out;
        epoll_wait(last, &out, 1, 0);
      },
      10));
  EXPECT_TRUE(hostile::sane());
}

TEST(a_memory_bomb_ends_by_sigkill_or_enomem) {
  int status = guest::in_child([] {
    size_t block = 8 << 20;
    for (int i = 0; i < 1000; ++i) {
      void* memory = mmap(nullptr, block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (memory == MAP_FAILED) return errno == ENOMEM ? 0 : 1;
      memset(memory, 1, block);
    }
    return 2;
  });
  EXPECT_TRUE(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  EXPECT_TRUE(hostile::sane());
}

TEST(mappings_without_end_are_enomem) {
  EXPECT_TRUE(hostile::ends(
      [] {
        for (int i = 0; i < 300000; ++i) {
          int prot = i % 2 != 0 ? PROT_READ : PROT_READ | PROT_WRITE;
          if (mmap(nullptr, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) break;
        }
      },
      15));
  EXPECT_TRUE(hostile::sane());
}

TEST(queued_signals_are_bounded) {
  EXPECT_EQ(0, guest::in_child([] {
              sigset_t all;
              sigfillset(&all);
              sigprocmask(SIG_BLOCK, &all, nullptr);
              for (int i = 0; i < 2000000; ++i) {
                if (sigqueue(getpid(), SIGRTMIN, sigval{}) == -1) return errno == EAGAIN ? 0 : 1;
              }
              return 2;
            }));
  EXPECT_TRUE(hostile::sane());
}

TEST(timers_and_watches_are_bounded) {
  EXPECT_EQ(0, guest::in_child([] {
              for (int i = 0; i < 2000000; ++i) {
                int id;
                if (SYS(timer_create, CLOCK_MONOTONIC, nullptr, &id) == -1)
                  return errno == EAGAIN || errno == ENOMEM ? 0 : 1;
              }
              return 2;
            }));
  EXPECT_TRUE(hostile::sane());
}

HOSTILE_MAIN
