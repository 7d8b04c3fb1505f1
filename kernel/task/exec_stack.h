// The first stack of a program: arguments, environment, auxiliary vector. Linux: fs/binfmt_elf.c:create_elf_tables; getauxval(3).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace limen {

class Credentials;
class Mm;
struct LoadedElf;
struct MmLayout;

struct FirstStack {
  const std::vector<std::string>& argv;
  const std::vector<std::string>& envp;
  std::string executable;  // AT_EXECFN
  u64 top = 0;             // the stack's upper end
  u64 program_entry = 0, program_headers = 0, program_header_count = 0;
  u64 interpreter_base = 0;  // 0 without one
  u64 vdso = 0;              // 0 without one
  bool secure = false;       // AT_SECURE
  const Credentials& credentials;
};

// Writes it; returns the stack pointer at entry. Fills the argument and environment places and the auxv of `layout`. efault when the stack is too small.
Result<u64> write_first_stack(Mm& mm, const FirstStack& what, const u8 (&random)[16], MmLayout& layout);

}  // namespace limen
