// sysvipc(7): shared memory, semaphores and message queues.
#include "tests/guest/guest_test.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

namespace {
bool there() {
  int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  if (id == -1 && errno == ENOSYS) return false;
  shmctl(id, IPC_RMID, nullptr);
  return true;
}
union semun {
  int val;
  semid_ds* buf;
  unsigned short* array;
};
}  // namespace

TEST(shared_memory_crosses_processes) {
  COVERS("shmget", "shmat", "shmdt", "shmctl");
  if (!there()) SKIP("the host has no System V IPC");
  long id = SYS(shmget, IPC_PRIVATE, 10000, IPC_CREAT | 0600);
  ASSERT_OK(id);
  char* map = reinterpret_cast<char*>(SYS(shmat, id, nullptr, 0));
  ASSERT_TRUE(map != reinterpret_cast<char*>(-1));
  EXPECT_EQ(0, guest::in_child([&] { return map[9000] = 's', 0; }));
  EXPECT_EQ('s', map[9000]);
  shmid_ds info;
  EXPECT_OK(SYS(shmctl, id, IPC_STAT, &info));
  EXPECT_EQ(10000, info.shm_segsz);
  EXPECT_EQ(1, info.shm_nattch);
  EXPECT_OK(SYS(shmctl, id, IPC_RMID, nullptr));
  EXPECT_EQ('s', map[9000]);
  EXPECT_OK(SYS(shmdt, map));
  EXPECT_ERRNO(EINVAL, SYS(shmdt, map));
  EXPECT_ERRNO(EINVAL, SYS(shmat, id, nullptr, 0));
  EXPECT_ERRNO(EINVAL, SYS(shmget, IPC_PRIVATE, 0, IPC_CREAT));
  EXPECT_ERRNO(ENOENT, SYS(shmget, 0x7e577e57, 4096, 0));
}

TEST(semaphores_count_and_block) {
  COVERS("semget", "semop", "semctl", "semtimedop");
  if (!there()) SKIP("the host has no System V IPC");
  long id = SYS(semget, IPC_PRIVATE, 2, IPC_CREAT | 0600);
  ASSERT_OK(id);
  sembuf up{0, 2, 0}, down{0, -1, IPC_NOWAIT}, wait{1, -1, 0};
  EXPECT_OK(SYS(semop, id, &up, 1));
  EXPECT_EQ(2, SYS(semctl, id, 0, GETVAL, 0));
  EXPECT_OK(SYS(semop, id, &down, 1));
  EXPECT_OK(SYS(semop, id, &down, 1));
  EXPECT_ERRNO(EAGAIN, SYS(semop, id, &down, 1));
  timespec little{0, 20000000};
  EXPECT_ERRNO(EAGAIN, SYS(semtimedop, id, &wait, 1, &little));
  pid_t child = guest::spawn([&] { return static_cast<int>(SYS(semop, id, &wait, 1)); });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_EQ(1, SYS(semctl, id, 1, GETNCNT, 0));
  EXPECT_OK(SYS(semctl, id, 1, SETVAL, 1));
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_ERRNO(EFBIG, [&] {
    sembuf beyond{7, 1, 0};
    return SYS(semop, id, &beyond, 1);
  }());
  EXPECT_OK(SYS(semctl, id, 0, IPC_RMID, 0));
  EXPECT_ERRNO(EINVAL, SYS(semop, id, &up, 1));
}

TEST(undo_gives_back_at_exit) {
  COVERS("semop");
  if (!there()) SKIP("the host has no System V IPC");
  int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
  semctl(id, 0, SETVAL, semun{.val = 1});
  EXPECT_EQ(0, guest::in_child([&] {
              sembuf take{0, -1, SEM_UNDO};
              return semop(id, &take, 1);
            }));
  EXPECT_EQ(1, semctl(id, 0, GETVAL));
  semctl(id, 0, IPC_RMID);
}

TEST(messages_by_type) {
  COVERS("msgget", "msgsnd", "msgrcv", "msgctl");
  if (!there()) SKIP("the host has no System V IPC");
  struct {
    long type;
    char body[8];
  } message;
  long id = SYS(msgget, IPC_PRIVATE, IPC_CREAT | 0600);
  ASSERT_OK(id);
  for (long type : {3L, 1L, 2L}) {
    message = {type, "m"};
    message.body[1] = static_cast<char>('0' + type);
    EXPECT_OK(SYS(msgsnd, id, &message, 2, 0));
  }
  EXPECT_EQ(2, SYS(msgrcv, id, &message, 8, 2, 0));
  EXPECT_EQ(2, message.type);
  EXPECT_EQ(2, SYS(msgrcv, id, &message, 8, -3, 0));
  EXPECT_EQ(1, message.type);
  EXPECT_ERRNO(E2BIG, SYS(msgrcv, id, &message, 1, 0, 0));
  EXPECT_EQ(1, SYS(msgrcv, id, &message, 1, 0, MSG_NOERROR));
  EXPECT_ERRNO(ENOMSG, SYS(msgrcv, id, &message, 8, 0, IPC_NOWAIT));
  message.type = 0;
  EXPECT_ERRNO(EINVAL, SYS(msgsnd, id, &message, 1, 0));
  EXPECT_OK(SYS(msgctl, id, IPC_RMID, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(msgrcv, id, &message, 8, 0, 0));
}

TEST(keys_name_objects) {
  COVERS("shmget");
  if (!there()) SKIP("the host has no System V IPC");
  key_t key = 0x600d0000 + getpid() % 60000;
  int one = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
  ASSERT_OK(one);
  EXPECT_EQ(one, shmget(key, 100, 0));
  EXPECT_ERRNO(EEXIST, shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600));
  EXPECT_ERRNO(EINVAL, shmget(key, 9000, 0));
  shmctl(one, IPC_RMID, nullptr);
}

GUEST_TEST_MAIN
