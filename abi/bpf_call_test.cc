// The oracle of abi/bpf_call.h: the host's own header, compared by the compiler.
#include "abi/bpf_call.h"

#include <linux/bpf.h>

#include <cstddef>

#include "abi/same_test.h"

namespace limen::abi {

SAME(bpf_map_create, BPF_MAP_CREATE);
SAME(bpf_map_lookup_elem, BPF_MAP_LOOKUP_ELEM);
SAME(bpf_map_update_elem, BPF_MAP_UPDATE_ELEM);
SAME(bpf_map_delete_elem, BPF_MAP_DELETE_ELEM);
SAME(bpf_map_get_next_key, BPF_MAP_GET_NEXT_KEY);
SAME(bpf_prog_load, BPF_PROG_LOAD);
SAME(bpf_obj_pin, BPF_OBJ_PIN);
SAME(bpf_obj_get, BPF_OBJ_GET);
SAME(bpf_prog_attach, BPF_PROG_ATTACH);
SAME(bpf_prog_detach, BPF_PROG_DETACH);
SAME(bpf_prog_test_run, BPF_PROG_TEST_RUN);
SAME(bpf_prog_get_next_id, BPF_PROG_GET_NEXT_ID);
SAME(bpf_map_get_next_id, BPF_MAP_GET_NEXT_ID);
SAME(bpf_prog_get_fd_by_id, BPF_PROG_GET_FD_BY_ID);
SAME(bpf_map_get_fd_by_id, BPF_MAP_GET_FD_BY_ID);
SAME(bpf_obj_get_info_by_fd, BPF_OBJ_GET_INFO_BY_FD);
SAME(bpf_prog_query, BPF_PROG_QUERY);
SAME(bpf_raw_tracepoint_open, BPF_RAW_TRACEPOINT_OPEN);
SAME(bpf_btf_load, BPF_BTF_LOAD);
SAME(bpf_btf_get_fd_by_id, BPF_BTF_GET_FD_BY_ID);
SAME(bpf_task_fd_query, BPF_TASK_FD_QUERY);
SAME(bpf_map_lookup_and_delete_elem, BPF_MAP_LOOKUP_AND_DELETE_ELEM);
SAME(bpf_map_freeze, BPF_MAP_FREEZE);
SAME(bpf_btf_get_next_id, BPF_BTF_GET_NEXT_ID);
SAME(bpf_map_lookup_batch, BPF_MAP_LOOKUP_BATCH);
SAME(bpf_map_lookup_and_delete_batch, BPF_MAP_LOOKUP_AND_DELETE_BATCH);
SAME(bpf_map_update_batch, BPF_MAP_UPDATE_BATCH);
SAME(bpf_map_delete_batch, BPF_MAP_DELETE_BATCH);
SAME(bpf_link_create, BPF_LINK_CREATE);
SAME(bpf_link_update, BPF_LINK_UPDATE);
SAME(bpf_link_get_fd_by_id, BPF_LINK_GET_FD_BY_ID);
SAME(bpf_link_get_next_id, BPF_LINK_GET_NEXT_ID);
SAME(bpf_enable_stats, BPF_ENABLE_STATS);
SAME(bpf_iter_create, BPF_ITER_CREATE);
SAME(bpf_link_detach, BPF_LINK_DETACH);
SAME(bpf_prog_bind_map, BPF_PROG_BIND_MAP);

static_assert(bpf_attr_license == offsetof(bpf_attr, license));
static_assert(bpf_attr_pathname == offsetof(bpf_attr, pathname));
static_assert(bpf_attr_pathname == offsetof(bpf_attr, raw_tracepoint.name));
static_assert(bpf_attr_btf == offsetof(bpf_attr, btf));
static_assert(bpf_attr_btf_size == offsetof(bpf_attr, btf_size));

}  // namespace limen::abi
