// What root of an IPC namespace may set below /proc/sys, how numbers are written there, and that they hold. Source: proc_sys_kernel(5).
#include "tests/guest/settings.h"

#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

namespace {

using guest::as_root_of, guest::cannot_open, guest::first_wrong, guest::put, guest::reads, guest::set, guest::Write;

union semun {
  int val;
  seminfo* info;
};

}  // namespace

TEST(numbers_are_written_as_c_spells_them) {
  COVERS("write");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              const Write writes[] = {
                  {"kernel/shmmni", "3", 1, "3\n"},
                  {"kernel/shmmni", "0x10", 4, "16\n"},
                  {"kernel/shmmni", "010", 3, "8\n"},
                  {"kernel/shmmni", " 7 \n", 4, "7\n"},
                  {"kernel/shmmni", "\t\n 9\n", 5, "9\n"},
                  {"kernel/shmmni", "3 4", 2, "3\n"},
                  {"kernel/shmmni", "4x", -EINVAL, "3\n"},
                  {"kernel/shmmni", "0x", -EINVAL, "3\n"},
                  {"kernel/shmmni", "08", -EINVAL, "3\n"},
                  {"kernel/shmmni", "+5", -EINVAL, "3\n"},
                  {"kernel/shmmni", "", 0, "3\n"},
                  {"kernel/shmmni", "\n", -EINVAL, "3\n"},
                  {"kernel/shmmni", "-", -EINVAL, "3\n"},
                  {"kernel/shmmni", "99999999999", -EINVAL, "3\n"},
                  {"kernel/shmmni", "000000000000000000000004", -EINVAL, "3\n"},
                  {"kernel/shmmax", "18446744073709551615", 20, "18446744073709551615\n"},
                  {"kernel/shmmax", "18446744073709551616", -EINVAL, "18446744073709551615\n"},
                  {"kernel/shmmax", "-1", -EINVAL, "18446744073709551615\n"},
              };
              return first_wrong(writes);
            }));
}

TEST(several_numbers_stand_in_a_line) {
  COVERS("write");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              const Write writes[] = {
                  {"kernel/sem", "1 2 3", 5, "1\t2\t3\t32000\n"},
                  {"kernel/sem", "5\t6 7  8 9", 9, "5\t6\t7\t8\n"},
                  {"kernel/sem", "1 x 3", -EINVAL, "1\t6\t7\t8\n"},  // what comes before it is kept
                  {"kernel/sem", "5,6", -EINVAL, "1\t6\t7\t8\n"},
                  {"kernel/sem", "10 20 30 32768", 14, "10\t20\t30\t32768\n"},
                  {"kernel/sem", "11 20 30 32769", -ERANGE, "11\t20\t30\t32768\n"},
                  {"kernel/sem", "-1 2 3 4", 8, "-1\t2\t3\t4\n"},
                  {"kernel/sem", "-2147483648", 11, "-2147483648\t2\t3\t4\n"},
                  {"kernel/sem", "-2147483649", -EINVAL, "-2147483648\t2\t3\t4\n"},
              };
              return first_wrong(writes);
            }));
}

TEST(bounds_of_an_ipc_namespace) {
  COVERS("write");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              const Write writes[] = {
                  {"kernel/shmmni", "-1", -EINVAL, "4096\n"},
                  {"kernel/shmmni", "32768", 5, "32768\n"},
                  {"kernel/shmmni", "32769", -EINVAL, "32768\n"},
                  {"kernel/msgmni", "32769", -EINVAL, "32000\n"},
                  {"kernel/msgmax", "-1", -EINVAL, "8192\n"},
                  {"kernel/msgmax", "2147483648", -EINVAL, "8192\n"},
                  {"kernel/msgmax", "2147483647", 10, "2147483647\n"},
                  {"kernel/msgmnb", "-1", -EINVAL, "16384\n"},
                  {"kernel/msgmnb", "0", 1, "0\n"},
                  {"kernel/shmall", "7", 1, "7\n"},
                  {"kernel/shm_rmid_forced", "2", -EINVAL, "0\n"},
                  {"kernel/shm_rmid_forced", "1", 1, "1\n"},
                  {"kernel/msg_next_id", "-1", -EINVAL, "-1\n"},
                  {"kernel/msg_next_id", "2147483648", -EINVAL, "-1\n"},
                  {"fs/mqueue/queues_max", "-1", 2, "-1\n"},
                  {"fs/mqueue/msg_max", "0", -EINVAL, "10\n"},
                  {"fs/mqueue/msg_max", "65537", -EINVAL, "10\n"},
                  {"fs/mqueue/msg_max", "65536", 5, "65536\n"},
                  {"fs/mqueue/msgsize_max", "127", -EINVAL, "8192\n"},
                  {"fs/mqueue/msgsize_max", "16777217", -EINVAL, "8192\n"},
                  {"fs/mqueue/msg_default", "0", -EINVAL, "10\n"},
                  {"fs/mqueue/msgsize_default", "127", -EINVAL, "8192\n"},
                  {"fs/mqueue/msgsize_default", "128", 3, "128\n"},
              };
              return first_wrong(writes);
            }));
}

TEST(a_number_is_whole_and_at_the_begin) {
  COVERS("read", "write", "pread64", "fchmod", "fchown");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              int fd = open("/proc/sys/kernel/sem", O_RDWR | O_CLOEXEC);
              char text[64];
              if (fd == -1 || read(fd, text, 3) != 3 || read(fd, text, sizeof text) != 0) return 1;
              if (lseek(fd, 0, SEEK_SET) != 0 || write(fd, "11 12 13 14", 11) != 11) return 2;
              if (write(fd, "99", 2) != 2 || !reads("kernel/sem", "11\t12\t13\t14\n")) return 3;
              if (pread(fd, text, sizeof text, 1) != 0 || pwrite(fd, "77", 2, 0) != 2) return 4;
              if (!reads("kernel/sem", "77\t12\t13\t14\n")) return 5;
              if (fchmod(fd, 0666) != -1 || errno != EPERM || fchown(fd, 0, 0) != -1 || errno != EPERM) return 6;
              struct stat st;
              return fstat(fd, &st) == 0 && st.st_mode == (S_IFREG | 0644) && st.st_size == 0 ? 0 : 7;
            }));
}

TEST(the_root_of_the_namespace_alone_may_write) {
  COVERS("openat", "write", "access");
  if (!guest::is_root()) SKIP("wants two users");
  EXPECT_EQ(0, guest::in_child([] {
              if (unshare(CLONE_NEWIPC) != 0) return 1;
              int fd = open("/proc/sys/kernel/shmmni", O_RDWR | O_CLOEXEC);
              if (fd == -1 || access("/proc/sys/kernel/shmmni", W_OK) != 0) return 2;
              if (access("/proc/sys/kernel/shmmni", X_OK) != -1 || errno != EACCES) return 3;
              if (setegid(65534) != 0 || seteuid(65534) != 0) return 4;
              if (put("kernel/shmmni", "5") != cannot_open(EACCES)) return 5;
              if (write(fd, "5", 1) != -1 || errno != EPERM) return 6;
              char text[16];
              if (read(fd, text, sizeof text) != 5) return 7;
              if (seteuid(0) != 0 || setreuid(65534, 0) != 0) return 8;
              if (access("/proc/sys/kernel/shmmni", W_OK) != 0) return 9;  // the real id does not count
              return write(fd, "5", 1) == 1 ? 0 : 10;  // at the end of what was read: taken, and means nothing
            }));
}

TEST(as_many_objects_as_there_may_be) {
  COVERS("shmget", "semget", "msgget", "mq_open");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              if (!set("kernel/shmmni", "3") || !set("kernel/sem", "32000 1024000000 500 2")) return 1;
              if (!set("kernel/msgmni", "2") || !set("fs/mqueue/queues_max", "1")) return 2;
              int shm = -1;
              for (int i = 0; i < 3; ++i)
                if ((shm = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600)) == -1) return 3;
              if (shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) != -1 || errno != ENOSPC) return 4;
              if (shmctl(shm, IPC_RMID, nullptr) != 0) return 5;
              if (shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) == -1) return 6;
              for (int i = 0; i < 2; ++i)
                if (semget(IPC_PRIVATE, 1, IPC_CREAT | 0600) == -1 || msgget(IPC_PRIVATE, 0600) == -1) return 7;
              if (semget(IPC_PRIVATE, 1, IPC_CREAT | 0600) != -1 || errno != ENOSPC) return 8;
              if (msgget(IPC_PRIVATE, IPC_CREAT | 0600) != -1 || errno != ENOSPC) return 9;
              int one = static_cast<int>(SYS(mq_open, "one", O_CREAT | O_RDWR, 0600, nullptr));
              if (one < 0) return 10;
              if (SYS(mq_open, "two", O_CREAT | O_RDWR, 0600, nullptr) != -1 || errno != ENOSPC) return 11;
              if (SYS(mq_unlink, "one") != 0) return 12;
              if (SYS(mq_open, "two", O_CREAT | O_RDWR, 0600, nullptr) != -1 || errno != ENOSPC) return 13;
              close(one);  // without a name it counted still
              return SYS(mq_open, "two", O_CREAT | O_RDWR, 0600, nullptr) >= 0 ? 0 : 14;
            }));
}

TEST(as_large_as_they_may_be) {
  COVERS("shmget", "semget", "semop", "msgsnd", "msgget");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              if (!set("kernel/shmmax", "10000") || !set("kernel/shmall", "4")) return 1;
              if (shmget(IPC_PRIVATE, 10001, IPC_CREAT | 0600) != -1 || errno != EINVAL) return 2;
              if (shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600) == -1) return 3;
              if (shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600) != -1 || errno != ENOSPC) return 4;
              if (shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) == -1) return 5;
              if (!set("kernel/sem", "4 5 2 100")) return 6;
              int sem = semget(IPC_PRIVATE, 4, IPC_CREAT | 0600);
              if (sem == -1 || semget(IPC_PRIVATE, 5, IPC_CREAT | 0600) != -1 || errno != EINVAL) return 7;
              if (semget(IPC_PRIVATE, 2, IPC_CREAT | 0600) != -1 || errno != ENOSPC) return 8;
              sembuf ups[3] = {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}};
              if (semop(sem, ups, 3) != -1 || errno != E2BIG || semop(sem, ups, 2) != 0) return 9;
              struct {
                long type;
                char text[200];
              } message{1, {}};
              int old = msgget(IPC_PRIVATE, 0600);
              if (!set("kernel/msgmax", "100") || !set("kernel/msgmnb", "150")) return 10;
              int queue = msgget(IPC_PRIVATE, 0600);
              if (msgsnd(queue, &message, 101, IPC_NOWAIT) != -1 || errno != EINVAL) return 11;
              if (msgsnd(queue, &message, 100, IPC_NOWAIT) != 0) return 12;
              if (msgsnd(queue, &message, 51, IPC_NOWAIT) != -1 || errno != EAGAIN) return 13;
              for (int i = 0; i < 2; ++i)
                if (msgsnd(old, &message, 100, IPC_NOWAIT) != 0) return 14;  // its size is that of its beginning
              return 0;
            }));
}

TEST(the_info_commands_tell_what_is_set) {
  COVERS("shmctl", "semctl", "msgctl");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              if (!set("kernel/sem", "31 32 33 34") || !set("kernel/shmmni", "35") || !set("kernel/shmmax", "36"))
                return 1;
              if (!set("kernel/shmall", "37") || !set("kernel/msgmax", "38") || !set("kernel/msgmnb", "39")) return 2;
              if (!set("kernel/msgmni", "40")) return 3;
              seminfo sems;
              semun argument{.info = &sems};
              if (semctl(0, 0, IPC_INFO, argument) < 0) return 4;
              if (sems.semmsl != 31 || sems.semmns != 32 || sems.semopm != 33 || sems.semmni != 34) return 5;
              shminfo shms;
              if (shmctl(0, IPC_INFO, reinterpret_cast<shmid_ds*>(&shms)) < 0) return 6;
              if (shms.shmmni != 35 || shms.shmmax != 36 || shms.shmall != 37) return 7;
              msginfo msgs;
              if (msgctl(0, IPC_INFO, reinterpret_cast<msqid_ds*>(&msgs)) < 0) return 8;
              return msgs.msgmax == 38 && msgs.msgmnb == 39 && msgs.msgmni == 40 ? 0 : 9;
            }));
}

TEST(the_next_identifier_may_be_chosen) {
  COVERS("shmget", "semget", "msgget");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              if (!set("kernel/msg_next_id", "65543") || !set("kernel/sem_next_id", "5")) return 1;
              if (!set("kernel/shm_next_id", "98309")) return 2;
              int queue = msgget(IPC_PRIVATE, 0600);
              if (queue != 65543 || !reads("kernel/msg_next_id", "-1\n")) return 3;
              if (semget(IPC_PRIVATE, 1, 0600) != 5 || shmget(IPC_PRIVATE, 4096, 0600) != 98309) return 4;
              if (msgget(IPC_PRIVATE, 0600) == -1 || !set("kernel/msg_next_id", "65543")) return 5;
              return msgget(IPC_PRIVATE, 0600) == 65544 ? 0 : 6;  // the place is taken: the next
            }));
}

TEST(unattached_segments_may_be_forced_away) {
  COVERS("shmget", "shmdt", "exit_group");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              const auto made_by_another = [] {
                int ends[2], id = -1;
                if (pipe(ends) != 0) return -1;
                guest::in_child([&] {
                  int made = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
                  return write(ends[1], &made, sizeof made) == sizeof made ? 0 : 1;
                });
                if (read(ends[0], &id, sizeof id) != sizeof id) id = -1;
                close(ends[0]), close(ends[1]);
                return id;
              };
              const auto gone = [](int id) {
                shmid_ds info;
                return shmctl(id, IPC_STAT, &info) == -1 && errno == EINVAL;
              };
              int orphan = made_by_another(), own = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
              if (orphan == -1 || own == -1 || gone(orphan)) return 1;
              if (!set("kernel/shm_rmid_forced", "1")) return 2;
              if (!gone(orphan) || gone(own)) return 3;
              if (!gone(made_by_another())) return 4;
              void* at = shmat(own, nullptr, 0);
              if (at == reinterpret_cast<void*>(-1) || gone(own) || shmdt(at) != 0) return 5;
              return gone(own) ? 0 : 6;
            }));
}

TEST(attributes_of_new_message_queues) {
  COVERS("mq_open", "mq_getsetattr");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              mq_attr wanted{}, found{};
              wanted.mq_maxmsg = 11, wanted.mq_msgsize = 200;
              if (SYS(mq_open, "a", O_CREAT | O_RDWR, 0600, &wanted) != -1 || errno != EINVAL) return 1;
              if (!set("fs/mqueue/msg_max", "12") || !set("fs/mqueue/msgsize_max", "199")) return 2;
              if (SYS(mq_open, "a", O_CREAT | O_RDWR, 0600, &wanted) != -1 || errno != EINVAL) return 3;
              wanted.mq_msgsize = 199;
              if (SYS(mq_open, "a", O_CREAT | O_RDWR, 0600, &wanted) < 0) return 4;
              if (!set("fs/mqueue/msg_default", "3") || !set("fs/mqueue/msgsize_default", "150")) return 5;
              long queue = SYS(mq_open, "b", O_CREAT | O_RDWR, 0600, nullptr);
              if (queue < 0 || SYS(mq_getsetattr, queue, nullptr, &found) != 0) return 6;
              if (found.mq_maxmsg != 3 || found.mq_msgsize != 150) return 7;
              if (!set("fs/mqueue/msg_default", "300")) return 8;  // no more than msg_max
              queue = SYS(mq_open, "c", O_CREAT | O_RDWR, 0600, nullptr);
              return queue >= 0 && SYS(mq_getsetattr, queue, nullptr, &found) == 0 && found.mq_maxmsg == 12 ? 0 : 9;
            }));
}

TEST(a_new_ipc_namespace_begins_with_the_defaults) {
  COVERS("unshare");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, as_root_of(CLONE_NEWIPC, [] {
              if (!set("kernel/shmmni", "3") || unshare(CLONE_NEWIPC) != 0) return 1;
              return reads("kernel/shmmni", "4096\n") && reads("kernel/sem", "32000\t1024000000\t500\t32000\n") ? 0 : 2;
            }));
}

GUEST_TEST_MAIN
