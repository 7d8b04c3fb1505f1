#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/time/vdso.h"

namespace limen {

Result<u64> map_vdso(Kernel& kernel, Mm& mm) {
  const Vdso* vdso = kernel.clock().vdso();
  if (vdso == nullptr) return u64{0};
  const GuestAddr at = TRY(mm.map_special(vdso->fd(), vdso->length(), Vdso::data_pages(), "[vdso]"));
  return at.raw() + Vdso::data_pages() * kPageSize;
}

}  // namespace limen
