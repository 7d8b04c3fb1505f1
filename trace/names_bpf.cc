// Names of bpf(2) and io_uring(7): see names.cc.
#include <linux/bpf.h>
#include <linux/io_uring.h>

#include "trace/names.h"

namespace limen::trace {
namespace {

#define N(x) \
  Name { static_cast<u64>(static_cast<u32>(x)), #x }

constexpr Name kCommand[] = {N(BPF_MAP_CREATE),        N(BPF_MAP_LOOKUP_ELEM),
                             N(BPF_MAP_UPDATE_ELEM),   N(BPF_MAP_DELETE_ELEM),
                             N(BPF_MAP_GET_NEXT_KEY),  N(BPF_PROG_LOAD),
                             N(BPF_OBJ_PIN),           N(BPF_OBJ_GET),
                             N(BPF_PROG_ATTACH),       N(BPF_PROG_DETACH),
                             N(BPF_PROG_TEST_RUN),     N(BPF_PROG_GET_NEXT_ID),
                             N(BPF_MAP_GET_NEXT_ID),   N(BPF_PROG_GET_FD_BY_ID),
                             N(BPF_MAP_GET_FD_BY_ID),  N(BPF_OBJ_GET_INFO_BY_FD),
                             N(BPF_PROG_QUERY),        N(BPF_RAW_TRACEPOINT_OPEN),
                             N(BPF_BTF_LOAD),          N(BPF_BTF_GET_FD_BY_ID),
                             N(BPF_TASK_FD_QUERY),     N(BPF_MAP_LOOKUP_AND_DELETE_ELEM),
                             N(BPF_MAP_FREEZE),        N(BPF_BTF_GET_NEXT_ID),
                             N(BPF_MAP_LOOKUP_BATCH),  N(BPF_MAP_LOOKUP_AND_DELETE_BATCH),
                             N(BPF_MAP_UPDATE_BATCH),  N(BPF_MAP_DELETE_BATCH),
                             N(BPF_LINK_CREATE),       N(BPF_LINK_UPDATE),
                             N(BPF_LINK_GET_FD_BY_ID), N(BPF_LINK_GET_NEXT_ID),
                             N(BPF_ENABLE_STATS),      N(BPF_ITER_CREATE),
                             N(BPF_LINK_DETACH),       N(BPF_PROG_BIND_MAP)};
constexpr Name kMapType[] = {N(BPF_MAP_TYPE_UNSPEC),
                             N(BPF_MAP_TYPE_HASH),
                             N(BPF_MAP_TYPE_ARRAY),
                             N(BPF_MAP_TYPE_PROG_ARRAY),
                             N(BPF_MAP_TYPE_PERF_EVENT_ARRAY),
                             N(BPF_MAP_TYPE_PERCPU_HASH),
                             N(BPF_MAP_TYPE_PERCPU_ARRAY),
                             N(BPF_MAP_TYPE_STACK_TRACE),
                             N(BPF_MAP_TYPE_CGROUP_ARRAY),
                             N(BPF_MAP_TYPE_LRU_HASH),
                             N(BPF_MAP_TYPE_LRU_PERCPU_HASH),
                             N(BPF_MAP_TYPE_LPM_TRIE),
                             N(BPF_MAP_TYPE_ARRAY_OF_MAPS),
                             N(BPF_MAP_TYPE_HASH_OF_MAPS),
                             N(BPF_MAP_TYPE_DEVMAP),
                             N(BPF_MAP_TYPE_SOCKMAP),
                             N(BPF_MAP_TYPE_CPUMAP),
                             N(BPF_MAP_TYPE_XSKMAP),
                             N(BPF_MAP_TYPE_SOCKHASH),
                             N(BPF_MAP_TYPE_CGROUP_STORAGE),
                             N(BPF_MAP_TYPE_REUSEPORT_SOCKARRAY),
                             N(BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE),
                             N(BPF_MAP_TYPE_QUEUE),
                             N(BPF_MAP_TYPE_STACK),
                             N(BPF_MAP_TYPE_SK_STORAGE),
                             N(BPF_MAP_TYPE_DEVMAP_HASH),
                             N(BPF_MAP_TYPE_STRUCT_OPS),
                             N(BPF_MAP_TYPE_RINGBUF),
                             N(BPF_MAP_TYPE_INODE_STORAGE),
                             N(BPF_MAP_TYPE_TASK_STORAGE),
                             N(BPF_MAP_TYPE_BLOOM_FILTER),
                             N(BPF_MAP_TYPE_USER_RINGBUF)};
constexpr Name kProgramType[] = {N(BPF_PROG_TYPE_UNSPEC),
                                 N(BPF_PROG_TYPE_SOCKET_FILTER),
                                 N(BPF_PROG_TYPE_KPROBE),
                                 N(BPF_PROG_TYPE_SCHED_CLS),
                                 N(BPF_PROG_TYPE_SCHED_ACT),
                                 N(BPF_PROG_TYPE_TRACEPOINT),
                                 N(BPF_PROG_TYPE_XDP),
                                 N(BPF_PROG_TYPE_PERF_EVENT),
                                 N(BPF_PROG_TYPE_CGROUP_SKB),
                                 N(BPF_PROG_TYPE_CGROUP_SOCK),
                                 N(BPF_PROG_TYPE_LWT_IN),
                                 N(BPF_PROG_TYPE_LWT_OUT),
                                 N(BPF_PROG_TYPE_LWT_XMIT),
                                 N(BPF_PROG_TYPE_SOCK_OPS),
                                 N(BPF_PROG_TYPE_SK_SKB),
                                 N(BPF_PROG_TYPE_CGROUP_DEVICE),
                                 N(BPF_PROG_TYPE_SK_MSG),
                                 N(BPF_PROG_TYPE_RAW_TRACEPOINT),
                                 N(BPF_PROG_TYPE_CGROUP_SOCK_ADDR),
                                 N(BPF_PROG_TYPE_LWT_SEG6LOCAL),
                                 N(BPF_PROG_TYPE_LIRC_MODE2),
                                 N(BPF_PROG_TYPE_SK_REUSEPORT),
                                 N(BPF_PROG_TYPE_FLOW_DISSECTOR),
                                 N(BPF_PROG_TYPE_CGROUP_SYSCTL),
                                 N(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE),
                                 N(BPF_PROG_TYPE_CGROUP_SOCKOPT),
                                 N(BPF_PROG_TYPE_TRACING),
                                 N(BPF_PROG_TYPE_STRUCT_OPS),
                                 N(BPF_PROG_TYPE_EXT),
                                 N(BPF_PROG_TYPE_LSM),
                                 N(BPF_PROG_TYPE_SK_LOOKUP),
                                 N(BPF_PROG_TYPE_SYSCALL)};
constexpr Name kAttachType[] = {N(BPF_CGROUP_INET_INGRESS),
                                N(BPF_CGROUP_INET_EGRESS),
                                N(BPF_CGROUP_INET_SOCK_CREATE),
                                N(BPF_CGROUP_SOCK_OPS),
                                N(BPF_SK_SKB_STREAM_PARSER),
                                N(BPF_SK_SKB_STREAM_VERDICT),
                                N(BPF_CGROUP_DEVICE),
                                N(BPF_SK_MSG_VERDICT),
                                N(BPF_CGROUP_INET4_BIND),
                                N(BPF_CGROUP_INET6_BIND),
                                N(BPF_CGROUP_INET4_CONNECT),
                                N(BPF_CGROUP_INET6_CONNECT),
                                N(BPF_CGROUP_INET4_POST_BIND),
                                N(BPF_CGROUP_INET6_POST_BIND),
                                N(BPF_CGROUP_UDP4_SENDMSG),
                                N(BPF_CGROUP_UDP6_SENDMSG),
                                N(BPF_LIRC_MODE2),
                                N(BPF_FLOW_DISSECTOR),
                                N(BPF_CGROUP_SYSCTL),
                                N(BPF_CGROUP_UDP4_RECVMSG),
                                N(BPF_CGROUP_UDP6_RECVMSG),
                                N(BPF_CGROUP_GETSOCKOPT),
                                N(BPF_CGROUP_SETSOCKOPT),
                                N(BPF_TRACE_RAW_TP),
                                N(BPF_TRACE_FENTRY),
                                N(BPF_TRACE_FEXIT),
                                N(BPF_MODIFY_RETURN),
                                N(BPF_LSM_MAC),
                                N(BPF_TRACE_ITER),
                                N(BPF_CGROUP_INET4_GETPEERNAME),
                                N(BPF_CGROUP_INET6_GETPEERNAME),
                                N(BPF_CGROUP_INET4_GETSOCKNAME),
                                N(BPF_CGROUP_INET6_GETSOCKNAME),
                                N(BPF_XDP_DEVMAP),
                                N(BPF_CGROUP_INET_SOCK_RELEASE),
                                N(BPF_XDP_CPUMAP),
                                N(BPF_SK_LOOKUP),
                                N(BPF_XDP),
                                N(BPF_SK_SKB_VERDICT),
                                N(BPF_SK_REUSEPORT_SELECT),
                                N(BPF_SK_REUSEPORT_SELECT_OR_MIGRATE),
                                N(BPF_PERF_EVENT),
                                N(BPF_TRACE_KPROBE_MULTI),
                                N(BPF_LSM_CGROUP)};
constexpr Name kTaskFd[] = {N(BPF_FD_TYPE_RAW_TRACEPOINT), N(BPF_FD_TYPE_TRACEPOINT), N(BPF_FD_TYPE_KPROBE),
                            N(BPF_FD_TYPE_KRETPROBE),      N(BPF_FD_TYPE_UPROBE),     N(BPF_FD_TYPE_URETPROBE)};
constexpr Name kMapFlags[] = {
    N(BPF_F_NO_PREALLOC),    N(BPF_F_NO_COMMON_LRU),  N(BPF_F_NUMA_NODE),   N(BPF_F_RDONLY),      N(BPF_F_WRONLY),
    N(BPF_F_STACK_BUILD_ID), N(BPF_F_ZERO_SEED),      N(BPF_F_RDONLY_PROG), N(BPF_F_WRONLY_PROG), N(BPF_F_CLONE),
    N(BPF_F_MMAPABLE),       N(BPF_F_PRESERVE_ELEMS), N(BPF_F_INNER_MAP)};
constexpr Name kFileFlags[] = {N(BPF_F_RDONLY), N(BPF_F_WRONLY)};
constexpr Name kProgramFlags[] = {N(BPF_F_STRICT_ALIGNMENT), N(BPF_F_ANY_ALIGNMENT), N(BPF_F_TEST_RND_HI32),
                                  N(BPF_F_TEST_STATE_FREQ),  N(BPF_F_SLEEPABLE),     N(BPF_F_XDP_HAS_FRAGS)};
constexpr Name kAttachFlags[] = {N(BPF_F_ALLOW_OVERRIDE), N(BPF_F_ALLOW_MULTI), N(BPF_F_REPLACE)};
constexpr Name kQueryFlags[] = {N(BPF_F_QUERY_EFFECTIVE)};
constexpr Name kTestFlags[] = {N(BPF_F_TEST_RUN_ON_CPU), N(BPF_F_TEST_XDP_LIVE_FRAMES)};
constexpr Name kElementFlags[] = {N(BPF_ANY), N(BPF_NOEXIST), N(BPF_EXIST), N(BPF_F_LOCK)};
constexpr Name kRingRegister[] = {
    N(IORING_REGISTER_BUFFERS),      N(IORING_UNREGISTER_BUFFERS),        N(IORING_REGISTER_FILES),
    N(IORING_UNREGISTER_FILES),      N(IORING_REGISTER_EVENTFD),          N(IORING_UNREGISTER_EVENTFD),
    N(IORING_REGISTER_FILES_UPDATE), N(IORING_REGISTER_EVENTFD_ASYNC),    N(IORING_REGISTER_PROBE),
    N(IORING_REGISTER_PERSONALITY),  N(IORING_UNREGISTER_PERSONALITY),    N(IORING_REGISTER_RESTRICTIONS),
    N(IORING_REGISTER_ENABLE_RINGS), N(IORING_REGISTER_FILES2),           N(IORING_REGISTER_FILES_UPDATE2),
    N(IORING_REGISTER_BUFFERS2),     N(IORING_REGISTER_BUFFERS_UPDATE),   N(IORING_REGISTER_IOWQ_AFF),
    N(IORING_UNREGISTER_IOWQ_AFF),   N(IORING_REGISTER_IOWQ_MAX_WORKERS), N(IORING_REGISTER_RING_FDS),
    N(IORING_UNREGISTER_RING_FDS),   N(IORING_REGISTER_PBUF_RING),        N(IORING_UNREGISTER_PBUF_RING),
    N(IORING_REGISTER_SYNC_CANCEL),  N(IORING_REGISTER_FILE_ALLOC_RANGE)};
constexpr Name kRingSetup[] = {
    N(IORING_SETUP_IOPOLL),        N(IORING_SETUP_SQPOLL),       N(IORING_SETUP_SQ_AFF),     N(IORING_SETUP_CQSIZE),
    N(IORING_SETUP_CLAMP),         N(IORING_SETUP_ATTACH_WQ),    N(IORING_SETUP_R_DISABLED), N(IORING_SETUP_SUBMIT_ALL),
    N(IORING_SETUP_COOP_TASKRUN),  N(IORING_SETUP_TASKRUN_FLAG), N(IORING_SETUP_SQE128),     N(IORING_SETUP_CQE32),
    N(IORING_SETUP_SINGLE_ISSUER), N(IORING_SETUP_DEFER_TASKRUN)};
constexpr Name kRingEnter[] = {N(IORING_ENTER_GETEVENTS), N(IORING_ENTER_SQ_WAKEUP), N(IORING_ENTER_SQ_WAIT),
                               N(IORING_ENTER_EXT_ARG), N(IORING_ENTER_REGISTERED_RING)};
constexpr Name kRingFeatures[] = {
    N(IORING_FEAT_SINGLE_MMAP),    N(IORING_FEAT_NODROP),          N(IORING_FEAT_SUBMIT_STABLE),
    N(IORING_FEAT_RW_CUR_POS),     N(IORING_FEAT_CUR_PERSONALITY), N(IORING_FEAT_FAST_POLL),
    N(IORING_FEAT_POLL_32BITS),    N(IORING_FEAT_SQPOLL_NONFIXED), N(IORING_FEAT_EXT_ARG),
    N(IORING_FEAT_NATIVE_WORKERS), N(IORING_FEAT_RSRC_TAGS),       N(IORING_FEAT_CQE_SKIP),
    N(IORING_FEAT_LINKED_FILE)};

#undef N

constexpr auto kBits = Names::Kind::bits, kNumber = Names::Kind::number;
constexpr NamedTable kTables[] = {
    {"BpfCmd", {kNumber, "BPF_???", kCommand}},
    {"bpf_task_fd_type", {kNumber, "BPF_FD_TYPE_???", kTaskFd}},
    {"bpf_map_type", {kNumber, "BPF_MAP_TYPE_???", kMapType}},
    {"bpf_prog_type", {kNumber, "BPF_PROG_TYPE_???", kProgramType}},
    {"bpf_attach_type", {kNumber, "BPF_???", kAttachType}},
    {"bpf_map_flags", {kBits, "BPF_F_???", kMapFlags}},
    {"bpf_file_flags", {kBits, "BPF_F_???", kFileFlags}},
    {"bpf_prog_flags", {kBits, "BPF_F_???", kProgramFlags}},
    {"bpf_attach_flags", {kBits, "BPF_F_???", kAttachFlags}},
    {"bpf_query_flags", {kBits, "BPF_F_QUERY_???", kQueryFlags}},
    {"bpf_test_flags", {kBits, "BPF_F_TEST_???", kTestFlags}},
    {"bpf_element_flags", {kBits, "BPF_???", kElementFlags}},
    {"ring_register", {kNumber, "IORING_REGISTER_???", kRingRegister}},
    {"ring_setup", {kBits, "IORING_SETUP_???", kRingSetup}},
    {"ring_enter", {kBits, "IORING_ENTER_???", kRingEnter}},
    {"ring_features", {kBits, "IORING_FEAT_???", kRingFeatures}},
};

}  // namespace

std::span<const NamedTable> bpf_tables() { return kTables; }

}  // namespace limen::trace
