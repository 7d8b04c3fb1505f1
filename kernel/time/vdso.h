// The vDSO as the kernel maps it: one page of time (gate/wire/time_page.h) and the image of gate/vdso behind it.
#pragma once

#include <memory>

#include "base/result.h"
#include "gate/wire/time_page.h"
#include "host/memory.h"

namespace limen {

class Kernel;
class Mm;
class TimeNamespace;

class Vdso {
 public:
  // Makes the memory file that every guest maps. The host's errno.
  static Result<std::unique_ptr<Vdso>> create();

  int fd() const { return file_.fd(); }
  int silent_fd() const { return silent_.fd(); }   // a page of time that cannot say: whoever reads it asks the kernel
  u64 length() const { return length_; }           // whole pages
  static constexpr u64 data_pages() { return 1; }  // these come first; the ELF header is behind them

  // The kernel's own, writable view. The clock's words are written by it alone, under its lock.
  wire::TimePage& page() const { return public_page().time; }
  wire::PublicPage& public_page() const { return *reinterpret_cast<wire::PublicPage*>(mapping_.base()); }

 private:
  Vdso(host::Handle file, host::Handle silent, host::Mapping mapping, u64 length)
      : file_(std::move(file)), silent_(std::move(silent)), mapping_(std::move(mapping)), length_(length) {}
  host::Handle file_, silent_;
  host::Mapping mapping_;
  u64 length_;
};

// The page of time that belongs to programs of this namespace, over the one that its vDSO reads. Where that cannot be mapped, the vDSO
// tells the time of the first namespace.
void show_clock(Mm& mm, const TimeNamespace& time);

// Maps the vDSO of the kernel's clock: the address for AT_SYSINFO_EHDR, 0 where the clock has none. For execve.
Result<u64> map_vdso(Kernel& kernel, Mm& mm);

}  // namespace limen
