// The names of words of single calls, whose rows say only that they are numbers. Values: the host's own headers', as in trace/names.cc.
#include <linux/fanotify.h>
#include <linux/ioprio.h>
#include <linux/kcmp.h>
#include <linux/kexec.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/mempolicy.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <linux/prctl.h>
#include <linux/reboot.h>

#include <algorithm>
#include <iterator>

#include "trace/print.h"

namespace limen::trace {
namespace {

#define N(x) \
  Name { static_cast<u64>(static_cast<u32>(x)), #x }

constexpr Name kFsopen[] = {N(FSOPEN_CLOEXEC)};
constexpr Name kFspick[] = {N(FSPICK_CLOEXEC), N(FSPICK_SYMLINK_NOFOLLOW), N(FSPICK_NO_AUTOMOUNT),
                            N(FSPICK_EMPTY_PATH)};
constexpr Name kFsconfig[] = {N(FSCONFIG_SET_FLAG),   N(FSCONFIG_SET_STRING),     N(FSCONFIG_SET_BINARY),
                              N(FSCONFIG_SET_PATH),   N(FSCONFIG_SET_PATH_EMPTY), N(FSCONFIG_SET_FD),
                              N(FSCONFIG_CMD_CREATE), N(FSCONFIG_CMD_RECONFIGURE)};
constexpr Name kFsmount[] = {N(FSMOUNT_CLOEXEC)};
constexpr Name kMountAttr[] = {N(MOUNT_ATTR_RDONLY),     N(MOUNT_ATTR_NOSUID),  N(MOUNT_ATTR_NODEV),
                               N(MOUNT_ATTR_NOEXEC),     N(MOUNT_ATTR_NOATIME), N(MOUNT_ATTR_STRICTATIME),
                               N(MOUNT_ATTR_NODIRATIME), N(MOUNT_ATTR_IDMAP),   N(MOUNT_ATTR_NOSYMFOLLOW)};
constexpr Name kOpenTree[] = {
    N(OPEN_TREE_CLONE),        {02000000, "OPEN_TREE_CLOEXEC"}, {0x100, "AT_SYMLINK_NOFOLLOW"},
    {0x200, "AT_REMOVEDIR"},   {0x400, "AT_SYMLINK_FOLLOW"},    {0x800, "AT_NO_AUTOMOUNT"},
    {0x1000, "AT_EMPTY_PATH"}, {0x8000, "AT_RECURSIVE"}};
constexpr Name kMoveMount[] = {N(MOVE_MOUNT_F_SYMLINKS), N(MOVE_MOUNT_F_AUTOMOUNTS), N(MOVE_MOUNT_F_EMPTY_PATH),
                               N(MOVE_MOUNT_T_SYMLINKS), N(MOVE_MOUNT_T_AUTOMOUNTS), N(MOVE_MOUNT_T_EMPTY_PATH),
                               N(MOVE_MOUNT_SET_GROUP)};
constexpr Name kPolicyMode[] = {N(MPOL_DEFAULT),    N(MPOL_PREFERRED), N(MPOL_BIND),
                                N(MPOL_INTERLEAVE), N(MPOL_LOCAL),     N(MPOL_PREFERRED_MANY)};
constexpr Name kPolicyFlags[] = {N(MPOL_F_STATIC_NODES), N(MPOL_F_RELATIVE_NODES), N(MPOL_F_NUMA_BALANCING)};
constexpr Name kGetPolicy[] = {N(MPOL_F_NODE), N(MPOL_F_ADDR), N(MPOL_F_MEMS_ALLOWED)};
constexpr Name kBind[] = {N(MPOL_MF_STRICT), N(MPOL_MF_MOVE), N(MPOL_MF_MOVE_ALL)};
constexpr Name kProtectionKey[] = {{1, "PKEY_DISABLE_ACCESS"}, {2, "PKEY_DISABLE_WRITE"}, {4, "PKEY_DISABLE_EXECUTE"}};
constexpr Name kMemfdSecret[] = {{02000000, "O_CLOEXEC"}};
constexpr Name kUserfault[] = {{1, "UFFD_USER_MODE_ONLY"}, {04000, "O_NONBLOCK"}, {02000000, "O_CLOEXEC"}};
constexpr Name kModuleInit[] = {
    {1, "MODULE_INIT_IGNORE_MODVERSIONS"}, {2, "MODULE_INIT_IGNORE_VERMAGIC"}, {4, "MODULE_INIT_COMPRESSED_FILE"}};
constexpr Name kModuleDelete[] = {{04000, "O_NONBLOCK"}, {01000, "O_TRUNC"}};
constexpr Name kKexec[] = {N(KEXEC_ON_CRASH), N(KEXEC_PRESERVE_CONTEXT)};
constexpr Name kKexecMachine[] = {{KEXEC_ARCH_DEFAULT, "KEXEC_ARCH_DEFAULT"},
                                  N(KEXEC_ARCH_386),
                                  N(KEXEC_ARCH_68K),
                                  N(KEXEC_ARCH_PARISC),
                                  N(KEXEC_ARCH_X86_64),
                                  N(KEXEC_ARCH_PPC),
                                  N(KEXEC_ARCH_PPC64),
                                  N(KEXEC_ARCH_IA_64),
                                  N(KEXEC_ARCH_ARM),
                                  N(KEXEC_ARCH_S390),
                                  N(KEXEC_ARCH_SH),
                                  N(KEXEC_ARCH_MIPS_LE),
                                  N(KEXEC_ARCH_MIPS),
                                  N(KEXEC_ARCH_AARCH64),
                                  N(KEXEC_ARCH_RISCV)};
constexpr Name kKexecFile[] = {N(KEXEC_FILE_UNLOAD), N(KEXEC_FILE_ON_CRASH), N(KEXEC_FILE_NO_INITRAMFS)};
constexpr Name kLandlockVersion[] = {N(LANDLOCK_CREATE_RULESET_VERSION)};
constexpr Name kLandlockRule[] = {N(LANDLOCK_RULE_PATH_BENEATH)};
constexpr Name kLandlockAccess[] = {
    N(LANDLOCK_ACCESS_FS_EXECUTE),   N(LANDLOCK_ACCESS_FS_WRITE_FILE), N(LANDLOCK_ACCESS_FS_READ_FILE),
    N(LANDLOCK_ACCESS_FS_READ_DIR),  N(LANDLOCK_ACCESS_FS_REMOVE_DIR), N(LANDLOCK_ACCESS_FS_REMOVE_FILE),
    N(LANDLOCK_ACCESS_FS_MAKE_CHAR), N(LANDLOCK_ACCESS_FS_MAKE_DIR),   N(LANDLOCK_ACCESS_FS_MAKE_REG),
    N(LANDLOCK_ACCESS_FS_MAKE_SOCK), N(LANDLOCK_ACCESS_FS_MAKE_FIFO),  N(LANDLOCK_ACCESS_FS_MAKE_BLOCK),
    N(LANDLOCK_ACCESS_FS_MAKE_SYM),  N(LANDLOCK_ACCESS_FS_REFER)};
constexpr Name kKcmp[] = {N(KCMP_FILE),    N(KCMP_VM), N(KCMP_FILES),   N(KCMP_FS),
                          N(KCMP_SIGHAND), N(KCMP_IO), N(KCMP_SYSVSEM), N(KCMP_EPOLL_TFD)};
constexpr Name kIoprioWho[] = {N(IOPRIO_WHO_PROCESS), N(IOPRIO_WHO_PGRP), N(IOPRIO_WHO_USER)};
constexpr Name kPerf[] = {N(PERF_FLAG_FD_NO_GROUP), N(PERF_FLAG_FD_OUTPUT), N(PERF_FLAG_PID_CGROUP),
                          N(PERF_FLAG_FD_CLOEXEC)};
constexpr Name kReceive[] = {
    {04000, "IPC_NOWAIT"}, {010000, "MSG_NOERROR"}, {020000, "MSG_EXCEPT"}, {040000, "MSG_COPY"}};
constexpr Name kMembarrier[] = {{1, "MEMBARRIER_CMD_FLAG_CPU"}};
constexpr Name kPrctl[] = {N(PR_SET_PDEATHSIG),
                           N(PR_GET_PDEATHSIG),
                           N(PR_GET_DUMPABLE),
                           N(PR_SET_DUMPABLE),
                           N(PR_GET_UNALIGN),
                           N(PR_SET_UNALIGN),
                           N(PR_GET_KEEPCAPS),
                           N(PR_SET_KEEPCAPS),
                           N(PR_GET_FPEMU),
                           N(PR_SET_FPEMU),
                           N(PR_GET_FPEXC),
                           N(PR_SET_FPEXC),
                           N(PR_GET_TIMING),
                           N(PR_SET_TIMING),
                           N(PR_SET_NAME),
                           N(PR_GET_NAME),
                           N(PR_GET_ENDIAN),
                           N(PR_SET_ENDIAN),
                           N(PR_GET_SECCOMP),
                           N(PR_SET_SECCOMP),
                           N(PR_CAPBSET_READ),
                           N(PR_CAPBSET_DROP),
                           N(PR_GET_TSC),
                           N(PR_SET_TSC),
                           N(PR_GET_SECUREBITS),
                           N(PR_SET_SECUREBITS),
                           N(PR_SET_TIMERSLACK),
                           N(PR_GET_TIMERSLACK),
                           N(PR_TASK_PERF_EVENTS_DISABLE),
                           N(PR_TASK_PERF_EVENTS_ENABLE),
                           N(PR_MCE_KILL),
                           N(PR_MCE_KILL_GET),
                           N(PR_SET_MM),
                           N(PR_SET_PTRACER),
                           N(PR_SET_CHILD_SUBREAPER),
                           N(PR_GET_CHILD_SUBREAPER),
                           N(PR_SET_NO_NEW_PRIVS),
                           N(PR_GET_NO_NEW_PRIVS),
                           N(PR_GET_TID_ADDRESS),
                           N(PR_SET_THP_DISABLE),
                           N(PR_GET_THP_DISABLE),
                           N(PR_MPX_ENABLE_MANAGEMENT),
                           N(PR_MPX_DISABLE_MANAGEMENT),
                           N(PR_SET_FP_MODE),
                           N(PR_GET_FP_MODE),
                           N(PR_CAP_AMBIENT),
                           N(PR_SVE_SET_VL),
                           N(PR_SVE_GET_VL),
                           N(PR_GET_SPECULATION_CTRL),
                           N(PR_SET_SPECULATION_CTRL),
                           N(PR_PAC_RESET_KEYS),
                           N(PR_SET_TAGGED_ADDR_CTRL),
                           N(PR_GET_TAGGED_ADDR_CTRL),
                           N(PR_SET_IO_FLUSHER),
                           N(PR_GET_IO_FLUSHER),
                           N(PR_SET_SYSCALL_USER_DISPATCH),
                           N(PR_PAC_SET_ENABLED_KEYS),
                           N(PR_PAC_GET_ENABLED_KEYS),
                           N(PR_SCHED_CORE),
                           N(PR_SET_VMA),
                           {65, "PR_SET_MDWE"},
                           {66, "PR_GET_MDWE"}};
constexpr Name kKeyctl[] = {N(KEYCTL_GET_KEYRING_ID),
                            N(KEYCTL_JOIN_SESSION_KEYRING),
                            N(KEYCTL_UPDATE),
                            N(KEYCTL_REVOKE),
                            N(KEYCTL_CHOWN),
                            N(KEYCTL_SETPERM),
                            N(KEYCTL_DESCRIBE),
                            N(KEYCTL_CLEAR),
                            N(KEYCTL_LINK),
                            N(KEYCTL_UNLINK),
                            N(KEYCTL_SEARCH),
                            N(KEYCTL_READ),
                            N(KEYCTL_INSTANTIATE),
                            N(KEYCTL_NEGATE),
                            N(KEYCTL_SET_REQKEY_KEYRING),
                            N(KEYCTL_SET_TIMEOUT),
                            N(KEYCTL_ASSUME_AUTHORITY),
                            N(KEYCTL_GET_SECURITY),
                            N(KEYCTL_SESSION_TO_PARENT),
                            N(KEYCTL_REJECT),
                            N(KEYCTL_INSTANTIATE_IOV),
                            N(KEYCTL_INVALIDATE),
                            N(KEYCTL_GET_PERSISTENT),
                            N(KEYCTL_DH_COMPUTE),
                            N(KEYCTL_PKEY_QUERY),
                            N(KEYCTL_PKEY_ENCRYPT),
                            N(KEYCTL_PKEY_DECRYPT),
                            N(KEYCTL_PKEY_SIGN),
                            N(KEYCTL_PKEY_VERIFY),
                            N(KEYCTL_RESTRICT_KEYRING),
                            N(KEYCTL_MOVE),
                            N(KEYCTL_CAPABILITIES),
                            N(KEYCTL_WATCH_KEY)};
constexpr Name kKeySpecial[] = {N(KEY_SPEC_THREAD_KEYRING),       N(KEY_SPEC_PROCESS_KEYRING),
                                N(KEY_SPEC_SESSION_KEYRING),      N(KEY_SPEC_USER_KEYRING),
                                N(KEY_SPEC_USER_SESSION_KEYRING), N(KEY_SPEC_GROUP_KEYRING),
                                N(KEY_SPEC_REQKEY_AUTH_KEY),      N(KEY_SPEC_REQUESTOR_KEYRING)};
constexpr Name kKeyDefault[] = {N(KEY_REQKEY_DEFL_NO_CHANGE),
                                N(KEY_REQKEY_DEFL_DEFAULT),
                                N(KEY_REQKEY_DEFL_THREAD_KEYRING),
                                N(KEY_REQKEY_DEFL_PROCESS_KEYRING),
                                N(KEY_REQKEY_DEFL_SESSION_KEYRING),
                                N(KEY_REQKEY_DEFL_USER_KEYRING),
                                N(KEY_REQKEY_DEFL_USER_SESSION_KEYRING),
                                N(KEY_REQKEY_DEFL_GROUP_KEYRING),
                                N(KEY_REQKEY_DEFL_REQUESTOR_KEYRING)};
constexpr Name kKeyPermissions[] = {
    {0x01000000, "KEY_POS_VIEW"},   {0x02000000, "KEY_POS_READ"}, {0x04000000, "KEY_POS_WRITE"},
    {0x08000000, "KEY_POS_SEARCH"}, {0x10000000, "KEY_POS_LINK"}, {0x20000000, "KEY_POS_SETATTR"},
    {0x00010000, "KEY_USR_VIEW"},   {0x00020000, "KEY_USR_READ"}, {0x00040000, "KEY_USR_WRITE"},
    {0x00080000, "KEY_USR_SEARCH"}, {0x00100000, "KEY_USR_LINK"}, {0x00200000, "KEY_USR_SETATTR"},
    {0x00000100, "KEY_GRP_VIEW"},   {0x00000200, "KEY_GRP_READ"}, {0x00000400, "KEY_GRP_WRITE"},
    {0x00000800, "KEY_GRP_SEARCH"}, {0x00001000, "KEY_GRP_LINK"}, {0x00002000, "KEY_GRP_SETATTR"},
    {0x00000001, "KEY_OTH_VIEW"},   {0x00000002, "KEY_OTH_READ"}, {0x00000004, "KEY_OTH_WRITE"},
    {0x00000008, "KEY_OTH_SEARCH"}, {0x00000010, "KEY_OTH_LINK"}, {0x00000020, "KEY_OTH_SETATTR"}};
constexpr Name kKeyMove[] = {N(KEYCTL_MOVE_EXCL)};
constexpr Name kFanInit[] = {N(FAN_CLOEXEC),         N(FAN_NONBLOCK),         N(FAN_UNLIMITED_QUEUE),
                             N(FAN_UNLIMITED_MARKS), N(FAN_ENABLE_AUDIT),     N(FAN_REPORT_PIDFD),
                             N(FAN_REPORT_TID),      N(FAN_REPORT_FID),       N(FAN_REPORT_DIR_FID),
                             N(FAN_REPORT_NAME),     N(FAN_REPORT_TARGET_FID)};
constexpr Name kFanMark[] = {N(FAN_MARK_ADD),
                             N(FAN_MARK_REMOVE),
                             N(FAN_MARK_DONT_FOLLOW),
                             N(FAN_MARK_ONLYDIR),
                             N(FAN_MARK_MOUNT),
                             N(FAN_MARK_IGNORED_MASK),
                             N(FAN_MARK_IGNORED_SURV_MODIFY),
                             N(FAN_MARK_FLUSH),
                             N(FAN_MARK_FILESYSTEM),
                             N(FAN_MARK_EVICTABLE),
                             N(FAN_MARK_IGNORE)};
constexpr Name kFanEvents[] = {N(FAN_ACCESS),        N(FAN_MODIFY),         N(FAN_ATTRIB),         N(FAN_CLOSE_WRITE),
                               N(FAN_CLOSE_NOWRITE), N(FAN_OPEN),           N(FAN_MOVED_FROM),     N(FAN_MOVED_TO),
                               N(FAN_CREATE),        N(FAN_DELETE),         N(FAN_DELETE_SELF),    N(FAN_MOVE_SELF),
                               N(FAN_OPEN_EXEC),     N(FAN_Q_OVERFLOW),     N(FAN_FS_ERROR),       N(FAN_OPEN_PERM),
                               N(FAN_ACCESS_PERM),   N(FAN_OPEN_EXEC_PERM), N(FAN_EVENT_ON_CHILD), N(FAN_RENAME),
                               N(FAN_ONDIR)};
constexpr Name kIpMessages[] = {
    {1, "IP_TOS"},      {2, "IP_TTL"},        {6, "IP_RECVOPTS"},     {7, "IP_RETOPTS"},   {8, "IP_PKTINFO"},
    {11, "IP_RECVERR"}, {18, "SCM_SECURITY"}, {20, "IP_ORIGDSTADDR"}, {23, "IP_CHECKSUM"}, {25, "IP_RECVFRAGSIZE"}};
constexpr Name kSchedFlags[] = {{1, "SCHED_FLAG_RESET_ON_FORK"},  {2, "SCHED_FLAG_RECLAIM"},
                                {4, "SCHED_FLAG_DL_OVERRUN"},     {8, "SCHED_FLAG_KEEP_POLICY"},
                                {16, "SCHED_FLAG_KEEP_PARAMS"},   {32, "SCHED_FLAG_UTIL_CLAMP_MIN"},
                                {64, "SCHED_FLAG_UTIL_CLAMP_MAX"}};
constexpr Name kNewNamespace[] = {{0x80, "CLONE_NEWTIME"},        {0x20000, "CLONE_NEWNS"},
                                  {0x2000000, "CLONE_NEWCGROUP"}, {0x4000000, "CLONE_NEWUTS"},
                                  {0x8000000, "CLONE_NEWIPC"},    {0x10000000, "CLONE_NEWUSER"},
                                  {0x20000000, "CLONE_NEWPID"},   {0x40000000, "CLONE_NEWNET"}};
constexpr Name kRebootMagic[] = {N(LINUX_REBOOT_MAGIC1)};
constexpr Name kRebootMagic2[] = {N(LINUX_REBOOT_MAGIC2), N(LINUX_REBOOT_MAGIC2A), N(LINUX_REBOOT_MAGIC2B),
                                  N(LINUX_REBOOT_MAGIC2C)};
constexpr Name kReboot[] = {N(LINUX_REBOOT_CMD_RESTART),    N(LINUX_REBOOT_CMD_HALT),      N(LINUX_REBOOT_CMD_CAD_ON),
                            N(LINUX_REBOOT_CMD_CAD_OFF),    N(LINUX_REBOOT_CMD_POWER_OFF), N(LINUX_REBOOT_CMD_RESTART2),
                            N(LINUX_REBOOT_CMD_SW_SUSPEND), N(LINUX_REBOOT_CMD_KEXEC)};
constexpr Name kFilterAction[] = {
    {0x80000000, "SECCOMP_RET_KILL_PROCESS"}, {0, "SECCOMP_RET_KILL_THREAD"},         {0x30000, "SECCOMP_RET_TRAP"},
    {0x50000, "SECCOMP_RET_ERRNO"},           {0x7fc00000, "SECCOMP_RET_USER_NOTIF"}, {0x7ff00000, "SECCOMP_RET_TRACE"},
    {0x7ffc0000, "SECCOMP_RET_LOG"},          {0x7fff0000, "SECCOMP_RET_ALLOW"}};
constexpr Name kPerfType[] = {N(PERF_TYPE_HARDWARE), N(PERF_TYPE_SOFTWARE), N(PERF_TYPE_TRACEPOINT),
                              N(PERF_TYPE_HW_CACHE), N(PERF_TYPE_RAW),      N(PERF_TYPE_BREAKPOINT)};
constexpr Name kPerfHardware[] = {N(PERF_COUNT_HW_CPU_CYCLES),
                                  N(PERF_COUNT_HW_INSTRUCTIONS),
                                  N(PERF_COUNT_HW_CACHE_REFERENCES),
                                  N(PERF_COUNT_HW_CACHE_MISSES),
                                  N(PERF_COUNT_HW_BRANCH_INSTRUCTIONS),
                                  N(PERF_COUNT_HW_BRANCH_MISSES),
                                  N(PERF_COUNT_HW_BUS_CYCLES),
                                  N(PERF_COUNT_HW_STALLED_CYCLES_FRONTEND),
                                  N(PERF_COUNT_HW_STALLED_CYCLES_BACKEND),
                                  N(PERF_COUNT_HW_REF_CPU_CYCLES)};
constexpr Name kPerfSoftware[] = {N(PERF_COUNT_SW_CPU_CLOCK),        N(PERF_COUNT_SW_TASK_CLOCK),
                                  N(PERF_COUNT_SW_PAGE_FAULTS),      N(PERF_COUNT_SW_CONTEXT_SWITCHES),
                                  N(PERF_COUNT_SW_CPU_MIGRATIONS),   N(PERF_COUNT_SW_PAGE_FAULTS_MIN),
                                  N(PERF_COUNT_SW_PAGE_FAULTS_MAJ),  N(PERF_COUNT_SW_ALIGNMENT_FAULTS),
                                  N(PERF_COUNT_SW_EMULATION_FAULTS), N(PERF_COUNT_SW_DUMMY),
                                  N(PERF_COUNT_SW_BPF_OUTPUT),       N(PERF_COUNT_SW_CGROUP_SWITCHES)};
constexpr Name kPerfCache[] = {N(PERF_COUNT_HW_CACHE_L1D),  N(PERF_COUNT_HW_CACHE_L1I),  N(PERF_COUNT_HW_CACHE_LL),
                               N(PERF_COUNT_HW_CACHE_DTLB), N(PERF_COUNT_HW_CACHE_ITLB), N(PERF_COUNT_HW_CACHE_BPU),
                               N(PERF_COUNT_HW_CACHE_NODE)};
constexpr Name kPerfCacheOperation[] = {N(PERF_COUNT_HW_CACHE_OP_READ), N(PERF_COUNT_HW_CACHE_OP_WRITE),
                                        N(PERF_COUNT_HW_CACHE_OP_PREFETCH)};
constexpr Name kPerfCacheResult[] = {N(PERF_COUNT_HW_CACHE_RESULT_ACCESS), N(PERF_COUNT_HW_CACHE_RESULT_MISS)};
constexpr Name kPerfSample[] = {N(PERF_SAMPLE_IP),
                                N(PERF_SAMPLE_TID),
                                N(PERF_SAMPLE_TIME),
                                N(PERF_SAMPLE_ADDR),
                                N(PERF_SAMPLE_READ),
                                N(PERF_SAMPLE_CALLCHAIN),
                                N(PERF_SAMPLE_ID),
                                N(PERF_SAMPLE_CPU),
                                N(PERF_SAMPLE_PERIOD),
                                N(PERF_SAMPLE_STREAM_ID),
                                N(PERF_SAMPLE_RAW),
                                N(PERF_SAMPLE_BRANCH_STACK),
                                N(PERF_SAMPLE_REGS_USER),
                                N(PERF_SAMPLE_STACK_USER),
                                N(PERF_SAMPLE_WEIGHT),
                                N(PERF_SAMPLE_DATA_SRC),
                                N(PERF_SAMPLE_IDENTIFIER),
                                N(PERF_SAMPLE_TRANSACTION),
                                N(PERF_SAMPLE_REGS_INTR),
                                N(PERF_SAMPLE_PHYS_ADDR),
                                N(PERF_SAMPLE_AUX),
                                N(PERF_SAMPLE_CGROUP),
                                N(PERF_SAMPLE_DATA_PAGE_SIZE),
                                N(PERF_SAMPLE_CODE_PAGE_SIZE),
                                N(PERF_SAMPLE_WEIGHT_STRUCT)};
constexpr Name kPerfFormat[] = {N(PERF_FORMAT_TOTAL_TIME_ENABLED), N(PERF_FORMAT_TOTAL_TIME_RUNNING), N(PERF_FORMAT_ID),
                                N(PERF_FORMAT_GROUP), N(PERF_FORMAT_LOST)};
constexpr Name kPerfBranch[] = {
    N(PERF_SAMPLE_BRANCH_USER),      N(PERF_SAMPLE_BRANCH_KERNEL),    N(PERF_SAMPLE_BRANCH_HV),
    N(PERF_SAMPLE_BRANCH_ANY),       N(PERF_SAMPLE_BRANCH_ANY_CALL),  N(PERF_SAMPLE_BRANCH_ANY_RETURN),
    N(PERF_SAMPLE_BRANCH_IND_CALL),  N(PERF_SAMPLE_BRANCH_ABORT_TX),  N(PERF_SAMPLE_BRANCH_IN_TX),
    N(PERF_SAMPLE_BRANCH_NO_TX),     N(PERF_SAMPLE_BRANCH_COND),      N(PERF_SAMPLE_BRANCH_CALL_STACK),
    N(PERF_SAMPLE_BRANCH_IND_JUMP),  N(PERF_SAMPLE_BRANCH_CALL),      N(PERF_SAMPLE_BRANCH_NO_FLAGS),
    N(PERF_SAMPLE_BRANCH_NO_CYCLES), N(PERF_SAMPLE_BRANCH_TYPE_SAVE), N(PERF_SAMPLE_BRANCH_HW_INDEX),
    N(PERF_SAMPLE_BRANCH_PRIV_SAVE)};
constexpr Name kPerfSize[] = {N(PERF_ATTR_SIZE_VER0), N(PERF_ATTR_SIZE_VER1), N(PERF_ATTR_SIZE_VER2),
                              N(PERF_ATTR_SIZE_VER3), N(PERF_ATTR_SIZE_VER4), N(PERF_ATTR_SIZE_VER5),
                              N(PERF_ATTR_SIZE_VER6), N(PERF_ATTR_SIZE_VER7)};
constexpr Name kPerfBreak[] = {{0, "HW_BREAKPOINT_EMPTY"},
                               {1, "HW_BREAKPOINT_R"},
                               {2, "HW_BREAKPOINT_W"},
                               {3, "HW_BREAKPOINT_RW"},
                               {4, "HW_BREAKPOINT_X"}};
constexpr Name kPerfPrecise[] = {{0, "0 /* arbitrary skid */"},
                                 {1, "1 /* constant skid */"},
                                 {2, "2 /* requested to have 0 skid */"},
                                 {3, "3 /* must have 0 skid */"}};
constexpr Name kPtraceOptions[] = {{1, "PTRACE_O_TRACESYSGOOD"},   {2, "PTRACE_O_TRACEFORK"},
                                   {4, "PTRACE_O_TRACEVFORK"},     {8, "PTRACE_O_TRACECLONE"},
                                   {16, "PTRACE_O_TRACEEXEC"},     {32, "PTRACE_O_TRACEVFORKDONE"},
                                   {64, "PTRACE_O_TRACEEXIT"},     {128, "PTRACE_O_TRACESECCOMP"},
                                   {1 << 20, "PTRACE_O_EXITKILL"}, {1 << 21, "PTRACE_O_SUSPEND_SECCOMP"}};
#undef N

constexpr auto kNumber = Names::Kind::number, kBits = Names::Kind::bits;
constexpr NamedTable kTables[] = {
    {"fsopen", {kBits, "FSOPEN_???", kFsopen}},
    {"fspick", {kBits, "FSPICK_???", kFspick}},
    {"fsconfig", {kNumber, "FSCONFIG_???", kFsconfig}},
    {"fsmount", {kBits, "FSMOUNT_???", kFsmount}},
    {"mount_attr", {kBits, "MOUNT_ATTR_???", kMountAttr}},
    {"open_tree", {kBits, "OPEN_TREE_???", kOpenTree}},
    {"move_mount", {kBits, "MOVE_MOUNT_???", kMoveMount}},
    {"policy_mode", {kNumber, "MPOL_???", kPolicyMode}},
    {"policy_flags", {kBits, "MPOL_???", kPolicyFlags}},
    {"get_policy", {kBits, "MPOL_???", kGetPolicy}},
    {"bind", {kBits, "MPOL_MF_???", kBind}},
    {"protection_key", {kBits, "PKEY_???", kProtectionKey}},
    {"memfd_secret", {kBits, "", kMemfdSecret}},
    {"userfault", {kBits, "UFFD_???", kUserfault}},
    {"module_init", {kBits, "MODULE_INIT_???", kModuleInit}},
    {"module_delete", {kBits, "O_???", kModuleDelete}},
    {"kexec", {kBits, "KEXEC_???", kKexec}},
    {"kexec_machine", {kNumber, "KEXEC_ARCH_???", kKexecMachine}},
    {"kexec_file", {kBits, "KEXEC_FILE_???", kKexecFile}},
    {"landlock_version", {kBits, "LANDLOCK_CREATE_RULESET_???", kLandlockVersion}},
    {"landlock_rule", {kNumber, "LANDLOCK_RULE_???", kLandlockRule}},
    {"landlock_access", {kBits, "LANDLOCK_ACCESS_FS_???", kLandlockAccess}},
    {"kcmp", {kNumber, "KCMP_???", kKcmp}},
    {"ioprio_who", {kNumber, "IOPRIO_WHO_???", kIoprioWho}},
    {"perf", {kBits, "PERF_FLAG_???", kPerf}},
    {"perf_type", {kNumber, "PERF_TYPE_???", kPerfType}},
    {"perf_size", {kNumber, "PERF_ATTR_SIZE_???", kPerfSize}},
    {"perf_hardware", {kNumber, "PERF_COUNT_HW_???", kPerfHardware}},
    {"perf_software", {kNumber, "PERF_COUNT_SW_???", kPerfSoftware}},
    {"perf_cache", {kNumber, "PERF_COUNT_HW_CACHE_???", kPerfCache}},
    {"perf_cache_operation", {kNumber, "PERF_COUNT_HW_CACHE_OP_???", kPerfCacheOperation}},
    {"perf_cache_result", {kNumber, "PERF_COUNT_HW_CACHE_RESULT_???", kPerfCacheResult}},
    {"perf_sample", {kBits, "PERF_SAMPLE_???", kPerfSample}},
    {"perf_format", {kBits, "PERF_FORMAT_???", kPerfFormat}},
    {"perf_branch", {kBits, "PERF_SAMPLE_BRANCH_???", kPerfBranch}},
    {"perf_break", {kNumber, "HW_BREAKPOINT_???", kPerfBreak}},
    {"perf_precise", {kNumber, "", kPerfPrecise}},
    {"msgrcv", {kBits, "MSG_???", kReceive}},
    {"membarrier", {kBits, "MEMBARRIER_CMD_FLAG_???", kMembarrier}},
    {"PrctlOp", {kNumber, "PR_???", kPrctl}},
    {"keyctl", {kNumber, "KEYCTL_???", kKeyctl}},
    {"key_special", {kNumber, "", kKeySpecial}},
    {"key_default", {kNumber, "KEY_REQKEY_DEFL_???", kKeyDefault}},
    {"key_permissions", {kBits, "KEY_???", kKeyPermissions}},
    {"key_move", {kBits, "KEYCTL_MOVE_???", kKeyMove}},
    {"fanotify_init", {kBits, "FAN_???", kFanInit}},
    {"fanotify_mark", {kBits, "FAN_MARK_???", kFanMark}},
    {"fanotify_events", {kBits, "FAN_???", kFanEvents}},
    {"ip_cmsg", {kNumber, "IP_???", kIpMessages}},
    {"sched_flags", {kBits, "SCHED_FLAG_???", kSchedFlags}},
    {"setns", {kBits, "CLONE_NEW???", kNewNamespace}},
    {"reboot_magic", {kNumber, "LINUX_REBOOT_MAGIC_???", kRebootMagic}},
    {"reboot_magic2", {kNumber, "LINUX_REBOOT_MAGIC_???", kRebootMagic2}},
    {"reboot", {kNumber, "LINUX_REBOOT_CMD_???", kReboot}},
    {"filter_action", {kNumber, "SECCOMP_RET_???", kFilterAction}},
    {"ptrace_options", {kBits, "PTRACE_O_???", kPtraceOptions}},
};

struct Parameter {
  std::string_view call;
  u8 param;
  std::string_view table;
};
constexpr Parameter kParameters[] = {
    {"fsopen", 1, "fsopen"},
    {"fspick", 2, "fspick"},
    {"fsconfig", 1, "fsconfig"},
    {"fsmount", 1, "fsmount"},
    {"fsmount", 2, "mount_attr"},
    {"open_tree", 2, "open_tree"},
    {"move_mount", 4, "move_mount"},
    {"get_mempolicy", 4, "get_policy"},
    {"mbind", 5, "bind"},
    {"move_pages", 5, "bind"},
    {"pkey_alloc", 1, "protection_key"},
    {"memfd_secret", 0, "memfd_secret"},
    {"userfaultfd", 0, "userfault"},
    {"finit_module", 2, "module_init"},
    {"delete_module", 1, "module_delete"},
    {"kexec_file_load", 4, "kexec_file"},
    {"landlock_create_ruleset", 2, "landlock_version"},
    {"landlock_add_rule", 1, "landlock_rule"},
    {"kcmp", 2, "kcmp"},
    {"faccessat2", 3, "faccessat"},
    {"statx", 2, "statx_at"},
    {"ioprio_set", 0, "ioprio_who"},
    {"ioprio_get", 0, "ioprio_who"},
    {"perf_event_open", 4, "perf"},
    {"msgsnd", 3, "msgrcv"},
    {"msgrcv", 4, "msgrcv"},
    {"keyctl", 0, "keyctl"},
    {"setns", 1, "setns"},
    {"shmctl", 1, "shmctl"},
    {"msgctl", 1, "msgctl"},
    {"reboot", 0, "reboot_magic"},
    {"reboot", 1, "reboot_magic2"},
    {"reboot", 2, "reboot"},
    {"fanotify_mark", 1, "fanotify_mark"},
    {"fanotify_mark", 2, "fanotify_events"},
};

}  // namespace

std::span<const NamedTable> call_tables() { return kTables; }

const Names* parameter_names(std::string_view call, usize param) {
  const auto* found = std::find_if(std::begin(kParameters), std::end(kParameters),
                                   [&](const Parameter& p) { return p.call == call && p.param == param; });
  return found == std::end(kParameters) ? nullptr : find_names(found->table);
}

}  // namespace limen::trace
