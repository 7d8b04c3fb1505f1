// What the third word of ioctl(2) points to, for those who show it: kernel/trace/capture.cc reads so much, trace/ioctl.cc prints it.
// Source: include/uapi/asm-generic/ioctls.h, include/uapi/linux/{sockios,fs,nsfs}.h.
#pragma once

#include <algorithm>
#include <iterator>

#include "base/types.h"

namespace limen::abi {

struct IoctlWord {
  u32 command;
  bool in, out;
  u16 size;
};

inline constexpr u16 size_of_ifreq = 40, size_of_ifconf = 16;

inline constexpr IoctlWord kIoctlWords[] = {
    {0x5401, false, true, 36},             // TCGETS
    {0x5402, true, false, 36},             // TCSETS
    {0x5403, true, false, 36},             // TCSETSW
    {0x5404, true, false, 36},             // TCSETSF
    {0x5405, false, true, 18},             // TCGETA
    {0x5406, true, false, 18},             // TCSETA
    {0x5407, true, false, 18},             // TCSETAW
    {0x5408, true, false, 18},             // TCSETAF
    {0x540f, false, true, 4},              // TIOCGPGRP
    {0x5410, true, false, 4},              // TIOCSPGRP
    {0x5411, false, true, 4},              // TIOCOUTQ
    {0x5412, true, false, 1},              // TIOCSTI
    {0x5413, false, true, 8},              // TIOCGWINSZ
    {0x5414, true, false, 8},              // TIOCSWINSZ
    {0x5415, false, true, 4},              // TIOCMGET
    {0x5416, true, false, 4},              // TIOCMBIS
    {0x5417, true, false, 4},              // TIOCMBIC
    {0x5418, true, false, 4},              // TIOCMSET
    {0x5419, false, true, 4},              // TIOCGSOFTCAR
    {0x541a, true, false, 4},              // TIOCSSOFTCAR
    {0x541b, false, true, 4},              // FIONREAD
    {0x5420, true, false, 4},              // TIOCPKT
    {0x5421, true, false, 4},              // FIONBIO
    {0x5423, true, false, 4},              // TIOCSETD
    {0x5424, false, true, 4},              // TIOCGETD
    {0x5429, false, true, 4},              // TIOCGSID
    {0x5452, true, false, 4},              // FIOASYNC
    {0x5456, false, true, 36},             // TIOCGLCKTRMIOS
    {0x5457, true, false, 36},             // TIOCSLCKTRMIOS
    {0x802c542a, false, true, 44},         // TCGETS2
    {0x402c542b, true, false, 44},         // TCSETS2
    {0x402c542c, true, false, 44},         // TCSETSW2
    {0x402c542d, true, false, 44},         // TCSETSF2
    {0x80045430, false, true, 4},          // TIOCGPTN
    {0x40045431, true, false, 4},          // TIOCSPTLCK
    {0x80045432, false, true, 4},          // TIOCGDEV
    {0x80045438, false, true, 4},          // TIOCGPKT
    {0x80045439, false, true, 4},          // TIOCGPTLCK
    {0x80045440, false, true, 4},          // TIOCGEXCL
    {0x8901, true, false, 4},              // FIOSETOWN
    {0x8902, true, false, 4},              // SIOCSPGRP
    {0x8903, false, true, 4},              // FIOGETOWN
    {0x8904, false, true, 4},              // SIOCGPGRP
    {0x8905, false, true, 4},              // SIOCATMARK
    {0x8910, true, true, size_of_ifreq},   // SIOCGIFNAME
    {0x8912, true, true, size_of_ifconf},  // SIOCGIFCONF
    {0x8913, true, true, size_of_ifreq},   // SIOCGIFFLAGS
    {0x8914, true, false, size_of_ifreq},  // SIOCSIFFLAGS
    {0x8915, true, true, size_of_ifreq},   // SIOCGIFADDR
    {0x8916, true, false, size_of_ifreq},  // SIOCSIFADDR
    {0x8917, true, true, size_of_ifreq},   // SIOCGIFDSTADDR
    {0x8918, true, false, size_of_ifreq},  // SIOCSIFDSTADDR
    {0x8919, true, true, size_of_ifreq},   // SIOCGIFBRDADDR
    {0x891a, true, false, size_of_ifreq},  // SIOCSIFBRDADDR
    {0x891b, true, true, size_of_ifreq},   // SIOCGIFNETMASK
    {0x891c, true, false, size_of_ifreq},  // SIOCSIFNETMASK
    {0x891d, true, true, size_of_ifreq},   // SIOCGIFMETRIC
    {0x891e, true, false, size_of_ifreq},  // SIOCSIFMETRIC
    {0x8921, true, true, size_of_ifreq},   // SIOCGIFMTU
    {0x8922, true, false, size_of_ifreq},  // SIOCSIFMTU
    {0x8923, true, false, size_of_ifreq},  // SIOCSIFNAME
    {0x8924, true, false, size_of_ifreq},  // SIOCSIFHWADDR
    {0x8927, true, true, size_of_ifreq},   // SIOCGIFHWADDR
    {0x8929, true, true, size_of_ifreq},   // SIOCGIFSLAVE
    {0x8930, true, false, size_of_ifreq},  // SIOCSIFSLAVE
    {0x8931, true, false, size_of_ifreq},  // SIOCADDMULTI
    {0x8932, true, false, size_of_ifreq},  // SIOCDELMULTI
    {0x8933, true, true, size_of_ifreq},   // SIOCGIFINDEX
    {0x8937, true, false, size_of_ifreq},  // SIOCSIFHWBROADCAST
    {0x8942, true, true, size_of_ifreq},   // SIOCGIFTXQLEN
    {0x8943, true, false, size_of_ifreq},  // SIOCSIFTXQLEN
    {0x8970, true, true, size_of_ifreq},   // SIOCGIFMAP
    {0x8971, true, false, size_of_ifreq},  // SIOCSIFMAP
    {0xb704, false, true, 4},              // NS_GET_OWNER_UID
    {0x4020940d, true, false, 32},         // FICLONERANGE
    {0x80086601, false, true, 8},          // FS_IOC_GETFLAGS
    {0x40086602, true, false, 8},          // FS_IOC_SETFLAGS
    {0x801c581f, false, true, 28},         // FS_IOC_FSGETXATTR
    {0x401c5820, true, false, 28},         // FS_IOC_FSSETXATTR
};

constexpr const IoctlWord* find_ioctl_word(u32 command) {
  const auto* found = std::find_if(std::begin(kIoctlWords), std::end(kIoctlWords),
                                   [&](const IoctlWord& w) { return w.command == command; });
  return found == std::end(kIoctlWords) ? nullptr : found;
}

}  // namespace limen::abi
