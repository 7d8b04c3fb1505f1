// The template process: an image with nothing in it but the gate, of which each guest process is a copy.
//
// It is forked from the kernel early, empties itself, and then runs sealed code that knows one request: make a stub.
// Stubs are made with CLONE_PARENT, so they are the kernel's own children, and die with the thread that called start.
#pragma once

#include <sched.h>

#include <atomic>

#include "base/lock.h"
#include "host/handle.h"
#include "platform/stub/control.h"

namespace limen::platform {

class TemplateProcess {
 public:
  // Forks. Errors as fork's; the template's own failures show as its death.
  // `public_page`: see Options.
  Result<void> start(Control& control, const host::Handle& arena, int public_page);
  // The pid of a new stub that will use this order page. esrch when the template is dead.
  Result<int> make_stub(Control& control, u32 order_page);

  const host::Handle& pidfd() const { return pidfd_; }
  // The reaper's: it has ended; make_stub fails from now on.
  void on_death(Control& control);
  void kill();
  // What it makes begins there, too.
  void live_on(const cpu_set_t& cpus) EXCLUDES(mutex_);

 private:
  host::Handle pidfd_;
  std::atomic<bool> dead_{false};
  Mutex mutex_{LockRank::leaf};     // the right to name its process id
  int pid_ GUARDED_BY(mutex_) = 0;  // 0: not any more
  cpu_set_t cpus_ GUARDED_BY(mutex_) = {};
};

}  // namespace limen::platform
