#include "kernel/task/elf.h"

#include <algorithm>
#include <cstring>

#include "abi/mman.h"
#include "kernel/mm/mm.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr usize kMostHeaderBytes = 65536;  // Linux: ELF_MAX_PHNUM is 64 KiB of headers
constexpr usize kMostInterpreter = 4096;

u32 protection(const abi::Elf64Phdr& segment) {
  u32 prot = 0;
  if ((segment.p_flags & abi::pf_r) != 0) prot |= abi::prot_read;
  if ((segment.p_flags & abi::pf_w) != 0) prot |= abi::prot_write;
  if ((segment.p_flags & abi::pf_x) != 0) prot |= abi::prot_exec;
  return prot;
}

template <typename T>
Result<void> read_exactly(Task& task, File& file, u64 offset, std::span<T> to) {
  const std::span<u8> bytes(reinterpret_cast<u8*>(to.data()), to.size_bytes());
  const usize n = TRY(file.read_kernel(task, bytes, offset));
  return n == bytes.size() ? Result<void>() : Errno::enoexec;
}

Result<std::string> read_interpreter(Task& task, File& file, const abi::Elf64Phdr& segment) {
  if (segment.p_filesz < 2 || segment.p_filesz > kMostInterpreter) return Errno::enoexec;
  std::string name(segment.p_filesz, '\0');
  TRY(read_exactly(task, file, segment.p_offset, std::span<char>(name)));
  if (name.back() != '\0') return Errno::enoexec;
  name.resize(std::strlen(name.c_str()));
  return name;
}

// The whole span of the loadable segments, in pages of the image's own addresses.
struct LoadRange {
  u64 start = ~u64{0}, end = 0, alignment = kPageSize;
};

Result<LoadRange> load_extent(const ElfImage& image) {
  LoadRange extent;
  for (const abi::Elf64Phdr& s : image.segments) {
    if (s.p_type != abi::pt_load) continue;
    const u64 end = s.p_vaddr + s.p_memsz;
    if (s.p_memsz < s.p_filesz || end < s.p_vaddr || end > u64{1} << 47) return Errno::einval;
    if ((s.p_vaddr & kPageMask) != (s.p_offset & kPageMask)) return Errno::einval;
    extent.start = std::min(extent.start, page_floor(s.p_vaddr));
    extent.end = std::max(extent.end, page_ceil(end));
    if (s.p_align > kPageSize && (s.p_align & (s.p_align - 1)) == 0)
      extent.alignment = std::max(extent.alignment, s.p_align);
  }
  if (extent.start >= extent.end) return Errno::enoexec;
  return extent;
}

// Bytes past the file's part of a writable page are zero; whole pages beyond are anonymous.
Result<void> map_bss(Task& task, Mm& mm, const abi::Elf64Phdr& s, u64 bias) {
  const u64 file_end = s.p_vaddr + s.p_filesz + bias;
  const u64 end = s.p_vaddr + s.p_memsz + bias;
  const u64 whole = s.p_filesz == 0 ? page_floor(file_end) : page_ceil(file_end);
  if (s.p_filesz != 0 && (s.p_flags & abi::pf_w) != 0 && (file_end & kPageMask) != 0) {
    const std::vector<u8> zeros(whole - file_end);  // to the end of the page: ld.so takes its first memory from there
    if (mm.copy_out(GuestAddr(file_end), zeros.data(), zeros.size()) != zeros.size()) return Errno::efault;
  }
  if (page_ceil(end) <= whole) return success;
  MmapRequest request;
  request.addr = GuestAddr(whole), request.length = page_ceil(end) - whole;
  request.prot = protection(s);
  request.flags = abi::map_private | abi::map_anonymous | abi::map_fixed;
  TRY(mm.mmap(task, request));
  return success;
}

Result<void> map_segment(Task& task, Mm& mm, const ElfImage& image, const abi::Elf64Phdr& s, u64 bias) {
  if (s.p_filesz != 0) {
    const u64 skew = s.p_vaddr & kPageMask;
    MmapRequest request;
    request.addr = GuestAddr(page_floor(s.p_vaddr) + bias);
    request.length = page_ceil(s.p_filesz + skew);
    request.prot = protection(s);
    request.flags = abi::map_private | abi::map_fixed;
    request.file = image.file;
    request.offset = s.p_offset - skew;
    TRY(mm.mmap(task, request));
  }
  if (s.p_memsz > s.p_filesz) TRY(map_bss(task, mm, s, bias));
  return success;
}

void note_segment(LoadedElf& loaded, const abi::Elf64Phdr& s, const ElfImage& image) {
  const u64 start = s.p_vaddr + loaded.bias;
  if ((s.p_flags & abi::pf_x) != 0) {
    loaded.start_code = std::min(loaded.start_code, start);
    loaded.end_code = std::max(loaded.end_code, start + s.p_filesz);
  }
  loaded.start_data = std::max(loaded.start_data, start);
  loaded.end_data = std::max(loaded.end_data, start + s.p_filesz);
  loaded.end = std::max(loaded.end, start + s.p_memsz);
  if (s.p_offset <= image.header.e_phoff && image.header.e_phoff < s.p_offset + s.p_filesz) {
    loaded.headers = image.header.e_phoff - s.p_offset + start;
  }
}

}  // namespace

Result<ElfImage> read_elf(Task& task, Ref<File> file) {
  ElfImage image;
  image.file = std::move(file);
  TRY(read_exactly(task, *image.file, 0, std::span(&image.header, 1)));
  const abi::Elf64Ehdr& h = image.header;
  if (std::memcmp(h.e_ident, "\177ELF", 4) != 0) return Errno::enoexec;
  if (h.e_ident[abi::ei_class] != abi::elfclass64 || h.e_machine != abi::em_x86_64) return Errno::enoexec;
  if (h.e_type != abi::et_exec && h.e_type != abi::et_dyn) return Errno::enoexec;
  if (h.e_phentsize != sizeof(abi::Elf64Phdr) || h.e_phnum == 0) return Errno::enoexec;
  if (h.e_phnum * sizeof(abi::Elf64Phdr) > kMostHeaderBytes) return Errno::enoexec;
  image.segments.resize(h.e_phnum);
  TRY(read_exactly(task, *image.file, h.e_phoff, std::span(image.segments)));
  for (const abi::Elf64Phdr& s : image.segments) {
    if (s.p_type != abi::pt_interp || !image.interpreter.empty()) continue;
    image.interpreter = TRY(read_interpreter(task, *image.file, s));
  }
  return image;
}

Result<LoadedElf> map_elf(Task& task, Mm& mm, const ElfImage& image, u64 at) {
  const LoadRange extent = TRY(load_extent(image));
  LoadedElf loaded;
  if (image.is_position_independent()) {
    // One reservation for the whole image, so that its segments keep their distances.
    MmapRequest reserve;
    reserve.addr = GuestAddr(at & ~(extent.alignment - 1));
    reserve.length = extent.end - extent.start + (extent.alignment - kPageSize);
    reserve.prot = abi::prot_none;
    reserve.flags = abi::map_private | abi::map_anonymous | abi::map_noreserve;
    const u64 got = TRY(mm.mmap(task, reserve))
    .raw();
    const u64 base = (got + extent.alignment - 1) & ~(extent.alignment - 1);
    loaded.bias = base - extent.start;
    const u64 used_end = base + (extent.end - extent.start);
    if (base > got) TRY(mm.munmap(GuestAddr(got), base - got));
    if (got + reserve.length > used_end) TRY(mm.munmap(GuestAddr(used_end), got + reserve.length - used_end));
  }
  u64 previous_end = 0;
  for (const abi::Elf64Phdr& s : image.segments) {
    if (s.p_type != abi::pt_load || s.p_memsz == 0) continue;
    if (s.p_vaddr < previous_end) return Errno::einval;  // segments ascend
    previous_end = s.p_vaddr + s.p_memsz;
    TRY(map_segment(task, mm, image, s, loaded.bias));
    note_segment(loaded, s, image);
  }
  loaded.entry = image.header.e_entry + loaded.bias;
  return loaded;
}

}  // namespace limen
