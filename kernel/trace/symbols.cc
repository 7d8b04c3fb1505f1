#include "kernel/trace/symbols.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "abi/elf.h"

namespace limen {
namespace {

constexpr u64 kMostSegments = 64, kMostSections = 4096, kMostBytes = 32 << 20;
constexpr u32 kLoad = 1, kUnwindTable = 0x6474e550;                  // PT_LOAD, PT_GNU_EH_FRAME
constexpr u32 kSymbolTable = 2, kStrings = 3, kDynamicSymbols = 11;  // SHT_*
constexpr u8 kFunction = 2, kIndirect = 10;                          // STT_FUNC, STT_GNU_IFUNC
constexpr u64 kPage = 4096;

template <typename T>
bool read_array(const Symbols::Read& read, u64 offset, u64 count, std::vector<T>& to) {
  to.resize(count);
  const usize size = count * sizeof(T);
  return read({reinterpret_cast<u8*>(to.data()), size}, offset) == size;
}

}  // namespace

Ref<Symbols> Symbols::load(const Read& read) {
  Ref<Symbols> symbols = make_ref<Symbols>();
  abi::Elf64Ehdr head{};
  constexpr std::array<u8, 5> kMagic = {0x7f, 'E', 'L', 'F', 2};
  if (read({reinterpret_cast<u8*>(&head), sizeof head}, 0) != sizeof head ||
      std::memcmp(&head, kMagic.data(), kMagic.size()) != 0)
    return symbols;
  if (head.e_phentsize == sizeof(abi::Elf64Phdr) && symbols->load_segments(read, head.e_phoff, head.e_phnum) &&
      head.e_shentsize == sizeof(abi::Elf64Shdr)) {
    symbols->load_names(read, head.e_shoff, head.e_shnum);
  }
  return symbols;
}

bool Symbols::load_segments(const Read& read, u64 offset, u64 count) {
  std::vector<abi::Elf64Phdr> heads;
  if (count > kMostSegments || !read_array(read, offset, count, heads)) return false;
  for (const abi::Elf64Phdr& head : heads) {
    if (head.p_type == kLoad) segments_.push_back({head.p_offset, head.p_vaddr, head.p_filesz});
    if (head.p_type == kUnwindTable) unwind_table_ = head.p_vaddr;
  }
  return true;
}

void Symbols::load_names(const Read& read, u64 offset, u64 count) {
  std::vector<abi::Elf64Shdr> sections;
  if (offset == 0 || count > kMostSections || !read_array(read, offset, count, sections)) return;
  const abi::Elf64Shdr* table = nullptr;
  for (const abi::Elf64Shdr& section : sections) {
    if (section.sh_type == kSymbolTable) table = &section;
    if (section.sh_type == kDynamicSymbols && table == nullptr) table = &section;
  }
  if (table == nullptr || table->sh_link >= count || table->sh_size > kMostBytes) return;
  const abi::Elf64Shdr& strings = sections[table->sh_link];
  if (strings.sh_type != kStrings || strings.sh_size > kMostBytes || strings.sh_size == 0) return;
  std::vector<abi::Elf64Sym> all;
  if (!read_array(read, table->sh_offset, table->sh_size / sizeof(abi::Elf64Sym), all) ||
      !read_array(read, strings.sh_offset, strings.sh_size, names_)) {
    names_.clear();
    return;
  }
  names_.back() = '\0';
  for (const abi::Elf64Sym& symbol : all) {
    const u8 type = symbol.st_info & 0xf;
    if ((type != kFunction && type != kIndirect) || symbol.st_shndx == 0 || symbol.st_name >= names_.size()) continue;
    symbols_.push_back({symbol.st_value, symbol.st_size, symbol.st_name});
  }
  // Of several names for one place, the first with a size is as good as any.
  std::stable_sort(symbols_.begin(), symbols_.end(),
                   [](const Symbol& a, const Symbol& b) { return a.start < b.start; });
}

std::optional<u64> Symbols::bias(u64 place, u64 offset) const {
  for (const Segment& segment : segments_) {
    const u64 first = segment.offset & ~(kPage - 1), end = segment.offset + segment.size;
    if (offset < first || offset >= end) continue;
    return place - (segment.address - segment.offset + offset);
  }
  return std::nullopt;
}

std::optional<Symbols::Function> Symbols::find(u64 address) const {
  auto after = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                [](u64 a, const Symbol& symbol) { return a < symbol.start; });
  // Those with the same start stand together; a function of no size (of assembly) reaches to the next.
  constexpr int kLookedAt = 16;
  std::optional<Function> found;
  for (int i = 0; i < kLookedAt && after != symbols_.begin(); ++i) {
    --after;
    if (found && after->start != found->start) break;
    const bool inside = after->size == 0 ? i == 0 : address - after->start < after->size;
    if (inside) found = {std::string_view(&names_[after->name]), after->start};
  }
  return found;
}

}  // namespace limen
