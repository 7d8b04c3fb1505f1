// The vDSO as the kernel maps it: one page of time (gate/wire/time_page.h) and the image of gate/vdso behind it.
#pragma once

#include <memory>

#include "base/result.h"
#include "gate/wire/time_page.h"
#include "host/memory.h"

namespace limen {

class Kernel;
class Mm;

class Vdso {
 public:
  // Makes the memory file that every guest maps. The host's errno.
  static Result<std::unique_ptr<Vdso>> create();

  int fd() const { return file_.fd(); }
  u64 length() const { return length_; }           // whole pages
  static constexpr u64 data_pages() { return 1; }  // these come first; the ELF header is behind them

  // The kernel's own, writable view. The clock's words are written by it alone, under its lock.
  wire::TimePage& page() const { return public_page().time; }
  wire::PublicPage& public_page() const { return *reinterpret_cast<wire::PublicPage*>(mapping_.base()); }

 private:
  Vdso(host::Handle file, host::Mapping mapping, u64 length)
      : file_(std::move(file)), mapping_(std::move(mapping)), length_(length) {}
  host::Handle file_;
  host::Mapping mapping_;
  u64 length_;
};

// Maps the vDSO of the kernel's clock: the address for AT_SYSINFO_EHDR, 0 where the clock has none. For execve.
Result<u64> map_vdso(Kernel& kernel, Mm& mm);

}  // namespace limen
