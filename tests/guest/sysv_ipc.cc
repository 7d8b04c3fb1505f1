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

TEST(shared_memory_flags_and_places) {
  COVERS("shmat", "shmget", "shmctl", "shmdt");
  if (!there()) SKIP("the host has no System V IPC");
  int id = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600);
  char* first = static_cast<char*>(shmat(id, nullptr, 0));
  first[0] = 'a';
  // Read-only: the attachment cannot be made writable.
  char* second = reinterpret_cast<char*>(SYS(shmat, id, nullptr, SHM_RDONLY));
  ASSERT_TRUE(second != reinterpret_cast<char*>(-1));
  EXPECT_EQ('a', second[0]);
  EXPECT_EQ(SIGSEGV, guest::signal_of([&] { *const_cast<volatile char*>(second) = 'b'; }));
  EXPECT_ERRNO(EACCES, mprotect(second, 4096, PROT_READ | PROT_WRITE));
  // A chosen place: whole pages, rounded down with SHM_RND, over what is there with SHM_REMAP.
  EXPECT_OK(SYS(shmdt, second));
  EXPECT_EQ(reinterpret_cast<long>(second), SYS(shmat, id, second, 0));
  EXPECT_ERRNO(EINVAL, SYS(shmat, id, second + 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(shmat, id, second, 0));
  EXPECT_EQ(reinterpret_cast<long>(second), SYS(shmat, id, second + 5, SHM_RND | SHM_REMAP));
  EXPECT_ERRNO(EINVAL, SYS(shmat, id, nullptr, SHM_REMAP));
  EXPECT_ERRNO(EINVAL, SYS(shmat, -1, nullptr, 0));
  EXPECT_ERRNO(EINVAL, SYS(shmdt, second + 4096));
  EXPECT_ERRNO(EINVAL, SYS(shmdt, second + 1));
  shmid_ds info{};
  EXPECT_OK(SYS(shmctl, id, IPC_STAT, &info));
  EXPECT_EQ(2, info.shm_nattch);
  EXPECT_EQ(getpid(), info.shm_cpid);
  EXPECT_EQ(getpid(), info.shm_lpid);
  EXPECT_GT(info.shm_atime, 0);
  // A child has its parent's attachments, and they go when it ends.
  EXPECT_EQ(0, guest::in_child([&] {
              shmid_ds now{};
              shmctl(id, IPC_STAT, &now);
              return now.shm_nattch == 4 ? 0 : static_cast<int>(now.shm_nattch + 1);
            }));
  EXPECT_OK(SYS(shmctl, id, IPC_STAT, &info));
  EXPECT_EQ(2, info.shm_nattch);
  EXPECT_NE(getpid(), info.shm_lpid);
  EXPECT_GT(info.shm_dtime, 0);
  // Removed while in use: marked, found by its number still, gone with the last.
  EXPECT_OK(SYS(shmctl, id, IPC_RMID, nullptr));
  EXPECT_OK(SYS(shmctl, id, IPC_STAT, &info));
  EXPECT_TRUE(info.shm_perm.mode & SHM_DEST);
  EXPECT_OK(SYS(shmdt, first));
  EXPECT_OK(SYS(shmdt, second));
  EXPECT_ERRNO(EINVAL, SYS(shmctl, id, IPC_STAT, &info));
}

TEST(shared_memory_control) {
  COVERS("shmctl");
  if (!there()) SKIP("the host has no System V IPC");
  int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0640);
  shmid_ds info{};
  shminfo limits{};
  long highest = SYS(shmctl, 0, IPC_INFO, &limits);
  EXPECT_GE(highest, 0);
  EXPECT_EQ(1, limits.shmmin);
  EXPECT_EQ(4096, limits.shmmni);
  shm_info usage{};
  EXPECT_EQ(highest, SYS(shmctl, 0, SHM_INFO, &usage));
  EXPECT_GE(usage.used_ids, 1);
  EXPECT_GE(usage.shm_tot, 1);
  EXPECT_EQ(id, SYS(shmctl, id & 0x7fff, SHM_STAT, &info));
  EXPECT_EQ(id, SYS(shmctl, id & 0x7fff, 15 /* SHM_STAT_ANY */, &info));
  EXPECT_EQ(0640, info.shm_perm.mode);
  info.shm_perm.mode = 0600;
  EXPECT_OK(SYS(shmctl, id, IPC_SET, &info));
  EXPECT_OK(SYS(shmctl, id, IPC_STAT, &info));
  EXPECT_EQ(0600, info.shm_perm.mode);
  EXPECT_OK(SYS(shmctl, id, SHM_LOCK, nullptr));
  SYS(shmctl, id, IPC_STAT, &info);
  EXPECT_TRUE(info.shm_perm.mode & SHM_LOCKED);
  EXPECT_OK(SYS(shmctl, id, SHM_UNLOCK, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(shmctl, id, IPC_STAT, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(shmctl, id, IPC_SET, guest::bad_pointer()));
  EXPECT_ERRNO(EINVAL, SYS(shmctl, id, 99, &info));
  EXPECT_ERRNO(EINVAL, SYS(shmctl, -1, IPC_STAT, &info));
  if (guest::is_root()) {
    EXPECT_EQ(0, guest::in_child([&] {
                if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0) return 1;
                if (SYS(shmctl, id, IPC_STAT, &info) != -1 || errno != EACCES) return 2;
                if (SYS(shmctl, id, IPC_RMID, nullptr) != -1 || errno != EPERM) return 3;
                if (SYS(shmat, id, nullptr, SHM_RDONLY) != -1 || errno != EACCES) return 4;
                return SYS(shmctl, id & 0x7fff, 15, &info) == id ? 0 : 5;
              }));
  }
  shmctl(id, IPC_RMID, nullptr);
}

TEST(semaphore_control) {
  COVERS("semctl", "semget");
  if (!there()) SKIP("the host has no System V IPC");
  int id = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600);
  unsigned short values[3] = {4, 5, 6};
  EXPECT_OK(SYS(semctl, id, 0, SETALL, values));
  unsigned short told[3] = {};
  EXPECT_OK(SYS(semctl, id, 0, GETALL, told));
  EXPECT_EQ(6, told[2]);
  EXPECT_EQ(getpid(), SYS(semctl, id, 1, GETPID, 0));
  EXPECT_EQ(0, SYS(semctl, id, 1, GETZCNT, 0));
  EXPECT_ERRNO(EINVAL, SYS(semctl, id, 3, GETVAL, 0));
  EXPECT_ERRNO(EINVAL, SYS(semctl, id, -1, SETVAL, 0));
  EXPECT_ERRNO(ERANGE, SYS(semctl, id, 0, SETVAL, 32768));
  EXPECT_ERRNO(ERANGE, SYS(semctl, id, 0, SETVAL, -1));
  values[1] = 40000;
  EXPECT_ERRNO(ERANGE, SYS(semctl, id, 0, SETALL, values));
  EXPECT_ERRNO(EFAULT, SYS(semctl, id, 0, GETALL, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(semctl, id, 0, SETALL, guest::bad_pointer()));
  semid_ds info{};
  EXPECT_OK(SYS(semctl, id, 0, IPC_STAT, &info));
  EXPECT_EQ(3, info.sem_nsems);
  EXPECT_EQ(0, info.sem_otime);
  info.sem_perm.mode = 0400;
  EXPECT_OK(SYS(semctl, id, 0, IPC_SET, &info));
  EXPECT_EQ(id, SYS(semctl, id & 0x7fff, 0, SEM_STAT, &info));
  EXPECT_EQ(0400, info.sem_perm.mode);
  EXPECT_EQ(id, SYS(semctl, id & 0x7fff, 0, 20 /* SEM_STAT_ANY */, &info));
  seminfo limits{};
  EXPECT_GE(SYS(semctl, 0, 0, IPC_INFO, &limits), 0);
  EXPECT_EQ(32767, limits.semvmx);
  EXPECT_EQ(500, limits.semopm);
  EXPECT_GE(SYS(semctl, 0, 0, SEM_INFO, &limits), 0);
  EXPECT_GE(limits.semusz, 1);
  EXPECT_GE(limits.semaem, 3);
  EXPECT_ERRNO(EINVAL, SYS(semctl, id, 0, 99, 0));
  EXPECT_ERRNO(EINVAL, SYS(semget, IPC_PRIVATE, 0, IPC_CREAT | 0600));
  EXPECT_ERRNO(EINVAL, SYS(semget, IPC_PRIVATE, -1, IPC_CREAT | 0600));
  EXPECT_ERRNO(EINVAL, SYS(semget, IPC_PRIVATE, 32001, IPC_CREAT | 0600));
  EXPECT_ERRNO(ENOENT, SYS(semget, 0x7e577e58, 1, 0));
  EXPECT_OK(SYS(semctl, id, 0, IPC_RMID, 0));
  EXPECT_ERRNO(EINVAL, SYS(semctl, id, 0, IPC_RMID, 0));
}

TEST(several_operations_are_one) {
  COVERS("semop", "semtimedop");
  if (!there()) SKIP("the host has no System V IPC");
  int id = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
  sembuf both[2] = {{0, 1, 0}, {1, -1, IPC_NOWAIT}};
  EXPECT_ERRNO(EAGAIN, SYS(semop, id, both, 2));
  EXPECT_EQ(0, semctl(id, 0, GETVAL));  // the first was not done either
  sembuf seen[2] = {{0, 1, 0}, {0, -1, IPC_NOWAIT}};
  EXPECT_OK(SYS(semop, id, seen, 2));  // each sees what those before it did
  sembuf zero{0, 0, IPC_NOWAIT};
  EXPECT_OK(SYS(semop, id, &zero, 1));
  semctl(id, 0, SETVAL, semun{.val = 32767});
  EXPECT_ERRNO(EAGAIN, SYS(semop, id, &zero, 1));
  sembuf up{0, 1, 0};
  EXPECT_ERRNO(ERANGE, SYS(semop, id, &up, 1));
  EXPECT_ERRNO(EINVAL, SYS(semop, id, &up, 0));
  EXPECT_ERRNO(E2BIG, SYS(semop, id, &up, 501));
  EXPECT_ERRNO(EFAULT, SYS(semop, id, guest::bad_pointer(), 1));
  EXPECT_ERRNO(EINVAL, SYS(semop, -1, &up, 1));
  timespec bad{0, 1000000000};
  EXPECT_ERRNO(EINVAL, SYS(semtimedop, id, &up, 1, &bad));
  EXPECT_ERRNO(EFAULT, SYS(semtimedop, id, &up, 1, guest::bad_pointer()));
  semctl(id, 0, IPC_RMID);
}

TEST(waiters_of_a_semaphore_end) {
  COVERS("semop", "semctl");
  if (!there()) SKIP("the host has no System V IPC");
  int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
  semctl(id, 0, SETVAL, semun{.val = 1});
  // One waits for zero, one for two; a signal ends the first, the removal the second.
  pid_t zero = guest::spawn([&] {
    guest::handle(
        SIGUSR1, [](int) {}, SA_RESTART);
    sembuf op{0, 0, 0};
    return semop(id, &op, 1) == -1 && errno == EINTR ? 0 : 1;
  });
  pid_t two = guest::spawn([&] {
    sembuf op{0, -2, 0};
    return semop(id, &op, 1) == -1 && errno == EIDRM ? 0 : 1;
  });
  EXPECT_TRUE(guest::eventually([&] { return semctl(id, 0, GETZCNT) == 1 && semctl(id, 0, GETNCNT) == 1; }));
  EXPECT_TRUE(guest::falls_asleep(zero));
  kill(zero, SIGUSR1);
  EXPECT_EQ(0, guest::reap(zero));
  EXPECT_EQ(0, semctl(id, 0, GETZCNT));
  semctl(id, 0, IPC_RMID);
  EXPECT_EQ(0, guest::reap(two));
}

TEST(undo_is_forgotten_by_setval_and_kept_by_exec) {
  COVERS("semop", "semctl");
  if (!there()) SKIP("the host has no System V IPC");
  int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
  semctl(id, 0, SETVAL, semun{.val = 5});
  EXPECT_EQ(0, guest::in_child([&] {
              sembuf take{0, -2, SEM_UNDO};
              if (semop(id, &take, 1) != 0) return 1;
              semctl(id, 0, SETVAL, semun{.val = 7});  // clears the adjustment
              sembuf give{0, 3, SEM_UNDO};
              return semop(id, &give, 1);
            }));
  EXPECT_EQ(7, semctl(id, 0, GETVAL));
  EXPECT_EQ(0, guest::in_child([&] {
              sembuf take{0, -7, SEM_UNDO};
              if (semop(id, &take, 1) != 0) return 1;
              execl("/bin/true", "true", nullptr);
              return 2;
            }));
  EXPECT_EQ(7, semctl(id, 0, GETVAL));
  semctl(id, 0, IPC_RMID);
}

TEST(message_limits_and_waits) {
  COVERS("msgsnd", "msgrcv", "msgctl");
  if (!there()) SKIP("the host has no System V IPC");
  static struct {
    long type;
    char body[9000];
  } message;
  int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  message.type = 1;
  EXPECT_ERRNO(EINVAL, SYS(msgsnd, id, &message, 8193, 0));
  EXPECT_ERRNO(EINVAL, SYS(msgsnd, -1, &message, 1, 0));
  EXPECT_ERRNO(EFAULT, SYS(msgsnd, id, guest::bad_pointer(), 1, 0));
  EXPECT_OK(SYS(msgsnd, id, &message, 8192, 0));
  EXPECT_OK(SYS(msgsnd, id, &message, 8192, 0));
  EXPECT_ERRNO(EAGAIN, SYS(msgsnd, id, &message, 1, IPC_NOWAIT));
  EXPECT_OK(SYS(msgsnd, id, &message, 0, IPC_NOWAIT));  // no bytes fit always
  pid_t child = guest::spawn([&] {
    message.type = 9;
    return static_cast<int>(SYS(msgsnd, id, &message, 10, 0));
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_EQ(8192, SYS(msgrcv, id, &message, 8192, 0, 0));
  EXPECT_EQ(0, guest::reap(child));
  msqid_ds info{};
  EXPECT_OK(SYS(msgctl, id, IPC_STAT, &info));
  EXPECT_EQ(3, info.msg_qnum);
  EXPECT_EQ(child, info.msg_lspid);
  EXPECT_EQ(getpid(), info.msg_lrpid);
  EXPECT_EQ(16384, info.msg_qbytes);
  // By index, without taking it; all but a type.
  EXPECT_EQ(10, SYS(msgrcv, id, &message, 100, 2, IPC_NOWAIT | MSG_COPY));
  EXPECT_EQ(9, message.type);
  EXPECT_ERRNO(ENOMSG, SYS(msgrcv, id, &message, 100, 3, IPC_NOWAIT | MSG_COPY));
  EXPECT_ERRNO(EINVAL, SYS(msgrcv, id, &message, 100, 0, MSG_COPY));
  EXPECT_ERRNO(EINVAL, SYS(msgrcv, id, &message, 100, 0, IPC_NOWAIT | MSG_COPY | MSG_EXCEPT));
  EXPECT_EQ(10, SYS(msgrcv, id, &message, 100, 1, MSG_EXCEPT));
  EXPECT_EQ(9, message.type);
  EXPECT_ERRNO(EINVAL, SYS(msgrcv, id, &message, -1L, 0, 0));
  info.msg_qbytes = 100;
  EXPECT_OK(SYS(msgctl, id, IPC_SET, &info));
  msginfo limits{};
  EXPECT_GE(SYS(msgctl, 0, IPC_INFO, &limits), 0);
  EXPECT_EQ(8192, limits.msgmax);
  EXPECT_GE(SYS(msgctl, 0, MSG_INFO, &limits), 0);
  EXPECT_GE(limits.msgpool, 1);
  EXPECT_EQ(id, SYS(msgctl, id & 0x7fff, MSG_STAT, &info));
  EXPECT_EQ(id, SYS(msgctl, id & 0x7fff, 13 /* MSG_STAT_ANY */, &info));
  EXPECT_ERRNO(EINVAL, SYS(msgctl, id, 99, &info));
  EXPECT_ERRNO(EFAULT, SYS(msgctl, id, IPC_STAT, guest::bad_pointer()));
  // A reader that waits: ended by a signal, by the removal.
  pid_t reader = guest::spawn([&] {
    guest::handle(
        SIGUSR1, [](int) {}, SA_RESTART);
    if (msgrcv(id, &message, 100, 77, 0) != -1 || errno != EINTR) return 1;
    return msgrcv(id, &message, 100, 77, 0) == -1 && errno == EIDRM ? 0 : 2;
  });
  EXPECT_TRUE(guest::falls_asleep(reader));
  kill(reader, SIGUSR1);
  guest::sleep_ms(20);
  EXPECT_TRUE(guest::falls_asleep(reader));
  msgctl(id, IPC_RMID, nullptr);
  EXPECT_EQ(0, guest::reap(reader));
}

TEST(proc_lists_ipc_objects) {
  COVERS("shmget", "semget", "msgget");
  if (!there()) SKIP("the host has no System V IPC");
  int ids[3] = {shmget(IPC_PRIVATE, 4096, 0600), semget(IPC_PRIVATE, 1, 0600), msgget(IPC_PRIVATE, 0600)};
  const char* files[3] = {"/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg"};
  for (int i = 0; i < 3; ++i) {
    static char text[65536];
    char wanted[32];
    snprintf(wanted, sizeof wanted, " %10d ", ids[i]);
    EXPECT_GT(guest::slurp(files[i], text, sizeof text), 0);
    EXPECT_TRUE(strstr(text, wanted) != nullptr);
  }
  shmctl(ids[0], IPC_RMID, nullptr);
  semctl(ids[1], 0, IPC_RMID);
  msgctl(ids[2], IPC_RMID, nullptr);
}

GUEST_TEST_MAIN
