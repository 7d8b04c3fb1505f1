// A file whose bytes are the host's and which a guest may still map shared and writable: the guest writes pages of the sandbox's own
// (invariant 7), which go back to the host at msync(2), fsync(2), and when the last such mapping is gone (munmap, exec, exit).
#pragma once

#include "base/result.h"
#include "kernel/vfs/file.h"

namespace limen {

class SharedWritable {
 public:
  // The pages, for as long as the source's owner lives. enomem. Reads the file: may block.
  virtual Result<MappingSource> shared_mapping() = 0;
  enum class Durable : u8 { no, yes };  // yes: on the disk when it returns
  virtual Result<void> write_back(Durable durable) = 0;

 protected:
  ~SharedWritable() = default;
};

}  // namespace limen
