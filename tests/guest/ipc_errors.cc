// Errors of System V and POSIX IPC, of futexes and of asynchronous I/O that other families do not ask for.
#include <grp.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "tests/guest/guest_test.h"

namespace {

constexpr long kFutexWake = 454, kFutexWait = 455, kFutexRequeue = 456;

struct Message {
  long type = 1;
  char text[64] = {};
};
struct semid_ds set_status;
struct msqid_ds queue_status;
struct shmid_ds segment_status;
sembuf down{0, -1, 0}, up{0, 1, 0};
Message message;

struct Objects {
  int semaphores = semget(IPC_PRIVATE, 2, 0600), messages = msgget(IPC_PRIVATE, 0600),
      segment = shmget(IPC_PRIVATE, 4096, 0600);
  ~Objects() {
    semctl(semaphores, 0, IPC_RMID), msgctl(messages, IPC_RMID, nullptr), shmctl(segment, IPC_RMID, nullptr);
  }
};

}  // namespace

TEST(objects_that_are_removed_are_eidrm_or_einval) {
  COVERS("shmat", "shmctl", "semctl", "msgctl", "semop", "semtimedop", "msgsnd", "msgrcv");
  // An id of a slot that another object has now.
  int old_set = semget(IPC_PRIVATE, 1, 0600), old_queue = msgget(IPC_PRIVATE, 0600),
      old_segment = shmget(IPC_PRIVATE, 4096, 0600);
  semctl(old_set, 0, IPC_RMID), msgctl(old_queue, IPC_RMID, nullptr), shmctl(old_segment, IPC_RMID, nullptr);
  Objects now;
  const auto is_gone = [](long result) { return result == -1 && (errno == EINVAL || errno == EIDRM); };
  EXPECT_TRUE(is_gone(SYS(semop, old_set, &up, 1)));
  EXPECT_TRUE(is_gone(SYS(semctl, old_set, 0, IPC_STAT, &set_status)));
  EXPECT_TRUE(is_gone(SYS(msgsnd, old_queue, &message, 1, 0)));
  EXPECT_TRUE(is_gone(SYS(msgctl, old_queue, IPC_STAT, &queue_status)));
  EXPECT_TRUE(is_gone(SYS(shmat, old_segment, nullptr, 0)));
  EXPECT_TRUE(is_gone(SYS(shmctl, old_segment, IPC_STAT, &segment_status)));
}

// Numbers are given out in turn: later a slot has another object, and the number that it had before is one that was removed.
template <typename Make, typename Remove>
int with_the_slot_of(int old, Make make, Remove remove) {
  for (int i = 0; i < 40000; ++i) {
    int id = make();
    if (id == -1 || (id & 0x7fff) == (old & 0x7fff)) return id;
    remove(id);
  }
  return -1;
}

TEST(numbers_of_what_was_removed_are_einval) {
  COVERS("shmat", "shmctl", "semctl", "msgctl", "semop", "msgsnd", "msgrcv");
  const auto make_set = [] { return semget(IPC_PRIVATE, 1, 0600); };
  const auto make_queue = [] { return msgget(IPC_PRIVATE, 0600); };
  const auto make_segment = [] { return shmget(IPC_PRIVATE, 4096, 0600); };
  const auto remove_set = [](int id) { semctl(id, 0, IPC_RMID); };
  const auto remove_queue = [](int id) { msgctl(id, IPC_RMID, nullptr); };
  const auto remove_segment = [](int id) { shmctl(id, IPC_RMID, nullptr); };
  int old_set = make_set(), old_queue = make_queue(), old_segment = make_segment();
  remove_set(old_set), remove_queue(old_queue), remove_segment(old_segment);
  int set = with_the_slot_of(old_set, make_set, remove_set),
      queue = with_the_slot_of(old_queue, make_queue, remove_queue),
      segment = with_the_slot_of(old_segment, make_segment, remove_segment);
  ASSERT_TRUE(set != -1 && queue != -1 && segment != -1);
  EXPECT_ERRNO(EINVAL, SYS(semop, old_set, &up, 1));
  EXPECT_ERRNO(EINVAL, SYS(semctl, old_set, 0, IPC_STAT, &set_status));
  EXPECT_ERRNO(EINVAL, SYS(msgsnd, old_queue, &message, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(msgrcv, old_queue, &message, 64, 0, IPC_NOWAIT));
  EXPECT_ERRNO(EINVAL, SYS(msgctl, old_queue, IPC_STAT, &queue_status));
  EXPECT_ERRNO(EINVAL, SYS(shmat, old_segment, nullptr, 0));
  EXPECT_ERRNO(EINVAL, SYS(shmctl, old_segment, IPC_STAT, &segment_status));
  remove_set(set), remove_queue(queue), remove_segment(segment);
}

// Who waits hears of it.
template <typename Wait, typename Remove>
void removed_while_waiting(const char* name, Wait wait, Remove remove) {
  pid_t pid = guest::spawn([&] { return wait() == -1 && errno == EIDRM ? 0 : 1; });
  if (!guest::falls_asleep(pid)) guest::fail(__FILE__, __LINE__, name, "does not wait");
  remove();
  if (guest::reap(pid) != 0) guest::fail(__FILE__, __LINE__, name, "did not end with EIDRM");
}

TEST(who_waits_for_what_is_removed_hears_of_it) {
  COVERS("semop", "semtimedop", "msgsnd", "msgrcv");
  Objects one, two;
  removed_while_waiting(
      "semop", [&] { return SYS(semop, one.semaphores, &down, 1); }, [&] { semctl(one.semaphores, 0, IPC_RMID); });
  timespec hour{3600, 0};
  removed_while_waiting(
      "semtimedop", [&] { return SYS(semtimedop, two.semaphores, &down, 1, &hour); },
      [&] { semctl(two.semaphores, 0, IPC_RMID); });
  removed_while_waiting(
      "msgrcv", [&] { return SYS(msgrcv, one.messages, &message, 64, 0, 0); },
      [&] { msgctl(one.messages, IPC_RMID, nullptr); });
  while (SYS(msgsnd, two.messages, &message, 64, IPC_NOWAIT) == 0) {
  }
  removed_while_waiting(
      "msgsnd", [&] { return SYS(msgsnd, two.messages, &message, 64, 0); },
      [&] { msgctl(two.messages, IPC_RMID, nullptr); });
}

TEST(objects_of_others) {
  COVERS("shmget", "semget", "msgget", "semop", "semtimedop", "semctl", "msgctl", "shmctl", "msgsnd", "msgrcv",
         "shmat");
  if (!guest::is_root()) SKIP("needs two users");
  key_t key = static_cast<key_t>(0x4c000000 + getpid());
  int set = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600), queue = msgget(key, IPC_CREAT | IPC_EXCL | 0600),
      segment = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
  EXPECT_EQ(0, guest::in_child([&] {
              if (setresuid(65534, 65534, 65534) != 0) return 1;
              EXPECT_ERRNO(EACCES, SYS(semget, key, 1, 0600));
              EXPECT_ERRNO(EACCES, SYS(msgget, key, 0600));
              EXPECT_ERRNO(EACCES, SYS(shmget, key, 4096, 0600));
              EXPECT_ERRNO(EACCES, SYS(semop, set, &up, 1));
              timespec second{1, 0};
              EXPECT_ERRNO(EACCES, SYS(semtimedop, set, &up, 1, &second));
              EXPECT_ERRNO(EACCES, SYS(semctl, set, 0, IPC_STAT, &set_status));
              EXPECT_ERRNO(EACCES, SYS(msgctl, queue, IPC_STAT, &queue_status));
              EXPECT_ERRNO(EACCES, SYS(shmctl, segment, IPC_STAT, &segment_status));
              EXPECT_ERRNO(EACCES, SYS(msgsnd, queue, &message, 1, 0));
              EXPECT_ERRNO(EACCES, SYS(msgrcv, queue, &message, 64, 0, IPC_NOWAIT));
              EXPECT_ERRNO(EACCES, SYS(shmat, segment, nullptr, 0));
              EXPECT_ERRNO(EPERM, SYS(semctl, set, 0, IPC_RMID));
              EXPECT_ERRNO(EPERM, SYS(msgctl, queue, IPC_RMID, nullptr));
              EXPECT_ERRNO(EPERM, SYS(shmctl, segment, IPC_RMID, nullptr));
              return 0;
            }));
  EXPECT_ERRNO(EEXIST, SYS(semget, key, 1, IPC_CREAT | IPC_EXCL | 0600));
  EXPECT_ERRNO(EEXIST, SYS(msgget, key, IPC_CREAT | IPC_EXCL | 0600));
  EXPECT_ERRNO(EEXIST, SYS(shmget, key, 4096, IPC_CREAT | IPC_EXCL | 0600));
  semctl(set, 0, IPC_RMID), msgctl(queue, IPC_RMID, nullptr), shmctl(segment, IPC_RMID, nullptr);
}

TEST(huge_pages_need_a_right) {
  COVERS("shmget");
  EXPECT_EQ(0, guest::in_child([] {
              // Nor are they for group 0, hugetlb_shm_group, alone.
              if (guest::is_root() && (setgroups(0, nullptr) != 0 || setresgid(65534, 65534, 65534) != 0)) return 1;
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              EXPECT_ERRNO(EPERM, SYS(shmget, IPC_PRIVATE, 2 << 20, IPC_CREAT | SHM_HUGETLB | 0600));
              return 0;
            }));
}

TEST(operations_of_semaphores_and_messages_have_bounds) {
  COVERS("semop", "semtimedop", "semctl", "msgsnd", "msgrcv", "shmget");
  Objects o;
  static sembuf many[501];
  timespec second{1, 0};
  sembuf beyond{7, 1, 0}, large{0, 32767, 0};
  EXPECT_ERRNO(E2BIG, SYS(semop, o.semaphores, many, 501));
  EXPECT_ERRNO(E2BIG, SYS(semtimedop, o.semaphores, many, 501, &second));
  EXPECT_ERRNO(EFBIG, SYS(semop, o.semaphores, &beyond, 1));
  EXPECT_ERRNO(EFBIG, SYS(semtimedop, o.semaphores, &beyond, 1, &second));
  EXPECT_OK(SYS(semop, o.semaphores, &up, 1));
  EXPECT_ERRNO(ERANGE, SYS(semop, o.semaphores, &large, 1));
  EXPECT_ERRNO(ERANGE, SYS(semtimedop, o.semaphores, &large, 1, &second));
  EXPECT_ERRNO(EFAULT, SYS(msgsnd, o.messages, guest::bad_pointer(), 1, 0));
  EXPECT_OK(SYS(msgsnd, o.messages, &message, 8, 0));
  EXPECT_ERRNO(EFAULT, SYS(msgrcv, o.messages, guest::bad_pointer(), 64, 0, 0));
}

TEST(message_queues_of_others_and_names_that_cannot_be) {
  COVERS("mq_unlink", "mq_open", "mq_notify", "mq_getsetattr", "mq_timedreceive");
  static char long_name[300];
  memset(long_name, 'x', sizeof long_name - 1);
  char name[40];
  snprintf(name, sizeof name, "guest-test-%d", getpid());
  EXPECT_ERRNO(ENAMETOOLONG, SYS(mq_unlink, long_name));
  EXPECT_ERRNO(ENAMETOOLONG, SYS(mq_open, long_name, O_RDWR | O_CREAT, 0600, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(mq_unlink, guest::bad_pointer()));
  EXPECT_ERRNO(ENOENT, SYS(mq_unlink, name));
  int queue = SYS(mq_open, name, O_RDWR | O_CREAT, 0600, nullptr);
  ASSERT_OK(queue);
  char bytes[16];
  EXPECT_ERRNO(EFAULT, SYS(mq_notify, queue, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(mq_getsetattr, queue, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EFAULT, SYS(mq_getsetattr, queue, nullptr, guest::bad_pointer()));
  int writer = SYS(mq_open, name, O_WRONLY, 0, nullptr);
  EXPECT_ERRNO(EBADF, SYS(mq_timedreceive, writer, bytes, 8192, nullptr, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(mq_timedreceive, queue, guest::bad_pointer(), 8192, nullptr, guest::bad_pointer()));
  SYS(mq_timedsend, queue, "x", 1, 0, nullptr);
  EXPECT_ERRNO(EFAULT, SYS(mq_timedreceive, queue, guest::bad_pointer(), 8192, nullptr, nullptr));
  if (guest::is_root()) {
    EXPECT_EQ(0, guest::in_child([&] {
                if (setresuid(65534, 65534, 65534) != 0) return 1;
                errno = 0;
                long result = SYS(mq_unlink, name);  // the directory is sticky
                EXPECT_TRUE(result == -1 && (errno == EPERM || errno == EACCES));
                EXPECT_ERRNO(EACCES, SYS(mq_open, name, O_RDWR, 0, nullptr));
                return 0;
              }));
  }
  EXPECT_OK(SYS(mq_unlink, name));
}

TEST(a_directory_of_queues_may_be_closed) {
  COVERS("mq_unlink");
  if (!guest::is_root()) SKIP("needs two users");
  EXPECT_EQ(
      0, guest::in_child([] {
        guest::TempDir dir;
        if (unshare(CLONE_NEWIPC | CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
          return 1;
        if (mount("none", dir.path(), "mqueue", 0, nullptr) != 0) return 2;
        EXPECT_OK(SYS(mq_open, "guest-test", O_RDWR | O_CREAT, 0600, nullptr));
        EXPECT_OK(chmod(dir.path(), 0755));
        EXPECT_EQ(0, guest::in_child([] {
                    if (setresuid(65534, 65534, 65534) != 0) return 3;
                    EXPECT_ERRNO(EACCES, SYS(mq_unlink, "guest-test"));
                    return 0;
                  }));
        EXPECT_OK(SYS(mq_unlink, "guest-test"));
        umount(dir.path());
        return 0;
      }));
}

TEST(words_of_futexes_that_are_not_there) {
  COVERS("futex_wake", "futex_wait", "futex_requeue");
  if (guest::raw(kFutexWake, nullptr, 0, 0, 0) == -1 && errno == ENOSYS) SKIP("no such calls");
  static uint32_t words[2];
  struct {
    uint64_t value, address;
    uint32_t flags, reserved;
  } pair[2] = {{0, reinterpret_cast<uint64_t>(&words[0]), 2, 0}, {0, 0x10, 2, 0}};
  timespec now{0, 0};
  EXPECT_ERRNO(EFAULT, guest::raw(kFutexWake, guest::bad_pointer(), 1, 1, 2));
  EXPECT_ERRNO(EFAULT, guest::raw(kFutexWait, guest::bad_pointer(), 0, 1, 2, &now, CLOCK_MONOTONIC));
  EXPECT_ERRNO(EINVAL, guest::raw(kFutexWake, reinterpret_cast<char*>(words) + 1, 1, 1, 2));
  EXPECT_ERRNO(EINVAL, guest::raw(kFutexWake, words, 0, 1, 2));
  pair[0].address = 0x10, pair[1].address = reinterpret_cast<uint64_t>(&words[0]);
  EXPECT_ERRNO(EFAULT, guest::raw(kFutexRequeue, pair, 0, 1, 1));
  pair[0].address = reinterpret_cast<uint64_t>(&words[0]) + 1;
  EXPECT_ERRNO(EINVAL, guest::raw(kFutexRequeue, pair, 0, 1, 1));
  EXPECT_ERRNO(EINVAL, guest::raw(kFutexRequeue, pair, 1, 1, 1));
  EXPECT_ERRNO(EFAULT, guest::raw(kFutexRequeue, guest::bad_pointer(), 0, 1, 1));
  // Both clocks, and a time that has passed.
  for (int clock : {CLOCK_MONOTONIC, CLOCK_REALTIME}) {
    EXPECT_ERRNO(ETIMEDOUT, guest::raw(kFutexWait, words, 0, 1, 2, &now, clock));
  }
  EXPECT_ERRNO(EINVAL, guest::raw(kFutexWait, words, 0, 1, 2, &now, CLOCK_BOOTTIME));
}

TEST(requests_that_are_not_there) {
  COVERS("io_destroy", "io_cancel", "io_submit", "io_setup");
  aio_context_t context = 0;
  if (SYS(io_setup, 1, &context) != 0) SKIP("no asynchronous I/O here");
  iocb request{};
  io_event event{};
  iocb* list[] = {&request};
  EXPECT_ERRNO(EFAULT, SYS(io_cancel, context, guest::bad_pointer(), &event));
  EXPECT_ERRNO(EINVAL, SYS(io_cancel, context, &request, &event));
  EXPECT_ERRNO(EINVAL, SYS(io_destroy, 0));
  EXPECT_ERRNO(EINVAL, SYS(io_cancel, 0, &request, &event));
  // A poll that nothing ends can be taken back; more than the context holds cannot be asked.
  int pipes[2];
  ASSERT_OK(pipe(pipes));
  static iocb polls[512];
  int asked = 0;
  for (; asked < 512; ++asked) {
    polls[asked].aio_lio_opcode = IOCB_CMD_POLL, polls[asked].aio_fildes = static_cast<uint32_t>(pipes[0]);
    polls[asked].aio_buf = 1;
    list[0] = &polls[asked];
    if (SYS(io_submit, context, 1, list) != 1) break;
  }
  EXPECT_GT(asked, 0);
  EXPECT_ERRNO(EAGAIN, SYS(io_submit, context, 1, list));
  EXPECT_ERRNO(EINPROGRESS, SYS(io_cancel, context, &polls[0], &event));
  EXPECT_OK(SYS(io_destroy, context));
}

GUEST_TEST_MAIN
