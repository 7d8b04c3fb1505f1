// What an ELF file says of its own places: where its segments go, where .eh_frame_hdr stands, and the names of its functions (of
// .symtab, or else .dynsym). The file is a guest's: sizes are bounded, and what makes no sense is as if it were not there.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "base/types.h"

namespace limen {

class Symbols final : public RefCounted {
 public:
  // Reads at an offset of the file; how much there was.
  using Read = std::function<usize(std::span<u8> to, u64 offset)>;
  // Of a file that is no such thing: empty.
  static Ref<Symbols> load(const Read& read);

  // What is to be added to the file's addresses, where the byte `offset` of the file is mapped at `place`.
  std::optional<u64> bias(u64 place, u64 offset) const;
  u64 unwind_table() const { return unwind_table_; }  // the file's address; 0: there is none
  struct Function {
    std::string_view name;
    u64 start;
  };
  // The function around an address of the file.
  std::optional<Function> find(u64 address) const;
  usize bytes() const { return names_.size() + symbols_.size() * sizeof(Symbol); }  // that it holds

 private:
  struct Segment {
    u64 offset, address, size;
  };
  struct Symbol {
    u64 start, size;
    u32 name;
  };
  bool load_segments(const Read& read, u64 offset, u64 count);
  void load_names(const Read& read, u64 offset, u64 count);

  std::vector<Segment> segments_;
  std::vector<Symbol> symbols_;  // by their start
  std::vector<char> names_;
  u64 unwind_table_ = 0;
};

}  // namespace limen
