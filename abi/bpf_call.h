// bpf(2): its commands, and where attributes hold addresses of strings. Classic programs: abi/bpf.h.
// Source: include/uapi/linux/bpf.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

inline constexpr u32 bpf_map_create = 0;
inline constexpr u32 bpf_map_lookup_elem = 1;
inline constexpr u32 bpf_map_update_elem = 2;
inline constexpr u32 bpf_map_delete_elem = 3;
inline constexpr u32 bpf_map_get_next_key = 4;
inline constexpr u32 bpf_prog_load = 5;
inline constexpr u32 bpf_obj_pin = 6;
inline constexpr u32 bpf_obj_get = 7;
inline constexpr u32 bpf_prog_attach = 8;
inline constexpr u32 bpf_prog_detach = 9;
inline constexpr u32 bpf_prog_test_run = 10;
inline constexpr u32 bpf_prog_get_next_id = 11;
inline constexpr u32 bpf_map_get_next_id = 12;
inline constexpr u32 bpf_prog_get_fd_by_id = 13;
inline constexpr u32 bpf_map_get_fd_by_id = 14;
inline constexpr u32 bpf_obj_get_info_by_fd = 15;
inline constexpr u32 bpf_prog_query = 16;
inline constexpr u32 bpf_raw_tracepoint_open = 17;
inline constexpr u32 bpf_btf_load = 18;
inline constexpr u32 bpf_btf_get_fd_by_id = 19;
inline constexpr u32 bpf_task_fd_query = 20;
inline constexpr u32 bpf_map_lookup_and_delete_elem = 21;
inline constexpr u32 bpf_map_freeze = 22;
inline constexpr u32 bpf_btf_get_next_id = 23;
inline constexpr u32 bpf_map_lookup_batch = 24;
inline constexpr u32 bpf_map_lookup_and_delete_batch = 25;
inline constexpr u32 bpf_map_update_batch = 26;
inline constexpr u32 bpf_map_delete_batch = 27;
inline constexpr u32 bpf_link_create = 28;
inline constexpr u32 bpf_link_update = 29;
inline constexpr u32 bpf_link_get_fd_by_id = 30;
inline constexpr u32 bpf_link_get_next_id = 31;
inline constexpr u32 bpf_enable_stats = 32;
inline constexpr u32 bpf_iter_create = 33;
inline constexpr u32 bpf_link_detach = 34;
inline constexpr u32 bpf_prog_bind_map = 35;

// Offsets in union bpf_attr.
inline constexpr u64 bpf_attr_license = 16;   // of BPF_PROG_LOAD
inline constexpr u64 bpf_attr_pathname = 0;   // of BPF_OBJ_PIN and BPF_OBJ_GET; name of BPF_RAW_TRACEPOINT_OPEN
inline constexpr u64 bpf_attr_btf = 0;        // of BPF_BTF_LOAD
inline constexpr u64 bpf_attr_btf_size = 16;  // as above

}  // namespace limen::abi
