#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/time/time_namespace.h"
#include "kernel/time/vdso.h"

namespace limen {

Result<u64> map_vdso(Kernel& kernel, Mm& mm) {
  const Vdso* vdso = kernel.clock().vdso();
  if (vdso == nullptr) return u64{0};
  const GuestAddr at = TRY(mm.map_special(vdso->fd(), vdso->length(), Vdso::data_pages(), "[vdso]"));
  return at.raw() + Vdso::data_pages() * kPageSize;
}

void show_clock(Mm& mm, const TimeNamespace& time) {
  const Vdso* vdso = mm.kernel().clock().vdso();
  const u64 image = mm.layout().vdso;
  if (vdso == nullptr || image == 0) return;
  const GuestAddr page(image - Vdso::data_pages() * kPageSize);
  (void)mm.replace_special(page, Vdso::data_pages() * kPageSize, time.is_first() ? vdso->fd() : vdso->silent_fd()).ok();
}

}  // namespace limen
