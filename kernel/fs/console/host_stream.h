// Standard input, output and error of the first process: the front end's own descriptors as files of the guest.
#pragma once

#include <memory>

#include "base/ref.h"
#include "host/stream.h"
#include "kernel/vfs/file.h"

namespace limen {

class Kernel;

// A file over a host descriptor; `watcher` tells when a wait is over. The flags are those of the descriptor.
Ref<File> make_host_stream(Kernel& kernel, host::Handle handle, std::shared_ptr<host::Watcher> watcher);

}  // namespace limen
