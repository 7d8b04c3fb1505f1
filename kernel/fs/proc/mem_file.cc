#include "kernel/fs/proc/mem_file.h"

#include <algorithm>
#include <vector>

#include "kernel/fs/proc/address_file.h"
#include "kernel/mm/mm.h"
#include "kernel/task/task.h"

namespace limen {
namespace {

class MemoryOfTask final : public AddressFile {
 public:
  MemoryOfTask(Path path, u32 flags, Ref<Task> target)
      : AddressFile(std::move(path), flags), target_(std::move(target)) {
    if (const Ref<Mm> mm = target_->mm_ref()) mm_id_ = mm->id();
  }

  bool has_unsigned_offsets() const override { return true; }

 protected:
  Result<usize> try_read(Task&, UserBuffer& to, u64* position) override {
    return move(to.remaining(), *position, [&](Mm& mm, std::span<u8> page, u64 address) -> Result<usize> {
      const usize n = mm.copy_in_forced(page.data(), GuestAddr(address), page.size());
      if (n == 0) return usize{0};
      const usize copied = TRY(to.copy_out(page.first(n)));
      return copied == n ? Result<usize>(n) : Errno::efault;
    });
  }
  Result<usize> try_write(Task&, UserBuffer& from, u64* position) override {
    return move(from.remaining(), *position, [&](Mm& mm, std::span<u8> page, u64 address) -> Result<usize> {
      const usize copied = TRY(from.copy_in(page));
      if (copied < page.size()) return Errno::efault;
      return mm.copy_out_forced(GuestAddr(address), page.data(), page.size());
    });
  }

 private:
  // Page by page through a page of the kernel's own: two address spaces are never locked together.
  template <typename Step>
  Result<usize> move(usize length, u64& address, const Step& step) {
    const Ref<Mm> mm = target_->mm_ref();
    if (!mm || mm->id() != mm_id_) return usize{0};
    std::vector<u8> page(std::min<usize>(length, kPageSize));
    usize moved = 0;
    while (moved < length) {
      const std::span<u8> part(page.data(), std::min(length - moved, page.size()));
      const usize n = TRY(step(*mm, part, address));
      moved += n, address += n;
      if (n == 0) return moved != 0 ? Result<usize>(moved) : Errno::eio;
    }
    return moved;
  }

  const Ref<Task> target_;
  u64 mm_id_ = 0;
};

}  // namespace

Ref<File> open_task_memory(const Path& path, u32 flags, Ref<Task> target) {
  return make_ref<MemoryOfTask>(path, flags, std::move(target));
}

}  // namespace limen
