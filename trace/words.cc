// The flags and commands that the parameters of a call may hold.
#include <algorithm>

#include "trace/decode.h"
#include "trace/print.h"

namespace limen::trace {

std::vector<std::string_view> parameter_words(const SyscallRow& row, usize param) {
  const SyscallParam declared = syscall_param(row, param);
  std::vector<std::string_view> out;
  const Names* known = parameter_names(row.name, param);
  if (known == nullptr) known = find_names(declared.type);
  if (declared.type == "OpenFlags") {
    known = &names("open_bits");
    out = {"O_RDONLY", "O_WRONLY", "O_RDWR"};
  } else if (declared.type == "MmapFlags") {
    known = &names("mmap_bits");
    out = {"MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE"};
  } else if (declared.type == "CloneFlags" && known == nullptr) {
    known = &names("clone_bits");
  } else if (declared.type == "FutexOp") {
    known = &names("futex");
  }
  if (known == nullptr) return out;
  for (const Name& name : known->list) {
    // Halves of O_SYNC and O_TMPFILE are nobody's to give.
    if (!name.name.starts_with("__") && std::ranges::find(out, name.name) == out.end()) out.push_back(name.name);
  }
  return out;
}

}  // namespace limen::trace
