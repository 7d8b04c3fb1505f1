#include "host/memory.h"

namespace limen::host {

Result<Handle> make_memory_file(const char* name, u64 size) {
  Handle file(static_cast<int>(TRY(call::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING))));
  TRY(call::ftruncate(file.fd(), size));
  TRY(call::fcntl(file.fd(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
  return file;
}

Result<Handle> make_sealed_file(const char* name, const void* content, usize size) {
  Handle file(static_cast<int>(TRY(call::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING))));
  const i64 written = TRY(call::write(file.fd(), content, size));
  if (static_cast<usize>(written) != size) return Errno::enospc;
  TRY(call::fcntl(file.fd(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL));
  return file;
}

Result<Mapping> Mapping::shared(const Handle& file, u64 size) {
  const i64 at = TRY(call::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file.fd(), 0));
  return Mapping(reinterpret_cast<u8*>(at), size);
}

}  // namespace limen::host
