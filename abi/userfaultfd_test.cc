// The oracle of abi/userfaultfd.h: the host's own header.
#include "abi/userfaultfd.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(uffd_user_mode_only, UFFD_USER_MODE_ONLY);
SAME(uffd_api, UFFD_API);
SAME(uffdio_api, UFFDIO_API);
SAME(uffdio_register, UFFDIO_REGISTER);
SAME(uffdio_unregister, UFFDIO_UNREGISTER);
SAME(uffdio_wake, UFFDIO_WAKE);
SAME(uffdio_copy, UFFDIO_COPY);
SAME(uffdio_zeropage, UFFDIO_ZEROPAGE);
SAME(uffdio_writeprotect, UFFDIO_WRITEPROTECT);
SAME(uffd_feature_pagefault_flag_wp, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
SAME(uffd_feature_sigbus, UFFD_FEATURE_SIGBUS);
SAME(uffd_feature_thread_id, UFFD_FEATURE_THREAD_ID);
SAME(uffd_feature_exact_address, UFFD_FEATURE_EXACT_ADDRESS);
SAME(uffdio_register_mode_missing, UFFDIO_REGISTER_MODE_MISSING);
SAME(uffdio_register_mode_wp, UFFDIO_REGISTER_MODE_WP);
SAME(uffdio_copy_mode_dontwake, UFFDIO_COPY_MODE_DONTWAKE);
SAME(uffdio_copy_mode_wp, UFFDIO_COPY_MODE_WP);
SAME(uffdio_zeropage_mode_dontwake, UFFDIO_ZEROPAGE_MODE_DONTWAKE);
SAME(uffdio_writeprotect_mode_wp, UFFDIO_WRITEPROTECT_MODE_WP);
SAME(uffdio_writeprotect_mode_dontwake, UFFDIO_WRITEPROTECT_MODE_DONTWAKE);
SAME(uffd_event_pagefault, UFFD_EVENT_PAGEFAULT);
SAME(uffd_pagefault_flag_write, UFFD_PAGEFAULT_FLAG_WRITE);
SAME(uffd_pagefault_flag_wp, UFFD_PAGEFAULT_FLAG_WP);

SAME_SIZE(UffdioApi, struct ::uffdio_api);
SAME_SIZE(UffdioRegister, struct ::uffdio_register);
SAME_SIZE(UffdioCopy, struct ::uffdio_copy);
SAME_SIZE(UffdioZeropage, struct ::uffdio_zeropage);
SAME_SIZE(UffdioWriteprotect, struct ::uffdio_writeprotect);
SAME_SIZE(UffdMsg, struct ::uffd_msg);

}  // namespace limen::abi
