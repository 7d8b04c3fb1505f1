// The names of Linux's numbers: one table for each kind. The values are the host's own headers': they are Linux's contract, as
// abi/ (whose tests compare the two) has it, and the macro gives name and number in one word. Longer than 500 lines: lists.
#include "trace/names.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/if_ether.h>
#include <linux/membarrier.h>
#include <linux/memfd.h>
#include <linux/mempolicy.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/random.h>
#include <linux/rseq.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include <fmt/format.h>

namespace limen::trace {
namespace {

#define N(x) \
  Name { static_cast<u64>(static_cast<u32>(x)), #x }

constexpr Name kAccess[] = {N(F_OK), N(R_OK), N(W_OK), N(X_OK)};
constexpr Name kAt[] = {N(AT_SYMLINK_NOFOLLOW),
                        N(AT_REMOVEDIR),
                        N(AT_SYMLINK_FOLLOW),
                        N(AT_NO_AUTOMOUNT),
                        N(AT_EMPTY_PATH),
                        {0x2000, "AT_STATX_FORCE_SYNC"},
                        {0x4000, "AT_STATX_DONT_SYNC"},
                        {0x8000, "AT_RECURSIVE"}};
constexpr Name kStatxAt[] = {N(AT_SYMLINK_NOFOLLOW), N(AT_SYMLINK_FOLLOW), N(AT_NO_AUTOMOUNT), N(AT_EMPTY_PATH)};
constexpr Name kFaccessAt[] = {N(AT_SYMLINK_NOFOLLOW), {0x200, "AT_EACCESS"}, N(AT_EMPTY_PATH)};
constexpr Name kOpen[] = {N(O_CREAT),
                          N(O_EXCL),
                          N(O_NOCTTY),
                          N(O_TRUNC),
                          N(O_APPEND),
                          N(O_NONBLOCK),
                          N(O_SYNC),
                          {04000000, "__O_SYNC"},
                          N(O_DSYNC),
                          N(O_DIRECT),
                          {0100000, "O_LARGEFILE"},
                          N(O_NOFOLLOW),
                          N(O_NOATIME),
                          N(O_CLOEXEC),
                          N(O_PATH),
                          N(O_TMPFILE),
                          {020000000, "__O_TMPFILE"},
                          N(O_DIRECTORY),
                          {020000, "FASYNC"}};
constexpr Name kProt[] = {N(PROT_NONE),      N(PROT_READ),      N(PROT_WRITE),  N(PROT_EXEC),
                          {0x8, "PROT_SEM"}, N(PROT_GROWSDOWN), N(PROT_GROWSUP)};
constexpr Name kMmap[] = {N(MAP_FIXED),    N(MAP_ANONYMOUS), N(MAP_32BIT),     N(MAP_NORESERVE),      N(MAP_POPULATE),
                          N(MAP_NONBLOCK), N(MAP_GROWSDOWN), N(MAP_DENYWRITE), N(MAP_EXECUTABLE),     N(MAP_LOCKED),
                          N(MAP_STACK),    N(MAP_HUGETLB),   N(MAP_SYNC),      N(MAP_FIXED_NOREPLACE)};
constexpr Name kMremap[] = {N(MREMAP_MAYMOVE), N(MREMAP_FIXED), N(MREMAP_DONTUNMAP)};
constexpr Name kMsync[] = {N(MS_SYNC), N(MS_ASYNC), N(MS_INVALIDATE)};
constexpr Name kMlock[] = {N(MLOCK_ONFAULT)};
constexpr Name kMlockall[] = {N(MCL_CURRENT), N(MCL_FUTURE), N(MCL_ONFAULT)};
constexpr Name kMadvise[] = {N(MADV_NORMAL),
                             N(MADV_RANDOM),
                             N(MADV_SEQUENTIAL),
                             N(MADV_WILLNEED),
                             N(MADV_DONTNEED),
                             N(MADV_FREE),
                             N(MADV_REMOVE),
                             N(MADV_DONTFORK),
                             N(MADV_DOFORK),
                             N(MADV_MERGEABLE),
                             N(MADV_UNMERGEABLE),
                             N(MADV_HUGEPAGE),
                             N(MADV_NOHUGEPAGE),
                             N(MADV_DONTDUMP),
                             N(MADV_DODUMP),
                             N(MADV_WIPEONFORK),
                             N(MADV_KEEPONFORK),
                             N(MADV_COLD),
                             N(MADV_PAGEOUT),
                             N(MADV_POPULATE_READ),
                             N(MADV_POPULATE_WRITE),
                             {24, "MADV_DONTNEED_LOCKED"},
                             {25, "MADV_COLLAPSE"},
                             {100, "MADV_HWPOISON"},
                             {101, "MADV_SOFT_OFFLINE"}};
constexpr Name kWhence[] = {N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE)};
constexpr Name kFadvise[] = {N(POSIX_FADV_NORMAL),   N(POSIX_FADV_RANDOM),   N(POSIX_FADV_SEQUENTIAL),
                             N(POSIX_FADV_WILLNEED), N(POSIX_FADV_DONTNEED), N(POSIX_FADV_NOREUSE)};
constexpr Name kFcntl[] = {N(F_DUPFD),
                           N(F_GETFD),
                           N(F_SETFD),
                           N(F_GETFL),
                           N(F_SETFL),
                           N(F_GETLK),
                           N(F_SETLK),
                           N(F_SETLKW),
                           N(F_SETOWN),
                           N(F_GETOWN),
                           N(F_SETSIG),
                           N(F_GETSIG),
                           N(F_SETOWN_EX),
                           N(F_GETOWN_EX),
                           N(F_OFD_GETLK),
                           N(F_OFD_SETLK),
                           N(F_OFD_SETLKW),
                           N(F_SETLEASE),
                           N(F_GETLEASE),
                           N(F_NOTIFY),
                           N(F_DUPFD_CLOEXEC),
                           N(F_SETPIPE_SZ),
                           N(F_GETPIPE_SZ),
                           N(F_ADD_SEALS),
                           N(F_GET_SEALS),
                           {12, "F_GETLK64"},
                           {13, "F_SETLK64"},
                           {14, "F_SETLKW64"},
                           {17, "F_GETOWNER_UIDS"},
                           {1029, "F_CANCELLK"},
                           {1035, "F_GET_RW_HINT"},
                           {1036, "F_SET_RW_HINT"},
                           {1037, "F_GET_FILE_RW_HINT"},
                           {1038, "F_SET_FILE_RW_HINT"}};
constexpr Name kLockType[] = {N(F_RDLCK), N(F_WRLCK), N(F_UNLCK)};
constexpr Name kSeals[] = {N(F_SEAL_SEAL), N(F_SEAL_SHRINK), N(F_SEAL_GROW), N(F_SEAL_WRITE), N(F_SEAL_FUTURE_WRITE)};
constexpr Name kClock[] = {N(CLOCK_REALTIME),          N(CLOCK_MONOTONIC),      N(CLOCK_PROCESS_CPUTIME_ID),
                           N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW),  N(CLOCK_REALTIME_COARSE),
                           N(CLOCK_MONOTONIC_COARSE),  N(CLOCK_BOOTTIME),       N(CLOCK_REALTIME_ALARM),
                           N(CLOCK_BOOTTIME_ALARM),    {10, "CLOCK_SGI_CYCLE"}, N(CLOCK_TAI)};
constexpr Name kTimer[] = {N(TIMER_ABSTIME)};
constexpr Name kTimerfd[] = {N(TFD_TIMER_ABSTIME), N(TFD_TIMER_CANCEL_ON_SET), N(TFD_CLOEXEC), N(TFD_NONBLOCK)};
constexpr Name kTimerfdSet[] = {N(TFD_TIMER_ABSTIME), N(TFD_TIMER_CANCEL_ON_SET)};
constexpr Name kEventfd[] = {N(EFD_SEMAPHORE), N(EFD_CLOEXEC), N(EFD_NONBLOCK)};
constexpr Name kSignalfd[] = {N(SFD_CLOEXEC), N(SFD_NONBLOCK)};
constexpr Name kEpollCreate[] = {N(EPOLL_CLOEXEC)};
constexpr Name kEpollOp[] = {N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD)};
constexpr Name kEpollEvents[] = {N(EPOLLIN),     N(EPOLLPRI),       N(EPOLLOUT),    N(EPOLLRDNORM),  N(EPOLLRDBAND),
                                 N(EPOLLWRNORM), N(EPOLLWRBAND),    N(EPOLLMSG),    N(EPOLLERR),     N(EPOLLHUP),
                                 N(EPOLLRDHUP),  N(EPOLLEXCLUSIVE), N(EPOLLWAKEUP), N(EPOLLONESHOT), N(EPOLLET)};
constexpr Name kPoll[] = {N(POLLIN),
                          N(POLLPRI),
                          N(POLLOUT),
                          N(POLLERR),
                          N(POLLHUP),
                          N(POLLNVAL),
                          N(POLLRDNORM),
                          N(POLLRDBAND),
                          N(POLLWRNORM),
                          N(POLLWRBAND),
                          {0x400, "POLLMSG"},
                          {0x1000, "POLLREMOVE"},
                          {0x2000, "POLLRDHUP"},
                          {0x8000, "POLL_BUSY_LOOP"}};
constexpr Name kInotifyInit[] = {N(IN_NONBLOCK), N(IN_CLOEXEC)};
constexpr Name kInotify[] = {N(IN_ACCESS),
                             N(IN_MODIFY),
                             N(IN_ATTRIB),
                             N(IN_CLOSE_WRITE),
                             N(IN_CLOSE_NOWRITE),
                             N(IN_OPEN),
                             N(IN_MOVED_FROM),
                             N(IN_MOVED_TO),
                             N(IN_CREATE),
                             N(IN_DELETE),
                             N(IN_DELETE_SELF),
                             N(IN_MOVE_SELF),
                             N(IN_UNMOUNT),
                             N(IN_Q_OVERFLOW),
                             N(IN_IGNORED),
                             N(IN_ONLYDIR),
                             N(IN_DONT_FOLLOW),
                             N(IN_EXCL_UNLINK),
                             {0x10000000, "IN_MASK_CREATE"},
                             N(IN_MASK_ADD),
                             N(IN_ISDIR),
                             N(IN_ONESHOT)};
constexpr Name kMemfd[] = {
    N(MFD_CLOEXEC), N(MFD_ALLOW_SEALING), N(MFD_HUGETLB), {8, "MFD_NOEXEC_SEAL"}, {16, "MFD_EXEC"}};
constexpr Name kRename[] = {{1, "RENAME_NOREPLACE"}, {2, "RENAME_EXCHANGE"}, {4, "RENAME_WHITEOUT"}};
constexpr Name kFallocate[] = {{1, "FALLOC_FL_KEEP_SIZE"},     {2, "FALLOC_FL_PUNCH_HOLE"},
                               {4, "FALLOC_FL_NO_HIDE_STALE"}, {8, "FALLOC_FL_COLLAPSE_RANGE"},
                               {16, "FALLOC_FL_ZERO_RANGE"},   {32, "FALLOC_FL_INSERT_RANGE"},
                               {64, "FALLOC_FL_UNSHARE_RANGE"}};
constexpr Name kFlock[] = {N(LOCK_SH),        N(LOCK_EX),        N(LOCK_NB),          N(LOCK_UN),
                           {32, "LOCK_MAND"}, {64, "LOCK_READ"}, {128, "LOCK_WRITE"}, {192, "LOCK_RW"}};
constexpr Name kSplice[] = {{1, "SPLICE_F_MOVE"}, {2, "SPLICE_F_NONBLOCK"}, {4, "SPLICE_F_MORE"}, {8, "SPLICE_F_GIFT"}};
constexpr Name kSyncRange[] = {N(SYNC_FILE_RANGE_WAIT_BEFORE), N(SYNC_FILE_RANGE_WRITE), N(SYNC_FILE_RANGE_WAIT_AFTER)};
constexpr Name kRw[] = {{1, "RWF_HIPRI"}, {2, "RWF_DSYNC"}, {4, "RWF_SYNC"}, {8, "RWF_NOWAIT"}, {16, "RWF_APPEND"}};
constexpr Name kXattr[] = {N(XATTR_CREATE), N(XATTR_REPLACE)};
constexpr Name kCloseRange[] = {{2, "CLOSE_RANGE_UNSHARE"}, {4, "CLOSE_RANGE_CLOEXEC"}};
constexpr Name kResolve[] = {N(RESOLVE_NO_XDEV), N(RESOLVE_NO_MAGICLINKS), N(RESOLVE_NO_SYMLINKS),
                             N(RESOLVE_BENEATH), N(RESOLVE_IN_ROOT),       {0x20, "RESOLVE_CACHED"}};
constexpr Name kRandom[] = {N(GRND_NONBLOCK), N(GRND_RANDOM), {4, "GRND_INSECURE"}};
constexpr Name kRseq[] = {N(RSEQ_FLAG_UNREGISTER)};
constexpr Name kMembarrier[] = {{0, "MEMBARRIER_CMD_QUERY"},
                                {1, "MEMBARRIER_CMD_GLOBAL"},
                                {2, "MEMBARRIER_CMD_GLOBAL_EXPEDITED"},
                                {4, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED"},
                                {8, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"},
                                {16, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"},
                                {32, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE"},
                                {64, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE"},
                                {128, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ"},
                                {256, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ"}};
constexpr Name kSigHow[] = {N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK)};
constexpr Name kSaFlags[] = {
    {0x04000000, "SA_RESTORER"}, {0x08000000, "SA_ONSTACK"},   {0x10000000, "SA_RESTART"}, {0x20000000, "SA_INTERRUPT"},
    {0x40000000, "SA_NODEFER"},  {0x80000000, "SA_RESETHAND"}, {4, "SA_SIGINFO"},          {1, "SA_NOCLDSTOP"},
    {2, "SA_NOCLDWAIT"}};
constexpr Name kSs[] = {N(SS_ONSTACK), N(SS_DISABLE), {0x80000000, "SS_AUTODISARM"}};
constexpr Name kWaitOptions[] = {N(WNOHANG), N(WEXITED),     N(WSTOPPED), N(WCONTINUED),
                                 N(WNOWAIT), N(__WNOTHREAD), N(__WALL),   N(__WCLONE)};
constexpr Name kWait4Options[] = {N(WNOHANG), N(WEXITED),  N(WSTOPPED), N(WCONTINUED),
                                  N(WNOWAIT), N(__WCLONE), N(__WALL),   N(__WNOTHREAD)};
constexpr Name kIdType[] = {N(P_ALL), N(P_PID), N(P_PGID), {3, "P_PIDFD"}};
constexpr Name kClone[] = {N(CLONE_VM),
                           N(CLONE_FS),
                           N(CLONE_FILES),
                           N(CLONE_SIGHAND),
                           N(CLONE_PIDFD),
                           N(CLONE_PTRACE),
                           N(CLONE_VFORK),
                           N(CLONE_PARENT),
                           N(CLONE_THREAD),
                           N(CLONE_NEWNS),
                           N(CLONE_SYSVSEM),
                           N(CLONE_SETTLS),
                           N(CLONE_PARENT_SETTID),
                           N(CLONE_CHILD_CLEARTID),
                           N(CLONE_UNTRACED),
                           N(CLONE_CHILD_SETTID),
                           N(CLONE_NEWCGROUP),
                           N(CLONE_NEWUTS),
                           N(CLONE_NEWIPC),
                           N(CLONE_NEWUSER),
                           N(CLONE_NEWPID),
                           N(CLONE_NEWNET),
                           N(CLONE_IO),
                           {0x100000000, "CLONE_CLEAR_SIGHAND"},
                           {0x200000000, "CLONE_INTO_CGROUP"},
                           {0x80, "CLONE_NEWTIME"}};
constexpr Name kResource[] = {N(RLIMIT_CPU),      N(RLIMIT_FSIZE), N(RLIMIT_DATA),   N(RLIMIT_STACK),
                              N(RLIMIT_CORE),     N(RLIMIT_RSS),   N(RLIMIT_NPROC),  N(RLIMIT_NOFILE),
                              N(RLIMIT_MEMLOCK),  N(RLIMIT_AS),    N(RLIMIT_LOCKS),  N(RLIMIT_SIGPENDING),
                              N(RLIMIT_MSGQUEUE), N(RLIMIT_NICE),  N(RLIMIT_RTPRIO), N(RLIMIT_RTTIME)};
constexpr Name kRusageWho[] = {N(RUSAGE_SELF), N(RUSAGE_CHILDREN), N(RUSAGE_THREAD)};
constexpr Name kPriority[] = {N(PRIO_PROCESS), N(PRIO_PGRP), N(PRIO_USER)};
constexpr Name kSchedPolicy[] = {{0, "SCHED_OTHER"}, {1, "SCHED_FIFO"}, {2, "SCHED_RR"},
                                 {3, "SCHED_BATCH"}, {5, "SCHED_IDLE"}, {6, "SCHED_DEADLINE"}};
constexpr Name kItimer[] = {{0, "ITIMER_REAL"}, {1, "ITIMER_VIRTUAL"}, {2, "ITIMER_PROF"}};
constexpr Name kArchPrctl[] = {N(ARCH_SET_GS),
                               N(ARCH_SET_FS),
                               N(ARCH_GET_FS),
                               N(ARCH_GET_GS),
                               {0x1011, "ARCH_GET_CPUID"},
                               {0x1012, "ARCH_SET_CPUID"},
                               {0x1021, "ARCH_GET_XCOMP_SUPP"},
                               {0x1022, "ARCH_GET_XCOMP_PERM"},
                               {0x1023, "ARCH_REQ_XCOMP_PERM"},
                               {0x1024, "ARCH_GET_XCOMP_GUEST_PERM"},
                               {0x1025, "ARCH_REQ_XCOMP_GUEST_PERM"},
                               {0x2001, "ARCH_MAP_VDSO_X32"},
                               {0x2002, "ARCH_MAP_VDSO_32"},
                               {0x2003, "ARCH_MAP_VDSO_64"}};
constexpr Name kPtrace[] = {N(PTRACE_TRACEME),
                            N(PTRACE_PEEKTEXT),
                            N(PTRACE_PEEKDATA),
                            {3, "PTRACE_PEEKUSER"},
                            N(PTRACE_POKETEXT),
                            N(PTRACE_POKEDATA),
                            {6, "PTRACE_POKEUSER"},
                            N(PTRACE_CONT),
                            N(PTRACE_KILL),
                            N(PTRACE_SINGLESTEP),
                            {12, "PTRACE_GETREGS"},
                            {13, "PTRACE_SETREGS"},
                            N(PTRACE_ATTACH),
                            N(PTRACE_DETACH),
                            N(PTRACE_SYSCALL),
                            N(PTRACE_SETOPTIONS),
                            N(PTRACE_GETEVENTMSG),
                            N(PTRACE_GETSIGINFO),
                            N(PTRACE_SETSIGINFO),
                            N(PTRACE_GETREGSET),
                            N(PTRACE_SETREGSET),
                            N(PTRACE_SEIZE),
                            N(PTRACE_INTERRUPT),
                            N(PTRACE_LISTEN),
                            N(PTRACE_GET_SYSCALL_INFO),
                            {14, "PTRACE_GETFPREGS"},
                            {15, "PTRACE_SETFPREGS"},
                            {31, "PTRACE_SYSEMU"},
                            {32, "PTRACE_SYSEMU_SINGLESTEP"},
                            {0x4209, "PTRACE_PEEKSIGINFO"},
                            {0x420a, "PTRACE_GETSIGMASK"},
                            {0x420b, "PTRACE_SETSIGMASK"},
                            {0x420c, "PTRACE_SECCOMP_GET_FILTER"},
                            {0x420d, "PTRACE_SECCOMP_GET_METADATA"},
                            {0x420f, "PTRACE_GET_RSEQ_CONFIGURATION"}};
constexpr Name kSeccompOp[] = {N(SECCOMP_SET_MODE_STRICT), N(SECCOMP_SET_MODE_FILTER), N(SECCOMP_GET_ACTION_AVAIL),
                               N(SECCOMP_GET_NOTIF_SIZES)};
constexpr Name kSeccompFlags[] = {N(SECCOMP_FILTER_FLAG_TSYNC),       N(SECCOMP_FILTER_FLAG_LOG),
                                  N(SECCOMP_FILTER_FLAG_SPEC_ALLOW),  N(SECCOMP_FILTER_FLAG_NEW_LISTENER),
                                  N(SECCOMP_FILTER_FLAG_TSYNC_ESRCH), {32, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"}};
constexpr Name kFutex[] = {N(FUTEX_WAIT),           N(FUTEX_WAKE),         N(FUTEX_FD),
                           N(FUTEX_REQUEUE),        N(FUTEX_CMP_REQUEUE),  N(FUTEX_WAKE_OP),
                           N(FUTEX_LOCK_PI),        N(FUTEX_UNLOCK_PI),    N(FUTEX_TRYLOCK_PI),
                           N(FUTEX_WAIT_BITSET),    N(FUTEX_WAKE_BITSET),  N(FUTEX_WAIT_REQUEUE_PI),
                           N(FUTEX_CMP_REQUEUE_PI), {13, "FUTEX_LOCK_PI2"}};
constexpr Name kAccept4[] = {N(SOCK_CLOEXEC), N(SOCK_NONBLOCK)};
constexpr Name kShutdown[] = {{0, "SHUT_RD"}, {1, "SHUT_WR"}, {2, "SHUT_RDWR"}};
constexpr Name kScm[] = {{1, "SCM_RIGHTS"},
                         {2, "SCM_CREDENTIALS"},
                         {3, "SCM_SECURITY"},
                         {29, "SO_TIMESTAMP_OLD"},
                         {35, "SO_TIMESTAMPNS_OLD"},
                         {37, "SO_TIMESTAMPING_OLD"},
                         {40, "SO_RXQ_OVFL"},
                         {41, "SO_WIFI_STATUS"},
                         {54, "SCM_TIMESTAMPING_OPT_STATS"},
                         {58, "SCM_TIMESTAMPING_PKTINFO"},
                         {61, "SCM_TXTIME"},
                         {63, "SO_TIMESTAMP_NEW"},
                         {64, "SO_TIMESTAMPNS_NEW"},
                         {65, "SO_TIMESTAMPING_NEW"}};
constexpr Name kStatxMask[] = {N(STATX_TYPE),
                               N(STATX_MODE),
                               N(STATX_NLINK),
                               N(STATX_UID),
                               N(STATX_GID),
                               N(STATX_ATIME),
                               N(STATX_MTIME),
                               N(STATX_CTIME),
                               N(STATX_INO),
                               N(STATX_SIZE),
                               N(STATX_BLOCKS),
                               N(STATX_BTIME),
                               {0x1000, "STATX_MNT_ID"},
                               {0x2000, "STATX_DIOALIGN"}};
constexpr Name kStatxAttributes[] = {
    {4, "STATX_ATTR_COMPRESSED"},      {0x10, "STATX_ATTR_IMMUTABLE"},  {0x20, "STATX_ATTR_APPEND"},
    {0x40, "STATX_ATTR_NODUMP"},       {0x800, "STATX_ATTR_ENCRYPTED"}, {0x1000, "STATX_ATTR_AUTOMOUNT"},
    {0x2000, "STATX_ATTR_MOUNT_ROOT"}, {0x100000, "STATX_ATTR_VERITY"}, {0x200000, "STATX_ATTR_DAX"}};
constexpr Name kFsType[] = {
    {0xef53, "EXT2_SUPER_MAGIC"},        {0x01021994, "TMPFS_MAGIC"},           {0x9fa0, "PROC_SUPER_MAGIC"},
    {0x62656572, "SYSFS_MAGIC"},         {0x794c7630, "OVERLAYFS_SUPER_MAGIC"}, {0x1cd1, "DEVPTS_SUPER_MAGIC"},
    {0x50495045, "PIPEFS_MAGIC"},        {0x58465342, "XFS_SUPER_MAGIC"},       {0x9123683e, "BTRFS_SUPER_MAGIC"},
    {0x63677270, "CGROUP2_SUPER_MAGIC"}, {0x6969, "NFS_SUPER_MAGIC"},           {0x858458f6, "RAMFS_MAGIC"}};
constexpr Name kStFlags[] = {N(ST_RDONLY),       N(ST_NOSUID),   N(ST_NODEV),   N(ST_NOEXEC),     N(ST_SYNCHRONOUS),
                             {0x20, "ST_VALID"}, N(ST_MANDLOCK), N(ST_NOATIME), N(ST_NODIRATIME), N(ST_RELATIME)};
constexpr Name kMount[] = {N(MS_RDONLY),
                           N(MS_NOSUID),
                           N(MS_NODEV),
                           N(MS_NOEXEC),
                           N(MS_SYNCHRONOUS),
                           N(MS_REMOUNT),
                           N(MS_MANDLOCK),
                           N(MS_DIRSYNC),
                           {0x100, "MS_NOSYMFOLLOW"},
                           N(MS_NOATIME),
                           N(MS_NODIRATIME),
                           N(MS_BIND),
                           N(MS_MOVE),
                           N(MS_REC),
                           N(MS_SILENT),
                           N(MS_POSIXACL),
                           N(MS_UNBINDABLE),
                           N(MS_PRIVATE),
                           N(MS_SLAVE),
                           N(MS_SHARED),
                           N(MS_RELATIME),
                           {1 << 22, "MS_KERNMOUNT"},
                           {1 << 23, "MS_I_VERSION"},
                           N(MS_STRICTATIME),
                           N(MS_LAZYTIME),
                           {1 << 26, "MS_SUBMOUNT"},
                           {1 << 27, "MS_NOREMOTELOCK"},
                           {1 << 28, "MS_NOSEC"},
                           {1 << 29, "MS_BORN"},
                           {1 << 30, "MS_ACTIVE"},
                           {u64{1} << 31, "MS_NOUSER"}};
constexpr Name kUmount[] = {{1, "MNT_FORCE"}, {2, "MNT_DETACH"}, {4, "MNT_EXPIRE"}, {8, "UMOUNT_NOFOLLOW"}};
constexpr Name kPidfd[] = {{04000, "PIDFD_NONBLOCK"}, {0200, "PIDFD_THREAD"}};
constexpr Name kIpcCmd[] = {N(IPC_RMID), N(IPC_SET), N(IPC_STAT), N(IPC_INFO)};
constexpr Name kShmCmd[] = {N(IPC_RMID),      N(IPC_SET),       N(IPC_STAT),
                            N(IPC_INFO),      {11, "SHM_LOCK"}, {12, "SHM_UNLOCK"},
                            {13, "SHM_STAT"}, {14, "SHM_INFO"}, {15, "SHM_STAT_ANY"}};
constexpr Name kMsgCmd[] = {N(IPC_RMID),      N(IPC_SET),       N(IPC_STAT),         N(IPC_INFO),
                            {11, "MSG_STAT"}, {12, "MSG_INFO"}, {13, "MSG_STAT_ANY"}};
constexpr Name kSemCmd[] = {N(IPC_RMID), N(IPC_SET),       N(IPC_STAT),      N(IPC_INFO),         N(GETPID),
                            N(GETVAL),   N(GETALL),        N(GETNCNT),       N(GETZCNT),          N(SETVAL),
                            N(SETALL),   {18, "SEM_STAT"}, {19, "SEM_INFO"}, {20, "SEM_STAT_ANY"}};
constexpr Name kIpcFlags[] = {N(IPC_CREAT), N(IPC_EXCL), N(IPC_NOWAIT)};
constexpr Name kShmGet[] = {N(IPC_CREAT), N(IPC_EXCL), {04000, "SHM_HUGETLB"}, {010000, "SHM_NORESERVE"}};
constexpr Name kShmFlags[] = {
    {010000, "SHM_RDONLY"}, {020000, "SHM_RND"}, {040000, "SHM_REMAP"}, {0100000, "SHM_EXEC"}};
constexpr Name kPersonality[] = {{0x0040000, "ADDR_NO_RANDOMIZE"}, {0x0080000, "FDPIC_FUNCPTRS"},
                                 {0x0100000, "MMAP_PAGE_ZERO"},    {0x0200000, "ADDR_COMPAT_LAYOUT"},
                                 {0x0400000, "READ_IMPLIES_EXEC"}, {0x0800000, "ADDR_LIMIT_32BIT"},
                                 {0x8000000, "ADDR_LIMIT_3GB"}};
constexpr Name kSigevNotify[] = {N(SIGEV_SIGNAL), N(SIGEV_NONE), N(SIGEV_THREAD), N(SIGEV_THREAD_ID)};
constexpr Name kSiCode[] = {{0, "SI_USER"},
                            {0x80, "SI_KERNEL"},
                            {0xffffffff, "SI_QUEUE"},
                            {0xfffffffe, "SI_TIMER"},
                            {0xfffffffd, "SI_MESGQ"},
                            {0xfffffffc, "SI_ASYNCIO"},
                            {0xfffffffb, "SI_SIGIO"},
                            {0xfffffffa, "SI_TKILL"},
                            {0xfffffff9, "SI_DETHREAD"},
                            {0xffffffc4, "SI_ASYNCNL"}};
constexpr Name kCldCode[] = {N(CLD_EXITED),  N(CLD_KILLED),  N(CLD_DUMPED),
                             N(CLD_TRAPPED), N(CLD_STOPPED), N(CLD_CONTINUED)};
constexpr Name kSegvCode[] = {N(SEGV_MAPERR),      N(SEGV_ACCERR),      N(SEGV_BNDERR),
                              N(SEGV_PKUERR),      {5, "SEGV_ACCADI"},  {6, "SEGV_ADIDERR"},
                              {7, "SEGV_ADIPERR"}, {8, "SEGV_MTEAERR"}, {9, "SEGV_MTESERR"}};
constexpr Name kBusCode[] = {N(BUS_ADRALN), N(BUS_ADRERR), N(BUS_OBJERR), N(BUS_MCEERR_AR), N(BUS_MCEERR_AO)};
constexpr Name kFpeCode[] = {N(FPE_INTDIV), N(FPE_INTOVF), N(FPE_FLTDIV), N(FPE_FLTOVF),
                             N(FPE_FLTUND), N(FPE_FLTRES), N(FPE_FLTINV), N(FPE_FLTSUB)};
constexpr Name kIllCode[] = {N(ILL_ILLOPC), N(ILL_ILLOPN), N(ILL_ILLADR), N(ILL_ILLTRP),      N(ILL_PRVOPC),
                             N(ILL_PRVREG), N(ILL_COPROC), N(ILL_BADSTK), {9, "ILL_BADIADDR"}};
constexpr Name kTrapCode[] = {N(TRAP_BRKPT),      N(TRAP_TRACE),   {3, "TRAP_BRANCH"},
                              {4, "TRAP_HWBKPT"}, {5, "TRAP_UNK"}, {6, "TRAP_PERF"}};
constexpr Name kSysCode[] = {{1, "SYS_SECCOMP"}, {2, "SYS_USER_DISPATCH"}};
constexpr Name kPollCode[] = {N(POLL_IN), N(POLL_OUT), N(POLL_MSG), N(POLL_ERR), N(POLL_PRI), N(POLL_HUP)};
constexpr Name kSyslog[] = {
    {0, "SYSLOG_ACTION_CLOSE"},       {1, "SYSLOG_ACTION_OPEN"},        {2, "SYSLOG_ACTION_READ"},
    {3, "SYSLOG_ACTION_READ_ALL"},    {4, "SYSLOG_ACTION_READ_CLEAR"},  {5, "SYSLOG_ACTION_CLEAR"},
    {6, "SYSLOG_ACTION_CONSOLE_OFF"}, {7, "SYSLOG_ACTION_CONSOLE_ON"},  {8, "SYSLOG_ACTION_CONSOLE_LEVEL"},
    {9, "SYSLOG_ACTION_SIZE_UNREAD"}, {10, "SYSLOG_ACTION_SIZE_BUFFER"}};
constexpr Name kCapability[] = {N(CAP_CHOWN),
                                N(CAP_DAC_OVERRIDE),
                                N(CAP_DAC_READ_SEARCH),
                                N(CAP_FOWNER),
                                N(CAP_FSETID),
                                N(CAP_KILL),
                                N(CAP_SETGID),
                                N(CAP_SETUID),
                                N(CAP_SETPCAP),
                                N(CAP_LINUX_IMMUTABLE),
                                N(CAP_NET_BIND_SERVICE),
                                N(CAP_NET_BROADCAST),
                                N(CAP_NET_ADMIN),
                                N(CAP_NET_RAW),
                                N(CAP_IPC_LOCK),
                                N(CAP_IPC_OWNER),
                                N(CAP_SYS_MODULE),
                                N(CAP_SYS_RAWIO),
                                N(CAP_SYS_CHROOT),
                                N(CAP_SYS_PTRACE),
                                N(CAP_SYS_PACCT),
                                N(CAP_SYS_ADMIN),
                                N(CAP_SYS_BOOT),
                                N(CAP_SYS_NICE),
                                N(CAP_SYS_RESOURCE),
                                N(CAP_SYS_TIME),
                                N(CAP_SYS_TTY_CONFIG),
                                N(CAP_MKNOD),
                                N(CAP_LEASE),
                                N(CAP_AUDIT_WRITE),
                                N(CAP_AUDIT_CONTROL),
                                N(CAP_SETFCAP),
                                N(CAP_MAC_OVERRIDE),
                                N(CAP_MAC_ADMIN),
                                N(CAP_SYSLOG),
                                N(CAP_WAKE_ALARM),
                                N(CAP_BLOCK_SUSPEND),
                                N(CAP_AUDIT_READ),
                                {38, "CAP_PERFMON"},
                                {39, "CAP_BPF"},
                                {40, "CAP_CHECKPOINT_RESTORE"}};
constexpr Name kFdFlags[] = {N(FD_CLOEXEC)};
#undef N

constexpr auto kNumber = Names::Kind::number;
constexpr auto kBits = Names::Kind::bits;
constexpr NamedTable kTables[] = {
    {"AccessMode", {kBits, "?_OK", kAccess}},
    {"AtFlags", {kBits, "AT_???", kAt}},
    {"statx_at", {kBits, "AT_???", kStatxAt}},
    {"faccessat", {kBits, "AT_???", kFaccessAt}},
    {"open_bits", {kBits, "O_???", kOpen}},
    {"MmapProt", {kBits, "PROT_???", kProt}},
    {"mmap_bits", {kBits, "MAP_???", kMmap}},
    {"MremapFlags", {kBits, "MREMAP_???", kMremap}},
    {"MsyncFlags", {kBits, "MS_???", kMsync}},
    {"MlockFlags", {kBits, "MLOCK_???", kMlock}},
    {"MlockallFlags", {kBits, "MCL_???", kMlockall}},
    {"MadviseAdvice", {kNumber, "MADV_???", kMadvise}},
    {"Whence", {kNumber, "SEEK_???", kWhence}},
    {"FadviseAdvice", {kNumber, "POSIX_FADV_???", kFadvise}},
    {"FcntlCmd", {kNumber, "F_???", kFcntl}},
    {"lock_type", {kNumber, "F_???", kLockType}},
    {"seals", {kBits, "F_SEAL_???", kSeals}},
    {"fd_flags", {kBits, "FD_???", kFdFlags}},
    {"ClockId", {kNumber, "CLOCK_???", kClock}},
    {"TimerFlags", {kBits, "TIMER_???", kTimer}},
    {"TimerfdFlags", {kBits, "TFD_???", kTimerfd}},
    {"timerfd_settime", {kBits, "TFD_???", kTimerfdSet}},
    {"EventfdFlags", {kBits, "EFD_???", kEventfd}},
    {"SignalfdFlags", {kBits, "SFD_???", kSignalfd}},
    {"EpollFlags", {kBits, "EPOLL_???", kEpollCreate}},
    {"EpollOp", {kNumber, "EPOLL_CTL_???", kEpollOp}},
    {"epoll_events", {kBits, "EPOLL???", kEpollEvents}},
    {"poll_events", {kBits, "POLL???", kPoll}},
    {"InotifyFlags", {kBits, "IN_???", kInotifyInit}},
    {"InotifyMask", {kBits, "IN_???", kInotify}},
    {"MemfdFlags", {kBits, "MFD_???", kMemfd}},
    {"RenameFlags", {kBits, "RENAME_??", kRename}},
    {"FallocateMode", {kBits, "FALLOC_FL_???", kFallocate}},
    {"FlockOp", {kBits, "LOCK_???", kFlock}},
    {"SpliceFlags", {kBits, "SPLICE_F_???", kSplice}},
    {"SyncRangeFlags", {kBits, "SYNC_FILE_RANGE_???", kSyncRange}},
    {"RwFlags", {kBits, "RWF_???", kRw}},
    {"XattrFlags", {kBits, "XATTR_???", kXattr}},
    {"CloseRangeFlags", {kBits, "CLOSE_RANGE_???", kCloseRange}},
    {"resolve", {kBits, "RESOLVE_???", kResolve}},
    {"RandomFlags", {kBits, "GRND_???", kRandom}},
    {"RseqFlags", {kBits, "RSEQ_FLAG_???", kRseq}},
    {"MembarrierCmd", {kNumber, "MEMBARRIER_CMD_???", kMembarrier}},
    {"SigHow", {kNumber, "SIG_???", kSigHow}},
    {"sa_flags", {kBits, "SA_???", kSaFlags}},
    {"ss_flags", {kBits, "SS_???", kSs}},
    {"WaitOptions", {kBits, "W???", kWait4Options}},
    {"waitid", {kBits, "W???", kWaitOptions}},
    {"WaitIdType", {kNumber, "P_???", kIdType}},
    {"clone_bits", {kBits, "CLONE_???", kClone}},
    {"Resource", {kNumber, "RLIMIT_???", kResource}},
    {"RusageWho", {kNumber, "RUSAGE_???", kRusageWho}},
    {"PriorityWhich", {kNumber, "PRIO_???", kPriority}},
    {"SchedPolicy", {kNumber, "SCHED_???", kSchedPolicy}},
    {"ItimerWhich", {kNumber, "ITIMER_???", kItimer}},
    {"ArchPrctlOp", {kNumber, "ARCH_???", kArchPrctl}},
    {"PtraceOp", {kNumber, "PTRACE_???", kPtrace}},
    {"SeccompOp", {kNumber, "SECCOMP_SET_MODE_???", kSeccompOp}},
    {"SeccompFlags", {kBits, "SECCOMP_FILTER_FLAG_???", kSeccompFlags}},
    {"futex", {kNumber, "FUTEX_???", kFutex}},
    {"accept4", {kBits, "SOCK_???", kAccept4}},
    {"ShutdownHow", {kNumber, "SHUT_???", kShutdown}},
    {"scm", {kNumber, "SCM_???", kScm}},
    {"StatxMask", {kBits, "STATX_???", kStatxMask}},
    {"statx_attributes", {kBits, "STATX_ATTR_???", kStatxAttributes}},
    {"fs_type", {kNumber, "", kFsType}},
    {"st_flags", {kBits, "ST_???", kStFlags}},
    {"MountFlags", {kBits, "MS_???", kMount}},
    {"UmountFlags", {kBits, "MNT_???", kUmount}},
    {"PidfdFlags", {kBits, "PIDFD_???", kPidfd}},
    {"IpcCmd", {kNumber, "IPC_???", kIpcCmd}},
    {"semctl", {kNumber, "SEM_???", kSemCmd}},
    {"shmctl", {kNumber, "SHM_???", kShmCmd}},
    {"msgctl", {kNumber, "MSG_???", kMsgCmd}},
    {"shm_bits", {kBits, "SHM_???", kShmGet}},
    {"ipc_bits", {kBits, "IPC_???", kIpcFlags}},
    {"shmat", {kBits, "SHM_???", kShmFlags}},
    {"personality_bits", {kBits, "", kPersonality}},
    {"sigev_notify", {kNumber, "SIGEV_???", kSigevNotify}},
    {"si_code", {kNumber, "SI_???", kSiCode}},
    {"cld_code", {kNumber, "CLD_???", kCldCode}},
    {"segv_code", {kNumber, "SEGV_???", kSegvCode}},
    {"bus_code", {kNumber, "BUS_???", kBusCode}},
    {"fpe_code", {kNumber, "FPE_???", kFpeCode}},
    {"ill_code", {kNumber, "ILL_???", kIllCode}},
    {"trap_code", {kNumber, "TRAP_???", kTrapCode}},
    {"sys_code", {kNumber, "SYS_???", kSysCode}},
    {"poll_code", {kNumber, "POLL_???", kPollCode}},
    {"SyslogAction", {kNumber, "SYSLOG_ACTION_???", kSyslog}},
    {"capability", {kNumber, "CAP_???", kCapability}},
};

constexpr std::string_view kSignals[] = {
    "0",         "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
    "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
    "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
    "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS"};
constexpr i32 kFirstRealTime = 32, kLastSignal = 64;

}  // namespace

const Names* find_names(std::string_view type) {
  static const auto by_type = [] {
    std::unordered_map<std::string_view, const Names*> map;
    for (const std::span<const NamedTable> tables :
         {std::span<const NamedTable>(kTables), bpf_tables(), socket_tables(), call_tables(), ioctl_tables()}) {
      for (const NamedTable& table : tables) map.emplace(table.type, &table.names);
    }
    return map;
  }();
  const auto found = by_type.find(type);
  return found != by_type.end() ? found->second : nullptr;
}

const Names& names(std::string_view type) {
  const Names* found = find_names(type);
  return found != nullptr ? *found : kTables[0].names;
}

std::string_view name_of(const Names& names, u64 value) {
  for (const Name& name : names.list) {
    if (name.value == value) return name.name;
  }
  return {};
}

void append_number(std::string& out, u64 value) {
  char text[20];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void append_number(std::string& out, i64 value) {
  char text[20];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void append_hex(std::string& out, u64 value) {
  char text[18] = {'0', 'x'};
  out.append(text, std::to_chars(text + 2, text + sizeof text, value, 16).ptr);
}

namespace {

thread_local ConstantStyle t_style = ConstantStyle::abbreviated;

// By name, whatever the style is; false: it has none.
bool append_bits(std::string& out, const Names& names, u64 value) {
  u64 rest = value;
  for (const Name& name : names.list) {
    if (name.value == 0 || (rest & name.value) != name.value) continue;
    if (rest != value) out += '|';
    out += name.name;
    rest &= ~name.value;
  }
  if (rest == value) return false;
  if (rest == 0) return true;
  out += '|';
  append_hex(out, rest);
  return true;
}

}  // namespace

ConstantScope::ConstantScope(ConstantStyle style) : before_(t_style) { t_style = style; }
ConstantScope::~ConstantScope() { t_style = before_; }
ConstantStyle constant_style() { return t_style; }

void append_constant(std::string& out, std::string_view number, std::string_view name) {
  if (t_style == ConstantStyle::abbreviated) {
    out += name;
  } else {
    out += number;
    if (t_style == ConstantStyle::verbose) ((out += " /* ") += name) += " */";
  }
}

std::string constant(std::string_view number, std::string_view name) {
  std::string out;
  append_constant(out, number, name);
  return out;
}

void append_names(std::string& out, const Names& names, u64 value) {
  const bool is_number = names.kind == Names::Kind::number;
  if (is_number || value == 0) {
    const std::string_view name = name_of(names, value);
    if (!name.empty()) {
      if (t_style == ConstantStyle::abbreviated) {
        out += name;
      } else {
        append_constant(out, hex(value), name);
      }
      return;
    }
  } else if (t_style == ConstantStyle::abbreviated) {
    if (append_bits(out, names, value)) return;
  } else if (std::string text; append_bits(text, names, value)) {
    return append_constant(out, hex(value), text);
  }
  if (value == 0) {
    out += '0';
    if (!is_number) return;
  } else {
    append_hex(out, value);
  }
  if (!names.unknown.empty() && t_style != ConstantStyle::raw) ((out += " /* ") += names.unknown) += " */";
}

std::string names_alone(std::string_view table, u64 value) {
  const ConstantScope by_name(ConstantStyle::abbreviated);
  return print_names(names(table), value);
}

std::string print_names(const Names& names, u64 value) {
  std::string out;
  append_names(out, names, value);
  return out;
}

std::string signal_name(i32 signo) {
  std::string name = std::to_string(signo);
  if (signo > 0 && signo < static_cast<i32>(std::size(kSignals))) return constant(name, kSignals[signo]);
  if (signo == kFirstRealTime) return constant(name, "SIGRTMIN");
  if (signo > kFirstRealTime && signo <= kLastSignal)
    return constant(name, fmt::format("SIGRT_{}", signo - kFirstRealTime));
  return name;
}

i32 signal_number(std::string_view name) {
  i32 number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size())
    return number >= 1 && number <= kLastSignal ? number : 0;
  std::string upper;
  for (const char c : name) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (!upper.starts_with("SIG")) upper.insert(0, "SIG");
  for (i32 s = 1; s <= kLastSignal; ++s) {
    if (signal_name(s) == upper) return s;
  }
  return 0;
}

std::string print_signal_set(u64 bits) {
  // Named by what is missing where that is shorter.
  const bool inverted = __builtin_popcountll(bits) >= kLastSignal * 2 / 3;
  const u64 shown = inverted ? ~bits : bits;
  std::string out = inverted ? "~[" : "[";
  bool first = true;
  for (i32 s = 1; s <= kLastSignal; ++s) {
    if ((shown >> (s - 1) & 1) == 0) continue;
    std::string name;
    {
      const ConstantScope by_name(ConstantStyle::abbreviated);
      name = signal_name(s);
    }
    out += first ? "" : " ";
    append_constant(out, std::to_string(s), name.starts_with("SIG") ? name.substr(3) : name);
    first = false;
  }
  return out + "]";
}

std::string hex(u64 value) {
  std::string out;
  if (value == 0) {
    out = "0";
  } else {
    append_hex(out, value);
  }
  return out;
}

std::string device(u64 major, u64 minor) {
  const u64 number = (minor & 0xff) | major << 8 | (minor & ~u64{0xff}) << 12;
  return constant(hex(number), "makedev(" + hex(major) + ", " + hex(minor) + ")");
}

std::string open_flags(u64 value) {
  constexpr std::string_view kModes[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
  std::string out(kModes[value & 3]);
  if (const u64 rest = value & ~u64{3}; rest != 0) {
    out += '|';
    if (!append_bits(out, names("open_bits"), rest)) append_hex(out, rest);
  }
  return constant(hex(value), out);
}

std::string permissions(u32 mode) {
  char text[16] = {'0'};
  char* end = std::to_chars(text + 1, text + sizeof text, mode, 8).ptr;
  // Three digits at least, the first of them a zero: "000", "022", "0644".
  if (end - text >= 3) return std::string(text, end);
  return std::string(static_cast<usize>(3 - (end - text)), '0') + std::string(text, end);
}

std::string file_mode(u32 mode) {
  struct Type {
    u32 bits;
    std::string_view name;
  };
  constexpr Type kTypes[] = {{0140000, "S_IFSOCK"}, {0120000, "S_IFLNK"}, {0100000, "S_IFREG"}, {0060000, "S_IFBLK"},
                             {0040000, "S_IFDIR"},  {0020000, "S_IFCHR"}, {0010000, "S_IFIFO"}};
  std::string out;
  for (const Type& type : kTypes) {
    if ((mode & 0170000) == type.bits) out = type.name;
  }
  if (out.empty() && (mode & 0170000) != 0) return permissions(mode);
  if (out.empty()) return constant(permissions(mode), permissions(mode));
  if ((mode & 04000) != 0) out += "|S_ISUID";
  if ((mode & 02000) != 0) out += "|S_ISGID";
  if ((mode & 01000) != 0) out += "|S_ISVTX";
  return constant(permissions(mode), out + "|" + permissions(mode & 0777));
}

std::string clone_flags(u64 value) { return print_names(names("clone_bits"), value); }

std::string futex_op(u32 op) {
  std::string name(name_of(names("futex"), op & 0x7f));
  // Of commands only these know of two clocks.
  constexpr u32 kClocked[] = {FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI, 13 /* FUTEX_LOCK_PI2 */};
  const bool realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
  const bool clocked = std::find(std::begin(kClocked), std::end(kClocked), op & 0x7f) != std::end(kClocked);
  std::string out;
  if (name.empty() || (realtime && !clocked)) {
    append_names(out, {Names::Kind::number, "FUTEX_???", {}}, op);
    return out;
  }
  if ((op & FUTEX_PRIVATE_FLAG) != 0) name += "_PRIVATE";
  if (realtime) name += "|FUTEX_CLOCK_REALTIME";
  append_constant(out, hex(op), name);
  return out;
}

std::string socket_type(u32 type) {
  constexpr u32 kType = 0xf, kFlags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  if (type == 0) return "0";
  const std::string_view known = name_of(names("sock_type"), type & kType);
  if (known.empty() && (type & kFlags) == 0) return print_names(names("sock_type"), type);
  std::string out;
  if (!known.empty()) append_constant(out, hex(type & kType), known);
  const u32 rest = known.empty() ? type : type & ~kType;
  if (rest == 0) return out;
  constexpr Name kMore[] = {{SOCK_CLOEXEC, "SOCK_CLOEXEC"}, {SOCK_NONBLOCK, "SOCK_NONBLOCK"}};
  if (!out.empty()) out += '|';
  append_names(out, {Names::Kind::bits, "", kMore}, rest);
  return out;
}

}  // namespace limen::trace
