// Loading ELF images into a fresh address space. Linux: fs/binfmt_elf.c; the format: elf(5).
#pragma once

#include <span>
#include <string>

#include "abi/elf.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/vfs/file.h"

namespace limen {

class Mm;
class Task;

// What a header says, read once from the file and checked.
struct ElfImage {
  Ref<File> file;
  abi::Elf64Ehdr header{};
  std::vector<abi::Elf64Phdr> segments;  // all program headers
  std::string interpreter;               // PT_INTERP, or empty

  bool is_position_independent() const { return header.e_type == abi::et_dyn; }
};

// Where an image came to lie.
struct LoadedElf {
  u64 bias = 0;  // added to its own addresses
  u64 entry = 0;
  u64 headers = 0;  // of the program header table in memory
  u64 start_code = ~u64{0}, end_code = 0, start_data = 0, end_data = 0;
  u64 end = 0;  // one past its last byte, bss included
};

// enoexec for what is not a 64-bit x86 ELF executable.
Result<ElfImage> read_elf(Task& task, Ref<File> file);

// Maps the segments. `at` places a position-independent image (0: the mmap area chooses).
Result<LoadedElf> map_elf(Task& task, Mm& mm, const ElfImage& image, u64 at);

}  // namespace limen
