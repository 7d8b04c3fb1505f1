#include "kernel/trace/stack.h"

#include <algorithm>
#include <cstring>

#include "kernel/mm/mm.h"
#include "kernel/task/task.h"
#include "kernel/trace/unwind.h"
#include "kernel/vfs/path.h"

namespace limen {
namespace {

constexpr usize kMostFrames = 64, kMostName = 512;

class GuestMemory final : public unwind::Memory {
 public:
  explicit GuestMemory(Mm& mm) : mm_(mm) {}
  bool read(u64 place, void* to, usize length) override { return mm_.copy_in(to, GuestAddr(place), length) == length; }

 private:
  Mm& mm_;
};

unwind::Registers first_frame(Task& task) {
  const platform::Registers r = task.cpu().registers();
  return {{r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15,
           r.rip}};
}

const MapsLine* find_line(const std::vector<MapsLine>& maps, u64 place) {
  const auto after =
      std::upper_bound(maps.begin(), maps.end(), place, [](u64 p, const MapsLine& line) { return p < line.start; });
  if (after == maps.begin() || place >= std::prev(after)->end) return nullptr;
  return &*std::prev(after);
}

void put_frame(RecordWriter& to, u64 ip, u64 offset, std::string_view path,
               const std::optional<Symbols::Function>& function, u64 into) {
  struct {
    event::Frame head;
    char text[2 * kMostName];
  } frame{};
  const usize path_length = std::min(path.size(), kMostName);
  const usize name_length = function ? std::min(function->name.size(), kMostName) : 0;
  frame.head = {offset, into, static_cast<u16>(path_length), static_cast<u16>(name_length), 0};
  std::memcpy(frame.text, path.data(), path_length);
  if (function) std::memcpy(frame.text + path_length, function->name.data(), name_length);
  to.piece(event::Piece::Kind::frame, ip, &frame, sizeof frame.head + path_length + name_length);
}

}  // namespace

Ref<Symbols> StackReader::symbols_of(Task& task, File& file) {
  const Ref<Inode>& inode = file.path().dentry->inode();
  {
    std::lock_guard<std::mutex> guard(mutex_);
    const auto known = known_.find(inode.get());
    if (known != known_.end()) return known->second.second;
  }
  Ref<Symbols> symbols = Symbols::load([&](std::span<u8> to, u64 offset) {
    const Result<usize> n = file.read_kernel(task, to, offset);
    return n.ok() ? *n : usize{0};
  });
  std::lock_guard<std::mutex> guard(mutex_);
  // A guest that maps ever more programs makes us read them again, and holds no memory of ours.
  if (known_.size() >= kMostModules || bytes_ + symbols->bytes() > kMostBytes) known_.clear(), bytes_ = 0;
  if (known_.emplace(inode.get(), std::pair(inode, symbols)).second) bytes_ += symbols->bytes();
  return symbols;
}

void StackReader::capture(Task& task, RecordWriter& to) {
  const std::vector<MapsLine> maps = task.mm().maps();
  GuestMemory memory(task.mm());
  unwind::Registers frame = first_frame(task);
  bool called = false;
  for (usize n = 0; n < kMostFrames && to.room() > 4 * kMostName; ++n) {
    const MapsLine* line = find_line(maps, frame.ip());
    if (line == nullptr) break;
    const u64 offset = frame.ip() - line->start + line->offset;
    if (!line->file || !line->file->has_inode()) {
      put_frame(to, frame.ip(), offset, line->name, std::nullopt, 0);
      break;
    }
    const Ref<Symbols> symbols = symbols_of(task, *line->file);
    const std::optional<u64> bias = symbols->bias(line->start, line->offset);
    // A return address may stand behind the last instruction of its function.
    const u64 address = frame.ip() - bias.value_or(0);
    const auto function = bias ? symbols->find(address - (called ? 1 : 0)) : std::nullopt;
    put_frame(to, frame.ip(), offset, path_name(task, line->file->path()), function,
              function ? address - function->start : 0);
    if (!bias || symbols->unwind_table() == 0) break;
    const auto next = unwind::step(memory, *bias + symbols->unwind_table(), frame, called);
    // Stacks grow down: what does not come up leads round in circles. A handler's may be on another stack.
    if (!next || (!next->was_signal_frame && next->registers.sp() <= frame.sp())) break;
    frame = next->registers, called = !next->was_signal_frame;
  }
}

}  // namespace limen
