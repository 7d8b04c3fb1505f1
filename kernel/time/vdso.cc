#include "kernel/time/vdso.h"

#include <cstring>

// gate/vdso/image.S
extern "C" {
extern const limen::u8 limen_vdso_begin[];
extern const limen::u8 limen_vdso_end[];
}

namespace limen {

Result<std::unique_ptr<Vdso>> Vdso::create() {
  const usize image = static_cast<usize>(limen_vdso_end - limen_vdso_begin);
  const u64 length = data_pages() * kPageSize + page_ceil(image);
  host::Handle file = TRY(host::make_memory_file("vdso", length));
  host::Mapping mapping = TRY(host::Mapping::shared(file, length));
  std::memcpy(mapping.base() + data_pages() * kPageSize, limen_vdso_begin, image);
  host::Handle silent = TRY(host::make_memory_file("vdso", data_pages() * kPageSize));
  return std::unique_ptr<Vdso>(new Vdso(std::move(file), std::move(silent), std::move(mapping), length));
}

}  // namespace limen
