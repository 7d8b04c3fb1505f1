// Objects without end: whatever a guest may make many of, the kernel process's own memory stays bounded (the runner looks at
// it from the host) and the sandbox's other processes go on. Errnos differ; an end of the flood does not.
#include "tests/hostile/hostile.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>

namespace {
constexpr int kSeconds = 6;

// Repeats `step` until it fails, or the time is up.
template <typename F>
void flood(F step) {
  const long until = guest::now_ms() + kSeconds * 800;
  for (long i = 0; guest::now_ms() < until && step(i); ++i) {
  }
}

// What the killed held is given back by and by.
bool sane_again() {
  for (int i = 0; i < 50; ++i) {
    if (hostile::sane()) return true;
    guest::sleep_ms(100);
  }
  return false;
}

// Several processes of one flood, each with its own tables.
template <typename F>
bool many(int processes, F attack) {
  return hostile::ends(
             [&] {
               for (int i = 0; i < processes; ++i) {
                 if (fork() == 0) {
                   attack(i);
                   pause();
                 }
               }
               guest::sleep_ms(kSeconds * 900);
             },
             kSeconds) &&
         sane_again();
}

bool send_fd(int through, int sent) {
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = sizeof control;
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(head), &sent, sizeof sent);
  return sendmsg(through, &message, MSG_DONTWAIT) == 1;
}
}  // namespace

TEST(descriptors_in_flight) {
  // Each pair of sockets is sent through the one before and closed here: only messages hold them.
  EXPECT_TRUE(hostile::ends(
      [] {
        int last[2];
        socketpair(AF_UNIX, SOCK_STREAM, 0, last);
        flood([&](long) {
          int next[2];
          if (socketpair(AF_UNIX, SOCK_STREAM, 0, next) != 0) return false;
          if (!send_fd(next[0], last[0]) || !send_fd(next[0], last[1])) return false;
          close(last[0]);
          close(last[1]);
          memcpy(last, next, sizeof last);
          return true;
        });
      },
      kSeconds));
  EXPECT_TRUE(sane_again());
}

TEST(cycles_of_descriptors_in_flight) {
  EXPECT_TRUE(hostile::ends(
      [] {
        flood([](long) {
          int a[2], b[2];
          if (socketpair(AF_UNIX, SOCK_STREAM, 0, a) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, b) != 0) return false;
          const bool sent = send_fd(a[0], b[0]) && send_fd(a[0], b[1]) && send_fd(b[0], a[0]) && send_fd(b[0], a[1]);
          for (int fd : {a[0], a[1], b[0], b[1]}) close(fd);
          return sent;
        });
      },
      kSeconds));
  EXPECT_TRUE(sane_again());
}

TEST(mappings_of_many_processes) {
  EXPECT_TRUE(many(24, [](int) {
    flood([](long i) {
      const int prot = i % 2 != 0 ? PROT_READ : PROT_READ | PROT_WRITE;
      return mmap(nullptr, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
    });
  }));
}

TEST(names_of_mappings) {
  EXPECT_TRUE(many(8, [](int) {
    auto* area = static_cast<char*>(mmap(nullptr, 60000 * 4096ul, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    flood([&](long i) {
      char name[80];
      snprintf(name, sizeof name, "%070ld", i);
      return i < 60000 && prctl(0x53564d41 /* PR_SET_VMA */, 0, area + i * 4096, 4096, name) == 0;
    });
  }));
}

TEST(epolls_watching_everything) {
  EXPECT_TRUE(many(8, [](int) {
    int fds[800], count = 0;
    while (count < 400 && (fds[count] = eventfd(0, 0)) != -1) ++count;
    flood([&](long) {
      const int epoll = epoll_create1(0);
      if (epoll == -1) return false;
      for (int i = 0; i < count; ++i) {
        epoll_event event{EPOLLIN, {}};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) != 0) return false;
      }
      return true;
    });
  }));
}

TEST(loops_of_epolls) {
  EXPECT_TRUE(hostile::ends(
      [] {
        int fds[64];
        for (int& fd : fds) fd = epoll_create1(0);
        hostile::Random random{12345};
        flood([&](long) {
          epoll_event event{static_cast<uint32_t>((random.next() % 2 != 0 ? EPOLLIN | EPOLLET : EPOLLIN)), {}};
          epoll_ctl(fds[random.next() % 64], EPOLL_CTL_ADD, fds[random.next() % 64], &event);
          epoll_event out[8];
          epoll_wait(fds[random.next() % 64], out, 8, 0);
          return true;
        });
      },
      kSeconds));
  EXPECT_TRUE(sane_again());
}

TEST(watches_of_inotify) {
  EXPECT_TRUE(many(4, [](int number) {
    const int fd = inotify_init1(IN_NONBLOCK);
    char name[64];
    flood([&](long i) {
      snprintf(name, sizeof name, "/tmp/watched-%d-%ld", number, i);
      close(open(name, O_CREAT | O_WRONLY, 0600));
      return inotify_add_watch(fd, name, IN_ALL_EVENTS) >= 0;
    });
    flood([&](long) { return close(open(name, O_WRONLY)) == 0; });  // nobody reads the events
  }));
}

TEST(timers_of_every_kind) {
  EXPECT_TRUE(many(4, [](int) {
    flood([](long) {
      int id = 0;
      if (SYS(timer_create, CLOCK_MONOTONIC, nullptr, &id) != 0) return false;
      itimerspec often{{0, 1000}, {0, 1000}};
      return SYS(timer_settime, id, 0, &often, nullptr) == 0;
    });
    flood([](long) {
      const int fd = timerfd_create(CLOCK_MONOTONIC, 0);
      itimerspec often{{0, 1}, {0, 1}};
      return fd != -1 && timerfd_settime(fd, 0, &often, nullptr) == 0;
    });
  }));
}

TEST(locks_of_files) {
  EXPECT_TRUE(many(2, [](int number) {
    char name[64];
    snprintf(name, sizeof name, "/tmp/locked-%d", number);
    const int fd = open(name, O_CREAT | O_RDWR, 0600);
    flood([&](long i) {
      struct flock lock {};
      lock.l_type = static_cast<short>(i % 2 != 0 ? F_RDLCK : F_WRLCK), lock.l_start = i * 2, lock.l_len = 1;
      return fcntl(fd, F_SETLK, &lock) == 0;
    });
  }));
}

TEST(names_of_sockets_and_pending_connections) {
  EXPECT_TRUE(many(4, [](int number) {
    const int server = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path + 1, 40, "flood-%d", number);
    bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(server, 1 << 30);
    flood([&](long) {
      // The client goes away at once; what it sent waits for somebody to accept.
      const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
      static char block[65536];
      const bool made = connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
      while (made && send(client, block, sizeof block, MSG_DONTWAIT) > 0) {
      }
      close(client);
      return made;
    });
  }));
}

TEST(extended_attributes) {
  EXPECT_TRUE(hostile::ends(
      [] {
        char file[64], name[64];
        static char value[60000];
        long files = 0;
        flood([&](long i) {
          if (i % 100 == 0) {
            snprintf(file, sizeof file, "/tmp/attributes-%ld", files++);
            close(open(file, O_CREAT | O_WRONLY, 0600));
          }
          snprintf(name, sizeof name, "user.%ld", i);
          return setxattr(file, name, value, sizeof value, 0) == 0;
        });
        while (files-- > 0) {
          snprintf(file, sizeof file, "/tmp/attributes-%ld", files);
          unlink(file);
        }
      },
      2 * kSeconds));
  EXPECT_TRUE(sane_again());
}

TEST(links_and_long_names) {
  // /tmp may be full afterwards, as on Linux; what is removed makes room again.
  EXPECT_TRUE(hostile::ends(
      [] {
        static char name[300], target[4096];
        memset(target, 't', sizeof target - 1);
        flood([&](long i) {
          snprintf(name, sizeof name, "/tmp/%0200d-%ld", 0, i);
          return symlink(target, name) == 0;
        });
        flood([&](long i) {
          snprintf(name, sizeof name, "/tmp/%0200d-%ld", 0, i);
          return unlink(name) == 0;
        });
      },
      2 * kSeconds));
  EXPECT_TRUE(sane_again());
}

TEST(directories_without_end) {
  EXPECT_TRUE(many(4, [](int number) {
    char name[64];
    flood([&](long i) {
      snprintf(name, sizeof name, "/tmp/%d-%ld", number, i);
      return i < 3000 && mkdir(name, 0700) == 0;
    });
  }));
}

TEST(copies_of_proc_files) {
  // A text made at each open: from a process with many mappings, through many descriptors.
  EXPECT_TRUE(many(4, [](int) {
    for (int i = 0; i < 30000; ++i) {
      mmap(nullptr, 4096, i % 2 != 0 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    flood([](long) {
      char byte;
      const int fd = open("/proc/self/maps", O_RDONLY);
      return fd != -1 && read(fd, &byte, 1) == 1;
    });
  }));
}

TEST(arguments_and_vectors_without_end) {
  EXPECT_TRUE(hostile::ends(
      [] {
        static char block[131000];
        memset(block, 'a', sizeof block - 1);
        static char* arguments[200000];
        for (char*& argument : arguments) argument = block;
        arguments[199999] = nullptr;
        char* none[] = {nullptr};
        SYS(execve, "/bin/true", arguments, none);
        SYS(execve, "/bin/true", arguments, arguments);
        static iovec parts[2000];
        static char byte[1 << 16];
        for (iovec& part : parts) part = {byte, SIZE_MAX / 4096};
        int fds[2];
        pipe2(fds, O_NONBLOCK);
        for (int count : {1, 1024, 1025, 2000, -1, 0x7fffffff}) {
          SYS(writev, fds[1], parts, count);
          SYS(readv, fds[0], parts, count);
          SYS(preadv, fds[0], parts, count, 0, 0);
          SYS(vmsplice, fds[1], parts, count, 0);
          SYS(process_vm_readv, getpid(), parts, count, parts, count, 0);
        }
        const int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
        for (iovec& part : parts) part = {byte, sizeof byte};
        for (int i = 0; i < 20; ++i) {
          SYS(readv, zero, parts, 1024);
          SYS(writev, null, parts, 1024);
        }
        SYS(getgroups, 0x7fffffff, byte);
        SYS(setgroups, 65536, byte);
        SYS(setgroups, 0x7fffffff, byte);
        SYS(poll, byte, 0xffffffff, 0);
        SYS(select, 0x7fffffff, byte, byte, byte, byte);
        SYS(getdents64, open("/", O_RDONLY), byte, 0xffffffff);
        SYS(getrandom, byte, SIZE_MAX, 0);
        SYS(sendfile, null, zero, nullptr, 1 << 26);
        SYS(lseek, null, INT64_MAX, SEEK_SET);
      },
      kSeconds));
  EXPECT_TRUE(sane_again());
}

TEST(sparse_files_are_not_walked_page_by_page) {
  EXPECT_TRUE(hostile::ends(
      [] {
        const int fd = static_cast<int>(SYS(memfd_create, "sparse", 0));
        ftruncate(fd, INT64_MAX - 4096);
        lseek(fd, 0, SEEK_DATA);
        lseek(fd, 1, SEEK_HOLE);
        pwrite(fd, "x", 1, 1l << 50);
        lseek(fd, 0, SEEK_DATA);
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1l << 60);
        fallocate(fd, 0, 0, 1l << 60);
        SYS(fadvise64, fd, 0, INT64_MAX, POSIX_FADV_WILLNEED);
        SYS(readahead, fd, 0, SIZE_MAX);
        SYS(sync_file_range, fd, 0, INT64_MAX, 7);
        SYS(copy_file_range, fd, nullptr, fd, nullptr, SIZE_MAX, 0);
        void* map = mmap(nullptr, 1ul << 45, PROT_READ, MAP_SHARED, fd, 0);
        madvise(map, 1ul << 45, MADV_WILLNEED);
        msync(map, 1ul << 45, MS_SYNC);
        _exit(0);
      },
      kSeconds));
  EXPECT_TRUE(sane_again());
}

TEST(mounts_without_end) {
  EXPECT_TRUE(hostile::ends(
      [] {
        unshare(CLONE_NEWUSER | CLONE_NEWNS);
        mkdir("/tmp/mounted", 0700);
        flood([](long) { return mount("tmpfs", "/tmp/mounted", "tmpfs", 0, nullptr) == 0; });
        flood([](long) { return mount("/", "/tmp/mounted", nullptr, MS_BIND | MS_REC, nullptr) == 0; });
      },
      kSeconds));
  EXPECT_TRUE(sane_again());
}

TEST(waiters_on_futexes_and_terminals) {
  EXPECT_TRUE(many(2, [](int) {
    flood([](long) { return open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK) != -1; });
    flood([](long) { return SYS(memfd_create, "flood", 0) != -1; });
    flood([](long) { return SYS(pidfd_open, getpid(), 0) != -1; });
  }));
}

TEST(the_kernel_lives_through_all_at_once) {
  EXPECT_TRUE(many(16, [](int number) {
    hostile::Random random{static_cast<uint64_t>(number) * 7919 + 13};
    flood([&](long i) {
      char name[64];
      int fds[2];
      switch (random.next() % 8) {
        case 0:
          pipe(fds);
          break;
        case 1:
          socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
          break;
        case 2:
          mmap(nullptr, 4096, random.next() % 2 != 0 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          break;
        case 3:
          snprintf(name, sizeof name, "/tmp/all-%d-%ld", number, i);
          mkdir(name, 0700);
          break;
        case 4:
          close(static_cast<int>(random.next() % 1024));
          break;
        case 5:
          SYS(timer_create, CLOCK_MONOTONIC, nullptr, fds);
          break;
        case 6:
          if (random.next() % 64 == 0 && fork() == 0) _exit(0);
          break;
        default:
          eventfd(0, 0);
      }
      return true;
    });
  }));
}

HOSTILE_MAIN
