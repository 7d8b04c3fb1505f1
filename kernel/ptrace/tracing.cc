#include "kernel/ptrace/tracing.h"

#include "kernel/mm/mm.h"
#include "kernel/task/task.h"

namespace limen {

void show_own_text(Task& tracee) {
  Tracing& tracing = *tracee.tracing;
  for (;;) {
    const Ref<Mm> mm = tracee.mm_ref();
    if (mm) mm->begin_tracing();
    Ref<Mm> old = mm;
    {
      MutexGuard guard(tracing.lock);
      if (tracing.traced()) old = std::exchange(tracing.shown, mm);
    }
    if (old) old->end_tracing();
    if (tracee.mm_ref().get() == mm.get()) return;
  }
}

}  // namespace limen
