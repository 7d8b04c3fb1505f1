// The attributes of bpf(2), by the call's command. Each command has a list of fields; strace shows the first group of them always and
// the later ones where the caller's size reaches them, and so do we.
#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "trace/print.h"

namespace limen::trace {
namespace {

enum class As : u8 { number, bytes, number64, fd, address, table, path, text, name, version, element_flags, hex64 };
struct Field {
  std::string_view name;
  u16 at;
  As as = As::number;
  std::string_view table = {};
  u16 from = 0;  // shown where the size passes this; 0: always
};
struct Command {
  u32 command;
  std::string_view group;  // "info": the fields stand in braces of their own
  u16 end;                 // what is not zero behind is hinted at
  std::span<const Field> fields;
};

using enum As;
constexpr Field kMapCreate[] = {{"map_type", 0, table, "bpf_map_type"},
                                {"key_size", 4},
                                {"value_size", 8},
                                {"max_entries", 12},
                                {"map_flags", 16, table, "bpf_map_flags", 16},
                                {"inner_map_fd", 20, fd, "", 20},
                                {"map_name", 28, name, "", 28},
                                {"map_ifindex", 44, number, "", 44},
                                {"btf_fd", 48, fd, "", 48},
                                {"btf_key_type_id", 52, number, "", 48},
                                {"btf_value_type_id", 56, number, "", 48},
                                {"btf_vmlinux_value_type_id", 60, number, "", 60},
                                {"map_extra", 64, number64, "", 64}};
constexpr Field kElement[] = {
    {"map_fd", 0, fd}, {"key", 8, address}, {"value", 16, address}, {"flags", 24, element_flags, "", 24}};
constexpr Field kUpdate[] = {
    {"map_fd", 0, fd}, {"key", 8, address}, {"value", 16, address}, {"flags", 24, element_flags}};
constexpr Field kDelete[] = {{"map_fd", 0, fd}, {"key", 8, address}};
constexpr Field kNextKey[] = {{"map_fd", 0, fd}, {"key", 8, address}, {"next_key", 16, address}};
constexpr Field kProgramLoad[] = {{"prog_type", 0, table, "bpf_prog_type"},
                                  {"insn_cnt", 4},
                                  {"insns", 8, address},
                                  {"license", 16, text},
                                  {"log_level", 24, number, "", 24},
                                  {"log_size", 28, number, "", 24},
                                  {"log_buf", 32, address, "", 24},
                                  {"kern_version", 40, version, "", 40},
                                  {"prog_flags", 44, table, "bpf_prog_flags", 44},
                                  {"prog_name", 48, name, "", 48},
                                  {"prog_ifindex", 64, number, "", 64},
                                  {"expected_attach_type", 68, table, "bpf_attach_type", 68},
                                  {"prog_btf_fd", 72, fd, "", 72},
                                  {"func_info_rec_size", 76, number, "", 72},
                                  {"func_info", 80, address, "", 72},
                                  {"func_info_cnt", 88, number, "", 72},
                                  {"line_info_rec_size", 92, number, "", 72},
                                  {"line_info", 96, address, "", 72},
                                  {"line_info_cnt", 104, number, "", 72},
                                  {"attach_btf_id", 108, number, "", 108},
                                  {"attach_prog_fd", 112, fd, "", 112},
                                  {"fd_array", 120, address, "", 120}};
constexpr Field kObject[] = {{"pathname", 0, path}, {"bpf_fd", 8, fd}, {"file_flags", 12, table, "bpf_file_flags", 12}};
constexpr Field kAttach[] = {{"target_fd", 0, fd},
                             {"attach_bpf_fd", 4, fd},
                             {"attach_type", 8, table, "bpf_attach_type"},
                             {"attach_flags", 12, table, "bpf_attach_flags"},
                             {"replace_bpf_fd", 16, fd, "", 16}};
constexpr Field kDetach[] = {{"target_fd", 0, fd}, {"attach_type", 8, table, "bpf_attach_type"}};
constexpr Field kTestRun[] = {{"prog_fd", 0, fd},
                              {"retval", 4},
                              {"data_size_in", 8},
                              {"data_size_out", 12},
                              {"data_in", 16, address},
                              {"data_out", 24, address},
                              {"repeat", 32},
                              {"duration", 36},
                              {"ctx_size_in", 40, number, "", 40},
                              {"ctx_size_out", 44, number, "", 40},
                              {"ctx_in", 48, address, "", 40},
                              {"ctx_out", 56, address, "", 40},
                              {"flags", 64, table, "bpf_test_flags", 64},
                              {"cpu", 68, number, "", 64},
                              {"batch_size", 72, number, "", 72}};
constexpr Field kNextId[] = {{"start_id", 0}, {"next_id", 4}, {"open_flags", 8, table, "bpf_file_flags", 8}};
constexpr Field kProgramById[] = {{"prog_id", 0}, {"next_id", 4}, {"open_flags", 8, table, "bpf_file_flags", 8}};
constexpr Field kMapById[] = {{"map_id", 0}, {"next_id", 4}, {"open_flags", 8, table, "bpf_file_flags", 8}};
constexpr Field kInfo[] = {{"bpf_fd", 0, fd}, {"info_len", 4}, {"info", 8, address}};
constexpr Field kQuery[] = {{"target_fd", 0, fd},
                            {"attach_type", 4, table, "bpf_attach_type"},
                            {"query_flags", 8, table, "bpf_query_flags"},
                            {"attach_flags", 12, table, "bpf_attach_flags"},
                            {"prog_ids", 16, address},
                            {"prog_cnt", 24}};
constexpr Field kTracepoint[] = {{"name", 0, path}, {"prog_fd", 8, fd}};
constexpr Field kLoadTypes[] = {
    {"btf", 0, bytes}, {"btf_log_buf", 8, address}, {"btf_size", 16}, {"btf_log_size", 20}, {"btf_log_level", 24}};
constexpr Field kTaskQuery[] = {{"pid", 0},
                                {"fd", 4},
                                {"flags", 8, hex64},
                                {"buf_len", 12},
                                {"buf", 16, text},
                                {"prog_id", 24},
                                {"fd_type", 28, table, "bpf_task_fd_type"},
                                {"probe_offset", 32, hex64},
                                {"probe_addr", 40, hex64}};
constexpr Field kBtfById[] = {{"btf_id", 0}};
constexpr Field kFreeze[] = {{"map_fd", 0, fd}};
constexpr Field kBatch[] = {{"in_batch", 0, address},
                            {"out_batch", 8, address},
                            {"keys", 16, address},
                            {"values", 24, address},
                            {"count", 32},
                            {"map_fd", 36, fd},
                            {"elem_flags", 40, element_flags},
                            {"flags", 48, hex64}};
constexpr Field kUpdateBatch[] = {{"keys", 16, address}, {"values", 24, address},           {"count", 32},
                                  {"map_fd", 36, fd},    {"elem_flags", 40, element_flags}, {"flags", 48, hex64}};
constexpr Field kDeleteBatch[] = {
    {"keys", 16, address}, {"count", 32}, {"map_fd", 36, fd}, {"elem_flags", 40, element_flags}, {"flags", 48, hex64}};
constexpr Field kLinkCreate[] = {
    {"prog_fd", 0, fd}, {"target_fd", 4, fd}, {"attach_type", 8, table, "bpf_attach_type"}, {"flags", 12, hex64}};
constexpr Field kLinkUpdate[] = {{"link_fd", 0, fd}, {"new_prog_fd", 4, fd}, {"flags", 8, hex64}};
constexpr Field kLinkById[] = {{"link_id", 0}};

constexpr Command kCommands[] = {{BPF_MAP_CREATE, "", 72, kMapCreate},
                                 {BPF_MAP_LOOKUP_ELEM, "", 32, kElement},
                                 {BPF_MAP_UPDATE_ELEM, "", 32, kUpdate},
                                 {BPF_MAP_DELETE_ELEM, "", 16, kDelete},
                                 {BPF_MAP_GET_NEXT_KEY, "", 24, kNextKey},
                                 {BPF_PROG_LOAD, "", 128, kProgramLoad},
                                 {BPF_OBJ_PIN, "", 16, kObject},
                                 {BPF_OBJ_GET, "", 16, kObject},
                                 {BPF_PROG_ATTACH, "", 20, kAttach},
                                 {BPF_PROG_DETACH, "", 12, kDetach},
                                 {BPF_PROG_TEST_RUN, "test", 80, kTestRun},
                                 {BPF_PROG_GET_NEXT_ID, "", 12, kNextId},
                                 {BPF_MAP_GET_NEXT_ID, "", 12, kNextId},
                                 {BPF_PROG_GET_FD_BY_ID, "", 12, kProgramById},
                                 {BPF_MAP_GET_FD_BY_ID, "", 12, kMapById},
                                 {BPF_OBJ_GET_INFO_BY_FD, "info", 16, kInfo},
                                 {BPF_PROG_QUERY, "query", 28, kQuery},
                                 {BPF_RAW_TRACEPOINT_OPEN, "raw_tracepoint", 12, kTracepoint},
                                 {BPF_BTF_LOAD, "", 28, kLoadTypes},
                                 {BPF_TASK_FD_QUERY, "task_fd_query", 48, kTaskQuery},
                                 {BPF_BTF_GET_FD_BY_ID, "", 4, kBtfById},
                                 {BPF_MAP_LOOKUP_AND_DELETE_ELEM, "", 32, kElement},
                                 {BPF_MAP_FREEZE, "", 4, kFreeze},
                                 {BPF_BTF_GET_NEXT_ID, "", 12, kNextId},
                                 {BPF_MAP_LOOKUP_BATCH, "batch", 56, kBatch},
                                 {BPF_MAP_LOOKUP_AND_DELETE_BATCH, "batch", 56, kBatch},
                                 {BPF_MAP_UPDATE_BATCH, "batch", 56, kUpdateBatch},
                                 {BPF_MAP_DELETE_BATCH, "batch", 56, kDeleteBatch},
                                 {BPF_LINK_CREATE, "link_create", 16, kLinkCreate},
                                 {BPF_LINK_UPDATE, "link_update", 12, kLinkUpdate},
                                 {BPF_LINK_GET_FD_BY_ID, "", 4, kLinkById},
                                 {BPF_LINK_GET_NEXT_ID, "", 12, kNextId}};

void print_field(Print& p, const Field& field, std::span<const u8, 256> attributes) {
  u32 word = 0;
  u64 wide = 0;
  std::memcpy(&word, &attributes[field.at], sizeof word);
  std::memcpy(&wide, &attributes[field.at], sizeof wide);
  switch (field.as) {
    case As::number:
      return p.unsigned_number(word);
    case As::bytes: {  // as many as btf_size says
      u32 size = 0;
      constexpr usize kSize = 16;
      std::memcpy(&size, &attributes[kSize], sizeof size);
      return size == 0 ? p.text("\"\"") : p.bytes(wide, size);
    }
    case As::number64:
      return p.unsigned_number(wide);
    case As::fd:
      return p.descriptor(static_cast<i32>(word));
    case As::address:
      return p.address(wide);
    case As::table:
      return p.named(field.table, word);
    case As::path:
      return p.path(wide);
    case As::text:
      return p.string(wide);
    case As::name: {
      const char* begin = reinterpret_cast<const char*>(&attributes[field.at]);
      constexpr usize kLongest = BPF_OBJ_NAME_LEN;
      return append_quoted(p.out, {begin, strnlen(begin, kLongest)}, p.options.hex, More::no);
    }
    case As::version:
      return p.text(fmt::format("KERNEL_VERSION({}, {}, {})", word >> 16, word >> 8 & 0xff, word & 0xff));
    case As::element_flags:
      return p.named("bpf_element_flags", wide);
    case As::hex64:
      return p.text(hex(word));
  }
}

}  // namespace

void print_bpf(Print& p, u64 place, u64 length) {
  std::array<u8, 256> attributes{};
  const std::span<const u8> seen = p.seen().from(place);
  const auto* command = std::find_if(std::begin(kCommands), std::end(kCommands),
                                     [&](const Command& c) { return c.command == static_cast<u32>(p.arg(0)); });
  constexpr u64 kMost = 4096;  // Linux looks at no more than a page
  if (place == 0 || seen.empty() || length > kMost || command == std::end(kCommands)) return p.address(place);
  const usize size = std::min<usize>({seen.size(), length, attributes.size()});
  std::memcpy(attributes.data(), seen.data(), size);
  p.out += '{';
  if (!command->group.empty()) (p.out += command->group) += "={";
  bool first = true;
  for (const Field& field : command->fields) {
    if (field.from != 0 && size <= field.from) break;
    if (!first) p.out += ", ";
    first = false;
    (p.out += field.name) += '=';
    print_field(p, field, attributes);
  }
  if (!command->group.empty()) p.out += '}';
  const bool more =
      size > command->end && std::any_of(attributes.begin() + command->end, attributes.begin() + static_cast<i64>(size),
                                         [](u8 byte) { return byte != 0; });
  p.out += more ? ", ...}" : "}";
}

}  // namespace limen::trace
